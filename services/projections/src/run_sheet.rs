//! Where does a courier go next, with what, and what of it changed since it was last looked at?

use std::collections::VecDeque;

use domain::address::Door;
use domain::household::event::CapabilityNeed;
use domain::ids::{BuildingId, GridId, HouseholdId, ParcelId, RunId, VolunteerId, Waybill};
use domain::parcel::event::FailureReason;
use domain::run::event::{AssignmentReason, ReplanReason};
use domain::run::{Phase, PieceStatus, RunEvent, StopChanged, StopOutcome};
use domain::sealed::Sealed;
use domain::supply::{Category, Cold, Load, SizeClass};
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Facts, KnownRun};

/// How many changes of a route are remembered, the latest ones.
pub const CHANGES_MAX: usize = 500;

/// What changed of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteChangeKind {
    /// The piece was put on.
    Added,
    /// The piece was taken off.
    Removed,
    /// The piece is to be delivered again.
    Reopened,
}

/// One change of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteChange {
    /// The revision of the run at which it changed.
    pub revision: u64,
    /// The piece.
    pub parcel: ParcelId,
    /// What changed.
    pub change: RouteChangeKind,
}

/// The changes of one run's route: what others did to it, not what the courier does on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RouteChanges(VecDeque<RouteChange>);

impl RouteChanges {
    /// Notes what an event changed.
    pub(crate) fn apply(&mut self, event: &RunEvent, revision: u64) {
        let (parcel, change) = match event {
            RunEvent::PieceLoaded(event) => (event.parcel, RouteChangeKind::Added),
            RunEvent::PieceUnloaded(event) => (event.parcel, RouteChangeKind::Removed),
            RunEvent::PieceReopened(event) => (event.parcel, RouteChangeKind::Reopened),
            RunEvent::Planned(_)
            | RunEvent::Offered(_)
            | RunEvent::Accepted(_)
            | RunEvent::HandedBack(_)
            | RunEvent::Departed(_)
            | RunEvent::PieceDelivered(_)
            | RunEvent::PieceFailed(_)
            | RunEvent::PieceReturned(_)
            | RunEvent::PieceLost(_)
            | RunEvent::StopDone(_)
            | RunEvent::StopFailed(_)
            | RunEvent::Closed(_)
            | RunEvent::Cancelled(_)
            // These are changes of whole stops, which the run itself keeps until they are seen.
            | RunEvent::Replanned(_)
            | RunEvent::SheetSeen(_)
            | RunEvent::BuildingPaused(_)
            | RunEvent::BuildingResumed(_)
            | RunEvent::HopCounted(_)
            | RunEvent::SlipPrinted(_) => return,
        };
        self.0.push_back(RouteChange { revision, parcel, change });
        if self.0.len() > CHANGES_MAX {
            self.0.pop_front();
        }
    }

    /// The changes after a revision, the oldest first.
    fn since(&self, seen: u64) -> impl Iterator<Item = &RouteChange> {
        self.0.iter().filter(move |change| change.revision > seen)
    }
}

/// What a courier must mind about a piece.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Heavy, or for two.
    Heavy,
    /// Must be kept cold.
    Cold,
    /// Medicine.
    Medicine,
    /// Needed at once, as its order says.
    Urgent,
}

/// Where a piece of a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SheetPieceStatus {
    /// Planned and not put on yet.
    Planned,
    /// The courier has it.
    OnBoard,
    /// The courier has it, after a failed attempt.
    Failed,
    /// Its household has it.
    Delivered,
    /// The intake point has it again.
    Returned,
    /// It is lost.
    Lost,
}

/// One piece of a stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SheetPiece {
    /// The piece.
    pub parcel: ParcelId,
    /// Carrier and number, once it is known.
    pub waybill: Option<Waybill>,
    /// What is inside.
    pub category: Option<Category>,
    /// How big it is.
    pub size: Option<SizeClass>,
    /// What to mind.
    pub marks: Vec<Mark>,
    /// Where it is.
    pub status: SheetPieceStatus,
    /// Why the last attempt failed.
    pub failure: Option<FailureReason>,
    /// What changed about it since the sheet was last seen.
    pub change: Option<RouteChangeKind>,
}

/// One stop of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SheetStop {
    /// Its place in the order of the way, counted from 1.
    pub number: u32,
    /// The door.
    pub door: Door,
    /// The floor; `null` where the layout does not tell.
    pub floor: Option<i16>,
    /// Whether the courier goes there next.
    pub is_live: bool,
    /// `true` when every piece was left there, `false` when one was not, `null` before.
    pub is_done: Option<bool>,
    /// Its pieces.
    pub pieces: Vec<SheetPiece>,
    /// Whether anything of it changed since the sheet was last seen.
    pub is_changed: bool,
    /// What to take into account at the door; told of the live stop only.
    pub needs: Vec<CapabilityNeed>,
    /// The households that have a note, sealed; of the live stop only, and never told with the
    /// sheet: whoever shows one has to open it for somebody who may read it.
    #[serde(skip)]
    pub notes: Vec<SealedNote>,
}

