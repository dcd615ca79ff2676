//! What changes on a run under way: its stops, the buildings it leaves out, the pieces counted at
//! each hop, the slip that opens its sheet.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decide::{Decision, check_stops};
use super::event::{
    Hop, RunBuildingPaused, RunBuildingResumed, RunEvent, RunHopCounted, RunReplanned,
    RunSheetSeen, RunSlipPrinted, Stop,
};
use super::refusal::RunRefusal;
use super::state::{Phase, RunState};
use crate::address::Door;
use crate::ids::{BuildingId, ParcelId};

/// How a stop changed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StopChange {
    /// It is new.
    Added,
    /// It is not on the way any more.
    Removed,
    /// It has other pieces.
    Pieces,
    /// It comes earlier or later among those that stayed.
    Moved,
}

/// One stop that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct StopChanged {
    /// The stop's door.
    pub door: Door,
    /// How.
    pub change: StopChange,
}

/// What differs between two lists of stops, in the order of the later one, what is gone last. Of
/// two stops that changed places only the later one counts as moved.
pub fn changes(before: &[Stop], after: &[Stop]) -> Vec<StopChanged> {
    let old: BTreeMap<&Door, (usize, &Stop)> =
        before.iter().enumerate().map(|(at, stop)| (&stop.door, (at, stop))).collect();
    let stay = stay_in_order(after, &old);
    let mut changed = vec![];
    for (index, stop) in after.iter().enumerate() {
        let change = match old.get(&stop.door) {
            None => StopChange::Added,
            Some((_, known)) if known.parcels != stop.parcels => StopChange::Pieces,
            Some(_) if !stay.contains(&index) => StopChange::Moved,
            Some(_) => continue,
        };
        changed.push(StopChanged { door: stop.door.clone(), change });
    }
    let gone = before.iter().filter(|stop| after.iter().all(|kept| kept.door != stop.door));
    let removed =
        |stop: &Stop| StopChanged { door: stop.door.clone(), change: StopChange::Removed };
    changed.extend(gone.map(removed));
    changed
}

/// The indices of the longest part of the new stops that kept its old order.
fn stay_in_order(after: &[Stop], old: &BTreeMap<&Door, (usize, &Stop)>) -> Vec<usize> {
    let kept: Vec<(usize, usize)> = after
        .iter()
        .enumerate()
        .filter_map(|(index, stop)| Some((index, old.get(&stop.door)?.0)))
        .collect();
    // At most 200 stops, so the simple quadratic way is quick.
    let mut best: Vec<(usize, Option<usize>)> = vec![];
    for (at, (_, was)) in kept.iter().enumerate() {
        let before = (0..at).filter(|earlier| kept[*earlier].1 < *was);
        let longest = before.max_by_key(|earlier| (best[*earlier].0, usize::MAX - earlier));
        best.push((longest.map_or(1, |earlier| best[earlier].0 + 1), longest));
    }
    let mut at = (0..kept.len()).max_by_key(|at| (best[*at].0, usize::MAX - at));
    let mut stay = vec![];
    while let Some(here) = at {
        stay.push(kept[here].0);
        at = best[here].1;
    }
    stay
}

/// The pieces at a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopCount {
    /// How many there should have been.
    pub expected: u32,
    /// How many were counted.
    pub counted: u32,
}

impl RunState {
    /// How many pieces should be counted at a hop now.
    pub fn expected_at(&self, hop: &Hop) -> u32 {
        let here = |building: &BuildingId| match hop {
            Hop::GridCart => true,
            Hop::BuildingFoot(foot) => foot == building,
        };
        let pieces = self.pieces.values().filter(|piece| piece.status.is_on_board());
        let count = pieces.filter(|piece| here(&piece.door.building)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The hops where another number was counted than there should have been, in their order: the
    /// first one says behind which hop a piece got lost.
    pub fn gaps(&self) -> impl Iterator<Item = (&Hop, HopCount)> {
        let differs = |(_, count): &(&Hop, &HopCount)| count.expected != count.counted;
        self.hops.iter().filter(differs).map(|(hop, count)| (hop, *count))
    }
}

pub(super) fn replan(state: &RunState, fact: RunReplanned) -> Decision {
    check_live(state)?;
    if fact.stops == state.stops {
        return Ok(vec![]);
    }
    check_stops(&fact.stops, state.limit())?;
    let listed: BTreeMap<ParcelId, &Door> = fact
        .stops
        .iter()
        .flat_map(|stop| stop.parcels.iter().map(|parcel| (*parcel, &stop.door)))
        .collect();
    let dropped = state.pieces.iter().find(|(id, piece)| listed.get(id) != Some(&&piece.door));
    if let Some((parcel, _)) = dropped {
        return Err(RunRefusal::ReplanDrops { parcel: *parcel });
    }
    let unloaded = listed.keys().find(|id| !state.pieces.contains_key(id));
    if let (Phase::Departed, Some(parcel)) = (state.phase, unloaded) {
        return Err(RunRefusal::ReplanAdds { parcel: *parcel });
    }
    Ok(vec![fact.into()])
}

pub(super) fn see_sheet(state: &RunState, sheet: u32) -> Decision {
    if sheet == 0 || sheet > state.sheet {
        return Err(RunRefusal::SheetUnknown { sheet });
    }
    if sheet <= state.sheet_seen {
        return Ok(vec![]);
    }
    Ok(vec![RunSheetSeen { sheet }.into()])
}

pub(super) fn pause(state: &RunState, fact: RunBuildingPaused) -> Decision {
    check_live(state)?;
    let done = state.paused.get(&fact.building) == Some(&fact);
    Ok(if done { vec![] } else { vec![fact.into()] })
}

pub(super) fn resume(state: &RunState, building: BuildingId) -> Vec<RunEvent> {
    let paused = state.paused.contains_key(&building);
    if paused { vec![RunBuildingResumed { building }.into()] } else { vec![] }
}

pub(super) fn count_hop(state: &RunState, fact: RunHopCounted) -> Decision {
    match state.phase {
        Phase::Unknown => return Err(RunRefusal::NotPlanned),
        Phase::Planned | Phase::Offered | Phase::Accepted => return Err(RunRefusal::NotDeparted),
        Phase::Departed => {}
        Phase::Closed => return Err(RunRefusal::Closed),
        Phase::Cancelled => return Err(RunRefusal::Cancelled),
    }
    let known = state.hops.get(&fact.hop).map(|count| count.counted);
    Ok(if known == Some(fact.counted_pieces) { vec![] } else { vec![fact.into()] })
}

pub(super) fn print_slip(state: &RunState, fact: RunSlipPrinted) -> Decision {
    check_live(state)?;
    let printed = state.slip == Some(fact.slip);
    Ok(if printed { vec![] } else { vec![fact.into()] })
}

fn check_live(state: &RunState) -> Result<(), RunRefusal> {
    match state.phase {
        Phase::Unknown => Err(RunRefusal::NotPlanned),
        Phase::Planned | Phase::Offered | Phase::Accepted | Phase::Departed => Ok(()),
        Phase::Closed => Err(RunRefusal::Closed),
        Phase::Cancelled => Err(RunRefusal::Cancelled),
    }
}
