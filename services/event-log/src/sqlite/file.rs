//! Reading a log's file beside whoever serves it.

use std::path::Path;

use super::{open::OpenError, reader::Reader};
use crate::{Direction, LogError, Position, RecordedEvent};

/// A log's file, open for reading only. It takes no lock and may be served meanwhile.
pub struct LogFile {
    reader: Reader,
}

impl LogFile {
    /// Opens the file. Blocks.
    ///
    /// # Errors
    /// [`OpenError`] when there is no log at `path`.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { reader: Reader::open(path)? })
    }

    /// The position of the last event, 0 without any. Blocks.
    ///
    /// # Errors
    /// [`LogError`] when the file cannot be read.
    pub fn head(&mut self) -> Result<u64, LogError> {
        self.reader.head()
    }

    /// Reads up to `limit` (at most [`crate::PAGE_EVENTS_MAX`]) events after a position. Blocks.
    ///
    /// # Errors
    /// [`LogError`] when the file cannot be read, or an event is not as it was written.
    pub fn page(
        &mut self,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.reader.all(after, Direction::Forwards, limit)
    }
}
