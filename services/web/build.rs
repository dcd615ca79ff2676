//! Embeds the pages that `cargo xtask web` built. It never runs Node itself: where no pages are
//! built, the program says on each of them how to build them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where the pages are built to. The folder is always there, so that cargo can watch it.
const BUILT: &str = "dist";
/// The pages in it.
const PAGES: &str = "dist/pages";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed={BUILT}");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    let pages = root.join(PAGES);
    if pages.is_dir() {
        list(&pages, &mut files)?;
    } else {
        println!(
            "cargo:warning=the screens are not built: run `cargo xtask web`, which needs Node"
        );
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&pages).unwrap_or(file).to_string_lossy().replace('\\', "/");
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display())
            .map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("files.rs"), table)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
