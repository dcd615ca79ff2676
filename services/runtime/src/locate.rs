//! From a scanned code to the parcel that it names.

use addressing::code::Kind;
use addressing::layout::{self, TailToken};
use addressing::phone::phone_tail;
use addressing::resolve::{Candidate, NameTokens, Query, Verdict, resolve};
use addressing::{Language, waybill};
use domain::address::{Door, Recipient};
use domain::ids::{CarrierId, CommunityId, HouseholdId, ParcelId, Waybill, WaybillNumber};
use domain::parcel::{ParcelState, Phase, is_long_closed};
use jiff::Timestamp;

use crate::directory::{Known, Place};
use crate::engine::{Engine, unavailable};
use crate::person::{self, NameError};
use crate::problem::Problem;
use crate::request::Request;
use crate::scan::{Destination, PieceRef};

/// The carrier of our own labels.
pub const OWN_CARRIER: &str = "own";
/// The characters of an id as it is written; no carrier's number has as many.
const ID_CHARS: usize = 36;
/// The longest address text that is looked at, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 600;

/// What a code turned out to be.
pub(crate) enum Code {
    /// One of our own parcel labels.
    Label(u32),
    /// A waybill number.
    Number(WaybillNumber),
    /// A piece's own id, as lists name it: nobody prints one.
    Id(ParcelId),
}

/// Reads a code as it was scanned or typed.
pub(crate) fn read_code(text: &str) -> Result<Code, Problem> {
    if text.len() == ID_CHARS
        && let Ok(id) = text.parse()
    {
        return Ok(Code::Id(id));
    }
    match waybill::normalise(text) {
        Ok(waybill::Scan::Own { kind: Kind::Parcel, number }) => Ok(Code::Label(number)),
        Ok(waybill::Scan::Own {
            kind: Kind::Shelf | Kind::Cart | Kind::Run | Kind::Badge, ..
        }) => Err(Problem::invalid(
            "not-a-parcel-code",
            "this code is on a shelf, cart, run or badge: scan a piece",
            "这是货架、推车、配送趟或工牌的码：请扫描物件",
        )),
        Ok(waybill::Scan::Waybill(normalised)) => Ok(Code::Number(normalised.number)),
        Err(error) => Err(Problem::invalid(
            "code-unreadable",
            error.to_string(),
            "此码无法识别：请重扫，或改用手工录入单号",
        )),
    }
}

/// For whom a piece is, as far as it could be told.
#[derive(Debug)]
pub struct Addressed {
    /// How sure it is. A household or a door that was named outright is certain.
    pub verdict: Verdict,
    /// For whom, when it is certain.
    pub recipient: Option<Recipient>,
    /// Who it may be, the best first, when it is not.
    pub candidates: Vec<Candidate>,
    /// Why it is so sure or so unsure, in a sentence; `None` where no address was read.
    pub says: Option<Sentence>,
}

/// A sentence for the person at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// In Chinese.
    pub chinese: String,
    /// In English.
    pub english: String,
}

/// Why a candidate is one, in a sentence.
pub fn reasons_of(candidate: &Candidate) -> Sentence {
    Sentence {
        chinese: candidate.sentence(Language::Chinese),
        english: candidate.sentence(Language::English),
    }
}

/// Whether a text can be taught as another name of a place.
///
/// # Errors
/// A problem that says which rule it breaks.
pub fn check_alias(text: &str) -> Result<(), Problem> {
    layout::check_alias(text).map_err(|error| {
        let chinese = match error {
            layout::AliasError::Length => format!(
                "别名须为 {} 到 {} 个字：请改写",
                layout::ALIAS_CHARS_MIN,
                layout::ALIAS_CHARS_MAX
            ),
            layout::AliasError::OnlyDigits => "别名不能只有数字：请连同巷名或楼名一起写".to_owned(),
        };
        Problem::invalid("alias-shape", error.to_string(), chinese)
    })
}

impl Engine {
    /// The one open piece that a code names: our own label, or a number that only one piece has.
    ///
    /// # Errors
    /// A code that cannot be read, and one that names no piece or several.
    pub fn find(&self, community: &CommunityId, code: &str) -> Result<ParcelId, Problem> {
        let code = read_code(code)?;
        self.with_place(community, |place| match candidates(place, &code).as_slice() {
            [one] => Ok(*one),
            [] => Err(piece_unknown()),
            several => Err(several_pieces(place, several)),
        })?
    }

