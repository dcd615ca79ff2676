//! The program: command line, configuration, wiring, shutdown.
//!
//! **It holds no rule and no route**: it opens the data folder, starts the engine, and serves it.

pub mod cli;
mod config;
mod contracts;
mod copies;
mod data;
mod demo;
mod doctor;
mod log_tools;
mod migrate;
mod progress;
pub mod serve;
mod simulate;
mod terminal;
pub mod tls;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command};
use crate::terminal::complain;

/// Runs the program with the words of its command line.
pub fn run() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let outcome = match command {
        Command::Serve(options) => serve::run(options),
        Command::Doctor(options) => Ok(doctor::run(&options)),
        Command::Demo(options) => demo::run(&options),
        Command::Simulate(options) => simulate::run(&options),
        Command::Verify(options) => log_tools::verify(&options),
        Command::Backup(options) => copies::backup(&options),
        Command::Restore(options) => copies::restore(&options),
        Command::Export(options) => log_tools::export(&options),
        Command::Import(options) => log_tools::import(&options),
        Command::Migrate(options) => migrate::run(&options),
        Command::Schemas(options) => contracts::write(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

/// Whatever stops the program; it is shown with all its causes.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
