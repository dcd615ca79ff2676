//! Who comes to the intake point in which hour of a day, and where is there room?

use std::collections::BTreeMap;

use domain::Decider;
use domain::arrival_slots::event::ArrivalParty;
use domain::arrival_slots::{
    ArrivalSlots, ArrivalSlotsEvent, ArrivalSlotsState, SLOT_LASTS, Slot, SlotPhase,
};
use domain::community::{IntakeHour, intake_hours};
use domain::ids::{ArrivalLabel, SlotId};
use domain::supply::Category;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;

/// For how many days a past day's slots are kept in memory.
pub const DAYS_KEPT: i64 = 31;

/// Where a slot stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalStatus {
    /// It is expected, and its hour is not over.
    Booked,
    /// Its hour is over, and nobody has said whether it came.
    Overdue,
    /// It came.
    Arrived,
    /// It did not come.
    Missed,
    /// Its place was given back; it may come on another day.
    Withdrawn,
}

/// A slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalEntry {
    /// The slot.
    pub slot: SlotId,
    /// When its hour begins.
    pub from: Timestamp,
    /// Who brings it.
    pub party: ArrivalParty,
    /// What people at the gate know it by.
    pub label: ArrivalLabel,
    /// How many pieces it brings.
    pub pieces: Option<u32>,
    /// What it brings.
    pub category: Option<Category>,
    /// Where it stands.
    pub status: ArrivalStatus,
    /// When the engine learned that it stands so: when it was booked or moved, came, was given up.
    pub since: Timestamp,
    /// The day on which it comes instead, where it was moved to one.
    pub moved_to: Option<Date>,
}

/// An hour at the intake point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalHour {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// When it begins, in local time.
    pub opens: Time,
    /// Whether it is an intake hour; another one is listed for what was booked in it before the
    /// intake hours were changed.
    pub is_offered: bool,
    /// Whether it is the present one.
    pub is_now: bool,
    /// Whether it is over.
    pub is_over: bool,
    /// How many places are taken.
    pub used: u32,
    /// How many are left; `null` where any number may come.
    pub free: Option<u32>,
    /// Its slots in the order of their names, withdrawn ones last.
    pub slots: Vec<ArrivalEntry>,
}

/// The arrivals of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalDay {
    /// The day.
    pub day: Date,
    /// The moment that it is of.
    pub at: Timestamp,
    /// How many deliveries may come in each hour; `null` is as many as want to.
    pub per_hour: Option<u32>,
    /// Deliveries that are expected, overdue ones included.
    pub expected: u32,
    /// Of these, those whose hour is over.
    pub overdue: u32,
    /// Deliveries that came.
    pub arrived: u32,
    /// Deliveries that did not come.
    pub missed: u32,
    /// The hours, earliest first.
    pub hours: Vec<ArrivalHour>,
}

/// The slots of the days that are kept.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arrivals {
    days: BTreeMap<Date, OfDay>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OfDay {
    slots: ArrivalSlotsState,
    since: BTreeMap<SlotId, Timestamp>,
}

impl Arrivals {
    /// Folds one event, and forgets days that are long past.
    pub(crate) fn apply(&mut self, day: Date, event: &ArrivalSlotsEvent, at: Timestamp) {
        let oldest = at.to_zoned(TimeZone::UTC).date().checked_sub(DAYS_KEPT.days());
        let oldest = oldest.unwrap_or(Date::MIN);
        self.days = self.days.split_off(&oldest);
        if day < oldest {
            return;
        }
        let of_day = self.days.entry(day).or_default();
        of_day.slots = ArrivalSlots::evolve(std::mem::take(&mut of_day.slots), event);
        of_day.since.insert(slot_of(event), at);
    }

    /// The arrivals of a day, with every intake hour of it.
    pub fn day(&self, facts: &Facts, day: Date, now: Timestamp) -> ArrivalDay {
        let policy = facts.community().arrivals.as_ref();
        let per_hour = policy.and_then(|policy| policy.per_hour);
        let nothing = OfDay::default();
        let of_day = self.days.get(&day).unwrap_or(&nothing);
        let offered = intake_hours(policy, facts.zone(), day);
        let mut hours: BTreeMap<_, _> =
            offered.iter().map(|hour| (hour.from, empty(hour, true, now))).collect();
        for (id, slot) in &of_day.slots.slots {
            let before = hours.range(..=slot.from).next_back();
            let key = before.filter(|(_, hour)| slot.from < hour.until).map(|(from, _)| *from);
            let other = || empty(&hour_of_its_own(slot.from, facts.zone()), false, now);
            let hour = hours.entry(key.unwrap_or(slot.from)).or_insert_with(other);
            hour.used += u32::from(slot.phase.takes_a_place());
            hour.slots.push(of_day.entry(*id, slot, now));
        }
        let mut hours: Vec<_> = hours.into_values().collect();
        for hour in &mut hours {
            let free = per_hour.map(|cap| cap.saturating_sub(hour.used));
            hour.free = if hour.is_offered { free } else { Some(0) };
            hour.slots.sort_by_cached_key(|entry| {
                (entry.status == ArrivalStatus::Withdrawn, entry.label.clone(), entry.slot)
            });
        }
        summed(day, now, per_hour, hours)
    }
}

