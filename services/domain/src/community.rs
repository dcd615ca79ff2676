//! A community: its gates, grids, buildings, zones and the rules it delivers by.
//!
//! Every command says how something shall be, so a whole community can be loaded from a file again
//! and again: what is so already causes nothing.

mod arrivals;
pub mod event;
mod paths;
#[cfg(test)]
mod spec;
mod zones;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::arrivals::{IntakeHour, PER_HOUR_MAX, intake_hours};
pub use self::event::CommunityEvent;
use self::event::{
    AliasAdded, AliasTarget, ArrivalPolicySet, BuildingAssigned, BuildingDescribed,
    CommunityRegistered, DeliveryPolicySet, DisinfectionPolicySet, EntrancePlaced, GateOpened,
    GatePlaced, GridColour, GridDrawn, IntakePointSet, PathBlocked, PathCleared, PathsDrawn,
    PlanningPolicySet, TripLimitSet, Window, WindowPolicySet, ZoneDrawn, ZoneStateChanged,
};
pub use self::paths::{CROSSINGS_MAX, PATHS_MAX, Paths};
use self::zones::restrict;
pub use self::zones::{ClosedZones, Zone, ZoneAccess, restriction_at};
use crate::address::{Door, PlanPoint, Unit};
use crate::decider::Decider;
use crate::ids::{BuildingId, GateId, GridId, PathId, RoomId, UnitId, ZoneId};
use crate::parcel::event::DeliveryLevel;
use crate::refusal::refusals;
use crate::run::PIECES_MAX;
use crate::supply::{Category, DisinfectionRule, Load};

/// The longest alias and the longest community name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// The most units that a building may have.
pub const UNITS_MAX: usize = 100;
/// The most floors that a unit may have.
pub const FLOORS_MAX: u16 = 120;
/// The most doors that a floor may have: two digits of a room's number.
pub const DOORS_PER_FLOOR_MAX: u16 = 99;

/// The decider of a community.
#[derive(Debug, Clone, Copy)]
pub struct Community;

/// What may be asked of a community. The payloads are the facts that shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommunityCommand {
    /// Make it known to the engine.
    Register(CommunityRegistered),
    /// Add a gate.
    OpenGate(GateOpened),
    /// Choose the gate where supplies come in.
    SetIntakePoint(IntakePointSet),
    /// Add a grid or change its colour.
    DrawGrid(GridDrawn),
    /// Add a building or describe it anew.
    DescribeBuilding(BuildingDescribed),
    /// Put a building into a grid.
    AssignBuilding(BuildingAssigned),
    /// Say which buildings a zone covers.
    DrawZone(ZoneDrawn),
    /// Put a zone under a restriction.
    ChangeZoneState(ZoneStateChanged),
    /// Set a category's windows.
    SetWindowPolicy(WindowPolicySet),
    /// Set a category's disinfection.
    SetDisinfectionPolicy(DisinfectionPolicySet),
    /// Set what one trip carries.
    SetTripLimit(TripLimitSet),
    /// Say what a text in an address means.
    AddAlias(AliasAdded),
    /// Say where a gate stands.
    PlaceGate(GatePlaced),
    /// Say where people enter a building.
    PlaceEntrance(EntrancePlaced),
    /// Say which paths there are.
    DrawPaths(PathsDrawn),
    /// Close a path.
    BlockPath(PathBlocked),
    /// Open a path again.
    ClearPath(PathCleared),
    /// Say how deliveries are planned.
    SetPlanningPolicy(PlanningPolicySet),
    /// Say how far a category is brought.
    SetDeliveryPolicy(DeliveryPolicySet),
    /// Say when deliveries come to the intake point, and how many.
    SetArrivalPolicy(ArrivalPolicySet),
}

