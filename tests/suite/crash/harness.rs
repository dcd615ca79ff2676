//! The cycles of a kill: start, check what was acknowledged before, work, kill, check the file.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    path::Path,
    process::Command,
    sync::Arc,
};

use domain::ids::{CommandId, ParcelId};
use event_log::{PAGE_EVENTS_MAX, sqlite::LogFile};
use fastrand::Rng;
use serde_json::Value;
use tests::{Connection, HarnessError, Serving, TempDir, engine_binary};
use tokio::{sync::watch, task::JoinSet};
use uuid::Uuid;

use super::workload::{self, Acknowledged, COMMUNITY, Client};

/// Clients that scan at the same time.
const CLIENTS: u16 = 8;
/// The most answers after which the engine is killed; the moment is drawn for each kill.
const ANSWERS_MAX: u64 = 200;
/// How many answers of earlier lives are asked for again after each restart, besides all of the
/// last one. At the end all are.
const OLDER_ASKED: usize = 100;
/// After so many kills the engine is ended in good order once, so that later lives begin with a
/// snapshot.
pub const KILLS_BEFORE_GOOD_END: u64 = 5;
/// The most findings that are told.
const FINDINGS_MAX: usize = 20;

/// What the cycles came to.
#[derive(Debug, Default)]
pub struct Report {
    /// How often the engine was killed.
    pub kills: u64,
    /// Answers that were given.
    pub acknowledged: u64,
    /// Answers that were asked for again.
    pub asked_again: u64,
    /// Events in the log at the last look.
    pub events: u64,
    /// What was lost, doubled or answered otherwise.
    pub findings: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, acknowledged, asked_again, events, findings } = self;
        write!(
            f,
            "{kills} kills, {acknowledged} acknowledged commands, {asked_again} asked for again, \
             {events} events, {} findings",
            findings.len()
        )?;
        if findings.is_empty() && *kills > 0 {
            // The rule of three: none in n bounds the rate below 3/n, in 95 of 100 cases.
            write!(f, "; the rate of loss per kill is below 3/{kills}")?;
        }
        findings.iter().take(FINDINGS_MAX).try_for_each(|finding| write!(f, "\n  {finding}"))
    }
}

type Start = fn(&Path) -> Result<Serving, HarnessError>;

/// A data folder, the clients that scan into it, and what they were answered.
pub struct Harness {
    start: Start,
    folder: TempDir,
    rng: Rng,
    clients: Vec<Client>,
    /// Answers of the last life, and of those before.
    last: Vec<Acknowledged>,
    older: Vec<Acknowledged>,
    report: Report,
}

