//! The suite that every event log must pass.
//!
//! Each case takes a log of its own, empty at the start. A log runs all of them with one line in a
//! test module, see [`conformance_suite!`](crate::conformance_suite). Nothing here supposes that
//! positions are dense; only that they grow.

#![expect(clippy::expect_used, reason = "a case that cannot go on has failed")]
#![expect(clippy::missing_panics_doc, reason = "every case panics when the log does not conform")]

mod fixtures;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use tokio::{sync::Barrier, task::JoinSet};
use uuid::Uuid;

pub use self::fixtures::{all, append, event, name, next, stream, take};
use self::fixtures::{
    assert_conflict, events, ids, large_event, one, panicked, revisions, unplaced, within,
};
use crate::{
    APPEND_EVENTS_MAX, AppendError, Appended, Delivery, Direction, EVENT_BYTES_MAX,
    EVENT_TYPE_BYTES_MAX, EventLog, Health, InvalidAppend, NewEvent, PAGE_EVENTS_MAX, Position,
    Revision, STREAM_NAME_BYTES_MAX, StreamName,
};

/// Makes a test of each case. `$fresh` is a call that gives a future of an empty log and of
/// something that is kept as long as the test runs, such as its folder.
#[macro_export]
macro_rules! conformance_suite {
    ($fresh:expr) => {
        $crate::conformance_suite! { @cases $fresh;
            an_empty_log_is_empty
            events_are_read_back_as_they_were_written
            several_events_are_appended_together
            a_wrong_revision_is_a_conflict
            a_repeated_append_changes_nothing
            a_partial_repetition_is_a_conflict
            unacceptable_appends_are_refused
            streams_are_read_both_ways
            the_log_is_read_both_ways
            the_largest_append_is_stored
            any_printable_name_is_a_stream
            subscriptions_begin_anywhere
            history_then_caught_up_then_live
            a_cancelled_wait_loses_nothing
            one_of_many_writers_wins
            a_contended_stream_is_linearizable
            all_subscribers_see_the_same_order
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let (log, _kept) = $fresh.await;
            $crate::conformance::$case(log).await;
        }
    )*};
}

/// A log under test.
pub type Log = Arc<dyn EventLog>;

/// Nothing is in a new log, and a subscription to it has caught up at once.
pub async fn an_empty_log_is_empty(log: Log) {
    assert_eq!(log.health(), Health::Writable);
    assert_eq!(log.head().await.expect("head"), None);
    for direction in [Direction::Forwards, Direction::Backwards] {
        assert_eq!(log.read_all(None, direction, 10).await.expect("read"), []);
        assert_eq!(log.read_stream(&name("a-1"), None, direction, 10).await.expect("read"), []);
    }
    assert_eq!(next(&mut *log.subscribe(None)).await, Delivery::CaughtUp);
    assert_eq!(next(&mut *log.subscribe(Some(Position(7)))).await, Delivery::CaughtUp);
}

/// Every part of an event comes back, byte for byte.
pub async fn events_are_read_back_as_they_were_written(log: Log) {
    let mut event = event(1);
    event.data = (0..=255).collect::<Vec<u8>>().into();
    event.metadata = Bytes::from_static(b"\0{\"a\":\n1}");
    let empty = NewEvent { data: Bytes::new(), metadata: Bytes::new(), ..self::event(2) };
    let written = vec![event, empty];
    let receipt = append(&log, "a-1", None, written.clone()).await.expect("append");
    let read = stream(&log, "a-1").await;
    assert_eq!(read.iter().map(unplaced).collect::<Vec<_>>(), written);
    assert_eq!(read[0].revision, Revision(0));
    assert_eq!(read[1].revision, Revision(1));
    assert!(read[0].position < read[1].position);
    assert!(read.iter().all(|event| event.stream == name("a-1")));
    let last = Appended { position: read[1].position, revision: Revision(1), repeated: false };
    assert_eq!(receipt, last);
    assert_eq!(all(&log).await, read);
    assert_eq!(log.head().await.expect("head"), Some(last.position));
}

