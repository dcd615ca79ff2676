//! Addresses inside a community: building, unit, door; and which doors a building has.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BuildingId, GridId, HouseholdId, RoomId, UnitId};

/// One door.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Door {
    /// The building.
    pub building: BuildingId,
    /// The unit (stairwell).
    pub unit: UnitId,
    /// The room, as it stands on the door.
    pub room: RoomId,
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.building, self.unit, self.room)
    }
}

/// For whom a parcel is: the door, the grid it lay in when this was decided, and the household
/// where it is known (several may live behind one door).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recipient {
    /// The household, where the address told which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<HouseholdId>,
    /// The door.
    pub door: Door,
    /// The grid of the door's building.
    pub grid: GridId,
}

/// A unit (stairwell) of a building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    /// Its name: `1`.
    pub id: UnitId,
    /// Floors above ground, from 1.
    pub floors: u16,
    /// Doors on each floor; rooms are then named floor and two-digit door: `301`, `1204`.
    pub doors_per_floor: u16,
    /// Rooms that the rule above does not name, with the floor each lies on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_rooms: Vec<Room>,
}

/// A room whose name does not follow the unit's rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Room {
    /// The name on the door.
    pub id: RoomId,
    /// The floor; 0 is the ground where shops lie, negative is below it.
    pub floor: i16,
}

impl Unit {
    /// The floor of a room; `None` when the unit has no such room.
    pub fn floor_of(&self, room: &RoomId) -> Option<i16> {
        if let Some(extra) = self.extra_rooms.iter().find(|extra| extra.id == *room) {
            return Some(extra.floor);
        }
        let digits = room.as_str();
        if digits.len() < 3
            || digits.starts_with('0')
            || !digits.bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let (floor, door) = digits.split_at(digits.len() - 2);
        let (floor, door) = (floor.parse::<u16>().ok()?, door.parse::<u16>().ok()?);
        let exists =
            (1..=self.floors).contains(&floor) && (1..=self.doors_per_floor).contains(&door);
        if exists { i16::try_from(floor).ok() } else { None }
    }

    /// Every room with its floor, ground first.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, i16)> + '_ {
        let numbered = (1..=self.floors).flat_map(move |floor| {
            (1..=self.doors_per_floor).filter_map(move |door| {
                let room = format!("{floor}{door:02}").parse().ok()?;
                Some((room, i16::try_from(floor).ok()?))
            })
        });
        let extra = self.extra_rooms.iter().map(|room| (room.id.clone(), room.floor));
        numbered.chain(extra)
    }
}

/// A place on the compound's plan, in decimetres east and north of its south-west corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanPoint {
    /// Decimetres to the east.
    pub east_dm: i32,
    /// Decimetres to the north.
    pub north_dm: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        let shop = Room { id: "门市2".parse().unwrap(), floor: 0 };
        Unit { id: "1".parse().unwrap(), floors: 12, doors_per_floor: 4, extra_rooms: vec![shop] }
    }

    #[test]
    fn floors_follow_the_room_number() {
        let floor = |room: &str| unit().floor_of(&room.parse().unwrap());
        assert_eq!(floor("301"), Some(3));
        assert_eq!(floor("1204"), Some(12));
        assert_eq!(floor("门市2"), Some(0));
        for absent in ["305", "1301", "300", "0301", "31", "3a1", "９０１"] {
            assert_eq!(floor(absent), None, "{absent}");
        }
    }

    #[test]
    fn every_listed_room_exists() {
        let unit = unit();
        assert_eq!(unit.rooms().count(), 12 * 4 + 1);
        assert!(unit.rooms().all(|(room, floor)| unit.floor_of(&room) == Some(floor)));
    }
}
