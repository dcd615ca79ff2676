//! What a scan or a command is answered with.

pub use addressing::resolve::{Candidate, Verdict};
use domain::ids::{CommandId, ParcelId};
use domain::parcel::ParcelState;
use event_log::Position;
use std::sync::Arc;

use crate::codec::ClockNote;
use crate::cue::Cue;
use crate::problem::Problem;

/// How a scan was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ScanStatus")]
pub enum Status {
    /// It changed something, now or when the same command first came.
    Accepted,
    /// What it says was known already; the cue is the one of the first time.
    Duplicate,
    /// It was taken, and the piece or the command waits for a person.
    Held,
    /// It was not taken, for the reason in the problem; final for its command id.
    Refused,
    /// It was not taken now and nothing was stored; send it again with the same id.
    Deferred,
}

/// The answer to one scan.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The command.
    pub command_id: CommandId,
    /// How it was taken.
    pub status: Status,
    /// The position that the views have seen at least; a query can ask for it.
    pub position: Position,
    /// The views have not seen this command yet; ask again for a later position.
    pub view_behind: bool,
    /// The parcel.
    pub parcel: Option<ParcelId>,
    /// What to show and say.
    pub cue: Option<Cue>,
    /// Why not.
    pub problem: Option<Problem>,
    /// What was odd about the device's clock.
    pub clock: Option<ClockNote>,
    /// For a table or cart: how many of its pieces took the scan.
    pub pieces: Option<PieceCount>,
    /// Who it may be for, when that is not certain.
    pub candidates: Vec<Candidate>,
}

/// How the pieces of a table or cart took a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
pub struct PieceCount {
    /// Pieces that took it, now or before.
    pub accepted: u32,
    /// Pieces that did not.
    pub refused: u32,
}

/// What performing a scan came to, before it becomes an answer.
#[derive(Debug, Default)]
pub(crate) struct Performed {
    /// The parcel and its state right after the command.
    pub parcel: Option<(ParcelId, Arc<ParcelState>)>,
    /// The position of the last event it appended.
    pub appended: Option<Position>,
    /// Its effect was there already, since this revision of the parcel's stream.
    pub repeated: Option<u64>,
    /// No event carries the command's own id, so its outcome must be kept apart.
    pub unrecorded: bool,
    /// For a table or cart.
    pub pieces: Option<PieceCount>,
    /// Who it may be for.
    pub candidates: Vec<Candidate>,
}
