//! Off the normal way: another gate, late claims, two recalls, a lost piece, too heavy a run.

use serde_json::{Value, json};
use uuid::Uuid;

use super::door::{Door, commands_of, is, is_refused};

const NUMBER: &str = "SF1234567890123";

fn arrival(household: Uuid) -> Value {
    json!({ "code": NUMBER, "carrier": "sf", "category": "medicine", "household": household })
}

fn on(run: Uuid) -> Value {
    json!({ "code": NUMBER, "run": run })
}

/// A piece on its shelf; the parcel's path.
async fn on_shelf(door: &Door) -> String {
    let household = door.household("1", "1", "301").await;
    let arrived = door.scan("arrive", arrival(household)).await;
    is(&arrived, "accepted");
    is(&door.scan("sort", json!({ "code": NUMBER })).await, "accepted");
    format!("parcels/{}", arrived["parcel"].as_str().unwrap())
}

async fn leave_with(door: &Door, run: Uuid) {
    is(&door.scan("load", on(run)).await, "accepted");
    is(&door.scan("depart", json!({ "run": run, "counted_pieces": 1 })).await, "accepted");
}

async fn status_on(door: &Door, run: Uuid) -> Value {
    door.settle().await;
    door.see(&format!("runs/{run}")).await["pieces"][0]["status"].take()
}

#[tokio::test]
async fn a_piece_comes_in_at_the_intake_point_only() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let mut elsewhere = arrival(household);
    elsewhere["gate"] = json!("北门");
    let refused = door.scan("arrive", elsewhere.clone()).await;
    is_refused(&refused, "not-the-intake-point");
    assert!(refused["problem"]["title"].as_str().unwrap().contains("南门"));
    elsewhere["gate"] = json!("南门");
    is(&door.scan("arrive", elsewhere).await, "accepted");
}

#[tokio::test]
async fn a_wait_is_told_by_the_clock_on_the_wall() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let mut goods = arrival(household);
    goods["category"] = json!("parcel_goods");
    is(&door.scan("arrive", goods).await, "accepted");
    is(&door.scan("disinfect_start", json!({ "code": NUMBER })).await, "accepted");
    let early = door.scan("disinfect_stop", json!({ "code": NUMBER })).await;
    is_refused(&early, "still-disinfecting");
    let problem = &early["problem"];
    assert_eq!(problem["title"], "消杀作用时间未到：请等到 09:10");
    let english = "the disinfection must act until 09:10: wait until then";
    assert_eq!(problem["detail"], english);
}

#[tokio::test]
async fn an_old_return_takes_the_piece_off_no_later_run() {
    let door = Door::open().await;
    let parcel = on_shelf(&door).await;
    let ((first, _), (second, _)) = (door.run("1").await, door.run("1").await);
    leave_with(&door, first).await;
    is(&door.scan("return", on(first)).await, "accepted");
    leave_with(&door, second).await;
    is_refused(&door.scan("return", on(first)).await, "wrong-run");
    assert_eq!(door.see(&parcel).await["custody"], json!({ "run": second }));
    is(&door.scan("return", on(second)).await, "accepted");
}

#[tokio::test]
async fn a_late_hand_off_of_a_former_run_is_a_dispute_and_both_runs_hear_how_it_ends() {
    let door = Door::open().await;
    let parcel = on_shelf(&door).await;
    let ((first, _), (second, _)) = (door.run("1").await, door.run("1").await);
    leave_with(&door, first).await;
    is(&door.scan("return", on(first)).await, "accepted");
    leave_with(&door, second).await;
    is(&door.scan("hand_off", on(first)).await, "accepted");
    let seen = door.see(&parcel).await;
    assert_eq!((&seen["disputed"], &seen["custody"]), (&json!(true), &json!({ "run": second })));
    let truth = |truth: &str| json!({ "code": NUMBER, "truth": truth });
    is_refused(
        &door.scan("settle_dispute", truth("given_back")).await,
        "not-a-side-of-the-dispute",
    );
    is(&door.scan("settle_dispute", truth("handed_off")).await, "accepted");
    for run in [first, second] {
        assert_eq!(status_on(&door, run).await, "delivered");
    }
    let seen = door.see(&parcel).await;
    assert_eq!((&seen["disputed"], &seen["custody"]), (&json!(false), &json!("household")));
    let close = json!({ "kind": "close", "counted_back": 0 });
    door.done(&format!("runs/{second}"), close).await;
}

