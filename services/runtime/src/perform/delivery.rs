//! Scans on the way: loaded, departed, set down, handed off, failed, brought back.

use domain::Decider;
use domain::community::{ClosedZones, ZoneAccess};
use domain::ids::{BuildingId, ParcelId, RunId, ShelfCode};
use domain::parcel::command::{HandOff, LoadOn};
use domain::parcel::event::{DeliveryLevel, ParcelEvent};
use domain::parcel::{Parcel, ParcelCommand, ParcelRefusal, ParcelState};
use domain::run::{Phase, Run, RunCommand};

use super::Outcome;
use crate::answer::Performed;
use crate::engine::{Engine, problem, unavailable};
use crate::problem::Problem;
use crate::repository::How;
use crate::request::Request;
use crate::scan::{HandOffScan, PieceRef};

impl Engine {
    /// Loads a piece: the run answers for its limit, so it takes the piece first; the piece follows
    /// right away. Should the engine stop between the two, the re-sent scan completes it, and a
    /// process takes the piece off the run again when no scan comes.
    pub(super) async fn load(&self, request: &Request, piece: &PieceRef, run: RunId) -> Outcome {
        let id = self.locate(request, piece).await?;
        let (run_state, _) = self
            .runs
            .peek(&request.community, &run)
            .await
            .map_err(|failure| unavailable(&failure))?;
        let Some(run_grid) = run_state.grid().cloned() else { return Err(run_unknown()) };
        let closed = self.closed_zones(request, run_state.needs_protection())?;
        let command = |state: &ParcelState| {
            let recipient = state.recipient.as_ref().ok_or(ParcelRefusal::UnknownRecipient)?;
            let access = closed.access(&recipient.door.building);
            Ok(ParcelCommand::Load(LoadOn { run, run_grid: run_grid.clone(), access }))
        };
        let (state, _) = self
            .parcels
            .peek(&request.community, &id)
            .await
            .map_err(|failure| unavailable(&failure))?;
        let preview = command(&state).and_then(|command| Parcel::decide(&state, command));
        let preview = preview.map_err(|refusal| Problem::refused(&refusal))?;
        let moves = preview.iter().any(is_loaded);
        if let Some(recipient) = state.recipient.as_ref().filter(|_| moves) {
            let (load, door) = (state.load(), recipient.door.clone());
            let listed = run_state.stops.iter().any(|stop| stop.parcels.contains(&id));
            let planned_for =
                if listed { None } else { self.planned_for(request, run, id).await? };
            let put_on = RunCommand::LoadPiece { parcel: id, load, door, planned_for };
            self.runs
                .execute(&run, &request.follow_up("run"), None, |_| Ok(put_on.clone()))
                .await
                .map_err(problem)?;
        }
        self.on_parcel(request, id, "ParcelLoaded", command).await
    }

