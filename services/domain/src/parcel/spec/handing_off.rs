//! The last custody change, at the doorstep.

use uuid::Uuid;

use super::sample::*;
use crate::ids::RunId;
use crate::parcel::command::HandOff;
use crate::parcel::event::{
    DeliveryLevel, End, ParcelDamaged, ParcelFound, ParcelHandedOff, ParcelIdentified,
    ParcelMissing, ParcelRecalled, ParcelReopened, Receiver, ReopenReason,
};
use crate::parcel::{Parcel, ParcelCommand, ParcelRefusal};
use crate::{Decider, DomainEvent};

#[test]
fn a_piece_is_left_at_its_door() {
    for history in [on_run(), at_foot(), failed_at_door()] {
        history.when(hand_off(FIRST_RUN)).then([handed_off(FIRST_RUN).into()]);
    }
}

#[test]
fn who_took_it_and_how_far_it_went_are_kept() {
    let received_by = Receiver::Guard;
    let level = DeliveryLevel::BuildingFoot;
    let fact = ParcelHandedOff { level, received_by, ..handed_off(FIRST_RUN) };
    let command = HandOff { level, received_by, ..hand_off(FIRST_RUN) };
    at_foot().when(command).then([fact.into()]);
}

#[test]
fn a_piece_is_handed_off_once() {
    for run in [FIRST_RUN, SECOND_RUN] {
        at_home().when(hand_off(run)).then_nothing();
    }
    at_home().when(pick_up()).then_nothing();
    fetched_home().when(pick_up()).then_nothing();
    fetched_home().when(hand_off(FIRST_RUN)).then_nothing();
}

#[test]
fn a_missing_piece_is_found_at_the_door() {
    on_run()
        .and(ParcelMissing {})
        .when(hand_off(FIRST_RUN))
        .then([ParcelFound {}.into(), handed_off(FIRST_RUN).into()]);
}

#[test]
fn a_household_fetches_its_piece() {
    on_shelf().when(pick_up()).then([picked_up().into()]);
    back_on_shelf().when(pick_up()).then([picked_up().into()]);
}

#[test]
fn a_piece_is_fetched_only_from_its_shelf() {
    for history in [on_run(), at_foot(), failed_at_door()] {
        history.when(pick_up()).refused(&ParcelRefusal::NotAtIntakePoint);
    }
    for history in [at_gate(), on_table(), clean(), held_and_clean()] {
        history.when(pick_up()).refused(&ParcelRefusal::NotSorted);
    }
    disputed_on_shelf().when(pick_up()).refused(&ParcelRefusal::Disputed);
}

#[test]
fn only_a_piece_that_is_carried_reaches_a_door() {
    for history in [unheard_of(), announced()] {
        history.when(hand_off(FIRST_RUN)).refused(&ParcelRefusal::NotArrived);
    }
    for history in [at_gate(), on_table(), clean()] {
        history.when(hand_off(FIRST_RUN)).refused(&ParcelRefusal::NotSorted);
    }
    on_shelf().when(hand_off(FIRST_RUN)).refused(&ParcelRefusal::NotLoaded);
    for history in [with_carrier(), in_bin()] {
        history.when(hand_off(FIRST_RUN)).refused(&ParcelRefusal::Closed);
    }
    let by_nobody = HandOff { run: None, ..hand_off(FIRST_RUN) };
    on_shelf().when(by_nobody).refused(&ParcelRefusal::NotLoaded);
}

#[test]
fn a_piece_is_handed_off_by_its_own_run() {
    let loaded_on = FIRST_RUN;
    for history in [on_run(), at_foot(), failed_at_door()] {
        history.clone().when(hand_off(SECOND_RUN)).refused(&ParcelRefusal::WrongRun { loaded_on });
        let by_nobody = HandOff { run: None, ..hand_off(FIRST_RUN) };
        history.when(by_nobody).refused(&ParcelRefusal::WrongRun { loaded_on });
    }
}

#[test]
fn another_door_is_told_where_the_piece_belongs() {
    let next_door = HandOff { door: neighbour().door, ..hand_off(FIRST_RUN) };
    let belongs_to = family().door;
    let refusal = ParcelRefusal::WrongDoor { belongs_to };
    for history in [on_run(), at_foot(), failed_at_door(), at_home()] {
        history.when(next_door.clone()).refused(&refusal);
    }
    let fetched = HandOff { door: neighbour().door, ..pick_up() };
    on_shelf().when(fetched).refused(&refusal);
}

#[test]
fn what_happened_in_a_zone_that_is_closed_by_now_is_noted_with_a_mark() {
    let late = HandOff { access: closed_zone(), ..hand_off(FIRST_RUN) };
    let marked = ParcelHandedOff { closed_zone: Some(the("north")), ..handed_off(FIRST_RUN) };
    for history in [on_run(), at_foot(), failed_at_door()] {
        history.when(late.clone()).then([marked.clone().into()]);
    }
    // A piece that its household has is not handed off again because of a mark.
    at_home().when(late).then_nothing();
    let state = on_run().and(marked).state();
    assert_eq!(state.closed_zone, Some(the("north")));
}

