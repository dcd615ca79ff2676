//! A week of fumin-garden's figures, planned in three ways.
//!
//! Pieces come in as the story tells it: produce early, meals before their windows, parcels through
//! the day; each is ready forty minutes later. Every five minutes somebody looks at the shelves.
//! Whoever is sent is away as long as the trip is expected to take, and rests a quarter of an hour.

use std::collections::BTreeMap;

use domain::address::Door;
use domain::ids::VolunteerId;
use domain::supply::{Category, Effort, Load};
use fastrand::Rng;
use jiff::civil::time;
use jiff::{SignedDuration, Timestamp};
use planner::effort;
use planner::objective::{burden, seconds};
use planner::proposal::propose;
use planner::situation::{Person, PieceAtGate};
use planner::ways::{Place, Ways};
use planner::windows::{self, Slot};

use crate::town::{DAY, FUMIN, Town, at, later};

const DAYS: u64 = 7;
/// Pieces of a day: 0.5 for each of 2,000 residents.
const PIECES: u128 = 1_000;
const READY_AFTER: SignedDuration = SignedDuration::from_mins(40);
const LOOKS_EVERY: SignedDuration = SignedDuration::from_mins(5);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Planned,
    Unfair,
    Naive,
}

/// What a week has cost.
#[derive(Default)]
struct Tally {
    trips: u32,
    walked_dm: u64,
    floors: u64,
    late: u32,
    left: u32,
    food_left: u32,
    delivered: u32,
}

pub fn run() {
    let town = Town::new(FUMIN);
    println!("plan\ttrips\tkm walked\tfloors\tworst/mean\tlate\tleft 21:00\tfood left\tdelivered");
    for (name, way) in
        [("planned", Way::Planned), ("without fairness", Way::Unfair), ("naive", Way::Naive)]
    {
        let (tally, people) = week(&town, way);
        println!(
            "{name}\t{}\t{:.1}\t{}\t{:.2}\t{}\t{}\t{}\t{}",
            tally.trips,
            tally.walked_dm as f64 / 10_000.0,
            tally.floors,
            worst(&people),
            tally.late,
            tally.left,
            tally.food_left,
            tally.delivered,
        );
    }
}

/// The most burdened of a grid against its mean, for the grid where that is worst: those of a grid
/// have the same capability here.
fn worst(people: &[Person]) -> f64 {
    let mut grids: BTreeMap<_, Vec<u32>> = BTreeMap::new();
    for person in people {
        grids.entry(&person.grid).or_default().push(burden(person.effort));
    }
    let ratio = |burdens: &Vec<u32>| {
        let mean = f64::from(burdens.iter().sum::<u32>()) / burdens.len() as f64;
        f64::from(*burdens.iter().max().unwrap()) / mean.max(1.0)
    };
    grids.values().map(ratio).fold(0.0, f64::max)
}

fn week(town: &Town, way: Way) -> (Tally, Vec<Person>) {
    let mut people = Town::people(FUMIN);
    let mut tally = Tally::default();
    for day in 0..DAYS {
        let mut shelves = arrivals(town, day);
        let mut busy: BTreeMap<VolunteerId, Timestamp> = BTreeMap::new();
        for person in &mut people {
            person.today = Effort::default();
            person.back_at = None;
        }
        let (mut now, mut wave) = (at(DAY, time(7, 0, 0, 0)), 0);
        while now < at(DAY, time(21, 0, 0, 0)) {
            for person in &mut people {
                if let Some(back) = busy.get(&person.id).copied().filter(|back| *back <= now) {
                    busy.remove(&person.id);
                    person.back_at = Some(back);
                }
                person.free = !busy.contains_key(&person.id) && on_shift(person, now);
            }
            let here = |piece: &PieceAtGate| piece.ready_at <= now;
            match way {
                Way::Planned | Way::Unfair => {
                    wave += 1;
                    planned(town, way, now, wave, &mut shelves, &mut people, &mut busy, &mut tally);
                }
                Way::Naive => {
                    naive(town, now, here, &mut shelves, &mut people, &mut busy, &mut tally);
                }
            }
            now += LOOKS_EVERY;
        }
        tally.left += u32::try_from(shelves.len()).unwrap();
        let food = shelves.iter().filter(|piece| piece.category.is_perishable()).count();
        tally.food_left += u32::try_from(food).unwrap();
    }
    (tally, people)
}

