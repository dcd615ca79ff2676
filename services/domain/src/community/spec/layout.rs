//! Registered, gates, grids, buildings, other names.

use super::sample::*;
use crate::address::{Door, Room, Unit};
use crate::community::CommunityCommand::{
    AddAlias, AssignBuilding, DescribeBuilding, DrawGrid, OpenGate, Register, SetIntakePoint,
};
use crate::community::event::{
    AliasAdded, AliasTarget, BuildingDescribed, CommunityRegistered, GridColour, GridDrawn,
    Language, Restriction,
};
use crate::community::{CommunityCommand, CommunityRefusal};
use crate::supply::{Category, Load};

#[test]
fn a_community_is_registered() {
    unheard_of().when(Register(fumin())).then([fumin().into()]);
}

#[test]
fn a_registered_community_is_registered_already() {
    registered().when(Register(fumin())).then_nothing();
}

#[test]
fn a_name_and_a_language_may_change_and_a_time_zone_may_not() {
    let english =
        CommunityRegistered { name: "Fumin Garden".into(), language: Language::English, ..fumin() };
    registered().when(Register(english.clone())).then([english.into()]);
    let moved = CommunityRegistered { time_zone: "Asia/Urumqi".into(), ..fumin() };
    registered().when(Register(moved)).refused(&CommunityRefusal::AlreadyRegistered);
}

#[test]
fn a_name_is_short_and_printable() {
    for name in ["", "  ", "富民\n花园", &"富".repeat(101)] {
        let name = name.to_owned();
        unheard_of()
            .when(Register(CommunityRegistered { name: name.clone(), ..fumin() }))
            .refused(&CommunityRefusal::NameLength);
        let target = AliasTarget::Building(the("10"));
        laid_out()
            .when(AddAlias(AliasAdded { text: name, target }))
            .refused(&CommunityRefusal::NameLength);
    }
    let longest = CommunityRegistered { name: "富".repeat(100), ..fumin() };
    unheard_of().when(Register(longest.clone())).then([longest.into()]);
}

#[test]
fn a_time_zone_reads_like_one() {
    for time_zone in ["", "北京", "Asia Shanghai", &"x".repeat(101)] {
        let time_zone = time_zone.to_owned();
        unheard_of()
            .when(Register(CommunityRegistered { time_zone, ..fumin() }))
            .refused(&CommunityRefusal::TimeZoneName);
    }
    let far = CommunityRegistered { time_zone: "America/Argentina/Buenos_Aires".into(), ..fumin() };
    unheard_of().when(Register(far.clone())).then([far.into()]);
}

#[test]
fn nothing_is_told_to_a_community_that_nobody_registered() {
    let everything: [CommunityCommand; 11] = [
        OpenGate(south_gate()),
        SetIntakePoint(intake_point("south")),
        DrawGrid(grid("3")),
        DescribeBuilding(building("10")),
        AssignBuilding(assigned("10", "3")),
        CommunityCommand::DrawZone(zone(&["10"])),
        CommunityCommand::ChangeZoneState(restricted(Restriction::Open, "08:00", None)),
        CommunityCommand::SetWindowPolicy(windows(vec![])),
        CommunityCommand::SetDisinfectionPolicy(disinfection(None)),
        CommunityCommand::SetTripLimit(trip_limit(1, 1, 1)),
        AddAlias(alias(AliasTarget::Building(the("10")))),
    ];
    for command in everything {
        unheard_of().when(command).refused(&CommunityRefusal::NotRegistered);
    }
}

#[test]
fn a_gate_is_opened_once() {
    registered().when(OpenGate(south_gate())).then([south_gate().into()]);
    laid_out().when(OpenGate(south_gate())).then_nothing();
}

#[test]
fn supplies_come_in_at_one_open_gate() {
    laid_out().when(SetIntakePoint(intake_point("south"))).then([intake_point("south").into()]);
    let set = || laid_out().and(intake_point("south"));
    set().when(SetIntakePoint(intake_point("south"))).then_nothing();
    let gate = the("north");
    set()
        .when(SetIntakePoint(intake_point("north")))
        .refused(&CommunityRefusal::UnknownGate { gate });
    assert_eq!(set().state().intake_point, Some(the("south")));
}

#[test]
fn a_grid_is_drawn_and_coloured_anew() {
    registered().when(DrawGrid(grid("3"))).then([grid("3").into()]);
    laid_out().when(DrawGrid(grid("3"))).then_nothing();
    let blue = GridDrawn { colour: GridColour::Blue, ..grid("3") };
    laid_out().when(DrawGrid(blue.clone())).then([blue.into()]);
}

#[test]
fn a_building_is_described_and_described_anew() {
    registered().when(DescribeBuilding(building("10"))).then([building("10").into()]);
    laid_out().when(DescribeBuilding(building("10"))).then_nothing();
    let walk_up = BuildingDescribed { lift: false, ..building("10") };
    laid_out().when(DescribeBuilding(walk_up.clone())).then([walk_up.clone().into()]);
    let known = laid_out().and(assigned("10", "3")).and(walk_up).state();
    assert_eq!(known.grid_of(&the("10")), Some(&the("3")), "it keeps its grid");
}

