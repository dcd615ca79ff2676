//! Couriers rest within their shift: each says when, some think better of it. Nobody is asked for a
//! trip meanwhile, and whoever is asked all the same complains.

use domain::volunteer::event::{Role, VolunteerBreakPlanned, VolunteerBreakWithdrawn};
use jiff::civil::{Time, time};
use jiff::{SignedDuration, Timestamp};

use super::queue::Action;
use super::{Days, Done};
use crate::front::{Command, Front};

/// Of a thousand couriers so many say when they rest (assumption).
const RESTS_PERMILLE: u32 = 450;
/// Of a thousand breaks so many are taken back before they begin (assumption).
const WORKS_ON_PERMILLE: u32 = 120;
/// When there is least to do at the doors: between the windows (assumption).
const QUIET: [Time; 4] =
    [time(9, 20, 0, 0), time(12, 40, 0, 0), time(15, 20, 0, 0), time(19, 0, 0, 0)];

impl Days {
    /// Whoever carries today may think of a break in a quiet hour of the shift.
    pub(super) fn think_of_breaks(&mut self) {
        let couriers: Vec<usize> =
            self.people.of_role(Role::Courier).map(|(index, _)| index).collect();
        for courier in couriers {
            let shift = self.people.volunteers[courier].shift;
            let quiet = QUIET.map(|time| self.place.at(self.date, time));
            let quiet: Vec<Timestamp> =
                quiet.into_iter().filter(|from| is_within(shift, *from)).collect();
            let from = self.chance.pick(&quiet).copied();
            let Some(from) = from.filter(|_| self.chance.permille(RESTS_PERMILLE)) else {
                continue;
            };
            let from = from.saturating_add(self.chance.seconds(0, 1_200)).unwrap_or(from);
            let until = from.saturating_add(self.chance.seconds(1_200, 2_700)).unwrap_or(from);
            // Said an hour or more before, so that it is on the roster when a trip is planned.
            let lead = self.chance.seconds(3_600, 7_200);
            let says_at = from.saturating_sub(lead).unwrap_or(from).max(self.now);
            self.queue.push(says_at, Action::SayBreak { courier, from, until });
        }
    }

    /// The courier says it to the desk, or on the own phone.
    pub(super) async fn say_break<F: Front>(
        &mut self,
        front: &mut F,
        courier: usize,
        (from, until): (Timestamp, Timestamp),
    ) -> Done {
        let volunteer = self.people.volunteers[courier].id;
        let hand = if self.chance.permille(500) { self.desk() } else { self.courier(courier) };
        let facts = VolunteerBreakPlanned { from, until };
        self.ask(front, &hand, Command::PlanBreak { volunteer, facts }, &[]).await?;
        self.people.volunteers[courier].rest = Some((from, until));
        self.tally.breaks += 1;
        if self.chance.permille(WORKS_ON_PERMILLE) {
            let wait = self.chance.seconds(600, 3_000);
            self.after(wait, Action::WorkOn(courier));
        }
        Ok(())
    }

    /// There is too much to do: the courier works on.
    pub(super) async fn work_on<F: Front>(&mut self, front: &mut F, courier: usize) -> Done {
        let volunteer = &self.people.volunteers[courier];
        let Some((from, until)) = volunteer.rest.filter(|(from, _)| self.now < *from) else {
            return Ok(());
        };
        let (volunteer, hand) = (volunteer.id, self.courier(courier));
        let facts = VolunteerBreakWithdrawn { from, until };
        self.ask(front, &hand, Command::WithdrawBreak { volunteer, facts }, &[]).await?;
        self.people.volunteers[courier].rest = None;
        self.tally.breaks -= 1;
        Ok(())
    }
}

/// Whether a shift has room for a break that begins then, and some work after it.
fn is_within((begins, ends): (Timestamp, Timestamp), from: Timestamp) -> bool {
    begins < from && ends.duration_since(from) > SignedDuration::from_mins(90)
}
