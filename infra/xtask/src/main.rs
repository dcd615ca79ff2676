//! The house's chores, as `cargo xtask <chore>`.
//!
//! **It holds no rule of the engine and depends on none of its crates**: every chore is a handful
//! of commands that a person could type, in order, with errors that say what to do.

mod checks;
mod engine;
mod hunts;
mod run;
mod screens;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::run::{House, TaskError};

/// Chores of the Lastmeter repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Builds the engine and runs the sample community through a simulated day.
    Up(engine::Up),
    /// Runs everything that must pass.
    Test,
    /// Formatting, lints, licences and duplicates; everything of `check` but the tests.
    Lint,
    /// Everything that a change must pass: `lint`, then `test`.
    Check,
    /// Builds the screens, which the next build of the engine embeds; needs Node.
    Web,
    /// Takes the pictures in docs/screens anew; needs Node and Chromium.
    Screens,
    /// Opens many boards at once and measures how live they stay; needs Node.
    Boards(screens::Boards),
    /// Asks what the published contracts allow, and much that they do not; needs Node and Python.
    Probe(hunts::Probe),
    /// Regenerates the published contracts in `schema/`.
    Schemas,
    /// Runs every benchmark of the workspace.
    Bench(engine::Bench),
    /// Kills the engine under load, many times, and looks for lost or doubled events.
    Crash(hunts::Crash),
    /// Simulates many seeded days in virtual time and checks the rules after every step.
    Hunt(hunts::Hunt),
    /// Lives the whole day of the sample community on the embedded log and over KurrentDB's
    /// protocol, and compares the hash of every view.
    TwoLogs(hunts::TwoLogs),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match House::locate().and_then(|house| run(&house, arguments.chore)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(house: &House, chore: Chore) -> Result<(), TaskError> {
    match chore {
        Chore::Up(up) => engine::up(house, up),
        Chore::Test => checks::test(house),
        Chore::Lint => checks::lint(house),
        Chore::Check => checks::lint(house).and_then(|()| checks::test(house)),
        Chore::Web => screens::build(house),
        Chore::Screens => screens::take(house),
        Chore::Boards(boards) => screens::boards(house, &boards),
        Chore::Probe(probe) => hunts::probe(house, &probe),
        Chore::Schemas => engine::schemas(house),
        Chore::Bench(bench) => engine::bench(house, bench),
        Chore::Crash(crash) => hunts::crash(house, &crash),
        Chore::Hunt(hunt) => hunts::hunt(house, &hunt),
        Chore::TwoLogs(two_logs) => hunts::two_logs(house, &two_logs),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn up_passes_on_what_it_does_not_know() {
        let words = ["cargo xtask", "up", "--seed", "7", "--language", "en", "--quiet"];
        let Chore::Up(up) = Arguments::parse_from(words).chore else {
            panic!("`up` parses as another chore");
        };
        let passed = engine::demo_words(up).unwrap();
        assert_eq!(passed, ["demo", "--seed", "7", "--language", "en", "--quiet"]);
    }
}
