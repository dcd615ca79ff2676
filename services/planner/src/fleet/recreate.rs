//! Putting absent stops back, each where it costs least.
//!
//! "Greedy insertion with blinks" of Christiaens and Vanden Berghe: now and then a position is
//! passed over, so that the same ruin is not always rebuilt in the same way.

use fastrand::Rng;

use super::model::Model;
use super::state::{ABSENT, State};

/// One position of so many is passed over; of as many as there are stops where they are fewer, for
/// else nothing would ever be passed over among few stops.
const BLINK_EVERY: u32 = 100;
const BLINK_EVERY_LEAST: u32 = 8;

/// A stop passes over one whole trip in so many insertions, so that a second trip is begun at all
/// where the first stop in it does not pay, but several do.
const TRIP_BLINK_EVERY: usize = 20;

/// One stop of so many that may be left out is left out, though it would fit: another may fit then.
const LEFT_EVERY: u32 = 10;

/// In which order the absent stops come back.
#[derive(Clone, Copy, Debug)]
enum Sorting {
    Chance,
    /// The largest load first.
    Load,
    /// The furthest from a start first, or the nearest.
    Far,
    Near,
    /// The narrowest window first.
    Narrow,
    /// The window that opens first, or closes first.
    Opens,
    Closes,
}

/// The order with its chance; those for windows are taken only where there are windows.
const SORTINGS: [(Sorting, u32); 7] = [
    (Sorting::Chance, 4),
    (Sorting::Load, 4),
    (Sorting::Far, 2),
    (Sorting::Near, 1),
    (Sorting::Narrow, 2),
    (Sorting::Opens, 2),
    (Sorting::Closes, 2),
];

/// What the orders look at, for each stop.
pub struct Recreate {
    keys: Vec<[i64; 7]>,
    chances: u32,
    blink_every: u32,
    trips: Candidates,
}

/// Positions until the next one that is passed over.
struct Blink<'a> {
    next: &'a mut u32,
    every: u32,
}

/// Trips that a stop is tried in.
struct Candidates {
    list: Vec<usize>,
    /// The round in which a trip, or an empty trip of a kind, was listed last.
    listed: Vec<u64>,
    round: u64,
}

/// A stop is tried first in the trips of so many stops around it.
const AROUND: usize = 40;

impl Recreate {
    pub fn new(model: &Model) -> Self {
        let starts: Vec<usize> = model.vehicles.iter().map(|vehicle| vehicle.start).collect();
        let keys = (0..model.stops).map(|stop| keys(model, &starts, stop)).collect();
        let windows = model
            .node
            .windows(2)
            .any(|pair| (pair[0].opens, pair[0].closes) != (pair[1].opens, pair[1].closes));
        let orders = if windows { SORTINGS.len() } else { 4 };
        let chances = SORTINGS[..orders].iter().map(|(_, chance)| chance).sum();
        let stops = u32::try_from(model.stops).unwrap_or(BLINK_EVERY);
        let blink_every = stops.clamp(BLINK_EVERY_LEAST, BLINK_EVERY);
        Self { keys, chances, blink_every, trips: Candidates::new(model.vehicles.len()) }
    }

    /// Makes a plan from nothing. What is far away comes first, where runs still have room for what
    /// lies on the way; this was the cheapest order for every problem that was tried.
    pub fn begin(&mut self, state: &mut State, rng: &mut Rng) {
        let far = SORTINGS.iter().position(|(sorting, _)| matches!(sorting, Sorting::Far));
        self.put_back(state, far.unwrap_or(0), rng);
    }

    /// Puts absent stops back, but for those that fit nowhere and a few that may be left out.
    pub fn run(&mut self, state: &mut State, rng: &mut Rng) {
        let order = self.draw(rng);
        let mut left = Vec::new();
        state.absent.retain(|stop| {
            let optional = state.model.node[*stop].is_optional;
            let leave = optional && rng.u32(0..LEFT_EVERY) == 0;
            if leave {
                left.push(*stop);
            }
            !leave
        });
        self.put_back(state, order, rng);
        state.absent.append(&mut left);
    }

    fn put_back(&mut self, state: &mut State, order: usize, rng: &mut Rng) {
        let mut absent = std::mem::take(&mut state.absent);
        rng.shuffle(&mut absent);
        if order > 0 {
            absent.sort_by_key(|stop| self.keys[*stop][order]);
        }
        let mut blink = rng.u32(1..2 * self.blink_every);
        absent.retain(|stop| !self.insert(state, *stop, rng, &mut blink));
        state.absent = absent;
    }

