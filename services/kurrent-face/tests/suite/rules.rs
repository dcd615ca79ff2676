//! What KurrentDB does in the corners.

use std::sync::Arc;

use event_log::{Direction, EventLog, Expected, MemoryLog, NewEvent};
use eventstore::{
    AppendToStreamOptions, Client, DeleteStreamOptions, Error, EventData, ReadAllOptions,
    ReadStreamOptions, StreamMetadataBuilder, StreamPosition, StreamState, SubscribeToAllOptions,
    SubscribeToStreamOptions, SubscriptionEvent, SubscriptionFilter, TombstoneStreamOptions,
};
use kurrent_face::{Face, Owned};
use uuid::Uuid;

use crate::clients::{official, options, serve, url};

async fn append(
    client: &Client,
    stream: &str,
    state: StreamState,
    ids: std::ops::Range<u128>,
) -> Result<u64, Error> {
    let events = ids.map(|id| {
        let event = EventData::json("Happened", &serde_json::json!({ "n": id })).unwrap();
        event.id(Uuid::from_u128(id + 1))
    });
    let options = AppendToStreamOptions::default().stream_state(state);
    let written = client.append_to_stream(stream, &options, events.collect::<Vec<_>>()).await?;
    Ok(written.next_expected_version)
}

async fn revisions(client: &Client, stream: &str, options: ReadStreamOptions) -> Vec<u64> {
    let mut revisions = Vec::new();
    let mut read = client.read_stream(stream, &options).await.unwrap();
    while let Some(event) = read.next().await.unwrap() {
        revisions.push(event.get_original_event().revision);
    }
    revisions
}

async fn is_missing(client: &Client, stream: &str) -> bool {
    let mut read = client.read_stream(stream, &Default::default()).await.unwrap();
    matches!(read.next().await, Err(Error::ResourceNotFound))
}

fn all() -> ReadStreamOptions {
    ReadStreamOptions::default().position(StreamPosition::Start)
}

#[tokio::test]
async fn a_deleted_stream_begins_anew_and_its_revisions_go_on() {
    let (client, _face) = official().await;
    append(&client, "a", StreamState::NoStream, 0..3).await.unwrap();
    client.delete_stream("a", &DeleteStreamOptions::default()).await.unwrap();
    assert!(is_missing(&client, "a").await);
    let exists = append(&client, "a", StreamState::StreamExists, 3..4).await;
    assert!(matches!(exists, Err(Error::WrongExpectedVersion { .. })), "{exists:?}");
    for _ in 0..2 {
        // Sent again, it is the same append.
        assert_eq!(append(&client, "a", StreamState::NoStream, 3..5).await.unwrap(), 4);
    }
    assert_eq!(revisions(&client, "a", all()).await, [3, 4]);
    let backwards = ReadStreamOptions::default().backwards().position(StreamPosition::End);
    assert_eq!(revisions(&client, "a", backwards).await, [4, 3]);
    client.delete_stream("a", &DeleteStreamOptions::default()).await.unwrap();
    assert_eq!(append(&client, "a", StreamState::StreamRevision(4), 5..6).await.unwrap(), 5);
    assert_eq!(revisions(&client, "a", all()).await, [5]);
}

