//! Announced, taken over at the gate, identified.

use jiff::SignedDuration;

use super::sample::*;
use crate::decider::Decider;
use crate::ids::OrderId;
use crate::parcel::command::{Arrive, Expect};
use crate::parcel::event::{
    Claim, End, HoldReason, ParcelArrivalUndone, ParcelArrived, ParcelExpected, ParcelHeld,
    ParcelIdentified, ParcelOrderMatched, ParcelReopened, Piece, ReopenReason,
};
use crate::parcel::{
    Custody, NUMBER_REUSE_AFTER, Parcel, ParcelCommand, ParcelRefusal, Phase, is_long_closed,
};
use crate::supply::Category;

fn matched() -> ParcelOrderMatched {
    ParcelOrderMatched { order: ORDER }
}

#[test]
fn a_piece_is_announced() {
    unheard_of().when(expect()).then([was_expected().into()]);
}

#[test]
fn a_piece_that_was_announced_or_came_needs_no_announcement() {
    announced().when(expect()).then_nothing();
    at_home().and(matched()).when(expect()).then_nothing();
    let other = Expect { category: Category::Meal, ..expect() };
    at_gate().and(matched()).when(other).then_nothing();
    with_carrier().when(expect()).then_nothing();
}

#[test]
fn an_order_announced_after_its_piece_came_is_still_fulfilled_by_it() {
    for came in [at_gate(), on_shelf(), on_run(), at_home()] {
        came.clone().when(expect()).then([matched().into()]);
        came.when(Expect { order: None, ..expect() }).then_nothing();
    }
    let without_order = ParcelExpected { order: None, ..was_expected() };
    unheard_of().and(without_order).when(expect()).then([matched().into()]);
    // It is kept like an announcement that came in time.
    at_gate()
        .and(matched())
        .and(ParcelArrivalUndone {})
        .when(expect())
        .then([ParcelIdentified { recipient: family() }.into()]);
}

#[test]
fn a_piece_is_announced_for_one_order() {
    let order = OrderId(uuid::Uuid::from_u128(4_711));
    let other = Expect { order: Some(order), ..expect() };
    announced().when(other.clone()).refused(&ParcelRefusal::OtherOrder { order: ORDER });
    at_gate().and(matched()).when(other).refused(&ParcelRefusal::OtherOrder { order: ORDER });
}

#[test]
fn a_late_announcement_tells_for_whom_a_held_piece_is_and_overrules_no_label() {
    let identified = ParcelIdentified { recipient: family() };
    held_at_gate().when(expect()).then([matched().into(), identified.into()]);
    let for_another = Expect { recipient: Some(neighbour()), ..expect() };
    at_gate().when(for_another).then([matched().into()]);
}

#[test]
fn pieces_are_counted_from_one_to_their_number() {
    for (number, of) in [(0, 1), (2, 1), (1, 0), (0, 0)] {
        let piece = Piece { number, of };
        unheard_of().when(Expect { piece, ..expect() }).refused(&ParcelRefusal::PieceOutOfRange);
        unheard_of().when(Arrive { piece, ..arrive() }).refused(&ParcelRefusal::PieceOutOfRange);
    }
    let piece = Piece { number: 3, of: 3 };
    let last = ParcelArrived { piece, ..arrived() };
    unheard_of().when(Arrive { piece, ..arrive() }).then([last.into()]);
}

#[test]
fn a_piece_is_taken_over_at_the_gate() {
    unheard_of().when(arrive()).then([arrived().into()]);
}

#[test]
fn an_announced_order_and_recipient_hold_where_the_label_tells_nothing() {
    let scanned = Arrive { recipient: None, ..arrive() };
    let order = Some(ORDER);
    announced().when(scanned).then([ParcelArrived { order, ..arrived() }.into()]);
}

#[test]
fn what_came_counts_and_not_what_was_announced() {
    let came = Arrive { category: Category::Produce, recipient: Some(neighbour()), ..arrive() };
    let as_it_is = ParcelArrived {
        category: Category::Produce,
        recipient: Some(neighbour()),
        order: Some(ORDER),
        ..arrived()
    };
    announced().when(came).then([as_it_is.into()]);
}

