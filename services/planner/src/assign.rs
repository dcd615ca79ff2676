//! Who makes which trip: within what each can carry and climb, the climbing shared.

use std::collections::BTreeSet;

use domain::ids::VolunteerId;
use domain::plan::event::UnplannedReason;
use domain::run::event::{AssignmentCause, AssignmentReason};
use domain::supply::{Effort, Load};
use domain::volunteer::event::Pool;

use crate::objective::{KEEPS_BUILDING, burden, later, seconds};
use crate::situation::{Person, Situation};
use crate::trips::Allowance;
use crate::waves::{self, Together};

/// What a trip asks of whoever makes it.
#[derive(Debug, Clone)]
pub struct Asks<'a> {
    /// What its pieces have in common.
    pub together: &'a Together,
    /// What it carries.
    pub load: Load,
    /// What it costs.
    pub effort: Effort,
    /// How many doors and pieces it has.
    pub doors: usize,
    /// Its buildings.
    pub buildings: BTreeSet<&'a domain::ids::BuildingId>,
    /// Who was asked already and did not take it.
    pub asked: &'a BTreeSet<VolunteerId>,
}

/// Who makes a trip, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Who.
    pub volunteer: VolunteerId,
    /// Who goes along.
    pub helper: Option<VolunteerId>,
    /// Why.
    pub reason: AssignmentReason,
}

/// The people who could be asked for pieces of this kind now, whatever the trip and whoever was
/// asked already. They are looked for once for a departure: a city has many trips.
pub fn crew<'a>(situation: &'a Situation<'_>, together: &Together) -> Vec<&'a Person> {
    let people = situation.people.iter().filter(|person| {
        person.grid == together.grid
            && person.free
            && person.is_rested(situation.now)
            && (person.protection || !together.needs_protection)
    });
    people.collect()
}

/// Those of a crew who were not asked yet.
pub fn hands<'a>(
    crew: &'a [&'a Person],
    taken: &'a BTreeSet<VolunteerId>,
) -> impl Iterator<Item = &'a Person> {
    crew.iter().copied().filter(|person| !taken.contains(&person.id))
}

/// Why nobody could be asked for pieces of this kind.
pub fn nobody(
    situation: &Situation<'_>,
    together: &Together,
    taken: &BTreeSet<VolunteerId>,
) -> UnplannedReason {
    let anybody = Together { needs_protection: false, ..together.clone() };
    let others = crew(situation, &anybody);
    if together.needs_protection && hands(&others, taken).next().is_some() {
        return UnplannedReason::NoProtection;
    }
    match hands(&crew(situation, together), taken).count() {
        0 => UnplannedReason::NoCourier,
        1 if together.needs_two => UnplannedReason::NoSecondPerson,
        _ => UnplannedReason::NobodyCarriesIt,
    }
}

/// What a trip may be so that three of four of those who are free can make it: whoever can carry
/// less gets one of the smaller trips.
pub fn allowance(
    crew: &[&Person],
    together: &Together,
    taken: &BTreeSet<VolunteerId>,
    cart: Load,
) -> Option<Allowance> {
    let mut weights = vec![];
    let mut pieces = vec![];
    let mut floors = vec![];
    for person in hands(crew, taken) {
        weights.push(person.carry_limit.weight_grams);
        pieces.push(person.carry_limit.pieces);
        floors.push(floors_left(person));
    }
    let people = if together.needs_two { 2 } else { 1 };
    if weights.len() < people {
        return None;
    }
    let most = |values: &mut Vec<u32>| -> u32 {
        values.sort_unstable();
        values[values.len() / 4]
    };
    let (pieces, weight) = (most(&mut pieces), most(&mut weights));
    let people = u32::try_from(people).unwrap_or(1);
    let load = Load {
        pieces: cart.pieces.min(pieces.saturating_mul(people)),
        weight_grams: cart.weight_grams.min(weight.saturating_mul(people)),
        volume_millilitres: cart.volume_millilitres,
    };
    Some(Allowance { load, floors: most(&mut floors), seconds: u32::MAX })
}

/// What a trip may be so that the strongest of those who are free can make it.
pub fn strongest(
    crew: &[&Person],
    together: &Together,
    taken: &BTreeSet<VolunteerId>,
    cart: Load,
) -> Option<Allowance> {
    let strength = |person: &&Person| (floors_left(person), person.carry_limit.weight_grams);
    let person = hands(crew, taken).max_by_key(strength)?;
    let people = if together.needs_two { 2 } else { 1 };
    let load = Load {
        pieces: cart.pieces.min(person.carry_limit.pieces.saturating_mul(people)),
        weight_grams: cart.weight_grams.min(person.carry_limit.weight_grams.saturating_mul(people)),
        volume_millilitres: cart.volume_millilitres,
    };
    Some(Allowance { load, floors: floors_left(person), seconds: u32::MAX })
}

/// The floors that somebody may still climb in one trip today.
fn floors_left(person: &Person) -> u32 {
    let today = person.limits.floors_a_day.map(|most| most.saturating_sub(person.today.floors));
    let trip = person.limits.floors_a_trip;
    trip.unwrap_or(u32::MAX).min(today.unwrap_or(u32::MAX))
}

