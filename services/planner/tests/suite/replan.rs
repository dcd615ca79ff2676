//! What an event changes of a run that people have seen: only what it must.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;

use domain::address::PlanPoint;
use domain::community::CommunityCommand;
use domain::community::event::{
    Crossing, Path, PathBlocked, PathsDrawn, Restriction, ZoneStateChanged,
};
use domain::ids::{ParcelId, PathId};
use domain::run::event::{ReplanReason, Stop};
use domain::run::{LoadedPiece, Phase, PieceStatus, Run, RunCommand, RunState, StopOutcome};
use domain::supply::{Category, Load};
use domain::{Decider, fold};
use fastrand::Rng;
use jiff::civil::time;
use planner::objective::REROUTE_SAVES_DM;
use planner::proposal::propose;
use planner::replan::{self, Around, Change};
use planner::reroute::Blocked;
use planner::ways::{Place, Ways};
use proptest::prelude::*;

use crate::town::{DAY, Size, Town, at, later};

const SIZE: Size = Size { buildings: 20, grids: 1, floors: 6, doors_per_floor: 2, people: 40 };

fn noon() -> jiff::Timestamp {
    at(DAY, time(14, 0, 0, 0))
}

/// A town with a lane before each row of buildings and one along each side.
fn town_with_lanes() -> Town {
    let mut town = Town::new(SIZE);
    let (mut crossings, mut paths) = (vec![], vec![]);
    let name = |row: i32, column: i32| format!("{row}-{column}");
    let mut path = |from: String, to: String, length_dm| {
        let id = format!("{from}/{to}").parse().unwrap();
        paths.push(Path { id, from: from.parse().unwrap(), to: to.parse().unwrap(), length_dm });
    };
    for row in 0..4 {
        for column in 0..6 {
            let position = PlanPoint { east_dm: 600 * column, north_dm: 450 * row - 100 };
            crossings.push(Crossing { id: name(row, column).parse().unwrap(), position });
            if column < 5 {
                path(name(row, column), name(row, column + 1), 600);
            }
            if row < 3 && (column == 0 || column == 5) {
                path(name(row, column), name(row + 1, column), 450);
            }
        }
    }
    town.tell(CommunityCommand::DrawPaths(PathsDrawn { crossings, paths }));
    town
}

/// A run of the town's first wave, accepted or on its way with some stops done.
fn a_run(town: &Town, rng: &mut Rng) -> RunState {
    let came = at(DAY, time(9, 0, 0, 0));
    let category = Category::ParcelGoods;
    let pieces = (0..30).map(|number| town.piece_of(rng, number, came, category)).collect();
    let mut situation = town.situation(noon(), 1, pieces, Town::people(SIZE));
    situation.asked = true;
    let proposal = propose(&situation);
    let plan = proposal.wave.unwrap().runs.swap_remove(0).plan;
    let mut run = RunState {
        phase: Phase::Accepted,
        stops: plan.stops.clone(),
        planned_stops: plan.stops.clone(),
        plan: Some(plan),
        sheet: 1,
        ..RunState::default()
    };
    if rng.bool() {
        depart(&mut run, rng);
    }
    run
}

/// Everything is loaded, and the first stops are done.
fn depart(run: &mut RunState, rng: &mut Rng) {
    run.phase = Phase::Departed;
    let done = rng.usize(0..run.stops.len());
    for (at, stop) in run.stops.iter().enumerate() {
        let status = if at < done { PieceStatus::Delivered } else { PieceStatus::OnBoard };
        for parcel in &stop.parcels {
            let load = Load { pieces: 1, weight_grams: 1, volume_millilitres: 1 };
            let piece = LoadedPiece { load, door: stop.door.clone(), status };
            run.pieces.insert(*parcel, piece);
        }
        if at < done {
            run.outcomes.insert(stop.door.clone(), StopOutcome::Done);
        }
    }
}

fn changes(town: &Town, gone: &BTreeSet<ParcelId>, run: &RunState) -> Vec<Change> {
    let now = Ways::of(&town.community, noon());
    let open = Ways::without(&town.community, &BTreeSet::new());
    let unable = BTreeSet::new();
    let is_blocked = !town.community.paths.blocked_at(noon()).is_empty();
    let around = Around {
        community: &town.community,
        now: noon(),
        gone,
        unable: &unable,
        answer_within_seconds: 300,
        ways: &now,
        blocked: is_blocked.then_some(Blocked { now: &now, open: &open }),
    };
    replan::changes(&around, run, None)
}

fn place(stop: &Stop) -> Place<'_> {
    Place::Unit(&stop.door.building, &stop.door.unit)
}

/// The way of what is still to do, and back to the gate.
fn length(ways: &Ways, run: &RunState, stops: &[Stop]) -> u64 {
    let done = stops.iter().take_while(|stop| run.outcomes.contains_key(&stop.door)).count();
    let start = done.checked_sub(1).map_or(Place::Gate, |last| place(&stops[last]));
    let ahead = stops[done..].iter().map(place);
    let places: Vec<_> = std::iter::once(start).chain(ahead).chain([Place::Gate]).collect();
    places.windows(2).map(|leg| u64::from(ways.distance_dm(leg[0], leg[1]))).sum()
}

