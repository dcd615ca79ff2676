//! What has become of every recent command, and how far each device has counted.
//!
//! Folded from the log. It answers a re-sent command that caused no event in its aggregate's
//! stream, and notices an id that is used for something else. Entries older than any command that
//! still applies by itself are dropped: what is older is quarantined before it gets here.

use std::collections::{HashMap, VecDeque};

use domain::device::DeviceEvent;
use domain::device::event::{ContentDigest, SettledAnswer};
use domain::ids::{CommandId, CommunityId, DeviceId, ParcelId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::codec::{AnyEvent, Observed};

/// How long a command is remembered: longer than [`crate::request::AGE_MAX`], by a day's margin.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(15 * 24);

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It caused events, which tell the answer.
    Applied {
        /// The parcel that they are of, where it is one.
        parcel: Option<ParcelId>,
    },
    /// It caused none; this was the answer.
    Settled(Box<SettledAnswer>),
    /// It waits for a person to look at it.
    Quarantined,
}

/// One remembered command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The digest of what was sent under the id.
    pub content: ContentDigest,
    /// What became of it.
    pub verdict: Verdict,
}

/// What is known of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeviceBook {
    /// The last of its own numbers that was worked off.
    pub last_sequence: Option<u64>,
    /// Nothing from it applies by itself any more.
    pub revoked: bool,
}

/// The ledger of commands.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    entries: HashMap<CommandId, Entry>,
    by_age: VecDeque<(Timestamp, CommandId)>,
    devices: HashMap<CommunityId, HashMap<DeviceId, DeviceBook>>,
}

impl Ledger {
    /// What became of a command; `None` when it was never seen, or long ago.
    pub fn entry(&self, command: CommandId) -> Option<&Entry> {
        self.entries.get(&command)
    }

    /// What is known of a device.
    pub fn device(&self, community: &CommunityId, device: &DeviceId) -> DeviceBook {
        let book = self.devices.get(community).and_then(|devices| devices.get(device));
        book.copied().unwrap_or_default()
    }

    /// How many commands are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no command is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Folds one event.
    pub fn observe(&mut self, observed: &Observed) {
        let metadata = &observed.metadata;
        if !metadata.is_follow_up() {
            let parcel = match observed.event {
                AnyEvent::Parcel(parcel, _) => Some(parcel),
                AnyEvent::ArrivalSlots(..)
                | AnyEvent::Community(..)
                | AnyEvent::Device(..)
                | AnyEvent::Household(..)
                | AnyEvent::Order(..)
                | AnyEvent::Plan(..)
                | AnyEvent::Run(..)
                | AnyEvent::Volunteer(..) => None,
            };
            self.remember(metadata.recorded_at, metadata.command_id, metadata.content, || {
                Verdict::Applied { parcel }
            });
            if let Some(device) = &metadata.device {
                self.count(&observed.community, device, metadata.sequence);
            }
        }
        if let AnyEvent::Device(device, event) = &observed.event {
            self.observe_device(&observed.community, metadata.recorded_at, device, event);
        }
    }

    fn observe_device(
        &mut self,
        community: &CommunityId,
        at: Timestamp,
        device: &DeviceId,
        event: &DeviceEvent,
    ) {
        match event {
            DeviceEvent::Settled(event) => {
                self.remember(at, event.command, event.content, || {
                    Verdict::Settled(Box::new(event.answer.clone()))
                });
                self.count(community, device, event.sequence);
            }
            DeviceEvent::Quarantined(event) => {
                self.remember(at, event.command, event.content, || Verdict::Quarantined);
                self.count(community, device, event.sequence);
            }
            DeviceEvent::Revoked(_) => self.book(community, device).revoked = true,
            DeviceEvent::Restored(_) => self.book(community, device).revoked = false,
        }
    }

    fn remember(
        &mut self,
        at: Timestamp,
        command: CommandId,
        content: ContentDigest,
        verdict: impl FnOnce() -> Verdict,
    ) {
        let by_age = &mut self.by_age;
        self.entries.entry(command).or_insert_with(|| {
            // Within one moment the id decides: a log need not write what happened then in the same
            // order as another one.
            let before = by_age.iter().rposition(|other| *other <= (at, command));
            by_age.insert(before.map_or(0, |before| before + 1), (at, command));
            Entry { content, verdict: verdict() }
        });
        while let Some((oldest, command)) = self.by_age.front()
            && at.duration_since(*oldest) > REMEMBERED
        {
            self.entries.remove(command);
            self.by_age.pop_front();
        }
    }

    fn count(&mut self, community: &CommunityId, device: &DeviceId, sequence: Option<u64>) {
        if sequence.is_some() {
            let book = self.book(community, device);
            book.last_sequence = book.last_sequence.max(sequence);
        }
    }

    fn book(&mut self, community: &CommunityId, device: &DeviceId) -> &mut DeviceBook {
        let devices = self.devices.entry(community.clone()).or_default();
        devices.entry(device.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn commands_of_one_moment_stand_in_one_order() {
        let ledger = |commands: [u128; 3]| {
            let mut ledger = Ledger::default();
            for command in commands {
                let (command, content) =
                    (CommandId(Uuid::from_u128(command)), ContentDigest::from_bytes([0; 16]));
                ledger.remember(Timestamp::UNIX_EPOCH, command, content, || Verdict::Quarantined);
            }
            serde_json::to_value(&ledger.by_age).unwrap()
        };
        assert_eq!(ledger([3, 1, 2]), ledger([1, 2, 3]));
    }
}
