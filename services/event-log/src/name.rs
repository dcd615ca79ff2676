//! The names of streams.

use std::{fmt, str::FromStr, sync::Arc};

use crate::STREAM_NAME_BYTES_MAX;

/// The name of a stream: `<category>-<the rest>`, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Arc<str>);

/// A text that names no stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamNameError {
    /// Longer than [`STREAM_NAME_BYTES_MAX`].
    #[error("a stream name of {bytes} bytes; at most {STREAM_NAME_BYTES_MAX} are allowed")]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// No `-`, or nothing before or after the first one.
    #[error("a stream name is `<category>-<the rest>`, both of them not empty")]
    NoCategory,
    /// It could not be printed on one line.
    #[error("a stream name has no control characters")]
    ControlCharacter,
}

impl StreamName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`StreamNameError`] says what a name has to look like.
    pub fn new(name: impl Into<Arc<str>>) -> Result<Self, StreamNameError> {
        let name = name.into();
        if name.len() > STREAM_NAME_BYTES_MAX {
            return Err(StreamNameError::TooLong { bytes: name.len() });
        }
        if name.chars().any(char::is_control) {
            return Err(StreamNameError::ControlCharacter);
        }
        match name.split_once('-') {
            Some((category, rest)) if !category.is_empty() && !rest.is_empty() => Ok(Self(name)),
            Some(_) | None => Err(StreamNameError::NoCategory),
        }
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text before the first `-`; `KurrentDB` knows categories by the same rule.
    pub fn category(&self) -> &str {
        self.0.split_once('-').map_or(&self.0, |(category, _)| category)
    }
}

impl TryFrom<&str> for StreamName {
    type Error = StreamNameError;

    fn try_from(name: &str) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl TryFrom<String> for StreamName {
    type Error = StreamNameError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl FromStr for StreamName {
    type Err = StreamNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl AsRef<str> for StreamName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("parcel-fumin.1", "parcel")]
    #[case("run-a-b-c", "run")]
    #[case("物件-富民.一", "物件")]
    fn a_name_has_a_category(#[case] name: &str, #[case] category: &str) {
        let stream = StreamName::try_from(name).unwrap();
        assert_eq!(stream.category(), category);
        assert_eq!(stream.as_str(), name);
        assert_eq!(stream.to_string(), name);
    }

    #[rstest]
    #[case("", StreamNameError::NoCategory)]
    #[case("parcel", StreamNameError::NoCategory)]
    #[case("-1", StreamNameError::NoCategory)]
    #[case("parcel-", StreamNameError::NoCategory)]
    #[case("parcel-\n", StreamNameError::ControlCharacter)]
    fn what_is_no_name_is_refused(#[case] name: &str, #[case] error: StreamNameError) {
        assert_eq!(name.parse::<StreamName>(), Err(error));
    }

    #[test]
    fn a_name_is_bounded() {
        let longest = format!("a-{}", "b".repeat(STREAM_NAME_BYTES_MAX - 2));
        assert!(StreamName::try_from(longest.as_str()).is_ok());
        let bytes = STREAM_NAME_BYTES_MAX + 1;
        assert_eq!(
            StreamName::try_from(format!("{longest}b")),
            Err(StreamNameError::TooLong { bytes })
        );
    }
}
