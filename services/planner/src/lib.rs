//! Parcels, people and windows to runs and stop order.
//!
//! **This crate does no I/O, reads no clock and makes no random number of its own.** A seed comes
//! in as an argument, and so does the [`pace`] at which a search uses up its time: with a pace that
//! counts steps, the same problem and the same seed give the same plan everywhere.
//!
//! - [`matrix`]: distances or durations between places, row by row.
//! - [`pace`]: how long a search may go on.
//! - [`tour`]: the shortest order of the stops of one run.
//! - [`fleet`]: which stops go to whom, within limits and windows, with the climbing shared.
//! - [`walk`]: the shortest walks on a compound's paths, and the matrix of them.
//! - [`drawing`]: routes on the plan of a compound.

pub mod drawing;
pub mod fleet;
pub mod matrix;
pub mod pace;
pub mod tour;
pub mod walk;
