//! The doors, names and households of one community, indexed for [`crate::resolve`].
//!
//! The runtime keeps it live: every method may be called at any time, in any order, and calling it
//! again with the same thing changes nothing.

use std::collections::HashMap;

use domain::address::{Door, Unit};
use domain::ids::{BuildingId, CarrierId, GridId, HouseholdId, RoomId, UnitId};

use crate::lex::{Meaning, Span};
use crate::markers::{annex_after, ends_as_road, is_in_building_name};
use crate::names::Names;
use crate::text::{Part, han_number, is_han_numeral, normalise};

/// A phone tail that a caller made unreadable (a keyed hash of the digits). The digits themselves
/// never come in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TailToken(pub u64);

/// A name that a caller made unreadable (a keyed hash of it): a whole name, or a family name. The
/// name itself never comes in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameToken(pub u64);

/// Whether a household can be given a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Presence {
    /// It lives there.
    #[default]
    Home,
    /// It lives there and is away for a while; its parcels are still its own.
    Away,
    /// It moved out. A parcel for it is always asked about.
    Left,
}

/// What the resolver knows of a household.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Household {
    /// Its id.
    pub id: HouseholdId,
    /// The doors that it has, mostly one.
    pub doors: Vec<Door>,
    /// Tokens of its phones' tails.
    pub tails: Vec<TailToken>,
    /// Tokens of the names that its parcels bear, whole names and family names.
    pub names: Vec<NameToken>,
    /// Whether it lives there.
    pub presence: Presence,
}

/// A free text that stands for a building or a door: `邮电宿舍`, `静园巷13号`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The text, 2 to [`ALIAS_CHARS_MAX`] characters; case and width do not matter.
    pub text: String,
    /// What it stands for.
    pub building: BuildingId,
    /// The unit, where the text tells it.
    pub unit: Option<UnitId>,
    /// The room, where the text tells it.
    pub room: Option<RoomId>,
    /// The only carrier whose labels mean it so; `None` when everybody does.
    pub carrier: Option<CarrierId>,
}

/// The shortest alias, in characters: one sign alone stands in too many words.
pub const ALIAS_CHARS_MIN: usize = 2;
/// The longest alias, in characters.
pub const ALIAS_CHARS_MAX: usize = 60;

/// Why a text cannot be an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AliasError {
    /// Fewer than [`ALIAS_CHARS_MIN`] or more than [`ALIAS_CHARS_MAX`] characters.
    #[error("an alias has {ALIAS_CHARS_MIN} to {ALIAS_CHARS_MAX} characters")]
    Length,
    /// Nothing but digits, which could be any room or building.
    #[error("an alias needs more than digits; write the name of the lane or the building too")]
    OnlyDigits,
}

/// The index of one community.
#[derive(Debug, Default, Clone)]
pub struct Layout {
    buildings: Vec<Building>,
    positions: HashMap<BuildingId, u32>,
    keys: HashMap<Part, Vec<u32>>,
    pub(crate) names: Names,
    households: HashMap<HouseholdId, Household>,
    /// By a hash of building, unit and room, so that a look-up makes no door first.
    doors: HashMap<u64, Vec<(Door, HouseholdId)>>,
    tails: HashMap<TailToken, Vec<HouseholdId>>,
    named: HashMap<NameToken, Vec<HouseholdId>>,
    /// How many household doors are registered in each building.
    registered: HashMap<BuildingId, u32>,
    places_count: usize,
}

/// A building and its units.
#[derive(Debug, Clone)]
pub(crate) struct Building {
    pub id: BuildingId,
    pub grid: GridId,
    pub units: Vec<UnitRooms>,
    /// Removed, with its place in the list kept so that the others keep theirs.
    gone: bool,
}

/// A unit and its rooms.
#[derive(Debug, Clone)]
pub(crate) struct UnitRooms {
    pub key: Option<Part>,
    pub unit: Unit,
    extra: HashMap<Part, usize>,
}

/// A room that exists, before anybody needs its id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RoomName<'a> {
    /// One that was described by itself.
    Extra(&'a RoomId),
    /// One that follows from floors and doors.
    Regular(Part),
}

