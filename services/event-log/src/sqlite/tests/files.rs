//! Files that are no logs, damaged logs, and the tools that look after them.

use std::{fs, ops::ControlFlow};

use rstest::rstest;
use rusqlite::Connection;

use super::*;
use crate::{MemoryLog, Progress, TransferError, copy, ndjson};

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn stop(_: Progress) -> ControlFlow<()> {
    ControlFlow::Break(())
}

#[tokio::test]
async fn a_second_opener_is_refused() {
    let place = Place::new();
    let log = place.open();
    let second = SqliteLog::open(&place.path(), Options::default());
    assert!(matches!(second, Err(OpenError::InUse { path }) if path.ends_with("log")));
    drop(log);
    place.open();
}

#[rstest]
#[case::text(b"no log at all, but long enough to look like something\n".repeat(100))]
#[case::zeros(vec![0; 8_192])]
#[case::short(b"x".to_vec())]
#[case::cut({
    let mut header = b"SQLite format 3\0".to_vec();
    header.resize(60, 1);
    header
})]
fn another_file_is_refused_and_left_alone(#[case] content: Vec<u8>) {
    let place = Place::new();
    fs::write(place.path(), &content).unwrap();
    let opened = SqliteLog::open(&place.path(), Options::default());
    assert!(matches!(opened, Err(OpenError::NotALog { .. })), "{:?}", opened.err());
    assert_eq!(fs::read(place.path()).unwrap(), content);
}

#[rstest]
#[case::other_database("CREATE TABLE t (a); PRAGMA application_id = 7;")]
#[case::unmarked_database("CREATE TABLE t (a);")]
fn another_database_is_refused_and_left_alone(#[case] sql: &str) {
    let place = Place::new();
    Connection::open(place.path()).unwrap().execute_batch(sql).unwrap();
    let before = fs::read(place.path()).unwrap();
    let opened = SqliteLog::open(&place.path(), Options::default());
    assert!(matches!(opened, Err(OpenError::NotALog { .. })), "{:?}", opened.err());
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let place = Place::new();
    place.fill(1).await;
    let plain = Connection::open(place.path()).unwrap();
    plain.execute_batch("PRAGMA user_version = 9").unwrap();
    let opened = SqliteLog::open(&place.path(), Options::default());
    assert!(matches!(opened, Err(OpenError::NewerFormat { found: 9, .. })));
    assert!(matches!(
        verify(&place.path(), &mut go_on),
        Err(FileError::Open(OpenError::NewerFormat { .. }))
    ));
}

/// One changed byte, and what a read of it and `verify` say.
#[rstest]
#[case::data(
    "UPDATE events SET data = CAST(replace(data, 'number', 'nomber') AS BLOB) WHERE position = 12"
)]
#[case::stream("UPDATE events SET stream = 1, revision = 99 WHERE position = 12")]
#[case::kind("UPDATE events SET type = 'Happened!' WHERE position = 12")]
#[case::id("UPDATE events SET id = randomblob(16) WHERE position = 12")]
#[case::short_id("UPDATE events SET id = x'00' WHERE position = 12")]
#[case::checksum("UPDATE events SET checksum = checksum + 1 WHERE position = 12")]
#[tokio::test]
async fn a_changed_event_is_not_delivered(#[case] sql: &str) {
    let place = Place::new();
    place.fill(20).await;
    Connection::open(place.path()).unwrap().execute_batch(sql).unwrap();
    let log: Log = place.open();
    let read = log.read_all(None, Direction::Forwards, 20).await;
    assert!(matches!(read, Err(LogError::Corrupt { position: Position(12) })), "{read:?}");
    let delivery = log.subscribe(Some(Position(5))).next().await;
    assert!(matches!(delivery, Err(LogError::Corrupt { position: Position(12) })));
    let found = verify(&place.path(), &mut go_on).unwrap();
    assert_eq!(found.problems[0], Problem::Checksum { position: Position(12) });
    let copied = backup(&place.path(), &place.0.path().join("copy"), &mut go_on);
    assert!(matches!(copied, Err(FileError::Damaged(Problem::Checksum { .. }))));
    assert!(!place.0.path().join("copy").exists());
}

