//! The official clients of other languages, by the scripts in `tests/clients`.
//!
//! A script whose language or packages are not installed is skipped, and the test says so.

use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use event_log::MemoryLog;
use tokio::process::Command;

use crate::clients::{options, serve};

/// How long a script may take.
const SCRIPT_MAX: Duration = Duration::from_mins(1);

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").join(name)
}

/// Runs a script against the face of a log in memory; its clock is the machine's, because the
/// scripts compare times.
async fn run(mut command: Command, script: PathBuf) {
    #[expect(clippy::disallowed_methods, reason = "the scripts compare times with their own")]
    let clock = Arc::new(jiff::Timestamp::now);
    let options = kurrent_face::Options { clock, ..options(None) };
    let face = serve(Arc::new(MemoryLog::new()), options).await;
    let url = format!("kurrentdb://{}?tls=false", face.address);
    let child = command.arg(script).arg(url).kill_on_drop(true).output();
    let output = tokio::time::timeout(SCRIPT_MAX, child).await.unwrap().unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.ends_with("ok\n"), "{said}\n{complained}");
}

#[tokio::test(flavor = "multi_thread")]
async fn node() {
    let folder = folder("kurrent-node");
    if !folder.join("node_modules/@kurrent").exists() {
        eprintln!("SKIPPED: run `npm ci` in tests/clients/kurrent-node to run this");
        return;
    }
    run(Command::new("node"), folder.join("face.mjs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python() {
    let folder = folder("kurrent-python");
    let own = folder.join("venv/bin/python");
    let python = if own.exists() { own } else { PathBuf::from("python3") };
    let mut probe = Command::new(&python);
    probe.args(["-c", "import kurrentdbclient"]).stderr(Stdio::null());
    if !probe.status().await.is_ok_and(|status| status.success()) {
        eprintln!(
            "SKIPPED: run `python3 -m venv venv && venv/bin/pip install -r requirements.txt` in \
             tests/clients/kurrent-python to run this"
        );
        return;
    }
    run(Command::new(python), folder.join("face.py")).await;
}
