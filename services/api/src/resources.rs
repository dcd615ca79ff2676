//! Reading: communities, parcels and their trails, households, orders, runs, volunteers, reports.

mod standing;

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::address::{Door, Recipient};
use domain::community::CommunityEvent;
use domain::event::DomainEvent;
use domain::ids::{
    ActorId, CarrierId, CommunityId, GridId, HouseholdId, OrderId, ParcelId, RunId, VolunteerId,
    ZoneId,
};
use domain::order::Order;
use domain::parcel::Parcel;
use domain::run::Run;
use domain::supply::{Category, Load};
use domain::volunteer::Volunteer;
use event_log::{Direction, PAGE_EVENTS_MAX, Revision};
use jiff::Timestamp;
use jiff::civil::Date;
use projections::run_sheet::{self, RunPhase};
use runtime::answer::Verdict;
use runtime::codec::{self, Metadata, Stored};
use runtime::cue::Cue;
use runtime::scan::Destination;
use runtime::{Addressed, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::standing::{
    CustodyBody, OrderPhaseBody, ParcelPhaseBody, PieceStatusBody, StopOutcomeBody, custody_body,
    phase_body,
};
use crate::App;
use crate::actor::authorize;
use crate::body;
use crate::commands::path_part;
use crate::problem::ProblemResponse;
use crate::scans::CandidateBody;

/// A community in a few figures.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommunityBody {
    id: CommunityId,
    name: String,
    time_zone: String,
    buildings: usize,
    units: usize,
    grids: Vec<GridId>,
    zones: Vec<ZoneId>,
    households: usize,
    volunteers: usize,
    open_runs: usize,
}

/// Every community.
pub(crate) async fn communities(State(app): State<App>) -> Json<Vec<CommunityBody>> {
    let directory = app.engine.views().directory();
    let registered = directory.communities().filter_map(|(id, place)| {
        let community = place.community();
        let registered = community.registered.as_ref()?;
        let units = community.buildings.values().map(|b| b.description.units.len()).sum();
        Some(CommunityBody {
            id: id.clone(),
            name: registered.name.clone(),
            time_zone: registered.time_zone.clone(),
            buildings: community.buildings.len(),
            units,
            grids: community.grids.keys().cloned().collect(),
            zones: community.zones.keys().cloned().collect(),
            households: place.households().filter(|(_, household)| !household.erased).count(),
            volunteers: place.volunteers().len(),
            open_runs: place.open_runs().len(),
        })
    });
    let mut bodies: Vec<_> = registered.collect();
    bodies.sort_by(|a, b| a.id.cmp(&b.id));
    Json(bodies)
}

/// Who loads a community's file.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LoadQuery {
    /// Who loads it.
    actor: ActorId,
    /// Only say what it would change; nothing is written.
    #[serde(default)]
    preview: bool,
}

/// What loading a community's file changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LoadedBody {
    /// The community.
    id: CommunityId,
    /// How many facts changed; a file that was loaded before changes none.
    changed: usize,
    /// How many were so already.
    unchanged: usize,
    /// What would change, in order, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<CommunityChangeBody>>,
}

/// What would change of a community.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommunityChangeBody {
    /// What it would be, such as `BuildingDescribed`.
    event_type: &'static str,
    /// How it would be; its schema lies in `schema/events`.
    data: serde_json::Value,
}

impl From<CommunityEvent> for CommunityChangeBody {
    fn from(event: CommunityEvent) -> Self {
        // Our own events are JSON without fail; `null` would only be shown.
        let data = event.encode(serde_json::value::Serializer).unwrap_or_default();
        Self { event_type: event.event_type(), data }
    }
}

