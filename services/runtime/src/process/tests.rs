//! What is to be done is done, whatever happens in between.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::arrival_slots::event::{
    ArrivalParty, ArrivalSlotArrived, ArrivalSlotBooked, ArrivalSlotMovedHere,
};
use domain::arrival_slots::{ArrivalSlots, ArrivalSlotsEvent, SlotPhase};
use domain::ids::SlotId;
use domain::parcel::Parcel;
use domain::parcel::event::ParcelUnloaded;
use event_log::MemoryLog;
use jiff::SignedDuration;
use jiff::civil::{Date, date};
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
    let position = append::<Parcel>(log.as_ref(), &parcel, &unloaded.into(), 9).await;
    // It dies at the event, and again when it comes back to it.
    clock.looked.subscribe().wait_for(|times| *times >= 2).await.unwrap();
    assert!(engine.reactions().done_up_to() < position);
    clock.is_broken.store(false, Ordering::SeqCst);
    engine.reactions().carried_out(position).await;
    assert_eq!(engine.reactions().done_up_to(), position);
}

const MONDAY: Date = date(2022, 11, 21);
const TUESDAY: Date = date(2022, 11, 22);
const SLOT: SlotId = SlotId(Uuid::from_u128(7));

/// A slot of Monday that was moved to Tuesday when the engine was stopped; `then` was said of it on
/// Monday before. How it stands on both days when the engine has gone on.
async fn moved_before_a_stop(then: Option<ArrivalSlotsEvent>) -> [Option<SlotPhase>; 2] {
    let log = Arc::new(MemoryLog::new());
    let (from, party) = (NOW, ArrivalParty::Merchant);
    let label: domain::ids::ArrivalLabel = "永辉超市".parse().unwrap();
    let (pieces, category) = (Some(120), None);
    let booked =
        ArrivalSlotBooked { slot: SLOT, from, party, label: label.clone(), pieces, category };
    let moved = ArrivalSlotMovedHere {
        slot: SLOT,
        from_day: MONDAY,
        from: NOW + SignedDuration::from_hours(24),
        party,
        label,
        pieces,
        category,
    };
    let on_monday = [Some(booked.into()), then];
    for (number, event) in (1..).zip(on_monday.into_iter().flatten()) {
        append::<ArrivalSlots>(log.as_ref(), &MONDAY, &event, number).await;
    }
    let position = append::<ArrivalSlots>(log.as_ref(), &TUESDAY, &moved.into(), 9).await;
    let parts = Parts {
        log,
        clock: Arc::new(crate::clock::ManualClock::at(NOW)),
        vault: Arc::new(Vault::in_memory().unwrap()),
        snapshots: None,
        observers: vec![],
    };
    let engine = Engine::start(parts).await.unwrap();
    engine.reactions().carried_out(position).await;
    assert_eq!(engine.reactions().refused().len(), 0);
    let community = "fumin".parse().unwrap();
    let mut phases = [None; 2];
    for (phase, day) in phases.iter_mut().zip([MONDAY, TUESDAY]) {
        let (state, _) = engine.peek::<ArrivalSlots>(&community, &day).await.unwrap();
        *phase = state.slots.get(&SLOT).map(|slot| slot.phase);
    }
    phases
}

#[tokio::test]
async fn a_slot_that_was_moved_to_another_day_has_one_place_after_a_stop() {
    let moved = moved_before_a_stop(None).await;
    assert_eq!(moved, [Some(SlotPhase::Withdrawn), Some(SlotPhase::Booked)]);
    // It came in the very moment in which somebody moved it: that stays, and one place is enough.
    let came = moved_before_a_stop(Some(ArrivalSlotArrived { slot: SLOT }.into())).await;
    assert_eq!(came, [Some(SlotPhase::Arrived), Some(SlotPhase::Withdrawn)]);
}

/// Writes one event, as if somebody had sent a command for it.
async fn append<A: Stored>(
    log: &dyn event_log::EventLog,
    id: &A::Id,
    event: &A::Event,
    number: u128,
) -> Position {
    let community = "fumin".parse().unwrap();
    let metadata = Metadata {
        command_id: CommandId(Uuid::from_u128(number)),
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
    let stream = A::stream(&community, id).unwrap();
    let last = log.read_stream(&stream, None, event_log::Direction::Backwards, 1).await.unwrap();
    let expected = last
        .first()
        .map_or(event_log::Expected::NoStream, |last| event_log::Expected::Exact(last.revision));
    log.append(&stream, expected, vec![encoded]).await.unwrap().position
}
