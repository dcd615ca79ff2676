//! What a command causes in a state: one small function per command.

use std::collections::BTreeSet;

use super::change;
use super::command::{Helper, RunCommand};
use super::event::{
    AssignmentReason, RunAccepted, RunCancelReason, RunCancelled, RunClosed, RunDeparted, RunEvent,
    RunHandedBack, RunOffered, RunPieceDelivered, RunPieceFailed, RunPieceLoaded, RunPieceLost,
    RunPieceReopened, RunPieceReturned, RunPieceUnloaded, RunPlanned, RunStopDone, RunStopFailed,
    Stop,
};
use super::refusal::RunRefusal;
use super::state::{LoadedPiece, Phase, PieceCounts, PieceStatus, RunState, StopOutcome};
use crate::address::Door;
use crate::ids::{ParcelId, RunId, VolunteerId};
use crate::parcel::event::FailureReason;
use crate::supply::Load;

/// The most stops that a run may be planned with.
pub const STOPS_MAX: usize = 200;
/// The most pieces that a run may declare.
pub const PIECES_MAX: u32 = 1_000;

pub(super) type Decision = Result<Vec<RunEvent>, RunRefusal>;

/// Decides what `command` causes.
pub(super) fn decide(state: &RunState, command: RunCommand) -> Decision {
    if state.phase == Phase::Unknown && !matches!(command, RunCommand::Plan(_)) {
        return Err(RunRefusal::NotPlanned);
    }
    match command {
        RunCommand::Plan(fact) => plan(state, fact),
        RunCommand::Offer {
            volunteer,
            volunteer_grid,
            protection,
            available,
            carry_limit,
            helper,
            reason,
        } => {
            let grid = volunteer_grid;
            let first = Helper { volunteer, grid, protection, available, carry_limit };
            offer(state, &first, helper.as_ref(), reason)
        }
        RunCommand::Accept { volunteer } => accept(state, volunteer),
        RunCommand::HandBack { volunteer } => hand_back(state, volunteer),
        RunCommand::LoadPiece { parcel, load, door, planned_for } => {
            load_piece(state, parcel, load, door, planned_for)
        }
        RunCommand::UnloadPiece { parcel } => unload_piece(state, parcel),
        RunCommand::Depart { counted_pieces } => depart(state, counted_pieces),
        RunCommand::RecordDelivered { parcel } => record_delivered(state, parcel),
        RunCommand::RecordFailed { parcel, reason } => record_failed(state, parcel, reason),
        RunCommand::RecordReturned { parcel } => record_returned(state, parcel),
        RunCommand::RecordLost { parcel } => record_lost(state, parcel),
        RunCommand::RecordReopened { parcel } => record_reopened(state, parcel),
        RunCommand::Close { counted_back } => close(state, counted_back),
        RunCommand::Cancel { reason } => cancel(state, reason),
        RunCommand::Replan(fact) => change::replan(state, fact),
        RunCommand::SeeSheet { sheet } => change::see_sheet(state, sheet),
        RunCommand::PauseBuilding(fact) => change::pause(state, fact),
        RunCommand::ResumeBuilding { building } => Ok(change::resume(state, building)),
        RunCommand::CountHop(fact) => change::count_hop(state, fact),
        RunCommand::PrintSlip(fact) => change::print_slip(state, fact),
    }
}

fn plan(state: &RunState, fact: RunPlanned) -> Decision {
    if fact.closes <= fact.opens {
        return Err(RunRefusal::WindowTimes);
    }
    let Load { pieces, weight_grams, volume_millilitres } = fact.limit;
    let countable = (1..=PIECES_MAX).contains(&pieces);
    if !countable || weight_grams == 0 || volume_millilitres == 0 {
        return Err(RunRefusal::LimitShape);
    }
    check_stops(&fact.stops, fact.limit)?;
    match &state.plan {
        None => Ok(vec![fact.into()]),
        Some(known) if *known == fact => Ok(vec![]),
        Some(_) => Err(RunRefusal::AlreadyPlanned),
    }
}

pub(super) fn check_stops(stops: &[Stop], limit: Load) -> Result<(), RunRefusal> {
    let doors: BTreeSet<_> = stops.iter().map(|stop| &stop.door).collect();
    let parcels: BTreeSet<_> = stops.iter().flat_map(|stop| &stop.parcels).collect();
    let listed: usize = stops.iter().map(|stop| stop.parcels.len()).sum();
    let each_once = doors.len() == stops.len() && parcels.len() == listed;
    let no_stop_empty = stops.iter().all(|stop| !stop.parcels.is_empty());
    if !each_once || !no_stop_empty || stops.len() > STOPS_MAX {
        return Err(RunRefusal::StopsShape);
    }
    if u32::try_from(listed).is_ok_and(|listed| listed <= limit.pieces) {
        Ok(())
    } else {
        Err(over(limit))
    }
}

