use super::*;
use crate::walk::{self, Ground, Node, Place, UNREACHABLE_DECIMETRES, Walks};

fn spot(east: i32, north: i32) -> Point {
    Point { east_decimetres: east, north_decimetres: north }
}

fn block(east: i32, north: i32, wide: i32, high: i32) -> Vec<Point> {
    let (right, top) = (east + wide, north + high);
    // As maps tell it: clockwise, the first corner again at the end.
    let corners = [(east, north), (east, top), (right, top), (right, north), (east, north)];
    corners.map(|(east, north)| spot(east, north)).to_vec()
}

/// The spots of the way from the first place asked about to the last, and its length.
fn way(yard: &Yard<'_>, spots: &[Point]) -> (Vec<Point>, u32) {
    let tracks = yard.tracks(spots).unwrap();
    let ground = ground(&tracks);
    let place = |node: usize| Place { point: tracks.nodes[node], node: Some(node) };
    let places = [place(0), place(spots.len() - 1)];
    let walks = Walks::new(&ground, &places).unwrap();
    (walks.way(0, 1).unwrap(), walks.matrix().get(0, 1))
}

fn ground(tracks: &Tracks) -> Ground {
    let path = |between: &[usize; 2]| walk::Path {
        between: *between,
        length_decimetres: tracks.nodes[between[0]].straight_decimetres(tracks.nodes[between[1]]),
        is_blocked: false,
    };
    Ground {
        nodes: tracks.nodes.iter().map(|point| Node { point: *point, is_closed: false }).collect(),
        paths: tracks.tracks.iter().map(path).collect(),
    }
}

/// Whether a line keeps out of the buildings and within the outline, step by step.
fn walks_freely(yard: &Yard<'_>, from: Point, to: Point) -> bool {
    let inside = |ring: &[Point], east: f64, north: f64| {
        let corners: Vec<(f64, f64)> = ring
            .iter()
            .map(|one| (f64::from(one.east_decimetres), f64::from(one.north_decimetres)))
            .collect();
        let sides = corners.iter().zip(corners.iter().cycle().skip(1));
        let crossed = sides.filter(|((x, y), (to_x, to_y))| {
            (*y > north) != (*to_y > north) && east < (to_x - x) * (north - y) / (to_y - y) + x
        });
        crossed.count() % 2 == 1
    };
    (0..=200).all(|step| {
        let share = f64::from(step) / 200.0;
        let (along, up) = apart(from, to);
        let east = f64::from(from.east_decimetres) + share * along;
        let north = f64::from(from.north_decimetres) + share * up;
        inside(yard.outline, east, north)
            && !yard.footprints.iter().any(|ring| inside(ring, east, north))
    })
}

#[test]
fn people_walk_round_a_building_and_not_through_it() {
    let (outline, house) = (block(0, 0, 1_000, 1_000), block(300, 300, 400, 100));
    let yard = Yard { outline: &outline, footprints: &[house] };
    let (south, north) = (spot(500, 250), spot(500, 450));
    assert!(!yard.is_open(south, north));
    let (way, length) = way(&yard, &[south, north]);
    assert!(way.len() >= 4, "{way:?}");
    assert!(way.windows(2).all(|leg| walks_freely(&yard, leg[0], leg[1])), "{way:?}");
    assert!((520..600).contains(&length), "{length}");
}

#[test]
fn nobody_leaves_a_compound_that_has_a_corner_cut_out() {
    let corners = [(0, 0), (1_000, 0), (1_000, 400), (400, 400), (400, 1_000), (0, 1_000)];
    let outline = corners.map(|(east, north)| spot(east, north));
    let yard = Yard { outline: &outline, footprints: &[] };
    let (way, _) = way(&yard, &[spot(950, 350), spot(350, 950)]);
    assert_eq!(way.len(), 3, "{way:?}");
    assert!(way.windows(2).all(|leg| walks_freely(&yard, leg[0], leg[1])), "{way:?}");
}

#[test]
fn whoever_comes_out_of_a_door_or_a_gate_steps_off_the_wall() {
    let (outline, house) = (block(0, 0, 1_000, 1_000), block(300, 300, 400, 100));
    let yard = Yard { outline: &outline, footprints: &[house] };
    let spots = [spot(500, 300), spot(0, 0), spot(500, 395), spot(-40, 500)];
    let tracks = yard.tracks(&spots).unwrap();
    assert_eq!(tracks.nodes[0], spot(500, 290), "straight out of the door");
    assert_eq!(tracks.nodes[2], spot(500, 410), "from inside to the nearest wall");
    for (node, spot) in tracks.nodes.iter().zip(&spots) {
        assert!(walks_freely(&yard, *node, *node), "{node:?}");
        assert!(node.straight_decimetres(*spot) <= 60, "{node:?}");
    }
}

