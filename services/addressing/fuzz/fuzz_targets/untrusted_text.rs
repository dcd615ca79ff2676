//! Everything that reads untrusted text: it must neither panic nor work more than the text is long.

#![no_main]

use addressing::{code, layout::Layout, parse, resolve, waybill};
use libfuzzer_sys::fuzz_target;

/// A Chinese number that is none is looked at once for each value that it might have begun.
const STEPS_PER_CHARACTER_MAX: usize = 4;

fuzz_target!(|text: &str| {
    let parsed = parse::parse(text);
    assert!(parsed.steps <= STEPS_PER_CHARACTER_MAX * text.chars().count() * 2 + 8);
    assert!(parsed.readings.len() <= parse::READINGS_MAX);
    let _ = code::parse(text);
    let _ = waybill::normalise(text);
    let mut layout = Layout::default();
    layout.put_place("东方广场");
    let query = resolve::Query { text, ..resolve::Query::default() };
    let found = resolve::resolve(&layout, &query);
    assert!(found.certain().is_none(), "a community without doors has no certain answer");
});
