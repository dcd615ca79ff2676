//! Pictures of pieces: taken once, kept sealed beside the log, and shown to whoever settles what
//! became of a piece.

mod jpeg;

use std::sync::Arc;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::Decider;
use domain::ids::{ActorId, CommandId, CommunityId, DeviceId, ParcelId};
use domain::parcel::event::{ParcelPhotographed, PhotoHash, PhotoKind};
use domain::parcel::{Parcel, ParcelCommand, ParcelEvent, ParcelState};
use jiff::Timestamp;
use runtime::photos::{PHOTO_BYTES_MAX, PhotoOf, PhotosError};
use runtime::vault::Subject;
use runtime::{Occurred, Problem, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::jpeg::NotTaken;
use crate::App;
use crate::actor::authorize;
use crate::body;
use crate::commands::path_part;
use crate::problem::ProblemResponse;
use crate::scans::digest;
use crate::views::story::{parcel_unknown, trail_events};

/// Who took which picture when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhotoQuery {
    /// The command's id (UUIDv7), made and kept by the device; the same on every retry.
    command_id: CommandId,
    /// Who took it.
    actor: ActorId,
    /// With which device.
    device: Option<DeviceId>,
    /// What it shows.
    kind: PhotoKind,
    /// When it was taken, when not now.
    occurred_at: Option<Timestamp>,
    /// What the device's clock showed when it sent this.
    sent_at: Option<Timestamp>,
}

/// What became of a picture.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PhotoTakenBody {
    /// The picture, by the BLAKE3 hash of what is kept of it.
    photo: PhotoHash,
    /// Whether it had been taken before.
    already_so: bool,
    /// The log position that every view has seen.
    position: u64,
}

/// A picture of a piece.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PhotoBody {
    /// The picture.
    photo: PhotoHash,
    /// What it shows.
    kind: PhotoKind,
    /// How many bytes it has.
    size_bytes: u32,
    /// When it was taken, by the device.
    occurred_at: Timestamp,
    /// Who took it.
    actor: ActorId,
}

/// Takes a picture: a JPEG file. What a camera wrote beside it is left out; the rest is sealed and
/// kept before anybody is told that it was taken.
pub(crate) async fn take(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<PhotoTakenBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let id: ParcelId = path_part(&id, "id")?;
    let query: PhotoQuery = body::query(request.uri())?;
    authorize(&query.actor, &community)?;
    let file = to_bytes(request.into_body(), PHOTO_BYTES_MAX).await;
    let file = file.map_err(|_| too_large())?;
    let picture = jpeg::cleaned(&file).map_err(not_taken)?;
    let photo = PhotoHash::from_bytes(*blake3::hash(&picture).as_bytes());
    let size_bytes = u32::try_from(picture.len()).map_err(|_| too_large())?;
    let fact = ParcelPhotographed { photo, kind: query.kind, size_bytes };
    let (state, _) = app.engine.peek::<Parcel>(&community, &id).await?;
    // Nothing is kept of a piece that takes no picture; the engine says once more why not.
    let taken = Parcel::decide(&state, ParcelCommand::Photograph(fact.clone()));
    if taken.is_ok_and(|events| !events.is_empty()) {
        keep(&app, &community, id, &state, photo, picture).await?;
    }
    let command = move |_: &ParcelState| Ok(ParcelCommand::Photograph(fact.clone()));
    let request = request_of(&app, community, id, query, photo);
    let done = app.engine.command::<Parcel>(&request, &id, None, command).await?;
    let (already_so, position) = (done.already_so, done.position.0);
    Ok(Json(PhotoTakenBody { photo, already_so, position }))
}

async fn keep(
    app: &App,
    community: &CommunityId,
    parcel: ParcelId,
    state: &ParcelState,
    photo: PhotoHash,
    picture: Vec<u8>,
) -> Result<(), Problem> {
    let household = state.recipient.as_ref().and_then(|recipient| recipient.household);
    let community = community.clone();
    let subject = match household {
        Some(household) => Subject::Household(community.clone(), household),
        None => Subject::Parcel(community.clone(), parcel),
    };
    let (photos, engine) = (Arc::clone(&app.photos), Arc::clone(&app.engine));
    let at = engine.clock().now();
    in_background(move || {
        let of = PhotoOf { community: &community, parcel, photo };
        photos.keep(engine.vault(), of, &subject, &picture, at)
    })
    .await
}

