//! Between the domain's events and the log's bytes: metadata, versions, upcasting.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use domain::arrival_slots::{ArrivalSlots, ArrivalSlotsEvent};
use domain::community::{Community, CommunityEvent};
use domain::device::event::ContentDigest;
use domain::device::{Device, DeviceEvent};
use domain::household::{Household, HouseholdEvent};
use domain::ids::{ActorId, CommandId, CommunityId, DeviceId};
use domain::ids::{HouseholdId, OrderId, ParcelId, RunId, VolunteerId};
use domain::order::{Order, OrderEvent};
use domain::parcel::{Parcel, ParcelEvent};
use domain::plan::{Plan, PlanEvent};
use domain::run::{Run, RunEvent};
use domain::volunteer::{Volunteer, VolunteerEvent};
use domain::{Decider, DomainEvent};
use event_log::{NewEvent, Position, RecordedEvent, Revision, StreamName, StreamNameError};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::upcast;

/// An aggregate that is kept in the log.
pub trait Stored:
    Decider<
        State: Clone + Send + Sync,
        Event: DomainEvent + Clone + Send + Sync,
        Command: Send,
        Refusal: domain::Refuse + Send + Sync,
    > + Send
    + Sync
    + 'static
{
    /// The category of its streams: the part of the name before the first hyphen.
    const CATEGORY: &'static str;

    /// What names one of them within its community.
    type Id: fmt::Display + FromStr + Clone + Send + Sync;

    /// The stream of one of them: `<category>-<community>.<id>`.
    ///
    /// # Errors
    /// A name that is too long for a log.
    fn stream(community: &CommunityId, id: &Self::Id) -> Result<StreamName, StreamNameError> {
        format!("{}-{community}.{id}", Self::CATEGORY).parse()
    }
}

/// The one community aggregate of a community's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Main;

/// A name that is not the one of a community's own aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a community's own stream ends in `main`")]
pub struct NotMain;

impl fmt::Display for Main {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("main")
    }
}

impl FromStr for Main {
    type Err = NotMain;

    fn from_str(text: &str) -> Result<Self, NotMain> {
        if text == "main" { Ok(Self) } else { Err(NotMain) }
    }
}

/// Declares the aggregates: their categories, ids, and the enum over all their events.
macro_rules! stored {
    ($($aggregate:ident, $event:ident, $category:literal, $id:ty;)+) => {
        $(
            impl Stored for $aggregate {
                const CATEGORY: &'static str = $category;
                type Id = $id;
            }
        )+

        /// The categories of the engine's own streams.
        pub const CATEGORIES: &[&str] = &[$($category),+];

        /// An event of any aggregate, and which one it is of.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum AnyEvent {
            $(
                #[doc = concat!("Of the `", $category, "` streams.")]
                $aggregate($id, $event),
            )+
        }

        impl AnyEvent {
            /// The type's name, as it is stored.
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$aggregate(_, event) => event.event_type()),+ }
            }
        }

        /// Decodes an event of a stream of `category`; `None` is a stream that is not ours.
        fn decode_any(
            category: &str,
            id: &str,
            event_type: &str,
            payload: &[u8],
        ) -> Option<serde_json::Result<AnyEvent>> {
            match category {
                $($category => {
                    let id = id.parse().ok()?;
                    let event = decode_payload::<$event>(event_type, payload);
                    Some(event.map(|event| AnyEvent::$aggregate(id, event)))
                })+
                _ => None,
            }
        }

        /// The JSON schema of every event, by category and event type.
        pub fn event_schemas() -> Vec<(&'static str, &'static str, schemars::Schema)> {
            let mut all = vec![];
            $(
                let schemas = <$event as DomainEvent>::schemas();
                all.extend(schemas.into_iter().map(|(name, schema)| ($category, name, schema)));
            )+
            all
        }
    };
}

stored! {
    ArrivalSlots, ArrivalSlotsEvent, "arrivals", Date;
    Community, CommunityEvent, "community", Main;
    Device, DeviceEvent, "device", DeviceId;
    Household, HouseholdEvent, "household", HouseholdId;
    Order, OrderEvent, "order", OrderId;
    Parcel, ParcelEvent, "parcel", ParcelId;
    Plan, PlanEvent, "plan", Date;
    Run, RunEvent, "run", RunId;
    Volunteer, VolunteerEvent, "volunteer", VolunteerId;
}

/// What is stored beside every event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The command that caused it.
    pub command_id: CommandId,
    /// The digest of what was sent under that id.
    pub content: ContentDigest,
    /// The request that began it all; absent when it is the command itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<CommandId>,
    /// The event that a process reacted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<Uuid>,
    /// Who did it.
    pub actor: ActorId,
    /// With which device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The device's own number of the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// When it happened, by the device, corrected by the offset of its clock.
    pub occurred_at: Timestamp,
    /// When the engine learned of it.
    pub recorded_at: Timestamp,
    /// What was odd about the device's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockNote>,
    /// The version of the event's shape.
    #[serde(default = "first_version", skip_serializing_if = "is_first_version")]
    pub schema_version: u16,
}

fn first_version() -> u16 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_first_version(version: &u16) -> bool {
    *version == 1
}

/// The raw time of a device whose clock had to be corrected, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClockNote {
    /// What the device said.
    pub raw: Timestamp,
    /// It lay more than two minutes in the future and was clamped to now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clamped: bool,
    /// By how many seconds the device's clock was ahead, when by more than five minutes either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_seconds: Option<i64>,
}

