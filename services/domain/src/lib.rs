//! The rules of closed-loop supply delivery.
//!
//! **It does no I/O, reads no clock and makes no random number; it knows no log and no HTTP.** Each
//! aggregate is a pure [`Decider`]: a state and a command give events, a state and an event give a
//! state. The words are those of the field, the same in code, API, screens and docs.

pub mod address;
pub mod arrival_slots;
pub mod community;
pub mod decider;
pub mod device;
pub mod event;
pub mod hex;
pub mod household;
pub mod ids;
pub mod order;
pub(crate) mod pairs;
pub mod parcel;
pub mod plan;
pub mod refusal;
pub mod run;
pub mod sealed;
#[cfg(test)]
pub(crate) mod spec;
pub mod supply;
mod text;
pub mod volunteer;

pub use decider::{Decider, fold};
pub use event::DomainEvent;
pub use refusal::Refuse;
