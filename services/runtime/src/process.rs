//! What follows from events without anybody asking: runs and orders hear of their parcels, a slot
//! that was moved to another day leaves its own, an erased household loses its key.
//!
//! A reaction is a command whose id is derived from the event that caused it, so doing it again
//! does nothing. The courier below carries reactions out in the order of the log and tries again
//! what could not be done yet; the watchdog tells which ones have waited too long, and which were
//! refused.

mod follows;
mod reactions;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use domain::ids::{ActorId, CommandId, CommunityId, OrderId, ParcelId, RunId};
use domain::order::OrderCommand;
use domain::parcel::event::{End, ParcelDisputeSettled};
use domain::parcel::{Custody, ParcelCommand, ParcelState, Phase};
use domain::run::RunCommand;
use event_log::{Delivery, LogError, Position, RecordedEvent};
use jiff::Timestamp;

pub use self::follows::LOAD_GRACE;
use self::follows::{CAUSES, Reaction, reactions};
use self::reactions::{Key, Pending};
pub use self::reactions::{
    REFUSED_KEPT_MAX, Reactions, RefusedReaction, STUCK_AFTER, StuckReaction,
};
use crate::codec::{self, Metadata, Observed};
use crate::engine::{Engine, problem};
use crate::problem::Problem;
use crate::request::{Occurred, Request};
use crate::survive::survive;
use crate::vault::Subject;

/// How long the courier waits before it tries again what could not be done.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Carries reactions out.
pub(crate) struct Courier;

impl Courier {
    /// Starts carrying out reactions for as long as the engine lives.
    pub(crate) fn start(engine: &Arc<Engine>) {
        let engine = Arc::downgrade(engine);
        tokio::spawn(async move {
            while let Some(log) = engine.upgrade().map(|engine| Arc::clone(engine.log())) {
                let Some(after) = engine.upgrade().map(|e| *e.reactions.read_up_to.borrow()) else {
                    return;
                };
                let mut subscription = log.subscribe((after > Position(0)).then_some(after));
                drop(log);
                let following = Weak::clone(&engine);
                let followed = survive("the process", async move {
                    follow(&following, subscription.as_mut()).await
                });
                match followed.await {
                    Some(Ok(()) | Err(LogError::Closed)) => return,
                    Some(Err(error)) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "a process lost the log and subscribes again"
                        );
                    }
                    // It goes on with the event at which it died.
                    None => {}
                }
                tokio::time::sleep(RETRY_AFTER).await;
            }
        });
    }
}

async fn follow(
    engine: &Weak<Engine>,
    subscription: &mut dyn event_log::Subscription,
) -> Result<(), LogError> {
    // Beside the subscription, so that a busy log does not starve what waits for its time.
    let mut retries = tokio::time::interval(RETRY_AFTER);
    loop {
        let delivery = tokio::select! {
            delivery = subscription.next() => delivery?,
            _ = retries.tick() => Delivery::CaughtUp,
        };
        let Some(engine) = engine.upgrade() else { return Ok(()) };
        match delivery {
            Delivery::Events(events) => {
                let mut after = *engine.reactions.read_up_to.borrow();
                for event in events.iter() {
                    read(&engine, event, after).await;
                    after = event.position;
                }
                if let Some(last) = events.last() {
                    engine.reactions.read_up_to.send_replace(last.position);
                }
            }
            Delivery::CaughtUp => retry(&engine).await,
        }
    }
}

/// Reads one event and carries out what follows from it.
async fn read(engine: &Engine, recorded: &RecordedEvent, after: Position) {
    let causes = CAUSES.contains(&&*recorded.event_type);
    // With debug assertions every event is decoded, so that tests find a cause that is not listed.
    if !causes && !cfg!(debug_assertions) {
        return;
    }
    let Observed { community, metadata, event, .. } = match Observed::read(recorded) {
        Ok(Some(observed)) => observed,
        Ok(None) => return,
        Err(error) => {
            // The views stop at such an event, and say so; nothing can follow from it.
            tracing::error!(error = &error as &dyn std::error::Error, "a process skips an event");
            return;
        }
    };
    let reactions = reactions(&event);
    debug_assert!(causes || reactions.is_empty(), "{} is not listed", recorded.event_type);
    for (index, reaction) in reactions.into_iter().enumerate() {
        let grace = reaction.grace();
        let not_before = metadata.recorded_at.saturating_add(grace).unwrap_or(Timestamp::MAX);
        let pending = Pending {
            event: recorded.clone(),
            after,
            recorded_at: metadata.recorded_at,
            not_before,
            reaction,
            blocked_by: None,
        };
        attempt(engine, &community, &metadata, (recorded.position, index), pending).await;
    }
}

