//! The parser against thousands of real door tails, where the shared data lies.

use std::collections::BTreeMap;

use addressing::layout::{building_key, room_key, unit_key};
use addressing::parse::{Reading, parse};
use addressing::text::Part;

/// One row of the data: a tail and what its label says.
struct Case {
    tail: String,
    building: Option<Part>,
    unit: Option<Part>,
    floor: Option<Part>,
    room: Option<Part>,
    count: u32,
    /// The floor is bare digits cut off the room: `2301` labelled as floor 2, room 301.
    split: bool,
    slipped: bool,
}

/// How a tail came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The plainest reading is the label.
    First,
    /// The label cuts one number that the text does not cut; the same digits in the same order.
    SameDigits,
    /// Another reading that was kept is the label.
    Kept,
    /// The label's columns slipped; it cannot be met.
    Slipped,
    /// None is.
    Wrong,
}

fn cases() -> Option<Vec<Case>> {
    let text = crate::shared::text("addresses/door_tails.tsv")?;
    let rows = text.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [tail, building, unit, floor, room, count] = fields[..] else { return None };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let adjacent = tail.contains(&format!("{floor}{room}"));
        Some(Case {
            tail: tail.to_owned(),
            building: building_of(building),
            unit: unit_key(unit),
            floor: room_key(floor.trim_end_matches(['层', '楼'])),
            room: room_of(room),
            count: count.parse().unwrap_or(1),
            split: digits(floor) && adjacent,
            slipped: is_slipped(building, unit, floor, room)
                || digits(building) && digits(room) && tail.ends_with(&format!("{building}{room}")),
        })
    });
    Some(rows.collect())
}

/// A label's building without the words inside it; a yard's number in front is left out.
fn building_of(label: &str) -> Option<Part> {
    let label = label.trim_matches('-').trim_start_matches('第');
    let yard = label.find('号').filter(|at| label[..*at].bytes().all(|b| b.is_ascii_digit()));
    let inner = yard.map(|at| &label[at + '号'.len_utf8()..]).and_then(building_key);
    let words = ["号楼", "写字楼", "栋", "幢", "座", "楼", "号"];
    let bare = words.iter().fold(label.to_owned(), |text, word| text.replace(word, " "));
    let mut pieces: Vec<&str> = bare.split_whitespace().collect();
    pieces.dedup();
    let number = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
    let glue = if pieces.iter().all(number) { "-" } else { "" };
    inner
        .filter(|_| pieces.len() > 1)
        .or_else(|| building_key(label))
        .or_else(|| unit_key(&pieces.join(glue)))
}

/// A label's room; `44号302` is two values, `6楼` is a floor and no room.
fn room_of(label: &str) -> Option<Part> {
    let label = label.trim_end_matches('门');
    if label.ends_with(['楼', '层']) {
        return None;
    }
    let inner = label.trim_end_matches(['室', '房']);
    let ends_in_digits = inner.ends_with(|c: char| c.is_ascii_digit());
    if ends_in_digits && inner.contains(['号', '户']) {
        return Part::new(&inner.replace('号', "-").replace('户', ""));
    }
    room_key(label)
}

/// Columns that hold another column's word (`7号楼` as unit): the label slipped.
fn is_slipped(building: &str, unit: &str, floor: &str, room: &str) -> bool {
    let holds = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    let buildings = ["号楼", "栋", "幢"];
    holds(unit, &buildings)
        || holds(floor, &buildings)
        || holds(floor, &["单元", "户"])
        || holds(room, &["单元"])
        || holds(building, &["单元", "三元"])
        || holds(unit, &["三元"])
}

fn same(reading: &Reading, case: &Case) -> bool {
    let room =
        if case.split { case.floor.and_then(|floor| floor.joined(&case.room?)) } else { case.room };
    let pair = |head: Option<Part>, tail: Option<Part>| head?.with('-')?.joined(&tail?);
    // `905-2`: a room and its annex, or a floor and its room; the label keeps them together.
    let exact = reading.room == case.room
        || reading.room == room
        || case.room.is_some()
            && (pair(reading.room, reading.annex) == case.room
                || pair(reading.floor, reading.room) == case.room);
    reading.building == case.building && reading.unit == case.unit && exact
}

fn digits(parts: [Option<Part>; 4]) -> String {
    parts.iter().flatten().map(Part::as_str).collect()
}

