//! Reading and subscribing.

use std::{pin::pin, sync::Arc, time::Duration};

use event_log::{Direction, Position, RecordedEvent};
use prost_types::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{Answers, Streams, stopped, subscription_id};
use crate::{
    error::{missing, stream_deleted, unreadable},
    feed::{Begin, Feed, Item},
    filter::Filter,
    page::PAGE_EVENTS,
    proto::client::streams::{
        ReadResp,
        read_req::{
            Options,
            options::{
                AllOptions, CountOption, FilterOption, ReadDirection, StreamOption, StreamOptions,
                all_options::AllOption, stream_options::RevisionOption,
            },
        },
        read_resp::{self, CaughtUp, Checkpoint, Content, SubscriptionConfirmation},
    },
    store::{Store, Target},
    wire::{IdForm, read_name, read_position, write_name, write_shown},
};

/// How many answers wait for a slow reader; the log waits behind them.
const ANSWERS_WAITING_MAX: usize = 64;

/// Sends answers to one reader.
struct Reader {
    store: Arc<Store>,
    answers: mpsc::Sender<Result<ReadResp, Status>>,
    ids: IdForm,
    follow_links: bool,
    /// The client knows the messages about a stream's ends.
    tells_ends: bool,
    /// How many more events are wanted.
    left: u64,
}

/// The reader has gone, or cannot be answered any more.
struct Gone;

impl Streams {
    pub(super) async fn read_by(&self, options: Options) -> Result<Answers<ReadResp>, Status> {
        let subscribes = matches!(options.count_option, Some(CountOption::Subscription(_)));
        let direction = match options.read_direction() {
            ReadDirection::Forwards => Direction::Forwards,
            ReadDirection::Backwards => Direction::Backwards,
        };
        let filter = match options.filter_option {
            Some(FilterOption::Filter(filter)) => Some(Filter::read(filter)?),
            Some(FilterOption::NoFilter(())) | None => None,
        };
        let (answers, receiver) = mpsc::channel(ANSWERS_WAITING_MAX);
        let reader = Reader {
            store: Arc::clone(&self.store),
            answers,
            ids: IdForm::read(options.uuid_option),
            follow_links: options.resolve_links,
            tells_ends: options.control_option.is_some_and(|option| option.compatibility > 0),
            left: match options.count_option {
                Some(CountOption::Count(count)) => count,
                Some(CountOption::Subscription(_)) | None => u64::MAX,
            },
        };
        match options.stream_option.ok_or_else(|| missing("stream"))? {
            StreamOption::Stream(_) if filter.is_some() => {
                return Err(Status::invalid_argument("a filter is for reading $all only"));
            }
            StreamOption::Stream(stream) if subscribes => {
                let feed = stream_feed(&reader, stream).await?;
                tokio::spawn(reader.follow(feed, self.stopping.clone()));
            }
            StreamOption::All(all) if subscribes => {
                let begin = all_begin(all)?;
                let feed = Feed::of_all(&reader.store, begin, filter, reader.follow_links).await?;
                tokio::spawn(reader.follow(feed, self.stopping.clone()));
            }
            StreamOption::Stream(stream) => {
                let (target, from) = stream_from(&reader.store, stream)?;
                let facts = reader.store.facts(&target).await.map_err(|e| unreadable(&e))?;
                if facts.tombstoned {
                    return Err(stream_deleted(&target.name));
                }
                tokio::spawn(reader.read_stream(target, from, direction));
            }
            StreamOption::All(all) => {
                let from = all_from(all)?;
                tokio::spawn(reader.read_all(from, direction, filter));
            }
        }
        Ok(Box::pin(ReceiverStream::new(receiver)))
    }
}

/// Where a read begins.
#[derive(Clone, Copy)]
enum From<T> {
    Start,
    End,
    At(T),
}

fn stream_from(store: &Store, options: StreamOptions) -> Result<(Target, From<u64>), Status> {
    let name = read_name(options.stream_identifier)?;
    let target = store.target(&name);
    let target = target.map_err(|error| Status::invalid_argument(error.to_string()))?;
    let from = match options.revision_option.ok_or_else(|| missing("revision"))? {
        RevisionOption::Revision(revision) => From::At(revision),
        RevisionOption::Start(()) => From::Start,
        RevisionOption::End(()) => From::End,
    };
    Ok((target, from))
}

async fn stream_feed(reader: &Reader, options: StreamOptions) -> Result<Feed, Status> {
    let (target, from) = stream_from(&reader.store, options)?;
    let begin = match from {
        From::Start => Begin::Start,
        From::End => Begin::End,
        From::At(revision) => Begin::After(revision),
    };
    Ok(Feed::of_stream(&reader.store, target, begin, reader.follow_links).await?)
}

fn all_from(options: AllOptions) -> Result<From<u64>, Status> {
    Ok(match options.all_option.ok_or_else(|| missing("position"))? {
        AllOption::Position(position) => From::At(position.commit_position),
        AllOption::Start(()) => From::Start,
        AllOption::End(()) => From::End,
    })
}

fn all_begin(options: AllOptions) -> Result<Begin<Position>, Status> {
    Ok(match all_from(options)? {
        From::Start => Begin::Start,
        From::End => Begin::End,
        From::At(commit) => read_position(commit).map_or(Begin::Start, Begin::After),
    })
}

