//! What the planner promises, asked through its public interface.

mod fleet;
mod tour;