impl Arrivals {
    /// The deliveries of today that somebody at the gate looks out for: those whose hour it is or
    /// was, and of which nobody has said whether they came.
    pub fn due(&self, facts: &Facts, now: Timestamp) -> Vec<ArrivalEntry> {
        let today = now.to_zoned(facts.zone().clone()).date();
        let begun = self.day(facts, today, now).hours.into_iter().filter(|hour| hour.from <= now);
        let is_due = |entry: &ArrivalEntry| match entry.status {
            ArrivalStatus::Booked | ArrivalStatus::Overdue => true,
            ArrivalStatus::Arrived | ArrivalStatus::Missed | ArrivalStatus::Withdrawn => false,
        };
        begun.flat_map(|hour| hour.slots).filter(is_due).collect()
    }
}

impl OfDay {
    fn entry(&self, id: SlotId, slot: &Slot, now: Timestamp) -> ArrivalEntry {
        let Slot { from, party, label, pieces, category, phase, moved_to } = slot.clone();
        let since = self.since.get(&id).copied().unwrap_or(from);
        let status = match phase {
            SlotPhase::Booked if now.duration_since(from) >= SLOT_LASTS => ArrivalStatus::Overdue,
            SlotPhase::Booked => ArrivalStatus::Booked,
            SlotPhase::Arrived => ArrivalStatus::Arrived,
            SlotPhase::Missed => ArrivalStatus::Missed,
            SlotPhase::Withdrawn => ArrivalStatus::Withdrawn,
        };
        ArrivalEntry { slot: id, from, party, label, pieces, category, status, since, moved_to }
    }
}

fn empty(hour: &IntakeHour, is_offered: bool, now: Timestamp) -> ArrivalHour {
    ArrivalHour {
        from: hour.from,
        until: hour.until,
        opens: hour.opens,
        is_offered,
        is_now: hour.holds(now),
        is_over: hour.until <= now,
        used: 0,
        free: None,
        slots: vec![],
    }
}

/// The hour of a slot that was booked before the intake hours were changed.
fn hour_of_its_own(from: Timestamp, zone: &TimeZone) -> IntakeHour {
    let until = from.checked_add(SLOT_LASTS).unwrap_or(from);
    IntakeHour { from, until, opens: from.to_zoned(zone.clone()).time() }
}

fn summed(day: Date, at: Timestamp, per_hour: Option<u32>, hours: Vec<ArrivalHour>) -> ArrivalDay {
    let mut sums =
        ArrivalDay { day, at, per_hour, expected: 0, overdue: 0, arrived: 0, missed: 0, hours };
    for entry in sums.hours.iter().flat_map(|hour| &hour.slots) {
        match entry.status {
            ArrivalStatus::Booked => sums.expected += 1,
            ArrivalStatus::Overdue => {
                sums.expected += 1;
                sums.overdue += 1;
            }
            ArrivalStatus::Arrived => sums.arrived += 1,
            ArrivalStatus::Missed => sums.missed += 1,
            ArrivalStatus::Withdrawn => {}
        }
    }
    sums
}

fn slot_of(event: &ArrivalSlotsEvent) -> SlotId {
    match event {
        ArrivalSlotsEvent::Booked(event) => event.slot,
        ArrivalSlotsEvent::Moved(event) => event.slot,
        ArrivalSlotsEvent::Withdrawn(event) => event.slot,
        ArrivalSlotsEvent::Arrived(event) => event.slot,
        ArrivalSlotsEvent::Missed(event) => event.slot,
        ArrivalSlotsEvent::Reopened(event) => event.slot,
        ArrivalSlotsEvent::MovedHere(event) => event.slot,
        ArrivalSlotsEvent::MovedAway(event) => event.slot,
    }
}
