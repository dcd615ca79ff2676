//! The last revision of the streams that were written lately.

use std::{collections::HashMap, mem};

use crate::{Revision, StreamName};

/// The most streams in each of the two generations, about 100 bytes each.
const GENERATION_STREAMS_MAX: usize = 100_000;

/// What the writer knows about a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// Its row in `streams`.
    pub stream: i64,
    /// The revision of its last event.
    pub revision: Revision,
    /// The group of appends that wrote that event.
    pub group: u64,
}

/// A bounded cache: when the young generation is full it becomes the old one, and what is used
/// again becomes young again. That keeps the streams in use, like an LRU list without the list.
#[derive(Default)]
pub(super) struct Heads {
    young: HashMap<StreamName, Head>,
    old: HashMap<StreamName, Head>,
}

impl Heads {
    pub fn get(&self, stream: &StreamName) -> Option<Head> {
        self.young.get(stream).or_else(|| self.old.get(stream)).copied()
    }

    pub fn put(&mut self, stream: &StreamName, head: Head) {
        if let Some(known) = self.young.get_mut(stream) {
            *known = head;
            return;
        }
        if self.young.len() >= GENERATION_STREAMS_MAX {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(stream.clone(), head);
    }

    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_what_is_used_and_stays_bounded() {
        let mut heads = Heads::default();
        let name = |n: usize| StreamName::try_from(format!("s-{n}")).unwrap();
        let head = Head { stream: 1, revision: Revision(7), group: 1 };
        for n in 0..3 * GENERATION_STREAMS_MAX {
            heads.put(&name(n), head);
            heads.put(&name(0), head);
        }
        assert!(heads.young.len() + heads.old.len() <= 2 * GENERATION_STREAMS_MAX);
        assert!(heads.get(&name(0)).is_some());
        assert!(heads.get(&name(1)).is_none());
    }
}
