//! The shapes of a plan over the wire.

use std::collections::BTreeMap;

use domain::address::Door;
use domain::community::CommunityState;
use domain::ids::{BuildingId, GridId, ParcelId, RunId, VolunteerId, ZoneId};
use domain::parcel::event::DeliveryLevel;
use domain::plan::Asked;
use domain::plan::event::{SetAside, UnplannedReason};
use domain::run::event::{
    AssignmentReason, ReplanReason, RunBuildingPaused, RunWave, Stop, WaveTrigger,
};
use domain::supply::{Category, Effort, Load};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use projections::run_sheet::{self, RunPhase};
use runtime::directory::label_code;
use runtime::planning::why::Sentence;
use runtime::planning::{
    Countdown, DayPlan, PieceStanding, Preview, Shortage, Standing, ToldRun, countdowns, why,
};
use schemars::JsonSchema;
use serde::Serialize;

/// How many pieces that are not planned are named; the others are counted.
pub const UNPLANNED_NAMED_MAX: usize = 500;

/// A sentence in both languages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SentenceBody {
    /// In Chinese.
    zh: String,
    /// In English.
    en: String,
}

impl From<Sentence> for SentenceBody {
    fn from(Sentence { chinese: zh, english: en }: Sentence) -> Self {
        Self { zh, en }
    }
}

/// The departure that a run belongs to.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WaveBody {
    /// Which wave of the day, counted from 1.
    number: u32,
    /// Why it leaves now.
    trigger: WaveTrigger,
    /// The same in a sentence.
    sentence: SentenceBody,
}

impl From<RunWave> for WaveBody {
    fn from(RunWave { number, trigger }: RunWave) -> Self {
        Self { number, trigger, sentence: why::trigger(trigger).into() }
    }
}

/// A run of a plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlannedRunBody {
    run: RunId,
    /// Absent when a person planned it by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    wave: Option<WaveBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
    phase: RunPhase,
    #[serde(skip_serializing_if = "Option::is_none")]
    opens: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closes: Option<Time>,
    /// How far its pieces are brought.
    level: DeliveryLevel,
    needs_two: bool,
    needs_protection: bool,
    pieces: usize,
    stops: usize,
    /// What it carries at most.
    load: Load,
    /// What the trip costs.
    effort: Effort,
    /// Who makes it, or was asked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    volunteer: Option<VolunteerId>,
    /// Who goes along.
    #[serde(skip_serializing_if = "Option::is_none")]
    helper: Option<VolunteerId>,
    /// Why this one, as data; absent when a person chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<AssignmentReason>,
    /// Why this one, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<SentenceBody>,
    /// How many were asked so far.
    asked: usize,
    /// The stops in the order of the way; none once the run has ended.
    stop_list: Vec<StopBody>,
}

/// A door of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StopBody {
    door: Door,
    parcels: Vec<StopPieceBody>,
}

/// A piece for a door.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StopPieceBody {
    parcel: ParcelId,
    /// The short code on its label.
    label: String,
}

impl PlannedRunBody {
    fn of(told: &ToldRun) -> Self {
        let state = told.state.as_ref();
        let plan = state.plan.as_ref();
        let ended = match state.phase {
            domain::run::Phase::Closed | domain::run::Phase::Cancelled => true,
            domain::run::Phase::Unknown
            | domain::run::Phase::Planned
            | domain::run::Phase::Offered
            | domain::run::Phase::Accepted
            | domain::run::Phase::Departed => false,
        };
        Self {
            run: told.run,
            wave: plan.and_then(|plan| plan.wave).map(Into::into),
            grid: state.grid().cloned(),
            phase: run_sheet::phase(state.phase),
            opens: plan.map(|plan| plan.opens),
            closes: plan.map(|plan| plan.closes),
            level: plan.map(|plan| plan.level).unwrap_or_default(),
            needs_two: plan.is_some_and(|plan| plan.needs_two),
            needs_protection: state.needs_protection(),
            pieces: state.stops.iter().map(|stop| stop.parcels.len()).sum(),
            stops: state.stops.len(),
            load: state.limit(),
            effort: told.effort,
            volunteer: state.courier.or(state.offered_to),
            helper: state.helper,
            sentence: state.reason.as_ref().map(|reason| why::assignment(reason).into()),
            reason: state.reason.clone(),
            asked: told.asked.len(),
            stop_list: state.stops.iter().filter(|_| !ended).map(stop).collect(),
        }
    }
}

fn stop(stop: &Stop) -> StopBody {
    let piece = |parcel: &ParcelId| StopPieceBody { parcel: *parcel, label: label_code(*parcel) };
    StopBody { door: stop.door.clone(), parcels: stop.parcels.iter().map(piece).collect() }
}

/// A piece that is not planned.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnplannedBody {
    parcel: ParcelId,
    /// The short code on its label.
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    #[serde(skip_serializing_if = "Option::is_none")]
    door: Option<Door>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridId>,
    /// Why, as data.
    reason: UnplannedReason,
    /// The name of the reason.
    code: String,
    /// Why, in a sentence.
    sentence: SentenceBody,
}

