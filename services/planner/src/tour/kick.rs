//! What shakes a tour that no small move improves any more.

use fastrand::Rng;

/// Two short neighbouring segments that change places: a double bridge that stays local.
///
/// O. Martin, S. W. Otto, E. W. Felten: Large-step Markov chains for the traveling salesman problem
/// (1991); that the segments are short is from D. Applegate, W. Cook, A. Rohe: Chained
/// Lin-Kernighan for large traveling salesman problems (2003).
#[derive(Clone, Copy, Debug)]
pub struct Kick {
    /// The position of the first place that moves.
    pub at: usize,
    /// The length of the first segment.
    pub first: usize,
    /// The length of the segment behind it.
    pub second: usize,
}

/// The longest segment of a kick.
const SEGMENT_MAX: usize = 50;

impl Kick {
    /// A kick of a ring of so many places, of which there must be eight.
    pub fn random(size: usize, rng: &mut Rng) -> Self {
        let longest = SEGMENT_MAX.min(size / 3);
        Self {
            at: rng.usize(0..size),
            first: rng.usize(1..=longest),
            second: rng.usize(1..=longest),
        }
    }
}
