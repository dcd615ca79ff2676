//! Work on log files: verify, export, import.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use event_log::sqlite::{self, Verification};
use event_log::{PAGE_EVENTS_MAX, Progress, SqliteLog, ndjson};
use runtime::codec::Observed;

use crate::Failure;
use crate::cli::{Export, Import, Verify};
use crate::data::Files;
use crate::progress::Shown;
use crate::terminal::{complain, remark, say};

/// How many events that cannot be read are named; the rest are counted.
const UNREADABLE_SHOWN_MAX: usize = 20;

/// Verifies a log; its exit code says whether it is whole.
pub(crate) fn verify(options: &Verify) -> Result<ExitCode, Failure> {
    let path = options.file.clone().unwrap_or_else(|| Files::of(&options.folder.data).log);
    runtime()?.block_on(async {
        let verification = in_background(&path, sqlite::verify).await??;
        show(&path, &verification);
        for problem in &verification.problems {
            complain(problem);
        }
        let unreadable = unreadable_events(&path)?;
        if verification.problem_count == 0 && unreadable == 0 {
            say("every event is as it was written, and can be read");
            return Ok(ExitCode::SUCCESS);
        }
        remark(&format!(
            "{} problems, {unreadable} events that cannot be read: restore a backup",
            verification.problem_count
        ));
        Ok(ExitCode::FAILURE)
    })
}

/// Says what a log holds.
pub(crate) fn show(path: &Path, verification: &Verification) {
    let Verification { events, streams, link, .. } = verification;
    say(&format!("{}: {events} events in {streams} streams", path.display()));
    let mut chain = String::from("chain: ");
    for byte in link {
        // Writing to a string cannot fail.
        write!(chain, "{byte:02x}").unwrap_or_default();
    }
    say(&chain);
}

/// Counts the events that this version cannot decode.
fn unreadable_events(path: &Path) -> Result<usize, Failure> {
    let shown = Shown::of("events read");
    let mut unreadable = 0;
    let mut after = None;
    let mut reader = sqlite::LogFile::open(path)?;
    let total = reader.head()?;
    loop {
        let page = reader.page(after, PAGE_EVENTS_MAX)?;
        let Some(last) = page.last() else { break };
        after = Some(last.position);
        for recorded in &page {
            if let Err(error) = Observed::read(recorded) {
                unreadable += 1;
                if unreadable <= UNREADABLE_SHOWN_MAX {
                    complain(&error);
                }
            }
        }
        if shown.watch(Progress { done: last.position.0, total }).is_break() {
            shown.end();
            return Err("interrupted; nothing was changed".into());
        }
    }
    shown.end();
    Ok(unreadable)
}

/// Exports a log.
pub(crate) fn export(options: &Export) -> Result<ExitCode, Failure> {
    let log = open_existing(&options.folder.data)?;
    runtime()?.block_on(async {
        let shown = Shown::of("events");
        let mut watcher = |progress| shown.watch(progress);
        let count = match &options.to {
            Some(path) => {
                let mut file = BufWriter::new(File::create_new(path)?);
                let count = ndjson::export(&log, &mut file, &mut watcher).await?;
                file.flush()?;
                file.get_ref().sync_all()?;
                count
            }
            None => ndjson::export(&log, &mut std::io::stdout(), &mut watcher).await?,
        };
        shown.end();
        remark(&format!("{count} events exported"));
        Ok(ExitCode::SUCCESS)
    })
}

/// Imports an export.
pub(crate) fn import(options: &Import) -> Result<ExitCode, Failure> {
    let file = File::open(&options.from)?;
    let bytes_total = file.metadata()?.len();
    let log = Files::of(&options.folder.data).open_log()?;
    runtime()?.block_on(async {
        let shown = Shown::of("bytes");
        let mut watcher = |progress| shown.watch(progress);
        let mut text = BufReader::new(file);
        let moved = ndjson::import(&mut text, bytes_total, &log, &mut watcher).await?;
        shown.end();
        say(&format!("{} events imported, {} were there already", moved.appended, moved.present));
        Ok(ExitCode::SUCCESS)
    })
}

/// Opens a log that must be there: a wrong path must not make a new one.
pub(crate) fn open_existing(folder: &Path) -> Result<SqliteLog, Failure> {
    let files = Files::of(folder);
    if !files.log.exists() {
        return Err(format!("there is no event log at {}", files.log.display()).into());
    }
    Ok(files.open_log()?)
}

/// Does blocking work on a log file with progress shown.
pub(crate) async fn in_background<T: Send + 'static, E: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path, event_log::Watcher<'_>) -> Result<T, E> + Send + 'static,
) -> Result<Result<T, E>, tokio::task::JoinError> {
    let shown = Shown::of("events");
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let outcome = work(&path, &mut |progress| shown.watch(progress));
        shown.end();
        outcome
    })
    .await
}

pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
