//! How long a search may go on.
//!
//! A search asks its pace now and then how much of the budget is used up. [`Steps`] counts the
//! search's own steps, so that the result depends on nothing but the arguments. A caller that has a
//! clock passes a closure, and gives up that the same call gives the same answer:
//!
//! ```
//! use planner::{matrix::Matrix, pace::Steps, tour};
//!
//! let matrix = Matrix::straight(&[(0.0, 0.0), (9.0, 0.0), (4.0, 0.0)]);
//! let ends = tour::Ends::Round { start: 0 };
//! assert_eq!(tour::order(&matrix, ends, 7, &mut Steps(100)).length, 18);
//!
//! // The share of 20 ms that is gone, whatever was done in it:
//! let begun = std::time::Instant::now();
//! let mut pace = |_steps: u64| begun.elapsed().as_secs_f64() / 0.020;
//! assert_eq!(tour::order(&matrix, ends, 7, &mut pace).length, 18);
//! ```

/// How long a search may go on.
pub trait Pace {
    /// The share of the budget that is used up after so many steps; the search ends at 1.
    ///
    /// It is asked before the first step, and again after at most [`STEPS_BETWEEN`] of them.
    fn used(&mut self, steps: u64) -> f64;
}

/// A search asks its pace at least this often, in steps.
pub const STEPS_BETWEEN: u64 = 64;

/// A budget of so many steps of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps(pub u64);

impl Pace for Steps {
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
    fn used(&mut self, steps: u64) -> f64 {
        if self.0 == 0 { 1.0 } else { steps as f64 / self.0 as f64 }
    }
}

impl<F: FnMut(u64) -> f64> Pace for F {
    fn used(&mut self, steps: u64) -> f64 {
        self(steps)
    }
}
