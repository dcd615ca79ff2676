//! The service `PersistentSubscriptions`: groups of consumers whose place the log keeps.

mod group;
mod kept;
mod settings;

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status, Streaming, async_trait};
use uuid::Uuid;

use self::{
    group::{Command, Consumer, Group, Verdict},
    kept::{Definition, Definitions},
    settings::{Source, StartFrom, read_filter, read_settings},
};
use crate::{
    error::{exception, missing, unreadable},
    proto::client::persistent_subscriptions::{
        CreateReq, CreateResp, DeleteReq, DeleteResp, GetInfoReq, GetInfoResp, ListReq, ListResp,
        ReadReq, ReadResp, ReplayParkedReq, ReplayParkedResp, SubscriptionInfo, UpdateReq,
        UpdateResp, create_req, delete_req, get_info_req, list_req,
        persistent_subscriptions_server, read_req, replay_parked_req, update_req,
    },
    store::Store,
    streams::{Answers, stopped},
    wire::{IdForm, read_id, read_name},
};

/// The most groups.
const GROUPS_MAX: usize = 1_000;
/// Commands that wait for a group.
const COMMANDS_WAITING_MAX: usize = 1_024;
/// The most events that one consumer may hold at once.
const CONSUMER_EVENTS_MAX: usize = 2_000;
/// What a consumer holds that does not say.
const CONSUMER_EVENTS_USUAL: usize = 10;

/// A group, by where its events come from and its name.
type Key = (Source, String);

/// The service.
#[derive(Clone)]
pub(crate) struct PersistentSubscriptions {
    store: Arc<Store>,
    stopping: watch::Receiver<bool>,
    groups: Arc<Mutex<Groups>>,
}

/// The groups, once they have been read from the log.
#[derive(Default)]
struct Groups {
    read: bool,
    running: BTreeMap<Key, mpsc::Sender<Command>>,
}

impl PersistentSubscriptions {
    pub fn new(store: Arc<Store>, stopping: watch::Receiver<bool>) -> Self {
        Self { store, stopping, groups: Arc::default() }
    }

    /// The groups, read from the log the first time.
    async fn groups(&self) -> Result<tokio::sync::MutexGuard<'_, Groups>, Status> {
        let mut groups = self.groups.lock().await;
        if !groups.read {
            let definitions = Definitions::read(&self.store).await.map_err(|e| unreadable(&e))?;
            for definition in definitions {
                let key = (definition.source.clone(), definition.group.clone());
                let sender = self.start(definition);
                groups.running.insert(key, sender);
            }
            groups.read = true;
        }
        Ok(groups)
    }

    fn start(&self, definition: Definition) -> mpsc::Sender<Command> {
        let (sender, commands) = mpsc::channel(COMMANDS_WAITING_MAX);
        let store = Arc::clone(&self.store);
        let stopping = self.stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = Group::run(store, definition, commands) => {}
                () = stopped(stopping) => {}
            }
        });
        sender
    }

    async fn group(&self, key: &Key) -> Result<mpsc::Sender<Command>, Status> {
        let groups = self.groups().await?;
        groups.running.get(key).cloned().ok_or_else(|| unknown(key))
    }

    fn may_change(&self, source: &Source) -> Result<(), Status> {
        if !self.store.writable {
            let message = "groups are kept in the log, and this is the reading side of it";
            let message = message.to_owned();
            return Err(exception(Code::PermissionDenied, message, "access-denied", &[]));
        }
        if let Source::Stream(stream) = source {
            let target = self.store.target(stream);
            target.map_err(|error| Status::invalid_argument(error.to_string()))?;
        }
        Ok(())
    }

    async fn info(sender: &mpsc::Sender<Command>) -> Result<SubscriptionInfo, Status> {
        let (reply, answer) = oneshot::channel();
        let sent = sender.send(Command::Info(reply)).await;
        sent.map_err(|_| Status::unavailable("Server Is Not Ready"))?;
        answer.await.map_err(|_| Status::unavailable("Server Is Not Ready"))
    }
}

