//! Scans: what people at the gate, at the shelf and on the stairs tell the engine.

use domain::address::Door;
use domain::ids::{
    ActorId, BuildingId, CarrierId, ContainerId, GateId, GridId, HouseholdId, OrderId, RecallId,
    RunId, ShelfCode,
};
use domain::parcel::event::{
    DeliveryLevel, DisposalReason, End, FailureReason, OvernightReason, Piece, Receiver,
    RefusalReason, ReopenReason,
};
use domain::supply::{Category, Cold, SizeClass};
use serde::Serialize;

use crate::problem::Problem;

/// The most pieces that one scan of a table or cart may stand for.
pub const CONTAINER_PIECES_MAX: usize = 500;

/// One scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Scan {
    /// A piece is announced.
    Expect(Box<ArriveScan>),
    /// A piece came in.
    Arrive(Box<ArriveScan>),
    /// A piece was scanned in by mistake.
    UndoArrival(PieceRef),
    /// Somebody found out for whom a piece is.
    Identify(PieceRef, Destination),
    /// The agent is on a piece, or on all pieces of a table or cart.
    StartDisinfection(Target),
    /// The act time has run.
    StopDisinfection(Target),
    /// A piece lies on its shelf.
    Sort(PieceRef, Option<ShelfCode>, Option<GridId>),
    /// A courier took a piece.
    Load(PieceRef, RunId),
    /// A piece was put back before the run left.
    Unload(PieceRef, Option<RunId>),
    /// A run leaves with so many pieces.
    Depart(RunId, u32),
    /// A piece stands at a building's foot.
    Relay(PieceRef, Option<RunId>, Option<BuildingId>),
    /// A piece was left with its household.
    HandOff(PieceRef, HandOffScan),
    /// An attempt at the door failed.
    Fail(PieceRef, Option<RunId>, FailureReason),
    /// A piece is back at the intake point; from this run, on this shelf.
    Return(PieceRef, Option<RunId>, Option<ShelfCode>),
    /// A piece went back to its carrier.
    Refuse(PieceRef, RefusalReason),
    /// A hand-off or refusal is taken back.
    Reopen(PieceRef, ReopenReason),
    /// A piece is damaged; whether it is usable all the same.
    Damage(PieceRef, bool),
    /// A piece is not where it should be.
    Missing(PieceRef),
    /// A missing piece was met again.
    Found(PieceRef),
    /// A piece is called back.
    Recall(PieceRef, RecallId),
    /// A recall of a piece is over.
    LiftRecall(PieceRef, RecallId),
    /// A piece was thrown away.
    Dispose(PieceRef, DisposalReason),
    /// A piece stays overnight; why, and who takes care of it.
    KeepOvernight(PieceRef, OvernightReason, ActorId),
    /// Which of two contradictory ends is true.
    SettleDispute(PieceRef, End),
    /// The scan's fields did not make sense, for this reason; it only uses up its number.
    Invalid(Problem),
}

/// What a piece is named by: our own label, or a waybill number with its carrier where the number
/// alone leads to several pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PieceRef {
    /// The code as it was scanned or typed.
    pub code: String,
    /// Who printed it.
    pub carrier: Option<CarrierId>,
    /// Which piece of the waybill, where it covers several.
    pub piece: Option<u16>,
}

/// One piece, or all on a table or cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Target {
    /// One piece.
    Piece(PieceRef),
    /// All pieces on it.
    Container(ContainerId),
}

/// For whom a piece is, as far as the label tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Destination {
    /// The household, where it is known.
    pub household: Option<HouseholdId>,
    /// The door, where it is known.
    pub door: Option<Door>,
    /// The address as written or shouted.
    pub address: Option<String>,
    /// The last digits of the phone on the label; without them, those in the address.
    pub phone_tail: Option<String>,
    /// The recipient's name on the label. It is looked for and never stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A piece that comes in or is announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArriveScan {
    /// The waybill's code; `None` gives the piece a code of our own.
    pub code: Option<String>,
    /// Who printed it.
    pub carrier: Option<CarrierId>,
    /// Which piece of how many.
    pub piece: Piece,
    /// The gate; `None` is the intake point's.
    pub gate: Option<GateId>,
    /// The table or cart that it is put on.
    pub container: Option<ContainerId>,
    /// What is inside; `None` is what was announced, or else parcel goods.
    pub category: Option<Category>,
    /// How big it is.
    pub size: SizeClass,
    /// How cold it must be kept.
    pub cold: Cold,
    /// Its weight in grams.
    pub weight_grams: Option<u32>,
    /// The order that it fulfils.
    pub order: Option<OrderId>,
    /// For whom.
    pub destination: Destination,
    /// Who sent it.
    pub sender: Option<String>,
    /// It is taken for a recipient who cannot be reached.
    pub on_behalf: bool,
}

/// A piece that was left with its household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandOffScan {
    /// The run; `None` is the one that has the piece, or none for a pickup.
    pub run: Option<RunId>,
    /// The door where the courier stands; `None` is the recipient's.
    pub door: Option<Door>,
    /// How far it was brought.
    pub level: DeliveryLevel,
    /// Who took it.
    pub received_by: Receiver,
}
