//! What can happen to a volunteer, and the facts that each happening carries.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::ids::{BuildingId, GridId};
use crate::sealed::Sealed;
use crate::supply::Load;

events! {
    /// Everything that can happen to a volunteer.
    pub enum VolunteerEvent {
        Enrolled(VolunteerEnrolled),
        RolesChanged(VolunteerRolesChanged),
        GridJoined(VolunteerGridJoined),
        Equipped(VolunteerEquipped),
        ShiftPlanned(VolunteerShiftPlanned),
        ShiftWithdrawn(VolunteerShiftWithdrawn),
        StatusSet(VolunteerStatusSet),
        BadgeRevoked(VolunteerBadgeRevoked),
        LimitsSet(VolunteerLimitsSet),
        BuildingsKept(VolunteerBuildingsKept),
        PoolJoined(VolunteerPoolJoined),
        BreakPlanned(VolunteerBreakPlanned),
        BreakWithdrawn(VolunteerBreakWithdrawn),
    }
}

/// What a volunteer does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Carries pieces to the doors (配送).
    Courier,
    /// Sorts at the intake point (分拣).
    Sorter,
    /// Disinfects pieces and places (消杀).
    Disinfector,
    /// Buys on request in the open shops (代购).
    Shopper,
    /// Takes and makes calls (接线).
    Caller,
    /// Plans runs and settles what is open (统筹).
    Coordinator,
}

/// A volunteer or worker is known to the engine and has a badge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerEnrolled {
    /// The grid that the volunteer serves, and no other; `None` until one is joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<GridId>,
    /// What the volunteer does; at least one role.
    pub roles: BTreeSet<Role>,
    /// Whether the volunteer has protection for sealed zones.
    pub protection: bool,
    /// What the volunteer can carry in one trip.
    pub carry_limit: Load,
    /// The name, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Sealed>,
}

/// The volunteer does this from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerRolesChanged {
    /// Every role, at least one.
    pub roles: BTreeSet<Role>,
}

/// The volunteer serves this grid from now on, and no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerGridJoined {
    /// The grid.
    pub grid: GridId,
}

/// The volunteer has this protection and can carry this much from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerEquipped {
    /// Whether the volunteer has protection for sealed zones.
    pub protection: bool,
    /// What the volunteer can carry in one trip.
    pub carry_limit: Load,
}

/// The volunteer works then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerShiftPlanned {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// The volunteer does not work then after all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerShiftWithdrawn {
    /// When the shift would have begun.
    pub from: Timestamp,
    /// When it would have ended.
    pub until: Timestamp,
}

/// Whether a volunteer can be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VolunteerStatus {
    /// Yes.
    #[default]
    Available,
    /// Not during a break.
    OnBreak,
    /// Not while unwell.
    Unwell,
    /// Not while away.
    Away,
}

/// The volunteer said how things stand, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerStatusSet {
    /// How things stand.
    pub status: VolunteerStatus,
    /// When that expires, and the volunteer can be asked again; `None` is at the next change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The badge is worth nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerBadgeRevoked {}

/// The volunteer said how much climbing is not too much.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerLimitsSet {
    /// The floors of one trip that the volunteer climbs at most; `None` is as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floors_a_trip: Option<u32>,
    /// The floors of one day that the volunteer climbs at most; `None` is as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floors_a_day: Option<u32>,
    /// How long the volunteer rests after a trip before the next offer, in seconds.
    pub rest_seconds: u32,
}

/// The volunteer is the regular one of these buildings: whoever lives there knows the face.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerBuildingsKept {
    /// The buildings; none is nobody's regular.
    pub buildings: BTreeSet<BuildingId>,
}

/// When a volunteer is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// On duty: whenever there is a trip.
    #[default]
    Duty,
    /// In an emergency: when nobody on duty can make the trip.
    Emergency,
}

/// The volunteer is asked then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerPoolJoined {
    /// The pool.
    pub pool: Pool,
}

/// The volunteer rests then, within a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerBreakPlanned {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// The volunteer does not rest then after all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolunteerBreakWithdrawn {
    /// When the break would have begun.
    pub from: Timestamp,
    /// When it would have ended.
    pub until: Timestamp,
}
