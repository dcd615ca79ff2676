//! The driver without HTTP: an engine in this process, on any log, in virtual time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::arrival_slots::event::{
    ArrivalSlotArrived, ArrivalSlotMissed, ArrivalSlotReopened, ArrivalSlotWithdrawn,
};
use domain::arrival_slots::{ArrivalSlots, ArrivalSlotsCommand};
use domain::community::{Community, CommunityCommand};
use domain::device::event::ContentDigest;
use domain::household::event::HouseholdContactSet;
use domain::household::{Household, HouseholdCommand};
use domain::ids::{CommandId, RunId, VolunteerId};
use domain::order::{Order, OrderCommand};
use domain::parcel::event::{DeliveryLevel, Piece, Receiver};
use domain::run::{Phase, Run, RunCommand};
use domain::supply::SizeClass;
use domain::volunteer::{Volunteer, VolunteerCommand};
use event_log::{EventLog, Position};
use jiff::Timestamp;
use jiff::civil::Date;
use runtime::clock::{Clock, ManualClock};
use runtime::codec::Main;
use runtime::engine::{Commanded, Kept};
use runtime::planning::{ToldRun, When};
use runtime::scan::{ArriveScan, Destination, HandOffScan, PieceRef, Target};
use runtime::vault::Vault;
use runtime::{Answer, Engine, Occurred, Parts, Problem, Request, community_file};
use serde::Serialize;
use uuid::Uuid;

use crate::front::{
    Asked, Command, Facts, Front, FrontError, GateCommand, PlannedRun, Reply, Scan, ScanKind,
    Sender, Status, Told, Trouble,
};

/// The namespace of what this driver derives (a random UUID, fixed for ever).
const NAMESPACE: Uuid = Uuid::from_u128(0x2a71_90c4_5d7e_4f16_8b3f_77aa_0c65_b1d9);

/// How long the engine's processes and views may take, in real time, to follow one step.
const SETTLE_WAIT_MAX: Duration = Duration::from_secs(30);

/// An engine in this process that lives in virtual time, or several replicas of it, which are asked
/// in turn.
pub struct InProcess {
    engines: Vec<Arc<Engine>>,
    /// How many times an engine was asked.
    asked: AtomicUsize,
    clock: Arc<ManualClock>,
    vault: Arc<Vault>,
    /// One for each engine, all of the same events.
    logs: Vec<Arc<dyn EventLog>>,
}

impl InProcess {
    /// Starts an engine on each of these ways to one log, at a moment of virtual time. The vault's
    /// keys come from `seed`.
    ///
    /// # Errors
    /// [`FrontError`] when an engine does not start, or there is no log.
    pub async fn start(logs: Vec<Arc<dyn EventLog>>, seed: u64, at: Timestamp) -> Told<Self> {
        let vault = Arc::new(Vault::seeded(seed).map_err(unusable)?);
        let clock = Arc::new(ManualClock::at(at));
        let engines = engines(&logs, &clock, &vault).await?;
        Ok(Self { engines, asked: AtomicUsize::new(0), clock, vault, logs })
    }

    /// Starts other engines on the same log in the place of these, as after a nightly restart.
    ///
    /// # Errors
    /// [`FrontError`] when an engine does not start.
    pub async fn restart(&mut self) -> Told<()> {
        self.engines = engines(&self.logs, &self.clock, &self.vault).await?;
        self.settle().await
    }

    /// The engines.
    pub fn engines(&self) -> &[Arc<Engine>] {
        &self.engines
    }