/// What a list of pieces knows of one of them.
pub(super) trait PieceFacts {
    /// Its category and its door.
    fn facts(&self, parcel: ParcelId) -> (Option<Category>, Option<Door>);
}

impl PieceFacts for BTreeMap<ParcelId, runtime::planning::PieceAtGate> {
    fn facts(&self, parcel: ParcelId) -> (Option<Category>, Option<Door>) {
        let piece = self.get(&parcel);
        let door = piece.and_then(|piece| piece.recipient.as_ref()).map(|of| of.door.clone());
        (piece.map(|piece| piece.category), door)
    }
}

impl UnplannedBody {
    fn of(
        parcel: ParcelId,
        reason: &UnplannedReason,
        pieces: &impl PieceFacts,
        community: &CommunityState,
    ) -> Self {
        let (category, door) = pieces.facts(parcel);
        let grid = door.as_ref().and_then(|door| community.grid_of(&door.building)).cloned();
        Self {
            parcel,
            label: label_code(parcel),
            category,
            door,
            grid,
            code: name(reason),
            sentence: why::unplanned(reason).into(),
            reason: reason.clone(),
        }
    }
}

/// The stored name of a reason, without what it carries.
pub(super) fn name(reason: &UnplannedReason) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
        Ok(_) | Err(_) => String::new(),
    }
}

/// Pieces of a grid that could go and that nobody is there for: hands are too few.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShortageBody {
    grid: GridId,
    /// How many pieces.
    pieces: u32,
    /// Its volunteers who could be asked now, but for these pieces.
    free: u32,
    /// Its volunteers who are on a trip or were asked to make one.
    on_trips: u32,
    sentence: SentenceBody,
}

impl From<&Shortage> for ShortageBody {
    fn from(shortage: &Shortage) -> Self {
        let Shortage { grid, pieces, free, on_trips } = shortage.clone();
        let sentence = why::shortage(&grid, pieces, free, on_trips).into();
        Self { grid, pieces, free, on_trips, sentence }
    }
}

/// How long it is until something of a category's next window.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CountdownBody {
    category: Category,
    opens: Time,
    closes: Time,
    cut_off: Time,
    /// 0 when it is open.
    opens_in_seconds: u32,
    /// Absent when pieces are too late for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_off_in_seconds: Option<u32>,
    closes_in_seconds: u32,
}

impl From<Countdown> for CountdownBody {
    fn from(countdown: Countdown) -> Self {
        Self {
            category: countdown.category,
            opens: countdown.window.opens,
            closes: countdown.window.closes,
            cut_off: countdown.window.cut_off,
            opens_in_seconds: countdown.opens_in_seconds,
            cut_off_in_seconds: countdown.cut_off_in_seconds,
            closes_in_seconds: countdown.closes_in_seconds,
        }
    }
}

/// Somebody who carries; never a name.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CarrierBody {
    volunteer: VolunteerId,
    grid: GridId,
    /// On shift and well, and not on a run.
    free: bool,
    /// Has rested since the last trip.
    rested: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    works_until: Option<Timestamp>,
    /// What the day has cost so far.
    today: Effort,
    /// What the days that count have cost.
    week: Effort,
    /// The same as one number: floors times kilograms, the climber included.
    burden: u32,
}

/// The plan of a day.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanBody {
    day: Date,
    /// Absent while nothing was planned on that day.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// The engine plans by itself; otherwise only when somebody asks it to.
    automatic: bool,
    closed: bool,
    /// When the day is usually closed, in local time.
    day_closes: Time,
    /// Every run of the day, the first wave first, those planned by hand before them.
    runs: Vec<PlannedRunBody>,
    /// How many pieces may go at once, and wait for a plan.
    ready_count: usize,
    /// The pieces that are not planned, at most 500.
    unplanned: Vec<UnplannedBody>,
    unplanned_count: usize,
    unplanned_by_reason: BTreeMap<String, usize>,
    /// Where hands are too few.
    shortages: Vec<ShortageBody>,
    /// The window of each category that is open or comes next today.
    countdowns: Vec<CountdownBody>,
    volunteers: Vec<CarrierBody>,
}

impl PlanBody {
    pub(super) fn of(plan: &DayPlan, now: Timestamp) -> Self {
        let policy = runtime::planning::policy(&plan.community);
        let carrier = |person: &runtime::planning::Person| CarrierBody {
            volunteer: person.id,
            grid: person.grid.clone(),
            free: person.free,
            rested: person.is_rested(now),
            works_until: person.works_until,
            today: person.today,
            week: person.effort,
            burden: runtime::planning::burden(person.effort),
        };
        let time = plan.now.into_iter();
        let countdowns = time.flat_map(|now| countdowns(&plan.community, now));
        Self {
            day: plan.day,
            revision: plan.revision.map(|revision| revision.0),
            automatic: policy.automatic,
            closed: plan.plan.left.is_some(),
            day_closes: policy.day_closes,
            runs: plan.runs.iter().map(PlannedRunBody::of).collect(),
            ready_count: plan.ready,
            unplanned: unplanned(&plan.unplanned, &plan.pieces, &plan.community),
            unplanned_count: plan.unplanned.len(),
            unplanned_by_reason: by_reason(&plan.unplanned),
            shortages: plan.shortages.iter().map(Into::into).collect(),
            countdowns: countdowns.map(Into::into).collect(),
            volunteers: plan.people.iter().map(carrier).collect(),
        }
    }
}

