//! Resolutions per second on one core, and the memory of the index, with 3,500 households.
//!
//! The machine's own speed stands beside it: the same doors looked up in a `HashMap` by the whole
//! text, which understands nothing, in the same run. Time is the processor's, so that other work on
//! the machine counts less.
//!
//! `cargo bench -p addressing --bench resolve`
#![expect(clippy::print_stdout, reason = "a benchmark's output is its purpose")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops at what it did not expect")]

use std::alloc::{GlobalAlloc, Layout as Shape, System};
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use addressing::layout::{Household, Layout, Presence, TailToken};
use addressing::resolve::{Query, Verdict, resolve};
use domain::address::{Door, Unit};
use domain::ids::HouseholdId;
use uuid::Uuid;

/// Counts what is held.
struct Counting;

static HELD_BYTES: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator that counts can only be written so")]
// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, shape: Shape) -> *mut u8 {
        HELD_BYTES.fetch_add(shape.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(shape) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, shape: Shape) {
        HELD_BYTES.fetch_sub(shape.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.dealloc(pointer, shape) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The time that this process spent on a processor, in nanoseconds.
fn processor_nanoseconds() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    schedstat.split_whitespace().next().unwrap().parse().unwrap()
}

/// Writes a door's address.
type Render = fn(&Door) -> String;

const BUILDINGS: u16 = 52;
const HOUSEHOLDS: usize = 3_500;
const ROUNDS: usize = 40;

fn main() {
    let before = HELD_BYTES.load(Ordering::Relaxed);
    let mut layout = Layout::default();
    let mut doors = Vec::new();
    for building in 1..=BUILDINGS {
        let units: Vec<Unit> = (1..=3)
            .map(|unit| Unit {
                id: unit.to_string().parse().unwrap(),
                floors: 12,
                doors_per_floor: 2,
                extra_rooms: Vec::new(),
            })
            .collect();
        for unit in &units {
            doors.extend(unit.rooms().map(|(room, _)| Door {
                building: building.to_string().parse().unwrap(),
                unit: unit.id.clone(),
                room,
            }));
        }
        let grid = (building % 9 + 1).to_string();
        layout.put_building(building.to_string().parse().unwrap(), grid.parse().unwrap(), units);
    }
    doors.truncate(HOUSEHOLDS);
    for (number, door) in doors.iter().enumerate() {
        layout.put_household(Household {
            id: HouseholdId(Uuid::from_u128(number as u128)),
            doors: vec![door.clone()],
            tails: vec![TailToken(number as u64 % 10_000)],
            names: Vec::new(),
            presence: Presence::Home,
        });
    }
    let held = HELD_BYTES.load(Ordering::Relaxed) - before;
    println!("households {}, index {} KiB", doors.len(), held / 1_024);

    let formats: [(&str, Render); 6] = [
        ("10栋2单元301", |door| format!("{}栋{}单元{}", door.building, door.unit, door.room)),
        ("10-2-301", |door| format!("{}-{}-{}", door.building, door.unit, door.room)),
        ("10号楼2单元301室", |door| {
            format!("{}号楼{}单元{}室", door.building, door.unit, door.room)
        }),
        ("10栋2-301", |door| format!("{}栋{}-{}", door.building, door.unit, door.room)),
        ("with noise", |door| {
            let Door { building, unit, room } = door;
            format!("万州区王牌路东方广场{building}号楼{unit}单元{room}室（到了联系）李女士")
        }),
        ("unit left out", |door| format!("{}栋{}", door.building, door.room)),
    ];
    for (name, format) in formats {
        let texts: Vec<String> = doors.iter().map(format).collect();
        let asked = texts.len() * ROUNDS;
        let mut certain = 0;
        let resolving = per_second(asked, || {
            for _ in 0..ROUNDS {
                for (number, text) in texts.iter().enumerate() {
                    let tail = Some(TailToken(number as u64 % 10_000));
                    let query = Query { text: black_box(text), tail, ..Query::default() };
                    certain += usize::from(resolve(&layout, &query).verdict == Verdict::Certain);
                }
            }
        });
        let mut known: HashMap<&str, &Door> = HashMap::new();
        known.extend(texts.iter().map(String::as_str).zip(&doors));
        let looking_up = per_second(asked, || {
            for _ in 0..ROUNDS {
                for text in &texts {
                    // The copy is what the answer of a resolution holds, too.
                    black_box(known.get(black_box(text.as_str())).map(|door| (*door).clone()));
                }
            }
        });
        let times = looking_up / resolving.max(1);
        println!(
            "{name}: {resolving} resolutions/s, {certain} of {asked} certain; \
             {looking_up} look-ups/s by the whole text, {times} times as many"
        );
    }
}

/// How often per second of the processor's time something was done.
fn per_second(times: usize, work: impl FnOnce()) -> u64 {
    let start = processor_nanoseconds();
    work();
    let spent = processor_nanoseconds() - start;
    times as u64 * 1_000_000_000 / spent.max(1)
}
