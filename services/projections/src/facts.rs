//! What several views need to know, folded once: the place, its pieces, runs and households.
//!
//! Pieces and runs are folded by the domain's own rules, so that no view can see them otherwise
//! than the engine does. What is closed is forgotten after a while; its trail lies in its stream.

mod buildings;
mod piece;

use std::collections::{BTreeSet, HashMap, VecDeque};

use domain::Decider;
use domain::address::Door;
use domain::community::{Community, CommunityEvent, CommunityState};
use domain::household::{Household, HouseholdEvent, HouseholdState};
use domain::ids::{BuildingId, GridId, HouseholdId, OrderId, ParcelId, RunId};
use domain::order::OrderEvent;
use domain::order::event::Channel;
use domain::parcel::{Parcel, ParcelEvent};
use domain::plan::PlanEvent;
use domain::run::{Run, RunEvent, RunState};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::buildings::{BuildingNumber, Buildings};
pub use self::piece::{Moved, Piece, Spot, Standing};
use crate::happening::{Fact, Happening};
use crate::run_sheet::RouteChanges;
use crate::window;

/// How long closed pieces and runs are kept in memory, when nobody chooses otherwise.
pub const CLOSED_KEPT: SignedDuration = SignedDuration::from_hours(48);
/// The shortest time for which they may be kept: what was handed off today must still be known.
pub const CLOSED_KEPT_MIN: SignedDuration = SignedDuration::from_hours(30);
/// How long a piece that was announced and never came is kept, and the channel of an order.
pub const ANNOUNCED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What several views need to know of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct KnownOrder {
    channel: Channel,
    urgent: bool,
}

/// A run, and what of it changed when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KnownRun {
    /// What the events so far say of it.
    pub state: RunState,
    /// The revision of its last event.
    pub revision: u64,
    /// When it was closed or called off.
    pub ended_at: Option<Timestamp>,
    /// What others changed of its route.
    pub changes: RouteChanges,
}

/// What several views need to know of one community.
#[derive(Debug, Serialize, Deserialize)]
#[serde(from = "StoredFacts")]
pub struct Facts {
    community: CommunityState,
    pieces: HashMap<ParcelId, Piece>,
    runs: HashMap<RunId, KnownRun>,
    households: HashMap<HouseholdId, HouseholdState>,
    orders: HashMap<OrderId, KnownOrder>,
    closed: VecDeque<(Timestamp, ParcelId)>,
    announced: VecDeque<(Timestamp, ParcelId)>,
    placed: VecDeque<(Timestamp, OrderId)>,
    ended: VecDeque<(Timestamp, RunId)>,
    // Derived from what is above, or chosen by whoever runs it:
    #[serde(skip)]
    closed_kept: SignedDuration,
    #[serde(skip)]
    zone: TimeZone,
    #[serde(skip)]
    buildings: Buildings,
    #[serde(skip)]
    doors: HashMap<Door, BTreeSet<ParcelId>>,
    #[serde(skip)]
    behind: HashMap<Door, BTreeSet<HouseholdId>>,
}

/// What a snapshot holds of [`Facts`].
#[derive(Deserialize)]
struct StoredFacts {
    community: CommunityState,
    pieces: HashMap<ParcelId, Piece>,
    runs: HashMap<RunId, KnownRun>,
    households: HashMap<HouseholdId, HouseholdState>,
    orders: HashMap<OrderId, KnownOrder>,
    closed: VecDeque<(Timestamp, ParcelId)>,
    announced: VecDeque<(Timestamp, ParcelId)>,
    placed: VecDeque<(Timestamp, OrderId)>,
    ended: VecDeque<(Timestamp, RunId)>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            community: CommunityState::default(),
            pieces: HashMap::new(),
            runs: HashMap::new(),
            households: HashMap::new(),
            orders: HashMap::new(),
            closed: VecDeque::new(),
            announced: VecDeque::new(),
            placed: VecDeque::new(),
            ended: VecDeque::new(),
            closed_kept: CLOSED_KEPT,
            zone: TimeZone::UTC,
            buildings: Buildings::default(),
            doors: HashMap::new(),
            behind: HashMap::new(),
        }
    }
}

