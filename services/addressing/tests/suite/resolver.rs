//! The resolver: what is certain, what is asked, and that nothing is ever guessed.

use addressing::Language;
use addressing::layout::{Alias, Household, Layout, NameToken, Presence, TailToken};
use addressing::resolve::{NameTokens, Obstacle, Query, Resolution, Verdict, resolve};
use domain::address::{Door, Room, Unit};
use domain::ids::HouseholdId;
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) fn unit(id: &str, floors: u16, doors_per_floor: u16) -> Unit {
    Unit { id: id.parse().unwrap(), floors, doors_per_floor, extra_rooms: Vec::new() }
}

pub(crate) fn door(building: &str, unit: &str, room: &str) -> Door {
    Door {
        building: building.parse().unwrap(),
        unit: unit.parse().unwrap(),
        room: room.parse().unwrap(),
    }
}

pub(crate) fn household(number: u128, doors: &[Door], tails: &[u64]) -> Household {
    Household {
        id: HouseholdId(Uuid::from_u128(number)),
        doors: doors.to_vec(),
        tails: tails.iter().map(|tail| TailToken(*tail)).collect(),
        names: Vec::new(),
        presence: Presence::Home,
    }
}

fn alias(text: &str, building: &str) -> Alias {
    Alias {
        text: text.to_owned(),
        building: building.parse().unwrap(),
        unit: None,
        room: None,
        carrier: None,
    }
}

/// Blocks 1 to 12 and B, a lane house, a dormitory; a household behind every door.
fn community() -> Layout {
    let mut layout = Layout::default();
    let mut put = |id: &str, units: Vec<Unit>| {
        layout.put_building(id.parse().unwrap(), "1".parse().unwrap(), units);
    };
    for number in 1..=12_u16 {
        let units = (1..=number % 3 + 1).map(|unit_id| unit(&unit_id.to_string(), 7, 2)).collect();
        put(&number.to_string(), units);
    }
    put("B", vec![unit("1", 18, 4)]);
    put("静园巷13号", vec![unit("1", 6, 3)]);
    let shop = Room { id: "门市2".parse().unwrap(), floor: 0 };
    put("邮电宿舍", vec![Unit { extra_rooms: vec![shop], ..unit("1", 5, 2) }]);
    layout.put_alias(&alias("王牌路37号邮电宿舍", "邮电宿舍")).unwrap();
    fill(&mut layout, &(1..=12).map(|number| number.to_string()).collect::<Vec<_>>());
    fill(&mut layout, &["B", "静园巷13号", "邮电宿舍"].map(str::to_owned));
    layout
}

/// Registers a household behind every door; the tail of each is its own number.
pub(crate) fn fill(layout: &mut Layout, buildings: &[String]) -> Vec<Household> {
    let mut added = Vec::new();
    for building in buildings {
        let id = building.parse().unwrap();
        for unit in layout.units(&id).unwrap_or_default() {
            for (room, _) in unit.rooms() {
                let door = door(building, unit.id.as_str(), room.as_str());
                let name = Uuid::new_v5(&Uuid::NAMESPACE_OID, door.to_string().as_bytes());
                let tail = u64::try_from(name.as_u128() % 10_000).unwrap();
                added.push(household(name.as_u128(), &[door], &[tail]));
            }
        }
    }
    for household in &added {
        layout.put_household(household.clone());
    }
    added
}

pub(crate) fn ask(layout: &Layout, text: &str) -> Resolution {
    resolve(layout, &Query { text, ..Query::default() })
}

