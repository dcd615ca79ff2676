//! A device: what became of its commands that caused no events, and whether it is trusted.
//!
//! A command that caused events is remembered by those events. One that was refused, had nothing
//! left to do, or was put aside leaves no other trace: its answer lies here, so that a re-delivery
//! gets the same one.

pub mod event;
#[cfg(test)]
mod spec;

use std::collections::BTreeMap;

pub use self::event::DeviceEvent;
use self::event::{
    CommandQuarantined, CommandSettled, ContentDigest, DeviceRestored, DeviceRevoked,
    QuarantineReason, SettledAnswer,
};
use crate::decider::Decider;
use crate::ids::CommandId;
use crate::refusal::refusals;

/// How many answers of one device are kept: what is asked for again later than that is older than
/// any command that still applies by itself.
pub const SETTLED_KEPT_MAX: usize = 10_000;

/// The decider of one device.
#[derive(Debug, Clone, Copy)]
pub struct Device;

/// What may be asked of a device. The payloads are the facts that shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceCommand {
    /// Keep the answer to a command that caused no events.
    Settle(CommandSettled),
    /// Put a command aside for a person to look at.
    Quarantine(CommandQuarantined),
    /// Trust the device no more.
    Revoke,
    /// Trust it again.
    Restore,
}

refusals! {
    /// Why a command on a device is refused.
    pub enum DeviceRefusal {
        Misuse { command: CommandId } => "command-id-misused",
            "command {command} came before with other content: make a new command id for new content",
            "命令 {command} 曾以其他内容提交：内容不同须使用新的命令编号";
        Revoked => "device-revoked",
            "this device was revoked: its commands wait for a person to look at them",
            "此设备已停用：其提交须由人工核对";
    }
}

/// What the events so far say of a device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceState {
    /// Whether it is trusted no more.
    pub revoked: bool,
    /// The answers to its last commands that caused no events; the ids of the devices grow with
    /// time, so the first ones are the oldest.
    pub settled: BTreeMap<CommandId, (ContentDigest, SettledAnswer)>,
    /// Its commands that wait for a person.
    pub quarantined: BTreeMap<CommandId, (ContentDigest, QuarantineReason)>,
    /// The highest number among these commands.
    pub last_sequence: Option<u64>,
}

impl DeviceState {
    /// The content that a command id stands for, where it is known here.
    pub fn content_of(&self, command: CommandId) -> Option<ContentDigest> {
        let settled = self.settled.get(&command).map(|(content, _)| *content);
        settled.or_else(|| self.quarantined.get(&command).map(|(content, _)| *content))
    }
}

type Decision = Result<Vec<DeviceEvent>, DeviceRefusal>;

impl Decider for Device {
    type Command = DeviceCommand;
    type Event = DeviceEvent;
    type State = DeviceState;
    type Refusal = DeviceRefusal;

    fn decide(state: &DeviceState, command: DeviceCommand) -> Decision {
        match command {
            DeviceCommand::Settle(fact) => settle(state, fact),
            DeviceCommand::Quarantine(fact) => quarantine(state, fact),
            DeviceCommand::Revoke if state.revoked => Ok(vec![]),
            DeviceCommand::Revoke => Ok(vec![DeviceRevoked {}.into()]),
            DeviceCommand::Restore if state.revoked => Ok(vec![DeviceRestored {}.into()]),
            DeviceCommand::Restore => Ok(vec![]),
        }
    }

    fn evolve(mut state: DeviceState, event: &DeviceEvent) -> DeviceState {
        match event {
            DeviceEvent::Settled(event) => {
                let answer = (event.content, event.answer.clone());
                state.quarantined.remove(&event.command);
                state.settled.insert(event.command, answer);
                if state.settled.len() > SETTLED_KEPT_MAX {
                    state.settled.pop_first();
                }
                state.last_sequence = state.last_sequence.max(event.sequence);
            }
            DeviceEvent::Quarantined(event) => {
                let reason = (event.content, event.reason);
                state.quarantined.insert(event.command, reason);
                state.last_sequence = state.last_sequence.max(event.sequence);
            }
            DeviceEvent::Revoked(_) => state.revoked = true,
            DeviceEvent::Restored(_) => state.revoked = false,
        }
        state
    }
}

/// A quarantined command may be settled: a person let it be tried, and it caused nothing.
fn settle(state: &DeviceState, fact: CommandSettled) -> Decision {
    check_content(state, fact.command, fact.content)?;
    if state.settled.contains_key(&fact.command) {
        return Ok(vec![]);
    }
    if state.revoked {
        return Err(DeviceRefusal::Revoked);
    }
    Ok(vec![fact.into()])
}

fn quarantine(state: &DeviceState, fact: CommandQuarantined) -> Decision {
    check_content(state, fact.command, fact.content)?;
    if state.content_of(fact.command).is_some() {
        return Ok(vec![]);
    }
    Ok(vec![fact.into()])
}

/// One id stands for one content for ever.
fn check_content(
    state: &DeviceState,
    command: CommandId,
    content: ContentDigest,
) -> Result<(), DeviceRefusal> {
    match state.content_of(command) {
        Some(known) if known != content => Err(DeviceRefusal::Misuse { command }),
        Some(_) | None => Ok(()),
    }
}
