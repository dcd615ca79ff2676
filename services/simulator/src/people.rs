//! The people of a community, from a seed: households behind doors, volunteers with their shifts.
//!
//! Nobody here has a name. A household has a head count, phone tails, a language and capability
//! needs; a volunteer has a badge.

use std::collections::BTreeSet;

use domain::address::Door;
use domain::community::event::Language;
use domain::household::event::{CapabilityNeed, HouseholdNeedsSet, HouseholdRegistered};
use domain::ids::{ActorId, DeviceId, GridId, HouseholdId, VolunteerId};
use domain::supply::Load;
use domain::volunteer::event::{Role, VolunteerEnrolled};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::chance::Chance;
use crate::front::Command;
use crate::place::Place;

/// How big a community is lived in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Buildings of the file where people live; the others stand empty.
    pub buildings: usize,
    /// Households.
    pub households: usize,
    /// People.
    pub people: usize,
    /// Volunteers.
    pub volunteers: usize,
}

impl Size {
    /// The whole community: the published figures.
    pub const FULL: Self = Self { buildings: 20, households: 950, people: 2_000, volunteers: 140 };
    /// Three buildings in three grids, for many seeds in little time.
    pub const SMALL: Self = Self { buildings: 3, households: 60, people: 126, volunteers: 24 };
}

/// In a thousand doors so many have a second household behind them (assumption).
const SHARED_DOORS_PERMILLE: usize = 30;
/// Households that live behind two doors, where there are several hundred (assumption).
const WIDE_HOUSEHOLDS: usize = 2;
/// The most people in a generated household.
const PEOPLE_MAX: u16 = 7;

/// One household.
#[derive(Debug, Clone)]
pub(crate) struct Household {
    pub id: HouseholdId,
    pub doors: Vec<Door>,
    pub people: u16,
    pub tail: String,
    pub phone_only: bool,
    language: Language,
    needs: BTreeSet<CapabilityNeed>,
}

/// One volunteer.
#[derive(Debug, Clone)]
pub(crate) struct Volunteer {
    pub id: VolunteerId,
    pub actor: ActorId,
    pub phone: DeviceId,
    pub grid: GridId,
    pub role: Role,
    /// Today's shift.
    pub shift: (Timestamp, Timestamp),
    /// Today's break, once it was said.
    pub rest: Option<(Timestamp, Timestamp)>,
    /// How far the phone's clock is ahead, in seconds.
    pub clock_ahead_seconds: i64,
    /// The phone has no signal between the gate and the return.
    pub offline: bool,
}

/// Everybody.
#[derive(Debug, Clone)]
pub(crate) struct People {
    pub households: Vec<Household>,
    pub volunteers: Vec<Volunteer>,
    pub grids: Vec<GridId>,
}

impl People {
    /// Makes the people of a place.
    pub fn of(place: &Place, size: Size, seed: u64) -> Self {
        let mut chance = Chance::of(seed, "people");
        let count = size.buildings.clamp(1, place.buildings.len().max(1));
        let step = |index: usize| index * place.buildings.len() / count;
        let homes: Vec<_> = (0..count).filter_map(|i| place.buildings.get(step(i))).collect();
        let mut doors: Vec<Door> = vec![];
        for building in &homes {
            for unit in &building.units {
                doors.extend(unit.rooms().map(|(room, _)| Door {
                    building: building.id.clone(),
                    unit: unit.id.clone(),
                    room,
                }));
            }
        }
        chance.shuffle(&mut doors);
        let households = households(&mut chance, &doors, size);
        let mut grids: Vec<GridId> = homes.iter().map(|home| home.grid.clone()).collect();
        grids.dedup();
        let volunteers = (0..size.volunteers)
            .filter_map(|number| volunteer(&mut chance, number, &grids))
            .collect();
        Self { households, volunteers, grids }
    }

