//! Reading: communities, parcels and their trails, households, orders, runs, volunteers, reports.

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::address::{Door, Recipient};
use domain::ids::{
    ActorId, BuildingId, CarrierId, CommunityId, GridId, HouseholdId, OrderId, ParcelId, RunId,
    VolunteerId, ZoneId,
};
use domain::order::Order;
use domain::parcel::{Custody, Parcel, Phase};
use domain::run::{PieceStatus, Run, StopOutcome};
use domain::supply::{Category, Load};
use domain::volunteer::Volunteer;
use event_log::{Direction, PAGE_EVENTS_MAX, Revision};
use jiff::Timestamp;
use runtime::answer::Verdict;
use runtime::codec::{self, Metadata, Stored};
use runtime::cue::Cue;
use runtime::scan::Destination;
use runtime::{Addressed, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    let loaded = runtime::community_file::load(&app.engine, &id, &query.actor, commands).await?;
    let (changed, unchanged) = (loaded.changed, loaded.unchanged);
    Ok(Json(LoadedBody { id, changed, unchanged }))
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
    phase: PhaseBody,
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
    #[schemars(with = "Option<serde_json::Value>")]
    cue: Option<Cue>,
}

/// Where a parcel stands on its way.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseBody {
    /// It was announced.
    Expected,
    /// It is at the gate and must be disinfected.
    Arrived,
    /// The agent acts.
    Disinfecting,
    /// It may be sorted.
    Clean,
    /// It lies on its building's shelf.
    Sorted,
    /// A courier has it.
    Loaded,
    /// It stands at its building's foot.
    Relayed,
    /// A courier has it after a failed attempt.
    Failed,
    /// The household has it.
    HandedOff,
    /// Its carrier has it back.
    Refused,
    /// It was thrown away.
    Disposed,
}

/// Who answers for a parcel.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustodyBody {
    /// Somebody outside.
    Outside,
    /// The intake point.
    IntakePoint,
    /// The courier of a run.
    Run(RunId),
    /// The volunteer at the foot of a building.
    BuildingFoot(BuildingId),
    /// The household.
    Household,
    /// The carrier that brought it.
    Carrier,
    /// Nobody any more.
    Disposed,
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
        cue: app.engine.cue(&community, id, &state),
    };
    Ok(tagged(revision, &body))
}

fn phase_body(phase: Phase) -> Option<PhaseBody> {
    Some(match phase {
        Phase::Unknown => return None,
        Phase::Expected => PhaseBody::Expected,
        Phase::Arrived => PhaseBody::Arrived,
        Phase::Disinfecting { .. } => PhaseBody::Disinfecting,
        Phase::Clean => PhaseBody::Clean,
        Phase::Sorted => PhaseBody::Sorted,
        Phase::Loaded { .. } => PhaseBody::Loaded,
        Phase::Relayed { .. } => PhaseBody::Relayed,
        Phase::Failed { .. } => PhaseBody::Failed,
        Phase::HandedOff => PhaseBody::HandedOff,
        Phase::Refused => PhaseBody::Refused,
        Phase::Disposed => PhaseBody::Disposed,
    })
}

fn custody_body(custody: Custody) -> CustodyBody {
    match custody {
        Custody::Outside => CustodyBody::Outside,
        Custody::IntakePoint => CustodyBody::IntakePoint,
        Custody::Run(run) => CustodyBody::Run(run),
        Custody::BuildingFoot(building) => CustodyBody::BuildingFoot(building),
        Custody::Household => CustodyBody::Household,
        Custody::Carrier => CustodyBody::Carrier,
        Custody::Disposed => CustodyBody::Disposed,
    }
}

/// One happening of a parcel's trail.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TrailEntryBody {
    position: u64,
    revision: u64,
    event_id: uuid::Uuid,
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
    let stream = Parcel::stream(&community, &id).map_err(|_| not_found("parcel"))?;
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
    let entries: Vec<_> = page.iter().filter_map(trail_entry).collect();
    if entries.is_empty() {
        return Err(not_found("parcel").into());
    }
    Ok(Json(entries))
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
    /// `planned`, `offered`, `accepted`, `departed`, `closed` or `cancelled`.
    phase: &'static str,
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
    /// `done` or `failed`, once it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
}

/// One piece that was loaded on a run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunPieceBody {
    parcel: ParcelId,
    door: Door,
    /// `on_board`, `failed`, `delivered`, `returned` or `lost`.
    status: &'static str,
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
        outcome: state.outcomes.get(&stop.door).map(|outcome| match outcome {
            StopOutcome::Done => "done",
            StopOutcome::Failed => "failed",
        }),
    });
    let pieces = state.pieces.iter().map(|(parcel, piece)| RunPieceBody {
        parcel: *parcel,
        door: piece.door.clone(),
        status: match piece.status {
            PieceStatus::OnBoard => "on_board",
            PieceStatus::Failed(_) => "failed",
            PieceStatus::Delivered => "delivered",
            PieceStatus::Returned => "returned",
            PieceStatus::Lost => "lost",
        },
    });
    let body = RunBody {
        id,
        revision: revision.0,
        phase: run_phase(state.phase),
        grid: state.grid().cloned(),
        courier: state.courier,
        limit: state.limit(),
        loaded: state.loaded,
        stops: stops.collect(),
        pieces: pieces.collect(),
    };
    Ok(tagged(revision, &body))
}

fn run_phase(phase: domain::run::Phase) -> &'static str {
    match phase {
        domain::run::Phase::Unknown => "unknown",
        domain::run::Phase::Planned => "planned",
        domain::run::Phase::Offered => "offered",
        domain::run::Phase::Accepted => "accepted",
        domain::run::Phase::Departed => "departed",
        domain::run::Phase::Closed => "closed",
        domain::run::Phase::Cancelled => "cancelled",
    }
}

/// An order as it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderBody {
    id: OrderId,
    /// The revision; the ETag is the same.
    revision: u64,
    /// `open`, `fulfilled` or `cancelled`.
    phase: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    household: Option<HouseholdId>,
    /// In how many pieces it is expected to come.
    pieces: u16,
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
        phase: match state.phase {
            domain::order::Phase::Unknown => "unknown",
            domain::order::Phase::Open => "open",
            domain::order::Phase::Fulfilled => "fulfilled",
            domain::order::Phase::Cancelled => "cancelled",
        },
        household: state.placed.as_ref().map(|placed| placed.household),
        pieces: state.pieces,
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
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveBody {
    /// The address as written or shouted.
    address: Option<String>,
    /// The last 3 to 6 digits of the phone.
    phone_tail: Option<String>,
    /// The recipient's name; never the sender's.
    name: Option<String>,
    /// The carrier.
    carrier: Option<CarrierId>,
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
    let ResolveBody { address, phone_tail, name, carrier } = body;
    let destination = Destination { address, phone_tail, name, ..Destination::default() };
    let Addressed { verdict, recipient, candidates, says } =
        app.engine.resolve(&community, &destination, carrier.as_ref())?;
    let (say_chinese, say_english) = says.map(|says| (says.chinese, says.english)).unzip();
    let candidates = candidates.into_iter().map(CandidateBody::from).collect();
    let verdict = VerdictBody::from(verdict);
    Ok(Json(ResolvedBody { verdict, recipient, candidates, say_chinese, say_english }))
}

fn tagged(revision: Revision, body: &impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", revision.0)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn not_found(what: &str) -> Problem {
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
