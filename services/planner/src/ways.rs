//! How far it is from the gate to a stairwell, and from one stairwell to the next.

use std::collections::{BTreeMap, BTreeSet};

use domain::address::PlanPoint;
use domain::community::CommunityState;
use domain::ids::{BuildingId, PathId, UnitId};
use jiff::Timestamp;

use crate::matrix::Matrix;
use crate::walk::{self, Ground, Point, UNREACHABLE_DECIMETRES, Walks};

/// What lies between two buildings of which nobody knows where they stand, in decimetres.
pub const UNKNOWN_DM: u32 = 600;

/// Where a courier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// At the intake point.
    Gate,
    /// At the entrance of a unit.
    Unit(&'a BuildingId, &'a UnitId),
}

/// The distances of a compound at a moment: the shortest walks on its paths, straight lines where
/// no paths are known.
#[derive(Debug, Clone)]
pub struct Ways {
    gate: Option<usize>,
    entrances: BTreeMap<BuildingId, BTreeMap<UnitId, usize>>,
    positions: Vec<PlanPoint>,
    ground: Ground,
    places: Vec<walk::Place>,
    /// Between any two positions, in decimetres.
    table: Matrix,
}

impl Ways {
    /// The distances of a compound as its paths are at a moment.
    pub fn of(community: &CommunityState, at: Timestamp) -> Self {
        Self::without(community, &community.paths.blocked_at(at))
    }

    /// The distances of a compound on which these paths cannot be walked, and all others can.
    pub fn without(community: &CommunityState, blocked: &BTreeSet<&PathId>) -> Self {
        let mut positions = vec![];
        let mut index = |position: PlanPoint| {
            positions.push(position);
            positions.len() - 1
        };
        let gate = community.intake_position().map(&mut index);
        let mut entrances = BTreeMap::new();
        for (id, building) in &community.buildings {
            let mut of_building = BTreeMap::new();
            for unit in &building.description.units {
                if let Some(position) = community.entrance(id, &unit.id) {
                    of_building.insert(unit.id.clone(), index(position));
                }
            }
            entrances.insert(id.clone(), of_building);
        }
        let ground = ground(community, blocked);
        let place = |position: &PlanPoint| {
            let point = point(*position);
            walk::Place { point, node: ground.nearest(point) }
        };
        let places: Vec<walk::Place> = positions.iter().map(place).collect();
        // The ground is made of nodes that are there, so that walks on it can always be told.
        let straight = || {
            Matrix::from_fn(places.len(), |from, to| {
                places[from].point.straight_decimetres(places[to].point)
            })
        };
        let table = Walks::new(&ground, &places).map_or_else(|_| straight(), |w| w.matrix());
        Self { gate, entrances, positions, ground, places, table }
    }

    fn index(&self, place: Place<'_>) -> Option<usize> {
        match place {
            Place::Gate => self.gate,
            Place::Unit(building, unit) => self.entrances.get(building)?.get(unit).copied(),
        }
    }

    /// Where a place lies, where that is known.
    pub fn position(&self, place: Place<'_>) -> Option<PlanPoint> {
        self.positions.get(self.index(place)?).copied()
    }

    /// Whether a path leads from the intake point to a place, as far as anybody knows.
    pub fn reaches(&self, place: Place<'_>) -> bool {
        self.distance_dm(Place::Gate, place) < UNREACHABLE_DECIMETRES
    }

    /// The spots that a walk goes through, both ends with it; nothing where nobody knows the way.
    pub fn walk(&self, from: Place<'_>, to: Place<'_>) -> Option<Vec<Point>> {
        let (from, to) = (self.index(from)?, self.index(to)?);
        Walks::new(&self.ground, &self.places).ok()?.way(from, to)
    }

    /// How far somebody walks between two places, in decimetres.
    pub fn distance_dm(&self, from: Place<'_>, to: Place<'_>) -> u32 {
        match (self.index(from), self.index(to)) {
            (Some(from), Some(to)) => self.table.get(from, to),
            (None, _) | (_, None) => match (from, to) {
                (Place::Gate, Place::Gate) => 0,
                (Place::Unit(one, _), Place::Unit(other, _)) if one == other => 0,
                (Place::Gate | Place::Unit(..), Place::Gate | Place::Unit(..)) => UNKNOWN_DM,
            },
        }
    }
}

