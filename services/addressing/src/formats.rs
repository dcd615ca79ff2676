//! The formats of carriers' numbers, as facts in our own words.
//!
//! Sources: UPU standard S10 (postal items); the facts of the `tracking_number_data` collection
//! (MIT, Jeff Keen), stated here in our own notation; for carriers in China the common ground of
//! several published patterns, which contradict each other: hence candidates, not conclusions.
//!
//! *Notation of shapes.* Capitals, digits and hyphens stand for themselves; `d` is a digit, `a` a
//! letter, `x` either; `[ABC]` is one of a set; `{9}` or `{9,11}` repeats what stands before it.

/// One format of one carrier.
#[derive(Debug)]
pub(crate) struct Format {
    /// The carrier's short code.
    pub carrier: &'static str,
    /// The format in words.
    pub name: &'static str,
    shapes: &'static [&'static str],
    check: Check,
}

/// How a check digit is computed.
#[derive(Debug, Clone, Copy)]
enum Check {
    /// There is none.
    None,
    /// There is none, and letters alone are a word.
    SomeDigit,
    /// Alternating weights from the left, modulo 10; letters count as (ASCII - 3) mod 10. `skip`
    /// characters in front do not take part; `plus` is what an omitted prefix would have added.
    Mod10 { skip: usize, first: u32, second: u32, plus: u32 },
    /// Repeated weights, modulo 11, then modulo 10. `after` characters follow the check digit.
    Mod11 { skip: usize, weights: [u32; 3], after: usize },
    /// The number before the last digit, modulo 7.
    Mod7,
    /// The well-known doubling sum (ISO/IEC 7812-1).
    Luhn,
    /// ISO/IEC 7064 MOD 37,36.
    Mod37,
}

impl Format {
    /// Whether a number has the shape and, where there is one, the check digit.
    pub fn fits(&self, number: &str) -> bool {
        self.shapes.iter().any(|shape| has_shape(number.as_bytes(), shape.as_bytes()))
            && self.check.holds(number.as_bytes())
    }

    /// Whether the format has a check digit.
    pub fn is_checked(&self) -> bool {
        match self.check {
            Check::None | Check::SomeDigit => false,
            Check::Mod10 { .. }
            | Check::Mod11 { .. }
            | Check::Mod7
            | Check::Luhn
            | Check::Mod37 => true,
        }
    }
}

impl Check {
    fn holds(self, code: &[u8]) -> bool {
        match self {
            Self::None => true,
            Self::SomeDigit => code.iter().skip(2).any(u8::is_ascii_digit),
            Self::Mod10 { skip, first, second, plus } => {
                let Some((check, body)) = code.split_last() else { return false };
                let body = body.iter().skip(skip).enumerate();
                let weight = |place: usize| if place.is_multiple_of(2) { first } else { second };
                let sum: u32 = body.map(|(place, c)| loose_digit(*c) * weight(place)).sum();
                (sum + plus + digit(*check)).is_multiple_of(10)
            }
            Self::Mod11 { skip, weights, after } => {
                let end = code.len().saturating_sub(after);
                let Some((check, body)) = code[..end].split_last() else { return false };
                let body = body.iter().skip(skip).enumerate();
                let sum: u32 = body.map(|(place, c)| digit(*c) * weights[place % 3]).sum();
                sum % 11 % 10 == digit(*check)
            }
            Self::Mod7 => {
                let Some((check, body)) = code.split_last() else { return false };
                body.iter().fold(0, |rest, c| (rest * 10 + digit(*c)) % 7) == digit(*check)
            }
            Self::Luhn => {
                let double = |place: usize, digit: u32| match (place % 2, digit * 2) {
                    (0, _) => digit,
                    (_, twice) if twice > 9 => twice - 9,
                    (_, twice) => twice,
                };
                let digits = code.iter().rev().enumerate();
                digits.map(|(place, c)| double(place, digit(*c))).sum::<u32>().is_multiple_of(10)
            }
            Self::Mod37 => mod37(code),
        }
    }
}

