//! Stop order against optima that are known without a search.

use std::f64::consts::TAU;

use fastrand::Rng;
use planner::matrix::Matrix;
use planner::pace::Steps;
use planner::tour::{Ends, Tour, enough, length, nearest, order};
use proptest::prelude::*;

const ANYWHERE: Ends = Ends::Path { start: None, end: None };

fn solve(matrix: &Matrix, ends: Ends) -> Tour {
    let tour = order(matrix, ends, 7, &mut enough(matrix.size()));
    assert_valid(matrix, ends, &tour);
    tour
}

/// Every place once, the ends where they must be, and the length as told.
fn assert_valid(matrix: &Matrix, ends: Ends, tour: &Tour) {
    let mut stops = tour.stops.clone();
    stops.sort_unstable();
    assert_eq!(stops, (0..matrix.size()).collect::<Vec<_>>());
    assert_eq!(tour.length, length(matrix, ends, &tour.stops));
    let (first, last) = match ends {
        Ends::Round { start } => (Some(start), None),
        Ends::Path { start, end } if start == end => (start, None),
        Ends::Path { start, end } => (start, end),
    };
    assert!(first.is_none_or(|first| tour.stops.first() == Some(&first)), "{ends:?} {tour:?}");
    assert!(last.is_none_or(|last| tour.stops.last() == Some(&last)), "{ends:?} {tour:?}");
}

fn shuffled<T>(mut points: Vec<T>, seed: u64) -> Vec<T> {
    Rng::with_seed(seed).shuffle(&mut points);
    points
}

fn scattered(count: u32, seed: u64) -> Vec<(f64, f64)> {
    let mut rng = Rng::with_seed(seed);
    (0..count).map(|_| (rng.f64() * 10_000.0, rng.f64() * 10_000.0)).collect()
}

/// The shortest length by trying the last leg of every set of places, apart from the crate's own.
fn optimum(matrix: &Matrix, ends: Ends) -> u64 {
    let size = matrix.size();
    let (start, end, back) = match ends {
        Ends::Round { start } => (Some(start), None, Some(start)),
        Ends::Path { start, end } if start.is_some() && start == end => (start, None, start),
        Ends::Path { start, end } => (start, end, None),
    };
    let mut best = vec![vec![None::<u64>; size]; 1 << size];
    for place in (0..size).filter(|place| start.is_none_or(|start| start == *place)) {
        best[1 << place][place] = Some(0);
    }
    for set in 1_usize..1 << size {
        for last in (0..size).filter(|last| set & 1 << last != 0) {
            let before = set & !(1 << last);
            let through = (0..size)
                .filter_map(|from| Some(best[before][from]? + u64::from(matrix.get(from, last))));
            let through = through.min();
            best[set][last] = best[set][last].or(through);
        }
    }
    let all = &best[(1 << size) - 1];
    let ending = (0..size).filter(|last| end.is_none_or(|end| end == *last));
    ending
        .filter_map(|last| Some(all[last]? + back.map_or(0, |to| u64::from(matrix.get(last, to)))))
        .min()
        .unwrap_or(0)
}

#[test]
fn nothing_one_and_two_places() {
    let empty = Matrix::new(0, vec![]).unwrap();
    assert_eq!(solve(&empty, ANYWHERE), Tour { stops: vec![], length: 0 });
    let one = Matrix::new(1, vec![5]).unwrap();
    assert_eq!(solve(&one, Ends::Round { start: 0 }), Tour { stops: vec![0], length: 0 });
    assert_eq!(solve(&one, Ends::Path { start: Some(0), end: Some(0) }).length, 0);
    let two = Matrix::new(2, vec![0, 3, 9, 0]).unwrap();
    assert_eq!(solve(&two, Ends::Round { start: 1 }), Tour { stops: vec![1, 0], length: 12 });
    assert_eq!(solve(&two, ANYWHERE), Tour { stops: vec![0, 1], length: 3 });
    assert_eq!(solve(&two, Ends::Path { start: None, end: Some(0) }).length, 9);
}

