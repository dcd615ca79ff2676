//! Old logs stay readable: every frozen log replays, on both event logs, into the states that were
//! written down when it was frozen.
//!
//! The logs lie in `tests/golden`, one event a line, as `lastmeter export` writes them. They are
//! never made again. When an event type or a new version of one is added, the samples grow, and
//! `cargo test -p tests golden::freeze -- --ignored` writes what no frozen log holds yet to a new
//! file, which is committed with its snapshot.

mod samples;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufReader, Cursor},
    ops::ControlFlow,
    path::PathBuf,
};

use domain::{
    DomainEvent, arrival_slots::ArrivalSlots, community::Community, device::Device,
    household::Household, ids::CommandId, order::Order, parcel::Parcel, plan::Plan, run::Run,
    volunteer::Volunteer,
};
use event_log::{
    Direction, EventLog, Expected, MemoryLog, NewEvent, PAGE_EVENTS_MAX, RecordedEvent, Revision,
    SqliteLog, StreamName, ndjson, sqlite::Options,
};
use jiff::Timestamp;
use runtime::codec::{self, ClockNote, Metadata, Stored};
use serde_json::Value;
use tests::{TempDir, id, workspace_root};

/// The community that the frozen events are of.
const COMMUNITY: &str = "fumin-garden";
/// The series of ids of the frozen commands.
const COMMANDS: u16 = 60;

/// Calls a function of the aggregate whose streams have this category.
macro_rules! of_aggregate {
    ($category:expr, $function:ident($($argument:expr),*)) => {
        match $category {
            ArrivalSlots::CATEGORY => $function::<ArrivalSlots>($($argument),*),
            Community::CATEGORY => $function::<Community>($($argument),*),
            Device::CATEGORY => $function::<Device>($($argument),*),
            Household::CATEGORY => $function::<Household>($($argument),*),
            Order::CATEGORY => $function::<Order>($($argument),*),
            Parcel::CATEGORY => $function::<Parcel>($($argument),*),
            Plan::CATEGORY => $function::<Plan>($($argument),*),
            Run::CATEGORY => $function::<Run>($($argument),*),
            Volunteer::CATEGORY => $function::<Volunteer>($($argument),*),
            other => panic!("no aggregate has the category {other}"),
        }
    };
}

/// The frozen logs by their names, without the ending.
fn frozen() -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let logs = files.filter(|path| path.extension().is_some_and(|ending| ending == "ndjson"));
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    logs.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

fn folder() -> PathBuf {
    workspace_root().join("tests/golden")
}

async fn import(text: &[u8], log: &dyn EventLog) -> Vec<RecordedEvent> {
    let mut reader = BufReader::new(Cursor::new(text));
    let mut go_on = |_| ControlFlow::Continue(());
    let moved = ndjson::import(&mut reader, text.len() as u64, log, &mut go_on).await.unwrap();
    let events = log.read_all(None, Direction::Forwards, PAGE_EVENTS_MAX).await.unwrap();
    assert_eq!(events.len() as u64, moved.appended);
    events
}

#[tokio::test]
async fn every_frozen_log_comes_back_from_both_logs_as_it_was() {
    let logs = frozen();
    assert!(!logs.is_empty());
    for (name, text) in logs {
        let folder = TempDir::new().unwrap();
        let file = SqliteLog::open(&folder.path().join("log"), Options::default()).unwrap();
        let memory = MemoryLog::new();
        assert_eq!(import(&text, &file).await, import(&text, &memory).await, "{name}");
        let mut again = vec![];
        let mut go_on = |_| ControlFlow::Continue(());
        ndjson::export(&file, &mut again, &mut go_on).await.unwrap();
        assert!(again == text, "{name} is exported with other bytes");
    }
}

#[tokio::test]
async fn every_frozen_event_is_understood_and_folds_into_the_state_it_had() {
    for (name, text) in frozen() {
        let mut states: BTreeMap<String, String> = BTreeMap::new();
        let mut streams: BTreeMap<String, Vec<RecordedEvent>> = BTreeMap::new();
        for recorded in import(&text, &MemoryLog::new()).await {
            streams.entry(recorded.stream.to_string()).or_default().push(recorded);
        }
        for (stream, events) in streams {
            let (category, _, _) = codec::parse_stream(&events[0].stream).unwrap();
            let state = of_aggregate!(category, folded(&events));
            states.insert(stream, state);
        }
        let lines = states.iter().map(|(stream, state)| format!("{stream}\n{state}\n"));
        insta::assert_snapshot!(format!("states_of_{name}"), lines.collect::<String>());
    }
}

#[tokio::test]
async fn every_frozen_event_of_todays_shape_is_written_with_the_same_bytes() {
    for (name, text) in frozen() {
        for recorded in import(&text, &MemoryLog::new()).await {
            let (category, _, _) = codec::parse_stream(&recorded.stream).unwrap();
            let metadata = codec::decode_metadata(&recorded).unwrap();
            assert_eq!(codec::encode_metadata(&metadata).unwrap(), recorded.metadata);
            let again = of_aggregate!(category, written(&recorded, &metadata));
            let (again, stored) = (as_text(&again), as_text(&recorded.data));
            assert_eq!(again, stored, "{} in {name}", recorded.event_type);
        }
    }
}

