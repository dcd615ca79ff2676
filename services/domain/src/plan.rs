//! A day's plan: which waves were decided, who was asked for which run, what was not planned and
//! why.
//!
//! It is the memory of the planning process. The process decides on what it sees and writes its
//! decision here first, against the revision it saw: of two that plan at once one is refused, and
//! whoever reads the decision carries it out, as often as need be.

pub mod event;
#[cfg(test)]
mod spec;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

pub use self::event::PlanEvent;
use self::event::{
    LeftPiece, PlanDayClosed, PlanOfferDecided, PlanPiecesReleased, PlanPiecesSetAside,
    PlanRunEnded, PlanWaveProposed, Remains, UnplannedReason,
};
use crate::decider::Decider;
use crate::ids::{GridId, ParcelId, RunId, VolunteerId};
use crate::refusal::refusals;
use crate::supply::Effort;

/// The most runs of one wave.
pub const RUNS_OF_WAVE_MAX: usize = 200;
/// The most pieces that one event sets aside; the others follow with the next one.
pub const SET_ASIDE_MAX: usize = 1_000;
/// The most pieces that are left when a day is closed.
pub const LEFT_MAX: usize = 5_000;

/// The decider of one day's plan.
#[derive(Debug, Clone, Copy)]
pub struct Plan;

/// What may be asked of a plan. The payloads are the facts that shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanCommand {
    /// Decide on a wave.
    Propose(PlanWaveProposed),
    /// Decide whom to ask.
    DecideOffer(PlanOfferDecided),
    /// Note that a run is over.
    EndRun(PlanRunEnded),
    /// Note why pieces are not planned.
    SetAside(PlanPiecesSetAside),
    /// Let pieces be planned for another run.
    Release(PlanPiecesReleased),
    /// End the day.
    CloseDay(PlanDayClosed),
}

refusals! {
    /// Why a command on a plan is refused.
    pub enum PlanRefusal {
        DayClosed => "plan-day-closed",
            "this day is closed: plan for the next one",
            "当日已关账：请排入下一日";
        WaveNumber { next: u32 } => "plan-wave-number",
            "the next wave has number {next}: read the plan again",
            "下一波次应为第 {next} 波：请重新读取计划";
        WaveShape => "plan-wave-shape",
            "a wave has 1 to 200 runs, and each run and each piece once",
            "每一波次须有 1 到 200 趟，趟次和物件不得重复";
        AlreadyPlanned { parcel: ParcelId } => "plan-piece-planned",
            "piece {parcel} is on another run of this day: end that run first",
            "物件 {parcel} 已在当日另一趟上：请先结束该趟";
        UnknownRun { run: RunId } => "plan-run-unknown",
            "run {run} is none of this day's plan",
            "{run} 不是当日计划中的趟次";
        RunEnded { run: RunId } => "plan-run-ended",
            "run {run} is over: nobody can be asked any more",
            "{run} 已结束：不能再派单";
        RunsOpen { count: usize } => "plan-runs-open",
            "{count} runs are not over: wait until everybody is back and close their runs first",
            "还有 {count} 趟未结束：请等人员返回并结束各趟";
        PerishablesLeft { count: usize } => "plan-perishables-left",
            "{count} meals or fresh goods are left and never stay overnight: hand them over, give \
             them back or throw them away, each with a scan, then close the day",
            "还有 {count} 件餐食或生鲜，不能过夜：请逐件扫描交付、退回或处置，再关账";
        TooMuchLeft { count: usize } => "plan-too-much-left",
            "{count} pieces are left, and a day closes with 5000 at most: deliver or give back some",
            "剩余 {count} 件，关账时至多 5000 件：请先配送或退回一部分";
    }
}

/// Where a run of the plan stands, as far as the plan decides on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunPhase {
    /// It was decided on; nobody was asked.
    Proposed,
    /// Somebody was asked.
    Asked,
    /// It is over.
    Ended,
}

/// One run of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRun {
    /// Its wave.
    pub wave: u32,
    /// Its grid.
    pub grid: GridId,
    /// Its pieces.
    pub pieces: BTreeSet<ParcelId>,
    /// Who was asked, and when, the latest last.
    pub asked: Vec<Asked>,
    /// Where it stands.
    pub phase: RunPhase,
}

