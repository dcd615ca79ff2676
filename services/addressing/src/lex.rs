//! Characters to groups: each value of an address with the word that says what it is.
//!
//! One pass from left to right; every character is looked at a bounded number of times.

use crate::markers::{self, Tag};
use crate::text::{Part, han_number, is_han_numeral};

/// Digits beyond this are a phone or an order, not a door.
const NUMBER_DIGITS_MAX: usize = 8;
/// More letters in a row are a word, not the name of a building.
const LETTERS_MAX: usize = 2;
/// More groups than this are an inventory, not an address.
pub(crate) const GROUPS_MAX: usize = 24;

/// What stands between a group and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Before {
    /// Nothing: `10栋|2单元`.
    Nothing,
    /// A dash or a slash.
    Dash,
    /// White space or a comma.
    Space,
    /// Words, brackets, or the start of the text.
    Words,
}

/// Of which kinds of characters a value is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Atom {
    Number,
    Letters,
    /// East, west, first, second: `东`, `甲`.
    Compass,
}

/// One value of an address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    pub value: Part,
    /// The values of which it is glued: `8A1071` is `8`, `A`, `1071`.
    pub atoms: [(Atom, Part); ATOMS_MAX],
    pub atoms_count: u8,
    pub tag: Tag,
    pub before: Before,
    /// The alias that stood here, if it is one; see [`Span`].
    pub alias: Option<u32>,
}

impl Group {
    pub fn atoms(&self) -> &[(Atom, Part)] {
        &self.atoms[..usize::from(self.atoms_count)]
    }

    pub fn is_number(&self) -> bool {
        matches!(self.atoms(), [(Atom::Number, _)])
    }
}

/// Values that may stand together without a separator.
const ATOMS_MAX: usize = 4;

/// What the community's own names explain of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
    pub meaning: Meaning,
}

/// What a name of the community means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A building or a door: the alias at this index.
    Alias(u32),
    /// A lane of which only some numbers are known.
    Lane,
    /// The community itself or its surroundings: says nothing about the door.
    Place,
}

/// A reason why the answer to a text is never certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// The text is longer than an address ever is.
    TooLong,
    /// A word such as `栋` or a dash stands there without its number.
    NumberMissing,
    /// It holds two addresses that differ.
    TwoAddresses,
    /// It names a number of a known lane, and the community has none such.
    LaneUnknown,
    /// It names a road or a lane that is not among the community's own.
    ElsewhereNamed,
    /// A sign that no address has stands where `栋` should.
    WordUnclear,
}

/// The groups of a text.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    pub groups: Vec<Group>,
    pub doubts: Vec<Doubt>,
    /// A road or lane with its number that no name of the community explained.
    pub road_number: bool,
    /// A part of a compound (`2区`) that no name of the community explained.
    pub area: bool,
    /// How many characters were looked at; the test of linear time reads it.
    pub steps: usize,
}

impl Lexed {
    fn doubt(&mut self, doubt: Doubt) {
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }
}

