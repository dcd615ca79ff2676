//! For whom a piece is: addresses as people write them, pieces that nobody can place, doors that
//! are not there.

use std::collections::HashMap;

use domain::ids::{ParcelId, Waybill};
use runtime::directory::label_number;
use serde_json::{Value, json};

use super::door::{COMMUNITY, Door, is, is_refused};

const NUMBER: &str = "SF1234567890123";

async fn resolve(door: &Door, body: Value) -> Value {
    let path = "/api/v1/communities/willow-court/resolve";
    let answered = door.post(path, &body).await;
    assert_eq!(answered.status, 200, "{}", answered.json());
    answered.json()
}

#[tokio::test]
async fn an_address_in_ten_formats_is_one_household() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    door.household("1", "1", "302").await;
    for address in [
        "1栋1单元301",
        "1号楼1单元301室",
        "1幢1单元301号",
        "1-1-301",
        "１栋１单元３０１",
        "一栋一单元三零一",
        "1#楼1-301",
        "1 栋 1 单元 301 室",
        "上海市柳园1号楼1单元301（放门口）",
        "Building 1 Unit 1 Room 301",
    ] {
        let resolved = resolve(&door, json!({ "address": address })).await;
        assert_eq!(resolved["recipient"]["household"], json!(household), "{address}: {resolved}");
    }
    let by_another_name = resolve(&door, json!({ "address": "老邮局1单元201" })).await;
    assert_eq!(by_another_name["recipient"]["door"]["building"], "2");
}

