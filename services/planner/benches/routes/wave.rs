//! One wave for every community of a city, on one core.

use planner::fleet::{Limits, Load, Person, Problem, Stop, Trip, Weights, Window, quick, solve};
use planner::matrix::Matrix;
use planner::pace::Steps;

use crate::{Time, gap_percent};

/// The goal: so many communities in a minute.
const COMMUNITIES: f64 = 6_893.0;

pub fn table() {
    println!("A wave of one community: milliseconds, and per cent above a search of 100,000 steps");
    let heads = ["stops", "people", "greedy", "quick", "above", "city in s"];
    let [stops, people, greedy, quickly, above, city] = heads;
    println!("{stops:>6} {people:>7} {greedy:>9} {quickly:>9} {above:>9} {city:>11}");
    for stops in [20, 50, 100, 200, 400] {
        let problem = community(stops, stops.div_ceil(18));
        let (greedy, _) = timed(&problem, Steps(0));
        let (fast, cost) = timed(&problem, quick(stops));
        let long = solve(&problem, 2, &mut Steps(100_000)).unwrap().cost.total;
        println!(
            "{stops:>6} {:>7} {greedy:>9.2} {fast:>9.2} {:>9.2} {:>11.1}",
            problem.people.len(),
            gap_percent(cost, long),
            fast * COMMUNITIES / 1_000.0
        );
    }
}

fn timed(problem: &Problem, pace: Steps) -> (f64, u64) {
    let rounds = 20;
    let begun = Time::now();
    let mut cost = 0;
    for seed in 0..rounds {
        cost = solve(problem, seed, &mut pace.clone()).unwrap().cost.total;
    }
    (begun.seconds() * 1_000.0 / 20.0, cost)
}

/// Buildings in rows, three doors of each with something to carry up.
fn community(stops: usize, people: usize) -> Problem {
    let mut rng = fastrand::Rng::with_seed(5);
    let place = |at: u32| (f64::from(at % 8) * 40.0, f64::from(at / 8) * 25.0);
    let buildings = u32::try_from(stops.div_ceil(3)).unwrap();
    let points: Vec<(f64, f64)> =
        std::iter::once((0.0, -30.0)).chain((0..buildings).map(place)).collect();
    let matrix = Matrix::straight(&points);
    let stop = |at: usize| {
        let weight_grams = rng.u32(300..6_000);
        Stop {
            load: Load {
                pieces: rng.u32(1..3),
                weight_grams,
                volume_millilitres: 4 * weight_grams,
            },
            service_seconds: 40,
            effort: weight_grams * rng.u32(0..6),
            ..Stop::at(1 + at / 3)
        }
    };
    let load = Load { pieces: 40, weight_grams: 90_000, volume_millilitres: 400_000 };
    let trip = |person| Trip {
        person,
        start: 0,
        end: Some(0),
        shift: Window { opens_second: 0, closes_second: 7_200 },
        limits: Limits { load, ..Limits::NONE },
        fixed_cost: 50,
    };
    let person = |at: usize| Person { effort_before: 20_000 * (at as u64 % 5), ..Person::FRESH };
    Problem {
        distances: matrix.clone(),
        durations: matrix,
        stops: (0..stops).map(stop).collect(),
        people: (0..people).map(person).collect(),
        trips: (0..people).map(trip).collect(),
        weights: Weights { distance: 1, effort: 0, fairness: 30 },
    }
}
