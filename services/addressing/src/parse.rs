//! Free text to the parts of a door, with its ambiguity kept.
//!
//! `10栋2单元301` has one reading. `10栋1204` has several: room 1204, or unit 1 and room 204. The
//! community's own layout decides between them ([`crate::resolve`]); nothing is decided here that
//! the text does not say.

use crate::fill::fill;
use crate::lex::{Before, Doubt, Group, Lexed, Span, lex};
use crate::markers::Tag;
use crate::text::{Part, normalise};

/// The most readings of one text.
pub const READINGS_MAX: usize = 12;

/// How freely a reading treats the text. The order is that of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freedom {
    /// What the words and dashes say.
    Plain,
    /// The values as written, in a rarer order.
    Rare,
    /// A building is written, and one number behind it is taken as unit and room.
    SplitRoom,
    /// A number is cut into parts though nothing in the text tells where.
    Split,
}

/// One way to read a text. Parts are normalised: ASCII digits, upper case, no `栋`, `单元`, `室`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The building: `10`, `B`, `A5`, `3-11`.
    pub building: Option<Part>,
    /// The unit: `2`, `东`.
    pub unit: Option<Part>,
    /// The floor, where it is written apart from the room.
    pub floor: Option<Part>,
    /// The room: `301`, `301A`, `西`, `门市2`.
    pub room: Option<Part>,
    /// A further value that names something inside or beside: never ignored when it is not known.
    pub annex: Option<Part>,
    /// The part of the compound before the building, with its word: `2区`, `10组团`.
    pub area: Option<Part>,
    /// How freely it treats the text.
    pub freedom: Freedom,
    /// The community's alias that stands in place of the building.
    pub(crate) alias: Option<u32>,
}

impl Reading {
    const EMPTY: Self = Self {
        building: None,
        unit: None,
        floor: None,
        room: None,
        annex: None,
        area: None,
        freedom: Freedom::Plain,
        alias: None,
    };

    pub(crate) fn has_building(&self) -> bool {
        self.building.is_some() || self.alias.is_some()
    }

    fn parts(&self) -> ([Option<Part>; 5], Option<u32>) {
        ([self.building, self.unit, self.floor, self.room, self.annex], self.alias)
    }
}

/// The readings of a text, the plainest first.
#[derive(Debug, Default)]
pub struct Parsed {
    /// At most [`READINGS_MAX`], all different. Empty when the text holds no part of an address.
    pub readings: Vec<Reading>,
    /// Why none of them may be taken for certain.
    pub doubts: Vec<Doubt>,
    /// It names a road or lane with a number that no name of the community explains.
    pub road_number: bool,
    /// It names a part of a compound (`2区`) that no name of the community explains.
    pub area: bool,
    /// How many characters were looked at: linear in the length of the text.
    pub steps: usize,
}

/// Reads a text without knowing any community.
pub fn parse(text: &str) -> Parsed {
    match normalise(text) {
        Some(chars) => read(&chars, &[]),
        None => Parsed { doubts: vec![Doubt::TooLong], ..Parsed::default() },
    }
}

/// Reads normalised characters in which the community's own names are marked.
pub(crate) fn read(chars: &[char], spans: &[Span]) -> Parsed {
    let Lexed { groups, mut doubts, mut road_number, area, steps } = lex(chars, spans);
    let mut readings = Readings(Vec::with_capacity(4));
    let clusters: Vec<&[Group]> = groups.chunk_by(|_, next| next.before != Before::Words).collect();
    if let Some(best) = best_cluster(&clusters) {
        let Joined { groups: chosen, is_loose } = join(&clusters, best, &mut doubts);
        let yard = chosen.windows(2).any(|pair| {
            pair[0].tag == Tag::House && pair[1].tag == Tag::Building && pair[1].alias.is_none()
        });
        road_number |= yard;
        assign(&chosen, &mut readings);
        for reading in readings.0.iter_mut().filter(|_| is_loose) {
            reading.freedom = reading.freedom.max(Freedom::Rare);
        }
    }
    readings.0.sort_by_key(|reading| reading.freedom);
    readings.0.truncate(READINGS_MAX);
    Parsed { readings: readings.0, doubts, road_number, area, steps }
}

