//! One step of planning: what is over is noted, what cannot stay is changed, what may go is
//! planned.

use std::collections::BTreeSet;

use domain::device::event::ContentDigest;
use domain::ids::{ActorId, CommandId, CommunityId, ParcelId, RunId, VolunteerId};
use domain::plan::event::{
    PlanOfferDecided, PlanPiecesReleased, PlanPiecesSetAside, PlanRunEnded, SetAside,
};
use domain::plan::{Plan, PlanCommand};
use domain::run::event::RunCancelReason;
use domain::run::{Phase, Run, RunCommand, RunState};
use domain::supply::Effort;
use event_log::{Position, Revision};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use planner::assign::{self, Asks};
use planner::effort;
use planner::proposal::{Proposal, propose};
use planner::replan::{self, Around, Change};
use planner::waves::Together;
use uuid::Uuid;

use super::look::Look;
use super::preview::{plan_changed, proposal_version};
use super::{When, policy};
use crate::engine::{Commanded, Engine, problem, unavailable};
use crate::problem::{Problem, ProblemKind};
use crate::repository::NotDone;
use crate::request::{Occurred, Request};

/// Ends a run that nobody makes; its pieces are planned again.
pub(super) const CALL_OFF: RunCommand = RunCommand::Cancel { reason: RunCancelReason::NoCourier };

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The day that was planned.
    pub day: Date,
    /// The wave, where one left, and whom its runs were offered to.
    pub proposal: Proposal,
    /// How many live runs were changed.
    pub changed: usize,
}

/// What became of a plan that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The day that was planned.
    pub day: Date,
    /// The number of the wave; `None` when nothing goes now.
    pub wave: Option<u32>,
    /// The wave's runs.
    pub runs: Vec<RunId>,
    /// It changed nothing.
    pub already_so: bool,
    /// The plan's revision right after it.
    pub revision: Option<Revision>,
    /// The position that every view has seen.
    pub position: Position,
}

impl Engine {
    /// Makes one step of planning.
    ///
    /// Every decision is written to the plan of the day first, under an id that is derived from
    /// what was seen: whoever makes the same step again, or at the same time, changes nothing.
    ///
    /// # Errors
    /// A problem when the community is unknown or the log cannot be read.
    pub async fn plan(&self, id: &CommunityId, when: When) -> Result<Step, Problem> {
        let (look, changed) = self.look_after_changes(id).await?;
        let mut proposal = propose(&look.situation(id, when));
        if let Some(wave) = proposal.wave.clone() {
            let step = format!("wave {}", wave.wave);
            let request = request(id, &look, &step)?;
            let command = PlanCommand::Propose(wave);
            let done = self
                .plans
                .execute(&look.day, &request, Some(look.revision), |_| Ok(command.clone()));
            match done.await.map_err(problem) {
                Ok(_) => self.offer(id, &look, &proposal).await?,
                // Somebody else was faster; the next step sees what they did.
                Err(problem) if problem.kind != ProblemKind::Deferred => {
                    proposal.wave = None;
                    proposal.offers.clear();
                }
                Err(problem) => return Err(problem),
            }
        }
        self.set_aside(id, &look, proposal.unplanned.clone()).await?;
        self.carried_out().await;
        Ok(Step { day: look.day, proposal, changed })
    }

    /// Plans because somebody asks for it, in that person's name. With `version` the plan must
    /// still be the one that was previewed under it.
    ///
    /// # Errors
    /// A problem: the plan has changed since it was previewed, the community is unknown, or the
    /// log cannot be read.
    pub async fn plan_for(
        &self,
        asker: &Request,
        when: When,
        version: Option<&str>,
    ) -> Result<Asked, Problem> {
        let id = &asker.community;
        if self.views().ledger().entry(asker.command_id).is_some() {
            let day = self.day_of(id)?;
            let nothing = || PlanCommand::SetAside(PlanPiecesSetAside { pieces: vec![] });
            let done = self.command::<Plan>(asker, &day, None, |_| Ok(nothing())).await?;
            return self.asked(id, day, done).await;
        }
        let (look, _) = self.look_after_changes(id).await?;
        let proposal = propose(&look.situation(id, when));
        if version.is_some_and(|version| version != proposal_version(&proposal)) {
            let done = self.unprepared::<Plan>(asker, &look.day, plan_changed()).await?;
            return self.asked(id, look.day, done).await;
        }
        let pieces = proposal.unplanned.clone();
        let command = match proposal.wave.clone() {
            Some(wave) => PlanCommand::Propose(wave),
            None => PlanCommand::SetAside(PlanPiecesSetAside { pieces: pieces.clone() }),
        };
        let done = self.command::<Plan>(asker, &look.day, None, |_| Ok(command.clone())).await?;
        if proposal.wave.is_some() {
            self.offer(id, &look, &proposal).await?;
            self.set_aside(id, &look, pieces).await?;
        }
        self.carried_out().await;
        let mut asked = self.asked(id, look.day, done).await?;
        asked.position = self.progress().position;
        Ok(asked)
    }