/// All or none, at consecutive revisions.
pub async fn several_events_are_appended_together(log: Log) {
    append(&log, "a-1", None, events(1..=3)).await.expect("append");
    append(&log, "a-1", None, events(4..=6)).await.expect_err("the stream exists");
    append(&log, "a-1", Some(2), events(7..=9)).await.expect("append");
    let read = stream(&log, "a-1").await;
    assert_eq!(ids(&read), [1, 2, 3, 7, 8, 9]);
    assert_eq!(revisions(&read), [0, 1, 2, 3, 4, 5]);
}

/// A conflict tells where the stream is, and changes nothing.
pub async fn a_wrong_revision_is_a_conflict(log: Log) {
    assert_conflict(append(&log, "a-1", Some(0), events(1..=1)).await, None);
    assert_conflict(append(&log, "a-1", Some(u64::MAX), events(1..=1)).await, None);
    append(&log, "a-1", None, events(1..=2)).await.expect("append");
    for expected in [None, Some(0), Some(2), Some(u64::MAX)] {
        assert_conflict(append(&log, "a-1", expected, events(3..=3)).await, Some(1));
    }
    assert_eq!(ids(&all(&log).await), [1, 2]);
    append(&log, "a-1", Some(1), events(3..=3)).await.expect("append");
}

/// The same events at the same place get the same receipt, whatever came after them.
pub async fn a_repeated_append_changes_nothing(log: Log) {
    let first = append(&log, "a-1", None, events(1..=2)).await.expect("append");
    let second = append(&log, "a-1", Some(1), events(3..=3)).await.expect("append");
    append(&log, "b-1", None, events(4..=4)).await.expect("append");
    append(&log, "a-1", Some(2), events(5..=5)).await.expect("append");
    for _ in 0..3 {
        let again = append(&log, "a-1", None, events(1..=2)).await.expect("repeat");
        assert_eq!(again, Appended { repeated: true, ..first });
        let again = append(&log, "a-1", Some(1), events(3..=3)).await.expect("repeat");
        assert_eq!(again, Appended { repeated: true, ..second });
    }
    assert_eq!(ids(&all(&log).await), [1, 2, 3, 4, 5]);
}

/// Some of the events, more of them, others among them, or at another place: a conflict.
pub async fn a_partial_repetition_is_a_conflict(log: Log) {
    append(&log, "a-1", None, events(1..=3)).await.expect("append");
    assert_conflict(append(&log, "a-1", None, events(1..=4)).await, Some(2));
    assert_conflict(append(&log, "a-1", None, vec![event(1), event(9)]).await, Some(2));
    assert_conflict(append(&log, "a-1", Some(0), events(1..=2)).await, Some(2));
    assert_conflict(append(&log, "a-1", Some(1), events(3..=4)).await, Some(2));
    assert_conflict(append(&log, "b-1", Some(1), events(3..=3)).await, None);
    assert_eq!(ids(&all(&log).await), [1, 2, 3]);
}

/// What no log would take leaves no trace.
pub async fn unacceptable_appends_are_refused(log: Log) {
    let count = APPEND_EVENTS_MAX + 1;
    let too_many = (0..count as u128).map(event).collect();
    let bytes = EVENT_BYTES_MAX + 1;
    let too_large = NewEvent { data: vec![0; bytes].into(), metadata: Bytes::new(), ..event(1) };
    let more = vec![0; large_event(1).metadata.len() + 1].into();
    let too_large_together = NewEvent { metadata: more, ..large_event(1) };
    let untyped = NewEvent { event_type: "".into(), ..event(1) };
    let type_bytes = EVENT_TYPE_BYTES_MAX + 1;
    let long_typed = NewEvent { event_type: "T".repeat(type_bytes).into(), ..event(1) };
    for (events, reason) in [
        (vec![], InvalidAppend::NoEvents),
        (too_many, InvalidAppend::TooManyEvents { count }),
        (vec![event(2), too_large], InvalidAppend::EventTooLarge { bytes }),
        (vec![too_large_together], InvalidAppend::EventTooLarge { bytes }),
        (vec![untyped], InvalidAppend::EventTypeLength { bytes: 0 }),
        (vec![long_typed], InvalidAppend::EventTypeLength { bytes: type_bytes }),
    ] {
        match append(&log, "a-1", None, events).await {
            Err(AppendError::Invalid(invalid)) => assert_eq!(invalid, reason),
            other => panicked(&other),
        }
    }
    assert_eq!(all(&log).await, []);
}

