//! One piece as the views see it: the domain's state, and when it came to be so.

use domain::address::Door;
use domain::ids::ParcelId;
use domain::parcel::{ParcelState, Phase};
use domain::plan::event::UnplannedReason;
use domain::supply::Category;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BuildingNumber;
use crate::window::WindowOnDay;

/// Where a piece is counted: every piece in exactly one spot.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    /// It was announced and has not come.
    Expected,
    /// At the gate: it waits for its disinfection.
    AtGate,
    /// The agent acts on it.
    Disinfecting,
    /// Clean: it waits to be sorted.
    ToSort,
    /// On its building's shelf, ready for a run.
    OnShelf,
    /// With a courier.
    Loaded,
    /// At the foot of its building.
    AtFoot,
    /// With a courier, after an attempt that failed.
    Failed,
    /// Apart: nobody knows yet for whom it is.
    Held,
    /// Not where it should be.
    Missing,
    /// With its household.
    HandedOff,
    /// Back with its carrier.
    GivenBack,
    /// Thrown away or written off.
    Disposed,
}

impl Spot {
    /// How many spots there are.
    pub const COUNT: usize = 13;

    /// Whether the piece's way has not ended.
    pub fn is_open(self) -> bool {
        match self {
            Self::Expected
            | Self::AtGate
            | Self::Disinfecting
            | Self::ToSort
            | Self::OnShelf
            | Self::Loaded
            | Self::AtFoot
            | Self::Failed
            | Self::Held
            | Self::Missing => true,
            Self::HandedOff | Self::GivenBack | Self::Disposed => false,
        }
    }

    /// As an index into a list of [`Spot::COUNT`] counts.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// One piece, and since when it is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// What the events so far say of it.
    pub state: ParcelState,
    /// When the engine first heard of it.
    pub known_at: Timestamp,
    /// When it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Timestamp>,
    /// The window in which it goes, by the policy at its arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<WindowOnDay>,
    /// When anything was last recorded of it.
    pub changed_at: Timestamp,
    /// When it came to the spot where it is.
    pub in_spot_since: Timestamp,
    /// Since when it needs care, while it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception_since: Option<Timestamp>,
    /// When its way ended, as the engine learned of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Why the planner left it out of the runs, when it last looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unplanned: Option<UnplannedReason>,
    pub(super) spot_at_change: Option<Spot>,
    #[serde(skip)]
    pub(super) building: BuildingNumber,
}

impl Piece {
    pub(super) fn new(at: Timestamp) -> Self {
        Self {
            state: ParcelState::default(),
            known_at: at,
            arrived_at: None,
            due: None,
            changed_at: at,
            in_spot_since: at,
            exception_since: None,
            closed_at: None,
            unplanned: None,
            spot_at_change: None,
            building: BuildingNumber::NONE,
        }
    }

    /// The door it is for, once that is known.
    pub fn door(&self) -> Option<&Door> {
        self.state.recipient.as_ref().map(|recipient| &recipient.door)
    }

    /// What is inside.
    pub fn category(&self) -> Category {
        self.state.contents.as_ref().map_or(Category::ParcelGoods, |contents| contents.category)
    }

    /// Its building, by number.
    pub fn building(&self) -> BuildingNumber {
        self.building
    }

    /// Where it is counted.
    pub fn spot(&self) -> Spot {
        let spot = match self.state.phase {
            Phase::HandedOff => return Spot::HandedOff,
            Phase::Refused => return Spot::GivenBack,
            Phase::Disposed => return Spot::Disposed,
            Phase::Expected => return Spot::Expected,
            // It was opened again after it had been forgotten: somebody must look at its trail.
            Phase::Unknown => Spot::Held,
            Phase::Loaded { .. } => Spot::Loaded,
            Phase::Relayed { .. } => Spot::AtFoot,
            Phase::Failed { .. } => Spot::Failed,
            Phase::Arrived => self.unless_held(Spot::AtGate),
            Phase::Disinfecting { .. } => self.unless_held(Spot::Disinfecting),
            Phase::Clean => self.unless_held(Spot::ToSort),
            Phase::Sorted => self.unless_held(Spot::OnShelf),
        };
        if self.state.missing { Spot::Missing } else { spot }
    }

    fn unless_held(&self, spot: Spot) -> Spot {
        if self.state.held.is_some() { Spot::Held } else { spot }
    }

    /// Whether it was opened again after it had been forgotten, so that its trail knows more.
    pub fn is_known_in_part(&self) -> bool {
        self.state.contents.is_none()
    }

    /// Whether somebody must do something about it out of turn, whatever the time is.
    pub fn is_exception(&self) -> bool {
        let state = &self.state;
        if state.dispute.is_some() {
            return true;
        }
        let failed = matches!(state.phase, Phase::Failed { .. }) || state.last_failure.is_some();
        let open = !state.is_closed();
        open && (failed
            || self.is_known_in_part()
            || state.held.is_some()
            || state.missing
            || state.damaged == Some(false)
            || state.is_recalled())
    }

    /// The moment by which it stands in its building's queue.
    pub fn place_in_queue(&self) -> Timestamp {
        self.arrived_at.unwrap_or(self.known_at)
    }

    /// How it stands.
    pub(crate) fn standing(&self, zone: &TimeZone) -> Standing {
        let spot = self.spot();
        let handed_off_on = match (spot, self.closed_at) {
            (Spot::HandedOff, Some(at)) => Some(at.to_zoned(zone.clone()).date()),
            _ => None,
        };
        Standing {
            spot,
            category: self.category(),
            building: self.building,
            exception: self.is_exception(),
            handed_off_on,
        }
    }
}

/// What is counted of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it is counted.
    pub spot: Spot,
    /// What is inside.
    pub category: Category,
    /// Its building.
    pub building: BuildingNumber,
    /// Whether it needs care.
    pub exception: bool,
    /// The community's day on which it was handed off, while it is.
    pub handed_off_on: Option<Date>,
}

/// How a piece moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The piece.
    pub parcel: ParcelId,
    /// How it stood; `None` when nobody knew of it.
    pub before: Option<Standing>,
    /// How it stands; `None` when it was forgotten.
    pub after: Option<Standing>,
}
