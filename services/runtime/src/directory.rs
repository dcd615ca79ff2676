//! Who and what is where: the facts that a scan's decision needs and its own parcel does not know.
//!
//! Folded from the log. It keeps communities, the households behind their doors, and the codes of
//! open parcels; a parcel that was closed is forgotten after two days.

use std::collections::{BTreeSet, HashMap, VecDeque};

use addressing::code::{self, Kind};
use addressing::layout::{self, Layout};
use domain::Decider;
use domain::community::event::AliasTarget;
use domain::community::{Community, CommunityEvent, CommunityState};
use domain::household::event::{HouseholdStatus, TailToken};
use domain::household::{Household, HouseholdEvent, HouseholdState};
use domain::ids::{
    BuildingId, CommunityId, ContainerId, HouseholdId, ParcelId, ShelfCode, Waybill,
};
use domain::ids::{RunId, VolunteerId, WaybillNumber};
use domain::parcel::ParcelEvent;
use domain::parcel::event::{End, FailureReason, ParcelDeliveryFailed};
use domain::run::RunEvent;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::codec::{AnyEvent, Observed};

/// How long the codes of a closed parcel are still known without its carrier.
const CLOSED_KNOWN: SignedDuration = SignedDuration::from_hours(48);
/// How many failed attempts of a parcel are kept, the latest ones.
const TRIED_KEPT_MAX: usize = 8;

/// Every community's facts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Directory {
    communities: HashMap<CommunityId, Place>,
}

/// One community's facts.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(from = "StoredPlace", into = "StoredPlace")]
pub struct Place {
    community: CommunityState,
    /// Buildings in the order in which they were first described; shelves are numbered by it.
    building_order: Vec<BuildingId>,
    households: HashMap<HouseholdId, HouseholdState>,
    volunteers: BTreeSet<VolunteerId>,
    runs: BTreeSet<RunId>,
    parcels: HashMap<ParcelId, Known>,
    closed: VecDeque<(Timestamp, ParcelId)>,
    // Derived from what is above, so not in a snapshot:
    layout: Layout,
    numbers: HashMap<WaybillNumber, Vec<ParcelId>>,
    labels: HashMap<u32, Vec<ParcelId>>,
    containers: HashMap<ContainerId, BTreeSet<ParcelId>>,
}

/// What is kept of a parcel so that its codes lead to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Carrier and number.
    pub waybill: Waybill,
    /// Which piece of the waybill, counted from 1.
    pub piece: u16,
    /// The table or cart that it is on.
    pub container: Option<ContainerId>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// When it came in.
    #[serde(default)]
    pub arrived_at: Option<Timestamp>,
    /// When it was put on its shelf last.
    #[serde(default)]
    pub shelved_at: Option<Timestamp>,
    /// The runs on which it could not be left, and when the engine learned of each, the latest
    /// last; a reopening begins anew.
    #[serde(default)]
    pub tried: Vec<(RunId, Timestamp)>,
    /// Why it could not be left the last time, until it goes again or somebody says anew for whom
    /// it is.
    #[serde(default)]
    pub failed: Option<FailureReason>,
}

/// What a snapshot holds of a community.
#[derive(Serialize, Deserialize)]
struct StoredPlace {
    community: CommunityState,
    building_order: Vec<BuildingId>,
    households: Vec<(HouseholdId, HouseholdState)>,
    volunteers: BTreeSet<VolunteerId>,
    runs: BTreeSet<RunId>,
    parcels: Vec<(ParcelId, Known)>,
    closed: VecDeque<(Timestamp, ParcelId)>,
}

impl Directory {
    /// A community's facts; `None` when it was never heard of.
    pub fn place(&self, community: &CommunityId) -> Option<&Place> {
        self.communities.get(community)
    }

    /// Every community.
    pub fn communities(&self) -> impl Iterator<Item = (&CommunityId, &Place)> {
        self.communities.iter()
    }

