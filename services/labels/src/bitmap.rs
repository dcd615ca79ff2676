//! A drawing as black and white dots.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::drawing::FAMILIES;

/// Lighter than this is white, 0 being black.
const WHITE_FROM: u16 = 150;

/// Why a label cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// The machine has no font with Chinese.
    #[error(
        "this machine has no font with Chinese: install one, such as Noto Sans CJK (Debian: \
         fonts-noto-cjk), and print again"
    )]
    NoChineseFont,
    /// The code has no barcode.
    #[error("this code does not fit into a barcode: write it by hand")]
    Code,
    /// The drawing could not be read back; a fault of ours.
    #[error("the label could not be drawn: write the short code by hand, and tell the desk")]
    Drawing,
}

/// Black and white dots, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    /// Dots in a row; a multiple of 8.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Eight dots a byte, the leftmost highest; a set bit is black.
    pub rows: Vec<u8>,
}

impl Bitmap {
    /// Makes dots of a drawing.
    ///
    /// # Errors
    /// A machine without a Chinese font, or a drawing that cannot be read.
    pub fn of(svg: &str) -> Result<Self, LabelError> {
        let fonts = fonts().ok_or(LabelError::NoChineseFont)?;
        let options = Options { fontdb: fonts, dpi: 203.2, ..Options::default() };
        let tree = Tree::from_str(svg, &options).map_err(|_| LabelError::Drawing)?;
        let size = tree.size().to_int_size();
        let width = size.width().next_multiple_of(8);
        let mut pixmap = Pixmap::new(width, size.height()).ok_or(LabelError::Drawing)?;
        pixmap.fill(resvg::tiny_skia::Color::WHITE);
        resvg::render(&tree, Transform::identity(), &mut pixmap.as_mut());
        let dark = |pixel: &resvg::tiny_skia::PremultipliedColorU8| {
            let sum = u16::from(pixel.red()) + u16::from(pixel.green()) + u16::from(pixel.blue());
            sum / 3 < WHITE_FROM
        };
        let byte = |dots: &[resvg::tiny_skia::PremultipliedColorU8]| {
            dots.iter().fold(0_u8, |byte, pixel| byte << 1 | u8::from(dark(pixel)))
        };
        let rows = pixmap.pixels().chunks(8).map(byte).collect();
        Ok(Self { width, height: size.height(), rows })
    }

    /// Bytes in a row.
    pub fn row_bytes(&self) -> u32 {
        self.width / 8
    }
}

/// The system's fonts, read once; nothing where none of them has Chinese.
fn fonts() -> Option<Arc<fontdb::Database>> {
    static FONTS: OnceLock<Option<Arc<fontdb::Database>>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = fontdb::Database::new();
            fonts.load_system_fonts();
            let chinese = fonts.faces().any(|face| {
                face.families.iter().any(|(family, _)| FAMILIES.contains(&family.as_str()))
            });
            chinese.then(|| Arc::new(fonts))
        })
        .clone()
}
