//! The words that stand around the values of an address: `栋`, `单元`, `室`, `路`.

use crate::text::{Part, is_han_numeral};

/// What the word behind a value says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// No word.
    None,
    /// `栋`, `幢`, `座`, `号楼`.
    Building,
    /// `楼`: a building or a floor.
    Storey,
    /// `号`, `#`: a building, a room, or the number of a lane.
    House,
    /// `单元`, `门`, `梯`.
    Unit,
    /// `层`, `F`.
    Floor,
    /// `室`, `房`, `户`.
    Room,
    /// `弄`, `号院`: the number of a lane or a yard.
    Lane,
    /// `区`, `期`: a part of a compound.
    Area,
}

impl Tag {
    /// Whether people leave a space between the number and this word.
    pub fn bears_a_space(self) -> bool {
        match self {
            Self::Building | Self::Unit | Self::Floor | Self::Room => true,
            Self::None | Self::Storey | Self::House | Self::Lane | Self::Area => false,
        }
    }
}

/// Finds the word at the front, and its length.
pub(crate) fn after(rest: &[char]) -> Option<(Tag, usize)> {
    let first = *rest.first()?;
    if is_floor_letter(rest) {
        return Some((Tag::Floor, 1));
    }
    if first != '#' && !is_han(first) {
        return None;
    }
    let named_house = (first == '号').then(|| named_house(rest)).flatten();
    named_house.map(|length| (Tag::House, length)).or_else(|| known_word(rest))
}

/// The word at the front by its signs, longer ones first. `撞`, `动`, `坐`, `漏`, `窒` and `单园` are
/// what a phone's keyboard, or a hasty hand, makes of `幢`, `栋`, `座`, `楼`, `室` and `单元`.
fn known_word(rest: &[char]) -> Option<(Tag, usize)> {
    Some(match rest {
        ['号', '单', '元', ..]
        | ['单', '位', '元', ..]
        | ['号', '门', '洞', ..]
        | ['单', '元', '室', ..] => (Tag::Unit, 3),
        ['组', '团', ..] => (Tag::Area, 2),
        ['号', '馆' | '楼' | '栋' | '幢' | '座' | '搂', ..]
        | ['#', '楼' | '栋' | '幢', ..]
        | ['栋' | '幢' | '塔', '楼', ..]
        | ['栋' | '幢' | '座', '栋' | '幢' | '座', ..]
        | ['通', '道', ..] => (Tag::Building, 2),
        ['号', '院' | '弄', ..] | ['支', '弄' | '路', ..] => (Tag::Lane, 2),
        ['号', '房' | '室' | '户' | '铺', ..] | ['卧' | '寝', '室', ..] => (Tag::Room, 2),
        ['号', '门' | '梯', ..] | ['门', '洞', ..] => (Tag::Unit, 2),
        ['单', '元' | '位' | '园' | '圆' | '员' | '原' | '远' | '源' | '院' | '无', ..] => {
            (Tag::Unit, 2)
        }
        ['区' | '期' | '苑', ..] => (Tag::Area, 1),
        [sign, ..] if is_building_sign(*sign) => (Tag::Building, 1),
        ['层', ..] => (Tag::Floor, 1),
        // `2元301` lost its `单`; a price has no room behind it.
        ['元', c, ..] if c.is_ascii_digit() => (Tag::Unit, 1),
        ['号' | '#', ..] => (Tag::House, 1),
        ['弄' | '巷', ..] => (Tag::Lane, 1),
        ['室' | '窒' | '房' | '户' | '屋', ..] | ['市'] | ['市', ' ' | ',' | '(' | ')', ..] => {
            (Tag::Room, 1)
        }
        ['楼' | '搂' | '漏', ..] => (Tag::Storey, 1),
        ['单' | '门' | '梯' | '组', ..] => (Tag::Unit, 1),
        _ => return None,
    })
}

/// The signs for a building, and what hasty fingers make of them.
fn is_building_sign(sign: char) -> bool {
    const SIGNS: &str = "栋幢座排馆塔舍斋";
    const SLIPS: &str = "撞懂坐憧橦楝动冻董童";
    SIGNS.contains(sign) || SLIPS.contains(sign)
}

/// `10号写字楼`, `3号公寓楼`: the length of `号`, two or three signs of use, and `楼`. Behind a road it
/// is the road's number all the same.
fn named_house(rest: &[char]) -> Option<usize> {
    let is_use = |length: usize| {
        rest.get(1..length).is_some_and(|signs| {
            signs.iter().all(|c| is_han(*c) && !is_han_numeral(*c) && !matches!(c, '号' | '楼'))
        })
    };
    [3, 4]
        .into_iter()
        .find(|length| is_use(*length) && rest.get(*length) == Some(&'楼'))
        .map(|l| l + 1)
}

