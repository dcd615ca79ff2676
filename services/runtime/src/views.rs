//! What the engine itself must know to answer: folded from the log, in its order, right after the
//! append and before the reply.
//!
//! One task feeds every view from one subscription. Pages of history are decoded on another thread,
//! a few ahead of the one that is folded. A view never writes to the log.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use event_log::{Delivery, EventLog, LogError, Position, RecordedEvent};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::codec::{CodecError, Observed};
use crate::directory::Directory;
use crate::ledger::Ledger;

/// The most pages of history that are decoded ahead of the one that is folded.
const PAGES_AHEAD_MAX: usize = 4;
/// From this many events on a batch is decoded on a thread of its own; fewer take less time than
/// the way there.
const DECODED_APART_MIN: usize = 256;

/// Somebody else's view: it is shown every event, in order, before the command that caused it is
/// answered. It must be quick, and must not wait for the engine.
pub trait Observer: Send {
    /// Its name, under which a snapshot keeps it; raise a number in it when its shape changes.
    fn name(&self) -> &'static str;

    /// Folds the next events, in their order.
    fn observe(&mut self, events: &[Observed]);

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
    /// A thread died that decoded a page or folded it.
    #[error("a page of the event log was not decoded or not folded: its thread died")]
    Died,
}

/// Events that follow each other in the log, decoded.
struct Batch {
    events: Vec<Observed>,
    /// The last event's place and id, of whoever's stream it is.
    last: Option<(Position, Uuid)>,
}

/// Decodes pages of history in their order, on one thread as long as there is history: what each
/// page takes of memory, the next one takes again.
#[derive(Default)]
struct Ahead {
    thread: Option<Decoder>,
    /// How many pages are on their way.
    pages: usize,
}

/// The two ends of the thread's queues.
struct Decoder {
    pages: mpsc::Sender<Arc<[RecordedEvent]>>,
    decoded: mpsc::Receiver<Result<Batch, CodecError>>,
}

impl Ahead {
    /// Hands over a page; at most [`PAGES_AHEAD_MAX`] may be on their way.
    async fn push(&mut self, page: Arc<[RecordedEvent]>) -> Result<(), ViewError> {
        let decoder = self.thread.get_or_insert_with(Decoder::start);
        decoder.pages.send(page).await.map_err(|_| ViewError::Died)?;
        self.pages += 1;
        Ok(())
    }

    /// The oldest of the pages that are on their way; `None` without any.
    async fn next(&mut self) -> Option<Result<Batch, ViewError>> {
        let decoder = self.thread.as_mut().filter(|_| self.pages > 0)?;
        let batch = decoder.decoded.recv().await.ok_or(ViewError::Died);
        self.pages -= 1;
        Some(batch.and_then(|batch| batch.map_err(ViewError::Codec)))
    }
}

impl Decoder {
    fn start() -> Self {
        let (pages, mut coming) = mpsc::channel::<Arc<[RecordedEvent]>>(PAGES_AHEAD_MAX);
        let (going, decoded) = mpsc::channel(PAGES_AHEAD_MAX);
        spawn_blocking(move || {
            while let Some(page) = coming.blocking_recv()
                && going.blocking_send(decode(&page, vec![])).is_ok()
            {}
        });
        Self { pages, decoded }
    }
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

    /// Marks that they have stopped: whoever followed died.
    pub(crate) fn stop(&self) {
        self.progress.send_modify(|progress| progress.stopped = true);
    }

    /// Follows the log until it can be read no more.
    ///
    /// # Errors
    /// [`ViewError`], after marking the progress as stopped.
    pub async fn follow(self: Arc<Self>, log: Arc<dyn EventLog>) -> Result<(), ViewError> {
        let followed = self.fold_all(log.as_ref()).await;
        if followed.is_err() {
            self.stop();
        }
        followed
    }