impl From<StoredFacts> for Facts {
    fn from(stored: StoredFacts) -> Self {
        let mut facts = Self {
            community: stored.community,
            pieces: stored.pieces,
            runs: stored.runs,
            households: stored.households,
            orders: stored.orders,
            closed: stored.closed,
            announced: stored.announced,
            placed: stored.placed,
            ended: stored.ended,
            ..Self::default()
        };
        facts.set_zone();
        for building in facts.community.buildings.keys() {
            facts.buildings.number_of(building);
        }
        for (id, household) in &facts.households {
            for door in &household.doors {
                facts.behind.entry(door.clone()).or_default().insert(*id);
            }
        }
        let mut ids: Vec<_> = facts.pieces.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            facts.index(id);
        }
        facts
    }
}

impl Facts {
    /// Chooses how long closed pieces and runs are kept, [`CLOSED_KEPT_MIN`] at least.
    pub fn keep_closed(&mut self, kept: SignedDuration) {
        self.closed_kept = kept.max(CLOSED_KEPT_MIN);
    }

    /// The community's layout, zones and rules.
    pub fn community(&self) -> &CommunityState {
        &self.community
    }

    /// The community's time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// One piece, as long as it is kept.
    pub fn piece(&self, parcel: ParcelId) -> Option<&Piece> {
        self.pieces.get(&parcel)
    }

    /// Every piece that is kept.
    pub fn pieces(&self) -> impl Iterator<Item = (ParcelId, &Piece)> {
        self.pieces.iter().map(|(id, piece)| (*id, piece))
    }

    /// One run, as long as it is kept.
    pub fn run(&self, run: RunId) -> Option<&KnownRun> {
        self.runs.get(&run)
    }

    /// Every run that is kept.
    pub fn runs(&self) -> impl Iterator<Item = (RunId, &KnownRun)> {
        self.runs.iter().map(|(id, run)| (*id, run))
    }

    /// One household.
    pub fn household(&self, id: HouseholdId) -> Option<&HouseholdState> {
        self.households.get(&id)
    }

    /// Every household.
    pub fn households(&self) -> impl Iterator<Item = (HouseholdId, &HouseholdState)> {
        self.households.iter().map(|(id, household)| (*id, household))
    }

