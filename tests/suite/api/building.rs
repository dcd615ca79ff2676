//! The page of a building's volunteer, and the lists behind figures.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::door::{COMMUNITY, Door, is};

const FIRST: &str = "SF1234567890123";
const SECOND: &str = "SF1234567890124";
const UNKNOWN: &str = "SF1234567890125";

/// Medicine for 1-1-301 with a courier who loads, parcel goods for 1-1-201 at the gate, and a piece
/// of which nobody knows for whom it is.
async fn three_pieces(door: &Door) -> String {
    let (run, _) = door.run("1").await;
    let at = |room: &str| json!({ "building": "1", "unit": "1", "room": room });
    let medicine =
        json!({ "code": FIRST, "carrier": "sf", "category": "medicine", "door": at("301") });
    is(&door.scan("arrive", medicine).await, "accepted");
    is(&door.scan("sort", json!({ "code": FIRST })).await, "accepted");
    is(&door.scan("load", json!({ "code": FIRST, "run": run.to_string() })).await, "accepted");
    let goods = json!({ "code": SECOND, "carrier": "sf", "door": at("201") });
    is(&door.scan("arrive", goods).await, "accepted");
    is(&door.scan("arrive", json!({ "code": UNKNOWN, "carrier": "sf" })).await, "held");
    door.settle().await;
    run.to_string()
}

#[tokio::test]
async fn a_building_is_told_what_comes_who_brings_it_and_whom_to_call() {
    let door = Door::open().await;
    let at = json!({ "building": "1", "unit": "1", "room": "301" });
    let register =
        json!({ "kind": "register", "doors": [at], "language": "zh-CN", "phone_only": true });
    door.done(&format!("households/{}", door.thing()), register).await;
    let run = three_pieces(&door).await;

    let page = door.see("buildings/1").await;
    assert_eq!((&page["grid"], &page["colour"]), (&json!("1"), &json!("red")));
    let trip = &page["trips"][0];
    assert_eq!((&trip["run"], &trip["phase"]), (&json!(run), &json!("accepted")));
    assert_eq!((&trip["pieces"], &trip["doors"][0]["floor"]), (&json!(1), &json!(3)));
    assert_eq!(trip["doors"][0]["door"]["room"], "301");
    assert_eq!(page["unplanned"][0]["door"]["room"], "201");
    assert_eq!(page["unplanned"][0]["pieces"][0]["spot"], "at_gate");
    assert_eq!(page["quiet"], json!([]));
    assert_eq!(
        page["calls"],
        json!([{ "door": { "building": "1", "unit": "1", "room": "301" },
                 "reasons": ["something_comes"] }])
    );
    // Nobody has spoken to them for four days.
    door.pass(4 * 24 * 3600);
    let page = door.see("buildings/1?days=3").await;
    assert_eq!(
        (&page["quiet"][0]["door"]["room"], &page["quiet"][0]["days"]),
        (&json!("301"), &json!(4))
    );
    assert!(page["calls"][0]["reasons"].as_array().unwrap().contains(&json!("not_reached")));
    let unknown = door.get(&format!("/api/v1/communities/{COMMUNITY}/buildings/99")).await;
    unknown.is_problem(404, "building-unknown");
}

#[tokio::test]
async fn every_figure_is_as_long_as_the_list_behind_it() {
    let door = Door::open().await;
    three_pieces(&door).await;
    let board = door.see("board").await;
    let mut figures = vec![(board["total"].clone(), String::new())];
    for grid in board["grids"].as_array().unwrap() {
        let of = format!("&grid={}", grid["grid"].as_str().unwrap_or_default());
        figures.push((grid["figures"].clone(), of));
    }
    let mut seen = 0;
    for (figures, of) in figures {
        for (spot, count) in figures["pieces"].as_object().unwrap() {
            let spot = spot.trim_end_matches("_today");
            let list = door.see(&format!("pieces?spots={spot}{of}")).await;
            assert_eq!(list["count"], *count, "{spot}{of}");
            seen += count.as_u64().unwrap();
        }
        let list = door.see(&format!("pieces?exceptions=true{of}")).await;
        assert_eq!(list["count"], figures["exceptions"], "{of}");
    }
    assert_eq!(seen, 6, "each piece once in the sum and once in its grid");
    let held = &door.see("pieces?spots=held").await["pieces"][0];
    assert_eq!((&held["waybill"]["number"], &held["exception"]), (&json!(UNKNOWN), &json!(true)));
    assert!(held["label"].as_str().is_some_and(|label| !label.is_empty()));
    let all: Value = door.see("pieces?building=1").await;
    assert_eq!(all["count"], 2);
}

#[tokio::test]
async fn a_list_is_told_as_csv_and_a_wrong_question_is_refused() {
    let door = Door::open().await;
    three_pieces(&door).await;
    let path = |rest: &str| format!("/api/v1/communities/{COMMUNITY}/pieces{rest}");
    let csv = door.get(&path("/export.csv?spots=at_gate")).await;
    assert_eq!(csv.status, StatusCode::OK);
    let lines = csv.text();
    assert!(lines.contains(SECOND) && !lines.contains(FIRST), "{lines}");
    door.get(&path("?spots=nowhere")).await.is_problem(400, "spot-unknown");
    door.get(&path("?place=1")).await.is_problem(400, "query-invalid");
}

#[tokio::test]
async fn a_qr_code_is_drawn_of_a_short_text() {
    let door = Door::open().await;
    let drawn = door.get("/api/v1/qr.svg?text=https%3A%2F%2F10.0.0.2%2Froute").await;
    assert_eq!(drawn.status, StatusCode::OK);
    assert!(drawn.text().starts_with("<svg "));
    door.get(&format!("/api/v1/qr.svg?text={}", "x".repeat(301)))
        .await
        .is_problem(400, "code-too-long");
    door.get("/api/v1/qr.svg?text=").await.is_problem(400, "code-too-long");
}

/// A list that is read names some; what is taken away has all.
#[tokio::test]
async fn the_csv_of_pieces_has_every_one() {
    let door = Door::open().await;
    for n in 0..501 {
        let code = format!("SF2{n:012}");
        let at = json!({ "building": "1", "unit": "1", "room": "301" });
        let piece = json!({ "code": code, "carrier": "sf", "door": at });
        is(&door.scan("arrive", piece).await, "accepted");
    }
    door.settle().await;
    let list = door.see("pieces").await;
    let named = list["pieces"].as_array().unwrap().len();
    assert_eq!((&list["count"], named), (&json!(501), 500));
    let csv = door.get(&format!("/api/v1/communities/{COMMUNITY}/pieces/export.csv")).await;
    assert_eq!(csv.text().lines().count(), 1 + 501);
}

/// Nobody is told that something stands before a door which does not.
#[tokio::test]
async fn what_does_not_come_is_not_promised() {
    let door = Door::open().await;
    three_pieces(&door).await;
    let rooms = async |list: &str| {
        let page = door.see("buildings/1").await;
        let doors = match list {
            "trips" => page["trips"][0]["doors"].clone(),
            _ => page["unplanned"].clone(),
        };
        doors.as_array().map_or(0, Vec::len)
    };
    assert_eq!((rooms("trips").await, rooms("unplanned").await), (1, 1));
    let beyond_use = json!({ "code": SECOND, "usable": false });
    is(&door.scan("damage", beyond_use).await, "accepted");
    is(&door.scan("missing", json!({ "code": FIRST })).await, "accepted");
    door.settle().await;
    assert_eq!((rooms("trips").await, rooms("unplanned").await), (0, 0));
}
