//! `POST /api/v1/scans`: the scanner's door.

use axum::extract::{Request as HttpRequest, State};
use axum::response::Response;
use domain::device::event::ContentDigest;
use domain::ids::{
    ActorId, BuildingId, CommandId, CommunityId, DeviceId, GridId, HouseholdId, ParcelId, RoomId,
    UnitId,
};
use jiff::Timestamp;
use runtime::answer::{Candidate, PieceCount};
use runtime::codec::ClockNote;
use runtime::cue::Cue;
use runtime::{Answer, Occurred, Problem, Request, Sentence, Status, reasons_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::App;
use crate::actor::authorize;
use crate::body;
use crate::problem::{ProblemBody, ProblemResponse};
use crate::scan_body::{ScanBody, ScanKind};

/// The most scans in one batch.
pub const SCANS_MAX: usize = 500;
/// About as long is the answer to a scan.
const ANSWER_BYTES: usize = 1_024;

/// One or many scans of one device. A batch is not all-or-nothing: each gets its own answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    community: CommunityId,
    actor: ActorId,
    device: Option<DeviceId>,
    sent_at: Option<Timestamp>,
    #[serde(borrow)]
    scans: Vec<&'a RawValue>,
}

/// One or many scans of one device. A batch is not all-or-nothing: each gets its own answer.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the published shape of the envelope; `Envelope` reads it in pieces")]
pub struct ScansBody {
    /// The community.
    community: CommunityId,
    /// Who scans: the badge at the desk or on the phone.
    actor: ActorId,
    /// The device, when it numbers its commands or may be revoked.
    device: Option<DeviceId>,
    /// What the device's clock shows while it sends this: its offset corrects `occurred_at`.
    sent_at: Option<Timestamp>,
    /// The scans, in the order in which they happened; 1 to 500.
    scans: Vec<ScanBody>,
}

/// The answers, in the order of the scans.
#[derive(Serialize, JsonSchema)]
pub struct AnswersBody {
    /// One for each scan.
    pub(crate) answers: Vec<AnswerBody>,
    /// The engine's clock.
    pub(crate) server_time: Timestamp,
}

/// The answer to one scan.
#[derive(Serialize, JsonSchema)]
pub struct AnswerBody {
    /// The command; absent when the scan could not even be read that far.
    #[serde(skip_serializing_if = "Option::is_none")]
    command_id: Option<CommandId>,
    /// How the scan was taken.
    status: Status,
    /// The log position that every view has seen; a query can ask for "at least this".
    position: u64,
    /// The views have not seen this scan yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    view_behind: bool,
    /// The parcel.
    #[serde(skip_serializing_if = "Option::is_none")]
    parcel: Option<ParcelId>,
    /// What to show and say.
    #[serde(skip_serializing_if = "Option::is_none")]
    cue: Option<Cue>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
    /// What was odd about the device's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ClockNote>,
    /// For a table or cart: how many of its pieces took the scan, and how many did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pieces: Option<PieceCount>,
    /// Who it may be for, the best first, when that is not certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<CandidateBody>,
}

/// A household or door that a text may mean.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CandidateBody {
    building: BuildingId,
    grid: GridId,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<UnitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    household: Option<HouseholdId>,
    /// Why it is one, in Chinese.
    say_chinese: String,
    /// Why it is one, in English.
    say_english: String,
}

impl From<Candidate> for CandidateBody {
    fn from(candidate: Candidate) -> Self {
        let Sentence { chinese, english } = reasons_of(&candidate);
        let Candidate { building, grid, unit, room, household, .. } = candidate;
        let (say_chinese, say_english) = (chinese, english);
        Self { building, grid, unit, room, household, say_chinese, say_english }
    }
}

impl From<Answer> for AnswerBody {
    fn from(answer: Answer) -> Self {
        Self {
            command_id: Some(answer.command_id),
            status: answer.status,
            position: answer.position.0,
            view_behind: answer.view_behind,
            parcel: answer.parcel,
            cue: answer.cue,
            problem: answer.problem.map(ProblemBody::from),
            clock: answer.clock,
            pieces: answer.pieces,
            candidates: answer.candidates.into_iter().map(CandidateBody::from).collect(),
        }
    }
}

/// Takes scans.
pub(crate) async fn post(
    State(app): State<App>,
    request: HttpRequest,
) -> Result<Response, ProblemResponse> {
    let answers = take_all(&app, &body::bytes(request).await?).await?;
    Ok(body::answer(&answers, ANSWER_BYTES * answers.answers.len()))
}

/// Takes a batch of scans as it came.
///
/// # Errors
/// An envelope that cannot be read, or a batch that is too large.
pub(crate) async fn take_all(app: &App, bytes: &[u8]) -> Result<AnswersBody, Problem> {
    let envelope: Envelope<'_> = body::json(bytes)?;
    check(&envelope)?;
    let mut answers = Vec::with_capacity(envelope.scans.len());
    for raw in &envelope.scans {
        answers.push(take(app, &envelope, raw).await);
    }
    Ok(AnswersBody { answers, server_time: app.engine.clock().now() })
}