    /// The engine whose turn it is.
    fn engine(&self) -> &Engine {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed) % self.engines.len();
        &self.engines[turn]
    }

    async fn head(&self) -> Told<Option<Position>> {
        self.engines[0].log().head().await.map_err(unusable)
    }

    /// Waits until everything that follows from what was done has been done too, by everybody.
    async fn settle(&self) -> Told<()> {
        loop {
            let Some(head) = self.head().await? else { return Ok(()) };
            for engine in &self.engines {
                let carried_out = engine.reactions().carried_out(head);
                let done = tokio::time::timeout(SETTLE_WAIT_MAX, carried_out).await.is_ok();
                if !done || !engine.seen(head).await {
                    return Err(FrontError("the engine's processes or views have stopped".into()));
                }
            }
            if self.head().await? == Some(head) {
                return Ok(());
            }
        }
    }

    fn request(&self, by: &Sender, command_id: CommandId, content: &impl Serialize) -> Request {
        let bytes = serde_json::to_vec(content).unwrap_or_default();
        let digest = Uuid::new_v5(&NAMESPACE, &bytes);
        let recorded_at = self.clock.now();
        Request {
            command_id,
            content: ContentDigest::from_bytes(*digest.as_bytes()),
            community: by.community.clone(),
            actor: by.actor.clone(),
            device: by.device.clone(),
            sequence: None,
            occurred: Occurred::now(recorded_at),
            recorded_at,
            correlation_id: None,
            causation_id: None,
        }
    }

    async fn command<A: Kept>(
        &self,
        request: &Request,
        id: &A::Id,
        command: impl Fn() -> A::Command + Send + Sync,
    ) -> Told<Reply> {
        let done = self.engine().command::<A>(request, id, None, |_| Ok(command())).await;
        self.settle().await?;
        Ok(reply_to_command(done))
    }

    /// Offers a run; whether the volunteer may have it is looked up as the public API does.
    async fn offer(&self, request: &Request, run: &RunId, volunteer: &VolunteerId) -> Told<Reply> {
        let peeked = self.engine().peek::<Volunteer>(&request.community, volunteer).await;
        let state = match peeked {
            Ok((state, _)) => state,
            Err(problem) => return Ok(reply_to_problem(problem)),
        };
        let command = || RunCommand::Offer {
            volunteer: *volunteer,
            volunteer_grid: state.grid.clone(),
            protection: state.protection,
            available: state.is_available(request.recorded_at),
            carry_limit: state.carry_limit,
            helper: None,
            reason: None,
        };
        self.command::<Run>(request, run, command).await
    }

    /// A day's slots are decided on what the community offers, as the public API looks it up.
    async fn at_gate(&self, request: &Request, day: Date, command: &GateCommand) -> Told<Reply> {
        let intake = match self.engine().intake(request, day) {
            Ok(intake) => intake,
            Err(problem) => return Ok(reply_to_problem(problem)),
        };
        let now = request.recorded_at;
        let command = || match command.clone() {
            GateCommand::Book(fact) => ArrivalSlotsCommand::Book(fact, intake.clone()),
            GateCommand::Move(fact) => ArrivalSlotsCommand::Move(fact, intake.clone()),
            GateCommand::Withdraw { slot } => {
                ArrivalSlotsCommand::Withdraw(ArrivalSlotWithdrawn { slot })
            }
            GateCommand::Arrive { slot } => {
                ArrivalSlotsCommand::Arrive(ArrivalSlotArrived { slot })
            }
            GateCommand::Miss { slot } => {
                ArrivalSlotsCommand::Miss(ArrivalSlotMissed { slot }, now)
            }
            GateCommand::Reopen { slot } => {
                ArrivalSlotsCommand::Reopen(ArrivalSlotReopened { slot })
            }
        };
        self.command::<ArrivalSlots>(request, &day, command).await
    }

    fn contact(&self, request: &Request, phone_tails: &[String]) -> Told<HouseholdContactSet> {
        let tokens = phone_tails.iter().map(|tail| self.vault.tail_token(&request.community, tail));
        Ok(HouseholdContactSet {
            name: None,
            phone: None,
            note: None,
            phone_tail_tokens: tokens.collect::<Result<BTreeSet<_>, _>>().map_err(unusable)?,
            name_tokens: BTreeSet::new(),
        })
    }
}

impl Front for InProcess {
    async fn wait_until(&mut self, at: Timestamp) {
        self.clock.set(at);
    }

