//! A file with everything in it, and each way in which one of its sections can be wrong.

use domain::Refuse;
use domain::community::{CommunityRefusal, CommunityState};
use domain::fold;

use super::*;

/// Every section that says how a community plans and walks.
const WHOLE: &str = r#"
id = "sample"
name = "样例院"
time_zone = "Asia/Shanghai"
intake_point = "east"
trip_limit = { pieces = 20, weight_grams = 60000, volume_millilitres = 400000 }

[grids]
1 = "red"

[[buildings]]
id = "1"
grid = "1"
units = 2
floors = 6
doors_per_floor = 2
position = { east_dm = 300, north_dm = 400 }
entrance = { east_dm = 300, north_dm = 380 }
entrances = { 2 = { east_dm = 360, north_dm = 380 } }

[gate_positions]
east = { east_dm = 0, north_dm = 0 }

[ground.crossings]
a = { east_dm = 0, north_dm = 0 }
b = { east_dm = 300, north_dm = 380 }

[ground.paths]
lane = { from = "a", to = "b", length_dm = 600 }
short = { from = "a", to = "b" }

[windows.meal]
windows = [{ opens = "10:30", closes = "12:30", cut_off = "11:20" }]
immediate_up_to_pieces = 12

[planning]
automatic = true
cart_pieces = 15
day_closes = "20:30"

[delivery.meal]
level = "door"

[delivery.ration]
level = "pickup"
pickup = { opens = "14:00", minutes_each = 10 }

[arrivals]
hours = [{ opens = "07:00", closes = "12:00" }]
per_hour = 6
"#;

/// The community that a file makes.
#[track_caller]
fn made(text: &str) -> Result<CommunityState, CommunityRefusal> {
    let (_, commands) = read(text).unwrap();
    commands.into_iter().try_fold(CommunityState::default(), |state, command| {
        let events = Community::decide(&state, command)?;
        Ok(fold::<Community>(state, &events))
    })
}

/// The whole file with one part of it written otherwise.
#[track_caller]
fn with(part: &str, other: &str) -> String {
    assert_eq!(WHOLE.matches(part).count(), 1, "{part}");
    WHOLE.replace(part, other)
}

/// The file is no community, and the error says so in these words.
#[track_caller]
fn unreadable(part: &str, other: &str, words: &str) {
    let error = read(&with(part, other)).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

/// The file is read, and the community refuses it by this code, in both languages.
#[track_caller]
fn refused(part: &str, other: &str, code: &str) {
    let refusal = made(&with(part, other)).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal:?}");
    assert!(!refusal.to_string().is_empty() && !refusal.chinese().is_empty());
}

#[test]
fn a_whole_file_makes_the_community_that_it_tells() {
    let state = made(WHOLE).unwrap();
    let building = "1".parse().unwrap();
    let entrance = |unit: &str| state.entrance(&building, &unit.parse().unwrap()).unwrap().east_dm;
    assert_eq!((entrance("1"), entrance("2")), (300, 360));
    assert_eq!(state.intake_position(), Some(PlanPoint { east_dm: 0, north_dm: 0 }));
    let lengths: Vec<u32> = state.paths.paths.iter().map(|path| path.length_dm).collect();
    assert_eq!(lengths, [600, 484], "a path without a length is straight");
    let planning = state.planning.as_ref().unwrap();
    assert!(planning.automatic);
    assert_eq!(
        (planning.cart_pieces, planning.answer_within_seconds),
        (15, 300),
        "the rest as ever"
    );
    assert_eq!(state.delivery[&Category::Ration].level, DeliveryLevel::Pickup);
    assert_eq!(state.windows[&Category::Meal].immediate_up_to_pieces, Some(12));
    assert_eq!(state.trip_limit.unwrap().pieces, 20);
    let arrivals = state.arrivals.as_ref().unwrap();
    assert_eq!((arrivals.hours.len(), arrivals.per_hour), (1, Some(6)));
}

