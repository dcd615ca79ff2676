//! The questions people ask, over HTTP: plans, sheets, care, boxes, coverage, and "I never got it".

use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::door::{COMMUNITY, Door, is};

const NUMBER: &str = "SF1234567890123";

fn path(rest: &str) -> String {
    format!("/api/v1/communities/{COMMUNITY}/{rest}")
}

fn piece() -> Value {
    json!({ "code": NUMBER, "carrier": "sf" })
}

/// A piece of medicine for a household, sorted; medicine needs no disinfection here.
async fn sorted(door: &Door, number: &str, household: Uuid) -> String {
    let arrival = json!({
        "code": number, "carrier": "sf", "category": "medicine", "household": household,
    });
    let answer = door.scan("arrive", arrival).await;
    is(&answer, "accepted");
    is(&door.scan("sort", json!({ "code": number, "carrier": "sf" })).await, "accepted");
    answer["parcel"].as_str().unwrap().to_owned()
}

async fn csv(door: &Door, rest: &str) -> Vec<String> {
    let answered = door.get(&path(rest)).await;
    assert_eq!(answered.status, StatusCode::OK);
    assert!(answered.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    let text = String::from_utf8(answered.bytes).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("the mark for spreadsheets");
    text.split_terminator("\r\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn a_courier_reads_the_route_and_what_changed_of_it() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let contact = json!({ "kind": "set_contact", "note": "敲门要响", "phone_tails": ["4567"] });
    door.done(&format!("households/{household}"), contact).await;
    let (run, _) = door.run("1").await;
    let parcel = sorted(&door, NUMBER, household).await;
    is(&door.scan("load", json!({ "code": NUMBER, "run": run })).await, "accepted");
    door.settle().await;

    let sheet = door.see(&format!("run-sheets/{run}?seen=0")).await;
    let stop = &sheet["stops"][0];
    assert_eq!((&stop["floor"], &stop["is_live"]), (&json!(3), &json!(false)));
    assert_eq!(stop["pieces"][0]["marks"], json!(["medicine"]));
    assert_eq!(stop["pieces"][0]["change"], "added");
    let seen = sheet["revision"].as_u64().unwrap();
    let again = door.see(&format!("run-sheets/{run}?seen={seen}")).await;
    assert_eq!(again["is_changed"], false);

    is(&door.scan("depart", json!({ "run": run, "counted_pieces": 1 })).await, "accepted");
    door.settle().await;
    let answered = door.get(&path(&format!("run-sheets/{run}?seen={seen}"))).await;
    let sheet = answered.json();
    assert_eq!(sheet["stops"][0]["is_live"], true);
    assert!(!sheet.to_string().contains("敲门要响"), "a note is for whoever has the PIN");
    assert_eq!(sheet["is_changed"], false, "what the courier does is no change");
    let tag = answered.headers["etag"].to_str().unwrap();
    let unchanged = door
        .send("GET", &path(&format!("run-sheets/{run}")), &[("if-none-match", tag)], "".into())
        .await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);

    let plan = door.see("delivery-plan").await;
    let grids: Vec<_> = plan["windows"].as_array().unwrap().iter().collect();
    let with_run = grids.iter().find_map(|window| {
        window["grids"].as_array()?.iter().find(|grid| grid["runs"][0]["run"] == json!(run))
    });
    let grid = with_run.expect("the run is in the plan");
    assert_eq!(grid["runs"][0]["load_percent"], 33, "{grid:#}");
    let rows = csv(&door, "delivery-plan/export.csv").await;
    assert!(rows.iter().any(|row| row.contains(&run.to_string())), "{rows:?}");

    let boxed = door.see(&format!("households/{household}/box")).await;
    assert_eq!(boxed["pieces"][0]["parcel"], json!(parcel));
    assert_eq!(boxed["pieces"][0]["spot"], "loaded");
    door.get(&path(&format!("run-sheets/{}", door.thing()))).await.is_problem(404, "run-unknown");
}

#[tokio::test]
async fn what_needs_care_is_cleared_one_by_one_and_the_shelf_is_empty_in_the_evening() {
    let door = Door::open().await;
    let nobody = json!({ "code": NUMBER, "carrier": "sf", "address": "不知道哪里" });
    is(&door.scan("arrive", nobody).await, "held");
    let household = door.household("1", "1", "301").await;
    let parcel = sorted(&door, "SF1234567890124", household).await;
    let lost = json!({ "code": "SF1234567890124", "carrier": "sf" });
    is(&door.scan("missing", lost.clone()).await, "accepted");
    let reasons = async || {
        let entries = door.see("needs-care").await;
        let entries = entries.as_array().unwrap().clone();
        entries.iter().map(|entry| entry["reasons"][0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(reasons().await, [json!("held"), json!("missing")]);
    let one = door.see("needs-care?grid=1&reason=missing").await;
    assert_eq!(one[0]["parcel"], json!(parcel));
    assert_eq!(csv(&door, "needs-care/export.csv").await.len(), 3);
    is(&door.scan("found", lost).await, "accepted");
    assert_eq!(reasons().await, [json!("held")]);

    // The window of parcels closes at 17:30; the held piece is overdue then.
    door.pass(9 * 3600);
    let overdue = door.see("needs-care?reason=overdue").await;
    assert_eq!(overdue.as_array().unwrap().len(), 1, "{overdue:#}");

    let shelf = door.see("zero-shelf").await;
    assert_eq!((&shelf["is_complete"], &shelf["without_reason"]), (&json!(false), &json!(2)));
    for (number, status) in [(NUMBER, "held"), ("SF1234567890124", "accepted")] {
        let keep = json!({
            "code": number, "carrier": "sf", "overnight": "nobody_home", "owner": "desk",
        });
        let answer = door.scan("keep_overnight", keep).await;
        is(&answer, status);
    }
    let shelf = door.see("zero-shelf").await;
    assert_eq!(shelf["is_complete"], true, "{shelf:#}");
    assert_eq!(csv(&door, "zero-shelf/export.csv").await.len(), 3);
}

#[tokio::test]
async fn a_resident_looks_up_a_door_and_learns_nothing_else() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let contact = json!({ "kind": "set_contact", "phone_tails": ["4567"] });
    door.done(&format!("households/{household}"), contact).await;
    sorted(&door, NUMBER, household).await;
    let ask = async |room: &str, tail: &str| {
        let at = json!({ "building": "1", "unit": "1", "room": room });
        door.post(&path("look-up"), &json!({ "door": at, "phone_tail": tail })).await
    };
    let found = ask("301", "4567").await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.json());
    let found = found.json();
    let fields = found["pieces"][0].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields, ["category", "in_spot_since", "number_tail", "spot", "window"]);
    assert_eq!(found["pieces"][0]["number_tail"], "0123");

    // A wrong number, a door without a household and a door that there is not: one answer.
    let refused: Vec<_> = [("301", "4568"), ("302", "4567"), ("999", "4567")]
        .map(async |(room, tail)| ask(room, tail).await.json())
        .into();
    let mut answers = vec![];
    for answer in refused {
        answers.push(answer.await);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(answers[0]["code"], "look-up-nothing");
    ask("301", "13800004567").await.is_problem(400, "phone-tail-shape");

    for _ in 0..3 {
        ask("301", "0000").await;
    }
    let limited = ask("301", "4567").await;
    limited.is_problem(429, "look-up-limit");
    assert_eq!(limited.headers["retry-after"], "600");
    door.pass(600);
    assert_eq!(ask("301", "4567").await.status, StatusCode::OK);
}

#[tokio::test]
async fn i_never_got_it_is_answered_months_later() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let (run, _) = door.run("1").await;
    let parcel = sorted(&door, NUMBER, household).await;
    is(&door.scan("load", json!({ "code": NUMBER, "run": run })).await, "accepted");
    door.pass(60);
    is(&door.scan("depart", json!({ "run": run, "counted_pieces": 1 })).await, "accepted");
    let failed = json!({ "code": NUMBER, "failure": "no_answer" });
    is(&door.scan("fail", failed).await, "accepted");
    door.pass(300);
    let at_the_door = json!({
        "code": NUMBER, "run": run, "received_by": "neighbour",
        "door": { "building": "1", "unit": "1", "room": "301" },
    });
    is(&door.scan("hand_off", at_the_door).await, "accepted");
    door.settle().await;
    assert_eq!(door.see("building-queues/1").await["queue"]["total"]["handed_off_today"], 1);

    // Another piece three months later: the first one has left memory by then.
    door.pass(90 * 24 * 3600);
    let other = sorted(&door, "SF1234567890124", household).await;
    let boxed = door.see(&format!("households/{household}/box")).await;
    let boxed: Vec<_> =
        boxed["pieces"].as_array().unwrap().iter().map(|piece| piece["parcel"].clone()).collect();
    assert_eq!(boxed, [json!(other)]);

    let story = door.see(&format!("parcels/{parcel}/story")).await;
    assert_eq!(story["handovers"], 3);
    let holders: Vec<_> =
        story["custody"].as_array().unwrap().iter().map(|held| held["holder"].clone()).collect();
    assert_eq!(holders, [json!("intake_point"), json!({ "run": run }), json!("household")]);
    assert_eq!(story["attempts"][0]["failure"], "no_answer");
    assert_eq!(story["attempts"][1]["received_by"], "neighbour");
    insta::assert_json_snapshot!("the_story", story["steps"]);
    assert_eq!(csv(&door, &format!("parcels/{parcel}/story/export.csv")).await.len(), 6);

    let uncovered = door.see("coverage?days=30").await;
    assert_eq!((&uncovered["households"], &uncovered["covered"]), (&json!(1), &json!(0)));
    assert_eq!(uncovered["uncovered"][0]["days"], 90, "{uncovered:#}");
    let covered = door.see("coverage?days=30&asOf=2022-11-12T01:00:00Z").await;
    assert_eq!(covered["covered"], 1);
    assert_eq!(csv(&door, "coverage/export.csv?days=30").await.len(), 2);
}

/// The words of the Core Business Vocabulary 2.0 that a document of ours may use (sections 7.1 and
/// 7.2 of the standard).
const BUSINESS_STEPS: [&str; 10] = [
    "accepting",
    "arriving",
    "destroying",
    "holding",
    "inspecting",
    "loading",
    "other",
    "receiving",
    "shipping",
    "staging_outbound",
];
const DISPOSITIONS: [&str; 8] = [
    "completeness_verified",
    "damaged",
    "destroyed",
    "in_progress",
    "in_transit",
    "recalled",
    "returned",
    "unknown",
];

#[tokio::test]
async fn a_trail_is_told_to_other_systems_as_epcis() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let (run, _) = door.run("1").await;
    let parcel = sorted(&door, NUMBER, household).await;
    for (kind, fields) in [
        ("load", json!({ "code": NUMBER, "run": run })),
        ("depart", json!({ "run": run, "counted_pieces": 1 })),
        ("relay", piece()),
        ("damage", json!({ "code": NUMBER, "carrier": "sf", "usable": true })),
    ] {
        is(&door.scan(kind, fields).await, "accepted");
    }
    let answered = door.get(&path(&format!("parcels/{parcel}/epcis"))).await;
    assert_eq!(answered.headers["content-type"], "application/ld+json");
    let document = answered.json();
    let context = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";
    assert_eq!(document["@context"][0], context);
    assert_eq!(
        (&document["type"], &document["schemaVersion"]),
        (&json!("EPCISDocument"), &json!("2.0"))
    );
    let events = document["epcisBody"]["eventList"].as_array().unwrap();
    assert_eq!(events.len(), 5);
    for event in events {
        let word = |name: &str| event[name].as_str().unwrap_or_else(|| panic!("{name}: {event:#}"));
        assert_eq!(word("type"), "ObjectEvent");
        assert_eq!(word("eventTimeZoneOffset"), "+08:00");
        assert!(["ADD", "OBSERVE", "DELETE"].contains(&word("action")));
        assert!(BUSINESS_STEPS.contains(&word("bizStep")), "{event:#}");
        assert!(DISPOSITIONS.contains(&word("disposition")), "{event:#}");
        assert!(word("eventID").starts_with("urn:uuid:"));
        assert_eq!(word("eventTime").split_once('.').unwrap().1, "000Z", "{event:#}");
        let epcs = event["epcList"].as_array().unwrap();
        assert_eq!(epcs, &[json!(format!("urn:lastmeter:parcel:{COMMUNITY}:{parcel}"))]);
        if let Some(place) = event.get("readPoint") {
            assert!(place["id"].as_str().unwrap().is_ascii(), "a URN is ASCII: {event:#}");
        }
    }
}

#[tokio::test]
async fn a_shift_is_printed_and_exported() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    sorted(&door, NUMBER, household).await;
    let report = door.see("day-report?from=08:30:00&until=12:00:00").await;
    assert_eq!(report["by_programme"]["no_order"]["arrived"], 1);
    let night = door.see("day-report?from=18:00:00").await;
    assert_eq!(night["total"]["arrived"], 0);
    let rows = csv(&door, "day-report/export.csv").await;
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!(rows[2], "2022-11-10,,,category,medicine,1,0,1,0,0,0,0,0,0,0,0");
    let page = door.get(&path("day-report/print?from=08:30:00")).await;
    let text = String::from_utf8(page.bytes).unwrap();
    assert!(text.contains("柳园 日报") && text.contains("药品 medicine"), "{text}");
    assert_eq!(csv(&door, "board/export.csv").await.len(), 3);
    assert_eq!(csv(&door, "building-queues/export.csv").await.len(), 2);
    assert_eq!(csv(&door, "run-sheets/export.csv").await.len(), 1);
}
