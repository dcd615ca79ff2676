//! Snapshots of the views, so that a start reads the tail of the log only.
//!
//! A snapshot is a cache: it carries a version and the id of the event it stands at, and one that
//! is of another version, or of another log, is thrown away and the log is folded anew.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use event_log::{EventLog, Position};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::directory::Directory;
use crate::ledger::Ledger;
use crate::views::{Observer, Views};

/// The version of what a snapshot holds; raise it whenever a view changes.
const VERSION: u32 = 2;
const FILE_NAME: &str = "views.snapshot";

/// Where the views stand and what they hold.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// The last position that the views have seen.
    pub position: Position,
    /// The position up to which every reaction has been carried out.
    pub processed: Position,
    /// The ledger of commands.
    pub ledger: Ledger,
    /// The directory.
    pub directory: Directory,
}

#[derive(Serialize)]
struct Written<'a> {
    head: Head,
    ledger: &'a Ledger,
    directory: &'a Directory,
    observers: BTreeMap<&'static str, Box<RawValue>>,
}

#[derive(Deserialize)]
struct Read {
    head: Head,
    ledger: Ledger,
    directory: Directory,
    observers: BTreeMap<String, Box<RawValue>>,
}

#[derive(Deserialize)]
struct OnlyHead {
    head: Head,
}

#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    position: u64,
    processed: u64,
    event: Uuid,
}

/// The place of snapshots: one file in a folder.
#[derive(Debug, Clone)]
pub struct Snapshots {
    folder: PathBuf,
}

impl Snapshots {
    /// Snapshots in a folder that exists.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Throws the snapshot away; the next start folds the log anew.
    ///
    /// # Errors
    /// What the file system reports; `NotFound` when there is none.
    pub fn discard(&self) -> io::Result<()> {
        fs::remove_file(self.folder.join(FILE_NAME))
    }

    /// The newest snapshot of this log, or an empty one where there is none that can be used.
    /// The other views take back what it kept of them.
    pub(crate) async fn newest(
        &self,
        log: &dyn EventLog,
        observers: &mut [Box<dyn Observer>],
    ) -> Snapshot {
        match self.read(log, observers).await {
            Ok(Some(snapshot)) => snapshot,
            Ok(None) => Snapshot::default(),
            Err(error) => {
                tracing::warn!(%error, "the snapshot cannot be used; the log is folded anew");
                Snapshot::default()
            }
        }
    }

    async fn read(
        &self,
        log: &dyn EventLog,
        observers: &mut [Box<dyn Observer>],
    ) -> io::Result<Option<Snapshot>> {
        let bytes = match fs::read(self.folder.join(FILE_NAME)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // The head is read alone first: the rest of another version has another shape.
        let OnlyHead { head } = serde_json::from_slice(&bytes)?;
        if head.version != VERSION {
            return Ok(None);
        }
        let there = log.event_at(Position(head.position)).await.map_err(io::Error::other)?;
        if there.is_none_or(|event| event.id != head.event) {
            tracing::warn!("the snapshot is of another log; the log is folded anew");
            return Ok(None);
        }
        let Read { head, ledger, directory, observers: saved } = serde_json::from_slice(&bytes)?;
        if !observers.iter().all(|observer| saved.contains_key(observer.name())) {
            return Ok(None);
        }
        for observer in observers {
            if let Some(saved) = saved.get(observer.name()) {
                observer.load(saved)?;
            }
        }
        Ok(Some(Snapshot {
            position: Position(head.position),
            processed: Position(head.processed.min(head.position)),
            ledger,
            directory,
        }))
    }

    /// Writes a snapshot of the views: beside the old one, then in its place.
    pub(crate) fn write(&self, views: &Views, processed: Position) -> io::Result<()> {
        let bytes = {
            let (ledger, directory) = (views.ledger(), views.directory());
            let observers = views.observers();
            let saved = observers.iter().map(|observer| Ok((observer.name(), observer.save()?)));
            let observers = saved.collect::<serde_json::Result<_>>()?;
            let Some((position, event)) = views.last_seen() else { return Ok(()) };
            let (position, processed) = (position.0, processed.0);
            let head = Head { version: VERSION, position, processed, event };
            let (ledger, directory) = (&*ledger, &*directory);
            serde_json::to_vec(&Written { head, ledger, directory, observers })?
        };
        let temporary = self.folder.join(format!("{FILE_NAME}.new"));
        let mut file = fs::File::create(&temporary)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, self.folder.join(FILE_NAME))
    }
}
