//! Names, phones and notes never lie in the log in the clear, whichever way they came in, and are
//! gone when their household is erased.

use domain::ids::{HouseholdId, ParcelId};
use event_log::RecordedEvent;
use runtime::codec;
use runtime::vault::{Opened, Subject};
use serde_json::{Value, json};

use super::door::{COMMUNITY, Door, commands_of, is, is_refused};

/// What must not be found: a name, a phone, its tail, notes, a sender.
const CANARIES: [&str; 6] =
    ["欧阳晓燕", "13800138247", TAIL, "Ouyang-Xiaoyan", "轮椅下不了楼", "周记药房"];
const TAIL: &str = "8247";

/// Every event that holds a canary in its payload or metadata, with what it holds.
fn in_the_clear(events: &[RecordedEvent]) -> Vec<String> {
    let mut found = vec![];
    for event in events {
        for canary in CANARIES {
            let data = String::from_utf8_lossy(&event.data);
            let metadata = String::from_utf8_lossy(&event.metadata);
            if holds(&data, canary) || holds(&metadata, canary) {
                found.push(format!("{canary} in {} of {}: {data}", event.event_type, event.stream));
            }
        }
    }
    found
}

/// A tail stands by chance in an id, a fraction of a second or a cipher, but there never as a word
/// of its own.
fn holds(text: &str, canary: &str) -> bool {
    let of_a_word = |letter: char| letter.is_ascii_alphanumeric() || "-.+/".contains(letter);
    match canary {
        TAIL => text.split(|letter| !of_a_word(letter)).any(|word| word == TAIL),
        _ => text.contains(canary),
    }
}

#[test]
fn a_tail_is_found_as_a_word_and_not_in_an_id() {
    for told in [r#"{"tail":"8247"}"#, r#"{"tail":8247}"#, r#"{"note":"尾号8247，轮椅"}"#] {
        assert!(holds(told, TAIL), "{told}");
    }
    for chance in [r#"{"id":"0190c1e2-4d5f-7a60-8247-8247a0b1c2d3"}"#, r#"{"at":"08:00:01.8247Z"}"#]
    {
        assert!(!holds(chance, TAIL), "{chance}");
    }
}

fn contact() -> Value {
    json!({
        "kind": "set_contact", "name": "欧阳晓燕", "phone": "13800138247", "note": "轮椅下不了楼",
        "phone_tails": ["8247"], "label_names": ["Ouyang-Xiaoyan"],
    })
}

#[tokio::test]
async fn nothing_personal_lies_in_the_log() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    door.done(&format!("households/{household}"), contact()).await;
    let arrival = json!({
        "code": "SF1234567890123", "carrier": "sf", "phone_tail": "8247", "sender": "周记药房",
        "name": "欧阳晓燕", "address": "欧阳晓燕 13800138247 柳园1号楼1单元301 轮椅下不了楼",
    });
    door.scan("arrive", arrival).await;
    let held = json!({
        "code": "SF1234567890124", "carrier": "sf", "phone_tail": "8247", "sender": "周记药房",
        "address": "欧阳晓燕 13800138247",
    });
    is(&door.scan("arrive", held).await, "held");
    assert_eq!(in_the_clear(&door.events().await), Vec::<String>::new());
}

#[tokio::test]
async fn a_volunteers_name_does_not_lie_in_the_log() {
    let door = Door::open().await;
    let enrol = json!({
        "kind": "enrol", "grid": "1", "roles": ["courier"], "protection": false,
        "carry_limit": { "pieces": 3, "weight_grams": 9_000, "volume_millilitres": 90_000 },
        "name": "欧阳晓燕",
    });
    door.done(&format!("volunteers/{}", door.thing()), enrol).await;
    assert_eq!(in_the_clear(&door.events().await), Vec::<String>::new());
}

/// The answer to a scan that cannot be read is kept; what it repeats of the scan is kept with it.
#[tokio::test]
async fn a_field_in_the_wrong_place_does_not_carry_its_text_into_the_log() {
    let door = Door::open().await;
    for field in [
        "weight_grams",
        "category",
        "sender_name",
        "run",
        "欧阳晓燕",
        "13800138247",
        "door",
        "kind",
        "piece",
        "carrier",
        "actor",
        "owner",
        "occurred_at",
        "phone_tail",
        "code",
        "gate",
    ] {
        for text in ["欧阳晓燕 13800138247", "Ouyang-Xiaoyan"] {
            let command = door.command_id();
            let mut scan = json!({
                "kind": "arrive", "command_id": command, "code": "SF1234567890123", "carrier": "sf",
                "weight_grams": "-",
            });
            scan[field] = json!(text);
            let answer = door.answers(&json!({}), &[scan]).await.remove(0);
            is(&answer, "refused");
        }
    }
    assert_eq!(in_the_clear(&door.events().await), Vec::<String>::new());
}