fn over(limit: Load) -> RunRefusal {
    let Load { pieces, weight_grams, volume_millilitres } = limit;
    RunRefusal::OverLimit { pieces, weight_grams, volume_millilitres }
}

fn offer(
    state: &RunState,
    first: &Helper,
    second: Option<&Helper>,
    reason: Option<AssignmentReason>,
) -> Decision {
    let (volunteer, helper) = (first.volunteer, second.map(|second| second.volunteer));
    match state.phase {
        Phase::Unknown => return Err(RunRefusal::NotPlanned),
        Phase::Offered if state.offered_to == Some(volunteer) && state.helper == helper => {
            return Ok(vec![]);
        }
        Phase::Planned | Phase::Offered => {}
        Phase::Accepted => return check_courier(state, volunteer).map(|()| vec![]),
        Phase::Departed => return Err(RunRefusal::Departed),
        Phase::Closed => return Err(RunRefusal::Closed),
        Phase::Cancelled => return Err(RunRefusal::Cancelled),
    }
    let two_needed = state.plan.as_ref().is_some_and(|plan| plan.needs_two);
    if two_needed && helper.is_none_or(|helper| helper == volunteer) {
        return Err(RunRefusal::NeedsTwo);
    }
    for one in [Some(first), second].into_iter().flatten() {
        check_one(state, one)?;
    }
    // Room is the cart's to give; what people can carry is a matter of pieces and weight.
    let limit =
        second.map_or(first.carry_limit, |second| first.carry_limit.plus(second.carry_limit));
    let Load { pieces, weight_grams, .. } = limit;
    if state.limit().pieces > pieces || state.limit().weight_grams > weight_grams {
        return Err(RunRefusal::TooHeavy { pieces, weight_grams });
    }
    Ok(vec![RunOffered { volunteer, helper, reason }.into()])
}

fn check_one(state: &RunState, one: &Helper) -> Result<(), RunRefusal> {
    if let Some(grid) = state.grid().filter(|grid| one.grid.as_ref() != Some(grid)) {
        return Err(RunRefusal::OtherGrid { grid: grid.clone() });
    }
    if state.needs_protection() && !one.protection {
        return Err(RunRefusal::ProtectionMissing);
    }
    if one.available { Ok(()) } else { Err(RunRefusal::NotAvailable) }
}

fn check_courier(state: &RunState, volunteer: VolunteerId) -> Result<(), RunRefusal> {
    match state.courier {
        Some(courier) if courier != volunteer => Err(RunRefusal::AlreadyAccepted { courier }),
        Some(_) | None => Ok(()),
    }
}

fn accept(state: &RunState, volunteer: VolunteerId) -> Decision {
    match state.phase {
        Phase::Unknown => Err(RunRefusal::NotPlanned),
        Phase::Offered if state.offered_to == Some(volunteer) => {
            Ok(vec![RunAccepted { volunteer }.into()])
        }
        Phase::Planned | Phase::Offered => Err(RunRefusal::NotOffered),
        Phase::Accepted | Phase::Departed | Phase::Closed => {
            check_courier(state, volunteer).map(|()| vec![])
        }
        Phase::Cancelled => Err(RunRefusal::Cancelled),
    }
}

fn hand_back(state: &RunState, volunteer: VolunteerId) -> Decision {
    match state.phase {
        Phase::Unknown => return Err(RunRefusal::NotPlanned),
        Phase::Planned => return Ok(vec![]),
        Phase::Offered | Phase::Accepted => {}
        Phase::Departed => return Err(RunRefusal::Departed),
        Phase::Closed => return Err(RunRefusal::Closed),
        Phase::Cancelled => return Err(RunRefusal::Cancelled),
    }
    if state.courier.or(state.offered_to) != Some(volunteer) {
        return Err(RunRefusal::NotYours);
    }
    check_empty(state)?;
    Ok(vec![RunHandedBack { volunteer }.into()])
}

fn check_empty(state: &RunState) -> Result<(), RunRefusal> {
    match state.counts().loaded {
        0 => Ok(()),
        count => Err(RunRefusal::PiecesOnBoard { count }),
    }
}