impl Harness {
    /// A fresh folder for an engine that is started like this.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(seed: u64, start: Start) -> Result<Self, HarnessError> {
        Ok(Self {
            start,
            folder: TempDir::new()?,
            rng: Rng::with_seed(seed),
            clients: (0..CLIENTS).map(|number| Client::new(number, seed)).collect(),
            last: vec![],
            older: vec![],
            report: Report::default(),
        })
    }

    /// What was found so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What was found. Where something was, the folder is kept and named: it is the evidence.
    pub fn into_report(mut self) -> Report {
        if !self.report.findings.is_empty() {
            let folder = self.folder.keep();
            self.report.findings.push(format!("the evidence lies in {}", folder.display()));
        }
        self.report
    }

    /// One life: what the last one acknowledged is there, then work, then `kill -9`.
    ///
    /// # Errors
    /// When the engine does not start.
    pub async fn cycle(&mut self) -> Result<(), HarnessError> {
        let mut serving = self.begin().await?;
        self.work(&mut serving).await?;
        self.report.kills += 1;
        self.check_file()
    }

    /// One life that ends in good order, and leaves a snapshot for the next.
    ///
    /// # Errors
    /// When the engine does not start.
    pub async fn good_end(&mut self) -> Result<(), HarnessError> {
        let mut serving = self.begin().await?;
        let status = serving.end()?;
        if !status.success() {
            self.find(format!("the engine did not end in good order: {status}"));
        }
        Ok(())
    }

    /// The last life: every answer that was ever given is asked for again.
    ///
    /// # Errors
    /// When the engine does not start.
    pub async fn finish(&mut self) -> Result<(), HarnessError> {
        let serving = self.begin().await?;
        let mut connection = Connection::open(serving.address()).await?;
        let all: Vec<_> = std::mem::take(&mut self.older);
        self.check_answers(&mut connection, &all).await?;
        self.check_trails(&mut connection, &all).await
    }

    async fn begin(&mut self) -> Result<Serving, HarnessError> {
        let serving = (self.start)(self.folder.path())?;
        let mut connection = Connection::open(serving.address()).await?;
        workload::set_up(&mut connection, CLIENTS).await?;
        let last = std::mem::take(&mut self.last);
        self.check_answers(&mut connection, &last).await?;
        self.check_trails(&mut connection, &last).await?;
        let older = self.rng.choose_multiple(self.older.iter().cloned(), OLDER_ASKED);
        self.check_answers(&mut connection, &older).await?;
        self.older.extend(last);
        Ok(serving)
    }

    /// Lets all clients scan, and kills the engine after a number of answers that nobody knows.
    async fn work(&mut self, serving: &mut Serving) -> Result<(), HarnessError> {
        let kill_after = self.rng.u64(1..=ANSWERS_MAX);
        let (answers, mut counted) = watch::channel(0_u64);
        let answers = Arc::new(answers);
        let mut working = JoinSet::new();
        for mut client in self.clients.drain(..) {
            let (answers, address) = (Arc::clone(&answers), serving.address());
            working.spawn(async move {
                if let Ok(mut connection) = Connection::open(address).await {
                    // It ends when the connection breaks off: the engine was killed.
                    while client.step(&mut connection).await.is_ok() {
                        answers.send_modify(|count| *count += 1);
                    }
                }
                client
            });
        }
        drop(answers);
        // It fails when every client has stopped by itself; then there is nothing to wait for.
        let early = counted.wait_for(|count| *count >= kill_after).await.is_err();
        serving.kill()?;
        while let Some(client) = working.join_next().await {
            let mut client = client.unwrap();
            self.last.append(&mut client.acknowledged);
            self.clients.push(client);
        }
        self.clients.sort_by_key(Client::number);
        if early {
            self.find("the engine stopped answering before it was killed".to_owned());
        }
        self.report.acknowledged += self.last.len() as u64;
        Ok(())
    }

    /// The same command gets the same answer.
    async fn check_answers(
        &mut self,
        connection: &mut Connection,
        acknowledged: &[Acknowledged],
    ) -> Result<(), HarnessError> {
        for Acknowledged { message, answer } in acknowledged {
            self.report.asked_again += 1;
            let again = workload::send(connection, message).await?;
            if again.as_ref() != Some(answer) {
                let again = again.map_or_else(|| "deferred".to_owned(), |again| again.to_string());
                self.find(format!("{} was answered {answer}, now {again}", message.command));
            }
        }
        Ok(())
    }

    /// The events of every accepted scan are in its parcel's trail, once; no trail has a gap.
    async fn check_trails(
        &mut self,
        connection: &mut Connection,
        acknowledged: &[Acknowledged],
    ) -> Result<(), HarnessError> {
        let mut accepted: BTreeMap<ParcelId, BTreeSet<Uuid>> = BTreeMap::new();
        for Acknowledged { message, answer } in acknowledged {
            if let Some(parcel) = message.parcel
                && answer["status"] == "accepted"
            {
                accepted.entry(parcel).or_default().insert(message.command);
            }
        }
        for (parcel, commands) in accepted {
            let path = format!("/api/v1/communities/{COMMUNITY}/parcels/{parcel}/trail");
            let trail = connection.get(&path).await?.json();
            let entries = trail.as_array().map_or(&[][..], Vec::as_slice);
            let revisions = entries.iter().map(|entry| entry["revision"].as_u64());
            if !revisions.eq((0..entries.len() as u64).map(Some)) {
                self.find(format!("the trail of {parcel} has a gap"));
            }
            for command in commands {
                let first = CommandId(command).event_id(0).to_string();
                let of_command = |entry: &&Value| entry["event_id"] == first.as_str();
                match entries.iter().filter(of_command).count() {
                    1 => {}
                    0 => self.find(format!("lost: {command} of {parcel}")),
                    times => self.find(format!("doubled: {command} of {parcel}, {times} times")),
                }
            }
        }
        Ok(())
    }

    /// The file that the killed engine left is whole, its positions have no gap, no event stands in
    /// it twice, and every command of this life that caused events is in it.
    fn check_file(&mut self) -> Result<(), HarnessError> {
        let folder = self.folder.path().to_owned();
        let verify =
            Command::new(engine_binary()?).arg("verify").arg("--data").arg(&folder).output()?;
        if !verify.status.success() {
            let said = String::from_utf8_lossy(&verify.stderr).into_owned();
            self.find(format!("the log does not verify: {said}"));
        }
        let mut file = LogFile::open(&folder.join("events.db")).unwrap();
        let (mut after, mut events, mut ids) = (None, 0, HashMap::new());
        let mut commands = HashSet::new();
        loop {
            let page = file.page(after, PAGE_EVENTS_MAX).unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.position);
            for event in &page {
                events += 1;
                if event.position.0 != events {
                    self.find(format!("position {} stands at {events}", event.position.0));
                }
                if let Some(before) = ids.insert(event.id, event.position) {
                    let (before, now) = (before.0, event.position.0);
                    self.find(format!("doubled: event {} at {before} and {now}", event.id));
                }
                let metadata: Value = serde_json::from_slice(&event.metadata).unwrap();
                commands.extend(metadata["command_id"].as_str().map(str::to_owned));
            }
        }
        self.report.events = events;
        let applied = |one: &&Acknowledged| {
            one.answer["status"] == "accepted" || one.answer["already_so"] == false
        };
        let gone = self.last.iter().filter(applied).map(|one| one.message.command.to_string());
        let gone: Vec<_> = gone.filter(|command| !commands.contains(command)).collect();
        for command in gone {
            self.find(format!("lost: {command} is not in the file"));
        }
        Ok(())
    }

    fn find(&mut self, finding: String) {
        self.report.findings.push(finding);
    }
}
