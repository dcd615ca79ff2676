//! Labels: one drawing for the screen, the browser's print and every label printer.
//!
//! A label is drawn as SVG in printer dots and then made a bitmap, so that no printer needs a
//! Chinese font and none garbles one. **It asks nobody and looks nothing up**: what stands on a
//! label is given, and the system's fonts are all that it reads.

mod bitmap;
mod drawing;
mod printers;
mod qr;

pub use bitmap::{Bitmap, LabelError};
pub use drawing::{Label, svg};
pub use printers::{escpos, tspl, zpl};
pub use qr::Qr;

/// Printer dots in a millimetre: 203 dots an inch, which nearly every label printer has.
pub const DOTS_PER_MM: u32 = 8;

/// What a label is printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// The usual small label.
    Small60x40,
    /// The usual waybill label.
    Large100x150,
    /// A receipt of 58 mm, 48 mm of which are printed.
    Receipt58,
    /// A receipt of 80 mm, 72 mm of which are printed.
    Receipt80,
}

impl Paper {
    /// Every paper.
    pub const ALL: [Self; 4] =
        [Self::Small60x40, Self::Large100x150, Self::Receipt58, Self::Receipt80];

    /// Its name in paths: `60x40`, `100x150`, `58`, `80`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small60x40 => "60x40",
            Self::Large100x150 => "100x150",
            Self::Receipt58 => "58",
            Self::Receipt80 => "80",
        }
    }

    /// The paper of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|paper| paper.name() == name)
    }

    /// The printed width and height, in millimetres.
    pub fn printed_mm(self) -> (u32, u32) {
        match self {
            Self::Small60x40 => (60, 40),
            Self::Large100x150 => (100, 150),
            Self::Receipt58 => (48, 56),
            Self::Receipt80 => (72, 64),
        }
    }

    /// The printed width and height, in dots.
    pub fn dots(self) -> (u32, u32) {
        let (width, height) = self.printed_mm();
        (width * DOTS_PER_MM, height * DOTS_PER_MM)
    }
}