/// Words that follow the number of a room that is no flat, with the form that its name takes.
const ANNEXES_AFTER: &[(&str, &str)] = &[
    ("号门面", "门面"),
    ("号门市", "门市"),
    ("号商铺", "商铺"),
    ("号店面", "门面"),
    ("号车库", "车库"),
    ("号车位", "车位"),
    ("号店", "门面"),
    ("号仓", "仓"),
    ("门面", "门面"),
    ("门市", "门市"),
    ("商铺", "商铺"),
    ("店面", "门面"),
    ("车库", "车库"),
    ("车位", "车位"),
];

/// Finds `2号门市`, `2号商铺`: the word behind a room's number that is part of its name.
pub(crate) fn annex_after(rest: &[char]) -> Option<(Part, usize)> {
    if !matches!(rest.first()?, '号' | '门' | '商' | '店' | '车') {
        return None;
    }
    ANNEXES_AFTER.iter().find_map(|(word, name)| Some((Part::new(name)?, starts_with(rest, word)?)))
}

/// Whether an `F` for floor stands at the front: `3F`, but not `3F201`.
pub(crate) fn is_floor_letter(rest: &[char]) -> bool {
    rest.first() == Some(&'F') && !rest.get(1).is_some_and(char::is_ascii_alphanumeric)
}