/// A note about a household, sealed with its own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SealedNote {
    /// The household.
    pub household: HouseholdId,
    /// The note.
    pub note: Sealed,
}

/// Where a run stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunPhase {
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

/// The sheet of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSheet {
    /// The run.
    pub run: RunId,
    /// The revision of the run; what was seen up to it is marked no more.
    pub revision: u64,
    /// Where it stands.
    pub phase: RunPhase,
    /// The grid that it serves.
    pub grid: Option<GridId>,
    /// The community's day.
    pub day: Option<Date>,
    /// When the courier may start, in local time.
    pub opens: Option<Time>,
    /// When every door must have its pieces, in local time.
    pub closes: Option<Time>,
    /// Whether only people with protection may make it.
    pub needs_protection: bool,
    /// Who makes it.
    pub courier: Option<VolunteerId>,
    /// Who goes along.
    pub helper: Option<VolunteerId>,
    /// Why the courier was asked, where the engine chose.
    pub reason: Option<AssignmentReason>,
    /// The edition of the sheet: 1 as it was planned, one more with each change.
    pub edition: u32,
    /// The latest edition that the courier has seen.
    pub edition_seen: u32,
    /// Stops that were changed and that the courier has not seen yet, and why.
    pub unseen: Vec<UnseenChange>,
    /// Buildings that are left out for now, because their zones are closed.
    pub paused: Vec<BuildingId>,
    /// What it carries at most.
    pub limit: Load,
    /// What was loaded, delivered pieces included.
    pub loaded: Load,
    /// Pieces that the courier has.
    pub pieces_on_board: u32,
    /// Pieces that their households have.
    pub pieces_delivered: u32,
    /// The stops in the order of the way.
    pub stops: Vec<SheetStop>,
    /// Pieces that were taken off since the sheet was last seen.
    pub removed: Vec<ParcelId>,
    /// Whether anything changed since the sheet was last seen.
    pub is_changed: bool,
}

/// A changed stop that the courier has not seen yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnseenChange {
    /// What changed.
    pub stop: StopChanged,
    /// Why.
    pub reason: ReplanReason,
}

/// One run in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunLine {
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub phase: RunPhase,
    /// The grid that it serves.
    pub grid: Option<GridId>,
    /// The community's day.
    pub day: Option<Date>,
    /// Who makes it.
    pub courier: Option<VolunteerId>,
    /// Its stops.
    pub stops: u32,
    /// The stops that ended.
    pub stops_ended: u32,
    /// Pieces that the courier has.
    pub pieces_on_board: u32,
    /// Pieces that their households have.
    pub pieces_delivered: u32,
    /// The revision of the run.
    pub revision: u64,
}

/// The phase of a run, as a sheet tells it.
pub fn phase(phase: Phase) -> RunPhase {
    match phase {
        Phase::Unknown | Phase::Planned => RunPhase::Planned,
        Phase::Offered => RunPhase::Offered,
        Phase::Accepted => RunPhase::Accepted,
        Phase::Departed => RunPhase::Departed,
        Phase::Closed => RunPhase::Closed,
        Phase::Cancelled => RunPhase::Cancelled,
    }
}

/// Every run that is kept, those of the latest day first.
pub fn lines(facts: &Facts) -> Vec<RunLine> {
    let mut lines: Vec<_> = facts.runs().map(|(id, run)| line(id, run)).collect();
    lines.sort_by(|a, b| b.day.cmp(&a.day).then(a.run.cmp(&b.run)));
    lines
}

fn line(id: RunId, run: &KnownRun) -> RunLine {
    let counts = run.state.counts();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    RunLine {
        run: id,
        phase: phase(run.state.phase),
        grid: run.state.grid().cloned(),
        day: run.state.plan.as_ref().map(|plan| plan.day),
        courier: run.state.courier,
        stops: count(run.state.stops.len()),
        stops_ended: count(run.state.outcomes.len()),
        pieces_on_board: counts.on_board,
        pieces_delivered: counts.delivered,
        revision: run.revision,
    }
}

