//! The pieces of every building, the one that waits longest first.

use std::collections::{BTreeSet, HashMap};

use domain::ids::{BuildingId, ParcelId};
use jiff::Timestamp;

/// A building by a small number, so that counting it needs no text. It holds in this process only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BuildingNumber(u32);

impl BuildingNumber {
    /// No building: nobody knows yet for whom a piece is.
    pub const NONE: Self = Self(0);

    /// As an index into a list that holds every number.
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// The pieces of every building.
#[derive(Debug)]
pub struct Buildings {
    numbers: HashMap<BuildingId, BuildingNumber>,
    all: Vec<OfBuilding>,
}

#[derive(Debug, Default)]
struct OfBuilding {
    id: Option<BuildingId>,
    open: BTreeSet<(Timestamp, ParcelId)>,
    closed: BTreeSet<(Timestamp, ParcelId)>,
}

impl Default for Buildings {
    fn default() -> Self {
        Self { numbers: HashMap::new(), all: vec![OfBuilding::default()] }
    }
}

impl Buildings {
    /// The number of a building, if it has one.
    pub fn number(&self, building: &BuildingId) -> Option<BuildingNumber> {
        self.numbers.get(building).copied()
    }

    /// Every number, [`BuildingNumber::NONE`] first, with its building.
    pub fn numbers(&self) -> impl Iterator<Item = (BuildingNumber, Option<&BuildingId>)> {
        (0..).map(BuildingNumber).zip(self.all.iter().map(|of| of.id.as_ref()))
    }

    /// The building of a number.
    pub fn id(&self, number: BuildingNumber) -> Option<&BuildingId> {
        self.all.get(number.index())?.id.as_ref()
    }

    /// The pieces whose way has not ended, in the order in which they came or were announced.
    pub fn open(&self, number: BuildingNumber) -> impl Iterator<Item = ParcelId> + '_ {
        self.all.get(number.index()).into_iter().flat_map(|of| &of.open).map(|(_, id)| *id)
    }

    /// The pieces whose way has ended, as long as they are kept.
    pub fn closed(&self, number: BuildingNumber) -> impl Iterator<Item = ParcelId> + '_ {
        self.all.get(number.index()).into_iter().flat_map(|of| &of.closed).map(|(_, id)| *id)
    }

    /// The number of a building, given to it when it has none.
    pub(super) fn number_of(&mut self, building: &BuildingId) -> BuildingNumber {
        if let Some(number) = self.numbers.get(building) {
            return *number;
        }
        let number = BuildingNumber(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(OfBuilding { id: Some(building.clone()), ..OfBuilding::default() });
        self.numbers.insert(building.clone(), number);
        number
    }

    pub(super) fn insert(
        &mut self,
        number: BuildingNumber,
        place: Timestamp,
        id: ParcelId,
        open: bool,
    ) {
        if let Some(of) = self.all.get_mut(number.index()) {
            let queue = if open { &mut of.open } else { &mut of.closed };
            queue.insert((place, id));
        }
    }

    pub(super) fn remove(&mut self, number: BuildingNumber, place: Timestamp, id: ParcelId) {
        if let Some(of) = self.all.get_mut(number.index())
            && !of.open.remove(&(place, id))
        {
            of.closed.remove(&(place, id));
        }
    }
}
