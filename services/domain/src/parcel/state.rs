//! What the events so far say of a parcel.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{
    Claim, End, FailureReason, HoldReason, LateScan, ParcelArrived, ParcelDisputeSettled,
    ParcelDisputed, ParcelEvent, ParcelExpected, ParcelHandedOff, ParcelKeptOvernight,
    ParcelReopened, PhotoHash, Piece, ReopenReason,
};
use crate::address::Recipient;
use crate::ids::{BuildingId, GridId, OrderId, RecallId, RunId, ShelfCode, Waybill, ZoneId};
use crate::supply::{Category, Cold, DisinfectionRule, Load, SizeClass};

/// How many of the runs that had a piece are remembered, the latest ones: a piece that has been out
/// more often is carried to the desk, and a scan of its first runs is too old to mean anything.
pub const RUNS_REMEMBERED_MAX: usize = 16;

/// How many pictures of a piece are kept: of its label, of its damage, at the door, and some more.
pub const PHOTOS_MAX: usize = 8;

/// Where a parcel stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nobody has heard of it.
    #[default]
    Unknown,
    /// It was announced.
    Expected,
    /// It is at the gate and must be disinfected.
    Arrived,
    /// The agent acts until then.
    Disinfecting {
        /// The moment before which it must not leave.
        until: Timestamp,
    },
    /// It may be sorted.
    Clean,
    /// It lies on its building's shelf.
    Sorted,
    /// A courier has it.
    Loaded {
        /// The courier's run.
        run: RunId,
    },
    /// It stands at its building's foot.
    Relayed {
        /// The run that brought it.
        run: RunId,
    },
    /// A courier has it after a failed attempt.
    Failed {
        /// The courier's run.
        run: RunId,
    },
    /// The household has it.
    HandedOff,
    /// Its carrier has it back.
    Refused,
    /// It was thrown away.
    Disposed,
}

/// Who answers for a parcel now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Custody {
    /// Somebody outside.
    Outside,
    /// The intake point.
    IntakePoint,
    /// The courier of a run.
    Run(RunId),
    /// The building's volunteer, at its foot.
    BuildingFoot(BuildingId),
    /// The household.
    Household,
    /// The carrier that brought it.
    Carrier,
    /// Nobody any more.
    Disposed,
}

/// Contradictory ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// What had been recorded.
    pub recorded: End,
    /// What was said afterwards, each once: at most every end by every run that is remembered.
    pub claims: Vec<Claim>,
}

/// What is known of the piece itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Carrier and number.
    pub waybill: Waybill,
    /// Which piece of the waybill.
    pub piece: Piece,
    /// What is inside.
    pub category: Category,
    /// How big it is.
    pub size: SizeClass,
    /// How cold it must be kept.
    pub cold: Cold,
    /// Its weight in grams, where somebody weighed it.
    pub weight_grams: Option<u32>,
    /// The order that it fulfils.
    pub order: Option<OrderId>,
}

/// What the events so far say of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ParcelState {
    /// Where it stands.
    pub phase: Phase,
    /// The piece, once it was announced or came.
    pub contents: Option<Box<Contents>>,
    /// For whom.
    pub recipient: Option<Recipient>,
    /// It was taken for a recipient who could not be reached: it is handed over in person.
    pub on_behalf: bool,
    /// Why it waits apart.
    pub held: Option<HoldReason>,
    /// The disinfection that it needs.
    pub disinfection: Option<DisinfectionRule>,
    /// The grid it was sorted into.
    pub grid: Option<GridId>,
    /// Its shelf.
    pub shelf: Option<ShelfCode>,
    /// The runs that had it, the latest last; at most [`RUNS_REMEMBERED_MAX`].
    pub runs: Vec<RunId>,
    /// The run that left it with its household, as it is recorded; `None` after a pickup.
    pub handed_off_by: Option<RunId>,
    /// The zone that was closed when the engine learned that it had been brought there.
    pub closed_zone: Option<ZoneId>,
    /// It is not where it should be.
    pub missing: bool,
    /// The recalls that hold it.
    pub recalls: BTreeSet<RecallId>,
    /// The recalls that held it and were lifted.
    pub recalls_lifted: BTreeSet<RecallId>,
    /// It is damaged; `Some(false)` means beyond use.
    pub damaged: Option<bool>,
    /// Contradictory ends wait to be settled.
    pub dispute: Option<Dispute>,
    /// How the last dispute was settled.
    pub settled: Option<End>,
    /// The last night that it may stay.
    pub kept: Option<ParcelKeptOvernight>,
    /// Attempts at the door that failed.
    pub failed_attempts: u32,
    /// The reason of the last failed attempt.
    pub last_failure: Option<FailureReason>,
    /// How often custody has passed on.
    pub handovers: u32,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Where it stood before it was closed.
    phase_before_close: Phase,
    /// How it was announced, for an arrival that is taken back.
    announced: Option<Box<ParcelExpected>>,
    pub(super) late_scans: BTreeSet<LateScan>,
    /// The pictures that were taken of it; at most [`PHOTOS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<PhotoHash>,
}

