//! The shortest walks on a compound's paths.
//!
//! Paths are a graph of [`Ground::nodes`] with lengths; a path can be blocked and a gate, which is
//! a node, closed. Walks are found by Dijkstra's algorithm (1959) from each place that is asked
//! about. Where no path is known, a walk is a straight line.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::matrix::{Matrix, rounded};

/// A spot on the plan of a compound, in decimetres from any corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Point {
    /// To the east.
    pub east_decimetres: i32,
    /// To the north.
    pub north_decimetres: i32,
}

impl Point {
    /// A spot from metres.
    pub fn metres(east: f64, north: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest spot")]
        let decimetres = |metres: f64| (metres * 10.0).round() as i32;
        Self { east_decimetres: decimetres(east), north_decimetres: decimetres(north) }
    }

    /// The straight line to another spot, in decimetres.
    pub fn straight_decimetres(self, other: Self) -> u32 {
        let apart = |one: i32, other: i32| f64::from(one) - f64::from(other);
        let east = apart(self.east_decimetres, other.east_decimetres);
        rounded(east.hypot(apart(self.north_decimetres, other.north_decimetres)))
    }
}

/// Where paths meet, bend or pass a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it is.
    pub point: Point,
    /// Nobody passes, as at a gate that is shut.
    pub is_closed: bool,
}

/// A path between two nodes, walked both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// The nodes at its ends.
    pub between: [usize; 2],
    /// Its length, which may be more than the straight line.
    pub length_decimetres: u32,
    /// Nobody passes, as at a barrier.
    pub is_blocked: bool,
}

/// The paths of a compound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Where paths meet.
    pub nodes: Vec<Node>,
    /// The paths.
    pub paths: Vec<Path>,
}

/// A building's door, a gate, a desk: somewhere people walk from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it is.
    pub point: Point,
    /// Where one steps onto the paths, in a straight line; without it every walk from here and to
    /// here is one.
    pub node: Option<usize>,
}

/// No walk leads there: as long as a thousand kilometres, so that a search avoids it and sums of it
/// stay small.
pub const UNREACHABLE_DECIMETRES: u32 = 10_000_000;

/// A path names a node, or a place names one, that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffGround {
    /// The path with this index.
    #[error("path {0} leads to a node that is not there")]
    Path(usize),
    /// The place with this index.
    #[error("place {0} is at a node that is not there")]
    Place(usize),
}

/// All walks between some places.
#[derive(Debug)]
pub struct Walks<'a> {
    ground: &'a Ground,
    places: &'a [Place],
    /// The paths at each node that can be walked: where they lead, and how far.
    open: Vec<Vec<(usize, u32)>>,
}

impl<'a> Walks<'a> {
    /// Looks at the ground once.
    ///
    /// # Errors
    /// When a path or a place names a node that is not there.
    pub fn new(ground: &'a Ground, places: &'a [Place]) -> Result<Self, OffGround> {
        let count = ground.nodes.len();
        let missing = |place: &Place| place.node.is_some_and(|node| node >= count);
        if let Some(place) = places.iter().position(missing) {
            return Err(OffGround::Place(place));
        }
        let mut open = vec![Vec::new(); count];
        for (at, path) in ground.paths.iter().enumerate() {
            let [one, other] = path.between;
            if one >= count || other >= count {
                return Err(OffGround::Path(at));
            }
            if !path.is_blocked && [one, other].iter().all(|node| !ground.nodes[*node].is_closed) {
                open[one].push((other, path.length_decimetres));
                open[other].push((one, path.length_decimetres));
            }
        }
        Ok(Self { ground, places, open })
    }

    /// The length of the shortest walk between any two places, in decimetres;
    /// [`UNREACHABLE_DECIMETRES`] where none leads.
    pub fn matrix(&self) -> Matrix {
        let size = self.places.len();
        let mut cells = Vec::with_capacity(size * size);
        for from in self.places {
            let reached = from.node.map(|node| self.reach(node));
            cells.extend(self.places.iter().map(|to| match (&reached, from.node, to.node) {
                _ if from == to => 0,
                // Both doors are at one spot of the paths: nobody walks there and back for it.
                (_, Some(near), Some(node)) if near == node => {
                    from.point.straight_decimetres(to.point).min(UNREACHABLE_DECIMETRES)
                }
                (Some(reached), Some(near), Some(node)) => {
                    let onto = from.point.straight_decimetres(self.ground.nodes[near].point);
                    let off = to.point.straight_decimetres(self.ground.nodes[node].point);
                    let way =
                        reached.length[node].map(|way| way + u64::from(onto) + u64::from(off));
                    way.map_or(UNREACHABLE_DECIMETRES, |way| {
                        let way = u32::try_from(way).unwrap_or(UNREACHABLE_DECIMETRES);
                        way.min(UNREACHABLE_DECIMETRES)
                    })
                }
                _ => from.point.straight_decimetres(to.point).min(UNREACHABLE_DECIMETRES),
            }));
        }
        Matrix::from_fn(size, |from, to| cells[from * size + to])
    }