/// The length of `word` when the characters start with it.
fn starts_with(rest: &[char], word: &str) -> Option<usize> {
    let mut length = 0;
    for c in word.chars() {
        if rest.get(length) != Some(&c) {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// English words before a value.
const ENGLISH: &[(&str, Tag)] = &[
    ("BUILDING", Tag::Building),
    ("BLDG", Tag::Building),
    ("BLOCK", Tag::Building),
    ("UNIT", Tag::Unit),
    ("FLOOR", Tag::Floor),
    ("ROOM", Tag::Room),
    ("RM", Tag::Room),
    ("NO", Tag::House),
];

/// Finds the English word at the front, and its length; it must be a whole word.
pub(crate) fn english(rest: &[char]) -> Option<(Tag, usize)> {
    if !rest.first()?.is_ascii_uppercase() {
        return None;
    }
    let (tag, length) =
        ENGLISH.iter().find_map(|(word, tag)| Some((*tag, starts_with(rest, word)?)))?;
    let whole = !rest.get(length).is_some_and(char::is_ascii_uppercase);
    whole.then_some((tag, length))
}

/// Words that are part of a room's name, with the form that its name takes. They come before its
/// number. `负` also makes a floor: `负一楼`.
const ANNEXES: &[(&str, &str)] = &[
    ("地下室", "地下室"),
    ("地下", BELOW),
    ("门面", "门面"),
    ("门市", "门市"),
    ("商铺", "商铺"),
    ("铺面", "铺面"),
    ("底商", "底商"),
    ("车库", "车库"),
    ("车位", "车位"),
    ("储藏室", "储藏室"),
    ("附", "附"),
    (BELOW, BELOW),
];

/// What stands before the number of a floor below the ground.
pub(crate) const BELOW: &str = "负";

/// Finds the annex word at the front, and its length.
pub(crate) fn annex(rest: &[char]) -> Option<(Part, usize)> {
    if !matches!(rest.first()?, '地' | '门' | '商' | '铺' | '底' | '车' | '储' | '附' | '负')
    {
        return None;
    }
    ANNEXES.iter().find_map(|(word, name)| Some((Part::new(name)?, starts_with(rest, word)?)))
}

/// Whether a word that needs a number stands at the front. `stands_free` tells that it is not the
/// middle of another word, which only the plainest of them never are.
pub(crate) fn needs_number(so_far: &[char], rest: &[char], stands_free: bool) -> bool {
    let Some(first) = rest.first() else { return false };
    match first {
        '栋' | '幢' => true,
        '单' => rest.get(1) == Some(&'元'),
        '号' => {
            // `尾号4567`, `单号123`: numbers of something else.
            let other = matches!(so_far.last(), Some('尾' | '单' | '账' | '编' | '型' | '挂'));
            rest.get(1) == Some(&'楼') || !other && is_value_start(rest.get(1)) || stands_free
        }
        '座' | '楼' | '层' | '室' | '门' | '户' | '房' | '#' => stands_free,
        _ => false,
    }
}

fn is_value_start(c: Option<&char>) -> bool {
    c.is_some_and(|c| c.is_ascii_digit() || is_han_numeral(*c))
}

/// Whether the character names a side or an order: of a building, a unit, a door. `高` is the tall
/// blocks' own series: `高4栋` is not `4栋`.
pub(crate) fn is_side(c: char) -> bool {
    matches!(c, '东' | '西' | '南' | '北' | '中' | '甲' | '乙' | '丙' | '丁' | '戊' | '高')
}

/// Whether the character may stand in a building's name beside digits and letters.
pub(crate) fn is_in_building_name(c: char) -> bool {
    c.is_ascii() || is_side(c) || matches!(c, '老' | '新')
}

/// Whether a compass point or a sign of order stands at the front as a value of its own. `glued`
/// tells that a value stands right before, `starts` that no other sign does.
pub(crate) fn is_compass(rest: &[char], glued: bool, starts: bool) -> bool {
    let Some(first) = rest.first() else { return false };
    if matches!(first, '前' | '后' | '左' | '右') {
        return starts && matches!(rest.get(1), Some('栋' | '幢' | '座'));
    }
    if matches!(first, '老' | '新') {
        // `老3栋`, where the blocks were counted anew: not `3栋`.
        let digits = rest[1..].iter().take_while(|c| c.is_ascii_digit()).count();
        let tag = after(&rest[1 + digits..]).map(|(tag, _)| tag);
        return starts && digits > 0 && tag == Some(Tag::Building);
    }
    if !is_side(*first) {
        return false;
    }
    let Some(next) = rest.get(1) else { return glued };
    if has_edge_sign(rest) {
        return true;
    }
    match next {
        ' ' if matches!(rest.get(2), Some('单')) => true,
        '户' | '屋' | '单' | '梯' | '幢' | '栋' | '座' => true,
        // `南门` by itself is a gate; behind a building it is a unit.
        '门' | '-' | ' ' | ',' | ')' => glued,
        '楼' | '房' | '室' if starts => true,
        '楼' | '号' => matches!(first, '甲' | '乙' | '丙' | '丁') || glued,
        next if next.is_ascii_digit() => {
            let digits = rest[1..].iter().take_while(|c| c.is_ascii_digit()).count();
            glued || after(&rest[1 + digits..]).is_some_and(|(tag, _)| tag.bears_a_space())
        }
        next if is_han_numeral(*next) => {
            let digits = rest[1..].iter().take_while(|c| is_han_numeral(**c)).count();
            let ordinal = starts && matches!(first, '甲' | '乙' | '丙' | '丁');
            after(&rest[1 + digits..])
                .is_some_and(|(tag, _)| tag.bears_a_space() || ordinal && tag == Tag::Storey)
        }
        _ => false,
    }
}

/// Whether a side and `边` stand at the front, with what lies on that side: `西边户`, `东头单元`.
pub(crate) fn has_edge_sign(rest: &[char]) -> bool {
    matches!(
        rest,
        [side, '边' | '头' | '侧', '户' | '屋' | '室' | '房' | '单' | '门' | '梯', ..]
            if is_side(*side)
    )
}

/// Whether a sign that no address has stands where `栋` should: `137柿1240室`. The number behind it
/// must not be a building's own.
pub(crate) fn is_mistyped(rest: &[char]) -> bool {
    let Some((sign, behind)) = rest.split_first() else { return false };
    let digits = behind.iter().take_while(|c| c.is_ascii_digit()).count();
    is_han(*sign)
        && !is_han_numeral(*sign)
        && !is_side(*sign)
        && !is_measure(rest)
        && digits > 0
        && after(&behind[digits..])
            .is_some_and(|(tag, _)| matches!(tag, Tag::Unit | Tag::Room | Tag::Floor))
}

/// Whether the digits before are an amount: `3件`, `100米`.
pub(crate) fn is_measure(rest: &[char]) -> bool {
    if let ['支', '弄' | '路', ..] = rest {
        return false;
    }
    match rest.first() {
        Some(
            '米' | '件' | '箱' | '袋' | '斤' | '个' | '份' | '包' | '元' | '点' | '分' | '月'
            | '日' | '年' | '瓶' | '盒' | '公' | '人' | '次' | '块' | '支' | '路' | '街' | '环'
            | '%' | '线' | '站' | '届' | '岁' | '度',
        ) => rest.get(1) != Some(&'元') || rest.first() == Some(&'元'),
        _ => false,
    }
}

/// Whether the text so far says that a phone number comes: `尾号4567`, `转1234`.
pub(crate) fn is_phone_word(so_far: &[char]) -> bool {
    let end =
        so_far.iter().rposition(|c| !matches!(c, ':' | ' ' | '是')).map_or(0, |last| last + 1);
    matches!(
        &so_far[..end],
        [.., '尾' | '编', '号']
            | [.., '手', '机']
            | [.., '电', '话']
            | [.., '号', '码']
            | [.., '转' | '*']
            | [.., 'T', 'E', 'L']
    )
}

/// Whether the text so far ends with the name of a road or lane.
pub(crate) fn ends_as_road(so_far: &[char]) -> bool {
    let end = so_far.iter().rposition(|c| *c != ' ').map_or(0, |last| last + 1);
    match &so_far[..end] {
        [.., '胡', '同'] | [.., '大', '道'] => true,
        [.., number, '支', '弄'] if !is_han(*number) || is_han_numeral(*number) => false,
        [.., before, '路' | '街' | '道' | '巷' | '弄' | '里' | '村' | '坊' | '段'] => {
            is_han(*before)
        }
        _ => false,
    }
}

/// Whether the character is a Chinese sign.
pub(crate) fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c) || c == '〇'
}
