//! A first tour: the shortest edges that still fit together.
//!
//! J. L. Bentley: Fast algorithms for geometric traveling salesman problems (1992), section 6.

use super::Ring;

/// A ring of all places, built from short edges.
pub fn order(ring: &Ring) -> Vec<usize> {
    let size = ring.size;
    let mut edges: Vec<(Turn, u32, usize, usize)> = Vec::with_capacity(size * size / 2);
    for from in 0..size {
        let others = if ring.symmetric { 0..from } else { 0..size };
        let others = others.filter(|to| *to != from);
        edges.extend(others.map(|to| {
            let length = ring.cells[from * size + to];
            (Turn::of(ring, from, to, length), length, from, to)
        }));
    }
    edges.sort_unstable();
    let mut pieces = Pieces::new(size);
    for (_, _, from, to) in edges {
        if ring.symmetric {
            pieces.join_either_way(from, to);
        } else {
            pieces.join(from, to);
        }
    }
    pieces.walk()
}

/// When an edge is looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// The ends of a path that are fixed come first, so that nothing gets in their way.
    FixedEnd,
    Way,
    /// What closes a path to a ring costs nothing, and is no reason to end at some place.
    Gap,
}

impl Turn {
    fn of(ring: &Ring, from: usize, to: usize, length: u32) -> Self {
        let other = match (Some(from) == ring.gap, Some(to) == ring.gap) {
            (false, false) => return Self::Way,
            (true, _) => to,
            (false, true) => from,
        };
        let is_fixed = length == 0 && ring.fixed.contains(&Some(other));
        if is_fixed { Self::FixedEnd } else { Self::Gap }
    }
}

/// Paths that grow together: each place knows its neighbours, each end of a path the other end.
struct Pieces {
    links: Vec<[Option<usize>; 2]>,
    other_end: Vec<usize>,
}

impl Pieces {
    fn new(size: usize) -> Self {
        Self { links: vec![[None; 2]; size], other_end: (0..size).collect() }
    }

    fn join_either_way(&mut self, one: usize, other: usize) {
        let (free, other_free) = (self.free(one), self.free(other));
        if let (Some(side), Some(other_side)) = (free, other_free)
            && self.other_end[one] != other
        {
            self.links[one][side] = Some(other);
            self.links[other][other_side] = Some(one);
            self.meet(one, other);
        }
    }

    /// Joins the end of a path, whose second link is free, to a beginning, whose first link is.
    fn join(&mut self, from: usize, to: usize) {
        let open = self.links[from][1].is_none() && self.links[to][0].is_none();
        if open && self.other_end[from] != to {
            self.links[from][1] = Some(to);
            self.links[to][0] = Some(from);
            self.meet(from, to);
        }
    }

    fn free(&self, place: usize) -> Option<usize> {
        self.links[place].iter().position(Option::is_none)
    }

    fn meet(&mut self, one: usize, other: usize) {
        let (end, other_end) = (self.other_end[one], self.other_end[other]);
        self.other_end[end] = other_end;
        self.other_end[other_end] = end;
    }

    /// All edges are used up, so one path goes through all places.
    fn walk(&self) -> Vec<usize> {
        let begins = |place: &usize| self.links[*place][0].is_none();
        let ends = |place: &usize| self.links[*place].iter().any(Option::is_none);
        let places = 0..self.links.len();
        let mut here = places.clone().find(begins).or_else(|| places.clone().find(ends));
        let (mut order, mut before) = (Vec::with_capacity(self.links.len()), None);
        while let Some(place) = here {
            order.push(place);
            let forward = self.links[place].iter().rev().flatten();
            here = forward.copied().find(|next| Some(*next) != before);
            before = Some(place);
        }
        order
    }
}
