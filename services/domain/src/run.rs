//! A run: one courier's trip with counted pieces to ordered stops.
//!
//! The normal way is planned, offered, accepted, loaded piece by piece, departed with a count, each
//! stop done or failed, closed with a count. What was loaded was delivered or came back: a run does
//! not close otherwise.
//!
//! A hand-off, a failed attempt and a return are observations: they are recorded even when the
//! departure has not been told yet. Two contradictory ends are settled at the parcel; the run
//! follows what was settled there.

pub mod event;
#[cfg(test)]
mod spec;

use std::collections::{BTreeMap, BTreeSet};

pub use self::event::RunEvent;
use self::event::{
    RunAccepted, RunCancelReason, RunCancelled, RunClosed, RunDeparted, RunHandedBack, RunOffered,
    RunPieceDelivered, RunPieceFailed, RunPieceLoaded, RunPieceReopened, RunPieceReturned,
    RunPieceUnloaded, RunPlanned, RunStopDone, RunStopFailed, Stop,
};
use crate::address::Door;
use crate::decider::Decider;
use crate::ids::{GridId, ParcelId, VolunteerId};
use crate::parcel::event::FailureReason;
use crate::refusal::refusals;
use crate::supply::Load;

/// The most stops that a run may be planned with.
pub const STOPS_MAX: usize = 200;
/// The most pieces that a run may declare.
pub const PIECES_MAX: u32 = 1_000;

/// The decider of one run.
#[derive(Debug, Clone, Copy)]
pub struct Run;

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
    /// Record that a delivery was taken back: the courier has the piece again.
    RecordReopened {
        /// The piece.
        parcel: ParcelId,
    },
    /// End it, once every piece was delivered or came back.
    Close {
        /// The pieces that came back, as counted by hand.
        counted_back: u32,
    },
    /// Call it off before it departs.
    Cancel {
        /// Why.
        reason: RunCancelReason,
    },
}

