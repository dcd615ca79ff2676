//! Pictures of pieces: taken once, sealed, told by the trail, gone with their household.

use axum::http::{StatusCode, header};
use runtime::photos::PHOTO_BYTES_MAX;
use serde_json::{Value, json};
use uuid::Uuid;

use super::door::{Answered, COMMUNITY, Door, PHOTOS_BYTES_MAX, is};

/// A small JPEG file as a phone writes it: with the place where it was taken.
fn picture(filling: u8, bytes: usize) -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], body].concat()
    };
    let frame = segment(0xc0, &[8, 5, 0, 3, 0xc0, 1, 1, 0x11, 0]);
    let scan = segment(0xda, &[1, 1, 0, 0, 63, 0]);
    let exif = segment(0xe1, b"Exif\0\0 31.2304 N 121.4737 E");
    [&[0xff, 0xd8], &exif[..], &frame, &scan, &vec![filling; bytes], &[0xff, 0xd9]].concat()
}

async fn arrived(door: &Door, number: &str) -> String {
    let arrival = json!({
        "code": number, "carrier": "sf", "category": "medicine",
        "door": { "building": "1", "unit": "1", "room": "301" },
    });
    let answer = door.scan("arrive", arrival).await;
    is(&answer, "accepted");
    answer["parcel"].as_str().unwrap().to_owned()
}

fn photos(parcel: &str) -> String {
    format!("/api/v1/communities/{COMMUNITY}/parcels/{parcel}/photos")
}

async fn take(door: &Door, parcel: &str, id: Uuid, kind: &str, file: Vec<u8>) -> Answered {
    let path = format!("{}?command_id={id}&actor=gate-1&kind={kind}", photos(parcel));
    door.send("POST", &path, &[("content-type", "image/jpeg")], file.into()).await
}

async fn taken(door: &Door, parcel: &str, kind: &str, file: Vec<u8>) -> Value {
    let answered = take(door, parcel, door.command_id(), kind, file).await;
    assert_eq!(answered.status, StatusCode::OK, "{}", answered.json());
    answered.json()
}

#[tokio::test]
async fn a_picture_is_taken_once_and_shown_without_what_the_camera_wrote() {
    let door = Door::open().await;
    let parcel = arrived(&door, "SF1234567890123").await;
    let id = door.command_id();
    let first = take(&door, &parcel, id, "damage", picture(1, 900)).await.json();
    assert_eq!(first["already_so"], false);
    let events = door.count().await;
    // The answer was lost and the phone sends it again; somebody else takes the very same file.
    let again = take(&door, &parcel, id, "damage", picture(1, 900)).await.json();
    assert_eq!((&again["photo"], &again["already_so"]), (&first["photo"], &json!(false)));
    assert_eq!(door.count().await, events);
    assert_eq!(taken(&door, &parcel, "damage", picture(1, 900)).await["already_so"], true);
    // The same id does not stand for another picture.
    let other = take(&door, &parcel, id, "damage", picture(2, 900)).await;
    other.is_problem(422, "command-id-misused");

    let list = door.get(&photos(&parcel)).await.json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["kind"], "damage");
    let path = format!("{}/{}", photos(&parcel), first["photo"].as_str().unwrap());
    let shown = door.get(&path).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert_eq!(shown.headers[header::CONTENT_TYPE], "image/jpeg");
    assert_eq!(shown.headers[header::CACHE_CONTROL], "no-store");
    let has = |text: &[u8]| shown.bytes.windows(text.len()).any(|at| at == text);
    assert!(has(&[1; 900]) && !has(b"Exif") && !has(b"31.2304"));
    let story = door.see(&format!("parcels/{parcel}/story")).await;
    let said: Vec<_> = story["steps"].as_array().unwrap().iter().map(|s| &s["chinese"]).collect();
    assert!(said.contains(&&json!("拍了破损照")), "{said:?}");
    // Nothing of the picture lies in the log.
    let held = |bytes: &[u8]| bytes.windows(50).any(|at| at == [1; 50]);
    assert!(!door.events().await.iter().any(|event| held(&event.data) || held(&event.metadata)));
}

