//! Who was expected at the gate and who came, and when couriers rest, as the log tells.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::facts::{Break, OfSlot, read};
use super::{Broken, Look, Sight};
use crate::day::Bookings;

/// What the log tells of the deliveries of every day.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// By day and name.
    slots: BTreeMap<(String, String), Seen>,
    breaks: BTreeSet<(String, Timestamp)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Expected,
    Came,
    DidNotCome,
    CalledOff,
}

impl Gate {
    pub(super) fn look(&mut self, day: &str, sight: &Sight<'_>) -> Look {
        let seen = match sight.event_type {
            "ArrivalSlotBooked"
            | "ArrivalSlotMoved"
            | "ArrivalSlotMovedHere"
            | "ArrivalSlotReopened" => Seen::Expected,
            "ArrivalSlotArrived" => Seen::Came,
            "ArrivalSlotMissed" => Seen::DidNotCome,
            "ArrivalSlotWithdrawn" | "ArrivalSlotMovedAway" => Seen::CalledOff,
            other => return Err(Broken(8, format!("nobody knows the event `{other}`"))),
        };
        let OfSlot { slot } = read(sight.data)?;
        self.slots.insert((day.to_owned(), slot), seen);
        Ok(())
    }

    pub(super) fn look_at_volunteer(&mut self, id: &str, sight: &Sight<'_>) -> Look {
        match sight.event_type {
            "VolunteerBreakPlanned" => {
                let Break { from } = read(sight.data)?;
                self.breaks.insert((id.to_owned(), from));
            }
            "VolunteerBreakWithdrawn" => {
                let Break { from } = read(sight.data)?;
                self.breaks.remove(&(id.to_owned(), from));
            }
            _ => {}
        }
        Ok(())
    }

    /// The deliveries by what became of them.
    pub(crate) fn bookings(&self) -> Bookings {
        let count = |of: Seen| {
            u64::try_from(self.slots.values().filter(|seen| **seen == of).count()).unwrap_or(0)
        };
        Bookings {
            booked: u64::try_from(self.slots.len()).unwrap_or(0),
            came: count(Seen::Came),
            did_not_come: count(Seen::DidNotCome),
            called_off: count(Seen::CalledOff),
        }
    }

    /// The breaks that were planned and not taken back.
    pub(crate) fn breaks(&self) -> u64 {
        u64::try_from(self.breaks.len()).unwrap_or(0)
    }
}
