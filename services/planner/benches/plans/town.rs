//! Towns nobody lives in, from a seed: layouts, rules, pieces and people to plan for.

#![expect(clippy::unwrap_used, reason = "a town that is wrong stops whoever made it")]

use std::collections::BTreeSet;

use domain::address::{Door, PlanPoint, Recipient, Unit};
use domain::community::event::{
    BuildingAssigned, BuildingDescribed, CommunityRegistered, EntrancePlaced, GateOpened,
    GatePlaced, GridColour, GridDrawn, IntakePointSet, Language, PlanningPolicySet, Restriction,
    TripLimitSet, Window, WindowPolicySet, ZoneDrawn, ZoneStateChanged,
};
use domain::community::{Community, CommunityCommand, CommunityState};
use domain::ids::{CommunityId, ParcelId, VolunteerId};
use domain::supply::{Category, Effort, Load, SizeClass};
use domain::volunteer::event::{Pool, VolunteerLimitsSet};
use domain::{Decider, fold};
use fastrand::Rng;
use jiff::civil::{Date, Time, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use planner::situation::{Person, PieceAtGate, Situation};
use planner::ways::Ways;
use uuid::Uuid;

/// How big a town is.
#[derive(Clone, Copy)]
pub struct Size {
    pub buildings: usize,
    pub grids: usize,
    pub floors: u16,
    pub doors_per_floor: u16,
    pub people: usize,
}

/// The published figures of fumin-garden: 20 buildings, 68 units, 952 doors, 98 who carry.
pub const FUMIN: Size = Size { buildings: 20, grids: 5, floors: 7, doors_per_floor: 2, people: 98 };

/// The day that is planned.
pub const DAY: Date = date(2022, 11, 20);

pub struct Town {
    pub id: CommunityId,
    pub community: CommunityState,
    pub ways: Ways,
    pub doors: Vec<Door>,
}

pub fn at(day: Date, time: Time) -> Timestamp {
    day.to_datetime(time).to_zoned(TimeZone::UTC).unwrap().timestamp()
}

impl Town {
    /// A town with a zone of its first two buildings that nobody has closed.
    pub fn new(size: Size) -> Self {
        let mut state = CommunityState::default();
        let mut tell = |command: CommunityCommand| {
            let events = Community::decide(&state, command).unwrap();
            state = fold::<Community>(std::mem::take(&mut state), &events);
        };
        tell(CommunityCommand::Register(CommunityRegistered {
            name: "样例".into(),
            time_zone: "UTC".into(),
            language: Language::Chinese,
        }));
        let gate: domain::ids::GateId = "东门".parse().unwrap();
        tell(CommunityCommand::OpenGate(GateOpened { gate: gate.clone() }));
        tell(CommunityCommand::SetIntakePoint(IntakePointSet { gate: gate.clone() }));
        let position = PlanPoint { east_dm: 1_500, north_dm: -300 };
        tell(CommunityCommand::PlaceGate(GatePlaced { gate, position }));
        let limit = Load { pieces: 20, weight_grams: 120_000, volume_millilitres: 500_000 };
        tell(CommunityCommand::SetTripLimit(TripLimitSet { limit }));
        for grid in 1..=size.grids {
            let (grid, colour) = (grid.to_string().parse().unwrap(), GridColour::Red);
            tell(CommunityCommand::DrawGrid(GridDrawn { grid, colour }));
        }
        for number in 0..size.buildings {
            for command in building(size, number) {
                tell(command);
            }
        }
        for command in rules(size) {
            tell(command);
        }
        let mut doors = vec![];
        for (id, building) in &state.buildings {
            for unit in &building.description.units {
                doors.extend(unit.rooms().map(|(room, _)| Door {
                    building: id.clone(),
                    unit: unit.id.clone(),
                    room,
                }));
            }
        }
        let ways = Ways::of(&state, at(DAY, time(6, 0, 0, 0)));
        Self { id: "sample".parse().unwrap(), community: state, ways, doors }
    }

    /// Closes or seals the zone for the whole day.
    pub fn restrict(&mut self, restriction: Restriction) {
        let (zone, from) = ("zone".parse().unwrap(), at(DAY, Time::midnight()));
        let fact = ZoneStateChanged { zone, restriction, from, until: None };
        self.tell(CommunityCommand::ChangeZoneState(fact));
    }

    /// Changes the town.
    pub fn tell(&mut self, command: CommunityCommand) {
        let events = Community::decide(&self.community, command).unwrap();
        self.community = fold::<Community>(self.community.clone(), &events);
        self.ways = Ways::of(&self.community, at(DAY, time(6, 0, 0, 0)));
    }

    /// A piece for one of the doors, by chance.
    pub fn piece(&self, rng: &mut Rng, number: u128, arrived_at: Timestamp) -> PieceAtGate {
        let category = Category::ALL[rng.usize(0..Category::ALL.len())];
        self.piece_of(rng, number, arrived_at, category)
    }

    /// A piece of a category.
    pub fn piece_of(
        &self,
        rng: &mut Rng,
        number: u128,
        arrived_at: Timestamp,
        category: Category,
    ) -> PieceAtGate {
        let door = self.doors[rng.usize(0..self.doors.len())].clone();
        let grid = self.community.grid_of(&door.building).unwrap().clone();
        let size = match rng.u8(0..100) {
            0..=29 => SizeClass::Hand,
            30..=79 => SizeClass::Bag,
            80..=92 => SizeClass::Box,
            93..=98 => SizeClass::Heavy,
            _ => SizeClass::TwoPerson,
        };
        PieceAtGate {
            id: ParcelId(Uuid::from_u128(number)),
            recipient: Some(Recipient { household: None, door, grid }),
            category,
            size,
            load: Load {
                pieces: 1,
                weight_grams: size.assumed_weight_grams(),
                volume_millilitres: size.assumed_volume_millilitres(),
            },
            held_up: None,
            arrived_at,
            ready_at: arrived_at,
            attempts: 0,
            to_the_door: false,
            urgent: false,
        }
    }

    /// Those who carry: grid by grid, most of them alike.
    pub fn people(size: Size) -> Vec<Person> {
        let person = |number: usize| Person {
            id: VolunteerId(Uuid::from_u128(1 + number as u128)),
            grid: (1 + number % size.grids).to_string().parse().unwrap(),
            protection: number.is_multiple_of(3),
            carry_limit: Load { pieces: 20, weight_grams: 60_000, volume_millilitres: 500_000 },
            limits: VolunteerLimitsSet { rest_seconds: 900, ..VolunteerLimitsSet::default() },
            keeps: BTreeSet::new(),
            pool: Pool::Duty,
            free: true,
            works_until: None,
            back_at: None,
            effort: Effort::default(),
            today: Effort::default(),
        };
        (0..size.people).map(person).collect()
    }

    /// A moment here.
    pub fn situation(
        &self,
        now: Timestamp,
        wave: u32,
        pieces: Vec<PieceAtGate>,
        people: Vec<Person>,
    ) -> Situation<'_> {
        Situation {
            id: &self.id,
            community: &self.community,
            zone: TimeZone::UTC,
            now,
            wave,
            pieces,
            people,
            ways: &self.ways,
            asked: false,
            closed: false,
        }
    }
}

