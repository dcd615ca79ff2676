//! A piece's whole trail, read from its stream: as a story, as CSV, and as EPCIS.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::ids::{CommunityId, ParcelId};
use domain::parcel::{Parcel, ParcelEvent};
use event_log::{Direction, PAGE_EVENTS_MAX, Revision};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use projections::parcel_trail::{Trail, TrailEvent};
use runtime::Problem;
use runtime::codec::{self, Stored};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::questions::ask_trail;
use crate::App;
use crate::body;
use crate::commands::path_part;
use crate::epcis;
use crate::export::{Cell, Csv};
use crate::problem::ProblemResponse;

/// The most events of one piece that are told.
pub const TRAIL_EVENTS_MAX: usize = 4 * PAGE_EVENTS_MAX;

/// Up to which time a trail is told.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoryQuery {
    /// What had been recorded by this time. Without it, everything.
    #[serde(rename = "asOf")]
    as_of: Option<Timestamp>,
}

/// The trail of a piece, on one page.
pub(crate) async fn story(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let trail = trail(&app, &community, &id, &uri).await?;
    let last = trail.steps.last().map_or(0, |step| step.revision);
    let mut response = axum::Json(trail).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{last}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The trail of a piece, as CSV.
pub(crate) async fn story_csv(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let trail = trail(&app, &community, &id, &uri).await?;
    let mut csv = Csv::with(&[
        "position",
        "revision",
        "occurred_at",
        "recorded_at",
        "event_type",
        "chinese",
        "english",
        "actor",
        "device",
    ]);
    for step in &trail.steps {
        csv.row(vec![
            Cell::from(step.position),
            Cell::from(step.revision),
            Cell::of(Some(step.occurred_at)),
            Cell::of(Some(step.recorded_at)),
            Cell::from(step.event_type.as_str()),
            Cell::from(step.chinese.as_str()),
            Cell::from(step.english.as_str()),
            Cell::of(Some(&step.actor)),
            Cell::of(step.device.as_ref()),
        ]);
    }
    Ok(csv.into_response("trail"))
}

/// The trail of a piece, as an EPCIS 2.0 document.
pub(crate) async fn epcis(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ProblemResponse> {
    let (community, parcel, as_of) = asked(&community, &id, &uri)?;
    let events = trail_events(&app, &community, parcel, as_of).await?;
    if events.is_empty() {
        return Err(parcel_unknown().into());
    }
    let zone = app.views.live(&community, |views| views.facts().zone().clone());
    let zone = zone.unwrap_or(TimeZone::UTC);
    let now = app.engine.clock().now();
    let document = epcis::document(&community, parcel, &events, &zone, now);
    let mut response = axum::Json(document).into_response();
    let json_ld = HeaderValue::from_static("application/ld+json");
    response.headers_mut().insert(header::CONTENT_TYPE, json_ld);
    Ok(response)
}

async fn trail(app: &App, community: &str, id: &str, uri: &Uri) -> Result<Trail, ProblemResponse> {
    let (community, parcel, as_of) = asked(community, id, uri)?;
    Ok(ask_trail(app, &community, parcel, as_of).await?)
}

type Which = (CommunityId, ParcelId, Option<Timestamp>);

fn asked(community: &str, id: &str, uri: &Uri) -> Result<Which, ProblemResponse> {
    let StoryQuery { as_of } = body::query(uri)?;
    Ok((path_part(community, "community")?, path_part(id, "id")?, as_of))
}

/// The events of a piece, from its stream.
///
/// # Errors
/// A problem when the log does not answer.
pub(crate) async fn trail_events(
    app: &App,
    community: &CommunityId,
    parcel: ParcelId,
    as_of: Option<Timestamp>,
) -> Result<Vec<(Uuid, TrailEvent)>, Problem> {
    let stream = Parcel::stream(community, &parcel).map_err(|_| parcel_unknown())?;
    let mut events: Vec<(Uuid, TrailEvent)> = vec![];
    while events.len() < TRAIL_EVENTS_MAX {
        let from = events.last().map(|(_, last)| Revision(last.revision).next());
        let log = app.engine.log();
        let page = log.read_stream(&stream, from, Direction::Forwards, PAGE_EVENTS_MAX).await;
        let page = page.map_err(|error| unreadable(&error))?;
        let full = page.len() == PAGE_EVENTS_MAX;
        for recorded in &page {
            let metadata = codec::decode_metadata(recorded).map_err(|error| unreadable(&error))?;
            if as_of.is_some_and(|as_of| metadata.recorded_at > as_of) {
                return Ok(events);
            }
            let event: ParcelEvent = codec::decode(recorded, metadata.schema_version)
                .map_err(|error| unreadable(&error))?;
            events.push((
                recorded.id,
                TrailEvent {
                    position: recorded.position.0,
                    revision: recorded.revision.0,
                    occurred_at: metadata.occurred_at,
                    recorded_at: metadata.recorded_at,
                    actor: metadata.actor,
                    device: metadata.device,
                    event,
                },
            ));
        }
        if !full {
            break;
        }
    }
    Ok(events)
}

fn unreadable(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "a trail cannot be read");
    Problem::deferred(
        "log-unavailable",
        "the event log did not answer: ask again in a moment",
        "事件日志暂无响应：请稍后重试",
    )
}

pub(crate) fn parcel_unknown() -> Problem {
    Problem::not_found(
        "parcel-unknown",
        "there is no such parcel: check the id",
        "没有这一物件：请核对编号",
    )
}