/// Two shifts that overlap at noon, and a few who are there all day; they change every day.
fn on_shift(person: &Person, now: Timestamp) -> bool {
    let hour = now.to_zoned(jiff::tz::TimeZone::UTC).hour();
    match person.id.0.as_u128() / 5 % 2 {
        0 => (7..14).contains(&hour),
        _ => (13..21).contains(&hour),
    }
}

/// The pieces of a day.
fn arrivals(town: &Town, day: u64) -> Vec<PieceAtGate> {
    let mut rng = Rng::with_seed(day);
    let piece = |number: u128| {
        let (category, hour) = match rng.u8(0..100) {
            0..=10 => (Category::Meal, 9),
            11..=22 => (Category::Meal, 15),
            23..=55 => (Category::Produce, rng.i8(7..9)),
            56..=97 => (Category::ParcelGoods, rng.i8(8..18)),
            _ => (Category::Medicine, rng.i8(8..18)),
        };
        let came = at(DAY, time(hour, rng.i8(0..60), 0, 0));
        let mut piece = town.piece_of(&mut rng, number, came, category);
        // A piece for two is carried on a trolley here, so that both plans can carry everything.
        piece.load.weight_grams = piece.load.weight_grams.min(15_000);
        piece.size = domain::supply::SizeClass::Bag;
        piece.ready_at = came + READY_AFTER;
        piece
    };
    (0..PIECES).map(piece).collect()
}

#[expect(clippy::too_many_arguments, reason = "the world of a day, told once")]
fn planned(
    town: &Town,
    way: Way,
    now: Timestamp,
    wave: u32,
    shelves: &mut Vec<PieceAtGate>,
    people: &mut [Person],
    busy: &mut BTreeMap<VolunteerId, Timestamp>,
    tally: &mut Tally,
) {
    let pieces = shelves.iter().filter(|piece| piece.ready_at <= now).cloned().collect();
    let mut asked = people.to_vec();
    if way == Way::Unfair {
        for person in &mut asked {
            person.effort = Effort::default();
        }
    }
    let proposal = propose(&town.situation(now, wave, pieces, asked));
    let Some(proposed) = proposal.wave else { return };
    for (run, (_, assignment)) in proposed.runs.iter().zip(&proposal.offers) {
        let stops = run.plan.stops.iter();
        let route: Vec<(&Door, Load)> = stops
            .flat_map(|stop| stop.parcels.iter().map(|id| (&stop.door, load(shelves, *id))))
            .collect();
        let cost = effort::of_doors(&town.community, &town.ways, run.plan.level, route);
        let gone: Vec<_> = run.plan.stops.iter().flat_map(|stop| &stop.parcels).copied().collect();
        let took = seconds(cost, run.plan.stops.len(), gone.len());
        let volunteer = assignment.volunteer;
        leave(town, now, took, cost, volunteer, &gone, shelves, people, busy, tally);
    }
}

fn load(shelves: &[PieceAtGate], id: domain::ids::ParcelId) -> Load {
    shelves.iter().find(|piece| piece.id == id).map_or(Load::default(), |piece| piece.load)
}

#[expect(clippy::too_many_arguments, reason = "the world of a day, told once")]
fn leave(
    town: &Town,
    now: Timestamp,
    took: u32,
    cost: Effort,
    volunteer: VolunteerId,
    gone: &[domain::ids::ParcelId],
    shelves: &mut Vec<PieceAtGate>,
    people: &mut [Person],
    busy: &mut BTreeMap<VolunteerId, Timestamp>,
    tally: &mut Tally,
) {
    let back = later(now, took);
    tally.trips += 1;
    tally.walked_dm += u64::from(cost.walk_dm);
    tally.floors += u64::from(cost.floors);
    for piece in shelves.iter().filter(|piece| gone.contains(&piece.id)) {
        tally.delivered += 1;
        if is_late(town, piece, now, back) {
            tally.late += 1;
        }
    }
    shelves.retain(|piece| !gone.contains(&piece.id));
    busy.insert(volunteer, back);
    if let Some(person) = people.iter_mut().find(|person| person.id == volunteer) {
        person.effort = person.effort.plus(cost);
        person.today = person.today.plus(cost);
        person.free = false;
    }
}

