//! Every view equals the fold of the log: live, rebuilt, and rebuilt after an interruption give the
//! same answers; and a fold that loses an event does not.

use std::{collections::BTreeMap, sync::Arc, thread};

use api::LiveViews;
use domain::{ids::CommunityId, parcel::Parcel, parcel::ParcelEvent};
use event_log::{Direction, EventLog, MemoryLog, PAGE_EVENTS_MAX, Position, RecordedEvent};
use jiff::SignedDuration;
use projections::{
    CommunityViews,
    community_views::VERSIONS,
    parcel_trail::{self, TrailEvent},
};
use runtime::{
    codec::{self, AnyEvent, Observed, Stored},
    directory::Directory,
    ledger::Ledger,
    views::Views,
};
use serde_json::Value;
use simulator::{Size, simulate::simulate_on};

/// The seeds whose days are lived.
const SEEDS: [u64; 3] = [1, 2, 3];
/// How many days of each.
const DAYS: u32 = 2;
/// How many events are lost, one at a time, to see that it is noticed.
const LOST: usize = 10;

/// A log that was lived through, and the views that followed it while it grew.
async fn lived(seed: u64, days: u32) -> (MemoryLog, LiveViews) {
    let (log, views) = (MemoryLog::new(), LiveViews::default());
    let fresh =
        Views::at(Position(0), Ledger::default(), Directory::default(), vec![views.observer()]);
    let (fresh, own) = (Arc::new(fresh), log.clone());
    let following = tokio::spawn(Arc::clone(&fresh).follow(Arc::new(log.clone())));
    let (done, lived) = tokio::sync::oneshot::channel();
    let living = thread::spawn(move || {
        let own: Arc<dyn EventLog> = Arc::new(own);
        let report = simulate_on(&own, seed, days, Size::SMALL);
        done.send(()).unwrap();
        report.unwrap()
    });
    lived.await.unwrap();
    assert!(living.join().unwrap().balances());
    let head = log.head().await.unwrap().unwrap();
    fresh.reached(head).await;
    following.abort();
    (log, views)
}

async fn events(log: &MemoryLog) -> Vec<RecordedEvent> {
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

fn decoded(events: &[RecordedEvent]) -> Vec<Observed> {
    events.iter().filter_map(|event| Observed::read(event).unwrap()).collect()
}

fn folded(events: &[Observed]) -> LiveViews {
    let views = LiveViews::default();
    views.observer().observe(events);
    views
}

/// What every view holds and answers, by name: text in one order, so that it can be compared.
fn answers(views: &LiveViews) -> BTreeMap<&'static str, String> {
    let community = views.communities().remove(0);
    views.live(&community, of_community).unwrap()
}

fn of_community(views: &CommunityViews) -> BTreeMap<&'static str, String> {
    // Half an hour after the last event; a question about the time is asked with it.
    let now = views.recorded_at().unwrap() + SignedDuration::from_mins(30);
    let day = now.to_zoned(views.facts().zone().clone()).date();
    let buildings: Vec<_> = views.facts().community().buildings.keys().cloned().collect();
    let units = buildings.iter().map(|building| views.building_units(building, now));
    let sheets = views.runs().into_iter().map(|run| views.run_sheet(run.run, Some(0)));
    let mut households: Vec<_> = views.facts().households().map(|(id, _)| id).collect();
    households.sort();
    let boxes = households.into_iter().map(|id| views.household_box(id, now));
    let json = |value: serde_json::Result<Value>| canonical(value.unwrap());
    BTreeMap::from([
        ("facts", json(serde_json::to_value(views.facts()))),
        ("building_queue", json(serde_json::to_value(views.building_queues(now)))),
        ("building_queue/units", json(serde_json::to_value(units.collect::<Vec<_>>()))),
        ("now_board", json(serde_json::to_value(views.now_board(now)))),
        ("delivery_plan", json(serde_json::to_value(views.delivery_plan(day, now)))),
        ("run_sheet", json(serde_json::to_value(sheets.collect::<Vec<_>>()))),
        ("needs_care", json(serde_json::to_value(views.needs_care(now)))),
        ("zero_shelf", json(serde_json::to_value(views.zero_shelf(day)))),
        ("household_box", json(serde_json::to_value(boxes.collect::<Vec<_>>()))),
        ("coverage", json(serde_json::to_value(views.coverage(0, now)))),
        ("day_report", json(serde_json::to_value(views.day_reports()))),
        ("everything", json(serde_json::to_value(views))),
    ])
}

