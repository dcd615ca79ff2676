//! What an official client gets from the face of an embedded log on loopback: appends, catching
//! up, and the delay of a live subscription, each beside the same work on the log itself.
//!
//! `cargo bench -p kurrent-face --bench client` has client, face and log in one process, alternates
//! the two sides on fresh files, and prints medians.

#![expect(clippy::cast_precision_loss, reason = "figures for people need few digits")]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{
    Delivery, Direction, EventLog, Expected, NewEvent, PAGE_EVENTS_MAX, Revision, SqliteLog,
    StreamName,
    sqlite::{Durability, Options},
};
use eventstore::{
    AppendToStreamOptions, Client, EventData, ReadAllOptions, StreamPosition, StreamState,
    SubscribeToAllOptions, SubscriptionEvent,
};
use kurrent_face::{APPEND_BYTES_MAX, Face};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const EVENT_BYTES: usize = 300;
/// A parcel has about so many events, then the writer begins with the next one.
const STREAM_EVENTS: u64 = 6;
const ROUNDS: usize = 5;
/// Writers, how many events they append together in one round, and the aim in appends a second.
const LOADS: [(u64, u64, u32); 3] = [(1, 8_000, 4_000), (8, 24_000, 8_000), (64, 48_000, 15_000)];
/// Events that are caught up with.
const HISTORY_EVENTS: u64 = 200_000;
/// Events whose delay is measured, one after the other.
const LIVE_EVENTS: u64 = 4_000;

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        println!("writers  client/s  direct/s  ratio    aim/s");
        for (writers, events, aim) in LOADS {
            let (mut through, mut direct, mut ratios) = (vec![], vec![], vec![]);
            for _ in 0..ROUNDS {
                let face = rate(events, append_through(writers, events).await?);
                let log = rate(events, append_directly(writers, events).await?);
                through.push(face);
                direct.push(log);
                ratios.push(face / log);
            }
            let (through, direct) = (median(&mut through), median(&mut direct));
            println!("{writers:7} {through:9.0} {direct:9.0} {:6.2} {aim:8}", median(&mut ratios));
        }
        catch_up().await?;
        follow_live().await
    })
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
async fn catch_up() -> Result<(), Failure> {
    let served = Served::fresh(Durability::Handed).await?;
    fill(&served.log, HISTORY_EVENTS).await?;
    let (mut pages, mut subscribed, mut direct) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        pages.push(rate(HISTORY_EVENTS, read_through(&served.client).await?));
        subscribed.push(rate(HISTORY_EVENTS, subscribe_through(&served.client).await?));
        direct.push(rate(HISTORY_EVENTS, read_directly(&served.log).await?));
    }
    let (pages, subscribed) = (median(&mut pages), median(&mut subscribed));
    let direct = median(&mut direct);
    println!(
        "catching up over {HISTORY_EVENTS} events, events a second, and against the log itself"
    );
    println!("  read of $all       {pages:9.0} {:6.2}", pages / direct);
    println!("  subscribed to $all {subscribed:9.0} {:6.2}", subscribed / direct);
    println!("  the log itself     {direct:9.0}");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
async fn follow_live() -> Result<(), Failure> {
    let served = Served::fresh(Durability::Synced).await?;
    let mut through = delays_through(&served).await?;
    let mut direct = delays_directly(&served.log).await?;
    through.sort_unstable();
    direct.sort_unstable();
    let at = |delays: &[Duration], percent: usize| {
        delays[(delays.len() - 1) * percent / 100].as_secs_f64() * 1e6
    };
    println!("from the call of an append to its event at a live subscription, us");
    for (name, delays) in [("client", &through), ("the log itself", &direct)] {
        println!("  {name:15} p50 {:6.0}   p99 {:6.0}", at(delays, 50), at(delays, 99));
    }
    let ratio = |percent| at(&through, percent) / at(&direct, percent);
    println!("  ratio           p50 {:6.2}   p99 {:6.2}", ratio(50), ratio(99));
    Ok(())
}

/// An embedded log that is served, and a client of it.
struct Served {
    log: Arc<SqliteLog>,
    client: Client,
    _face: Face,
    _folder: TempDir,
}

impl Served {
    async fn fresh(durability: Durability) -> Result<Self, Failure> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let log = Arc::new(open(folder.path(), durability)?);
        let now = "2022-04-01T06:00:00Z".parse()?;
        let options = kurrent_face::Options {
            clock: Arc::new(move || now),
            writable: true,
            owned: None,
            append_bytes_max: APPEND_BYTES_MAX,
            tls: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let face = Face::serve(Arc::clone(&log) as Arc<dyn EventLog>, listener, options)?;
        let client = Client::new(format!("esdb://{}?tls=false", face.address).parse()?)
            .map_err(|report| Failure::from(report.to_string()))?;
        Ok(Self { log, client, _face: face, _folder: folder })
    }
}

fn open(folder: &Path, durability: Durability) -> Result<SqliteLog, Failure> {
    Ok(SqliteLog::open(&folder.join("log"), Options { durability, ..Options::default() })?)
}