/// How much a group says by itself.
fn weight(group: &Group) -> u32 {
    if group.alias.is_some() {
        return 8;
    }
    match group.tag {
        Tag::Building => 5,
        Tag::Unit => 4,
        Tag::Room => 3,
        Tag::Storey | Tag::House | Tag::Floor => 2,
        Tag::None => {
            if group.before == Before::Dash {
                3
            } else {
                1
            }
        }
        Tag::Lane | Tag::Area => 0,
    }
}

/// The cluster that says most; of equals, the first.
fn best_cluster(clusters: &[&[Group]]) -> Option<usize> {
    let score = |cluster: &[Group]| cluster.iter().map(weight).sum::<u32>();
    let best = clusters.iter().map(|cluster| score(cluster)).max()?;
    clusters.iter().position(|cluster| score(cluster) == best)
}

/// What the best cluster and the others say together.
struct Joined {
    groups: Vec<Group>,
    /// A value was taken over that no word ties to the rest.
    is_loose: bool,
}

/// Joins the best cluster with what others add in words: `2号楼（东方广场）1单元301`. Another
/// building or unit than the best one's is a doubt.
fn join(clusters: &[&[Group]], best: usize, doubts: &mut Vec<Doubt>) -> Joined {
    let own = clusters[best];
    let mut joined = Joined { groups: Vec::with_capacity(own.len() + 2), is_loose: false };
    let taken = |tag: Tag| own.iter().any(|group| group.tag == tag);
    let bare = own.iter().filter(|group| group.tag == Tag::None).count();
    let has_building = taken(Tag::Building) || taken(Tag::House) || bare > 1;
    let has_room = taken(Tag::Room) || bare > 0;
    for (place, cluster) in clusters.iter().enumerate() {
        if place == best {
            joined.groups.extend_from_slice(own);
            continue;
        }
        let mut takes_rest = false;
        for group in *cluster {
            let same = |own: &Group| own.value == group.value && own.alias == group.alias;
            if own.iter().any(same) {
                continue;
            }
            let heavy = group.alias.is_some() || matches!(group.tag, Tag::Building | Tag::Unit);
            let full = taken(group.tag) || bare > 1;
            let dashed = cluster.len() > 1 && group.tag == Tag::None && !takes_rest;
            if heavy && full || dashed {
                if !doubts.contains(&Doubt::TwoAddresses) {
                    doubts.push(Doubt::TwoAddresses);
                }
                continue;
            }
            let is_room = !has_room && (group.tag == Tag::Room || takes_rest);
            let loose_room = !has_room && place > best && cluster.len() == 1 && is_door(group, own);
            let loose_house = group.tag == Tag::House && !has_building && place < best;
            if heavy || is_room || loose_room || loose_house {
                takes_rest |= heavy;
                joined.is_loose |= !heavy && !is_room;
                joined.groups.push(*group);
            }
        }
    }
    joined
}

/// Whether a value without a word looks like a door: three to five digits, or a letter and digits;
/// behind a house number alone, any number (`1号空中花园4`).
fn is_door(group: &Group, own: &[Group]) -> bool {
    let is_house = own.iter().all(|own| own.tag == Tag::House) && group.is_number();
    let least = if is_house { 1 } else { 3 };
    let is_bare = group.tag == Tag::None || is_house && group.tag == Tag::House;
    is_bare && (least..=5).contains(&group.value.as_bytes().len())
}

/// The readings so far.
pub(crate) struct Readings(Vec<Reading>);

impl Readings {
    pub fn add(&mut self, reading: Reading, freedom: Freedom) {
        let empty = reading.parts() == Reading::EMPTY.parts();
        if !empty && !self.0.iter().any(|known| known.parts() == reading.parts()) {
            self.0.push(Reading { freedom: reading.freedom.max(freedom), ..reading });
        }
    }
}

