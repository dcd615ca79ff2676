//! Replay of a log of 1,000,000 events into state against a bare read, decode and fold in the same
//! run: `cargo bench -p lastmeter --bench replay`.
//!
//! Ours is an engine's start without a snapshot: every event is read, verified, decoded with its
//! metadata, and folded into the ledger and the directory. The bare one reads rows with SQLite,
//! decodes the payload with `serde_json`, and folds it into a map of parcels.

#![expect(clippy::cast_precision_loss, reason = "figures for people need few digits")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::DomainEvent;
use domain::parcel::{Parcel, ParcelEvent, ParcelState};
use domain::{Decider, parcel::Custody};
use event_log::sqlite::Options;
use event_log::{EventLog, SqliteLog};
use runtime::clock::SystemClock;
use runtime::vault::Vault;
use runtime::{Engine, Parts};
use rusqlite::Connection;

use crate::support::{Failure, STEPS, fill, median};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: u64 = 1_000_000;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = folder.path().join("log");
    fill(&path, EVENTS).await?;
    let (mut ours, mut bare, mut ratios) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let our_time = start_engine(&path).await?;
        let bare_time = fold_bare(&path)?;
        ours.push(EVENTS as f64 / our_time.as_secs_f64());
        bare.push(EVENTS as f64 / bare_time.as_secs_f64());
        ratios.push(bare_time.as_secs_f64() / our_time.as_secs_f64());
    }
    println!("engine start {:9.0} events/s", median(&mut ours));
    println!("bare fold    {:9.0} events/s", median(&mut bare));
    println!("ratio {:.2}", median(&mut ratios));
    Ok(())
}

async fn start_engine(path: &Path) -> Result<Duration, Failure> {
    let log = Arc::new(SqliteLog::open(path, Options::default())?);
    let begin = Instant::now();
    let engine = Engine::start(Parts {
        log: Arc::clone(&log) as Arc<dyn EventLog>,
        clock: Arc::new(SystemClock),
        vault: Arc::new(Vault::in_memory()?),
        snapshots: None,
        observers: vec![],
    })
    .await?;
    let time = begin.elapsed();
    if engine.views().ledger().is_empty() {
        return Err("nothing was folded".into());
    }
    log.close();
    Ok(time)
}

fn fold_bare(path: &Path) -> Result<Duration, Failure> {
    let connection = Connection::open(path)?;
    let begin = Instant::now();
    let mut parcels: HashMap<i64, ParcelState> = HashMap::new();
    let mut select =
        connection.prepare("SELECT stream, type, data FROM events ORDER BY position")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (stream, event_type) = (row.get(0)?, row.get_ref(1)?.as_str()?);
        if !ParcelEvent::TYPES.contains(&event_type) {
            continue;
        }
        let data = row.get_ref(2)?.as_blob()?;
        let mut payload = serde_json::Deserializer::from_slice(data);
        let event = ParcelEvent::decode(event_type, &mut payload)?;
        let parcel = parcels.entry(stream).or_default();
        *parcel = Parcel::evolve(std::mem::take(parcel), &event);
    }
    let time = begin.elapsed();
    let at_intake = parcels.values().filter(|p| p.custody() == Custody::IntakePoint).count();
    if at_intake as u64 != EVENTS / STEPS {
        return Err(format!("{at_intake} parcels").into());
    }
    Ok(time)
}
