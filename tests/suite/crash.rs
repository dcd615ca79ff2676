//! `kill -9` under load: what the engine acknowledged is there after a restart, once, and a command
//! that is sent again gets the same answer.
//!
//! The moments of the kills follow from a seed, by counting answers, not by the clock. The positive
//! control is an engine that answers before it stores: the same checks must find it out.
//!
//! The long hunt is `cargo xtask crash --cycles N`; it runs [`hunt`] in release.

mod early;
mod harness;
mod workload;

use std::{env, path::Path, process::Command};

use tests::{HarnessError, Serving};

use self::harness::{Harness, Report};

/// The kills of the normal suite.
const CYCLES: u64 = 20;
/// The kills of the hunt when nobody says how many.
const HUNT_CYCLES: u64 = 500;
/// How many the hunt makes.
const HUNT_CYCLES_NAME: &str = "LASTMETER_CRASH_CYCLES";
/// Chooses the moments of the kills and what is scanned.
const SEED: u64 = 1;
/// The kills within which an engine that answers too early must be found out.
const EARLY_CYCLES_MAX: u64 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled() {
    let report = real_engine(CYCLES).await;
    assert_eq!(report.findings, Vec::<String>::new());
    assert_eq!(report.kills, CYCLES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long: cargo xtask crash --cycles 500"]
async fn hunt() {
    let cycles = env::var(HUNT_CYCLES_NAME).map_or(HUNT_CYCLES, |text| text.parse().unwrap());
    let report = real_engine(cycles).await;
    println!("{report}");
    assert_eq!(report.findings, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_answers_before_it_stores_is_found_out() {
    let mut harness = Harness::new(SEED, early_engine).unwrap();
    for _ in 0..EARLY_CYCLES_MAX {
        harness.cycle().await.unwrap();
        if !harness.report().findings.is_empty() {
            break;
        }
    }
    let report = harness.report();
    let lost = report.findings.iter().filter(|finding| finding.contains("lost")).count();
    assert!(lost > 0, "{EARLY_CYCLES_MAX} kills of an engine that answers too early: {report}");
}

/// Kills the real engine `cycles` times.
async fn real_engine(cycles: u64) -> Report {
    let mut harness = Harness::new(SEED, Serving::start).unwrap();
    while harness.report().kills < cycles && harness.report().findings.is_empty() {
        harness.cycle().await.unwrap();
        if harness.report().kills.is_multiple_of(harness::KILLS_BEFORE_GOOD_END) {
            harness.good_end().await.unwrap();
        }
    }
    if harness.report().findings.is_empty() {
        harness.finish().await.unwrap();
    }
    harness.into_report()
}

/// Starts this very program anew as an engine that answers before it stores.
fn early_engine(data: &Path) -> Result<Serving, HarnessError> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["--ignored", "--exact", early::MAIN, "--nocapture"]);
    command.env(early::DATA_FOLDER_NAME, data);
    Serving::spawn(command)
}