/// Somebody who was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub volunteer: VolunteerId,
    /// Who was to go along.
    pub helper: Option<VolunteerId>,
    /// When.
    pub at: Timestamp,
}

/// What the events so far say of a day's plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanState {
    /// How many waves were decided on.
    pub waves: u32,
    /// The runs.
    pub runs: BTreeMap<RunId, PlannedRun>,
    /// Why each piece is not planned that is not.
    pub set_aside: BTreeMap<ParcelId, UnplannedReason>,
    /// What the day has cost each volunteer so far.
    pub efforts: BTreeMap<VolunteerId, Effort>,
    /// When each volunteer came back last.
    pub back_at: BTreeMap<VolunteerId, Timestamp>,
    /// What was left, once the day is closed.
    pub left: Option<Vec<LeftPiece>>,
}

impl PlanState {
    /// The runs that are not over.
    pub fn live(&self) -> impl Iterator<Item = (RunId, &PlannedRun)> {
        let live = self.runs.iter().filter(|(_, run)| run.phase != RunPhase::Ended);
        live.map(|(id, run)| (*id, run))
    }

    /// The run that a piece is planned for.
    pub fn run_of(&self, parcel: ParcelId) -> Option<RunId> {
        self.live().find(|(_, run)| run.pieces.contains(&parcel)).map(|(id, _)| id)
    }
}

type Decision = Result<Vec<PlanEvent>, PlanRefusal>;

impl Decider for Plan {
    type Command = PlanCommand;
    type Event = PlanEvent;
    type State = PlanState;
    type Refusal = PlanRefusal;

    fn decide(state: &PlanState, command: PlanCommand) -> Decision {
        match command {
            PlanCommand::Propose(fact) => propose(state, fact),
            PlanCommand::DecideOffer(fact) => decide_offer(state, fact),
            PlanCommand::EndRun(fact) => end_run(state, fact),
            PlanCommand::SetAside(fact) => Ok(set_aside(state, fact)),
            PlanCommand::Release(fact) => release(state, fact),
            PlanCommand::CloseDay(fact) => close_day(state, fact),
        }
    }

    fn evolve(mut state: PlanState, event: &PlanEvent) -> PlanState {
        match event {
            PlanEvent::WaveProposed(event) => proposed(&mut state, event),
            PlanEvent::OfferDecided(event) => {
                if let Some(run) = state.runs.get_mut(&event.run) {
                    let PlanOfferDecided { volunteer, helper, at, .. } = *event;
                    run.phase = RunPhase::Asked;
                    run.asked.push(Asked { volunteer, helper, at });
                }
            }
            PlanEvent::RunEnded(event) => ended(&mut state, event),
            PlanEvent::PiecesSetAside(event) => {
                for piece in &event.pieces {
                    state.set_aside.insert(piece.parcel, piece.reason.clone());
                }
            }
            PlanEvent::PiecesReleased(event) => {
                if let Some(run) = state.runs.get_mut(&event.run) {
                    run.pieces.retain(|piece| !event.pieces.contains(piece));
                }
            }
            PlanEvent::DayClosed(event) => state.left = Some(event.left.clone()),
        }
        state
    }
}

fn propose(state: &PlanState, fact: PlanWaveProposed) -> Decision {
    let runs: BTreeSet<_> = fact.runs.iter().map(|proposed| proposed.run).collect();
    if fact.wave <= state.waves && runs.iter().all(|run| state.runs.contains_key(run)) {
        return Ok(vec![]);
    }
    if state.left.is_some() {
        return Err(PlanRefusal::DayClosed);
    }
    if fact.wave != state.waves + 1 {
        return Err(PlanRefusal::WaveNumber { next: state.waves + 1 });
    }
    let stops = fact.runs.iter().flat_map(|proposed| &proposed.plan.stops);
    let listed: Vec<_> = stops.flat_map(|stop| &stop.parcels).copied().collect();
    let pieces: BTreeSet<_> = listed.iter().copied().collect();
    let counted = (1..=RUNS_OF_WAVE_MAX).contains(&fact.runs.len());
    let new = runs.iter().all(|run| !state.runs.contains_key(run));
    if !counted || !new || runs.len() != fact.runs.len() || pieces.len() != listed.len() {
        return Err(PlanRefusal::WaveShape);
    }
    if let Some(parcel) = state.live().find_map(|(_, run)| run.pieces.intersection(&pieces).next())
    {
        return Err(PlanRefusal::AlreadyPlanned { parcel: *parcel });
    }
    Ok(vec![fact.into()])
}

