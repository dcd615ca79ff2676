//! Reading: a few connections of their own, off the async threads, every event verified.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use tokio::sync::Semaphore;

use super::{
    digest::Digester,
    open::{self, OpenError},
    row::{Stored, integer, select_events},
};
use crate::{Direction, LogError, PAGE_EVENTS_MAX, Position, RecordedEvent, Revision, StreamName};

/// The most reads at the same time; more of them wait.
const READERS_MAX: usize = 8;
/// The most names of streams and types that one reader remembers.
const NAMES_MAX: usize = 16_384;
/// A page of a subscription's history ends with the event that reaches this size.
const HISTORY_PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most events in a page of a subscription's history.
const HISTORY_PAGE_EVENTS_MAX: u64 = 2_048;

const STREAM_FORWARDS: &str =
    select_events!("WHERE stream = ?1 AND revision >= ?2 ORDER BY revision LIMIT ?3");
const STREAM_BACKWARDS: &str =
    select_events!("WHERE stream = ?1 AND revision <= ?2 ORDER BY revision DESC LIMIT ?3");
const ALL_FORWARDS: &str = select_events!("WHERE position > ?1 ORDER BY position LIMIT ?2");
const ALL_BACKWARDS: &str = select_events!("WHERE position < ?1 ORDER BY position DESC LIMIT ?2");

const ALL_BETWEEN: &str =
    select_events!("WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3");
const INDEX_AFTER: &str = "SELECT stream, revision FROM events INDEXED BY events_by_stream
    WHERE (stream, revision) > (?1, ?2) AND position <= ?3
    ORDER BY stream, revision LIMIT ?4";
/// The most entries of the index in one page.
const INDEX_PAGE_EVENTS_MAX: u64 = 16_384;

/// A bounded pool of readers.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Reader>>,
    permits: Semaphore,
    closed: AtomicBool,
}

