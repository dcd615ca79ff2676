//! Commands on the arrival slots of a day: the path names the day.

use domain::arrival_slots::event::{
    ArrivalSlotArrived, ArrivalSlotBooked, ArrivalSlotMissed, ArrivalSlotMoved,
    ArrivalSlotReopened, ArrivalSlotWithdrawn,
};
use domain::arrival_slots::{ArrivalSlots, ArrivalSlotsCommand};
use domain::ids::SlotId;
use jiff::Timestamp;
use jiff::civil::Date;
use runtime::{Problem, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Elsewhere, Wire};
use crate::App;

/// A command on the arrival slots of a day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ArrivalSlotCommandBody {
    /// Let a delivery come in an hour; whoever books it makes the slot's id.
    Book(ArrivalSlotBooked),
    /// Let it come in another hour of the same day.
    Move(ArrivalSlotMoved),
    /// Give its place back.
    Withdraw(ArrivalSlotWithdrawn),
    /// Say that it came.
    Arrive(ArrivalSlotArrived),
    /// Say that it did not come, once its hour is over.
    Miss(ArrivalSlotMissed),
    /// Take back that it came, or that it did not.
    Reopen(ArrivalSlotReopened),
    /// Let a delivery that is booked on another day come on this one, under the same name. Its
    /// place there is free again when this is answered.
    MoveHere {
        /// The slot.
        slot: SlotId,
        /// The day on which it is booked.
        from_day: Date,
        /// When its hour on this day begins.
        from: Timestamp,
    },
}

impl Wire for ArrivalSlotCommandBody {
    type Aggregate = ArrivalSlots;

    fn elsewhere(&self, day: &Date) -> Option<Elsewhere> {
        let Self::MoveHere { slot, from_day, from } = self else { return None };
        Some(Elsewhere::SlotLeaves { slot: *slot, from: (*from_day, *from), to_day: *day })
    }

    async fn prepare(
        self,
        app: &App,
        request: &Request,
        day: &Date,
    ) -> Result<ArrivalSlotsCommand, Problem> {
        Ok(match self {
            Self::Book(fact) => ArrivalSlotsCommand::Book(fact, app.engine.intake(request, *day)?),
            Self::Move(fact) => ArrivalSlotsCommand::Move(fact, app.engine.intake(request, *day)?),
            Self::Withdraw(fact) => ArrivalSlotsCommand::Withdraw(fact),
            Self::Arrive(fact) => ArrivalSlotsCommand::Arrive(fact),
            Self::Miss(fact) => ArrivalSlotsCommand::Miss(fact, request.recorded_at),
            Self::Reopen(fact) => ArrivalSlotsCommand::Reopen(fact),
            Self::MoveHere { slot, from_day, from } => {
                app.engine.move_here(request, *day, slot, (from_day, from)).await?
            }
        })
    }
}
