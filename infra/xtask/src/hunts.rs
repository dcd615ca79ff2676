//! Long searches for a broken promise. Zero failures in n trials bound the rate only below about
//! 3/n (95 %), so each hunt is told its n, and what it runs reports it.

use clap::Args;

use crate::run::{House, TaskError};

const CRASH_TEST: &str = "crash::hunt";
const CRASH_CYCLES: &str = "LASTMETER_CRASH_CYCLES";
const CRASH_ADVICE: &str = "keep the folder that it names: the log in it is the evidence";
const PROBE_FOLDER: &str = "tests/clients/schemathesis";
const PYTHON_ADVICE: &str = "Python 3 with venv and pip is needed (Debian: python3-venv)";
const PROBE_ADVICE: &str = "each finding above comes with a curl command that asks the same again";
const TWO_LOGS_TEST: &str = "two_logs::the_whole_day_of_fumin_garden_ends_in_the_same_views";
const TWO_LOGS_SEED: &str = "LASTMETER_TWO_LOGS_SEED";
const TWO_LOGS_ADVICE: &str = "it names the views that differ; the same seed differs again";
const HUNT_ADVICE: &str = "the last lines name seed and step; the same seed fails the same way";

/// Options of `cargo xtask crash`.
#[derive(Debug, Args)]
pub struct Crash {
    /// How many times the engine is killed.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    cycles: u32,
}

/// Options of `cargo xtask hunt`.
#[derive(Debug, Args)]
pub struct Hunt {
    /// How many days are simulated.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// The first day's seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Options of `cargo xtask probe`.
#[derive(Debug, Args)]
pub struct Probe {
    /// How many questions an operation is asked, at most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    examples: u32,
    /// What the questions are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Options of `cargo xtask two-logs`.
#[derive(Debug, Args)]
pub struct TwoLogs {
    /// The day's seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Asks what the published contracts allow, and much that they do not, of a served engine: no
/// answer may be a server's error.
///
/// # Errors
/// When an answer is one, and when Python, Node or the engine cannot be started.
pub fn probe(house: &House, options: &Probe) -> Result<(), TaskError> {
    let venv = ["-m", "venv", "venv"];
    house.program("Python's folder", PYTHON_ADVICE, ("python3", PROBE_FOLDER), venv).run()?;
    let pip = house.path(PROBE_FOLDER).join("venv/bin/pip");
    let pip = pip.to_string_lossy();
    let wanted = ["install", "--quiet", "--requirement", "requirements.txt"];
    house.program("schemathesis", PYTHON_ADVICE, (&pip, PROBE_FOLDER), wanted).run()?;
    let words = ["tests/serve.mjs", "tests/clients/schemathesis/probe.mjs"].map(str::to_owned);
    let words = words.into_iter().chain([options.examples.to_string(), options.seed.to_string()]);
    house.program("the probe", PROBE_ADVICE, ("node", "."), words).run()
}

/// Kills the engine (`kill -9`) under load and looks for lost or doubled events, in release.
///
/// # Errors
/// When an acknowledged event is lost or doubled, and when the hunt does not build.
pub fn crash(house: &House, options: &Crash) -> Result<(), TaskError> {
    let cycles = options.cycles.to_string();
    ignored(house, CRASH_TEST, CRASH_ADVICE, (CRASH_CYCLES, &cycles))
}

/// Lives the whole day of the sample community on both logs, in release.
///
/// # Errors
/// When a view differs, and when the engine does not build.
pub fn two_logs(house: &House, options: &TwoLogs) -> Result<(), TaskError> {
    let seed = options.seed.to_string();
    ignored(house, TWO_LOGS_TEST, TWO_LOGS_ADVICE, (TWO_LOGS_SEED, &seed))
}

/// Runs one of the tests that the suite leaves out, in release.
fn ignored(
    house: &House,
    test: &'static str,
    advice: &'static str,
    (name, value): (&str, &str),
) -> Result<(), TaskError> {
    let suite = ["test", "--release", "--package", "tests", "--test", "suite", "--", "--ignored"];
    // A filter that matches nothing passes, so the name is looked for first.
    let list = suite.into_iter().chain(["--list"]);
    let names = house.cargo("the list of hunts", advice, list).capture()?;
    if !names.lines().any(|line| line == format!("{test}: test")) {
        return Err(TaskError::NoSuchTest { name: test });
    }
    let hunt = suite.into_iter().chain(["--exact", test, "--nocapture"]);
    house.cargo("the hunt", advice, hunt).env(name, value).run()
}

/// Simulates many seeded days in virtual time, in release, with the rules checked at every step.
///
/// # Errors
/// When a rule breaks on some day, and when the engine does not build.
pub fn hunt(house: &House, options: &Hunt) -> Result<(), TaskError> {
    let (days, seed) = (options.days.to_string(), options.seed.to_string());
    let run = ["run", "--release", "--package", "lastmeter", "--", "simulate"];
    let words = run.into_iter().chain(["--seed", &seed, "--days", &days]);
    house.cargo("the hunt through seeded days", HUNT_ADVICE, words).run()
}
