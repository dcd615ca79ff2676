//! Sending one hook's messages: in order, each until it is taken.

use std::sync::{Arc, Weak};
use std::time::Duration;

use event_log::{Delivery, Position, RecordedEvent};
use hyper::body::Bytes;
use runtime::Engine;
use runtime::clock::{Clock, SystemClock};
use runtime::codec::{self, Metadata};
use serde_json::json;
use uuid::Uuid;

use super::Shared;
use super::hook::{Failure, Hook, HookKind, HookState};
use super::target::{CallError, Target};
use crate::graphql::told;

/// How long to wait before each further attempt, in seconds; about a day and a half altogether.
const WAITS_SECONDS: [u64; 11] = [1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600];
/// How long to wait before the log is read again after it could not be.
const LOG_WAIT: Duration = Duration::from_secs(5);

/// Sends everything that the hook hears of, until it is taken away or paused.
pub(super) async fn run(shared: Weak<Shared>, engine: Arc<Engine>, mut hook: Hook) {
    loop {
        let mut subscription = engine.log().subscribe(after(hook.position));
        loop {
            match subscription.next().await {
                Ok(Delivery::CaughtUp) => {}
                Ok(Delivery::Events(events)) => {
                    for event in events.iter() {
                        if !send(&shared, &hook, event).await {
                            return;
                        }
                        hook.position = event.position.0;
                    }
                    let Some(shared) = shared.upgrade() else { return };
                    shared.change(hook.id, |kept| kept.position = hook.position);
                }
                Err(error) => {
                    tracing::warn!(%error, webhook = %hook.id, "a webhook cannot read the log");
                    break;
                }
            }
        }
        tokio::time::sleep(LOG_WAIT).await;
    }
}

fn after(position: u64) -> Option<Position> {
    (position > 0).then_some(Position(position))
}

/// Sends one event, if the hook hears of it; `false` ends the hook's work.
async fn send(shared: &Weak<Shared>, hook: &Hook, event: &RecordedEvent) -> bool {
    let Some(body) = message(hook, event) else { return true };
    for attempt in 1.. {
        let called = call(shared, hook, event.id, body.clone()).await;
        let Some(shared) = shared.upgrade() else { return false };
        let error = match called {
            Ok(()) => {
                metrics::counter!("lastmeter_webhooks_total", "outcome" => "taken").increment(1);
                shared.change(hook.id, |kept| {
                    kept.sent += 1;
                    kept.last_failure = None;
                    kept.position = event.position.0;
                });
                return true;
            }
            Err(error) => error,
        };
        metrics::counter!("lastmeter_webhooks_total", "outcome" => "failed").increment(1);
        tracing::info!(webhook = %hook.id, attempt, %error, "a webhook was not taken");
        let index = usize::try_from(attempt - 1).unwrap_or(usize::MAX);
        // Whoever answers "gone" wants to hear no more.
        let is_gone = matches!(error, CallError::Status(status) if status.as_u16() == 410);
        let wait = WAITS_SECONDS.get(index).filter(|_| !is_gone);
        shared.change(hook.id, |kept| {
            let (at, reason) = (SystemClock.now(), error.to_string());
            kept.last_failure = Some(Failure { at, reason, attempts: attempt });
            if wait.is_none() {
                kept.state = HookState::Paused;
            }
        });
        drop(shared);
        let Some(wait) = wait else { return false };
        tokio::time::sleep(Duration::from_secs(*wait)).await;
    }
    false
}

async fn call(shared: &Weak<Shared>, hook: &Hook, id: Uuid, body: Bytes) -> Result<(), CallError> {
    let allow_private = shared.upgrade().is_some_and(|shared| shared.allow_private);
    let target = Target::read(&hook.url, allow_private)
        .map_err(|problem| CallError::Inside(problem.english))?;
    // The engine's clock may be a played one; a receiver compares this with its own.
    let timestamp = SystemClock.now().as_second();
    let id = id.to_string();
    let signature = hook.secret.sign(&id, timestamp, &body);
    let timestamp = timestamp.to_string();
    let headers = [
        ("webhook-id", id.as_str()),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    target.call(&headers, body).await
}

/// The message of an event; `None` when the hook does not hear of it.
fn message(hook: &Hook, event: &RecordedEvent) -> Option<Bytes> {
    let kind = HookKind::of(&event.event_type).filter(|kind| hook.kinds.contains(kind))?;
    let (_, community, parcel) = codec::parse_stream(&event.stream)?;
    if community != hook.community.as_str() {
        return None;
    }
    let metadata: Metadata = codec::decode_metadata(event).ok()?;
    let message = json!({
        "type": kind.message_type(),
        "timestamp": metadata.recorded_at,
        "data": {
            "community": community,
            "parcel": parcel,
            "event_id": event.id,
            "event_type": &*event.event_type,
            "position": event.position.0,
            "occurred_at": metadata.occurred_at,
            "recorded_at": metadata.recorded_at,
            "event": told(event)?,
        },
    });
    serde_json::to_vec(&message).ok().map(Bytes::from)
}
