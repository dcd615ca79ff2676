//! Who comes to the gate: shops, leaders and carriers book an hour before they come, and the people
//! at the gate mark who came and who did not. Medicine is brought by a rider who books nothing.

use domain::arrival_slots::event::{ArrivalParty, ArrivalSlotBooked, ArrivalSlotMoved};
use domain::ids::{ArrivalLabel, SlotId};
use domain::supply::Category;
use jiff::civil::time;
use jiff::{SignedDuration, Timestamp};

use super::queue::Action;
use super::world::{Stands, Visit};
use super::{Days, Done, Mishap};
use crate::arrivals::Van;
use crate::chance::Chance;
use crate::front::{Command, Front, GateCommand, Reply, Status};

/// Of a thousand vans so many come without having booked (assumption).
const UNBOOKED_PERMILLE: u32 = 120;
/// How a thousand vans keep to the hour that they booked (assumption): in it, before, after it.
const IN_TIME: [u32; 3] = [880, 50, 70];
/// Of a thousand bookings so many are moved to a later hour (assumption).
const POSTPONED_PERMILLE: u32 = 40;
/// Of a thousand days so many have a booking of somebody who never comes (assumption).
const NOBODY_PERMILLE: u32 = 700;
/// Of a thousand of those so many are called off in time (assumption).
const CALLED_OFF_PERMILLE: u32 = 500;
/// Of a thousand vans that came so many are first marked on another line of the list (assumption).
const WRONG_LINE_PERMILLE: u32 = 15;
/// How many hours somebody asks for before giving up and coming without one (assumption).
const TRIES: u8 = 3;
/// What an hour that takes nobody more is answered; one before the pause at noon may be over when
/// somebody asks for it.
const FULL: [&str; 3] = ["arrival-hour-full", "arrival-hour-over", "arrival-day-full"];

impl Days {
    /// The visit of a van whose driver books an hour; `None` comes as it comes.
    pub(super) fn expect_visit(&mut self, chance: &mut Chance, van: &Van) -> Option<usize> {
        let comes = self.place.at(self.date, van.at);
        let hours = self.place.hours(self.date);
        let hour = hours.iter().position(|hour| hour.holds(comes));
        let (first, unbooked) = (van.pieces.first(), chance.permille(UNBOOKED_PERMILLE));
        let (party, name) = match first.map(|piece| piece.category)? {
            Category::Meal => (ArrivalParty::Merchant, "社区食堂".to_owned()),
            Category::Produce => (ArrivalParty::Leader, "蔬菜团".to_owned()),
            Category::Ration => (ArrivalParty::Relief, "救助物资".to_owned()),
            Category::ParcelGoods => {
                let carrier = first.and_then(|piece| piece.waybill.as_ref());
                let name = carrier.map_or("快递", |(carrier, _)| carrier.as_str());
                (ArrivalParty::Carrier, name.to_uppercase())
            }
            Category::Medicine => return None,
        };
        let hour = hour.filter(|_| !unbooked)?;
        let booked = match chance.weighted(&IN_TIME) {
            1 => (hour + 1).min(hours.len() - 1),
            2 => hour.saturating_sub(1),
            _ => hour,
        };
        let visit = Visit {
            slot: SlotId(chance.id()),
            date: self.date,
            party,
            label: label(&name)?,
            category: first.map(|piece| piece.category)?,
            pieces: u32::try_from(van.pieces.len()).unwrap_or(u32::MAX),
            hour: None,
            stands: Stands::Expected,
        };
        self.visits.push(visit);
        let visit = self.visits.len() - 1;
        self.book_before(chance, comes, (visit, booked));
        Some(visit)
    }

    /// On some days somebody books who never comes: some of them say so.
    pub(super) fn expect_nobody(&mut self, chance: &mut Chance) {
        let hours = self.place.hours(self.date);
        let hour = chance.index(hours.len());
        let Some(label) = label("水果团").filter(|_| chance.permille(NOBODY_PERMILLE)) else {
            return;
        };
        let Some(comes) = hours.get(hour).map(|hour| hour.from) else { return };
        self.visits.push(Visit {
            slot: SlotId(chance.id()),
            date: self.date,
            party: ArrivalParty::Leader,
            label,
            category: Category::Produce,
            pieces: chance.between(10, 40),
            hour: None,
            stands: Stands::Expected,
        });
        let visit = self.visits.len() - 1;
        self.book_before(chance, comes, (visit, hour));
        if chance.permille(CALLED_OFF_PERMILLE) {
            let before = chance.seconds(600, 3_000);
            let at = comes.saturating_sub(before).unwrap_or(comes);
            self.queue.push(at, Action::CallOff(visit));
        }
    }

    /// Some hours before it comes, and not before people are up.
    fn book_before(&mut self, chance: &mut Chance, comes: Timestamp, visit: (usize, usize)) {
        let lead = chance.seconds(5_400, 14_400);
        let up = self.place.at(self.date, time(5, 35, 0, 0));
        let at = comes.saturating_sub(lead).unwrap_or(comes).max(up);
        let (visit, hour) = visit;
        self.queue.push(at, Action::Book { visit, hour, tries: 1 });
    }

