//! Who held a piece when, and what happened to it: "I never got it", on one page.
//!
//! It is folded from the piece's own stream, so it works however long ago the piece was closed.

mod words;

use domain::Decider;
use domain::address::{Door, Recipient};
use domain::ids::{ActorId, BuildingId, DeviceId, ParcelId, RunId, Waybill};
use domain::parcel::event::{
    Claim, DeliveryLevel, End, FailureReason, Piece, Receiver, ReopenReason,
};
use domain::parcel::{Custody, Parcel, ParcelEvent, ParcelState};
use domain::supply::{Category, DisinfectionRule};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One event of a piece's stream, with all that is stored about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEvent {
    /// Its place in the log.
    pub position: u64,
    /// Its place in the stream, counted from 0.
    pub revision: u64,
    /// When it happened, by the device.
    pub occurred_at: Timestamp,
    /// When the engine learned of it.
    pub recorded_at: Timestamp,
    /// Who did it.
    pub actor: ActorId,
    /// With which device.
    pub device: Option<DeviceId>,
    /// What happened.
    pub event: ParcelEvent,
}

/// Who has a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// Somebody outside.
    Outside,
    /// The intake point.
    IntakePoint,
    /// The courier of a run.
    Run(RunId),
    /// The volunteer at the foot of a building.
    BuildingFoot(BuildingId),
    /// The household.
    Household,
    /// The carrier that brought it.
    Carrier,
    /// Nobody any more.
    Disposed,
}

/// A time during which one had the piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// Who.
    pub holder: Holder,
    /// Which handover it was, counted from 1.
    pub handover: u32,
    /// From when on, as the engine learned of it.
    pub from: Timestamp,
    /// Until when; `null` for whoever has it now.
    pub until: Option<Timestamp>,
    /// Who recorded that it was taken over.
    pub actor: ActorId,
}

/// One disinfection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisinfectionRun {
    /// How.
    pub rule: DisinfectionRule,
    /// When it began.
    pub started_at: Timestamp,
    /// The moment before which it must not leave.
    pub until: Timestamp,
    /// When somebody confirmed that the act time had run.
    pub confirmed_at: Option<Timestamp>,
}

/// One attempt at the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The run; `null` for a pickup.
    pub run: Option<RunId>,
    /// When it happened, by the device.
    pub occurred_at: Timestamp,
    /// When the engine learned of it.
    pub recorded_at: Timestamp,
    /// Who was there.
    pub actor: ActorId,
    /// Why it failed; `null` when it did not.
    pub failure: Option<FailureReason>,
    /// Who took it.
    pub received_by: Option<Receiver>,
    /// The door where it was left.
    pub door: Option<Door>,
    /// How far it was brought.
    pub level: Option<DeliveryLevel>,
}

/// Contradictory ends, and how that was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DisputeRecord {
    /// What had been recorded.
    pub recorded: End,
    /// What was said afterwards.
    pub claims: Vec<Claim>,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Which end is true; `null` while it is open.
    pub truth: Option<End>,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
}

/// Something that was taken back or put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Correction {
    /// The revision at which it was recorded.
    pub revision: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who did it.
    pub actor: ActorId,
    /// What was put right.
    pub kind: CorrectionKind,
    /// Why an end was taken back.
    pub reopened: Option<ReopenReason>,
}

/// What was put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// An end was taken back.
    Reopened,
    /// It turned out for whom it is.
    Identified,
    /// It was taken off a run before the run left.
    Unloaded,
    /// It was found again.
    Found,
    /// A recall was lifted.
    RecallLifted,
    /// Its arrival was a slip and was taken back.
    ArrivalUndone,
    /// A late scan filled in history.
    LateScan,
}

