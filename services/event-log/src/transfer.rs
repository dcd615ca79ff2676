//! Copying a log into another one, event by event, in order.

use std::{collections::VecDeque, io};

use crate::{
    APPEND_EVENTS_MAX, AppendError, Direction, EventLog, Expected, LogError, NewEvent,
    PAGE_EVENTS_MAX, Position, RecordedEvent, Revision, StreamName,
    ndjson::LineError,
    progress::{Progress, Watcher},
};

/// Consecutive events of one stream are appended together up to this size.
const RUN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transferred {
    /// Events that the destination had already, from an earlier attempt.
    pub present: u64,
    /// Events that were appended.
    pub appended: u64,
}

/// A transfer that did not come to its end. What it has appended is right, and beginning again
/// goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// One of the logs could not be read.
    #[error("a log cannot be read")]
    Read(#[from] LogError),
    /// The destination did not take an event.
    #[error("the destination did not take the event at position {} of the source", position.0)]
    Append {
        /// Where the event is in the source.
        position: Position,
        /// What the destination said.
        source: AppendError,
    },
    /// The destination holds something else than a beginning of the source.
    #[error(
        "the destination differs at position {} (position {} of the source); use an empty one",
        destination.0, source_position.0
    )]
    Differs {
        /// Where the event is in the source.
        source_position: Position,
        /// Where the other event is in the destination.
        destination: Position,
    },
    /// The destination holds more than the source.
    #[error("the destination holds more than the source, from position {} on", destination.0)]
    Longer {
        /// The first event of the destination that the source does not have.
        destination: Position,
    },
    /// Somebody stopped it.
    #[error("interrupted; begin again to go on")]
    Interrupted,
    /// The file could not be read or written.
    #[error("cannot read or write the file")]
    File(#[from] io::Error),
    /// A line of the file is no event.
    #[error("line {line}: {source}")]
    Line {
        /// The number of the line, counted from 1.
        line: u64,
        /// What is wrong with it.
        source: LineError,
    },
}

/// Copies every event of `from` to `to`: streams, revisions, ids, types, bytes and order are kept.
///
/// What is there already must be a beginning of the source; it is compared and left alone, so that
/// an interrupted copy goes on where it was. Events that are appended to the source meanwhile are
/// left to the next copy. Nobody else may write to the destination.
///
/// The events of one stream that follow each other are appended together, one append at a time. A
/// destination in SQLite is filled much faster with `Durability::Handed`, and then closed.
///
/// # Errors
/// [`TransferError`]; the same call goes on when its cause is gone.
pub async fn copy(
    from: &dyn EventLog,
    to: &dyn EventLog,
    watcher: Watcher<'_>,
) -> Result<Transferred, TransferError> {
    transfer(from, to, |_| true, watcher).await
}

/// The same between a log and a cluster: streams that begin with `$` are the server's own, on
/// either side, and are left where they are.
///
/// # Errors
/// As for [`copy`].
pub async fn copy_without_system(
    from: &dyn EventLog,
    to: &dyn EventLog,
    watcher: Watcher<'_>,
) -> Result<Transferred, TransferError> {
    transfer(from, to, |event| !is_system(event), watcher).await
}

/// A digest of every event in its order, and how many there are: what is folded from two logs of
/// the same digest is the same. Positions are left out, which are a log's own; so are streams that
/// begin with `$`.
///
/// # Errors
/// [`LogError`] when the log cannot be read.
pub async fn digest(log: &dyn EventLog) -> Result<(blake3::Hash, u64), LogError> {
    let (mut hasher, mut count, mut after) = (blake3::Hasher::new(), 0, None);
    loop {
        let page = log.read_all(after, Direction::Forwards, PAGE_EVENTS_MAX).await?;
        let Some(last) = page.last() else { return Ok((hasher.finalize(), count)) };
        after = Some(last.position);
        for event in page.iter().filter(|event| !is_system(event)) {
            let RecordedEvent { stream, revision, id, event_type, data, metadata, .. } = event;
            for part in [stream.as_str().as_bytes(), event_type.as_bytes(), data, metadata] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
            hasher.update(&revision.0.to_le_bytes());
            hasher.update(id.as_bytes());
            count += 1;
        }
    }
}

fn is_system(event: &RecordedEvent) -> bool {
    event.stream.as_str().starts_with('$')
}