/// From any revision, forwards and backwards, any number of events.
pub async fn streams_are_read_both_ways(log: Log) {
    append(&log, "b-1", None, events(100..=101)).await.expect("append");
    append(&log, "a-1", None, events(0..=4)).await.expect("append");
    append(&log, "b-1", Some(1), events(102..=103)).await.expect("append");
    append(&log, "a-1", Some(4), events(5..=9)).await.expect("append");
    let a = name("a-1");
    for from in [None, Some(0), Some(1), Some(5), Some(9), Some(10), Some(u64::MAX)] {
        for limit in [0, 1, 3, 10, 100, usize::MAX] {
            let from = from.map(Revision);
            let forwards = log.read_stream(&a, from, Direction::Forwards, limit).await;
            let first = from.map_or(0, |from| from.0);
            let expect: Vec<u64> = (0..10).filter(|n| *n >= first).take(limit).collect();
            assert_eq!(revisions(&forwards.expect("read")), expect, "{from:?} {limit}");
            let backwards = log.read_stream(&a, from, Direction::Backwards, limit).await;
            let last = from.map_or(u64::MAX, |from| from.0);
            let expect: Vec<u64> = (0..10).rev().filter(|n| *n <= last).take(limit).collect();
            assert_eq!(revisions(&backwards.expect("read")), expect, "{from:?} {limit}");
        }
    }
}

/// After or before any position, any number of events, at most a page.
pub async fn the_log_is_read_both_ways(log: Log) {
    let mut expected = None;
    for first in (0..5_000).step_by(1_000) {
        append(&log, "a-1", expected, events(first..=first + 999)).await.expect("append");
        expected = Some(u64::try_from(first).expect("small") + 999);
    }
    let all = all(&log).await;
    assert_eq!(ids(&all), (0..5_000).collect::<Vec<_>>());
    for limit in [0, 1, 7, PAGE_EVENTS_MAX, usize::MAX] {
        let most = limit.min(PAGE_EVENTS_MAX);
        let forwards = log.read_all(None, Direction::Forwards, limit).await.expect("read");
        assert_eq!(forwards, all[..most]);
        let backwards = log.read_all(None, Direction::Backwards, limit).await.expect("read");
        assert!(backwards.iter().eq(all.iter().rev().take(most)));
        for at in [0, 1, 2_500, 4_999] {
            let from = Some(all[at].position);
            let forwards = log.read_all(from, Direction::Forwards, limit).await.expect("read");
            assert!(forwards.iter().eq(all[at + 1..].iter().take(most)));
            let backwards = log.read_all(from, Direction::Backwards, limit).await.expect("read");
            assert!(backwards.iter().eq(all[..at].iter().rev().take(most)));
        }
    }
    for event in [&all[0], &all[2_500], &all[4_999]] {
        assert_eq!(log.event_at(event.position).await.expect("read").as_ref(), Some(event));
    }
    for nowhere in [Position(0), Position(all[4_999].position.0 + 1), Position(u64::MAX)] {
        assert_eq!(log.event_at(nowhere).await.expect("read"), None);
    }
    let after = Some(Position(u64::MAX));
    assert_eq!(log.read_all(after, Direction::Forwards, 9).await.expect("read"), []);
    assert_eq!(log.read_all(after, Direction::Backwards, 9).await.expect("read").len(), 9);
}