async fn attempt(
    engine: &Engine,
    community: &CommunityId,
    metadata: &Metadata,
    key: Key,
    mut pending: Pending,
) {
    let now = engine.clock.now();
    let outcome = if now < pending.not_before {
        Err(Problem::deferred("not-yet", "its time has not come", "时间未到"))
    } else {
        let request = request(community, metadata, &pending.event, key.1, now);
        carry_out(engine, &request, &pending.reaction).await
    };
    match outcome {
        Ok(()) => engine.reactions.end(key),
        Err(problem) if problem.is_deferred() => {
            pending.blocked_by = Some(problem.code);
            engine.reactions.wait(key, pending);
        }
        Err(problem) => {
            engine.reactions.end(key);
            tracing::warn!(code = problem.code, position = key.0.0, "a reaction was refused");
            metrics::counter!("lastmeter_reactions_refused_total").increment(1);
            let mut refused =
                engine.reactions.refused.lock().unwrap_or_else(PoisonError::into_inner);
            if refused.len() >= REFUSED_KEPT_MAX {
                refused.remove(0);
            }
            refused.push(RefusedReaction {
                position: key.0.0,
                stream: pending.event.stream.to_string(),
                code: problem.code,
                english: problem.english,
                chinese: problem.chinese,
            });
        }
    }
}

/// Tries again what waits, where its time has come.
async fn retry(engine: &Engine) {
    for (key, pending) in engine.reactions.due(engine.clock.now()) {
        let Some((_, community, _)) = codec::parse_stream(&pending.event.stream) else { continue };
        let (Ok(community), Ok(metadata)) =
            (community.parse::<CommunityId>(), codec::decode_metadata(&pending.event))
        else {
            continue;
        };
        attempt(engine, &community, &metadata, key, pending).await;
    }
}

fn request(
    community: &CommunityId,
    metadata: &Metadata,
    event: &RecordedEvent,
    index: usize,
    now: Timestamp,
) -> Request {
    let cause = CommandId(event.id);
    Request {
        command_id: cause.follow_up(&format!("reaction {index}")),
        content: metadata.content,
        community: community.clone(),
        actor: process_actor(metadata),
        device: None,
        sequence: None,
        occurred: Occurred::now(now),
        recorded_at: now,
        correlation_id: Some(metadata.correlation_id.unwrap_or(metadata.command_id)),
        causation_id: Some(event.id),
    }
}

/// Processes act under a name of their own.
fn process_actor(metadata: &Metadata) -> ActorId {
    "follow-up".parse().unwrap_or_else(|_| metadata.actor.clone())
}

async fn carry_out(engine: &Engine, request: &Request, reaction: &Reaction) -> Result<(), Problem> {
    let community = &request.community;
    match reaction {
        Reaction::Run(run, command) => tell_run(engine, request, *run, command).await,
        Reaction::Order(order, command) => tell_order(engine, request, *order, command).await,
        Reaction::Matched(parcel, order) => {
            let add = OrderCommand::AddParcel { parcel: *parcel };
            tell_order(engine, request, *order, &add).await?;
            let (state, _) = engine.peek::<domain::parcel::Parcel>(community, parcel).await?;
            if state.phase != Phase::HandedOff {
                return Ok(());
            }
            let handed_off = OrderCommand::RecordHandedOff { parcel: *parcel };
            tell_order(engine, &request.follow_up("handed off"), *order, &handed_off).await
        }
        Reaction::HandedOff(parcel) => {
            let (state, _) = engine.peek::<domain::parcel::Parcel>(community, parcel).await?;
            let command = OrderCommand::RecordHandedOff { parcel: *parcel };
            tell_its_order(engine, request, &state, &command).await
        }
        Reaction::Reopened(parcel) => {
            let (state, _) = engine.peek::<domain::parcel::Parcel>(community, parcel).await?;
            reopened(engine, request, *parcel, &state).await
        }
        Reaction::Settled(parcel, fact) => {
            let (state, _) = engine.peek::<domain::parcel::Parcel>(community, parcel).await?;
            settled(engine, request, *parcel, &state, fact).await
        }
        Reaction::CheckLoaded(parcel, run) => {
            let (state, _) = engine.peek::<domain::parcel::Parcel>(community, parcel).await?;
            // It may be on a later run by now, when this is looked at again after a restart.
            if state.was_on(*run) {
                return Ok(());
            }
            tell_run(engine, request, *run, &RunCommand::UnloadPiece { parcel: *parcel }).await
        }
        Reaction::Offer(decided) => {
            let command = engine.offer_of(community, decided, request.recorded_at).await?;
            tell_run(engine, request, decided.run, &command).await
        }
        Reaction::LeaveDay(day, moved) => engine.leave_day(request, *day, moved).await,
        Reaction::KeepOvernight(parcel, day, reason, owner) => {
            let (day, reason, owner) = (*day, *reason, owner.clone());
            let keep = ParcelCommand::KeepOvernight { day, reason, owner };
            let done = engine.parcels.execute(parcel, request, None, |_| Ok(keep.clone())).await;
            done.map(|_| ()).map_err(problem)
        }
        Reaction::BindKey(parcel, household) => {
            let piece = Subject::Parcel(community.clone(), *parcel);
            let owner = Subject::Household(community.clone(), *household);
            engine.vault.bind(&piece, &owner).map_err(|error| crate::locate::vault_failed(&error))
        }
        Reaction::EraseKey(household) => {
            let subject = Subject::Household(community.clone(), *household);
            engine.vault.erase(&subject).map_err(|error| crate::locate::vault_failed(&error))
        }
    }
}

