//! Plans against optima found by trying everything, and against the rules.

use fastrand::Rng;
use planner::fleet::{
    Fault, Limits, Load, Person, Plan, Problem, Stop, Trip, Weights, Who, Window, check, cost,
    improve, quick, solve, thorough,
};
use planner::matrix::Matrix;
use planner::pace::Steps;
use proptest::prelude::*;

/// A small community: a gate, stops around it, and people with a trip each.
fn community(stops: usize, people: usize, seed: u64) -> Problem {
    let mut rng = Rng::with_seed(seed);
    let points: Vec<(f64, f64)> =
        (0..=stops).map(|_| (rng.f64() * 300.0, rng.f64() * 300.0)).collect();
    let matrix = Matrix::straight(&points);
    let stop = |place| {
        let opens = rng.u32(0..1_000);
        Stop {
            load: Load {
                pieces: rng.u32(1..4),
                weight_grams: rng.u32(200..9_000),
                volume_millilitres: rng.u32(500..20_000),
            },
            service_seconds: rng.u32(10..60),
            window: Window { opens_second: opens, closes_second: opens + rng.u32(300..2_000) },
            who: if rng.u32(0..4) == 0 {
                Who::Only(vec![rng.usize(0..people)])
            } else {
                Who::Anyone
            },
            skip_cost: (rng.u32(0..4) == 0).then(|| rng.u32(50..500)),
            effort: rng.u32(0..40_000),
            floors_loaded: rng.u32(0..2),
            ..Stop::at(place)
        }
    };
    let stops = (1..=stops).map(stop).collect();
    let load = Load { pieces: 8, weight_grams: 25_000, volume_millilitres: 80_000 };
    let trip = |person| Trip {
        person,
        start: 0,
        end: (person % 2 == 0).then_some(0),
        shift: Window { opens_second: 0, closes_second: 4_000 },
        limits: Limits { load, stops: 6, distance: 2_000 },
        fixed_cost: 20,
    };
    let person = |at: usize| Person {
        capability_percent: if at == 0 { 60 } else { 100 },
        effort_before: 50_000 * at as u64,
        effort_max: 700_000,
    };
    Problem {
        distances: matrix.clone(),
        durations: matrix,
        stops,
        people: (0..people).map(person).collect(),
        trips: (0..people).map(trip).collect(),
        weights: Weights { distance: 1, effort: 10, fairness: 20 },
    }
}

/// The cheapest plan, found by putting every stop everywhere.
fn cheapest(problem: &Problem) -> u64 {
    fn descend(problem: &Problem, plan: &mut Plan, stop: usize, best: &mut u64) {
        if stop == problem.stops.len() {
            if check(problem, plan).is_ok() {
                *best = (*best).min(cost(problem, plan).total);
            }
            return;
        }
        for run in 0..plan.runs.len() {
            for at in 0..=plan.runs[run].stops.len() {
                plan.runs[run].stops.insert(at, stop);
                descend(problem, plan, stop + 1, best);
                plan.runs[run].stops.remove(at);
            }
        }
        plan.left.push(stop);
        descend(problem, plan, stop + 1, best);
        plan.left.pop();
    }
    let runs = (0..problem.trips.len()).map(|trip| planner::fleet::Run { trip, stops: vec![] });
    let mut plan =
        Plan { runs: runs.collect(), left: vec![], cost: planner::fleet::Cost::default() };
    let mut best = u64::MAX;
    descend(problem, &mut plan, 0, &mut best);
    best
}

fn assert_sound(problem: &Problem, plan: &Plan) {
    assert_eq!(check(problem, plan), Ok(()), "{plan:?}");
    assert_eq!(plan.cost, cost(problem, plan));
}

#[test]
fn nothing_to_do_and_nobody_to_do_it() {
    let nothing = Problem { stops: vec![], ..community(3, 2, 1) };
    let plan = solve(&nothing, 1, &mut quick(0)).unwrap();
    assert_eq!((plan.runs.len(), plan.left.len()), (0, 0));
    let nobody = Problem { trips: vec![], ..community(3, 2, 1) };
    let nobody = Problem {
        stops: nobody.stops.into_iter().map(|stop| Stop { who: Who::Anyone, ..stop }).collect(),
        people: vec![],
        ..nobody
    };
    assert_eq!(solve(&nobody, 1, &mut quick(3)).unwrap().left, [0, 1, 2]);
}