#[tokio::test]
async fn a_tombstone_is_for_ever() {
    let (client, _face) = official().await;
    append(&client, "a-1", StreamState::NoStream, 0..2).await.unwrap();
    let options = TombstoneStreamOptions::default();
    client.tombstone_stream("a-1", &options).await.unwrap();
    let again = client.tombstone_stream("a-1", &options).await;
    assert!(matches!(again, Err(Error::ResourceDeleted)), "{again:?}");
    for state in [
        StreamState::Any,
        StreamState::NoStream,
        StreamState::StreamExists,
        StreamState::StreamRevision(1),
        StreamState::StreamRevision(2),
    ] {
        let refused = append(&client, "a-1", state, 5..6).await;
        assert!(matches!(refused, Err(Error::ResourceDeleted)), "{state:?} {refused:?}");
    }
    let metadata = StreamMetadataBuilder::new().max_count(1).build();
    let refused = client.set_stream_metadata("a-1", &Default::default(), &metadata).await;
    assert!(matches!(refused, Err(Error::ResourceDeleted)), "{refused:?}");
    // One that never was can be ended, and not be deleted.
    client.tombstone_stream("b-1", &options).await.unwrap();
    let missing = client.delete_stream("c-1", &DeleteStreamOptions::default()).await;
    assert!(missing.is_err());
    let mut read = client.read_all(&ReadAllOptions::default()).await.unwrap();
    let mut last = None;
    while let Some(event) = read.next().await.unwrap() {
        let event = event.get_original_event();
        last = Some((event.event_type.clone(), event.revision));
    }
    assert_eq!(last.unwrap(), ("$streamDeleted".to_owned(), i64::MAX as u64));
}

#[tokio::test]
async fn metadata_hide_events() {
    let (client, _face) = official().await;
    append(&client, "a-1", StreamState::NoStream, 0..10).await.unwrap();
    for (metadata, shown) in [
        (StreamMetadataBuilder::new().max_count(3), 7..10),
        (StreamMetadataBuilder::new().truncate_before(4), 4..10),
        (StreamMetadataBuilder::new().truncate_before(9).max_count(5), 9..10),
        (StreamMetadataBuilder::new().max_age(std::time::Duration::from_mins(1)), 0..10),
        (StreamMetadataBuilder::new(), 0..10),
    ] {
        let metadata = metadata.build();
        client.set_stream_metadata("a-1", &Default::default(), &metadata).await.unwrap();
        let shown: Vec<u64> = shown.collect();
        assert_eq!(revisions(&client, "a-1", all()).await, shown);
        let from = all().position(StreamPosition::Position(5)).max_count(2);
        let expected: Vec<u64> = (5.max(shown[0])..10).take(2).collect();
        assert_eq!(revisions(&client, "a-1", from).await, expected);
        let backwards = ReadStreamOptions::default().backwards().position(StreamPosition::End);
        let read: Vec<u64> = revisions(&client, "a-1", backwards).await;
        assert!(read.iter().rev().eq(&shown));
    }
    // The metadata stream itself shows its last word only.
    assert_eq!(revisions(&client, "$$a-1", all()).await, [4]);
}

#[tokio::test]
async fn an_append_without_a_revision_is_known_again() {
    let (client, _face) = official().await;
    for _ in 0..2 {
        assert_eq!(append(&client, "a", StreamState::Any, 0..3).await.unwrap(), 2);
    }
    assert_eq!(append(&client, "a", StreamState::StreamExists, 3..5).await.unwrap(), 4);
    assert_eq!(append(&client, "a", StreamState::Any, 0..3).await.unwrap(), 2);
    assert_eq!(revisions(&client, "a", all()).await, [0, 1, 2, 3, 4]);
    assert_eq!(append(&client, "a", StreamState::Any, 5..5).await.unwrap(), 4);
}

#[tokio::test]
async fn links_are_followed_when_asked() {
    let (client, _face) = official().await;
    append(&client, "a-1", StreamState::NoStream, 0..2).await.unwrap();
    let link = |to: &str| EventData::binary("$>", to.to_owned().into());
    let links = vec![link("1@a-1"), link("7@a-1"), link("0@none")];
    client.append_to_stream("links", &Default::default(), links).await.unwrap();
    let options = all().resolve_link_tos();
    let mut read = client.read_stream("links", &options).await.unwrap();
    let mut targets = Vec::new();
    while let Some(event) = read.next().await.unwrap() {
        assert_eq!(event.get_original_event().stream_id(), "links");
        targets.push(event.event.map(|event| (event.stream_id().to_owned(), event.revision)));
    }
    assert_eq!(targets, [Some(("a-1".to_owned(), 1)), None, None]);
}