fn request_of(
    app: &App,
    community: CommunityId,
    id: ParcelId,
    query: PhotoQuery,
    photo: PhotoHash,
) -> Request {
    let recorded_at = app.engine.clock().now();
    let PhotoQuery { command_id, actor, device, kind, occurred_at, sent_at } = query;
    Request {
        command_id,
        content: digest(&(&community, id, kind, photo)),
        community,
        actor,
        device,
        sequence: None,
        occurred: match occurred_at {
            Some(raw) => Occurred::corrected(raw, sent_at, recorded_at),
            None => Occurred::now(recorded_at),
        },
        recorded_at,
        correlation_id: None,
        causation_id: None,
    }
}

/// The pictures of a piece, the oldest first; each may have been thrown away since.
pub(crate) async fn list(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Json<Vec<PhotoBody>>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let events = trail_events(&app, &community, path_part(&id, "id")?, None).await?;
    if events.is_empty() {
        return Err(parcel_unknown().into());
    }
    let taken = events.into_iter().filter_map(|(_, event)| {
        let ParcelEvent::Photographed(fact) = event.event else { return None };
        let ParcelPhotographed { photo, kind, size_bytes } = fact;
        let (occurred_at, actor) = (event.occurred_at, event.actor);
        Some(PhotoBody { photo, kind, size_bytes, occurred_at, actor })
    });
    Ok(Json(taken.collect()))
}

/// A picture as it was taken.
pub(crate) async fn show(
    State(app): State<App>,
    Path((community, id, photo)): Path<(String, String, String)>,
) -> Result<Response, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let (parcel, photo) = (path_part(&id, "id")?, path_part(&photo, "photo")?);
    let (photos, engine) = (Arc::clone(&app.photos), Arc::clone(&app.engine));
    let picture = in_background(move || {
        let of = PhotoOf { community: &community, parcel, photo };
        photos.read(engine.vault(), of)
    });
    let picture = picture.await?.ok_or_else(gone)?;
    let mut response = picture.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    Ok(response)
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PhotosError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| unavailable())?;
    done.map_err(|error| match error {
        PhotosError::Full => full(),
        error @ (PhotosError::Database(_) | PhotosError::Vault(_)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the pictures failed");
            unavailable()
        }
    })
}

fn not_taken(why: NotTaken) -> Problem {
    match why {
        NotTaken::NoPicture => Problem::invalid(
            "no-picture",
            "this is no whole JPEG picture: take it again",
            "不是完整的 JPEG 照片：请重新拍摄",
        ),
        NotTaken::TooManyPixels => Problem::invalid(
            "photo-too-large",
            format!("a side has at most {} pixels: scale the picture down", jpeg::PIXELS_MAX),
            format!("照片每边至多 {} 像素：请缩小后再传", jpeg::PIXELS_MAX),
        ),
    }
}

fn too_large() -> Problem {
    Problem::invalid(
        "photo-too-large",
        format!("a picture has at most {PHOTO_BYTES_MAX} bytes: scale it down"),
        format!("照片至多 {PHOTO_BYTES_MAX} 字节：请缩小后再传"),
    )
}

fn full() -> Problem {
    Problem::deferred(
        "photos-full",
        "there is no room for another picture: keep it, and tell the desk to make room on the disk",
        "照片存储已满：请保留照片，并告知前台清理磁盘",
    )
}

fn unavailable() -> Problem {
    Problem::deferred(
        "photos-unavailable",
        "pictures cannot be kept or read now: keep this and send it again",
        "目前无法存取照片：请保留，稍后重发",
    )
}

fn gone() -> Problem {
    Problem::not_found(
        "photo-gone",
        "this picture is not here: its time is over, its household was erased, or it lies on another \
         machine",
        "这张照片不在此处：已过保存期、住户资料已删除，或存在别的机器上",
    )
}
