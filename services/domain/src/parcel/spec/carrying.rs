//! Onto a run, off it again, to the building's foot, and back.

use super::sample::*;
use crate::community::ZoneAccess;
use crate::parcel::command::LoadOn;
use crate::parcel::event::{
    DeliveryLevel, End, FailureReason, LateScan, ParcelDamaged, ParcelDeliveryFailed, ParcelFound,
    ParcelIdentified, ParcelLateScanNoted, ParcelLoaded, ParcelMissing, ParcelRecalled,
    ParcelRelayed, ParcelReturned, ParcelUnloaded,
};
use crate::parcel::state::RUNS_REMEMBERED_MAX;
use crate::parcel::{Custody, ParcelCommand, ParcelRefusal, Phase};

fn unload(run: crate::ids::RunId) -> ParcelCommand {
    ParcelCommand::Unload { run }
}

fn noted(scan: LateScan) -> crate::parcel::ParcelEvent {
    ParcelLateScanNoted { scan }.into()
}

#[test]
fn a_courier_takes_a_piece_over() {
    on_shelf().when(load(FIRST_RUN)).then([ParcelLoaded { run: FIRST_RUN }.into()]);
    back_on_shelf().when(load(SECOND_RUN)).then([ParcelLoaded { run: SECOND_RUN }.into()]);
}

#[test]
fn a_second_load_scan_causes_nothing() {
    for history in [on_run(), at_foot(), failed_at_door(), at_home()] {
        history.when(load(FIRST_RUN)).then_nothing();
    }
}

