//! Streams of events, as bytes, in one global order.
//!
//! **It knows no domain type**: an event is an id, a type name and two byte strings. **It reads no
//! clock**: times travel in the metadata, so that a log copied elsewhere is the same log.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

/// The most events that one append may carry.
pub const APPEND_EVENTS_MAX: usize = 1_024;
/// The most bytes that one event's data and metadata may have together.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// The most events that one read returns; read on from the last one.
pub const PAGE_EVENTS_MAX: usize = 4_096;
/// The longest stream name, in bytes.
pub const STREAM_NAME_BYTES_MAX: usize = 200;

/// The name of a stream: `<category>-<the rest>`, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Arc<str>);

/// A place in the global order. Positions grow with every event; a reader that has seen position
/// `p` never sees an event at or before `p` appear later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

/// A place in one stream, counted from 0 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// What the writer believes the stream to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expected {
    /// It has no event yet.
    NoStream,
    /// Its last event has this revision.
    Exact(Revision),
}

/// An event to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id; the same id at the same place of the same stream is the same event.
    pub id: Uuid,
    /// Its type.
    pub event_type: Arc<str>,
    /// What happened.
    pub data: Bytes,
    /// About the happening.
    pub metadata: Bytes,
}

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its place in the global order.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Its place in the stream.
    pub revision: Revision,
    /// Its id.
    pub id: Uuid,
    /// Its type.
    pub event_type: Arc<str>,
    /// What happened.
    pub data: Bytes,
    /// About the happening.
    pub metadata: Bytes,
}

/// The receipt of an append: the events are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The position of the last event.
    pub position: Position,
    /// The revision of the last event.
    pub revision: Revision,
    /// The very same events were there already; nothing was appended.
    pub repeated: bool,
}

/// Which way to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Oldest first.
    Forwards,
    /// Newest first.
    Backwards,
}

/// What a subscription delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The next events of the global order, at least one, oldest first.
    Events(Arc<[RecordedEvent]>),
    /// Every event that was in the log when the subscription looked has been delivered. Comes once
    /// after the history, and again whenever a subscriber that fell behind has caught up.
    CaughtUp,
}

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

/// An append that did not happen, or of which nobody knows whether it did.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The stream is not what the writer believed.
    #[error("stream {stream} is at revision {actual:?}, not {expected:?}")]
    WrongRevision {
        /// The stream.
        stream: StreamName,
        /// What the writer believed.
        expected: Expected,
        /// What it is; `None` when it has no event.
        actual: Option<Revision>,
    },
    /// The request itself is not acceptable; nothing was appended.
    #[error("not appended: {0}")]
    Invalid(#[from] InvalidAppend),
    /// The log takes no events now; nothing was appended, and the same request may be tried again
    /// when the cause is gone.
    #[error("the event log is read-only: {0}")]
    ReadOnly(ReadOnlyCause),
    /// The log failed while writing: the events may be there or not. Reading the stream tells; the
    /// same request with the same ids is safe to repeat.
    #[error("the outcome of the append is unknown")]
    OutcomeUnknown(#[source] LogError),
}

/// A request that no log would take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAppend {
    /// Without events there is nothing to append.
    #[error("an append needs at least one event")]
    NoEvents,
    /// More than [`APPEND_EVENTS_MAX`] events.
    #[error("{count} events in one append; at most {APPEND_EVENTS_MAX} are allowed")]
    TooManyEvents {
        /// How many.
        count: usize,
    },
    /// More than [`EVENT_BYTES_MAX`] bytes.
    #[error("an event of {bytes} bytes; at most {EVENT_BYTES_MAX} are allowed")]
    EventTooLarge {
        /// How many.
        bytes: usize,
    },
}

/// Why a log takes no events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnlyCause {
    /// The disk is full. Writing goes on by itself when there is space again.
    #[error("the disk is full; free some space and it goes on by itself")]
    DiskFull,
    /// The disk failed. A failed sync is final: nothing is written until a restart has read the
    /// file anew.
    #[error("the disk failed; check it, then restart")]
    DiskFailed,
}

/// The log could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The database reported an error.
    #[error("the event log's database failed")]
    Database(#[from] rusqlite::Error),
    /// What was stored is not what is read: the file was changed or the disk lies.
    #[error("the event at position {} fails its checksum", position.0)]
    Corrupt {
        /// Where.
        position: Position,
    },
    /// The log has been closed.
    #[error("the event log is closed")]
    Closed,
}

/// Whether the log takes events now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It reads and writes.
    Writable,
    /// It reads only.
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

    /// Subscribes to every event after `after`; `None` begins with the first.
    fn subscribe(&self, after: Option<Position>) -> Box<dyn Subscription>;

    /// The position of the last durable event; `None` when the log is empty.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be read.
    async fn head(&self) -> Result<Option<Position>, LogError>;

    /// Whether it takes events now.
    fn health(&self) -> Health;
}
