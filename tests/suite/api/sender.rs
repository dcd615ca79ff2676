//! Who sent a piece: told to whoever looks for its recipient, and to nobody once it is over.

use axum::http::header;
use serde_json::{Value, json};

use super::door::{COMMUNITY, Door, is};

const NUMBER: &str = "SF1234567890123";

fn arrival(fields: &Value) -> Value {
    let mut scan = json!({ "code": NUMBER, "carrier": "sf" });
    scan.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    scan
}

async fn arrived(door: &Door, fields: &Value) -> String {
    let answer = door.scan("arrive", arrival(fields)).await;
    format!("parcels/{}/sender", answer["parcel"].as_str().unwrap())
}

fn whole(path: &str) -> String {
    format!("/api/v1/communities/{COMMUNITY}/{path}")
}

#[tokio::test]
async fn who_sent_a_piece_is_told_while_its_recipient_is_looked_for_and_erased_with_them() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let path = arrived(&door, &json!({ "sender": "周记药房" })).await;
    let told = door.get(&whole(&path)).await;
    assert_eq!(told.json(), json!({ "sender": "周记药房" }));
    assert_eq!(told.headers[header::CACHE_CONTROL], "no-store");
    is(&door.scan("identify", arrival(&json!({ "household": household }))).await, "accepted");
    assert_eq!(door.see(&path).await["sender"], "周记药房");
    door.settle().await;
    door.done(&format!("households/{household}"), json!({ "kind": "erase" })).await;
    door.settle().await;
    assert_eq!(door.see(&path).await, json!({ "sender": null }));
}

#[tokio::test]
async fn who_sent_a_piece_of_a_known_household_is_nobodys_business_once_it_is_over() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let path = arrived(&door, &json!({ "household": household, "sender": "周记药房" })).await;
    assert_eq!(door.see(&path).await["sender"], "周记药房");
    is(&door.scan("refuse", arrival(&json!({ "refusal": "recipient_refused" }))).await, "accepted");
    assert_eq!(door.see(&path).await, json!({ "sender": null }));
}

#[tokio::test]
async fn of_an_arrival_that_was_taken_back_nothing_is_told() {
    let door = Door::open().await;
    let path = arrived(&door, &json!({ "sender": "周记药房" })).await;
    assert_eq!(door.see(&path).await["sender"], "周记药房");
    is(&door.scan("undo_arrival", json!({ "code": NUMBER })).await, "accepted");
    assert_eq!(door.see(&path).await, json!({ "sender": null }));
    let anew = arrived(&door, &json!({ "sender": "邻居" })).await;
    assert_eq!(door.see(&anew).await["sender"], "邻居");
}

#[tokio::test]
async fn where_nobody_was_named_nobody_is_told() {
    let door = Door::open().await;
    let path = arrived(&door, &json!({})).await;
    assert_eq!(door.see(&path).await, json!({ "sender": null }));
    let unknown = format!("parcels/{}/sender", door.thing());
    door.get(&whole(&unknown)).await.is_problem(404, "parcel-unknown");
}
