//! What can happen to a parcel, and the facts that each happening carries.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Door, Recipient};
use crate::event::events;
use crate::hex::hex_value;
use crate::ids::{
    ActorId, BuildingId, ContainerId, GateId, GridId, OrderId, RecallId, RunId, ShelfCode, Waybill,
    ZoneId,
};
use crate::sealed::Sealed;
use crate::supply::{Category, Cold, DisinfectionRule, SizeClass};

events! {
    /// Everything that can happen to a parcel.
    pub enum ParcelEvent {
        Expected(ParcelExpected),
        OrderMatched(ParcelOrderMatched),
        Arrived(ParcelArrived),
        ArrivalUndone(ParcelArrivalUndone),
        Held(ParcelHeld),
        Identified(ParcelIdentified),
        DisinfectionStarted(ParcelDisinfectionStarted),
        Disinfected(ParcelDisinfected),
        Sorted(ParcelSorted),
        Loaded(ParcelLoaded),
        Unloaded(ParcelUnloaded),
        Relayed(ParcelRelayed),
        HandedOff(ParcelHandedOff),
        DeliveryFailed(ParcelDeliveryFailed),
        Returned(ParcelReturned),
        Refused(ParcelRefused),
        Damaged(ParcelDamaged),
        Missing(ParcelMissing),
        Found(ParcelFound),
        Recalled(ParcelRecalled),
        RecallLifted(ParcelRecallLifted),
        Disposed(ParcelDisposed),
        KeptOvernight(ParcelKeptOvernight),
        Reopened(ParcelReopened),
        LateScanNoted(ParcelLateScanNoted),
        Disputed(ParcelDisputed),
        DisputeSettled(ParcelDisputeSettled),
        Photographed(ParcelPhotographed),
    }
}

/// Which piece of a waybill this is: 2 of 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Piece {
    /// Counted from 1.
    pub number: u16,
    /// How many pieces the waybill covers.
    pub of: u16,
}

/// A merchant, a leader or an order announced the piece before it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelExpected {
    /// The waybill that it will carry.
    pub waybill: Waybill,
    /// Which piece of the waybill.
    pub piece: Piece,
    /// What is inside.
    pub category: Category,
    /// The order that it fulfils.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// For whom, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Recipient>,
}

/// The announcement of an order came after the piece: it is that order's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelOrderMatched {
    /// The order that it fulfils.
    pub order: OrderId,
}

/// The intake point took the piece over from whoever brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelArrived {
    /// Carrier and number.
    pub waybill: Waybill,
    /// Which piece of the waybill.
    pub piece: Piece,
    /// Which life of a number that carriers use again: 0, then 1, …
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generation: u16,
    /// The gate it came through.
    pub gate: GateId,
    /// What is inside.
    pub category: Category,
    /// The table or cart that it was put on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerId>,
    /// How big it is.
    pub size: SizeClass,
    /// How cold it must be kept.
    #[serde(default, skip_serializing_if = "is_ambient")]
    pub cold: Cold,
    /// Its weight in grams, where somebody weighed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// The order that it fulfils.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// For whom; `None` when the address told nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Recipient>,
    /// The last digits of the phone on the label, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_tail: Option<Sealed>,
    /// Who sent it, sealed; the sender is not the recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Sealed>,
    /// The disinfection that the community's policy asked for at this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disinfection: Option<DisinfectionRule>,
    /// It was taken for a recipient who could not be reached; it is handed over in person.
    #[serde(default, skip_serializing_if = "is_false")]
    pub on_behalf: bool,
}

/// The arrival was scanned by mistake: the piece stands where it stood before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelArrivalUndone {}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(on_behalf: &bool) -> bool {
    !on_behalf
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(generation: &u16) -> bool {
    *generation == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_ambient(cold: &Cold) -> bool {
    *cold == Cold::Ambient
}

/// Why a piece waits apart from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Nobody could tell from the label for whom it is.
    UnknownRecipient,
}