fn block(town: &mut Town, rng: &mut Rng) {
    let paths: Vec<PathId> =
        town.community.paths.paths.iter().map(|path| path.id.clone()).collect();
    let path = paths[rng.usize(0..paths.len())].clone();
    town.tell(CommunityCommand::BlockPath(PathBlocked { path, until: None }));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// The courier goes to the same doors with the same pieces in another order, which saves much,
    /// and only once; where it would save little nothing changes.
    #[test]
    fn a_blocked_path_changes_the_order_of_what_is_to_do_and_nothing_else(seed: u64) {
        let mut rng = Rng::with_seed(seed);
        let mut town = town_with_lanes();
        let run = a_run(&town, &mut rng);
        prop_assert_eq!(changes(&town, &BTreeSet::new(), &run), vec![], "nothing is blocked");
        block(&mut town, &mut rng);
        match &changes(&town, &BTreeSet::new(), &run)[..] {
            [] => {}
            [Change::Replan(replanned)] => {
                let blocked = matches!(replanned.reason, ReplanReason::PathBlocked(_));
                prop_assert!(blocked, "{:?}", replanned.reason);
                let sorted = |stops: &[Stop]| {
                    let mut stops = stops.to_vec();
                    stops.sort_by(|one, other| one.door.cmp(&other.door));
                    stops
                };
                prop_assert_eq!(sorted(&replanned.stops), sorted(&run.stops));
                let done = run.outcomes.len();
                prop_assert_eq!(&replanned.stops[..done], &run.stops[..done], "what is done stays");
                let ways = Ways::of(&town.community, noon());
                let saved = length(&ways, &run, &run.stops)
                    .saturating_sub(length(&ways, &run, &replanned.stops));
                prop_assert!(saved >= REROUTE_SAVES_DM, "it saves {saved} dm");
                let command = RunCommand::Replan(replanned.clone());
                let events = Run::decide(&run, command).unwrap();
                let after = fold::<Run>(run, &events);
                prop_assert_eq!(changes(&town, &BTreeSet::new(), &after), vec![]);
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn some_blocked_path_is_worth_another_order() {
    let rerouted = (0..60).filter(|seed| {
        let mut rng = Rng::with_seed(*seed);
        let mut town = town_with_lanes();
        let run = a_run(&town, &mut rng);
        block(&mut town, &mut rng);
        !changes(&town, &BTreeSet::new(), &run).is_empty()
    });
    assert!(rerouted.count() > 0, "the property above looks at nothing");
}

#[test]
fn a_building_behind_a_tape_is_left_out_and_gone_to_when_it_opens() {
    let mut rng = Rng::with_seed(4);
    let mut town = Town::new(Size { buildings: 2, ..SIZE });
    let mut run = a_run(&town, &mut rng);
    depart(&mut run, &mut Rng::with_seed(0));
    run.outcomes.clear();
    for piece in run.pieces.values_mut() {
        piece.status = PieceStatus::OnBoard;
    }
    town.restrict(Restriction::Testing);
    let paused = changes(&town, &BTreeSet::new(), &run);
    let buildings: BTreeSet<_> = run.stops.iter().map(|stop| &stop.door.building).collect();
    assert_eq!(paused.len(), buildings.len(), "{paused:?}");
    for change in paused {
        let Change::Pause(fact) = change else { panic!("{change:?}") };
        let events = Run::decide(&run, RunCommand::PauseBuilding(fact)).unwrap();
        run = fold::<Run>(run, &events);
    }
    assert_eq!(changes(&town, &BTreeSet::new(), &run), vec![], "it is left out once");
    town.restrict(Restriction::Open);
    let resumed = changes(&town, &BTreeSet::new(), &run);
    assert!(!resumed.is_empty());
    assert!(resumed.iter().all(|change| matches!(change, Change::Resume(_))), "{resumed:?}");
}

#[test]
fn a_run_that_has_not_left_loses_the_stops_behind_a_tape() {
    let mut rng = Rng::with_seed(4);
    let mut town = Town::new(Size { buildings: 6, ..SIZE });
    let run = loop {
        let run = a_run(&town, &mut rng);
        let in_zone = |stop: &Stop| ["1", "2"].contains(&stop.door.building.as_str());
        let both = run.stops.iter().any(in_zone) && !run.stops.iter().all(in_zone);
        if run.phase == Phase::Accepted && both {
            break run;
        }
    };
    town.restrict(Restriction::Testing);
    let told = changes(&town, &BTreeSet::new(), &run);
    let [Change::Replan(replanned)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(replanned.reason, ReplanReason::ZoneClosed("zone".parse().unwrap()));
    let kept = run.stops.iter().filter(|stop| !["1", "2"].contains(&stop.door.building.as_str()));
    assert!(replanned.stops.iter().eq(kept), "the other stops stay as and where they were");
}

/// A zone that closes before the run would be over is as good as closed for it, and one that
/// closes later is open.
#[test]
fn a_run_that_has_not_left_loses_the_stops_behind_a_zone_that_closes_too_soon() {
    let mut rng = Rng::with_seed(4);
    let town = || Town::new(Size { buildings: 6, ..SIZE });
    let run = loop {
        let run = a_run(&town(), &mut rng);
        let in_zone = |stop: &Stop| ["1", "2"].contains(&stop.door.building.as_str());
        let both = run.stops.iter().any(in_zone) && !run.stops.iter().all(in_zone);
        if run.phase == Phase::Accepted && both {
            break run;
        }
    };
    let changed = |minutes: u32| {
        let mut town = town();
        let (zone, from) = ("zone".parse().unwrap(), later(noon(), 60 * minutes));
        let restriction = Restriction::Testing;
        let fact = ZoneStateChanged { zone, restriction, from, until: None };
        town.tell(CommunityCommand::ChangeZoneState(fact));
        changes(&town, &BTreeSet::new(), &run)
    };
    let told = changed(2);
    let [Change::Replan(replanned)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(replanned.reason, ReplanReason::ZoneClosed("zone".parse().unwrap()));
    let kept = run.stops.iter().filter(|stop| !["1", "2"].contains(&stop.door.building.as_str()));
    assert!(replanned.stops.iter().eq(kept), "the other stops stay as and where they were");
    assert_eq!(changed(120), vec![]);
}
