//! Copies of a data folder: its log, its keys and its pictures, whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use event_log::sqlite;
use runtime::photos::Photos;
use runtime::vault::Vault;

use crate::Failure;
use crate::cli::{Backup, Restore};
use crate::data::Files;
use crate::log_tools::{in_background, runtime, show};
use crate::terminal::{remark, say};

/// Where a copy lies until it is whole: a folder beside its place.
const UNFINISHED: &str = "unfinished";

/// Backs a data folder up, with its keys in a file of their own.
pub(crate) fn backup(options: &Backup) -> Result<ExitCode, Failure> {
    let (from, to) = (Files::of(&options.folder.data), Files::of(&options.to));
    to.make_folder()?;
    if let Some(there) = [&to.log, &to.keys, &to.photos].into_iter().find(|path| path.exists()) {
        let there = there.display();
        return Err(format!("{there} exists already: back up into an empty folder").into());
    }
    let copy = Unfinished::in_folder(&to)?;
    runtime()?.block_on(async {
        let log = copy.files.log.clone();
        let verification =
            in_background(&from.log, move |from, watcher| sqlite::backup(from, &log, watcher))
                .await??;
        // Keys come after the events that need them, and the log takes its place last: a folder
        // without a log is no backup.
        copy.keys(&from)?;
        copy.photos(&from)?;
        take_place(&copy.files.photos, &to.photos)?;
        take_place(&copy.files.keys, &to.keys)?;
        take_place(&copy.files.log, &to.log)?;
        show(&to.log, &verification);
        say("the keys of personal data lie beside it: keep them apart from the log");
        Ok(ExitCode::SUCCESS)
    })
}

/// Restores a log and, where the backup has them, its keys and pictures.
pub(crate) fn restore(options: &Restore) -> Result<ExitCode, Failure> {
    let (from, to) = (Files::of(&options.from), Files::of(&options.folder.data));
    to.make_folder()?;
    for (from, to) in [(&from.folder, &to.folder), (&from.log, &to.log), (&from.keys, &to.keys)] {
        if is_same(from, to) {
            let from = from.display();
            return Err(format!("{from} is the backup itself: restore into another folder").into());
        }
    }
    if is_empty(&from.keys) {
        let keys = from.keys.display();
        return Err(format!(
            "{keys} is empty, as a backup leaves it that was interrupted: take another backup"
        )
        .into());
    }
    let replace = options.replace;
    let copy = Unfinished::in_folder(&to)?;
    runtime()?.block_on(async {
        // All of it is there before anything takes a place.
        let keys = wanted(&from.keys, &to.keys, replace);
        if keys {
            copy.keys(&from)?;
        }
        let photos = wanted(&from.photos, &to.photos, replace);
        if photos {
            copy.photos(&from)?;
        }
        let log = to.log.clone();
        let verification = in_background(&from.log, move |from, watcher| {
            sqlite::restore(from, &log, replace, watcher)
        })
        .await??;
        if keys {
            take_place(&copy.files.keys, &to.keys)?;
        }
        if photos {
            take_place(&copy.files.photos, &to.photos)?;
        }
        // Views are folded anew: a snapshot of the log that was replaced must not be met again.
        runtime::snapshot::Snapshots::in_folder(&to.folder).discard().or_else(unless_missing)?;
        show(&to.log, &verification);
        if from.keys.exists() && !keys {
            let keys = to.keys.display();
            remark(&format!("{keys} was there and stays: --replace takes the backup's keys"));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Copies that have not taken their places yet; what is left of them goes with this.
struct Unfinished {
    files: Files,
}

impl Unfinished {
    /// Makes the folder for them. What an interrupted copy left there goes.
    fn in_folder(to: &Files) -> io::Result<Self> {
        let files = Files::of(&to.folder.join(UNFINISHED));
        fs::remove_dir_all(&files.folder).or_else(unless_missing)?;
        fs::create_dir(&files.folder)?;
        Ok(Self { files })
    }

    fn keys(&self, from: &Files) -> Result<(), Failure> {
        if !from.keys.exists() {
            return Ok(());
        }
        Vault::copy(&from.keys, &self.files.keys)?;
        Ok(File::open(&self.files.keys)?.sync_all()?)
    }

    fn photos(&self, from: &Files) -> Result<(), Failure> {
        if !from.photos.exists() {
            return Ok(());
        }
        Photos::copy(&from.photos, &self.files.photos)?;
        Ok(File::open(&self.files.photos)?.sync_all()?)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // The next copy tries again.
        fs::remove_dir_all(&self.files.folder).unwrap_or_default();
    }
}

/// Whether a file of the backup is to be taken.
fn wanted(from: &Path, to: &Path, replace: bool) -> bool {
    from.exists() && (replace || !to.exists() || is_empty(to))
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0)
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some() && real(one) == real(other)
}

/// Lets a copy take its place, for good; one that was not made takes none.
fn take_place(copy: &Path, place: &Path) -> io::Result<()> {
    if !copy.exists() {
        return Ok(());
    }
    // What a killed process left beside the old file is nothing of the new one.
    let mut journal = place.as_os_str().to_owned();
    journal.push("-journal");
    fs::remove_file(PathBuf::from(journal)).or_else(unless_missing)?;
    fs::rename(copy, place)?;
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn unless_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
