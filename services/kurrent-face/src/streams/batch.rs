//! Many appends over one call, each with its own answer.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use prost_types::{Duration as Span, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::{Answers, Streams, stopped};
use crate::{
    error::{batch_too_late, missing},
    proto::{
        client::{
            AllStreamPosition,
            streams::{
                BatchAppendReq, BatchAppendResp, append_req,
                batch_append_req::{
                    Options, ProposedMessage,
                    options::{DeadlineOption, ExpectedStreamPosition as Expected},
                },
                batch_append_resp::{
                    self, ExpectedStreamPosition, Success,
                    success::{CurrentRevisionOption, PositionOption},
                },
            },
        },
        rpc,
    },
    store::{Believed, Proposed, Store, WriteError, Written},
    wire::{IdForm, read_id, read_name, read_proposed, write_name},
};

/// Batches of one call that are appended at the same time; those of one stream keep their order.
const LANES: u64 = 16;
/// Batches that wait in one lane; when it is full, no more is read from the client.
const WAITING_MAX: usize = 16;
/// Batches of one call that have begun to come and are not complete.
const INCOMPLETE_MAX: usize = 256;
/// Answers that wait for a slow client.
const ANSWERS_WAITING_MAX: usize = 256;
/// Time limits beyond this are none.
const DEADLINE_MAX: Duration = Duration::from_hours(24);

/// A batch on its way.
struct Batch {
    id: Uuid,
    stream: String,
    believed: Believed,
    deadline: Option<Instant>,
    proposed: Vec<Proposed>,
    bytes: usize,
    refused: Option<WriteError>,
}

impl Streams {
    pub(super) fn batches(&self, requests: Streaming<BatchAppendReq>) -> Answers<BatchAppendResp> {
        let (answers, receiver) = mpsc::channel(ANSWERS_WAITING_MAX);
        let (store, stopping) = (Arc::clone(&self.store), self.stopping.clone());
        tokio::spawn(async move {
            if let Err(status) = take(&store, requests, &answers, stopping).await {
                drop(answers.send(Err(status)).await);
            }
        });
        Box::pin(ReceiverStream::new(receiver))
    }
}

type Sender = mpsc::Sender<Result<BatchAppendResp, Status>>;

async fn take(
    store: &Arc<Store>,
    mut requests: Streaming<BatchAppendReq>,
    answers: &Sender,
    stopping: watch::Receiver<bool>,
) -> Result<(), Status> {
    let lanes: Vec<_> = (0..LANES).map(|_| lane(store, answers)).collect();
    let mut stopping = pin!(stopped(stopping));
    let mut incomplete: HashMap<Uuid, Batch> = HashMap::new();
    loop {
        let request = tokio::select! {
            request = requests.message() => request?,
            () = answers.closed() => return Ok(()),
            () = &mut stopping => {
                return Err(Status::unavailable("Server Is Not Ready"));
            }
        };
        let Some(request) = request else { return Ok(()) };
        let id = read_id(request.correlation_id)?;
        let mut batch = match (incomplete.remove(&id), request.options) {
            (Some(begun), _) => begun,
            (None, Some(options)) => Batch::begin(store, id, options)?,
            (None, None) => return Err(missing("options")),
        };
        batch.extend(request.proposed_messages, store.append_bytes_max)?;
        if !request.is_final {
            if incomplete.len() >= INCOMPLETE_MAX {
                return Err(Status::resource_exhausted("too many incomplete batches in one call"));
            }
            incomplete.insert(id, batch);
            continue;
        }
        let mut hasher = DefaultHasher::new();
        batch.stream.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % LANES).unwrap_or(0);
        if let Some(lane) = lanes.get(lane)
            && lane.send(batch).await.is_err()
        {
            return Ok(());
        }
    }
}

/// Appends batches one after the other.
fn lane(store: &Arc<Store>, answers: &Sender) -> mpsc::Sender<Batch> {
    let (sender, mut batches) = mpsc::channel::<Batch>(WAITING_MAX);
    let (store, answers) = (Arc::clone(store), answers.clone());
    tokio::spawn(async move {
        while let Some(batch) = batches.recv().await {
            if answers.send(Ok(batch.append(&store).await)).await.is_err() {
                return;
            }
        }
    });
    sender
}