async fn reopened(
    engine: &Engine,
    request: &Request,
    parcel: ParcelId,
    state: &ParcelState,
) -> Result<(), Problem> {
    let with_courier = match state.custody() {
        Custody::Run(run) => Some(run),
        Custody::BuildingFoot(_) => state.last_run(),
        Custody::Outside
        | Custody::IntakePoint
        | Custody::Household
        | Custody::Carrier
        | Custody::Disposed => None,
    };
    if let Some(run) = with_courier {
        let request = request.follow_up("run");
        tell_run(engine, &request, run, &RunCommand::RecordReopened { parcel }).await?;
    }
    tell_its_order(engine, request, state, &OrderCommand::RecordReopened { parcel }).await
}

async fn settled(
    engine: &Engine,
    request: &Request,
    parcel: ParcelId,
    state: &ParcelState,
    fact: &ParcelDisputeSettled,
) -> Result<(), Problem> {
    let command = if state.phase == Phase::HandedOff {
        OrderCommand::RecordHandedOff { parcel }
    } else {
        OrderCommand::RecordReopened { parcel }
    };
    let mut outcome = tell_its_order(engine, request, state, &command).await;
    for (run, command) in told_of_the_truth(parcel, state, fact) {
        let request = request.follow_up(&format!("run {run}"));
        let told = tell_run(engine, &request, run, &command).await;
        outcome = outcome.and(told);
    }
    outcome
}

/// What the runs hear of a settled dispute: those that claimed the true end, and the one that has
/// the piece, or had it when its way ended.
fn told_of_the_truth(
    parcel: ParcelId,
    state: &ParcelState,
    fact: &ParcelDisputeSettled,
) -> BTreeMap<RunId, RunCommand> {
    let claimed = fact.claims.iter().filter(|claim| claim.end == fact.truth);
    let claimed = claimed.filter_map(|claim| claim.run);
    match fact.truth {
        End::HandedOff => {
            let delivered = |run| (run, RunCommand::RecordDelivered { parcel });
            claimed.chain(state.run_at_close()).map(delivered).collect()
        }
        End::Returned => claimed.map(|run| (run, RunCommand::RecordReturned { parcel })).collect(),
        // Whoever brought it answers for it again; a piece that was fetched is at the gate.
        End::NotReceived => {
            let returned = claimed.map(|run| (run, RunCommand::RecordReturned { parcel }));
            let with = state.phase.run().map(|run| (run, RunCommand::RecordReopened { parcel }));
            returned.chain(with).collect()
        }
        // The run that had it has heard of that end when it was recorded.
        End::GivenBack | End::Disposed => BTreeMap::new(),
    }
}

async fn tell_its_order(
    engine: &Engine,
    request: &Request,
    state: &ParcelState,
    command: &OrderCommand,
) -> Result<(), Problem> {
    match state.contents.as_ref().and_then(|contents| contents.order) {
        Some(order) => tell_order(engine, request, order, command).await,
        None => Ok(()),
    }
}

async fn tell_run(
    engine: &Engine,
    request: &Request,
    run: RunId,
    command: &RunCommand,
) -> Result<(), Problem> {
    let done = engine.runs.execute(&run, request, None, |_| Ok(command.clone())).await;
    done.map(|_| ()).map_err(problem)
}

async fn tell_order(
    engine: &Engine,
    request: &Request,
    order: OrderId,
    command: &OrderCommand,
) -> Result<(), Problem> {
    let done = engine.orders.execute(&order, request, None, |_| Ok(command.clone())).await;
    done.map(|_| ()).map_err(problem)
}

#[cfg(test)]
mod tests;
