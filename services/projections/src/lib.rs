//! Views for people: one module per question.
//!
//! A view is a pure fold of events. **It writes to nothing but its own state and appends no
//! event**; whatever it holds can be built again from the log.

pub mod day_report;
