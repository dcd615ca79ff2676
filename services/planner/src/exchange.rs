//! Trips made cheaper together: stairwells change places between the trips that a cut left.
//!
//! A cut leaves stairwells of two trips only where they follow each other on one round. What a
//! search over all trips at once finds beside that is taken when it is cheaper, and within the
//! same limits; there are never more trips than before.

use domain::run::STOPS_MAX;

use crate::fleet::{self, Limits, Load, Person, Plan, Problem, Run, Stop, Trip as Made, Window};
use crate::matrix::Matrix;
use crate::objective::{self, SECONDS_PER_HUNDRED_DM, TRIP_DM, TRIP_WEIGHTS};
use crate::pace::{Pace, Steps};
use crate::trips::{Allowance, Stairwell, Trip};
use crate::ways::{Place, Ways};

/// The same trips are always improved in the same way.
const SEED: u64 = 1;

/// The fleet's clock counts hundredths of a second here, so that a decimetre is a whole number.
const HUNDREDTHS: u32 = 100;

/// A search among more stairwells than that takes as many steps for each of them as among so many.
const STAIRWELLS_THAT_COUNT: usize = 80;

/// The fewest steps that are worth to begin.
const STEPS_LEAST: usize = 60;

/// As long as a search among so many stairwells pays: what twenty times as many steps save beside
/// it is below one per cent in a grid of a few buildings, and two in one of forty.
pub fn enough(stairwells: usize) -> Steps {
    let steps = stairwells.saturating_mul(stairwells.min(STAIRWELLS_THAT_COUNT)) / 2;
    Steps(u64::try_from(steps.max(STEPS_LEAST)).unwrap_or(u64::MAX))
}

/// The same stairwells in trips that cost less, or the same trips.
pub fn exchanged<'a>(
    ways: &Ways,
    trips: Vec<Trip<'a>>,
    allowance: Allowance,
    pace: &mut dyn Pace,
) -> Vec<Trip<'a>> {
    let stairwells: Vec<&Stairwell<'a>> = trips.iter().flat_map(|trip| &trip.stairwells).collect();
    if trips.len() < 2 || !any_two_fit(&stairwells, allowance) {
        return trips;
    }
    let problem = problem(ways, &stairwells, trips.len(), allowance);
    // What the search cannot read or cannot plan whole stays as it was cut.
    let Ok(plan) = fleet::improve(&problem, &as_cut(&trips), SEED, pace) else { return trips };
    let of_run = |run: &Run| {
        let stairwells = run.stops.iter().map(|stop| stairwells[*stop].clone());
        Trip::in_order(ways, stairwells.collect())
    };
    let found: Vec<Trip<'a>> = plan.runs.iter().map(of_run).collect();
    // The search counts no doors: only carts of more than 200 pieces could go to too many.
    let is_legal = plan.left.is_empty() && found.iter().all(|trip| trip.doors() <= STOPS_MAX);
    if is_legal && cost(&found) < cost(&trips) { found } else { trips }
}

/// What trips cost together, by the way alone: see [`objective::way`].
pub fn cost(trips: &[Trip<'_>]) -> u64 {
    trips.iter().map(|trip| objective::way(trip.effort)).sum()
}

/// Whether there are two stairwells that one trip could take; else nothing can change places.
fn any_two_fit(stairwells: &[&Stairwell<'_>], allowance: Allowance) -> bool {
    stairwells.iter().enumerate().any(|(at, one)| {
        stairwells[at + 1..].iter().any(|other| {
            one.load.plus(other.load).fits(allowance.load)
                && one.climb.floors.saturating_add(other.climb.floors) <= allowance.floors
        })
    })
}

/// Stairwells to go to, in so many trips from the gate and back to it.
fn problem(
    ways: &Ways,
    stairwells: &[&Stairwell<'_>],
    trips: usize,
    allowance: Allowance,
) -> Problem {
    let place = |index: usize| match index.checked_sub(1) {
        Some(index) => stairwells[index].place(),
        None => Place::Gate,
    };
    let distances =
        Matrix::from_fn(stairwells.len() + 1, |from, to| ways.distance_dm(place(from), place(to)));
    let durations = Matrix::from_fn(distances.size(), |from, to| {
        distances.get(from, to).saturating_mul(SECONDS_PER_HUNDRED_DM)
    });
    let stop = |(index, stairwell): (usize, &&Stairwell<'_>)| Stop {
        load: load(stairwell.load),
        service_seconds: stairwell.seconds().saturating_mul(HUNDREDTHS),
        // Who climbs to it is not known yet: floors only count against what a trip may have.
        effort: stairwell.climb.floors,
        ..Stop::at(index + 1)
    };
    let is_limited = allowance.floors < u32::MAX;
    let effort_max = if is_limited { u64::from(allowance.floors) } else { u64::MAX };
    let closes_second = allowance.seconds.saturating_mul(HUNDREDTHS);
    let made = |person| Made {
        person,
        start: 0,
        end: Some(0),
        shift: Window { opens_second: 0, closes_second },
        limits: Limits { load: load(allowance.load), ..Limits::NONE },
        fixed_cost: u32::try_from(TRIP_DM).unwrap_or(u32::MAX),
    };
    Problem {
        distances,
        durations,
        stops: stairwells.iter().enumerate().map(stop).collect(),
        people: vec![Person { effort_max, ..Person::FRESH }; trips],
        trips: (0..trips).map(made).collect(),
        weights: TRIP_WEIGHTS,
    }
}

/// The trips as they were cut, in the numbers of the problem.
fn as_cut(trips: &[Trip<'_>]) -> Plan {
    let mut next = 0..;
    let run = |(trip, cut): (usize, &Trip<'_>)| Run {
        trip,
        stops: next.by_ref().take(cut.stairwells.len()).collect(),
    };
    let runs = trips.iter().enumerate().map(run).collect();
    Plan { runs, left: vec![], cost: fleet::Cost::default() }
}

fn load(load: domain::supply::Load) -> Load {
    let domain::supply::Load { pieces, weight_grams, volume_millilitres } = load;
    Load { pieces, weight_grams, volume_millilitres }
}
