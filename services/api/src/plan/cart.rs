//! The shapes of a cart over the wire.

use domain::address::Door;
use domain::ids::{BuildingId, GridId, ParcelId, RunId, ShelfCode};
use domain::run::event::Hop;
use domain::supply::Category;
use projections::run_sheet::{self, RunPhase};
use runtime::directory::label_code;
use runtime::planning::{Cart, Expected, HopTold, Stranger, why};
use schemars::JsonSchema;
use serde::Serialize;

use super::body::{SentenceBody, name};

/// A run's cart: whether it is complete, and where pieces were counted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CartBody {
    run: RunId,
    phase: RunPhase,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
    /// Pieces that should be on it.
    expected: u32,
    /// Pieces that were put on it.
    loaded: u32,
    /// Everything is on it that belongs there, and nothing else.
    complete: bool,
    sentence: SentenceBody,
    missing: Vec<MissingBody>,
    /// What was put on it unplanned.
    strangers: Vec<StrangerBody>,
    /// The counts, in the order of the way.
    hops: Vec<HopBody>,
    /// Where pieces went missing; absent while every count agrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<GapBody>,
}

/// A piece that should be on the cart and is not.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MissingBody {
    parcel: ParcelId,
    /// The short code on its label.
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    door: Door,
    #[serde(skip_serializing_if = "Option::is_none")]
    shelf: Option<ShelfCode>,
    /// The name of what holds it up; absent when it only was not put on the cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    sentence: SentenceBody,
}

/// A piece on the cart that was not planned for it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StrangerBody {
    parcel: ParcelId,
    /// The short code on its label.
    label: String,
    door: Door,
    kind: StrangerKind,
    sentence: SentenceBody,
}

/// Why a piece does not belong on a cart.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrangerKind {
    /// Nobody had planned it for this run.
    Unplanned,
}

/// Where pieces are counted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceBody {
    /// At the intake point, when the cart leaves.
    Gate,
    /// Where the cart stands in its grid.
    GridCart,
    /// At the foot of a building.
    BuildingFoot(BuildingId),
}

/// A count.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HopBody {
    hop: PlaceBody,
    /// How many there should have been.
    expected: u32,
    /// How many were counted.
    counted: u32,
}

/// Between which places pieces went missing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GapBody {
    /// The place before.
    after: PlaceBody,
    /// Where another number was counted.
    hop: PlaceBody,
    expected: u32,
    counted: u32,
    /// How many went missing; less than 0 where too many were counted.
    missing: i64,
    sentence: SentenceBody,
}

impl CartBody {
    pub(super) fn of(run: RunId, cart: Cart) -> Self {
        let complete = cart.is_complete();
        let sentence = why::cart(cart.missing.len(), cart.strangers.len()).into();
        let Cart { state, grid, expected, loaded, missing, strangers, hops, gap } = cart;
        Self {
            run,
            phase: run_sheet::phase(state.phase),
            grid,
            expected,
            loaded,
            complete,
            sentence,
            missing: missing.into_iter().map(Into::into).collect(),
            strangers: strangers.into_iter().map(Into::into).collect(),
            hops: hops.into_iter().map(Into::into).collect(),
            gap: gap.map(|(before, told)| GapBody {
                sentence: why::gap(before.as_ref(), told.hop.as_ref(), told.expected, told.counted)
                    .into(),
                after: place(before),
                hop: place(told.hop),
                expected: told.expected,
                counted: told.counted,
                missing: i64::from(told.expected) - i64::from(told.counted),
            }),
        }
    }
}

impl From<Expected> for MissingBody {
    fn from(piece: Expected) -> Self {
        let Expected { parcel, category, door, shelf, held_up, sentence } = piece;
        let (label, code) = (label_code(parcel), held_up.as_ref().map(name));
        Self { parcel, label, category, door, shelf, code, sentence: sentence.into() }
    }
}

impl From<Stranger> for StrangerBody {
    fn from(Stranger { parcel, door }: Stranger) -> Self {
        let (label, sentence) = (label_code(parcel), why::stranger().into());
        Self { parcel, label, door, kind: StrangerKind::Unplanned, sentence }
    }
}

impl From<HopTold> for HopBody {
    fn from(HopTold { hop, expected, counted }: HopTold) -> Self {
        Self { hop: place(hop), expected, counted }
    }
}

fn place(hop: Option<Hop>) -> PlaceBody {
    match hop {
        None => PlaceBody::Gate,
        Some(Hop::GridCart) => PlaceBody::GridCart,
        Some(Hop::BuildingFoot(building)) => PlaceBody::BuildingFoot(building),
    }
}
