//! The service `Streams`.

mod batch;
mod read;

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming, async_trait};
use uuid::Uuid;

use crate::{
    error::missing,
    proto::client::streams::{
        AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, DeleteReq, DeleteResp, ReadReq,
        ReadResp, TombstoneReq, TombstoneResp, append_req,
        append_resp::{
            self, Success, WrongExpectedVersion,
            success::{CurrentRevisionOption, PositionOption},
        },
        delete_req, delete_resp, streams_server, tombstone_req, tombstone_resp,
    },
    store::{Believed, Proposed, Store, WriteError, Written},
    wire::{read_name, read_proposed},
};

/// Answers that go on.
pub(crate) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Waits until the face stops.
pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // The sender goes when the face goes, which is the same.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

/// A name for a subscription that no other one of this process has.
pub(crate) fn subscription_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &count.to_be_bytes()).to_string()
}

/// The service.
#[derive(Clone)]
pub(crate) struct Streams {
    pub store: Arc<Store>,
    /// Turns to `true` when the face stops.
    pub stopping: watch::Receiver<bool>,
}

#[async_trait]
impl streams_server::Streams for Streams {
    type ReadStream = Answers<ReadResp>;
    type BatchAppendStream = Answers<BatchAppendResp>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Self::ReadStream>, Status> {
        let options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        self.read_by(options).await.map(Response::new)
    }

    async fn append(
        &self,
        request: Request<Streaming<AppendReq>>,
    ) -> Result<Response<AppendResp>, Status> {
        let (stream, believed, proposed) = self.read_append(request.into_inner()).await?;
        let result = match self.store.append(&stream, believed, proposed).await {
            Ok(written) => append_resp::Result::Success(success(written)),
            Err(WriteError::WrongRevision { believed, current }) => {
                append_resp::Result::WrongExpectedVersion(wrong_version(believed, current))
            }
            Err(error) => return Err(error.status(&stream)),
        };
        Ok(Response::new(AppendResp { result: Some(result) }))
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        use delete_req::options::ExpectedStreamRevision as Expected;
        use delete_resp::{Position, PositionOption};
        let options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        let stream = read_name(options.stream_identifier)?;
        let expected = options.expected_stream_revision;
        let believed = match expected.ok_or_else(|| missing("expected revision"))? {
            Expected::Revision(revision) => Believed::Exact(revision),
            Expected::NoStream(()) => Believed::NoStream,
            Expected::Any(()) => Believed::Any,
            Expected::StreamExists(()) => Believed::Exists,
        };
        let written = self.store.delete(&stream, believed).await;
        let written = written.map_err(|error| error.status(&stream))?;
        let position_option = Some(match written.position {
            Some(at) => {
                PositionOption::Position(Position { commit_position: at.0, prepare_position: at.0 })
            }
            None => PositionOption::NoPosition(()),
        });
        Ok(Response::new(DeleteResp { position_option }))
    }

    async fn tombstone(
        &self,
        request: Request<TombstoneReq>,
    ) -> Result<Response<TombstoneResp>, Status> {
        use tombstone_req::options::ExpectedStreamRevision as Expected;
        use tombstone_resp::{Position, PositionOption};
        let options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        let stream = read_name(options.stream_identifier)?;
        let expected = options.expected_stream_revision;
        let believed = match expected.ok_or_else(|| missing("expected revision"))? {
            Expected::Revision(revision) => Believed::Exact(revision),
            Expected::NoStream(()) => Believed::NoStream,
            Expected::Any(()) => Believed::Any,
            Expected::StreamExists(()) => Believed::Exists,
        };
        let written = self.store.tombstone(&stream, believed).await;
        let written = written.map_err(|error| error.status(&stream))?;
        let position_option = Some(match written.position {
            Some(at) => {
                PositionOption::Position(Position { commit_position: at.0, prepare_position: at.0 })
            }
            None => PositionOption::NoPosition(()),
        });
        Ok(Response::new(TombstoneResp { position_option }))
    }

    async fn batch_append(
        &self,
        request: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        Ok(Response::new(self.batches(request.into_inner())))
    }
}

impl Streams {
    /// Reads the whole of an append; one that is too large is refused before it is all here.
    async fn read_append(
        &self,
        mut messages: Streaming<AppendReq>,
    ) -> Result<(String, Believed, Vec<Proposed>), Status> {
        use append_req::{Content, options::ExpectedStreamRevision as Expected};
        let first = messages.message().await?.and_then(|message| message.content);
        let Some(Content::Options(options)) = first else { return Err(missing("options")) };
        let stream = read_name(options.stream_identifier)?;
        let expected = options.expected_stream_revision;
        let believed = match expected.ok_or_else(|| missing("expected revision"))? {
            Expected::Revision(revision) => Believed::Exact(revision),
            Expected::NoStream(()) => Believed::NoStream,
            Expected::Any(()) => Believed::Any,
            Expected::StreamExists(()) => Believed::Exists,
        };
        let bytes_max = self.store.append_bytes_max;
        let (mut proposed, mut bytes) = (Vec::new(), 0);
        while let Some(message) = messages.message().await? {
            let Some(Content::ProposedMessage(message)) = message.content else {
                return Err(missing("proposed message"));
            };
            bytes += message.data.len() + message.custom_metadata.len();
            if bytes > bytes_max {
                return Err(WriteError::TooLarge { bytes_max }.status(&stream));
            }
            proposed.push(read_proposed(message)?);
        }
        Ok((stream, believed, proposed))
    }
}

fn success(written: Written) -> Success {
    Success {
        current_revision_option: Some(match written.revision {
            Some(revision) => CurrentRevisionOption::CurrentRevision(revision),
            None => CurrentRevisionOption::NoStream(()),
        }),
        position_option: Some(match written.position {
            Some(at) => PositionOption::Position(append_resp::Position {
                commit_position: at.0,
                prepare_position: at.0,
            }),
            None => PositionOption::NoPosition(()),
        }),
    }
}

fn wrong_version(believed: Believed, current: Option<u64>) -> WrongExpectedVersion {
    use append_resp::wrong_expected_version::{
        CurrentRevisionOption as Current, CurrentRevisionOption2060 as OldCurrent,
        ExpectedRevisionOption as Expected, ExpectedRevisionOption2060 as OldExpected,
    };
    WrongExpectedVersion {
        current_revision_option_20_6_0: Some(match current {
            Some(current) => OldCurrent::CurrentRevision2060(current),
            None => OldCurrent::NoStream2060(()),
        }),
        expected_revision_option_20_6_0: Some(match believed {
            Believed::Any => OldExpected::Any2060(()),
            Believed::Exists => OldExpected::StreamExists2060(()),
            // Clients that old know "no stream" as the largest revision.
            Believed::NoStream => OldExpected::ExpectedRevision2060(u64::MAX),
            Believed::Exact(revision) => OldExpected::ExpectedRevision2060(revision),
        }),
        current_revision_option: Some(match current {
            Some(current) => Current::CurrentRevision(current),
            None => Current::CurrentNoStream(()),
        }),
        expected_revision_option: Some(match believed {
            Believed::Any => Expected::ExpectedAny(()),
            Believed::Exists => Expected::ExpectedStreamExists(()),
            Believed::NoStream => Expected::ExpectedNoStream(()),
            Believed::Exact(revision) => Expected::ExpectedRevision(revision),
        }),
    }
}
