//! What the planner decided, looked at with the same rules as what people do.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{ParcelId, RunId};

use super::community::Ground;
use super::facts::{DayClosed, Released, RunOver, SetAside, WaveProposed, read};
use super::{Broken, Look, Sight};

/// The reasons for which a piece stays because hands are too few.
const HANDS: [&str; 4] = ["no_courier", "nobody_carries_it", "no_protection", "no_second_person"];

/// What the log tells of every day's plan.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    /// The pieces of the runs that are not over.
    live: BTreeMap<RunId, BTreeSet<ParcelId>>,
    /// How many waves were decided on.
    pub waves: usize,
    /// The pieces that waited for hands at some time.
    pub waited_for_hands: BTreeSet<ParcelId>,
    /// The pieces whose zone let nobody in at some time when they were looked at.
    pub behind_a_tape: BTreeSet<ParcelId>,
}

impl Plans {
    pub(super) fn look(&mut self, sight: &Sight<'_>, ground: &Ground) -> Look {
        match sight.event_type {
            "PlanWaveProposed" => {
                let fact: WaveProposed = read(sight.data)?;
                self.waves += 1;
                for run in fact.runs {
                    self.proposed(run.run, &run.plan, ground)?;
                }
            }
            "PlanPiecesReleased" => {
                let Released { run, pieces } = read(sight.data)?;
                if let Some(of_run) = self.live.get_mut(&run) {
                    of_run.retain(|piece| !pieces.contains(piece));
                }
            }
            "PlanRunEnded" => {
                let RunOver { run } = read(sight.data)?;
                self.live.remove(&run);
            }
            "PlanPiecesSetAside" => {
                let SetAside { pieces } = read(sight.data)?;
                for piece in pieces {
                    let name = piece.reason.as_str();
                    if name.is_some_and(|name| HANDS.contains(&name)) {
                        self.waited_for_hands.insert(piece.parcel);
                    }
                    let zone = ["zone_closed", "zone_closes"];
                    if zone.iter().any(|name| piece.reason.get(name).is_some()) {
                        self.behind_a_tape.insert(piece.parcel);
                    }
                }
            }
            "PlanDayClosed" => {
                let DayClosed { left } = read(sight.data)?;
                let food = left.iter().filter(|piece| piece.remains == "perishes").count();
                if food > 0 {
                    return Err(Broken(
                        6,
                        format!("the day was closed over {food} pieces of food"),
                    ));
                }
                if left.iter().any(|piece| piece.owner.is_empty()) {
                    return Err(Broken(6, "nobody answers for a piece that is left".to_owned()));
                }
            }
            "PlanOfferDecided" => {}
            other => return Err(Broken(8, format!("nobody knows the event `{other}`"))),
        }
        Ok(())
    }

    /// A run that was decided on keeps to its grid and its limit, and takes no piece of another.
    fn proposed(&mut self, run: RunId, plan: &super::facts::Proposed, ground: &Ground) -> Look {
        let mut pieces = BTreeSet::new();
        for stop in &plan.stops {
            let grid = ground.grid_of(&stop.door.building);
            if grid != Some(plan.grid.as_str()) {
                let words = format!("run {run} of grid {} goes into {grid:?}", plan.grid);
                return Err(Broken(3, words));
            }
            pieces.extend(stop.parcels.iter().copied());
        }
        let of_another = |(_, taken): &(&RunId, &BTreeSet<ParcelId>)| !taken.is_disjoint(&pieces);
        if let Some((other, _)) = self.live.iter().find(of_another) {
            return Err(Broken(1, format!("runs {other} and {run} are to take the same piece")));
        }
        let declared = usize::try_from(plan.limit.pieces).unwrap_or(usize::MAX);
        if pieces.len() > declared {
            let words = format!("run {run} lists {} pieces and declares {declared}", pieces.len());
            return Err(Broken(4, words));
        }
        self.live.insert(run, pieces);
        Ok(())
    }
}