    /// The spots a walk from one place to another goes through, both ends with it; nothing when
    /// none leads there.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn way(&self, from: usize, to: usize) -> Option<Vec<Point>> {
        let (from, to) = (self.places[from], self.places[to]);
        let mut way = vec![to.point];
        if let (Some(start), Some(mut node)) = (from.node, to.node)
            && start != node
        {
            let reached = self.reach(start);
            reached.length[node]?;
            way.push(self.ground.nodes[node].point);
            while let Some(before) = reached.before[node] {
                node = before;
                way.push(self.ground.nodes[node].point);
            }
        }
        way.push(from.point);
        way.reverse();
        way.dedup();
        Some(way)
    }

    fn reach(&self, start: usize) -> Reached {
        let count = self.open.len();
        let mut reached = Reached { length: vec![None; count], before: vec![None; count] };
        if self.ground.nodes[start].is_closed {
            return reached;
        }
        reached.length[start] = Some(0);
        let mut next = BinaryHeap::from([Reverse((0_u64, start))]);
        while let Some(Reverse((way, node))) = next.pop() {
            if reached.length[node].is_some_and(|shorter| shorter < way) {
                continue;
            }
            for (beyond, length) in &self.open[node] {
                let way = way + u64::from(*length);
                if reached.length[*beyond].is_none_or(|known| way < known) {
                    reached.length[*beyond] = Some(way);
                    reached.before[*beyond] = Some(node);
                    next.push(Reverse((way, *beyond)));
                }
            }
        }
        reached
    }
}

/// How far every node is from one, and from where it was reached.
struct Reached {
    length: Vec<Option<u64>>,
    before: Vec<Option<usize>>,
}

