//! Which streams there may be, so that a new one is known to be new without asking the file.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use crate::StreamName;

/// The bits for each stream: of about fifty new ones, one is taken for an old one.
const BITS_PER_STREAM: u64 = 16;
/// The fewest streams that it is made for: what comes while a log is open has to fit as well.
const STREAMS_MIN: u64 = 1 << 19;
/// The bits that each stream sets, all in one word.
const BITS_SET: u32 = 4;

/// A Bloom filter whose stream takes one word each. It errs on one side only: what it says is new
/// has never been in the log. With more streams than it was made for it says so less often, and
/// they are looked up in the file.
pub(super) struct Streams {
    words: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Streams {
    /// Reads the names of all streams; about a fifth of a second for a million.
    pub fn read(conn: &Connection) -> rusqlite::Result<Self> {
        let count: i64 = conn.query_row("SELECT count(*) FROM streams", [], |row| row.get(0))?;
        let room = count.cast_unsigned().saturating_mul(2).max(STREAMS_MIN);
        let streams = Self::with_room(room);
        let mut names = conn.prepare("SELECT name FROM streams")?;
        let mut rows = names.query([])?;
        while let Some(row) = rows.next()? {
            // A name that is no text is found when the stream is read; nobody can ask for it.
            if let Ok(name) = row.get_ref(0)?.as_str() {
                streams.add_name(name);
            }
        }
        Ok(streams)
    }

    fn with_room(streams: u64) -> Self {
        let words = (streams * BITS_PER_STREAM / u64::from(u64::BITS)).next_power_of_two();
        let words = (0..words).map(|_| AtomicU64::new(0)).collect();
        Self { words, hasher: RandomState::new() }
    }

    /// Takes a stream up, before any of its events can be read.
    pub fn add(&self, stream: &StreamName) {
        self.add_name(stream.as_str());
    }

    /// Whether it has never been in the log.
    pub fn is_new(&self, stream: &StreamName) -> bool {
        let (word, bits) = self.place(stream.as_str());
        word.load(Ordering::Acquire) & bits != bits
    }

    fn add_name(&self, name: &str) {
        let (word, bits) = self.place(name);
        word.fetch_or(bits, Ordering::Release);
    }

    /// The word of a name, and its bits in there.
    fn place(&self, name: &str) -> (&AtomicU64, u64) {
        let hash = self.hasher.hash_one(name);
        let bits = (0..BITS_SET).fold(0, |bits, n| bits | 1 << ((hash >> (6 * n)) & 63));
        let word = (hash >> 32) & (self.words.len() as u64 - 1);
        (&self.words[usize::try_from(word).unwrap_or(0)], bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: u64) -> StreamName {
        StreamName::new(format!("parcel-fumin.{n}")).unwrap()
    }

    #[test]
    fn what_was_taken_up_is_never_new_and_most_of_the_others_are() {
        const KNOWN: u64 = 10_000;
        let streams = Streams::with_room(KNOWN);
        (0..KNOWN).for_each(|n| streams.add(&name(n)));
        assert!((0..KNOWN).all(|n| !streams.is_new(&name(n))));
        let mistaken = (KNOWN..2 * KNOWN).filter(|n| !streams.is_new(&name(*n))).count();
        assert!(mistaken < 500, "{mistaken} of {KNOWN}");
    }
}
