//! The views as resources: `/api/v1/communities/{community}/...`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use domain::ids::{BuildingId, CommunityId};
use jiff::civil::{Date, Time};
use projections::CommunityViews;
use projections::building_queue::{BuildingQueue, QueueFigures, UnitQueue};
use projections::community_views::{DAY_REPORT, NOW_BOARD};
use projections::day_report::DayReport;
use projections::now_board::NowBoard;
use runtime::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, When, print};
use crate::App;
use crate::body;
use crate::commands::path_part;
use crate::export::{Cell, Csv};
use crate::problem::ProblemResponse;

/// The header that tells which position of the log an answer knows of.
pub const POSITION_HEADER: HeaderName = HeaderName::from_static("lastmeter-position");

/// A building's queue and, where it was asked for, its units and doors.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BuildingQueueDetailBody {
    /// The queue.
    queue: BuildingQueue,
    /// Its units and doors, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<Vec<UnitQueue>>,
}

/// How a building is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildingQuery {
    /// As it stood at this time. Without it, now.
    #[serde(rename = "asOf")]
    as_of: Option<jiff::Timestamp>,
    /// Only once the view has seen this position.
    #[serde(rename = "atLeast")]
    at_least: Option<u64>,
    /// Whether its units and doors are told too.
    #[serde(default)]
    doors: bool,
}

/// The queue of every building.
pub(crate) async fn building_queues(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let (community, when) = (path_part(&community, "community")?, body::query(&uri)?);
    let asked = app.ask(&community, when, CommunityViews::building_queues).await?;
    Ok(answer(&asked))
}

/// The queue of one building.
pub(crate) async fn building_queue(
    State(app): State<App>,
    Path((community, building)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let building: BuildingId = path_part(&building, "building")?;
    let BuildingQuery { as_of, at_least, doors } = body::query(&uri)?;
    let when = When { as_of, at_least };
    Ok(answer(&ask_building(&app, &community, &building, when, doors).await?))
}

/// Asks for the queue of one building, on demand with its units and doors.
///
/// # Errors
/// What asking reports, or an unknown building.
pub(crate) async fn ask_building(
    app: &App,
    community: &CommunityId,
    building: &BuildingId,
    when: When,
    doors: bool,
) -> Result<Asked<BuildingQueueDetailBody>, Problem> {
    let asked = app.ask(community, when, |views, now| {
        let queue = views.building_queue(building, now)?;
        let units = if doors { views.building_units(building, now) } else { None };
        Some(BuildingQueueDetailBody { queue, units })
    });
    let Asked { answer: found, position, at } = asked.await?;
    let found = found.ok_or_else(|| building_unknown(building))?;
    Ok(Asked { answer: found, position, at })
}

/// The board of a community.
pub(crate) async fn now_board(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let (community, when) = (path_part(&community, "community")?, body::query(&uri)?);
    let asked = app.ask_of(NOW_BOARD, &community, when, CommunityViews::now_board).await?;
    Ok(answer(&asked))
}

/// The boards of every community, and their sum.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RollUpBody {
    /// The pieces of all communities together.
    total: QueueFigures,
    /// Pieces of all communities that need care.
    exceptions: u32,
    /// Every community's board, in the order of their names.
    communities: Vec<CommunityBoardBody>,
}

/// The board of one community of several.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommunityBoardBody {
    /// The community.
    community: CommunityId,
    /// Its board.
    board: NowBoard,
}

/// The boards of every community.
pub(crate) async fn roll_up(State(app): State<App>) -> Json<RollUpBody> {
    let now = app.engine.clock().now();
    let boards: Vec<_> = app
        .views
        .communities()
        .into_iter()
        .filter_map(|community| {
            let board = app.views.live(&community, |views| views.now_board(now))?;
            Some(CommunityBoardBody { community, board })
        })
        .collect();
    let mut total = QueueFigures::default();
    for CommunityBoardBody { board, .. } in &boards {
        projections::now_board::add(&mut total, board.total.pieces);
    }
    let exceptions = boards.iter().map(|of| of.board.total.exceptions).sum();
    Json(RollUpBody { total, exceptions, communities: boards })
}

/// Which day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayQuery {
    /// The community's local day; without it, today.
    pub(super) day: Option<Date>,
    /// As it stood at this time. Without it, now.
    #[serde(rename = "asOf")]
    as_of: Option<jiff::Timestamp>,
    /// Only once the view has seen this position.
    #[serde(rename = "atLeast")]
    at_least: Option<u64>,
}

impl DayQuery {
    pub(super) fn when(&self) -> When {
        When { as_of: self.as_of, at_least: self.at_least }
    }
}

