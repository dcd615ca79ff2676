//! Our own short codes: what stands on our parcel labels, shelves, carts, run sheets and badges.
//!
//! A code is a letter for its kind, a number in base 32, and one check character: `P7K3MZ`.
//!
//! *Alphabet.* Crockford's base 32: the digits and the letters without `I`, `L`, `O` (they look
//! like `1`, `1`, `0`) and without `U` (so that no rude word appears). Source: D. Crockford,
//! "Base 32", <https://www.crockford.com/base32.html>; the check character is our own, because
//! his (modulo 37) needs five signs that no scanner keyboard types alike.
//!
//! *Check character.* Each of the 32 characters is an element of the field GF(32). Counted from the
//! right, the check character stands at position 0, and a code is valid when the sum of
//! `a^position * character` is zero, `a` being a generator of the field. Two facts of a field prove
//! what it finds:
//! - one wrong character changes the sum by `a^i * (x - y)`, a product of two non-zero factors, so
//!   every single substitution is found;
//! - two characters that changed places change it by `(a^i - a^j) * (x - y)`, and `a^i` differs
//!   from `a^j` for any two positions of a code (there are 31 powers, and at most 7 positions), so
//!   every transposition is found, of neighbours or not.
//!
//! Any other damage passes with odds of 1 in 32; a random text also needs one of five letters out
//! of thirty-two in front and its shortest form, so 1 in 200 at best.

use std::fmt;

/// What a code stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A parcel's label.
    Parcel,
    /// A shelf of the intake point.
    Shelf,
    /// A cart, crate or bag that holds parcels.
    Cart,
    /// A courier's run.
    Run,
    /// A person's badge.
    Badge,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Parcel, Self::Shelf, Self::Cart, Self::Run, Self::Badge];

    /// The first letter of its codes.
    pub fn prefix(self) -> char {
        match self {
            Self::Parcel => 'P',
            Self::Shelf => 'S',
            Self::Cart => 'C',
            Self::Run => 'R',
            Self::Badge => 'B',
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parcel => "parcel",
            Self::Shelf => "shelf",
            Self::Cart => "cart",
            Self::Run => "run",
            Self::Badge => "badge",
        })
    }
}

/// The largest number: five characters, 33 million. With it the longest code has 7 characters, one
/// less than the shortest number of any carrier, so that the two are never taken for each other.
pub const NUMBER_MAX: u32 = (1 << (BITS_PER_CHARACTER * DIGITS_MAX)) - 1;

/// The longest text that [`parse`] looks at, in bytes: a code, spaced out and hyphenated.
pub const TEXT_BYTES_MAX: usize = 32;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BITS_PER_CHARACTER: u32 = 5;
const CHARACTER_MASK: u32 = 31;
/// Shorter numbers are filled up with zeros: a code of two characters is lost in a room.
const DIGITS_MIN: u32 = 3;
const DIGITS_MAX: u32 = 5;

/// Why a text is no code of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The number is above [`NUMBER_MAX`].
    #[error("the number is above {NUMBER_MAX}; start a new series")]
    NumberTooLarge,
    /// Too short or too long.
    #[error("a code has 5 to 7 letters and digits; scan it again or type all of it")]
    Length,
    /// A character that no code has, at this place (counted from 0, in characters as written).
    #[error("character {0} is none that a code has; check it against the label")]
    Character(usize),
    /// A first letter that is no kind.
    #[error("the first letter must be P, S, C, R or B")]
    UnknownKind,
    /// The check character does not fit: something was misread.
    #[error("the check character does not fit: a character is wrong or two changed places")]
    CheckFailed,
    /// Zeros in front that [`encode`] never writes.
    #[error("there are too many zeros; scan it again")]
    NotCanonical,
}

/// Writes a code.
///
/// # Errors
/// [`CodeError::NumberTooLarge`] above [`NUMBER_MAX`].
pub fn encode(kind: Kind, number: u32) -> Result<String, CodeError> {
    if number > NUMBER_MAX {
        return Err(CodeError::NumberTooLarge);
    }
    let length = digits_of(number);
    let digits = (0..length).rev().map(|place| {
        let digit = (number >> (place * BITS_PER_CHARACTER)) & CHARACTER_MASK;
        u8::try_from(digit).unwrap_or_default()
    });
    let mut code = String::with_capacity(length as usize + 2);
    let mut sum = 0;
    for value in std::iter::once(prefix_value(kind)).chain(digits) {
        code.push(character(value));
        sum = times_generator(sum) ^ value;
    }
    // The check character stands at position 0, so what came before moves up by one place.
    code.push(character(times_generator(sum)));
    Ok(code)
}

