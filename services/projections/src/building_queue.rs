//! What is on its way to a building, how far is it, and what waits longest?

use std::collections::BTreeMap;

use domain::address::Door;
use domain::ids::{BuildingId, GridId, ParcelId, UnitId};
use domain::parcel::Phase;
use domain::supply::{Category, Cold, SizeClass};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{BuildingNumber, Facts, Moved, Piece, Spot, Standing};
use crate::window::{self, NextWindow};

/// How many days of hand-offs are counted: today's, and yesterday's around midnight.
const DAYS_COUNTED_MAX: usize = 3;

/// Pieces by where they are. Every piece is in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct QueueFigures {
    /// Announced and not here yet.
    pub expected: u32,
    /// At the gate, waiting for disinfection.
    pub at_gate: u32,
    /// Being disinfected.
    pub disinfecting: u32,
    /// Clean, waiting to be sorted.
    pub to_sort: u32,
    /// On the shelf, ready for a run.
    pub on_shelf: u32,
    /// With a courier.
    pub loaded: u32,
    /// At the building's foot.
    pub at_foot: u32,
    /// With a courier, after a failed attempt.
    pub failed: u32,
    /// Apart, because nobody knows yet for whom they are.
    pub held: u32,
    /// Not where they should be.
    pub missing: u32,
    /// Handed off today.
    pub handed_off_today: u32,
}

impl QueueFigures {
    /// The pieces that came in and whose way has not ended.
    pub fn waiting(&self) -> u32 {
        self.at_gate
            + self.disinfecting
            + self.to_sort
            + self.on_shelf
            + self.loaded
            + self.at_foot
            + self.failed
            + self.held
            + self.missing
    }

    pub(crate) fn add(&mut self, spots: &[u32; Spot::COUNT], handed_off_today: u32) {
        let of = |spot: Spot| spots[spot.index()];
        self.expected += of(Spot::Expected);
        self.at_gate += of(Spot::AtGate);
        self.disinfecting += of(Spot::Disinfecting);
        self.to_sort += of(Spot::ToSort);
        self.on_shelf += of(Spot::OnShelf);
        self.loaded += of(Spot::Loaded);
        self.at_foot += of(Spot::AtFoot);
        self.failed += of(Spot::Failed);
        self.held += of(Spot::Held);
        self.missing += of(Spot::Missing);
        self.handed_off_today += handed_off_today;
    }
}

/// The piece that waits longest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OldestPiece {
    /// The piece.
    pub parcel: ParcelId,
    /// What is inside.
    pub category: Category,
    /// Where it is.
    pub spot: Spot,
    /// When it came in.
    pub arrived_at: Timestamp,
    /// How long it has been here, in seconds.
    pub age_seconds: i64,
}

/// The pieces that the agent acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Disinfection {
    /// How many.
    pub pieces: u32,
    /// Seconds until the first of them may leave; 0 when it may.
    pub first_seconds_left: i64,
    /// Seconds until all of them may leave; 0 when they may.
    pub all_seconds_left: i64,
}

/// The queue of one building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildingQueue {
    /// The building; `null` for pieces of which nobody knows yet for whom they are.
    pub building: Option<BuildingId>,
    /// The grid that it belongs to now.
    pub grid: Option<GridId>,
    /// The moment that the countdowns and ages are of.
    pub at: Timestamp,
    /// Of all pieces.
    pub total: QueueFigures,
    /// By category; one without pieces is absent.
    pub by_category: BTreeMap<Category, QueueFigures>,
    /// The pieces that the agent acts on; `null` when there are none.
    pub disinfection: Option<Disinfection>,
    /// The piece that waits longest.
    pub oldest: Option<OldestPiece>,
    /// The next window of every category that has windows.
    pub windows: Vec<NextWindow>,
}

/// A unit of a building, with its pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitQueue {
    /// The unit.
    pub unit: UnitId,
    /// Pieces whose way has not ended.
    pub pieces: u32,
    /// Its doors that wait for something, in order.
    pub doors: Vec<DoorQueue>,
}

/// A door, with its pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoorQueue {
    /// The door.
    pub door: Door,
    /// Its pieces whose way has not ended, the longest here first.
    pub pieces: Vec<QueuedPiece>,
}

/// A piece on its way to a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueuedPiece {
    /// The piece.
    pub parcel: ParcelId,
    /// What is inside.
    pub category: Category,
    /// How big it is; `null` before it came.
    pub size: Option<SizeClass>,
    /// How cold it must be kept; `null` before it came.
    pub cold: Option<Cold>,
    /// Where it is.
    pub spot: Spot,
    /// When it came in; `null` when it was only announced.
    pub arrived_at: Option<Timestamp>,
    /// Since when it is where it is.
    pub in_spot_since: Timestamp,
    /// Seconds until the agent has acted long enough; `null` when none acts.
    pub disinfection_seconds_left: Option<i64>,
    /// When the window closes in which it goes; `null` where its category has none.
    pub due_at: Option<Timestamp>,
}

