//! What a group is told when it is made.

use std::{fmt, time::Duration};

use event_log::Position;
use serde::{Deserialize, Serialize};
use tonic::Status;

use crate::{
    filter::Filter,
    proto::client::{
        persistent_subscriptions::{
            Settings as Message,
            all_options::{AllOption, FilterOption, FilterOptions, filter_options},
            settings::{CheckpointAfter, MessageTimeout},
            stream_options::RevisionOption,
        },
        streams::read_req::options as streams,
    },
};

/// Ticks of the protocol in a millisecond.
const TICKS_PER_MILLISECOND: i64 = 10_000;

/// Where the events of a group come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Source {
    All,
    Stream(String),
}

impl Source {
    pub fn name(&self) -> &str {
        match self {
            Self::All => "$all",
            Self::Stream(name) => name,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a group begins, as it was told: the first event that it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StartFrom {
    Start,
    End,
    /// At a revision of a stream, or a position.
    At(u64),
}

impl StartFrom {
    pub fn of_stream(option: Option<RevisionOption>) -> Self {
        match option {
            Some(RevisionOption::Revision(revision)) => Self::At(revision),
            Some(RevisionOption::Start(())) => Self::Start,
            Some(RevisionOption::End(())) | None => Self::End,
        }
    }

    pub fn of_all(option: Option<AllOption>) -> Self {
        match option {
            Some(AllOption::Position(position)) => Self::At(position.commit_position),
            Some(AllOption::Start(())) => Self::Start,
            Some(AllOption::End(())) | None => Self::End,
        }
    }

    /// The text by which clients know it.
    pub fn text(self, source: &Source) -> String {
        let number = match self {
            Self::Start => "0".to_owned(),
            Self::End => "-1".to_owned(),
            Self::At(number) => number.to_string(),
        };
        match source {
            Source::Stream(_) => number,
            Source::All => format!("C:{number}/P:{number}"),
        }
    }
}

/// A place in the source, as clients know it.
pub(crate) fn place_text(place: Option<u64>, source: &Source) -> String {
    match (place, source) {
        (None, _) => String::new(),
        (Some(place), Source::Stream(_)) => place.to_string(),
        (Some(place), Source::All) => format!("C:{place}/P:{place}"),
    }
}

/// How events are spread over the consumers of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Strategy {
    DispatchToSingle,
    RoundRobin,
    Pinned,
    PinnedByCorrelation,
}

impl Strategy {
    pub fn name(self) -> &'static str {
        match self {
            Self::DispatchToSingle => "DispatchToSingle",
            Self::RoundRobin => "RoundRobin",
            Self::Pinned => "Pinned",
            Self::PinnedByCorrelation => "PinnedByCorrelation",
        }
    }

    fn read(name: &str, number: i32) -> Result<Self, Status> {
        Ok(match (name, number) {
            ("DispatchToSingle", _) | ("", 0) => Self::DispatchToSingle,
            ("RoundRobin", _) | ("", 1) => Self::RoundRobin,
            ("Pinned", _) | ("", 2) => Self::Pinned,
            ("PinnedByCorrelation", _) => Self::PinnedByCorrelation,
            _ => {
                let message = format!("Consumer strategy {name} does not exist.");
                return Err(Status::invalid_argument(message));
            }
        })
    }
}

/// A group's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub resolve_links: bool,
    pub extra_statistics: bool,
    pub message_timeout_ms: u32,
    pub retries_max: u32,
    pub checkpoint_after_ms: u32,
    pub checkpoint_events_min: u32,
    pub checkpoint_events_max: u32,
    /// 0 is any number.
    pub consumers_max: u32,
    pub live_events_max: u32,
    pub read_events: u32,
    pub history_events_max: u32,
    pub strategy: Strategy,
}

impl Settings {
    pub fn message_timeout(&self) -> Duration {
        Duration::from_millis(self.message_timeout_ms.into())
    }
}

pub(crate) fn read_settings(message: &Message) -> Result<Settings, Status> {
    let count = |number: i32, what: &str| {
        u32::try_from(number)
            .map_err(|_| Status::invalid_argument(format!("{what} must not be below 0")))
    };
    let milliseconds = |milliseconds: i64| u32::try_from(milliseconds.max(0)).unwrap_or(u32::MAX);
    Ok(Settings {
        resolve_links: message.resolve_links,
        extra_statistics: message.extra_statistics,
        message_timeout_ms: milliseconds(match &message.message_timeout {
            Some(MessageTimeout::MessageTimeoutTicks(ticks)) => ticks / TICKS_PER_MILLISECOND,
            Some(MessageTimeout::MessageTimeoutMs(milliseconds)) => i64::from(*milliseconds),
            None => 30_000,
        }),
        checkpoint_after_ms: milliseconds(match &message.checkpoint_after {
            Some(CheckpointAfter::CheckpointAfterTicks(ticks)) => ticks / TICKS_PER_MILLISECOND,
            Some(CheckpointAfter::CheckpointAfterMs(milliseconds)) => i64::from(*milliseconds),
            None => 2_000,
        }),
        retries_max: count(message.max_retry_count, "the number of retries")?,
        checkpoint_events_min: count(message.min_checkpoint_count, "the checkpoint count")?,
        checkpoint_events_max: count(message.max_checkpoint_count, "the checkpoint count")?,
        consumers_max: count(message.max_subscriber_count, "the number of consumers")?,
        live_events_max: count(message.live_buffer_size, "the live buffer")?,
        read_events: count(message.read_batch_size, "the read batch")?,
        history_events_max: count(message.history_buffer_size, "the history buffer")?,
        strategy: Strategy::read(&message.consumer_strategy, message.named_consumer_strategy)?,
    })
}

/// A filter as it is kept: what it looks at, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptFilter {
    on_stream: bool,
    regex: String,
    prefixes: Vec<String>,
}

impl KeptFilter {
    pub fn filter(&self) -> Result<Filter, Status> {
        use streams::filter_options::{Expression, Filter as On};
        let expression = Expression { regex: self.regex.clone(), prefix: self.prefixes.clone() };
        let on = if self.on_stream { On::StreamIdentifier } else { On::EventType };
        Filter::read(streams::FilterOptions {
            filter: Some(on(expression)),
            window: None,
            checkpoint_interval_multiplier: 1,
        })
    }
}

pub(crate) fn read_filter(option: Option<FilterOption>) -> Result<Option<KeptFilter>, Status> {
    let Some(FilterOption::Filter(FilterOptions { filter, .. })) = option else { return Ok(None) };
    let (on_stream, expression) = match filter {
        Some(filter_options::Filter::StreamIdentifier(expression)) => (true, expression),
        Some(filter_options::Filter::EventType(expression)) => (false, expression),
        None => return Err(Status::invalid_argument("the filter is of nothing")),
    };
    let kept = KeptFilter { on_stream, regex: expression.regex, prefixes: expression.prefix };
    kept.filter()?;
    Ok(Some(kept))
}

/// The place before a first event; `None` is the beginning.
pub(crate) fn before(first: u64) -> Option<Position> {
    first.checked_sub(1).filter(|before| *before > 0).map(Position)
}
