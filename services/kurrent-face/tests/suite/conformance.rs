//! The suite of every event log, on the Kurrent adapter: over the face of a log in memory, over
//! the face of SQLite, and over a real server where one is named.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use event_log::{
    EventLog, MemoryLog,
    kurrent::{Config, KurrentLog},
};

use crate::clients::{over, sqlite};

/// Names a real server, such as `esdb://admin:changeit@127.0.0.1:2113?tls=false`.
const REAL_SERVER: &str = "LASTMETER_TEST_KURRENTDB";

mod memory {
    use super::*;

    async fn fresh() -> (Arc<dyn EventLog>, kurrent_face::Face) {
        over(Arc::new(MemoryLog::new())).await
    }

    event_log::conformance_suite!(fresh());
}

mod on_sqlite {
    use super::*;

    async fn fresh() -> (Arc<dyn EventLog>, (kurrent_face::Face, tempfile::TempDir)) {
        let (log, folder) = sqlite();
        let (log, face) = over(log).await;
        (log, (face, folder))
    }

    event_log::conformance_suite!(fresh());
}

/// The same on a real server, each case below a prefix of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_server_conforms() {
    use event_log::conformance as cases;
    let Ok(server) = std::env::var(REAL_SERVER) else {
        eprintln!("SKIPPED: no real server: set {REAL_SERVER}=esdb://... to run this");
        return;
    };
    let case = AtomicU64::new(0);
    let fresh = || {
        let case = case.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("t{}.{case}.", std::process::id());
        let config = Config { prefix, connect_max: Duration::from_mins(1), ..Config::new(&server) };
        async { Arc::new(KurrentLog::connect(config).await.unwrap()) as Arc<dyn EventLog> }
    };
    cases::an_empty_log_is_empty(fresh().await).await;
    cases::events_are_read_back_as_they_were_written(fresh().await).await;
    cases::several_events_are_appended_together(fresh().await).await;
    cases::a_wrong_revision_is_a_conflict(fresh().await).await;
    cases::a_repeated_append_changes_nothing(fresh().await).await;
    cases::a_partial_repetition_is_a_conflict(fresh().await).await;
    cases::unacceptable_appends_are_refused(fresh().await).await;
    cases::streams_are_read_both_ways(fresh().await).await;
    cases::the_log_is_read_both_ways(fresh().await).await;
    cases::the_largest_append_is_stored(fresh().await).await;
    cases::any_printable_name_is_a_stream(fresh().await).await;
    cases::subscriptions_begin_anywhere(fresh().await).await;
    cases::history_then_caught_up_then_live(fresh().await).await;
    cases::a_cancelled_wait_loses_nothing(fresh().await).await;
    cases::one_of_many_writers_wins(fresh().await).await;
    cases::a_contended_stream_is_linearizable(fresh().await).await;
    cases::all_subscribers_see_the_same_order(fresh().await).await;
}
