//! What would be planned now, and the plan of a day as it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::community::CommunityState;
use domain::ids::{CommunityId, GridId, ParcelId, RunId};
use domain::plan::event::{SetAside, UnplannedReason};
use domain::plan::{Asked, Plan, PlanState};
use domain::run::{Phase, Run, RunState};
use domain::supply::Effort;
use event_log::Revision;
use jiff::civil::{Date, Time};
use planner::proposal::{Proposal, propose};
use planner::situation::{Person, PieceAtGate};
use planner::ways::Ways;
use uuid::Uuid;

use super::When;
use super::look::{Look, zone_of};
use super::step::cost;
use crate::engine::Engine;
use crate::problem::{Problem, ProblemKind};

/// A run of a plan.
#[derive(Debug, Clone)]
pub struct ToldRun {
    /// The run.
    pub run: RunId,
    /// How it stands; of a preview, how it would stand once it is offered.
    pub state: Arc<RunState>,
    /// What the trip costs.
    pub effort: Effort,
    /// Who was asked, the latest last.
    pub asked: Vec<Asked>,
}

/// Pieces of a grid that are ready and that nobody is there for: hands are too few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The grid.
    pub grid: GridId,
    /// How many pieces.
    pub pieces: u32,
    /// Its volunteers who could be asked now, but for these pieces.
    pub free: u32,
    /// Its volunteers who are on a trip or were asked to make one.
    pub on_trips: u32,
}

/// What would be planned.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The day.
    pub day: Date,
    /// Names what is seen here.
    pub version: String,
    /// What would happen.
    pub proposal: Proposal,
    /// Its runs, as they would be offered.
    pub runs: Vec<ToldRun>,
    /// The pieces that it is about.
    pub pieces: BTreeMap<ParcelId, PieceAtGate>,
    /// Where hands are too few.
    pub shortages: Vec<Shortage>,
    /// The community.
    pub community: CommunityState,
}

/// The plan of a day.
#[derive(Debug, Clone)]
pub struct DayPlan {
    /// The day.
    pub day: Date,
    /// The local time, on the day itself.
    pub now: Option<Time>,
    /// The plan.
    pub plan: Arc<PlanState>,
    /// The revision of its stream.
    pub revision: Option<Revision>,
    /// Its runs and those that somebody planned by hand, in the order of their waves.
    pub runs: Vec<ToldRun>,
    /// The pieces that are not planned, with the reason as it stands now.
    pub unplanned: Vec<SetAside>,
    /// How many pieces may go at once, and wait for somebody to plan them.
    pub ready: usize,
    /// What is known of the pieces that are not planned.
    pub pieces: BTreeMap<ParcelId, PieceAtGate>,
    /// Where hands are too few.
    pub shortages: Vec<Shortage>,
    /// The people who carry; empty for another day than today.
    pub people: Vec<Person>,
    /// The community.
    pub community: CommunityState,
    /// How far it is from here to there.
    pub ways: Ways,
}

impl Engine {
    /// What would be planned now; nothing is written.
    ///
    /// # Errors
    /// A problem when the community is unknown or the log cannot be read.
    pub async fn preview_plan(&self, id: &CommunityId, when: When) -> Result<Preview, Problem> {
        let look = self.look(id).await?;
        let proposal = propose(&look.situation(id, when));
        let offers: BTreeMap<_, _> = proposal.offers.iter().map(|(run, who)| (run, who)).collect();
        let proposed = proposal.wave.iter().flat_map(|wave| &wave.runs);
        let runs = proposed.map(|proposed| {
            let who = offers.get(&proposed.run);
            let state = RunState {
                phase: Phase::Planned,
                stops: proposed.plan.stops.clone(),
                plan: Some(proposed.plan.clone()),
                offered_to: who.map(|who| who.volunteer),
                helper: who.and_then(|who| who.helper),
                reason: who.map(|who| who.reason.clone()),
                ..RunState::default()
            };
            let effort = who.map(|who| who.reason.trip).unwrap_or_default();
            ToldRun { run: proposed.run, state: Arc::new(state), effort, asked: vec![] }
        });
        Ok(Preview {
            day: look.day,
            version: proposal_version(&proposal),
            runs: runs.collect(),
            shortages: shortages(&look, &proposal),
            pieces: look.pieces.iter().map(|piece| (piece.id, piece.clone())).collect(),
            community: look.community,
            proposal,
        })
    }

