//! Events, as the official client has them and as the log has them.

use eventstore::{Error, EventData, StreamPosition};
use serde_json::value::RawValue;

use crate::{NewEvent, Position, RecordedEvent, Revision, StreamName};

/// An event to append. Data that are JSON are declared to be JSON; in either case the bytes are
/// kept as they are.
pub(super) fn proposed(event: &NewEvent) -> EventData {
    let json = serde_json::from_slice::<&RawValue>(&event.data).ok();
    let json = json.filter(|json| json.get().len() == event.data.len());
    let data = json.and_then(|json| EventData::json(&*event.event_type, &json).ok());
    let data = data.unwrap_or_else(|| EventData::binary(&*event.event_type, event.data.clone()));
    data.id(event.id).metadata(event.metadata.clone())
}

/// An event that was read.
pub(super) fn recorded(
    event: eventstore::RecordedEvent,
    prefix: &str,
) -> Result<RecordedEvent, Error> {
    let name = event.stream_id().strip_prefix(prefix).unwrap_or_default();
    let stream = StreamName::try_from(name);
    let stream = stream.map_err(|error| Error::InternalParsingError(error.to_string()))?;
    Ok(RecordedEvent {
        position: position_of(event.position),
        stream,
        revision: Revision(event.revision),
        id: event.id,
        event_type: event.event_type.into(),
        data: event.data,
        metadata: event.custom_metadata,
    })
}

pub(super) fn position_of(position: eventstore::Position) -> Position {
    Position(position.commit)
}

/// Of a single append the prepare position is the commit position.
pub(super) fn to_position(Position(commit): Position) -> StreamPosition<eventstore::Position> {
    StreamPosition::Position(eventstore::Position { commit, prepare: commit })
}
