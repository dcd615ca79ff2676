//! Ways across open ground, where nobody has drawn paths: inside a compound's outline and round its
//! buildings.
//!
//! The shortest way among obstacles bends at their corners and nowhere else (Lozano-Pérez and
//! Wesley 1979). So the spots and a step off each corner are joined where one can be seen from the
//! other, shortest line first, unless the lines so far lead there almost as shortly already (the
//! greedy spanner of Althöfer and others 1993): people beat a few tracks, not one for each pair.
//!
//! What comes out is a guess by people who have not walked there: hedges and fences are not known.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::walk::Point;

/// A compound as seen from above; a ring may end with its first corner or not.
#[derive(Clone, Copy, Debug)]
pub struct Yard<'a> {
    /// Nobody leaves it; without one the yard has no end.
    pub outline: &'a [Point],
    /// Nobody walks through these.
    pub footprints: &'a [Vec<Point>],
}

/// Tracks across a yard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracks {
    /// Where they meet and bend; first come the spots that were asked about, in their order, each
    /// a step off the wall that it lies on.
    pub nodes: Vec<Point>,
    /// From where to where they lead, as indices of the nodes.
    pub tracks: Vec<[usize; 2]>,
}

/// There is more to look at than can be looked at in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {nodes} entrances and corners; ways are found round at most {NODES_MAX}")]
pub struct TooMany {
    /// How many spots and corners there are.
    pub nodes: usize,
}

/// So many spots and corners are joined.
pub const NODES_MAX: usize = 600;

/// A way on the tracks is so much longer than the shortest one at most, in thousandths.
pub const DETOUR_PERMILLE: u64 = 50;

/// How far off a corner people turn, in decimetres.
const CLEARANCE_DM: f64 = 12.0;

/// How far off a wall somebody stands who comes out of a door, in decimetres: the first of these
/// that is free.
const STEPS_DM: [f64; 5] = [10.0, 20.0, 5.0, 40.0, 80.0];

/// In so many directions a free spot is looked for.
const DIRECTIONS: u32 = 16;

impl Yard<'_> {
    /// Tracks between some spots. A spot that no open ground leads to, such as one in a courtyard,
    /// is joined by a straight line.
    ///
    /// # Errors
    /// When there are more than [`NODES_MAX`] spots and corners.
    pub fn tracks(&self, spots: &[Point]) -> Result<Tracks, TooMany> {
        let ground = Obstacles::of(self);
        let mut nodes: Vec<Point> = spots.iter().map(|spot| ground.off_the_wall(*spot)).collect();
        nodes.extend(ground.turns());
        if nodes.len() > NODES_MAX {
            return Err(TooMany { nodes: nodes.len() });
        }
        let mut lines = vec![];
        for one in 0..nodes.len() {
            let seen =
                (one + 1..nodes.len()).filter(|other| ground.sees(nodes[one], nodes[*other]));
            lines.extend(
                seen.map(|other| (nodes[one].straight_decimetres(nodes[other]), one, other)),
            );
        }
        lines.sort_unstable();
        let mut beaten = Beaten::new(nodes.len());
        for (length, one, other) in lines {
            let length = u64::from(length);
            if !beaten.leads(one, other, length + length * DETOUR_PERMILLE / 1_000) {
                beaten.join(one, other, length);
            }
        }
        for spot in 1..spots.len() {
            if !beaten.leads(0, spot, u64::MAX) {
                let near = (0..nodes.len()).filter(|node| beaten.leads(0, *node, u64::MAX));
                let near = near.min_by_key(|node| nodes[*node].straight_decimetres(nodes[spot]));
                if let Some(near) = near {
                    let length = nodes[near].straight_decimetres(nodes[spot]);
                    beaten.join(near, spot, u64::from(length));
                }
            }
        }
        Ok(beaten.used(&nodes, spots.len()))
    }

    /// Whether a straight line keeps to the open ground.
    pub fn is_open(&self, from: Point, to: Point) -> bool {
        let ground = Obstacles::of(self);
        ground.is_free(from) && ground.is_free(to) && ground.sees(from, to)
    }
}

/// Walls, and on which side of them one walks.
struct Obstacles {
    /// Counter-clockwise rings without their last corner told twice.
    outline: Vec<Point>,
    footprints: Vec<Vec<Point>>,
    walls: Vec<(Point, Point)>,
}

impl Obstacles {
    fn of(yard: &Yard<'_>) -> Self {
        let outline = ring(yard.outline);
        let footprints = yard.footprints.iter().map(|one| ring(one));
        let footprints: Vec<_> = footprints.filter(|ring| ring.len() > 2).collect();
        let walls = footprints.iter().chain([&outline]).flat_map(|ring| sides(ring)).collect();
        Self { outline, footprints, walls }
    }