    /// The parcel that a code names.
    ///
    /// The number alone is enough while it leads to one piece; the carrier, and the piece where a
    /// waybill covers several, decide otherwise.
    pub(crate) async fn locate(
        &self,
        request: &Request,
        piece: &PieceRef,
    ) -> Result<ParcelId, Problem> {
        let code = read_code(&piece.code)?;
        if let (Code::Number(number), Some(carrier)) = (&code, &piece.carrier) {
            let waybill = Waybill { carrier: carrier.clone(), number: number.clone() };
            let (community, at) = (&request.community, request.recorded_at);
            let (id, state, _) =
                self.latest(community, &waybill, piece.piece.unwrap_or(1), at, false).await?;
            return if state.phase == Phase::Unknown { Err(piece_unknown()) } else { Ok(id) };
        }
        self.with_place(&request.community, |place| {
            let mut found = candidates(place, &code);
            if let Some(wanted) = piece.piece {
                found.retain(|id| place.known(*id).is_some_and(|known| known.piece == wanted));
            }
            if let Some(wanted) = piece.carrier.as_ref().filter(|_| found.len() > 1) {
                let of_carrier = |known: &Known| known.waybill.carrier == *wanted;
                found.retain(|id| place.known(*id).is_some_and(of_carrier));
            }
            match found.as_slice() {
                [one] => Ok(*one),
                [] => Err(piece_unknown()),
                several => Err(several_pieces(place, several)),
            }
        })?
    }

    /// The newest life of a waybill's piece: its id, state and generation. With `to_arrive`, a life
    /// that ended long ago makes way for the next one.
    pub(crate) async fn latest(
        &self,
        community: &CommunityId,
        waybill: &Waybill,
        piece: u16,
        at: Timestamp,
        to_arrive: bool,
    ) -> Result<(ParcelId, std::sync::Arc<ParcelState>, u16), Problem> {
        let mut generation = 0;
        loop {
            let id = ParcelId::derive(community, waybill, piece, generation);
            let peeked = self.parcels.peek(community, &id).await;
            let (state, _) = peeked.map_err(|failure| unavailable(&failure))?;
            if !is_long_closed(&state, at) || generation == u16::MAX {
                return Ok((id, state, generation));
            }
            let next = ParcelId::derive(community, waybill, piece, generation + 1);
            let peeked = self.parcels.peek(community, &next).await;
            let (next_state, _) = peeked.map_err(|failure| unavailable(&failure))?;
            if next_state.phase == Phase::Unknown && !to_arrive {
                return Ok((id, state, generation));
            }
            generation += 1;
        }
    }

    /// For whom a piece is, as its label tells.
    ///
    /// # Errors
    /// A problem when the destination names something that there is not.
    pub fn resolve(
        &self,
        community: &CommunityId,
        destination: &Destination,
        carrier: Option<&CarrierId>,
    ) -> Result<Addressed, Problem> {
        let of_text = || destination.address.as_deref().and_then(phone_tail);
        let tail = match destination.phone_tail.clone().or_else(of_text) {
            Some(tail) => Some(self.tail_token(community, &tail)?),
            None => None,
        };
        let name = match destination.name.as_deref() {
            Some(name) => self.name_tokens(community, name)?,
            None => NameTokens::default(),
        };
        self.with_place(community, |place| {
            if let Some(household) = destination.household {
                return of_household(place, household, destination.door.as_ref());
            }
            if let Some(door) = &destination.door {
                return of_door(place, door, tail);
            }
            let Some(text) = &destination.address else { return Ok(nobody()) };
            if text.len() > ADDRESS_BYTES_MAX {
                return Err(Problem::invalid(
                    "address-too-long",
                    format!("an address has at most {ADDRESS_BYTES_MAX} bytes: shorten it"),
                    format!("地址至多 {ADDRESS_BYTES_MAX} 字节：请缩短"),
                ));
            }
            let resolution = resolve(place.layout(), &Query { text, tail, name, carrier });
            let verdict = resolution.verdict;
            let says = Some(Sentence {
                chinese: resolution.sentence(Language::Chinese),
                english: resolution.sentence(Language::English),
            });
            let certain = resolution.certain().and_then(|candidate| {
                let door = candidate.door()?;
                let (household, grid) = (candidate.household, candidate.grid.clone());
                Some(Recipient { household, door, grid })
            });
            let candidates = if certain.is_some() { vec![] } else { resolution.candidates };
            Ok(Addressed { verdict, recipient: certain, candidates, says })
        })?
    }

