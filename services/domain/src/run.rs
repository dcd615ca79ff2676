//! A run: one courier's trip with counted pieces to ordered stops.
//!
//! The normal way is planned, offered, accepted, loaded piece by piece, departed with a count, each
//! stop done or failed, closed with a count. What was loaded was delivered, came back or is
//! lost: a run does not close otherwise.
//!
//! A hand-off, a failed attempt and a return are observations: they are recorded even when the
//! departure has not been told yet. Two contradictory ends are settled at the parcel; the run
//! follows what was settled there.

mod change;
pub mod command;
mod decide;
pub mod event;
pub mod refusal;
#[cfg(test)]
mod spec;
pub mod state;

pub use self::change::{HopCount, StopChange, StopChanged, changes};
pub use self::command::{Helper, RunCommand};
pub use self::decide::{PIECES_MAX, STOPS_MAX};
pub use self::event::RunEvent;
pub use self::refusal::RunRefusal;
pub use self::state::{LoadedPiece, Phase, PieceCounts, PieceStatus, RunState, StopOutcome};
use crate::decider::Decider;

/// The decider of one run.
#[derive(Debug, Clone, Copy)]
pub struct Run;

impl Decider for Run {
    type Command = RunCommand;
    type Event = RunEvent;
    type State = RunState;
    type Refusal = RunRefusal;

    fn decide(state: &RunState, command: RunCommand) -> Result<Vec<RunEvent>, RunRefusal> {
        decide::decide(state, command)
    }

    fn evolve(state: RunState, event: &RunEvent) -> RunState {
        state::evolve(state, event)
    }
}
