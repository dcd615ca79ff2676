//! Which stops go to whom, and in which order: routes for several people within their limits.
//!
//! A [`Problem`] names the stops with their loads, windows and doors to climb to, the people, and
//! the trips each may make. A [`Plan`] holds a run for each trip that is used, and what was left.
//!
//! What a plan costs is written in one place, [`Weights`]; no other weight exists.
//!
//! The search takes strings of neighbouring stops out of neighbouring runs and puts each stop back
//! where it costs least, over and over; a slightly worse plan is kept with a chance that falls as
//! the budget is used up. Source: J. Christiaens, G. Vanden Berghe: Slack induction by string
//! removals for vehicle routing problems (Transportation Science 54, 2020). It holds every limit at
//! every moment, so it can be stopped whenever time is up, after milliseconds as after minutes. Of
//! so few stops that every plan can be tried, the cheapest plan is found, whatever the pace.
//!
//! ```
//! use planner::{fleet, matrix::Matrix};
//!
//! let matrix = Matrix::straight(&[(0.0, 0.0), (50.0, 0.0), (-50.0, 0.0), (60.0, 0.0)]);
//! let limits = fleet::Limits { stops: 2, ..fleet::Limits::NONE };
//! let trip = |person| fleet::Trip {
//!     person,
//!     start: 0,
//!     end: Some(0),
//!     shift: fleet::Window::ALWAYS,
//!     limits,
//!     fixed_cost: 0,
//! };
//! let problem = fleet::Problem {
//!     distances: matrix.clone(),
//!     durations: matrix,
//!     stops: (1..4).map(fleet::Stop::at).collect(),
//!     people: vec![fleet::Person::FRESH; 2],
//!     trips: vec![trip(0), trip(1)],
//!     weights: fleet::Weights::DISTANCE,
//! };
//! let plan = fleet::solve(&problem, 7, &mut fleet::quick(3)).unwrap();
//! assert_eq!(plan.cost.distance, 220);
//! assert_eq!(fleet::check(&problem, &plan), Ok(()));
//! ```

mod check;
mod exact;
mod model;
mod plan;
mod problem;
mod recreate;
mod route;
mod ruin;
mod search;
mod state;

pub use check::{Broken, check, cost};
pub use plan::{Cost, Plan, Run};
pub use problem::{
    DIMENSIONS, Fault, Limits, Load, Person, Problem, Stop, Trip, Weights, Who, Window,
};
pub use search::{improve, quick, solve, thorough};
