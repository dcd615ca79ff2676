//! The views over HTTP: as they stand, as they stood, and told while they change.

use api::{Change, Note};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::door::{COMMUNITY, Door, is};

const NUMBER: &str = "SF1234567890123";
const ARRIVAL_ADDRESS: &str = "柳园1号楼1单元301";

async fn arrive(door: &Door, number: &str) {
    let arrival = json!({ "code": number, "carrier": "sf", "address": ARRIVAL_ADDRESS });
    is(&door.scan("arrive", arrival).await, "accepted");
}

fn path(rest: &str) -> String {
    format!("/api/v1/communities/{COMMUNITY}/{rest}")
}

#[tokio::test]
async fn a_scanned_piece_is_in_its_buildings_queue_before_the_scan_is_answered() {
    let door = Door::open().await;
    arrive(&door, NUMBER).await;
    let start = json!({ "code": NUMBER, "carrier": "sf" });
    is(&door.scan("disinfect_start", start).await, "accepted");
    door.pass(200);
    let seen = door.see("building-queues/1?doors=true").await;
    let queue = &seen["queue"];
    assert_eq!(queue["total"]["disinfecting"], 1);
    assert_eq!(queue["disinfection"]["all_seconds_left"], 400);
    assert_eq!(queue["oldest"]["age_seconds"], 200);
    // 09:03:20 in the community; parcels go from 13:30 to 17:30.
    assert_eq!(queue["windows"][0]["opens_in_seconds"], 4 * 3600 + 26 * 60 + 40);
    assert_eq!(seen["units"][0]["doors"][0]["door"]["room"], "301");
    insta::assert_json_snapshot!("the_queue", seen);

    let board = door.see("board").await;
    assert_eq!(board["total"]["pieces"]["disinfecting"], 1);
    assert_eq!(board["grids"][0]["figures"]["pieces"]["disinfecting"], 1);
    assert_eq!(board["grids"][1]["figures"]["pieces"]["disinfecting"], 0);
    assert_eq!(board["pace"]["pieces_last_10_minutes"], 1);
    let boards = door.get("/api/v1/boards").await.json();
    assert_eq!(boards["communities"][0]["board"]["total"]["pieces"]["disinfecting"], 1);
}

#[tokio::test]
async fn a_view_is_asked_as_it_stood() {
    let door = Door::open().await;
    arrive(&door, NUMBER).await;
    let then = door.now();
    door.pass(60);
    arrive(&door, "SF1234567890124").await;
    let figures = async |query: &str| {
        let answered = door.get(&path(&format!("board{query}"))).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.json());
        let position = answered.headers["lastmeter-position"].to_str().unwrap().to_owned();
        (answered.json()["total"]["pieces"]["at_gate"].as_u64().unwrap(), position)
    };
    let (live, at) = figures("").await;
    assert_eq!((live, at), (2, door.count().await.to_string()));
    let (past, earlier) = figures(&format!("?asOf={then}")).await;
    assert_eq!(past, 1);
    assert!(earlier.parse::<u64>().unwrap() < door.count().await);
    // The second question is answered by the same fold.
    assert_eq!(figures(&format!("?asOf={then}")).await, (past, earlier));

    let tomorrow = door.get(&path("board?asOf=2022-11-11T01:00:00Z")).await;
    tomorrow.is_problem(400, "as-of-future");
    let before = door.get(&path("board?asOf=2022-11-09T01:00:00Z")).await;
    before.is_problem(404, "community-unknown");
    let typo = door.get(&path("board?asof=2022-11-09T01:00:00Z")).await;
    typo.is_problem(400, "query-invalid");
    door.get(&path("building-queues/99")).await.is_problem(404, "building-unknown");
}

#[tokio::test]
async fn whoever_wrote_reads_his_own_write_or_is_told_that_it_was_never_written() {
    let door = Door::open().await;
    arrive(&door, NUMBER).await;
    let seen = door.see(&format!("board?atLeast={}", door.count().await)).await;
    assert_eq!(seen["total"]["pieces"]["at_gate"], 1);
    let unwritten = door.count().await + 1;
    let future = door.get(&path(&format!("board?atLeast={unwritten}"))).await;
    future.is_problem(400, "position-not-written");
}

#[tokio::test]
async fn whoever_follows_is_told_which_building_changed() {
    let door = Door::open().await;
    let mut changes = door.views.changes(Some(COMMUNITY.parse().unwrap()));
    arrive(&door, NUMBER).await;
    let Note::Changed(change) = changes.next().await else { panic!("nothing was lost") };
    let Change { position, event_type, buildings, grids, parcel, needs_care, .. } = &*change;
    assert_eq!((*event_type, *position), ("ParcelArrived", door.count().await));
    assert_eq!((buildings, grids), (&vec!["1".parse().unwrap()], &vec!["1".parse().unwrap()]));
    assert!(parcel.is_some() && !needs_care);

    let lost = json!({ "code": NUMBER, "carrier": "sf" });
    is(&door.scan("missing", lost).await, "accepted");
    let Note::Changed(change) = changes.next().await else { panic!("nothing was lost") };
    assert!(change.needs_care);
    let seen: Value = door.see("board").await;
    assert_eq!(seen["total"]["exceptions"], 1);
}
