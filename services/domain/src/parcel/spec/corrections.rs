//! Ends that were taken back, and ends that contradict each other.

use super::sample::*;
use crate::parcel::event::{
    Claim, End, ParcelArrived, ParcelDisputeSettled, ParcelDisputed, ParcelReopened,
    ParcelUnloaded, ReopenReason,
};
use crate::parcel::{Custody, ParcelCommand, ParcelEvent, ParcelRefusal, Phase};

fn reopen(reason: ReopenReason) -> ParcelCommand {
    ParcelCommand::Reopen { reason }
}

fn reopened(reason: ReopenReason) -> ParcelReopened {
    ParcelReopened { reason }
}

fn settled(recorded: End, claimed: End, truth: End) -> ParcelEvent {
    let claims = vec![Claim { end: claimed, run: Some(FIRST_RUN) }];
    ParcelDisputeSettled { recorded, claims, truth, at: at("12:00") }.into()
}

fn custody(history: &History) -> Custody {
    history.state().custody()
}

#[test]
fn an_end_is_taken_back() {
    for history in [at_home(), fetched_home(), with_carrier(), in_bin()] {
        history.when(reopen(ReopenReason::Mistake)).then([reopened(ReopenReason::Mistake).into()]);
    }
}

#[test]
fn whoever_had_a_reopened_piece_before_has_it_again() {
    let relayed_home = at_foot().and(handed_off(FIRST_RUN));
    for (closed, holder) in [
        (at_home(), Custody::Run(FIRST_RUN)),
        (relayed_home, Custody::BuildingFoot(the("10"))),
        (fetched_home(), Custody::IntakePoint),
        (with_carrier(), Custody::IntakePoint),
        (in_bin(), Custody::IntakePoint),
    ] {
        let open = closed.and(reopened(ReopenReason::Mistake));
        assert_eq!(custody(&open), holder);
        let state = open.state();
        assert!(!state.is_closed() && state.closed_at.is_none());
    }
}

#[test]
fn an_open_piece_needs_no_reopening() {
    for history in [announced(), at_gate(), on_shelf(), on_run(), at_foot()] {
        history.when(reopen(ReopenReason::Mistake)).then_nothing();
    }
}

#[test]
fn what_never_came_is_not_reopened() {
    unheard_of().when(reopen(ReopenReason::Mistake)).refused(&ParcelRefusal::NotArrived);
}

#[test]
fn a_disputed_end_is_settled_and_not_reopened() {
    disputed_at_home().when(reopen(ReopenReason::NotReceived)).refused(&ParcelRefusal::Disputed);
}

#[test]
fn a_piece_that_its_carrier_brings_again_is_disinfected_anew() {
    let again = with_carrier().and(reopened(ReopenReason::BroughtAgain));
    assert_eq!(custody(&again), Custody::IntakePoint);
    again.clone().when(load(FIRST_RUN)).refused(&ParcelRefusal::NotSorted);
    again.when(start("08:05")).then([disinfecting().into()]);
    let unruled = unheard_of()
        .and(ParcelArrived { disinfection: None, ..arrived() })
        .and(given_back())
        .and(reopened(ReopenReason::BroughtAgain));
    unruled.when(sort()).then([sorted().into()]);
}

#[test]
fn a_return_of_a_piece_that_was_handed_off_is_a_dispute() {
    at_home().when(bring_back()).then([disputed(End::HandedOff, End::Returned).into()]);
    assert_eq!(custody(&disputed_at_home()), Custody::Household);
    disputed_at_home().when(bring_back()).then_nothing();
}

#[test]
fn an_old_return_of_a_former_run_disputes_no_later_hand_off() {
    let home = on_second_run().and(handed_off(SECOND_RUN));
    home.clone().when(bring_back_from(FIRST_RUN)).then_nothing();
    let fetched = back_on_shelf().and(picked_up());
    fetched.when(bring_back_from(FIRST_RUN)).then_nothing();
    let run = Some(SECOND_RUN);
    let (recorded, claimed) = (End::HandedOff, End::Returned);
    home.when(bring_back_from(SECOND_RUN)).then([ParcelDisputed { recorded, claimed, run }.into()]);
}

#[test]
fn a_return_from_a_run_that_never_had_the_piece_is_no_fact() {
    let loaded_on = FIRST_RUN;
    at_home().when(bring_back_from(SECOND_RUN)).refused(&ParcelRefusal::WrongRun { loaded_on });
    fetched_home().when(bring_back_from(FIRST_RUN)).refused(&ParcelRefusal::AlreadyHandedOff);
}