    /// The plan of a day; `None` is today.
    ///
    /// # Errors
    /// A problem when the community is unknown or the log cannot be read.
    pub async fn day_plan(&self, id: &CommunityId, day: Option<Date>) -> Result<DayPlan, Problem> {
        let look = self.look(id).await?;
        if let Some(day) = day.filter(|day| *day != look.day) {
            return self.another_day(id, day, look).await;
        }
        let proposal = propose(&look.situation(id, When::Policy));
        let mut runs = vec![];
        for run in look.plan.runs.keys().chain(look.runs.keys()) {
            runs.push(self.told(id, &look, *run).await?);
        }
        let ready = look.pieces.len() - proposal.unplanned.len();
        let shortages = shortages(&look, &proposal);
        let pieces = look.pieces.iter().map(|piece| (piece.id, piece.clone())).collect();
        Ok(DayPlan {
            day: look.day,
            now: Some(look.now.to_zoned(look.zone.clone()).time()),
            runs: in_order(runs),
            unplanned: proposal.unplanned,
            ready,
            pieces,
            shortages,
            plan: look.plan,
            revision: look.revision,
            people: look.people,
            community: look.community,
            ways: look.ways,
        })
    }

    async fn another_day(
        &self,
        id: &CommunityId,
        day: Date,
        mut look: Look,
    ) -> Result<DayPlan, Problem> {
        let (plan, revision) = self.peek::<Plan>(id, &day).await?;
        (look.plan, look.revision) = (Arc::clone(&plan), revision);
        let mut runs = vec![];
        for run in plan.runs.keys() {
            runs.push(self.told(id, &look, *run).await?);
        }
        let set_aside = |(parcel, reason): (&ParcelId, &UnplannedReason)| SetAside {
            parcel: *parcel,
            reason: reason.clone(),
        };
        let unplanned = match &plan.left {
            Some(left) => left.iter().map(|one| set_aside((&one.parcel, &one.reason))).collect(),
            None => plan.set_aside.iter().map(set_aside).collect(),
        };
        Ok(DayPlan {
            day,
            now: None,
            plan,
            revision,
            runs: in_order(runs),
            unplanned,
            ready: 0,
            pieces: BTreeMap::new(),
            shortages: vec![],
            people: vec![],
            community: look.community,
            ways: look.ways,
        })
    }

    /// One run with what it costs and who was asked.
    pub(super) async fn told(
        &self,
        id: &CommunityId,
        look: &Look,
        run: RunId,
    ) -> Result<ToldRun, Problem> {
        let state = match look.runs.get(&run) {
            Some(state) => Arc::clone(state),
            None => self.peek::<Run>(id, &run).await?.0,
        };
        let asked = look.plan.runs.get(&run).map(|run| run.asked.clone()).unwrap_or_default();
        Ok(ToldRun { run, effort: cost(look, &state), state, asked })
    }

    /// One run with what it costs and who was asked, and the community that it is in.
    ///
    /// # Errors
    /// A problem when the community or the run is unknown, or the log cannot be read.
    pub async fn told_run(
        &self,
        id: &CommunityId,
        run: RunId,
    ) -> Result<(ToldRun, CommunityState, Ways), Problem> {
        let mut look = self.look(id).await?;
        let (state, _) = self.peek::<Run>(id, &run).await?;
        let Some(day) = state.plan.as_ref().map(|plan| plan.day) else {
            return Err(run_unknown());
        };
        if day != look.day {
            look.plan = self.peek::<Plan>(id, &day).await?.0;
        }
        let told = self.told(id, &look, run).await?;
        Ok((told, look.community, look.ways))
    }

    /// The community's day.
    pub(super) fn day_of(&self, id: &CommunityId) -> Result<Date, Problem> {
        let zone = self.with_place(id, |place| zone_of(place.community()))?;
        Ok(self.clock().now().to_zoned(zone).date())
    }
}