/// What a text is certain to mean, as `building-unit-room`; or the verdict.
fn meaning(layout: &Layout, text: &str) -> String {
    let found = ask(layout, text);
    match found.verdict {
        Verdict::Certain => found.candidates[0].door().unwrap().to_string(),
        Verdict::Choose => "choose".to_owned(),
        Verdict::Unknown => "unknown".to_owned(),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let layout = community();
    let found = ask(&layout, text);
    assert_eq!(meaning(&layout, text), expected, "{text}: {found:#?}");
}

#[test]
fn plain_addresses_are_certain() {
    for text in [
        "10栋2单元301",
        "10号楼2单元301室",
        "10幢2单元301号",
        "10-2-301",
        "１０栋２单元３０１",
        "⑩栋②单元301",
        "十栋二单元三零一",
        "十号楼两单元三〇一",
        "10#2单元301",
        "10#楼2-301",
        "10栋2单元3楼1号",
        "10栋2单元3层301",
        "2单元10栋301",
        "10 栋 2 单元 301 室",
        "万州区王牌路东方广场10栋2单元301（到了联系）",
        "【东方广场10栋2单元301】(东方广场附近) 李女士 13800000000 放门口",
        "10栋2单元301 尾号4567 3件",
        "10栋2301",
        "Building 10 Unit 2 Room 301",
        "10栋 2单元 301，18:30送到",
        "404100 10栋2单元301",
        "10橦2单园301",
        "10动2单301市",
        "10栋2元301",
        "10#2#301",
        "10.2.301",
        "一〇-二-三〇一",
        "10栋2单元3〇1",
        "10栋二301",
        "88弄3支弄10栋2单元301",
        "7号院10栋2单元301",
        "2单元301（10栋）",
        "东方广场（南门）10栋2单元301放快递柜",
    ] {
        check(text, "10-2-301");
    }
    check("B座1204", "B-1-1204");
    check("b栋1204室", "B-1-1204");
    check("B-1204", "B-1-1204");
    check("3栋301", "3-1-301");
    check("静园巷13号1单元103", "静园巷13号-1-103");
    check("静园巷13号103", "静园巷13号-1-103");
    check("王牌路37号邮电宿舍302", "邮电宿舍-1-302");
    check("邮电宿舍门市2", "邮电宿舍-1-门市2");
    check("邮电宿舍2号门市", "邮电宿舍-1-门市2");
}

#[test]
fn what_does_not_exist_is_never_certain() {
    for text in [
        "13栋2单元301",
        "10栋3单元301",
        "10栋2单元801",
        "10栋2单元303",
        "10栋2单元301A",
        "10栋2单元31",
        "10栋2单元302门市2",
        "01栋2单元301",
        "10栋单元301",
        "栋2单元301",
        "号楼2单元301",
        "东方广场栋2单元301",
        "-2-301",
        "10--301",
        "2 301",
        "10栋301",
        "10栋2单元",
        "静园巷3号1单元103",
        "静园巷10号1单元103",
        "王牌路10号2单元301",
        "幸福路10号301",
        "王牌路38号邮电宿舍302",
        "10栋2单元301或者11栋2单元301",
        "10,11栋2单元301",
        "10栋2单元301、302",
        "10栋2单元5楼301",
        "2号楼10栋2单元301",
        "王牌路10号办公楼301",
        "门市2",
        "10栋附3号",
        "2单元10栋",
        "301",
        "102301",
        "联系一〇-二-三〇一",
        "统一0-2-301",
        "10柿2单元301",
        "10-栋2单元301",
        "10栋B区2单元301",
        "老10栋2单元301",
        "新10号楼2单元301",
        "10栋2单元负1楼301",
        "10栋2单元东户302",
        "10栋18号2单元301",
        "二期10栋2单元303",
        "",
        "放门口谢谢",
    ] {
        let layout = community();
        let found = ask(&layout, text);
        assert_ne!(found.verdict, Verdict::Certain, "{text}: {found:#?}");
        assert!(!found.obstacles.is_empty(), "{text}: {found:#?}");
    }
}

#[test]
fn a_part_of_the_compound_belongs_to_the_building_where_the_layout_says_so() {
    let mut layout = Layout::default();
    for id in ["二区8栋", "三区8号楼", "9"] {
        let units = vec![unit("1", 7, 2)];
        layout.put_building(id.parse().unwrap(), "1".parse().unwrap(), units);
    }
    layout.put_place("东方广场");
    assert_eq!(meaning(&layout, "2区8号楼301"), "二区8栋-1-301");
    assert_eq!(meaning(&layout, "东方广场三区8幢1单元301"), "三区8号楼-1-301");
    assert_eq!(meaning(&layout, "四区8栋301"), "unknown");
    assert_eq!(meaning(&layout, "8栋301"), "unknown");
    // A part that is not known is asked about, and so is a part too many.
    assert_eq!(meaning(&layout, "9栋301"), "9-1-301");
    assert_eq!(meaning(&layout, "四区9栋301"), "choose");
}

#[test]
fn the_layout_decides_where_a_number_is_cut() {
    let mut layout = Layout::default();
    let put = |layout: &mut Layout, id: &str, floors: u16| {
        let units = vec![unit("1", floors, 4), unit("2", floors, 4)];
        layout.put_building(id.parse().unwrap(), "1".parse().unwrap(), units);
    };
    put(&mut layout, "1", 7);
    assert_eq!(meaning(&layout, "1栋1204"), "1-1-204");
    // Where floor 12 exists the number means two things.
    put(&mut layout, "1", 18);
    assert_eq!(meaning(&layout, "1栋1204"), "choose");
    assert_eq!(meaning(&layout, "1栋1单元1204"), "1-1-1204");
    // And where it does not, but rooms of four digits do, a wrong digit is as likely as a unit.
    put(&mut layout, "1", 11);
    assert_eq!(meaning(&layout, "1栋1204"), "choose");
}

#[test]
fn the_phone_tail_chooses_and_contradicts() {
    let mut layout = community();
    let shared = door("10", "2", "301");
    layout.put_household(household(7, std::slice::from_ref(&shared), &[77_777]));
    let ask = |text: &str, tail: u64| {
        resolve(&layout, &Query { text, tail: Some(TailToken(tail)), ..Query::default() })
    };
    // Two households behind one door: only the tail tells.
    assert_eq!(meaning(&layout, "10栋2单元301"), "choose");
    let found = ask("10栋2单元301", 77_777);
    assert_eq!(found.certain().unwrap().household, Some(HouseholdId(Uuid::from_u128(7))));
    assert_eq!(ask("10栋2单元301", 12_345).verdict, Verdict::Choose);
    // A unit left out is settled by the tail; a room left out is not.
    assert_eq!(ask("10栋301", 77_777).verdict, Verdict::Certain);
    assert_eq!(ask("10栋2单元", 77_777).verdict, Verdict::Choose);
    // A tail of somebody else speaks against the address.
    assert_eq!(ask("11栋2单元301", 77_777).verdict, Verdict::Choose);
    // Without an address there is a hint, never an answer.
    let hint = ask("放门口", 77_777);
    assert_eq!((hint.verdict, hint.candidates.len()), (Verdict::Choose, 1));
}

#[test]
fn a_name_chooses_behind_a_door_and_warns_of_another() {
    let mut layout = community();
    let named = |number: u128, door: Door, names: &[u64]| {
        let names = names.iter().map(|name| NameToken(*name)).collect();
        Household { names, ..household(number, &[door], &[]) }
    };
    // Whole names 1 and 2, family names 11 and 12; two households behind one door.
    layout.put_household(named(7, door("10", "2", "301"), &[1, 11]));
    layout.put_household(named(8, door("3", "1", "101"), &[2, 12]));
    let ask = |text: &str, whole: Option<u64>, family: u64| {
        let (whole, family) = (whole.map(NameToken), Some(NameToken(family)));
        let name = NameTokens { whole, family };
        resolve(&layout, &Query { text, name, ..Query::default() })
    };
    let found = ask("10栋2单元301", Some(1), 11);
    assert_eq!(found.certain().unwrap().household, Some(HouseholdId(Uuid::from_u128(7))));
    // A family name only ranks: many share it.
    let found = ask("10栋2单元301", None, 11);
    assert_eq!(found.verdict, Verdict::Choose);
    assert_eq!(found.candidates[0].household, Some(HouseholdId(Uuid::from_u128(7))));
    // A name that nobody knows says nothing; somebody else's speaks against the door.
    assert_eq!(ask("11栋2单元301", Some(99), 98).verdict, Verdict::Certain);
    let found = ask("11栋2单元301", Some(2), 12);
    assert_eq!(found.verdict, Verdict::Choose);
    assert_eq!(found.obstacles, [Obstacle::NameElsewhere]);
    assert_eq!(found.candidates.len(), 2);
    // Without an address there is a hint, never an answer.
    let hint = ask("放门口", Some(2), 12);
    assert_eq!((hint.verdict, hint.candidates.len()), (Verdict::Choose, 1));
    // The tail is one household's and the name the other's: asked.
    let mut layout = community();
    layout.put_household(Household {
        tails: vec![TailToken(77_777)],
        ..named(7, door("10", "2", "301"), &[1])
    });
    layout.put_household(named(8, door("10", "2", "301"), &[2]));
    let ask = |whole| {
        let name = NameTokens { whole: Some(NameToken(whole)), family: None };
        let tail = Some(TailToken(77_777));
        resolve(&layout, &Query { text: "10栋2单元301", name, tail, carrier: None }).verdict
    };
    assert_eq!((ask(1), ask(2)), (Verdict::Certain, Verdict::Choose));
}

#[test]
fn answers_are_sentences() {
    let layout = community();
    let found = ask(&layout, "10栋2单元301");
    assert_eq!(
        found.sentence(Language::English),
        "Certain: 10-2-301: the building exists, the unit exists, the room exists, \
         one household lives there."
    );
    assert_eq!(
        found.candidates[0].sentence(Language::Chinese),
        "10-2-301：有这栋楼，有这个单元，有这个房号，只有一户。"
    );
    let found = ask(&layout, "13栋2单元301");
    assert_eq!(found.sentence(Language::Chinese), "无法识别，放待认领货架：没有13栋。");
    let found = ask(&layout, "10栋2单元801");
    assert_eq!(found.sentence(Language::English), "Please choose: there is no room 801.");
}

#[test]
fn the_layout_is_kept_live() {
    let mut layout = community();
    assert_eq!(meaning(&layout, "老张家小卖部"), "unknown");
    let mut known = alias("老张家小卖部", "3");
    known.unit = Some("1".parse().unwrap());
    known.room = Some("101".parse().unwrap());
    layout.put_alias(&known).unwrap();
    assert_eq!(meaning(&layout, "送到老张家小卖部"), "3-1-101");
    layout.remove_alias("老张家小卖部", None);
    assert_eq!(meaning(&layout, "送到老张家小卖部"), "unknown");

    layout.remove_building(&"3".parse().unwrap());
    assert_ne!(ask(&layout, "3栋301").verdict, Verdict::Certain);
    layout.put_building("3".parse().unwrap(), "2".parse().unwrap(), vec![unit("1", 7, 2)]);
    assert_eq!(meaning(&layout, "3栋301"), "3-1-301");

    let mut moved = household(9, &[door("3", "1", "301")], &[]);
    let old: Vec<_> = layout.behind(&door("3", "1", "301")).map(|one| one.id).collect();
    for id in old {
        layout.remove_household(id);
    }
    assert_eq!(meaning(&layout, "3栋301"), "choose", "nobody is registered there");
    layout.put_household(moved.clone());
    assert_eq!(meaning(&layout, "3栋301"), "3-1-301");
    moved.presence = Presence::Left;
    layout.put_household(moved);
    assert_eq!(meaning(&layout, "3栋301"), "choose", "it moved out");
}

#[test]
fn a_carriers_own_alias_holds_for_that_carrier_only() {
    let mut layout = community();
    let carrier = "sf".parse().unwrap();
    layout
        .put_alias(&Alias { carrier: Some("sf".parse().unwrap()), ..alias("旧址", "3") })
        .unwrap();
    let ask =
        |carrier| resolve(&layout, &Query { text: "旧址301", carrier, ..Query::default() }).verdict;
    assert_eq!(ask(Some(&carrier)), Verdict::Certain);
    assert_ne!(ask(None), Verdict::Certain);
}

#[test]
fn a_road_that_is_not_ours_is_asked_once_ours_is_known() {
    let mut layout = community();
    assert_eq!(meaning(&layout, "北滨路2号10栋2单元301"), "10-2-301");
    layout.put_place("王牌路37号");
    assert_eq!(meaning(&layout, "北滨路2号10栋2单元301"), "choose");
    assert_eq!(meaning(&layout, "王牌路37号10栋2单元301"), "10-2-301");
    assert_eq!(meaning(&layout, "王牌路38号10栋2单元301"), "choose");
    // The community's name behind a road says that the road is its own; before it, nothing.
    layout.put_place("东方广场");
    assert_eq!(meaning(&layout, "北滨路99号东方广场10栋2单元301"), "10-2-301");
    assert_eq!(meaning(&layout, "东方广场附近北滨路99号10栋2单元301"), "choose");
}

proptest! {
    #[test]
    fn nothing_panics(text in ".{0,80}") {
        let _ = ask(&community(), &text);
    }

    #[test]
    fn nothing_panics_on_address_words(
        words in prop::collection::vec(prop::sample::select(vec![
            "1", "10", "301", "栋", "号楼", "单元", "层", "楼", "号", "室", "-", " ", "一", "十",
            "百", "廿", "A", "东", "户", "#", "静园巷", "邮电宿舍", "门市", "附", "*", ":", "(", "路",
            "F", "Room", "第", "尾号",
        ]), 0..30),
    ) {
        let _ = ask(&community(), &words.concat());
    }
}

/// Ten thousand digits cost no more than the limit; below it, twice the text costs twice the work.
#[test]
fn work_grows_with_the_text_and_no_faster() {
    for piece in [
        "1",
        "1栋",
        "1-",
        "一",
        "东",
        "A",
        "静园巷1号",
        "1*",
        "12:",
        "栋",
        "第",
        "(",
        "之",
        "1之一",
        "1柿1",
        "老1",
        "10区",
        "组团",
        "东边户",
        "负1",
        "- ",
        "尾号: ",
        "1〇",
    ] {
        let steps = |times: usize| {
            let text: String = piece.repeat(times).chars().take(1_000).collect();
            let length = text.chars().count();
            (addressing::parse::parse(&text).steps, length)
        };
        for times in [10, 100, 1_000] {
            let (steps, length) = steps(times);
            assert!(steps <= 4 * length + 8, "{piece}: {steps} steps for {length} characters");
        }
    }
    let hostile = addressing::parse::parse(&"1".repeat(10_240));
    assert_eq!((hostile.steps, hostile.readings.len()), (0, 0));
    assert_eq!(hostile.doubts, [addressing::Doubt::TooLong]);
}
