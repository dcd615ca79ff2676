//! What is due on a day, window by window and grid by grid; which run takes it, and what is left
//! over and why?

use std::collections::{BTreeMap, HashMap};

use domain::address::Door;
use domain::community::ZoneAccess;
use domain::ids::{GridId, ParcelId, RunId, VolunteerId};
use domain::plan::event::UnplannedReason;
use domain::run::Phase;
use domain::run::event::{AssignmentReason, RunWave};
use domain::supply::{Category, Load};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::building_queue::natural;
use crate::facts::{Facts, KnownRun, Piece, Spot};
use crate::run_sheet::{self, RunPhase};

/// How many pieces that are left over are named for a grid; the others are counted.
pub const LEFT_OVER_NAMED_MAX: usize = 500;

/// Why a piece is in no run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LeftOverReason {
    /// It is not where it should be.
    Missing,
    /// Recalled, disputed or damaged beyond use: somebody must settle it first.
    ToBeSettled,
    /// Nobody knows yet for whom it is.
    UnknownRecipient,
    /// The zone of its building is closed now.
    ZoneClosed,
    /// Its disinfection has not run.
    InDisinfection,
    /// It is not on its shelf yet.
    NotSorted,
    /// The runs of its grid have no room for it.
    NoRoom,
    /// Its grid has no run in this window.
    NoRun,
    /// There is room, and nobody has put it in a run.
    NotAssigned,
}

/// A piece that is due and in no run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOver {
    /// The piece.
    pub parcel: ParcelId,
    /// What is inside.
    pub category: Category,
    /// Its door, once that is known.
    pub door: Option<Door>,
    /// Where it is.
    pub spot: Spot,
    /// Why it is in no run, as it stands now.
    pub reason: LeftOverReason,
    /// Why the planner left it out when it last looked; `null` where it did not.
    pub planner: Option<UnplannedReason>,
}

/// A run in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedRun {
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub phase: RunPhase,
    /// Who makes it.
    pub courier: Option<VolunteerId>,
    /// The wave that it belongs to, and why that leaves now; `null` when a person planned it.
    pub wave: Option<RunWave>,
    /// Why the courier was asked, where the engine chose.
    pub reason: Option<AssignmentReason>,
    /// What it carries at most.
    pub limit: Load,
    /// What is planned for it or on it.
    pub load: Load,
    /// Of its limit, in hundredths: the fullest of pieces, weight and volume.
    pub load_percent: u32,
    /// Its stops.
    pub stops: u32,
    /// Pieces that their households have.
    pub pieces_delivered: u32,
}

/// The plan of one grid in one window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GridPlan {
    /// The grid; `null` for pieces whose building nobody knows.
    pub grid: Option<GridId>,
    /// Pieces that are due.
    pub due: u32,
    /// Those by category.
    pub due_by_category: BTreeMap<Category, u32>,
    /// How much of a load they are.
    pub due_load: Load,
    /// Of those due: in a run.
    pub assigned: u32,
    /// Of those due: with their households, or given back, or thrown away.
    pub done: u32,
    /// Of those due: in no run.
    pub left_over: u32,
    /// Why, counted.
    pub left_over_by_reason: BTreeMap<LeftOverReason, u32>,
    /// The pieces that are left over, at most [`LEFT_OVER_NAMED_MAX`].
    pub left_over_pieces: Vec<LeftOver>,
    /// What the grid's runs in this window carry at most, together.
    pub capacity: Load,
    /// The grid's runs in this window.
    pub runs: Vec<PlannedRun>,
}

/// The plan of one window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WindowPlan {
    /// When couriers may start, in local time; `null` for pieces of categories without windows.
    pub opens: Option<Time>,
    /// When every door must have its pieces, in local time.
    pub closes: Option<Time>,
    /// By grid.
    pub grids: Vec<GridPlan>,
}

/// The plan of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryPlan {
    /// The community's day.
    pub day: Date,
    /// The moment that it is of.
    pub at: Timestamp,
    /// Window by window.
    pub windows: Vec<WindowPlan>,
}

type Key<'a> = (Option<(Time, Time)>, Option<&'a GridId>);

