//! What a planner looks at, looked up: pieces, people, live runs, the plan of the day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::address::Door;
use domain::community::CommunityState;
use domain::household::event::CapabilityNeed;
use domain::ids::{CommunityId, ParcelId, RunId, VolunteerId};
use domain::order::Order;
use domain::parcel::event::FailureReason;
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
use planner::reroute::Blocked;
use planner::situation::{Person, PieceAtGate, Situation};
use planner::ways::Ways;

use super::When;
use crate::engine::Engine;
use crate::problem::Problem;

/// What the household and the order of a piece ask for.
#[derive(Clone, Copy)]
struct Ordered {
    to_the_door: bool,
    urgent: bool,
}

/// Everything that a plan of this moment depends on.
pub(super) struct Look {
    pub community: CommunityState,
    pub zone: TimeZone,
    pub now: Timestamp,
    pub day: Date,
    pub plan: Arc<PlanState>,
    pub revision: Option<Revision>,
    /// The pieces at the gate, or still expected, that are not on a run.
    pub pieces: Vec<PieceAtGate>,
    /// The pieces at the gate that are on a run which has not taken them along yet.
    pub waiting: Vec<PieceAtGate>,
    pub people: Vec<Person>,
    pub runs: BTreeMap<RunId, Arc<RunState>>,
    /// Pieces of which a run may hear that they are not there any more.
    pub gone: BTreeSet<ParcelId>,
    /// Pieces that the plan still counts in with a run that does not take them along.
    pub freed: BTreeMap<RunId, Vec<ParcelId>>,
    /// The volunteers who cannot make a trip now.
    pub unable: BTreeSet<VolunteerId>,
    pub ways: Ways,
    /// The ways as they would be with every path open, where one is blocked.
    pub open_ways: Option<Ways>,
}

/// What the directory knows of a piece.
struct Listed {
    id: ParcelId,
    arrived_at: Timestamp,
    ready_at: Timestamp,
    /// When it could not be left.
    tried: Vec<Timestamp>,
    /// Why it could not be left the last time.
    failed: Option<FailureReason>,
}

/// What the directory knows of a community, read at once.
struct Directed {
    community: CommunityState,
    pieces: Vec<Listed>,
    volunteers: Vec<VolunteerId>,
    runs: Vec<RunId>,
}

impl Look {
    /// The situation as the planner takes it.
    pub fn situation<'a>(&'a self, id: &'a CommunityId, when: When) -> Situation<'a> {
        Situation {
            id,
            community: &self.community,
            zone: self.zone.clone(),
            now: self.now,
            wave: self.plan.waves.saturating_add(1),
            pieces: self.pieces.clone(),
            people: self.people.clone(),
            ways: &self.ways,
            asked: when == When::Now,
            closed: self.plan.left.is_some(),
        }
    }

    /// The ways, where a path is blocked.
    pub fn blocked(&self) -> Option<Blocked<'_>> {
        Some(Blocked { now: &self.ways, open: self.open_ways.as_ref()? })
    }

    /// The runs that somebody is out with, or has loaded.
    pub fn runs_out(&self) -> impl Iterator<Item = RunId> + '_ {
        let out = self.runs.iter().filter(|(_, run)| match run.phase {
            RunPhase::Departed => true,
            RunPhase::Accepted => run.on_board().next().is_some(),
            RunPhase::Unknown
            | RunPhase::Planned
            | RunPhase::Offered
            | RunPhase::Closed
            | RunPhase::Cancelled => false,
        });
        out.map(|(run, _)| *run)
    }
}

