//! Who is there: every volunteer with shifts, and how things stand.
//!
//! It is the one list that tells volunteers' names, because nobody can ring an id. No household's
//! name is told by any.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::ids::{BuildingId, CommunityId, GridId, RunId, VolunteerId};
use domain::run::Phase;
use domain::supply::Load;
use domain::volunteer::event::{Pool, Role, VolunteerLimitsSet, VolunteerStatus};
use domain::volunteer::{Volunteer, VolunteerState};
use jiff::{SignedDuration, Timestamp};
use runtime::Problem;
use runtime::vault::{Opened, Subject};
use schemars::JsonSchema;
use serde::Serialize;

use crate::App;
use crate::commands::path_part;
use crate::export::{Cell, Csv, name};
use crate::problem::ProblemResponse;
use crate::views::When;
use crate::views::questions::vault_unavailable;

/// The most volunteers that are listed.
pub const VOLUNTEERS_MAX: usize = 2_000;
/// How long a shift that has ended is still told.
const ENDED_TOLD: SignedDuration = SignedDuration::from_hours(24);

/// One volunteer of the roster.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RosterEntry {
    /// The volunteer.
    pub id: VolunteerId,
    /// The revision that a change is decided against.
    revision: u64,
    /// The name; `null` when none is known, or it was erased.
    pub name: Option<String>,
    /// The grid that the volunteer serves, and no other.
    grid: Option<GridId>,
    roles: BTreeSet<Role>,
    /// Whether the volunteer has protection for sealed zones.
    protection: bool,
    carry_limit: Load,
    status: VolunteerStatus,
    /// When the status expires.
    status_until: Option<Timestamp>,
    /// The shifts from yesterday on.
    shifts: Vec<ShiftBody>,
    /// The breaks within them.
    breaks: Vec<ShiftBody>,
    /// Whether a run can be offered now.
    available: bool,
    /// Whether the badge was taken away.
    revoked: bool,
    pool: Pool,
    /// The buildings of which the volunteer is the regular one.
    keeps: BTreeSet<BuildingId>,
    limits: VolunteerLimitsSet,
    /// The run that the volunteer was offered or makes.
    run: Option<RunId>,
}

/// A time during which a volunteer works, or rests.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct ShiftBody {
    from: Timestamp,
    until: Timestamp,
}

/// Every volunteer.
pub(crate) async fn volunteers(
    State(app): State<App>,
    Path(community): Path<String>,
) -> Result<Json<Vec<RosterEntry>>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    Ok(Json(roster(&app, &community).await?))
}

/// Every volunteer as CSV, one row for each shift, with its breaks.
pub(crate) async fn volunteers_csv(
    State(app): State<App>,
    Path(community): Path<String>,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let columns =
        ["volunteer", "name", "grid", "roles", "status", "available", "from", "until", "breaks"];
    let mut csv = Csv::with(&columns);
    for entry in roster(&app, &community).await? {
        let roles: Vec<_> = entry.roles.iter().map(|role| name(*role)).collect();
        let breaks = |shift: Option<&ShiftBody>| {
            let of_shift = shift.into_iter().flat_map(|shift| {
                entry.breaks.iter().filter(|rest| (shift.from..shift.until).contains(&rest.from))
            });
            of_shift
                .map(|rest| format!("{}/{}", rest.from, rest.until))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let row = |shift: Option<&ShiftBody>| {
            vec![
                Cell::of(Some(entry.id)),
                Cell::of(entry.name.as_deref()),
                Cell::of(entry.grid.as_ref()),
                Cell::from(roles.join(" ").as_str()),
                Cell::named(entry.status),
                Cell::from(entry.available),
                Cell::of(shift.map(|shift| shift.from)),
                Cell::of(shift.map(|shift| shift.until)),
                Cell::from(breaks(shift).as_str()),
            ]
        };
        if entry.shifts.is_empty() {
            csv.row(row(None));
        }
        for shift in &entry.shifts {
            csv.row(row(Some(shift)));
        }
    }
    Ok(csv.into_response("volunteers"))
}

/// Every volunteer, by grid and name.
///
/// # Errors
/// An unknown community, or a log or vault that does not answer.
pub(crate) async fn roster(
    app: &App,
    community: &CommunityId,
) -> Result<Vec<RosterEntry>, Problem> {
    let ids: Vec<_> = app.engine.with_place(community, |place| {
        place.volunteers().iter().copied().take(VOLUNTEERS_MAX).collect()
    })?;
    let runs = runs_of(app, community).await?;
    let now = app.engine.clock().now();
    let mut entries = vec![];
    for id in ids {
        let (state, revision) = app.engine.peek::<Volunteer>(community, &id).await?;
        let Some(revision) = revision else { continue };
        let name = name_of(app, community, id, &state)?;
        let ends_late = |until: &Timestamp| now.duration_since(*until) < ENDED_TOLD;
        let told = |times: &BTreeMap<Timestamp, Timestamp>| {
            let late = times.iter().filter(|(_, until)| ends_late(until));
            late.map(|(from, until)| ShiftBody { from: *from, until: *until }).collect()
        };
        entries.push(RosterEntry {
            id,
            revision: revision.0,
            name,
            grid: state.grid.clone(),
            roles: state.roles.clone(),
            protection: state.protection,
            carry_limit: state.carry_limit,
            status: state.status,
            status_until: state.status_until,
            shifts: told(&state.shifts),
            breaks: told(&state.breaks),
            available: state.is_available(now),
            revoked: state.revoked,
            pool: state.pool,
            keeps: state.keeps.clone(),
            limits: state.limits.clone(),
            run: runs.get(&id).copied(),
        });
    }
    entries.sort_by(|a, b| (&a.grid, &a.name, a.id).cmp(&(&b.grid, &b.name, b.id)));
    Ok(entries)
}

/// The open run of every volunteer who was offered one or makes it.
async fn runs_of(
    app: &App,
    community: &CommunityId,
) -> Result<HashMap<VolunteerId, RunId>, Problem> {
    let runs = app.ask(community, When::default(), |views, _| {
        let open = views.facts().runs().filter(|(_, run)| match run.state.phase {
            Phase::Offered | Phase::Accepted | Phase::Departed => true,
            Phase::Unknown | Phase::Planned | Phase::Closed | Phase::Cancelled => false,
        });
        let held = open.filter_map(|(id, run)| {
            let volunteer = run.state.courier.or(run.state.offered_to)?;
            Some((volunteer, id))
        });
        held.collect()
    });
    Ok(runs.await?.answer)
}

fn name_of(
    app: &App,
    community: &CommunityId,
    id: VolunteerId,
    state: &VolunteerState,
) -> Result<Option<String>, Problem> {
    let Some(sealed) = &state.name else { return Ok(None) };
    let subject = Subject::Volunteer(community.clone(), id);
    match app.engine.vault().open_sealed(&subject, sealed) {
        Ok(Opened::Text(name)) => Ok(Some(name)),
        Ok(Opened::Erased) => Ok(None),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a name cannot be opened");
            Err(vault_unavailable())
        }
    }
}
