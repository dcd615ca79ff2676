//! Which pieces are behind a figure?

use domain::address::Door;
use domain::ids::{BuildingId, GridId, ParcelId, RunId, Waybill};
use domain::supply::Category;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Facts, Piece, Spot, Standing};

/// How many pieces a list names that people read; the others are counted.
pub const PIECES_NAMED_MAX: usize = 500;

/// Which pieces are asked for: those for which all of this holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// In one of these spots; anywhere on their way when there are none.
    pub spots: Vec<Spot>,
    /// For a building of this grid; `Some(None)` is for one that is in no grid, or that nobody
    /// knows.
    pub grid: Option<Option<GridId>>,
    /// For this building.
    pub building: Option<BuildingId>,
    /// That need care.
    pub exceptions: bool,
}

/// One piece of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListedPiece {
    /// The piece.
    pub parcel: ParcelId,
    /// Carrier and number, once it is known.
    pub waybill: Option<Waybill>,
    /// What is inside.
    pub category: Category,
    /// Where it is.
    pub spot: Spot,
    /// Since when it is there.
    pub in_spot_since: Timestamp,
    /// When it came in; `null` when it was only announced.
    pub arrived_at: Option<Timestamp>,
    /// Its door, once that is known.
    pub door: Option<Door>,
    /// The grid of its building.
    pub grid: Option<GridId>,
    /// The run that has it.
    pub run: Option<RunId>,
    /// Whether it needs care.
    pub exception: bool,
}

/// The pieces behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PieceList {
    /// The moment that it is of.
    pub at: Timestamp,
    /// How many there are.
    pub count: u32,
    /// The first of them, as many as were asked for: building by building, the longest here
    /// first; of those handed off, today's.
    pub pieces: Vec<ListedPiece>,
}

/// The pieces behind a figure, the first `named_max` of them by name.
pub fn list(facts: &Facts, wanted: &Wanted, now: Timestamp, named_max: usize) -> PieceList {
    let today = now.to_zoned(facts.zone().clone()).date();
    let in_grid = |building: Option<&BuildingId>| {
        wanted.grid.as_ref().is_none_or(|grid| {
            building.and_then(|building| facts.grid_of(building)) == grid.as_ref()
        })
    };
    let fits = |piece: &Piece| {
        let Standing { spot, exception, handed_off_on, .. } = piece.standing(facts.zone());
        let here = if wanted.spots.is_empty() {
            spot.is_open() || wanted.exceptions
        } else {
            wanted.spots.contains(&spot)
        };
        let earlier = spot == Spot::HandedOff && handed_off_on != Some(today);
        here && if wanted.exceptions { exception } else { !earlier }
    };
    let (mut count, mut pieces) = (0, vec![]);
    let numbers = facts.buildings().numbers().filter(|(_, building)| {
        let its_own = wanted.building.as_ref().is_none_or(|wanted| *building == Some(wanted));
        its_own && in_grid(*building)
    });
    for (number, building) in numbers {
        let ids = facts.buildings().open(number).chain(facts.buildings().closed(number));
        for id in ids {
            let Some(piece) = facts.piece(id).filter(|piece| fits(piece)) else { continue };
            count += 1;
            if pieces.len() < named_max {
                pieces.push(line(facts, id, piece, building));
            }
        }
    }
    PieceList { at: now, count, pieces }
}

/// One piece as a list tells it; `None` for one that is not kept.
pub fn piece(facts: &Facts, id: ParcelId) -> Option<ListedPiece> {
    let piece = facts.piece(id)?;
    Some(line(facts, id, piece, piece.door().map(|door| &door.building)))
}

fn line(facts: &Facts, id: ParcelId, piece: &Piece, building: Option<&BuildingId>) -> ListedPiece {
    ListedPiece {
        parcel: id,
        waybill: piece.state.contents.as_ref().map(|contents| contents.waybill.clone()),
        category: piece.category(),
        spot: piece.spot(),
        in_spot_since: piece.in_spot_since,
        arrived_at: piece.arrived_at,
        door: piece.door().cloned(),
        grid: building.and_then(|building| facts.grid_of(building)).cloned(),
        run: piece.state.phase.run(),
        exception: piece.is_exception(),
    }
}
