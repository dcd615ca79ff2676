//! Stops, people, trips and weights.

use crate::matrix::Matrix;

/// A load has so many dimensions.
pub const DIMENSIONS: usize = 3;

/// What is carried, or can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Pieces.
    pub pieces: u32,
    /// Weight in grams.
    pub weight_grams: u32,
    /// Volume in millilitres.
    pub volume_millilitres: u32,
}

impl Load {
    /// More than anybody carries: no limit.
    pub const MAX: Self =
        Self { pieces: u32::MAX, weight_grams: u32::MAX, volume_millilitres: u32::MAX };

    /// The dimensions, in the order of the fields.
    pub fn dimensions(self) -> [i64; DIMENSIONS] {
        [self.pieces, self.weight_grams, self.volume_millilitres].map(i64::from)
    }
}

/// Seconds between which something may begin, from any moment the caller counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Not before.
    pub opens_second: u32,
    /// Not after.
    pub closes_second: u32,
}

impl Window {
    /// No limit.
    pub const ALWAYS: Self = Self { opens_second: 0, closes_second: u32::MAX };
}

/// Who may go to a stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    #[default]
    Anyone,
    /// These people, by their index in [`Problem::people`].
    Only(Vec<usize>),
}

/// A door, a landing or a building foot where something is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Where it is, as an index of the matrices.
    pub place: usize,
    /// What is left there.
    pub load: Load,
    /// How long it takes.
    pub service_seconds: u32,
    /// When it may begin.
    pub window: Window,
    /// Who may go.
    pub who: Who,
    /// What it costs to leave it out; a stop without it is left out only when nothing else works.
    pub skip_cost: Option<u32>,
    /// The climbing for what is left there, in [`Weights::effort`]'s units: floors times weight.
    pub effort: u32,
    /// Floors climbed with everything that is still carried at that time, where a person takes all
    /// of it along; 0 where the rest waits at the foot.
    pub floors_loaded: u32,
}

impl Stop {
    /// A stop with nothing but its place: no load, no time, no effort, for anyone.
    pub fn at(place: usize) -> Self {
        Self {
            place,
            load: Load::default(),
            service_seconds: 0,
            window: Window::ALWAYS,
            who: Who::Anyone,
            skip_cost: None,
            effort: 0,
            floors_loaded: 0,
        }
    }
}

/// Somebody who carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// What counts as the same burden: somebody with 200 climbs twice as much as one with 100.
    pub capability_percent: u32,
    /// The climbing already done, of the day or the week, whatever fairness looks at.
    pub effort_before: u64,
    /// The most climbing this plan may add, as the person said.
    pub effort_max: u64,
}

impl Person {
    /// Somebody fresh who set no limit.
    pub const FRESH: Self =
        Self { capability_percent: 100, effort_before: 0, effort_max: u64::MAX };
}

/// One trip somebody may make. Two trips of one person need shifts that do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// Who makes it, as an index of [`Problem::people`].
    pub person: usize,
    /// Where it begins.
    pub start: usize,
    /// Where it ends; nothing when the last stop may be anywhere.
    pub end: Option<usize>,
    /// When it begins at the earliest, and when it is over at the latest.
    pub shift: Window,
    /// How much is carried in it, and how far.
    pub limits: Limits,
    /// What it costs to make it at all.
    pub fixed_cost: u32,
}

/// What one trip can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pieces, weight and volume.
    pub load: Load,
    /// Stops.
    pub stops: usize,
    /// The length of the way.
    pub distance: u64,
}

impl Limits {
    /// No limit.
    pub const NONE: Self = Self { load: Load::MAX, stops: usize::MAX, distance: u64::MAX };
}

/// What a plan costs: the sum of
///
/// - `distance` for each unit of the way,
/// - `effort` for each unit of climbing, divided by [`Weights::EFFORT_UNIT`],
/// - `fairness * climbed * burden / 2` for each person, where `climbed` is the climbing before and
///   in the plan, and the burden is that over capability, both in units of
///   [`Weights::EFFORT_UNIT`]: a unit more costs as much as the burden is, so that it goes to the
///   one whose burden is least,
/// - the fixed cost of each trip made, and the cost of each stop left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Cost of a unit of distance.
    pub distance: u32,
    /// Cost of a unit of effort.
    pub effort: u32,
    /// Cost of unequal effort.
    pub fairness: u32,
}

impl Weights {
    /// Only the way counts.
    pub const DISTANCE: Self = Self { distance: 1, effort: 0, fairness: 0 };