impl Batch {
    fn begin(store: &Store, id: Uuid, options: Options) -> Result<Self, Status> {
        let stream = read_name(options.stream_identifier)?;
        let expected = options.expected_stream_position;
        let believed = match expected.ok_or_else(|| missing("expected position"))? {
            Expected::StreamPosition(revision) => Believed::Exact(revision),
            Expected::NoStream(()) => Believed::NoStream,
            Expected::Any(()) => Believed::Any,
            Expected::StreamExists(()) => Believed::Exists,
        };
        let left = match options.deadline_option {
            Some(DeadlineOption::Deadline(Span { seconds, nanos })) => span(seconds, nanos),
            Some(DeadlineOption::Deadline21100(Timestamp { seconds, nanos })) => {
                let now = (store.clock)().as_duration();
                let now = Duration::try_from(now).unwrap_or_default();
                span(seconds, nanos).saturating_sub(now)
            }
            None => DEADLINE_MAX,
        };
        let deadline = (left < DEADLINE_MAX).then(|| Instant::now() + left);
        let (proposed, bytes, refused) = (Vec::new(), 0, None);
        Ok(Self { id, stream, believed, deadline, proposed, bytes, refused })
    }

    fn extend(&mut self, more: Vec<ProposedMessage>, bytes_max: usize) -> Result<(), Status> {
        for ProposedMessage { id, metadata, custom_metadata, data } in more {
            self.bytes += data.len() + custom_metadata.len();
            if self.bytes > bytes_max {
                self.refused = Some(WriteError::TooLarge { bytes_max });
                self.proposed.clear();
                return Ok(());
            }
            let message = append_req::ProposedMessage { id, metadata, custom_metadata, data };
            self.proposed.push(read_proposed(message)?);
        }
        Ok(())
    }

    async fn append(self, store: &Store) -> BatchAppendResp {
        let Self { id, stream, believed, deadline, proposed, refused, .. } = self;
        let late = deadline.is_some_and(|deadline| deadline <= Instant::now());
        let result = match refused {
            _ if late => Err(batch_too_late()),
            Some(refused) => Err(refused.in_batch(&stream)),
            None => {
                let written = store.append(&stream, believed, proposed).await;
                written.map_err(|error| error.in_batch(&stream))
            }
        };
        answer(id, &stream, believed, result)
    }
}

fn answer(
    id: Uuid,
    stream: &str,
    believed: Believed,
    result: Result<Written, rpc::Status>,
) -> BatchAppendResp {
    let result = match result {
        Ok(written) => batch_append_resp::Result::Success(Success {
            current_revision_option: Some(match written.revision {
                Some(revision) => CurrentRevisionOption::CurrentRevision(revision),
                None => CurrentRevisionOption::NoStream(()),
            }),
            position_option: Some(match written.position {
                Some(at) => PositionOption::Position(AllStreamPosition {
                    commit_position: at.0,
                    prepare_position: at.0,
                }),
                None => PositionOption::NoPosition(()),
            }),
        }),
        Err(error) => batch_append_resp::Result::Error(error),
    };
    BatchAppendResp {
        correlation_id: Some(IdForm::Structured.write(id)),
        result: Some(result),
        stream_identifier: Some(write_name(stream)),
        expected_stream_position: Some(match believed {
            Believed::Any => ExpectedStreamPosition::Any(()),
            Believed::Exists => ExpectedStreamPosition::StreamExists(()),
            Believed::NoStream => ExpectedStreamPosition::NoStream(()),
            Believed::Exact(revision) => ExpectedStreamPosition::StreamPosition(revision),
        }),
    }
}

/// A span of time; one before 1970 is none.
fn span(seconds: i64, nanos: i32) -> Duration {
    let nanos = u32::try_from(nanos).unwrap_or(0).min(999_999_999);
    u64::try_from(seconds).map_or(Duration::ZERO, |seconds| Duration::new(seconds, nanos))
}
