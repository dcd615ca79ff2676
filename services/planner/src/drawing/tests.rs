use super::*;

fn spot(east: i32, north: i32) -> Point {
    Point { east_decimetres: east, north_decimetres: north }
}

fn square(east: i32, north: i32, side: i32) -> Vec<Point> {
    let (right, top) = (east + side, north + side);
    vec![spot(east, north), spot(right, north), spot(right, top), spot(east, top)]
}

fn example() -> Drawing {
    let building = |east, label: &str, state| Building {
        outline: square(east, 600, 200),
        label: label.to_owned(),
        state,
    };
    let (gate, door) = (spot(500, 0), spot(300, 700));
    Drawing {
        title: "富民花园 <午餐> & more".to_owned(),
        outline: square(0, 0, 1_000),
        buildings: [("1栋", 200, State::Waiting), ("2栋", 600, State::Closed)]
            .map(|(label, east, state)| building(east, label, state))
            .to_vec(),
        gate: Some(gate),
        routes: vec![Route {
            label: "王阿姨".to_owned(),
            legs: vec![vec![gate, spot(500, 500), door]],
            stops: vec![door, door, spot(700, 700), door],
        }],
        attribution: Some("© OpenStreetMap".to_owned()),
        ..Drawing::default()
    }
}

/// The elements that are open when the text ends, and whether each was closed in its turn.
fn unclosed(svg: &str) -> Vec<&str> {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        let name = tag.split([' ', '/']).find(|word| !word.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    open
}

#[test]
fn the_picture_is_well_formed_and_the_words_of_others_stay_words() {
    let svg = svg(&example());
    assert_eq!(unclosed(&svg), Vec::<&str>::new());
    assert!(svg.contains("富民花园 &lt;午餐&gt; &amp; more"));
    assert_eq!(escaped("\u{1}\"a\""), " &quot;a&quot;");
}

#[test]
fn north_is_up_and_west_is_left() {
    let frame = Frame::around(&example());
    let (south_west, north_east) = (frame.place(spot(0, 0)), frame.place(spot(1_000, 1_000)));
    assert!(south_west.0 < north_east.0 && south_west.1 > north_east.1);
}

#[test]
fn stops_at_one_door_share_a_mark() {
    let marks = numbered(&example().routes[0].stops);
    assert_eq!(marks, [(spot(300, 700), "1-2, 4".to_owned()), (spot(700, 700), "3".to_owned())]);
}

#[test]
fn closed_buildings_differ_from_those_with_something_to_deliver() {
    let svg = svg(&example());
    let fills = State::ALL.map(|state| svg.matches(state.colours().0).count());
    // Each once in the legend, and each building once.
    assert_eq!(fills, [1, 2, 1, 2]);
}

#[test]
fn the_legend_speaks_both_languages_and_the_readers_first() {
    let chinese = svg(&example());
    assert!(chinese.contains("待送 · to deliver"));
    let english = svg(&Drawing { language: Language::English, ..example() });
    assert!(english.contains("to deliver · 待送") && english.contains(">Intake<"));
}

#[test]
fn straight_lines_are_said_to_be_no_paths() {
    assert!(!svg(&example()).contains("未录入通路"));
    let straight = svg(&Drawing { is_straight: true, ..example() });
    assert!(straight.contains("未录入通路：直线只示先后 · no paths are known"));
}

#[test]
fn nothing_at_all_can_be_drawn() {
    assert_eq!(unclosed(&svg(&Drawing::default())), Vec::<&str>::new());
}

#[test]
fn no_stop_s_number_covers_the_name_of_a_building() {
    let mut drawing = example();
    // The number of a stop where the name would stand: a little below the middle.
    let middle = centre(&drawing.buildings[0].outline);
    let below = Point::metres(0.0, 2.4 / Frame::around(&drawing).scale).north_decimetres;
    drawing.routes[0].stops =
        vec![Point { north_decimetres: middle.north_decimetres - below, ..middle }];
    let name = |svg: &str| {
        let at = svg.find(">1栋<").unwrap();
        let line = svg[..at].rfind("<text").unwrap();
        svg[line..at].to_owned()
    };
    let covered = name(&svg(&drawing));
    drawing.routes[0].stops.clear();
    assert_ne!(name(&svg(&drawing)), covered, "it stands where it would stand without the stop");
}
