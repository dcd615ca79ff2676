//! A subscription: pages of history from disk, one page ahead, then the live batches.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::{sync::watch, task::JoinHandle};

use super::{
    reader::Readers,
    tail::{End, Tail},
};
use crate::{Delivery, LogError, RecordedEvent, Subscription};

type Page = Result<Arc<[RecordedEvent]>, LogError>;

/// Follows the log by position alone: what follows the last event delivered comes from the window
/// of live batches when it is there, and from disk otherwise. So it cannot skip, and a slow one
/// neither holds up the writer nor piles up events.
pub(super) struct SqliteSubscription {
    readers: Arc<Readers>,
    tail: Arc<Tail>,
    end: watch::Receiver<End>,
    /// The position of the last event delivered, 0 before the first.
    seen: u64,
    /// While it catches up: the position up to which it has to come.
    target: Option<u64>,
    /// The page after `seen`, being read.
    page: Option<JoinHandle<Page>>,
}

impl SqliteSubscription {
    pub fn new(readers: Arc<Readers>, tail: Arc<Tail>, after: u64) -> Self {
        let (end, head) = (tail.watch(), tail.head());
        Self { readers, tail, end, seen: after, target: Some(head), page: None }
    }

    /// Delivers the next events that are in the log, if there are any.
    async fn events(&mut self, head: u64) -> Result<Option<Delivery>, LogError> {
        if self.seen >= head {
            return Ok(None);
        }
        if self.page.is_none()
            && let Some(batch) = self.tail.after(self.seen)
        {
            return Ok(Some(self.deliver(batch)));
        }
        // It reads from disk now, so it is behind and will have to say when it no longer is.
        self.target.get_or_insert(head);
        let seen = self.seen;
        let page = self.page.get_or_insert_with(|| read_page(&self.readers, seen));
        let batch = page.await.unwrap_or(Err(LogError::Closed));
        self.page = None;
        let batch = batch?;
        // What is durable is there to be read; without it the file is not what was written.
        let Some(last) = batch.last().map(|event| event.position.0) else {
            return Err(LogError::Corrupt { position: crate::Position(seen + 1) });
        };
        if last < head && self.tail.after(last).is_none() {
            self.page = Some(read_page(&self.readers, last));
        }
        Ok(Some(self.deliver(batch)))
    }

    fn deliver(&mut self, batch: Arc<[RecordedEvent]>) -> Delivery {
        self.seen = batch.last().map_or(self.seen, |event| event.position.0);
        Delivery::Events(batch)
    }

    /// Says whether everything up to the target is delivered and the rest comes live.
    fn has_caught_up(&mut self, head: u64) -> bool {
        let reached = self.target.is_some_and(|target| self.seen >= target);
        if !reached {
            return false;
        }
        if self.seen < head && (self.page.is_some() || self.tail.after(self.seen).is_none()) {
            self.target = Some(head);
            return false;
        }
        self.target = None;
        true
    }
}

#[async_trait]
impl Subscription for SqliteSubscription {
    async fn next(&mut self) -> Result<Delivery, LogError> {
        loop {
            let End { head, closed } = *self.end.borrow_and_update();
            if self.has_caught_up(head) {
                return Ok(Delivery::CaughtUp);
            }
            if let Some(delivery) = self.events(head).await? {
                return Ok(delivery);
            }
            if closed || self.end.changed().await.is_err() {
                return Err(LogError::Closed);
            }
        }
    }
}

impl Drop for SqliteSubscription {
    fn drop(&mut self) {
        if let Some(page) = self.page.take() {
            page.abort();
        }
    }
}

/// Begins to read the page after `position`.
fn read_page(readers: &Arc<Readers>, position: u64) -> JoinHandle<Page> {
    tokio::spawn(Arc::clone(readers).read(move |reader| reader.history(position)))
}
