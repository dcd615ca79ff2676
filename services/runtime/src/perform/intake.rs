//! Scans at the intake point: announced, arrived, identified, disinfected, sorted.

use std::sync::Arc;

use addressing::waybill;
use domain::address::Recipient;
use domain::ids::{CarrierId, GateId, GridId, ParcelId, ShelfCode, Waybill, WaybillNumber};
use domain::parcel::command::{Arrive, Expect, Sort};
use domain::parcel::{ParcelCommand, ParcelRefusal, ParcelState};
use domain::sealed::Sealed;
use domain::supply::Category;

use super::Outcome;
use crate::answer::{Performed, PieceCount};
use crate::engine::Engine;
use crate::locate::{Addressed, Code, OWN_CARRIER, read_code, vault_failed};
use crate::problem::{Problem, ProblemKind};
use crate::request::Request;
use crate::scan::{ArriveScan, CONTAINER_PIECES_MAX, Destination, PieceRef, Target};
use crate::vault::Subject;

impl Engine {
    pub(super) async fn expect(&self, request: &Request, scan: &ArriveScan) -> Outcome {
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

    pub(super) async fn arrive(&self, request: &Request, scan: &ArriveScan) -> Outcome {
        let (id, waybill, state, generation) = self.arriving(request, scan, true).await?;
        let Addressed { recipient, candidates, .. } =
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
            on_behalf: scan.on_behalf,
            at: request.recorded_at,
        }));
        let mut performed =
            self.on_parcel(request, id, "ParcelArrived", |_| Ok(command.clone())).await?;
        performed.candidates = candidates;
        Ok(performed)
    }

    /// The parcel that a waybill's piece is or becomes, with its state and generation.
    pub(super) async fn arriving(
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
                    Some(_) | None => Err(carrier_needed(Some(&number))),
                }
            })?,
            (Code::Label(number), _) => self.with_place(&request.community, |place| {
                match place.parcels_of_label(number) {
                    [id] => place.known(*id).map(|known| known.waybill.clone()),
                    _ => None,
                }
                .ok_or_else(|| carrier_needed(None))
            })?,
            (Code::Id(id), _) => self.with_place(&request.community, |place| {
                let known = place.known(id).map(|known| known.waybill.clone());
                known.ok_or_else(|| carrier_needed(None))
            })?,
        }
    }

    pub(super) async fn identify(
        &self,
        request: &Request,
        piece: &PieceRef,
        destination: &Destination,
    ) -> Outcome {
        let Addressed { recipient, candidates, .. } =
            self.resolve(&request.community, destination, None)?;
        let Some(recipient) = recipient else {
            let count = candidates.len();
            return Err(Problem::new(
                ProblemKind::Refused,
                "recipient-not-certain",
                format!("this fits {count} households or none: give the door, or the phone tail"),
                format!("匹配到 {count} 户或无匹配：请给出门牌或手机尾号"),
            ));
        };
        let command = ParcelCommand::Identify { recipient };
        self.on_piece(request, piece, "ParcelIdentified", command).await
    }

    pub(super) async fn disinfect(
        &self,
        request: &Request,
        target: &Target,
        start: bool,
    ) -> Outcome {
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

    pub(super) async fn sort(
        &self,
        request: &Request,
        piece: &PieceRef,
        shelf: Option<&ShelfCode>,
        placed_in: Option<&GridId>,
    ) -> Outcome {
        let id = self.locate(request, piece).await?;
        self.on_parcel(request, id, "ParcelSorted", |state| {
            let recipient = state.recipient.as_ref().ok_or(ParcelRefusal::UnknownRecipient)?;
            let building = &recipient.door.building;
            let facts = self.with_place(&request.community, |place| {
                let grid = place.community().grid_of(building).unwrap_or(&recipient.grid).clone();
                (grid, shelf.cloned().or_else(|| place.shelf(building)))
            });
            let Ok((grid, Some(shelf))) = facts else {
                return Err(ParcelRefusal::UnknownRecipient);
            };
            Ok(ParcelCommand::Sort(Sort { grid, shelf, placed_in: placed_in.cloned() }))
        })
        .await
    }

    fn seal(&self, subject: &Subject, text: Option<&str>) -> Result<Option<Sealed>, Problem> {
        let sealed = text.map(|text| self.vault.seal(subject, text)).transpose();
        sealed.map_err(|error| vault_failed(&error))
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
        _ => Err(carrier_needed(None)),
    }
}

/// The carriers whose formats the number fits are named, and none of them is taken for the one.
fn carrier_needed(number: Option<&WaybillNumber>) -> Problem {
    let fitting = number.map(waybill::candidates).unwrap_or_default();
    let fitting: Vec<&str> = fitting.iter().map(|one| one.carrier.as_str()).collect();
    let (by_form, by_form_chinese) = match fitting.as_slice() {
        [] => (String::new(), String::new()),
        some => (
            format!(" (by its form: {})", some.join(", ")),
            format!("（按格式：{}）", some.join("、")),
        ),
    };
    Problem::invalid(
        "carrier-needed",
        format!(
            "the same number fits several carriers{by_form}: choose the carrier, then scan again"
        ),
        format!("同一单号可能属于多家快递{by_form_chinese}：请先选择快递公司再扫描"),
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
