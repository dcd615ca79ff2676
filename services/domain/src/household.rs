//! A household: people who eat together. It is not a door: several may live behind one, and one may
//! live behind several.
//!
//! Names, phones and notes are sealed with the household's own key. Once it is erased nothing of it
//! is left here, and nothing more can be said of it.

pub mod event;
#[cfg(test)]
mod spec;

use std::collections::BTreeSet;

use jiff::civil::Date;

use serde::{Deserialize, Serialize};

pub use self::event::HouseholdEvent;
use self::event::{
    CapabilityNeed, Diet, HouseholdContactSet, HouseholdDietSet, HouseholdDoorsSet,
    HouseholdErased, HouseholdHeadCountConfirmed, HouseholdHeadCountProposed, HouseholdNeedsSet,
    HouseholdReachSet, HouseholdRegistered, HouseholdStatusSet,
};
use crate::address::Door;
use crate::community::event::Language;
use crate::decider::Decider;
use crate::ids::ActorId;
use crate::refusal::refusals;
use crate::sealed::Sealed;

/// The most doors that one household may live behind.
pub const DOORS_MAX: usize = 4;
/// The most people that one household may have.
pub const PEOPLE_MAX: u16 = 50;
/// The most phones whose last digits find one household.
pub const TAIL_TOKENS_MAX: usize = 8;
/// The most names and family names by which one household is found.
pub const NAME_TOKENS_MAX: usize = 16;
/// The longest sealed text, in bytes.
pub const SEALED_BYTES_MAX: usize = 2_000;

/// The decider of one household.
#[derive(Debug, Clone, Copy)]
pub struct Household;

/// What may be asked of a household. Where a payload stands, it is the fact that shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HouseholdCommand {
    /// Make it known.
    Register(HouseholdRegistered),
    /// Say where it lives.
    SetDoors(HouseholdDoorsSet),
    /// Say that another number of people eat together than is confirmed.
    ProposeHeadCount {
        /// How many people eat together.
        people: u16,
        /// Who says so.
        proposed_by: ActorId,
        /// The community's day on which it was counted.
        proposed_on: Date,
    },
    /// Confirm the number of people: the first one, the one that stands, or one that somebody else
    /// has proposed.
    ConfirmHeadCount {
        /// How many people eat together.
        people: u16,
        /// Who confirms it.
        confirmed_by: ActorId,
        /// The community's day on which it is confirmed.
        confirmed_on: Date,
    },
    /// Say how it lives now.
    SetStatus(HouseholdStatusSet),
    /// Say in which language and by what it is reached.
    SetReach(HouseholdReachSet),
    /// Say what it eats.
    SetDiet(HouseholdDietSet),
    /// Say what deliveries must take into account.
    SetNeeds(HouseholdNeedsSet),
    /// Say whom to ask for and how to reach them.
    SetContact(Box<HouseholdContactSet>),
    /// Forget it: its key is deleted.
    Erase,
}

refusals! {
    /// Why a command on a household is refused.
    pub enum HouseholdRefusal {
        NotRegistered => "household-unknown",
            "this household is not registered: register it first",
            "该户尚未登记：请先登记";
        AlreadyRegistered => "household-registered",
            "this household is registered already with other facts: change those one by one",
            "该户已按其他内容登记：请逐项更改";
        DoorsShape => "household-doors-shape",
            "a household lives behind 1 to 4 doors",
            "每户须有 1 到 4 个门牌";
        HeadCount => "household-head-count",
            "a household has 1 to 50 people",
            "每户人数须为 1 到 50";
        HeadCountNotProposed { people: u16 } => "head-count-not-proposed",
            "{people} people is neither the confirmed number nor the proposed one: propose it first",
            "{people} 人既非已确认人数也非待确认人数：请先提出";
        FourEyes { proposed_by: ActorId } => "head-count-four-eyes",
            "{proposed_by} proposed this number: somebody else must confirm it",
            "此人数由 {proposed_by} 提出：须由另一人确认";
        ContactShape => "household-contact-shape",
            "a contact has at most 8 phone tails, 8 names, and sealed texts of at most 2000 bytes",
            "联系信息至多含 8 个电话尾号、8 个姓名，每段密文至多 2000 字节";
        Erased => "household-erased",
            "this household was erased: register a new one",
            "该户信息已删除：请重新登记";
    }
}

