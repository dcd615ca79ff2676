//! The one writer: everything queued goes into one transaction, and one sync serves all of it.

use std::{
    mem,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, config::DbConfig};
use tokio::sync::{mpsc, oneshot};

use super::{
    Stats,
    ahead::Ahead,
    copier::{self, Copier, Copying},
    digest::{Content, Digester, FIRST_LINK, Link},
    heads::{Head, Heads},
    open::BUSY_TIMEOUT,
    row::integer,
    streams::Streams,
    tail::Tail,
};
use crate::{
    AppendError, Appended, Expected, Health, LogError, NewEvent, Position, ReadOnlyCause,
    RecordedEvent, Revision, StreamName,
};

/// The most appends that wait for the writer; more of them wait before the queue.
pub(super) const QUEUE_APPENDS_MAX: usize = 4_096;
/// The most appends in one transaction.
const GROUP_APPENDS_MAX: usize = 1_024;
/// A transaction ends with the append that reaches this size.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The write-ahead log is copied into the file when it has this many pages (of 4 KiB). A page that
/// was written often meanwhile is copied once, so it should be seldom.
const WAL_PAGES_MAX: i64 = 8_000;
/// When it has this many pages, appends wait for the copying, and for readers that kept it from
/// starting over.
const WAL_PAGES_HARD_MAX: i64 = 2 * WAL_PAGES_MAX;
/// How long it waits for them.
const READERS_WAIT: Duration = Duration::from_millis(100);

pub(super) const INSERT_EVENT: &str = "INSERT INTO events
    (position, stream, revision, id, checksum, link, type, data, metadata)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const FIND_HEAD: &str = "SELECT id,
    (SELECT max(revision) FROM events WHERE stream = streams.id)
    FROM streams WHERE name = ?1";

pub(super) type Answer = Result<Appended, AppendError>;

/// What the writer finds in its queue.
pub(super) enum Message {
    /// An append.
    Append(Request),
    /// Finish what is queued, then end.
    Stop,
}

/// An append on its way to the writer.
pub(super) struct Request {
    pub stream: StreamName,
    pub expected: Expected,
    pub events: Vec<NewEvent>,
    pub reply: oneshot::Sender<Answer>,
}

/// What the writer tells everybody.
#[derive(Default)]
pub(super) struct State {
    health: AtomicU8,
    appends: AtomicU64,
    events: AtomicU64,
    commits: AtomicU64,
}

impl State {
    pub fn health(&self) -> Health {
        match self.health.load(Ordering::Acquire) {
            WRITABLE => Health::Writable,
            DISK_FULL => Health::ReadOnly(ReadOnlyCause::DiskFull),
            // Only the three are ever stored.
            _ => Health::ReadOnly(ReadOnlyCause::DiskFailed),
        }
    }

    pub fn stats(&self) -> Stats {
        Stats {
            appends: self.appends.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
        }
    }

    fn set_health(&self, health: Health) {
        if health == self.health() {
            return;
        }
        let number = match health {
            Health::Writable => {
                tracing::info!("the event log takes events again");
                WRITABLE
            }
            Health::ReadOnly(cause) => {
                tracing::error!(%cause, "the event log is read-only");
                match cause {
                    ReadOnlyCause::DiskFull => DISK_FULL,
                    ReadOnlyCause::DiskFailed => DISK_FAILED,
                }
            }
        };
        self.health.store(number, Ordering::Release);
    }
}

const WRITABLE: u8 = 0;
const DISK_FULL: u8 = 1;
const DISK_FAILED: u8 = 2;

/// Owns the only connection that writes.
pub(super) struct Writer {
    conn: Connection,
    tail: Arc<Tail>,
    state: Arc<State>,
    streams: Arc<Streams>,
    heads: Heads,
    chain: Chain,
    /// The number of the present group.
    group: u64,
    /// Copies the write-ahead log into the file beside this thread.
    copier: Copier,
    /// Keeps room for what comes next in the write-ahead log.
    ahead: Ahead,
    /// The size of the write-ahead log at which it is copied into the file next.
    checkpoint_at_pages: i64,
}

/// The end of the log: where the next event goes and what its link continues.
#[derive(Default)]
struct Chain {
    position: u64,
    link: Link,
    digester: Digester,
}

/// An answer that waits for the commit.
struct Verdict {
    answer: Answer,
    /// It rests on durable events only and holds even when the commit fails.
    firm: bool,
}