    /// Draws an order by its chance.
    fn draw(&self, rng: &mut Rng) -> usize {
        let mut drawn = rng.u32(0..self.chances);
        let order = SORTINGS.iter().position(|(_, chance)| match drawn.checked_sub(*chance) {
            Some(rest) => {
                drawn = rest;
                false
            }
            None => true,
        });
        order.unwrap_or(0)
    }

    /// Puts a stop where it costs least; whether it fits anywhere.
    fn insert(&mut self, state: &mut State, stop: usize, rng: &mut Rng, blink: &mut u32) -> bool {
        let mut blink = Blink { next: blink, every: self.blink_every };
        self.trips.around(state, stop);
        let found = cheapest(state, &self.trips.list, stop, rng, &mut blink).or_else(|| {
            self.trips.others(state.routes.len());
            cheapest(state, &self.trips.list, stop, rng, &mut blink)
        });
        if let Some((trip, behind)) = found {
            state.insert(stop, trip, behind);
        }
        found.is_some()
    }
}

impl Candidates {
    fn new(trips: usize) -> Self {
        Self { list: Vec::new(), listed: vec![0; 2 * trips], round: 0 }
    }

    /// The trips of stops around this one, and an empty one of each kind.
    fn around(&mut self, state: &State, stop: usize) {
        self.round += 1;
        self.list.clear();
        for near in state.model.near(stop).iter().take(AROUND) {
            let trip = state.trip_of[*near];
            if trip != ABSENT {
                self.add(trip, trip);
            }
        }
        let trips = state.routes.len();
        for (trip, vehicle) in state.model.vehicles.iter().enumerate() {
            if state.routes[trip].is_empty() {
                self.add(trip, trips + vehicle.kind);
            }
        }
    }

    /// All trips that were not listed in this round.
    fn others(&mut self, trips: usize) {
        self.list.clear();
        for trip in 0..trips {
            self.add(trip, trip);
        }
    }

    fn add(&mut self, trip: usize, slot: usize) {
        if self.listed[slot] != self.round {
            self.listed[slot] = self.round;
            self.list.push(trip);
        }
    }
}

/// Where in some trips a stop costs least.
fn cheapest(
    state: &State,
    trips: &[usize],
    stop: usize,
    rng: &mut Rng,
    blink: &mut Blink,
) -> Option<(usize, usize)> {
    let model = state.model;
    let mut best = None;
    let mut limit = model.node[stop].skip_cost;
    for &trip in trips {
        let (route, vehicle) = (&state.routes[trip], &model.vehicles[trip]);
        if rng.usize(0..TRIP_BLINK_EVERY * trips.len()) == 0 {
            continue;
        }
        if !model.is_allowed(stop, trip) || !route.has_room(model, vehicle, stop) {
            continue;
        }
        let skip = || {
            *blink.next -= 1;
            let passed = *blink.next == 0;
            if passed {
                *blink.next = rng.u32(1..2 * blink.every);
            }
            passed
        };
        let found = if model.climbs {
            let person = vehicle.person;
            let extra = |behind: usize| {
                let more = route.more_effort(model, stop, behind);
                let can = state.can_climb(person, more);
                can.then(|| state.more_effort_cost(person, more))
            };
            if model.carries {
                route.cheapest(model, vehicle, stop, limit, skip, extra)
            } else {
                let extra = extra(0);
                route.cheapest(model, vehicle, stop, limit, skip, |_| extra)
            }
        } else {
            route.cheapest(model, vehicle, stop, limit, skip, |_| Some(0))
        };
        if let Some(place) = found {
            limit = place.cost;
            best = Some((trip, place.behind));
        }
    }
    best
}

fn keys(model: &Model, starts: &[usize], stop: usize) -> [i64; 7] {
    let node = &model.node[stop];
    let near = starts.iter().map(|start| i64::from(model.leg(*start, stop).distance)).min();
    let near = near.unwrap_or(0);
    // Loads of different dimensions are compared by the share of what one trip can hold.
    let share = |at: usize| {
        let most = model.vehicles.iter().map(|vehicle| vehicle.load[at]).max().unwrap_or(0);
        node.load[at] * 1000 / most.max(1)
    };
    let load = (0..node.load.len()).map(share).max().unwrap_or(0);
    [0, -load, -near, near, node.closes - node.opens, node.opens, node.closes]
}