    /// So much effort is one unit of it: ten kilograms carried up ten floors, when effort is
    /// counted in floors times grams.
    pub const EFFORT_UNIT: u64 = 100_000;
}

/// Everything a plan is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The way between places, such as metres or decimetres.
    pub distances: Matrix,
    /// The time between places in seconds.
    pub durations: Matrix,
    /// Where to go.
    pub stops: Vec<Stop>,
    /// Who carries.
    pub people: Vec<Person>,
    /// Which trips they may make.
    pub trips: Vec<Trip>,
    /// What counts.
    pub weights: Weights,
}

/// What it costs to leave out a stop that must not be left out: more than to go there.
const MUST_COST: u64 = 1 << 44;

/// No way between two places, and no person's climbing, costs more than this; beyond it all are
/// equally bad, and sums stay within 64 bits.
const LEG_COST_MAX: u64 = 1 << 40;
const EFFORT_COST_MAX: i64 = 1 << 43;

/// A problem that contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The matrices are not of one size.
    #[error("there are distances between {distances} places and durations between {durations}")]
    Sizes {
        /// Places with distances.
        distances: usize,
        /// Places with durations.
        durations: usize,
    },
    /// A stop is at a place, or for a person, that does not exist, or closes before it opens.
    #[error("stop {0} names a place or a person that is not there, or closes before it opens")]
    Stop(usize),
    /// A trip is of a person or at a place that does not exist, or ends before it begins.
    #[error("trip {0} names a place or a person that is not there, or ends before it begins")]
    Trip(usize),
    /// A person has no capability, so that no burden is too much for him.
    #[error("person {0} has a capability of zero: leave out who cannot carry")]
    Person(usize),
}

impl Problem {
    /// Checks that it does not contradict itself.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn validate(&self) -> Result<(), Fault> {
        let places = self.distances.size();
        if self.durations.size() != places {
            return Err(Fault::Sizes { distances: places, durations: self.durations.size() });
        }
        let reversed = |window: Window| window.opens_second > window.closes_second;
        let nobody = |who: &Who| match who {
            Who::Anyone => false,
            Who::Only(people) => people.iter().any(|person| *person >= self.people.len()),
        };
        let wrong_stop =
            |stop: &Stop| stop.place >= places || reversed(stop.window) || nobody(&stop.who);
        let wrong_trip = |trip: &Trip| {
            trip.person >= self.people.len()
                || trip.start >= places
                || trip.end.is_some_and(|end| end >= places)
                || reversed(trip.shift)
        };
        if let Some(person) = self.people.iter().position(|one| one.capability_percent == 0) {
            return Err(Fault::Person(person));
        }
        if let Some(stop) = self.stops.iter().position(wrong_stop) {
            return Err(Fault::Stop(stop));
        }
        self.trips.iter().position(wrong_trip).map_or(Ok(()), |trip| Err(Fault::Trip(trip)))
    }

    /// Whether somebody may go to a stop.
    ///
    /// # Panics
    /// When there is no such stop.
    pub fn may_go(&self, person: usize, stop: usize) -> bool {
        match &self.stops[stop].who {
            Who::Anyone => true,
            Who::Only(people) => people.contains(&person),
        }
    }

    /// What the way between two places costs.
    pub(crate) fn leg_cost(&self, from: usize, to: usize) -> u64 {
        let cost = u64::from(self.distances.get(from, to)) * u64::from(self.weights.distance);
        cost.min(LEG_COST_MAX)
    }

    /// What it costs to leave a stop out.
    pub(crate) fn skip_cost(&self, stop: usize) -> u64 {
        self.stops[stop].skip_cost.map_or(MUST_COST, u64::from)
    }

    /// What one person's climbing costs, see [`Weights`].
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a square of climbing does not fit in 64 bits, and need not be exact"
    )]
    pub(crate) fn effort_cost(&self, person: usize, effort: i64) -> i64 {
        let person = &self.people[person];
        let before = i64::try_from(person.effort_before).unwrap_or(i64::MAX / 4);
        let unit = Weights::EFFORT_UNIT as f64;
        let (effort, climbed) = (effort as f64 / unit, before.saturating_add(effort) as f64 / unit);
        let burden = climbed * 100.0 / f64::from(person.capability_percent);
        let climbing = f64::from(self.weights.effort) * effort;
        let unfair = f64::from(self.weights.fairness) * climbed * burden / 2.0;
        (climbing + unfair).min(EFFORT_COST_MAX as f64) as i64
    }
}
