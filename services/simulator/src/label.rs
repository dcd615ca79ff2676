//! What stands on a piece: the address as people write it, and the number as carriers print it.

use domain::address::Door;

use crate::chance::Chance;

/// How an address came out.
pub(crate) struct Written {
    /// The text; `None` when nothing legible stands there.
    pub text: Option<String>,
    /// The phone's last digits stand there too.
    pub with_tail: bool,
}

/// Writes a door as one of many hands would. The weights follow the order in which such formats
/// are met in real door tails; the last ones lack a part or have a wrong one.
pub(crate) fn write(chance: &mut Chance, door: &Door) -> Written {
    const WEIGHTS: [u32; 18] =
        [290, 150, 90, 60, 40, 40, 30, 30, 25, 25, 20, 20, 15, 15, 30, 12, 8, 10];
    let (b, u, r) = (door.building.as_str(), door.unit.as_str(), door.room.as_str());
    let (floor, last) = r.split_at(r.len().saturating_sub(2));
    let text = match chance.weighted(&WEIGHTS) {
        0 => format!("{b}栋{u}单元{r}"),
        1 => format!("{b}号楼{u}单元{r}"),
        2 => format!("{b}-{u}-{r}"),
        3 => format!("{b}幢{u}单元{r}室"),
        4 => format!("富民花园{b}栋{u}单元{r}"),
        5 => format!("富民花园小区{b}号楼{u}单元{r}室"),
        6 => format!("{}栋{}单元{r}", spoken(b), spoken(u)),
        7 => format!("{b}栋{u}-{r}"),
        8 => format!("{b}栋 {u}单元 {floor}楼{}号", last.trim_start_matches('0')),
        9 => wide(&format!("{b}栋{u}单元{r}")),
        10 => format!("重庆市万州区富民花园{b}栋{u}单元{floor}层{r}"),
        11 => format!("{b}#{u}-{r}"),
        12 => format!("{b}—{u}—{r}"),
        13 => format!("东门放一下，{b}栋{u}单元{r}，谢谢"),
        14 => format!("{b}号楼{r}"),
        15 => format!("{b}栋{u}单元"),
        16 => format!("{}栋{u}单元{r}", b.len() * 10 + 27),
        _ => return Written { text: None, with_tail: chance.permille(700) },
    };
    Written { text: Some(text), with_tail: chance.permille(850) }
}

/// The carriers that bring goods, by their usual short codes.
pub(crate) const CARRIERS: [&str; 7] = ["sf", "yto", "zto", "sto", "yunda", "jt", "jd"];

/// A number as a carrier prints it.
pub(crate) fn number(chance: &mut Chance, carrier: &str) -> String {
    match carrier {
        "sf" => format!("SF{}", chance.digits(13)),
        "yto" => format!("YT{}", chance.digits(13)),
        "zto" => format!("78{}", chance.digits(12)),
        "sto" => format!("77{}", chance.digits(13)),
        "yunda" => format!("43{}", chance.digits(13)),
        "jt" => format!("JT{}", chance.digits(13)),
        "jd" => format!("JDV{}", chance.digits(12)),
        other => format!("{}{}", other.to_ascii_uppercase(), chance.digits(10)),
    }
}

fn wide(text: &str) -> String {
    let wide = |c: char| match c {
        '0'..='9' => char::from_u32(u32::from(c) - u32::from('0') + u32::from('０')).unwrap_or(c),
        other => other,
    };
    text.chars().map(wide).collect()
}

const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

fn spoken(text: &str) -> String {
    match text.parse::<usize>() {
        Ok(number @ 0..=9) => DIGITS[number].to_owned(),
        Ok(10) => "十".to_owned(),
        Ok(number @ 11..=19) => format!("十{}", DIGITS[number - 10]),
        Ok(20) => "二十".to_owned(),
        Ok(_) | Err(_) => text.to_owned(),
    }
}
