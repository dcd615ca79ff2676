//! What the program says on the terminal: results to standard output, troubles to standard error.

use std::error::Error;
use std::io::{self, Write};

/// Says a line of a result.
pub(crate) fn say(line: &str) {
    // Nobody listens any more when this fails, so there is nobody to tell.
    drop(writeln!(io::stdout(), "{line}"));
}

/// Says a line beside the result.
pub(crate) fn remark(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// Says what went wrong, with all its causes.
pub(crate) fn complain(error: &(dyn Error + 'static)) {
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // A transparent error says what its cause says.
        if !text.ends_with(&words) {
            text.push_str("\n  because: ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    remark(&text);
}
