//! Webhooks as resources: `/api/v1/communities/{community}/webhooks`.

use axum::Json;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::routing::{delete, get, post};
use domain::ids::CommunityId;
use runtime::Problem;
use uuid::Uuid;

use super::hook::{HookBody, HookSetBody, RemovedBody, SetHookBody};
use crate::App;
use crate::actor::authorize;
use crate::body;
use crate::commands::path_part;
use crate::problem::ProblemResponse;
use crate::routes::{Method, RequestBody, ResponseBody, Route, schema};

/// The routes of webhooks.
pub(crate) fn routes() -> Vec<Route> {
    let path = "/api/v1/communities/{community}/webhooks";
    vec![
        Route {
            path,
            method: Method::Get,
            summary: "The webhooks of a community.",
            query: None,
            request: RequestBody::None,
            response: ResponseBody::Json(schema::<Vec<HookBody>>),
            handler: || get(list),
        },
        Route {
            path,
            method: Method::Post,
            summary: "Make a webhook or change it.",
            query: None,
            request: RequestBody::Json(schema::<SetHookBody>),
            response: ResponseBody::Json(schema::<HookSetBody>),
            handler: || post(set),
        },
        Route {
            path: "/api/v1/communities/{community}/webhooks/{id}",
            method: Method::Delete,
            summary: "Take a webhook away.",
            query: None,
            request: RequestBody::None,
            response: ResponseBody::Json(schema::<RemovedBody>),
            handler: || delete(remove),
        },
    ]
}

async fn list(
    State(app): State<App>,
    Path(community): Path<String>,
) -> Result<Json<Vec<HookBody>>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    Ok(Json(app.webhooks.of(&community).into_iter().map(HookBody::from).collect()))
}

async fn set(
    State(app): State<App>,
    Path(community): Path<String>,
    request: HttpRequest,
) -> Result<Json<HookSetBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let body: SetHookBody = body::json(&body::bytes(request).await?)?;
    Ok(Json(set_hook(&app, &community, body)?))
}

/// Makes a hook or changes it.
///
/// # Errors
/// A problem of what was sent, or an unknown community.
pub(crate) fn set_hook(
    app: &App,
    community: &CommunityId,
    body: SetHookBody,
) -> Result<HookSetBody, Problem> {
    authorize(&body.actor, community)?;
    app.engine.with_place(community, |_| ())?;
    let (hook, is_made) = app.webhooks.set(community, body)?;
    let secret = is_made.then(|| hook.secret.as_str().to_owned());
    Ok(HookSetBody { webhook: hook.into(), secret })
}

async fn remove(
    State(app): State<App>,
    Path((community, id)): Path<(String, String)>,
) -> Result<Json<RemovedBody>, ProblemResponse> {
    let community: CommunityId = path_part(&community, "community")?;
    let id: Uuid = path_part(&id, "id")?;
    Ok(Json(RemovedBody { id, removed: app.webhooks.remove(&community, id) }))
}