/// ISO/IEC 7064 MOD 37,36 over digits and letters, as parcel labels of DPD use it.
fn mod37(code: &[u8]) -> bool {
    const RADIX: u32 = 36;
    let Some((check, body)) = code.split_last() else { return false };
    let mut product = RADIX;
    for c in body {
        let sum = (base36(*c) + product) % RADIX;
        product = (if sum == 0 { RADIX } else { sum } * 2) % (RADIX + 1);
    }
    (product + base36(*check)) % RADIX == 1
}

fn base36(c: u8) -> u32 {
    char::from(c).to_digit(36).unwrap_or(0)
}

fn digit(c: u8) -> u32 {
    char::from(c).to_digit(10).unwrap_or(0)
}

fn loose_digit(c: u8) -> u32 {
    if c.is_ascii_digit() { digit(c) } else { (u32::from(c) - 3) % 10 }
}

/// Whether `code` has `shape`; see the head of this file. Only a shape's last piece may vary in
/// length, so nothing is ever tried twice.
fn has_shape(code: &[u8], shape: &[u8]) -> bool {
    let (mut code, mut shape) = (code, shape);
    while let Some((class, after)) = split_class(shape) {
        let (least, most, after) = split_repeat(after);
        let reach = code.iter().take(most).take_while(|c| fits_class(**c, class)).count();
        if reach < least {
            return false;
        }
        code = &code[reach..];
        shape = after;
    }
    code.is_empty()
}

fn split_class(shape: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = match shape.first()? {
        b'[' => shape.iter().position(|c| *c == b']')? + 1,
        _ => 1,
    };
    Some(shape.split_at(length))
}

fn split_repeat(shape: &[u8]) -> (usize, usize, &[u8]) {
    let Some(inner) = shape.strip_prefix(b"{") else { return (1, 1, shape) };
    let end = inner.iter().position(|c| *c == b'}').unwrap_or(inner.len());
    let mut bounds = inner[..end]
        .split(|c| *c == b',')
        .map(|bound| bound.iter().fold(0_usize, |number, c| number * 10 + usize::from(*c - b'0')));
    let least = bounds.next().unwrap_or(1);
    (least, bounds.next().unwrap_or(least), inner.get(end + 1..).unwrap_or_default())
}

fn fits_class(c: u8, class: &[u8]) -> bool {
    match class {
        [b'd'] => c.is_ascii_digit(),
        [b'a'] => c.is_ascii_uppercase(),
        [b'x'] => c.is_ascii_digit() || c.is_ascii_uppercase(),
        [b'[', set @ .., b']'] => set.contains(&c),
        [own] => *own == c,
        _ => false,
    }
}

/// What a code is as a UPU S10 number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum S10 {
    /// It is one; look-alikes are put right.
    Valid(String),
    /// It is made like one, and the check digit is wrong.
    Misread,
    /// It is none.
    Other,
}

/// Reads a UPU S10 number: two letters, eight digits, a check digit, a country. Look-alikes are put
/// right, since the shape tells letters from digits and the check digit proves the rest.
pub(crate) fn s10(code: &str) -> S10 {
    const LENGTH: usize = 13;
    const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];
    if code.len() != LENGTH || !code.is_ascii() {
        return S10::Other;
    }
    let letter = |place: usize| !(2..11).contains(&place);
    let right = |(place, c): (usize, char)| match (letter(place), c) {
        (true, '0') => 'O',
        (true, '1') => 'I',
        (false, 'O') => '0',
        (false, 'I' | 'L') => '1',
        (_, other) => other,
    };
    let repaired: String = code.chars().enumerate().map(right).collect();
    let untouched = repaired == code;
    let bytes = repaired.as_bytes();
    if !has_shape(bytes, b"a{2}d{9}a{2}") || !COUNTRIES.contains(&&repaired[11..]) {
        return S10::Other;
    }
    let sum: u32 = WEIGHTS.iter().zip(&bytes[2..10]).map(|(weight, c)| weight * digit(*c)).sum();
    let check = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        other => other,
    };
    if check == digit(bytes[10]) {
        S10::Valid(repaired)
    } else if untouched {
        S10::Misread
    } else {
        S10::Other
    }
}

