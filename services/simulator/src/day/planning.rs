//! The coordinator asks the engine's planner, and whoever is asked answers. Who goes where with
//! what is the planner's decision; the people of the day read it as they would read their phones.

use std::collections::{BTreeSet, HashMap};

use domain::address::Door;
use domain::ids::{ParcelId, RunId};
use domain::run::Phase;
use domain::run::event::Stop;
use jiff::civil::time;
use jiff::{SignedDuration, Timestamp};

use super::queue::Action;
use super::world::{Stage, Trip};
use super::{Days, Done, Mishap};
use crate::front::{Command, Front, PlannedRun};

/// How often the coordinator asks for a plan.
const ASKS_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// Of a thousand offers so many go to somebody who cannot have it, by mistake (assumption).
const WRONG_OFFER_PERMILLE: u32 = 60;

impl Days {
    /// Asks for a plan, and reads what became of the runs that are not over.
    pub(super) async fn plan<F: Front>(&mut self, front: &mut F) -> Done {
        if self.place.local(self.now) < time(20, 40, 0, 0) {
            self.after(ASKS_EVERY, Action::Plan);
        }
        let sender = self.sender(&self.desk());
        let command_id = self.chance.command_id(self.now);
        let runs = front.plan(&sender, command_id).await?;
        self.tally.sent += 1;
        let live: BTreeSet<RunId> = runs.iter().map(|run| run.run).collect();
        for trip in 0..self.trips.len() {
            let Trip { run, stage, .. } = self.trips[trip];
            if stage < Stage::Departed && !live.contains(&run) {
                self.give_up(trip);
            }
        }
        for run in runs {
            let trip = self.trip_of(&run);
            self.read_stops(trip, &run.stops);
            self.read_offer(front, trip, &run).await?;
        }
        Ok(())
    }

    /// The trip that a run is, known already or new.
    fn trip_of(&mut self, run: &PlannedRun) -> usize {
        if let Some(known) = self.trips.iter().position(|trip| trip.run == run.run) {
            return known;
        }
        self.trips.push(Trip {
            run: run.run,
            grid: run.grid.clone(),
            courier: None,
            asked: BTreeSet::new(),
            stage: Stage::Asked,
            pieces: vec![],
            counted_back: 0,
            by_foot: self.chance.permille(150),
            kept: vec![],
        });
        self.trips.len() - 1
    }

    /// What a trip takes along, as long as nobody has begun to load it. Later, what was taken off
    /// is left on its shelf.
    fn read_stops(&mut self, trip: usize, stops: &[Stop]) {
        if self.trips[trip].stage >= Stage::Departed {
            return;
        }
        let known: HashMap<ParcelId, usize> = (0..self.pieces.len())
            .filter_map(|piece| Some((self.pieces[piece].parcel?, piece)))
            .collect();
        let listed = stops.iter().flat_map(|stop| &stop.parcels);
        let pieces: Vec<usize> = listed.filter_map(|id| known.get(id).copied()).collect();
        for piece in self.trips[trip].pieces.clone() {
            if !pieces.contains(&piece) {
                self.pieces[piece].leave(trip);
            }
        }
        if self.trips[trip].stage < Stage::Loading {
            for piece in &pieces {
                self.pieces[*piece].trip = Some(trip);
            }
            self.trips[trip].pieces = pieces;
        }
    }

    /// Whoever was asked since the last look sees it on the phone.
    async fn read_offer<F: Front>(&mut self, front: &mut F, trip: usize, run: &PlannedRun) -> Done {
        let asked = run.volunteer.filter(|_| run.phase == Phase::Offered);
        let asked = asked.and_then(|asked| {
            self.people.volunteers.iter().position(|volunteer| volunteer.id == asked)
        });
        if run.phase == Phase::Planned {
            self.trips[trip].courier = None;
            self.trips[trip].stage = Stage::Asked;
        }
        let Some(courier) = asked.filter(|asked| !self.trips[trip].asked.contains(asked)) else {
            return Ok(());
        };
        self.leave_in_peace(courier)?;
        self.trips[trip].asked.insert(courier);
        self.trips[trip].courier = Some(courier);
        self.trips[trip].stage = Stage::Asked;
        if self.chance.permille(WRONG_OFFER_PERMILLE) {
            self.offer_wrongly(front, trip).await?;
        }
        let wait = self.chance.seconds(20, 150);
        self.after(wait, Action::Answer { trip, courier });
        Ok(())
    }

    /// Nobody is asked during a break.
    fn leave_in_peace(&self, courier: usize) -> Done {
        let volunteer = &self.people.volunteers[courier];
        let rests = volunteer.rest.filter(|(from, until)| (*from..*until).contains(&self.now));
        let Some((from, until)) = rests else { return Ok(()) };
        Err(Mishap::Surprise {
            what: format!("{} rests from {from} to {until}", volunteer.actor),
            code: "asked".to_owned(),
            sentence: "a run was offered meanwhile".to_owned(),
        })
    }

    /// A run that nobody makes leaves its pieces on the shelf.
    pub(super) fn give_up(&mut self, trip: usize) {
        self.trips[trip].stage = Stage::Closed;
        for piece in self.trips[trip].pieces.clone() {
            self.pieces[piece].leave(trip);
        }
        self.trips[trip].courier = None;
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

    /// The volunteer accepts, declines, or does not look at the phone: then the planner asks
    /// somebody else at its next look.
    pub(super) async fn answer<F: Front>(
        &mut self,
        front: &mut F,
        trip: usize,
        courier: usize,
    ) -> Done {
        let Trip { run, stage, courier: asked, .. } = self.trips[trip];
        if stage != Stage::Asked || asked != Some(courier) {
            return Ok(());
        }
        let volunteer = self.people.volunteers[courier].id;
        let hand = self.courier(courier);
        if self.chance.permille(870) {
            let command = Command::AcceptRun { run, volunteer };
            self.ask(front, &hand, command, &[]).await?;
            self.trips[trip].stage = Stage::Accepted;
            let walk = self.chance.seconds(60, 240);
            self.after(walk, Action::Load { trip, index: 0 });
            return Ok(());
        }
        self.trips[trip].courier = None;
        if self.chance.permille(500) {
            let command = Command::HandBackRun { run, volunteer };
            self.ask(front, &hand, command, &[]).await?;
        }
        Ok(())
    }

    /// The door that a piece is for.
    pub(super) fn door_of(&self, piece: usize) -> Option<Door> {
        self.pieces[piece].door.clone()
    }
}
