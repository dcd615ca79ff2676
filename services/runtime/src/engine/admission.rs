//! Whether a command may be worked off now: new or known, in the device's order, and not put aside.

use std::sync::{Arc, PoisonError};

use domain::device::event::QuarantineReason;
use domain::ids::CommandId;

use super::Engine;
use crate::ledger::Entry;
use crate::problem::{Problem, ProblemKind};
use crate::request::Request;

/// How many lanes are kept before those in which nobody waits are dropped.
const LANES_KEPT_MAX: usize = 10_000;

/// Whether a command may be worked off.
pub(super) enum Admission<'a> {
    /// It is new. While this lives, nobody else works off the same id.
    New(InFlight<'a>),
    /// It has been worked off.
    Known(Entry),
}

/// While this lives, nobody else works off the same command.
pub(super) struct InFlight<'a> {
    engine: &'a Engine,
    command: CommandId,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut in_flight = self.engine.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        in_flight.remove(&self.command);
    }
}

impl Engine {
    /// One lane per device that numbers its commands: they are worked off in order.
    pub(super) async fn lane(&self, request: &Request) -> Option<tokio::sync::OwnedMutexGuard<()>> {
        request.sequence?;
        let device = request.device.clone()?;
        let lane = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            if lanes.len() >= LANES_KEPT_MAX {
                lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
            }
            Arc::clone(lanes.entry((request.community.clone(), device)).or_default())
        };
        Some(lane.lock_owned().await)
    }

    /// Whether a command is new, and may be worked off now.
    pub(super) fn admit(&self, request: &Request) -> Result<Admission<'_>, Problem> {
        {
            let ledger = self.views.ledger();
            if let Some(entry) = ledger.entry(request.command_id) {
                if entry.content != request.content {
                    tracing::warn!(command_id = %request.command_id, "a command id was misused");
                    return Err(Problem::misuse());
                }
                return Ok(Admission::Known(entry.clone()));
            }
            if let (Some(device), Some(sequence)) = (&request.device, request.sequence) {
                let book = ledger.device(&request.community, device);
                check_sequence(book.last_sequence, sequence)?;
            }
        }
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        if in_flight.insert(request.command_id) {
            Ok(Admission::New(InFlight { engine: self, command: request.command_id }))
        } else {
            Err(Problem::still_running())
        }
    }

    pub(super) fn quarantine_reason(&self, request: &Request) -> Option<QuarantineReason> {
        if request.occurred.is_too_old(request.recorded_at) {
            return Some(QuarantineReason::TooOld);
        }
        let device = request.device.as_ref()?;
        let book = self.views.ledger().device(&request.community, device);
        book.revoked.then_some(QuarantineReason::Revoked)
    }
}

fn check_sequence(last: Option<u64>, sequence: u64) -> Result<(), Problem> {
    // A device counts from 1, so that a first command that was lost on the way is missed too.
    let last = last.unwrap_or(0);
    if sequence == last + 1 {
        return Ok(());
    }
    if sequence <= last {
        let english = format!(
            "number {sequence} of this device was used by another command: count on from {}",
            last + 1
        );
        let chinese = format!("本设备的序号 {sequence} 已用于其他命令：请从 {} 继续编号", last + 1);
        return Err(Problem::new(ProblemKind::Misuse, "sequence-used", english, chinese));
    }
    let english = format!("number {} of this device is missing: send it first", last + 1);
    let chinese = format!("缺少本设备的第 {} 号命令：请先发送", last + 1);
    Err(Problem::deferred("sequence-gap", english, chinese))
}
