//! Given back, thrown away, kept overnight, damaged, missing, recalled.

use jiff::civil::date;

use super::sample::*;
use crate::parcel::event::{
    DisposalReason, End, OvernightReason, ParcelArrived, ParcelDamaged, ParcelFound,
    ParcelKeptOvernight, ParcelLoaded, ParcelMissing, ParcelPhotographed, ParcelRecallLifted,
    ParcelRecalled, ParcelReopened, PhotoHash, PhotoKind, RefusalReason, ReopenReason,
};
use crate::parcel::{Custody, ParcelCommand, ParcelRefusal};
use crate::supply::Category;

fn damage(usable: bool) -> ParcelCommand {
    ParcelCommand::ReportDamage { usable }
}

/// Every place where a piece is while its way has not ended.
fn open() -> [History; 8] {
    [
        at_gate(),
        on_table(),
        clean(),
        on_shelf(),
        on_run(),
        at_foot(),
        failed_at_door(),
        back_on_shelf(),
    ]
}

/// Every way in which a piece cannot leave the intake point because it is not there.
fn elsewhere() -> [(History, ParcelRefusal); 7] {
    [
        (unheard_of(), ParcelRefusal::NotArrived),
        (announced(), ParcelRefusal::NotArrived),
        (on_run(), ParcelRefusal::NotAtIntakePoint),
        (at_foot(), ParcelRefusal::NotAtIntakePoint),
        (failed_at_door(), ParcelRefusal::NotAtIntakePoint),
        (at_home(), ParcelRefusal::AlreadyHandedOff),
        (fetched_home(), ParcelRefusal::AlreadyHandedOff),
    ]
}

#[test]
fn a_piece_goes_back_to_its_carrier() {
    for history in [at_gate(), held_at_gate(), on_table(), clean(), on_shelf()] {
        history.when(give_back()).then([given_back().into()]);
    }
    let state = with_carrier().state();
    assert_eq!(state.custody(), Custody::Carrier);
    assert!(state.is_closed());
}

#[test]
fn a_missing_piece_that_goes_back_was_found() {
    on_shelf()
        .and(ParcelMissing {})
        .when(give_back())
        .then([ParcelFound {}.into(), given_back().into()]);
}

#[test]
fn a_piece_goes_back_once() {
    with_carrier().when(give_back()).then_nothing();
    let other = ParcelCommand::Refuse { reason: RefusalReason::WouldSpoil, at: at("11:30") };
    with_carrier().when(other).then_nothing();
}

#[test]
fn only_a_piece_at_the_intake_point_goes_back() {
    for (history, refusal) in elsewhere() {
        history.when(give_back()).refused(&refusal);
    }
    in_bin().when(give_back()).refused(&ParcelRefusal::Closed);
    disputed_on_shelf().when(give_back()).refused(&ParcelRefusal::Disputed);
}

#[test]
fn a_piece_is_thrown_away() {
    for history in [at_gate(), on_table(), clean(), on_shelf(), back_on_shelf()] {
        history.when(throw_away()).then([thrown_away().into()]);
    }
    let state = in_bin().state();
    assert_eq!(state.custody(), Custody::Disposed);
}

#[test]
fn a_piece_is_thrown_away_once() {
    in_bin().when(throw_away()).then_nothing();
    let other = ParcelCommand::Dispose { reason: DisposalReason::Spoiled, at: at("11:30") };
    in_bin().when(other).then_nothing();
}

#[test]
fn only_a_piece_at_the_intake_point_is_thrown_away() {
    for (history, refusal) in elsewhere() {
        history.when(throw_away()).refused(&refusal);
    }
    with_carrier().when(throw_away()).refused(&ParcelRefusal::Closed);
    disputed_on_shelf().when(throw_away()).refused(&ParcelRefusal::Disputed);
}

#[test]
fn a_missing_piece_that_is_thrown_away_was_found() {
    on_shelf()
        .and(ParcelMissing {})
        .when(throw_away())
        .then([ParcelFound {}.into(), thrown_away().into()]);
}

#[test]
fn a_missing_piece_is_closed_as_lost_wherever_it_was() {
    for history in open() {
        let run = history.state().phase.run();
        let lost = history.and(ParcelMissing {});
        assert_eq!(lost.clone().and(written_off(run)).state().custody(), Custody::Disposed);
        lost.when(write_off()).then([written_off(run).into()]);
    }
}

#[test]
fn a_lost_piece_is_closed_once() {
    let lost = || on_run().and(ParcelMissing {}).and(written_off(Some(FIRST_RUN)));
    lost().when(write_off()).then_nothing();
    lost().when(throw_away()).then_nothing();
}