impl Phase {
    /// The run that has the piece, or has set it down at its building's foot.
    pub fn run(self) -> Option<RunId> {
        match self {
            Self::Loaded { run } | Self::Relayed { run } | Self::Failed { run } => Some(run),
            Self::Unknown
            | Self::Expected
            | Self::Arrived
            | Self::Disinfecting { .. }
            | Self::Clean
            | Self::Sorted
            | Self::HandedOff
            | Self::Refused
            | Self::Disposed => None,
        }
    }
}

impl ParcelState {
    /// Who answers for it now.
    pub fn custody(&self) -> Custody {
        match self.phase {
            Phase::Unknown | Phase::Expected => Custody::Outside,
            Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted => {
                Custody::IntakePoint
            }
            Phase::Loaded { run } | Phase::Failed { run } => Custody::Run(run),
            Phase::Relayed { run } => match &self.recipient {
                Some(recipient) => Custody::BuildingFoot(recipient.door.building.clone()),
                None => Custody::Run(run),
            },
            Phase::HandedOff => Custody::Household,
            Phase::Refused => Custody::Carrier,
            Phase::Disposed => Custody::Disposed,
        }
    }

    /// The run that had it when its way ended.
    pub fn run_at_close(&self) -> Option<RunId> {
        self.phase_before_close.run()
    }

    /// Whether somebody announced it before it came.
    pub fn was_announced(&self) -> bool {
        self.announced.is_some()
    }

    /// Whether its way has ended.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::HandedOff | Phase::Refused | Phase::Disposed)
    }

    /// Whether a recall holds it.
    pub fn is_recalled(&self) -> bool {
        !self.recalls.is_empty()
    }

    /// The run that last had it.
    pub fn last_run(&self) -> Option<RunId> {
        self.runs.last().copied()
    }

    /// Whether a run has it or had it before.
    pub fn was_on(&self, run: RunId) -> bool {
        self.runs.contains(&run)
    }

    /// What it adds to a load: weighed where somebody did, else what its size class is taken to be.
    pub fn load(&self) -> Load {
        self.contents.as_ref().map_or_else(Load::default, |contents| Load {
            pieces: 1,
            weight_grams: contents.weight_grams.unwrap_or(contents.size.assumed_weight_grams()),
            volume_millilitres: contents.size.assumed_volume_millilitres(),
        })
    }
}

/// Folds one event into the state and counts the handover that it may be.
pub(super) fn evolve(mut state: ParcelState, event: &ParcelEvent) -> ParcelState {
    let custody = state.custody();
    apply(&mut state, event);
    if state.custody() != custody {
        state.handovers += 1;
    }
    state
}