/// Reads a code, forgiving case, spaces, hyphens, and `O` for `0`, `I` and `L` for `1`.
///
/// # Errors
/// The rule that the text breaks; see [`CodeError`].
pub fn parse(text: &str) -> Result<(Kind, u32), CodeError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(CodeError::Length);
    }
    let mut values = [0_u8; DIGITS_MAX as usize + 2];
    let mut length = 0;
    for (place, written) in text.chars().enumerate() {
        if written.is_ascii_whitespace() || written == '-' {
            continue;
        }
        let value = value_of(written).ok_or(CodeError::Character(place))?;
        *values.get_mut(length).ok_or(CodeError::Length)? = value;
        length += 1;
    }
    if length < DIGITS_MIN as usize + 2 {
        return Err(CodeError::Length);
    }
    let code = &values[..length];
    let kind = Kind::ALL.into_iter().find(|kind| prefix_value(*kind) == code[0]);
    let kind = kind.ok_or(CodeError::UnknownKind)?;
    if code.iter().fold(0, |sum, value| times_generator(sum) ^ value) != 0 {
        return Err(CodeError::CheckFailed);
    }
    let digits = &code[1..length - 1];
    let number =
        digits.iter().fold(0, |number, value| (number << BITS_PER_CHARACTER) | u32::from(*value));
    if digits_of(number) as usize == digits.len() {
        Ok((kind, number))
    } else {
        Err(CodeError::NotCanonical)
    }
}

/// How many characters the number takes.
fn digits_of(number: u32) -> u32 {
    (u32::BITS - number.leading_zeros()).div_ceil(BITS_PER_CHARACTER).max(DIGITS_MIN)
}

fn character(value: u8) -> char {
    char::from(ALPHABET[usize::from(value) & CHARACTER_MASK as usize])
}

fn prefix_value(kind: Kind) -> u8 {
    value_of(kind.prefix()).unwrap_or_default()
}

fn value_of(written: char) -> Option<u8> {
    let canonical = match written.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = ALPHABET.iter().position(|known| char::from(*known) == canonical)?;
    u8::try_from(place).ok()
}

/// Multiplies by the generator of GF(32) over `x^5 + x^2 + 1`, a primitive polynomial (R. Lidl and
/// H. Niederreiter, "Finite Fields", table C).
fn times_generator(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Codes are printed on labels that outlive a release.
    #[test]
    fn codes_are_frozen() {
        let printed = |kind, number| encode(kind, number).unwrap();
        assert_eq!(printed(Kind::Parcel, 0), "P0002");
        assert_eq!(printed(Kind::Shelf, 31), "S00ZJ");
        assert_eq!(printed(Kind::Badge, NUMBER_MAX), "BZZZZZ5");
    }

    #[test]
    fn what_people_type_is_forgiven() {
        let code = encode(Kind::Cart, 33).unwrap();
        assert!(code.starts_with("C011"), "{code}");
        let typed = format!(" c-oIl {} ", code[4..].to_lowercase());
        assert_eq!(parse(&typed), Ok((Kind::Cart, 33)));
    }

    #[test]
    fn what_is_no_code_is_refused_with_its_reason() {
        assert_eq!(parse(""), Err(CodeError::Length));
        assert_eq!(parse("P00"), Err(CodeError::Length));
        assert_eq!(parse("P0000000"), Err(CodeError::Length));
        assert_eq!(parse(&" ".repeat(1_000)), Err(CodeError::Length));
        assert_eq!(parse("PU000"), Err(CodeError::Character(1)));
        assert_eq!(parse("X0001"), Err(CodeError::UnknownKind));
        assert_eq!(encode(Kind::Run, NUMBER_MAX + 1), Err(CodeError::NumberTooLarge));
    }

    /// The powers of the generator at the positions of a code all differ, which is what the proof
    /// in the head of this file rests on.
    #[test]
    fn the_generator_has_full_order() {
        let mut power = 1;
        let mut seen = [false; 32];
        for _ in 0..31 {
            assert!(!std::mem::replace(&mut seen[usize::from(power)], true));
            power = times_generator(power);
        }
        assert_eq!(power, 1);
    }

    fn any_kind() -> impl Strategy<Value = Kind> {
        prop::sample::select(Kind::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn every_code_reads_back(kind in any_kind(), number in 0..=NUMBER_MAX) {
            prop_assert_eq!(parse(&encode(kind, number).unwrap()), Ok((kind, number)));
        }

        #[test]
        fn every_substitution_and_transposition_is_found(
            kind in any_kind(),
            number in 0..=NUMBER_MAX,
        ) {
            let code = encode(kind, number).unwrap().into_bytes();
            for place in 0..code.len() {
                for other in ALPHABET.iter().filter(|other| **other != code[place]) {
                    let mut wrong = code.clone();
                    wrong[place] = *other;
                    prop_assert!(parse(std::str::from_utf8(&wrong).unwrap()).is_err());
                }
                for second in (place + 1..code.len()).filter(|other| code[*other] != code[place]) {
                    let mut wrong = code.clone();
                    wrong.swap(place, second);
                    prop_assert!(parse(std::str::from_utf8(&wrong).unwrap()).is_err());
                }
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