refusals! {
    /// Why a command on a run is refused.
    pub enum RunRefusal {
        NotPlanned => "run-unknown",
            "this run was never planned: plan it first",
            "没有这一配送趟：请先排定";
        AlreadyPlanned => "run-planned-otherwise",
            "this run is planned already with other stops or limits: cancel it and plan another",
            "此配送趟已按其他站点或限额排定：请取消后另排";
        WindowTimes => "run-window-times",
            "the run's window must close after it opens",
            "配送时段须先开始后结束";
        LimitShape => "run-limit-shape",
            "a run declares 1 to 1000 pieces, at least one gram and at least one millilitre",
            "每趟申报的限额须为 1 到 1000 件，且至少一克、一毫升";
        StopsShape => "run-stops-shape",
            "a run has at most 200 stops, each door and each piece once, and no stop is empty",
            "每趟至多 200 个站点，门和物件不得重复，站点不得为空";
        OtherGrid { grid: GridId } => "run-of-another-grid",
            "this run serves grid {grid} and nobody crosses grids: offer it to a volunteer of {grid}",
            "此趟属于 {grid} 网格，人员不跨网格：请派给 {grid} 网格的志愿者";
        NotAvailable => "volunteer-not-available",
            "this volunteer is not on shift or not free now: offer the run to another one",
            "该志愿者不在班或暂不可用：请派给其他人";
        ProtectionMissing => "protection-missing",
            "this run enters a sealed zone: offer it to a volunteer with protection",
            "此趟进入封控区：请派给有防护的志愿者";
        NotOffered => "run-not-offered",
            "this run was not offered to this volunteer: offer it first",
            "此趟未派给该志愿者：请先派单";
        AlreadyAccepted { courier: VolunteerId } => "run-accepted",
            "volunteer {courier} has accepted this run: it must be handed back first",
            "志愿者 {courier} 已接此趟：须先退回";
        NotAccepted => "run-not-accepted",
            "no courier has accepted this run: accept it first, then load",
            "此趟尚无人接单：请先接单再装车";
        NotYours => "run-of-another-courier",
            "another volunteer has this run: only that one can hand it back",
            "此趟在另一位志愿者手中：只能由本人退回";
        OverLimit { pieces: u32, weight_grams: u32, volume_millilitres: u32 } => "run-over-limit",
            "this trip carries at most {pieces} pieces, {weight_grams} g and {volume_millilitres} ml: leave this piece for the next run",
            "此趟限 {pieces} 件、{weight_grams} 克、{volume_millilitres} 毫升：此件请留给下一趟";
        NotOnePiece => "run-not-one-piece",
            "pieces are loaded one by one: scan each of them",
            "物件须逐件装车：请逐件扫描";
        NotOnRun { parcel: ParcelId } => "parcel-not-on-run",
            "piece {parcel} was not loaded on this run: load it first, or report it on its own run",
            "物件 {parcel} 不在此趟上：请先装车，或在其所属趟次上报";
        PieceGone => "run-piece-gone",
            "this piece has been delivered: take the hand-off back first if that was wrong",
            "此件已交付：如有误请先撤销交付";
        NothingLoaded => "run-nothing-loaded",
            "nothing is loaded: load at least one piece, or cancel the run",
            "尚未装任何物件：请先装车，或取消此趟";
        CountDiffers { loaded: u32, counted: u32 } => "run-count-differs",
            "{loaded} pieces were scanned and {counted} were counted: count again and scan what is missing",
            "已扫描 {loaded} 件，清点为 {counted} 件：请重新清点并补扫";
        NotDeparted => "run-not-departed",
            "this run has not departed: count the pieces and depart first",
            "此趟尚未出发：请先清点并出发";
        Departed => "run-departed",
            "this run has departed: its load and its courier can no longer change",
            "此趟已出发：装载和人员不能再变更";
        PiecesOutstanding { count: u32 } => "run-pieces-outstanding",
            "{count} pieces are neither delivered nor back: report or return them first",
            "还有 {count} 件未交付也未退回：请先上报或退回";
        BackCountDiffers { returned: u32, counted: u32 } => "run-back-count-differs",
            "{returned} pieces came back by scan and {counted} were counted: count again and scan what is missing",
            "已扫描退回 {returned} 件，清点为 {counted} 件：请重新清点并补扫";
        PiecesOnBoard { count: u32 } => "run-pieces-on-board",
            "{count} pieces are on this run: unload them first",
            "此趟上还有 {count} 件：请先卸下";
        Closed => "run-closed",
            "this run is closed: plan another one",
            "此趟已结束：请另排";
        Cancelled => "run-cancelled",
            "this run was called off: plan another one",
            "此趟已取消：请另排";
    }
}

/// Where a run stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PieceStatus {
    /// The courier has it.
    OnBoard,
    /// The courier has it, after an attempt that failed.
    Failed(FailureReason),
    /// Its household has it.
    Delivered,
    /// The intake point has it again.
    Returned,
}

impl PieceStatus {
    /// Whether the courier has it.
    pub fn is_on_board(self) -> bool {
        match self {
            Self::OnBoard | Self::Failed(_) => true,
            Self::Delivered | Self::Returned => false,
        }
    }
}

/// One piece that was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedPiece {
    /// What it adds to the load.
    pub load: Load,
    /// The door it goes to.
    pub door: Door,
    /// Where it is.
    pub status: PieceStatus,
}

/// How a stop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
}

/// What the events so far say of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    pub outcomes: BTreeMap<Door, StopOutcome>,
    /// Every piece that was loaded and not put back before the departure.
    pub pieces: BTreeMap<ParcelId, LoadedPiece>,
    /// What was loaded for the trip, delivered pieces included.
    pub loaded: Load,
    /// The pieces as counted at the departure.
    pub counted_pieces: Option<u32>,
    /// The pieces as counted on the return.
    pub counted_back: Option<u32>,
}

impl RunState {
    /// The grid that it serves.
    pub fn grid(&self) -> Option<&GridId> {
        self.plan.as_ref().map(|plan| &plan.grid)
    }

    /// What the trip carries at most; nothing before it is planned.
    pub fn limit(&self) -> Load {
        self.plan
            .as_ref()
            .map(|plan| plan.limit)
            .unwrap_or_default()
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
            }
        }
        counts
    }
}

