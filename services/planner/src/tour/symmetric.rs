//! The search where every way back is as long as the way there.
//!
//! The tour is an array with its inverse. Every change is a chain of reversals, and they are
//! written down, so that a step that did not help is taken back without copying the tour.

use fastrand::Rng;

use super::Ring;
use super::kick::Kick;
use super::neighbours::Neighbours;
use crate::pace::{Pace, STEPS_BETWEEN};

/// The longest segment that an Or-opt move carries elsewhere.
const CARRIED_MAX: usize = 3;

/// A better ring, by an iterated local search of so many steps as the pace allows.
pub fn improve(
    ring: &Ring,
    neighbours: &Neighbours,
    order: Vec<usize>,
    seed: u64,
    pace: &mut dyn Pace,
) -> Vec<usize> {
    let mut rng = Rng::with_seed(seed);
    let mut tour = Tour::new(ring, neighbours, order);
    for place in 0..ring.size {
        tour.disturb(place);
    }
    let mut length = ring.length(&tour.order) - tour.settle();
    tour.reversals.clear();
    let mut steps = 0_u64;
    while !steps.is_multiple_of(STEPS_BETWEEN) || pace.used(steps) < 1.0 {
        let kick = Kick::random(ring.size, &mut rng);
        steps += 1;
        if let Some(lost) = tour.kick(kick) {
            let shaken = length + lost - tour.settle();
            if shaken <= length {
                length = shaken;
                tour.reversals.clear();
            } else {
                tour.take_back();
            }
        }
    }
    tour.order
}

struct Tour<'a> {
    ring: &'a Ring,
    neighbours: &'a Neighbours,
    order: Vec<usize>,
    at: Vec<usize>,
    /// The places whose surroundings changed and were not looked at since.
    open: Vec<usize>,
    is_open: Vec<bool>,
    /// First position and length of each reversal since the last tour that was kept.
    reversals: Vec<(usize, usize)>,
}

impl<'a> Tour<'a> {
    fn new(ring: &'a Ring, neighbours: &'a Neighbours, order: Vec<usize>) -> Self {
        let mut at = vec![0; ring.size];
        for (position, place) in order.iter().enumerate() {
            at[*place] = position;
        }
        let is_open = vec![false; ring.size];
        Self { ring, neighbours, order, at, open: Vec::new(), is_open, reversals: Vec::new() }
    }

    #[inline]
    fn next(&self, place: usize) -> usize {
        let at = self.at[place] + 1;
        self.order[if at == self.order.len() { 0 } else { at }]
    }

    #[inline]
    fn prev(&self, place: usize) -> usize {
        let at = self.at[place];
        self.order[if at == 0 { self.order.len() - 1 } else { at - 1 }]
    }

    /// The neighbour of a place in the direction of the tour, or against it.
    #[inline]
    fn beside(&self, place: usize, forward: bool) -> usize {
        if forward { self.next(place) } else { self.prev(place) }
    }

    fn disturb(&mut self, place: usize) {
        if !self.is_open[place] {
            self.is_open[place] = true;
            self.open.push(place);
        }
    }

    /// Improves until no move helps; the gain.
    fn settle(&mut self) -> i64 {
        let mut gained = 0;
        while let Some(place) = self.open.pop() {
            self.is_open[place] = false;
            while let Some(gain) = self.improve_at(place) {
                gained += gain;
            }
        }
        gained
    }

    fn improve_at(&mut self, place: usize) -> Option<i64> {
        [true, false].into_iter().find_map(|forward| {
            self.exchange_edges(place, forward).or_else(|| self.carry_segment(place, forward))
        })
    }

    /// 2-opt: the edge on one side of a place becomes one to a neighbour.
    fn exchange_edges(&mut self, here: usize, forward: bool) -> Option<i64> {
        let (ring, neighbours) = (self.ring, self.neighbours);
        let beside = self.beside(here, forward);
        let removed = ring.get(here, beside);
        for &there in neighbours.of(here) {
            let shorter = removed - ring.get(here, there);
            if shorter <= 0 {
                return None;
            }
            let beyond = self.beside(there, forward);
            let gain = shorter + ring.get(there, beyond) - ring.get(beside, beyond);
            if gain > 0 {
                if forward {
                    self.reverse_path(beside, there);
                } else {
                    self.reverse_path(here, beyond);
                }
                for place in [here, beside, there, beyond] {
                    self.disturb(place);
                }
                return Some(gain);
            }
        }
        None
    }

