//! Scans over HTTP against a trivial server in the same run:
//! `cargo bench -p lastmeter --bench scans`.
//!
//! Both servers are processes of their own on this machine, which also makes the load: 64
//! keep-alive connections, one scan a request. The trivial one is axum with a handler that parses
//! the same JSON, appends the line to a file, answers when a group of lines is synced, and does
//! nothing else.
//!
//! The load is made twice: by the HTTP client that the sample day uses too, and by bytes that are
//! written to bare sockets, which leaves the servers nearly all of the processors. The less the
//! load costs, the more the rates are those of the servers alone; the CPU time of a scan is the
//! same.

#![expect(clippy::cast_precision_loss, reason = "figures for people need few digits")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::support::serving::{ANSWER_BYTES_MAX, folder, read_answer, serve_engine, start};
use crate::support::{Failure, STEPS, cpu_us, median, scan_json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PATH: &str = "/api/v1/scans";
const CONNECTIONS: u64 = 64;
const PARCELS_PER_CONNECTION: u64 = 60;
const ROUNDS: usize = 7;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The load and each server are processes of their own: this program, told which it is.
    match std::env::args().nth(1).as_deref() {
        Some("engine") => runtime.block_on(serve_engine()),
        Some("trivial") => runtime.block_on(serve_trivial()),
        Some(_) | None => {
            for by in [Load::Client, Load::Sockets] {
                runtime.block_on(compare(by))?;
            }
            Ok(())
        }
    }
}

/// What makes the load.
#[derive(Debug, Clone, Copy)]
enum Load {
    /// An HTTP client.
    Client,
    /// Bytes on bare sockets.
    Sockets,
}

struct Round {
    scans_per_second: f64,
    cpu_us_per_scan: f64,
    p50_ms: f64,
    p99_ms: f64,
}

async fn compare(by: Load) -> Result<(), Failure> {
    let (mut ours, mut trivial, mut ratios) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let our_round = round("engine", by).await?;
        let trivial_round = round("trivial", by).await?;
        ratios.push(our_round.scans_per_second / trivial_round.scans_per_second);
        ours.push(our_round);
        trivial.push(trivial_round);
    }
    println!(
        "\nload by {}",
        match by {
            Load::Client => "an HTTP client",
            Load::Sockets => "bytes on bare sockets",
        }
    );
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

async fn round(name: &str, by: Load) -> Result<Round, Failure> {
    let server = start(name)?;
    let process = server.child.id().to_string();
    let (begin, cpu) = (Instant::now(), cpu_us(&process));
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        connections.spawn(load(server.address, connection, by));
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
async fn load(address: SocketAddr, connection: u64, by: Load) -> Result<Vec<Duration>, Failure> {
    let mut asked = match by {
        Load::Client => Connection::Client(Box::new(client()), format!("http://{address}{PATH}")),
        Load::Sockets => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Connection::Socket(stream, vec![0; ANSWER_BYTES_MAX])
        }
    };
    let mut times = vec![];
    for parcel in 0..PARCELS_PER_CONNECTION {
        for step in 0..STEPS {
            let body = scan_json(connection * PARCELS_PER_CONNECTION + parcel, step);
            let begin = Instant::now();
            let accepted = asked.ask(body).await?;
            times.push(begin.elapsed());
            if !accepted {
                return Err(format!("step {step} was not accepted").into());
            }
        }
    }
    Ok(times)
}

/// One keep-alive connection.
enum Connection {
    /// Of an HTTP client that keeps one, and the address that it asks.
    Client(Box<Client<HttpConnector, Full<Bytes>>>, String),
    /// A bare socket, and room for an answer.
    Socket(TcpStream, Vec<u8>),
}

fn client() -> Client<HttpConnector, Full<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(1).build(connector)
}

impl Connection {
    /// Sends a scan; tells whether it was accepted.
    async fn ask(&mut self, body: String) -> Result<bool, Failure> {
        const ACCEPTED: &str = r#""status":"accepted""#;
        match self {
            Self::Client(client, url) => {
                let request = Request::post(&**url)
                    .header("content-type", "application/json")
                    .body(Full::new(Bytes::from(body)))?;
                let answer = client.request(request).await?.into_body().collect().await?;
                Ok(std::str::from_utf8(&answer.to_bytes())?.contains(ACCEPTED))
            }
            Self::Socket(stream, answer) => {
                let length = body.len();
                let request = format!(
                    "POST {PATH} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
                     content-length: {length}\r\n\r\n{body}"
                );
                stream.write_all(request.as_bytes()).await?;
                let length = read_answer(stream, answer).await?;
                Ok(std::str::from_utf8(&answer[..length])?.contains(ACCEPTED))
            }
        }
    }
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
    let mut file = std::fs::File::create(folder()?.join("lines"))?;
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
    let router = axum::Router::new().route(PATH, post(trivial)).with_state(lines);
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("{}", listener.local_addr()?);
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, router).await?;
    Ok(())
}

async fn trivial(State(lines): State<Lines>, body: Bytes) -> Json<serde_json::Value> {
    let parsed: Result<TrivialEnvelope, _> = serde_json::from_slice(&body);
    let (reply, synced) = oneshot::channel();
    let mut line = body.to_vec();
    line.push(b'\n');
    let stored = parsed.is_ok() && lines.send((line, reply)).await.is_ok() && synced.await.is_ok();
    let status = if stored { "accepted" } else { "refused" };
    Json(serde_json::json!({ "answers": [{ "status": status }] }))
}
