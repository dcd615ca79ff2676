//! What the root manifest lists, why, and for whom.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::Metadata;

/// The dependencies of the root manifest that are not our own crates, each with its reason, which
/// is the comment behind it.
pub fn listed(manifest: &str) -> BTreeMap<String, Option<String>> {
    let section = manifest
        .lines()
        .skip_while(|line| line.trim() != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let mut listed = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in section {
        let (code, reason) = match line.split_once('#') {
            Some((code, reason)) => (code, Some(reason.trim().to_owned())),
            None => (line, None),
        };
        // A new entry begins at the left margin; what is indented goes on with the last one.
        if let Some((name, value)) = code.split_once('=')
            && name.starts_with(|first: char| first.is_alphanumeric())
        {
            current = (!value.contains("path =")).then(|| name.trim().to_owned());
        }
        if let Some(name) = &current
            && !code.trim().is_empty()
        {
            let entry: &mut Option<String> = listed.entry(name.clone()).or_default();
            *entry = entry.take().or(reason.filter(|reason| !reason.is_empty()));
        }
    }
    listed
}

/// Every dependency that some crate uses, in any way, by the name it is used under.
pub fn used(metadata: &Metadata) -> BTreeSet<String> {
    let crates = metadata.workspace_packages().into_iter();
    let dependencies = crates.flat_map(|one| &one.dependencies);
    dependencies.map(|one| one.rename.clone().unwrap_or_else(|| one.name.clone())).collect()
}

/// Dependencies that stand in the root manifest without a reason.
pub fn without_reason(listed: &BTreeMap<String, Option<String>>) -> Vec<String> {
    let bare = listed.iter().filter(|(_, reason)| reason.is_none());
    bare.map(|(name, _)| format!("Cargo.toml: {name} stands there without a reason")).collect()
}

/// Dependencies that stand in the root manifest and that no crate uses.
pub fn unused(listed: &BTreeMap<String, Option<String>>, used: &BTreeSet<String>) -> Vec<String> {
    listed.keys().filter(|name| !used.contains(*name)).cloned().collect()
}

/// Dependencies that a crate takes past the root manifest, and so past the reasons.
pub fn beside_the_root(
    metadata: &Metadata,
    listed: &BTreeMap<String, Option<String>>,
) -> Vec<String> {
    let outside = metadata.workspace_packages().into_iter().flat_map(|one| {
        let others = one.dependencies.iter().filter(|dependency| dependency.path.is_none());
        others.map(|dependency| {
            let name = dependency.rename.as_ref().unwrap_or(&dependency.name);
            (one.name.to_string(), name.clone())
        })
    });
    outside
        .filter(|(_, name)| !listed.contains_key(name))
        .map(|(one, name)| format!("{one} takes {name} past the root Cargo.toml"))
        .collect()
}

mod the_checks_bite {
    use super::*;

    const MANIFEST: &str = "[workspace]\n[workspace.dependencies]\n# Ours.\n\
        domain = { path = \"services/domain\" }\n\nbytes = \"1\" # shared payloads\n\
        serde = \"1\"\ntokio = { version = \"1\", features = [\n    \"sync\",\n] } # async\n\
        uuid = \"1\" #\n\n[workspace.lints.rust]\nmissing_docs = \"warn\"\n";

    #[test]
    fn the_section_is_read() {
        let listed = listed(MANIFEST);
        assert_eq!(listed.keys().collect::<Vec<_>>(), ["bytes", "serde", "tokio", "uuid"]);
        assert_eq!(listed["bytes"].as_deref(), Some("shared payloads"));
        assert_eq!(listed["tokio"].as_deref(), Some("async"));
    }

    #[test]
    fn a_missing_reason_is_found() {
        let found = without_reason(&listed(MANIFEST));
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].contains("serde"));
        assert!(found[1].contains("uuid"));
    }

    #[test]
    fn a_dependency_without_a_user_is_found() {
        let used = ["bytes", "serde", "tokio"].map(str::to_owned).into();
        assert_eq!(unused(&listed(MANIFEST), &used), ["uuid"]);
    }

    #[test]
    fn this_workspace_takes_something_from_outside() {
        let metadata = tests::workspace_metadata().unwrap();
        assert!(used(&metadata).contains("cargo_metadata"));
        assert!(!beside_the_root(&metadata, &BTreeMap::new()).is_empty());
    }
}
