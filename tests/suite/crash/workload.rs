//! What the clients send while the engine is killed: pieces on their whole way, with repeats and
//! mistakes among the scans.

use std::{collections::VecDeque, sync::Arc};

use domain::ids::{CommunityId, ParcelId, Waybill};
use fastrand::Rng;
use serde_json::{Value, json};
use tests::{Connection, HarnessError, id};
use uuid::Uuid;

/// The community that everything happens in.
pub const COMMUNITY: &str = "willow-court";
/// Its file.
pub const COMMUNITY_FILE: &str = include_str!("../../data/willow-court.toml");
/// The path of scans.
pub const SCANS: &str = "/api/v1/scans";
/// How often a client sends a command again that was not taken for now.
const DEFERRED_MAX: u32 = 1_000;

/// The series of ids, so that no two kinds share one.
const RUNS: u16 = 1;
const VOLUNTEERS: u16 = 2;
const HOUSEHOLDS: u16 = 3;
const SETTING_UP: u16 = 4;
const COMMANDS: u16 = 100;

/// A command as it is sent, the same on every retry.
#[derive(Debug)]
pub struct Message {
    /// Its id.
    pub command: Uuid,
    /// Where it is sent.
    pub path: String,
    /// The body.
    pub body: Vec<u8>,
    /// The parcel that it is about, for scans of a piece.
    pub parcel: Option<ParcelId>,
}

/// An answer that a client was given.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The command.
    pub message: Arc<Message>,
    /// The answer, without the position, which moves on.
    pub answer: Value,
}

/// One client: a device that numbers its scans and sends one at a time.
#[derive(Debug)]
pub struct Client {
    number: u16,
    rng: Rng,
    /// Counts its commands, pieces and scans.
    commands: u64,
    pieces: u64,
    sequence: u64,
    plan: VecDeque<Message>,
    pending: Option<Arc<Message>>,
    /// What it was answered since this was last taken.
    pub acknowledged: Vec<Acknowledged>,
}

impl Client {
    /// The `number`-th client, which does the same for the same seed.
    pub fn new(number: u16, seed: u64) -> Self {
        let rng = Rng::with_seed(seed ^ (u64::from(number) << 32));
        Self {
            number,
            rng,
            commands: 0,
            pieces: 0,
            sequence: 0,
            plan: VecDeque::new(),
            pending: None,
            acknowledged: vec![],
        }
    }

    /// Which client it is.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Sends its next command, or the one that was never answered, and keeps the answer.
    ///
    /// # Errors
    /// When the connection breaks off; the command stays the next one.
    pub async fn step(&mut self, connection: &mut Connection) -> Result<(), HarnessError> {
        let message = Arc::clone(self.pending());
        for _ in 0..DEFERRED_MAX {
            if let Some(answer) = send(connection, &message).await? {
                self.pending = None;
                self.acknowledged.push(Acknowledged { message, answer });
                return Ok(());
            }
        }
        panic!("{} was deferred {DEFERRED_MAX} times", message.command);
    }

    fn pending(&mut self) -> &Arc<Message> {
        if self.plan.is_empty() {
            self.plan_piece();
        }
        let plan = &mut self.plan;
        self.pending.get_or_insert_with(|| Arc::new(plan.pop_front().unwrap()))
    }

    /// The way of one piece, on a run of its own.
    fn plan_piece(&mut self) {
        self.pieces += 1;
        let number = format!("SF{:02}{:010}", self.number, self.pieces);
        let waybill = Waybill { carrier: "sf".parse().unwrap(), number: number.parse().unwrap() };
        let community: CommunityId = COMMUNITY.parse().unwrap();
        let parcel = ParcelId::derive(&community, &waybill, 1, 0);
        let run = id(RUNS + (self.number << 8), self.pieces);
        let volunteer = id(VOLUNTEERS, u64::from(self.number));

        let arrive = json!({
            "kind": "arrive", "code": number, "carrier": "sf", "category": "medicine",
            "sender": "周记药房", "phone_tail": "4567",
            "household": id(HOUSEHOLDS, u64::from(self.number)),
        });
        let piece = |kind: &str| json!({ "kind": kind, "code": number, "carrier": "sf" });
        let hand_off = json!({ "kind": "hand_off", "code": number, "carrier": "sf", "run": run });
        let load = json!({ "kind": "load", "code": number, "carrier": "sf", "run": run });
        let depart = json!({ "kind": "depart", "run": run, "counted_pieces": 1 });
        let limit = json!({ "pieces": 3, "weight_grams": 9_000, "volume_millilitres": 90_000 });

        self.scan(parcel, arrive.clone());
        self.perhaps(parcel, &arrive);
        self.perhaps(parcel, &load);
        self.scan(parcel, piece("sort"));
        self.perhaps(parcel, &piece("missing"));
        self.perhaps(parcel, &piece("found"));
        self.run(
            run,
            &json!({
                "kind": "plan", "grid": "1", "day": "2022-11-10", "opens": "08:00:00",
                "closes": "20:00:00", "limit": limit, "stops": [], "needs_protection": false,
            }),
        );
        self.run(run, &json!({ "kind": "offer", "volunteer": volunteer }));
        self.run(run, &json!({ "kind": "accept", "volunteer": volunteer }));
        self.perhaps(parcel, &hand_off);
        self.scan(parcel, load.clone());
        self.perhaps(parcel, &load);
        self.scan_of_run(depart);
        self.perhaps(parcel, &piece("relay"));
        self.scan(parcel, hand_off.clone());
        self.perhaps(parcel, &hand_off);
        self.perhaps(parcel, &piece("sort"));
    }

