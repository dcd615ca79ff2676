//! Finds the official KurrentDB client's own tests in its published crate, as cargo knows it, so
//! that `official/` can run them unmodified. Nothing of them lies in this repository.

use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

use cargo_metadata::{CargoOpt, MetadataCommand};

const CLIENT: &str = "kurrentdb";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../Cargo.lock");
    let mut command = MetadataCommand::new();
    command.features(CargoOpt::AllFeatures).other_options(vec!["--offline".to_owned()]);
    let metadata = command.exec()?;
    let client = metadata.packages.iter().find(|package| package.name.as_str() == CLIENT);
    let client = client.ok_or("the official client is no dependency any more")?;
    let folder = client.manifest_path.parent().ok_or("a manifest without a folder")?;
    let modules = [
        ("common", "tests/common.rs"),
        ("streams", "tests/api/streams.rs"),
        ("persistent_subscriptions", "tests/api/persistent_subscriptions.rs"),
    ];
    let mut text = String::new();
    for (name, file) in modules {
        let path = folder.join(file);
        if !path.exists() {
            return Err(format!("{path} is not in the client's crate any more").into());
        }
        writeln!(text, "#[path = {path:?}]\nmod {name};")?;
    }
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("official.rs"), text)?;
    Ok(())
}