async fn append_through(writers: u64, events: u64) -> Result<Duration, Failure> {
    let served = Served::fresh(Durability::Synced).await?;
    served.client.server_info().await?;
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let client = served.client.clone();
        tasks.spawn(async move {
            for n in 0..events / writers {
                let state = match (n % STREAM_EVENTS).checked_sub(1) {
                    None => StreamState::NoStream,
                    Some(last) => StreamState::StreamRevision(last),
                };
                append(&client, &stream_name(writer, n), state, id(writer, n)).await?;
            }
            Ok(())
        });
    }
    all_done(tasks).await?;
    Ok(begin.elapsed())
}

async fn append(
    client: &Client,
    stream: &str,
    state: StreamState,
    id: Uuid,
) -> Result<(), Failure> {
    let options = AppendToStreamOptions::default().stream_state(state);
    let event = EventData::binary("ParcelArrived", vec![b'd'; EVENT_BYTES].into()).id(id);
    client.append_to_stream(stream, &options, event).await?;
    Ok(())
}

async fn append_directly(writers: u64, events: u64) -> Result<Duration, Failure> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let log = Arc::new(open(folder.path(), Durability::Synced)?);
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let log = Arc::clone(&log);
        tasks.spawn(async move {
            for n in 0..events / writers {
                let stream = StreamName::try_from(stream_name(writer, n))?;
                let expected = match (n % STREAM_EVENTS).checked_sub(1) {
                    None => Expected::NoStream,
                    Some(last) => Expected::Exact(Revision(last)),
                };
                log.append(&stream, expected, vec![event(id(writer, n))]).await?;
            }
            Ok(())
        });
    }
    all_done(tasks).await?;
    Ok(begin.elapsed())
}

async fn fill(log: &SqliteLog, events: u64) -> Result<(), Failure> {
    const TOGETHER: u64 = 500;
    for n in 0..events / TOGETHER {
        let stream = StreamName::try_from(format!("parcel-bench.{n}"))?;
        let together = (0..TOGETHER).map(|index| event(id(n, index))).collect();
        log.append(&stream, Expected::NoStream, together).await?;
    }
    Ok(())
}

async fn read_through(client: &Client) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let options = ReadAllOptions::default().forwards().position(StreamPosition::Start);
    let options = options.max_count(usize::try_from(HISTORY_EVENTS)?);
    let mut stream = client.read_all(&options).await?;
    let mut count = 0;
    while stream.next().await?.is_some() {
        count += 1;
    }
    complete(count)?;
    Ok(begin.elapsed())
}

async fn subscribe_through(client: &Client) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let options = SubscribeToAllOptions::default().position(StreamPosition::Start);
    let mut subscription = client.subscribe_to_all(&options).await;
    let mut count = 0;
    while count < HISTORY_EVENTS {
        if let SubscriptionEvent::EventAppeared(_) = subscription.next_subscription_event().await? {
            count += 1;
        }
    }
    Ok(begin.elapsed())
}

async fn read_directly(log: &SqliteLog) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let (mut count, mut after) = (0, None);
    loop {
        let page = log.read_all(after, Direction::Forwards, PAGE_EVENTS_MAX).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.position);
        count += page.len() as u64;
    }
    complete(count)?;
    Ok(begin.elapsed())
}

fn complete(count: u64) -> Result<(), Failure> {
    if count == HISTORY_EVENTS {
        return Ok(());
    }
    Err(format!("{count} events of {HISTORY_EVENTS} were read").into())
}

async fn delays_through(served: &Served) -> Result<Vec<Duration>, Failure> {
    let options = SubscribeToAllOptions::default().position(StreamPosition::End);
    let mut subscription = served.client.subscribe_to_all(&options).await;
    // The first one tells that the subscription is live.
    loop {
        if let SubscriptionEvent::CaughtUp(_) = subscription.next_subscription_event().await? {
            break;
        }
    }
    let mut delays = vec![];
    for n in 0..LIVE_EVENTS {
        let (client, id) = (served.client.clone(), id(u64::MAX, n));
        let begin = Instant::now();
        let stream = stream_name(u64::MAX, n * STREAM_EVENTS);
        let appending =
            tokio::spawn(async move { append(&client, &stream, StreamState::NoStream, id).await });
        loop {
            let event = subscription.next_subscription_event().await?;
            if let SubscriptionEvent::EventAppeared(_) = event {
                break;
            }
        }
        delays.push(begin.elapsed());
        appending.await??;
    }
    Ok(delays)
}

async fn delays_directly(log: &Arc<SqliteLog>) -> Result<Vec<Duration>, Failure> {
    let mut subscription = log.subscribe(log.head().await?);
    let mut delays = vec![];
    for n in 0..LIVE_EVENTS {
        let stream = StreamName::try_from(stream_name(u64::MAX - 1, n * STREAM_EVENTS))?;
        let (log, event) = (Arc::clone(log), event(id(u64::MAX - 1, n)));
        let begin = Instant::now();
        let appending =
            tokio::spawn(async move { log.append(&stream, Expected::NoStream, vec![event]).await });
        while !matches!(subscription.next().await?, Delivery::Events(_)) {}
        delays.push(begin.elapsed());
        appending.await??;
    }
    Ok(delays)
}

fn event(id: Uuid) -> NewEvent {
    NewEvent {
        id,
        event_type: "ParcelArrived".into(),
        data: vec![b'd'; EVENT_BYTES].into(),
        metadata: bytes::Bytes::new(),
    }
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
