//! A log in memory, for tests and the simulator: no thread, no timer, the same run every time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{
    AppendError, Appended, Delivery, Direction, EventLog, Expected, Health, LogError, NewEvent,
    PAGE_EVENTS_MAX, Position, ReadOnlyCause, RecordedEvent, Revision, StreamName, Subscription,
    check_append,
};

/// The most events in one delivery of a subscription.
const DELIVERY_EVENTS_MAX: usize = 256;

/// An event log that lives as long as the process. Clones are the same log.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog {
    events: Arc<Mutex<Events>>,
    /// How many events there are; wakes the subscriptions.
    count: Arc<watch::Sender<usize>>,
    read_only: Arc<Mutex<Option<ReadOnlyCause>>>,
}

#[derive(Debug, Default)]
struct Events {
    /// The event at position `p` lies at index `p - 1`.
    all: Vec<RecordedEvent>,
    /// For each stream the indexes of its events in `all`.
    streams: HashMap<StreamName, Vec<usize>>,
}

impl MemoryLog {
    /// Makes an empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops or allows writing, as a full or broken disk would.
    pub fn set_read_only(&self, cause: Option<ReadOnlyCause>) {
        *lock(&self.read_only) = cause;
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        check_append(&events)?;
        if let Health::ReadOnly(cause) = self.health() {
            return Err(AppendError::ReadOnly(cause));
        }
        let mut log = lock(&self.events);
        let appended = log.append(stream, expected, events)?;
        self.count.send_replace(log.all.len());
        Ok(appended)
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Option<Revision>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let log = lock(&self.events);
        let indexes = log.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let at = |index: &usize| log.all[*index].clone();
        let limit = limit.min(PAGE_EVENTS_MAX);
        let from = from.map(|revision| index(revision.0));
        Ok(match direction {
            Direction::Forwards => {
                indexes.iter().skip(from.unwrap_or(0)).take(limit).map(at).collect()
            }
            Direction::Backwards => {
                let end = from.map_or(indexes.len(), |from| from.saturating_add(1));
                indexes[..end.min(indexes.len())].iter().rev().take(limit).map(at).collect()
            }
        })
    }

    async fn read_all(
        &self,
        from: Option<Position>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let all = &lock(&self.events).all;
        let limit = limit.min(PAGE_EVENTS_MAX);
        let from = from.map(|position| index(position.0));
        Ok(match direction {
            Direction::Forwards => {
                all.iter().skip(from.unwrap_or(0)).take(limit).cloned().collect()
            }
            Direction::Backwards => {
                let end = from.map_or(all.len(), |from| from.saturating_sub(1));
                all[..end.min(all.len())].iter().rev().take(limit).cloned().collect()
            }
        })
    }

    fn subscribe(&self, after: Option<Position>) -> Box<dyn Subscription> {
        Box::new(MemorySubscription {
            events: Arc::clone(&self.events),
            count: self.count.subscribe(),
            next: after.map_or(0, |position| index(position.0)),
            phase: Phase::Start,
        })
    }

    async fn head(&self) -> Result<Option<Position>, LogError> {
        Ok(lock(&self.events).all.last().map(|event| event.position))
    }

    fn health(&self) -> Health {
        lock(&self.read_only).map_or(Health::Writable, Health::ReadOnly)
    }
}

impl Events {
    fn append(
        &mut self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        let indexes = self.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let actual = indexes.last().map(|last| self.all[*last].revision);
        if !expected.holds(actual) {
            return self.repeated(indexes, expected, &events).ok_or_else(|| {
                AppendError::WrongRevision { stream: stream.clone(), expected, actual }
            });
        }
        let mut revision = expected.first();
        let mut appended = Appended { position: Position(0), revision, repeated: false };
        let indexes = self.streams.entry(stream.clone()).or_default();
        for event in events {
            indexes.push(self.all.len());
            let position = Position(self.all.len() as u64 + 1);
            self.all.push(RecordedEvent::place(event, stream.clone(), revision, position));
            appended = Appended { position, revision, repeated: false };
            revision = revision.next();
        }
        Ok(appended)
    }

    /// The receipt of `events` when they stand already where they are to be appended.
    fn repeated(
        &self,
        indexes: &[usize],
        expected: Expected,
        events: &[NewEvent],
    ) -> Option<Appended> {
        let first = index(expected.first().0);
        let there = indexes.get(first..first.checked_add(events.len())?)?;
        let same = there.iter().zip(events).all(|(at, event)| self.all[*at].id == event.id);
        let last = &self.all[*there.last()?];
        same.then_some(Appended {
            position: last.position,
            revision: last.revision,
            repeated: true,
        })
    }
}

struct MemorySubscription {
    events: Arc<Mutex<Events>>,
    count: watch::Receiver<usize>,
    /// The index of the next event to deliver.
    next: usize,
    phase: Phase,
}

enum Phase {
    /// Nothing was asked for yet.
    Start,
    /// Delivers what was there at the first look: the events up to this index.
    History(usize),
    /// Delivers what comes.
    Live,
}

#[async_trait]
impl Subscription for MemorySubscription {
    async fn next(&mut self) -> Result<Delivery, LogError> {
        loop {
            let count = *self.count.borrow_and_update();
            if let Phase::Start = self.phase {
                self.phase = Phase::History(count);
            }
            if let Phase::History(end) = self.phase
                && self.next >= end
            {
                self.phase = Phase::Live;
                return Ok(Delivery::CaughtUp);
            }
            if self.next < count {
                let log = lock(&self.events);
                let end = log.all.len().min(self.next + DELIVERY_EVENTS_MAX);
                let events = log.all[self.next..end].into();
                self.next = end;
                return Ok(Delivery::Events(events));
            }
            if self.count.changed().await.is_err() {
                return Err(LogError::Closed);
            }
        }
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Every change of what is locked is whole at each point where code could fail, so a lock whose
/// holder failed is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
