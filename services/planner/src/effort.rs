//! What a trip costs: its way, its floors, and the weight that goes up them.
//!
//! A courier carries what belongs to a stairwell up to its highest door and gives it away on the
//! way down. So a stairwell costs its highest floor once, and the weight is that of all its pieces.

use domain::address::Door;
use domain::community::CommunityState;
use domain::parcel::event::DeliveryLevel;
use domain::supply::{Effort, Load};

use crate::ways::{Place, Ways};

/// What one stairwell costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Climb {
    /// Floors climbed on foot.
    pub floors: u32,
    /// Floors times kilograms.
    pub floor_kilograms: u32,
}

/// How many floors somebody climbs on foot to a door: none below the first floor, with a lift, or
/// when pieces stay at the foot.
pub fn floors_to(community: &CommunityState, door: &Door, level: DeliveryLevel) -> u32 {
    let on_foot = match level {
        DeliveryLevel::Door => true,
        DeliveryLevel::BuildingFoot | DeliveryLevel::Pickup => false,
    };
    let Some(building) = community.buildings.get(&door.building).filter(|_| on_foot) else {
        return 0;
    };
    if building.description.lift {
        return 0;
    }
    let floor = building.unit(&door.unit).and_then(|unit| unit.floor_of(&door.room));
    floor.and_then(|floor| u32::try_from(floor - 1).ok()).unwrap_or(0)
}

/// What one stairwell costs whose highest door is so many floors up, with so much to carry.
pub fn climb(floors: u32, weight_grams: u32) -> Climb {
    let kilograms = weight_grams.div_ceil(1_000);
    Climb { floors, floor_kilograms: floors.saturating_mul(kilograms) }
}

/// What a trip costs: its stairwells in order, each with its highest floor and its weight.
pub fn of_trip<'a>(
    ways: &Ways,
    stairwells: impl IntoIterator<Item = (Place<'a>, Climb)>,
) -> Effort {
    let (mut effort, mut here) = (Effort::default(), Place::Gate);
    for (place, climb) in stairwells {
        effort.walk_dm = effort.walk_dm.saturating_add(ways.distance_dm(here, place));
        effort.floors = effort.floors.saturating_add(climb.floors);
        effort.floor_kilograms = effort.floor_kilograms.saturating_add(climb.floor_kilograms);
        here = place;
    }
    effort.walk_dm = effort.walk_dm.saturating_add(ways.distance_dm(here, Place::Gate));
    effort
}

/// What a list of doors costs in the order in which they stand, each with its load.
pub fn of_doors<'a>(
    community: &CommunityState,
    ways: &Ways,
    level: DeliveryLevel,
    doors: impl IntoIterator<Item = (&'a Door, Load)>,
) -> Effort {
    let mut stairwells: Vec<(Place<'_>, u32, u32)> = vec![];
    for (door, load) in doors {
        let place = Place::Unit(&door.building, &door.unit);
        let floors = floors_to(community, door, level);
        match stairwells.last_mut() {
            Some((last, highest, weight)) if *last == place => {
                *highest = floors.max(*highest);
                *weight = weight.saturating_add(load.weight_grams);
            }
            Some(_) | None => stairwells.push((place, floors, load.weight_grams)),
        }
    }
    of_trip(ways, stairwells.into_iter().map(|(at, floors, weight)| (at, climb(floors, weight))))
}
