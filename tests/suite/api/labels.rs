//! Labels over HTTP, on every paper and for every printer.

use axum::http::{StatusCode, header};
use serde_json::json;

use super::door::{Door, is};

const NUMBER: &str = "SF1234567890123";

fn path(code: &str, query: &str) -> String {
    format!("/api/v1/communities/willow-court/labels/{code}?{query}")
}

#[tokio::test]
async fn a_label_tells_where_its_piece_goes_and_no_whole_phone() {
    let door = Door::open().await;
    let arrival = json!({
        "code": NUMBER, "carrier": "sf", "address": "1-1-301", "phone_tail": "4567",
        "sender": "粮油店", "piece": { "number": 2, "of": 3 }, "category": "meal",
    });
    let arrived = door.scan("arrive", arrival).await;
    is(&arrived, "accepted");
    let code = arrived["cue"]["label"].as_str().unwrap().to_owned();
    let drawn = door.get(&path(&code, "paper=60x40&format=svg")).await;
    assert_eq!(drawn.status, StatusCode::OK);
    let drawn = drawn.text();
    for words in ["1-1-301", "1 网格", "餐食", "2/3", "尾号 4567", &code] {
        assert!(drawn.contains(words), "{words}: {drawn}");
    }
    assert!(!drawn.contains("粮油店") && !drawn.contains(NUMBER), "{drawn}");
    // The number on the waybill finds the same label.
    assert_eq!(door.get(&path(NUMBER, "")).await.text(), drawn);
}

#[tokio::test]
async fn a_label_says_nothing_of_an_arrival_that_was_taken_back() {
    let door = Door::open().await;
    let arrival = json!({
        "code": NUMBER, "carrier": "sf", "address": "1-1-301", "phone_tail": "4567",
    });
    is(&door.scan("arrive", arrival).await, "accepted");
    assert!(door.get(&path(NUMBER, "")).await.text().contains("尾号 4567"));
    is(&door.scan("undo_arrival", json!({ "code": NUMBER, "carrier": "sf" })).await, "accepted");
    let drawn = door.get(&path(NUMBER, "")).await;
    assert!(!drawn.text().contains("4567"), "{}", drawn.text());
}

#[tokio::test]
async fn a_label_that_cannot_be_is_told_what_to_do() {
    let door = Door::open().await;
    door.get(&path("AB1", "")).await.is_problem(400, "code-unreadable");
    door.get(&path(NUMBER, "")).await.is_problem(404, "piece-unknown");
    is(&door.scan("arrive", json!({ "code": NUMBER, "carrier": "sf" })).await, "held");
    door.get(&path(NUMBER, "paper=a4")).await.is_problem(400, "paper-unknown");
    door.get(&path(NUMBER, "format=pdf")).await.is_problem(400, "query-invalid");
    let drawn = door.get(&path(NUMBER, "")).await;
    assert!(drawn.text().contains("待查"));
    assert_eq!(drawn.headers[header::CACHE_CONTROL], "no-store");
}