#[test]
fn a_building_has_a_shape() {
    let of = |units: Vec<Unit>| BuildingDescribed { units, ..building("10") };
    let floors = |floors| Unit { floors, ..unit("1") };
    let doors = |doors_per_floor| Unit { doors_per_floor, ..unit("1") };
    let rooms = |names: &[&str]| Unit {
        extra_rooms: names.iter().map(|name| Room { id: the(name), floor: 0 }).collect(),
        ..unit("1")
    };
    let many = |count: usize| (0..count).map(|number| unit(&number.to_string())).collect();
    for units in [
        vec![],
        many(101),
        vec![unit("1"), unit("1")],
        vec![floors(0)],
        vec![floors(121)],
        vec![doors(100)],
        vec![rooms(&["门市1", "门市1"])],
        vec![rooms(&["301"])],
    ] {
        let building = the("10");
        registered()
            .when(DescribeBuilding(of(units)))
            .refused(&CommunityRefusal::BuildingShape { building });
    }
    for units in [many(100), vec![floors(120)], vec![doors(99)], vec![doors(0)], vec![rooms(&[])]] {
        registered().when(DescribeBuilding(of(units.clone()))).then([of(units).into()]);
    }
}

#[test]
fn a_building_belongs_to_one_grid_and_its_history_is_kept() {
    laid_out().when(AssignBuilding(assigned("10", "3"))).then([assigned("10", "3").into()]);
    let placed = || laid_out().and(assigned("10", "3"));
    placed().when(AssignBuilding(assigned("10", "3"))).then_nothing();
    placed().when(AssignBuilding(assigned("10", "4"))).then([assigned("10", "4").into()]);
    let state = placed().and(assigned("10", "4")).state();
    assert_eq!(state.grid_of(&the("10")), Some(&the("4")));
    assert_eq!(state.buildings[&the("10")].grids, [the("3"), the("4")]);
}

#[test]
fn only_a_known_building_joins_a_known_grid() {
    laid_out()
        .when(AssignBuilding(assigned("10", "9")))
        .refused(&CommunityRefusal::UnknownGrid { grid: the("9") });
    laid_out()
        .when(AssignBuilding(assigned("11", "3")))
        .refused(&CommunityRefusal::UnknownBuilding { building: the("11") });
    assert_eq!(laid_out().state().grid_of(&the("10")), None);
}

#[test]
fn a_place_has_another_name() {
    let door = Door { building: the("10"), unit: the("2"), room: the("301") };
    for target in [
        AliasTarget::Building(the("10")),
        AliasTarget::Unit(the("10"), the("2")),
        AliasTarget::Door(door.clone()),
    ] {
        let fact = alias(target);
        laid_out().when(AddAlias(fact.clone())).then([fact.clone().into()]);
        laid_out().and(fact.clone()).when(AddAlias(fact)).then_nothing();
    }
    let building = alias(AliasTarget::Building(the("10")));
    let exact = alias(AliasTarget::Door(door));
    laid_out().and(building).when(AddAlias(exact.clone())).then([exact.into()]);
}

#[test]
fn only_a_known_place_has_another_name() {
    let (building, unit) = (the("10"), the("9"));
    laid_out()
        .when(AddAlias(alias(AliasTarget::Unit(the("10"), the("9")))))
        .refused(&CommunityRefusal::UnknownUnit { building, unit });
    for target in [AliasTarget::Building(the("11")), AliasTarget::Unit(the("11"), the("1"))] {
        let building = the("11");
        laid_out()
            .when(AddAlias(alias(target)))
            .refused(&CommunityRefusal::UnknownBuilding { building });
    }
    let door = Door { building: the("10"), unit: the("2"), room: the("305") };
    laid_out()
        .when(AddAlias(alias(AliasTarget::Door(door.clone()))))
        .refused(&CommunityRefusal::UnknownDoor { door });
}

#[test]
fn doors_and_floors_follow_the_description() {
    let state = laid_out().state();
    let floor = |building, room| state.floor_of(&the(building), &the("2"), &the(room));
    assert_eq!(floor("10", "1204"), Some(12));
    assert_eq!(floor("10", "门市2"), Some(0));
    assert_eq!(floor("10", "1304"), None);
    assert_eq!(floor("11", "301"), None);
}

#[test]
fn a_trip_carries_something() {
    let set = CommunityCommand::SetTripLimit;
    let limit = || trip_limit(40, 80_000, 400_000);
    registered().when(set(limit())).then([limit().into()]);
    registered().and(limit()).when(set(limit())).then_nothing();
    registered().and(limit()).when(set(trip_limit(1, 1, 1))).then([trip_limit(1, 1, 1).into()]);
    for nothing in [trip_limit(0, 1, 1), trip_limit(1, 0, 1), trip_limit(1, 1, 0)] {
        registered().when(set(nothing)).refused(&CommunityRefusal::TripLimit);
    }
    let state = registered().and(limit()).state();
    let expected = Load { pieces: 40, weight_grams: 80_000, volume_millilitres: 400_000 };
    assert_eq!(state.trip_limit, Some(expected));
}

#[test]
fn each_category_has_its_own_disinfection() {
    let set = CommunityCommand::SetDisinfectionPolicy;
    let with = || disinfection(Some(chlorine()));
    registered().when(set(with())).then([with().into()]);
    registered().and(with()).when(set(with())).then_nothing();
    let without = || disinfection(None);
    registered().when(set(without())).then_nothing();
    registered().and(with()).when(set(without())).then([without().into()]);
    let state = registered().and(with()).state();
    assert_eq!(state.disinfection.get(&Category::Meal), Some(&chlorine()));
    assert_eq!(state.disinfection.get(&Category::Produce), None);
}
