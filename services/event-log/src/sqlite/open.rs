//! Opening the file: is it a log of ours, is nobody else at it, and does SQLite do what is asked.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Options;

/// Stands in the header of every log file: "LMLG".
pub(super) const APPLICATION_ID: i64 = 0x4C4D_4C47;
/// The version of the tables. A newer one is refused, an older one would be converted here.
pub(super) const FORMAT_VERSION: i64 = 1;
/// Older SQLite can lose commits in WAL mode when it has two connections or more.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// How long a connection waits for a lock of another one, for instance during recovery.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The writer keeps the pages in memory that its index inserts touch.
const WRITER_CACHE_KIBIBYTES: &str = "-65536";
const READER_CACHE_KIBIBYTES: &str = "-4096";
/// The smallest page of SQLite.
const DATABASE_BYTES_MIN: u64 = 512;

/// `position` counts 1, 2, 3 without gaps. `events_by_stream` finds a stream and lets nobody take
/// the same revision twice. There is no index on event ids: they are random keys, and each event
/// would touch one more page. The view is for people with the `sqlite3` tool.
const SCHEMA: &str = "
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    id BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    link BLOB NOT NULL,
    type TEXT NOT NULL,
    data BLOB NOT NULL,
    metadata BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
CREATE VIEW log AS
    SELECT position, name AS stream, revision, type, CAST(data AS TEXT) AS data,
           CAST(metadata AS TEXT) AS metadata, hex(events.id) AS id, hex(link) AS link
    FROM events JOIN streams ON streams.id = events.stream
    ORDER BY position;
";

