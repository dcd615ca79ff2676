//! Personal data as the domain sees it: ciphertext that it can carry but not read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that was encrypted with its subject's own key: base64 of nonce and ciphertext.
///
/// Names, phones and notes about a person lie in events only like this. Erasing a household deletes
/// its key, after which nobody can read the text again (crypto-shredding).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Sealed(pub String);
