//! How far pieces are brought: to the door, to the foot of the building, or fetched in slots.

use std::collections::BTreeMap;

use domain::community::CommunityCommand;
use domain::community::event::{DeliveryPolicySet, PickupSlots};
use domain::parcel::event::DeliveryLevel;
use domain::plan::event::UnplannedReason;
use domain::supply::Category;
use fastrand::Rng;
use jiff::civil::time;
use planner::proposal::{Proposal, propose};
use planner::situation::PieceAtGate;

use crate::town::{DAY, Size, Town, at};

const SIZE: Size = Size { buildings: 6, grids: 2, floors: 6, doors_per_floor: 2, people: 8 };

/// A wave of parcels in the afternoon, under a rule of how far they are brought.
fn proposed(level: DeliveryLevel, pickup: Option<PickupSlots>, door: bool) -> (Town, Proposal) {
    let mut town = Town::new(SIZE);
    let category = Category::ParcelGoods;
    town.tell(CommunityCommand::SetDeliveryPolicy(DeliveryPolicySet { category, level, pickup }));
    let mut rng = Rng::with_seed(9);
    let came = at(DAY, time(9, 0, 0, 0));
    let pieces: Vec<PieceAtGate> = (0..40)
        .map(|number| {
            let mut piece = town.piece_of(&mut rng, number, came, category);
            piece.to_the_door = door;
            piece
        })
        .collect();
    let situation = town.situation(at(DAY, time(14, 0, 0, 0)), 1, pieces, Town::people(SIZE));
    let proposal = propose(&situation);
    drop(situation);
    (town, proposal)
}

#[test]
fn to_the_foot_nobody_climbs() {
    let (_, proposal) = proposed(DeliveryLevel::BuildingFoot, None, false);
    let runs = proposal.wave.unwrap().runs;
    assert!(runs.iter().all(|run| run.plan.level == DeliveryLevel::BuildingFoot));
    assert!(proposal.offers.iter().all(|(_, offer)| offer.reason.trip.floors == 0));
}

#[test]
fn whoever_cannot_come_down_has_it_at_the_door() {
    for (level, pickup) in [
        (DeliveryLevel::BuildingFoot, None),
        (DeliveryLevel::Pickup, Some(PickupSlots { opens: time(15, 0, 0, 0), minutes_each: 10 })),
    ] {
        let (_, proposal) = proposed(level, pickup, true);
        let runs = proposal.wave.unwrap().runs;
        assert!(runs.iter().all(|run| run.plan.level == DeliveryLevel::Door));
    }
}

#[test]
fn buildings_of_a_grid_fetch_one_after_another() {
    let slots = PickupSlots { opens: time(15, 0, 0, 0), minutes_each: 10 };
    let (town, proposal) = proposed(DeliveryLevel::Pickup, Some(slots), false);
    assert_eq!(proposal.wave, None);
    let mut rng = Rng::with_seed(9);
    let came = at(DAY, time(9, 0, 0, 0));
    let mut taken = BTreeMap::new();
    for number in 0..40 {
        let piece = town.piece_of(&mut rng, number, came, Category::ParcelGoods);
        let door = piece.recipient.unwrap().door;
        let told = proposal.unplanned.iter().find(|one| one.parcel == piece.id).unwrap();
        let UnplannedReason::ToBeFetched { from, until } = told.reason else {
            panic!("{:?}", told.reason)
        };
        assert_eq!(from.duration_until(until).as_mins(), 10);
        let grid = town.community.grid_of(&door.building).unwrap().clone();
        let whose = taken.entry((grid, from)).or_insert_with(|| door.building.clone());
        assert_eq!(*whose, door.building, "two buildings of a grid come at once");
    }
    assert_eq!(taken.len(), 6, "every building has a slot of its own");
}
