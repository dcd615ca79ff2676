//! Plans, sheets, care, coverage and boxes as resources, and each list as CSV.

use std::net::{IpAddr, SocketAddr};

use axum::Json;
use axum::extract::{ConnectInfo, Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::address::Door;
use domain::ids::{CommunityId, GridId, HouseholdId, RunId};
use jiff::Timestamp;
use projections::coverage::CoverageReport;
use projections::delivery_plan::DeliveryPlan;
use projections::needs_care::{CareEntry, CareReason, ZeroShelf};
use runtime::Problem;
use runtime::person::check_tail;
use schemars::JsonSchema;
use serde::Deserialize;

use super::questions::{
    COVERAGE_DAYS, ask_box, ask_care, ask_coverage, ask_plan, ask_runs, ask_sheet, ask_shelf,
};
use super::resources::{DayQuery, answer};
use super::{Asked, When};
use crate::App;
use crate::body;
use crate::commands::path_part;
use crate::export::{Cell, Csv, name};
use crate::problem::ProblemResponse;

/// The plan of a day.
pub(crate) async fn delivery_plan(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    Ok(answer(&plan_of(&app, &community, &uri).await?))
}

/// What is left over of a day's plan, and the runs, as CSV.
pub(crate) async fn delivery_plan_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let plan = plan_of(&app, &community, &uri).await?.answer;
    let mut csv = Csv::with(&[
        "day",
        "opens",
        "closes",
        "grid",
        "due",
        "done",
        "assigned",
        "left_over",
        "run",
        "phase",
        "pieces",
        "pieces_limit",
        "weight_grams",
        "weight_limit_grams",
        "load_percent",
        "stops",
        "pieces_delivered",
    ]);
    for window in &plan.windows {
        for grid in &window.grids {
            let of_grid = || {
                vec![
                    Cell::of(Some(plan.day)),
                    Cell::of(window.opens),
                    Cell::of(window.closes),
                    Cell::of(grid.grid.as_ref()),
                    Cell::from(grid.due),
                    Cell::from(grid.done),
                    Cell::from(grid.assigned),
                    Cell::from(grid.left_over),
                ]
            };
            for run in &grid.runs {
                let mut cells = of_grid();
                cells.extend([
                    Cell::of(Some(run.run)),
                    Cell::named(run.phase),
                    Cell::from(run.load.pieces),
                    Cell::from(run.limit.pieces),
                    Cell::from(run.load.weight_grams),
                    Cell::from(run.limit.weight_grams),
                    Cell::from(run.load_percent),
                    Cell::from(run.stops),
                    Cell::from(run.pieces_delivered),
                ]);
                csv.row(cells);
            }
            if grid.runs.is_empty() {
                csv.row(of_grid());
            }
        }
    }
    Ok(csv.into_response("delivery-plan"))
}

async fn plan_of(
    app: &App,
    community: &str,
    uri: &Uri,
) -> Result<Asked<DeliveryPlan>, ProblemResponse> {
    let community: CommunityId = path_part(community, "community")?;
    let query: DayQuery = body::query(uri)?;
    Ok(ask_plan(app, &community, query.when(), query.day).await?)
}

/// Every run that is kept.
pub(crate) async fn run_sheets(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let asked = ask_runs(&app, &community, body::query(&uri)?).await?;
    Ok(answer(&asked))
}

/// Every run that is kept, as CSV.
pub(crate) async fn run_sheets_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let asked = ask_runs(&app, &community, body::query(&uri)?).await?;
    let mut csv = Csv::with(&[
        "run",
        "phase",
        "grid",
        "day",
        "courier",
        "stops",
        "stops_ended",
        "pieces_on_board",
        "pieces_delivered",
    ]);
    for run in &asked.answer {
        csv.row(vec![
            Cell::of(Some(run.run)),
            Cell::named(run.phase),
            Cell::of(run.grid.as_ref()),
            Cell::of(run.day),
            Cell::of(run.courier),
            Cell::from(run.stops),
            Cell::from(run.stops_ended),
            Cell::from(run.pieces_on_board),
            Cell::from(run.pieces_delivered),
        ]);
    }
    Ok(csv.into_response("runs"))
}

/// How a run's sheet is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetQuery {
    /// The revision up to which its reader has seen it: what others changed after it is marked.
    seen: Option<u64>,
    /// As it stood at this time. Without it, now.
    #[serde(rename = "asOf")]
    as_of: Option<Timestamp>,
    /// Only once the view has seen this position.
    #[serde(rename = "atLeast")]
    at_least: Option<u64>,
}

