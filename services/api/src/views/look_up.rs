//! How often somebody without an account may look up a door: so rarely that nobody can try phone
//! numbers or doors out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use domain::address::Door;
use domain::ids::CommunityId;
use jiff::{SignedDuration, Timestamp};

/// The time over which look-ups are counted.
pub const LOOK_UP_PERIOD: SignedDuration = SignedDuration::from_mins(10);
/// The most look-ups of one door by one client within the period.
pub const LOOK_UPS_PER_CLIENT_AND_DOOR_MAX: u32 = 5;
/// The most look-ups of one client within the period, whatever the doors.
pub const LOOK_UPS_PER_CLIENT_MAX: u32 = 30;
/// The most look-ups of one door by everybody within the period.
pub const LOOK_UPS_PER_DOOR_MAX: u32 = 20;
/// The most counts that are kept; when there are more, everybody waits.
const COUNTS_MAX: usize = 50_000;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    ClientAndDoor(Option<IpAddr>, CommunityId, Door),
    Client(Option<IpAddr>),
    Door(CommunityId, Door),
}

/// The look-ups of the last while.
#[derive(Debug, Default)]
pub struct LookUps {
    counts: Mutex<HashMap<Key, Counted>>,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    since: Timestamp,
    times: u32,
}

impl LookUps {
    /// Counts a look-up; gives the seconds to wait when it is one too many.
    ///
    /// # Errors
    /// The seconds after which it may be tried again.
    pub fn count(
        &self,
        client: Option<IpAddr>,
        community: &CommunityId,
        door: &Door,
        now: Timestamp,
    ) -> Result<(), u64> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() + 3 > COUNTS_MAX {
            counts.retain(|_, counted| left(counted, now).is_some());
            if counts.len() + 3 > COUNTS_MAX {
                return Err(LOOK_UP_PERIOD.as_secs().unsigned_abs());
            }
        }
        let keys = [
            (
                Key::ClientAndDoor(client, community.clone(), door.clone()),
                LOOK_UPS_PER_CLIENT_AND_DOOR_MAX,
            ),
            (Key::Client(client), LOOK_UPS_PER_CLIENT_MAX),
            (Key::Door(community.clone(), door.clone()), LOOK_UPS_PER_DOOR_MAX),
        ];
        for (key, most) in &keys {
            if let Some(counted) = counts.get(key)
                && let Some(seconds) = left(counted, now)
                && counted.times >= *most
            {
                return Err(seconds);
            }
        }
        for (key, _) in keys {
            let counted = counts.entry(key).or_insert(Counted { since: now, times: 0 });
            if left(counted, now).is_none() {
                *counted = Counted { since: now, times: 0 };
            }
            counted.times += 1;
        }
        Ok(())
    }
}

/// The seconds until a count ends; `None` when it has.
fn left(counted: &Counted, now: Timestamp) -> Option<u64> {
    let left = LOOK_UP_PERIOD - now.duration_since(counted.since);
    (left > SignedDuration::ZERO).then(|| left.as_secs().unsigned_abs().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(room: u32) -> Door {
        Door {
            building: "1".parse().unwrap(),
            unit: "1".parse().unwrap(),
            room: room.to_string().parse().unwrap(),
        }
    }

    #[test]
    fn nobody_tries_a_door_or_many_doors_out() {
        let (look_ups, community) = (LookUps::default(), "fumin".parse().unwrap());
        let now: Timestamp = "2022-11-10T01:00:00Z".parse().unwrap();
        let client = |n: u8| Some(IpAddr::from([10, 0, 0, n]));
        let count = |by: u8, room, at| look_ups.count(client(by), &community, &door(room), at);
        for _ in 0..LOOK_UPS_PER_CLIENT_AND_DOOR_MAX {
            assert_eq!(count(1, 301, now), Ok(()));
        }
        assert_eq!(count(1, 301, now), Err(600));
        assert_eq!(count(2, 301, now), Ok(()), "another client may");
        let later = now + SignedDuration::from_secs(590);
        assert_eq!(count(1, 301, later), Err(10));
        assert_eq!(count(1, 301, now + LOOK_UP_PERIOD), Ok(()));

        for room in 0..LOOK_UPS_PER_CLIENT_MAX {
            assert_eq!(count(3, room, now), Ok(()));
        }
        assert!(count(3, 999, now).is_err(), "many doors by one client");
        let clients = u8::try_from(LOOK_UPS_PER_DOOR_MAX).unwrap();
        for by in 0..clients {
            assert_eq!(count(100 + by, 1201, now), Ok(()));
        }
        assert!(count(200, 1201, now).is_err(), "one door by many clients");
    }
}
