//! What can happen to a run, and the facts that each happening carries.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Door;
use crate::event::events;
use crate::ids::{BuildingId, CommandId, GridId, ParcelId, PathId, VolunteerId, ZoneId};
use crate::parcel::event::{DeliveryLevel, FailureReason};
use crate::supply::{Effort, Load};

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
        Replanned(RunReplanned),
        SheetSeen(RunSheetSeen),
        BuildingPaused(RunBuildingPaused),
        BuildingResumed(RunBuildingResumed),
        HopCounted(RunHopCounted),
        SlipPrinted(RunSlipPrinted),
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
    /// Whether it carries a piece that needs two people.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_two: bool,
    /// How far its pieces are brought.
    #[serde(default, skip_serializing_if = "is_to_the_door")]
    pub level: DeliveryLevel,
    /// The wave that it belongs to; `None` when a person planned it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<RunWave>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_to_the_door(level: &DeliveryLevel) -> bool {
    *level == DeliveryLevel::Door
}

/// Why pieces leave now and not later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaveTrigger {
    /// There is medicine among them, or something else that must not wait.
    Urgent,
    /// So many were ready that a cart is full.
    CartFull,
    /// The window closes soon.
    WindowCloses,
    /// One of them has waited as long as the policy lets it.
    Waited,
    /// It is quiet at the gate, so that everything goes up at once.
    Quiet,
    /// They would spoil if they waited for a window.
    WouldSpoil,
    /// Somebody asked for a plan.
    Asked,
}

/// The departure that a run belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunWave {
    /// Which wave of the day, counted from 1.
    pub number: u32,
    /// Why it leaves now.
    pub trigger: WaveTrigger,
}

/// A volunteer was asked to make the trip. A later offer takes the place of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunOffered {
    /// Who was asked.
    pub volunteer: VolunteerId,
    /// Who goes along, where two people are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helper: Option<VolunteerId>,
    /// Why these and no others; `None` when a person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<AssignmentReason>,
}

/// What spoke for a volunteer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentCause {
    /// Nobody else could make the trip.
    OnlyOne,
    /// The volunteer is the regular one of a building on the way.
    KeepsBuilding(BuildingId),
    /// Nobody who could make the trip has climbed less.
    ClimbedLeast,
    /// Those who have climbed less cannot carry as much or climb as high.
    CarriesIt,
    /// The trip goes into a sealed zone, and the volunteer has protection.
    HasProtection,
    /// So many others were asked before and did not take it.
    AskedAfter(u32),
    /// Nobody on duty could make the trip.
    EmergencyPool,
}

/// Why a volunteer was asked, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssignmentReason {
    /// What spoke for the volunteer, the weightiest first.
    pub because: Vec<AssignmentCause>,
    /// How many could have made the trip, this one included.
    pub candidates: u32,
    /// What the trip costs.
    pub trip: Effort,
    /// What the volunteer had climbed and carried before, in the days that count.
    pub before: Effort,
    /// What those who could have made the trip had climbed and carried before, on average.
    pub mean_before: Effort,
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

/// Why a run's stops are not what they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplanReason {
    /// A zone on the way closed.
    ZoneClosed(ZoneId),
    /// Pieces are not there any more: recalled, missing, damaged, or for another door.
    PiecesGone,
    /// A path on the way is blocked.
    PathBlocked(PathId),
    /// A path on the way can be walked again.
    PathCleared(PathId),
    /// A person changed it.
    ByHand,
}

/// The stops are these from now on; what the courier has seen is out of date until it is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunReplanned {
    /// Every stop in the order of the way, those that are done included.
    pub stops: Vec<Stop>,
    /// Why.
    pub reason: ReplanReason,
}

/// The courier has seen the run sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSheetSeen {
    /// Which edition: 1 as it was planned, one more with each change.
    pub sheet: u32,
}

/// The courier leaves a building out for now: its zone is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunBuildingPaused {
    /// The building.
    pub building: BuildingId,
    /// The zone that is closed.
    pub zone: ZoneId,
    /// Until when, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The courier may go to a building again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunBuildingResumed {
    /// The building.
    pub building: BuildingId,
}

/// A place on the way where pieces are counted. At the gate they are counted at the departure.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// Where the cart stands in its grid.
    GridCart,
    /// The foot of a building.
    BuildingFoot(BuildingId),
}

/// Somebody counted the pieces at a hop; how many there should be follows from the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunHopCounted {
    /// Where.
    pub hop: Hop,
    /// The pieces, as counted by hand.
    pub counted_pieces: u32,
}

/// A slip was printed for whoever makes the trip; it opens the run sheet, and no earlier slip does
/// any longer. What is printed on it follows from the community's key and is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSlipPrinted {
    /// The slip: the command by which somebody asked for it.
    pub slip: CommandId,
}
