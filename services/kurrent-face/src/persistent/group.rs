//! One group at work: events go to consumers, come back acknowledged, refused or too late, and the
//! place up to which everything was dealt with is kept.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior},
};
use tonic::{Code, Status};
use uuid::Uuid;

use super::{
    kept::{Definition, place_at, place_of},
    settings::{Source, Strategy, before, place_text},
};
use crate::{
    error::exception,
    feed::{Begin, Feed, FeedError, Item},
    metadata::revision,
    name,
    page::Shown,
    proto::client::persistent_subscriptions::{
        ReadResp, SubscriptionInfo,
        read_resp::{self, Content, ReadEvent, read_event},
        subscription_info::ConnectionInfo,
    },
    store::{Store, WriteError},
    wire::{IdForm, parts, write_name},
};

/// How often what came too late, and the checkpoint, are looked after.
const TICK: Duration = Duration::from_millis(100);
/// How long a group whose source cannot be read waits before it tries again.
const SOURCE_RETRY: Duration = Duration::from_secs(1);
/// Events that wait in a group, whatever its settings say.
const WAITING_MAX: usize = 10_000;

/// What a group is asked.
pub(crate) enum Command {
    Attach(Consumer, oneshot::Sender<Result<(), u32>>),
    Detach(u64),
    Verdict {
        consumer: u64,
        ids: Vec<Uuid>,
        verdict: Verdict,
    },
    Info(oneshot::Sender<SubscriptionInfo>),
    Replay {
        count_max: usize,
        reply: oneshot::Sender<Result<(), WriteError>>,
    },
    /// To end; who wants the definition begins it anew.
    End(Option<oneshot::Sender<Definition>>),
}

/// What a consumer says of an event.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    Done,
    Retry,
    Park(String),
    /// It takes no more.
    Stop,
}

/// One who takes events.
pub(crate) struct Consumer {
    pub id: u64,
    name: String,
    answers: mpsc::Sender<Result<ReadResp, Status>>,
    slots: usize,
    ids: IdForm,
    in_flight: usize,
    total: i64,
}

impl Consumer {
    pub fn new(
        name: String,
        answers: mpsc::Sender<Result<ReadResp, Status>>,
        slots: usize,
        ids: IdForm,
    ) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { id, name, answers, slots, ids, in_flight: 0, total: 0 }
    }

    fn is_free(&self) -> bool {
        self.in_flight < self.slots && !self.answers.is_closed()
    }
}

struct Message {
    shown: Shown,
    /// Where it stands in the source; `None` when it was parked before.
    place: Option<u64>,
    retries: u32,
}

struct InFlight {
    message: Message,
    consumer: u64,
    deadline: Instant,
}

/// A group at work.
pub(crate) struct Group {
    store: Arc<Store>,
    definition: Definition,
    consumers: Vec<Consumer>,
    /// Whose turn it is.
    turn: usize,
    waiting: VecDeque<Message>,
    in_flight: HashMap<Uuid, InFlight>,
    /// Places of events that were taken from the source and not dealt with.
    open: BTreeSet<u64>,
    /// The last place that was taken from the source.
    seen: Option<u64>,
    kept: Option<u64>,
    kept_at: Instant,
    total: i64,
    live: bool,
}

/// The group is to end.
struct Ended(Option<oneshot::Sender<Definition>>);

