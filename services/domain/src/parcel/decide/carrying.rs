//! On the way: loaded, set down, handed off, failed, brought back.

use super::exceptions::{dispute, found, note_late};
use super::{Decision, check_deliverable, check_run, check_undisputed, check_zone};
use crate::address::Door;
use crate::community::ZoneAccess;
use crate::ids::{BuildingId, RunId, ShelfCode};
use crate::parcel::command::{HandOff, LoadOn};
use crate::parcel::event::{
    DeliveryLevel, End, FailureReason, LateScan, ParcelDeliveryFailed, ParcelHandedOff,
    ParcelLoaded, ParcelRelayed, ParcelReturned, ParcelUnloaded,
};
use crate::parcel::refusal::ParcelRefusal;
use crate::parcel::state::{ParcelState, Phase};

pub(super) fn load(state: &ParcelState, command: &LoadOn) -> Decision {
    let run = command.run;
    match state.phase {
        Phase::Unknown | Phase::Expected => return Err(ParcelRefusal::NotArrived),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean => {
            return Err(ParcelRefusal::NotSorted);
        }
        Phase::Sorted => {}
        Phase::Loaded { run: other }
        | Phase::Relayed { run: other }
        | Phase::Failed { run: other } => {
            return if other == run {
                Ok(vec![])
            } else {
                Err(ParcelRefusal::WrongRun { loaded_on: other })
            };
        }
        Phase::HandedOff if state.last_run() == Some(run) => return Ok(vec![]),
        Phase::HandedOff => return Err(ParcelRefusal::AlreadyHandedOff),
        Phase::Refused | Phase::Disposed => return Err(ParcelRefusal::Closed),
    }
    check_undisputed(state)?;
    // A run is one trip: a second load scan of it is an old one that came late.
    if state.was_on(run) {
        return Err(ParcelRefusal::BroughtBack);
    }
    check_deliverable(state)?;
    let Some(grid) = &state.grid else {
        return Err(ParcelRefusal::NotSorted);
    };
    if *grid != command.run_grid {
        let belongs_to = grid.clone();
        return Err(ParcelRefusal::WrongGrid { belongs_to });
    }
    check_zone(&command.access)?;
    let mut events = found(state);
    events.push(ParcelLoaded { run }.into());
    Ok(events)
}

