//! The checker bites: what was written into a day's log behind the engine's back is found, with
//! the number of the rule that it breaks.

use std::sync::{Arc, OnceLock};

use domain::DomainEvent;
use domain::ids::{ParcelId, RunId};
use domain::parcel::ParcelEvent;
use domain::run::RunEvent;
use event_log::{
    Direction, EventLog, Expected, MemoryLog, NewEvent, PAGE_EVENTS_MAX, Position, RecordedEvent,
    Revision, StreamName,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Rules, Violation};
use crate::people::Size;
use crate::simulate::{Cause, FIRST_DAY, Inspector, simulate_on};

/// A day that nobody has tampered with.
fn honest() -> &'static [RecordedEvent] {
    static DAY: OnceLock<Vec<RecordedEvent>> = OnceLock::new();
    DAY.get_or_init(|| {
        let log = MemoryLog::new();
        let own: Arc<dyn EventLog> = Arc::new(log.clone());
        simulate_on(&own, 5, 1, Size::SMALL).unwrap();
        wait(read(&log))
    })
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

async fn read(log: &MemoryLog) -> Vec<RecordedEvent> {
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

/// A stream of a category that the checker has not heard of would end a day that people join.
#[test]
fn every_category_of_the_engine_is_known() {
    for (category, event_type, _) in runtime::codec::event_schemas() {
        let event = RecordedEvent {
            stream: StreamName::try_from(format!("{category}-x.1").as_str()).unwrap(),
            event_type: event_type.into(),
            ..honest()[0].clone()
        };
        if let Err(violation) = Rules::default().observe(&event) {
            assert!(!violation.words.contains("nobody knows streams"), "{violation}");
        }
    }
}

/// Writes into the log of an honest day, past every decision.
struct Forger {
    log: MemoryLog,
    now: Timestamp,
    written: u128,
}

impl Forger {
    fn new() -> Self {
        let log = MemoryLog::new();
        for event in honest() {
            let RecordedEvent { stream, revision, id, event_type, data, metadata, .. } = event;
            let expected = match revision.0 {
                0 => Expected::NoStream,
                after => Expected::Exact(Revision(after - 1)),
            };
            let (event_type, data, metadata) = (event_type.clone(), data.clone(), metadata.clone());
            let copy = NewEvent { id: *id, event_type, data, metadata };
            wait(log.append(stream, expected, vec![copy])).unwrap();
        }
        let last: Value = serde_json::from_slice(&honest().last().unwrap().metadata).unwrap();
        let now = last["recorded_at"].as_str().unwrap().parse().unwrap();
        Self { log, now, written: 0 }
    }

    /// Lets time pass.
    fn later(mut self, seconds: i64) -> Self {
        self.now = self.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
        self
    }

    fn write(self, stream: &str, event_type: &str, data: &Value) -> Self {
        let command = Uuid::from_u128(0xf0f0_0000 + self.written);
        self.write_as(command, stream, event_type, data)
    }

    fn write_as(mut self, command: Uuid, stream: &str, event_type: &str, data: &Value) -> Self {
        self.written += 1;
        let stream: StreamName = stream.try_into().unwrap();
        let last = wait(self.log.read_stream(&stream, None, Direction::Backwards, 1)).unwrap();
        let expected = last.first().map_or(Expected::NoStream, |e| Expected::Exact(e.revision));
        let mut metadata: Value = serde_json::from_slice(&honest()[0].metadata).unwrap();
        metadata["command_id"] = json!(command);
        metadata["recorded_at"] = json!(self.now);
        metadata["occurred_at"] = json!(self.now);
        let event = NewEvent {
            id: Uuid::from_u128(0xabcd_0000 + self.written),
            event_type: event_type.into(),
            data: serde_json::to_vec(data).unwrap().into(),
            metadata: serde_json::to_vec(&metadata).unwrap().into(),
        };
        wait(self.log.append(&stream, expected, vec![event])).unwrap();
        self
    }

    /// A piece comes in like another one of its category did.
    fn arrived(self, category: &str) -> Self {
        let mut fact = like("ParcelArrived", |fact| {
            fact["category"] == category && fact.get("recipient").is_some()
        });
        fact["weight_grams"] = json!(500);
        self.write(&parcel(), "ParcelArrived", &fact)
    }

    fn cleaned(self) -> Self {
        let started = like("ParcelDisinfectionStarted", |_| true);
        self.write(&parcel(), "ParcelDisinfectionStarted", &started).later(1_800).write(
            &parcel(),
            "ParcelDisinfected",
            &json!({}),
        )
    }

    fn sorted(self) -> Self {
        let recipient = self.recipient();
        let (grid, building) = (&recipient["grid"], &recipient["door"]["building"]);
        let fact = json!({ "grid": grid, "building": building, "shelf": "S0012" });
        self.write(&parcel(), "ParcelSorted", &fact)
    }

    fn planned(self, grid: &Value, pieces: u32) -> Self {
        let mut fact = like("RunPlanned", |_| true);
        fact["grid"] = grid.clone();
        fact["limit"]["pieces"] = json!(pieces);
        self.write(&run(), "RunPlanned", &fact)
    }

    fn put_on(self, piece: ParcelId) -> Self {
        let door = self.recipient()["door"].clone();
        let load = json!({ "pieces": 1, "weight_grams": 500, "volume_millilitres": 500 });
        let fact = json!({ "parcel": piece, "load": load, "door": door });
        self.write(&run(), "RunPieceLoaded", &fact)
    }

    fn loaded(self) -> Self {
        self.put_on(PIECE).write(&parcel(), "ParcelLoaded", &json!({ "run": RUN }))
    }

    fn handed_off(self) -> Self {
        self.handed_off_with(None)
    }

    /// Handed off, with the mark of a closed zone.
    fn handed_off_with(self, mark: Option<&Value>) -> Self {
        let door = self.recipient()["door"].clone();
        let at = self.now;
        let fact = json!({
            "run": RUN, "door": door, "level": "door", "received_by": "left_at_door", "at": at,
            "closed_zone": mark,
        });
        self.write(&parcel(), "ParcelHandedOff", &fact)
    }

    /// The zone of the recipient's building.
    fn zone(&self) -> Value {
        let building = self.recipient()["door"]["building"].clone();
        let around = |fact: &Value| fact["buildings"].as_array().unwrap().contains(&building);
        like("ZoneDrawn", around)["zone"].clone()
    }

    /// The zone of the recipient's building closes.
    fn zone_closed(self) -> Self {
        let closed = json!({ "zone": self.zone(), "restriction": "testing", "from": self.now });
        self.write("community-fumin-garden.main", "ZoneStateChanged", &closed)
    }

    fn recipient(&self) -> Value {
        let events = wait(read(&self.log));
        let arrived = events.iter().rev().find(|event| *event.event_type == *"ParcelArrived");
        let fact: Value = serde_json::from_slice(&arrived.unwrap().data).unwrap();
        fact["recipient"].clone()
    }

    fn own_grid(&self) -> Value {
        self.recipient()["grid"].clone()
    }

    /// The first broken rule that the checker finds.
    fn found(self) -> Option<Violation> {
        let mut inspector = Inspector::of(Arc::new(self.log));
        match wait(inspector.look()) {
            Ok(()) => inspector.rules().close_day(FIRST_DAY).err(),
            Err(Cause::Rule(violation)) => Some(violation),
            Err(other) => panic!("{other}"),
        }
    }

    /// Whether something of the piece's own kept it, as the checker sees it.
    fn held_up(self) -> bool {
        let mut inspector = Inspector::of(Arc::new(self.log));
        wait(inspector.look()).unwrap();
        let found = inspector.rules().parcels().find(|(id, _)| *id == PIECE);
        found.unwrap().1.held_up_at.is_some()
    }

    fn rule(self) -> Option<u8> {
        self.found().map(|violation| violation.rule)
    }
}

const PIECE: ParcelId = ParcelId(Uuid::from_u128(0x9999));
const RUN: RunId = RunId(Uuid::from_u128(0x8888));

fn parcel() -> String {
    format!("parcel-fumin-garden.{PIECE}")
}

fn run() -> String {
    format!("run-fumin-garden.{RUN}")
}

/// The facts of the first event of a type that fits.
fn like(event_type: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let of_type = honest().iter().filter(|event| *event.event_type == *event_type);
    let mut facts = of_type.map(|event| serde_json::from_slice::<Value>(&event.data).unwrap());
    facts.find(|fact| fits(fact)).unwrap()
}

/// A piece on its shelf, with everything in order so far.
fn on_shelf() -> Forger {
    Forger::new().arrived("parcel_goods").cleaned().sorted()
}

/// A piece with a courier, with everything in order so far.
fn on_run() -> Forger {
    let forger = on_shelf();
    let grid = forger.own_grid();
    forger.planned(&grid, 20).loaded()
}

#[test]
fn an_honest_day_and_an_honest_piece_break_nothing() {
    assert_eq!(Forger::new().found(), None);
    let closed = json!({ "parcel": PIECE });
    let delivered = on_run().handed_off().write(&run(), "RunPieceDelivered", &closed);
    assert_eq!(delivered.found(), None);
}

#[test]
fn rule_1_a_hand_off_without_a_load() {
    let found = on_shelf().handed_off().found().unwrap();
    assert_eq!((found.rule, found.stream), (1, parcel()));
    assert_eq!(found.position, honest().len() as u64 + 5);
}

#[test]
fn rule_1_a_load_that_the_run_did_not_count() {
    let forger = on_shelf();
    let grid = forger.own_grid();
    let forger = forger.planned(&grid, 20);
    let uncounted = forger.write(&parcel(), "ParcelLoaded", &json!({ "run": RUN }));
    assert_eq!(uncounted.rule(), Some(1));
}

#[test]
fn rule_1_a_wrong_count_at_the_departure() {
    let departed = on_run().write(&run(), "RunDeparted", &json!({ "counted_pieces": 2 }));
    assert_eq!(departed.rule(), Some(1));
}

#[test]
fn rule_1_a_run_that_counts_otherwise_than_its_pieces() {
    let forger = on_run().handed_off();
    assert_eq!(forger.rule(), Some(1), "the run was never told");
}

#[test]
fn rule_2_a_load_before_it_is_clean() {
    let forger = Forger::new().arrived("parcel_goods");
    let grid = forger.own_grid();
    assert_eq!(forger.planned(&grid, 20).loaded().rule(), Some(2));
}

#[test]
fn rule_2_a_table_that_was_wiped_too_early() {
    let started = like("ParcelDisinfectionStarted", |_| true);
    let forger = Forger::new()
        .arrived("parcel_goods")
        .write(&parcel(), "ParcelDisinfectionStarted", &started)
        .later(1_799)
        .write(&parcel(), "ParcelDisinfected", &json!({}));
    assert_eq!(forger.rule(), Some(2));
}

#[test]
fn rule_3_a_load_on_a_run_of_another_grid() {
    let forger = on_shelf();
    let other = if forger.own_grid() == "1" { json!("2") } else { json!("1") };
    assert_eq!(forger.planned(&other, 20).loaded().rule(), Some(3));
}

#[test]
fn rule_3_a_courier_of_another_grid() {
    let forger = Forger::new().planned(&json!("5"), 20);
    let volunteer = honest().iter().find_map(|event| {
        let id = event.stream.as_str().strip_prefix("volunteer-fumin-garden.")?;
        Some(id.to_owned())
    });
    let offered = forger.write(&run(), "RunOffered", &json!({ "volunteer": volunteer.unwrap() }));
    assert_eq!(offered.rule(), Some(3));
}

#[test]
fn rule_3_a_load_for_a_closed_zone() {
    let forger = on_shelf();
    let grid = forger.own_grid();
    assert_eq!(forger.planned(&grid, 20).zone_closed().loaded().rule(), Some(3));
}

#[test]
fn rule_3_a_hand_off_in_a_closed_zone_without_its_mark() {
    assert_eq!(on_run().zone_closed().handed_off().rule(), Some(3));
    let zone = on_run().zone();
    assert_eq!(on_run().handed_off_with(Some(&zone)).rule(), Some(3), "the zone is open");
    let told = on_run().zone_closed().handed_off_with(Some(&zone));
    let delivered = told.write(&run(), "RunPieceDelivered", &json!({ "parcel": PIECE }));
    assert_eq!(delivered.found(), None);
}

#[test]
fn rule_4_a_load_over_the_limit() {
    let forger = on_shelf();
    let grid = forger.own_grid();
    let one_piece = forger.planned(&grid, 1).loaded();
    let second = ParcelId(Uuid::from_u128(0x7777));
    assert_eq!(one_piece.put_on(second).rule(), Some(4));
}

#[test]
fn rule_5_two_hand_offs() {
    assert_eq!(on_run().handed_off().handed_off().rule(), Some(5));
}

#[test]
fn rule_5_a_command_that_was_carried_out_again() {
    let command = Uuid::from_u128(0x5555);
    let found = json!({});
    let forger = Forger::new()
        .arrived("parcel_goods")
        .write_as(command, &parcel(), "ParcelMissing", &found)
        .write(&parcel(), "ParcelFound", &found)
        .write_as(command, &parcel(), "ParcelMissing", &found);
    assert_eq!(forger.rule(), Some(5));
}

#[test]
fn rule_6_a_meal_overnight() {
    let forger = Forger::new().arrived("meal");
    assert_eq!(forger.rule(), Some(6), "it is at the gate in the evening");
    let kept = json!({ "day": FIRST_DAY, "reason": "no_courier", "owner": "badge-0" });
    let forger = Forger::new().arrived("meal").write(&parcel(), "ParcelKeptOvernight", &kept);
    assert_eq!(forger.found().unwrap().position, honest().len() as u64 + 2);
}

#[test]
fn rule_6_a_parcel_without_a_reason_or_still_under_way() {
    assert_eq!(on_shelf().rule(), Some(6));
    assert_eq!(on_run().rule(), Some(6));
}

#[test]
fn rule_8_an_event_that_nobody_can_read() {
    let forger = Forger::new().arrived("parcel_goods");
    assert_eq!(forger.write(&parcel(), "ParcelVanished", &json!({})).rule(), Some(8));
    let forger = Forger::new().write(&parcel(), "ParcelArrived", &json!({ "category": 7 }));
    assert_eq!(forger.rule(), Some(8));
}

#[test]
fn every_event_of_a_parcel_and_a_run_is_known() {
    let types = ParcelEvent::TYPES.iter().map(|name| (parcel(), name));
    for (stream, name) in types.chain(RunEvent::TYPES.iter().map(|name| (run(), name))) {
        let found = Forger::new().write(&stream, name, &json!({})).found();
        let words = found.map(|violation| violation.words).unwrap_or_default();
        assert!(!words.starts_with("nobody knows"), "{name}: {words}");
    }
}

#[test]
fn the_log_is_read_to_its_end() {
    let mut inspector = Inspector::of(Arc::new(Forger::new().log));
    wait(inspector.look()).unwrap();
    assert_eq!(Position(inspector.rules().events()), honest().last().unwrap().position);
}

/// A piece that was left in time, was not there for its household, and was left again later, is
/// late for a reason of its own: no plan could have helped it.
#[test]
fn what_was_left_and_never_received_is_held_up_by_itself() {
    let claim = json!({ "end": "not_received", "run": RUN });
    let settled = |truth: &str| json!({ "recorded": "handed_off", "claims": [claim], "truth": truth, "at": FIRST_DAY });
    let told = |truth| {
        on_run().handed_off().write(&parcel(), "ParcelDisputeSettled", &settled(truth)).held_up()
    };
    assert!(told("not_received"));
    assert!(!told("handed_off"), "it was there all the time");
    assert!(!on_run().handed_off().held_up());
}