/// The plan of a day. Pieces that were due on an earlier day and are still here are due in the
/// first window of their kind of day, so that nothing drops out of sight overnight.
pub fn plan(facts: &Facts, day: Date, now: Timestamp) -> DeliveryPlan {
    let runs_of_day: Vec<_> = facts
        .runs()
        .filter(|(_, run)| run.state.plan.as_ref().is_some_and(|plan| plan.day == day))
        .filter(|(_, run)| run.state.phase != Phase::Cancelled)
        .collect();
    let carried_by = carried_by(&runs_of_day);
    let mut grids: BTreeMap<Key<'_>, GridPlan> = BTreeMap::new();
    for (id, run) in &runs_of_day {
        let Some(plan) = &run.state.plan else { continue };
        let window = window_of_run(facts, plan.opens, plan.closes);
        let grid = grids.entry((Some(window), Some(&plan.grid))).or_insert_with(empty);
        grid.capacity = grid.capacity.plus(plan.limit);
        grid.runs.push(planned_run(facts, *id, run));
    }
    let mut due: Vec<_> =
        facts.pieces().filter(|(_, piece)| is_due(facts, piece, day, now)).collect();
    due.sort_unstable_by_key(|(id, piece)| (piece.place_in_queue(), *id));
    let closed = facts.community().closed_zones(now, false);
    for (id, piece) in due {
        let window = piece.due.map(|due| (due.opens, due.closes));
        let building = piece.door().map(|door| &door.building);
        let grid_id = building.and_then(|building| facts.grid_of(building));
        let grid = grids.entry((window, grid_id)).or_insert_with(empty);
        grid.due += 1;
        *grid.due_by_category.entry(piece.category()).or_default() += 1;
        grid.due_load = grid.due_load.plus(piece.state.load());
        if piece.state.is_closed() {
            grid.done += 1;
        } else if carried_by.contains_key(&id) || piece.state.phase.run().is_some() {
            grid.assigned += 1;
        } else {
            let access = building.map(|building| closed.access(building));
            let zone_closed = matches!(access, Some(ZoneAccess::Closed { .. }));
            leave_over(grid, id, piece, zone_closed);
        }
    }
    DeliveryPlan { day, at: now, windows: windows(grids) }
}

fn empty() -> GridPlan {
    GridPlan {
        grid: None,
        due: 0,
        due_by_category: BTreeMap::new(),
        due_load: Load::default(),
        assigned: 0,
        done: 0,
        left_over: 0,
        left_over_by_reason: BTreeMap::new(),
        left_over_pieces: vec![],
        capacity: Load::default(),
        runs: vec![],
    }
}

fn carried_by(runs: &[(RunId, &KnownRun)]) -> HashMap<ParcelId, RunId> {
    let mut carried = HashMap::new();
    for (id, run) in runs.iter().filter(|(_, run)| run.state.phase != Phase::Closed) {
        let listed = run.state.stops.iter().flat_map(|stop| &stop.parcels);
        carried.extend(listed.map(|parcel| (*parcel, *id)));
    }
    carried
}

/// A piece is due on the day of its window, and on every later day until its way has ended.
fn is_due(facts: &Facts, piece: &Piece, day: Date, now: Timestamp) -> bool {
    let today = || now.to_zoned(facts.zone().clone()).date();
    match (piece.arrived_at, piece.due) {
        (None, _) => false,
        (Some(_), Some(due)) if due.day == day => true,
        (Some(_), Some(due)) => due.day < day && !piece.state.is_closed() && day == today(),
        (Some(_), None) => !piece.state.is_closed() && day == today(),
    }
}

/// The window of the community that a run falls into, or its own times where there is none.
fn window_of_run(facts: &Facts, opens: Time, closes: Time) -> (Time, Time) {
    let windows = facts.community().windows.values().flat_map(|policy| &policy.windows);
    let mut fitting = windows.filter(|window| window.opens <= opens && closes <= window.closes);
    fitting.next().map_or((opens, closes), |window| (window.opens, window.closes))
}

