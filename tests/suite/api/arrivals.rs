//! Arrival slots: booked, moved, given back, marked, and never more of them than the gate takes.

use std::{ops::ControlFlow, sync::Arc};

use api::{LiveViews, ViewHashes};
use event_log::EventLog;
use futures::future::join_all;
use runtime::codec::Observed;
use serde_json::{Value, json};

use super::door::{Answered, COMMUNITY, Door};

const DAY: &str = "arrivals/2022-11-10";
/// Ten in the morning; the tests begin at nine.
const TEN: &str = "2022-11-10T02:00:00Z";
const ELEVEN: &str = "2022-11-10T03:00:00Z";

/// The community takes two deliveries an hour, from eight to noon.
async fn capped() -> Door {
    let door = Door::open().await;
    let hours = json!([{ "opens": "08:00:00", "closes": "12:00:00" }]);
    let policy = json!({ "kind": "set_arrival_policy", "hours": hours, "per_hour": 2 });
    door.done("", policy).await;
    door
}

fn booking(slot: uuid::Uuid, from: &str) -> Value {
    json!({
        "kind": "book", "slot": slot, "from": from, "party": "merchant", "label": "永辉超市",
        "pieces": 120, "category": "produce",
    })
}

async fn booked(door: &Door, from: &str) -> uuid::Uuid {
    let slot = door.thing();
    door.done(DAY, booking(slot, from)).await;
    slot
}

async fn asked(door: &Door, kind: &str, slot: uuid::Uuid) -> Answered {
    door.command(DAY, json!({ "kind": kind, "slot": slot })).await
}

/// What an hour shows: places taken, places free, and where its slots stand.
fn hour(day: &Value, opens: &str) -> (Value, Value, Vec<String>) {
    let hours = day["hours"].as_array().unwrap();
    let hour = hours.iter().find(|hour| hour["opens"] == opens).unwrap();
    let slots = hour["slots"].as_array().unwrap().iter();
    let standing = slots.map(|slot| slot["status"].as_str().unwrap().to_owned()).collect();
    (hour["used"].clone(), hour["free"].clone(), standing)
}

