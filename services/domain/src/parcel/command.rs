//! What people and processes may ask of a parcel. Each command carries the facts that its decision
//! needs: whoever sends it has looked them up.

use jiff::Timestamp;
use jiff::civil::Date;

use super::event::{
    DeliveryLevel, DisposalReason, End, FailureReason, OvernightReason, ParcelPhotographed, Piece,
    Receiver, RefusalReason, ReopenReason,
};
use crate::address::{Door, Recipient};
use crate::community::ZoneAccess;
use crate::ids::{
    ActorId, BuildingId, ContainerId, GateId, GridId, OrderId, RecallId, RunId, ShelfCode, Waybill,
};
use crate::sealed::Sealed;
use crate::supply::{Category, Cold, DisinfectionRule, SizeClass};

/// What may be asked of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParcelCommand {
    /// Announce it.
    Expect(Expect),
    /// Take it over at the gate.
    Arrive(Box<Arrive>),
    /// Say for whom it is.
    Identify {
        /// For whom.
        recipient: Recipient,
    },
    /// Put the agent on it.
    StartDisinfection {
        /// Now.
        at: Timestamp,
        /// The table or cart that is treated as a whole.
        container: Option<ContainerId>,
    },
    /// Confirm that the act time has run.
    StopDisinfection {
        /// Now.
        at: Timestamp,
    },
    /// Put it on its building's shelf.
    Sort(Sort),
    /// Take it over for a run.
    Load(LoadOn),
    /// Put it back before the run departs.
    Unload {
        /// The run.
        run: RunId,
    },
    /// Set it down at the building's foot.
    Relay {
        /// The run.
        run: RunId,
        /// The building where the courier stands.
        building: BuildingId,
        /// Whether its zone lets deliveries in now: what happened is noted in a closed one too.
        access: ZoneAccess,
    },
    /// Leave it with the household.
    HandOff(HandOff),
    /// Report a failed attempt.
    Fail {
        /// The run.
        run: RunId,
        /// Why.
        reason: FailureReason,
    },
    /// Bring it back to the intake point.
    Return {
        /// The run that it comes back from, where the scan named one.
        run: Option<RunId>,
        /// Where it waits.
        shelf: ShelfCode,
    },
    /// Give it back to the carrier.
    Refuse {
        /// Why.
        reason: RefusalReason,
        /// Now.
        at: Timestamp,
    },
    /// Report damage.
    ReportDamage {
        /// Whether it can be delivered all the same.
        usable: bool,
    },
    /// Take the arrival back: it was scanned by mistake.
    UndoArrival,
    /// Report that it is not where it should be, or that it never came.
    ReportMissing,
    /// Report that it was met again.
    ReportFound,
    /// Call it back.
    Recall {
        /// The recall's name.
        recall: RecallId,
    },
    /// Lift one recall; the piece goes on once none is left.
    LiftRecall {
        /// The recall's name.
        recall: RecallId,
    },
    /// Throw it away, or write it off as lost.
    Dispose {
        /// Why.
        reason: DisposalReason,
        /// Now.
        at: Timestamp,
    },
    /// Keep it overnight.
    KeepOvernight {
        /// The community's day that ends.
        day: Date,
        /// Why.
        reason: OvernightReason,
        /// Who takes care of it tomorrow.
        owner: ActorId,
    },
    /// Take a hand-off, a refusal or a disposal back.
    Reopen {
        /// Why.
        reason: ReopenReason,
    },
    /// Say which of the contradictory ends is true.
    SettleDispute {
        /// The true one.
        truth: End,
        /// Now.
        at: Timestamp,
    },
    /// Note a picture that was taken of it.
    Photograph(ParcelPhotographed),
}

/// Announce a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// The waybill that it will carry.
    pub waybill: Waybill,
    /// Which piece of the waybill.
    pub piece: Piece,
    /// What is inside.
    pub category: Category,
    /// The order that it fulfils.
    pub order: Option<OrderId>,
    /// For whom, where that is known.
    pub recipient: Option<Recipient>,
}

/// Take a piece over at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrive {
    /// Carrier and number.
    pub waybill: Waybill,
    /// Which piece of the waybill.
    pub piece: Piece,
    /// Which life of the number.
    pub generation: u16,
    /// The gate where it was scanned.
    pub gate: GateId,
    /// The gate of the community's intake point.
    pub intake_point: GateId,
    /// What is inside.
    pub category: Category,
    /// The table or cart that it was put on.
    pub container: Option<ContainerId>,
    /// How big it is.
    pub size: SizeClass,
    /// How cold it must be kept.
    pub cold: Cold,
    /// Its weight in grams, where somebody weighed it.
    pub weight_grams: Option<u32>,
    /// The order that it fulfils; an announced order holds when this is `None`.
    pub order: Option<OrderId>,
    /// For whom; an announced recipient holds when this is `None`.
    pub recipient: Option<Recipient>,
    /// The phone's last digits, sealed.
    pub phone_tail: Option<Sealed>,
    /// Who sent it, sealed.
    pub sender: Option<Sealed>,
    /// What the community's policy asks for.
    pub disinfection: Option<DisinfectionRule>,
    /// It is taken for a recipient who cannot be reached.
    pub on_behalf: bool,
    /// Now.
    pub at: Timestamp,
}

/// Put a piece on its building's shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The grid that the recipient's building belongs to now.
    pub grid: GridId,
    /// The shelf.
    pub shelf: ShelfCode,
    /// The grid of the place where the worker stands, where he scanned it.
    pub placed_in: Option<GridId>,
}

/// Take a piece over for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOn {
    /// The run.
    pub run: RunId,
    /// The run's grid.
    pub run_grid: GridId,
    /// Whether the zone of the piece's building lets this run in.
    pub access: ZoneAccess,
}

/// Leave a piece with the household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOff {
    /// The run; `None` for a pickup.
    pub run: Option<RunId>,
    /// The door where the courier stands.
    pub door: Door,
    /// How far it was brought.
    pub level: DeliveryLevel,
    /// Who took it.
    pub received_by: Receiver,
    /// Whether the door's zone lets deliveries in now: what happened is noted in a closed one too.
    pub access: ZoneAccess,
    /// Now.
    pub at: Timestamp,
}
