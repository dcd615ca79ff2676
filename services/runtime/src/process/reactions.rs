//! What is still to be done, and what was refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use event_log::{Position, RecordedEvent};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::watch;

use super::follows::Reaction;

/// How long a reaction may wait before the watchdog reports it.
pub const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// How many refused reactions are kept for people to look at.
pub const REFUSED_KEPT_MAX: usize = 1_000;

/// A reaction that the domain refused: a person should look at it.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedReaction {
    /// The position of the event.
    pub position: u64,
    /// The stream of the event.
    pub stream: String,
    /// The refusal's code.
    pub code: String,
    /// What to do.
    pub english: String,
    /// What to do, in Chinese.
    pub chinese: String,
}

/// A reaction that has waited too long.
#[derive(Debug, Clone, Serialize)]
pub struct StuckReaction {
    /// The position of the event.
    pub position: u64,
    /// When the event was recorded.
    pub since: Timestamp,
    /// What stood in the way the last time.
    pub code: Option<String>,
}

#[derive(Clone)]
pub(super) struct Pending {
    pub event: RecordedEvent,
    /// The position of the event before it: positions are not dense in every log.
    pub after: Position,
    pub recorded_at: Timestamp,
    pub not_before: Timestamp,
    pub reaction: Reaction,
    pub blocked_by: Option<String>,
}

/// The position of an event, and which of its reactions.
pub(super) type Key = (Position, usize);

/// What is still to be done and what was refused.
pub struct Reactions {
    pub(super) read_up_to: watch::Sender<Position>,
    pending: Mutex<BTreeMap<Key, Pending>>,
    pub(super) refused: Mutex<Vec<RefusedReaction>>,
}

impl Reactions {
    /// Nothing to do up to a position.
    pub fn from(position: Position) -> Self {
        Self {
            read_up_to: watch::Sender::new(position),
            pending: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    /// The position up to which every reaction has been carried out.
    pub fn done_up_to(&self) -> Position {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        match pending.first_key_value() {
            Some((_, first)) => first.after,
            None => *self.read_up_to.borrow(),
        }
    }

    /// The reactions that have waited longer than [`STUCK_AFTER`].
    pub fn stuck(&self, now: Timestamp) -> Vec<StuckReaction> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let late = pending.values().filter(|p| now.duration_since(p.not_before) > STUCK_AFTER);
        late.map(|pending| StuckReaction {
            position: pending.event.position.0,
            since: pending.recorded_at,
            code: pending.blocked_by.clone(),
        })
        .collect()
    }

    /// What waits and whose time has come. It stays among what is still to be done until it is: a
    /// snapshot may be taken while it is tried again.
    pub(super) fn due(&self, now: Timestamp) -> Vec<(Key, Pending)> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let due = pending.iter().filter(|(_, pending)| pending.not_before <= now);
        due.map(|(key, pending)| (*key, pending.clone())).collect()
    }

    pub(super) fn wait(&self, key: Key, pending: Pending) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(key, pending);
    }

    pub(super) fn end(&self, key: Key) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// The latest reactions that the domain refused.
    pub fn refused(&self) -> Vec<RefusedReaction> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until everything up to a position was read and, but for what waits for its time,
    /// carried out.
    pub async fn carried_out(&self, position: Position) {
        let mut read_up_to = self.read_up_to.subscribe();
        // The sender lives as long as this, so waiting cannot fail.
        drop(read_up_to.wait_for(|read| *read >= position).await);
    }
}