impl Ground {
    /// The open node that is nearest to a spot.
    pub fn nearest(&self, point: Point) -> Option<usize> {
        let open = (0..self.nodes.len()).filter(|node| !self.nodes[*node].is_closed);
        open.min_by_key(|node| self.nodes[*node].point.straight_decimetres(point))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(east: i32, north: i32) -> Point {
        Point { east_decimetres: east, north_decimetres: north }
    }

    fn at(node: usize, ground: &Ground) -> Place {
        Place { point: ground.nodes[node].point, node: Some(node) }
    }

    /// Two gates in the south wall, a lane behind each, and a lane in the north that joins them.
    ///
    /// ```text
    /// 2 --- 3
    /// |     |
    /// 0     1     gates
    /// ```
    fn two_lanes() -> Ground {
        let points = [spot(0, 0), spot(300, 0), spot(0, 400), spot(300, 400)];
        let path = |one: usize, other: usize| Path {
            between: [one, other],
            length_decimetres: points[one].straight_decimetres(points[other]),
            is_blocked: false,
        };
        let paths = vec![path(0, 2), path(2, 3), path(3, 1)];
        Ground { nodes: points.map(|point| Node { point, is_closed: false }).to_vec(), paths }
    }

    #[test]
    fn a_walk_follows_the_paths_and_steps_off_them_at_the_door() {
        let ground = two_lanes();
        let door = Place { point: spot(330, 440), node: Some(3) };
        let places = [at(0, &ground), door];
        let walks = Walks::new(&ground, &places).unwrap();
        assert_eq!(walks.matrix().get(0, 1), 400 + 300 + 50);
        assert_eq!(walks.matrix().get(1, 0), 750);
        let way = walks.way(0, 1).unwrap();
        assert_eq!(way, [spot(0, 0), spot(0, 400), spot(300, 400), spot(330, 440)]);
    }

    #[test]
    fn two_doors_at_one_spot_of_the_paths_are_as_far_as_they_are() {
        let ground = two_lanes();
        let doors = [spot(280, 440), spot(310, 440)];
        let places = doors.map(|point| Place { point, node: Some(3) });
        let walks = Walks::new(&ground, &places).unwrap();
        assert_eq!(walks.matrix().get(0, 1), 30);
        assert_eq!(walks.way(0, 1).unwrap(), doors);
    }

    #[test]
    fn a_blocked_path_is_gone_round_and_one_without_another_cuts_off() {
        let mut ground = two_lanes();
        let shortcut = Path { between: [0, 1], length_decimetres: 300, is_blocked: false };
        ground.paths.push(shortcut);
        let places = [at(0, &ground), at(3, &ground)];
        let length = |ground: &Ground| Walks::new(ground, &places).unwrap().matrix().get(0, 1);
        assert_eq!(length(&ground), 700);
        ground.paths[1].is_blocked = true;
        assert_eq!(length(&ground), 300 + 400);
        ground.paths[3].is_blocked = true;
        assert_eq!(length(&ground), UNREACHABLE_DECIMETRES);
        assert_eq!(Walks::new(&ground, &places).unwrap().way(0, 1), None);
    }

    #[test]
    fn only_the_open_gate_is_walked_through() {
        // The desk stands outside, before both gates; the second gate is nearer to the building.
        let mut ground = two_lanes();
        ground.nodes.push(Node { point: spot(150, -100), is_closed: false });
        for gate in [0, 1] {
            let length_decimetres = 200;
            ground.paths.push(Path { between: [4, gate], length_decimetres, is_blocked: false });
        }
        let places = [at(4, &ground), at(3, &ground)];
        let length = |ground: &Ground| Walks::new(ground, &places).unwrap().matrix().get(0, 1);
        assert_eq!(length(&ground), 600);
        ground.nodes[1].is_closed = true;
        assert_eq!(length(&ground), 900);
        assert_eq!(ground.nearest(spot(299, 0)), Some(4), "a shut gate is no way onto the paths");
    }

    #[test]
    fn without_paths_people_walk_straight() {
        let ground = Ground::default();
        let places = [spot(0, 0), spot(30, 40)].map(|point| Place { point, node: None });
        let walks = Walks::new(&ground, &places).unwrap();
        assert_eq!(walks.matrix(), Matrix::new(2, vec![0, 50, 50, 0]).unwrap());
        assert_eq!(walks.way(0, 1).unwrap(), [spot(0, 0), spot(30, 40)]);
        assert_eq!(walks.way(1, 1).unwrap(), [spot(30, 40)]);
    }

    #[test]
    fn what_is_not_on_the_ground_is_refused() {
        let mut ground = two_lanes();
        let lost = [Place { point: spot(0, 0), node: Some(9) }];
        assert_eq!(Walks::new(&ground, &lost).unwrap_err(), OffGround::Place(0));
        ground.paths[2].between = [1, 7];
        assert_eq!(Walks::new(&ground, &[]).unwrap_err(), OffGround::Path(2));
    }

    #[test]
    fn dijkstra_agrees_with_trying_everything() {
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..30 {
            let nodes: Vec<Node> = (0..12)
                .map(|_| Node { point: spot(rng.i32(0..500), rng.i32(0..500)), is_closed: false })
                .collect();
            let path = |_| Path {
                between: [rng.usize(0..12), rng.usize(0..12)],
                length_decimetres: rng.u32(1..90),
                is_blocked: rng.u32(0..5) == 0,
            };
            let ground = Ground { nodes, paths: (0..20).map(path).collect() };
            let places: Vec<Place> = (0..12).map(|node| at(node, &ground)).collect();
            let found = Walks::new(&ground, &places).unwrap().matrix();
            assert_eq!(found, floyd_warshall(&ground));
        }
    }

    fn floyd_warshall(ground: &Ground) -> Matrix {
        let size = ground.nodes.len();
        let far = u64::from(UNREACHABLE_DECIMETRES);
        let mut way = vec![far; size * size];
        for node in 0..size {
            way[node * size + node] = 0;
        }
        for path in ground.paths.iter().filter(|path| !path.is_blocked) {
            let [one, other] = path.between;
            for cell in [one * size + other, other * size + one] {
                way[cell] = way[cell].min(u64::from(path.length_decimetres));
            }
        }
        for via in 0..size {
            for from in 0..size {
                for to in 0..size {
                    let round = way[from * size + via] + way[via * size + to];
                    way[from * size + to] = way[from * size + to].min(round);
                }
            }
        }
        Matrix::from_fn(size, |from, to| u32::try_from(way[from * size + to]).unwrap())
    }
}
