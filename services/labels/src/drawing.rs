//! What stands on a label, and where.

use std::fmt::Write as _;

use rxing::oned::{Code128Writer, OneDimensionalCodeWriter};

use crate::Paper;
use crate::bitmap::LabelError;
use crate::qr::Qr;

/// Families with Chinese that systems bring along, the likeliest first.
pub(crate) const FAMILIES: [&str; 9] = [
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
];

/// The clear border that a Code 128 needs, in modules.
const QUIET_MODULES: u32 = 10;

/// What stands on a label: never a full phone number, and never what is inside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Label {
    /// The short code; QR and Code 128 hold it too.
    pub code: String,
    /// The grid.
    pub grid: Option<String>,
    /// The building.
    pub building: Option<String>,
    /// The unit.
    pub unit: Option<String>,
    /// The room.
    pub room: Option<String>,
    /// The shelf.
    pub shelf: Option<String>,
    /// The category, in words.
    pub category: Option<String>,
    /// Marks such as `冷藏` or `代收`.
    pub marks: Vec<String>,
    /// Which piece of how many.
    pub piece: Option<(u16, u16)>,
    /// The last digits of the phone.
    pub phone_tail: Option<String>,
    /// When it came in, as the community's clocks showed it.
    pub time_in: Option<String>,
}

impl Label {
    fn place(&self) -> String {
        let parts = [&self.building, &self.unit, &self.room];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() { "待查".to_owned() } else { parts.join("-") }
    }

    /// The line below the place: shelf, category, piece.
    fn second(&self) -> String {
        let shelf = self.shelf.as_ref().map(|shelf| format!("架 {shelf}"));
        let piece = self.piece.filter(|(_, of)| *of > 1).map(|(at, of)| format!("{at}/{of}"));
        let parts = shelf.into_iter().chain(self.category.clone()).chain(piece);
        parts.chain(self.marks.iter().cloned()).collect::<Vec<_>>().join(" · ")
    }

    /// The last line: phone tail and time.
    fn third(&self) -> String {
        let tail = self.phone_tail.as_ref().map(|tail| format!("尾号 {tail}"));
        tail.into_iter().chain(self.time_in.clone()).collect::<Vec<_>>().join(" · ")
    }
}

/// Draws a label, in dots.
///
/// # Errors
/// A code that has no barcode.
pub fn svg(label: &Label, paper: Paper) -> Result<String, LabelError> {
    let (width, height) = paper.dots();
    let (width_mm, height_mm) = paper.printed_mm();
    let mut sheet = Sheet { text: String::new() };
    let families = FAMILIES.map(|family| format!("'{family}'")).join(", ");
    sheet.put(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width_mm}mm\" height=\"{height_mm}mm\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{families}, sans-serif\" \
         font-weight=\"700\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    ));
    match paper {
        Paper::Small60x40 => sheet.landscape(label, width, height)?,
        Paper::Large100x150 | Paper::Receipt58 | Paper::Receipt80 => {
            sheet.portrait(label, width, height)?;
        }
    }
    sheet.put(format_args!("</svg>\n"));
    Ok(sheet.text)
}

struct Sheet {
    text: String,
}

impl Sheet {
    fn put(&mut self, words: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        self.text.write_fmt(words).unwrap_or_default();
    }

    /// Place and QR side by side, the bars below.
    fn landscape(&mut self, label: &Label, width: u32, height: u32) -> Result<(), LabelError> {
        let qr = height * 45 / 100;
        let room = width - qr - 24;
        self.grid(label, 12, 10, room);
        self.line(&label.place(), (12, 116), 76, room);
        self.line(&label.second(), (12, 158), 28, room);
        self.line(&label.third(), (12, 194), 26, room);
        self.qr(&label.code, width - qr - 6, 6, qr)?;
        self.bars(&label.code, (0, 212), (width, 62))?;
        self.line(&label.code, (width / 2 - 78, height - 12), 34, 170);
        Ok(())
    }

