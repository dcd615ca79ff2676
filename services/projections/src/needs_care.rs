//! Which pieces need somebody out of turn, the longest waiting first; and what still lies on the
//! shelf when the day closes?

use std::collections::BTreeSet;

use domain::address::Door;
use domain::ids::{ActorId, BuildingId, GridId, ParcelId, RunId, Waybill};
use domain::parcel::event::{FailureReason, OvernightReason};
use domain::parcel::{Custody, Phase};
use domain::supply::Category;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Facts, Moved, Piece, Spot};

/// How long before its window closes a meal or fresh food is at risk that is not at its door.
pub const PERISHABLE_RISK: SignedDuration = SignedDuration::from_mins(60);
/// How long after its arrival a perishable piece without a window is at risk.
pub const PERISHABLE_AGE_MAX: SignedDuration = SignedDuration::from_hours(4);

/// Why a piece needs care.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CareReason {
    /// It is not where it should be.
    Missing,
    /// Contradictory ends were told.
    Disputed,
    /// It is called back.
    Recalled,
    /// It would spoil: its window is about to close, or has.
    PerishableAtRisk,
    /// Its window has closed.
    Overdue,
    /// It is damaged beyond use.
    Damaged,
    /// An attempt at the door failed.
    Failed,
    /// Nobody knows yet for whom it is.
    Held,
    /// It lies on the shelf of a grid that its building does not belong to any more.
    MisSorted,
    /// It was opened again long after it had been closed: its trail tells more.
    ReopenedLate,
}

/// A piece that needs care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CareEntry {
    /// The piece.
    pub parcel: ParcelId,
    /// Why, the gravest first; at least one.
    pub reasons: Vec<CareReason>,
    /// Since when.
    pub since: Timestamp,
    /// For how long, in seconds.
    pub age_seconds: i64,
    /// Carrier and number.
    pub waybill: Option<Waybill>,
    /// What is inside.
    pub category: Category,
    /// Where it is.
    pub spot: Spot,
    /// The run that has it.
    pub run: Option<RunId>,
    /// Its door, once that is known.
    pub door: Option<Door>,
    /// The grid of its building now.
    pub grid: Option<GridId>,
    /// Attempts at the door that failed.
    pub failed_attempts: u32,
    /// Why the last of them failed.
    pub last_failure: Option<FailureReason>,
    /// Who takes care of it, where the evening's close named somebody.
    pub owner: Option<ActorId>,
}

/// A piece that is still at the intake point when the day closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShelfEntry {
    /// The piece.
    pub parcel: ParcelId,
    /// Carrier and number.
    pub waybill: Option<Waybill>,
    /// What is inside.
    pub category: Category,
    /// Where it is.
    pub spot: Spot,
    /// Its door, once that is known.
    pub door: Option<Door>,
    /// When it came in.
    pub arrived_at: Option<Timestamp>,
    /// Whether it must not stay, for any reason.
    pub must_not_stay: bool,
    /// Why it stays, once the close said so for this day.
    pub reason: Option<OvernightReason>,
    /// Who takes care of it tomorrow.
    pub owner: Option<ActorId>,
}

/// The list of the evening's close: it is complete when every piece has a reason and an owner and
/// nothing is here that must not stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZeroShelf {
    /// The community's day that closes.
    pub day: Date,
    /// Whether the day can be closed.
    pub is_complete: bool,
    /// Pieces without reason and owner.
    pub without_reason: u32,
    /// Pieces that must not stay.
    pub must_not_stay: u32,
    /// Every piece that is still here.
    pub pieces: Vec<ShelfEntry>,
}

/// The pieces that need care, or will when their window closes. All of it follows from the facts.
#[derive(Debug, Default)]
pub struct CareQueue {
    exceptions: BTreeSet<ParcelId>,
    due: BTreeSet<(Timestamp, ParcelId)>,
}

impl CareQueue {
    /// The queue of the pieces of a snapshot.
    pub fn of(facts: &Facts) -> Self {
        let mut queue = Self::default();
        for (parcel, piece) in facts.pieces() {
            let after = Some(piece.standing(facts.zone()));
            queue.apply(facts, &Moved { parcel, before: None, after });
        }
        queue
    }

    /// Lets a piece enter or leave.
    pub(crate) fn apply(&mut self, facts: &Facts, moved: &Moved) {
        if moved.after.is_some_and(|after| after.exception) {
            self.exceptions.insert(moved.parcel);
        } else if moved.before.is_some_and(|before| before.exception) {
            self.exceptions.remove(&moved.parcel);
        }
        // What was closed lost its place here then, so a piece that is forgotten has none.
        if let Some(piece) = facts.piece(moved.parcel)
            && let Some(moment) = risk_at(piece)
        {
            if piece.state.is_closed() {
                self.due.remove(&(moment, moved.parcel));
            } else {
                self.due.insert((moment, moved.parcel));
            }
        }
    }

    /// Every piece that needs care, the longest waiting first.
    pub fn entries(&self, facts: &Facts, now: Timestamp) -> Vec<CareEntry> {
        let due = self.due.iter().take_while(|(moment, _)| *moment <= now).map(|(_, id)| *id);
        let ids: BTreeSet<_> =
            self.exceptions.iter().copied().chain(due).chain(mis_sorted(facts)).collect();
        let mut entries: Vec<_> = ids.into_iter().filter_map(|id| entry(facts, id, now)).collect();
        entries.sort_by_key(|entry| (entry.since, entry.parcel));
        entries
    }
}

