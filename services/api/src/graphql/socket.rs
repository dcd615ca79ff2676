//! `graphql-transport-ws`: documents and subscriptions over one WebSocket.
//!
//! The protocol of the npm package `graphql-ws` and most other clients. Everything is bounded: the
//! time until a client says who it is, the size of what it sends, how much it follows at the same
//! time, and how long it may leave an answer unread.

use std::collections::HashMap;
use std::time::Duration;

use async_graphql::parser::types::{DocumentOperations, OperationType};
use async_graphql::{Request, Response, Value};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response as HttpResponse;
use futures_util::future::ready;
use futures_util::stream::{AbortHandle, BoxStream, SelectAll, abortable, once};
use futures_util::{FutureExt, StreamExt};
use runtime::Problem;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until, timeout};

use super::http::{coded, prepare, refusal, run};
use super::{Schema, Stopping};

/// The name of the protocol.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";
/// The largest message that is read, in bytes.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// The most that waits to be written, in bytes.
const UNWRITTEN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a client may take to begin.
const INIT_MAX: Duration = Duration::from_secs(10);
/// How often a client is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long a client may say nothing at all.
const SILENCE_MAX: Duration = Duration::from_mins(1);
/// How long a client may leave an answer unread.
const UNREAD_MAX: Duration = Duration::from_secs(20);
/// The most documents that one connection runs or follows at the same time.
pub(super) const SUBSCRIPTIONS_MAX: usize = 50;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    ConnectionInit {},
    Ping {},
    Pong {},
    Subscribe { id: String, payload: Box<Request> },
    Complete { id: String },
}

/// What a client is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told<'a> {
    ConnectionAck,
    Ping,
    Pong,
    Next { id: &'a str, payload: &'a Response },
    Error { id: &'a str, payload: &'a [async_graphql::ServerError] },
    Complete { id: &'a str },
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy)]
struct Closed(u16, &'static str);

const GOING_AWAY: Closed = Closed(1001, "the engine stops: connect again");
const UNREADABLE: Closed = Closed(4400, "this message cannot be read");
const UNAUTHORIZED: Closed = Closed(4401, "say connection_init first");
const WRONG_PROTOCOL: Closed = Closed(4406, "only graphql-transport-ws is spoken here");
const INIT_TOO_LATE: Closed = Closed(4408, "connection_init did not come in time");
const SILENT: Closed = Closed(4408, "nothing was heard for too long");
const UNREAD: Closed = Closed(4408, "answers were left unread for too long");
const INIT_TWICE: Closed = Closed(4429, "connection_init came twice");
const ID_TAKEN: Closed = Closed(4409, "this id is followed already");

/// Makes a WebSocket of a request.
pub(super) fn upgrade(
    upgrade: WebSocketUpgrade,
    schema: Schema,
    stopping: Stopping,
) -> HttpResponse {
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .max_write_buffer_size(UNWRITTEN_BYTES_MAX)
        .on_upgrade(move |socket| async move {
            let mut connection = Connection::new(socket, schema);
            let closed = tokio::select! {
                closed = connection.serve() => closed,
                () = stopping.stopped() => Some(GOING_AWAY),
            };
            connection.close(closed).await;
        })
}

/// What a followed document says next; `None` is that it has ended.
type Answers = BoxStream<'static, (u64, Option<Response>)>;

struct Connection {
    socket: WebSocket,
    schema: Schema,
    answers: SelectAll<Answers>,
    /// What is followed, by the client's id.
    followed: HashMap<String, Followed>,
    /// The client's ids, by our numbers: an id may be used again after it was completed.
    ids: HashMap<u64, String>,
    next_number: u64,
}

struct Followed {
    number: u64,
    abort: AbortHandle,
}

impl Connection {
    fn new(socket: WebSocket, schema: Schema) -> Self {
        let (answers, followed, ids) = (SelectAll::new(), HashMap::new(), HashMap::new());
        Self { socket, schema, answers, followed, ids, next_number: 0 }
    }

    /// Speaks until one of both has had enough; `None` is that the client has gone.
    async fn serve(&mut self) -> Option<Closed> {
        if self.socket.protocol().is_none_or(|protocol| protocol != PROTOCOL) {
            return Some(WRONG_PROTOCOL);
        }
        match timeout(INIT_MAX, self.socket.recv()).await {
            Err(_) => return Some(INIT_TOO_LATE),
            Ok(Some(Ok(Message::Text(text)))) => match read(&text) {
                Ok(Said::ConnectionInit {}) => {
                    if let Err(closed) = self.tell(&Told::ConnectionAck).await {
                        return closed;
                    }
                }
                Ok(_) => return Some(UNAUTHORIZED),
                Err(closed) => return Some(closed),
            },
            Ok(Some(Ok(_))) => return Some(UNREADABLE),
            Ok(Some(Err(_)) | None) => return None,
        }
        self.converse().await.err().flatten()
    }

    async fn converse(&mut self) -> Result<(), Option<Closed>> {
        let mut heard = Instant::now();
        let mut ping = heard + PING_EVERY;
        loop {
            tokio::select! {
                said = self.socket.recv() => {
                    heard = Instant::now();
                    match said {
                        Some(Ok(message)) => self.hear(message).await?,
                        Some(Err(_)) | None => return Err(None),
                    }
                }
                Some((number, answer)) = self.answers.next() => {
                    self.pass_on(number, answer).await?;
                }
                () = sleep_until(ping) => {
                    if heard.elapsed() > SILENCE_MAX {
                        return Err(Some(SILENT));
                    }
                    ping = Instant::now() + PING_EVERY;
                    self.tell(&Told::Ping).await?;
                }
            }
        }
    }

    async fn hear(&mut self, message: Message) -> Result<(), Option<Closed>> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Some(UNREADABLE)),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(None),
        };
        match read(&text)? {
            Said::ConnectionInit {} => Err(Some(INIT_TWICE)),
            Said::Ping {} => self.tell(&Told::Pong).await,
            Said::Pong {} => Ok(()),
            Said::Subscribe { id, payload } => self.follow(id, *payload).await,
            Said::Complete { id } => {
                if let Some(followed) = self.followed.remove(&id) {
                    followed.abort.abort();
                    self.ids.remove(&followed.number);
                }
                Ok(())
            }
        }
    }

    async fn follow(&mut self, id: String, asked: Request) -> Result<(), Option<Closed>> {
        if self.followed.contains_key(&id) {
            return Err(Some(ID_TAKEN));
        }
        if self.followed.len() >= SUBSCRIPTIONS_MAX {
            let response = refusal(&too_many());
            return self.tell(&Told::Error { id: &id, payload: &response.errors }).await;
        }
        let (asked, operations) = match prepare(asked) {
            Ok(prepared) => prepared,
            Err(response) => {
                return self.tell(&Told::Error { id: &id, payload: &response.errors }).await;
            }
        };
        let number = self.next_number;
        self.next_number += 1;
        let schema = self.schema.clone();
        let answers = answers(schema, asked, &operations);
        let (answers, abort) = abortable(answers);
        let ended = once(ready((number, None)));
        self.answers.push(answers.map(move |answer| (number, Some(answer))).chain(ended).boxed());
        self.ids.insert(number, id.clone());
        self.followed.insert(id, Followed { number, abort });
        Ok(())
    }

    async fn pass_on(
        &mut self,
        number: u64,
        answer: Option<Response>,
    ) -> Result<(), Option<Closed>> {
        // What was completed by the client ends without a word.
        let Some(id) = self.ids.get(&number).cloned() else { return Ok(()) };
        let Some(answer) = answer else {
            self.forget(number, &id);
            return self.tell(&Told::Complete { id: &id }).await;
        };
        if answer.data == Value::Null && !answer.errors.is_empty() {
            // It could not be run; this ends it, and no `complete` follows.
            if let Some(followed) = self.followed.get(&id) {
                followed.abort.abort();
            }
            self.forget(number, &id);
            return self.tell(&Told::Error { id: &id, payload: &answer.errors }).await;
        }
        self.tell(&Told::Next { id: &id, payload: &answer }).await
    }

    fn forget(&mut self, number: u64, id: &str) {
        self.ids.remove(&number);
        self.followed.remove(id);
    }

    /// Sends a message; a client that does not read it in time has had its turn.
    async fn tell(&mut self, told: &Told<'_>) -> Result<(), Option<Closed>> {
        let text = serde_json::to_string(told).unwrap_or_default();
        let sent = timeout(UNREAD_MAX, self.socket.send(Message::Text(Utf8Bytes::from(text))));
        match sent.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(None),
            Err(_) => Err(Some(UNREAD)),
        }
    }

    async fn close(mut self, closed: Option<Closed>) {
        let Some(Closed(code, reason)) = closed else { return };
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        // A client that reads nothing does not read this either.
        drop(timeout(UNREAD_MAX, self.socket.send(Message::Close(Some(frame)))).await);
    }
}

