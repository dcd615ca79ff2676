//! The shape of a wire type, read from the JSON schema that its derive publishes.
//!
//! The types of the REST contract are described once, in Rust. GraphQL tells the same types in its
//! own dress: `camelCase` fields, `SCREAMING_CASE` enum values, `…Input` for what is sent. This
//! file holds what is common to both directions; `reflect.rs` reads and tells values by it.

use std::collections::BTreeMap;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// Whether a type is sent or told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    /// Somebody sends it.
    Input,
    /// We tell it.
    Output,
}

/// How a value looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// One of GraphQL's own scalars, or of those in [`SCALARS`].
    Scalar(&'static str),
    /// A type of its own.
    Named(String),
    /// Many.
    List(Box<Shape>),
    /// A map; told as a list of its entries, which is a type of its own.
    Entries(String),
    /// One or none.
    Optional(Box<Shape>),
}

/// A type of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub description: Option<String>,
    pub kind: Kind,
}

/// What a type of its own is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of some words.
    Enum(Vec<Item>),
    /// Fields. Of the variants of a tagged type the tag says which one it is.
    Object(Vec<Field>),
    /// One of several things that are named by their only field; a unit variant is a flag.
    Choice(Vec<Field>),
}

/// A word of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// As JSON has it.
    pub word: String,
    pub description: Option<String>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// As JSON has it.
    pub key: String,
    pub shape: Shape,
    pub description: Option<String>,
}

/// The scalars beside GraphQL's own, and what they are.
pub(super) const SCALARS: [(&str, &str); 7] = [
    ("Long", "A whole number that may pass 2^31, such as a position of the log; told as a number."),
    ("UUID", "A UUID, such as `0192f3a4-b5c6-7d7e-8f90-0123456789ab`."),
    ("DateTime", "A moment with its zone, such as `2022-11-10T18:00:00+08:00`; told in UTC."),
    ("Date", "A day in the community's time zone, such as `2022-11-10`."),
    ("Time", "A time of day in the community's time zone, such as `18:00:00`."),
    ("JSON", "Any JSON; its shape is told where it is used."),
    ("Float", "A number."),
];

/// The name of the field that says which variant a told choice is.
pub(super) const CHOICE_TAG: &str = "kind";

/// Every shape of one direction.
#[derive(Debug)]
pub(super) struct Shapes {
    direction: Direction,
    generator: SchemaGenerator,
    definitions: BTreeMap<String, Definition>,
    /// What each definition was made of.
    sources: BTreeMap<String, Value>,
    /// Names that two different types of the REST contract would have here.
    clashes: Vec<String>,
}

impl Shapes {
    pub(super) fn new(direction: Direction) -> Self {
        let settings = SchemaSettings::draft2020_12();
        let settings = match direction {
            Direction::Input => settings.for_deserialize(),
            Direction::Output => settings.for_serialize(),
        };
        let generator = settings.into_generator();
        let (definitions, sources) = Default::default();
        Self { direction, generator, definitions, sources, clashes: vec![] }
    }

    /// Names that two different types of the REST contract would have here; one of each pair was
    /// lost, and its type has to be called something else.
    #[cfg(test)]
    pub(super) fn clashes(&self) -> &[String] {
        &self.clashes
    }

    /// The shape of a type.
    pub(super) fn of<T: JsonSchema>(&mut self) -> Shape {
        let schema: Schema = self.generator.subschema_for::<T>();
        self.refer(schema.as_value(), &T::schema_name())
    }

    /// A type of its own, by its GraphQL name.
    pub(super) fn definition(&self, name: &str) -> Option<&Definition> {
        self.definitions.get(name)
    }