/// What a piece needs care for at a moment; `None` when it needs none, or is not kept.
pub fn entry(facts: &Facts, parcel: ParcelId, now: Timestamp) -> Option<CareEntry> {
    let piece = facts.piece(parcel)?;
    let reasons = reasons(facts, piece, now);
    if reasons.is_empty() {
        return None;
    }
    let since = [piece.exception_since, risk_at(piece).filter(|moment| *moment <= now)];
    let since = since.into_iter().flatten().min().unwrap_or(piece.in_spot_since);
    let state = &piece.state;
    let building = piece.door().map(|door| &door.building);
    Some(CareEntry {
        parcel,
        reasons,
        since,
        age_seconds: now.duration_since(since).as_secs().max(0),
        waybill: state.contents.as_ref().map(|contents| contents.waybill.clone()),
        category: piece.category(),
        spot: piece.spot(),
        run: state.phase.run(),
        door: piece.door().cloned(),
        grid: building.and_then(|building| facts.grid_of(building)).cloned(),
        failed_attempts: state.failed_attempts,
        last_failure: state.last_failure,
        owner: state.kept.as_ref().map(|kept| kept.owner.clone()),
    })
}

fn reasons(facts: &Facts, piece: &Piece, now: Timestamp) -> Vec<CareReason> {
    let (state, open) = (&piece.state, !piece.state.is_closed());
    let failed = matches!(state.phase, Phase::Failed { .. }) || state.last_failure.is_some();
    let overdue = piece.due.is_some_and(|due| due.closes_at <= now);
    let at_risk = risk_at(piece).is_some_and(|moment| moment <= now);
    let perishable = piece.category().is_perishable();
    let all = [
        (CareReason::Missing, open && state.missing),
        (CareReason::Disputed, state.dispute.is_some()),
        (CareReason::Recalled, open && state.is_recalled()),
        (CareReason::PerishableAtRisk, open && perishable && at_risk),
        (CareReason::Overdue, open && overdue),
        (CareReason::Damaged, open && state.damaged == Some(false)),
        (CareReason::Failed, open && failed),
        (CareReason::Held, open && state.held.is_some()),
        (CareReason::MisSorted, is_mis_sorted(facts, piece)),
        (CareReason::ReopenedLate, open && piece.is_known_in_part()),
    ];
    all.into_iter().filter(|(_, holds)| *holds).map(|(reason, _)| reason).collect()
}

/// The moment from which a piece is overdue, or at risk where it spoils.
fn risk_at(piece: &Piece) -> Option<Timestamp> {
    let perishable = piece.category().is_perishable();
    match (piece.due, piece.arrived_at) {
        (Some(due), _) if perishable => due.closes_at.checked_sub(PERISHABLE_RISK).ok(),
        (Some(due), _) => Some(due.closes_at),
        (None, Some(arrived_at)) if perishable => arrived_at.checked_add(PERISHABLE_AGE_MAX).ok(),
        (None, _) => None,
    }
}

fn is_mis_sorted(facts: &Facts, piece: &Piece) -> bool {
    let (Phase::Sorted, Some(door)) = (piece.state.phase, piece.door()) else { return false };
    piece.state.grid.as_ref() != facts.grid_of(&door.building)
}

/// Pieces on the shelves of buildings that were given to another grid: no other can be wrong.
fn mis_sorted(facts: &Facts) -> Vec<ParcelId> {
    let moved = |building: &&BuildingId| {
        facts.community().buildings.get(*building).is_some_and(|known| known.grids.len() > 1)
    };
    let numbers = facts.buildings().numbers();
    let numbers = numbers.filter(|(_, building)| building.as_ref().is_some_and(moved));
    let pieces = numbers.flat_map(|(number, _)| facts.buildings().open(number));
    let wrong = |id: &ParcelId| facts.piece(*id).is_some_and(|piece| is_mis_sorted(facts, piece));
    pieces.filter(wrong).collect()
}

/// What is still at the intake point, for the close of a day.
pub fn zero_shelf(facts: &Facts, day: Date) -> ZeroShelf {
    let numbers = facts.buildings().numbers();
    let ids = numbers.flat_map(|(number, _)| facts.buildings().open(number));
    let here = ids.filter_map(|id| Some((id, facts.piece(id)?)));
    let here = here.filter(|(_, piece)| piece.state.custody() == Custody::IntakePoint);
    let mut pieces: Vec<_> = here.map(|(id, piece)| shelf_entry(id, piece, day)).collect();
    pieces.sort_by_key(|entry| (!entry.must_not_stay, entry.reason.is_some(), entry.arrived_at));
    let count = |of: fn(&&ShelfEntry) -> bool| {
        u32::try_from(pieces.iter().filter(of).count()).unwrap_or(u32::MAX)
    };
    let without_reason = count(|entry| entry.reason.is_none() && !entry.must_not_stay);
    let must_not_stay = count(|entry| entry.must_not_stay);
    let is_complete = without_reason == 0 && must_not_stay == 0;
    ZeroShelf { day, is_complete, without_reason, must_not_stay, pieces }
}

fn shelf_entry(parcel: ParcelId, piece: &Piece, day: Date) -> ShelfEntry {
    let kept = piece.state.kept.as_ref().filter(|kept| kept.day == day);
    ShelfEntry {
        parcel,
        waybill: piece.state.contents.as_ref().map(|contents| contents.waybill.clone()),
        category: piece.category(),
        spot: piece.spot(),
        door: piece.door().cloned(),
        arrived_at: piece.arrived_at,
        must_not_stay: piece.category().is_perishable(),
        reason: kept.map(|kept| kept.reason),
        owner: kept.map(|kept| kept.owner.clone()),
    }
}
