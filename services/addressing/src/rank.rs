//! From the places that a text leads to, to ranked candidates and a verdict.

use domain::ids::HouseholdId;

use crate::layout::{Household, Layout, Presence};
use crate::parse::{Freedom, Parsed};
use crate::resolve::{
    CANDIDATES_MAX, Candidate, Found, Obstacle, Query, Reason, Reasons, Resolution, TAIL_DOORS_MAX,
    Verdict,
};

/// Turns what was found into candidates, and judges.
pub(crate) fn rank(
    layout: &Layout,
    query: &Query,
    parsed: &Parsed,
    found: &[Found],
    mut obstacles: Vec<Obstacle>,
) -> Resolution {
    let doors = found.iter().filter(|found| found.room.is_some()).count();
    let plain = found.iter().all(|place| is_sound(layout, place));
    let sound = plain && obstacles.is_empty();
    let anchored = found.iter().all(|place| place.anchored);
    let mut drafts = Vec::with_capacity(found.len().max(1));
    for place in found {
        add_households(layout, query, place, &mut drafts);
    }
    let with = |reason: Reason| drafts.iter().filter(|one| one.reasons.contains(&reason)).count();
    let (fitting, named) = (with(Reason::TailFits), with(Reason::NameFits));
    let settled_by_tail = fitting == 1 && doors <= TAIL_DOORS_MAX && (anchored || doors == 1);
    drafts.sort_by_key(|draft| -draft.score);
    let hints = Hints::of(layout, query, &drafts);
    let elsewhere = hints.tail;
    // A whole name that nobody behind the door has, and somebody else does.
    let named_elsewhere = hints.name && named == 0;
    let best_is =
        |reason: Reason| drafts.first().is_some_and(|best| best.reasons.contains(&reason));
    let differs = best_is(Reason::TailDiffers);
    let settled_by_name = named == 1 && fitting == 0 && !elsewhere && !differs;
    let alone = drafts.len() == 1 && !elsewhere && !named_elsewhere && !differs;
    // The tail is one household's, and the name another's behind the same door.
    let torn = named > 0 && !best_is(Reason::NameFits);
    let certain = sound
        && doors > 0
        && !torn
        && (settled_by_tail || doors == 1 && (settled_by_name || alone))
        && !best_is(Reason::MovedOut)
        && !best_is(Reason::NobodyRegistered);
    let kept = if certain { 1 } else { CANDIDATES_MAX };
    let mut candidates: Vec<Candidate> = drafts.iter().take(kept).map(Draft::candidate).collect();
    if certain {
        return Resolution { verdict: Verdict::Certain, candidates, obstacles };
    }
    add_hints(layout, query, &mut candidates);
    if !plain {
        obstacles.push(Obstacle::NotPlain);
    }
    if doors == 1 && !elsewhere && !named_elsewhere {
        obstacles.push(Obstacle::HouseholdOpen);
    }
    if doors > 1 {
        obstacles.push(Obstacle::SeveralDoors(u16::try_from(doors).unwrap_or(u16::MAX)));
    }
    if named_elsewhere {
        obstacles.push(Obstacle::NameElsewhere);
    }
    if elsewhere {
        obstacles.push(Obstacle::TailElsewhere);
    } else if query.tail.is_some() && fitting != 1 {
        obstacles.push(Obstacle::TailUndecided);
    }
    if doors == 0 && parsed.readings.iter().all(|reading| reading.room.is_none()) {
        obstacles.push(Obstacle::RoomMissing);
    }
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

/// A candidate before its ids are copied.
struct Draft<'a> {
    place: &'a Found<'a>,
    household: Option<HouseholdId>,
    reasons: Reasons,
    score: i32,
}

impl Draft<'_> {
    fn candidate(&self) -> Candidate {
        Candidate {
            building: self.place.building.id.clone(),
            grid: self.place.building.grid.clone(),
            unit: self.place.unit.map(|unit| unit.unit.id.clone()),
            room: self.place.room.and_then(|room| room.id()),
            household: self.household,
            reasons: self.reasons,
        }
    }
}

