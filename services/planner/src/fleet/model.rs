//! The problem as the search reads it: flat tables over nodes, which are the stops and the places
//! where trips begin and end.

use super::{DIMENSIONS, Problem, Trip, Who};

/// From one node to another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leg {
    /// The way, in units of cost.
    pub cost: i64,
    pub distance: u32,
    pub seconds: u32,
}

/// What the search asks of a stop.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub load: [i64; DIMENSIONS],
    pub service: i64,
    pub opens: i64,
    pub closes: i64,
    pub effort: i64,
    pub floors: i64,
    pub weight: i64,
    pub skip_cost: i64,
    pub is_optional: bool,
}

/// What the search asks of a trip.
#[derive(Clone, Copy, Debug)]
pub struct Vehicle {
    pub person: usize,
    pub start: usize,
    pub end: usize,
    pub opens: i64,
    pub closes: i64,
    pub load: [i64; DIMENSIONS],
    pub stops: usize,
    pub distance: i64,
    pub fixed_cost: i64,
    /// Trips of one kind are alike, so that only one empty one of them need be tried.
    pub kind: usize,
}

pub struct Model<'a> {
    pub problem: &'a Problem,
    pub stops: usize,
    nodes: usize,
    legs: Vec<Leg>,
    pub node: Vec<Node>,
    pub vehicles: Vec<Vehicle>,
    allowed: Vec<bool>,
    /// For each stop all others, nearest first, up to [`NEAR_MAX`].
    near: Vec<Vec<usize>>,
    /// Whether climbing changes what a plan costs or who may do it.
    pub climbs: bool,
    /// Whether climbing depends on what else is carried.
    pub carries: bool,
    /// What a usual leg costs; the search measures its patience by it.
    pub usual_leg: i64,
}

/// The ruin looks no further around a stop.
const NEAR_MAX: usize = 150;

impl<'a> Model<'a> {
    pub fn new(problem: &'a Problem) -> Self {
        let stops = problem.stops.len();
        let mut places: Vec<Option<usize>> =
            problem.stops.iter().map(|stop| Some(stop.place)).collect();
        let mut node_of = |place: Option<usize>| {
            let known = places[stops..].iter().position(|known| *known == place);
            known.map_or_else(
                || {
                    places.push(place);
                    places.len() - 1
                },
                |at| at + stops,
            )
        };
        let climbs = climbs(problem);
        let kinds = Kinds::new(problem, climbs);
        let vehicles: Vec<Vehicle> = problem
            .trips
            .iter()
            .enumerate()
            .map(|(at, trip)| {
                vehicle(trip, node_of(Some(trip.start)), node_of(trip.end), kinds.of(at))
            })
            .collect();
        let legs = legs(problem, &places);
        let node = problem.stops.iter().enumerate().map(|(at, _)| node(problem, at)).collect();
        let allowed = (0..stops)
            .flat_map(|stop| {
                problem.trips.iter().map(move |trip| problem.may_go(trip.person, stop))
            })
            .collect();
        let mut model = Self {
            problem,
            stops,
            nodes: places.len(),
            legs,
            node,
            vehicles,
            allowed,
            near: Vec::new(),
            climbs,
            carries: climbs && problem.stops.iter().any(|stop| stop.floors_loaded > 0),
            usual_leg: 0,
        };
        model.near = (0..stops).map(|stop| model.nearest(stop)).collect();
        model.usual_leg = model.usual_leg();
        model
    }

    #[inline]
    pub fn leg(&self, from: usize, to: usize) -> Leg {
        self.legs[from * self.nodes + to]
    }

    /// The legs that lead away from a node.
    #[inline]
    pub fn legs_from(&self, from: usize) -> &[Leg] {
        &self.legs[from * self.nodes..(from + 1) * self.nodes]
    }

    #[inline]
    pub fn is_allowed(&self, stop: usize, trip: usize) -> bool {
        self.allowed[stop * self.vehicles.len() + trip]
    }