/// Each run once, the first wave first; those planned by hand come before all waves.
fn in_order(mut runs: Vec<ToldRun>) -> Vec<ToldRun> {
    let wave = |run: &ToldRun| {
        let plan = run.state.plan.as_ref();
        plan.and_then(|plan| plan.wave).map(|wave| wave.number)
    };
    runs.sort_by_key(|run| (wave(run), run.run));
    runs.dedup_by_key(|run| run.run);
    runs
}

/// Names what would be planned: the same runs for the same people have the same name. That a run
/// would begin a minute later is no difference.
pub(super) fn proposal_version(proposal: &Proposal) -> String {
    let runs = proposal.wave.iter().flat_map(|wave| &wave.runs);
    let runs: Vec<_> = runs.map(|run| (run.run, &run.plan.grid, &run.plan.stops)).collect();
    let offers: Vec<_> =
        proposal.offers.iter().map(|(run, who)| (run, who.volunteer, who.helper)).collect();
    let told = serde_json::to_vec(&(runs, offers)).unwrap_or_default();
    Uuid::new_v5(&Uuid::nil(), &told).simple().to_string()
}

pub(super) fn plan_changed() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "plan-changed",
        "what would be planned is not what was previewed any more: look at the preview again",
        "待排计划已有变化：请重新查看预览后再排定",
    )
}

fn run_unknown() -> Problem {
    Problem::not_found(
        "run-unknown",
        "this run was never planned: plan it first",
        "没有这一配送趟：请先排定",
    )
}

/// Where pieces are ready and nobody is there for them.
fn shortages(look: &Look, proposal: &Proposal) -> Vec<Shortage> {
    let mut pieces: BTreeMap<GridId, u32> = BTreeMap::new();
    let grids: BTreeMap<ParcelId, &GridId> = look
        .pieces
        .iter()
        .filter_map(|piece| {
            let door = &piece.recipient.as_ref()?.door;
            Some((piece.id, look.community.grid_of(&door.building)?))
        })
        .collect();
    for piece in proposal.unplanned.iter().filter(|piece| lacks_hands(&piece.reason)) {
        if let Some(grid) = grids.get(&piece.parcel) {
            *pieces.entry((*grid).clone()).or_default() += 1;
        }
    }
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let of_grid = pieces.into_iter().map(|(grid, pieces)| {
        let people = look.people.iter().filter(|person| person.grid == grid);
        let free = people.filter(|person| person.free && person.is_rested(look.now));
        let runs = look.runs.values().filter(|run| run.grid() == Some(&grid));
        let hands = runs.filter(|run| match run.phase {
            Phase::Offered | Phase::Accepted | Phase::Departed => true,
            Phase::Unknown | Phase::Planned | Phase::Closed | Phase::Cancelled => false,
        });
        let on_trips = hands.map(|run| 1 + usize::from(run.helper.is_some())).sum();
        Shortage { pieces, free: count(free.count()), on_trips: count(on_trips), grid }
    });
    of_grid.collect()
}

/// Whether a piece stays because nobody is there for it.
fn lacks_hands(reason: &UnplannedReason) -> bool {
    match reason {
        UnplannedReason::NoCourier
        | UnplannedReason::NobodyCarriesIt
        | UnplannedReason::NoProtection
        | UnplannedReason::NoSecondPerson => true,
        UnplannedReason::NotHere
        | UnplannedReason::RecipientUnknown
        | UnplannedReason::NotDisinfected
        | UnplannedReason::NotSorted
        | UnplannedReason::Recalled
        | UnplannedReason::Missing
        | UnplannedReason::Damaged
        | UnplannedReason::Disputed
        | UnplannedReason::NoGrid
        | UnplannedReason::ZoneClosed { .. }
        | UnplannedReason::ZoneCloses { .. }
        | UnplannedReason::WindowNotOpen { .. }
        | UnplannedReason::NoWindowLeft
        | UnplannedReason::NoWay
        | UnplannedReason::NotWanted
        | UnplannedReason::WaitsForCart { .. }
        | UnplannedReason::TriedToday { .. }
        | UnplannedReason::OverTripLimit
        | UnplannedReason::ToBeFetched { .. }
        | UnplannedReason::DayClosed => false,
    }
}
