//! What goes wrong: a refusal is data in the payload, a fault is an error with a stable code.

use async_graphql::{Error, ErrorExtensions, SimpleObject};
use runtime::Problem;

/// Why something was not done. It is final for its command id, unless it says otherwise.
#[derive(Debug, SimpleObject)]
pub(super) struct Refusal {
    /// The stable code, to branch on, such as `zone-closed`.
    code: String,
    /// What to do, in English.
    english: String,
    /// What to do, in Chinese.
    chinese: String,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let Problem { code, english, chinese, .. } = problem;
        Self { code, english, chinese }
    }
}

/// Whose fault an error is, in the words that gateways and probes know: the document's.
pub(super) const OF_DOCUMENT: &str = "BAD_REQUEST";
/// The same: the engine's, now.
const OF_ENGINE: &str = "INTERNAL_SERVER_ERROR";

/// A problem as an error: `extensions.code` to branch on, `extensions.retry` for "the same again",
/// `extensions.classification` for programs that know no code of ours.
pub(super) fn fault(problem: &Problem) -> Error {
    Error::new(problem.english.clone()).extend_with(|_, extensions| {
        extensions.set("code", problem.code.clone());
        extensions.set("chinese", problem.chinese.clone());
        extensions.set("retry", problem.is_deferred());
        let of = if problem.is_deferred() { OF_ENGINE } else { OF_DOCUMENT };
        extensions.set("classification", of);
    })
}
