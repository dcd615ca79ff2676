//! Rules that a file's text keeps line by line.

/// The most lines of a Rust file; a longer one holds two things.
pub const FILE_LINES_MAX: usize = 600;
/// The most characters of a line of Rust.
pub const LINE_CHARS_MAX: usize = 100;

// Taken apart, so that this file does not find itself.
const UNFINISHED: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
const DEBUG_PRINT: &str = concat!("db", "g!(");
const MACHINE_FOLDERS: [&str; 4] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Use", "rs/"),
    concat!("\\Use", "rs\\"),
];

/// Checks one Rust file; `long` excuses its length.
pub fn check_rust(path: &str, text: &str, long: bool) -> Vec<String> {
    let lines = text.lines().count();
    let mut found = Vec::new();
    if lines > FILE_LINES_MAX && !long {
        found.push(format!("{path}: {lines} lines; split it, at most {FILE_LINES_MAX}"));
    }
    if lines <= FILE_LINES_MAX && long {
        found.push(format!("{path} needs its excuse in LONG_FILES no longer"));
    }
    for (line, at) in text.lines().zip(1..) {
        if is_long(line) {
            found.push(format!("{path}:{at}: longer than {LINE_CHARS_MAX} characters"));
        }
        if unfinished_without_owner(line) {
            found.push(format!("{path}:{at}: unfinished and without an owner in brackets"));
        }
        if line.contains(DEBUG_PRINT) {
            found.push(format!("{path}:{at}: a debugging print"));
        }
    }
    found
}

/// Checks any text file.
pub fn check_any(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, at) in text.split('\n').zip(1..) {
        if line.ends_with([' ', '\t', '\r']) {
            found.push(format!("{path}:{at}: white space at the end of the line"));
        }
        if let Some(folder) = MACHINE_FOLDERS.iter().find(|folder| names_folder(line, folder)) {
            found.push(format!("{path}:{at}: names a folder of one machine, {folder}..."));
        }
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        found.push(format!("{path}: does not end with exactly one line break"));
    }
    found
}

/// A line too long that could be broken: addresses on the web and string literals cannot.
fn is_long(line: &str) -> bool {
    let comment = line.trim_start().starts_with("//");
    let unbreakable = line.contains("://") || (!comment && line.contains('"'));
    line.chars().count() > LINE_CHARS_MAX && !unbreakable
}

fn unfinished_without_owner(line: &str) -> bool {
    UNFINISHED.iter().any(|mark| {
        let word = |at: usize| {
            let before = line[..at].chars().next_back();
            !before.is_some_and(|before| before.is_alphanumeric() || before == '_')
        };
        let owned = |after: &str| {
            let owner = after.strip_prefix('(').and_then(|after| after.split_once(')'));
            owner.is_some_and(|(owner, _)| !owner.trim().is_empty())
        };
        let mut marks = line.match_indices(mark).filter(|(at, _)| word(*at));
        marks.any(|(at, mark)| !owned(&line[at + mark.len()..]))
    })
}

/// A folder at the root of a machine, not a part of a longer path such as a route of the API.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || "}._-".contains(before))
    })
}

mod the_checks_bite {
    use super::*;

    #[test]
    fn a_good_file_has_no_finding() {
        let text = "//! Good.\n\nfn main() {}\n";
        assert_eq!(check_rust("a.rs", text, false), Vec::<String>::new());
        assert_eq!(check_any("a.rs", text), Vec::<String>::new());
    }

    #[test]
    fn a_long_file_is_found_unless_excused() {
        let text = "//\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(check_rust("a.rs", &text, false).len(), 1);
        assert_eq!(check_rust("a.rs", &text, true), Vec::<String>::new());
        assert_eq!(check_rust("a.rs", "//\n", true).len(), 1);
    }

    #[test]
    fn a_long_line_is_found_in_characters_not_bytes() {
        let long = "x".repeat(LINE_CHARS_MAX + 1);
        assert_eq!(check_rust("a.rs", &long, false).len(), 1);
        assert_eq!(check_rust("a.rs", &format!("// \"{long}\""), false).len(), 1);
        assert_eq!(check_rust("a.rs", &format!("\"{long}\""), false), Vec::<String>::new());
        assert_eq!(check_rust("a.rs", &format!("// https://{long}"), false), Vec::<String>::new());
        let chinese = "楼".repeat(LINE_CHARS_MAX);
        assert_eq!(check_rust("a.rs", &chinese, false), Vec::<String>::new());
    }

    #[test]
    fn unfinished_work_needs_an_owner() {
        let mark = UNFINISHED[0];
        assert_eq!(check_rust("a.rs", &format!("// {mark}: later"), false).len(), 1);
        assert_eq!(check_rust("a.rs", &format!("// {mark}( ): later"), false).len(), 1);
        let owned = format!("// {mark}(anna): later");
        assert_eq!(check_rust("a.rs", &owned, false), Vec::<String>::new());
        let word = format!("const NOT_{mark}: u8 = 1;");
        assert_eq!(check_rust("a.rs", &word, false), Vec::<String>::new());
    }

    #[test]
    fn a_debugging_print_is_found() {
        assert_eq!(check_rust("a.rs", &format!("{DEBUG_PRINT}state);"), false).len(), 1);
    }

    #[test]
    fn loose_white_space_is_found() {
        for text in ["a \n", "a\t\n", "a\r\n", "a", "a\n\n"] {
            assert_eq!(check_any("a.md", text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn a_folder_of_a_machine_is_found() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(check_any("a.md", &format!("see {folder}anna/x\n")).len(), 1, "{folder}");
            assert_eq!(check_any("a.md", &format!("GET /api{folder}x\n")), Vec::<String>::new());
        }
    }
}
