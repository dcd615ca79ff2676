//! Short opaque values that are written as lower-case hexadecimal digits.

/// A text that is no such value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it must be {digits} lower-case hexadecimal digits")]
pub struct HexError {
    /// How many digits it must have.
    pub digits: usize,
}

/// Reads exactly `N` bytes from twice as many lower-case hexadecimal digits.
pub(crate) fn parse<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let error = HexError { digits: 2 * N };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return Err(error);
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            return Err(error);
        };
        *byte = high << 4 | low;
    }
    Ok(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

/// Declares a value of a fixed number of bytes that is written as lower-case hexadecimal digits.
macro_rules! hex_value {
    ($(#[$attribute:meta])* pub struct $name:ident([u8; $bytes:literal]);) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
        #[schemars(with = "String")]
        pub struct $name([u8; $bytes]);

        $crate::text::as_text!($name);

        impl $name {
            /// The value of these bytes.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The bytes of the value.
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::hex::HexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::hex::parse(text).map(Self)
            }
        }
    };
}
pub(crate) use hex_value;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_spelling_is_read() {
        assert_eq!(parse::<2>("00ff"), Ok([0, 255]));
        let error = Err(HexError { digits: 4 });
        for text in ["", "00f", "00ff0", "00ff00", "00FF", "0x0f", "00f ", "00é"] {
            assert_eq!(parse::<2>(text), error, "{text:?}");
        }
    }
}
