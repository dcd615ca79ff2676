//! From pieces that may go to trips: stairwells in the order of the shortest way, cut into trips
//! that somebody can carry, and stairwells exchanged between them where that saves way.

use std::collections::BTreeMap;

use domain::address::Door;
use domain::community::CommunityState;
use domain::ids::{BuildingId, UnitId};
use domain::parcel::event::DeliveryLevel;
use domain::run::STOPS_MAX;
use domain::run::event::Stop;
use domain::supply::{Effort, Load};

use crate::effort::{self, Climb};
use crate::exchange;
use crate::matrix::Matrix;
use crate::objective::{TRIP_DM, seconds};
use crate::pace::Steps;
use crate::situation::PieceAtGate;
use crate::tour::{self, Ends};
use crate::ways::{Place, Ways};

/// So many stairwells are few.
const FEW_STAIRWELLS: usize = 40;

/// What one trip may be: the load, and the floors that somebody climbs at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The load.
    pub load: Load,
    /// The floors of the whole trip.
    pub floors: u32,
    /// How long it takes, in seconds.
    pub seconds: u32,
}

/// The pieces of one stairwell that go up together.
#[derive(Debug, Clone)]
pub struct Stairwell<'a> {
    /// The building.
    pub building: &'a BuildingId,
    /// The unit.
    pub unit: &'a UnitId,
    /// Which part of its pieces these are, where one trip cannot take all: the upper ones first.
    pub part: usize,
    /// The pieces, top floor down.
    pub pieces: Vec<(&'a PieceAtGate, &'a Door)>,
    /// What they weigh together.
    pub load: Load,
    /// What it costs to go up.
    pub climb: Climb,
}

/// One trip.
#[derive(Debug, Clone)]
pub struct Trip<'a> {
    /// Its stairwells, in the order of the way.
    pub stairwells: Vec<Stairwell<'a>>,
    /// What it carries.
    pub load: Load,
    /// What it costs.
    pub effort: Effort,
}

impl<'a> Trip<'a> {
    /// A trip to some stairwells in the order of the shortest round.
    pub fn in_order(ways: &Ways, stairwells: Vec<Stairwell<'a>>) -> Self {
        Self::of(ways, in_order(ways, whole(stairwells)))
    }

    fn of(ways: &Ways, stairwells: Vec<Stairwell<'a>>) -> Self {
        let load = stairwells.iter().fold(Load::default(), |sum, one| sum.plus(one.load));
        let places = stairwells.iter().map(|one| (one.place(), one.climb));
        let effort = effort::of_trip(ways, places);
        Self { stairwells, load, effort }
    }

    /// How long it is expected to take, in seconds.
    pub fn seconds(&self) -> u32 {
        let doors = self.doors();
        let pieces = self.stairwells.iter().map(|one| one.pieces.len()).sum();
        seconds(self.effort, doors, pieces)
    }

    /// How many doors it goes to, each of which becomes a stop.
    pub fn doors(&self) -> usize {
        self.stairwells.iter().map(Stairwell::doors).sum()
    }

    /// Takes the stairwells out of it that are so; what is left, if anything, goes on.
    pub fn without(
        self,
        ways: &Ways,
        mut is_out: impl FnMut(&Stairwell<'a>) -> bool,
    ) -> (Option<Self>, Vec<Stairwell<'a>>) {
        let (out, stay): (Vec<_>, Vec<_>) = self.stairwells.into_iter().partition(&mut is_out);
        ((!stay.is_empty()).then(|| Self::of(ways, stay)), out)
    }

    /// Its pieces, in the order of the way.
    pub fn pieces(&self) -> impl Iterator<Item = &'a PieceAtGate> + '_ {
        self.stairwells.iter().flat_map(|one| &one.pieces).map(|(piece, _)| *piece)
    }

    /// Its buildings, in the order of the way; one that is passed twice is told twice.
    pub fn buildings(&self) -> impl Iterator<Item = &'a BuildingId> + '_ {
        self.stairwells.iter().map(|one| one.building)
    }

    /// Its stops: building, unit, top floor down, door.
    pub fn stops(&self) -> Vec<Stop> {
        let mut stops: Vec<Stop> = vec![];
        for (piece, door) in self.stairwells.iter().flat_map(|one| &one.pieces) {
            match stops.last_mut() {
                Some(last) if last.door == **door => last.parcels.push(piece.id),
                Some(_) | None => {
                    stops.push(Stop { door: (*door).clone(), parcels: vec![piece.id] });
                }
            }
        }
        stops
    }
}

impl<'a> Stairwell<'a> {
    /// How many doors it has pieces for.
    fn doors(&self) -> usize {
        self.pieces.chunk_by(|(_, one), (_, next)| one == next).count()
    }

    /// Where its entrance is.
    pub fn place(&self) -> Place<'a> {
        Place::Unit(self.building, self.unit)
    }

    /// How long it takes, in seconds, the way to it apart.
    pub fn seconds(&self) -> u32 {
        let effort = Effort { floors: self.climb.floors, ..Effort::default() };
        seconds(effort, self.doors(), self.pieces.len())
    }
}

