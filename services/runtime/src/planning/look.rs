//! What a planner looks at, looked up: pieces, people, live runs, the plan of the day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::community::CommunityState;
use domain::household::event::CapabilityNeed;
use domain::ids::{CommunityId, ParcelId, RunId, VolunteerId};
use domain::parcel::{Parcel, ParcelState, Phase};
use domain::plan::event::UnplannedReason;
use domain::plan::{Plan, PlanState};
use domain::run::{Phase as RunPhase, Run, RunState};
use domain::supply::Effort;
use domain::volunteer::event::Role;
use domain::volunteer::{Volunteer, VolunteerState};
use event_log::Revision;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use planner::objective::DAYS_THAT_COUNT;
use planner::situation::{Person, PieceAtGate, Situation};
use planner::ways::Ways;

use crate::engine::Engine;
use crate::problem::Problem;

/// Everything that a plan of this moment depends on.
pub(super) struct Look {
    pub community: CommunityState,
    pub zone: TimeZone,
    pub now: Timestamp,
    pub day: Date,
    pub plan: Arc<PlanState>,
    pub revision: Option<Revision>,
    pub pieces: Vec<PieceAtGate>,
    pub people: Vec<Person>,
    pub runs: BTreeMap<RunId, Arc<RunState>>,
    /// Pieces of which a run may hear that they are not there any more.
    pub gone: BTreeSet<ParcelId>,
    /// The volunteers who cannot make a trip now.
    pub unable: BTreeSet<VolunteerId>,
    pub ways: Ways,
}

/// What the directory knows of a piece.
struct Listed {
    id: ParcelId,
    arrived_at: Timestamp,
    ready_at: Timestamp,
}

impl Look {
    /// The situation as the planner takes it.
    pub fn situation<'a>(&'a self, id: &'a CommunityId, asked: bool) -> Situation<'a> {
        Situation {
            id,
            community: &self.community,
            zone: self.zone.clone(),
            now: self.now,
            wave: self.plan.waves.saturating_add(1),
            pieces: self.pieces.clone(),
            people: self.people.clone(),
            ways: &self.ways,
            asked,
            closed: self.plan.left.is_some(),
        }
    }
}

impl Engine {
    /// Looks everything up that a plan of this moment depends on.
    pub(super) async fn look(&self, id: &CommunityId) -> Result<Look, Problem> {
        let now = self.clock().now();
        let (community, listed, volunteers, runs) = self.with_place(id, |place| {
            let listed = place.open_parcels().map(|(id, known)| {
                let arrived_at = known.arrived_at.unwrap_or(now);
                Listed { id, arrived_at, ready_at: known.shelved_at.unwrap_or(arrived_at) }
            });
            let volunteers: Vec<VolunteerId> = place.volunteers().iter().copied().collect();
            let runs: Vec<RunId> = place.open_runs().iter().copied().collect();
            (place.community().clone(), listed.collect::<Vec<_>>(), volunteers, runs)
        })?;
        let registered = community.registered.as_ref().map(|fact| fact.time_zone.as_str());
        let zone = registered.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        let day = now.to_zoned(zone.clone()).date();
        let (plan, revision) = self.peek::<Plan>(id, &day).await?;
        let mut live = BTreeMap::new();
        for run in runs.into_iter().chain(plan.live().map(|(run, _)| run)) {
            let (state, _) = self.peek::<Run>(id, &run).await?;
            live.insert(run, state);
        }
        let efforts = self.efforts(id, day).await?;
        let busy = busy(&live);
        let (mut people, mut unable) = (vec![], BTreeSet::new());
        for volunteer in volunteers {
            let (state, _) = self.peek::<Volunteer>(id, &volunteer).await?;
            if !state.is_available(now) {
                unable.insert(volunteer);
            }
            let free = state.is_available(now) && !busy.contains(&volunteer);
            let effort = efforts.get(&volunteer).copied().unwrap_or_default();
            people.extend(person(volunteer, &state, free, effort, &plan, now));
        }
        let (mut pieces, mut gone) = (vec![], BTreeSet::new());
        let taken: BTreeSet<ParcelId> = taken(&plan, &live);
        for Listed { id: parcel, arrived_at, ready_at } in listed {
            let (state, _) = self.peek::<Parcel>(id, &parcel).await?;
            let held_up = held_up(&state);
            if taken.contains(&parcel) {
                if held_up.as_ref().is_some_and(|reason| *reason != UnplannedReason::NotSorted) {
                    gone.insert(parcel);
                }
                continue;
            }
            let to_the_door = self.is_to_the_door(id, &state)?;
            pieces.extend(at_gate(parcel, &state, held_up, (arrived_at, ready_at), to_the_door));
        }
        let ways = Ways::of(&community, now);
        let (runs, plan) = (live, plan);
        Ok(Look {
            community,
            zone,
            now,
            day,
            plan,
            revision,
            pieces,
            people,
            runs,
            gone,
            unable,
            ways,
        })
    }

