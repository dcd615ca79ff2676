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
            unit: unit_of(unit),
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

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// A label's building without the words inside it; a yard's number in front is left out, and so is
/// a sign that the label's maker took for part of the number (`7柿`, `一动`).
fn building_of(label: &str) -> Option<Part> {
    let label = label.trim_matches('-').trim_start_matches('第');
    let numeral = |c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c);
    let yard = label.find('号').filter(|at| label[..*at].chars().all(numeral));
    let inner = yard.map(|at| &label[at + '号'.len_utf8()..]).and_then(building_key);
    let words = ["号楼", "写字楼", "塔楼", "号馆", "栋", "幢", "座", "楼", "号", "#", "弄"];
    let bare = words.iter().fold(label.to_owned(), |text, word| text.replace(word, " "));
    let mut pieces: Vec<&str> = bare.split_whitespace().collect();
    pieces.dedup();
    let number = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
    let glue = if pieces.iter().all(number) { "-" } else { "" };
    let spoilt = label.chars().next_back().filter(|sign| is_han(*sign));
    let spoilt = spoilt.and_then(|sign| building_key(label.trim_end_matches(sign)));
    let spoilt = spoilt.filter(|key| key.as_str().ends_with(|c: char| c.is_ascii_alphanumeric()));
    inner
        .filter(|_| pieces.len() > 1)
        .or_else(|| building_key(label))
        .or_else(|| building_key(&pieces.join(glue)))
        .or(spoilt)
        .or_else(|| unit_key(&pieces.join(glue)))
}

/// A label's unit; `B区` is B.
fn unit_of(label: &str) -> Option<Part> {
    let label = label.trim_end_matches(['区', '洞']);
    unit_key(label)
}

/// A label's room; `44号302` is two values, `6楼` is a floor and no room.
fn room_of(label: &str) -> Option<Part> {
    let label = label.trim_end_matches(['门', '市', '厅', '仓', '临']);
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
        || holds(unit, &["组团", "层", "街", "路"])
        || holds(floor, &buildings)
        || holds(floor, &["单元", "户"])
        || holds(room, &["单元", "幢"])
        || holds(building, &["单元", "三元"])
        || holds(unit, &["三元"])
}

fn same(reading: &Reading, case: &Case) -> bool {
    let room =
        if case.split { case.floor.and_then(|floor| floor.joined(&case.room?)) } else { case.room };
    let pair = |head: Option<Part>, tail: Option<Part>| head?.with('-')?.joined(&tail?);
    // Where the label leaves out what the room is (`车库05581`), the digits must be the same.
    let read = reading.room.map(|read| read.as_str().trim_start_matches(is_han).to_owned());
    let named = case.room.is_some_and(|room| read.as_deref() == Some(room.as_str()));
    // `905-2`: a room and its annex, or a floor and its room; the label keeps them together.
    let exact = reading.room == case.room
        || reading.room == room
        || named
        || case.room.is_some()
            && (pair(reading.room, reading.annex) == case.room
                || pair(reading.floor, reading.room) == case.room);
    let in_area = reading.area.and_then(|area| area.joined(&reading.building?));
    (reading.building == case.building || in_area.is_some() && in_area == case.building)
        && reading.unit == case.unit
        && exact
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

    fn merge(&mut self, other: &Self) {
        self.mass += other.mass;
        self.right_mass += other.right_mass;
        self.kept_mass += other.kept_mass;
        self.strings += other.strings;
        self.right_strings += other.right_strings;
        self.kept_strings += other.kept_strings;
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

/// The half of the strings, chosen by a hash, that no rule was written with.
fn is_held_out(tail: &str) -> bool {
    let hash = tail.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 32) % 2 == 0
}

/// One failing string: what its label says, and what was read.
fn failure(case: &Case, outcome: Outcome) -> String {
    let text = |part: Option<Part>| part.map_or("-".to_owned(), |part| part.to_string());
    let line = |parts: [Option<Part>; 4]| parts.map(text).join(" ");
    let label = line([case.building, case.unit, case.floor, case.room]);
    let read = parse(&case.tail).readings.first().map_or("nothing".to_owned(), |read| {
        line([read.building, read.unit, read.floor, read.room]) + " " + &text(read.annex)
    });
    format!("{outcome:?}\t{}\t{label}\t{read}", case.tail)
}

/// Prints the table by format, and what fails of the half that rules may be written with:
/// `LASTMETER_DATA=.. cargo nextest run -p addressing --no-capture door_tails`. With
/// `SHOW_HELD_OUT=1` it prints what fails of the other half too; whoever looks has to choose
/// another hash.
#[test]
fn door_tails_are_read() {
    let Some(cases) = cases() else { return };
    let mut families: BTreeMap<String, Score> = BTreeMap::new();
    let (mut seen, mut held_out) = (Score::default(), Score::default());
    let mut outcomes: BTreeMap<Outcome, (u32, u32)> = BTreeMap::new();
    let mut failures = Vec::new();
    let shows_all = std::env::var_os("SHOW_HELD_OUT").is_some();
    for case in &cases {
        let outcome = outcome(case);
        let (mass, strings) = outcomes.entry(outcome).or_default();
        (*mass, *strings) = (*mass + case.count, *strings + 1);
        let is_held_out = is_held_out(&case.tail);
        if outcome != Outcome::First && (shows_all || !is_held_out) {
            failures.push(failure(case, outcome));
        }
        if outcome != Outcome::Slipped {
            let part = if is_held_out { &mut held_out } else { &mut seen };
            part.add(case.count, outcome);
            families.entry(family(&case.tail)).or_default().add(case.count, outcome);
        }
    }
    failures.sort();
    println!("outcome\ttail\tlabel\tplainest reading");
    for failure in &failures {
        println!("{failure}");
    }
    println!("family\tmass\tfirst %\tkept %\tstrings\tfirst %\tkept %");
    let mut rows: Vec<_> = families.iter().collect();
    rows.sort_by_key(|(_, score)| std::cmp::Reverse(score.mass));
    let (common, rare) = rows.split_at(rows.len().min(60));
    for (name, score) in common {
        println!("{}", score.row(name));
    }
    let mut rest = Score::default();
    for (_, score) in rare {
        rest.merge(score);
    }
    println!("{}", rest.row(&format!("{} rarer formats", rare.len())));
    println!("{}", seen.row("seen"));
    println!("{}", held_out.row("held out"));
    println!("outcome: (mass, strings) {outcomes:?}");
    for score in [&seen, &held_out] {
        assert!(score.kept_mass * 1_000 >= score.mass * 990, "mass");
        assert!(score.kept_strings * 1_000 >= score.strings * 990, "strings");
        assert!(score.right_mass * 1_000 >= score.mass * 960, "mass of plainest readings");
    }
}
