//! What the planner promises, asked through its public interface.

mod compounds;
mod exchange;
mod fleet;
mod levels;
mod plan;
mod replan;
mod tour;
#[path = "../../benches/plans/town.rs"]
#[expect(dead_code, reason = "the benchmarks use the rest")]
mod town;
