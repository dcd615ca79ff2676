//! What can happen to a community's layout, zones and rules.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Door, PlanPoint, Unit};
use crate::event::events;
use crate::ids::{BuildingId, CrossingId, GateId, GridId, PathId, UnitId, ZoneId};
use crate::parcel::event::DeliveryLevel;
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
        GatePlaced(GatePlaced),
        EntrancePlaced(EntrancePlaced),
        PathsDrawn(PathsDrawn),
        PathBlocked(PathBlocked),
        PathCleared(PathCleared),
        PlanningPolicySet(PlanningPolicySet),
        DeliveryPolicySet(DeliveryPolicySet),
        ArrivalPolicySet(ArrivalPolicySet),
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
    /// The community itself or its surroundings, such as its own road: says nothing about the door.
    Community,
}

/// People call a place by another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AliasAdded {
    /// The text, as it is written.
    pub text: String,
    /// What it means.
    pub target: AliasTarget,
}

/// A gate stands here on the compound's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GatePlaced {
    /// The gate.
    pub gate: GateId,
    /// Where it stands.
    pub position: PlanPoint,
}

/// People enter a building, or one unit of it, here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntrancePlaced {
    /// The building.
    pub building: BuildingId,
    /// The unit; `None` is every unit that has no entrance of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// Where the entrance is.
    pub position: PlanPoint,
}

/// A point where paths meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Crossing {
    /// Its name.
    pub id: CrossingId,
    /// Where it lies.
    pub position: PlanPoint,
}

/// A path that people walk in both directions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Path {
    /// Its name.
    pub id: PathId,
    /// One end.
    pub from: CrossingId,
    /// The other end.
    pub to: CrossingId,
    /// How far it is to walk, in decimetres; at least the straight line.
    pub length_dm: u32,
}

/// The compound's paths are these, and no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathsDrawn {
    /// Where paths meet.
    pub crossings: Vec<Crossing>,
    /// The paths.
    pub paths: Vec<Path>,
}

/// Nobody can walk a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathBlocked {
    /// The path.
    pub path: PathId,
    /// Until when; `None` is until it is cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A path can be walked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathCleared {
    /// The path.
    pub path: PathId,
}

/// How the community's deliveries are planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanningPolicySet {
    /// The engine plans and offers runs by itself; otherwise only when somebody asks it to.
    pub automatic: bool,
    /// A cart leaves when so many pieces of its grid are ready.
    pub cart_pieces: u32,
    /// A piece waits for others so long at most, in seconds, while its window is open.
    pub wait_at_most_seconds: u32,
    /// Somebody who does not answer an offer for so long is not asked any more, in seconds.
    pub answer_within_seconds: u32,
    /// After so many failed attempts on a day a piece waits for the next day.
    pub attempts_a_day: u32,
    /// When the day ends and whatever is left needs a reason and an owner, in local time.
    pub day_closes: Time,
}

/// When households fetch their pieces, so that nobody crowds: the buildings of a grid come one
/// after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PickupSlots {
    /// When the first building comes, in local time.
    pub opens: Time,
    /// How long each building has, in minutes.
    pub minutes_each: u16,
}

/// A category is brought so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryPolicySet {
    /// The category.
    pub category: Category,
    /// How far, for a household that can come down.
    pub level: DeliveryLevel,
    /// The slots, where households fetch it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<PickupSlots>,
}

/// A time of day in which supplies are taken in, in the community's local time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntakeHours {
    /// When the first delivery may come.
    pub opens: Time,
    /// When the last hour ends, whole hours later; `00:00` is midnight at the end of the day.
    pub closes: Time,
}

/// Deliveries come to the intake point like this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalPolicySet {
    /// The day's intake hours, earliest first, not overlapping; none is every hour of the day.
    pub hours: Vec<IntakeHours>,
    /// How many deliveries may come in each hour; `None` is as many as want to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
}