    fn name_tokens(&self, community: &CommunityId, name: &str) -> Result<NameTokens, Problem> {
        person::looked_for(&self.vault, community, name).map_err(|error| match error {
            NameError::TooLong => person::name_too_long(),
            NameError::Vault(error) => vault_failed(&error),
        })
    }

    fn tail_token(&self, community: &CommunityId, tail: &str) -> Result<TailToken, Problem> {
        person::check_tail(tail)?;
        let token = self.vault.tail_token(community, tail).map_err(|error| vault_failed(&error))?;
        Ok(TailToken(u64::from_be_bytes(token.to_bytes())))
    }
}

pub(crate) fn vault_failed(error: &crate::vault::VaultError) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "the vault failed");
    Problem::deferred(
        "vault-unavailable",
        "personal data cannot be sealed now: keep this and send it again",
        "目前无法加密个人信息：请保留，稍后重发",
    )
}

fn nobody() -> Addressed {
    Addressed { verdict: Verdict::Unknown, recipient: None, candidates: vec![], says: None }
}

/// What was named outright, and where it is.
fn named(recipient: Option<Recipient>) -> Addressed {
    let verdict = if recipient.is_some() { Verdict::Certain } else { Verdict::Unknown };
    Addressed { verdict, recipient, candidates: vec![], says: None }
}

fn of_household(place: &Place, id: HouseholdId, door: Option<&Door>) -> Result<Addressed, Problem> {
    let household = place.household(id).filter(|household| !household.erased);
    let Some(household) = household else {
        return Err(Problem::not_found(
            "household-unknown",
            "this household is not registered: register it first",
            "该户尚未登记：请先登记",
        ));
    };
    let door = door.filter(|door| household.doors.contains(door)).or(household.doors.first());
    let recipient = door.and_then(|door| {
        let grid = place.community().grid_of(&door.building)?.clone();
        Some(Recipient { household: Some(id), door: door.clone(), grid })
    });
    Ok(named(recipient))
}

fn of_door(place: &Place, door: &Door, tail: Option<TailToken>) -> Result<Addressed, Problem> {
    if !place.community().has_door(door) {
        return Err(Problem::not_found(
            "door-unknown",
            format!("there is no door {door}: check building, unit and room"),
            format!("没有 {door} 这个门：请核对楼栋、单元和房号"),
        ));
    }
    let Some(grid) = place.community().grid_of(&door.building) else {
        return Err(Problem::not_found(
            "grid-missing",
            format!("building {} belongs to no grid: assign it first", door.building),
            format!("{} 栋尚未划入网格：请先划入", door.building),
        ));
    };
    let behind: Vec<_> = place.layout().behind(door).collect();
    let household = match behind.as_slice() {
        [only] => Some(only.id),
        several => {
            let mut fitting = several
                .iter()
                .filter(|household| tail.is_some_and(|t| household.tails.contains(&t)));
            let first = fitting.next().map(|household| household.id);
            first.filter(|_| fitting.next().is_none())
        }
    };
    let recipient = Recipient { household, door: door.clone(), grid: grid.clone() };
    Ok(named(Some(recipient)))
}

/// The pieces that a code may name.
fn candidates(place: &Place, code: &Code) -> Vec<ParcelId> {
    match code {
        Code::Label(number) => place.parcels_of_label(*number).to_vec(),
        Code::Number(number) => place.parcels_of_number(number).to_vec(),
        Code::Id(id) => place.known(*id).map(|_| *id).into_iter().collect(),
    }
}

fn piece_unknown() -> Problem {
    Problem::not_found(
        "piece-unknown",
        "no piece has this code: scan its arrival first, or choose its carrier",
        "没有此码的物件：请先做到件扫描，或选择快递公司",
    )
}

fn several_pieces(place: &Place, several: &[ParcelId]) -> Problem {
    let named = several.iter().filter_map(|id| place.known(*id));
    let named: Vec<_> = named
        .map(|Known { waybill: Waybill { carrier, number }, piece, .. }| {
            format!("{carrier} {number} #{piece}")
        })
        .collect();
    let list = named.join(", ");
    Problem::invalid(
        "code-ambiguous",
        format!(
            "this code leads to several pieces ({list}): choose the carrier and the piece, or scan \
             the carrier's own code"
        ),
        format!("此码对应多件（{list}）：请选择快递公司和件号，或改扫快递面单"),
    )
}
