//! What the planner promises, asked through its public interface.

mod fleet;
mod plan;
mod tour;
