//! A parcel: one scannable piece on its way from the gate to the door.
//!
//! The normal way is expected, arrived, disinfecting, clean, sorted, loaded, relayed, handed off.
//! Custody follows from the phase, so the chain has no gap: a parcel is always in exactly one.

pub mod command;
mod decide;
pub mod event;
pub mod refusal;
#[cfg(test)]
mod spec;
pub mod state;

pub use self::command::ParcelCommand;
pub use self::decide::{NUMBER_REUSE_AFTER, is_long_closed};
pub use self::event::ParcelEvent;
pub use self::refusal::ParcelRefusal;
pub use self::state::{Custody, ParcelState, Phase};
use crate::decider::Decider;

/// The decider of one parcel.
#[derive(Debug, Clone, Copy)]
pub struct Parcel;

impl Decider for Parcel {
    type Command = ParcelCommand;
    type Event = ParcelEvent;
    type State = ParcelState;
    type Refusal = ParcelRefusal;

    fn decide(
        state: &ParcelState,
        command: ParcelCommand,
    ) -> Result<Vec<ParcelEvent>, ParcelRefusal> {
        decide::decide(state, command)
    }

    fn evolve(state: ParcelState, event: &ParcelEvent) -> ParcelState {
        state::evolve(state, event)
    }
}
