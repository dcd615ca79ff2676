//! What can happen to a device, and the facts that each happening carries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::hex::hex_value;
use crate::ids::CommandId;

events! {
    /// Everything that can happen to a device.
    pub enum DeviceEvent {
        Settled(CommandSettled),
        Quarantined(CommandQuarantined),
        Revoked(DeviceRevoked),
        Restored(DeviceRestored),
    }
}

hex_value! {
    /// A digest of a command's content: 16 bytes, written as 32 lower-case hexadecimal digits.
    pub struct ContentDigest([u8; 16]);
}

/// What kind of no it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// A rule of the domain forbids it.
    Refused,
    /// It was decided against another version than the one that stood.
    Conflict,
    /// There is no such thing.
    NotFound,
    /// The command itself made no sense.
    Invalid,
}

/// The stored answer to a command that caused no events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettledAnswer {
    /// The domain said no. That is final for this command.
    Refused {
        /// What kind of no it was.
        kind: RefusalKind,
        /// The refusal's stable code.
        code: String,
        /// The sentence in English, as it was told.
        english: String,
        /// The sentence in Chinese, as it was told.
        chinese: String,
    },
    /// What it asked for was so already.
    Repeated {
        /// The revision of the stream that it was asked of.
        revision: u64,
    },
    /// It was shared out to the pieces of a table or cart.
    Shared {
        /// How many took it.
        accepted: u32,
        /// How many did not.
        refused: u32,
    },
}

/// A command caused no events and its answer is kept, so that a re-delivery gets the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandSettled {
    /// The command.
    pub command: CommandId,
    /// What it asked for.
    pub content: ContentDigest,
    /// Its number among the device's commands, where the device numbers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The answer.
    pub answer: SettledAnswer,
}

/// Why a command waits for a person instead of being worked off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineReason {
    /// The device was revoked when it arrived.
    Revoked,
    /// It says that it happened more than 14 days ago.
    TooOld,
    /// Nobody can tell when it happened: the device's clock was never compared.
    ClockUnknown,
}

/// A command was put aside for a person to look at; it changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandQuarantined {
    /// The command.
    pub command: CommandId,
    /// What it asked for.
    pub content: ContentDigest,
    /// Its number among the device's commands, where the device numbers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Why.
    pub reason: QuarantineReason,
}

/// Nothing from the device applies by itself any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceRevoked {}

/// The device is trusted again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceRestored {}
