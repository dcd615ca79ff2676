//! What is to be done is done, whatever happens in between.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::parcel::Parcel;
use domain::parcel::event::ParcelUnloaded;
use event_log::MemoryLog;
use jiff::SignedDuration;
use tokio::sync::watch;
use uuid::Uuid;

use super::*;
use crate::clock::Clock;
use crate::codec::Stored;
use crate::engine::Parts;
use crate::vault::Vault;

const NOW: Timestamp = Timestamp::constant(1_668_934_800, 0);

fn event(position: u64) -> RecordedEvent {
    RecordedEvent {
        position: Position(position),
        stream: "parcel-fumin.1".parse().unwrap(),
        revision: event_log::Revision(0),
        id: Uuid::from_u128(u128::from(position)),
        event_type: "ParcelUnloaded".into(),
        data: "{}".into(),
        metadata: "{}".into(),
    }
}

/// A snapshot may be taken while something is tried again: it must not say that it is done, or a
/// crash right then would lose it.
#[test]
fn what_is_tried_again_is_not_done_until_it_is() {
    let reactions = Reactions::from(Position(9));
    let waits = Pending {
        event: event(5),
        after: Position(4),
        recorded_at: NOW,
        not_before: NOW,
        reaction: Reaction::HandedOff(ParcelId(Uuid::nil())),
        blocked_by: None,
    };
    let key = (Position(5), 0);
    reactions.wait(key, waits);
    assert_eq!(reactions.due(NOW - SignedDuration::from_secs(1)).len(), 0);
    assert_eq!(reactions.due(NOW).len(), 1);
    assert_eq!(reactions.done_up_to(), Position(4), "it is being tried");
    reactions.end(key);
    assert_eq!(reactions.done_up_to(), Position(9));
}

/// A clock that breaks for a while, and tells how often somebody looked at it meanwhile.
struct BrokenClock {
    is_broken: AtomicBool,
    looked: watch::Sender<u32>,
}

impl Clock for BrokenClock {
    fn now(&self) -> Timestamp {
        if self.is_broken.load(Ordering::SeqCst) {
            self.looked.send_modify(|times| *times += 1);
            panic!("the clock is broken");
        }
        NOW
    }
}

#[tokio::test]
async fn a_process_that_died_goes_on_with_the_event_at_which_it_died() {
    let (is_broken, looked) = (AtomicBool::new(false), watch::Sender::new(0));
    let (log, clock) = (Arc::new(MemoryLog::new()), Arc::new(BrokenClock { is_broken, looked }));
    let parts = Parts {
        log: Arc::clone(&log) as Arc<dyn event_log::EventLog>,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        vault: Arc::new(Vault::in_memory().unwrap()),
        snapshots: None,
        observers: vec![],
    };
    let engine = Engine::start(parts).await.unwrap();
    clock.is_broken.store(true, Ordering::SeqCst);
    let parcel = ParcelId(Uuid::from_u128(7));
    let unloaded = ParcelUnloaded { run: RunId(Uuid::from_u128(8)) };
    let position = append(log.as_ref(), &parcel, &unloaded.into()).await;
    // It dies at the event, and again when it comes back to it.
    clock.looked.subscribe().wait_for(|times| *times >= 2).await.unwrap();
    assert!(engine.reactions().done_up_to() < position);
    clock.is_broken.store(false, Ordering::SeqCst);
    engine.reactions().carried_out(position).await;
    assert_eq!(engine.reactions().done_up_to(), position);
}

/// Writes one event, as if somebody had sent a command for it.
async fn append(
    log: &dyn event_log::EventLog,
    parcel: &ParcelId,
    event: &domain::parcel::ParcelEvent,
) -> Position {
    let community = "fumin".parse().unwrap();
    let metadata = Metadata {
        command_id: CommandId(Uuid::from_u128(9)),
        content: domain::device::event::ContentDigest::from_bytes([0; 16]),
        correlation_id: None,
        causation_id: None,
        actor: "desk-1".parse().unwrap(),
        device: None,
        sequence: None,
        occurred_at: NOW,
        recorded_at: NOW,
        clock: None,
        schema_version: 1,
    };
    let bytes = codec::encode_metadata(&metadata).unwrap();
    let encoded = codec::encode(event, 0, &metadata, &bytes).unwrap();
    let stream = Parcel::stream(&community, parcel).unwrap();
    let appended = log.append(&stream, event_log::Expected::NoStream, vec![encoded]).await;
    appended.unwrap().position
}
