//! What each scan does: looks up the facts, and puts the command to its parcel and its run.

use std::sync::Arc;

use domain::Decider;
use domain::address::Recipient;
use domain::community::ZoneAccess;
use domain::ids::{BuildingId, CarrierId, GateId, ParcelId, RunId, ShelfCode, Waybill};
use domain::parcel::command::{Arrive, Expect, HandOff, LoadOn, Sort};
use domain::parcel::event::{DeliveryLevel, ParcelEvent};
use domain::parcel::{Parcel, ParcelCommand, ParcelRefusal, ParcelState};
use domain::run::RunCommand;
use domain::sealed::Sealed;
use domain::supply::Category;

use crate::answer::{Performed, PieceCount};
use crate::engine::{Engine, problem, unavailable};
use crate::locate::{Addressed, Code, OWN_CARRIER, read_code, vault_failed};
use crate::problem::Problem;
use crate::repository::How;
use crate::request::Request;
use crate::scan::{
    ArriveScan, CONTAINER_PIECES_MAX, Destination, HandOffScan, PieceRef, Scan, Target,
};
use crate::vault::Subject;

type Outcome = Result<Performed, Problem>;

impl Engine {
    /// Performs a scan. It may be called again with the same request: what was done is not done
    /// twice.
    pub(crate) async fn perform(&self, request: &Request, scan: &Scan) -> Outcome {
        let at = request.recorded_at;
        match scan {
            Scan::Expect(scan) => self.expect(request, scan).await,
            Scan::Arrive(scan) => self.arrive(request, scan).await,
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

    async fn expect(&self, request: &Request, scan: &ArriveScan) -> Outcome {
        let (id, waybill, ..) = self.arriving(request, scan, true).await?;
        let addressed =
            self.resolve(&request.community, &scan.destination, Some(&waybill.carrier))?;
        let command = ParcelCommand::Expect(Expect {
            waybill,
            piece: scan.piece,
            category: scan.category.unwrap_or(Category::ParcelGoods),
            order: scan.order,
            recipient: addressed.recipient,
        });
        let mut performed =
            self.on_parcel(request, id, "ParcelExpected", |_| Ok(command.clone())).await?;
        performed.candidates = addressed.candidates;
        Ok(performed)
    }

    async fn arrive(&self, request: &Request, scan: &ArriveScan) -> Outcome {
        let (id, waybill, state, generation) = self.arriving(request, scan, true).await?;
        let Addressed { recipient, candidates } =
            self.resolve(&request.community, &scan.destination, Some(&waybill.carrier))?;
        let announced = state.contents.as_ref().map(|contents| contents.category);
        let category = scan.category.or(announced).unwrap_or(Category::ParcelGoods);
        let (gate, intake_point, disinfection) =
            self.with_place(&request.community, |place| {
                let community = place.community();
                let intake_point = community.intake_point.clone().ok_or_else(no_intake_point)?;
                let gate = match &scan.gate {
                    Some(gate) if community.gates.contains(gate) => gate.clone(),
                    Some(gate) => return Err(gate_unknown(gate)),
                    None => intake_point.clone(),
                };
                Ok((gate, intake_point, community.disinfection.get(&category).copied()))
            })??;
        let known = recipient.as_ref().or(state.recipient.as_ref());
        let subject = subject_of(request, id, known);
        let command = ParcelCommand::Arrive(Box::new(Arrive {
            waybill,
            piece: scan.piece,
            generation,
            gate,
            intake_point,
            container: scan.container.clone(),
            category,
            size: scan.size,
            cold: scan.cold,
            weight_grams: scan.weight_grams,
            order: scan.order,
            phone_tail: self.seal(&subject, scan.destination.phone_tail.as_deref())?,
            sender: self.seal(&subject, scan.sender.as_deref())?,
            recipient,
            disinfection,
            at: request.recorded_at,
        }));
        let mut performed =
            self.on_parcel(request, id, "ParcelArrived", |_| Ok(command.clone())).await?;
        performed.candidates = candidates;
        Ok(performed)
    }

    /// The parcel that a waybill's piece is or becomes, with its state and generation.
    async fn arriving(
        &self,
        request: &Request,
        scan: &ArriveScan,
        to_arrive: bool,
    ) -> Result<(ParcelId, Waybill, Arc<ParcelState>, u16), Problem> {
        let waybill = match &scan.code {
            Some(code) => self.waybill(request, code, scan.carrier.as_ref())?,
            None => own_waybill(request)?,
        };
        let (community, at) = (&request.community, request.recorded_at);
        let (id, state, generation) =
            self.latest(community, &waybill, scan.piece.number, at, to_arrive).await?;
        Ok((id, waybill, state, generation))
    }

    /// The waybill of a code. The same digits fit several carriers, so one that is not said is
    /// taken only from a piece that was announced or is here.
    fn waybill(
        &self,
        request: &Request,
        code: &str,
        carrier: Option<&CarrierId>,
    ) -> Result<Waybill, Problem> {
        match (read_code(code)?, carrier) {
            (Code::Number(number), Some(carrier)) => {
                Ok(Waybill { carrier: carrier.clone(), number })
            }
            (Code::Number(number), None) => self.with_place(&request.community, |place| {
                let known = place.parcels_of_number(&number).iter();
                let mut waybills = known.filter_map(|id| place.known(*id)).map(|k| &k.waybill);
                let first = waybills.next();
                match first {
                    Some(first) if waybills.all(|other| other == first) => Ok(first.clone()),
                    Some(_) | None => Err(carrier_needed()),
                }
            })?,
            (Code::Label(number), _) => self.with_place(&request.community, |place| {
                match place.parcels_of_label(number) {
                    [id] => place.known(*id).map(|known| known.waybill.clone()),
                    _ => None,
                }
                .ok_or_else(carrier_needed)
            })?,
        }
    }

    async fn identify(
        &self,
        request: &Request,
        piece: &PieceRef,
        destination: &Destination,
    ) -> Outcome {
        let Addressed { recipient, candidates } =
            self.resolve(&request.community, destination, None)?;
        let Some(recipient) = recipient else {
            let count = candidates.len();
            return Err(Problem::new(
                crate::problem::ProblemKind::Refused,
                "recipient-not-certain",
                format!("this fits {count} households or none: give the door, or the phone tail"),
                format!("匹配到 {count} 户或无匹配：请给出门牌或手机尾号"),
            ));
        };
        let command = ParcelCommand::Identify { recipient };
        self.on_piece(request, piece, "ParcelIdentified", command).await
    }

    async fn disinfect(&self, request: &Request, target: &Target, start: bool) -> Outcome {
        let at = request.recorded_at;
        let event_type = if start { "ParcelDisinfectionStarted" } else { "ParcelDisinfected" };
        let container = match target {
            Target::Piece(piece) => {
                let command = if start {
                    ParcelCommand::StartDisinfection { at, container: None }
                } else {
                    ParcelCommand::StopDisinfection { at }
                };
                return self.on_piece(request, piece, event_type, command).await;
            }
            Target::Container(container) => container,
        };
        let pieces = self.with_place(&request.community, |place| {
            place.parcels_on(container).take(CONTAINER_PIECES_MAX).collect::<Vec<_>>()
        })?;
        if pieces.is_empty() {
            return Err(Problem::not_found(
                "container-empty",
                format!("nothing lies on {container}: scan pieces onto it first"),
                format!("{container} 上没有物件：请先把物件扫到其上"),
            ));
        }
        let command = if start {
            ParcelCommand::StartDisinfection { at, container: Some(container.clone()) }
        } else {
            ParcelCommand::StopDisinfection { at }
        };
        self.share_out(request, &pieces, event_type, &command).await
    }

    /// Puts one command to many pieces, all at once, so that they share few commits.
    async fn share_out(
        &self,
        request: &Request,
        pieces: &[ParcelId],
        event_type: &'static str,
        command: &ParcelCommand,
    ) -> Outcome {
        let shares = pieces.iter().map(|id| async move {
            let request = request.follow_up(&id.to_string());
            self.on_parcel(&request, *id, event_type, |_| Ok(command.clone())).await
        });
        let mut performed = Performed { unrecorded: true, ..Performed::default() };
        let mut count = PieceCount::default();
        let mut first_refusal = None;
        for outcome in futures_util::future::join_all(shares).await {
            match outcome {
                Ok(share) => {
                    count.accepted += 1;
                    performed.appended = performed.appended.max(share.appended);
                }
                Err(problem) if problem.is_deferred() => return Err(problem),
                Err(problem) => {
                    count.refused += 1;
                    first_refusal.get_or_insert(problem);
                }
            }
        }
        match first_refusal {
            Some(refusal) if count.accepted == 0 => Err(refusal),
            Some(_) | None => {
                performed.pieces = Some(count);
                Ok(performed)
            }
        }
    }

    async fn sort(
        &self,
        request: &Request,
        piece: &PieceRef,
        shelf: Option<&ShelfCode>,
        placed_in: Option<&domain::ids::GridId>,
    ) -> Outcome {
        let id = self.locate(request, piece).await?;
        self.on_parcel(request, id, "ParcelSorted", |state| {
            let recipient = state.recipient.as_ref().ok_or(ParcelRefusal::UnknownRecipient)?;
            let building = &recipient.door.building;
            let facts = self.with_place(&request.community, |place| {
                let grid = place.community().grid_of(building).unwrap_or(&recipient.grid).clone();
                (grid, shelf.cloned().or_else(|| place.shelf(building)))
            });
            let (grid, shelf) = match facts {
                Ok((grid, Some(shelf))) => (grid, shelf),
                Ok((_, None)) | Err(_) => return Err(ParcelRefusal::UnknownRecipient),
            };
            Ok(ParcelCommand::Sort(Sort { grid, shelf, placed_in: placed_in.cloned() }))
        })
        .await
    }

    /// Loads a piece: the run answers for its limit, so it takes the piece first; the piece follows
    /// right away. Should the engine stop between the two, the re-sent scan completes it, and a
    /// process takes the piece off the run again when no scan comes.
    async fn load(&self, request: &Request, piece: &PieceRef, run: RunId) -> Outcome {
        let id = self.locate(request, piece).await?;
        let (run_state, _) = self
            .runs
            .peek(&request.community, &run)
            .await
            .map_err(|failure| unavailable(&failure))?;
        let Some(run_grid) = run_state.grid().cloned() else { return Err(run_unknown()) };
        let protection = run_state.needs_protection();
        let command = |state: &ParcelState| {
            let access = self.access(request, state.recipient.as_ref(), protection);
            Ok(ParcelCommand::Load(LoadOn { run, run_grid: run_grid.clone(), access }))
        };
        let (state, _) = self
            .parcels
            .peek(&request.community, &id)
            .await
            .map_err(|failure| unavailable(&failure))?;
        let preview = Parcel::decide(&state, command(&state).map_err(refused)?);
        let moves = preview.map_err(refused)?.iter().any(is_loaded);
        if let Some(recipient) = state.recipient.as_ref().filter(|_| moves) {
            let (load, door) = (state.load(), recipient.door.clone());
            let put_on = RunCommand::LoadPiece { parcel: id, load, door };
            self.runs
                .execute(&run, &request.follow_up("run"), None, |_| Ok(put_on.clone()))
                .await
                .map_err(problem)?;
        }
        self.on_parcel(request, id, "ParcelLoaded", command).await
    }

    async fn depart(&self, request: &Request, run: RunId, counted_pieces: u32) -> Outcome {
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

    async fn relay(
        &self,
        request: &Request,
        piece: &PieceRef,
        run: Option<RunId>,
        building: Option<&BuildingId>,
    ) -> Outcome {
        let id = self.locate(request, piece).await?;
        let protection = self.protection(request, id, run).await?;
        self.on_parcel(request, id, "ParcelRelayed", |state| {
            let run = run.or(state.last_run()).ok_or(ParcelRefusal::NotLoaded)?;
            let recipient = state.recipient.as_ref().ok_or(ParcelRefusal::UnknownRecipient)?;
            let building = building.unwrap_or(&recipient.door.building).clone();
            let access = self.access(request, Some(recipient), protection);
            Ok(ParcelCommand::Relay { run, building, access })
        })
        .await
    }

    async fn hand_off(&self, request: &Request, piece: &PieceRef, scan: &HandOffScan) -> Outcome {
        let id = self.locate(request, piece).await?;
        let protection = self.protection(request, id, scan.run).await?;
        self.on_parcel(request, id, "ParcelHandedOff", |state| {
            let recipient = state.recipient.as_ref().ok_or(ParcelRefusal::UnknownRecipient)?;
            // A pickup happens at the gate, outside every zone.
            let (run, access) = match scan.level {
                DeliveryLevel::Pickup => (scan.run, ZoneAccess::Admitted),
                DeliveryLevel::Door | DeliveryLevel::BuildingFoot => (
                    scan.run.or(state.last_run()),
                    self.access(request, Some(recipient), protection),
                ),
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

    async fn bring_back(
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
    async fn by_courier(
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
        let done = self.parcels.execute(&id, request, None, command).await.map_err(problem)?;
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

    /// Whether the run that has a piece may enter sealed zones.
    async fn protection(
        &self,
        request: &Request,
        id: ParcelId,
        run: Option<RunId>,
    ) -> Result<bool, Problem> {
        let run = match run {
            Some(run) => Some(run),
            None => {
                let peeked = self.parcels.peek(&request.community, &id).await;
                peeked.map_err(|failure| unavailable(&failure))?.0.last_run()
            }
        };
        let Some(run) = run else { return Ok(false) };
        let peeked = self.runs.peek(&request.community, &run).await;
        Ok(peeked.map_err(|failure| unavailable(&failure))?.0.needs_protection())
    }

    fn access(
        &self,
        request: &Request,
        recipient: Option<&Recipient>,
        protection: bool,
    ) -> ZoneAccess {
        let Some(recipient) = recipient else { return ZoneAccess::Admitted };
        let building = &recipient.door.building;
        let access = self.with_place(&request.community, |place| {
            place.community().zone_access(building, request.recorded_at, protection)
        });
        access.unwrap_or(ZoneAccess::Admitted)
    }

    fn seal(&self, subject: &Subject, text: Option<&str>) -> Result<Option<Sealed>, Problem> {
        let sealed = text.map(|text| self.vault.seal(subject, text)).transpose();
        sealed.map_err(|error| vault_failed(&error))
    }

    /// The community's local day of a request.
    pub(crate) fn local_day(&self, request: &Request) -> Result<jiff::civil::Date, Problem> {
        self.with_place(&request.community, |place| {
            let registered = place.community().registered.as_ref();
            let zone = registered.map_or("UTC", |registered| registered.time_zone.as_str());
            let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
            request.recorded_at.to_zoned(zone).date()
        })
    }
}

fn subject_of(request: &Request, id: ParcelId, recipient: Option<&Recipient>) -> Subject {
    let community = request.community.clone();
    match recipient.and_then(|recipient| recipient.household) {
        Some(household) => Subject::Household(community, household),
        None => Subject::Parcel(community, id),
    }
}

/// The waybill of a piece without one: our own, numbered by the command that brought it in.
fn own_waybill(request: &Request) -> Result<Waybill, Problem> {
    let number = format!("{:X}", request.command_id.0.simple());
    match (OWN_CARRIER.parse(), number.parse()) {
        (Ok(carrier), Ok(number)) => Ok(Waybill { carrier, number }),
        _ => Err(carrier_needed()),
    }
}

fn is_loaded(event: &ParcelEvent) -> bool {
    matches!(event, ParcelEvent::Loaded(_))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn refused(refusal: ParcelRefusal) -> Problem {
    Problem::refused(&refusal)
}

fn carrier_needed() -> Problem {
    Problem::invalid(
        "carrier-needed",
        "the same number fits several carriers: choose the carrier, then scan again",
        "同一单号可能属于多家快递：请先选择快递公司再扫描",
    )
}

fn gate_unknown(gate: &GateId) -> Problem {
    Problem::not_found(
        "gate-unknown",
        format!("there is no gate {gate}: choose one of the community's gates"),
        format!("没有 {gate} 门：请选择本社区的门"),
    )
}

fn no_intake_point() -> Problem {
    Problem::not_found(
        "intake-point-unknown",
        "this community has no intake point yet: set one first",
        "本社区尚未设置接收点：请先设置",
    )
}

fn run_unknown() -> Problem {
    Problem::not_found(
        "run-unknown",
        "this run was never planned: plan it first",
        "没有这一配送趟：请先排定",
    )
}
