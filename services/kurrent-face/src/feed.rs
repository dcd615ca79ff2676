//! What a subscription delivers: history, "caught up", and then what comes; for the whole log also
//! how far it has looked, when few events are wanted.

use std::{collections::VecDeque, sync::Arc};

use event_log::{
    Delivery, Direction, LogError, Position, RecordedEvent, Revision, StreamName, Subscription,
};
use tonic::Status;

use crate::{
    error::{stream_deleted, unreadable},
    filter::Filter,
    metadata::{self, is_tombstone},
    page::{PAGE_EVENTS, Shown, Visible},
    store::{Store, Target},
};

/// What comes next.
#[derive(Debug)]
pub(crate) enum Item {
    Event(Box<Shown>),
    /// Everything up to here was looked at.
    Checkpoint(Position),
    /// What was there has been delivered.
    CaughtUp {
        revision: Option<u64>,
        position: Option<Position>,
    },
}

/// Why nothing comes any more.
#[derive(Debug)]
pub(crate) enum FeedError {
    Log(LogError),
    Deleted { stream: String },
}

impl From<LogError> for FeedError {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

impl From<FeedError> for Status {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Log(error) => unreadable(&error),
            FeedError::Deleted { stream } => stream_deleted(&stream),
        }
    }
}

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin<T> {
    Start,
    End,
    /// After this one.
    After(T),
}

/// A subscription to a stream or to the whole log.
pub(crate) enum Feed {
    Stream(StreamFeed),
    All(AllFeed),
}

impl Feed {
    pub async fn of_stream(
        store: &Arc<Store>,
        target: Target,
        begin: Begin<u64>,
        follow_links: bool,
    ) -> Result<Self, FeedError> {
        StreamFeed::begin(store, target, begin, follow_links).await.map(Self::Stream)
    }

    pub async fn of_all(
        store: &Arc<Store>,
        begin: Begin<Position>,
        filter: Option<Filter>,
        follow_links: bool,
    ) -> Result<Self, FeedError> {
        AllFeed::begin(store, begin, filter, follow_links).await.map(Self::All)
    }

    /// Waits for what comes next. Safe to cancel.
    pub async fn next(&mut self) -> Result<Item, FeedError> {
        match self {
            Self::Stream(feed) => feed.next().await,
            Self::All(feed) => feed.next().await,
        }
    }
}

pub(crate) struct StreamFeed {
    store: Arc<Store>,
    target: Target,
    follow_links: bool,
    /// The next revision to deliver.
    next: u64,
    /// What is hidden of the history; `None` when that is over.
    history: Option<Visible>,
    /// History ends here; what comes after it comes through the subscription.
    horizon: Option<Position>,
    live: Box<dyn Subscription>,
    ready: VecDeque<RecordedEvent>,
}

impl StreamFeed {
    async fn begin(
        store: &Arc<Store>,
        target: Target,
        begin: Begin<u64>,
        follow_links: bool,
    ) -> Result<Self, FeedError> {
        let facts = store.facts(&target).await?;
        if facts.tombstoned {
            return Err(FeedError::Deleted { stream: target.name });
        }
        let horizon = store.log.head().await?;
        let live = store.log.subscribe(horizon);
        let last = metadata::last(&*store.log, &target.kept).await?;
        let last = last.map(|event| event.revision.0);
        let next = match begin {
            Begin::Start => 0,
            Begin::After(revision) => revision.saturating_add(1),
            Begin::End => last.map_or(0, |last| last + 1),
        };
        let history = Visible::of(store, facts, last.unwrap_or(0));
        let store = Arc::clone(store);
        let (history, ready) = (Some(history), VecDeque::new());
        Ok(Self { store, target, follow_links, next, history, horizon, live, ready })
    }

    async fn next(&mut self) -> Result<Item, FeedError> {
        loop {
            if let Some(event) = self.ready.front() {
                if is_tombstone(event) {
                    return Err(FeedError::Deleted { stream: self.target.name.clone() });
                }
                let shown = self.store.show(event.clone(), self.follow_links).await?;
                self.ready.pop_front();
                return Ok(Item::Event(Box::new(shown)));
            }
            if let Some(caught_up) = self.look_back().await? {
                return Ok(caught_up);
            }
            if self.history.is_none() && self.ready.is_empty() {
                let delivery = self.live.next().await?;
                self.take_live(delivery);
            }
        }
    }

