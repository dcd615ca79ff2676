//! Days nobody lived, from a seed: carriers at the gate, hands at the shelves, couriers on the
//! stairs, and a checker that reads the log and trusts nobody.
//!
//! **It never reads the machine's clock or randomness**: the same seed gives the same log, byte for
//! byte. **The checker uses nothing of the engine's own folding**: its model of custody is its own.

mod arrivals;
mod chance;
pub mod day;
pub mod front;
pub mod in_process;
mod label;
mod people;
mod place;
pub mod report;
pub mod rules;
pub mod simulate;

pub use crate::day::{Days, Mishap, Spot, Tally};
pub use crate::people::Size;
pub use crate::place::FUMIN_GARDEN;
pub use crate::report::Report;
pub use crate::simulate::{Failure, simulate};
