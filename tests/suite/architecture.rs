//! The drawing of the layers in `docs/ARCHITECTURE.md` and the manifests say the same.
//!
//! The drawing is the fenced block that begins with ```` ```edges ````: one line for each crate,
//! `crate -> crate, crate`. A crate in brackets is planned: the edge may not exist yet, and when it
//! does, the brackets go.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, Package};
use tests::{workspace_metadata, workspace_root};

type Edge = (String, String);

/// What is above all layers: it may look at everything, and nothing looks at it.
const ABOVE: [&str; 2] = ["tests", "xtask"];

/// Crates that must not reach each other, not even through others, whatever is drawn.
const NEVER: [(&str, &str, &str); 4] = [
    ("event-log", "domain", "the log holds bytes; another domain could use it as it is"),
    ("domain", "event-log", "the rules do not know how their events are kept"),
    ("domain", "runtime", "the rules do not know who runs them"),
    ("runtime", "api", "the engine works without HTTP; the simulator drives it so"),
];

/// Crates that do no I/O, read no clock and await nothing, and so have no use for these.
const PURE: [&str; 3] = ["domain", "addressing", "planner"];
const IMPURE: [&str; 9] = [
    "async-trait",
    "axum",
    "getrandom",
    "mimalloc",
    "reqwest",
    "rusqlite",
    "serde_json",
    "tokio",
    "tower",
];

/// Libraries that stay behind one crate, so that they can be changed in one place.
const BEHIND: [(&str, &str); 2] = [("axum", "api"), ("chacha20poly1305", "runtime")];

#[derive(Debug, Default, PartialEq)]
struct Drawing {
    drawn: BTreeSet<Edge>,
    planned: BTreeSet<Edge>,
}

#[test]
fn the_drawn_edges_are_the_edges() {
    let text = std::fs::read_to_string(workspace_root().join("docs/ARCHITECTURE.md")).unwrap();
    let drawing = read_drawing(&text).unwrap();
    let metadata = workspace_metadata().unwrap();
    let found = differences(&drawing, &edges(&metadata, DependencyKind::Normal));
    assert!(found.is_empty(), "docs/ARCHITECTURE.md and the manifests differ:\n{found:#?}");
}