fn apply(state: &mut ParcelState, event: &ParcelEvent) {
    match event {
        ParcelEvent::Expected(event) => {
            state.announced = Some(Box::new(event.clone()));
            state.phase = Phase::Expected;
            state.recipient.clone_from(&event.recipient);
            state.contents = Some(Box::new(Contents {
                waybill: event.waybill.clone(),
                piece: event.piece,
                category: event.category,
                size: SizeClass::Bag,
                cold: Cold::Ambient,
                weight_grams: None,
                order: event.order,
            }));
        }
        ParcelEvent::OrderMatched(event) => match_order(state, event.order),
        ParcelEvent::Arrived(event) => apply_arrival(state, event),
        ParcelEvent::ArrivalUndone(_) => undo_arrival(state),
        ParcelEvent::Held(event) => state.held = Some(event.reason),
        ParcelEvent::Identified(event) => {
            state.held = None;
            if state.phase == Phase::Sorted && sorted_elsewhere(state, &event.recipient) {
                state.phase = Phase::Clean;
                take_off_shelf(state);
            }
            state.recipient = Some(event.recipient.clone());
        }
        ParcelEvent::DisinfectionStarted(event) => {
            state.phase = Phase::Disinfecting { until: event.until };
        }
        ParcelEvent::Disinfected(_) => state.phase = Phase::Clean,
        ParcelEvent::Sorted(event) => {
            state.phase = Phase::Sorted;
            state.grid = Some(event.grid.clone());
            state.shelf = Some(event.shelf.clone());
        }
        ParcelEvent::Loaded(event) => {
            state.phase = Phase::Loaded { run: event.run };
            state.closed_zone = None;
            remember(state, event.run);
            state.late_scans.clear();
        }
        ParcelEvent::Unloaded(event) => {
            state.phase = Phase::Sorted;
            state.runs.retain(|run| *run != event.run);
        }
        ParcelEvent::Relayed(event) => {
            state.phase = Phase::Relayed { run: event.run };
            state.closed_zone.clone_from(&event.closed_zone);
        }
        ParcelEvent::HandedOff(event) => apply_hand_off(state, event),
        ParcelEvent::DeliveryFailed(event) => {
            state.phase = Phase::Failed { run: event.run };
            state.failed_attempts += 1;
            state.last_failure = Some(event.reason);
        }
        ParcelEvent::Returned(event) => put_back(state, Some(event.shelf.clone())),
        ParcelEvent::Refused(event) => close(state, Phase::Refused, event.at),
        ParcelEvent::Damaged(event) => state.damaged = Some(event.usable),
        ParcelEvent::Missing(_) => state.missing = true,
        ParcelEvent::Found(_) => state.missing = false,
        ParcelEvent::Recalled(event) => {
            state.recalls_lifted.remove(&event.recall);
            state.recalls.insert(event.recall.clone());
        }
        ParcelEvent::RecallLifted(event) => {
            state.recalls.remove(&event.recall);
            state.recalls_lifted.insert(event.recall.clone());
        }
        ParcelEvent::Disposed(event) => close(state, Phase::Disposed, event.at),
        ParcelEvent::KeptOvernight(event) => state.kept = Some(event.clone()),
        ParcelEvent::Reopened(event) => apply_reopening(state, event),
        ParcelEvent::LateScanNoted(event) => {
            state.late_scans.insert(event.scan);
        }
        ParcelEvent::Disputed(event) => {
            let ParcelDisputed { recorded, claimed: end, run } = *event;
            let claim = Claim { end, run };
            let dispute = state.dispute.get_or_insert_with(|| Dispute { recorded, claims: vec![] });
            if !dispute.claims.contains(&claim) {
                dispute.claims.push(claim);
            }
            state.settled = None;
        }
        ParcelEvent::DisputeSettled(event) => apply_settlement(state, event),
        // The decision keeps to the limit; a log that does not is folded all the same.
        ParcelEvent::Photographed(event) => {
            if state.photos.len() < PHOTOS_MAX {
                state.photos.push(event.photo);
            }
        }
    }
}

fn apply_arrival(state: &mut ParcelState, event: &ParcelArrived) {
    state.recipient.clone_from(&event.recipient);
    state.disinfection = event.disinfection;
    state.phase = phase_at_gate(state);
    state.contents = Some(Box::new(Contents {
        waybill: event.waybill.clone(),
        piece: event.piece,
        category: event.category,
        size: event.size,
        cold: event.cold,
        weight_grams: event.weight_grams,
        order: event.order,
    }));
    state.on_behalf = event.on_behalf;
}