/// Whether a piece comes after the window it belonged to has closed.
fn is_late(town: &Town, piece: &PieceAtGate, _left: Timestamp, back: Timestamp) -> bool {
    let local = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let came = local(piece.arrived_at);
    let windows = town.community.windows.get(&piece.category).map(|policy| &policy.windows);
    let due = windows.into_iter().flatten().find(|window| came.time() <= window.cut_off);
    due.is_some_and(|window| window.closes < local(back).time())
}

/// One building for each volunteer on shift, its pieces in the order in which they came, as many as
/// a cart takes, whenever there is one that may go.
fn naive(
    town: &Town,
    now: Timestamp,
    here: impl Fn(&PieceAtGate) -> bool,
    shelves: &mut Vec<PieceAtGate>,
    people: &mut [Person],
    busy: &mut BTreeMap<VolunteerId, Timestamp>,
    tally: &mut Tally,
) {
    let local = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let buildings: Vec<_> = town.community.buildings.keys().cloned().collect();
    for building in buildings {
        let grid = town.community.grid_of(&building).unwrap().clone();
        // The building's volunteer: the first of the grid's on shift in the order of the buildings.
        let number: usize = building.as_str().parse().unwrap();
        let of_grid: Vec<VolunteerId> = people
            .iter()
            .filter(|person| person.grid == grid && on_shift(person, now))
            .map(|person| person.id)
            .collect();
        let Some(volunteer) = of_grid.get(number % 4).copied() else { continue };
        let Some(person) = people.iter().find(|person| person.id == volunteer) else { continue };
        if busy.contains_key(&volunteer) || !person.is_rested(now) {
            continue;
        }
        let mut load = Load::default();
        let mut taken: Vec<PieceAtGate> = vec![];
        let goes = |piece: &&PieceAtGate| {
            let door = &piece.recipient.as_ref().unwrap().door;
            let policy = town.community.windows.get(&piece.category);
            let slot = windows::slot(policy, piece.category, local(piece.arrived_at), local(now));
            here(piece)
                && door.building == building
                && matches!(slot, Slot::Open { .. } | Slot::AtOnce)
        };
        for piece in shelves.iter().filter(goes) {
            let with_it = load.plus(piece.load);
            let fits = with_it.pieces <= person.carry_limit.pieces
                && with_it.weight_grams <= person.carry_limit.weight_grams;
            if !fits {
                break;
            }
            load = with_it;
            taken.push(piece.clone());
        }
        if taken.is_empty() {
            continue;
        }
        let cost = in_order_of_coming(town, &town.ways, &taken);
        let gone: Vec<_> = taken.iter().map(|piece| piece.id).collect();
        let took = seconds(cost, gone.len(), gone.len());
        leave(town, now, took, cost, volunteer, &gone, shelves, people, busy, tally);
    }
}

/// What it costs to go to doors in the order in which their pieces came: each door is climbed to.
fn in_order_of_coming(town: &Town, ways: &Ways, pieces: &[PieceAtGate]) -> Effort {
    let mut left = pieces.iter().fold(0, |sum, piece| sum + piece.load.weight_grams);
    let stairwells: Vec<_> = pieces
        .iter()
        .map(|piece| {
            let door = &piece.recipient.as_ref().unwrap().door;
            let level = domain::parcel::event::DeliveryLevel::Door;
            let floors = effort::floors_to(&town.community, door, level);
            let climb = effort::climb(floors, left);
            left -= piece.load.weight_grams;
            (Place::Unit(&door.building, &door.unit), climb)
        })
        .collect();
    effort::of_trip(ways, stairwells)
}
