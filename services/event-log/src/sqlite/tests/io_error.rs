//! A disk that fails: in a process of its own, with a file-size limit for failing writes and with a
//! library in front of the system's for failing syncs.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use super::*;

const FOLDER: &str = "EVENT_LOG_TEST_FOLDER";
/// Enough events of this size for the write-ahead log to be copied while appends go on.
const EVENTS: u64 = 420;
const EVENT_BYTES: usize = 100_000;

/// `fdatasync` and `fsync` that fail from the n-th call on, as a disk does that is gone.
const FAILING_SYNC: &str = r#"
    #define _GNU_SOURCE
    #include <errno.h>
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    static int fails(void) {
        static int calls;
        return ++calls == atoi(getenv("FAIL_SYNC_AT"));
    }
    int fdatasync(int fd) {
        if (fails()) { errno = EIO; return -1; }
        return syscall(SYS_fdatasync, fd);
    }
    int fsync(int fd) {
        if (fails()) { errno = EIO; return -1; }
        return syscall(SYS_fsync, fd);
    }
"#;

/// Runs [`child`] in a process of its own, set up by `shell`, and checks what it left: the log
/// opens without repair and holds every acknowledged event, and at most one more.
async fn survive(shell: &str, place: &Place) -> Output {
    let output = Command::new("sh")
        .args(["-c", &format!("{shell}; exec \"$0\" \"$@\"")])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "sqlite::tests::io_error::child", "--ignored", "--nocapture"])
        .env(FOLDER, place.0.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let log: Log = place.open();
    let events = all(&log).await.len() as u64;
    let acknowledged = acknowledged(place.0.path());
    assert!(events == acknowledged || events == acknowledged + 1, "{events}, {acknowledged}");
    drop(log);
    let verification = verify(&place.path(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((verification.events, verification.problem_count), (events, 0));
    output
}

fn acknowledged(folder: &Path) -> u64 {
    fs::read_to_string(folder.join("acknowledged")).map_or(0, |text| text.parse().unwrap())
}

#[tokio::test]
async fn a_failed_write_is_final_until_reopened() {
    for kibibytes in [200, 500, 1_001, 4_000, 7_777] {
        let place = Place::new();
        // Dash counts blocks of 512 bytes. Without the trap the limit would kill the process.
        let shell = format!("trap '' XFSZ; ulimit -f {}", 2 * kibibytes);
        survive(&shell, &place).await;
        let acknowledged = acknowledged(place.0.path());
        assert!(acknowledged < EVENTS, "the limit was not reached");
    }
}

#[tokio::test]
async fn a_failed_sync_is_final_until_reopened() {
    let tools = tempfile::tempdir().unwrap();
    let (source, library) = (tools.path().join("sync.c"), tools.path().join("sync.so"));
    fs::write(&source, FAILING_SYNC).unwrap();
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    if !compile.status().is_ok_and(|status| status.success()) {
        println!("SKIPPED: no C compiler to make the library that lets syncs fail");
        return;
    }
    let mut reached = 0;
    for at in (1..12).chain(320..340).chain([400]) {
        let place = Place::new();
        let library = library.display();
        let shell = format!("export LD_PRELOAD={library} FAIL_SYNC_AT={at}");
        let output = survive(&shell, &place).await;
        reached += u64::from(String::from_utf8_lossy(&output.stdout).contains("the log failed"));
    }
    assert!(reached > 20, "syncs failed in {reached} runs only");
}

/// Appends until the log fails, and demands that it then stays read-only and can still be read.
#[tokio::test]
#[ignore = "run by the tests above, in a process whose disk fails"]
async fn child() {
    let folder = PathBuf::from(env::var_os(FOLDER).unwrap());
    let opened = SqliteLog::open(&folder.join("log"), Options::default());
    let Ok(log) = opened else {
        println!("the log failed at once: {:?}", opened.err());
        return;
    };
    let log: Log = Arc::new(log);
    let mut count = 0;
    while count < EVENTS && log.health() == Health::Writable {
        match append_large(&log, count).await {
            Ok(_) => {
                count += 1;
                fs::write(folder.join("acknowledged"), count.to_string()).unwrap();
            }
            // Or the disk failed after the last answer, while the write-ahead log was worked off.
            Err(
                AppendError::OutcomeUnknown(LogError::Database(_))
                | AppendError::ReadOnly(ReadOnlyCause::DiskFailed),
            ) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
    if count == EVENTS {
        return;
    }
    println!("the log failed");
    assert_eq!(log.health(), Health::ReadOnly(ReadOnlyCause::DiskFailed));
    for _ in 0..3 {
        let later = append_large(&log, count).await;
        assert!(matches!(later, Err(AppendError::ReadOnly(ReadOnlyCause::DiskFailed))));
    }
    assert_eq!(all(&log).await.len() as u64, count);
}

async fn append_large(log: &Log, n: u64) -> Result<Appended, AppendError> {
    let large = NewEvent { data: vec![1; EVENT_BYTES].into(), ..event(n.into()) };
    append(log, "s-1", n.checked_sub(1), vec![large]).await
}
