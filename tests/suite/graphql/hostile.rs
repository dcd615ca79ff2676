//! Documents that are made to hurt: each is refused, quickly, and with a code.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::api::door::Door;

/// How many documents are sent.
const DOCUMENTS: u64 = 1_000;
/// How long the refusal of one may take, on a machine that has much else to do.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_thousand_hostile_documents_are_refused() {
    let door = Door::open().await;
    let mut random = fastrand::Rng::with_seed(17);
    for number in 0..DOCUMENTS {
        let (kind, document) = hostile(number, &mut random);
        let began = Instant::now();
        let body = json!({ "query": document }).to_string();
        refused(&door, kind, body).await;
        assert!(began.elapsed() < REFUSED_WITHIN, "{kind} took {:?}", began.elapsed());
    }
    refused(&door, "a batch", json!([{ "query": "{ __typename }" }]).to_string()).await;
    refused(&door, "a huge body", json!({ "query": "x".repeat(2_000_000) }).to_string()).await;
    let deep = format!("{{\"query\":\"{{__typename}}\",\"variables\":{}", "[".repeat(100_000));
    refused(&door, "deep variables", deep).await;
}

async fn refused(door: &Door, kind: &str, body: String) {
    let headers = [("content-type", "application/json")];
    let answered = door.send("POST", "/graphql", &headers, body.into()).await;
    let answer = answered.json();
    let code = match answered.status {
        StatusCode::OK => &answer["errors"][0]["extensions"]["code"],
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => &answer["code"],
        status => panic!("{kind}: {status}"),
    };
    assert!(code.is_string(), "{kind}: {answer}");
    assert_eq!(answer["data"], Value::Null, "{kind} was run");
}

/// A document that is made to hurt, and what is bad about it.
pub fn hostile(number: u64, random: &mut fastrand::Rng) -> (&'static str, String) {
    let size = random.usize(200..2_000);
    let repeat = |text: &str| text.repeat(size);
    match number % 14 {
        0 => ("deep", format!("{{{}key{}}}", repeat("node(id:\"x\"){"), repeat("}"))),
        1 => {
            let next = "run(key:\"0192f3a4-b5c6-7d7e-8f90-0123456789ab\"){pieces{parcel{";
            let depth = 6;
            let open = next.repeat(depth);
            let close = "}}}".repeat(depth);
            ("deep and valid", format!("{{community(key:\"willow-court\"){{{open}key{close}}}}}"))
        }
        2 => ("wide", format!("{{{}}}", repeat("__typename "))),
        3 => {
            let fields = (0..size).map(|n| format!("a{n}:engine{{position}}"));
            ("aliased", format!("{{{}}}", fields.collect::<Vec<_>>().join(" ")))
        }
        4 => {
            let cycle = random.usize(1..20);
            let fragments =
                (0..cycle).map(|n| format!("fragment f{n} on Query{{...f{}}}", (n + 1) % cycle));
            ("recursive", format!("{{...f0}}{}", fragments.collect::<String>()))
        }
        5 => {
            let levels = random.usize(10..40);
            let fragments =
                (0..levels).map(|n| format!("fragment f{n} on Query{{...f{0} ...f{0}}}", n + 1));
            let last = format!("fragment f{levels} on Query{{__typename}}");
            ("doubling", format!("{{...f0}}{}{last}", fragments.collect::<String>()))
        }
        6 => ("directives", format!("{{__typename {}}}", repeat("@skip(if:false)"))),
        7 => ("directives of an operation", format!("query {}{{a}}", repeat("@a"))),
        8 => ("a huge text", format!("{{node(id:\"{}\"){{id}}}}", repeat(&"x".repeat(400)))),
        9 => ("deep lists", format!("{{nodes(ids:{}1{}){{id}}}}", repeat("["), repeat("]"))),
        10 => ("deep objects", format!("{{a(b:{}1{})}}", repeat("{c:"), repeat("}"))),
        11 => ("unclosed", format!("{{{}", repeat("a{"))),
        12 => {
            let operations = (0..size).map(|n| format!("query q{n}{{__typename}}"));
            ("many operations", operations.collect::<String>())
        }
        _ => {
            let variables = (0..size).map(|n| format!("$v{n}:Int"));
            let variables = variables.collect::<Vec<_>>().join(" ");
            ("many variables", format!("query({variables}){{__typename}}"))
        }
    }
}
