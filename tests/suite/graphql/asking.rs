//! Questions and commands.

use serde_json::{Value, json};

use super::{answer, ask, fault};
use crate::api::door::{COMMUNITY, Door, is};

const ADDRESS: &str = "柳园1号楼1单元301";

async fn arrive(door: &Door, number: &str) -> Value {
    let arrival = json!({ "code": number, "carrier": "sf", "address": ADDRESS });
    let answer = door.scan("arrive", arrival).await;
    is(&answer, "accepted");
    answer
}

#[tokio::test]
async fn a_scanned_parcel_is_asked_hand_by_hand() {
    let door = Door::open().await;
    door.household("1", "1", "301").await;
    let arrived = arrive(&door, "SF1234567890123").await;
    let document = "query ($community: ID!, $key: UUID!, $position: Long!) {
        community(key: $community, atLeast: $position) {
            key name timeZone today
            parcel(key: $key) {
                id phase custody { kind run } category handovers
                recipient { door { building unit room } grid }
                household { doors { room } }
                cue { next grid sayChinese }
                trail(first: 1) {
                    nodes { eventType occurredAt actor data }
                    pageInfo { hasNextPage endCursor }
                }
            }
            views(atLeast: $position) {
                position
                buildingQueues { building total { atGate } byCategory { key value { atGate } } }
                nowBoard { total { pieces { atGate } } }
            }
        }
    }";
    let variables = json!({
        "community": COMMUNITY, "key": arrived["parcel"], "position": arrived["position"],
    });
    let seen = ask(&door, document, variables).await;
    let community = &seen["community"];
    assert_eq!((&community["name"], &community["today"]), (&json!("柳园"), &json!("2022-11-10")));
    let parcel = &community["parcel"];
    assert_eq!(parcel["phase"], "ARRIVED");
    assert_eq!(parcel["custody"], json!({ "kind": "INTAKE_POINT", "run": null }));
    assert_eq!(parcel["category"], "PARCEL_GOODS");
    assert_eq!(parcel["recipient"]["door"], json!({ "building": "1", "unit": "1", "room": "301" }));
    assert_eq!(parcel["household"]["doors"][0]["room"], "301");
    assert_eq!(parcel["cue"]["next"], "START_DISINFECTION");
    assert_eq!(parcel["trail"]["nodes"][0]["eventType"], "ParcelArrived");
    assert_eq!(parcel["trail"]["pageInfo"]["hasNextPage"], false);
    let views = &community["views"];
    assert_eq!(views["position"], arrived["position"]);
    assert_eq!(views["buildingQueues"][0]["total"]["atGate"], 1);
    let by_category = json!([{ "key": "parcel_goods", "value": { "atGate": 1 } }]);
    assert_eq!(views["buildingQueues"][0]["byCategory"], by_category);
    assert_eq!(views["nowBoard"]["total"]["pieces"]["atGate"], 1);

    let document = "query ($id: ID!) { node(id: $id) { __typename id ... on Parcel { key } } }";
    let again = ask(&door, document, json!({ "id": parcel["id"] })).await;
    let node = json!({
        "__typename": "Parcel", "id": parcel["id"], "key": arrived["parcel"],
    });
    assert_eq!(again["node"], node);
}

#[tokio::test]
async fn views_are_asked_as_they_stood() {
    let door = Door::open().await;
    arrive(&door, "SF1234567890123").await;
    let then = door.now();
    door.pass(60);
    arrive(&door, "SF1234567890124").await;
    let document = "query ($community: ID!, $then: DateTime) { community(key: $community) {
        now: views { nowBoard { total { pieces { atGate } } } }
        then: views(asOf: $then) { at nowBoard { total { pieces { atGate } } } }
    } }";
    let seen = ask(&door, document, json!({ "community": COMMUNITY, "then": then })).await;
    let at_gate = |of: &str| seen["community"][of]["nowBoard"]["total"]["pieces"]["atGate"].clone();
    assert_eq!((at_gate("now"), at_gate("then")), (json!(2), json!(1)));
    let future = json!({ "community": COMMUNITY, "then": "2030-01-01T00:00:00+08:00" });
    assert_eq!(fault(&door, document, future).await, "as-of-future");
}

#[tokio::test]
async fn a_position_that_has_not_come_is_said_to_be_so() {
    let door = Door::open().await;
    let document = "{ community(key: \"willow-court\", atLeast: 1000000) { key } }";
    assert_eq!(fault(&door, document, json!({})).await, "position-not-written");
}

const REGISTER: &str = "mutation ($input: HouseholdRegisterInput!) {
    householdRegister(input: $input) {
        __typename
        ... on CommandDone { revision alreadySo position node { id ... on Household { people } } }
        ... on Refusal { code english chinese }
    }
}";

