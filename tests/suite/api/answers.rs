//! The same command gets the same answer; a new command that says the same is a duplicate; an id
//! that is used for something else is misuse; a refusal stays one.

use serde_json::{Value, json};

use super::door::{Door, SCANS, enveloped, is, is_refused, unmoved};

const NUMBER: &str = "SF1234567890123";

fn medicine(household: uuid::Uuid) -> Value {
    json!({ "code": NUMBER, "carrier": "sf", "category": "medicine", "household": household })
}

#[tokio::test]
async fn the_same_id_gets_the_same_bytes() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let mut scan = medicine(household);
    scan["kind"] = json!("arrive");
    scan["command_id"] = json!(door.command_id());
    let body = enveloped(&json!({}), &[scan]);
    let first = door.post(SCANS, &body).await;
    is(&first.json()["answers"][0], "accepted");
    let events = door.count().await;
    let again = door.post(SCANS, &body).await;
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(door.count().await, events);
}

#[tokio::test]
async fn the_same_id_gets_the_same_answer_after_the_world_went_on() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let arriving = door.command_id();
    let first = door.scan_as(arriving, "arrive", medicine(household)).await;
    let sorting = door.command_id();
    let sorted = door.scan_as(sorting, "sort", json!({ "code": NUMBER })).await;
    let damaged = json!({ "code": NUMBER, "usable": false });
    is(&door.scan("damage", damaged).await, "accepted");
    door.pass(3_600);
    let again = door.scan_as(arriving, "arrive", medicine(household)).await;
    assert_eq!(unmoved(&first), unmoved(&again));
    let again = door.scan_as(sorting, "sort", json!({ "code": NUMBER })).await;
    assert_eq!(unmoved(&sorted), unmoved(&again));
}

#[tokio::test]
async fn a_held_piece_is_asked_about_again_in_the_same_words() {
    let door = Door::open().await;
    let command = door.command_id();
    let arrival = || json!({ "code": NUMBER, "carrier": "sf", "address": "柳园301" });
    let first = door.scan_as(command, "arrive", arrival()).await;
    is(&first, "held");
    let again = door.scan_as(command, "arrive", arrival()).await;
    assert_eq!(unmoved(&first), unmoved(&again));
}

#[tokio::test]
async fn a_new_id_that_says_the_same_is_a_duplicate_with_the_first_cue() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let first = door.scan("arrive", medicine(household)).await;
    is(&door.scan("sort", json!({ "code": NUMBER })).await, "accepted");
    let command = door.command_id();
    let duplicate = door.scan_as(command, "arrive", medicine(household)).await;
    is(&duplicate, "duplicate");
    assert_eq!((&duplicate["cue"], &duplicate["parcel"]), (&first["cue"], &first["parcel"]));
    door.settle().await;
    let again = door.scan_as(command, "arrive", medicine(household)).await;
    assert_eq!(unmoved(&duplicate), unmoved(&again));
}

#[tokio::test]
async fn the_same_id_with_other_content_is_misuse() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let command = door.command_id();
    is(&door.scan_as(command, "arrive", medicine(household)).await, "accepted");
    let events = door.count().await;
    let misused = door.scan_as(command, "sort", json!({ "code": NUMBER })).await;
    is_refused(&misused, "command-id-misused");
    assert_eq!(misused["problem"]["status"], 422);
    assert_eq!(door.count().await, events);

    let path = format!("households/{household}");
    let command = door.command_id();
    let diet = |diet: &str| json!({ "kind": "set_diet", "diet": diet });
    assert_eq!(door.command_as(command, &path, diet("halal")).await.status, 200);
    let misused = door.command_as(command, &path, diet("vegetarian")).await;
    misused.is_problem(422, "command-id-misused");
    let other = door.household("1", "1", "302").await;
    let misused = door.command_as(command, &format!("households/{other}"), diet("halal")).await;
    misused.is_problem(422, "command-id-misused");
}

#[tokio::test]
async fn a_refusal_stays_refused_after_the_world_changed() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let sort = || json!({ "code": NUMBER });
    let early = door.command_id();
    let refused = door.scan_as(early, "sort", sort()).await;
    is_refused(&refused, "piece-unknown");
    is(&door.scan("arrive", medicine(household)).await, "accepted");
    let again = door.scan_as(early, "sort", sort()).await;
    assert_eq!(unmoved(&refused), unmoved(&again));
    is(&door.scan("sort", sort()).await, "accepted");
}

#[tokio::test]
async fn a_command_of_the_desk_gets_the_same_answer_again() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let path = format!("households/{household}");
    let set = json!({ "kind": "set_contact", "name": "赵", "phone": null, "note": null });
    let (setting, again) = (door.command_id(), door.command_id());
    let first = door.command_as(setting, &path, set.clone()).await.json();
    assert_eq!(first["already_so"], false);
    let diet = json!({ "kind": "set_diet", "diet": "halal" });
    door.done(&path, diet.clone()).await;
    let duplicate = door.command_as(again, &path, diet.clone()).await.json();
    assert_eq!(duplicate["already_so"], true);
    door.done(&path, json!({ "kind": "set_diet", "diet": null })).await;
    assert_eq!(unmoved(&door.command_as(setting, &path, set).await.json()), unmoved(&first));
    assert_eq!(unmoved(&door.command_as(again, &path, diet).await.json()), unmoved(&duplicate));
}

#[tokio::test]
async fn a_refused_command_of_the_desk_stays_refused() {
    let door = Door::open().await;
    let (household, order) = (door.thing(), door.thing());
    let path = format!("orders/{order}");
    let place = || {
        json!({
            "kind": "place", "channel": "phone", "household": household, "placed_by": "desk",
            "lines": [{ "item": "牛奶", "category": "produce", "quantity": 2 }], "pieces": 1,
        })
    };
    let command = door.command_id();
    let refused = door.command_as(command, &path, place()).await;
    refused.is_problem(404, "household-unknown");
    let door_of = json!({ "building": "1", "unit": "1", "room": "301" });
    let register = json!({
        "kind": "register", "doors": [door_of], "language": "zh-CN", "phone_only": false,
    });
    door.done(&format!("households/{household}"), register).await;
    let again = door.command_as(command, &path, place()).await;
    assert_eq!(again.json(), refused.json());
    door.done(&path, place()).await;
}

#[tokio::test]
async fn what_was_done_is_answered_so_even_when_it_could_not_be_done_now() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let path = format!("orders/{}", door.thing());
    let place = || {
        json!({
            "kind": "place", "channel": "phone", "household": household, "placed_by": "desk",
            "lines": [{ "item": "牛奶", "category": "produce", "quantity": 2 }], "pieces": 1,
        })
    };
    let command = door.command_id();
    let first = door.command_as(command, &path, place()).await;
    assert_eq!(first.status, 200);
    door.done(&format!("households/{household}"), json!({ "kind": "erase" })).await;
    door.settle().await;
    let again = door.command_as(command, &path, place()).await;
    assert_eq!(unmoved(&again.json()), unmoved(&first.json()));
}
