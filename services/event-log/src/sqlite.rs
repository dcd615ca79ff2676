//! The embedded log: one SQLite file, one writer thread, readers on their own connections.
//!
//! **Nothing is answered or delivered before it is synced**, and **nobody but the writer thread
//! writes**. Appends that arrive while a sync runs share the next one.

mod ahead;
mod backup;
mod copier;
mod digest;
mod file;
mod heads;
mod open;
mod reader;
mod row;
mod streams;
mod subscription;
mod tail;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

pub use self::{
    backup::{backup, restore},
    file::LogFile,
    open::OpenError,
    verify::{FileError, PROBLEMS_MAX, Problem, Verification, verify},
};
use self::{
    copier::Copier,
    reader::Readers,
    streams::Streams,
    subscription::SqliteSubscription,
    tail::Tail,
    writer::{Message, QUEUE_APPENDS_MAX, Request, State, Writer},
};
use crate::{
    AppendError, Appended, Direction, EventLog, Expected, Health, LogError, NewEvent, Position,
    ReadOnlyCause, RecordedEvent, Revision, StreamName, Subscription, check_append,
};

/// How a log is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// When an append counts as durable.
    pub durability: Durability,
    /// The most pages (of 4 KiB) the file may have; a log that reaches them says that the disk is
    /// full. `None` leaves it to the disk.
    pub pages_max: Option<u32>,
}

/// When an append counts as durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When it is synced to the disk: it survives lost power.
    #[default]
    Synced,
    /// When the system has it: it survives a killed process, not lost power; closing the log syncs
    /// all of it. For the destination of a copy or an import, which is begun again after lost
    /// power, and for tests, which must see it fail where `Synced` passes.
    Handed,
}

/// Counts since the log was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Appends that stored something.
    pub appends: u64,
    /// Events stored.
    pub events: u64,
    /// Transactions, each with one sync.
    pub commits: u64,
}

/// An event log in one SQLite file.
///
/// Dropping it finishes the appends that are queued, as [`SqliteLog::close`] does.
pub struct SqliteLog {
    queue: mpsc::Sender<Message>,
    /// A place in the queue that is always free for the word to stop.
    stop: Mutex<Option<mpsc::OwnedPermit<Message>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Arc<Readers>,
    streams: Arc<Streams>,
    tail: Arc<Tail>,
    state: Arc<State>,
    path: PathBuf,
}

impl SqliteLog {
    /// Opens the log at `path`, or makes one when there is no file. Blocks; call it at start.
    ///
    /// # Errors
    /// [`OpenError`] says whether somebody else serves it, whether it is no log, and so on. Such a
    /// file is not touched.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let path = real_path(path)?;
        let database = |source| OpenError::Database { path: path.clone(), source };
        let (conn, lock) = open::open_writer(&path, &options)?;
        let state = Arc::new(State::default());
        let copier = Copier::start(open::open_copier(&path, &options)?)
            .map_err(|source| OpenError::Io { path: path.clone(), source })?;
        let writer = Writer::new(&path, conn, copier, Arc::clone(&state)).map_err(database)?;
        writer.settle().map_err(database)?;
        let (tail, streams) = (writer.tail(), writer.streams());
        let readers = Arc::new(Readers::open(&path)?);
        let (queue, requests) = mpsc::channel(QUEUE_APPENDS_MAX + 1);
        let stop = queue.clone().try_reserve_owned().ok();
        let run = move || {
            writer.run(requests);
            // Held to here, so that nobody opens the file before its writer has closed it.
            drop(lock);
        };
        let writer = thread::Builder::new()
            .name("event-log".to_owned())
            .spawn(run)
            .map_err(|source| OpenError::Io { path: path.clone(), source })?;
        Ok(Self {
            queue,
            stop: Mutex::new(stop),
            writer: Mutex::new(Some(writer)),
            readers,
            streams,
            tail,
            state,
            path,
        })
    }

    /// The file of the log.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Counts since the log was opened.
    pub fn stats(&self) -> Stats {
        self.state.stats()
    }

    /// Takes no more appends, finishes those that are queued, and leaves one whole file. Reads and
    /// subscriptions end with [`LogError::Closed`]. Blocks until it is done; may be called again.
    pub fn close(&self) {
        if let Some(stop) = lock(&self.stop).take() {
            stop.send(Message::Stop);
        }
        self.readers.close();
        let writer = lock(&self.writer).take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the writer of the event log died; nothing acknowledged is lost");
        }
        self.tail.close();
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        self.close();
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        check_append(&events)?;
        if self.health() == Health::ReadOnly(ReadOnlyCause::DiskFailed) {
            return Err(AppendError::ReadOnly(ReadOnlyCause::DiskFailed));
        }
        let closed = || AppendError::OutcomeUnknown(LogError::Closed);
        let (reply, answer) = oneshot::channel();
        let request = Request { stream: stream.clone(), expected, events, reply };
        self.queue.send(Message::Append(request)).await.map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Option<Revision>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        if self.streams.is_new(stream) && !self.readers.is_closed() {
            return Ok(vec![]);
        }
        let stream = stream.clone();
        let readers = Arc::clone(&self.readers);
        readers.read(move |reader| reader.stream(&stream, from, direction, limit)).await
    }

    async fn read_all(
        &self,
        from: Option<Position>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let readers = Arc::clone(&self.readers);
        readers.read(move |reader| reader.all(from, direction, limit)).await
    }

    fn subscribe(&self, after: Option<Position>) -> Box<dyn Subscription> {
        let (readers, tail) = (Arc::clone(&self.readers), Arc::clone(&self.tail));
        Box::new(SqliteSubscription::new(readers, tail, after.map_or(0, |after| after.0)))
    }

    async fn head(&self) -> Result<Option<Position>, LogError> {
        Ok(Some(Position(self.tail.head())).filter(|head| head.0 > 0))
    }

    fn health(&self) -> Health {
        self.state.health()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path without links, so that two names of one file share one lock.
fn real_path(path: &Path) -> Result<PathBuf, OpenError> {
    let io = |source| OpenError::Io { path: path.into(), source };
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            fs::create_dir_all(folder).map_err(io)?;
            let name = path.file_name().ok_or_else(|| io(error))?;
            Ok(folder.canonicalize().map_err(io)?.join(name))
        }
        Err(error) => Err(io(error)),
    }
}

impl Durability {
    fn pragma(self) -> &'static str {
        match self {
            Self::Synced => "FULL",
            Self::Handed => "NORMAL",
        }
    }

    /// What SQLite answers when it is set.
    fn effective(self) -> &'static str {
        match self {
            Self::Synced => "2",
            Self::Handed => "1",
        }
    }
}
