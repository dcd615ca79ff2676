//! What the benchmarks share: a small community, its scans, the bare loop, and figures.

#![expect(dead_code, reason = "each benchmark uses a part of it")]

pub mod serving;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use domain::device::event::ContentDigest;
use domain::ids::CommandId;
use event_log::sqlite::Options;
use event_log::{EventLog, SqliteLog};
use runtime::clock::SystemClock;
use runtime::scan::{ArriveScan, Destination, HandOffScan, PieceRef, Scan, Target};
use runtime::vault::Vault;
use runtime::{Engine, Occurred, Parts, Request, Status, community_file};
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use uuid::Uuid;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A community of four doors; its disinfection acts at once, so that nothing waits.
pub const COMMUNITY: &str = r#"
id = "bench"
name = "Bench"
time_zone = "Asia/Shanghai"
intake_point = "main"
[grids]
1 = "red"
[[buildings]]
id = "1"
grid = "1"
units = 1
floors = 1
doors_per_floor = 4
[disinfection.parcel_goods]
agent = "chlorine"
act_seconds = 0
outer_bag_only = false
"#;

/// The steps of one parcel, each of one event.
pub const STEPS: u64 = 6;

/// How many clients fill a log.
const CLIENTS_FILLING: u64 = 512;

/// Makes the log through the engine itself, so that its events are what the engine writes.
pub async fn fill(path: &Path, events: u64) -> Result<(), Failure> {
    let log = Arc::new(SqliteLog::open(path, Options::default())?);
    let engine = engine(Arc::clone(&log)).await?;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS_FILLING {
        let engine = Arc::clone(&engine);
        clients.spawn(async move {
            for parcel in (0..events / STEPS).filter(|parcel| parcel % CLIENTS_FILLING == client) {
                for step in 0..STEPS {
                    let answer =
                        engine.scan(request(&engine, parcel, step)?, scan(parcel, step)?).await;
                    if answer.status != Status::Accepted {
                        return Err(format!("step {step}: {answer:?}").into());
                    }
                }
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = clients.join_next().await {
        done??;
    }
    drop(engine);
    log.close();
    Ok(())
}

/// Opens an engine over a log, with the small community in it.
pub async fn engine(log: Arc<SqliteLog>) -> Result<Arc<Engine>, Failure> {
    let parts = Parts {
        log: log as Arc<dyn EventLog>,
        clock: Arc::new(SystemClock),
        vault: Arc::new(Vault::in_memory()?),
        snapshots: None,
        observers: vec![],
    };
    let engine = Engine::start(parts).await?;
    let (id, commands) = community_file::read(COMMUNITY)?;
    let loaded = community_file::load(&engine, &id, &"bench".parse()?, commands).await;
    loaded.map_err(|problem| problem.english)?;
    Ok(engine)
}

/// The request of a step.
pub fn request(engine: &Engine, parcel: u64, step: u64) -> Result<Request, Failure> {
    let recorded_at = engine.clock().now();
    Ok(Request {
        command_id: command_id(parcel, step),
        content: ContentDigest::from_bytes([7; 16]),
        community: "bench".parse()?,
        actor: "bench".parse()?,
        device: None,
        sequence: None,
        occurred: Occurred::now(recorded_at),
        recorded_at,
        correlation_id: None,
        causation_id: None,
    })
}

/// The id of a step's command.
pub fn command_id(parcel: u64, step: u64) -> CommandId {
    CommandId(Uuid::from_u128(u128::from(parcel) << 64 | u128::from(step) | 1 << 127))
}

/// The waybill number of a parcel.
pub fn number(parcel: u64) -> String {
    format!("SF{parcel:013}")
}

/// A step of a parcel: it comes, is disinfected, sorted, fetched, and opened again.
pub fn scan(parcel: u64, step: u64) -> Result<Scan, Failure> {
    let piece = PieceRef { code: number(parcel), carrier: Some("sf".parse()?), piece: Some(1) };
    Ok(match step {
        0 => Scan::Arrive(Box::new(ArriveScan {
            code: Some(piece.code),
            carrier: piece.carrier,
            piece: domain::parcel::event::Piece { number: 1, of: 1 },
            gate: None,
            container: None,
            category: None,
            size: domain::supply::SizeClass::Bag,
            cold: domain::supply::Cold::Ambient,
            weight_grams: None,
            order: None,
            destination: Destination { door: Some(door()?), ..Destination::default() },
            sender: None,
            on_behalf: false,
        })),
        1 => Scan::StartDisinfection(Target::Piece(piece)),
        2 => Scan::StopDisinfection(Target::Piece(piece)),
        3 => Scan::Sort(piece, None, None),
        4 => Scan::HandOff(
            piece,
            HandOffScan {
                run: None,
                door: None,
                level: domain::parcel::event::DeliveryLevel::Pickup,
                received_by: domain::parcel::event::Receiver::Resident,
            },
        ),
        _ => Scan::Reopen(piece, domain::parcel::event::ReopenReason::Mistake),
    })
}

fn door() -> Result<domain::address::Door, Failure> {
    Ok(domain::address::Door { building: "1".parse()?, unit: "1".parse()?, room: "101".parse()? })
}

/// The same step as the wire has it.
pub fn scan_json(parcel: u64, step: u64) -> String {
    let id = command_id(parcel, step);
    let code = number(parcel);
    let rest = match step {
        0 => r#""kind":"arrive","door":{"building":"1","unit":"1","room":"101"},"#,
        1 => r#""kind":"disinfect_start","#,
        2 => r#""kind":"disinfect_stop","#,
        3 => r#""kind":"sort","#,
        4 => r#""kind":"hand_off","level":"pickup","received_by":"resident","#,
        _ => r#""kind":"reopen","reopen":"mistake","#,
    };
    format!(r#"{{"community":"bench","actor":"bench","scans":[{{"command_id":"{id}",{rest}"#)
        + &format!(r#""code":"{code}","carrier":"sf"}}]}}"#)
}

/// The least that a log must do: one thread, one transaction for all that is queued, one sync.
pub struct Bare {
    queue: mpsc::Sender<(String, u64, Vec<u8>, oneshot::Sender<u64>)>,
}

impl Bare {
    /// Opens a new file.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             CREATE TABLE events (
                 position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL,
                 type TEXT NOT NULL, data BLOB NOT NULL
             );
             CREATE UNIQUE INDEX by_stream ON events (stream, revision);",
        )?;
        let (queue, mut requests) = mpsc::channel(4_096);
        thread::spawn(move || {
            let mut group = Vec::with_capacity(1_024);
            while requests.blocking_recv_many(&mut group, 1_024) > 0 {
                if store(&connection, &mut group).is_err() {
                    return;
                }
            }
        });
        Ok(Self { queue })
    }

    /// Appends an event, durably.
    pub async fn append(
        &self,
        stream: String,
        revision: u64,
        data: Vec<u8>,
    ) -> Result<(), Failure> {
        let (reply, stored) = oneshot::channel();
        self.queue.send((stream, revision, data, reply)).await?;
        stored.await?;
        Ok(())
    }
}

type BareRequest = (String, u64, Vec<u8>, oneshot::Sender<u64>);

fn store(connection: &Connection, group: &mut Vec<BareRequest>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO events (stream, revision, type, data) VALUES (?1, ?2, 'Arrived', ?3)";
    let mut insert = connection.prepare_cached(sql)?;
    let mut replies = Vec::with_capacity(group.len());
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for (stream, revision, data, reply) in group.drain(..) {
        let position = insert.insert(params![stream, revision.cast_signed(), data])?;
        replies.push((reply, position.cast_unsigned()));
    }
    connection.execute_batch("COMMIT")?;
    for (reply, position) in replies {
        reply.send(position).ok();
    }
    Ok(())
}

/// The middle of some figures.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The CPU time of a process so far, in microseconds, where the system tells it in `/proc`.
pub fn cpu_us(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|word| word.parse::<f64>().ok());
    // The clock tick of /proc is a hundredth of a second on every Linux.
    ticks.sum::<f64>() * 10_000.0
}

/// The memory of this process that is in use, in bytes, where the system tells it.
pub fn resident_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    let kib = line.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok());
    kib.unwrap_or_default() * 1_024.0
}
