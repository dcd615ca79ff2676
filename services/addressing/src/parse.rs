//! Free text to the parts of a door, with its ambiguity kept.
//!
//! `10栋2单元301` has one reading. `10栋1204` has several: room 1204, or unit 1 and room 204. The
//! community's own layout decides between them ([`crate::resolve`]); nothing is decided here that
//! the text does not say.

use crate::lex::{Atom, Before, Doubt, Group, Lexed, Span, lex};
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
        freedom: Freedom::Plain,
        alias: None,
    };

    pub(crate) fn has_building(&self) -> bool {
        self.building.is_some() || self.alias.is_some()
    }

    fn parts(&self) -> (bool, [Option<Part>; 5], Option<u32>) {
        (false, [self.building, self.unit, self.floor, self.room, self.annex], self.alias)
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
    let Lexed { groups, mut doubts, mut road_number, steps } = lex(chars, spans);
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
    Parsed { readings: readings.0, doubts, road_number, steps }
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
            let loose_room = !has_room && place > best && cluster.len() == 1 && is_door(group);
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

/// Whether a value without a word looks like a door: three to five digits, or a letter and digits.
fn is_door(group: &Group) -> bool {
    group.tag == Tag::None && (3..=5).contains(&group.value.as_bytes().len())
}

/// The readings so far.
struct Readings(Vec<Reading>);

impl Readings {
    fn add(&mut self, reading: Reading, freedom: Freedom) {
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
    /// Values behind building and unit that have no word of their own, in order.
    tail: Vec<Group>,
}

/// Turns the groups of one address into readings.
fn assign(groups: &[Group], readings: &mut Readings) {
    let slots = slots(groups);
    match slots.second {
        None => {
            fill(slots.known, &slots.tail, readings);
            if let Some(yard) = slots.yard {
                let rare = Reading { freedom: Freedom::Rare, ..slots.known };
                let unit = Reading { building: Some(yard.value), unit: rare.building, ..rare };
                let both = rare.building.and_then(|own| dashed_name(&yard.value, &own));
                fill(Reading { building: both, ..rare }, &slots.tail, readings);
                if rare.unit.is_none() {
                    fill(unit, &slots.tail, readings);
                }
            }
        }
        Some(second) => {
            // `11栋1号楼902`: a part of building 11, its unit 1, or building 1 of yard 11.
            let first = slots.known;
            let apart = Reading { annex: Some(second.value), ..first };
            fill(apart, &slots.tail, readings);
            let as_unit = Reading { unit: Some(second.value), freedom: Freedom::Rare, ..first };
            if first.unit.is_none() {
                fill(as_unit, &slots.tail, readings);
            }
            let inner = Reading {
                building: Some(second.value),
                alias: second.alias,
                annex: first.building,
                freedom: Freedom::Rare,
                ..first
            };
            fill(inner, &slots.tail, readings);
            let numbers = second.is_number() && first.building.is_some_and(|own| own.is_number());
            let joined = first.building.and_then(|own| {
                if numbers { dashed_name(&own, &second.value) } else { own.joined(&second.value) }
            });
            let joined = Reading { building: joined, freedom: Freedom::Rare, ..first };
            if joined.building.is_some() {
                fill(joined, &slots.tail, readings);
            }
        }
    }
}

/// Takes what the words say.
fn slots(groups: &[Group]) -> Slots {
    let mut slots = Slots { known: Reading::EMPTY, second: None, yard: None, tail: Vec::new() };
    let building = building_at(groups);
    let unit_comes = groups.iter().rposition(|group| group.tag == Tag::Unit);
    for (place, group) in groups.iter().enumerate() {
        let known = &mut slots.known;
        match group.tag {
            _ if Some(place) == building => {
                // `3-11号楼`: the building's own name has a dash.
                let before = slots.tail.pop_if(|before| before.tag == Tag::None);
                let dashed = before.filter(|_| group.before == Before::Dash);
                // `10,11栋`: the other number is not forgotten; a postcode is.
                known.annex = before
                    .filter(|before| dashed.is_none() && before.value.as_bytes().len() < 5)
                    .map(|before| before.value);
                known.building = match dashed {
                    Some(before) => dashed_name(&before.value, &group.value),
                    None => Some(group.value).filter(|_| group.alias.is_none()),
                };
                known.alias = group.alias;
            }
            Tag::Building if slots.second.is_none() => slots.second = Some(*group),
            Tag::Unit if known.unit.is_none() => known.unit = Some(group.value),
            Tag::Floor | Tag::Storey if known.floor.is_none() => known.floor = Some(group.value),
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

/// `3-11`: the name of one building with a dash in it.
fn dashed_name(head: &Part, tail: &Part) -> Option<Part> {
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
    let leads = |place: usize| groups[..place].iter().all(|group| group.tag == Tag::Unit);
    match (house, storey) {
        (Some(house), _) if leads(house) => Some(house),
        // `11楼3门501` is building 11; `3楼302` is a floor.
        (_, Some(storey)) if leads(storey) && groups.iter().any(|g| g.tag == Tag::Unit) => {
            Some(storey)
        }
        _ => None,
    }
}

/// Gives the values without a word to the levels that are still open.
fn fill(known: Reading, tail: &[Group], readings: &mut Readings) {
    let Some(last) = tail.last() else { return readings.add(known, Freedom::Plain) };
    match (known.has_building(), known.unit.is_some(), tail) {
        (_, _, [one]) => fill_one(known, one, readings),
        (true, true, [x, y]) => {
            let floor = Reading { floor: Some(x.value), room: Some(y.value), ..known };
            let annex = Reading { room: Some(x.value), annex: Some(y.value), ..known };
            readings.add(floor, Freedom::Plain);
            readings.add(annex, Freedom::Rare);
            if let [(Atom::Compass, side)] = x.atoms() {
                readings.add(Reading { room: side.joined(&y.value), ..known }, Freedom::Rare);
            }
        }
        (true, false, [x, y]) => {
            let unit = Reading { unit: Some(x.value), room: Some(y.value), ..known };
            let floor = Reading { floor: Some(x.value), room: Some(y.value), ..known };
            let annex = Reading { room: Some(x.value), annex: Some(y.value), ..known };
            let range = dashed_name(&x.value, &y.value);
            readings.add(unit, Freedom::Plain);
            readings.add(floor, Freedom::Rare);
            readings.add(annex, Freedom::Rare);
            readings.add(Reading { room: range, ..known }, Freedom::Rare);
            // `47号楼1-1001`: building 47-1, where the yard's blocks are numbered so.
            let block = known.building.and_then(|own| dashed_name(&own, &x.value));
            if block.is_some() {
                let room = Some(y.value);
                readings.add(Reading { building: block, room, ..known }, Freedom::Rare);
            }
        }
        (true, false, [x, y, z]) => {
            let parts = [Some(x.value), Some(y.value), Some(z.value)];
            let [unit, floor, room] = parts;
            readings.add(Reading { unit, floor, room, ..known }, Freedom::Plain);
        }
        (false, _, [x, y]) => fill_pair(known, x, y, readings),
        (false, false, [x, y, z]) => {
            let (building, room) = (Some(x.value), Some(z.value));
            let full = Reading { building, unit: Some(y.value), room, ..known };
            let floor = Reading { building, floor: Some(y.value), room, ..known };
            let dashed = dashed_name(&x.value, &y.value);
            readings.add(full, Freedom::Plain);
            readings.add(floor, Freedom::Rare);
            readings.add(Reading { building: dashed, room, ..known }, Freedom::Rare);
        }
        (false, false, [w, x, y, z]) => {
            let parts = [Some(w.value), Some(x.value), Some(y.value), Some(z.value)];
            let [building, unit, floor, room] = parts;
            readings.add(Reading { building, unit, floor, room, ..known }, Freedom::Plain);
        }
        _ => {
            // More values than levels: what is left over is named, so that it is not ignored.
            let annex = Some(tail[0].value);
            readings.add(Reading { room: Some(last.value), annex, ..known }, Freedom::Rare);
        }
    }
}

/// `13-2021`: building and room; or unit and room where people leave the building out.
fn fill_pair(known: Reading, x: &Group, y: &Group, readings: &mut Readings) {
    // `2 301` may have lost what stood before it: only a dash or a word joins two numbers.
    let loose = y.before == Before::Space && x.tag == Tag::None && y.tag == Tag::None;
    let plain = if loose { Freedom::Rare } else { Freedom::Plain };
    readings.add(
        Reading { building: Some(x.value), room: Some(y.value), ..known },
        if known.unit.is_some() { Freedom::Rare } else { plain },
    );
    if known.unit.is_none() {
        readings.add(Reading { unit: Some(x.value), room: Some(y.value), ..known }, Freedom::Rare);
    }
    readings.add(Reading { floor: Some(x.value), room: Some(y.value), ..known }, Freedom::Rare);
    if let [(Atom::Letters, building), (Atom::Number, first)] = x.atoms() {
        // `A267-268`: two shops made one.
        let room = dashed_name(first, &y.value);
        readings.add(Reading { building: Some(*building), room, ..known }, Freedom::Rare);
    }
    let with_building = Reading { building: Some(x.value), ..known };
    split_room(with_building, y, Freedom::Split, readings);
}

/// One value without a word: the room, or several parts that stand together.
fn fill_one(known: Reading, one: &Group, readings: &mut Readings) {
    let whole = Reading { room: Some(one.value), ..known };
    if known.has_building() {
        readings.add(whole, Freedom::Plain);
        glued_behind_building(known, one, readings);
        if known.unit.is_none() && known.floor.is_none() {
            split_room(known, one, Freedom::SplitRoom, readings);
        }
        return;
    }
    if known.unit.is_some() || known.floor.is_some() {
        return readings.add(whole, Freedom::Plain);
    }
    if one.tag == Tag::House {
        readings.add(Reading { building: Some(one.value), ..known }, Freedom::Rare);
    }
    glued_alone(known, one, readings);
    let free = if one.atoms().len() > 1 { Freedom::Rare } else { Freedom::Plain };
    readings.add(whole, free);
    if one.is_number() {
        split_alone(known, one.value, readings);
    }
}

/// `6幢A866`: the letter may be the unit.
fn glued_behind_building(known: Reading, one: &Group, readings: &mut Readings) {
    if let [(Atom::Letters | Atom::Compass, unit), (Atom::Number, room)] = one.atoms() {
        if known.unit.is_none() {
            readings.add(Reading { unit: Some(*unit), room: Some(*room), ..known }, Freedom::Rare);
        }
        let side = Reading { room: Some(*room), annex: Some(*unit), ..known };
        readings.add(side, Freedom::Rare);
    }
}

/// `A1435`, `8A1071`, `5西2801`: values that stand together without any word.
fn glued_alone(known: Reading, one: &Group, readings: &mut Readings) {
    match one.atoms() {
        [(Atom::Letters, building), (Atom::Number, room)] => {
            readings.add(
                Reading { building: Some(*building), room: Some(*room), ..known },
                Freedom::Plain,
            );
            let digits = room.as_bytes().len();
            for cut in (1..=2).filter(|cut| cut + 2 <= digits) {
                let (Some(head), Some(room)) = (room.slice(0, cut), room.slice(cut, digits)) else {
                    continue;
                };
                let building = building.joined(&head);
                let reading = Reading { building, room: Some(room), ..known };
                readings.add(reading, Freedom::Split);
                let group = Group { value: room, ..*one };
                split_room(Reading { building, ..known }, &group, Freedom::Split, readings);
            }
        }
        [(Atom::Number, x), (Atom::Letters | Atom::Compass, y), (Atom::Number, z)] => {
            let room = Some(*z);
            let compass = matches!(one.atoms()[1].0, Atom::Compass);
            let (first, second) = if compass {
                (Freedom::Rare, Freedom::Plain)
            } else {
                (Freedom::Plain, Freedom::Rare)
            };
            readings.add(Reading { building: x.joined(y), room, ..known }, first);
            readings.add(Reading { building: Some(*x), unit: Some(*y), room, ..known }, second);
            let room = y.joined(z);
            readings.add(Reading { building: Some(*x), room, ..known }, Freedom::Rare);
        }
        _ => {}
    }
}

/// `10栋1204`: unit 1 and room 204, or unit 12 and so on; the layout decides.
fn split_room(known: Reading, one: &Group, freedom: Freedom, readings: &mut Readings) {
    let digits = one.value.as_bytes().len();
    if !one.value.is_number() || digits > 6 {
        return;
    }
    for cut in (1..=2).filter(|cut| cut + 2 <= digits) {
        let (unit, room) = (one.value.slice(0, cut), one.value.slice(cut, digits));
        readings.add(Reading { unit, room, ..known }, freedom);
    }
}

/// `39211`: every way to cut a lone number into building, unit and room.
fn split_alone(known: Reading, number: Part, readings: &mut Readings) {
    let digits = number.as_bytes().len();
    for first in (1..=2).filter(|first| first + 2 <= digits && digits <= 8) {
        let building = number.slice(0, first);
        let room = number.slice(first, digits);
        readings.add(Reading { building, room, ..known }, Freedom::Split);
        for second in (1..=2).filter(|second| first + second + 2 <= digits) {
            let unit = number.slice(first, first + second);
            let room = number.slice(first + second, digits);
            readings.add(Reading { building, unit, room, ..known }, Freedom::Split);
        }
    }
}
