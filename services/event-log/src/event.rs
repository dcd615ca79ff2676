//! Events, their places in the log, and what is said about them.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::StreamName;

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

impl Revision {
    /// The first revision of a stream.
    pub const FIRST: Self = Self(0);

    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Expected {
    /// The revision that the first appended event gets.
    pub const fn first(self) -> Revision {
        match self {
            Self::NoStream => Revision::FIRST,
            Self::Exact(last) => last.next(),
        }
    }

    /// Says whether a stream whose last event has the revision `actual` is as expected.
    pub fn holds(self, actual: Option<Revision>) -> bool {
        match self {
            Self::NoStream => actual.is_none(),
            Self::Exact(last) => actual == Some(last),
        }
    }
}

impl RecordedEvent {
    /// Places a new event in the log.
    pub(crate) fn place(
        event: NewEvent,
        stream: StreamName,
        revision: Revision,
        position: Position,
    ) -> Self {
        let NewEvent { id, event_type, data, metadata } = event;
        Self { position, stream, revision, id, event_type, data, metadata }
    }
}