    /// Everything below each other.
    fn portrait(&mut self, label: &Label, width: u32, height: u32) -> Result<(), LabelError> {
        let unit = width / 12;
        let room = width - unit;
        let left = unit / 2;
        self.grid(label, left, 6, room);
        let place = unit * 3 / 2 + unit + 8;
        self.line(&label.place(), (left, place), unit * 2, room);
        let (second, third) = (place + unit + 4, place + unit * 2 + 4);
        self.line(&label.second(), (left, second), unit * 3 / 4, room);
        self.line(&label.third(), (left, third), unit * 3 / 4, room);
        let bars = unit * 3 / 2;
        let code = unit * 11 / 10;
        let bars_top = height - bars - code - 10;
        let qr = (bars_top - third).saturating_sub(unit / 2).min(width * 6 / 10);
        self.qr(&label.code, (width - qr) / 2, third + unit / 4, qr)?;
        self.bars(&label.code, (0, bars_top), (width, bars))?;
        self.line(&label.code, (width / 2 - unit * 2, height - 10), unit, unit * 5);
        Ok(())
    }

    /// The grid, white on black: a label printer knows no colour, so the number stands out.
    fn grid(&mut self, label: &Label, x: u32, y: u32, room: u32) {
        let Some(grid) = &label.grid else { return };
        let size = (room / 9).clamp(26, 48);
        let wide = (size * (u32::try_from(grid.chars().count()).unwrap_or(1) + 3)).min(room);
        self.put(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{}\" rx=\"4\"/>\n",
            size * 5 / 4
        ));
        self.put(format_args!(
            "<text x=\"{}\" y=\"{}\" font-size=\"{size}\" fill=\"#fff\">{} 网格</text>\n",
            x + size / 2,
            y + size,
            escaped(grid)
        ));
    }

    /// A line of text, made smaller where it would not fit.
    fn line(&mut self, text: &str, (x, y): (u32, u32), size: u32, room: u32) {
        let size = size.min(room * 100 / width_percent(text).max(1)).max(12);
        self.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\">{}</text>\n",
            escaped(text)
        ));
    }

    /// A QR code in a square, with modules of whole dots so that they print sharp.
    fn qr(&mut self, code: &str, x: u32, y: u32, size: u32) -> Result<(), LabelError> {
        let qr = Qr::of(code)?;
        let modules = u32::try_from(qr.size()).map_err(|_| LabelError::Code)?;
        let dot = size / modules;
        if dot == 0 {
            return Err(LabelError::Code);
        }
        let margin = (size - dot * modules) / 2;
        self.put(format_args!("<path shape-rendering=\"crispEdges\" d=\""));
        for (row, y_module) in (0..modules).zip(0..) {
            let dark =
                (0..modules).zip(0..).filter(|(_, x_module)| qr.is_dark(*x_module, y_module));
            for (column, _) in dark {
                let (left, top) = (x + margin + column * dot, y + margin + row * dot);
                self.put(format_args!("M{left} {top}h{dot}v{dot}h-{dot}z"));
            }
        }
        self.put(format_args!("\"/>\n"));
        Ok(())
    }

    /// Code 128 in the middle of a strip, as wide as whole dots allow.
    fn bars(
        &mut self,
        code: &str,
        (x, y): (u32, u32),
        (width, height): (u32, u32),
    ) -> Result<(), LabelError> {
        let modules = Code128Writer.encode_oned(code).map_err(|_| LabelError::Code)?;
        let count = u32::try_from(modules.len()).map_err(|_| LabelError::Code)?;
        let dot = (width / (count + 2 * QUIET_MODULES)).min(4);
        if dot == 0 {
            return Err(LabelError::Code);
        }
        let left = x + (width - dot * count) / 2;
        self.put(format_args!("<path shape-rendering=\"crispEdges\" d=\""));
        for (at, _) in (0_u32..).zip(&modules).filter(|(_, dark)| **dark) {
            self.put(format_args!("M{} {y}h{dot}v{height}h-{dot}z", left + at * dot));
        }
        self.put(format_args!("\"/>\n"));
        Ok(())
    }
}

/// How wide a text is at size 100: Chinese characters are square, others a little over half.
fn width_percent(text: &str) -> u32 {
    text.chars().map(|c| if c.is_ascii() { 60 } else { 100 }).sum()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
