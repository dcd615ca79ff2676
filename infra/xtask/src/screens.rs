//! The screens: TypeScript, built with Node, then embedded by the engine's own build.

use std::{fs, path::Path, process::Command, process::Stdio, time::SystemTime};

use crate::run::{House, TaskError, say};

const FOLDER: &str = "services/web";
/// What the pages are made of.
const SOURCES: [&str; 6] =
    ["ui", "pages", "public", "package-lock.json", "tsconfig.json", "vite.config.ts"];
/// What is written last.
const BUILT: &str = "services/web/dist/pages/sw.js";
/// What npm writes once everything is installed.
const INSTALLED: &str = "services/web/node_modules/.package-lock.json";
const LOCK: &str = "services/web/package-lock.json";

const INSTALL_ADVICE: &str = "Node 20 or newer with npm 11 is needed; see what npm says above";
const BUILD_ADVICE: &str = "mend what the compiler names above";

/// Builds the screens.
///
/// # Errors
/// When npm is missing, and when they do not build.
pub fn build(house: &House) -> Result<(), TaskError> {
    let npm = |name, advice, words: &[&str]| {
        house.program(name, advice, ("npm", FOLDER), words.iter()).run()
    };
    if changed(&house.path(INSTALLED)) < changed(&house.path(LOCK)) {
        npm("what the screens are built with", INSTALL_ADVICE, &["ci"])?;
    }
    npm("the screens", BUILD_ADVICE, &["run", "build"])
}

/// Builds the screens where their sources are newer. Without Node the engine is built all the same;
/// its pages then say how to build them.
///
/// # Errors
/// When they do not build.
pub fn build_if_stale(house: &House) -> Result<(), TaskError> {
    let sources = SOURCES.iter().map(|name| newest(&house.path(FOLDER).join(name))).max();
    if sources.flatten() <= changed(&house.path(BUILT)) {
        return Ok(());
    }
    let asked = Command::new("npm").arg("--version").stdout(Stdio::null()).status();
    if asked.is_ok_and(|status| status.success()) {
        return build(house);
    }
    say("the screens are stale and npm is not installed: going on without building them");
    Ok(())
}

/// When a file was last changed; nothing for one that is not there.
fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|known| known.modified()).ok()
}

/// When anything in a folder, or a file itself, was last changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = fs::read_dir(path) else { return changed(path) };
    let below = entries.filter_map(|entry| newest(&entry.ok()?.path()));
    below.chain(changed(path)).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_older_than_anything() {
        let nothing = Path::new("no such file");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(changed(nothing) < changed(&manifest));
        assert_eq!(newest(&manifest), changed(&manifest));
        let sources = manifest.with_file_name("src");
        assert!(newest(&sources) >= changed(&sources.join("screens.rs")));
    }
}
