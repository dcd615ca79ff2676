//! The coordinator's runs: one grid, one window, up to the limit, buildings in their order, top
//! floor down. Plain on purpose: the real planner is another crate's work.

use std::collections::BTreeSet;

use domain::address::Door;
use domain::ids::{GridId, RunId};
use domain::parcel::event::DeliveryLevel;
use domain::run::event::{RunCancelReason, RunPlanned, Stop};
use domain::supply::{Category, Load};
use domain::volunteer::event::Role;
use jiff::civil::time;
use jiff::{SignedDuration, Timestamp};

use super::queue::Action;
use super::world::{Lies, Piece, Trip};
use super::{Days, Done};
use crate::front::{Command, Front};

/// How often the coordinator looks at the shelves.
const LOOKS_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// The most runs of one grid that are planned at one look: the cart park has no more room.
const RUNS_AT_ONCE: usize = 4;
/// So many pieces are worth a trip at once.
const WORTH_A_TRIP: usize = 10;
/// So long a piece waits for others at most.
const WAITS_AT_MOST: SignedDuration = SignedDuration::from_mins(20);
/// A shift must last so long to be worth an offer.
const TRIP_TAKES: SignedDuration = SignedDuration::from_mins(50);
/// After so many failed attempts a piece waits for tomorrow.
const ATTEMPTS_A_DAY: u32 = 2;
/// Of a thousand offers so many go to somebody who cannot have it, by mistake (assumption).
const WRONG_OFFER_PERMILLE: u32 = 60;

impl Days {
    /// Looks at the shelves, grid by grid.
    pub(super) async fn plan<F: Front>(&mut self, front: &mut F) -> Done {
        if self.place.local(self.now) < time(20, 0, 0, 0) {
            self.after(LOOKS_EVERY, Action::Plan);
        }
        for grid in self.people.grids.clone() {
            for _ in 0..RUNS_AT_ONCE {
                let pieces = self.for_a_trip(&grid);
                if pieces.is_empty() || self.free_courier(&grid, &BTreeSet::new()).is_none() {
                    break;
                }
                self.plan_run(front, &grid, pieces).await?;
            }
        }
        Ok(())
    }

    /// The pieces that the next courier of a grid should take, in the order of the way; none when a
    /// trip is not worth while yet.
    fn for_a_trip(&self, grid: &GridId) -> Vec<usize> {
        let mut ready: Vec<usize> = (0..self.pieces.len())
            .filter(|piece| self.is_ready(*piece) && self.grid_of(*piece).as_ref() == Some(grid))
            .collect();
        ready.sort_by_key(|piece| {
            let here = &self.pieces[*piece];
            (urgency(here.sent.category), here.door.as_ref().map(|door| self.place.way(door)))
        });
        let mut load = Load::default();
        ready.retain(|piece| {
            let with_it = load.plus(self.pieces[*piece].load());
            let fits = with_it.fits(self.place.trip_limit);
            if fits {
                load = with_it;
            }
            fits
        });
        let urgent = |piece: &usize| {
            let here = &self.pieces[*piece];
            let waited = self.now.duration_since(here.on_shelf_since);
            here.sent.category != Category::ParcelGoods || waited >= WAITS_AT_MOST
        };
        if ready.len() < WORTH_A_TRIP && !ready.iter().any(urgent) {
            return vec![];
        }
        ready.sort_by_key(|piece| {
            self.pieces[*piece].door.as_ref().map(|door| self.place.way(door))
        });
        ready
    }

    fn is_ready(&self, piece: usize) -> bool {
        let here = &self.pieces[piece];
        let Some(door) = here.door.as_ref().filter(|_| here.can_go(self.now)) else { return false };
        let tries_left = here.attempts < ATTEMPTS_A_DAY;
        let admitted = !self.is_closed(&door.building, self.now);
        tries_left && admitted && self.goes_now(here)
    }

    /// Whether a piece's category is carried now: in its window, at once while the gate is quiet,
    /// or because it would spoil otherwise.
    fn goes_now(&self, piece: &Piece) -> bool {
        let category = piece.sent.category;
        let now = self.place.local(self.now);
        let late = self.place.window_for(category, self.place.local(piece.arrived_at)).is_none();
        let quiet = self.place.immediate.get(&category).is_some_and(|at_most| {
            let waiting = self
                .pieces
                .iter()
                .filter(|piece| matches!(piece.lies, Lies::Table | Lies::Desk | Lies::Shelf));
            u32::try_from(waiting.count()).is_ok_and(|waiting| waiting <= *at_most)
        });
        self.place.is_open(category, now)
            || quiet
            || (category.is_perishable() && late)
            || (category.is_perishable() && piece.attempts > 0)
    }

    async fn plan_run<F: Front>(
        &mut self,
        front: &mut F,
        grid: &GridId,
        pieces: Vec<usize>,
    ) -> Done {
        let run = RunId(self.chance.id());
        let opens = self.place.local(self.now);
        let closes = opens.saturating_add(SignedDuration::from_mins(90));
        let facts = RunPlanned {
            grid: grid.clone(),
            day: self.date,
            opens,
            closes,
            limit: self.place.trip_limit,
            stops: self.stops(&pieces),
            needs_protection: false,
            needs_two: false,
            level: DeliveryLevel::Door,
            wave: None,
        };
        let desk = self.desk();
        self.ask(front, &desk, Command::PlanRun { run, facts }, &[]).await?;
        let trip = self.trips.len();
        for piece in &pieces {
            self.pieces[*piece].trip = Some(trip);
        }
        self.trips.push(Trip {
            run,
            grid: grid.clone(),
            courier: None,
            asked: BTreeSet::new(),
            pieces,
            counted_back: 0,
            departed: false,
            closed: false,
            by_foot: self.chance.permille(150),
            kept: vec![],
        });
        self.offer(front, trip).await
    }

