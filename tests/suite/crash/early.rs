//! The positive control: an engine that answers before it stores.
//!
//! Its log is one in memory, which a task writes to the file a moment later. Killed, it has
//! acknowledged what no file holds. It runs in a process of its own: the test binary, started anew
//! with [`serve_early`] as its main.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    ops::ControlFlow,
    path::Path,
    sync::Arc,
};

use event_log::{
    Delivery, EventLog, Expected, LogError, MemoryLog, NewEvent, RecordedEvent, Revision,
    SqliteLog, sqlite::Options,
};
use lastmeter::serve::{Served, Source};
use runtime::{clock::SystemClock, photos::Photos, vault::Vault};
use tests::SERVING;

/// The name of the test that is the main of the early engine.
pub const MAIN: &str = "crash::early::serve_early";
/// Where it is told its data folder.
pub const DATA_FOLDER_NAME: &str = "LASTMETER_EARLY_DATA_FOLDER";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the main of a child process; see an_engine_that_answers_before_it_stores_is_found_out"]
async fn serve_early() {
    // Run with all ignored tests, and not as a child, it has nothing to do.
    let Some(folder) = env::var_os(DATA_FOLDER_NAME) else { return };
    let folder = Path::new(&folder);
    let file = SqliteLog::open(&folder.join("events.db"), Options::default()).unwrap();
    let memory = MemoryLog::new();
    event_log::copy(&file, &memory, &mut |_| ControlFlow::Continue(())).await.unwrap();
    let source = Source {
        log: Arc::new(memory.clone()),
        vault: Arc::new(Vault::open(&folder.join("keys.db")).unwrap()),
        clock: Arc::new(SystemClock),
        snapshots: None,
        closed_kept: api::CLOSED_KEPT,
        graphql: api::GraphqlSettings::default(),
        webhooks: api::WebhookSettings::default(),
        photos: Arc::new(Photos::open(&folder.join("photos.db")).unwrap()),
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let served = Served::start(source, address, None).await.unwrap();
    let line = serde_json::json!({
        "fields": { "message": SERVING, "address": served.address.to_string() },
    });
    eprintln!("{line}");
    store_later(&memory, &file).await.unwrap();
}

/// Writes to the file what the memory holds already, event by event, until the process is killed.
async fn store_later(memory: &MemoryLog, file: &SqliteLog) -> Result<(), LogError> {
    let mut later = memory.subscribe(file.head().await?);
    loop {
        let Delivery::Events(events) = later.next().await? else { continue };
        for event in events.iter() {
            let (expected, new) = (expected(event), as_new(event));
            file.append(&event.stream, expected, vec![new]).await.unwrap();
        }
    }
}

fn expected(event: &RecordedEvent) -> Expected {
    match event.revision.0.checked_sub(1) {
        Some(last) => Expected::Exact(Revision(last)),
        None => Expected::NoStream,
    }
}

fn as_new(event: &RecordedEvent) -> NewEvent {
    let RecordedEvent { id, event_type, data, metadata, .. } = event.clone();
    NewEvent { id, event_type, data, metadata }
}