    /// The households behind a door.
    pub fn households_behind(&self, door: &Door) -> impl Iterator<Item = HouseholdId> + '_ {
        self.behind.get(door).into_iter().flatten().copied()
    }

    /// The channel of an order, as long as it is kept.
    pub fn channel(&self, order: OrderId) -> Option<Channel> {
        self.orders.get(&order).map(|order| order.channel)
    }

    /// Whether an order is marked urgent, as long as it is kept.
    pub fn is_urgent(&self, order: OrderId) -> bool {
        self.orders.get(&order).is_some_and(|order| order.urgent)
    }

    /// The pieces of every building.
    pub fn buildings(&self) -> &Buildings {
        &self.buildings
    }

    /// The pieces for a door that are kept.
    pub fn behind(&self, door: &Door) -> impl Iterator<Item = (ParcelId, &Piece)> {
        let ids = self.doors.get(door).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.pieces.get(id)?)))
    }

    /// The grid that a building belongs to now.
    pub fn grid_of(&self, building: &BuildingId) -> Option<&GridId> {
        self.community.grid_of(building)
    }

    /// Folds one event; gives how a piece moved by it, and the pieces that were forgotten.
    pub(crate) fn apply(&mut self, happening: &Happening<'_>) -> Vec<Moved> {
        let at = happening.recorded_at;
        match happening.fact {
            Fact::Community(event) => self.apply_community(event),
            Fact::Household(id, event) => self.apply_household(id, event),
            Fact::Order(id, event) => self.apply_order(id, event, at),
            Fact::Parcel(id, event) => return self.apply_parcel(id, event, at),
            Fact::Run(id, event) => self.apply_run(id, event, happening.revision, at),
            Fact::Plan(event) => self.apply_plan(event),
            Fact::ArrivalSlots(_, _) | Fact::Volunteer(_, _) => {}
        }
        vec![]
    }

    fn apply_community(&mut self, event: &CommunityEvent) {
        self.community = Community::evolve(std::mem::take(&mut self.community), event);
        match event {
            CommunityEvent::Registered(_) => self.set_zone(),
            CommunityEvent::BuildingDescribed(event) => {
                self.buildings.number_of(&event.building);
            }
            CommunityEvent::GateOpened(_)
            | CommunityEvent::IntakePointSet(_)
            | CommunityEvent::GridDrawn(_)
            | CommunityEvent::BuildingAssigned(_)
            | CommunityEvent::ZoneDrawn(_)
            | CommunityEvent::ZoneStateChanged(_)
            | CommunityEvent::WindowPolicySet(_)
            | CommunityEvent::DisinfectionPolicySet(_)
            | CommunityEvent::TripLimitSet(_)
            | CommunityEvent::AliasAdded(_)
            | CommunityEvent::GatePlaced(_)
            | CommunityEvent::EntrancePlaced(_)
            | CommunityEvent::PathsDrawn(_)
            | CommunityEvent::PathBlocked(_)
            | CommunityEvent::PathCleared(_)
            | CommunityEvent::PlanningPolicySet(_)
            | CommunityEvent::DeliveryPolicySet(_)
            | CommunityEvent::ArrivalPolicySet(_) => {}
        }
    }

    fn set_zone(&mut self) {
        if let Some(registered) = &self.community.registered {
            self.zone = TimeZone::get(&registered.time_zone).unwrap_or(TimeZone::UTC);
        }
    }

    fn apply_household(&mut self, id: HouseholdId, event: &HouseholdEvent) {
        let household = self.households.entry(id).or_default();
        let doors = std::mem::take(&mut household.doors);
        for door in &doors {
            leave(&mut self.behind, door, &id);
        }
        household.doors = doors;
        *household = Household::evolve(std::mem::take(household), event);
        for door in &household.doors {
            self.behind.entry(door.clone()).or_default().insert(id);
        }
    }

    fn apply_order(&mut self, id: OrderId, event: &OrderEvent, at: Timestamp) {
        match event {
            OrderEvent::Placed(event) => {
                let known = KnownOrder { channel: event.channel, urgent: event.urgent };
                if self.orders.insert(id, known).is_none() {
                    queue_up(&mut self.placed, (at, id));
                }
            }
            OrderEvent::UrgencySet(event) => {
                if let Some(known) = self.orders.get_mut(&id) {
                    known.urgent = event.urgent;
                }
            }
            OrderEvent::ParcelAdded(_)
            | OrderEvent::PieceHandedOff(_)
            | OrderEvent::PieceReopened(_)
            | OrderEvent::MarkedShort(_)
            | OrderEvent::PiecesCorrected(_)
            | OrderEvent::Fulfilled(_)
            | OrderEvent::Reopened(_)
            | OrderEvent::Cancelled(_) => return,
        }
        while let Some((_, id)) = due_to_go(&mut self.placed, at, ANNOUNCED_KEPT) {
            self.orders.remove(&id);
        }
    }

    /// Keeps why the planner left pieces out, until a courier takes them.
    fn apply_plan(&mut self, event: &PlanEvent) {
        let set_aside: Vec<_> = match event {
            PlanEvent::PiecesSetAside(event) => {
                event.pieces.iter().map(|piece| (piece.parcel, &piece.reason)).collect()
            }
            PlanEvent::DayClosed(event) => {
                event.left.iter().map(|piece| (piece.parcel, &piece.reason)).collect()
            }
            PlanEvent::WaveProposed(event) => {
                let stops = event.runs.iter().flat_map(|run| &run.plan.stops);
                for parcel in stops.flat_map(|stop| &stop.parcels) {
                    if let Some(piece) = self.pieces.get_mut(parcel) {
                        piece.unplanned = None;
                    }
                }
                return;
            }
            PlanEvent::OfferDecided(_) | PlanEvent::RunEnded(_) | PlanEvent::PiecesReleased(_) => {
                return;
            }
        };
        for (parcel, reason) in set_aside {
            if let Some(piece) = self.pieces.get_mut(&parcel) {
                piece.unplanned = Some(reason.clone());
            }
        }
    }

    fn apply_run(&mut self, id: RunId, event: &RunEvent, revision: u64, at: Timestamp) {
        let run = self.runs.entry(id).or_default();
        run.state = Run::evolve(std::mem::take(&mut run.state), event);
        run.revision = revision;
        run.changes.apply(event, revision);
        let ended = match run.state.phase {
            domain::run::Phase::Closed | domain::run::Phase::Cancelled => true,
            domain::run::Phase::Unknown
            | domain::run::Phase::Planned
            | domain::run::Phase::Offered
            | domain::run::Phase::Accepted
            | domain::run::Phase::Departed => false,
        };
        if !ended {
            run.ended_at = None;
        } else if run.ended_at.is_none() {
            run.ended_at = Some(at);
            queue_up(&mut self.ended, (at, id));
        }
        while let Some((ended_at, id)) = due_to_go(&mut self.ended, at, self.closed_kept) {
            if self.runs.get(&id).is_some_and(|run| run.ended_at == Some(ended_at)) {
                self.runs.remove(&id);
            }
        }
    }

    fn apply_parcel(&mut self, id: ParcelId, event: &ParcelEvent, at: Timestamp) -> Vec<Moved> {
        let before = self.pieces.get(&id).map(|piece| piece.standing(&self.zone));
        if before.is_none() && !makes_known(event) {
            return self.forget(at);
        }
        let slip = matches!(event, ParcelEvent::ArrivalUndone(_));
        let announced = self.pieces.get(&id).is_some_and(|piece| piece.state.was_announced());
        if slip && !announced {
            return self.remove(id).into_iter().chain(self.forget(at)).collect();
        }
        let piece = self.pieces.entry(id).or_insert_with(|| Piece::new(at));
        let (door_before, place_before) = (piece.door().cloned(), piece.place_in_queue());
        piece.state = Parcel::evolve(std::mem::take(&mut piece.state), event);
        self.note_times(id, event, at);
        self.reindex(id, door_before.as_ref(), before.as_ref(), place_before);
        let after = self.pieces.get(&id).map(|piece| piece.standing(&self.zone));
        let mut moved = vec![Moved { parcel: id, before, after }];
        moved.extend(self.forget(at));
        moved
    }

    /// Keeps the times that the domain's state does not.
    fn note_times(&mut self, id: ParcelId, event: &ParcelEvent, at: Timestamp) {
        let Some(piece) = self.pieces.get_mut(&id) else { return };
        if let ParcelEvent::Arrived(arrived) = event {
            piece.arrived_at = Some(at);
            let policy = self.community.windows.get(&arrived.category);
            piece.due = policy.and_then(|policy| window::due_window(policy, &self.zone, at));
        } else if let ParcelEvent::Expected(_) = event {
            queue_up(&mut self.announced, (at, id));
        } else if let ParcelEvent::ArrivalUndone(_) = event {
            (piece.arrived_at, piece.due) = (None, None);
            queue_up(&mut self.announced, (at, id));
        }
        if let ParcelEvent::Loaded(_) = event {
            piece.unplanned = None;
        }
        piece.changed_at = at;
        let spot = piece.spot();
        if piece.spot_at_change != Some(spot) {
            piece.spot_at_change = Some(spot);
            piece.in_spot_since = at;
        }
        let exception = piece.is_exception();
        if exception && piece.exception_since.is_none() {
            piece.exception_since = Some(at);
        } else if !exception {
            piece.exception_since = None;
        }
        if !piece.state.is_closed() {
            piece.closed_at = None;
        } else if piece.closed_at.is_none() {
            piece.closed_at = Some(at);
            queue_up(&mut self.closed, (at, id));
        }
    }

    fn reindex(
        &mut self,
        id: ParcelId,
        door_before: Option<&Door>,
        before: Option<&Standing>,
        place_before: Timestamp,
    ) {
        let Some(piece) = self.pieces.get_mut(&id) else { return };
        let building = match piece.door() {
            Some(door) => self.buildings.number_of(&door.building),
            None => BuildingNumber::NONE,
        };
        piece.building = building;
        let (open, place) = (!piece.state.is_closed(), piece.place_in_queue());
        let was_so = before.is_some_and(|before| {
            before.building == building && before.spot.is_open() == open && place == place_before
        });
        if !was_so {
            if let Some(before) = before {
                self.buildings.remove(before.building, place_before, id);
            }
            self.buildings.insert(building, place, id, open);
        }
        if door_before != piece.door() {
            if let Some(door) = door_before {
                leave(&mut self.doors, door, &id);
            }
            if let Some(door) = piece.door() {
                self.doors.entry(door.clone()).or_default().insert(id);
            }
        }
    }

    /// Puts a piece of a snapshot into the indices.
    fn index(&mut self, id: ParcelId) {
        let epoch = Timestamp::UNIX_EPOCH;
        self.reindex(id, None, None, epoch);
    }

    /// Forgets what was closed, or announced and never came, long enough before a moment.
    fn forget(&mut self, at: Timestamp) -> Vec<Moved> {
        let mut gone = vec![];
        while let Some((closed_at, id)) = due_to_go(&mut self.closed, at, self.closed_kept) {
            // One that was opened again since then stays.
            if self.pieces.get(&id).is_some_and(|piece| piece.closed_at == Some(closed_at)) {
                gone.extend(self.remove(id));
            }
        }
        while let Some((_, id)) = due_to_go(&mut self.announced, at, ANNOUNCED_KEPT) {
            if self.pieces.get(&id).is_some_and(|piece| piece.arrived_at.is_none()) {
                gone.extend(self.remove(id));
            }
        }
        gone
    }

    fn remove(&mut self, id: ParcelId) -> Option<Moved> {
        let piece = self.pieces.remove(&id)?;
        let before = piece.standing(&self.zone);
        self.buildings.remove(before.building, piece.place_in_queue(), id);
        if let Some(door) = piece.door() {
            leave(&mut self.doors, door, &id);
        }
        Some(Moved { parcel: id, before: Some(before), after: None })
    }
}