    /// Whether somebody can stand there.
    fn is_free(&self, spot: Point) -> bool {
        let outside = self.outline.len() > 2 && side_of(&self.outline, spot) != Side::Inside;
        !outside && self.footprints.iter().all(|ring| side_of(ring, spot) == Side::Outside)
    }

    /// Whether one free spot can be seen from another: no wall touches the line.
    fn sees(&self, from: Point, to: Point) -> bool {
        let (west, east) = ordered(from.east_decimetres, to.east_decimetres);
        let (south, north) = ordered(from.north_decimetres, to.north_decimetres);
        !self.walls.iter().any(|(one, other)| {
            let (wall_west, wall_east) = ordered(one.east_decimetres, other.east_decimetres);
            let (wall_south, wall_north) = ordered(one.north_decimetres, other.north_decimetres);
            let near = wall_west <= east
                && west <= wall_east
                && wall_south <= north
                && south <= wall_north;
            near && touch((from, to), (*one, *other))
        })
    }

    /// A step off each corner that a way may bend at.
    fn turns(&self) -> impl Iterator<Item = Point> + '_ {
        let corners = self.footprints.iter().flat_map(|ring| bends(ring, true));
        corners.chain(bends(&self.outline, false)).filter(|spot| self.is_free(*spot))
    }

    /// The spot itself where it is free, else where somebody stands who steps out of there.
    fn off_the_wall(&self, spot: Point) -> Point {
        if self.is_free(spot) {
            return spot;
        }
        let of_ring = |ring: &Vec<Point>| side_of(ring, spot) != Side::Outside;
        let own = self.footprints.iter().find(|ring| of_ring(ring)).unwrap_or(&self.outline);
        let feet = sides(own).map(|(one, other)| foot(spot, one, other));
        let Some(door) = feet.min_by_key(|foot| foot.straight_decimetres(spot)) else {
            return spot;
        };
        STEPS_DM
            .iter()
            .find_map(|step| {
                let around = (0..DIRECTIONS).map(|at| {
                    let angle = std::f64::consts::TAU * f64::from(at) / f64::from(DIRECTIONS);
                    moved(door, angle.cos() * step, angle.sin() * step)
                });
                around.filter(|spot| self.is_free(*spot)).max_by_key(|spot| self.room(*spot))
            })
            .unwrap_or(spot)
    }

    /// How far the nearest wall is.
    fn room(&self, spot: Point) -> u32 {
        let walls = self.walls.iter();
        let far = walls.map(|(one, other)| foot(spot, *one, *other).straight_decimetres(spot));
        far.min().unwrap_or(u32::MAX)
    }
}

/// The tracks so far.
struct Beaten {
    onwards: Vec<Vec<(usize, u64)>>,
    tracks: Vec<[usize; 2]>,
}

impl Beaten {
    fn new(nodes: usize) -> Self {
        Self { onwards: vec![vec![]; nodes], tracks: vec![] }
    }

    fn join(&mut self, one: usize, other: usize, length: u64) {
        self.onwards[one].push((other, length));
        self.onwards[other].push((one, length));
        self.tracks.push([one, other]);
    }

    /// Whether a way of at most so much leads from one node to another.
    fn leads(&self, from: usize, to: usize, at_most: u64) -> bool {
        self.reach(from, at_most, Some(to)).0[to].is_some()
    }

    /// How far each node within a distance is, and from where it is reached (Dijkstra).
    fn reach(
        &self,
        from: usize,
        at_most: u64,
        until: Option<usize>,
    ) -> (Vec<Option<u64>>, Vec<usize>) {
        let count = self.onwards.len();
        let (mut length, mut before) = (vec![None; count], vec![from; count]);
        length[from] = Some(0);
        let mut next = BinaryHeap::from([Reverse((0_u64, from))]);
        while let Some(Reverse((way, node))) = next.pop() {
            if until == Some(node) {
                break;
            }
            if length[node].is_some_and(|shorter| shorter < way) {
                continue;
            }
            for (beyond, more) in &self.onwards[node] {
                let way = way + more;
                if way <= at_most && length[*beyond].is_none_or(|known| way < known) {
                    (length[*beyond], before[*beyond]) = (Some(way), node);
                    next.push(Reverse((way, *beyond)));
                }
            }
        }
        (length, before)
    }

    /// What of it lies on a way between two of the first `spots` nodes.
    fn used(&self, nodes: &[Point], spots: usize) -> Tracks {
        let mut is_used = std::collections::BTreeSet::new();
        for from in 0..spots {
            let (length, before) = self.reach(from, u64::MAX, None);
            for to in (0..spots).filter(|to| length[*to].is_some()) {
                let mut node = to;
                while node != from {
                    is_used.insert([node.min(before[node]), node.max(before[node])]);
                    node = before[node];
                }
            }
        }
        let mut number: Vec<Option<usize>> = (0..nodes.len()).map(|_| None).collect();
        let mut kept: Vec<Point> = vec![];
        let passed: std::collections::BTreeSet<usize> =
            (0..spots).chain(is_used.iter().flatten().copied()).collect();
        for node in passed {
            number[node] = Some(kept.len());
            kept.push(nodes[node]);
        }
        let told = |[one, other]: &[usize; 2]| Some([number[*one]?, number[*other]?]);
        Tracks { tracks: is_used.iter().filter_map(told).collect(), nodes: kept }
    }
}

