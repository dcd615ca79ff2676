//! What holds of every plan, whatever the town, the pieces and the people.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::{BTreeMap, BTreeSet};

use domain::Decider;
use domain::address::Recipient;
use domain::community::CommunityCommand;
use domain::community::event::{PlanningPolicySet, Restriction, TripLimitSet, ZoneStateChanged};
use domain::ids::ParcelId;
use domain::parcel::event::DeliveryLevel;
use domain::plan::event::{ProposedRun, UnplannedReason};
use domain::run::event::{ReplanReason, Stop};
use domain::run::{Phase, Run, RunCommand, RunState, STOPS_MAX, StopChange, changes};
use domain::supply::{Category, Load, SizeClass};
use domain::volunteer::event::VolunteerLimitsSet;
use fastrand::Rng;
use jiff::civil::time;
use planner::proposal::{Proposal, propose};
use planner::replan::{self, Around, Change};
use planner::situation::{Person, PieceAtGate, Situation};
use planner::trips::{Allowance, split};
use planner::windows::{self, Slot};
use planner::{effort, objective};
use proptest::prelude::*;

use crate::town::{DAY, Size, Town, at, later};

/// A town, its pieces and its people at a moment of a day, from a seed.
struct Moment {
    town: Town,
    now: jiff::Timestamp,
    pieces: Vec<PieceAtGate>,
    people: Vec<Person>,
}

impl Moment {
    fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let grids = rng.usize(1..=4);
        let size = Size {
            buildings: grids + rng.usize(0..8),
            grids,
            floors: rng.u16(1..=18),
            doors_per_floor: rng.u16(1..=4),
            people: rng.usize(0..14),
        };
        let mut town = Town::new(size);
        match rng.u8(0..3) {
            0 => town.restrict(Restriction::Sealed),
            1 => town.restrict(Restriction::Testing),
            _ => {}
        }
        let now = at(DAY, time(rng.i8(7..22), rng.i8(0..60), 0, 0));
        let count = rng.u128(0..160);
        let pieces = (0..count).map(|number| odd(&town, &mut rng, number, now)).collect();
        let mut people = Town::people(size);
        for person in &mut people {
            person.free = rng.u8(0..10) < 8;
            person.carry_limit.pieces = rng.u32(3..=25);
            person.carry_limit.weight_grams = rng.u32(4_000..80_000);
            person.effort.floor_kilograms = rng.u32(0..2_000);
            let floors_a_trip = rng.bool().then(|| rng.u32(1..=40));
            person.limits = VolunteerLimitsSet { floors_a_trip, ..person.limits.clone() };
        }
        Self { town, now, pieces, people }
    }

    fn situation(&self) -> Situation<'_> {
        self.town.situation(self.now, 1, self.pieces.clone(), self.people.clone())
    }
}

/// A piece that came some time today, and may be anything but ready.
fn odd(town: &Town, rng: &mut Rng, number: u128, now: jiff::Timestamp) -> PieceAtGate {
    let arrived =
        at(DAY, time(5, 0, 0, 0)).max(now - jiff::SignedDuration::from_mins(rng.i64(0..600)));
    let mut piece = town.piece(rng, number, arrived);
    match rng.u8(0..20) {
        0 => piece.held_up = Some(UnplannedReason::NotSorted),
        1 => piece.recipient = None,
        2 => piece.attempts = 2,
        3 => piece.load.weight_grams = 500_000,
        4 => piece.urgent = true,
        5 => piece.load.weight_grams = 0,
        _ => {}
    }
    piece
}

/// Every piece is on one run or listed once.
fn check_complete(moment: &Moment, proposal: &Proposal) {
    let mut seen: BTreeMap<ParcelId, usize> = BTreeMap::new();
    for stop in runs(proposal).flat_map(|run| &run.plan.stops) {
        for parcel in &stop.parcels {
            *seen.entry(*parcel).or_default() += 1;
        }
    }
    for piece in &proposal.unplanned {
        *seen.entry(piece.parcel).or_default() += 1;
    }
    assert!(seen.values().all(|times| *times == 1), "a piece is told twice");
    let all: BTreeSet<_> = moment.pieces.iter().map(|piece| piece.id).collect();
    assert_eq!(seen.into_keys().collect::<BTreeSet<_>>(), all, "a piece is forgotten");
}

