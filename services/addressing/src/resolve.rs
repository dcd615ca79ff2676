//! Text and phone tail against a community: ranked candidates, their reasons, and how sure it is.
//!
//! **Certain is never a guess.** The rules, each held by a test:
//! - the plainest reading must lead to exactly one door that exists; a freer reading never makes a
//!   certain answer, but for a room number that also holds the unit (`10栋1204`) in a building where
//!   no room has that many digits;
//! - whatever the text names and the community does not have (a building, a unit, a room, a lane's
//!   number, an annex) speaks against certainty, and is never left out to make the rest fit;
//! - a word or a dash whose number is missing, two differing addresses, a number that needed its
//!   zeros taken off: asked;
//! - one household lives behind the door, or the phone tail or the whole name fits exactly one of
//!   them, and neither speaks for anybody else. A family name only ranks.

use domain::address::Door;
use domain::ids::{BuildingId, CarrierId, GridId, HouseholdId, RoomId, UnitId};

use crate::layout::{Alias, Building, Layout, NameToken, RoomName, TailToken, UnitRooms};
use crate::lex::Doubt;
use crate::markers::BELOW;
use crate::parse::{Freedom, Parsed, Reading, read};
use crate::rank::{add_hints, rank};
use crate::text::{Part, normalise};

/// The most candidates of an answer: what a person can compare at a glance.
pub const CANDIDATES_MAX: usize = 8;
/// Among so many doors a phone tail may decide. Each further door adds one chance in ten thousand
/// that a stranger's tail fits by accident.
pub const TAIL_DOORS_MAX: usize = 8;
/// The most reasons of a candidate: one for each part of an address, and what was done to it.
pub const REASONS_MAX: usize = 12;
/// The most doors that one text is compared with.
const DOORS_MAX: usize = 64;

/// The name on a label, as tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NameTokens {
    /// The whole name; `None` for `李女士` or `李**`.
    pub whole: Option<NameToken>,
    /// The family name.
    pub family: Option<NameToken>,
}

/// What was written on a piece, or shouted at the gate.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// The address as written.
    pub text: &'a str,
    /// The token of the phone tail, if one stands there.
    pub tail: Option<TailToken>,
    /// The tokens of the recipient's name, if one stands there; never the sender's.
    pub name: NameTokens,
    /// Who carried it here, if known; some aliases are one carrier's only.
    pub carrier: Option<&'a CarrierId>,
}

/// How sure an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The first candidate is the one.
    Certain,
    /// A person chooses among the candidates, though there may be one only.
    Choose,
    /// Nothing fits: to the held shelf.
    Unknown,
}

/// Why a candidate is where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The building that is written exists.
    BuildingFits,
    /// A name of the community stands for the building.
    AliasFits,
    /// No building is written.
    BuildingMissing,
    /// The unit that is written exists.
    UnitFits,
    /// No unit is written; this one has the room.
    UnitMissing,
    /// The room exists.
    RoomFits,
    /// No room is written, or none that exists.
    RoomMissing,
    /// The number was read as unit and room together.
    SplitNumber,
    /// The text allows this reading, but it is not the plain one.
    RareReading,
    /// Zeros in front were taken off.
    ZerosDropped,
    /// Something is written behind it that the community does not know.
    AnnexUnknown,
    /// One household lives there.
    OneHousehold,
    /// So many households live there.
    SeveralHouseholds(u16),
    /// Nobody is registered there.
    NobodyRegistered,
    /// The household is away for a while.
    Away,
    /// The household moved out.
    MovedOut,
    /// The phone tail is this household's.
    TailFits,
    /// The phone tail is not this household's.
    TailDiffers,
    /// Only the phone tail speaks for it; the address does not.
    TailOnly,
    /// The name is this household's.
    NameFits,
    /// The family name is this household's.
    FamilyNameFits,
    /// Only the name speaks for it; the address does not.
    NameOnly,
}

/// The reasons of a candidate, held in place: at most [`REASONS_MAX`].
#[derive(Clone, Copy)]
pub struct Reasons {
    list: [Reason; REASONS_MAX],
    length: u8,
}

impl Reasons {
    pub(crate) fn new(reasons: &[Reason]) -> Self {
        let mut all = Self { list: [Reason::BuildingFits; REASONS_MAX], length: 0 };
        for reason in reasons {
            all.push(*reason);
        }
        all
    }

