//! Verifying a log file: every checksum, the whole chain, and no gap anywhere.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    digest::{Digester, FIRST_LINK, Link},
    open::OpenError,
    reader::Reader,
    row::Stored,
};
use crate::{
    LogError, Position, Revision,
    progress::{Progress, Watcher},
};

/// The most problems that a report names; the rest are counted.
pub const PROBLEMS_MAX: usize = 20;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// How many events were verified.
    pub events: u64,
    /// How many streams they belong to.
    pub streams: u64,
    /// The position of the last one.
    pub head: Option<Position>,
    /// The link of the last one. Kept elsewhere, it shows later whether the past was changed.
    pub link: [u8; 32],
    /// The first problems.
    pub problems: Vec<Problem>,
    /// How many there are in all.
    pub problem_count: u64,
}

/// Something in a log that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The event's bytes are not those that were written.
    #[error("the event at position {} fails its checksum", position.0)]
    Checksum {
        /// Where.
        position: Position,
    },
    /// The event, or one before it, was replaced together with its checksum.
    #[error("the hash chain breaks at position {}", position.0)]
    Link {
        /// Where.
        position: Position,
    },
    /// Positions are missing.
    #[error("no events between positions {} and {}", after.0, found.0)]
    Gap {
        /// The position before the gap, 0 for the beginning.
        after: Position,
        /// The position after it.
        found: Position,
    },
    /// A stream's revisions are not 0, 1, 2 and so on.
    #[error("stream {stream} has revision {} where {} should be", found.0, expected.0)]
    Revision {
        /// The stream; its number in the file when it has no name.
        stream: String,
        /// What should come.
        expected: Revision,
        /// What comes.
        found: Revision,
    },
    /// The index of streams knows another number of events than there are.
    #[error("the index of streams knows {indexed} events of {events}")]
    Index {
        /// How many it knows.
        indexed: u64,
        /// How many there are.
        events: u64,
    },
}

/// Work on a log file that did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A log cannot be read or written.
    #[error("the log file cannot be read or written")]
    Log(#[from] LogError),
    /// A file cannot be made, renamed or removed.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is a file already; it was not touched.
    #[error("{} exists already; choose another path, or allow its replacement", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The source is damaged; nothing was made of it.
    #[error("the source is damaged: {0}; use an older backup, or see what `verify` says")]
    Damaged(Problem),
    /// Somebody stopped it; nothing was left behind.
    #[error("interrupted; nothing was changed")]
    Interrupted,
}

impl From<rusqlite::Error> for FileError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Log(LogError::Database(error))
    }
}

/// Verifies the log at `path`, also while it is served. Blocks.
///
/// # Errors
/// [`FileError`] when the file cannot be read or the work is interrupted. Damage is no error here
/// but what the report is about.
pub fn verify(path: &Path, watcher: Watcher<'_>) -> Result<Verification, FileError> {
    let mut reader = Reader::open(path)?;
    let total = reader.head()?;
    let mut checker = Checker::default();
    while let Some(done) = reader.visit(checker.position(), total, |stored, stream, position| {
        checker.event(stored, stream, position);
        Ok::<_, FileError>(())
    })? {
        if watcher(Progress { done, total }).is_break() {
            return Err(FileError::Interrupted);
        }
    }
    let streams = checker.streams(&mut reader, total, watcher)?;
    Ok(checker.finish(streams))
}

/// Checks events one after the other.
pub(super) struct Checker {
    position: u64,
    events: u64,
    link: Link,
    digester: Digester,
    problems: Vec<Problem>,
    problem_count: u64,
}

impl Default for Checker {
    fn default() -> Self {
        Self {
            position: 0,
            events: 0,
            link: FIRST_LINK,
            digester: Digester::default(),
            problems: Vec::new(),
            problem_count: 0,
        }
    }
}

impl Checker {
    /// The position of the last event checked.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The first problem.
    pub fn problem(&self) -> Option<&Problem> {
        self.problems.first()
    }

    /// Checks the next event. `None` for an event or a stream that cannot be read at all.
    pub fn event(&mut self, stored: Option<&Stored<'_>>, stream: Option<&str>, position: u64) {
        if position != self.position + 1 {
            let (after, found) = (Position(self.position), Position(position));
            self.report(Problem::Gap { after, found });
        }
        self.position = position;
        self.events += 1;
        let position = Position(position);
        let (Some(stored), Some(stream)) = (stored, stream) else {
            return self.report(Problem::Checksum { position });
        };
        let layout = self.digester.lay_out(stored.content(stream));
        let (checksum, link) = (layout.checksum(), layout.link(&self.link));
        // Goes on with what is stored, so that one change is one problem.
        self.link = stored.link;
        if checksum != stored.checksum {
            self.report(Problem::Checksum { position });
        } else if link != stored.link {
            self.report(Problem::Link { position });
        }
    }

    /// Checks the revisions of all streams by their index; gives the number of streams.
    pub fn streams(
        &mut self,
        reader: &mut Reader,
        total: u64,
        watcher: Watcher<'_>,
    ) -> Result<u64, FileError> {
        let (mut streams, mut indexed) = (0, 0);
        let (mut last, mut next) = (None, Revision::FIRST);
        while let Some(page) = reader.index_after(last, total)? {
            for (stream, found) in page {
                if last.is_none_or(|(last, _)| last != stream) {
                    streams += 1;
                    next = Revision::FIRST;
                }
                if found != next {
                    let name = reader.stream_name(stream)?;
                    let stream = name.map_or_else(|| stream.to_string(), |name| name.to_string());
                    self.report(Problem::Revision { stream, expected: next, found });
                }
                indexed += 1;
                next = found.next();
                last = Some((stream, found));
            }
            if watcher(Progress { done: total, total }).is_break() {
                return Err(FileError::Interrupted);
            }
        }
        if indexed != self.events {
            self.report(Problem::Index { indexed, events: self.events });
        }
        Ok(streams)
    }

    pub fn finish(self, streams: u64) -> Verification {
        Verification {
            events: self.events,
            streams,
            head: (self.position > 0).then_some(Position(self.position)),
            link: self.link,
            problems: self.problems,
            problem_count: self.problem_count,
        }
    }

    fn report(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}