#[test]
fn a_recalled_or_unusable_piece_does_not_reach_the_door() {
    for history in [on_run(), at_foot(), failed_at_door()] {
        history
            .clone()
            .and(ParcelRecalled { recall: recall() })
            .when(hand_off(FIRST_RUN))
            .refused(&ParcelRefusal::Recalled);
        history
            .and(ParcelDamaged { usable: false })
            .when(hand_off(FIRST_RUN))
            .refused(&ParcelRefusal::Unusable);
    }
    on_shelf()
        .and(ParcelRecalled { recall: recall() })
        .when(pick_up())
        .refused(&ParcelRefusal::Recalled);
}

#[test]
fn a_hand_off_of_a_piece_that_came_back_is_a_dispute() {
    let corrected = back_on_shelf().and(ParcelIdentified { recipient: stranger() });
    for history in [back_on_shelf(), corrected] {
        history.when(hand_off(FIRST_RUN)).then([disputed(End::Returned, End::HandedOff).into()]);
    }
    disputed_on_shelf().when(hand_off(FIRST_RUN)).then_nothing();
    back_on_shelf().when(hand_off(SECOND_RUN)).refused(&ParcelRefusal::NotLoaded);
}

#[test]
fn a_hand_off_of_a_former_run_is_a_dispute_and_takes_the_piece_off_no_other_run() {
    let dispute = || disputed(End::Returned, End::HandedOff);
    for history in [
        on_second_run(),
        on_second_run().and(relayed(SECOND_RUN)),
        on_second_run().and(failed(SECOND_RUN)),
        on_second_run().and(returned(SECOND_RUN)),
    ] {
        let custody = history.state().custody();
        assert_eq!(history.clone().and(dispute()).state().custody(), custody);
        history.clone().when(hand_off(FIRST_RUN)).then([dispute().into()]);
        let never_had_it = RunId(Uuid::from_u128(9));
        assert!(Parcel::decide(&history.state(), hand_off(never_had_it).into()).is_err());
    }
}

#[test]
fn the_run_that_has_a_disputed_piece_goes_on_and_its_hand_off_ends_the_dispute() {
    let disputed = || on_second_run().and(disputed(End::Returned, End::HandedOff));
    disputed().when(relay(SECOND_RUN)).then([relayed(SECOND_RUN).into()]);
    disputed().when(hand_off(SECOND_RUN)).then([handed_off(SECOND_RUN).into()]);
    let home = disputed().and(handed_off(SECOND_RUN));
    assert_eq!(home.state().dispute, None);
    home.when(settle(End::HandedOff)).then_nothing();
}

#[test]
fn a_hand_off_of_a_piece_that_its_carrier_or_the_bin_has_is_a_dispute() {
    for (history, recorded) in [
        (back_on_shelf().and(given_back()), End::GivenBack),
        (back_on_shelf().and(thrown_away()), End::Disposed),
    ] {
        let dispute = || disputed(recorded, End::HandedOff);
        history.clone().when(hand_off(FIRST_RUN)).then([dispute().into()]);
        history.clone().when(hand_off(SECOND_RUN)).refused(&ParcelRefusal::Closed);
        let disputed = history.and(dispute());
        let reopen = ParcelCommand::Reopen { reason: ReopenReason::Mistake };
        disputed.when(reopen).refused(&ParcelRefusal::Disputed);
    }
}

#[test]
fn a_reopened_piece_is_handed_off_again() {
    let reason = ReopenReason::WrongDoor;
    at_home()
        .and(ParcelReopened { reason })
        .when(hand_off(FIRST_RUN))
        .then([handed_off(FIRST_RUN).into()]);
}

#[test]
fn a_whole_day_reads_as_one_story() {
    let commands: [ParcelCommand; 9] = [
        expect().into(),
        arrive().into(),
        start("08:05"),
        stop("08:40"),
        sort().into(),
        load(FIRST_RUN).into(),
        relay(FIRST_RUN),
        hand_off(FIRST_RUN).into(),
        hand_off(FIRST_RUN).into(),
    ];
    let mut history = unheard_of();
    for command in commands {
        let events = Parcel::decide(&history.state(), command);
        history.0.extend(events.expect("accepted"));
    }
    let types: Vec<_> = history.0.iter().map(DomainEvent::event_type).collect();
    assert_eq!(
        types,
        [
            "ParcelExpected",
            "ParcelArrived",
            "ParcelDisinfectionStarted",
            "ParcelDisinfected",
            "ParcelSorted",
            "ParcelLoaded",
            "ParcelRelayed",
            "ParcelHandedOff",
        ]
    );
}
