//! The sample day's people, speaking HTTP as any client would.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::address::Door;
use domain::ids::{
    BuildingId, CommandId, GridId, ParcelId, RoomId, RunId, ShelfCode, UnitId, VolunteerId,
};
use domain::run::Phase;
use domain::run::event::Stop;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use runtime::clock::Clock;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use simulator::front::{
    Asked, Command, Front, FrontError, PlannedRun, Reply, Scan, Sender, Status, Told, Trouble,
};

use super::clock::PacedClock;
use crate::Failure;
use crate::terminal::say;

/// The most scans that are sent in one batch; the API takes no more.
const BATCH_MAX: usize = 500;

/// The public API, and the day's pace.
pub(crate) struct HttpFront {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    clock: Arc<PacedClock>,
    speed: u32,
    told_hour: Timestamp,
    scans: u64,
}

#[derive(Deserialize)]
struct Answers {
    answers: Vec<AnswerBody>,
}

#[derive(Deserialize)]
struct AnswerBody {
    status: String,
    parcel: Option<ParcelId>,
    cue: Option<CueBody>,
    problem: Option<ProblemBody>,
    clock: Option<Value>,
    pieces: Option<PiecesBody>,
}

#[derive(Deserialize)]
struct CueBody {
    grid: Option<GridId>,
    building: Option<BuildingId>,
    unit: Option<UnitId>,
    room: Option<RoomId>,
    shelf: Option<ShelfCode>,
    label: String,
    next: String,
}

#[derive(Deserialize)]
struct PiecesBody {
    accepted: u32,
    refused: u32,
}

#[derive(Deserialize)]
struct ProblemBody {
    code: String,
    detail: String,
    retry: bool,
}

#[derive(Deserialize)]
struct Commanded {
    already_so: bool,
}

#[derive(Deserialize)]
struct Versioned {
    revision: u64,
}

#[derive(Deserialize)]
struct PlanBody {
    runs: Vec<RunBody>,
}

#[derive(Deserialize)]
struct RunBody {
    run: RunId,
    grid: Option<GridId>,
    phase: Phase,
    volunteer: Option<VolunteerId>,
    stop_list: Vec<StopBody>,
}

#[derive(Deserialize)]
struct StopBody {
    door: Door,
    parcels: Vec<StopPieceBody>,
}

#[derive(Deserialize)]
struct StopPieceBody {
    parcel: ParcelId,
}

/// What a request came back with.
enum Outcome<T> {
    Done(T),
    Problem(ProblemBody),
}

impl HttpFront {
    /// A client of an engine. `speed` simulated seconds pass in a real one; 0 waits for nothing.
    pub(crate) fn new(address: SocketAddr, clock: Arc<PacedClock>, speed: u32) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
            base: format!("http://{address}/api/v1"),
            told_hour: Timestamp::UNIX_EPOCH,
            clock,
            speed,
            scans: 0,
        }
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        body: String,
    ) -> Told<Outcome<T>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.base))
            .header("content-type", media_type)
            .body(Full::new(Bytes::from(body)))
            .map_err(unusable)?;
        let response = self.client.request(request).await.map_err(unusable)?;
        let good = response.status().is_success();
        let bytes = response.into_body().collect().await.map_err(unusable)?.to_bytes();
        if good {
            serde_json::from_slice(&bytes).map(Outcome::Done).map_err(unusable)
        } else {
            serde_json::from_slice(&bytes).map(Outcome::Problem).map_err(unusable)
        }
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Told<Outcome<T>> {
        self.send(Method::POST, path, "application/json", body.to_string()).await
    }

    /// The version that a decision is made against: what the desk has on its screen.
    async fn revision(&self, path: &str) -> Told<Option<u64>> {
        let read = self.send(Method::GET, path, "application/json", String::new()).await?;
        Ok(match read {
            Outcome::Done(Versioned { revision }) => Some(revision),
            Outcome::Problem(_) => None,
        })
    }

    /// Says where the day is, once an hour of it.
    fn tell_the_hour(&mut self, at: Timestamp) {
        if at.duration_since(self.told_hour) >= SignedDuration::from_hours(1) {
            self.told_hour = at;
            let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap_or(jiff::tz::TimeZone::UTC);
            let time = at.to_zoned(zone).strftime("%m-%d %H:%M").to_string();
            say(&format!("  {time}  {} 次扫描 scans", self.scans));
        }
    }
}

