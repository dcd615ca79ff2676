//! `lastmeter migrate`: one log to another, from a folder or a cluster to a folder or a cluster,
//! and the proof that what is folded from both is the same.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use api::ViewHashes;
use event_log::EventLog;

use crate::Failure;
use crate::cli::Migrate;
use crate::data::{Files, Log};
use crate::log_tools::{open_existing, runtime};
use crate::progress::Shown;
use crate::terminal::say;

/// How many views that differ are named; the rest are counted.
const DIFFERING_SHOWN_MAX: usize = 10;

/// The copy is not its source.
#[derive(Debug, thiserror::Error)]
enum Unequal {
    /// The views that are folded from both are not the same.
    #[error(
        "{count} views of the copy differ from those of its source ({names}): {ours} events are \
         here and {theirs} there. Stop whoever writes to either and run this again; if it says \
         the same, give it an empty destination"
    )]
    Views {
        /// How many.
        count: usize,
        /// The first of them.
        names: String,
        /// Events of the source.
        ours: u64,
        /// Events of the copy.
        theirs: u64,
    },
    /// The views are the same, but the events are not.
    #[error(
        "the copy folds to the same views as its source but its events differ. Stop whoever \
         writes to either and run this again; if it says the same, give it an empty destination"
    )]
    Events,
}

/// Copies one log to another, going on where an earlier attempt was interrupted, and compares.
pub(crate) fn run(options: &Migrate) -> Result<ExitCode, Failure> {
    runtime()?.block_on(async {
        let from = match folder_of(&options.from) {
            Some(folder) => Log::Embedded(Arc::new(open_existing(folder)?)),
            None => Log::on_cluster(&options.from, &options.cluster).await?,
        };
        let to = match folder_of(&options.to) {
            Some(folder) => Log::Embedded(Arc::new(Files::of(folder).open_log()?)),
            None => Log::on_cluster(&options.to, &options.cluster).await?,
        };
        let shown = Shown::of("events");
        let mut watcher = |progress| shown.watch(progress);
        let (source, copy) = (from.shared(), to.shared());
        let moved = match (&from, &to) {
            (Log::Embedded(_), Log::Embedded(_)) => {
                event_log::copy(&*source, &*copy, &mut watcher).await
            }
            (Log::Cluster(_), _) | (_, Log::Cluster(_)) => {
                event_log::copy_without_system(&*source, &*copy, &mut watcher).await
            }
        };
        shown.end();
        let moved = moved?;
        say(&format!("{} events copied, {} were there already", moved.appended, moved.present));
        compare(&source, &copy).await?;
        copy_keys(options)?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Folds both logs and compares each view, then every event.
async fn compare(source: &Arc<dyn EventLog>, copy: &Arc<dyn EventLog>) -> Result<(), Failure> {
    let (ours, theirs) = (folded(source).await?, folded(copy).await?);
    let differing = ours.differing(&theirs);
    if !differing.is_empty() {
        let (count, shown) = (differing.len(), differing.len().min(DIFFERING_SHOWN_MAX));
        let names = differing[..shown].join(", ");
        return Err(
            Unequal::Views { count, names, ours: ours.events, theirs: theirs.events }.into()
        );
    }
    if event_log::digest(&**source).await? != event_log::digest(&**copy).await? {
        return Err(Unequal::Events.into());
    }
    let (views, events) = (ours.len(), ours.events);
    say(&format!("both logs fold to the same {views} views over {events} events:"));
    say(ours.to_string().trim_end());
    Ok(())
}

async fn folded(log: &Arc<dyn EventLog>) -> Result<ViewHashes, api::HashError> {
    let shown = Shown::of("events folded");
    let hashes = ViewHashes::fold(log, &mut |progress| shown.watch(progress)).await;
    shown.end();
    hashes
}

/// What is no URL is a folder.
fn folder_of(place: &str) -> Option<&Path> {
    (!place.contains("://")).then(|| Path::new(place))
}

/// Copies the keys too, or says that they stay where they are.
fn copy_keys(options: &Migrate) -> Result<(), Failure> {
    if let Some(folder) = &options.keys_to {
        let from = folder_of(&options.from).map(Files::of).ok_or(
            "--keys-to copies the keys of a folder: the keys of a cluster's replicas are no part \
             of it, copy their --keys by hand",
        )?;
        std::fs::create_dir_all(folder)?;
        if from.keys.exists() {
            runtime::vault::Vault::copy(&from.keys, folder)?;
        }
        say(&format!(
            "the keys are in {}: serve with --keys and keep it private",
            folder.display()
        ));
        return Ok(());
    }
    let (Some(from), Some(to)) = (folder_of(&options.from), folder_of(&options.to)) else {
        say("the keys of personal data are in no log: take keys.db along, or have replicas on \
             several machines share them in a folder with --keys-to");
        return Ok(());
    };
    let (from, to) = (Files::of(from), Files::of(to));
    if from.keys.exists() && !to.keys.exists() {
        runtime::vault::Vault::copy(&from.keys, &to.keys)?;
    }
    if from.photos.exists() && !to.photos.exists() {
        runtime::photos::Photos::copy(&from.photos, &to.photos)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use event_log::{Direction, Expected, MemoryLog, NewEvent, Revision};
    use simulator::{Size, simulate::simulate_on};

    use super::*;

    /// A small day, without its last events.
    async fn day(without: usize, spoil: bool) -> Arc<dyn EventLog> {
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
        let own = Arc::clone(&log);
        let lived = tokio::task::spawn_blocking(move || simulate_on(&own, 1, 1, Size::SMALL));
        lived.await.unwrap().unwrap();
        let copy = MemoryLog::new();
        let all = log.read_all(None, Direction::Forwards, 4_096).await.unwrap();
        assert!(all.len() < 4_096, "one page holds the day");
        let kept = all.len() - without;
        for (index, event) in all.into_iter().take(kept).enumerate() {
            let expected = match event.revision {
                Revision(0) => Expected::NoStream,
                Revision(after) => Expected::Exact(Revision(after - 1)),
            };
            let mut id = event.id;
            if spoil && index + 1 == kept {
                id = uuid::Uuid::from_u128(1);
            }
            let (event_type, data) = (event.event_type, event.data);
            let new = NewEvent { id, event_type, data, metadata: event.metadata };
            copy.append(&event.stream, expected, vec![new]).await.unwrap();
        }
        Arc::new(copy)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_that_lacks_an_event_is_told_by_its_views() {
        compare(&day(0, false).await, &day(0, false).await).await.unwrap();
        let error = compare(&day(0, false).await, &day(1, false).await).await.unwrap_err();
        assert!(error.to_string().contains("fumin-garden/"), "{error}");
        assert!(error.to_string().contains("run this again"), "{error}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_whose_events_only_are_others_is_told() {
        let error = compare(&day(0, false).await, &day(0, true).await).await.unwrap_err();
        assert!(error.to_string().contains("its events differ"), "{error}");
    }
}
