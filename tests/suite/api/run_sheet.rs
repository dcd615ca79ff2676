//! A courier's sheet: for whoever has the slip, and for nobody else.

use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::door::{Door, commands_of, is};

const NUMBER: &str = "SF1234567890123";

async fn sheet(door: &Door, run: &str, pin: &str) -> super::door::Answered {
    let path = format!("/api/v1/communities/willow-court/runs/{run}/sheet");
    door.post(&path, &json!({ "pin": pin })).await
}

async fn loaded(door: &Door) -> (String, Value) {
    let (run, _) = door.run("1").await;
    let run = run.to_string();
    let arrival =
        json!({ "code": NUMBER, "carrier": "sf", "category": "medicine", "address": "1-1-301" });
    is(&door.scan("arrive", arrival).await, "accepted");
    is(&door.scan("sort", json!({ "code": NUMBER })).await, "accepted");
    is(&door.scan("load", json!({ "code": NUMBER, "run": run })).await, "accepted");
    let slip = printed(door, &run, door.command_id()).await.json();
    (run, slip)
}

async fn printed(door: &Door, run: &str, command: Uuid) -> super::door::Answered {
    let path = format!("/api/v1/communities/willow-court/runs/{run}/slip");
    door.post(&path, &json!({ "command_id": command, "actor": "desk" })).await
}

async fn replan(door: &Door, seen: &Value, stops: &Value, reason: Value) {
    let path = format!("runs/{}", seen["run"].as_str().unwrap());
    let command = json!({ "kind": "replan", "stops": stops, "reason": reason });
    let body = json!({
        "command_id": door.command_id(), "actor": "desk", "command": command,
        "expected_revision": seen["revision"],
    });
    let answer = door.post(&commands_of(&path), &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
}

#[tokio::test]
async fn the_slip_opens_the_sheet() {
    let door = Door::open().await;
    let (run, slip) = loaded(&door).await;
    assert_eq!((&slip["stops"], &slip["pieces"]), (&json!(1), &json!(1)));
    assert_eq!(slip["path"], format!("/route?community=willow-court&run={run}"));
    let opened = sheet(&door, &run, slip["pin"].as_str().unwrap()).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.json());
    let opened = opened.json();
    assert_eq!((&opened["phase"], &opened["colour"]), (&json!("accepted"), &json!("red")));
    let stop = &opened["stops"][0];
    assert_eq!(stop["door"], json!({ "building": "1", "unit": "1", "room": "301" }));
    assert_eq!((&stop["floor"], &stop["lift"]), (&json!(3), &json!(false)));
    assert_eq!(stop["pieces"][0]["status"], "on_board");
    assert_eq!(stop["pieces"][0]["category"], "medicine");
}

#[tokio::test]
async fn whoever_has_the_pin_reads_what_to_know_at_the_next_door() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let contact = json!({ "kind": "set_contact", "note": "敲门要响" });
    door.done(&format!("households/{household}"), contact).await;
    let (run, slip) = loaded(&door).await;
    let pin = slip["pin"].as_str().unwrap();
    door.settle().await;
    assert_eq!(sheet(&door, &run, pin).await.json()["notes"], json!([]), "not yet at the door");
    is(&door.scan("depart", json!({ "run": run, "counted_pieces": 1 })).await, "accepted");
    door.settle().await;
    let there = json!({ "building": "1", "unit": "1", "room": "301" });
    let notes = json!([{ "door": there, "note": "敲门要响" }]);
    assert_eq!(sheet(&door, &run, pin).await.json()["notes"], notes);

    let erase = json!({ "kind": "erase" });
    door.done(&format!("households/{household}"), erase).await;
    door.settle().await;
    assert_eq!(sheet(&door, &run, pin).await.json()["notes"], json!([]));
}

