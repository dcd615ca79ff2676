//! A community as its people know it: read from the same file that the engine is given.

use std::collections::{BTreeMap, BTreeSet};

use domain::address::Unit;
use domain::community::event::ArrivalPolicySet;
use domain::community::{CommunityCommand, IntakeHour, intake_hours};
use domain::ids::{BuildingId, CommunityId, GridId, ZoneId};
use domain::supply::{Category, Load};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use runtime::community_file::{self, FileError};

/// The sample community `fumin-garden`.
pub const FUMIN_GARDEN: &str = include_str!("../communities/fumin-garden.toml");

/// One building.
#[derive(Debug, Clone)]
pub(crate) struct Building {
    pub id: BuildingId,
    pub grid: GridId,
    pub units: Vec<Unit>,
}

/// A community's layout and rules.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub id: CommunityId,
    pub time_zone: TimeZone,
    pub buildings: Vec<Building>,
    pub zones: BTreeMap<ZoneId, BTreeSet<BuildingId>>,
    pub act_seconds: BTreeMap<Category, u32>,
    pub trip_limit: Load,
    arrivals: Option<ArrivalPolicySet>,
}

impl Place {
    /// Reads a community's file.
    pub fn read(file: &str) -> Result<Self, FileError> {
        let (id, commands) = community_file::read(file)?;
        let mut place = Self {
            id,
            time_zone: TimeZone::UTC,
            buildings: vec![],
            zones: BTreeMap::new(),
            act_seconds: BTreeMap::new(),
            trip_limit: Load { pieces: 20, weight_grams: 100_000, volume_millilitres: 400_000 },
            arrivals: None,
        };
        let mut described = BTreeMap::new();
        for command in commands {
            place.learn(command, &mut described);
        }
        Ok(place)
    }

    fn learn(
        &mut self,
        command: CommunityCommand,
        described: &mut BTreeMap<BuildingId, Vec<Unit>>,
    ) {
        match command {
            CommunityCommand::Register(fact) => {
                self.time_zone = TimeZone::get(&fact.time_zone).unwrap_or(TimeZone::UTC);
            }
            CommunityCommand::DescribeBuilding(fact) => {
                described.insert(fact.building, fact.units);
            }
            CommunityCommand::AssignBuilding(fact) => {
                if let Some(units) = described.remove(&fact.building) {
                    self.buildings.push(Building { id: fact.building, grid: fact.grid, units });
                }
            }
            CommunityCommand::DrawZone(fact) => {
                self.zones.insert(fact.zone, fact.buildings);
            }
            CommunityCommand::SetDisinfectionPolicy(fact) => {
                let seconds = fact.rule.map_or(0, |rule| rule.act_seconds);
                self.act_seconds.insert(fact.category, seconds);
            }
            CommunityCommand::SetTripLimit(fact) => self.trip_limit = fact.limit,
            CommunityCommand::SetArrivalPolicy(fact) => self.arrivals = Some(fact),
            CommunityCommand::OpenGate(_)
            | CommunityCommand::SetIntakePoint(_)
            | CommunityCommand::DrawGrid(_)
            | CommunityCommand::ChangeZoneState(_)
            | CommunityCommand::AddAlias(_)
            | CommunityCommand::SetWindowPolicy(_)
            | CommunityCommand::PlaceGate(_)
            | CommunityCommand::PlaceEntrance(_)
            | CommunityCommand::DrawPaths(_)
            | CommunityCommand::BlockPath(_)
            | CommunityCommand::ClearPath(_)
            | CommunityCommand::SetPlanningPolicy(_)
            | CommunityCommand::SetDeliveryPolicy(_) => {}
        }
    }

    /// A local time of a day as a moment.
    pub fn at(&self, date: Date, time: Time) -> Timestamp {
        let zoned = date.to_datetime(time).to_zoned(self.time_zone.clone());
        zoned.map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
    }

    /// The local time of a moment.
    pub fn local(&self, at: Timestamp) -> Time {
        at.to_zoned(self.time_zone.clone()).time()
    }

    /// The hours of a day in which supplies are taken in, as they hang at the gate.
    pub fn hours(&self, date: Date) -> Vec<IntakeHour> {
        intake_hours(self.arrivals.as_ref(), &self.time_zone, date)
    }

    /// The grid of a building.
    pub fn grid_of(&self, building: &BuildingId) -> Option<&GridId> {
        self.buildings.iter().find(|one| one.id == *building).map(|one| &one.grid)
    }
}
