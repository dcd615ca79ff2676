//! The rules of one parcel over random days: small pools of runs, grids, doors and times, so that
//! people get into each other's way, and enough normal steps that pieces reach their doors.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use uuid::Uuid;

use super::broken::broken_deciders;
use super::exceptions::photograph;
use super::model::{Broken, Model};
use super::sample::*;
use crate::community::ZoneAccess;
use crate::decider::Decider;
use crate::ids::{GridId, RecallId, RunId, ShelfCode};
use crate::parcel::command::{Arrive, Expect, HandOff, LoadOn, Sort};
use crate::parcel::event::{
    DeliveryLevel, DisposalReason, End, FailureReason, OvernightReason, RefusalReason, ReopenReason,
};
use crate::parcel::{Parcel, ParcelCommand, ParcelEvent, ParcelRefusal, ParcelState, Phase};
use crate::supply::{Category, DisinfectionRule};

/// The decider under test, or one with a rule broken on purpose.
pub type Decide = fn(&ParcelState, ParcelCommand) -> Result<Vec<ParcelEvent>, ParcelRefusal>;

/// One thing that somebody does, some minutes after the one before.
#[derive(Debug, Clone)]
struct Step {
    minutes: i64,
    act: Act,
}

#[derive(Debug, Clone)]
enum Act {
    /// Whatever comes next on the way to the door, perhaps with a stop at the building's foot.
    Next { by_foot: bool },
    /// Anything at all.
    Any(ParcelCommand),
}

/// A day of one parcel.
#[derive(Debug, Clone)]
struct Day {
    arrive: Arrive,
    steps: Vec<Step>,
}

/// What a played day came to.
struct Played {
    state: ParcelState,
    model: Model,
    accepted: Vec<ParcelCommand>,
    now: Timestamp,
}

fn runs() -> impl Strategy<Value = RunId> {
    select(vec![FIRST_RUN, SECOND_RUN, RunId(Uuid::from_u128(9))])
}

fn grids() -> impl Strategy<Value = GridId> {
    prop_oneof![4 => Just(the("3")), 1 => Just(other_grid())]
}

fn shelves() -> impl Strategy<Value = ShelfCode> {
    select(vec![shelf(), the("again-1")])
}

fn recipients() -> impl Strategy<Value = crate::address::Recipient> {
    let mut redrawn = family();
    redrawn.grid = other_grid();
    prop_oneof![
        5 => Just(family()),
        2 => Just(neighbour()),
        1 => Just(stranger()),
        1 => Just(redrawn),
    ]
}

fn access() -> impl Strategy<Value = ZoneAccess> {
    prop_oneof![6 => Just(ZoneAccess::Admitted), 1 => Just(closed_zone())]
}

fn recalls() -> impl Strategy<Value = RecallId> {
    select(vec![recall(), hub_recall()])
}

fn ends() -> impl Strategy<Value = End> {
    use End::{Disposed, GivenBack, HandedOff, NotReceived, Returned};
    select(vec![HandedOff, Returned, NotReceived, GivenBack, Disposed])
}

fn arrivals() -> impl Strategy<Value = Arrive> {
    let rule = |act_seconds| DisinfectionRule { act_seconds, ..HALF_AN_HOUR };
    let disinfection = option::weighted(0.8, select(vec![0, 600, 1_800]).prop_map(rule));
    let recipient = option::weighted(0.8, recipients());
    (select(Category::ALL.as_slice()), recipient, disinfection).prop_map(
        |(category, recipient, disinfection)| Arrive {
            category,
            recipient,
            disinfection,
            ..arrive()
        },
    )
}

fn intake_commands() -> impl Strategy<Value = ParcelCommand> {
    prop_oneof![
        Just(ParcelCommand::from(Expect { recipient: None, ..expect() })),
        arrivals().prop_map(ParcelCommand::from),
        recipients().prop_map(identify),
        Just(ParcelCommand::UndoArrival),
        Just(start("08:00")),
        Just(stop("08:00")),
        (grids(), shelves(), option::of(grids())).prop_map(|(grid, shelf, placed_in)| {
            ParcelCommand::from(Sort { grid, shelf, placed_in })
        }),
    ]
}