fn standing(used: u32, free: u32, slots: &[&str]) -> (Value, Value, Vec<String>) {
    (json!(used), json!(free), slots.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn a_full_hour_is_refused_and_the_next_free_ones_are_named() {
    let door = capped().await;
    booked(&door, TEN).await;
    booked(&door, TEN).await;
    let refused = door.command(DAY, booking(door.thing(), TEN)).await;
    refused.is_problem(422, "arrival-hour-full");
    let problem = refused.json();
    assert_eq!(
        problem["detail"], "the hour from 10:00 is full: these are free next: 11:00, 09:00",
        "eight is over"
    );
    assert_eq!(problem["title"], "10:00 起的一小时已约满：可改约 11:00, 09:00");
    let day = door.see("arrivals").await;
    assert_eq!(hour(&day, "10:00:00"), standing(2, 0, &["booked", "booked"]));
    assert_eq!(hour(&day, "11:00:00"), standing(0, 2, &[]));
    assert_eq!((&day["expected"], &day["per_hour"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn bookings_at_once_do_not_pass_the_cap_together() {
    let door = capped().await;
    let bookings = (0..12).map(|_| door.command(DAY, booking(door.thing(), TEN)));
    let answers = join_all(bookings).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(done, 2);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.is_problem(422, "arrival-hour-full");
    }
    assert_eq!(door.see("arrivals").await["expected"], 2);
}

#[tokio::test]
async fn a_booking_that_is_sent_again_is_the_same_one() {
    let door = capped().await;
    let (command, slot) = (door.command_id(), door.thing());
    let first = door.command_as(command, DAY, booking(slot, TEN)).await;
    assert_eq!(first.status, 200, "{}", first.json());
    assert_eq!(door.command_as(command, DAY, booking(slot, TEN)).await.json()["revision"], 0);
    let again = door.done(DAY, booking(slot, TEN)).await;
    assert_eq!(again["already_so"], true);
    let misused = door.command_as(command, DAY, booking(slot, ELEVEN)).await;
    misused.is_problem(422, "command-id-misused");
    door.command(DAY, booking(slot, ELEVEN)).await.is_problem(422, "arrival-slot-differs");
    assert_eq!(door.see("arrivals").await["expected"], 1);
}

#[tokio::test]
async fn a_slot_is_moved_marked_and_given_back() {
    let door = capped().await;
    let (first, second) = (booked(&door, TEN).await, booked(&door, TEN).await);
    let then = door.now();
    door.pass(60);
    let to_eleven = json!({ "kind": "move", "slot": first, "from": ELEVEN });
    door.done(DAY, to_eleven).await;
    assert_eq!(asked(&door, "withdraw", second).await.status, 200);
    let day = door.see("arrivals").await;
    assert_eq!(hour(&day, "10:00:00"), standing(0, 2, &["withdrawn"]));
    assert_eq!(hour(&day, "11:00:00"), standing(1, 1, &["booked"]));
    asked(&door, "miss", first).await.is_problem(422, "arrival-hour-not-over");
    door.pass(3 * 3600);
    assert_eq!(hour(&door.see("arrivals").await, "11:00:00"), standing(1, 1, &["overdue"]));
    assert_eq!(asked(&door, "miss", first).await.status, 200);
    assert_eq!(door.see("arrivals").await["missed"], 1);
    assert_eq!(asked(&door, "arrive", first).await.status, 200, "it came after all");
    let day = door.see("arrivals").await;
    assert_eq!(
        (&day["arrived"], &day["missed"], &day["overdue"]),
        (&json!(1), &json!(0), &json!(0))
    );
    asked(&door, "withdraw", first).await.is_problem(422, "arrival-slot-arrived");
    assert_eq!(asked(&door, "reopen", first).await.status, 200);
    assert_eq!(hour(&door.see("arrivals").await, "11:00:00"), standing(1, 1, &["overdue"]));
    let past = door.see(&format!("arrivals?asOf={then}")).await;
    assert_eq!(hour(&past, "10:00:00"), standing(2, 0, &["booked", "booked"]));
}

const NEXT_DAY: &str = "arrivals/2022-11-11";
/// Ten in the morning of the next day.
const NEXT_TEN: &str = "2022-11-11T02:00:00Z";

fn to_next_day(slot: uuid::Uuid, from: &str) -> Value {
    json!({ "kind": "move_here", "slot": slot, "from_day": "2022-11-10", "from": from })
}

#[tokio::test]
async fn a_slot_is_moved_to_another_day_by_one_command() {
    let door = capped().await;
    let (first, second) = (booked(&door, TEN).await, booked(&door, TEN).await);
    let command = door.command_id();
    let moved = door.command_as(command, NEXT_DAY, to_next_day(first, NEXT_TEN)).await;
    assert_eq!(moved.status, 200, "{}", moved.json());
    // Both days are told at once, and by the position of the answer at the latest.
    let here = door.see("arrivals").await;
    assert_eq!(hour(&here, "10:00:00"), standing(1, 1, &["booked", "withdrawn"]));
    let left = here["hours"][2]["slots"].as_array().unwrap().iter();
    let left = left.clone().find(|entry| entry["slot"] == json!(first)).unwrap();
    assert_eq!(left["moved_to"], "2022-11-11");
    let there = door.see("arrivals?day=2022-11-11").await;
    assert_eq!(hour(&there, "10:00:00"), standing(1, 1, &["booked"]));
    let entry = &there["hours"][2]["slots"][0];
    assert_eq!((&entry["slot"], &entry["label"]), (&json!(first), &json!("永辉超市")));
    assert_eq!((&entry["pieces"], &entry["category"]), (&json!(120), &json!("produce")));

    let count = door.count().await;
    let again = door.command_as(command, NEXT_DAY, to_next_day(first, NEXT_TEN)).await;
    assert_eq!(again.json()["revision"], moved.json()["revision"]);
    assert_eq!(door.count().await, count, "the same command again moves nothing");
    let same = door.done(NEXT_DAY, to_next_day(first, NEXT_TEN)).await;
    assert_eq!(same["already_so"], true);

    // It comes back, and the next day has its place again.
    let back =
        json!({ "kind": "move_here", "slot": first, "from_day": "2022-11-11", "from": ELEVEN });
    door.done(DAY, back).await;
    assert_eq!(hour(&door.see("arrivals").await, "11:00:00"), standing(1, 1, &["booked"]));
    let there = door.see("arrivals?day=2022-11-11").await;
    assert_eq!(hour(&there, "10:00:00"), standing(0, 2, &["withdrawn"]));
    assert_eq!(asked(&door, "withdraw", second).await.status, 200);
    assert_eq!(door.engine.reactions().refused().len(), 0);
}

#[tokio::test]
async fn a_slot_that_finds_no_place_on_another_day_keeps_its_own() {
    let door = capped().await;
    let slot = booked(&door, TEN).await;
    for _ in 0..2 {
        door.done(NEXT_DAY, booking(door.thing(), NEXT_TEN)).await;
    }
    let full = door.command(NEXT_DAY, to_next_day(slot, NEXT_TEN)).await;
    full.is_problem(422, "arrival-hour-full");
    assert_eq!(hour(&door.see("arrivals").await, "10:00:00"), standing(1, 1, &["booked"]));
    let same_day =
        json!({ "kind": "move_here", "slot": slot, "from_day": "2022-11-10", "from": ELEVEN });
    door.command(DAY, same_day).await.is_problem(400, "arrival-same-day");
    let unknown = door.command(NEXT_DAY, to_next_day(door.thing(), NEXT_TEN)).await;
    unknown.is_problem(422, "arrival-slot-unknown");
    asked(&door, "arrive", slot).await;
    let came = door.command(NEXT_DAY, to_next_day(slot, "2022-11-11T03:00:00Z")).await;
    came.is_problem(422, "arrival-slot-arrived");
}

/// Of two that move a slot to two days at once one is done, and the other is told; it has one place
/// in the end.
#[tokio::test]
async fn a_slot_that_is_moved_twice_at_once_has_one_place() {
    let door = capped().await;
    let slot = booked(&door, TEN).await;
    let other_day = "arrivals/2022-11-12";
    let (one, other) = tokio::join!(
        door.command(NEXT_DAY, to_next_day(slot, NEXT_TEN)),
        door.command(other_day, to_next_day(slot, "2022-11-12T02:00:00Z")),
    );
    let (done, told) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!(done.status, 200, "{}", done.json());
    told.is_problem(422, "arrival-slot-moved");
    door.settle().await;
    let mut places = 0;
    for day in ["2022-11-10", "2022-11-11", "2022-11-12"] {
        places += door.see(&format!("arrivals?day={day}")).await["expected"].as_u64().unwrap();
    }
    assert_eq!(places, 1);
    assert_eq!(door.engine.reactions().refused().len(), 0);
}

#[tokio::test]
async fn a_community_that_sets_no_cap_takes_anybody_at_any_hour() {
    let door = Door::open().await;
    for _ in 0..5 {
        booked(&door, TEN).await;
    }
    let night = booking(door.thing(), "2022-11-10T15:00:00Z");
    door.done(DAY, night).await;
    let day = door.see("arrivals").await;
    assert_eq!(day["hours"].as_array().unwrap().len(), 24);
    let (used, free, _) = hour(&day, "10:00:00");
    assert_eq!((used, free), (json!(5), Value::Null));
    // Once the hours are told, what was booked outside of them stays in sight and is not offered.
    let hours = json!([{ "opens": "08:00:00", "closes": "12:00:00" }]);
    let policy = json!({ "kind": "set_arrival_policy", "hours": hours, "per_hour": 2 });
    door.done("", policy).await;
    let day = door.see("arrivals").await;
    assert_eq!(day["hours"].as_array().unwrap().len(), 5);
    assert_eq!(hour(&day, "23:00:00"), standing(1, 0, &["booked"]));
    assert_eq!(day["hours"][4]["is_offered"], false);
    assert_eq!(hour(&day, "10:00:00").1, 0, "five of two");
}

#[tokio::test]
async fn the_gate_is_told_who_is_due() {
    let door = capped().await;
    let (first, second) = (booked(&door, TEN).await, booked(&door, ELEVEN).await);
    let due = async || {
        let intake = door.see("intake").await;
        assert_eq!(intake["today"], "2022-11-10");
        let due = intake["due"].as_array().unwrap().iter();
        due.map(|entry| (entry["slot"].clone(), entry["status"].clone())).collect::<Vec<_>>()
    };
    let is = |slot: uuid::Uuid, status: &str| (json!(slot), json!(status));
    assert_eq!(due().await, []);
    door.pass(3600);
    assert_eq!(due().await, [is(first, "booked")]);
    door.pass(3600);
    assert_eq!(due().await, [is(first, "overdue"), is(second, "booked")]);
    asked(&door, "arrive", first).await;
    assert_eq!(due().await, [is(second, "booked")]);
}

#[tokio::test]
async fn what_cannot_be_booked_is_told_why() {
    let door = capped().await;
    let other_day = door.command("arrivals/2022-11-11", booking(door.thing(), TEN)).await;
    other_day.is_problem(422, "arrival-hour-closed");
    let over = door.command(DAY, booking(door.thing(), "2022-11-10T00:00:00Z")).await;
    over.is_problem(422, "arrival-hour-over");
    let mut phone = booking(door.thing(), TEN);
    phone["label"] = json!("张三 138 0000 1111");
    door.command(DAY, phone).await.is_problem(422, "arrival-label-phone");
    door.command("arrivals/yesterday", booking(door.thing(), TEN))
        .await
        .is_problem(400, "path-invalid");
    asked(&door, "arrive", door.thing()).await.is_problem(422, "arrival-slot-unknown");
}

#[tokio::test]
async fn the_slots_of_a_day_are_taken_away_as_csv() {
    let door = capped().await;
    let slot = booked(&door, TEN).await;
    let path = format!("/api/v1/communities/{COMMUNITY}/arrivals/export.csv");
    let answered = door.get(&path).await;
    let text = String::from_utf8(answered.bytes).unwrap();
    let rows: Vec<_> = text.lines().collect();
    assert_eq!(rows.len(), 5, "{text}");
    assert!(rows[0].ends_with(
        "day,opens,from,used,free,slot,party,label,pieces,category,status,since,moved_to"
    ));
    let ten = format!(
        "2022-11-10,10:00:00,{TEN},1,1,{slot},merchant,永辉超市,120,produce,booked,2022-11-10T01:00:00Z,"
    );
    assert_eq!(rows[3], ten);
    assert_eq!(rows[4], format!("2022-11-10,11:00:00,{ELEVEN},0,2,,,,,,,,"));
}

async fn graphql(door: &Door, query: &str) -> Value {
    let json = [("content-type", "application/json")];
    let body = json!({ "query": query }).to_string();
    door.send("POST", "/graphql", &json, body.into()).await.json()
}

#[tokio::test]
async fn a_slot_is_booked_and_asked_for_over_graphql() {
    let door = capped().await;
    let (command, slot) = (door.command_id(), door.thing());
    let booking = format!(
        r#"mutation {{ arrivalSlotBook(input: {{ commandId: "{command}", community: "{COMMUNITY}",
        id: "2022-11-10", actor: "desk", slot: "{slot}", from: "{TEN}", party: LEADER,
        label: "10栋蔬菜团" }}) {{ ... on CommandDone {{ alreadySo }} ... on Refusal {{ code }} }} }}"#
    );
    let answered = graphql(&door, &booking).await;
    assert_eq!(answered["data"]["arrivalSlotBook"]["alreadySo"], false, "{answered}");
    let question = format!(
        r#"{{ community(key: "{COMMUNITY}") {{ views {{ arrivals {{ day expected
        hours {{ opens used free slots {{ label party status }} }} }} }} }} }}"#
    );
    let answered = graphql(&door, &question).await;
    let day = &answered["data"]["community"]["views"]["arrivals"];
    assert_eq!(day["expected"], 1, "{answered}");
    assert_eq!(day["hours"][2]["slots"][0]["label"], "10栋蔬菜团");
}

