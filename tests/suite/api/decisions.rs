//! Decisions carry the version that they were made against; another one is a conflict.

use axum::http::{StatusCode, header};
use serde_json::json;

use super::door::{Door, commands_of};

#[tokio::test]
async fn a_decision_on_an_old_version_is_a_conflict_that_names_both() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let path = format!("orders/{}", door.thing());
    let place = json!({
        "kind": "place", "channel": "online", "household": household, "placed_by": "desk",
        "lines": [{ "item": "牛奶", "category": "produce", "quantity": 2 }], "pieces": 1,
    });
    door.done(&path, place).await;
    let read = door.get(&format!("/api/v1/communities/willow-court/{path}")).await;
    let tag = read.headers[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(tag, "\"0\"");
    door.done(&path, json!({ "kind": "correct_pieces", "pieces": 2 })).await;

    let cancel = json!({ "kind": "cancel", "reason": "household_wish" });
    let body = json!({ "command_id": door.command_id(), "actor": "desk", "command": cancel });
    let send = async |tag: &str| {
        let headers = [(header::IF_MATCH.as_str(), tag)];
        door.send("POST", &commands_of(&path), &headers, body.to_string().into()).await
    };
    let conflict = send(&tag).await.is_problem(409, "version-conflict");
    for field in ["title", "detail"] {
        let text = conflict[field].as_str().unwrap();
        assert!(text.contains('0') && text.contains('1'), "{text}");
    }
    // It is final for its id, whatever version is said the second time.
    assert_eq!(send("\"1\"").await.json(), conflict);

    let mut anew = body.clone();
    anew["command_id"] = json!(door.command_id());
    anew["expected_revision"] = json!(1);
    let done = door.post(&commands_of(&path), &anew).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    assert_eq!(door.see(&path).await["phase"], "cancelled");
}

#[tokio::test]
async fn some_decisions_are_not_taken_without_a_version() {
    let door = Door::open().await;
    let (run, volunteer) = door.run("1").await;
    let path = format!("runs/{run}");
    let offer = json!({ "kind": "offer", "volunteer": volunteer });
    door.command(&path, offer).await.is_problem(428, "version-needed");
    let cancel = json!({ "kind": "cancel", "reason": "no_courier" });
    door.command(&path, cancel).await.is_problem(428, "version-needed");
}

#[tokio::test]
async fn an_if_match_that_is_no_tag_is_told() {
    let door = Door::open().await;
    let headers = [(header::IF_MATCH.as_str(), "yesterday")];
    let path = commands_of(&format!("runs/{}", door.thing()));
    let body = json!({
        "command_id": door.command_id(), "actor": "desk",
        "command": { "kind": "cancel", "reason": "no_courier" },
    });
    let answered = door.send("POST", &path, &headers, body.to_string().into()).await;
    answered.is_problem(400, "if-match-invalid");
}