refusals! {
    /// Why a command on a community is refused.
    pub enum CommunityRefusal {
        NotRegistered => "community-unknown",
            "this community is not registered: register it first",
            "该社区尚未登记：请先登记";
        AlreadyRegistered => "community-registered",
            "this community is registered already with another time zone: it cannot be changed",
            "该社区已用另一时区登记：不能更改";
        NameLength => "name-length",
            "a name has 1 to 100 characters and no control characters",
            "名称须为 1 到 100 个字符，且不含控制字符";
        TimeZoneName => "time-zone-name",
            "a time zone has an IANA name: write it like Asia/Shanghai",
            "时区须为 IANA 名称：请写作 Asia/Shanghai 这样的形式";
        UnknownGate { gate: GateId } => "gate-unknown",
            "there is no gate {gate}: open it first",
            "没有大门 {gate}：请先添加";
        UnknownGrid { grid: GridId } => "grid-unknown",
            "there is no grid {grid}: draw it first",
            "没有网格 {grid}：请先划定";
        UnknownBuilding { building: BuildingId } => "building-unknown",
            "there is no building {building}: describe it first",
            "没有楼栋 {building}：请先录入";
        UnknownDoor { door: Door } => "door-unknown",
            "there is no door {door}: check the unit and the room",
            "没有门牌 {door}：请核对单元和房号";
        UnknownUnit { building: BuildingId, unit: UnitId } => "unit-unknown",
            "building {building} has no unit {unit}: check the unit",
            "楼栋 {building} 没有单元 {unit}：请核对单元";
        BuildingShape { building: BuildingId } => "building-shape",
            "building {building} needs 1 to 100 different units of 1 to 120 floors, \
             at most 99 doors on each and different rooms",
            "楼栋 {building} 须有 1 到 100 个不同单元，每单元 1 到 120 层，每层至多 99 户，房号不重复";
        UnknownZone { zone: ZoneId } => "zone-unknown",
            "there is no zone {zone}: draw it first",
            "没有封控区 {zone}：请先划定";
        ZoneTimes { zone: ZoneId } => "zone-times",
            "the restriction of zone {zone} must end after it begins",
            "封控区 {zone} 的结束时间须晚于开始时间";
        WindowTimes { category: Category } => "window-times",
            "the windows of {category} must close after they open, cut off before they close, and \
             not overlap: check their times",
            "时段须先开始后结束，截单须早于结束，各时段不得重叠：请核对时间";
        TripLimit => "trip-limit",
            "a trip carries at least one piece, one gram and one millilitre",
            "每趟至少须能装一件、一克、一毫升";
        UnknownPath { path: PathId } => "path-unknown",
            "there is no path {path}: draw the paths first",
            "没有通路 {path}：请先绘制通路";
        PathsShape => "paths-shape",
            "at most 2000 crossings and 4000 paths, each name once, each path between two \
             different crossings of the drawing and no shorter than the straight line",
            "至多 2000 个路口、4000 条通路；名称不得重复，每条通路须连接两个不同路口，且不短于直线距离";
        PlanningPolicy => "planning-policy",
            "a cart takes 1 to 1000 pieces, waits and answers last 1 second to 1 day, and a piece \
             is tried at least once a day",
            "每车 1 到 1000 件；等待和答复时限为 1 秒到 1 天；每件每天至少配送一次";
        PickupSlots => "pickup-slots",
            "a pickup needs slots of 1 to 240 minutes for each building, and nothing else has any",
            "自提须设每栋 1 到 240 分钟的时段；其他方式不设时段";
        IntakeHours => "intake-hours",
            "intake hours last whole hours, close after they open and do not overlap: check them",
            "接收时段须为整小时，先开始后结束，不得重叠：请核对时间";
        ArrivalCap => "arrival-cap",
            "an hour takes 1 to 1000 deliveries: leave the number out where any number may come",
            "每小时到货数须为 1 到 1000：不限时请留空";
    }
}

/// One building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Building {
    /// Its description.
    pub description: BuildingDescribed,
    /// The grids it has belonged to, the present one last.
    pub grids: Vec<GridId>,
}

