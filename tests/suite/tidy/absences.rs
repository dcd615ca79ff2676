//! Every library says at its head, in bold, what it does not do: the invariant that a reader can
//! lean on and that the code alone never shows.

const DENIALS: [&str; 7] = ["cannot", "never", "no", "not", "nothing", "nobody", "only"];

/// Checks the head of one `lib.rs`.
pub fn check(path: &str, text: &str) -> Option<String> {
    let head: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    let head = head.join(" ");
    let bold = head.split("**").skip(1).step_by(2);
    let words = bold.flat_map(|bold| bold.split(|char: char| !char.is_alphanumeric()));
    let denies = words.into_iter().any(|word| DENIALS.contains(&word.to_lowercase().as_str()));
    (!denies).then(|| format!("{path}: states in bold nothing that the crate does not do"))
}

mod the_checks_bite {
    use super::*;

    #[test]
    fn a_stated_absence_is_enough_even_over_two_lines() {
        assert_eq!(check("lib.rs", "//! Rules.\n//!\n//! **They do\n//! no I/O.**\n"), None);
    }

    #[test]
    fn a_head_without_one_is_found() {
        assert!(check("lib.rs", "//! Rules.\n").is_some());
        assert!(check("lib.rs", "//! **Rules**, no I/O.\n").is_some());
        assert!(check("lib.rs", "//! Rules.\n// **no I/O**\n").is_some());
    }
}