#[test]
fn a_dispute_is_settled_for_either_end() {
    use End::{HandedOff, NotReceived, Returned};
    let missed = || at_home().and(disputed(HandedOff, NotReceived));
    for (history, recorded, claimed, truth, holder) in [
        (disputed_at_home(), HandedOff, Returned, HandedOff, Custody::Household),
        (disputed_at_home(), HandedOff, Returned, Returned, Custody::IntakePoint),
        (disputed_on_shelf(), Returned, HandedOff, Returned, Custody::IntakePoint),
        (disputed_on_shelf(), Returned, HandedOff, HandedOff, Custody::Household),
        (missed(), HandedOff, NotReceived, HandedOff, Custody::Household),
        (missed(), HandedOff, NotReceived, NotReceived, Custody::Run(FIRST_RUN)),
    ] {
        let event = settled(recorded, claimed, truth);
        assert_eq!(custody(&history.clone().and(event.clone())), holder);
        history.when(settle(truth)).then([event]);
    }
}

#[test]
fn a_settled_hand_off_of_a_former_run_closes_the_piece_wherever_it_is() {
    use End::{Disposed, GivenBack, HandedOff, Returned};
    for (open, recorded, before) in [
        (on_second_run(), Returned, Custody::Run(SECOND_RUN)),
        (back_on_shelf().and(given_back()), GivenBack, Custody::IntakePoint),
        (back_on_shelf().and(thrown_away()), Disposed, Custody::IntakePoint),
    ] {
        let (holder, open) = (custody(&open), open.and(disputed(recorded, HandedOff)));
        let false_claim = open.clone().and(settled(recorded, HandedOff, recorded));
        assert_eq!(custody(&false_claim), holder);
        let home = open.and(settled(recorded, HandedOff, HandedOff));
        assert_eq!(custody(&home), Custody::Household);
        assert_eq!(home.state().handed_off_by, Some(FIRST_RUN));
        let reopened = home.and(reopened(ReopenReason::NotReceived));
        assert_eq!(custody(&reopened), before, "an end is taken back as a whole");
        reopened.when(reopen(ReopenReason::NotReceived)).then_nothing();
    }
}

#[test]
fn a_piece_that_reached_nobody_is_missing() {
    let history = at_home().and(disputed(End::HandedOff, End::NotReceived)).and(settled(
        End::HandedOff,
        End::NotReceived,
        End::NotReceived,
    ));
    let state = history.state();
    assert!(state.missing && !state.is_closed());
}

#[test]
fn a_third_account_joins_the_dispute_and_any_of_the_three_may_be_true() {
    use End::{HandedOff, NotReceived, Returned};
    let third = || disputed_at_home().and(disputed(HandedOff, NotReceived));
    disputed_at_home()
        .when(ParcelCommand::ReportMissing)
        .then([disputed(HandedOff, NotReceived).into()]);
    third().when(bring_back()).then_nothing();
    third().when(ParcelCommand::ReportMissing).then_nothing();
    let claims: Vec<_> =
        [Returned, NotReceived].map(|end| Claim { end, run: Some(FIRST_RUN) }).into();
    for (truth, holder) in [
        (HandedOff, Custody::Household),
        (Returned, Custody::IntakePoint),
        (NotReceived, Custody::Run(FIRST_RUN)),
    ] {
        let (recorded, claims) = (HandedOff, claims.clone());
        let fact = ParcelDisputeSettled { recorded, claims, truth, at: at("12:00") };
        third().when(settle(truth)).then([fact.clone().into()]);
        let state = third().and(fact).state();
        assert_eq!((state.custody(), state.dispute), (holder, None));
    }
}

#[test]
fn only_a_dispute_is_settled() {
    for history in [unheard_of(), on_run(), at_home()] {
        history.when(settle(End::HandedOff)).refused(&ParcelRefusal::NotDisputed);
    }
}

#[test]
fn a_settled_dispute_is_not_settled_otherwise() {
    disputed_at_home()
        .and(settled(End::HandedOff, End::Returned, End::HandedOff))
        .when(settle(End::Returned))
        .refused(&ParcelRefusal::NotDisputed);
}

#[test]
fn only_one_of_the_ends_in_dispute_is_true() {
    disputed_at_home()
        .when(settle(End::NotReceived))
        .refused(&ParcelRefusal::NotASide { truth: End::NotReceived });
}

#[test]
fn a_settled_return_goes_out_again_on_another_run() {
    let back = disputed_at_home().and(settled(End::HandedOff, End::Returned, End::Returned));
    back.clone().when(load(FIRST_RUN)).refused(&ParcelRefusal::BroughtBack);
    back.when(load(SECOND_RUN))
        .then([crate::parcel::event::ParcelLoaded { run: SECOND_RUN }.into()]);
}

#[test]
fn a_return_that_is_settled_for_a_corrected_piece_gives_it_no_shelf() {
    let corrected = back_on_shelf()
        .and(identified(stranger()))
        .and(disputed(End::Returned, End::HandedOff))
        .and(settled(End::Returned, End::HandedOff, End::Returned));
    let state = corrected.state();
    assert_eq!((state.phase, state.grid), (Phase::Clean, None));
}

#[test]
fn a_piece_without_a_grid_is_not_loaded_whatever_its_events_say() {
    let odd = clean().and(ParcelUnloaded { run: FIRST_RUN });
    odd.when(load(FIRST_RUN)).refused(&ParcelRefusal::NotSorted);
}