fn carrying_commands() -> impl Strategy<Value = ParcelCommand> {
    let doors = || recipients().prop_map(|to| to.door);
    prop_oneof![
        (runs(), grids(), access()).prop_map(|(run, run_grid, access)| {
            ParcelCommand::from(LoadOn { run, run_grid, access })
        }),
        runs().prop_map(|run| ParcelCommand::Unload { run }),
        (runs(), doors(), access()).prop_map(|(run, door, access)| ParcelCommand::Relay {
            run,
            building: door.building,
            access
        }),
        (
            option::weighted(0.8, runs()),
            doors(),
            access(),
            select(vec![DeliveryLevel::Door, DeliveryLevel::Pickup])
        )
            .prop_map(|(run, door, access, level)| ParcelCommand::from(HandOff {
                run,
                door,
                level,
                access,
                ..hand_off(FIRST_RUN)
            })),
        (runs(), select(vec![FailureReason::NoAnswer, FailureReason::Refused]))
            .prop_map(|(run, reason)| fail(run, reason)),
        (option::of(runs()), shelves())
            .prop_map(|(run, shelf)| ParcelCommand::Return { run, shelf }),
    ]
}

fn exceptional_commands() -> impl Strategy<Value = ParcelCommand> {
    prop_oneof![
        1 => Just(ParcelCommand::Refuse { reason: RefusalReason::NotOurs, at: at("08:00") }),
        1 => Just(ParcelCommand::Dispose { reason: DisposalReason::Spoiled, at: at("08:00") }),
        6 => Just(write_off()),
        2 => any::<bool>().prop_map(|usable| ParcelCommand::ReportDamage { usable }),
        6 => Just(ParcelCommand::ReportMissing),
        2 => Just(ParcelCommand::ReportFound),
        1 => recalls().prop_map(call_back),
        2 => recalls().prop_map(lift),
        2 => (0..2_i8).prop_map(|later| ParcelCommand::KeepOvernight {
            day: jiff::civil::date(2022, 4, 10 + later),
            reason: OvernightReason::NoCourier,
            owner: worker(),
        }),
        4 => select(vec![
            ReopenReason::Mistake, ReopenReason::WrongDoor, ReopenReason::BroughtAgain,
        ]).prop_map(|reason| ParcelCommand::Reopen { reason }),
        2 => ends().prop_map(settle),
        1 => (0..12_u8).prop_map(photograph),
    ]
}

fn days() -> impl Strategy<Value = Day> {
    let anything = prop_oneof![
        2 => intake_commands(),
        4 => carrying_commands(),
        2 => exceptional_commands(),
    ];
    let next = any::<bool>().prop_map(|by_foot| Act::Next { by_foot });
    let act = prop_oneof![2 => next, 3 => anything.prop_map(Act::Any)];
    let step = (0..30_i64, act).prop_map(|(minutes, act)| Step { minutes, act });
    (arrivals(), vec(step, 1..60)).prop_map(|(arrive, steps)| Day { arrive, steps })
}

/// What a diligent worker would do next with the piece.
fn next(state: &ParcelState, arrive: &Arrive, by_foot: bool) -> ParcelCommand {
    let to = state.recipient.clone().unwrap_or_else(family);
    if state.dispute.is_some() {
        return settle(End::HandedOff);
    }
    if let Some(recall) = state.recalls.first() {
        return lift(recall.clone());
    }
    if state.damaged == Some(false) {
        return ParcelCommand::ReportDamage { usable: true };
    }
    match state.phase {
        Phase::Unknown | Phase::Expected | Phase::HandedOff | Phase::Refused | Phase::Disposed => {
            arrive.clone().into()
        }
        Phase::Arrived => start("08:00"),
        Phase::Disinfecting { .. } => stop("08:00"),
        Phase::Clean if state.recipient.is_none() => identify(to),
        Phase::Clean => Sort { grid: to.grid, ..sort() }.into(),
        Phase::Sorted => LoadOn { run_grid: to.grid, ..load(new_run(state)) }.into(),
        Phase::Loaded { run } if by_foot => {
            ParcelCommand::Relay { run, building: to.door.building, access: ZoneAccess::Admitted }
        }
        Phase::Loaded { run } | Phase::Relayed { run } | Phase::Failed { run } => {
            HandOff { door: to.door, ..hand_off(run) }.into()
        }
    }
}

