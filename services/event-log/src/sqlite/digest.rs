//! The checksum of each event and the hash chain over all of them.
//!
//! Both are computed over the places, the id, the texts and the bytes of an event, each with its
//! length, so that no two different events have the same input. The checksum (`XXH3`, 64 bits) is
//! for disks that lie: every read verifies it, so it has to be fast. The link is for people who
//! lie: blake3 over the link before and blake3 of the event. Whoever changes, drops or swaps an
//! event has to change every link after it as well, and a link that was kept elsewhere shows it.

use twox_hash::XxHash3_64;
use uuid::Uuid;

/// The link of an event: blake3 over the link of the event before and blake3 of the event.
pub(super) type Link = [u8; 32];

/// What stands in place of a link before the first event.
pub(super) const FIRST_LINK: Link = [0; 32];

/// The parts of a stored event that its checksum and its link cover: all of them.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    pub position: u64,
    pub stream: &'a str,
    pub revision: u64,
    pub id: &'a Uuid,
    pub event_type: &'a str,
    pub data: &'a [u8],
    pub metadata: &'a [u8],
}

/// Lays out events in a buffer that it keeps.
#[derive(Default)]
pub(super) struct Digester(Vec<u8>);

/// An event laid out.
#[derive(Clone, Copy)]
pub(super) struct Layout<'a>(&'a [u8]);

impl Digester {
    pub fn lay_out(&mut self, content: Content<'_>) -> Layout<'_> {
        let Content { position, stream, revision, id, event_type, data, metadata } = content;
        self.0.clear();
        self.0.extend_from_slice(&position.to_le_bytes());
        self.0.extend_from_slice(&revision.to_le_bytes());
        self.0.extend_from_slice(id.as_bytes());
        for bytes in [stream.as_bytes(), event_type.as_bytes(), data, metadata] {
            self.0.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            self.0.extend_from_slice(bytes);
        }
        Layout(&self.0)
    }
}

impl Layout<'_> {
    /// The checksum, as SQLite stores integers.
    pub fn checksum(self) -> i64 {
        XxHash3_64::oneshot(self.0).cast_signed()
    }

    /// The link of this event, after the one before it.
    pub fn link(self, previous: &Link) -> Link {
        let mut input = [0; 64];
        input[..32].copy_from_slice(previous);
        input[32..].copy_from_slice(blake3::hash(self.0).as_bytes());
        *blake3::hash(&input).as_bytes()
    }
}
