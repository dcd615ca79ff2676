//! The coordinator's desk over HTTP: search, the lists behind the figures, who is there, and lists
//! that are imported.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::door::{COMMUNITY, COMMUNITY_FILE, Door, is};

const NUMBER: &str = "SF1234567890123";

fn path(rest: &str) -> String {
    format!("/api/v1/communities/{COMMUNITY}/{rest}")
}

async fn ask(door: &Door, rest: &str, body: Value) -> Value {
    let answered = door.post(&path(rest), &body).await;
    assert_eq!(answered.status, StatusCode::OK, "{rest}: {}", answered.json());
    answered.json()
}

async fn search(door: &Door, text: &str) -> Value {
    ask(door, "search", json!({ "actor": "desk-1", "text": text })).await
}

/// The ids of one kind that a search found.
fn ids(found: &Value, kind: &str, id: &str) -> Vec<String> {
    let finds = found[kind].as_array().unwrap().iter();
    finds.map(|find| find.pointer(id).unwrap().as_str().unwrap().to_owned()).collect()
}

async fn arrive(door: &Door) -> String {
    let arrival = json!({ "code": NUMBER, "carrier": "sf", "address": "柳园1号楼1单元301" });
    let answer = door.scan("arrive", arrival).await;
    is(&answer, "accepted");
    answer["parcel"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_search_takes_anything() {
    let door = Door::open().await;
    let parcel = arrive(&door).await;
    let household = door.household("1", "1", "301").await.to_string();
    let contact = json!({
        "kind": "set_contact", "name": "李建国", "phone": "13812345678", "note": null,
        "phone_tails": ["5678"],
    });
    door.done(&format!("households/{household}"), contact).await;
    let (run, volunteer) = door.run("1").await;
    let label = search(&door, NUMBER).await["pieces"][0]["label"].as_str().unwrap().to_owned();
    for text in [NUMBER, "0123", &label, &parcel, &parcel[..8]] {
        let found = search(&door, text).await;
        assert_eq!(ids(&found, "pieces", "/piece/parcel"), [parcel.as_str()], "{text}");
    }
    for text in ["1-1-301", "柳园1号楼1单元301", "5678", "李建国", "李"] {
        let found = search(&door, text).await;
        assert_eq!(ids(&found, "households", "/household"), [household.as_str()], "{text}");
        assert!(!found.to_string().contains("建国"), "no name is told: {found:#}");
    }
    let found = search(&door, "1-1-301").await;
    assert_eq!(found["doors"][0]["door"]["room"], "301");
    let found = search(&door, &run.to_string()).await;
    assert_eq!(ids(&found, "runs", "/run"), [run.to_string()]);
    let found = search(&door, &volunteer.to_string()).await;
    assert_eq!(ids(&found, "volunteers", "/id"), [volunteer.to_string()]);
    let nothing = search(&door, "999999").await;
    for kind in ["pieces", "doors", "households", "volunteers", "runs"] {
        assert_eq!(nothing[kind], json!([]), "{kind}");
    }
    let empty = door.post(&path("search"), &json!({ "actor": "desk-1", "text": " " })).await;
    empty.is_problem(400, "search-shape");
}

#[tokio::test]
async fn a_listed_piece_is_scanned_by_its_id() {
    let door = Door::open().await;
    let parcel = arrive(&door).await;
    is(&door.scan("missing", json!({ "code": parcel })).await, "accepted");
    assert_eq!(door.see("pieces?spots=missing").await["count"], 1);
    is(&door.scan("found", json!({ "code": parcel })).await, "accepted");
    let unknown = door.scan("found", json!({ "code": door.thing() })).await;
    assert_eq!(unknown["problem"]["code"], "piece-unknown");
}

#[tokio::test]
async fn the_roster_tells_who_is_there() {
    let door = Door::open().await;
    let volunteer = door.thing();
    let limit = json!({ "pieces": 3, "weight_grams": 9_000, "volume_millilitres": 90_000 });
    let enrol = json!({
        "kind": "enrol", "grid": "1", "roles": ["courier"], "protection": false,
        "carry_limit": limit, "name": "陈芳",
    });
    let at = format!("volunteers/{volunteer}");
    door.done(&at, enrol).await;
    let shift = json!({
        "kind": "plan_shift", "from": "2022-11-10T00:30:00Z", "until": "2022-11-10T04:00:00Z",
    });
    door.done(&at, shift).await;
    let pause =
        |kind: &str, from: &str, until: &str| json!({ "kind": kind, "from": from, "until": until });
    let (from, until) = ("2022-11-10T02:00:00Z", "2022-11-10T02:30:00Z");
    let late = pause("plan_break", "2022-11-10T03:50:00Z", "2022-11-10T04:10:00Z");
    door.command(&at, late).await.is_problem(422, "break-outside-shift");
    door.done(&at, pause("plan_break", from, until)).await;
    let roster = door.see("volunteers").await;
    assert_eq!(roster.as_array().unwrap().len(), 1);
    assert_eq!(roster[0]["breaks"], json!([{ "from": from, "until": until }]));
    let entry = &roster[0];
    assert_eq!((&entry["name"], &entry["available"]), (&json!("陈芳"), &json!(true)));
    assert_eq!(entry["shifts"][0]["until"], "2022-11-10T04:00:00Z");
    assert_eq!(entry["run"], Value::Null);
    assert_eq!(ids(&search(&door, "陈").await, "volunteers", "/id"), [volunteer.to_string()]);
    door.pass(4 * 3_600);
    assert_eq!(door.see("volunteers").await[0]["available"], false, "the shift is over");
    let csv = door.get(&path("volunteers/export.csv")).await.text();
    assert!(csv.contains(&format!("{volunteer},陈芳,1,courier")), "{csv}");
    assert!(csv.contains(&format!("{from}/{until}")), "{csv}");
    door.done(&at, pause("withdraw_break", from, until)).await;
    assert_eq!(door.see("volunteers").await[0]["breaks"], json!([]));
}

/// A row that is carried out as it was looked at.
fn decided(door: &Door, looked: &Value, row: &Value) -> Value {
    let known = looked["household"].clone();
    let household = if known.is_null() { json!(door.thing()) } else { known };
    json!({
        "command_id": door.command_id(), "household": household,
        "expected_revision": looked["revision"], "row": row,
    })
}

async fn look(door: &Door, rows: &[Value]) -> Vec<Value> {
    let body = json!({ "actor": "desk-1", "rows": rows });
    let mut answer = ask(door, "imports/households/preview", body).await;
    let Value::Array(rows) = answer["rows"].take() else { panic!("no rows") };
    rows
}

async fn carry_out(door: &Door, actor: &str, rows: &[Value]) -> Vec<Value> {
    let body = json!({ "actor": actor, "rows": rows });
    let mut answer = ask(door, "imports/households", body).await;
    let Value::Array(rows) = answer["rows"].take() else { panic!("no rows") };
    rows
}

fn outcomes(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_of_households_is_looked_at_carried_out_and_then_so_already() {
    let door = Door::open().await;
    let rows = [
        json!({ "line": 2, "building": "1栋", "unit": "1单元", "room": "301", "name": "李建国",
            "phone": "13812345678", "people": "3人", "language": "中文", "phone_only": "否" }),
        json!({ "line": 3, "address": "2-1-502", "people": "2", "status": "隔离" }),
        json!({ "line": 4, "address": "9-9-999", "people": "2" }),
        json!({ "line": 5, "address": "2-1-501", "people": "many" }),
        json!({ "line": 6, "address": "1-1-301", "name": "李建国", "phone": "138****5678" }),
    ];
    let before = door.count().await;
    let looked = look(&door, &rows).await;
    assert_eq!(outcomes(&looked), ["new", "new", "unreadable", "unreadable", "conflict"]);
    assert_eq!(looked[2]["problem"]["code"], "door-unknown");
    assert_eq!(looked[3]["problem"]["code"], "import-number");
    assert_eq!(looked[4]["problem"]["code"], "import-row-repeated");
    assert_eq!(door.count().await, before, "a preview writes nothing");

    let sent: Vec<_> = (0..2).map(|at| decided(&door, &looked[at], &rows[at])).collect();
    assert_eq!(outcomes(&carry_out(&door, "desk-1", &sent).await), ["done", "done"]);
    let written = door.count().await;
    assert_eq!(outcomes(&carry_out(&door, "desk-1", &sent).await), ["done", "done"]);
    assert_eq!(door.count().await, written, "sent again, it happens once");
    assert_eq!(outcomes(&look(&door, &rows[..2]).await), ["same", "same"]);
    for event in door.events().await {
        let data = String::from_utf8_lossy(&event.data).into_owned();
        assert!(!data.contains("李建国") && !data.contains("13812345678"), "{data}");
    }
    let found = search(&door, "5678").await;
    assert_eq!(found["households"][0]["people"], 3);
}

#[tokio::test]
async fn a_changed_head_count_waits_for_a_second_person_and_a_changed_household_is_a_conflict() {
    let door = Door::open().await;
    let first = json!({ "line": 2, "address": "1-1-301", "phone": "13812345678", "people": "3" });
    let looked = look(&door, std::slice::from_ref(&first)).await;
    carry_out(&door, "desk-1", &[decided(&door, &looked[0], &first)]).await;

    let row = json!({ "line": 2, "address": "1-1-301", "phone": "13812345678", "people": "5" });
    let looked = look(&door, std::slice::from_ref(&row)).await.remove(0);
    let difference = &looked["differences"][0];
    assert_eq!((&difference["from"], &difference["to"]), (&json!("3"), &json!("5")));
    assert_eq!(
        (&difference["known_by"], &difference["needs_second"]),
        (&json!("desk-1"), &json!(true))
    );
    let sent = decided(&door, &looked, &row);

    // Meanwhile somebody else says something about the same household.
    let household = looked["household"].as_str().unwrap().to_owned();
    let away = json!({ "kind": "set_status", "status": "away", "since": "2022-11-10" });
    door.done(&format!("households/{household}"), away).await;
    let answered = carry_out(&door, "desk-1", &[sent]).await.remove(0);
    assert_eq!(
        (&answered["outcome"], &answered["problem"]["code"]),
        (&json!("conflict"), &json!("version-conflict"))
    );

    let looked = look(&door, std::slice::from_ref(&row)).await.remove(0);
    let answered = carry_out(&door, "desk-1", &[decided(&door, &looked, &row)]).await.remove(0);
    assert_eq!(answered["outcome"], "done");
    assert_eq!(search(&door, "5678").await["households"][0]["people"], 3, "proposed only");
    let again = look(&door, std::slice::from_ref(&row)).await.remove(0);
    assert_eq!(again["outcome"], "same", "the same person proposes once");
    let body = json!({ "actor": "desk-2", "rows": [row] });
    let mut other = ask(&door, "imports/households/preview", body).await;
    let looked = other["rows"][0].take();
    carry_out(&door, "desk-2", &[decided(&door, &looked, &row)]).await;
    assert_eq!(search(&door, "5678").await["households"][0]["people"], 5);
}

#[tokio::test]
async fn other_people_behind_a_door_are_for_a_person_to_tell_apart() {
    let door = Door::open().await;
    let known =
        json!({ "line": 2, "address": "1-1-301", "name": "李建国", "phone": "13812345678" });
    let looked = look(&door, std::slice::from_ref(&known)).await;
    carry_out(&door, "desk-1", &[decided(&door, &looked[0], &known)]).await;

    let mut other =
        json!({ "line": 2, "address": "1-1-301", "name": "王小明", "phone": "13900001111" });
    let looked = look(&door, std::slice::from_ref(&other)).await.remove(0);
    assert_eq!(looked["problem"]["code"], "import-others-behind");
    let theirs = looked["candidates"][0]["household"].clone();
    other["choice"] = json!({ "is": theirs });
    let looked = look(&door, std::slice::from_ref(&other)).await.remove(0);
    assert_eq!((&looked["outcome"], &looked["household"]), (&json!("change"), &theirs));
    assert!(!looked.to_string().contains("李建国"), "what is sealed is not told: {looked:#}");
    other["choice"] = json!("new");
    let looked = look(&door, std::slice::from_ref(&other)).await.remove(0);
    assert_eq!(looked["outcome"], "new");
    carry_out(&door, "desk-1", &[decided(&door, &looked, &other)]).await;
    let found = search(&door, "1-1-301").await;
    assert_eq!(found["households"].as_array().unwrap().len(), 2);

    // The first household moves.
    let moved =
        json!({ "line": 2, "address": "2-1-502", "name": "李建国", "phone": "13812345678" });
    let looked = look(&door, std::slice::from_ref(&moved)).await.remove(0);
    assert_eq!(looked["problem"]["code"], "import-lives-elsewhere");
    let mut chosen = moved.clone();
    chosen["choice"] = json!({ "is": theirs });
    let looked = look(&door, std::slice::from_ref(&chosen)).await.remove(0);
    assert_eq!(looked["differences"][0]["field"], "door");
    carry_out(&door, "desk-1", &[decided(&door, &looked, &chosen)]).await;
    let found = search(&door, "2-1-502").await;
    assert_eq!(ids(&found, "households", "/household"), [theirs.as_str().unwrap()]);
}

#[tokio::test]
async fn a_communitys_file_is_looked_at_before_it_is_loaded() {
    let door = Door::open().await;
    let post = async |query: &str, file: String| {
        let path = format!("/api/v1/communities?actor=desk{query}");
        let answered = door.send("POST", &path, &[], file.into()).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.json());
        answered.json()
    };
    let same = post("&preview=true", COMMUNITY_FILE.to_owned()).await;
    assert_eq!((&same["changed"], &same["changes"]), (&json!(0), &json!([])));
    let before = door.count().await;
    let changed = COMMUNITY_FILE.replace("2 = \"blue\"", "2 = \"teal\"");
    let looked = post("&preview=true", changed.clone()).await;
    let change = json!({ "event_type": "GridDrawn", "data": { "grid": "2", "colour": "teal" } });
    assert_eq!(looked["changes"], json!([change]));
    assert_eq!(door.count().await, before, "a preview writes nothing");
    assert_eq!(post("", changed.clone()).await["changed"], 1);
    assert_eq!(post("&preview=true", changed).await["changed"], 0);
}

#[tokio::test]
async fn a_list_of_orders_is_placed_once() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let rows = json!([
        { "line": 2, "address": "1-1-301", "number": "A17", "channel": "团购", "item": "鸡蛋",
          "quantity": "2盒", "category": "生鲜" },
        { "line": 3, "address": "1-1-301", "number": "A17", "channel": "团购", "item": "青菜",
          "category": "生鲜", "pieces": "2", "urgent": "急" },
        { "line": 4, "address": "1-1-302", "item": "米" },
        { "line": 5, "address": "1-1-301" },
    ]);
    let mut looked =
        ask(&door, "imports/orders/preview", json!({ "actor": "desk-1", "rows": rows })).await;
    let Value::Array(orders) = looked["orders"].take() else { panic!("no orders") };
    assert_eq!(outcomes(&orders), ["new", "conflict", "unreadable"]);
    let order = &orders[0];
    assert_eq!((&order["lines"], &order["pieces"]), (&json!([2, 3]), &json!(2)));
    assert_eq!(order["urgent"], json!(true), "one row says so");
    assert_eq!(order["household"], json!(household));
    assert_eq!(orders[1]["problem"]["code"], "import-nobody-behind");
    assert_eq!(orders[2]["problem"]["code"], "import-no-item");

    let body = json!({ "actor": "desk-1", "orders": [
        { "command_id": door.command_id(), "order": order["order"], "rows": [rows[0], rows[1]] },
    ] });
    let placed = ask(&door, "imports/orders", body.clone()).await;
    assert_eq!(placed["orders"][0]["outcome"], "done", "{placed:#}");
    let count = door.count().await;
    ask(&door, "imports/orders", body).await;
    assert_eq!(door.count().await, count, "sent again, it happens once");
    let known = door.see(&format!("orders/{}", order["order"].as_str().unwrap())).await;
    assert_eq!((&known["pieces"], &known["phase"]), (&json!(2), &json!("open")));
    assert_eq!(known["urgent"], json!(true));
    let mut other = rows.clone();
    other[0]["quantity"] = json!("3");
    let looked =
        ask(&door, "imports/orders/preview", json!({ "actor": "desk-1", "rows": other })).await;
    let outcome = &looked["orders"][0];
    assert_eq!(outcome["problem"]["code"], "import-order-placed-otherwise");
    let looked =
        ask(&door, "imports/orders/preview", json!({ "actor": "desk-1", "rows": rows })).await;
    assert_eq!(looked["orders"][0]["outcome"], "same");
}

/// A number of the whole list, such as that of a group buy, makes no order of several households.
#[tokio::test]
async fn rows_of_one_number_for_two_households_are_told_apart() {
    let door = Door::open().await;
    door.household("1", "1", "301").await;
    door.household("1", "1", "302").await;
    let rows = json!([
        { "line": 2, "address": "1-1-301", "number": "B7", "item": "油" },
        { "line": 3, "address": "1-1-302", "number": "B7", "item": "米" },
    ]);
    let body = json!({ "actor": "desk-1", "rows": rows });
    let looked = ask(&door, "imports/orders/preview", body).await;
    let Value::Array(orders) = &looked["orders"] else { panic!("no orders") };
    assert_eq!(outcomes(orders), ["new", "conflict"]);
    assert_eq!(orders[0]["lines"], json!([2]));
    let told = &orders[1];
    assert_eq!((&told["lines"], &told["door"]["room"]), (&json!([3]), &json!("302")));
    assert_eq!(told["problem"]["code"], "import-number-of-another");
}
