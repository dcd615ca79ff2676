//! At the intake point: announced, arrived, identified, disinfected, sorted.

use jiff::{SignedDuration, Timestamp};

use super::exceptions::found;
use super::{Decision, NUMBER_REUSE_AFTER, check_deliverable, check_piece, check_undisputed};
use crate::address::Recipient;
use crate::ids::{ContainerId, OrderId};
use crate::parcel::command::{Arrive, Expect, Sort};
use crate::parcel::event::{
    HoldReason, ParcelArrivalUndone, ParcelArrived, ParcelDisinfected, ParcelDisinfectionStarted,
    ParcelExpected, ParcelHeld, ParcelIdentified, ParcelOrderMatched, ParcelSorted,
};
use crate::parcel::refusal::ParcelRefusal;
use crate::parcel::state::{ParcelState, Phase};

pub(super) fn expect(state: &ParcelState, command: Expect) -> Decision {
    let Expect { waybill, piece, category, order, recipient } = command;
    check_piece(piece)?;
    match state.phase {
        Phase::Unknown => {}
        Phase::Refused | Phase::Disposed => return Ok(vec![]),
        Phase::Expected
        | Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. }
        | Phase::HandedOff => return announce_late(state, order, recipient),
    }
    Ok(vec![ParcelExpected { waybill, piece, category, order, recipient }.into()])
}

/// What the label says counts; what it left open, an announcement that came later still tells.
fn announce_late(
    state: &ParcelState,
    order: Option<OrderId>,
    recipient: Option<Recipient>,
) -> Decision {
    let known = state.contents.as_ref().and_then(|contents| contents.order);
    let mut events = match (known, order) {
        (Some(known), Some(order)) if known != order => {
            return Err(ParcelRefusal::OtherOrder { order: known });
        }
        (None, Some(order)) => vec![ParcelOrderMatched { order }.into()],
        (_, None) | (Some(_), Some(_)) => vec![],
    };
    let told = recipient.filter(|_| state.recipient.is_none() && state.dispute.is_none());
    if let Some(recipient) = told {
        events.push(ParcelIdentified { recipient }.into());
    }
    Ok(events)
}

pub(super) fn arrive(state: &ParcelState, command: Arrive) -> Decision {
    check_piece(command.piece)?;
    match state.phase {
        Phase::Unknown | Phase::Expected => {}
        Phase::HandedOff | Phase::Refused | Phase::Disposed
            if is_long_closed(state, command.at) =>
        {
            return Err(ParcelRefusal::NumberReused);
        }
        // Either the scan is late or its carrier brought it again: only a person can tell.
        Phase::Refused | Phase::Disposed => return Err(ParcelRefusal::Closed),
        Phase::HandedOff
        | Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. } => return Ok(vec![]),
    }
    if command.gate != command.intake_point {
        return Err(ParcelRefusal::NotTheIntakePoint { intake_point: command.intake_point });
    }
    let announced = state.contents.as_ref().and_then(|contents| contents.order);
    let recipient = command.recipient.or_else(|| state.recipient.clone());
    let known = recipient.is_some();
    let arrived = ParcelArrived {
        waybill: command.waybill,
        piece: command.piece,
        generation: command.generation,
        gate: command.gate,
        container: command.container,
        category: command.category,
        size: command.size,
        cold: command.cold,
        weight_grams: command.weight_grams,
        order: command.order.or(announced),
        recipient,
        phone_tail: command.phone_tail,
        sender: command.sender,
        disinfection: command.disinfection,
        on_behalf: command.on_behalf,
    };
    let mut events = vec![arrived.into()];
    if !known {
        events.push(ParcelHeld { reason: HoldReason::UnknownRecipient }.into());
    }
    Ok(events)
}

