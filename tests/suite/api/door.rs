//! The whole API in this process: the router over a log in memory, with a clock that stands still
//! until it is set. What a test says to it is what a scanner would send.

use std::{cell::Cell, sync::Arc};

use api::{App, Guarded, LiveViews};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use event_log::{Direction, EventLog, MemoryLog, PAGE_EVENTS_MAX, Position, RecordedEvent};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use runtime::{
    Engine, Parts,
    clock::{Clock, ManualClock},
    photos::Photos,
    vault::Vault,
};
use serde_json::{Value, json};
use tests::id;
use tower::ServiceExt;
use uuid::Uuid;

/// The community that the tests play in.
pub const COMMUNITY: &str = "willow-court";
/// Its file.
pub const COMMUNITY_FILE: &str = include_str!("../../data/willow-court.toml");
/// The morning on which every test begins: 09:00 in the community.
pub const MORNING: &str = "2022-11-10T01:00:00Z";
/// The path of scans.
pub const SCANS: &str = "/api/v1/scans";
/// The key material of the tests; ciphertext repeats, so that answers can be compared.
const VAULT_SEED: u64 = 7;
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The room for the pictures of a test, in bytes.
pub const PHOTOS_BYTES_MAX: u64 = 4_000_000;
/// How often processes may follow from what processes did.
const FOLLOWING_MAX: u32 = 20;

/// The series of ids.
const COMMANDS: u16 = 1;
const THINGS: u16 = 2;

/// An engine behind its API.
pub struct Door {
    app: Guarded<Router>,
    pub engine: Arc<Engine>,
    pub views: LiveViews,
    log: MemoryLog,
    clock: Arc<ManualClock>,
    commands: Cell<u64>,
    things: Cell<u64>,
}

