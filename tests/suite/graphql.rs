//! GraphQL: documents in, answers out, over the router and over real connections.

mod asking;
mod clients;
mod contract;
mod examples;
mod hostile;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::api::door::Door;

/// Asks a document; the whole answer.
pub async fn answer(door: &Door, document: &str, variables: Value) -> Value {
    let body = json!({ "query": document, "variables": variables });
    let headers = [("content-type", "application/json")];
    let answered = door.send("POST", "/graphql", &headers, body.to_string().into()).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.json());
    answered.json()
}

/// Asks a document that must be answered without an error; its data.
pub async fn ask(door: &Door, document: &str, variables: Value) -> Value {
    let mut answer = answer(door, document, variables).await;
    assert!(answer["errors"].is_null(), "{document}\n{answer:#}");
    answer["data"].take()
}

/// Asks a document that must fail; the code of its first error.
pub async fn fault(door: &Door, document: &str, variables: Value) -> String {
    let answer = answer(door, document, variables).await;
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    code.unwrap_or_else(|| panic!("no code: {answer:#}")).to_owned()
}
