//! Instances that others published, as they wrote them down.
//!
//! TSPLIB: G. Reinelt, TSPLIB 95. Solomon's instances with distances cut to one decimal, because
//! their solutions count them so (C101 costs 827.3, with exact distances 828.94).

use std::path::PathBuf;

use planner::fleet::{Limits, Load, Person, Problem, Stop, Trip, Weights, Window};
use planner::matrix::Matrix;

/// A matrix with the cost of the best tour or plan that is known.
pub struct Known<T> {
    pub name: String,
    pub instance: T,
    pub best: u64,
}

fn folder(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("LASTMETER_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("routing").join(name);
    folder.is_dir().then_some(folder)
}

fn files(name: &str, ending: &str) -> Option<Vec<PathBuf>> {
    let listed = std::fs::read_dir(folder(name)?).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        listed.filter(|path| path.extension().is_some_and(|end| end == ending)).collect();
    files.sort();
    Some(files)
}

/// All instances of TSPLIB that are there.
pub fn tsplib() -> Option<Vec<Known<Matrix>>> {
    let solutions = std::fs::read_to_string(folder("tsplib")?.join("solutions.txt")).unwrap();
    let best = |name: &str| {
        let mut lines = solutions.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.trim() == name).map(|(_, best)| best.trim().parse().unwrap())
    };
    let known = files("tsplib", "tsp")?.into_iter().filter_map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let instance = matrix(&std::fs::read_to_string(path).unwrap());
        Some(Known { best: best(&name)?, name, instance })
    });
    Some(known.collect())
}

fn matrix(text: &str) -> Matrix {
    let field = |name: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    };
    let size: usize = field("DIMENSION").unwrap().parse().unwrap();
    let section = |name: &str| -> Vec<f64> {
        let words = text.split_whitespace().skip_while(|word| *word != name).skip(1);
        words.map_while(|word| word.parse().ok()).collect()
    };
    if let Some(format) = field("EDGE_WEIGHT_FORMAT").filter(|format| *format != "FUNCTION") {
        return explicit(size, format, &section("EDGE_WEIGHT_SECTION"));
    }
    let numbers = section("NODE_COORD_SECTION");
    let points: Vec<(f64, f64)> = numbers.chunks(3).map(|point| (point[1], point[2])).collect();
    let length: fn((f64, f64), (f64, f64)) -> f64 = match field("EDGE_WEIGHT_TYPE").unwrap() {
        "EUC_2D" => |from, to| (from.0 - to.0).hypot(from.1 - to.1).round(),
        "CEIL_2D" => |from, to| (from.0 - to.0).hypot(from.1 - to.1).ceil(),
        "ATT" => |from, to| ((from.0 - to.0).hypot(from.1 - to.1) / 10.0_f64.sqrt()).ceil(),
        "GEO" => geographical,
        other => panic!("distances of type {other}"),
    };
    let cell = |from: usize, to: usize| whole(length(points[from], points[to]));
    // Their way over the globe is a kilometre from a place to itself.
    Matrix::from_fn(size, |from, to| if from == to { 0 } else { cell(from, to) })
}

fn explicit(size: usize, format: &str, numbers: &[f64]) -> Matrix {
    let mut cells = vec![0; size * size];
    let columns = |from: usize| match format {
        "FULL_MATRIX" => 0..size,
        "UPPER_ROW" => from + 1..size,
        "UPPER_DIAG_ROW" => from..size,
        "LOWER_DIAG_ROW" => 0..from + 1,
        other => panic!("a matrix written as {other}"),
    };
    let pairs = (0..size).flat_map(|from| columns(from).map(move |to| (from, to)));
    for ((from, to), number) in pairs.zip(numbers) {
        cells[from * size + to] = whole(*number);
        if format != "FULL_MATRIX" {
            cells[to * size + from] = whole(*number);
        }
    }
    Matrix::new(size, cells).unwrap()
}

/// TSPLIB counts with so many digits of pi.
#[expect(clippy::approx_constant, reason = "the published optima depend on it")]
const PI_THERE: f64 = 3.141_592;

/// TSPLIB's way over the globe, with its own roundings.
fn geographical(from: (f64, f64), to: (f64, f64)) -> f64 {
    let radians = |angle: f64| {
        let degrees = angle.trunc();
        PI_THERE * (degrees + 5.0 * (angle - degrees) / 3.0) / 180.0
    };
    let q1 = (radians(from.1) - radians(to.1)).cos();
    let q2 = (radians(from.0) - radians(to.0)).cos();
    let q3 = (radians(from.0) + radians(to.0)).cos();
    (6_378.388 * (0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3)).acos() + 1.0).trunc()
}

/// All of Solomon's instances that are there; costs in tenths.
pub fn solomon() -> Option<Vec<Known<Problem>>> {
    let known = files("solomon", "txt")?.into_iter().map(|path| {
        let solution = std::fs::read_to_string(path.with_extension("sol")).unwrap();
        let cost = solution.lines().find_map(|line| line.strip_prefix("Cost ")).unwrap();
        let cost: f64 = cost.trim().parse().unwrap();
        Known {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            instance: problem(&std::fs::read_to_string(path).unwrap()),
            best: u64::from(whole((cost * 10.0).round())),
        }
    });
    Some(known.collect())
}

fn problem(text: &str) -> Problem {
    let rows: Vec<Vec<f64>> = text
        .lines()
        .map(|line| line.split_whitespace().map_while(|word| word.parse().ok()).collect())
        .filter(|row: &Vec<f64>| !row.is_empty())
        .collect();
    let (vehicles, customers) = rows.split_first().unwrap();
    let tenths = |number: f64| whole(number * 10.0);
    let matrix = Matrix::from_fn(customers.len(), |from, to| {
        let (from, to) = (&customers[from], &customers[to]);
        whole(((from[1] - to[1]).hypot(from[2] - to[2]) * 10.0).trunc())
    });
    let window =
        |row: &[f64]| Window { opens_second: tenths(row[4]), closes_second: tenths(row[5]) };
    let load = |pieces| Load { pieces, ..Load::default() };
    let stop = |(place, row): (usize, &Vec<f64>)| Stop {
        load: load(whole(row[3])),
        service_seconds: tenths(row[6]),
        window: window(row),
        ..Stop::at(place)
    };
    let trip = |person| Trip {
        person,
        start: 0,
        end: Some(0),
        shift: window(&customers[0]),
        limits: Limits { load: load(whole(vehicles[1])), ..Limits::NONE },
        fixed_cost: 0,
    };
    let people = usize::try_from(whole(vehicles[0])).unwrap();
    Problem {
        distances: matrix.clone(),
        durations: matrix,
        stops: customers.iter().enumerate().skip(1).map(stop).collect(),
        people: vec![Person::FRESH; people],
        trips: (0..people).map(trip).collect(),
        weights: Weights::DISTANCE,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the instances hold small whole numbers"
)]
fn whole(number: f64) -> u32 {
    number as u32
}
