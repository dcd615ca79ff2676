//! What goes wrong, as people and programs are told: a stable code and a sentence in both languages
//! that says what to do.

use domain::Refuse;
use serde::{Deserialize, Serialize};

/// What kind of problem it is; the API turns it into a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The domain says no; final for this command id.
    Refused,
    /// It was decided against another version than the present one; final for this command id.
    Conflict,
    /// There is no such thing; final for this command id.
    NotFound,
    /// The request itself is wrong; mend it and send it under a new id.
    Invalid,
    /// The command id was used for something else.
    Misuse,
    /// Not now: nothing was stored, and the same command may be sent again.
    Deferred,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// The stable code, in kebab case.
    pub code: String,
    /// What to do, in English.
    pub english: String,
    /// What to do, in Chinese.
    pub chinese: String,
}

impl Problem {
    /// A problem of a kind, with its code and its two sentences.
    pub fn new(
        kind: ProblemKind,
        code: &str,
        english: impl Into<String>,
        chinese: impl Into<String>,
    ) -> Self {
        let (english, chinese) = (english.into(), chinese.into());
        Self { kind, code: code.to_owned(), english, chinese }
    }

    /// The domain says no.
    pub fn refused(refusal: &impl Refuse) -> Self {
        Self::new(ProblemKind::Refused, refusal.code(), refusal.to_string(), refusal.chinese())
    }

    /// There is no such thing.
    pub fn not_found(code: &str, english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self::new(ProblemKind::NotFound, code, english, chinese)
    }

    /// The request itself is wrong.
    pub fn invalid(code: &str, english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, code, english, chinese)
    }

    /// Not now.
    pub fn deferred(code: &str, english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self::new(ProblemKind::Deferred, code, english, chinese)
    }

    /// The command id was used for something else.
    pub fn misuse() -> Self {
        Self::new(
            ProblemKind::Misuse,
            "command-id-misused",
            "this command id was already used for something else: make a new id",
            "该命令编号已用于其他内容：请使用新的编号",
        )
    }

    /// The same command is being worked off at this moment.
    pub fn still_running() -> Self {
        Self::deferred(
            "command-running",
            "this command is being worked off now: ask again in a moment with the same id",
            "该命令正在处理：请稍后用同一编号重试",
        )
    }

    /// A decision was made against another version.
    pub fn conflict(expected: Option<u64>, actual: Option<u64>) -> Self {
        let show = |revision: Option<u64>| revision.map_or("none".into(), |r| r.to_string());
        let (expected, actual) = (show(expected), show(actual));
        Self::new(
            ProblemKind::Conflict,
            "version-conflict",
            format!(
                "this was decided on version {expected}, but it is at {actual} now: look at it \
                 again and decide anew"
            ),
            format!("您依据的是第 {expected} 版，现已是第 {actual} 版：请刷新后重新决定"),
        )
    }

    /// Whether the same command id may be tried again, because nothing was stored.
    pub fn is_deferred(&self) -> bool {
        self.kind == ProblemKind::Deferred
    }
}