impl Engine {
    /// Looks everything up that a plan of this moment depends on.
    pub(super) async fn look(&self, id: &CommunityId) -> Result<Look, Problem> {
        let now = self.clock().now();
        let Directed { community, pieces: listed, volunteers, runs } = self.directed(id, now)?;
        let zone = zone_of(&community);
        let day = now.to_zoned(zone.clone()).date();
        let (plan, revision) = self.peek::<Plan>(id, &day).await?;
        let mut live = BTreeMap::new();
        for run in runs.into_iter().chain(plan.live().map(|(run, _)| run)) {
            let (state, _) = self.peek::<Run>(id, &run).await?;
            live.insert(run, state);
        }
        let efforts = self.efforts(id, day).await?;
        let busy = busy(&plan, &live);
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
        let Taken { by, freed } = taken(&plan, &live);
        let (mut pieces, mut waiting, mut gone) = (vec![], vec![], BTreeSet::new());
        let mut left_behind: BTreeMap<RunId, Vec<ParcelId>> = BTreeMap::new();
        for Listed { id: parcel, arrived_at, ready_at, tried, failed } in listed {
            let (state, _) = self.peek::<Parcel>(id, &parcel).await?;
            let held_up = held_up(&state).or_else(|| back_for_good(&state, failed));
            let ordered = Ordered {
                to_the_door: self.is_to_the_door(id, &state)?,
                urgent: self.is_urgent(id, &state).await?,
            };
            let today = |at: &&Timestamp| at.to_zoned(zone.clone()).date() == day;
            let attempts = u32::try_from(tried.iter().filter(today).count()).unwrap_or(u32::MAX);
            let times = (arrived_at, ready_at);
            let piece = at_gate(parcel, &state, held_up.clone(), times, attempts, ordered);
            if let Some(planned_for) = by.get(&parcel) {
                let elsewhere = planned_for.as_ref().is_some_and(|door| {
                    state.recipient.as_ref().is_some_and(|recipient| recipient.door != *door)
                });
                let lost = |reason: &UnplannedReason| *reason != UnplannedReason::NotSorted;
                if elsewhere || held_up.as_ref().is_some_and(lost) {
                    gone.insert(parcel);
                }
                waiting.extend(piece);
                continue;
            }
            if let (Some(run), Some(_)) = (freed.get(&parcel), &piece) {
                left_behind.entry(*run).or_default().push(parcel);
            }
            pieces.extend(piece);
        }
        let ways = Ways::of(&community, now);
        let is_blocked = !community.paths.blocked_at(now).is_empty();
        let open_ways = is_blocked.then(|| Ways::without(&community, &BTreeSet::new()));
        Ok(Look {
            community,
            zone,
            now,
            day,
            plan,
            revision,
            pieces,
            waiting,
            people,
            runs: live,
            gone,
            freed: left_behind,
            unable,
            ways,
            open_ways,
        })
    }

