//! A subscription that outlives the connection.

use std::sync::Arc;

use async_trait::async_trait;
use eventstore::{Error, StreamPosition, SubscribeToAllOptions, SubscriptionEvent};
use tokio::sync::mpsc;

use super::{Shared, connection::Backoff, event::recorded, event::to_position, is_passing, remote};
use crate::{Delivery, LogError, Position, RecordedEvent, Subscription};

/// Events that wait for a slow subscriber; the server waits behind them.
const WAITING_MAX: usize = 1_024;
/// The most events in one delivery.
const DELIVERY_EVENTS_MAX: usize = 256;

enum Item {
    Event(RecordedEvent),
    CaughtUp,
    Failed(LogError),
}

/// What the follower below brings. Waiting for it is safe to cancel; the client's own waiting is
/// not.
pub(super) struct KurrentSubscription {
    items: mpsc::Receiver<Item>,
    /// Taken from the channel and not delivered yet.
    next: Option<Item>,
}

impl KurrentSubscription {
    pub fn start(shared: Arc<Shared>, after: Option<Position>) -> Self {
        let (sender, items) = mpsc::channel(WAITING_MAX);
        tokio::spawn(Follower { shared, after, sender }.run());
        Self { items, next: None }
    }
}

#[async_trait]
impl Subscription for KurrentSubscription {
    async fn next(&mut self) -> Result<Delivery, LogError> {
        let first = match self.next.take() {
            Some(item) => item,
            None => self.items.recv().await.ok_or(LogError::Closed)?,
        };
        let mut events = match first {
            Item::Event(event) => vec![event],
            Item::CaughtUp => return Ok(Delivery::CaughtUp),
            Item::Failed(error) => return Err(error),
        };
        while events.len() < DELIVERY_EVENTS_MAX
            && let Ok(item) = self.items.try_recv()
        {
            match item {
                Item::Event(event) => events.push(event),
                Item::CaughtUp | Item::Failed(_) => {
                    self.next = Some(item);
                    break;
                }
            }
        }
        Ok(Delivery::Events(events.into()))
    }
}

/// Follows the log and takes it up again where it was lost.
struct Follower {
    shared: Arc<Shared>,
    after: Option<Position>,
    sender: mpsc::Sender<Item>,
}

impl Follower {
    async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let before = self.after;
            let Err(error) = self.follow().await else { return };
            if !is_passing(&error) {
                drop(self.sender.send(Item::Failed(remote(error))).await);
                return;
            }
            tracing::warn!(%error, "the subscription was lost and goes on");
            if self.after != before {
                backoff = Backoff::default();
            }
            tokio::select! {
                () = backoff.wait() => {}
                () = self.sender.closed() => return,
            }
        }
    }

    /// Follows until the subscriber has gone.
    async fn follow(&mut self) -> Result<(), Error> {
        let from = match self.after {
            None | Some(Position(0)) => StreamPosition::Start,
            Some(after) if i64::try_from(after.0).is_err() => StreamPosition::End,
            Some(after) => to_position(after),
        };
        let options = SubscribeToAllOptions::default().position(from).filter(self.shared.filter());
        let shared = Arc::clone(&self.shared);
        let lease = shared.connection.lease();
        let mut subscription = lease.client.subscribe_to_all(&options).await;
        shared.connection.noted(&lease, self.take(&mut subscription).await)
    }

    async fn take(&mut self, from: &mut eventstore::Subscription) -> Result<(), Error> {
        loop {
            let event = tokio::select! {
                event = from.next_subscription_event() => event?,
                () = self.sender.closed() => return Ok(()),
            };
            let item = match event {
                SubscriptionEvent::EventAppeared(resolved) => {
                    let Some(event) = resolved.event.or(resolved.link) else { continue };
                    let event = recorded(event, &self.shared.prefix)?;
                    if self.after.is_some_and(|after| event.position <= after) {
                        continue;
                    }
                    self.after = Some(event.position);
                    self.shared.saw(event.position);
                    Item::Event(event)
                }
                SubscriptionEvent::CaughtUp(_) => Item::CaughtUp,
                // A checkpoint may stand past events that this subscriber has not seen.
                SubscriptionEvent::Checkpoint(_)
                | SubscriptionEvent::Confirmed(_)
                | SubscriptionEvent::FirstStreamPosition(_)
                | SubscriptionEvent::LastStreamPosition(_)
                | SubscriptionEvent::LastAllPosition(_)
                | SubscriptionEvent::FellBehind(_) => continue,
            };
            if self.sender.send(item).await.is_err() {
                return Ok(());
            }
        }
    }
}
