//! The cheapest plan of a few stops, by trying every plan that may still be cheaper.
//!
//! Runs are made stop by stop, and what they cost, carry and last only grows on the way, so that a
//! beginning that is too dear, too heavy or too late is given up with all that would follow. No
//! triangle need close for that. A search by ruin and recreate stays above the cheapest plan of
//! few stops now and then: there are too few neighbours to take out.

use super::model::Model;
use super::{DIMENSIONS, Plan, Problem, Run};

/// So many arrangements of the stops over the trips are tried one by one, and no more: six stops
/// and four trips, or seven stops and two.
const ARRANGEMENTS_MAX: u64 = 200_000;

/// The runs of a plan that is cheaper than `plan`, where there is one and the problem is so small
/// that all of them can be tried.
pub fn cheaper(model: &Model, plan: &Plan) -> Option<Vec<Run>> {
    let problem = model.problem;
    if !is_small(problem) {
        return None;
    }
    let people = problem.people.len();
    let before = (0..model.vehicles.len()).map(|trip| {
        let kind = model.vehicles[trip].kind;
        (0..trip).rev().find(|other| model.vehicles[*other].kind == kind)
    });
    let mut search = Search {
        problem,
        alike_before: before.collect(),
        made: vec![vec![]; problem.trips.len()],
        is_placed: vec![false; problem.stops.len()],
        climbed: vec![0; people],
        burden: (0..people).map(|person| problem.effort_cost(person, 0)).sum(),
        bound: plan.cost.total,
        found: None,
    };
    search.trip(0, 0);
    search.found
}

/// Whether the stops can be arranged over the trips, or left, in few ways: the first one behind
/// the start of each trip, the next one there or behind the first, and so on.
fn is_small(problem: &Problem) -> bool {
    let trips = u64::try_from(problem.trips.len()).unwrap_or(u64::MAX);
    let mut arrangements = 1_u64;
    (0..problem.stops.len()).zip(1_u64..).all(|(_, number)| {
        arrangements = arrangements.saturating_mul(trips.saturating_add(number));
        arrangements <= ARRANGEMENTS_MAX
    })
}

struct Search<'a> {
    problem: &'a Problem,
    /// The trip before each that is like it.
    alike_before: Vec<Option<usize>>,
    /// The stops of each trip so far.
    made: Vec<Vec<usize>>,
    is_placed: Vec<bool>,
    /// What each person climbs in the trips that are finished.
    climbed: Vec<u64>,
    /// What all of that costs.
    burden: i64,
    /// What a plan must cost less than.
    bound: u64,
    found: Option<Vec<Run>>,
}

/// A trip that is not finished.
#[derive(Clone, Copy)]
struct Way {
    here: usize,
    second: u64,
    distance: u64,
    load: [i64; DIMENSIONS],
    /// What all ways and trips so far cost.
    spent: u64,
}