impl Building {
    /// The unit of this name.
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.description.units.iter().find(|unit| unit.id == *id)
    }

    /// The grid that it belongs to now.
    pub fn grid(&self) -> Option<&GridId> {
        self.grids.last()
    }
}

/// A category's windows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WindowPolicy {
    /// The day's windows, earliest first.
    pub windows: Vec<Window>,
    /// Pieces go up at once while at most this many wait at the gate.
    pub immediate_up_to_pieces: Option<u32>,
}

/// What the events so far say of a community.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommunityState {
    /// Name, time zone and language, once it is registered.
    pub registered: Option<CommunityRegistered>,
    /// Its gates.
    pub gates: BTreeSet<GateId>,
    /// The gate where supplies come in.
    pub intake_point: Option<GateId>,
    /// Its grids and their colours.
    pub grids: BTreeMap<GridId, GridColour>,
    /// Its buildings.
    pub buildings: BTreeMap<BuildingId, Building>,
    /// Its zones.
    pub zones: BTreeMap<ZoneId, Zone>,
    /// When each category is delivered.
    pub windows: BTreeMap<Category, WindowPolicy>,
    /// How each category is disinfected; a category that is absent is not.
    pub disinfection: BTreeMap<Category, DisinfectionRule>,
    /// What one trip carries.
    pub trip_limit: Option<Load>,
    /// Other names of places.
    pub aliases: BTreeMap<String, AliasTarget>,
    /// Where gates, entrances and paths lie.
    #[serde(default)]
    pub paths: Paths,
    /// How deliveries are planned.
    #[serde(default)]
    pub planning: Option<PlanningPolicySet>,
    /// How far each category is brought; a category that is absent is brought to the door.
    #[serde(default)]
    pub delivery: BTreeMap<Category, DeliveryPolicySet>,
    /// When deliveries come to the intake point, and how many.
    #[serde(default)]
    pub arrivals: Option<ArrivalPolicySet>,
}

impl CommunityState {
    /// Where people enter a unit: its own entrance, else the building's, else where it stands.
    pub fn entrance(&self, building: &BuildingId, unit: &UnitId) -> Option<PlanPoint> {
        let entrance = self.paths.entrance(building, unit);
        entrance.or_else(|| self.buildings.get(building)?.description.position)
    }

    /// Where the intake point stands.
    pub fn intake_position(&self) -> Option<PlanPoint> {
        self.paths.gates.get(self.intake_point.as_ref()?).copied()
    }

    /// The grid of a building, once it has one.
    pub fn grid_of(&self, building: &BuildingId) -> Option<&GridId> {
        self.buildings.get(building)?.grid()
    }

    /// The floor of a door; `None` when there is no such door.
    pub fn floor_of(&self, building: &BuildingId, unit: &UnitId, room: &RoomId) -> Option<i16> {
        self.buildings.get(building)?.unit(unit)?.floor_of(room)
    }

    /// Whether the door exists.
    pub fn has_door(&self, door: &Door) -> bool {
        self.floor_of(&door.building, &door.unit, &door.room).is_some()
    }
}

type Decision = Result<Vec<CommunityEvent>, CommunityRefusal>;

impl Decider for Community {
    type Command = CommunityCommand;
    type Event = CommunityEvent;
    type State = CommunityState;
    type Refusal = CommunityRefusal;

