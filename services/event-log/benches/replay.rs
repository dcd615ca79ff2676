//! Reading a log of 1,000,000 events, as a subscriber and page by page.
//!
//! `cargo bench -p event-log --bench replay` prints events per second, each the median of several
//! rounds; every event is verified while it is read.

#![expect(clippy::cast_precision_loss, reason = "figures for people need few digits")]
#![expect(clippy::cast_possible_truncation, reason = "these counts are small")]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{
    Delivery, Direction, EventLog, Expected, NewEvent, PAGE_EVENTS_MAX, SqliteLog, StreamName,
    sqlite::Options,
};
use rusqlite::Connection;
use tokio::task::JoinSet;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const EVENTS: u64 = 1_000_000;
const STREAM_EVENTS: u64 = 6;
const EVENT_BYTES: usize = 286;
/// The most appends in flight while the log is made.
const APPENDS_MAX: usize = 1_000;
const ROUNDS: usize = 5;

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = folder.path().join("log");
    runtime.block_on(fill(&path))?;
    let mut bare = Vec::new();
    let mut pages = Vec::new();
    let mut subscribed = Vec::new();
    for _ in 0..ROUNDS {
        bare.push(rate(read_bare(&path)?));
        pages.push(rate(runtime.block_on(read_pages(&path))?));
        subscribed.push(rate(runtime.block_on(read_subscription(&path))?));
    }
    println!("bare rows     {:9.0}/s", median(&mut bare));
    println!("read_all      {:9.0}/s", median(&mut pages));
    println!("subscription  {:9.0}/s", median(&mut subscribed));
    Ok(())
}

async fn fill(path: &Path) -> Result<(), Failure> {
    let log = Arc::new(SqliteLog::open(path, Options::default())?);
    let mut appends = JoinSet::new();
    for stream in 0..EVENTS.div_ceil(STREAM_EVENTS) {
        let name =
            StreamName::try_from(format!("parcel-bench.{}", Uuid::from_u128(stream.into())))?;
        let event = |n: u64| NewEvent {
            id: Uuid::from_u128((stream * STREAM_EVENTS + n).into()),
            event_type: ["Arrived", "Disinfected", "Sorted", "Loaded"][n as usize % 4].into(),
            data: vec![b'd'; EVENT_BYTES].into(),
            metadata: bytes::Bytes::new(),
        };
        let events = (0..STREAM_EVENTS.min(EVENTS - stream * STREAM_EVENTS)).map(event).collect();
        let log = Arc::clone(&log);
        appends.spawn(async move { log.append(&name, Expected::NoStream, events).await });
        if appends.len() == APPENDS_MAX
            && let Some(appended) = appends.join_next().await
        {
            appended??;
        }
    }
    while let Some(appended) = appends.join_next().await {
        appended??;
    }
    Ok(())
}

/// What SQLite alone gives: every column touched, nothing copied or verified.
fn read_bare(path: &Path) -> Result<Duration, Failure> {
    let conn = Connection::open(path)?;
    let begin = Instant::now();
    let mut select =
        conn.prepare("SELECT position, stream, revision, id, type, data FROM events")?;
    let mut rows = select.query([])?;
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        bytes += row.get_ref(5)?.as_blob()?.len() + row.get_ref(4)?.as_str()?.len();
        count += 1;
    }
    check(count, bytes)?;
    Ok(begin.elapsed())
}

async fn read_pages(path: &Path) -> Result<Duration, Failure> {
    let log = SqliteLog::open(path, Options::default())?;
    let begin = Instant::now();
    let (mut count, mut bytes, mut after) = (0, 0, None);
    loop {
        let page = log.read_all(after, Direction::Forwards, PAGE_EVENTS_MAX).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.position);
        count += page.len() as u64;
        bytes += page.iter().map(|event| event.data.len()).sum::<usize>();
    }
    check(count, bytes)?;
    Ok(begin.elapsed())
}

async fn read_subscription(path: &Path) -> Result<Duration, Failure> {
    let log = SqliteLog::open(path, Options::default())?;
    let begin = Instant::now();
    let mut subscription = log.subscribe(None);
    let (mut count, mut bytes) = (0, 0);
    while let Delivery::Events(page) = subscription.next().await? {
        count += page.len() as u64;
        bytes += page.iter().map(|event| event.data.len()).sum::<usize>();
    }
    check(count, bytes)?;
    Ok(begin.elapsed())
}

fn check(count: u64, bytes: usize) -> Result<(), Failure> {
    if count != EVENTS || bytes < EVENT_BYTES * EVENTS as usize {
        return Err(format!("read {count} events with {bytes} bytes").into());
    }
    Ok(())
}

fn rate(time: Duration) -> f64 {
    EVENTS as f64 / time.as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