fn load_piece(
    state: &RunState,
    parcel: ParcelId,
    load: Load,
    door: Door,
    planned_for: Option<RunId>,
) -> Decision {
    // A piece that came back is loaded again on its next run, never twice on the same one.
    if let Some(piece) = state.pieces.get(&parcel)
        && piece.status != PieceStatus::Returned
    {
        return Ok(vec![]);
    }
    match state.phase {
        Phase::Unknown => return Err(RunRefusal::NotPlanned),
        Phase::Planned | Phase::Offered => return Err(RunRefusal::NotAccepted),
        Phase::Accepted => {}
        Phase::Departed => return Err(RunRefusal::Departed),
        Phase::Closed => return Err(RunRefusal::Closed),
        Phase::Cancelled => return Err(RunRefusal::Cancelled),
    }
    if load.pieces != 1 {
        return Err(RunRefusal::NotOnePiece);
    }
    let listed = state.stops.iter().any(|stop| stop.parcels.contains(&parcel));
    if let Some(run) = planned_for.filter(|_| !listed) {
        return Err(RunRefusal::PlannedForAnother { run });
    }
    if !state.loaded.plus(load).fits(state.limit()) {
        return Err(over(state.limit()));
    }
    Ok(vec![RunPieceLoaded { parcel, load, door }.into()])
}

fn unload_piece(state: &RunState, parcel: ParcelId) -> Decision {
    let Some(piece) = state.pieces.get(&parcel) else {
        return Ok(vec![]);
    };
    match state.phase {
        Phase::Accepted => {}
        Phase::Departed => return Err(RunRefusal::Departed),
        Phase::Closed => return Err(RunRefusal::Closed),
        Phase::Unknown | Phase::Planned | Phase::Offered | Phase::Cancelled => return Ok(vec![]),
    }
    if !piece.status.is_on_board() {
        return Err(RunRefusal::PieceGone);
    }
    Ok(take_off_events(state, parcel, piece))
}

fn take_off_events(state: &RunState, parcel: ParcelId, piece: &LoadedPiece) -> Vec<RunEvent> {
    let mut events = vec![RunPieceUnloaded { parcel }.into()];
    events.extend(stop_ended(state, &piece.door, parcel, None));
    events
}

fn depart(state: &RunState, counted_pieces: u32) -> Decision {
    match state.phase {
        Phase::Unknown => return Err(RunRefusal::NotPlanned),
        Phase::Planned | Phase::Offered => return Err(RunRefusal::NotAccepted),
        Phase::Accepted => {}
        Phase::Departed | Phase::Closed if state.counted_pieces == Some(counted_pieces) => {
            return Ok(vec![]);
        }
        Phase::Departed => return Err(RunRefusal::Departed),
        Phase::Closed => return Err(RunRefusal::Closed),
        Phase::Cancelled => return Err(RunRefusal::Cancelled),
    }
    let loaded = state.counts().loaded;
    if loaded == 0 {
        return Err(RunRefusal::NothingLoaded);
    }
    if counted_pieces != loaded {
        let counted = counted_pieces;
        return Err(RunRefusal::CountDiffers { loaded, counted });
    }
    Ok(vec![RunDeparted { counted_pieces }.into()])
}

fn record_delivered(state: &RunState, parcel: ParcelId) -> Decision {
    let piece = piece_of(state, parcel)?;
    match piece.status {
        PieceStatus::Delivered => Ok(vec![]),
        // A return or a loss that the parcel settled as a mistake ends as a delivery here too.
        PieceStatus::OnBoard
        | PieceStatus::Failed(_)
        | PieceStatus::Returned
        | PieceStatus::Lost => {
            let status = PieceStatus::Delivered;
            let mut events = vec![RunPieceDelivered { parcel }.into()];
            events.extend(stop_ended(state, &piece.door, parcel, Some(status)));
            Ok(events)
        }
    }
}

fn record_failed(state: &RunState, parcel: ParcelId, reason: FailureReason) -> Decision {
    let piece = piece_of(state, parcel)?;
    match piece.status {
        PieceStatus::Failed(known) if known == reason => Ok(vec![]),
        PieceStatus::OnBoard | PieceStatus::Failed(_) => {
            let status = PieceStatus::Failed(reason);
            let mut events = vec![RunPieceFailed { parcel, reason }.into()];
            events.extend(stop_ended(state, &piece.door, parcel, Some(status)));
            Ok(events)
        }
        // A late scan lowers no status; the parcel keeps it as history.
        PieceStatus::Delivered | PieceStatus::Returned | PieceStatus::Lost => Ok(vec![]),
    }
}