    async fn load(&mut self, by: &Sender, file: &str) -> Told<()> {
        let (community, commands) = community_file::read(file).map_err(unusable)?;
        for (index, command) in commands.into_iter().enumerate() {
            let name = format!("{community} {index} {}", by.sent_at);
            let id = CommandId(Uuid::new_v5(&NAMESPACE, name.as_bytes()));
            let mut request = self.request(by, id, &name);
            request.community = community.clone();
            let command: CommunityCommand = command;
            let reply = self.command::<Community>(&request, &Main, || command.clone()).await?;
            if let Some(trouble) = reply.problem {
                return Err(FrontError(trouble.sentence.into()));
            }
        }
        Ok(())
    }

    async fn scan(&mut self, by: &Sender, scans: &[Scan]) -> Told<Vec<Reply>> {
        let mut replies = Vec::with_capacity(scans.len());
        for scan in scans {
            let mut request = self.request(by, scan.command_id, scan);
            request.sequence = scan.sequence;
            request.occurred =
                Occurred::corrected(scan.occurred_at, Some(by.sent_at), request.recorded_at);
            let answer = self.engine().scan(request, of_engine(scan)).await;
            self.settle().await?;
            replies.push(reply_to_scan(answer));
        }
        Ok(replies)
    }

    async fn ask(&mut self, by: &Sender, asked: &Asked) -> Told<Reply> {
        let request = self.request(by, asked.command_id, asked);
        match &asked.command {
            Command::ChangeZone(fact) => {
                let command = || CommunityCommand::ChangeZoneState(fact.clone());
                self.command::<Community>(&request, &Main, command).await
            }
            Command::RegisterHousehold { household, facts } => {
                let command = || HouseholdCommand::Register(facts.clone());
                self.command::<Household>(&request, household, command).await
            }
            Command::ConfirmHeadCount { household, people, on } => {
                let command = || HouseholdCommand::ConfirmHeadCount {
                    people: *people,
                    confirmed_by: by.actor.clone(),
                    confirmed_on: *on,
                };
                self.command::<Household>(&request, household, command).await
            }
            Command::SetContact { household, phone_tails } => {
                let fact = Box::new(self.contact(&request, phone_tails)?);
                let command = || HouseholdCommand::SetContact(fact.clone());
                self.command::<Household>(&request, household, command).await
            }
            Command::SetNeeds { household, facts } => {
                let command = || HouseholdCommand::SetNeeds(facts.clone());
                self.command::<Household>(&request, household, command).await
            }
            Command::EnrolVolunteer { volunteer, facts } => {
                let command = || VolunteerCommand::Enrol(facts.clone());
                self.command::<Volunteer>(&request, volunteer, command).await
            }
            Command::PlanShift { volunteer, facts } => {
                let command = || VolunteerCommand::PlanShift(facts.clone());
                self.command::<Volunteer>(&request, volunteer, command).await
            }
            Command::PlanBreak { volunteer, facts } => {
                let command = || VolunteerCommand::PlanBreak(facts.clone());
                self.command::<Volunteer>(&request, volunteer, command).await
            }
            Command::WithdrawBreak { volunteer, facts } => {
                let command = || VolunteerCommand::WithdrawBreak(facts.clone());
                self.command::<Volunteer>(&request, volunteer, command).await
            }
            Command::Gate { day, command } => self.at_gate(&request, *day, command).await,
            Command::PlaceOrder { order, facts } => {
                let command = || OrderCommand::Place(facts.clone());
                self.command::<Order>(&request, order, command).await
            }
            Command::CancelOrder { order, reason } => {
                let command = || OrderCommand::Cancel { reason: *reason };
                self.command::<Order>(&request, order, command).await
            }
            Command::CorrectPieces { order, pieces } => {
                let command = || OrderCommand::CorrectPieces { pieces: *pieces };
                self.command::<Order>(&request, order, command).await
            }
            Command::OfferRun { run, volunteer } => self.offer(&request, run, volunteer).await,
            Command::AcceptRun { run, volunteer } => {
                let command = || RunCommand::Accept { volunteer: *volunteer };
                self.command::<Run>(&request, run, command).await
            }
            Command::HandBackRun { run, volunteer } => {
                let command = || RunCommand::HandBack { volunteer: *volunteer };
                self.command::<Run>(&request, run, command).await
            }
            Command::CloseRun { run, counted_back } => {
                let command = || RunCommand::Close { counted_back: *counted_back };
                self.command::<Run>(&request, run, command).await
            }
            Command::CancelRun { run, reason } => {
                let command = || RunCommand::Cancel { reason: *reason };
                self.command::<Run>(&request, run, command).await
            }
            Command::CloseDay => {
                let closed = self.engine().close_day(&request).await;
                self.settle().await?;
                Ok(match closed {
                    Ok(closed) if closed.already_so => {
                        Reply { status: Status::Duplicate, ..accepted() }
                    }
                    Ok(_) => accepted(),
                    Err(problem) => reply_to_problem(problem),
                })
            }
        }
    }

