//! The checksum of each event and the hash chain over all of them.
//!
//! The digest of an event is blake3 over its places, its id and its texts and bytes, each with its
//! length, so that no two different events have the same input. The first eight bytes are kept as
//! the checksum that every read verifies. The link is blake3 over the link before and the digest:
//! whoever changes, drops or swaps an event has to change every link after it as well, and a link
//! that was kept elsewhere shows it.

use uuid::Uuid;

/// The link of an event: blake3 over the link of the event before and its own digest.
pub(super) type Link = [u8; 32];

/// What stands in place of a link before the first event.
pub(super) const FIRST_LINK: Link = [0; 32];

/// The parts of a stored event that its digest covers: all of them.
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

/// Computes digests in a buffer that it keeps.
#[derive(Default)]
pub(super) struct Digester(Vec<u8>);

#[derive(Clone, Copy)]
pub(super) struct Digest(blake3::Hash);

impl Digester {
    pub fn digest(&mut self, content: Content<'_>) -> Digest {
        let Content {
            position,
            stream,
            revision,
            id,
            event_type,
            data,
            metadata,
        } = content;
        self.0.clear();
        self.0.extend_from_slice(&position.to_le_bytes());
        self.0.extend_from_slice(&revision.to_le_bytes());
        self.0.extend_from_slice(id.as_bytes());
        for bytes in [stream.as_bytes(), event_type.as_bytes(), data, metadata] {
            self.0
                .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            self.0.extend_from_slice(bytes);
        }
        Digest(blake3::hash(&self.0))
    }
}

impl Digest {
    /// The first eight bytes, as SQLite stores integers.
    pub fn checksum(self) -> i64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0.as_bytes()[..8]);
        i64::from_le_bytes(first)
    }

    /// The link of this event, after the one before it.
    pub fn link(self, previous: &Link) -> Link {
        let mut input = [0; 64];
        input[..32].copy_from_slice(previous);
        input[32..].copy_from_slice(self.0.as_bytes());
        *blake3::hash(&input).as_bytes()
    }
}