/// What the API answered.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Door {
    /// An engine that knows no community.
    pub async fn empty() -> Self {
        let log = MemoryLog::new();
        Self::over(log.clone(), Arc::new(log)).await
    }

    /// An engine that sees the events of `log` as `seen` shows them; it knows no community.
    pub async fn over(log: MemoryLog, seen: Arc<dyn EventLog>) -> Self {
        let clock = Arc::new(ManualClock::at(MORNING.parse().unwrap()));
        let views = LiveViews::default();
        let parts = Parts {
            log: seen,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            vault: Arc::new(Vault::seeded(VAULT_SEED).unwrap()),
            snapshots: None,
            observers: vec![views.observer()],
        };
        let engine = Engine::start(parts).await.unwrap();
        let app = api::router(App::new(api::Parts {
            engine: Arc::clone(&engine),
            views: views.clone(),
            wrong_pins: api::WrongPins::default(),
            metrics: None,
            graphql: api::GraphqlSettings::default(),
            webhooks: api::Webhooks::default(),
            photos: Arc::new(Photos::in_memory(PHOTOS_BYTES_MAX).unwrap()),
        }));
        Self { app, engine, views, log, clock, commands: Cell::new(0), things: Cell::new(0) }
    }

    /// An engine that knows the community of the tests.
    pub async fn open() -> Self {
        let door = Self::empty().await;
        door.load_community().await;
        door
    }

    /// Loads the community of the tests.
    pub async fn load_community(&self) {
        let path = "/api/v1/communities?actor=desk";
        let loaded = self.send("POST", path, &[], COMMUNITY_FILE.into()).await;
        assert_eq!(loaded.status, StatusCode::OK, "{}", loaded.json());
    }

    /// A new command id.
    pub fn command_id(&self) -> Uuid {
        self.commands.set(self.commands.get() + 1);
        id(COMMANDS, self.commands.get())
    }

    /// A new id for a household, order, run or volunteer.
    pub fn thing(&self) -> Uuid {
        self.things.set(self.things.get() + 1);
        id(THINGS, self.things.get())
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        self.clock.set(self.now() + SignedDuration::from_secs(seconds));
    }

    /// Sends a request.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.unwrap().to_vec();
        Answered { status, headers, bytes }
    }

    /// Asks for something.
    pub async fn get(&self, path: &str) -> Answered {
        self.send("GET", path, &[], Body::empty()).await
    }

    /// Asks for something of the community that must be there.
    pub async fn see(&self, path: &str) -> Value {
        let answered = self.get(&format!("/api/v1/communities/{COMMUNITY}/{path}")).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}: {}", answered.json());
        answered.json()
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answered {
        self.send("POST", path, &[], body.to_string().into()).await
    }

    /// Posts scans of the gate's worker; fields of `envelope` beside them.
    pub async fn post_scans(&self, envelope: &Value, scans: &[Value]) -> Answered {
        self.post(SCANS, &enveloped(envelope, scans)).await
    }

    /// One scan under a new id; its answer.
    pub async fn scan(&self, kind: &str, fields: Value) -> Value {
        self.scan_as(self.command_id(), kind, fields).await
    }

    /// One scan under this id; its answer.
    pub async fn scan_as(&self, command: Uuid, kind: &str, fields: Value) -> Value {
        let mut scan = fields;
        scan["kind"] = json!(kind);
        scan["command_id"] = json!(command);
        self.answers(&json!({}), &[scan]).await.remove(0)
    }

    /// The answers to scans, one for each.
    pub async fn answers(&self, envelope: &Value, scans: &[Value]) -> Vec<Value> {
        let answered = self.post_scans(envelope, scans).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.json());
        let Value::Array(answers) = answered.json()["answers"].take() else { panic!("no answers") };
        assert_eq!(answers.len(), scans.len());
        answers
    }

    /// Follows a document over server-sent events; the data of its first frame.
    pub async fn first_frame(&self, body: &Value) -> Value {
        let request = Request::post("/graphql/stream")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream")
            .body(Body::from(body.to_string()));
        let response = self.app.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{body}");
        let (mut body, mut text) = (response.into_body(), String::new());
        while let Some(frame) = body.frame().await {
            text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
            let data = text.lines().find_map(|line| line.strip_prefix("data: "));
            if let Some(data) = data.filter(|_| text.ends_with("\n\n")) {
                let mut answer: Value = serde_json::from_str(data).unwrap();
                assert!(answer["errors"].is_null(), "{answer:#}");
                return answer["data"].take();
            }
        }
        panic!("it ended before anything was told")
    }

    /// Puts a command to the thing at `path` under a new id.
    pub async fn command(&self, path: &str, command: Value) -> Answered {
        self.command_as(self.command_id(), path, command).await
    }

    /// Puts a command to the thing at `path` under this id.
    pub async fn command_as(&self, id: Uuid, path: &str, command: Value) -> Answered {
        let body = json!({ "command_id": id, "actor": "desk", "command": command });
        self.post(&commands_of(path), &body).await
    }

    /// Puts a command to the thing at `path`, which must be done.
    pub async fn done(&self, path: &str, command: Value) -> Value {
        let answered = self.command(path, command).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}: {}", answered.json());
        answered.json()
    }

    /// Registers a household behind a door.
    pub async fn household(&self, building: &str, unit: &str, room: &str) -> Uuid {
        let household = self.thing();
        let door = json!({ "building": building, "unit": unit, "room": room });
        let register = json!({
            "kind": "register", "doors": [door], "language": "zh-CN", "phone_only": false,
        });
        self.done(&format!("households/{household}"), register).await;
        household
    }

    /// Plans a run of a grid and finds it a courier, who is the volunteer that comes back.
    pub async fn run(&self, grid: &str) -> (Uuid, Uuid) {
        let (run, volunteer) = (self.thing(), self.thing());
        let limit = json!({ "pieces": 3, "weight_grams": 9_000, "volume_millilitres": 90_000 });
        let enrol = json!({
            "kind": "enrol", "grid": grid, "roles": ["courier"], "protection": false,
            "carry_limit": limit,
        });
        self.done(&format!("volunteers/{volunteer}"), enrol).await;
        let path = format!("runs/{run}");
        let plan = json!({
            "kind": "plan", "grid": grid, "day": "2022-11-10", "opens": "08:00:00",
            "closes": "20:00:00", "limit": limit, "stops": [], "needs_protection": false,
        });
        let planned = self.done(&path, plan).await;
        let offer = json!({
            "command_id": self.command_id(), "actor": "desk",
            "expected_revision": planned["revision"],
            "command": { "kind": "offer", "volunteer": volunteer },
        });
        let offered = self.post(&commands_of(&path), &offer).await;
        assert_eq!(offered.status, StatusCode::OK, "{}", offered.json());
        self.done(&path, json!({ "kind": "accept", "volunteer": volunteer })).await;
        (run, volunteer)
    }

    /// Waits until everything that follows from what happened has been carried out and seen.
    pub async fn settle(&self) {
        for _ in 0..FOLLOWING_MAX {
            let Some(head) = self.log.head().await.unwrap() else { return };
            self.engine.reactions().carried_out(head).await;
            assert!(self.engine.seen(head).await, "the views do not keep up");
            if self.log.head().await.unwrap() == Some(head) {
                return;
            }
        }
        panic!("something follows from everything");
    }

    /// Every event of the log.
    pub async fn events(&self) -> Vec<RecordedEvent> {
        let mut events = vec![];
        loop {
            let after = events.last().map(|event: &RecordedEvent| event.position);
            let page = self.log.read_all(after, Direction::Forwards, PAGE_EVENTS_MAX).await;
            let page = page.unwrap();
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }

    /// How many events there are.
    pub async fn count(&self) -> u64 {
        self.log.head().await.unwrap().map_or(0, |Position(head)| head)
    }
}

