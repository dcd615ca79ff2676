//! What can happen to a household, and the facts that each happening carries.

use std::collections::BTreeSet;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Door;
use crate::community::event::Language;
use crate::event::events;
use crate::hex::hex_value;
use crate::ids::ActorId;
use crate::sealed::Sealed;

events! {
    /// Everything that can happen to a household.
    pub enum HouseholdEvent {
        Registered(HouseholdRegistered),
        DoorsSet(HouseholdDoorsSet),
        HeadCountProposed(HouseholdHeadCountProposed),
        HeadCountConfirmed(HouseholdHeadCountConfirmed),
        StatusSet(HouseholdStatusSet),
        ReachSet(HouseholdReachSet),
        DietSet(HouseholdDietSet),
        NeedsSet(HouseholdNeedsSet),
        ContactSet(HouseholdContactSet),
        Erased(HouseholdErased),
    }
}

/// People who eat together are known to the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdRegistered {
    /// Its doors: one, or up to four when it lives in several rooms. Other households may live
    /// behind the same ones.
    pub doors: BTreeSet<Door>,
    /// The language it speaks.
    pub language: Language,
    /// Whether it can only be reached by an ordinary telephone call.
    pub phone_only: bool,
}

/// The household lives behind these doors from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdDoorsSet {
    /// Its doors, one to four.
    pub doors: BTreeSet<Door>,
}

/// Somebody counted another number of people than is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdHeadCountProposed {
    /// How many people eat together.
    pub people: u16,
    /// Who says so.
    pub proposed_by: ActorId,
    /// The community's day on which it was counted.
    pub proposed_on: Date,
}

/// The number of people was confirmed: it is what a ration round goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdHeadCountConfirmed {
    /// How many people eat together.
    pub people: u16,
    /// Who confirmed it.
    pub confirmed_by: ActorId,
    /// The community's day on which it was confirmed.
    pub confirmed_on: Date,
}

/// How a household lives now, as far as delivery cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HouseholdStatus {
    /// It lives there, or has returned.
    Living,
    /// Nobody lives there.
    Vacant,
    /// It must not leave its door: three meals a day are brought.
    Isolated,
    /// It lives there and is elsewhere for now.
    Away,
}

/// The household lives like this from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdStatusSet {
    /// How.
    pub status: HouseholdStatus,
    /// The community's day on which that began.
    pub since: Date,
}

/// In which language and by what the household is reached from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdReachSet {
    /// The language it speaks.
    pub language: Language,
    /// Whether it can only be reached by an ordinary telephone call.
    pub phone_only: bool,
}

/// A diet that supplies are packed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Diet {
    /// 普通
    Ordinary,
    /// 清真
    Halal,
    /// 素食
    Vegetarian,
    /// 低糖
    LowSugar,
    /// 低盐
    LowSalt,
    /// 软食: for those who cannot chew.
    SoftFood,
    /// 婴儿: formula and baby food besides.
    Infant,
    /// 西餐: bread and dairy in place of rice and noodles.
    Western,
}

/// What the household eats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdDietSet {
    /// The diet; `None` when nobody has asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diet: Option<Diet>,
}

/// What a delivery must take into account: a capability, never a diagnosis.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CapabilityNeed {
    /// Nobody can come down: bring it to the door.
    CannotComeDown,
    /// Nobody can lift it: carry it inside the door.
    CannotCarry,
    /// Nobody hears a knock: call or use the light.
    CannotHearKnock,
    /// Nobody can read a notice: tell it.
    CannotReadNotice,
    /// What must stay cold has to come at once.
    NeedsFridge,
    /// Oxygen is brought, and bottles are fetched.
    NeedsOxygen,
    /// Medicine is brought regularly.
    NeedsMedicine,
    /// Somebody has to interpret.
    NeedsInterpreter,
    /// Somebody calls every day.
    NeedsDailyCall,
    /// It is served at its own door by one and the same volunteer.
    NeedsOneToOne,
}

/// What deliveries to the household must take into account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdNeedsSet {
    /// All of it.
    pub needs: BTreeSet<CapabilityNeed>,
}

hex_value! {
    /// A blind index of a phone's last digits: 8 bytes, written as 16 lower-case hexadecimal
    /// digits. Equal digits give equal tokens; nobody without the key can go back.
    pub struct TailToken([u8; 8]);
}

hex_value! {
    /// A blind index of a name, or of a family name: 8 bytes, written as 16 lower-case hexadecimal
    /// digits. Equal names give equal tokens; nobody without the key can go back.
    pub struct NameToken([u8; 8]);
}

/// Whom to ask for and how to reach them, sealed with the household's own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdContactSet {
    /// The name, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Sealed>,
    /// The phone number, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Sealed>,
    /// A note about the household, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
    /// The last digits of its phones, so that a label finds it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub phone_tail_tokens: BTreeSet<TailToken>,
    /// The names that its parcels bear, so that a label finds it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub name_tokens: BTreeSet<NameToken>,
}

/// The household's key was deleted: nobody can read its personal data again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdErased {}
