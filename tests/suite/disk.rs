//! A full disk, on a small file system of its own: nothing acknowledged is lost, what is there can
//! be read, and when there is space again the engine goes on by itself.
//!
//! Making a file system is root's to do. Elsewhere this says that it was skipped: run it as root,
//! for instance in a container that may mount (`--cap-add SYS_ADMIN`).

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tests::{Connection, Serving, TempDir, id};

/// The size of the file system: little more than an empty log.
const SIZE: &str = "size=6m";
/// What is left on the full disk: room for some scans, so that it runs out under work.
const LEFT_BYTES: u64 = 512 * 1024;
/// The scans within which the space that the log had already must run out.
const SCANS_MAX: u64 = 20_000;
/// What the filler writes at once, in bytes, until not even one byte goes in.
const CHUNK_BYTES: usize = 64 * 1024;
/// The series of ids of the scans.
const SCANS: u16 = 70;

/// A mounted file system, which goes with the value.
struct Small {
    folder: TempDir,
}

impl Small {
    /// Mounts one; `None` where this process may not.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self { folder })
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }

    /// Fills it but for [`LEFT_BYTES`].
    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        let mut chunk = vec![0; CHUNK_BYTES];
        while !chunk.is_empty() {
            match file.write(&chunk) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                    chunk.truncate(chunk.len() / 2);
                }
                Err(error) => panic!("the filler cannot be written: {error}"),
            }
        }
        let full = file.metadata().unwrap().len();
        file.set_len(full.saturating_sub(LEFT_BYTES)).unwrap();
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: the engine that is killed at the same time may still hold a file.
        drop(Command::new("umount").arg("-l").arg(self.folder.path()).status());
    }
}

/// An arrival scan; the `number`-th always says the same.
fn scan(number: u64) -> Vec<u8> {
    let scan = json!({
        "kind": "arrive", "command_id": id(SCANS, number), "code": format!("SF{number:013}"),
        "carrier": "sf", "category": "medicine",
        "door": { "building": "1", "unit": "1", "room": "301" },
    });
    let body = json!({ "community": "willow-court", "actor": "gate-1", "scans": [scan] });
    body.to_string().into_bytes()
}

async fn answer(connection: &mut Connection, number: u64) -> Value {
    let reply = connection.post("/api/v1/scans", "application/json", &scan(number)).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.json());
    reply.json()["answers"][0].take()
}

async fn start(data: &Path) -> (Serving, Connection) {
    let serving = Serving::start(data).unwrap();
    let connection = Connection::open(serving.address()).await.unwrap();
    (serving, connection)
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_needs_no_repair() {
    let Some(disk) = Small::mount() else {
        println!("SKIPPED: only root can make a small file system; run it as root, or in a");
        println!("container with --cap-add SYS_ADMIN.");
        return;
    };
    let data = disk.folder.path().join("data");
    let (mut serving, mut connection) = start(&data).await;
    let community = include_bytes!("../data/willow-court.toml");
    let path = "/api/v1/communities?actor=desk";
    let loaded = connection.post(path, "application/toml", community).await.unwrap();
    assert_eq!(loaded.status, 200, "{}", loaded.json());
    let ready = connection.get("/readyz").await.unwrap();
    assert_eq!((ready.status, ready.json()["event_log"].as_str()), (200, Some("writable")));

    disk.fill();
    let mut taken = vec![];
    let refused = loop {
        let number = taken.len() as u64 + 1;
        assert!(number <= SCANS_MAX, "the disk never ran out");
        let answer = answer(&mut connection, number).await;
        if answer["status"] != "accepted" {
            break (number, answer);
        }
        taken.push(answer);
    };
    assert!(!taken.is_empty(), "nothing was left to run out");
    assert_eq!(refused.1["status"], "deferred", "{}", refused.1);
    let problem = &refused.1["problem"];
    assert_eq!((&problem["code"], &problem["retry"]), (&json!("log-read-only"), &json!(true)));
    assert_eq!(problem["status"], 503);

    let full = connection.get("/readyz").await.unwrap();
    assert_eq!((full.status, full.json()["event_log"].as_str()), (503, Some("disk_full")));
    assert_eq!(connection.get("/livez").await.unwrap().status, 200);
    let report = "/api/v1/communities/willow-court/day-report";
    let report = connection.get(report).await.unwrap();
    assert_eq!(report.json()["total"]["arrived"], taken.len());
    let last = taken.last().unwrap();
    let parcel = last["parcel"].as_str().unwrap();
    let path = format!("/api/v1/communities/willow-court/parcels/{parcel}/trail");
    assert_eq!(connection.get(&path).await.unwrap().status, 200);
    // What is known is still answered as it was.
    let again = answer(&mut connection, taken.len() as u64).await;
    assert_eq!((&again["status"], &again["cue"]), (&last["status"], &last["cue"]));

    disk.free();
    let (number, _) = refused;
    assert_eq!(answer(&mut connection, number).await["status"], "accepted");
    let ready = connection.get("/readyz").await.unwrap();
    assert_eq!((ready.status, ready.json()["event_log"].as_str()), (200, Some("writable")));

    serving.kill().unwrap();
    let (_serving, mut connection) = start(&data).await;
    for (number, taken) in (1..).zip(&taken) {
        let again = answer(&mut connection, number).await;
        assert_eq!((&again["parcel"], &again["status"]), (&taken["parcel"], &taken["status"]));
    }
    println!("{} scans were taken on the disk's last half megabyte; all are there", taken.len());
}