impl Group {
    /// Works until it is told to end.
    pub async fn run(
        store: Arc<Store>,
        definition: Definition,
        mut commands: mpsc::Receiver<Command>,
    ) {
        let mut group = Self {
            store,
            definition,
            consumers: Vec::new(),
            turn: 0,
            waiting: VecDeque::new(),
            in_flight: HashMap::new(),
            open: BTreeSet::new(),
            seen: None,
            kept: None,
            kept_at: Instant::now(),
            total: 0,
            live: false,
        };
        let Ended(reply) = group.work(&mut commands).await;
        group.keep_place(true).await;
        let message = format!(
            "Subscription group {} on stream {} was dropped.",
            group.definition.group, group.definition.source
        );
        for consumer in &group.consumers {
            let trailers = [
                ("stream-name", group.definition.source.name()),
                ("group-name", group.definition.group.as_str()),
            ];
            let dropped = "persistent-subscription-dropped";
            let status = exception(Code::Cancelled, message.clone(), dropped, &trailers);
            drop(consumer.answers.try_send(Err(status)));
        }
        if let Some(reply) = reply {
            drop(reply.send(group.definition));
        }
    }

    async fn work(&mut self, commands: &mut mpsc::Receiver<Command>) -> Ended {
        let mut feed = None;
        let mut retry_at = Instant::now();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if feed.is_none() && Instant::now() >= retry_at {
                match self.feed().await {
                    Ok(begun) => feed = Some(begun),
                    Err(error) => {
                        tracing::warn!(?error, group = self.definition.group, "no source");
                        retry_at = Instant::now() + SOURCE_RETRY;
                    }
                }
            }
            let room = self.waiting.len() < self.waiting_max();
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => {
                        if let Err(ended) = self.take(command).await {
                            return ended;
                        }
                    }
                    None => return Ended(None),
                },
                item = next(&mut feed), if room && feed.is_some() => match item {
                    Ok(item) => self.read(item),
                    Err(error) => {
                        tracing::warn!(?error, group = self.definition.group, "the source ended");
                        (feed, retry_at) = (None, Instant::now() + SOURCE_RETRY);
                    }
                },
                _ = tick.tick() => {
                    self.take_back_what_is_late().await;
                    self.keep_place(false).await;
                }
            }
            self.hand_out();
        }
    }

    fn waiting_max(&self) -> usize {
        let settings = &self.definition.settings;
        let most = settings.live_events_max.max(settings.history_events_max).max(1);
        usize::try_from(most).unwrap_or(WAITING_MAX).min(WAITING_MAX)
    }

    /// The source, from the place that was kept.
    async fn feed(&mut self) -> Result<Feed, FeedError> {
        if self.seen.is_none() {
            self.kept = self.definition.checkpoint(&self.store).await?;
        }
        let next = match self.seen.or(self.kept) {
            Some(place) => (place + 1).max(self.definition.first),
            None => self.definition.first,
        };
        let follow = self.definition.settings.resolve_links;
        match &self.definition.source {
            Source::All => {
                let begin = before(next).map_or(Begin::Start, Begin::After);
                let filter = self.definition.filter.as_ref();
                let filter = filter.and_then(|filter| filter.filter().ok());
                Feed::of_all(&self.store, begin, filter, follow).await
            }
            Source::Stream(stream) => {
                let deleted = |_| FeedError::Deleted { stream: stream.clone() };
                let target = self.store.target(stream).map_err(deleted)?;
                let begin = next.checked_sub(1).map_or(Begin::Start, Begin::After);
                Feed::of_stream(&self.store, target, begin, follow).await
            }
        }
    }

    fn read(&mut self, item: Item) {
        match item {
            Item::Event(shown) => {
                let Some(place) = place_of(&self.definition.source, &shown) else { return };
                self.seen = Some(place);
                // An event that the group itself has put aside is not news.
                let own = shown.original().is_some_and(|event| {
                    event.stream.as_str().starts_with("$persistentsubscription-")
                });
                if own {
                    return;
                }
                self.open.insert(place);
                let (place, retries) = (Some(place), 0);
                self.waiting.push_back(Message { shown: *shown, place, retries });
            }
            Item::Checkpoint(position) => self.seen = Some(place_at(position)),
            Item::CaughtUp { .. } => self.live = true,
        }
    }

    async fn take(&mut self, command: Command) -> Result<(), Ended> {
        match command {
            Command::Attach(consumer, reply) => {
                let most = self.definition.settings.consumers_max;
                let here = u32::try_from(self.consumers.len()).unwrap_or(u32::MAX);
                if most > 0 && here >= most {
                    // Whoever asked may have gone.
                    reply.send(Err(most)).unwrap_or_default();
                    return Ok(());
                }
                let Definition { source, group, .. } = &self.definition;
                let subscription_id = format!("{source}::{group}");
                let confirmation = read_resp::SubscriptionConfirmation { subscription_id };
                let content = Some(Content::SubscriptionConfirmation(confirmation));
                drop(consumer.answers.try_send(Ok(ReadResp { content })));
                self.consumers.push(consumer);
                reply.send(Ok(())).unwrap_or_default();
            }
            Command::Detach(id) => self.detach(id),
            Command::Verdict { consumer, ids, verdict } => {
                for id in ids {
                    self.judge(consumer, id, verdict.clone()).await;
                }
                if let Verdict::Stop = verdict {
                    self.detach(consumer);
                }
            }
            Command::Info(reply) => drop(reply.send(self.info().await)),
            Command::Replay { count_max, reply } => {
                let unparked = self.definition.unpark(&self.store, count_max).await;
                drop(reply.send(unparked.map(|unparked| {
                    let replayed = |shown| Message { shown, place: None, retries: 0 };
                    self.waiting.extend(unparked.into_iter().map(replayed));
                })));
            }
            Command::End(reply) => return Err(Ended(reply)),
        }
        Ok(())
    }

    /// Forgets a consumer; what it had goes to others.
    fn detach(&mut self, id: u64) {
        self.consumers.retain(|consumer| consumer.id != id);
        let held = self.in_flight.extract_if(|_, held| held.consumer == id);
        let mut held: Vec<_> = held.map(|(_, held)| held.message).collect();
        held.sort_by_key(|message| message.place);
        for message in held.into_iter().rev() {
            self.waiting.push_front(message);
        }
    }

    async fn judge(&mut self, consumer: u64, id: Uuid, verdict: Verdict) {
        if self.in_flight.get(&id).is_none_or(|held| held.consumer != consumer) {
            // It came too late: somebody else has it.
            return;
        }
        let Some(InFlight { message, .. }) = self.in_flight.remove(&id) else { return };
        if let Some(consumer) = self.consumers.iter_mut().find(|known| known.id == consumer) {
            consumer.in_flight = consumer.in_flight.saturating_sub(1);
        }
        match verdict {
            Verdict::Done => self.done(&message),
            Verdict::Retry | Verdict::Stop => self.again(message, "retried too often").await,
            Verdict::Park(reason) => self.park(message, &reason).await,
        }
    }

    fn done(&mut self, message: &Message) {
        if let Some(place) = message.place {
            self.open.remove(&place);
        }
        self.total += 1;
    }

    async fn again(&mut self, mut message: Message, reason: &str) {
        message.retries += 1;
        if message.retries > self.definition.settings.retries_max {
            self.park(message, reason).await;
        } else {
            self.waiting.push_front(message);
        }
    }

    async fn park(&mut self, message: Message, reason: &str) {
        match self.definition.park(&self.store, &message.shown, reason).await {
            Ok(()) => self.done(&message),
            Err(error) => {
                tracing::warn!(?error, group = self.definition.group, "an event is not parked");
                self.waiting.push_back(message);
            }
        }
    }

    async fn take_back_what_is_late(&mut self) {
        let now = Instant::now();
        let late = self.in_flight.extract_if(|_, held| held.deadline <= now);
        for held in late.map(|(_, held)| held).collect::<Vec<_>>() {
            let consumer = self.consumers.iter_mut().find(|known| known.id == held.consumer);
            if let Some(consumer) = consumer {
                consumer.in_flight = consumer.in_flight.saturating_sub(1);
            }
            self.again(held.message, "nobody answered in time").await;
        }
    }

    /// Keeps the place up to which everything was dealt with, where it is time.
    async fn keep_place(&mut self, at_once: bool) {
        let up_to = match self.open.first() {
            Some(first) => first.checked_sub(1),
            None => self.seen,
        };
        let Some(up_to) = up_to.filter(|up_to| Some(*up_to) > self.kept) else { return };
        let settings = &self.definition.settings;
        let news = up_to - self.kept.unwrap_or(0);
        let waited = self.kept_at.elapsed();
        let often = waited >= Duration::from_millis(settings.checkpoint_after_ms.into())
            && news >= settings.checkpoint_events_min.into();
        let many = news >= u64::from(settings.checkpoint_events_max.max(1));
        if !at_once && !often && !many {
            return;
        }
        match self.definition.keep_checkpoint(&self.store, up_to).await {
            Ok(()) => (self.kept, self.kept_at) = (Some(up_to), Instant::now()),
            Err(error) => {
                tracing::warn!(?error, group = self.definition.group, "no checkpoint is kept");
            }
        }
    }

    /// Gives waiting events to free consumers.
    fn hand_out(&mut self) {
        let mut kept_back = VecDeque::new();
        while let Some(message) = self.waiting.pop_front() {
            match self.choose(&message) {
                Choice::Consumer(index) => self.give(index, message),
                Choice::NotYet => kept_back.push_back(message),
                Choice::Nobody => {
                    kept_back.push_back(message);
                    break;
                }
            }
        }
        kept_back.append(&mut self.waiting);
        self.waiting = kept_back;
    }

    fn choose(&mut self, message: &Message) -> Choice {
        let count = self.consumers.len();
        if !self.consumers.iter().any(Consumer::is_free) {
            return Choice::Nobody;
        }
        match self.definition.settings.strategy {
            Strategy::DispatchToSingle => self.consumers.iter().position(Consumer::is_free).into(),
            Strategy::RoundRobin => {
                let order = (0..count).map(|step| (self.turn + step) % count);
                let free = order.into_iter().find(|at| self.consumers[*at].is_free());
                if let Some(at) = free {
                    self.turn = (at + 1) % count;
                }
                free.into()
            }
            Strategy::Pinned | Strategy::PinnedByCorrelation => {
                let mut hasher = DefaultHasher::new();
                self.pin(message).hash(&mut hasher);
                let at = usize::try_from(hasher.finish() % count as u64).unwrap_or(0);
                if self.consumers[at].is_free() { Choice::Consumer(at) } else { Choice::NotYet }
            }
        }
    }

    /// What must come to the same consumer.
    fn pin(&self, message: &Message) -> String {
        let Some(event) = message.shown.event.as_ref().or(message.shown.link.as_ref()) else {
            return String::new();
        };
        if self.definition.settings.strategy == Strategy::PinnedByCorrelation {
            let metadata = parts(event).custom_metadata;
            let metadata = serde_json::from_slice::<serde_json::Value>(&metadata);
            let correlation = metadata
                .ok()
                .and_then(|fields| Some(fields.get("$correlationId")?.as_str()?.to_owned()));
            if let Some(correlation) = correlation {
                return correlation;
            }
        }
        name::shown(&event.stream)
    }

    fn give(&mut self, index: usize, message: Message) {
        let Some(event) = message.shown.original() else { return };
        let (id, consumer) = (event.id, &mut self.consumers[index]);
        let answer = ReadResp { content: Some(Content::Event(write(&message, consumer.ids))) };
        if consumer.answers.try_send(Ok(answer)).is_err() {
            // It has gone, or is about to; its place is taken away when that is known.
            consumer.slots = 0;
            self.waiting.push_back(message);
            return;
        }
        consumer.in_flight += 1;
        consumer.total += 1;
        let deadline = Instant::now() + self.definition.settings.message_timeout();
        let consumer = consumer.id;
        self.in_flight.insert(id, InFlight { message, consumer, deadline });
    }

    async fn info(&self) -> SubscriptionInfo {
        let Definition { source, group, from, settings, .. } = &self.definition;
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let size = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let known = self.store.log.head().await.ok().flatten().map(|head| head.0);
        let known = match source {
            Source::All => known,
            Source::Stream(_) => self.seen,
        };
        let connections = self.consumers.iter().map(|consumer| ConnectionInfo {
            from: String::new(),
            username: "anonymous".to_owned(),
            average_items_per_second: 0,
            total_items: consumer.total,
            count_since_last_measurement: 0,
            observed_measurements: vec![],
            available_slots: size(consumer.slots.saturating_sub(consumer.in_flight)),
            in_flight_messages: size(consumer.in_flight),
            connection_name: consumer.name.clone(),
        });
        let parked = self.definition.parked(&self.store).await.unwrap_or(0);
        SubscriptionInfo {
            event_source: source.to_string(),
            group_name: group.clone(),
            status: "Live".to_owned(),
            connections: connections.collect(),
            average_per_second: 0,
            total_items: self.total,
            count_since_last_measurement: 0,
            last_checkpointed_event_position: place_text(self.kept, source),
            last_known_event_position: place_text(known, source),
            resolve_link_tos: settings.resolve_links,
            start_from: from.text(source),
            message_timeout_milliseconds: number(settings.message_timeout_ms),
            extra_statistics: settings.extra_statistics,
            max_retry_count: number(settings.retries_max),
            live_buffer_size: number(settings.live_events_max),
            buffer_size: number(settings.history_events_max),
            read_batch_size: number(settings.read_events),
            check_point_after_milliseconds: number(settings.checkpoint_after_ms),
            min_check_point_count: number(settings.checkpoint_events_min),
            max_check_point_count: number(settings.checkpoint_events_max),
            read_buffer_count: size(if self.live { 0 } else { self.waiting.len() }),
            live_buffer_count: size(if self.live { self.waiting.len() } else { 0 }).into(),
            retry_buffer_count: size(self.waiting.iter().filter(|m| m.retries > 0).count()),
            total_in_flight_messages: size(self.in_flight.len()),
            outstanding_messages_count: size(self.in_flight.len()),
            named_consumer_strategy: settings.strategy.name().to_owned(),
            max_subscriber_count: number(settings.consumers_max),
            parked_message_count: i64::try_from(parked).unwrap_or(i64::MAX),
        }
    }
}