    fn stops(&self, pieces: &[usize]) -> Vec<Stop> {
        let mut stops: Vec<Stop> = vec![];
        for piece in pieces {
            let here = &self.pieces[*piece];
            let (Some(door), Some(parcel)) = (&here.door, here.parcel) else { continue };
            match stops.last_mut() {
                Some(last) if last.door == *door => last.parcels.push(parcel),
                Some(_) | None => stops.push(Stop { door: door.clone(), parcels: vec![parcel] }),
            }
        }
        stops
    }

    /// Offers a run to whoever of its grid is free and has carried least.
    pub(super) async fn offer<F: Front>(&mut self, front: &mut F, trip: usize) -> Done {
        let Trip { run, grid, asked, .. } = self.trips[trip].clone();
        let desk = self.desk();
        let Some(volunteer) = self.free_courier(&grid, &asked) else {
            let reason = RunCancelReason::NoCourier;
            self.ask(front, &desk, Command::CancelRun { run, reason }, &[]).await?;
            self.give_up(trip);
            return Ok(());
        };
        if self.chance.permille(WRONG_OFFER_PERMILLE) {
            self.offer_wrongly(front, trip).await?;
        }
        let id = self.people.volunteers[volunteer].id;
        let command = Command::OfferRun { run, volunteer: id };
        self.ask(front, &desk, command, &[]).await?;
        self.trips[trip].courier = Some(volunteer);
        self.trips[trip].asked.insert(volunteer);
        self.people.volunteers[volunteer].busy = true;
        let wait = self.chance.seconds(20, 150);
        self.after(wait, Action::Answer(trip));
        Ok(())
    }

    /// A run that nobody makes leaves its pieces on the shelf.
    pub(super) fn give_up(&mut self, trip: usize) {
        self.trips[trip].closed = true;
        for piece in self.trips[trip].pieces.clone() {
            if self.pieces[piece].trip == Some(trip) {
                self.pieces[piece].trip = None;
            }
        }
        if let Some(courier) = self.trips[trip].courier.take() {
            self.people.volunteers[courier].busy = false;
        }
    }

    fn free_courier(&self, grid: &GridId, asked: &BTreeSet<usize>) -> Option<usize> {
        let until = self.now.saturating_add(TRIP_TAKES).unwrap_or(self.now);
        let couriers = self.people.of_role(Role::Courier).filter(|(index, one)| {
            let (from, to) = one.shift;
            let free = !one.busy && from <= self.now && until < to;
            free && one.grid == *grid && !asked.contains(index)
        });
        couriers.min_by_key(|(index, one)| (one.carried, *index)).map(|(index, _)| index)
    }

    /// An offer to somebody of another grid, or who is not on shift: it is refused.
    async fn offer_wrongly<F: Front>(&mut self, front: &mut F, trip: usize) -> Done {
        let (run, grid) = (self.trips[trip].run, self.trips[trip].grid.clone());
        let on_shift = |(from, to): (Timestamp, Timestamp)| from <= self.now && self.now < to;
        let wrong =
            self.people.volunteers.iter().find(|one| one.grid != grid || !on_shift(one.shift));
        let Some(volunteer) = wrong.map(|one| one.id) else { return Ok(()) };
        let desk = self.desk();
        let explained = ["run-of-another-grid", "volunteer-not-available"];
        self.ask(front, &desk, Command::OfferRun { run, volunteer }, &explained).await?;
        Ok(())
    }

    /// The volunteer accepts, declines, or does not look at the phone.
    pub(super) async fn answer<F: Front>(&mut self, front: &mut F, trip: usize) -> Done {
        let Some(courier) = self.trips[trip].courier else { return Ok(()) };
        let (run, volunteer) = (self.trips[trip].run, self.people.volunteers[courier].id);
        let hand = self.courier(courier);
        if self.chance.permille(870) {
            let command = Command::AcceptRun { run, volunteer };
            self.ask(front, &hand, command, &[]).await?;
            let walk = self.chance.seconds(60, 240);
            self.after(walk, Action::Load { trip, index: 0 });
            return Ok(());
        }
        self.people.volunteers[courier].busy = false;
        self.trips[trip].courier = None;
        if self.chance.permille(500) {
            let command = Command::HandBackRun { run, volunteer };
            self.ask(front, &hand, command, &[]).await?;
        }
        self.offer(front, trip).await
    }

    /// The door that a piece is for.
    pub(super) fn door_of(&self, piece: usize) -> Option<Door> {
        self.pieces[piece].door.clone()
    }
}

/// What goes first when not everything fits on one cart.
fn urgency(category: Category) -> u8 {
    match category {
        Category::Medicine => 0,
        Category::Meal => 1,
        Category::Produce => 2,
        Category::Ration => 3,
        Category::ParcelGoods => 4,
    }
}
