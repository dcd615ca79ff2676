//! The plan of a moment: every piece that may go is on a run that somebody is asked to make, and
//! every other piece is listed with its reason.

use std::collections::{BTreeMap, BTreeSet};

use domain::address::Door;
use domain::ids::{BuildingId, RunId, VolunteerId, ZoneId};
use domain::plan::RUNS_OF_WAVE_MAX;
use domain::plan::event::{PlanWaveProposed, ProposedRun, SetAside, UnplannedReason};
use domain::run::event::{RunPlanned, RunWave, WaveTrigger};
use domain::supply::{Category, Load};
use jiff::civil::{Time, time};
use jiff::{SignedDuration, Timestamp};

use crate::assign::{self, Asks, Assignment};
use crate::objective::{self, CART_FULL_PERCENT};
use crate::situation::{PieceAtGate, Situation};
use crate::trips::{self, Allowance, Trip};
use crate::waves::{self, Departure};

/// What a trip carries in a community that has not said so.
pub const TRIP_LIMIT: Load = Load { pieces: 20, weight_grams: 60_000, volume_millilitres: 400_000 };
/// How long a run may take whose pieces have no window.
const NO_WINDOW: SignedDuration = SignedDuration::from_mins(90);

/// What shall happen now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The wave; `None` is nothing goes now.
    pub wave: Option<PlanWaveProposed>,
    /// Whom to ask for each of its runs.
    pub offers: Vec<(RunId, Assignment)>,
    /// Every piece that is not planned, with its reason.
    pub unplanned: Vec<SetAside>,
}

/// Plans a moment.
///
/// A run is planned when there is somebody to make it: who comes back later finds the pieces that
/// are left then, so that nothing is bound to a queue of trips that nobody may ever make. The same
/// situation always gives the same plan.
pub fn propose(situation: &Situation<'_>) -> Proposal {
    let (departures, mut left) = waves::departures(situation);
    let mut drafts: Vec<(Draft<'_>, Assignment)> = vec![];
    let mut taken: BTreeSet<VolunteerId> = BTreeSet::new();
    for departure in &departures {
        staff(situation, departure, &mut taken, &mut drafts, &mut left);
    }
    let unplanned = left.into_iter().map(|(piece, reason)| SetAside { parcel: piece.id, reason });
    let mut unplanned: Vec<_> = unplanned.collect();
    unplanned.sort_by_key(|piece| piece.parcel);
    let (mut runs, mut offers) = (vec![], vec![]);
    for (index, (draft, assignment)) in (0..).zip(drafts) {
        let day = situation.local(situation.now).date();
        let run = RunId::derive(situation.id, day, situation.wave, index);
        runs.push(ProposedRun { run, plan: draft.plan(situation) });
        offers.push((run, assignment));
    }
    let first = runs.first().and_then(|run| run.plan.wave);
    let wave =
        first.map(|first| PlanWaveProposed { wave: situation.wave, trigger: first.trigger, runs });
    Proposal { wave, offers, unplanned }
}

/// A trip that shall become a run.
struct Draft<'a> {
    trip: Trip<'a>,
    departure: &'a Departure<'a>,
}

impl Draft<'_> {
    fn plan(&self, situation: &Situation<'_>) -> RunPlanned {
        let now = situation.local(situation.now);
        let opens = now.time();
        let last = time(23, 59, 59, 0);
        let closes = match self.departure.closes {
            Some(closes) => closes,
            None => within_day(opens, NO_WINDOW),
        };
        let together = &self.departure.together;
        let (number, trigger) = (situation.wave, self.departure.trigger);
        RunPlanned {
            grid: together.grid.clone(),
            day: now.date(),
            opens: opens.min(time(23, 59, 58, 0)),
            closes: if closes > opens { closes } else { last },
            limit: at_least_something(self.trip.load),
            stops: self.trip.stops(),
            needs_protection: together.needs_protection,
            needs_two: together.needs_two,
            level: together.level(),
            wave: Some(RunWave { number, trigger }),
        }
    }
}

/// A run has a limit in every measure, also when all its pieces were weighed as nothing.
fn at_least_something(load: Load) -> Load {
    let Load { pieces, weight_grams, volume_millilitres } = load;
    Load {
        pieces,
        weight_grams: weight_grams.max(1),
        volume_millilitres: volume_millilitres.max(1),
    }
}

fn within_day(from: Time, wait: SignedDuration) -> Time {
    from.checked_add(wait).ok().filter(|closes| *closes > from).unwrap_or(time(23, 59, 59, 0))
}

