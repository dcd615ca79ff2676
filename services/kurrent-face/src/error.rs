//! What clients are told when something is not done: a code, a sentence that they parse, trailers.

use event_log::{AppendError, LogError};
use prost::Message;
use prost_types::Any;
use tonic::{
    Code, Status,
    metadata::{MetadataMap, MetadataValue},
};

use crate::{
    proto::{client, rpc},
    store::{Believed, WriteError},
};

/// Names what is missing in a request.
pub(crate) fn missing(what: &str) -> Status {
    Status::invalid_argument(format!("the request has no {what}"))
}

pub(crate) fn unreadable(error: &LogError) -> Status {
    tracing::error!(error = error as &dyn std::error::Error, "the face cannot read the log");
    match error {
        LogError::Closed => Status::unavailable("Server Is Not Ready"),
        LogError::Database(_) | LogError::Corrupt { .. } | LogError::Remote(_) => {
            Status::unavailable(error.to_string())
        }
    }
}

pub(crate) fn stream_deleted(stream: &str) -> Status {
    let message = format!("Event stream '{stream}' is deleted.");
    exception(Code::FailedPrecondition, message, "stream-deleted", &[("stream-name", stream)])
}

/// A status with the trailers by which clients know what happened.
pub(crate) fn exception(
    code: Code,
    message: String,
    exception: &'static str,
    trailers: &[(&'static str, &str)],
) -> Status {
    let mut metadata = MetadataMap::new();
    metadata.insert("exception", MetadataValue::from_static(exception));
    for (name, value) in trailers {
        // A header holds visible ASCII; what is not is left out rather than the whole answer.
        if let Ok(value) = value.parse() {
            metadata.insert(*name, value);
        }
    }
    Status::with_metadata(code, message, metadata)
}

impl Believed {
    /// The protocol's number of what is not a revision.
    pub fn number(self) -> i64 {
        match self {
            Self::Any => -2,
            Self::NoStream => -1,
            Self::Exists => -4,
            Self::Exact(revision) => i64::try_from(revision).unwrap_or(i64::MAX),
        }
    }
}

/// The sentence for a wrong expected version, word for word what clients take apart.
fn wrong_version(stream: &str, believed: Believed, current: Option<u64>) -> String {
    let actual = current.map_or(-1, |current| i64::try_from(current).unwrap_or(i64::MAX));
    format!(
        "Append failed due to WrongExpectedVersion. Stream: {stream}, Expected version: {}, \
         Actual version: {actual}",
        believed.number()
    )
}

impl WriteError {
    pub fn status(&self, stream: &str) -> Status {
        match self {
            Self::WrongRevision { believed, current } => {
                let expected = believed.number().to_string();
                let actual = current.map(|current| current.to_string());
                let mut trailers = vec![("stream-name", stream), ("expected-version", &expected)];
                trailers.extend(actual.as_deref().map(|actual| ("actual-version", actual)));
                let message = wrong_version(stream, *believed, *current);
                let code = Code::FailedPrecondition;
                exception(code, message, "wrong-expected-version", &trailers)
            }
            Self::Deleted => stream_deleted(stream),
            Self::TooLarge { bytes_max } => exception(
                Code::InvalidArgument,
                format!("Maximum Append Size of {bytes_max} Exceeded."),
                "maximum-append-size-exceeded",
                &[("maximum-append-size", &bytes_max.to_string())],
            ),
            Self::Denied(why) => {
                exception(Code::PermissionDenied, (*why).to_owned(), "access-denied", &[])
            }
            Self::Invalid(why) => Status::invalid_argument(why.clone()),
            Self::Contended => Status::aborted("Operation timed out: too many others append here"),
            Self::Failed(AppendError::Invalid(why)) => Status::invalid_argument(why.to_string()),
            Self::Failed(AppendError::ReadOnly(cause)) => Status::unavailable(cause.to_string()),
            Self::Failed(error) => {
                let shown = error as &dyn std::error::Error;
                tracing::error!(error = shown, "the face cannot append");
                Status::unavailable(error.to_string())
            }
        }
    }

    /// The same inside a batch.
    pub fn in_batch(&self, stream: &str) -> rpc::Status {
        let status = self.status(stream);
        let (code, message, details) = match self {
            Self::WrongRevision { believed, current } => {
                let details = wrong_version_details(*believed, *current);
                (Code::AlreadyExists, "WrongExpectedVersion", any("WrongExpectedVersion", &details))
            }
            Self::Deleted => {
                let stream_name = stream.as_bytes().to_vec();
                let stream_identifier = Some(client::StreamIdentifier { stream_name });
                let details = client::StreamDeleted { stream_identifier };
                (Code::NotFound, "StreamDeleted", any("StreamDeleted", &details))
            }
            Self::TooLarge { bytes_max } => {
                let max_append_size = u32::try_from(*bytes_max).unwrap_or(u32::MAX);
                let details = client::MaximumAppendSizeExceeded { max_append_size };
                let details = any("MaximumAppendSizeExceeded", &details);
                (Code::InvalidArgument, "MaximumAppendSizeExceeded", details)
            }
            Self::Denied(why) => {
                (Code::PermissionDenied, *why, any("AccessDenied", &client::AccessDenied {}))
            }
            Self::Invalid(_) | Self::Failed(AppendError::Invalid(_)) => {
                let message = status.message();
                let details = client::BadRequest { message: message.to_owned() };
                (Code::InvalidArgument, message, any("BadRequest", &details))
            }
            Self::Contended => (Code::Aborted, "Timeout", any("Timeout", &client::Timeout {})),
            Self::Failed(_) => {
                (Code::Unavailable, status.message(), any("Unknown", &client::Unknown {}))
            }
        };
        rpc::Status { code: code as i32, message: message.to_owned(), details: Some(details) }
    }
}

/// A batch whose time is up before it was begun.
pub(crate) fn batch_too_late() -> rpc::Status {
    let details = Some(any("Timeout", &client::Timeout {}));
    rpc::Status { code: Code::DeadlineExceeded as i32, message: "Timeout".to_owned(), details }
}

fn wrong_version_details(believed: Believed, current: Option<u64>) -> client::WrongExpectedVersion {
    use client::wrong_expected_version::{
        CurrentStreamRevisionOption as Current, ExpectedStreamPositionOption as Expected,
    };
    client::WrongExpectedVersion {
        current_stream_revision_option: Some(match current {
            Some(current) => Current::CurrentStreamRevision(current),
            None => Current::CurrentNoStream(()),
        }),
        expected_stream_position_option: Some(match believed {
            Believed::Any => Expected::ExpectedAny(()),
            Believed::Exists => Expected::ExpectedStreamExists(()),
            Believed::NoStream => Expected::ExpectedNoStream(()),
            Believed::Exact(revision) => Expected::ExpectedStreamPosition(revision),
        }),
    }
}

fn any(name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/event_store.client.{name}"),
        value: message.encode_to_vec(),
    }
}