    pub(crate) fn push(&mut self, reason: Reason) {
        if let Some(free) = self.list.get_mut(usize::from(self.length)) {
            *free = reason;
            self.length += 1;
        }
    }
}

impl std::ops::Deref for Reasons {
    type Target = [Reason];

    fn deref(&self) -> &[Reason] {
        &self.list[..usize::from(self.length)]
    }
}

impl PartialEq for Reasons {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Reasons {}

impl std::fmt::Debug for Reasons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

/// What stands in the way of a certain answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// The text itself is doubtful.
    Text(Doubt),
    /// It holds no part of an address.
    NothingRead,
    /// The community has no such building.
    BuildingUnknown(Part),
    /// The building has no such unit.
    UnitUnknown(Part),
    /// The unit has no such room.
    RoomUnknown(Part),
    /// The phone tail belongs to somebody else here.
    TailElsewhere,
    /// The phone tail decides nothing.
    TailUndecided,
    /// The name belongs to somebody else here, and to nobody behind the door.
    NameElsewhere,
    /// Several doors fit, so many.
    SeveralDoors(u16),
    /// The text was read freely, or something in it was left over; the reasons tell what.
    NotPlain,
    /// No room is written.
    RoomMissing,
    /// Several households, or none that lives there, are behind the door.
    HouseholdOpen,
}

/// One place that the text may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The building.
    pub building: BuildingId,
    /// Its grid.
    pub grid: GridId,
    /// The unit, if it is known.
    pub unit: Option<UnitId>,
    /// The room, if it is known.
    pub room: Option<RoomId>,
    /// The household, if it is known.
    pub household: Option<HouseholdId>,
    /// Why it is here.
    pub reasons: Reasons,
}

impl Candidate {
    /// The door, if unit and room are known.
    pub fn door(&self) -> Option<Door> {
        let (unit, room) = (self.unit.clone()?, self.room.clone()?);
        Some(Door { building: self.building.clone(), unit, room })
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// How sure it is.
    pub verdict: Verdict,
    /// At most [`CANDIDATES_MAX`], the best first.
    pub candidates: Vec<Candidate>,
    /// Why it is not certain. Empty when it is.
    pub obstacles: Vec<Obstacle>,
}

impl Resolution {
    /// The candidate that is certain.
    pub fn certain(&self) -> Option<&Candidate> {
        match self.verdict {
            Verdict::Certain => self.candidates.first(),
            Verdict::Choose | Verdict::Unknown => None,
        }
    }
}

/// Resolves a text against a community.
pub fn resolve(layout: &Layout, query: &Query) -> Resolution {
    let Some(chars) = normalise(query.text) else {
        return answer_without_text(layout, query, Obstacle::Text(Doubt::TooLong));
    };
    let spans = layout.spans(&chars, query.carrier);
    let parsed = read(&chars, &spans);
    if parsed.readings.is_empty() {
        return answer_without_text(layout, query, Obstacle::NothingRead);
    }
    let mut search = Search { layout, found: Vec::new(), obstacles: Vec::new() };
    search.doubts(&parsed);
    search.readings(&parsed);
    let Search { found, obstacles, .. } = search;
    rank(layout, query, &parsed, &found, obstacles)
}

/// An answer for a text that says nothing: only the phone tail may speak.
fn answer_without_text(layout: &Layout, query: &Query, obstacle: Obstacle) -> Resolution {
    let mut candidates = Vec::new();
    add_hints(layout, query, &mut candidates);
    let verdict = if candidates.is_empty() { Verdict::Unknown } else { Verdict::Choose };
    Resolution { verdict, candidates, obstacles: vec![obstacle] }
}

/// A place that a reading leads to.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub building: &'a Building,
    pub unit: Option<&'a UnitRooms>,
    pub room: Option<RoomName<'a>>,
    pub freedom: Freedom,
    /// The reading names the building.
    pub anchored: bool,
    /// No room there has as many digits as the number that was cut; see the head of this file.
    pub split_safe: bool,
    pub reasons: Reasons,
}

impl Found<'_> {
    fn same_place(&self, other: &Self) -> bool {
        let unit = |found: &Self| found.unit.map(std::ptr::from_ref);
        std::ptr::eq(self.building, other.building)
            && unit(self) == unit(other)
            && self.room.as_ref().map(RoomName::as_str) == other.room.as_ref().map(RoomName::as_str)
    }

    pub fn has(&self, reason: Reason) -> bool {
        self.reasons.contains(&reason)
    }
}

