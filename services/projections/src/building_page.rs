//! What comes to one building next, to which doors, and who brings it; who got nothing; and whom
//! should its volunteer call?

use std::collections::{BTreeMap, BTreeSet};

use domain::address::Door;
use domain::community::event::GridColour;
use domain::household::event::HouseholdStatus;
use domain::ids::{BuildingId, GridId, ParcelId, RunId, VolunteerId};
use domain::run::Phase;
use domain::supply::{Category, Cold, SizeClass};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::building_queue::{self, BuildingQueues, QueueFigures, natural};
use crate::coverage::{Coverage, Uncovered};
use crate::facts::{Facts, KnownRun, Piece, Spot};
use crate::run_sheet::{self, RunPhase};
use crate::window::{NextWindow, WindowOnDay};

/// A piece that comes to a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComingPiece {
    /// The piece.
    pub parcel: ParcelId,
    /// What is inside.
    pub category: Category,
    /// How big it is; `null` before it came.
    pub size: Option<SizeClass>,
    /// How cold it must be kept; `null` before it came.
    pub cold: Option<Cold>,
    /// Whether it is handed over in person.
    pub on_behalf: bool,
    /// Where it is.
    pub spot: Spot,
    /// The window in which it goes; `null` where its category has none.
    pub window: Option<WindowOnDay>,
}

/// A door to which something comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComingDoor {
    /// The door.
    pub door: Door,
    /// Its floor; `null` where the layout does not tell.
    pub floor: Option<i16>,
    /// Its pieces.
    pub pieces: Vec<ComingPiece>,
}

/// A trip that brings something to the building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComingTrip {
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub phase: RunPhase,
    /// The community's day.
    pub day: Option<Date>,
    /// When the courier may start, in local time.
    pub opens: Option<Time>,
    /// When every door must have its pieces, in local time.
    pub closes: Option<Time>,
    /// Which wave of the day it is of, counted from 1; `null` when a person planned it.
    pub wave: Option<u32>,
    /// Who makes it, or was asked to; never a name.
    pub courier: Option<VolunteerId>,
    /// Pieces for this building that are still to come.
    pub pieces: u32,
    /// The building's doors that wait for it: unit by unit, the top floor first.
    pub doors: Vec<ComingDoor>,
}

/// Why a household should be called.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CallReason {
    /// Something comes today, and it can only be told by an ordinary call.
    SomethingComes,
    /// Nobody has reached it for days.
    NotReached,
    /// It may not leave its rooms.
    Isolated,
}

/// A household to call. Calls go through the desk: a number is not here, and no need either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// Its first door in this building.
    pub door: Door,
    /// Why, at least one.
    pub reasons: Vec<CallReason>,
}

/// A door where nothing was left and nobody was heard of for days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuietDoor {
    /// The door.
    pub door: Door,
    /// When something was last handed off to the household.
    pub delivered_at: Option<Timestamp>,
    /// Whole days since anybody had to do with it; 0 where nobody ever had.
    pub days: i64,
    /// Whether anybody ever had to do with it.
    pub ever_reached: bool,
}

/// One page for a building's volunteer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildingPage {
    /// The building.
    pub building: BuildingId,
    /// Its grid.
    pub grid: Option<GridId>,
    /// The grid's colour; never shown without its name.
    pub colour: Option<GridColour>,
    /// The moment that it is of.
    pub at: Timestamp,
    /// Its pieces by where they are.
    pub figures: QueueFigures,
    /// The trips that bring something, the next one first.
    pub trips: Vec<ComingTrip>,
    /// Doors with pieces that are in no trip yet: unit by unit, the top floor first.
    pub unplanned: Vec<ComingDoor>,
    /// The next window of every category that has windows.
    pub windows: Vec<NextWindow>,
    /// For how many days nobody was reached who is told of below.
    pub days: u16,
    /// The doors that nobody has reached for so many days, the longest first.
    pub quiet: Vec<QuietDoor>,
    /// The households to call.
    pub calls: Vec<Call>,
}