    fn decide(state: &CommunityState, command: CommunityCommand) -> Decision {
        if state.registered.is_none() && !matches!(command, CommunityCommand::Register(_)) {
            return Err(CommunityRefusal::NotRegistered);
        }
        match command {
            CommunityCommand::Register(fact) => register(state, fact),
            CommunityCommand::OpenGate(fact) => {
                let done = state.gates.contains(&fact.gate);
                Ok(unless(done, fact))
            }
            CommunityCommand::SetIntakePoint(fact) => set_intake_point(state, fact),
            CommunityCommand::DrawGrid(fact) => {
                let done = state.grids.get(&fact.grid) == Some(&fact.colour);
                Ok(unless(done, fact))
            }
            CommunityCommand::DescribeBuilding(fact) => describe_building(state, fact),
            CommunityCommand::AssignBuilding(fact) => assign_building(state, fact),
            CommunityCommand::DrawZone(fact) => draw_zone(state, fact),
            CommunityCommand::ChangeZoneState(fact) => change_zone_state(state, fact),
            CommunityCommand::SetWindowPolicy(fact) => set_windows(state, fact),
            CommunityCommand::SetDisinfectionPolicy(fact) => {
                let done = state.disinfection.get(&fact.category) == fact.rule.as_ref();
                Ok(unless(done, fact))
            }
            CommunityCommand::SetTripLimit(fact) => set_trip_limit(state, fact),
            CommunityCommand::AddAlias(fact) => add_alias(state, fact),
            CommunityCommand::PlaceGate(fact) => paths::place_gate(state, fact),
            CommunityCommand::PlaceEntrance(fact) => paths::place_entrance(state, fact),
            CommunityCommand::DrawPaths(fact) => paths::draw(state, fact),
            CommunityCommand::BlockPath(fact) => paths::block(state, fact),
            CommunityCommand::ClearPath(fact) => paths::clear(state, fact),
            CommunityCommand::SetPlanningPolicy(fact) => set_planning(state, fact),
            CommunityCommand::SetDeliveryPolicy(fact) => set_delivery(state, fact),
            CommunityCommand::SetArrivalPolicy(fact) => arrivals::set(state, fact),
        }
    }

    fn evolve(mut state: CommunityState, event: &CommunityEvent) -> CommunityState {
        match event {
            CommunityEvent::Registered(event) => state.registered = Some(event.clone()),
            CommunityEvent::GateOpened(event) => {
                state.gates.insert(event.gate.clone());
            }
            CommunityEvent::IntakePointSet(event) => state.intake_point = Some(event.gate.clone()),
            CommunityEvent::GridDrawn(event) => {
                state.grids.insert(event.grid.clone(), event.colour);
            }
            CommunityEvent::BuildingDescribed(event) => describe(&mut state, event),
            CommunityEvent::BuildingAssigned(event) => {
                if let Some(building) = state.buildings.get_mut(&event.building) {
                    building.grids.push(event.grid.clone());
                }
            }
            CommunityEvent::ZoneDrawn(event) => {
                let zone = state.zones.entry(event.zone.clone()).or_default();
                zone.buildings.clone_from(&event.buildings);
            }
            CommunityEvent::ZoneStateChanged(event) => {
                if let Some(zone) = state.zones.get_mut(&event.zone) {
                    restrict(zone, event);
                }
            }
            CommunityEvent::WindowPolicySet(event) => {
                let windows = event.windows.clone();
                let immediate_up_to_pieces = event.immediate_up_to_pieces;
                let policy = WindowPolicy { windows, immediate_up_to_pieces };
                state.windows.insert(event.category, policy);
            }
            CommunityEvent::DisinfectionPolicySet(event) => match event.rule {
                Some(rule) => {
                    state.disinfection.insert(event.category, rule);
                }
                None => {
                    state.disinfection.remove(&event.category);
                }
            },
            CommunityEvent::TripLimitSet(event) => state.trip_limit = Some(event.limit),
            CommunityEvent::AliasAdded(event) => {
                state.aliases.insert(event.text.clone(), event.target.clone());
            }
            CommunityEvent::GatePlaced(event) => state.paths.gate_placed(event),
            CommunityEvent::EntrancePlaced(event) => state.paths.entrance_placed(event),
            CommunityEvent::PathsDrawn(event) => state.paths.drawn(event),
            CommunityEvent::PathBlocked(event) => state.paths.blocked(event),
            CommunityEvent::PathCleared(event) => state.paths.cleared(event),
            CommunityEvent::PlanningPolicySet(event) => state.planning = Some(event.clone()),
            CommunityEvent::DeliveryPolicySet(event) => {
                state.delivery.insert(event.category, event.clone());
            }
            CommunityEvent::ArrivalPolicySet(event) => state.arrivals = Some(event.clone()),
        }
        state
    }
}