/// The announcement is kept like one that came in time, for an arrival that is taken back.
fn match_order(state: &mut ParcelState, order: OrderId) {
    let Some(contents) = &mut state.contents else { return };
    contents.order = Some(order);
    match &mut state.announced {
        Some(announced) => announced.order = Some(order),
        None => {
            state.announced = Some(Box::new(ParcelExpected {
                waybill: contents.waybill.clone(),
                piece: contents.piece,
                category: contents.category,
                order: Some(order),
                recipient: None,
            }));
        }
    }
}

/// What was said of the piece at the gate is forgotten with its arrival; what was said before is
/// not.
fn undo_arrival(state: &mut ParcelState) {
    let before = std::mem::take(state);
    state.handovers = before.handovers;
    state.recalls = before.recalls;
    state.recalls_lifted = before.recalls_lifted;
    if let Some(announced) = before.announced {
        apply(state, &ParcelEvent::Expected(*announced));
    }
}

fn remember(state: &mut ParcelState, run: RunId) {
    state.runs.retain(|known| *known != run);
    if state.runs.len() >= RUNS_REMEMBERED_MAX {
        state.runs.remove(0);
    }
    state.runs.push(run);
}

fn sorted_elsewhere(state: &ParcelState, recipient: &Recipient) -> bool {
    state.recipient.as_ref().is_none_or(|old| old.door.building != recipient.door.building)
        || state.grid.as_ref() != Some(&recipient.grid)
}

fn take_off_shelf(state: &mut ParcelState) {
    state.shelf = None;
    state.grid = None;
}

/// Where a piece stands that has just come in from outside.
fn phase_at_gate(state: &ParcelState) -> Phase {
    if state.disinfection.is_some() { Phase::Arrived } else { Phase::Clean }
}

fn close(state: &mut ParcelState, phase: Phase, at: Timestamp) {
    if !state.is_closed() {
        state.phase_before_close = state.phase;
    }
    state.phase = phase;
    state.closed_at = Some(at);
}

fn put_back(state: &mut ParcelState, shelf: Option<ShelfCode>) {
    state.phase = Phase::Sorted;
    state.closed_at = None;
    state.last_failure = None;
    if shelf.is_some() {
        state.shelf = shelf;
    }
}

fn apply_hand_off(state: &mut ParcelState, event: &ParcelHandedOff) {
    // A run that said so too, about the same piece, contradicts it no longer.
    if state.dispute.take().is_some() {
        state.settled = Some(End::HandedOff);
    }
    state.handed_off_by = event.run;
    state.closed_zone.clone_from(&event.closed_zone);
    close(state, Phase::HandedOff, event.at);
}

fn apply_reopening(state: &mut ParcelState, event: &ParcelReopened) {
    if state.phase == Phase::Refused && event.reason == ReopenReason::BroughtAgain {
        state.phase = phase_at_gate(state);
        take_off_shelf(state);
    } else if state.is_closed() {
        state.phase = state.phase_before_close;
    }
    state.closed_at = None;
}

fn apply_settlement(state: &mut ParcelState, event: &ParcelDisputeSettled) {
    state.dispute = None;
    state.settled = Some(event.truth);
    match event.truth {
        End::HandedOff if state.phase != Phase::HandedOff => {
            let claims = event.claims.iter();
            state.handed_off_by = claims.filter(|c| c.end == End::HandedOff).find_map(|c| c.run);
            state.missing = false;
            close(state, Phase::HandedOff, event.at);
        }
        End::Returned if state.phase == Phase::HandedOff => put_back(state, None),
        // It reached nobody: whoever brought it answers for it again, and it is missed.
        End::NotReceived if state.phase == Phase::HandedOff => {
            state.phase = state.phase_before_close;
            state.closed_at = None;
            state.missing = true;
        }
        End::HandedOff | End::Returned | End::NotReceived | End::GivenBack | End::Disposed => {}
    }
}