/// Who makes a trip: of those who can, the one on whom the least burden lies, the regular volunteer
/// of one of its buildings before others.
pub fn assign(
    situation: &Situation<'_>,
    crew: &[&Person],
    asks: &Asks<'_>,
    taken: &BTreeSet<VolunteerId>,
) -> Option<Assignment> {
    let free: Vec<&Person> =
        hands(crew, taken).filter(|person| !asks.asked.contains(&person.id)).collect();
    let able: Vec<&Person> =
        free.iter().copied().filter(|person| is_able(situation, asks, person)).collect();
    let first = able.iter().copied().min_by_key(|person| rank(asks, person))?;
    let helper = if asks.together.needs_two {
        let with =
            |person: &&Person| person.id != first.id && carries_together(asks, first, person);
        Some(able.iter().copied().filter(with).min_by_key(|person| rank(asks, person))?.id)
    } else {
        None
    };
    let reason = reason(asks, first, &able, &free);
    Some(Assignment { volunteer: first.id, helper, reason })
}

fn rank(asks: &Asks<'_>, person: &Person) -> (bool, u32, VolunteerId) {
    let kept = keeps(asks, person).is_some();
    let burden = burden(person.effort);
    let judged = if kept { burden.saturating_sub(KEEPS_BUILDING) } else { burden };
    (person.pool == Pool::Emergency, judged, person.id)
}

fn keeps<'a>(asks: &Asks<'a>, person: &Person) -> Option<&'a domain::ids::BuildingId> {
    asks.buildings.iter().copied().find(|building| person.keeps.contains(*building))
}

fn is_able(situation: &Situation<'_>, asks: &Asks<'_>, person: &Person) -> bool {
    let pieces = usize::try_from(asks.load.pieces).unwrap_or(usize::MAX);
    // Somebody has to take it first.
    let answered = waves::policy(situation).answer_within_seconds;
    let lasts = answered.saturating_add(seconds(asks.effort, asks.doors, pieces));
    let back = later(situation.now, lasts);
    let in_time = person.works_until.is_none_or(|until| back <= until);
    let share = if asks.together.needs_two { halved(asks.load) } else { asks.load };
    let Load { pieces, weight_grams, .. } = person.carry_limit;
    let carries = share.pieces <= pieces && share.weight_grams <= weight_grams;
    in_time && carries && asks.effort.floors <= floors_left(person)
}

fn halved(load: Load) -> Load {
    Load { pieces: load.pieces.div_ceil(2), weight_grams: load.weight_grams.div_ceil(2), ..load }
}

fn carries_together(asks: &Asks<'_>, one: &Person, other: &Person) -> bool {
    let Load { pieces, weight_grams, .. } = one.carry_limit.plus(other.carry_limit);
    asks.load.pieces <= pieces && asks.load.weight_grams <= weight_grams
}

fn reason(
    asks: &Asks<'_>,
    chosen: &Person,
    able: &[&Person],
    free: &[&Person],
) -> AssignmentReason {
    let mut because = vec![];
    let on_duty = able.iter().any(|person| person.pool == Pool::Duty);
    if able.len() == 1 {
        because.push(AssignmentCause::OnlyOne);
    }
    if chosen.pool == Pool::Emergency && !on_duty {
        because.push(AssignmentCause::EmergencyPool);
    }
    let least = |people: &[&Person]| people.iter().map(|person| burden(person.effort)).min();
    let mine = burden(chosen.effort);
    if let Some(building) = keeps(asks, chosen) {
        because.push(AssignmentCause::KeepsBuilding(building.clone()));
    }
    if least(able).is_some_and(|least| mine <= least) {
        because.push(AssignmentCause::ClimbedLeast);
    }
    if least(free).is_some_and(|least| least < mine) && least(able).is_some_and(|l| mine <= l) {
        because.push(AssignmentCause::CarriesIt);
    }
    if asks.together.needs_protection {
        because.push(AssignmentCause::HasProtection);
    }
    if !asks.asked.is_empty() {
        let asked = u32::try_from(asks.asked.len()).unwrap_or(u32::MAX);
        because.push(AssignmentCause::AskedAfter(asked));
    }
    let candidates = u32::try_from(able.len()).unwrap_or(u32::MAX);
    AssignmentReason {
        because,
        candidates,
        trip: asks.effort,
        before: chosen.effort,
        mean_before: mean(able),
    }
}

fn mean(people: &[&Person]) -> Effort {
    let count = u64::try_from(people.len().max(1)).unwrap_or(1);
    let mean = |of: fn(&Effort) -> u32| {
        let sum: u64 = people.iter().map(|person| u64::from(of(&person.effort))).sum();
        u32::try_from(sum / count).unwrap_or(u32::MAX)
    };
    Effort {
        floors: mean(|effort| effort.floors),
        floor_kilograms: mean(|effort| effort.floor_kilograms),
        walk_dm: mean(|effort| effort.walk_dm),
    }
}
