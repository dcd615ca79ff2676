//! What only a log in a file can promise.

mod files;
mod full;
mod io_error;

use std::{fs, ops::ControlFlow, path::PathBuf, sync::Arc};

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::{open::beside, *};
use crate::{
    Delivery,
    conformance::{Log, all, append, event, next, take},
};

/// A folder with the file of a log.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("log")
    }

    fn open(&self) -> Arc<SqliteLog> {
        Arc::new(SqliteLog::open(&self.path(), Options::default()).unwrap())
    }

    /// Makes a log of `count` events in streams of five, and closes it.
    async fn fill(&self, count: u64) {
        let log: Log = self.open();
        fill(&log, 0, count).await;
    }
}

/// Appends events `from..to` to streams of five.
async fn fill(log: &Log, from: u64, to: u64) {
    for n in from..to {
        let stream = format!("s-{}", n / 5);
        append(log, &stream, (n % 5).checked_sub(1), vec![event(n.into())]).await.unwrap();
    }
}

#[tokio::test]
async fn a_reopened_log_goes_on() {
    let place = Place::new();
    for round in 0..4 {
        let log: Log = place.open();
        assert_eq!(all(&log).await.len(), round * 7);
        let from = u64::try_from(round).unwrap() * 7;
        fill(&log, from, from + 7).await;
        let again = append(&log, "s-0", None, vec![event(0)]).await.unwrap();
        assert!(again.repeated);
    }
    let verification = verify(&place.path(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((verification.events, verification.problem_count), (28, 0));
}

#[tokio::test]
async fn a_closed_log_finishes_what_was_asked_and_takes_no_more() {
    let place = Place::new();
    let log = place.open();
    let mut appends = JoinSet::new();
    for n in 0..100 {
        let log: Log = log.clone();
        appends.spawn(async move { append(&log, &format!("s-{n}"), None, vec![event(n)]).await });
    }
    let mut subscription = log.subscribe(None);
    take(&mut *subscription, 1).await;
    log.close();
    log.close();
    let stored = appends.join_all().await.into_iter().flatten().count();
    let late = append(&(log.clone() as Log), "s-x", None, vec![event(7)]).await;
    assert!(matches!(late, Err(AppendError::OutcomeUnknown(LogError::Closed))), "{late:?}");
    assert!(matches!(log.read_all(None, Direction::Forwards, 1).await, Err(LogError::Closed)));
    let end = loop {
        match subscription.next().await {
            Ok(Delivery::Events(_) | Delivery::CaughtUp) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(end, LogError::Closed));
    drop(log);
    assert!(!beside(&place.path(), "-wal").exists(), "a closed log is one file");
    let log: Log = place.open();
    assert_eq!(all(&log).await.len(), stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_share_commits() {
    let place = Place::new();
    let log = place.open();
    let mut writers = JoinSet::new();
    for writer in 0..64_u64 {
        let log: Log = log.clone();
        writers.spawn(async move {
            for n in 0..20_u64 {
                let id = u128::from(writer * 20 + n);
                let stream = format!("s-{writer}");
                append(&log, &stream, n.checked_sub(1), vec![event(id)]).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let stats = log.stats();
    assert_eq!((stats.appends, stats.events), (64 * 20, 64 * 20));
    assert!(stats.commits < stats.appends / 4, "{stats:?}");
}

#[tokio::test]
async fn refused_appends_do_not_harm_their_group() {
    let place = Place::new();
    let log: Log = place.open();
    append(&log, "s-1", None, vec![event(1)]).await.unwrap();
    let mut appends = JoinSet::new();
    for n in 0..300 {
        let log = Arc::clone(&log);
        appends.spawn(async move {
            match n % 3 {
                0 => append(&log, "s-1", None, vec![event(1)]).await.unwrap().repeated,
                1 => append(&log, "s-1", Some(9), vec![event(n)]).await.is_err(),
                _ => append(&log, &format!("t-{n}"), None, vec![event(n)]).await.is_ok(),
            }
        });
    }
    assert!(appends.join_all().await.into_iter().all(|as_it_should| as_it_should));
    assert_eq!(all(&log).await.len(), 101);
}

/// More than the live window holds, so that the subscriber has to read from disk.
#[tokio::test]
async fn a_slow_subscriber_falls_back_to_the_disk() {
    let place = Place::new();
    let log: Log = place.open();
    let mut subscription = log.subscribe(None);
    assert_eq!(next(&mut *subscription).await, Delivery::CaughtUp);
    let mut expected = None;
    for round in 0..20_u128 {
        let events: Vec<_> = (round * 1_000..(round + 1) * 1_000).map(event).collect();
        let appended = append(&log, "s-1", expected, events).await.unwrap();
        expected = Some(appended.revision.0);
    }
    let seen = take(&mut *subscription, 20_000).await;
    assert!(seen == all(&log).await);
    assert_eq!(next(&mut *subscription).await, Delivery::CaughtUp);
    append(&log, "s-1", expected, vec![event(1)]).await.unwrap();
    assert_eq!(take(&mut *subscription, 1).await[0].position, Position(20_001));
}

#[tokio::test]
async fn the_write_ahead_log_stays_small() {
    let place = Place::new();
    let log: Log = place.open();
    let wal = beside(&place.path(), "-wal");
    let mut longest = 0;
    for n in 0..200_u64 {
        let large = NewEvent { data: vec![0; 500_000].into(), ..event(n.into()) };
        append(&log, "s-1", n.checked_sub(1), vec![large]).await.unwrap();
        longest = longest.max(wal.metadata().unwrap().len());
    }
    assert!(longest < 70_000_000, "{longest} bytes for 100,000,000 bytes of events");
}

#[tokio::test]
async fn the_write_ahead_log_is_longer_than_what_is_in_it() {
    let (place, after_a_power_cut) = (Place::new(), Place::new());
    let log: Log = place.open();
    let length = || beside(&place.path(), "-wal").metadata().unwrap().len();
    fill(&log, 0, 10).await;
    assert!(length() < 500_000, "a log of a few events is short");
    let (mut before, mut grown) = (length(), 0);
    for n in (10..1_010).step_by(5) {
        fill(&log, n, n + 5).await;
        grown += u64::from(length() != before);
        before = length();
    }
    assert!((4..20).contains(&grown), "it grew {grown} times in a thousand commits");
    for file in ["", "-wal"] {
        fs::copy(beside(&place.path(), file), beside(&after_a_power_cut.path(), file)).unwrap();
    }
    assert_eq!(all(&(after_a_power_cut.open() as Log)).await, all(&log).await);
}

/// On one thread, where the queue is full and nobody can be polled while the log closes.
#[tokio::test]
async fn closing_with_a_full_queue_ends() {
    let place = Place::new();
    let log = place.open();
    let mut appends = JoinSet::new();
    for n in 0..3 * QUEUE_APPENDS_MAX {
        let log: Log = log.clone();
        let id = u128::try_from(n).unwrap();
        appends.spawn(async move { append(&log, &format!("s-{n}"), None, vec![event(id)]).await });
    }
    tokio::task::yield_now().await;
    log.close();
    let stored = appends.join_all().await.into_iter().flatten().count();
    drop(log);
    let log: Log = place.open();
    assert_eq!(all(&log).await.len(), stored);
}
