//! Trips are exchanged within every limit of the cut, and never for dearer ones.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;

use domain::address::Door;
use domain::parcel::event::DeliveryLevel;
use domain::supply::{Category, Load};
use fastrand::Rng;
use jiff::civil::time;
use planner::exchange::cost;
use planner::situation::PieceAtGate;
use planner::trips::{Allowance, Trip, cut_only, split};
use proptest::prelude::*;

use crate::town::{DAY, Size, Town, at};

/// A grid with pieces for some of its doors, and what a trip may be there.
struct Grid {
    town: Town,
    pieces: Vec<PieceAtGate>,
    allowance: Allowance,
}

impl Grid {
    fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let size = Size {
            buildings: rng.usize(1..=12),
            grids: 1,
            floors: rng.u16(1..=9),
            doors_per_floor: rng.u16(1..=3),
            people: 0,
        };
        let town = Town::new(size);
        let came = at(DAY, time(9, 0, 0, 0));
        let count = rng.u128(1..120);
        let piece = |number| town.piece_of(&mut rng, number, came, Category::ParcelGoods);
        let pieces = (0..count).map(piece).collect();
        let load = Load {
            pieces: rng.u32(2..=20),
            weight_grams: rng.u32(5_000..90_000),
            volume_millilitres: rng.u32(20_000..500_000),
        };
        let floors = if rng.bool() { u32::MAX } else { rng.u32(4..60) };
        let seconds = if rng.bool() { u32::MAX } else { rng.u32(300..3_000) };
        Self { town, pieces, allowance: Allowance { load, floors, seconds } }
    }

    /// The trips of the cut, and what they were exchanged for.
    fn trips(&self) -> [(Vec<Trip<'_>>, Vec<&PieceAtGate>); 2] {
        let pieces: Vec<_> = self.pieces.iter().map(with_door).collect();
        let Town { community, ways, .. } = &self.town;
        [cut_only, split]
            .map(|plan| plan(community, ways, DeliveryLevel::Door, &pieces, self.allowance))
    }

    fn check(&self, trip: &Trip<'_>) {
        assert!(trip.load.fits(self.allowance.load), "too much");
        assert!(trip.effort.floors <= self.allowance.floors, "too high");
        assert!(trip.seconds() <= self.allowance.seconds, "too long");
        let mut units = BTreeSet::new();
        for stairwell in &trip.stairwells {
            assert!(units.insert((stairwell.building, stairwell.unit)), "climbs it twice");
            let community = &self.town.community;
            let floor =
                |door: &Door| community.floor_of(&door.building, &door.unit, &door.room).unwrap();
            let mut floors = stairwell.pieces.iter().map(|(_, door)| floor(door));
            assert!(floors.by_ref().is_sorted_by(|above, below| above >= below), "climbs again");
        }
    }
}

/// The pieces of some trips, each once, and how many there are.
fn ids(trips: &[Trip<'_>]) -> (BTreeSet<domain::ids::ParcelId>, usize) {
    let pieces = || trips.iter().flat_map(Trip::pieces).map(|piece| piece.id);
    (pieces().collect(), pieces().count())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn exchanged_trips_keep_every_limit_and_never_cost_more(seed: u64) {
        let grid = Grid::of(seed);
        let [(cut, too_much), (both, too_much_then)] = grid.trips();
        for trip in &both {
            grid.check(trip);
        }
        prop_assert_eq!(ids(&cut), ids(&both));
        let left = |pieces: &[&PieceAtGate]| pieces.iter().map(|p| p.id).collect::<BTreeSet<_>>();
        prop_assert_eq!(left(&too_much), left(&too_much_then));
        prop_assert!(both.len() <= cut.len(), "more trips than before");
        prop_assert!(cost(&both) <= cost(&cut), "dearer than before");
        // The same grid is planned in the same way again.
        let stops = |trips: &[Trip<'_>]| trips.iter().map(Trip::stops).collect::<Vec<_>>();
        prop_assert_eq!(stops(&both), stops(&grid.trips()[1].0));
    }
}

/// Twenty waves of eight buildings: what the exchange is for. It saved 7 % when this was written.
#[test]
fn several_trips_of_a_grid_get_cheaper() {
    let (mut cut, mut both) = (0, 0);
    for seed in 0..20 {
        let size = Size { buildings: 8, grids: 1, floors: 7, doors_per_floor: 2, people: 0 };
        let town = Town::new(size);
        let mut rng = Rng::with_seed(seed);
        let came = at(DAY, time(9, 0, 0, 0));
        let piece = |number| town.piece_of(&mut rng, number, came, Category::ParcelGoods);
        let pieces = (0..80).map(piece).collect();
        let load = Load { pieces: 20, weight_grams: 60_000, volume_millilitres: 500_000 };
        let allowance = Allowance { load, floors: u32::MAX, seconds: u32::MAX };
        let grid = Grid { town, pieces, allowance };
        let [(before, _), (after, _)] = grid.trips();
        cut += cost(&before);
        both += cost(&after);
    }
    assert!(both * 100 < cut * 96, "{both} dm after {cut} dm");
}

fn with_door(piece: &PieceAtGate) -> (&PieceAtGate, &Door) {
    (piece, &piece.recipient.as_ref().unwrap().door)
}