/// What the words say, and the values that are left without a word.
struct Slots {
    known: Reading,
    /// A second value that claims to be the building.
    second: Option<Group>,
    /// A house number before the building: that of the yard, as a rule.
    yard: Option<Group>,
    /// A part of the compound before the building, or the number of a lane: `2区`, `88弄`.
    context: Option<Group>,
    /// A part of the building: `5号楼B区`.
    wing: Option<Part>,
    /// Values behind building and unit that have no word of their own, in order.
    tail: Vec<Group>,
}

/// Turns the groups of one address into readings.
fn assign(groups: &[Group], readings: &mut Readings) {
    let slots = slots(groups);
    let rare = Reading { freedom: Freedom::Rare, ..slots.known };
    if let Some(second) = slots.second {
        assign_two_buildings(&slots, &second, readings);
    } else {
        fill(slots.known, &slots.tail, readings);
        if let Some(yard) = slots.yard {
            let unit = Reading { building: Some(yard.value), unit: rare.building, ..rare };
            let both = rare.building.and_then(|own| dashed_name(&yard.value, &own));
            fill(Reading { building: both, ..rare }, &slots.tail, readings);
            if rare.unit.is_none() {
                fill(unit, &slots.tail, readings);
            }
        }
    }
    if let Some(wing) = slots.wing.filter(|_| rare.unit.is_none()) {
        // `5号楼B区1144`: the wing may be what the layout calls a unit.
        fill(Reading { unit: Some(wing), annex: None, ..rare }, &slots.tail, readings);
    }
    let has_more = groups.len() > 1;
    if let Some(context) = slots.context.filter(|_| has_more && !rare.has_building()) {
        // `6弄2304`, `C区2楼784`: nothing else names the building.
        let building = Some(context.value);
        fill(Reading { building, area: None, ..rare }, &slots.tail, readings);
    }
}

/// `11栋1号楼902`: a part of building 11, its unit 1, or building 1 of yard 11. A letter belongs to
/// the building's name: `1号楼B座` is building 1B.
fn assign_two_buildings(slots: &Slots, second: &Group, readings: &mut Readings) {
    let first = slots.known;
    let is_named = |group: &Group| !group.is_number() && group.alias.is_none();
    let numbers = second.is_number() && first.building.is_some_and(|own| own.is_number());
    let joined = first.building.filter(|_| second.alias.is_none()).and_then(|own| {
        if numbers { dashed_name(&own, &second.value) } else { own.joined(&second.value) }
    });
    let is_one_name = !numbers && (is_named(second) || first.building.is_some());
    let freedom = if is_one_name { Freedom::Plain } else { Freedom::Rare };
    let joined = Reading { building: joined, freedom, ..first };
    if joined.building.is_some() && is_one_name {
        fill(joined, &slots.tail, readings);
    }
    let freedom = if is_one_name { Freedom::Rare } else { Freedom::Plain };
    let apart = Reading { annex: Some(second.value), freedom, ..first };
    fill(apart, &slots.tail, readings);
    if first.unit.is_none() {
        let as_unit = Reading { unit: Some(second.value), freedom: Freedom::Rare, ..first };
        fill(as_unit, &slots.tail, readings);
    }
    let inner = Reading {
        building: Some(second.value).filter(|_| second.alias.is_none()),
        alias: second.alias,
        annex: first.building,
        freedom: Freedom::Rare,
        ..first
    };
    fill(inner, &slots.tail, readings);
    if joined.building.is_some() && !is_one_name {
        fill(joined, &slots.tail, readings);
    }
}

