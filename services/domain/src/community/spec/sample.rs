//! Sample values: Fumin Garden with building 10 in grid 3.

use jiff::Timestamp;
use jiff::civil::time;

use crate::address::{PlanPoint, Room, Unit};
use crate::community::event::{
    AliasAdded, AliasTarget, ArrivalPolicySet, BuildingAssigned, BuildingDescribed,
    CommunityRegistered, Crossing, DeliveryPolicySet, DisinfectionPolicySet, EntrancePlaced,
    GateOpened, GatePlaced, GridColour, GridDrawn, IntakeHours, IntakePointSet, Language, Path,
    PathBlocked, PathCleared, PathsDrawn, PickupSlots, PlanningPolicySet, Restriction,
    TripLimitSet, Window, WindowPolicySet, ZoneDrawn, ZoneStateChanged,
};
use crate::community::{Community, CommunityCommand, CommunityEvent, CommunityState};
use crate::decider::fold;
use crate::parcel::event::DeliveryLevel;
use crate::spec::{Given, When, given};
use crate::supply::{Agent, Category, DisinfectionRule, Load};

/// Reads a label such as a grid, a gate or a room.
pub fn the<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a label")
}

/// A time on 10 April: `at("09:30")`.
pub fn at(clock: &str) -> Timestamp {
    format!("2022-04-10T{clock}:00Z").parse().expect("a time")
}

/// What a community has been told so far.
#[derive(Debug, Clone, Default)]
pub struct History(pub Vec<CommunityEvent>);

impl History {
    pub fn and(mut self, event: impl Into<CommunityEvent>) -> Self {
        self.0.push(event.into());
        self
    }

    pub fn state(&self) -> CommunityState {
        fold::<Community>(CommunityState::default(), &self.0)
    }

    pub fn when(self, command: CommunityCommand) -> When<Community> {
        let history: Given<Community> = given(self.0);
        history.when(command)
    }
}

pub fn unheard_of() -> History {
    History::default()
}

pub fn registered() -> History {
    unheard_of().and(fumin())
}

/// One gate, two grids, building 10 with two units.
pub fn laid_out() -> History {
    registered().and(south_gate()).and(grid("3")).and(grid("4")).and(building("10"))
}

/// Building 10 lies in grid 3 and in the northern zone.
pub fn zoned() -> History {
    laid_out().and(assigned("10", "3")).and(zone(&["10"]))
}

pub fn fumin() -> CommunityRegistered {
    CommunityRegistered {
        name: "富民花园".into(),
        time_zone: "Asia/Shanghai".into(),
        language: Language::Chinese,
    }
}

pub fn south_gate() -> GateOpened {
    GateOpened { gate: the("south") }
}

pub fn intake_point(gate: &str) -> IntakePointSet {
    IntakePointSet { gate: the(gate) }
}

pub fn grid(id: &str) -> GridDrawn {
    GridDrawn { grid: the(id), colour: GridColour::Red }
}

pub fn unit(id: &str) -> Unit {
    let shop = Room { id: the("门市2"), floor: 0 };
    Unit { id: the(id), floors: 12, doors_per_floor: 4, extra_rooms: vec![shop] }
}

pub fn building(id: &str) -> BuildingDescribed {
    BuildingDescribed {
        building: the(id),
        units: vec![unit("1"), unit("2")],
        lift: true,
        position: Some(PlanPoint { east_dm: 120, north_dm: -5 }),
    }
}

pub fn assigned(building: &str, grid: &str) -> BuildingAssigned {
    BuildingAssigned { building: the(building), grid: the(grid) }
}

pub fn zone(buildings: &[&str]) -> ZoneDrawn {
    let buildings = buildings.iter().map(|building| the(building)).collect();
    ZoneDrawn { zone: the("north"), buildings }
}

pub fn restricted(restriction: Restriction, from: &str, until: Option<&str>) -> ZoneStateChanged {
    ZoneStateChanged { zone: the("north"), restriction, from: at(from), until: until.map(at) }
}

pub fn window(opens: i8, closes: i8, cut_off: i8) -> Window {
    let hour = |hour| time(hour, 0, 0, 0);
    Window { opens: hour(opens), closes: hour(closes), cut_off: hour(cut_off) }
}

pub fn windows(windows: Vec<Window>) -> WindowPolicySet {
    WindowPolicySet { category: Category::Meal, windows, immediate_up_to_pieces: None }
}

pub fn disinfection(rule: Option<DisinfectionRule>) -> DisinfectionPolicySet {
    DisinfectionPolicySet { category: Category::Meal, rule }
}

pub fn chlorine() -> DisinfectionRule {
    DisinfectionRule { agent: Agent::Chlorine, act_seconds: 1_800, outer_bag_only: true }
}

pub fn trip_limit(pieces: u32, weight_grams: u32, volume_millilitres: u32) -> TripLimitSet {
    TripLimitSet { limit: Load { pieces, weight_grams, volume_millilitres } }
}

pub fn alias(target: AliasTarget) -> AliasAdded {
    AliasAdded { text: "邮电宿舍".into(), target }
}

pub fn point(east_dm: i32, north_dm: i32) -> PlanPoint {
    PlanPoint { east_dm, north_dm }
}

pub fn gate_placed(gate: &str) -> GatePlaced {
    GatePlaced { gate: the(gate), position: point(0, 0) }
}

pub fn entrance(unit: Option<&str>) -> EntrancePlaced {
    EntrancePlaced { building: the("10"), unit: unit.map(the), position: point(100, 50) }
}

/// Two crossings 500 dm apart, and two ways between them.
pub fn paths() -> PathsDrawn {
    let crossing = |id: &str, east_dm| Crossing { id: the(id), position: point(east_dm, 0) };
    PathsDrawn {
        crossings: vec![crossing("a", 0), crossing("b", 500)],
        paths: vec![path("main", 500), path("detour", 900)],
    }
}

pub fn path(id: &str, length_dm: u32) -> Path {
    Path { id: the(id), from: the("a"), to: the("b"), length_dm }
}

pub fn blocked(until: Option<&str>) -> PathBlocked {
    PathBlocked { path: the("main"), until: until.map(at) }
}

pub fn cleared() -> PathCleared {
    PathCleared { path: the("main") }
}

pub fn planning(cart_pieces: u32) -> PlanningPolicySet {
    PlanningPolicySet {
        automatic: true,
        cart_pieces,
        wait_at_most_seconds: 1_200,
        answer_within_seconds: 300,
        attempts_a_day: 2,
        day_closes: time(21, 0, 0, 0),
    }
}

pub fn delivery(level: DeliveryLevel, minutes_each: Option<u16>) -> DeliveryPolicySet {
    let opens = time(14, 0, 0, 0);
    let pickup = minutes_each.map(|minutes_each| PickupSlots { opens, minutes_each });
    DeliveryPolicySet { category: Category::ParcelGoods, level, pickup }
}

/// Intake hours from and until these full hours; 0 is midnight.
pub fn arrivals(hours: &[(i8, i8)], per_hour: Option<u32>) -> ArrivalPolicySet {
    let span = |(opens, closes): &(i8, i8)| IntakeHours {
        opens: time(*opens, 0, 0, 0),
        closes: time(*closes, 0, 0, 0),
    };
    ArrivalPolicySet { hours: hours.iter().map(span).collect(), per_hour }
}