/// The sheet of one run. Its ETag is the run's revision.
pub(crate) async fn run_sheet(
    State(app): State<App>,
    Path((community, run)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let run: RunId = path_part(&run, "run")?;
    let SheetQuery { seen, as_of, at_least } = body::query(&uri)?;
    let asked = ask_sheet(&app, &community, When { as_of, at_least }, run, seen).await?;
    // The pieces of a sheet change without its run, so the community's position is a part of it.
    let tag = format!("\"{}.{}\"", asked.answer.revision, asked.position);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let mut response = answer(&asked);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Which pieces that need care.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CareQuery {
    /// Of this grid only.
    grid: Option<GridId>,
    /// For this reason only.
    reason: Option<CareReason>,
    /// As it stood at this time. Without it, now.
    #[serde(rename = "asOf")]
    as_of: Option<Timestamp>,
    /// Only once the view has seen this position.
    #[serde(rename = "atLeast")]
    at_least: Option<u64>,
}

/// The pieces that need care.
pub(crate) async fn needs_care(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    Ok(answer(&care_of(&app, &community, &uri).await?))
}

/// The pieces that need care, as CSV.
pub(crate) async fn needs_care_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let asked = care_of(&app, &community, &uri).await?;
    let mut csv = Csv::with(&[
        "parcel",
        "carrier",
        "number",
        "category",
        "reasons",
        "since",
        "age_seconds",
        "spot",
        "grid",
        "building",
        "unit",
        "room",
        "run",
        "failed_attempts",
        "owner",
    ]);
    for entry in &asked.answer {
        let reasons: Vec<_> = entry.reasons.iter().map(|reason| name(*reason)).collect();
        let [carrier, number] = waybill_cells(entry.waybill.as_ref());
        let [building, unit, room] = door_cells(entry.door.as_ref());
        csv.row(vec![
            Cell::of(Some(entry.parcel)),
            carrier,
            number,
            Cell::named(entry.category),
            Cell::from(reasons.join(" ").as_str()),
            Cell::of(Some(entry.since)),
            Cell::from(entry.age_seconds),
            Cell::named(entry.spot),
            Cell::of(entry.grid.as_ref()),
            building,
            unit,
            room,
            Cell::of(entry.run),
            Cell::from(entry.failed_attempts),
            Cell::of(entry.owner.as_ref()),
        ]);
    }
    Ok(csv.into_response("needs-care"))
}

async fn care_of(
    app: &App,
    community: &str,
    uri: &Uri,
) -> Result<Asked<Vec<CareEntry>>, ProblemResponse> {
    let community: CommunityId = path_part(community, "community")?;
    let CareQuery { grid, reason, as_of, at_least } = body::query(uri)?;
    Ok(ask_care(app, &community, When { as_of, at_least }, grid, reason).await?)
}

/// What is still at the intake point, for the close of a day.
pub(crate) async fn zero_shelf(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    Ok(answer(&shelf_of(&app, &community, &uri).await?))
}

/// What is still at the intake point, as CSV.
pub(crate) async fn zero_shelf_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let shelf = shelf_of(&app, &community, &uri).await?.answer;
    let mut csv = Csv::with(&[
        "day",
        "parcel",
        "carrier",
        "number",
        "category",
        "spot",
        "building",
        "unit",
        "room",
        "arrived_at",
        "must_not_stay",
        "reason",
        "owner",
    ]);
    for entry in &shelf.pieces {
        let [carrier, number] = waybill_cells(entry.waybill.as_ref());
        let [building, unit, room] = door_cells(entry.door.as_ref());
        csv.row(vec![
            Cell::of(Some(shelf.day)),
            Cell::of(Some(entry.parcel)),
            carrier,
            number,
            Cell::named(entry.category),
            Cell::named(entry.spot),
            building,
            unit,
            room,
            Cell::of(entry.arrived_at),
            Cell::from(entry.must_not_stay),
            Cell::named(entry.reason),
            Cell::of(entry.owner.as_ref()),
        ]);
    }
    Ok(csv.into_response("zero-shelf"))
}

async fn shelf_of(
    app: &App,
    community: &str,
    uri: &Uri,
) -> Result<Asked<ZeroShelf>, ProblemResponse> {
    let community: CommunityId = path_part(community, "community")?;
    let query: DayQuery = body::query(uri)?;
    Ok(ask_shelf(app, &community, query.when(), query.day).await?)
}

