//! How far it is from the gate to a stairwell, and from one stairwell to the next.

use std::collections::BTreeMap;

use domain::address::PlanPoint;
use domain::community::CommunityState;
use domain::ids::{BuildingId, UnitId};
use jiff::Timestamp;

use crate::matrix::Matrix;
use crate::walk::{self, Ground, Point, Walks};

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
    /// Between any two positions, in decimetres.
    table: Matrix,
}

impl Ways {
    /// The distances of a compound as its paths are at a moment.
    pub fn of(community: &CommunityState, at: Timestamp) -> Self {
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
        let ground = ground(community, at);
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
        Self { gate, entrances, positions, table }
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

/// The paths of a compound, those that are blocked at a moment marked.
fn ground(community: &CommunityState, at: Timestamp) -> Ground {
    let paths = &community.paths;
    let number: BTreeMap<_, usize> = paths.crossings.keys().zip(0..).collect();
    let blocked = paths.blocked_at(at);
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

fn point(at: PlanPoint) -> Point {
    Point { east_decimetres: at.east_dm, north_decimetres: at.north_dm }
}