#[async_trait]
impl persistent_subscriptions_server::PersistentSubscriptions for PersistentSubscriptions {
    type ReadStream = Answers<ReadResp>;

    async fn create(&self, request: Request<CreateReq>) -> Result<Response<CreateResp>, Status> {
        use create_req::options::StreamOption;
        let options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        let (source, from, filter) = match options.stream_option {
            Some(StreamOption::Stream(stream)) => {
                let source = Source::Stream(read_name(stream.stream_identifier)?);
                (source, StartFrom::of_stream(stream.revision_option), None)
            }
            Some(StreamOption::All(all)) => {
                let filter = read_filter(all.filter_option)?;
                (Source::All, StartFrom::of_all(all.all_option), filter)
            }
            // Clients of 20.6 name the stream here.
            None => {
                let source = Source::Stream(read_name(options.stream_identifier)?);
                let revision = options.settings.as_ref().map_or(0, |settings| settings.revision);
                (source, StartFrom::At(revision), None)
            }
        };
        self.may_change(&source)?;
        let settings = read_settings(&options.settings.ok_or_else(|| missing("settings"))?)?;
        let group = options.group_name;
        let mut groups = self.groups().await?;
        let key = (source, group);
        if groups.running.contains_key(&key) {
            return Err(refused(&key, Code::AlreadyExists, "already exists", EXISTS));
        }
        if groups.running.len() >= GROUPS_MAX {
            return Err(Status::resource_exhausted(format!("there are {GROUPS_MAX} groups")));
        }
        let (source, group) = key.clone();
        let definition = Definition::begin(&self.store, source, group, from, filter, settings);
        let definition = definition.await.map_err(|error| unreadable(&error))?;
        definition.keep(&self.store).await.map_err(|error| error.status(&key.1))?;
        groups.running.insert(key, self.start(definition));
        Ok(Response::new(CreateResp {}))
    }

    async fn update(&self, request: Request<UpdateReq>) -> Result<Response<UpdateResp>, Status> {
        use update_req::options::StreamOption;
        let options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        let (source, from) = match options.stream_option {
            Some(StreamOption::Stream(stream)) => {
                let source = Source::Stream(read_name(stream.stream_identifier)?);
                (source, StartFrom::of_stream(stream.revision_option))
            }
            Some(StreamOption::All(all)) => (Source::All, StartFrom::of_all(all.all_option)),
            None => {
                let source = Source::Stream(read_name(options.stream_identifier)?);
                let revision = options.settings.as_ref().map_or(0, |settings| settings.revision);
                (source, StartFrom::At(revision))
            }
        };
        self.may_change(&source)?;
        let settings = read_settings(&options.settings.ok_or_else(|| missing("settings"))?)?;
        let key = (source, options.group_name);
        let mut groups = self.groups().await?;
        let Some(old) = groups.running.get(&key) else { return Err(unknown(&key)) };
        let (reply, definition) = oneshot::channel();
        // The group ends, with its consumers, and begins where it was.
        drop(old.send(Command::End(Some(reply))).await);
        let definition = definition.await;
        let mut definition = definition.map_err(|_| Status::unavailable("Server Is Not Ready"))?;
        definition.settings = settings;
        definition.begin_at(&self.store, from).await.map_err(|error| unreadable(&error))?;
        definition.keep(&self.store).await.map_err(|error| error.status(&key.1))?;
        groups.running.insert(key, self.start(definition));
        Ok(Response::new(UpdateResp {}))
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        use delete_req::options::StreamOption;
        let options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        let source = match options.stream_option.ok_or_else(|| missing("stream"))? {
            StreamOption::StreamIdentifier(name) => Source::Stream(read_name(Some(name))?),
            StreamOption::All(()) => Source::All,
        };
        self.may_change(&source)?;
        let key = (source, options.group_name);
        let mut groups = self.groups().await?;
        let Some(sender) = groups.running.get(&key) else { return Err(unknown(&key)) };
        let deleted = Definition::delete(&self.store, &key.0, &key.1).await;
        deleted.map_err(|error| error.status(&key.1))?;
        drop(sender.send(Command::End(None)).await);
        groups.running.remove(&key);
        Ok(Response::new(DeleteResp {}))
    }

