//! Whole steps on an engine: what is decided is carried out, once.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::DomainEvent;
use domain::address::{Door, Recipient, Unit};
use domain::community::Community;
use domain::community::event::{
    BuildingAssigned, BuildingDescribed, CommunityRegistered, GridColour, GridDrawn, Language,
    PlanningPolicySet,
};
use domain::device::event::ContentDigest;
use domain::ids::{CommandId, CommunityId, ParcelId, RunId, VolunteerId};
use domain::parcel::Parcel;
use domain::parcel::event::{ParcelArrived, ParcelSorted, Piece};
use domain::plan::{Plan, PlanState};
use domain::run::{Phase, Run, RunCommand};
use domain::supply::{Category, Cold, Load, SizeClass};
use domain::volunteer::Volunteer;
use domain::volunteer::event::{Role, VolunteerEnrolled};
use event_log::{EventLog, Expected, MemoryLog};
use jiff::civil::{Date, date, time};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::When;
use crate::clock::{Clock, ManualClock};
use crate::codec::{self, Main, Metadata, Stored};
use crate::engine::{Engine, Parts};
use crate::request::{Occurred, Request};
use crate::vault::Vault;

const MORNING: Timestamp = Timestamp::constant(1_668_934_800, 0);
const ANNA: VolunteerId = VolunteerId(Uuid::from_u128(1));
const BEN: VolunteerId = VolunteerId(Uuid::from_u128(2));
const CARL: VolunteerId = VolunteerId(Uuid::from_u128(3));
const PILLS: ParcelId = ParcelId(Uuid::from_u128(11));
const MORE_PILLS: ParcelId = ParcelId(Uuid::from_u128(12));

fn community() -> CommunityId {
    "fumin-garden".parse().unwrap()
}

fn day() -> Date {
    date(2022, 11, 20)
}

/// Writes events to a stream, as if somebody had sent a command for each.
async fn happened<A: Stored>(log: &dyn EventLog, id: &A::Id, events: Vec<A::Event>) {
    let stream = A::stream(&community(), id).unwrap();
    let mut encoded = vec![];
    for (index, event) in events.iter().enumerate() {
        let command_id =
            CommandId(Uuid::new_v5(&Uuid::nil(), format!("{stream}{index}").as_bytes()));
        let metadata = Metadata {
            command_id,
            content: ContentDigest::from_bytes([0; 16]),
            correlation_id: None,
            causation_id: None,
            actor: "desk-1".parse().unwrap(),
            device: None,
            sequence: None,
            occurred_at: MORNING,
            recorded_at: MORNING,
            clock: None,
            schema_version: 1,
        };
        let bytes = codec::encode_metadata(&metadata).unwrap();
        encoded.push(codec::encode(event, 0, &metadata, &bytes).unwrap());
    }
    log.append(&stream, Expected::NoStream, encoded).await.unwrap();
}

fn door() -> Door {
    Door {
        building: "10".parse().unwrap(),
        unit: "1".parse().unwrap(),
        room: "301".parse().unwrap(),
    }
}

/// One walk-up in one grid, two couriers, one box of pills on its shelf.
async fn a_morning() -> Arc<MemoryLog> {
    let log = Arc::new(MemoryLog::new());
    let unit =
        Unit { id: "1".parse().unwrap(), floors: 6, doors_per_floor: 2, extra_rooms: vec![] };
    let facts = vec![
        CommunityRegistered {
            name: "富民花园".into(),
            time_zone: "UTC".into(),
            language: Language::Chinese,
        }
        .into(),
        GridDrawn { grid: "3".parse().unwrap(), colour: GridColour::Red }.into(),
        BuildingDescribed {
            building: door().building,
            units: vec![unit],
            lift: false,
            position: None,
        }
        .into(),
        BuildingAssigned { building: door().building, grid: "3".parse().unwrap() }.into(),
        PlanningPolicySet {
            automatic: false,
            cart_pieces: 20,
            wait_at_most_seconds: 1_200,
            answer_within_seconds: 300,
            attempts_a_day: 2,
            day_closes: time(21, 0, 0, 0),
        }
        .into(),
    ];
    happened::<Community>(log.as_ref(), &Main, facts).await;
    for volunteer in [ANNA, BEN] {
        enrol(log.as_ref(), volunteer).await;
    }
    comes_to_its_shelf(log.as_ref(), PILLS, "PILLS-1").await;
    log
}

