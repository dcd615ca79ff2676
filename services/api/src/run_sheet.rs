//! A courier's sheet: where to go, in order, with what. It is shown to whoever has the run's link
//! and its PIN, and ends with the run: no account, and no list of doors for anybody else.

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use domain::address::{Door, PlanPoint};
use domain::community::event::GridColour;
use domain::ids::{
    ActorId, BuildingId, CommandId, CommunityId, DeviceId, GridId, ParcelId, RunId, VolunteerId,
};
use domain::order::Order;
use domain::parcel::Parcel;
use domain::run::event::RunSlipPrinted;
use domain::run::{Phase, PieceStatus, Run, RunCommand, RunState, StopChange, StopOutcome};
use domain::supply::{Category, Cold, Load, SizeClass};
use runtime::planning::why;
use runtime::{Occurred, Problem, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::App;
use crate::actor::authorize;
use crate::body;
use crate::commands::path_part;
use crate::plan::{PausedBody, SentenceBody};
use crate::problem::ProblemResponse;
use crate::scans::digest;
use crate::views::questions::{NoteBody, ask_notes};

/// Wrong PINs in a row before a run's sheet is closed until the desk prints a new slip, or the
/// engine starts again.
const WRONG_PINS_MAX: u32 = 20;
/// Runs whose wrong PINs are remembered; beyond that, the count begins anew.
const RUNS_REMEMBERED_MAX: usize = 10_000;

/// Wrong PINs in a row, by run.
#[derive(Debug, Clone, Default)]
pub struct WrongPins(Arc<Mutex<HashMap<RunId, u32>>>);

impl WrongPins {
    fn check(&self, run: RunId, fits: bool) -> Result<(), Problem> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&run).copied().unwrap_or_default();
        if count >= WRONG_PINS_MAX {
            return Err(Problem::invalid(
                "pin-locked",
                "too many wrong PINs for this run: ask the desk for a new slip",
                "这一趟口令错误次数过多：请到前台重新领取",
            ));
        }
        if fits {
            counts.remove(&run);
            return Ok(());
        }
        if counts.len() >= RUNS_REMEMBERED_MAX {
            counts.clear();
        }
        counts.insert(run, count + 1);
        Err(Problem::invalid(
            "pin-wrong",
            "this is not the run's PIN: look at the slip and type its four digits",
            "口令不对：请核对领取单上的四位数字",
        ))
    }

    fn forgive(&self, run: RunId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
    }
}

/// Who asks for a sheet.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetQuestion {
    /// The four digits on the slip.
    pin: String,
}

/// Who prints a slip.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlipQuestion {
    /// The command's id (UUIDv7), made and kept by whoever sends it; the same on every retry.
    command_id: CommandId,
    /// Who prints it.
    actor: ActorId,
    /// The device, when it may be revoked.
    #[serde(default)]
    device: Option<DeviceId>,
}

/// What is printed for a courier.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SlipBody {
    run: RunId,
    /// The four digits that open the sheet until another slip is printed, the run is handed back or
    /// it ends. They are told here and nowhere else.
    pin: String,
    /// The path of the courier's page.
    path: String,
    phase: PhaseName,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
    /// Who was asked to make the trip, or makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    volunteer: Option<VolunteerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<jiff::civil::Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opens: Option<jiff::civil::Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closes: Option<jiff::civil::Time>,
    stops: usize,
    pieces: usize,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    /// It waits for a courier.
    Planned,
    /// A volunteer was asked.
    Offered,
    /// It has a courier, who loads.
    Accepted,
    /// The courier is on the way.
    Departed,
    /// Every piece is accounted for.
    Closed,
    /// It does not take place.
    Cancelled,
}

/// A courier's sheet.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SheetBody {
    run: RunId,
    revision: u64,
    phase: PhaseName,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colour: Option<GridColour>,
    /// Who was asked to make the trip, or makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    volunteer: Option<VolunteerId>,
    limit: Load,
    #[serde(skip_serializing_if = "Option::is_none")]
    opens: Option<jiff::civil::Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closes: Option<jiff::civil::Time>,
    /// The stops in the order of the way; none once the run has ended.
    stops: Vec<CourierStop>,
    /// Which edition of the route this is: 1 as it was planned, one more with each change.
    edition: u32,
    /// The latest edition that the courier was seen to have read.
    edition_seen: u32,
    /// What others changed about the route since then, and why.
    changes: Vec<SheetChange>,
    /// The buildings that are left out for now, because their zone lets nobody in.
    paused: Vec<PausedBody>,
    /// What to know at the stop that is next.
    notes: Vec<NoteBody>,
    /// The compound's plan: every building that has a place on it.
    plan: Vec<PlanBuilding>,
}

