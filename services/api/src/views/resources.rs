//! The views as resources: `/api/v1/communities/{community}/...`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use domain::ids::{BuildingId, CommunityId};
use jiff::civil::Date;
use projections::CommunityViews;
use projections::building_queue::{BuildingQueue, UnitQueue};
use projections::day_report::DayReport;
use projections::now_board::NowBoard;
use runtime::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, When};
use crate::App;
use crate::body;
use crate::commands::path_part;
use crate::problem::ProblemResponse;

/// The header that tells which position of the log an answer knows of.
pub const POSITION_HEADER: HeaderName = HeaderName::from_static("lastmeter-position");

/// A building's queue and, where it was asked for, its units and doors.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BuildingQueueBody {
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
    let asked = app.ask(&community, When { as_of, at_least }, |views, now| {
        let queue = views.building_queue(&building, now)?;
        let units = if doors { views.building_units(&building, now) } else { None };
        Some(BuildingQueueBody { queue, units })
    });
    let Asked { answer: found, position, at } = asked.await?;
    let found = found.ok_or_else(|| building_unknown(&building))?;
    Ok(answer(&Asked { answer: found, position, at }))
}

/// The board of a community.
pub(crate) async fn now_board(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let (community, when) = (path_part(&community, "community")?, body::query(&uri)?);
    let asked = app.ask(&community, when, CommunityViews::now_board).await?;
    Ok(answer(&asked))
}

/// The boards of every community, and their sum.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RollUpBody {
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
    let boards = app.views.communities().into_iter().filter_map(|community| {
        let board = app.views.live(&community, |views| views.now_board(now))?;
        Some(CommunityBoardBody { community, board })
    });
    Json(RollUpBody { communities: boards.collect() })
}

/// Which day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayQuery {
    /// The community's local day; without it, today.
    day: Option<Date>,
    /// As it stood at this time. Without it, now.
    #[serde(rename = "asOf")]
    as_of: Option<jiff::Timestamp>,
    /// Only once the view has seen this position.
    #[serde(rename = "atLeast")]
    at_least: Option<u64>,
}

/// The figures of a day.
pub(crate) async fn day_report(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let DayQuery { day, as_of, at_least } = body::query(&uri)?;
    let asked = app.ask(&community, When { as_of, at_least }, |views, now| -> DayReport {
        let today = now.to_zoned(views.facts().zone().clone()).date();
        views.day_reports().report(day.unwrap_or(today))
    });
    Ok(answer(&asked.await?))
}

/// An answer as a response that tells its position.
fn answer<R: Serialize>(asked: &Asked<R>) -> Response {
    let mut response = Json(&asked.answer).into_response();
    response.headers_mut().insert(POSITION_HEADER, HeaderValue::from(asked.position));
    response
}

fn building_unknown(building: &BuildingId) -> Problem {
    Problem::not_found(
        "building-unknown",
        format!("there is no building {building}: check its name"),
        format!("没有楼栋 {building}：请核对名称"),
    )
}