fn record_returned(state: &RunState, parcel: ParcelId) -> Decision {
    if state.phase == Phase::Accepted {
        return Ok(never_on_the_way(state, parcel));
    }
    let piece = piece_of(state, parcel)?;
    match piece.status {
        PieceStatus::Returned => Ok(vec![]),
        // A delivery or a loss that the parcel settled as a mistake ends as a return here too.
        PieceStatus::OnBoard
        | PieceStatus::Failed(_)
        | PieceStatus::Delivered
        | PieceStatus::Lost => {
            let status = PieceStatus::Returned;
            let mut events = vec![RunPieceReturned { parcel }.into()];
            events.extend(stop_ended(state, &piece.door, parcel, Some(status)));
            Ok(events)
        }
    }
}

/// Back or lost before the courier left, it was never on the way.
fn never_on_the_way(state: &RunState, parcel: ParcelId) -> Vec<RunEvent> {
    match state.pieces.get(&parcel) {
        Some(piece) => take_off_events(state, parcel, piece),
        None => vec![],
    }
}

fn record_lost(state: &RunState, parcel: ParcelId) -> Decision {
    if state.phase == Phase::Accepted {
        return Ok(never_on_the_way(state, parcel));
    }
    let piece = piece_of(state, parcel)?;
    match piece.status {
        PieceStatus::OnBoard | PieceStatus::Failed(_) => {
            let status = PieceStatus::Lost;
            let mut events = vec![RunPieceLost { parcel }.into()];
            events.extend(stop_ended(state, &piece.door, parcel, Some(status)));
            Ok(events)
        }
        PieceStatus::Delivered | PieceStatus::Returned | PieceStatus::Lost => Ok(vec![]),
    }
}

fn record_reopened(state: &RunState, parcel: ParcelId) -> Decision {
    match piece_of(state, parcel)?.status {
        PieceStatus::Delivered | PieceStatus::Lost => Ok(vec![RunPieceReopened { parcel }.into()]),
        PieceStatus::OnBoard | PieceStatus::Failed(_) | PieceStatus::Returned => Ok(vec![]),
    }
}

fn piece_of(state: &RunState, parcel: ParcelId) -> Result<&LoadedPiece, RunRefusal> {
    state.pieces.get(&parcel).ok_or(RunRefusal::NotOnRun { parcel })
}

/// How the stop at `door` ends once `changed` has this status, or has left the run (`None`): by
/// nothing new while a piece still waits for its first attempt there.
fn stop_ended(
    state: &RunState,
    door: &Door,
    changed: ParcelId,
    status: Option<PieceStatus>,
) -> Option<RunEvent> {
    let mut outcome = None;
    for (id, piece) in state.pieces.iter().filter(|(_, piece)| piece.door == *door) {
        let status = if *id == changed { status } else { Some(piece.status) };
        match status {
            None => {}
            Some(PieceStatus::OnBoard) => return None,
            Some(PieceStatus::Delivered) => outcome = outcome.or(Some(StopOutcome::Done)),
            Some(PieceStatus::Failed(_) | PieceStatus::Returned | PieceStatus::Lost) => {
                outcome = Some(StopOutcome::Failed);
            }
        }
    }
    let outcome = outcome.filter(|outcome| state.outcomes.get(door) != Some(outcome))?;
    let door = door.clone();
    Some(match outcome {
        StopOutcome::Done => RunStopDone { door }.into(),
        StopOutcome::Failed => RunStopFailed { door }.into(),
    })
}

fn close(state: &RunState, counted_back: u32) -> Decision {
    match state.phase {
        Phase::Unknown => return Err(RunRefusal::NotPlanned),
        Phase::Planned | Phase::Offered | Phase::Accepted => return Err(RunRefusal::NotDeparted),
        Phase::Departed => {}
        Phase::Closed if state.counted_back == Some(counted_back) => return Ok(vec![]),
        Phase::Closed => return Err(RunRefusal::Closed),
        Phase::Cancelled => return Err(RunRefusal::Cancelled),
    }
    let PieceCounts { on_board, returned, .. } = state.counts();
    if on_board > 0 {
        return Err(RunRefusal::PiecesOutstanding { count: on_board });
    }
    if counted_back != returned {
        let counted = counted_back;
        return Err(RunRefusal::BackCountDiffers { returned, counted });
    }
    Ok(vec![RunClosed { counted_back }.into()])
}

fn cancel(state: &RunState, reason: RunCancelReason) -> Decision {
    match state.phase {
        Phase::Unknown => Err(RunRefusal::NotPlanned),
        Phase::Planned | Phase::Offered | Phase::Accepted => {
            check_empty(state)?;
            Ok(vec![RunCancelled { reason }.into()])
        }
        Phase::Departed => Err(RunRefusal::Departed),
        Phase::Closed => Err(RunRefusal::Closed),
        Phase::Cancelled => Ok(vec![]),
    }
}
