//! The official Rust client's own tests, from its published crate, unmodified, against the face.
//!
//! Their modules look for the crate by its new name, for `names`, and for helpers at the root.

#![expect(
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the client's own code, as it is"
)]

extern crate eventstore as kurrentdb;
extern crate self as names;

use std::sync::Arc;

use event_log::{EventLog, MemoryLog, SqliteLog, sqlite};
use kurrent_face::{APPEND_BYTES_MAX, Face, Options};
use tokio::net::TcpListener;

include!(concat!(env!("OUT_DIR"), "/official.rs"));

/// Makes names that differ, as the crate `names` does.
#[derive(Default)]
pub struct Generator<'a> {
    made: u64,
    of: std::marker::PhantomData<&'a ()>,
}

impl Iterator for Generator<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.made += 1;
        Some(format!("quiet-parcel-{}", self.made))
    }
}

async fn served(log: Arc<dyn EventLog>) -> (eventstore::Client, Face) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clock = Arc::new(|| runtime::clock::Clock::now(&runtime::clock::SystemClock));
    let append_bytes_max = APPEND_BYTES_MAX;
    let options = Options { clock, writable: true, owned: None, append_bytes_max, tls: None };
    let face = Face::serve(log, listener, options).unwrap();
    let url = format!("esdb://admin:changeit@{}?tls=false&defaultDeadline=60000", face.address);
    (eventstore::Client::new(url.parse().unwrap()).unwrap(), face)
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_in_memory() {
    let (client, _face) = served(Arc::new(MemoryLog::new())).await;
    streams::tests(client).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(&folder.path().join("log"), sqlite::Options::default()).unwrap();
    let (client, _face) = served(Arc::new(log)).await;
    streams::tests(client).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn persistent_subscriptions_in_memory() {
    let (client, _face) = served(Arc::new(MemoryLog::new())).await;
    persistent_subscriptions::tests(client).await.unwrap();
}
