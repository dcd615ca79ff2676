//! Plans a wave for a compound that lies as `GeoJSON`, and draws the routes.
//!
//! ```sh
//! cargo run --release -p planner --example compound -- <compound.geojson> [people] > routes.svg
//! ```
//!
//! Features of the layers `compound` (outline), `building` and `road` are read. The intake point is
//! put where the outline comes nearest to a road; nobody knows a compound's inner paths, so people
//! walk the shortest way round its buildings. Stairwells and what is to be delivered are made up
//! from a seed.
#![expect(clippy::print_stdout, reason = "the drawing goes to the standard output")]
#![expect(clippy::print_stderr, reason = "what the plan costs is told beside the drawing")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "an example stops at a surprise")]

mod map;
mod planned;

use self::map::Compound;

fn main() {
    let mut words = std::env::args().skip(1);
    let Some(path) = words.next() else {
        eprintln!("usage: compound <compound.geojson> [people]");
        return;
    };
    let people = words.next().map_or(3, |word| word.parse().unwrap());
    let map = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let compound = Compound::read(&map).expect("the map has no outline");
    let planned = planned::plan(&compound, people);
    let walked: u32 = planned.proposal.offers.iter().map(|(_, who)| who.reason.trip.walk_dm).sum();
    eprintln!(
        "{} pieces, {} runs, {} m walked, {} pieces not planned",
        planned.pieces.len(),
        planned.proposal.offers.len(),
        walked / 10,
        planned.proposal.unplanned.len()
    );
    println!("{}", planner::drawing::svg(&planned::drawing(&compound, &planned)));
}