/// The fact as an event, unless it holds already.
fn unless(done: bool, fact: impl Into<CommunityEvent>) -> Vec<CommunityEvent> {
    if done { vec![] } else { vec![fact.into()] }
}

fn register(state: &CommunityState, fact: CommunityRegistered) -> Decision {
    check_name(&fact.name)?;
    check_time_zone(&fact.time_zone)?;
    if state.registered.as_ref().is_some_and(|known| known.time_zone != fact.time_zone) {
        return Err(CommunityRefusal::AlreadyRegistered);
    }
    Ok(unless(state.registered.as_ref() == Some(&fact), fact))
}

fn set_intake_point(state: &CommunityState, fact: IntakePointSet) -> Decision {
    if !state.gates.contains(&fact.gate) {
        return Err(CommunityRefusal::UnknownGate { gate: fact.gate });
    }
    Ok(unless(state.intake_point.as_ref() == Some(&fact.gate), fact))
}

fn describe_building(state: &CommunityState, fact: BuildingDescribed) -> Decision {
    let names: BTreeSet<_> = fact.units.iter().map(|unit| &unit.id).collect();
    let units_differ = names.len() == fact.units.len();
    let sane = |unit: &Unit| {
        (1..=FLOORS_MAX).contains(&unit.floors)
            && unit.doors_per_floor <= DOORS_PER_FLOOR_MAX
            && rooms_differ(unit)
    };
    let count_is_sane = (1..=UNITS_MAX).contains(&fact.units.len());
    if !count_is_sane || !units_differ || !fact.units.iter().all(sane) {
        return Err(CommunityRefusal::BuildingShape { building: fact.building });
    }
    let known = state.buildings.get(&fact.building);
    Ok(unless(known.is_some_and(|known| known.description == fact), fact))
}

/// Whether no extra room has the name of another room.
fn rooms_differ(unit: &Unit) -> bool {
    let extra: BTreeSet<_> = unit.extra_rooms.iter().map(|room| &room.id).collect();
    let numbered = Unit { extra_rooms: vec![], ..unit.clone() };
    extra.len() == unit.extra_rooms.len()
        && extra.iter().all(|room| numbered.floor_of(room).is_none())
}

fn assign_building(state: &CommunityState, fact: BuildingAssigned) -> Decision {
    if !state.grids.contains_key(&fact.grid) {
        return Err(CommunityRefusal::UnknownGrid { grid: fact.grid });
    }
    let Some(building) = state.buildings.get(&fact.building) else {
        return Err(CommunityRefusal::UnknownBuilding { building: fact.building });
    };
    Ok(unless(building.grid() == Some(&fact.grid), fact))
}

fn draw_zone(state: &CommunityState, fact: ZoneDrawn) -> Decision {
    for building in &fact.buildings {
        check_building(state, building)?;
    }
    let known = state.zones.get(&fact.zone);
    Ok(unless(known.is_some_and(|zone| zone.buildings == fact.buildings), fact))
}

fn change_zone_state(state: &CommunityState, fact: ZoneStateChanged) -> Decision {
    let Some(zone) = state.zones.get(&fact.zone) else {
        return Err(CommunityRefusal::UnknownZone { zone: fact.zone });
    };
    if fact.until.is_some_and(|until| until <= fact.from) {
        return Err(CommunityRefusal::ZoneTimes { zone: fact.zone });
    }
    Ok(unless(zone.state.as_ref() == Some(&fact), fact))
}

