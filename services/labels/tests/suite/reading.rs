//! Labels as a scanner and a printer meet them.

use labels::{Bitmap, Label, LabelError, Paper, escpos, svg, tspl, zpl};
use rxing::BarcodeFormat;
use rxing::helpers::detect_in_luma;

const CODE: &str = "P7K3MZQ";

fn label() -> Label {
    let text = |text: &str| Some(text.to_owned());
    Label {
        code: CODE.to_owned(),
        grid: text("3"),
        building: text("10"),
        unit: text("2"),
        room: text("301"),
        shelf: text("S00AK"),
        category: text("餐食"),
        marks: vec!["冷藏".to_owned()],
        piece: Some((2, 3)),
        phone_tail: text("4567"),
        time_in: text("10:42"),
    }
}

fn dots(paper: Paper) -> Bitmap {
    match Bitmap::of(&svg(&label(), paper).unwrap()) {
        Ok(bitmap) => bitmap,
        Err(LabelError::NoChineseFont) => panic!("the tests need a Chinese font: fonts-noto-cjk"),
        Err(error) => panic!("{error}"),
    }
}

fn luma(bitmap: &Bitmap) -> Vec<u8> {
    let bits = bitmap.rows.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    bits.map(|black| if black == 1 { 0 } else { 255 }).collect()
}

fn read(bitmap: &Bitmap, format: BarcodeFormat) -> String {
    let found = detect_in_luma(luma(bitmap), bitmap.width, bitmap.height, Some(format));
    found.unwrap_or_else(|error| panic!("{format}: {error}")).getText().to_owned()
}

#[test]
fn both_codes_of_every_paper_read_back_from_the_dots() {
    for paper in Paper::ALL {
        let bitmap = dots(paper);
        assert_eq!((bitmap.width, bitmap.height), paper.dots(), "{}", paper.name());
        assert_eq!(read(&bitmap, BarcodeFormat::QR_CODE), CODE, "{}", paper.name());
        assert_eq!(read(&bitmap, BarcodeFormat::CODE_128), CODE, "{}", paper.name());
    }
}

#[test]
fn chinese_is_drawn_and_not_left_blank() {
    // The same label with its Chinese taken out has fewer black dots; a missing glyph's box would
    // be the same for all characters.
    let ink = |category: &str| {
        let label = Label { category: Some(category.to_owned()), ..label() };
        Bitmap::of(&svg(&label, Paper::Small60x40).unwrap()).unwrap().rows
    };
    let [meal, medicine, nothing] = ["餐食", "药品", ""].map(ink);
    assert_ne!(meal, medicine);
    assert_ne!(meal, nothing);
}

#[test]
fn a_label_holds_what_it_was_given_and_escapes_it() {
    let odd = Label { building: Some("<B&1>".to_owned()), ..label() };
    let drawn = svg(&odd, Paper::Receipt58).unwrap();
    assert!(drawn.contains("&lt;B&amp;1&gt;-2-301"), "{drawn}");
    for words in ["3 网格", "架 S00AK", "餐食", "2/3", "冷藏", "尾号 4567", "10:42", CODE]
    {
        assert!(drawn.contains(words), "{words}: {drawn}");
    }
    let unknown = Label { code: CODE.to_owned(), ..Label::default() };
    assert!(svg(&unknown, Paper::Small60x40).unwrap().contains("待查"));
}

#[test]
fn printers_get_the_dots_as_they_are() {
    let bitmap = Bitmap { width: 16, height: 2, rows: vec![0xff, 0x00, 0x0f, 0xf0] };
    let zebra = String::from_utf8(zpl(&bitmap)).unwrap();
    assert!(zebra.starts_with("^XA\n^PW16\n^LL2\n^FO0,0^GFA,4,4,2,FF000FF0^FS"), "{zebra}");
    let tsc = tspl(&bitmap, Paper::Small60x40);
    let body = b"BITMAP 0,0,2,2,0,\x00\xff\xf0\x0f\r\nPRINT 1,1\r\n";
    assert!(tsc.starts_with(b"SIZE 60 mm,40 mm\r\nGAP 2 mm,0 mm\r\nCLS\r\n"));
    assert!(tsc.ends_with(body));
    let receipt = escpos(&bitmap);
    let raster = b"\x1dv0\x00\x02\x00\x02\x00\xff\x00\x0f\xf0";
    assert!(receipt.windows(raster.len()).any(|window| window == raster));
}

#[test]
fn a_tall_receipt_goes_in_bands_that_add_up() {
    let bitmap = Bitmap { width: 8, height: 300, rows: vec![1; 300] };
    let receipt = escpos(&bitmap);
    let heads = receipt.windows(4).filter(|window| window == b"\x1dv0\x00").count();
    assert_eq!(heads, 3);
    let ones: usize = receipt.iter().map(|byte| usize::from(*byte == 1)).sum();
    assert_eq!(ones, 300 + heads);
}
