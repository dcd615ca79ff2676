//! The engine: takes scans and commands, decides them, and answers when their events are durable
//! and seen by every view.

mod admission;
mod outcome;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::arrival_slots::ArrivalSlots;
use domain::community::Community;
use domain::device::Device;
use domain::device::event::SettledAnswer;
use domain::household::Household;
use domain::ids::{CommandId, CommunityId, DeviceId};
use domain::order::Order;
use domain::parcel::Parcel;
use domain::plan::Plan;
use domain::run::Run;
use domain::volunteer::Volunteer;
use event_log::{EventLog, Health, LogError, Position, Revision};
use tokio::sync::watch;

use self::admission::Admission;
use self::outcome::{QUARANTINED, quarantined_problem, settled_of, settled_problem, status_of};
use crate::answer::{Answer, Performed, Status};
use crate::clock::Clock;
use crate::codec::Stored;
use crate::directory::Place;
use crate::ledger::{Entry, Verdict};
use crate::problem::{Problem, ProblemKind};
use crate::process::{Courier, Reactions};
use crate::repository::{Done, Failure, How, NotDone, Repository};
use crate::request::Request;
use crate::scan::Scan;
use crate::snapshot::{self, Snapshots};
use crate::vault::Vault;
use crate::views::{Observer, Progress, ViewError, Views};

/// How many parcels are kept in memory; the others are read from their streams.
pub const PARCELS_CACHED_MAX: usize = 200_000;
/// How many aggregates of each other kind are kept in memory.
pub const OTHERS_CACHED_MAX: usize = 20_000;
/// How long an answer waits for the views.
pub const VIEW_WAIT_MAX: Duration = Duration::from_secs(2);

/// What an engine is made of.
pub struct Parts {
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The keys of personal data.
    pub vault: Arc<Vault>,
    /// Where snapshots of the views lie; `None` keeps none.
    pub snapshots: Option<Snapshots>,
    /// Other views that are fed with the engine's own.
    pub observers: Vec<Box<dyn Observer>>,
}

/// The engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something in the log cannot be read.
    #[error("the event log cannot be folded into views")]
    Views(#[source] ViewError),
}

/// The engine.
pub struct Engine {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) views: Arc<Views>,
    pub(crate) parcels: Repository<Parcel>,
    pub(crate) runs: Repository<Run>,
    pub(crate) orders: Repository<Order>,
    pub(crate) households: Repository<Household>,
    pub(crate) volunteers: Repository<Volunteer>,
    pub(crate) communities: Repository<Community>,
    pub(crate) devices: Repository<Device>,
    pub(crate) plans: Repository<Plan>,
    pub(crate) arrivals: Repository<ArrivalSlots>,
    pub(crate) reactions: Arc<Reactions>,
    snapshots: Option<Snapshots>,
    progress: watch::Receiver<Progress>,
    in_flight: Mutex<HashSet<CommandId>>,
    lanes: Mutex<HashMap<(CommunityId, DeviceId), Lane>>,
}

/// The place where the commands of one device wait for each other.
type Lane = Arc<tokio::sync::Mutex<()>>;

/// An aggregate that the engine keeps a repository of.
pub trait Kept: Stored {
    /// Its repository.
    fn repository(engine: &Engine) -> &Repository<Self>
    where
        Self: Sized;
}

macro_rules! kept {
    ($($aggregate:ident: $field:ident;)+) => {$(
        impl Kept for $aggregate {
            fn repository(engine: &Engine) -> &Repository<Self> {
                &engine.$field
            }
        }
    )+};
}

kept! {
    Parcel: parcels;
    Run: runs;
    Order: orders;
    Household: households;
    Volunteer: volunteers;
    Community: communities;
    Device: devices;
    Plan: plans;
    ArrivalSlots: arrivals;
}

/// What became of a command on one aggregate.
#[derive(Debug)]
pub struct Commanded<A: Stored> {
    /// The state right after it.
    pub state: Arc<A::State>,
    /// The revision right after it.
    pub revision: Option<Revision>,
    /// Whether it changed nothing, because what it asks for was so already.
    pub already_so: bool,
    /// The position that the views have seen at least.
    pub position: Position,
}

