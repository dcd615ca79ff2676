//! One parcel's whole way over HTTP, from the order to the door, as a story that can be read.

use serde_json::{Value, json};

use super::door::{Door, is};

const NUMBER: &str = "SF1234567890123";

/// What a worker sees and hears after a scan, in one line.
fn told(kind: &str, answer: &Value) -> String {
    let cue = &answer["cue"];
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let (status, next) = (word(&answer["status"]), word(&cue["next"]));
    let said = word(&cue["say_chinese"]);
    match answer["problem"]["detail"].as_str() {
        Some(detail) => format!("{kind}: {status}: {detail}"),
        None => {
            format!("{kind}: {status}, next {next}, wait {}, “{said}”", word(&cue["wait_until"]))
        }
    }
}

#[tokio::test]
async fn a_parcel_goes_its_whole_way() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let order = door.thing();
    let place = json!({
        "kind": "place", "channel": "group_buy", "household": household, "placed_by": "leader-2",
        "lines": [{ "item": "大米 5kg", "category": "parcel_goods", "quantity": 1 }], "pieces": 1,
    });
    door.done(&format!("orders/{order}"), place).await;
    let (run, _) = door.run("1").await;
    let piece = || json!({ "code": NUMBER, "carrier": "sf" });
    let arrival = json!({
        "code": NUMBER, "carrier": "sf", "container": "台1", "size": "box", "order": order,
        "address": "柳园1号楼1单元301", "phone_tail": "4567", "sender": "粮油店",
    });
    let table = || json!({ "container": "台1" });
    let on_run = || json!({ "code": NUMBER, "carrier": "sf", "run": run });
    let at_the_door = json!({
        "code": NUMBER, "run": run, "received_by": "resident",
        "door": { "building": "1", "unit": "1", "room": "301" },
    });
    let steps = [
        (0, "arrive", arrival),
        (60, "disinfect_start", table()),
        (60, "disinfect_stop", table()),
        (600, "disinfect_stop", table()),
        (30, "sort", piece()),
        (60, "load", on_run()),
        (10, "depart", json!({ "run": run, "counted_pieces": 1 })),
        (300, "relay", piece()),
        (120, "hand_off", at_the_door),
    ];
    let mut story = vec![];
    for (seconds, kind, fields) in steps {
        door.pass(seconds);
        let answer = door.scan(kind, fields).await;
        door.settle().await;
        story.push(told(kind, &answer));
    }
    insta::assert_snapshot!("what_the_worker_was_told", story.join("\n"));

    let seen = door.see(&format!("orders/{order}")).await;
    assert_eq!(seen["phase"], "fulfilled");
    let parcel = seen["parcels"][0].as_str().unwrap().to_owned();
    assert_eq!(seen["handed_off"], json!([parcel]));
    insta::assert_json_snapshot!("the_order", seen);

    let seen = door.see(&format!("parcels/{parcel}")).await;
    assert_eq!((&seen["phase"], &seen["custody"]), (&json!("handed_off"), &json!("household")));
    insta::assert_json_snapshot!("the_parcel", seen);

    let trail = door.see(&format!("parcels/{parcel}/trail")).await;
    let revisions = trail.as_array().unwrap().iter().map(|entry| entry["revision"].as_u64());
    assert!(revisions.eq((0..7).map(Some)), "{trail:#}");
    let lines = trail.as_array().unwrap().iter().map(|entry| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        format!(
            "{} {} {} {}",
            text("recorded_at"),
            text("actor"),
            text("event_type"),
            entry["data"]
        )
    });
    insta::assert_snapshot!("the_trail", lines.collect::<Vec<_>>().join("\n"));

    let seen = door.see(&format!("runs/{run}")).await;
    assert_eq!(seen["pieces"][0]["parcel"], parcel.as_str());
    insta::assert_json_snapshot!("the_run", seen);

    let report = door.see("day-report").await;
    assert_eq!(report["total"]["handed_off"], 1);
    insta::assert_json_snapshot!("the_day", report);
    let yesterday = door.see("day-report?day=2022-11-09").await;
    assert_eq!(yesterday["total"]["arrived"], 0);
}

#[tokio::test]
async fn a_run_is_closed_with_its_count() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let (run, _) = door.run("1").await;
    let arrival = json!({
        "code": NUMBER, "carrier": "sf", "category": "medicine", "household": household,
    });
    is(&door.scan("arrive", arrival).await, "accepted");
    is(&door.scan("sort", json!({ "code": NUMBER })).await, "accepted");
    is(&door.scan("load", json!({ "code": NUMBER, "run": run })).await, "accepted");
    is(&door.scan("depart", json!({ "run": run, "counted_pieces": 1 })).await, "accepted");
    let failed = json!({ "code": NUMBER, "failure": "no_answer" });
    is(&door.scan("fail", failed).await, "accepted");
    is(&door.scan("return", json!({ "code": NUMBER })).await, "accepted");
    door.settle().await;

    let path = format!("runs/{run}");
    let wrong = door.command(&path, json!({ "kind": "close", "counted_back": 0 })).await;
    wrong.is_problem(422, "run-back-count-differs");
    door.done(&path, json!({ "kind": "close", "counted_back": 1 })).await;
    let seen = door.see(&path).await;
    assert_eq!(
        (&seen["phase"], &seen["pieces"][0]["status"]),
        (&json!("closed"), &json!("returned"))
    );
    let report = door.see("day-report").await;
    assert_eq!(report["total"]["returned"], 1);
}

#[tokio::test]
async fn an_order_announced_after_its_piece_was_handed_off_is_fulfilled_all_the_same() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let (run, _) = door.run("1").await;
    let arrival = json!({
        "code": NUMBER, "carrier": "sf", "category": "medicine", "address": "1-1-301",
    });
    is(&door.scan("arrive", arrival).await, "accepted");
    is(&door.scan("sort", json!({ "code": NUMBER })).await, "accepted");
    is(&door.scan("load", json!({ "code": NUMBER, "run": run })).await, "accepted");
    is(&door.scan("depart", json!({ "run": run, "counted_pieces": 1 })).await, "accepted");
    is(&door.scan("hand_off", json!({ "code": NUMBER, "run": run })).await, "accepted");
    door.settle().await;

    let order = door.thing();
    let place = json!({
        "kind": "place", "channel": "proxy", "household": household, "placed_by": "leader-2",
        "lines": [{ "item": "胰岛素", "category": "medicine", "quantity": 1 }], "pieces": 1,
    });
    door.done(&format!("orders/{order}"), place.clone()).await;
    let announced = json!({ "code": NUMBER, "carrier": "sf", "order": order });
    is(&door.scan("expect", announced.clone()).await, "accepted");
    is(&door.scan("expect", announced).await, "duplicate");
    door.settle().await;
    let seen = door.see(&format!("orders/{order}")).await;
    assert_eq!(seen["phase"], "fulfilled", "{seen}");

    let other = door.thing();
    door.done(&format!("orders/{other}"), place).await;
    let again = json!({ "code": NUMBER, "carrier": "sf", "order": other });
    let refused = door.scan("expect", again).await;
    assert_eq!(refused["problem"]["code"], "parcel-of-other-order", "{refused}");
}