/// Only what nobody has sorted or carried can be somebody's slip at the gate.
pub(super) fn undo_arrival(state: &ParcelState) -> Decision {
    match state.phase {
        Phase::Unknown if state.handovers == 0 => Err(ParcelRefusal::NotArrived),
        Phase::Unknown | Phase::Expected => Ok(vec![]),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean if state.runs.is_empty() => {
            check_undisputed(state)?;
            Ok(vec![ParcelArrivalUndone {}.into()])
        }
        Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. } => Err(ParcelRefusal::ArrivalStands),
        Phase::HandedOff => Err(ParcelRefusal::AlreadyHandedOff),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

/// Whether the number of this closed parcel may by now name another piece.
pub fn is_long_closed(state: &ParcelState, at: Timestamp) -> bool {
    state.closed_at.is_some_and(|closed_at| at.duration_since(closed_at) >= NUMBER_REUSE_AFTER)
}

pub(super) fn identify(state: &ParcelState, recipient: Recipient) -> Decision {
    if state.recipient.as_ref() == Some(&recipient) {
        return Ok(vec![]);
    }
    match state.phase {
        Phase::Unknown => Err(ParcelRefusal::NotArrived),
        Phase::Expected
        | Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted => {
            check_undisputed(state)?;
            Ok(vec![ParcelIdentified { recipient }.into()])
        }
        Phase::Loaded { .. } | Phase::Relayed { .. } | Phase::Failed { .. } => {
            Err(ParcelRefusal::NotAtIntakePoint)
        }
        Phase::HandedOff => Err(ParcelRefusal::AlreadyHandedOff),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

pub(super) fn start(
    state: &ParcelState,
    at: Timestamp,
    container: Option<ContainerId>,
) -> Decision {
    match state.phase {
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Arrived => {
            let Some(rule) = state.disinfection else {
                return Ok(vec![]);
            };
            let act = SignedDuration::from_secs(i64::from(rule.act_seconds));
            let until = at.saturating_add(act).unwrap_or(Timestamp::MAX);
            Ok(vec![ParcelDisinfectionStarted { rule, until, container }.into()])
        }
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
        Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. }
        | Phase::HandedOff => Ok(vec![]),
    }
}

pub(super) fn stop(state: &ParcelState, at: Timestamp) -> Decision {
    match state.phase {
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Arrived => Err(ParcelRefusal::DisinfectionNotStarted),
        Phase::Disinfecting { until } if at < until => {
            Err(ParcelRefusal::StillDisinfecting { until })
        }
        Phase::Disinfecting { .. } => Ok(vec![ParcelDisinfected {}.into()]),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
        Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. }
        | Phase::HandedOff => Ok(vec![]),
    }
}

pub(super) fn sort(state: &ParcelState, command: Sort) -> Decision {
    let Sort { grid, shelf, placed_in } = command;
    match state.phase {
        Phase::Unknown | Phase::Expected => return Err(ParcelRefusal::NotArrived),
        Phase::Arrived => return Err(ParcelRefusal::DisinfectionNotStarted),
        Phase::Disinfecting { .. } => return Err(ParcelRefusal::DisinfectionNotConfirmed),
        Phase::Clean | Phase::Sorted => {}
        Phase::Loaded { .. } | Phase::Relayed { .. } | Phase::Failed { .. } | Phase::HandedOff => {
            return Ok(vec![]);
        }
        Phase::Refused | Phase::Disposed => return Err(ParcelRefusal::Closed),
    }
    let Some(recipient) = &state.recipient else {
        return Err(ParcelRefusal::UnknownRecipient);
    };
    check_deliverable(state)?;
    if placed_in.is_some_and(|placed_in| placed_in != grid) {
        return Err(ParcelRefusal::WrongGrid { belongs_to: grid });
    }
    let mut events = found(state);
    let lies_there = state.shelf.as_ref() == Some(&shelf) && state.grid.as_ref() == Some(&grid);
    if state.phase != Phase::Sorted || !lies_there {
        let building = recipient.door.building.clone();
        events.push(ParcelSorted { grid, building, shelf }.into());
    }
    Ok(events)
}
