//! Aggregates in memory: loaded from their streams, decided on, appended to, kept for the next one.
//!
//! On a log that others append to as well, what is in memory may be old, so nothing that it says
//! is said before its stream was read on; only a decision that appends needs no look, because the
//! log refuses it where it is old. And what was appended is read back: another replica may have
//! done the same command a moment before, with other events, which the log takes for ours.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use domain::device::event::ContentDigest;
use domain::fold;
use domain::ids::{CommandId, CommunityId};
use event_log::{
    AppendError, Direction, EventLog, Expected, LogError, NewEvent, PAGE_EVENTS_MAX, Position,
    RecordedEvent, Revision, StreamName, StreamNameError,
};
use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use crate::codec::{self, CodecError, Stored};
use crate::request::Request;
use crate::upcast;

/// How often a command is decided anew when somebody else was faster on its stream.
pub const ATTEMPTS_MAX: usize = 8;

/// An aggregate as it stands in memory.
#[derive(Debug, Clone)]
struct Loaded<A: Stored> {
    state: Arc<A::State>,
    revision: Option<Revision>,
    commands: HashMap<CommandId, Applied>,
}

impl<A: Stored> Loaded<A> {
    /// Takes on what a command did. The state is changed where it lies, unless somebody still
    /// looks at it.
    fn go_on(&mut self, events: &[A::Event], command: CommandId, applied: Applied) {
        let state = Arc::make_mut(&mut self.state);
        *state = fold::<A>(mem::take(state), events);
        self.revision = Some(applied.revision);
        self.commands.insert(command, applied);
    }
}

/// What one command did to a stream.
#[derive(Debug, Clone, Copy)]
struct Applied {
    content: ContentDigest,
    revision: Revision,
}

/// What became of a command.
#[derive(Debug)]
pub struct Done<A: Stored> {
    /// How.
    pub how: How,
    /// The state right after it.
    pub state: Arc<A::State>,
    /// The revision right after it; `None` is an empty stream.
    pub revision: Option<Revision>,
}