/// The path of the commands of a thing of the community; an empty one is the community's own.
pub fn commands_of(path: &str) -> String {
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    format!("/api/v1/communities/{COMMUNITY}{path}/commands")
}

/// Scans in the envelope of the gate's worker.
pub fn enveloped(envelope: &Value, scans: &[Value]) -> Value {
    let mut body = json!({ "community": COMMUNITY, "actor": "gate-1", "scans": scans });
    for (name, value) in envelope.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

impl Answered {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// Checks that it is a problem with this status and code.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!((self.status.as_u16(), problem["code"].as_str()), (status, Some(code)));
        let media = self.headers.get(header::CONTENT_TYPE).unwrap();
        assert_eq!(media, "application/problem+json");
        check_problem(&problem);
        assert_eq!(problem["status"], status);
        problem
    }
}

/// Checks the answer to a scan that was not taken.
#[track_caller]
pub fn is_refused(answer: &Value, code: &str) {
    assert_eq!((&answer["status"], &answer["problem"]["code"]), (&json!("refused"), &json!(code)));
    check_problem(&answer["problem"]);
}

/// Checks the status of a scan's answer.
#[track_caller]
pub fn is(answer: &Value, status: &str) {
    assert_eq!(answer["status"], status, "{answer:#}");
}

/// Every problem has a stable type, and says in Chinese and in English what to do.
#[track_caller]
pub fn check_problem(problem: &Value) {
    let text = |field: &str| problem[field].as_str().unwrap_or_default().to_owned();
    assert_eq!(text("type"), format!("urn:lastmeter:problem:{}", text("code")));
    let (chinese, english) = (text("title"), text("detail"));
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    assert!(chinese.contains(is_chinese), "no Chinese: {problem:#}");
    assert!(english.split(' ').count() > 3, "no English sentence: {problem:#}");
    // What is wrong, and after the colon or semicolon what to do.
    assert!(chinese.contains(['：', '；', '请', '须']), "what shall be done? {problem:#}");
    assert!(english.contains([':', ';']), "what shall be done? {problem:#}");
    assert!(problem["retry"].is_boolean(), "{problem:#}");
}

/// The answer without what moves on by itself.
pub fn unmoved(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Value::Object(fields) = &mut answer {
        fields.remove("position");
    }
    answer
}
