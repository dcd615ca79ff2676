//! An event as it lies in its row.

use rusqlite::Row;
use uuid::Uuid;

use super::digest::{Content, Link};

/// A query for events with the columns that [`Stored::of`] takes.
macro_rules! select_events {
    ($rest:literal) => {
        concat!(
            "SELECT position, stream, revision, id, checksum, link, type, data, metadata \
             FROM events ",
            $rest
        )
    };
}
pub(super) use select_events;

/// The columns of an event, not verified yet.
pub(super) struct Stored<'a> {
    pub position: u64,
    pub stream: i64,
    pub revision: u64,
    pub id: Uuid,
    pub checksum: i64,
    pub link: Link,
    pub event_type: &'a str,
    pub data: &'a [u8],
    pub metadata: &'a [u8],
}

impl<'a> Stored<'a> {
    /// Takes a row apart; `None` when a column holds another kind of value than was stored.
    pub fn of(row: &'a Row<'_>) -> Option<Self> {
        let integer = |column: usize| row.get_ref(column).ok()?.as_i64().ok();
        let blob = |column: usize| row.get_ref(column).ok()?.as_blob().ok();
        Some(Self {
            position: integer(0)?.cast_unsigned(),
            stream: integer(1)?,
            revision: integer(2)?.cast_unsigned(),
            id: Uuid::from_slice(blob(3)?).ok()?,
            checksum: integer(4)?,
            link: blob(5)?.try_into().ok()?,
            event_type: row.get_ref(6).ok()?.as_str().ok()?,
            data: blob(7)?,
            metadata: blob(8)?,
        })
    }

    /// What its checksum and its link cover.
    pub fn content<'b>(&'b self, stream: &'b str) -> Content<'b> {
        Content {
            position: self.position,
            stream,
            revision: self.revision,
            id: &self.id,
            event_type: self.event_type,
            data: self.data,
            metadata: self.metadata,
        }
    }
}

/// A number as SQLite stores it. None of ours comes near the limit.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
