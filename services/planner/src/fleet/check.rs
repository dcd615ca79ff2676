//! The rules of a plan, written apart from the search that makes it, so that each can find the
//! other's mistakes.

use super::{Cost, Plan, Problem, Run, Who};

/// A rule that a plan breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A stop is planned twice, or neither planned nor left.
    #[error("stop {0} is planned twice, or neither planned nor left out")]
    NotOnce(usize),
    /// A trip is made twice, or is not one of the problem.
    #[error("trip {0} is made twice, or does not exist")]
    Trip(usize),
    /// Somebody goes where he may not.
    #[error("trip {trip} goes to stop {stop}, which is not for this person")]
    NotAllowed {
        /// The trip.
        trip: usize,
        /// The stop.
        stop: usize,
    },
    /// A trip holds or walks more than its limits say.
    #[error("trip {0} is over its load, its number of stops or its distance")]
    Limits(usize),
    /// A trip comes to a stop after its window, or is over too late.
    #[error("trip {0} is late")]
    Late(usize),
    /// Somebody climbs more than he said he can.
    #[error("person {0} climbs more than agreed")]
    Effort(usize),
}

/// Checks a plan against its problem.
///
/// # Errors
/// The first rule that is broken.
pub fn check(problem: &Problem, plan: &Plan) -> Result<(), Broken> {
    let mut times = vec![0; problem.stops.len()];
    let planned = plan.runs.iter().flat_map(|run| &run.stops).chain(&plan.left);
    for stop in planned {
        *times.get_mut(*stop).ok_or(Broken::NotOnce(*stop))? += 1;
    }
    if let Some(stop) = times.iter().position(|times| *times != 1) {
        return Err(Broken::NotOnce(stop));
    }
    let mut made = vec![false; problem.trips.len()];
    for run in &plan.runs {
        let slot = made.get_mut(run.trip).ok_or(Broken::Trip(run.trip))?;
        if std::mem::replace(slot, true) {
            return Err(Broken::Trip(run.trip));
        }
        check_run(problem, run)?;
    }
    let climbed = effort_by_person(problem, plan);
    let over = |person: &usize| climbed[*person] > problem.people[*person].effort_max;
    (0..problem.people.len()).find(over).map_or(Ok(()), |person| Err(Broken::Effort(person)))
}

fn check_run(problem: &Problem, run: &Run) -> Result<(), Broken> {
    let trip = &problem.trips[run.trip];
    for stop in &run.stops {
        let allowed = match &problem.stops[*stop].who {
            Who::Anyone => true,
            Who::Only(people) => people.contains(&trip.person),
        };
        if !allowed {
            return Err(Broken::NotAllowed { trip: run.trip, stop: *stop });
        }
    }
    let mut load = [0; super::DIMENSIONS];
    for stop in &run.stops {
        let more = problem.stops[*stop].load.dimensions();
        load.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }
    let limits = trip.limits.load.dimensions();
    let over = load.iter().zip(limits).any(|(load, limit)| *load > limit);
    let (far, long) = (run_distance(problem, run), run.stops.len());
    if over || far > trip.limits.distance || long > trip.limits.stops {
        return Err(Broken::Limits(run.trip));
    }
    if is_late(problem, run) { Err(Broken::Late(run.trip)) } else { Ok(()) }
}

fn is_late(problem: &Problem, run: &Run) -> bool {
    let trip = &problem.trips[run.trip];
    let mut second = u64::from(trip.shift.opens_second);
    let mut here = trip.start;
    for stop in run.stops.iter().map(|stop| &problem.stops[*stop]) {
        second += u64::from(problem.durations.get(here, stop.place));
        second = second.max(u64::from(stop.window.opens_second));
        if second > u64::from(stop.window.closes_second) {
            return true;
        }
        second += u64::from(stop.service_seconds);
        here = stop.place;
    }
    let home = trip.end.map_or(0, |end| u64::from(problem.durations.get(here, end)));
    !run.stops.is_empty() && second + home > u64::from(trip.shift.closes_second)
}

/// What a plan costs by the weights of its problem.
///
/// # Panics
/// When the plan names a stop or trip that the problem does not have.
pub fn cost(problem: &Problem, plan: &Plan) -> Cost {
    let runs = plan.runs.iter().filter(|run| !run.stops.is_empty());
    let distance: u64 = runs.clone().map(|run| run_distance(problem, run)).sum();
    let climbed = effort_by_person(problem, plan);
    let legs = runs.clone().flat_map(|run| ways(problem, run));
    let legs: u64 = legs.map(|(from, to)| problem.leg_cost(from, to)).sum();
    let fixed: u64 = runs.map(|run| u64::from(problem.trips[run.trip].fixed_cost)).sum();
    let skipped: u64 = plan.left.iter().map(|stop| problem.skip_cost(*stop)).sum();
    let burden: i64 = climbed
        .iter()
        .enumerate()
        .map(|(person, effort)| problem.effort_cost(person, i64::try_from(*effort).unwrap_or(0)))
        .sum();
    let total = (legs + fixed + skipped).saturating_add_signed(burden);
    Cost { total, distance, effort: climbed.iter().sum(), skipped }
}

fn run_distance(problem: &Problem, run: &Run) -> u64 {
    let ways = ways(problem, run);
    ways.iter().map(|(from, to)| u64::from(problem.distances.get(*from, *to))).sum()
}

/// From where to where a run goes; nowhere when it has no stops.
fn ways(problem: &Problem, run: &Run) -> Vec<(usize, usize)> {
    let trip = &problem.trips[run.trip];
    let stops = run.stops.iter().map(|stop| problem.stops[*stop].place);
    let end = trip.end.filter(|_| !run.stops.is_empty());
    let places: Vec<usize> = std::iter::once(trip.start).chain(stops).chain(end).collect();
    places.iter().copied().zip(places.iter().copied().skip(1)).collect()
}

fn effort_by_person(problem: &Problem, plan: &Plan) -> Vec<u64> {
    let mut climbed = vec![0; problem.people.len()];
    for run in &plan.runs {
        let stops = run.stops.iter().map(|stop| &problem.stops[*stop]);
        let mut carried: u64 = stops.clone().map(|stop| u64::from(stop.load.weight_grams)).sum();
        for stop in stops {
            let effort = u64::from(stop.effort) + u64::from(stop.floors_loaded) * carried;
            climbed[problem.trips[run.trip].person] += effort;
            carried -= u64::from(stop.load.weight_grams);
        }
    }
    climbed
}
