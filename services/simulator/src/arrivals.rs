//! What carriers bring in a day: volumes and hours from a small table of our own, chances from the
//! seed.

use domain::ids::CarrierId;
use domain::parcel::event::Piece as Part;
use domain::supply::{Category, Cold, SizeClass};
use jiff::civil::{Time, time};

use crate::chance::Chance;
use crate::label::{self, CARRIERS};
use crate::people::People;

/// How much comes of each category, and when; the file says how it was made.
const TABLE: &str = include_str!("../data/arrivals.tsv");
/// The table's columns.
const COLUMNS: [Category; 5] = [
    Category::Meal,
    Category::Produce,
    Category::ParcelGoods,
    Category::Medicine,
    Category::Ration,
];
/// Days differ: between these parts of the usual volume, in thousandths. With the table's 800
/// pieces for 1,000 residents that is 0.4 to 1.3 per resident and day.
const DAY_PERMILLE: (u32, u32) = (500, 1_600);
/// In a thousand pieces so many are for nobody here (assumption).
const STRANGERS_PERMILLE: u32 = 8;
/// In a thousand waybills of goods so many cover several pieces (assumption).
const SEVERAL_PERMILLE: u32 = 60;

/// A row or a number of the table that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the table of arrivals cannot be read at `{row}`")]
pub struct TableError {
    row: String,
}

/// The table: volumes for 1,000 residents and day, and shares of each hour in thousandths.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    volumes: [u32; COLUMNS.len()],
    hours: Vec<(i8, [u32; COLUMNS.len()])>,
}

/// A piece that somebody sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub category: Category,
    pub size: SizeClass,
    pub cold: Cold,
    pub weight_grams: Option<u32>,
    /// Who printed the number; `None` for what carries none.
    pub waybill: Option<(CarrierId, String)>,
    pub part: Part,
    /// For which household, by its place in the list; `None` is nobody here.
    pub household: Option<usize>,
    pub address: Option<String>,
    pub tail: Option<String>,
    /// It was ordered in the chat group and announced.
    pub ordered: bool,
}

/// A van at the gate.
#[derive(Debug, Clone)]
pub(crate) struct Van {
    pub at: Time,
    pub pieces: Vec<Sent>,
}

impl Table {
    /// Reads the table.
    pub fn read() -> Result<Self, TableError> {
        let mut table = Self { volumes: [0; COLUMNS.len()], hours: vec![] };
        for row in TABLE.lines().filter(|row| !row.starts_with(['#', 'h'])) {
            let unreadable = || TableError { row: row.to_owned() };
            let (name, rest) = row.split_once('\t').ok_or_else(unreadable)?;
            let mut shares = [0; COLUMNS.len()];
            let mut cells = rest.split('\t');
            for share in &mut shares {
                let cell = cells.next().and_then(|cell| cell.parse().ok());
                *share = cell.ok_or_else(unreadable)?;
            }
            match name {
                "volume" => table.volumes = shares,
                hour => table.hours.push((hour.parse().map_err(|_| unreadable())?, shares)),
            }
        }
        Ok(table)
    }

    /// The vans of a day, earliest first.
    pub fn day(&self, chance: &mut Chance, people: &People) -> Vec<Van> {
        let residents: u32 = people.households.iter().map(|one| u32::from(one.people)).sum();
        let day_permille = chance.between(DAY_PERMILLE.0, DAY_PERMILLE.1);
        let mut vans = vec![];
        for (column, category) in COLUMNS.into_iter().enumerate() {
            for (hour, shares) in &self.hours {
                let parts = u64::from(residents)
                    * u64::from(self.volumes[column])
                    * u64::from(shares[column])
                    * u64::from(day_permille);
                // Thousandths of residents, of the hour and of the day; the rest is left to chance.
                let (whole, rest) = (parts / 1_000_000_000, parts % 1_000_000_000);
                let one_more = u64::from(chance.between(0, 999_999_999)) < rest;
                let count = u32::try_from(whole).unwrap_or_default() + u32::from(one_more);
                vans.extend(unloadings(chance, people, category, *hour, count));
            }
        }
        vans.sort_by_key(|van| van.at);
        vans
    }
}

