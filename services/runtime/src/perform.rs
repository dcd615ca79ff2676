//! What each scan does: looks up the facts, and puts the command to its parcel and its run.

mod delivery;
mod intake;

use domain::ids::ParcelId;
use domain::parcel::{ParcelCommand, ParcelRefusal, ParcelState};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::answer::Performed;
use crate::engine::{Engine, problem, unavailable};
use crate::problem::Problem;
use crate::repository::{How, NotDone};
use crate::request::Request;
use crate::scan::{PieceRef, Scan, Target};

type Outcome = Result<Performed, Problem>;

impl Engine {
    /// Performs a scan. It may be called again with the same request: what was done is not done
    /// twice.
    pub(crate) async fn perform(&self, request: &Request, scan: &Scan) -> Outcome {
        let at = request.recorded_at;
        match scan {
            Scan::Expect(scan) => self.expect(request, scan).await,
            Scan::Arrive(scan) => self.arrive(request, scan).await,
            Scan::UndoArrival(piece) => {
                let command = ParcelCommand::UndoArrival;
                self.on_piece(request, piece, "ParcelArrivalUndone", command).await
            }
            Scan::Identify(piece, destination) => self.identify(request, piece, destination).await,
            Scan::StartDisinfection(target) => self.disinfect(request, target, true).await,
            Scan::StopDisinfection(target) => self.disinfect(request, target, false).await,
            Scan::Sort(piece, shelf, placed_in) => {
                self.sort(request, piece, shelf.as_ref(), placed_in.as_ref()).await
            }
            Scan::Load(piece, run) => self.load(request, piece, *run).await,
            Scan::Unload(piece, run) => {
                let command = |run| ParcelCommand::Unload { run };
                self.by_courier(request, piece, *run, "ParcelUnloaded", command).await
            }
            Scan::Depart(run, counted_pieces) => self.depart(request, *run, *counted_pieces).await,
            Scan::Relay(piece, run, building) => {
                self.relay(request, piece, *run, building.as_ref()).await
            }
            Scan::HandOff(piece, scan) => self.hand_off(request, piece, scan).await,
            Scan::Fail(piece, run, reason) => {
                let command = |run| ParcelCommand::Fail { run, reason: *reason };
                self.by_courier(request, piece, *run, "ParcelDeliveryFailed", command).await
            }
            Scan::Return(piece, run, shelf) => {
                self.bring_back(request, piece, *run, shelf.as_ref()).await
            }
            Scan::Refuse(piece, reason) => {
                let command = ParcelCommand::Refuse { reason: *reason, at };
                self.on_piece(request, piece, "ParcelRefused", command).await
            }
            Scan::Reopen(piece, reason) => {
                let command = ParcelCommand::Reopen { reason: *reason };
                self.on_piece(request, piece, "ParcelReopened", command).await
            }
            Scan::Damage(piece, usable) => {
                let command = ParcelCommand::ReportDamage { usable: *usable };
                self.on_piece(request, piece, "ParcelDamaged", command).await
            }
            Scan::Missing(piece) => {
                let command = ParcelCommand::ReportMissing;
                self.on_piece(request, piece, "ParcelMissing", command).await
            }
            Scan::Found(piece) => {
                self.on_piece(request, piece, "ParcelFound", ParcelCommand::ReportFound).await
            }
            Scan::Recall(piece, recall) => {
                let command = ParcelCommand::Recall { recall: recall.clone() };
                self.on_piece(request, piece, "ParcelRecalled", command).await
            }
            Scan::LiftRecall(piece, recall) => {
                let command = ParcelCommand::LiftRecall { recall: recall.clone() };
                self.on_piece(request, piece, "ParcelRecallLifted", command).await
            }
            Scan::Dispose(piece, reason) => {
                let command = ParcelCommand::Dispose { reason: *reason, at };
                self.on_piece(request, piece, "ParcelDisposed", command).await
            }
            Scan::KeepOvernight(piece, reason, owner) => {
                let day = self.local_day(request)?;
                let (reason, owner) = (*reason, owner.clone());
                let command = ParcelCommand::KeepOvernight { day, reason, owner };
                self.on_piece(request, piece, "ParcelKeptOvernight", command).await
            }
            Scan::SettleDispute(piece, truth) => {
                let command = ParcelCommand::SettleDispute { truth: *truth, at };
                self.on_piece(request, piece, "ParcelDisputeSettled", command).await
            }
            Scan::Invalid(problem) => Err(problem.clone()),
        }
    }

