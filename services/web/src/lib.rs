//! The screens as bytes: what stands at a path, how it is compressed, and under which rules a
//! browser may run it.
//!
//! **It knows no HTTP and reads no file**: the pages were built by `cargo xtask web` and lie in
//! the program. Where they were not built, every page says how to build them.

/// Every built file, by its path below the root: itself, and its compressed forms beside it.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// What a browser may load and run for a page: this program's own files, and nothing from outside.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' \
    'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// The screens, by the name in their path.
pub const SCREENS: [&str; 7] = ["board", "building", "desk", "intake", "labels", "route", "track"];

/// The page that stands in for every screen while none is built.
const NOT_BUILT: &str = include_str!("not_built.html");

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// The media type.
    pub media_type: &'static str,
    /// Whether its name changes with its content, so that it may be kept for ever.
    pub forever: bool,
    /// As it is.
    pub plain: &'static [u8],
    /// Compressed with brotli.
    pub brotli: Option<&'static [u8]>,
    /// Compressed with gzip.
    pub gzip: Option<&'static [u8]>,
}

/// Whether the screens lie in this program.
pub fn is_built() -> bool {
    !FILES.is_empty()
}

/// What stands at a path, such as `/intake` or `/assets/base-1f2e.css`.
pub fn asset(path: &str) -> Option<Asset> {
    let name = path.strip_prefix('/')?;
    let name = if name.is_empty() { "index" } else { name };
    let page = name == "index" || SCREENS.contains(&name);
    if page && !is_built() {
        let plain = NOT_BUILT.as_bytes();
        let media_type = media_type("html")?;
        return Some(Asset { media_type, forever: false, plain, brotli: None, gzip: None });
    }
    let file = if page { format!("{name}.html") } else { name.to_owned() };
    // A page has one address: its name without the ending.
    let (_, ending) = file.rsplit_once('.')?;
    if !page && ending == "html" {
        return None;
    }
    Some(Asset {
        media_type: media_type(ending)?,
        forever: file.starts_with("assets/"),
        plain: find(&file)?,
        brotli: find(&format!("{file}.br")),
        gzip: find(&format!("{file}.gz")),
    })
}

fn find(name: &str) -> Option<&'static [u8]> {
    let at = FILES.binary_search_by_key(&name, |(file, _)| file).ok()?;
    FILES.get(at).map(|(_, bytes)| *bytes)
}

/// The media type of an ending; a compressed form is not asked for by its own name.
fn media_type(ending: &str) -> Option<&'static str> {
    Some(match ending {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "wasm" => "application/wasm",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_screen_has_a_page() {
        for path in SCREENS.map(|screen| format!("/{screen}")).iter().chain([&"/".to_owned()]) {
            let asset = asset(path).unwrap();
            assert_eq!(asset.media_type, "text/html; charset=utf-8", "{path}");
            assert!(!asset.forever, "{path}");
            assert!(!asset.plain.is_empty(), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for path in ["", "intake", "/intake.html", "/../Cargo.toml", "/nothing", "/x.br", "/a.exe"]
        {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn built_scripts_come_compressed_and_may_be_kept() {
        let scripts = FILES.iter().map(|(name, _)| *name);
        let is_script = |name: &&str| name.rsplit_once('.').is_some_and(|(_, end)| end == "js");
        for name in scripts.filter(|name| name.starts_with("assets/")).filter(is_script) {
            let asset = asset(&format!("/{name}")).unwrap();
            assert!(asset.forever, "{name}");
            let smaller = |form: Option<&[u8]>| form.is_none_or(|f| f.len() < asset.plain.len());
            assert!(smaller(asset.brotli) && smaller(asset.gzip), "{name}");
        }
    }
}
