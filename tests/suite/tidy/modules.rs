//! Which files a crate's `mod` lines reach, from the roots of its targets.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use cargo_metadata::Metadata;

/// The root file of every target: libraries, programs, tests, benchmarks, examples.
pub fn roots(metadata: &Metadata) -> BTreeSet<PathBuf> {
    let targets = metadata.workspace_packages().into_iter().flat_map(|one| &one.targets);
    targets.map(|target| target.src_path.clone().into_std_path_buf()).collect()
}

/// All files that the roots reach. `read` gives a file's text, or nothing where there is no file.
pub fn reached(
    roots: &BTreeSet<PathBuf>,
    read: impl Fn(&Path) -> Option<String>,
) -> BTreeSet<PathBuf> {
    let mut reached = roots.clone();
    let mut open: Vec<PathBuf> = roots.iter().cloned().collect();
    while let Some(file) = open.pop() {
        let text = read(&file).unwrap_or_default();
        let folder = folder_of_modules(&file, roots.contains(&file));
        for name in names(&text) {
            let beside = [folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")];
            for path in beside {
                if !reached.contains(&path) && read(&path).is_some() {
                    reached.insert(path.clone());
                    open.push(path);
                }
            }
        }
    }
    reached
}

/// The files that are in nobody's reach.
pub fn unreached(all: &BTreeSet<PathBuf>, reached: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    all.difference(reached).cloned().collect()
}

fn folder_of_modules(file: &Path, is_root: bool) -> PathBuf {
    if is_root || file.file_name().is_some_and(|name| name == "mod.rs") {
        file.parent().unwrap_or(file).to_owned()
    } else {
        file.with_extension("")
    }
}

/// The modules that a file says are elsewhere: `mod name;`, whatever its visibility.
fn names(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let (before, name) = line.strip_suffix(';')?.rsplit_once("mod ")?;
            let visible = before.is_empty() || before.starts_with("pub");
            let whole = name.chars().all(|char| char.is_alphanumeric() || char == '_');
            (visible && whole).then(|| name.to_owned())
        })
        .collect()
}

mod the_checks_bite {
    use std::collections::BTreeMap;

    use super::*;

    fn find(files: &[(&str, &str)]) -> Vec<PathBuf> {
        let files: BTreeMap<PathBuf, String> =
            files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect();
        let roots = [PathBuf::from("src/lib.rs")].into();
        let reached = reached(&roots, |path| files.get(path).cloned());
        unreached(&files.into_keys().collect(), &reached)
    }

    #[test]
    fn nested_modules_are_reached() {
        let files = [
            ("src/lib.rs", "#[cfg(test)]\npub(crate) mod spec;\npub mod parcel;\nmod old;\n"),
            ("src/spec.rs", ""),
            ("src/parcel.rs", "mod event;\n"),
            ("src/parcel/event.rs", ""),
            ("src/old/mod.rs", "mod deep;\n"),
            ("src/old/deep.rs", ""),
        ];
        assert_eq!(find(&files), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_dead_file_is_found() {
        let files = [
            ("src/lib.rs", "// mod forgotten;\nmod parcel;\n"),
            ("src/parcel.rs", ""),
            ("src/forgotten.rs", ""),
            ("src/event.rs", ""),
        ];
        assert_eq!(find(&files), [Path::new("src/event.rs"), Path::new("src/forgotten.rs")]);
    }
}
