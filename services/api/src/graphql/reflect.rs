//! Wire types as GraphQL types: one newtype in place of a second description of each type.
//!
//! [`Reflect`] makes a GraphQL type of whatever the REST contract knows already. A told value is
//! what serde writes, in GraphQL's dress and cut to the selection; a sent value is undressed and
//! read by serde, with the same checks as over REST.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, RwLock};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field as Selected, Selection, SelectionSet};
use async_graphql::registry::{
    Deprecation, MetaEnumValue, MetaField, MetaInputValue, MetaType, Registry,
};
use async_graphql::{
    ContextSelectionSet, InputType, InputValueError, InputValueResult, Name, OutputType,
    Positioned, ServerError, ServerResult, Value,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::shape::{
    CHOICE_TAG, Definition, Direction, Field, Item, Kind, SCALARS, Shape, Shapes, camel, screaming,
};

/// A type of the REST contract, as GraphQL has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reflect<T>(pub T);

static INPUT: LazyLock<Mutex<Shapes>> = LazyLock::new(|| Mutex::new(Shapes::new(Direction::Input)));
static OUTPUT: LazyLock<Mutex<Shapes>> =
    LazyLock::new(|| Mutex::new(Shapes::new(Direction::Output)));
static KNOWN: LazyLock<RwLock<HashMap<(TypeId, Direction), Shape>>> =
    LazyLock::new(RwLock::default);

/// The shapes of a direction.
pub(super) fn shapes(direction: Direction) -> MutexGuard<'static, Shapes> {
    let shapes = match direction {
        Direction::Input => &INPUT,
        Direction::Output => &OUTPUT,
    };
    shapes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shape of a type, looked up once.
fn shape_of<T: JsonSchema + 'static>(direction: Direction) -> Shape {
    let key = (TypeId::of::<T>(), direction);
    if let Some(shape) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return shape.clone();
    }
    let shape = shapes(direction).of::<T>();
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(key, shape.clone());
    shape
}

/// A shape as GraphQL writes it: `[Door!]!`.
pub(super) fn written(shape: &Shape) -> String {
    match shape {
        Shape::Optional(inner) => nullable(inner),
        Shape::Scalar(_) | Shape::Named(_) | Shape::List(_) | Shape::Entries(_) => {
            format!("{}!", nullable(shape))
        }
    }
}

fn nullable(shape: &Shape) -> String {
    match shape {
        Shape::Scalar(name) => (*name).to_owned(),
        Shape::Named(name) => name.clone(),
        Shape::Optional(inner) => nullable(inner),
        Shape::List(inner) => format!("[{}]", written(inner)),
        Shape::Entries(entry) => format!("[{entry}!]"),
    }
}

/// Tells the registry of a shape and of everything that it is made of.
pub(super) fn register(shape: &Shape, direction: Direction, registry: &mut Registry) {
    match shape {
        Shape::Scalar(name) => register_scalar(name, registry),
        Shape::List(inner) | Shape::Optional(inner) => register(inner, direction, registry),
        Shape::Named(name) | Shape::Entries(name) => {
            if registry.types.contains_key(name) {
                return;
            }
            let Some(definition) = shapes(direction).definition(name).cloned() else { return };
            let meta = meta_type(name, &definition, direction);
            registry.types.insert(name.clone(), meta);
            let (Kind::Object(fields) | Kind::Choice(fields)) = definition.kind else { return };
            for field in fields {
                register(&field.shape, direction, registry);
            }
        }
    }
}

fn register_scalar(name: &str, registry: &mut Registry) {
    if registry.types.contains_key(name) {
        return;
    }
    let told = SCALARS.iter().find(|(known, _)| *known == name).map(|(_, told)| *told);
    let scalar = MetaType::Scalar {
        name: name.to_owned(),
        description: told.map(str::to_owned),
        is_valid: None,
        visible: None,
        inaccessible: false,
        tags: vec![],
        specified_by_url: None,
        directive_invocations: vec![],
        requires_scopes: vec![],
    };
    registry.types.insert(name.to_owned(), scalar);
}