/// Whether a piece is kept from this event on that was not, or not any more. One whose end is taken
/// back or disputed long after it was forgotten comes back with what is said of it from then on.
fn makes_known(event: &ParcelEvent) -> bool {
    match event {
        ParcelEvent::Expected(_)
        | ParcelEvent::Arrived(_)
        | ParcelEvent::Reopened(_)
        | ParcelEvent::Disputed(_)
        | ParcelEvent::DisputeSettled(_)
        | ParcelEvent::Missing(_)
        | ParcelEvent::Recalled(_) => true,
        ParcelEvent::OrderMatched(_)
        | ParcelEvent::ArrivalUndone(_)
        | ParcelEvent::Held(_)
        | ParcelEvent::Identified(_)
        | ParcelEvent::DisinfectionStarted(_)
        | ParcelEvent::Disinfected(_)
        | ParcelEvent::Sorted(_)
        | ParcelEvent::Loaded(_)
        | ParcelEvent::Unloaded(_)
        | ParcelEvent::Relayed(_)
        | ParcelEvent::HandedOff(_)
        | ParcelEvent::DeliveryFailed(_)
        | ParcelEvent::Returned(_)
        | ParcelEvent::Refused(_)
        | ParcelEvent::Damaged(_)
        | ParcelEvent::Found(_)
        | ParcelEvent::RecallLifted(_)
        | ParcelEvent::Disposed(_)
        | ParcelEvent::KeptOvernight(_)
        | ParcelEvent::LateScanNoted(_)
        | ParcelEvent::Photographed(_) => false,
    }
}

