//! What must pass before a change is taken.

use crate::run::{House, TaskError, say};

const FORMAT_ADVICE: &str = "run `cargo fmt --all`";
const CLIPPY_ADVICE: &str =
    "mend the code; an exemption is `#[expect(lint, reason = \"...\")]` with a true reason";
const DENY_ADVICE: &str =
    "deny.toml names what is allowed; a duplicate needs a commented skip there";
const ADVISORY_ADVICE: &str = "update the crate, or excuse the advisory in deny.toml with a reason";
const TEST_ADVICE: &str = "run one test alone with `cargo nextest run <part of its name>`, or \
                           `cargo test <part of its name>`";

/// Formatting, lints, licences, duplicates, sources; advisories where their database is reached.
///
/// # Errors
/// At the first of them that fails, and when cargo-deny is missing.
pub fn lint(house: &House) -> Result<(), TaskError> {
    house.cargo("the format", FORMAT_ADVICE, ["fmt", "--all", "--check"]).run()?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    house.cargo("the lints", CLIPPY_ADVICE, clippy).run()?;
    deny(house)
}

/// Unit, property, integration and documentation tests of the whole workspace. The examples in the
/// documentation come first, so that the runner's closing line counts the tests that matter.
///
/// # Errors
/// When a test fails or does not build.
pub fn test(house: &House) -> Result<(), TaskError> {
    let examples = ["test", "--workspace", "--doc"];
    house.cargo("the examples in the documentation", TEST_ADVICE, examples).run()?;
    if house.has_cargo_tool("nextest") {
        house.cargo("the tests", TEST_ADVICE, ["nextest", "run", "--workspace"]).run()?;
    } else {
        say("\ncargo-nextest is not installed, so `cargo test` runs the same tests, slower.");
        say("To get it: cargo install --locked cargo-nextest");
        let tests = ["test", "--workspace", "--lib", "--bins", "--tests"];
        house.cargo("the tests", TEST_ADVICE, tests).run()?;
    }
    say("\nEverything that must pass has passed.");
    Ok(())
}

fn deny(house: &House) -> Result<(), TaskError> {
    if !house.has_cargo_tool("deny") {
        let install = "cargo install --locked cargo-deny";
        return Err(TaskError::MissingTool { tool: "cargo-deny", install });
    }
    let checks = ["deny", "check", "bans", "licenses", "sources"];
    house.cargo("licences, duplicates and sources", DENY_ADVICE, checks).run()?;

    let fetch = ["deny", "fetch", "db"];
    if house.cargo("the advisory database", ADVISORY_ADVICE, fetch).run().is_ok() {
        let advisories = ["deny", "--offline", "check", "advisories"];
        house.cargo("known vulnerabilities", ADVISORY_ADVICE, advisories).run()
    } else {
        say("SKIPPED: known vulnerabilities were not checked, because the advisory database could");
        say(
            "not be reached from this machine. On one that reaches it: cargo deny check advisories",
        );
        Ok(())
    }
}