fn meta_type(name: &str, definition: &Definition, direction: Direction) -> MetaType {
    let (name, description) = (name.to_owned(), definition.description.clone());
    match (&definition.kind, direction) {
        (Kind::Enum(items), _) => MetaType::Enum {
            name,
            description,
            enum_values: items.iter().map(meta_item).collect(),
            visible: None,
            inaccessible: false,
            tags: vec![],
            rust_typename: None,
            directive_invocations: vec![],
            requires_scopes: vec![],
        },
        (Kind::Object(fields) | Kind::Choice(fields), Direction::Output) => {
            meta_object(name, description, fields.iter().map(meta_field).collect())
        }
        (Kind::Object(fields) | Kind::Choice(fields), Direction::Input) => {
            let oneof = matches!(definition.kind, Kind::Choice(_));
            meta_input_object(name, description, fields.iter().map(meta_input).collect(), oneof)
        }
    }
}

/// An object of these fields.
pub(super) fn meta_object(
    name: String,
    description: Option<String>,
    fields: IndexMap<String, MetaField>,
) -> MetaType {
    MetaType::Object {
        name,
        description,
        fields,
        cache_control: async_graphql::CacheControl::default(),
        extends: false,
        shareable: false,
        resolvable: true,
        keys: None,
        visible: None,
        inaccessible: false,
        interface_object: false,
        tags: vec![],
        is_subscription: false,
        rust_typename: None,
        directive_invocations: vec![],
        requires_scopes: vec![],
    }
}

/// An input object of these fields.
pub(super) fn meta_input_object(
    name: String,
    description: Option<String>,
    input_fields: IndexMap<String, MetaInputValue>,
    oneof: bool,
) -> MetaType {
    MetaType::InputObject {
        name,
        description,
        input_fields,
        visible: None,
        inaccessible: false,
        tags: vec![],
        rust_typename: None,
        oneof,
        directive_invocations: vec![],
    }
}

fn meta_item(item: &Item) -> (String, MetaEnumValue) {
    let name = screaming(&item.word);
    let value = MetaEnumValue {
        name: name.clone(),
        description: item.description.clone(),
        deprecation: Deprecation::NoDeprecated,
        visible: None,
        inaccessible: false,
        tags: vec![],
        directive_invocations: vec![],
    };
    (name, value)
}

fn meta_field(field: &Field) -> (String, MetaField) {
    told_field(&camel(&field.key), field.description.clone(), written(&field.shape))
}

/// A field without arguments.
pub(super) fn told_field(
    name: &str,
    description: Option<String>,
    ty: String,
) -> (String, MetaField) {
    let field = MetaField {
        name: name.to_owned(),
        description,
        args: IndexMap::new(),
        ty,
        deprecation: Deprecation::NoDeprecated,
        cache_control: async_graphql::CacheControl::default(),
        external: false,
        requires: None,
        provides: None,
        visible: None,
        shareable: false,
        inaccessible: false,
        tags: vec![],
        override_from: None,
        compute_complexity: None,
        directive_invocations: vec![],
        requires_scopes: vec![],
    };
    (name.to_owned(), field)
}

/// A field of an input object.
pub(super) fn meta_input(field: &Field) -> (String, MetaInputValue) {
    sent_field(&camel(&field.key), field.description.clone(), written(&field.shape))
}

/// A field or argument of a written type.
pub(super) fn sent_field(
    name: &str,
    description: Option<String>,
    ty: String,
) -> (String, MetaInputValue) {
    let value = MetaInputValue {
        name: name.to_owned(),
        description,
        ty,
        deprecation: Deprecation::NoDeprecated,
        default_value: None,
        visible: None,
        inaccessible: false,
        tags: vec![],
        is_secret: false,
        directive_invocations: vec![],
    };
    (name.to_owned(), value)
}

