//! What a planner looks at: the community's rules, the pieces at the gate, the people.
//!
//! Whoever plans looks all of it up first; nothing in here reads anything.

use std::collections::BTreeSet;

use domain::address::Recipient;
use domain::community::CommunityState;
use domain::ids::{BuildingId, CommunityId, GridId, ParcelId, VolunteerId};
use domain::plan::event::UnplannedReason;
use domain::run::event::WaveTrigger;
use domain::supply::{Category, Effort, Load, SizeClass};
use domain::volunteer::event::{Pool, VolunteerLimitsSet};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::ways::Ways;

/// A moment at one intake point.
#[derive(Debug)]
pub struct Situation<'a> {
    /// The community.
    pub id: &'a CommunityId,
    /// Its layout, zones and rules.
    pub community: &'a CommunityState,
    /// Its time zone.
    pub zone: TimeZone,
    /// Now.
    pub now: Timestamp,
    /// The number that the next wave of the day has.
    pub wave: u32,
    /// The pieces that are not on a run: at the gate, or still expected.
    pub pieces: Vec<PieceAtGate>,
    /// The people who carry.
    pub people: Vec<Person>,
    /// How far it is from here to there.
    pub ways: &'a Ways,
    /// Somebody asked for a plan: whatever may go goes, without waiting for a full cart.
    pub asked: bool,
    /// The day is closed.
    pub closed: bool,
}

impl Situation<'_> {
    /// The community's local time of a moment.
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }
}

/// A piece that is not on a run.
#[derive(Debug, Clone)]
pub struct PieceAtGate {
    /// The piece.
    pub id: ParcelId,
    /// For whom, where that is known.
    pub recipient: Option<Recipient>,
    /// What is inside.
    pub category: Category,
    /// How big it is.
    pub size: SizeClass,
    /// What it adds to a load.
    pub load: Load,
    /// Why it cannot go wherever it should; `None` when it lies on its shelf, ready to go.
    pub held_up: Option<UnplannedReason>,
    /// When it came in.
    pub arrived_at: Timestamp,
    /// When it was put on its shelf.
    pub ready_at: Timestamp,
    /// How often it was tried today.
    pub attempts: u32,
    /// Its household cannot come down, so that it is always brought to the door.
    pub to_the_door: bool,
    /// Its order is marked urgent.
    pub urgent: bool,
}

impl PieceAtGate {
    /// Whether it is needed at once: medicine, and whatever its order marks as urgent.
    pub fn is_needed_at_once(&self) -> bool {
        self.urgent || self.category == Category::Medicine
    }
}

/// Somebody who carries.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub id: VolunteerId,
    /// The grid that the person serves.
    pub grid: GridId,
    /// Whether the person has protection for sealed zones.
    pub protection: bool,
    /// What the person can carry in one trip.
    pub carry_limit: Load,
    /// How much climbing is not too much.
    pub limits: VolunteerLimitsSet,
    /// The buildings of which the person is the regular one.
    pub keeps: BTreeSet<BuildingId>,
    /// When the person is asked.
    pub pool: Pool,
    /// On shift and well, and not on a run.
    pub free: bool,
    /// When the shift ends or a break begins, where they are planned.
    pub works_until: Option<Timestamp>,
    /// When the last trip ended; rest is counted from then on.
    pub back_at: Option<Timestamp>,
    /// What the person climbed and carried in the days that count.
    pub effort: Effort,
    /// What the person climbed and carried today.
    pub today: Effort,
}

impl Person {
    /// Whether the person has rested since the last trip.
    pub fn is_rested(&self, now: Timestamp) -> bool {
        let rest = SignedDuration::from_secs(i64::from(self.limits.rest_seconds));
        self.back_at.is_none_or(|back_at| now.duration_since(back_at) >= rest)
    }
}

/// Why pieces leave now, the most pressing first.
pub(crate) fn pressing(trigger: WaveTrigger) -> u8 {
    match trigger {
        WaveTrigger::Urgent => 0,
        WaveTrigger::WouldSpoil => 1,
        WaveTrigger::WindowCloses => 2,
        WaveTrigger::CartFull => 3,
        WaveTrigger::Waited => 4,
        WaveTrigger::Quiet => 5,
        WaveTrigger::Asked => 6,
    }
}
