//! How long work tells where it is, and is told to stop.

use std::ops::ControlFlow;

/// Where long work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How far it has come, in positions of the log.
    pub done: u64,
    /// How far it will go. What is appended meanwhile is left out.
    pub total: u64,
}

/// Hears of progress every few thousand events. `Break` interrupts the work safely: it ends with
/// an error that says so, and can be begun again.
pub type Watcher<'a> = &'a mut (dyn FnMut(Progress) -> ControlFlow<()> + Send);
