//! What a plan is judged by: every weight in one place.
//!
//! The rules come first and are no weights: a window that is not open, a closed zone, another grid,
//! a load over somebody's limit, a shift that ends before the trip does. What remains is judged by
//! the distance walked, by how evenly the burden of climbing lies on those who could carry it, and
//! by the face that people behind the doors know. `docs/decisions/0060-what-a-plan-is-judged-by.md`
//! says why these and no others.

use domain::supply::Effort;
use jiff::{SignedDuration, Timestamp};

use crate::fleet::Weights;

/// The climber's own effort on each floor, as kilograms carried: a letter to the sixth floor is a
/// climb too. A tenth to a seventh of a body, because people are used to themselves.
pub const CLIMBER_KILOGRAMS: u32 = 10;
/// What one more trip costs beside its way, in decimetres: somebody is asked, loads and counts.
pub const TRIP_DM: u64 = 2_000;
/// What counts where stairwells are shared out over trips, beside [`TRIP_DM`]: the way alone. Who
/// climbs is not known yet, and the floors of a stairwell are the same in any trip.
pub const TRIP_WEIGHTS: Weights = Weights::DISTANCE;
/// How much less somebody may have climbed than the regular volunteer of a building and still not
/// be asked before her, in floor-kilograms.
pub const KEEPS_BUILDING: u32 = 240;
/// A trip begins at the latest so long before its window closes, in seconds: it takes about that
/// long to load it, walk it and climb it.
pub const LEAD_SECONDS: i64 = 2_700;
/// A trip that is planned because a cart is full leaves with this share of a full cart at least, in
/// percent; what is left over waits for others.
pub const CART_FULL_PERCENT: u32 = 60;
/// How many days of climbing count when it is shared: a week, so that a bad day evens out.
pub const DAYS_THAT_COUNT: u32 = 7;

/// A run that people have seen gets another order, where a path is blocked, when that saves so much
/// way, in decimetres.
pub const REROUTE_SAVES_DM: u64 = 500;

/// Walking, in seconds for a hundred decimetres: one metre a second, with a cart.
pub const SECONDS_PER_HUNDRED_DM: u32 = 10;
/// Climbing one floor and coming down again, in seconds.
pub const SECONDS_PER_FLOOR: u32 = 25;
/// What a door takes, in seconds: find it, put the piece down, scan it.
pub const SECONDS_PER_DOOR: u32 = 25;
/// Loading and counting one piece, in seconds.
pub const SECONDS_PER_PIECE: u32 = 8;

/// What climbing lies on somebody, as one number: floors times kilograms, the climber included.
pub fn burden(effort: Effort) -> u32 {
    effort.floor_kilograms.saturating_add(effort.floors.saturating_mul(CLIMBER_KILOGRAMS))
}

/// What a trip costs as long as nobody is asked for it, in decimetres: its way and [`TRIP_DM`].
pub fn way(effort: Effort) -> u64 {
    u64::from(effort.walk_dm).saturating_add(TRIP_DM)
}

/// How long a trip is expected to take, in seconds.
pub fn seconds(effort: Effort, doors: usize, pieces: usize) -> u32 {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (effort.walk_dm / 100)
        .saturating_mul(SECONDS_PER_HUNDRED_DM)
        .saturating_add(effort.floors.saturating_mul(SECONDS_PER_FLOOR))
        .saturating_add(count(doors).saturating_mul(SECONDS_PER_DOOR))
        .saturating_add(count(pieces).saturating_mul(SECONDS_PER_PIECE))
}

/// So many seconds later.
pub fn later(at: Timestamp, seconds: u32) -> Timestamp {
    let wait = SignedDuration::from_secs(i64::from(seconds));
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
