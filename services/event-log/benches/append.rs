//! Durable appends of 300-byte events, against a bare SQLite loop in the same run.
//!
//! `cargo bench -p event-log --bench append` alternates the two on fresh files and prints the
//! median of each and of the ratio of neighbours. The bare loop does the least that a log must do:
//! one thread, one transaction for all that is queued, one sync, one reply for each append.

#![expect(clippy::cast_precision_loss, reason = "figures for people need few digits")]

use std::{
    fs,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use event_log::{EventLog, Expected, NewEvent, Revision, SqliteLog, StreamName, sqlite::Options};
use rusqlite::{Connection, params};
use tokio::{
    runtime::Runtime,
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const EVENT_BYTES: usize = 300;
/// A parcel has about so many events, then the writer begins with the next one.
const STREAM_EVENTS: u64 = 6;
const ROUNDS: usize = 9;
/// Writers, and how many events they append together in one round.
const LOADS: [(u64, u64); 3] = [(1, 4_000), (64, 40_000), (256, 60_000)];

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("writers   log/s  bare/s  ratio   log us  bare us of CPU per event  events/commit");
    for (writers, events) in LOADS {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        let (mut our_cpu, mut bare_cpu) = (Vec::new(), Vec::new());
        let mut ratios = Vec::new();
        let mut grouped = 0.0;
        for _ in 0..ROUNDS {
            let (our_time, cpu, group) = log_round(&runtime, writers, events)?;
            our_cpu.push(cpu);
            grouped = group;
            let (bare_time, cpu) = bare_round(&runtime, writers, events)?;
            bare_cpu.push(cpu);
            ours.push(rate(events, our_time));
            bare.push(rate(events, bare_time));
            ratios.push(bare_time.as_secs_f64() / our_time.as_secs_f64());
        }
        println!(
            "{writers:7} {:7.0} {:7.0} {:6.2} {:8.1} {:8.1} {:30.1}",
            median(&mut ours),
            median(&mut bare),
            median(&mut ratios),
            median(&mut our_cpu) / events as f64,
            median(&mut bare_cpu) / events as f64,
            grouped,
        );
    }
    Ok(())
}

/// Appends to a new log; gives the time, the CPU time in microseconds and the size of the groups.
fn log_round(
    runtime: &Runtime,
    writers: u64,
    events: u64,
) -> Result<(Duration, f64, f64), Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let log = Arc::new(SqliteLog::open(&folder.path().join("log"), Options::default())?);
    let (begin, cpu) = (Instant::now(), cpu_us()?);
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for writer in 0..writers {
            let log = Arc::clone(&log);
            tasks.spawn(async move { write(&log, writer, events / writers).await });
        }
        all_done(tasks).await
    })?;
    let time = begin.elapsed();
    let stats = log.stats();
    Ok((time, cpu_us()? - cpu, stats.events as f64 / stats.commits as f64))
}

async fn write(log: &SqliteLog, writer: u64, events: u64) -> Result<(), Failure> {
    for n in 0..events {
        let stream = StreamName::try_from(stream_name(writer, n))?;
        let expected = match (n % STREAM_EVENTS).checked_sub(1) {
            None => Expected::NoStream,
            Some(last) => Expected::Exact(Revision(last)),
        };
        let event = NewEvent {
            id: id(writer, n),
            event_type: "ParcelArrived".into(),
            data: vec![b'd'; EVENT_BYTES].into(),
            metadata: bytes::Bytes::new(),
        };
        log.append(&stream, expected, vec![event]).await?;
    }
    Ok(())
}

/// What the bare loop is asked to store.
struct BareRequest {
    stream: String,
    revision: u64,
    data: Vec<u8>,
    reply: oneshot::Sender<u64>,
}

fn bare_round(runtime: &Runtime, writers: u64, events: u64) -> Result<(Duration, f64), Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let conn = bare_open(&folder.path().join("bare"))?;
    let (queue, requests) = mpsc::channel(4_096);
    let loop_thread = thread::spawn(move || bare_loop(&conn, requests));
    let (begin, cpu) = (Instant::now(), cpu_us()?);
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for writer in 0..writers {
            let queue = queue.clone();
            tasks.spawn(async move {
                for n in 0..events / writers {
                    let (reply, answer) = oneshot::channel();
                    let stream = stream_name(writer, n);
                    let data = vec![b'd'; EVENT_BYTES];
                    let revision = n % STREAM_EVENTS;
                    queue.send(BareRequest { stream, revision, data, reply }).await?;
                    answer.await?;
                }
                Ok(())
            });
        }
        drop(queue);
        all_done(tasks).await
    })?;
    let result = (begin.elapsed(), cpu_us()? - cpu);
    loop_thread.join().map_err(|_| "the bare loop died")??;
    Ok(result)
}

fn bare_open(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open(path)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         CREATE TABLE events (
             position INTEGER PRIMARY KEY,
             stream TEXT NOT NULL,
             revision INTEGER NOT NULL,
             type TEXT NOT NULL,
             data BLOB NOT NULL
         );
         CREATE UNIQUE INDEX by_stream ON events (stream, revision);",
    )?;
    Ok(conn)
}

fn bare_loop(conn: &Connection, mut requests: mpsc::Receiver<BareRequest>) -> rusqlite::Result<()> {
    let mut insert = conn.prepare(
        "INSERT INTO events (stream, revision, type, data) VALUES (?1, ?2, 'ParcelArrived', ?3)",
    )?;
    let mut group = Vec::with_capacity(1_024);
    while requests.blocking_recv_many(&mut group, 1_024) > 0 {
        let mut replies = Vec::with_capacity(group.len());
        conn.execute_batch("BEGIN IMMEDIATE")?;
        for BareRequest { stream, revision, data, reply } in group.drain(..) {
            let position = insert.insert(params![stream, revision.cast_signed(), data])?;
            replies.push((reply, position.cast_unsigned()));
        }
        conn.execute_batch("COMMIT")?;
        for (reply, position) in replies {
            reply.send(position).ok();
        }
    }
    Ok(())
}

async fn all_done(mut tasks: JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// Random keys, as real parcel streams are named by a hash of their waybill.
fn stream_name(writer: u64, n: u64) -> String {
    format!("parcel-bench.{}", id(writer, 1_000_000_000 + n / STREAM_EVENTS))
}

fn id(writer: u64, n: u64) -> Uuid {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&writer.to_le_bytes());
    key[8..].copy_from_slice(&n.to_le_bytes());
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &key)
}

fn rate(events: u64, time: Duration) -> f64 {
    events as f64 / time.as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The CPU time of this process so far, where the system tells it in `/proc`; zero elsewhere.
fn cpu_us() -> Result<f64, Failure> {
    let Ok(stat) = fs::read_to_string("/proc/self/stat") else {
        return Ok(0.0);
    };
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).map(str::parse::<f64>);
    // The clock tick of /proc is a hundredth of a second on every Linux.
    Ok(ticks.sum::<Result<f64, _>>()? * 10_000.0)
}
