//! The feed of events: everything that happens, from a position on, without personal data.
//!
//! It is read from the log at the pace of whoever reads it, so it never loses anything, and a slow
//! reader costs nobody but itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::LazyLock;

use async_graphql::{Context, Result, SimpleObject};
use domain::ids::{ActorId, CommandId, CommunityId};
use event_log::{Delivery, Position, RecordedEvent, Subscription};
use futures_util::Stream;
use futures_util::stream::unfold;
use jiff::Timestamp;
use runtime::Problem;
use runtime::codec::{self, Metadata};
use serde_json::Value as Json;
use uuid::Uuid;

use super::fault::fault;
use super::load::app;
use super::reflect::Reflect;

/// The types whose values stay here: names, phones and notes, even sealed; what finds a phone
/// again; and what a household asked for, which may tell what it suffers from.
const PRIVATE: [&str; 3] = ["Sealed", "TailToken", "OrderLine"];

/// The fields of each event type that are not told.
static UNTOLD: LazyLock<BTreeMap<&'static str, BTreeSet<String>>> = LazyLock::new(|| {
    let all = codec::event_schemas().into_iter().map(|(_, name, schema)| {
        let private = schema.as_value()["properties"].as_object().into_iter().flatten();
        let private = private.filter(|(_, property)| {
            let property = property.to_string();
            PRIVATE.iter().any(|name| property.contains(&format!("/{name}\"")))
        });
        (name, private.map(|(field, _)| field.clone()).collect())
    });
    all.collect()
});

/// Something that happened.
#[derive(SimpleObject)]
#[expect(clippy::struct_field_names, reason = "the same names as in the trail and in REST")]
pub(super) struct Event {
    /// Its position in the log; subscribe `after` it to go on from there.
    position: Reflect<u64>,
    /// Its id.
    event_id: Reflect<Uuid>,
    /// What happened, such as `ParcelHandedOff`; its schema lies in `schema/events`.
    event_type: String,
    /// The community.
    community: Reflect<CommunityId>,
    /// The kind of thing that it happened to, such as `parcel`.
    category: String,
    /// The `key` of the thing that it happened to.
    key: String,
    /// How many events that thing had before.
    revision: Reflect<u64>,
    /// When it happened, by the device.
    occurred_at: Reflect<Timestamp>,
    /// When the engine learned of it.
    recorded_at: Reflect<Timestamp>,
    /// Who did it; a badge, never a name.
    actor: Reflect<ActorId>,
    /// The command that caused it.
    command_id: Reflect<CommandId>,
    /// The event itself, without personal data.
    data: Json,
}

/// Which events.
pub(super) struct Wanted {
    pub community: Option<CommunityId>,
    pub types: Option<BTreeSet<String>>,
}

/// Events from a position on; without one, from now on.
pub(super) async fn events(
    ctx: &Context<'_>,
    wanted: Wanted,
    after: Option<u64>,
) -> Result<impl Stream<Item = Result<Event>> + use<>> {
    let log = app(ctx).engine.log();
    let head = log.head().await.map_err(|error| log_failed(&error))?;
    if after > head.map(|head| head.0) {
        return Err(fault(&Problem::invalid(
            "resync",
            "the log does not reach this position: it is another log; read everything anew",
            "日志未到该位置（可能已更换日志）：请重新读取全部数据",
        )));
    }
    let after = after.map(Position).or(head);
    let feed = Feed { subscription: log.subscribe(after), ready: VecDeque::new(), wanted };
    Ok(unfold(Some(feed), |feed| async {
        let mut feed = feed?;
        match feed.next().await {
            Ok(event) => Some((Ok(event), Some(feed))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}

struct Feed {
    subscription: Box<dyn Subscription>,
    ready: VecDeque<RecordedEvent>,
    wanted: Wanted,
}

impl Feed {
    async fn next(&mut self) -> Result<Event> {
        loop {
            while let Some(recorded) = self.ready.pop_front() {
                if let Some(event) = self.wanted.read(&recorded) {
                    return Ok(event);
                }
            }
            match self.subscription.next().await {
                Ok(Delivery::Events(events)) => self.ready.extend(events.iter().cloned()),
                Ok(Delivery::CaughtUp) => {}
                Err(error) => return Err(log_failed(&error)),
            }
        }
    }
}

impl Wanted {
    /// The event, if it is wanted.
    fn read(&self, recorded: &RecordedEvent) -> Option<Event> {
        let (category, community, key) = codec::parse_stream(&recorded.stream)?;
        if self.community.as_ref().is_some_and(|wanted| wanted.as_str() != community) {
            return None;
        }
        if self.types.as_ref().is_some_and(|types| !types.contains(&*recorded.event_type)) {
            return None;
        }
        let metadata: Metadata = codec::decode_metadata(recorded).ok()?;
        Some(Event {
            position: Reflect(recorded.position.0),
            event_id: Reflect(recorded.id),
            event_type: recorded.event_type.to_string(),
            community: Reflect(community.parse().ok()?),
            category: category.to_owned(),
            key: key.to_owned(),
            revision: Reflect(recorded.revision.0),
            occurred_at: Reflect(metadata.occurred_at),
            recorded_at: Reflect(metadata.recorded_at),
            actor: Reflect(metadata.actor),
            command_id: Reflect(metadata.command_id),
            data: told(recorded)?,
        })
    }
}

/// What is told of an event; one whose type nobody knows tells nothing of itself.
pub(crate) fn told(recorded: &RecordedEvent) -> Option<Json> {
    let mut data: Json = serde_json::from_slice(&recorded.data).ok()?;
    let Some(untold) = UNTOLD.get(&*recorded.event_type) else { return Some(Json::Null) };
    if let Some(fields) = data.as_object_mut() {
        fields.retain(|name, _| !untold.contains(name));
    }
    Some(data)
}

fn log_failed(error: &event_log::LogError) -> async_graphql::Error {
    tracing::error!(error = error as &dyn std::error::Error, "the feed cannot read the log");
    fault(&Problem::deferred(
        "log-unavailable",
        "the event log did not answer: subscribe again from the last position",
        "事件日志暂无响应：请从最后的位置重新订阅",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_is_found_in_every_event_that_holds_it() {
        let untold = |name: &str| UNTOLD[name].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(untold("HouseholdContactSet"), ["name", "note", "phone", "phone_tail_tokens"]);
        assert_eq!(untold("VolunteerEnrolled"), ["name"]);
        assert_eq!(untold("OrderPlaced"), ["lines"]);
        assert_eq!(untold("ParcelArrived"), ["phone_tail", "sender"]);
        assert!(untold("ParcelHandedOff").is_empty());
    }
}
