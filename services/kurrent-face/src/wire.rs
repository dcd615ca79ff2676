//! Events as messages.

use std::collections::HashMap;

use bytes::Bytes;
use event_log::{NewEvent, Position, RecordedEvent};
use tonic::Status;
use uuid::Uuid;

use crate::{
    error::missing,
    metadata::revision,
    name,
    page::Shown,
    proto::client::{
        self, StreamIdentifier,
        streams::{
            append_req,
            read_req::options::{UuidOption, uuid_option},
            read_resp::{
                ReadEvent,
                read_event::{self, RecordedEvent as Message},
            },
        },
        uuid::{Structured, Value},
    },
    stamp::unstamp,
    store::Proposed,
};

const TYPE: &str = "type";
const CONTENT_TYPE: &str = "content-type";
const CREATED: &str = "created";
const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

/// The form in which a client wants ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdForm {
    Structured,
    Text,
}

impl IdForm {
    pub fn read(option: Option<UuidOption>) -> Self {
        match option.and_then(|option| option.content) {
            Some(uuid_option::Content::Structured(())) => Self::Structured,
            Some(uuid_option::Content::String(())) | None => Self::Text,
        }
    }

    pub fn write(self, id: Uuid) -> client::Uuid {
        let value = match self {
            Self::Text => Value::String(id.to_string()),
            Self::Structured => {
                let (most, least) = id.as_u64_pair();
                Value::Structured(Structured {
                    most_significant_bits: most.cast_signed(),
                    least_significant_bits: least.cast_signed(),
                })
            }
        };
        client::Uuid { value: Some(value) }
    }
}

pub(crate) fn read_id(id: Option<client::Uuid>) -> Result<Uuid, Status> {
    match id.and_then(|id| id.value).ok_or_else(|| missing("id"))? {
        Value::String(text) => {
            Uuid::parse_str(&text).map_err(|_| Status::invalid_argument("an id is a UUID"))
        }
        Value::Structured(Structured { most_significant_bits, least_significant_bits }) => {
            let halves = (most_significant_bits, least_significant_bits);
            Ok(Uuid::from_u64_pair(halves.0.cast_unsigned(), halves.1.cast_unsigned()))
        }
    }
}

pub(crate) fn read_name(identifier: Option<StreamIdentifier>) -> Result<String, Status> {
    let identifier = identifier.ok_or_else(|| missing("stream name"))?;
    let name = name::from_bytes(&identifier.stream_name);
    Ok(name.map_err(|error| Status::invalid_argument(error.to_string()))?.to_owned())
}

pub(crate) fn write_name(name: &str) -> StreamIdentifier {
    StreamIdentifier { stream_name: name.as_bytes().to_vec() }
}

/// Reads an event that a client proposes.
pub(crate) fn read_proposed(message: append_req::ProposedMessage) -> Result<Proposed, Status> {
    let append_req::ProposedMessage { id, mut metadata, custom_metadata, data } = message;
    let event_type = metadata.remove(TYPE).ok_or_else(|| missing("event type"))?;
    let json = match metadata.get(CONTENT_TYPE).map(String::as_str) {
        Some(JSON) => true,
        Some(OCTETS) => false,
        Some(_) => {
            let message = format!("the content type is `{JSON}` or `{OCTETS}`");
            return Err(Status::invalid_argument(message));
        }
        None => return Err(missing("content type")),
    };
    let id = read_id(id)?;
    let metadata = custom_metadata;
    let event = NewEvent { id, event_type: event_type.into(), data, metadata };
    Ok(Proposed { event, json })
}

/// An event as a message, with what it stands for.
pub(crate) fn write_shown(shown: &Shown, ids: IdForm) -> ReadEvent {
    let position = shown.original().map(|event| event.position.0);
    ReadEvent {
        event: shown.event.as_ref().map(|event| write_event(event, ids)),
        link: shown.link.as_ref().map(|event| write_event(event, ids)),
        position: Some(match position {
            Some(position) => read_event::Position::CommitPosition(position),
            None => read_event::Position::NoPosition(()),
        }),
    }
}

fn write_event(event: &RecordedEvent, ids: IdForm) -> Message {
    let Parts { metadata, custom_metadata } = parts(event);
    Message {
        id: Some(ids.write(event.id)),
        stream_identifier: Some(write_name(&name::shown(&event.stream))),
        stream_revision: revision(event),
        prepare_position: event.position.0,
        commit_position: event.position.0,
        metadata,
        custom_metadata,
        data: event.data.clone(),
    }
}

pub(crate) struct Parts {
    pub metadata: HashMap<String, String>,
    pub custom_metadata: Bytes,
}

pub(crate) fn parts(event: &RecordedEvent) -> Parts {
    let stamped = unstamp(&event.metadata, &event.data);
    let content_type = if stamped.json { JSON } else { OCTETS };
    let metadata = HashMap::from([
        (TYPE.to_owned(), event.event_type.to_string()),
        (CONTENT_TYPE.to_owned(), content_type.to_owned()),
        (CREATED.to_owned(), stamped.created.0.to_string()),
    ]);
    Parts { metadata, custom_metadata: stamped.metadata }
}

/// A position as the log counts; the protocol counts from 0 and no event stands there.
pub(crate) fn read_position(commit: u64) -> Option<Position> {
    (commit > 0).then_some(Position(commit))
}
