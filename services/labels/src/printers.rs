//! A bitmap in the languages of label printers. None of them is asked to know a character.

use std::fmt::Write as _;

use crate::{Bitmap, Paper};

/// Rows in one graphics command: small printers have small buffers.
const BAND_ROWS: u32 = 128;

/// ZPL II, for Zebra and those that speak like it.
pub fn zpl(bitmap: &Bitmap) -> Vec<u8> {
    let (bytes, row) = (bitmap.rows.len(), bitmap.row_bytes());
    let mut text = format!(
        "^XA\n^PW{}\n^LL{}\n^FO0,0^GFA,{bytes},{bytes},{row},",
        bitmap.width, bitmap.height
    );
    for byte in &bitmap.rows {
        // Writing to a string cannot fail.
        write!(text, "{byte:02X}").unwrap_or_default();
    }
    text.push_str("^FS\n^XZ\n");
    text.into_bytes()
}

/// TSPL, for TSC and most label printers made in China. There a set bit is white.
pub fn tspl(bitmap: &Bitmap, paper: Paper) -> Vec<u8> {
    let (width, height) = paper.printed_mm();
    let gap = match paper {
        Paper::Small60x40 | Paper::Large100x150 => "GAP 2 mm,0 mm",
        Paper::Receipt58 | Paper::Receipt80 => "GAP 0 mm,0 mm",
    };
    let (row, rows) = (bitmap.row_bytes(), bitmap.height);
    let head = format!("SIZE {width} mm,{height} mm\r\n{gap}\r\nCLS\r\nBITMAP 0,0,{row},{rows},0,");
    let mut command = head.into_bytes();
    command.extend(bitmap.rows.iter().map(|byte| !byte));
    command.extend_from_slice(b"\r\nPRINT 1,1\r\n");
    command
}

/// ESC/POS, for receipt printers: raster graphics in bands, a feed, a cut.
pub fn escpos(bitmap: &Bitmap) -> Vec<u8> {
    let row = bitmap.row_bytes();
    let mut command = b"\x1b@".to_vec();
    let band_bytes = usize::try_from(row * BAND_ROWS).unwrap_or(usize::MAX).max(1);
    for band in bitmap.rows.chunks(band_bytes) {
        let rows = u32::try_from(band.len()).unwrap_or_default() / row.max(1);
        command.extend_from_slice(b"\x1dv0\x00");
        for count in [row, rows] {
            command.extend_from_slice(&u16::try_from(count).unwrap_or_default().to_le_bytes());
        }
        command.extend_from_slice(band);
    }
    command.extend_from_slice(b"\x1bd\x03\x1dV\x42\x00");
    command
}