/// A run that never had the piece.
fn new_run(state: &ParcelState) -> RunId {
    let mut all = (1..).map(|number| RunId(Uuid::from_u128(number)));
    all.find(|run| !state.was_on(*run)).unwrap_or(FIRST_RUN)
}

/// The command with the present moment in it, as the engine's clock would put it there.
fn stamp(mut command: ParcelCommand, now: Timestamp) -> ParcelCommand {
    match &mut command {
        ParcelCommand::Arrive(arrive) => arrive.at = now,
        ParcelCommand::HandOff(hand_off) => hand_off.at = now,
        ParcelCommand::StartDisinfection { at, .. }
        | ParcelCommand::StopDisinfection { at }
        | ParcelCommand::Refuse { at, .. }
        | ParcelCommand::Dispose { at, .. }
        | ParcelCommand::SettleDispute { at, .. } => *at = now,
        ParcelCommand::Expect(_)
        | ParcelCommand::UndoArrival
        | ParcelCommand::Identify { .. }
        | ParcelCommand::Sort(_)
        | ParcelCommand::Load(_)
        | ParcelCommand::Unload { .. }
        | ParcelCommand::Relay { .. }
        | ParcelCommand::Fail { .. }
        | ParcelCommand::Return { .. }
        | ParcelCommand::ReportDamage { .. }
        | ParcelCommand::ReportMissing
        | ParcelCommand::ReportFound
        | ParcelCommand::Recall { .. }
        | ParcelCommand::LiftRecall { .. }
        | ParcelCommand::KeepOvernight { .. }
        | ParcelCommand::Reopen { .. }
        | ParcelCommand::Photograph(_) => {}
    }
    command
}

/// Plays a day and checks every rule after every step.
fn play(decide: Decide, day: &Day) -> Result<Played, Broken> {
    let mut played = Played {
        state: ParcelState::default(),
        model: Model::default(),
        accepted: Vec::new(),
        now: at("08:00"),
    };
    for Step { minutes, act } in &day.steps {
        played.now += SignedDuration::from_mins(*minutes);
        let command = match act {
            Act::Next { by_foot } => next(&played.state, &day.arrive, *by_foot),
            Act::Any(command) => command.clone(),
        };
        let command = stamp(command, played.now);
        let Ok(events) = decide(&played.state, command.clone()) else {
            continue;
        };
        for event in &events {
            played.model.follow(&command, event, played.now)?;
            played.state = Parcel::evolve(played.state, event);
            let custody = played.state.custody();
            played.model.agrees(&custody, played.state.handovers)?;
        }
        if decide(&played.state, command.clone()) != Ok(vec![]) {
            return Err(Broken::Repeated);
        }
        played.accepted.push(command);
    }
    Ok(played)
}

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