#[test]
fn only_a_sorted_piece_is_loaded() {
    for history in [unheard_of(), announced()] {
        history.when(load(FIRST_RUN)).refused(&ParcelRefusal::NotArrived);
    }
    for history in [at_gate(), on_table(), clean(), held_and_clean()] {
        history.when(load(FIRST_RUN)).refused(&ParcelRefusal::NotSorted);
    }
    for history in [with_carrier(), in_bin()] {
        history.when(load(FIRST_RUN)).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn nobody_carries_a_piece_of_another_grid() {
    let stray = LoadOn { run_grid: other_grid(), ..load(FIRST_RUN) };
    let belongs_to = the("3");
    on_shelf().when(stray).refused(&ParcelRefusal::WrongGrid { belongs_to });
}

#[test]
fn nothing_is_loaded_for_a_closed_zone() {
    let access = closed_zone();
    let zone = the("north");
    on_shelf()
        .when(LoadOn { access, ..load(FIRST_RUN) })
        .refused(&ParcelRefusal::ZoneClosed { zone });
}

#[test]
fn a_recalled_unusable_or_disputed_piece_stays() {
    on_shelf()
        .and(ParcelRecalled { recall: recall() })
        .when(load(FIRST_RUN))
        .refused(&ParcelRefusal::Recalled);
    on_shelf()
        .and(ParcelDamaged { usable: false })
        .when(load(FIRST_RUN))
        .refused(&ParcelRefusal::Unusable);
    disputed_on_shelf().when(load(SECOND_RUN)).refused(&ParcelRefusal::Disputed);
}

#[test]
fn a_piece_is_on_one_run_only() {
    let loaded_on = FIRST_RUN;
    for history in [on_run(), at_foot(), failed_at_door()] {
        history.when(load(SECOND_RUN)).refused(&ParcelRefusal::WrongRun { loaded_on });
    }
    at_home().when(load(SECOND_RUN)).refused(&ParcelRefusal::AlreadyHandedOff);
}

#[test]
fn an_old_load_scan_does_not_put_a_returned_piece_onto_its_run_again() {
    back_on_shelf().when(load(FIRST_RUN)).refused(&ParcelRefusal::BroughtBack);
    let twice_back = on_second_run().and(returned(SECOND_RUN));
    for run in [FIRST_RUN, SECOND_RUN] {
        twice_back.clone().when(load(run)).refused(&ParcelRefusal::BroughtBack);
    }
}

#[test]
fn a_missing_piece_is_found_by_its_load_scan() {
    on_shelf()
        .and(ParcelMissing {})
        .when(load(FIRST_RUN))
        .then([ParcelFound {}.into(), ParcelLoaded { run: FIRST_RUN }.into()]);
}

#[test]
fn a_piece_is_put_back_before_the_run_departs() {
    on_run().when(unload(FIRST_RUN)).then([ParcelUnloaded { run: FIRST_RUN }.into()]);
    on_run()
        .and(ParcelUnloaded { run: FIRST_RUN })
        .when(load(FIRST_RUN))
        .then([ParcelLoaded { run: FIRST_RUN }.into()]);
    on_run()
        .and(ParcelMissing {})
        .when(unload(FIRST_RUN))
        .then([ParcelFound {}.into(), ParcelUnloaded { run: FIRST_RUN }.into()]);
}

#[test]
fn a_piece_at_the_intake_point_needs_no_unloading() {
    for history in [at_gate(), on_table(), clean(), on_shelf(), back_on_shelf()] {
        history.when(unload(FIRST_RUN)).then_nothing();
    }
}

#[test]
fn a_piece_that_has_left_is_brought_back_and_not_unloaded() {
    for history in [unheard_of(), announced()] {
        history.when(unload(FIRST_RUN)).refused(&ParcelRefusal::NotArrived);
    }
    for history in [at_foot(), failed_at_door()] {
        history.when(unload(FIRST_RUN)).refused(&ParcelRefusal::NotAtIntakePoint);
    }
    at_home().when(unload(FIRST_RUN)).refused(&ParcelRefusal::AlreadyHandedOff);
    for history in [with_carrier(), in_bin()] {
        history.when(unload(FIRST_RUN)).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn a_run_puts_back_only_what_it_has() {
    let loaded_on = FIRST_RUN;
    on_run().when(unload(SECOND_RUN)).refused(&ParcelRefusal::WrongRun { loaded_on });
}

#[test]
fn putting_back_remembers_the_run_that_had_it_before() {
    let twice = back_on_shelf()
        .and(ParcelLoaded { run: SECOND_RUN })
        .and(ParcelUnloaded { run: SECOND_RUN });
    twice.when(hand_off(FIRST_RUN)).then([disputed(End::Returned, End::HandedOff).into()]);
}

#[test]
fn only_the_latest_runs_are_remembered() {
    let mut history = on_shelf();
    for number in 0..40 {
        let run = crate::ids::RunId(uuid::Uuid::from_u128(100 + number));
        history = history.and(ParcelLoaded { run }).and(returned(run));
    }
    let state = history.state();
    assert_eq!(state.runs.len(), RUNS_REMEMBERED_MAX);
    assert_eq!(state.last_run(), Some(crate::ids::RunId(uuid::Uuid::from_u128(139))));
}

#[test]
fn a_piece_is_set_down_at_its_buildings_foot() {
    on_run().when(relay(FIRST_RUN)).then([relayed(FIRST_RUN).into()]);
    let state = at_foot().state();
    assert_eq!(state.custody(), Custody::BuildingFoot(the("10")));
    on_run()
        .and(ParcelMissing {})
        .when(relay(FIRST_RUN))
        .then([ParcelFound {}.into(), relayed(FIRST_RUN).into()]);
}

#[test]
fn a_second_scan_at_the_foot_causes_nothing() {
    at_foot().when(relay(FIRST_RUN)).then_nothing();
}

#[test]
fn a_late_scan_at_the_foot_fills_in_history_and_lowers_no_status() {
    let corrected = back_on_shelf().and(ParcelIdentified { recipient: stranger() });
    for history in [failed_at_door(), at_home(), back_on_shelf(), corrected] {
        let before = history.state();
        let after = history.clone().and(noted(LateScan::Relayed)).state();
        assert_eq!((before.phase, before.handovers), (after.phase, after.handovers));
        history.clone().when(relay(FIRST_RUN)).then([noted(LateScan::Relayed)]);
        history.and(noted(LateScan::Relayed)).when(relay(FIRST_RUN)).then_nothing();
    }
}

#[test]
fn a_late_scan_of_a_run_that_never_had_the_piece_is_no_history() {
    let loaded_on = FIRST_RUN;
    at_home().when(relay(SECOND_RUN)).refused(&ParcelRefusal::WrongRun { loaded_on });
    fetched_home().when(relay(FIRST_RUN)).refused(&ParcelRefusal::AlreadyHandedOff);
}

#[test]
fn each_run_has_its_own_late_scans() {
    let second_time = back_on_shelf()
        .and(noted(LateScan::Relayed))
        .and(ParcelLoaded { run: SECOND_RUN })
        .and(handed_off(SECOND_RUN));
    second_time.when(relay(SECOND_RUN)).then([noted(LateScan::Relayed)]);
}

#[test]
fn only_a_loaded_piece_is_set_down() {
    for history in [unheard_of(), announced()] {
        history.when(relay(FIRST_RUN)).refused(&ParcelRefusal::NotArrived);
    }
    for history in [at_gate(), on_table(), clean(), on_shelf()] {
        history.when(relay(FIRST_RUN)).refused(&ParcelRefusal::NotLoaded);
    }
    for history in [with_carrier(), in_bin()] {
        history.when(relay(FIRST_RUN)).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn a_piece_is_set_down_by_its_run_at_its_building() {
    let loaded_on = FIRST_RUN;
    for history in [on_run(), at_foot()] {
        history.when(relay(SECOND_RUN)).refused(&ParcelRefusal::WrongRun { loaded_on });
    }
    let belongs_to = the("10");
    on_run()
        .when(ParcelCommand::Relay {
            run: FIRST_RUN,
            building: the("15"),
            access: ZoneAccess::Admitted,
        })
        .refused(&ParcelRefusal::WrongBuilding { belongs_to });
    on_run()
        .when(ParcelCommand::Relay { run: FIRST_RUN, building: the("10"), access: closed_zone() })
        .then([ParcelRelayed { closed_zone: Some(the("north")), ..relayed(FIRST_RUN) }.into()]);
    on_run()
        .and(ParcelRecalled { recall: recall() })
        .when(relay(FIRST_RUN))
        .refused(&ParcelRefusal::Recalled);
}

#[test]
fn an_attempt_fails_and_the_courier_has_the_piece() {
    let no_answer = fail(FIRST_RUN, FailureReason::NoAnswer);
    on_run().when(no_answer.clone()).then([failed(FIRST_RUN).into()]);
    at_foot().when(no_answer).then([failed(FIRST_RUN).into()]);
    let state = failed_at_door().state();
    assert_eq!((state.custody(), state.failed_attempts), (Custody::Run(FIRST_RUN), 1));
}

#[test]
fn the_same_failure_again_causes_nothing_and_another_reason_is_kept() {
    failed_at_door().when(fail(FIRST_RUN, FailureReason::NoAnswer)).then_nothing();
    let refused = ParcelDeliveryFailed { run: FIRST_RUN, reason: FailureReason::Refused };
    failed_at_door().when(fail(FIRST_RUN, FailureReason::Refused)).then([refused.into()]);
}

#[test]
fn a_failed_attempt_finds_a_missing_piece() {
    let no_answer = fail(FIRST_RUN, FailureReason::NoAnswer);
    on_run()
        .and(ParcelMissing {})
        .when(no_answer.clone())
        .then([ParcelFound {}.into(), failed(FIRST_RUN).into()]);
    failed_at_door().and(ParcelMissing {}).when(no_answer).then([ParcelFound {}.into()]);
}

#[test]
fn a_late_failure_fills_in_history_and_lowers_no_status() {
    let no_answer = fail(FIRST_RUN, FailureReason::NoAnswer);
    for history in [at_home(), on_run().and(returned(FIRST_RUN))] {
        let phase = history.state().phase;
        let after = history.clone().and(noted(LateScan::Failed));
        assert_eq!(after.state().phase, phase);
        history.when(no_answer.clone()).then([noted(LateScan::Failed)]);
    }
    fetched_home().when(no_answer).refused(&ParcelRefusal::AlreadyHandedOff);
}

#[test]
fn only_a_run_that_has_the_piece_fails_with_it() {
    let no_answer = fail(FIRST_RUN, FailureReason::NoAnswer);
    for history in [unheard_of(), announced()] {
        history.when(no_answer.clone()).refused(&ParcelRefusal::NotArrived);
    }
    for history in [at_gate(), on_table(), clean(), on_shelf()] {
        history.when(no_answer.clone()).refused(&ParcelRefusal::NotLoaded);
    }
    for history in [with_carrier(), in_bin()] {
        history.when(no_answer.clone()).refused(&ParcelRefusal::Closed);
    }
    let loaded_on = FIRST_RUN;
    for history in [on_run(), at_foot(), failed_at_door(), at_home()] {
        history
            .when(fail(SECOND_RUN, FailureReason::NoAnswer))
            .refused(&ParcelRefusal::WrongRun { loaded_on });
    }
}

#[test]
fn a_piece_is_brought_back() {
    for history in [on_run(), at_foot(), failed_at_door()] {
        history.when(bring_back()).then([returned(FIRST_RUN).into()]);
    }
    let state = back_on_shelf().state();
    assert_eq!(
        (state.phase, state.custody(), state.last_failure),
        (Phase::Sorted, Custody::IntakePoint, None)
    );
    on_run()
        .and(ParcelMissing {})
        .when(bring_back())
        .then([ParcelFound {}.into(), returned(FIRST_RUN).into()]);
}

#[test]
fn a_return_that_names_its_run_takes_the_piece_off_no_other() {
    for history in [on_run(), at_foot(), failed_at_door()] {
        history.when(bring_back_from(FIRST_RUN)).then([returned(FIRST_RUN).into()]);
    }
    let loaded_on = SECOND_RUN;
    for history in [
        on_second_run(),
        on_second_run().and(relayed(SECOND_RUN)),
        on_second_run().and(failed(SECOND_RUN)),
    ] {
        history.when(bring_back_from(FIRST_RUN)).refused(&ParcelRefusal::WrongRun { loaded_on });
    }
    for history in [on_shelf(), back_on_shelf()] {
        history.when(bring_back_from(FIRST_RUN)).then_nothing();
    }
}

#[test]
fn a_piece_that_is_back_stays_where_it_lies() {
    for history in [at_gate(), on_table(), clean(), on_shelf(), back_on_shelf()] {
        history.when(bring_back()).then_nothing();
    }
    back_on_shelf().and(ParcelMissing {}).when(bring_back()).then([ParcelFound {}.into()]);
}

#[test]
fn what_never_came_or_is_gone_is_not_brought_back() {
    for history in [unheard_of(), announced()] {
        history.when(bring_back()).refused(&ParcelRefusal::NotArrived);
    }
    for history in [with_carrier(), in_bin()] {
        history.when(bring_back()).refused(&ParcelRefusal::Closed);
    }
}

#[test]
fn a_returned_piece_waits_where_it_was_put() {
    let other = ParcelReturned { run: FIRST_RUN, shelf: the("again-1") };
    let state = failed_at_door().and(other).state();
    assert_eq!((state.shelf, state.grid), (Some(the("again-1")), Some(the("3"))));
}

#[test]
fn every_hop_of_a_relayed_way_is_counted() {
    let home = at_foot().and(crate::parcel::event::ParcelHandedOff {
        level: DeliveryLevel::BuildingFoot,
        ..handed_off(FIRST_RUN)
    });
    let state = home.state();
    // Gate, courier, foot, household.
    assert_eq!((state.custody(), state.handovers), (Custody::Household, 4));
}
