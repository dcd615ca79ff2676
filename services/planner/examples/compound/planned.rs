//! A wave for a compound of which only the map is known: who lives there is made up from a seed.

use std::collections::BTreeSet;

use domain::address::{Door, PlanPoint, Recipient, Unit};
use domain::community::event::{
    BuildingAssigned, BuildingDescribed, CommunityRegistered, Crossing, EntrancePlaced, GateOpened,
    GatePlaced, GridColour, GridDrawn, IntakePointSet, Language, Path, PathsDrawn,
};
use domain::community::{Community, CommunityCommand, CommunityState};
use domain::ids::{GateId, GridId, ParcelId, VolunteerId};
use domain::supply::{Category, Effort, Load, SizeClass};
use domain::volunteer::event::{Pool, VolunteerLimitsSet};
use domain::{Decider, fold};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use planner::drawing::{Building, Drawing, Route, State};
use planner::objective::burden;
use planner::proposal::{Proposal, propose};
use planner::situation::{Person, PieceAtGate, Situation};
use planner::walk::Point;
use planner::ways::{Place, Ways, point};
use planner::yard::Yard;
use uuid::Uuid;

use super::map::Compound;

/// One stairwell for so much of a building's front, in decimetres (assumption).
const FRONT_OF_A_UNIT_DM: u32 = 160;
/// The most stairwells of a building (assumption).
const UNITS_MAX: u32 = 4;
/// An afternoon.
const NOW: Timestamp = Timestamp::constant(1_668_924_000, 0);

/// A compound with what was planned for it.
pub struct Planned {
    pub community: CommunityState,
    pub ways: Ways,
    pub pieces: Vec<PieceAtGate>,
    pub proposal: Proposal,
}

/// Plans a wave: two in three buildings get something.
pub fn plan(compound: &Compound, people: u128) -> Planned {
    let grid: GridId = "1".parse().expect("a grid's name");
    let mut community = CommunityState::default();
    for command in commands(compound, &grid) {
        let events = Community::decide(&community, command).expect("a sane compound");
        community = fold::<Community>(community, &events);
    }
    let ways = Ways::of(&community, NOW);
    let pieces = pieces(&community, &grid);
    let person = |number| Person {
        id: VolunteerId(Uuid::from_u128(number)),
        grid: grid.clone(),
        protection: false,
        carry_limit: Load { pieces: 20, weight_grams: 60_000, volume_millilitres: 400_000 },
        limits: VolunteerLimitsSet::default(),
        keeps: BTreeSet::new(),
        pool: Pool::Duty,
        free: true,
        works_until: None,
        back_at: None,
        effort: Effort::default(),
        today: Effort::default(),
    };
    let id = "sample".parse().expect("a community's name");
    let situation = Situation {
        id: &id,
        community: &community,
        zone: TimeZone::UTC,
        now: NOW,
        wave: 1,
        pieces: pieces.clone(),
        people: (1..=people).map(person).collect(),
        ways: &ways,
        asked: true,
        closed: false,
    };
    let proposal = propose(&situation);
    drop(situation);
    Planned { community, ways, pieces, proposal }
}

fn commands(compound: &Compound, grid: &GridId) -> Vec<CommunityCommand> {
    let gate: GateId = "1".parse().expect("a gate's name");
    let (name, time_zone) = (compound.name.clone(), "UTC".to_owned());
    let language = Language::Chinese;
    let mut commands = vec![
        CommunityCommand::Register(CommunityRegistered { name, time_zone, language }),
        CommunityCommand::OpenGate(GateOpened { gate: gate.clone() }),
        CommunityCommand::SetIntakePoint(IntakePointSet { gate: gate.clone() }),
        CommunityCommand::PlaceGate(GatePlaced { gate, position: told(compound.gate) }),
        CommunityCommand::DrawGrid(GridDrawn { grid: grid.clone(), colour: GridColour::Red }),
    ];
    for (number, outline) in (1_u32..).zip(&compound.buildings) {
        let building: domain::ids::BuildingId = number.to_string().parse().expect("a number");
        let entrances = entrances(outline);
        let unit = |(number, _)| Unit {
            id: format!("{number}").parse().expect("a number"),
            floors: 6,
            doors_per_floor: 2,
            extra_rooms: vec![],
        };
        commands.push(CommunityCommand::DescribeBuilding(BuildingDescribed {
            building: building.clone(),
            units: (1..).zip(&entrances).map(unit).collect(),
            lift: false,
            position: Some(told(planner::drawing::centre(outline))),
        }));
        commands.push(CommunityCommand::AssignBuilding(BuildingAssigned {
            building: building.clone(),
            grid: grid.clone(),
        }));
        commands.extend((1_u32..).zip(entrances).map(|(number, position)| {
            CommunityCommand::PlaceEntrance(EntrancePlaced {
                building: building.clone(),
                unit: Some(number.to_string().parse().expect("a number")),
                position: told(position),
            })
        }));
    }
    commands.push(CommunityCommand::DrawPaths(tracks(compound)));
    commands
}

/// A compound as it can be walked, as far as its map tells.
pub fn yard(compound: &Compound) -> Yard<'_> {
    Yard { outline: &compound.outline, footprints: &compound.buildings }
}

