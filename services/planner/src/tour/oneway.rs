//! The search where the way back may be longer than the way there.
//!
//! Turning a segment round changes the length of every way in it. Sums of the ways forward and
//! backward along the tour tell how much, so that each move is judged without walking it; they are
//! made anew after each change.

use fastrand::Rng;

use super::Ring;
use super::kick::Kick;
use super::neighbours::Neighbours;
use crate::pace::{Pace, STEPS_BETWEEN};

/// A better ring, by an iterated local search of so many steps as the pace allows.
pub fn improve(
    ring: &Ring,
    neighbours: &Neighbours,
    order: Vec<usize>,
    seed: u64,
    pace: &mut dyn Pace,
) -> Vec<usize> {
    let towards = Neighbours::towards(ring);
    let mut rng = Rng::with_seed(seed);
    let mut tour = Tour::new(ring, order);
    for position in 0..ring.size {
        tour.disturb(position);
    }
    tour.settle(neighbours, &towards);
    let mut kept = tour.order.clone();
    let mut length = ring.length(&kept);
    let mut steps = 0_u64;
    while !steps.is_multiple_of(STEPS_BETWEEN) || pace.used(steps) < 1.0 {
        steps += 1;
        let kick = Kick::random(ring.size, &mut rng);
        if tour.touches_fixed_end(kick) {
            continue;
        }
        tour.kick(kick);
        tour.settle(neighbours, &towards);
        let shaken = tour.forward[ring.size];
        if shaken <= length {
            length = shaken;
            kept.copy_from_slice(&tour.order);
        } else {
            tour.order.copy_from_slice(&kept);
            tour.measure();
        }
    }
    kept
}

struct Tour<'a> {
    ring: &'a Ring,
    order: Vec<usize>,
    at: Vec<usize>,
    /// The length of the way from the first position to each, and at last round to the first.
    forward: Vec<i64>,
    /// The same against the direction of the tour.
    backward: Vec<i64>,
    open: Vec<usize>,
    is_open: Vec<bool>,
    spare: Vec<usize>,
}

/// A change of the tour that helps.
enum Move {
    /// Turns the positions from the first to the last round.
    Turn(usize, usize),
    /// Swaps two neighbouring segments: from the first, from the second, up to the third.
    Swap(usize, usize, usize),
}

impl<'a> Tour<'a> {
    fn new(ring: &'a Ring, order: Vec<usize>) -> Self {
        let sums = vec![0; ring.size + 1];
        let mut tour = Self {
            ring,
            at: vec![0; ring.size],
            forward: sums.clone(),
            backward: sums,
            open: Vec::new(),
            is_open: vec![false; ring.size],
            spare: Vec::with_capacity(ring.size),
            order,
        };
        tour.measure();
        tour
    }

    fn measure(&mut self) {
        let size = self.order.len();
        for position in 0..size {
            let here = self.order[position];
            let next = self.order[if position + 1 == size { 0 } else { position + 1 }];
            self.at[here] = position;
            self.forward[position + 1] = self.forward[position] + self.ring.get(here, next);
            self.backward[position + 1] = self.backward[position] + self.ring.get(next, here);
        }
    }

    /// The place at a position, which may lie one round further or before the first.
    #[inline]
    fn place(&self, position: usize) -> usize {
        self.order
            [if position >= self.order.len() { position - self.order.len() } else { position }]
    }

    /// The length of the way between two positions, the second of which may lie one round further.
    #[inline]
    fn between(&self, sums: &[i64], first: usize, last: usize) -> i64 {
        let size = self.order.len();
        let upto = |position: usize| match position.checked_sub(size) {
            Some(wrapped) => sums[size] + sums[wrapped],
            None => sums[position],
        };
        upto(last) - upto(first)
    }

    fn settle(&mut self, away: &Neighbours, towards: &Neighbours) {
        while let Some(place) = self.open.pop() {
            self.is_open[place] = false;
            while let Some(change) = self.find(place, away, towards) {
                self.apply(&change);
            }
        }
    }