impl Readers {
    /// Opens the first reader, so that a file which cannot be read is found out now.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            path: path.into(),
            idle: Mutex::new(vec![Reader::open(path)?]),
            permits: Semaphore::new(READERS_MAX),
            closed: AtomicBool::new(false),
        })
    }

    /// Runs a read on a thread for blocking work.
    pub async fn read<T: Send + 'static>(
        self: Arc<Self>,
        read: impl FnOnce(&mut Reader) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(LogError::Closed);
        };
        let readers = Arc::clone(&self);
        let read = move || {
            let mut reader = readers.take()?;
            let result = read(&mut reader);
            readers.give_back(reader);
            result
        };
        tokio::task::spawn_blocking(read).await.unwrap_or(Err(LogError::Closed))
    }

    /// Ends all reading. Reads that run finish; their connections close with them.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.permits.close();
        self.idle().clear();
    }

    /// Whether reading has ended.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn take(&self) -> Result<Reader, LogError> {
        if self.is_closed() {
            return Err(LogError::Closed);
        }
        if let Some(reader) = self.idle().pop() {
            return Ok(reader);
        }
        Reader::open(&self.path).map_err(|error| match error {
            OpenError::Database { source, .. } => LogError::Database(source),
            OpenError::SqliteTooOld { .. }
            | OpenError::InUse { .. }
            | OpenError::NotALog { .. }
            | OpenError::Missing { .. }
            | OpenError::NewerFormat { .. }
            | OpenError::Pragma { .. }
            | OpenError::Io { .. } => LogError::Closed,
        })
    }

    fn give_back(&self, reader: Reader) {
        let mut idle = self.idle();
        if !self.is_closed() {
            idle.push(reader);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that reads, and what it remembers so that it copies less.
pub(super) struct Reader {
    conn: Connection,
    names: Names,
    digester: Digester,
}

/// The names of streams and types that were read lately; events share them.
#[derive(Default)]
struct Names {
    streams: HashMap<i64, StreamName>,
    types: HashSet<Arc<str>>,
}

impl Reader {
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let conn = open::open_reader(path)?;
        Ok(Self { conn, names: Names::default(), digester: Digester::default() })
    }

    /// Reads up to `limit` events of a stream.
    pub fn stream(
        &mut self,
        stream: &StreamName,
        from: Option<Revision>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let id: Option<i64> = self
            .conn
            .prepare_cached("SELECT id FROM streams WHERE name = ?1")?
            .query_row([stream.as_str()], |row| row.get(0))
            .optional()?;
        let Some(id) = id else { return Ok(Vec::new()) };
        let (sql, from) = match direction {
            Direction::Forwards => (STREAM_FORWARDS, from.map_or(0, |from| integer(from.0))),
            Direction::Backwards => {
                (STREAM_BACKWARDS, from.map_or(i64::MAX, |from| integer(from.0)))
            }
        };
        self.page(sql, [id, from, integer(limit.min(PAGE_EVENTS_MAX) as u64)], usize::MAX)
    }

    /// Reads up to `limit` events of the whole log.
    pub fn all(
        &mut self,
        from: Option<Position>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let (sql, from) = match direction {
            Direction::Forwards => (ALL_FORWARDS, from.map_or(0, |from| integer(from.0))),
            Direction::Backwards => (ALL_BACKWARDS, from.map_or(i64::MAX, |from| integer(from.0))),
        };
        self.page(sql, [from, integer(limit.min(PAGE_EVENTS_MAX) as u64)], usize::MAX)
    }

    /// Reads the next page of history after `position`, bounded in events and in bytes.
    pub fn history(&mut self, position: u64) -> Result<Arc<[RecordedEvent]>, LogError> {
        let parameters = [integer(position), integer(HISTORY_PAGE_EVENTS_MAX)];
        let page = self.page(ALL_FORWARDS, parameters, HISTORY_PAGE_BYTES_MAX)?;
        match page.iter().zip(position + 1..).find(|(event, next)| event.position.0 != *next) {
            Some((_, missing)) => Err(LogError::Corrupt { position: Position(missing) }),
            None => Ok(page.into()),
        }
    }

    /// The position of the last event, 0 without any.
    pub fn head(&mut self) -> Result<u64, LogError> {
        let sql = "SELECT coalesce(max(position), 0) FROM events";
        let head: i64 = self.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(head.cast_unsigned())
    }

    /// Shows each event of the next page after `position`, up to and with `last`, as it is stored
    /// and not verified. Gives the position of the last one shown; `None` when there was none.
    pub fn visit<E: From<LogError> + From<rusqlite::Error>>(
        &mut self,
        position: u64,
        last: u64,
        mut show: impl FnMut(Option<&Stored<'_>>, Option<&str>, u64) -> Result<(), E>,
    ) -> Result<Option<u64>, E> {
        let mut statement = self.conn.prepare_cached(ALL_BETWEEN)?;
        let limit = integer(HISTORY_PAGE_EVENTS_MAX);
        let mut rows = statement.query([integer(position), integer(last), limit])?;
        let mut shown = None;
        while let Some(row) = rows.next()? {
            let position = row.get::<_, i64>(0)?.cast_unsigned();
            let stored = Stored::of(row);
            let stream = match &stored {
                Some(stored) => self.names.stream(&self.conn, stored.stream)?,
                None => None,
            };
            show(stored.as_ref(), stream.as_ref().map(StreamName::as_str), position)?;
            shown = Some(position);
        }
        Ok(shown)
    }

    /// Reads the next page of the index of streams after an entry, events up to `last` only: the
    /// stream and the revision of each event. `None` after the last page.
    pub fn index_after(
        &mut self,
        entry: Option<(i64, Revision)>,
        last: u64,
    ) -> Result<Option<Vec<(i64, Revision)>>, LogError> {
        let (stream, revision) = entry.map_or((i64::MIN, 0), |(s, r)| (s, integer(r.0)));
        let mut statement = self.conn.prepare_cached(INDEX_AFTER)?;
        let limit = integer(INDEX_PAGE_EVENTS_MAX);
        let rows = statement.query_map([stream, revision, integer(last), limit], |row| {
            Ok((row.get(0)?, Revision(row.get::<_, i64>(1)?.cast_unsigned())))
        })?;
        let page = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(Some(page).filter(|page| !page.is_empty()))
    }

    /// The name of a stream by its number in the file.
    pub fn stream_name(&mut self, stream: i64) -> Result<Option<StreamName>, LogError> {
        self.names.stream(&self.conn, stream)
    }

    /// Runs a query for events. The payloads of a page share one buffer.
    fn page(
        &mut self,
        sql: &str,
        parameters: impl Params,
        bytes_max: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        let mut payloads = Vec::new();
        let mut pending = Vec::new();
        while let Some(row) = rows.next()? {
            let event = event(&self.conn, &mut self.names, &mut self.digester, row, &mut payloads)?;
            pending.push(event);
            if payloads.len() >= bytes_max {
                break;
            }
        }
        Ok(with_payloads(pending, payloads))
    }
}

/// An event whose payloads still lie in the buffer of its page, and how long they are.
type Pending = (RecordedEvent, usize, usize);

/// Takes an event out of a row and verifies it. Its payloads go to `payloads`.
fn event(
    conn: &Connection,
    names: &mut Names,
    digester: &mut Digester,
    row: &Row<'_>,
    payloads: &mut Vec<u8>,
) -> Result<Pending, LogError> {
    let position = Position(row.get_ref(0)?.as_i64().unwrap_or(0).cast_unsigned());
    let corrupt = || LogError::Corrupt { position };
    let stored = Stored::of(row).ok_or_else(corrupt)?;
    let stream = names.stream(conn, stored.stream)?.ok_or_else(corrupt)?;
    if digester.lay_out(stored.content(stream.as_str())).checksum() != stored.checksum {
        return Err(corrupt());
    }
    payloads.extend_from_slice(stored.data);
    payloads.extend_from_slice(stored.metadata);
    let event = RecordedEvent {
        position,
        stream,
        revision: Revision(stored.revision),
        id: stored.id,
        event_type: names.event_type(stored.event_type),
        data: Bytes::new(),
        metadata: Bytes::new(),
    };
    Ok((event, stored.data.len(), stored.metadata.len()))
}

/// Gives each event its part of the buffer.
fn with_payloads(pending: Vec<Pending>, payloads: Vec<u8>) -> Vec<RecordedEvent> {
    let mut payloads = Bytes::from(payloads);
    let fill = |(mut event, data, metadata): Pending| {
        event.data = payloads.split_to(data);
        event.metadata = payloads.split_to(metadata);
        event
    };
    pending.into_iter().map(fill).collect()
}

impl Names {
    fn stream(&mut self, conn: &Connection, id: i64) -> Result<Option<StreamName>, LogError> {
        if let Some(name) = self.streams.get(&id) {
            return Ok(Some(name.clone()));
        }
        let name: Option<String> = conn
            .prepare_cached("SELECT name FROM streams WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        let Some(name) = name.and_then(|name| StreamName::new(name).ok()) else {
            return Ok(None);
        };
        if self.streams.len() >= NAMES_MAX {
            self.streams.clear();
        }
        self.streams.insert(id, name.clone());
        Ok(Some(name))
    }

    fn event_type(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.types.get(name) {
            return Arc::clone(known);
        }
        if self.types.len() >= NAMES_MAX {
            self.types.clear();
        }
        let name = Arc::from(name);
        self.types.insert(Arc::clone(&name));
        name
    }
}
