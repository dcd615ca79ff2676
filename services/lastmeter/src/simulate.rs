//! `lastmeter simulate`: seeded days in virtual time, with every rule checked after every step.

use std::process::ExitCode;

use indicatif::ProgressBar;
use simulator::{Size, simulate};

use crate::Failure;
use crate::cli::Simulate;
use crate::terminal::{complain, remark, say};

/// Plays the days, each with a seed of its own. It ends at the first failure, and names its seed
/// and step.
pub(crate) fn run(options: &Simulate) -> Result<ExitCode, Failure> {
    let size = if options.full { Size::FULL } else { Size::SMALL };
    let bar = ProgressBar::new(options.days);
    let mut pieces = 0;
    let mut events = 0;
    for seed in options.seed..options.seed.saturating_add(options.days) {
        let report = match simulate(seed, 1, size) {
            Ok(report) => report,
            Err(failure) => {
                bar.abandon();
                complain(&failure);
                remark(&format!("play it again with: lastmeter simulate --seed {seed}"));
                return Ok(ExitCode::FAILURE);
            }
        };
        pieces += report.all.arrived;
        events += report.events;
        if options.days == 1 {
            say(&report.to_string());
        }
        if !report.balances() {
            bar.abandon();
            say(&report.to_string());
            return Err(format!("seed {seed}: the figures do not add up").into());
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let days = options.days;
    say(&format!("{days} days passed: {pieces} pieces, {events} events, every rule held"));
    Ok(ExitCode::SUCCESS)
}