#[test]
fn only_a_missing_piece_is_closed_as_lost() {
    for history in open() {
        history.when(write_off()).refused(&ParcelRefusal::NotMissing);
    }
    for history in [unheard_of(), announced()] {
        history.when(write_off()).refused(&ParcelRefusal::NotArrived);
    }
    at_home().when(write_off()).refused(&ParcelRefusal::AlreadyHandedOff);
    with_carrier().when(write_off()).refused(&ParcelRefusal::Closed);
    let disputed = on_second_run().and(disputed(End::Returned, End::HandedOff));
    disputed.and(ParcelMissing {}).when(write_off()).refused(&ParcelRefusal::Disputed);
}

#[test]
fn a_lost_piece_that_turns_up_is_with_whoever_had_it() {
    let reason = ReopenReason::Mistake;
    let found = || {
        let lost = on_run().and(ParcelMissing {}).and(written_off(Some(FIRST_RUN)));
        lost.and(ParcelReopened { reason })
    };
    assert_eq!(found().state().custody(), Custody::Run(FIRST_RUN));
    found().when(bring_back()).then([ParcelFound {}.into(), returned(FIRST_RUN).into()]);
}

#[test]
fn a_late_hand_off_of_a_lost_piece_is_a_dispute() {
    on_run()
        .and(ParcelMissing {})
        .and(written_off(Some(FIRST_RUN)))
        .when(hand_off(FIRST_RUN))
        .then([disputed(End::Disposed, End::HandedOff).into()]);
}

#[test]
fn a_piece_stays_overnight_for_a_reason_and_with_an_owner() {
    on_shelf().when(keep(today())).then([kept(today()).into()]);
    disputed_on_shelf().when(keep(today())).then([kept(today()).into()]);
}

#[test]
fn the_evenings_close_again_causes_nothing_and_a_correction_is_kept() {
    on_shelf().and(kept(today())).when(keep(today())).then_nothing();
    let corrected = ParcelCommand::KeepOvernight {
        day: today(),
        reason: OvernightReason::ZoneClosed,
        owner: worker(),
    };
    let fact = ParcelKeptOvernight { reason: OvernightReason::ZoneClosed, ..kept(today()) };
    on_shelf().and(kept(today())).when(corrected).then([fact.into()]);
}

#[test]
fn an_old_evening_does_not_replace_a_later_one() {
    on_shelf().and(kept(today())).and(kept(date(2022, 4, 11))).when(keep(today())).then_nothing();
}

#[test]
fn meals_and_produce_never_stay() {
    for category in Category::ALL {
        let came = unheard_of().and(ParcelArrived { category, ..arrived() });
        if category.is_perishable() {
            came.when(keep(today())).refused(&ParcelRefusal::PerishableOvernight);
        } else {
            came.when(keep(today())).then([kept(today()).into()]);
        }
    }
}

