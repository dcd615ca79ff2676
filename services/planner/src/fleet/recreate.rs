//! Putting absent stops back, each where it costs least.
//!
//! "Greedy insertion with blinks" of Christiaens and Vanden Berghe: now and then a position is
//! passed over, so that the same ruin is not always rebuilt in the same way.

use fastrand::Rng;

use super::model::Model;
use super::state::State;

/// One position of so many is passed over.
const BLINK_EVERY: u32 = 100;

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
    tried: Vec<bool>,
}

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
        Self { keys, chances, tried: vec![false; model.vehicles.len()] }
    }

    /// Puts all absent stops back that fit somewhere.
    pub fn run(&mut self, state: &mut State, rng: &mut Rng) {
        let mut absent = std::mem::take(&mut state.absent);
        self.sort(&mut absent, rng);
        let mut blink = rng.u32(1..=2 * BLINK_EVERY);
        absent.retain(|stop| !self.insert(state, *stop, rng, &mut blink));
        state.absent = absent;
    }

    fn sort(&self, absent: &mut [usize], rng: &mut Rng) {
        let mut drawn = rng.u32(0..self.chances);
        let order = SORTINGS.iter().position(|(_, chance)| match drawn.checked_sub(*chance) {
            Some(rest) => {
                drawn = rest;
                false
            }
            None => true,
        });
        let order = order.unwrap_or(0);
        rng.shuffle(absent);
        if !matches!(SORTINGS[order].0, Sorting::Chance) {
            absent.sort_by_key(|stop| self.keys[*stop][order]);
        }
    }

    /// Puts a stop where it costs least; whether it fits anywhere.
    fn insert(&mut self, state: &mut State, stop: usize, rng: &mut Rng, blink: &mut u32) -> bool {
        let model = state.model;
        let mut best: Option<(usize, usize)> = None;
        let mut limit = model.node[stop].skip_cost;
        self.tried.fill(false);
        for (trip, vehicle) in model.vehicles.iter().enumerate() {
            let route = &state.routes[trip];
            // Of several empty trips that are alike one is enough.
            if route.is_empty() && std::mem::replace(&mut self.tried[vehicle.kind], true) {
                continue;
            }
            if !model.is_allowed(stop, trip) || !route.has_room(model, vehicle, stop) {
                continue;
            }
            let skip = || {
                *blink -= 1;
                if *blink == 0 {
                    *blink = rng.u32(1..2 * BLINK_EVERY);
                    true
                } else {
                    false
                }
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
        if let Some((trip, behind)) = best {
            state.insert(stop, trip, behind);
        }
        best.is_some()
    }
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