/// Takes what the words say.
fn slots(groups: &[Group]) -> Slots {
    let mut slots = Slots {
        known: Reading::EMPTY,
        second: None,
        yard: None,
        context: None,
        wing: None,
        tail: Vec::new(),
    };
    let building = building_at(groups);
    let unit_comes = groups.iter().rposition(|group| group.tag == Tag::Unit);
    for (place, group) in groups.iter().enumerate() {
        let known = &mut slots.known;
        // `07-08单元`, `1-2楼`: behind the building a dash makes one name of two numbers.
        let is_range = group.before == Before::Dash && known.has_building();
        match group.tag {
            _ if Some(place) == building => {
                // `3-11号楼`, `3B-2-6栋`: the building's own name has dashes.
                known.building = Some(group.value).filter(|_| group.alias.is_none());
                let mut dash = group.before;
                while dash == Before::Dash
                    && let Some(before) = slots.tail.pop_if(|before| before.tag == Tag::None)
                {
                    known.building =
                        known.building.and_then(|own| dashed_name(&before.value, &own));
                    dash = before.before;
                }
                // `10,11栋`: the other number is not forgotten; a postcode is.
                known.annex = slots
                    .tail
                    .pop_if(|before| before.tag == Tag::None && group.before != Before::Words)
                    .filter(|before| before.value.as_bytes().len() < 5)
                    .map(|before| before.value);
                known.alias = group.alias;
            }
            Tag::Building if known.building == Some(group.value) && group.alias.is_none() => {}
            Tag::Building if slots.second.is_none() => slots.second = Some(*group),
            Tag::Unit if known.unit.is_none() => {
                known.unit = ranged(group, is_range, &mut slots.tail);
            }
            Tag::Floor | Tag::Storey if known.floor.is_none() => {
                known.floor = ranged(group, is_range, &mut slots.tail);
            }
            Tag::Area | Tag::Lane if !known.has_building() => {
                known.area = Some(group.value).filter(|_| group.tag == Tag::Area);
                slots.context = Some(*group);
            }
            Tag::Area if known.has_building() => {
                // `5号楼B区` is a wing; `5栋三期` only says once more where the building stands.
                if group.value.as_str().ends_with('区') && slots.wing.is_none() {
                    let bare = group.atoms().iter();
                    slots.wing = bare.map(|(_, part)| part).try_fold(Part::EMPTY, Part::joined);
                    known.annex = known.annex.or(slots.wing);
                }
            }
            Tag::House if building.is_some_and(|building| place < building) => {
                slots.yard = Some(*group);
            }
            Tag::None
                if building.is_none()
                    && known.building.is_none()
                    && unit_comes.is_some_and(|unit| place < unit) =>
            {
                // `8-6单元1342`: what stands before the unit is the building.
                known.building = Some(group.value);
            }
            Tag::None
            | Tag::Building
            | Tag::Storey
            | Tag::House
            | Tag::Unit
            | Tag::Floor
            | Tag::Room
            | Tag::Lane
            | Tag::Area => slots.tail.push(*group),
        }
    }
    slots
}

/// A value, with the one before it where a dash makes a range of both.
fn ranged(group: &Group, is_range: bool, tail: &mut Vec<Group>) -> Option<Part> {
    let before = tail.pop_if(|before| is_range && before.tag == Tag::None);
    before.map_or(Some(group.value), |before| dashed_name(&before.value, &group.value))
}

/// `3-11`: the name of one building with a dash in it.
pub(crate) fn dashed_name(head: &Part, tail: &Part) -> Option<Part> {
    head.with('-').and_then(|head| head.joined(tail))
}

/// Which group names the building by its word.
fn building_at(groups: &[Group]) -> Option<usize> {
    let tagged = |tag: Tag| groups.iter().position(|group| group.tag == tag);
    if let Some(alias) = groups.iter().position(|group| group.alias.is_some()) {
        return Some(alias);
    }
    if let Some(building) = tagged(Tag::Building) {
        return Some(building);
    }
    let followed = |place: &usize| *place + 1 < groups.len();
    let house = tagged(Tag::House).filter(followed);
    let storey = tagged(Tag::Storey).filter(followed);
    let leads = |place: usize| {
        let may_lead = |group: &Group| matches!(group.tag, Tag::Unit | Tag::Lane | Tag::Area);
        groups[..place].iter().all(may_lead)
    };
    match (house, storey) {
        (Some(house), _) if leads(house) => Some(house),
        // `11楼3门501` is building 11; `3楼302` is a floor.
        (_, Some(storey)) if leads(storey) && groups.iter().any(|g| g.tag == Tag::Unit) => {
            Some(storey)
        }
        _ => None,
    }
}
