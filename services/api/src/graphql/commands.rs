//! Mutations: one field for every command, made of the bodies that the REST contract has.
//!
//! Nothing is written twice: the kinds of a command's body are the fields here, and what a field
//! takes is what the kind takes, with the envelope around it. A new kind is a new field by itself;
//! a new aggregate is one line in [`commands`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::LazyLock;

use async_graphql::parser::types::Field as Selected;
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{
    ContainerType, Context, ContextSelectionSet, InputType, InputValueResult, ObjectType,
    OutputType, Positioned, Result, ServerError, ServerResult, SimpleObject, Union, Value,
};
use domain::Decider;
use domain::ids::CommunityId;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use runtime::Problem;
use runtime::codec::{Main, Stored};
use serde_json::{Value as Json, json};

use super::fault::{Refusal, fault};
use super::load::app;
use super::node::{Node, NodeId, NodeKind};
use super::reflect::{
    Reflect, meta_input, meta_input_object, meta_object, register, sent_field, shapes, told_field,
    undressed_object,
};
use super::shape::{Direction, Field, Shape, pascal};
use crate::App;
use crate::body;
use crate::commands::{
    ArrivalSlotCommandBody, CommandBody, CommandedBody, CommunityCommandBody, DeviceCommandBody,
    HouseholdCommandBody, OrderCommandBody, RunCommandBody, VolunteerCommandBody, Wire, path_part,
    perform,
};
use crate::scans::{AnswerBody, AnswersBody, ScansBody, take_all};