fn decide_offer(state: &PlanState, fact: PlanOfferDecided) -> Decision {
    let Some(run) = state.runs.get(&fact.run) else {
        return Err(PlanRefusal::UnknownRun { run: fact.run });
    };
    let asked = Asked { volunteer: fact.volunteer, helper: fact.helper, at: fact.at };
    if run.asked.last() == Some(&asked) {
        return Ok(vec![]);
    }
    match run.phase {
        RunPhase::Proposed | RunPhase::Asked => Ok(vec![fact.into()]),
        RunPhase::Ended => Err(PlanRefusal::RunEnded { run: fact.run }),
    }
}

fn end_run(state: &PlanState, fact: PlanRunEnded) -> Decision {
    match state.runs.get(&fact.run) {
        None => Err(PlanRefusal::UnknownRun { run: fact.run }),
        Some(run) if run.phase == RunPhase::Ended => Ok(vec![]),
        Some(_) => Ok(vec![fact.into()]),
    }
}

/// Only what is new is worth an event.
fn set_aside(state: &PlanState, mut fact: PlanPiecesSetAside) -> Vec<PlanEvent> {
    fact.pieces.retain(|piece| state.set_aside.get(&piece.parcel) != Some(&piece.reason));
    fact.pieces.truncate(SET_ASIDE_MAX);
    if fact.pieces.is_empty() { vec![] } else { vec![fact.into()] }
}

/// Only what the run still has in the plan can be released.
fn release(state: &PlanState, mut fact: PlanPiecesReleased) -> Decision {
    let Some(run) = state.runs.get(&fact.run) else {
        return Err(PlanRefusal::UnknownRun { run: fact.run });
    };
    fact.pieces.retain(|piece| run.phase != RunPhase::Ended && run.pieces.contains(piece));
    Ok(if fact.pieces.is_empty() { vec![] } else { vec![fact.into()] })
}

fn close_day(state: &PlanState, fact: PlanDayClosed) -> Decision {
    if state.left.is_some() {
        return Ok(vec![]);
    }
    let open = state.live().count();
    if open > 0 {
        return Err(PlanRefusal::RunsOpen { count: open });
    }
    let food = fact.left.iter().filter(|piece| piece.remains == Remains::Perishes).count();
    if food > 0 {
        return Err(PlanRefusal::PerishablesLeft { count: food });
    }
    if fact.left.len() > LEFT_MAX {
        return Err(PlanRefusal::TooMuchLeft { count: fact.left.len() });
    }
    Ok(vec![fact.into()])
}

fn proposed(state: &mut PlanState, event: &PlanWaveProposed) {
    state.waves = event.wave;
    for proposed in &event.runs {
        let pieces = proposed.plan.stops.iter().flat_map(|stop| &stop.parcels);
        let pieces: BTreeSet<_> = pieces.copied().collect();
        state.set_aside.retain(|parcel, _| !pieces.contains(parcel));
        let run = PlannedRun {
            wave: event.wave,
            grid: proposed.plan.grid.clone(),
            pieces,
            asked: vec![],
            phase: RunPhase::Proposed,
        };
        state.runs.insert(proposed.run, run);
    }
}

fn ended(state: &mut PlanState, event: &PlanRunEnded) {
    if let Some(run) = state.runs.get_mut(&event.run) {
        run.phase = RunPhase::Ended;
    }
    for volunteer in event.courier.into_iter().chain(event.helper) {
        let effort = state.efforts.entry(volunteer).or_default();
        *effort = effort.plus(event.effort);
        state.back_at.insert(volunteer, event.at);
    }
}