    async fn plan(&mut self, by: &Sender, command_id: CommandId) -> Told<Vec<PlannedRun>> {
        let request = self.request(by, command_id, &"plan");
        let planned = self.engine().plan_for(&request, When::Policy, None).await;
        planned.map_err(|problem| FrontError(problem.english.into()))?;
        self.settle().await?;
        let plan = self.engine().day_plan(&by.community, None).await;
        let plan = plan.map_err(|problem| FrontError(problem.english.into()))?;
        Ok(plan.runs.iter().filter_map(planned_run).collect())
    }
}

/// A run that is not over.
fn planned_run(told: &ToldRun) -> Option<PlannedRun> {
    let state = told.state.as_ref();
    match state.phase {
        Phase::Planned | Phase::Offered | Phase::Accepted | Phase::Departed => Some(PlannedRun {
            run: told.run,
            grid: state.grid()?.clone(),
            phase: state.phase,
            volunteer: state.courier.or(state.offered_to),
            stops: state.stops.clone(),
        }),
        Phase::Unknown | Phase::Closed | Phase::Cancelled => None,
    }
}

async fn engines(
    logs: &[Arc<dyn EventLog>],
    clock: &Arc<ManualClock>,
    vault: &Arc<Vault>,
) -> Told<Vec<Arc<Engine>>> {
    let mut engines = Vec::with_capacity(logs.len());
    for log in logs {
        let (clock, vault): (Arc<dyn Clock>, _) = (clock.clone(), Arc::clone(vault));
        let log = Arc::clone(log);
        let parts = Parts { log, clock, vault, snapshots: None, observers: vec![] };
        engines.push(Engine::start(parts).await.map_err(unusable)?);
    }
    if engines.is_empty() {
        return Err(FrontError("there is no log to start an engine on".into()));
    }
    Ok(engines)
}

fn of_engine(scan: &Scan) -> runtime::scan::Scan {
    read(scan.kind, &scan.facts).unwrap_or_else(|| {
        let sentence = "a scan lacks a field that its kind needs";
        runtime::scan::Scan::Invalid(Problem::invalid("scan-invalid", sentence, sentence))
    })
}

