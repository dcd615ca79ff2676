//! Places at the same spot, searched as one.

use super::Ends;
use crate::matrix::Matrix;

/// Groups of places between which nobody walks and from which every way is as long.
pub struct Groups {
    members: Vec<Vec<usize>>,
    group_of: Vec<usize>,
}

impl Groups {
    pub fn new(matrix: &Matrix, ends: Ends) -> Self {
        let alone = match ends {
            // The end of a path stands last, so it cannot be told together with others.
            Ends::Path { end, .. } => end,
            Ends::Round { .. } => None,
        };
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut group_of = Vec::with_capacity(matrix.size());
        for place in 0..matrix.size() {
            let same = |group: &Vec<usize>| {
                Some(place) != alone && Some(group[0]) != alone && is_same(matrix, group[0], place)
            };
            let group = members.iter().position(same).unwrap_or(members.len());
            if group == members.len() {
                members.push(Vec::new());
            }
            members[group].push(place);
            group_of.push(group);
        }
        Self { members, group_of }
    }

    /// The matrix of the groups.
    pub fn matrix(&self, matrix: &Matrix) -> Matrix {
        let first: Vec<usize> = self.members.iter().map(|group| group[0]).collect();
        matrix.of(&first)
    }

    /// The ends, as groups.
    pub fn ends(&self, ends: Ends) -> Ends {
        let group = |place: usize| self.group_of[place];
        match ends {
            Ends::Round { start } => Ends::Round { start: group(start) },
            Ends::Path { start, end } => {
                Ends::Path { start: start.map(group), end: end.map(group) }
            }
        }
    }

    /// An order of groups as an order of places.
    pub fn expand(&self, groups: &[usize], ends: Ends) -> Vec<usize> {
        let mut stops: Vec<usize> =
            groups.iter().flat_map(|group| &self.members[*group]).copied().collect();
        let start = match ends {
            Ends::Round { start } => Some(start),
            Ends::Path { start, .. } => start,
        };
        // The start is in the first group, not always its first member.
        if let Some(at) = start.and_then(|start| stops.iter().position(|stop| *stop == start)) {
            stops[..=at].rotate_right(1);
        }
        stops
    }
}

fn is_same(matrix: &Matrix, one: usize, other: usize) -> bool {
    let apart = |place: &usize| *place != one && *place != other;
    matrix.get(one, other) == 0
        && matrix.get(other, one) == 0
        && (0..matrix.size()).filter(apart).all(|place| {
            matrix.get(one, place) == matrix.get(other, place)
                && matrix.get(place, one) == matrix.get(place, other)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_of_one_landing_are_one_place_and_come_out_together() {
        let spots = [(0.0, 0.0), (5.0, 0.0), (0.0, 0.0), (5.0, 0.0), (9.0, 0.0)];
        let matrix = Matrix::straight(&spots);
        let ends = Ends::Round { start: 2 };
        let groups = Groups::new(&matrix, ends);
        assert_eq!(groups.matrix(&matrix).size(), 3);
        assert_eq!(groups.ends(ends), Ends::Round { start: 0 });
        assert_eq!(groups.expand(&[0, 2, 1], ends), [2, 0, 4, 1, 3]);
    }

    #[test]
    fn the_end_of_a_path_stays_last() {
        let matrix = Matrix::straight(&[(0.0, 0.0), (5.0, 0.0), (5.0, 0.0)]);
        let ends = Ends::Path { start: Some(0), end: Some(1) };
        let groups = Groups::new(&matrix, ends);
        assert_eq!(groups.matrix(&matrix).size(), 3);
    }
}