/// Puts an entry into a queue by its time. Within one moment the id decides: a log need not write
/// what concerns several streams in the same order as another one.
fn queue_up<T: Copy + Ord>(queue: &mut VecDeque<(Timestamp, T)>, entry: (Timestamp, T)) {
    let before = queue.iter().rposition(|other| *other <= entry);
    queue.insert(before.map_or(0, |at| at + 1), entry);
}

/// Takes the first entry of a queue if it has been there longer than `kept`.
fn due_to_go<T: Copy>(
    queue: &mut VecDeque<(Timestamp, T)>,
    at: Timestamp,
    kept: SignedDuration,
) -> Option<(Timestamp, T)> {
    let (since, _) = queue.front()?;
    if at.duration_since(*since) > kept { queue.pop_front() } else { None }
}

fn leave<T: Ord>(doors: &mut HashMap<Door, BTreeSet<T>>, door: &Door, id: &T) {
    if let Some(behind) = doors.get_mut(door) {
        behind.remove(id);
        if behind.is_empty() {
            doors.remove(door);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_in_one_moment_stands_in_one_order() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let queued = |entries: &[(i64, u8)]| {
            let mut queue = VecDeque::new();
            for (seconds, id) in entries {
                queue_up(&mut queue, (at(*seconds), *id));
            }
            queue
        };
        let one = queued(&[(1, 9), (2, 3), (2, 1), (2, 2), (3, 0)]);
        assert_eq!(one, queued(&[(1, 9), (2, 2), (2, 3), (2, 1), (3, 0)]));
        assert_eq!(one, [(1, 9), (2, 1), (2, 2), (2, 3), (3, 0)].map(|(s, id)| (at(s), id)));
    }
}