/// The engine's own form of a scan; `None` when it lacks what its kind needs.
fn read(kind: ScanKind, facts: &Facts) -> Option<runtime::scan::Scan> {
    use runtime::scan::Scan as Engines;
    Some(match kind {
        ScanKind::Expect => Engines::Expect(Box::new(arriving(facts))),
        ScanKind::Arrive => Engines::Arrive(Box::new(arriving(facts))),
        ScanKind::Identify => Engines::Identify(one(facts)?, destination(facts)),
        ScanKind::DisinfectStart => Engines::StartDisinfection(target(facts)?),
        ScanKind::DisinfectStop => Engines::StopDisinfection(target(facts)?),
        ScanKind::Sort => Engines::Sort(one(facts)?, facts.shelf.clone(), facts.placed_in.clone()),
        ScanKind::Load => Engines::Load(one(facts)?, facts.run?),
        ScanKind::Unload => Engines::Unload(one(facts)?, facts.run),
        ScanKind::Depart => Engines::Depart(facts.run?, facts.counted_pieces?),
        ScanKind::Relay => Engines::Relay(one(facts)?, facts.run, facts.building.clone()),
        ScanKind::HandOff => Engines::HandOff(one(facts)?, handing_off(facts)),
        ScanKind::Fail => Engines::Fail(one(facts)?, facts.run, facts.failure?),
        ScanKind::Return => Engines::Return(one(facts)?, facts.run, facts.shelf.clone()),
        ScanKind::Refuse => Engines::Refuse(one(facts)?, facts.refusal?),
        ScanKind::Reopen => Engines::Reopen(one(facts)?, facts.reopen?),
        ScanKind::Damage => Engines::Damage(one(facts)?, facts.usable?),
        ScanKind::Missing => Engines::Missing(one(facts)?),
        ScanKind::Found => Engines::Found(one(facts)?),
        ScanKind::Recall => Engines::Recall(one(facts)?, facts.recall.clone()?),
        ScanKind::LiftRecall => Engines::LiftRecall(one(facts)?, facts.recall.clone()?),
        ScanKind::Dispose => Engines::Dispose(one(facts)?, facts.disposal?),
        ScanKind::SettleDispute => Engines::SettleDispute(one(facts)?, facts.truth?),
    })
}

fn one(facts: &Facts) -> Option<PieceRef> {
    Some(PieceRef {
        code: facts.code.clone()?,
        carrier: facts.carrier.clone(),
        piece: facts.piece.map(|piece| piece.number),
    })
}

fn target(facts: &Facts) -> Option<Target> {
    match &facts.container {
        Some(container) => Some(Target::Container(container.clone())),
        None => one(facts).map(Target::Piece),
    }
}

fn destination(facts: &Facts) -> Destination {
    Destination {
        household: facts.household,
        door: facts.door.clone(),
        address: facts.address.clone(),
        phone_tail: facts.phone_tail.clone(),
        name: None,
    }
}

fn arriving(facts: &Facts) -> ArriveScan {
    ArriveScan {
        code: facts.code.clone(),
        carrier: facts.carrier.clone(),
        piece: facts.piece.unwrap_or(Piece { number: 1, of: 1 }),
        gate: None,
        container: facts.container.clone(),
        category: facts.category,
        size: facts.size.unwrap_or(SizeClass::Bag),
        cold: facts.cold.unwrap_or_default(),
        weight_grams: facts.weight_grams,
        order: facts.order,
        destination: destination(facts),
        sender: None,
        on_behalf: false,
    }
}

fn handing_off(facts: &Facts) -> HandOffScan {
    HandOffScan {
        run: facts.run,
        door: facts.door.clone(),
        level: facts.level.unwrap_or(DeliveryLevel::Door),
        received_by: facts.received_by.unwrap_or(Receiver::LeftAtDoor),
    }
}

fn reply_to_scan(answer: Answer) -> Reply {
    let cue = answer.cue;
    let next = cue.as_ref().and_then(|cue| serde_json::to_value(cue.next).ok());
    let door = cue.as_ref().and_then(|cue| {
        let (building, unit, room) = (cue.building.clone()?, cue.unit.clone()?, cue.room.clone()?);
        Some(domain::address::Door { building, unit, room })
    });
    Reply {
        status: match answer.status {
            runtime::Status::Accepted => Status::Accepted,
            runtime::Status::Duplicate => Status::Duplicate,
            runtime::Status::Held => Status::Held,
            runtime::Status::Refused => Status::Refused,
            runtime::Status::Deferred => Status::Deferred,
        },
        problem: answer.problem.map(trouble),
        parcel: answer.parcel,
        label: cue.as_ref().map(|cue| cue.label.clone()),
        grid: cue.as_ref().and_then(|cue| cue.grid.clone()),
        shelf: cue.and_then(|cue| cue.shelf),
        next: next.and_then(|next| next.as_str().map(ToOwned::to_owned)),
        door,
        pieces: answer.pieces.map(|pieces| (pieces.accepted, pieces.refused)),
        clock_corrected: answer.clock.is_some(),
    }
}

