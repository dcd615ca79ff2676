//! Persistent subscriptions.

use std::{sync::Arc, time::Duration};

use event_log::MemoryLog;
use eventstore::{
    Client, Error, EventData, NakAction, PersistentSubscription, PersistentSubscriptionOptions,
    PersistentSubscriptionToAllOptions, StreamPosition, SubscriptionFilter,
};

use crate::clients::{official, options, serve, url};

const GROUP: &str = "readers";

async fn append(client: &Client, stream: &str, count: usize) {
    let event = || EventData::binary("Happened", vec![7].into());
    let events: Vec<_> = (0..count).map(|_| event()).collect();
    client.append_to_stream(stream, &Default::default(), events).await.unwrap();
}

fn from_start() -> PersistentSubscriptionOptions {
    PersistentSubscriptionOptions::default().start_from(StreamPosition::Start)
}

async fn subscribe(client: &Client, stream: &str) -> PersistentSubscription {
    let options = Default::default();
    client.subscribe_to_persistent_subscription(stream, GROUP, &options).await.unwrap()
}

/// The revision of the next event, which is then judged.
async fn take(subscription: &mut PersistentSubscription, nack: Option<NakAction>) -> u64 {
    let next = tokio::time::timeout(Duration::from_secs(20), subscription.next());
    let event = next.await.unwrap().unwrap();
    match nack {
        None => subscription.ack(&event).await.unwrap(),
        Some(action) => subscription.nack(&event, action, "because").await.unwrap(),
    }
    event.get_original_event().revision
}

async fn parked(client: &Client, stream: &str) -> usize {
    let info = client.get_persistent_subscription_info(stream, GROUP, &Default::default()).await;
    info.unwrap().stats.parked_message_count
}

#[tokio::test]
async fn what_is_refused_comes_again_and_what_is_parked_comes_when_asked() {
    let (client, _face) = official().await;
    append(&client, "a-1", 3).await;
    client.create_persistent_subscription("a-1", GROUP, &from_start()).await.unwrap();
    let mut subscription = subscribe(&client, "a-1").await;
    assert_eq!(take(&mut subscription, Some(NakAction::Retry)).await, 0);
    let mut parks = vec![];
    for _ in 0..3 {
        parks.push(take(&mut subscription, Some(NakAction::Park)).await);
    }
    // The others were on their way already.
    assert_eq!(parks, [1, 2, 0]);
    // The verdict goes one way; the group has taken it when it says so.
    while parked(&client, "a-1").await < 3 {
        tokio::task::yield_now().await;
    }
    client.replay_parked_messages("a-1", GROUP, &Default::default()).await.unwrap();
    for revision in parks {
        assert_eq!(take(&mut subscription, None).await, revision);
    }
    assert_eq!(parked(&client, "a-1").await, 0);
}

#[tokio::test]
async fn nobody_s_answer_is_an_answer_after_a_while() {
    let (client, _face) = official().await;
    append(&client, "a-1", 1).await;
    let options = from_start().message_timeout(Duration::from_millis(50)).max_retry_count(1);
    client.create_persistent_subscription("a-1", GROUP, &options).await.unwrap();
    let mut subscription = subscribe(&client, "a-1").await;
    for _ in 0..2 {
        assert_eq!(subscription.next().await.unwrap().get_original_event().revision, 0);
    }
    while parked(&client, "a-1").await == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_group_goes_on_where_it_was_after_the_face_has_begun_anew() {
    let log = Arc::new(MemoryLog::new());
    let face = serve(log.clone(), options(None)).await;
    let client = Client::new(url(&face).parse().unwrap()).unwrap();
    append(&client, "a-1", 5).await;
    client.create_persistent_subscription("a-1", GROUP, &from_start()).await.unwrap();
    let mut subscription = subscribe(&client, "a-1").await;
    for revision in 0..3 {
        assert_eq!(take(&mut subscription, None).await, revision);
    }
    let acknowledged = async || {
        let options = Default::default();
        let info = client.get_persistent_subscription_info("a-1", GROUP, &options).await.unwrap();
        info.stats.total_items
    };
    while acknowledged().await < 3 {
        tokio::task::yield_now().await;
    }
    // Keeps its place when it ends, and is read from the log when it is asked for again.
    client.restart_persistent_subscription_subsystem(&Default::default()).await.unwrap();
    face.stop().await;
    let face = serve(log, options(None)).await;
    let client = Client::new(url(&face).parse().unwrap()).unwrap();
    let mut subscription = subscribe(&client, "a-1").await;
    assert_eq!(take(&mut subscription, None).await, 3);
}

#[tokio::test]
async fn a_group_of_the_whole_log_gets_what_its_filter_wants() {
    let (client, _face) = official().await;
    append(&client, "other-1", 2).await;
    append(&client, "wanted-1", 2).await;
    let filter = SubscriptionFilter::on_stream_name().add_prefix("wanted");
    let options = PersistentSubscriptionToAllOptions::default()
        .start_from(StreamPosition::Start)
        .filter(filter);
    client.create_persistent_subscription_to_all(GROUP, &options).await.unwrap();
    let subscription =
        client.subscribe_to_persistent_subscription_to_all(GROUP, &Default::default()).await;
    let mut subscription = subscription.unwrap();
    for revision in 0..2 {
        assert_eq!(take(&mut subscription, None).await, revision);
    }
}

#[tokio::test]
async fn groups_are_made_once_and_gone_when_deleted() {
    let (client, _face) = official().await;
    let options = from_start();
    client.create_persistent_subscription("a-1", GROUP, &options).await.unwrap();
    let again = client.create_persistent_subscription("a-1", GROUP, &options).await;
    assert!(matches!(again, Err(Error::ResourceAlreadyExists)), "{again:?}");
    let mut subscription = subscribe(&client, "a-1").await;
    let options = Default::default();
    client.delete_persistent_subscription("a-1", GROUP, &options).await.unwrap();
    assert!(subscription.next().await.is_err());
    let gone = client.delete_persistent_subscription("a-1", GROUP, &options).await;
    assert!(matches!(gone, Err(Error::ResourceNotFound)), "{gone:?}");
    let options = Default::default();
    let gone = client.subscribe_to_persistent_subscription("a-1", GROUP, &options).await;
    assert!(matches!(gone, Err(Error::ResourceNotFound)));
}