    /// What a command on the plan decided: the wave that it added, if any.
    async fn asked(
        &self,
        id: &CommunityId,
        day: Date,
        done: Commanded<Plan>,
    ) -> Result<Asked, Problem> {
        let Commanded { state, revision, already_so, position } = done;
        let before = match revision.and_then(|revision| revision.0.checked_sub(1)) {
            Some(before) => {
                self.plans
                    .as_of(id, &day, Revision(before))
                    .await
                    .map_err(|failure| unavailable(&failure))?
                    .waves
            }
            None => 0,
        };
        let wave = (state.waves > before && !already_so).then_some(state.waves);
        let of_wave = state.runs.iter().filter(|(_, run)| Some(run.wave) == wave);
        let runs = of_wave.map(|(run, _)| *run).collect();
        Ok(Asked { day, wave, runs, already_so, revision, position })
    }

    /// Notes what is over, lets go of what was left behind, and changes what cannot stay.
    pub(super) async fn look_after_changes(
        &self,
        id: &CommunityId,
    ) -> Result<(Look, usize), Problem> {
        self.heard().await;
        let look = self.look(id).await?;
        let ended = self.note_ends(id, &look).await?;
        let released = self.release(id, &look).await?;
        let changed = self.change_runs(id, &look).await? + self.end_yesterday(id, &look).await?;
        if ended + released + changed == 0 {
            return Ok((look, changed));
        }
        // Whoever has just been asked must be seen to be: nobody is asked for two trips at once.
        self.carried_out().await;
        Ok((self.look(id).await?, changed))
    }

    /// What was decided is carried out before anybody is told of it: the views are waited for
    /// first, because what was heard is counted from where they stand.
    pub(super) async fn carried_out(&self) {
        if let Ok(Some(head)) = self.log().head().await {
            self.seen(head).await;
        }
        self.heard().await;
    }

    /// Calls off what the planner planned on another day and nobody has loaded: nobody looks after
    /// it any more, and what it lists would wait for ever. What was brought home after midnight
    /// counts on the day before.
    async fn end_yesterday(&self, id: &CommunityId, look: &Look) -> Result<usize, Problem> {
        let mut changed = 0;
        for (run, state) in &look.runs {
            let Some(plan) = &state.plan else { continue };
            if plan.wave.is_none() || plan.day >= look.day {
                continue;
            }
            match state.phase {
                Phase::Planned | Phase::Offered | Phase::Accepted
                    if state.on_board().next().is_none() =>
                {
                    self.change(id, look, *run, CALL_OFF).await?;
                    changed += 1;
                }
                Phase::Planned
                | Phase::Offered
                | Phase::Accepted
                | Phase::Departed
                | Phase::Unknown
                | Phase::Closed
                | Phase::Cancelled => {}
            }
        }
        let yesterday = look.day.saturating_sub(1.day());
        let (plan, _) = self.peek::<Plan>(id, &yesterday).await?;
        for (run, _) in plan.live() {
            let (state, _) = self.peek::<Run>(id, &run).await?;
            if let Some(fact) = ending(look, run, &state) {
                let request = request(id, look, &format!("end {run}"))?;
                self.decide_plan(&request, &yesterday, PlanCommand::EndRun(fact)).await?;
                changed += 1;
            }
        }
        Ok(changed)
    }

    async fn offer(
        &self,
        id: &CommunityId,
        look: &Look,
        proposal: &Proposal,
    ) -> Result<(), Problem> {
        for (run, assignment) in &proposal.offers {
            let decided = PlanOfferDecided {
                run: *run,
                volunteer: assignment.volunteer,
                helper: assignment.helper,
                reason: assignment.reason.clone(),
                at: look.now,
            };
            self.decide_offer(id, look, decided, 0).await?;
        }
        Ok(())
    }