impl<T> InputType for Reflect<T>
where
    T: JsonSchema + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type RawValueType = T;

    fn type_name() -> Cow<'static, str> {
        Cow::Owned(nullable(&shape_of::<T>(Direction::Input)))
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let shape = shape_of::<T>(Direction::Input);
        register(&shape, Direction::Input, registry);
        written(&shape)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let shape = shape_of::<T>(Direction::Input);
        let json = undressed(&shape, value.unwrap_or_default());
        serde_json::from_value(json).map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::from_json(serde_json::to_value(&self.0).unwrap_or_default()).unwrap_or_default()
    }

    fn as_raw_value(&self) -> Option<&T> {
        Some(&self.0)
    }
}

/// A sent value as serde reads it.
pub(super) fn undressed(shape: &Shape, value: Value) -> Json {
    match (shape, value) {
        (Shape::Optional(inner), value) => undressed(inner, value),
        (Shape::List(inner), Value::List(items)) => {
            items.into_iter().map(|item| undressed(inner, item)).collect()
        }
        // GraphQL takes one for a list of one.
        (Shape::List(inner), value) if value != Value::Null => {
            Json::Array(vec![undressed(inner, value)])
        }
        (Shape::Entries(entry), Value::List(items)) => {
            let pairs = items.into_iter().filter_map(|item| {
                let pair = undressed(&Shape::Named(entry.clone()), item);
                Some((pair["key"].as_str()?.to_owned(), pair["value"].clone()))
            });
            Json::Object(pairs.collect())
        }
        (Shape::Named(name), value) => {
            let definition = shapes(Direction::Input).definition(name).cloned();
            match definition {
                Some(definition) => undressed_named(&definition.kind, value),
                None => value.into_json().unwrap_or_default(),
            }
        }
        (Shape::Scalar(_) | Shape::List(_) | Shape::Entries(_), value) => {
            value.into_json().unwrap_or_default()
        }
    }
}

fn undressed_named(kind: &Kind, value: Value) -> Json {
    match (kind, value) {
        (Kind::Enum(items), Value::Enum(name)) => Json::String(word(items, name.as_str())),
        (Kind::Enum(items), Value::String(name)) => Json::String(word(items, &name)),
        (Kind::Object(fields), Value::Object(object)) => undressed_object(fields, object),
        (Kind::Choice(fields), Value::Object(object)) => {
            let chosen = undressed_object(fields, object);
            // A flag that is set stands for its bare word.
            let flags = chosen.as_object().into_iter().flatten();
            match flags.clone().next() {
                Some((word, Json::Bool(true))) => Json::String(word.clone()),
                _ => chosen,
            }
        }
        (Kind::Enum(_) | Kind::Object(_) | Kind::Choice(_), value) => {
            value.into_json().unwrap_or_default()
        }
    }
}

/// A sent object as serde reads it. A field that is `null` is not sent.
pub(super) fn undressed_object(fields: &[Field], mut object: IndexMap<Name, Value>) -> Json {
    let pairs = fields.iter().filter_map(|field| {
        let value = object.swap_remove(camel(&field.key).as_str())?;
        (value != Value::Null).then(|| (field.key.clone(), undressed(&field.shape, value)))
    });
    Json::Object(pairs.collect())
}

fn word(items: &[Item], name: &str) -> String {
    let item = items.iter().find(|item| screaming(&item.word) == name);
    item.map_or_else(|| name.to_owned(), |item| item.word.clone())
}

impl<T: JsonSchema + Serialize + Send + Sync + 'static> OutputType for Reflect<T> {
    fn type_name() -> Cow<'static, str> {
        Cow::Owned(nullable(&shape_of::<T>(Direction::Output)))
    }

    fn qualified_type_name() -> String {
        written(&shape_of::<T>(Direction::Output))
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let shape = shape_of::<T>(Direction::Output);
        register(&shape, Direction::Output, registry);
        written(&shape)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Selected>,
    ) -> ServerResult<Value> {
        let json = serde_json::to_value(&self.0)
            .map_err(|error| ServerError::new(error.to_string(), Some(field.pos)))?;
        let shape = shape_of::<T>(Direction::Output);
        Ok(Dresser { ctx, shapes: &shapes(Direction::Output) }.value(
            &shape,
            json,
            &[&ctx.item.node],
        ))
    }
}

