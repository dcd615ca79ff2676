//! A first tour: the shortest edges that still fit together.
//!
//! J. L. Bentley: Fast algorithms for geometric traveling salesman problems (1992), section 6.

use super::Ring;
use super::neighbours::Neighbours;

/// A ring of all places, built from short edges: first those to neighbours, then, between the ends
/// of the paths that came of it, all.
pub fn order(ring: &Ring, neighbours: &Neighbours) -> Vec<usize> {
    let mut pieces = Pieces::new(ring.size);
    let fixed = ring.gap.into_iter().flat_map(|gap| {
        ring.fixed.into_iter().flatten().flat_map(move |end| [(gap, end), (end, gap)])
    });
    let near =
        (0..ring.size).flat_map(|from| neighbours.of(from).iter().map(move |to| (from, *to)));
    pieces.join_shortest(ring, fixed.filter(|(from, to)| ring.get(*from, *to) == 0));
    pieces.join_shortest(ring, near.filter(|(from, to)| !ring.is_gap(*from) && !ring.is_gap(*to)));
    let ends = pieces.ends();
    let pairs = ends.iter().flat_map(|from| ends.iter().map(move |to| (*from, *to)));
    pieces.join_shortest(ring, pairs.filter(|(from, to)| from != to));
    pieces.walk()
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

    /// Joins what still can be joined, the shortest edges first. What closes a path to a ring costs
    /// nothing, and is no reason to end at some place: it comes last.
    fn join_shortest(&mut self, ring: &Ring, edges: impl Iterator<Item = (usize, usize)>) {
        let keyed = edges.map(|(from, to)| {
            let gap = ring.is_gap(from) || ring.is_gap(to);
            (gap, ring.get(from, to), from, to)
        });
        let mut edges: Vec<(bool, i64, usize, usize)> = keyed.collect();
        edges.sort_unstable();
        for (_, _, from, to) in edges {
            if ring.symmetric {
                self.join_either_way(from, to);
            } else {
                self.join(from, to);
            }
        }
    }

    /// The places that miss a neighbour.
    fn ends(&self) -> Vec<usize> {
        let is_end = |place: &usize| self.links[*place].iter().any(Option::is_none);
        (0..self.links.len()).filter(is_end).collect()
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