/// The piece was put apart; the line went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelHeld {
    /// Why.
    pub reason: HoldReason,
}

/// Somebody found out for whom a held piece is, or corrected it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelIdentified {
    /// For whom.
    pub recipient: Recipient,
}

/// The agent is on the piece and acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelDisinfectionStarted {
    /// How.
    pub rule: DisinfectionRule,
    /// The moment before which the piece must not leave.
    pub until: Timestamp,
    /// The table or cart that was treated as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerId>,
}

/// The act time has run and somebody confirmed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelDisinfected {}

/// The piece lies on the shelf of its building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelSorted {
    /// The grid that its building belonged to at this moment.
    pub grid: GridId,
    /// The building.
    pub building: BuildingId,
    /// The shelf.
    pub shelf: ShelfCode,
}

/// A courier took the piece over for a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelLoaded {
    /// The run.
    pub run: RunId,
}

/// The piece was put back before the run departed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelUnloaded {
    /// The run that it left.
    pub run: RunId,
}

/// The piece was set down at the foot of its building, for the last part of the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelRelayed {
    /// The run that brought it.
    pub run: RunId,
    /// The building.
    pub building: BuildingId,
    /// The zone that was closed when the engine learned of it: it may have closed since it
    /// happened. A person should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_zone: Option<ZoneId>,
}

/// How far the piece was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryLevel {
    /// To the door.
    #[default]
    Door,
    /// To the foot of the building.
    BuildingFoot,
    /// The household fetched it at the intake point.
    Pickup,
}

/// Who took the piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// It was left at the door; nobody met.
    LeftAtDoor,
    /// Somebody of the household.
    Resident,
    /// A neighbour.
    Neighbour,
    /// The guard of the building.
    Guard,
}

/// The last custody change: the household has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelHandedOff {
    /// The run that brought it; `None` for a pickup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The door.
    pub door: Door,
    /// How far it was brought.
    pub level: DeliveryLevel,
    /// Who took it.
    pub received_by: Receiver,
    /// When the engine learned of it.
    pub at: Timestamp,
    /// The zone that was closed when the engine learned of it: it may have closed since it
    /// happened. A person should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_zone: Option<ZoneId>,
}

/// Why a piece could not be left at its door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// Nobody answered, and it cannot be left.
    NoAnswer,
    /// The household does not live behind this door.
    WrongDoor,
    /// It is damaged, or something is missing in it.
    DamagedOrShort,
    /// The household does not want it.
    Refused,
    /// The zone was closed on the way.
    ZoneClosed,
}

/// An attempt at the door that failed; the courier still has the piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelDeliveryFailed {
    /// The run.
    pub run: RunId,
    /// Why.
    pub reason: FailureReason,
}

/// The courier brought the piece back to the intake point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelReturned {
    /// The run that it came back from.
    pub run: RunId,
    /// The shelf where it waits for the next attempt.
    pub shelf: ShelfCode,
}

/// Why the intake point gave a piece back to its carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// Not for this community.
    NotOurs,
    /// The recipient does not want it.
    RecipientRefused,
    /// Damaged beyond use.
    Damaged,
    /// Not allowed in.
    Prohibited,
    /// It would spoil before it could be delivered.
    WouldSpoil,
}

/// The piece went back to its carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelRefused {
    /// Why.
    pub reason: RefusalReason,
    /// When the engine learned of it.
    pub at: Timestamp,
}

/// Somebody saw damage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelDamaged {
    /// Whether it can be delivered all the same.
    pub usable: bool,
}

/// The piece is not where it should be. Whoever had it answers for it until it is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelMissing {}

/// A missing piece was met again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelFound {}

/// The piece must not go on: its source, hub or batch is called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelRecalled {
    /// The recall's name.
    pub recall: RecallId,
}

