//! `lastmeter demo`: to be wired to the simulator.

use std::process::ExitCode;

use crate::Failure;
use crate::cli::Demo;

pub(crate) fn run(_options: Demo) -> Result<ExitCode, Failure> {
    Err("the simulator is not wired yet".into())
}