impl RoomName<'_> {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Extra(id) => id.as_str(),
            Self::Regular(name) => name.as_str(),
        }
    }

    pub fn id(&self) -> Option<RoomId> {
        match self {
            Self::Extra(id) => Some((*id).clone()),
            Self::Regular(name) => name.as_str().parse().ok(),
        }
    }
}

impl UnitRooms {
    fn new(unit: Unit) -> Self {
        let extra = unit.extra_rooms.iter().enumerate();
        let extra = extra.filter_map(|(place, room)| Some((room_key(room.id.as_str())?, place)));
        Self { key: unit_key(unit.id.as_str()), extra: extra.collect(), unit }
    }

    /// The room of this name with its floor.
    pub fn room(&self, name: &Part) -> Option<(RoomName<'_>, i16)> {
        if let Some(extra) = self.extra.get(name) {
            let room = self.unit.extra_rooms.get(*extra)?;
            return Some((RoomName::Extra(&room.id), room.floor));
        }
        // A matter of arithmetic: most readings name rooms that are none.
        let number = name.number().filter(|_| !name.as_bytes().starts_with(b"0"))?;
        let (floor, door) = (number / 100, number % 100);
        let exists = (1..=u32::from(self.unit.floors)).contains(&floor)
            && (1..=u32::from(self.unit.doors_per_floor)).contains(&door);
        if exists { Some((RoomName::Regular(*name), i16::try_from(floor).ok()?)) } else { None }
    }

    /// Whether any room's name is a number of so many digits.
    pub fn has_rooms_of(&self, digits: usize) -> bool {
        let highest = match self.unit.floors {
            0 => 0,
            1..=9 => 3,
            10..=99 => 4,
            100.. => 5,
        };
        let regular = self.unit.doors_per_floor > 0
            && (digits == highest || digits == 3 && highest > 3 || digits == 4 && highest > 4);
        regular || self.extra.keys().any(|key| key.is_number() && key.as_bytes().len() == digits)
    }
}

impl Layout {
    /// Adds a building, or replaces the one of the same id.
    pub fn put_building(&mut self, id: BuildingId, grid: GridId, units: Vec<Unit>) {
        let units = units.into_iter().map(UnitRooms::new).collect();
        if let Some(known) = self.position(&id) {
            let building = &mut self.buildings[known as usize];
            (building.grid, building.units) = (grid, units);
            return;
        }
        let Ok(position) = u32::try_from(self.buildings.len()) else { return };
        match building_key(id.as_str()) {
            Some(key) => self.keys.entry(key).or_default().push(position),
            None => self.names.put(&own_name(&id)),
        }
        self.positions.insert(id.clone(), position);
        self.buildings.push(Building { id, grid, units, gone: false });
    }

    /// Takes a building away. Its households stay registered, for the day it comes back.
    pub fn remove_building(&mut self, id: &BuildingId) {
        let Some(position) = self.positions.remove(id) else { return };
        self.buildings[position as usize].gone = true;
        match building_key(id.as_str()) {
            Some(key) => {
                if let Some(positions) = self.keys.get_mut(&key) {
                    positions.retain(|known| *known != position);
                }
            }
            None => self.names.remove(&own_name(id)),
        }
    }

