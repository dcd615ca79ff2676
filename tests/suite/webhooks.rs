//! Webhooks from the real program to a real receiver.

use std::{path::Path, process::Command, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;
use serde_json::{Value, json};
use tests::{Connection, Serving, TempDir, engine_binary, id};
use tokio::{net::TcpListener, sync::mpsc};

use crate::api::door::{COMMUNITY, COMMUNITY_FILE, enveloped};

/// The secret of the specification's example.
const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The series of ids.
const SERIES: u16 = 31;

/// What a receiver got.
#[derive(Debug)]
struct Got {
    id: String,
    body: Value,
}

/// A receiver that answers in turn as it was told, and then always "taken".
async fn receiver(answers: &[u16]) -> (String, mpsc::UnboundedReceiver<Got>) {
    let (sender, got) = mpsc::unbounded_channel();
    let mut answers = answers.to_vec();
    answers.reverse();
    let state = Arc::new((sender, std::sync::Mutex::new(answers)));
    let app = Router::new().route("/hook", post(receive)).with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, got)
}

type Answers = Arc<(mpsc::UnboundedSender<Got>, std::sync::Mutex<Vec<u16>>)>;

async fn receive(State(state): State<Answers>, headers: HeaderMap, body: Bytes) -> Response {
    let of = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (id, timestamp) = (of("webhook-id"), of("webhook-timestamp"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(SECRET).unwrap());
    let signed = [format!("{id}.{timestamp}.").as_bytes(), &body].concat();
    let signature = STANDARD.decode(of("webhook-signature").strip_prefix("v1,").unwrap());
    assert!(hmac::verify(&key, &signed, &signature.unwrap()).is_ok(), "a wrong signature");
    state.0.send(Got { id, body: serde_json::from_slice(&body).unwrap() }).unwrap();
    let status = StatusCode::from_u16(state.1.lock().unwrap().pop().unwrap_or(204)).unwrap();
    // Whoever followed this would call the receiver a second time at once.
    (status, [(header::LOCATION, "/hook")]).into_response()
}

async fn serve(data: &Path) -> (Serving, Connection) {
    let mut command = Command::new(engine_binary().unwrap());
    command.arg("serve").arg("--data").arg(data).arg("--webhooks-allow-private");
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]).env("RUST_LOG", "info");
    let serving = Serving::spawn(command).unwrap();
    let connection = Connection::open(serving.address()).await.unwrap();
    (serving, connection)
}

async fn post_json(connection: &mut Connection, path: &str, body: &Value) -> Value {
    let reply = connection.post(path, "application/json", body.to_string().as_bytes()).await;
    let reply = reply.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.json());
    reply.json()
}

/// A piece of which nobody knows for whom it is; the parcel.
async fn hold(connection: &mut Connection, number: u64) -> Value {
    let scan = json!({
        "command_id": id(SERIES, number), "kind": "arrive", "code": format!("SF{number:013}"),
        "carrier": "sf",
    });
    let answers = post_json(connection, "/api/v1/scans", &enveloped(&json!({}), &[scan])).await;
    assert_eq!(answers["answers"][0]["status"], "held", "{answers}");
    answers["answers"][0]["parcel"].clone()
}

fn webhooks() -> String {
    format!("/api/v1/communities/{COMMUNITY}/webhooks")
}

#[tokio::test]
async fn a_message_comes_signed_until_it_is_taken_and_goes_on_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let (url, mut got) = receiver(&[500, 302]).await;
    let (mut serving, mut connection) = serve(folder.path()).await;
    let path = "/api/v1/communities?actor=desk";
    let loaded = connection.post(path, "application/toml", COMMUNITY_FILE.as_bytes()).await;
    assert_eq!(loaded.unwrap().status, 200);
    let hook = json!({
        "actor": "desk", "id": id(SERIES, 0), "url": url, "kinds": ["needs_care", "handed_off"],
        "secret": format!("whsec_{SECRET}"),
    });
    let set = post_json(&mut connection, &webhooks(), &hook).await;
    assert_eq!((&set["webhook"]["state"], &set["secret"]), (&json!("active"), &Value::Null));

    let parcel = hold(&mut connection, 1).await;
    let first = got.recv().await.unwrap();
    assert_eq!(first.body["type"], "parcel.needs_care");
    assert_eq!(first.body["data"]["parcel"], parcel);
    assert_eq!(first.body["data"]["event_type"], "ParcelHeld");
    // 500, then a redirect that is not followed, then taken: three times the same message.
    for _ in 0..2 {
        assert_eq!(got.recv().await.unwrap().id, first.id);
    }
    // The next one says that the first was taken, because they are sent in order.
    let second = hold(&mut connection, 2).await;
    assert_eq!(got.recv().await.unwrap().body["data"]["parcel"], second);

    assert!(serving.end().unwrap().success());
    let (_serving, mut connection) = serve(folder.path()).await;
    let third = hold(&mut connection, 3).await;
    let next = got.recv().await.unwrap();
    assert_eq!(next.body["data"]["parcel"], third, "what was taken is not sent again");
    let listed = connection.get(&webhooks()).await.unwrap().json();
    assert_eq!(listed[0]["id"], json!(id(SERIES, 0)));
    assert!(!listed.to_string().contains(SECRET), "a secret is told");
}

#[tokio::test]
async fn an_address_inside_the_house_is_refused_unless_it_is_allowed() {
    let folder = TempDir::new().unwrap();
    let serving = Serving::start(folder.path()).unwrap();
    let mut connection = Connection::open(serving.address()).await.unwrap();
    let path = "/api/v1/communities?actor=desk";
    let loaded = connection.post(path, "application/toml", COMMUNITY_FILE.as_bytes()).await;
    assert_eq!(loaded.unwrap().status, 200);
    let cases = [
        ("https://169.254.169.254/latest", "webhook-url-inside"),
        ("https://[::ffff:127.0.0.1]/", "webhook-url-inside"),
        ("http://example.com/", "webhook-url-invalid"),
        ("file:///etc/passwd", "webhook-url-invalid"),
    ];
    for (url, code) in cases {
        let hook = json!({
            "actor": "desk", "id": id(SERIES, 0), "url": url, "kinds": ["failed"],
        });
        let reply =
            connection.post(&webhooks(), "application/json", hook.to_string().as_bytes()).await;
        assert_eq!(reply.unwrap().json()["code"], code, "{url}");
    }
    let hook = json!({
        "actor": "desk", "id": id(SERIES, 0), "url": "https://example.com/", "kinds": ["failed"],
    });
    let set = post_json(&mut connection, &webhooks(), &hook).await;
    assert!(set["secret"].as_str().unwrap().starts_with("whsec_"), "a made secret is told once");
    let again = post_json(&mut connection, &webhooks(), &hook).await;
    assert_eq!(again["secret"], Value::Null);
}
