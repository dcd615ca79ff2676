//! The house rules that neither the compiler nor clippy can see.
//!
//! Each rule is a function from text to findings, with tests of its own that show it bites. An
//! excuse stands here with its reason, and an excuse that is no longer needed is a finding too.

mod absences;
mod dependencies;
mod modules;
mod text;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use tests::{tracked_files, workspace_metadata, workspace_root};

/// Files that may pass [`text::FILE_LINES_MAX`], with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Rust files that no crate reaches, with the reason.
const UNREACHED_FILES: [(&str, &str); 1] = [(
    "services/addressing/fuzz/fuzz_targets/untrusted_text.rs",
    "a workspace of its own, which only `cargo fuzz` builds, with a compiler that is not ours",
)];

/// Dependencies of the root manifest that no crate uses yet, and for what they wait.
const UNUSED_DEPENDENCIES: [(&str, &str); 0] = [];

/// Endings of the text files whose white space is ours to keep.
const TEXT_ENDINGS: [&str; 7] = ["json", "md", "rs", "service", "sh", "toml", "yml"];

#[test]
fn rust_files_keep_the_rules_of_text() {
    let excused: BTreeSet<&str> = LONG_FILES.iter().map(|(path, _)| *path).collect();
    let found: Vec<_> = read(rust_files())
        .iter()
        .flat_map(|(path, text)| text::check_rust(path, text, excused.contains(path.as_str())))
        .collect();
    assert_none(&found);
}

#[test]
fn text_files_have_clean_white_space_and_name_no_machine() {
    let files = tracked_files().unwrap().into_iter().filter(|path| is_text(path)).collect();
    let found: Vec<_> =
        read(files).iter().flat_map(|(path, text)| text::check_any(path, text)).collect();
    assert_none(&found);
}

#[test]
fn every_rust_file_is_reached_by_a_crate() {
    let roots = modules::roots(&workspace_metadata().unwrap());
    let reached = modules::reached(&roots, |path| fs::read_to_string(path).ok());
    let all = rust_files().into_iter().map(|path| workspace_root().join(path)).collect();
    let dead: Vec<String> =
        modules::unreached(&all, &reached).iter().map(|path| relative(path)).collect();
    let excused = UNREACHED_FILES.map(|(path, _)| path.to_owned());
    assert_none(&beyond("no crate reaches", &dead, &excused));
}

#[test]
fn every_dependency_has_a_reason_and_a_user() {
    let manifest = fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
    let listed = dependencies::listed(&manifest);
    let metadata = workspace_metadata().unwrap();
    let used = dependencies::used(&metadata);
    let mut found = dependencies::without_reason(&listed);
    let excused = UNUSED_DEPENDENCIES.map(|(name, _)| name.to_owned());
    found.extend(beyond("nobody uses", &dependencies::unused(&listed, &used), &excused));
    found.extend(dependencies::beside_the_root(&metadata, &listed));
    assert_none(&found);
}

#[test]
fn every_library_states_what_it_does_not_do() {
    let libraries = rust_files().into_iter().filter(|path| path.ends_with("src/lib.rs")).collect();
    let found: Vec<_> =
        read(libraries).iter().filter_map(|(path, text)| absences::check(path, text)).collect();
    assert_none(&found);
}

fn rust_files() -> Vec<PathBuf> {
    let files = tracked_files().unwrap().into_iter();
    files.filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

fn is_text(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| TEXT_ENDINGS.contains(&ending)) || path.starts_with(".ci")
}

fn read(files: Vec<PathBuf>) -> Vec<(String, String)> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(workspace_root().join(&path)).unwrap();
        (path.to_string_lossy().replace('\\', "/"), text)
    };
    files.into_iter().map(read).collect()
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(workspace_root()).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

/// What was found beyond what is excused, and what is excused without need.
fn beyond(what: &str, found: &[String], excused: &[String]) -> Vec<String> {
    let more = found.iter().filter(|one| !excused.contains(one));
    let less = excused.iter().filter(|one| !found.contains(one));
    more.map(|one| format!("{what} {one}"))
        .chain(less.map(|one| format!("{one} needs its excuse in tests/suite/tidy.rs no longer")))
        .collect()
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn an_excuse_counts_only_while_it_is_needed() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(beyond("dead:", &names(&["a"]), &names(&["a"])), names(&[]));
    assert_eq!(beyond("dead:", &names(&["a"]), &names(&[])), names(&["dead: a"]));
    assert_eq!(beyond("dead:", &names(&[]), &names(&["a"])).len(), 1);
}