#[tokio::test]
async fn a_refusal_does_not_carry_a_persons_words_into_the_log() {
    let door = Door::open().await;
    for fields in [
        json!({ "code": "欧阳晓燕13800138247", "carrier": "sf" }),
        json!({ "code": "SF1234567890123", "carrier": "sf", "phone_tail": "13800138247" }),
    ] {
        is(&door.scan("arrive", fields).await, "refused");
    }
    assert_eq!(in_the_clear(&door.events().await), Vec::<String>::new());
}

#[tokio::test]
async fn an_erased_household_is_gone() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let path = format!("households/{household}");
    door.done(&path, contact()).await;
    let subject = Subject::Household(COMMUNITY.parse().unwrap(), HouseholdId(household));
    let sealed = sealed_texts(&door.events().await);
    assert_eq!(sealed.len(), 3);
    let vault = door.engine.vault();
    let opened = |text: &domain::sealed::Sealed| vault.open_sealed(&subject, text).unwrap();
    assert!(sealed.iter().any(|text| opened(text) == Opened::Text("欧阳晓燕".into())));

    door.done(&path, json!({ "kind": "erase" })).await;
    door.settle().await;
    assert!(sealed.iter().all(|text| opened(text) == Opened::Erased));
    let again = door.command(&path, contact()).await;
    again.is_problem(422, "household-erased");
    let arrival = json!({ "code": "SF1234567890123", "carrier": "sf", "household": household });
    is_refused(&door.scan("arrive", arrival).await, "household-unknown");
    let resolved = door
        .post(
            "/api/v1/communities/willow-court/resolve",
            &json!({ "address": "1栋1单元301", "phone_tail": "8247" }),
        )
        .await;
    assert!(resolved.json()["recipient"]["household"].is_null(), "{}", resolved.json());
    assert_eq!(in_the_clear(&door.events().await), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_sealed_before_anybody_knew_for_whom_is_erased_with_the_household() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let number = json!({ "code": "SF1234567890123", "carrier": "sf" });
    let arrival = json!({
        "code": "SF1234567890123", "carrier": "sf", "phone_tail": "8247", "sender": "粮油店",
    });
    is(&door.scan("arrive", arrival).await, "held");
    let events = door.events().await;
    let arrived = events.iter().find(|event| &*event.event_type == "ParcelArrived").unwrap();
    let (_, _, parcel) = codec::parse_stream(&arrived.stream).unwrap();
    let subject = Subject::Parcel(COMMUNITY.parse().unwrap(), ParcelId(parcel.parse().unwrap()));
    let data: Value = serde_json::from_slice(&arrived.data).unwrap();
    let vault = door.engine.vault();
    let opened = |field: &str| {
        let sealed = domain::sealed::Sealed(data[field].as_str().unwrap().to_owned());
        vault.open_sealed(&subject, &sealed).unwrap()
    };
    assert_eq!(opened("phone_tail"), Opened::Text("8247".into()));

    let mut found = number;
    found["household"] = json!(household);
    is(&door.scan("identify", found).await, "accepted");
    door.settle().await;
    door.done(&format!("households/{household}"), json!({ "kind": "erase" })).await;
    door.settle().await;
    assert_eq!([opened("phone_tail"), opened("sender")], [Opened::Erased, Opened::Erased]);
}

#[tokio::test]
async fn an_answer_never_repeats_what_was_sent_in_confidence() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let body = json!({ "command_id": door.command_id(), "actor": "desk", "command": contact() });
    let path = commands_of(&format!("households/{household}"));
    let answered = door.post(&path, &body).await;
    assert_eq!(answered.status, 200);
    let text = String::from_utf8(answered.bytes).unwrap();
    assert!(CANARIES.iter().all(|canary| !text.contains(canary)), "{text}");
}

fn sealed_texts(events: &[RecordedEvent]) -> Vec<domain::sealed::Sealed> {
    let contact = events.iter().find(|event| &*event.event_type == "HouseholdContactSet").unwrap();
    let data: Value = serde_json::from_slice(&contact.data).unwrap();
    let texts = ["name", "phone", "note"].map(|field| data[field].as_str().unwrap().to_owned());
    texts.map(domain::sealed::Sealed).into()
}