#[test]
fn a_piece_for_nobody_known_is_held_and_the_line_goes_on() {
    let scanned = Arrive { recipient: None, ..arrive() };
    let nobody = ParcelArrived { recipient: None, ..arrived() };
    let reason = HoldReason::UnknownRecipient;
    unheard_of().when(scanned).then([nobody.into(), ParcelHeld { reason }.into()]);
}

#[test]
fn a_piece_without_a_disinfection_rule_is_clean_at_once() {
    let disinfection = None;
    let came = unheard_of().and(ParcelArrived { disinfection, ..arrived() });
    let state = came.state();
    assert_eq!(state.phase, Phase::Clean);
    came.when(sort()).then([sorted().into()]);
}

#[test]
fn a_piece_comes_in_at_the_intake_point_only() {
    let at_north_gate = || Arrive { gate: the("north"), ..arrive() };
    let intake_point = the("south");
    let refusal = ParcelRefusal::NotTheIntakePoint { intake_point };
    for history in [unheard_of(), announced()] {
        history.when(at_north_gate()).refused(&refusal);
    }
    // What is in already stays in: the intake point may have moved since.
    for history in [at_gate(), on_run(), at_home()] {
        history.when(at_north_gate()).then_nothing();
    }
}

#[test]
fn a_second_arrival_scan_changes_nothing_wherever_the_piece_is() {
    for history in [
        at_gate(),
        held_at_gate(),
        on_table(),
        clean(),
        on_shelf(),
        on_run(),
        at_foot(),
        failed_at_door(),
        back_on_shelf(),
        at_home(),
    ] {
        history.when(arrive()).then_nothing();
    }
}

#[test]
fn a_piece_that_was_given_back_comes_in_again_only_by_reopening() {
    with_carrier().when(arrive()).refused(&ParcelRefusal::Closed);
    in_bin().when(arrive()).refused(&ParcelRefusal::Closed);
    let again = with_carrier().and(ParcelReopened { reason: ReopenReason::BroughtAgain });
    again.when(arrive()).then_nothing();
}

#[test]
fn a_number_met_long_after_its_end_is_a_new_parcel() {
    let much_later = at("10:00").checked_add(NUMBER_REUSE_AFTER).unwrap();
    let later = |at| Arrive { at, ..arrive() };
    at_home().when(later(much_later)).refused(&ParcelRefusal::NumberReused);
    let second_before = much_later.checked_sub(SignedDuration::from_secs(1)).unwrap();
    at_home().when(later(second_before)).then_nothing();
    for history in [with_carrier(), in_bin()] {
        let hour_later = much_later.checked_add(SignedDuration::from_hours(1)).unwrap();
        history.when(later(hour_later)).refused(&ParcelRefusal::NumberReused);
    }
    let open = on_shelf().state();
    assert!(!is_long_closed(&open, much_later), "it was never closed");
}

#[test]
fn a_new_life_of_a_number_says_which() {
    let generation = 1;
    let second = ParcelArrived { generation, ..arrived() };
    unheard_of().when(Arrive { generation, ..arrive() }).then([second.into()]);
}

#[test]
fn a_held_piece_is_identified() {
    held_at_gate().when(identify(family())).then([identified(family()).into()]);
    let state = held_at_gate().and(identified(family())).state();
    assert_eq!(state.held, None);
}

#[test]
fn an_announced_piece_learns_its_recipient() {
    let nobody = ParcelExpected { recipient: None, ..was_expected() };
    unheard_of().and(nobody).when(identify(family())).then([identified(family()).into()]);
}

#[test]
fn the_same_recipient_again_causes_nothing_wherever_the_piece_is() {
    for history in [at_gate(), on_shelf(), on_run(), at_home(), with_carrier()] {
        history.when(identify(family())).then_nothing();
    }
}

#[test]
fn a_piece_that_nobody_has_seen_cannot_be_identified() {
    unheard_of().when(identify(family())).refused(&ParcelRefusal::NotArrived);
}