    /// The variants of an internally tagged type: the tag's word, what it is, and its fields.
    pub(super) fn variants<T: JsonSchema>(&mut self) -> Vec<(String, Option<String>, Vec<Field>)> {
        let schema = self.generator.subschema_for::<T>();
        let resolved = self.resolve(schema.as_value());
        let variants = resolved["oneOf"].as_array().cloned().unwrap_or_default();
        let Some(tag) = tag(&variants) else { return vec![] };
        let owner = T::schema_name().into_owned();
        let variants = variants.iter().filter_map(|variant| {
            let word = variant["properties"][&tag]["const"].as_str()?.to_owned();
            let mut fields = self.fields(variant, &format!("{owner}{}", pascal(&word)));
            fields.retain(|field| field.key != tag);
            Some((word, description(variant), fields))
        });
        variants.collect()
    }

    /// What a property says of itself, or else what its type says.
    fn told(&self, property: &Value) -> Option<String> {
        let of_type = || {
            let any = property["anyOf"].as_array().and_then(|any| any.first());
            let items = property.get("items");
            let type_of = any.or(items).unwrap_or(property);
            description(&self.resolve(type_of))
        };
        description(property).or_else(of_type)
    }

    /// What a `$ref` leads to; anything else is itself.
    fn resolve(&self, schema: &Value) -> Value {
        match reference(schema) {
            Some(name) => self.generator.definitions().get(name).cloned().unwrap_or_default(),
            None => schema.clone(),
        }
    }

    fn refer(&mut self, schema: &Value, hint: &str) -> Shape {
        let Some(object) = schema.as_object() else { return Shape::Scalar("JSON") };
        if let Some(name) = reference(schema)
            && !object.contains_key("properties")
        {
            let name = name.to_owned();
            return self.defined(&name);
        }
        if let Some(any) = object.get("anyOf").and_then(Value::as_array) {
            let is_null = |schema: &&Value| schema["type"] != "null";
            let rest: Vec<_> = any.iter().filter(is_null).collect();
            return match rest.as_slice() {
                [one] if rest.len() < any.len() => Shape::Optional(self.refer(one, hint).into()),
                _ => Shape::Scalar("JSON"),
            };
        }
        if object.contains_key("oneOf") || object.contains_key("const") {
            return self.define(hint, schema);
        }
        match &object.get("type") {
            Some(Value::Array(types)) => {
                let Some(one) = types.iter().find(|t| *t != "null") else {
                    return Shape::Scalar("JSON");
                };
                let mut schema = schema.clone();
                schema["type"] = one.clone();
                Shape::Optional(self.refer(&schema, hint).into())
            }
            Some(Value::String(name)) => self.of_type(name, schema, hint),
            _ => Shape::Scalar("JSON"),
        }
    }

    fn of_type(&mut self, name: &str, schema: &Value, hint: &str) -> Shape {
        let format = schema["format"].as_str().unwrap_or_default();
        match (name, format) {
            ("string", "uuid") => Shape::Scalar("UUID"),
            ("string", "date-time") => Shape::Scalar("DateTime"),
            ("string", "date") => Shape::Scalar("Date"),
            ("string", "partial-time" | "time") => Shape::Scalar("Time"),
            ("string", _) if schema["enum"].is_array() => self.define(hint, schema),
            ("string", _) => Shape::Scalar("String"),
            ("integer", "uint64" | "int64") => Shape::Scalar("Long"),
            ("integer", _) => Shape::Scalar("Int"),
            ("number", _) => Shape::Scalar("Float"),
            ("boolean", _) => Shape::Scalar("Boolean"),
            ("array", _) => self.of_array(schema, hint),
            ("object", _) if schema["properties"].is_object() => self.define(hint, schema),
            ("object", _) if schema["additionalProperties"].is_object() => {
                self.entries(&schema["additionalProperties"], hint)
            }
            _ => Shape::Scalar("JSON"),
        }
    }

    fn of_array(&mut self, schema: &Value, hint: &str) -> Shape {
        if let Some(items) = schema["prefixItems"].as_array() {
            let mut shapes = items.iter().map(|item| self.refer(item, hint));
            let first = shapes.next().unwrap_or(Shape::Scalar("JSON"));
            let same = shapes.all(|shape| shape == first);
            return Shape::List(if same { first } else { Shape::Scalar("JSON") }.into());
        }
        Shape::List(self.refer(&schema["items"], hint).into())
    }

