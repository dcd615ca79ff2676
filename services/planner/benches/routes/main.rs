//! How far our routes are above the best known, and what they cost in time; tables to read.
//!
//! ```sh
//! cargo bench -p planner --bench routes                # tours, and people in 1 s each
//! cargo bench -p planner --bench routes -- tour        # only tours
//! cargo bench -p planner --bench routes -- fleet 10    # only people, 10 s each
//! cargo bench -p planner --bench routes -- wave        # only the waves of a city
//! ```
//!
//! Instances that are not ours to ship are read from `../shared/data/routing`, or from where
//! `LASTMETER_DATA` says; the tables that need them say SKIPPED without them. Time is read here and
//! not in the crate: each search gets a pace that looks at how long this thread had a core, because
//! other programs share the machine.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its purpose")]
#![expect(clippy::panic, reason = "a benchmark stops at what it did not expect")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops at what it did not expect")]

mod fleet;
mod instances;
mod tour;
mod wave;

use std::time::{Duration, Instant};

fn main() {
    // Cargo says `--bench`, which is no table.
    let words = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    let words: Vec<String> = words.collect();
    let seconds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(1.0);
    let tables: [(&str, &dyn Fn()); 3] = [
        ("tour", &tour::table),
        ("fleet", &|| fleet::table(Duration::from_secs_f64(seconds))),
        ("wave", &wave::table),
    ];
    let named = |name: &str| words.iter().any(|word| word == name);
    let all = !tables.iter().any(|(name, _)| named(name));
    for (_, table) in tables.iter().filter(|(name, _)| all || named(name)) {
        table();
        println!();
    }
}

/// A pace by the time this thread had a core.
fn lasting(limit: Duration) -> impl FnMut(u64) -> f64 {
    let begun = Time::now();
    move |_| begun.seconds() / limit.as_secs_f64()
}

/// Time on a core, because the machine does other things as well; where the system does not tell
/// it, time on the wall.
struct Time {
    wall: Instant,
    core: Option<Duration>,
}

impl Time {
    fn now() -> Self {
        Self { wall: Instant::now(), core: on_core() }
    }

    fn seconds(&self) -> f64 {
        let core = self.core.zip(on_core()).map(|(begun, now)| now.saturating_sub(begun));
        core.unwrap_or_else(|| self.wall.elapsed()).as_secs_f64()
    }
}

/// How long this thread ran, as Linux counts it.
fn on_core() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// By how much a value is above another, in per cent.
#[expect(clippy::cast_precision_loss, reason = "a per cent needs no more than 52 bits")]
fn gap_percent(found: u64, best: u64) -> f64 {
    100.0 * (found as f64 / best as f64 - 1.0)
}