    /// The parcel that a scan is about, for telling a repeat what it was told.
    pub(crate) async fn parcel_of(
        &self,
        request: &Request,
        scan: &Scan,
    ) -> Result<Option<ParcelId>, Problem> {
        let piece = match scan {
            Scan::Expect(scan) | Scan::Arrive(scan) => {
                return self.arriving(request, scan, false).await.map(|(id, ..)| Some(id));
            }
            Scan::StartDisinfection(Target::Piece(piece))
            | Scan::StopDisinfection(Target::Piece(piece))
            | Scan::UndoArrival(piece)
            | Scan::Identify(piece, _)
            | Scan::Sort(piece, ..)
            | Scan::Load(piece, _)
            | Scan::Unload(piece, _)
            | Scan::Relay(piece, ..)
            | Scan::HandOff(piece, _)
            | Scan::Fail(piece, ..)
            | Scan::Return(piece, ..)
            | Scan::Refuse(piece, _)
            | Scan::Reopen(piece, _)
            | Scan::Damage(piece, _)
            | Scan::Missing(piece)
            | Scan::Found(piece)
            | Scan::Recall(piece, _)
            | Scan::LiftRecall(piece, _)
            | Scan::Dispose(piece, _)
            | Scan::KeepOvernight(piece, ..)
            | Scan::SettleDispute(piece, _) => piece,
            Scan::StartDisinfection(Target::Container(_))
            | Scan::StopDisinfection(Target::Container(_))
            | Scan::Depart(..)
            | Scan::Invalid(_) => return Ok(None),
        };
        self.locate(request, piece).await.map(Some)
    }

    async fn on_piece(
        &self,
        request: &Request,
        piece: &PieceRef,
        event_type: &'static str,
        command: ParcelCommand,
    ) -> Outcome {
        let id = self.locate(request, piece).await?;
        self.on_parcel(request, id, event_type, |_| Ok(command.clone())).await
    }

    /// Puts a command to a parcel. `event_type` is the event that it is about: a repeat is told
    /// what the latest one was told.
    async fn on_parcel(
        &self,
        request: &Request,
        id: ParcelId,
        event_type: &'static str,
        command: impl Fn(&ParcelState) -> Result<ParcelCommand, ParcelRefusal> + Send,
    ) -> Outcome {
        let done = self.parcels.execute(&id, request, None, command).await;
        let done = done.map_err(|not_done| self.in_local_time(request, not_done))?;
        let mut performed = Performed { parcel: Some((id, done.state)), ..Performed::default() };
        match done.how {
            How::Appended(position) => performed.appended = Some(position),
            How::Replayed => {}
            How::AlreadySo => {
                let latest = self.parcels.as_latest(&request.community, &id, event_type).await;
                let latest = latest.map_err(|failure| unavailable(&failure))?;
                let revision = done.revision.map_or(0, |revision| revision.0);
                performed.repeated = Some(revision);
                if let Some((state, revision)) = latest {
                    performed.parcel = Some((id, state));
                    performed.repeated = Some(revision.0);
                }
            }
        }
        Ok(performed)
    }

    /// The problem of a parcel's command, with the moment that it names as the community's clocks
    /// show it.
    fn in_local_time(&self, request: &Request, not_done: NotDone<ParcelRefusal>) -> Problem {
        let NotDone::Refused(ParcelRefusal::StillDisinfecting { until }) = not_done else {
            return problem(not_done);
        };
        let mut problem = Problem::refused(&ParcelRefusal::StillDisinfecting { until });
        if let Ok(Some(zone)) = self.time_zone(request) {
            let clock = until.to_zoned(zone).strftime("%H:%M").to_string();
            let moment = until.to_string();
            problem.english = problem.english.replace(&moment, &clock);
            problem.chinese = problem.chinese.replace(&moment, &clock);
        }
        problem
    }

    fn time_zone(&self, request: &Request) -> Result<Option<TimeZone>, Problem> {
        self.with_place(&request.community, |place| {
            let registered = place.community().registered.as_ref()?;
            TimeZone::get(&registered.time_zone).ok()
        })
    }

    /// The community's local day of a request.
    pub(crate) fn local_day(&self, request: &Request) -> Result<Date, Problem> {
        let zone = self.time_zone(request)?.unwrap_or(TimeZone::UTC);
        Ok(request.recorded_at.to_zoned(zone).date())
    }
}