    /// Books an hour; one that is full is answered so, and the next one is tried.
    pub(super) async fn book<F: Front>(
        &mut self,
        front: &mut F,
        visit: usize,
        hour: usize,
        tries: u8,
    ) -> Done {
        let Some(from) = self.hour(visit, hour) else { return Ok(()) };
        let Visit { slot, party, label, category, pieces, .. } = self.visits[visit].clone();
        let (pieces, category) = (Some(pieces), Some(category));
        let fact = ArrivalSlotBooked { slot, from, party, label, pieces, category };
        let reply = self.say_at_gate(front, visit, GateCommand::Book(fact), &FULL).await?;
        if reply.status == Status::Refused {
            if tries < TRIES {
                let wait = self.chance.seconds(20, 60);
                self.after(wait, Action::Book { visit, hour: hour + 1, tries: tries + 1 });
            }
            return Ok(());
        }
        self.tally.gate.booked += 1;
        self.expect_in(visit, hour, from);
        if self.chance.permille(POSTPONED_PERMILLE) {
            let wait = self.chance.seconds(1_200, 3_600);
            self.after(wait, Action::Postpone(visit));
        }
        Ok(())
    }

    /// The hour of a visit's day, by its place; `None` after the last one.
    fn hour(&self, visit: usize, hour: usize) -> Option<Timestamp> {
        self.place.hours(self.visits[visit].date).get(hour).map(|hour| hour.from)
    }

    fn expect_in(&mut self, visit: usize, hour: usize, from: Timestamp) {
        self.visits[visit].hour = Some(hour);
        let late = SignedDuration::from_hours(1) + self.chance.seconds(300, 1_200);
        let looks_at = from.saturating_add(late).unwrap_or(from);
        self.queue.push(looks_at, Action::LookFor(visit));
    }

    /// It will be an hour later.
    pub(super) async fn postpone<F: Front>(&mut self, front: &mut F, visit: usize) -> Done {
        let Visit { slot, hour, stands, .. } = self.visits[visit];
        let later = hour.map(|hour| hour + 1).filter(|_| stands == Stands::Expected);
        let Some(later) = later else { return Ok(()) };
        let Some(from) = self.hour(visit, later) else { return Ok(()) };
        let command = GateCommand::Move(ArrivalSlotMoved { slot, from });
        let reply = self.say_at_gate(front, visit, command, &FULL).await?;
        if reply.status == Status::Accepted {
            self.expect_in(visit, later, from);
        }
        Ok(())
    }

    /// It does not come today.
    pub(super) async fn call_off<F: Front>(&mut self, front: &mut F, visit: usize) -> Done {
        let Visit { slot, hour, stands, .. } = self.visits[visit];
        if hour.is_none() || stands != Stands::Expected {
            return Ok(());
        }
        self.say_at_gate(front, visit, GateCommand::Withdraw { slot }, &[]).await?;
        self.visits[visit].stands = Stands::CalledOff;
        self.tally.gate.called_off += 1;
        Ok(())
    }

    /// A van stands at the gate: early, in time or late, it came.
    pub(super) async fn greet<F: Front>(&mut self, front: &mut F, visit: Option<usize>) -> Done {
        let Some(visit) = visit.filter(|visit| self.visits[*visit].hour.is_some()) else {
            return Ok(());
        };
        if self.chance.permille(WRONG_LINE_PERMILLE) {
            self.mark_wrong_line(front, visit).await?;
        }
        let Visit { slot, stands, .. } = self.visits[visit];
        self.say_at_gate(front, visit, GateCommand::Arrive { slot }, &[]).await?;
        self.visits[visit].stands = Stands::Came;
        self.tally.gate.came += 1;
        self.tally.gate.did_not_come -= u64::from(stands == Stands::DidNotCome);
        Ok(())
    }

    /// The line above is marked, and taken back at once.
    async fn mark_wrong_line<F: Front>(&mut self, front: &mut F, visit: usize) -> Done {
        let expected = |one: &Visit| {
            one.date == self.date && one.hour.is_some() && one.stands == Stands::Expected
        };
        let wrong =
            (0..self.visits.len()).find(|one| *one != visit && expected(&self.visits[*one]));
        let Some(wrong) = wrong else { return Ok(()) };
        let slot = self.visits[wrong].slot;
        self.say_at_gate(front, wrong, GateCommand::Arrive { slot }, &[]).await?;
        self.say_at_gate(front, wrong, GateCommand::Reopen { slot }, &[]).await.map(|_| ())
    }

    /// The hour is over: whoever has not come is marked so, and may come all the same.
    pub(super) async fn look_for<F: Front>(&mut self, front: &mut F, visit: usize) -> Done {
        let Visit { slot, hour, stands, .. } = self.visits[visit];
        let from = hour.and_then(|hour| self.hour(visit, hour));
        let is_over =
            from.is_some_and(|from| self.now.duration_since(from) >= SignedDuration::from_hours(1));
        if stands != Stands::Expected || !is_over {
            return Ok(());
        }
        self.say_at_gate(front, visit, GateCommand::Miss { slot }, &[]).await?;
        self.visits[visit].stands = Stands::DidNotCome;
        self.tally.gate.did_not_come += 1;
        Ok(())
    }

    async fn say_at_gate<F: Front>(
        &mut self,
        front: &mut F,
        visit: usize,
        command: GateCommand,
        explained: &[&str],
    ) -> Result<Reply, Mishap> {
        let day = self.visits[visit].date;
        let by = match command {
            GateCommand::Arrive { .. } | GateCommand::Miss { .. } | GateCommand::Reopen { .. } => {
                self.staff("gate")
            }
            GateCommand::Book(_) | GateCommand::Move(_) | GateCommand::Withdraw { .. } => {
                self.desk()
            }
        };
        self.ask(front, &by, Command::Gate { day, command }, explained).await
    }
}

fn label(name: &str) -> Option<ArrivalLabel> {
    name.parse().ok()
}
