//! For each place the few others that a good tour may lead to from there.

use super::Ring;

/// The nearest places, nearest first, and the neighbours in a shortest spanning tree.
///
/// The tree matters where places lie in clusters: all near places are then in the same cluster, and
/// without it no move would ever look at the edges between clusters.
pub struct Neighbours {
    places: Vec<usize>,
    begins: Vec<usize>,
}

/// How many nearest places are looked at.
const NEAREST: usize = 10;

impl Neighbours {
    /// Neighbours by the way that leads away from each place.
    pub fn away(ring: &Ring) -> Self {
        Self::new(ring.size, |from, to| ring.get(from, to))
    }

    /// Neighbours by the way that leads to each place.
    pub fn towards(ring: &Ring) -> Self {
        Self::new(ring.size, |to, from| ring.get(from, to))
    }

    fn new(size: usize, way: impl Fn(usize, usize) -> i64) -> Self {
        let mut tree = spanning_tree(size, |one, other| way(one, other).min(way(other, one)));
        let (mut places, mut begins) = (Vec::with_capacity(size * (NEAREST + 2)), vec![0]);
        let mut others = Vec::with_capacity(size);
        for (here, linked) in tree.iter_mut().enumerate() {
            others.clear();
            others.extend((0..size).filter(|other| *other != here));
            if others.len() > NEAREST {
                others.select_nth_unstable_by_key(NEAREST - 1, |to| (way(here, *to), *to));
                others.truncate(NEAREST);
            }
            linked.retain(|other| !others.contains(other));
            others.append(linked);
            others.sort_unstable_by_key(|to| (way(here, *to), *to));
            places.extend_from_slice(&others);
            begins.push(places.len());
        }
        Self { places, begins }
    }

    #[inline]
    pub fn of(&self, place: usize) -> &[usize] {
        &self.places[self.begins[place]..self.begins[place + 1]]
    }
}

/// The neighbours of each place in a shortest spanning tree (Prim 1957).
fn spanning_tree(size: usize, way: impl Fn(usize, usize) -> i64) -> Vec<Vec<usize>> {
    let mut tree = vec![Vec::new(); size];
    let mut nearest: Vec<(i64, usize)> = (0..size).map(|to| (way(0, to), 0)).collect();
    let mut open: Vec<usize> = (1..size).collect();
    while let Some(at) = (0..open.len()).min_by_key(|at| (nearest[open[*at]].0, open[*at])) {
        let here = open.swap_remove(at);
        let from = nearest[here].1;
        tree[from].push(here);
        tree[here].push(from);
        for to in &open {
            nearest[*to] = nearest[*to].min((way(here, *to), here));
        }
    }
    tree
}
