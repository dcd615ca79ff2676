//! Real compounds, planned and drawn, where their maps are at hand.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "../../examples/compound/map.rs"]
mod map;
#[path = "../../examples/compound/planned.rs"]
#[expect(clippy::expect_used, reason = "an example stops at a surprise")]
mod planned;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use planner::walk::Point;

use self::map::Compound;

/// A yard of three buildings with a road along its south side, as a map would have it.
const YARD: &str = r#"{ "features": [
    { "properties": { "layer": "compound", "name": "样例院" }, "geometry": { "type": "Polygon",
      "coordinates": [[[121.5, 31.2], [121.502, 31.2], [121.502, 31.201], [121.5, 31.201]]] } },
    { "properties": { "layer": "building" }, "geometry": { "type": "Polygon",
      "coordinates": [[[121.5002, 31.2002], [121.5007, 31.2002], [121.5007, 31.2003], [121.5002, 31.2003]]] } },
    { "properties": { "layer": "building" }, "geometry": { "type": "Polygon",
      "coordinates": [[[121.5012, 31.2002], [121.5017, 31.2002], [121.5017, 31.2003], [121.5012, 31.2003]]] } },
    { "properties": { "layer": "building" }, "geometry": { "type": "Polygon",
      "coordinates": [[[121.5002, 31.2007], [121.5007, 31.2007], [121.5007, 31.2008], [121.5002, 31.2008]]] } },
    { "properties": { "layer": "road" }, "geometry": { "type": "LineString",
      "coordinates": [[121.499, 31.1999], [121.503, 31.1999]] } } ] }"#;

/// Everything is planned or listed, every run has its line in the picture, and goes from the gate
/// to the gate.
fn check(map: &str) -> String {
    let compound = Compound::read(&serde_json::from_str(map).unwrap()).unwrap();
    let planned = planned::plan(&compound, 12);
    let runs: Vec<_> = planned.proposal.wave.iter().flat_map(|wave| &wave.runs).collect();
    let stops = runs.iter().flat_map(|run| &run.plan.stops);
    let mut told: BTreeSet<_> = stops.flat_map(|stop| &stop.parcels).copied().collect();
    told.extend(planned.proposal.unplanned.iter().map(|piece| piece.parcel));
    assert_eq!(told.len(), planned.pieces.len(), "a piece is forgotten");
    assert!(planned.proposal.unplanned.is_empty(), "{:?}", planned.proposal.unplanned);
    let drawing = planned::drawing(&compound, &planned);
    assert_eq!(drawing.routes.len(), runs.len());
    for route in &drawing.routes {
        assert_eq!(route.legs.first().and_then(|leg| leg.first()), Some(&compound.gate));
        assert_eq!(route.legs.last().and_then(|leg| leg.last()), Some(&compound.gate));
        assert!(route.legs.windows(2).all(|legs| legs[0].last() == legs[1].first()));
        // Between the step off one wall and the step up to the next, nobody walks through one.
        for leg in &route.legs {
            let on_the_way = leg.get(1..leg.len() - 1).unwrap_or_default();
            let open = |line: &[Point]| planned::yard(&compound).is_open(line[0], line[1]);
            assert!(on_the_way.windows(2).all(open), "{}: {leg:?}", compound.name);
        }
    }
    planner::drawing::svg(&drawing)
}

#[test]
fn a_compound_from_a_map_is_planned_and_drawn() {
    let svg = check(YARD);
    assert!(svg.contains("样例院") && svg.contains("3栋"), "{svg}");
}

#[test]
fn the_compounds_of_shanghai_are_planned_and_drawn() {
    let data = std::env::var_os("LASTMETER_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("compounds");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    };
    let mut seen = 0;
    for file in files.map(|file| file.unwrap().path()) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("shanghai_") {
            continue;
        }
        let svg = check(&std::fs::read_to_string(&file).unwrap());
        let drawn = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.svg"));
        std::fs::write(&drawn, svg).unwrap();
        eprintln!("{name} is drawn in {}", drawn.display());
        seen += 1;
    }
    assert!(seen > 0, "{} holds no compound of Shanghai", folder.display());
}
