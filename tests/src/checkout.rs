//! The checkout that is being tested.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::{Metadata, MetadataCommand};

use crate::HarnessError;

/// Returns the root of the workspace.
pub fn workspace_root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

/// Asks cargo for the workspace's own crates and what their manifests say; resolves nothing.
///
/// # Errors
/// When a manifest does not parse.
pub fn workspace_metadata() -> Result<Metadata, HarnessError> {
    Ok(MetadataCommand::new().current_dir(workspace_root()).no_deps().exec()?)
}

/// Lists the files that git tracks and that exist, relative to the root, sorted.
///
/// # Errors
/// When git is missing, and when this is not a checkout.
pub fn tracked_files() -> Result<Vec<PathBuf>, HarnessError> {
    let root = workspace_root();
    let words = ["ls-files", "-z"];
    let output = Command::new("git")
        .args(words)
        .current_dir(root)
        .output()
        .map_err(|source| HarnessError::NotStarted { program: "git".into(), source })?;
    if !output.status.success() {
        let command = format!("git {}", words.join(" "));
        return Err(HarnessError::Failed { command, status: output.status });
    }
    let names = String::from_utf8_lossy(&output.stdout);
    let files = names.split_terminator('\0').map(PathBuf::from);
    Ok(files.filter(|file| root.join(file).is_file()).collect())
}
