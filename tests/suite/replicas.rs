//! Several replicas of the engine on one cluster's log, each with its own way to it, its own views
//! and its own processes; the keys of personal data lie in a folder that they share.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
    sync::Arc,
};

use domain::{
    address::Door,
    community::{
        Community, CommunityCommand,
        event::{AliasAdded, AliasTarget, Language},
    },
    device::event::ContentDigest,
    household::{
        Household, HouseholdCommand,
        event::{HouseholdContactSet, HouseholdRegistered},
    },
    ids::{CommandId, HouseholdId},
    parcel::event::Piece,
    supply::{Cold, SizeClass},
};
use event_log::{
    Direction, EventLog, MemoryLog, PAGE_EVENTS_MAX, RecordedEvent,
    kurrent::{Config, KurrentLog},
};
use jiff::{SignedDuration, Timestamp};
use kurrent_face::Face;
use runtime::{
    Answer, Engine, Occurred, Parts, Request, Status,
    clock::{Clock, SystemClock},
    codec::Main,
    community_file,
    scan::{ArriveScan, Destination, Scan},
    vault::{Opened, Subject, Vault},
};
use serde_json::{Value, json};
use simulator::{
    Size,
    simulate::{simulate_on, simulate_replicas},
};
use tests::{Connection, Serving, TempDir, engine_binary, id};
use uuid::Uuid;

use crate::two_logs::served;

/// A way to the log.
async fn way(url: &str) -> Arc<dyn EventLog> {
    Arc::new(KurrentLog::connect(Config::new(url)).await.unwrap())
}

async fn replica(url: &str, keys: &Path) -> Arc<Engine> {
    let (clock, vault) = (Arc::new(SystemClock), Arc::new(Vault::open(keys).unwrap()));
    let log = way(url).await;
    Engine::start(Parts { log, clock, vault, snapshots: None, observers: vec![] }).await.unwrap()
}

/// Two replicas that know the small community, with what keeps them alive.
struct Two {
    one: Arc<Engine>,
    other: Arc<Engine>,
    behind: Arc<MemoryLog>,
    _face: Face,
    _keys: TempDir,
}

impl Two {
    async fn start() -> Self {
        let (behind, keys) = (Arc::new(MemoryLog::new()), TempDir::new().unwrap());
        let (face, url) = served(Arc::clone(&behind) as Arc<dyn EventLog>).await;
        let (one, other) = (replica(&url, keys.path()).await, replica(&url, keys.path()).await);
        let file = include_str!("../data/willow-court.toml");
        let (id, commands) = community_file::read(file).unwrap();
        community_file::load(&one, &id, &"desk-1".parse().unwrap(), commands).await.unwrap();
        let two = Self { one, other, behind, _face: face, _keys: keys };
        two.settle().await;
        two
    }

    /// Waits until both have seen and carried out everything.
    async fn settle(&self) {
        loop {
            let head = self.behind.head().await.unwrap().unwrap();
            for engine in [&self.one, &self.other] {
                engine.reactions().carried_out(head).await;
                assert!(engine.seen(head).await);
            }
            if self.behind.head().await.unwrap() == Some(head) {
                return;
            }
        }
    }
}

async fn all(log: &dyn EventLog) -> Vec<RecordedEvent> {
    let mut all: Vec<RecordedEvent> = vec![];
    loop {
        let from = all.last().map(|last| last.position);
        let page = log.read_all(from, Direction::Forwards, PAGE_EVENTS_MAX).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

fn count_by_type(events: &[RecordedEvent]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        *counts.entry(event.event_type.to_string()).or_default() += 1;
    }
    counts
}

fn request(number: u128, recorded_at: Timestamp) -> Request {
    Request {
        command_id: CommandId(Uuid::from_u128(number)),
        content: ContentDigest::from_bytes(number.to_le_bytes()),
        community: "willow-court".parse().unwrap(),
        actor: "desk-1".parse().unwrap(),
        device: None,
        sequence: None,
        occurred: Occurred::now(recorded_at),
        recorded_at,
        correlation_id: None,
        causation_id: None,
    }
}

/// A whole day whose every step is asked of the other replica than the one before: it is the same
/// day as on one engine, no event more (what follows is carried out once) and none less.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_on_two_replicas_is_the_day_on_one() {
    let (alone, behind) = (Arc::new(MemoryLog::new()), Arc::new(MemoryLog::new()));
    let (_face, url) = served(Arc::clone(&behind) as Arc<dyn EventLog>).await;
    let ways = [way(&url).await, way(&url).await];
    let own = Arc::clone(&alone) as Arc<dyn EventLog>;
    let (one, two) = tokio::task::spawn_blocking(move || {
        let one = simulate_on(&own, 7, 1, Size::SMALL).unwrap();
        (one, simulate_replicas(&ways, 7, 1, Size::SMALL).unwrap())
    })
    .await
    .unwrap();
    assert!(one.balances() && two.balances(), "{one}\n{two}");
    assert_eq!(one.to_string(), two.to_string());
    let (alone, behind) = (all(&*alone).await, all(&*behind).await);
    assert_eq!(count_by_type(&alone), count_by_type(&behind));
}

