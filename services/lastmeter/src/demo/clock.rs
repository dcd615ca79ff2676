//! The clock of the sample day: it stands still until the day moves it, and goes on afterwards.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use runtime::clock::Clock;

/// A clock that is moved by hand, and let go at the end.
#[derive(Debug)]
pub(crate) struct PacedClock {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    at: Timestamp,
    /// Since when it goes by itself, as fast as any clock.
    going_since: Option<Instant>,
}

impl PacedClock {
    /// A clock that shows `at`.
    pub(crate) fn at(at: Timestamp) -> Self {
        Self { state: Mutex::new(State { at, going_since: None }) }
    }

    /// Moves the clock forward to `at`.
    pub(crate) fn set(&self, at: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.at = state.at.max(at);
    }

    /// Lets the clock go by itself from now on.
    pub(crate) fn go_on(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.going_since.get_or_insert_with(Instant::now);
    }
}

impl Clock for PacedClock {
    fn now(&self) -> Timestamp {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = state.going_since.map(|since| since.elapsed());
        let gone = gone.and_then(|gone| SignedDuration::try_from(gone).ok()).unwrap_or_default();
        state.at.saturating_add(gone).unwrap_or(state.at)
    }
}
