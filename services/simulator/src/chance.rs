//! Chances and ids from a seed. Nothing here reads the machine's randomness or clock.

use domain::ids::CommandId;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use uuid::{Builder, Uuid};

/// The source of everything that happens by chance.
#[derive(Debug, Clone)]
pub(crate) struct Chance {
    rng: Rng,
}

impl Chance {
    /// The chances of one part of a story: other parts with the same seed do not disturb it.
    pub fn of(seed: u64, part: &str) -> Self {
        let mixed = part.bytes().fold(seed ^ 0x9e37_79b9_7f4a_7c15, |mixed, byte| {
            (mixed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self { rng: Rng::with_seed(mixed) }
    }

    /// Whether something happens that happens so many times in a thousand.
    pub fn permille(&mut self, times: u32) -> bool {
        self.rng.u32(0..1_000) < times
    }

    /// A number from `from` up to `to`, both of them possible.
    pub fn between(&mut self, from: u32, to: u32) -> u32 {
        self.rng.u32(from..=to)
    }

    /// So many seconds, from `from` up to `to`.
    pub fn seconds(&mut self, from: u32, to: u32) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.between(from, to)))
    }

    /// One of several, each as likely as its weight says; the index.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut drawn = self.rng.u32(0..total.max(1));
        for (index, weight) in weights.iter().enumerate() {
            if drawn < *weight {
                return index;
            }
            drawn -= weight;
        }
        weights.len().saturating_sub(1)
    }

    /// An index below `length`, which is not zero.
    pub fn index(&mut self, length: usize) -> usize {
        self.rng.usize(0..length.max(1))
    }

    /// One of several; there is at least one.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.index(of.len()))
    }

    /// So many decimal digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.rng.u8(0..10))).collect()
    }

    /// The order of `items` is left to chance.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.rng.shuffle(items);
    }

    /// An id for a thing.
    pub fn id(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.rng.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// An id for a command, as a device makes it at that moment.
    pub fn command_id(&mut self, at: Timestamp) -> CommandId {
        let mut bytes = [0; 10];
        self.rng.fill(&mut bytes);
        let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
        CommandId(Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }
}
