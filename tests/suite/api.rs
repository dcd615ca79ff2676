//! The API in this process: requests in, answers and events out.

mod answers;
mod arrivals;
mod bad_input;
mod behind;
mod building;
mod clocks;
mod decisions;
mod desk;
pub(crate) mod door;
mod exceptions;
mod intake;
mod labels;
mod personal_data;
mod photos;
mod planning;
mod questions;
mod recipients;
mod run_sheet;
mod sender;
mod story;
mod views;