    fn entries(&mut self, value: &Value, hint: &str) -> Shape {
        let value = self.refer(value, &format!("{hint}Value"));
        let name = self.type_name(&format!("{}Entry", bare(hint)));
        let fields = vec![
            field("key", Shape::Scalar("String"), "What it belongs to."),
            field("value", value, "What it is."),
        ];
        let description = Some("One entry of a map.".to_owned());
        let definition = Definition { description, kind: Kind::Object(fields) };
        self.definitions.insert(name.clone(), definition);
        Shape::Entries(name)
    }

    /// The shape of a schema that stands under a name.
    fn defined(&mut self, name: &str) -> Shape {
        let schema = self.generator.definitions().get(name).cloned().unwrap_or_default();
        let is_text = schema["type"] == "string" && !schema["enum"].is_array();
        if is_text && schema["format"].is_null() {
            return Shape::Scalar(if name.ends_with("Id") { "ID" } else { "String" });
        }
        self.refer_definition(name, &schema)
    }

    fn refer_definition(&mut self, name: &str, schema: &Value) -> Shape {
        let own = schema["oneOf"].is_array()
            || schema["enum"].is_array()
            || schema["properties"].is_object();
        if own { self.define(name, schema) } else { self.refer(schema, name) }
    }

    fn define(&mut self, name: &str, schema: &Value) -> Shape {
        let variants = schema["oneOf"].as_array().map(Vec::as_slice);
        let words = words(schema, variants);
        let type_name = match words {
            Some(_) => bare(name).to_owned(),
            None => self.type_name(bare(name)),
        };
        if self.definitions.contains_key(&type_name) {
            if self.sources.get(&type_name).is_some_and(|source| source != schema) {
                self.clashes.push(type_name.clone());
            }
            return Shape::Named(type_name);
        }
        self.sources.insert(type_name.clone(), schema.clone());
        // A place is kept first, so that a type may hold itself.
        let mut definition =
            Definition { description: description(schema), kind: Kind::Enum(vec![]) };
        self.definitions.insert(type_name.clone(), definition.clone());
        definition.kind = match (words, variants) {
            (Some(words), _) => Kind::Enum(words),
            (None, Some(variants)) => match tag(variants) {
                Some(tag) => Kind::Object(self.merged(&tag, variants, bare(name))),
                None => self.choice(variants, bare(name)),
            },
            (None, None) => Kind::Object(self.fields(schema, bare(name))),
        };
        self.definitions.insert(type_name.clone(), definition);
        Shape::Named(type_name)
    }

    /// The fields of an object, with those of what it is made of.
    fn fields(&mut self, schema: &Value, owner: &str) -> Vec<Field> {
        let mut fields = vec![];
        let parts = schema["allOf"].as_array().cloned().unwrap_or_default();
        let parts = parts.into_iter().chain(reference(schema).map(|_| schema.clone()));
        for part in parts {
            let part = self.resolve(&part);
            fields.extend(self.fields(&part, owner));
        }
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (key, property) in properties {
            let shape = self.refer(property, &format!("{owner}{}", pascal(key)));
            let is_required = required.iter().any(|name| name == key);
            let shape = if is_required { shape } else { optional(shape) };
            fields.push(Field { key: key.clone(), shape, description: self.told(property) });
        }
        fields
    }

    /// One object with the fields of every variant, of which the tag says which are there.
    fn merged(&mut self, tag: &str, variants: &[Value], owner: &str) -> Vec<Field> {
        let words = variants.iter().filter_map(|variant| {
            let word = variant["properties"][tag]["const"].as_str()?.to_owned();
            Some(Item { word, description: description(variant) })
        });
        let words = words.collect();
        let name = format!("{owner}{}", pascal(tag));
        let kind = Definition { description: None, kind: Kind::Enum(words) };
        self.definitions.insert(name.clone(), kind);
        let mut fields = vec![field(tag, Shape::Named(name), "Which one it is.")];
        for variant in variants {
            for field in self.fields(variant, owner) {
                if !fields.iter().any(|known| known.key == field.key) {
                    fields.push(Field { shape: optional(field.shape), ..field });
                }
            }
        }
        fields
    }