/// What stands in the log but cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Another category, or a name without community or id.
    #[error("stream `{stream}` is none of this engine's")]
    ForeignStream {
        /// The stream.
        stream: StreamName,
    },
    /// A payload or metadata of another shape.
    #[error("event {} of stream `{stream}` cannot be read", revision)]
    Unreadable {
        /// The stream.
        stream: StreamName,
        /// The revision.
        revision: u64,
        /// What JSON says.
        #[source]
        source: serde_json::Error,
    },
    /// An event that JSON cannot hold.
    #[error("an event cannot be written")]
    Unwritable(#[source] serde_json::Error),
}

/// An event as the views are shown it: decoded, in its place.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Its place in the global order.
    pub position: Position,
    /// Its place in its stream.
    pub revision: Revision,
    /// Its id.
    pub id: Uuid,
    /// The community.
    pub community: CommunityId,
    /// About the happening.
    pub metadata: Metadata,
    /// What happened, and to which aggregate.
    pub event: AnyEvent,
}

impl Observed {
    /// Decodes an event; `None` is one of the server itself, whose streams begin with `$`.
    ///
    /// # Errors
    /// A foreign stream, an unknown event type, or a payload or metadata of another shape.
    pub fn read(recorded: &RecordedEvent) -> Result<Option<Self>, CodecError> {
        if recorded.stream.as_str().starts_with('$') {
            return Ok(None);
        }
        let foreign = || CodecError::ForeignStream { stream: recorded.stream.clone() };
        let (_, community, _) = parse_stream(&recorded.stream).ok_or_else(foreign)?;
        let metadata = decode_metadata(recorded)?;
        Ok(Some(Self {
            position: recorded.position,
            revision: recorded.revision,
            id: recorded.id,
            community: community.parse().map_err(|_| foreign())?,
            event: decode_recorded(recorded, metadata.schema_version)?,
            metadata,
        }))
    }
}

impl Metadata {
    /// Whether the command followed from another request, and so is no sender's own.
    pub fn is_follow_up(&self) -> bool {
        self.correlation_id.is_some()
    }
}

/// The category, the community and the id in a stream's name.
pub fn parse_stream(stream: &StreamName) -> Option<(&str, &str, &str)> {
    let (category, rest) = stream.as_str().split_once('-')?;
    let (community, id) = rest.split_once('.')?;
    Some((category, community, id))
}

/// Whether a stream of this name is the engine's own, whatever is in it.
pub fn is_own_stream(name: &str) -> bool {
    name.split_once('-').is_some_and(|(category, _)| CATEGORIES.contains(&category))
}

/// Encodes an event as the `index`-th of its command.
///
/// # Errors
/// An event that JSON cannot hold.
pub fn encode<E: DomainEvent>(
    event: &E,
    index: usize,
    metadata: &Metadata,
    metadata_bytes: &Bytes,
) -> Result<NewEvent, CodecError> {
    let mut data = Vec::with_capacity(256);
    event.encode(&mut serde_json::Serializer::new(&mut data)).map_err(CodecError::Unwritable)?;
    Ok(NewEvent {
        id: metadata.command_id.event_id(index),
        event_type: Arc::from(event.event_type()),
        data: Bytes::from(data),
        metadata: metadata_bytes.clone(),
    })
}

/// Encodes metadata, once for all events of a command.
///
/// # Errors
/// Metadata that JSON cannot hold.
pub fn encode_metadata(metadata: &Metadata) -> Result<Bytes, CodecError> {
    serde_json::to_vec(metadata).map(Bytes::from).map_err(CodecError::Unwritable)
}

/// Decodes the metadata of an event.
///
/// # Errors
/// Metadata of another shape.
pub fn decode_metadata(recorded: &RecordedEvent) -> Result<Metadata, CodecError> {
    serde_json::from_slice(&recorded.metadata).map_err(|source| unreadable(recorded, source))
}

/// Decodes an event of a known aggregate, in whatever version it was stored.
///
/// # Errors
/// An unknown event type or a payload of another shape.
pub fn decode<E: DomainEvent>(
    recorded: &RecordedEvent,
    schema_version: u16,
) -> Result<E, CodecError> {
    let payload = upcast::to_current(&recorded.event_type, schema_version, &recorded.data)
        .map_err(|source| unreadable(recorded, source))?;
    decode_payload(&recorded.event_type, &payload).map_err(|source| unreadable(recorded, source))
}

/// Decodes an event of whichever aggregate its stream belongs to.
///
/// # Errors
/// A foreign stream, an unknown event type or a payload of another shape.
pub fn decode_recorded(
    recorded: &RecordedEvent,
    schema_version: u16,
) -> Result<AnyEvent, CodecError> {
    let foreign = || CodecError::ForeignStream { stream: recorded.stream.clone() };
    let (category, _, id) = parse_stream(&recorded.stream).ok_or_else(foreign)?;
    let payload = upcast::to_current(&recorded.event_type, schema_version, &recorded.data)
        .map_err(|source| unreadable(recorded, source))?;
    decode_any(category, id, &recorded.event_type, &payload)
        .ok_or_else(foreign)?
        .map_err(|source| unreadable(recorded, source))
}

fn decode_payload<E: DomainEvent>(event_type: &str, payload: &[u8]) -> serde_json::Result<E> {
    E::decode(event_type, &mut serde_json::Deserializer::from_slice(payload))
}

fn unreadable(recorded: &RecordedEvent, source: serde_json::Error) -> CodecError {
    let (stream, revision) = (recorded.stream.clone(), recorded.revision.0);
    CodecError::Unreadable { stream, revision, source }
}
