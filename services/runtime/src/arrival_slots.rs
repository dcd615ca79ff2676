//! What a command on a day's arrival slots is decided on, beside the slots themselves.

use domain::arrival_slots::event::{
    ArrivalSlotBooked, ArrivalSlotMovedAway, ArrivalSlotMovedHere, ArrivalSlotWithdrawn,
};
use domain::arrival_slots::{ArrivalSlots, ArrivalSlotsCommand, Intake};
use domain::community::intake_hours;
use domain::ids::SlotId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::engine::{Engine, problem};
use crate::problem::Problem;
use crate::request::Request;

impl Engine {
    /// What the community offers on a day, and what time it is.
    ///
    /// # Errors
    /// A problem when the community is unknown.
    pub fn intake(&self, request: &Request, day: Date) -> Result<Intake, Problem> {
        self.with_place(&request.community, |place| {
            let community = place.community();
            let zone = community.registered.as_ref().map(|known| TimeZone::get(&known.time_zone));
            let zone = zone.and_then(Result::ok).unwrap_or(TimeZone::UTC);
            let policy = community.arrivals.as_ref();
            Intake {
                hours: intake_hours(policy, &zone, day),
                per_hour: policy.and_then(|policy| policy.per_hour),
                now: request.recorded_at,
            }
        })
    }

    /// The command that lets a slot of another day come on this one. It is decided here, where it
    /// needs a place; that it leaves the other day follows from it.
    ///
    /// # Errors
    /// A problem: it does not leave the other day, the community is unknown, or the log cannot be
    /// read.
    pub async fn move_here(
        &self,
        request: &Request,
        day: Date,
        slot: SlotId,
        (from_day, from): (Date, Timestamp),
    ) -> Result<ArrivalSlotsCommand, Problem> {
        if from_day == day {
            return Err(same_day());
        }
        let intake = self.intake(request, day)?;
        // Where it just came from, it may still have to leave.
        self.heard().await;
        let (there, _) = self.peek::<ArrivalSlots>(&request.community, &from_day).await?;
        if there.has_left(slot, day)
            && let Some(known) = there.slots.get(&slot).cloned()
        {
            // It was moved here before: the same again is the same as booking it again.
            let (party, label) = (known.party, known.label);
            let (pieces, category) = (known.pieces, known.category);
            let fact = ArrivalSlotBooked { slot, from, party, label, pieces, category };
            return Ok(ArrivalSlotsCommand::Book(fact, intake));
        }
        let fact = there.leaving(slot, from_day, from);
        let fact = fact.map_err(|refusal| Problem::refused(&refusal))?;
        Ok(ArrivalSlotsCommand::MoveHere(fact, intake))
    }

    /// Whether a slot that took a place on this day leaves the other one: not, where it came, was
    /// given up or went to a third day in that moment.
    ///
    /// # Errors
    /// The problem that whoever moved it is told; a deferred one when the log cannot be read.
    pub async fn moved_here(
        &self,
        request: &Request,
        day: Date,
        slot: SlotId,
        (from_day, from): (Date, Timestamp),
    ) -> Result<(), Problem> {
        let (there, _) = self.peek::<ArrivalSlots>(&request.community, &from_day).await?;
        if there.has_left(slot, day) {
            return Ok(());
        }
        let leaving = there.leaving(slot, from_day, from);
        leaving.map(drop).map_err(|refusal| Problem::refused(&refusal))
    }

    /// Lets a slot leave the day that it was moved from. Where it came, was given up or went to a
    /// third day in the meantime, that stays, and the place on the day that it was moved to is
    /// given back.
    pub(crate) async fn leave_day(
        &self,
        request: &Request,
        to_day: Date,
        moved: &ArrivalSlotMovedHere,
    ) -> Result<(), Problem> {
        let slot = moved.slot;
        let leave = || ArrivalSlotsCommand::MoveAway(ArrivalSlotMovedAway { slot, to_day });
        let left = self.arrivals.execute(&moved.from_day, request, None, |_| Ok(leave())).await;
        if left.map_err(problem)?.state.has_left(slot, to_day) {
            return Ok(());
        }
        let request = request.follow_up("given back");
        let give_back = || ArrivalSlotsCommand::Withdraw(ArrivalSlotWithdrawn { slot });
        let given = self.arrivals.execute(&to_day, &request, None, |_| Ok(give_back())).await;
        given.map(|_| ()).map_err(problem)
    }
}

fn same_day() -> Problem {
    Problem::invalid(
        "arrival-same-day",
        "this slot is of the same day: move it within the day",
        "该预约就在当日：请直接改时段",
    )
}
