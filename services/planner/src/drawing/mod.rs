//! A run's route on the plan of its compound, as SVG.
//!
//! The picture says the same in Chinese and in English, the caller's language first, and prints
//! well in black and white: routes differ by dashes as well as by colour, and stops are numbered.

mod frame;
mod labels;
mod legend;

use std::fmt::Write;

use self::frame::Frame;
use crate::walk::Point;

/// Everything that is drawn.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// What it shows, such as the community and the wave.
    pub title: String,
    /// The compound's outline.
    pub outline: Vec<Point>,
    /// Its buildings.
    pub buildings: Vec<Building>,
    /// Its paths, each as a line.
    pub paths: Vec<Vec<Point>>,
    /// The paths that nobody can walk now.
    pub blocked: Vec<Vec<Point>>,
    /// Where the runs begin.
    pub gate: Option<Point>,
    /// The routes of the runs.
    pub routes: Vec<Route>,
    /// Nobody has told the paths: the lines lead straight and say no more than the order.
    pub is_straight: bool,
    /// Which language comes first.
    pub language: Language,
    /// Who made the plan, where its licence asks for it.
    pub attribution: Option<String>,
}

/// The language that comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Chinese.
    #[default]
    Chinese,
    /// English.
    English,
}

/// A building on the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Building {
    /// Its footprint.
    pub outline: Vec<Point>,
    /// What it is called, such as `10栋`.
    pub label: String,
    /// What is going on there.
    pub state: State,
}

/// What is going on in a building.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Nothing today.
    #[default]
    Idle,
    /// Something is to be delivered.
    Waiting,
    /// All of it was handed over.
    Done,
    /// Nobody goes in.
    Closed,
}

/// One run's way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Who walks it.
    pub label: String,
    /// The way from stop to stop, each leg through the spots it passes.
    pub legs: Vec<Vec<Point>>,
    /// The stops in their order; they are numbered from 1.
    pub stops: Vec<Point>,
}

/// The colour of each route in turn; told apart by people who see few colours (Okabe and Ito 2008).
const ROUTES: [(&str, &str); 6] = [
    ("#0072b2", "none"),
    ("#d55e00", "14 6"),
    ("#009e73", "4 5"),
    ("#cc79a7", "18 5 4 5"),
    ("#000000", "9 9"),
    ("#7a5c00", "2 7"),
];

/// Draws it; the same text for the same drawing.
pub fn svg(drawing: &Drawing) -> String {
    let frame = Frame::around(drawing);
    let mut svg = String::new();
    frame.open(&mut svg);
    arrows(&mut svg, drawing);
    shape(&mut svg, &frame, &drawing.outline, "#f7f5ef", "#8a8474", 3.0);
    svg.push_str("<g clip-path=\"url(#plan)\">\n");
    for path in &drawing.paths {
        line(&mut svg, &frame, path, "stroke=\"#d9d4c5\" stroke-width=\"7\"");
    }
    for path in &drawing.blocked {
        line(
            &mut svg,
            &frame,
            path,
            "stroke=\"#8c1d18\" stroke-width=\"7\" stroke-dasharray=\"3 9\"",
        );
    }
    svg.push_str("</g>\n");
    for building in &drawing.buildings {
        let (fill, stroke) = building.state.colours();
        shape(&mut svg, &frame, &building.outline, fill, stroke, 1.5);
    }
    for (at, route) in drawing.routes.iter().enumerate() {
        draw_route(&mut svg, &frame, at, route);
    }
    labels::draw(&mut svg, &frame, drawing);
    for (at, route) in drawing.routes.iter().enumerate() {
        for (point, numbers) in numbered(&route.stops) {
            number(&mut svg, frame.place(point), ROUTES[at % ROUTES.len()].0, &numbers);
        }
    }
    if let Some(gate) = drawing.gate {
        draw_gate(&mut svg, frame.place(gate), drawing.language);
    }
    legend::draw(&mut svg, &frame, drawing);
    svg.push_str("</svg>\n");
    svg
}

impl State {
    /// All of them, in the order of the legend.
    pub const ALL: [Self; 4] = [Self::Idle, Self::Waiting, Self::Done, Self::Closed];

    fn colours(self) -> (&'static str, &'static str) {
        match self {
            Self::Idle => ("#e4e4e4", "#9a9a9a"),
            Self::Waiting => ("#ffe08a", "#a37a00"),
            Self::Done => ("#bfe3c4", "#3d7d46"),
            Self::Closed => ("#f2b8b5", "#8c1d18"),
        }
    }
}

fn arrows(svg: &mut String, drawing: &Drawing) {
    svg.push_str("<defs>\n");
    for (at, (colour, _)) in ROUTES.iter().enumerate().take(drawing.routes.len()) {
        let _ = writeln!(
            svg,
            "<marker id=\"arrow{at}\" viewBox=\"0 0 10 10\" refX=\"5\" refY=\"5\" \
             markerWidth=\"20\" markerHeight=\"20\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
             <path d=\"M1 1 L9 5 L1 9 Z\" fill=\"{colour}\"/></marker>"
        );
    }
    svg.push_str("</defs>\n");
}