pub(super) fn unload(state: &ParcelState, run: RunId) -> Decision {
    match state.phase {
        Phase::Loaded { run: actual } => {
            check_run(actual, run)?;
            let mut events = found(state);
            events.push(ParcelUnloaded { run }.into());
            Ok(events)
        }
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted => Ok(vec![]),
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Relayed { .. } | Phase::Failed { .. } => Err(ParcelRefusal::NotAtIntakePoint),
        Phase::HandedOff => Err(ParcelRefusal::AlreadyHandedOff),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

pub(super) fn relay(
    state: &ParcelState,
    run: RunId,
    building: BuildingId,
    access: ZoneAccess,
) -> Decision {
    match state.phase {
        Phase::Loaded { run: actual } => {
            check_run(actual, run)?;
            check_deliverable(state)?;
            if let Some(recipient) = &state.recipient
                && recipient.door.building != building
            {
                let belongs_to = recipient.door.building.clone();
                return Err(ParcelRefusal::WrongBuilding { belongs_to });
            }
            let mut events = found(state);
            let closed_zone = access.closed_zone();
            events.push(ParcelRelayed { run, building, closed_zone }.into());
            Ok(events)
        }
        Phase::Relayed { run: actual } => check_run(actual, run).map(|()| vec![]),
        Phase::Failed { .. } | Phase::HandedOff => note_late(state, run, LateScan::Relayed),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted
            if state.last_run() == Some(run) =>
        {
            note_late(state, run, LateScan::Relayed)
        }
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted => {
            Err(ParcelRefusal::NotLoaded)
        }
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

pub(super) fn hand_off(state: &ParcelState, command: HandOff) -> Decision {
    let HandOff { run, door, level, received_by, access, at } = command;
    match state.phase {
        Phase::Loaded { run: actual }
        | Phase::Relayed { run: actual }
        | Phase::Failed { run: actual } => {
            if level == DeliveryLevel::Pickup {
                return Err(ParcelRefusal::NotAtIntakePoint);
            }
            if run != Some(actual) {
                return contradict(state, run, ParcelRefusal::WrongRun { loaded_on: actual });
            }
        }
        Phase::Sorted if level == DeliveryLevel::Pickup && run.is_none() => {
            check_undisputed(state)?;
        }
        Phase::Sorted => return contradict(state, run, ParcelRefusal::NotLoaded),
        Phase::HandedOff => return check_door(state, &door).map(|()| vec![]),
        Phase::Unknown | Phase::Expected => return Err(ParcelRefusal::NotArrived),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean => {
            return contradict(state, run, ParcelRefusal::NotSorted);
        }
        Phase::Refused | Phase::Disposed => {
            return contradict(state, run, ParcelRefusal::Closed);
        }
    }
    check_deliverable(state)?;
    check_door(state, &door)?;
    let closed_zone = access.closed_zone();
    let mut events = found(state);
    events.push(ParcelHandedOff { run, door, level, received_by, at, closed_zone }.into());
    Ok(events)
}

/// A run that had the piece says that it handed it off, but something else is on record: both facts
/// stay. From anybody else it is no fact.
fn contradict(state: &ParcelState, run: Option<RunId>, otherwise: ParcelRefusal) -> Decision {
    if run.is_some_and(|run| state.was_on(run)) {
        Ok(dispute(state, End::HandedOff, run))
    } else {
        Err(otherwise)
    }
}

pub(super) fn fail(state: &ParcelState, run: RunId, reason: FailureReason) -> Decision {
    match state.phase {
        Phase::Loaded { run: actual } | Phase::Relayed { run: actual } => {
            check_run(actual, run)?;
            let mut events = found(state);
            events.push(ParcelDeliveryFailed { run, reason }.into());
            Ok(events)
        }
        Phase::Failed { run: actual } => {
            check_run(actual, run)?;
            let mut events = found(state);
            if state.last_failure != Some(reason) {
                events.push(ParcelDeliveryFailed { run, reason }.into());
            }
            Ok(events)
        }
        Phase::HandedOff => note_late(state, run, LateScan::Failed),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted
            if state.last_run() == Some(run) =>
        {
            note_late(state, run, LateScan::Failed)
        }
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted => {
            Err(ParcelRefusal::NotLoaded)
        }
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

pub(super) fn bring_back(state: &ParcelState, from: Option<RunId>, shelf: ShelfCode) -> Decision {
    match state.phase {
        Phase::Loaded { run } | Phase::Relayed { run } | Phase::Failed { run } => {
            check_run(run, from.unwrap_or(run))?;
            let mut events = found(state);
            events.push(ParcelReturned { run, shelf }.into());
            Ok(events)
        }
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted => {
            Ok(found(state))
        }
        Phase::HandedOff => bring_back_after_the_end(state, from),
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

/// A return from the run that handed the piece off contradicts the hand-off. One from an earlier
/// run is an old scan: the piece went out again after it.
fn bring_back_after_the_end(state: &ParcelState, from: Option<RunId>) -> Decision {
    let by = state.handed_off_by;
    match from {
        Some(run) if by != Some(run) => match by {
            _ if state.was_on(run) => Ok(vec![]),
            Some(loaded_on) => Err(ParcelRefusal::WrongRun { loaded_on }),
            None => Err(ParcelRefusal::AlreadyHandedOff),
        },
        Some(_) | None => Ok(dispute(state, End::Returned, by)),
    }
}

fn check_door(state: &ParcelState, door: &Door) -> Result<(), ParcelRefusal> {
    match &state.recipient {
        Some(recipient) if recipient.door != *door => {
            Err(ParcelRefusal::WrongDoor { belongs_to: recipient.door.clone() })
        }
        Some(_) | None => Ok(()),
    }
}
