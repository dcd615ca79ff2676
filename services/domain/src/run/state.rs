//! What the events so far say of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::change::{HopCount, StopChanged, changes};
use super::event::{
    AssignmentReason, Hop, ReplanReason, RunBuildingPaused, RunEvent, RunHopCounted,
    RunPieceLoaded, RunPlanned, RunReplanned, Stop,
};
use crate::address::Door;
use crate::ids::{BuildingId, CommandId, GridId, ParcelId, VolunteerId};
use crate::parcel::event::FailureReason;
use crate::supply::Load;

/// Where a run stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nobody has planned it.
    #[default]
    Unknown,
    /// It waits for a courier.
    Planned,
    /// A volunteer was asked.
    Offered,
    /// It has a courier, who loads.
    Accepted,
    /// The courier is on the way.
    Departed,
    /// Every piece is accounted for.
    Closed,
    /// It does not take place.
    Cancelled,
}

/// Where a loaded piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PieceStatus {
    /// The courier has it.
    OnBoard,
    /// The courier has it, after an attempt that failed.
    Failed(FailureReason),
    /// Its household has it.
    Delivered,
    /// The intake point has it again.
    Returned,
    /// Nobody has it, and nobody looks for it any longer.
    Lost,
}

impl PieceStatus {
    /// Whether the courier has it.
    pub fn is_on_board(self) -> bool {
        match self {
            Self::OnBoard | Self::Failed(_) => true,
            Self::Delivered | Self::Returned | Self::Lost => false,
        }
    }
}

/// One piece that was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedPiece {
    /// What it adds to the load.
    pub load: Load,
    /// The door it goes to.
    pub door: Door,
    /// Where it is.
    pub status: PieceStatus,
}

/// How a stop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopOutcome {
    /// Every piece was left there.
    Done,
    /// At least one piece was not.
    Failed,
}

/// The pieces of a run, counted. What was loaded is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PieceCounts {
    /// Pieces that were loaded and not put back before the departure.
    pub loaded: u32,
    /// Pieces that the courier has, failed attempts included.
    pub on_board: u32,
    /// Pieces that their households have.
    pub delivered: u32,
    /// Pieces that came back.
    pub returned: u32,
    /// Pieces that are lost.
    pub lost: u32,
}

/// What the events so far say of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunState {
    /// Where it stands.
    pub phase: Phase,
    /// How it was planned.
    pub plan: Option<RunPlanned>,
    /// Who was asked last.
    pub offered_to: Option<VolunteerId>,
    /// Who makes the trip.
    pub courier: Option<VolunteerId>,
    /// The stops in the order of the way: the planned ones, then those of pieces put on unplanned.
    pub stops: Vec<Stop>,
    /// The stops that ended.
    #[serde(with = "crate::pairs")]
    pub outcomes: BTreeMap<Door, StopOutcome>,
    /// Every piece that was loaded and not put back before the departure.
    pub pieces: BTreeMap<ParcelId, LoadedPiece>,
    /// What was loaded for the trip, delivered pieces included.
    pub loaded: Load,
    /// The pieces as counted at the departure.
    pub counted_pieces: Option<u32>,
    /// The pieces as counted on the return.
    pub counted_back: Option<u32>,
    /// Who goes along.
    pub helper: Option<VolunteerId>,
    /// Why the courier was asked, where the engine chose.
    pub reason: Option<AssignmentReason>,
    /// The stops as they were planned last.
    pub planned_stops: Vec<Stop>,
    /// The edition of the run sheet: 1 as it was planned, one more with each change.
    pub sheet: u32,
    /// The latest edition that the courier has seen.
    pub sheet_seen: u32,
    /// What changed since then, and why.
    pub unseen: Vec<(StopChanged, ReplanReason)>,
    /// The buildings that are left out for now.
    pub paused: BTreeMap<BuildingId, RunBuildingPaused>,
    /// The pieces at each hop.
    #[serde(with = "crate::pairs")]
    pub hops: BTreeMap<Hop, HopCount>,
    /// The slip that opens the run sheet; `None` when none does.
    pub slip: Option<CommandId>,
}

impl RunState {
    /// The grid that it serves.
    pub fn grid(&self) -> Option<&GridId> {
        self.plan.as_ref().map(|plan| &plan.grid)
    }

    /// What the trip carries at most; nothing before it is planned.
    pub fn limit(&self) -> Load {
        self.plan.as_ref().map(|plan| plan.limit).unwrap_or_default()
    }

    /// Whether it goes into a zone that only people with protection may enter.
    pub fn needs_protection(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.needs_protection)
    }

    /// The pieces that the courier has.
    pub fn on_board(&self) -> impl Iterator<Item = ParcelId> + '_ {
        let on_board =
            |(id, piece): (&ParcelId, &LoadedPiece)| piece.status.is_on_board().then_some(*id);
        self.pieces.iter().filter_map(on_board)
    }

    /// Its pieces, counted.
    pub fn counts(&self) -> PieceCounts {
        let mut counts = PieceCounts::default();
        for piece in self.pieces.values() {
            counts.loaded += 1;
            match piece.status {
                PieceStatus::OnBoard | PieceStatus::Failed(_) => counts.on_board += 1,
                PieceStatus::Delivered => counts.delivered += 1,
                PieceStatus::Returned => counts.returned += 1,
                PieceStatus::Lost => counts.lost += 1,
            }
        }
        counts
    }
}