impl Writer {
    /// Takes over a connection and finds where the log ends.
    pub fn new(
        path: &Path,
        conn: Connection,
        copier: Copier,
        state: Arc<State>,
    ) -> rusqlite::Result<Self> {
        let mut chain = Chain { position: 0, link: FIRST_LINK, digester: Digester::default() };
        let last = conn
            .query_row(
                "SELECT position, link FROM events ORDER BY position DESC LIMIT 1",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Link>(1)?)),
            )
            .optional()?;
        if let Some((position, link)) = last {
            chain.position = position.cast_unsigned();
            chain.link = link;
        }
        Ok(Self {
            tail: Arc::new(Tail::new(chain.position)),
            streams: Arc::new(Streams::read(&conn)?),
            conn,
            state,
            heads: Heads::default(),
            chain,
            group: 0,
            copier,
            ahead: Ahead::of(path),
            checkpoint_at_pages: WAL_PAGES_MAX,
        })
    }

    /// What the writer publishes to.
    pub fn tail(&self) -> Arc<Tail> {
        Arc::clone(&self.tail)
    }

    /// Which streams there may be.
    pub fn streams(&self) -> Arc<Streams> {
        Arc::clone(&self.streams)
    }

    /// Copies what a process before this one left in the write-ahead log into the file, and syncs
    /// it. After a failed sync the system may show bytes that are not on the disk; written again,
    /// they are.
    pub fn settle(&self) -> rusqlite::Result<()> {
        self.checkpoint("TRUNCATE").map(drop)
    }

    /// Serves the queue until it is told to stop.
    pub fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(GROUP_APPENDS_MAX);
        let (mut stopped, mut before) = (false, 0);
        while !stopped && queue.blocking_recv_many(&mut messages, GROUP_APPENDS_MAX) > 0 {
            if messages.len().max(before) > 1 {
                gather(&mut queue, &mut messages);
            }
            before = messages.len();
            stopped = self.serve(&mut messages);
        }
        // Whoever has not come into the queue by now is told that the log is closed.
        queue.close();
        while let Ok(message) = queue.try_recv() {
            messages.push(message);
        }
        self.serve(&mut messages);
        self.close();
    }

    /// Writes the appends among the messages; says whether one of them was to stop.
    fn serve(&mut self, messages: &mut Vec<Message>) -> bool {
        let mut stopped = false;
        let mut waiting = Vec::with_capacity(messages.len());
        for message in messages.drain(..) {
            match message {
                Message::Append(request) => waiting.push(request),
                Message::Stop => stopped = true,
            }
        }
        while !waiting.is_empty() {
            let rest = waiting.split_off(group_length(&waiting));
            self.write_group(waiting);
            waiting = rest;
        }
        stopped
    }

    /// Writes a group in one transaction, then publishes it, then answers.
    fn write_group(&mut self, mut group: Vec<Request>) {
        if self.state.health() == Health::ReadOnly(ReadOnlyCause::DiskFailed) {
            for request in group {
                answer(request.reply, Err(AppendError::ReadOnly(ReadOnlyCause::DiskFailed)));
            }
            return;
        }
        self.group += 1;
        let (position, link) = (self.chain.position, self.chain.link);
        let mut verdicts = Vec::with_capacity(group.len());
        match self.commit(&mut group, &mut verdicts) {
            Ok(batch) => {
                self.publish(batch);
                for (request, verdict) in group.into_iter().zip(verdicts) {
                    answer(request.reply, verdict.answer);
                }
                self.checkpoint_when_due();
            }
            Err(error) => {
                (self.chain.position, self.chain.link) = (position, link);
                self.heads.clear();
                let failure = self.roll_back(&error);
                let mut verdicts = verdicts.into_iter();
                for request in group {
                    let firm = verdicts.next().filter(|verdict| verdict.firm);
                    answer(request.reply, firm.map_or_else(&failure, |firm| firm.answer));
                }
            }
        }
    }

    /// Stores what may be stored of a group and syncs it. Gives the new events, and for each
    /// request a verdict; fewer of them when it fails.
    fn commit(
        &mut self,
        group: &mut [Request],
        verdicts: &mut Vec<Verdict>,
    ) -> rusqlite::Result<Vec<RecordedEvent>> {
        let Self { conn, heads, streams, chain, group: number, state, .. } = self;
        let mut insert = conn.prepare_cached(INSERT_EVENT)?;
        let mut batch = Vec::with_capacity(group.len());
        for request in group {
            let head = match heads.get(&request.stream) {
                Some(head) => Some(head),
                None if streams.is_new(&request.stream) => None,
                None => find_head(conn, &request.stream)?,
            };
            if !request.expected.holds(head.map(|head| head.revision)) {
                let firm = head.is_none_or(|head| head.group != *number);
                verdicts.push(Verdict { answer: refuse(conn, head, request)?, firm });
                continue;
            }
            if conn.is_autocommit() {
                conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            }
            let stream = match head {
                Some(head) => head.stream,
                None => insert_stream(conn, streams, &request.stream)?,
            };
            let mut revision = request.expected.first();
            for event in mem::take(&mut request.events) {
                let position = Position(chain.position + 1);
                let event = RecordedEvent::place(event, request.stream.clone(), revision, position);
                chain.insert(&mut insert, stream, &event)?;
                batch.push(event);
                revision = revision.next();
            }
            let Some(last) = batch.last() else { continue };
            heads.put(&request.stream, Head { stream, revision: last.revision, group: *number });
            let appended =
                Appended { position: last.position, revision: last.revision, repeated: false };
            verdicts.push(Verdict { answer: Ok(appended), firm: false });
        }
        drop(insert);
        if !conn.is_autocommit() {
            conn.prepare_cached("COMMIT")?.execute([])?;
            state.appends.fetch_add(accepted(verdicts), Ordering::Relaxed);
        }
        Ok(batch)
    }

    /// Makes a durable batch visible.
    fn publish(&self, batch: Vec<RecordedEvent>) {
        if batch.is_empty() {
            return;
        }
        self.state.commits.fetch_add(1, Ordering::Relaxed);
        self.state.events.fetch_add(batch.len() as u64, Ordering::Relaxed);
        self.state.set_health(Health::Writable);
        self.tail.publish(batch.into());
    }

    /// Undoes a group that failed and gives the answer for each of its appends.
    fn roll_back(&mut self, error: &rusqlite::Error) -> impl Fn() -> Answer + use<> {
        let undone = self.conn.is_autocommit() || self.conn.execute_batch("ROLLBACK").is_ok();
        let code = error.sqlite_error_code();
        let full = undone && code == Some(ErrorCode::DiskFull);
        // Somebody with another tool held the file, or memory ran out. The disk is innocent.
        let passing = undone
            && matches!(
                code,
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory)
            );
        if full {
            self.state.set_health(Health::ReadOnly(ReadOnlyCause::DiskFull));
        } else if passing {
            tracing::warn!(%error, "a group of appends was not stored");
        } else {
            self.fail(error);
        }
        let copy = copy_of(error);
        move || {
            Err(if full {
                AppendError::ReadOnly(ReadOnlyCause::DiskFull)
            } else {
                AppendError::OutcomeUnknown(LogError::Database(copy_of(&copy)))
            })
        }
    }

    /// Stops writing for good.
    fn fail(&self, error: &rusqlite::Error) {
        tracing::error!(%error, "writing the event log failed");
        self.state.set_health(Health::ReadOnly(ReadOnlyCause::DiskFailed));
    }

    /// Has the write-ahead log copied into the file now and then, so that it stays small. SQLite
    /// would do it by itself, but inside a commit, and it would hide a failed sync. Most of it is
    /// copied beside this thread; only what was appended meanwhile is copied here, after the
    /// answers, because nobody but the writer can let the write-ahead log start over.
    fn checkpoint_when_due(&mut self) {
        match self.go_on_copying() {
            Ok(()) => {}
            // What is durable in the write-ahead log stays there until there is space.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {}
            Err(error) => self.fail(&error),
        }
    }

    fn go_on_copying(&mut self) -> rusqlite::Result<()> {
        let pages = self.checkpoint("NOOP")?;
        self.ahead.keep(pages);
        let copying =
            if pages < WAL_PAGES_HARD_MAX { self.copier.state() } else { self.copier.ended() };
        match copying {
            Copying::Going => Ok(()),
            Copying::Done => self.checkpoint("PASSIVE").map(drop),
            Copying::Failed(error) => Err(error),
            Copying::Idle => self.begin_copying(pages),
        }
    }

    fn begin_copying(&mut self, pages: i64) -> rusqlite::Result<()> {
        if pages < WAL_PAGES_MAX {
            self.checkpoint_at_pages = WAL_PAGES_MAX;
        }
        if pages < self.checkpoint_at_pages {
            return Ok(());
        }
        self.checkpoint_at_pages = pages + WAL_PAGES_MAX;
        if pages < WAL_PAGES_HARD_MAX {
            self.copier.begin();
            return Ok(());
        }
        self.conn.busy_timeout(READERS_WAIT)?;
        self.checkpoint("RESTART")?;
        self.conn.busy_timeout(BUSY_TIMEOUT)
    }

    /// Runs a checkpoint; gives the pages in the write-ahead log. Readers may keep it from
    /// finishing, which is no error.
    fn checkpoint(&self, mode: &str) -> rusqlite::Result<i64> {
        copier::checkpoint(&self.conn, mode)
    }

    /// Leaves one file that holds everything; after a failure it leaves all files as they are.
    fn close(mut self) {
        self.copier.stop();
        if let Copying::Failed(error) = self.copier.state() {
            self.fail(&error);
        }
        let closed = if self.state.health() == Health::ReadOnly(ReadOnlyCause::DiskFailed) {
            self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)
        } else {
            self.checkpoint("TRUNCATE").map(drop)
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "the event log was not closed cleanly; nothing is lost");
        }
        self.tail.close();
    }
}