    /// Folds one event.
    pub fn observe(&mut self, observed: &Observed) {
        if !self.communities.contains_key(&observed.community) {
            self.communities.insert(observed.community.clone(), Place::default());
        }
        let Some(place) = self.communities.get_mut(&observed.community) else { return };
        match &observed.event {
            AnyEvent::Community(_, event) => place.observe_community(event),
            AnyEvent::Household(id, event) => place.observe_household(*id, event),
            AnyEvent::Parcel(id, event) => {
                place.observe_parcel(*id, event, observed.metadata.recorded_at);
            }
            AnyEvent::Run(id, event) => place.observe_run(*id, event),
            AnyEvent::Volunteer(id, _) => {
                place.volunteers.insert(*id);
            }
            AnyEvent::ArrivalSlots(..)
            | AnyEvent::Device(..)
            | AnyEvent::Order(..)
            | AnyEvent::Plan(..) => {}
        }
    }
}

impl Place {
    /// The community's layout, zones and rules.
    pub fn community(&self) -> &CommunityState {
        &self.community
    }

    /// The index that addresses are resolved in.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// One household.
    pub fn household(&self, id: HouseholdId) -> Option<&HouseholdState> {
        self.households.get(&id)
    }

    /// Every household.
    pub fn households(&self) -> impl Iterator<Item = (HouseholdId, &HouseholdState)> {
        self.households.iter().map(|(id, state)| (*id, state))
    }

    /// Every volunteer that was ever enrolled.
    pub fn volunteers(&self) -> &BTreeSet<VolunteerId> {
        &self.volunteers
    }

    /// Every run that is neither closed nor called off.
    pub fn open_runs(&self) -> &BTreeSet<RunId> {
        &self.runs
    }

    /// The parcels whose number or label this is, open ones and those closed a short while ago.
    pub fn parcels_of_number(&self, number: &WaybillNumber) -> &[ParcelId] {
        self.numbers.get(number).map_or(&[], Vec::as_slice)
    }

    /// The parcels whose short label code has this number: one, but for a rare accident.
    pub fn parcels_of_label(&self, number: u32) -> &[ParcelId] {
        self.labels.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The parcels on a table or cart.
    pub fn parcels_on(&self, container: &ContainerId) -> impl Iterator<Item = ParcelId> + '_ {
        self.containers.get(container).into_iter().flatten().copied()
    }

    /// The parcels whose way has not ended, with what is known of each.
    pub fn open_parcels(&self) -> impl Iterator<Item = (ParcelId, &Known)> {
        let open = self.parcels.iter().filter(|(_, known)| known.closed_at.is_none());
        open.map(|(id, known)| (*id, known))
    }

    /// The tables and carts with open parcels on them.
    pub fn containers(&self) -> impl Iterator<Item = (&ContainerId, &BTreeSet<ParcelId>)> {
        self.containers.iter()
    }

    /// What is known of a parcel's codes.
    pub fn known(&self, parcel: ParcelId) -> Option<&Known> {
        self.parcels.get(&parcel)
    }

    /// The shelf of a building at the intake point: numbered in the order in which the buildings
    /// were described.
    pub fn shelf(&self, building: &BuildingId) -> Option<ShelfCode> {
        let index = self.building_order.iter().position(|known| known == building)?;
        let number = u32::try_from(index).ok()?.checked_add(1)?;
        code::encode(Kind::Shelf, number).ok()?.parse().ok()
    }