/// Where a spot lies, seen from a ring.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    Wall,
    Outside,
}

/// A ring that turns counter-clockwise, with every corner told once.
fn ring(corners: &[Point]) -> Vec<Point> {
    let mut ring = corners.to_vec();
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    let doubled: i128 = sides(&ring).map(|(one, other)| turn(Point::default(), one, other)).sum();
    if doubled < 0 {
        ring.reverse();
    }
    ring
}

fn sides(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Twice the area of a triangle: above zero where it turns to the left.
fn turn(one: Point, two: Point, three: Point) -> i128 {
    let apart = |from: i32, to: i32| i128::from(to) - i128::from(from);
    apart(one.east_decimetres, two.east_decimetres)
        * apart(one.north_decimetres, three.north_decimetres)
        - apart(one.north_decimetres, two.north_decimetres)
            * apart(one.east_decimetres, three.east_decimetres)
}

fn ordered(one: i32, other: i32) -> (i32, i32) {
    (one.min(other), one.max(other))
}

/// Whether a spot lies on a line.
fn is_on(spot: Point, (one, other): (Point, Point)) -> bool {
    let within = |value: i32, one: i32, other: i32| {
        let (least, most) = ordered(one, other);
        (least..=most).contains(&value)
    };
    turn(one, other, spot) == 0
        && within(spot.east_decimetres, one.east_decimetres, other.east_decimetres)
        && within(spot.north_decimetres, one.north_decimetres, other.north_decimetres)
}

/// Whether two lines have a spot in common.
fn touch(line: (Point, Point), wall: (Point, Point)) -> bool {
    let parted = |(one, other): (Point, Point), (first, second): (Point, Point)| {
        let (here, there) = (turn(one, other, first), turn(one, other, second));
        (here > 0 && there < 0) || (here < 0 && there > 0)
    };
    (parted(line, wall) && parted(wall, line))
        || is_on(wall.0, line)
        || is_on(wall.1, line)
        || is_on(line.0, wall)
        || is_on(line.1, wall)
}

fn side_of(ring: &[Point], spot: Point) -> Side {
    if sides(ring).any(|side| is_on(spot, side)) {
        return Side::Wall;
    }
    // A ray to the east crosses the ring an odd number of times from inside.
    let crossed = sides(ring).filter(|(one, other)| {
        let above = |corner: &Point| corner.north_decimetres > spot.north_decimetres;
        let (low, high) = if above(other) { (*one, *other) } else { (*other, *one) };
        above(one) != above(other) && turn(low, high, spot) > 0
    });
    if crossed.count() % 2 == 1 { Side::Inside } else { Side::Outside }
}

/// A step off each corner of a ring that sticks out, or of each that sticks in.
fn bends(ring: &[Point], out: bool) -> impl Iterator<Item = Point> + '_ {
    let count = ring.len();
    (0..if count > 2 { count } else { 0 }).filter_map(move |at| {
        let (before, here, next) =
            (ring[(at + count - 1) % count], ring[at], ring[(at + 1) % count]);
        let left = turn(before, here, next);
        if left == 0 || (left > 0) != out {
            return None;
        }
        let (back, on) = (unit(here, before), unit(here, next));
        let (east, north) = (-back.0 - on.0, -back.1 - on.1);
        let length = east.hypot(north);
        let step = |part: f64| part / length * CLEARANCE_DM;
        (length > 1e-6).then(|| moved(here, step(east), step(north)))
    })
}

fn apart(from: Point, to: Point) -> (f64, f64) {
    (
        f64::from(to.east_decimetres) - f64::from(from.east_decimetres),
        f64::from(to.north_decimetres) - f64::from(from.north_decimetres),
    )
}

fn unit(from: Point, to: Point) -> (f64, f64) {
    let (east, north) = apart(from, to);
    let length = east.hypot(north).max(1.0);
    (east / length, north / length)
}

#[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest spot")]
fn moved(spot: Point, east: f64, north: f64) -> Point {
    Point {
        east_decimetres: spot.east_decimetres.saturating_add(east.round() as i32),
        north_decimetres: spot.north_decimetres.saturating_add(north.round() as i32),
    }
}

/// The spot of a line that is nearest to another one.
fn foot(spot: Point, one: Point, other: Point) -> Point {
    let ((along, up), (east, north)) = (apart(one, other), apart(one, spot));
    let square = along * along + up * up;
    let share =
        if square > 0.0 { ((east * along + north * up) / square).clamp(0.0, 1.0) } else { 0.0 };
    moved(one, share * along, share * up)
}

#[cfg(test)]
mod tests;
