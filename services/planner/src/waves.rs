//! Waves: which pieces may go now, which of them leave together, and why now.

use std::collections::BTreeMap;

use domain::address::Door;
use domain::community::event::{DeliveryPolicySet, PickupSlots, PlanningPolicySet, Restriction};
use domain::community::{ZoneAccess, restriction_at};
use domain::ids::GridId;
use domain::parcel::event::DeliveryLevel;
use domain::plan::event::UnplannedReason;
use domain::run::event::WaveTrigger;
use domain::supply::SizeClass;
use jiff::civil::{Time, time};
use jiff::{SignedDuration, ToSpan};

use crate::objective::LEAD_SECONDS;
use crate::situation::{PieceAtGate, Situation, pressing};
use crate::ways::Place;
use crate::windows::{self, Slot};

/// How a community plans that has not said how.
pub const POLICY: PlanningPolicySet = PlanningPolicySet {
    automatic: false,
    cart_pieces: 20,
    wait_at_most_seconds: 1_200,
    answer_within_seconds: 300,
    attempts_a_day: 2,
    day_closes: time(21, 0, 0, 0),
};

/// How a community plans.
pub fn policy(situation: &Situation<'_>) -> PlanningPolicySet {
    situation.community.planning.clone().unwrap_or(POLICY)
}

/// What goes together: pieces of one grid that need the same people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Together {
    /// The grid.
    pub grid: GridId,
    /// Whether people need protection.
    pub needs_protection: bool,
    /// Whether it takes two.
    pub needs_two: bool,
    /// Whether it is brought to the foot of the building only.
    pub to_the_foot: bool,
}

impl Together {
    /// How far the pieces are brought.
    pub fn level(&self) -> DeliveryLevel {
        if self.to_the_foot { DeliveryLevel::BuildingFoot } else { DeliveryLevel::Door }
    }
}

/// Pieces that leave now.
#[derive(Debug, Clone)]
pub struct Departure<'a> {
    /// What they have in common.
    pub together: Together,
    /// Why now.
    pub trigger: WaveTrigger,
    /// The pieces with their doors.
    pub pieces: Vec<(&'a PieceAtGate, &'a Door)>,
    /// When the first of their windows closes; `None` is none of them has one.
    pub closes: Option<Time>,
}

/// A piece that may go now.
struct Due<'a> {
    piece: &'a PieceAtGate,
    door: &'a Door,
    slot: Slot,
    quiet: bool,
}

/// What leaves now, the most pressing first, and what does not and why.
pub fn departures<'a>(
    situation: &'a Situation<'_>,
) -> (Vec<Departure<'a>>, Vec<(&'a PieceAtGate, UnplannedReason)>) {
    let mut left: Vec<(&PieceAtGate, UnplannedReason)> = vec![];
    let mut together: BTreeMap<Together, Vec<Due<'a>>> = BTreeMap::new();
    let at_gate = situation.pieces.iter().filter(|piece| waits_at_gate(piece)).count();
    for piece in &situation.pieces {
        match due(situation, piece, at_gate) {
            Ok((key, due)) => together.entry(key).or_default().push(due),
            Err(reason) => left.push((piece, reason)),
        }
    }
    let policy = policy(situation);
    let mut ready: BTreeMap<GridId, usize> = BTreeMap::new();
    for (key, pieces) in &together {
        *ready.entry(key.grid.clone()).or_default() += pieces.len();
    }
    let mut departures = vec![];
    for (key, mut pieces) in together {
        pieces.sort_by_key(|due| due.piece.id);
        let of_grid = ready.get(&key.grid).copied().unwrap_or_default();
        let Some(trigger) = trigger(situation, &policy, &pieces, of_grid) else {
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let (ready, needed) = (count(of_grid), policy.cart_pieces);
            let waits = UnplannedReason::WaitsForCart { ready, needed };
            left.extend(pieces.into_iter().map(|due| (due.piece, waits.clone())));
            continue;
        };
        departures.push(Departure {
            together: key,
            trigger,
            closes: pieces.iter().filter_map(|due| closes(due.slot)).min(),
            pieces: pieces.into_iter().map(|due| (due.piece, due.door)).collect(),
        });
    }
    departures.sort_by_key(|departure| (pressing(departure.trigger), departure.closes));
    (departures, left)
}

fn waits_at_gate(piece: &PieceAtGate) -> bool {
    piece.held_up != Some(UnplannedReason::NotHere)
}

/// Whether a piece may go now, and with what; otherwise why not.
fn due<'a>(
    situation: &Situation<'_>,
    piece: &'a PieceAtGate,
    at_gate: usize,
) -> Result<(Together, Due<'a>), UnplannedReason> {
    if situation.closed {
        return Err(UnplannedReason::DayClosed);
    }
    if let Some(reason) = &piece.held_up {
        return Err(reason.clone());
    }
    let door = match &piece.recipient {
        Some(recipient) => &recipient.door,
        None => return Err(UnplannedReason::RecipientUnknown),
    };
    let community = situation.community;
    let grid = community.grid_of(&door.building).ok_or(UnplannedReason::NoGrid)?.clone();
    let delivery = community.delivery.get(&piece.category).filter(|_| !piece.to_the_door);
    if let Some(slots) = delivery.and_then(|delivery| delivery.pickup.as_ref()) {
        return Err(fetched(situation, slots, door));
    }
    let policy = policy(situation);
    if piece.attempts >= policy.attempts_a_day {
        return Err(UnplannedReason::TriedToday { attempts: piece.attempts });
    }
    let needs_protection = access(situation, door)?;
    if !situation.ways.reaches(Place::Unit(&door.building, &door.unit)) {
        return Err(UnplannedReason::NoWay);
    }
    let limit = community.trip_limit.unwrap_or(piece.load);
    if !piece.load.fits(limit) {
        return Err(UnplannedReason::OverTripLimit);
    }
    let (slot, quiet) = slot(situation, piece, at_gate)?;
    let needs_two = piece.size == SizeClass::TwoPerson;
    let to_the_foot = delivery.is_some_and(is_to_the_foot);
    let key = Together { grid, needs_protection, needs_two, to_the_foot };
    Ok((key, Due { piece, door, slot, quiet }))
}

