//! A whole community from one TOML file: read, checked, and turned into commands.
//!
//! Every command says how something shall be, so loading the file again changes only what differs.
//! Nothing is removed by leaving it out of the file.

use std::collections::{BTreeMap, BTreeSet};

use domain::Decider;
use domain::address::{PlanPoint, Room, Unit};
use domain::community::event::{
    AliasAdded, AliasTarget, ArrivalPolicySet, BuildingAssigned, BuildingDescribed,
    CommunityRegistered, Crossing, DeliveryPolicySet, DisinfectionPolicySet, EntrancePlaced,
    GateOpened, GatePlaced, GridColour, GridDrawn, IntakeHours, IntakePointSet, Language, Path,
    PathsDrawn, PickupSlots, PlanningPolicySet, TripLimitSet, Window, WindowPolicySet, ZoneDrawn,
};
use domain::community::{Community, CommunityCommand, CommunityEvent};
use domain::device::event::ContentDigest;
use domain::ids::{
    ActorId, BuildingId, CommunityId, CrossingId, GateId, GridId, PathId, RoomId, UnitId, ZoneId,
};
use domain::parcel::event::DeliveryLevel;
use domain::supply::{Category, DisinfectionRule, Load};
use jiff::civil::Time;
use planner::walk::Point;
use planner::ways;
use planner::yard::{TooMany, Yard};
use serde::Deserialize;

use crate::codec::Main;
use crate::engine::Engine;
use crate::ids::new_command_id;
use crate::problem::Problem;
use crate::request::{Occurred, Request};