    /// Another run that a piece is planned for and that has not left: whoever puts it on this
    /// cart has taken it from the wrong place.
    async fn planned_for(
        &self,
        request: &Request,
        run: RunId,
        piece: ParcelId,
    ) -> Result<Option<RunId>, Problem> {
        let open = self.with_place(&request.community, |place| {
            let others = place.open_runs().iter().filter(|other| **other != run);
            others.copied().collect::<Vec<_>>()
        })?;
        for other in open {
            let (state, _) = self.peek::<Run>(&request.community, &other).await?;
            let waits = match state.phase {
                Phase::Planned | Phase::Offered | Phase::Accepted => true,
                Phase::Unknown | Phase::Departed | Phase::Closed | Phase::Cancelled => false,
            };
            if waits && state.stops.iter().any(|stop| stop.parcels.contains(&piece)) {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    pub(super) async fn depart(
        &self,
        request: &Request,
        run: RunId,
        counted_pieces: u32,
    ) -> Outcome {
        self.heard().await;
        let command = RunCommand::Depart { counted_pieces };
        let done = self
            .runs
            .execute(&run, request, None, |_| Ok(command.clone()))
            .await
            .map_err(problem)?;
        let mut performed = Performed::default();
        match done.how {
            How::Appended(position) => performed.appended = Some(position),
            How::Replayed => {}
            How::AlreadySo => performed.repeated = done.revision.map(|revision| revision.0),
        }
        Ok(performed)
    }

    pub(super) async fn relay(
        &self,
        request: &Request,
        piece: &PieceRef,
        run: Option<RunId>,
        building: Option<&BuildingId>,
    ) -> Outcome {
        let id = self.locate(request, piece).await?;
        let closed = self.closed_to(request, id, run).await?;
        self.on_parcel(request, id, "ParcelRelayed", |state| {
            let run = run.or(state.last_run()).ok_or(ParcelRefusal::NotLoaded)?;
            let recipient = state.recipient.as_ref().ok_or(ParcelRefusal::UnknownRecipient)?;
            let building = building.unwrap_or(&recipient.door.building).clone();
            let access = closed.access(&recipient.door.building);
            Ok(ParcelCommand::Relay { run, building, access })
        })
        .await
    }

    pub(super) async fn hand_off(
        &self,
        request: &Request,
        piece: &PieceRef,
        scan: &HandOffScan,
    ) -> Outcome {
        let id = self.locate(request, piece).await?;
        let closed = self.closed_to(request, id, scan.run).await?;
        self.on_parcel(request, id, "ParcelHandedOff", |state| {
            let recipient = state.recipient.as_ref().ok_or(ParcelRefusal::UnknownRecipient)?;
            // A pickup happens at the gate, outside every zone.
            let (run, access) = match scan.level {
                DeliveryLevel::Pickup => (scan.run, ZoneAccess::Admitted),
                DeliveryLevel::Door | DeliveryLevel::BuildingFoot => {
                    (scan.run.or(state.last_run()), closed.access(&recipient.door.building))
                }
            };
            Ok(ParcelCommand::HandOff(HandOff {
                run,
                door: scan.door.clone().unwrap_or_else(|| recipient.door.clone()),
                level: scan.level,
                received_by: scan.received_by,
                access,
                at: request.recorded_at,
            }))
        })
        .await
    }

    pub(super) async fn bring_back(
        &self,
        request: &Request,
        piece: &PieceRef,
        run: Option<RunId>,
        shelf: Option<&ShelfCode>,
    ) -> Outcome {
        let id = self.locate(request, piece).await?;
        self.on_parcel(request, id, "ParcelReturned", |state| {
            let recipient = state.recipient.as_ref().ok_or(ParcelRefusal::NotLoaded)?;
            let known = self.with_place(&request.community, |place| {
                shelf.cloned().or_else(|| place.shelf(&recipient.door.building))
            });
            let shelf = known.ok().flatten().or_else(|| state.shelf.clone());
            let shelf = shelf.ok_or(ParcelRefusal::NotLoaded)?;
            Ok(ParcelCommand::Return { run, shelf })
        })
        .await
    }

    /// A command of the courier who has the piece: the run that the scan names, or the piece's own.
    pub(super) async fn by_courier(
        &self,
        request: &Request,
        piece: &PieceRef,
        run: Option<RunId>,
        event_type: &'static str,
        command: impl Fn(RunId) -> ParcelCommand + Send + Sync,
    ) -> Outcome {
        let id = self.locate(request, piece).await?;
        self.on_parcel(request, id, event_type, |state| {
            run.or(state.last_run()).map(&command).ok_or(ParcelRefusal::NotLoaded)
        })
        .await
    }

    /// The zones that are closed to the run that a scan names, or else to the one that last had the
    /// piece.
    async fn closed_to(
        &self,
        request: &Request,
        id: ParcelId,
        run: Option<RunId>,
    ) -> Result<ClosedZones, Problem> {
        let run = match run {
            Some(run) => Some(run),
            None => self.peek::<Parcel>(&request.community, &id).await?.0.last_run(),
        };
        let protection = match run {
            Some(run) => self.peek::<Run>(&request.community, &run).await?.0.needs_protection(),
            None => false,
        };
        self.closed_zones(request, protection)
    }

    /// The zones that are closed to a run. A community that is not known is a problem, never open.
    fn closed_zones(&self, request: &Request, protection: bool) -> Result<ClosedZones, Problem> {
        self.with_place(&request.community, |place| {
            place.community().closed_zones(request.recorded_at, protection)
        })
    }
}

fn is_loaded(event: &ParcelEvent) -> bool {
    matches!(event, ParcelEvent::Loaded(_))
}

fn run_unknown() -> Problem {
    Problem::not_found(
        "run-unknown",
        "this run was never planned: plan it first",
        "没有这一配送趟：请先排定",
    )
}
