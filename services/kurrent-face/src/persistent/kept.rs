//! What of the groups lies in the log: their definitions, their places, their parked events.

use event_log::{Direction, LogError, NewEvent, PAGE_EVENTS_MAX, Position, Revision};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::settings::{KeptFilter, Settings, Source, StartFrom};
use crate::{
    metadata::last,
    page::Shown,
    stamp::stamp,
    store::{Believed, Store, Target, WriteError, Written},
};

/// The stream of all definitions.
const DEFINITIONS: &str = "$persistentSubscriptionConfig";
const KEPT_TYPE: &str = "$groupKept";
const DELETED_TYPE: &str = "$groupDeleted";
const CHECKPOINT_TYPE: &str = "$SubscriptionCheckpoint";
const LINK_TYPE: &str = "$>";

/// A group, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Definition {
    pub source: Source,
    pub group: String,
    pub from: StartFrom,
    /// The first revision or position that the group gets, settled when it was made.
    pub first: u64,
    pub filter: Option<KeptFilter>,
    pub settings: Settings,
}

#[derive(Serialize, Deserialize)]
struct Named {
    source: Source,
    group: String,
}

#[derive(Serialize, Deserialize)]
struct Checkpoint {
    /// Everything up to here was dealt with.
    up_to: u64,
}

/// All groups.
pub(crate) struct Definitions;

impl Definitions {
    pub async fn read(store: &Store) -> Result<Vec<Definition>, LogError> {
        let mut definitions: Vec<Definition> = Vec::new();
        let Ok(target) = store.target(DEFINITIONS) else { return Ok(definitions) };
        let mut from = None;
        loop {
            let forwards = Direction::Forwards;
            let page = store.log.read_stream(&target.kept, from, forwards, PAGE_EVENTS_MAX).await?;
            let Some(end) = page.last() else { return Ok(definitions) };
            from = Some(end.revision.next());
            for event in &page {
                let Ok(Named { source, group }) = serde_json::from_slice(&event.data) else {
                    continue;
                };
                definitions.retain(|known| known.source != source || known.group != group);
                if &*event.event_type == KEPT_TYPE
                    && let Ok(definition) = serde_json::from_slice(&event.data)
                {
                    definitions.push(definition);
                }
            }
        }
    }
}

impl Definition {
    pub async fn begin(
        store: &Store,
        source: Source,
        group: String,
        from: StartFrom,
        filter: Option<KeptFilter>,
        settings: Settings,
    ) -> Result<Self, LogError> {
        let mut definition = Self { source, group, from, first: 0, filter, settings };
        definition.first = definition.first(store, from).await?;
        Ok(definition)
    }

    /// Begins elsewhere, when it is told to begin elsewhere than before.
    pub async fn begin_at(&mut self, store: &Store, from: StartFrom) -> Result<(), LogError> {
        if self.from != from {
            self.first = self.first(store, from).await?;
            self.from = from;
        }
        Ok(())
    }

    async fn first(&self, store: &Store, from: StartFrom) -> Result<u64, LogError> {
        Ok(match (from, &self.source) {
            (StartFrom::Start, _) => 0,
            (StartFrom::At(first), _) => first,
            (StartFrom::End, Source::All) => store.log.head().await?.map_or(0, |head| head.0 + 1),
            (StartFrom::End, Source::Stream(name)) => match store.target(name) {
                Ok(target) => {
                    let last = last(&*store.log, &target.kept).await?;
                    last.map_or(0, |last| last.revision.0 + 1)
                }
                Err(_) => 0,
            },
        })
    }

    pub async fn keep(&self, store: &Store) -> Result<(), WriteError> {
        let data = serde_json::to_vec(self).unwrap_or_default();
        append(store, DEFINITIONS, KEPT_TYPE, data, Vec::new()).await.map(drop)
    }

