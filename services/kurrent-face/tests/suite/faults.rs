//! A network that cuts, delays and halves connections between the adapter and the log: nothing
//! that was acknowledged is lost, and nothing is there twice.
//!
//! `LASTMETER_FAULT_RUNS=500 cargo nextest run -p kurrent-face -E 'test(faults)'` hunts longer;
//! `LASTMETER_FAULT_SEED` begins with another seed.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use event_log::{
    AppendError, Delivery, Direction, EventLog, Expected, MemoryLog, NewEvent, Position, Revision,
    StreamName,
    kurrent::{Config, KurrentLog},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use uuid::Uuid;

use crate::clients::{options, serve};

const RUNS_USUAL: u64 = 24;
const WRITERS: u64 = 4;
const APPENDS: u64 = 12;

/// A seeded sequence, the same each time.
struct Chances(u64);

impl Chances {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }
}

/// Passes bytes on, until chance has it otherwise. Gives its address.
async fn proxy(to: SocketAddr, seed: u64, faults: Arc<AtomicU64>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut count = 0;
        while let Ok((near, _)) = listener.accept().await {
            count += 1;
            let Ok(far) = TcpStream::connect(to).await else { continue };
            let (near_read, near_write) = near.into_split();
            let (far_read, far_write) = far.into_split();
            let there = pass(near_read, far_write, Chances(seed ^ count), Arc::clone(&faults));
            let back = pass(far_read, near_write, Chances(!seed ^ count), Arc::clone(&faults));
            // One direction that ends cuts the other one, too.
            tokio::spawn(async move {
                tokio::select! { () = there => {}, () = back => {} }
            });
        }
    });
    address
}

