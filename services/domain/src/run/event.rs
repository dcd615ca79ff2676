//! What can happen to a run, and the facts that each happening carries.

use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Door;
use crate::event::events;
use crate::ids::{GridId, ParcelId, VolunteerId};
use crate::parcel::event::FailureReason;
use crate::supply::Load;

events! {
    /// Everything that can happen to a run.
    pub enum RunEvent {
        Planned(RunPlanned),
        Offered(RunOffered),
        Accepted(RunAccepted),
        HandedBack(RunHandedBack),
        PieceLoaded(RunPieceLoaded),
        PieceUnloaded(RunPieceUnloaded),
        Departed(RunDeparted),
        PieceDelivered(RunPieceDelivered),
        PieceFailed(RunPieceFailed),
        PieceReturned(RunPieceReturned),
        PieceLost(RunPieceLost),
        PieceReopened(RunPieceReopened),
        StopDone(RunStopDone),
        StopFailed(RunStopFailed),
        Closed(RunClosed),
        Cancelled(RunCancelled),
    }
}

/// One door of a run, and the pieces for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stop {
    /// The door.
    pub door: Door,
    /// Its pieces, at least one.
    pub parcels: Vec<ParcelId>,
}

/// A courier's trip was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPlanned {
    /// The grid that it serves, and no other.
    pub grid: GridId,
    /// The community's day.
    pub day: Date,
    /// When the courier may start, in the community's local time.
    pub opens: Time,
    /// When every door must have its pieces, in the community's local time.
    pub closes: Time,
    /// What the trip carries at most.
    pub limit: Load,
    /// The stops in the order of the way; none when pieces are put on as they come.
    pub stops: Vec<Stop>,
    /// Whether it goes into a zone that only people with protection may enter.
    pub needs_protection: bool,
}

/// A volunteer was asked to make the trip. A later offer takes the place of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunOffered {
    /// Who was asked.
    pub volunteer: VolunteerId,
}

/// The volunteer makes the trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunAccepted {
    /// The courier.
    pub volunteer: VolunteerId,
}

/// The volunteer does not make the trip after all; it waits for another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunHandedBack {
    /// Who gave it back.
    pub volunteer: VolunteerId,
}

/// The courier took a piece over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPieceLoaded {
    /// The piece.
    pub parcel: ParcelId,
    /// What it adds to the load.
    pub load: Load,
    /// The door it goes to; a door that was not planned becomes the last stop.
    pub door: Door,
}

/// The courier put a piece back before he left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPieceUnloaded {
    /// The piece.
    pub parcel: ParcelId,
}

/// The courier counted the pieces and left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunDeparted {
    /// The pieces, as counted by hand.
    pub counted_pieces: u32,
}

/// A piece was left with its household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPieceDelivered {
    /// The piece.
    pub parcel: ParcelId,
}

/// A piece could not be left; the courier still has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPieceFailed {
    /// The piece.
    pub parcel: ParcelId,
    /// Why.
    pub reason: FailureReason,
}

/// A piece came back to the intake point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPieceReturned {
    /// The piece.
    pub parcel: ParcelId,
}

/// A piece is lost: nobody looks for it any longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPieceLost {
    /// The piece.
    pub parcel: ParcelId,
}

/// A delivery or a loss was taken back: the courier has the piece again, and a closed run is open
/// again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPieceReopened {
    /// The piece.
    pub parcel: ParcelId,
}

/// Every piece of the stop was left there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunStopDone {
    /// The stop's door.
    pub door: Door,
}

/// Nothing of the stop waits for a first attempt any more, and at least one piece was not left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunStopFailed {
    /// The stop's door.
    pub door: Door,
}

/// The courier is back and every piece is accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunClosed {
    /// The pieces that he brought back, as counted by hand.
    pub counted_back: u32,
}

/// Why a run does not take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunCancelReason {
    /// Nobody could make the trip.
    NoCourier,
    /// The zone is closed.
    ZoneClosed,
    /// Another plan takes its place.
    Replanned,
    /// Its pieces did not come, or went another way.
    NothingToCarry,
}

/// The run does not take place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunCancelled {
    /// Why.
    pub reason: RunCancelReason,
}
