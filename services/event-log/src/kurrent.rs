//! The distributed log: a KurrentDB (EventStoreDB) cluster, through its official client.
//!
//! **Every append carries the exact revision that it expects**, so that sending it again is safe,
//! and **a subscription goes on from the last event that was seen**, never from a checkpoint of the
//! server. Streams of the server itself (`$...`) are no part of the log.
//!
//! Positions are the cluster's commit positions: they grow, and are not dense.

mod connection;
mod event;
mod subscription;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use eventstore::{
    AppendToStreamOptions, CurrentRevision, Error, ReadAllOptions, ReadStream, ReadStreamOptions,
    StreamPosition, StreamState, SubscriptionFilter,
};
use tokio::{sync::Semaphore, time::Instant};

pub use self::connection::{Config, ConfigError, Secret};
use self::{
    connection::{Backoff, Connection, Lease},
    event::{proposed, recorded, to_position},
    subscription::KurrentSubscription,
};
use crate::{
    AppendError, Appended, Direction, EventLog, Expected, Health, InvalidAppend, LogError,
    NewEvent, PAGE_EVENTS_MAX, Position, RecordedEvent, Revision, StreamName, Subscription,
    check_append,
};

/// The most appends on their way at once; more wait.
pub const APPENDS_IN_FLIGHT_MAX: usize = 256;
/// How long one call may take before it is taken for lost.
const CALL_MAX: Duration = Duration::from_secs(5);
/// How long an append whose outcome is unknown is sent again before that is what is answered.
const SETTLE_MAX: Duration = Duration::from_secs(15);
/// How long a read is tried again.
const READ_MAX: Duration = Duration::from_secs(15);

/// A log on a cluster.
pub struct KurrentLog {
    shared: Arc<Shared>,
    in_flight: Semaphore,
}

/// What the log and its subscriptions have in common.
struct Shared {
    connection: Connection,
    prefix: String,
    /// The highest position that anything was seen at.
    highest: AtomicU64,
}

impl KurrentLog {
    /// Connects to a cluster; waits until one of its nodes answers, or the patience of `config`
    /// is over.
    ///
    /// # Errors
    /// [`LogError::Remote`] when nobody answers.
    pub async fn connect(config: Config) -> Result<Self, LogError> {
        let prefix = config.prefix.clone();
        let connection = Connection::open(config).await?;
        let shared = Shared { connection, prefix, highest: AtomicU64::new(0) };
        let in_flight = Semaphore::new(APPENDS_IN_FLIGHT_MAX);
        Ok(Self { shared: Arc::new(shared), in_flight })
    }

    /// Sends an append until its outcome is known, or the patience is over.
    async fn settle(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: &[NewEvent],
    ) -> Result<Appended, AppendError> {
        let begun = Instant::now();
        let mut backoff = Backoff::default();
        let before = self.shared.highest.load(Ordering::Acquire);
        let mut uncertain = false;
        loop {
            let error = match self.send(stream, expected, events).await {
                Ok((revision, commit)) => {
                    self.shared.saw(Position(commit));
                    // What is new stands after everything that was there before it was sent.
                    let (position, repeated) = (Position(commit), commit <= before);
                    return Ok(Appended { position, revision: Revision(revision), repeated });
                }
                Err(error) => error,
            };
            if let Error::WrongExpectedVersion { current, .. } = error {
                if uncertain && let Some(appended) = self.standing(stream, expected, events).await?
                {
                    return Ok(appended);
                }
                let actual = match current {
                    CurrentRevision::Current(revision) => Some(Revision(revision)),
                    CurrentRevision::NoStream => None,
                };
                return Err(AppendError::WrongRevision {
                    stream: stream.clone(),
                    expected,
                    actual,
                });
            }
            if is_too_large(&error) {
                let bytes =
                    events.iter().map(|event| event.data.len() + event.metadata.len()).sum();
                return Err(InvalidAppend::AppendTooLarge { bytes }.into());
            }
            if !is_passing(&error) || begun.elapsed() >= SETTLE_MAX {
                return Err(AppendError::OutcomeUnknown(remote(error)));
            }
            uncertain = true;
            tracing::warn!(%error, %stream, "an append is sent again: its outcome is unknown");
            backoff.wait().await;
        }
    }

