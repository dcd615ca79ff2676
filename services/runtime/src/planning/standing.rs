//! Why a piece is planned as it is, or why it is not.

use domain::ids::{CommunityId, ParcelId, RunId, VolunteerId};
use domain::parcel::{Parcel, Phase};
use domain::plan::event::UnplannedReason;
use domain::run::RunState;
use domain::run::event::RunWave;
use planner::proposal::propose;
use planner::why::{self, Sentence};
use schemars::JsonSchema;
use serde::Serialize;

use super::When;
use super::look::{Look, lists};
use crate::engine::Engine;
use crate::problem::Problem;

/// Where a piece stands as far as planning goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is on no run.
    Unplanned,
    /// It waits at the gate for its run.
    Planned,
    /// A courier has it.
    OnTheWay,
    /// Its way has ended.
    Ended,
}

/// The answer to "why is this piece planned so, or not at all?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceStanding {
    /// Where it stands.
    pub standing: Standing,
    /// Why it is on no run; `None` also where it could go now and nobody has asked for a plan.
    pub reason: Option<UnplannedReason>,
    /// Its run.
    pub run: Option<RunId>,
    /// The run's wave.
    pub wave: Option<RunWave>,
    /// Who makes the trip, or was asked last.
    pub volunteer: Option<VolunteerId>,
    /// Whether its order is marked urgent.
    pub urgent: bool,
    /// The answer.
    pub sentence: Sentence,
}

impl Engine {
    /// Why a piece is planned as it is, or why it is not: as it stands now.
    ///
    /// # Errors
    /// A problem when the community or the piece is unknown, or the log cannot be read.
    pub async fn standing(
        &self,
        id: &CommunityId,
        parcel: ParcelId,
    ) -> Result<PieceStanding, Problem> {
        let look = self.look(id).await?;
        let (state, _) = self.peek::<Parcel>(id, &parcel).await?;
        let urgent = self.is_urgent(id, &state).await?;
        let told = match state.phase {
            Phase::Unknown => return Err(parcel_unknown()),
            Phase::Expected
            | Phase::Arrived
            | Phase::Disinfecting { .. }
            | Phase::Clean
            | Phase::Sorted => at_the_gate(id, &look, parcel),
            Phase::Loaded { run } | Phase::Relayed { run } | Phase::Failed { run } => {
                let state = look.runs.get(&run).map(AsRef::as_ref);
                on_run(Standing::OnTheWay, run, state)
            }
            Phase::HandedOff | Phase::Refused | Phase::Disposed => {
                let run = state.run_at_close();
                let ended = why::ended(state.phase == Phase::HandedOff);
                PieceStanding { run, ..without_run(Standing::Ended, None, ended) }
            }
        };
        if !urgent || told.standing == Standing::Ended {
            return Ok(told);
        }
        Ok(PieceStanding { urgent, sentence: why::urgent(told.sentence), ..told })
    }
}

fn at_the_gate(id: &CommunityId, look: &Look, parcel: ParcelId) -> PieceStanding {
    if look.waiting.iter().any(|piece| piece.id == parcel) {
        let takes = |run: &RunState| lists(run).any(|(id, _)| id == parcel);
        let listed = look.runs.iter().find(|(_, run)| takes(run));
        let of_plan = || look.plan.run_of(parcel);
        if let Some(run) = listed.map(|(run, _)| *run).or_else(of_plan) {
            let state = look.runs.get(&run).map(AsRef::as_ref);
            return on_run(Standing::Planned, run, state);
        }
    }
    let proposal = propose(&look.situation(id, When::Policy));
    let unplanned = proposal.unplanned.into_iter().find(|one| one.parcel == parcel);
    let reason = unplanned.map(|one| one.reason);
    let sentence = reason.as_ref().map_or_else(why::ready, why::unplanned);
    without_run(Standing::Unplanned, reason, sentence)
}

fn without_run(
    standing: Standing,
    reason: Option<UnplannedReason>,
    sentence: Sentence,
) -> PieceStanding {
    let (run, wave, volunteer, urgent) = (None, None, None, false);
    PieceStanding { standing, reason, run, wave, volunteer, urgent, sentence }
}

fn on_run(standing: Standing, run: RunId, state: Option<&RunState>) -> PieceStanding {
    let wave = state.and_then(|state| state.plan.as_ref()?.wave);
    let assigned = state.and_then(|state| state.reason.as_ref());
    let sentence = why::planned(wave, assigned, standing == Standing::OnTheWay);
    let volunteer = state.and_then(|state| state.courier.or(state.offered_to));
    let (reason, run, urgent) = (None, Some(run), false);
    PieceStanding { standing, reason, run, wave, volunteer, urgent, sentence }
}

fn parcel_unknown() -> Problem {
    Problem::not_found(
        "parcel-unknown",
        "no such piece has been announced or has come in: scan its label again",
        "没有此件的记录：请重新扫描标签",
    )
}
