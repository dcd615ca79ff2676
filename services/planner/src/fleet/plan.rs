//! What came out of it.

/// Who goes where, in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The trips that are made.
    pub runs: Vec<Run>,
    /// The stops that are left out, by their index.
    pub left: Vec<usize>,
    /// What it costs.
    pub cost: Cost,
}

/// One trip with its stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which trip, as an index of the problem's trips.
    pub trip: usize,
    /// The stops in their order, as indices of the problem's stops.
    pub stops: Vec<usize>,
}

/// What a plan costs, and of what the cost is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The sum, by the problem's weights.
    pub total: u64,
    /// The length of all ways.
    pub distance: u64,
    /// The climbing of all people.
    pub effort: u64,
    /// What the stops left out cost; for a stop that may not be left out, more than any plan.
    pub skipped: u64,
}
