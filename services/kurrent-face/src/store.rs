//! The rules of KurrentDB's streams on top of a log that knows only exact revisions.
//!
//! **Nothing is kept outside the log**: metadata are events of the stream `$$<name>`, a tombstone
//! is the last event of its stream, a soft delete is metadata that hide every event.

use std::sync::Arc;

use event_log::{
    AppendError, Direction, EventLog, Expected, InvalidAppend, LogError, NewEvent, Position,
    RecordedEvent, Revision, StreamName,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    metadata::{
        DELETED, Facts, Known, METADATA_TYPE, TOMBSTONE_TYPE, after, is_tombstone, last,
        truncated_before,
    },
    name::{METADATA, NameError, Names},
    stamp::stamp,
};

/// An append that does not say which revision it expects is known again among so many last events.
const RECENT_EVENTS_MAX: usize = 64;
/// How often such an append is tried when others append at the same time.
const ATTEMPTS_MAX: usize = 256;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a writer believes of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Believed {
    Any,
    Exists,
    NoStream,
    Exact(u64),
}

/// An event as a client proposes it.
#[derive(Debug)]
pub(crate) struct Proposed {
    pub event: NewEvent,
    pub json: bool,
}

/// The receipt of a write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    /// `None` when the stream has no event.
    pub revision: Option<u64>,
    pub position: Option<Position>,
}