#[test]
fn the_same_file_again_changes_nothing() {
    let state = made(WHOLE).unwrap();
    for command in read(WHOLE).unwrap().1 {
        assert_eq!(Community::decide(&state, command.clone()), Ok(vec![]), "{command:?}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_told_by_its_name() {
    unreadable(
        r#"short = { from = "a", to = "b" }"#,
        r#"short = { from = "a", to = "z" }"#,
        "path short",
    );
    let words = "missing field `to`";
    unreadable(r#"short = { from = "a", to = "b" }"#, r#"short = { from = "a" }"#, words);
}

#[test]
fn a_path_that_cannot_be_is_refused() {
    refused("length_dm = 600", "length_dm = 400", "paths-shape");
    refused(
        r#"short = { from = "a", to = "b" }"#,
        r#"short = { from = "a", to = "a" }"#,
        "paths-shape",
    );
}

#[test]
fn gates_and_entrances_must_be_there() {
    refused("[gate_positions]\neast", "[gate_positions]\nwest", "gate-unknown");
    refused("entrances = { 2 =", "entrances = { 3 =", "unit-unknown");
}

#[test]
fn planning_limits_must_make_sense() {
    for (part, other) in [
        ("cart_pieces = 15", "cart_pieces = 0"),
        ("cart_pieces = 15", "cart_pieces = 1001"),
        ("cart_pieces = 15", "wait_at_most_seconds = 0"),
        ("cart_pieces = 15", "answer_within_seconds = 86401"),
        ("cart_pieces = 15", "attempts_a_day = 0"),
    ] {
        refused(part, other, "planning-policy");
    }
    refused("pieces = 20,", "pieces = 0,", "trip-limit");
    unreadable("cart_pieces = 15", "cart_pieces = -1", "invalid value");
    unreadable("cart_pieces = 15", "cart = 15", "unknown field `cart`");
    unreadable(r#"day_closes = "20:30""#, r#"day_closes = "25:30""#, "day_closes");
}

#[test]
fn windows_and_levels_must_make_sense() {
    refused(r#"opens = "10:30""#, r#"opens = "13:30""#, "window-times");
    refused(r#"cut_off = "11:20""#, r#"cut_off = "12:30""#, "window-times");
    refused("minutes_each = 10", "minutes_each = 0", "pickup-slots");
    refused(r#"level = "door""#, r#"level = "pickup""#, "pickup-slots");
    unreadable(r#"level = "door""#, r#"level = "roof""#, "unknown variant `roof`");
    unreadable("[delivery.meal]", "[delivery.pizza]", "pizza");
}

#[test]
fn what_no_file_may_be_is_said() {
    let long = " ".repeat(FILE_BYTES_MAX + 1);
    assert!(matches!(read(&long), Err(FileError::TooLong { .. })));
    unreadable("Asia/Shanghai", "Asia/Shanghay", "`Asia/Shanghay` is no time zone");
    let alias = "\n[[aliases]]\ntext = \"here\"\nroom = \"101\"\n";
    let error = read(&format!("{WHOLE}{alias}")).unwrap_err();
    assert!(matches!(error, FileError::Alias { .. }), "{error}");
}

/// A file without paths, with a yard that is walked round a building.
fn yard() -> String {
    let ground = WHOLE.find("[ground.crossings]").unwrap();
    let windows = WHOLE.find("[windows.meal]").unwrap();
    let corner = |east: i32, north: i32| format!("{{ east_dm = {east}, north_dm = {north} }}");
    let ring =
        |corners: [(i32, i32); 4]| corners.map(|(east, north)| corner(east, north)).join(", ");
    let house = ring([(250, 380), (450, 380), (450, 480), (250, 480)]);
    let outline = ring([(-10, -10), (900, -10), (900, 900), (-10, 900)]);
    let before =
        WHOLE[..ground].replace("position =", &format!("footprint = [{house}]\nposition ="));
    format!("{before}[ground]\noutline = [{outline}]\n\n{}", &WHOLE[windows..])
}

#[test]
fn ways_are_found_round_the_buildings_where_nobody_has_drawn_paths() {
    let behind = yard()
        .replace("2 = { east_dm = 360, north_dm = 380 }", "2 = { east_dm = 360, north_dm = 480 }");
    let state = made(&behind).unwrap();
    let ways = ways::Ways::of(&state, jiff::Timestamp::UNIX_EPOCH);
    let (building, unit) = ("1".parse().unwrap(), "2".parse().unwrap());
    let door = ways::Place::Unit(&building, &unit);
    let straight = 600;
    assert!((straight + 50..straight + 300).contains(&ways.distance_dm(ways::Place::Gate, door)));
    assert!(ways.walk(ways::Place::Gate, door).unwrap().len() > 3);
}

#[test]
fn a_file_draws_paths_or_tells_what_to_find_them_by() {
    let paths = "\n[ground.crossings]\na = { east_dm = 0, north_dm = 0 }\n";
    assert!(matches!(read(&format!("{}{paths}", yard())), Err(FileError::PathsTwice)));
    let corners: Vec<_> = (0..1_400)
        .map(|at| format!("{{ east_dm = {}, north_dm = {} }}", 10 * at, -200 - 100 * (at % 2)))
        .collect();
    let outline =
        format!("outline = [{}, {{ east_dm = 3000, north_dm = 3000 }}]", corners.join(", "));
    let from = yard().find("outline =").unwrap();
    let to = from + yard()[from..].find('\n').unwrap();
    let jagged = format!("{}{outline}{}", &yard()[..from], &yard()[to..]);
    let error = read(&jagged).unwrap_err();
    assert!(error.to_string().contains("[ground.paths]"), "{error}");
}
