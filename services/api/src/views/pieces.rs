//! The pieces behind a figure, and the page of a building's volunteer.

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use domain::ids::{BuildingId, CommunityId, GridId};
use jiff::Timestamp;
use projections::building_page::BuildingPage;
use projections::community_views::COVERAGE;
use projections::facts::Spot;
use projections::piece_list::{ListedPiece, PIECES_NAMED_MAX, PieceList, Wanted};
use runtime::Problem;
use runtime::directory::label_code;
use schemars::JsonSchema;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Serialize};

use super::lists::{door_cells, waybill_cells};
use super::resources::{answer, building_unknown};
use super::{Asked, When};
use crate::App;
use crate::body;
use crate::commands::path_part;
use crate::export::{Cell, Csv};
use crate::problem::ProblemResponse;

/// Which pieces are asked for: those for which all of this holds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PiecesQuery {
    /// In one of these spots, with commas between them, such as `to_sort,on_shelf`. Without it:
    /// anywhere on their way.
    #[serde(default)]
    spots: String,
    /// For a building of this grid; empty for pieces that belong to no grid.
    grid: Option<String>,
    /// For this building.
    building: Option<BuildingId>,
    /// Only those that need care, wherever they are.
    #[serde(default)]
    exceptions: bool,
    /// As it stood at this time. Without it, now.
    #[serde(rename = "asOf")]
    as_of: Option<Timestamp>,
    /// Only once the view has seen this position.
    #[serde(rename = "atLeast")]
    at_least: Option<u64>,
}

impl PiecesQuery {
    fn read(self) -> Result<(Wanted, When), Problem> {
        let Self { spots, grid, building, exceptions, as_of, at_least } = self;
        let names = spots.split(',').map(str::trim).filter(|name| !name.is_empty());
        let spots = names.map(spot).collect::<Result<_, _>>()?;
        let grid: Option<Option<GridId>> = match grid.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(name) => Some(Some(path_part(name, "grid")?)),
        };
        Ok((Wanted { spots, grid, building, exceptions }, When { as_of, at_least }))
    }
}

fn spot(name: &str) -> Result<Spot, Problem> {
    let reader: StrDeserializer<'_, Error> = name.into_deserializer();
    Spot::deserialize(reader).map_err(|_| {
        Problem::invalid(
            "spot-unknown",
            format!("there is no spot `{name}`: see Spot in /api/v1/openapi.json"),
            format!("没有位置 `{name}`：可用位置见 /api/v1/openapi.json 的 Spot"),
        )
    })
}

/// The pieces behind a figure.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PiecesBody {
    /// The moment that it is of.
    at: Timestamp,
    /// How many there are.
    count: u32,
    /// The first of them, at most 500: building by building, the longest here first.
    pieces: Vec<LabelledPiece>,
}

/// A piece with what is written on it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LabelledPiece {
    /// The short code on its label.
    label: String,
    #[serde(flatten)]
    piece: ListedPiece,
}

/// The pieces behind a figure.
pub(crate) async fn pieces(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let asked = list_of(&app, &community, &uri, PIECES_NAMED_MAX).await?;
    Ok(answer(&asked.map(|PieceList { at, count, pieces }| {
        let labelled =
            |piece: ListedPiece| LabelledPiece { label: label_code(piece.parcel), piece };
        PiecesBody { at, count, pieces: pieces.into_iter().map(labelled).collect() }
    })))
}

/// The pieces behind a figure, as CSV: all of them.
pub(crate) async fn pieces_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let mut csv = Csv::with(&[
        "parcel",
        "label",
        "carrier",
        "number",
        "category",
        "spot",
        "in_spot_since",
        "arrived_at",
        "grid",
        "building",
        "unit",
        "room",
        "run",
        "needs_care",
    ]);
    for piece in &list_of(&app, &community, &uri, usize::MAX).await?.answer.pieces {
        let [carrier, number] = waybill_cells(piece.waybill.as_ref());
        let [building, unit, room] = door_cells(piece.door.as_ref());
        csv.row(vec![
            Cell::of(Some(piece.parcel)),
            Cell::from(label_code(piece.parcel).as_str()),
            carrier,
            number,
            Cell::named(piece.category),
            Cell::named(piece.spot),
            Cell::of(Some(piece.in_spot_since)),
            Cell::of(piece.arrived_at),
            Cell::of(piece.grid.as_ref()),
            building,
            unit,
            room,
            Cell::of(piece.run),
            Cell::from(piece.exception),
        ]);
    }
    Ok(csv.into_response("pieces"))
}

async fn list_of(
    app: &App,
    community: &str,
    uri: &Uri,
    named_max: usize,
) -> Result<Asked<PieceList>, ProblemResponse> {
    let community: CommunityId = path_part(community, "community")?;
    let (wanted, when) = body::query::<PiecesQuery>(uri)?.read()?;
    Ok(app.ask(&community, when, |views, now| views.pieces(&wanted, now, named_max)).await?)
}

/// How a building's page is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildingPageQuery {
    /// Tells of doors that nobody has reached for so many days; without it, three.
    days: Option<u16>,
    /// As it stood at this time. Without it, now.
    #[serde(rename = "asOf")]
    as_of: Option<Timestamp>,
    /// Only once the view has seen this position.
    #[serde(rename = "atLeast")]
    at_least: Option<u64>,
}

/// After how many days without anything a door is told of, when nobody chooses otherwise.
const QUIET_DAYS: u16 = 3;

/// The page of a building's volunteer.
pub(crate) async fn building_page(
    State(app): State<App>,
    Path((community, building)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let building: BuildingId = path_part(&building, "building")?;
    let BuildingPageQuery { days, as_of, at_least } = body::query(&uri)?;
    let (days, when) = (days.unwrap_or(QUIET_DAYS), When { as_of, at_least });
    let asked = app
        .ask_of(COVERAGE, &community, when, |views, now| views.building_page(&building, days, now));
    let Asked { answer: page, position, at } = asked.await?;
    let page: BuildingPage = page.ok_or_else(|| building_unknown(&building))?;
    Ok(answer(&Asked { answer: page, position, at }))
}