struct Search<'a> {
    layout: &'a Layout,
    found: Vec<Found<'a>>,
    obstacles: Vec<Obstacle>,
}

impl<'a> Search<'a> {
    fn obstacle(&mut self, obstacle: Obstacle) {
        if !self.obstacles.contains(&obstacle) {
            self.obstacles.push(obstacle);
        }
    }

    fn doubts(&mut self, parsed: &Parsed) {
        for doubt in &parsed.doubts {
            self.obstacle(Obstacle::Text(*doubt));
        }
        // `静园巷13号1单元103`: the lane's number *is* the building, and nobody here knows it.
        let lane_is_building = !parsed.readings.iter().any(Reading::has_building);
        let in_our_area = |reading: &Reading| {
            in_area(reading).is_some_and(|key| self.layout.buildings_at(&key).next().is_some())
        };
        let elsewhere = parsed.area && !parsed.readings.iter().any(in_our_area);
        if (parsed.road_number && lane_is_building)
            || (parsed.road_number || elsewhere) && self.layout.knows_places()
        {
            self.obstacle(Obstacle::Text(Doubt::ElsewhereNamed));
        }
    }

    /// Follows the readings, and stops at the first freedom that leads to a door.
    fn readings(&mut self, parsed: &Parsed) {
        for tier in parsed.readings.chunk_by(|a, b| a.freedom == b.freedom) {
            for reading in tier {
                self.reading(reading);
            }
            if self.found.iter().any(|found| found.room.is_some()) {
                // What lacks the room is no answer beside what has it.
                self.found.retain(|found| found.room.is_some());
                return;
            }
        }
        let mut anchored = parsed.readings.iter().filter(|reading| reading.has_building());
        let room = anchored.find_map(|reading| reading.room);
        if let Some(room) = room.filter(|_| !self.found.is_empty()) {
            self.obstacle(Obstacle::RoomUnknown(room));
        }
    }

    fn reading(&mut self, reading: &Reading) {
        let layout = self.layout;
        if let Some(alias) = reading.alias.and_then(|index| layout.names.alias(index)) {
            if let Some(building) = layout.building(&alias.building) {
                self.units(building, reading, Some(alias), &[Reason::AliasFits]);
            }
            return;
        }
        let Some(key) = reading.building else {
            if reading.unit.is_some() || reading.room.is_some() {
                for building in layout.every_building() {
                    self.units(building, reading, None, &[Reason::BuildingMissing]);
                }
            }
            return;
        };
        // `2区8栋` is a building of its own where the layout has it; elsewhere `2区` is a word more.
        let own = in_area(reading).filter(|own| layout.buildings_at(own).next().is_some());
        let key = own.unwrap_or(key);
        let mut known = false;
        for building in layout.buildings_at(&key) {
            known = true;
            self.units(building, reading, None, &[Reason::BuildingFits]);
        }
        let bare = without_zeros(&key).filter(|_| !known);
        for building in bare.iter().flat_map(|bare| layout.buildings_at(bare)) {
            known = true;
            let reasons = [Reason::BuildingFits, Reason::ZerosDropped];
            self.units(building, reading, None, &reasons);
        }
        if !known && reading.freedom == Freedom::Plain {
            self.obstacle(Obstacle::BuildingUnknown(key));
        }
    }

    fn units(
        &mut self,
        building: &'a Building,
        reading: &Reading,
        alias: Option<&'a Alias>,
        of_building: &[Reason],
    ) {
        let mut known = false;
        let unit_of_alias = alias.and_then(|alias| alias.unit.as_ref());
        for unit in &building.units {
            if unit_of_alias.is_some_and(|wanted| *wanted != unit.unit.id) {
                continue;
            }
            let (fits, zeros) = match (&reading.unit, &unit.key) {
                (None, _) => (true, false),
                (Some(wanted), Some(key)) if wanted == key => (true, false),
                (Some(wanted), key) => (without_zeros(wanted) == *key && key.is_some(), true),
            };
            if !fits {
                continue;
            }
            known = true;
            let written = reading.unit.is_some() || unit_of_alias.is_some();
            let mut reasons = Reasons::new(of_building);
            reasons.push(if written { Reason::UnitFits } else { Reason::UnitMissing });
            if zeros {
                reasons.push(Reason::ZerosDropped);
            }
            self.rooms(building, unit, reading, alias, reasons);
        }
        let plain = reading.freedom == Freedom::Plain && reading.has_building();
        if let Some(unit) = reading.unit.filter(|_| plain && !known) {
            self.obstacle(Obstacle::UnitUnknown(unit));
        }
    }