/// The queues of every building: counts that move with the pieces.
#[derive(Debug, Default)]
pub struct BuildingQueues {
    tallies: Vec<Tally>,
}

/// The pieces of one building, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    spots: [[u32; Spot::COUNT]; Category::ALL.len()],
    pub exceptions: u32,
    handed_off: BTreeMap<Date, [u32; Category::ALL.len()]>,
}

impl Tally {
    /// Of all categories.
    pub fn total(&self, today: Date) -> QueueFigures {
        let mut figures = QueueFigures::default();
        for category in Category::ALL {
            figures.add(&self.spots[slot(category)], self.handed_off_on(today, category));
        }
        figures
    }

    /// Of one category.
    pub fn of(&self, category: Category, today: Date) -> QueueFigures {
        let mut figures = QueueFigures::default();
        figures.add(&self.spots[slot(category)], self.handed_off_on(today, category));
        figures
    }

    fn handed_off_on(&self, today: Date, category: Category) -> u32 {
        self.handed_off.get(&today).map_or(0, |by_category| by_category[slot(category)])
    }

    fn take(&mut self, standing: &Standing) {
        let count = &mut self.spots[slot(standing.category)][standing.spot.index()];
        *count = count.saturating_sub(1);
        self.exceptions = self.exceptions.saturating_sub(u32::from(standing.exception));
        if let Some(day) = standing.handed_off_on
            && let Some(by_category) = self.handed_off.get_mut(&day)
        {
            let count = &mut by_category[slot(standing.category)];
            *count = count.saturating_sub(1);
        }
    }

    fn put(&mut self, standing: &Standing) {
        self.spots[slot(standing.category)][standing.spot.index()] += 1;
        self.exceptions += u32::from(standing.exception);
        if let Some(day) = standing.handed_off_on {
            self.handed_off.entry(day).or_default()[slot(standing.category)] += 1;
            while self.handed_off.len() > DAYS_COUNTED_MAX {
                self.handed_off.pop_first();
            }
        }
    }
}

fn slot(category: Category) -> usize {
    match category {
        Category::Meal => 0,
        Category::Produce => 1,
        Category::ParcelGoods => 2,
        Category::Medicine => 3,
        Category::Ration => 4,
    }
}

impl BuildingQueues {
    /// Counts the pieces of a snapshot.
    pub fn of(facts: &Facts) -> Self {
        let mut queues = Self::default();
        for (parcel, piece) in facts.pieces() {
            let after = Some(piece.standing(facts.zone()));
            queues.apply(&Moved { parcel, before: None, after });
        }
        queues
    }

    /// Lets a piece move from one count to another.
    pub(crate) fn apply(&mut self, moved: &Moved) {
        if moved.before == moved.after {
            return;
        }
        if let Some(before) = &moved.before {
            self.tally_mut(before.building).take(before);
        }
        if let Some(after) = &moved.after {
            self.tally_mut(after.building).put(after);
        }
    }

    /// The counts of a building.
    pub(crate) fn tally(&self, building: BuildingNumber) -> Option<&Tally> {
        self.tallies.get(building.index())
    }

    /// The queue of a building, or of the pieces of which nobody knows the building; `None` for a
    /// building that there is not.
    pub fn queue(
        &self,
        facts: &Facts,
        building: Option<&BuildingId>,
        now: Timestamp,
    ) -> Option<BuildingQueue> {
        let number = match building {
            Some(building) => facts.buildings().number(building)?,
            None => BuildingNumber::NONE,
        };
        Some(self.queue_of(facts, number, now))
    }

    /// The queue of every building, in their order, that of unknown buildings last.
    pub fn all(&self, facts: &Facts, now: Timestamp) -> Vec<BuildingQueue> {
        let numbers = facts.buildings().numbers();
        let mut all: Vec<_> = numbers.map(|(n, _)| self.queue_of(facts, n, now)).collect();
        let key = |queue: &BuildingQueue| match &queue.building {
            Some(building) => (0, natural(building.as_str())),
            None => (1, natural("")),
        };
        all.sort_by_cached_key(key);
        all
    }

    fn queue_of(&self, facts: &Facts, number: BuildingNumber, now: Timestamp) -> BuildingQueue {
        let today = now.to_zoned(facts.zone().clone()).date();
        let building = facts.buildings().id(number);
        let tally = self.tally(number).cloned().unwrap_or_default();
        let by_category = Category::ALL.into_iter().map(|c| (c, tally.of(c, today)));
        let by_category = by_category.filter(|(_, figures)| *figures != QueueFigures::default());
        let total = tally.total(today);
        let disinfection =
            if total.disinfecting > 0 { disinfection(facts, number, now) } else { None };
        BuildingQueue {
            building: building.cloned(),
            grid: building.and_then(|building| facts.grid_of(building)).cloned(),
            at: now,
            total,
            by_category: by_category.collect(),
            disinfection,
            oldest: oldest(facts, number, now),
            windows: next_windows(facts, now),
        }
    }