/// How a command was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Its events were appended; the position of the last one.
    Appended(Position),
    /// This very command had been done before.
    Replayed,
    /// Its effect was there already; it caused no events.
    AlreadySo,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone<R> {
    /// The domain says no.
    #[error("refused")]
    Refused(R),
    /// It was decided against another version.
    #[error("decided on {expected:?}, but the stream is at {actual:?}")]
    Conflict {
        /// The version it was decided against.
        expected: Option<Revision>,
        /// The present one.
        actual: Option<Revision>,
    },
    /// The command id stands on this stream with other content.
    #[error("the command id was used for something else")]
    Misuse,
    /// The engine or its log failed; the same command may be sent again.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The engine or its log failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The log did not take the events.
    #[error("the event log did not take the events")]
    Append(#[from] AppendError),
    /// The log cannot be read.
    #[error("the event log cannot be read")]
    Read(#[from] LogError),
    /// Something in the log cannot be decoded.
    #[error("the event log holds something that this version cannot read")]
    Codec(#[from] CodecError),
    /// The stream's name would be too long.
    #[error("the id is too long")]
    Name(#[from] StreamNameError),
    /// Others were faster, again and again.
    #[error("too many others wrote to the same stream at once")]
    Contended,
}

type Slot<A> = Arc<Mutex<Option<Loaded<A>>>>;

/// The aggregates of one kind.
pub struct Repository<A: Stored> {
    log: Arc<dyn EventLog>,
    slots: Cache<StreamName, Slot<A>>,
}

impl<A: Stored> Repository<A> {
    /// A repository that keeps up to `cached_max` of them in memory.
    pub fn new(log: Arc<dyn EventLog>, cached_max: usize) -> Self {
        Self { log, slots: Cache::new(cached_max) }
    }

    /// The present state of one.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read.
    pub async fn peek(
        &self,
        community: &CommunityId,
        id: &A::Id,
    ) -> Result<(Arc<A::State>, Option<Revision>), Failure> {
        let stream = A::stream(community, id)?;
        let slot = self.slot(&stream);
        let mut slot = slot.lock().await;
        let loaded = self.current(&stream, &mut slot).await?;
        Ok((loaded.state.clone(), loaded.revision))
    }

    /// The state that one had right after a revision.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read.
    pub async fn as_of(
        &self,
        community: &CommunityId,
        id: &A::Id,
        revision: Revision,
    ) -> Result<Arc<A::State>, Failure> {
        let stream = A::stream(community, id)?;
        let loaded = self.read(&stream, Some(revision)).await?;
        Ok(loaded.state)
    }

    /// Decides a command on one and appends its events, durably.
    ///
    /// `command` makes the command from the state, and is asked again when somebody else was
    /// faster; what it refuses is refused. With `expected` the decision holds for that version
    /// only.
    ///
    /// # Errors
    /// See [`NotDone`].
    pub async fn execute(
        &self,
        id: &A::Id,
        request: &Request,
        expected: Option<Option<Revision>>,
        command: impl Fn(&A::State) -> Result<A::Command, A::Refusal> + Send,
    ) -> Result<Done<A>, NotDone<A::Refusal>> {
        let stream = A::stream(&request.community, id).map_err(Failure::from)?;
        for _ in 0..ATTEMPTS_MAX {
            let slot = self.slot(&stream);
            let mut slot = slot.lock().await;
            let may_be_old = slot.is_some() && self.log.is_shared();
            let loaded = self.loaded(&stream, &mut slot).await?;
            if let Some(applied) = loaded.commands.get(&request.command_id).copied() {
                return self.replay(&stream, loaded, request, applied).await;
            }
            let decided = match expected.filter(|expected| *expected != loaded.revision) {
                Some(expected) => Err(NotDone::Conflict { expected, actual: loaded.revision }),
                None => command(&loaded.state)
                    .and_then(|command| A::decide(&loaded.state, command))
                    .map_err(NotDone::Refused),
            };
            let events = match decided {
                Ok(events) if !events.is_empty() => events,
                _ if may_be_old && self.read_on(&stream, loaded).await? => continue,
                Err(not_done) => return Err(not_done),
                Ok(_) => {
                    let (state, revision) = (loaded.state.clone(), loaded.revision);
                    return Ok(Done { how: How::AlreadySo, state, revision });
                }
            };
            match self.append(&stream, loaded, request, &events).await {
                Ok(Some(done)) => return Ok(done),
                Ok(None) | Err(Failure::Append(AppendError::WrongRevision { .. })) => *slot = None,
                Err(failure) => {
                    // What is in memory may lag behind what is in the log.
                    *slot = None;
                    return Err(NotDone::Failed(failure));
                }
            }
        }
        Err(NotDone::Failed(Failure::Contended))
    }

    fn slot(&self, stream: &StreamName) -> Slot<A> {
        if let Some(slot) = self.slots.get(stream) {
            return slot;
        }
        let fresh = || Ok::<Slot<A>, std::convert::Infallible>(Slot::default());
        match self.slots.get_or_insert_with(stream, fresh) {
            Ok(slot) => slot,
            Err(never) => match never {},
        }
    }

    /// One as its stream says now.
    async fn current<'a>(
        &self,
        stream: &StreamName,
        slot: &'a mut Option<Loaded<A>>,
    ) -> Result<&'a mut Loaded<A>, Failure> {
        let may_be_old = slot.is_some() && self.log.is_shared();
        let loaded = self.loaded(stream, slot).await?;
        if may_be_old {
            self.read_on(stream, loaded).await?;
        }
        Ok(loaded)
    }

    async fn loaded<'a>(
        &self,
        stream: &StreamName,
        slot: &'a mut Option<Loaded<A>>,
    ) -> Result<&'a mut Loaded<A>, Failure> {
        match slot {
            Some(loaded) => Ok(loaded),
            None => Ok(slot.insert(self.read(stream, None).await?)),
        }
    }

    /// The state and revision right after a command that was done before; `None` when it was not,
    /// or with other content.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read.
    pub async fn replayed(
        &self,
        community: &CommunityId,
        id: &A::Id,
        request: &Request,
    ) -> Result<Option<(Arc<A::State>, Revision)>, Failure> {
        let stream = A::stream(community, id)?;
        let slot = self.slot(&stream);
        let mut slot = slot.lock().await;
        let loaded = self.current(&stream, &mut slot).await?;
        let Some(applied) = loaded.commands.get(&request.command_id).copied() else {
            return Ok(None);
        };
        if applied.content != request.content {
            return Ok(None);
        }
        let state = self.state_after(&stream, loaded, applied.revision).await?;
        Ok(Some((state, applied.revision)))
    }

    async fn state_after(
        &self,
        stream: &StreamName,
        loaded: &Loaded<A>,
        revision: Revision,
    ) -> Result<Arc<A::State>, Failure> {
        if loaded.revision == Some(revision) {
            return Ok(Arc::clone(&loaded.state));
        }
        Ok(self.read(stream, Some(revision)).await?.state)
    }

    /// The state right after the command that caused the latest event of a type, with that
    /// command's last revision; `None` when there is no such event.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read.
    pub async fn as_latest(
        &self,
        community: &CommunityId,
        id: &A::Id,
        event_type: &str,
    ) -> Result<Option<(Arc<A::State>, Revision)>, Failure> {
        let stream = A::stream(community, id)?;
        let page =
            self.log.read_stream(&stream, None, Direction::Forwards, PAGE_EVENTS_MAX).await?;
        let Some(found) = page.iter().rposition(|event| *event.event_type == *event_type) else {
            return Ok(None);
        };
        let command = codec::decode_metadata(&page[found])?.command_id;
        let mut last = page[found].revision;
        for recorded in &page[found + 1..] {
            if codec::decode_metadata(recorded)?.command_id != command {
                break;
            }
            last = recorded.revision;
        }
        let loaded = self.read(&stream, Some(last)).await?;
        Ok(Some((loaded.state, last)))
    }

    async fn read(
        &self,
        stream: &StreamName,
        up_to: Option<Revision>,
    ) -> Result<Loaded<A>, Failure> {
        let mut loaded = Loaded { state: Arc::default(), revision: None, commands: HashMap::new() };
        self.read_up_to(stream, &mut loaded, up_to).await?;
        Ok(loaded)
    }

    /// Reads what others have appended meanwhile; tells whether there was anything.
    async fn read_on(&self, stream: &StreamName, loaded: &mut Loaded<A>) -> Result<bool, Failure> {
        let before = loaded.revision;
        self.read_up_to(stream, loaded, None).await?;
        Ok(loaded.revision != before)
    }

    async fn read_up_to(
        &self,
        stream: &StreamName,
        loaded: &mut Loaded<A>,
        up_to: Option<Revision>,
    ) -> Result<(), Failure> {
        loop {
            let from = loaded.revision.map(|revision| Revision(revision.0 + 1));
            let page =
                self.log.read_stream(stream, from, Direction::Forwards, PAGE_EVENTS_MAX).await?;
            for recorded in &page {
                if up_to.is_some_and(|up_to| recorded.revision > up_to) {
                    return Ok(());
                }
                let metadata = codec::decode_metadata(recorded)?;
                let event: A::Event = codec::decode(recorded, metadata.schema_version)?;
                let applied = Applied { content: metadata.content, revision: recorded.revision };
                loaded.go_on(std::slice::from_ref(&event), metadata.command_id, applied);
            }
            if page.len() < PAGE_EVENTS_MAX {
                return Ok(());
            }
        }
    }

    async fn replay(
        &self,
        stream: &StreamName,
        loaded: &Loaded<A>,
        request: &Request,
        applied: Applied,
    ) -> Result<Done<A>, NotDone<A::Refusal>> {
        if applied.content != request.content {
            return Err(NotDone::Misuse);
        }
        let state = self.state_after(stream, loaded, applied.revision).await?;
        Ok(Done { how: How::Replayed, state, revision: Some(applied.revision) })
    }

    /// Appends events; `None` when what stands there now is what somebody else has made of the
    /// same command.
    async fn append(
        &self,
        stream: &StreamName,
        loaded: &mut Loaded<A>,
        request: &Request,
        events: &[A::Event],
    ) -> Result<Option<Done<A>>, Failure> {
        let expected = loaded.revision.map_or(Expected::NoStream, Expected::Exact);
        let encoded = encode(events, request)?;
        let ours = self.log.is_shared().then(|| encoded.clone());
        let appended = self.log.append(stream, expected, encoded).await?;
        if let Some(ours) = ours
            && !self.stands(stream, expected, &ours).await?
        {
            return Ok(None);
        }
        let applied = Applied { content: request.content, revision: appended.revision };
        loaded.go_on(events, request.command_id, applied);
        Ok(Some(Done {
            how: How::Appended(appended.position),
            state: loaded.state.clone(),
            revision: loaded.revision,
        }))
    }

    /// Whether these very events stand at their place, and not others under the same ids.
    async fn stands(
        &self,
        stream: &StreamName,
        expected: Expected,
        ours: &[NewEvent],
    ) -> Result<bool, Failure> {
        let from = Some(expected.first());
        let there = self.log.read_stream(stream, from, Direction::Forwards, ours.len()).await?;
        let same = |(there, ours): (&RecordedEvent, &NewEvent)| {
            there.id == ours.id && there.data == ours.data && there.metadata == ours.metadata
        };
        Ok(there.len() == ours.len() && there.iter().zip(ours).all(same))
    }
}

fn encode<E: domain::DomainEvent>(
    events: &[E],
    request: &Request,
) -> Result<Vec<NewEvent>, CodecError> {
    let mut metadata = request.metadata();
    let mut bytes = codec::encode_metadata(&metadata)?;
    let mut encoded = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let version = upcast::current_version(event.event_type());
        if metadata.schema_version != version {
            metadata.schema_version = version;
            bytes = codec::encode_metadata(&metadata)?;
        }
        encoded.push(codec::encode(event, index, &metadata, &bytes)?);
    }
    Ok(encoded)
}
