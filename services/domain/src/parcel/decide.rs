//! What a command causes in a state: one small function per command.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::command::{Arrive, Expect, HandOff, LoadOn, ParcelCommand, Sort};
use super::event::{
    DeliveryLevel, DisposalReason, End, FailureReason, HoldReason, LateScan, OvernightReason,
    ParcelArrived, ParcelDamaged, ParcelDeliveryFailed, ParcelDisinfected,
    ParcelDisinfectionStarted, ParcelDisposed, ParcelDisputeSettled, ParcelDisputed, ParcelEvent,
    ParcelExpected, ParcelFound, ParcelHandedOff, ParcelHeld, ParcelIdentified,
    ParcelKeptOvernight, ParcelLateScanNoted, ParcelLoaded, ParcelMissing, ParcelRecallLifted,
    ParcelRecalled, ParcelRefused, ParcelRelayed, ParcelReopened, ParcelReturned, ParcelSorted,
    ParcelUnloaded, Piece, RefusalReason, ReopenReason,
};
use super::refusal::ParcelRefusal;
use super::state::{Custody, Dispute, ParcelState, Phase};
use crate::address::Recipient;
use crate::community::ZoneAccess;
use crate::ids::{ActorId, BuildingId, ContainerId, RunId, ShelfCode};

/// How long after its end a parcel's number may name a new parcel: carriers use numbers again, but
/// not within weeks.
pub const NUMBER_REUSE_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

type Decision = Result<Vec<ParcelEvent>, ParcelRefusal>;

/// Decides what `command` causes.
pub(super) fn decide(state: &ParcelState, command: ParcelCommand) -> Decision {
    match command {
        ParcelCommand::Expect(command) => expect(state, command),
        ParcelCommand::Arrive(command) => arrive(state, *command),
        ParcelCommand::Identify { recipient } => identify(state, recipient),
        ParcelCommand::StartDisinfection { at, container } => start(state, at, container),
        ParcelCommand::StopDisinfection { at } => stop(state, at),
        ParcelCommand::Sort(command) => sort(state, command),
        ParcelCommand::Load(command) => load(state, &command),
        ParcelCommand::Unload { run } => unload(state, run),
        ParcelCommand::Relay {
            run,
            building,
            access,
        } => relay(state, run, building, access),
        ParcelCommand::HandOff(command) => hand_off(state, command),
        ParcelCommand::Fail { run, reason } => fail(state, run, reason),
        ParcelCommand::Return { shelf } => bring_back(state, shelf),
        ParcelCommand::Refuse { reason, at } => refuse(state, reason, at),
        ParcelCommand::ReportDamage { usable } => report_damage(state, usable),
        ParcelCommand::ReportMissing => report_missing(state),
        ParcelCommand::ReportFound => Ok(found(state)),
        ParcelCommand::Recall { recall } => call_back(state, recall),
        ParcelCommand::LiftRecall => Ok(lift_recall(state)),
        ParcelCommand::Dispose { reason, at } => dispose(state, reason, at),
        ParcelCommand::KeepOvernight { day, reason, owner } => {
            keep_overnight(state, day, reason, owner)
        }
        ParcelCommand::Reopen { reason } => reopen(state, reason),
        ParcelCommand::SettleDispute { truth, at } => settle(state, truth, at),
    }
}

fn expect(state: &ParcelState, command: Expect) -> Decision {
    let Expect {
        waybill,
        piece,
        category,
        order,
        recipient,
    } = command;
    check_piece(piece)?;
    if state.phase != Phase::Unknown {
        return Ok(vec![]);
    }
    Ok(vec![
        ParcelExpected {
            waybill,
            piece,
            category,
            order,
            recipient,
        }
        .into(),
    ])
}

fn arrive(state: &ParcelState, command: Arrive) -> Decision {
    check_piece(command.piece)?;
    match state.phase {
        Phase::Unknown | Phase::Expected => {}
        Phase::HandedOff | Phase::Refused | Phase::Disposed => {
            return if is_long_closed(state, command.at) {
                Err(ParcelRefusal::NumberReused)
            } else {
                Ok(vec![])
            };
        }
        Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. } => return Ok(vec![]),
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
    };
    let mut events = vec![arrived.into()];
    if !known {
        events.push(
            ParcelHeld {
                reason: HoldReason::UnknownRecipient,
            }
            .into(),
        );
    }
    Ok(events)
}