fn is_to_the_foot(delivery: &DeliveryPolicySet) -> bool {
    delivery.level == DeliveryLevel::BuildingFoot
}

/// When the households of a building fetch their pieces: buildings of a grid one after another.
fn fetched(situation: &Situation<'_>, slots: &PickupSlots, door: &Door) -> UnplannedReason {
    let community = situation.community;
    let grid = community.grid_of(&door.building);
    let of_grid = community.buildings.iter().filter(|(_, building)| building.grid() == grid);
    let turn = of_grid.take_while(|(id, _)| **id != door.building).count();
    let minutes = i64::try_from(turn).unwrap_or(0).saturating_mul(i64::from(slots.minutes_each));
    let from = slots.opens.saturating_add(minutes.minutes());
    let until = from.saturating_add(i64::from(slots.minutes_each).minutes());
    UnplannedReason::ToBeFetched { from, until }
}

/// Whether people need protection where a piece goes; its zone may let nobody in.
fn access(situation: &Situation<'_>, door: &Door) -> Result<bool, UnplannedReason> {
    let (community, now) = (situation.community, situation.now);
    match community.closed_zones(now, true).access(&door.building) {
        ZoneAccess::Closed { zone } => {
            let until = community.zones.get(&zone).and_then(|known| {
                let states = known.state.iter().chain(&known.earlier);
                let holds = |state: &&domain::community::event::ZoneStateChanged| {
                    state.restriction == Restriction::Testing
                        && state.from <= now
                        && state.until.is_none_or(|until| now < until)
                };
                debug_assert!(restriction_at(known, now) == Restriction::Testing);
                states.into_iter().find(holds)?.until
            });
            Err(UnplannedReason::ZoneClosed { zone, until })
        }
        ZoneAccess::Admitted => {
            let without = community.closed_zones(now, false).access(&door.building);
            Ok(without != ZoneAccess::Admitted)
        }
    }
}

/// The slot of a piece that may go now, and whether only because it is quiet.
fn slot(
    situation: &Situation<'_>,
    piece: &PieceAtGate,
    at_gate: usize,
) -> Result<(Slot, bool), UnplannedReason> {
    let policy = situation.community.windows.get(&piece.category);
    let local = |at| situation.local(at).datetime();
    let now = local(situation.now);
    let slot = windows::slot(policy, piece.category, local(piece.arrived_at), now);
    let quiet = policy
        .and_then(|policy| policy.immediate_up_to_pieces)
        .is_some_and(|at_most| u32::try_from(at_gate).is_ok_and(|at_gate| at_gate <= at_most));
    // Food that came back from a door does not wait for the next window.
    let tried = piece.category.is_perishable() && piece.attempts > 0;
    match slot {
        _ if piece.urgent => Ok((Slot::AtOnce, false)),
        Slot::Open { .. } | Slot::AtOnce => Ok((slot, false)),
        Slot::Later { .. } | Slot::NotToday if tried => Ok((Slot::AtOnce, false)),
        Slot::Later { .. } | Slot::NotToday if quiet => Ok((Slot::AtOnce, true)),
        Slot::Later { opens } => Err(UnplannedReason::WindowNotOpen { opens }),
        Slot::NotToday => Err(UnplannedReason::NoWindowLeft),
    }
}

fn closes(slot: Slot) -> Option<Time> {
    match slot {
        Slot::Open { closes } => Some(closes),
        Slot::AtOnce | Slot::Later { .. } | Slot::NotToday => None,
    }
}

/// Why pieces that may go together go now; `None` is not yet.
fn trigger(
    situation: &Situation<'_>,
    policy: &PlanningPolicySet,
    pieces: &[Due<'_>],
    of_grid: usize,
) -> Option<WaveTrigger> {
    let now = situation.now;
    let local = situation.local(now).time();
    let any = |is: &dyn Fn(&Due<'_>) -> bool| pieces.iter().any(is);
    let lead = SignedDuration::from_secs(LEAD_SECONDS);
    let longest = SignedDuration::from_secs(i64::from(policy.wait_at_most_seconds));
    let full = u32::try_from(of_grid).is_ok_and(|ready| ready >= policy.cart_pieces);
    let reasons: [(WaveTrigger, bool); 7] = [
        (WaveTrigger::Urgent, any(&|due| due.piece.is_needed_at_once())),
        (
            WaveTrigger::WouldSpoil,
            any(&|due| {
                due.piece.category.is_perishable() && due.slot == Slot::AtOnce && !due.quiet
            }),
        ),
        (
            WaveTrigger::WindowCloses,
            any(&|due| closes(due.slot).is_some_and(|closes| local.duration_until(closes) <= lead)),
        ),
        (WaveTrigger::CartFull, full),
        (WaveTrigger::Waited, any(&|due| now.duration_since(due.piece.ready_at) >= longest)),
        (WaveTrigger::Quiet, any(&|due| due.quiet)),
        (WaveTrigger::Asked, situation.asked),
    ];
    reasons.into_iter().find(|(_, holds)| *holds).map(|(trigger, _)| trigger)
}
