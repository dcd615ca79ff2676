//! What the program says when it cannot begin: exit code 1, and a sentence that says what to do.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use tests::{Serving, TempDir, engine_binary};

fn run<W: AsRef<std::ffi::OsStr>>(words: impl IntoIterator<Item = W>) -> Output {
    Command::new(engine_binary().unwrap()).args(words).output().unwrap()
}

fn serve(data: &Path, more: &[&str]) -> Output {
    let data = data.as_os_str().to_owned();
    let words = ["serve".into(), "--data".into(), data, "--listen".into(), "127.0.0.1:0".into()];
    run(words.into_iter().chain(more.iter().map(Into::into)))
}

/// Checks that it ended with 1 and said this on standard error, without a backtrace or a panic.
#[track_caller]
fn fails_saying(output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let error = said.lines().find(|line| line.starts_with("error: ")).unwrap_or(&said);
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    // What is wrong, and after the colon or semicolon what to do.
    assert!(error["error: ".len()..].contains([':', ';']), "what shall be done? {said}");
}

#[test]
fn a_file_that_is_no_log_is_not_touched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.db");
    let text = "Dear diary, today nothing arrived. ".repeat(100);
    fs::write(&path, &text).unwrap();
    fails_saying(&serve(folder.path(), &[]), &["is not an event log", "choose another path"]);
    let data = folder.path().as_os_str().to_owned();
    let verify = run(["verify".into(), "--data".into(), data]);
    assert_eq!(verify.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_port_in_use_is_told() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = folder.path().as_os_str().to_owned();
    let words = ["serve".into(), "--data".into(), data, "--listen".into(), address.clone().into()];
    let output = run(words);
    fails_saying(&output, &[&address, "is in use", "--listen"]);
}

#[test]
fn a_second_process_on_the_same_data_is_told_and_harms_nothing() {
    let folder = TempDir::new().unwrap();
    let mut first = Serving::start(folder.path()).unwrap();
    let second = serve(folder.path(), &[]);
    fails_saying(&second, &["in use by another process", "stop that one first"]);
    let path = folder.path().as_os_str().to_owned();
    let verify = run(["verify".into(), "--data".into(), path]);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
    assert!(first.end().unwrap().success());
}

#[test]
fn a_broken_community_file_is_told() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("community.toml");
    let name = file.to_str().unwrap();
    let good = include_str!("../data/willow-court.toml");
    let broken = [
        ("id = ".to_owned(), "line 1"),
        (good.replace("Asia/Shanghai", "Asia/Atlantis"), "IANA"),
        (good.replace("floors = 12", "floors = \"many\""), "floors"),
        (good.replace("trip_limit", "trip_limits"), "trip_limits"),
    ];
    for (text, word) in broken {
        fs::write(&file, text).unwrap();
        fails_saying(&serve(&data, &["--community", name]), &[name, word]);
    }
    let missing = folder.path().join("missing.toml");
    let missing = missing.to_str().unwrap();
    fails_saying(&serve(&data, &["--community", missing]), &[missing]);
}

#[test]
fn a_configuration_that_cannot_be_used_is_told() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("lastmeter.toml");
    fs::write(&file, "listen = \"127.0.0.1:0\"\ncolour = \"red\"\n").unwrap();
    let name = file.to_str().unwrap();
    let output = serve(folder.path(), &["--config", name]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(name) && said.contains("colour"), "{said}");

    fs::write(&file, "closed_kept_hours = 3\n").unwrap();
    fails_saying(&serve(folder.path(), &["--config", name]), &["closed_kept_hours", "30"]);
}

#[test]
fn tools_on_a_log_that_is_not_there_make_none() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("nowhere");
    let path = data.to_str().unwrap();
    for words in [["verify", "--data", path], ["export", "--data", path]] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("no event log"), "{said}");
        assert!(!data.exists(), "{words:?} made the folder");
    }
}

#[test]
fn words_that_it_does_not_know_are_told_with_those_that_it_does() {
    let output = run(["deliver"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--help"));
}
