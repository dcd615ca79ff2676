//! Where hooks and their positions are kept: one small file, replaced as a whole.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::hook::Hook;
use super::{Shared, WebhooksError, lock};

/// How long a position may be ahead of the file; what lies between is sent again after a crash.
const KEPT_WITHIN: Duration = Duration::from_secs(1);
/// Only its owner reads it: it holds secrets.
const FILE_MODE: u32 = 0o600;

/// The file.
#[derive(Debug, Default)]
pub(super) struct Store {
    path: Option<PathBuf>,
    /// One writes at a time.
    writing: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u16,
    hooks: Vec<Hook>,
}

impl Store {
    pub(super) fn at(path: Option<PathBuf>) -> Self {
        Self { path, writing: Mutex::default() }
    }

    pub(super) fn read(&self) -> Result<BTreeMap<Uuid, Hook>, WebhooksError> {
        let Some(path) = &self.path else { return Ok(BTreeMap::new()) };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(source) => return Err(WebhooksError::Read { path: path.clone(), source }),
        };
        let kept: Kept = serde_json::from_slice(&bytes)
            .map_err(|source| WebhooksError::Shape { path: path.clone(), source })?;
        Ok(kept.hooks.into_iter().map(|hook| (hook.id, hook)).collect())
    }

    /// Keeps the hooks; what cannot be kept is told in the log, and sent again after a restart.
    pub(super) fn write(&self, hooks: &BTreeMap<Uuid, Hook>) {
        let Some(path) = &self.path else { return };
        let _writing = lock(&self.writing);
        if let Err(error) = replace(path, hooks) {
            tracing::error!(%error, path = %path.display(), "the webhooks cannot be kept");
        }
    }
}

fn replace(path: &Path, hooks: &BTreeMap<Uuid, Hook>) -> io::Result<()> {
    let kept = Kept { version: 1, hooks: hooks.values().cloned().collect() };
    let bytes = serde_json::to_vec_pretty(&kept)?;
    let new = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&new)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Keeps what has changed, until the hooks are gone.
pub(super) async fn keep(shared: Weak<Shared>) {
    loop {
        {
            let Some(shared) = shared.upgrade() else { return };
            shared.changed.notified().await;
        }
        tokio::time::sleep(KEPT_WITHIN).await;
        let Some(shared) = shared.upgrade() else { return };
        let hooks = lock(&shared.hooks).clone();
        let write = move || shared.store.write(&hooks);
        if tokio::task::spawn_blocking(write).await.is_err() {
            tracing::error!("the webhooks could not be written");
        }
    }
}
