//! Where keys lie: in a file of one machine, or in a folder that several machines share.
//!
//! A folder holds a file for each key, and nothing in it is ever changed in place by two: a key is
//! written beside its place and takes it with `link`, which fails for all but the first, also on a
//! network file system. An erased key's bytes are overwritten before its file becomes empty; an
//! empty file is what is left of it for ever.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::{KEY_BYTES, Slot, VaultError};

/// How long another process may keep the file.
const BUSY_MAX: Duration = Duration::from_secs(5);
/// The ending of what is being written, so that it is no key yet.
const UNFINISHED: &str = "new";
/// The folder of what is erased with its owner: a folder for each, with an empty file for each.
const OWNED: &str = "owned";

/// Keys by the names of their subjects.
pub(super) enum Keys {
    /// In a database, which one machine may open as often as it likes.
    Database(Connection),
    /// In a folder.
    Folder(PathBuf),
}

impl Keys {
    /// Keys in a folder where `path` is one, in a database otherwise.
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        Self::database(Connection::open(path)?)
    }

    pub fn database(connection: Connection) -> Result<Self, VaultError> {
        // Several replicas of one machine may share the file.
        connection.busy_timeout(BUSY_MAX)?;
        // A rollback journal and secure deletion: an erased key is overwritten in the file, and
        // lingers in no write-ahead log.
        connection.execute_batch(
            "PRAGMA journal_mode = DELETE;
             PRAGMA synchronous = FULL;
             PRAGMA secure_delete = ON;
             CREATE TABLE IF NOT EXISTS keys (
                 subject TEXT PRIMARY KEY,
                 key BLOB -- NULL: erased
             ) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS owners (
                 owner TEXT,
                 subject TEXT, -- erased with its owner
                 PRIMARY KEY (owner, subject)
             ) WITHOUT ROWID;",
        )?;
        Ok(Self::Database(connection))
    }

    /// The key of a subject; `None` when there never was one.
    pub fn find(&self, subject: &str) -> Result<Option<Slot>, VaultError> {
        let key: Vec<u8> = match self {
            Self::Database(connection) => {
                let stored: Option<Option<Vec<u8>>> = connection
                    .query_row("SELECT key FROM keys WHERE subject = ?1", [subject], |row| {
                        row.get(0)
                    })
                    .optional()?;
                match stored {
                    None => return Ok(None),
                    Some(key) => key.unwrap_or_default(),
                }
            }
            Self::Folder(folder) => match fs::read(place(folder, subject)) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error.into()),
            },
        };
        if key.is_empty() {
            return Ok(Some(Slot::Erased));
        }
        let key: [u8; KEY_BYTES] = key.try_into().map_err(|_| VaultError::Unreadable)?;
        // Overwritten by somebody who is erasing it at this moment.
        Ok(Some(if key == [0; KEY_BYTES] { Slot::Erased } else { Slot::Key(key) }))
    }

    /// Keeps a key, durably, unless the subject has one or was erased.
    pub fn add(&self, subject: &str, key: Option<&[u8; KEY_BYTES]>) -> Result<(), VaultError> {
        match self {
            Self::Database(connection) => {
                connection.execute(
                    "INSERT INTO keys (subject, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    (subject, key.map(<[u8; KEY_BYTES]>::as_slice)),
                )?;
            }
            Self::Folder(folder) => {
                let place = place(folder, subject);
                let parent = place.parent().unwrap_or(folder);
                fs::create_dir_all(parent)?;
                let name = format!("{}.{UNFINISHED}", unique()?);
                let beside = parent.join(name);
                let written = write_new(&beside, key.map_or(&[], <[u8; KEY_BYTES]>::as_slice))
                    .and_then(|()| fs::hard_link(&beside, &place));
                fs::remove_file(&beside)?;
                match written {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error.into());
                    }
                    Ok(()) | Err(_) => File::open(parent)?.sync_all()?,
                }
            }
        }
        Ok(())
    }

    /// Deletes a subject's key for good, and those of what is bound to it.
    pub fn erase(&self, subject: &str) -> Result<(), VaultError> {
        match self {
            Self::Database(connection) => {
                let transaction = connection.unchecked_transaction()?;
                transaction.execute(
                    "INSERT INTO keys (subject, key) VALUES (?1, NULL)
                     ON CONFLICT (subject) DO UPDATE SET key = NULL",
                    [subject],
                )?;
                transaction.execute(
                    "UPDATE keys SET key = NULL
                     WHERE subject IN (SELECT subject FROM owners WHERE owner = ?1)",
                    [subject],
                )?;
                transaction.commit()?;
            }
            Self::Folder(folder) => {
                self.erase_file(folder, subject)?;
                for bound in names_in(&folder.join(OWNED).join(subject))? {
                    self.erase_file(folder, &bound)?;
                }
            }
        }
        Ok(())
    }

    fn erase_file(&self, folder: &Path, subject: &str) -> Result<(), VaultError> {
        // Where there is none an empty one takes the place, so that none comes later.
        self.add(subject, None)?;
        let mut file = OpenOptions::new().read(true).write(true).open(place(folder, subject))?;
        let mut bytes = vec![];
        file.read_to_end(&mut bytes)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&vec![0; bytes.len()])?;
        file.sync_all()?;
        file.set_len(0)?;
        file.sync_all()?;
        Ok(())
    }

    /// Has a subject erased with its owner.
    pub fn bind(&self, subject: &str, owner: &str) -> Result<(), VaultError> {
        match self {
            Self::Database(connection) => {
                connection.execute(
                    "INSERT INTO owners (subject, owner) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    [subject, owner],
                )?;
            }
            Self::Folder(folder) => {
                let owned = folder.join(OWNED).join(owner);
                fs::create_dir_all(&owned)?;
                File::create(owned.join(subject))?.sync_all()?;
                File::open(&owned)?.sync_all()?;
            }
        }
        Ok(())
    }

    /// Every subject that is bound, with its owner, to be copied.
    pub fn bound(&self) -> Result<Vec<(String, String)>, VaultError> {
        match self {
            Self::Database(connection) => {
                let mut select = connection.prepare("SELECT subject, owner FROM owners")?;
                let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            }
            Self::Folder(folder) => {
                let mut bound = vec![];
                for owner in names_in(&folder.join(OWNED))? {
                    let subjects = names_in(&folder.join(OWNED).join(&owner))?;
                    bound.extend(subjects.into_iter().map(|subject| (subject, owner.clone())));
                }
                Ok(bound)
            }
        }
    }

    /// Every subject with its key, to be copied.
    pub fn all(&self) -> Result<Vec<(String, Slot)>, VaultError> {
        let subjects: Vec<String> = match self {
            Self::Database(connection) => {
                let mut select = connection.prepare("SELECT subject FROM keys ORDER BY subject")?;
                let rows = select.query_map([], |row| row.get(0))?;
                rows.collect::<Result<_, _>>()?
            }
            Self::Folder(folder) => {
                let mut subjects = vec![];
                for shelf in names_in(folder)?.into_iter().filter(|name| name.len() == 2) {
                    let names = names_in(&folder.join(shelf))?;
                    subjects.extend(
                        names.into_iter().filter(|name| !name.ends_with(&format!(".{UNFINISHED}"))),
                    );
                }
                subjects.sort();
                subjects
            }
        };
        let found = subjects.into_iter().map(|subject| {
            let slot = self.find(&subject)?.ok_or(VaultError::Unreadable)?;
            Ok((subject, slot))
        });
        found.collect()
    }
}

/// The names of what lies in a folder; none where there is no folder.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(error),
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// The file of a subject's key. A subject's name is made of letters, digits, `-` and `.` only; 256
/// shelves keep each folder small.
fn place(folder: &Path, subject: &str) -> PathBuf {
    let shelf = blake3::hash(subject.as_bytes()).as_bytes()[0];
    folder.join(format!("{shelf:02x}")).join(subject)
}

fn unique() -> Result<Uuid, VaultError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::Randomness)?;
    Ok(Uuid::from_bytes(bytes))
}

/// Writes a file that only its owner may read.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