    pub async fn delete(store: &Store, source: &Source, group: &str) -> Result<(), WriteError> {
        let named = Named { source: source.clone(), group: group.to_owned() };
        let data = serde_json::to_vec(&named).unwrap_or_default();
        append(store, DEFINITIONS, DELETED_TYPE, data, Vec::new()).await?;
        for what in ["checkpoint", "parked"] {
            let stream = stream_of(source, group, what);
            match store.hide(&stream).await {
                Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn stream(&self, what: &str) -> String {
        stream_of(&self.source, &self.group, what)
    }

    /// The place up to which everything was dealt with.
    pub async fn checkpoint(&self, store: &Store) -> Result<Option<u64>, LogError> {
        let Ok(target) = store.target(&self.stream("checkpoint")) else { return Ok(None) };
        if store.facts(&target).await?.softly_deleted() {
            return Ok(None);
        }
        let last = last(&*store.log, &target.kept).await?;
        let read = |data: &[u8]| serde_json::from_slice::<Checkpoint>(data).ok();
        Ok(last.and_then(|event| read(&event.data)).map(|checkpoint| checkpoint.up_to))
    }

    pub async fn keep_checkpoint(&self, store: &Store, up_to: u64) -> Result<(), WriteError> {
        let data = serde_json::to_vec(&Checkpoint { up_to }).unwrap_or_default();
        append(store, &self.stream("checkpoint"), CHECKPOINT_TYPE, data, Vec::new()).await.map(drop)
    }

    /// Puts an event aside.
    pub async fn park(&self, store: &Store, shown: &Shown, reason: &str) -> Result<(), WriteError> {
        let Some(event) = shown.original() else { return Ok(()) };
        let stream = crate::name::shown(&event.stream);
        let data = format!("{}@{stream}", event.revision.0).into_bytes();
        let about = serde_json::json!({ "reason": reason, "group": self.group });
        append(store, &self.stream("parked"), LINK_TYPE, data, about.to_string().into_bytes())
            .await
            .map(drop)
    }

    fn parked_stream(&self, store: &Store) -> Option<Target> {
        store.target(&self.stream("parked")).ok()
    }

    /// How many events are parked.
    pub async fn parked(&self, store: &Store) -> Result<u64, LogError> {
        let Some(target) = self.parked_stream(store) else { return Ok(0) };
        let Some(visible) = store.visible(&target).await? else { return Ok(0) };
        let last = last(&*store.log, &target.kept).await?.map_or(0, |last| last.revision.0 + 1);
        Ok(last.saturating_sub(visible.first()))
    }

    /// Takes parked events back, oldest first.
    pub async fn unpark(&self, store: &Store, count_max: usize) -> Result<Vec<Shown>, WriteError> {
        let Some(target) = self.parked_stream(store) else { return Ok(vec![]) };
        let Some(visible) = store.visible(&target).await? else { return Ok(vec![]) };
        let (from, forwards) = (Some(Revision(visible.first())), Direction::Forwards);
        let limit = count_max.min(PAGE_EVENTS_MAX);
        let page = store.log.read_stream(&target.kept, from, forwards, limit).await?;
        let Some(end) = page.last().map(|event| event.revision) else { return Ok(vec![]) };
        let mut unparked = Vec::with_capacity(page.len());
        for link in page {
            let Some(event) = store.show(link, true).await?.event else { continue };
            unparked.push(store.show(event, self.settings.resolve_links).await?);
        }
        store.truncate(&target, end.next().0).await?;
        Ok(unparked)
    }
}

fn stream_of(source: &Source, group: &str, what: &str) -> String {
    format!("$persistentsubscription-{source}::{group}-{what}")
}

async fn append(
    store: &Store,
    stream: &str,
    event_type: &str,
    data: Vec<u8>,
    metadata: Vec<u8>,
) -> Result<Written, WriteError> {
    let target = store.target(stream)?;
    let last = last(&*store.log, &target.kept).await?;
    let place = last.map_or(0, |last| last.revision.0 + 1).to_be_bytes();
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &[stream.as_bytes(), &place, &data].concat());
    let metadata = stamp(metadata.into(), true, data.len(), (store.clock)());
    let event = NewEvent { id, event_type: event_type.into(), data: data.into(), metadata };
    store.place(&target, Believed::Any, vec![event]).await
}

/// A place in the source of an event.
pub(crate) fn place_of(source: &Source, shown: &Shown) -> Option<u64> {
    let event = shown.original()?;
    Some(match source {
        Source::All => event.position.0,
        Source::Stream(_) => event.revision.0,
    })
}

/// A position as a place.
pub(crate) fn place_at(position: Position) -> u64 {
    position.0
}
