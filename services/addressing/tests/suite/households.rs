//! The promise of the resolver, for communities and households that nobody thought of: every format
//! leads to its household as certain, and no slip of a finger to another one.
//!
//! `PROPTEST_CASES` says how many; the hunt of millions is the same test in release:
//! `PROPTEST_CASES=2000000 cargo nextest run --release -p addressing households`.

use addressing::layout::{Household, Layout, TailToken};
use addressing::resolve::{Query, resolve};
use domain::address::{Door, Room, Unit};
use proptest::prelude::*;

use crate::resolver::{ask, fill, unit};

/// How buildings and units are called here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// Buildings 1 to 40, units 1 to 4.
    Numbers,
    /// Buildings A to T, units 1 to 4.
    Letters,
    /// Buildings A1 to D10, units 1 to 4.
    LettersAndNumbers,
    /// Buildings 1 to 40, units 东, 中, 西, 北.
    Sides,
    /// Buildings 1 to 40, units 甲, 乙, 丙, 丁.
    Stems,
    /// Buildings 1 to 40 of three 组团, units 1 to 4.
    Areas,
}

impl Naming {
    const ALL: [Self; 6] = [
        Self::Numbers,
        Self::Letters,
        Self::LettersAndNumbers,
        Self::Sides,
        Self::Stems,
        Self::Areas,
    ];

    fn building(self, number: u16) -> String {
        let letter = |number: u16| char::from(b'A' + u8::try_from(number % 20).unwrap());
        match self {
            Self::Numbers | Self::Sides | Self::Stems => number.to_string(),
            Self::Letters => letter(number).to_string(),
            Self::LettersAndNumbers => format!("{}{}", letter(number % 4), number / 4 + 1),
            Self::Areas => format!("{}组团{}", number % 3 + 1, number / 3 + 1),
        }
    }

    fn unit(self, number: u16) -> String {
        let of = |names: &str| names.chars().nth(usize::from(number - 1)).unwrap().to_string();
        match self {
            Self::Numbers | Self::Letters | Self::LettersAndNumbers | Self::Areas => {
                number.to_string()
            }
            Self::Sides => of("东中西北"),
            Self::Stems => of("甲乙丙丁"),
        }
    }
}