#[tokio::test]
async fn every_event_type_of_every_aggregate_is_frozen() {
    let held = types_held().await;
    let missing: Vec<_> = all_types().into_iter().filter(|one| !held.contains(one)).collect();
    assert!(missing.is_empty(), "add samples and run golden::freeze: {missing:?}");
}

/// Freezes what no frozen log holds yet.
#[tokio::test]
#[ignore = "writes a new frozen log; see the head of this file"]
async fn freeze() {
    let held = types_held().await;
    let new: Vec<_> = samples::version_1()
        .into_iter()
        .filter(|(category, _, name, _)| {
            !held.contains(&((*category).to_owned(), (*name).to_owned()))
        })
        .collect();
    assert!(!new.is_empty(), "every sample is frozen already");
    let log = MemoryLog::new();
    for (number, (category, id, event_type, data)) in (1..).zip(new) {
        append(&log, number, category, &id, event_type, &data).await;
    }
    let path = folder().join(format!("v{}.ndjson", frozen().len() + 1));
    let mut file = fs::File::create_new(&path).unwrap();
    ndjson::export(&log, &mut file, &mut |_| ControlFlow::Continue(())).await.unwrap();
    println!("{} is frozen: commit it", path.display());
}

async fn append(
    log: &MemoryLog,
    number: u64,
    category: &str,
    id: &str,
    event_type: &str,
    data: &Value,
) {
    let metadata = metadata(number);
    let bytes = codec::encode_metadata(&metadata).unwrap().to_vec();
    let payload = data.to_string();
    let encoded = of_aggregate!(category, encode(event_type, &payload, &metadata, bytes));
    let stream: StreamName = format!("{category}-{COMMUNITY}.{id}").parse().unwrap();
    let last = log.read_stream(&stream, None, Direction::Backwards, 1).await.unwrap();
    let expected = last.first().map_or(Expected::NoStream, |last| Expected::Exact(last.revision));
    log.append(&stream, expected, vec![encoded]).await.unwrap();
}

fn encode<A: Stored>(
    event_type: &str,
    payload: &str,
    metadata: &Metadata,
    bytes: Vec<u8>,
) -> NewEvent {
    let mut reader = serde_json::Deserializer::from_str(payload);
    let event = A::Event::decode(event_type, &mut reader);
    let event = event.unwrap_or_else(|error| panic!("{event_type}: {error}: {payload}"));
    codec::encode(&event, 0, metadata, &bytes.into()).unwrap()
}

/// Every optional field of the metadata is there in some events and absent in others.
fn metadata(number: u64) -> Metadata {
    let at: Timestamp = "2022-11-10T01:00:00Z".parse().unwrap();
    let recorded_at = at + jiff::SignedDuration::from_secs(i64::try_from(number).unwrap() * 60);
    let note = ClockNote { raw: at, clamped: number.is_multiple_of(2), offset_seconds: Some(-400) };
    Metadata {
        command_id: CommandId(id(COMMANDS, number)),
        content: serde_json::from_str("\"00112233445566778899aabbccddeeff\"").unwrap(),
        correlation_id: (number.is_multiple_of(3)).then(|| CommandId(id(COMMANDS, number - 1))),
        causation_id: (number.is_multiple_of(3)).then(|| id(COMMANDS, number - 1)),
        actor: "gate-1".parse().unwrap(),
        device: (number % 4 < 2).then(|| "scanner-1".parse().unwrap()),
        sequence: (number % 4 < 2).then_some(number),
        occurred_at: at,
        recorded_at,
        clock: (number.is_multiple_of(5)).then_some(note),
        schema_version: 1,
    }
}

fn folded<A: Stored>(events: &[RecordedEvent]) -> String
where
    A::State: std::fmt::Debug,
{
    let mut state = A::State::default();
    for (revision, recorded) in (0..).zip(events) {
        assert_eq!(recorded.revision, Revision(revision));
        let version = codec::decode_metadata(recorded).unwrap().schema_version;
        state = A::evolve(state, &codec::decode::<A::Event>(recorded, version).unwrap());
    }
    format!("{state:#?}")
}

fn written<A: Stored>(recorded: &RecordedEvent, metadata: &Metadata) -> Vec<u8> {
    let event = codec::decode::<A::Event>(recorded, metadata.schema_version).unwrap();
    let mut bytes = vec![];
    event.encode(&mut serde_json::Serializer::new(&mut bytes)).unwrap();
    bytes
}

fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

type Type = (String, String);

async fn types_held() -> BTreeSet<Type> {
    let mut held = BTreeSet::new();
    for text in frozen().values() {
        for event in import(text, &MemoryLog::new()).await {
            let (category, _, _) = codec::parse_stream(&event.stream).unwrap();
            held.insert((category.to_owned(), event.event_type.to_string()));
        }
    }
    held
}

fn all_types() -> BTreeSet<Type> {
    let schemas = codec::event_schemas().into_iter();
    schemas.map(|(category, name, _)| (category.to_owned(), name.to_owned())).collect()
}