/// Whether the number of this closed parcel may by now name another piece.
pub fn is_long_closed(state: &ParcelState, at: Timestamp) -> bool {
    state
        .closed_at
        .is_some_and(|closed_at| at.duration_since(closed_at) >= NUMBER_REUSE_AFTER)
}

fn identify(state: &ParcelState, recipient: Recipient) -> Decision {
    match state.phase {
        Phase::Unknown => Err(ParcelRefusal::NotArrived),
        Phase::Expected
        | Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted => {
            if state.recipient.as_ref() == Some(&recipient) {
                return Ok(vec![]);
            }
            Ok(vec![ParcelIdentified { recipient }.into()])
        }
        Phase::Loaded { .. } | Phase::Relayed { .. } | Phase::Failed { .. } => {
            Err(ParcelRefusal::NotAtIntakePoint)
        }
        Phase::HandedOff => Err(ParcelRefusal::AlreadyHandedOff),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

fn start(state: &ParcelState, at: Timestamp, container: Option<ContainerId>) -> Decision {
    match state.phase {
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Arrived => {
            let Some(rule) = state.disinfection else {
                return Ok(vec![]);
            };
            let act = SignedDuration::from_secs(i64::from(rule.act_seconds));
            let until = at.saturating_add(act).unwrap_or(Timestamp::MAX);
            Ok(vec![
                ParcelDisinfectionStarted {
                    rule,
                    until,
                    container,
                }
                .into(),
            ])
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

fn stop(state: &ParcelState, at: Timestamp) -> Decision {
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

fn sort(state: &ParcelState, command: Sort) -> Decision {
    let Sort {
        grid,
        shelf,
        placed_in,
    } = command;
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
    if placed_in.is_some_and(|placed_in| placed_in != grid) {
        return Err(ParcelRefusal::WrongGrid { belongs_to: grid });
    }
    let mut events = found(state);
    let lies_there = state.shelf.as_ref() == Some(&shelf) && state.grid.as_ref() == Some(&grid);
    if state.phase != Phase::Sorted || !lies_there {
        let building = recipient.door.building.clone();
        events.push(
            ParcelSorted {
                grid,
                building,
                shelf,
            }
            .into(),
        );
    }
    Ok(events)
}

fn load(state: &ParcelState, command: &LoadOn) -> Decision {
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
        Phase::HandedOff if state.last_run == Some(run) => return Ok(vec![]),
        Phase::HandedOff => return Err(ParcelRefusal::AlreadyHandedOff),
        Phase::Refused | Phase::Disposed => return Err(ParcelRefusal::Closed),
    }
    check_deliverable(state)?;
    if let Some(grid) = state.grid.clone().filter(|grid| *grid != command.run_grid) {
        return Err(ParcelRefusal::WrongGrid { belongs_to: grid });
    }
    check_zone(&command.access)?;
    let mut events = found(state);
    events.push(ParcelLoaded { run }.into());
    Ok(events)
}

fn unload(state: &ParcelState, run: RunId) -> Decision {
    match state.phase {
        Phase::Loaded { run: actual } => {
            check_run(actual, run)?;
            Ok(vec![ParcelUnloaded { run }.into()])
        }
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted => Ok(vec![]),
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Relayed { .. } | Phase::Failed { .. } => Err(ParcelRefusal::NotAtIntakePoint),
        Phase::HandedOff => Err(ParcelRefusal::AlreadyHandedOff),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

fn relay(state: &ParcelState, run: RunId, building: BuildingId, access: ZoneAccess) -> Decision {
    match state.phase {
        Phase::Loaded { run: actual } => {
            check_run(actual, run)?;
            check_deliverable(state)?;
            check_zone(&access)?;
            if let Some(recipient) = &state.recipient
                && recipient.door.building != building
            {
                let belongs_to = recipient.door.building.clone();
                return Err(ParcelRefusal::WrongBuilding { belongs_to });
            }
            let mut events = found(state);
            events.push(ParcelRelayed { run, building }.into());
            Ok(events)
        }
        Phase::Relayed { run: actual } => check_run(actual, run).map(|()| vec![]),
        Phase::Failed { .. } | Phase::HandedOff => note_late(state, run, LateScan::Relayed),
        Phase::Sorted if state.last_run == Some(run) => note_late(state, run, LateScan::Relayed),
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted => {
            Err(ParcelRefusal::NotLoaded)
        }
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

fn hand_off(state: &ParcelState, command: HandOff) -> Decision {
    let HandOff {
        run,
        door,
        level,
        received_by,
        access,
        at,
    } = command;
    match state.phase {
        Phase::Loaded { run: actual }
        | Phase::Relayed { run: actual }
        | Phase::Failed { run: actual } => {
            if run != Some(actual) {
                return Err(ParcelRefusal::WrongRun { loaded_on: actual });
            }
        }
        Phase::Sorted if level == DeliveryLevel::Pickup && run.is_none() => {}
        Phase::Sorted if run.is_some() && state.last_run == run => {
            return dispute(state, End::Returned, End::HandedOff, run);
        }
        Phase::Sorted => return Err(ParcelRefusal::NotLoaded),
        Phase::HandedOff => return Ok(vec![]),
        Phase::Unknown | Phase::Expected => return Err(ParcelRefusal::NotArrived),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean => {
            return Err(ParcelRefusal::NotSorted);
        }
        Phase::Refused | Phase::Disposed => return Err(ParcelRefusal::Closed),
    }
    check_deliverable(state)?;
    check_zone(&access)?;
    if let Some(recipient) = state
        .recipient
        .as_ref()
        .filter(|recipient| recipient.door != door)
    {
        return Err(ParcelRefusal::WrongDoor {
            belongs_to: recipient.door.clone(),
        });
    }
    let mut events = found(state);
    events.push(
        ParcelHandedOff {
            run,
            door,
            level,
            received_by,
            at,
        }
        .into(),
    );
    Ok(events)
}

fn fail(state: &ParcelState, run: RunId, reason: FailureReason) -> Decision {
    match state.phase {
        Phase::Loaded { run: actual } | Phase::Relayed { run: actual } => {
            check_run(actual, run)?;
            Ok(vec![ParcelDeliveryFailed { run, reason }.into()])
        }
        Phase::Failed { run: actual } => {
            check_run(actual, run)?;
            if state.last_failure == Some(reason) {
                return Ok(vec![]);
            }
            Ok(vec![ParcelDeliveryFailed { run, reason }.into()])
        }
        Phase::HandedOff => note_late(state, run, LateScan::Failed),
        Phase::Sorted if state.last_run == Some(run) => note_late(state, run, LateScan::Failed),
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted => {
            Err(ParcelRefusal::NotLoaded)
        }
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

fn bring_back(state: &ParcelState, shelf: ShelfCode) -> Decision {
    match state.phase {
        Phase::Loaded { run } | Phase::Relayed { run } | Phase::Failed { run } => {
            let mut events = found(state);
            events.push(ParcelReturned { run, shelf }.into());
            Ok(events)
        }
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean | Phase::Sorted => {
            Ok(found(state))
        }
        Phase::HandedOff => dispute(state, End::HandedOff, End::Returned, state.last_run),
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
    }
}

fn refuse(state: &ParcelState, reason: RefusalReason, at: Timestamp) -> Decision {
    if state.phase == Phase::Refused {
        return Ok(vec![]);
    }
    check_at_intake_point(state)?;
    Ok(vec![ParcelRefused { reason, at }.into()])
}

fn dispose(state: &ParcelState, reason: DisposalReason, at: Timestamp) -> Decision {
    if state.phase == Phase::Disposed {
        return Ok(vec![]);
    }
    check_at_intake_point(state)?;
    Ok(vec![ParcelDisposed { reason, at }.into()])
}

fn keep_overnight(
    state: &ParcelState,
    day: Date,
    reason: OvernightReason,
    owner: ActorId,
) -> Decision {
    check_at_intake_point(state)?;
    if state
        .contents
        .as_ref()
        .is_some_and(|contents| contents.category.is_perishable())
    {
        return Err(ParcelRefusal::PerishableOvernight);
    }
    let kept = ParcelKeptOvernight { day, reason, owner };
    if state.kept.as_ref() == Some(&kept) {
        return Ok(vec![]);
    }
    Ok(vec![kept.into()])
}

fn report_damage(state: &ParcelState, usable: bool) -> Decision {
    match state.phase {
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::HandedOff | Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
        Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. } => {
            if state.damaged == Some(usable) {
                return Ok(vec![]);
            }
            Ok(vec![ParcelDamaged { usable }.into()])
        }
    }
}

fn report_missing(state: &ParcelState) -> Decision {
    match state.phase {
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::HandedOff => dispute(state, End::HandedOff, End::NotReceived, state.last_run),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
        Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. } => {
            if state.missing {
                Ok(vec![])
            } else {
                Ok(vec![ParcelMissing {}.into()])
            }
        }
    }
}

fn found(state: &ParcelState) -> Vec<ParcelEvent> {
    if state.missing {
        vec![ParcelFound {}.into()]
    } else {
        vec![]
    }
}

fn call_back(state: &ParcelState, recall: ContainerId) -> Decision {
    match state.phase {
        Phase::Unknown => Err(ParcelRefusal::NotArrived),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
        Phase::Expected
        | Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. }
        | Phase::HandedOff => {
            if state.recalled {
                Ok(vec![])
            } else {
                Ok(vec![ParcelRecalled { recall }.into()])
            }
        }
    }
}

fn lift_recall(state: &ParcelState) -> Vec<ParcelEvent> {
    if state.recalled {
        vec![ParcelRecallLifted {}.into()]
    } else {
        vec![]
    }
}

fn reopen(state: &ParcelState, reason: ReopenReason) -> Decision {
    match state.phase {
        Phase::HandedOff | Phase::Refused => Ok(vec![ParcelReopened { reason }.into()]),
        Phase::Disposed => Err(ParcelRefusal::Closed),
        Phase::Unknown => Err(ParcelRefusal::NotArrived),
        Phase::Expected
        | Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. } => Ok(vec![]),
    }
}

fn settle(state: &ParcelState, truth: End, at: Timestamp) -> Decision {
    let Some(Dispute { recorded, claimed }) = state.dispute else {
        return match state.settled {
            Some(settled) if settled == truth => Ok(vec![]),
            Some(_) | None => Err(ParcelRefusal::NotDisputed),
        };
    };
    if truth != recorded && truth != claimed {
        return Err(ParcelRefusal::NotASide { truth });
    }
    Ok(vec![
        ParcelDisputeSettled {
            recorded,
            claimed,
            truth,
            at,
        }
        .into(),
    ])
}

/// Two ends contradict each other: both facts stay, unless this very dispute stands already.
fn dispute(state: &ParcelState, recorded: End, claimed: End, run: Option<RunId>) -> Decision {
    if state.dispute == Some(Dispute { recorded, claimed }) {
        return Ok(vec![]);
    }
    Ok(vec![
        ParcelDisputed {
            recorded,
            claimed,
            run,
        }
        .into(),
    ])
}

/// A scan that came late fills in history once and lowers no status.
fn note_late(state: &ParcelState, run: RunId, scan: LateScan) -> Decision {
    if let Some(last_run) = state.last_run {
        check_run(last_run, run)?;
    }
    if state.late_scans.contains(&scan) {
        return Ok(vec![]);
    }
    Ok(vec![ParcelLateScanNoted { scan }.into()])
}

fn check_piece(piece: Piece) -> Result<(), ParcelRefusal> {
    if piece.number >= 1 && piece.number <= piece.of {
        Ok(())
    } else {
        Err(ParcelRefusal::PieceOutOfRange)
    }
}

fn check_run(actual: RunId, claimed: RunId) -> Result<(), ParcelRefusal> {
    if actual == claimed {
        Ok(())
    } else {
        Err(ParcelRefusal::WrongRun { loaded_on: actual })
    }
}

fn check_deliverable(state: &ParcelState) -> Result<(), ParcelRefusal> {
    if state.recipient.is_none() {
        return Err(ParcelRefusal::UnknownRecipient);
    }
    if state.recalled {
        return Err(ParcelRefusal::Recalled);
    }
    if state.damaged == Some(false) {
        return Err(ParcelRefusal::Unusable);
    }
    Ok(())
}

fn check_zone(access: &ZoneAccess) -> Result<(), ParcelRefusal> {
    match access {
        ZoneAccess::Admitted => Ok(()),
        ZoneAccess::Closed { zone } => Err(ParcelRefusal::ZoneClosed { zone: zone.clone() }),
    }
}

fn check_at_intake_point(state: &ParcelState) -> Result<(), ParcelRefusal> {
    match state.custody() {
        Custody::IntakePoint => Ok(()),
        Custody::Outside => Err(ParcelRefusal::NotArrived),
        Custody::Run(_) | Custody::BuildingFoot(_) => Err(ParcelRefusal::NotAtIntakePoint),
        Custody::Household => Err(ParcelRefusal::AlreadyHandedOff),
        Custody::Carrier | Custody::Disposed => Err(ParcelRefusal::Closed),
    }
}
