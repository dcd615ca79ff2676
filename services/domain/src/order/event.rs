//! What can happen to an order, and the facts that each happening carries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::ids::{ActorId, HouseholdId, ParcelId};
use crate::supply::Category;

events! {
    /// Everything that can happen to an order.
    pub enum OrderEvent {
        Placed(OrderPlaced),
        ParcelAdded(OrderParcelAdded),
        PieceHandedOff(OrderPieceHandedOff),
        PieceReopened(OrderPieceReopened),
        MarkedShort(OrderMarkedShort),
        PiecesCorrected(OrderPiecesCorrected),
        Fulfilled(OrderFulfilled),
        Reopened(OrderReopened),
        Cancelled(OrderCancelled),
        UrgencySet(OrderUrgencySet),
    }
}

/// The way on which an order came.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The household ordered from a shop's own site or chat (网购).
    Online,
    /// A leader collected it for a group buy (团购).
    GroupBuy,
    /// A volunteer bought it nearby on request (代购).
    Proxy,
    /// It was given in a ration round (救济).
    Relief,
    /// The household called (电话).
    Phone,
}

/// One thing that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderLine {
    /// What it is, as people wrote it: 1 to 100 characters.
    pub item: String,
    /// How it is delivered.
    pub category: Category,
    /// How many of it, in its usual unit; at least one.
    pub quantity: u32,
}

/// A household asked for something, or somebody did on its behalf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPlaced {
    /// The way on which it came.
    pub channel: Channel,
    /// For whom.
    pub household: HouseholdId,
    /// Who placed it: the household itself, or the volunteer who was told.
    pub placed_by: ActorId,
    /// What was asked for.
    pub lines: Vec<OrderLine>,
    /// In how many pieces it is expected to come.
    pub pieces: u16,
    /// Its pieces are needed at once, whatever is inside and whichever window is open.
    #[serde(default, skip_serializing_if = "is_false")]
    pub urgent: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(urgent: &bool) -> bool {
    !urgent
}

/// A piece belongs to the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderParcelAdded {
    /// The piece.
    pub parcel: ParcelId,
}

/// A piece of the order reached its household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPieceHandedOff {
    /// The piece.
    pub parcel: ParcelId,
}

/// The hand-off of a piece was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPieceReopened {
    /// The piece.
    pub parcel: ParcelId,
}

/// Some of a line does not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderMarkedShort {
    /// The line, counted from 1.
    pub line: u16,
    /// How much of its quantity is missing altogether; 0 when all of it turned up.
    pub missing: u32,
}

/// The order comes in another number of pieces than was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPiecesCorrected {
    /// In how many pieces it comes.
    pub pieces: u16,
}

/// Every piece of the order reached its household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderFulfilled {}

/// An order that was fulfilled waits for a piece again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderReopened {}

/// Why an order is not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderCancelReason {
    /// The household changed its mind.
    HouseholdWish,
    /// Nobody had it.
    SoldOut,
    /// It cannot come in time, or at all.
    NotDeliverable,
    /// It was placed twice.
    Duplicate,
}

/// The order is not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCancelled {
    /// Why.
    pub reason: OrderCancelReason,
}

/// The order became urgent after it was placed, or can wait after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderUrgencySet {
    /// Whether its pieces are needed at once.
    pub urgent: bool,
}