fn arrival(number: u128) -> Scan {
    let door = Door {
        building: "3".parse().unwrap(),
        unit: "1".parse().unwrap(),
        room: "501".parse().unwrap(),
    };
    Scan::Arrive(Box::new(ArriveScan {
        code: Some(format!("SF{:013}", 1_000_000_000_000 + number)),
        carrier: Some("sf".parse().unwrap()),
        piece: Piece { number: 1, of: 1 },
        gate: None,
        container: None,
        category: None,
        size: SizeClass::Bag,
        cold: Cold::default(),
        weight_grams: None,
        order: None,
        destination: Destination {
            household: None,
            door: Some(door),
            address: None,
            phone_tail: Some("4321".to_owned()),
            name: None,
        },
        sender: None,
        on_behalf: false,
    }))
}

fn told(answer: &Answer) -> String {
    format!("{:?} {:?} {:?}", answer.status, answer.parcel, answer.cue)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_command_sent_to_both_at_once_is_carried_out_once() {
    const COMMANDS: u128 = 40;
    let two = Two::start().await;
    let now = SystemClock.now();
    for number in 0..COMMANDS {
        // Each replica has its own clock and draws its own nonces, so their events are not equal.
        let later = now + SignedDuration::from_millis(1);
        let (one, other) = tokio::join!(
            two.one.scan(request(number, now), arrival(number)),
            two.other.scan(request(number, later), arrival(number)),
        );
        // Whoever was slower is told what the other one was told.
        assert_eq!(one.status, Status::Accepted, "{number}: {one:?}");
        assert_eq!(told(&one), told(&other), "{number}");
    }
    two.settle().await;
    let events = all(&*two.behind).await;
    assert_eq!(count_by_type(&events)["ParcelArrived"], usize::try_from(COMMANDS).unwrap());
    let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len(), "an event is there twice");
    // The same id with other content is misuse on either.
    let misuse = Request { content: ContentDigest::from_bytes([9; 16]), ..request(0, now) };
    for engine in [&two.one, &two.other] {
        let answer = engine.scan(misuse.clone(), arrival(0)).await;
        assert_eq!(answer.status, Status::Refused, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_slower_on_a_stream_decides_anew() {
    const ROUNDS: u128 = 30;
    let two = Two::start().await;
    let now = SystemClock.now();
    let add = async |engine: &Engine, number: u128| {
        let alias = AliasAdded { text: format!("别名{number}"), target: AliasTarget::Community };
        let command = || CommunityCommand::AddAlias(alias.clone());
        let request = request(1_000 + number, now);
        engine.command::<Community>(&request, &Main, None, |_| Ok(command())).await.unwrap()
    };
    for round in 0..ROUNDS {
        tokio::join!(add(&two.one, 2 * round), add(&two.other, 2 * round + 1));
    }
    let community = "willow-court".parse().unwrap();
    for engine in [&two.one, &two.other] {
        // The memory of one replica is not older than what the other has just acknowledged.
        let (state, _) = engine.peek::<Community>(&community, &Main).await.unwrap();
        let added = state.aliases.keys().filter(|text| text.starts_with("别名")).count();
        assert_eq!(added, usize::try_from(2 * ROUNDS).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_data_of_one_replica_are_read_and_erased_on_the_other() {
    let two = Two::start().await;
    let now = SystemClock.now();
    let household = HouseholdId(Uuid::from_u128(77));
    let subject = Subject::Household("willow-court".parse().unwrap(), household);
    let door = Door {
        building: "3".parse().unwrap(),
        unit: "1".parse().unwrap(),
        room: "502".parse().unwrap(),
    };
    let registered = HouseholdRegistered {
        doors: BTreeSet::from([door]),
        language: Language::Chinese,
        phone_only: false,
    };
    let name = two.one.vault().seal(&subject, "李").unwrap();
    let contact = HouseholdContactSet {
        name: Some(name.clone()),
        phone: None,
        note: None,
        phone_tail_tokens: BTreeSet::new(),
        name_tokens: BTreeSet::new(),
    };
    let commands =
        [HouseholdCommand::Register(registered), HouseholdCommand::SetContact(Box::new(contact))];
    for (number, command) in (2_000..).zip(commands) {
        let request = request(number, now);
        let done =
            two.one.command::<Household>(&request, &household, None, |_| Ok(command.clone()));
        done.await.unwrap();
    }
    // The other one reads what the first has sealed, and erases it.
    let community = "willow-court".parse().unwrap();
    let (state, _) = two.other.peek::<Household>(&community, &household).await.unwrap();
    assert_eq!(state.contact.as_ref().unwrap().name, Some(name.clone()));
    let opened = two.other.vault().open_sealed(&subject, &name).unwrap();
    assert_eq!(opened, Opened::Text("李".to_owned()));
    let request = request(2_002, now);
    let erased =
        two.other.command::<Household>(&request, &household, None, |_| Ok(HouseholdCommand::Erase));
    erased.await.unwrap();
    two.settle().await;
    for engine in [&two.one, &two.other] {
        let opened = engine.vault().open_sealed(&subject, &name).unwrap();
        assert_eq!(opened, Opened::Erased);
    }
}

/// A replica as a process of its own.
fn serve(url: &str, keys: &Path, data: &Path) -> Serving {
    let mut command = Command::new(engine_binary().unwrap());
    command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    command.args(["--event-log", url]).arg("--keys").arg(keys).arg("--data").arg(data);
    command.env("RUST_LOG", "info");
    Serving::spawn(command).unwrap()
}

/// Posts an arrival; the answer without what differs from place to place.
async fn post_arrival(to: &mut Connection, number: u64) -> Value {
    let scan = json!({
        "kind": "arrive", "command_id": id(7, number), "carrier": "sf",
        "code": format!("SF{:013}", 2_000_000_000_000 + number), "address": "3号楼1单元501",
    });
    let body = json!({ "community": "willow-court", "actor": "gate-1", "scans": [scan] });
    let media = "application/json";
    let reply = to.post("/api/v1/scans", media, body.to_string().as_bytes()).await.unwrap();
    let mut answer = reply.json()["answers"][0].take();
    let place = answer.as_object_mut().unwrap();
    place.remove("position");
    place.remove("view_behind");
    answer
}

async fn queue(of: &Serving, at_least: u64) -> Value {
    let mut connection = Connection::open(of.address()).await.unwrap();
    let path =
        format!("/api/v1/communities/willow-court/building-queues/3?doors=true&atLeast={at_least}");
    let reply = connection.get(&path).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.json());
    // How long something has waited is counted from when each was asked.
    reply.json()["queue"]["total"].take()
}

/// Two processes on one log: what one acknowledged before it was killed the other one has, it goes
/// on alone, and who comes back has everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_killed_and_the_other_goes_on() {
    const PIECES: u64 = 20;
    let behind = Arc::new(MemoryLog::new());
    let (_face, url) = served(Arc::clone(&behind) as Arc<dyn EventLog>).await;
    let folders = [(); 3].map(|()| TempDir::new().unwrap());
    let [keys, data, other_data] = &folders;
    let mut one = serve(&url, keys.path(), data.path());
    let other = serve(&url, keys.path(), other_data.path());
    let mut to_one = Connection::open(one.address()).await.unwrap();
    let mut to_other = Connection::open(other.address()).await.unwrap();
    let file = include_bytes!("../data/willow-court.toml");
    let path = "/api/v1/communities?actor=desk";
    assert_eq!(to_one.post(path, "application/toml", file).await.unwrap().status, 200);
    let loaded = behind.head().await.unwrap().unwrap().0;
    queue(&other, loaded).await;

    for number in 0..PIECES {
        let (first, second) =
            tokio::join!(post_arrival(&mut to_one, number), post_arrival(&mut to_other, number));
        assert_eq!((&first["status"], &first), (&json!("accepted"), &second));
    }
    one.kill().unwrap();
    for number in PIECES..2 * PIECES {
        assert_eq!(post_arrival(&mut to_other, number).await["status"], "accepted");
    }
    // Whatever the killed one was told is told again in the same words.
    let again = post_arrival(&mut to_other, 0).await;
    let one = serve(&url, keys.path(), data.path());
    let mut to_one = Connection::open(one.address()).await.unwrap();
    assert_eq!(post_arrival(&mut to_one, 0).await, again);

    let head = behind.head().await.unwrap().unwrap().0;
    let (of_one, of_other) = (queue(&one, head).await, queue(&other, head).await);
    assert_eq!((&of_one["at_gate"], &of_one), (&json!(2 * PIECES), &of_other));
    let arrived = count_by_type(&all(&*behind).await)["ParcelArrived"];
    assert_eq!(arrived, usize::try_from(2 * PIECES).unwrap());
}