/// One building: three units, or four in two of five, five to a row, sixty metres apart.
fn building(size: Size, number: usize) -> Vec<CommunityCommand> {
    let building: domain::ids::BuildingId = (number + 1).to_string().parse().unwrap();
    let units = if number % 5 < 2 { 4 } else { 3 };
    let row = i32::try_from(number / 5).unwrap();
    let column = i32::try_from(number % 5).unwrap();
    let (east_dm, north_dm) = (600 * column, 450 * row);
    let unit = |number: u16| Unit {
        id: number.to_string().parse().unwrap(),
        floors: size.floors,
        doors_per_floor: size.doors_per_floor,
        extra_rooms: vec![],
    };
    let grid = number * size.grids / size.buildings;
    let mut commands = vec![
        CommunityCommand::DescribeBuilding(BuildingDescribed {
            building: building.clone(),
            units: (1..=units).map(unit).collect(),
            lift: false,
            position: Some(PlanPoint { east_dm, north_dm }),
        }),
        CommunityCommand::AssignBuilding(BuildingAssigned {
            building: building.clone(),
            grid: (grid + 1).to_string().parse().unwrap(),
        }),
    ];
    commands.extend((1..=units).map(|unit| {
        CommunityCommand::PlaceEntrance(EntrancePlaced {
            building: building.clone(),
            unit: Some(unit.to_string().parse().unwrap()),
            position: PlanPoint { east_dm: east_dm + 120 * i32::from(unit), north_dm },
        })
    }));
    commands
}

fn rules(size: Size) -> Vec<CommunityCommand> {
    let window = |opens: (i8, i8), closes: (i8, i8), cut_off: (i8, i8)| Window {
        opens: time(opens.0, opens.1, 0, 0),
        closes: time(closes.0, closes.1, 0, 0),
        cut_off: time(cut_off.0, cut_off.1, 0, 0),
    };
    let windows = |category, windows, immediate_up_to_pieces| {
        let fact = WindowPolicySet { category, windows, immediate_up_to_pieces };
        CommunityCommand::SetWindowPolicy(fact)
    };
    let meals = vec![window((10, 30), (12, 30), (11, 20)), window((16, 30), (18, 30), (17, 20))];
    let goods = vec![window((13, 30), (17, 30), (15, 30)), window((18, 0), (20, 45), (18, 30))];
    let zone = ["1", "2"].into_iter().take(size.buildings);
    let buildings = zone.map(|building| building.parse().unwrap()).collect();
    vec![
        windows(Category::Meal, meals, None),
        windows(Category::Produce, vec![window((8, 0), (12, 0), (10, 15))], None),
        windows(Category::ParcelGoods, goods, Some(40)),
        windows(Category::Ration, vec![window((13, 30), (17, 30), (15, 30))], None),
        CommunityCommand::DrawZone(ZoneDrawn { zone: "zone".parse().unwrap(), buildings }),
        CommunityCommand::SetPlanningPolicy(PlanningPolicySet {
            automatic: true,
            cart_pieces: 20,
            wait_at_most_seconds: 1_200,
            answer_within_seconds: 300,
            attempts_a_day: 2,
            day_closes: time(21, 0, 0, 0),
        }),
    ]
}

/// So many seconds later.
pub fn later(at: Timestamp, seconds: u32) -> Timestamp {
    at + SignedDuration::from_secs(i64::from(seconds))
}