/// A log that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The linked SQLite can lose commits.
    #[error("SQLite {found} can lose commits; 3.51.3 or newer is needed")]
    SqliteTooOld {
        /// The version of the linked SQLite.
        found: &'static str,
    },
    /// Another process serves this log.
    #[error("the event log {} is in use by another process; stop that one first", path.display())]
    InUse {
        /// The file of the log.
        path: PathBuf,
    },
    /// There is something else at this path, and it was not touched.
    #[error("{} is not an event log; choose another path", path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
    },
    /// There is no file.
    #[error("there is no event log at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The log was written by a newer version of this program.
    #[error(
        "the event log {} has format {found}, this program knows {FORMAT_VERSION}; use a newer one",
        path.display()
    )]
    NewerFormat {
        /// The file of the log.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// SQLite does not do what durability needs, for instance because of the file system.
    #[error("SQLite runs with {name} = {effective} where {wanted} is needed")]
    Pragma {
        /// The name of the setting.
        name: &'static str,
        /// What was asked for.
        wanted: String,
        /// What it is.
        effective: String,
    },
    /// A file next to the log could not be made.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database could not be opened.
    #[error("cannot open the event log {}", path.display())]
    Database {
        /// The file of the log.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

/// Opens the file for the one writer, makes the tables when it is new, and holds it against other
/// processes as long as the returned lock lives.
pub(super) fn open_writer(path: &Path, options: &Options) -> Result<(Connection, File), OpenError> {
    check_version()?;
    let lock = lock(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = connect(path, flags)?;
    let database = |source| OpenError::Database { path: path.into(), source };
    let new = is_new(&conn, path)?;
    set(&conn, WRITER_PRAGMAS)?;
    set(&conn, &synchronous(options))?;
    if let Some(pages) = options.pages_max {
        // Read back by nobody: SQLite raises it to the present size of a file that is larger.
        conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .map_err(database)?;
    }
    if new {
        create(&conn).map_err(database)?;
    }
    Ok((conn, lock))
}

/// Opens the file for reading only, also while another process writes.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    check_version()?;
    if !path.exists() {
        return Err(OpenError::Missing { path: path.into() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = connect(path, flags)?;
    if is_new(&conn, path)? {
        return Err(OpenError::NotALog { path: path.into() });
    }
    set(&conn, READER_PRAGMAS)?;
    Ok(conn)
}

/// Opens the file for copying the write-ahead log into it, which a connection that may only query
/// can do too.
pub(super) fn open_copier(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    let conn = open_reader(path)?;
    set(&conn, &[("wal_autocheckpoint", "0", "0")])?;
    set(&conn, &synchronous(options))?;
    Ok(conn)
}

fn synchronous(options: &Options) -> [Pragma; 1] {
    [("synchronous", options.durability.pragma(), options.durability.effective())]
}

/// A pragma with the value to set and the value to read back.
type Pragma = (&'static str, &'static str, &'static str);
/// Several of them.
type Pragmas = &'static [Pragma];

const WRITER_PRAGMAS: Pragmas = &[
    // A commit is one sequential write and one sync, and readers never wait.
    ("journal_mode", "WAL", "wal"),
    // The writer checkpoints between groups, where an error is seen; SQLite hides it.
    ("wal_autocheckpoint", "0", "0"),
    ("locking_mode", "NORMAL", "normal"),
    ("cell_size_check", "ON", "1"),
    ("trusted_schema", "OFF", "0"),
    ("temp_store", "MEMORY", "2"),
    ("cache_size", WRITER_CACHE_KIBIBYTES, WRITER_CACHE_KIBIBYTES),
];

/// A reader that cannot write cannot do harm. It is not opened read-only, because only a writer
/// may recover the write-ahead log of a process that was killed.
const READER_PRAGMAS: Pragmas = &[
    ("query_only", "ON", "1"),
    ("cell_size_check", "ON", "1"),
    ("trusted_schema", "OFF", "0"),
    ("cache_size", READER_CACHE_KIBIBYTES, READER_CACHE_KIBIBYTES),
];

fn set(conn: &Connection, pragmas: &[Pragma]) -> Result<(), OpenError> {
    let text = |row: &rusqlite::Row<'_>| {
        row.get_ref(0).map(|value| match value {
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            rusqlite::types::ValueRef::Null
            | rusqlite::types::ValueRef::Real(_)
            | rusqlite::types::ValueRef::Blob(_) => String::new(),
        })
    };
    for &(name, value, wanted) in pragmas {
        let effective = conn
            .execute_batch(&format!("PRAGMA {name} = {value}"))
            .and_then(|()| conn.pragma_query_value(None, name, text))
            .map_err(|source| OpenError::Database { path: path_of(conn), source })?;
        if effective != wanted {
            let wanted = wanted.to_owned();
            return Err(OpenError::Pragma { name, wanted, effective });
        }
    }
    Ok(())
}

fn check_version() -> Result<(), OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::SqliteTooOld { found: rusqlite::version() });
    }
    Ok(())
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    // SQLite takes a file shorter than a page for an empty one, and would write over it.
    if path.metadata().is_ok_and(|file| (1..DATABASE_BYTES_MIN).contains(&file.len())) {
        return Err(OpenError::NotALog { path: path.into() });
    }
    let database = |source| OpenError::Database { path: path.into(), source };
    let conn = Connection::open_with_flags(path, flags).map_err(database)?;
    conn.busy_timeout(BUSY_TIMEOUT).map_err(database)?;
    Ok(conn)
}

/// Tells a file without anything in it from a log. Changes nothing, whatever the file is.
fn is_new(conn: &Connection, path: &Path) -> Result<bool, OpenError> {
    let number = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let header = || -> rusqlite::Result<(i64, i64, i64)> {
        let tables = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((number("application_id")?, number("user_version")?, tables))
    };
    match header() {
        Ok((0, 0, 0)) => Ok(true),
        Ok((APPLICATION_ID, FORMAT_VERSION, _)) => Ok(false),
        Ok((APPLICATION_ID, found, _)) if found > FORMAT_VERSION => {
            Err(OpenError::NewerFormat { path: path.into(), found })
        }
        Ok(_) => Err(OpenError::NotALog { path: path.into() }),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(OpenError::NotALog { path: path.into() })
        }
        Err(source) => Err(OpenError::Database { path: path.into(), source }),
    }
}

/// Makes the tables, all or nothing.
pub(super) fn create(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         {SCHEMA}
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {FORMAT_VERSION};
         COMMIT;"
    ))
}

/// Takes the lock that keeps a second process away. The system gives it back when this process
/// ends, however it ends. It is a file of its own, because closing any handle of the database file
/// would drop SQLite's own locks.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let lock_path = beside(path, ".lock");
    let io = |source| OpenError::Io { path: lock_path.clone(), source };
    let file =
        File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.into() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

/// The path of a file that belongs to the log: its own path with something after it.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn path_of(conn: &Connection) -> PathBuf {
    conn.path().unwrap_or_default().into()
}