#[tokio::test]
async fn what_is_no_picture_or_too_large_is_refused_and_nothing_happens() {
    let door = Door::open().await;
    let parcel = arrived(&door, "SF1234567890123").await;
    let events = door.count().await;
    let refused = |file| take(&door, &parcel, door.command_id(), "label", file);
    refused(b"%PDF-1.7".to_vec()).await.is_problem(400, "no-picture");
    refused(vec![]).await.is_problem(400, "no-picture");
    refused(picture(1, PHOTO_BYTES_MAX)).await.is_problem(413, "photo-too-large");
    take(&door, &parcel, door.command_id(), "selfie", picture(1, 9))
        .await
        .is_problem(400, "query-invalid");
    assert_eq!(door.count().await, events);
    let nobody = Uuid::from_u128(7).to_string();
    take(&door, &nobody, door.command_id(), "label", picture(1, 9))
        .await
        .is_problem(422, "parcel-not-arrived");
    door.get(&photos(&nobody)).await.is_problem(404, "parcel-unknown");
    let unknown = format!("{}/{}", photos(&parcel), "0".repeat(64));
    door.get(&unknown).await.is_problem(404, "photo-gone");
}

#[tokio::test]
async fn a_piece_keeps_eight_pictures_and_a_full_disk_is_told() {
    let door = Door::open().await;
    let parcel = arrived(&door, "SF1234567890123").await;
    for n in 1..=8 {
        taken(&door, &parcel, "at_door", picture(n, 900)).await;
    }
    let ninth = take(&door, &parcel, door.command_id(), "at_door", picture(9, 900)).await;
    ninth.is_problem(422, "too-many-photos");
    let big = PHOTO_BYTES_MAX - 200;
    let mut refused = None;
    for n in 0..=PHOTOS_BYTES_MAX / big as u64 {
        let parcel = arrived(&door, &format!("SF123456789020{n}")).await;
        let id = door.command_id();
        let answer = take(&door, &parcel, id, "label", picture(1, big)).await;
        if answer.status != StatusCode::OK {
            answer.is_problem(507, "photos-full");
            assert_eq!(answer.json()["retry"], true, "the phone keeps it");
            assert_eq!(door.get(&photos(&parcel)).await.json(), json!([]));
            refused = Some(n);
        }
    }
    assert!(refused.is_some(), "it was never full");
}

#[tokio::test]
async fn an_erased_household_takes_its_pictures_along() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let parcel = arrived(&door, "SF1234567890123").await;
    let photo = taken(&door, &parcel, "label", picture(1, 900)).await["photo"].clone();
    // Nobody knew whose this one is when its label was photographed.
    let held = door.scan("arrive", json!({ "code": "SF1234567890999", "carrier": "sf" })).await;
    let unknown = held["parcel"].as_str().unwrap().to_owned();
    let early = taken(&door, &unknown, "label", picture(2, 900)).await["photo"].clone();
    let fields = json!({
        "code": unknown, "door": { "building": "1", "unit": "1", "room": "301" },
        "household": household,
    });
    is(&door.scan("identify", fields).await, "accepted");
    let shown = |parcel: &str, photo: &Value| {
        let path = format!("{}/{}", photos(parcel), photo.as_str().unwrap());
        let door = &door;
        async move { door.get(&path).await }
    };
    assert_eq!(shown(&parcel, &photo).await.status, StatusCode::OK);
    assert_eq!(shown(&unknown, &early).await.status, StatusCode::OK);
    door.done(&format!("households/{household}"), json!({ "kind": "erase" })).await;
    door.settle().await;
    shown(&parcel, &photo).await.is_problem(404, "photo-gone");
    shown(&unknown, &early).await.is_problem(404, "photo-gone");
    // That it was taken stays known.
    assert_eq!(door.get(&photos(&parcel)).await.json()[0]["photo"], photo);
}
