//! Scans over HTTP against a trivial server in the same run:
//! `cargo bench -p lastmeter --bench scans`.
//!
//! Both servers are processes of their own on this machine, which also makes the load: 64
//! keep-alive connections, one scan a request. The trivial one is axum with a handler that parses
//! the same JSON, appends the line to a file, answers when a group of lines is synced, and does
//! nothing else.

#![expect(clippy::cast_precision_loss, reason = "figures for people need few digits")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::support::serving::{ANSWER_BYTES_MAX, read_answer, serve_engine, start};
use crate::support::{Failure, STEPS, cpu_us, median, scan_json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: u64 = 64;
const PARCELS_PER_CONNECTION: u64 = 60;
const ROUNDS: usize = 7;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The load and each server are processes of their own: this program, told which it is.
    match std::env::args().nth(1).as_deref() {
        Some("engine") => runtime.block_on(serve_engine()),
        Some("trivial") => runtime.block_on(serve_trivial()),
        Some(_) | None => runtime.block_on(compare()),
    }
}

struct Round {
    scans_per_second: f64,
    cpu_us_per_scan: f64,
    p50_ms: f64,
    p99_ms: f64,
}

async fn compare() -> Result<(), Failure> {
    let (mut ours, mut trivial, mut ratios) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let our_round = round("engine").await?;
        let trivial_round = round("trivial").await?;
        ratios.push(our_round.scans_per_second / trivial_round.scans_per_second);
        ours.push(our_round);
        trivial.push(trivial_round);
    }
    println!("server    scans/s  us of server CPU per scan  p50 ms  p99 ms");
    for (name, rounds) in [("engine ", &ours), ("trivial", &trivial)] {
        let of =
            |figure: fn(&Round) -> f64| median(&mut rounds.iter().map(figure).collect::<Vec<_>>());
        println!(
            "{name} {:9.0} {:26.1} {:7.2} {:7.2}",
            of(|round| round.scans_per_second),
            of(|round| round.cpu_us_per_scan),
            of(|round| round.p50_ms),
            of(|round| round.p99_ms),
        );
    }
    println!("ratio {:.2} with {CONNECTIONS} connections", median(&mut ratios));
    Ok(())
}

async fn round(name: &str) -> Result<Round, Failure> {
    let server = start(name)?;
    let process = server.child.id().to_string();
    let (begin, cpu) = (Instant::now(), cpu_us(&process));
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        connections.spawn(load(server.address, connection));
    }
    let mut times = vec![];
    while let Some(done) = connections.join_next().await {
        times.extend(done??);
    }
    let (time, cpu) = (begin.elapsed(), cpu_us(&process) - cpu);
    times.sort();
    let scans = times.len() as f64;
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    Ok(Round {
        scans_per_second: scans / time.as_secs_f64(),
        cpu_us_per_scan: cpu / scans,
        p50_ms: at(50).as_secs_f64() * 1e3,
        p99_ms: at(99).as_secs_f64() * 1e3,
    })
}

/// Sends scan after scan on one connection; gives how long each took.
async fn load(address: SocketAddr, connection: u64) -> Result<Vec<Duration>, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answer = vec![0; ANSWER_BYTES_MAX];
    let mut times = vec![];
    for parcel in 0..PARCELS_PER_CONNECTION {
        for step in 0..STEPS {
            let body = scan_json(connection * PARCELS_PER_CONNECTION + parcel, step);
            let length = body.len();
            let request = format!(
                "POST /api/v1/scans HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\n\r\n{body}"
            );
            let begin = Instant::now();
            stream.write_all(request.as_bytes()).await?;
            let length = read_answer(&mut stream, &mut answer).await?;
            times.push(begin.elapsed());
            let answer = std::str::from_utf8(&answer[..length])?;
            if !answer.contains(r#""status":"accepted""#) {
                return Err(format!("step {step}: {answer}").into());
            }
        }
    }
    Ok(times)
}

/// What the trivial server reads of a scan.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "parsed, as the real one does, and not looked at")]
struct TrivialScan {
    command_id: uuid::Uuid,
    kind: String,
    code: Option<String>,
    carrier: Option<String>,
    door: Option<TrivialDoor>,
    level: Option<String>,
    received_by: Option<String>,
    reopen: Option<String>,
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "parsed, as the real one does, and not looked at")]
struct TrivialDoor {
    building: String,
    unit: String,
    room: String,
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "parsed, as the real one does, and not looked at")]
struct TrivialEnvelope {
    community: String,
    actor: String,
    scans: Vec<TrivialScan>,
}

type Lines = mpsc::Sender<(Vec<u8>, oneshot::Sender<()>)>;

/// Serves the trivial handler.
async fn serve_trivial() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut file = std::fs::File::create(folder.path().join("lines"))?;
    let (lines, mut requests): (Lines, _) = mpsc::channel(4_096);
    std::thread::spawn(move || {
        let mut group = Vec::with_capacity(1_024);
        while requests.blocking_recv_many(&mut group, 1_024) > 0 {
            let bytes: Vec<u8> = group.iter().flat_map(|(line, _)| line.clone()).collect();
            if file.write_all(&bytes).and_then(|()| file.sync_data()).is_err() {
                return;
            }
            for (_, reply) in group.drain(..) {
                reply.send(()).ok();
            }
        }
    });
    let router = axum::Router::new().route("/api/v1/scans", post(trivial)).with_state(lines);
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("{}", listener.local_addr()?);
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, router).await?;
    Ok(())
}

async fn trivial(State(lines): State<Lines>, body: axum::body::Bytes) -> Json<serde_json::Value> {
    let parsed: Result<TrivialEnvelope, _> = serde_json::from_slice(&body);
    let (reply, synced) = oneshot::channel();
    let mut line = body.to_vec();
    line.push(b'\n');
    let stored = parsed.is_ok() && lines.send((line, reply)).await.is_ok() && synced.await.is_ok();
    let status = if stored { "accepted" } else { "refused" };
    Json(serde_json::json!({ "answers": [{ "status": status }] }))
}