#[tokio::test]
async fn a_command_is_done_once_and_answered_twice() {
    let door = Door::open().await;
    let household = door.thing();
    let input = |building: &str| {
        json!({ "input": {
            "commandId": "0192f3a4-b5c6-7d7e-8f90-0123456789ab", "community": COMMUNITY,
            "id": household, "actor": "desk", "language": "ZH_CN", "phoneOnly": false,
            "doors": [{ "building": building, "unit": "1", "room": "301" }],
        } })
    };
    let before = door.count().await;
    let done = ask(&door, REGISTER, input("1")).await;
    assert_eq!(done["householdRegister"]["__typename"], "CommandDone", "{done:#}");
    let id = format!("household:{COMMUNITY}:{household}");
    assert_eq!(done["householdRegister"]["node"]["id"], json!(id));
    assert_eq!(door.count().await, before + 1);
    let again = ask(&door, REGISTER, input("1")).await;
    assert_eq!(again["householdRegister"]["revision"], done["householdRegister"]["revision"]);
    assert_eq!(door.count().await, before + 1, "the same id with the same content is done once");
    let misused = ask(&door, REGISTER, input("2")).await;
    assert_eq!(misused["householdRegister"]["code"], "command-id-misused");
}

#[tokio::test]
async fn the_same_command_over_rest_and_over_graphql_is_one_command() {
    let door = Door::open().await;
    let (household, command) = (door.thing(), door.command_id());
    let doors = json!([{ "building": "1", "unit": "1", "room": "301" }]);
    let rest = json!({
        "kind": "register", "doors": doors, "language": "zh-CN", "phone_only": false,
    });
    door.command_as(command, &format!("households/{household}"), rest).await;
    let before = door.count().await;
    let input = json!({ "input": {
        "commandId": command, "community": COMMUNITY, "id": household, "actor": "desk",
        "language": "ZH_CN", "phoneOnly": false, "doors": doors,
    } });
    let done = ask(&door, REGISTER, input).await;
    assert_eq!(done["householdRegister"]["__typename"], "CommandDone", "{done:#}");
    assert_eq!(door.count().await, before);
}

#[tokio::test]
async fn what_is_refused_is_data_and_what_is_unreadable_says_which_field() {
    let door = Door::open().await;
    let input = |room: &str, id: &str| {
        json!({ "input": {
            "commandId": door.command_id(), "community": COMMUNITY, "id": id, "actor": "desk",
            "language": "ZH_CN", "phoneOnly": false,
            "doors": [{ "building": "1", "unit": "1", "room": room }],
        } })
    };
    let id = door.thing().to_string();
    let unknown = &ask(&door, REGISTER, input("9999", &id)).await["householdRegister"];
    assert_eq!(unknown["code"], "door-unknown");
    assert!(unknown["chinese"].as_str().unwrap().contains("没有"), "{unknown}");
    let unreadable = &ask(&door, REGISTER, input("\u{7}", &id)).await["householdRegister"];
    assert_eq!(unreadable["code"], "field-invalid");
    let no_id = &ask(&door, REGISTER, input("301", "x")).await["householdRegister"];
    assert_eq!(no_id["code"], "path-invalid");
    let missing = json!({ "input": { "community": COMMUNITY } });
    assert_eq!(fault(&door, REGISTER, missing).await, "document-invalid");
}

#[tokio::test]
async fn scans_are_taken_over_graphql_too() {
    let door = Door::open().await;
    let document = "mutation ($input: ScansInput!) { scan(input: $input) {
        __typename
        ... on ScanAnswers { answers { status parcel cue { next } problem { code } } }
        ... on Refusal { code }
    } }";
    let batch = json!({ "input": {
        "community": COMMUNITY, "actor": "gate-1",
        "scans": [
            { "commandId": door.command_id(), "kind": "ARRIVE", "code": "SF1234567890123",
              "carrier": "sf", "address": ADDRESS, "size": "BOX" },
            { "commandId": door.command_id(), "kind": "DEPART", "countedPieces": 1 },
        ],
    } });
    let taken = ask(&door, document, batch).await;
    let answers = &taken["scan"]["answers"];
    assert_eq!(answers[0]["status"], "ACCEPTED", "{taken:#}");
    assert_eq!(answers[0]["cue"]["next"], "START_DISINFECTION");
    assert_eq!(answers[1]["problem"]["code"], "scan-invalid");
    let empty = json!({ "input": { "community": COMMUNITY, "actor": "gate-1", "scans": [] } });
    assert_eq!(ask(&door, document, empty).await["scan"]["code"], "batch-size");
}

#[tokio::test]
async fn a_choice_of_several_shapes_is_one_of_them() {
    let door = Door::open().await;
    let document = "mutation ($input: CommunityAddAliasInput!) {
        communityAddAlias(input: $input) {
            ... on CommandDone { alreadySo } ... on Refusal { code }
        }
    }";
    let input = |target: Value| {
        json!({ "input": {
            "commandId": door.command_id(), "community": COMMUNITY, "actor": "desk",
            "text": "大门旁", "target": target,
        } })
    };
    let added = ask(&door, document, input(json!({ "unit": ["1", "2"] }))).await;
    assert_eq!(added["communityAddAlias"]["alreadySo"], false, "{added:#}");
    let both = answer(&door, document, input(json!({ "unit": ["1", "2"], "building": "1" }))).await;
    assert!(both["errors"][0]["extensions"]["code"] == "document-invalid", "{both:#}");
}

