//! Events to append, and short ways to append and read them.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::Log;
use crate::{
    AppendError, Appended, Delivery, Direction, EVENT_BYTES_MAX, Expected, NewEvent,
    PAGE_EVENTS_MAX, RecordedEvent, Revision, StreamName, Subscription,
};

/// The longest that anything here may take; reached only by a log that hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// Makes the name of a stream.
pub fn name(name: &str) -> StreamName {
    StreamName::try_from(name).expect("a stream name")
}

/// Makes an event that is known by its number.
pub fn event(number: u128) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(number),
        event_type: "Happened".into(),
        data: format!("{{\"number\":{number}}}").into(),
        metadata: Bytes::from_static(b"{}"),
    }
}

pub(super) fn large_event(number: u128) -> NewEvent {
    let metadata = Bytes::from(vec![b'm'; 1000]);
    let data = vec![b'd'; EVENT_BYTES_MAX - metadata.len()].into();
    NewEvent { data, metadata, ..event(number) }
}

pub(super) fn one(number: u64) -> Vec<NewEvent> {
    vec![event(number.into())]
}

pub(super) fn events(numbers: std::ops::RangeInclusive<u128>) -> Vec<NewEvent> {
    numbers.map(event).collect()
}

/// Appends after the revision `expected`, or to a new stream.
///
/// # Errors
/// Those of the log.
pub async fn append(
    log: &Log,
    stream: &str,
    expected: Option<u64>,
    events: Vec<NewEvent>,
) -> Result<Appended, AppendError> {
    let expected = expected.map_or(Expected::NoStream, |last| Expected::Exact(Revision(last)));
    within(log.append(&name(stream), expected, events)).await
}

/// Reads a stream from its beginning, at most a page.
pub async fn stream(log: &Log, stream: &str) -> Vec<RecordedEvent> {
    let stream = name(stream);
    let read = log.read_stream(&stream, None, Direction::Forwards, PAGE_EVENTS_MAX);
    within(read).await.expect("read")
}

/// Reads the whole log.
pub async fn all(log: &Log) -> Vec<RecordedEvent> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map(|event: &RecordedEvent| event.position);
        let read = log.read_all(after, Direction::Forwards, PAGE_EVENTS_MAX);
        let page = within(read).await.expect("read");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Waits for the next delivery.
pub async fn next(subscription: &mut dyn Subscription) -> Delivery {
    within(subscription.next()).await.expect("delivery")
}

/// Takes exactly `count` events from a subscription that has at least so many.
pub async fn take(subscription: &mut dyn Subscription, count: usize) -> Vec<RecordedEvent> {
    let mut taken = Vec::new();
    while taken.len() < count {
        match next(subscription).await {
            Delivery::Events(events) => taken.extend_from_slice(&events),
            Delivery::CaughtUp => {}
        }
    }
    taken.truncate(count);
    taken
}

pub(super) fn ids(events: &[RecordedEvent]) -> Vec<u128> {
    events.iter().map(|event| event.id.as_u128()).collect()
}

pub(super) fn revisions(events: &[RecordedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.revision.0).collect()
}

pub(super) fn unplaced(event: &RecordedEvent) -> NewEvent {
    let RecordedEvent { id, event_type, data, metadata, .. } = event.clone();
    NewEvent { id, event_type, data, metadata }
}

#[track_caller]
pub(super) fn assert_conflict(result: Result<Appended, AppendError>, at: Option<u64>) {
    match result {
        Err(AppendError::WrongRevision { actual, .. }) => assert_eq!(actual.map(|r| r.0), at),
        other => panicked(&other),
    }
}

#[track_caller]
pub(super) fn panicked(found: &dyn std::fmt::Debug) -> ! {
    #![expect(clippy::panic, reason = "the case has failed")]
    panic!("the log does not conform: {found:?}")
}

pub(super) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("the log hangs")
}