#[tokio::test]
async fn a_piece_waits_until_every_recall_is_lifted() {
    let door = Door::open().await;
    on_shelf(&door).await;
    let (run, _) = door.run("1").await;
    let named = |recall: &str| json!({ "code": NUMBER, "recall": recall });
    is(&door.scan("recall", named("批次7")).await, "accepted");
    is(&door.scan("recall", named("分拨2")).await, "accepted");
    is_refused(&door.scan("lift_recall", json!({ "code": NUMBER })).await, "scan-invalid");
    is_refused(&door.scan("lift_recall", named("批次8")).await, "recall-unknown");
    is(&door.scan("lift_recall", named("批次7")).await, "accepted");
    is_refused(&door.scan("load", on(run)).await, "parcel-recalled");
    is(&door.scan("lift_recall", named("分拨2")).await, "accepted");
    is(&door.scan("load", on(run)).await, "accepted");
}

#[tokio::test]
async fn a_run_closes_without_a_piece_that_was_lost() {
    let door = Door::open().await;
    let parcel = on_shelf(&door).await;
    let (run, _) = door.run("1").await;
    leave_with(&door, run).await;
    let lost = || json!({ "code": NUMBER, "disposal": "lost" });
    let close = || json!({ "kind": "close", "counted_back": 0 });
    is_refused(&door.scan("dispose", lost()).await, "parcel-not-missing");
    is(&door.scan("missing", json!({ "code": NUMBER })).await, "accepted");
    let path = format!("runs/{run}");
    door.command(&path, close()).await.is_problem(422, "run-pieces-outstanding");
    is(&door.scan("dispose", lost()).await, "accepted");
    assert_eq!(door.see(&parcel).await["custody"], "disposed");
    assert_eq!(status_on(&door, run).await, "lost");
    door.done(&path, close()).await;
    let figures = door.see("day-report").await["total"].take();
    assert_eq!((&figures["disposed"], &figures["missing"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn nobody_is_asked_to_carry_more_than_they_can() {
    let door = Door::open().await;
    let (run, volunteer) = (door.thing(), door.thing());
    let load = |weight_grams: u32| json!({ "pieces": 5, "weight_grams": weight_grams, "volume_millilitres": 90_000 });
    let enrol = json!({
        "kind": "enrol", "grid": "1", "roles": ["courier"], "protection": false,
        "carry_limit": load(9_000),
    });
    door.done(&format!("volunteers/{volunteer}"), enrol).await;
    let path = format!("runs/{run}");
    let plan = json!({
        "kind": "plan", "grid": "1", "day": "2022-11-10", "opens": "08:00:00",
        "closes": "20:00:00", "limit": load(9_001), "stops": [], "needs_protection": false,
    });
    let planned = door.done(&path, plan).await;
    let offer = json!({
        "command_id": door.command_id(), "actor": "desk",
        "expected_revision": planned["revision"],
        "command": { "kind": "offer", "volunteer": volunteer },
    });
    let refused = door.post(&commands_of(&path), &offer).await;
    refused.is_problem(422, "run-over-carry-limit");
}

#[tokio::test]
async fn a_zone_that_closed_since_then_does_not_undo_what_happened() {
    let door = Door::open().await;
    let parcel = on_shelf(&door).await;
    let (run, _) = door.run("1").await;
    leave_with(&door, run).await;
    let close = json!({
        "kind": "change_zone_state", "zone": "东片", "restriction": "sealed", "from": door.now(),
    });
    door.done("", close).await;
    door.pass(60);
    let told = door.scan("hand_off", on(run)).await;
    is(&told, "accepted");
    assert_eq!(told["cue"]["say_chinese"], "已送达，该封控区现已关闭，告知前台");
    assert_eq!(status_on(&door, run).await, "delivered");
    let last =
        door.events().await.into_iter().rfind(|event| *event.event_type == *"ParcelHandedOff");
    let fact: Value = serde_json::from_slice(&last.unwrap().data).unwrap();
    assert_eq!(fact["closed_zone"], "东片");
    assert_eq!(door.see(&parcel).await["phase"], "handed_off");
    // Nothing leaves for it: that is decided here, and now.
    let household = door.household("1", "1", "302").await;
    let second = json!({
        "code": "SF1234567890124", "carrier": "sf", "category": "medicine", "household": household,
    });
    is(&door.scan("arrive", second).await, "accepted");
    is(&door.scan("sort", json!({ "code": "SF1234567890124" })).await, "accepted");
    let (later, _) = door.run("1").await;
    let load = json!({ "code": "SF1234567890124", "run": later });
    is_refused(&door.scan("load", load).await, "zone-closed");
}
