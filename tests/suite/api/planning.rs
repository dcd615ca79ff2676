//! Planning through the API: what is asked for is planned once, and every why has an answer.

use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::door::{Answered, COMMUNITY, Door, is, is_refused};

const PILLS: &str = "SF1234567890123";
const MORE_PILLS: &str = "SF1234567890124";

/// A courier of the first grid.
async fn courier(door: &Door) -> Uuid {
    let volunteer = door.thing();
    let limit = json!({ "pieces": 20, "weight_grams": 60_000, "volume_millilitres": 400_000 });
    let enrol = json!({
        "kind": "enrol", "grid": "1", "roles": ["courier"], "protection": false,
        "carry_limit": limit,
    });
    door.done(&format!("volunteers/{volunteer}"), enrol).await;
    volunteer
}

/// A piece on its shelf.
async fn on_its_shelf(door: &Door, code: &str, category: &str) -> String {
    let arrival =
        json!({ "code": code, "carrier": "sf", "category": category, "address": "1-1-301" });
    let arrived = door.scan("arrive", arrival).await;
    is(&arrived, "accepted");
    is(&door.scan("sort", json!({ "code": code })).await, "accepted");
    arrived["parcel"].as_str().unwrap().to_owned()
}

async fn post(door: &Door, path: &str, body: Value) -> Answered {
    door.post(&format!("/api/v1/communities/{COMMUNITY}/plan/{path}"), &body).await
}

async fn propose(door: &Door, command_id: Uuid, version: Option<&Value>) -> Answered {
    let mut body = json!({ "command_id": command_id, "actor": "desk" });
    if let Some(version) = version {
        body["version"] = version.clone();
    }
    post(door, "proposals", body).await
}

async fn close(door: &Door, command_id: Uuid) -> Answered {
    post(door, "close", json!({ "command_id": command_id, "actor": "desk" })).await
}

#[tokio::test]
async fn what_was_previewed_is_planned_once_and_explained() {
    let door = Door::open().await;
    let volunteer = courier(&door).await;
    let parcel = on_its_shelf(&door, PILLS, "medicine").await;
    let before = door.see(&format!("plan/parcels/{parcel}")).await;
    assert_eq!((&before["standing"], &before["code"]), (&json!("unplanned"), &Value::Null));
    assert!(before["sentence"]["zh"].as_str().unwrap().contains("可以配送"), "{before:#}");

    let preview = door.see("plan/preview").await;
    assert_eq!(preview["runs"][0]["volunteer"], json!(volunteer));
    assert_eq!(preview["runs"][0]["stop_list"][0]["parcels"][0]["parcel"], json!(parcel));
    let count = door.count().await;
    assert_eq!(door.see("plan").await["runs"], json!([]), "a preview writes nothing");
    assert_eq!(door.count().await, count);

    let other = propose(&door, door.command_id(), Some(&json!("0"))).await;
    other.is_problem(409, "plan-changed");
    let command_id = door.command_id();
    let planned = propose(&door, command_id, Some(&preview["version"])).await;
    assert_eq!(planned.status, StatusCode::OK, "{}", planned.json());
    let planned = planned.json();
    assert_eq!((&planned["wave"], &planned["already_so"]), (&json!(1), &json!(false)));
    let run = planned["runs"][0].as_str().unwrap().to_owned();
    let count = door.count().await;
    let again = propose(&door, command_id, Some(&preview["version"])).await.json();
    assert_eq!((&again["wave"], &again["runs"]), (&planned["wave"], &planned["runs"]));
    assert_eq!(door.count().await, count, "the same id again plans nothing");

    let plan = door.see("plan").await;
    assert_eq!(plan["runs"][0]["phase"], "offered");
    assert_eq!(plan["runs"][0]["wave"]["trigger"], "urgent");
    assert_eq!(plan["runs"][0]["effort"]["floors"], 2);
    let why = door.see(&format!("plan/runs/{run}")).await;
    assert!(why["sentence"]["en"].as_str().unwrap().contains("nobody else"), "{why:#}");
    assert_eq!(why["asked_list"][0]["volunteer"], json!(volunteer));
    let after = door.see(&format!("plan/parcels/{parcel}")).await;
    assert_eq!((&after["standing"], &after["run"]), (&json!("planned"), &json!(run)));
}