/// Shares an hour's pieces out to vans.
fn unloadings(
    chance: &mut Chance,
    people: &People,
    category: Category,
    hour: i8,
    count: u32,
) -> Vec<Van> {
    let mut vans = vec![];
    let mut left = count;
    while left > 0 {
        let room = match category {
            Category::Meal => chance.between(8, 30),
            Category::Produce | Category::Ration => chance.between(20, 80),
            Category::ParcelGoods => chance.between(5, 40),
            Category::Medicine => 1,
        };
        let load = room.min(left);
        left -= load;
        let minute = i8::try_from(chance.between(0, 54)).unwrap_or_default();
        let carrier = match category {
            Category::Meal => "canteen",
            Category::Produce => "market",
            Category::ParcelGoods => chance.pick(&CARRIERS).copied().unwrap_or("sf"),
            Category::Medicine => "pharmacy",
            Category::Ration => "relief",
        };
        let mut pieces = vec![];
        while pieces.len() < load as usize {
            pieces.extend(waybill(chance, people, category, carrier));
        }
        vans.push(Van { at: time(hour, minute, 0, 0), pieces });
    }
    vans
}

/// One waybill's pieces.
fn waybill(chance: &mut Chance, people: &People, category: Category, carrier: &str) -> Vec<Sent> {
    let household = household(chance, people);
    let several = category == Category::ParcelGoods && chance.permille(SEVERAL_PERMILLE);
    let of = if several { u16::try_from(chance.between(2, 3)).unwrap_or(2) } else { 1 };
    // Food and medicine come from shops that put a number on each bag, but not on every one.
    let numbered = category == Category::ParcelGoods || chance.permille(800);
    let number = label::number(chance, carrier);
    let waybill = carrier.parse().ok().map(|carrier| (carrier, number)).filter(|_| numbered);
    let door = household.and_then(|index| people.households.get(index)).map(|one| {
        let door = &one.doors[chance.index(one.doors.len())];
        (label::write(chance, door), one.tail.clone())
    });
    let (address, tail) = match door {
        Some((written, tail)) => (written.text, Some(tail).filter(|_| written.with_tail)),
        None => (Some(elsewhere(chance)), Some(chance.digits(4))),
    };
    let from_shop = matches!(category, Category::Meal | Category::Produce | Category::Medicine);
    let ordered = from_shop && waybill.is_some() && household.is_some() && chance.permille(450);
    let part = |number| {
        let (size, cold, weight_grams) = body(chance, category);
        Sent {
            category,
            size,
            cold,
            weight_grams,
            waybill: waybill.clone(),
            part: Part { number, of },
            household,
            address: address.clone(),
            tail: tail.clone(),
            ordered,
        }
    };
    (1..=of).map(part).collect()
}

fn household(chance: &mut Chance, people: &People) -> Option<usize> {
    if people.households.is_empty() || chance.permille(STRANGERS_PERMILLE) {
        return None;
    }
    Some(chance.index(people.households.len()))
}

/// An address of another compound.
fn elsewhere(chance: &mut Chance) -> String {
    let (building, room) = (chance.between(31, 90), chance.between(101, 999));
    format!("江南新区滨江花园{building}栋2单元{room}")
}

fn body(chance: &mut Chance, category: Category) -> (SizeClass, Cold, Option<u32>) {
    match category {
        Category::Meal => (SizeClass::Bag, Cold::Ambient, Some(chance.between(400, 1_500))),
        Category::Produce => {
            let cold = if chance.permille(200) { Cold::Chilled } else { Cold::Ambient };
            (SizeClass::Bag, cold, Some(chance.between(1_000, 6_000)))
        }
        Category::ParcelGoods => {
            const SIZES: [SizeClass; 4] =
                [SizeClass::Hand, SizeClass::Bag, SizeClass::Box, SizeClass::Heavy];
            (SIZES[chance.weighted(&[300, 300, 320, 80])], Cold::Ambient, None)
        }
        Category::Medicine => (SizeClass::Hand, Cold::Ambient, None),
        Category::Ration => (SizeClass::Box, Cold::Ambient, Some(7_500)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::Size;
    use crate::place::{FUMIN_GARDEN, Place};

    #[test]
    fn the_hours_of_each_category_add_up_to_a_day() {
        let table = Table::read().unwrap();
        for column in 0..COLUMNS.len() {
            let sum: u32 = table.hours.iter().map(|(_, shares)| shares[column]).sum();
            assert_eq!(sum, 1_000, "{}", COLUMNS[column]);
        }
    }

    #[test]
    fn a_day_brings_what_was_published_for_such_places() {
        let people = People::of(&Place::read(FUMIN_GARDEN).unwrap(), Size::FULL, 1);
        let table = Table::read().unwrap();
        for seed in 0..20 {
            let vans = table.day(&mut Chance::of(seed, "arrivals"), &people);
            let pieces: usize = vans.iter().map(|van| van.pieces.len()).sum();
            assert!((660..4_000).contains(&pieces), "{pieces} pieces with seed {seed}");
        }
    }
}