    #[inline]
    pub fn near(&self, stop: usize) -> &[usize] {
        &self.near[stop]
    }

    fn nearest(&self, stop: usize) -> Vec<usize> {
        let mut others: Vec<usize> = (0..self.stops).filter(|other| *other != stop).collect();
        let apart = |other: &usize| {
            let (there, back) = (self.leg(stop, *other), self.leg(*other, stop));
            (u64::from(there.distance) + u64::from(back.distance), *other)
        };
        if others.len() > NEAR_MAX {
            others.select_nth_unstable_by_key(NEAR_MAX - 1, apart);
            others.truncate(NEAR_MAX);
        }
        others.sort_unstable_by_key(apart);
        others
    }

    /// The average way to the few nearest stops that are not at the same spot.
    fn usual_leg(&self) -> i64 {
        let legs = (0..self.stops).flat_map(|stop| {
            let legs = self.near(stop).iter().map(move |near| self.leg(stop, *near).cost);
            legs.filter(|cost| *cost > 0).take(5)
        });
        let (sum, count) = legs.fold((0, 0), |(sum, count), leg| (sum + leg, count + 1));
        (sum / count.max(1)).max(1)
    }
}

fn climbs(problem: &Problem) -> bool {
    let weights = problem.weights;
    let limited = problem.people.iter().any(|person| person.effort_max < u64::MAX);
    weights.effort > 0 || weights.fairness > 0 || limited
}

fn legs(problem: &Problem, places: &[Option<usize>]) -> Vec<Leg> {
    let mut legs = Vec::with_capacity(places.len() * places.len());
    for from in places {
        legs.extend(places.iter().map(|to| match (from, to) {
            (Some(from), Some(to)) => {
                let distance = problem.distances.get(*from, *to);
                let seconds = problem.durations.get(*from, *to);
                let cost = problem.leg_cost(*from, *to).cast_signed();
                Leg { cost, distance, seconds }
            }
            // A trip that may end anywhere ends at no place at all.
            _ => Leg::default(),
        }));
    }
    legs
}

fn node(problem: &Problem, at: usize) -> Node {
    let stop = &problem.stops[at];
    Node {
        load: stop.load.dimensions(),
        service: i64::from(stop.service_seconds),
        opens: i64::from(stop.window.opens_second),
        closes: i64::from(stop.window.closes_second),
        effort: i64::from(stop.effort),
        floors: i64::from(stop.floors_loaded),
        weight: i64::from(stop.load.weight_grams),
        skip_cost: problem.skip_cost(at).cast_signed(),
        is_optional: stop.skip_cost.is_some(),
    }
}

fn vehicle(trip: &Trip, start: usize, end: usize, kind: usize) -> Vehicle {
    Vehicle {
        person: trip.person,
        start,
        end,
        opens: i64::from(trip.shift.opens_second),
        closes: i64::from(trip.shift.closes_second),
        load: trip.limits.load.dimensions(),
        stops: trip.limits.stops,
        distance: i64::try_from(trip.limits.distance).unwrap_or(i64::MAX),
        fixed_cost: i64::from(trip.fixed_cost),
        kind,
    }
}

/// Which trips are alike.
struct Kinds<'a> {
    problem: &'a Problem,
    /// Whether it matters who makes a trip.
    personal: bool,
}

impl<'a> Kinds<'a> {
    fn new(problem: &'a Problem, climbs: bool) -> Self {
        let personal = climbs || problem.stops.iter().any(|stop| stop.who != Who::Anyone);
        Self { problem, personal }
    }

    /// The first trip that is like this one.
    fn of(&self, at: usize) -> usize {
        let trip = self.problem.trips[at];
        let like = |other: &Trip| {
            let person = if self.personal { other.person } else { trip.person };
            Trip { person, ..*other } == trip
        };
        self.problem.trips.iter().position(like).unwrap_or(at)
    }
}
