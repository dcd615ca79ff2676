//! Whole address lines with their building part, from the shared collection (MIT) where it lies.

use addressing::parse::{Reading, parse};

/// Every building part that the collection names is what the plainest reading says.
#[test]
fn building_parts_of_whole_lines_are_read() {
    let Some(cases) = crate::shared::json("addresses/geocoding_normalizing_cases.json") else {
        return;
    };
    let parts = |reading: Option<&Reading>| {
        reading.map(|read| (read.building, read.unit, read.floor, read.room))
    };
    let mut count = 0;
    for case in cases.as_array().unwrap() {
        let (Some(line), Some(wanted)) = (case["address"].as_str(), case["building_part"].as_str())
        else {
            continue;
        };
        count += 1;
        let (line_read, alone) = (parse(line), parse(wanted));
        assert!(!alone.readings.is_empty(), "{wanted}");
        assert_eq!(
            parts(line_read.readings.first()),
            parts(alone.readings.first()),
            "{line}: {wanted}"
        );
    }
    println!("{count} building parts");
}

/// Lines of our own, shaped like them.
#[test]
fn noise_around_a_door_is_left_out() {
    let read = |line: &str| {
        let parsed = parse(line);
        let first = parsed.readings.first().copied();
        let text = |part: Option<addressing::text::Part>| {
            part.map(|part| part.as_str().to_owned()).unwrap_or_default()
        };
        first.map(|r| [text(r.building), text(r.unit), text(r.floor), text(r.room)])
    };
    let of = |parts: [&str; 4]| Some(parts.map(str::to_owned));
    assert_eq!(read("山城区滨江路88弄12号602室"), of(["12", "", "", "602"]));
    assert_eq!(read("城北三街7号院5楼2门401"), of(["5", "2", "", "401"]));
    assert_eq!(read("花园小区二期8栋3组401号"), of(["8", "3", "", "401"]));
    assert_eq!(read("学府路16号6—2—1"), of(["6", "2", "", "1"]));
    assert_eq!(read("K8栋3单元1302(丽景附近)"), of(["K8", "3", "", "1302"]));
    assert_eq!(read("世纪小区9号楼1单元3层"), of(["9", "1", "3", ""]));
    assert_eq!(read("城西镇王家村"), None);
}
