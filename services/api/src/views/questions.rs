//! The questions that REST and GraphQL both ask, and what they have to look up besides.

use domain::address::Door;
use domain::ids::{CommunityId, GridId, HouseholdId, ParcelId, RunId};
use jiff::Timestamp;
use jiff::civil::Date;
use projections::CommunityViews;
use projections::arrivals::ArrivalDay;
use projections::community_views::{ARRIVALS, COVERAGE};
use projections::coverage::CoverageReport;
use projections::delivery_plan::DeliveryPlan;
use projections::household_box::HouseholdBox;
use projections::needs_care::{CareEntry, CareReason, ZeroShelf};
use projections::parcel_trail::{self, Trail};
use projections::run_sheet::{RunLine, RunSheet, SealedNote};
use runtime::Problem;
use runtime::vault::{Opened, Subject};
use schemars::JsonSchema;
use serde::Serialize;

use super::story::{parcel_unknown, trail_events};
use super::{Asked, When};
use crate::App;

/// For how many days nobody has reached a household, where nobody says another number.
pub(crate) const COVERAGE_DAYS: u16 = 3;

/// A note about a household, in the clear.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoteBody {
    /// The stop's door.
    door: Door,
    /// The note.
    note: String,
}

/// The plan of a day; without a day, today's.
pub(crate) async fn ask_plan(
    app: &App,
    community: &CommunityId,
    when: When,
    day: Option<Date>,
) -> Result<Asked<DeliveryPlan>, Problem> {
    let plan = |views: &CommunityViews, now| {
        views.delivery_plan(day.unwrap_or_else(|| today(views, now)), now)
    };
    app.ask(community, when, plan).await
}

/// Every run that is kept.
pub(crate) async fn ask_runs(
    app: &App,
    community: &CommunityId,
    when: When,
) -> Result<Asked<Vec<RunLine>>, Problem> {
    app.ask(community, when, |views, _| views.runs()).await
}

/// The sheet of a run, without notes; `seen` is the revision up to which its reader knows it.
pub(crate) async fn ask_sheet(
    app: &App,
    community: &CommunityId,
    when: When,
    run: RunId,
    seen: Option<u64>,
) -> Result<Asked<RunSheet>, Problem> {
    let asked = app.ask(community, when, |views, _| views.run_sheet(run, seen)).await?;
    found(asked, run_unknown)
}

/// The notes of a run's live stop, for whoever has its PIN. Those of households that were erased
/// are gone.
pub(crate) async fn ask_notes(
    app: &App,
    community: &CommunityId,
    run: RunId,
) -> Result<Vec<NoteBody>, Problem> {
    let sheet = ask_sheet(app, community, When::default(), run, None).await?.answer;
    let mut notes = vec![];
    for stop in sheet.stops {
        for SealedNote { household, note } in stop.notes {
            let subject = Subject::Household(community.clone(), household);
            match app.engine.vault().open_sealed(&subject, &note) {
                Ok(Opened::Text(note)) => notes.push(NoteBody { door: stop.door.clone(), note }),
                Ok(Opened::Erased) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a note cannot be opened");
                    return Err(vault_unavailable());
                }
            }
        }
    }
    Ok(notes)
}

/// The pieces that need care, of a grid or for a reason only where one is named.
pub(crate) async fn ask_care(
    app: &App,
    community: &CommunityId,
    when: When,
    grid: Option<GridId>,
    reason: Option<CareReason>,
) -> Result<Asked<Vec<CareEntry>>, Problem> {
    let care = |views: &CommunityViews, now| {
        let mut entries = views.needs_care(now);
        entries.retain(|entry| {
            grid.as_ref().is_none_or(|grid| entry.grid.as_ref() == Some(grid))
                && reason.is_none_or(|reason| entry.reasons.contains(&reason))
        });
        entries
    };
    app.ask(community, when, care).await
}

/// What is still at the intake point when a day closes; without a day, today's.
pub(crate) async fn ask_shelf(
    app: &App,
    community: &CommunityId,
    when: When,
    day: Option<Date>,
) -> Result<Asked<ZeroShelf>, Problem> {
    let shelf =
        |views: &CommunityViews, now| views.zero_shelf(day.unwrap_or_else(|| today(views, now)));
    app.ask(community, when, shelf).await
}

/// Who comes to the intake point on a day; without a day, today.
pub(crate) async fn ask_arrivals(
    app: &App,
    community: &CommunityId,
    when: When,
    day: Option<Date>,
) -> Result<Asked<ArrivalDay>, Problem> {
    let arrivals =
        |views: &CommunityViews, now| views.arrivals(day.unwrap_or_else(|| today(views, now)), now);
    app.ask_of(ARRIVALS, community, when, arrivals).await
}

/// The households that nobody has reached for a number of days.
pub(crate) async fn ask_coverage(
    app: &App,
    community: &CommunityId,
    when: When,
    days: u16,
) -> Result<Asked<CoverageReport>, Problem> {
    app.ask_of(COVERAGE, community, when, |views, now| views.coverage(days, now)).await
}

/// Everything on its way to a household.
pub(crate) async fn ask_box(
    app: &App,
    community: &CommunityId,
    when: When,
    household: HouseholdId,
) -> Result<Asked<HouseholdBox>, Problem> {
    let asked = app.ask(community, when, |views, now| views.household_box(household, now)).await?;
    found(asked, household_unknown)
}

/// The whole trail of a piece, from its stream, up to a time where one is given.
pub(crate) async fn ask_trail(
    app: &App,
    community: &CommunityId,
    parcel: ParcelId,
    as_of: Option<Timestamp>,
) -> Result<Trail, Problem> {
    let events = trail_events(app, community, parcel, as_of).await?;
    let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
    parcel_trail::trail(parcel, &events).ok_or_else(parcel_unknown)
}

fn today(views: &CommunityViews, now: Timestamp) -> Date {
    now.to_zoned(views.facts().zone().clone()).date()
}

fn found<T>(asked: Asked<Option<T>>, unknown: fn() -> Problem) -> Result<Asked<T>, Problem> {
    let Asked { answer, position, at } = asked;
    Ok(Asked { answer: answer.ok_or_else(unknown)?, position, at })
}

fn run_unknown() -> Problem {
    Problem::not_found(
        "run-unknown",
        "there is no such run any more: check the id, or ask with asOf for an earlier time",
        "没有这一配送趟：请核对编号，或用 asOf 查询较早时间",
    )
}

fn household_unknown() -> Problem {
    Problem::not_found(
        "household-unknown",
        "there is no such household: check the id",
        "没有这一住户：请核对编号",
    )
}

pub(crate) fn vault_unavailable() -> Problem {
    Problem::deferred(
        "vault-unavailable",
        "personal data cannot be read now: ask again in a moment",
        "目前无法读取个人信息：请稍后重试",
    )
}