    /// Once in three times: repeats, mistakes, late scans.
    fn perhaps(&mut self, parcel: ParcelId, scan: &Value) {
        if self.rng.u8(..3) == 0 {
            self.scan(parcel, scan.clone());
        }
    }

    fn scan(&mut self, parcel: ParcelId, scan: Value) {
        self.push_scan(Some(parcel), scan);
    }

    fn scan_of_run(&mut self, scan: Value) {
        self.push_scan(None, scan);
    }

    fn push_scan(&mut self, parcel: Option<ParcelId>, mut scan: Value) {
        let command = self.next_command();
        self.sequence += 1;
        scan["command_id"] = json!(command);
        scan["sequence"] = json!(self.sequence);
        let envelope = json!({
            "community": COMMUNITY, "actor": "gate-1", "device": format!("scanner-{}", self.number),
            "scans": [scan],
        });
        let body = envelope.to_string().into_bytes();
        self.plan.push_back(Message { command, path: SCANS.to_owned(), body, parcel });
    }

    fn run(&mut self, run: Uuid, command: &Value) {
        let path = format!("/api/v1/communities/{COMMUNITY}/runs/{run}/commands");
        let id = self.next_command();
        let expected = (command["kind"] == "offer").then_some(0);
        self.plan.push_back(command_message(id, path, command, expected));
    }

    fn next_command(&mut self) -> Uuid {
        self.commands += 1;
        id(COMMANDS + self.number, self.commands)
    }
}

/// Sends a command; `None` when it was not taken for now.
///
/// # Errors
/// When the connection breaks off.
pub async fn send(
    connection: &mut Connection,
    message: &Message,
) -> Result<Option<Value>, HarnessError> {
    let reply = connection.post(&message.path, "application/json", &message.body).await?;
    let mut answer = reply.json();
    if message.path == SCANS {
        answer = answer["answers"][0].take();
    }
    let deferred = answer["status"] == "deferred" || answer["retry"] == true;
    if let Value::Object(answer) = &mut answer {
        answer.remove("position");
        answer.remove("view_behind");
    }
    Ok((!deferred).then_some(answer))
}

/// Loads the community, and registers the households and volunteers of `clients`. Doing it again
/// changes nothing.
///
/// # Errors
/// When the connection breaks off.
pub async fn set_up(connection: &mut Connection, clients: u16) -> Result<(), HarnessError> {
    let path = "/api/v1/communities?actor=desk";
    let loaded = connection.post(path, "application/toml", COMMUNITY_FILE.as_bytes()).await?;
    assert_eq!(loaded.status, 200, "{}", loaded.json());
    let base = format!("/api/v1/communities/{COMMUNITY}");
    for number in 0..clients {
        let own = u64::from(number);
        let household = id(HOUSEHOLDS, own);
        let door = json!({ "building": "1", "unit": "1", "room": format!("{}01", number % 6 + 1) });
        let register = json!({
            "kind": "register", "doors": [door], "language": "zh-CN", "phone_only": false,
        });
        let path = format!("{base}/households/{household}/commands");
        let message = command_message(id(SETTING_UP, own), path, &register, None);
        expect_done(connection, &message).await?;

        let limit = json!({ "pieces": 30, "weight_grams": 90_000, "volume_millilitres": 900_000 });
        let enrol = json!({
            "kind": "enrol", "grid": "1", "roles": ["courier"], "protection": true,
            "carry_limit": limit,
        });
        let path = format!("{base}/volunteers/{}/commands", id(VOLUNTEERS, own));
        let message = command_message(id(SETTING_UP, 1_000 + own), path, &enrol, None);
        expect_done(connection, &message).await?;
    }
    Ok(())
}

async fn expect_done(connection: &mut Connection, message: &Message) -> Result<(), HarnessError> {
    let reply = connection.post(&message.path, "application/json", &message.body).await?;
    assert_eq!(reply.status, 200, "{}", reply.json());
    Ok(())
}

fn command_message(id: Uuid, path: String, command: &Value, expected: Option<u64>) -> Message {
    let mut body = json!({ "command_id": id, "actor": "desk", "command": command });
    if let Some(revision) = expected {
        body["expected_revision"] = json!(revision);
    }
    Message { command: id, path, body: body.to_string().into_bytes(), parcel: None }
}