/// Cuts a departure into trips and finds somebody for each, the trip with most to climb first: it
/// goes to whoever has climbed least.
fn staff<'a>(
    situation: &'a Situation<'_>,
    departure: &'a Departure<'a>,
    taken: &mut BTreeSet<VolunteerId>,
    drafts: &mut Vec<(Draft<'a>, Assignment)>,
    left: &mut Vec<(&'a PieceAtGate, UnplannedReason)>,
) {
    let together = &departure.together;
    let cart = cart(situation);
    let crew = assign::crew(situation, together);
    let Some(allowance) = assign::allowance(&crew, together, taken, cart) else {
        let why = assign::nobody(situation, together, taken);
        left.extend(departure.pieces.iter().map(|(piece, _)| (*piece, why.clone())));
        return;
    };
    let (community, ways, level) = (situation.community, situation.ways, together.level());
    let (trips, too_much) = trips::split(community, ways, level, &departure.pieces, allowance);
    let (mut trips, too_late) = hurried(situation, departure, trips, allowance);
    left.extend(too_late);
    // What most cannot carry may still be something for the strongest of them.
    if let Some(strongest) = assign::strongest(&crew, together, taken, cart) {
        let is_too_much =
            |(piece, _): &&(&PieceAtGate, &Door)| too_much.iter().any(|one| one.id == piece.id);
        let heavy: Vec<_> = departure.pieces.iter().filter(is_too_much).copied().collect();
        let (more, nobodys) = trips::split(community, ways, level, &heavy, strongest);
        let (more, too_late) = hurried(situation, departure, more, strongest);
        trips.extend(more);
        left.extend(too_late);
        left.extend(nobodys.into_iter().map(|piece| (piece, UnplannedReason::NobodyCarriesIt)));
    }
    let hands = assign::hands(&crew, taken).count();
    trips.sort_by_key(|trip| {
        // With too few hands what presses goes first; otherwise the order only shares the climbing.
        let presses =
            if trips_outnumber(hands, &departure.pieces, cart) { urgency(trip) } else { 0 };
        (presses, std::cmp::Reverse(objective::burden(trip.effort)))
    });
    let nobody_yet = BTreeSet::new();
    for trip in trips {
        if drafts.len() >= RUNS_OF_WAVE_MAX || is_half_empty(situation, departure, &trip) {
            let waits = UnplannedReason::WaitsForCart {
                ready: trip.load.pieces,
                needed: waves::policy(situation).cart_pieces,
            };
            left.extend(trip.pieces().map(|piece| (piece, waits.clone())));
            continue;
        }
        let asks = Asks {
            together,
            load: trip.load,
            effort: trip.effort,
            doors: trip.stops().len(),
            buildings: trip.buildings().collect(),
            asked: &nobody_yet,
        };
        if let Some(assignment) = assign::assign(situation, &crew, &asks, taken) {
            taken.insert(assignment.volunteer);
            taken.extend(assignment.helper);
            drafts.push((Draft { trip, departure }, assignment));
        } else {
            let why = assign::nobody(situation, together, taken);
            left.extend(trip.pieces().map(|piece| (piece, why.clone())));
        }
    }
}

/// Trips of which each is over before a zone closes that it goes into, and the pieces for which
/// there is no such trip. What is behind a zone that closes goes apart from the rest, in trips as
/// short as they must be.
fn hurried<'a>(
    situation: &'a Situation<'_>,
    departure: &Departure<'a>,
    trips: Vec<Trip<'a>>,
    allowance: Allowance,
) -> (Vec<Trip<'a>>, Vec<(&'a PieceAtGate, UnplannedReason)>) {
    let Situation { community, ways, now, .. } = *situation;
    let needs_protection = departure.together.needs_protection;
    let closes = |building: &BuildingId| community.closes_next(building, now, needs_protection);
    let mut hurry: BTreeMap<(Timestamp, &ZoneId), Vec<(&PieceAtGate, &Door)>> = BTreeMap::new();
    let mut kept = vec![];
    for trip in trips {
        let ends = over_at(situation, trip.seconds());
        let (rest, out) = trip.without(ways, |stairwell| {
            closes(stairwell.building).is_some_and(|(closes, _)| closes < ends)
        });
        kept.extend(rest);
        for stairwell in out {
            if let Some(closing) = closes(stairwell.building) {
                hurry.entry(closing).or_default().extend(stairwell.pieces);
            }
        }
    }
    let mut too_late = vec![];
    for ((at, zone), pieces) in hurry {
        let lasts = at.duration_since(over_at(situation, 0)).as_secs();
        let allowance = Allowance { seconds: u32::try_from(lasts).unwrap_or(0), ..allowance };
        let level = departure.together.level();
        let (trips, rest) = trips::split(community, ways, level, &pieces, allowance);
        kept.extend(trips);
        let reason = UnplannedReason::ZoneCloses { zone: zone.clone(), at };
        too_late.extend(rest.into_iter().map(|piece| (piece, reason.clone())));
    }
    (kept, too_late)
}

/// When a trip is over that takes so many seconds: somebody has to take it first.
fn over_at(situation: &Situation<'_>, seconds: u32) -> Timestamp {
    let answered = waves::policy(situation).answer_within_seconds;
    objective::later(situation.now, answered.saturating_add(seconds))
}

/// Whether there may be more trips than hands.
fn trips_outnumber(hands: usize, pieces: &[(&PieceAtGate, &Door)], cart: Load) -> bool {
    let each = usize::try_from(cart.pieces.max(1)).unwrap_or(1);
    pieces.len().div_ceil(each) > hands
}

/// How much the most pressing piece of a trip presses; less is more.
fn urgency(trip: &Trip<'_>) -> u8 {
    let of = |piece: &PieceAtGate| match piece.category {
        _ if piece.urgent => 0,
        Category::Medicine => 0,
        Category::Meal => 1,
        Category::Produce => 2,
        Category::Ration => 3,
        Category::ParcelGoods => 4,
    };
    trip.pieces().map(of).min().unwrap_or(4)
}

/// What one cart takes.
fn cart(situation: &Situation<'_>) -> Load {
    let limit = situation.community.trip_limit.unwrap_or(TRIP_LIMIT);
    Load { pieces: limit.pieces.min(waves::policy(situation).cart_pieces), ..limit }
}

/// Whether a trip that leaves only because a cart is full would leave with too few pieces.
fn is_half_empty(situation: &Situation<'_>, departure: &Departure<'_>, trip: &Trip<'_>) -> bool {
    let full = waves::policy(situation).cart_pieces;
    let heavy = !trip.load.plus(trip.load).fits(cart(situation));
    departure.trigger == WaveTrigger::CartFull
        && !situation.asked
        && !heavy
        && trip.load.pieces.saturating_mul(100) < full.saturating_mul(CART_FULL_PERCENT)
}
