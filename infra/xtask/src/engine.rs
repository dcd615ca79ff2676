//! Chores that run the engine itself: the sample day, the contracts, the benchmarks.

use std::{
    ffi::OsString,
    path::{self, PathBuf},
};

use clap::Args;

use crate::run::{House, TaskError};
use crate::screens;

const UP_ADVICE: &str = "the lines above say why; `cargo xtask up --help` lists the options";
const SCHEMAS_ADVICE: &str = "make `cargo build -p lastmeter` pass first; then see the lines above";
const BENCH_ADVICE: &str = "run the failing one alone with `cargo bench -p <crate>`";

/// Options of `cargo xtask up`; what it does not know goes to `lastmeter demo` as it is.
#[derive(Debug, Args)]
pub struct Up {
    /// How many simulated seconds pass in one real second.
    #[arg(long)]
    speed: Option<u32>,
    /// Which day: the same seed gives the same day.
    #[arg(long)]
    seed: Option<u64>,
    /// The port of the API on this machine.
    #[arg(long)]
    port: Option<u16>,
    /// The folder of the event log [default: data, in the checkout].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Anything else, for `lastmeter demo`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<OsString>,
}

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Passed to the benchmarks, such as a filter.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<OsString>,
}

/// Builds the screens where they are stale, then the engine in release, and lets it play a day of
/// the sample community.
///
/// # Errors
/// When the build fails or the folder's path cannot be used.
pub fn up(house: &House, options: Up) -> Result<(), TaskError> {
    screens::build_if_stale(house)?;
    let words = ["run", "--release", "--package", "lastmeter", "--"].map(OsString::from);
    let words = words.into_iter().chain(demo_words(options)?);
    house.cargo("the sample day", UP_ADVICE, words).become_it()
}

/// Regenerates `schema/` from the types in the code.
///
/// # Errors
/// When the engine does not build or cannot write there.
pub fn schemas(house: &House) -> Result<(), TaskError> {
    let words = ["run", "--package", "lastmeter", "--", "schemas", "--out", "schema"];
    house.cargo("the contracts in schema/", SCHEMAS_ADVICE, words).run()
}

/// Runs all benchmark targets of the workspace, and nothing else.
///
/// # Errors
/// When one of them fails.
pub fn bench(house: &House, options: Bench) -> Result<(), TaskError> {
    let words = ["bench", "--workspace", "--bench", "*", "--"].map(OsString::from);
    house.cargo("the benchmarks", BENCH_ADVICE, words.into_iter().chain(options.rest)).run()
}

/// The words of `lastmeter demo`. A relative folder means one beside the caller, who may stand
/// elsewhere than in the workspace's root.
pub fn demo_words(options: Up) -> Result<Vec<OsString>, TaskError> {
    let mut words = vec![OsString::from("demo")];
    let mut option = |name: &str, value: Option<OsString>| {
        words.extend(value.map(|value| [OsString::from(name), value]).into_iter().flatten());
    };
    option("--speed", options.speed.map(|speed| speed.to_string().into()));
    option("--seed", options.seed.map(|seed| seed.to_string().into()));
    option("--port", options.port.map(|port| port.to_string().into()));
    option("--data", options.data.map(absolute).transpose()?.map(PathBuf::into_os_string));
    words.extend(options.rest);
    Ok(words)
}

fn absolute(path: PathBuf) -> Result<PathBuf, TaskError> {
    path::absolute(&path).map_err(|source| TaskError::BadPath { path, source })
}