#[test]
fn points_on_a_circle_are_walked_round() {
    for count in [10_u32, 60, 300] {
        let angle = |at: u32| TAU * f64::from(at) / f64::from(count);
        let point = |at| (1e6 * angle(at).cos(), 1e6 * angle(at).sin());
        let matrix = Matrix::straight(&shuffled((0..count).map(point).collect(), 3));
        let side = f64::from(count) * 2e6 * (TAU / f64::from(count) / 2.0).sin();
        let found =
            f64::from(u32::try_from(solve(&matrix, Ends::Round { start: 0 }).length).unwrap());
        assert!((found / side - 1.0).abs() < 1e-4, "{count}: {found} {side}");
    }
}

#[test]
fn a_grid_with_an_even_side_is_walked_in_unit_steps() {
    let points = (0..10).flat_map(|x| (0..12).map(move |y| (f64::from(x), f64::from(y))));
    let points = points.map(|(x, y)| (x * 100.0, y * 100.0)).collect();
    let matrix = Matrix::straight(&shuffled(points, 5));
    let tour = order(&matrix, Ends::Round { start: 17 }, 1, &mut Steps(60_000));
    assert_valid(&matrix, Ends::Round { start: 17 }, &tour);
    assert!(tour.length <= 12_000 + 82, "one diagonal at most: {}", tour.length);
}

#[test]
fn a_street_is_walked_from_end_to_end() {
    let houses: Vec<(f64, f64)> = (0..40).map(|at| (f64::from(at) * 7.0, 0.0)).collect();
    let matrix = Matrix::straight(&houses);
    assert_eq!(solve(&matrix, ANYWHERE).length, 39 * 7);
    assert_eq!(solve(&matrix, Ends::Path { start: Some(39), end: None }).length, 39 * 7);
    assert_eq!(solve(&matrix, Ends::Path { start: Some(0), end: Some(39) }).length, 39 * 7);
    assert_eq!(solve(&matrix, Ends::Path { start: Some(5), end: None }).length, (39 + 5) * 7);
    assert_eq!(solve(&matrix, Ends::Path { start: Some(20), end: Some(20) }).length, 78 * 7);
}

#[test]
fn a_way_of_one_direction_is_walked_in_it() {
    let count = 30;
    let forward = |from: usize, to: usize| u32::try_from((to + count - from) % count).unwrap();
    let ring = Matrix::from_fn(count, forward);
    assert_eq!(solve(&ring, Ends::Round { start: 4 }).length, 30);
    assert_eq!(solve(&ring, Ends::Path { start: Some(9), end: None }).length, 29);
    assert_eq!(solve(&ring, Ends::Path { start: Some(9), end: Some(8) }).length, 29);
    let mixed = shuffled((0..count).collect(), 8);
    assert_eq!(solve(&ring.of(&mixed), Ends::Round { start: 0 }).length, 30);
}

#[test]
fn a_thousand_doors_of_twelve_landings_are_taken_landing_by_landing() {
    let landings = scattered(12, 2);
    let doors = (0..1000).map(|door| landings[door % 12]).collect();
    let ends = Ends::Round { start: 500 };
    let matrix = Matrix::straight(&shuffled(doors, 4));
    let tour = solve(&matrix, ends);
    assert_eq!(tour.length, optimum(&Matrix::straight(&landings), Ends::Round { start: 0 }));
}

#[test]
fn all_places_at_one_spot_cost_nothing() {
    let matrix = Matrix::from_fn(200, |_, _| 0);
    assert_eq!(solve(&matrix, Ends::Path { start: Some(3), end: Some(7) }).length, 0);
    let equal = Matrix::from_fn(50, |from, to| if from == to { 0 } else { 9 });
    assert_eq!(solve(&equal, Ends::Round { start: 0 }).length, 450);
}