/// A number of people, and who stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadCount {
    /// How many people eat together.
    pub people: u16,
    /// Who confirmed or proposed it.
    pub by: ActorId,
    /// The community's day of it.
    pub on: Date,
}

/// What the events so far say of a household.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HouseholdState {
    /// Whether it is known.
    pub registered: bool,
    /// Whether it was erased; then nothing else is left.
    pub erased: bool,
    /// Its doors.
    pub doors: BTreeSet<Door>,
    /// The language it speaks.
    pub language: Language,
    /// Whether it can only be reached by an ordinary telephone call.
    pub phone_only: bool,
    /// How many people it has, confirmed.
    pub head_count: Option<HeadCount>,
    /// Another number that waits for a second person.
    pub proposed: Option<HeadCount>,
    /// How it lives; `None` until somebody has said so.
    pub status: Option<HouseholdStatusSet>,
    /// What it eats.
    pub diet: Option<Diet>,
    /// What deliveries must take into account.
    pub needs: BTreeSet<CapabilityNeed>,
    /// Whom to ask for, sealed.
    pub contact: Option<Box<HouseholdContactSet>>,
}

type Decision = Result<Vec<HouseholdEvent>, HouseholdRefusal>;

impl Decider for Household {
    type Command = HouseholdCommand;
    type Event = HouseholdEvent;
    type State = HouseholdState;
    type Refusal = HouseholdRefusal;

    fn decide(state: &HouseholdState, command: HouseholdCommand) -> Decision {
        if state.erased && command != HouseholdCommand::Erase {
            return Err(HouseholdRefusal::Erased);
        }
        let known = state.registered || state.erased;
        if !known && !matches!(command, HouseholdCommand::Register(_)) {
            return Err(HouseholdRefusal::NotRegistered);
        }
        match command {
            HouseholdCommand::Register(fact) => register(state, fact),
            HouseholdCommand::SetDoors(fact) => {
                check_doors(&fact.doors)?;
                Ok(unless(state.doors == fact.doors, fact))
            }
            HouseholdCommand::ProposeHeadCount { people, proposed_by, proposed_on } => {
                propose(state, people, proposed_by, proposed_on)
            }
            HouseholdCommand::ConfirmHeadCount { people, confirmed_by, confirmed_on } => {
                confirm(state, people, confirmed_by, confirmed_on)
            }
            HouseholdCommand::SetStatus(fact) => {
                Ok(unless(state.status.as_ref() == Some(&fact), fact))
            }
            HouseholdCommand::SetReach(fact) => {
                let done = state.language == fact.language && state.phone_only == fact.phone_only;
                Ok(unless(done, fact))
            }
            HouseholdCommand::SetDiet(fact) => Ok(unless(state.diet == fact.diet, fact)),
            HouseholdCommand::SetNeeds(fact) => Ok(unless(state.needs == fact.needs, fact)),
            HouseholdCommand::SetContact(fact) => set_contact(state, *fact),
            HouseholdCommand::Erase => Ok(unless(state.erased, HouseholdErased {})),
        }
    }

    fn evolve(mut state: HouseholdState, event: &HouseholdEvent) -> HouseholdState {
        match event {
            HouseholdEvent::Registered(event) => {
                state.registered = true;
                state.doors.clone_from(&event.doors);
                state.language = event.language;
                state.phone_only = event.phone_only;
            }
            HouseholdEvent::DoorsSet(event) => state.doors.clone_from(&event.doors),
            HouseholdEvent::HeadCountProposed(event) => {
                state.proposed = Some(HeadCount {
                    people: event.people,
                    by: event.proposed_by.clone(),
                    on: event.proposed_on,
                });
            }
            HouseholdEvent::HeadCountConfirmed(event) => {
                state.proposed = None;
                state.head_count = Some(HeadCount {
                    people: event.people,
                    by: event.confirmed_by.clone(),
                    on: event.confirmed_on,
                });
            }
            HouseholdEvent::StatusSet(event) => state.status = Some(event.clone()),
            HouseholdEvent::ReachSet(event) => {
                state.language = event.language;
                state.phone_only = event.phone_only;
            }
            HouseholdEvent::DietSet(event) => state.diet = event.diet,
            HouseholdEvent::NeedsSet(event) => state.needs.clone_from(&event.needs),
            HouseholdEvent::ContactSet(event) => state.contact = Some(Box::new(event.clone())),
            HouseholdEvent::Erased(_) => {
                state = HouseholdState { erased: true, ..HouseholdState::default() };
            }
        }
        state
    }
}

