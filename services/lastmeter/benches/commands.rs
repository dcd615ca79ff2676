//! Durable commands in process against the bare loop in the same run, and memory per open parcel.
//!
//! `cargo bench -p lastmeter --bench commands`: 64 clients, each creates parcels and takes them
//! through five more steps; every step is loaded, decided, appended, synced, and seen by the views
//! before it is answered. The bare loop appends 300-byte events with 64 writers.

#![expect(clippy::cast_precision_loss, reason = "figures for people need few digits")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_log::SqliteLog;
use event_log::sqlite::Options;
use runtime::{Engine, Status};
use tokio::task::JoinSet;

use crate::support::{Bare, Failure, STEPS, cpu_us, engine, median, request, resident_bytes, scan};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: u64 = 64;
const PARCELS_PER_CLIENT: u64 = 80;
const ROUNDS: usize = 7;
const OPEN_PARCELS: u64 = 50_000;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let commands = CLIENTS * PARCELS_PER_CLIENT * STEPS;
    let (mut ours, mut bare, mut ratios) = (vec![], vec![], vec![]);
    let (mut our_cpu, mut bare_cpu) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let (our_time, cpu) = engine_round().await?;
        our_cpu.push(cpu / commands as f64);
        let (bare_time, cpu) = bare_round().await?;
        bare_cpu.push(cpu / commands as f64);
        ours.push(commands as f64 / our_time.as_secs_f64());
        bare.push(commands as f64 / bare_time.as_secs_f64());
        ratios.push(bare_time.as_secs_f64() / our_time.as_secs_f64());
    }
    println!("clients  commands/s  bare appends/s  ratio   us of CPU per command  per bare append");
    println!(
        "{CLIENTS:7} {:11.0} {:15.0} {:6.2} {:22.1} {:16.1}",
        median(&mut ours),
        median(&mut bare),
        median(&mut ratios),
        median(&mut our_cpu),
        median(&mut bare_cpu),
    );
    memory().await
}

async fn engine_round() -> Result<(Duration, f64), Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let log = Arc::new(SqliteLog::open(&folder.path().join("log"), Options::default())?);
    let engine = engine(log).await?;
    let (begin, cpu) = (Instant::now(), cpu_us("self"));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let engine = Arc::clone(&engine);
        clients.spawn(async move {
            for parcel in 0..PARCELS_PER_CLIENT {
                take(&engine, client * PARCELS_PER_CLIENT + parcel, STEPS).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = clients.join_next().await {
        done??;
    }
    Ok((begin.elapsed(), cpu_us("self") - cpu))
}

async fn take(engine: &Engine, parcel: u64, steps: u64) -> Result<(), Failure> {
    for step in 0..steps {
        let answer = engine.scan(request(engine, parcel, step)?, scan(parcel, step)?).await;
        if answer.status != Status::Accepted {
            return Err(format!("step {step}: {answer:?}").into());
        }
    }
    Ok(())
}

async fn bare_round() -> Result<(Duration, f64), Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let bare = Arc::new(Bare::open(&folder.path().join("bare"))?);
    let (begin, cpu) = (Instant::now(), cpu_us("self"));
    let mut writers = JoinSet::new();
    for client in 0..CLIENTS {
        let bare = Arc::clone(&bare);
        writers.spawn(async move {
            for n in 0..PARCELS_PER_CLIENT * STEPS {
                let parcel = client * PARCELS_PER_CLIENT + n / STEPS;
                let stream = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &parcel.to_le_bytes());
                bare.append(format!("parcel-bench.{stream}"), n % STEPS, vec![b'd'; 300]).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = writers.join_next().await {
        done??;
    }
    Ok((begin.elapsed(), cpu_us("self") - cpu))
}

/// What one open parcel costs: its state, its codes, and what is remembered of its commands.
async fn memory() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let log = Arc::new(SqliteLog::open(&folder.path().join("log"), Options::default())?);
    let engine = engine(log).await?;
    let before = resident_bytes();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let engine = Arc::clone(&engine);
        clients.spawn(async move {
            for parcel in (0..OPEN_PARCELS).filter(|parcel| parcel % CLIENTS == client) {
                take(&engine, parcel, 4).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = clients.join_next().await {
        done??;
    }
    let bytes = (resident_bytes() - before) / OPEN_PARCELS as f64;
    println!("memory per open parcel, four commands old: {bytes:.0} bytes");
    Ok(())
}
