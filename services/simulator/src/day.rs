//! A day's work as people do it: each of them does one thing after another, by chance and by what
//! the engine answered, and each thing is one step of the story.
//!
//! **Nothing here knows the engine**: people see replies, and the world they live in is their own.
//! How long virtual time lasts is the driver's choice.

mod delivering;
mod evening;
mod gate;
mod intake;
mod offline;
mod planning;
mod queue;
mod recalling;
mod resting;
mod sending;
mod world;

use std::collections::BTreeSet;

use domain::community::event::{Restriction, ZoneStateChanged};
use domain::ids::{BuildingId, CommunityId, OrderId, ParcelId, ZoneId};
use domain::order::event::{Channel, OrderLine, OrderPlaced};
use domain::volunteer::event::{Role, VolunteerShiftPlanned};
use jiff::civil::{Date, Time, time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use self::queue::{Action, Queue};
use self::sending::DUPLICATE;
pub(crate) use self::sending::Hand;
pub use self::sending::{Bookings, Mishap, Tally};
pub use self::world::Spot;
use self::world::{Order, Piece, Station, Table, Testing, Trip, Visit};
use crate::arrivals::{self, TableError};
use crate::chance::Chance;
use crate::front::{Command, Facts, Front, ScanKind, Sender};
use crate::people::{People, Size};
use crate::place::Place;
use runtime::community_file::FileError;

/// The people at the gate who scan what comes in.
const GATE_HANDS: usize = 4;
/// The people at the shelves.
const SORTING_HANDS: usize = 4;
/// One order of so many is urgent (assumption).
const URGENT_EVERY: usize = 40;
/// Orders that are placed but never come, in a thousand (assumption).
const NEVER_COMES_PERMILLE: u32 = 30;
/// Of a thousand days so many bring a recall (assumption).
const RECALL_PERMILLE: u32 = 250;

/// What came of a step.
type Done = Result<(), Mishap>;

/// A community could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// Its file.
    #[error("the community's file cannot be used")]
    File(#[from] FileError),
    /// The table of arrivals.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// The days of one community, from one seed.
pub struct Days {
    file: String,
    seed: u64,
    place: Place,
    people: People,
    arrivals: arrivals::Table,
    chance: Chance,
    date: Date,
    now: Timestamp,
    queue: Queue,
    pieces: Vec<Piece>,
    trips: Vec<Trip>,
    tables: Vec<Table>,
    orders: Vec<Order>,
    visits: Vec<Visit>,
    gate: Station,
    sorting: Station,
    testing: Option<Testing>,
    counters: sending::Counters,
    tally: Tally,
}

impl Days {
    /// The people of a community, on the evening before its first day.
    ///
    /// # Errors
    /// [`SetUpError`] when the community's file cannot be used.
    pub fn new(file: &str, seed: u64, size: Size, first: Date) -> Result<Self, SetUpError> {
        let place = Place::read(file)?;
        let people = People::of(&place, size, seed);
        Ok(Self {
            file: file.to_owned(),
            seed,
            arrivals: arrivals::Table::read()?,
            chance: Chance::of(seed, "days"),
            date: first.saturating_sub(1.day()),
            now: place.at(first, time(5, 0, 0, 0)),
            queue: Queue::default(),
            pieces: vec![],
            trips: vec![],
            tables: vec![],
            orders: vec![],
            visits: vec![],
            gate: Station::of(GATE_HANDS),
            sorting: Station::of(SORTING_HANDS),
            testing: None,
            counters: sending::Counters::default(),
            tally: Tally::default(),
            place,
            people,
        })
    }

    /// The community.
    pub fn community(&self) -> &CommunityId {
        &self.place.id
    }

    /// The day that is lived, or was lived last.
    pub fn date(&self) -> Date {
        self.date
    }

    /// The moment of the last step.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What was done so far, counted by those who did it.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Where every piece that was scanned in really is.
    pub fn spots(&self) -> impl Iterator<Item = (ParcelId, Spot)> + '_ {
        self.pieces.iter().filter_map(|piece| Some((piece.parcel?, self.spot_of(piece))))
    }

    /// Makes the community and everybody in it known to the engine.
    ///
    /// # Errors
    /// [`Mishap`] when the engine does not take it.
    pub async fn set_up<F: Front>(&mut self, front: &mut F) -> Done {
        front.wait_until(self.now).await;
        let desk = self.desk();
        let file = self.file.clone();
        front.load(&self.sender(&desk), &file).await?;
        let first = self.date.saturating_add(1.day());
        for command in self.people.commands(first, self.place.trip_limit) {
            self.ask(front, &desk, command, &[]).await?;
        }
        Ok(())
    }

    /// Begins the next day: shifts, orders, vans.
    ///
    /// # Errors
    /// [`Mishap`] when the engine does not take a shift.
    pub async fn begin<F: Front>(&mut self, front: &mut F) -> Done {
        self.date = self.date.saturating_add(1.day());
        self.chance = Chance::of(self.seed, &format!("day {}", self.date));
        self.now = self.place.at(self.date, time(5, 30, 0, 0));
        front.wait_until(self.now).await;
        self.plan_shifts(front).await?;
        self.expect_vans();
        self.think_of_breaks();
        for piece in 0..self.pieces.len() {
            self.wake(piece);
        }
        self.plan_test();
        if self.chance.permille(RECALL_PERMILLE) {
            self.at(time(14, 20, 0, 0), Action::Recall);
        }
        self.at(time(7, 0, 0, 0), Action::Plan);
        self.at(time(21, 0, 0, 0), Action::Evening);
        Ok(())
    }

    /// When the next step of the day happens; `None` when the day is over.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.queue.next_at()
    }

    /// Does the next thing. The driver's time must have come to it.
    ///
    /// # Errors
    /// [`Mishap`]: the engine failed, or answered what nobody in the story can explain.
    pub async fn step<F: Front>(&mut self, front: &mut F) -> Done {
        let Some((at, action)) = self.queue.pop() else { return Ok(()) };
        self.now = at;
        match action {
            Action::Order(order) => self.place_order(front, order).await,
            Action::Announce(piece) => self.announce(front, piece).await,
            Action::Unload { visit, pieces } => {
                self.greet(front, visit).await?;
                self.unload(&pieces);
                Ok(())
            }
            Action::Book { visit, hour, tries } => self.book(front, visit, hour, tries).await,
            Action::Postpone(visit) => self.postpone(front, visit).await,
            Action::CallOff(visit) => self.call_off(front, visit).await,
            Action::LookFor(visit) => self.look_for(front, visit).await,
            Action::SayBreak { courier, from, until } => {
                self.say_break(front, courier, (from, until)).await
            }
            Action::WorkOn(courier) => self.work_on(front, courier).await,
            Action::ScanIn(piece) => self.scan_in(front, piece).await,
            Action::Spray { table, batch } => self.spray(front, table, batch).await,
            Action::Wipe { table, early } => self.wipe(front, table, early).await,
            Action::Sort(piece) => self.sort(front, piece).await,
            Action::Identify(piece) => self.identify(front, piece).await,
            Action::GiveBack(piece) => self.give_back(front, piece).await,
            Action::Plan => self.plan(front).await,
            Action::Answer { trip, courier } => self.answer(front, trip, courier).await,
            Action::Load { trip, index } => self.load(front, trip, index).await,
            Action::Depart(trip) => self.depart(front, trip).await,
            Action::Door { trip, index } => self.door(front, trip, index).await,
            Action::Back(trip) => self.back(front, trip).await,
            Action::Upload { trip, round } => self.upload(front, trip, round).await,
            Action::Finish(trip) => self.finish(front, trip).await,
            Action::Claim(piece) => self.claim(front, piece).await,
            Action::Settle(piece) => self.settle(front, piece).await,
            Action::FoundElsewhere { trip, piece } => {
                self.found_elsewhere(front, trip, piece).await
            }
            Action::Recall => self.recall(front).await,
            Action::LiftRecall(piece) => self.lift_recall(front, piece).await,
            Action::Test(zone) => self.test(front, zone).await,
            Action::Evening => self.evening(front).await,
        }
    }

    fn at(&mut self, time: Time, action: Action) {
        self.queue.push(self.place.at(self.date, time), action);
    }

    fn after(&mut self, wait: SignedDuration, action: Action) {
        self.queue.push(self.now.saturating_add(wait).unwrap_or(self.now), action);
    }

    /// Couriers work in two shifts that overlap at noon; the others all day.
    async fn plan_shifts<F: Front>(&mut self, front: &mut F) -> Done {
        let desk = self.desk();
        let hours = [(7, 14), (13, 21), (7, 21)];
        let offline = self.offline_today();
        let wrong_clock = self.chance.index(self.people.volunteers.len());
        for index in 0..self.people.volunteers.len() {
            let grids = self.people.grids.len().max(1);
            let volunteer = &mut self.people.volunteers[index];
            let (from, until) = match volunteer.role {
                Role::Courier => hours[(index / grids) % hours.len()],
                Role::Sorter
                | Role::Disinfector
                | Role::Shopper
                | Role::Caller
                | Role::Coordinator => (6, 22),
            };
            let from = self.place.at(self.date, time(from, 0, 0, 0));
            let until = self.place.at(self.date, time(until, 30, 0, 0));
            volunteer.shift = (from, until);
            volunteer.rest = None;
            volunteer.offline = offline == Some(index);
            // One phone is hours ahead or behind; nobody has noticed.
            let ahead = if index == wrong_clock { 7_980 } else { 0 };
            volunteer.clock_ahead_seconds = if index % 2 == 0 { ahead } else { -ahead };
            let facts = VolunteerShiftPlanned { from, until };
            let volunteer = volunteer.id;
            self.ask(front, &desk, Command::PlanShift { volunteer, facts }, &[]).await?;
        }
        Ok(())
    }

    fn offline_today(&mut self) -> Option<usize> {
        let couriers: Vec<_> = self.people.of_role(Role::Courier).map(|(index, _)| index).collect();
        self.chance.pick(&couriers).copied()
    }

    /// Draws the day's vans, and the orders behind what they bring.
    fn expect_vans(&mut self) {
        let mut chance = Chance::of(self.seed, &format!("arrivals {}", self.date));
        let mut bookings = Chance::of(self.seed, &format!("bookings {}", self.date));
        for van in self.arrivals.day(&mut chance, &self.people) {
            let visit = self.expect_visit(&mut bookings, &van);
            let mut unloaded = vec![];
            for sent in van.pieces {
                let (index, ordered) = (self.pieces.len(), sent.ordered);
                self.pieces.push(Piece::sent(sent));
                if ordered {
                    self.order_for(&mut chance, index);
                }
                if !ordered || !chance.permille(NEVER_COMES_PERMILLE) {
                    unloaded.push(index);
                }
            }
            if !unloaded.is_empty() {
                self.at(van.at, Action::Unload { visit, pieces: unloaded });
            }
        }
        self.expect_nobody(&mut bookings);
    }

    /// The order behind a piece, placed before any van comes.
    fn order_for(&mut self, chance: &mut Chance, piece: usize) {
        let Some(household) = self.pieces[piece].sent.household else { return };
        let order = self.orders.len();
        let id = OrderId(chance.id());
        self.orders.push(Order { id, household, piece, date: self.date });
        self.pieces[piece].order = Some(order);
        let minute = i8::try_from(chance.between(0, 24)).unwrap_or_default();
        self.at(time(5, 30 + minute, 0, 0), Action::Order(order));
    }

    async fn place_order<F: Front>(&mut self, front: &mut F, order: usize) -> Done {
        let Order { id, household, piece, .. } = self.orders[order].clone();
        let household = &self.people.households[household];
        let phone_only = household.phone_only;
        let line = OrderLine {
            item: "按群接龙".to_owned(),
            category: self.pieces[piece].sent.category,
            quantity: 1,
        };
        let hand = self.desk();
        let facts = OrderPlaced {
            channel: if phone_only { Channel::Phone } else { Channel::Online },
            household: household.id,
            placed_by: hand.actor.clone(),
            lines: vec![line],
            pieces: 1,
            urgent: order % URGENT_EVERY == URGENT_EVERY - 1,
        };
        self.ask(front, &hand, Command::PlaceOrder { order: id, facts }, &[]).await?;
        self.after(SignedDuration::from_mins(2), Action::Announce(piece));
        Ok(())
    }

    /// The shop announces what it packed.
    async fn announce<F: Front>(&mut self, front: &mut F, piece: usize) -> Done {
        let order = self.pieces[piece].order.map(|order| self.orders[order].clone());
        let household = order.as_ref().map(|order| self.people.households[order.household].id);
        let facts = Facts {
            category: Some(self.pieces[piece].sent.category),
            order: order.map(|order| order.id),
            household,
            ..self.waybill_of(piece)
        };
        let desk = self.desk();
        // An early van may have been quicker than the shop.
        self.scan(front, &desk, ScanKind::Expect, facts, &[DUPLICATE]).await.map(|_| ())
    }

    /// On most days one zone is called to the test point around noon.
    fn plan_test(&mut self) {
        self.testing = None;
        let homes: BTreeSet<_> = self.people.households.iter().flat_map(|one| &one.doors).collect();
        let homes: BTreeSet<_> = homes.into_iter().map(|door| &door.building).collect();
        let lived_in =
            |buildings: &BTreeSet<BuildingId>| buildings.iter().any(|b| homes.contains(b));
        let zones = self.place.zones.iter().filter(|(_, buildings)| lived_in(buildings));
        let zones: Vec<_> = zones.map(|(zone, _)| zone.clone()).collect();
        let zone = self.chance.pick(&zones).cloned();
        if let Some(zone) = zone.filter(|_| self.chance.permille(800)) {
            self.at(time(11, 15, 0, 0), Action::Test(zone));
        }
    }

    async fn test<F: Front>(&mut self, front: &mut F, zone: ZoneId) -> Done {
        let from = self.place.at(self.date, time(11, 40, 0, 0));
        let until = self.place.at(self.date, time(12, 50, 0, 0));
        let buildings = self.place.zones.get(&zone).cloned().unwrap_or_default();
        self.testing = Some(Testing { buildings, from, until });
        let restriction = Restriction::Testing;
        let fact = ZoneStateChanged { zone, restriction, from, until: Some(until) };
        let desk = self.desk();
        self.ask(front, &desk, Command::ChangeZone(fact), &[]).await.map(|_| ())
    }

    fn sender(&self, hand: &Hand) -> Sender {
        Sender {
            community: self.place.id.clone(),
            actor: hand.actor.clone(),
            device: hand.device.clone(),
            sent_at: hand.clock(self.now),
        }
    }
}
