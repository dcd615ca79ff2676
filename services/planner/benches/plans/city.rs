//! One wave for 6,893 communities of 950 households, one piece each, on one core.

use std::time::Duration;

use fastrand::Rng;
use jiff::civil::time;
use planner::proposal::propose;

use crate::town::{DAY, FUMIN, Size, Town, at};
use crate::used::Used;

/// After so many communities it is told how long they took.
const TOLD_AFTER: [usize; 7] = [108, 216, 431, 862, 1_723, 3_447, 6_893];
const HOUSEHOLDS: u128 = 950;

pub fn run() {
    // Enough hands that the whole wave leaves at once: nothing is left out for want of people.
    let size = Size { people: 700, ..FUMIN };
    let town = Town::new(size);
    let now = at(DAY, time(14, 0, 0, 0));
    let (mut spent, mut runs, mut unplanned) = (Duration::ZERO, 0, 0);
    println!("communities\tpieces\truns\tunplanned\tseconds of a core\tms a community");
    for community in 0..TOLD_AFTER[TOLD_AFTER.len() - 1] {
        let mut rng = Rng::with_seed(community as u64);
        let came = at(DAY, time(9, 0, 0, 0));
        let category = domain::supply::Category::ParcelGoods;
        let pieces =
            (0..HOUSEHOLDS).map(|number| town.piece_of(&mut rng, number, came, category)).collect();
        let mut situation = town.situation(now, 1, pieces, Town::people(size));
        situation.asked = true;
        let begun = Used::now();
        let proposal = propose(&situation);
        spent += begun.since();
        runs += proposal.offers.len();
        unplanned += proposal.unplanned.len();
        let count = community + 1;
        if TOLD_AFTER.contains(&count) {
            let seconds = spent.as_secs_f64();
            let pieces = count as u128 * HOUSEHOLDS;
            let each = seconds * 1_000.0 / count as f64;
            println!("{count}\t{pieces}\t{runs}\t{unplanned}\t{seconds:.1}\t{each:.2}");
        }
    }
}
