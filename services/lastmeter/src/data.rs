//! The data folder: the event log, the keys, the pictures, the snapshots.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use event_log::kurrent::{Config, KurrentLog, Secret};
use event_log::sqlite::{OpenError, Options};
use event_log::{EventLog, LogError, SqliteLog};
use runtime::photos::{Photos, PhotosError};
use runtime::snapshot::Snapshots;
use runtime::vault::{Vault, VaultError};

use crate::cli::Cluster;

/// The password of the cluster's user, where no file holds it.
const PASSWORD_VARIABLE: &str = "LASTMETER_EVENT_LOG_PASSWORD";

/// The files of a data folder.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub folder: PathBuf,
    pub log: PathBuf,
    pub keys: PathBuf,
    pub photos: PathBuf,
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
    /// The password of the cluster cannot be read.
    #[error("the password of the event log in {} cannot be read", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The cluster cannot be reached.
    #[error("the cluster of the event log cannot be reached")]
    Cluster(#[source] LogError),
    /// The keys cannot be opened.
    #[error("the keys of personal data in {} cannot be opened", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// Why.
        source: VaultError,
    },
    /// The pictures cannot be opened.
    #[error("the pictures in {} cannot be opened", path.display())]
    Photos {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PhotosError,
    },
}

/// An open event log.
pub(crate) enum Log {
    /// In a file of this machine.
    Embedded(Arc<SqliteLog>),
    /// On a cluster.
    Cluster(Arc<KurrentLog>),
}

impl Log {
    /// Connects to a cluster.
    pub(crate) async fn on_cluster(url: &str, cluster: &Cluster) -> Result<Self, DataError> {
        let password = match &cluster.event_log_password_file {
            Some(path) => {
                let text = fs::read_to_string(path);
                let failed = |source| DataError::Password { path: path.clone(), source };
                Some(text.map_err(failed)?.trim_end_matches(['\r', '\n']).to_owned())
            }
            None => std::env::var(PASSWORD_VARIABLE).ok(),
        };
        let user = cluster.event_log_user.clone().zip(password.map(Secret::new));
        let config = Config {
            user,
            ca_file: cluster.event_log_ca_file.clone(),
            prefix: cluster.event_log_prefix.clone(),
            ..Config::new(url)
        };
        Ok(Self::Cluster(Arc::new(KurrentLog::connect(config).await.map_err(DataError::Cluster)?)))
    }

    /// The log, whichever it is.
    pub(crate) fn shared(&self) -> Arc<dyn EventLog> {
        match self {
            Self::Embedded(log) => Arc::clone(log) as Arc<dyn EventLog>,
            Self::Cluster(log) => Arc::clone(log) as Arc<dyn EventLog>,
        }
    }

    /// Finishes what is queued.
    pub(crate) fn close(&self) {
        match self {
            Self::Embedded(log) => log.close(),
            // What the cluster has acknowledged is durable; nothing is queued here.
            Self::Cluster(_) => {}
        }
    }
}

/// An open data folder.
pub(crate) struct Data {
    pub log: Arc<SqliteLog>,
    pub vault: Arc<Vault>,
    pub photos: Arc<Photos>,
    pub snapshots: Snapshots,
}

impl Files {
    /// The files of a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            log: folder.join("events.db"),
            keys: folder.join("keys.db"),
            photos: folder.join("photos.db"),
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
        let vault = self.open_vault()?;
        let photos = self.open_photos()?;
        let snapshots = Snapshots::in_folder(&self.folder);
        Ok(Data { log, vault, photos, snapshots })
    }

    /// Opens the pictures alone.
    pub(crate) fn open_photos(&self) -> Result<Arc<Photos>, DataError> {
        let photos = Photos::open(&self.photos)
            .map_err(|source| DataError::Photos { path: self.photos.clone(), source })?;
        Ok(Arc::new(photos))
    }

    /// Opens the keys alone.
    pub(crate) fn open_vault(&self) -> Result<Arc<Vault>, DataError> {
        let vault = Vault::open(&self.keys)
            .map_err(|source| DataError::Keys { path: self.keys.clone(), source })?;
        Ok(Arc::new(vault))
    }
}