    /// What each volunteer climbed and carried in the days that count.
    async fn efforts(
        &self,
        id: &CommunityId,
        day: Date,
    ) -> Result<BTreeMap<VolunteerId, Effort>, Problem> {
        let mut sums: BTreeMap<VolunteerId, Effort> = BTreeMap::new();
        for back in 0..DAYS_THAT_COUNT {
            let day = day.saturating_sub(i64::from(back).days());
            let (plan, _) = self.peek::<Plan>(id, &day).await?;
            for (volunteer, effort) in &plan.efforts {
                let sum = sums.entry(*volunteer).or_default();
                *sum = sum.plus(*effort);
            }
        }
        Ok(sums)
    }

    /// Whether the household of a piece cannot come down for it.
    fn is_to_the_door(&self, id: &CommunityId, piece: &ParcelState) -> Result<bool, Problem> {
        let household = piece.recipient.as_ref().and_then(|recipient| recipient.household);
        let Some(household) = household else { return Ok(false) };
        self.with_place(id, |place| {
            place.household(household).is_some_and(|known| {
                let needs = [CapabilityNeed::CannotComeDown, CapabilityNeed::CannotCarry];
                needs.iter().any(|need| known.needs.contains(need))
            })
        })
    }
}

/// The volunteers who have a run, or were asked to make one.
fn busy(runs: &BTreeMap<RunId, Arc<RunState>>) -> BTreeSet<VolunteerId> {
    let has_hands = |run: &&Arc<RunState>| match run.phase {
        RunPhase::Offered | RunPhase::Accepted | RunPhase::Departed => true,
        RunPhase::Unknown | RunPhase::Planned | RunPhase::Closed | RunPhase::Cancelled => false,
    };
    let hands = |run: &Arc<RunState>| run.courier.or(run.offered_to).into_iter().chain(run.helper);
    runs.values().filter(has_hands).flat_map(hands).collect()
}

/// The pieces that are on a run of the plan, or on one that somebody planned by hand. What was
/// taken off a run of the plan is planned again when that run is over: until then the plan counts
/// it in.
fn taken(plan: &PlanState, runs: &BTreeMap<RunId, Arc<RunState>>) -> BTreeSet<ParcelId> {
    let planned = plan.live().flat_map(|(_, run)| run.pieces.iter().copied());
    planned.chain(runs.values().flat_map(lists)).collect()
}

fn lists(run: &Arc<RunState>) -> impl Iterator<Item = ParcelId> + '_ {
    let live = !matches!(run.phase, RunPhase::Closed | RunPhase::Cancelled);
    let stops = run.stops.iter().flat_map(|stop| &stop.parcels).filter(move |_| live);
    stops
        .copied()
        .filter(|parcel| run.pieces.get(parcel).is_none_or(|piece| piece.status.is_on_board()))
}

fn person(
    id: VolunteerId,
    state: &VolunteerState,
    free: bool,
    effort: Effort,
    plan: &PlanState,
    now: Timestamp,
) -> Option<Person> {
    let grid = state.grid.clone().filter(|_| state.roles.contains(&Role::Courier))?;
    Some(Person {
        id,
        grid,
        protection: state.protection,
        carry_limit: state.carry_limit,
        limits: state.limits.clone(),
        keeps: state.keeps.clone(),
        pool: state.pool,
        free,
        shift_ends: state.shift_ends(now),
        back_at: plan.back_at.get(&id).copied(),
        effort,
        today: plan.efforts.get(&id).copied().unwrap_or_default(),
    })
}

/// A piece that is not on a run; `None` when it is on its way, or its way has ended.
fn at_gate(
    id: ParcelId,
    state: &ParcelState,
    held_up: Option<UnplannedReason>,
    (arrived_at, ready_at): (Timestamp, Timestamp),
    to_the_door: bool,
) -> Option<PieceAtGate> {
    match state.phase {
        Phase::Expected
        | Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted => {}
        Phase::Unknown
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. }
        | Phase::HandedOff
        | Phase::Refused
        | Phase::Disposed => return None,
    }
    let contents = state.contents.as_ref()?;
    Some(PieceAtGate {
        id,
        recipient: state.recipient.clone(),
        category: contents.category,
        size: contents.size,
        load: state.load(),
        held_up,
        arrived_at,
        ready_at,
        attempts: state.failed_attempts,
        to_the_door,
    })
}

/// Why a piece cannot go wherever it should; `None` is nothing holds it up.
fn held_up(state: &ParcelState) -> Option<UnplannedReason> {
    if state.is_recalled() {
        return Some(UnplannedReason::Recalled);
    }
    if state.missing {
        return Some(UnplannedReason::Missing);
    }
    if state.damaged == Some(false) {
        return Some(UnplannedReason::Damaged);
    }
    if state.dispute.is_some() {
        return Some(UnplannedReason::Disputed);
    }
    match state.phase {
        Phase::Unknown | Phase::Expected => Some(UnplannedReason::NotHere),
        _ if state.held.is_some() => Some(UnplannedReason::RecipientUnknown),
        Phase::Arrived | Phase::Disinfecting { .. } => Some(UnplannedReason::NotDisinfected),
        Phase::Clean => Some(UnplannedReason::NotSorted),
        Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. }
        | Phase::HandedOff
        | Phase::Refused
        | Phase::Disposed => None,
    }
}
