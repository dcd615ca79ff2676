//! From the places that a text leads to, to ranked candidates and a verdict.

use std::collections::HashSet;

use crate::layout::{Household, Layout, Presence, TailToken};
use crate::parse::{Freedom, Parsed};
use crate::resolve::{
    CANDIDATES_MAX, Candidate, Found, Obstacle, Query, Reason, Resolution, TAIL_DOORS_MAX, Verdict,
};

/// Turns what was found into candidates, and judges.
pub(crate) fn rank(
    layout: &Layout,
    query: &Query,
    parsed: &Parsed,
    found: Vec<Found>,
    mut obstacles: Vec<Obstacle>,
) -> Resolution {
    let doors = found.iter().filter(|found| found.room.is_some()).count();
    let plain = found.iter().all(|place| is_sound(layout, place));
    let sound = plain && obstacles.is_empty();
    let anchored = found.iter().all(|place| place.anchored);
    let mut candidates = Vec::with_capacity(doors.max(1));
    for place in found {
        add_households(layout, query.tail, place, &mut candidates);
    }
    let fitting = candidates.iter().filter(|one| one.reasons.contains(&Reason::TailFits)).count();
    let settled_by_tail = fitting == 1 && doors <= TAIL_DOORS_MAX && (anchored || doors == 1);
    candidates.sort_by_key(|candidate| -candidate.score);
    let elsewhere = add_tail_only(layout, query.tail, &mut candidates);
    let certain = sound
        && doors > 0
        && match (doors, query.tail) {
            (1, None) => candidates.len() == 1,
            (1, Some(_)) => {
                let silent = candidates.len() == 1
                    && !elsewhere
                    && !candidates[0].reasons.contains(&Reason::TailDiffers);
                settled_by_tail || silent
            }
            (_, _) => settled_by_tail,
        };
    let certain = certain
        && candidates.first().is_some_and(|best| {
            !best.reasons.contains(&Reason::MovedOut)
                && !best.reasons.contains(&Reason::NobodyRegistered)
        });
    if certain {
        candidates.truncate(1);
        return Resolution { verdict: Verdict::Certain, candidates, obstacles };
    }
    if !plain {
        obstacles.push(Obstacle::NotPlain);
    }
    if doors == 1 && !elsewhere {
        obstacles.push(Obstacle::HouseholdOpen);
    }
    if doors > 1 {
        obstacles.push(Obstacle::SeveralDoors(u16::try_from(doors).unwrap_or(u16::MAX)));
    }
    if elsewhere {
        obstacles.push(Obstacle::TailElsewhere);
    } else if query.tail.is_some() && fitting != 1 {
        obstacles.push(Obstacle::TailUndecided);
    }
    if doors == 0 && parsed.readings.iter().all(|reading| reading.room.is_none()) {
        obstacles.push(Obstacle::RoomMissing);
    }
    candidates.truncate(CANDIDATES_MAX);
    let verdict = if candidates.is_empty() { Verdict::Unknown } else { Verdict::Choose };
    Resolution { verdict, candidates, obstacles }
}

/// Whether a place may be certain as far as its reading goes.
fn is_sound(layout: &Layout, place: &Found) -> bool {
    let freedom = match place.freedom {
        Freedom::Plain => true,
        Freedom::SplitRoom => place.split_safe,
        Freedom::Rare | Freedom::Split => false,
    };
    freedom
        && (place.anchored || layout.buildings_count() == 1)
        && !place.has(Reason::ZerosDropped)
        && !place.has(Reason::AnnexUnknown)
}

/// One candidate for each household behind a door, or one for the place itself.
fn add_households(
    layout: &Layout,
    tail: Option<TailToken>,
    place: Found,
    candidates: &mut Vec<Candidate>,
) {
    let mut base = Candidate {
        building: place.building.id.clone(),
        grid: place.building.grid.clone(),
        unit: place.unit.map(|unit| unit.unit.id.clone()),
        room: place.room,
        household: None,
        score: match place.freedom {
            Freedom::Plain => 100,
            Freedom::SplitRoom => 70,
            Freedom::Rare => 60,
            Freedom::Split => 30,
        },
        reasons: place.reasons,
    };
    let Some(door) = base.door() else {
        base.score -= 30;
        candidates.push(base);
        return;
    };
    let living = layout.behind(&door).filter(|one| one.presence != Presence::Left).count();
    let mut any = false;
    for household in layout.behind(&door) {
        any = true;
        let mut candidate = base.clone();
        candidate.household = Some(household.id);
        candidate.reasons.push(match u16::try_from(living).unwrap_or(u16::MAX) {
            0 | 1 => Reason::OneHousehold,
            several => Reason::SeveralHouseholds(several),
        });
        judge(household, tail, &mut candidate);
        if living == 0 || household.presence != Presence::Left {
            candidates.push(candidate);
        }
    }
    if !any {
        if layout.has_register(&base.building) {
            base.reasons.push(Reason::NobodyRegistered);
            base.score -= 20;
        }
        candidates.push(base);
    }
}

/// Weighs a household's own circumstances.
fn judge(household: &Household, tail: Option<TailToken>, candidate: &mut Candidate) {
    match household.presence {
        Presence::Home => {}
        Presence::Away => candidate.reasons.push(Reason::Away),
        Presence::Left => {
            candidate.reasons.push(Reason::MovedOut);
            candidate.score -= 40;
        }
    }
    let Some(tail) = tail else { return };
    if household.tails.contains(&tail) {
        candidate.reasons.push(Reason::TailFits);
        candidate.score += 50;
    } else if !household.tails.is_empty() {
        candidate.reasons.push(Reason::TailDiffers);
        candidate.score -= 20;
    }
}

/// Adds the households that only the phone tail speaks for; says whether there are any.
pub(crate) fn add_tail_only(
    layout: &Layout,
    tail: Option<TailToken>,
    candidates: &mut Vec<Candidate>,
) -> bool {
    let mut seen = HashSet::new();
    let mut any = false;
    let Some(tail) = tail else { return false };
    for household in layout.with_tail(tail).filter(|one| one.presence != Presence::Left) {
        if candidates.iter().any(|known| known.household == Some(household.id)) {
            continue;
        }
        any = true;
        if candidates.len() >= CANDIDATES_MAX || !seen.insert(household.id) {
            continue;
        }
        let Some(door) = household.doors.first() else { continue };
        if let Some(grid) = layout.grid(&door.building) {
            candidates.push(Candidate {
                building: door.building.clone(),
                grid: grid.clone(),
                unit: Some(door.unit.clone()),
                room: Some(door.room.clone()),
                household: Some(household.id),
                reasons: vec![Reason::TailOnly],
                score: 20,
            });
        }
    }
    any
}
