//! A full disk: nothing is stored, nothing is lost, and it goes on when there is space again.

use std::{fs, path::Path, process::Command};

use super::*;

/// Appends events of 2,000 bytes until the log is read-only; gives how many it took.
async fn fill_up(log: &Log, first: u64) -> u64 {
    for n in first.. {
        let large = NewEvent { data: vec![7; 2_000].into(), ..event(n.into()) };
        match append(log, "s-1", n.checked_sub(1), vec![large]).await {
            Ok(appended) => assert_eq!(appended.revision.0, n),
            Err(AppendError::ReadOnly(ReadOnlyCause::DiskFull)) => return n,
            Err(other) => panic!("{other:?}"),
        }
    }
    unreachable!("there is no endless disk")
}

#[tokio::test]
async fn a_log_at_its_limit_is_read_only_and_whole() {
    let place = Place::new();
    let options = Options { pages_max: Some(60), ..Options::default() };
    let log: Log = Arc::new(SqliteLog::open(&place.path(), options).unwrap());
    let mut subscription = log.subscribe(None);
    let count = fill_up(&log, 0).await;
    assert_eq!(log.health(), Health::ReadOnly(ReadOnlyCause::DiskFull));
    assert_eq!(take(&mut *subscription, count.try_into().unwrap()).await.len() as u64, count);
    assert_eq!(fill_up(&log, count).await, count, "it stays full");
    assert_eq!(all(&log).await.len() as u64, count);
    // What needs no space is answered as ever.
    assert!(append(&log, "s-1", None, vec![event(0)]).await.unwrap().repeated);
    let conflict = append(&log, "s-1", None, vec![event(99)]).await;
    assert!(matches!(conflict, Err(AppendError::WrongRevision { .. })));
    drop((log, subscription));
    let log: Log = place.open();
    assert_eq!(log.health(), Health::Writable);
    append(&log, "s-1", Some(count - 1), vec![event(count.into())]).await.unwrap();
    let verification = verify(&place.path(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((verification.events, verification.problem_count), (count + 1, 0));
}

/// A small file system of its own, where this process may mount one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(self.path()).status().unwrap();
    }
}

/// The disk gets full at another place in the work of a commit for each size, and in the larger
/// ones while the write-ahead log is lengthened.
#[tokio::test]
async fn a_full_disk_loses_nothing_and_goes_on_by_itself() {
    for size_kibibytes in (400..900).step_by(12).chain((900..3_000).step_by(150)) {
        let Some(disk) = SmallDisk::mount(size_kibibytes * 1_024) else {
            println!("SKIPPED: this process may not mount a small file system (run it as root)");
            return;
        };
        let (path, ballast) = (disk.path().join("log"), disk.path().join("ballast"));
        fs::write(&ballast, vec![0; 200 * 1_024]).unwrap();
        let log: Log = Arc::new(SqliteLog::open(&path, Options::default()).unwrap());
        let count = fill_up(&log, 0).await;
        assert_eq!(log.health(), Health::ReadOnly(ReadOnlyCause::DiskFull));
        assert_eq!(all(&log).await.len() as u64, count);
        fs::remove_file(&ballast).unwrap();
        let more = fill_up(&log, count).await;
        assert!(more > count, "it does not go on by itself at {size_kibibytes} KiB");
        drop(log);
        let whole = verify(&path, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!((whole.events, whole.problem_count), (more, 0), "at {size_kibibytes} KiB");
    }
}