/// Parts of a stairwell that go in one trip are one: nobody climbs the same stairs twice.
fn whole(mut stairwells: Vec<Stairwell<'_>>) -> Vec<Stairwell<'_>> {
    stairwells.sort_by_key(|one| (one.building, one.unit, one.part));
    stairwells.dedup_by(|below, above| {
        let is_part = (above.building, above.unit) == (below.building, below.unit);
        if is_part {
            above.pieces.append(&mut below.pieces);
            above.load = above.load.plus(below.load);
            let floors = above.climb.floors.max(below.climb.floors);
            above.climb = effort::climb(floors, above.load.weight_grams);
        }
        is_part
    });
    stairwells
}

/// The trips of some pieces of one grid, and the pieces of which one alone is too much.
///
/// The stairwells are put in the order of one shortest way through all of them, and that order is
/// cut where it costs least (Beasley's route first, cluster second): with the cheapest cut found by
/// dynamic programming, no other cut of the same order is shorter. Then stairwells are exchanged
/// between the trips, for the best trips need not lie on one round ([`exchange`]). No trip goes to
/// more doors than a run may have stops. One that lasts too long is not made, and its pieces are
/// told as too much.
pub fn split<'a>(
    community: &CommunityState,
    ways: &Ways,
    level: DeliveryLevel,
    pieces: &[(&'a PieceAtGate, &'a Door)],
    allowance: Allowance,
) -> (Vec<Trip<'a>>, Vec<&'a PieceAtGate>) {
    let (trips, too_much) = cut_only(community, ways, level, pieces, allowance);
    let stairwells = trips.iter().map(|trip| trip.stairwells.len()).sum();
    let mut pace = exchange::enough(stairwells);
    (exchange::exchanged(ways, trips, allowance, &mut pace), too_much)
}

/// The trips of [`split`] before anything is exchanged between them.
pub fn cut_only<'a>(
    community: &CommunityState,
    ways: &Ways,
    level: DeliveryLevel,
    pieces: &[(&'a PieceAtGate, &'a Door)],
    allowance: Allowance,
) -> (Vec<Trip<'a>>, Vec<&'a PieceAtGate>) {
    let (fitting, too_much): (Vec<_>, Vec<_>) =
        pieces.iter().copied().partition(|(piece, door)| {
            let floors = effort::floors_to(community, door, level);
            piece.load.fits(allowance.load) && floors <= allowance.floors
        });
    let stairwells = stairwells((community, ways), level, &fitting, allowance);
    let ordered = in_order(ways, stairwells);
    let mut too_much: Vec<_> = too_much.into_iter().map(|(piece, _)| piece).collect();
    let (trips, too_long): (Vec<_>, Vec<_>) = cut(ways, ordered, allowance)
        .into_iter()
        .partition(|trip| trip.seconds() <= allowance.seconds);
    too_much.extend(too_long.iter().flat_map(Trip::pieces));
    (trips, too_much)
}

/// The stairwells of some pieces; one with more than a trip carries is told in several parts.
fn stairwells<'a>(
    (community, ways): (&CommunityState, &Ways),
    level: DeliveryLevel,
    pieces: &[(&'a PieceAtGate, &'a Door)],
    allowance: Allowance,
) -> Vec<Stairwell<'a>> {
    type Rung<'a> = (u32, &'a PieceAtGate, &'a Door);
    let mut by_unit: BTreeMap<(&BuildingId, &UnitId), Vec<Rung<'a>>> = BTreeMap::new();
    for (piece, door) in pieces.iter().copied() {
        let floors = floor_of(community, door);
        let unit = by_unit.entry((&door.building, &door.unit)).or_default();
        unit.push((floors, piece, door));
    }
    let mut parts = vec![];
    for ((building, unit), mut rungs) in by_unit {
        // Top floor down, and on a floor door by door.
        rungs.sort_by(|one, other| {
            let ((floor, piece, door), (below, next, beside)) = (one, other);
            below.cmp(floor).then_with(|| door.room.cmp(&beside.room)).then(piece.id.cmp(&next.id))
        });
        let mut part: Vec<(&PieceAtGate, &Door)> = vec![];
        let of_unit = parts.len();
        let mut load = Load::default();
        let walk_dm = ways.distance_dm(Place::Gate, Place::Unit(building, unit)).saturating_mul(2);
        let lasts = |part: &[(&PieceAtGate, &Door)], door: &Door| {
            let highest = part.first().map_or(door, |(_, highest)| highest);
            let floors = effort::floors_to(community, highest, level);
            let effort = Effort { walk_dm, floors, floor_kilograms: 0 };
            let doors = 1 + part.chunk_by(|(_, one), (_, next)| one == next).count();
            seconds(effort, doors, part.len() + 1)
        };
        let mut doors = 0;
        for (_, piece, door) in rungs {
            let with_it = load.plus(piece.load);
            let is_same_door = part.last().is_some_and(|(_, last)| *last == door);
            let is_full = !with_it.fits(allowance.load) || (!is_same_door && doors >= STOPS_MAX);
            if !part.is_empty() && (is_full || lasts(&part, door) > allowance.seconds) {
                let (whose, part) =
                    ((building, unit, parts.len() - of_unit), std::mem::take(&mut part));
                parts.push(stairwell(community, level, whose, part));
                (load, doors) = (Load::default(), 0);
            }
            doors += usize::from(part.last().is_none_or(|(_, last)| *last != door));
            load = load.plus(piece.load);
            part.push((piece, door));
        }
        if !part.is_empty() {
            let whose = (building, unit, parts.len() - of_unit);
            parts.push(stairwell(community, level, whose, part));
        }
    }
    parts
}

