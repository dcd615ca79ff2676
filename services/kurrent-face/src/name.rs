//! Names of the protocol and names of the log.
//!
//! Clients may call a stream what they like; the log wants `<category>-<the rest>`, and the engine
//! takes every stream for its own that does not begin with `$`. So a name that is neither the
//! engine's nor fit for the log is kept as `$named-<the name, escaped>`.

use std::{fmt::Write as _, sync::Arc};

use event_log::{STREAM_NAME_BYTES_MAX, StreamName};

/// What names that cannot stand as they are begin with.
const ESCAPED: &str = "$named-";
/// What the names of metadata streams begin with.
pub(crate) const METADATA: &str = "$$";

/// Says whether a stream is the engine's own: outsiders read it and never write to it.
pub type Owned = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A name that no stream can have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NameError {
    #[error("a stream name is UTF-8; this one is not")]
    NotUtf8,
    #[error("a stream name is not empty")]
    Empty,
    #[error("`$all` is every stream, and no stream to write to")]
    All,
    #[error(
        "the stream name is too long: at most {STREAM_NAME_BYTES_MAX} bytes with its escapes can \
         be kept"
    )]
    TooLong,
}

/// How names are kept.
#[derive(Clone)]
pub(crate) struct Names {
    owned: Option<Owned>,
}

impl Names {
    pub fn new(owned: Option<Owned>) -> Self {
        Self { owned }
    }

    /// Whether the stream, or the stream whose metadata it is, belongs to the engine.
    pub fn is_owned(&self, name: &str) -> bool {
        let base = name.strip_prefix(METADATA).unwrap_or(name);
        self.owned.as_ref().is_some_and(|owned| owned(base))
    }

    /// The name under which the log keeps a stream.
    pub fn kept(&self, name: &str) -> Result<StreamName, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name == "$all" {
            return Err(NameError::All);
        }
        let as_it_is = !name.starts_with(ESCAPED)
            && (name.starts_with('$') || self.owned.as_ref().is_none_or(|owned| owned(name)));
        if as_it_is && let Ok(kept) = StreamName::try_from(name) {
            return Ok(kept);
        }
        StreamName::try_from(escape(name)).map_err(|_| NameError::TooLong)
    }
}

/// The name of the protocol of a stream of the log.
pub(crate) fn shown(kept: &StreamName) -> String {
    let name = kept.as_str();
    name.strip_prefix(ESCAPED).and_then(unescape).unwrap_or_else(|| name.to_owned())
}

pub(crate) fn from_bytes(name: &[u8]) -> Result<&str, NameError> {
    std::str::from_utf8(name).map_err(|_| NameError::NotUtf8)
}

fn escape(name: &str) -> String {
    let mut escaped = String::from(ESCAPED);
    for letter in name.chars() {
        if letter == '%' || letter.is_control() {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                write!(escaped, "%{byte:02x}").unwrap_or_default();
            }
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

fn unescape(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> [Names; 2] {
        let owned: Owned = Arc::new(|name: &str| name.starts_with("parcel-"));
        [Names::new(None), Names::new(Some(owned))]
    }

    #[test]
    fn every_name_comes_back() {
        for name in
            ["a-1", "a", "$x", "-", "a-", "$$a", "$$a-1", "$named-a", "/x/foo", "a%b\n", "长"]
        {
            for names in names() {
                assert_eq!(shown(&names.kept(name).unwrap()), name);
            }
        }
    }

    #[test]
    fn no_two_names_are_kept_alike() {
        let names = Names::new(None);
        assert_ne!(names.kept("$named-a").unwrap(), names.kept("a").unwrap());
        assert_ne!(names.kept("a%0a").unwrap(), names.kept("a\n").unwrap());
    }

    #[test]
    fn beside_the_engine_only_its_own_streams_stand_as_they_are() {
        let [alone, beside] = names();
        assert_eq!(alone.kept("a-1").unwrap().as_str(), "a-1");
        assert_eq!(beside.kept("a-1").unwrap().as_str(), "$named-a-1");
        assert_eq!(beside.kept("parcel-1").unwrap().as_str(), "parcel-1");
        assert!(beside.is_owned("$$parcel-1") && !beside.is_owned("a-1"));
        assert!(!alone.is_owned("parcel-1"));
    }

    #[test]
    fn what_names_no_stream_is_refused() {
        for name in ["", "$all", &"x".repeat(STREAM_NAME_BYTES_MAX)] {
            assert!(Names::new(None).kept(name).is_err(), "{name}");
        }
        assert!(from_bytes(&[0xff]).is_err());
    }
}
