//! Copies the write-ahead log into the file on a thread and a connection of its own. Appends go on
//! meanwhile: copying takes no lock that the writer needs.

use std::io;
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, ErrorCode};

/// How far it is with copying.
pub(super) enum Copying {
    /// Nobody asked.
    Idle,
    /// It copies.
    Going,
    /// It has copied what there was when it began, or had no space to.
    Done,
    /// The disk failed.
    Failed(rusqlite::Error),
}

/// The thread that copies.
pub(super) struct Copier {
    begin: Option<SyncSender<()>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What both threads see.
struct Shared {
    copying: Mutex<Copying>,
    ended: Condvar,
}

impl Copier {
    /// Starts the thread; it waits until it is asked to copy.
    pub fn start(conn: Connection) -> io::Result<Self> {
        let (begin, asked) = sync_channel(1);
        let shared = Arc::new(Shared { copying: Mutex::new(Copying::Idle), ended: Condvar::new() });
        let told = Arc::clone(&shared);
        let run = move || copy_when_asked(&conn, &asked, &told);
        let thread = thread::Builder::new().name("event-log-copy".to_owned()).spawn(run)?;
        Ok(Self { begin: Some(begin), shared, thread: Some(thread) })
    }

    /// Asks it to copy.
    pub fn begin(&self) {
        let Some(begin) = &self.begin else { return };
        *self.shared.copying() = Copying::Going;
        // It is asked only when it is idle, so there is room, unless its thread has died.
        if begin.try_send(()).is_err() {
            self.shared.end(Copying::Done);
        }
    }

    /// How far it is. What has ended is told once.
    pub fn state(&self) -> Copying {
        take(&mut self.shared.copying())
    }

    /// How far it is when it has ended; waits for that.
    pub fn ended(&self) -> Copying {
        let going = |copying: &mut Copying| matches!(copying, Copying::Going);
        let ended = self.shared.ended.wait_while(self.shared.copying(), going);
        take(&mut ended.unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until it has copied what it began, and ends it.
    pub fn stop(&mut self) {
        self.begin = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the copier of the event log died; nothing is lost");
        }
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn copying(&self) -> MutexGuard<'_, Copying> {
        self.copying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, ended: Copying) {
        *self.copying() = ended;
        self.ended.notify_all();
    }
}

/// However its thread ends, nobody waits for it afterwards: without it the writer copies all.
struct LastWord<'a>(&'a Shared);

impl Drop for LastWord<'_> {
    fn drop(&mut self) {
        let mut copying = self.0.copying();
        if matches!(*copying, Copying::Going) {
            *copying = Copying::Done;
            self.0.ended.notify_all();
        }
    }
}

/// What has ended is told once.
fn take(copying: &mut Copying) -> Copying {
    match copying {
        Copying::Going => Copying::Going,
        Copying::Idle | Copying::Done | Copying::Failed(_) => mem::replace(copying, Copying::Idle),
    }
}

fn copy_when_asked(conn: &Connection, asked: &Receiver<()>, shared: &Shared) {
    let _last_word = LastWord(shared);
    while let Ok(()) = asked.recv() {
        let ended = match checkpoint(conn, "PASSIVE") {
            // What is durable in the write-ahead log stays there until there is space.
            Err(error) if error.sqlite_error_code() != Some(ErrorCode::DiskFull) => {
                Copying::Failed(error)
            }
            Ok(_) | Err(_) => Copying::Done,
        };
        shared.end(ended);
    }
}

/// Runs a checkpoint; gives the pages in the write-ahead log. Readers may keep it from finishing,
/// which is no error.
pub(super) fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<i64> {
    conn.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?.query_row([], |row| row.get(1))
}