    async fn fold_all(&self, log: &dyn EventLog) -> Result<(), ViewError> {
        let after = self.progress.borrow().position;
        let mut subscription = log.subscribe((after > Position(0)).then_some(after));
        let mut ahead = Ahead::default();
        // Many batches a second of some ten kilobytes each are decoded into the same memory.
        let mut room = vec![];
        loop {
            let delivery = tokio::select! {
                biased;
                delivery = subscription.next(), if ahead.pages < PAGES_AHEAD_MAX => delivery,
                Some(batch) = ahead.next() => {
                    self.fold(batch?);
                    continue;
                }
            };
            match delivery {
                Ok(Delivery::Events(page)) if page.len() >= DECODED_APART_MIN => {
                    ahead.push(page).await?;
                }
                Ok(Delivery::Events(events)) => {
                    self.fold_ahead(&mut ahead).await?;
                    room = self.fold(decode(&events, room)?);
                }
                Ok(Delivery::CaughtUp) => {
                    self.fold_ahead(&mut ahead).await?;
                    ahead = Ahead::default();
                    self.progress.send_modify(|progress| progress.caught_up = true);
                }
                Err(LogError::Closed) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn fold_ahead(&self, ahead: &mut Ahead) -> Result<(), ViewError> {
        while let Some(batch) = ahead.next().await {
            self.fold(batch?);
        }
        Ok(())
    }

    /// Folds a batch and then tells everybody who waits for it. Gives back its memory, empty.
    fn fold(&self, batch: Batch) -> Vec<Observed> {
        let Batch { mut events, last } = batch;
        let Some((position, id)) = last else { return events };
        {
            let mut ledger = self.ledger();
            let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
            let mut observers = self.observers();
            for observed in &events {
                ledger.observe(observed);
                directory.observe(observed);
            }
            for observer in observers.iter_mut() {
                observer.observe(&events);
            }
            let mut last_seen = self.last_seen.lock().unwrap_or_else(PoisonError::into_inner);
            *last_seen = Some((position, id));
        }
        self.progress.send_modify(|progress| progress.position = position);
        self.wake_up_to(position);
        events.clear();
        events
    }
}

/// Decodes a page into an empty vector.
fn decode(recorded: &[RecordedEvent], mut events: Vec<Observed>) -> Result<Batch, CodecError> {
    events.reserve(recorded.len());
    for event in recorded {
        events.extend(Observed::read(event)?);
    }
    Ok(Batch { events, last: recorded.last().map(|event| (event.position, event.id)) })
}

#[cfg(test)]
mod tests {
    use domain::device::DeviceEvent;
    use domain::device::event::{ContentDigest, DeviceRestored};
    use domain::ids::CommandId;
    use event_log::{Expected, MemoryLog, NewEvent, Revision};
    use jiff::Timestamp;

    use super::*;
    use crate::codec::{self, Metadata};

    /// Keeps the positions that it was shown.
    struct Seen(Arc<Mutex<Vec<u64>>>);

    impl Observer for Seen {
        fn name(&self) -> &'static str {
            "seen"
        }

        fn observe(&mut self, events: &[Observed]) {
            self.0.lock().unwrap().extend(events.iter().map(|event| event.position.0));
        }

        fn save(&self) -> serde_json::Result<Box<RawValue>> {
            serde_json::value::to_raw_value(&())
        }

        fn load(&mut self, _: &RawValue) -> serde_json::Result<()> {
            Ok(())
        }
    }

    fn event(n: u64) -> NewEvent {
        let metadata = Metadata {
            command_id: CommandId(Uuid::from_u128(n.into())),
            content: ContentDigest::from_bytes([0; 16]),
            correlation_id: None,
            causation_id: None,
            actor: "desk".parse().unwrap(),
            device: None,
            sequence: None,
            occurred_at: Timestamp::UNIX_EPOCH,
            recorded_at: Timestamp::UNIX_EPOCH,
            clock: None,
            schema_version: 1,
        };
        let bytes = codec::encode_metadata(&metadata).unwrap();
        codec::encode(&DeviceEvent::Restored(DeviceRestored {}), 0, &metadata, &bytes).unwrap()
    }

    async fn append(log: &MemoryLog, numbers: std::ops::Range<u64>, spoil: Option<u64>) {
        let stream = "device-fumin.phone-1".parse().unwrap();
        for n in numbers {
            let mut event = event(n);
            if spoil == Some(n) {
                event.data = "not JSON".into();
            }
            let last = n.checked_sub(1);
            let expected = last.map_or(Expected::NoStream, |last| Expected::Exact(Revision(last)));
            log.append(&stream, expected, vec![event]).await.unwrap();
        }
    }

    fn views() -> (Arc<Views>, Arc<Mutex<Vec<u64>>>) {
        let seen = Arc::default();
        let observer = Box::new(Seen(Arc::clone(&seen)));
        let (ledger, directory) = (Ledger::default(), Directory::default());
        (Arc::new(Views::at(Position(0), ledger, directory, vec![observer])), seen)
    }

    /// More than are decoded ahead, so that the reader has to wait for the folding too.
    const HISTORY_EVENTS: u64 = 20_000;

    #[tokio::test]
    async fn history_is_decoded_ahead_and_folded_in_order() {
        let log = Arc::new(MemoryLog::new());
        append(&log, 0..HISTORY_EVENTS, None).await;
        let (views, seen) = views();
        let following = tokio::spawn(Arc::clone(&views).follow(Arc::clone(&log) as Arc<_>));
        let mut progress = views.progress();
        progress.wait_for(|progress| progress.caught_up).await.unwrap();
        append(&log, HISTORY_EVENTS..HISTORY_EVENTS + 3, None).await;
        views.reached(Position(HISTORY_EVENTS + 3)).await;
        let seen = seen.lock().unwrap();
        assert!(seen.iter().copied().eq(1..=HISTORY_EVENTS + 3));
        following.abort();
    }

    #[tokio::test]
    async fn they_stop_at_what_they_cannot_read_and_have_seen_only_what_is_before() {
        let log = Arc::new(MemoryLog::new());
        append(&log, 0..HISTORY_EVENTS, Some(HISTORY_EVENTS / 2)).await;
        let (views, seen) = views();
        let stopped = Arc::clone(&views).follow(log).await;
        assert!(matches!(stopped, Err(ViewError::Codec(CodecError::Unreadable { .. }))));
        let progress = *views.progress().borrow();
        assert!(progress.stopped && !progress.caught_up);
        let seen = seen.lock().unwrap();
        assert!(seen.iter().copied().eq(1..=progress.position.0));
        assert!(progress.position.0 <= HISTORY_EVENTS / 2);
    }

    /// A view that dies at an event.
    struct Mortal(u64);

    impl Observer for Mortal {
        fn name(&self) -> &'static str {
            "mortal"
        }

        fn observe(&mut self, events: &[Observed]) {
            assert!(events.iter().all(|event| event.position.0 != self.0), "it dies");
        }

        fn save(&self) -> serde_json::Result<Box<RawValue>> {
            serde_json::value::to_raw_value(&())
        }

        fn load(&mut self, _: &RawValue) -> serde_json::Result<()> {
            Ok(())
        }
    }

    fn parts(log: &Arc<MemoryLog>, dies_at: u64) -> crate::engine::Parts {
        crate::engine::Parts {
            log: Arc::clone(log) as Arc<_>,
            clock: Arc::new(crate::clock::ManualClock::at(Timestamp::UNIX_EPOCH)),
            vault: Arc::new(crate::vault::Vault::in_memory().unwrap()),
            snapshots: None,
            observers: vec![Box::new(Mortal(dies_at))],
        }
    }

    #[tokio::test]
    async fn an_engine_does_not_start_on_views_that_died() {
        let log = Arc::new(MemoryLog::new());
        append(&log, 0..10, None).await;
        let started = crate::engine::Engine::start(parts(&log, 5)).await;
        assert!(matches!(started, Err(crate::engine::StartError::Views(ViewError::Died))));
    }

    #[tokio::test]
    async fn views_that_die_later_are_said_to_have_stopped() {
        let log = Arc::new(MemoryLog::new());
        append(&log, 0..10, None).await;
        let engine = crate::engine::Engine::start(parts(&log, 12)).await.unwrap();
        append(&log, 10..15, None).await;
        let mut progress = engine.views().progress();
        let stopped = progress.wait_for(|progress| progress.stopped).await.unwrap();
        assert!(stopped.position < Position(15));
    }
}
