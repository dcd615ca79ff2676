//! The examples of `docs/graphql.md` work as they stand there.

use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ask;
use crate::api::door::{Door, is};

const DOCUMENT: &str = include_str!("../../../docs/graphql.md");
const FUMIN_GARDEN: &str =
    include_str!("../../../services/simulator/communities/fumin-garden.toml");

/// Each example with the name of its operation.
fn examples() -> Vec<(&'static str, &'static str)> {
    let blocks = DOCUMENT.split("```graphql\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("\n```").next());
    let named = blocks.map(|block| {
        let name = block.split([' ', '(', '{']).nth(1).unwrap();
        (name, block)
    });
    named.collect()
}

/// What the examples have for variables.
struct Names {
    parcel: Value,
    home: Uuid,
    run: Uuid,
}

/// A day at seven in the evening: a piece that came before six and one that came after, a
/// household, and a run.
async fn day() -> (Door, Names) {
    let door = Door::empty().await;
    let path = "/api/v1/communities?actor=desk";
    let loaded = door.send("POST", path, &[], FUMIN_GARDEN.into()).await;
    assert_eq!(loaded.status, StatusCode::OK, "{}", loaded.json());
    door.pass(8 * 3600);
    let arrive = async |number: &str| {
        let scan = json!({
            "command_id": door.command_id(), "kind": "arrive", "code": number, "carrier": "sf",
            "address": "10栋2单元301",
        });
        let envelope = json!({ "community": "fumin-garden" });
        let answer = door.answers(&envelope, &[scan]).await.remove(0);
        is(&answer, "accepted");
        answer["parcel"].clone()
    };
    let parcel = arrive("SF1234567890123").await;
    door.pass(2 * 3600);
    arrive("SF1234567890124").await;
    let (home, run) = (door.thing(), door.thing());
    let command = async |path: String, command: Value| {
        let body = json!({ "command_id": door.command_id(), "actor": "desk", "command": command });
        let path = format!("/api/v1/communities/fumin-garden/{path}/commands");
        let done = door.post(&path, &body).await;
        assert_eq!(done.status, StatusCode::OK, "{path}: {}", done.json());
    };
    let register = json!({
        "kind": "register", "doors": [{ "building": "10", "unit": "2", "room": "301" }],
        "language": "zh-CN", "phone_only": false,
    });
    command(format!("households/{home}"), register).await;
    let plan = json!({
        "kind": "plan", "grid": "3", "day": "2022-11-10", "opens": "18:00:00",
        "closes": "20:00:00", "stops": [], "needs_protection": false,
        "limit": { "pieces": 20, "weight_grams": 30_000, "volume_millilitres": 120_000 },
    });
    command(format!("runs/{run}"), plan).await;
    (door, Names { parcel, home, run })
}

#[tokio::test]
async fn every_example_works() {
    let (door, Names { parcel, home, run }) = day().await;
    let variables = json!({
        "parcel": parcel, "commandId": door.command_id(), "household": door.thing(),
        "home": home, "run": run,
    });
    let examples = examples();
    assert!(examples.len() >= 14, "only {} examples were found", examples.len());
    for (name, document) in examples {
        let told = if document.starts_with("subscription") {
            let after = document.replace("ParcelHandedOff", "ParcelArrived");
            door.first_frame(&json!({ "query": after })).await
        } else {
            ask(&door, document, wanted(document, &variables)).await
        };
        check(name, &told);
    }
}

/// The variables that a document has.
fn wanted(document: &str, variables: &Value) -> Value {
    let all = variables.as_object().unwrap();
    let used = all.iter().filter(|(name, _)| document.contains(&format!("${name}:")));
    used.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What each example tells of that day.
fn check(name: &str, told: &Value) {
    let views = &told["community"]["views"];
    let (found, expected) = match name {
        "Communities" => (&told["communities"]["nodes"][0]["today"], json!("2022-11-10")),
        "Board" => (&views["nowBoard"]["total"]["pieces"]["atGate"], json!(2)),
        "Building" => {
            (&views["buildingQueue"]["units"][0]["doors"][0]["door"]["room"], json!("301"))
        }
        "Evening" => (&views["at"], json!("2022-11-10T10:00:00Z")),
        "Trail" => {
            (&told["community"]["parcel"]["trail"]["nodes"][0]["eventType"], json!("ParcelArrived"))
        }
        "Plan" => (&views["deliveryPlan"]["day"], json!("2022-11-10")),
        "Care" => (&views["zeroShelf"]["withoutReason"], json!(2)),
        "Households" => (&views["coverage"]["uncovered"], json!([])),
        "Sheet" => (&views["runSheet"]["stops"], json!([])),
        "Runs" => (&told["community"]["openRuns"]["nodes"][0]["grid"], json!("3")),
        "Whose" => (&told["community"]["resolve"]["candidates"], json!([])),
        "Register" => (&told["householdRegister"]["alreadySo"], json!(false)),
        "Follow" => (&told["nowBoard"]["view"]["total"]["pieces"]["atGate"], json!(2)),
        "Events" => (&told["events"]["eventType"], json!("ParcelArrived")),
        other => panic!("nobody says what `{other}` tells"),
    };
    assert_eq!(*found, expected, "{name}: {told:#}");
}