/// The longest file, in bytes.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// A community as its file tells it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: CommunityId,
    name: String,
    time_zone: String,
    #[serde(default)]
    language: Language,
    intake_point: GateId,
    #[serde(default)]
    gates: BTreeSet<GateId>,
    /// Where gates stand on the compound's plan.
    #[serde(default)]
    gate_positions: BTreeMap<GateId, PlanPoint>,
    trip_limit: Option<Load>,
    #[serde(default)]
    grids: BTreeMap<GridId, GridColour>,
    #[serde(default)]
    buildings: Vec<BuildingEntry>,
    #[serde(default)]
    zones: BTreeMap<ZoneId, BTreeSet<BuildingId>>,
    #[serde(default)]
    windows: BTreeMap<Category, WindowEntry>,
    #[serde(default)]
    disinfection: BTreeMap<Category, DisinfectionRule>,
    #[serde(default)]
    aliases: Vec<AliasEntry>,
    #[serde(default)]
    ground: GroundEntry,
    planning: Option<PlanningEntry>,
    #[serde(default)]
    delivery: BTreeMap<Category, DeliveryEntry>,
    /// When deliveries come to the intake point, and how many.
    arrivals: Option<ArrivalsEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BuildingEntry {
    id: BuildingId,
    grid: GridId,
    /// How many units named 1, 2, 3 … there are, all alike.
    units: u16,
    floors: u16,
    doors_per_floor: u16,
    #[serde(default)]
    lift: bool,
    position: Option<PlanPoint>,
    /// Where people enter it, where that is not where it stands.
    entrance: Option<PlanPoint>,
    /// Where people enter a unit of it.
    #[serde(default)]
    entrances: BTreeMap<UnitId, PlanPoint>,
    /// Its corners, where the file leaves it to us to find ways round it.
    #[serde(default)]
    footprint: Vec<PlanPoint>,
    /// Units that are not like the others, by name.
    #[serde(default)]
    unit: BTreeMap<UnitId, UnitEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitEntry {
    floors: u16,
    doors_per_floor: u16,
    #[serde(default)]
    extra_rooms: BTreeMap<RoomId, i16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowEntry {
    #[serde(default)]
    windows: Vec<Window>,
    immediate_up_to_pieces: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AliasEntry {
    text: String,
    /// Without it, the text means the community itself: its road, its other name.
    building: Option<BuildingId>,
    unit: Option<UnitId>,
    room: Option<RoomId>,
}

/// The compound's paths: where they meet, and from where to where they lead. Where nobody has drawn
/// them, the compound's corners, so that ways are found inside it and round its buildings.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroundEntry {
    #[serde(default)]
    crossings: BTreeMap<CrossingId, PlanPoint>,
    #[serde(default)]
    paths: BTreeMap<PathId, PathEntry>,
    #[serde(default)]
    outline: Vec<PlanPoint>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathEntry {
    from: CrossingId,
    to: CrossingId,
    /// Without it, the path is straight.
    length_dm: Option<u32>,
}

/// How deliveries are planned; what is left out is as everywhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PlanningEntry {
    automatic: bool,
    cart_pieces: u32,
    wait_at_most_seconds: u32,
    answer_within_seconds: u32,
    attempts_a_day: u32,
    day_closes: Time,
}

impl Default for PlanningEntry {
    fn default() -> Self {
        let PlanningPolicySet {
            automatic,
            cart_pieces,
            wait_at_most_seconds,
            answer_within_seconds,
            attempts_a_day,
            day_closes,
        } = planner::waves::POLICY;
        Self {
            automatic,
            cart_pieces,
            wait_at_most_seconds,
            answer_within_seconds,
            attempts_a_day,
            day_closes,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryEntry {
    level: DeliveryLevel,
    pickup: Option<PickupSlots>,
}

/// When deliveries come; without hours all day, without a number as many as want to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArrivalsEntry {
    #[serde(default)]
    hours: Vec<IntakeHours>,
    per_hour: Option<u32>,
}

/// A file that is no community.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Longer than [`FILE_BYTES_MAX`].
    #[error("the file has {bytes} bytes; at most {FILE_BYTES_MAX} are read")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("the file is not text: save it as UTF-8")]
    NotText,
    /// Not the expected shape; the message says where.
    #[error("the file is not a community: {0}")]
    Shape(#[from] toml::de::Error),
    /// A time zone that the zone database does not have.
    #[error("`{0}` is no time zone: write an IANA name such as `Asia/Shanghai`")]
    TimeZone(String),
    /// A unit's name that is none.
    #[error("building {building} has a unit that cannot be named")]
    Unit {
        /// The building.
        building: BuildingId,
    },
    /// An alias with a room but no unit, or a unit but no building.
    #[error("the alias `{text}` names a room without its unit, or a unit without its building")]
    Alias {
        /// The alias.
        text: String,
    },
    /// Paths are drawn, and corners are told to find some.
    #[error(
        "the file draws paths, and tells an outline or footprints to find ways by: leave one of \
         them out"
    )]
    PathsTwice,
    /// More corners than ways are found round.
    #[error("no ways can be found: {0}; draw [ground.crossings] and [ground.paths] instead")]
    Yard(#[from] TooMany),
    /// A path between crossings that the file does not have.
    #[error("path {path} begins or ends at a crossing that the file does not have")]
    Crossing {
        /// The path.
        path: PathId,
    },
}

/// Reads a community's file: its id, and the commands that make it so, in an order that works.
///
/// # Errors
/// See [`FileError`]; it says what to mend.
pub fn read(text: &str) -> Result<(CommunityId, Vec<CommunityCommand>), FileError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(FileError::TooLong { bytes: text.len() });
    }
    let file: File = toml::from_str(text)?;
    if jiff::tz::TimeZone::get(&file.time_zone).is_err() {
        return Err(FileError::TimeZone(file.time_zone));
    }
    let id = file.id.clone();
    Ok((id, commands(file)?))
}

/// What loading a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loaded {
    /// How many facts changed.
    pub changed: usize,
    /// How many were so already.
    pub unchanged: usize,
}

/// Puts a file's commands to their community, in order.
///
/// # Errors
/// The problem of the first command that is refused; what came before it holds, and loading the
/// mended file goes on from there.
pub async fn load(
    engine: &Engine,
    community: &CommunityId,
    actor: &ActorId,
    commands: Vec<CommunityCommand>,
) -> Result<Loaded, Problem> {
    let mut loaded = Loaded::default();
    let recorded_at = engine.clock().now();
    let load = new_command_id();
    for (index, command) in commands.into_iter().enumerate() {
        let (state, _) = engine.peek::<Community>(community, &Main).await?;
        if Community::decide(&state, command.clone()).is_ok_and(|events| events.is_empty()) {
            loaded.unchanged += 1;
            continue;
        }
        let request = Request {
            command_id: load.follow_up(&index.to_string()),
            content: ContentDigest::from_bytes(*load.0.as_bytes()),
            community: community.clone(),
            actor: actor.clone(),
            device: None,
            sequence: None,
            occurred: Occurred::now(recorded_at),
            recorded_at,
            correlation_id: Some(load),
            causation_id: None,
        };
        engine.command::<Community>(&request, &Main, None, |_| Ok(command.clone())).await?;
        loaded.changed += 1;
    }
    Ok(loaded)
}