#[tokio::test]
async fn an_unknown_recipient_is_held_then_identified_and_goes_on() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let arrival =
        json!({ "code": NUMBER, "carrier": "sf", "category": "medicine", "address": "301" });
    let held = door.scan("arrive", arrival).await;
    is(&held, "held");
    assert_eq!(held["cue"]["next"], "find_recipient");
    is_refused(&door.scan("sort", json!({ "code": NUMBER })).await, "recipient-unknown");
    let vague = json!({ "code": NUMBER, "address": "301" });
    is_refused(&door.scan("identify", vague).await, "recipient-not-certain");
    let report = door.see("day-report").await;
    assert_eq!(report["total"]["held"], 1);
    let found = door.scan("identify", json!({ "code": NUMBER, "household": household })).await;
    is(&found, "accepted");
    assert_eq!(found["cue"]["building"], "1");
    is(&door.scan("sort", json!({ "code": NUMBER })).await, "accepted");
    let report = door.see("day-report").await;
    assert_eq!((&report["total"]["held"], &report["total"]["on_shelf"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn two_households_behind_one_door_are_told_apart_by_the_phone() {
    let door = Door::open().await;
    let first = door.household("1", "1", "301").await;
    let second = door.household("1", "1", "301").await;
    for (household, tail) in [(first, "4567"), (second, "8910")] {
        let contact = json!({
            "kind": "set_contact", "name": null, "phone": null, "note": null, "phone_tails": [tail],
        });
        door.done(&format!("households/{household}"), contact).await;
    }
    let by_tail = json!({ "address": "1栋1单元301", "phone_tail": "8910" });
    assert_eq!(resolve(&door, by_tail).await["recipient"]["household"], json!(second));
    let without = resolve(&door, json!({ "address": "1栋1单元301" })).await;
    assert!(without["recipient"]["household"].is_null(), "{without}");
}

#[tokio::test]
async fn a_name_or_a_phone_in_the_text_tells_households_apart() {
    let door = Door::open().await;
    let first = door.household("1", "1", "301").await;
    let second = door.household("1", "1", "301").await;
    for (household, name, tail) in [(first, "李建国", "4567"), (second, "王芳", "8910")] {
        let contact = json!({
            "kind": "set_contact", "name": name, "phone": null, "note": null,
            "phone_tails": [tail], "label_names": ["家里的猫"],
        });
        door.done(&format!("households/{household}"), contact).await;
    }
    let ask = |body: Value| resolve(&door, body);
    let by_name = ask(json!({ "address": "1栋1单元301", "name": "王芳 收" })).await;
    assert_eq!(by_name["recipient"]["household"], json!(second), "{by_name}");
    let by_phone = ask(json!({ "address": "1栋1单元301 李女士 138****4567" })).await;
    assert_eq!(by_phone["recipient"]["household"], json!(first), "{by_phone}");
    // A family name, or a name that both have, only asks.
    for name in ["王女士", "家里的猫"] {
        let asked = ask(json!({ "address": "1栋1单元301", "name": name })).await;
        assert_eq!(asked["verdict"], "choose", "{asked}");
        assert_eq!(asked["candidates"].as_array().map(Vec::len), Some(2), "{asked}");
    }
    let too_long = json!({ "code": NUMBER, "carrier": "sf", "name": "李".repeat(41) });
    is_refused(&door.scan("arrive", too_long).await, "name-too-long");
}

#[tokio::test]
async fn what_staff_teach_is_certain_from_then_on() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let ask = |address: &str| resolve(&door, json!({ "address": address }));
    assert_eq!(ask("老张家小卖部").await["verdict"], "unknown");
    let target = json!({ "door": { "building": "1", "unit": "1", "room": "301" } });
    let teach =
        |target: Value| json!({ "kind": "add_alias", "text": "老张家小卖部", "target": target });
    door.done("", teach(target)).await;
    let scanned = json!({ "code": NUMBER, "carrier": "sf", "address": "送到老张家小卖部" });
    let arrived = door.scan("arrive", scanned).await;
    is(&arrived, "accepted");
    assert_eq!(arrived["cue"]["room"], "301");
    // A wrong one is taken out of use by saying that it only means the community.
    door.done("", teach(json!("community"))).await;
    assert_eq!(ask("老张家小卖部").await["verdict"], "unknown");
    // A road is asked about until the community says that it is its own.
    assert_eq!(ask("北滨路2号1栋1单元301").await["verdict"], "choose");
    let road = json!({ "kind": "add_alias", "text": "北滨路2号", "target": "community" });
    door.done("", road).await;
    let found = ask("北滨路2号1栋1单元301").await;
    assert_eq!(found["recipient"]["household"], json!(household), "{found}");
    let digits = json!({ "kind": "add_alias", "text": "12", "target": { "building": "1" } });
    door.command("", digits).await.is_problem(400, "alias-shape");
}

#[tokio::test]
async fn doors_households_gates_and_phones_that_are_not_there_are_told() {
    let door = Door::open().await;
    let arrive = |fields: Value| {
        let mut scan = json!({ "code": NUMBER, "carrier": "sf" });
        for (name, value) in fields.as_object().unwrap() {
            scan[name] = value.clone();
        }
        door.scan("arrive", scan)
    };
    let no_door = json!({ "door": { "building": "9", "unit": "1", "room": "301" } });
    is_refused(&arrive(no_door).await, "door-unknown");
    is_refused(&arrive(json!({ "household": door.thing() })).await, "household-unknown");
    is_refused(&arrive(json!({ "gate": "西门" })).await, "gate-unknown");
    is_refused(&arrive(json!({ "phone_tail": "13812345678" })).await, "phone-tail-shape");
    for tail in ["13812345678", "45678901", "abcd", ""] {
        let contact = json!({ "kind": "set_contact", "phone_tails": [tail] });
        let path = format!("households/{}", door.thing());
        door.command(&path, contact).await.is_problem(400, "phone-tail-shape");
    }
    is_refused(&arrive(json!({ "address": "1栋".repeat(500) })).await, "address-too-long");
    let register = json!({
        "kind": "register", "language": "zh-CN", "phone_only": false,
        "doors": [{ "building": "1", "unit": "1", "room": "909" }],
    });
    let path = format!("households/{}", door.thing());
    door.command(&path, register).await.is_problem(404, "door-unknown");
}

#[tokio::test]
async fn a_piece_without_a_number_gets_a_label_of_our_own() {
    let door = Door::open().await;
    let arrival = json!({
        "category": "medicine", "door": { "building": "1", "unit": "1", "room": "301" },
    });
    let arrived = door.scan("arrive", arrival).await;
    is(&arrived, "accepted");
    let label = arrived["cue"]["label"].as_str().unwrap();
    is(&door.scan("sort", json!({ "code": label })).await, "accepted");
    let shelf = arrived["cue"]["shelf"].as_str().unwrap();
    is_refused(&door.scan("sort", json!({ "code": shelf })).await, "not-a-parcel-code");
}

/// Two waybills whose pieces share the short code of their labels, by brute force.
fn same_label() -> [String; 2] {
    let community = COMMUNITY.parse().unwrap();
    let mut by_label = HashMap::new();
    for n in 0..100_000 {
        let number = format!("SF{n:013}");
        let waybill = Waybill { carrier: "sf".parse().unwrap(), number: number.parse().unwrap() };
        let label = label_number(ParcelId::derive(&community, &waybill, 1, 0));
        if let Some(other) = by_label.insert(label, number.clone()) {
            return [other, number];
        }
    }
    panic!("25 bits do not meet among 100,000 labels");
}

#[tokio::test]
async fn two_labels_with_one_short_code_are_told_apart_by_their_waybills() {
    let door = Door::open().await;
    let numbers = same_label();
    let mut labels = vec![];
    for number in &numbers {
        let scan = json!({ "code": number, "carrier": "sf", "category": "medicine" });
        labels.push(door.scan("arrive", scan).await["cue"]["label"].clone());
    }
    assert_eq!(labels[0], labels[1]);
    let asked = door.scan("missing", json!({ "code": labels[0] })).await;
    is_refused(&asked, "code-ambiguous");
    for number in &numbers {
        assert!(asked["problem"]["title"].as_str().unwrap().contains(number.as_str()));
        is(&door.scan("missing", json!({ "code": number, "carrier": "sf" })).await, "held");
    }
}
