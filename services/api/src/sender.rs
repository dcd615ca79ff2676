//! Who sent a piece, for whoever must find out for whom it is. The name lies sealed in the event of
//! its arrival, and in no state, no view and no list.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use domain::ids::{CommunityId, ParcelId};
use domain::parcel::event::ParcelArrived;
use domain::parcel::{Parcel, ParcelEvent};
use jiff::Timestamp;
use projections::parcel_trail::TrailEvent;
use runtime::Problem;
use runtime::vault::{Opened, Subject};
use schemars::JsonSchema;
use serde::Serialize;

use crate::App;
use crate::commands::path_part;
use crate::problem::ProblemResponse;
use crate::views::questions::vault_unavailable;
use crate::views::story::{parcel_unknown, trail_events};

/// Who sent a piece.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SenderBody {
    /// The name that was told at the intake point; `null` when none was, once it was erased, and
    /// once the piece is closed.
    sender: Option<String>,
}

type NotStored = [(HeaderName, HeaderValue); 1];

/// Who sent a piece, as long as it is under way.
pub(crate) async fn sender(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<(NotStored, Json<SenderBody>), ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let id: ParcelId = path_part(&id, "id")?;
    let (state, revision) = app.engine.peek::<Parcel>(&community, &id).await?;
    if revision.is_none() {
        return Err(parcel_unknown().into());
    }
    let sender = if state.is_closed() { None } else { told(&app, &community, id).await? };
    let not_stored = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((not_stored, Json(SenderBody { sender })))
}

async fn told(
    app: &App,
    community: &CommunityId,
    id: ParcelId,
) -> Result<Option<String>, ProblemResponse> {
    let Some((arrived, _)) = standing_arrival(app, community, id).await? else { return Ok(None) };
    let Some(sealed) = &arrived.sender else { return Ok(None) };
    match app.engine.vault().open_sealed(&subject_of(community, id, &arrived), sealed) {
        Ok(Opened::Text(sender)) => Ok(Some(sender)),
        Ok(Opened::Erased) => Ok(None),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a sender cannot be opened");
            Err(vault_unavailable().into())
        }
    }
}

/// The arrival of a piece, and when it was recorded: it lies in the stream alone, because no state
/// keeps words about people, not even sealed ones.
///
/// # Errors
/// A problem when the log does not answer.
pub(crate) async fn standing_arrival(
    app: &App,
    community: &CommunityId,
    id: ParcelId,
) -> Result<Option<(ParcelArrived, Timestamp)>, Problem> {
    let events = trail_events(app, community, id, None).await?;
    Ok(events.into_iter().map(|(_, event)| event).fold(None, standing))
}

/// The arrival that stands after one more event: one that was taken back says nothing any more.
fn standing(
    before: Option<(ParcelArrived, Timestamp)>,
    TrailEvent { event, recorded_at, .. }: TrailEvent,
) -> Option<(ParcelArrived, Timestamp)> {
    if let ParcelEvent::ArrivalUndone(_) = event {
        return None;
    }
    if let ParcelEvent::Arrived(arrived) = event { Some((arrived, recorded_at)) } else { before }
}

/// Whose key an arrival's words are sealed with: the household's where it was known, else the
/// piece's own.
pub(crate) fn subject_of(
    community: &CommunityId,
    id: ParcelId,
    arrived: &ParcelArrived,
) -> Subject {
    match arrived.recipient.as_ref().and_then(|recipient| recipient.household) {
        Some(household) => Subject::Household(community.clone(), household),
        None => Subject::Parcel(community.clone(), id),
    }
}
