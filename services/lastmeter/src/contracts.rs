//! The published contracts in `schema/`: generated, committed, and compared by a test.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::Failure;
use crate::cli::Schemas;
use crate::terminal::say;

/// Writes every contract.
pub(crate) fn write(options: &Schemas) -> Result<ExitCode, Failure> {
    let events = options.out.join("events");
    if events.is_dir() {
        fs::remove_dir_all(&events)?;
    }
    let mut count = 0;
    for (category, name, schema) in runtime::codec::event_schemas() {
        let mut text = serde_json::to_string_pretty(&schema)?;
        text.push('\n');
        put(&events.join(category).join(format!("{name}.json")), &text)?;
        count += 1;
    }
    put(&options.out.join("http").join("openapi.json"), &api::openapi())?;
    put(&options.out.join("graphql").join("schema.graphql"), &api::graphql_schema())?;
    say(&format!("{count} events and the API in {}", options.out.display()));
    Ok(ExitCode::SUCCESS)
}

fn put(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