    /// The units and doors of a building that wait for something.
    pub fn units(facts: &Facts, building: &BuildingId, now: Timestamp) -> Option<Vec<UnitQueue>> {
        let number = facts.buildings().number(building)?;
        let mut doors: BTreeMap<(UnitId, Door), Vec<QueuedPiece>> = BTreeMap::new();
        for id in facts.buildings().open(number) {
            if let Some(piece) = facts.piece(id)
                && let Some(door) = piece.door()
            {
                let pieces = doors.entry((door.unit.clone(), door.clone())).or_default();
                pieces.push(queued(id, piece, now));
            }
        }
        let mut units: Vec<UnitQueue> = vec![];
        for ((unit, door), pieces) in doors {
            let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
            let door = DoorQueue { door, pieces };
            match units.last_mut().filter(|last| last.unit == unit) {
                Some(last) => {
                    last.pieces += count;
                    last.doors.push(door);
                }
                None => units.push(UnitQueue { unit, pieces: count, doors: vec![door] }),
            }
        }
        for unit in &mut units {
            unit.doors.sort_by_cached_key(|door| natural(door.door.room.as_str()));
        }
        units.sort_by_cached_key(|unit| natural(unit.unit.as_str()));
        Some(units)
    }

    fn tally_mut(&mut self, building: BuildingNumber) -> &mut Tally {
        if self.tallies.len() <= building.index() {
            self.tallies.resize_with(building.index() + 1, Tally::default);
        }
        &mut self.tallies[building.index()]
    }
}

/// A piece as a queue shows it.
pub(crate) fn queued(parcel: ParcelId, piece: &Piece, now: Timestamp) -> QueuedPiece {
    let contents = piece.state.contents.as_ref().filter(|_| piece.arrived_at.is_some());
    QueuedPiece {
        parcel,
        category: piece.category(),
        size: contents.map(|contents| contents.size),
        cold: contents.map(|contents| contents.cold),
        spot: piece.spot(),
        arrived_at: piece.arrived_at,
        in_spot_since: piece.in_spot_since,
        disinfection_seconds_left: seconds_left(piece, now),
        due_at: piece.due.map(|due| due.closes_at),
    }
}

/// The next window of every category that has windows.
pub(crate) fn next_windows(facts: &Facts, now: Timestamp) -> Vec<NextWindow> {
    let policies = facts.community().windows.iter();
    let next = policies
        .filter_map(|(category, policy)| window::next_window(*category, policy, facts.zone(), now));
    next.collect()
}

/// The piece of a building that came in first of those whose way has not ended.
pub(crate) fn oldest(facts: &Facts, number: BuildingNumber, now: Timestamp) -> Option<OldestPiece> {
    let mut open = facts.buildings().open(number).filter_map(|id| Some((id, facts.piece(id)?)));
    open.find_map(|(parcel, piece)| {
        let arrived_at = piece.arrived_at?;
        Some(OldestPiece {
            parcel,
            category: piece.category(),
            spot: piece.spot(),
            arrived_at,
            age_seconds: now.duration_since(arrived_at).as_secs().max(0),
        })
    })
}

fn disinfection(facts: &Facts, number: BuildingNumber, now: Timestamp) -> Option<Disinfection> {
    let open = facts.buildings().open(number).filter_map(|id| facts.piece(id));
    let acting = open.filter(|piece| piece.spot() == Spot::Disinfecting);
    let left = acting.filter_map(|piece| seconds_left(piece, now));
    left.fold(None, |so_far: Option<Disinfection>, left| {
        let so_far = so_far.unwrap_or(Disinfection {
            pieces: 0,
            first_seconds_left: left,
            all_seconds_left: left,
        });
        Some(Disinfection {
            pieces: so_far.pieces + 1,
            first_seconds_left: so_far.first_seconds_left.min(left),
            all_seconds_left: so_far.all_seconds_left.max(left),
        })
    })
}

fn seconds_left(piece: &Piece, now: Timestamp) -> Option<i64> {
    match piece.state.phase {
        Phase::Disinfecting { until } => Some(until.duration_since(now).as_secs().max(0)),
        Phase::Unknown
        | Phase::Expected
        | Phase::Arrived
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. }
        | Phase::HandedOff
        | Phase::Refused
        | Phase::Disposed => None,
    }
}

/// Sorts `2` before `10`, as people do.
pub(crate) fn natural(text: &str) -> (u64, String) {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(u64::MAX), text.to_owned())
}