/// How high a door lies, lift or not: the order of the doors is top floor down in either case.
fn floor_of(community: &CommunityState, door: &Door) -> u32 {
    let floor = community.floor_of(&door.building, &door.unit, &door.room);
    floor.and_then(|floor| u32::try_from(floor + 100).ok()).unwrap_or(0)
}

fn stairwell<'a>(
    community: &CommunityState,
    level: DeliveryLevel,
    (building, unit, part): (&'a BuildingId, &'a UnitId, usize),
    pieces: Vec<(&'a PieceAtGate, &'a Door)>,
) -> Stairwell<'a> {
    let load = pieces.iter().fold(Load::default(), |sum, (piece, _)| sum.plus(piece.load));
    let floors = pieces.iter().map(|(_, door)| effort::floors_to(community, door, level)).max();
    let climb = effort::climb(floors.unwrap_or(0), load.weight_grams);
    Stairwell { building, unit, part, pieces, load, climb }
}

/// The stairwells in the order of the shortest round from the gate.
fn in_order<'a>(ways: &Ways, stairwells: Vec<Stairwell<'a>>) -> Vec<Stairwell<'a>> {
    if stairwells.len() < 2 {
        return stairwells;
    }
    let place = |index: usize| match index.checked_sub(1) {
        Some(index) => stairwells[index].place(),
        None => Place::Gate,
    };
    let count = stairwells.len() + 1;
    let matrix = Matrix::from_fn(count, |from, to| ways.distance_dm(place(from), place(to)));
    let ends = Ends::Round { start: 0 };
    let tour = tour::order(&matrix, ends, 1, &mut steps(count));
    let mut taken: Vec<Option<Stairwell<'a>>> = stairwells.into_iter().map(Some).collect();
    let order = tour.stops.into_iter().filter_map(|stop| stop.checked_sub(1));
    order.filter_map(|index| taken.get_mut(index)?.take()).collect()
}

/// The few stairwells of a grid are in order long before a search that is made for a hundred stops
/// would end: a city plans many of them.
fn steps(count: usize) -> Steps {
    let steps = 40 * u64::try_from(count).unwrap_or(u64::MAX / 40);
    if count <= FEW_STAIRWELLS { Steps(steps) } else { tour::enough(count) }
}

/// Cuts an order of stairwells where it costs least.
fn cut<'a>(ways: &Ways, ordered: Vec<Stairwell<'a>>, allowance: Allowance) -> Vec<Trip<'a>> {
    let count = ordered.len();
    // The least that the first `index` stairwells cost, and where their last trip begins.
    let mut best: Vec<(u64, usize)> = vec![(0, 0)];
    for end in 1..=count {
        let mut found = (u64::MAX, end - 1);
        let (mut load, mut effort, mut inner) = (Load::default(), Effort::default(), 0_u64);
        let (mut doors, mut pieces) = (0, 0);
        for begin in (0..end).rev() {
            let here = &ordered[begin];
            load = load.plus(here.load);
            effort.floors = effort.floors.saturating_add(here.climb.floors);
            doors += here.doors();
            pieces += here.pieces.len();
            if let Some(next) = ordered[..end].get(begin + 1) {
                inner += u64::from(ways.distance_dm(here.place(), next.place()));
            }
            // A single stairwell always goes: it was cut to the load, and its floors are checked.
            let alone = begin + 1 == end;
            let is_too_much = !load.fits(allowance.load) || doors > STOPS_MAX;
            if !alone && (is_too_much || effort.floors > allowance.floors) {
                break;
            }
            let there = u64::from(ways.distance_dm(Place::Gate, here.place()));
            let back = u64::from(ways.distance_dm(ordered[end - 1].place(), Place::Gate));
            effort.walk_dm = u32::try_from(there + inner + back).unwrap_or(u32::MAX);
            if !alone && seconds(effort, doors, pieces) > allowance.seconds {
                continue;
            }
            let total = best[begin].0.saturating_add(there + inner + back + TRIP_DM);
            if total < found.0 {
                found = (total, begin);
            }
        }
        best.push(found);
    }
    let mut cuts = vec![];
    let mut end = count;
    while end > 0 {
        cuts.push(best[end].1);
        end = best[end].1;
    }
    let mut rest = ordered;
    let mut trips: Vec<Trip<'a>> = vec![];
    for begin in cuts {
        let tail = rest.split_off(begin);
        trips.push(Trip::in_order(ways, tail));
    }
    trips.reverse();
    trips
}
