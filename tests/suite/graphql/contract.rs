//! What was published stays: a change that breaks a client is made only when it is recorded.

use std::collections::BTreeMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    FieldDefinition, InputValueDefinition, ServiceDocument, TypeKind, TypeSystemDefinition,
};

/// The contract as it was published last.
const PUBLISHED: &str = include_str!("../../golden/graphql/published.graphql");
/// The changes since then that break a client and were made knowingly, one a line.
const RECORDED: &str = include_str!("../../golden/graphql/breaking.txt");

#[test]
fn nothing_breaks_a_client_unless_it_is_recorded() {
    let found = breaking(PUBLISHED, &api::graphql_schema());
    let recorded: Vec<_> =
        RECORDED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let unrecorded: Vec<_> =
        found.iter().filter(|change| !recorded.contains(&change.as_str())).collect();
    assert!(
        unrecorded.is_empty(),
        "these break a client; keep what was published, or record each in \
         tests/golden/graphql/breaking.txt:\n{unrecorded:#?}"
    );
    let left: Vec<_> =
        recorded.iter().filter(|line| !found.iter().any(|change| change == *line)).collect();
    assert!(left.is_empty(), "recorded, but not so (any more): {left:#?}");
}

/// A member of a type: its own type, whether it must be given, and its arguments.
#[derive(Debug, PartialEq)]
struct Member {
    ty: String,
    is_required: bool,
    arguments: BTreeMap<String, Member>,
}

/// A type and its members, by kind.
type Types = BTreeMap<String, (&'static str, BTreeMap<String, Member>)>;

/// What of a contract would break whoever was written for the former one.
fn breaking(former: &str, present: &str) -> Vec<String> {
    let (former, present) = (types(former), types(present));
    let mut found = vec![];
    for (name, (kind, members)) in &former {
        let Some((present_kind, present_members)) = present.get(name) else {
            found.push(format!("{name} is gone"));
            continue;
        };
        if kind != present_kind {
            found.push(format!("{name} was {kind} and is {present_kind}"));
            continue;
        }
        compare(name, *kind == "an input", members, present_members, &mut found);
    }
    found
}

fn compare(
    owner: &str,
    is_sent: bool,
    former: &BTreeMap<String, Member>,
    present: &BTreeMap<String, Member>,
    found: &mut Vec<String>,
) {
    for (name, member) in former {
        let Some(now) = present.get(name) else {
            found.push(format!("{owner}.{name} is gone"));
            continue;
        };
        // What is told may become surer, and what is sent may become freer.
        let (was, is) = (&member.ty, &now.ty);
        let fits = was == is
            || (!is_sent && is.strip_suffix('!') == Some(was))
            || (is_sent && was.strip_suffix('!') == Some(is));
        if !fits {
            found.push(format!("{owner}.{name} was {was} and is {is}"));
        }
        compare(&format!("{owner}.{name}"), true, &member.arguments, &now.arguments, found);
    }
    if is_sent {
        let new =
            present.iter().filter(|(name, now)| now.is_required && !former.contains_key(*name));
        found.extend(new.map(|(name, _)| format!("{owner}.{name} must be given now")));
    }
}

fn types(contract: &str) -> Types {
    let document: ServiceDocument = parse_schema(contract).unwrap();
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(ty) => {
            let ty = ty.node;
            Some((ty.name.node.to_string(), members(ty.kind)))
        }
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    types.collect()
}

fn members(kind: TypeKind) -> (&'static str, BTreeMap<String, Member>) {
    let word = |name: String| {
        (name, Member { ty: String::new(), is_required: false, arguments: BTreeMap::new() })
    };
    match kind {
        TypeKind::Scalar => ("a scalar", BTreeMap::new()),
        TypeKind::Object(object) => {
            let fields = object.fields.into_iter().map(|field| told(field.node));
            ("an object", fields.collect())
        }
        TypeKind::Interface(interface) => {
            let fields = interface.fields.into_iter().map(|field| told(field.node));
            ("an interface", fields.collect())
        }
        TypeKind::Union(union) => {
            let members = union.members.into_iter().map(|member| word(member.node.to_string()));
            ("a union", members.collect())
        }
        TypeKind::Enum(words) => {
            let words = words.values.into_iter().map(|one| word(one.node.value.node.to_string()));
            ("an enum", words.collect())
        }
        TypeKind::InputObject(input) => {
            let fields = input.fields.into_iter().map(|field| sent(&field.node));
            ("an input", fields.collect())
        }
    }
}

fn told(field: FieldDefinition) -> (String, Member) {
    let arguments = field.arguments.into_iter().map(|argument| sent(&argument.node)).collect();
    let ty = field.ty.node.to_string();
    (field.name.node.to_string(), Member { ty, is_required: false, arguments })
}

fn sent(value: &InputValueDefinition) -> (String, Member) {
    let ty = value.ty.node.to_string();
    let is_required = ty.ends_with('!') && value.default_value.is_none();
    (value.name.node.to_string(), Member { ty, is_required, arguments: BTreeMap::new() })
}

#[test]
fn what_breaks_a_client_is_found_and_what_does_not_is_not() {
    let former = "type Query { a: Int b(x: Int, y: Int!): [Int!]! c: E d: U } enum E { P Q }
        union U = A | B type A { a: Int } type B { b: Int } input I { x: Int! y: Int } scalar S";
    let same = "type Query { a: Int! b(x: Int, y: Int, z: Int): [Int!]! c: E d: U e: Int }
        enum E { P Q R } union U = A | B | C type A { a: Int } type B { b: Int } type C { c: Int }
        input I { x: Int y: Int z: Int w: Int! = 1 } scalar S scalar T";
    assert_eq!(breaking(former, same), Vec::<String>::new());
    let other = "type Query { a: String b(y: Int!, z: Int!): [Int]! d: U } enum E { P }
        union U = A type A { a: Int } input B { b: Int } input I { x: Int! y: Int! z: Int! }";
    assert_eq!(
        breaking(former, other),
        [
            "B was an object and is an input",
            "E.Q is gone",
            "I.y was Int and is Int!",
            "I.z must be given now",
            "Query.a was Int and is String",
            "Query.b was [Int!]! and is [Int]!",
            "Query.b.x is gone",
            "Query.b.z must be given now",
            "Query.c is gone",
            "S is gone",
            "U.B is gone",
        ]
    );
}