/// The page of a building; `None` for one that there is not.
pub fn building_page(
    facts: &Facts,
    queues: &BuildingQueues,
    coverage: &Coverage,
    building: &BuildingId,
    days: u16,
    now: Timestamp,
) -> Option<BuildingPage> {
    let figures = queues.queue(facts, Some(building), now)?.total;
    let grid = facts.grid_of(building);
    let trips = trips(facts, building);
    let planned: BTreeSet<ParcelId> = pieces_of(trips.iter().flat_map(|trip| &trip.doors));
    let number = facts.buildings().number(building)?;
    let open = facts.buildings().open(number);
    let left = open.filter(|id| !planned.contains(id)).filter_map(|id| {
        let piece = facts.piece(id)?;
        Some((piece.door()?.clone(), id))
    });
    let unplanned = doors(facts, left);
    let report = coverage.report(facts, days, now);
    let here = |door: &&Door| door.building == *building;
    let of_building = report.uncovered.iter().filter_map(|uncovered| {
        let door = uncovered.doors.iter().find(here)?;
        Some((door.clone(), uncovered))
    });
    let quiet: Vec<_> = of_building.collect();
    let coming: BTreeSet<&Door> =
        trips.iter().flat_map(|trip| &trip.doors).map(|coming| &coming.door).collect();
    Some(BuildingPage {
        building: building.clone(),
        grid: grid.cloned(),
        colour: grid.and_then(|grid| facts.community().grids.get(grid)).copied(),
        at: now,
        figures,
        calls: calls(facts, building, &coming, &quiet),
        trips,
        unplanned,
        windows: building_queue::next_windows(facts, now),
        days: report.days,
        quiet: quiet.into_iter().map(|(door, uncovered)| quiet_door(door, uncovered)).collect(),
    })
}

fn pieces_of<'a>(doors: impl Iterator<Item = &'a ComingDoor>) -> BTreeSet<ParcelId> {
    doors.flat_map(|door| door.pieces.iter().map(|piece| piece.parcel)).collect()
}

fn trips(facts: &Facts, building: &BuildingId) -> Vec<ComingTrip> {
    let live = |run: &KnownRun| match run.state.phase {
        Phase::Planned | Phase::Offered | Phase::Accepted | Phase::Departed => true,
        Phase::Unknown | Phase::Closed | Phase::Cancelled => false,
    };
    let mut trips: Vec<_> = facts
        .runs()
        .filter(|(_, run)| live(run))
        .filter_map(|(id, run)| trip(facts, building, id, run))
        .collect();
    trips.sort_by_key(|trip| {
        (trip.phase != RunPhase::Departed, trip.day, trip.opens, trip.closes, trip.wave, trip.run)
    });
    trips
}

fn trip(facts: &Facts, building: &BuildingId, id: RunId, run: &KnownRun) -> Option<ComingTrip> {
    let stops = run.state.stops.iter().filter(|stop| stop.door.building == *building);
    let pieces = stops.flat_map(|stop| stop.parcels.iter().map(|id| (stop.door.clone(), *id)));
    let doors = doors(facts, pieces);
    let count = doors.iter().map(|door| door.pieces.len()).sum::<usize>();
    let plan = run.state.plan.as_ref();
    (count > 0).then(|| ComingTrip {
        run: id,
        phase: run_sheet::phase(run.state.phase),
        day: plan.map(|plan| plan.day),
        opens: plan.map(|plan| plan.opens),
        closes: plan.map(|plan| plan.closes),
        wave: plan.and_then(|plan| plan.wave).map(|wave| wave.number),
        courier: run.state.courier.or(run.state.offered_to),
        pieces: u32::try_from(count).unwrap_or(u32::MAX),
        doors,
    })
}