/// Loads a whole community from its TOML file.
pub(crate) async fn load_community(
    State(app): State<App>,
    request: HttpRequest,
) -> Result<Json<LoadedBody>, ProblemResponse> {
    let query: LoadQuery = body::query(request.uri())?;
    let bytes = body::bytes(request).await?;
    let (id, commands) = std::str::from_utf8(&bytes)
        .map_err(|_| runtime::community_file::FileError::NotText)
        .and_then(runtime::community_file::read)
        .map_err(|error| file_problem(&error))?;
    authorize(&query.actor, &id)?;
    if query.preview {
        let previewed = runtime::community_file::preview(&app.engine, &id, commands).await?;
        let (changes, runtime::community_file::Loaded { changed, unchanged }) = previewed;
        let changes = Some(changes.into_iter().map(CommunityChangeBody::from).collect());
        return Ok(Json(LoadedBody { id, changed, unchanged, changes }));
    }
    let loaded = runtime::community_file::load(&app.engine, &id, &query.actor, commands).await?;
    let (changed, unchanged) = (loaded.changed, loaded.unchanged);
    Ok(Json(LoadedBody { id, changed, unchanged, changes: None }))
}

fn file_problem(error: &runtime::community_file::FileError) -> Problem {
    Problem::invalid("community-file-invalid", error.to_string(), format!("社区文件有误：{error}"))
}

/// A parcel as it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ParcelBody {
    id: ParcelId,
    /// The revision; the ETag is the same.
    revision: u64,
    phase: ParcelPhaseBody,
    /// Who answers for it now.
    custody: CustodyBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<Recipient>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderId>,
    missing: bool,
    recalled: bool,
    disputed: bool,
    failed_attempts: u32,
    /// How often custody has passed on.
    handovers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cue: Option<Cue>,
}

/// One parcel.
pub(crate) async fn parcel(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let id: ParcelId = path_part(&id, "id")?;
    let (state, revision) = app.engine.peek::<Parcel>(&community, &id).await?;
    let (Some(phase), Some(revision)) = (phase_body(state.phase), revision) else {
        return Err(not_found("parcel").into());
    };
    let body = ParcelBody {
        id,
        revision: revision.0,
        phase,
        custody: custody_body(state.custody()),
        recipient: state.recipient.clone(),
        category: state.contents.as_ref().map(|contents| contents.category),
        order: state.contents.as_ref().and_then(|contents| contents.order),
        missing: state.missing,
        recalled: state.is_recalled(),
        disputed: state.dispute.is_some(),
        failed_attempts: state.failed_attempts,
        handovers: state.handovers,
        cue: app.engine.cue(&community, id, &state).await,
    };
    Ok(tagged(revision, &body))
}

/// One happening of a parcel's trail.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TrailEntryBody {
    /// Its position in the log.
    position: u64,
    /// How many events the parcel had before.
    pub(crate) revision: u64,
    /// The event's id.
    event_id: uuid::Uuid,
    /// What happened, such as `ParcelHandedOff`.
    event_type: String,
    /// When it happened, by the device.
    occurred_at: Timestamp,
    /// When the engine learned of it.
    recorded_at: Timestamp,
    /// Who did it.
    actor: ActorId,
    /// The command that caused it.
    command_id: domain::ids::CommandId,
    /// What happened, as it is stored; its schema lies in `schema/events`.
    data: serde_json::Value,
}

/// A parcel's whole trail, read from its stream, however long ago it was closed.
pub(crate) async fn trail(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Json<Vec<TrailEntryBody>>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let id: ParcelId = path_part(&id, "id")?;
    let entries = read_trail(&app, &community, &id).await?;
    if entries.is_empty() {
        return Err(not_found("parcel").into());
    }
    Ok(Json(entries))
}

