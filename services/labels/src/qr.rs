//! A QR code as its modules, for whoever shows one: a label, a page, a terminal.

use rxing::qrcode::QRCodeWriter;
use rxing::{BarcodeFormat, Writer};

use crate::LabelError;

/// A QR code with the bright border that scanners need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    rows: Vec<Vec<bool>>,
}

impl Qr {
    /// The code of a text.
    ///
    /// # Errors
    /// A text that is too long for one.
    pub fn of(text: &str) -> Result<Self, LabelError> {
        let matrix = QRCodeWriter.encode(text, &BarcodeFormat::QR_CODE, 0, 0);
        let matrix = matrix.map_err(|_| LabelError::Code)?;
        let row = |y| (0..matrix.width()).map(|x| matrix.get(x, y)).collect();
        Ok(Self { rows: (0..matrix.height()).map(row).collect() })
    }

    /// How many modules it is wide and high.
    pub fn size(&self) -> usize {
        self.rows.len()
    }

    /// Whether a module is dark.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        self.rows.get(y).and_then(|row| row.get(x)).copied().unwrap_or(false)
    }

    /// As a drawing, dark on bright.
    pub fn svg(&self) -> String {
        let size = self.size();
        let modules = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
        let dark = modules.filter(|(x, y)| self.is_dark(*x, *y));
        let path: Vec<_> = dark.map(|(x, y)| format!("M{x} {y}h1v1h-1z")).collect();
        let path = path.concat();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" width=\"288\" \
             height=\"288\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" \
             d=\"M0 0h{size}v{size}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
        )
    }

    /// As lines for a terminal, two rows in each; bright signs on a dark ground.
    pub fn lines(&self) -> Vec<String> {
        let sign = |x, y| match (self.is_dark(x, y), self.is_dark(x, y + 1)) {
            (false, false) => '█',
            (false, true) => '▀',
            (true, false) => '▄',
            (true, true) => ' ',
        };
        let line = |y| (0..self.size()).map(|x| sign(x, y)).collect();
        (0..self.size()).step_by(2).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rxing::helpers::detect_in_luma;

    const TEXT: &str = "http://192.168.1.20:8443/ca";
    /// Dots of a module.
    const DOTS: usize = 4;

    fn read(size: usize, is_dark: impl Fn(usize, usize) -> bool) -> String {
        let side = size * DOTS;
        let dots = (0..side).flat_map(|y| (0..side).map(move |x| (x / DOTS, y / DOTS)));
        let luma: Vec<u8> = dots.map(|(x, y)| if is_dark(x, y) { 0 } else { 255 }).collect();
        let side = u32::try_from(side).unwrap();
        let found = detect_in_luma(luma, side, side, Some(BarcodeFormat::QR_CODE)).unwrap();
        found.getText().to_owned()
    }

    #[test]
    fn modules_and_terminal_lines_read_back() {
        let qr = Qr::of(TEXT).unwrap();
        assert_eq!(read(qr.size(), |x, y| qr.is_dark(x, y)), TEXT);
        let lines: Vec<Vec<char>> = qr.lines().iter().map(|line| line.chars().collect()).collect();
        let is_dark = |x: usize, y: usize| match lines[y / 2][x] {
            '█' => false,
            '▀' => !y.is_multiple_of(2),
            '▄' => y.is_multiple_of(2),
            _ => true,
        };
        assert_eq!(read(qr.size(), is_dark), TEXT);
        assert!(qr.svg().contains("M4 4h1v1h-1z"), "the corner of a finder is dark");
    }
}
