//! The data folder: the event log, the keys, the snapshots.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use event_log::SqliteLog;
use event_log::sqlite::{OpenError, Options};
use runtime::snapshot::Snapshots;
use runtime::vault::{Vault, VaultError};

/// The files of a data folder.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub folder: PathBuf,
    pub log: PathBuf,
    pub keys: PathBuf,
}

/// A data folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The folder cannot be made.
    #[error("the data folder {} cannot be made", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// The keys cannot be opened.
    #[error("the keys of personal data in {} cannot be opened", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// Why.
        source: VaultError,
    },
}

/// An open data folder.
pub(crate) struct Data {
    pub log: Arc<SqliteLog>,
    pub vault: Arc<Vault>,
    pub snapshots: Snapshots,
}

impl Files {
    /// The files of a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            log: folder.join("events.db"),
            keys: folder.join("keys.db"),
        }
    }

    /// Makes the folder where there is none.
    pub(crate) fn make_folder(&self) -> Result<(), DataError> {
        fs::create_dir_all(&self.folder)
            .map_err(|source| DataError::Folder { path: self.folder.clone(), source })
    }

    /// Opens the folder's log alone.
    pub(crate) fn open_log(&self) -> Result<SqliteLog, DataError> {
        self.make_folder()?;
        Ok(SqliteLog::open(&self.log, Options::default())?)
    }

    /// Opens everything.
    pub(crate) fn open(&self) -> Result<Data, DataError> {
        let log = Arc::new(self.open_log()?);
        let vault = Vault::open(&self.keys)
            .map_err(|source| DataError::Keys { path: self.keys.clone(), source })?;
        let snapshots = Snapshots::in_folder(&self.folder);
        Ok(Data { log, vault: Arc::new(vault), snapshots })
    }
}
