//! Zones with their times, and the windows of the day.

use super::sample::*;
use crate::community::CommunityCommand::{ChangeZoneState, DrawZone, SetWindowPolicy};
use crate::community::event::{
    Restriction::{Open, Sealed, Testing},
    WindowPolicySet, ZoneStateChanged,
};
use crate::community::{CommunityRefusal, ZoneAccess, restriction_at};
use crate::supply::Category;
use jiff::Timestamp;

fn closed() -> ZoneAccess {
    ZoneAccess::Closed { zone: the("north") }
}

fn access(history: &History, clock: &str, protection: bool) -> ZoneAccess {
    history.state().closed_zones(at(clock), protection).access(&the("10"))
}

/// When building 10 closes after a moment, as far as anybody has said.
fn closes(history: &History, clock: &str, protection: bool) -> Option<Timestamp> {
    let state = history.state();
    state.closes_next(&the("10"), at(clock), protection).map(|(at, _)| at)
}

#[test]
fn it_is_known_when_a_zone_closes_next() {
    let sealed = zoned().and(restricted(Sealed, "08:00", Some("20:00")));
    assert_eq!(closes(&sealed, "07:00", false), Some(at("08:00")));
    assert_eq!(closes(&sealed, "07:00", true), None, "protection opens it");
    assert_eq!(closes(&sealed, "21:00", false), None);
    let tested = sealed.and(restricted(Testing, "10:00", Some("12:00")));
    assert_eq!(closes(&tested, "09:00", true), Some(at("10:00")));
    assert_eq!(closes(&tested, "11:00", true), None, "it opens next");
    // What an earlier state left closed is closed again when a later one is over.
    let opened = zoned().and(restricted(Sealed, "06:00", None)).and(restricted(
        Open,
        "09:00",
        Some("11:00"),
    ));
    assert_eq!(closes(&opened, "10:00", false), Some(at("11:00")));
    assert_eq!(closes(&laid_out(), "10:00", false), None);
}

#[test]
fn a_zone_covers_buildings() {
    laid_out().when(DrawZone(zone(&["10"]))).then([zone(&["10"]).into()]);
    zoned().when(DrawZone(zone(&["10"]))).then_nothing();
    zoned().when(DrawZone(zone(&[]))).then([zone(&[]).into()]);
    let building = the("11");
    laid_out()
        .when(DrawZone(zone(&["10", "11"])))
        .refused(&CommunityRefusal::UnknownBuilding { building });
}

#[test]
fn a_zone_is_restricted_for_a_time() {
    let sealed = || restricted(Sealed, "08:00", Some("20:00"));
    zoned().when(ChangeZoneState(sealed())).then([sealed().into()]);
    zoned().and(sealed()).when(ChangeZoneState(sealed())).then_nothing();
    let open = restricted(Open, "12:00", None);
    zoned().and(sealed()).when(ChangeZoneState(open.clone())).then([open.into()]);
}

#[test]
fn only_a_known_zone_is_restricted_and_its_time_has_a_length() {
    let zone = the("north");
    laid_out()
        .when(ChangeZoneState(restricted(Sealed, "08:00", None)))
        .refused(&CommunityRefusal::UnknownZone { zone });
    for until in ["07:00", "08:00"] {
        let zone = the("north");
        zoned()
            .when(ChangeZoneState(restricted(Sealed, "08:00", Some(until))))
            .refused(&CommunityRefusal::ZoneTimes { zone });
    }
}

#[test]
fn protection_opens_a_sealed_zone_and_nothing_opens_one_under_test() {
    let sealed = zoned().and(restricted(Sealed, "08:00", Some("20:00")));
    assert_eq!(access(&sealed, "10:00", false), closed());
    assert_eq!(access(&sealed, "10:00", true), ZoneAccess::Admitted);
    let testing = zoned().and(restricted(Testing, "08:00", Some("20:00")));
    for protection in [false, true] {
        assert_eq!(access(&testing, "10:00", protection), closed());
    }
    let open = zoned().and(restricted(Open, "08:00", None));
    assert_eq!(access(&open, "10:00", false), ZoneAccess::Admitted);
}

