//! `graphql-sse`, in its "distinct connections" mode: one document for each request, answered as
//! server-sent events. It passes every proxy that knows HTTP.

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::Request;
use axum::extract::Request as HttpRequest;
use axum::http::{Method, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::{Extension, Json};
use futures_util::future::ready;
use futures_util::stream::once;
use futures_util::{FutureExt, StreamExt};

use super::http::{in_link, prepare};
use super::socket::answers;
use super::{Schema, Stopping};
use crate::problem::ProblemResponse;

/// How often a word is sent when there is nothing to say, so that no proxy thinks it is over.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(12);

/// Answers a document as a stream of events.
pub(super) async fn serve(
    Extension(schema): Extension<Schema>,
    Extension(stopping): Extension<Stopping>,
    request: HttpRequest,
) -> Result<HttpResponse, ProblemResponse> {
    let asked: Request = if request.method() == Method::GET {
        let query = request.uri().query().unwrap_or_default();
        in_link(query)?
    } else {
        super::http::document(request).await?
    };
    let (asked, operations) = match prepare(asked) {
        Ok(prepared) => prepared,
        Err(response) => return Ok((StatusCode::BAD_REQUEST, Json(response)).into_response()),
    };
    let next = answers(schema, asked, &operations).map(|answer| {
        let data = serde_json::to_string(&answer).unwrap_or_default();
        Event::default().event("next").data(data)
    });
    let complete = once(ready(Event::default().event("complete").data("")));
    let events = next.chain(complete).take_until(async move { stopping.stopped().await }.boxed());
    let events = events.map(Ok::<_, Infallible>);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE_EVERY);
    Ok(Sse::new(events).keep_alive(keep_alive).into_response())
}