/// Goods wait for their window; those of an order that is marked urgent do not, whoever asks why is
/// told, and the courier sees it on his sheet.
#[tokio::test]
async fn what_an_urgent_order_waits_for_goes_at_once() {
    let door = Door::open().await;
    courier(&door).await;
    let over = json!({ "opens": "00:00:00", "closes": "00:00:02", "cut_off": "00:00:01" });
    let never = json!({ "kind": "set_window_policy", "category": "ration", "windows": [over] });
    door.done("", never).await;
    let household = door.household("1", "1", "301").await;
    let order = door.thing();
    let path = format!("orders/{order}");
    door.done(
        &path,
        json!({
            "kind": "place", "channel": "phone", "household": household, "placed_by": "desk",
            "lines": [{ "item": "氧气瓶", "category": "ration", "quantity": 1 }], "pieces": 1,
        }),
    )
    .await;
    let announced = json!({ "code": PILLS, "carrier": "sf", "category": "ration",
        "order": order, "household": household });
    is(&door.scan("expect", announced).await, "accepted");
    let parcel = on_its_shelf(&door, PILLS, "ration").await;
    let cue = async || {
        let again = door.scan("sort", json!({ "code": PILLS })).await;
        (again["cue"]["urgent"].clone(), again["cue"]["say_chinese"].clone())
    };
    assert_eq!(cue().await, (Value::Null, json!("一网格，一栋，一单元")));
    let why = format!("plan/parcels/{parcel}");
    let waits = door.see(&why).await;
    assert_eq!((&waits["code"], &waits["urgent"]), (&json!("no_window_left"), &json!(false)));
    let planned = propose(&door, door.command_id(), None).await.json();
    assert_eq!(planned["runs"], json!([]), "{planned:#}");

    door.done(&path, json!({ "kind": "set_urgency", "urgent": true })).await;
    assert_eq!(door.see(&path).await["urgent"], json!(true));
    assert_eq!(cue().await, (json!(true), json!("急件，一网格，一栋，一单元")));
    let label = door.see(&format!("parcels/{parcel}")).await;
    assert_eq!(label["cue"]["say_english"], "urgent, grid 1, building 1, unit 1");
    let ready = door.see(&why).await;
    assert_eq!((&ready["code"], &ready["urgent"]), (&Value::Null, &json!(true)));
    assert!(ready["sentence"]["zh"].as_str().unwrap().contains("订单标为急件"), "{ready:#}");
    let planned = propose(&door, door.command_id(), None).await.json();
    let run = planned["runs"][0].as_str().unwrap().to_owned();
    assert_eq!(door.see("plan").await["runs"][0]["wave"]["trigger"], "urgent");
    let told = door.see(&why).await;
    assert!(told["sentence"]["en"].as_str().unwrap().contains("marked urgent"), "{told:#}");
    let sheet = door.see(&format!("run-sheets/{run}")).await;
    assert_eq!(sheet["stops"][0]["pieces"][0]["marks"], json!(["urgent"]), "{sheet:#}");
}

#[tokio::test]
async fn a_cart_says_what_is_missing_and_a_piece_of_another_run_is_not_taken() {
    let door = Door::open().await;
    let volunteer = courier(&door).await;
    let parcel = on_its_shelf(&door, PILLS, "medicine").await;
    let planned = propose(&door, door.command_id(), None).await.json();
    let run = planned["runs"][0].as_str().unwrap().to_owned();
    let cart = door.see(&format!("runs/{run}/cart")).await;
    assert_eq!((&cart["complete"], &cart["expected"]), (&json!(false), &json!(1)));
    assert_eq!(cart["missing"][0]["parcel"], json!(parcel));
    assert!(cart["sentence"]["zh"].as_str().unwrap().contains("还差 1 件"), "{cart:#}");

    // Somebody with a run planned by hand takes it from the wrong shelf.
    let (by_hand, _) = door.run("1").await;
    let load = |run: String| json!({ "code": PILLS, "run": run });
    let alarm = door.scan("load", load(by_hand.to_string())).await;
    is_refused(&alarm, "run-piece-of-another-run");

    let path = format!("runs/{run}");
    door.done(&path, json!({ "kind": "accept", "volunteer": volunteer })).await;
    is(&door.scan("load", load(run.clone())).await, "accepted");
    let cart = door.see(&format!("runs/{run}/cart")).await;
    assert_eq!((&cart["complete"], &cart["loaded"]), (&json!(true), &json!(1)));
    assert_eq!(cart["missing"], json!([]));
}

#[tokio::test]
async fn what_was_left_behind_goes_with_the_next_wave_at_once() {
    let door = Door::open().await;
    let (first, _) = (courier(&door).await, courier(&door).await);
    on_its_shelf(&door, PILLS, "medicine").await;
    let left = on_its_shelf(&door, MORE_PILLS, "medicine").await;
    let planned = propose(&door, door.command_id(), None).await.json();
    let run = planned["runs"][0].as_str().unwrap().to_owned();
    let path = format!("runs/{run}");
    let asked = door.see("plan").await["runs"][0]["volunteer"].clone();
    assert_eq!(asked, json!(first));
    door.done(&path, json!({ "kind": "accept", "volunteer": asked })).await;
    is(&door.scan("load", json!({ "code": PILLS, "run": run })).await, "accepted");
    is(&door.scan("depart", json!({ "run": run, "counted_pieces": 1 })).await, "accepted");
    let next = propose(&door, door.command_id(), None).await.json();
    assert_eq!(next["wave"], 2, "{next:#}");
    let standing = door.see(&format!("plan/parcels/{left}")).await;
    assert_eq!(standing["run"], next["runs"][0]);
}

