//! When deliveries may come: the policy, and its hours on days on which clocks are changed.

use jiff::civil::{Time, date, time};
use jiff::tz::TimeZone;

use super::sample::*;
use crate::community::CommunityCommand::SetArrivalPolicy;
use crate::community::event::{ArrivalPolicySet, IntakeHours};
use crate::community::{CommunityRefusal, intake_hours};

#[test]
fn a_community_says_when_deliveries_come_and_how_many() {
    let day = || arrivals(&[(7, 12), (14, 18)], Some(6));
    registered().when(SetArrivalPolicy(day())).then([day().into()]);
    registered().and(day()).when(SetArrivalPolicy(day())).then_nothing();
    let more = arrivals(&[(7, 12), (14, 18)], Some(8));
    registered().and(day()).when(SetArrivalPolicy(more.clone())).then([more.into()]);
    let freely = arrivals(&[], None);
    registered().and(day()).when(SetArrivalPolicy(freely.clone())).then([freely.into()]);
    unheard_of().when(SetArrivalPolicy(day())).refused(&CommunityRefusal::NotRegistered);
}

#[test]
fn intake_hours_are_whole_and_follow_each_other() {
    for wrong in [&[(12, 7)][..], &[(7, 7)], &[(7, 12), (11, 14)], &[(14, 18), (7, 12)]] {
        let policy = arrivals(wrong, None);
        registered().when(SetArrivalPolicy(policy)).refused(&CommunityRefusal::IntakeHours);
    }
    let half = IntakeHours { opens: time(7, 30, 0, 0), closes: time(12, 0, 0, 0) };
    let policy = ArrivalPolicySet { hours: vec![half.clone()], per_hour: None };
    registered().when(SetArrivalPolicy(policy)).refused(&CommunityRefusal::IntakeHours);
    let whole = IntakeHours { closes: time(12, 30, 0, 0), ..half };
    let policy = ArrivalPolicySet { hours: vec![whole], per_hour: None };
    registered().when(SetArrivalPolicy(policy.clone())).then([policy.into()]);
    let to_midnight = arrivals(&[(7, 12), (20, 0)], None);
    registered().when(SetArrivalPolicy(to_midnight.clone())).then([to_midnight.into()]);
}

#[test]
fn an_hour_takes_somebody_and_not_everybody() {
    for wrong in [0, 1_001] {
        let policy = arrivals(&[], Some(wrong));
        registered().when(SetArrivalPolicy(policy)).refused(&CommunityRefusal::ArrivalCap);
    }
    let most = arrivals(&[], Some(1_000));
    registered().when(SetArrivalPolicy(most.clone())).then([most.into()]);
}

fn opens(policy: Option<&ArrivalPolicySet>, zone: &str, day: (i16, i8, i8)) -> Vec<Time> {
    let (year, month, day) = day;
    let zone = TimeZone::get(zone).expect("a time zone");
    let hours = intake_hours(policy, &zone, date(year, month, day));
    assert!(hours.is_sorted_by(|one, next| one.until <= next.from), "{hours:?}");
    hours.iter().map(|hour| hour.opens).collect()
}

fn full(hours: impl IntoIterator<Item = i8>) -> Vec<Time> {
    hours.into_iter().map(|hour| time(hour, 0, 0, 0)).collect()
}

#[test]
fn the_hours_of_a_day_are_those_of_its_policy_or_all() {
    let policy = arrivals(&[(7, 9), (22, 0)], Some(6));
    let day = (2022, 11, 20);
    assert_eq!(opens(Some(&policy), "Asia/Shanghai", day), full([7, 8, 22, 23]));
    assert_eq!(opens(None, "Asia/Shanghai", day), full(0..24));
    assert_eq!(opens(Some(&arrivals(&[], Some(6))), "Asia/Shanghai", day), full(0..24));
}

#[test]
fn a_day_on_which_clocks_are_changed_has_the_hours_that_pass() {
    let night = arrivals(&[(1, 5)], None);
    let spring = opens(Some(&night), "Europe/Berlin", (2022, 3, 27));
    assert_eq!(spring, full([1, 3, 4]));
    let autumn = opens(Some(&night), "Europe/Berlin", (2022, 10, 30));
    assert_eq!(autumn, full([1, 2, 2, 3, 4]));
    // Clocks on Lord Howe Island are changed by half an hour: the last hour is half a one.
    let half = opens(Some(&arrivals(&[(1, 3)], None)), "Australia/Lord_Howe", (2022, 10, 2));
    assert_eq!(half, [time(1, 0, 0, 0), time(2, 30, 0, 0)]);
}
