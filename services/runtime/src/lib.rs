//! The shell around the domain: it handles commands, keeps their answers, folds the log into views
//! and carries out what follows from events.
//!
//! **It knows no HTTP and no screen.** Nothing is acknowledged before it is durable, and every
//! answer waits until the views have seen its events, so that whoever wrote reads his own write.

pub mod answer;
mod arrival_slots;
pub mod clock;
pub mod codec;
pub mod community_file;
pub mod cue;
pub mod directory;
pub mod engine;
pub mod ids;
pub mod ledger;
mod locate;
mod perform;
pub mod person;
pub mod photos;
pub mod planning;
pub mod problem;
pub mod process;
pub mod repository;
pub mod request;
pub mod scan;
pub mod snapshot;
mod survive;
mod upcast;
pub mod vault;
pub mod views;

pub use answer::{Answer, Status};
pub use engine::{Engine, Parts};
pub use locate::{Addressed, Sentence, check_alias, reasons_of};
pub use problem::{Problem, ProblemKind};
pub use request::{Occurred, Request};