/// One draft for each household behind a door, or one for the place itself.
fn add_households<'a>(
    layout: &Layout,
    query: &Query,
    place: &'a Found<'a>,
    drafts: &mut Vec<Draft<'a>>,
) {
    let score = match place.freedom {
        Freedom::Plain => 100,
        Freedom::SplitRoom => 70,
        Freedom::Rare => 60,
        Freedom::Split => 30,
    };
    let mut base = Draft { place, household: None, reasons: place.reasons, score };
    let (Some(unit), Some(room)) = (place.unit, place.room.as_ref()) else {
        base.score -= 30;
        drafts.push(base);
        return;
    };
    let behind = layout.at(&place.building.id, &unit.unit.id, room.as_str());
    let living = behind.clone().filter(|one| one.presence != Presence::Left).count();
    let mut any = false;
    for household in behind {
        any = true;
        if living > 0 && household.presence == Presence::Left {
            continue;
        }
        let mut draft = Draft { household: Some(household.id), ..base };
        draft.reasons.push(match u16::try_from(living).unwrap_or(u16::MAX) {
            0 | 1 => Reason::OneHousehold,
            several => Reason::SeveralHouseholds(several),
        });
        judge(household, query, &mut draft);
        drafts.push(draft);
    }
    if !any {
        if layout.has_register(&place.building.id) {
            base.reasons.push(Reason::NobodyRegistered);
            base.score -= 20;
        }
        drafts.push(base);
    }
}

/// Weighs a household's own circumstances.
fn judge(household: &Household, query: &Query, draft: &mut Draft) {
    match household.presence {
        Presence::Home => {}
        Presence::Away => draft.reasons.push(Reason::Away),
        Presence::Left => {
            draft.reasons.push(Reason::MovedOut);
            draft.score -= 40;
        }
    }
    let has = |name| household.names.contains(&name);
    if query.name.whole.is_some_and(has) {
        draft.reasons.push(Reason::NameFits);
        draft.score += 25;
    } else if query.name.family.is_some_and(has) {
        draft.reasons.push(Reason::FamilyNameFits);
        draft.score += 5;
    }
    let Some(tail) = query.tail else { return };
    if household.tails.contains(&tail) {
        draft.reasons.push(Reason::TailFits);
        draft.score += 50;
    } else if !household.tails.is_empty() {
        draft.reasons.push(Reason::TailDiffers);
        draft.score -= 20;
    }
}

/// Who else is spoken for.
#[derive(Debug, Clone, Copy)]
struct Hints {
    /// The phone tail is somebody's whom the address does not name.
    tail: bool,
    /// The whole name is.
    name: bool,
}

impl Hints {
    fn of(layout: &Layout, query: &Query, drafts: &[Draft]) -> Self {
        let other = |one: &Household| {
            one.presence != Presence::Left
                && !drafts.iter().any(|known| known.household == Some(one.id))
        };
        let tail = query.tail.is_some_and(|tail| layout.with_tail(tail).any(other));
        let name = query.name.whole.is_some_and(|name| layout.with_name(name).any(other));
        Self { tail, name }
    }
}

/// Adds the households that only the phone tail or the whole name speaks for.
pub(crate) fn add_hints(layout: &Layout, query: &Query, candidates: &mut Vec<Candidate>) {
    let by_tail = query.tail.into_iter().flat_map(|tail| layout.with_tail(tail));
    add_others(layout, by_tail, Reason::TailOnly, candidates);
    let by_name = query.name.whole.into_iter().flat_map(|name| layout.with_name(name));
    add_others(layout, by_name, Reason::NameOnly, candidates);
}

fn add_others<'a>(
    layout: &Layout,
    households: impl Iterator<Item = &'a Household>,
    reason: Reason,
    candidates: &mut Vec<Candidate>,
) {
    for household in households.filter(|one| one.presence != Presence::Left) {
        let id = Some(household.id);
        if let Some(known) = candidates.iter_mut().find(|known| known.household == id) {
            // Tail and name speak for the same one.
            if *known.reasons == [Reason::TailOnly] && reason == Reason::NameOnly {
                known.reasons = Reasons::new(&[Reason::TailFits, Reason::NameFits]);
            }
            continue;
        }
        if candidates.len() >= CANDIDATES_MAX {
            return;
        }
        let Some(door) = household.doors.first() else { continue };
        if let Some(grid) = layout.grid(&door.building) {
            candidates.push(Candidate {
                building: door.building.clone(),
                grid: grid.clone(),
                unit: Some(door.unit.clone()),
                room: Some(door.room.clone()),
                household: id,
                reasons: Reasons::new(&[reason]),
            });
        }
    }
}
