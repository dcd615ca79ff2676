//! GS1 element strings: the part of the General Specifications that parcel labels use.
//!
//! Source: GS1 General Specifications, sections 3 (application identifiers), 5.4 (symbology
//! identifiers) and 7.9 (check digit).

use crate::waybill::WaybillError;

/// FNC1 inside a symbol, as scanners send it.
pub(crate) const SEPARATOR: char = '\u{1d}';
/// Digits of a serial shipping container code.
pub(crate) const SSCC_DIGITS: usize = 18;
/// Digits of a trade item number.
const GTIN_DIGITS: usize = 14;
/// The most elements of one symbol.
const ELEMENTS_MAX: usize = 12;

/// What a GS1 code identifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    Sscc(String),
    Gtin(String),
    /// Identification of a consignment (401) or a shipment (402).
    Consignment(String),
}

/// Whether the symbol said that it holds GS1 elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbology {
    Gs1,
    Other,
}

/// Takes a symbology identifier off the front: `]C1` and the like (ISO/IEC 15424).
pub(crate) fn without_symbology(code: &str) -> (&str, Symbology) {
    let (identifier, rest) = match code.split_at_checked(3) {
        Some((head, rest)) if head.starts_with(']') => (head, rest),
        _ => ("", code),
    };
    let gs1 = matches!(identifier, "]C1" | "]E0" | "]D2" | "]Q3" | "]J1");
    // Several readers send the symbol's first FNC1 as a separator.
    match rest.strip_prefix(SEPARATOR) {
        Some(rest) => (rest, Symbology::Gs1),
        // `]E0` is also EAN-13, whose 13 digits are no element.
        None if gs1 && !(identifier == "]E0" && rest.len() == 13) => (rest, Symbology::Gs1),
        None => (rest, Symbology::Other),
    }
}

/// Finds what a GS1 code identifies; `None` when the code is not made of elements.
///
/// # Errors
/// `CheckFailed` when its check digit is wrong, `NoParcelNumber` when it has elements only that
/// identify nothing.
pub(crate) fn element(code: &str, symbology: Symbology) -> Result<Option<Element>, WaybillError> {
    let mut best = None;
    let mut rest = code;
    if !code.starts_with('(') && symbology == Symbology::Other {
        return Ok(None);
    }
    for _ in 0..ELEMENTS_MAX {
        let Some((identifier, data, after)) = next(rest) else { break };
        let found = match identifier {
            "00" => Some(Element::Sscc(checked(data, SSCC_DIGITS)?)),
            "01" => Some(Element::Gtin(checked(data, GTIN_DIGITS)?)),
            "401" | "402" => Some(Element::Consignment(data.to_owned())),
            _ => None,
        };
        best = match (best, found) {
            (None | Some(Element::Gtin(_)), Some(found)) => Some(found),
            (Some(Element::Consignment(_)), Some(Element::Sscc(sscc))) => Some(Element::Sscc(sscc)),
            (kept, _) => kept,
        };
        rest = after;
    }
    match best {
        Some(element) => Ok(Some(element)),
        None => Err(WaybillError::NoParcelNumber),
    }
}

/// Application identifiers with the length of their data; 0 means up to the next separator.
const IDENTIFIERS: &[(&str, usize)] = &[
    ("00", 18),
    ("01", 14),
    ("02", 14),
    ("10", 0),
    ("11", 6),
    ("13", 6),
    ("15", 6),
    ("17", 6),
    ("20", 2),
    ("21", 0),
    ("37", 0),
    ("400", 0),
    ("401", 0),
    ("402", 17),
    ("403", 0),
    ("410", 13),
    ("420", 0),
    ("421", 0),
];

/// Splits the next element off: identifier, data, what follows.
fn next(rest: &str) -> Option<(&str, &str, &str)> {
    let rest = rest.trim_start_matches(SEPARATOR);
    let (bracketed, open) = match rest.strip_prefix('(') {
        Some(inner) => (true, inner),
        None => (false, rest),
    };
    let (identifier, length) = IDENTIFIERS.iter().find(|(name, _)| open.starts_with(name))?;
    let mut data = &open[identifier.len()..];
    if bracketed {
        data = data.strip_prefix(')')?;
    }
    let end = data.find([SEPARATOR, '(']).unwrap_or(data.len());
    let end = if *length == 0 { end } else { end.min(*length) };
    let (data, after) = data.split_at_checked(end)?;
    Some((identifier, data, after))
}

fn checked(data: &str, digits: usize) -> Result<String, WaybillError> {
    if data.len() == digits && is_checked(data) {
        Ok(data.to_owned())
    } else {
        Err(WaybillError::CheckFailed)
    }
}

/// Whether the last digit is the GS1 check digit of the others: weights 3 and 1 from the right,
/// modulo 10.
pub(crate) fn is_checked(digits: &str) -> bool {
    let mut sum = 0_u32;
    for (place, digit) in digits.bytes().rev().enumerate() {
        if !digit.is_ascii_digit() {
            return false;
        }
        sum += u32::from(digit - b'0') * if place.is_multiple_of(2) { 1 } else { 3 };
    }
    !digits.is_empty() && sum.is_multiple_of(10)
}
