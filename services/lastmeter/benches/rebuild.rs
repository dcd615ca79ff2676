//! Rebuild of all views from a log of 1,000,000 events, against a bare read and decode in the same
//! run, and what the views hold in memory: `cargo bench -p lastmeter --bench rebuild`.
//!
//! Ours is an engine's start without a snapshot, with every view of every question. The bare one
//! reads the same rows with SQLite and decodes payload and metadata with `serde_json` on one
//! thread; it folds nothing. The fold alone is measured over events that are decoded already.

#![expect(clippy::cast_precision_loss, reason = "figures for people need few digits")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::LiveViews;
use domain::DomainEvent;
use domain::parcel::ParcelEvent;
use event_log::sqlite::Options;
use event_log::{Direction, EventLog, PAGE_EVENTS_MAX, SqliteLog};
use runtime::clock::SystemClock;
use runtime::codec::{AnyEvent, Metadata, Observed};
use runtime::vault::Vault;
use runtime::{Engine, Parts};
use rusqlite::Connection;

use crate::support::{Failure, fill, median};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: u64 = 1_000_000;
const ROUNDS: usize = 3;
/// How many open parcels the memory is measured with.
const OPEN_PARCELS: usize = 100_000;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = folder.path().join("log");
    fill(&path, EVENTS).await?;
    let (mut ours, mut bare, mut folds, mut ratios) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let our_time = start_engine(&path).await?;
        let bare_time = read_bare(&path)?;
        let fold_time = fold_decoded(&path).await?;
        ours.push(EVENTS as f64 / our_time.as_secs_f64());
        bare.push(EVENTS as f64 / bare_time.as_secs_f64());
        folds.push(EVENTS as f64 / fold_time.as_secs_f64());
        ratios.push(bare_time.as_secs_f64() / our_time.as_secs_f64());
    }
    println!("engine start with all views {:9.0} events/s", median(&mut ours));
    println!("bare read and decode        {:9.0} events/s", median(&mut bare));
    println!("fold of all views alone     {:9.0} events/s", median(&mut folds));
    println!("ratio {:.2}", median(&mut ratios));
    println!("bytes per open parcel {}", bytes_per_parcel(&path).await?);
    Ok(())
}

async fn start_engine(path: &Path) -> Result<Duration, Failure> {
    let log = Arc::new(SqliteLog::open(path, Options::default())?);
    let views = LiveViews::default();
    let begin = Instant::now();
    let engine = Engine::start(Parts {
        log: Arc::clone(&log) as Arc<dyn EventLog>,
        clock: Arc::new(SystemClock),
        vault: Arc::new(Vault::in_memory()?),
        snapshots: None,
        observers: vec![views.observer()],
    })
    .await?;
    let time = begin.elapsed();
    if views.communities().len() != 1 || engine.views().ledger().is_empty() {
        return Err("nothing was folded".into());
    }
    log.close();
    Ok(time)
}

fn read_bare(path: &Path) -> Result<Duration, Failure> {
    let connection = Connection::open(path)?;
    let begin = Instant::now();
    let mut select =
        connection.prepare("SELECT type, data, metadata FROM events ORDER BY position")?;
    let mut rows = select.query([])?;
    let mut decoded = 0_u64;
    while let Some(row) = rows.next()? {
        let event_type = row.get_ref(0)?.as_str()?;
        let metadata: Metadata = serde_json::from_slice(row.get_ref(2)?.as_blob()?)?;
        if ParcelEvent::TYPES.contains(&event_type) {
            let data = row.get_ref(1)?.as_blob()?;
            let mut payload = serde_json::Deserializer::from_slice(data);
            std::hint::black_box(ParcelEvent::decode(event_type, &mut payload)?);
        }
        std::hint::black_box(metadata);
        decoded += 1;
    }
    if decoded < EVENTS {
        return Err(format!("{decoded} events").into());
    }
    Ok(begin.elapsed())
}

/// The time that the views themselves take, page by page.
async fn fold_decoded(path: &Path) -> Result<Duration, Failure> {
    let mut time = Duration::ZERO;
    let views = LiveViews::default();
    let mut observer = views.observer();
    each_page(path, |page| {
        let begin = Instant::now();
        observer.observe(&page);
        time += begin.elapsed();
    })
    .await?;
    Ok(time)
}

/// What the views hold in memory for each of many open parcels, each sorted onto its shelf.
async fn bytes_per_parcel(path: &Path) -> Result<usize, Failure> {
    let mut events = vec![];
    let mut arrived = 0;
    each_page(path, |page| {
        for event in page {
            let keep = match &event.event {
                AnyEvent::Parcel(_, ParcelEvent::HandedOff(_)) | AnyEvent::Device(..) => false,
                AnyEvent::Parcel(_, ParcelEvent::Arrived(_)) => {
                    arrived += 1;
                    arrived <= OPEN_PARCELS
                }
                AnyEvent::Parcel(..) | AnyEvent::Run(..) => arrived <= OPEN_PARCELS,
                AnyEvent::ArrivalSlots(..)
                | AnyEvent::Community(..)
                | AnyEvent::Household(..)
                | AnyEvent::Order(..)
                | AnyEvent::Plan(..)
                | AnyEvent::Volunteer(..) => true,
            };
            if keep {
                events.push(event);
            }
        }
    })
    .await?;
    let views = LiveViews::default();
    let before = resident_bytes()?;
    views.observer().observe(&events);
    let after = resident_bytes()?;
    let community = views.communities().remove(0);
    let open = views.live(&community, |views| views.facts().pieces().count()).unwrap_or_default();
    if open < OPEN_PARCELS {
        return Err(format!("{open} open parcels").into());
    }
    Ok(after.saturating_sub(before) / open)
}

async fn each_page(path: &Path, mut take: impl FnMut(Vec<Observed>)) -> Result<(), Failure> {
    let log = SqliteLog::open(path, Options::default())?;
    let mut from = None;
    loop {
        let page = log.read_all(from, Direction::Forwards, PAGE_EVENTS_MAX).await?;
        let Some(last) = page.last() else { break };
        from = Some(last.position);
        let decoded = page.iter().map(Observed::read).collect::<Result<Vec<_>, _>>()?;
        take(decoded.into_iter().flatten().collect());
    }
    log.close();
    Ok(())
}

/// What the process holds in memory.
fn resident_bytes() -> Result<usize, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.ok_or("the system does not tell")?.trim().parse::<usize>()? * 1024)
}
