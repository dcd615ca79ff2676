//! A request: who sent which command when, with which device, and how far its clock can be trusted.

use domain::device::event::ContentDigest;
use domain::ids::{ActorId, CommandId, CommunityId, DeviceId};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::codec::{ClockNote, Metadata};

/// How far in the future a device's time may lie before it is clamped to now.
pub const FUTURE_MAX: SignedDuration = SignedDuration::from_secs(2 * 60);
/// How far a device's clock may be off before its offset is noted.
pub const OFFSET_UNNOTED_MAX: SignedDuration = SignedDuration::from_secs(5 * 60);
/// How old a command may be before nothing from it applies by itself.
pub const AGE_MAX: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Who sent which command when.
#[derive(Debug, Clone)]
pub struct Request {
    /// The sender's id of the command.
    pub command_id: CommandId,
    /// The digest of what was sent.
    pub content: ContentDigest,
    /// The community that it is about.
    pub community: CommunityId,
    /// Who.
    pub actor: ActorId,
    /// With which device.
    pub device: Option<DeviceId>,
    /// The device's own number of the command.
    pub sequence: Option<u64>,
    /// When it happened.
    pub occurred: Occurred,
    /// When the engine learned of it. Decisions use this time, and no other.
    pub recorded_at: Timestamp,
    /// The request that began it all, when it is another one.
    pub correlation_id: Option<CommandId>,
    /// The event that a process reacts to.
    pub causation_id: Option<Uuid>,
}

/// When something happened, and what was odd about the clock that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurred {
    /// The corrected time.
    pub at: Timestamp,
    /// What was odd.
    pub clock: Option<ClockNote>,
}

impl Occurred {
    /// It happens now, by the engine's own clock.
    pub fn now(recorded_at: Timestamp) -> Self {
        Self { at: recorded_at, clock: None }
    }

    /// Corrects a device's time by the offset of its clock: `sent_at` is what that clock showed
    /// when the device spoke to the engine at `recorded_at`.
    ///
    /// The raw time is kept wherever it was changed. What would lie more than two minutes in the
    /// future is clamped to now; an offset of more than five minutes is noted.
    pub fn corrected(raw: Timestamp, sent_at: Option<Timestamp>, recorded_at: Timestamp) -> Self {
        let offset = sent_at.map_or(SignedDuration::ZERO, |at| at.duration_since(recorded_at));
        let noted = offset.abs() > OFFSET_UNNOTED_MAX;
        let corrected = if noted { raw.saturating_sub(offset).unwrap_or(recorded_at) } else { raw };
        let clamped = corrected.duration_since(recorded_at) > FUTURE_MAX;
        let offset_seconds = noted.then(|| offset.as_secs());
        let clock = (clamped || noted).then_some(ClockNote { raw, clamped, offset_seconds });
        Self { at: if clamped { recorded_at } else { corrected }, clock }
    }

    /// Whether it happened so long ago that nothing of it applies by itself.
    pub fn is_too_old(&self, recorded_at: Timestamp) -> bool {
        recorded_at.duration_since(self.at) > AGE_MAX
    }
}

impl Request {
    /// The metadata of this request's events.
    pub fn metadata(&self) -> Metadata {
        Metadata {
            command_id: self.command_id,
            content: self.content,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            actor: self.actor.clone(),
            device: self.device.clone(),
            sequence: self.sequence,
            occurred_at: self.occurred.at,
            recorded_at: self.recorded_at,
            clock: self.occurred.clock.clone(),
            schema_version: 1,
        }
    }

    /// The request of a command that follows from this one, on another aggregate. It has no device
    /// number of its own: the number belongs to what the device sent.
    #[must_use]
    pub fn follow_up(&self, step: &str) -> Self {
        Self {
            command_id: self.command_id.follow_up(step),
            correlation_id: Some(self.correlation_id.unwrap_or(self.command_id)),
            sequence: None,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_sane_clock_is_believed() {
        let now = at("2022-11-10T09:00:00Z");
        let raw = at("2022-11-10T08:10:00Z");
        let occurred = Occurred::corrected(raw, Some(at("2022-11-10T09:03:00Z")), now);
        assert_eq!(occurred, Occurred { at: raw, clock: None });
    }

    #[test]
    fn a_wrong_clock_is_corrected_and_noted() {
        let now = at("2022-11-10T09:00:00Z");
        let raw = at("2022-11-10T10:50:00Z");
        let occurred = Occurred::corrected(raw, Some(at("2022-11-10T11:00:00Z")), now);
        assert_eq!(occurred.at, at("2022-11-10T08:50:00Z"));
        let note = ClockNote { raw, clamped: false, offset_seconds: Some(7200) };
        assert_eq!(occurred.clock, Some(note));
    }

    #[test]
    fn the_future_is_clamped_to_now() {
        let now = at("2022-11-10T09:00:00Z");
        let raw = at("2022-11-10T09:02:01Z");
        let occurred = Occurred::corrected(raw, None, now);
        assert_eq!(occurred.at, now);
        assert!(occurred.clock.unwrap().clamped);
        assert_eq!(Occurred::corrected(at("2022-11-10T09:02:00Z"), None, now).clock, None);
    }

    #[test]
    fn two_weeks_are_too_old() {
        let now = at("2022-11-30T09:00:00Z");
        let old = Occurred::corrected(at("2022-11-16T08:59:59Z"), None, now);
        assert!(old.is_too_old(now));
        assert!(!Occurred::corrected(at("2022-11-16T09:00:01Z"), None, now).is_too_old(now));
    }
}
