//! A log as text: one JSON object in each line, for any tool.
//!
//! ```json
//! {"position":1,"stream":"parcel-fumin.1","revision":0,"id":"0192…","type":"ParcelArrived",
//!  "data":{"weight_grams":800},"metadata":{}}
//! ```
//! (in one line). `data` and `metadata` hold the stored text as it is, when it is JSON in one line;
//! otherwise `data_base64` and `metadata_base64` hold the stored bytes. Either way the bytes come
//! back the same. Positions grow from line to line, and nothing else is allowed in a line.

use std::{
    borrow::Cow,
    io::{BufRead, Read, Write},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    Direction, EVENT_BYTES_MAX, EventLog, InvalidAppend, NewEvent, PAGE_EVENTS_MAX, Position,
    RecordedEvent, Revision, StreamName, StreamNameError, check_append,
    progress::{Progress, Watcher},
    transfer::{Follower, TransferError, Transferred},
};

/// The longest line: the largest event as base64, and its places.
const LINE_BYTES_MAX: u64 = 2 * EVENT_BYTES_MAX as u64;
/// Progress is told after so many lines.
const PROGRESS_LINES: u64 = 4_096;

/// A line that is no event.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Not the object that is described at the top of this module.
    #[error("not an event: {0}")]
    Json(#[from] serde_json::Error),
    /// Longer than any event.
    #[error("longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// A stream that cannot be.
    #[error("{0}")]
    StreamName(#[from] StreamNameError),
    /// Neither the text nor the bytes of a payload, or both.
    #[error("needs either {name} or {name}_base64")]
    Payload {
        /// `data` or `metadata`.
        name: &'static str,
    },
    /// Not base64.
    #[error("{name}_base64 is not base64: {source}")]
    Base64 {
        /// `data` or `metadata`.
        name: &'static str,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
    /// An event that no log would take.
    #[error("{0}")]
    Invalid(#[from] InvalidAppend),
    /// The lines are not in the order of their positions.
    #[error("position {found} does not come after {previous}")]
    Order {
        /// The position in the line before.
        previous: u64,
        /// The position in this line.
        found: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    position: u64,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    revision: u64,
    id: Uuid,
    #[serde(rename = "type", borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    data_base64: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    metadata_base64: Option<Cow<'a, str>>,
}

/// Writes every event of a log, one in each line. Gives their number.
///
/// # Errors
/// [`TransferError`] when the log cannot be read, the text cannot be written, or it is interrupted.
pub async fn export(
    log: &dyn EventLog,
    out: &mut (dyn Write + Send),
    watcher: Watcher<'_>,
) -> Result<u64, TransferError> {
    let total = log.head().await?.map_or(0, |head| head.0);
    let (mut after, mut count) = (None, 0);
    while after.is_none_or(|Position(done)| done < total) {
        let page = log.read_all(after, Direction::Forwards, PAGE_EVENTS_MAX).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.position);
        for event in page.iter().filter(|event| event.position.0 <= total) {
            write_line(out, event)?;
            count += 1;
        }
        if watcher(Progress { done: last.position.0.min(total), total }).is_break() {
            return Err(TransferError::Interrupted);
        }
    }
    out.flush()?;
    Ok(count)
}

/// Appends the events of an export. Goes on where an interrupted import was: what the log holds
/// must be a beginning of the text. Progress counts bytes of the text, of `bytes_total`.
///
/// # Errors
/// [`TransferError`]; `Line` names the first line that is no event. Events of the lines before it
/// may be in the log.
pub async fn import(
    text: &mut (dyn BufRead + Send),
    bytes_total: u64,
    log: &dyn EventLog,
    watcher: Watcher<'_>,
) -> Result<Transferred, TransferError> {
    let mut follower = Follower::new(log);
    let (mut line, mut done, mut previous) = (0, 0, 0);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let length = text.take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut bytes)? as u64;
        if length == 0 {
            break;
        }
        line += 1;
        done += length;
        let wrong = |source| TransferError::Line { line, source };
        if length > LINE_BYTES_MAX {
            return Err(wrong(LineError::TooLong));
        }
        let event = read_line(&bytes).map_err(wrong)?;
        let found = event.position.0;
        if found <= previous {
            return Err(wrong(LineError::Order { previous, found }));
        }
        previous = found;
        follower.push(event).await?;
        if line % PROGRESS_LINES == 0 && watcher(Progress { done, total: bytes_total }).is_break() {
            return Err(TransferError::Interrupted);
        }
    }
    follower.finish().await
}

fn write_line(out: &mut (dyn Write + Send), event: &RecordedEvent) -> Result<(), TransferError> {
    let (data, data_base64) = payload(&event.data);
    let (metadata, metadata_base64) = payload(&event.metadata);
    let line = Line {
        position: event.position.0,
        stream: event.stream.as_str().into(),
        revision: event.revision.0,
        id: event.id,
        event_type: (&*event.event_type).into(),
        data,
        data_base64,
        metadata,
        metadata_base64,
    };
    let mut text = serde_json::to_vec(&line).map_err(std::io::Error::from)?;
    text.push(b'\n');
    out.write_all(&text)?;
    Ok(())
}

/// A payload as JSON where that brings back the same bytes, else in base64. (`null` would read as a
/// field that is not there.)
fn payload(bytes: &Bytes) -> (Option<&RawValue>, Option<Cow<'_, str>>) {
    let exact = |json: &&RawValue| json.get().len() == bytes.len() && json.get() != "null";
    let one_line = !bytes.contains(&b'\n');
    match serde_json::from_slice(bytes).ok().filter(exact).filter(|_| one_line) {
        Some(json) => (Some(json), None),
        None => (None, Some(BASE64_STANDARD.encode(bytes).into())),
    }
}

fn read_line(bytes: &[u8]) -> Result<RecordedEvent, LineError> {
    let line: Line<'_> = serde_json::from_slice(bytes)?;
    let data = payload_bytes("data", line.data, line.data_base64)?;
    let metadata = payload_bytes("metadata", line.metadata, line.metadata_base64)?;
    let event = NewEvent { id: line.id, event_type: line.event_type.into(), data, metadata };
    check_append(std::slice::from_ref(&event))?;
    let stream = StreamName::new(line.stream)?;
    Ok(RecordedEvent::place(event, stream, Revision(line.revision), Position(line.position)))
}

fn payload_bytes(
    name: &'static str,
    json: Option<&RawValue>,
    base64: Option<Cow<'_, str>>,
) -> Result<Bytes, LineError> {
    match (json, base64) {
        (Some(json), None) => Ok(Bytes::copy_from_slice(json.get().as_bytes())),
        (None, Some(base64)) => BASE64_STANDARD
            .decode(base64.as_bytes())
            .map(Bytes::from)
            .map_err(|source| LineError::Base64 { name, source }),
        (Some(_), Some(_)) | (None, None) => Err(LineError::Payload { name }),
    }
}
