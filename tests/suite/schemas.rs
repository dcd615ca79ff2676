//! The published contracts in `schema/` are what the code would generate now.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{TempDir, engine_binary, workspace_root};

type Files = BTreeMap<PathBuf, Vec<u8>>;

#[test]
fn the_contracts_are_fresh() {
    let folder = TempDir::new().unwrap();
    let output = Command::new(engine_binary().unwrap())
        .args(["schemas", "--out"])
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`lastmeter schemas` failed:\n{said}");

    let generated = files_below(folder.path()).unwrap();
    assert!(!generated.is_empty(), "`lastmeter schemas` wrote nothing");
    let found = stale(&files_below(&workspace_root().join("schema")).unwrap(), &generated);
    assert!(found.is_empty(), "run `cargo xtask schemas` and commit:\n{}", found.join("\n"));
}

fn files_below(folder: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_owned();
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

fn stale(committed: &Files, generated: &Files) -> Vec<String> {
    let missing = generated.keys().filter(|name| !committed.contains_key(*name));
    let left = committed.keys().filter(|name| !generated.contains_key(*name));
    let changed = generated
        .iter()
        .filter(|(name, bytes)| committed.get(*name).is_some_and(|committed| committed != *bytes));
    missing
        .map(|name| format!("not committed: {}", name.display()))
        .chain(left.map(|name| format!("no longer generated: {}", name.display())))
        .chain(changed.map(|(name, _)| format!("changed: {}", name.display())))
        .collect()
}

#[test]
fn a_missing_a_left_and_a_changed_file_are_found() {
    let file = |name: &str, text: &str| (PathBuf::from(name), text.as_bytes().to_vec());
    let committed = Files::from([file("same", "1"), file("old", "1"), file("changed", "1")]);
    let generated = Files::from([file("same", "1"), file("new", "1"), file("changed", "2")]);
    assert_eq!(
        stale(&committed, &generated),
        ["not committed: new", "no longer generated: old", "changed: changed"]
    );
    assert_eq!(stale(&generated, &generated), Vec::<String>::new());
}