/// Countries whose postal services issue S10 numbers (ISO 3166-1 alpha-2, members of the UPU).
#[rustfmt::skip]
const COUNTRIES: &[&str] = &[
    "AE", "AF", "AG", "AL", "AM", "AO", "AR", "AT", "AU", "AZ", "BA", "BB", "BD", "BE", "BF", "BG",
    "BH", "BI", "BJ", "BN", "BO", "BR", "BS", "BT", "BW", "BY", "BZ", "CA", "CD", "CF", "CG", "CH",
    "CI", "CL", "CM", "CN", "CO", "CR", "CU", "CV", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ",
    "EC", "EE", "EG", "ER", "ES", "ET", "FI", "FJ", "FR", "GA", "GB", "GD", "GE", "GH", "GM", "GN",
    "GQ", "GR", "GT", "GW", "GY", "HK", "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IN", "IQ", "IR",
    "IS", "IT", "JM", "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KZ", "LA",
    "LB", "LC", "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MG", "MK",
    "ML", "MM", "MN", "MR", "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA", "NE", "NG", "NI", "NL",
    "NO", "NP", "NR", "NZ", "OM", "PA", "PE", "PG", "PH", "PK", "PL", "PT", "PY", "QA", "RO", "RS",
    "RU", "RW", "SA", "SB", "SC", "SD", "SE", "SG", "SI", "SK", "SL", "SM", "SN", "SO", "SR", "SS",
    "ST", "SV", "SY", "SZ", "TD", "TG", "TH", "TJ", "TL", "TM", "TN", "TO", "TR", "TT", "TV", "TZ",
    "UA", "UG", "US", "UY", "UZ", "VA", "VC", "VE", "VN", "VU", "WS", "YE", "ZA", "ZM", "ZW",
];