/// A random community, its naming, and a household behind every door.
fn any_community() -> impl Strategy<Value = (Naming, Layout, Vec<Household>)> {
    let building = (1..=40_u16, 1..=4_u16, 1..=33_u16, 1..=6_u16);
    let buildings = prop::collection::vec(building, 1..6);
    (prop::sample::select(Naming::ALL.to_vec()), buildings).prop_map(|(naming, buildings)| {
        let mut layout = Layout::default();
        let mut names = Vec::new();
        for (number, units, floors, doors) in buildings {
            let mut units: Vec<Unit> =
                (1..=units).map(|id| unit(&naming.unit(id), floors, doors)).collect();
            let shop = Room { id: "门市2".parse().unwrap(), floor: 0 };
            units[0].extra_rooms.push(shop);
            let name = naming.building(number);
            layout.put_building(name.parse().unwrap(), "1".parse().unwrap(), units);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let households = fill(&mut layout, &names);
        (naming, layout, households)
    })
}

/// Formats of every naming.
const FAMILIES: &[&str] = &[
    "{b}栋{u}单元{r}",
    "{b}号楼{u}单元{r}",
    "{b}号楼{u}单元{r}室",
    "{b}幢{u}单元{r}号",
    "{b}幢{u}单元{r}户",
    "{b}座{u}单元{r}房",
    "{b}#楼{u}单元{r}",
    "{b}号楼{u}门{r}",
    "{b}栋{u}梯{r}",
    "{b}号楼{u}单元-{r}",
    "{b}栋，{u}单元，{r}室",
    "{b}橦{u}单园{r}",
    "{u}单元{b}号楼{r}",
    "{b} 栋 {u} 单元 {r}",
    "万州区东方广场{b}栋{u}单元{r}（广场附近）",
    "【东方广场 到了联系{b}栋{u}单元{r}】",
    "北滨路99号东方广场{b}栋{u}单元{r}室 王女士",
    "{b}栋{u}单元{r}室 张三 138****5678 放门口",
    "{b}栋{u}单元{f}楼{d}号",
    "{b}栋{u}单元{f}层{r}",
    "{b}栋{u}单元{f}楼{r}室",
    "第{b}栋第{u}单元{r}",
];

/// Formats that only numbers are written in.
const OF_NUMBERS: &[&str] = &[
    "{b}-{u}-{r}",
    "{b}-{u}-{r}室",
    "{b}—{u}—{r}",
    "{b}，{u}，{r}",
    "{b}/{u}/{r}",
    "{b}.{u}.{r}",
    "{b}#{u}#{r}",
    "{b}#{u}-{r}",
    "{b}栋{u}-{r}",
    "{b}号{u}单元{r}",
    "{b}号{u}门{r}",
    "{b}号楼{u}号门{r}",
    "{b}幢{u}号{r}室",
    "{b}楼{u}单元{r}室",
    "【东方广场 到了联系{b}-{u}-{r}】",
    "Building {b} Unit {u} Room {r}",
];

fn families(naming: Naming) -> impl Iterator<Item = &'static &'static str> {
    let numbers: &[_] = if naming == Naming::Numbers { OF_NUMBERS } else { &[] };
    FAMILIES.iter().chain(numbers)
}

fn render(family: &str, door: &Door) -> String {
    let room = door.room.as_str();
    let (floor, number) = room.split_at_checked(room.len() - 2).unwrap_or_default();
    family
        .replace("{b}", door.building.as_str())
        .replace("{u}", door.unit.as_str())
        .replace("{r}", room)
        .replace("{f}", floor)
        .replace("{d}", number.trim_start_matches('0'))
}

/// The same text in other digits.
#[derive(Debug, Clone, Copy)]
enum Script {
    Ascii,
    Wide,
    /// `三〇一`.
    Han,
}

const HAN: &str = "〇一二三四五六七八九";

fn digit_of(c: char) -> Option<usize> {
    let wide = u32::from(c).checked_sub(u32::from('０')).filter(|digit| *digit <= 9);
    let ascii = c.to_digit(10).or(wide).map(|digit| digit as usize);
    ascii.or_else(|| HAN.chars().position(|han| han == c))
}

fn write(script: Script, text: &str) -> String {
    let sign = |c: char| match (script, c.to_digit(10)) {
        (Script::Ascii, _) | (_, None) => c,
        (Script::Wide, Some(digit)) => char::from_u32(u32::from('０') + digit).unwrap(),
        (Script::Han, Some(digit)) => HAN.chars().nth(digit as usize).unwrap(),
    };
    text.chars().map(sign).collect()
}

/// Changes, drops, doubles or swaps one digit of the text.
fn edit(text: &str, place: usize, how: usize) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let digits: Vec<usize> =
        (0..chars.len()).filter(|place| digit_of(chars[*place]).is_some()).collect();
    let at = digits[place % digits.len()];
    match how {
        0..=9 => {
            let changed = write(
                if chars[at].is_ascii() {
                    Script::Ascii
                } else if HAN.contains(chars[at]) {
                    Script::Han
                } else {
                    Script::Wide
                },
                &how.to_string(),
            );
            chars[at] = changed.chars().next().unwrap();
        }
        10 => drop(chars.remove(at)),
        11 => chars.insert(at, chars[at]),
        _ => {
            let other = digits[(place + 1) % digits.len()];
            chars.swap(at, other);
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #[test]
    fn every_family_is_certain_for_every_household(
        (naming, layout, households) in any_community(),
        pick in any::<prop::sample::Index>(),
    ) {
        let wanted = pick.get(&households);
        let is_regular = wanted.doors[0].room.as_str().bytes().all(|byte| byte.is_ascii_digit());
        for family in families(naming) {
            if !is_regular && (family.contains("{f}") || !family.contains("单元{r}")) {
                continue;
            }
            let text = render(family, &wanted.doors[0]);
            for script in [Script::Ascii, Script::Wide, Script::Han] {
                // Nobody spells a dash between two Chinese numbers, and a road keeps its digits.
                if matches!(script, Script::Han) && !family.starts_with("{b}栋{u}单元{r}") {
                    continue;
                }
                let text = write(script, &text);
                let found = ask(&layout, &text);
                prop_assert_eq!(
                    found.certain().and_then(|one| one.household), Some(wanted.id),
                    "{}: {:?}", text, found
                );
            }
        }
    }

    #[test]
    fn an_edit_is_never_certain_for_another_address(
        (naming, layout, households) in any_community(),
        pick in any::<prop::sample::Index>(),
        place in 0..12_usize,
        how in 0..13_usize,
        has_tail in any::<bool>(),
    ) {
        let written = pick.get(&households);
        let tail: Option<TailToken> = written.tails.first().copied().filter(|_| has_tail);
        // Digits that are no part of the door are not looked at.
        let is_bare = |family: &&&str| !family.contains("99") && !family.contains("138");
        for family in families(naming).filter(is_bare) {
            for script in [Script::Ascii, Script::Wide, Script::Han] {
                let rendered = write(script, &render(family, &written.doors[0]));
                if !rendered.chars().any(|c| digit_of(c).is_some()) {
                    continue;
                }
                let text = edit(&rendered, place, how);
                let found = resolve(&layout, &Query { text: &text, tail, ..Query::default() });
                if let Some(certain) = found.certain() {
                    let door = certain.door().unwrap();
                    // Right, or exactly how this format writes that other door.
                    let same = door == written.doors[0]
                        || write(script, &render(family, &door)) == text;
                    prop_assert!(same, "{} became {}: {:?}", text, door, found);
                }
            }
        }
    }
}
