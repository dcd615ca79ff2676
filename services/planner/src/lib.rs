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
//! - [`yard`]: ways round the buildings, where nobody has drawn paths.
//! - [`drawing`]: routes on the plan of a compound.
//!
//! On these stands the plan of a moment:
//!
//! - [`situation`]: what is looked at: rules, pieces at the gate, people.
//! - [`windows`], [`waves`]: which pieces may go now, what leaves together, and why now.
//! - [`ways`], [`effort`]: how far it is, and what a trip costs whoever makes it.
//! - [`trips`], [`exchange`], [`assign`]: stairwells cut into trips, exchanged between them where
//!   that saves way, and who makes which.
//! - [`proposal`]: all of it: a wave of runs with offers, and every other piece with its reason.
//! - [`replan`], [`reroute`]: what an event changes of live runs. [`evening`]: what a day leaves.
//! - [`objective`]: every weight in one place. [`why`]: every reason as a sentence.

pub mod assign;
pub mod drawing;
pub mod effort;
pub mod evening;
pub mod exchange;
pub mod fleet;
pub mod matrix;
pub mod objective;
pub mod pace;
pub mod proposal;
pub mod replan;
pub mod reroute;
pub mod situation;
pub mod tour;
pub mod trips;
pub mod walk;
pub mod waves;
pub mod ways;
pub mod why;
pub mod windows;
pub mod yard;