/// The fact as an event, unless it holds already.
fn unless(done: bool, fact: impl Into<HouseholdEvent>) -> Vec<HouseholdEvent> {
    if done { vec![] } else { vec![fact.into()] }
}

fn register(state: &HouseholdState, fact: HouseholdRegistered) -> Decision {
    check_doors(&fact.doors)?;
    let holds = state.doors == fact.doors
        && state.language == fact.language
        && state.phone_only == fact.phone_only;
    if state.registered && !holds {
        return Err(HouseholdRefusal::AlreadyRegistered);
    }
    Ok(unless(state.registered, fact))
}

/// The confirmed number needs no proposal; saying it again leaves another proposal standing until
/// somebody confirms one of the two.
fn propose(
    state: &HouseholdState,
    people: u16,
    proposed_by: ActorId,
    proposed_on: Date,
) -> Decision {
    check_people(people)?;
    let says = |count: &HeadCount| count.people == people;
    let proposed_by_them = state
        .proposed
        .as_ref()
        .is_some_and(|proposed| says(proposed) && proposed.by == proposed_by);
    let done = proposed_by_them || state.head_count.as_ref().is_some_and(says);
    let fact = HouseholdHeadCountProposed { people, proposed_by, proposed_on };
    Ok(unless(done, fact))
}

fn confirm(
    state: &HouseholdState,
    people: u16,
    confirmed_by: ActorId,
    confirmed_on: Date,
) -> Decision {
    check_people(people)?;
    let says = |count: &&HeadCount| count.people == people;
    let standing = state.head_count.as_ref().filter(says);
    let proposed = state.proposed.as_ref().filter(says);
    let is_first = state.head_count.is_none() && state.proposed.is_none();
    match (standing, proposed) {
        (Some(standing), _) if standing.by == confirmed_by && standing.on == confirmed_on => {
            return Ok(vec![]);
        }
        (None, Some(proposed)) if proposed.by == confirmed_by => {
            let proposed_by = confirmed_by;
            return Err(HouseholdRefusal::FourEyes { proposed_by });
        }
        (None, None) if !is_first => {
            return Err(HouseholdRefusal::HeadCountNotProposed { people });
        }
        (Some(_), _) | (None, Some(_) | None) => {}
    }
    Ok(vec![HouseholdHeadCountConfirmed { people, confirmed_by, confirmed_on }.into()])
}

fn set_contact(state: &HouseholdState, fact: HouseholdContactSet) -> Decision {
    let sealed = [&fact.name, &fact.phone, &fact.note];
    let too_long = |sealed: &Sealed| sealed.0.len() > SEALED_BYTES_MAX;
    let any_too_long = sealed.into_iter().flatten().any(too_long);
    let too_many =
        fact.phone_tail_tokens.len() > TAIL_TOKENS_MAX || fact.name_tokens.len() > NAME_TOKENS_MAX;
    if any_too_long || too_many {
        return Err(HouseholdRefusal::ContactShape);
    }
    Ok(unless(state.contact.as_deref() == Some(&fact), fact))
}

fn check_doors(doors: &BTreeSet<Door>) -> Result<(), HouseholdRefusal> {
    if (1..=DOORS_MAX).contains(&doors.len()) { Ok(()) } else { Err(HouseholdRefusal::DoorsShape) }
}

fn check_people(people: u16) -> Result<(), HouseholdRefusal> {
    if (1..=PEOPLE_MAX).contains(&people) { Ok(()) } else { Err(HouseholdRefusal::HeadCount) }
}
