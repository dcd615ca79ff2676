//! What the people of a day have before their eyes: pieces, tables, trips, a tape across a road.

use std::collections::BTreeSet;

use domain::address::Door;
use domain::arrival_slots::event::ArrivalParty;
use domain::ids::{
    ArrivalLabel, BuildingId, ContainerId, GridId, OrderId, ParcelId, RunId, SlotId,
};
use domain::parcel::event::RefusalReason;
use domain::supply::Category;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::Days;
use crate::arrivals::Sent;
use crate::front::Scan;

/// Where a piece really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// Outside, or in a van.
    Outside,
    /// At the intake point: on a table, a shelf or the held shelf.
    Gate,
    /// With the courier of a run.
    Run(RunId),
    /// At a building's foot, brought by a run.
    Foot(RunId),
    /// With its household.
    Household,
    /// Back with its carrier.
    Carrier,
    /// Thrown away.
    Bin,
}

/// Where a piece is, as the people of the day think of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lies {
    Outside,
    Table,
    Desk,
    Shelf,
    Cart(usize),
    Foot(usize),
    Home,
    Carrier,
    Bin,
}

/// What is out of the ordinary about a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// It is damaged beyond use.
    Unusable,
    /// It is called back.
    Recalled,
    /// It is not where it should be.
    Missing,
    /// The household does not live behind the door that the label led to.
    WrongDoor,
    /// The last part of its way was the building volunteer's.
    WasAtFoot,
}

/// One piece.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub sent: Sent,
    pub order: Option<usize>,
    pub lies: Lies,
    pub parcel: Option<ParcelId>,
    /// Our own label, once it was printed.
    pub label: Option<String>,
    /// The number that the engine gave to a piece without one.
    pub own_number: Option<String>,
    /// The door that it is for, as far as the engine knows.
    pub door: Option<Door>,
    /// The trip that it is planned for.
    pub trip: Option<usize>,
    pub arrived_at: Timestamp,
    pub attempts: u32,
    marks: BTreeSet<Mark>,
    /// It shall go back to its carrier, for this reason.
    pub give_back: Option<RefusalReason>,
}

impl Piece {
    /// A piece on its way here.
    pub fn sent(sent: Sent) -> Self {
        Self {
            sent,
            order: None,
            lies: Lies::Outside,
            parcel: None,
            label: None,
            own_number: None,
            door: None,
            trip: None,
            arrived_at: Timestamp::MIN,
            attempts: 0,
            marks: BTreeSet::new(),
            give_back: None,
        }
    }

    /// Whether something is out of the ordinary.
    pub fn is(&self, mark: Mark) -> bool {
        self.marks.contains(&mark)
    }

    /// Notes that something is out of the ordinary, or no more.
    pub fn mark(&mut self, mark: Mark, holds: bool) {
        if holds {
            self.marks.insert(mark);
        } else {
            self.marks.remove(&mark);
        }
    }

    /// Whether it lies where the courier of a trip looks for it.
    pub fn can_be_loaded(&self, trip: usize) -> bool {
        self.lies == Lies::Shelf && self.trip == Some(trip)
    }

    /// It is not on that trip any more.
    pub fn leave(&mut self, trip: usize) {
        if self.trip == Some(trip) {
            self.trip = None;
        }
    }

    /// Who had it before its household.
    pub fn before_home(&self, trip: usize) -> Lies {
        if self.is(Mark::WasAtFoot) { Lies::Foot(trip) } else { Lies::Cart(trip) }
    }

    /// Whether a courier may be asked to take it.
    pub fn can_go(&self) -> bool {
        let bad = [Mark::Unusable, Mark::Recalled, Mark::Missing].iter().any(|mark| self.is(*mark));
        let sound = !bad && self.give_back.is_none();
        self.lies == Lies::Shelf && self.trip.is_none() && sound
    }
}

/// Tables of food and tables of goods, because their act times differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableKind {
    Food,
    Goods,
}

impl TableKind {
    pub fn of(category: Category) -> Self {
        match category {
            Category::Meal | Category::Produce | Category::Medicine => Self::Food,
            Category::ParcelGoods | Category::Ration => Self::Goods,
        }
    }
}

/// One table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub kind: TableKind,
    pub container: ContainerId,
    pub pieces: Vec<usize>,
    /// How often it has been filled.
    pub batch: u32,
    pub sprayed: bool,
}

/// How far a trip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Somebody was asked, or will be.
    Asked,
    /// The courier has taken it.
    Accepted,
    /// The courier has begun to load it.
    Loading,
    /// The courier is on the way, or back.
    Departed,
    /// It is over.
    Closed,
}

/// One courier's trip.
#[derive(Debug, Clone)]
pub(super) struct Trip {
    pub run: RunId,
    pub grid: GridId,
    pub courier: Option<usize>,
    /// Volunteers who were asked already.
    pub asked: BTreeSet<usize>,
    /// How far it is.
    pub stage: Stage,
    /// The pieces in the order of the way.
    pub pieces: Vec<usize>,
    pub counted_back: u32,
    /// The building's duty volunteer takes over at its foot.
    pub by_foot: bool,
    /// What the phone keeps until it has a signal.
    pub kept: Vec<Scan>,
}

/// An order of the chat group.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub id: OrderId,
    pub household: usize,
    pub piece: usize,
    pub date: Date,
}

/// A delivery for which an hour at the gate is booked, or shall be.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub slot: SlotId,
    pub date: Date,
    pub party: ArrivalParty,
    pub label: ArrivalLabel,
    pub category: Category,
    pub pieces: u32,
    /// The booked hour, by its place among the hours of the day.
    pub hour: Option<usize>,
    pub stands: Stands,
}

/// How a delivery stands, as the people at the gate think of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    Expected,
    Came,
    DidNotCome,
    CalledOff,
}

/// A zone that is at the test point.
#[derive(Debug, Clone)]
pub(super) struct Testing {
    pub buildings: BTreeSet<BuildingId>,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Some people who each do one thing after another.
#[derive(Debug, Clone)]
pub(super) struct Station {
    free_at: Vec<Timestamp>,
}

impl Station {
    /// So many people.
    pub fn of(hands: usize) -> Self {
        Self { free_at: vec![Timestamp::MIN; hands] }
    }

    /// Gives work that takes `effort` to whoever is free first: when it is done.
    pub fn take(&mut self, now: Timestamp, effort: SignedDuration) -> Timestamp {
        let first = self.free_at.iter_mut().min();
        let Some(free_at) = first else { return now };
        *free_at = now.max(*free_at).saturating_add(effort).unwrap_or(now);
        *free_at
    }
}

impl Days {
    /// Where a piece really is.
    pub(super) fn spot_of(&self, piece: &Piece) -> Spot {
        match piece.lies {
            Lies::Outside => Spot::Outside,
            Lies::Table | Lies::Desk | Lies::Shelf => Spot::Gate,
            Lies::Cart(trip) => Spot::Run(self.trips[trip].run),
            Lies::Foot(trip) => Spot::Foot(self.trips[trip].run),
            Lies::Home => Spot::Household,
            Lies::Carrier => Spot::Carrier,
            Lies::Bin => Spot::Bin,
        }
    }

    /// Whether a building is behind the tape at a moment.
    pub(super) fn is_closed(&self, building: &BuildingId, at: Timestamp) -> bool {
        self.testing.as_ref().is_some_and(|testing| {
            testing.buildings.contains(building) && testing.from <= at && at < testing.until
        })
    }
}