/// The paths of a compound, those that are blocked marked.
fn ground(community: &CommunityState, blocked: &BTreeSet<&PathId>) -> Ground {
    let paths = &community.paths;
    let number: BTreeMap<_, usize> = paths.crossings.keys().zip(0..).collect();
    let path = |path: &domain::community::event::Path| {
        let between = [*number.get(&path.from)?, *number.get(&path.to)?];
        let (length_decimetres, is_blocked) = (path.length_dm, blocked.contains(&path.id));
        Some(walk::Path { between, length_decimetres, is_blocked })
    };
    let nodes = paths.crossings.values();
    Ground {
        nodes: nodes.map(|at| walk::Node { point: point(*at), is_closed: false }).collect(),
        paths: paths.paths.iter().filter_map(path).collect(),
    }
}

/// A position of the compound's plan as a spot to walk from and to draw.
pub fn point(at: PlanPoint) -> Point {
    Point { east_decimetres: at.east_dm, north_decimetres: at.north_dm }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Decider;
    use domain::community::event::{
        BuildingDescribed, CommunityRegistered, Crossing, EntrancePlaced, GateOpened, GatePlaced,
        IntakePointSet, Language, Path, PathBlocked, PathsDrawn,
    };
    use domain::community::{Community, CommunityEvent};

    fn at(east_dm: i32, north_dm: i32) -> PlanPoint {
        PlanPoint { east_dm, north_dm }
    }

    fn described(building: &str, position: Option<PlanPoint>) -> CommunityEvent {
        let unit = |id: &str| domain::address::Unit {
            id: id.parse().unwrap(),
            floors: 6,
            doors_per_floor: 2,
            extra_rooms: vec![],
        };
        let (building, units) = (building.parse().unwrap(), vec![unit("1"), unit("2")]);
        BuildingDescribed { building, units, lift: false, position }.into()
    }

    /// A gate, a building with an entrance of its own for its second unit, and one that nobody has
    /// put on the plan.
    fn compound(more: Vec<CommunityEvent>) -> CommunityState {
        let gate: domain::ids::GateId = "east".parse().unwrap();
        let (name, time_zone) = ("example".to_owned(), "UTC".to_owned());
        let mut events: Vec<CommunityEvent> = vec![
            CommunityRegistered { name, time_zone, language: Language::Chinese }.into(),
            GateOpened { gate: gate.clone() }.into(),
            IntakePointSet { gate: gate.clone() }.into(),
            GatePlaced { gate, position: at(0, 0) }.into(),
            described("1", Some(at(300, 400))),
            described("2", None),
            EntrancePlaced {
                building: "1".parse().unwrap(),
                unit: Some("2".parse().unwrap()),
                position: at(600, 800),
            }
            .into(),
        ];
        events.extend(more);
        events.iter().fold(CommunityState::default(), Community::evolve)
    }

    /// One path from the gate to the first building.
    fn lane() -> CommunityEvent {
        let crossing = |id: &str, position| Crossing { id: id.parse().unwrap(), position };
        let (from, to) = ("a".parse().unwrap(), "b".parse().unwrap());
        let lane = Path { id: "lane".parse().unwrap(), from, to, length_dm: 900 };
        let crossings = vec![crossing("a", at(0, 0)), crossing("b", at(300, 400))];
        PathsDrawn { crossings, paths: vec![lane] }.into()
    }

    #[track_caller]
    fn check(community: &CommunityState, building: &str, unit: &str, expected: u32) {
        let ways = Ways::of(community, Timestamp::UNIX_EPOCH);
        let (building, unit) = (building.parse().unwrap(), unit.parse().unwrap());
        let place = Place::Unit(&building, &unit);
        assert_eq!(ways.distance_dm(Place::Gate, place), expected);
        assert_eq!(ways.reaches(place), expected < UNREACHABLE_DECIMETRES);
        let known = expected != UNKNOWN_DM && expected < UNREACHABLE_DECIMETRES;
        assert_eq!(ways.walk(Place::Gate, place).is_some(), known);
    }

    #[test]
    fn without_paths_people_walk_straight_to_the_entrance() {
        check(&compound(vec![]), "1", "1", 500);
        check(&compound(vec![]), "1", "2", 1_000);
    }

    #[test]
    fn nobody_knows_how_far_a_building_is_that_is_not_on_the_plan() {
        check(&compound(vec![]), "2", "1", UNKNOWN_DM);
    }

    #[test]
    fn paths_are_walked_and_a_blocked_one_is_not() {
        check(&compound(vec![lane()]), "1", "1", 900);
        let block = PathBlocked { path: "lane".parse().unwrap(), until: None };
        let blocked = compound(vec![lane(), block.into()]);
        check(&blocked, "1", "1", UNREACHABLE_DECIMETRES);
        // One that is blocked until a moment is walked from then on.
        let until = Some(Timestamp::UNIX_EPOCH);
        let over = PathBlocked { path: "lane".parse().unwrap(), until };
        check(&compound(vec![lane(), over.into()]), "1", "1", 900);
    }
}