    /// Adds an alias, or replaces the one of the same text and carrier.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn put_alias(&mut self, alias: &Alias) -> Result<(), AliasError> {
        check_alias(&alias.text)?;
        self.names.put(alias);
        Ok(())
    }

    /// Takes an alias away.
    pub fn remove_alias(&mut self, text: &str, carrier: Option<&CarrierId>) {
        self.names.remove_text(text, carrier);
    }

    /// Adds a name of the community itself or of its own road: `东方广场`, `王牌路37号`.
    ///
    /// Once there is any, an address that names another road's number is never certain.
    pub fn put_place(&mut self, text: &str) {
        if self.names.put_place(text) {
            self.places_count += 1;
        }
    }

    /// Takes a name of the community away.
    pub fn remove_place(&mut self, text: &str) {
        if self.names.remove_place(text) {
            self.places_count -= 1;
        }
    }

    /// Registers a household, or replaces what was known of it.
    pub fn put_household(&mut self, household: Household) {
        self.remove_household(household.id);
        for door in &household.doors {
            self.doors.entry(hash_of(door)).or_default().push((door.clone(), household.id));
            *self.registered.entry(door.building.clone()).or_default() += 1;
        }
        for tail in &household.tails {
            self.tails.entry(*tail).or_default().push(household.id);
        }
        for name in &household.names {
            self.named.entry(*name).or_default().push(household.id);
        }
        self.households.insert(household.id, household);
    }

    /// Takes a household off the register.
    pub fn remove_household(&mut self, id: HouseholdId) {
        let Some(household) = self.households.remove(&id) else { return };
        for door in &household.doors {
            if let Some(known) = self.doors.get_mut(&hash_of(door)) {
                known.retain(|(_, known)| *known != id);
            }
            if let Some(count) = self.registered.get_mut(&door.building) {
                *count = count.saturating_sub(1);
            }
        }
        for tail in &household.tails {
            drop_from(&mut self.tails, tail, id);
        }
        for name in &household.names {
            drop_from(&mut self.named, name, id);
        }
    }

    /// A household by its id.
    pub fn household(&self, id: HouseholdId) -> Option<&Household> {
        self.households.get(&id)
    }

    /// The households behind a door, in the order of their registration.
    pub fn behind<'a>(&'a self, door: &'a Door) -> impl Iterator<Item = &'a Household> {
        self.at(&door.building, &door.unit, door.room.as_str())
    }

    pub(crate) fn at<'a>(
        &'a self,
        building: &'a BuildingId,
        unit: &'a UnitId,
        room: &'a str,
    ) -> impl Iterator<Item = &'a Household> + Clone {
        let hash = door_hash(building.as_str(), unit.as_str(), room);
        let known = self.doors.get(&hash).into_iter().flatten();
        let same = move |door: &Door| {
            door.room.as_str() == room && door.unit == *unit && door.building == *building
        };
        known.filter(move |(door, _)| same(door)).filter_map(|(_, id)| self.households.get(id))
    }

    /// The grid of a building.
    pub fn grid(&self, building: &BuildingId) -> Option<&GridId> {
        self.position(building).map(|position| &self.buildings[position as usize].grid)
    }

    /// The units of a building.
    pub fn units(&self, building: &BuildingId) -> Option<Vec<Unit>> {
        let units = &self.building(building)?.units;
        Some(units.iter().map(|rooms| rooms.unit.clone()).collect())
    }

    pub(crate) fn with_tail(&self, tail: TailToken) -> impl Iterator<Item = &Household> {
        self.tails.get(&tail).into_iter().flatten().filter_map(|id| self.households.get(id))
    }

    pub(crate) fn with_name(&self, name: NameToken) -> impl Iterator<Item = &Household> {
        self.named.get(&name).into_iter().flatten().filter_map(|id| self.households.get(id))
    }

    pub(crate) fn spans(&self, chars: &[char], carrier: Option<&CarrierId>) -> Vec<Span> {
        self.names.spans(chars, carrier)
    }

    pub(crate) fn buildings_at(&self, key: &Part) -> impl Iterator<Item = &Building> {
        self.keys.get(key).into_iter().flatten().map(|place| &self.buildings[*place as usize])
    }

    pub(crate) fn building(&self, id: &BuildingId) -> Option<&Building> {
        self.position(id).map(|position| &self.buildings[position as usize])
    }

    pub(crate) fn every_building(&self) -> impl Iterator<Item = &Building> {
        self.buildings.iter().filter(|building| !building.gone)
    }

    pub(crate) fn buildings_count(&self) -> usize {
        self.positions.len()
    }

    /// Whether anybody is registered in the building: only then does a door without a household
    /// mean anything.
    pub(crate) fn has_register(&self, building: &BuildingId) -> bool {
        self.registered.get(building).is_some_and(|count| *count > 0)
    }

    pub(crate) fn knows_places(&self) -> bool {
        self.places_count > 0
    }

    fn position(&self, id: &BuildingId) -> Option<u32> {
        self.positions.get(id).copied()
    }
}

fn hash_of(door: &Door) -> u64 {
    door_hash(door.building.as_str(), door.unit.as_str(), door.room.as_str())
}