    fn directed(&self, id: &CommunityId, now: Timestamp) -> Result<Directed, Problem> {
        self.with_place(id, |place| {
            let listed = place.open_parcels().map(|(id, known)| {
                let arrived_at = known.arrived_at.unwrap_or(now);
                let ready_at = known.shelved_at.unwrap_or(arrived_at);
                let tried = known.tried.iter().map(|(_, at)| *at).collect();
                Listed { id, arrived_at, ready_at, tried, failed: known.failed }
            });
            let mut pieces: Vec<Listed> = listed.collect();
            // The directory keeps no order, and what follows must not depend on one.
            pieces.sort_by_key(|piece| piece.id);
            Directed {
                community: place.community().clone(),
                pieces,
                volunteers: place.volunteers().iter().copied().collect(),
                runs: place.open_runs().iter().copied().collect(),
            }
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

    /// Whether the order of a piece is marked urgent.
    pub(crate) async fn is_urgent(
        &self,
        id: &CommunityId,
        piece: &ParcelState,
    ) -> Result<bool, Problem> {
        match piece.contents.as_ref().and_then(|contents| contents.order) {
            Some(order) => Ok(self.peek::<Order>(id, &order).await?.0.urgent),
            None => Ok(false),
        }
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

/// The volunteers who have a run, or were asked to make one. Whom the plan asked last has a run
/// too whose offer has not reached it yet.
fn busy(plan: &PlanState, runs: &BTreeMap<RunId, Arc<RunState>>) -> BTreeSet<VolunteerId> {
    let has_hands = |phase: RunPhase| match phase {
        RunPhase::Offered | RunPhase::Accepted | RunPhase::Departed => true,
        RunPhase::Unknown | RunPhase::Planned | RunPhase::Closed | RunPhase::Cancelled => false,
    };
    let with_hands = runs.values().filter(|run| has_hands(run.phase));
    let hands =
        with_hands.flat_map(|run| run.courier.or(run.offered_to).into_iter().chain(run.helper));
    let offered = plan.live().filter(|(id, _)| {
        runs.get(id).is_none_or(|run| matches!(run.phase, RunPhase::Unknown | RunPhase::Planned))
    });
    let asked = offered.filter_map(|(_, planned)| planned.asked.last());
    let asked = asked.flat_map(|asked| std::iter::once(asked.volunteer).chain(asked.helper));
    hands.chain(asked).collect()
}

/// The pieces that are on a run.
struct Taken {
    /// The pieces with the doors that they are planned for, where their run knows them.
    by: BTreeMap<ParcelId, Option<Door>>,
    /// The pieces that the plan counts in with a run that does not take them along.
    freed: BTreeMap<ParcelId, RunId>,
}

/// The pieces that are on a run of the plan, or on one that somebody planned by hand. A run whose
/// decision has not reached it yet has what the plan says.
fn taken(plan: &PlanState, runs: &BTreeMap<RunId, Arc<RunState>>) -> Taken {
    let mut by: BTreeMap<ParcelId, Option<Door>> = BTreeMap::new();
    for run in runs.values() {
        by.extend(lists(run).map(|(parcel, door)| (parcel, Some(door.clone()))));
    }
    let mut freed = BTreeMap::new();
    for (id, planned) in plan.live() {
        let reached = runs.get(&id).is_some_and(|run| match run.phase {
            RunPhase::Planned | RunPhase::Offered | RunPhase::Accepted | RunPhase::Departed => true,
            // What is over is noted first.
            RunPhase::Unknown | RunPhase::Closed | RunPhase::Cancelled => false,
        });
        for parcel in &planned.pieces {
            if !reached {
                by.entry(*parcel).or_default();
            } else if !by.contains_key(parcel) {
                freed.insert(*parcel, id);
            }
        }
    }
    Taken { by, freed }
}

/// The pieces that a run takes along, with their doors.
pub(super) fn lists(run: &RunState) -> impl Iterator<Item = (ParcelId, &Door)> + '_ {
    let (live, left) = match run.phase {
        RunPhase::Planned | RunPhase::Offered | RunPhase::Accepted => (true, false),
        RunPhase::Departed => (true, true),
        RunPhase::Unknown | RunPhase::Closed | RunPhase::Cancelled => (false, false),
    };
    let stops = run.stops.iter().filter(move |_| live);
    let listed = stops.flat_map(|stop| stop.parcels.iter().map(move |id| (*id, &stop.door)));
    listed.filter(move |(parcel, _)| match run.pieces.get(parcel) {
        Some(piece) => piece.status.is_on_board(),
        // What was not loaded when the courier left stays behind.
        None => !left,
    })
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
        works_until: state.works_until(now),
        back_at: plan.back_at.get(&id).copied(),
        effort,
        today: plan.efforts.get(&id).copied().unwrap_or_default(),
    })
}

/// The community's time zone.
pub(super) fn zone_of(community: &CommunityState) -> TimeZone {
    let registered = community.registered.as_ref().map(|fact| fact.time_zone.as_str());
    registered.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// A piece that is at the gate or expected; `None` when it is on its way, or its way has ended.
fn at_gate(
    id: ParcelId,
    state: &ParcelState,
    held_up: Option<UnplannedReason>,
    (arrived_at, ready_at): (Timestamp, Timestamp),
    attempts: u32,
    Ordered { to_the_door, urgent }: Ordered,
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
        attempts,
        to_the_door,
        urgent,
    })
}

/// Why a piece that came back does not go again by itself.
fn back_for_good(state: &ParcelState, failed: Option<FailureReason>) -> Option<UnplannedReason> {
    match failed.filter(|_| state.phase == Phase::Sorted)? {
        FailureReason::WrongDoor => Some(UnplannedReason::RecipientUnknown),
        FailureReason::Refused => Some(UnplannedReason::NotWanted),
        FailureReason::NoAnswer | FailureReason::DamagedOrShort | FailureReason::ZoneClosed => None,
    }
}

/// Why a piece cannot go wherever it should; `None` is nothing holds it up.
pub(super) fn held_up(state: &ParcelState) -> Option<UnplannedReason> {
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