/// The answers of a document: one, or as many as a subscription has.
pub(super) fn answers(
    schema: Schema,
    asked: Request,
    operations: &DocumentOperations,
) -> BoxStream<'static, Response> {
    let follows = match operations {
        DocumentOperations::Single(operation) => operation.node.ty == OperationType::Subscription,
        DocumentOperations::Multiple(operations) => {
            // A lone operation needs no choosing, also when it has a name.
            let is_lone = operations.len() == 1 && asked.operation_name.is_none();
            operations.iter().any(|(name, operation)| {
                operation.node.ty == OperationType::Subscription
                    && (is_lone || asked.operation_name.as_deref() == Some(name.as_str()))
            })
        }
    };
    if follows {
        schema.execute_stream(asked).map(coded).boxed()
    } else {
        once(async move { run(&schema, asked).await }.boxed()).boxed()
    }
}

fn read(text: &Utf8Bytes) -> Result<Said, Closed> {
    serde_json::from_str(text).map_err(|_| UNREADABLE)
}

fn too_many() -> Problem {
    Problem::deferred(
        "too-many-subscriptions",
        format!("one connection follows at most {SUBSCRIPTIONS_MAX} at a time: end some first"),
        format!("每个连接至多同时订阅 {SUBSCRIPTIONS_MAX} 项：请先结束一些"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says_is_read_and_nothing_else() {
        let read = |text: &str| read(&Utf8Bytes::from(text.to_owned()));
        assert!(matches!(read(r#"{"type":"connection_init"}"#), Ok(Said::ConnectionInit {})));
        let init = r#"{"type":"connection_init","payload":{"token":"x"}}"#;
        assert!(matches!(read(init), Ok(Said::ConnectionInit {})));
        let subscribe = r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}"#;
        assert!(matches!(read(subscribe), Ok(Said::Subscribe { .. })));
        for wrong in ["", "[]", r#"{"type":"start"}"#, r#"{"type":"subscribe","id":1}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
