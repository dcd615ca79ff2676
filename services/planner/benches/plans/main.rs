//! What plans cost to make, and what they are worth.
//!
//! `cargo bench -p planner --bench plans -- city` plans one wave for a whole city and shows how the
//! time grows; `-- week` lives a week of fumin-garden's figures by this planner, by this planner
//! without fairness, and by the naive plan, and prints what each cost the people who carried;
//! `-- shared` shows what exchanging stairwells between the trips of a wave saves.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints its table, and stops where its own town is wrong"
)]

mod city;
#[path = "../../examples/compound/map.rs"]
mod map;
#[path = "../../examples/compound/planned.rs"]
#[expect(dead_code, clippy::expect_used, reason = "the example draws what it plans")]
mod planned;
mod shared;
#[expect(dead_code, reason = "the properties use the rest")]
mod town;
mod used;
mod week;

fn main() {
    let asked: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|word| word == name);
    if wanted("shared") {
        shared::run();
    }
    if wanted("week") {
        week::run();
    }
    if wanted("city") {
        city::run();
    }
}