    fn observe_community(&mut self, event: &CommunityEvent) {
        self.community = Community::evolve(std::mem::take(&mut self.community), event);
        match event {
            CommunityEvent::BuildingDescribed(event) => {
                if !self.building_order.contains(&event.building) {
                    self.building_order.push(event.building.clone());
                }
                self.index_building(&event.building);
            }
            CommunityEvent::BuildingAssigned(event) => self.index_building(&event.building),
            CommunityEvent::AliasAdded(event) => self.index_alias(&event.text, &event.target),
            // A name that is not the community's own is then asked about.
            CommunityEvent::Registered(event) => self.layout.put_place(&event.name),
            CommunityEvent::GateOpened(_)
            | CommunityEvent::IntakePointSet(_)
            | CommunityEvent::GridDrawn(_)
            | CommunityEvent::ZoneDrawn(_)
            | CommunityEvent::ZoneStateChanged(_)
            | CommunityEvent::WindowPolicySet(_)
            | CommunityEvent::DisinfectionPolicySet(_)
            | CommunityEvent::TripLimitSet(_)
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

    /// A building is looked for once it belongs to a grid: before, nobody could deliver to it.
    fn index_building(&mut self, id: &BuildingId) {
        if let Some(building) = self.community.buildings.get(id)
            && let Some(grid) = building.grid()
        {
            self.layout.put_building(id.clone(), grid.clone(), building.description.units.clone());
        }
    }

    fn index_alias(&mut self, text: &str, target: &AliasTarget) {
        let (building, unit, room) = match target.clone() {
            AliasTarget::Building(building) => (building, None, None),
            AliasTarget::Unit(building, unit) => (building, Some(unit), None),
            AliasTarget::Door(door) => (door.building, Some(door.unit), Some(door.room)),
            AliasTarget::Community => {
                self.layout.remove_alias(text, None);
                return self.layout.put_place(text);
            }
        };
        let is_own_name =
            self.community.registered.as_ref().is_some_and(|registered| registered.name == text);
        if !is_own_name {
            self.layout.remove_place(text);
        }
        let alias = layout::Alias { text: text.to_owned(), building, unit, room, carrier: None };
        if let Err(error) = self.layout.put_alias(&alias) {
            // The alias stands in the community; it only never matches.
            tracing::warn!(%error, "an alias cannot be looked for");
        }
    }

    fn observe_household(&mut self, id: HouseholdId, event: &HouseholdEvent) {
        let household = self.households.entry(id).or_default();
        *household = Household::evolve(std::mem::take(household), event);
        self.index_household(id);
    }

    fn index_household(&mut self, id: HouseholdId) {
        let Some(household) = self.households.get(&id) else { return };
        if household.erased {
            self.layout.remove_household(id);
            return;
        }
        let presence = match household.status.as_ref().map(|set| set.status) {
            None | Some(HouseholdStatus::Living | HouseholdStatus::Isolated) => {
                layout::Presence::Home
            }
            Some(HouseholdStatus::Away) => layout::Presence::Away,
            Some(HouseholdStatus::Vacant) => layout::Presence::Left,
        };
        let contact = household.contact.as_deref();
        let tails = contact.into_iter().flat_map(|contact| &contact.phone_tail_tokens);
        let tails = tails.map(|token| token_of(*token)).collect();
        let names = contact.into_iter().flat_map(|contact| &contact.name_tokens);
        let names = names.map(|token| crate::person::token_of(*token)).collect();
        let doors = household.doors.iter().cloned().collect();
        self.layout.put_household(layout::Household { id, doors, tails, names, presence });
    }

    fn observe_parcel(&mut self, id: ParcelId, event: &ParcelEvent, at: Timestamp) {
        match event {
            ParcelEvent::Expected(event) => {
                self.put_parcel(id, event.waybill.clone(), event.piece.number, None);
            }
            ParcelEvent::Arrived(event) => {
                let container = event.container.clone();
                self.put_parcel(id, event.waybill.clone(), event.piece.number, container);
                if let Some(known) = self.parcels.get_mut(&id) {
                    known.arrived_at = Some(at);
                }
            }
            ParcelEvent::DisinfectionStarted(event) => {
                if let Some(container) = &event.container {
                    self.put_on(id, container);
                }
            }
            ParcelEvent::ArrivalUndone(_) | ParcelEvent::Disinfected(_) => self.take_off(id),
            ParcelEvent::Loaded(_) => {
                self.take_off(id);
                self.goes_again(id);
            }
            ParcelEvent::Identified(_) => self.goes_again(id),
            ParcelEvent::Sorted(_) => {
                self.take_off(id);
                self.shelve(id, at);
            }
            ParcelEvent::Returned(_) | ParcelEvent::Unloaded(_) => self.shelve(id, at),
            ParcelEvent::HandedOff(_) | ParcelEvent::Refused(_) | ParcelEvent::Disposed(_) => {
                self.close(id, at);
            }
            ParcelEvent::DisputeSettled(event) => match event.truth {
                End::HandedOff => self.close(id, at),
                End::Returned | End::NotReceived => self.set_closed(id, None),
                // Its way had ended so, and has.
                End::GivenBack | End::Disposed => {}
            },
            ParcelEvent::Reopened(_) => {
                self.set_closed(id, None);
                if let Some(known) = self.parcels.get_mut(&id) {
                    known.tried.clear();
                    known.failed = None;
                }
            }
            ParcelEvent::DeliveryFailed(event) => self.tried(id, event, at),
            ParcelEvent::OrderMatched(_)
            | ParcelEvent::Held(_)
            | ParcelEvent::Relayed(_)
            | ParcelEvent::Damaged(_)
            | ParcelEvent::Missing(_)
            | ParcelEvent::Found(_)
            | ParcelEvent::Recalled(_)
            | ParcelEvent::RecallLifted(_)
            | ParcelEvent::KeptOvernight(_)
            | ParcelEvent::LateScanNoted(_)
            | ParcelEvent::Disputed(_)
            | ParcelEvent::Photographed(_) => {}
        }
        while let Some((closed_at, closed)) = self.closed.front().copied()
            && at.duration_since(closed_at) > CLOSED_KNOWN
        {
            self.closed.pop_front();
            // One that was opened again since then is kept.
            if self.parcels.get(&closed).is_some_and(|known| known.closed_at == Some(closed_at)) {
                self.forget(closed);
            }
        }
    }

    fn observe_run(&mut self, id: RunId, event: &RunEvent) {
        match event {
            // What is taken back opens a closed run again.
            RunEvent::Planned(_) | RunEvent::PieceReopened(_) => {
                self.runs.insert(id);
            }
            RunEvent::Closed(_) | RunEvent::Cancelled(_) => {
                self.runs.remove(&id);
            }
            RunEvent::Offered(_)
            | RunEvent::Accepted(_)
            | RunEvent::HandedBack(_)
            | RunEvent::PieceLoaded(_)
            | RunEvent::PieceUnloaded(_)
            | RunEvent::Departed(_)
            | RunEvent::PieceDelivered(_)
            | RunEvent::PieceFailed(_)
            | RunEvent::PieceReturned(_)
            | RunEvent::PieceLost(_)
            | RunEvent::StopDone(_)
            | RunEvent::StopFailed(_)
            | RunEvent::Replanned(_)
            | RunEvent::SheetSeen(_)
            | RunEvent::BuildingPaused(_)
            | RunEvent::BuildingResumed(_)
            | RunEvent::HopCounted(_)
            | RunEvent::SlipPrinted(_) => {}
        }
    }

    fn close(&mut self, id: ParcelId, at: Timestamp) {
        self.take_off(id);
        self.set_closed(id, Some(at));
        self.closed.push_back((at, id));
    }

    fn shelve(&mut self, id: ParcelId, at: Timestamp) {
        if let Some(known) = self.parcels.get_mut(&id) {
            known.shelved_at = Some(at);
        }
    }

    /// A run is one attempt, however often its courier says why. A closed zone is none: nobody
    /// stood at the door.
    fn tried(&mut self, id: ParcelId, event: &ParcelDeliveryFailed, at: Timestamp) {
        let Some(known) = self.parcels.get_mut(&id) else { return };
        known.failed = Some(event.reason);
        let again = known.tried.last().is_some_and(|(run, _)| *run == event.run);
        if again || event.reason == FailureReason::ZoneClosed {
            return;
        }
        if known.tried.len() >= TRIED_KEPT_MAX {
            known.tried.remove(0);
        }
        known.tried.push((event.run, at));
    }

    fn goes_again(&mut self, id: ParcelId) {
        if let Some(known) = self.parcels.get_mut(&id) {
            known.failed = None;
        }
    }

    fn set_closed(&mut self, id: ParcelId, closed_at: Option<Timestamp>) {
        if let Some(known) = self.parcels.get_mut(&id) {
            known.closed_at = closed_at;
        }
    }

    fn put_parcel(
        &mut self,
        id: ParcelId,
        waybill: Waybill,
        piece: u16,
        container: Option<ContainerId>,
    ) {
        let known = Known {
            waybill,
            piece,
            container,
            closed_at: None,
            arrived_at: None,
            shelved_at: None,
            tried: vec![],
            failed: None,
        };
        self.index_parcel(id, &known);
        self.parcels.insert(id, known);
    }

    fn index_parcel(&mut self, id: ParcelId, known: &Known) {
        let of_number = self.numbers.entry(known.waybill.number.clone()).or_default();
        if !of_number.contains(&id) {
            of_number.push(id);
            self.labels.entry(label_number(id)).or_default().push(id);
        }
        if let Some(container) = &known.container {
            self.containers.entry(container.clone()).or_default().insert(id);
        }
    }

    fn put_on(&mut self, id: ParcelId, container: &ContainerId) {
        self.take_off(id);
        if let Some(known) = self.parcels.get_mut(&id) {
            known.container = Some(container.clone());
            self.containers.entry(container.clone()).or_default().insert(id);
        }
    }

    fn take_off(&mut self, id: ParcelId) {
        let Some(container) = self.parcels.get_mut(&id).and_then(|known| known.container.take())
        else {
            return;
        };
        if let Some(on_it) = self.containers.get_mut(&container) {
            on_it.remove(&id);
            if on_it.is_empty() {
                self.containers.remove(&container);
            }
        }
    }

    fn forget(&mut self, id: ParcelId) {
        self.take_off(id);
        let Some(known) = self.parcels.remove(&id) else { return };
        remove_from(&mut self.numbers, &known.waybill.number, id);
        remove_from(&mut self.labels, &label_number(id), id);
    }
}

/// The number on a parcel's own label: 25 bits of its id. Two open parcels share one so rarely that
/// people are asked then, instead of a counter being kept.
pub fn label_number(parcel: ParcelId) -> u32 {
    let top = parcel.0.as_u128() >> 103;
    u32::try_from(top).unwrap_or(u32::MAX) & code::NUMBER_MAX
}

/// The short code on a parcel's own label.
pub fn label_code(parcel: ParcelId) -> String {
    code::encode(Kind::Parcel, label_number(parcel)).unwrap_or_default()
}

fn token_of(token: TailToken) -> layout::TailToken {
    layout::TailToken(u64::from_be_bytes(token.to_bytes()))
}

fn remove_from<K: std::hash::Hash + Eq>(
    index: &mut HashMap<K, Vec<ParcelId>>,
    key: &K,
    id: ParcelId,
) {
    if let Some(ids) = index.get_mut(key) {
        ids.retain(|known| *known != id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

impl Clone for Place {
    fn clone(&self) -> Self {
        Self::from(StoredPlace::from(self))
    }
}

impl From<&Place> for StoredPlace {
    fn from(place: &Place) -> Self {
        Self {
            community: place.community.clone(),
            building_order: place.building_order.clone(),
            households: in_order(&place.households),
            volunteers: place.volunteers.clone(),
            runs: place.runs.clone(),
            parcels: in_order(&place.parcels),
            closed: place.closed.clone(),
        }
    }
}

/// The same facts are always written in the same order.
fn in_order<K: Copy + Ord, V: Clone>(map: &HashMap<K, V>) -> Vec<(K, V)> {
    let mut entries: Vec<_> = map.iter().map(|(key, value)| (*key, value.clone())).collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

impl From<Place> for StoredPlace {
    fn from(place: Place) -> Self {
        Self::from(&place)
    }
}

impl From<StoredPlace> for Place {
    fn from(stored: StoredPlace) -> Self {
        let mut place = Self {
            community: stored.community,
            building_order: stored.building_order,
            households: stored.households.into_iter().collect(),
            volunteers: stored.volunteers,
            runs: stored.runs,
            closed: stored.closed,
            ..Self::default()
        };
        if let Some(registered) = &place.community.registered {
            place.layout.put_place(&registered.name);
        }
        for building in place.building_order.clone() {
            place.index_building(&building);
        }
        for (text, target) in place.community.aliases.clone() {
            place.index_alias(&text, &target);
        }
        for household in place.households.keys().copied().collect::<Vec<_>>() {
            place.index_household(household);
        }
        for (id, known) in stored.parcels {
            place.index_parcel(id, &known);
            place.parcels.insert(id, known);
        }
        place
    }
}

#[cfg(test)]
mod tests;
