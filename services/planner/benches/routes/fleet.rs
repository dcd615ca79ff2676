//! Stops split over people, against the best known.

use std::time::Duration;

use planner::fleet::{Plan, Problem, check, solve};

use crate::instances::{Known, solomon};
use crate::{gap_percent, lasting};

pub fn table(limit: Duration) {
    let seconds = limit.as_secs_f64();
    println!("100 stops with windows, {seconds} s each: per cent above the best known");
    let Some(known) = solomon() else {
        println!("SKIPPED: no Solomon instances here");
        return;
    };
    println!("{:>8} {:>9} {:>10} {:>9} {:>9}", "instance", "greedy", "search", "runs", "steps");
    let (mut sum, mut worst) = (0.0, 0.0_f64);
    for Known { name, instance, best } in &known {
        let greedy = solve(instance, 1, &mut |_| 1.0).unwrap();
        let (plan, steps) = search(instance, limit);
        check(instance, &plan).unwrap();
        let gap = gap_percent(plan.cost.total, *best);
        (sum, worst) = (sum + gap, worst.max(gap));
        let greedy = gap_percent(greedy.cost.total, *best);
        println!("{name:>8} {greedy:>9.2} {gap:>10.2} {:>9} {steps:>9}", plan.runs.len());
    }
    let count = f64::from(u32::try_from(known.len()).unwrap());
    println!("mean {:.2}, worst {worst:.2}", sum / count);
}

fn search(problem: &Problem, limit: Duration) -> (Plan, u64) {
    let mut clock = lasting(limit);
    let mut done = 0;
    let mut pace = |steps| {
        done = steps;
        clock(steps)
    };
    let plan = solve(problem, 1, &mut pace).unwrap();
    (plan, done)
}