#[test]
fn a_problem_that_contradicts_itself_is_refused() {
    let problem = community(3, 2, 1);
    let refused = |change: fn(&mut Problem)| {
        let mut problem = problem.clone();
        change(&mut problem);
        solve(&problem, 1, &mut Steps(1)).unwrap_err()
    };
    assert_eq!(refused(|one| one.stops[1].place = 99), Fault::Stop(1));
    assert_eq!(refused(|one| one.stops[2].who = Who::Only(vec![7])), Fault::Stop(2));
    assert_eq!(refused(|one| one.stops[0].window.closes_second = 0), Fault::Stop(0));
    assert_eq!(refused(|one| one.trips[1].person = 2), Fault::Trip(1));
    assert_eq!(refused(|one| one.trips[0].end = Some(4)), Fault::Trip(0));
    assert_eq!(refused(|one| one.people[1].capability_percent = 0), Fault::Person(1));
    assert_eq!(
        refused(|one| one.durations = Matrix::from_fn(2, |_, _| 0)),
        Fault::Sizes { distances: 4, durations: 2 }
    );
}

#[test]
fn a_stop_that_must_be_made_is_made_before_many_that_may_be_left() {
    let matrix = Matrix::straight(&[(0.0, 0.0), (900.0, 0.0), (0.0, 1.0), (0.0, 2.0)]);
    let optional = |place| Stop { skip_cost: Some(1_000_000), ..Stop::at(place) };
    let trip = Trip {
        person: 0,
        start: 0,
        end: Some(0),
        shift: Window::ALWAYS,
        limits: Limits { stops: 1, ..Limits::NONE },
        fixed_cost: 0,
    };
    let problem = Problem {
        distances: matrix.clone(),
        durations: matrix,
        stops: vec![optional(2), Stop::at(1), optional(3)],
        people: vec![Person::FRESH],
        trips: vec![trip],
        weights: Weights::DISTANCE,
    };
    let plan = solve(&problem, 1, &mut quick(3)).unwrap();
    assert_eq!(plan.left, [0, 2]);
}

#[test]
fn climbing_is_shared_by_capability_and_by_what_was_climbed_before() {
    // Twelve stops in one stairwell: only fairness says who goes.
    let matrix = Matrix::from_fn(2, |from, to| u32::from(from != to));
    let stops = vec![Stop { effort: 100_000, ..Stop::at(1) }; 12];
    let person = |capability_percent, effort_before| Person {
        capability_percent,
        effort_before,
        ..Person::FRESH
    };
    let trip = |person| Trip {
        person,
        start: 0,
        end: Some(0),
        shift: Window::ALWAYS,
        limits: Limits::NONE,
        fixed_cost: 0,
    };
    let problem = Problem {
        distances: matrix.clone(),
        durations: matrix,
        stops,
        people: vec![person(100, 0), person(50, 0), person(100, 300_000)],
        trips: vec![trip(0), trip(1), trip(2)],
        weights: Weights { distance: 1, effort: 0, fairness: 1_000 },
    };
    let plan = solve(&problem, 1, &mut thorough(12)).unwrap();
    assert_sound(&problem, &plan);
    let stops: Vec<usize> = plan.runs.iter().map(|run| run.stops.len()).collect();
    assert_eq!(stops, [6, 3, 3], "burdens of 6, 6 and 6");
}

#[test]
fn what_is_heavy_goes_up_first_where_everything_is_carried_along() {
    let matrix = Matrix::from_fn(3, |from, to| u32::from(from != to));
    let stop = |place, weight_grams| Stop {
        load: Load { pieces: 1, weight_grams, volume_millilitres: 1 },
        floors_loaded: 5,
        ..Stop::at(place)
    };
    let trip = Trip {
        person: 0,
        start: 0,
        end: Some(0),
        shift: Window::ALWAYS,
        limits: Limits::NONE,
        fixed_cost: 0,
    };
    let problem = Problem {
        distances: matrix.clone(),
        durations: matrix,
        stops: vec![stop(1, 1_000), stop(2, 50_000)],
        people: vec![Person::FRESH],
        trips: vec![trip],
        weights: Weights { distance: 1, effort: 100, fairness: 0 },
    };
    let plan = solve(&problem, 1, &mut quick(2)).unwrap();
    assert_eq!(plan.runs[0].stops, [1, 0]);
    assert_eq!(plan.cost.effort, 5 * 51_000 + 5 * 1_000);
}

