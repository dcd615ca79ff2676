//! What follows from an event; nothing but the event is looked at.

use domain::arrival_slots::ArrivalSlotsEvent;
use domain::arrival_slots::event::ArrivalSlotMovedHere;
use domain::household::HouseholdEvent;
use domain::ids::{ActorId, HouseholdId, OrderId, ParcelId, RunId};
use domain::order::OrderCommand;
use domain::parcel::ParcelEvent;
use domain::parcel::event::{OvernightReason, ParcelDisputeSettled};
use domain::plan::PlanEvent;
use domain::plan::event::{LeftPiece, PlanOfferDecided, ProposedRun, Remains};
use domain::run::{RunCommand, RunEvent};
use jiff::SignedDuration;
use jiff::civil::Date;

use crate::codec::AnyEvent;

/// How long a piece may be on a run without being told so itself before it is taken off again.
pub const LOAD_GRACE: SignedDuration = SignedDuration::from_mins(5);

/// One thing that follows from an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reaction {
    /// A run hears of a piece.
    Run(RunId, RunCommand),
    /// An order hears of a piece.
    Order(OrderId, OrderCommand),
    /// The run and the order of a piece hear that it is with the courier again.
    Reopened(ParcelId),
    /// The run and the order of a piece hear how a dispute about it was settled.
    Settled(ParcelId, ParcelDisputeSettled),
    /// An order that was announced after its piece came hears of it, and where it is by now.
    Matched(ParcelId, OrderId),
    /// The order of a piece hears that it was handed off.
    HandedOff(ParcelId),
    /// A piece that is on a run without knowing so is taken off, once the grace is over.
    CheckLoaded(ParcelId, RunId),
    /// What was sealed for a piece is erased with the household that it turned out to be for.
    BindKey(ParcelId, HouseholdId),
    /// A household's key is deleted.
    EraseKey(HouseholdId),
    /// A volunteer is asked to make a planned trip.
    Offer(PlanOfferDecided),
    /// A delivery that comes on that day now leaves the day on which it was booked before.
    LeaveDay(Date, ArrivalSlotMovedHere),
    /// A piece hears why it stays overnight, and who answers for it.
    KeepOvernight(ParcelId, Date, OvernightReason, ActorId),
}

impl Reaction {
    /// How long after its event it is carried out.
    pub(super) fn grace(&self) -> SignedDuration {
        match self {
            Reaction::CheckLoaded(..) => LOAD_GRACE,
            Reaction::Run(..)
            | Reaction::Order(..)
            | Reaction::Matched(..)
            | Reaction::Reopened(_)
            | Reaction::Settled(..)
            | Reaction::HandedOff(_)
            | Reaction::BindKey(..)
            | Reaction::EraseKey(_)
            | Reaction::Offer(_)
            | Reaction::LeaveDay(..)
            | Reaction::KeepOvernight(..) => SignedDuration::ZERO,
        }
    }
}

/// The types of the events that anything follows from, so that the others need not be decoded.
pub(super) const CAUSES: &[&str] = &[
    "ArrivalSlotMovedHere",
    "HouseholdErased",
    "ParcelArrived",
    "ParcelDeliveryFailed",
    "ParcelDisposed",
    "ParcelDisputeSettled",
    "ParcelHandedOff",
    "ParcelIdentified",
    "ParcelOrderMatched",
    "ParcelReopened",
    "ParcelReturned",
    "ParcelUnloaded",
    "PlanDayClosed",
    "PlanOfferDecided",
    "PlanWaveProposed",
    "RunPieceLoaded",
];

/// What follows from an event; nothing but the event is looked at.
pub(super) fn reactions(event: &AnyEvent) -> Vec<Reaction> {
    match event {
        AnyEvent::Parcel(parcel, event) => of_parcel(event, *parcel),
        AnyEvent::Run(run, RunEvent::PieceLoaded(event)) => {
            vec![Reaction::CheckLoaded(event.parcel, *run)]
        }
        AnyEvent::Household(household, HouseholdEvent::Erased(_)) => {
            vec![Reaction::EraseKey(*household)]
        }
        AnyEvent::ArrivalSlots(day, ArrivalSlotsEvent::MovedHere(event)) => {
            vec![Reaction::LeaveDay(*day, event.clone())]
        }
        AnyEvent::ArrivalSlots(..)
        | AnyEvent::Run(..)
        | AnyEvent::Household(..)
        | AnyEvent::Community(..)
        | AnyEvent::Device(..)
        | AnyEvent::Order(..)
        | AnyEvent::Volunteer(..) => vec![],
        AnyEvent::Plan(day, event) => of_plan(*day, event),
    }
}