/// Every format. The order says nothing.
pub(crate) const ALL: &[Format] = &[
    Format { carrier: "sf", name: "SF and 13 digits", shapes: &["SFd{13}"], check: Check::None },
    Format { carrier: "sf", name: "12 digits", shapes: &["d{12}"], check: Check::None },
    Format {
        carrier: "sto",
        name: "77 and 13 digits, or 12 digits",
        shapes: &["77d{13}", "[23456789]d{11}"],
        check: Check::None,
    },
    Format { carrier: "yto", name: "YT and 13 digits", shapes: &["YTd{13}"], check: Check::None },
    Format { carrier: "yto", name: "88 and 16 digits", shapes: &["88d{16}"], check: Check::None },
    Format {
        carrier: "zto",
        name: "78 or 73 and 12 digits",
        shapes: &["7[38]d{12}"],
        check: Check::None,
    },
    Format { carrier: "zto", name: "12 digits", shapes: &["[234567]d{11}"], check: Check::None },
    Format {
        carrier: "zto",
        name: "ZT and 12 or 13 digits",
        shapes: &["ZTd{12,13}"],
        check: Check::None,
    },
    Format {
        carrier: "yunda",
        name: "13 or 15 digits",
        shapes: &["d{13}", "[34]d{14}"],
        check: Check::None,
    },
    Format { carrier: "yunda", name: "YD and 12 digits", shapes: &["YDd{12}"], check: Check::None },
    Format {
        carrier: "jt",
        name: "JT and 11 to 13 digits",
        shapes: &["JTd{11,13}"],
        check: Check::None,
    },
    Format {
        carrier: "jd",
        name: "JD and 11 to 13 letters or digits",
        shapes: &["JDx{11,13}"],
        check: Check::None,
    },
    Format {
        carrier: "ems",
        name: "13 digits, domestic",
        shapes: &["1[0123]d{11}", "5[012]d{11}", "9[5789]d{11}"],
        check: Check::None,
    },
    Format {
        carrier: "china-post",
        name: "13 digits, first 9",
        shapes: &["9d{12}"],
        check: Check::None,
    },
    Format {
        carrier: "ems",
        name: "UPU S10, service E",
        shapes: &["Ead{9}CN"],
        check: Check::None,
    },
    Format {
        carrier: "china-post",
        name: "UPU S10, of China",
        shapes: &["[ACDFGHKLMNPQRSTUVXYZ]ad{9}CN"],
        check: Check::None,
    },
    Format { carrier: "deppon", name: "8 to 10 digits", shapes: &["d{8,10}"], check: Check::None },
    Format {
        carrier: "deppon",
        name: "DP or DB and 12 digits or more",
        shapes: &["DP[KL]d{12}", "DBd{12,14}", "DPKd{11,13}-[-0123456789]{1,20}"],
        check: Check::None,
    },
    Format {
        carrier: "best",
        name: "letter and 12 digits",
        shapes: &["[ABDE]d{12}", "BXAd{10}"],
        check: Check::None,
    },
    Format {
        carrier: "best",
        name: "5, 6 or 7 and 13 digits",
        shapes: &["[567]d{13}", "58d{14}"],
        check: Check::None,
    },
    Format { carrier: "ane", name: "12 digits", shapes: &["d{12}"], check: Check::None },
    Format { carrier: "yimidida", name: "12 digits", shapes: &["d{12}"], check: Check::None },
    Format {
        carrier: "zjs",
        name: "8 or 10 digits",
        shapes: &["d{8}", "d{10}", "ZJSd{12}"],
        check: Check::None,
    },
    Format {
        carrier: "cainiao",
        name: "LP and 14 digits",
        shapes: &["LPd{14}"],
        check: Check::None,
    },
    Format {
        carrier: "amazon",
        name: "TB and 12 digits",
        shapes: &["TB[ACM]d{12}"],
        check: Check::None,
    },
    Format {
        carrier: "amazon",
        name: "letter and 10 digits",
        shapes: &["[AFC]d{10}"],
        check: Check::None,
    },
    Format {
        carrier: "canada-post",
        name: "16 digits",
        shapes: &["d{16}"],
        check: Check::Mod10 { skip: 0, first: 3, second: 1, plus: 0 },
    },
    Format {
        carrier: "canpar",
        name: "letter and 21 digits",
        shapes: &["[CDKLSUXZ]d{21}"],
        check: Check::None,
    },
    Format { carrier: "dhl", name: "10 or 11 digits", shapes: &["d{10,11}"], check: Check::Mod7 },
    Format {
        carrier: "dhl",
        name: "J, letters and 9 or 10 digits",
        shapes: &["Ja{2}d{9,10}", "Ja{3}d{9,10}"],
        check: Check::None,
    },
    Format {
        carrier: "dhl-ecommerce",
        name: "prefix and 10 or more",
        shapes: &[
            "GMx{10,38}",
            "LXx{10,38}",
            "RXx{10,38}",
            "UVx{10,38}",
            "CNx{10,38}",
            "SGx{10,38}",
            "THx{10,38}",
            "INx{10,38}",
            "HKx{10,38}",
            "MYx{10,38}",
        ],
        check: Check::SomeDigit,
    },
    Format { carrier: "dhl-ecommerce", name: "14 digits", shapes: &["d{14}"], check: Check::None },
    Format {
        carrier: "dpd",
        name: "27 digits and a check character",
        shapes: &["d{27}x"],
        check: Check::Mod37,
    },
    Format {
        carrier: "dpd",
        name: "14 digits and a check character",
        shapes: &["d{14}x"],
        check: Check::Mod37,
    },
    Format {
        carrier: "fedex",
        name: "12 digits",
        shapes: &["d{12}"],
        check: Check::Mod11 { skip: 0, weights: [3, 1, 7], after: 0 },
    },
    Format {
        carrier: "fedex",
        name: "34 digits",
        shapes: &["[012345678]d{33}"],
        check: Check::Mod11 { skip: 20, weights: [1, 7, 3], after: 0 },
    },
    Format {
        carrier: "fedex",
        name: "32 digits",
        shapes: &["3d{31}"],
        check: Check::Mod11 { skip: 16, weights: [3, 1, 7], after: 4 },
    },
    Format {
        carrier: "fedex",
        name: "15 digits, ground",
        shapes: &["d{15}"],
        check: Check::Mod10 { skip: 0, first: 1, second: 3, plus: 0 },
    },
    Format {
        carrier: "fedex",
        name: "18 digits, SSCC",
        shapes: &["d{18}"],
        check: Check::Mod10 { skip: 0, first: 3, second: 1, plus: 0 },
    },
    Format {
        carrier: "fedex",
        name: "96 and 20 digits, ground",
        shapes: &["96d{20}"],
        check: Check::Mod10 { skip: 7, first: 1, second: 3, plus: 0 },
    },
    Format {
        carrier: "fedex",
        name: "96 and 32 digits, ground",
        shapes: &["96d{32}"],
        check: Check::Mod11 { skip: 20, weights: [1, 7, 3], after: 0 },
    },
    Format {
        carrier: "gofo",
        name: "GFUS and 14 digits",
        shapes: &["GFUSd{14}"],
        check: Check::None,
    },
    Format {
        carrier: "landmark",
        name: "LTN, 8 digits, N1",
        shapes: &["LTNd{8}N1"],
        check: Check::None,
    },
    Format {
        carrier: "lasership",
        name: "L, letter and 8 digits",
        shapes: &["L[AIEHNX][123]d{7}"],
        check: Check::None,
    },
    Format {
        carrier: "lasership",
        name: "1LS7 and 11 digits",
        shapes: &["1LS7[12]d{10}", "1LS7[12]d{2}01[1234]d{6}-1"],
        check: Check::None,
    },
    Format {
        carrier: "lasership",
        name: "1LSCX and 10 letters or digits",
        shapes: &["1LSCXx{10}"],
        check: Check::None,
    },
    Format {
        carrier: "old-dominion",
        name: "11 digits",
        shapes: &["77[78]d{8}", "072d{8}", "780d{8}", "80d{9}"],
        check: Check::Luhn,
    },
    Format {
        carrier: "ontrac",
        name: "C or D and 14 digits",
        shapes: &["[CD]d{14}"],
        check: Check::Mod10 { skip: 0, first: 1, second: 2, plus: 0 },
    },
    Format {
        carrier: "purolator",
        name: "12 digits",
        shapes: &["[012345]d{11}"],
        check: Check::Luhn,
    },
    Format {
        carrier: "purolator",
        name: "3 letters and 9 digits",
        shapes: &["a{3}d{9}"],
        check: Check::None,
    },
    Format {
        carrier: "speedee",
        name: "SP and 18 digits",
        shapes: &["SPd{18}"],
        check: Check::None,
    },
    Format {
        carrier: "ups",
        name: "1Z and 16 letters or digits",
        shapes: &["1Zx{15}d"],
        check: Check::Mod10 { skip: 2, first: 1, second: 2, plus: 0 },
    },
    Format {
        carrier: "ups",
        name: "letter and 10 digits",
        shapes: &["[AHJKTV]d{10}"],
        check: Check::Mod10 { skip: 1, first: 1, second: 2, plus: 0 },
    },
    Format {
        carrier: "usps",
        name: "20 digits",
        shapes: &["d{20}"],
        check: Check::Mod10 { skip: 0, first: 3, second: 1, plus: 0 },
    },
    Format {
        carrier: "usps",
        name: "20 digits, 91 left out",
        shapes: &["d{20}"],
        check: Check::Mod10 { skip: 0, first: 3, second: 1, plus: 28 },
    },
    Format {
        carrier: "usps",
        name: "22 digits or more",
        shapes: &[
            "9[1245]d{20}",
            "93d{3}[012345678]d{16}",
            "9[245]d{24}",
            "93d{3}[012345678]d{20}",
            "94d{3}9d{24}",
        ],
        check: Check::Mod10 { skip: 0, first: 3, second: 1, plus: 0 },
    },
    Format {
        carrier: "usps",
        name: "420, 5 digits of the place, 22 digits or more",
        shapes: &[
            "420d{5}9[1245]d{20}",
            "420d{5}93d{3}[012345678]d{16}",
            "420d{5}9[245]d{24}",
            "420d{5}93d{3}[012345678]d{20}",
        ],
        check: Check::Mod10 { skip: 8, first: 3, second: 1, plus: 0 },
    },
    Format {
        carrier: "usps",
        name: "420, 9 digits of the place, 22 digits",
        shapes: &["420d{9}9[1245]d{20}", "420d{9}93d{3}[012345678]d{16}"],
        check: Check::Mod10 { skip: 12, first: 3, second: 1, plus: 0 },
    },
    Format {
        carrier: "yodel",
        name: "JD and 16 digits",
        shapes: &["JDd{16}", "JJDd{16}"],
        check: Check::None,
    },
    Format {
        carrier: "yunexpress",
        name: "YT and 16 digits",
        shapes: &["YTd{16}"],
        check: Check::None,
    },
];