    fn rooms(
        &mut self,
        building: &'a Building,
        unit: &'a UnitRooms,
        reading: &Reading,
        alias: Option<&'a Alias>,
        reasons: Reasons,
    ) {
        let mut found = Found {
            building,
            unit: Some(unit),
            room: None,
            freedom: reading.freedom,
            anchored: reading.has_building(),
            split_safe: false,
            reasons,
        };
        match reading.freedom {
            Freedom::Plain => {}
            Freedom::SplitRoom | Freedom::Split => {
                let digits = |part: &Option<Part>| part.map_or(0, |part| part.as_bytes().len());
                let written = digits(&reading.unit) + digits(&reading.room);
                found.split_safe = !building.units.iter().any(|unit| unit.has_rooms_of(written));
                found.reasons.push(Reason::SplitNumber);
            }
            Freedom::Rare => found.reasons.push(Reason::RareReading),
        }
        if reading.annex.is_some() {
            found.reasons.push(Reason::AnnexUnknown);
        }
        let written = reading.room.is_some();
        let room = match (alias.and_then(|alias| alias.room.as_ref()), reading.room) {
            (Some(room), None) => Some((RoomName::Extra(room), false)),
            (Some(room), Some(name)) => room_of(unit, &name, reading.floor)
                .filter(|(found, _)| found.as_str() == room.as_str()),
            (None, Some(name)) => room_of(unit, &name, reading.floor),
            (None, None) => None,
        };
        match room {
            Some((room, zeros)) => {
                found.room = Some(room);
                found.reasons.push(Reason::RoomFits);
                if zeros {
                    found.reasons.push(Reason::ZerosDropped);
                }
            }
            None if written && reading.freedom > Freedom::Plain => return,
            None => {
                // The building is still worth showing, where the text names it.
                if !found.anchored {
                    return;
                }
                found.reasons.push(Reason::RoomMissing);
                if found.has(Reason::UnitMissing) {
                    found.unit = None;
                }
            }
        }
        let known = self.found.iter().any(|known| known.same_place(&found));
        if !known && self.found.len() < DOORS_MAX {
            self.found.push(found);
        }
    }
}

/// The building's name with the part of the compound in front: `2区8`.
fn in_area(reading: &Reading) -> Option<Part> {
    reading.area?.joined(&reading.building?)
}

/// The room that a name and a floor mean in a unit, and whether zeros were taken off for it.
fn room_of<'a>(
    unit: &'a UnitRooms,
    name: &Part,
    floor: Option<Part>,
) -> Option<(RoomName<'a>, bool)> {
    let Some(floor) = floor else {
        return match unit.room(name) {
            Some((room, _)) => Some((room, false)),
            None => Some((unit.room(&without_zeros(name)?)?.0, true)),
        };
    };
    let level = level_of(&floor)?;
    if let Some((room, at)) = unit.room(name) {
        return (at == level).then_some((room, false));
    }
    // `2楼3号` is room 203.
    let door = name.number().filter(|_| name.as_bytes().len() <= 2)?;
    let whole = Part::new(&format!("{level}{door:02}"))?;
    let zeros = floor.as_bytes().starts_with(b"0");
    Some((unit.room(&whole)?.0, zeros))
}

/// The level of a floor's name: `3`, `负1`, `B1`.
fn level_of(floor: &Part) -> Option<i16> {
    let text = floor.as_str();
    match text.strip_prefix(BELOW).or_else(|| text.strip_prefix('B')) {
        Some(below) => below.parse::<i16>().ok()?.checked_neg(),
        None => i16::try_from(floor.number()?).ok(),
    }
}

/// The number without zeros in front; `None` when it has none.
fn without_zeros(part: &Part) -> Option<Part> {
    let bare = part.as_str().trim_start_matches('0');
    if bare.len() == part.as_bytes().len() || bare.is_empty() { None } else { Part::new(bare) }
}
