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
mod guarded;
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
mod sender;
mod tls;
mod views;
mod webhooks;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use axum::{Router, ServiceExt};
use metrics_exporter_prometheus::PrometheusHandle;
use runtime::photos::Photos;
use runtime::{Engine, Problem};

pub use graphql::{Settings as GraphqlSettings, document as graphql_schema};
pub use guarded::Guarded;
pub use openapi::document as openapi;
pub use projections::facts::{CLOSED_KEPT, CLOSED_KEPT_MIN};
pub use run_sheet::WrongPins;
pub use scan_body::{ScanBody, ScanKind};
pub use tls::{AUTHORITY_PATH, Authority, Tls};
pub use views::{Asked, Change, Changes, HashError, LiveViews, Note, ViewHashes, When};
pub use webhooks::{HookKind, SetHookBody, WebhookSettings, Webhooks, WebhooksError};

use crate::problem::ProblemResponse;

/// What every request reaches. Each takes a copy of its own, so a copy is one count more.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
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

impl App {
    /// What every request reaches.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The whole API.
pub fn router(app: App) -> Guarded<Router> {
    Guarded::over(unguarded(app))
}

fn unguarded(app: App) -> Router {
    routes::router()
        .merge(graphql::routes(&app))
        .fallback(screen_or_unknown_path)
        .method_not_allowed_fallback(method_not_allowed)
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
    let service = router(app);
    let service = ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(service);
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
    let service =
        unguarded(app).merge(tls::routes(authority)).layer(middleware::from_fn(tls::only_over_tls));
    let service = Guarded::over(service);
    let service = ServiceExt::<Request>::into_make_service_with_connect_info::<tls::Peer>(service);
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}