/// JSON whose objects are in the order of their names.
fn canonical(value: Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.into_iter().collect();
            let fields = fields.into_iter().map(|(name, v)| format!("{name:?}:{}", canonical(v)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.into_iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// The names of the views that differ.
fn differing(
    a: &BTreeMap<&'static str, String>,
    b: &BTreeMap<&'static str, String>,
) -> Vec<&'static str> {
    a.iter().filter(|(name, text)| b[*name] != **text).map(|(name, _)| *name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_is_rebuilt_is_rebuilt_after_an_interruption() {
    for seed in SEEDS {
        let (log, live) = lived(seed, DAYS).await;
        let live = answers(&live);
        let events = decoded(&events(&log).await);
        assert!(differing(&live, &answers(&folded(&events))).is_empty());

        let mut chance = fastrand::Rng::with_seed(seed);
        for _ in 0..3 {
            let cut = chance.usize(1..events.len());
            let before = folded(&events[..cut]);
            let saved = before.observer().save().unwrap();
            let after = LiveViews::default();
            after.observer().load(&saved).unwrap();
            after.observer().observe(&events[cut..]);
            let differing = differing(&live, &answers(&after));
            assert!(differing.is_empty(), "seed {seed}, cut at {cut}: {differing:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fold_that_loses_an_event_is_noticed() {
    let (log, live) = lived(1, 1).await;
    let (live, events) = (answers(&live), decoded(&events(&log).await));
    let mut chance = fastrand::Rng::with_seed(7);
    let of_pieces: Vec<usize> = (0..events.len())
        .filter(|at| matches!(events[*at].event, AnyEvent::Parcel(..) | AnyEvent::Run(..)))
        .collect();
    for _ in 0..LOST {
        let lost = of_pieces[chance.usize(0..of_pieces.len())];
        let (before, after) = (folded(&events[..lost]), folded(&events[..=lost]));
        let differing = differing(&answers(&before), &answers(&after));
        assert!(differing.contains(&"facts"), "{:?}", events[lost]);
    }
    // At the end of the day too, where nothing later says the same again.
    let ends = |at: &usize| {
        matches!(
            events[*at].event,
            AnyEvent::Parcel(_, ParcelEvent::Arrived(_) | ParcelEvent::HandedOff(_))
        )
    };
    for lost in of_pieces.into_iter().filter(ends).step_by(20) {
        let mut fewer = events.clone();
        let event = fewer.remove(lost);
        let differing = differing(&live, &answers(&folded(&fewer)));
        // A piece that was announced is counted at its door even if its arrival is lost.
        let announced = matches!(event.event, AnyEvent::Parcel(_, ParcelEvent::Arrived(_)));
        let views = ["facts", "day_report", "building_queue", "now_board"];
        for view in &views[..if announced { 2 } else { 4 }] {
            assert!(differing.contains(view), "{view}: {event:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trail_ends_where_the_views_see_the_piece() {
    let (log, live) = lived(2, 1).await;
    let community: CommunityId = live.communities().remove(0);
    let mut trails: BTreeMap<_, Vec<TrailEvent>> = BTreeMap::new();
    for recorded in &events(&log).await {
        let metadata = codec::decode_metadata(recorded).unwrap();
        let Some(Observed { event: AnyEvent::Parcel(parcel, event), .. }) =
            Observed::read(recorded).unwrap()
        else {
            continue;
        };
        assert_eq!(Parcel::stream(&community, &parcel).unwrap(), recorded.stream);
        trails.entry(parcel).or_default().push(trail_event(recorded, metadata, event));
    }
    assert!(trails.len() > 10);
    live.live(&community, |views| {
        for (parcel, events) in trails {
            let trail = parcel_trail::trail(parcel, &events).unwrap();
            let piece = views.facts().piece(parcel).unwrap();
            assert_eq!(trail.holder, parcel_trail::holder(&piece.state.custody()), "{parcel}");
            let gaps = trail.custody.windows(2).filter(|pair| pair[0].until != Some(pair[1].from));
            assert_eq!(gaps.count(), 0, "the chain has no gap: {parcel}");
            assert_eq!(trail.custody.last().unwrap().until, None);
        }
    });
}

fn trail_event(
    recorded: &RecordedEvent,
    metadata: codec::Metadata,
    event: ParcelEvent,
) -> TrailEvent {
    TrailEvent {
        position: recorded.position.0,
        revision: recorded.revision.0,
        occurred_at: metadata.occurred_at,
        recorded_at: metadata.recorded_at,
        actor: metadata.actor,
        device: metadata.device,
        event,
    }
}

/// What the views hold after each of thirty days, in bytes of a snapshot: it grows while the first
/// days fill it and stays flat then. Prints the curve.
#[test]
#[ignore = "a minute; run it with --release --run-ignored only --no-capture"]
fn memory_stays_flat_over_thirty_days() {
    let log = MemoryLog::new();
    let own: Arc<dyn EventLog> = Arc::new(log.clone());
    simulate_on(&own, 1, 30, Size::SMALL).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let events = decoded(&runtime.block_on(events(&log)));
    let views = LiveViews::default();
    let mut observer = views.observer();
    let day_of =
        |event: &Observed| event.metadata.recorded_at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let (mut curve, mut seen) = (vec![], 0);
    for day in events.chunk_by(|a, b| day_of(a) == day_of(b)) {
        observer.observe(day);
        seen += day.len();
        let bytes = observer.save().unwrap().get().len();
        let community = views.communities().remove(0);
        let pieces = views.live(&community, |views| views.facts().pieces().count()).unwrap();
        println!("{} {seen:>8} events {pieces:>5} pieces {bytes:>9} bytes", day_of(&day[0]));
        curve.push(bytes);
    }
    assert!(curve.len() >= 30, "{curve:?}");
    let settled = curve[9..15].iter().max().unwrap();
    let last = curve[curve.len() - 6..].iter().max().unwrap();
    assert!(last * 100 <= settled * 115, "it grew from {settled} to {last} bytes: {curve:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_of_another_version_is_rebuilt_beside_the_others() {
    let (log, live) = lived(3, 1).await;
    let head = log.head().await.unwrap().unwrap();
    let saved = live.observer().save().unwrap();
    for (name, emptied) in [("day_report", r#""days":{}"#), ("facts", r#""pieces":{}"#)] {
        let of = |version| format!("\"{name}\":{version}");
        let version = VERSIONS.iter().find(|(view, _)| *view == name).map(|(_, version)| *version);
        let older = saved.get().replace(&of(version.unwrap()), &of(0));
        assert_ne!(older, saved.get(), "the version stands in the snapshot");
        let views = LiveViews::default();
        let older = serde_json::value::RawValue::from_string(older).unwrap();
        views.observer().load(&older).unwrap();
        if name == "day_report" {
            let held = answers(&views);
            assert!(held[name].contains(emptied), "what was of another version is not taken");
            assert_eq!(held["facts"], answers(&live)["facts"], "the others go on");
        }
        views.rebuild(Arc::new(log.clone()), head);
        views.rebuilt().await;
        assert!(differing(&answers(&live), &answers(&views)).is_empty(), "{name}");
    }
}
