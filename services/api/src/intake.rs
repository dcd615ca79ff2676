//! The intake point as it stands: what its screen must know, also for the time without a network.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use domain::address::Door;
use domain::community::event::GridColour;
use domain::ids::{
    BuildingId, CarrierId, CommunityId, ContainerId, GateId, GridId, ParcelId, ShelfCode, UnitId,
    WaybillNumber,
};
use domain::parcel::event::Piece;
use domain::parcel::{Parcel, ParcelState, Phase};
use domain::supply::Category;
use jiff::Timestamp;
use runtime::directory::{Known, Place};
use schemars::JsonSchema;
use serde::Serialize;

use crate::App;
use crate::commands::path_part;
use crate::problem::ProblemResponse;

/// The most open pieces that are looked at.
const OPEN_MAX: usize = 4_000;
/// The most announced pieces that are listed.
const EXPECTED_MAX: usize = 1_000;
/// The most held pieces that are listed.
const HELD_MAX: usize = 200;

/// The intake point as it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IntakeBody {
    /// Where supplies come in.
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<GateId>,
    /// The grids with their colours.
    grids: Vec<GridBody>,
    /// The buildings with their grids and shelves.
    buildings: Vec<BuildingBody>,
    /// How long the agent acts, by category; a category that is absent is not disinfected.
    act_seconds: BTreeMap<Category, u32>,
    /// The tables and carts with pieces on them.
    tables: Vec<TableBody>,
    /// The announced pieces, at most 1,000: those that came and those that did not.
    expected: Vec<ExpectedBody>,
    /// The pieces on the held shelf, at most 200.
    held: Vec<HeldBody>,
    /// How many pieces came in and wait for their disinfection.
    to_disinfect: usize,
}

/// A grid and its colour.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GridBody {
    id: GridId,
    colour: GridColour,
}

/// A building, as the intake point needs to know it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BuildingBody {
    id: BuildingId,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shelf: Option<ShelfCode>,
    units: Vec<UnitId>,
}

/// A table or cart.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct TableBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<ContainerId>,
    /// Its pieces whose disinfection has not begun.
    waiting: u32,
    /// Its pieces on which the agent acts.
    acting: u32,
    /// When the last of these is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// An announced piece.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExpectedBody {
    parcel: ParcelId,
    code: WaybillNumber,
    carrier: CarrierId,
    piece: Piece,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    #[serde(skip_serializing_if = "Option::is_none")]
    door: Option<Door>,
    /// Whether it came in.
    arrived: bool,
}

/// A piece on the held shelf.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HeldBody {
    parcel: ParcelId,
    /// The short code on its label.
    label: String,
    code: WaybillNumber,
}

/// The intake point.
pub(crate) async fn intake(
    State(app): State<App>,
    Path(community): Path<String>,
) -> Result<Json<IntakeBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let (mut body, open) = app.engine.with_place(&community, |place| {
        let open = place.open_parcels().take(OPEN_MAX);
        (described(place), open.map(|(id, known)| (id, known.clone())).collect::<Vec<_>>())
    })?;
    let mut tables = BTreeMap::new();
    for (id, known) in open {
        let (state, _) = app.engine.peek::<Parcel>(&community, &id).await?;
        put_piece(&mut body, &mut tables, id, &known, &state);
    }
    body.tables = tables.into_values().collect();
    body.expected.sort_by(|a, b| a.code.as_str().cmp(b.code.as_str()));
    Ok(Json(body))
}

fn described(place: &Place) -> IntakeBody {
    let community = place.community();
    let grids = community.grids.iter();
    let buildings = community.buildings.iter().map(|(id, building)| BuildingBody {
        id: id.clone(),
        grid: building.grid().cloned(),
        shelf: place.shelf(id),
        units: building.description.units.iter().map(|unit| unit.id.clone()).collect(),
    });
    let acts = community.disinfection.iter();
    IntakeBody {
        gate: community.intake_point.clone(),
        grids: grids.map(|(id, colour)| GridBody { id: id.clone(), colour: *colour }).collect(),
        buildings: buildings.collect(),
        act_seconds: acts.map(|(category, rule)| (*category, rule.act_seconds)).collect(),
        tables: vec![],
        expected: vec![],
        held: vec![],
        to_disinfect: 0,
    }
}

fn put_piece(
    body: &mut IntakeBody,
    tables: &mut BTreeMap<ContainerId, TableBody>,
    parcel: ParcelId,
    known: &Known,
    state: &ParcelState,
) {
    let at_gate = match state.phase {
        Phase::Arrived | Phase::Disinfecting { .. } | Phase::Clean => true,
        Phase::Unknown
        | Phase::Expected
        | Phase::Sorted
        | Phase::Loaded { .. }
        | Phase::Relayed { .. }
        | Phase::Failed { .. }
        | Phase::HandedOff
        | Phase::Refused
        | Phase::Disposed => false,
    };
    if state.phase == Phase::Arrived {
        body.to_disinfect += 1;
    }
    let code = || known.waybill.number.clone();
    if at_gate && state.recipient.is_none() && body.held.len() < HELD_MAX {
        let label = runtime::directory::label_code(parcel);
        body.held.push(HeldBody { parcel, label, code: code() });
    }
    if let Some(container) = known.container.as_ref().filter(|_| at_gate) {
        let table = tables.entry(container.clone()).or_default();
        table.container = Some(container.clone());
        match state.phase {
            Phase::Arrived => table.waiting += 1,
            Phase::Disinfecting { until } => {
                table.acting += 1;
                table.until = table.until.max(Some(until));
            }
            Phase::Unknown
            | Phase::Expected
            | Phase::Clean
            | Phase::Sorted
            | Phase::Loaded { .. }
            | Phase::Relayed { .. }
            | Phase::Failed { .. }
            | Phase::HandedOff
            | Phase::Refused
            | Phase::Disposed => {}
        }
    }
    let arrived = state.phase != Phase::Expected;
    if state.was_announced() && (at_gate || !arrived) && body.expected.len() < EXPECTED_MAX {
        let contents = state.contents.as_ref();
        body.expected.push(ExpectedBody {
            parcel,
            code: code(),
            carrier: known.waybill.carrier.clone(),
            piece: contents.map_or(Piece { number: 1, of: 1 }, |contents| contents.piece),
            category: contents.map(|contents| contents.category),
            door: state.recipient.as_ref().map(|recipient| recipient.door.clone()),
            arrived,
        });
    }
}