#[test]
fn huge_distances_and_loads_do_not_overflow() {
    let matrix = Matrix::from_fn(40, |from, to| if from == to { 0 } else { u32::MAX });
    let base = community(39, 4, 3);
    let stops = base.stops.into_iter().map(|stop| Stop {
        load: Load::MAX,
        effort: u32::MAX,
        floors_loaded: u32::MAX,
        window: Window::ALWAYS,
        ..stop
    });
    let problem = Problem {
        distances: matrix.clone(),
        durations: matrix,
        stops: stops.collect(),
        weights: Weights { distance: u32::MAX, effort: u32::MAX, fairness: u32::MAX },
        trips: base.trips,
        people: vec![Person::FRESH; 4],
    };
    let plan = solve(&problem, 1, &mut quick(39)).unwrap();
    assert_eq!(check(&problem, &plan), Ok(()));
}

#[test]
fn the_same_seed_gives_the_same_plan_and_a_longer_search_no_dearer_one() {
    let problem = community(60, 14, 5);
    let of = |steps| solve(&problem, 3, &mut Steps(steps)).unwrap();
    assert_eq!(of(500), of(500));
    assert!(of(20_000).cost.total <= of(100).cost.total);
}

#[test]
fn a_plan_is_taken_over_and_completed() {
    let problem = community(30, 8, 5);
    let plan = solve(&problem, 3, &mut thorough(30)).unwrap();
    let again = improve(&problem, &plan, 4, &mut Steps(0)).unwrap();
    assert_eq!(again.runs, plan.runs, "nothing speaks against it");
    let mut cut = plan.clone();
    let gone = cut.runs[0].stops.remove(0);
    let repaired = improve(&problem, &cut, 4, &mut Steps(0)).unwrap();
    assert_sound(&problem, &repaired);
    assert!(!repaired.left.contains(&gone));
}

#[test]
fn small_plans_are_the_cheapest() {
    for seed in 0..150_u32 {
        let problem = community(usize::try_from(seed % 6 + 1).unwrap(), 2, u64::from(seed));
        // However short the search was, and from wherever it went on.
        for pace in [0, 3_000] {
            let plan = solve(&problem, 1, &mut Steps(pace)).unwrap();
            assert_sound(&problem, &plan);
            assert_eq!(plan.cost.total, cheapest(&problem), "seed {seed}: {plan:?}");
        }
    }
}

/// Trips that are alike are not tried twice, and none is forgotten for it.
#[test]
fn small_plans_of_trips_that_are_alike_are_the_cheapest() {
    for seed in 0..40_u32 {
        let mut problem = community(5, 3, u64::from(seed));
        for stop in &mut problem.stops {
            *stop = Stop { who: Who::Anyone, effort: 0, floors_loaded: 0, ..stop.clone() };
        }
        problem.weights = Weights::DISTANCE;
        problem.people = vec![Person::FRESH; 3];
        for trip in &mut problem.trips {
            (trip.end, trip.limits.stops) = (Some(0), 2);
        }
        let plan = solve(&problem, 1, &mut Steps(0)).unwrap();
        assert_sound(&problem, &plan);
        assert_eq!(plan.cost.total, cheapest(&problem), "seed {seed}: {plan:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn plans_keep_every_rule(seed in any::<u64>(), stops in 1_usize..=80, people in 1_usize..=12) {
        let problem = community(stops, people, seed);
        let plan = solve(&problem, seed, &mut quick(stops)).unwrap();
        assert_sound(&problem, &plan);
        let again = improve(&problem, &plan, seed, &mut quick(stops)).unwrap();
        assert_sound(&problem, &again);
    }
}
