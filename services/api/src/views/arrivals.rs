//! The arrival slots of a day as a resource and as CSV.

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use domain::ids::CommunityId;
use projections::arrivals::ArrivalDay;

use super::Asked;
use super::questions::ask_arrivals;
use super::resources::{DayQuery, answer};
use crate::App;
use crate::body;
use crate::commands::path_part;
use crate::export::{Cell, Csv};
use crate::problem::ProblemResponse;

/// Who comes to the intake point on a day.
pub(crate) async fn arrivals(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    Ok(answer(&arrivals_of(&app, &community, &uri).await?))
}

/// The slots of a day as CSV; an hour in which nobody comes has a row too.
pub(crate) async fn arrivals_csv(
    State(app): State<App>,
    Path(community): Path<String>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let day = arrivals_of(&app, &community, &uri).await?.answer;
    let mut csv = Csv::with(&[
        "day", "opens", "from", "used", "free", "slot", "party", "label", "pieces", "category",
        "status", "since", "moved_to",
    ]);
    for hour in &day.hours {
        let of_hour = || {
            vec![
                Cell::of(Some(day.day)),
                Cell::of(Some(hour.opens)),
                Cell::of(Some(hour.from)),
                Cell::from(hour.used),
                Cell::of(hour.free),
            ]
        };
        for entry in &hour.slots {
            let mut cells = of_hour();
            cells.extend([
                Cell::of(Some(entry.slot)),
                Cell::named(entry.party),
                Cell::from(entry.label.as_str()),
                Cell::of(entry.pieces),
                entry.category.map_or(Cell::from(""), Cell::named),
                Cell::named(entry.status),
                Cell::of(Some(entry.since)),
                Cell::of(entry.moved_to),
            ]);
            csv.row(cells);
        }
        if hour.slots.is_empty() {
            csv.row(of_hour());
        }
    }
    Ok(csv.into_response("arrivals"))
}

async fn arrivals_of(
    app: &App,
    community: &str,
    uri: &Uri,
) -> Result<Asked<ArrivalDay>, ProblemResponse> {
    let community: CommunityId = path_part(community, "community")?;
    let query: DayQuery = body::query(uri)?;
    Ok(ask_arrivals(app, &community, query.when(), query.day).await?)
}