impl Engine {
    /// Starts an engine: reads the newest snapshot, catches up with the log, and keeps following
    /// it.
    ///
    /// # Errors
    /// [`StartError`] when something in the log cannot be read.
    pub async fn start(parts: Parts) -> Result<Arc<Self>, StartError> {
        let Parts { log, clock, vault, snapshots, mut observers } = parts;
        let snapshot = match &snapshots {
            Some(snapshots) => snapshots.newest(log.as_ref(), &mut observers).await,
            None => snapshot::Snapshot::default(),
        };
        let snapshot::Snapshot { position, processed, ledger, directory } = snapshot;
        let views = Arc::new(Views::at(position, ledger, directory, observers));
        let progress = views.progress();
        let engine = Arc::new(Self {
            parcels: Repository::new(Arc::clone(&log), PARCELS_CACHED_MAX),
            runs: Repository::new(Arc::clone(&log), OTHERS_CACHED_MAX),
            orders: Repository::new(Arc::clone(&log), OTHERS_CACHED_MAX),
            households: Repository::new(Arc::clone(&log), OTHERS_CACHED_MAX),
            volunteers: Repository::new(Arc::clone(&log), OTHERS_CACHED_MAX),
            communities: Repository::new(Arc::clone(&log), OTHERS_CACHED_MAX),
            devices: Repository::new(Arc::clone(&log), OTHERS_CACHED_MAX),
            plans: Repository::new(Arc::clone(&log), OTHERS_CACHED_MAX),
            arrivals: Repository::new(Arc::clone(&log), OTHERS_CACHED_MAX),
            reactions: Arc::new(Reactions::from(processed)),
            snapshots,
            progress,
            in_flight: Mutex::default(),
            lanes: Mutex::default(),
            views: Arc::clone(&views),
            log: Arc::clone(&log),
            clock,
            vault,
        });
        let mut following = tokio::spawn(views.follow(log));
        let mut progress = engine.progress.clone();
        tokio::select! {
            _ = progress.wait_for(|progress| progress.caught_up) => {}
            stopped = &mut following => return Err(StartError::Views(match stopped {
                Ok(Ok(())) => ViewError::Log(LogError::Closed),
                Ok(Err(error)) => error,
                Err(_) => ViewError::Died,
            })),
        }
        let views = Arc::clone(&engine.views);
        tokio::spawn(async move {
            match following.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the views stopped");
                }
                Err(died) => {
                    tracing::error!(error = &died as &dyn std::error::Error, "the views died");
                    views.stop();
                }
            }
        });
        Courier::start(&engine);
        crate::planning::driver::start(&engine);
        Ok(engine)
    }

    /// The engine's clock.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The keys of personal data.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The engine's own views.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// How far the views are.
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Whether the log takes events now.
    pub fn health(&self) -> Health {
        self.log.health()
    }

    /// The log.
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// What the processes still have to do, and what they could not.
    pub fn reactions(&self) -> &Reactions {
        &self.reactions
    }

    /// Writes a snapshot of the views, where the engine keeps any.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn snapshot(&self) -> std::io::Result<()> {
        match &self.snapshots {
            Some(snapshots) => snapshots.write(&self.views, self.reactions.done_up_to()),
            None => Ok(()),
        }
    }

    /// Waits until the views have seen a position; `false` is "not within the time that an answer
    /// may wait".
    pub async fn seen(&self, position: Position) -> bool {
        if self.progress().position >= position {
            return true;
        }
        // The views were told before whoever appended, and are most often at it: letting others
        // run first is cheaper than being woken.
        tokio::task::yield_now().await;
        tokio::time::timeout(VIEW_WAIT_MAX, self.views.reached(position)).await.is_ok()
    }

    /// Waits until the views have seen a position that somebody asks for.
    ///
    /// # Errors
    /// An invalid one when the log has not come so far, a deferred one when the views have not.
    pub async fn at_least(&self, position: u64) -> Result<(), Problem> {
        if self.seen(Position(position)).await {
            return Ok(());
        }
        let head = self.log.head().await.map_err(|error| unavailable(&error.into()))?;
        let head = head.map_or(0, |head| head.0);
        if head < position {
            return Err(Problem::invalid(
                "position-not-written",
                format!(
                    "the log ends at {head} and has no position {position}: ask for one that an answer told"
                ),
                format!("事件日志止于 {head}，没有位置 {position}：请使用应答中给出的位置"),
            ));
        }
        let reached = self.progress().position.0;
        Err(Problem::deferred(
            "views-behind",
            format!(
                "the views stand at {reached} and not yet at {position}: ask again in a moment"
            ),
            format!("视图目前处于 {reached}，尚未到 {position}：请稍后重试"),
        ))
    }

    /// Waits, as long as an answer may wait, until runs and orders have heard of everything that
    /// happened to their pieces so far: a run that is closed right after its last scan must not
    /// miss it.
    pub async fn heard(&self) {
        let carried_out = self.reactions.carried_out(self.progress().position);
        if tokio::time::timeout(VIEW_WAIT_MAX, carried_out).await.is_err() {
            tracing::warn!("runs and orders have not heard of everything yet");
        }
    }

    /// Waits, as long as an answer may wait, until everything that follows from what was done so
    /// far has been done and seen by the views; the position that they have seen.
    pub async fn followed(&self) -> Position {
        self.heard().await;
        if let Ok(Some(head)) = self.log.head().await {
            self.seen(head).await;
        }
        self.progress().position
    }

    /// The present state of an aggregate.
    ///
    /// # Errors
    /// A deferred problem when the log cannot be read.
    pub async fn peek<A: Kept>(
        &self,
        community: &CommunityId,
        id: &A::Id,
    ) -> Result<(Arc<A::State>, Option<Revision>), Problem> {
        A::repository(self).peek(community, id).await.map_err(|failure| unavailable(&failure))
    }

    /// Takes one scan.
    ///
    /// The same command id with the same content gets the same answer again. A refusal is kept, and
    /// is final for its id; a deferred answer stored nothing.
    pub async fn scan(&self, request: Request, scan: Scan) -> Answer {
        let _lane = self.lane(&request).await;
        let outcome = match self.admit(&request) {
            Ok(Admission::New(_in_flight)) => self.take(&request, &scan).await,
            Ok(Admission::Known(entry)) => self.answer_again(&request, &scan, entry).await,
            Err(problem) => Err(problem),
        };
        self.answer(&request, outcome).await
    }

    /// Handles one command on one aggregate. With `expected` it holds for that revision only.
    ///
    /// # Errors
    /// The problem: a refusal, a conflict, a misused id, or a deferral.
    pub async fn command<A: Kept>(
        &self,
        request: &Request,
        id: &A::Id,
        expected: Option<Option<Revision>>,
        command: impl Fn(&A::State) -> Result<A::Command, A::Refusal> + Send,
    ) -> Result<Commanded<A>, Problem> {
        self.heard().await;
        let _lane = self.lane(request).await;
        let _in_flight = match self.admit(request)? {
            Admission::New(in_flight) => in_flight,
            Admission::Known(entry) => return self.commanded_before::<A>(request, id, entry).await,
        };
        if let Some(reason) = self.quarantine_reason(request) {
            return Err(self.quarantine(request, reason).await);
        }
        match A::repository(self).execute(id, request, expected, command).await {
            Ok(done) => Ok(self.commanded(request, done).await),
            Err(not_done) => Err(self.refuse(request, problem(not_done)).await),
        }
    }

    /// Answers a command whose facts could not be looked up. The problem is final for its id like
    /// any other, unless the command was worked off before: then it is answered as it was then.
    ///
    /// # Errors
    /// The problem, or what the command was answered before.
    pub async fn unprepared<A: Kept>(
        &self,
        request: &Request,
        id: &A::Id,
        problem: Problem,
    ) -> Result<Commanded<A>, Problem> {
        let _lane = self.lane(request).await;
        match self.admit(request)? {
            Admission::New(_in_flight) => Err(self.refuse(request, problem).await),
            Admission::Known(entry) => self.commanded_before(request, id, entry).await,
        }
    }

    /// Keeps a refusal of a command; gives the problem, or why it could not be kept.
    async fn refuse(&self, request: &Request, problem: Problem) -> Problem {
        if problem.is_deferred() || problem.kind == ProblemKind::Misuse {
            return problem;
        }
        match self.settle(request, settled_of(&problem)).await {
            Ok(()) => problem,
            Err(deferred) => deferred,
        }
    }

    /// Answers a command that has been worked off before, as it was answered then.
    async fn commanded_before<A: Kept>(
        &self,
        request: &Request,
        id: &A::Id,
        entry: Entry,
    ) -> Result<Commanded<A>, Problem> {
        let (repository, community) = (A::repository(self), &request.community);
        let position = self.progress().position;
        match entry.verdict {
            Verdict::Quarantined => Err(quarantined_problem()),
            Verdict::Settled(settled) => match *settled {
                SettledAnswer::Repeated { revision } => {
                    let revision = Revision(revision);
                    let state = repository.as_of(community, id, revision).await;
                    let state = state.map_err(|failure| unavailable(&failure))?;
                    Ok(Commanded { state, revision: Some(revision), already_so: true, position })
                }
                SettledAnswer::Refused { .. } | SettledAnswer::Shared { .. } => {
                    Err(settled_problem(*settled))
                }
            },
            Verdict::Applied { .. } => {
                let replayed = repository.replayed(community, id, request).await;
                let replayed = replayed.map_err(|failure| unavailable(&failure))?;
                let (state, revision) = replayed.ok_or_else(Problem::misuse)?;
                Ok(Commanded { state, revision: Some(revision), already_so: false, position })
            }
        }
    }

    async fn commanded<A: Stored>(&self, request: &Request, done: Done<A>) -> Commanded<A> {
        let already_so = done.how == How::AlreadySo;
        if already_so {
            let revision = done.revision.map_or(0, |revision| revision.0);
            let settled = self.settle(request, SettledAnswer::Repeated { revision }).await;
            if let Err(problem) = settled {
                // The command changed nothing, so a lost outcome is decided anew with the same end.
                tracing::warn!(code = problem.code, "an outcome could not be kept");
            }
        }
        let position = match done.how {
            How::Appended(position) => position,
            How::Replayed | How::AlreadySo => self.progress().position,
        };
        self.seen(position).await;
        Commanded { state: done.state, revision: done.revision, already_so, position }
    }

    async fn take(&self, request: &Request, scan: &Scan) -> Result<(Status, Performed), Problem> {
        if let Some(reason) = self.quarantine_reason(request) {
            return Err(self.quarantine(request, reason).await);
        }
        let performed = match self.perform(request, scan).await {
            Ok(performed) => performed,
            Err(problem) if problem.is_deferred() || problem.kind == ProblemKind::Misuse => {
                return Err(problem);
            }
            Err(problem) => {
                self.settle(request, settled_of(&problem)).await?;
                return Err(problem);
            }
        };
        if let Some(revision) = performed.repeated {
            self.settle(request, SettledAnswer::Repeated { revision }).await?;
        } else if performed.unrecorded {
            let pieces = performed.pieces.unwrap_or_default();
            let (accepted, refused) = (pieces.accepted, pieces.refused);
            self.settle(request, SettledAnswer::Shared { accepted, refused }).await?;
        }
        Ok((status_of(&performed), performed))
    }

    async fn answer(
        &self,
        request: &Request,
        outcome: Result<(Status, Performed), Problem>,
    ) -> Answer {
        let (status, performed, problem) = match outcome {
            Ok((status, performed)) => (status, performed, None),
            Err(problem) if problem.is_deferred() => {
                (Status::Deferred, Performed::default(), Some(problem))
            }
            Err(problem) if problem.code == QUARANTINED => {
                (Status::Held, Performed::default(), Some(problem))
            }
            Err(problem) => (Status::Refused, Performed::default(), Some(problem)),
        };
        let view_behind = match performed.appended {
            Some(position) => !self.seen(position).await,
            None => false,
        };
        let cue = match &performed.parcel {
            Some((id, state)) => self.cue(&request.community, *id, state).await,
            None => None,
        };
        Answer {
            command_id: request.command_id,
            status,
            position: self.progress().position,
            view_behind,
            parcel: performed.parcel.map(|(id, _)| id),
            cue,
            problem,
            clock: request.occurred.clock.clone(),
            pieces: performed.pieces,
            candidates: performed.candidates,
        }
    }

    /// Reads a community's facts.
    ///
    /// # Errors
    /// A problem when the community was never heard of.
    pub fn with_place<T>(
        &self,
        community: &CommunityId,
        read: impl FnOnce(&Place) -> T,
    ) -> Result<T, Problem> {
        let directory = self.views.directory();
        let place = directory
            .place(community)
            .filter(|place| place.community().registered.is_some())
            .ok_or_else(|| community_unknown(community))?;
        Ok(read(place))
    }
}