/// A courier of the grid.
async fn enrol(log: &dyn EventLog, volunteer: VolunteerId) {
    let enrolled = VolunteerEnrolled {
        grid: Some("3".parse().unwrap()),
        roles: BTreeSet::from([Role::Courier]),
        protection: false,
        carry_limit: Load { pieces: 20, weight_grams: 60_000, volume_millilitres: 400_000 },
        name: None,
    };
    happened::<Volunteer>(log, &volunteer, vec![enrolled.into()]).await;
}

/// A box of pills, ready to go.
async fn comes_to_its_shelf(log: &dyn EventLog, parcel: ParcelId, number: &str) {
    let recipient = Recipient { household: None, door: door(), grid: "3".parse().unwrap() };
    let arrived = ParcelArrived {
        waybill: domain::ids::Waybill {
            carrier: "own".parse().unwrap(),
            number: number.parse().unwrap(),
        },
        piece: Piece { number: 1, of: 1 },
        generation: 0,
        gate: "东门".parse().unwrap(),
        category: Category::Medicine,
        container: None,
        size: SizeClass::Hand,
        cold: Cold::Ambient,
        weight_grams: None,
        order: None,
        recipient: Some(recipient),
        phone_tail: None,
        sender: None,
        disinfection: None,
        on_behalf: false,
    };
    let sorted = ParcelSorted {
        grid: "3".parse().unwrap(),
        building: door().building,
        shelf: "A1".parse().unwrap(),
    };
    happened::<Parcel>(log, &parcel, vec![arrived.into(), sorted.into()]).await;
}

async fn engine(log: &Arc<MemoryLog>, clock: &Arc<ManualClock>) -> Arc<Engine> {
    let parts = Parts {
        log: Arc::clone(log) as Arc<dyn EventLog>,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        vault: Arc::new(Vault::in_memory().unwrap()),
        snapshots: None,
        observers: vec![],
    };
    Engine::start(parts).await.unwrap()
}

async fn plan_of(engine: &Engine) -> Arc<PlanState> {
    engine.peek::<Plan>(&community(), &day()).await.unwrap().0
}

fn first_run() -> RunId {
    RunId::derive(&community(), day(), 1, 0)
}

async fn run_of(engine: &Engine) -> Arc<domain::run::RunState> {
    engine.peek::<Run>(&community(), &first_run()).await.unwrap().0
}

/// What a courier says of the run.
async fn says(engine: &Engine, number: u128, command: RunCommand) {
    let now = engine.clock().now();
    let request = Request {
        command_id: CommandId(Uuid::from_u128(number)),
        content: ContentDigest::from_bytes([1; 16]),
        community: community(),
        actor: "badge-1".parse().unwrap(),
        device: None,
        sequence: None,
        occurred: Occurred::now(now),
        recorded_at: now,
        correlation_id: None,
        causation_id: None,
    };
    let told = engine.command::<Run>(&request, &first_run(), None, |_| Ok(command.clone())).await;
    told.unwrap();
}

#[tokio::test]
async fn a_step_plans_a_run_and_asks_somebody_once() {
    let (log, clock) = (a_morning().await, Arc::new(ManualClock::at(MORNING)));
    let engine = engine(&log, &clock).await;
    let step = engine.plan(&community(), When::Policy).await.unwrap();
    assert_eq!(step.proposal.offers.len(), 1, "{:?}", step.proposal.unplanned);
    let run = run_of(&engine).await;
    assert_eq!((run.phase, run.offered_to), (Phase::Offered, Some(ANNA)));
    assert!(run.reason.is_some(), "the offer says why");

    let head = log.head().await.unwrap();
    let again = engine.plan(&community(), When::Policy).await.unwrap();
    assert!(again.proposal.wave.is_none() && again.changed == 0);
    assert_eq!(log.head().await.unwrap(), head, "the same step again writes nothing");
}

#[tokio::test]
async fn two_engines_and_a_restart_do_the_same_once() {
    let (log, clock) = (a_morning().await, Arc::new(ManualClock::at(MORNING)));
    let (one, other) = (engine(&log, &clock).await, engine(&log, &clock).await);
    let id = community();
    let (first, second) = tokio::join!(one.plan(&id, When::Policy), other.plan(&id, When::Policy));
    assert!(first.is_ok() && second.is_ok());
    drop((one, other));
    let restarted = engine(&log, &clock).await;
    restarted.plan(&id, When::Policy).await.unwrap();
    let plan = plan_of(&restarted).await;
    assert_eq!((plan.waves, plan.runs.len()), (1, 1));
    assert_eq!(plan.runs[&first_run()].asked.len(), 1, "one offer was decided on");
}