async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut chances: Chances,
    faults: Arc<AtomicU64>,
) {
    let mut bytes = [0; 4_096];
    loop {
        let Ok(count @ 1..) = from.read(&mut bytes).await else { return };
        let (mut sent, mut cut) = (count, false);
        if chances.one_in(60) {
            // Cut, in the middle of what was on its way, or before, or after it.
            (sent, cut) = (usize::try_from(chances.next()).unwrap() % (count + 1), true);
        } else if chances.one_in(10) {
            tokio::time::sleep(Duration::from_millis(chances.next() % 8)).await;
        }
        if to.write_all(&bytes[..sent]).await.is_err() {
            return;
        }
        if cut {
            faults.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}

fn event(writer: u64, number: u64) -> NewEvent {
    let (data, metadata) = (format!("{{\"n\":{number}}}").into(), "{}".into());
    let id = Uuid::from_u64_pair(writer + 1, number);
    NewEvent { id, event_type: "Happened".into(), data, metadata }
}

fn stream(writer: u64) -> StreamName {
    format!("w-{writer}").try_into().unwrap()
}

/// What a writer was told: the revision of each event that was acknowledged.
type Receipts = HashMap<Uuid, Revision>;

/// Appends one event after the other; an append whose outcome stays unknown is sent again.
async fn write(log: Arc<KurrentLog>, writer: u64) -> Receipts {
    let mut receipts = Receipts::new();
    for number in 0..APPENDS {
        let expected = match number.checked_sub(1) {
            None => Expected::NoStream,
            Some(last) => Expected::Exact(Revision(last)),
        };
        loop {
            let event = event(writer, number);
            match log.append(&stream(writer), expected, vec![event.clone()]).await {
                Ok(appended) => {
                    receipts.insert(event.id, appended.revision);
                    break;
                }
                Err(AppendError::OutcomeUnknown(_)) => {}
                other => {
                    other.unwrap();
                }
            }
        }
    }
    receipts
}

/// Follows the log through the faults until every event was seen.
async fn follow(log: Arc<KurrentLog>, total: usize) -> Vec<(Position, Uuid)> {
    let mut subscription = log.subscribe(None);
    let mut seen = Vec::new();
    while seen.len() < total {
        if let Delivery::Events(events) = subscription.next().await.unwrap() {
            seen.extend(events.iter().map(|event| (event.position, event.id)));
        }
    }
    seen
}

/// What is wrong with a log, given what its writers were told and its follower has seen.
fn wrong(
    kept: &[(Position, Uuid, Revision)],
    receipts: &Receipts,
    seen: &[(Position, Uuid)],
) -> Option<String> {
    for (id, revision) in receipts {
        let count = kept.iter().filter(|(_, kept, at)| kept == id && at == revision).count();
        if count != 1 {
            return Some(format!(
                "{id} was acknowledged at {revision:?} and is there {count} times"
            ));
        }
    }
    if kept.len() != receipts.len() {
        return Some(format!("{} events of {} appends", kept.len(), receipts.len()));
    }
    let order: Vec<_> = kept.iter().map(|(position, id, _)| (*position, *id)).collect();
    (order != seen).then(|| "the follower has seen another order".to_owned())
}

async fn one_run(seed: u64) -> (Option<String>, u64) {
    let kept = Arc::new(MemoryLog::new());
    let face = serve(Arc::clone(&kept) as Arc<dyn EventLog>, options(None)).await;
    let faults = Arc::new(AtomicU64::new(0));
    let address = proxy(face.address, seed, Arc::clone(&faults)).await;
    let config = Config::new(format!("esdb://{address}?tls=false"));
    let log = Arc::new(KurrentLog::connect(config).await.unwrap());
    let total = usize::try_from(WRITERS * APPENDS).unwrap();
    let following = tokio::spawn(follow(Arc::clone(&log), total));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(Arc::clone(&log), writer));
    }
    let receipts: Receipts = writers.join_all().await.into_iter().flatten().collect();
    let seen = following.await.unwrap();
    let all = kept.read_all(None, Direction::Forwards, total + 1).await.unwrap();
    let all: Vec<_> = all.iter().map(|event| (event.position, event.id, event.revision)).collect();
    (wrong(&all, &receipts, &seen), faults.load(Ordering::Relaxed))
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled() {
    let (runs, first) =
        (setting("LASTMETER_FAULT_RUNS", RUNS_USUAL), setting("LASTMETER_FAULT_SEED", 1));
    let mut faults = 0;
    for seed in first..first + runs {
        let run = tokio::time::timeout(Duration::from_mins(2), one_run(seed)).await;
        let (wrong, cuts) = run.unwrap_or((Some("it hangs".to_owned()), 0));
        assert_eq!(wrong, None, "seed {seed}");
        faults += cuts;
    }
    eprintln!("{runs} runs, {faults} connections cut");
    assert!(faults >= runs / 2, "only {faults} faults in {runs} runs: this shows nothing");
}

/// The positive control: a writer that trusts neither ids nor revisions, and sends again what it
/// got no answer to, has its events there twice before many seeds are over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_ids_and_revisions_events_are_doubled() {
    const SEEDS_MAX: u64 = 60;
    for seed in 1..=SEEDS_MAX {
        let kept = Arc::new(MemoryLog::new());
        let face = serve(Arc::clone(&kept) as Arc<dyn EventLog>, options(None)).await;
        let address = proxy(face.address, seed, Arc::default()).await;
        let connect = || {
            let settings = format!("esdb://{address}?tls=false").parse().unwrap();
            eventstore::Client::new(settings).unwrap()
        };
        let mut client = connect();
        for number in 0..APPENDS {
            loop {
                let data = number.to_string().into();
                let event = eventstore::EventData::binary("Happened", data);
                if client.append_to_stream("w-1", &Default::default(), event).await.is_ok() {
                    break;
                }
                client = connect();
            }
        }
        let all = kept.read_all(None, Direction::Forwards, 1_000).await.unwrap();
        if all.len() > usize::try_from(APPENDS).unwrap() {
            return;
        }
    }
    panic!("no event was doubled in {SEEDS_MAX} seeds: the proxy does no harm");
}

/// The check bites: what would be wrong without exact revisions and ids is found.
#[test]
fn a_lost_and_a_doubled_event_are_found() {
    let id = Uuid::from_u128(1);
    let receipts = Receipts::from([(id, Revision(0))]);
    let one = (Position(1), id, Revision(0));
    let twice = (Position(2), id, Revision(1));
    assert_eq!(wrong(&[one], &receipts, &[(Position(1), id)]), None);
    assert!(wrong(&[], &receipts, &[]).is_some());
    assert!(wrong(&[one, twice], &receipts, &[(Position(1), id), (Position(2), id)]).is_some());
    assert!(wrong(&[one], &receipts, &[]).is_some());
}
