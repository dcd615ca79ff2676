//! What can go wrong, as types to branch on.

use crate::{
    APPEND_EVENTS_MAX, EVENT_BYTES_MAX, EVENT_TYPE_BYTES_MAX, Expected, Position, Revision,
    StreamName,
};

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
    /// A type that is empty or longer than [`EVENT_TYPE_BYTES_MAX`].
    #[error("an event type of {bytes} bytes; 1 to {EVENT_TYPE_BYTES_MAX} are allowed")]
    EventTypeLength {
        /// How many bytes it has.
        bytes: usize,
    },
    /// More bytes together than the server takes.
    #[error("an append of {bytes} bytes is more than the server takes: raise its maximum")]
    AppendTooLarge {
        /// How many.
        bytes: usize,
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
    /// The log lies on a server that did not answer, or answered what it should not.
    #[error("the event log's server did not answer as it should")]
    Remote(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log has been closed.
    #[error("the event log is closed")]
    Closed,
}