/// The plan's decisions are carried out: its runs are planned, its offers made, and what stays
/// overnight hears of it.
fn of_plan(day: Date, event: &PlanEvent) -> Vec<Reaction> {
    match event {
        PlanEvent::WaveProposed(event) => {
            let plan =
                |one: &ProposedRun| Reaction::Run(one.run, RunCommand::Plan(one.plan.clone()));
            event.runs.iter().map(plan).collect()
        }
        PlanEvent::OfferDecided(event) => vec![Reaction::Offer(event.clone())],
        PlanEvent::DayClosed(event) => {
            let stays = |piece: &LeftPiece| match piece.remains {
                Remains::Stays(reason) => {
                    let owner = piece.owner.clone();
                    Some(Reaction::KeepOvernight(piece.parcel, day, reason, owner))
                }
                Remains::Perishes => None,
            };
            event.left.iter().filter_map(stays).collect()
        }
        PlanEvent::RunEnded(_) | PlanEvent::PiecesSetAside(_) | PlanEvent::PiecesReleased(_) => {
            vec![]
        }
    }
}

fn of_parcel(event: &ParcelEvent, parcel: ParcelId) -> Vec<Reaction> {
    match event {
        ParcelEvent::Arrived(event) => {
            let add = |order| Reaction::Order(order, OrderCommand::AddParcel { parcel });
            event.order.map(add).into_iter().collect()
        }
        ParcelEvent::Identified(event) => {
            let bind = |household| Reaction::BindKey(parcel, household);
            event.recipient.household.map(bind).into_iter().collect()
        }
        ParcelEvent::OrderMatched(event) => vec![Reaction::Matched(parcel, event.order)],
        ParcelEvent::Unloaded(event) => {
            vec![Reaction::Run(event.run, RunCommand::UnloadPiece { parcel })]
        }
        ParcelEvent::HandedOff(event) => {
            let delivered = |run| Reaction::Run(run, RunCommand::RecordDelivered { parcel });
            let mut follow = vec![Reaction::HandedOff(parcel)];
            follow.extend(event.run.map(delivered));
            follow
        }
        ParcelEvent::DeliveryFailed(event) => {
            let reason = event.reason;
            vec![Reaction::Run(event.run, RunCommand::RecordFailed { parcel, reason })]
        }
        ParcelEvent::Returned(event) => {
            vec![Reaction::Run(event.run, RunCommand::RecordReturned { parcel })]
        }
        ParcelEvent::Disposed(event) => {
            let lost = |run| Reaction::Run(run, RunCommand::RecordLost { parcel });
            event.run.map(lost).into_iter().collect()
        }
        ParcelEvent::Reopened(_) => vec![Reaction::Reopened(parcel)],
        ParcelEvent::DisputeSettled(event) => vec![Reaction::Settled(parcel, event.clone())],
        ParcelEvent::Expected(_)
        | ParcelEvent::ArrivalUndone(_)
        | ParcelEvent::Held(_)
        | ParcelEvent::DisinfectionStarted(_)
        | ParcelEvent::Disinfected(_)
        | ParcelEvent::Sorted(_)
        | ParcelEvent::Loaded(_)
        | ParcelEvent::Relayed(_)
        | ParcelEvent::Refused(_)
        | ParcelEvent::Damaged(_)
        | ParcelEvent::Missing(_)
        | ParcelEvent::Found(_)
        | ParcelEvent::Recalled(_)
        | ParcelEvent::RecallLifted(_)
        | ParcelEvent::KeptOvernight(_)
        | ParcelEvent::LateScanNoted(_)
        | ParcelEvent::Photographed(_)
        | ParcelEvent::Disputed(_) => vec![],
    }
}