type Decision = Result<Vec<RunEvent>, RunRefusal>;

impl Decider for Run {
    type Command = RunCommand;
    type Event = RunEvent;
    type State = RunState;
    type Refusal = RunRefusal;

    fn decide(state: &RunState, command: RunCommand) -> Decision {
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
            } => offer(
                state,
                volunteer,
                volunteer_grid.as_ref(),
                protection,
                available,
            ),
            RunCommand::Accept { volunteer } => accept(state, volunteer),
            RunCommand::HandBack { volunteer } => hand_back(state, volunteer),
            RunCommand::LoadPiece { parcel, load, door } => load_piece(state, parcel, load, door),
            RunCommand::UnloadPiece { parcel } => unload_piece(state, parcel),
            RunCommand::Depart { counted_pieces } => depart(state, counted_pieces),
            RunCommand::RecordDelivered { parcel } => record_delivered(state, parcel),
            RunCommand::RecordFailed { parcel, reason } => record_failed(state, parcel, reason),
            RunCommand::RecordReturned { parcel } => record_returned(state, parcel),
            RunCommand::RecordReopened { parcel } => record_reopened(state, parcel),
            RunCommand::Close { counted_back } => close(state, counted_back),
            RunCommand::Cancel { reason } => cancel(state, reason),
        }
    }

    fn evolve(mut state: RunState, event: &RunEvent) -> RunState {
        match event {
            RunEvent::Planned(event) => {
                state.phase = Phase::Planned;
                state.stops.clone_from(&event.stops);
                state.plan = Some(event.clone());
            }
            RunEvent::Offered(event) => {
                state.phase = Phase::Offered;
                state.offered_to = Some(event.volunteer);
            }
            RunEvent::Accepted(event) => {
                state.phase = Phase::Accepted;
                state.courier = Some(event.volunteer);
            }
            RunEvent::HandedBack(_) => {
                state.phase = Phase::Planned;
                state.offered_to = None;
                state.courier = None;
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
            RunEvent::PieceReopened(event) => reopen(&mut state, event.parcel),
            RunEvent::StopDone(event) => {
                state.outcomes.insert(event.door.clone(), StopOutcome::Done);
            }
            RunEvent::StopFailed(event) => {
                state
                    .outcomes
                    .insert(event.door.clone(), StopOutcome::Failed);
            }
            RunEvent::Closed(event) => {
                state.phase = Phase::Closed;
                state.counted_back = Some(event.counted_back);
            }
            RunEvent::Cancelled(_) => state.phase = Phase::Cancelled,
        }
        state
    }
}

