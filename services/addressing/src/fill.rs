//! Values that no word explains, given to the levels of an address that are still open.

use crate::lex::{Atom, Before, Group};
use crate::markers::Tag;
use crate::parse::{Freedom, Reading, Readings, dashed_name};
use crate::text::Part;

/// Gives the values without a word to the levels that are still open.
pub(crate) fn fill(known: Reading, tail: &[Group], readings: &mut Readings) {
    let Some(last) = tail.last() else { return readings.add(known, Freedom::Plain) };
    match (known.has_building(), known.unit.is_some(), tail) {
        (_, _, [one]) => fill_one(known, one, readings),
        (true, true, [x, y]) => {
            let room = Some(y.value);
            if let [(Atom::Compass, side)] = x.atoms() {
                // `东户402`: the side is part of the room's name, or said beside it.
                readings.add(Reading { room: side.joined(&y.value), ..known }, Freedom::Plain);
                return readings.add(Reading { room, annex: Some(*side), ..known }, Freedom::Rare);
            }
            if x.tag == Tag::House && y.before != Before::Dash {
                // `2号楼18号2单元202`: no floor is called `18号`.
                let block = known.building.and_then(|own| dashed_name(&own, &x.value));
                readings.add(Reading { room, annex: Some(x.value), ..known }, Freedom::Plain);
                readings.add(Reading { building: block, room, ..known }, Freedom::Rare);
            } else if known.floor.is_none() {
                readings.add(Reading { floor: Some(x.value), room, ..known }, Freedom::Plain);
            }
            let range = dashed_name(&x.value, &y.value);
            readings.add(Reading { room: range, ..known }, Freedom::Rare);
            let annex = Reading { room: Some(x.value), annex: Some(y.value), ..known };
            readings.add(annex, Freedom::Rare);
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
        // `5号` is a house as a rule, `501号` a flat.
        let is_short = one.is_number() && one.value.as_bytes().len() <= 2;
        let freedom = if is_short { Freedom::Plain } else { Freedom::Rare };
        readings.add(Reading { building: Some(one.value), ..known }, freedom);
    }
    glued_alone(known, one, readings);
    let digits = one.value.as_bytes().len();
    let free = match one.atoms() {
        // Nobody has rooms of five digits: it is cut, and where is a guess.
        [(Atom::Number, _)] if digits >= 5 => Freedom::Split,
        [(Atom::Number, _)] if one.tag == Tag::House && digits <= 2 => Freedom::Rare,
        [_] => Freedom::Plain,
        _ => Freedom::Rare,
    };
    if free != Freedom::Split {
        readings.add(whole, free);
    }
    if one.value.is_number() {
        split_alone(known, one.value, readings);
    }
    readings.add(whole, free);
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
        [(Atom::Letters, building), (Atom::Compass, side), (Atom::Number, room)] => {
            let (building, room) = (Some(*building), Some(*room));
            readings.add(Reading { building, room, annex: Some(*side), ..known }, Freedom::Plain);
            readings.add(Reading { building, unit: Some(*side), room, ..known }, Freedom::Rare);
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

/// `39211`: the ways to cut a lone number into building, unit, floor and room, the likeliest first.
fn split_alone(known: Reading, number: Part, readings: &mut Readings) {
    let text = number.as_bytes();
    let digits = text.len();
    if !(3..=8).contains(&digits) {
        return;
    }
    // `12304`: floors above nine are commoner than buildings above thirty; and `13001` has no
    // floor 0.
    let is_high = digits == 5
        && text[3] == b'0'
        && (text[2] == b'0' || (b'3'..).contains(&text[0]) && (b'1'..=b'2').contains(&text[1]));
    let heads: &[usize] = if is_high { &[1, 2] } else { &[2, 1, 3] };
    // `39211` is 39, unit 2, floor 1, door 1: where no zero stands before the door.
    let by_door = text[digits - 2] != b'0';
    for head in heads.iter().copied().filter(|head| head + 2 <= digits) {
        let building = number.slice(0, head);
        let rest = digits - head;
        let whole = Reading { building, room: number.slice(head, digits), ..known };
        let in_unit = |cut: usize| {
            let unit = number.slice(head, head + cut);
            Reading { building, unit, room: number.slice(head + cut, digits), ..known }
        };
        if by_door && (3..=4).contains(&rest) {
            let (unit, room) = (number.slice(head, head + 1), number.slice(digits - 1, digits));
            let floor = number.slice(head + 1, digits - 1);
            readings.add(Reading { building, unit, floor, room, ..known }, Freedom::Split);
        }
        if rest <= 5 {
            readings.add(whole, Freedom::Split);
        }
        for cut in (1..=2).filter(|cut| (2..=4).contains(&(rest - cut))) {
            readings.add(in_unit(cut), Freedom::Split);
        }
    }
}