    async fn send(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: &[NewEvent],
    ) -> Result<(u64, u64), Error> {
        let state = match expected {
            Expected::NoStream => StreamState::NoStream,
            Expected::Exact(Revision(revision)) => StreamState::StreamRevision(revision),
        };
        let options = AppendToStreamOptions::default()
            .stream_state(state)
            .deadline(CALL_MAX)
            .requires_leader(true);
        let name = self.shared.name(stream);
        let proposed: Vec<_> = events.iter().map(proposed).collect();
        let lease = self.shared.connection.lease();
        let written = lease.client.append_to_stream(name, &options, proposed).await;
        let written = self.shared.connection.noted(&lease, written)?;
        Ok((written.next_expected_version, written.position.commit))
    }

    /// The receipt of events that stand already at the place they are to have.
    async fn standing(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: &[NewEvent],
    ) -> Result<Option<Appended>, AppendError> {
        let from = Some(expected.first());
        let there = self.read_stream(stream, from, Direction::Forwards, events.len()).await;
        let there = there.map_err(AppendError::OutcomeUnknown)?;
        let same = there.len() == events.len()
            && there.iter().zip(events).all(|(there, event)| there.id == event.id);
        let receipt = |last: &RecordedEvent| Appended {
            position: last.position,
            revision: last.revision,
            repeated: true,
        };
        Ok(there.last().filter(|_| same).map(receipt))
    }
}

impl Shared {
    fn name(&self, stream: &StreamName) -> String {
        format!("{}{stream}", self.prefix)
    }

    /// Which events are the log's: those of this prefix, and none of the server itself.
    fn filter(&self) -> SubscriptionFilter {
        let filter = SubscriptionFilter::on_stream_name();
        if self.prefix.is_empty() {
            filter.regex(r"^[^\$]")
        } else {
            filter.add_prefix(&self.prefix)
        }
    }

    fn saw(&self, position: Position) {
        self.highest.fetch_max(position.0, Ordering::AcqRel);
    }