fn reply_to_command<A: Kept>(done: Result<Commanded<A>, Problem>) -> Reply {
    match done {
        Ok(done) if done.already_so => Reply { status: Status::Duplicate, ..accepted() },
        Ok(_) => accepted(),
        Err(problem) => reply_to_problem(problem),
    }
}

fn reply_to_problem(problem: Problem) -> Reply {
    let status = if problem.is_deferred() { Status::Deferred } else { Status::Refused };
    Reply { status, problem: Some(trouble(problem)), ..accepted() }
}

fn accepted() -> Reply {
    Reply {
        status: Status::Accepted,
        problem: None,
        parcel: None,
        label: None,
        grid: None,
        shelf: None,
        next: None,
        door: None,
        pieces: None,
        clock_corrected: false,
    }
}

fn trouble(problem: Problem) -> Trouble {
    Trouble { code: problem.code, sentence: problem.english }
}

fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> FrontError {
    FrontError(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::FUMIN_GARDEN;
    use domain::address::Door;
    use jiff::SignedDuration;

    /// One person with one scanner, who waits as long as it takes.
    struct Bench {
        front: InProcess,
        by: Sender,
        count: u128,
    }

    impl Bench {
        async fn new() -> Self {
            let at: Timestamp = "2022-11-14T01:00:00Z".parse().unwrap();
            let log = Arc::new(event_log::MemoryLog::new());
            let mut front = InProcess::start(vec![log], 1, at).await.unwrap();
            let by = Sender {
                community: "fumin-garden".parse().unwrap(),
                actor: "badge-1".parse().unwrap(),
                device: None,
                sent_at: at,
            };
            front.load(&by, FUMIN_GARDEN).await.unwrap();
            Self { front, by, count: 0 }
        }

        async fn scan(&mut self, kind: ScanKind, facts: Facts) -> Reply {
            self.count += 1;
            let command_id = CommandId(Uuid::from_u128(self.count));
            let facts = Facts {
                code: Some("SF1234567890123".to_owned()),
                carrier: "sf".parse().ok(),
                ..facts
            };
            let occurred_at = self.by.sent_at;
            let scan = Scan { command_id, sequence: None, kind, occurred_at, facts };
            let replies = self.front.scan(&self.by, &[scan]).await.unwrap();
            replies.into_iter().next().unwrap()
        }

        async fn wait(&mut self, minutes: i64) {
            let later = self.by.sent_at.saturating_add(SignedDuration::from_mins(minutes));
            self.by.sent_at = later.unwrap();
            self.front.wait_until(self.by.sent_at).await;
        }
    }

    fn door(building: &str) -> Facts {
        let door = Door {
            building: building.parse().unwrap(),
            unit: "1".parse().unwrap(),
            room: "301".parse().unwrap(),
        };
        Facts { door: Some(door), ..Facts::default() }
    }

    #[test]
    fn a_bounced_scan_is_told_what_the_latest_one_was_told() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(async {
            let mut bench = Bench::new().await;
            bench.scan(ScanKind::Arrive, door("3")).await;
            bench.scan(ScanKind::DisinfectStart, Facts::default()).await;
            bench.wait(30).await;
            bench.scan(ScanKind::DisinfectStop, Facts::default()).await;
            let first = bench.scan(ScanKind::Sort, Facts::default()).await;
            bench.scan(ScanKind::Identify, door("14")).await;
            let second = bench.scan(ScanKind::Sort, Facts::default()).await;
            assert_ne!(first.shelf, second.shelf, "it moved to another shelf");
            let bounced = bench.scan(ScanKind::Sort, Facts::default()).await;
            assert_eq!(bounced, Reply { status: Status::Duplicate, ..second });
        });
    }
}