#[tokio::test]
async fn an_address_is_resolved_and_nothing_is_recorded() {
    let door = Door::open().await;
    let household = door.household("1", "1", "301").await;
    let before = door.count().await;
    let document = "query ($input: ResolveInput!) { community(key: \"willow-court\") {
        resolve(input: $input) { recipient { household door { room } } candidates { building } }
    } }";
    let certain = ask(&door, document, json!({ "input": { "address": ADDRESS } })).await;
    let recipient = &certain["community"]["resolve"]["recipient"];
    assert_eq!(recipient["household"], json!(household), "{certain:#}");
    let nowhere = ask(&door, document, json!({ "input": { "address": "月球" } })).await;
    assert_eq!(nowhere["community"]["resolve"]["recipient"], Value::Null);
    assert_eq!(door.count().await, before);
}

#[tokio::test]
async fn lists_come_in_pages_that_meet() {
    let door = Door::open().await;
    for room in ["301", "302", "401", "402", "501"] {
        door.household("1", "1", room).await;
    }
    let document = "query ($first: Int, $after: String, $last: Int, $before: String) {
        community(key: \"willow-court\") {
            households(first: $first, after: $after, last: $last, before: $before) {
                nodes { key } pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
            }
        }
    }";
    let page = async |variables: Value| {
        ask(&door, document, variables).await["community"]["households"].take()
    };
    let mut keys = vec![];
    let mut after = Value::Null;
    loop {
        let page = page(json!({ "first": 2, "after": after })).await;
        keys.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["key"].to_string()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    keys.dedup();
    assert_eq!(keys.len(), 5);
    let last = page(json!({ "last": 2 })).await;
    assert_eq!(last["nodes"][1]["key"].to_string(), keys[4]);
    assert_eq!(last["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(fault(&door, document, json!({ "first": 101 })).await, "page-invalid");
    assert_eq!(fault(&door, document, json!({ "first": 1, "after": "?" })).await, "cursor-invalid");
}

#[tokio::test]
async fn a_run_is_asked_with_its_courier_and_its_pieces() {
    let door = Door::open().await;
    let (run, volunteer) = door.run("1").await;
    let document = "query ($run: UUID!) { community(key: \"willow-court\") {
        run(key: $run) { phase grid courier { key roles available } limit { pieces } stops { door {
            room } } pieces { status parcel { key } } }
        openRuns { nodes { key } }
        volunteers(first: 1) { edges { cursor node { carryLimit { weightGrams } } } }
        buildings { key units lift grid } grids { key colour } zones { key restriction }
        windows { category windows { opens closes } } intakePoint
    } }";
    let seen = &ask(&door, document, json!({ "run": run })).await["community"];
    assert_eq!(seen["run"]["phase"], "ACCEPTED");
    assert_eq!(seen["run"]["courier"]["key"], json!(volunteer));
    assert_eq!(seen["openRuns"]["nodes"][0]["key"], json!(run));
    assert_eq!(seen["grids"][0]["colour"], "RED");
    assert_eq!(seen["zones"][0]["restriction"], "OPEN");
    assert_eq!(seen["windows"][0]["windows"][0]["opens"], "13:30:00");
}

#[tokio::test]
async fn a_link_asks_but_changes_nothing() {
    let door = Door::open().await;
    let seen = door.get("/graphql?query=%7B__typename%7D").await;
    assert_eq!(seen.json(), json!({ "data": { "__typename": "Query" } }));
    let changes = "mutation%7B__typename%7D";
    let refused = door.get(&format!("/graphql?query={changes}")).await;
    refused.is_problem(405, "method-not-allowed");
    door.get("/graphql").await.is_problem(400, "query-invalid");
    let form = door.send("POST", "/graphql", &[("content-type", "text/plain")], "{}".into()).await;
    form.is_problem(415, "media-type");
}

#[tokio::test]
async fn introspection_works_as_clients_send_it() {
    let door = Door::open().await;
    let document = "query IntrospectionQuery { __schema { queryType { name } mutationType { name }
        subscriptionType { name } types { ...FullType } directives { name description locations
        args { ...InputValue } } } }
        fragment FullType on __Type { kind name description specifiedByURL
          fields(includeDeprecated: true) { name description args { ...InputValue }
            type { ...TypeRef } isDeprecated deprecationReason }
          inputFields { ...InputValue } interfaces { ...TypeRef }
          enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
          possibleTypes { ...TypeRef } }
        fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
        fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind
          name ofType { kind name ofType { kind name ofType { kind name ofType { kind name }}}}}}}}";
    let schema = &ask(&door, document, json!({})).await["__schema"];
    let types = schema["types"].as_array().unwrap();
    let ours = types.iter().filter(|one| !one["name"].as_str().unwrap().starts_with("__"));
    for one in ours {
        for field in one["fields"].as_array().into_iter().flatten() {
            let told = field["description"].as_str().unwrap_or_default();
            let relay = ["edges", "nodes", "pageInfo", "cursor", "node"];
            let known = relay.contains(&field["name"].as_str().unwrap());
            assert!(!told.is_empty() || known, "{}.{} says nothing", one["name"], field["name"]);
        }
    }
}