fn outcome(case: &Case) -> Outcome {
    let readings = parse(&case.tail).readings;
    match readings.iter().position(|reading| same(reading, case)) {
        Some(0) => Outcome::First,
        Some(_) => Outcome::Kept,
        None => {
            let label = digits([case.building, case.unit, case.floor, case.room]);
            let alike = |reading: &Reading| {
                let parts = [reading.building, reading.unit, reading.floor, reading.room];
                digits(parts) == label
            };
            let whole = readings.first().is_some_and(alike);
            match (whole, case.slipped) {
                (true, _) => Outcome::SameDigits,
                (false, true) => Outcome::Slipped,
                (false, false) => Outcome::Wrong,
            }
        }
    }
}

/// The tail's format: runs of digits as `9`, Chinese numbers as `〇`, letters as `A`.
fn family(tail: &str) -> String {
    let mut shape = String::new();
    for c in tail.chars() {
        let sign = match c {
            '0'..='9' => '9',
            'a'..='z' | 'A'..='Z' => 'A',
            '零' | '〇' | '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十'
            | '两' => '〇',
            other => other,
        };
        if !shape.ends_with(sign) || !matches!(sign, '9' | 'A' | '〇') {
            shape.push(sign);
        }
    }
    shape
}

#[derive(Default)]
struct Score {
    mass: u32,
    right_mass: u32,
    kept_mass: u32,
    strings: u32,
    right_strings: u32,
    kept_strings: u32,
}

impl Score {
    fn add(&mut self, count: u32, outcome: Outcome) {
        let right = outcome == Outcome::First;
        let kept = outcome != Outcome::Wrong;
        self.mass += count;
        self.strings += 1;
        self.right_mass += count * u32::from(right);
        self.right_strings += u32::from(right);
        self.kept_mass += count * u32::from(kept);
        self.kept_strings += u32::from(kept);
    }

    fn row(&self, name: &str) -> String {
        let percent = |part: u32, whole: u32| f64::from(part) * 100.0 / f64::from(whole.max(1));
        format!(
            "{name}\t{}\t{:.2}\t{:.2}\t{}\t{:.2}\t{:.2}",
            self.mass,
            percent(self.right_mass, self.mass),
            percent(self.kept_mass, self.mass),
            self.strings,
            percent(self.right_strings, self.strings),
            percent(self.kept_strings, self.strings),
        )
    }
}

/// A fixed fifth of the strings, chosen by a hash, that no rule was written with.
fn is_held_out(tail: &str) -> bool {
    let hash = tail.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash % 5 == 0
}

/// Prints the table: `cargo nextest run -p addressing --run-ignored all --no-capture door_tails`.
#[test]
fn door_tails_are_read() {
    let Some(cases) = cases() else { return };
    let mut families: BTreeMap<String, Score> = BTreeMap::new();
    let (mut seen, mut held_out) = (Score::default(), Score::default());
    let mut outcomes: BTreeMap<Outcome, u32> = BTreeMap::new();
    let show = std::env::var_os("SHOW_FAILURES").is_some();
    for case in &cases {
        let outcome = outcome(case);
        *outcomes.entry(outcome).or_default() += case.count;
        let part = if is_held_out(&case.tail) { &mut held_out } else { &mut seen };
        if outcome != Outcome::Slipped {
            part.add(case.count, outcome);
            families.entry(family(&case.tail)).or_default().add(case.count, outcome);
        }
        if outcome == Outcome::Slipped {
            continue;
        }
        if show && outcome == Outcome::Wrong && !is_held_out(&case.tail) {
            let Case { tail, building, unit, floor, room, .. } = case;
            let readings = parse(tail).readings;
            let first = readings.first().map(|r| (r.building, r.unit, r.floor, r.room, r.annex));
            println!("{tail}\tlabel {building:?} {unit:?} {floor:?} {room:?}\tread {first:?}");
        }
    }
    println!("family\tmass\tfirst %\tkept %\tstrings\tfirst %\tkept %");
    let mut rows: Vec<_> = families.iter().collect();
    rows.sort_by_key(|(_, score)| std::cmp::Reverse(score.mass));
    for (name, score) in rows.iter().take(40) {
        println!("{}", score.row(name));
    }
    println!("{}", seen.row("seen"));
    println!("{}", held_out.row("held out"));
    println!("{outcomes:?}");
    for score in [&seen, &held_out] {
        assert!(score.kept_mass * 1_000 >= score.mass * 983, "mass");
        assert!(score.kept_strings * 100 >= score.strings * 97, "strings");
    }
}