/// Folds one event into the state.
pub(super) fn evolve(mut state: RunState, event: &RunEvent) -> RunState {
    match event {
        RunEvent::Planned(event) => {
            state.phase = Phase::Planned;
            state.stops.clone_from(&event.stops);
            state.planned_stops.clone_from(&event.stops);
            state.sheet = 1;
            state.plan = Some(event.clone());
        }
        RunEvent::Offered(event) => {
            state.phase = Phase::Offered;
            state.offered_to = Some(event.volunteer);
            state.helper = event.helper;
            state.reason.clone_from(&event.reason);
        }
        RunEvent::Accepted(event) => {
            state.phase = Phase::Accepted;
            state.courier = Some(event.volunteer);
        }
        RunEvent::HandedBack(_) => {
            state.phase = Phase::Planned;
            state.offered_to = None;
            state.courier = None;
            state.helper = None;
            state.reason = None;
            // Whoever takes it next has seen nothing of it.
            state.sheet_seen = 0;
            // And whoever had it reads it no longer.
            state.slip = None;
        }
        RunEvent::PieceLoaded(event) => put_on(&mut state, event),
        RunEvent::PieceUnloaded(event) => take_off(&mut state, event.parcel),
        RunEvent::Departed(event) => {
            state.phase = Phase::Departed;
            state.counted_pieces = Some(event.counted_pieces);
        }
        RunEvent::PieceDelivered(event) => {
            set_status(&mut state, event.parcel, PieceStatus::Delivered);
        }
        RunEvent::PieceFailed(event) => {
            set_status(&mut state, event.parcel, PieceStatus::Failed(event.reason));
        }
        RunEvent::PieceReturned(event) => {
            set_status(&mut state, event.parcel, PieceStatus::Returned);
        }
        RunEvent::PieceLost(event) => set_status(&mut state, event.parcel, PieceStatus::Lost),
        RunEvent::PieceReopened(event) => reopen(&mut state, event.parcel),
        RunEvent::StopDone(event) => {
            state.outcomes.insert(event.door.clone(), StopOutcome::Done);
        }
        RunEvent::StopFailed(event) => {
            state.outcomes.insert(event.door.clone(), StopOutcome::Failed);
        }
        RunEvent::Closed(event) => {
            state.phase = Phase::Closed;
            state.counted_back = Some(event.counted_back);
        }
        RunEvent::Cancelled(_) => state.phase = Phase::Cancelled,
        RunEvent::Replanned(event) => replanned(&mut state, event),
        RunEvent::SheetSeen(event) => {
            state.sheet_seen = event.sheet;
            if event.sheet == state.sheet {
                state.unseen.clear();
            }
        }
        RunEvent::BuildingPaused(event) => {
            state.paused.insert(event.building.clone(), event.clone());
        }
        RunEvent::BuildingResumed(event) => {
            state.paused.remove(&event.building);
        }
        RunEvent::HopCounted(RunHopCounted { hop, counted_pieces }) => {
            let count = HopCount { expected: state.expected_at(hop), counted: *counted_pieces };
            state.hops.insert(hop.clone(), count);
        }
        RunEvent::SlipPrinted(event) => state.slip = Some(event.slip),
    }
    state
}

fn replanned(state: &mut RunState, event: &RunReplanned) {
    let changed = changes(&state.stops, &event.stops);
    state.unseen.retain(|(known, _)| changed.iter().all(|new| new.door != known.door));
    state.unseen.extend(changed.into_iter().map(|changed| (changed, event.reason.clone())));
    state.stops.clone_from(&event.stops);
    state.planned_stops.clone_from(&event.stops);
    state.sheet += 1;
}

fn put_on(state: &mut RunState, event: &RunPieceLoaded) {
    let RunPieceLoaded { parcel, load, door } = event;
    for stop in state.stops.iter_mut().filter(|stop| stop.door != *door) {
        stop.parcels.retain(|listed| listed != parcel);
    }
    state.stops.retain(|stop| !stop.parcels.is_empty());
    match state.stops.iter_mut().find(|stop| stop.door == *door) {
        Some(stop) if stop.parcels.contains(parcel) => {}
        Some(stop) => stop.parcels.push(*parcel),
        None => state.stops.push(Stop { door: door.clone(), parcels: vec![*parcel] }),
    }
    state.outcomes.remove(door);
    state.loaded = state.loaded.plus(*load);
    let piece = LoadedPiece { load: *load, door: door.clone(), status: PieceStatus::OnBoard };
    state.pieces.insert(*parcel, piece);
}

/// A piece that was put back stays in the plan, and leaves a stop that it was put on unplanned.
fn take_off(state: &mut RunState, parcel: ParcelId) {
    let Some(piece) = state.pieces.remove(&parcel) else {
        return;
    };
    state.loaded = state.loaded.minus(piece.load);
    let planned = state.planned_stops.iter().flat_map(|stop| &stop.parcels);
    if !planned.into_iter().any(|listed| *listed == parcel) {
        for stop in &mut state.stops {
            stop.parcels.retain(|listed| *listed != parcel);
        }
        state.stops.retain(|stop| !stop.parcels.is_empty());
    }
    if state.pieces.values().all(|other| other.door != piece.door) {
        state.outcomes.remove(&piece.door);
    }
}

fn set_status(state: &mut RunState, parcel: ParcelId, status: PieceStatus) {
    if let Some(piece) = state.pieces.get_mut(&parcel) {
        piece.status = status;
    }
}

fn reopen(state: &mut RunState, parcel: ParcelId) {
    set_status(state, parcel, PieceStatus::OnBoard);
    if let Some(piece) = state.pieces.get(&parcel) {
        state.outcomes.remove(&piece.door);
    }
    if state.phase == Phase::Closed {
        state.phase = Phase::Departed;
        state.counted_back = None;
    }
}
