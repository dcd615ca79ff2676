//! Views for people: one module per question.
//!
//! A view is a pure fold of events. **It writes to nothing but its own state and appends no
//! event**; whatever it holds can be built again from the log. **It reads no clock**: a question
//! that depends on the time is asked with it.

pub mod arrivals;
pub mod building_page;
pub mod building_queue;
pub mod community_views;
pub mod coverage;
pub mod day_report;
pub mod delivery_plan;
pub mod facts;
pub mod happening;
pub mod household_box;
pub mod intake_point;
pub mod needs_care;
pub mod now_board;
pub mod parcel_trail;
pub mod piece_list;
pub mod run_sheet;
pub mod window;

pub use self::community_views::{CommunityViews, Touched};
pub use self::happening::{Fact, Happening};