    /// A move that puts a shorter edge from `here` into the tour.
    fn find(&self, here: usize, away: &Neighbours, towards: &Neighbours) -> Option<Move> {
        let ring = self.ring;
        let next = self.place(self.at[here] + 1);
        let removed = ring.get(here, next);
        for &there in away.of(here) {
            let shorter = removed - ring.get(here, there);
            if shorter <= 0 {
                break;
            }
            let found = self.turn_to(here, there, shorter);
            if let Some(change) = found.or_else(|| self.swap_to(here, there, shorter, towards)) {
                return Some(change);
            }
        }
        None
    }

    /// 2-opt: `here` leads to `there`, and what lay between is walked the other way round.
    fn turn_to(&self, here: usize, there: usize, shorter: i64) -> Option<Move> {
        let ring = self.ring;
        let (at_here, at_there) = (self.at[here], self.at[there]);
        let first = at_here + 1;
        let last = if at_there >= first { at_there } else { at_there + self.order.len() };
        let (next, beyond) = (self.place(first), self.place(last + 1));
        let inside =
            self.between(&self.forward, first, last) - self.between(&self.backward, first, last);
        let gain = shorter + ring.get(there, beyond) - ring.get(next, beyond) + inside;
        (gain > 0).then_some(Move::Turn(first, last))
    }

    /// Or-3opt: `here` leads to `there`; the segment from `there` on changes places with what lay
    /// between, and no way is walked against its direction.
    fn swap_to(
        &self,
        here: usize,
        there: usize,
        shorter: i64,
        towards: &Neighbours,
    ) -> Option<Move> {
        let ring = self.ring;
        let size = self.order.len();
        let first = self.at[here] + 1;
        // Positions from `here` on, so that none of the three segments wraps.
        let offset = |place: usize| {
            let at = self.at[place];
            if at >= first { at } else { at + size }
        };
        let second = offset(there);
        let (next, before) = (self.place(first), self.place(second - 1));
        let shorter = shorter + ring.get(before, there);
        for &tail in towards.of(next) {
            let gained = shorter - ring.get(tail, next);
            if gained <= 0 {
                break;
            }
            let third = offset(tail);
            if third < second || tail == here {
                continue;
            }
            let after = self.place(third + 1);
            let gain = gained + ring.get(tail, after) - ring.get(before, after);
            if gain > 0 {
                return Some(Move::Swap(first, second, third + 1));
            }
        }
        None
    }

    fn apply(&mut self, change: &Move) {
        match *change {
            Move::Turn(first, last) => {
                let size = self.order.len();
                for (left, right) in (first..=last).zip((first..=last).rev()) {
                    if left >= right {
                        break;
                    }
                    self.order.swap(left % size, right % size);
                }
                for position in [first + size - 1, first, last, last + 1] {
                    self.disturb(position);
                }
            }
            Move::Swap(first, second, third) => self.swap(first, second, third),
        }
        self.measure();
    }

    fn disturb(&mut self, position: usize) {
        let place = self.order[position % self.order.len()];
        if !self.is_open[place] {
            self.is_open[place] = true;
            self.open.push(place);
        }
    }

    fn swap(&mut self, first: usize, second: usize, third: usize) {
        let size = self.order.len();
        let places = (second..third).chain(first..second).map(|at| self.order[at % size]);
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        spare.extend(places);
        for (offset, place) in spare.iter().enumerate() {
            self.order[(first + offset) % size] = *place;
        }
        self.spare = spare;
        let joint = first + third - second;
        for position in [first + size - 1, first, joint - 1, joint, third - 1, third] {
            self.disturb(position);
        }
    }

    /// Whether a shake would move what leads to or from an end that is fixed.
    fn touches_fixed_end(&self, kick: Kick) -> bool {
        let size = self.order.len();
        let reach = size - 1..=size + kick.first + kick.second;
        self.ring.gap.filter(|_| self.ring.is_fixed()).is_some_and(|gap| {
            let near = |offset: usize| self.order[(kick.at + offset) % size] == gap;
            reach.into_iter().any(near)
        })
    }

    fn kick(&mut self, kick: Kick) {
        let (second, third) = (kick.at + kick.first, kick.at + kick.first + kick.second);
        self.swap(kick.at, second, third);
        self.measure();
    }
}