#[test]
fn some_crates_never_reach_each_other() {
    let found = forbidden_reach(&edges(&workspace_metadata().unwrap(), DependencyKind::Normal));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn tests_of_a_crate_use_only_crates_below_it() {
    let metadata = workspace_metadata().unwrap();
    let normal = edges(&metadata, DependencyKind::Normal);
    let found = upward(&normal, &edges(&metadata, DependencyKind::Development));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn pure_crates_have_no_means_of_io() {
    let metadata = workspace_metadata().unwrap();
    let crates = metadata.workspace_packages();
    let found: Vec<_> = crates.iter().flat_map(|one| impure(&one.name, &direct(one))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn libraries_stay_behind_their_crate() {
    let metadata = workspace_metadata().unwrap();
    let crates = metadata.workspace_packages();
    let found: Vec<_> = crates.iter().flat_map(|one| misplaced(&one.name, &direct(one))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// The edges of one kind between our crates, but for those of what is above all layers.
fn edges(metadata: &Metadata, kind: DependencyKind) -> BTreeSet<Edge> {
    let crates = metadata.workspace_packages();
    let ours: BTreeSet<&str> = crates.iter().map(|one| one.name.as_str()).collect();
    let layered = crates.iter().filter(|one| !ABOVE.contains(&one.name.as_str()));
    layered
        .flat_map(|one| {
            let below = one.dependencies.iter().filter(|dependency| dependency.kind == kind);
            below.map(|dependency| (one.name.to_string(), dependency.name.clone()))
        })
        .filter(|(_, to)| ours.contains(to.as_str()))
        .collect()
}

/// What a crate's own code may use: its normal dependencies, by their names on the registry.
fn direct(package: &Package) -> BTreeSet<String> {
    let normal = package.dependencies.iter().filter(|one| one.kind == DependencyKind::Normal);
    normal.map(|one| one.name.clone()).collect()
}

fn read_drawing(text: &str) -> Result<Drawing, String> {
    let mut lines = text.lines().skip_while(|line| *line != "```edges").skip(1);
    let mut drawing = Drawing::default();
    for line in lines.by_ref().take_while(|line| *line != "```") {
        let (from, below) = line.split_once("->").ok_or_else(|| format!("no arrow: {line}"))?;
        for to in below.split(',').map(str::trim).filter(|to| *to != "nothing") {
            let bare = to.strip_prefix('(').and_then(|to| to.strip_suffix(')'));
            let edge = (from.trim().to_owned(), bare.unwrap_or(to).to_owned());
            let set = if bare.is_some() { &mut drawing.planned } else { &mut drawing.drawn };
            set.insert(edge);
        }
    }
    if drawing.drawn.is_empty() { Err("no block of edges".to_owned()) } else { Ok(drawing) }
}

fn differences(drawing: &Drawing, actual: &BTreeSet<Edge>) -> Vec<String> {
    let mut found = Vec::new();
    for (from, to) in actual.difference(&drawing.drawn) {
        let advice = if drawing.planned.contains(&(from.clone(), to.clone())) {
            "is no longer only planned: take its brackets away"
        } else {
            "is not drawn: take it out of the manifest, or draw it and say why in a decision"
        };
        found.push(format!("{from} -> {to} {advice}"));
    }
    for (from, to) in drawing.drawn.difference(actual) {
        found.push(format!("{from} -> {to} is drawn and not there: take it out of the drawing"));
    }
    found
}

fn forbidden_reach(edges: &BTreeSet<Edge>) -> Vec<String> {
    let never = NEVER.iter().filter(|(from, to, _)| reach(edges, from).contains(*to));
    never.map(|(from, to, why)| format!("{from} reaches {to}: {why}")).collect()
}

fn upward(normal: &BTreeSet<Edge>, development: &BTreeSet<Edge>) -> Vec<String> {
    let up = development.iter().filter(|(from, to)| reach(normal, to).contains(from.as_str()));
    up.map(|(from, to)| format!("{from}'s tests use {to}, which stands above it")).collect()
}

fn impure(name: &str, direct: &BTreeSet<String>) -> Vec<String> {
    let means = IMPURE.iter().filter(|means| PURE.contains(&name) && direct.contains(**means));
    means.map(|means| format!("{name} is pure and depends on {means}")).collect()
}

fn misplaced(name: &str, direct: &BTreeSet<String>) -> Vec<String> {
    let placed =
        BEHIND.iter().filter(|(library, place)| name != *place && direct.contains(*library));
    placed.map(|(library, place)| format!("{name} uses {library}: that is {place}'s")).collect()
}

/// All crates that one reaches, through any number of edges.
fn reach<'a>(edges: &'a BTreeSet<Edge>, from: &'a str) -> BTreeSet<&'a str> {
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in edges {
        below.entry(from).or_default().push(to);
    }
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for to in below.get(next).into_iter().flatten().copied() {
            if reached.insert(to) {
                open.push(to);
            }
        }
    }
    reached
}

mod the_checks_bite {
    use super::*;

    const DRAWN: &str = "# Map\n\n```edges\napi -> runtime, (views)\nruntime -> domain\n\
                         domain -> nothing\n```\n";

    fn set(edges: &[(&str, &str)]) -> BTreeSet<Edge> {
        edges.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_drawing_is_read() {
        let drawing = read_drawing(DRAWN).unwrap();
        assert_eq!(drawing.drawn, set(&[("api", "runtime"), ("runtime", "domain")]));
        assert_eq!(drawing.planned, set(&[("api", "views")]));
    }

    #[test]
    fn a_document_without_a_drawing_is_an_error() {
        assert!(read_drawing("# Map\n").is_err());
        assert!(read_drawing("```edges\napi runtime\n```\n").is_err());
    }

    #[test]
    fn the_same_edges_differ_in_nothing() {
        let actual = set(&[("api", "runtime"), ("runtime", "domain")]);
        assert_eq!(differences(&read_drawing(DRAWN).unwrap(), &actual), Vec::<String>::new());
    }

    #[test]
    fn an_edge_too_many_one_missing_and_one_no_longer_planned_are_found() {
        let actual = set(&[("api", "runtime"), ("api", "views"), ("domain", "api")]);
        let found = differences(&read_drawing(DRAWN).unwrap(), &actual);
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].starts_with("api -> views is no longer only planned"));
        assert!(found[1].starts_with("domain -> api is not drawn"));
        assert!(found[2].starts_with("runtime -> domain is drawn and not there"));
    }

    #[test]
    fn a_forbidden_crate_is_found_through_others() {
        let actual = set(&[("event-log", "codec"), ("codec", "domain")]);
        assert_eq!(forbidden_reach(&actual).len(), 1);
    }

    #[test]
    fn a_test_dependency_that_points_up_is_found() {
        let normal = set(&[("api", "runtime"), ("runtime", "domain")]);
        assert_eq!(upward(&normal, &set(&[("domain", "api")])).len(), 1);
        assert_eq!(upward(&normal, &set(&[("api", "domain")])), Vec::<String>::new());
    }

    #[test]
    fn means_of_io_in_a_pure_crate_are_found() {
        assert_eq!(impure("domain", &names(&["serde", "tokio", "rusqlite"])).len(), 2);
        assert_eq!(impure("runtime", &names(&["tokio"])), Vec::<String>::new());
    }

    #[test]
    fn a_library_in_the_wrong_crate_is_found() {
        assert_eq!(misplaced("runtime", &names(&["axum", "serde"])).len(), 1);
        assert_eq!(misplaced("api", &names(&["axum"])), Vec::<String>::new());
    }
}
