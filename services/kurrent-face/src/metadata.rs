//! What a stream's metadata say, and whether it is tombstoned.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use event_log::{Direction, EventLog, LogError, RecordedEvent, Revision, StreamName};
use serde_json::{Map, Value};

use crate::name::METADATA;

/// The type of the events in a metadata stream.
pub(crate) const METADATA_TYPE: &str = "$metadata";
/// The type of the event that ends a stream for ever.
pub(crate) const TOMBSTONE_TYPE: &str = "$streamDeleted";
/// "Truncated before" this revision means softly deleted.
pub(crate) const DELETED: u64 = i64::MAX as u64;
/// How many streams are remembered; when there are more, all are looked up again.
const STREAMS_REMEMBERED_MAX: usize = 100_000;

/// What is known of a stream beside its events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// It has ended for ever.
    pub tombstoned: bool,
    /// Events before this revision are hidden; [`DELETED`] hides all of them.
    pub truncate_before: u64,
    /// Only so many of the last events are shown.
    pub count_max: Option<u64>,
    /// Only events younger than this are shown.
    pub age_max: Option<Duration>,
}

impl Facts {
    pub fn softly_deleted(&self) -> bool {
        self.truncate_before == DELETED
    }

    /// The first revision that is shown, of a stream that ends with `last`.
    pub fn first_shown(&self, last: u64) -> u64 {
        let counted = self.count_max.map_or(0, |count| (last + 1).saturating_sub(count));
        self.truncate_before.max(counted)
    }

    fn read(metadata: &[u8]) -> Self {
        let Ok(Value::Object(fields)) = serde_json::from_slice(metadata) else {
            return Self::default();
        };
        let number = |name: &str| fields.get(name).and_then(Value::as_u64);
        Self {
            tombstoned: false,
            truncate_before: number("$tb").unwrap_or(0),
            count_max: number("$maxCount").filter(|count| *count > 0),
            age_max: number("$maxAge").filter(|age| *age > 0).map(Duration::from_secs),
        }
    }
}

/// The facts of the streams that were asked for lately.
///
/// Every change of metadata goes through [`Known::forget`], because the one face of a log is the
/// only one that writes them.
#[derive(Default)]
pub(crate) struct Known {
    remembered: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    facts: HashMap<StreamName, Facts>,
    /// Counts the changes, so that what was read before one is not remembered after it.
    changes: u64,
}

impl Known {
    /// The facts of a stream; `metadata` is the name under which its metadata stream is kept.
    pub async fn facts(
        &self,
        log: &dyn EventLog,
        name: &str,
        kept: &StreamName,
        metadata: Option<&StreamName>,
    ) -> Result<Facts, LogError> {
        let changes = {
            let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(facts) = remembered.facts.get(kept) {
                return Ok(facts.clone());
            }
            remembered.changes
        };
        let mut facts = match metadata {
            // Only the last metadata of a stream count.
            _ if name.starts_with(METADATA) => Facts { count_max: Some(1), ..Facts::default() },
            Some(metadata) => {
                last(log, metadata).await?.map(|e| Facts::read(&e.data)).unwrap_or_default()
            }
            None => Facts::default(),
        };
        facts.tombstoned = last(log, kept).await?.is_some_and(|event| is_tombstone(&event));
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.changes == changes {
            if remembered.facts.len() >= STREAMS_REMEMBERED_MAX {
                remembered.facts.clear();
            }
            remembered.facts.insert(kept.clone(), facts.clone());
        }
        Ok(facts)
    }

    /// Looks the stream up again the next time.
    pub fn forget(&self, kept: &StreamName) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.changes += 1;
        remembered.facts.remove(kept);
    }
}

/// The last event of a stream.
pub(crate) async fn last(
    log: &dyn EventLog,
    stream: &StreamName,
) -> Result<Option<RecordedEvent>, LogError> {
    Ok(log.read_stream(stream, None, Direction::Backwards, 1).await?.pop())
}

pub(crate) fn is_tombstone(event: &RecordedEvent) -> bool {
    &*event.event_type == TOMBSTONE_TYPE
}

/// The metadata with another `$tb`.
pub(crate) fn truncated_before(metadata: Option<&RecordedEvent>, revision: u64) -> Vec<u8> {
    let fields = metadata.and_then(|event| serde_json::from_slice::<Map<_, _>>(&event.data).ok());
    let mut fields = fields.unwrap_or_default();
    fields.insert("$tb".to_owned(), Value::from(revision));
    Value::Object(fields).to_string().into_bytes()
}

/// A revision, as the protocol counts them.
pub(crate) fn revision(event: &RecordedEvent) -> u64 {
    if is_tombstone(event) { DELETED } else { event.revision.0 }
}

/// The revision after which the next event comes.
pub(crate) fn after(last: Option<Revision>) -> event_log::Expected {
    last.map_or(event_log::Expected::NoStream, event_log::Expected::Exact)
}
