//! A cart: whether everything is on it that belongs there and nothing else, and how it was counted
//! from hop to hop.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::address::Door;
use domain::ids::{CommunityId, GridId, ParcelId, RunId, ShelfCode};
use domain::parcel::Parcel;
use domain::plan::event::UnplannedReason;
use domain::run::event::{Hop, Stop};
use domain::run::{Phase, Run, RunState};
use domain::supply::Category;
use planner::why::{self, Sentence};

use super::look::held_up;
use crate::engine::Engine;
use crate::problem::Problem;

/// A piece that should be on the cart and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The piece.
    pub parcel: ParcelId,
    /// What is inside.
    pub category: Option<Category>,
    /// Its door.
    pub door: Door,
    /// Where it lies.
    pub shelf: Option<ShelfCode>,
    /// What holds it up; `None` is that nobody has put it on the cart.
    pub held_up: Option<UnplannedReason>,
    /// The same in a sentence.
    pub sentence: Sentence,
}

/// A piece that is on the cart and was not planned for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// The piece.
    pub parcel: ParcelId,
    /// Its door.
    pub door: Door,
}

/// How many pieces were counted at a place, and how many there should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopTold {
    /// Where; `None` is the gate.
    pub hop: Option<Hop>,
    /// How many there should have been.
    pub expected: u32,
    /// How many were counted.
    pub counted: u32,
}

/// A cart.
#[derive(Debug, Clone)]
pub struct Cart {
    /// The run.
    pub state: Arc<RunState>,
    /// Its grid.
    pub grid: Option<GridId>,
    /// How many pieces should be on it.
    pub expected: u32,
    /// How many pieces were put on it.
    pub loaded: u32,
    /// What is missing.
    pub missing: Vec<Expected>,
    /// What was put on it unplanned.
    pub strangers: Vec<Stranger>,
    /// The counts, the gate first.
    pub hops: Vec<HopTold>,
    /// The first hop where another number was counted, and the one before it.
    pub gap: Option<(Option<Hop>, HopTold)>,
}

impl Cart {
    /// Whether everything is on it that belongs there, and nothing else.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.strangers.is_empty()
    }
}

impl Engine {
    /// A run's cart.
    ///
    /// # Errors
    /// A problem when the run is unknown or the log cannot be read.
    pub async fn cart(&self, id: &CommunityId, run: RunId) -> Result<Cart, Problem> {
        let (state, _) = self.peek::<Run>(id, &run).await?;
        if state.phase == Phase::Unknown {
            return Err(Problem::not_found(
                "run-unknown",
                "this run was never planned: plan it first",
                "没有这一配送趟：请先排定",
            ));
        }
        let mut missing = vec![];
        for (parcel, door) in listed(&state.planned_stops) {
            if !state.pieces.contains_key(&parcel) {
                missing.push(self.expected(id, parcel, door).await?);
            }
        }
        let planned: BTreeSet<ParcelId> =
            listed(&state.planned_stops).map(|(parcel, _)| parcel).collect();
        // A run without stops takes pieces as they come: nothing on it is a stranger.
        let pieces = state.pieces.iter().filter(|_| !planned.is_empty());
        let strangers = pieces.filter(|(parcel, _)| !planned.contains(parcel));
        let strangers =
            strangers.map(|(id, piece)| Stranger { parcel: *id, door: piece.door.clone() });
        let hops = hops(&state);
        Ok(Cart {
            grid: state.grid().cloned(),
            expected: u32::try_from(planned.len()).unwrap_or(u32::MAX),
            loaded: state.counts().loaded,
            missing,
            strangers: strangers.collect(),
            gap: gap(&hops),
            hops,
            state,
        })
    }

    async fn expected(
        &self,
        id: &CommunityId,
        parcel: ParcelId,
        door: &Door,
    ) -> Result<Expected, Problem> {
        let (state, _) = self.peek::<Parcel>(id, &parcel).await?;
        let held_up = held_up(&state);
        let sentence = held_up.as_ref().map_or_else(why::not_loaded, why::unplanned);
        let category = state.contents.as_ref().map(|contents| contents.category);
        let (shelf, door) = (state.shelf.clone(), door.clone());
        Ok(Expected { parcel, category, door, shelf, held_up, sentence })
    }
}

fn listed(stops: &[Stop]) -> impl Iterator<Item = (ParcelId, &Door)> {
    stops.iter().flat_map(|stop| stop.parcels.iter().map(move |id| (*id, &stop.door)))
}

/// The counts in the order of the way. At the gate the cart left with what was scanned.
fn hops(state: &RunState) -> Vec<HopTold> {
    let expected = state.counts().loaded;
    let gate = state.counted_pieces.map(|counted| HopTold { hop: None, expected, counted });
    let others = state.hops.iter().map(|(hop, count)| HopTold {
        hop: Some(hop.clone()),
        expected: count.expected,
        counted: count.counted,
    });
    gate.into_iter().chain(others).collect()
}

/// The first hop where the count differs, with the one before it: the gap is between the two.
fn gap(hops: &[HopTold]) -> Option<(Option<Hop>, HopTold)> {
    let at = hops.iter().position(|hop| hop.expected != hop.counted)?;
    let before = at.checked_sub(1).and_then(|before| hops[before].hop.clone());
    Some((before, hops[at].clone()))
}