async fn transfer(
    from: &dyn EventLog,
    to: &dyn EventLog,
    wanted: fn(&RecordedEvent) -> bool,
    watcher: Watcher<'_>,
) -> Result<Transferred, TransferError> {
    let mut follower = Follower { wanted, ..Follower::new(to) };
    let total = from.head().await?.map_or(0, |head| head.0);
    let mut after = None;
    while after.is_none_or(|Position(done)| done < total) {
        let page = from.read_all(after, Direction::Forwards, PAGE_EVENTS_MAX).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.position);
        let done = last.position.0;
        for event in page.into_iter().filter(|event| event.position.0 <= total && wanted(event)) {
            follower.push(event).await?;
        }
        if watcher(Progress { done: done.min(total), total }).is_break() {
            return Err(TransferError::Interrupted);
        }
    }
    follower.finish().await
}

/// Makes a log the same as a sequence of events.
pub(crate) struct Follower<'a> {
    to: &'a dyn EventLog,
    /// Events of the destination that are to be compared with the source.
    present: VecDeque<RecordedEvent>,
    /// The last event of the destination that was read; `Err` when there are no more.
    read: Result<Option<Position>, AllRead>,
    run: Option<Run>,
    transferred: Transferred,
    /// Which events of the destination are compared.
    wanted: fn(&RecordedEvent) -> bool,
}

/// Everything that the destination had has been compared.
struct AllRead;

/// Events of one stream to append together.
struct Run {
    stream: StreamName,
    first: Revision,
    events: Vec<NewEvent>,
    bytes: usize,
    /// The position of the last one in the source.
    position: Position,
}

impl<'a> Follower<'a> {
    pub fn new(to: &'a dyn EventLog) -> Self {
        let transferred = Transferred::default();
        let (present, wanted) = (VecDeque::new(), |_: &RecordedEvent| true);
        Self { to, present, read: Ok(None), run: None, transferred, wanted }
    }

    /// Takes the next event of the source.
    pub async fn push(&mut self, event: RecordedEvent) -> Result<(), TransferError> {
        if let Some(present) = self.next_present().await? {
            let destination = present.position;
            if (RecordedEvent { position: event.position, ..present }) != event {
                let source_position = event.position;
                return Err(TransferError::Differs { source_position, destination });
            }
            self.transferred.present += 1;
            return Ok(());
        }
        let fits = self.run.as_ref().is_some_and(|run| run.takes(&event));
        if !fits {
            self.flush().await?;
        }
        let run = self.run.get_or_insert_with(|| Run::new(&event));
        run.bytes += event.data.len() + event.metadata.len();
        run.position = event.position;
        let RecordedEvent { id, event_type, data, metadata, .. } = event;
        run.events.push(NewEvent { id, event_type, data, metadata });
        Ok(())
    }

    /// Appends what is left. The destination must not hold more.
    pub async fn finish(mut self) -> Result<Transferred, TransferError> {
        if let Some(more) = self.next_present().await? {
            return Err(TransferError::Longer { destination: more.position });
        }
        self.flush().await?;
        Ok(self.transferred)
    }

    async fn next_present(&mut self) -> Result<Option<RecordedEvent>, LogError> {
        while self.present.is_empty()
            && let Ok(read) = self.read
        {
            let page = self.to.read_all(read, Direction::Forwards, PAGE_EVENTS_MAX).await?;
            self.read = page.last().map(|last| Some(last.position)).ok_or(AllRead);
            self.present = page.into_iter().filter(self.wanted).collect();
        }
        Ok(self.present.pop_front())
    }

    async fn flush(&mut self) -> Result<(), TransferError> {
        let Some(Run { stream, first, events, position, .. }) = self.run.take() else {
            return Ok(());
        };
        let expected = match first.0.checked_sub(1) {
            None => Expected::NoStream,
            Some(last) => Expected::Exact(Revision(last)),
        };
        let count = events.len() as u64;
        match self.to.append(&stream, expected, events).await {
            Ok(_) => self.transferred.appended += count,
            Err(source) => return Err(TransferError::Append { position, source }),
        }
        Ok(())
    }
}

impl Run {
    fn new(event: &RecordedEvent) -> Self {
        let (stream, first) = (event.stream.clone(), event.revision);
        Self { stream, first, events: Vec::new(), bytes: 0, position: event.position }
    }

    /// Says whether the event may be appended together with those before it.
    fn takes(&self, event: &RecordedEvent) -> bool {
        self.stream == event.stream
            && self.first.0 + self.events.len() as u64 == event.revision.0
            && self.events.len() < APPEND_EVENTS_MAX
            && self.bytes + event.data.len() + event.metadata.len() <= RUN_BYTES_MAX
    }
}
