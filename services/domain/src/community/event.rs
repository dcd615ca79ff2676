//! What can happen to a community's layout, zones and rules.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Door, PlanPoint, Unit};
use crate::event::events;
use crate::ids::{BuildingId, GateId, GridId, UnitId, ZoneId};
use crate::supply::{Category, DisinfectionRule, Load};

events! {
    /// Everything that can happen to a community.
    pub enum CommunityEvent {
        Registered(CommunityRegistered),
        GateOpened(GateOpened),
        IntakePointSet(IntakePointSet),
        GridDrawn(GridDrawn),
        BuildingDescribed(BuildingDescribed),
        BuildingAssigned(BuildingAssigned),
        ZoneDrawn(ZoneDrawn),
        ZoneStateChanged(ZoneStateChanged),
        WindowPolicySet(WindowPolicySet),
        DisinfectionPolicySet(DisinfectionPolicySet),
        TripLimitSet(TripLimitSet),
        AliasAdded(AliasAdded),
    }
}

/// The language that the community speaks by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub enum Language {
    /// Chinese.
    #[default]
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// The community is known to the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommunityRegistered {
    /// Its name, as its people write it.
    pub name: String,
    /// Its IANA time zone, such as `Asia/Shanghai`; windows are local times in it.
    pub time_zone: String,
    /// The language it speaks by default.
    pub language: Language,
}

/// A gate exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GateOpened {
    /// The gate.
    pub gate: GateId,
}

/// Supplies come in here and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntakePointSet {
    /// The gate where the intake point is.
    pub gate: GateId,
}

/// The colour of a grid on screens, labels and carts. Never shown without its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GridColour {
    /// 红
    Red,
    /// 橙
    Orange,
    /// 黄
    Yellow,
    /// 绿
    Green,
    /// 青
    Teal,
    /// 蓝
    Blue,
    /// 紫
    Purple,
    /// 粉
    Pink,
    /// 棕
    Brown,
    /// 灰
    Grey,
}

/// A grid exists, or has another colour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GridDrawn {
    /// The grid.
    pub grid: GridId,
    /// Its colour.
    pub colour: GridColour,
}

/// A building exists, or is described anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildingDescribed {
    /// The building.
    pub building: BuildingId,
    /// Its units, at least one.
    pub units: Vec<Unit>,
    /// Whether it has a lift; without one it is a walk-up.
    pub lift: bool,
    /// Where it stands on the compound's plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<PlanPoint>,
}

/// A building belongs to a grid from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildingAssigned {
    /// The building.
    pub building: BuildingId,
    /// The grid.
    pub grid: GridId,
}

/// A zone covers these buildings from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneDrawn {
    /// The zone.
    pub zone: ZoneId,
    /// Its buildings.
    pub buildings: BTreeSet<BuildingId>,
}

/// The restriction that a zone is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Restriction {
    /// Deliveries go in.
    #[default]
    Open,
    /// Everybody is at the test point; no delivery goes in.
    Testing,
    /// Only runs with protection go in.
    Sealed,
}

/// A zone is under a restriction, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneStateChanged {
    /// The zone.
    pub zone: ZoneId,
    /// The restriction.
    pub restriction: Restriction,
    /// From when on.
    pub from: Timestamp,
    /// Until when; `None` is until the next change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A time of day in which a category is delivered, in the community's local time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// When couriers may start.
    pub opens: Time,
    /// When every door must have its pieces.
    pub closes: Time,
    /// Pieces that are in by then go in this window.
    pub cut_off: Time,
}

/// A category is delivered in these windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WindowPolicySet {
    /// The category.
    pub category: Category,
    /// The day's windows, earliest first, not overlapping.
    pub windows: Vec<Window>,
    /// Pieces go up at once, outside any window, while at most this many wait at the gate; `None`
    /// is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immediate_up_to_pieces: Option<u32>,
}

/// A category is disinfected like this, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisinfectionPolicySet {
    /// The category.
    pub category: Category,
    /// How; `None` is not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<DisinfectionRule>,
}

/// One trip carries at most this, unless its run says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TripLimitSet {
    /// The limit.
    pub limit: Load,
}

/// What a text in an address means here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AliasTarget {
    /// A building.
    Building(BuildingId),
    /// A unit of a building.
    Unit(BuildingId, UnitId),
    /// One door.
    Door(Door),
}

/// People call a place by another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AliasAdded {
    /// The text, as it is written.
    pub text: String,
    /// What it means.
    pub target: AliasTarget,
}