/// A recall is over; the piece may go on once no other one holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelRecallLifted {
    /// The recall's name.
    pub recall: RecallId,
}

/// Why a piece was thrown away, or written off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisposalReason {
    /// It spoiled, or would have overnight.
    Spoiled,
    /// Damaged beyond use.
    Damaged,
    /// Recalled.
    Recalled,
    /// Nobody claimed it.
    Unclaimed,
    /// It is missing, and nobody looks for it any longer.
    Lost,
}

/// The piece was thrown away, or written off where it was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelDisposed {
    /// Why.
    pub reason: DisposalReason,
    /// The run that had it; a piece that is not at the intake point can only be lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// When the engine learned of it.
    pub at: Timestamp,
}

/// Why a piece stays at the intake point overnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OvernightReason {
    /// For whom it is could not be found out today.
    UnknownRecipient,
    /// Nobody took it at the door.
    NobodyHome,
    /// The zone of its building is closed.
    ZoneClosed,
    /// It came too late for the last wave.
    ArrivedLate,
    /// There were too few hands.
    NoCourier,
    /// Damage, dispute or recall is still to be settled.
    ToBeSettled,
}

/// The evening's close left the piece on the shelf, for a reason and with an owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelKeptOvernight {
    /// The community's day that ended.
    pub day: Date,
    /// Why.
    pub reason: OvernightReason,
    /// Who takes care of it tomorrow.
    pub owner: ActorId,
}

/// Why a closed parcel was opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReopenReason {
    /// The wrong button, undone.
    Mistake,
    /// It was left at the wrong door and fetched back.
    WrongDoor,
    /// The household says that it never came.
    NotReceived,
    /// Its carrier brought it again after it had been given back; it is disinfected anew.
    BroughtAgain,
}

/// An end was taken back; whoever had the piece before has it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelReopened {
    /// Why.
    pub reason: ReopenReason,
}

/// A scan that arrived after the parcel had moved on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LateScan {
    /// It had been set down at the building's foot.
    Relayed,
    /// An attempt at the door had failed.
    Failed,
}

/// A late scan filled in history; it lowered no status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelLateScanNoted {
    /// What the scan told.
    pub scan: LateScan,
}

hex_value! {
    /// A picture, by the BLAKE3 hash of its bytes: 32 bytes, written as 64 lower-case hexadecimal
    /// digits.
    pub struct PhotoHash([u8; 32]);
}

/// What a picture of a piece shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhotoKind {
    /// Its label.
    Label,
    /// What is damaged.
    Damage,
    /// The piece where it was left, in place of a signature.
    AtDoor,
}

/// Somebody took a picture of the piece. The picture itself lies sealed beside the log and is
/// thrown away after its time; this fact of it stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelPhotographed {
    /// The picture.
    pub photo: PhotoHash,
    /// What it shows.
    pub kind: PhotoKind,
    /// How many bytes it has.
    pub size_bytes: u32,
}

/// How a parcel's way ended, as one side says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It was left with the household.
    HandedOff,
    /// It was brought back to the intake point.
    Returned,
    /// The household says that it never came.
    NotReceived,
    /// Its carrier got it back.
    GivenBack,
    /// It was thrown away or written off.
    Disposed,
}

/// One end that was told after another one had been recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// How its way ended, by this account.
    pub end: End,
    /// The run that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

/// Contradictory ends: all facts stay until somebody settles it. Another claim about the same piece
/// joins the dispute that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelDisputed {
    /// What had been recorded.
    pub recorded: End,
    /// What was said afterwards.
    pub claimed: End,
    /// The run that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

/// Somebody settled a dispute; it names every side and which of them holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParcelDisputeSettled {
    /// What had been recorded.
    pub recorded: End,
    /// What was said afterwards, the first claim first.
    pub claims: Vec<Claim>,
    /// Which of these ends is true.
    pub truth: End,
    /// When the engine learned of it.
    pub at: Timestamp,
}
