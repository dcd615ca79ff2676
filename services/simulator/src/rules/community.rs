//! The ground that rules stand on: grids, zones and policies at each moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::facts::{
    Assigned, GridOf, Policy, Registered, Rule, Window, Windows, ZoneDrawn, ZoneState, read,
};
use super::{Look, Sight};

/// What the log tells of a community so far.
#[derive(Debug, Default)]
pub(crate) struct Ground {
    time_zone: Option<TimeZone>,
    grids: BTreeMap<String, String>,
    zones: BTreeMap<String, BTreeSet<String>>,
    restrictions: Vec<ZoneState>,
    policies: BTreeMap<String, Rule>,
    windows: BTreeMap<String, Vec<Window>>,
    volunteers: BTreeMap<String, String>,
}

impl Ground {
    pub(super) fn look(&mut self, sight: &Sight<'_>) -> Look {
        match sight.event_type {
            "CommunityRegistered" => {
                let fact: Registered = read(sight.data)?;
                self.time_zone = TimeZone::get(&fact.time_zone).ok();
            }
            "BuildingAssigned" => {
                let fact: Assigned = read(sight.data)?;
                self.grids.insert(fact.building, fact.grid);
            }
            "ZoneDrawn" => {
                let fact: ZoneDrawn = read(sight.data)?;
                self.zones.insert(fact.zone, fact.buildings.into_iter().collect());
            }
            "ZoneStateChanged" => self.restrictions.push(read(sight.data)?),
            "DisinfectionPolicySet" => {
                let fact: Policy = read(sight.data)?;
                match fact.rule {
                    Some(rule) => self.policies.insert(fact.category, rule),
                    None => self.policies.remove(&fact.category),
                };
            }
            "WindowPolicySet" => {
                let fact: Windows = read(sight.data)?;
                self.windows.insert(fact.category, fact.windows);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn look_at_volunteer(&mut self, id: &str, sight: &Sight<'_>) -> Look {
        if matches!(sight.event_type, "VolunteerEnrolled" | "VolunteerGridJoined") {
            let fact: GridOf = read(sight.data)?;
            match fact.grid {
                Some(grid) => self.volunteers.insert(id.to_owned(), grid),
                None => self.volunteers.remove(id),
            };
        }
        Ok(())
    }

    pub(super) fn grid_of(&self, building: &str) -> Option<&str> {
        self.grids.get(building).map(String::as_str)
    }

    pub(super) fn grid_of_volunteer(&self, volunteer: &str) -> Option<&str> {
        self.volunteers.get(volunteer).map(String::as_str)
    }

    pub(super) fn policy(&self, category: &str) -> Option<Rule> {
        self.policies.get(category).copied()
    }

    /// The zone that keeps deliveries out of a building at a moment. Of the restrictions whose time
    /// it is, the one that was set last holds.
    pub(super) fn closed(&self, building: &str, at: Timestamp) -> Option<&str> {
        let zones = self.zones.iter().filter(|(_, buildings)| buildings.contains(building));
        zones.map(|(zone, _)| zone.as_str()).find(|zone| {
            let of_zone = self.restrictions.iter().rev().filter(|state| state.zone == **zone);
            let mut now = of_zone
                .filter(|state| state.from <= at && state.until.is_none_or(|until| at < until));
            now.next().is_some_and(|state| state.restriction != "open")
        })
    }

    /// Whether a piece that came in at one moment and was handed off at another kept its window:
    /// the first one of that day which takes it. `None` when no window was promised.
    pub(crate) fn kept_window(
        &self,
        category: &str,
        arrived: Timestamp,
        handed_off: Option<Timestamp>,
    ) -> Option<bool> {
        let arrived = self.local(arrived);
        let windows = self.windows.get(category)?;
        let window = windows.iter().find(|window| arrived.time() <= window.cut_off)?;
        let by = arrived.date().to_datetime(window.closes);
        Some(handed_off.is_some_and(|handed_off| self.local(handed_off) <= by))
    }

    fn local(&self, at: Timestamp) -> DateTime {
        let zone = self.time_zone.clone().unwrap_or(TimeZone::UTC);
        at.to_zoned(zone).datetime()
    }
}
