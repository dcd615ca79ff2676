//! Stop order against the optimum, in 20 ms each.

use std::time::Duration;

use planner::matrix::Matrix;
use planner::tour::{Ends, nearest, order};

use crate::instances::{Known, tsplib};
use crate::{gap_percent, lasting};

const LIMIT: Duration = Duration::from_millis(20);
const ROUND: Ends = Ends::Round { start: 0 };

pub fn table() {
    println!("Stop order, 20 ms each: per cent above the optimum");
    println!("{:>10} {:>6} {:>9} {:>9} {:>8}", "instance", "stops", "nearest", "1 pass", "search");
    match tsplib() {
        Some(known) => published(&known),
        None => println!("SKIPPED: no TSPLIB instances here"),
    }
    larger();
}

fn published(known: &[Known<Matrix>]) {
    let (mut sum, mut worst) = (0.0, 0.0_f64);
    for Known { name, instance, best } in known {
        let near = nearest(instance, ROUND).length;
        let pass = order(instance, ROUND, 1, &mut |_| 1.0).length;
        let found = order(instance, ROUND, 1, &mut lasting(LIMIT)).length;
        let gap = gap_percent(found, *best);
        (sum, worst) = (sum + gap, worst.max(gap));
        let (near, pass) = (gap_percent(near, *best), gap_percent(pass, *best));
        println!("{name:>10} {:>6} {near:>9.2} {pass:>9.2} {gap:>8.2}", instance.size());
    }
    let count = f64::from(u32::try_from(known.len()).unwrap());
    println!("mean {:.2}, worst {worst:.2}", sum / count);
}

/// Points by chance, spread and in clusters, whose optimum nobody knows: against a search of 10 s.
fn larger() {
    println!("\nOur own points, per cent above a search of {} s", LONG.as_secs());
    let heads = ["points", "stops", "nearest", "20 ms", "0.2 s", "2 s"];
    let [points_are, stops, near, short, middle, long] = heads;
    println!("{points_are:>10} {stops:>6} {near:>9} {short:>8} {middle:>8} {long:>8}");
    for (kind, clusters) in [("spread", 0), ("clusters", 12)] {
        for stops in [200, 500, 1_000] {
            let matrix = Matrix::straight(&points(stops, clusters));
            let long = order(&matrix, ROUND, 1, &mut lasting(LONG)).length;
            let near = gap_percent(nearest(&matrix, ROUND).length, long);
            let found = [20, 200, 2_000].map(|limit| {
                let mut pace = lasting(Duration::from_millis(limit));
                gap_percent(order(&matrix, ROUND, 2, &mut pace).length, long)
            });
            println!(
                "{kind:>10} {stops:>6} {near:>9.2} {:>8.2} {:>8.2} {:>8.2}",
                found[0], found[1], found[2]
            );
        }
    }
}

const LONG: Duration = Duration::from_secs(10);

fn points(count: usize, clusters: usize) -> Vec<(f64, f64)> {
    let mut rng = fastrand::Rng::with_seed(11);
    let mut spot = |size: f64| (rng.f64() * size, rng.f64() * size);
    let centres: Vec<(f64, f64)> = (0..clusters).map(|_| spot(100_000.0)).collect();
    (0..count)
        .map(|at| match centres.get(at % clusters.max(1)) {
            Some(centre) => {
                let (x, y) = spot(8_000.0);
                (centre.0 + x, centre.1 + y)
            }
            None => spot(100_000.0),
        })
        .collect()
}
