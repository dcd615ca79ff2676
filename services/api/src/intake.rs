//! The intake point as it stands: what its screen must know, also for the time without a network.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use domain::community::event::GridColour;
use domain::ids::{
    BuildingId, CommunityId, GateId, GridId, ParcelId, ShelfCode, UnitId, WaybillNumber,
};
use domain::supply::Category;
use jiff::civil::Date;
use projections::arrivals::ArrivalEntry;
use projections::intake_point::{Expected, IntakePoint, Table};
use runtime::directory::Place;
use schemars::JsonSchema;
use serde::Serialize;

use crate::App;
use crate::commands::path_part;
use crate::problem::ProblemResponse;
use crate::resources::today;
use crate::views::When;

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
    tables: Vec<Table>,
    /// The announced pieces, at most 1,000: those that came and those that did not.
    expected: Vec<Expected>,
    /// The pieces on the held shelf, at most 200.
    held: Vec<HeldBody>,
    /// How many pieces came in and wait for their disinfection.
    to_disinfect: usize,
    /// The community's local day.
    today: Date,
    /// The deliveries whose hour it is or was today, and of which nobody has said whether they
    /// came.
    due: Vec<ArrivalEntry>,
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
    let (mut body, tables) = app.engine.with_place(&community, |place| {
        let tables = place
            .containers()
            .map(|(table, on_it)| (table.clone(), on_it.iter().copied().collect()));
        (described(place), tables.collect::<BTreeMap<_, Vec<_>>>())
    })?;
    let asked = app.ask(&community, When::default(), |views, now| {
        (views.intake_point(&tables), views.arrivals_due(now))
    });
    let (point, due) = asked.await?.answer;
    let IntakePoint { tables, expected, held, to_disinfect } = point;
    (body.today, body.due) = (today(&app, &community)?, due);
    let held = held.into_iter().map(|(parcel, code)| {
        let label = runtime::directory::label_code(parcel);
        HeldBody { parcel, label, code }
    });
    body.held = held.collect();
    (body.tables, body.expected, body.to_disinfect) = (tables, expected, to_disinfect);
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
        today: Date::default(),
        due: vec![],
        to_disinfect: 0,
    }
}
