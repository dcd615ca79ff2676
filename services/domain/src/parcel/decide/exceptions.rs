//! Off the normal way: given back, lost, recalled, disputed, and what corrects it.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Decision, check_at_intake_point, check_run, check_undisputed};
use crate::ids::{ActorId, RecallId, RunId};
use crate::parcel::event::{
    Claim, DisposalReason, End, LateScan, OvernightReason, ParcelDamaged, ParcelDisposed,
    ParcelDisputeSettled, ParcelDisputed, ParcelEvent, ParcelFound, ParcelKeptOvernight,
    ParcelLateScanNoted, ParcelMissing, ParcelPhotographed, ParcelRecallLifted, ParcelRecalled,
    ParcelRefused, ParcelReopened, RefusalReason, ReopenReason,
};
use crate::parcel::refusal::ParcelRefusal;
use crate::parcel::state::{Dispute, PHOTOS_MAX, ParcelState, Phase};

pub(super) fn refuse(state: &ParcelState, reason: RefusalReason, at: Timestamp) -> Decision {
    if state.phase == Phase::Refused {
        return Ok(vec![]);
    }
    check_at_intake_point(state)?;
    check_undisputed(state)?;
    let mut events = found(state);
    events.push(ParcelRefused { reason, at }.into());
    Ok(events)
}

pub(super) fn dispose(state: &ParcelState, reason: DisposalReason, at: Timestamp) -> Decision {
    if state.phase == Phase::Disposed {
        return Ok(vec![]);
    }
    if reason == DisposalReason::Lost {
        return write_off(state, at);
    }
    check_at_intake_point(state)?;
    check_undisputed(state)?;
    // Whoever throws it away has it in his hands.
    let mut events = found(state);
    events.push(ParcelDisposed { reason, run: None, at }.into());
    Ok(events)
}

/// A missing piece is closed as lost wherever it was when it was last seen.
fn write_off(state: &ParcelState, at: Timestamp) -> Decision {
    let run = state.phase.run();
    if run.is_none() {
        check_at_intake_point(state)?;
    }
    check_undisputed(state)?;
    if !state.missing {
        return Err(ParcelRefusal::NotMissing);
    }
    Ok(vec![ParcelDisposed { reason: DisposalReason::Lost, run, at }.into()])
}

pub(super) fn keep_overnight(
    state: &ParcelState,
    day: Date,
    reason: OvernightReason,
    owner: ActorId,
) -> Decision {
    check_at_intake_point(state)?;
    if state.contents.as_ref().is_some_and(|contents| contents.category.is_perishable()) {
        return Err(ParcelRefusal::PerishableOvernight);
    }
    let keep = ParcelKeptOvernight { day, reason, owner };
    let done = |kept: &ParcelKeptOvernight| *kept == keep || kept.day > day;
    if state.kept.as_ref().is_some_and(done) {
        return Ok(vec![]);
    }
    Ok(vec![keep.into()])
}

pub(super) fn report_damage(state: &ParcelState, usable: bool) -> Decision {
    match state.phase {
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::HandedOff => Err(ParcelRefusal::AlreadyHandedOff),
        Phase::Refused | Phase::Disposed => Err(ParcelRefusal::Closed),
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

pub(super) fn report_missing(state: &ParcelState) -> Decision {
    match state.phase {
        Phase::Unknown | Phase::Expected => Err(ParcelRefusal::NotArrived),
        Phase::HandedOff => Ok(dispute(state, End::NotReceived, state.handed_off_by)),
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

pub(super) fn found(state: &ParcelState) -> Vec<ParcelEvent> {
    if state.missing { vec![ParcelFound {}.into()] } else { vec![] }
}

pub(super) fn call_back(state: &ParcelState, recall: RecallId) -> Decision {
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
            if state.recalls.contains(&recall) {
                Ok(vec![])
            } else {
                Ok(vec![ParcelRecalled { recall }.into()])
            }
        }
    }
}

pub(super) fn lift_recall(state: &ParcelState, recall: RecallId) -> Decision {
    if state.recalls.contains(&recall) {
        Ok(vec![ParcelRecallLifted { recall }.into()])
    } else if state.recalls_lifted.contains(&recall) {
        Ok(vec![])
    } else {
        Err(ParcelRefusal::NotRecalled { recall })
    }
}

pub(super) fn reopen(state: &ParcelState, reason: ReopenReason) -> Decision {
    match state.phase {
        Phase::HandedOff | Phase::Refused | Phase::Disposed => {
            check_undisputed(state)?;
            Ok(vec![ParcelReopened { reason }.into()])
        }
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

pub(super) fn settle(state: &ParcelState, truth: End, at: Timestamp) -> Decision {
    let Some(Dispute { recorded, claims }) = state.dispute.clone() else {
        return match state.settled {
            Some(settled) if settled == truth => Ok(vec![]),
            Some(_) | None => Err(ParcelRefusal::NotDisputed),
        };
    };
    if truth != recorded && claims.iter().all(|claim| claim.end != truth) {
        return Err(ParcelRefusal::NotASide { truth });
    }
    Ok(vec![ParcelDisputeSettled { recorded, claims, truth, at }.into()])
}

/// Ends contradict each other: all facts stay. A claim that stands already adds nothing.
pub(super) fn dispute(state: &ParcelState, claimed: End, run: Option<RunId>) -> Vec<ParcelEvent> {
    let claim = Claim { end: claimed, run };
    let recorded = match &state.dispute {
        Some(dispute) if dispute.claims.contains(&claim) => return vec![],
        Some(dispute) => dispute.recorded,
        None => recorded_end(state.phase),
    };
    vec![ParcelDisputed { recorded, claimed, run }.into()]
}

/// A picture changes nothing about the piece, so it may be taken at any time after it came, also of
/// one that has ended.
pub(super) fn photograph(state: &ParcelState, photo: ParcelPhotographed) -> Decision {
    if matches!(state.phase, Phase::Unknown | Phase::Expected) {
        return Err(ParcelRefusal::NotArrived);
    }
    if state.photos.contains(&photo.photo) {
        return Ok(vec![]);
    }
    if state.photos.len() >= PHOTOS_MAX {
        return Err(ParcelRefusal::TooManyPhotos { most: PHOTOS_MAX });
    }
    Ok(vec![photo.into()])
}

/// The end that is on record. A piece that has not ended came back from whoever contradicts it.
fn recorded_end(phase: Phase) -> End {
    match phase {
        Phase::HandedOff => End::HandedOff,
        Phase::Refused => End::GivenBack,
        Phase::Disposed => End::Disposed,
        Phase::Unknown
        | Phase::Expected
        | Phase::Arrived
        | Phase::Disinfecting { .. }
        | Phase::Clean
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. } => End::Returned,
    }
}

/// A scan that came late fills in history once and lowers no status.
pub(super) fn note_late(state: &ParcelState, run: RunId, scan: LateScan) -> Decision {
    match state.last_run() {
        Some(last_run) => check_run(last_run, run)?,
        None => return Err(ParcelRefusal::AlreadyHandedOff),
    }
    if state.late_scans.contains(&scan) {
        return Ok(vec![]);
    }
    Ok(vec![ParcelLateScanNoted { scan }.into()])
}