impl Search<'_> {
    /// Tries everything for a trip and those behind it.
    fn trip(&mut self, at: usize, spent: u64) {
        if self.total(spent) >= self.bound {
            return;
        }
        let Some(trip) = self.problem.trips.get(at) else {
            return self.finish(spent);
        };
        self.trip(at + 1, spent);
        let way = Way {
            here: trip.start,
            second: u64::from(trip.shift.opens_second),
            distance: 0,
            load: [0; DIMENSIONS],
            spent: spent + u64::from(trip.fixed_cost),
        };
        self.onwards(at, way);
    }

    /// Tries every next stop of a trip.
    fn onwards(&mut self, at: usize, way: Way) {
        for stop in 0..self.problem.stops.len() {
            if self.is_placed[stop] || !self.may_begin(at, stop) {
                continue;
            }
            let Some(further) = self.to(at, way, stop) else { continue };
            if self.total(further.spent) >= self.bound {
                continue;
            }
            self.is_placed[stop] = true;
            self.made[at].push(stop);
            self.home(at, further);
            if self.made[at].len() < self.problem.trips[at].limits.stops {
                self.onwards(at, further);
            }
            self.made[at].pop();
            self.is_placed[stop] = false;
        }
    }

    /// Of trips that are alike the first stops ascend, so that no plan is tried under another name.
    fn may_begin(&self, at: usize, stop: usize) -> bool {
        let alike = self.alike_before[at].filter(|_| self.made[at].is_empty());
        alike.is_none_or(|before| self.made[before].first().is_some_and(|first| *first < stop))
    }

    /// The way on to a stop, where the trip can take it.
    fn to(&self, at: usize, way: Way, number: usize) -> Option<Way> {
        let Problem { distances, durations, trips, .. } = self.problem;
        let (trip, stop) = (&trips[at], &self.problem.stops[number]);
        let arrives = way.second + u64::from(durations.get(way.here, stop.place));
        let begins = arrives.max(u64::from(stop.window.opens_second));
        let distance = way.distance + u64::from(distances.get(way.here, stop.place));
        let mut load = way.load;
        load.iter_mut().zip(stop.load.dimensions()).for_each(|(sum, more)| *sum += more);
        let limits = trip.limits.load.dimensions();
        let fits = load.iter().zip(limits).all(|(load, limit)| *load <= limit)
            && distance <= trip.limits.distance
            && begins <= u64::from(stop.window.closes_second)
            && trip.limits.stops > 0
            && self.problem.may_go(trip.person, number);
        fits.then(|| Way {
            here: stop.place,
            second: begins + u64::from(stop.service_seconds),
            distance,
            load,
            spent: way.spent + self.problem.leg_cost(way.here, stop.place),
        })
    }

    /// Finishes a trip here, and tries the next ones.
    fn home(&mut self, at: usize, way: Way) {
        let trip = &self.problem.trips[at];
        let (mut second, mut distance, mut spent) = (way.second, way.distance, way.spent);
        if let Some(end) = trip.end {
            second += u64::from(self.problem.durations.get(way.here, end));
            distance += u64::from(self.problem.distances.get(way.here, end));
            spent += self.problem.leg_cost(way.here, end);
        }
        let late = second > u64::from(trip.shift.closes_second);
        let person = trip.person;
        let (before, burden) = (self.climbed[person], self.burden);
        let climbed = before.saturating_add(self.climbing(at));
        let over = climbed > self.problem.people[person].effort_max;
        if late || over || distance > trip.limits.distance {
            return;
        }
        let cost = |climbed: u64| {
            self.problem.effort_cost(person, i64::try_from(climbed).unwrap_or(i64::MAX))
        };
        self.burden = burden + cost(climbed) - cost(before);
        self.climbed[person] = climbed;
        self.trip(at + 1, spent);
        (self.climbed[person], self.burden) = (before, burden);
    }

    /// What the stops of a trip cost whoever climbs to them.
    fn climbing(&self, at: usize) -> u64 {
        let stops = || self.made[at].iter().map(|stop| &self.problem.stops[*stop]);
        let mut carried: u64 = stops().map(|stop| u64::from(stop.load.weight_grams)).sum();
        let mut climbing = 0_u64;
        for stop in stops() {
            let carrying = u64::from(stop.floors_loaded).saturating_mul(carried);
            climbing = climbing.saturating_add(u64::from(stop.effort)).saturating_add(carrying);
            carried -= u64::from(stop.load.weight_grams);
        }
        climbing
    }

    fn total(&self, spent: u64) -> u64 {
        spent.saturating_add_signed(self.burden)
    }

    /// Keeps a plan that is cheaper than all before it.
    fn finish(&mut self, spent: u64) {
        let left = (0..self.problem.stops.len()).filter(|stop| !self.is_placed[*stop]);
        let skipped: u64 = left.map(|stop| self.problem.skip_cost(stop)).sum();
        let total = self.total(spent).saturating_add(skipped);
        if total < self.bound {
            self.bound = total;
            let made = self.made.iter().cloned().enumerate();
            let runs = made.map(|(trip, stops)| Run { trip, stops });
            self.found = Some(runs.filter(|run| !run.stops.is_empty()).collect());
        }
    }
}