    /// Or-opt: a few places, the first of which is `here`, move next to a neighbour of it.
    ///
    /// `forward` says on which side of `here` the rest of the segment lies.
    fn carry_segment(&mut self, here: usize, forward: bool) -> Option<i64> {
        let (ring, neighbours) = (self.ring, self.neighbours);
        let before = self.beside(here, !forward);
        let mut last = here;
        for count in 1..=CARRIED_MAX {
            if count > 1 {
                last = self.beside(last, forward);
            }
            let after = self.beside(last, forward);
            let closed = ring.get(before, after);
            let removed = ring.get(before, here) + ring.get(last, after) - closed;
            for &there in neighbours.of(here) {
                let shorter = removed - ring.get(here, there);
                if shorter <= 0 {
                    break;
                }
                if self.is_within(there, here, count, forward) {
                    continue;
                }
                // `here` comes to lie beside `there`, on its one side or on its other; the last
                // place of the segment then meets what lay on that side.
                for onward in [forward, !forward] {
                    let beyond = self.beside(there, onward);
                    let in_place = if onward == forward { there == before } else { there == after };
                    if in_place {
                        continue;
                    }
                    let gain = shorter + ring.get(there, beyond) - ring.get(last, beyond);
                    if gain > 0 {
                        let turned = onward != forward;
                        self.carry((here, last), (there, beyond), forward, turned);
                        for place in [before, after, here, last, there, beyond] {
                            self.disturb(place);
                        }
                        return Some(gain);
                    }
                }
            }
        }
        None
    }

    /// Whether a place is one of so many from `first` on.
    #[inline]
    fn is_within(&self, place: usize, first: usize, count: usize, forward: bool) -> bool {
        let (from, to) = if forward { (first, place) } else { (place, first) };
        self.steps(from, to) < count
    }

    /// How many steps of the tour lead from one place to another.
    #[inline]
    fn steps(&self, from: usize, to: usize) -> usize {
        let (from, to) = (self.at[from], self.at[to]);
        if to >= from { to - from } else { to + self.order.len() - from }
    }

    /// Carries a segment between two neighbours, as two or three reversals.
    ///
    /// `segment` is told from the place that comes beside `gap.0`; it runs in the direction of the
    /// tour if `forward`.
    fn carry(&mut self, segment: (usize, usize), gap: (usize, usize), forward: bool, turned: bool) {
        let (first, last) = if forward { segment } else { (segment.1, segment.0) };
        // The gap in the direction of the tour.
        let (left, right) = if self.next(gap.0) == gap.1 { gap } else { (gap.1, gap.0) };
        let count = self.steps(first, last) + 1;
        // What lies between the segment and its new place, by the shorter way.
        let (behind, ahead) = (self.steps(last, left), self.steps(right, first));
        let start = self.at[first];
        let size = self.order.len();
        if behind <= ahead {
            self.reverse(start, count + behind);
            self.reverse(start, behind);
            if !turned {
                self.reverse((start + behind) % size, count);
            }
        } else {
            let start = (start + size - ahead) % size;
            self.reverse(start, count + ahead);
            self.reverse((start + count) % size, ahead);
            if !turned {
                self.reverse(start, count);
            }
        }
    }

    /// Reverses the way from one place to another, or all the rest, which comes to the same.
    fn reverse_path(&mut self, from: usize, to: usize) {
        let size = self.order.len();
        let count = self.steps(from, to) + 1;
        if 2 * count <= size {
            self.reverse(self.at[from], count);
        } else {
            self.reverse((self.at[to] + 1) % size, size - count);
        }
    }

    fn reverse(&mut self, start: usize, count: usize) {
        self.reversals.push((start, count));
        self.turn(start, count);
    }

    fn turn(&mut self, start: usize, count: usize) {
        let size = self.order.len();
        if count < 2 {
            return;
        }
        let mut left = start;
        let mut right = start + count - 1;
        if right >= size {
            right -= size;
        }
        for _ in 0..count / 2 {
            self.order.swap(left, right);
            self.at[self.order[left]] = left;
            self.at[self.order[right]] = right;
            left = if left + 1 == size { 0 } else { left + 1 };
            right = if right == 0 { size - 1 } else { right - 1 };
        }
    }

    /// Takes back all reversals since the last tour that was kept.
    fn take_back(&mut self) {
        while let Some((start, count)) = self.reversals.pop() {
            self.turn(start, count);
        }
    }

    /// Shakes the tour; what it lost, or nothing when a fixed edge is in the way.
    fn kick(&mut self, kick: Kick) -> Option<i64> {
        let size = self.order.len();
        let place = |offset: usize| self.order[(kick.at + offset) % size];
        let (one, two) = (kick.first, kick.second);
        let before = place(size - 1);
        let (first, first_end) = (place(0), place(one - 1));
        let (second, second_end) = (place(one), place(one + two - 1));
        let after = place(one + two);
        let ends = [before, first, first_end, second, second_end, after];
        if self.ring.is_fixed() && ends.iter().any(|place| Some(*place) == self.ring.gap) {
            return None;
        }
        let ring = self.ring;
        let removed = ring.get(before, first) + ring.get(first_end, second);
        let removed = removed + ring.get(second_end, after);
        let added = ring.get(before, second) + ring.get(second_end, first);
        let added = added + ring.get(first_end, after);
        self.reverse(kick.at, one + two);
        self.reverse(kick.at, two);
        self.reverse((kick.at + two) % size, one);
        for place in ends {
            self.disturb(place);
        }
        Some(added - removed)
    }
}
