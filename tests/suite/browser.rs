//! The screens in a real browser: Debian's Chromium, driven from `tests/browser`, against the real
//! program with its embedded pages.
//!
//! Where Node, Chromium or the built pages are missing, these tests say so and are skipped, unless
//! `LASTMETER_BROWSER=required`, as in CI.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use tests::{Serving, TempDir, engine_binary, workspace_root};

const REQUIRED: &str = "LASTMETER_BROWSER";
const CHROMIUM: &str = "/usr/bin/chromium";

/// What stands in the way of a browser test.
fn missing() -> Option<&'static str> {
    let answers = |program: &str| {
        let asked = Command::new(program).arg("--version").stdout(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let there = |path: &str| workspace_root().join(path).exists();
    if !answers("node") {
        Some("Node is not installed")
    } else if !Path::new(CHROMIUM).exists() {
        Some("Chromium is not installed: apt install chromium fonts-noto-cjk")
    } else if !there("services/web/dist/pages/sw.js") {
        Some("the screens are not built: cargo xtask web")
    } else if !there("tests/browser/node_modules/playwright-core") {
        Some("what drives the browser is not installed: npm ci in tests/browser")
    } else {
        None
    }
}

fn run(file: &str) {
    if let Some(what) = missing() {
        assert!(env::var(REQUIRED).is_err(), "{what}");
        eprintln!("SKIPPED {file}: {what}");
        return;
    }
    let data = TempDir::new().unwrap();
    let mut command = Command::new(engine_binary().unwrap());
    command.arg("serve").arg("--data").arg(data.path());
    command.arg("--community").arg(workspace_root().join("tests/data/willow-court.toml"));
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]).env("RUST_LOG", "info");
    let engine = Serving::spawn(command).unwrap();
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec", file])
        .current_dir(workspace_root().join("tests/browser"))
        .env("LASTMETER_URL", format!("http://{}", engine.address()))
        .env("CHROMIUM", CHROMIUM)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}

#[test]
fn the_intake_station_is_worked_with_a_scanner_and_a_few_keys() {
    run("intake.test.mjs");
}

#[test]
fn the_lamp_beside_the_camera_is_lit() {
    run("camera.test.mjs");
}

#[test]
fn pieces_are_photographed() {
    run("photo.test.mjs");
}

#[test]
fn a_courier_brings_a_run_up_the_stairs() {
    run("route.test.mjs");
}

#[test]
fn everybody_on_the_way_sees_the_same_piece() {
    run("story.test.mjs");
}

#[test]
fn deliveries_book_an_hour_and_the_gate_marks_who_came() {
    run("arrivals.test.mjs");
}

#[test]
fn the_desk_is_searched_cleared_and_imported_into() {
    run("desk.test.mjs");
}

#[test]
fn every_time_on_a_screen_is_the_communitys() {
    run("clock.test.mjs");
}

#[test]
fn every_screen_is_legible_small_and_asks_nobody_outside() {
    run("looks.test.mjs");
}

/// A file of browser tests that nothing here runs would pass for ever.
#[test]
fn every_file_of_browser_tests_is_run() {
    let folder = workspace_root().join("tests/browser");
    let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let files = names.map(|name| name.into_string().unwrap());
    let files: Vec<_> = files.filter(|name| name.ends_with(".test.mjs")).collect();
    assert!(!files.is_empty());
    for file in files {
        let call = format!("run(\"{file}\");");
        assert!(include_str!("browser.rs").contains(&call), "nothing runs {file}");
    }
}
