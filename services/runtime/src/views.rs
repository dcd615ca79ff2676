//! What the engine itself must know to answer: folded from the log, in its order, right after the
//! append and before the reply.
//!
//! One task feeds every view from one subscription. A view never writes to the log.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use domain::ids::CommunityId;
use event_log::{Delivery, EventLog, LogError, Position, RecordedEvent};
use serde_json::value::RawValue;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::codec::{self, CodecError, Observed};
use crate::directory::Directory;
use crate::ledger::Ledger;

/// Somebody else's view: it is shown every event, in order, before the command that caused it is
/// answered. It must be quick, and must not wait for the engine.
pub trait Observer: Send {
    /// Its name, under which a snapshot keeps it; raise a number in it when its shape changes.
    fn name(&self) -> &'static str;

    /// Folds one event.
    ///
    /// # Errors
    /// An event that cannot be decoded; the views then stop there.
    fn observe(&mut self, observed: &Observed<'_>) -> Result<(), CodecError>;

    /// What a snapshot keeps of it.
    ///
    /// # Errors
    /// What JSON reports.
    fn save(&self) -> serde_json::Result<Box<RawValue>>;

    /// Takes back what a snapshot kept.
    ///
    /// # Errors
    /// What JSON reports; the log is then folded anew.
    fn load(&mut self, saved: &RawValue) -> serde_json::Result<()>;
}

/// How far the views are, and whether they still follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The last position that every view has seen.
    pub position: Position,
    /// The history has been read; the views are live.
    pub caught_up: bool,
    /// The views have stopped: something in the log cannot be read.
    pub stopped: bool,
}

/// The views could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The log cannot be read.
    #[error("the event log cannot be read")]
    Log(#[from] LogError),
    /// Something in the log cannot be decoded.
    #[error("the event log holds something that this version cannot read")]
    Codec(#[from] CodecError),
}

/// The engine's views.
pub struct Views {
    ledger: Mutex<Ledger>,
    directory: RwLock<Directory>,
    observers: Mutex<Vec<Box<dyn Observer>>>,
    progress: watch::Sender<Progress>,
    last_seen: Mutex<Option<(Position, Uuid)>>,
    waiting: Mutex<BinaryHeap<Waiting>>,
}

/// Somebody who waits until the views have seen a position; the lowest position comes first.
struct Waiting {
    position: Reverse<Position>,
    wake: oneshot::Sender<()>,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.position.cmp(&other.position)
    }
}

impl Views {
    /// Views that stand at `position`, as a snapshot left them.
    pub fn at(
        position: Position,
        ledger: Ledger,
        directory: Directory,
        observers: Vec<Box<dyn Observer>>,
    ) -> Self {
        let progress = Progress { position, ..Progress::default() };
        Self {
            ledger: Mutex::new(ledger),
            directory: RwLock::new(directory),
            observers: Mutex::new(observers),
            progress: watch::Sender::new(progress),
            last_seen: Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    /// The ledger of commands.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory.
    pub fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The other views, to be saved.
    pub(crate) fn observers(&self) -> MutexGuard<'_, Vec<Box<dyn Observer>>> {
        self.observers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The event that the views have seen last since the start; hold a view's lock around it to
    /// know that they stand there still.
    pub(crate) fn last_seen(&self) -> Option<(Position, Uuid)> {
        *self.last_seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the views are.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Waits until every view has seen a position. Only those whose position has come are woken: a
    /// crowd that wakes for every batch costs more than the batch.
    pub async fn reached(&self, position: Position) {
        let woken = {
            // The position is looked at under the lock that the waking takes too.
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if self.progress.borrow().position >= position {
                return;
            }
            let (wake, woken) = oneshot::channel();
            waiting.push(Waiting { position: Reverse(position), wake });
            woken
        };
        if woken.await.is_err() {
            // The views are gone; nothing will ever be seen again.
            std::future::pending::<()>().await;
        }
    }

    fn wake_up_to(&self, position: Position) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.peek().is_some_and(|first| first.position.0 <= position)
            && let Some(first) = waiting.pop()
        {
            // Whoever has given up waiting is not there any more.
            first.wake.send(()).unwrap_or_default();
        }
    }

    /// Follows the log until it can be read no more.
    ///
    /// # Errors
    /// [`ViewError`], after marking the progress as stopped.
    pub async fn follow(self: Arc<Self>, log: Arc<dyn EventLog>) -> Result<(), ViewError> {
        let after = self.progress.borrow().position;
        let mut subscription = log.subscribe((after > Position(0)).then_some(after));
        loop {
            let step = match subscription.next().await {
                Ok(Delivery::Events(events)) => self.observe_all(&events).map_err(ViewError::from),
                Ok(Delivery::CaughtUp) => {
                    self.progress.send_modify(|progress| progress.caught_up = true);
                    Ok(())
                }
                Err(LogError::Closed) => return Ok(()),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = step {
                self.progress.send_modify(|progress| progress.stopped = true);
                return Err(error);
            }
        }
    }

    /// Folds a batch and then tells everybody who waits for it.
    fn observe_all(&self, events: &[RecordedEvent]) -> Result<(), CodecError> {
        let mut community: Option<CommunityId> = None;
        {
            let mut ledger = self.ledger();
            let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
            let mut observers = self.observers();
            for recorded in events {
                // Streams of the server itself begin with `$`; they are nobody's business here.
                if recorded.stream.as_str().starts_with('$') {
                    continue;
                }
                let foreign = || CodecError::ForeignStream { stream: recorded.stream.clone() };
                let (category, tenant, id) =
                    codec::parse_stream(&recorded.stream).ok_or_else(foreign)?;
                if community.as_ref().is_none_or(|known| known.as_str() != tenant) {
                    community = Some(tenant.parse().map_err(|_| foreign())?);
                }
                let Some(community) = &community else { return Err(foreign()) };
                let observed = Observed::of(recorded, community, category, id)?;
                ledger.observe(&observed)?;
                directory.observe(&observed)?;
                for observer in observers.iter_mut() {
                    observer.observe(&observed)?;
                }
            }
            if let Some(last) = events.last() {
                let mut last_seen = self.last_seen.lock().unwrap_or_else(PoisonError::into_inner);
                *last_seen = Some((last.position, last.id));
            }
        }
        if let Some(last) = events.last() {
            self.progress.send_modify(|progress| progress.position = last.position);
            self.wake_up_to(last.position);
        }
        Ok(())
    }
}