#[tokio::test]
async fn a_filtered_subscription_says_how_far_it_has_looked() {
    let (client, _face) = official().await;
    for n in 0..50 {
        let stream = if n % 25 == 0 { "wanted-1" } else { "other-1" };
        append(&client, stream, StreamState::Any, n..n + 1).await.unwrap();
    }
    let filter = SubscriptionFilter::on_stream_name().regex("^(?!other)w").max(10);
    let options = SubscribeToAllOptions::default().position(StreamPosition::Start).filter(filter);
    let mut subscription = client.subscribe_to_all(&options).await;
    let (mut events, mut checkpoints) = (Vec::new(), Vec::new());
    loop {
        match subscription.next_subscription_event().await.unwrap() {
            SubscriptionEvent::EventAppeared(event) => {
                events.push(event.get_original_event().position.commit);
            }
            SubscriptionEvent::Checkpoint(position) => checkpoints.push(position.commit),
            SubscriptionEvent::CaughtUp(_) => break,
            SubscriptionEvent::Confirmed(_)
            | SubscriptionEvent::FirstStreamPosition(_)
            | SubscriptionEvent::LastStreamPosition(_)
            | SubscriptionEvent::LastAllPosition(_)
            | SubscriptionEvent::FellBehind(_) => {}
        }
    }
    assert_eq!(events, [1, 26]);
    assert_eq!(checkpoints, [10, 20, 30, 40, 50]);
    append(&client, "wanted-1", StreamState::Any, 90..91).await.unwrap();
    assert_eq!(subscription.next().await.unwrap().get_original_event().position.commit, 51);
}

#[tokio::test]
async fn a_stream_subscription_goes_from_history_to_what_comes() {
    let (client, _face) = official().await;
    append(&client, "a-1", StreamState::NoStream, 0..4).await.unwrap();
    append(&client, "b-1", StreamState::NoStream, 10..12).await.unwrap();
    let options = SubscribeToStreamOptions::default().start_from(StreamPosition::Position(1));
    let mut subscription = client.subscribe_to_stream("a-1", &options).await;
    for revision in [2, 3] {
        assert_eq!(subscription.next().await.unwrap().get_original_event().revision, revision);
    }
    append(&client, "b-1", StreamState::Any, 12..13).await.unwrap();
    append(&client, "a-1", StreamState::StreamRevision(3), 4..6).await.unwrap();
    for revision in [4, 5] {
        assert_eq!(subscription.next().await.unwrap().get_original_event().revision, revision);
    }
    client.tombstone_stream("a-1", &TombstoneStreamOptions::default()).await.unwrap();
    assert!(matches!(subscription.next().await, Err(Error::ResourceDeleted)));
}

