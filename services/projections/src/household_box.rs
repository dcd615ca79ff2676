//! What is on its way to a household, where is it, and in which window does it come?

use domain::address::Door;
use domain::household::event::TailToken;
use domain::ids::{HouseholdId, ParcelId, RunId, Waybill};
use domain::supply::Category;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Facts, Piece, Spot};
use crate::window::WindowOnDay;

/// The last characters of a waybill's number that a resident is shown, to recognise it by.
const NUMBER_TAIL_CHARS: usize = 4;

/// A piece of a household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoxPiece {
    /// The piece.
    pub parcel: ParcelId,
    /// Carrier and number.
    pub waybill: Option<Waybill>,
    /// What is inside.
    pub category: Category,
    /// Where it is.
    pub spot: Spot,
    /// Since when it is there.
    pub in_spot_since: Timestamp,
    /// When it came in.
    pub arrived_at: Option<Timestamp>,
    /// The window in which it comes; `null` when it came already, or its category has none.
    pub window: Option<WindowOnDay>,
    /// The run that brings it.
    pub run: Option<RunId>,
    /// Whether somebody has to settle something about it first.
    pub needs_care: bool,
}

/// Everything on its way to a household, and what it got lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HouseholdBox {
    /// The household.
    pub household: HouseholdId,
    /// Its doors.
    pub doors: Vec<Door>,
    /// The moment that it is of.
    pub at: Timestamp,
    /// Its pieces, those whose way has not ended first.
    pub pieces: Vec<BoxPiece>,
}

/// What a resident without an account is told of a piece: enough to recognise it, and nothing of
/// who brings it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResidentPiece {
    /// The last characters of its waybill's number.
    pub number_tail: Option<String>,
    /// What is inside.
    pub category: Category,
    /// Where it is.
    pub spot: Spot,
    /// Since when it is there.
    pub in_spot_since: Timestamp,
    /// The window in which it comes; `null` when it came already, or its category has none.
    pub window: Option<WindowOnDay>,
}

/// What a resident without an account is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResidentBox {
    /// The moment that it is of.
    pub at: Timestamp,
    /// The pieces, those whose way has not ended first.
    pub pieces: Vec<ResidentPiece>,
}

/// The box of a household; `None` for one that there is not.
pub fn household_box(facts: &Facts, id: HouseholdId, now: Timestamp) -> Option<HouseholdBox> {
    let household = facts.household(id).filter(|household| !household.erased)?;
    let doors: Vec<_> = household.doors.iter().cloned().collect();
    let pieces = pieces_of(facts, id, &doors);
    let pieces = pieces.into_iter().map(|(parcel, piece)| box_piece(parcel, piece)).collect();
    Some(HouseholdBox { household: id, doors, at: now, pieces })
}

/// The box of the household behind a door whose phone ends like this. `None` for every other door
/// or phone alike, so that nobody learns who lives where.
pub fn look_up(
    facts: &Facts,
    door: &Door,
    phone_tail: TailToken,
    now: Timestamp,
) -> Option<ResidentBox> {
    let fits = |id: &HouseholdId| {
        let household = facts.household(*id).filter(|household| !household.erased);
        let contact = household.and_then(|household| household.contact.as_ref());
        contact.is_some_and(|contact| contact.phone_tail_tokens.contains(&phone_tail))
    };
    let id = facts.households_behind(door).find(fits)?;
    let pieces = pieces_of(facts, id, std::slice::from_ref(door));
    let pieces = pieces.into_iter().map(|(_, piece)| resident_piece(piece)).collect();
    Some(ResidentBox { at: now, pieces })
}

/// The pieces of a household: those that name it, and those for its door that name nobody when it
/// lives there alone.
fn pieces_of<'a>(facts: &'a Facts, id: HouseholdId, doors: &[Door]) -> Vec<(ParcelId, &'a Piece)> {
    let mut pieces = vec![];
    for door in doors {
        let alone = facts.households_behind(door).count() == 1;
        pieces.extend(facts.behind(door).filter(|(_, piece)| {
            match piece.state.recipient.as_ref().and_then(|recipient| recipient.household) {
                Some(named) => named == id,
                None => alone,
            }
        }));
    }
    pieces.sort_by_key(|(parcel, piece)| {
        (piece.state.is_closed(), std::cmp::Reverse(piece.changed_at), *parcel)
    });
    pieces
}

fn box_piece(parcel: ParcelId, piece: &Piece) -> BoxPiece {
    BoxPiece {
        parcel,
        waybill: piece.state.contents.as_ref().map(|contents| contents.waybill.clone()),
        category: piece.category(),
        spot: piece.spot(),
        in_spot_since: piece.in_spot_since,
        arrived_at: piece.arrived_at,
        window: piece.due.filter(|_| !piece.state.is_closed()),
        run: piece.state.phase.run(),
        needs_care: piece.is_exception(),
    }
}

fn resident_piece(piece: &Piece) -> ResidentPiece {
    let tail = |number: &str| {
        let skipped = number.chars().count().saturating_sub(NUMBER_TAIL_CHARS);
        number.chars().skip(skipped).collect()
    };
    let contents = piece.state.contents.as_ref();
    ResidentPiece {
        number_tail: contents.map(|contents| tail(contents.waybill.number.as_str())),
        category: piece.category(),
        spot: piece.spot(),
        in_spot_since: piece.in_spot_since,
        window: piece.due.filter(|_| !piece.state.is_closed()),
    }
}