fn set_windows(state: &CommunityState, fact: WindowPolicySet) -> Decision {
    let ordered = |window: &Window| window.opens < window.closes && window.cut_off < window.closes;
    let apart = |pair: &[Window]| match pair {
        [first, second] => first.closes <= second.opens,
        _ => true,
    };
    if !fact.windows.iter().all(ordered) || !fact.windows.windows(2).all(apart) {
        return Err(CommunityRefusal::WindowTimes { category: fact.category });
    }
    let done = state.windows.get(&fact.category).is_some_and(|known| {
        known.windows == fact.windows && known.immediate_up_to_pieces == fact.immediate_up_to_pieces
    });
    Ok(unless(done, fact))
}

fn set_trip_limit(state: &CommunityState, fact: TripLimitSet) -> Decision {
    let Load { pieces, weight_grams, volume_millilitres } = fact.limit;
    if pieces == 0 || weight_grams == 0 || volume_millilitres == 0 {
        return Err(CommunityRefusal::TripLimit);
    }
    Ok(unless(state.trip_limit == Some(fact.limit), fact))
}

fn set_planning(state: &CommunityState, fact: PlanningPolicySet) -> Decision {
    let a_while = 1..=86_400;
    let sane = (1..=PIECES_MAX).contains(&fact.cart_pieces)
        && a_while.contains(&fact.wait_at_most_seconds)
        && a_while.contains(&fact.answer_within_seconds)
        && fact.attempts_a_day > 0;
    if !sane {
        return Err(CommunityRefusal::PlanningPolicy);
    }
    Ok(unless(state.planning.as_ref() == Some(&fact), fact))
}

fn set_delivery(state: &CommunityState, fact: DeliveryPolicySet) -> Decision {
    let fetched = fact.level == DeliveryLevel::Pickup;
    let slots = fact.pickup.as_ref();
    let sane = slots.is_none_or(|slots| (1..=240).contains(&slots.minutes_each));
    if fetched != slots.is_some() || !sane {
        return Err(CommunityRefusal::PickupSlots);
    }
    Ok(unless(state.delivery.get(&fact.category) == Some(&fact), fact))
}

fn add_alias(state: &CommunityState, fact: AliasAdded) -> Decision {
    check_name(&fact.text)?;
    match &fact.target {
        AliasTarget::Building(building) => check_building(state, building)?,
        AliasTarget::Unit(building, unit) => {
            check_building(state, building)?;
            if state.buildings.get(building).is_none_or(|known| known.unit(unit).is_none()) {
                let (building, unit) = (building.clone(), unit.clone());
                return Err(CommunityRefusal::UnknownUnit { building, unit });
            }
        }
        AliasTarget::Door(door) => {
            if !state.has_door(door) {
                return Err(CommunityRefusal::UnknownDoor { door: door.clone() });
            }
        }
        AliasTarget::Community => {}
    }
    Ok(unless(state.aliases.get(&fact.text) == Some(&fact.target), fact))
}

fn check_building(state: &CommunityState, building: &BuildingId) -> Result<(), CommunityRefusal> {
    if state.buildings.contains_key(building) {
        Ok(())
    } else {
        Err(CommunityRefusal::UnknownBuilding { building: building.clone() })
    }
}

fn check_name(name: &str) -> Result<(), CommunityRefusal> {
    let length = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if length && !name.chars().any(char::is_control) && !name.trim().is_empty() {
        Ok(())
    } else {
        Err(CommunityRefusal::NameLength)
    }
}

/// Checks that a time zone reads like an IANA name; whether it exists is for the caller to look up.
fn check_time_zone(name: &str) -> Result<(), CommunityRefusal> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(legal) {
        Ok(())
    } else {
        Err(CommunityRefusal::TimeZoneName)
    }
}

fn describe(state: &mut CommunityState, event: &BuildingDescribed) {
    let building = state.buildings.entry(event.building.clone());
    building
        .and_modify(|building| building.description = event.clone())
        .or_insert_with(|| Building { description: event.clone(), grids: vec![] });
}