/// The sheet of a run; `None` for one that is not kept. `seen` is the revision up to which its
/// reader has seen it; without it nothing is marked.
pub fn sheet(facts: &Facts, id: RunId, seen: Option<u64>) -> Option<RunSheet> {
    let run = facts.run(id)?;
    let state = &run.state;
    let changes: Vec<_> = seen.map_or(vec![], |seen| run.changes.since(seen).cloned().collect());
    let mut stops = vec![];
    let mut live_found = false;
    for (number, stop) in (1..).zip(&state.stops) {
        let outcome = state.outcomes.get(&stop.door);
        let is_live = state.phase == Phase::Departed && outcome.is_none() && !live_found;
        live_found |= is_live;
        let pieces: Vec<_> =
            stop.parcels.iter().map(|parcel| piece(facts, run, *parcel, &changes)).collect();
        let (needs, notes) = if is_live { told_at(facts, stop) } else { (vec![], vec![]) };
        stops.push(SheetStop {
            number,
            door: stop.door.clone(),
            floor: facts.community().floor_of(
                &stop.door.building,
                &stop.door.unit,
                &stop.door.room,
            ),
            is_live,
            is_done: outcome.map(|outcome| *outcome == StopOutcome::Done),
            is_changed: pieces.iter().any(|piece| piece.change.is_some()),
            pieces,
            needs,
            notes,
        });
    }
    let on_sheet = |parcel: ParcelId| state.stops.iter().any(|stop| stop.parcels.contains(&parcel));
    let removed = changes
        .iter()
        .filter(|change| change.change == RouteChangeKind::Removed && !on_sheet(change.parcel))
        .map(|change| change.parcel);
    let unseen = state.unseen.iter().cloned().map(|(stop, reason)| UnseenChange { stop, reason });
    let plan = state.plan.as_ref();
    let counts = state.counts();
    Some(RunSheet {
        run: id,
        revision: run.revision,
        phase: phase(state.phase),
        grid: state.grid().cloned(),
        day: plan.map(|plan| plan.day),
        opens: plan.map(|plan| plan.opens),
        closes: plan.map(|plan| plan.closes),
        needs_protection: state.needs_protection(),
        courier: state.courier,
        helper: state.helper,
        reason: state.reason.clone(),
        edition: state.sheet,
        edition_seen: state.sheet_seen,
        unseen: unseen.collect(),
        paused: state.paused.keys().cloned().collect(),
        limit: state.limit(),
        loaded: state.loaded,
        pieces_on_board: counts.on_board,
        pieces_delivered: counts.delivered,
        stops,
        removed: removed.collect(),
        is_changed: !changes.is_empty() || !state.unseen.is_empty(),
    })
}

fn piece(facts: &Facts, run: &KnownRun, parcel: ParcelId, changes: &[RouteChange]) -> SheetPiece {
    let contents = facts.piece(parcel).and_then(|piece| piece.state.contents.as_ref());
    let (status, failure) = match run.state.pieces.get(&parcel).map(|piece| piece.status) {
        None => (SheetPieceStatus::Planned, None),
        Some(PieceStatus::OnBoard) => (SheetPieceStatus::OnBoard, None),
        Some(PieceStatus::Failed(reason)) => (SheetPieceStatus::Failed, Some(reason)),
        Some(PieceStatus::Delivered) => (SheetPieceStatus::Delivered, None),
        Some(PieceStatus::Returned) => (SheetPieceStatus::Returned, None),
        Some(PieceStatus::Lost) => (SheetPieceStatus::Lost, None),
    };
    let mut marks = vec![];
    if let Some(contents) = contents {
        if matches!(contents.size, SizeClass::Heavy | SizeClass::TwoPerson) {
            marks.push(Mark::Heavy);
        }
        if contents.cold != Cold::Ambient {
            marks.push(Mark::Cold);
        }
        if contents.category == Category::Medicine {
            marks.push(Mark::Medicine);
        }
        if contents.order.is_some_and(|order| facts.is_urgent(order)) {
            marks.push(Mark::Urgent);
        }
    }
    SheetPiece {
        parcel,
        waybill: contents.map(|contents| contents.waybill.clone()),
        category: contents.map(|contents| contents.category),
        size: contents.map(|contents| contents.size),
        marks,
        status,
        failure,
        change: changes.iter().rfind(|change| change.parcel == parcel).map(|c| c.change),
    }
}

/// What is told of the households of the live stop: those that its pieces are for.
fn told_at(
    facts: &Facts,
    stop: &domain::run::event::Stop,
) -> (Vec<CapabilityNeed>, Vec<SealedNote>) {
    let (mut needs, mut notes, mut told) = (vec![], vec![], vec![]);
    for parcel in &stop.parcels {
        let recipient = facts.piece(*parcel).and_then(|piece| piece.state.recipient.as_ref());
        let Some(id) = recipient.and_then(|recipient| recipient.household) else { continue };
        if told.contains(&id) {
            continue;
        }
        told.push(id);
        let Some(household) = facts.household(id) else { continue };
        needs.extend(household.needs.iter().copied());
        let note = household.contact.as_ref().and_then(|contact| contact.note.clone());
        notes.extend(note.map(|note| SealedNote { household: id, note }));
    }
    needs.sort_unstable();
    needs.dedup();
    (needs, notes)
}