fn runs(proposal: &Proposal) -> impl Iterator<Item = &ProposedRun> {
    proposal.wave.iter().flat_map(|wave| &wave.runs)
}

fn piece(moment: &Moment, id: ParcelId) -> &PieceAtGate {
    moment.pieces.iter().find(|piece| piece.id == id).unwrap()
}

/// No rule of grid, zone, window, load or readiness is broken by a run, and the run itself takes
/// it.
fn check_run(moment: &Moment, run: &ProposedRun) {
    let planned = Run::decide(&RunState::default(), RunCommand::Plan(run.plan.clone()));
    assert_eq!(planned.unwrap().len(), 1);
    let community = &moment.town.community;
    let closed = community.closed_zones(moment.now, run.plan.needs_protection);
    let now = moment.now.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let mut load = Load::default();
    for stop in &run.plan.stops {
        let building = &stop.door.building;
        assert_eq!(community.grid_of(building), Some(&run.plan.grid), "crosses grids");
        assert_eq!(closed.access(building), domain::community::ZoneAccess::Admitted);
        for parcel in &stop.parcels {
            let piece = piece(moment, *parcel);
            assert_eq!(piece.held_up, None, "is not ready");
            assert_eq!(piece.recipient.as_ref().map(|r| &r.door), Some(&stop.door));
            assert!(piece.size != SizeClass::TwoPerson || run.plan.needs_two);
            let arrived = piece.arrived_at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
            let policy = community.windows.get(&piece.category);
            let slot = windows::slot(policy, piece.category, arrived, now);
            let legal = matches!(slot, Slot::Open { .. } | Slot::AtOnce);
            let quiet = piece.category == Category::ParcelGoods && moment.pieces.len() <= 40;
            let tried = piece.attempts > 0 && piece.category.is_perishable();
            assert!(
                legal || quiet || tried || piece.urgent,
                "{:?} goes in no window",
                piece.category
            );
            load = load.plus(piece.load);
        }
    }
    assert!(load.fits(run.plan.limit) && run.plan.limit.fits(community.trip_limit.unwrap()));
    check_order(moment, &run.plan.stops);
}

/// When a run is over that somebody takes at the last moment.
fn over_at(moment: &Moment, run: &ProposedRun) -> jiff::Timestamp {
    let stops = &run.plan.stops;
    let doors = stops.iter().map(|stop| (&stop.door, Load::default()));
    let (community, ways) = (&moment.town.community, &moment.town.ways);
    let effort = effort::of_doors(community, ways, run.plan.level, doors);
    let pieces = stops.iter().map(|stop| stop.parcels.len()).sum();
    later(moment.now, 300 + objective::seconds(effort, stops.len(), pieces))
}

/// Units are gone to one after another, and each from the top down.
fn check_order(moment: &Moment, stops: &[Stop]) {
    let floor = |stop: &Stop| {
        let door = &stop.door;
        moment.town.community.floor_of(&door.building, &door.unit, &door.room).unwrap()
    };
    let mut units = BTreeSet::new();
    for pair in stops.chunk_by(|one, other| {
        (&one.door.building, &one.door.unit) == (&other.door.building, &other.door.unit)
    }) {
        assert!(units.insert((&pair[0].door.building, &pair[0].door.unit)), "comes back");
        assert!(pair.is_sorted_by(|one, other| floor(one) >= floor(other)), "climbs twice");
    }
}