/// Dresses told values and cuts them to what was selected.
struct Dresser<'a> {
    ctx: &'a ContextSelectionSet<'a>,
    shapes: &'a Shapes,
}

impl<'a> Dresser<'a> {
    fn value(&self, shape: &Shape, json: Json, selected: &[&'a SelectionSet]) -> Value {
        match (shape, json) {
            (_, Json::Null) => Value::Null,
            (Shape::Optional(inner), json) => self.value(inner, json, selected),
            (Shape::List(inner), Json::Array(items)) => {
                let items = items.into_iter().map(|item| self.value(inner, item, selected));
                Value::List(items.collect())
            }
            (Shape::Entries(entry), Json::Object(pairs)) => {
                let shape = Shape::Named(entry.clone());
                let pairs = pairs.into_iter().map(|(key, value)| {
                    let pair = serde_json::json!({ "key": key, "value": value });
                    self.value(&shape, pair, selected)
                });
                Value::List(pairs.collect())
            }
            (Shape::Named(name), json) => match self.shapes.definition(name) {
                Some(definition) => self.named(name, &definition.kind, json, selected),
                None => Value::from_json(json).unwrap_or_default(),
            },
            (Shape::Scalar(_) | Shape::List(_) | Shape::Entries(_), json) => {
                Value::from_json(json).unwrap_or_default()
            }
        }
    }

    fn named(&self, name: &str, kind: &Kind, json: Json, selected: &[&'a SelectionSet]) -> Value {
        match (kind, json) {
            (Kind::Enum(_), Json::String(word)) => Value::Enum(Name::new(screaming(&word))),
            (Kind::Choice(fields), Json::String(word)) => {
                let chosen = serde_json::Map::from_iter([(CHOICE_TAG.into(), word.into())]);
                self.object(name, fields, &chosen, selected)
            }
            (Kind::Choice(fields), Json::Object(mut object)) => {
                let chosen = object.keys().next().cloned().unwrap_or_default();
                object.insert(CHOICE_TAG.into(), chosen.into());
                self.object(name, fields, &object, selected)
            }
            (Kind::Object(fields), Json::Object(object)) => {
                self.object(name, fields, &object, selected)
            }
            (Kind::Enum(_) | Kind::Object(_) | Kind::Choice(_), json) => {
                Value::from_json(json).unwrap_or_default()
            }
        }
    }

    fn object(
        &self,
        name: &str,
        fields: &[Field],
        object: &serde_json::Map<String, Json>,
        selected: &[&'a SelectionSet],
    ) -> Value {
        let mut wanted: IndexMap<Name, Vec<&'a Selected>> = IndexMap::new();
        for set in selected {
            self.collect(set, &mut wanted);
        }
        let mut told = IndexMap::with_capacity(wanted.len());
        for (response_key, uses) in wanted {
            let Some(first) = uses.first() else { continue };
            let asked = first.name.node.as_str();
            let value = if asked == "__typename" {
                Value::String(name.to_owned())
            } else if let Some(field) = fields.iter().find(|field| camel(&field.key) == asked) {
                let inner: Vec<_> = uses.iter().map(|used| &used.selection_set.node).collect();
                let json = object.get(&field.key).cloned().unwrap_or_default();
                self.value(&field.shape, json, &inner)
            } else {
                Value::Null
            };
            told.insert(response_key, value);
        }
        Value::Object(told)
    }

    /// Every selected field under the name of its answer, also those in fragments.
    fn collect(&self, set: &'a SelectionSet, wanted: &mut IndexMap<Name, Vec<&'a Selected>>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.clone();
                    wanted.entry(key).or_default().push(&field.node);
                }
                Selection::InlineFragment(fragment) => {
                    self.collect(&fragment.node.selection_set.node, wanted);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.ctx.query_env.fragments.get(name) {
                        self.collect(&fragment.node.selection_set.node, wanted);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_types_share_a_name() {
        let schema = crate::graphql_schema();
        assert!(schema.contains("type RunSheet"));
        for direction in [Direction::Input, Direction::Output] {
            assert_eq!(shapes(direction).clashes(), Vec::<String>::new(), "{direction:?}");
        }
    }
}