#[test]
fn a_courtyard_without_a_way_in_is_joined_all_the_same() {
    let outline = block(0, 0, 1_000, 1_000);
    let walls =
        [(300, 300, 400, 50), (300, 650, 400, 50), (300, 300, 50, 400), (650, 300, 50, 400)];
    let walls = walls.map(|(east, north, wide, high)| block(east, north, wide, high));
    let yard = Yard { outline: &outline, footprints: &walls };
    let (_, length) = way(&yard, &[spot(100, 100), spot(500, 500)]);
    assert!(length < UNREACHABLE_DECIMETRES);
}

#[test]
fn a_yard_without_an_outline_has_no_end_and_one_with_too_many_corners_is_refused() {
    let houses: Vec<_> = (0..200).map(|at| block(at * 300, 0, 200, 100)).collect();
    let yard = Yard { outline: &[], footprints: &houses[..2] };
    assert!(way(&yard, &[spot(250, -50), spot(250, 150)]).1 < 250);
    let yard = Yard { outline: &[], footprints: &houses };
    assert_eq!(yard.tracks(&[]), Err(TooMany { nodes: 800 }));
}

/// Every way keeps to the open ground, and is hardly longer than the shortest there is.
#[test]
fn ways_among_houses_by_chance_are_open_and_short() {
    let mut crossed = 0;
    for seed in 0..40 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let outline = block(0, 0, 2_000, 2_000);
        let houses: Vec<_> = (0..12)
            .map(|at| {
                let (east, north) = (100 + 450 * (at % 4), 150 + 600 * (at / 4));
                block(east, north, rng.i32(80..380), rng.i32(60..300))
            })
            .collect();
        let yard = Yard { outline: &outline, footprints: &houses };
        let spots: Vec<Point> = houses
            .iter()
            .map(|house| {
                spot(
                    i32::midpoint(house[0].east_decimetres, house[2].east_decimetres),
                    house[0].north_decimetres,
                )
            })
            .chain([spot(0, 1_000)])
            .collect();
        let tracks = yard.tracks(&spots).unwrap();
        for [one, other] in &tracks.tracks {
            let (one, other) = (tracks.nodes[*one], tracks.nodes[*other]);
            assert!(walks_freely(&yard, one, other), "seed {seed}: {one:?} to {other:?}");
        }
        let places: Vec<Place> = (0..spots.len())
            .map(|node| Place { point: tracks.nodes[node], node: Some(node) })
            .collect();
        let found = Walks::new(&ground(&tracks), &places).unwrap().matrix();
        let shortest = shortest(&yard, &spots);
        for (one, other) in (0..spots.len()).flat_map(|one| (0..one).map(move |other| (one, other)))
        {
            let (found, shortest) = (found.get(one, other), shortest.get(one, other));
            assert!(found < UNREACHABLE_DECIMETRES, "seed {seed}: nothing leads there");
            assert!(u64::from(found) * 1_000 <= u64::from(shortest) * (1_001 + DETOUR_PERMILLE));
            crossed += u32::from(!walks_freely(&yard, tracks.nodes[one], tracks.nodes[other]));
        }
    }
    assert!(crossed > 100, "straight lines would have done: {crossed}");
}

/// All that can be seen from each other, joined.
fn shortest(yard: &Yard<'_>, spots: &[Point]) -> crate::matrix::Matrix {
    let obstacles = Obstacles::of(yard);
    let mut nodes: Vec<Point> = spots.iter().map(|spot| obstacles.off_the_wall(*spot)).collect();
    nodes.extend(obstacles.turns());
    let pairs = (0..nodes.len()).flat_map(|one| (0..one).map(move |other| [one, other]));
    let tracks = pairs.filter(|[one, other]| obstacles.sees(nodes[*one], nodes[*other])).collect();
    let tracks = Tracks { nodes, tracks };
    let places: Vec<Place> = (0..spots.len())
        .map(|node| Place { point: tracks.nodes[node], node: Some(node) })
        .collect();
    Walks::new(&ground(&tracks), &places).unwrap().matrix()
}