    /// The commands that make everybody known.
    pub fn commands(&self, today: Date, trip_limit: Load) -> Vec<Command> {
        let mut commands = vec![];
        for household in &self.households {
            household.commands(today, &mut commands);
        }
        for volunteer in &self.volunteers {
            let carry_limit = trip_limit;
            let facts = VolunteerEnrolled {
                grid: Some(volunteer.grid.clone()),
                roles: BTreeSet::from([volunteer.role]),
                protection: false,
                carry_limit,
                name: None,
            };
            commands.push(Command::EnrolVolunteer { volunteer: volunteer.id, facts });
        }
        commands
    }

    /// The volunteers of a role, by their places in the list.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = (usize, &Volunteer)> {
        self.volunteers.iter().enumerate().filter(move |(_, one)| one.role == role)
    }
}

impl Household {
    fn commands(&self, today: Date, commands: &mut Vec<Command>) {
        let facts = HouseholdRegistered {
            doors: self.doors.iter().cloned().collect(),
            language: self.language,
            phone_only: self.phone_only,
        };
        let household = self.id;
        commands.push(Command::RegisterHousehold { household, facts });
        let (people, on) = (self.people, today);
        commands.push(Command::ConfirmHeadCount { household, people, on });
        let phone_tails = vec![self.tail.clone()];
        commands.push(Command::SetContact { household, phone_tails });
        if !self.needs.is_empty() {
            let facts = HouseholdNeedsSet { needs: self.needs.clone() };
            commands.push(Command::SetNeeds { household, facts });
        }
    }
}

fn households(chance: &mut Chance, doors: &[Door], size: Size) -> Vec<Household> {
    let shared = size.households * SHARED_DOORS_PERMILLE / 1_000;
    let shared = shared.max(size.households.saturating_sub(doors.len()) + 2);
    let mut free = doors.iter();
    let mut households: Vec<Household> = vec![];
    for index in 0..size.households {
        // The last ones live behind a door that another household has already.
        let own = index + shared < size.households;
        let door = if own { free.next() } else { None };
        let door = door.or_else(|| doors.get(chance.index(doors.len().min(size.households / 2))));
        households.extend(door.map(|door| household(chance, door)));
    }
    for index in 0..WIDE_HOUSEHOLDS.min(size.households / 100) {
        let second = free.next().cloned();
        if let Some(household) = households.get_mut(index) {
            household.doors.extend(second);
        }
    }
    let mut left = size.people.saturating_sub(households.len());
    while left > 0 && !households.is_empty() {
        let index = chance.index(households.len());
        if households[index].people < PEOPLE_MAX {
            households[index].people += 1;
        }
        left -= 1;
    }
    households
}

fn household(chance: &mut Chance, door: &Door) -> Household {
    const NEEDS: [CapabilityNeed; 6] = [
        CapabilityNeed::CannotComeDown,
        CapabilityNeed::CannotCarry,
        CapabilityNeed::CannotHearKnock,
        CapabilityNeed::NeedsMedicine,
        CapabilityNeed::NeedsDailyCall,
        CapabilityNeed::NeedsOneToOne,
    ];
    // Assumption: an eighth of the households is on the list of those who are called every day.
    let needs = if chance.permille(125) { chance.pick(&NEEDS).copied() } else { None };
    Household {
        id: HouseholdId(chance.id()),
        doors: vec![door.clone()],
        people: 1,
        tail: chance.digits(4),
        phone_only: chance.permille(150),
        language: if chance.permille(4) { Language::English } else { Language::Chinese },
        needs: needs.into_iter().collect(),
    }
}

fn volunteer(chance: &mut Chance, number: usize, grids: &[GridId]) -> Option<Volunteer> {
    // Of twenty hands six do something else than carrying (assumption).
    let role = match number % 20 {
        0 => Role::Coordinator,
        1 | 5 => Role::Sorter,
        2 => Role::Disinfector,
        3 => Role::Caller,
        4 => Role::Shopper,
        _ => Role::Courier,
    };
    Some(Volunteer {
        id: VolunteerId(chance.id()),
        actor: format!("badge-{number}").parse().ok()?,
        phone: format!("phone-{number}").parse().ok()?,
        grid: grids.get(number % grids.len().max(1))?.clone(),
        role,
        shift: (Timestamp::MIN, Timestamp::MIN),
        rest: None,
        clock_ahead_seconds: 0,
        offline: false,
    })
}