#[tokio::test]
async fn a_forged_event_breaks_the_chain() {
    let place = Place::new();
    place.fill(20).await;
    let plain = Connection::open(place.path()).unwrap();
    let forged = digest::Digester::default()
        .lay_out(digest::Content {
            position: 12,
            stream: "s-2",
            revision: 1,
            id: &event(11).id,
            event_type: "Happened",
            data: b"forged",
            metadata: b"{}",
        })
        .checksum();
    let sql = "UPDATE events SET data = ?1, checksum = ?2 WHERE position = 12";
    plain.execute(sql, (&b"forged"[..], forged)).unwrap();
    let log: Log = place.open();
    assert_eq!(all(&log).await[11].data, "forged", "the checksum alone cannot see it");
    let found = verify(&place.path(), &mut go_on).unwrap();
    assert_eq!(found.problems, [Problem::Link { position: Position(12) }]);
}

#[tokio::test]
async fn a_missing_event_is_found() {
    let place = Place::new();
    place.fill(20).await;
    let plain = Connection::open(place.path()).unwrap();
    plain.execute_batch("DELETE FROM events WHERE position = 12").unwrap();
    let found = verify(&place.path(), &mut go_on).unwrap();
    let expected = [
        Problem::Gap { after: Position(11), found: Position(13) },
        Problem::Link { position: Position(13) },
        Problem::Revision { stream: "s-2".to_owned(), expected: Revision(1), found: Revision(2) },
    ];
    assert_eq!(found.problems, expected);
    let log: Log = place.open();
    let delivery = log.subscribe(None).next().await;
    assert!(matches!(delivery, Err(LogError::Corrupt { position: Position(12) })));
}

#[tokio::test]
async fn a_backup_of_a_served_log_is_a_log() {
    let place = Place::new();
    let log: Log = place.open();
    fill(&log, 0, 5_000).await;
    let (copied, again) = (place.0.path().join("copy"), place.0.path().join("again"));
    let mut told = Vec::new();
    let mut watch = |progress| {
        told.push(progress);
        go_on(progress)
    };
    let verification = backup(&place.path(), &copied, &mut watch).unwrap();
    assert_eq!((verification.events, verification.streams), (5_000, 1_000));
    assert_eq!(told.last(), Some(&Progress { done: 5_000, total: 5_000 }));
    assert!(matches!(backup(&place.path(), &copied, &mut go_on), Err(FileError::Exists { .. })));
    let stopped = backup(&place.path(), &again, &mut stop);
    assert!(matches!(stopped, Err(FileError::Interrupted)));
    let names = fs::read_dir(place.0.path()).unwrap().map(|file| file.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("partial")));
    fill(&log, 5_000, 5_001).await;
    let copy: Log = Arc::new(SqliteLog::open(&copied, Options::default()).unwrap());
    assert!(all(&copy).await == all(&log).await[..5_000]);
    fill(&copy, 5_000, 5_001).await;
    assert_eq!(verify(&copied, &mut go_on).unwrap(), verify(&place.path(), &mut go_on).unwrap());
}

#[tokio::test]
async fn a_restored_log_is_what_was_backed_up() {
    let place = Place::new();
    let saved = place.0.path().join("saved");
    place.fill(30).await;
    let verification = backup(&place.path(), &saved, &mut go_on).unwrap();
    let log = place.open();
    fill(&(log.clone() as Log), 30, 40).await;
    let in_use = restore(&saved, &place.path(), true, &mut go_on);
    assert!(matches!(in_use, Err(FileError::Open(OpenError::InUse { .. }))));
    drop(log);
    let kept = restore(&saved, &place.path(), false, &mut go_on);
    assert!(matches!(kept, Err(FileError::Exists { .. })));
    let garbage = place.0.path().join("garbage");
    fs::write(&garbage, "garbage".repeat(1_000)).unwrap();
    assert!(restore(&garbage, &place.path(), true, &mut go_on).is_err());
    assert_eq!(verify(&place.path(), &mut go_on).unwrap().events, 40);
    assert_eq!(restore(&saved, &place.path(), true, &mut go_on).unwrap(), verification);
    assert_eq!(verify(&place.path(), &mut go_on).unwrap(), verification);
    let log: Log = place.open();
    assert_eq!(all(&log).await.len(), 30);
}