/// FNV-1a over the three names; a door that is found is compared as well.
fn door_hash(building: &str, unit: &str, room: &str) -> u64 {
    let parts = [building, unit, room];
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Whether a text can be an alias or the name of a place.
///
/// # Errors
/// The rule that the text breaks.
pub fn check_alias(text: &str) -> Result<(), AliasError> {
    let chars = normalise(text).ok_or(AliasError::Length)?;
    if !(ALIAS_CHARS_MIN..=ALIAS_CHARS_MAX).contains(&chars.len()) {
        return Err(AliasError::Length);
    }
    if chars.iter().all(|c| !c.is_alphabetic() || is_han_numeral(*c)) {
        return Err(AliasError::OnlyDigits);
    }
    Ok(())
}

fn drop_from<K: std::hash::Hash + Eq>(
    index: &mut HashMap<K, Vec<HouseholdId>>,
    key: &K,
    id: HouseholdId,
) {
    if let Some(ids) = index.get_mut(key) {
        ids.retain(|known| *known != id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

/// A building whose name is no number is found by its name, like an alias.
fn own_name(id: &BuildingId) -> Alias {
    Alias {
        text: id.as_str().to_owned(),
        building: id.clone(),
        unit: None,
        room: None,
        carrier: None,
    }
}

/// The form in which a building's number or letter is looked up: `10` for `10栋`, `3` for `三号楼`;
/// `None` for a name such as `邮电宿舍`.
pub fn building_key(id: &str) -> Option<Part> {
    const WORDS: [&str; 15] = [
        "号楼", "号搂", "#楼", "栋楼", "撞", "懂", "坐", "栋", "幢", "座", "楼", "号", "#", "排",
        "单元",
    ];
    let is_name = |key: &Part| key.as_str().chars().all(is_in_building_name);
    let area = AREAS.iter().find_map(|word| {
        let (area, building) = id.split_once(word)?;
        let area = bare(area, &[]).filter(is_name)?.joined(&Part::new(word)?)?;
        area.joined(&bare(building, &WORDS).filter(is_name)?)
    });
    area.or_else(|| bare(id, &WORDS).filter(is_name))
}

/// Words for a part of a compound that is written before the building: `2区8栋`, `A组团3号楼`.
const AREAS: [&str; 4] = ["组团", "区", "期", "苑"];

/// The form in which a unit is looked up: `2` for `2单元`, `东` for `东单元`.
pub fn unit_key(id: &str) -> Option<Part> {
    bare(id, &["单元", "单位", "单", "号门", "门", "号梯", "梯", "组", "座", "号"])
}

/// The form in which a room is looked up: `301` for `301室`, `西` for `西户`.
pub fn room_key(id: &str) -> Option<Part> {
    let chars = normalise(id)?;
    let number = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    let annex = annex_after(&chars[number..]).filter(|_| number > 0);
    if let Some((name, _)) = annex.filter(|(_, length)| number + length == chars.len()) {
        // `2号门市` and `门市2` are one.
        return chars[..number].iter().try_fold(name, |key, c| key.with(*c));
    }
    bare(id, &["号房", "号室", "房间", "卧室", "寝室", "室", "屋", "窒", "房", "户", "号"])
}

/// A name without the word behind it, Chinese numbers as digits.
fn bare(id: &str, words: &[&str]) -> Option<Part> {
    let chars = normalise(id)?;
    let text: String = chars.iter().filter(|c| !matches!(c, ' ' | ',')).collect();
    let text = words.iter().find_map(|word| text.strip_suffix(word)).unwrap_or(&text);
    let text = text.trim_matches(|c| c == '-').trim_start_matches('第');
    let mut key = Part::EMPTY;
    let chars: Vec<char> = text.chars().collect();
    for run in chars.chunk_by(|a, b| is_han_numeral(*a) == is_han_numeral(*b)) {
        match han_number(run).filter(|_| is_han_numeral(run[0])) {
            Some(number) => key = key.joined(&number)?,
            None => key = run.iter().try_fold(key, |key, c| key.with(*c))?,
        }
    }
    Some(key).filter(|key| *key != Part::EMPTY)
}

/// The lane in a name such as `静园巷13号`: the signs before its number.
pub(crate) fn lane_of(chars: &[char]) -> Option<&[char]> {
    let number = chars.iter().position(char::is_ascii_digit)?;
    let lane = &chars[..number];
    (lane.len() >= ALIAS_CHARS_MIN && ends_as_road(lane)).then_some(lane)
}

/// What a span of the community's names means to the lexer.
pub(crate) fn span(start: usize, end: usize, meaning: Meaning) -> Span {
    Span { start, end, meaning }
}