fn unplanned(
    pieces: &[SetAside],
    facts: &impl PieceFacts,
    community: &CommunityState,
) -> Vec<UnplannedBody> {
    let named = pieces.iter().take(UNPLANNED_NAMED_MAX);
    named.map(|piece| UnplannedBody::of(piece.parcel, &piece.reason, facts, community)).collect()
}

fn by_reason(pieces: &[SetAside]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for piece in pieces {
        *counts.entry(name(&piece.reason)).or_default() += 1;
    }
    counts
}

/// What would be planned.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviewBody {
    day: Date,
    /// Names what is seen here: send it with the proposal.
    version: String,
    /// Why it would leave now; absent when nothing goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<WaveTrigger>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<SentenceBody>,
    runs: Vec<PlannedRunBody>,
    /// The pieces that would not be planned, at most 500.
    unplanned: Vec<UnplannedBody>,
    unplanned_count: usize,
    unplanned_by_reason: BTreeMap<String, usize>,
    /// Where hands are too few.
    shortages: Vec<ShortageBody>,
}

impl PreviewBody {
    pub(super) fn of(preview: &Preview) -> Self {
        let trigger = preview.proposal.wave.as_ref().map(|wave| wave.trigger);
        let pieces = &preview.proposal.unplanned;
        Self {
            day: preview.day,
            version: preview.version.clone(),
            trigger,
            sentence: trigger.map(|trigger| why::trigger(trigger).into()),
            runs: preview.runs.iter().map(PlannedRunBody::of).collect(),
            unplanned: unplanned(pieces, &preview.pieces, &preview.community),
            unplanned_count: pieces.len(),
            unplanned_by_reason: by_reason(pieces),
            shortages: preview.shortages.iter().map(Into::into).collect(),
        }
    }
}

/// Why a piece is planned as it is, or not at all.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StandingBody {
    parcel: ParcelId,
    /// The short code on its label.
    label: String,
    standing: Standing,
    /// Whether its order is marked urgent.
    urgent: bool,
    /// The answer.
    sentence: SentenceBody,
    /// Why it is on no run, as data; absent where it could go now.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<UnplannedReason>,
    /// The name of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wave: Option<WaveBody>,
    /// Who makes the trip, or was asked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    volunteer: Option<VolunteerId>,
}

impl StandingBody {
    pub(super) fn of(parcel: ParcelId, told: PieceStanding) -> Self {
        let PieceStanding { standing, reason, run, wave, volunteer, urgent, sentence } = told;
        Self {
            parcel,
            label: label_code(parcel),
            standing,
            urgent,
            sentence: sentence.into(),
            code: reason.as_ref().map(name),
            reason,
            run,
            wave: wave.map(Into::into),
            volunteer,
        }
    }
}

/// Why a run is whose it is, and what changed of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunWhyBody {
    #[serde(flatten)]
    run: PlannedRunBody,
    /// Who was asked, in order.
    asked_list: Vec<AskedBody>,
    /// What changed of its stops and was not seen by the courier yet.
    changes: Vec<ChangeBody>,
    /// The buildings that are left out for now.
    paused: Vec<PausedBody>,
}

/// Somebody who was asked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AskedBody {
    volunteer: VolunteerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    helper: Option<VolunteerId>,
    at: Timestamp,
}

impl From<&Asked> for AskedBody {
    fn from(asked: &Asked) -> Self {
        let Asked { volunteer, helper, at } = *asked;
        Self { volunteer, helper, at }
    }
}

/// A stop that changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangeBody {
    door: Door,
    /// Why, as data.
    reason: ReplanReason,
    /// Why, in a sentence.
    sentence: SentenceBody,
}

/// A building that is left out for now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PausedBody {
    building: BuildingId,
    zone: ZoneId,
    /// Until when, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    sentence: SentenceBody,
}

impl From<&RunBuildingPaused> for PausedBody {
    fn from(paused: &RunBuildingPaused) -> Self {
        Self {
            building: paused.building.clone(),
            zone: paused.zone.clone(),
            until: paused.until,
            sentence: why::paused(&paused.zone).into(),
        }
    }
}

impl RunWhyBody {
    pub(super) fn of(told: &ToldRun) -> Self {
        let unseen = told.state.unseen.iter();
        let changes = unseen.map(|(changed, reason)| ChangeBody {
            door: changed.door.clone(),
            reason: reason.clone(),
            sentence: why::replanned(reason).into(),
        });
        Self {
            run: PlannedRunBody::of(told),
            asked_list: told.asked.iter().map(Into::into).collect(),
            changes: changes.collect(),
            paused: told.state.paused.values().map(Into::into).collect(),
        }
    }
}
