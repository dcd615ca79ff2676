//! The runs of a moment on the plan of their compound.

use std::collections::{BTreeMap, BTreeSet};

use domain::address::PlanPoint;
use domain::community::{Building as Described, CommunityState, ZoneAccess};
use domain::ids::{BuildingId, CommunityId, GridId, RunId};
use domain::run::event::Stop;
use domain::run::{Phase, RunState};
use jiff::Timestamp;
use planner::drawing::{Building, Drawing, Language, Route, State, svg};
use planner::objective::burden;
use planner::walk::Point;
use planner::ways::{Place, Ways, point};

use super::preview::ToldRun;
use crate::engine::Engine;
use crate::problem::Problem;

/// Half of the footprint that is drawn for a building of which only the middle is known, to the
/// east and to the north, in decimetres.
const HALF_FOOTPRINT_DM: (i32, i32) = (150, 60);

/// Which runs are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawn {
    /// One.
    One(RunId),
    /// Every run that is not over.
    Live,
    /// Those of a grid.
    Grid(GridId),
}

impl Engine {
    /// The plan of a compound with the ways of some runs, as SVG.
    ///
    /// # Errors
    /// A problem when the community or the run is unknown, nobody has said where its buildings
    /// stand, or the log cannot be read.
    pub async fn picture(
        &self,
        id: &CommunityId,
        drawn: &Drawn,
        language: Language,
    ) -> Result<String, Problem> {
        let now = self.clock().now();
        let (runs, community, ways) = match drawn {
            Drawn::One(run) => {
                let (told, community, ways) = self.told_run(id, *run).await?;
                (vec![told], community, ways)
            }
            Drawn::Live | Drawn::Grid(_) => {
                let plan = self.day_plan(id, None).await?;
                let wanted = |run: &ToldRun| match drawn {
                    Drawn::Grid(grid) => run.state.grid() == Some(grid),
                    Drawn::One(_) | Drawn::Live => true,
                };
                let live = |run: &ToldRun| match run.state.phase {
                    Phase::Planned | Phase::Offered | Phase::Accepted | Phase::Departed => true,
                    Phase::Unknown | Phase::Closed | Phase::Cancelled => false,
                };
                let runs = plan.runs.into_iter().filter(|run| live(run) && wanted(run)).collect();
                (runs, plan.community, plan.ways)
            }
        };
        if community.buildings.values().all(|building| building.description.position.is_none()) {
            return Err(no_positions());
        }
        Ok(svg(&drawing(&community, &ways, &runs, now, language)))
    }
}

fn drawing(
    community: &CommunityState,
    ways: &Ways,
    runs: &[ToldRun],
    now: Timestamp,
    language: Language,
) -> Drawing {
    let name = community.registered.as_ref().map_or("", |fact| fact.name.as_str());
    let title = match language {
        Language::Chinese => format!("{name} · 配送路线 · delivery routes"),
        Language::English => format!("{name} · delivery routes · 配送路线"),
    };
    let states = states(community, runs, now);
    let buildings = community.buildings.iter().filter_map(|(id, building)| {
        let state = states.get(id).copied().unwrap_or_default();
        Some(Building { outline: outline(building)?, label: format!("{id}栋"), state })
    });
    let blocked = community.paths.blocked_at(now);
    let line = |path: &domain::community::event::Path| {
        let end = |id| community.paths.crossings.get(id).copied().map(point);
        Some(vec![end(&path.from)?, end(&path.to)?])
    };
    let paths = community.paths.paths.iter();
    let (shut, open): (Vec<_>, Vec<_>) = paths.partition(|path| blocked.contains(&path.id));
    Drawing {
        title,
        buildings: buildings.collect(),
        paths: open.into_iter().filter_map(line).collect(),
        blocked: shut.into_iter().filter_map(line).collect(),
        gate: community.intake_position().map(point),
        routes: runs.iter().map(|run| route(ways, run)).collect(),
        is_straight: community.paths.paths.is_empty(),
        language,
        ..Drawing::default()
    }
}

/// The footprint of a building: nobody has told more than where it stands.
fn outline(building: &Described) -> Option<Vec<Point>> {
    let PlanPoint { east_dm, north_dm } = building.description.position?;
    let (east, north) = HALF_FOOTPRINT_DM;
    let corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)];
    let corner = |(right, up)| {
        let (east_dm, north_dm) = (east_dm + right * east, north_dm + up * north);
        point(PlanPoint { east_dm, north_dm })
    };
    Some(corners.map(corner).to_vec())
}

/// What is going on in each building.
fn states(
    community: &CommunityState,
    runs: &[ToldRun],
    now: Timestamp,
) -> BTreeMap<BuildingId, State> {
    let mut states: BTreeMap<BuildingId, State> = BTreeMap::new();
    for (stop, run) in runs.iter().flat_map(|run| run.state.stops.iter().map(move |s| (s, run))) {
        let done = run.state.outcomes.contains_key(&stop.door);
        let state = states.entry(stop.door.building.clone()).or_insert(State::Done);
        if !done {
            *state = State::Waiting;
        }
    }
    // A sealed zone lets people with protection in; a tested one nobody.
    let protected: BTreeSet<&BuildingId> = runs
        .iter()
        .filter(|run| run.state.needs_protection())
        .flat_map(|run| run.state.stops.iter().map(|stop| &stop.door.building))
        .collect();
    for building in community.buildings.keys() {
        let closed = community.closed_zones(now, protected.contains(building));
        if closed.access(building) != ZoneAccess::Admitted {
            states.insert(building.clone(), State::Closed);
        }
    }
    states
}

fn route(ways: &Ways, run: &ToldRun) -> Route {
    let RunState { plan, stops, .. } = run.state.as_ref();
    let place = |stop: &Stop| -> Option<Point> {
        let at = Place::Unit(&stop.door.building, &stop.door.unit);
        ways.position(at).map(point)
    };
    let places: Vec<Place<'_>> = std::iter::once(Place::Gate)
        .chain(stops.iter().map(|stop| Place::Unit(&stop.door.building, &stop.door.unit)))
        .chain([Place::Gate])
        .collect();
    let legs = places.windows(2).filter(|leg| leg[0] != leg[1]);
    let pieces: usize = stops.iter().map(|stop| stop.parcels.len()).sum();
    let wave = plan.as_ref().and_then(|plan| plan.wave);
    let wave = wave.map_or("手排".to_owned(), |wave| format!("第{}波", wave.number));
    let grid = plan.as_ref().map_or(String::new(), |plan| format!("{}网格", plan.grid));
    let burden = burden(run.effort);
    Route {
        label: format!("{wave} {grid} · {pieces} 件 · {burden} 层·公斤"),
        legs: legs.filter_map(|leg| ways.walk(leg[0], leg[1])).collect(),
        stops: stops.iter().filter_map(place).collect(),
    }
}

fn no_positions() -> Problem {
    Problem::not_found(
        "plan-not-drawable",
        "nobody has said where this community's buildings stand: give them a position first",
        "尚未录入楼栋位置，无法绘图：请先设置各楼栋的 position",
    )
}
