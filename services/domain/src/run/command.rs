//! What people and processes may ask of a run. Each command carries the facts that its decision
//! needs: whoever sends it has looked them up.

use super::event::{
    AssignmentReason, RunBuildingPaused, RunCancelReason, RunHopCounted, RunPlanned, RunReplanned,
    RunSlipPrinted,
};
use crate::address::Door;
use crate::ids::{BuildingId, GridId, ParcelId, RunId, VolunteerId};
use crate::parcel::event::FailureReason;
use crate::supply::Load;

/// What may be asked of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunCommand {
    /// Plan it.
    Plan(RunPlanned),
    /// Ask a volunteer to make the trip.
    Offer {
        /// Who.
        volunteer: VolunteerId,
        /// The volunteer's grid.
        volunteer_grid: Option<GridId>,
        /// Whether the volunteer has protection.
        protection: bool,
        /// Whether the volunteer is on shift and free now.
        available: bool,
        /// What the volunteer can carry in one trip.
        carry_limit: Load,
        /// Who goes along, where two people are needed.
        helper: Option<Helper>,
        /// Why these and no others; `None` when a person chose.
        reason: Option<AssignmentReason>,
    },
    /// Make the trip that was offered.
    Accept {
        /// Who was asked.
        volunteer: VolunteerId,
    },
    /// Decline the offer, or give an accepted run back before anything is loaded.
    HandBack {
        /// Who had it.
        volunteer: VolunteerId,
    },
    /// Take a piece over.
    LoadPiece {
        /// The piece.
        parcel: ParcelId,
        /// What it adds to the load: one piece, its weight and its volume.
        load: Load,
        /// The door it goes to.
        door: Door,
        /// Another run that has not left and that it is planned for, where there is one.
        planned_for: Option<RunId>,
    },
    /// Put a piece back before leaving.
    UnloadPiece {
        /// The piece.
        parcel: ParcelId,
    },
    /// Leave with what is loaded.
    Depart {
        /// The pieces, as counted by hand.
        counted_pieces: u32,
    },
    /// Record that a piece was left with its household.
    RecordDelivered {
        /// The piece.
        parcel: ParcelId,
    },
    /// Record a failed attempt.
    RecordFailed {
        /// The piece.
        parcel: ParcelId,
        /// Why.
        reason: FailureReason,
    },
    /// Record that a piece is back at the intake point.
    RecordReturned {
        /// The piece.
        parcel: ParcelId,
    },
    /// Record that a piece is lost: nobody looks for it any longer.
    RecordLost {
        /// The piece.
        parcel: ParcelId,
    },
    /// Record that a delivery or a loss was taken back: the courier has the piece again.
    RecordReopened {
        /// The piece.
        parcel: ParcelId,
    },
    /// End it, once every piece was delivered, came back or is lost.
    Close {
        /// The pieces that came back, as counted by hand.
        counted_back: u32,
    },
    /// Call it off before it departs.
    Cancel {
        /// Why.
        reason: RunCancelReason,
    },
    /// Change its stops.
    Replan(RunReplanned),
    /// Note that the courier has seen the run sheet.
    SeeSheet {
        /// Which edition.
        sheet: u32,
    },
    /// Leave a building out for now.
    PauseBuilding(RunBuildingPaused),
    /// Go to a building again.
    ResumeBuilding {
        /// The building.
        building: BuildingId,
    },
    /// Count the pieces at a hop.
    CountHop(RunHopCounted),
    /// Print a slip, which takes the place of every earlier one.
    PrintSlip(RunSlipPrinted),
}

/// The second person of a trip, and the facts that the offer depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helper {
    /// Who.
    pub volunteer: VolunteerId,
    /// The volunteer's grid.
    pub grid: Option<GridId>,
    /// Whether the volunteer has protection.
    pub protection: bool,
    /// Whether the volunteer is on shift and free now.
    pub available: bool,
    /// What the volunteer can carry in one trip.
    pub carry_limit: Load,
}