fn check(envelope: &Envelope<'_>) -> Result<(), Problem> {
    authorize(&envelope.actor, &envelope.community)?;
    if envelope.scans.is_empty() || envelope.scans.len() > SCANS_MAX {
        let count = envelope.scans.len();
        return Err(Problem::invalid(
            "batch-size",
            format!("{count} scans in one batch: send 1 to {SCANS_MAX}"),
            format!("一批含 {count} 条扫描：每批须为 1 到 {SCANS_MAX} 条"),
        ));
    }
    Ok(())
}

async fn take(app: &App, envelope: &Envelope<'_>, raw: &RawValue) -> AnswerBody {
    let recorded_at = app.engine.clock().now();
    let (request, scan, kind) = match body::json::<ScanBody>(raw.get().as_bytes()) {
        Ok(body) => {
            if let Some(actor) = &body.actor
                && let Err(problem) = authorize(actor, &envelope.community)
            {
                return unread(app, Some(body.command_id), problem);
            }
            let request = request_of(envelope, &body, recorded_at);
            (request, body.scan(), Some(body.kind))
        }
        Err(problem) => match used_up(envelope, raw, recorded_at) {
            Some(request) => (request, runtime::scan::Scan::Invalid(problem), None),
            None => return unread(app, None, problem),
        },
    };
    let answer = app.engine.scan(request, scan).await;
    count(kind, answer.status);
    answer.into()
}

fn request_of(envelope: &Envelope<'_>, body: &ScanBody, recorded_at: Timestamp) -> Request {
    let occurred = match body.occurred_at {
        Some(raw) => Occurred::corrected(raw, envelope.sent_at, recorded_at),
        None => Occurred::now(recorded_at),
    };
    Request {
        command_id: body.command_id,
        content: digest(body),
        community: envelope.community.clone(),
        actor: body.actor.as_ref().unwrap_or(&envelope.actor).clone(),
        device: envelope.device.clone(),
        sequence: body.sequence,
        occurred,
        recorded_at,
        correlation_id: None,
        causation_id: None,
    }
}

/// A scan that cannot be read still uses up its number, as far as it can be told which it is:
/// otherwise its device could never go on.
fn used_up(envelope: &Envelope<'_>, raw: &RawValue, recorded_at: Timestamp) -> Option<Request> {
    #[derive(Deserialize)]
    struct Named {
        command_id: CommandId,
        sequence: Option<u64>,
    }
    let Named { command_id, sequence } = serde_json::from_str(raw.get()).ok()?;
    Some(Request {
        command_id,
        content: digest_of(raw.get().as_bytes()),
        community: envelope.community.clone(),
        actor: envelope.actor.clone(),
        device: envelope.device.clone(),
        sequence,
        occurred: Occurred::now(recorded_at),
        recorded_at,
        correlation_id: None,
        causation_id: None,
    })
}

fn unread(app: &App, command_id: Option<CommandId>, problem: Problem) -> AnswerBody {
    count(None, Status::Refused);
    AnswerBody {
        command_id,
        status: Status::Refused,
        position: app.engine.progress().position.0,
        view_behind: false,
        parcel: None,
        cue: None,
        problem: Some(problem.into()),
        clock: None,
        pieces: None,
        candidates: vec![],
    }
}

/// The digest of what a command says, whatever the order and spacing of its fields.
pub(crate) fn digest(body: &impl Serialize) -> ContentDigest {
    digest_of(&serde_json::to_vec(body).unwrap_or_default())
}

fn digest_of(bytes: &[u8]) -> ContentDigest {
    let hash = blake3::hash(bytes);
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.as_bytes()[..16]);
    ContentDigest::from_bytes(digest)
}

fn count(kind: Option<ScanKind>, status: Status) {
    let kind = kind.map_or("unreadable", kind_label);
    let status = match status {
        Status::Accepted => "accepted",
        Status::Duplicate => "duplicate",
        Status::Held => "held",
        Status::Refused => "refused",
        Status::Deferred => "deferred",
    };
    metrics::counter!("lastmeter_scans_total", "kind" => kind, "status" => status).increment(1);
}

fn kind_label(kind: ScanKind) -> &'static str {
    match kind {
        ScanKind::Expect => "expect",
        ScanKind::Arrive => "arrive",
        ScanKind::UndoArrival => "undo_arrival",
        ScanKind::Identify => "identify",
        ScanKind::DisinfectStart => "disinfect_start",
        ScanKind::DisinfectStop => "disinfect_stop",
        ScanKind::Sort => "sort",
        ScanKind::Load => "load",
        ScanKind::Unload => "unload",
        ScanKind::Depart => "depart",
        ScanKind::Relay => "relay",
        ScanKind::HandOff => "hand_off",
        ScanKind::Fail => "fail",
        ScanKind::Return => "return",
        ScanKind::Refuse => "refuse",
        ScanKind::Reopen => "reopen",
        ScanKind::Damage => "damage",
        ScanKind::Missing => "missing",
        ScanKind::Found => "found",
        ScanKind::Recall => "recall",
        ScanKind::LiftRecall => "lift_recall",
        ScanKind::Dispose => "dispose",
        ScanKind::KeepOvernight => "keep_overnight",
        ScanKind::SettleDispute => "settle_dispute",
    }
}