#[tokio::test]
async fn a_batch_tells_of_conflicts_and_ends() {
    let (client, _face) = official().await;
    let batch = client.batch_append(&Default::default()).await.unwrap();
    let event = || vec![EventData::binary("Happened", vec![1_u8, 2].into())];
    let written = batch.append_to_stream("a", StreamState::NoStream, event()).await.unwrap();
    assert_eq!(written.current_revision(), Some(0));
    let refused = batch.append_to_stream("a", StreamState::NoStream, event()).await;
    let Err(Error::Grpc { message, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(message, "WrongExpectedVersion");
}

/// A log whose `parcel` streams belong to an engine.
async fn beside_an_engine(writable: bool) -> (Client, Arc<MemoryLog>, Face) {
    let log = Arc::new(MemoryLog::new());
    let data = b"{}".as_slice().into();
    let metadata = br#"{"recorded_at":"2022-04-01T06:00:00Z"}"#.as_slice().into();
    let event = NewEvent { id: Uuid::from_u128(7), event_type: "Arrived".into(), data, metadata };
    let stream = "parcel-fumin.1".try_into().unwrap();
    log.append(&stream, Expected::NoStream, vec![event]).await.unwrap();
    let owned: Owned = Arc::new(|name: &str| name.starts_with("parcel-"));
    let mut options = options(Some(owned));
    options.writable = writable;
    let face = serve(Arc::clone(&log) as Arc<dyn EventLog>, options).await;
    (Client::new(url(&face).parse().unwrap()).unwrap(), log, face)
}

#[tokio::test]
async fn outsiders_read_the_engine_and_never_write_it() {
    let (client, log, _face) = beside_an_engine(true).await;
    assert_eq!(revisions(&client, "parcel-fumin.1", all()).await, [0]);
    for stream in ["parcel-fumin.1", "parcel-fumin.2", "$$parcel-fumin.1"] {
        let refused = append(&client, stream, StreamState::Any, 0..1).await;
        assert!(matches!(refused, Err(Error::AccessDenied)), "{refused:?}");
    }
    let options = TombstoneStreamOptions::default();
    assert!(client.tombstone_stream("parcel-fumin.1", &options).await.is_err());
    let options = DeleteStreamOptions::default();
    assert!(client.delete_stream("parcel-fumin.1", &options).await.is_err());
    // What they write themselves lies where the engine does not look.
    append(&client, "mine-1", StreamState::NoStream, 0..1).await.unwrap();
    assert_eq!(revisions(&client, "mine-1", all()).await, [0]);
    let kept = log.read_all(None, Direction::Forwards, 10).await.unwrap();
    let names: Vec<_> = kept.iter().map(|event| event.stream.as_str()).collect();
    assert_eq!(names, ["parcel-fumin.1", "$named-mine-1"]);
}

#[tokio::test]
async fn the_reading_side_takes_nothing() {
    let (client, log, _face) = beside_an_engine(false).await;
    let refused = append(&client, "mine-1", StreamState::Any, 0..1).await;
    assert!(matches!(refused, Err(Error::AccessDenied)), "{refused:?}");
    assert_eq!(log.read_all(None, Direction::Forwards, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn too_large_an_append_is_refused_with_the_limit() {
    let log: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
    let mut options = options(None);
    options.append_bytes_max = 1_000;
    let face = serve(log, options).await;
    let client = Client::new(url(&face).parse().unwrap()).unwrap();
    let event = EventData::binary("Happened", vec![0; 1_001].into());
    let refused = client.append_to_stream("a", &Default::default(), event).await;
    let Err(Error::Grpc { message, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(message, "Maximum Append Size of 1000 Exceeded.");
}

#[tokio::test]
async fn several_hosts_are_found_through_gossip() {
    let (_, face) = official().await;
    let url = format!("esdb://{0},{0}?tls=false&nodePreference=leader", face.address);
    let client = Client::new(url.parse().unwrap()).unwrap();
    append(&client, "a", StreamState::NoStream, 0..1).await.unwrap();
}

#[tokio::test]
async fn a_face_that_stops_ends_subscriptions_with_an_error() {
    let (client, face) = official().await;
    let mut subscription = client.subscribe_to_all(&SubscribeToAllOptions::default()).await;
    let confirmed = subscription.next_subscription_event().await.unwrap();
    assert!(matches!(confirmed, SubscriptionEvent::Confirmed(_)));
    let (ended, ()) = tokio::join!(subscription.next(), face.stop());
    assert!(matches!(ended, Err(Error::ServerError(_))), "{ended:?}");
}

/// The Rust client has one error for what a server does not have, and keeps no sentence; those of
/// other languages show it (`tests/clients`).
#[tokio::test]
async fn what_is_not_supported_is_told_as_such() {
    let face = serve(Arc::new(MemoryLog::new()), options(None)).await;
    let settings: eventstore::ClientSettings = url(&face).parse().unwrap();
    let operations = eventstore::operations::Client::new(settings.clone()).unwrap();
    let scavenged = operations.start_scavenge(1, 0, &Default::default()).await;
    assert!(matches!(scavenged, Err(Error::UnsupportedFeature)));
    let user = operations.user_details("admin", &Default::default()).await;
    assert!(matches!(user, Err(Error::UnsupportedFeature)));
    let projections = eventstore::ProjectionClient::new(settings).unwrap();
    let made = projections.create("p", "fromAll()".to_owned(), &Default::default()).await;
    assert!(matches!(made, Err(Error::UnsupportedFeature)), "{made:?}");
}
