//! Questions about a building's queue against the server's own `/livez` in the same run, and how
//! late honest ones are beside somebody who sends documents that are made to hurt:
//! `cargo bench -p lastmeter --bench queries`.
//!
//! The server is a process of its own on this machine, which also makes the load: 16 keep-alive
//! connections. The building has 200 open pieces.

#![expect(clippy::cast_precision_loss, reason = "figures for people need few digits")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::serving::{ANSWER_BYTES_MAX, read_answer, serve_engine, start};
use crate::support::{Failure, cpu_us, median, scan_json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PIECES: u64 = 200;
const CONNECTIONS: usize = 16;
const ASKED_PER_CONNECTION: usize = 400;
const ROUNDS: usize = 5;
const HOSTILE_DOCUMENTS: usize = 1_000;
/// How many hostile documents come in a second, one after another on one connection.
const HOSTILE_PER_SECOND: f64 = 200.0;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match std::env::args().nth(1).as_deref() {
        Some("engine") => runtime.block_on(serve_engine()),
        Some(_) | None => runtime.block_on(measure()),
    }
}

async fn measure() -> Result<(), Failure> {
    let server = start("engine")?;
    for parcel in 0..PIECES {
        let mut stream = Client::connect(server.address).await?;
        stream.ask(&post("/api/v1/scans", &scan_json(parcel, 0)), "accepted").await?;
    }
    let questions = [
        ("/livez", get("/livez"), "ok"),
        ("REST", get("/api/v1/communities/bench/building-queues/1"), "\"total\""),
        ("GraphQL", graphql(QUEUE), "\"atGate\":200"),
        ("GraphQL, doors", graphql(QUEUE_AND_DOORS), "\"atGate\":200"),
    ];
    let process = server.child.id().to_string();
    let mut rounds: Vec<Vec<Round>> = questions.iter().map(|_| vec![]).collect();
    for _ in 0..ROUNDS {
        for ((_, request, expected), rounds) in questions.iter().zip(&mut rounds) {
            rounds.push(round(server.address, &process, request, expected).await?);
        }
    }
    println!("question        asked/s  of /livez  us of server CPU  p50 ms  p99 ms");
    for ((name, ..), of_it) in questions.iter().zip(&rounds) {
        let figure =
            |figure: fn(&Round) -> f64| median(&mut of_it.iter().map(figure).collect::<Vec<_>>());
        let mut ratios: Vec<_> = of_it
            .iter()
            .zip(rounds.first().into_iter().flatten())
            .map(|(this, bare)| this.per_second / bare.per_second)
            .collect();
        println!(
            "{name:14} {:8.0} {:10.2} {:17.1} {:7.2} {:7.2}",
            figure(|round| round.per_second),
            median(&mut ratios),
            figure(|round| round.cpu_us),
            figure(|round| round.p50_ms),
            figure(|round| round.p99_ms),
        );
    }
    beside_the_hostile(server.address).await
}

const QUEUE: &str = "{ community(key: \"bench\") { views { buildingQueue(building: \"1\") { \
                     queue { total { atGate onShelf loaded } oldest { parcel ageSeconds } } } } } }";
const QUEUE_AND_DOORS: &str = "{ community(key: \"bench\") { views { buildingQueue(building: \"1\", doors: true) { queue { \
     total { atGate onShelf loaded } } units { unit doors { door { room } } } } } } }";

struct Round {
    per_second: f64,
    cpu_us: f64,
    p50_ms: f64,
    p99_ms: f64,
}

async fn round(
    address: SocketAddr,
    process: &str,
    request: &str,
    expected: &'static str,
) -> Result<Round, Failure> {
    let (begin, cpu) = (Instant::now(), cpu_us(process));
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let request = request.to_owned();
        connections.spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut times = Vec::with_capacity(ASKED_PER_CONNECTION);
            for _ in 0..ASKED_PER_CONNECTION {
                times.push(client.ask(&request, expected).await?);
            }
            Ok::<_, Failure>(times)
        });
    }
    let mut times = vec![];
    while let Some(done) = connections.join_next().await {
        times.extend(done??);
    }
    let (time, cpu) = (begin.elapsed(), cpu_us(process) - cpu);
    let asked = times.len() as f64;
    let [p50_ms, p99_ms] = percentiles(times);
    Ok(Round { per_second: asked / time.as_secs_f64(), cpu_us: cpu / asked, p50_ms, p99_ms })
}