#[tokio::test]
async fn somebody_who_declines_or_does_not_answer_is_followed_by_another() {
    let (log, clock) = (a_morning().await, Arc::new(ManualClock::at(MORNING)));
    let engine = engine(&log, &clock).await;
    engine.plan(&community(), When::Policy).await.unwrap();
    says(&engine, 50, RunCommand::HandBack { volunteer: ANNA }).await;
    clock.set(MORNING + SignedDuration::from_secs(60));
    engine.plan(&community(), When::Policy).await.unwrap();
    assert_eq!(run_of(&engine).await.offered_to, Some(BEN));
    // Nobody is left: the run is called off, and its piece is planned anew.
    clock.set(MORNING + SignedDuration::from_secs(400));
    engine.plan(&community(), When::Policy).await.unwrap();
    assert_eq!(run_of(&engine).await.phase, Phase::Cancelled);
    engine.plan(&community(), When::Policy).await.unwrap();
    assert_eq!(plan_of(&engine).await.waves, 2);
}

/// The live runs of the plan, with whom each was offered to.
async fn offered(engine: &Engine) -> Vec<Option<VolunteerId>> {
    let mut offered = vec![];
    for (run, _) in plan_of(engine).await.live() {
        offered.push(engine.peek::<Run>(&community(), &run).await.unwrap().0.offered_to);
    }
    offered.sort_unstable();
    offered
}

/// Who is asked in place of somebody is not asked for what leaves in the same step.
#[tokio::test]
async fn whoever_is_asked_next_is_not_asked_for_the_next_wave_as_well() {
    let (log, clock) = (a_morning().await, Arc::new(ManualClock::at(MORNING)));
    let engine = engine(&log, &clock).await;
    engine.plan(&community(), When::Policy).await.unwrap();
    assert_eq!(offered(&engine).await, [Some(ANNA)]);
    comes_to_its_shelf(log.as_ref(), MORE_PILLS, "PILLS-2").await;
    enrol(log.as_ref(), CARL).await;
    engine.carried_out().await;
    clock.set(MORNING + SignedDuration::from_secs(400));
    engine.plan(&community(), When::Policy).await.unwrap();
    let offered = offered(&engine).await;
    let once: BTreeSet<_> = offered.iter().collect();
    assert_eq!((offered.len(), once.len()), (2, 2), "{offered:?}");
}

/// Two trips that nobody answered for go to two others.
#[tokio::test]
async fn nobody_is_asked_next_for_two_trips_in_one_step() {
    let (log, clock) = (a_morning().await, Arc::new(ManualClock::at(MORNING)));
    let engine = engine(&log, &clock).await;
    engine.plan(&community(), When::Policy).await.unwrap();
    comes_to_its_shelf(log.as_ref(), MORE_PILLS, "PILLS-2").await;
    engine.carried_out().await;
    engine.plan(&community(), When::Policy).await.unwrap();
    assert_eq!(offered(&engine).await, [Some(ANNA), Some(BEN)]);
    let dora = VolunteerId(Uuid::from_u128(4));
    for volunteer in [CARL, dora] {
        enrol(log.as_ref(), volunteer).await;
    }
    engine.carried_out().await;
    clock.set(MORNING + SignedDuration::from_secs(400));
    engine.plan(&community(), When::Policy).await.unwrap();
    assert_eq!(offered(&engine).await, [Some(CARL), Some(dora)]);
}

/// Nobody answered, nobody closed the day: in the morning the piece is planned anew.
#[tokio::test]
async fn what_was_planned_yesterday_and_never_taken_is_planned_again() {
    let (log, clock) = (a_morning().await, Arc::new(ManualClock::at(MORNING)));
    let engine = engine(&log, &clock).await;
    engine.plan(&community(), When::Policy).await.unwrap();
    assert_eq!(run_of(&engine).await.phase, Phase::Offered);
    clock.set(MORNING + SignedDuration::from_hours(24));
    engine.plan(&community(), When::Policy).await.unwrap();
    assert_eq!(run_of(&engine).await.phase, Phase::Cancelled);
    let tomorrow = day().tomorrow().unwrap();
    let (plan, _) = engine.peek::<Plan>(&community(), &tomorrow).await.unwrap();
    assert!(plan.live().any(|(_, run)| run.pieces.contains(&PILLS)), "{plan:?}");
    assert_eq!(
        plan_of(&engine).await.live().count(),
        0,
        "and yesterday's plan knows that it ended"
    );
}

#[test]
fn the_plan_has_its_own_streams() {
    assert_eq!(Plan::CATEGORY, "plan");
    assert!(domain::plan::PlanEvent::TYPES.iter().all(|name| name.starts_with("Plan")));
    assert_eq!(
        Plan::stream(&community(), &day()).unwrap().as_str(),
        "plan-fumin-garden.2022-11-20"
    );
}