/// The doors of pieces that are expected there: unit by unit, the top floor first.
fn doors(facts: &Facts, pieces: impl Iterator<Item = (Door, ParcelId)>) -> Vec<ComingDoor> {
    let mut by_door: BTreeMap<Door, Vec<ComingPiece>> = BTreeMap::new();
    for (door, id) in pieces {
        if let Some(piece) = facts.piece(id).filter(|piece| is_coming(piece)) {
            by_door.entry(door).or_default().push(coming(id, piece));
        }
    }
    let floor = |door: &Door| facts.community().floor_of(&door.building, &door.unit, &door.room);
    let mut doors: Vec<_> = by_door
        .into_iter()
        .map(|(door, pieces)| ComingDoor { floor: floor(&door), door, pieces })
        .collect();
    doors.sort_by_cached_key(|coming| {
        let Door { unit, room, .. } = &coming.door;
        let (unit, room) = (natural(unit.as_str()), natural(room.as_str()));
        (unit, std::cmp::Reverse(coming.floor), room)
    });
    doors
}

/// Whether nothing keeps a piece from its door: nobody is promised what an attempt failed for, what
/// is missing, held, recalled or spoilt.
fn is_coming(piece: &Piece) -> bool {
    let on_its_way = match piece.spot() {
        Spot::Expected
        | Spot::AtGate
        | Spot::Disinfecting
        | Spot::ToSort
        | Spot::OnShelf
        | Spot::Loaded
        | Spot::AtFoot => true,
        Spot::Failed
        | Spot::Held
        | Spot::Missing
        | Spot::HandedOff
        | Spot::GivenBack
        | Spot::Disposed => false,
    };
    on_its_way && !piece.state.is_recalled() && piece.state.damaged != Some(false)
}

fn coming(id: ParcelId, piece: &Piece) -> ComingPiece {
    let contents = piece.state.contents.as_ref().filter(|_| piece.arrived_at.is_some());
    ComingPiece {
        parcel: id,
        category: piece.category(),
        size: contents.map(|contents| contents.size),
        cold: contents.map(|contents| contents.cold),
        on_behalf: piece.state.on_behalf,
        spot: piece.spot(),
        window: piece.due,
    }
}

fn calls(
    facts: &Facts,
    building: &BuildingId,
    coming: &BTreeSet<&Door>,
    quiet: &[(Door, &Uncovered)],
) -> Vec<Call> {
    let quiet: BTreeSet<_> = quiet.iter().map(|(_, uncovered)| uncovered.household).collect();
    let mut calls = vec![];
    for (id, household) in facts.households().filter(|(_, household)| !household.erased) {
        let Some(door) = household.doors.iter().find(|door| door.building == *building) else {
            continue;
        };
        let isolated = household.status.as_ref().is_some_and(|set| match set.status {
            HouseholdStatus::Isolated => true,
            HouseholdStatus::Living | HouseholdStatus::Vacant | HouseholdStatus::Away => false,
        });
        let comes = household.phone_only && household.doors.iter().any(|at| coming.contains(at));
        let reasons: Vec<_> = [
            (comes, CallReason::SomethingComes),
            (quiet.contains(&id), CallReason::NotReached),
            (isolated, CallReason::Isolated),
        ]
        .into_iter()
        .filter_map(|(holds, reason)| holds.then_some(reason))
        .collect();
        if !reasons.is_empty() {
            calls.push(Call { door: door.clone(), reasons });
        }
    }
    calls.sort_by_cached_key(|call| {
        (natural(call.door.unit.as_str()), natural(call.door.room.as_str()), call.reasons.clone())
    });
    calls
}

fn quiet_door(door: Door, uncovered: &Uncovered) -> QuietDoor {
    QuietDoor {
        door,
        delivered_at: uncovered.delivered_at,
        days: uncovered.days,
        ever_reached: uncovered.delivered_at.max(uncovered.contacted_at).is_some(),
    }
}
