//! A courier's sheet: where to go, in order, with what. It is shown to whoever has the run's link
//! and its PIN, and ends with the run: no account, and no list of doors for anybody else.

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use domain::address::{Door, PlanPoint};
use domain::community::event::GridColour;
use domain::ids::{BuildingId, CommunityId, GridId, ParcelId, RunId, VolunteerId};
use domain::parcel::Parcel;
use domain::run::{Phase, PieceStatus, Run, RunState, StopOutcome};
use domain::supply::{Category, Cold, Load, SizeClass};
use runtime::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::App;
use crate::body;
use crate::commands::path_part;
use crate::problem::ProblemResponse;

/// Wrong PINs in a row before a run's sheet is closed until the engine starts again or the desk
/// prints a new slip.
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

/// What the desk prints for a courier.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SlipBody {
    run: RunId,
    /// The four digits that open the sheet.
    pin: String,
    /// The path of the courier's page.
    path: String,
    phase: PhaseName,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
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
    stops: Vec<SheetStop>,
    /// The compound's plan: every building that has a place on it.
    plan: Vec<PlanBuilding>,
}

/// One door of the way.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SheetStop {
    door: Door,
    /// The floor, where the layout tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<i16>,
    /// Whether a lift goes there.
    lift: bool,
    /// `done` or `failed`, once it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    pieces: Vec<SheetPiece>,
}

/// One piece for a door.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SheetPiece {
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
    /// `planned` before it is loaded; then `on_board`, `failed`, `delivered`, `returned` or `lost`.
    status: &'static str,
}

/// A building on the plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanBuilding {
    building: BuildingId,
    position: PlanPoint,
}

/// What the desk prints for a courier. Whoever has it may open the sheet, so it also forgives wrong
/// PINs.
pub(crate) async fn slip(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Json<SlipBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let run: RunId = path_part(&id, "id")?;
    let (state, _) = app.engine.peek::<Run>(&community, &run).await?;
    let phase = phase(&state).ok_or_else(run_unknown)?;
    app.wrong_pins.forgive(run);
    Ok(Json(SlipBody {
        run,
        pin: pin(&app, &community, run)?,
        path: format!("/route?community={community}&run={run}"),
        phase,
        grid: state.grid().cloned(),
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
    app.wrong_pins.check(run, question.pin == pin(&app, &community, run)?)?;
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
        stops.push(SheetStop { door: stop.door.clone(), floor, lift, outcome, pieces });
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
        plan,
    }))
}

async fn piece(
    app: &App,
    community: &CommunityId,
    run: &RunState,
    parcel: ParcelId,
) -> Result<SheetPiece, Problem> {
    let (state, _) = app.engine.peek::<Parcel>(community, &parcel).await?;
    let contents = state.contents.as_ref();
    let status = run.pieces.get(&parcel).map_or("planned", |piece| match piece.status {
        PieceStatus::OnBoard => "on_board",
        PieceStatus::Failed(_) => "failed",
        PieceStatus::Delivered => "delivered",
        PieceStatus::Returned => "returned",
        PieceStatus::Lost => "lost",
    });
    Ok(SheetPiece {
        parcel,
        label: runtime::directory::label_code(parcel),
        category: contents.map(|contents| contents.category),
        size: contents.map(|contents| contents.size),
        cold: contents.map(|contents| contents.cold),
        on_behalf: state.on_behalf,
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

/// Four digits that follow from the community's own key: nothing is stored, and nobody can work
/// them out who has only the link.
fn pin(app: &App, community: &CommunityId, run: RunId) -> Result<String, Problem> {
    let token = app.engine.vault().tail_token(community, &format!("run {run}"));
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
