//! What the colours and numbers mean, with a scale and a north arrow.

use std::fmt::Write;

use super::frame::{Frame, LINE, WIDTH};
use super::{Drawing, Language, ROUTES, State, escaped, text};

/// Routes named on one line.
const ROUTES_A_LINE: usize = 3;

pub fn draw(svg: &mut String, frame: &Frame, drawing: &Drawing) {
    let language = drawing.language;
    text(svg, (40.0, 46.0), 28, "start", "#111", &escaped(&drawing.title));
    north(svg, language);
    let mut y = frame.foot();
    states(svg, y, language);
    y += LINE;
    for (line, routes) in drawing.routes.chunks(ROUTES_A_LINE).enumerate() {
        for (at, route) in routes.iter().enumerate() {
            let (colour, dashes) = ROUTES[(line * ROUTES_A_LINE + at) % ROUTES.len()];
            let x = 40.0 + 380.0 * f64::from(u32::try_from(at).unwrap_or(0));
            let _ = writeln!(
                svg,
                "<line x1=\"{x}\" y1=\"{0:.1}\" x2=\"{1}\" y2=\"{0:.1}\" stroke=\"{colour}\" \
                 stroke-width=\"5\" stroke-dasharray=\"{dashes}\"/>",
                y - 5.0,
                x + 60.0
            );
            text(svg, (x + 72.0, y), 18, "start", "#111", &escaped(&route.label));
        }
        y += LINE;
    }
    let hint = both(language, "①②③ 按顺序走", "walk in the order of the numbers");
    text(svg, (40.0, y), 18, "start", "#111", &hint);
    if drawing.is_straight {
        y += LINE;
        let straight = both(
            language,
            "未录入通路：直线只示先后",
            "no paths are known: lines show the order only",
        );
        text(svg, (40.0, y), 18, "start", "#8c1d18", &straight);
    }
    scale(svg, frame, y);
    if let Some(attribution) = &drawing.attribution {
        text(svg, (40.0, y + LINE), 14, "start", "#555", &escaped(attribution));
    }
}

fn states(svg: &mut String, y: f64, language: Language) {
    let mut x = 40.0;
    for state in State::ALL {
        let (fill, stroke) = state.colours();
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{:.1}\" width=\"26\" height=\"20\" fill=\"{fill}\" \
             stroke=\"{stroke}\" stroke-width=\"1.5\"/>",
            y - 16.0
        );
        let (chinese, english) = match state {
            State::Idle => ("今日无件", "nothing today"),
            State::Waiting => ("待送", "to deliver"),
            State::Done => ("已送完", "done"),
            State::Closed => ("封控，勿入", "closed, keep out"),
        };
        text(svg, (x + 36.0, y), 18, "start", "#111", &both(language, chinese, english));
        x += 285.0;
    }
}

/// The same in two languages.
fn both(language: Language, chinese: &str, english: &str) -> String {
    match language {
        Language::Chinese => format!("{chinese} · {english}"),
        Language::English => format!("{english} · {chinese}"),
    }
}

fn north(svg: &mut String, language: Language) {
    let x = WIDTH - 50.0;
    let _ = writeln!(svg, "<path d=\"M{x} 14 l9 26 l-9 -7 l-9 7 Z\" fill=\"#111\"/>");
    let word = match language {
        Language::Chinese => "北",
        Language::English => "N",
    };
    text(svg, (x, 60.0), 18, "middle", "#111", word);
}

/// A bar of a round number of metres.
fn scale(svg: &mut String, frame: &Frame, y: f64) {
    let metres = [500, 200, 100, 50, 20, 10].map(f64::from);
    let fits = metres.into_iter().find(|metres| metres * 10.0 * frame.scale < 280.0);
    let metres = fits.unwrap_or(10.0);
    let right = WIDTH - 40.0;
    let left = right - metres * 10.0 * frame.scale;
    let _ = writeln!(
        svg,
        "<path d=\"M{left:.1} {0:.1} v12 H{right:.1} v-12\" fill=\"none\" stroke=\"#111\" \
         stroke-width=\"2\"/>",
        y - 14.0
    );
    let label = format!("{metres:.0} m");
    text(svg, (left - 10.0, y), 18, "end", "#111", &label);
}
