//! Input that is wrong gets an answer that says what to do, and never anything else.

use std::fmt::Write;

use axum::http::header;
use serde_json::{Value, json};

use super::door::{Door, SCANS, commands_of, enveloped, is, is_refused};

const MEBIBYTE: usize = 1024 * 1024;
const NUMBER: &str = "SF1234567890123";

fn medicine() -> Value {
    json!({
        "code": NUMBER, "carrier": "sf", "category": "medicine",
        "door": { "building": "1", "unit": "1", "room": "301" },
    })
}

async fn post_text(door: &Door, text: &str) -> super::door::Answered {
    door.send("POST", SCANS, &[], text.to_owned().into()).await
}

#[tokio::test]
async fn what_is_no_json_is_told() {
    let door = Door::open().await;
    for text in ["", "{", "scan", "{\"community\": \"willow-court\",}", "\u{0}"] {
        post_text(&door, text).await.is_problem(400, "json-broken");
    }
    let latin = door.send("POST", SCANS, &[], vec![b'"', 0xff, b'"'].into()).await;
    latin.is_problem(400, "json-broken");
}

#[tokio::test]
async fn an_envelope_of_another_shape_is_told_with_its_field() {
    let door = Door::open().await;
    let scans = json!([]);
    let wrong = [
        json!({ "actor": "gate-1", "scans": scans }),
        json!({ "community": "Willow Court", "actor": "gate-1", "scans": scans }),
        json!({ "community": "willow-court", "actor": "gate-1", "scans": 7 }),
        json!({ "community": "willow-court", "actor": "gate-1", "scans": scans, "extra": 1 }),
        json!({ "community": "willow-court", "actor": "gate-1", "scans": scans, "sent_at": "now" }),
        json!([]),
    ];
    for body in wrong {
        door.post(SCANS, &body).await.is_problem(400, "field-invalid");
    }
}

#[tokio::test]
async fn a_batch_has_1_to_500_scans() {
    let door = Door::open().await;
    door.post_scans(&json!({}), &[]).await.is_problem(400, "batch-size");
    let scan = json!({ "kind": "missing", "command_id": door.command_id(), "code": "SF12345678" });
    let many = vec![scan; 501];
    door.post_scans(&json!({}), &many).await.is_problem(400, "batch-size");
    let answered = door.post_scans(&json!({}), &many[..500]).await;
    assert_eq!(answered.json()["answers"].as_array().unwrap().len(), 500);
}