fn draw_route(svg: &mut String, frame: &Frame, at: usize, route: &Route) {
    let at = at % ROUTES.len();
    let (colour, dashes) = ROUTES[at];
    for leg in &route.legs {
        line(svg, frame, leg, "stroke=\"#fff\" stroke-width=\"8\" stroke-opacity=\"0.8\"");
    }
    for leg in &route.legs {
        let style = format!("stroke=\"{colour}\" stroke-width=\"4\" stroke-dasharray=\"{dashes}\"");
        line(svg, frame, leg, &style);
        // The arrow stands in the middle of the longest part, where nothing covers it.
        let parts = leg.windows(2);
        let longest = parts.max_by_key(|part| part[0].straight_decimetres(part[1]));
        if let Some(&[from, to]) = longest {
            let ((x, y), (to_x, to_y)) = (frame.place(from), frame.place(to));
            let (middle_x, middle_y) = (f64::midpoint(x, to_x), f64::midpoint(y, to_y));
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {y:.1} L{middle_x:.1} {middle_y:.1}\" fill=\"none\" \
                 stroke=\"none\" marker-end=\"url(#arrow{at})\"/>"
            );
        }
    }
}

fn draw_gate(svg: &mut String, (x, y): (f64, f64), language: Language) {
    let _ = writeln!(
        svg,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"18\" height=\"18\" fill=\"#222\" stroke=\"#fff\" \
         stroke-width=\"2\"/>",
        x - 9.0,
        y - 9.0
    );
    let word = match language {
        Language::Chinese => "接收点",
        Language::English => "Intake",
    };
    text(svg, (x, y - 14.0), 17, "middle", "#111", word);
}

/// Stops at one spot share a mark: `3-6` where they follow each other, else `3, 7`.
fn numbered(stops: &[Point]) -> Vec<(Point, String)> {
    let mut marks: Vec<(Point, Vec<usize>)> = Vec::new();
    for (point, number) in stops.iter().zip(1..) {
        match marks.iter_mut().find(|(known, _)| known == point) {
            Some((_, numbers)) => numbers.push(number),
            None => marks.push((*point, vec![number])),
        }
    }
    let told = |(point, numbers): (Point, Vec<usize>)| {
        let groups = numbers.chunk_by(|one, next| one + 1 == *next);
        let groups = groups.map(|group| match group {
            [first, .., last] => format!("{first}-{last}"),
            one => one.iter().map(ToString::to_string).collect(),
        });
        (point, groups.collect::<Vec<_>>().join(", "))
    };
    marks.into_iter().map(told).collect()
}

/// How wide a mark with these numbers is.
fn mark_width(numbers: &str) -> f64 {
    let digits = u32::try_from(numbers.chars().count()).unwrap_or(2);
    13.0 + 11.0 * f64::from(digits.max(1))
}

fn number(svg: &mut String, (x, y): (f64, f64), colour: &str, numbers: &str) {
    let width = mark_width(numbers);
    let (left, top) = (x - width / 2.0, y - 20.0);
    let _ = writeln!(
        svg,
        "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"24\" rx=\"12\" \
         fill=\"{colour}\" stroke=\"#fff\" stroke-width=\"2\"/>"
    );
    text(svg, (x, y - 2.0), 17, "middle", "#fff", numbers);
}

fn shape(svg: &mut String, frame: &Frame, outline: &[Point], fill: &str, stroke: &str, width: f64) {
    if outline.len() > 2 {
        let points = frame.points(outline);
        let _ = writeln!(
            svg,
            "<polygon points=\"{points}\" fill=\"{fill}\" stroke=\"{stroke}\" \
             stroke-width=\"{width}\"/>"
        );
    }
}

fn line(svg: &mut String, frame: &Frame, points: &[Point], style: &str) {
    if points.len() > 1 {
        let points = frame.points(points);
        let _ = writeln!(
            svg,
            "<polyline points=\"{points}\" fill=\"none\" stroke-linejoin=\"round\" \
             stroke-linecap=\"round\" {style}/>"
        );
    }
}

/// Words that are safe to stand in XML.
fn text(svg: &mut String, (x, y): (f64, f64), size: u32, anchor: &str, fill: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\" \
         fill=\"{fill}\">{words}</text>"
    );
}

/// Words of others, so that they stay words.
fn escaped(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    for one in words.chars() {
        match one {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no other control characters.
            one if one.is_control() => safe.push(' '),
            one => safe.push(one),
        }
    }
    safe
}

/// The middle of a footprint's corners' box; good enough to write a label there.
pub fn centre(outline: &[Point]) -> Point {
    let middle = |of: fn(&Point) -> i32| {
        let (least, most) = (outline.iter().map(of).min(), outline.iter().map(of).max());
        i32::midpoint(least.unwrap_or(0), most.unwrap_or(0))
    };
    Point {
        east_decimetres: middle(|point| point.east_decimetres),
        north_decimetres: middle(|point| point.north_decimetres),
    }
}

#[cfg(test)]
mod tests;
