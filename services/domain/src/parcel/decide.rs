//! What a command causes in a state: one small function per command.

mod carrying;
mod exceptions;
mod intake;

use jiff::SignedDuration;

use self::carrying::{bring_back, fail, hand_off, load, relay, unload};
use self::exceptions::{
    call_back, dispose, found, keep_overnight, lift_recall, photograph, refuse, reopen,
    report_damage, report_missing, settle,
};
pub use self::intake::is_long_closed;
use self::intake::{arrive, expect, identify, sort, start, stop, undo_arrival};
use super::command::ParcelCommand;
use super::event::{ParcelEvent, Piece};
use super::refusal::ParcelRefusal;
use super::state::{Custody, ParcelState};
use crate::community::ZoneAccess;
use crate::ids::RunId;

/// How long after its end a parcel's number may name a new parcel: carriers use numbers again, but
/// not within weeks.
pub const NUMBER_REUSE_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

type Decision = Result<Vec<ParcelEvent>, ParcelRefusal>;

/// Decides what `command` causes.
pub(super) fn decide(state: &ParcelState, command: ParcelCommand) -> Decision {
    match command {
        ParcelCommand::Expect(command) => expect(state, command),
        ParcelCommand::Arrive(command) => arrive(state, *command),
        ParcelCommand::UndoArrival => undo_arrival(state),
        ParcelCommand::Identify { recipient } => identify(state, recipient),
        ParcelCommand::StartDisinfection { at, container } => start(state, at, container),
        ParcelCommand::StopDisinfection { at } => stop(state, at),
        ParcelCommand::Sort(command) => sort(state, command),
        ParcelCommand::Load(command) => load(state, &command),
        ParcelCommand::Unload { run } => unload(state, run),
        ParcelCommand::Relay { run, building, access } => relay(state, run, building, access),
        ParcelCommand::HandOff(command) => hand_off(state, command),
        ParcelCommand::Fail { run, reason } => fail(state, run, reason),
        ParcelCommand::Return { run, shelf } => bring_back(state, run, shelf),
        ParcelCommand::Refuse { reason, at } => refuse(state, reason, at),
        ParcelCommand::ReportDamage { usable } => report_damage(state, usable),
        ParcelCommand::ReportMissing => report_missing(state),
        ParcelCommand::ReportFound => Ok(found(state)),
        ParcelCommand::Recall { recall } => call_back(state, recall),
        ParcelCommand::LiftRecall { recall } => lift_recall(state, recall),
        ParcelCommand::Dispose { reason, at } => dispose(state, reason, at),
        ParcelCommand::KeepOvernight { day, reason, owner } => {
            keep_overnight(state, day, reason, owner)
        }
        ParcelCommand::Reopen { reason } => reopen(state, reason),
        ParcelCommand::SettleDispute { truth, at } => settle(state, truth, at),
        ParcelCommand::Photograph(photo) => photograph(state, photo),
    }
}

fn check_piece(piece: Piece) -> Result<(), ParcelRefusal> {
    if piece.number >= 1 && piece.number <= piece.of {
        Ok(())
    } else {
        Err(ParcelRefusal::PieceOutOfRange)
    }
}

fn check_run(actual: RunId, claimed: RunId) -> Result<(), ParcelRefusal> {
    if actual == claimed { Ok(()) } else { Err(ParcelRefusal::WrongRun { loaded_on: actual }) }
}

fn check_deliverable(state: &ParcelState) -> Result<(), ParcelRefusal> {
    if state.recipient.is_none() {
        return Err(ParcelRefusal::UnknownRecipient);
    }
    if state.is_recalled() {
        return Err(ParcelRefusal::Recalled);
    }
    if state.damaged == Some(false) {
        return Err(ParcelRefusal::Unusable);
    }
    Ok(())
}

/// While ends contradict each other nobody knows where the piece is: it leaves the intake point
/// only once that is settled.
fn check_undisputed(state: &ParcelState) -> Result<(), ParcelRefusal> {
    match &state.dispute {
        Some(_) => Err(ParcelRefusal::Disputed),
        None => Ok(()),
    }
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