/// One step in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrailStep {
    /// The position of the event.
    pub position: u64,
    /// The revision of the event.
    pub revision: u64,
    /// The event's type, as it is stored.
    pub event_type: String,
    /// When it happened, by the device.
    pub occurred_at: Timestamp,
    /// When the engine learned of it.
    pub recorded_at: Timestamp,
    /// Who did it.
    pub actor: ActorId,
    /// With which device.
    pub device: Option<DeviceId>,
    /// What happened, in Chinese.
    pub chinese: String,
    /// What happened, in English.
    pub english: String,
    /// Who had it afterwards.
    pub holder: Holder,
}

/// The whole trail of a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trail {
    /// The piece.
    pub parcel: ParcelId,
    /// Carrier and number.
    pub waybill: Option<Waybill>,
    /// Which piece of the waybill.
    pub piece: Option<Piece>,
    /// What is inside.
    pub category: Option<Category>,
    /// For whom.
    pub recipient: Option<Recipient>,
    /// Who has it now.
    pub holder: Holder,
    /// Whether its way has ended.
    pub is_closed: bool,
    /// Whether it is not where it should be.
    pub is_missing: bool,
    /// How often it changed hands.
    pub handovers: u32,
    /// Who had it when, without a gap.
    pub custody: Vec<Held>,
    /// Its disinfections.
    pub disinfections: Vec<DisinfectionRun>,
    /// The attempts at the door.
    pub attempts: Vec<Attempt>,
    /// Contradictory ends.
    pub disputes: Vec<DisputeRecord>,
    /// What was taken back or put right.
    pub corrections: Vec<Correction>,
    /// Every step, the oldest first.
    pub steps: Vec<TrailStep>,
}

/// The trail that a stream's events tell; `None` for a stream without any.
pub fn trail(parcel: ParcelId, events: &[TrailEvent]) -> Option<Trail> {
    let first = events.first()?;
    let mut state = ParcelState::default();
    let mut trail = Trail {
        parcel,
        waybill: None,
        piece: None,
        category: None,
        recipient: None,
        holder: Holder::Outside,
        is_closed: false,
        is_missing: false,
        handovers: 0,
        custody: vec![Held {
            holder: Holder::Outside,
            handover: 0,
            from: first.recorded_at,
            until: None,
            actor: first.actor.clone(),
        }],
        disinfections: vec![],
        attempts: vec![],
        disputes: vec![],
        corrections: vec![],
        steps: vec![],
    };
    for event in events {
        state = Parcel::evolve(state, &event.event);
        let holder = holder(&state.custody());
        if holder != trail.holder {
            pass_on(&mut trail, event, &holder, state.handovers);
        }
        note(&mut trail, event);
        trail.steps.push(step(event, holder));
    }
    // A piece that was never outside for us came in with its first event.
    trail.custody.retain(|held| held.handover > 0 || held.until != Some(held.from));
    let contents = state.contents.as_ref();
    trail.waybill = contents.map(|contents| contents.waybill.clone());
    trail.piece = contents.map(|contents| contents.piece);
    trail.category = contents.map(|contents| contents.category);
    trail.is_closed = state.is_closed();
    trail.is_missing = state.missing;
    trail.handovers = state.handovers;
    trail.recipient = state.recipient;
    Some(trail)
}

/// Who has a piece, as a trail tells it.
pub fn holder(custody: &Custody) -> Holder {
    match custody {
        Custody::Outside => Holder::Outside,
        Custody::IntakePoint => Holder::IntakePoint,
        Custody::Run(run) => Holder::Run(*run),
        Custody::BuildingFoot(building) => Holder::BuildingFoot(building.clone()),
        Custody::Household => Holder::Household,
        Custody::Carrier => Holder::Carrier,
        Custody::Disposed => Holder::Disposed,
    }
}

fn pass_on(trail: &mut Trail, event: &TrailEvent, holder: &Holder, handover: u32) {
    if let Some(last) = trail.custody.last_mut() {
        last.until = Some(event.recorded_at);
    }
    trail.holder = holder.clone();
    trail.custody.push(Held {
        holder: holder.clone(),
        handover,
        from: event.recorded_at,
        until: None,
        actor: event.actor.clone(),
    });
}