impl Reader {
    async fn read_stream(mut self, target: Target, from: From<u64>, direction: Direction) {
        let visible = match self.store.visible(&target).await {
            Ok(Some(visible)) => visible,
            Ok(None) => {
                let stream_identifier = Some(write_name(&target.name));
                let not_found = read_resp::StreamNotFound { stream_identifier };
                drop(self.send(Content::StreamNotFound(not_found)).await);
                return;
            }
            Err(error) => return self.fail(unreadable(&error)).await,
        };
        let mut from = match (direction, from) {
            (Direction::Forwards, From::End) => Some(u64::MAX),
            (Direction::Forwards, From::Start) => Some(visible.first()),
            (Direction::Forwards, From::At(revision)) => Some(revision.max(visible.first())),
            (Direction::Backwards, From::Start) => Some(0),
            (Direction::Backwards, From::End) => None,
            (Direction::Backwards, From::At(revision)) => Some(revision),
        };
        let mut done = false;
        while !done && self.left > 0 {
            let limit = usize::try_from(self.left).unwrap_or(PAGE_EVENTS).min(PAGE_EVENTS);
            let page = match self.store.page(&target, from, direction, limit).await {
                Ok(page) => page,
                Err(error) => return self.fail(unreadable(&error)).await,
            };
            let end = page.last().map(|event| event.revision.0);
            done = page.len() < limit || end.is_some_and(|end| end < visible.first());
            from = match direction {
                Direction::Forwards => end.map(|end| end + 1),
                Direction::Backwards => end.and_then(|end| end.checked_sub(1)),
            };
            done |= from.is_none();
            for event in page.into_iter().filter(|event| visible.shows(event)) {
                if self.send_event(event).await.is_err() {
                    return;
                }
            }
        }
        if self.tells_ends {
            self.tell_end(&target).await;
        }
    }

    async fn tell_end(self, target: &Target) {
        match crate::metadata::last(&*self.store.log, &target.kept).await {
            Ok(Some(last)) => {
                drop(self.send(Content::LastStreamPosition(last.revision.0)).await);
            }
            Ok(None) => {}
            Err(error) => self.fail(unreadable(&error)).await,
        }
    }

    async fn read_all(mut self, from: From<u64>, direction: Direction, filter: Option<Filter>) {
        let mut from = match (direction, from) {
            // The event at the position itself is read forwards, and not backwards.
            (Direction::Forwards, From::At(commit)) => read_position(commit.saturating_sub(1)),
            (Direction::Backwards, From::At(commit)) => Some(Position(commit)),
            (Direction::Forwards, From::Start) | (Direction::Backwards, From::End) => None,
            (Direction::Forwards, From::End) | (Direction::Backwards, From::Start) => return,
        };
        while self.left > 0 {
            let page = match self.store.page_of_all(from, direction).await {
                Ok(page) => page,
                Err(error) => return self.fail(unreadable(&error)).await,
            };
            let Some(last) = page.last() else { return };
            from = Some(last.position);
            let wanted = |event: &RecordedEvent| filter.as_ref().is_none_or(|f| f.wants(event));
            for event in page.into_iter().filter(wanted) {
                if self.left == 0 || self.send_event(event).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn follow(self, mut feed: Feed, stopping: watch::Receiver<bool>) {
        let confirmation = SubscriptionConfirmation { subscription_id: subscription_id() };
        let mut stopping = pin!(stopped(stopping));
        if self.send(Content::Confirmation(confirmation)).await.is_err() {
            return;
        }
        loop {
            let item = tokio::select! {
                item = feed.next() => item,
                () = self.answers.closed() => return,
                // A subscription that ends well is taken up again at once, for ever; so it ends
                // with an error.
                () = &mut stopping => {
                    return self.fail(Status::unavailable("Server Is Not Ready")).await;
                }
            };
            let sent = match item {
                Ok(Item::Event(shown)) => {
                    let event = write_shown(&shown, self.ids);
                    self.send(Content::Event(event)).await
                }
                Ok(Item::Checkpoint(position)) => self.send(self.checkpoint(position)).await,
                Ok(Item::CaughtUp { revision, position }) => {
                    self.send(self.caught_up(revision, position)).await
                }
                Err(error) => return self.fail(error.into()).await,
            };
            if sent.is_err() {
                return;
            }
        }
    }

    async fn send_event(&mut self, event: RecordedEvent) -> Result<(), Gone> {
        self.left -= 1;
        match self.store.show(event, self.follow_links).await {
            Ok(shown) => self.send(Content::Event(write_shown(&shown, self.ids))).await,
            Err(error) => {
                drop(self.answers.send(Err(unreadable(&error))).await);
                Err(Gone)
            }
        }
    }

    async fn send(&self, content: Content) -> Result<(), Gone> {
        self.answers.send(Ok(ReadResp { content: Some(content) })).await.map_err(|_| Gone)
    }

    async fn fail(self, status: Status) {
        drop(self.answers.send(Err(status)).await);
    }

    fn checkpoint(&self, position: Position) -> Content {
        Content::Checkpoint(Checkpoint {
            commit_position: position.0,
            prepare_position: position.0,
            timestamp: Some(self.now()),
        })
    }

    fn caught_up(&self, revision: Option<u64>, position: Option<Position>) -> Content {
        Content::CaughtUp(CaughtUp {
            timestamp: Some(self.now()),
            stream_revision: revision.and_then(|revision| i64::try_from(revision).ok()),
            position: position.map(|position| read_resp::Position {
                commit_position: position.0,
                prepare_position: position.0,
            }),
        })
    }

    fn now(&self) -> Timestamp {
        let now = (self.store.clock)();
        let since = Duration::try_from(now.as_duration()).unwrap_or_default();
        Timestamp {
            seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            nanos: since.subsec_nanos().cast_signed(),
        }
    }
}
