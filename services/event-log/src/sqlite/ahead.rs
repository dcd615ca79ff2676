//! Lengthens the write-ahead log before SQLite does.
//!
//! Where a commit makes the file longer, its sync waits until the system has written down the
//! new length and blocks too; within the length that is there it waits for its own bytes alone.
//! SQLite reads nothing behind the last whole frame, so the zeros there mean nothing, also after a
//! power cut (decision 0007).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::open::beside;

/// A log that stays shorter than this many pages is left as it is.
const PAGES_MIN: u64 = 64;
/// So much is added at once; the next sync carries it.
const STEP: usize = 1024 * 1024;
/// What SQLite writes for a page of 4 KiB, and before the first one.
const FRAME_BYTES: u64 = 24 + 4096;
const HEADER_BYTES: u64 = 32;
/// With less room than this it is lengthened.
const ROOM_MIN: u64 = PAGES_MIN * FRAME_BYTES;

/// The room in the write-ahead log.
pub(super) struct Ahead {
    path: PathBuf,
    room: Room,
}

enum Room {
    /// Not looked at yet.
    Unknown,
    /// The file and its length.
    Known(File, u64),
    /// The file could not be lengthened: it grows with each commit, as it would without this.
    Given,
}

impl Ahead {
    /// Of a log at this path.
    pub fn of(log: &Path) -> Self {
        Self { path: beside(log, "-wal"), room: Room::Unknown }
    }

    /// Adds a step when the frames of `pages` come near the end of the file; SQLite says -1 where
    /// it does not know. Only the thread that appends may call it, between two commits: what
    /// SQLite writes must not come between.
    pub fn keep(&mut self, pages: i64) {
        let pages = u64::try_from(pages).unwrap_or(0);
        if pages < PAGES_MIN {
            return;
        }
        if let Err(error) = self.lengthen(HEADER_BYTES + pages * FRAME_BYTES) {
            tracing::debug!(%error, "the write-ahead log was not lengthened ahead");
            self.room = Room::Given;
        }
    }

    fn lengthen(&mut self, used: u64) -> io::Result<()> {
        static ZEROS: [u8; STEP] = [0; STEP];
        if matches!(self.room, Room::Unknown) {
            let file = OpenOptions::new().append(true).open(&self.path)?;
            let length = file.metadata()?.len();
            self.room = Room::Known(file, length);
        }
        let Room::Known(file, length) = &mut self.room else { return Ok(()) };
        if length.saturating_sub(used) < ROOM_MIN {
            let end = file.metadata()?.len();
            if let Err(error) = file.write_all(&ZEROS) {
                // The last bytes of a full disk are for events.
                file.set_len(end)?;
                return Err(error);
            }
            *length = file.metadata()?.len();
        }
        Ok(())
    }
}