impl Front for HttpFront {
    async fn wait_until(&mut self, at: Timestamp) {
        let ahead = at.duration_since(self.clock.now());
        if self.speed > 0
            && let Ok(ahead) = Duration::try_from(ahead)
        {
            tokio::time::sleep(ahead / self.speed).await;
        }
        self.clock.set(at);
        self.tell_the_hour(at);
    }

    async fn load(&mut self, by: &Sender, file: &str) -> Told<()> {
        let path = format!("communities?actor={}", by.actor);
        let loaded = self.send::<Value>(Method::POST, &path, "application/toml", file.to_owned());
        match loaded.await? {
            Outcome::Done(_) => Ok(()),
            Outcome::Problem(problem) => Err(FrontError(problem.detail.into())),
        }
    }

    async fn scan(&mut self, by: &Sender, scans: &[Scan]) -> Told<Vec<Reply>> {
        let mut replies = Vec::with_capacity(scans.len());
        for batch in scans.chunks(BATCH_MAX) {
            let body = json!({
                "community": by.community, "actor": by.actor, "device": by.device,
                "sent_at": by.sent_at, "scans": batch,
            });
            match self.post::<Answers>("scans", &body).await? {
                Outcome::Done(done) => replies.extend(done.answers.into_iter().map(reply)),
                Outcome::Problem(problem) => return Err(FrontError(problem.detail.into())),
            }
            self.scans += batch.len() as u64;
        }
        Ok(replies)
    }

    async fn plan(&mut self, by: &Sender, command_id: CommandId) -> Told<Vec<PlannedRun>> {
        let place = format!("communities/{}/plan", by.community);
        let body = json!({
            "command_id": command_id, "actor": by.actor, "device": by.device, "when": "policy",
        });
        if let Outcome::Problem(problem) =
            self.post::<Value>(&format!("{place}/proposals"), &body).await?
        {
            return Err(FrontError(problem.detail.into()));
        }
        let read = self.send(Method::GET, &place, "application/json", String::new()).await?;
        match read {
            Outcome::Done(PlanBody { runs }) => Ok(runs.into_iter().filter_map(live).collect()),
            Outcome::Problem(problem) => Err(FrontError(problem.detail.into())),
        }
    }

    async fn ask(&mut self, by: &Sender, asked: &Asked) -> Told<Reply> {
        let Some((path, command, decided)) = wire(&asked.command) else {
            let path = format!("communities/{}/plan/close", by.community);
            let body = json!({
                "command_id": asked.command_id, "actor": by.actor, "device": by.device,
            });
            return Ok(commanded(self.post::<Commanded>(&path, &body).await?));
        };
        let place = format!("communities/{}{path}", by.community);
        let expected_revision = if decided { self.revision(&place).await? } else { None };
        let body = json!({
            "command_id": asked.command_id, "actor": by.actor, "device": by.device,
            "expected_revision": expected_revision, "command": command,
        });
        let done = self.post::<Commanded>(&format!("{place}/commands"), &body).await?;
        Ok(commanded(done))
    }
}

fn commanded(done: Outcome<Commanded>) -> Reply {
    match done {
        Outcome::Done(Commanded { already_so: false }) => plain(Status::Accepted, None),
        Outcome::Done(Commanded { already_so: true }) => plain(Status::Duplicate, None),
        Outcome::Problem(problem) => {
            let status = if problem.retry { Status::Deferred } else { Status::Refused };
            plain(status, Some(problem))
        }
    }
}

/// A run that is not over.
fn live(run: RunBody) -> Option<PlannedRun> {
    let RunBody { run, grid, phase, volunteer, stop_list } = run;
    let stops = stop_list.into_iter().map(|StopBody { door, parcels }| {
        let parcels = parcels.into_iter().map(|piece| piece.parcel).collect();
        Stop { door, parcels }
    });
    match phase {
        Phase::Planned | Phase::Offered | Phase::Accepted | Phase::Departed => {
            Some(PlannedRun { run, grid: grid?, phase, volunteer, stops: stops.collect() })
        }
        Phase::Unknown | Phase::Closed | Phase::Cancelled => None,
    }
}

