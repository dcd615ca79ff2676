//! One simulated day on the embedded log and, over the protocol of KurrentDB, on a cluster's: the
//! same hash of every view. And `migrate` between the two.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use api::{LiveViews, ViewHashes};
use event_log::{
    EventLog, Expected, MemoryLog, NewEvent, Position, SqliteLog,
    kurrent::{Config, KurrentLog},
    sqlite,
};
use kurrent_face::{Face, Options};
use runtime::{clock::Clock, directory::Directory, ledger::Ledger, views::Views};
use simulator::{Size, simulate::simulate_on};
use tests::{TempDir, engine_binary};
use tokio::net::TcpListener;

/// A log, as `serve --event-log` has it, over the protocol and the log behind it.
pub(crate) async fn served(behind: Arc<dyn EventLog>) -> (Face, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clock = Arc::new(|| runtime::clock::SystemClock.now());
    let append_bytes_max = 16 * kurrent_face::APPEND_BYTES_MAX;
    let options = Options { clock, writable: true, owned: None, append_bytes_max, tls: None };
    let face = Face::serve(behind, listener, options).unwrap();
    let url = format!("esdb://{}?tls=false", face.address);
    (face, url)
}

pub(crate) fn sqlite(folder: &Path) -> SqliteLog {
    SqliteLog::open(&folder.join("events.db"), sqlite::Options::default()).unwrap()
}

/// Lives a day on a log, followed by views all the while; their hashes at its end.
async fn lived(log: &Arc<dyn EventLog>, seed: u64, size: Size) -> ViewHashes {
    let live = LiveViews::default();
    let observers = vec![live.observer()];
    let (ledger, directory) = (Ledger::default(), Directory::default());
    let views = Arc::new(Views::at(Position(0), ledger, directory, observers));
    let following = tokio::spawn(Arc::clone(&views).follow(Arc::clone(log)));
    let own = Arc::clone(log);
    let report = tokio::task::spawn_blocking(move || simulate_on(&own, seed, 1, size));
    let report = report.await.unwrap().unwrap();
    assert!(report.balances(), "{report}");
    let head = log.head().await.unwrap().unwrap();
    views.reached(head).await;
    following.abort();
    ViewHashes::of(report.events, &views.ledger(), &views.directory(), &live).unwrap()
}

async fn folded(log: &Arc<dyn EventLog>) -> ViewHashes {
    let mut watcher = |_| std::ops::ControlFlow::Continue(());
    ViewHashes::fold(log, &mut watcher).await.unwrap()
}

/// The same day on both logs; the embedded one behind the protocol is another file.
async fn one_day_on_two_logs(seed: u64, size: Size) {
    let (folder, behind_it) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let embedded: Arc<dyn EventLog> = Arc::new(sqlite(folder.path()));
    let behind: Arc<dyn EventLog> = Arc::new(sqlite(behind_it.path()));
    let (face, url) = served(behind).await;
    let cluster: Arc<dyn EventLog> = Arc::new(KurrentLog::connect(Config::new(url)).await.unwrap());

    let of_embedded = lived(&embedded, seed, size).await;
    let of_cluster = lived(&cluster, seed, size).await;
    println!("{} events, seed {seed}\n{of_cluster}", of_cluster.events);
    assert_eq!(of_embedded.differing(&of_cluster), Vec::<String>::new());
    assert!(of_embedded.len() >= 6 && of_embedded.events > 100, "{of_embedded}");
    // What followed live is what a fold says, over either.
    assert_eq!(folded(&embedded).await, of_embedded);
    assert_eq!(folded(&cluster).await, of_embedded);
    face.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_day_ends_in_the_same_views() {
    one_day_on_two_logs(1, Size::SMALL).await;
}

/// `cargo xtask two-logs` runs it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes without optimisation; `cargo xtask two-logs` runs it in release"]
async fn the_whole_day_of_fumin_garden_ends_in_the_same_views() {
    let seed = std::env::var("LASTMETER_TWO_LOGS_SEED").ok();
    let seed = seed.map_or(1, |seed| seed.parse().unwrap());
    one_day_on_two_logs(seed, Size::FULL).await;
}

/// The comparison can fail: another day has other views, and so has a day without its last event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_day_ends_in_other_views() {
    let (one, other): (Arc<dyn EventLog>, Arc<dyn EventLog>) =
        (Arc::new(MemoryLog::new()), Arc::new(MemoryLog::new()));
    let (one, other) = (lived(&one, 1, Size::SMALL).await, lived(&other, 2, Size::SMALL).await);
    let differing = one.differing(&other);
    for view in ["directory", "ledger of commands", "fumin-garden/facts"] {
        assert!(differing.iter().any(|name| name == view), "{view} is the same: {differing:?}");
    }
}

async fn migrate(from: &str, to: &str) -> (Option<i32>, String) {
    let mut command = tokio::process::Command::new(engine_binary().unwrap());
    let output = command.args(["migrate", "--from", from, "--to", to]).output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_moves_to_a_cluster_and_back_though_it_is_killed_on_its_way() {
    let (source, back) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let embedded: Arc<dyn EventLog> = Arc::new(sqlite(source.path()));
    let lived = lived(&embedded, 3, Size::SMALL).await;
    drop(embedded);
    let cluster = Arc::new(MemoryLog::new());
    let (_face, url) = served(Arc::clone(&cluster) as Arc<dyn EventLog>).await;
    let (from, to) = (source.path().to_str().unwrap(), back.path().to_str().unwrap());

    // Killed as soon as something has arrived, and long before everything has.
    let words = ["migrate", "--from", from, "--to", &url];
    let mut first = Command::new(engine_binary().unwrap()).args(words).spawn().unwrap();
    let mut arrived = cluster.subscribe(None);
    loop {
        let delivery = tokio::time::timeout(Duration::from_mins(1), arrived.next()).await;
        if let event_log::Delivery::Events(_) = delivery.unwrap().unwrap() {
            break;
        }
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let there = cluster.head().await.unwrap().unwrap().0;
    assert!(there < lived.events, "it was over before it was killed");

    let (code, said) = migrate(from, &url).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains(" 0 were there already"), "it began anew: {said}");
    // Every view of the day by its hash.
    for line in lived.to_string().lines() {
        assert!(said.contains(line), "`{line}` is not in: {said}");
    }
    let (code, said) = migrate(from, &url).await;
    assert!(code == Some(0) && said.contains("0 events copied"), "{said}");

    let (code, said) = migrate(&url, to).await;
    assert_eq!(code, Some(0), "{said}");
    let returned: Arc<dyn EventLog> = Arc::new(sqlite(back.path()));
    assert_eq!(folded(&returned).await, lived);
    drop(returned);

    // A destination that holds something else is told, and left alone.
    let (data, metadata) = ("{}".into(), "{}".into());
    let id = uuid::Uuid::from_u128(1);
    let event = NewEvent { id, event_type: "Other".into(), data, metadata };
    let stream = "other-1".try_into().unwrap();
    cluster.append(&stream, Expected::NoStream, vec![event]).await.unwrap();
    let before = cluster.head().await.unwrap();
    let (code, said) = migrate(from, &url).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("holds more than the source"), "{said}");
    assert_eq!(cluster.head().await.unwrap(), before);
}