fn community_unknown(community: &CommunityId) -> Problem {
    Problem::not_found(
        "community-unknown",
        format!("there is no community {community}: register it first"),
        format!("没有社区 {community}：请先登记"),
    )
}

/// The problem of a failure: nothing was acknowledged, and the same command may be sent again.
pub(crate) fn unavailable(failure: &Failure) -> Problem {
    tracing::error!(error = failure as &dyn std::error::Error, "a command could not be handled");
    match failure {
        Failure::Append(event_log::AppendError::ReadOnly(cause)) => Problem::deferred(
            "log-read-only",
            format!("nothing can be stored now: {cause}; keep this and send it again"),
            "目前无法保存（磁盘已满或故障）：请保留，稍后重发",
        ),
        Failure::Contended => Problem::deferred(
            "busy",
            "too many others changed the same thing at once: send it again in a moment",
            "同一对象正被多方同时更改：请稍后重发",
        ),
        Failure::Append(_) | Failure::Read(_) | Failure::Codec(_) | Failure::Name(_) => {
            Problem::deferred(
                "log-unavailable",
                "the event log did not answer: keep this and send it again",
                "事件日志暂无响应：请保留，稍后重发",
            )
        }
    }
}

/// The problem of a command that was not done.
pub(crate) fn problem<R: domain::Refuse>(not_done: NotDone<R>) -> Problem {
    match not_done {
        NotDone::Refused(refusal) => Problem::refused(&refusal),
        NotDone::Conflict { expected, actual } => {
            Problem::conflict(expected.map(|r| r.0), actual.map(|r| r.0))
        }
        NotDone::Misuse => Problem::misuse(),
        NotDone::Failed(failure) => unavailable(&failure),
    }
}
