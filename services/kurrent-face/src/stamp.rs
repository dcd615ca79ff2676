//! What the protocol knows of an event and the log does not: when it was taken, and whether its
//! data are JSON.
//!
//! The engine's events say in their metadata when they were recorded and are kept as they come, so
//! that a log that went through the protocol is byte for byte the log that went in. Other events
//! get a short head before their metadata.

use bytes::{BufMut, Bytes, BytesMut};
use event_log::EVENT_BYTES_MAX;
use jiff::Timestamp;
use serde::{Deserialize, de::IgnoredAny};

/// Begins what no JSON begins with.
const MAGIC: &[u8; 4] = b"\0lm\x01";
/// The magic, 8 bytes of time, one of kind.
const HEAD_BYTES: usize = MAGIC.len() + 9;
const JSON: u8 = 1;
const OCTETS: u8 = 0;

/// The protocol's time: 100 nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub(crate) struct Ticks(pub u64);

/// An event's metadata, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub created: Ticks,
    pub json: bool,
    pub metadata: Bytes,
}

#[derive(Deserialize)]
struct Dated<'a> {
    #[serde(borrow)]
    recorded_at: Option<&'a str>,
}

/// The metadata to keep for an event.
pub(crate) fn stamp(metadata: Bytes, json: bool, data_bytes: usize, now: Timestamp) -> Bytes {
    if json && recorded_at(&metadata).is_some() {
        return metadata;
    }
    if data_bytes + metadata.len() + HEAD_BYTES > EVENT_BYTES_MAX {
        // There is no room for the head: such an event has no time.
        return metadata;
    }
    let mut stamped = BytesMut::with_capacity(HEAD_BYTES + metadata.len());
    stamped.put_slice(MAGIC);
    stamped.put_u64(Ticks::of(now).0);
    stamped.put_u8(if json { JSON } else { OCTETS });
    stamped.put(metadata);
    stamped.freeze()
}

/// Takes the metadata of an event apart.
pub(crate) fn unstamp(kept: &Bytes, data: &[u8]) -> Stamped {
    if kept.starts_with(MAGIC)
        && let Some(head) = kept.get(MAGIC.len()..HEAD_BYTES)
        && let Some((ticks, [kind])) = head.split_first_chunk::<8>()
    {
        let created = Ticks(u64::from_be_bytes(*ticks));
        return Stamped { created, json: *kind == JSON, metadata: kept.slice(HEAD_BYTES..) };
    }
    let created = recorded_at(kept);
    let json = created.is_some() || serde_json::from_slice::<IgnoredAny>(data).is_ok();
    Stamped { created: created.map(Ticks::of).unwrap_or_default(), json, metadata: kept.clone() }
}

fn recorded_at(metadata: &[u8]) -> Option<Timestamp> {
    let Dated { recorded_at } = serde_json::from_slice(metadata).ok()?;
    recorded_at?.parse().ok()
}

impl Ticks {
    pub fn of(time: Timestamp) -> Self {
        Self(u64::try_from(time.as_nanosecond() / 100).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2022-04-01T06:00:00.1234567Z".parse().unwrap()
    }

    #[test]
    fn metadata_come_back() {
        for metadata in [&b""[..], b"{}", b"\0{\"a\":\n1}", MAGIC, b"{\"recorded_at\":\"soon\"}"] {
            for json in [true, false] {
                let metadata = Bytes::copy_from_slice(metadata);
                let kept = stamp(metadata.clone(), json, 10, at());
                let created = Ticks(16_487_928_001_234_567);
                assert_eq!(unstamp(&kept, b""), Stamped { created, json, metadata });
            }
        }
    }

    #[test]
    fn what_says_when_it_was_recorded_is_kept_as_it_is() {
        let metadata = Bytes::from_static(br#"{"a":1,"recorded_at":"2022-04-01T06:00:01Z"}"#);
        let kept = stamp(metadata.clone(), true, 10, at());
        assert_eq!(kept, metadata);
        let created = Ticks(16_487_928_010_000_000);
        assert_eq!(unstamp(&kept, b"{}"), Stamped { created, json: true, metadata });
    }

    #[test]
    fn the_largest_event_stays_within_the_limit() {
        let metadata = Bytes::from(vec![b'm'; 100]);
        let kept = stamp(metadata.clone(), true, EVENT_BYTES_MAX - 100, at());
        assert_eq!(kept, metadata);
        assert_eq!(unstamp(&kept, b"").created, Ticks(0));
    }
}
