//! Copies of a log file that are logs themselves.
//!
//! The log only grows, so a copy of its events up to a position is consistent whatever is appended
//! meanwhile, and no lock is held that would keep the write-ahead log from being worked off. Every
//! event is verified on its way: a backup of a damaged log is none.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use rusqlite::{Connection, OpenFlags};

use super::{
    open::{self, OpenError, beside},
    reader::Reader,
    row::{Stored, integer},
    verify::{Checker, FileError, Verification},
    writer::INSERT_EVENT,
};
use crate::progress::{Progress, Watcher};

/// Makes a copy of the log at `log` in the new file `copy`, also while the log is served. Blocks.
///
/// # Errors
/// [`FileError`]; then there is no file `copy`.
pub fn backup(log: &Path, copy: &Path, watcher: Watcher<'_>) -> Result<Verification, FileError> {
    if copy.exists() {
        return Err(FileError::Exists { path: copy.into() });
    }
    let partial = beside(copy, ".partial");
    let verification = copy_file(log, &partial, watcher)?;
    rename(&partial, copy)?;
    Ok(verification)
}

/// Puts a copy of the backup at `backup` in place of the log at `log`, after verifying it. A log
/// that is there already is kept unless `replace` says otherwise. Blocks.
///
/// # Errors
/// [`FileError`]; then the log at `log` is what it was.
pub fn restore(
    backup: &Path,
    log: &Path,
    replace: bool,
    watcher: Watcher<'_>,
) -> Result<Verification, FileError> {
    if log.exists() && !replace {
        return Err(FileError::Exists { path: log.into() });
    }
    let _lock = open::lock(log)?;
    let partial = beside(log, ".partial");
    let verification = copy_file(backup, &partial, watcher)?;
    // A write-ahead log that stayed would be taken for that of the restored file. Worked off first,
    // it leaves the old log whole if this is killed before the last step.
    if let Ok(old) = Connection::open(log) {
        drop(old.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    for suffix in ["-wal", "-shm"] {
        remove(&beside(log, suffix))?;
    }
    rename(&partial, log)?;
    Ok(verification)
}

/// Copies and verifies; leaves nothing behind when that fails.
fn copy_file(from: &Path, to: &Path, watcher: Watcher<'_>) -> Result<Verification, FileError> {
    remove(to)?;
    let copied = copy_events(from, to, watcher);
    if copied.is_err() {
        remove(to)?;
    }
    copied
}

fn copy_events(from: &Path, to: &Path, watcher: Watcher<'_>) -> Result<Verification, FileError> {
    let mut reader = Reader::open(from)?;
    let total = reader.head()?;
    let conn = new_file(to)?;
    let mut checker = Checker::default();
    loop {
        conn.execute_batch("BEGIN")?;
        let done = reader.visit(checker.position(), total, |stored, stream, position| {
            checker.event(stored, stream, position);
            match (checker.problem(), stored, stream) {
                (None, Some(stored), Some(stream)) => insert(&conn, stored, stream),
                (Some(problem), ..) => Err(FileError::Damaged(problem.clone())),
                // Never: an event that cannot be read is a problem.
                (None, ..) => Ok(()),
            }
        })?;
        conn.execute_batch("COMMIT")?;
        let Some(done) = done else { break };
        if watcher(Progress { done, total }).is_break() {
            return Err(FileError::Interrupted);
        }
    }
    drop(conn);
    let streams = checker.streams(&mut Reader::open(to)?, total, watcher)?;
    if let Some(problem) = checker.problem() {
        return Err(FileError::Damaged(problem.clone()));
    }
    let io = |source| FileError::Io { path: to.into(), source };
    File::open(to).and_then(|file| file.sync_all()).map_err(io)?;
    Ok(checker.finish(streams))
}

/// Makes an empty log without a journal: it is synced as a whole at the end, or thrown away.
fn new_file(path: &Path) -> Result<Connection, FileError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let make = || {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        open::create(&conn)?;
        Ok(conn)
    };
    make().map_err(|source| FileError::Open(OpenError::Database { path: path.into(), source }))
}

fn insert(conn: &Connection, stored: &Stored<'_>, stream: &str) -> Result<(), FileError> {
    if stored.revision == 0 {
        conn.prepare_cached("INSERT INTO streams (id, name) VALUES (?1, ?2)")?
            .execute((stored.stream, stream))?;
    }
    conn.prepare_cached(INSERT_EVENT)?.execute((
        integer(stored.position),
        stored.stream,
        integer(stored.revision),
        stored.id.as_bytes(),
        stored.checksum,
        stored.link,
        stored.event_type,
        stored.data,
        stored.metadata,
    ))?;
    Ok(())
}

/// Renames a file, for good.
fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    let io = |source| FileError::Io { path: to.into(), source };
    fs::rename(from, to).map_err(io)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(io)
}

fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FileError::Io { path: path.into(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
