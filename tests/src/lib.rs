//! What the suites share: where the checkout is, the engine's binary, a child process that does not
//! outlive its test, ids that repeat, and a connection to a served engine.
//!
//! **It holds no expectation of its own and never retries**: a suite that fails once has failed.

mod checkout;
mod engine;
mod http;
mod ids;
mod serving;

pub use checkout::{tracked_files, workspace_metadata, workspace_root};
pub use engine::{Engine, engine_binary};
pub use http::{Connection, Reply};
pub use ids::id;
pub use serving::{SERVING, Serving};
pub use tempfile::TempDir;

use std::{io, path::PathBuf, process::ExitStatus};

use thiserror::Error;

/// Why a suite could not be set up; not a finding of the suite itself.
#[derive(Debug, Error)]
pub enum HarnessError {
    /// A program could not be started.
    #[error("`{program}` could not be started")]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program ran and failed; its own messages are in the test's output.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The engine ended before it served.
    #[error("the engine ended before it served; it said:\n{said}")]
    NotServing {
        /// What it wrote to standard error.
        said: String,
    },
    /// Cargo built the engine and named no program.
    #[error("cargo named no program `lastmeter`: is services/lastmeter still a binary crate?")]
    NoBinary,
    /// Cargo could not describe the workspace.
    #[error("cargo could not describe the workspace")]
    Metadata(#[from] cargo_metadata::Error),
    /// The system refused.
    #[error("the system refused")]
    Io(#[from] io::Error),
}