#[tokio::test]
async fn the_view_is_the_fold_of_the_log() {
    let door = capped().await;
    let (first, second) = (booked(&door, TEN).await, booked(&door, ELEVEN).await);
    asked(&door, "arrive", first).await;
    asked(&door, "withdraw", second).await;
    door.settle().await;
    let log: Arc<dyn EventLog> = Arc::clone(door.engine.log());
    let rebuilt = LiveViews::default();
    let mut observer = rebuilt.observer();
    let events = door.events().await;
    let observed = events.iter().filter_map(|event| Observed::read(event).unwrap());
    observer.observe(&observed.collect::<Vec<_>>());
    let saved = door.views.observer().save().unwrap();
    assert_eq!(saved.get(), observer.save().unwrap().get());
    assert!(saved.get().contains(&first.to_string()));
    // A start from the snapshot shows the same.
    let restored = LiveViews::default();
    restored.observer().load(&saved).unwrap();
    assert_eq!(restored.observer().save().unwrap().get(), saved.get());
    // And the slots are among what is compared when a log is moved.
    let mut go_on = |_| ControlFlow::Continue(());
    let all = ViewHashes::fold(&log, &mut go_on).await.unwrap();
    assert!(all.to_string().contains(&format!("{COMMUNITY}/arrivals")), "{all}");
}
