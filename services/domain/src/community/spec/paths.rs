//! Where gates and entrances lie, which paths there are, and how deliveries are planned.

use super::sample::*;
use crate::community::event::PathsDrawn;
use crate::community::{CommunityCommand as Command, CommunityRefusal as Refusal};
use crate::parcel::event::DeliveryLevel;

fn drawn() -> History {
    laid_out().and(paths())
}

#[test]
fn a_gate_is_placed_once_it_is_open() {
    let place = || Command::PlaceGate(gate_placed("south"));
    laid_out().when(place()).then([gate_placed("south").into()]);
    laid_out().and(gate_placed("south")).when(place()).then_nothing();
    registered().when(place()).refused(&Refusal::UnknownGate { gate: the("south") });
}

#[test]
fn a_unit_has_its_own_entrance_or_that_of_the_building() {
    let place = |unit| Command::PlaceEntrance(entrance(unit));
    laid_out().when(place(None)).then([entrance(None).into()]);
    laid_out().and(entrance(Some("2"))).when(place(Some("2"))).then_nothing();
    let (building, unit) = (the("10"), the("9"));
    laid_out().when(place(Some("9"))).refused(&Refusal::UnknownUnit { building, unit });
    registered().when(place(None)).refused(&Refusal::UnknownBuilding { building: the("10") });
    let state = laid_out().and(entrance(Some("2"))).state();
    assert_eq!(state.entrance(&the("10"), &the("2")), Some(point(100, 50)));
    assert_eq!(state.entrance(&the("10"), &the("1")), Some(point(120, -5)), "where it stands");
}

#[test]
fn paths_are_drawn_as_a_whole() {
    laid_out().when(Command::DrawPaths(paths())).then([paths().into()]);
    drawn().when(Command::DrawPaths(paths())).then_nothing();
    let refused = |fact: PathsDrawn| {
        laid_out().when(Command::DrawPaths(fact)).refused(&Refusal::PathsShape);
    };
    refused(PathsDrawn { paths: vec![path("main", 400)], ..paths() });
    refused(PathsDrawn { paths: vec![path("main", 500), path("main", 600)], ..paths() });
    refused(PathsDrawn { crossings: vec![], ..paths() });
}

#[test]
fn a_path_is_blocked_for_a_time_and_cleared() {
    drawn().when(Command::BlockPath(blocked(None))).then([blocked(None).into()]);
    let closed = || drawn().and(blocked(Some("10:00")));
    closed().when(Command::BlockPath(blocked(Some("10:00")))).then_nothing();
    closed().when(Command::ClearPath(cleared())).then([cleared().into()]);
    drawn().when(Command::ClearPath(cleared())).then_nothing();
    laid_out()
        .when(Command::BlockPath(blocked(None)))
        .refused(&Refusal::UnknownPath { path: the("main") });
    let paths = closed().state().paths;
    assert_eq!(paths.blocked_at(at("09:59")).len(), 1);
    assert!(paths.blocked_at(at("10:00")).is_empty());
}

#[test]
fn how_deliveries_are_planned() {
    let set = |pieces| Command::SetPlanningPolicy(planning(pieces));
    laid_out().when(set(20)).then([planning(20).into()]);
    laid_out().and(planning(20)).when(set(20)).then_nothing();
    laid_out().when(set(0)).refused(&Refusal::PlanningPolicy);
}

#[test]
fn how_far_a_category_is_brought() {
    let set = |level, minutes| Command::SetDeliveryPolicy(delivery(level, minutes));
    let pickup = DeliveryLevel::Pickup;
    laid_out().when(set(pickup, Some(15))).then([delivery(pickup, Some(15)).into()]);
    laid_out().and(delivery(pickup, Some(15))).when(set(pickup, Some(15))).then_nothing();
    for (level, minutes) in [(pickup, None), (pickup, Some(0)), (DeliveryLevel::Door, Some(15))] {
        laid_out().when(set(level, minutes)).refused(&Refusal::PickupSlots);
    }
}
