//! What an event changes of runs that people have seen: as little as possible.
//!
//! A run is never reshuffled. What cannot stay on it is taken off: pieces that are not there any
//! more, stops behind a zone that is closed or closes before the courier could be there and back.
//! A building whose zone closes while the courier is on the way is left out until it opens again.
//! Where a path is blocked, what is still to do is gone to in another order if that saves much.
//! Somebody who cannot make the trip any more is not asked; nobody else loses a trip for it.
//! `docs/decisions/0061-a-run-is-never-reshuffled.md` says why.

use std::collections::BTreeSet;

use domain::community::{CommunityState, ZoneAccess};
use domain::ids::{BuildingId, ParcelId, PathId, VolunteerId};
use domain::plan::PlannedRun;
use domain::run::event::{ReplanReason, RunBuildingPaused, RunCancelReason, RunReplanned, Stop};
use domain::run::{Phase, RunState};
use domain::supply::Load;
use jiff::{SignedDuration, Timestamp};

use crate::reroute::{Blocked, detour, reroute};
use crate::ways::{Place, Ways};
use crate::{effort, objective};

/// What shall happen to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Its stops change.
    Replan(RunReplanned),
    /// It does not take place.
    Cancel(RunCancelReason),
    /// A building is left out for now.
    Pause(RunBuildingPaused),
    /// A building can be gone to again.
    Resume(BuildingId),
    /// Whoever has it cannot make it: it waits for another one.
    TakeBack(VolunteerId),
    /// Somebody else is asked: nobody was, or whoever was did not answer in time.
    AskNext,
}

/// What is known of a run's pieces and people.
#[derive(Debug)]
pub struct Around<'a> {
    /// The community.
    pub community: &'a CommunityState,
    /// Now.
    pub now: Timestamp,
    /// Pieces that are not where they should be, or may not go.
    pub gone: &'a BTreeSet<ParcelId>,
    /// The volunteers who cannot make a trip now: off shift, unwell, away, their badge revoked.
    pub unable: &'a BTreeSet<VolunteerId>,
    /// How long the answer to an offer is waited for, in seconds.
    pub answer_within_seconds: u32,
    /// The ways as they are now.
    pub ways: &'a Ways,
    /// The ways with and without what is blocked, where a path is blocked now.
    pub blocked: Option<Blocked<'a>>,
}

/// What shall change of a run; nothing, as long as it can be made as it is.
pub fn changes(around: &Around<'_>, run: &RunState, planned: Option<&PlannedRun>) -> Vec<Change> {
    match run.phase {
        Phase::Planned | Phase::Offered | Phase::Accepted => before_departure(around, run, planned),
        Phase::Departed => on_the_way(around, run),
        Phase::Unknown | Phase::Closed | Phase::Cancelled => vec![],
    }
}

fn before_departure(
    around: &Around<'_>,
    run: &RunState,
    planned: Option<&PlannedRun>,
) -> Vec<Change> {
    // A run without stops takes pieces as they come; only people plan such a run.
    if let Some(change) = stops_that_stay(around, run).filter(|_| !run.stops.is_empty()) {
        return vec![change];
    }
    if let Some(volunteer) = run.courier.or(run.offered_to)
        && around.unable.contains(&volunteer)
        && run.pieces.is_empty()
    {
        return vec![Change::TakeBack(volunteer)];
    }
    if let Some(change) = rerouted(around, run) {
        return vec![change];
    }
    let Some(planned) = planned else { return vec![] };
    let waits = SignedDuration::from_secs(i64::from(around.answer_within_seconds));
    let asked = planned.asked.last();
    match run.phase {
        Phase::Planned => match asked {
            // The offer is on its way to the run, and is seen there in a moment.
            Some(asked) if around.now.duration_since(asked.at) < GRACE => vec![],
            Some(_) | None => vec![Change::AskNext],
        },
        Phase::Offered if asked.is_some_and(|a| around.now.duration_since(a.at) >= waits) => {
            vec![Change::AskNext]
        }
        Phase::Offered
        | Phase::Unknown
        | Phase::Accepted
        | Phase::Departed
        | Phase::Closed
        | Phase::Cancelled => vec![],
    }
}

/// How long a decided offer may take to reach its run.
const GRACE: SignedDuration = SignedDuration::from_secs(5);

