//! The intake point: what its screen reads, and a slip that is taken back.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::door::{Door, is};

const NUMBER: &str = "SF1234567890123";

fn piece() -> Value {
    json!({ "code": NUMBER, "carrier": "sf", "address": "1-1-301" })
}

#[tokio::test]
async fn a_slip_at_the_gate_is_taken_back_and_the_piece_comes_in_anew() {
    let door = Door::open().await;
    let arrived = door.scan("arrive", piece()).await;
    is(&arrived, "accepted");
    let path = format!("parcels/{}", arrived["parcel"].as_str().unwrap());
    let label = arrived["cue"]["label"].clone();
    is(&door.scan("undo_arrival", json!({ "code": label })).await, "accepted");
    let gone = door.get(&format!("/api/v1/communities/willow-court/{path}")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(door.see("day-report").await["total"]["arrived"], 0);

    let mut anew = piece();
    anew["category"] = json!("medicine");
    is(&door.scan("arrive", anew).await, "accepted");
    assert_eq!(door.see(&path).await["category"], "medicine");
    assert_eq!(door.see("day-report").await["total"]["arrived"], 1);
    is(&door.scan("sort", json!({ "code": NUMBER })).await, "accepted");
    let late = door.scan("undo_arrival", json!({ "code": NUMBER })).await;
    assert_eq!(
        (&late["status"], &late["problem"]["code"]),
        (&json!("refused"), &json!("arrival-stands"))
    );
}

#[tokio::test]
async fn the_intake_point_tells_its_tables_and_what_is_expected_and_held() {
    let door = Door::open().await;
    let seen = door.see("intake").await;
    assert_eq!(seen["gate"], "南门");
    assert_eq!(
        seen["grids"],
        json!([{ "id": "1", "colour": "red" }, { "id": "2", "colour": "blue" }])
    );
    assert_eq!(seen["buildings"][0]["grid"], "1");
    assert_eq!(seen["act_seconds"], json!({ "parcel_goods": 600 }));

    is(&door.scan("expect", piece()).await, "accepted");
    let seen = door.see("intake").await;
    assert_eq!(
        (&seen["expected"][0]["code"], &seen["expected"][0]["arrived"]),
        (&json!(NUMBER), &json!(false))
    );

    is(
        &door.scan("arrive", json!({ "code": NUMBER, "carrier": "sf", "container": "台1" })).await,
        "accepted",
    );
    let unknown = door.scan("arrive", json!({ "code": "SF1234567890124", "carrier": "sf" })).await;
    is(&unknown, "held");
    let seen = door.see("intake").await;
    assert_eq!(seen["expected"][0]["arrived"], true);
    assert_eq!(seen["tables"], json!([{ "container": "台1", "waiting": 1, "acting": 0 }]));
    assert_eq!(seen["held"][0]["label"], unknown["cue"]["label"]);
    assert_eq!(seen["to_disinfect"], 2);

    is(&door.scan("disinfect_start", json!({ "container": "台1" })).await, "accepted");
    let table = &door.see("intake").await["tables"][0];
    assert_eq!((&table["waiting"], &table["acting"]), (&json!(0), &json!(1)));
    assert!(table["until"].as_str().is_some());
}

#[tokio::test]
async fn a_piece_taken_on_behalf_says_so_to_whoever_carries_it() {
    let door = Door::open().await;
    let mut taken = piece();
    taken["on_behalf"] = json!(true);
    assert_eq!(door.scan("arrive", taken).await["cue"]["on_behalf"], true);
}