/// Which day or shift.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftQuery {
    /// The community's local day; without it, today.
    day: Option<Date>,
    /// Only pieces that came in from this local time on: `08:30`.
    from: Option<Time>,
    /// Only pieces that came in before this local time.
    until: Option<Time>,
    /// As it stood at this time. Without it, now.
    #[serde(rename = "asOf")]
    as_of: Option<jiff::Timestamp>,
    /// Only once the view has seen this position.
    #[serde(rename = "atLeast")]
    at_least: Option<u64>,
}

/// The figures of a day or shift.
pub(crate) async fn day_report(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    Ok(answer(&report_of(&app, &community, &uri).await?.0))
}

/// The figures of a day or shift, as CSV.
pub(crate) async fn day_report_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    Ok(print::csv(&report_of(&app, &community, &uri).await?.0.answer))
}

/// The figures of a day or shift, as a page to print.
pub(crate) async fn day_report_print(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let (asked, name) = report_of(&app, &community, &uri).await?;
    Ok(print::page(&name, &asked))
}

async fn report_of(
    app: &App,
    community: &str,
    uri: &Uri,
) -> Result<(Asked<DayReport>, String), ProblemResponse> {
    let community: CommunityId = path_part(community, "community")?;
    let ShiftQuery { day, from, until, as_of, at_least } = body::query(uri)?;
    let asked = app.ask_of(DAY_REPORT, &community, When { as_of, at_least }, |views, now| {
        let today = now.to_zoned(views.facts().zone().clone()).date();
        let registered = views.facts().community().registered.as_ref();
        let name = registered.map_or(String::new(), |registered| registered.name.clone());
        (views.day_reports().shift_report(day.unwrap_or(today), from, until), name)
    });
    let Asked { answer: (report, name), position, at } = asked.await?;
    Ok((Asked { answer: report, position, at }, name))
}

/// The queue of every building, as CSV: one row for each category.
pub(crate) async fn building_queues_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let (community, when) = (path_part(&community, "community")?, body::query(&uri)?);
    let asked = app.ask(&community, when, CommunityViews::building_queues).await?;
    let mut names = vec!["building", "grid", "category"];
    names.extend(FIGURES);
    names.push("oldest_age_seconds");
    let mut csv = Csv::with(&names);
    for queue in &asked.answer {
        for (category, figures) in &queue.by_category {
            let mut row = vec![
                Cell::of(queue.building.as_ref()),
                Cell::of(queue.grid.as_ref()),
                Cell::named(*category),
            ];
            row.extend(figure_cells(figures));
            row.push(Cell::of(queue.oldest.as_ref().map(|oldest| oldest.age_seconds)));
            csv.row(row);
        }
    }
    Ok(csv.into_response("building-queues"))
}

/// The board of a community, as CSV: one row for each grid.
pub(crate) async fn now_board_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let (community, when) = (path_part(&community, "community")?, body::query(&uri)?);
    let asked = app.ask_of(NOW_BOARD, &community, when, CommunityViews::now_board).await?;
    let mut names = vec!["grid"];
    names.extend(FIGURES);
    names.extend(["exceptions", "oldest_age_seconds"]);
    let mut csv = Csv::with(&names);
    for board in &asked.answer.grids {
        let mut row = vec![Cell::of(board.grid.as_ref())];
        row.extend(figure_cells(&board.figures.pieces));
        row.push(Cell::from(board.figures.exceptions));
        row.push(Cell::of(board.figures.oldest.as_ref().map(|oldest| oldest.age_seconds)));
        csv.row(row);
    }
    Ok(csv.into_response("board"))
}

const FIGURES: [&str; 11] = [
    "expected",
    "at_gate",
    "disinfecting",
    "to_sort",
    "on_shelf",
    "loaded",
    "at_foot",
    "failed",
    "held",
    "missing",
    "handed_off_today",
];

fn figure_cells(figures: &QueueFigures) -> [Cell; 11] {
    [
        figures.expected,
        figures.at_gate,
        figures.disinfecting,
        figures.to_sort,
        figures.on_shelf,
        figures.loaded,
        figures.at_foot,
        figures.failed,
        figures.held,
        figures.missing,
        figures.handed_off_today,
    ]
    .map(Cell::from)
}

/// An answer as a response that tells its position.
pub(crate) fn answer<R: Serialize>(asked: &Asked<R>) -> Response {
    let mut response = Json(&asked.answer).into_response();
    response.headers_mut().insert(POSITION_HEADER, HeaderValue::from(asked.position));
    response
}

pub(super) fn building_unknown(building: &BuildingId) -> Problem {
    Problem::not_found(
        "building-unknown",
        format!("there is no building {building}: check its name"),
        format!("没有楼栋 {building}：请核对名称"),
    )
}