    fn choice(&mut self, variants: &[Value], owner: &str) -> Kind {
        let mut fields = vec![];
        let mut words = vec![];
        for variant in variants {
            let told = description(variant);
            if let Some(word) = variant["const"].as_str() {
                words.push(Item { word: word.to_owned(), description: told.clone() });
                if self.direction == Direction::Input {
                    let shape = optional(Shape::Scalar("Boolean"));
                    fields.push(Field { key: word.to_owned(), shape, description: told });
                }
                continue;
            }
            for one in self.fields(variant, owner) {
                words.push(Item { word: one.key.clone(), description: told.clone() });
                let shape = optional(one.shape);
                fields.push(Field { shape, description: told.clone(), ..one });
            }
        }
        if self.direction == Direction::Input {
            return Kind::Choice(fields);
        }
        let name = format!("{owner}{}", pascal(CHOICE_TAG));
        let kind = Definition { description: None, kind: Kind::Enum(words) };
        self.definitions.insert(name.clone(), kind);
        fields.insert(0, field(CHOICE_TAG, Shape::Named(name), "Which one it is."));
        Kind::Choice(fields)
    }

    fn type_name(&self, name: &str) -> String {
        match self.direction {
            Direction::Input => format!("{name}Input"),
            Direction::Output => name.to_owned(),
        }
    }
}

fn field(key: &str, shape: Shape, description: &str) -> Field {
    Field { key: key.to_owned(), shape, description: Some(description.to_owned()) }
}

fn optional(shape: Shape) -> Shape {
    match shape {
        Shape::Optional(_) => shape,
        Shape::Scalar(_) | Shape::Named(_) | Shape::List(_) | Shape::Entries(_) => {
            Shape::Optional(shape.into())
        }
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn description(schema: &Value) -> Option<String> {
    schema["description"].as_str().map(|text| text.replace('\n', " "))
}

/// The words of an enum.
fn words(schema: &Value, variants: Option<&[Value]>) -> Option<Vec<Item>> {
    if let Some(words) = schema["enum"].as_array() {
        let word = |word: &Value| Some(Item { word: word.as_str()?.into(), description: None });
        return Some(words.iter().filter_map(word).collect());
    }
    let mut items = vec![];
    for variant in variants? {
        if let Some(word) = variant["const"].as_str() {
            items.push(Item { word: word.to_owned(), description: description(variant) });
        } else {
            for word in variant["enum"].as_array()? {
                items.push(Item { word: word.as_str()?.to_owned(), description: None });
            }
        }
    }
    Some(items)
}

/// The field whose word says which variant it is.
fn tag(variants: &[Value]) -> Option<String> {
    let properties = variants.first()?["properties"].as_object()?;
    let tags = |key: &&String| variants.iter().all(|v| v["properties"][*key]["const"].is_string());
    properties.keys().find(tags).cloned()
}

/// A name without what only tells the code that it is a body.
fn bare(name: &str) -> &str {
    name.strip_suffix("Body").unwrap_or(name)
}

/// `set_doors` as `SetDoors`.
pub(super) fn pascal(word: &str) -> String {
    let mut text = String::with_capacity(word.len());
    for part in word.split(['_', '-']) {
        let mut letters = part.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

/// `set_doors` as `setDoors`.
pub(super) fn camel(word: &str) -> String {
    let mut text = pascal(word);
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

/// `set_doors` as `SET_DOORS`.
pub(super) fn screaming(word: &str) -> String {
    word.replace('-', "_").to_ascii_uppercase()
}