#[test]
fn huge_distances_do_not_overflow() {
    let matrix = Matrix::from_fn(60, |from, to| {
        if from.abs_diff(to) == 1 || from.abs_diff(to) == 59 { u32::MAX / 2 } else { u32::MAX }
    });
    for ends in [Ends::Round { start: 0 }, Ends::Path { start: Some(3), end: Some(2) }, ANYWHERE] {
        let legs = if matches!(ends, Ends::Round { .. }) { 60 } else { 59 };
        let tour = solve(&matrix, ends);
        assert!(tour.length <= (legs + 2) * u64::from(u32::MAX / 2), "{ends:?} {}", tour.length);
    }
}

#[test]
fn clusters_are_not_left_and_entered_more_often_than_needed() {
    // Ten villages, each of thirty houses within a hundred metres, ten kilometres apart in a row.
    let mut rng = Rng::with_seed(9);
    let mut house = |at: u32| (f64::from(at % 10) * 1e5 + rng.f64() * 1e3, rng.f64() * 1e3);
    let matrix = Matrix::straight(&(0..300).map(&mut house).collect::<Vec<_>>());
    let ends = Ends::Round { start: 0 };
    let tour = solve(&matrix, ends);
    let between = tour.stops.windows(2).filter(|leg| leg[0] % 10 != leg[1] % 10).count();
    assert!(between <= 19, "{between} ways between villages");
}

#[test]
fn the_same_seed_gives_the_same_tour_and_more_steps_no_longer_one() {
    let matrix = Matrix::straight(&scattered(120, 6));
    let ends = Ends::Round { start: 0 };
    let of = |steps, seed| order(&matrix, ends, seed, &mut Steps(steps));
    assert_eq!(of(5_000, 1), of(5_000, 1));
    assert!(of(20_000, 1).length <= of(1_000, 1).length);
    assert!(of(1_000, 1).length < nearest(&matrix, ends).length);
}

#[test]
fn a_pace_that_is_used_up_stops_the_search_at_once() {
    let matrix = Matrix::straight(&scattered(120, 6));
    let mut asked = 0;
    let mut pace = |_| {
        asked += 1;
        1.0
    };
    let tour = order(&matrix, Ends::Round { start: 0 }, 1, &mut pace);
    assert_valid(&matrix, Ends::Round { start: 0 }, &tour);
    assert_eq!(asked, 1);
}

fn any_ends(size: usize) -> impl Strategy<Value = Ends> {
    let some = proptest::option::of(0..size);
    prop_oneof![
        (0..size).prop_map(|start| Ends::Round { start }),
        (some.clone(), some).prop_map(|(start, end)| Ends::Path { start, end }),
    ]
}

fn any_matrix(mirrored: bool) -> impl Strategy<Value = Matrix> {
    (1_usize..=12).prop_flat_map(move |size| {
        let cells = proptest::collection::vec(0_u32..50, size * size);
        cells.prop_map(move |cells| {
            Matrix::from_fn(size, |from, to| {
                let (from, to) = if mirrored && from < to { (to, from) } else { (from, to) };
                if from == to { 0 } else { cells[from * size + to] }
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn up_to_twelve_places_the_order_is_the_best(
        (matrix, ends) in any_matrix(true).prop_flat_map(|matrix| {
            let ends = any_ends(matrix.size());
            (Just(matrix), ends)
        })
    ) {
        prop_assert_eq!(solve(&matrix, ends).length, optimum(&matrix, ends));
    }

    #[test]
    fn up_to_twelve_places_it_is_the_best_with_ways_of_one_direction(
        (matrix, ends) in any_matrix(false).prop_flat_map(|matrix| {
            let ends = any_ends(matrix.size());
            (Just(matrix), ends)
        })
    ) {
        prop_assert_eq!(solve(&matrix, ends).length, optimum(&matrix, ends));
    }
}
