//! One wave for 6,893 communities of 950 households, one piece each, on one core.

use std::time::{Duration, Instant};

use fastrand::Rng;
use jiff::civil::time;
use planner::proposal::propose;

use crate::town::{DAY, FUMIN, Size, Town, at};

const COMMUNITIES: [usize; 4] = [862, 1_723, 3_447, 6_893];
const HOUSEHOLDS: u128 = 950;

pub fn run() {
    // Enough hands that the whole wave leaves at once: nothing is left out for want of people.
    let size = Size { people: 700, ..FUMIN };
    let town = Town::new(size);
    let now = at(DAY, time(14, 0, 0, 0));
    println!("communities\tpieces\truns\tunplanned\tseconds\tms a community");
    for count in COMMUNITIES {
        let (mut spent, mut runs, mut unplanned) = (Duration::ZERO, 0, 0);
        for community in 0..count {
            let mut rng = Rng::with_seed(community as u64);
            let came = at(DAY, time(9, 0, 0, 0));
            let category = domain::supply::Category::ParcelGoods;
            let pieces = (0..HOUSEHOLDS)
                .map(|number| town.piece_of(&mut rng, number, came, category))
                .collect();
            let mut situation = town.situation(now, 1, pieces, Town::people(size));
            situation.asked = true;
            let begun = Instant::now();
            let proposal = propose(&situation);
            spent += begun.elapsed();
            runs += proposal.offers.len();
            unplanned += proposal.unplanned.len();
        }
        let seconds = spent.as_secs_f64();
        let pieces = count as u128 * HOUSEHOLDS;
        let each = seconds * 1_000.0 / count as f64;
        println!("{count}\t{pieces}\t{runs}\t{unplanned}\t{seconds:.1}\t{each:.2}");
    }
}
