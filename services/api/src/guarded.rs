//! The last guard: no request ends without an answer, and a failure on our side leaves a line.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use runtime::Problem;
use tower::Service;

use crate::problem::ProblemResponse;

/// A service that answers even when a handler dies, and writes one line for each request that
/// failed on our side; the others are counted, not written.
///
/// It lies around the whole router. A layer inside of it would be put around each route by itself,
/// which costs every request a copy of the route and of each layer, on the heap.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    inner: S,
}

impl<S> Guarded<S> {
    /// Guards a service.
    pub fn over(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Guarding<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let answering = catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        Guarding { answering: answering.ok(), method, uri }
    }
}

pin_project! {
    /// A guarded request on its way.
    #[derive(Debug)]
    pub struct Guarding<F> {
        #[pin]
        answering: Option<F>,
        method: Method,
        uri: Uri,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Guarding<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(answering) = this.answering.as_pin_mut() else {
            return Poll::Ready(Ok(noted(this.method, this.uri, crashed())));
        };
        let response = match catch_unwind(AssertUnwindSafe(|| answering.poll(context))) {
            Ok(polled) => match ready!(polled) {
                Ok(response) => response,
                Err(never) => match never {},
            },
            Err(_) => crashed(),
        };
        Poll::Ready(Ok(noted(this.method, this.uri, response)))
    }
}

fn noted(method: &Method, uri: &Uri, response: Response) -> Response {
    if response.status().is_server_error() {
        let (path, status) = (uri.path(), response.status().as_u16());
        tracing::error!(%method, path, status, "a request failed");
    }
    response
}

/// The answer where the engine itself made a mistake.
pub(crate) fn crashed() -> Response {
    ProblemResponse(Problem::deferred(
        "internal",
        "the engine made a mistake that is not yours: keep this, send it again, and tell the desk",
        "系统内部出错，与您无关：请保留并重发，同时告知前台",
    ))
    .into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn dies() -> StatusCode {
        "no status".parse().unwrap()
    }

    #[tokio::test]
    async fn a_handler_that_dies_is_answered_for() {
        let guarded = Guarded::over(Router::new().route("/", get(dies)));
        let request = Request::get("/").body(Body::empty()).unwrap();
        let answer = guarded.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
