//! What a command came to, kept durably so that the same command is told the same again.

use std::sync::Arc;

use domain::Decider;
use domain::device::event::{
    CommandQuarantined, CommandSettled, QuarantineReason, RefusalKind, SettledAnswer,
};
use domain::device::{Device, DeviceCommand};
use domain::ids::{DeviceId, ParcelId};
use domain::parcel::ParcelState;
use event_log::Revision;

use super::{Engine, problem, unavailable};
use crate::answer::{Candidate, Performed, Status};
use crate::ledger::{Entry, Verdict};
use crate::problem::{Problem, ProblemKind};
use crate::repository::How;
use crate::request::Request;
use crate::scan::Scan;

/// The code of a command that waits for a person.
pub(super) const QUARANTINED: &str = "command-quarantined";

impl Engine {
    /// Answers a command that has been worked off before, as it was answered then.
    pub(super) async fn answer_again(
        &self,
        request: &Request,
        scan: &Scan,
        entry: Entry,
    ) -> Result<(Status, Performed), Problem> {
        match entry.verdict {
            Verdict::Quarantined => Err(quarantined_problem()),
            Verdict::Applied { parcel: Some(parcel) } => {
                let replayed = self
                    .parcels
                    .replayed(&request.community, &parcel, request)
                    .await
                    .map_err(|failure| unavailable(&failure))?;
                let parcel = replayed.map(|(state, _)| (parcel, state));
                let candidates = self.candidates_again(request, scan);
                let performed = Performed { parcel, candidates, ..Performed::default() };
                Ok((status_of(&performed), performed))
            }
            Verdict::Applied { parcel: None } => {
                let performed = self.perform(request, scan).await?;
                Ok((status_of(&performed), performed))
            }
            Verdict::Settled(settled) => match *settled {
                SettledAnswer::Refused { .. } => Err(settled_problem(*settled)),
                SettledAnswer::Repeated { revision } => {
                    let parcel = self.repeated_parcel(request, scan, revision).await?;
                    let repeated = Some(revision);
                    let candidates = self.candidates_again(request, scan);
                    let performed =
                        Performed { parcel, repeated, candidates, ..Performed::default() };
                    Ok((Status::Duplicate, performed))
                }
                SettledAnswer::Shared { accepted, refused } => {
                    let pieces = Some(crate::answer::PieceCount { accepted, refused });
                    Ok((Status::Accepted, Performed { pieces, ..Performed::default() }))
                }
            },
        }
    }

    /// Who a piece may be for, asked anew: this is not kept, because it is about people.
    fn candidates_again(&self, request: &Request, scan: &Scan) -> Vec<Candidate> {
        let (Scan::Expect(scan) | Scan::Arrive(scan)) = scan else { return vec![] };
        let again = self.resolve(&request.community, &scan.destination, scan.carrier.as_ref());
        again.map(|addressed| addressed.candidates).unwrap_or_default()
    }

    async fn repeated_parcel(
        &self,
        request: &Request,
        scan: &Scan,
        revision: u64,
    ) -> Result<Option<(ParcelId, Arc<ParcelState>)>, Problem> {
        let Some(parcel) = self.parcel_of(request, scan).await? else { return Ok(None) };
        let state = self.parcels.as_of(&request.community, &parcel, Revision(revision)).await;
        Ok(Some((parcel, state.map_err(|failure| unavailable(&failure))?)))
    }

    /// Puts a command aside; gives the problem that says so, or why even that did not work.
    pub(super) async fn quarantine(&self, request: &Request, reason: QuarantineReason) -> Problem {
        let fact = CommandQuarantined {
            command: request.command_id,
            content: request.content,
            sequence: request.sequence,
            reason,
        };
        match self.keep(request, DeviceCommand::Quarantine(fact)).await {
            Ok(()) => quarantined_problem(),
            Err(problem) => problem,
        }
    }

    /// Keeps the outcome of a command that caused no event of its own, durably, before it is told.
    pub(super) async fn settle(
        &self,
        request: &Request,
        answer: SettledAnswer,
    ) -> Result<(), Problem> {
        let fact = CommandSettled {
            command: request.command_id,
            content: request.content,
            sequence: request.sequence,
            answer,
        };
        self.keep(request, DeviceCommand::Settle(fact)).await
    }

    async fn keep(&self, request: &Request, command: DeviceCommand) -> Result<(), Problem> {
        let device = match &request.device {
            Some(device) => device.clone(),
            None => no_device()?,
        };
        let request = request.follow_up("outcome");
        let done = self
            .devices
            .execute(&device, &request, None, |_| {
                Ok::<_, <Device as Decider>::Refusal>(command.clone())
            })
            .await
            .map_err(problem)?;
        if let How::Appended(position) = done.how {
            self.seen(position).await;
        }
        Ok(())
    }
}

pub(super) fn status_of(performed: &Performed) -> Status {
    let held = performed.parcel.as_ref().is_some_and(|(_, state)| state.held.is_some());
    if performed.repeated.is_some() {
        Status::Duplicate
    } else if held {
        Status::Held
    } else {
        Status::Accepted
    }
}

pub(super) fn settled_of(problem: &Problem) -> SettledAnswer {
    let kind = match problem.kind {
        ProblemKind::Conflict => RefusalKind::Conflict,
        ProblemKind::NotFound => RefusalKind::NotFound,
        ProblemKind::Invalid => RefusalKind::Invalid,
        ProblemKind::Refused | ProblemKind::Misuse | ProblemKind::Deferred => RefusalKind::Refused,
    };
    SettledAnswer::Refused {
        kind,
        code: problem.code.clone(),
        english: problem.english.clone(),
        chinese: problem.chinese.clone(),
    }
}

pub(super) fn settled_problem(settled: SettledAnswer) -> Problem {
    match settled {
        SettledAnswer::Refused { kind, code, english, chinese } => {
            let kind = match kind {
                RefusalKind::Refused => ProblemKind::Refused,
                RefusalKind::Conflict => ProblemKind::Conflict,
                RefusalKind::NotFound => ProblemKind::NotFound,
                RefusalKind::Invalid => ProblemKind::Invalid,
            };
            Problem { kind, code, english, chinese }
        }
        SettledAnswer::Repeated { .. } | SettledAnswer::Shared { .. } => Problem::misuse(),
    }
}

pub(super) fn quarantined_problem() -> Problem {
    Problem::new(
        ProblemKind::Refused,
        QUARANTINED,
        "this command was put aside for the desk to look at: the device was revoked, or it is more \
         than 14 days old",
        "该命令已暂存待前台核对：设备已停用，或命令超过 14 天",
    )
}

fn no_device() -> Result<DeviceId, Problem> {
    "no-device".parse().map_err(|_| Problem::misuse())
}