    async fn decide_offer(
        &self,
        id: &CommunityId,
        look: &Look,
        decided: PlanOfferDecided,
        number: usize,
    ) -> Result<(), Problem> {
        let request = request(id, look, &format!("offer {} {number}", decided.run))?;
        self.decide_plan(&request, &look.day, PlanCommand::DecideOffer(decided)).await
    }

    async fn set_aside(
        &self,
        id: &CommunityId,
        look: &Look,
        pieces: Vec<SetAside>,
    ) -> Result<(), Problem> {
        if pieces.is_empty() {
            return Ok(());
        }
        let request = request(id, look, "set aside")?;
        let command = PlanCommand::SetAside(PlanPiecesSetAside { pieces });
        self.decide_plan(&request, &look.day, command).await
    }

    /// Lets pieces be planned anew that do not go with their run.
    async fn release(&self, id: &CommunityId, look: &Look) -> Result<usize, Problem> {
        for (run, pieces) in &look.freed {
            let fact = PlanPiecesReleased { run: *run, pieces: pieces.clone() };
            let request = request(id, look, &format!("release {run} {pieces:?}"))?;
            self.decide_plan(&request, &look.day, PlanCommand::Release(fact)).await?;
        }
        Ok(look.freed.len())
    }

    /// Notes the runs of the plan that are over, and what they cost.
    pub(super) async fn note_ends(&self, id: &CommunityId, look: &Look) -> Result<usize, Problem> {
        let mut ended = 0;
        for (run, _) in look.plan.live() {
            let Some(fact) = look.runs.get(&run).and_then(|state| ending(look, run, state)) else {
                continue;
            };
            let request = request(id, look, &format!("end {run}"))?;
            self.decide_plan(&request, &look.day, PlanCommand::EndRun(fact)).await?;
            ended += 1;
        }
        Ok(ended)
    }

    /// Changes what cannot stay as it is on the runs of the plan.
    async fn change_runs(&self, id: &CommunityId, look: &Look) -> Result<usize, Problem> {
        let policy = policy(&look.community);
        let around = Around {
            community: &look.community,
            now: look.now,
            gone: &look.gone,
            unable: &look.unable,
            answer_within_seconds: policy.answer_within_seconds,
            ways: &look.ways,
            blocked: look.blocked(),
        };
        let (mut changed, mut asked) = (0, BTreeSet::new());
        for (run, planned) in look.plan.live() {
            let Some(state) = look.runs.get(&run) else { continue };
            for change in replan::changes(&around, state, Some(planned)) {
                changed += 1;
                let command = match change {
                    Change::Replan(fact) => RunCommand::Replan(fact),
                    Change::Cancel(reason) => RunCommand::Cancel { reason },
                    Change::Pause(fact) => RunCommand::PauseBuilding(fact),
                    Change::Resume(building) => RunCommand::ResumeBuilding { building },
                    Change::TakeBack(volunteer) => RunCommand::HandBack { volunteer },
                    Change::AskNext => {
                        self.ask_next(id, look, run, state, &mut asked).await?;
                        continue;
                    }
                };
                self.change(id, look, run, command).await?;
            }
        }
        Ok(changed)
    }

    pub(super) async fn change(
        &self,
        id: &CommunityId,
        look: &Look,
        run: RunId,
        command: RunCommand,
    ) -> Result<(), Problem> {
        // A building is left out and gone to again as often as its zone closes and opens.
        let (_, seen) = self.peek::<Run>(id, &run).await?;
        let step = format!("change {run} {seen:?} {command:?}");
        let request = request(id, look, &step)?;
        match self.runs.execute(&run, &request, None, |_| Ok(command.clone())).await {
            // Its courier did something else in the meantime; the next step sees it.
            Ok(_) | Err(NotDone::Refused(_) | NotDone::Misuse | NotDone::Conflict { .. }) => Ok(()),
            Err(failed @ NotDone::Failed(_)) => Err(problem(failed)),
        }
    }