/// Whoever is asked can make the trip, and is asked once.
fn check_offers(moment: &Moment, proposal: &Proposal) {
    assert_eq!(proposal.offers.len(), runs(proposal).count(), "every run is offered");
    let mut asked = BTreeSet::new();
    for (run, assignment) in &proposal.offers {
        let plan = &runs(proposal).find(|one| one.run == *run).unwrap().plan;
        assert_eq!(assignment.helper.is_some(), plan.needs_two);
        let mut carries = Load::default();
        for id in [Some(assignment.volunteer), assignment.helper].into_iter().flatten() {
            assert!(asked.insert(id), "asked for two trips at once");
            let person = moment.people.iter().find(|person| person.id == id).unwrap();
            assert!(person.free && person.grid == plan.grid);
            assert!(person.protection || !plan.needs_protection);
            let floors = person.limits.floors_a_trip.unwrap_or(u32::MAX);
            assert!(assignment.reason.trip.floors <= floors, "climbs too high");
            carries = carries.plus(person.carry_limit);
        }
        assert!(plan.limit.pieces <= carries.pieces);
        assert!(plan.limit.weight_grams <= carries.weight_grams);
        assert!(!assignment.reason.because.is_empty(), "there is always a reason");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_piece_is_planned_by_the_rules_or_listed_with_a_reason(seed: u64) {
        let moment = Moment::of(seed);
        let proposal = propose(&moment.situation());
        check_complete(&moment, &proposal);
        for run in runs(&proposal) {
            check_run(&moment, run);
        }
        check_offers(&moment, &proposal);
    }

    /// The zone of two buildings closes soon, and everybody knows it.
    #[test]
    fn nobody_is_sent_where_a_zone_closes_before_the_trip_is_over(
        seed: u64,
        minutes in 1_u32..90,
        is_sealed: bool,
    ) {
        let mut moment = Moment::of(seed);
        let closes = later(moment.now, 60 * minutes);
        let restriction = if is_sealed { Restriction::Sealed } else { Restriction::Testing };
        for (restriction, from) in [(Restriction::Open, moment.now), (restriction, closes)] {
            let (zone, until) = ("zone".parse().unwrap(), None);
            let fact = ZoneStateChanged { zone, restriction, from, until };
            moment.town.tell(CommunityCommand::ChangeZoneState(fact));
        }
        moment.people.iter_mut().for_each(|person| person.carry_limit.pieces = 25);
        let mut situation = moment.situation();
        situation.asked = true;
        let proposal = propose(&situation);
        check_complete(&moment, &proposal);
        let community = &moment.town.community;
        for run in runs(&proposal) {
            check_run(&moment, run);
            let closing = run.plan.stops.iter().filter_map(|stop| {
                community.closes_next(&stop.door.building, moment.now, run.plan.needs_protection)
            });
            let closing = closing.map(|(at, _)| at).min();
            prop_assert!(closing.is_none_or(|at| over_at(&moment, run) <= at), "closed in");
        }
        for aside in &proposal.unplanned {
            if let UnplannedReason::ZoneCloses { at, .. } = &aside.reason {
                // Not even alone would it be there in time.
                let piece = piece(&moment, aside.parcel);
                prop_assert_eq!(*at, closes);
                let door = &piece.recipient.as_ref().unwrap().door;
                let door = [(door, Load::default())];
                let ways = &moment.town.ways;
                let alone = effort::of_doors(community, ways, DeliveryLevel::Door, door);
                prop_assert!(later(moment.now, 300 + objective::seconds(alone, 1, 1)) > closes);
            }
        }
    }

    #[test]
    fn the_order_in_which_things_are_told_changes_nothing(seed: u64) {
        let mut moment = Moment::of(seed);
        let proposal = propose(&moment.situation());
        let mut rng = Rng::with_seed(seed ^ 1);
        rng.shuffle(&mut moment.pieces);
        rng.shuffle(&mut moment.people);
        prop_assert!(propose(&moment.situation()) == proposal, "another plan");
    }

    /// Pieces of a run are gone: its other stops stay as and where they were, and other runs hear
    /// nothing of it.
    #[test]
    fn a_plan_after_an_event_differs_only_where_it_must(seed: u64) {
        let moment = Moment::of(seed);
        let proposal = propose(&moment.situation());
        let mut rng = Rng::with_seed(seed ^ 2);
        let gone: BTreeSet<_> =
            moment.pieces.iter().filter(|_| rng.u8(0..8) == 0).map(|piece| piece.id).collect();
        for run in runs(&proposal) {
            let state = RunState {
                phase: Phase::Accepted,
                stops: run.plan.stops.clone(),
                plan: Some(run.plan.clone()),
                ..RunState::default()
            };
            let unable = BTreeSet::new();
            let around = Around {
                community: &moment.town.community,
                now: moment.now,
                gone: &gone,
                unable: &unable,
                answer_within_seconds: 300,
                ways: &moment.town.ways,
                blocked: None,
            };
            let touched = |stop: &Stop| stop.parcels.iter().any(|parcel| gone.contains(parcel));
            let touched: Vec<_> = state.stops.iter().filter(|stop| touched(stop)).collect();
            match &replan::changes(&around, &state, None)[..] {
                [] => prop_assert!(touched.is_empty()),
                [Change::Replan(replanned)] => {
                    prop_assert_eq!(&replanned.reason, &ReplanReason::PiecesGone);
                    let changed = changes(&state.stops, &replanned.stops);
                    prop_assert_eq!(changed.len(), touched.len());
                    prop_assert!(changed.iter().all(|one| matches!(
                        one.change,
                        StopChange::Removed | StopChange::Pieces
                    )));
                }
                [Change::Cancel(_)] => prop_assert!(
                    state.stops.iter().flat_map(|stop| &stop.parcels).all(|p| gone.contains(p))
                ),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}

/// Vehicles go round a grid of towers with 900 pieces and would take all of them at once; a run
/// goes to 200 doors at most.
#[test]
fn no_run_goes_to_more_doors_than_it_may_have_stops() {
    let size = Size { buildings: 5, grids: 1, floors: 20, doors_per_floor: 3, people: 6 };
    let mut town = Town::new(size);
    let limit = Load { pieces: 1_000, weight_grams: 50_000_000, volume_millilitres: 1_000_000_000 };
    town.tell(CommunityCommand::SetTripLimit(TripLimitSet { limit }));
    let planning = town.community.planning.clone().unwrap();
    let planning = PlanningPolicySet { cart_pieces: 1_000, ..planning };
    town.tell(CommunityCommand::SetPlanningPolicy(planning));
    let (came, now) = (at(DAY, time(9, 0, 0, 0)), at(DAY, time(14, 0, 0, 0)));
    let mut rng = Rng::with_seed(7);
    let mut pieces: Vec<_> =
        (0..900).map(|n| town.piece_of(&mut rng, n, came, Category::ParcelGoods)).collect();
    for piece in &mut pieces {
        piece.size = SizeClass::Hand;
    }
    let mut people = Town::people(size);
    for person in &mut people {
        person.carry_limit = limit;
    }
    let moment = Moment { town, now, pieces, people };
    let proposal = propose(&moment.situation());
    check_complete(&moment, &proposal);
    check_offers(&moment, &proposal);
    assert_eq!(proposal.unplanned, [], "there is somebody for everything");
    for run in runs(&proposal) {
        check_run(&moment, run);
    }
    let stops = |run: &ProposedRun| run.plan.stops.len();
    let pieces = |run: &ProposedRun| run.plan.limit.pieces;
    assert!(runs(&proposal).map(stops).max().unwrap() > STOPS_MAX / 2, "the cart is not filled");
    assert!(runs(&proposal).map(pieces).max().unwrap() > 200, "doors are what limits it");
}

/// One stairwell has more doors than a run may have stops, with several pieces for some of them:
/// it is gone up in parts.
#[test]
fn a_stairwell_of_more_doors_than_stops_goes_in_parts() {
    let size = Size { buildings: 1, grids: 1, floors: 40, doors_per_floor: 6, people: 3 };
    let town = Town::new(size);
    let mut rng = Rng::with_seed(7);
    let came = at(DAY, time(9, 0, 0, 0));
    let doors: Vec<_> = town.doors.iter().filter(|door| door.unit.as_str() == "1").collect();
    let of_door = |n: usize| PieceAtGate {
        recipient: Some(Recipient {
            household: None,
            door: doors[n % doors.len()].clone(),
            grid: "1".parse().unwrap(),
        }),
        ..town.piece_of(&mut rng, n as u128, came, Category::ParcelGoods)
    };
    let pieces: Vec<_> = (0..2 * doors.len()).map(of_door).collect();
    let pieces: Vec<_> =
        pieces.iter().map(|piece| (piece, &piece.recipient.as_ref().unwrap().door)).collect();
    let load = Load { pieces: 1_000, weight_grams: u32::MAX, volume_millilitres: u32::MAX };
    let allowance = Allowance { load, floors: u32::MAX, seconds: u32::MAX };
    let (trips, too_much) =
        split(&town.community, &town.ways, DeliveryLevel::Door, &pieces, allowance);
    assert_eq!(too_much.len(), 0);
    let stops: Vec<_> = trips.iter().map(|trip| trip.stops().len()).collect();
    assert_eq!(stops, [200, 40], "top floors first, and no door twice");
}

/// Two alike share the climbing: whoever has climbed less is asked, and the answer says so.
#[test]
fn whoever_has_climbed_least_is_asked() {
    let size = Size { buildings: 1, grids: 1, floors: 6, doors_per_floor: 2, people: 2 };
    let town = Town::new(size);
    let mut rng = Rng::with_seed(3);
    let now = at(DAY, time(14, 0, 0, 0));
    let piece = town.piece_of(&mut rng, 1, at(DAY, time(9, 0, 0, 0)), Category::Medicine);
    let mut people = Town::people(size);
    people[0].effort.floor_kilograms = 90;
    let expected = people[1].id;
    let proposal = propose(&town.situation(now, 1, vec![piece.clone()], people.clone()));
    assert_eq!(proposal.offers[0].1.volunteer, expected);
    let why = planner::why::assignment(&proposal.offers[0].1.reason);
    assert!(why.english.contains("climbed least"), "{}", why.english);
    assert!(why.chinese.contains("爬楼最少"), "{}", why.chinese);

    // The regular volunteer of the building comes first, within reason.
    people[0].keeps = BTreeSet::from(["1".parse().unwrap()]);
    let proposal = propose(&town.situation(now, 1, vec![piece], people.clone()));
    assert_eq!(proposal.offers[0].1.volunteer, people[0].id);
}

/// One of two works until a break that begins in the middle of the trip: the other one is asked,
/// and nobody when both rest.
#[test]
fn nobody_is_asked_for_a_trip_that_would_last_into_a_break() {
    let size = Size { buildings: 1, grids: 1, floors: 6, doors_per_floor: 2, people: 2 };
    let town = Town::new(size);
    let mut rng = Rng::with_seed(3);
    let now = at(DAY, time(14, 0, 0, 0));
    let piece = town.piece_of(&mut rng, 1, at(DAY, time(9, 0, 0, 0)), Category::Medicine);
    let planned =
        |people: Vec<Person>| propose(&town.situation(now, 1, vec![piece.clone()], people));
    let mut people = Town::people(size);
    let first = planned(people.clone()).offers[0].1.clone();
    // The trip as it is planned, and the time to answer.
    let lasts = 300 + objective::seconds(first.reason.trip, 1, 1);
    for person in &mut people {
        person.works_until = Some(later(now, lasts));
    }
    assert_eq!(planned(people.clone()).offers[0].1.volunteer, first.volunteer, "just in time");
    let rests = Some(later(now, lasts - 1));
    for person in people.iter_mut().filter(|one| one.id == first.volunteer) {
        person.works_until = rests;
    }
    assert_ne!(planned(people.clone()).offers[0].1.volunteer, first.volunteer);
    for person in &mut people {
        person.works_until = rests;
    }
    let nobody = planned(people);
    assert_eq!(nobody.unplanned[0].reason, UnplannedReason::NobodyCarriesIt);
}

/// Goods of which nobody would bring anything before two o'clock go at eleven when their order is
/// urgent, and before a trip of meals when only one person is there.
#[test]
fn what_is_urgent_goes_at_once_whatever_it_is() {
    let size = Size { buildings: 1, grids: 1, floors: 6, doors_per_floor: 2, people: 1 };
    let town = Town::new(size);
    let mut rng = Rng::with_seed(3);
    let (came, now) = (at(DAY, time(9, 0, 0, 0)), at(DAY, time(11, 0, 0, 0)));
    let mut pieces: Vec<_> =
        (0..60).map(|n| town.piece_of(&mut rng, n, came, Category::ParcelGoods)).collect();
    for piece in &mut pieces {
        piece.size = SizeClass::Bag;
    }
    let waits = propose(&town.situation(now, 1, pieces.clone(), Town::people(size)));
    assert_eq!(waits.wave, None, "its window is not open");

    pieces[7].urgent = true;
    let meals = (100..160).map(|n| town.piece_of(&mut rng, n, came, Category::Meal));
    pieces.extend(meals.map(|piece| PieceAtGate { size: SizeClass::Bag, ..piece }));
    let proposal = propose(&town.situation(now, 1, pieces.clone(), Town::people(size)));
    let wave = proposal.wave.as_ref().unwrap();
    assert_eq!(wave.trigger, domain::run::event::WaveTrigger::Urgent);
    assert_eq!(wave.runs.len(), 1, "there is one person");
    let goes = |piece: &PieceAtGate| {
        runs(&proposal).flat_map(|run| &run.plan.stops).any(|stop| stop.parcels.contains(&piece.id))
    };
    assert!(goes(&pieces[7]), "it is on the one trip that is made");
    assert!(pieces[..7].iter().all(|piece| !goes(piece)), "others wait for their window");
}