/// For how many days nobody has reached them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageQuery {
    /// For how many days; without it, three.
    #[serde(default = "three")]
    days: u16,
    /// As it stood at this time. Without it, now.
    #[serde(rename = "asOf")]
    as_of: Option<Timestamp>,
    /// Only once the view has seen this position.
    #[serde(rename = "atLeast")]
    at_least: Option<u64>,
}

fn three() -> u16 {
    COVERAGE_DAYS
}

/// The households that nobody has reached for days.
pub(crate) async fn coverage(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    Ok(answer(&coverage_of(&app, &community, &uri).await?))
}

/// The households that nobody has reached for days, as CSV.
pub(crate) async fn coverage_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let report = coverage_of(&app, &community, &uri).await?.answer;
    let mut csv = Csv::with(&[
        "household",
        "grid",
        "doors",
        "phone_only",
        "delivered_at",
        "contacted_at",
        "days",
    ]);
    for entry in &report.uncovered {
        let doors: Vec<_> = entry.doors.iter().map(ToString::to_string).collect();
        csv.row(vec![
            Cell::of(Some(entry.household)),
            Cell::of(entry.grid.as_ref()),
            Cell::from(doors.join(" ").as_str()),
            Cell::from(entry.phone_only),
            Cell::of(entry.delivered_at),
            Cell::of(entry.contacted_at),
            Cell::from(entry.days),
        ]);
    }
    Ok(csv.into_response("coverage"))
}

async fn coverage_of(
    app: &App,
    community: &str,
    uri: &Uri,
) -> Result<Asked<CoverageReport>, ProblemResponse> {
    let community: CommunityId = path_part(community, "community")?;
    let CoverageQuery { days, as_of, at_least } = body::query(uri)?;
    Ok(ask_coverage(app, &community, When { as_of, at_least }, days).await?)
}

/// Everything on its way to a household.
pub(crate) async fn household_box(
    State(app): State<App>,
    Path((community, household)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let household: HouseholdId = path_part(&household, "household")?;
    Ok(answer(&ask_box(&app, &community, body::query(&uri)?, household).await?))
}

/// A door and the end of a phone number.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookUpBody {
    /// The door.
    door: Door,
    /// The last 3 to 6 digits of the household's phone.
    phone_tail: String,
}

/// What is on its way to a door, for whoever knows the end of its phone number. Every other door
/// and number gets one and the same answer.
pub(crate) async fn look_up(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Response, Response> {
    let refuse = |problem: Problem| ProblemResponse(problem).into_response();
    let community: CommunityId = path_part(&community, "community").map_err(refuse)?;
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let client: Option<IpAddr> = client.map(|ConnectInfo(address)| address.ip());
    let bytes = body::bytes(request).await.map_err(refuse)?;
    let LookUpBody { door, phone_tail } = body::json(&bytes).map_err(refuse)?;
    check_tail(&phone_tail).map_err(refuse)?;
    let now = app.engine.clock().now();
    if let Err(seconds) = app.views.shared.look_ups.count(client, &community, &door, now) {
        return Err(too_many(seconds));
    }
    let found = app.views.live(&community, |views| {
        // A community without a name makes no key for tokens.
        views.facts().community().registered.as_ref()?;
        let token = app.engine.vault().tail_token(&community, &phone_tail).ok()?;
        views.look_up(&door, token, now)
    });
    match found.flatten() {
        Some(found) => Ok(Json(found).into_response()),
        None => Err(refuse(Problem::not_found(
            "look-up-nothing",
            "nothing is known of this door with this phone: check both, or call the desk",
            "查不到：请核对门牌和手机尾号，或致电服务台",
        ))),
    }
}

fn too_many(seconds: u64) -> Response {
    let minutes = seconds.div_ceil(60);
    let mut response = ProblemResponse(Problem::deferred(
        "look-up-limit",
        format!("that was looked up too often: try again in {minutes} minutes, or call the desk"),
        format!("查询过于频繁：请 {minutes} 分钟后再试，或致电服务台"),
    ))
    .into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

pub(crate) fn waybill_cells(waybill: Option<&domain::ids::Waybill>) -> [Cell; 2] {
    [Cell::of(waybill.map(|w| &w.carrier)), Cell::of(waybill.map(|w| &w.number))]
}

pub(crate) fn door_cells(door: Option<&Door>) -> [Cell; 3] {
    [
        Cell::of(door.map(|door| &door.building)),
        Cell::of(door.map(|door| &door.unit)),
        Cell::of(door.map(|door| &door.room)),
    ]
}
