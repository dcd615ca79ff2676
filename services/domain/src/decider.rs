//! What every aggregate is: a pure function from a state and a command to events.

/// One aggregate of the domain.
///
/// `decide` says what a command causes in a state; `evolve` says what an event makes of a state.
/// Neither does I/O, reads a clock or makes a random number: whatever they need to know arrives
/// inside the command.
pub trait Decider {
    /// What somebody wants to happen, with every fact the decision needs.
    type Command;
    /// What has happened.
    type Event;
    /// What the events so far amount to.
    type State: Default;
    /// Why the domain says no.
    type Refusal;

    /// Decides what `command` causes. A command whose effect is already there causes no events.
    ///
    /// # Errors
    /// The refusal, when a rule of the domain forbids the command in this state.
    fn decide(
        state: &Self::State,
        command: Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Folds one event into the state. It is total: an event that has happened cannot be refused.
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;
}

/// Folds events into a state, oldest first.
pub fn fold<'a, D: Decider>(
    state: D::State,
    events: impl IntoIterator<Item = &'a D::Event>,
) -> D::State
where
    D::Event: 'a,
{
    events.into_iter().fold(state, D::evolve)
}