    /// Takes the next page of history; tells when there is none any more.
    async fn look_back(&mut self) -> Result<Option<Item>, LogError> {
        let Some(visible) = &self.history else { return Ok(None) };
        let from = Some(self.next.max(visible.first()));
        let page = self.store.page(&self.target, from, Direction::Forwards, PAGE_EVENTS).await?;
        let horizon = self.horizon;
        let page: Vec<_> = page.into_iter().take_while(|e| Some(e.position) <= horizon).collect();
        let Some(last) = page.last() else {
            self.history = None;
            let revision = self.next.checked_sub(1);
            return Ok(Some(Item::CaughtUp { revision, position: None }));
        };
        self.next = last.revision.0 + 1;
        self.ready.extend(page.into_iter().filter(|event| visible.shows(event)));
        Ok(None)
    }

    fn take_live(&mut self, delivery: Delivery) {
        let Delivery::Events(events) = delivery else { return };
        let (kept, next): (&StreamName, _) = (&self.target.kept, self.next);
        let ours = events.iter().filter(|e| e.stream == *kept && e.revision >= Revision(next));
        self.ready.extend(ours.cloned());
        if let Some(last) = self.ready.back() {
            self.next = last.revision.0 + 1;
        }
    }
}

pub(crate) struct AllFeed {
    store: Arc<Store>,
    follow_links: bool,
    filter: Option<Filter>,
    subscription: Box<dyn Subscription>,
    ready: VecDeque<RecordedEvent>,
    /// Deliver this next.
    due: Option<Item>,
    caught_up: bool,
    looked_at: Option<Position>,
    /// Events looked at since the last checkpoint.
    since_checkpoint: u32,
    checkpoint: Option<Position>,
}

impl AllFeed {
    async fn begin(
        store: &Arc<Store>,
        begin: Begin<Position>,
        filter: Option<Filter>,
        follow_links: bool,
    ) -> Result<Self, FeedError> {
        let after = match begin {
            Begin::Start => None,
            Begin::End => store.log.head().await?,
            Begin::After(position) => Some(position),
        };
        Ok(Self {
            store: Arc::clone(store),
            follow_links,
            filter,
            subscription: store.log.subscribe(after),
            ready: VecDeque::new(),
            due: None,
            caught_up: false,
            looked_at: after,
            since_checkpoint: 0,
            checkpoint: None,
        })
    }

    async fn next(&mut self) -> Result<Item, FeedError> {
        loop {
            if let Some(due) = self.due.take() {
                return Ok(due);
            }
            if let Some(event) = self.ready.front() {
                let wanted = self.filter.as_ref().is_none_or(|filter| filter.wants(event));
                let item = if wanted {
                    let shown = self.store.show(event.clone(), self.follow_links).await?;
                    Some(Item::Event(Box::new(shown)))
                } else {
                    None
                };
                self.looked_at = self.ready.pop_front().map(|event| event.position);
                self.since_checkpoint += 1;
                let every = self.filter.as_ref().map(|filter| filter.checkpoint_events);
                if every.is_some_and(|every| self.since_checkpoint >= every) {
                    self.due = self.checkpoint();
                }
                if let Some(item) = item {
                    return Ok(item);
                }
                continue;
            }
            match self.subscription.next().await? {
                Delivery::Events(events) => self.ready.extend(events.iter().cloned()),
                Delivery::CaughtUp if self.caught_up => {}
                Delivery::CaughtUp => {
                    self.caught_up = true;
                    let position = self.looked_at;
                    self.due = Some(Item::CaughtUp { revision: None, position });
                    if self.filter.is_some()
                        && let Some(checkpoint) = self.checkpoint()
                    {
                        return Ok(checkpoint);
                    }
                }
            }
        }
    }

    /// A checkpoint at what was looked at last, when that is news.
    fn checkpoint(&mut self) -> Option<Item> {
        self.since_checkpoint = 0;
        let news = self.looked_at.filter(|_| self.looked_at > self.checkpoint);
        self.checkpoint = news.or(self.checkpoint);
        news.map(Item::Checkpoint)
    }
}