/// A write that did not happen, or of which nobody knows whether it did.
#[derive(Debug)]
pub(crate) enum WriteError {
    WrongRevision { believed: Believed, current: Option<u64> },
    Deleted,
    TooLarge { bytes_max: usize },
    Denied(&'static str),
    Invalid(String),
    Failed(AppendError),
    Contended,
}

impl From<LogError> for WriteError {
    fn from(error: LogError) -> Self {
        Self::Failed(AppendError::OutcomeUnknown(error))
    }
}

impl From<NameError> for WriteError {
    fn from(error: NameError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<InvalidAppend> for WriteError {
    fn from(error: InvalidAppend) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// A log with the rules of KurrentDB's streams.
pub(crate) struct Store {
    pub log: Arc<dyn EventLog>,
    pub names: Names,
    pub clock: Clock,
    pub writable: bool,
    pub append_bytes_max: usize,
    known: Known,
}

/// A stream, by both of its names.
pub(crate) struct Target {
    pub name: String,
    pub kept: StreamName,
    metadata: Option<StreamName>,
}

impl Store {
    pub fn new(
        log: Arc<dyn EventLog>,
        names: Names,
        clock: Clock,
        writable: bool,
        append_bytes_max: usize,
    ) -> Self {
        Self { log, names, clock, writable, append_bytes_max, known: Known::default() }
    }

    pub fn target(&self, name: &str) -> Result<Target, NameError> {
        let kept = self.names.kept(name)?;
        // A name so long that no metadata stream can belong to it has none.
        let metadata = self.names.kept(&format!("{METADATA}{name}")).ok();
        Ok(Target { name: name.to_owned(), kept, metadata })
    }

    pub async fn facts(&self, target: &Target) -> Result<Facts, LogError> {
        let Target { name, kept, metadata } = target;
        let facts = self.known.facts(&*self.log, name, kept, metadata.as_ref()).await?;
        if let Some(base) = name.strip_prefix(METADATA)
            && let Ok(kept) = self.names.kept(base)
        {
            // A tombstone ends the metadata too.
            let ended = last(&*self.log, &kept).await?.is_some_and(|event| is_tombstone(&event));
            return Ok(Facts { tombstoned: facts.tombstoned || ended, ..facts });
        }
        Ok(facts)
    }

    /// Appends what a client proposes.
    pub async fn append(
        &self,
        name: &str,
        believed: Believed,
        proposed: Vec<Proposed>,
    ) -> Result<Written, WriteError> {
        self.may_write(name)?;
        let bytes: usize =
            proposed.iter().map(|p| p.event.data.len() + p.event.metadata.len()).sum();
        if bytes > self.append_bytes_max {
            return Err(WriteError::TooLarge { bytes_max: self.append_bytes_max });
        }
        if proposed.iter().any(|proposed| &*proposed.event.event_type == TOMBSTONE_TYPE) {
            let advice = "an event of the type `$streamDeleted` is written by Tombstone only";
            return Err(WriteError::Invalid(advice.to_owned()));
        }
        let target = self.target(name)?;
        if proposed.is_empty() {
            return self.append_nothing(&target, believed).await;
        }
        let now = (self.clock)();
        let stamped = proposed.into_iter().map(|Proposed { event, json }| {
            let metadata = stamp(event.metadata, json, event.data.len(), now);
            NewEvent { metadata, ..event }
        });
        self.place(&target, believed, stamped.collect()).await
    }

    /// Appends events that are as they are to be kept.
    pub async fn place(
        &self,
        target: &Target,
        believed: Believed,
        events: Vec<NewEvent>,
    ) -> Result<Written, WriteError> {
        let written = match believed {
            Believed::NoStream => self.append_first(target, events).await,
            Believed::Exact(revision) => self.append_after(target, revision, events).await,
            Believed::Any | Believed::Exists => self.append_any(target, believed, events).await,
        };
        if let Some(base) = target.name.strip_prefix(METADATA)
            && let Ok(kept) = self.names.kept(base)
        {
            self.known.forget(&kept);
        }
        written
    }

    /// Hides every event of a stream.
    pub async fn delete(&self, name: &str, believed: Believed) -> Result<Written, WriteError> {
        self.may_write(name)?;
        let target = self.target(name)?;
        let facts = self.facts(&target).await?;
        if facts.tombstoned {
            return Err(WriteError::Deleted);
        }
        let head = last(&*self.log, &target.kept).await?.map(|event| event.revision.0);
        let exists = head.is_some() && !facts.softly_deleted();
        let holds = match believed {
            Believed::Any => head.is_some(),
            Believed::Exists => exists,
            // A stream that never was cannot be deleted; a deleted one may be again.
            Believed::NoStream => facts.softly_deleted(),
            Believed::Exact(revision) => head == Some(revision),
        };
        if !holds {
            return Err(WriteError::WrongRevision { believed, current: head });
        }
        self.truncate(&target, DELETED).await
    }

    /// Ends a stream for ever.
    pub async fn tombstone(&self, name: &str, believed: Believed) -> Result<Written, WriteError> {
        self.may_write(name)?;
        let target = self.target(name)?;
        for _ in 0..ATTEMPTS_MAX {
            if self.facts(&target).await?.tombstoned {
                return Err(WriteError::Deleted);
            }
            let head = last(&*self.log, &target.kept).await?.map(|event| event.revision);
            let current = head.map(|head| head.0);
            let holds = match believed {
                Believed::Any => true,
                Believed::Exists => current.is_some(),
                Believed::NoStream => current.is_none(),
                Believed::Exact(revision) => current == Some(revision),
            };
            if !holds {
                return Err(WriteError::WrongRevision { believed, current });
            }
            let position = current.unwrap_or(u64::MAX).to_be_bytes();
            let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &[name.as_bytes(), &position].concat());
            let event = self.own_event(id, TOMBSTONE_TYPE, b"{}".to_vec());
            let written = self.log.append(&target.kept, after(head), vec![event]).await;
            self.known.forget(&target.kept);
            match written {
                Ok(appended) => {
                    let position = Some(appended.position);
                    return Ok(Written { revision: Some(DELETED), position });
                }
                Err(AppendError::WrongRevision { .. }) => {}
                Err(error) => return Err(WriteError::Failed(error)),
            }
        }
        Err(WriteError::Contended)
    }

    /// Says whether an outsider may write to a stream.
    fn may_write(&self, name: &str) -> Result<(), WriteError> {
        if !self.writable {
            return Err(WriteError::Denied(
                "this is the reading side: whoever serves it can allow writing with \
                 --kurrent-write",
            ));
        }
        if self.names.is_owned(name) {
            return Err(WriteError::Denied(
                "this stream is the engine's own: its events come from commands to its API only",
            ));
        }
        Ok(())
    }

    async fn append_nothing(
        &self,
        target: &Target,
        believed: Believed,
    ) -> Result<Written, WriteError> {
        let facts = self.facts(target).await?;
        if facts.tombstoned {
            return Err(WriteError::Deleted);
        }
        let head = last(&*self.log, &target.kept).await?.map(|event| event.revision.0);
        let current = head.filter(|_| !facts.softly_deleted());
        let holds = match believed {
            Believed::Any => true,
            Believed::Exists => current.is_some(),
            Believed::NoStream => current.is_none(),
            Believed::Exact(revision) => head == Some(revision),
        };
        if !holds {
            return Err(WriteError::WrongRevision { believed, current });
        }
        let position = self.log.head().await?;
        Ok(Written { revision: current, position })
    }

    async fn append_first(
        &self,
        target: &Target,
        events: Vec<NewEvent>,
    ) -> Result<Written, WriteError> {
        let believed = Believed::NoStream;
        for _ in 0..ATTEMPTS_MAX {
            let appended = self.log.append(&target.kept, Expected::NoStream, events.clone()).await;
            let actual = match appended {
                Ok(appended) => return Ok(appended.into()),
                Err(AppendError::WrongRevision { actual, .. }) => actual,
                Err(error) => return Err(WriteError::Failed(error)),
            };
            let facts = self.facts(target).await?;
            if facts.tombstoned {
                return Err(WriteError::Deleted);
            }
            if !facts.softly_deleted() {
                // Sent again after it had begun a deleted stream anew?
                let begun = self.standing(target, facts.truncate_before, &events).await?;
                let current = actual.map(|actual| actual.0);
                return begun.ok_or(WriteError::WrongRevision { believed, current });
            }
            if let Some(written) = self.append_anew(target, actual, &events).await? {
                return Ok(written);
            }
        }
        Err(WriteError::Contended)
    }

    async fn append_after(
        &self,
        target: &Target,
        revision: u64,
        events: Vec<NewEvent>,
    ) -> Result<Written, WriteError> {
        let believed = Believed::Exact(revision);
        let facts = self.facts(target).await?;
        if facts.tombstoned {
            return Err(WriteError::Deleted);
        }
        if facts.softly_deleted() {
            let head = last(&*self.log, &target.kept).await?.map(|event| event.revision);
            if head == Some(Revision(revision))
                && let Some(written) = self.append_anew(target, head, &events).await?
            {
                return Ok(written);
            }
            return Err(WriteError::WrongRevision { believed, current: head.map(|head| head.0) });
        }
        let expected = Expected::Exact(Revision(revision));
        match self.log.append(&target.kept, expected, events).await {
            Ok(appended) => Ok(appended.into()),
            Err(AppendError::WrongRevision { actual, .. }) => {
                if self.facts(target).await?.tombstoned {
                    return Err(WriteError::Deleted);
                }
                let current = actual.map(|actual| actual.0);
                Err(WriteError::WrongRevision { believed, current })
            }
            Err(error) => Err(WriteError::Failed(error)),
        }
    }

    async fn append_any(
        &self,
        target: &Target,
        believed: Believed,
        events: Vec<NewEvent>,
    ) -> Result<Written, WriteError> {
        for _ in 0..ATTEMPTS_MAX {
            let facts = self.facts(target).await?;
            if facts.tombstoned {
                return Err(WriteError::Deleted);
            }
            let back = Direction::Backwards;
            let recent = self.log.read_stream(&target.kept, None, back, RECENT_EVENTS_MAX).await?;
            let head = recent.first().map(|event| event.revision);
            let exists = head.is_some() && !facts.softly_deleted();
            if believed == Believed::Exists && !exists {
                return Err(WriteError::WrongRevision { believed, current: None });
            }
            if let Some(written) = repeated(&recent, &events) {
                return Ok(written);
            }
            if facts.softly_deleted() {
                match self.append_anew(target, head, &events).await? {
                    Some(written) => return Ok(written),
                    None => continue,
                }
            }
            match self.log.append(&target.kept, after(head), events.clone()).await {
                Ok(appended) => return Ok(appended.into()),
                Err(AppendError::WrongRevision { .. }) => {}
                Err(error) => return Err(WriteError::Failed(error)),
            }
        }
        Err(WriteError::Contended)
    }

    /// Appends to a softly deleted stream: revisions go on, older events stay hidden. `None` when
    /// somebody else was faster.
    async fn append_anew(
        &self,
        target: &Target,
        head: Option<Revision>,
        events: &[NewEvent],
    ) -> Result<Option<Written>, WriteError> {
        // First the metadata: an event must not be acknowledged and hidden.
        self.truncate(target, after(head).first().0).await?;
        match self.log.append(&target.kept, after(head), events.to_vec()).await {
            Ok(appended) => Ok(Some(appended.into())),
            Err(AppendError::WrongRevision { .. }) => Ok(None),
            Err(error) => Err(WriteError::Failed(error)),
        }
    }

    /// Hides every event of a stream of the face itself, where there is one.
    pub async fn hide(&self, name: &str) -> Result<(), WriteError> {
        let target = self.target(name)?;
        if last(&*self.log, &target.kept).await?.is_some() {
            self.truncate(&target, DELETED).await?;
        }
        Ok(())
    }

    /// Hides the events before a revision.
    pub async fn truncate(&self, target: &Target, revision: u64) -> Result<Written, WriteError> {
        let Some(metadata) = &target.metadata else {
            let advice = "the name is too long for a stream that can be deleted";
            return Err(WriteError::Invalid(advice.to_owned()));
        };
        for _ in 0..ATTEMPTS_MAX {
            let before = last(&*self.log, metadata).await?;
            let head = before.as_ref().map(|event| event.revision);
            let data = truncated_before(before.as_ref(), revision);
            let place = after(head).first().0.to_be_bytes();
            let seed = [target.name.as_bytes(), &place, &revision.to_be_bytes()].concat();
            let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &seed);
            let event = self.own_event(id, METADATA_TYPE, data);
            let written = self.log.append(metadata, after(head), vec![event]).await;
            self.known.forget(&target.kept);
            match written {
                Ok(appended) => return Ok(appended.into()),
                Err(AppendError::WrongRevision { .. }) => {}
                Err(error) => return Err(WriteError::Failed(error)),
            }
        }
        Err(WriteError::Contended)
    }

    /// The receipt of events that stand already at a place of a stream.
    async fn standing(
        &self,
        target: &Target,
        from: u64,
        events: &[NewEvent],
    ) -> Result<Option<Written>, LogError> {
        let (from, forwards) = (Some(Revision(from)), Direction::Forwards);
        let there = self.log.read_stream(&target.kept, from, forwards, events.len()).await?;
        let same = there.len() == events.len()
            && there.iter().zip(events).all(|(there, event)| there.id == event.id);
        Ok(there.last().filter(|_| same).map(Written::of))
    }

    fn own_event(&self, id: Uuid, event_type: &str, data: Vec<u8>) -> NewEvent {
        let metadata = stamp(bytes::Bytes::new(), true, data.len(), (self.clock)());
        NewEvent { id, event_type: event_type.into(), data: data.into(), metadata }
    }
}

/// The receipt of events that were appended lately, in this order; `recent` is newest first.
fn repeated(recent: &[RecordedEvent], events: &[NewEvent]) -> Option<Written> {
    let there = recent.windows(events.len()).find(|there| {
        there.iter().zip(events.iter().rev()).all(|(there, event)| there.id == event.id)
    });
    there.and_then(|there| there.first()).map(Written::of)
}

impl Written {
    fn of(event: &RecordedEvent) -> Self {
        Self { revision: Some(event.revision.0), position: Some(event.position) }
    }
}

impl From<event_log::Appended> for Written {
    fn from(appended: event_log::Appended) -> Self {
        Self { revision: Some(appended.revision.0), position: Some(appended.position) }
    }
}