/// The path, the command, and whether it is a decision about something that was looked at; `None`
/// for the close of a day, which goes to its plan.
fn wire(command: &Command) -> Option<(String, Value, bool)> {
    use erased::Facts as _;
    let with_kind = |kind: &str, facts: &dyn erased::Facts| {
        let mut value = facts.value();
        value["kind"] = kind.into();
        value
    };
    Some(match command {
        Command::ChangeZone(fact) => (String::new(), with_kind("change_zone_state", fact), false),
        Command::RegisterHousehold { household, facts } => {
            (format!("/households/{household}"), with_kind("register", facts), false)
        }
        Command::ConfirmHeadCount { household, people, on } => {
            let command = json!({ "kind": "confirm_head_count", "people": people, "on": on });
            (format!("/households/{household}"), command, false)
        }
        Command::SetContact { household, phone_tails } => {
            let command = json!({ "kind": "set_contact", "phone_tails": phone_tails });
            (format!("/households/{household}"), command, false)
        }
        Command::SetNeeds { household, facts } => {
            (format!("/households/{household}"), with_kind("set_needs", facts), false)
        }
        Command::EnrolVolunteer { volunteer, facts } => {
            (format!("/volunteers/{volunteer}"), with_kind("enrol", facts), false)
        }
        Command::PlanShift { volunteer, facts } => {
            (format!("/volunteers/{volunteer}"), with_kind("plan_shift", facts), false)
        }
        Command::PlanBreak { volunteer, facts } => {
            (format!("/volunteers/{volunteer}"), with_kind("plan_break", facts), false)
        }
        Command::WithdrawBreak { volunteer, facts } => {
            (format!("/volunteers/{volunteer}"), with_kind("withdraw_break", facts), false)
        }
        Command::Gate { day, command } => (format!("/arrivals/{day}"), command.value(), false),
        Command::PlaceOrder { order, facts } => {
            (format!("/orders/{order}"), with_kind("place", facts), false)
        }
        Command::CancelOrder { order, reason } => {
            (format!("/orders/{order}"), json!({ "kind": "cancel", "reason": reason }), true)
        }
        Command::CorrectPieces { order, pieces } => {
            let command = json!({ "kind": "correct_pieces", "pieces": pieces });
            (format!("/orders/{order}"), command, false)
        }
        Command::OfferRun { run, volunteer } => {
            (format!("/runs/{run}"), json!({ "kind": "offer", "volunteer": volunteer }), true)
        }
        Command::AcceptRun { run, volunteer } => {
            (format!("/runs/{run}"), json!({ "kind": "accept", "volunteer": volunteer }), false)
        }
        Command::HandBackRun { run, volunteer } => {
            (format!("/runs/{run}"), json!({ "kind": "hand_back", "volunteer": volunteer }), false)
        }
        Command::CloseRun { run, counted_back } => {
            let command = json!({ "kind": "close", "counted_back": counted_back });
            (format!("/runs/{run}"), command, false)
        }
        Command::CancelRun { run, reason } => {
            (format!("/runs/{run}"), json!({ "kind": "cancel", "reason": reason }), true)
        }
        Command::CloseDay => return None,
    })
}

/// Facts of any kind as JSON.
mod erased {
    use serde_json::Value;

    pub(super) trait Facts {
        fn value(&self) -> Value;
    }

    impl<T: serde::Serialize> Facts for T {
        fn value(&self) -> Value {
            serde_json::to_value(self).unwrap_or_default()
        }
    }
}

fn reply(answer: AnswerBody) -> Reply {
    let status = match answer.status.as_str() {
        "accepted" => Status::Accepted,
        "duplicate" => Status::Duplicate,
        "held" => Status::Held,
        "deferred" => Status::Deferred,
        _ => Status::Refused,
    };
    let mut reply = plain(status, answer.problem);
    reply.parcel = answer.parcel;
    reply.pieces = answer.pieces.map(|pieces| (pieces.accepted, pieces.refused));
    reply.clock_corrected = answer.clock.is_some();
    if let Some(cue) = answer.cue {
        reply.door = match (cue.building, cue.unit, cue.room) {
            (Some(building), Some(unit), Some(room)) => Some(Door { building, unit, room }),
            _ => None,
        };
        reply.label = Some(cue.label);
        reply.grid = cue.grid;
        reply.shelf = cue.shelf;
        reply.next = Some(cue.next);
    }
    reply
}

fn plain(status: Status, problem: Option<ProblemBody>) -> Reply {
    let trouble = |problem: ProblemBody| Trouble { code: problem.code, sentence: problem.detail };
    Reply {
        status,
        problem: problem.map(trouble),
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

fn unusable(error: impl Into<Failure>) -> FrontError {
    FrontError(error.into())
}
