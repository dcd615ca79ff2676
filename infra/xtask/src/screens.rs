//! The screens: TypeScript, built with Node, then embedded by the engine's own build.

use std::{ffi::OsString, fs, path::Path, process::Command, process::Stdio, time::SystemTime};

use clap::Args;

use crate::run::{House, TaskError, say};

const FOLDER: &str = "services/web";
/// What the pages are made of.
const SOURCES: [&str; 6] =
    ["ui", "pages", "public", "package-lock.json", "tsconfig.json", "vite.config.ts"];
/// What is written last.
const BUILT: &str = "services/web/dist/pages/sw.js";

const INSTALL_ADVICE: &str = "Node 20 or newer with npm 11 is needed; see what npm says above";
const BUILD_ADVICE: &str = "mend what the compiler names above";

const PICTURES_ADVICE: &str =
    "Chromium and a Chinese font are needed (Debian: chromium fonts-noto-cjk); see the lines above";
const BOARDS_ADVICE: &str = "the line above says what stood still";

/// Options of `cargo xtask boards`.
#[derive(Debug, Args)]
pub struct Boards {
    /// How many boards are open.
    #[arg(long, default_value_t = 1_000)]
    count: u32,
    /// How many pieces are scanned in a second.
    #[arg(long, default_value_t = 5)]
    rate: u32,
    /// For how many seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
}

/// Takes every picture in docs/screens anew, of an engine that serves the tests' community.
///
/// # Errors
/// When something does not build, and when a screen is not as the script expects it.
pub fn take(house: &House) -> Result<(), TaskError> {
    build_if_stale(house)?;
    install(house, "what drives the browser", "tests/browser")?;
    let folder = house.path("docs/screens");
    let words = ["tests/serve.mjs", "tests/browser/screens.mjs"].map(OsString::from);
    let words = words.into_iter().chain([folder.into_os_string()]);
    house.program("the pictures", PICTURES_ADVICE, ("node", "."), words).run()
}

/// Opens many boards at once on a release build, and measures how late they are.
///
/// # Errors
/// When something does not build, and when a board falls away or stands still.
pub fn boards(house: &House, options: &Boards) -> Result<(), TaskError> {
    install(house, "the clients", "tests/clients")?;
    let words = ["tests/serve.mjs", "--release", "tests/clients/boards.mjs", "{url}"];
    let words = words.map(str::to_owned).into_iter().chain([
        "willow-court".to_owned(),
        options.count.to_string(),
        options.rate.to_string(),
        options.seconds.to_string(),
    ]);
    house.program("the boards", BOARDS_ADVICE, ("node", "."), words).run()
}

/// Installs what a folder's lock names, where it is not installed.
fn install(house: &House, name: &'static str, folder: &str) -> Result<(), TaskError> {
    let at = house.path(folder);
    if changed(&at.join("node_modules/.package-lock.json")) < changed(&at.join("package-lock.json"))
    {
        house.program(name, INSTALL_ADVICE, ("npm", folder), ["ci"]).run()?;
    }
    Ok(())
}

/// Builds the screens.
///
/// # Errors
/// When npm is missing, and when they do not build.
pub fn build(house: &House) -> Result<(), TaskError> {
    install(house, "what the screens are built with", FOLDER)?;
    house.program("the screens", BUILD_ADVICE, ("npm", FOLDER), ["run", "build"]).run()
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
