//! Reading streams and the whole log as the protocol shows them: what is truncated or too old is
//! left out, links are followed.

use std::time::Duration;

use event_log::{Direction, LogError, Position, RecordedEvent, Revision};

use crate::{
    metadata::{self, Facts, is_tombstone},
    stamp::{Ticks, unstamp},
    store::{Store, Target},
};

/// The type of an event that stands for another one.
const LINK_TYPE: &str = "$>";
/// The most events that one look at the log brings.
pub(crate) const PAGE_EVENTS: usize = 256;

/// An event as it is shown: itself, or what it stands for, or a link whose end is gone.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub event: Option<RecordedEvent>,
    pub link: Option<RecordedEvent>,
}

impl Shown {
    /// The event that stands in the stream that was read.
    pub fn original(&self) -> Option<&RecordedEvent> {
        self.link.as_ref().or(self.event.as_ref())
    }
}

/// Leaves out what a stream's metadata hide.
pub(crate) struct Visible {
    facts: Facts,
    first: u64,
    oldest: Ticks,
}

impl Visible {
    /// Of a stream that ends with the revision `last` at this moment.
    pub fn of(store: &Store, facts: Facts, last: u64) -> Self {
        let first = facts.first_shown(last);
        let now = Ticks::of((store.clock)());
        let age = facts.age_max.map_or(u64::MAX, ticks);
        Self { facts, first, oldest: Ticks(now.0.saturating_sub(age)) }
    }

    /// The first revision that can be shown.
    pub fn first(&self) -> u64 {
        self.first
    }

    pub fn shows(&self, event: &RecordedEvent) -> bool {
        if is_tombstone(event) || event.revision.0 < self.first {
            return false;
        }
        self.facts.age_max.is_none() || unstamp(&event.metadata, &event.data).created >= self.oldest
    }
}

fn ticks(age: Duration) -> u64 {
    age.as_secs().saturating_mul(10_000_000)
}

impl Store {
    /// Follows a link, when it is asked for and there is one.
    pub async fn show(&self, event: RecordedEvent, follow: bool) -> Result<Shown, LogError> {
        if !follow || &*event.event_type != LINK_TYPE {
            return Ok(Shown { event: Some(event), link: None });
        }
        let target = self.linked(&event).await?;
        Ok(Shown { event: target, link: Some(event) })
    }

    /// What a link (`revision@stream`) stands for; `None` when it is not there any more.
    async fn linked(&self, link: &RecordedEvent) -> Result<Option<RecordedEvent>, LogError> {
        let text = std::str::from_utf8(&link.data).unwrap_or_default();
        let Some((revision, stream)) = text.split_once('@') else { return Ok(None) };
        let (Ok(revision), Ok(target)) = (revision.parse(), self.target(stream)) else {
            return Ok(None);
        };
        let Some(visible) = self.visible(&target).await? else { return Ok(None) };
        let from = Some(Revision(revision));
        let found = self.log.read_stream(&target.kept, from, Direction::Forwards, 1).await?;
        let same = |event: &RecordedEvent| event.revision.0 == revision && visible.shows(event);
        Ok(found.into_iter().next().filter(same))
    }

    /// What of a stream is shown; `None` when there is no such stream, or it is deleted.
    pub async fn visible(&self, target: &Target) -> Result<Option<Visible>, LogError> {
        let facts = self.facts(target).await?;
        if facts.tombstoned || facts.softly_deleted() {
            return Ok(None);
        }
        let last = metadata::last(&*self.log, &target.kept).await?;
        Ok(last.map(|last| Visible::of(self, facts, last.revision.0)))
    }

    /// The next events of a stream, at most a page: those at and after `from` forwards, those at
    /// and before it backwards.
    pub async fn page(
        &self,
        target: &Target,
        from: Option<u64>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let limit = limit.min(PAGE_EVENTS);
        self.log.read_stream(&target.kept, from.map(Revision), direction, limit).await
    }

    /// The next events of the whole log, at most a page.
    pub async fn page_of_all(
        &self,
        from: Option<Position>,
        direction: Direction,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_all(from, direction, PAGE_EVENTS).await
    }
}