/// What putting commands to a community would change, in order: nothing is written.
///
/// # Errors
/// The problem of the first command that would be refused.
pub async fn preview(
    engine: &Engine,
    community: &CommunityId,
    commands: Vec<CommunityCommand>,
) -> Result<(Vec<CommunityEvent>, Loaded), Problem> {
    let (state, _) = engine.peek::<Community>(community, &Main).await?;
    let (mut state, mut changes) = ((*state).clone(), vec![]);
    let mut loaded = Loaded::default();
    for command in commands {
        let decided = Community::decide(&state, command);
        let events = decided.map_err(|refusal| Problem::refused(&refusal))?;
        if events.is_empty() {
            loaded.unchanged += 1;
        } else {
            loaded.changed += 1;
        }
        state = events.iter().fold(state, Community::evolve);
        changes.extend(events);
    }
    Ok((changes, loaded))
}

fn commands(file: File) -> Result<Vec<CommunityCommand>, FileError> {
    let ways = found(&file)?;
    let File { name, time_zone, language, intake_point, .. } = file;
    let mut commands =
        vec![CommunityCommand::Register(CommunityRegistered { name, time_zone, language })];
    let gates = file.gates.into_iter().chain([intake_point.clone()]).collect::<BTreeSet<_>>();
    commands.extend(gates.into_iter().map(|gate| CommunityCommand::OpenGate(GateOpened { gate })));
    commands.push(CommunityCommand::SetIntakePoint(IntakePointSet { gate: intake_point }));
    for (gate, position) in file.gate_positions {
        commands.push(CommunityCommand::PlaceGate(GatePlaced { gate, position }));
    }
    for (grid, colour) in file.grids {
        commands.push(CommunityCommand::DrawGrid(GridDrawn { grid, colour }));
    }
    for mut entry in file.buildings {
        let (building, grid) = (entry.id.clone(), entry.grid.clone());
        let entrances = entrances(&mut entry);
        commands.push(CommunityCommand::DescribeBuilding(describe(entry)?));
        commands.push(CommunityCommand::AssignBuilding(BuildingAssigned { building, grid }));
        commands.extend(entrances.into_iter().map(CommunityCommand::PlaceEntrance));
    }
    if let Some(paths) = drawn(file.ground)?.or(ways) {
        commands.push(CommunityCommand::DrawPaths(paths));
    }
    for (zone, buildings) in file.zones {
        commands.push(CommunityCommand::DrawZone(ZoneDrawn { zone, buildings }));
    }
    for (category, WindowEntry { windows, immediate_up_to_pieces }) in file.windows {
        let fact = WindowPolicySet { category, windows, immediate_up_to_pieces };
        commands.push(CommunityCommand::SetWindowPolicy(fact));
    }
    for (category, rule) in file.disinfection {
        let fact = DisinfectionPolicySet { category, rule: Some(rule) };
        commands.push(CommunityCommand::SetDisinfectionPolicy(fact));
    }
    if let Some(limit) = file.trip_limit {
        commands.push(CommunityCommand::SetTripLimit(TripLimitSet { limit }));
    }
    for (category, DeliveryEntry { level, pickup }) in file.delivery {
        let fact = DeliveryPolicySet { category, level, pickup };
        commands.push(CommunityCommand::SetDeliveryPolicy(fact));
    }
    commands.extend(file.planning.as_ref().map(planned));
    if let Some(ArrivalsEntry { hours, per_hour }) = file.arrivals {
        let fact = ArrivalPolicySet { hours, per_hour };
        commands.push(CommunityCommand::SetArrivalPolicy(fact));
    }
    for AliasEntry { text, building, unit, room } in file.aliases {
        let target = match (building, unit, room) {
            (None, None, None) => AliasTarget::Community,
            (Some(building), None, None) => AliasTarget::Building(building),
            (Some(building), Some(unit), None) => AliasTarget::Unit(building, unit),
            (Some(building), Some(unit), Some(room)) => {
                AliasTarget::Door(domain::address::Door { building, unit, room })
            }
            (_, None, Some(_)) | (None, Some(_), _) => return Err(FileError::Alias { text }),
        };
        commands.push(CommunityCommand::AddAlias(AliasAdded { text, target }));
    }
    Ok(commands)
}

fn planned(entry: &PlanningEntry) -> CommunityCommand {
    CommunityCommand::SetPlanningPolicy(PlanningPolicySet {
        automatic: entry.automatic,
        cart_pieces: entry.cart_pieces,
        wait_at_most_seconds: entry.wait_at_most_seconds,
        answer_within_seconds: entry.answer_within_seconds,
        attempts_a_day: entry.attempts_a_day,
        day_closes: entry.day_closes,
    })
}

