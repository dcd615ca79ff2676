//! Zones: who may go into which building, and until when.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CommunityState;
use super::event::{Restriction, ZoneStateChanged};
use crate::ids::{BuildingId, ZoneId};

/// One zone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Zone {
    /// Its buildings.
    pub buildings: BTreeSet<BuildingId>,
    /// The restriction that was set last, and the times of it.
    pub state: Option<ZoneStateChanged>,
    /// The restrictions before it, latest first: each holds where no later one does.
    pub earlier: Vec<ZoneStateChanged>,
}

/// Whether a building's zone lets a delivery in at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneAccess {
    /// It does.
    Admitted,
    /// It does not.
    Closed {
        /// The zone that is closed.
        zone: ZoneId,
    },
}

impl ZoneAccess {
    /// The zone that is closed.
    pub fn closed_zone(self) -> Option<ZoneId> {
        match self {
            Self::Admitted => None,
            Self::Closed { zone } => Some(zone),
        }
    }
}

/// The zones that let no delivery in at some moment, and their buildings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedZones(Vec<(ZoneId, BTreeSet<BuildingId>)>);

impl ClosedZones {
    /// Whether a delivery may go into a building.
    pub fn access(&self, building: &BuildingId) -> ZoneAccess {
        match self.0.iter().find(|(_, buildings)| buildings.contains(building)) {
            Some((zone, _)) => ZoneAccess::Closed { zone: zone.clone() },
            None => ZoneAccess::Admitted,
        }
    }
}

impl CommunityState {
    /// The zones that let no delivery in at a moment. Protection opens sealed zones, and nothing
    /// opens a zone that is being tested.
    pub fn closed_zones(&self, at: Timestamp, protection: bool) -> ClosedZones {
        let closed =
            self.zones.iter().filter(|(_, zone)| !lets_in(restriction_at(zone, at), protection));
        ClosedZones(closed.map(|(id, zone)| (id.clone(), zone.buildings.clone())).collect())
    }

    /// When a building that can be gone to at a moment can no longer be, and which zone closes
    /// then, as far as anybody has said; `None` is nobody has.
    pub fn closes_next(
        &self,
        building: &BuildingId,
        after: Timestamp,
        protection: bool,
    ) -> Option<(Timestamp, &ZoneId)> {
        let zones = self.zones.iter().filter(|(_, zone)| zone.buildings.contains(building));
        let closings = zones.filter_map(|(id, zone)| {
            let states = || zone.state.iter().chain(&zone.earlier);
            let changes = states().flat_map(|state| [Some(state.from), state.until]).flatten();
            let closes =
                changes.filter(|at| *at > after && !lets_in(restriction_at(zone, *at), protection));
            Some((closes.min()?, id))
        });
        closings.min()
    }
}

/// Whether deliveries go into a zone: protection opens a sealed one.
fn lets_in(restriction: Restriction, protection: bool) -> bool {
    match restriction {
        Restriction::Open => true,
        Restriction::Testing => false,
        Restriction::Sealed => protection,
    }
}

/// The restriction of a zone at a moment: of those whose time it is, the one that was set last. So
/// a test on a sealed zone's morning leaves it sealed before and after.
pub fn restriction_at(zone: &Zone, at: Timestamp) -> Restriction {
    zone.state
        .iter()
        .chain(&zone.earlier)
        .find(|state| state.from <= at && state.until.is_none_or(|until| at < until))
        .map_or(Restriction::Open, |state| state.restriction)
}

/// Sets a zone's restriction; the earlier ones stay where their time is not wholly covered by it.
pub(super) fn restrict(zone: &mut Zone, event: &ZoneStateChanged) {
    let ends_later = |earlier: &ZoneStateChanged| match (earlier.until, event.until) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(earlier), Some(until)) => earlier > until,
    };
    let last = zone.state.replace(event.clone());
    zone.earlier.splice(0..0, last);
    zone.earlier.retain(|earlier| earlier.from < event.from || ends_later(earlier));
}