impl Chain {
    /// Stores an event and makes it the end of the chain.
    fn insert(
        &mut self,
        insert: &mut CachedStatement<'_>,
        stream: i64,
        event: &RecordedEvent,
    ) -> rusqlite::Result<()> {
        let layout = self.digester.lay_out(Content {
            position: event.position.0,
            stream: event.stream.as_str(),
            revision: event.revision.0,
            id: &event.id,
            event_type: &event.event_type,
            data: &event.data,
            metadata: &event.metadata,
        });
        let link = layout.link(&self.link);
        insert.execute((
            integer(event.position.0),
            stream,
            integer(event.revision.0),
            event.id.as_bytes(),
            layout.checksum(),
            link,
            &*event.event_type,
            &*event.data,
            &*event.metadata,
        ))?;
        self.position = event.position.0;
        self.link = link;
        Ok(())
    }
}

/// Lets those run who wait for this processor, as long as that brings more appends: what they
/// queue shares the sync. Where a processor is free it costs nothing and brings nothing. It is for
/// a crowd: a single writer would only wait behind whatever else the machine does.
fn gather(queue: &mut mpsc::Receiver<Message>, messages: &mut Vec<Message>) {
    loop {
        let before = messages.len();
        thread::yield_now();
        while messages.len() < GROUP_APPENDS_MAX
            && let Ok(message) = queue.try_recv()
        {
            messages.push(message);
        }
        if messages.len() == before || messages.len() >= GROUP_APPENDS_MAX {
            return;
        }
    }
}