#[test]
fn only_a_piece_at_the_intake_point_is_kept() {
    for (history, refusal) in elsewhere() {
        history.when(keep(today())).refused(&refusal);
    }
    for history in [with_carrier(), in_bin()] {
        history.when(keep(today())).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn damage_is_reported_wherever_it_is_seen() {
    for history in open() {
        history.when(damage(false)).then([ParcelDamaged { usable: false }.into()]);
    }
}

#[test]
fn the_same_damage_again_causes_nothing_and_a_second_look_may_differ() {
    let damaged = || on_shelf().and(ParcelDamaged { usable: true });
    damaged().when(damage(true)).then_nothing();
    damaged().when(damage(false)).then([ParcelDamaged { usable: false }.into()]);
}

#[test]
fn damage_is_seen_on_pieces_that_are_here() {
    for history in [unheard_of(), announced()] {
        history.when(damage(true)).refused(&ParcelRefusal::NotArrived);
    }
    at_home().when(damage(true)).refused(&ParcelRefusal::AlreadyHandedOff);
    for history in [with_carrier(), in_bin()] {
        history.when(damage(true)).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn a_piece_goes_missing_and_its_holder_answers_for_it() {
    for history in open() {
        let holder = history.state().custody();
        let missing = history.clone().and(ParcelMissing {});
        assert_eq!(missing.state().custody(), holder);
        history.when(ParcelCommand::ReportMissing).then([ParcelMissing {}.into()]);
    }
}

#[test]
fn a_missing_piece_is_missing_already() {
    on_run().and(ParcelMissing {}).when(ParcelCommand::ReportMissing).then_nothing();
}

#[test]
fn what_never_came_or_is_gone_is_not_missing() {
    for history in [unheard_of(), announced()] {
        history.when(ParcelCommand::ReportMissing).refused(&ParcelRefusal::NotArrived);
    }
    for history in [with_carrier(), in_bin()] {
        history.when(ParcelCommand::ReportMissing).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn a_household_that_never_got_its_piece_disputes_the_hand_off() {
    at_home()
        .when(ParcelCommand::ReportMissing)
        .then([disputed(End::HandedOff, End::NotReceived).into()]);
}

#[test]
fn a_missing_piece_is_found() {
    on_shelf().and(ParcelMissing {}).when(ParcelCommand::ReportFound).then([ParcelFound {}.into()]);
    on_shelf().when(ParcelCommand::ReportFound).then_nothing();
    unheard_of().when(ParcelCommand::ReportFound).then_nothing();
}

#[test]
fn a_piece_is_called_back_wherever_it_is() {
    let recalled = || ParcelRecalled { recall: recall() };
    for history in open().into_iter().chain([announced(), at_home()]) {
        history.when(call_back(recall())).then([recalled().into()]);
    }
    on_run().and(recalled()).when(call_back(recall())).then_nothing();
}

#[test]
fn a_recalled_piece_that_was_announced_is_recalled_when_it_comes() {
    announced()
        .and(ParcelRecalled { recall: recall() })
        .and(ParcelArrived { disinfection: None, ..arrived() })
        .when(sort())
        .refused(&ParcelRefusal::Recalled);
}

#[test]
fn what_never_came_or_is_gone_is_not_called_back() {
    unheard_of().when(call_back(recall())).refused(&ParcelRefusal::NotArrived);
    for history in [with_carrier(), in_bin()] {
        history.when(call_back(recall())).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn a_recalled_piece_still_fails_and_comes_back() {
    let recalled = || on_run().and(ParcelRecalled { recall: recall() });
    recalled()
        .when(fail(FIRST_RUN, crate::parcel::event::FailureReason::NoAnswer))
        .then([failed(FIRST_RUN).into()]);
    recalled().when(bring_back()).then([returned(FIRST_RUN).into()]);
}

#[test]
fn a_recall_is_lifted() {
    let lifted = || ParcelRecallLifted { recall: recall() };
    let recalled = || on_shelf().and(ParcelRecalled { recall: recall() });
    recalled().when(lift(recall())).then([lifted().into()]);
    recalled().and(lifted()).when(lift(recall())).then_nothing();
    recalled().and(lifted()).when(load(FIRST_RUN)).then([ParcelLoaded { run: FIRST_RUN }.into()]);
    recalled()
        .and(lifted())
        .when(call_back(recall()))
        .then([ParcelRecalled { recall: recall() }.into()]);
}

#[test]
fn two_recalls_hold_a_piece_until_both_are_lifted() {
    let once = || on_shelf().and(ParcelRecalled { recall: recall() });
    let twice = || once().and(ParcelRecalled { recall: hub_recall() });
    once().when(call_back(hub_recall())).then([ParcelRecalled { recall: hub_recall() }.into()]);
    let one_left = || twice().and(ParcelRecallLifted { recall: recall() });
    one_left().when(load(FIRST_RUN)).refused(&ParcelRefusal::Recalled);
    one_left().when(lift(hub_recall())).then([ParcelRecallLifted { recall: hub_recall() }.into()]);
    let none_left = one_left().and(ParcelRecallLifted { recall: hub_recall() });
    none_left.when(load(FIRST_RUN)).then([ParcelLoaded { run: FIRST_RUN }.into()]);
}

#[test]
fn a_recall_that_nobody_made_is_not_lifted() {
    let recall = hub_recall();
    for history in [
        unheard_of(),
        on_shelf(),
        on_shelf().and(ParcelRecalled { recall: super::sample::recall() }),
    ] {
        history
            .when(lift(recall.clone()))
            .refused(&ParcelRefusal::NotRecalled { recall: recall.clone() });
    }
}

fn picture(number: u8) -> ParcelPhotographed {
    let photo = PhotoHash::from_bytes([number; 32]);
    ParcelPhotographed { photo, kind: PhotoKind::Damage, size_bytes: 90_000 }
}

pub(super) fn photograph(number: u8) -> ParcelCommand {
    ParcelCommand::Photograph(picture(number))
}

#[test]
fn a_picture_is_taken_wherever_a_piece_is_and_changes_nothing_about_it() {
    for history in open().into_iter().chain([at_home(), with_carrier(), in_bin()]) {
        let before = history.state();
        let after = history.clone().and(picture(1)).state();
        assert_eq!((after.phase, after.custody()), (before.phase, before.custody()));
        history.when(photograph(1)).then([picture(1).into()]);
    }
}

#[test]
fn the_same_picture_is_taken_once() {
    on_shelf().and(picture(1)).when(photograph(1)).then_nothing();
    on_shelf().and(picture(1)).when(photograph(2)).then([picture(2).into()]);
}

#[test]
fn there_is_no_picture_of_a_piece_that_has_not_come() {
    for history in [unheard_of(), announced()] {
        history.when(photograph(1)).refused(&ParcelRefusal::NotArrived);
    }
}

#[test]
fn no_more_pictures_are_taken_than_are_kept() {
    let most = crate::parcel::state::PHOTOS_MAX;
    let all = (1..).take(most).fold(on_shelf(), |history, n| history.and(picture(n)));
    all.clone().when(photograph(1)).then_nothing();
    all.when(photograph(99)).refused(&ParcelRefusal::TooManyPhotos { most });
}