/// Events at the limit of their size, and as many at once as there may be.
pub async fn the_largest_append_is_stored(log: Log) {
    let large = vec![large_event(1), large_event(2), event(3)];
    append(&log, "a-1", None, large.clone()).await.expect("append");
    let many: Vec<NewEvent> = (10..).take(APPEND_EVENTS_MAX).map(event).collect();
    append(&log, "a-2", None, many.clone()).await.expect("append");
    let read = all(&log).await;
    assert!(read.iter().map(unplaced).eq(large.into_iter().chain(many)));
    let mut subscription = log.subscribe(None);
    assert_eq!(take(&mut *subscription, read.len()).await, read);
}

/// Letters of any script, spaces, dashes, and the longest name.
pub async fn any_printable_name_is_a_stream(log: Log) {
    let longest = format!("a-{}", "长".repeat((STREAM_NAME_BYTES_MAX - 2) / 3));
    let names = [
        "物件-富民.一",
        "parcel-a b",
        "a-b-c-d",
        "A-1",
        "a-1",
        "a-1 ",
        "a-🍎",
        "a-%_'\"",
        &longest,
    ];
    for (n, stream) in (0..).zip(names) {
        append(&log, stream, None, events(n..=n)).await.expect("append");
    }
    for (n, name) in (0..).zip(names) {
        let read = stream(&log, name).await;
        assert_eq!(ids(&read), [n], "{name}");
        assert_eq!(read[0].stream.as_str(), name);
    }
    assert!(all(&log).await.iter().map(|event| event.stream.as_str()).eq(names));
}

/// After each position of the log, and after none.
pub async fn subscriptions_begin_anywhere(log: Log) {
    for n in 0..20 {
        append(&log, &format!("a-{}", n % 3), u64::checked_sub(n / 3, 1), one(n))
            .await
            .expect("ok");
    }
    let all = all(&log).await;
    for seen in 0..=all.len() {
        let after = seen.checked_sub(1).map(|last| all[last].position);
        let mut subscription = log.subscribe(after);
        assert_eq!(take(&mut *subscription, all.len() - seen).await, all[seen..]);
        assert_eq!(next(&mut *subscription).await, Delivery::CaughtUp);
    }
}

/// The mark comes once, between the events that were there and those that were not.
pub async fn history_then_caught_up_then_live(log: Log) {
    append(&log, "a-1", None, events(1..=5)).await.expect("append");
    let mut subscription = log.subscribe(None);
    assert_eq!(ids(&take(&mut *subscription, 5).await), [1, 2, 3, 4, 5]);
    assert_eq!(next(&mut *subscription).await, Delivery::CaughtUp);
    for n in 6..=20 {
        append(&log, "a-1", Some(n - 2), one(n)).await.expect("append");
        match next(&mut *subscription).await {
            Delivery::Events(events) => assert_eq!(ids(&events), [u128::from(n)]),
            Delivery::CaughtUp => panicked(&"caught up twice"),
        }
    }
    assert_eq!(all(&log).await.len(), 20);
}

/// Giving up a wait and waiting again is the same as waiting.
pub async fn a_cancelled_wait_loses_nothing(log: Log) {
    let mut subscription = log.subscribe(None);
    let mut seen = Vec::new();
    for n in 0..50_u64 {
        append(&log, "a-1", n.checked_sub(1), one(n)).await.expect("append");
        // Polled once and dropped, it may or may not have had something to deliver.
        let once = std::future::poll_fn(|context| {
            let mut waiting = Box::pin(subscription.next());
            std::task::Poll::Ready(waiting.as_mut().poll(context))
        });
        if let std::task::Poll::Ready(delivery) = once.await
            && let Delivery::Events(events) = delivery.expect("delivery")
        {
            seen.extend_from_slice(&events);
        }
    }
    let missing = 50 - seen.len();
    seen.extend(take(&mut *subscription, missing).await);
    assert_eq!(ids(&seen), (0..50).collect::<Vec<_>>());
}