/// How many of the waiting requests make the next group; at least one.
fn group_length(waiting: &[Request]) -> usize {
    let mut bytes = 0;
    let full = waiting.iter().position(|request| {
        bytes += request.events.iter().map(|e| e.data.len() + e.metadata.len()).sum::<usize>();
        bytes >= GROUP_BYTES_MAX
    });
    full.map_or(waiting.len(), |last| last + 1)
}

fn find_head(conn: &Connection, stream: &StreamName) -> rusqlite::Result<Option<Head>> {
    let head = |row: &rusqlite::Row<'_>| {
        let revision = Revision(row.get::<_, i64>(1)?.cast_unsigned());
        Ok(Head { stream: row.get(0)?, revision, group: 0 })
    };
    conn.prepare_cached(FIND_HEAD)?.query_row([stream.as_str()], head).optional()
}

fn insert_stream(
    conn: &Connection,
    streams: &Streams,
    stream: &StreamName,
) -> rusqlite::Result<i64> {
    streams.add(stream);
    conn.prepare_cached("INSERT INTO streams (name) VALUES (?1)")?.insert([stream.as_str()])
}

/// Answers an append whose expectation does not hold: a repetition when its events stand already
/// where they are to be appended, a conflict otherwise.
fn refuse(conn: &Connection, head: Option<Head>, request: &Request) -> rusqlite::Result<Answer> {
    let Request { stream, expected, events, .. } = request;
    let conflict = || AppendError::WrongRevision {
        stream: stream.clone(),
        expected: *expected,
        actual: head.map(|head| head.revision),
    };
    let Some(head) = head else {
        return Ok(Err(conflict()));
    };
    let first = expected.first();
    let last = Revision(first.0.saturating_add(events.len() as u64 - 1));
    if last > head.revision {
        return Ok(Err(conflict()));
    }
    let mut select = conn.prepare_cached(
        "SELECT id, position FROM events WHERE stream = ?1 AND revision BETWEEN ?2 AND ?3
         ORDER BY revision",
    )?;
    let mut rows = select.query([head.stream, integer(first.0), integer(last.0)])?;
    let mut position = Position(0);
    for event in events {
        let Some(row) = rows.next()? else {
            return Ok(Err(conflict()));
        };
        if row.get_ref(0)?.as_bytes().ok() != Some(event.id.as_bytes()) {
            return Ok(Err(conflict()));
        }
        position = Position(row.get::<_, i64>(1)?.cast_unsigned());
    }
    Ok(Ok(Appended { position, revision: last, repeated: true }))
}

fn accepted(verdicts: &[Verdict]) -> u64 {
    let new = |verdict: &&Verdict| verdict.answer.as_ref().is_ok_and(|new| !new.repeated);
    verdicts.iter().filter(new).count() as u64
}

/// Whoever asked may have gone; what was appended stays.
fn answer(reply: oneshot::Sender<Answer>, answer: Answer) {
    reply.send(answer).ok();
}

/// SQLite's errors cannot be cloned, but each append of a failed group gets one.
fn copy_of(error: &rusqlite::Error) -> rusqlite::Error {
    match error.sqlite_error() {
        Some(code) => rusqlite::Error::SqliteFailure(*code, Some(error.to_string())),
        None => rusqlite::Error::InvalidQuery,
    }
}