/// Splits a normalised text. `spans` are in order and do not overlap.
pub(crate) fn lex(chars: &[char], spans: &[Span]) -> Lexed {
    let mut lexer =
        Lexer { chars, at: 0, before: Before::Words, lane: false, out: Lexed::default() };
    let mut spans = spans.iter().peekable();
    lexer.out.groups.reserve(6);
    while lexer.at < chars.len() && lexer.out.groups.len() < GROUPS_MAX {
        while spans.next_if(|span| span.start < lexer.at).is_some() {}
        lexer.out.steps += 1;
        match spans.next_if(|span| span.start == lexer.at) {
            Some(span) => lexer.span(span),
            None => lexer.step(),
        }
    }
    if lexer.dash_stands_last() {
        lexer.out.doubt(Doubt::NumberMissing);
    }
    lexer.out
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
    before: Before,
    /// A known lane's name stands right before.
    lane: bool,
    out: Lexed,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn previous(&self) -> Option<char> {
        self.chars.get(self.at.checked_sub(1)?).copied()
    }

    fn span(&mut self, span: &Span) {
        self.at = span.end;
        match span.meaning {
            Meaning::Alias(alias) => {
                self.push(Group {
                    value: Part::EMPTY,
                    atoms: [(Atom::Number, Part::EMPTY); ATOMS_MAX],
                    atoms_count: 0,
                    tag: Tag::Building,
                    before: self.before,
                    alias: Some(alias),
                });
            }
            Meaning::Lane => {
                self.before = Before::Words;
                self.lane = true;
            }
            Meaning::Place => {
                // `北滨路99号东方广场`: the community's own name says whose road that is.
                self.out.road_number = false;
                self.before = Before::Words;
            }
        }
    }

    fn step(&mut self) {
        let Some(c) = self.peek(0) else { return };
        match c {
            '-' | '/' => self.dash(),
            ' ' | ',' | '.' | '第' => {
                self.before = self.before.max(Before::Space);
                self.at += 1;
            }
            _ => {
                if !self.value() {
                    self.word(c);
                }
            }
        }
    }

    fn dash(&mut self) {
        let stands_alone = match self.previous() {
            None | Some('-' | '(' | ')' | ' ' | ',') => true,
            Some(_) => false,
        };
        let number_follows =
            self.peek(1).is_some_and(|next| next.is_ascii_alphanumeric() || is_han_numeral(next));
        let spaced = self.previous() == Some(' ') && !self.out.groups.is_empty();
        // `统一-301`: what stands before the dash may have been a number.
        let is_unread = self.before == Before::Words && self.previous().is_some_and(is_han_numeral);
        if is_unread && number_follows {
            self.out.doubt(Doubt::NumberMissing);
        }
        if stands_alone && !spaced && (number_follows || self.peek(1) == Some('-')) {
            self.out.doubt(Doubt::NumberMissing);
        }
        if self.before < Before::Words {
            self.before = Before::Dash;
        }
        self.at += 1;
    }

    fn dash_stands_last(&self) -> bool {
        self.chars.last() == Some(&'-') && !self.out.groups.is_empty()
    }

    /// Anything that is no value. A word that needs a number in front and has none is a doubt.
    fn word(&mut self, c: char) {
        let stands_free = match self.previous() {
            None => true,
            Some(previous) => {
                self.before == Before::Nothing || !markers::is_han(previous) && previous != ')'
            }
        };
        let rest = &self.chars[self.at..];
        if markers::needs_number(&self.chars[..self.at], rest, stands_free) {
            self.out.doubt(Doubt::NumberMissing);
        }
        self.before = Before::Words;
        self.lane = false;
        self.at += if c.is_ascii_alphabetic() {
            rest.iter().take_while(|c| c.is_ascii_alphabetic()).count()
        } else {
            // A Chinese number that is no value is none from its second sign on either.
            rest.iter().take_while(|c| is_han_numeral(**c)).count().max(1)
        };
    }

    /// Reads a value with its word, if one starts here.
    fn value(&mut self) -> bool {
        let start = self.at;
        let english = self.english_marker();
        let annex = if english.is_none() { self.annex_marker() } else { None };
        let mut atoms = [(Atom::Number, Part::EMPTY); ATOMS_MAX];
        let mut count = 0;
        let mut noise = false;
        while count < ATOMS_MAX {
            let Some((atom, part, length)) = self.atom(count > 0, &mut noise) else { break };
            if atom == Atom::Number && count > 0 && atoms[count - 1].0 == Atom::Number {
                // `之一303`: a number in Chinese ends where one in digits begins.
                break;
            }
            atoms[count] = (atom, part);
            count += 1;
            self.at += length;
            self.out.steps += length;
        }
        if noise {
            self.before = Before::Words;
            return true;
        }
        if count == 0 {
            self.at = start;
            return false;
        }
        let spaces = usize::from(self.peek(0) == Some(' '));
        let (tag, length) = markers::after(&self.chars[(self.at + spaces).min(self.chars.len())..])
            .filter(|(tag, _)| spaces == 0 || tag.bears_a_space())
            .map_or((Tag::None, 0), |(tag, length)| (tag, length + spaces));
        let behind = markers::annex_after(&self.chars[self.at..]).filter(|_| annex.is_none());
        let (annex, tag, length) = match behind {
            Some((name, length)) => (Some(name), Tag::Room, length),
            None => (annex, tag, length),
        };
        // `负一楼` is a floor; `负101` is a room, and so is all that other such words name.
        let below = annex.is_some_and(|annex| annex == *markers::BELOW);
        let is_below = below && matches!(tag, Tag::Storey | Tag::Floor);
        let named = annex.map(|_| if is_below { Tag::Floor } else { Tag::Room });
        let tag = english.filter(|_| tag == Tag::None).or(named).unwrap_or(tag);
        // `1303号门`, `602门`: nobody counts a hundred entrances.
        let is_flat = tag == Tag::Unit && atoms[count - 1].1.number().is_some_and(|n| n > 99);
        let tag = if is_flat { Tag::Room } else { tag };
        // `南楼`, `B楼` and `307楼` are buildings, not floors.
        let is_named = match atoms[..count] {
            [(Atom::Compass | Atom::Letters, _)] | [(Atom::Compass, _), (Atom::Number, _)] => true,
            [(Atom::Number, part)] => part.number().is_some_and(|number| number > 99),
            _ => false,
        };
        let tag = if is_named && tag == Tag::Storey { Tag::Building } else { tag };
        let unclear = if tag == Tag::None { self.unclear_word(&atoms[..count]) } else { None };
        let (tag, length) = unclear.unwrap_or((tag, length));
        if !self.is_value(&atoms[..count], tag, start, length) {
            self.at = start;
            return false;
        }
        if tag == Tag::Unit && self.peek(0) == Some('号') && !self.has_building() {
            // `1号单元101` is `1号2单元101` without its `2` as likely as unit 1.
            self.out.doubt(Doubt::NumberMissing);
        }
        self.at += length;
        let road = self.is_road_before(start);
        self.emit(&atoms[..count], tag, annex, road);
        true
    }

    /// `13-幢`, `137柿1240室`: the word for the building is spoilt, or something before it is lost.
    /// It is read, and asked about.
    fn unclear_word(&mut self, atoms: &[(Atom, Part)]) -> Option<(Tag, usize)> {
        let rest = &self.chars[self.at..];
        let (doubt, length) = match rest {
            ['-', '幢' | '栋' | '座', ..] => (Doubt::NumberMissing, 2),
            _ if self.out.groups.is_empty()
                && matches!(atoms, [(Atom::Number, part)] if part.as_bytes().len() <= 3)
                && markers::is_mistyped(rest) =>
            {
                (Doubt::WordUnclear, 1)
            }
            _ => return None,
        };
        self.out.doubt(doubt);
        Some((Tag::Building, length))
    }

    fn has_building(&self) -> bool {
        self.out.groups.iter().any(|group| group.tag == Tag::Building)
    }

    /// Whether what was read is part of an address at all.
    fn is_value(&self, atoms: &[(Atom, Part)], tag: Tag, start: usize, tag_length: usize) -> bool {
        let han = is_han_numeral(self.chars[start]);
        let has_number = atoms.iter().any(|(atom, _)| *atom == Atom::Number);
        match tag {
            // A Chinese numeral without a word is a value only behind one, `二单元四零一`, or before a
            // dash.
            Tag::None if han => {
                let after = self.peek(0);
                let leads = after == Some('-') && !self.is_in_word(start);
                leads || self.before < Before::Words && !after.is_some_and(markers::is_han)
            }
            Tag::None if has_number => true,
            // A letter alone is a value beside a dash, or behind a word at the end: `A-302`, `8栋A`.
            Tag::None => match self.peek(0) {
                Some('-') => self.peek(1).is_some_and(|next| next.is_ascii_digit()),
                None | Some(' ' | ',' | ')') => self.before <= Before::Dash,
                Some(_) => self.before == Before::Dash,
            },
            // `三号桥` is a bridge.
            Tag::House if han => !self.peek(tag_length).is_some_and(|next| {
                let goes_on = is_han_numeral(next) || markers::is_side(next) || next == '附';
                markers::is_han(next) && !goes_on
            }),
            Tag::Area | Tag::Lane => has_number || matches!(atoms, [(Atom::Letters, _)]),
            Tag::Building | Tag::Storey | Tag::House | Tag::Unit | Tag::Floor | Tag::Room => true,
        }
    }

    /// Files the value: context and noise are dropped, the rest becomes one group or two.
    fn emit(&mut self, atoms: &[(Atom, Part)], tag: Tag, annex: Option<Part>, road: bool) {
        if self.lane && tag != Tag::Building {
            // Its known numbers are aliases of their own, and longer: this number is none.
            self.out.doubt(Doubt::LaneUnknown);
        }
        let tag = if tag == Tag::House && (road || self.lane) { Tag::Lane } else { tag };
        if tag == Tag::Lane && (road || self.lane) {
            self.out.road_number |= road;
            self.before = Before::Words;
            self.lane = false;
            return;
        }
        self.out.area |= tag == Tag::Area;
        self.lane = false;
        let own = match tag {
            Tag::Building | Tag::Storey | Tag::Unit | Tag::Floor => own_atoms(atoms),
            Tag::None | Tag::House | Tag::Room | Tag::Lane | Tag::Area => atoms.len(),
        };
        let (loose, owned) = atoms.split_at(atoms.len() - own);
        if !loose.is_empty() {
            self.push_atoms(loose, Tag::None, None);
        }
        self.push_atoms(owned, tag, annex);
        if tag == Tag::Area
            && let Some(area) = self.out.groups.last_mut()
        {
            // `10组团` and `10区` are two places: the word belongs to the value.
            let length = if self.chars[..self.at].ends_with(&['组', '团']) { 2 } else { 1 };
            let word = &self.chars[self.at - length..self.at];
            area.value =
                word.iter().try_fold(area.value, |area, c| area.with(*c)).unwrap_or(area.value);
        }
    }

    fn push_atoms(&mut self, atoms: &[(Atom, Part)], tag: Tag, annex: Option<Part>) {
        let start = annex.unwrap_or(Part::EMPTY);
        let joined = atoms.iter().try_fold(start, |value, (_, part)| value.joined(part));
        let Some(value) = joined else {
            self.before = Before::Words;
            return;
        };
        let mut held = [(Atom::Number, Part::EMPTY); ATOMS_MAX];
        held[..atoms.len()].copy_from_slice(atoms);
        let atoms_count = u8::try_from(atoms.len()).unwrap_or_default();
        self.push(Group { value, atoms: held, atoms_count, tag, before: self.before, alias: None });
    }

    fn push(&mut self, group: Group) {
        self.out.groups.push(group);
        self.before = Before::Nothing;
    }

    /// Reads one number, run of letters or compass point; sets `noise` and moves on where digits
    /// stand that cannot be an address.
    fn atom(&mut self, glued: bool, noise: &mut bool) -> Option<(Atom, Part, usize)> {
        let rest = &self.chars[self.at..];
        let first = *rest.first()?;
        if first.is_ascii_digit() {
            let length = rest.iter().take_while(|c| c.is_ascii_digit()).count();
            if let Some(skipped) = self.noise(rest, length) {
                *noise = true;
                self.at += skipped;
                self.out.steps += skipped;
                return None;
            }
            let part = rest[..length].iter().try_fold(Part::EMPTY, |part, c| part.with(*c))?;
            return Some((Atom::Number, part, length));
        }
        if first.is_ascii_uppercase() {
            let length = rest.iter().take_while(|c| c.is_ascii_uppercase()).count();
            let floor_sign = glued && markers::is_floor_letter(rest);
            if length > LETTERS_MAX || floor_sign {
                return None;
            }
            let part = rest[..length].iter().try_fold(Part::EMPTY, |part, c| part.with(*c))?;
            return Some((Atom::Letters, part, length));
        }
        if is_han_numeral(first) {
            let length =
                rest.iter().take(NUMBER_DIGITS_MAX).take_while(|c| is_han_numeral(**c)).count();
            return Some((Atom::Number, han_number(&rest[..length])?, length));
        }
        let starts =
            !self.previous().is_some_and(markers::is_han) || self.before == Before::Nothing;
        if markers::is_compass(rest, glued || self.before <= Before::Dash, starts) {
            let length = 1 + usize::from(markers::has_edge_sign(rest));
            return Some((Atom::Compass, Part::EMPTY.with(first)?, length));
        }
        None
    }

    /// How many characters to skip where the digits at the front are a phone, a price, a time.
    fn noise(&self, rest: &[char], length: usize) -> Option<usize> {
        let after = &rest[length..];
        if after.first() == Some(&'*') {
            let masked = |c: &&char| c.is_ascii_digit() || **c == '*';
            return Some(rest.iter().take_while(masked).count());
        }
        let clock = after.first() == Some(&':') && after.get(1).is_some_and(char::is_ascii_digit);
        if clock && length <= 2 {
            return Some(length + 1 + after[1..].iter().take_while(|c| c.is_ascii_digit()).count());
        }
        let said = markers::is_phone_word(&self.chars[..self.at]);
        let measured = markers::is_measure(after) && self.before == Before::Words;
        (length > NUMBER_DIGITS_MAX || said || measured).then_some(length)
    }

    /// `Room 301`, `Unit 2`, `Building B`: the English word comes first.
    fn english_marker(&mut self) -> Option<Tag> {
        let (tag, length) = markers::english(&self.chars[self.at..])?;
        self.at += length;
        self.at += self.chars[self.at..].iter().take_while(|c| matches!(c, ' ' | '.')).count();
        Some(tag)
    }

    /// `门市2`, `车库12`: the word belongs to the room's name.
    fn annex_marker(&mut self) -> Option<Part> {
        let (annex, length) = markers::annex(&self.chars[self.at..])?;
        let number = self.peek(length)?;
        if !number.is_ascii_alphanumeric() && !is_han_numeral(number) {
            return None;
        }
        self.at += length;
        Some(annex)
    }

    /// Whether `place` is inside of a word: `统一` ends with no number.
    fn is_in_word(&self, place: usize) -> bool {
        let before = place.checked_sub(1).and_then(|place| self.chars.get(place));
        before.is_some_and(|before| markers::is_han(*before)) && self.before == Before::Words
    }

    /// Whether the name of a road stands right before `start`.
    fn is_road_before(&self, start: usize) -> bool {
        markers::ends_as_road(&self.chars[..start])
    }
}

/// How many of the glued values a word such as `栋` takes: `A5栋`, `东一单元`, `3B号楼` take two.
fn own_atoms(atoms: &[(Atom, Part)]) -> usize {
    match atoms {
        [(Atom::Letters, _), (Atom::Number, _), (Atom::Letters, _)] => 3,
        [.., (Atom::Letters | Atom::Compass, _), (Atom::Number, _)]
        | [.., (Atom::Number, _), (Atom::Letters | Atom::Compass, _)] => 2,
        _ => atoms.len().min(1),
    }
}