/// One stop that others changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SheetChange {
    door: Door,
    change: StopChange,
    /// Why.
    sentence: SentenceBody,
}

/// One door of the way.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CourierStop {
    door: Door,
    /// The floor, where the layout tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<i16>,
    /// Whether a lift goes there.
    lift: bool,
    /// `done` or `failed`, once it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    pieces: Vec<CourierPiece>,
}

/// One piece for a door.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CourierPiece {
    parcel: ParcelId,
    /// The short code on its label.
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<SizeClass>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cold: Option<Cold>,
    /// Hand it over in person.
    on_behalf: bool,
    /// Its order is marked urgent.
    urgent: bool,
    /// `planned` before it is loaded; then `on_board`, `failed`, `delivered`, `returned` or `lost`.
    status: &'static str,
}

/// A building on the plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanBuilding {
    building: BuildingId,
    position: PlanPoint,
}

/// Prints a slip: an act of whoever is at the desk, kept in the log like every other. It has a new
/// PIN, and those of earlier slips open nothing any more, so that nobody reads along unnoticed.
pub(crate) async fn print_slip(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<SlipBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let run: RunId = path_part(&id, "id")?;
    let SlipQuestion { command_id, actor, device } = body::json(&body::bytes(request).await?)?;
    authorize(&actor, &community)?;
    let recorded_at = app.engine.clock().now();
    let request = Request {
        command_id,
        content: digest(&("slip", &community, run)),
        community: community.clone(),
        actor,
        device,
        sequence: None,
        occurred: Occurred::now(recorded_at),
        recorded_at,
        correlation_id: None,
        causation_id: None,
    };
    let print = move |_: &RunState| Ok(RunCommand::PrintSlip(RunSlipPrinted { slip: command_id }));
    app.engine.command::<Run>(&request, &run, None, print).await?;
    let (state, _) = app.engine.peek::<Run>(&community, &run).await?;
    let phase = phase(&state).ok_or_else(run_unknown)?;
    if state.slip == Some(command_id) {
        app.wrong_pins.forgive(run);
    }
    Ok(Json(SlipBody {
        run,
        pin: pin(&app, &community, run, command_id)?,
        path: format!("/route?community={community}&run={run}"),
        phase,
        grid: state.grid().cloned(),
        volunteer: state.courier.or(state.offered_to),
        day: state.plan.as_ref().map(|plan| plan.day),
        opens: state.plan.as_ref().map(|plan| plan.opens),
        closes: state.plan.as_ref().map(|plan| plan.closes),
        stops: state.stops.len(),
        pieces: state.stops.iter().map(|stop| stop.parcels.len()).sum(),
    }))
}