    /// Takes up to `limit` events; `None` is a stream that does not exist.
    async fn collect(
        &self,
        mut stream: ReadStream,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, Error> {
        let mut events = Vec::new();
        while events.len() < limit
            && let Some(resolved) = stream.next().await?
        {
            if let Some(event) = resolved.event.or(resolved.link) {
                let event = recorded(event, &self.prefix)?;
                self.saw(event.position);
                events.push(event);
            }
        }
        Ok(events)
    }

    /// Reads, again and again when the connection fails.
    async fn read(&self, source: &Source, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let begun = Instant::now();
        let mut backoff = Backoff::default();
        loop {
            let lease = self.connection.lease();
            let read = tokio::time::timeout(CALL_MAX, self.read_once(&lease, source, limit)).await;
            let read = read.unwrap_or(Err(Error::DeadlineExceeded));
            match self.connection.noted(&lease, read) {
                Ok(events) => return Ok(events),
                Err(Error::ResourceNotFound) => return Ok(vec![]),
                Err(error) if is_passing(&error) && begun.elapsed() < READ_MAX => {
                    tracing::warn!(%error, "the event log is read again");
                    backoff.wait().await;
                }
                Err(error) => return Err(remote(error)),
            }
        }
    }

    async fn read_once(
        &self,
        lease: &Lease,
        source: &Source,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, Error> {
        let stream = match source {
            Source::Stream(name, options) => {
                lease.client.read_stream(name.as_str(), options).await?
            }
            Source::All(options) => lease.client.read_all(options).await?,
        };
        self.collect(stream, limit).await
    }

    async fn read_all(
        &self,
        from: StreamPosition<eventstore::Position>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let options = ReadAllOptions::default();
        let options = match direction {
            Direction::Forwards => options.forwards(),
            Direction::Backwards => options.backwards(),
        };
        let options = options.position(from).max_count(limit).filter(self.filter());
        self.read(&Source::All(options.requires_leader(true)), limit).await
    }
}

/// What is read.
enum Source {
    Stream(String, ReadStreamOptions),
    All(ReadAllOptions),
}

#[async_trait]
impl EventLog for KurrentLog {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        check_append(&events)?;
        if let Expected::Exact(revision) = expected
            && i64::try_from(revision.0).is_err()
        {
            // The protocol has other meanings for numbers that large.
            let last = self.read_stream(stream, None, Direction::Backwards, 1).await;
            let last = last.map_err(AppendError::OutcomeUnknown)?;
            let actual = last.first().map(|event| event.revision);
            return Err(AppendError::WrongRevision { stream: stream.clone(), expected, actual });
        }
        let closed = || AppendError::OutcomeUnknown(LogError::Closed);
        let _permit = self.in_flight.acquire().await.map_err(|_| closed())?;
        self.settle(stream, expected, &events).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Option<Revision>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let limit = limit.min(PAGE_EVENTS_MAX);
        let beyond = from.is_some_and(|from| i64::try_from(from.0).is_err());
        let (options, from) = match direction {
            Direction::Forwards if beyond => return Ok(vec![]),
            Direction::Forwards => (
                ReadStreamOptions::default().forwards(),
                from.map_or(StreamPosition::Start, |from| StreamPosition::Position(from.0)),
            ),
            Direction::Backwards => (
                ReadStreamOptions::default().backwards(),
                from.filter(|_| !beyond)
                    .map_or(StreamPosition::End, |from| StreamPosition::Position(from.0)),
            ),
        };
        if limit == 0 {
            return Ok(vec![]);
        }
        let options = options.position(from).max_count(limit).requires_leader(true);
        self.shared.read(&Source::Stream(self.shared.name(stream), options), limit).await
    }

    async fn read_all(
        &self,
        from: Option<Position>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let limit = limit.min(PAGE_EVENTS_MAX);
        let beyond = from.is_some_and(|from| i64::try_from(from.0).is_err());
        if limit == 0 {
            return Ok(vec![]);
        }
        match (direction, from) {
            (Direction::Forwards, None | Some(Position(0))) => {
                self.shared.read_all(StreamPosition::Start, direction, limit).await
            }
            (Direction::Forwards, Some(_)) if beyond => Ok(vec![]),
            (Direction::Forwards, Some(after)) => {
                // The server gives the event at the position itself, too.
                let from = to_position(after);
                let mut events = self.shared.read_all(from, direction, limit + 1).await?;
                events.retain(|event| event.position > after);
                events.truncate(limit);
                Ok(events)
            }
            (Direction::Backwards, None) => {
                self.shared.read_all(StreamPosition::End, direction, limit).await
            }
            (Direction::Backwards, Some(_)) if beyond => {
                self.shared.read_all(StreamPosition::End, direction, limit).await
            }
            (Direction::Backwards, Some(Position(0))) => Ok(vec![]),
            (Direction::Backwards, Some(before)) => {
                self.shared.read_all(to_position(before), direction, limit).await
            }
        }
    }

    async fn event_at(&self, position: Position) -> Result<Option<RecordedEvent>, LogError> {
        if position.0 == 0 || i64::try_from(position.0).is_err() {
            return Ok(None);
        }
        // A position beside it would be no place that the server knows.
        let from = to_position(position);
        let page = self.shared.read_all(from, Direction::Forwards, 1).await?;
        Ok(page.into_iter().next().filter(|event| event.position == position))
    }

    fn subscribe(&self, after: Option<Position>) -> Box<dyn Subscription> {
        Box::new(KurrentSubscription::start(Arc::clone(&self.shared), after))
    }

    async fn head(&self) -> Result<Option<Position>, LogError> {
        let last = self.shared.read_all(StreamPosition::End, Direction::Backwards, 1).await?;
        Ok(last.first().map(|event| event.position))
    }

    fn health(&self) -> Health {
        Health::Writable
    }

    fn is_shared(&self) -> bool {
        true
    }
}

/// The server, or the way to it, failed: the same call may succeed a moment later.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::ServerError(_)
        | Error::NotLeaderException(_)
        | Error::ConnectionClosed
        | Error::GrpcConnectionError(_)
        | Error::DeadlineExceeded
        | Error::InternalClientError => true,
        Error::Grpc { code, .. } => {
            use eventstore_code::{ABORTED, CANCELLED, RESOURCE_EXHAUSTED};
            [ABORTED, CANCELLED, RESOURCE_EXHAUSTED].contains(&i32::from(*code))
        }
        Error::InternalParsingError(_)
        | Error::AccessDenied
        | Error::ResourceAlreadyExists
        | Error::ResourceNotFound
        | Error::ResourceDeleted
        | Error::UnsupportedFeature
        | Error::InitializationError(_)
        | Error::IllegalStateError(_)
        | Error::WrongExpectedVersion { .. } => false,
    }
}

/// Numbers of gRPC's codes; the client's own type for them is not among what it publishes.
mod eventstore_code {
    pub const CANCELLED: i32 = 1;
    pub const RESOURCE_EXHAUSTED: i32 = 8;
    pub const ABORTED: i32 = 10;
}

fn is_too_large(error: &Error) -> bool {
    matches!(error, Error::Grpc { message, .. } if message.contains("Maximum Append Size"))
}

fn remote(error: Error) -> LogError {
    LogError::Remote(Box::new(error))
}