/// Of all who expect the same revision exactly one appends, and the others learn of it.
pub async fn one_of_many_writers_wins(log: Log) {
    const WRITERS: u64 = 16;
    for round in 0..20 {
        let barrier = Arc::new(Barrier::new(16));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (log, barrier) = (Arc::clone(&log), Arc::clone(&barrier));
            writers.spawn(async move {
                barrier.wait().await;
                let expected = u64::checked_sub(round, 1);
                append(&log, "a-1", expected, one(round * WRITERS + writer)).await
            });
        }
        let results = within(writers.join_all()).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for result in results.into_iter().filter(Result::is_err) {
            assert_conflict(result, Some(round));
        }
    }
    assert_eq!(revisions(&stream(&log, "a-1").await), (0..20).collect::<Vec<_>>());
}

/// Each writer appends after what it read, and tries again on a conflict: every append that was
/// acknowledged is in the stream once, at its place, in an order that agrees with real time.
pub async fn a_contended_stream_is_linearizable(log: Log) {
    const APPENDS: u64 = 25;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let log = Arc::clone(&log);
        writers.spawn(async move {
            let mut expected = None;
            let mut receipts = Vec::new();
            while receipts.len() < usize::try_from(APPENDS).expect("small") {
                let id = 1 + writer * APPENDS + receipts.len() as u64;
                match append(&log, "a-1", expected, one(id)).await {
                    Ok(appended) => {
                        receipts.push((id, appended));
                        expected = Some(appended.revision.0);
                    }
                    Err(AppendError::WrongRevision { actual, .. }) => {
                        let actual = actual.map(|actual| actual.0);
                        assert!(actual > expected, "the stream went back");
                        expected = actual;
                    }
                    Err(other) => panicked(&other),
                }
            }
            receipts
        });
    }
    let receipts = within(writers.join_all()).await;
    let read = stream(&log, "a-1").await;
    assert_eq!(read.len(), 8 * usize::try_from(APPENDS).expect("small"));
    for receipts in receipts {
        assert!(receipts.is_sorted_by_key(|(_, appended)| appended.revision));
        for (id, appended) in receipts {
            let event = &read[usize::try_from(appended.revision.0).expect("small")];
            assert_eq!(event.id, Uuid::from_u128(id.into()));
            assert_eq!(event.position, appended.position);
        }
    }
}

/// Many writers and streams, subscribers that begin at any moment at any place: all of them see
/// the one order, whole, from their place on.
pub async fn all_subscribers_see_the_same_order(log: Log) {
    const WRITERS: u64 = 8;
    const APPENDS: u64 = 200;
    let total = usize::try_from(WRITERS * APPENDS).expect("small");
    let mut writers = JoinSet::new();
    let mut subscribers = JoinSet::new();
    for writer in 0..WRITERS {
        let log = Arc::clone(&log);
        writers.spawn(async move {
            for n in 0..APPENDS {
                let stream = format!("w{}-{writer}", n % 2);
                let expected = (n / 2).checked_sub(1);
                append(&log, &stream, expected, one(writer * APPENDS + n)).await.expect("append");
            }
        });
    }
    for subscriber in 0..12 {
        let log = Arc::clone(&log);
        subscribers.spawn(async move {
            // Begins when the log has come to some place, after an earlier one.
            let begin = subscriber * total / 12;
            let mut watch = log.subscribe(None);
            let before = take(&mut *watch, begin).await;
            let after = before.get(before.len() / 2).map(|event| event.position);
            drop(watch);
            let skipped = after.map_or(0, |_| before.len() / 2 + 1);
            let mut subscription = log.subscribe(after);
            (skipped, take(&mut *subscription, total - skipped).await)
        });
    }
    within(writers.join_all()).await;
    let all = all(&log).await;
    assert_eq!(all.len(), total);
    assert!(all.is_sorted_by(|a, b| a.position < b.position));
    for (skipped, seen) in within(subscribers.join_all()).await {
        assert!(seen == all[skipped..], "a subscriber saw another order");
    }
    let mut streams: BTreeMap<&StreamName, u64> = BTreeMap::new();
    for event in &all {
        let next = streams.entry(&event.stream).or_default();
        assert_eq!(event.revision.0, *next);
        *next += 1;
    }
}
