//! `lastmeter simulate`: to be wired to the simulator.

use std::process::ExitCode;

use crate::Failure;
use crate::cli::Simulate;

pub(crate) fn run(_options: &Simulate) -> Result<ExitCode, Failure> {
    Err("the simulator is not wired yet".into())
}
