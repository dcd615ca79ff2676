//! Copies of a data folder: whole or not at all, and no key is lost over them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use domain::ids::HouseholdId;
use runtime::vault::{Subject, Vault};
use tests::{Serving, TempDir, engine_binary};
use uuid::Uuid;

/// A folder that was served, with one key in it.
fn served(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    let mut serving = Serving::start(&data).unwrap();
    assert!(serving.end().unwrap().success());
    let vault = Vault::open(&data.join("keys.db")).unwrap();
    let subject =
        Subject::Household("willow-court".parse().unwrap(), HouseholdId(Uuid::from_u128(7)));
    vault.seal(&subject, "王小明").unwrap();
    data
}

fn keys_in(folder: &Path) -> u64 {
    Vault::held(&folder.join("keys.db")).unwrap()
}

fn run<'a>(words: impl IntoIterator<Item = &'a str>, paths: [(&str, &Path); 2]) -> Output {
    let mut command = Command::new(engine_binary().unwrap());
    command.args(words);
    for (flag, path) in paths {
        command.arg(flag).arg(path);
    }
    command.output().unwrap()
}

fn backup(data: &Path, to: &Path) -> Output {
    run(["backup"], [("--data", data), ("--to", to)])
}

fn restore(from: &Path, data: &Path, more: &[&'static str]) -> Output {
    run(["restore"].into_iter().chain(more.iter().copied()), [("--from", from), ("--data", data)])
}

#[track_caller]
fn is_refused(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(words), "`{words}` is not in: {said}");
}

#[test]
fn a_backup_that_is_restored_has_its_keys() {
    let folder = TempDir::new().unwrap();
    let data = served(folder.path());
    let (copy, back) = (folder.path().join("copy"), folder.path().join("back"));
    assert!(backup(&data, &copy).status.success());
    assert_eq!(keys_in(&copy), 1);
    assert!(!copy.join("unfinished").exists());
    is_refused(&backup(&data, &copy), "back up into an empty folder");
    assert!(restore(&copy, &back, &[]).status.success());
    assert_eq!(keys_in(&back), 1);
    is_refused(&restore(&copy, &back, &[]), "exists already");
    // The old file's unfinished work is nothing of the new one.
    fs::write(back.join("keys.db-journal"), "left by a killed process").unwrap();
    assert!(restore(&copy, &back, &["--replace"]).status.success());
    assert_eq!(keys_in(&back), 1);
}

#[test]
fn a_folder_is_not_restored_onto_itself() {
    let folder = TempDir::new().unwrap();
    let data = served(folder.path());
    let same = data.join("..").join("data");
    is_refused(&restore(&same, &data, &["--replace"]), "restore into another folder");
    assert_eq!(keys_in(&data), 1);
}

#[test]
fn a_backup_that_cannot_be_finished_is_none() {
    let folder = TempDir::new().unwrap();
    let data = served(folder.path());
    fs::write(data.join("keys.db"), "no keys at all".repeat(400)).unwrap();
    let copy = folder.path().join("copy");
    assert_eq!(backup(&data, &copy).status.code(), Some(1));
    assert_eq!(fs::read_dir(&copy).unwrap().count(), 0, "nothing that looks like a backup");
}

#[test]
fn keys_that_an_interrupted_backup_left_are_not_taken() {
    let folder = TempDir::new().unwrap();
    let data = served(folder.path());
    let (copy, back) = (folder.path().join("copy"), folder.path().join("back"));
    assert!(backup(&data, &copy).status.success());
    fs::write(copy.join("keys.db"), "").unwrap();
    is_refused(&restore(&copy, &back, &[]), "take another backup");
    assert!(!back.join("events.db").exists());
}
