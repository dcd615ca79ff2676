//! Where the shared data lies, if it does: tests pass without it, and measure more with it.

use std::path::PathBuf;

/// `LASTMETER_DATA`, or `../shared/data` beside the workspace.
pub fn path(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LASTMETER_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    Some(root.join(name)).filter(|path| path.exists())
}

/// A file's text; without it the check says that it was skipped.
pub fn text(name: &str) -> Option<String> {
    let text = path(name).and_then(|path| std::fs::read_to_string(path).ok());
    if text.is_none() {
        println!("SKIPPED: {name} is not there; LASTMETER_DATA names the folder that holds it");
    }
    text
}

/// A file's JSON.
pub fn json(name: &str) -> Option<serde_json::Value> {
    serde_json::from_str(&text(name)?).ok()
}