#[tokio::test]
async fn too_few_hands_are_told() {
    let door = Door::open().await;
    let parcel = on_its_shelf(&door, PILLS, "medicine").await;
    let nothing = propose(&door, door.command_id(), None).await;
    assert_eq!(nothing.status, StatusCode::OK);
    assert_eq!((&nothing.json()["wave"], &nothing.json()["runs"]), (&Value::Null, &json!([])));
    let standing = door.see(&format!("plan/parcels/{parcel}")).await;
    assert_eq!(standing["code"], "no_courier");
    let plan = door.see("plan").await;
    assert_eq!(plan["unplanned_by_reason"], json!({ "no_courier": 1 }));
    assert_eq!(plan["shortages"][0]["pieces"], 1);
    assert!(plan["shortages"][0]["sentence"]["zh"].as_str().unwrap().contains("人手不足"));
}

#[tokio::test]
async fn a_day_is_closed_without_food_and_with_an_owner_for_the_rest() {
    let door = Door::open().await;
    on_its_shelf(&door, PILLS, "meal").await;
    let stays = on_its_shelf(&door, MORE_PILLS, "medicine").await;
    let evening = door.see("plan/evening").await;
    assert_eq!((&evening["can_close"], &evening["closed"]), (&json!(false), &json!(false)));
    assert_eq!(evening["perishables"].as_array().unwrap().len(), 1);
    close(&door, door.command_id()).await.is_problem(422, "plan-perishables-left");

    is(&door.scan("dispose", json!({ "code": PILLS, "disposal": "spoiled" })).await, "accepted");
    let command_id = door.command_id();
    let closed = close(&door, command_id).await;
    assert_eq!(closed.status, StatusCode::OK, "{}", closed.json());
    assert_eq!(closed.json()["left"], 1);
    let count = door.count().await;
    assert_eq!(close(&door, command_id).await.json()["left"], 1);
    assert_eq!(close(&door, door.command_id()).await.json()["already_so"], true);
    assert!(door.count().await - count <= 1, "only the second id's answer is kept");
    let evening = door.see("plan/evening").await;
    let piece = &evening["stays"][0];
    assert_eq!((&piece["parcel"], &piece["owner"]), (&json!(stays), &json!("desk")));
    assert_eq!((&piece["remains"], &piece["overnight"]), (&json!("stays"), &json!("no_courier")));
    let kept = door.events().await;
    assert!(kept.iter().any(|event| &*event.event_type == "ParcelKeptOvernight"));

    courier(&door).await;
    let nothing = propose(&door, door.command_id(), None).await.json();
    assert_eq!(nothing["wave"], Value::Null, "a closed day plans nothing");
}

#[tokio::test]
async fn a_day_is_not_closed_while_somebody_is_out_and_calls_off_what_nobody_loaded() {
    let door = Door::open().await;
    let volunteer = courier(&door).await;
    on_its_shelf(&door, PILLS, "medicine").await;
    let planned = propose(&door, door.command_id(), None).await.json();
    let run = planned["runs"][0].as_str().unwrap().to_owned();
    let path = format!("runs/{run}");
    door.done(&path, json!({ "kind": "accept", "volunteer": volunteer })).await;
    is(&door.scan("load", json!({ "code": PILLS, "run": run })).await, "accepted");
    assert_eq!(door.see("plan/evening").await["runs_open"], json!([run]));
    close(&door, door.command_id()).await.is_problem(422, "plan-runs-open");
    is(&door.scan("unload", json!({ "code": PILLS, "run": run })).await, "accepted");
    let closed = close(&door, door.command_id()).await;
    assert_eq!(closed.status, StatusCode::OK, "{}", closed.json());
    assert_eq!(door.see(&path).await["phase"], "cancelled");
    assert_eq!(door.see("plan/evening").await["stays"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_compound_is_drawn_once_it_is_known_where_its_buildings_stand() {
    let door = Door::open().await;
    let path = format!("/api/v1/communities/{COMMUNITY}/plan/drawing.svg");
    door.get(&path).await.is_problem(404, "plan-not-drawable");
    let units = json!([{ "id": "1", "floors": 6, "doors_per_floor": 2, "extra_rooms": [] }]);
    let describe = json!({
        "kind": "describe_building", "building": "1", "units": units, "lift": false,
        "position": { "east_dm": 300, "north_dm": 400 },
    });
    door.done("", describe).await;
    let at = json!({ "east_dm": 0, "north_dm": 0 });
    door.done("", json!({ "kind": "place_gate", "gate": "南门", "position": at })).await;
    courier(&door).await;
    on_its_shelf(&door, PILLS, "medicine").await;
    let run = propose(&door, door.command_id(), None).await.json()["runs"][0].clone();
    for path in [path, format!("/api/v1/communities/{COMMUNITY}/runs/{}/drawing.svg", text(&run))] {
        let drawn = door.get(&format!("{path}?language=en")).await;
        assert_eq!(drawn.status, StatusCode::OK);
        assert_eq!(drawn.headers["content-type"], "image/svg+xml");
        let svg = drawn.text();
        assert!(svg.contains("柳园 · delivery routes") && svg.contains("1栋"), "{svg}");
        assert!(svg.contains("第1波"), "the run has its line in the legend");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
