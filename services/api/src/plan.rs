//! Planning: what is planned and why, what would be planned, and the close of the day.

mod body;
mod cart;
mod evening;

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::ids::{ActorId, CommandId, CommunityId, DeviceId, GridId, ParcelId, RunId};
use jiff::civil::Date;
use runtime::planning::{Drawn, Language, When};
use runtime::{Occurred, Problem, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::body::{PausedBody, PlanBody, PreviewBody, RunWhyBody, SentenceBody, StandingBody};
pub use self::cart::CartBody;
pub use self::evening::{ClosedDayBody, EveningBody};
use crate::App;
use crate::actor::authorize;
use crate::body as wire;
use crate::commands::path_part;
use crate::problem::ProblemResponse;
use crate::scans::digest;

/// The plan of which day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanQuery {
    /// The community's day; today's without it.
    day: Option<Date>,
}

/// What is previewed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewQuery {
    /// How long pieces wait for each other.
    #[serde(default)]
    when: When,
}

/// How a drawing is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawingQuery {
    /// The runs of this grid only.
    grid: Option<GridId>,
    /// Which language comes first.
    #[serde(default)]
    language: LanguageName,
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LanguageName {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// A plan is asked for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeBody {
    /// The command's id (UUIDv7), made and kept by whoever sends it; the same on every retry.
    command_id: CommandId,
    /// Who sends it.
    actor: ActorId,
    /// The device, when it may be revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<DeviceId>,
    /// The version of the preview that was seen: what would be planned must still be that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// How long pieces wait for each other.
    #[serde(default)]
    when: When,
}

/// A plan that was asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProposedBody {
    /// The community's day.
    day: Date,
    /// The number of the wave; absent when nothing goes now.
    #[serde(skip_serializing_if = "Option::is_none")]
    wave: Option<u32>,
    /// Its runs.
    runs: Vec<RunId>,
    /// It changed nothing.
    already_so: bool,
    /// The plan's revision right after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// The log position that every view has seen.
    position: u64,
}

/// The day is closed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseBody {
    /// The command's id (UUIDv7), made and kept by whoever sends it; the same on every retry.
    command_id: CommandId,
    /// Who sends it, and answers for what stays.
    actor: ActorId,
    /// The device, when it may be revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<DeviceId>,
}

/// The plan of a day.
pub(crate) async fn plan(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Json<PlanBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let PlanQuery { day } = wire::query(&uri)?;
    let plan = app.engine.day_plan(&community, day).await?;
    Ok(Json(PlanBody::of(&plan, app.engine.clock().now())))
}

/// What would be planned now.
pub(crate) async fn preview(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Json<PreviewBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let PreviewQuery { when } = wire::query(&uri)?;
    Ok(Json(PreviewBody::of(&app.engine.preview_plan(&community, when).await?)))
}

/// Plans what may go.
pub(crate) async fn propose(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<ProposedBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let body: ProposeBody = wire::json(&wire::bytes(request).await?)?;
    authorize(&body.actor, &community)?;
    let content = digest(&(&community, "propose", &body));
    let ProposeBody { command_id, actor, device, version, when } = body;
    let request = asked(&app, community, command_id, actor, device, content);
    let done = app.engine.plan_for(&request, when, version.as_deref()).await?;
    Ok(Json(ProposedBody {
        day: done.day,
        wave: done.wave,
        runs: done.runs,
        already_so: done.already_so,
        revision: done.revision.map(|revision| revision.0),
        position: done.position.0,
    }))
}

/// Why a piece is planned as it is, or not at all.
pub(crate) async fn piece(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Json<StandingBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let parcel: ParcelId = path_part(&id, "id")?;
    let standing = app.engine.standing(&community, parcel).await?;
    Ok(Json(StandingBody::of(parcel, standing)))
}

/// Why a run is whose it is.
pub(crate) async fn run(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Json<RunWhyBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let run: RunId = path_part(&id, "id")?;
    let (told, ..) = app.engine.told_run(&community, run).await?;
    Ok(Json(RunWhyBody::of(&told)))
}

/// The compound with every live run.
pub(crate) async fn drawing(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let DrawingQuery { grid, language } = wire::query(&uri)?;
    drawn(&app, &community, &grid.map_or(Drawn::Live, Drawn::Grid), language).await
}

/// The compound with the way of one run.
pub(crate) async fn run_drawing(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let run: RunId = path_part(&id, "id")?;
    let DrawingQuery { language, .. } = wire::query(&uri)?;
    drawn(&app, &community, &Drawn::One(run), language).await
}

async fn drawn(
    app: &App,
    community: &CommunityId,
    drawn: &Drawn,
    language: LanguageName,
) -> Result<Response, ProblemResponse> {
    let language = match language {
        LanguageName::Zh => Language::Chinese,
        LanguageName::En => Language::English,
    };
    let svg = app.engine.picture(community, drawn, language).await?;
    let mut response = svg.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A run's cart.
pub(crate) async fn cart(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Json<CartBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let run: RunId = path_part(&id, "id")?;
    let cart = app.engine.cart(&community, run).await?;
    Ok(Json(CartBody::of(run, cart)))
}

/// What would be left if the day were closed now.
pub(crate) async fn evening(
    State(app): State<App>,
    Path(community): Path<String>,
) -> Result<Json<EveningBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let nobody: ActorId = "nobody".parse().map_err(|_| unnamed())?;
    let (evening, place) = (
        app.engine.evening(&community, &nobody).await?,
        app.engine.with_place(&community, |place| place.community().clone())?,
    );
    Ok(Json(EveningBody::of(&evening, &place)))
}

/// Closes the day.
pub(crate) async fn close(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<ClosedDayBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let body: CloseBody = wire::json(&wire::bytes(request).await?)?;
    authorize(&body.actor, &community)?;
    let content = digest(&(&community, "close", &body));
    let CloseBody { command_id, actor, device } = body;
    let request = asked(&app, community, command_id, actor, device, content);
    Ok(Json(app.engine.close_day(&request).await?.into()))
}

fn asked(
    app: &App,
    community: CommunityId,
    command_id: CommandId,
    actor: ActorId,
    device: Option<DeviceId>,
    content: domain::device::event::ContentDigest,
) -> Request {
    let recorded_at = app.engine.clock().now();
    Request {
        command_id,
        content,
        community,
        actor,
        device,
        sequence: None,
        occurred: Occurred::now(recorded_at),
        recorded_at,
        correlation_id: None,
        causation_id: None,
    }
}

fn unnamed() -> Problem {
    Problem::deferred("actor-unnamed", "an actor has no name", "操作人没有名称")
}
