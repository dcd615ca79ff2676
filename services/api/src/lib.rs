//! HTTP: scans, commands, resources, health, and the contract that says so.
//!
//! **It decides nothing and stores nothing**: it reads a request, hands it to the engine, and
//! writes the answer. It is the only crate that knows HTTP.

mod actor;
mod body;
mod commands;
mod desk;
mod epcis;
mod export;
mod graphql;
mod health;
mod intake;
mod labels;
mod openapi;
mod photos;
mod plan;
mod problem;
mod resources;
mod routes;
mod run_sheet;
mod scan_body;
mod scans;
mod screens;
mod tls;
mod views;
mod webhooks;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use metrics_exporter_prometheus::PrometheusHandle;
use runtime::photos::Photos;
use runtime::{Engine, Problem};
use tower_http::catch_panic::CatchPanicLayer;

pub use graphql::{Settings as GraphqlSettings, document as graphql_schema};
pub use openapi::document as openapi;
pub use projections::facts::{CLOSED_KEPT, CLOSED_KEPT_MIN};
pub use run_sheet::WrongPins;
pub use scan_body::{ScanBody, ScanKind};
pub use tls::{AUTHORITY_PATH, Authority, Tls};
pub use views::{Asked, Change, Changes, HashError, LiveViews, Note, ViewHashes, When};
pub use webhooks::{HookKind, SetHookBody, WebhookSettings, Webhooks, WebhooksError};

use crate::problem::ProblemResponse;

/// What every request reaches.
#[derive(Clone)]
pub struct App {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The views, which are also one of the engine's observers.
    pub views: LiveViews,
    /// Wrong PINs of couriers, in a row.
    pub wrong_pins: WrongPins,
    /// Where metrics are read; `None` where nobody records them.
    pub metrics: Option<PrometheusHandle>,
    /// How `/graphql` is served.
    pub graphql: GraphqlSettings,
    /// Who hears of hand-offs, failures and pieces that need care.
    pub webhooks: Webhooks,
    /// The pictures of pieces.
    pub photos: Arc<Photos>,
}

/// The whole API.
pub fn router(app: App) -> Router {
    routes::router()
        .merge(graphql::routes(&app))
        .fallback(screen_or_unknown_path)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(log_failures))
        .layer(CatchPanicLayer::custom(|_| ProblemResponse(crashed()).into_response()))
        .with_state(app)
}

/// The screens lie below every other route.
async fn screen_or_unknown_path(request: Request) -> Response {
    let unknown = || {
        ProblemResponse(Problem::not_found(
            "path-unknown",
            "there is nothing at this path: see /api/v1/openapi.json for what there is",
            "此路径不存在：可用路径见 /api/v1/openapi.json",
        ))
        .into_response()
    };
    screens::answer(&request).unwrap_or_else(unknown)
}

async fn method_not_allowed() -> ProblemResponse {
    ProblemResponse(Problem::invalid(
        "method-not-allowed",
        "this path is not asked like that: see /api/v1/openapi.json for its method",
        "此路径不支持该请求方法：请查阅 /api/v1/openapi.json",
    ))
}

fn crashed() -> Problem {
    Problem::deferred(
        "internal",
        "the engine made a mistake that is not yours: keep this, send it again, and tell the desk",
        "系统内部出错，与您无关：请保留并重发，同时告知前台",
    )
}

/// One line for each request that failed on our side; the others are counted, not written.
async fn log_failures(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    if response.status().is_server_error() {
        let status = response.status().as_u16();
        tracing::error!(%method, path, status, "a request failed");
    }
    response
}

/// Serves the API on a listener until `stop` is done; open requests are let end.
///
/// # Errors
/// What the system reports.
pub async fn serve(
    listener: tokio::net::TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    // Small answers must not wait for the next packet.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let stopping = app.graphql.stopping.clone();
    let stop = async move {
        stop.await;
        // Whoever follows something would never end by himself.
        stopping.stop();
    };
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// Serves the API over TLS on a listener until `stop` is done; open requests are let end. Whoever
/// comes in the clear is told where to go.
///
/// # Errors
/// What the system reports.
pub async fn serve_tls(
    listener: tokio::net::TcpListener,
    app: App,
    tls: Tls,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let stopping = app.graphql.stopping.clone();
    let stop = async move {
        stop.await;
        stopping.stop();
    };
    let Tls { config, authority } = tls;
    let listener = tls::TlsListener::over(listener, config)?;
    let service = router(app)
        .merge(tls::routes(authority))
        .layer(middleware::from_fn(tls::only_over_tls))
        .into_make_service_with_connect_info::<tls::Peer>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}