/// A courier's sheet, for the run's PIN.
pub(crate) async fn sheet(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<SheetBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let run: RunId = path_part(&id, "id")?;
    let question: SheetQuestion = body::json(&body::bytes(request).await?)?;
    let (state, revision) = app.engine.peek::<Run>(&community, &run).await?;
    let (Some(phase), Some(revision)) = (phase(&state), revision) else {
        return Err(run_unknown().into());
    };
    let fits = match state.slip {
        Some(slip) => question.pin == pin(&app, &community, run, slip)?,
        None => false,
    };
    app.wrong_pins.check(run, fits)?;
    let ended = matches!(phase, PhaseName::Closed | PhaseName::Cancelled);
    let mut stops = vec![];
    for stop in state.stops.iter().filter(|_| !ended) {
        let mut pieces = vec![];
        for parcel in &stop.parcels {
            pieces.push(piece(&app, &community, &state, *parcel).await?);
        }
        let (floor, lift) = app
            .engine
            .with_place(&community, |place| {
                let building = place.community().buildings.get(&stop.door.building)?;
                let floor = building.unit(&stop.door.unit)?.floor_of(&stop.door.room);
                Some((floor, building.description.lift))
            })?
            .unwrap_or((None, false));
        let outcome = state.outcomes.get(&stop.door).map(|outcome| match outcome {
            StopOutcome::Done => "done",
            StopOutcome::Failed => "failed",
        });
        stops.push(CourierStop { door: stop.door.clone(), floor, lift, outcome, pieces });
    }
    let (colour, plan) = app.engine.with_place(&community, |place| {
        let community = place.community();
        let colour = state.grid().and_then(|grid| community.grids.get(grid)).copied();
        let standing = community.buildings.iter().filter_map(|(id, building)| {
            let position = building.description.position?;
            Some(PlanBuilding { building: id.clone(), position })
        });
        (colour, standing.collect())
    })?;
    Ok(Json(SheetBody {
        run,
        revision: revision.0,
        phase,
        grid: state.grid().cloned(),
        colour,
        volunteer: state.courier.or(state.offered_to),
        limit: state.limit(),
        opens: state.plan.as_ref().map(|plan| plan.opens),
        closes: state.plan.as_ref().map(|plan| plan.closes),
        stops,
        edition: state.sheet,
        edition_seen: state.sheet_seen,
        changes: if ended { vec![] } else { changes(&state) },
        paused: state.paused.values().filter(|_| !ended).map(Into::into).collect(),
        notes: if ended { vec![] } else { ask_notes(&app, &community, run).await? },
        plan,
    }))
}

fn changes(state: &RunState) -> Vec<SheetChange> {
    let told = state.unseen.iter().map(|(changed, reason)| SheetChange {
        door: changed.door.clone(),
        change: changed.change,
        sentence: why::replanned(reason).into(),
    });
    told.collect()
}

async fn piece(
    app: &App,
    community: &CommunityId,
    run: &RunState,
    parcel: ParcelId,
) -> Result<CourierPiece, Problem> {
    let (state, _) = app.engine.peek::<Parcel>(community, &parcel).await?;
    let contents = state.contents.as_ref();
    let urgent = match contents.and_then(|contents| contents.order) {
        Some(order) => app.engine.peek::<Order>(community, &order).await?.0.urgent,
        None => false,
    };
    let status = run.pieces.get(&parcel).map_or("planned", |piece| match piece.status {
        PieceStatus::OnBoard => "on_board",
        PieceStatus::Failed(_) => "failed",
        PieceStatus::Delivered => "delivered",
        PieceStatus::Returned => "returned",
        PieceStatus::Lost => "lost",
    });
    Ok(CourierPiece {
        parcel,
        label: runtime::directory::label_code(parcel),
        category: contents.map(|contents| contents.category),
        size: contents.map(|contents| contents.size),
        cold: contents.map(|contents| contents.cold),
        on_behalf: state.on_behalf,
        urgent,
        status,
    })
}

fn phase(state: &RunState) -> Option<PhaseName> {
    Some(match state.phase {
        Phase::Unknown => return None,
        Phase::Planned => PhaseName::Planned,
        Phase::Offered => PhaseName::Offered,
        Phase::Accepted => PhaseName::Accepted,
        Phase::Departed => PhaseName::Departed,
        Phase::Closed => PhaseName::Closed,
        Phase::Cancelled => PhaseName::Cancelled,
    })
}

/// Four digits that follow from the community's own key: no log holds them, and nobody can work
/// them out who has only the link.
fn pin(app: &App, community: &CommunityId, run: RunId, slip: CommandId) -> Result<String, Problem> {
    let token = app.engine.vault().tail_token(community, &format!("run {run} slip {slip}"));
    let token = token.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the vault did not answer");
        Problem::deferred(
            "vault-unavailable",
            "the key store did not answer: try again in a moment",
            "密钥库暂无响应：请稍后重试",
        )
    })?;
    let number = u64::from_be_bytes(token.to_bytes()) % 10_000;
    Ok(format!("{number:04}"))
}

fn run_unknown() -> Problem {
    Problem::not_found(
        "run-unknown",
        "there is no such run: scan the slip again, or ask the desk",
        "没有这一趟：请重新扫描领取单，或询问前台",
    )
}