/// Takes the entrances out of a building's entry.
fn entrances(entry: &mut BuildingEntry) -> Vec<EntrancePlaced> {
    let whole = entry.entrance.take().map(|position| (None, position));
    let units = std::mem::take(&mut entry.entrances).into_iter();
    let placed = whole.into_iter().chain(units.map(|(unit, position)| (Some(unit), position)));
    let building = &entry.id;
    placed
        .map(|(unit, position)| EntrancePlaced { building: building.clone(), unit, position })
        .collect()
}

/// The ways between the intake point and all entrances that are found inside the outline and round
/// the footprints of a file; `None` when it tells neither.
fn found(file: &File) -> Result<Option<PathsDrawn>, FileError> {
    let GroundEntry { crossings, paths, outline } = &file.ground;
    let ring = |corners: &[PlanPoint]| corners.iter().copied().map(ways::point).collect::<Vec<_>>();
    let buildings = file.buildings.iter();
    let footprints: Vec<_> =
        buildings.filter(|one| !one.footprint.is_empty()).map(|one| ring(&one.footprint)).collect();
    if outline.is_empty() && footprints.is_empty() {
        return Ok(None);
    }
    if !crossings.is_empty() || !paths.is_empty() {
        return Err(FileError::PathsTwice);
    }
    let gate = file.gate_positions.get(&file.intake_point);
    let doors = file.buildings.iter().flat_map(|building| {
        let whole = building.entrance.or(building.position);
        building.entrances.values().copied().chain(whole)
    });
    let spots: Vec<_> = gate.copied().into_iter().chain(doors).map(ways::point).collect();
    let outline = ring(outline);
    let tracks = Yard { outline: &outline, footprints: &footprints }.tracks(&spots)?;
    let name = |node: usize| format!("w{node}").parse().ok();
    let crossing = |(node, at): (usize, &Point)| {
        let position = PlanPoint { east_dm: at.east_decimetres, north_dm: at.north_decimetres };
        Some(Crossing { id: name(node)?, position })
    };
    let path = |[one, other]: &[usize; 2]| {
        Some(Path {
            id: format!("w{one}-w{other}").parse().ok()?,
            from: name(*one)?,
            to: name(*other)?,
            length_dm: tracks.nodes[*one].straight_decimetres(tracks.nodes[*other]),
        })
    };
    Ok(Some(PathsDrawn {
        crossings: tracks.nodes.iter().enumerate().filter_map(crossing).collect(),
        paths: tracks.tracks.iter().filter_map(path).collect(),
    }))
}

/// The paths of a file; `None` when it has none.
fn drawn(ground: GroundEntry) -> Result<Option<PathsDrawn>, FileError> {
    let GroundEntry { crossings, paths, .. } = ground;
    if crossings.is_empty() && paths.is_empty() {
        return Ok(None);
    }
    let mut drawn = vec![];
    for (id, PathEntry { from, to, length_dm }) in paths {
        let (Some(one), Some(other)) = (crossings.get(&from), crossings.get(&to)) else {
            return Err(FileError::Crossing { path: id });
        };
        let length_dm =
            length_dm.unwrap_or_else(|| ways::point(*one).straight_decimetres(ways::point(*other)));
        drawn.push(Path { id, from, to, length_dm });
    }
    let crossings = crossings.into_iter().map(|(id, position)| Crossing { id, position });
    Ok(Some(PathsDrawn { crossings: crossings.collect(), paths: drawn }))
}

fn describe(entry: BuildingEntry) -> Result<BuildingDescribed, FileError> {
    let BuildingEntry { id: building, units, floors, doors_per_floor, lift, position, .. } = entry;
    let mut described = BTreeMap::new();
    for number in 1..=units {
        let unit = number.to_string().parse::<UnitId>();
        let unit = unit.map_err(|_| FileError::Unit { building: building.clone() })?;
        described.insert(unit, UnitEntry { floors, doors_per_floor, extra_rooms: BTreeMap::new() });
    }
    described.extend(entry.unit);
    let units = described.into_iter().map(|(id, unit)| Unit {
        id,
        floors: unit.floors,
        doors_per_floor: unit.doors_per_floor,
        extra_rooms: unit.extra_rooms.into_iter().map(|(id, floor)| Room { id, floor }).collect(),
    });
    Ok(BuildingDescribed { units: units.collect(), building, lift, position })
}

#[cfg(test)]
mod tests;
