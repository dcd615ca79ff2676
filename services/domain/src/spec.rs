//! Given-when-then for deciders: a test reads as a sentence.
//!
//! ```ignore
//! given::<Parcel>([arrived(), disinfected()]).when(hand_off()).refused(&ParcelRefusal::NotSorted);
//! ```

use std::fmt::Debug;

use crate::decider::{Decider, fold};

/// The events that have happened.
pub fn given<D: Decider>(events: impl IntoIterator<Item = D::Event>) -> Given<D> {
    Given { events: events.into_iter().collect() }
}

/// A history, waiting for a command.
pub struct Given<D: Decider> {
    events: Vec<D::Event>,
}

impl<D: Decider> Given<D>
where
    D::Command: Clone,
    D::Event: Debug + PartialEq,
    D::Refusal: Debug + PartialEq,
{
    /// Decides a command on the history.
    pub fn when(self, command: D::Command) -> When<D> {
        let state = fold::<D>(D::State::default(), &self.events);
        let outcome = D::decide(&state, command.clone());
        When { history: self.events, command, outcome }
    }
}

/// A decision, waiting for what was expected of it.
pub struct When<D: Decider> {
    history: Vec<D::Event>,
    command: D::Command,
    outcome: Result<Vec<D::Event>, D::Refusal>,
}

impl<D: Decider> When<D>
where
    D::Event: Debug + PartialEq,
    D::Refusal: Debug + PartialEq,
{
    /// It caused exactly these events, and the same command again causes none.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = D::Event>) {
        let expected: Vec<_> = expected.into_iter().collect();
        let events = self.outcome.expect("accepted");
        assert_eq!(events, expected);
        let history = self.history.iter().chain(&events);
        let after = fold::<D>(D::State::default(), history);
        assert_eq!(D::decide(&after, self.command), Ok(vec![]), "the same command again");
    }

    /// It was already done: no events, no refusal.
    #[track_caller]
    pub fn then_nothing(self) {
        assert_eq!(self.outcome, Ok(vec![]));
    }

    /// The domain said no.
    #[track_caller]
    pub fn refused(self, expected: &D::Refusal) {
        assert_eq!(self.outcome.as_ref(), Err(expected));
    }
}