#[tokio::test]
async fn what_others_change_is_told_with_its_reason_until_it_was_seen() {
    let door = Door::open().await;
    let (run, slip) = loaded(&door).await;
    let pin = slip["pin"].as_str().unwrap();
    let planned = sheet(&door, &run, pin).await.json();
    assert_eq!((&planned["changes"], &planned["paused"]), (&json!([]), &json!([])));
    let of = |room: &str| json!({ "building": "1", "unit": "1", "room": room });
    let number = "SF1234567890456";
    let arrival =
        json!({ "code": number, "carrier": "sf", "category": "medicine", "address": "1-1-201" });
    let second = door.scan("arrive", arrival).await;
    let first = &planned["stops"][0];
    let stops = json!([
        { "door": first["door"], "parcels": [first["pieces"][0]["parcel"]] },
        { "door": of("201"), "parcels": [second["parcel"]] },
    ]);
    replan(&door, &planned, &stops, json!("by_hand")).await;
    let added = sheet(&door, &run, pin).await.json();
    let told = &added["changes"][0];
    assert_eq!((&told["door"], &told["change"]), (&of("201"), &json!("added")));
    assert_eq!((&added["edition"], &added["edition_seen"]), (&json!(2), &json!(0)));

    let kept = json!([stops[0]]);
    replan(&door, &added, &kept, json!({ "zone_closed": "东片" })).await;
    let path = format!("runs/{run}");
    let pause = json!({ "kind": "pause_building", "building": "1", "zone": "东片" });
    door.done(&path, pause).await;
    let changed = sheet(&door, &run, pin).await.json();
    let told = &changed["changes"][0];
    assert_eq!((&told["door"], &told["change"]), (&of("201"), &json!("removed")));
    assert!(told["sentence"]["zh"].as_str().unwrap().contains("东片"), "{told}");
    assert_eq!(changed["paused"][0]["building"], "1");

    door.done(&path, json!({ "kind": "see_sheet", "sheet": 3 })).await;
    let seen = sheet(&door, &run, pin).await.json();
    assert_eq!((&seen["changes"], &seen["edition_seen"]), (&json!([]), &json!(3)));
    assert_eq!(seen["paused"][0]["building"], "1", "it is still shut");
}

#[tokio::test]
async fn a_wrong_pin_opens_nothing_and_guessing_ends() {
    let door = Door::open().await;
    let (run, slip) = loaded(&door).await;
    let pin = slip["pin"].as_str().unwrap();
    let wrong = if pin == "0000" { "0001" } else { "0000" };
    for _ in 0..20 {
        sheet(&door, &run, wrong).await.is_problem(400, "pin-wrong");
    }
    sheet(&door, &run, pin).await.is_problem(400, "pin-locked");
    // The desk prints a new slip for whoever stands there.
    let slip = printed(&door, &run, door.command_id()).await.json();
    let pin = slip["pin"].as_str().unwrap();
    assert_eq!(sheet(&door, &run, pin).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_pin_is_told_to_whoever_prints_the_slip_and_never_again() {
    let door = Door::open().await;
    let (run, slip) = loaded(&door).await;
    let path = format!("/api/v1/communities/willow-court/runs/{run}/slip");
    assert_eq!(door.get(&path).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let seen = door.see(&format!("runs/{run}")).await;
    assert!(!seen.to_string().contains(slip["pin"].as_str().unwrap()), "{seen}");

    // The answer got lost on the way: the same command brings the same slip.
    let (command, first) = (door.command_id(), slip["pin"].as_str().unwrap());
    let second = printed(&door, &run, command).await.json();
    assert_eq!(printed(&door, &run, command).await.json()["pin"], second["pin"]);
    let second = second["pin"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(sheet(&door, &run, second).await.status, StatusCode::OK);
    // Whoever held the earlier slip learns that there is another one.
    sheet(&door, &run, first).await.is_problem(400, "pin-wrong");
    // Who printed it is in the log, and what is printed on it is not.
    let events = door.events().await;
    let told: Vec<_> =
        events.iter().filter(|event| &*event.event_type == "RunSlipPrinted").collect();
    assert_eq!(told.len(), 2);
    for event in told {
        assert!(String::from_utf8_lossy(&event.metadata).contains("\"desk\""));
        assert!(!String::from_utf8_lossy(&event.data).contains(second));
    }
}

#[tokio::test]
async fn a_sheet_that_nobody_printed_a_slip_for_opens_for_nobody() {
    let door = Door::open().await;
    let (run, _) = door.run("1").await;
    sheet(&door, &run.to_string(), "0000").await.is_problem(400, "pin-wrong");
    let unknown = door.thing().to_string();
    printed(&door, &unknown, door.command_id()).await.is_problem(422, "run-unknown");
}

#[tokio::test]
async fn a_sheet_ends_with_its_run() {
    let door = Door::open().await;
    let (run, slip) = loaded(&door).await;
    let pin = slip["pin"].as_str().unwrap();
    is(&door.scan("depart", json!({ "run": run, "counted_pieces": 1 })).await, "accepted");
    is(&door.scan("hand_off", json!({ "code": NUMBER, "run": run })).await, "accepted");
    door.settle().await;
    assert_eq!(sheet(&door, &run, pin).await.json()["stops"][0]["outcome"], "done");
    door.done(&format!("runs/{run}"), json!({ "kind": "close", "counted_back": 0 })).await;
    let ended = sheet(&door, &run, pin).await.json();
    assert_eq!((&ended["phase"], &ended["stops"]), (&json!("closed"), &json!([])));
}
