//! Commands on communities, households, orders, runs, volunteers, devices and a day's arrival
//! slots: one shape for all.
//!
//! `POST …/commands` with a `command_id`, an `actor` and a `command` of one `kind`. The answer has
//! the new revision; sending the same command again changes nothing and gets the same.

mod arrival_slots;
mod wire;

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, header};
use domain::Decider;
use domain::ids::{ActorId, CommandId, CommunityId, DeviceId, SlotId};
use event_log::Revision;
use jiff::Timestamp;
use jiff::civil::Date;
use runtime::codec::Stored;
use runtime::engine::{Commanded, Kept};
use runtime::{Occurred, Problem, Request};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

pub use self::arrival_slots::ArrivalSlotCommandBody;
pub use self::wire::{
    CommunityCommandBody, DeviceCommandBody, HouseholdCommandBody, OrderCommandBody,
    RunCommandBody, VolunteerCommandBody,
};
use crate::App;
use crate::actor::authorize;
use crate::body;
use crate::problem::ProblemResponse;
use crate::scans::digest;

/// A command, and who sends it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandBody<C> {
    /// The command's id (UUIDv7), made and kept by whoever sends it; the same on every retry.
    pub command_id: CommandId,
    /// Who sends it.
    pub actor: ActorId,
    /// The device, when it may be revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// When it was decided, when not now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// The revision that it was decided against; another one is a conflict. `If-Match` says the
    /// same. Some decisions are not taken without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
    /// What shall happen.
    pub command: C,
}

/// What became of a command.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommandedBody {
    /// The revision right after it; absent when nothing has happened there yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Whether it was so already.
    pub already_so: bool,
    /// The log position that every view has seen; a query can ask for "at least this".
    pub position: u64,
}

impl<A: Kept> From<Commanded<A>> for CommandedBody {
    fn from(done: Commanded<A>) -> Self {
        let Commanded { revision, already_so, position, .. } = done;
        Self { revision: revision.map(|r| r.0), already_so, position: position.0 }
    }
}

/// What follows from a command on another aggregate.
pub(crate) enum Elsewhere {
    /// A slot leaves the day on which it was booked.
    SlotLeaves {
        /// The slot.
        slot: SlotId,
        /// The day that it leaves, and the hour that it takes on the other one.
        from: (Date, Timestamp),
        /// The day on which it comes now.
        to_day: Date,
    },
}

impl Elsewhere {
    /// A problem where it did not come to pass.
    async fn came_to_pass(self, app: &App, request: &Request) -> Result<(), Problem> {
        let Self::SlotLeaves { slot, from, to_day } = self;
        app.engine.moved_here(request, to_day, slot, from).await
    }
}

/// The command of an aggregate, as it comes over the wire.
pub(crate) trait Wire: Serialize + DeserializeOwned + Send {
    /// The aggregate that it is put to.
    type Aggregate: Kept;

    /// Whether it is a decision about what somebody saw, so that it must say which version it was.
    fn needs_version(&self) -> bool {
        false
    }

    /// What must become of another aggregate before it is answered, so that whoever asked sees the
    /// whole of it, and is told where it did not come to pass.
    fn elsewhere(&self, _: &<Self::Aggregate as Stored>::Id) -> Option<Elsewhere> {
        None
    }

    /// The domain's command, with every fact that the decision needs.
    fn prepare(
        self,
        app: &App,
        request: &Request,
        id: &<Self::Aggregate as Stored>::Id,
    ) -> impl Future<Output = Result<<Self::Aggregate as Decider>::Command, Problem>> + Send;
}

/// Handles a command on the aggregate that the path names.
pub(crate) async fn post<C: Wire>(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
    request: HttpRequest,
) -> Result<Json<CommandedBody>, ProblemResponse>
where
    <C::Aggregate as Stored>::Id: FromStr<Err: std::fmt::Display>,
    <C::Aggregate as Decider>::Command: Clone + Sync,
{
    let community = path_part(&community, "community")?;
    let id = path_part(&id, "id")?;
    handle::<C>(&app, community, &id, request).await
}

/// Handles a command on the community that the path names.
pub(crate) async fn post_community(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<CommandedBody>, ProblemResponse> {
    let community = path_part(&community, "community")?;
    handle::<CommunityCommandBody>(&app, community, &runtime::codec::Main, request).await
}

async fn handle<C: Wire>(
    app: &App,
    community: CommunityId,
    id: &<C::Aggregate as Stored>::Id,
    request: HttpRequest,
) -> Result<Json<CommandedBody>, ProblemResponse>
where
    <C::Aggregate as Decider>::Command: Clone + Sync,
{
    let if_match = if_match(request.headers())?;
    let bytes = body::bytes(request).await?;
    let mut body: CommandBody<C> = body::json(&bytes)?;
    body.expected_revision = body.expected_revision.or(if_match);
    Ok(Json(perform(app, community, id, body).await?))
}

/// Handles a command, however it came.
///
/// # Errors
/// The problem that it is answered with.
pub(crate) async fn perform<C: Wire>(
    app: &App,
    community: CommunityId,
    id: &<C::Aggregate as Stored>::Id,
    body: CommandBody<C>,
) -> Result<CommandedBody, Problem>
where
    <C::Aggregate as Decider>::Command: Clone + Sync,
{
    authorize(&body.actor, &community)?;
    let expected = body.expected_revision;
    if expected.is_none() && body.command.needs_version() {
        return Err(version_needed());
    }
    let recorded_at = app.engine.clock().now();
    let request = Request {
        command_id: body.command_id,
        content: digest(&(&community, id.to_string(), &body.command)),
        community,
        actor: body.actor,
        device: body.device,
        sequence: None,
        occurred: match body.occurred_at {
            Some(raw) => Occurred::corrected(raw, None, recorded_at),
            None => Occurred::now(recorded_at),
        },
        recorded_at,
        correlation_id: None,
        causation_id: None,
    };
    let expected = expected.map(|revision| Some(Revision(revision)));
    let elsewhere = body.command.elsewhere(id);
    let done = match body.command.prepare(app, &request, id).await {
        Ok(command) => {
            let command = move |_: &_| Ok(command.clone());
            app.engine.command::<C::Aggregate>(&request, id, expected, command).await
        }
        Err(problem) => app.engine.unprepared::<C::Aggregate>(&request, id, problem).await,
    };
    let mut done = done?;
    if let Some(elsewhere) = elsewhere {
        done.position = app.engine.followed().await.max(done.position);
        elsewhere.came_to_pass(app, &request).await?;
    }
    Ok(done.into())
}

/// Reads a part of a path.
pub(crate) fn path_part<T: FromStr>(text: &str, name: &str) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| {
        Problem::invalid(
            "path-invalid",
            format!("the {name} `{text}` in the path cannot be read: {error}"),
            format!("路径中的 {name} `{text}` 无法识别：{error}"),
        )
    })
}

fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let revision = value.to_str().ok().and_then(|value| value.trim_matches('"').parse().ok());
    revision.map(Some).ok_or_else(|| {
        Problem::invalid(
            "if-match-invalid",
            "this If-Match is no version: send the ETag of what was read as it came, such as \"12\"",
            "If-Match 不是版本号：请原样发送读取时的 ETag，例如 \"12\"",
        )
    })
}

fn version_needed() -> Problem {
    Problem::invalid(
        "version-needed",
        "this decision must say which version it was made against: send `expected_revision` or \
         If-Match",
        "此决定须注明所依据的版本：请附 `expected_revision` 或 If-Match",
    )
}