/// The change that takes off what cannot go; `None` is everything can.
fn stops_that_stay(around: &Around<'_>, run: &RunState) -> Option<Change> {
    let protection = run.needs_protection();
    let closed = around.community.closed_zones(around.now, protection);
    let over_at = objective::later(around.now, lasts(around, run));
    let (mut zone, mut cut_off) = (None, None);
    let mut stops: Vec<Stop> = vec![];
    for stop in &run.stops {
        let loaded = |parcel: &ParcelId| run.pieces.contains_key(parcel);
        let mut stop = stop.clone();
        stop.parcels.retain(|parcel| loaded(parcel) || !around.gone.contains(parcel));
        let building = &stop.door.building;
        let closing = || {
            let (at, zone) = around.community.closes_next(building, around.now, protection)?;
            (at < over_at).then(|| zone.clone())
        };
        let closes = match closed.access(building) {
            ZoneAccess::Closed { zone } => Some(zone),
            ZoneAccess::Admitted => closing(),
        };
        if let Some(of) = closes {
            stop.parcels.retain(loaded);
            zone = Some(of);
        }
        if around.blocked.is_some_and(|ways| !ways.now.reaches(place(&stop))) {
            cut_off = cut_off.or_else(|| around.blocking(&stop));
            stop.parcels.retain(loaded);
        }
        if !stop.parcels.is_empty() {
            stops.push(stop);
        }
    }
    if stops == run.stops {
        return None;
    }
    if stops.is_empty() {
        let reason = if zone.is_some() {
            RunCancelReason::ZoneClosed
        } else {
            RunCancelReason::NothingToCarry
        };
        return Some(Change::Cancel(reason));
    }
    let cut_off = cut_off.map(ReplanReason::PathBlocked);
    let reason = zone.map(ReplanReason::ZoneClosed).or(cut_off).unwrap_or(ReplanReason::PiecesGone);
    Some(Change::Replan(RunReplanned { stops, reason }))
}

/// How long a run takes from now on, in seconds; what is loaded already is not loaded again.
fn lasts(around: &Around<'_>, run: &RunState) -> u32 {
    let level = run.plan.as_ref().map(|plan| plan.level).unwrap_or_default();
    let doors = run.stops.iter().map(|stop| (&stop.door, Load::default()));
    let effort = effort::of_doors(around.community, around.ways, level, doors);
    let parcels = run.stops.iter().flat_map(|stop| &stop.parcels);
    let on_shelf = parcels.filter(|parcel| !run.pieces.contains_key(parcel)).count();
    objective::seconds(effort, run.stops.len(), on_shelf)
}

fn place(stop: &Stop) -> Place<'_> {
    Place::Unit(&stop.door.building, &stop.door.unit)
}

impl Around<'_> {
    /// The blocked path that cuts a stop off.
    fn blocking(&self, stop: &Stop) -> Option<PathId> {
        let open = self.blocked?.open.distance_dm(Place::Gate, place(stop));
        detour(self.community, self.now, &[Place::Gate, place(stop)], u64::from(open))
    }
}

/// Another order of what is still to do, where a path is blocked.
fn rerouted(around: &Around<'_>, run: &RunState) -> Option<Change> {
    let ways = around.blocked?;
    reroute(around.community, around.now, ways, run).map(Change::Replan)
}

/// On the way nothing is taken off: a building whose zone is closed is left out and gone to later.
fn on_the_way(around: &Around<'_>, run: &RunState) -> Vec<Change> {
    let closed = around.community.closed_zones(around.now, run.needs_protection());
    let ahead = run.pieces.values().filter(|piece| piece.status.is_on_board());
    let ahead: BTreeSet<_> = ahead.map(|piece| &piece.door.building).collect();
    let mut changes = vec![];
    for building in ahead {
        let paused = run.paused.contains_key(building);
        match closed.access(building) {
            ZoneAccess::Closed { zone } if !paused => {
                let until = reopens(around, &zone);
                let building = building.clone();
                changes.push(Change::Pause(RunBuildingPaused { building, zone, until }));
            }
            ZoneAccess::Admitted if paused => changes.push(Change::Resume(building.clone())),
            ZoneAccess::Closed { .. } | ZoneAccess::Admitted => {}
        }
    }
    changes.extend(rerouted(around, run));
    changes
}

fn reopens(around: &Around<'_>, zone: &domain::ids::ZoneId) -> Option<Timestamp> {
    let zone = around.community.zones.get(zone)?;
    let mut states = zone.state.iter().chain(&zone.earlier);
    let holds = |from: Timestamp, until: Option<Timestamp>| {
        from <= around.now && until.is_none_or(|until| around.now < until)
    };
    states.find(|state| holds(state.from, state.until))?.until
}