/// A parcel's trail; empty when nothing has happened to it.
///
/// # Errors
/// A deferred problem when the log cannot be read.
pub(crate) async fn read_trail(
    app: &App,
    community: &CommunityId,
    id: &ParcelId,
) -> Result<Vec<TrailEntryBody>, Problem> {
    let stream = Parcel::stream(community, id).map_err(|_| not_found("parcel"))?;
    let log = app.engine.log();
    let page = log.read_stream(&stream, None, Direction::Forwards, PAGE_EVENTS_MAX).await;
    let page = page.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a trail cannot be read");
        Problem::deferred(
            "log-unavailable",
            "the event log did not answer: ask again in a moment",
            "事件日志暂无响应：请稍后重试",
        )
    })?;
    Ok(page.iter().filter_map(trail_entry).collect())
}

fn trail_entry(recorded: &event_log::RecordedEvent) -> Option<TrailEntryBody> {
    let metadata: Metadata = codec::decode_metadata(recorded).ok()?;
    Some(TrailEntryBody {
        position: recorded.position.0,
        revision: recorded.revision.0,
        event_id: recorded.id,
        event_type: recorded.event_type.to_string(),
        occurred_at: metadata.occurred_at,
        recorded_at: metadata.recorded_at,
        actor: metadata.actor,
        command_id: metadata.command_id,
        data: serde_json::from_slice(&recorded.data).ok()?,
    })
}

/// A run as it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunBody {
    id: RunId,
    /// The revision; the ETag is the same.
    revision: u64,
    phase: RunPhase,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    courier: Option<VolunteerId>,
    limit: Load,
    loaded: Load,
    stops: Vec<StopBody>,
    pieces: Vec<RunPieceBody>,
}

/// One stop of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StopBody {
    door: Door,
    parcels: Vec<ParcelId>,
    /// How it ended; absent until it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<StopOutcomeBody>,
}

/// One piece that was loaded on a run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunPieceBody {
    parcel: ParcelId,
    door: Door,
    status: PieceStatusBody,
}

/// One run.
pub(crate) async fn run(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let id: RunId = path_part(&id, "id")?;
    let (state, revision) = app.engine.peek::<Run>(&community, &id).await?;
    let Some(revision) = revision else { return Err(not_found("run").into()) };
    let stops = state.stops.iter().map(|stop| StopBody {
        door: stop.door.clone(),
        parcels: stop.parcels.clone(),
        outcome: state.outcomes.get(&stop.door).map(|outcome| (*outcome).into()),
    });
    let pieces = state.pieces.iter().map(|(parcel, piece)| RunPieceBody {
        parcel: *parcel,
        door: piece.door.clone(),
        status: piece.status.into(),
    });
    let body = RunBody {
        id,
        revision: revision.0,
        phase: run_sheet::phase(state.phase),
        grid: state.grid().cloned(),
        courier: state.courier,
        limit: state.limit(),
        loaded: state.loaded,
        stops: stops.collect(),
        pieces: pieces.collect(),
    };
    Ok(tagged(revision, &body))
}

/// An order as it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderBody {
    id: OrderId,
    /// The revision; the ETag is the same.
    revision: u64,
    phase: OrderPhaseBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    household: Option<HouseholdId>,
    /// In how many pieces it is expected to come.
    pieces: u16,
    /// Whether they are needed at once.
    urgent: bool,
    parcels: Vec<ParcelId>,
    handed_off: Vec<ParcelId>,
}

/// One order.
pub(crate) async fn order(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let id: OrderId = path_part(&id, "id")?;
    let (state, revision) = app.engine.peek::<Order>(&community, &id).await?;
    let Some(revision) = revision else { return Err(not_found("order").into()) };
    let body = OrderBody {
        id,
        revision: revision.0,
        phase: state.phase.into(),
        household: state.placed.as_ref().map(|placed| placed.household),
        pieces: state.pieces,
        urgent: state.urgent,
        parcels: state.parcels.iter().copied().collect(),
        handed_off: state.handed_off.iter().copied().collect(),
    };
    Ok(tagged(revision, &body))
}

/// A volunteer as it stands; never a name.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VolunteerBody {
    id: VolunteerId,
    /// The revision; the ETag is the same.
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
    roles: Vec<domain::volunteer::event::Role>,
    protection: bool,
    carry_limit: Load,
    /// Whether a run can be offered now.
    available: bool,
    revoked: bool,
}

