//! The hash of each view, so that two logs, or a view and its log, can be compared in a line each.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError};

use event_log::{Direction, EventLog, LogError, PAGE_EVENTS_MAX, Position, Progress, Watcher};
use runtime::codec::{CodecError, Observed};
use runtime::directory::Directory;
use runtime::ledger::Ledger;
use serde_json::Value;

use super::LiveViews;

/// The hash of each view by its name: of what it holds, whatever the order in which its maps are
/// kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewHashes {
    /// The events that were folded.
    pub events: u64,
    hashes: BTreeMap<String, blake3::Hash>,
}

/// The views cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The log cannot be read.
    #[error("the event log cannot be read")]
    Log(#[from] LogError),
    /// Something in the log cannot be decoded.
    #[error("the event log holds something that this version cannot read")]
    Codec(#[from] CodecError),
    /// A view cannot be written down.
    #[error("a view cannot be written down")]
    View(#[from] serde_json::Error),
    /// Somebody stopped it.
    #[error("interrupted; begin again to go on")]
    Interrupted,
}

impl ViewHashes {
    /// Of views that stand somewhere.
    ///
    /// # Errors
    /// [`HashError`] when a view cannot be written down.
    pub fn of(
        events: u64,
        ledger: &Ledger,
        directory: &Directory,
        views: &LiveViews,
    ) -> Result<Self, HashError> {
        let mut hashes = BTreeMap::from([
            ("ledger of commands".to_owned(), hash(&serde_json::to_value(ledger)?)),
            ("directory".to_owned(), hash(&serde_json::to_value(directory)?)),
        ]);
        let communities =
            views.shared.communities.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (community, held) in communities {
            let views = held.read().unwrap_or_else(PoisonError::into_inner);
            let Value::Object(fields) = serde_json::to_value(&*views)? else { continue };
            for (name, value) in fields {
                hashes.insert(format!("{community}/{name}"), hash(&value));
            }
        }
        Ok(Self { events, hashes })
    }

    /// Of the views that a whole log folds to.
    ///
    /// Events are counted from 1 in place of their positions, which are each log's own.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn fold(log: &Arc<dyn EventLog>, watcher: Watcher<'_>) -> Result<Self, HashError> {
        let (mut ledger, mut directory) = (Ledger::default(), Directory::default());
        let views = LiveViews::default();
        let mut observer = views.observer();
        let (mut events, mut after) = (0, None);
        let total = log.head().await?.map_or(0, |head| head.0);
        loop {
            let page = log.read_all(after, Direction::Forwards, PAGE_EVENTS_MAX).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.position);
            let done = last.position.0.min(total);
            let mut batch = Vec::with_capacity(page.len());
            for recorded in &page {
                let Some(mut observed) = Observed::read(recorded)? else { continue };
                events += 1;
                observed.position = Position(events);
                ledger.observe(&observed);
                directory.observe(&observed);
                batch.push(observed);
            }
            observer.observe(&batch);
            if watcher(Progress { done, total }).is_break() {
                return Err(HashError::Interrupted);
            }
        }
        Self::of(events, &ledger, &directory, &views)
    }

    /// The names of the views that differ, or that only one of the two has.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let names = self.hashes.keys().chain(other.hashes.keys());
        let mut names: Vec<_> =
            names.filter(|name| self.hashes.get(*name) != other.hashes.get(*name)).collect();
        names.sort();
        names.dedup();
        names.into_iter().cloned().collect()
    }

    /// How many views there are.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there is no view.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }
}

/// One line a view.
impl fmt::Display for ViewHashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, hash) in &self.hashes {
            writeln!(f, "{hash} {name}")?;
        }
        Ok(())
    }
}

fn hash(value: &Value) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    feed(&mut hasher, value);
    hasher.finalize()
}

/// Feeds a value with the fields of objects in the order of their names.
fn feed(hasher: &mut blake3::Hasher, value: &Value) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            feed_count(hasher, b'{', fields.len());
            for (name, value) in fields {
                feed_text(hasher, name);
                feed(hasher, value);
            }
        }
        Value::Array(items) => {
            feed_count(hasher, b'[', items.len());
            for item in items {
                feed(hasher, item);
            }
        }
        Value::String(text) => feed_text(hasher, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let text = value.to_string();
            feed_count(hasher, b'=', text.len());
            hasher.update(text.as_bytes());
        }
    }
}

fn feed_text(hasher: &mut blake3::Hasher, text: &str) {
    feed_count(hasher, b'"', text.len());
    hasher.update(text.as_bytes());
}

/// What comes and how much of it, so that no two values are fed alike.
fn feed_count(hasher: &mut blake3::Hasher, kind: u8, count: usize) {
    hasher.update(&[kind]);
    hasher.update(&(count as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_have_equal_hashes_and_others_do_not() {
        assert_eq!(hash(&json!({"a": 1, "b": 2})), hash(&json!({"b": 2, "a": 1})));
        let all = [
            json!({"a": 1}),
            json!({"a": "1"}),
            json!({"a": [1]}),
            json!([1, 2]),
            json!([2, 1]),
            json!(["1", "2"]),
            json!(["12"]),
            json!([["1"], "2"]),
            json!(null),
        ];
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                assert_ne!(hash(one), hash(other), "{one} {other}");
            }
        }
    }
}