#[test]
fn a_restriction_holds_from_its_first_moment_to_before_its_last() {
    let sealed = zoned().and(restricted(Sealed, "08:00", Some("20:00")));
    for (clock, expected) in [
        ("07:59", ZoneAccess::Admitted),
        ("08:00", closed()),
        ("19:59", closed()),
        ("20:00", ZoneAccess::Admitted),
    ] {
        assert_eq!(access(&sealed, clock, false), expected, "{clock}");
    }
}

#[test]
fn buildings_outside_every_zone_are_open() {
    let sealed = laid_out().and(zone(&[])).and(restricted(Sealed, "08:00", None));
    assert_eq!(access(&sealed, "10:00", false), ZoneAccess::Admitted);
    assert_eq!(access(&zoned(), "10:00", false), ZoneAccess::Admitted);
}

#[test]
fn any_closed_zone_over_a_building_closes_it() {
    let second = crate::community::event::ZoneDrawn { zone: the("west"), ..zone(&["10"]) };
    let testing = ZoneStateChanged { zone: the("west"), ..restricted(Testing, "08:00", None) };
    let history = zoned().and(restricted(Open, "08:00", None)).and(second).and(testing);
    assert_eq!(access(&history, "10:00", true), ZoneAccess::Closed { zone: the("west") });
}

#[test]
fn a_test_that_is_announced_leaves_a_sealed_zone_sealed_before_and_after() {
    let history = zoned().and(restricted(Sealed, "06:00", None)).and(restricted(
        Testing,
        "10:00",
        Some("12:00"),
    ));
    let state = history.state();
    let restriction = |clock| restriction_at(&state.zones[&the("north")], at(clock));
    assert_eq!(
        ["05:59", "06:00", "09:59", "10:00", "12:00"].map(restriction),
        [Open, Sealed, Sealed, Testing, Sealed]
    );
    let reopened = history.and(restricted(Open, "18:00", None)).state();
    let restriction = |clock| restriction_at(&reopened.zones[&the("north")], at(clock));
    assert_eq!(["11:00", "17:59", "18:00"].map(restriction), [Testing, Sealed, Open]);
}

#[test]
fn restrictions_that_can_hold_no_more_are_forgotten() {
    let history = zoned()
        .and(restricted(Sealed, "08:00", None))
        .and(restricted(Testing, "09:00", Some("10:00")))
        .and(restricted(Testing, "11:00", Some("13:00")))
        .and(restricted(Sealed, "08:30", Some("12:00")));
    let earlier = |history: &History| history.state().zones[&the("north")].earlier.len();
    assert_eq!(earlier(&history), 2, "the test from nine to ten is covered");
    assert_eq!(earlier(&history.and(restricted(Open, "08:00", None))), 0);
}

#[test]
fn a_category_is_delivered_in_windows() {
    let day = || windows(vec![window(10, 12, 9), window(16, 18, 15)]);
    registered().when(SetWindowPolicy(day())).then([day().into()]);
    registered().and(day()).when(SetWindowPolicy(day())).then_nothing();
    let at_once = WindowPolicySet { immediate_up_to_pieces: Some(5), ..day() };
    registered().and(day()).when(SetWindowPolicy(at_once.clone())).then([at_once.into()]);
    registered().and(day()).when(SetWindowPolicy(windows(vec![]))).then([windows(vec![]).into()]);
    let state = registered().and(day()).state();
    assert_eq!(state.windows[&Category::Meal].windows.len(), 2);
}

#[test]
fn windows_follow_each_other() {
    let category = Category::Meal;
    for wrong in [
        vec![window(12, 10, 9)],
        vec![window(10, 10, 9)],
        vec![window(10, 12, 12)],
        vec![window(10, 12, 9), window(11, 13, 10)],
        vec![window(16, 18, 15), window(10, 12, 9)],
    ] {
        registered()
            .when(SetWindowPolicy(windows(wrong)))
            .refused(&CommunityRefusal::WindowTimes { category });
    }
    let touching = windows(vec![window(10, 12, 11), window(12, 14, 12)]);
    registered().when(SetWindowPolicy(touching.clone())).then([touching.into()]);
}
