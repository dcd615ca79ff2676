//! The optimum for few stops, by dynamic programming over sets of places.
//!
//! M. Held, R. M. Karp: A dynamic programming approach to sequencing problems (1962).

use super::Ends;
use crate::matrix::Matrix;

/// So many places are ordered exactly: some ten thousand sums, faster than a search begins.
pub const STOPS_MAX: usize = 9;

/// So many where the way back may be longer: half a million sums, because a search is less sure of
/// the best there.
pub const ONEWAY_STOPS_MAX: usize = 12;

/// The best order. Time grows as `2^size * size^2`.
pub fn order(matrix: &Matrix, ends: Ends) -> Vec<usize> {
    let size = matrix.size();
    let (start, end) = match ends {
        Ends::Round { start } => (Some(start), None),
        Ends::Path { start, end } => (start, end),
    };
    let sets = 1_usize << size;
    // The shortest way that begins rightly, visits a set, and ends at a place of it.
    let mut shortest = vec![u64::MAX; sets * size];
    for place in (0..size).filter(|place| start.is_none_or(|start| start == *place)) {
        shortest[(1 << place) * size + place] = 0;
    }
    for set in 1..sets {
        for from in (0..size).filter(|from| set >> from & 1 == 1) {
            let way = shortest[set * size + from];
            // An end that is fixed comes last.
            if way == u64::MAX || (end == Some(from) && set != sets - 1) {
                continue;
            }
            for to in (0..size).filter(|to| set >> to & 1 == 0) {
                let slot = &mut shortest[(set | 1 << to) * size + to];
                *slot = (*slot).min(way + u64::from(matrix.get(from, to)));
            }
        }
    }
    trace_back(matrix, ends, end, &shortest)
}

fn trace_back(matrix: &Matrix, ends: Ends, end: Option<usize>, shortest: &[u64]) -> Vec<usize> {
    let size = matrix.size();
    let back = |place: usize| match ends {
        Ends::Round { start } => u64::from(matrix.get(place, start)),
        Ends::Path { .. } => 0,
    };
    let mut set = (1_usize << size) - 1;
    let mut order = Vec::with_capacity(size);
    let mut here = (0..size)
        .filter(|place| end.is_none_or(|end| end == *place))
        .min_by_key(|place| shortest[set * size + place].saturating_add(back(*place)));
    while let Some(place) = here {
        order.push(place);
        let way = shortest[set * size + place];
        set &= !(1 << place);
        here = (0..size).find(|from| {
            let before = shortest[set * size + from];
            before != u64::MAX && before + u64::from(matrix.get(*from, place)) == way
        });
    }
    order.reverse();
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_through_the_corners_of_a_square_goes_along_its_sides() {
        let matrix = Matrix::straight(&[(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)]);
        let order = order(&matrix, Ends::Round { start: 0 });
        assert_eq!(super::super::length(&matrix, Ends::Round { start: 0 }, &order), 40);
    }

    #[test]
    fn a_path_keeps_the_ends_it_was_given() {
        let matrix = Matrix::straight(&[(1.0, 0.0), (0.0, 0.0), (3.0, 0.0), (2.0, 0.0)]);
        let both = Ends::Path { start: Some(3), end: Some(0) };
        assert_eq!(order(&matrix, both), [3, 2, 1, 0]);
        assert_eq!(order(&matrix, Ends::Path { start: Some(2), end: None }), [2, 3, 0, 1]);
        assert_eq!(order(&matrix, Ends::Path { start: None, end: Some(2) }), [1, 0, 3, 2]);
    }

    #[test]
    fn one_place_is_an_order() {
        let matrix = Matrix::new(1, vec![0]).unwrap();
        assert_eq!(order(&matrix, Ends::Path { start: None, end: None }), [0]);
    }
}