    async fn read(
        &self,
        request: Request<Streaming<ReadReq>>,
    ) -> Result<Response<Self::ReadStream>, Status> {
        use read_req::{Content, options::StreamOption};
        let name = request.metadata().get("connection-name");
        let name = name.and_then(|name| name.to_str().ok()).unwrap_or_default().to_owned();
        let mut requests = request.into_inner();
        let first = requests.message().await?.and_then(|request| request.content);
        let Some(Content::Options(options)) = first else { return Err(missing("options")) };
        let source = match options.stream_option.ok_or_else(|| missing("stream"))? {
            StreamOption::StreamIdentifier(name) => Source::Stream(read_name(Some(name))?),
            StreamOption::All(()) => Source::All,
        };
        let ids = match options.uuid_option.and_then(|option| option.content) {
            Some(read_req::options::uuid_option::Content::Structured(())) => IdForm::Structured,
            Some(read_req::options::uuid_option::Content::String(())) | None => IdForm::Text,
        };
        let slots = usize::try_from(options.buffer_size).unwrap_or(0);
        let slots = if slots == 0 { CONSUMER_EVENTS_USUAL } else { slots };
        let slots = slots.min(CONSUMER_EVENTS_MAX);
        let key = (source, options.group_name);
        let group = self.group(&key).await?;
        // One place more, for the confirmation.
        let (answers, receiver) = mpsc::channel(slots + 2);
        let consumer = Consumer::new(name, answers.clone(), slots, ids);
        let id = consumer.id;
        let (reply, attached) = oneshot::channel();
        let sent = group.send(Command::Attach(consumer, reply)).await;
        sent.map_err(|_| Status::unavailable("Server Is Not Ready"))?;
        attached.await.map_err(|_| Status::unavailable("Server Is Not Ready"))?.map_err(|max| {
            let message = format!(
                "Maximum subscriptions reached for subscription group {} on stream {}: {max}",
                key.1, key.0
            );
            let trailers = [("stream-name", key.0.name()), ("group-name", key.1.as_str())];
            exception(Code::FailedPrecondition, message, "maximum-subscribers-reached", &trailers)
        })?;
        let stopping = self.stopping.clone();
        tokio::spawn(async move {
            let status = tokio::select! {
                ended = take_verdicts(requests, &group, id) => ended.err(),
                () = answers.closed() => None,
                () = stopped(stopping) => Some(Status::unavailable("Server Is Not Ready")),
            };
            if let Some(status) = status {
                drop(answers.send(Err(status)).await);
            }
            drop(group.send(Command::Detach(id)).await);
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn get_info(
        &self,
        request: Request<GetInfoReq>,
    ) -> Result<Response<GetInfoResp>, Status> {
        use get_info_req::options::StreamOption;
        let options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        let source = match options.stream_option.ok_or_else(|| missing("stream"))? {
            StreamOption::StreamIdentifier(name) => Source::Stream(read_name(Some(name))?),
            StreamOption::All(()) => Source::All,
        };
        let group = self.group(&(source, options.group_name)).await?;
        let subscription_info = Some(Self::info(&group).await?);
        Ok(Response::new(GetInfoResp { subscription_info }))
    }

    async fn replay_parked(
        &self,
        request: Request<ReplayParkedReq>,
    ) -> Result<Response<ReplayParkedResp>, Status> {
        use replay_parked_req::options::{StopAtOption, StreamOption};
        let options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        let source = match options.stream_option.ok_or_else(|| missing("stream"))? {
            StreamOption::StreamIdentifier(name) => Source::Stream(read_name(Some(name))?),
            StreamOption::All(()) => Source::All,
        };
        let count_max = match options.stop_at_option {
            Some(StopAtOption::StopAt(count)) => usize::try_from(count).unwrap_or(0),
            Some(StopAtOption::NoLimit(())) | None => usize::MAX,
        };
        let key = (source, options.group_name);
        let group = self.group(&key).await?;
        let (reply, replayed) = oneshot::channel();
        let sent = group.send(Command::Replay { count_max, reply }).await;
        sent.map_err(|_| Status::unavailable("Server Is Not Ready"))?;
        let replayed = replayed.await.map_err(|_| Status::unavailable("Server Is Not Ready"))?;
        replayed.map_err(|error| error.status(&key.1))?;
        Ok(Response::new(ReplayParkedResp {}))
    }

    async fn list(&self, request: Request<ListReq>) -> Result<Response<ListResp>, Status> {
        use list_req::{options::ListOption, stream_option::StreamOption};
        let options = request.into_inner().options.ok_or_else(|| missing("options"))?;
        let only = match options.list_option.ok_or_else(|| missing("list option"))? {
            ListOption::ListAllSubscriptions(()) => None,
            ListOption::ListForStream(of) => {
                Some(match of.stream_option.ok_or_else(|| missing("stream"))? {
                    StreamOption::Stream(name) => Source::Stream(read_name(Some(name))?),
                    StreamOption::All(()) => Source::All,
                })
            }
        };
        let wanted: Vec<_> = {
            let groups = self.groups().await?;
            let wanted = groups.running.iter();
            let wanted =
                wanted.filter(|((source, _), _)| only.as_ref().is_none_or(|o| o == source));
            wanted.map(|(_, sender)| sender.clone()).collect()
        };
        if wanted.is_empty()
            && let Some(source) = only
        {
            return Err(unknown(&(source, String::new())));
        }
        let mut subscriptions = Vec::with_capacity(wanted.len());
        for group in wanted {
            subscriptions.push(Self::info(&group).await?);
        }
        Ok(Response::new(ListResp { subscriptions }))
    }

    async fn restart_subsystem(&self, _: Request<()>) -> Result<Response<()>, Status> {
        let mut groups = self.groups().await?;
        for sender in std::mem::take(&mut groups.running).into_values() {
            let (reply, ended) = oneshot::channel();
            drop(sender.send(Command::End(Some(reply))).await);
            drop(ended.await);
        }
        groups.read = false;
        Ok(Response::new(()))
    }
}

/// Passes on what a consumer says of its events, until it says no more.
async fn take_verdicts(
    mut requests: Streaming<ReadReq>,
    group: &mpsc::Sender<Command>,
    consumer: u64,
) -> Result<(), Status> {
    use read_req::Content;
    while let Some(request) = requests.message().await? {
        let (ids, verdict) = match request.content.ok_or_else(|| missing("content"))? {
            Content::Ack(ack) => (ack.ids, Verdict::Done),
            Content::Nack(nack) => {
                let verdict = match nack.action() {
                    read_req::nack::Action::Park => Verdict::Park(nack.reason.clone()),
                    read_req::nack::Action::Skip => Verdict::Done,
                    read_req::nack::Action::Retry | read_req::nack::Action::Unknown => {
                        Verdict::Retry
                    }
                    read_req::nack::Action::Stop => Verdict::Stop,
                };
                (nack.ids, verdict)
            }
            Content::Options(_) => {
                return Err(Status::invalid_argument("the options come first and once"));
            }
        };
        let ids = ids.into_iter().map(|id| read_id(Some(id))).collect::<Result<Vec<Uuid>, _>>()?;
        if group.send(Command::Verdict { consumer, ids, verdict }).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

const EXISTS: &str = "persistent-subscription-exists";

fn unknown(key: &Key) -> Status {
    let code = Code::NotFound;
    refused(key, code, "does not exist", "persistent-subscription-does-not-exist")
}

fn refused((source, group): &Key, code: Code, what: &str, name: &'static str) -> Status {
    let message = format!("Subscription group {group} on stream {source} {what}.");
    let trailers = [("stream-name", source.name()), ("group-name", group.as_str())];
    exception(code, message, name, &trailers)
}
