//! What a blocked path changes of a run: the order of what is still to do, and nothing else.

use std::collections::BTreeSet;

use domain::community::CommunityState;
use domain::ids::PathId;
use domain::run::event::{ReplanReason, RunReplanned, Stop};
use domain::run::{Phase, RunState};
use jiff::Timestamp;

use crate::matrix::Matrix;
use crate::objective::REROUTE_SAVES_DM;
use crate::tour::{self, Ends};
use crate::ways::{Place, Ways};

/// How many blocked paths are looked at one by one to say which of them it was.
const BLOCKED_NAMED_MAX: usize = 16;

/// The ways of a compound now, and as they would be if no path were blocked.
#[derive(Debug, Clone, Copy)]
pub struct Blocked<'a> {
    /// Now.
    pub now: &'a Ways,
    /// With every path open.
    pub open: &'a Ways,
}

/// Another order of a run's stops, where a blocked path makes the present one a detour and another
/// one saves [`REROUTE_SAVES_DM`] or more. Stops that are done stay where they are; a stairwell
/// stays together, top floor down.
pub fn reroute(
    community: &CommunityState,
    at: Timestamp,
    ways: Blocked<'_>,
    run: &RunState,
) -> Option<RunReplanned> {
    let is_done = |stop: &&Stop| run.outcomes.contains_key(&stop.door);
    let done: Vec<&Stop> = run.stops.iter().filter(is_done).collect();
    let ahead: Vec<&Stop> = run.stops.iter().filter(|stop| !is_done(stop)).collect();
    let start = done.last().map_or(Place::Gate, |stop| place(stop));
    let stairwells: Vec<&[&Stop]> = ahead.chunk_by(|one, next| place(one) == place(next)).collect();
    let mut places = vec![start];
    places.extend(stairwells.iter().map(|stops| place(stops[0])));
    places.push(Place::Gate);
    let now = length(ways.now, &places);
    let open = length(ways.open, &places);
    if now == open {
        return None;
    }
    let last = places.len() - 1;
    let matrix =
        Matrix::from_fn(places.len(), |from, to| ways.now.distance_dm(places[from], places[to]));
    let ends = Ends::Path { start: Some(0), end: Some(last) };
    let found = tour::order(&matrix, ends, 1, &mut tour::enough(places.len()));
    if found.length.saturating_add(REROUTE_SAVES_DM) > now {
        return None;
    }
    let mut stops: Vec<Stop> = done.into_iter().cloned().collect();
    let order = found.stops.into_iter().filter_map(|at| stairwells.get(at.checked_sub(1)?));
    stops.extend(order.flat_map(|stops| stops.iter().map(|stop| (*stop).clone())));
    if run.phase == Phase::Departed {
        // What was left behind is not on the way.
        for stop in &mut stops {
            stop.parcels.retain(|id| run.pieces.contains_key(id));
        }
        stops.retain(|stop| !stop.parcels.is_empty());
    }
    let path = detour(community, at, &places, open)?;
    Some(RunReplanned { stops, reason: ReplanReason::PathBlocked(path) })
}

fn place(stop: &Stop) -> Place<'_> {
    Place::Unit(&stop.door.building, &stop.door.unit)
}

fn length(ways: &Ways, places: &[Place<'_>]) -> u64 {
    places.windows(2).map(|leg| u64::from(ways.distance_dm(leg[0], leg[1]))).sum()
}

/// The blocked path that alone makes this way longer; the first one where it takes several.
pub(crate) fn detour(
    community: &CommunityState,
    at: Timestamp,
    places: &[Place<'_>],
    open: u64,
) -> Option<PathId> {
    let blocked = community.paths.blocked_at(at);
    let alone = |path: &&&PathId| {
        let ways = Ways::without(community, &BTreeSet::from([**path]));
        length(&ways, places) > open
    };
    let one = blocked.iter().take(BLOCKED_NAMED_MAX).find(alone);
    one.or(blocked.first()).map(|path| (*path).clone())
}
