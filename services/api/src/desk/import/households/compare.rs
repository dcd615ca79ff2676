//! What a row tells otherwise than is known, and the commands that make it so.

use std::collections::BTreeSet;

use domain::household::event::{
    HouseholdContactSet, HouseholdDoorsSet, HouseholdReachSet, HouseholdStatusSet,
};
use domain::household::{
    HeadCount, HouseholdCommand, HouseholdState, NAME_TOKENS_MAX, TAIL_TOKENS_MAX,
};
use domain::ids::HouseholdId;
use domain::sealed::Sealed;
use runtime::Problem;
use runtime::vault::{Opened, Subject};

use super::{Difference, HouseholdField, Import, Told};
use crate::export::name;
use crate::views::questions::vault_unavailable;

/// What a household's own key has sealed, in the clear for as long as it is compared.
#[derive(Default)]
pub(super) struct Known {
    pub name: Option<String>,
    pub phone: Option<String>,
    pub note: Option<String>,
}

/// A step of a row: a command, or the contact, which is sealed when it is put.
pub(super) enum Change {
    Is(HouseholdCommand),
    Contact,
}

impl Import<'_> {
    /// What differs, and the commands that make it so, each with the name of its step.
    pub(super) fn changes(
        &self,
        state: &HouseholdState,
        known: &Known,
        told: &Told,
    ) -> (Vec<Difference>, Vec<(&'static str, Change)>) {
        let (mut differences, mut commands) = (vec![], vec![]);
        if state.registered && !state.doors.contains(&told.door) {
            let known: Vec<_> = state.doors.iter().map(ToString::to_string).collect();
            let (from, to) = (Some(known.join(" ")), told.door.to_string());
            differences.push(difference(HouseholdField::Door, from, to));
            let fact = HouseholdDoorsSet { doors: BTreeSet::from([told.door.clone()]) };
            commands.push(("doors", Change::Is(HouseholdCommand::SetDoors(fact))));
        }
        let language = told.language.unwrap_or(state.language);
        let phone_only = told.phone_only.unwrap_or(state.phone_only);
        let before = differences.len();
        let from = |text: String| state.registered.then_some(text);
        if language != state.language {
            let from = from(name(state.language));
            differences.push(difference(HouseholdField::Language, from, name(language)));
        }
        if phone_only != state.phone_only {
            let from = from(state.phone_only.to_string());
            differences.push(difference(HouseholdField::PhoneOnly, from, phone_only.to_string()));
        }
        if state.registered && differences.len() > before {
            let fact = HouseholdReachSet { language, phone_only };
            commands.push(("reach", Change::Is(HouseholdCommand::SetReach(fact))));
        }
        if let Some((difference, command)) = self.people(state, told) {
            differences.push(difference);
            commands.push(("people", Change::Is(command)));
        }
        let living = state.status.as_ref().map(|set| set.status);
        if let Some(status) = told.status.filter(|status| Some(*status) != living) {
            let mut changed = difference(HouseholdField::Status, living.map(name), name(status));
            changed.known_on = state.status.as_ref().map(|set| set.since);
            differences.push(changed);
            let fact = HouseholdStatusSet { status, since: self.today };
            commands.push(("status", Change::Is(HouseholdCommand::SetStatus(fact))));
        }
        let sealed = [
            (HouseholdField::Name, &told.name, &known.name),
            (HouseholdField::Phone, &told.phone, &known.phone),
            (HouseholdField::Note, &told.note, &known.note),
        ];
        let tokens = state.contact.as_deref().map(|contact| &contact.phone_tail_tokens);
        let new_tail =
            told.tail.is_some_and(|tail| !tokens.is_some_and(|tokens| tokens.contains(&tail)));
        let before = differences.len();
        for (field, to, known) in sealed {
            let masked = field == HouseholdField::Phone && to.is_none() && new_tail;
            match (to, &told.tail_digits) {
                (Some(to), _) if known.as_ref() != Some(to) => {
                    differences.push(difference(field, None, to.clone()));
                }
                (None, Some(tail)) if masked => {
                    differences.push(difference(field, None, format!("*{tail}")));
                }
                (_, _) => {}
            }
        }
        if differences.len() > before {
            commands.push(("contact", Change::Contact));
        }
        (differences, commands)
    }

    /// Another number of people: the first one is confirmed at once, a changed one is proposed, and
    /// one that somebody else proposed is confirmed by this second telling.
    fn people(
        &self,
        state: &HouseholdState,
        told: &Told,
    ) -> Option<(Difference, HouseholdCommand)> {
        let people = told.people?;
        let confirmed = state.head_count.as_ref();
        let says = |count: &HeadCount| count.people == people;
        if confirmed.is_some_and(says) {
            return None;
        }
        let proposed = state.proposed.as_ref().filter(|count| says(count));
        if proposed.is_some_and(|count| count.by == *self.actor) {
            return None;
        }
        let by_other = proposed.is_some();
        let is_first = confirmed.is_none() && state.proposed.is_none();
        let from = confirmed.map(|count| count.people.to_string());
        let mut changed = difference(HouseholdField::People, from, people.to_string());
        (changed.known_by, changed.known_on) =
            confirmed.map(|count| (count.by.clone(), count.on)).unzip();
        changed.needs_second = !is_first && !by_other;
        let (actor, day) = (self.actor.clone(), self.today);
        let command = if changed.needs_second {
            let (proposed_by, proposed_on) = (actor, day);
            HouseholdCommand::ProposeHeadCount { people, proposed_by, proposed_on }
        } else {
            let (confirmed_by, confirmed_on) = (actor, day);
            HouseholdCommand::ConfirmHeadCount { people, confirmed_by, confirmed_on }
        };
        Some((changed, command))
    }

    /// The contact with what the row says, and everything else as it was.
    pub(super) fn contact(
        &self,
        id: HouseholdId,
        state: &HouseholdState,
        known: &Known,
        told: &Told,
    ) -> Result<HouseholdContactSet, Problem> {
        let subject = Subject::Household(self.community.clone(), id);
        let was = state.contact.as_deref();
        let sealed = |told: &Option<String>,
                      known: &Option<String>,
                      was: Option<&Sealed>|
         -> Result<Option<Sealed>, Problem> {
            match told {
                Some(text) if Some(text) != known.as_ref() => {
                    let sealed = self.app.engine.vault().seal(&subject, text);
                    Ok(Some(sealed.map_err(|_| vault_unavailable())?))
                }
                Some(_) | None => Ok(was.cloned()),
            }
        };
        let tails = was.map(|contact| contact.phone_tail_tokens.clone()).unwrap_or_default();
        let names = was.map(|contact| contact.name_tokens.clone()).unwrap_or_default();
        Ok(HouseholdContactSet {
            name: sealed(&told.name, &known.name, was.and_then(|was| was.name.as_ref()))?,
            phone: sealed(&told.phone, &known.phone, was.and_then(|was| was.phone.as_ref()))?,
            note: sealed(&told.note, &known.note, was.and_then(|was| was.note.as_ref()))?,
            phone_tail_tokens: joined(tails, told.tail.into_iter().collect(), TAIL_TOKENS_MAX),
            name_tokens: joined(names, told.names.clone(), NAME_TOKENS_MAX),
        })
    }

    pub(super) fn opened(&self, id: HouseholdId, state: &HouseholdState) -> Result<Known, Problem> {
        let Some(contact) = state.contact.as_deref() else { return Ok(Known::default()) };
        let subject = Subject::Household(self.community.clone(), id);
        let open = |sealed: &Option<Sealed>| -> Result<Option<String>, Problem> {
            let Some(sealed) = sealed else { return Ok(None) };
            match self.app.engine.vault().open_sealed(&subject, sealed) {
                Ok(Opened::Text(text)) => Ok(Some(text)),
                Ok(Opened::Erased) => Ok(None),
                Err(_) => Err(vault_unavailable()),
            }
        };
        let (name, phone) = (open(&contact.name)?, open(&contact.phone)?);
        Ok(Known { name, phone, note: open(&contact.note)? })
    }
}

/// What was known and what is told; where that is too many, what is told.
fn joined<T: Ord>(known: BTreeSet<T>, told: BTreeSet<T>, most: usize) -> BTreeSet<T> {
    if known.len() + told.len() > most { told } else { known.into_iter().chain(told).collect() }
}

fn difference(field: HouseholdField, from: Option<String>, to: String) -> Difference {
    Difference { field, from, to, known_by: None, known_on: None, needs_second: false }
}
