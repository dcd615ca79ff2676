//! What can happen to a day's plan, and the facts that each happening carries.

use jiff::Timestamp;
use jiff::civil::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::ids::{ActorId, ParcelId, RunId, VolunteerId, ZoneId};
use crate::parcel::event::OvernightReason;
use crate::run::event::{AssignmentReason, RunPlanned, WaveTrigger};
use crate::supply::Effort;

events! {
    /// Everything that can happen to a day's plan.
    pub enum PlanEvent {
        WaveProposed(PlanWaveProposed),
        OfferDecided(PlanOfferDecided),
        RunEnded(PlanRunEnded),
        PiecesSetAside(PlanPiecesSetAside),
        PiecesReleased(PlanPiecesReleased),
        DayClosed(PlanDayClosed),
    }
}

/// A run that shall be planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProposedRun {
    /// The run; its id is derived from community, day, wave and place in the wave.
    pub run: RunId,
    /// How it shall be planned.
    pub plan: RunPlanned,
}

/// The planner decided on a wave; its runs are planned by whoever reads this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanWaveProposed {
    /// Which wave of the day, counted from 1.
    pub wave: u32,
    /// Why it leaves now.
    pub trigger: WaveTrigger,
    /// Its runs, at least one.
    pub runs: Vec<ProposedRun>,
}

/// The planner decided whom to ask; the offer is made by whoever reads this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanOfferDecided {
    /// The run.
    pub run: RunId,
    /// Who is asked.
    pub volunteer: VolunteerId,
    /// Who goes along, where two people are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helper: Option<VolunteerId>,
    /// Why these and no others.
    pub reason: AssignmentReason,
    /// When it was decided: the answer is waited for from then on.
    pub at: Timestamp,
}

/// A run of the plan is over: closed or called off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanRunEnded {
    /// The run.
    pub run: RunId,
    /// Who made the trip; `None` when it was called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub courier: Option<VolunteerId>,
    /// Who went along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helper: Option<VolunteerId>,
    /// What the trip cost each of them.
    pub effort: Effort,
    /// When the planner learned of it; rest is counted from then on.
    pub at: Timestamp,
}

/// Why a piece is not planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnplannedReason {
    /// It has not come yet.
    NotHere,
    /// Nobody knows for whom it is.
    RecipientUnknown,
    /// Its disinfection has not run its time.
    NotDisinfected,
    /// It does not lie on its shelf yet.
    NotSorted,
    /// A recall holds it.
    Recalled,
    /// It is not where it should be.
    Missing,
    /// It is damaged beyond use.
    Damaged,
    /// Two contradictory ends wait to be settled.
    Disputed,
    /// Its building belongs to no grid.
    NoGrid,
    /// Its zone lets nobody in.
    ZoneClosed {
        /// The zone.
        zone: ZoneId,
        /// Until when, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Its zone closes before a courier could be there and back.
    ZoneCloses {
        /// The zone.
        zone: ZoneId,
        /// When it closes.
        at: Timestamp,
    },
    /// Its next window has not opened.
    WindowNotOpen {
        /// When it opens, in local time.
        opens: Time,
    },
    /// The day has no window left for it.
    NoWindowLeft,
    /// Its household did not want it when it was brought.
    NotWanted,
    /// No path leads to its door from the intake point.
    NoWay,
    /// It waits until a cart is full or until it has waited long enough.
    WaitsForCart {
        /// Pieces of its grid that are ready.
        ready: u32,
        /// Pieces that fill a cart.
        needed: u32,
    },
    /// It was tried as often as a day allows.
    TriedToday {
        /// How often.
        attempts: u32,
    },
    /// It alone is over what one trip carries.
    OverTripLimit,
    /// Nobody of its grid is on shift, free and rested.
    NoCourier,
    /// Whoever is free cannot carry it or climb so high.
    NobodyCarriesIt,
    /// Nobody with protection is free, and its zone is sealed.
    NoProtection,
    /// It needs two people, and no two are free.
    NoSecondPerson,
    /// Its household fetches it.
    ToBeFetched {
        /// From when on, in local time.
        from: Time,
        /// Until when, in local time.
        until: Time,
    },
    /// The day is closed.
    DayClosed,
}

/// A piece that is not planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetAside {
    /// The piece.
    pub parcel: ParcelId,
    /// Why.
    pub reason: UnplannedReason,
}

/// These pieces are not planned, for another reason than before or for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanPiecesSetAside {
    /// The pieces.
    pub pieces: Vec<SetAside>,
}

/// These pieces do not go with their run: they were taken off it, left behind, or came back. They
/// can be planned for another one at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanPiecesReleased {
    /// The run.
    pub run: RunId,
    /// The pieces.
    pub pieces: Vec<ParcelId>,
}

/// What becomes of a piece that is left in the evening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remains {
    /// It stays overnight.
    Stays(OvernightReason),
    /// It would spoil: it goes back to its carrier or is thrown away.
    Perishes,
}

/// A piece that is left in the evening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftPiece {
    /// The piece.
    pub parcel: ParcelId,
    /// Why it was not delivered.
    pub reason: UnplannedReason,
    /// What becomes of it.
    pub remains: Remains,
    /// Who answers for it.
    pub owner: ActorId,
}

/// The day is over: nothing is planned any more, and what is left has a reason and an owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanDayClosed {
    /// What is left.
    pub left: Vec<LeftPiece>,
}
