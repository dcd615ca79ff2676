//! The names of the buildings, where nothing covers them.

use super::frame::Frame;
use super::{Drawing, centre, escaped, mark_width, numbered, text};

/// The name of each building, in its middle or, where a stop's number covers that, beside it.
pub fn draw(svg: &mut String, frame: &Frame, drawing: &Drawing) {
    let marks = drawing.routes.iter().flat_map(|route| numbered(&route.stops));
    let mut taken: Vec<Area> = marks
        .map(|(point, numbers)| {
            let (x, y) = frame.place(point);
            Area { x, y: y - 8.0, width: mark_width(&numbers), height: 24.0 }
        })
        .collect();
    for building in &drawing.buildings {
        let (x, y) = frame.place(centre(&building.outline));
        let chars = u32::try_from(building.label.chars().count()).unwrap_or(8);
        let at = |(right, down): (f64, f64)| Area {
            x: x + right,
            y: y + 16.0 + down,
            width: 14.0 * f64::from(chars),
            height: 18.0,
        };
        let free = |here: &Area| taken.iter().all(|other| !other.covers(here));
        let here = LABEL_PLACES.map(at).into_iter().find(free).unwrap_or_else(|| at((0.0, 0.0)));
        // The halo keeps it readable where a way crosses it.
        svg.push_str("<g paint-order=\"stroke\" stroke=\"#fff\" stroke-width=\"4\">\n");
        text(svg, (here.x, here.y + 6.0), 16, "middle", "#333", &escaped(&building.label));
        svg.push_str("</g>\n");
        taken.push(here);
    }
}

/// Where a building's name may stand, seen from its middle: there, above, below, beside.
const LABEL_PLACES: [(f64, f64); 7] = [
    (0.0, 0.0),
    (0.0, -26.0),
    (0.0, 18.0),
    (-42.0, -8.0),
    (42.0, -8.0),
    (-42.0, 12.0),
    (42.0, 12.0),
];

/// Something on the sheet, by its middle.
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Area {
    fn covers(&self, other: &Self) -> bool {
        (self.x - other.x).abs() * 2.0 < self.width + other.width
            && (self.y - other.y).abs() * 2.0 < self.height + other.height
    }
}