/// The ways between the gate and all entrances, round the buildings.
fn tracks(compound: &Compound) -> PathsDrawn {
    let entrances = compound.buildings.iter().flat_map(|outline| entrances(outline));
    let spots: Vec<Point> = std::iter::once(compound.gate).chain(entrances).collect();
    let tracks = yard(compound).tracks(&spots).expect("a compound of a sane size");
    let name = |node: usize| format!("w{node}").parse().expect("a name");
    let path = |[one, other]: &[usize; 2]| Path {
        id: format!("w{one}-w{other}").parse().expect("a name"),
        from: name(*one),
        to: name(*other),
        length_dm: tracks.nodes[*one].straight_decimetres(tracks.nodes[*other]),
    };
    let crossing = |(node, at): (usize, &Point)| Crossing { id: name(node), position: told(*at) };
    PathsDrawn {
        crossings: tracks.nodes.iter().enumerate().map(crossing).collect(),
        paths: tracks.tracks.iter().map(path).collect(),
    }
}

/// Where people enter: along the longest side of a building.
fn entrances(outline: &[Point]) -> Vec<Point> {
    let sides = outline.windows(2);
    let longest = sides.max_by_key(|side| side[0].straight_decimetres(side[1]));
    let Some(&[from, to]) = longest else { return outline.first().copied().into_iter().collect() };
    let front = from.straight_decimetres(to);
    let units = (front / FRONT_OF_A_UNIT_DM).clamp(1, UNITS_MAX);
    let between = |from: i32, to: i32, at: u32| {
        let (at, of) = (i64::from(2 * at + 1), i64::from(2 * units));
        let along = i64::from(to - from) * at / of;
        from + i32::try_from(along).unwrap_or_default()
    };
    (0..units)
        .map(|at| Point {
            east_decimetres: between(from.east_decimetres, to.east_decimetres, at),
            north_decimetres: between(from.north_decimetres, to.north_decimetres, at),
        })
        .collect()
}

fn told(point: Point) -> PlanPoint {
    PlanPoint { east_dm: point.east_decimetres, north_dm: point.north_decimetres }
}

fn pieces(community: &CommunityState, grid: &GridId) -> Vec<PieceAtGate> {
    let mut rng = fastrand::Rng::with_seed(4);
    let mut pieces = vec![];
    for (at, (building, known)) in community.buildings.iter().enumerate() {
        for _ in 0..if at % 3 == 0 { 0 } else { rng.u8(1..5) } {
            let unit = &known.description.units[rng.usize(0..known.description.units.len())];
            let Some((room, _)) = unit.rooms().nth(rng.usize(0..12)) else { continue };
            let door = Door { building: building.clone(), unit: unit.id.clone(), room };
            let weight_grams = rng.u32(500..6_000);
            let came = NOW - SignedDuration::from_hours(2);
            pieces.push(PieceAtGate {
                id: ParcelId(Uuid::from_u128(pieces.len() as u128 + 1)),
                recipient: Some(Recipient { household: None, door, grid: grid.clone() }),
                category: Category::ParcelGoods,
                size: SizeClass::Bag,
                load: Load { pieces: 1, weight_grams, volume_millilitres: 3 * weight_grams },
                held_up: None,
                arrived_at: came,
                ready_at: came,
                attempts: 0,
                to_the_door: false,
                urgent: false,
            });
        }
    }
    pieces
}

/// The wave on the compound's map.
pub fn drawing(compound: &Compound, planned: &Planned) -> Drawing {
    let Planned { ways, proposal, community, .. } = planned;
    let runs = || proposal.wave.iter().flat_map(|wave| &wave.runs);
    let with_stop: BTreeSet<_> =
        runs().flat_map(|run| &run.plan.stops).map(|stop| &stop.door.building).collect();
    let route = |(number, run): (usize, &domain::plan::event::ProposedRun)| {
        let stops = &run.plan.stops;
        let place = |stop: &domain::run::event::Stop| {
            ways.position(Place::Unit(&stop.door.building, &stop.door.unit)).map(point)
        };
        let places: Vec<Place<'_>> = std::iter::once(Place::Gate)
            .chain(stops.iter().map(|stop| Place::Unit(&stop.door.building, &stop.door.unit)))
            .chain([Place::Gate])
            .collect();
        let offer = proposal.offers.iter().find(|(id, _)| *id == run.run);
        let burden = offer.map_or(0, |(_, offer)| burden(offer.reason.trip));
        let pieces = run.plan.limit.pieces;
        Route {
            label: format!("第{number}趟 · {pieces} 件 · {burden} 层·公斤"),
            legs: places
                .windows(2)
                .filter(|leg| leg[0] != leg[1])
                .filter_map(|leg| ways.walk(leg[0], leg[1]))
                .collect(),
            stops: stops.iter().filter_map(place).collect(),
        }
    };
    let buildings = (1_u32..).zip(&compound.buildings).map(|(number, outline)| {
        let id = number.to_string().parse().ok();
        let waits = id.is_some_and(|id: domain::ids::BuildingId| {
            community.buildings.contains_key(&id) && with_stop.contains(&id)
        });
        Building {
            outline: outline.clone(),
            label: format!("{number}栋"),
            state: if waits { State::Waiting } else { State::Idle },
        }
    });
    Drawing {
        title: format!("{} · 配送路线 · delivery routes", compound.name),
        outline: compound.outline.clone(),
        buildings: buildings.collect(),
        paths: compound.roads.clone(),
        gate: Some(compound.gate),
        routes: (1..).zip(runs()).map(route).collect(),
        attribution: Some("© OpenStreetMap contributors, ODbL 1.0".to_owned()),
        ..Drawing::default()
    }
}
