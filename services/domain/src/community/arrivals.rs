//! When deliveries may come to the intake point: the policy, and its hours on a day.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::event::{ArrivalPolicySet, IntakeHours};
use super::{CommunityRefusal, CommunityState, Decision, unless};

/// The most deliveries that one hour takes.
pub const PER_HOUR_MAX: u32 = 1_000;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;

/// One hour of a day in which supplies are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeHour {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends: an hour later, or sooner where clocks are changed by less.
    pub until: Timestamp,
    /// When it begins, in local time. An hour that clocks show twice is there twice.
    pub opens: Time,
}

impl IntakeHour {
    /// Whether a moment lies in it.
    pub fn holds(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// The hours of a local day in which supplies are taken in, earliest first. A community that says
/// nothing takes them in all day.
pub fn intake_hours(
    policy: Option<&ArrivalPolicySet>,
    zone: &TimeZone,
    day: Date,
) -> Vec<IntakeHour> {
    let all_day = [IntakeHours { opens: Time::midnight(), closes: Time::midnight() }];
    let told = policy.map_or(&[][..], |policy| &policy.hours);
    let spans = if told.is_empty() { &all_day } else { told };
    spans.iter().filter_map(|span| on_day(span, zone, day)).flatten().collect()
}

/// The whole hours from the opening on. They are counted as they pass, not as clocks show them, so
/// that a day on which clocks are changed has one hour less or more.
fn on_day(
    span: &IntakeHours,
    zone: &TimeZone,
    day: Date,
) -> Option<impl Iterator<Item = IntakeHour>> {
    let moment = |day: Date, time: Time| {
        day.to_datetime(time).to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
    };
    let last_day =
        if span.closes == Time::midnight() { day.checked_add(1.day()).ok()? } else { day };
    let (opens, closes) = (moment(day, span.opens)?, moment(last_day, span.closes)?);
    let zone = zone.clone();
    let next = |from: &Timestamp| from.checked_add(HOUR).ok();
    let hours = std::iter::successors(Some(opens), next).take_while(move |from| *from < closes);
    Some(hours.map(move |from| IntakeHour {
        from,
        until: next(&from).unwrap_or(closes).min(closes),
        opens: from.to_zoned(zone.clone()).time(),
    }))
}

pub(super) fn set(state: &CommunityState, fact: ArrivalPolicySet) -> Decision {
    let second = |time: Time| i64::from(time.hour()) * HOUR_SECONDS + into_hour(time);
    let ends = |span: &IntakeHours| match second(span.closes) {
        0 => DAY_SECONDS,
        closes => closes,
    };
    let whole = |span: &IntakeHours| {
        let seconds = ends(span) - second(span.opens);
        seconds > 0 && seconds % HOUR_SECONDS == 0
    };
    let apart = |pair: &[IntakeHours]| match pair {
        [first, then] => ends(first) <= second(then.opens),
        _ => true,
    };
    let spans = &fact.hours;
    if !spans.iter().all(whole) || !spans.windows(2).all(apart) {
        return Err(CommunityRefusal::IntakeHours);
    }
    if !fact.per_hour.is_none_or(|cap| (1..=PER_HOUR_MAX).contains(&cap)) {
        return Err(CommunityRefusal::ArrivalCap);
    }
    Ok(unless(state.arrivals.as_ref() == Some(&fact), fact))
}

/// Seconds past the full hour.
fn into_hour(time: Time) -> i64 {
    i64::from(time.minute()) * 60 + i64::from(time.second())
}
