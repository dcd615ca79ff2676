//! Whether the engine lives, whether it can do its work, and its metrics.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use event_log::{Health, ReadOnlyCause};
use metrics_exporter_prometheus::PrometheusHandle;
use runtime::process::{RefusedReaction, StuckReaction};
use serde::{Deserialize, Serialize};

use crate::App;

/// It answers, so it lives.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

#[derive(Deserialize)]
pub(crate) struct ReadyQuery {
    verbose: Option<String>,
}

/// Whether the engine can do its work, and what stands in the way.
#[derive(Debug, Serialize)]
pub(crate) struct ReadyBody {
    ready: bool,
    /// `writable`, `disk_full` or `disk_failed`.
    event_log: &'static str,
    /// `live`, `catching_up` or `stopped`.
    views: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Detail>,
}

#[derive(Debug, Serialize)]
struct Detail {
    position: u64,
    reactions_done_up_to: u64,
    commands_remembered: usize,
    stuck_reactions: Vec<StuckReaction>,
    refused_reactions: Vec<RefusedReaction>,
}

/// Whether the engine can take scans: 200, or 503 with what stands in the way.
pub(crate) async fn readyz(
    State(app): State<App>,
    Query(query): Query<ReadyQuery>,
) -> (StatusCode, Json<ReadyBody>) {
    let progress = app.engine.progress();
    let event_log = match app.engine.health() {
        Health::Writable => "writable",
        Health::ReadOnly(ReadOnlyCause::DiskFull) => "disk_full",
        Health::ReadOnly(ReadOnlyCause::DiskFailed) => "disk_failed",
    };
    let views = match (progress.stopped, progress.caught_up) {
        (true, _) => "stopped",
        (false, true) => "live",
        (false, false) => "catching_up",
    };
    let ready = event_log == "writable" && views == "live";
    let detail = query.verbose.map(|_| {
        let reactions = app.engine.reactions();
        Detail {
            position: progress.position.0,
            reactions_done_up_to: reactions.done_up_to().0,
            commands_remembered: app.engine.views().ledger().len(),
            stuck_reactions: reactions.stuck(app.engine.clock().now()),
            refused_reactions: reactions.refused(),
        }
    });
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadyBody { ready, event_log, views, detail }))
}

/// Metrics, as Prometheus reads them.
pub(crate) async fn metrics(State(app): State<App>) -> String {
    let progress = app.engine.progress();
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 events are far away")]
    metrics::gauge!("lastmeter_log_position").set(progress.position.0 as f64);
    let stuck = app.engine.reactions().stuck(app.engine.clock().now()).len();
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; the count is small")]
    metrics::gauge!("lastmeter_reactions_stuck").set(stuck as f64);
    app.metrics.as_ref().map(PrometheusHandle::render).unwrap_or_default()
}
