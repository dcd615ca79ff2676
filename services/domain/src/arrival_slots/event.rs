//! What can happen to the arrival slots of a day, and the facts that each happening carries.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::ids::{ArrivalLabel, SlotId};
use crate::supply::Category;

events! {
    /// Everything that can happen to the arrival slots of a day.
    pub enum ArrivalSlotsEvent {
        Booked(ArrivalSlotBooked),
        Moved(ArrivalSlotMoved),
        Withdrawn(ArrivalSlotWithdrawn),
        Arrived(ArrivalSlotArrived),
        Missed(ArrivalSlotMissed),
        Reopened(ArrivalSlotReopened),
        MovedHere(ArrivalSlotMovedHere),
        MovedAway(ArrivalSlotMovedAway),
    }
}

/// Who brings a delivery to the intake point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalParty {
    /// A merchant's own truck (商户).
    Merchant,
    /// The source of a group buy, booked by its leader (团购).
    Leader,
    /// A carrier with parcels of many senders (快递).
    Carrier,
    /// A truck with relief goods (救助物资).
    Relief,
}

/// A delivery comes to the intake point in this hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalSlotBooked {
    /// The slot.
    pub slot: SlotId,
    /// When its hour begins.
    pub from: Timestamp,
    /// Who brings it.
    pub party: ArrivalParty,
    /// What people at the gate know it by, such as `永辉超市` or `10栋蔬菜团`: 1 to 40 characters,
    /// never a person's name or phone.
    pub label: ArrivalLabel,
    /// How many pieces it brings, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pieces: Option<u32>,
    /// What it brings, where that is one category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
}

/// It comes in another hour of the same day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalSlotMoved {
    /// The slot.
    pub slot: SlotId,
    /// When its hour begins now.
    pub from: Timestamp,
}

/// It does not come on this day; its place is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalSlotWithdrawn {
    /// The slot.
    pub slot: SlotId,
}

/// It came to the gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalSlotArrived {
    /// The slot.
    pub slot: SlotId,
}

/// Its hour went by and it did not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalSlotMissed {
    /// The slot.
    pub slot: SlotId,
}

/// It was marked as come, or as not come, by mistake: it is expected again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalSlotReopened {
    /// The slot.
    pub slot: SlotId,
}

/// A delivery that was booked on another day comes on this one, under the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalSlotMovedHere {
    /// The slot; it had this name on the other day too.
    pub slot: SlotId,
    /// The day on which it was booked before.
    pub from_day: Date,
    /// When its hour begins now.
    pub from: Timestamp,
    /// Who brings it.
    pub party: ArrivalParty,
    /// What people at the gate know it by.
    pub label: ArrivalLabel,
    /// How many pieces it brings, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pieces: Option<u32>,
    /// What it brings, where that is one category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
}

/// It comes on another day, where it has a place already; its place here is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalSlotMovedAway {
    /// The slot.
    pub slot: SlotId,
    /// The day on which it comes.
    pub to_day: Date,
}
