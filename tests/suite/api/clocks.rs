//! Devices that count their scans, wrong clocks, old scans, revoked devices.

use serde_json::{Value, json};

use super::door::{Door, is, is_refused, unmoved};

fn arrival(door: &Door, number: u32) -> Value {
    json!({
        "kind": "arrive", "command_id": door.command_id(), "code": format!("SF{number:013}"),
        "carrier": "sf", "category": "medicine",
        "door": { "building": "1", "unit": "1", "room": "301" },
    })
}

fn numbered(mut scan: Value, sequence: u64) -> Value {
    scan["sequence"] = json!(sequence);
    scan
}

fn device() -> Value {
    json!({ "device": "phone-7" })
}

#[tokio::test]
async fn a_gap_waits_until_it_is_filled() {
    let door = Door::open().await;
    let one = numbered(arrival(&door, 1), 1);
    let two = numbered(arrival(&door, 2), 2);
    let three = numbered(arrival(&door, 3), 3);
    is(&door.answers(&device(), &[one]).await[0], "accepted");
    let events = door.count().await;
    let gap = door.answers(&device(), std::slice::from_ref(&three)).await.remove(0);
    is(&gap, "deferred");
    assert_eq!(gap["problem"]["code"], "sequence-gap");
    assert_eq!((&gap["problem"]["retry"], &gap["problem"]["status"]), (&json!(true), &json!(503)));
    assert_eq!(door.count().await, events, "a deferred scan stores nothing");
    let filled = door.answers(&device(), &[two, three]).await;
    for answer in &filled {
        is(answer, "accepted");
    }
}

#[tokio::test]
async fn a_used_number_is_not_used_again() {
    let door = Door::open().await;
    is(&door.answers(&device(), &[numbered(arrival(&door, 1), 1)]).await[0], "accepted");
    let used = door.answers(&device(), &[numbered(arrival(&door, 2), 1)]).await.remove(0);
    is_refused(&used, "sequence-used");
    // Another device counts for itself.
    let other = json!({ "device": "phone-8" });
    is(&door.answers(&other, &[numbered(arrival(&door, 2), 1)]).await[0], "accepted");
}

#[tokio::test]
async fn a_refused_scan_uses_its_number_up() {
    let door = Door::open().await;
    let sort = json!({
        "kind": "sort", "command_id": door.command_id(), "code": "SF0000000000001", "sequence": 1,
    });
    let answers = door.answers(&device(), &[sort, numbered(arrival(&door, 1), 2)]).await;
    is_refused(&answers[0], "piece-unknown");
    is(&answers[1], "accepted");
}

#[tokio::test]
async fn a_scan_that_cannot_be_read_stops_nobody_and_uses_its_number_up() {
    let door = Door::open().await;
    let mut broken = numbered(arrival(&door, 2), 2);
    broken["weight_grams"] = json!("heavy");
    let scans = [numbered(arrival(&door, 1), 1), broken, numbered(arrival(&door, 3), 3)];
    let answers = door.answers(&device(), &scans).await;
    is(&answers[0], "accepted");
    is_refused(&answers[1], "field-invalid");
    assert_eq!(answers[1]["command_id"], scans[1]["command_id"]);
    is(&answers[2], "accepted");
    let again = door.answers(&device(), &scans).await;
    for (first, second) in answers.iter().zip(&again) {
        assert_eq!(unmoved(first), unmoved(second));
    }
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_and_the_raw_time_kept() {
    let door = Door::open().await;
    // The phone runs two hours ahead; it scanned ten minutes ago.
    let mut scan = arrival(&door, 1);
    scan["occurred_at"] = json!("2022-11-10T02:50:00Z");
    let envelope = json!({ "device": "phone-7", "sent_at": "2022-11-10T03:00:00Z" });
    let answer = door.answers(&envelope, &[scan.clone()]).await.remove(0);
    is(&answer, "accepted");
    let clock = json!({ "raw": "2022-11-10T02:50:00Z", "offset_seconds": 7_200 });
    assert_eq!(answer["clock"], clock);
    let parcel = answer["parcel"].as_str().unwrap();
    let trail = door.see(&format!("parcels/{parcel}/trail")).await;
    assert_eq!(trail[0]["occurred_at"], "2022-11-10T00:50:00Z");
    assert_eq!(trail[0]["recorded_at"], "2022-11-10T01:00:00Z");
}

#[tokio::test]
async fn the_future_is_clamped_and_marked() {
    let door = Door::open().await;
    let mut scan = arrival(&door, 1);
    scan["occurred_at"] = json!("2022-11-10T01:30:00Z");
    let answer = door.answers(&json!({}), &[scan]).await.remove(0);
    is(&answer, "accepted");
    assert_eq!(answer["clock"], json!({ "raw": "2022-11-10T01:30:00Z", "clamped": true }));
    let parcel = answer["parcel"].as_str().unwrap();
    let trail = door.see(&format!("parcels/{parcel}/trail")).await;
    assert_eq!(trail[0]["occurred_at"], "2022-11-10T01:00:00Z");
}

#[tokio::test]
async fn a_scan_of_fifteen_days_ago_waits_for_a_person() {
    let door = Door::open().await;
    let mut scan = arrival(&door, 1);
    scan["occurred_at"] = json!("2022-10-26T01:00:00Z");
    let first = door.answers(&device(), std::slice::from_ref(&scan)).await.remove(0);
    is(&first, "held");
    assert_eq!(first["problem"]["code"], "command-quarantined");
    let events = door.count().await;
    let again = door.answers(&device(), &[scan]).await.remove(0);
    assert_eq!(unmoved(&first), unmoved(&again));
    assert_eq!(door.count().await, events);
    let unknown = door.scan("sort", json!({ "code": "SF0000000000001" })).await;
    is_refused(&unknown, "piece-unknown");
}

#[tokio::test]
async fn nothing_of_a_revoked_device_applies() {
    let door = Door::open().await;
    is(&door.answers(&device(), &[numbered(arrival(&door, 1), 1)]).await[0], "accepted");
    door.done("devices/phone-7", json!({ "kind": "revoke" })).await;
    let mut earlier = numbered(arrival(&door, 2), 2);
    earlier["occurred_at"] = json!("2022-11-10T00:30:00Z");
    let answer = door.answers(&device(), &[earlier]).await.remove(0);
    is(&answer, "held");
    assert_eq!(answer["problem"]["code"], "command-quarantined");
    assert!(answer.get("parcel").is_none());
    door.done("devices/phone-7", json!({ "kind": "restore" })).await;
    is(&door.answers(&device(), &[numbered(arrival(&door, 3), 3)]).await[0], "accepted");
}
