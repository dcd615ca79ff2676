//! Which households have had no delivery and no contact for days?

use std::collections::HashMap;

use domain::address::Door;
use domain::household::HouseholdEvent;
use domain::household::event::HouseholdStatus;
use domain::ids::{GridId, HouseholdId};
use domain::order::OrderEvent;
use domain::parcel::ParcelEvent;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::happening::{Fact, Happening};

/// The most days that can be asked for.
pub const DAYS_MAX: u16 = 365;

/// A household that nobody has reached lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Uncovered {
    /// The household.
    pub household: HouseholdId,
    /// Its doors.
    pub doors: Vec<Door>,
    /// The grid of its first door.
    pub grid: Option<GridId>,
    /// Whether it can only be reached by an ordinary telephone call.
    pub phone_only: bool,
    /// When something was last handed off to it.
    pub delivered_at: Option<Timestamp>,
    /// When anybody last had to do with it: an order, a survey, a change of its facts.
    pub contacted_at: Option<Timestamp>,
    /// Whole days since either.
    pub days: i64,
}

/// Which households nobody has reached for so many days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageReport {
    /// For how many days.
    pub days: u16,
    /// The moment that it is of.
    pub at: Timestamp,
    /// Households that live here now.
    pub households: u32,
    /// Those that somebody has reached.
    pub covered: u32,
    /// Those that nobody has, the longest first.
    pub uncovered: Vec<Uncovered>,
}

/// When each household last had something to do with anybody.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage {
    households: HashMap<HouseholdId, Seen>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Seen {
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacted_at: Option<Timestamp>,
}

impl Coverage {
    /// Folds one event, which the facts have seen.
    pub(crate) fn apply(&mut self, facts: &Facts, happening: &Happening<'_>) {
        let at = happening.recorded_at;
        match happening.fact {
            Fact::Household(id, HouseholdEvent::Erased(_)) => {
                self.households.remove(&id);
            }
            Fact::Household(id, _) => self.seen(id).contacted_at = Some(at),
            Fact::Order(_, OrderEvent::Placed(event)) => {
                self.seen(event.household).contacted_at = Some(at);
            }
            Fact::Parcel(id, ParcelEvent::HandedOff(event)) => {
                let recipient = facts.piece(id).and_then(|piece| piece.state.recipient.as_ref());
                let named = recipient.and_then(|recipient| recipient.household);
                let mut behind = facts.households_behind(&event.door);
                let alone = behind.next().filter(|_| behind.next().is_none());
                if let Some(household) = named.or(alone) {
                    self.seen(household).delivered_at = Some(at);
                }
            }
            Fact::ArrivalSlots(_, _)
            | Fact::Community(_)
            | Fact::Order(_, _)
            | Fact::Parcel(_, _)
            | Fact::Plan(_)
            | Fact::Run(_, _)
            | Fact::Volunteer(_, _) => {}
        }
    }

    /// The households that nobody has reached for so many days.
    pub fn report(&self, facts: &Facts, days: u16, now: Timestamp) -> CoverageReport {
        let days = days.min(DAYS_MAX);
        let since = now.checked_sub(SignedDuration::from_hours(24 * i64::from(days)));
        let since = since.unwrap_or(Timestamp::MIN);
        let (mut households, mut uncovered) = (0, vec![]);
        for (id, household) in facts.households() {
            let away = household.status.as_ref().is_some_and(|set| match set.status {
                HouseholdStatus::Vacant | HouseholdStatus::Away => true,
                HouseholdStatus::Living | HouseholdStatus::Isolated => false,
            });
            if household.erased || away {
                continue;
            }
            households += 1;
            let seen = self.households.get(&id).copied().unwrap_or_default();
            let last = seen.delivered_at.max(seen.contacted_at);
            if last.is_some_and(|last| last > since) {
                continue;
            }
            let first = household.doors.first();
            uncovered.push(Uncovered {
                household: id,
                doors: household.doors.iter().cloned().collect(),
                grid: first.and_then(|door| facts.grid_of(&door.building)).cloned(),
                phone_only: household.phone_only,
                delivered_at: seen.delivered_at,
                contacted_at: seen.contacted_at,
                days: last.map_or(0, |last| now.duration_since(last).as_hours() / 24),
            });
        }
        uncovered
            .sort_by_key(|entry| (entry.delivered_at.max(entry.contacted_at), entry.household));
        let covered = households - u32::try_from(uncovered.len()).unwrap_or(households);
        CoverageReport { days, at: now, households, covered, uncovered }
    }

    fn seen(&mut self, id: HouseholdId) -> &mut Seen {
        self.households.entry(id).or_default()
    }
}