#[test]
fn a_piece_on_its_way_keeps_its_recipient_until_it_is_back() {
    for history in [on_run(), at_foot(), failed_at_door()] {
        history.when(identify(neighbour())).refused(&ParcelRefusal::NotAtIntakePoint);
    }
    at_home().when(identify(neighbour())).refused(&ParcelRefusal::AlreadyHandedOff);
    with_carrier().when(identify(neighbour())).refused(&ParcelRefusal::Closed);
    in_bin().when(identify(neighbour())).refused(&ParcelRefusal::Closed);
    disputed_on_shelf().when(identify(neighbour())).refused(&ParcelRefusal::Disputed);
}

#[test]
fn a_piece_stays_on_its_shelf_for_another_door_of_the_building() {
    let corrected = on_shelf().and(identified(neighbour()));
    let state = corrected.state();
    assert_eq!((state.phase, state.shelf), (Phase::Sorted, Some(shelf())));
}

#[test]
fn a_piece_is_sorted_anew_for_another_building_or_grid() {
    let mut redrawn = family();
    redrawn.grid = other_grid();
    for recipient in [stranger(), redrawn] {
        let corrected = on_shelf().and(identified(recipient));
        let state = corrected.state();
        assert_eq!((state.phase, &state.shelf, &state.grid), (Phase::Clean, &None, &None));
        corrected.when(load(FIRST_RUN)).refused(&ParcelRefusal::NotSorted);
    }
}

#[test]
fn the_gate_takes_custody_and_the_hop_is_counted() {
    let state = announced().state();
    assert_eq!((state.custody(), state.handovers), (Custody::Outside, 0));
    let state = Parcel::evolve(state, &arrived().into());
    assert_eq!((state.custody(), state.handovers), (Custody::IntakePoint, 1));
}

#[test]
fn a_settled_piece_is_identified_again() {
    let settled = crate::parcel::event::ParcelDisputeSettled {
        recorded: End::Returned,
        claims: vec![Claim { end: End::HandedOff, run: Some(FIRST_RUN) }],
        truth: End::Returned,
        at: at("12:00"),
    };
    disputed_on_shelf()
        .and(settled)
        .when(identify(neighbour()))
        .then([identified(neighbour()).into()]);
}

#[test]
fn a_slip_at_the_gate_is_taken_back() {
    for history in [at_gate(), held_at_gate(), on_table(), clean()] {
        history.when(ParcelCommand::UndoArrival).then([ParcelArrivalUndone {}.into()]);
    }
    let undone = at_gate().and(ParcelArrivalUndone {});
    let state = undone.state();
    assert_eq!((state.phase, state.custody()), (Phase::Unknown, Custody::Outside));
    assert_eq!(state.recipient, None);
    undone.when(ParcelCommand::UndoArrival).then_nothing();
}

#[test]
fn a_piece_whose_arrival_was_undone_comes_in_as_if_for_the_first_time() {
    let undone = at_gate().and(ParcelArrivalUndone {});
    let meal = Arrive { category: Category::Meal, ..arrive() };
    undone.when(meal).then([ParcelArrived { category: Category::Meal, ..arrived() }.into()]);
    // What was announced is announced again, and nothing of what was said at the gate is left.
    let announced = announced().and(ParcelArrived { recipient: Some(neighbour()), ..arrived() });
    let undone = announced.and(ParcelArrivalUndone {});
    let state = undone.state();
    assert_eq!((state.phase, &state.recipient), (Phase::Expected, &Some(family())));
}

#[test]
fn an_arrival_stands_once_somebody_worked_on_the_piece() {
    unheard_of().when(ParcelCommand::UndoArrival).refused(&ParcelRefusal::NotArrived);
    for history in [on_shelf(), on_run(), at_foot(), failed_at_door(), back_on_shelf()] {
        history.when(ParcelCommand::UndoArrival).refused(&ParcelRefusal::ArrivalStands);
    }
    at_home().when(ParcelCommand::UndoArrival).refused(&ParcelRefusal::AlreadyHandedOff);
    with_carrier().when(ParcelCommand::UndoArrival).refused(&ParcelRefusal::Closed);
}

#[test]
fn a_piece_taken_on_behalf_says_so() {
    let on_behalf = true;
    let came = Arrive { on_behalf, ..arrive() };
    unheard_of().when(came).then([ParcelArrived { on_behalf, ..arrived() }.into()]);
    assert!(unheard_of().and(ParcelArrived { on_behalf, ..arrived() }).state().on_behalf);
}