fn plan(state: &RunState, fact: RunPlanned) -> Decision {
    if fact.closes <= fact.opens {
        return Err(RunRefusal::WindowTimes);
    }
    let Load {
        pieces,
        weight_grams,
        volume_millilitres,
    } = fact.limit;
    let countable = pieces >= 1 && pieces <= PIECES_MAX;
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

fn check_stops(stops: &[Stop], limit: Load) -> Result<(), RunRefusal> {
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
    let Load {
        pieces,
        weight_grams,
        volume_millilitres,
    } = limit;
    RunRefusal::OverLimit {
        pieces,
        weight_grams,
        volume_millilitres,
    }
}

fn offer(
    state: &RunState,
    volunteer: VolunteerId,
    volunteer_grid: Option<&GridId>,
    protection: bool,
    available: bool,
) -> Decision {
    match state.phase {
        Phase::Unknown => return Err(RunRefusal::NotPlanned),
        Phase::Planned => {}
        Phase::Offered if state.offered_to == Some(volunteer) => return Ok(vec![]),
        Phase::Offered => {}
        Phase::Accepted => return check_courier(state, volunteer).map(|()| vec![]),
        Phase::Departed => return Err(RunRefusal::Departed),
        Phase::Closed => return Err(RunRefusal::Closed),
        Phase::Cancelled => return Err(RunRefusal::Cancelled),
    }
    if let Some(grid) = state.grid().filter(|grid| volunteer_grid != Some(grid)) {
        return Err(RunRefusal::OtherGrid { grid: grid.clone() });
    }
    if state.needs_protection() && !protection {
        return Err(RunRefusal::ProtectionMissing);
    }
    if !available {
        return Err(RunRefusal::NotAvailable);
    }
    Ok(vec![RunOffered { volunteer }.into()])
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

fn load_piece(state: &RunState, parcel: ParcelId, load: Load, door: Door) -> Decision {
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
        // A return that the parcel settled as a mistake ends as a delivery here too.
        PieceStatus::OnBoard | PieceStatus::Failed(_) | PieceStatus::Returned => {
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
        PieceStatus::Delivered | PieceStatus::Returned => Ok(vec![]),
    }
}

fn record_returned(state: &RunState, parcel: ParcelId) -> Decision {
    if state.phase == Phase::Accepted && !state.pieces.contains_key(&parcel) {
        return Ok(vec![]);
    }
    let piece = piece_of(state, parcel)?;
    // Brought back before the courier left, it was never on the way.
    if state.phase == Phase::Accepted {
        return Ok(take_off_events(state, parcel, piece));
    }
    match piece.status {
        PieceStatus::Returned => Ok(vec![]),
        // A delivery that the parcel settled as a mistake ends as a return here too.
        PieceStatus::OnBoard | PieceStatus::Failed(_) | PieceStatus::Delivered => {
            let status = PieceStatus::Returned;
            let mut events = vec![RunPieceReturned { parcel }.into()];
            events.extend(stop_ended(state, &piece.door, parcel, Some(status)));
            Ok(events)
        }
    }
}

fn record_reopened(state: &RunState, parcel: ParcelId) -> Decision {
    match piece_of(state, parcel)?.status {
        PieceStatus::Delivered => Ok(vec![RunPieceReopened { parcel }.into()]),
        PieceStatus::OnBoard | PieceStatus::Failed(_) | PieceStatus::Returned => Ok(vec![]),
    }
}

fn piece_of(state: &RunState, parcel: ParcelId) -> Result<&LoadedPiece, RunRefusal> {
    state
        .pieces
        .get(&parcel)
        .ok_or(RunRefusal::NotOnRun { parcel })
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
        let status = if *id == changed {
            status
        } else {
            Some(piece.status)
        };
        match status {
            None => {}
            Some(PieceStatus::OnBoard) => return None,
            Some(PieceStatus::Delivered) => outcome = outcome.or(Some(StopOutcome::Done)),
            Some(PieceStatus::Failed(_) | PieceStatus::Returned) => {
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
    let PieceCounts {
        on_board, returned, ..
    } = state.counts();
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

fn put_on(state: &mut RunState, event: &RunPieceLoaded) {
    let RunPieceLoaded { parcel, load, door } = event;
    for stop in state.stops.iter_mut().filter(|stop| stop.door != *door) {
        stop.parcels.retain(|listed| listed != parcel);
    }
    state.stops.retain(|stop| !stop.parcels.is_empty());
    match state.stops.iter_mut().find(|stop| stop.door == *door) {
        Some(stop) if stop.parcels.contains(parcel) => {}
        Some(stop) => stop.parcels.push(*parcel),
        None => state.stops.push(Stop {
            door: door.clone(),
            parcels: vec![*parcel],
        }),
    }
    state.outcomes.remove(door);
    state.loaded = state.loaded.plus(*load);
    let piece = LoadedPiece {
        load: *load,
        door: door.clone(),
        status: PieceStatus::OnBoard,
    };
    state.pieces.insert(*parcel, piece);
}

/// A piece that was put back stays in the plan, and leaves a stop that it was put on unplanned.
fn take_off(state: &mut RunState, parcel: ParcelId) {
    let Some(piece) = state.pieces.remove(&parcel) else {
        return;
    };
    state.loaded = state.loaded.minus(piece.load);
    let planned = state.plan.iter().flat_map(|plan| &plan.stops);
    if !planned
        .flat_map(|stop| &stop.parcels)
        .any(|listed| *listed == parcel)
    {
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