#[tokio::test]
async fn a_copy_goes_on_where_it_was_stopped() {
    let (from, to) = (Place::new(), Place::new());
    let log: Log = from.open();
    fill(&log, 0, 50).await;
    let memory: Log = Arc::new(MemoryLog::new());
    copy(&*log, &*memory, &mut go_on).await.unwrap();
    fill(&memory, 50, 4_500).await;
    let there: Log = to.open();
    let stopped = copy(&*memory, &*there, &mut stop).await;
    assert!(matches!(stopped, Err(TransferError::Interrupted)));
    let done = copy(&*memory, &*there, &mut go_on).await.unwrap();
    assert!(done.present > 4_000 && done.present + done.appended == 4_500, "{done:?}");
    assert!(all(&there).await == all(&memory).await);
    assert_eq!(verify(&to.path(), &mut go_on).unwrap().problem_count, 0);
    let longer = copy(&*log, &*there, &mut go_on).await;
    assert!(matches!(longer, Err(TransferError::Longer { destination: Position(51) })));
    append(&log, "other-1", None, vec![event(1)]).await.unwrap();
    let differs = copy(&*log, &*there, &mut go_on).await;
    assert!(matches!(differs, Err(TransferError::Differs { destination: Position(51), .. })));
}

#[tokio::test]
async fn an_export_comes_back_byte_for_byte() {
    let payloads: [&[u8]; 10] = [
        b"{\"a\": 1.0,  \"a\":-0}",
        b"null",
        b"",
        b" 1",
        b"\"\\u0000\"",
        b"{\n}",
        "\"\u{2028}物\"".as_bytes(),
        b"\xff\x00",
        b"123456789012345678901234567890.5e400",
        b"not json",
    ];
    let log: Log = Arc::new(MemoryLog::new());
    for (n, (data, metadata)) in (0_u64..).zip(payloads.into_iter().zip(payloads.iter().rev())) {
        let (data, metadata) = (data.into(), (*metadata).into());
        let event = NewEvent { data, metadata, ..event(n.into()) };
        append(&log, "物-件 \"1\"", n.checked_sub(1), vec![event]).await.unwrap();
    }
    let mut text = Vec::new();
    assert_eq!(ndjson::export(&*log, &mut text, &mut go_on).await.unwrap(), 10);
    assert_eq!(text.split_inclusive(|byte| *byte == b'\n').count(), 10);
    let place = Place::new();
    let there: Log = place.open();
    // Cut after three lines, as if it had been stopped, then whole, then once more.
    let third = text.split_inclusive(|byte| *byte == b'\n').take(3).map(<[u8]>::len).sum();
    for (mut text, present, appended) in [(&text[..third], 0, 3), (&text, 3, 7), (&text, 10, 0)] {
        let done = ndjson::import(&mut text, 0, &*there, &mut go_on).await.unwrap();
        assert_eq!((done.present, done.appended), (present, appended));
    }
    assert_eq!(all(&there).await, all(&log).await);
    assert_eq!(verify(&place.path(), &mut go_on).unwrap().problem_count, 0);
}

/// The second line is made from a good one by one replacement.
#[rstest]
#[case::empty("$ALL", "")]
#[case::no_json("$ALL", "nonsense")]
#[case::no_object("$ALL", "[]")]
#[case::unknown_field("{", r#"{"more":1,"#)]
#[case::no_data(r#""data":1,"#, "")]
#[case::two_data("{", r#"{"data_base64":"","#)]
#[case::no_base64(r#""data":1"#, r#""data_base64":"?""#)]
#[case::no_stream("s-1", "s")]
#[case::no_type("Happened", "")]
#[case::no_id("00000000-", "")]
#[case::same_position(r#""position":2"#, r#""position":1"#)]
#[case::negative_position(r#""position":2"#, r#""position":-2"#)]
#[tokio::test]
async fn a_line_that_is_no_event_is_named(#[case] from: &str, #[case] to: &str) {
    let good =
        r#"{"position":1,"stream":"s-1","revision":0,"type":"Happened","data":1,"metadata":1,"#;
    let good = format!("{good}\"id\":\"{}\"}}", event(1).id);
    let second = good.replace("\"position\":1", "\"position\":2");
    let bad = if from == "$ALL" { to.to_owned() } else { second.replacen(from, to, 1) };
    assert_ne!(bad, second);
    let text = format!("{good}\n{bad}\n");
    let log = MemoryLog::new();
    let imported = ndjson::import(&mut text.as_bytes(), 0, &log, &mut go_on).await;
    assert!(matches!(imported, Err(TransferError::Line { line: 2, .. })), "{imported:?}");
}