/// One volunteer.
pub(crate) async fn volunteer(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let id: VolunteerId = path_part(&id, "id")?;
    let (state, revision) = app.engine.peek::<Volunteer>(&community, &id).await?;
    let Some(revision) = revision else { return Err(not_found("volunteer").into()) };
    let body = VolunteerBody {
        id,
        revision: revision.0,
        grid: state.grid.clone(),
        roles: state.roles.iter().copied().collect(),
        protection: state.protection,
        carry_limit: state.carry_limit,
        available: state.is_available(app.engine.clock().now()),
        revoked: state.revoked,
    };
    Ok(tagged(revision, &body))
}

/// An address to resolve.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveBody {
    /// The address as written or shouted.
    pub address: Option<String>,
    /// The last 3 to 6 digits of the phone.
    pub phone_tail: Option<String>,
    /// The recipient's name; never the sender's.
    pub name: Option<String>,
    /// The carrier.
    pub carrier: Option<CarrierId>,
}

/// How sure an answer is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictBody {
    /// It is for the recipient.
    Certain,
    /// A person chooses among the candidates, though there may be one only.
    Choose,
    /// Nothing fits: to the held shelf.
    Unknown,
}

impl From<Verdict> for VerdictBody {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Certain => Self::Certain,
            Verdict::Choose => Self::Choose,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

/// For whom something is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ResolvedBody {
    /// How sure it is.
    verdict: VerdictBody,
    /// For whom, when it is certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<Recipient>,
    /// Who it may be, the best first, when it is not.
    candidates: Vec<CandidateBody>,
    /// Why it is so sure or so unsure, in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    say_chinese: Option<String>,
    /// Why it is so sure or so unsure, in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    say_english: Option<String>,
}

/// Resolves an address without recording anything.
pub(crate) async fn resolve(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<ResolvedBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let body: ResolveBody = body::json(&body::bytes(request).await?)?;
    Ok(Json(resolve_address(&app, &community, body)?))
}

/// Says for whom an address is.
///
/// # Errors
/// An address or phone tail that cannot be read, or an unknown community.
pub(crate) fn resolve_address(
    app: &App,
    community: &CommunityId,
    body: ResolveBody,
) -> Result<ResolvedBody, Problem> {
    let ResolveBody { address, phone_tail, name, carrier } = body;
    let destination = Destination { address, phone_tail, name, ..Destination::default() };
    let Addressed { verdict, recipient, candidates, says } =
        app.engine.resolve(community, &destination, carrier.as_ref())?;
    let (say_chinese, say_english) = says.map(|says| (says.chinese, says.english)).unzip();
    let candidates = candidates.into_iter().map(CandidateBody::from).collect();
    let verdict = VerdictBody::from(verdict);
    Ok(ResolvedBody { verdict, recipient, candidates, say_chinese, say_english })
}

/// The community's local day.
///
/// # Errors
/// An unknown community.
pub(crate) fn today(app: &App, community: &CommunityId) -> Result<Date, Problem> {
    let now = app.engine.clock().now();
    app.engine.with_place(community, |place| {
        let registered = place.community().registered.as_ref();
        let zone = registered.map_or("UTC", |registered| registered.time_zone.as_str());
        now.to_zoned(jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC)).date()
    })
}

fn tagged(revision: Revision, body: &impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", revision.0)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// There is no such thing.
pub(crate) fn not_found(what: &str) -> Problem {
    let chinese = match what {
        "parcel" => "没有这一物件：请核对编号",
        "run" => "没有这一配送趟：请核对编号",
        "order" => "没有这一订单：请核对编号",
        _ => "没有这一志愿者：请核对编号",
    };
    Problem::not_found(
        &format!("{what}-unknown"),
        format!("there is no such {what}: check the id"),
        chinese,
    )
}
