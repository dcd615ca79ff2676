//! Taking strings of neighbouring stops out of neighbouring trips.
//!
//! "Adjacent string removal" of Christiaens and Vanden Berghe, with the names of their paper's
//! parameters beside ours.

use fastrand::Rng;

use super::state::{ABSENT, State};

/// Stops taken out in one step, on average (c with a bar).
const REMOVED_MEAN: usize = 10;

/// The longest string taken out of one trip (L max).
const STRING_MAX: usize = 10;

/// One string of so many keeps some stops in its middle; one of two in the paper as well.
const SPLIT_EVERY: u32 = 2;

/// Keeping more stops in the middle of a split string ends with this chance (beta).
const KEPT_ENDS_PERCENT: u32 = 1;

/// What a ruin needs to remember.
pub struct Ruin {
    is_ruined: Vec<bool>,
    ruined: Vec<usize>,
}

impl Ruin {
    pub fn new(trips: usize) -> Self {
        Self { is_ruined: vec![false; trips], ruined: Vec::new() }
    }

    /// Takes out some stops around one drawn by chance.
    pub fn run(&mut self, state: &mut State, rng: &mut Rng) {
        let model = state.model;
        let used = state.routes.iter().filter(|route| !route.is_empty());
        let (trips, stops) =
            used.fold((0, 0), |(trips, stops), route| (trips + 1, stops + route.stops().len()));
        if trips == 0 {
            return;
        }
        let string_max = STRING_MAX.min((stops / trips).max(1));
        let strings_max = (4 * REMOVED_MEAN).div_ceil(1 + string_max) - 1;
        let strings = rng.usize(1..=strings_max.max(1));
        let seed = rng.usize(0..model.stops);
        for stop in std::iter::once(&seed).chain(model.near(seed)) {
            if self.ruined.len() >= strings {
                break;
            }
            let trip = state.trip_of[*stop];
            if trip == ABSENT || self.is_ruined[trip] {
                continue;
            }
            self.is_ruined[trip] = true;
            self.ruined.push(trip);
            remove_string(state, trip, *stop, string_max, rng);
        }
        for trip in self.ruined.drain(..) {
            self.is_ruined[trip] = false;
        }
    }
}

/// Takes a string that holds a stop out of its trip.
fn remove_string(state: &mut State, trip: usize, stop: usize, string_max: usize, rng: &mut Rng) {
    let stops = state.routes[trip].stops();
    let Some(at) = stops.iter().position(|one| *one == stop) else {
        return;
    };
    let removed = rng.usize(1..=string_max.min(stops.len()));
    let mut kept = 0;
    if removed > 1 && rng.u32(0..SPLIT_EVERY) == 0 {
        kept = 1;
        while removed + kept < stops.len() && rng.u32(0..100) >= KEPT_ENDS_PERCENT {
            kept += 1;
        }
        kept = kept.min(stops.len() - removed);
    }
    let length = removed + kept;
    // All strings of that length that hold the stop are as likely.
    let first = (at + 1).saturating_sub(length);
    let begin = rng.usize(first..=at.min(stops.len() - length));
    let hole = begin + rng.usize(0..=removed);
    let is_out = |position: usize| {
        let inside = (begin..begin + length).contains(&position);
        inside && !(hole..hole + kept).contains(&position)
    };
    state.remove(trip, is_out);
}