fn note(trail: &mut Trail, event: &TrailEvent) {
    let mut correct = |kind, reopened| {
        let (revision, recorded_at) = (event.revision, event.recorded_at);
        let actor = event.actor.clone();
        trail.corrections.push(Correction { revision, recorded_at, actor, kind, reopened });
    };
    match &event.event {
        ParcelEvent::Reopened(fact) => correct(CorrectionKind::Reopened, Some(fact.reason)),
        ParcelEvent::Identified(_) => correct(CorrectionKind::Identified, None),
        ParcelEvent::Unloaded(_) => correct(CorrectionKind::Unloaded, None),
        ParcelEvent::Found(_) => correct(CorrectionKind::Found, None),
        ParcelEvent::ArrivalUndone(_) => correct(CorrectionKind::ArrivalUndone, None),
        ParcelEvent::RecallLifted(_) => correct(CorrectionKind::RecallLifted, None),
        ParcelEvent::LateScanNoted(_) => correct(CorrectionKind::LateScan, None),
        ParcelEvent::DisinfectionStarted(fact) => trail.disinfections.push(DisinfectionRun {
            rule: fact.rule,
            started_at: event.recorded_at,
            until: fact.until,
            confirmed_at: None,
        }),
        ParcelEvent::Disinfected(_) => {
            if let Some(last) = trail.disinfections.last_mut() {
                last.confirmed_at = Some(event.recorded_at);
            }
        }
        ParcelEvent::DeliveryFailed(fact) => trail
            .attempts
            .push(Attempt { failure: Some(fact.reason), ..attempt(event, Some(fact.run)) }),
        ParcelEvent::HandedOff(fact) => trail.attempts.push(Attempt {
            received_by: Some(fact.received_by),
            door: Some(fact.door.clone()),
            level: Some(fact.level),
            ..attempt(event, fact.run)
        }),
        ParcelEvent::Disputed(fact) => {
            let claim = Claim { end: fact.claimed, run: fact.run };
            match trail.disputes.last_mut().filter(|dispute| dispute.truth.is_none()) {
                Some(open) => open.claims.push(claim),
                None => trail.disputes.push(DisputeRecord {
                    recorded: fact.recorded,
                    claims: vec![claim],
                    raised_at: event.recorded_at,
                    truth: None,
                    settled_at: None,
                }),
            }
        }
        ParcelEvent::DisputeSettled(fact) => {
            if let Some(open) = trail.disputes.last_mut() {
                open.truth = Some(fact.truth);
                open.settled_at = Some(event.recorded_at);
            }
        }
        ParcelEvent::Expected(_)
        | ParcelEvent::OrderMatched(_)
        | ParcelEvent::Arrived(_)
        | ParcelEvent::Held(_)
        | ParcelEvent::Sorted(_)
        | ParcelEvent::Loaded(_)
        | ParcelEvent::Relayed(_)
        | ParcelEvent::Returned(_)
        | ParcelEvent::Refused(_)
        | ParcelEvent::Damaged(_)
        | ParcelEvent::Missing(_)
        | ParcelEvent::Recalled(_)
        | ParcelEvent::Disposed(_)
        | ParcelEvent::KeptOvernight(_)
        | ParcelEvent::Photographed(_) => {}
    }
}

fn attempt(event: &TrailEvent, run: Option<RunId>) -> Attempt {
    Attempt {
        run,
        occurred_at: event.occurred_at,
        recorded_at: event.recorded_at,
        actor: event.actor.clone(),
        failure: None,
        received_by: None,
        door: None,
        level: None,
    }
}

fn step(event: &TrailEvent, holder: Holder) -> TrailStep {
    let (chinese, english) = words::of(&event.event);
    TrailStep {
        position: event.position,
        revision: event.revision,
        event_type: domain::DomainEvent::event_type(&event.event).to_owned(),
        occurred_at: event.occurred_at,
        recorded_at: event.recorded_at,
        actor: event.actor.clone(),
        device: event.device.clone(),
        chinese,
        english,
        holder,
    }
}