/// Every command of every aggregate.
fn commands() -> Vec<Command> {
    [
        of_community(),
        of::<ArrivalSlotCommandBody>("arrivalSlot"),
        of::<HouseholdCommandBody>("household"),
        of::<OrderCommandBody>("order"),
        of::<RunCommandBody>("run"),
        of::<VolunteerCommandBody>("volunteer"),
        of::<DeviceCommandBody>("device"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One command: its field, what it takes, and how it is handled.
struct Command {
    field: String,
    aggregate: &'static str,
    word: String,
    description: Option<String>,
    fields: Vec<Field>,
    handle: Handle,
}

type Done = std::result::Result<CommandedBody, Problem>;
type Handle = fn(App, CommunityId, String, Json) -> BoxFuture<'static, Done>;

/// What is sent around every command.
fn envelope(with_id: bool) -> Vec<Field> {
    let field = |key: &str, shape, description: &str| Field {
        key: key.into(),
        shape,
        description: Some(description.into()),
    };
    let optional = |name| Shape::Optional(Shape::Scalar(name).into());
    let mut fields = vec![
        field(
            "command_id",
            Shape::Scalar("UUID"),
            "The command's id (UUIDv7), made and kept by whoever sends it; the same on every retry.",
        ),
        field("community", Shape::Scalar("ID"), "The community."),
    ];
    if with_id {
        let told = "What it is put to: the `key` that a node tells, or a new one to make one.";
        fields.push(field("id", Shape::Scalar("ID"), told));
    }
    fields.extend([
        field("actor", Shape::Scalar("ID"), "Who sends it."),
        field("device", optional("ID"), "The device, when it may be revoked."),
        field("occurred_at", optional("DateTime"), "When it was decided, when not now."),
        field(
            "expected_revision",
            optional("Long"),
            "The revision that it was decided against; another one is a conflict. Some decisions \
             are not taken without it.",
        ),
    ]);
    fields
}

/// The commands of an aggregate that has an id.
fn of<C>(aggregate: &'static str) -> Vec<Command>
where
    C: Wire + schemars::JsonSchema + 'static,
    <C::Aggregate as Stored>::Id: FromStr<Err: std::fmt::Display>,
    <C::Aggregate as Decider>::Command: Clone + Sync,
{
    named::<C>(aggregate, |app, community, id, body| {
        async move {
            let id = path_part(&id, "id")?;
            let body = read::<C>(&body)?;
            perform::<C>(&app, community, &id, body).await
        }
        .boxed()
    })
}

fn of_community() -> Vec<Command> {
    named::<CommunityCommandBody>("community", |app, community, _, body| {
        async move {
            let body = read::<CommunityCommandBody>(&body)?;
            perform(&app, community, &Main, body).await
        }
        .boxed()
    })
}

fn read<C: Wire>(body: &Json) -> std::result::Result<CommandBody<C>, Problem> {
    body::json(&serde_json::to_vec(body).unwrap_or_default())
}

fn named<C: schemars::JsonSchema>(aggregate: &'static str, handle: Handle) -> Vec<Command> {
    let variants = shapes(Direction::Input).variants::<C>();
    let command = |(word, description, fields): (String, _, _)| Command {
        field: format!("{aggregate}{}", pascal(&word)),
        aggregate,
        word,
        description,
        fields,
        handle,
    };
    variants.into_iter().map(command).collect()
}

static TABLE: LazyLock<BTreeMap<String, Command>> = LazyLock::new(|| {
    commands().into_iter().map(|command| (command.field.clone(), command)).collect()
});

/// What became of a command.
#[derive(Union)]
pub(super) enum CommandPayload {
    /// It was done.
    Done(CommandDone),
    /// It was not done.
    Refused(Refusal),
}

/// A command was done, now or when the same id first came.
#[derive(SimpleObject)]
pub(super) struct CommandDone {
    /// The revision right after it; absent when nothing has happened there yet.
    revision: Option<Reflect<u64>>,
    /// Whether it was so already.
    already_so: bool,
    /// The log position that every view has seen; ask for it with `atLeast`.
    position: Reflect<u64>,
    /// What it was put to, as it stands now.
    node: Option<Node>,
}

/// What became of a batch of scans.
#[derive(Union)]
pub(super) enum ScanPayload {
    /// Each scan was answered.
    Answered(ScanAnswers),
    /// The batch as a whole was not taken.
    Refused(Refusal),
}

/// The answers to a batch of scans.
#[derive(SimpleObject)]
pub(super) struct ScanAnswers {
    /// One for each scan, in their order.
    answers: Reflect<Vec<AnswerBody>>,
    /// The engine's clock.
    server_time: Reflect<Timestamp>,
}

/// A sent value as it came.
struct Sent(Value);

impl InputType for Sent {
    type RawValueType = Value;

    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("JSON")
    }

    fn create_type_info(_: &mut Registry) -> String {
        Self::qualified_type_name()
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        Ok(Self(value.unwrap_or_default()))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }

    fn as_raw_value(&self) -> Option<&Value> {
        Some(&self.0)
    }
}

/// Every command and the scans.
pub(super) struct Commands;

/// The name of the mutation that takes scans.
const SCAN: &str = "scan";

impl ObjectType for Commands {}

impl ContainerType for Commands {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let name = ctx.item.node.name.node.as_str();
        let command = TABLE.get(name);
        if command.is_none() && name != SCAN {
            return Ok(None);
        }
        let (_, Sent(input)) = ctx.param_value::<Sent>("input", None)?;
        let selected = ctx.with_selection_set(&ctx.item.node.selection_set);
        let failed =
            |error: async_graphql::Error| ctx.set_error_path(error.into_server_error(ctx.item.pos));
        let told = if let Some(command) = command {
            let payload = put(ctx, command, input).await.map_err(failed)?;
            payload.resolve(&selected, ctx.item).await?
        } else {
            let payload = scan(ctx, input).await.map_err(failed)?;
            payload.resolve(&selected, ctx.item).await?
        };
        Ok(Some(told))
    }
}

impl OutputType for Commands {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("Commands")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let payload = CommandPayload::create_type_info(registry);
        let mut fields: Vec<_> = TABLE
            .values()
            .map(|command| {
                let input = register_input(command, registry);
                mutation(&command.field, command.description.clone(), &input, &payload)
            })
            .collect();
        let scans = shapes(Direction::Input).of::<ScansBody>();
        register(&scans, Direction::Input, registry);
        let payload = ScanPayload::create_type_info(registry);
        let told = "Take one or many scans of one device; each gets its own answer.";
        let input = super::reflect::written(&scans);
        fields.push(mutation(SCAN, Some(told.into()), &input, &payload));
        let meta = meta_object("Commands".into(), None, fields.into_iter().collect());
        registry.create_output_type::<Self, _>(async_graphql::registry::MetaTypeId::Object, |_| {
            meta.clone()
        })
    }

    async fn resolve(
        &self,
        _: &ContextSelectionSet<'_>,
        field: &Positioned<Selected>,
    ) -> ServerResult<Value> {
        Err(ServerError::new("mutations are asked at the root", Some(field.pos)))
    }
}

fn register_input(command: &Command, registry: &mut Registry) -> String {
    let name = input_name(command);
    let mut fields = envelope(has_id(command));
    fields.extend(command.fields.iter().cloned());
    for field in &fields {
        register(&field.shape, Direction::Input, registry);
    }
    let description = command.description.clone();
    let fields = fields.iter().map(meta_input).collect();
    let meta: MetaType = meta_input_object(name.clone(), description, fields, false);
    registry.types.insert(name.clone(), meta);
    format!("{name}!")
}

fn input_name(command: &Command) -> String {
    format!("{}Input", pascal(&command.field))
}

fn has_id(command: &Command) -> bool {
    command.aggregate != "community"
}

fn mutation(
    name: &str,
    description: Option<String>,
    input: &str,
    payload: &str,
) -> (String, async_graphql::registry::MetaField) {
    let (name, mut field) = told_field(name, description, payload.to_owned());
    let (argument, value) = sent_field("input", None, input.to_owned());
    field.args.insert(argument, value);
    (name, field)
}

/// Puts a command to its aggregate.
async fn put(ctx: &Context<'_>, command: &Command, input: Value) -> Result<CommandPayload> {
    let Value::Object(sent) = input else { return Err("`input` is an object".into()) };
    let mut body = undressed_object(&envelope(has_id(command)), sent.clone());
    let mut fact = undressed_object(&command.fields, sent);
    fact["kind"] = json!(command.word);
    body["command"] = fact;
    let mut taken = |key: &str| match body.as_object_mut().and_then(|body| body.remove(key)) {
        Some(Json::String(text)) => text,
        _ => String::new(),
    };
    let (community, id) = (taken("community"), taken("id"));
    let community: CommunityId = match path_part(&community, "community") {
        Ok(community) => community,
        Err(problem) => return Ok(CommandPayload::Refused(problem.into())),
    };
    match (command.handle)(app(ctx).clone(), community.clone(), id.clone(), body).await {
        Ok(done) => {
            let key = if has_id(command) { id } else { "main".to_owned() };
            let node = match NodeKind::named(command.aggregate) {
                Some(kind) => NodeId { kind, community, key }.load(ctx).await?,
                None => None,
            };
            Ok(CommandPayload::Done(CommandDone {
                revision: done.revision.map(Reflect),
                already_so: done.already_so,
                position: Reflect(done.position),
                node,
            }))
        }
        Err(problem) if problem.is_deferred() => Err(fault(&problem)),
        Err(problem) => Ok(CommandPayload::Refused(problem.into())),
    }
}

/// Takes scans.
async fn scan(ctx: &Context<'_>, input: Value) -> Result<ScanPayload> {
    let shape = shapes(Direction::Input).of::<ScansBody>();
    let batch = super::reflect::undressed(&shape, input);
    let bytes = serde_json::to_vec(&batch)?;
    match take_all(app(ctx), &bytes).await {
        Ok(AnswersBody { answers, server_time }) => {
            let (answers, server_time) = (Reflect(answers), Reflect(server_time));
            Ok(ScanPayload::Answered(ScanAnswers { answers, server_time }))
        }
        Err(problem) if problem.is_deferred() => Err(fault(&problem)),
        Err(problem) => Ok(ScanPayload::Refused(problem.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes::{RequestBody, routes};

    #[test]
    fn no_field_of_a_command_hides_one_of_the_envelope() {
        for command in TABLE.values() {
            let envelope = envelope(has_id(command));
            let around: BTreeSet<_> = envelope.iter().map(|field| field.key.as_str()).collect();
            let hidden = command.fields.iter().find(|field| around.contains(field.key.as_str()));
            assert!(hidden.is_none(), "{}: {hidden:?}", command.field);
        }
    }

    #[test]
    fn every_kind_of_every_command_over_rest_is_a_mutation() {
        let mut generator = schemars::SchemaGenerator::default();
        let mut missing = vec![];
        for route in routes().iter().filter(|route| route.path.ends_with("/commands")) {
            let RequestBody::Json(schema) = route.request else { continue };
            schema(&mut generator);
        }
        let words: BTreeSet<_> = TABLE.values().map(|command| command.word.clone()).collect();
        let mut bodies = 0;
        for (name, schema) in generator.definitions() {
            if name == "CommandBody" || !name.ends_with("CommandBody") {
                continue;
            }
            bodies += 1;
            for variant in schema["oneOf"].as_array().into_iter().flatten() {
                let word = variant["properties"]["kind"]["const"].as_str().unwrap_or_default();
                if !words.contains(word) {
                    missing.push(format!("{name}: {word}"));
                }
            }
        }
        let aggregates: BTreeSet<_> = TABLE.values().map(|command| command.aggregate).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(bodies, aggregates.len(), "an aggregate is missing in `commands`");
    }

    #[test]
    fn a_field_is_named_by_its_aggregate_and_its_kind() {
        assert!(TABLE.contains_key("householdSetDoors"));
    }
}
