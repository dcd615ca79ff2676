//! A hook: who hears of what.

use std::collections::BTreeSet;

use domain::ids::{ActorId, CommunityId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::sign::Secret;

/// What a hook hears of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HookKind {
    /// A piece reached its household.
    HandedOff,
    /// An attempt at the door failed.
    Failed,
    /// A piece needs care: held, damaged, missing or disputed.
    NeedsCare,
}

/// The events of each kind.
const EVENTS: [(HookKind, &[&str]); 3] = [
    (HookKind::HandedOff, &["ParcelHandedOff"]),
    (HookKind::Failed, &["ParcelDeliveryFailed"]),
    (
        HookKind::NeedsCare,
        &["ParcelHeld", "ParcelDamaged", "ParcelMissing", "ParcelDisputed", "ParcelRecalled"],
    ),
];

impl HookKind {
    /// The kind that an event belongs to.
    pub(super) fn of(event_type: &str) -> Option<Self> {
        EVENTS.iter().find(|(_, names)| names.contains(&event_type)).map(|(kind, _)| *kind)
    }

    /// The type of its messages.
    pub(super) fn message_type(self) -> &'static str {
        match self {
            Self::HandedOff => "parcel.handed_off",
            Self::Failed => "parcel.failed",
            Self::NeedsCare => "parcel.needs_care",
        }
    }
}

/// Whether a hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "WebhookState")]
pub enum HookState {
    /// It is.
    Active,
    /// It was not there for so long that it is not called any more; set it again, and it goes on
    /// where it stopped.
    Paused,
}

/// A hook as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hook {
    pub(super) id: Uuid,
    pub(super) community: CommunityId,
    pub(super) url: String,
    pub(super) kinds: BTreeSet<HookKind>,
    pub(super) secret: Secret,
    /// Everything up to here was sent.
    pub(super) position: u64,
    pub(super) state: HookState,
    pub(super) sent: u64,
    pub(super) last_failure: Option<Failure>,
}

/// How the last call failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WebhookFailure")]
pub struct Failure {
    /// When.
    pub(super) at: Timestamp,
    /// Why.
    pub(super) reason: String,
    /// How often in a row.
    pub(super) attempts: u32,
}

impl Hook {
    pub(super) fn is_active(&self) -> bool {
        self.state == HookState::Active
    }
}

/// A hook to make or to change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SetWebhook")]
pub struct SetHookBody {
    /// Who sets it.
    pub actor: ActorId,
    /// Its id, made by whoever sets it; the same changes it.
    pub id: Uuid,
    /// Where its messages go: `https://…`.
    pub url: String,
    /// What it hears of.
    pub kinds: BTreeSet<HookKind>,
    /// What messages are signed with: `whsec_` and 24 to 64 bytes in base64. Without it one is
    /// made, and told once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// From which position on. Without it: a new one from now on, another from where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// A hook as it stands; its secret is not told.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
pub struct HookBody {
    /// Its id.
    pub id: Uuid,
    /// Where its messages go.
    pub url: String,
    /// What it hears of.
    pub kinds: BTreeSet<HookKind>,
    /// Whether it is called.
    pub state: HookState,
    /// Everything up to this position was sent.
    pub position: u64,
    /// How many messages it took since it was set.
    pub sent: u64,
    /// How the last call failed, until one succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
}

impl From<Hook> for HookBody {
    fn from(hook: Hook) -> Self {
        let Hook { id, url, kinds, state, position, sent, last_failure, .. } = hook;
        Self { id, url, kinds, state, position, sent, last_failure }
    }
}

/// A hook that was set.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "WebhookSet")]
pub struct HookSetBody {
    /// The hook.
    pub webhook: HookBody,
    /// Its secret, when it was made here; it is told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A hook that was taken away.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "WebhookRemoved")]
pub struct RemovedBody {
    /// Its id.
    pub id: Uuid,
    /// Whether there was one.
    pub removed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_that_is_told_exists() {
        let known: Vec<_> =
            runtime::codec::event_schemas().into_iter().map(|(_, name, _)| name).collect();
        for name in EVENTS.iter().flat_map(|(_, names)| *names) {
            assert!(known.contains(name), "{name}");
        }
        assert_eq!(HookKind::of("ParcelHandedOff"), Some(HookKind::HandedOff));
        assert_eq!(HookKind::of("ParcelArrived"), None);
    }
}