fn planned_run(facts: &Facts, id: RunId, run: &KnownRun) -> PlannedRun {
    let state = &run.state;
    let listed = state.stops.iter().flat_map(|stop| &stop.parcels);
    let not_loaded = listed.filter(|parcel| !state.pieces.contains_key(parcel));
    let planned = not_loaded.filter_map(|parcel| facts.piece(*parcel)).map(|p| p.state.load());
    let load = planned.fold(state.loaded, Load::plus);
    let counts = state.counts();
    PlannedRun {
        run: id,
        phase: run_sheet::phase(state.phase),
        courier: state.courier,
        wave: state.plan.as_ref().and_then(|plan| plan.wave),
        reason: state.reason.clone(),
        limit: state.limit(),
        load,
        load_percent: percent(load, state.limit()),
        stops: u32::try_from(state.stops.len()).unwrap_or(u32::MAX),
        pieces_delivered: counts.delivered,
    }
}

fn percent(load: Load, limit: Load) -> u32 {
    let of = |part: u32, whole: u32| {
        let percent = u64::from(part) * 100 / u64::from(whole.max(1));
        u32::try_from(percent).unwrap_or(u32::MAX)
    };
    of(load.pieces, limit.pieces)
        .max(of(load.weight_grams, limit.weight_grams))
        .max(of(load.volume_millilitres, limit.volume_millilitres))
}

fn leave_over(grid: &mut GridPlan, parcel: ParcelId, piece: &Piece, zone_closed: bool) {
    let reason = reason(grid, piece, zone_closed);
    grid.left_over += 1;
    *grid.left_over_by_reason.entry(reason).or_default() += 1;
    if grid.left_over_pieces.len() < LEFT_OVER_NAMED_MAX {
        grid.left_over_pieces.push(LeftOver {
            parcel,
            category: piece.category(),
            door: piece.door().cloned(),
            spot: piece.spot(),
            reason,
            planner: piece.unplanned.clone(),
        });
    }
}

fn reason(grid: &GridPlan, piece: &Piece, zone_closed: bool) -> LeftOverReason {
    let state = &piece.state;
    let unsettled = state.is_recalled() || state.dispute.is_some() || state.damaged == Some(false);
    match piece.spot() {
        Spot::Missing => LeftOverReason::Missing,
        _ if unsettled => LeftOverReason::ToBeSettled,
        Spot::Held => LeftOverReason::UnknownRecipient,
        _ if zone_closed => LeftOverReason::ZoneClosed,
        Spot::AtGate | Spot::Disinfecting => LeftOverReason::InDisinfection,
        Spot::Expected | Spot::ToSort => LeftOverReason::NotSorted,
        Spot::OnShelf
        | Spot::Loaded
        | Spot::AtFoot
        | Spot::Failed
        | Spot::HandedOff
        | Spot::GivenBack
        | Spot::Disposed => {
            let waiting = |run: &&PlannedRun| match run.phase {
                RunPhase::Planned | RunPhase::Offered | RunPhase::Accepted => true,
                RunPhase::Departed | RunPhase::Closed | RunPhase::Cancelled => false,
            };
            let mut open = grid.runs.iter().filter(waiting).peekable();
            if open.peek().is_none() {
                LeftOverReason::NoRun
            } else if open.any(|run| run.load.plus(state.load()).fits(run.limit)) {
                LeftOverReason::NotAssigned
            } else {
                LeftOverReason::NoRoom
            }
        }
    }
}

fn windows(grids: BTreeMap<Key<'_>, GridPlan>) -> Vec<WindowPlan> {
    let mut windows: BTreeMap<Option<(Time, Time)>, Vec<GridPlan>> = BTreeMap::new();
    for ((window, grid), mut plan) in grids {
        plan.grid = grid.cloned();
        plan.runs.sort_by_key(|run| run.run);
        windows.entry(window).or_default().push(plan);
    }
    let windows = windows.into_iter().map(|(window, mut grids)| {
        grids.sort_by_cached_key(|plan| match &plan.grid {
            Some(grid) => (0, natural(grid.as_str())),
            None => (1, natural("")),
        });
        let (opens, closes) = window.unzip();
        WindowPlan { opens, closes, grids }
    });
    windows.collect()
}
