//! The search: ruin, recreate, and keep what is better or not much worse (simulated annealing).

use fastrand::Rng;

use super::exact;
use super::model::Model;
use super::recreate::Recreate;
use super::ruin::Ruin;
use super::state::State;
use super::{Cost, Fault, Plan, Problem, Run, cost};
use crate::pace::{Pace, STEPS_BETWEEN, Steps};

/// A plan that is a few per cent above the best, in a few milliseconds for a community's wave.
pub fn quick(stops: usize) -> Steps {
    Steps(u64::try_from(stops).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(200))
}

/// A plan that further search hardly improves, in seconds.
pub fn thorough(stops: usize) -> Steps {
    Steps(u64::try_from(stops).unwrap_or(u64::MAX).saturating_mul(2_000))
}

/// How much worse, in usual legs, a plan may be at the begin of a search, and at its end.
const PATIENCE: (f64, f64) = (1.0, 0.01);

/// Plans a problem, in the same way for the same arguments if the pace counts steps.
///
/// # Errors
/// When the problem contradicts itself.
pub fn solve(problem: &Problem, seed: u64, pace: &mut dyn Pace) -> Result<Plan, Fault> {
    problem.validate()?;
    let model = Model::new(problem);
    let mut rng = Rng::with_seed(seed);
    let mut state = State::new(&model);
    let mut recreate = Recreate::new(&model);
    recreate.begin(&mut state, &mut rng);
    Ok(search(&mut state, &mut recreate, &mut rng, pace))
}

/// Goes on from a plan, whose stops stay together where nothing speaks against it; stops the plan
/// does not know are put in, and runs that break a limit of the problem are planned anew.
///
/// # Errors
/// When the problem contradicts itself.
pub fn improve(
    problem: &Problem,
    plan: &Plan,
    seed: u64,
    pace: &mut dyn Pace,
) -> Result<Plan, Fault> {
    problem.validate()?;
    let model = Model::new(problem);
    let mut rng = Rng::with_seed(seed);
    let mut state = State::new(&model);
    for run in &plan.runs {
        state.adopt(run);
    }
    let mut recreate = Recreate::new(&model);
    recreate.begin(&mut state, &mut rng);
    Ok(search(&mut state, &mut recreate, &mut rng, pace))
}

fn search(state: &mut State, recreate: &mut Recreate, rng: &mut Rng, pace: &mut dyn Pace) -> Plan {
    let model = state.model;
    let mut ruin = Ruin::new(model.vehicles.len());
    let (mut best, mut best_cost) = (state.runs(), state.cost);
    // The state itself is the best until a dearer one is kept.
    let mut is_best = true;
    let usual = f64::from(u32::try_from(model.usual_leg).unwrap_or(u32::MAX));
    let (warm, cold) = (PATIENCE.0 * usual, PATIENCE.1 * usual);
    let mut patience = warm;
    let mut steps = 0_u64;
    // Nothing can be taken out of a plan without stops.
    let mut going = model.stops > 0 && !model.vehicles.is_empty();
    while going {
        if steps.is_multiple_of(STEPS_BETWEEN) {
            let used = pace.used(steps);
            going = used < 1.0;
            patience = warm * (cold / warm).powf(used.clamp(0.0, 1.0));
            if !going {
                break;
            }
        }
        steps += 1;
        let before = state.cost;
        state.begin();
        ruin.run(state, rng);
        recreate.run(state, rng);
        if state.cost > before.saturating_add(worse(patience, rng)) {
            state.take_back();
        } else if state.cost < best_cost {
            best_cost = state.cost;
            is_best = true;
        } else if is_best && state.cost > best_cost {
            state.runs_before(&mut best);
            is_best = false;
        }
    }
    if is_best {
        best = state.runs();
    }
    plan(state, best)
}

/// What is found, told as the caller knows it.
fn plan(state: &State, runs: Vec<Vec<usize>>) -> Plan {
    let runs = runs.into_iter().enumerate().map(|(trip, stops)| Run { trip, stops });
    let plan = of_runs(state.model, runs.filter(|run| !run.stops.is_empty()).collect());
    match exact::cheaper(state.model, &plan) {
        Some(runs) => of_runs(state.model, runs),
        None => plan,
    }
}

fn of_runs(model: &Model, runs: Vec<Run>) -> Plan {
    let mut is_left = vec![true; model.stops];
    for stop in runs.iter().flat_map(|run| &run.stops) {
        is_left[*stop] = false;
    }
    let left = (0..model.stops).filter(|stop| is_left[*stop]).collect();
    let mut plan = Plan { runs, left, cost: Cost::default() };
    plan.cost = cost(model.problem, &plan);
    plan
}

/// How much worse a plan may be this time: Metropolis' rule, solved for the difference.
#[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest whole number")]
fn worse(patience: f64, rng: &mut Rng) -> i64 {
    (-patience * (1.0 - rng.f64()).ln()) as i64
}
