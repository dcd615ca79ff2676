//! Where gates and entrances lie, and the paths between them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{
    CommunityEvent, EntrancePlaced, GatePlaced, Path, PathBlocked, PathCleared, PathsDrawn,
};
use super::{CommunityRefusal, CommunityState, Decision, unless};
use crate::address::PlanPoint;
use crate::ids::{BuildingId, CrossingId, GateId, PathId, UnitId};

/// The most crossings of a compound.
pub const CROSSINGS_MAX: usize = 2_000;
/// The most paths of a compound.
pub const PATHS_MAX: usize = 4_000;

/// Where gates, entrances and paths lie on the compound's plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Paths {
    /// The gates that were placed.
    pub gates: BTreeMap<GateId, PlanPoint>,
    /// Where people enter each building, where that was said.
    entrances: BTreeMap<BuildingId, Entrances>,
    /// Where paths meet.
    pub crossings: BTreeMap<CrossingId, PlanPoint>,
    /// The paths.
    pub paths: Vec<Path>,
    /// The blocked paths, and until when.
    pub blocks: BTreeMap<PathId, Option<Timestamp>>,
}

/// The entrances of one building.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Entrances {
    whole: Option<PlanPoint>,
    units: BTreeMap<UnitId, PlanPoint>,
}

impl Paths {
    /// The paths that nobody can walk at a moment.
    pub fn blocked_at(&self, at: Timestamp) -> BTreeSet<&PathId> {
        let holds = |until: &Option<Timestamp>| until.is_none_or(|until| at < until);
        self.blocks.iter().filter(|(_, until)| holds(until)).map(|(path, _)| path).collect()
    }

    /// Where people enter a unit, where that was said.
    pub fn entrance(&self, building: &BuildingId, unit: &UnitId) -> Option<PlanPoint> {
        let entrances = self.entrances.get(building)?;
        entrances.units.get(unit).copied().or(entrances.whole)
    }

    pub(super) fn gate_placed(&mut self, event: &GatePlaced) {
        self.gates.insert(event.gate.clone(), event.position);
    }

    pub(super) fn entrance_placed(&mut self, event: &EntrancePlaced) {
        let entrances = self.entrances.entry(event.building.clone()).or_default();
        match &event.unit {
            Some(unit) => {
                entrances.units.insert(unit.clone(), event.position);
            }
            None => entrances.whole = Some(event.position),
        }
    }

    pub(super) fn drawn(&mut self, event: &PathsDrawn) {
        let crossings = event.crossings.iter();
        self.crossings = crossings.map(|one| (one.id.clone(), one.position)).collect();
        self.paths.clone_from(&event.paths);
        let known: BTreeSet<_> = self.paths.iter().map(|path| &path.id).collect();
        self.blocks.retain(|path, _| known.contains(path));
    }

    pub(super) fn blocked(&mut self, event: &PathBlocked) {
        self.blocks.insert(event.path.clone(), event.until);
    }

    pub(super) fn cleared(&mut self, event: &PathCleared) {
        self.blocks.remove(&event.path);
    }

    fn draws(&self, fact: &PathsDrawn) -> bool {
        let crossings = fact.crossings.iter().map(|one| (&one.id, &one.position));
        self.paths == fact.paths && self.crossings.iter().eq(crossings.collect::<BTreeMap<_, _>>())
    }
}

pub(super) fn place_gate(state: &CommunityState, fact: GatePlaced) -> Decision {
    if !state.gates.contains(&fact.gate) {
        return Err(CommunityRefusal::UnknownGate { gate: fact.gate });
    }
    Ok(unless(state.paths.gates.get(&fact.gate) == Some(&fact.position), fact))
}

pub(super) fn place_entrance(state: &CommunityState, fact: EntrancePlaced) -> Decision {
    let Some(building) = state.buildings.get(&fact.building) else {
        return Err(CommunityRefusal::UnknownBuilding { building: fact.building });
    };
    let entrances = state.paths.entrances.get(&fact.building);
    let known = match &fact.unit {
        Some(unit) if building.unit(unit).is_none() => {
            let (building, unit) = (fact.building, unit.clone());
            return Err(CommunityRefusal::UnknownUnit { building, unit });
        }
        Some(unit) => entrances.and_then(|entrances| entrances.units.get(unit).copied()),
        None => entrances.and_then(|entrances| entrances.whole),
    };
    Ok(unless(known == Some(fact.position), fact))
}

pub(super) fn draw(state: &CommunityState, fact: PathsDrawn) -> Decision {
    let crossings: BTreeMap<_, _> =
        fact.crossings.iter().map(|one| (&one.id, one.position)).collect();
    let names: BTreeSet<_> = fact.paths.iter().map(|path| &path.id).collect();
    let sane = |path: &Path| match (crossings.get(&path.from), crossings.get(&path.to)) {
        (Some(from), Some(to)) => path.from != path.to && reaches(*from, *to, path.length_dm),
        (None, _) | (_, None) => false,
    };
    let counted = fact.crossings.len() <= CROSSINGS_MAX && fact.paths.len() <= PATHS_MAX;
    let once = crossings.len() == fact.crossings.len() && names.len() == fact.paths.len();
    if !counted || !once || !fact.paths.iter().all(sane) {
        return Err(CommunityRefusal::PathsShape);
    }
    Ok(unless(state.paths.draws(&fact), fact))
}

/// Whether so many decimetres reach from one point to another.
fn reaches(from: PlanPoint, to: PlanPoint, length_dm: u32) -> bool {
    let (east, north) = (from.east_dm.abs_diff(to.east_dm), from.north_dm.abs_diff(to.north_dm));
    let square = |length: u32| u128::from(length) * u128::from(length);
    // A measured length is rounded to a whole decimetre, so that one more is allowed for.
    square(length_dm.saturating_add(1)) >= square(east) + square(north)
}

pub(super) fn block(state: &CommunityState, fact: PathBlocked) -> Decision {
    check_path(state, &fact.path)?;
    let done = state.paths.blocks.get(&fact.path) == Some(&fact.until);
    Ok(unless(done, CommunityEvent::PathBlocked(fact)))
}

pub(super) fn clear(state: &CommunityState, fact: PathCleared) -> Decision {
    check_path(state, &fact.path)?;
    let done = !state.paths.blocks.contains_key(&fact.path);
    Ok(unless(done, CommunityEvent::PathCleared(fact)))
}

fn check_path(state: &CommunityState, path: &PathId) -> Result<(), CommunityRefusal> {
    if state.paths.paths.iter().any(|known| known.id == *path) {
        Ok(())
    } else {
        Err(CommunityRefusal::UnknownPath { path: path.clone() })
    }
}