enum Choice {
    Consumer(usize),
    /// Its own consumer is busy.
    NotYet,
    Nobody,
}

impl From<Option<usize>> for Choice {
    fn from(index: Option<usize>) -> Self {
        index.map_or(Self::Nobody, Self::Consumer)
    }
}

async fn next(feed: &mut Option<Feed>) -> Result<Item, FeedError> {
    match feed {
        Some(feed) => feed.next().await,
        None => std::future::pending().await,
    }
}

fn write(message: &Message, ids: IdForm) -> ReadEvent {
    let Message { shown, retries, .. } = message;
    let event = |event: &event_log::RecordedEvent| {
        let parts = parts(event);
        read_event::RecordedEvent {
            id: Some(ids.write(event.id)),
            stream_identifier: Some(write_name(&name::shown(&event.stream))),
            stream_revision: revision(event),
            prepare_position: event.position.0,
            commit_position: event.position.0,
            metadata: parts.metadata,
            custom_metadata: parts.custom_metadata,
            data: event.data.clone(),
        }
    };
    ReadEvent {
        event: shown.event.as_ref().map(event),
        link: shown.link.as_ref().map(event),
        position: Some(match shown.original() {
            Some(event) => read_event::Position::CommitPosition(event.position.0),
            None => read_event::Position::NoPosition(()),
        }),
        count: Some(read_event::Count::RetryCount(i32::try_from(*retries).unwrap_or(i32::MAX))),
    }
}
