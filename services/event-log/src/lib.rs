//! Streams of events, as bytes, in one global order.
//!
//! **It knows no domain type**: an event is an id, a type name and two byte strings. **It reads no
//! clock**: times travel in the metadata, so that a log copied elsewhere is the same log.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
mod event;
#[cfg(feature = "kurrent")]
pub mod kurrent;
mod memory;
mod name;
pub mod ndjson;
mod progress;
pub mod sqlite;
mod transfer;

use async_trait::async_trait;

pub use crate::{
    error::{AppendError, InvalidAppend, LogError, ReadOnlyCause},
    event::{Appended, Delivery, Direction, Expected, NewEvent, Position, RecordedEvent, Revision},
    memory::MemoryLog,
    name::{StreamName, StreamNameError},
    progress::{Progress, Watcher},
    sqlite::SqliteLog,
    transfer::{TransferError, Transferred, copy, copy_without_system, digest},
};

/// The most events that one append may carry.
pub const APPEND_EVENTS_MAX: usize = 1_024;
/// The most bytes that one event's data and metadata may have together.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// The longest name of an event's type, in bytes.
pub const EVENT_TYPE_BYTES_MAX: usize = 200;
/// The most events that one read returns; read on from the last one.
pub const PAGE_EVENTS_MAX: usize = 4_096;
/// The longest stream name, in bytes.
pub const STREAM_NAME_BYTES_MAX: usize = 200;

/// A subscription to the whole log: history, caught up, live; no gap and no skip.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for the next delivery.
    ///
    /// Safe to cancel: a delivery is lost only with the subscription itself.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be read; the subscription is then over, and a new one from
    /// the last position seen goes on without loss.
    async fn next(&mut self) -> Result<Delivery, LogError>;
}

/// Whether the log takes events now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It reads and writes.
    Writable,
    /// It reads only. A log whose disk was full finds out about new space by the next append, so
    /// appends should go on.
    ReadOnly(ReadOnlyCause),
}

/// An append-only log of streams.
///
/// Appends to one stream are linearizable; every append carries the exact revision that it expects.
/// An append whose events stand already at exactly the place it asks for (same ids, same order)
/// succeeds with `repeated` and changes nothing. Nothing is acknowledged before it is durable.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Appends events to a stream, all or none.
    ///
    /// # Errors
    /// See [`AppendError`]; only `OutcomeUnknown` leaves it open whether the events are there.
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError>;

    /// Reads up to `limit` (at most [`PAGE_EVENTS_MAX`]) events of a stream, beginning with
    /// revision `from`: `None` is the first one forwards, the last one backwards. A stream that
    /// does not exist is empty.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be read.
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Option<Revision>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError>;

    /// Reads up to `limit` (at most [`PAGE_EVENTS_MAX`]) events of the whole log: those after
    /// position `from` forwards, those before it backwards; `None` is the respective end.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be read.
    async fn read_all(
        &self,
        from: Option<Position>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError>;

    /// Reads the event at a position; `None` when no event of this log stands there.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be read.
    async fn event_at(&self, position: Position) -> Result<Option<RecordedEvent>, LogError> {
        let before = Position(position.0.saturating_add(1));
        let page = self.read_all(Some(before), Direction::Backwards, 1).await?;
        Ok(page.into_iter().next().filter(|event| event.position == position))
    }

    /// Subscribes to every event after `after`, which is the position of an event of this log or
    /// past its end; `None` begins with the first.
    fn subscribe(&self, after: Option<Position>) -> Box<dyn Subscription>;

    /// The position of the last durable event; `None` when the log is empty.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be read.
    async fn head(&self) -> Result<Option<Position>, LogError>;

    /// Whether it takes events now.
    fn health(&self) -> Health;

    /// Whether other processes may append to it too, so that what was read of a stream may be old.
    fn is_shared(&self) -> bool {
        false
    }
}

/// Refuses what no log would take, so that every log refuses the same.
fn check_append(events: &[NewEvent]) -> Result<(), InvalidAppend> {
    if events.is_empty() {
        return Err(InvalidAppend::NoEvents);
    }
    if events.len() > APPEND_EVENTS_MAX {
        return Err(InvalidAppend::TooManyEvents { count: events.len() });
    }
    for event in events {
        let bytes = event.event_type.len();
        if bytes == 0 || bytes > EVENT_TYPE_BYTES_MAX {
            return Err(InvalidAppend::EventTypeLength { bytes });
        }
        let bytes = event.data.len() + event.metadata.len();
        if bytes > EVENT_BYTES_MAX {
            return Err(InvalidAppend::EventTooLarge { bytes });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        sync::Arc,
    };

    use crate::EventLog;

    mod memory {
        use super::*;
        use crate::MemoryLog;

        fn fresh() -> Ready<(Arc<dyn EventLog>, ())> {
            ready((Arc::new(MemoryLog::new()), ()))
        }

        crate::conformance_suite!(fresh());
    }

    mod sqlite {
        use tempfile::TempDir;

        use super::*;
        use crate::{SqliteLog, sqlite::Options};

        fn fresh() -> Ready<(Arc<dyn EventLog>, TempDir)> {
            let folder = tempfile::tempdir().unwrap();
            let log = SqliteLog::open(&folder.path().join("log"), Options::default()).unwrap();
            ready((Arc::new(log), folder))
        }

        crate::conformance_suite!(fresh());
    }
}