#[tokio::test]
async fn ten_megabytes_are_too_much() {
    let door = Door::open().await;
    let body = vec![b' '; 10 * MEBIBYTE];
    door.send("POST", SCANS, &[], body.clone().into()).await.is_problem(413, "body-too-large");
    // Whether or not it says beforehand how much will come.
    let length = body.len().to_string();
    let headers = [(header::CONTENT_LENGTH.as_str(), length.as_str())];
    let told = door.send("POST", SCANS, &headers, body.into()).await;
    told.is_problem(413, "body-too-large");
    let path = "/api/v1/communities?actor=desk";
    let file = vec![b'#'; 10 * MEBIBYTE];
    door.send("POST", path, &[], file.into()).await.is_problem(413, "body-too-large");
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_told() {
    let door = Door::open().await;
    door.get("/api/v1/parcel").await.is_problem(404, "path-unknown");
    door.get("/api/v1/scans").await.is_problem(405, "method-not-allowed");
    let delete = door.send("DELETE", "/api/v1/communities", &[], "".into()).await;
    delete.is_problem(405, "method-not-allowed");
    let base = "/api/v1/communities/willow-court";
    door.get(&format!("{base}/parcels/seven")).await.is_problem(400, "path-invalid");
    door.get("/api/v1/communities/No-Where/day-report").await.is_problem(400, "path-invalid");
    door.get("/api/v1/communities/nowhere/day-report").await.is_problem(404, "community-unknown");
    for kind in ["parcel", "order", "run", "volunteer"] {
        let path = format!("{base}/{kind}s/{}", door.thing());
        door.get(&path).await.is_problem(404, &format!("{kind}-unknown"));
    }
    let trail = format!("{base}/parcels/{}/trail", door.thing());
    door.get(&trail).await.is_problem(404, "parcel-unknown");
}

#[tokio::test]
async fn queries_that_cannot_be_read_are_told() {
    let door = Door::open().await;
    let day = door.get("/api/v1/communities/willow-court/day-report?day=yesterday").await;
    day.is_problem(400, "query-invalid");
    let load = door.send("POST", "/api/v1/communities", &[], "".into()).await;
    load.is_problem(400, "query-invalid");
}

#[tokio::test]
async fn unknown_fields_are_told() {
    let door = Door::open().await;
    let mut scan = medicine();
    scan["colour"] = json!("red");
    let answer = door.scan("arrive", scan).await;
    is_refused(&answer, "field-invalid");
    assert!(answer["problem"]["detail"].as_str().unwrap().contains("colour"), "{answer:#}");
    let unknown = door.scan("teleport", medicine()).await;
    is_refused(&unknown, "field-invalid");

    let path = format!("households/{}", door.thing());
    let body = json!({
        "command_id": door.command_id(), "actor": "desk", "priority": 1,
        "command": { "kind": "erase" },
    });
    door.post(&commands_of(&path), &body).await.is_problem(400, "field-invalid");
    let unknown = door.command(&path, json!({ "kind": "promote" })).await;
    unknown.is_problem(400, "field-invalid");
}

#[tokio::test]
async fn a_scan_without_what_its_kind_needs_is_told() {
    let door = Door::open().await;
    for kind in [
        "identify",
        "disinfect_start",
        "sort",
        "load",
        "unload",
        "depart",
        "relay",
        "hand_off",
        "fail",
        "return",
        "refuse",
        "reopen",
        "damage",
        "missing",
        "found",
        "recall",
        "lift_recall",
        "dispose",
        "keep_overnight",
        "settle_dispute",
    ] {
        is_refused(&door.scan(kind, json!({})).await, "scan-invalid");
    }
    let both = json!({ "code": NUMBER, "container": "台1" });
    is_refused(&door.scan("disinfect_start", both).await, "scan-invalid");
}

#[tokio::test]
async fn codes_that_cannot_be_read_are_told() {
    let door = Door::open().await;
    let mut told = String::new();
    for code in [
        "",
        " ",
        "12",
        "SF12345😀6789",
        "SF123\u{7}456",
        "SF123\n456",
        "单号一二三四五",
        "https://example.org/t?n=SF1234567890123",
        "../../etc/passwd",
        "'; DROP TABLE events; --",
        &"9".repeat(5_000),
    ] {
        let answer = door.scan("arrive", json!({ "code": code, "carrier": "sf" })).await;
        is_refused(&answer, "code-unreadable");
        let shown: String = code.chars().take(20).collect();
        writeln!(told, "{shown:?}: {}", answer["problem"]["detail"]).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_carrier_is_never_guessed() {
    let door = Door::open().await;
    let answer = door.scan("arrive", json!({ "code": "773123456789" })).await;
    is_refused(&answer, "carrier-needed");
    let told = answer["problem"]["detail"].as_str().unwrap();
    assert!(told.contains("sto"), "{told}");
    let announced = json!({ "code": "773123456789", "carrier": "sto" });
    is(&door.scan("expect", announced).await, "accepted");
    is(&door.scan("arrive", json!({ "code": "773123456789" })).await, "held");
}

#[tokio::test]
async fn an_unknown_and_an_ambiguous_code_are_told() {
    let door = Door::open().await;
    let sort = |fields: Value| door.scan("sort", fields);
    is_refused(&sort(json!({ "code": "773123456789" })).await, "piece-unknown");
    for carrier in ["sto", "zto"] {
        let mut piece = medicine();
        piece["code"] = json!("773123456789");
        piece["carrier"] = json!(carrier);
        is(&door.scan("arrive", piece).await, "accepted");
    }
    let ambiguous = sort(json!({ "code": "773123456789" })).await;
    is_refused(&ambiguous, "code-ambiguous");
    let detail = ambiguous["problem"]["detail"].as_str().unwrap();
    assert!(detail.contains("sto") && detail.contains("zto"), "{detail}");
    is(&sort(json!({ "code": "773123456789", "carrier": "zto" })).await, "accepted");
}

#[tokio::test]
async fn scans_in_the_wrong_order_are_told_what_comes_first() {
    let door = Door::open().await;
    let (run, _) = door.run("1").await;
    let mut goods = medicine();
    goods["category"] = json!("parcel_goods");
    is(&door.scan("arrive", goods).await, "accepted");
    let piece = || json!({ "code": NUMBER });
    let on_run = || json!({ "code": NUMBER, "run": run });
    is_refused(&door.scan("sort", piece()).await, "disinfection-not-started");
    is_refused(&door.scan("load", on_run()).await, "parcel-not-sorted");
    is_refused(&door.scan("hand_off", on_run()).await, "parcel-not-sorted");
    is_refused(&door.scan("disinfect_stop", piece()).await, "disinfection-not-started");
    is(&door.scan("disinfect_start", piece()).await, "accepted");
    is_refused(&door.scan("disinfect_stop", piece()).await, "still-disinfecting");
    is_refused(&door.scan("sort", piece()).await, "disinfection-not-confirmed");
    door.pass(600);
    is(&door.scan("disinfect_stop", piece()).await, "accepted");
    is(&door.scan("sort", piece()).await, "accepted");
    is_refused(&door.scan("relay", on_run()).await, "parcel-not-loaded");
    is(&door.scan("load", on_run()).await, "accepted");
    let counted = json!({ "run": run, "counted_pieces": 2 });
    is_refused(&door.scan("depart", counted).await, "run-count-differs");
    let unknown = json!({ "code": NUMBER, "run": door.thing() });
    is_refused(&door.scan("load", unknown).await, "run-unknown");
    is_refused(
        &door.scan("disinfect_start", json!({ "container": "台9" })).await,
        "container-empty",
    );
}

#[tokio::test]
async fn nobody_crosses_grids() {
    let door = Door::open().await;
    let (other, _) = door.run("2").await;
    is(&door.scan("arrive", medicine()).await, "accepted");
    let misplaced = json!({ "code": NUMBER, "placed_in": "2" });
    is_refused(&door.scan("sort", misplaced).await, "wrong-grid");
    is(&door.scan("sort", json!({ "code": NUMBER, "placed_in": "1" })).await, "accepted");
    is_refused(&door.scan("load", json!({ "code": NUMBER, "run": other })).await, "wrong-grid");
    let (run, _) = door.run("1").await;
    is(&door.scan("load", json!({ "code": NUMBER, "run": run })).await, "accepted");
    let elsewhere =
        json!({ "code": NUMBER, "door": { "building": "2", "unit": "1", "room": "301" } });
    is_refused(&door.scan("hand_off", elsewhere).await, "wrong-door");
    is_refused(
        &door.scan("relay", json!({ "code": NUMBER, "building": "2" })).await,
        "wrong-building",
    );
}

#[tokio::test]
async fn a_community_that_nobody_registered_is_told() {
    let door = Door::empty().await;
    let scan = json!({ "kind": "missing", "command_id": door.command_id(), "code": NUMBER });
    let answer =
        door.post(SCANS, &enveloped(&json!({}), &[scan])).await.json()["answers"][0].take();
    is_refused(&answer, "community-unknown");
}

#[tokio::test]
async fn a_broken_community_file_is_told() {
    let door = Door::empty().await;
    let file = super::door::COMMUNITY_FILE;
    let wrong = [
        "id = ".to_owned(),
        "id = \"x\"".to_owned(),
        file.replace("Asia/Shanghai", "Asia/Atlantis"),
        file.replace("grid = \"1\"", "grid = \"1\"\ngarden = true"),
        file.replace("willow-court", "Willow Court"),
    ];
    for file in wrong {
        let path = "/api/v1/communities?actor=desk";
        let answered = door.send("POST", path, &[], file.into()).await;
        answered.is_problem(400, "community-file-invalid");
    }
    assert_eq!(door.count().await, 0);
}
