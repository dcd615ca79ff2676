//! Characters as people type them, made comparable: full-width, circled and Chinese digits, dashes,
//! case. Nothing here knows what an address is.

use std::fmt;

/// The longest text that is read as an address, in characters. A pasted chat message with an order
/// in it has about 300; anything longer is no address.
pub const TEXT_CHARS_MAX: usize = 1_024;

/// The longest single part of an address, in bytes of UTF-8: seven Chinese characters.
pub const PART_BYTES_MAX: usize = 22;

/// One part of an address, such as `10`, `B`, `301A` or `门市2`: a short text held in place, because
/// a resolution makes dozens of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Part {
    bytes: [u8; PART_BYTES_MAX],
    length: u8,
}

impl Part {
    /// The empty part.
    pub const EMPTY: Self = Self { bytes: [0; PART_BYTES_MAX], length: 0 };

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }

    /// Whether it holds ASCII digits only, and at least one.
    pub fn is_number(&self) -> bool {
        self.length > 0 && self.as_bytes().iter().all(u8::is_ascii_digit)
    }

    /// The number, when it is one of at most nine digits.
    pub fn number(&self) -> Option<u32> {
        if self.is_number() && self.length <= 9 { self.as_str().parse().ok() } else { None }
    }

    /// This part with one more character; `None` when it is full.
    #[must_use]
    pub fn with(mut self, character: char) -> Option<Self> {
        let start = usize::from(self.length);
        let end = start + character.len_utf8();
        character.encode_utf8(self.bytes.get_mut(start..end)?);
        self.length = u8::try_from(end).ok()?;
        Some(self)
    }

    /// This part with another behind it; `None` when both together are too long.
    #[must_use]
    pub fn joined(self, other: &Self) -> Option<Self> {
        other.as_str().chars().try_fold(self, Self::with)
    }

    /// The part that a text makes; `None` when it is too long.
    pub fn new(text: &str) -> Option<Self> {
        text.chars().try_fold(Self::EMPTY, Self::with)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// The digits from `from` to `to`; only for parts that are ASCII.
    pub(crate) fn slice(&self, from: usize, to: usize) -> Option<Self> {
        Self::new(self.as_str().get(from..to)?)
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl PartialEq<str> for Part {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

/// The text in comparable characters; `None` when it is longer than [`TEXT_CHARS_MAX`].
pub(crate) fn normalise(text: &str) -> Option<Vec<char>> {
    let mut chars = Vec::with_capacity(text.len().min(TEXT_CHARS_MAX));
    for (place, written) in text.chars().enumerate() {
        if place >= TEXT_CHARS_MAX {
            return None;
        }
        push(&mut chars, written);
    }
    for place in 1..chars.len().saturating_sub(1) {
        // `10一909`: between digits this is a dash that somebody's input method drew.
        let (before, after) = (chars[place - 1], chars[place + 1]);
        let ends_a_value =
            before.is_ascii_alphanumeric() || matches!(before, '栋' | '幢' | '座' | '楼' | '元');
        if chars[place] == '一' && ends_a_value && after.is_ascii_alphanumeric() {
            chars[place] = '-';
        }
        // `15楼之3`, `8号之二`.
        let numbered = after.is_ascii_digit() || is_han_numeral(after);
        if chars[place] == '之' && numbered && (ends_a_value || matches!(before, '号' | '室')) {
            chars[place] = '-';
        }
        // `一0一`: a zero between Chinese digits is theirs.
        if chars[place] == '0'
            && han_digit(chars[place - 1]).is_some()
            && han_digit(chars[place + 1]).is_some()
        {
            chars[place] = '〇';
        }
        // `3〇1`: and one between digits is a digit.
        if matches!(chars[place], '〇' | '零') && before.is_ascii_digit() && after.is_ascii_digit()
        {
            chars[place] = '0';
        }
    }
    Some(chars)
}

/// Adds one written character in its comparable form, which may be none or two.
fn push(chars: &mut Vec<char>, written: char) {
    match written {
        'a'..='z' => chars.push(written.to_ascii_uppercase()),
        ' '..='~' | '一'..='龥' => push_han(chars, written),
        '\u{ff01}'..='\u{ff5e}' => {
            let ascii = u32::from(written) - 0xff01 + 0x21;
            chars.extend(char::from_u32(ascii).map(|ascii| ascii.to_ascii_uppercase()));
        }
        '①'..='⑳' => push_number(chars, u32::from(written) - u32::from('①') + 1),
        '⑴'..='⒇' => push_number(chars, u32::from(written) - u32::from('⑴') + 1),
        '⒈'..='⒛' => push_number(chars, u32::from(written) - u32::from('⒈') + 1),
        '❶'..='❿' => push_number(chars, u32::from(written) - u32::from('❶') + 1),
        '㉑'..='㉟' => push_number(chars, u32::from(written) - u32::from('㉑') + 21),
        '㊱'..='㊿' => push_number(chars, u32::from(written) - u32::from('㊱') + 36),
        'Ⅰ'..='Ⅻ' => push_number(chars, u32::from(written) - u32::from('Ⅰ') + 1),
        '⓪' | '〇' | '○' | '◯' => chars.push('〇'),
        'ー' | '—' | '–' | '―' | '−' | '‐' | '‑' | '‒' | '─' | '━' => {
            chars.push('-');
        }
        '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}' => {}
        '、' => chars.push(','),
        '。' | '·' | '•' => chars.push('.'),
        '【' | '〔' | '「' | '《' | '〈' => chars.push('('),
        '】' | '〕' | '」' | '》' | '〉' => chars.push(')'),
        other if other.is_control() || other.is_whitespace() => chars.push(' '),
        other => chars.push(other),
    }
}

/// Traditional and formal signs become the everyday ones; `~` and `_` are dashes here.
fn push_han(chars: &mut Vec<char>, written: char) {
    chars.push(match written {
        '~' | '_' => '-',
        '號' => '号',
        '樓' => '楼',
        '棟' => '栋',
        '單' => '单',
        '層' => '层',
        '東' => '东',
        '壹' => '一',
        '贰' | '貳' => '二',
        '叁' | '參' => '三',
        '肆' => '四',
        '伍' => '五',
        '陆' | '陸' => '六',
        '柒' => '七',
        '捌' => '八',
        '玖' => '九',
        '拾' => '十',
        other => other,
    });
}

fn push_number(chars: &mut Vec<char>, number: u32) {
    if number >= 10 {
        chars.extend(char::from_digit(number / 10, 10));
    }
    chars.extend(char::from_digit(number % 10, 10));
}

/// The value of a Chinese numeral that stands for a digit.
pub(crate) fn han_digit(c: char) -> Option<u32> {
    Some(match c {
        '〇' | '零' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

/// Whether the character may stand in a Chinese number.
pub(crate) fn is_han_numeral(c: char) -> bool {
    han_digit(c).is_some() || matches!(c, '十' | '百' | '廿' | '卅')
}

/// Reads a run of Chinese numerals as ASCII digits: by value where a `十`, `百`, `廿` or `卅` stands
/// in it (`二十一`, `廿三`, `一百零二`), else digit by digit (`四零一`).
pub(crate) fn han_number(run: &[char]) -> Option<Part> {
    if !run.iter().any(|c| matches!(c, '十' | '百' | '廿' | '卅')) {
        let digits = run.iter().map(|c| char::from_digit(han_digit(*c)?, 10));
        return digits.into_iter().try_fold(Part::EMPTY, |part, digit| part.with(digit?));
    }
    let (mut total, mut pending, mut floor) = (0, None, u32::MAX);
    for c in run {
        let (unit, times) = match c {
            '百' => (100, pending.take().unwrap_or(1)),
            '十' => (10, pending.take().unwrap_or(1)),
            '廿' => (10, 2),
            '卅' => (10, 3),
            other => {
                let digit = han_digit(*other)?;
                if pending.is_some_and(|held| held != 0) {
                    return None; // `三四十` is no number.
                }
                pending = Some(digit);
                continue;
            }
        };
        if unit >= floor || times == 0 {
            return None; // `十百` is no number either.
        }
        floor = unit;
        total += unit * times;
    }
    Part::new(&(total + pending.unwrap_or(0)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        normalise(text).unwrap().into_iter().collect()
    }

    #[test]
    fn written_forms_become_one() {
        assert_eq!(normal("１０栋２单元３０１ａ"), "10栋2单元301A");
        assert_eq!(normal("③号樓①單元⑳"), "3号楼1单元20");
        assert_eq!(normal("10—2－301"), "10-2-301");
        assert_eq!(normal("10一2一301"), "10-2-301");
        assert_eq!(normal("【东】\u{200b}\t1"), "(东) 1");
        assert!(normalise(&"1".repeat(TEXT_CHARS_MAX + 1)).is_none());
    }

    #[test]
    fn chinese_numbers_have_two_systems() {
        let read = |text: &str| {
            han_number(&text.chars().collect::<Vec<_>>()).map(|part| part.as_str().to_owned())
        };
        for (written, number) in [
            ("四零一", "401"),
            ("一二〇四", "1204"),
            ("十", "10"),
            ("十三", "13"),
            ("二十", "20"),
            ("二十一", "21"),
            ("廿三", "23"),
            ("卅", "30"),
            ("一百零二", "102"),
            ("一百一十", "110"),
            ("两", "2"),
        ] {
            assert_eq!(read(written).as_deref(), Some(number), "{written}");
        }
        for nonsense in ["三四十", "十百", "零十"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn parts_are_bounded() {
        assert_eq!(Part::new("门市2").unwrap().as_str(), "门市2");
        assert!(Part::new(&"栋".repeat(8)).is_none());
        assert_eq!(Part::new("0301").unwrap().number(), Some(301));
        assert_eq!(Part::new("3a").unwrap().number(), None);
    }
}
