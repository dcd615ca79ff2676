//! Scanned and typed codes: one normal form for each waybill number, carriers as candidates only.
//!
//! A code is untrusted input. Its length and alphabet are allow-listed, control characters are
//! refused, and nothing that a QR code holds is ever opened: a link is refused by name. The same
//! digits fit several carriers, so a carrier is chosen or scanned, never concluded from a number.

use domain::ids::{CarrierId, WaybillNumber};

use crate::code::{self, Kind};
use crate::formats::{self, Format, S10};
use crate::gs1::{self, Element};

/// The longest code that is looked at, in bytes: the most that a Code 128 label of 165 mm holds,
/// and the 48 characters that GS1 allows in one symbol, with room for full-width typing.
pub const CODE_BYTES_MAX: usize = 160;

/// What a code turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// One of our own labels; see [`crate::code`].
    Own {
        /// What the label is on.
        kind: Kind,
        /// Its number.
        number: u32,
    },
    /// A carrier's number.
    Waybill(Normalised),
}

/// A carrier's number in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// The number: upper case, no spaces, no symbology or application identifier.
    pub number: WaybillNumber,
    /// What the number itself tells about its making.
    pub scheme: Scheme,
}

/// A numbering scheme that is not one carrier's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// None that is known.
    Plain,
    /// GS1 serial shipping container code; its check digit fits.
    Sscc,
    /// GS1 trade item number, scanned as such: it tells goods, not a parcel. Its check digit fits.
    Gtin,
    /// UPU S10; its check digit and its country fit.
    S10,
}

/// A carrier that may have printed the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The carrier.
    pub carrier: CarrierId,
    /// The format that fits, in words.
    pub format: &'static str,
    /// Whether the format has a check digit, which then fits.
    pub is_checked: bool,
}

/// Why a code is refused, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WaybillError {
    /// Nothing was read.
    #[error("nothing was read; scan it again")]
    Empty,
    /// Fewer than 4 characters.
    #[error("it is too short for a waybill; scan the long barcode of the label, or type all of it")]
    TooShort,
    /// More than 40 characters, or more than [`CODE_BYTES_MAX`] bytes as read.
    #[error("it is too long for a waybill; scan the barcode with the waybill number below it")]
    TooLong,
    /// A control character, other than a scanner's line end or GS1 separator.
    #[error("it holds control characters; type the printed number instead")]
    ControlCharacter,
    /// A link, or other text for a program to open.
    #[error("this is a link, not a waybill; it was not opened; scan the barcode instead")]
    Link,
    /// A character that no waybill has.
    #[error("a waybill has no {0:?}; scan the barcode again or type the printed number")]
    Alphabet(char),
    /// The number is made like one with a check digit, and the digit does not fit.
    #[error("the check digit does not fit: a digit was misread; scan it again or compare it")]
    CheckFailed,
    /// A GS1 code without a number that identifies one parcel.
    #[error("this code holds no parcel number; scan the label's other barcode")]
    NoParcelNumber,
}

/// Brings a scanned or typed code into its normal form.
///
/// Forgives case, white space, full-width characters, and look-alikes where a check digit proves
/// them. Removes GS1 symbology identifiers (`]C1`), FNC1 and application identifiers.
///
/// # Errors
/// Why it is refused, with what to do about it.
pub fn normalise(text: &str) -> Result<Scan, WaybillError> {
    if text.len() > CODE_BYTES_MAX {
        return Err(WaybillError::TooLong);
    }
    let text = text.trim_matches(|c: char| c.is_whitespace());
    if text.is_empty() {
        return Err(WaybillError::Empty);
    }
    if let Ok((kind, number)) = code::parse(text) {
        return Ok(Scan::Own { kind, number });
    }
    let code = ascii(text)?;
    let (code, symbology) = gs1::without_symbology(&code);
    if let Some(element) = gs1::element(code, symbology)? {
        return Ok(Scan::Waybill(from_element(&element)?));
    }
    if let Some(forbidden) = code.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        return Err(forbidden_character(forbidden));
    }
    plain(code.trim_matches('-')).map(Scan::Waybill)
}

/// Upper-case ASCII without spaces; the group separator stays for [`gs1`].
fn ascii(text: &str) -> Result<String, WaybillError> {
    let upper = text.to_uppercase();
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
        '—' | '–' | '‐' | '‑' | '−' => '-',
        other => other,
    };
    let code: String = upper.chars().map(narrow).filter(|c| !is_blank(*c)).collect();
    let code = code.to_ascii_uppercase();
    if code.contains("://") || code.contains("WWW.") || is_scheme(&code) {
        return Err(WaybillError::Link);
    }
    match code.chars().find(|c| !c.is_ascii_graphic() && *c != gs1::SEPARATOR) {
        Some(other) => Err(forbidden_character(other)),
        None => Ok(code),
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{3000}' | '\u{2009}' | '\u{202f}')
}

/// `WEIXIN:`, `TEL:`: what a phone would open.
fn is_scheme(code: &str) -> bool {
    code.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphabetic())
    })
}

fn forbidden_character(c: char) -> WaybillError {
    if c.is_control() {
        WaybillError::ControlCharacter
    } else if matches!(c, '/' | '?' | ':') {
        WaybillError::Link
    } else {
        WaybillError::Alphabet(c)
    }
}

fn from_element(element: &Element) -> Result<Normalised, WaybillError> {
    let (number, scheme) = match element {
        Element::Sscc(number) => (number, Scheme::Sscc),
        Element::Gtin(number) => (number, Scheme::Gtin),
        Element::Consignment(number) => (number, Scheme::Plain),
    };
    Ok(Normalised { number: to_number(number)?, scheme })
}

fn plain(code: &str) -> Result<Normalised, WaybillError> {
    match formats::s10(code) {
        S10::Valid(repaired) => {
            return Ok(Normalised { number: to_number(&repaired)?, scheme: Scheme::S10 });
        }
        S10::Misread => return Err(WaybillError::CheckFailed),
        S10::Other => {}
    }
    // A scanner that is told to drop symbology identifiers still sends `00` and the SSCC.
    let sscc = code.strip_prefix("00").filter(|rest| rest.len() == gs1::SSCC_DIGITS);
    if let Some(sscc) = sscc.filter(|rest| gs1::is_checked(rest)) {
        return from_element(&Element::Sscc(sscc.to_owned()));
    }
    Ok(Normalised { number: to_number(code)?, scheme: Scheme::Plain })
}

fn to_number(code: &str) -> Result<WaybillNumber, WaybillError> {
    const CHARS_MIN: usize = 4;
    if code.len() < CHARS_MIN {
        return Err(WaybillError::TooShort);
    }
    code.parse().map_err(|_| WaybillError::TooLong)
}

/// The carriers whose formats a number fits, each once, those with a check digit first. Never a
/// conclusion.
pub fn candidates(number: &WaybillNumber) -> Vec<Candidate> {
    let fits = |format: &&Format| format.fits(number.as_str());
    let mut fitting: Vec<&Format> = formats::ALL.iter().filter(fits).collect();
    fitting.sort_by_key(|format| !format.is_checked());
    let mut candidates: Vec<Candidate> = Vec::with_capacity(fitting.len());
    for format in fitting {
        let Ok(carrier) = format.carrier.parse::<CarrierId>() else { continue };
        if !candidates.iter().any(|known| known.carrier == carrier) {
            let is_checked = format.is_checked();
            candidates.push(Candidate { carrier, format: format.name, is_checked });
        }
    }
    candidates
}