#[test]
fn no_rule_breaks_on_any_day() {
    let cases = 2_000;
    let tally = [const { Cell::new(0_u32) }; 6];
    TestRunner::new(config(cases))
        .run(&days(), |day| {
            let played = play(Parcel::decide, &day)
                .map_err(|broken| TestCaseError::fail(format!("{broken:?}")))?;
            let Model { hand_offs, relays, returns, written_off, reopened, disputes, .. } =
                played.model;
            let counts = [hand_offs, relays, returns, written_off, reopened, disputes];
            for (seen, count) in tally.iter().zip(counts) {
                seen.set(seen.get() + count.min(1));
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    // A property over days on which nothing happens would hold for any decider.
    let [handed_off, relayed, returned, written_off, reopened, disputed] =
        tally.map(|seen| seen.get() * 100 / cases);
    let percent = format!(
        "of {cases} days: handed off {handed_off} %, relayed {relayed} %, returned {returned} %, \
         written off {written_off} %, reopened {reopened} %, disputed {disputed} %"
    );
    println!("{percent}");
    assert!(handed_off >= 20, "{percent}");
    assert!(relayed >= 10 && returned >= 5, "{percent}");
    assert!(written_off >= 1, "{percent}");
    assert!(reopened >= 5 && disputed >= 5, "{percent}");
}

/// How far a parcel has come; the ends are equal, and so are the places between shelf and door.
fn rank(phase: Phase) -> u8 {
    match phase {
        Phase::Unknown => 0,
        Phase::Expected => 1,
        Phase::Arrived => 2,
        Phase::Disinfecting { .. } => 3,
        Phase::Clean => 4,
        Phase::Sorted => 5,
        Phase::Loaded { .. } | Phase::Relayed { .. } | Phase::Failed { .. } => 6,
        Phase::HandedOff | Phase::Refused | Phase::Disposed => 7,
    }
}

/// Whether the command only tells what somebody saw. The others are decisions of a person in front
/// of a screen: an old one is told from a new one by its command id and the version it was made
/// against, which the runtime checks.
fn is_observation(command: &ParcelCommand) -> bool {
    match command {
        ParcelCommand::Expect(_)
        | ParcelCommand::Arrive(_)
        | ParcelCommand::StartDisinfection { .. }
        | ParcelCommand::StopDisinfection { .. }
        | ParcelCommand::Sort(_)
        | ParcelCommand::Load(_)
        | ParcelCommand::Relay { .. }
        | ParcelCommand::HandOff(_)
        | ParcelCommand::Fail { .. }
        | ParcelCommand::ReportDamage { .. }
        | ParcelCommand::ReportMissing
        | ParcelCommand::ReportFound
        | ParcelCommand::Recall { .. }
        | ParcelCommand::KeepOvernight { .. }
        | ParcelCommand::Photograph(_) => true,
        ParcelCommand::UndoArrival
        | ParcelCommand::Identify { .. }
        | ParcelCommand::Unload { .. }
        | ParcelCommand::Return { .. }
        | ParcelCommand::Refuse { .. }
        | ParcelCommand::Dispose { .. }
        | ParcelCommand::LiftRecall { .. }
        | ParcelCommand::Reopen { .. }
        | ParcelCommand::SettleDispute { .. } => false,
    }
}

#[test]
fn a_late_second_delivery_of_any_scan_lowers_no_status() {
    let redelivered = Cell::new(0_u32);
    TestRunner::new(config(500))
        .run(&days(), |day| {
            let Ok(played) = play(Parcel::decide, &day) else {
                return Err(TestCaseError::fail("a rule broke"));
            };
            for old in played.accepted.into_iter().filter(is_observation) {
                let Ok(events) = Parcel::decide(&played.state, old.clone()) else {
                    continue;
                };
                redelivered.set(redelivered.get() + 1);
                let mut model = played.model.clone();
                let mut state = played.state.clone();
                for event in &events {
                    let followed = model.follow(&old, event, played.now);
                    prop_assert_eq!(followed, Ok(()), "{:?} by {:?}", event, old);
                    state = Parcel::evolve(state, event);
                }
                let (before, after) = (rank(played.state.phase), rank(state.phase));
                prop_assert!(after >= before, "{:?} lowered {:?}", old, played.state.phase);
                let kept = |state: &ParcelState| state.kept.as_ref().map(|kept| kept.day);
                prop_assert!(kept(&state) >= kept(&played.state));
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    assert!(redelivered.get() > 1_000, "{redelivered:?}");
}

/// The first rule that random days show to be broken, if any do.
fn caught(decide: Decide) -> Option<Broken> {
    let config = Config { max_shrink_iters: 0, ..config(20_000) };
    let first = Cell::new(None);
    let outcome = TestRunner::new(config).run(&days(), |day| match play(decide, &day) {
        Ok(_) => Ok(()),
        Err(broken) => {
            if first.get().is_none() {
                first.set(Some(broken));
            }
            Err(TestCaseError::fail("broken"))
        }
    });
    match outcome {
        Ok(()) => None,
        Err(TestError::Fail(..) | TestError::Abort(_)) => first.get(),
    }
}

#[test]
fn the_checker_bites() {
    for (index, (decide, broken)) in broken_deciders().into_iter().enumerate() {
        assert_eq!(caught(decide), Some(broken), "broken decider {index}");
    }
}