fn percentiles(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort();
    [50, 99].map(|percent| {
        let at = times.get(times.len() * percent / 100).copied().unwrap_or_default();
        at.as_secs_f64() * 1e3
    })
}

/// Honest questions alone, and beside one connection that sends hostile documents.
async fn beside_the_hostile(address: SocketAddr) -> Result<(), Failure> {
    let documents: Vec<_> = (0..HOSTILE_DOCUMENTS).map(|n| graphql(&hostile(n))).collect();
    let mut ratios = vec![];
    let mut rows = vec![];
    for _ in 0..ROUNDS {
        let (alone, _) = honest(address, vec![]).await?;
        let (beside, worst) = honest(address, documents.clone()).await?;
        ratios.push(beside[1] / alone[1]);
        rows.push((alone, beside, worst));
    }
    println!(
        "honest, alone: p50, p99 ms | beside 1,000 hostile documents: p50, p99 ms | the slowest of them, ms"
    );
    for (alone, beside, worst) in rows {
        println!(
            "{:.2} {:.2} | {:.2} {:.2} | {:.2}",
            alone[0],
            alone[1],
            beside[0],
            beside[1],
            worst.as_secs_f64() * 1e3,
        );
    }
    println!("p99 of honest questions beside the hostile: {:.2} times", median(&mut ratios));
    Ok(())
}

async fn honest(
    address: SocketAddr,
    hostile: Vec<String>,
) -> Result<([f64; 2], Duration), Failure> {
    let (ended, end) = tokio::sync::watch::channel(false);
    let attack = tokio::spawn(async move {
        let mut client = Client::connect(address).await?;
        let mut tick = tokio::time::interval(Duration::from_secs_f64(1.0 / HOSTILE_PER_SECOND));
        let mut worst = Duration::ZERO;
        for number in 0..HOSTILE_DOCUMENTS {
            tick.tick().await;
            if let Some(document) = hostile.get(number) {
                worst = worst.max(client.ask(document, "\"code\"").await?);
            }
        }
        ended.send(true).ok();
        Ok::<_, Failure>(worst)
    });
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let end = end.clone();
        connections.spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut times = vec![];
            while !*end.borrow() {
                times.push(client.ask(&graphql(QUEUE), "\"atGate\":200").await?);
            }
            Ok::<_, Failure>(times)
        });
    }
    let worst = attack.await??;
    let mut times = vec![];
    while let Some(done) = connections.join_next().await {
        times.extend(done??);
    }
    Ok((percentiles(times), worst))
}

/// A document that is made to hurt.
fn hostile(number: usize) -> String {
    let size = 200 + number;
    match number % 6 {
        0 => format!("{{{}key{}}}", "node(id:\"x\"){".repeat(size), "}".repeat(size)),
        1 => format!("{{{}}}", "__typename ".repeat(size)),
        2 => {
            let fields = (0..size).map(|n| format!("a{n}:engine{{position}} "));
            format!("{{{}}}", fields.collect::<String>())
        }
        3 => {
            let fragments =
                (0..30).map(|n| format!("fragment f{n} on Query{{...f{0} ...f{0}}}", n + 1));
            format!("{{...f0}}{}fragment f30 on Query{{__typename}}", fragments.collect::<String>())
        }
        4 => format!("{{__typename {}}}", "@skip(if:false)".repeat(size)),
        _ => format!("{{nodes(ids:{}1{}){{id}}}}", "[".repeat(size), "]".repeat(size)),
    }
}

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; ANSWER_BYTES_MAX] })
    }

    /// Asks, and looks for a text in the answer; gives how long it took.
    async fn ask(&mut self, request: &str, expected: &str) -> Result<Duration, Failure> {
        let begin = Instant::now();
        self.stream.write_all(request.as_bytes()).await?;
        let length = read_answer(&mut self.stream, &mut self.buffer).await?;
        let took = begin.elapsed();
        let answer = std::str::from_utf8(&self.buffer[..length])?;
        if answer.contains(expected) { Ok(took) } else { Err(answer.to_owned().into()) }
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n")
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

fn graphql(document: &str) -> String {
    post("/graphql", &json!({ "query": document }).to_string())
}