    /// Asks somebody else, none of those who were `asked` in this step for another run; a run that
    /// nobody is left for is called off.
    async fn ask_next(
        &self,
        id: &CommunityId,
        look: &Look,
        run: RunId,
        state: &RunState,
        asked: &mut BTreeSet<VolunteerId>,
    ) -> Result<(), Problem> {
        let (Some(plan), Some(planned)) = (&state.plan, look.plan.runs.get(&run)) else {
            return Ok(());
        };
        let together = Together {
            grid: plan.grid.clone(),
            needs_protection: plan.needs_protection,
            needs_two: plan.needs_two,
            to_the_foot: plan.level != domain::parcel::event::DeliveryLevel::Door,
        };
        let asked_before = planned.asked.iter().map(|asked| asked.volunteer).collect();
        let asks = Asks {
            together: &together,
            load: plan.limit,
            effort: cost(look, state),
            doors: state.stops.len(),
            buildings: state.stops.iter().map(|stop| &stop.door.building).collect(),
            asked: &asked_before,
        };
        let situation = look.situation(id, When::Policy);
        let crew = assign::crew(&situation, &together);
        let Some(found) = assign::assign(&situation, &crew, &asks, asked) else {
            // Its pieces are planned again for whoever comes back.
            return self.change(id, look, run, CALL_OFF).await;
        };
        asked.insert(found.volunteer);
        asked.extend(found.helper);
        let decided = PlanOfferDecided {
            run,
            volunteer: found.volunteer,
            helper: found.helper,
            reason: found.reason,
            at: look.now,
        };
        self.decide_offer(id, look, decided, planned.asked.len()).await
    }

    async fn decide_plan(
        &self,
        request: &Request,
        day: &Date,
        command: PlanCommand,
    ) -> Result<(), Problem> {
        let done = self.plans.execute(day, request, None, |_| Ok(command.clone())).await;
        match done {
            // The same step was made before, or by another engine at the same time.
            Ok(_) | Err(NotDone::Misuse) => Ok(()),
            Err(not_done) => Err(problem::<<Plan as domain::Decider>::Refusal>(not_done)),
        }
    }
}

/// That a run is over, and what it cost; `None` as long as it is not.
fn ending(look: &Look, run: RunId, state: &RunState) -> Option<PlanRunEnded> {
    let done = match state.phase {
        Phase::Closed => true,
        Phase::Cancelled => false,
        Phase::Unknown | Phase::Planned | Phase::Offered | Phase::Accepted | Phase::Departed => {
            return None;
        }
    };
    Some(PlanRunEnded {
        run,
        courier: state.courier.filter(|_| done),
        helper: state.helper.filter(|_| done),
        effort: if done { cost(look, state) } else { Effort::default() },
        at: look.now,
    })
}

/// What a trip costs, from the doors of its stops in their order.
pub(super) fn cost(look: &Look, run: &RunState) -> Effort {
    let level = run.plan.as_ref().map(|plan| plan.level).unwrap_or_default();
    let waits =
        |id: &ParcelId| look.waiting.iter().find(|piece| piece.id == *id).map(|piece| piece.load);
    let each = |parcel: &ParcelId| {
        let loaded = run.pieces.get(parcel).map(|piece| piece.load);
        loaded.or_else(|| waits(parcel)).unwrap_or_default()
    };
    let doors = run
        .stops
        .iter()
        .flat_map(|stop| stop.parcels.iter().map(move |parcel| (&stop.door, each(parcel))));
    effort::of_doors(&look.community, &look.ways, level, doors)
}

/// A request of the planner: its id follows from the plan that was seen and from the step.
pub(super) fn request(id: &CommunityId, look: &Look, step: &str) -> Result<Request, Problem> {
    let seen = look.revision.map_or(0, |revision| revision.0 + 1);
    let command_id =
        CommandId(Uuid::nil()).follow_up(&format!("plan {id} {} {seen} {step}", look.day));
    let actor = "planner".parse::<ActorId>().map_err(|_| {
        Problem::deferred("planner-unnamed", "the planner has no name", "排程进程没有名称")
    })?;
    let recorded_at: Timestamp = look.now;
    Ok(Request {
        command_id,
        content: ContentDigest::from_bytes(*command_id.0.as_bytes()),
        community: id.clone(),
        actor,
        device: None,
        sequence: None,
        occurred: Occurred::now(recorded_at),
        recorded_at,
        correlation_id: None,
        causation_id: None,
    })
}
