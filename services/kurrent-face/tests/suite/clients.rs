//! Served logs and clients of them.

use std::sync::Arc;

use event_log::{
    EventLog, MemoryLog, SqliteLog,
    kurrent::{Config, KurrentLog},
    sqlite,
};
use kurrent_face::{Face, Options, Owned};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Room for the largest append of the conformance suite.
const APPEND_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The time of every event that a test writes.
pub(crate) fn options(owned: Option<Owned>) -> Options {
    let now = "2022-04-01T06:00:00Z".parse().unwrap();
    let clock = Arc::new(move || now);
    Options { clock, writable: true, owned, append_bytes_max: APPEND_BYTES_MAX, tls: None }
}

pub(crate) async fn serve(log: Arc<dyn EventLog>, options: Options) -> Face {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Face::serve(log, listener, options).unwrap()
}

pub(crate) fn url(face: &Face) -> String {
    format!("esdb://{}?tls=false", face.address)
}

/// A log over the face of another one.
pub(crate) async fn over(log: Arc<dyn EventLog>) -> (Arc<dyn EventLog>, Face) {
    let face = serve(log, options(None)).await;
    let log = KurrentLog::connect(Config::new(url(&face))).await.unwrap();
    (Arc::new(log), face)
}

pub(crate) fn sqlite() -> (Arc<dyn EventLog>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(&folder.path().join("log"), sqlite::Options::default()).unwrap();
    (Arc::new(log), folder)
}

/// The official client, connected to the face of a log in memory.
pub(crate) async fn official() -> (eventstore::Client, Face) {
    let face = serve(Arc::new(MemoryLog::new()), options(None)).await;
    (eventstore::Client::new(url(&face).parse().unwrap()).unwrap(), face)
}
