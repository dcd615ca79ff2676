//! Plans a day's deliveries for a compound that lies as `GeoJSON`, and draws the routes.
//!
//! ```sh
//! cargo run --release -p planner --example compound -- <compound.geojson> [people] > routes.svg
//! ```
//!
//! Features of the layers `compound` (outline), `building` and `road` are read. The intake point is
//! put where the outline comes nearest to a road; nobody knows a compound's inner paths, so people
//! walk straight. What is to be delivered is made up from a seed.
#![expect(clippy::print_stdout, reason = "the drawing goes to the standard output")]
#![expect(clippy::print_stderr, reason = "what the plan costs is told beside the drawing")]
#![expect(clippy::unwrap_used, reason = "an example stops at what it did not expect")]

use planner::drawing::{Building, Drawing, Route, State, centre, svg};
use planner::fleet::{Limits, Load, Person, Plan, Problem, Stop, Trip, Weights, Window};
use planner::fleet::{quick, solve};
use planner::walk::{Ground, Place, Point, Walks};
use serde_json::Value;

fn main() {
    let mut words = std::env::args().skip(1);
    let Some(path) = words.next() else {
        eprintln!("usage: compound <compound.geojson> [people]");
        return;
    };
    let people = words.next().map_or(2, |word| word.parse().unwrap());
    let map: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let compound = Compound::read(&map);
    let places: Vec<Place> = std::iter::once(compound.gate)
        .chain(compound.buildings.iter().map(|outline| centre(outline)))
        .map(|point| Place { point, node: None })
        .collect();
    let ground = Ground::default();
    let walks = Walks::new(&ground, &places).unwrap();
    let problem = problem(&walks, compound.buildings.len(), people);
    let plan = solve(&problem, 1, &mut quick(problem.stops.len())).unwrap();
    eprintln!("{} runs, {} m", plan.runs.len(), plan.cost.distance / 10);
    println!("{}", svg(&compound.drawing(&walks, &places, &problem, &plan)));
}

struct Compound {
    name: String,
    outline: Vec<Point>,
    buildings: Vec<Vec<Point>>,
    roads: Vec<Vec<Point>>,
    gate: Point,
}

impl Compound {
    fn read(map: &Value) -> Self {
        let features = map["features"].as_array().unwrap();
        let layer = |name: &'static str| {
            features.iter().filter(move |feature| feature["properties"]["layer"] == name)
        };
        let compound = layer("compound").next().unwrap();
        let origin = pair(&compound["geometry"]["coordinates"][0][0]);
        let outline = lines(&compound["geometry"], origin).remove(0);
        let of = |name| -> Vec<Vec<Point>> {
            layer(name).flat_map(|feature| lines(&feature["geometry"], origin)).collect()
        };
        let roads = of("road");
        let to_road = |corner: &&Point| {
            roads.iter().flatten().map(|point| point.straight_decimetres(**corner)).min()
        };
        let gate = *outline.iter().min_by_key(to_road).unwrap();
        let name = compound["properties"]["name"].as_str().unwrap_or("?").to_owned();
        Self { name, outline, buildings: of("building"), roads, gate }
    }

    fn drawing(&self, walks: &Walks, places: &[Place], problem: &Problem, plan: &Plan) -> Drawing {
        let route = |run: &planner::fleet::Run| {
            let stops = run.stops.iter().map(|stop| problem.stops[*stop].place);
            let round: Vec<usize> = std::iter::once(0).chain(stops.clone()).chain([0]).collect();
            let legs = round.windows(2).filter_map(|leg| walks.way(leg[0], leg[1])).collect();
            let stops_made = || run.stops.iter().map(|stop| &problem.stops[*stop]);
            let pieces: u32 = stops_made().map(|stop| stop.load.pieces).sum();
            let effort = stops_made().map(|stop| stop.effort).sum::<u32>() / 1_000;
            let who = run.trip + 1;
            Route {
                label: format!("{who}号 · {pieces} 件 · {effort} 层·公斤"),
                legs,
                stops: stops.map(|place| places[place].point).collect(),
            }
        };
        let has_stop = |at: usize| problem.stops.iter().any(|stop| stop.place == at + 1);
        let buildings = self.buildings.iter().enumerate().map(|(at, outline)| Building {
            outline: outline.clone(),
            label: format!("{}栋", at + 1),
            state: if has_stop(at) { State::Waiting } else { State::Idle },
        });
        Drawing {
            title: format!("{} · 配送路线 · delivery routes", self.name),
            outline: self.outline.clone(),
            buildings: buildings.collect(),
            paths: self.roads.clone(),
            gate: Some(self.gate),
            routes: plan.runs.iter().map(route).collect(),
            attribution: Some("© OpenStreetMap contributors, ODbL 1.0".to_owned()),
            ..Drawing::default()
        }
    }
}

/// Two in three buildings get something, for one to three doors on different floors.
fn problem(walks: &Walks, buildings: usize, people: usize) -> Problem {
    let mut rng = fastrand::Rng::with_seed(4);
    let distances = walks.matrix();
    let stops: Vec<Stop> = (1..=buildings)
        .filter(|at| at % 3 != 0)
        .map(|place| {
            let pieces = rng.u32(1..4);
            let weight_grams = pieces * rng.u32(500..4_000);
            Stop {
                load: Load { pieces, weight_grams, volume_millilitres: 3 * weight_grams },
                service_seconds: 60 * pieces,
                effort: weight_grams * rng.u32(0..6),
                ..Stop::at(place)
            }
        })
        .collect();
    let trip = |person| Trip {
        person,
        start: 0,
        end: Some(0),
        shift: Window { opens_second: 0, closes_second: 7_200 },
        limits: Limits { load: Load { pieces: 20, ..Load::MAX }, ..Limits::NONE },
        fixed_cost: 0,
    };
    Problem {
        durations: distances.clone(),
        distances,
        stops,
        people: vec![Person::FRESH; people],
        trips: (0..people).map(trip).collect(),
        weights: Weights { distance: 1, effort: 0, fairness: 200 },
    }
}

/// The lines of a geometry, projected around a corner: metres on a plane touch the globe there.
fn lines(geometry: &Value, origin: (f64, f64)) -> Vec<Vec<Point>> {
    let line = |points: &Value| -> Vec<Point> {
        points.as_array().unwrap().iter().map(|point| project(pair(point), origin)).collect()
    };
    let coordinates = &geometry["coordinates"];
    match geometry["type"].as_str().unwrap() {
        "LineString" => vec![line(coordinates)],
        "Polygon" => vec![line(&coordinates[0])],
        _ => coordinates.as_array().unwrap().iter().map(line).collect(),
    }
}

fn pair(point: &Value) -> (f64, f64) {
    (point[0].as_f64().unwrap(), point[1].as_f64().unwrap())
}

fn project((east, north): (f64, f64), origin: (f64, f64)) -> Point {
    const METRES_A_DEGREE: f64 = 111_320.0;
    let narrower = origin.1.to_radians().cos();
    Point::metres(
        (east - origin.0) * METRES_A_DEGREE * narrower,
        (north - origin.1) * METRES_A_DEGREE,
    )
}
