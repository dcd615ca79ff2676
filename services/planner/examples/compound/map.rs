//! A compound as a map tells it: features of the layers `compound`, `building` and `road`.

use planner::walk::Point;
use serde_json::Value;

/// What is known of a compound from outside.
pub struct Compound {
    pub name: String,
    pub outline: Vec<Point>,
    /// The footprints of its buildings.
    pub buildings: Vec<Vec<Point>>,
    pub roads: Vec<Vec<Point>>,
    /// Where the outline comes nearest to a road: nobody has told where its gate is.
    pub gate: Point,
}

impl Compound {
    /// Reads a map; `None` when it has no outline.
    pub fn read(map: &Value) -> Option<Self> {
        let features = map["features"].as_array()?;
        let layer = |name: &'static str| {
            features.iter().filter(move |feature| feature["properties"]["layer"] == name)
        };
        let compound = layer("compound").next()?;
        let origin = pair(&compound["geometry"]["coordinates"][0][0])?;
        let outline = lines(&compound["geometry"], origin)?.into_iter().next()?;
        let of = |name| -> Option<Vec<Vec<Point>>> {
            let read = layer(name).map(|feature| lines(&feature["geometry"], origin));
            Some(read.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
        };
        let roads = of("road")?;
        let to_road = |corner: &&Point| {
            roads.iter().flatten().map(|point| point.straight_decimetres(**corner)).min()
        };
        let gate = *outline.iter().min_by_key(to_road)?;
        let name = compound["properties"]["name"].as_str().unwrap_or("?").to_owned();
        Some(Self { name, outline, buildings: of("building")?, roads, gate })
    }
}

/// The lines of a geometry, projected around a corner: metres on a plane touch the globe there.
fn lines(geometry: &Value, origin: (f64, f64)) -> Option<Vec<Vec<Point>>> {
    let line = |points: &Value| -> Option<Vec<Point>> {
        points.as_array()?.iter().map(|point| Some(project(pair(point)?, origin))).collect()
    };
    let coordinates = &geometry["coordinates"];
    match geometry["type"].as_str()? {
        "LineString" => Some(vec![line(coordinates)?]),
        "Polygon" => Some(vec![line(&coordinates[0])?]),
        _ => coordinates.as_array()?.iter().map(line).collect(),
    }
}

fn pair(point: &Value) -> Option<(f64, f64)> {
    Some((point[0].as_f64()?, point[1].as_f64()?))
}

fn project((east, north): (f64, f64), origin: (f64, f64)) -> Point {
    const METRES_A_DEGREE: f64 = 111_320.0;
    let narrower = origin.1.to_radians().cos();
    Point::metres(
        (east - origin.0) * METRES_A_DEGREE * narrower,
        (north - origin.1) * METRES_A_DEGREE,
    )
}
