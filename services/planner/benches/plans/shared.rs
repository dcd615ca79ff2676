//! What exchanging stairwells between trips saves of what the cut alone left, on grids of growing
//! size and on the compounds of which a map is at hand.

use std::path::PathBuf;
use std::time::Duration;

use domain::address::Door;
use domain::community::CommunityState;
use domain::parcel::event::DeliveryLevel;
use domain::supply::{Category, Load};
use fastrand::Rng;
use jiff::civil::time;
use planner::exchange::{cost, exchanged};
use planner::pace::Steps;
use planner::situation::PieceAtGate;
use planner::trips::{Allowance, cut_only, split};
use planner::ways::Ways;

use crate::map::Compound;
use crate::planned;
use crate::town::{DAY, Size, Town, at};
use crate::used::Used;

const ALLOWANCE: Allowance = Allowance {
    load: Load { pieces: 20, weight_grams: 60_000, volume_millilitres: 500_000 },
    floors: u32::MAX,
    seconds: u32::MAX,
};

/// A grid of so many buildings with so many pieces at once.
const GRIDS: [(usize, u128); 8] =
    [(4, 22), (4, 66), (4, 190), (8, 80), (20, 60), (20, 100), (20, 200), (40, 200)];
const SEEDS: u64 = 40;
/// A search that finds next to nothing more.
const THOROUGH: u64 = 40_000;

pub fn run() {
    println!("grid\ttrips, cut and both\tkm cut\tsaved %\tthorough %\tms cut\tms both");
    for (buildings, pieces) in GRIDS {
        grid(buildings, pieces);
    }
    let data = std::env::var_os("LASTMETER_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let Ok(files) = std::fs::read_dir(data.join("compounds")) else {
        println!("skipped: {} holds no compounds", data.display());
        return;
    };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        let map = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let compound = Compound::read(&map).unwrap();
        let planned = planned::plan(&compound, 0);
        let mut sums = Sums::default();
        sums.add(&planned.community, &planned.ways, &planned.pieces);
        sums.told(&compound.name);
    }
}

fn grid(buildings: usize, count: u128) {
    let size = Size { buildings, grids: 1, floors: 7, doors_per_floor: 2, people: 0 };
    let town = Town::new(size);
    let came = at(DAY, time(9, 0, 0, 0));
    let mut sums = Sums::default();
    for seed in 0..SEEDS {
        let mut rng = Rng::with_seed(seed);
        let category = Category::ParcelGoods;
        let pieces: Vec<_> =
            (0..count).map(|number| town.piece_of(&mut rng, number, came, category)).collect();
        sums.add(&town.community, &town.ways, &pieces);
    }
    sums.told(&format!("{buildings} buildings, {count} pieces"));
}

/// What some waves cost.
#[derive(Default)]
struct Sums {
    waves: usize,
    trips: [usize; 2],
    /// By the cut, after the exchange, and after a long search.
    cost: [u64; 3],
    spent: [Duration; 2],
}

impl Sums {
    fn add(&mut self, community: &CommunityState, ways: &Ways, pieces: &[PieceAtGate]) {
        let door = |piece: &PieceAtGate| piece.recipient.as_ref().unwrap().door.clone();
        let doors: Vec<Door> = pieces.iter().map(door).collect();
        let pieces: Vec<_> = pieces.iter().zip(&doors).collect();
        let begun = Used::now();
        let (cut, _) = cut_only(community, ways, DeliveryLevel::Door, &pieces, ALLOWANCE);
        self.spent[0] += begun.since();
        let begun = Used::now();
        let (both, _) = split(community, ways, DeliveryLevel::Door, &pieces, ALLOWANCE);
        self.spent[1] += begun.since();
        self.waves += 1;
        self.trips[0] += cut.len();
        self.trips[1] += both.len();
        self.cost[0] += cost(&cut);
        self.cost[1] += cost(&both);
        self.cost[2] += cost(&exchanged(ways, cut, ALLOWANCE, &mut Steps(THOROUGH)));
    }

    fn told(&self, name: &str) {
        let of_a_wave = |sum: f64| sum / self.waves as f64;
        let saved = |sum: u64| 100.0 * (1.0 - sum as f64 / self.cost[0] as f64);
        let spent = self.spent.map(|spent| of_a_wave(spent.as_secs_f64() * 1_000.0));
        println!(
            "{name}\t{:.1} {:.1}\t{:.2}\t{:.2}\t{:.2}\t{:.2}\t{:.2}",
            of_a_wave(self.trips[0] as f64),
            of_a_wave(self.trips[1] as f64),
            of_a_wave(self.cost[0] as f64 / 10_000.0),
            saved(self.cost[1]),
            saved(self.cost[2]),
            spent[0],
            spent[1],
        );
    }
}
