//! The last committed batches, shared by all live subscriptions.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{Position, RecordedEvent};

/// The most events that are kept for subscribers; who is further behind reads from disk.
const TAIL_EVENTS_MAX: usize = 16_384;
/// The most bytes of data and metadata that are kept for subscribers.
const TAIL_BYTES_MAX: usize = 16 * 1024 * 1024;

type Batch = Arc<[RecordedEvent]>;

/// A window on the end of the log. Each subscription knows its own place; nothing is kept for it
/// here, so that a slow one costs nothing.
pub(super) struct Tail {
    window: Mutex<Window>,
    end: watch::Sender<End>,
}

/// Where the log ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// The position of the last durable event, 0 before the first.
    pub head: u64,
    /// Nothing comes after it.
    pub closed: bool,
}

#[derive(Default)]
struct Window {
    batches: VecDeque<Batch>,
    events: usize,
    bytes: usize,
}

impl Tail {
    pub fn new(head: u64) -> Self {
        Self { window: Mutex::default(), end: watch::Sender::new(End { head, closed: false }) }
    }

    /// Hands out a batch that is durable now.
    pub fn publish(&self, batch: Batch) {
        let Some(last) = batch.last() else { return };
        let head = last.position.0;
        let mut window = self.window();
        window.events += batch.len();
        window.bytes += bytes(&batch);
        window.batches.push_back(batch);
        while (window.events > TAIL_EVENTS_MAX || window.bytes > TAIL_BYTES_MAX)
            && let Some(oldest) = window.batches.pop_front()
        {
            window.events -= oldest.len();
            window.bytes -= bytes(&oldest);
        }
        drop(window);
        self.end.send_modify(|end| end.head = head);
    }

    /// The next batch for a reader that has seen everything up to `position`; `None` when that is
    /// no longer, or not yet, in the window.
    pub fn after(&self, position: u64) -> Option<Batch> {
        let next = Position(position.saturating_add(1));
        let window = self.window();
        let ends_before = |batch: &Batch| batch.last().is_none_or(|last| last.position < next);
        let batch = window.batches.get(window.batches.partition_point(ends_before))?;
        let seen = batch.partition_point(|event| event.position < next);
        match seen {
            0 if batch.first()?.position == next => Some(Arc::clone(batch)),
            0 => None,
            _ => Some(batch[seen..].into()),
        }
    }

    /// The position of the last durable event, 0 before the first.
    pub fn head(&self) -> u64 {
        self.end.borrow().head
    }

    /// Tells the subscriptions that nothing more comes.
    pub fn close(&self) {
        self.end.send_modify(|end| end.closed = true);
    }

    /// Watches the end of the log.
    pub fn watch(&self) -> watch::Receiver<End> {
        self.end.subscribe()
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(batch: &[RecordedEvent]) -> usize {
    batch.iter().map(|event| event.data.len() + event.metadata.len()).sum()
}
