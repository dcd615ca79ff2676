//! `/graphql` over HTTP: one document at a time, by POST, or by GET when it only asks.

use std::time::Duration;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, OperationType};
use async_graphql::{Request, Response, ServerError, Value};
use axum::RequestExt;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::get;
use axum::{Extension, Router};
use runtime::Problem;

use super::fault::{OF_DOCUMENT, fault};
use super::limits::{self, DOCUMENT_BYTES_MAX};
use super::load::Budget;
use super::{Schema, Stopping, explorer, schema, socket, stream};
use crate::App;
use crate::body;
use crate::problem::ProblemResponse;

/// How long one document may run.
const RUN_MAX: Duration = Duration::from_secs(10);
/// The media type of GraphQL answers, whose status says whether the document was run.
const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";

/// The routes of `/graphql`.
pub(crate) fn routes(app: &App) -> Router<App> {
    let schema = schema(app.clone());
    Router::new()
        .route("/graphql", get(get_any).post(post))
        .route("/graphql/stream", get(stream::serve).post(stream::serve))
        .layer(Extension(app.graphql.stopping.clone()))
        .layer(Extension(schema))
}

/// A browser's page, a WebSocket, or a document.
async fn get_any(
    State(app): State<App>,
    Extension(schema): Extension<Schema>,
    Extension(stopping): Extension<Stopping>,
    mut request: HttpRequest,
) -> Result<HttpResponse, ProblemResponse> {
    let upgrades = request.headers().contains_key(header::UPGRADE);
    if upgrades {
        let upgrade = request.extract_parts::<WebSocketUpgrade>().await;
        return Ok(match upgrade {
            Ok(upgrade) => socket::upgrade(upgrade, schema, stopping),
            Err(rejection) => rejection.into_response(),
        });
    }
    if app.graphql.explorer && accepts(request.headers(), "text/html") {
        return Ok(explorer::page());
    }
    let query = request.uri().query().unwrap_or_default();
    let asked = in_link(query)?;
    ask(&schema, asked, request.headers().clone()).await
}

/// Asks by GET; a document that changes something is refused, because a link could send it.
async fn ask(
    schema: &Schema,
    asked: Request,
    headers: HeaderMap,
) -> Result<HttpResponse, ProblemResponse> {
    let only_asks = |document: &DocumentOperations| match document {
        DocumentOperations::Single(operation) => operation.node.ty == OperationType::Query,
        DocumentOperations::Multiple(operations) => {
            operations.values().all(|operation| operation.node.ty == OperationType::Query)
        }
    };
    let asked = match prepare(asked) {
        Ok((asked, document)) if only_asks(&document) => Ok(asked),
        Ok(_) => return Err(ProblemResponse(post_mutations())),
        Err(response) => Err(response),
    };
    Ok(answered(schema, asked, &headers).await)
}

async fn post(
    Extension(schema): Extension<Schema>,
    request: HttpRequest,
) -> Result<HttpResponse, ProblemResponse> {
    let headers = request.headers().clone();
    let asked = document(request).await?;
    Ok(answered(&schema, prepare(asked).map(|(asked, _)| asked), &headers).await)
}

/// The one document of a posted body.
///
/// # Errors
/// A body of another type, a batch, or one that cannot be read.
pub(super) async fn document(request: HttpRequest) -> Result<Request, Problem> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    // A browser sends this type to another site only after it has asked that site.
    if !media.is_some_and(|media| media.starts_with("application/json")) {
        return Err(Problem::invalid(
            "media-type",
            "a GraphQL document is JSON: post it as `application/json`",
            "GraphQL 查询须为 JSON：请以 `application/json` 提交",
        ));
    }
    let bytes = body::bytes(request).await?;
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::invalid(
            "batch-refused",
            "documents are not taken in batches: send them one by one, or several fields in one",
            "不接受批量查询：请逐条发送，或在一份查询中写多个字段",
        ));
    }
    body::json(&bytes)
}

/// Looks at a request before it is run.
///
/// # Errors
/// The response that tells what is wrong with its document.
pub(super) fn prepare(
    mut request: Request,
) -> Result<(Request, DocumentOperations), Box<Response>> {
    let refused = |problem: &Problem| Box::new(refusal(problem));
    if request.query.len() > DOCUMENT_BYTES_MAX {
        return Err(refused(&limits::too_long()));
    }
    limits::check_text(&request.query).map_err(|problem| refused(&problem))?;
    let document = parse_query(&request.query)
        .map_err(|error| Box::new(coded(Response::from_errors(vec![ServerError::from(error)]))))?;
    limits::check(&document).map_err(|problem| refused(&problem))?;
    let operations = document.operations.clone();
    request.set_parsed_query(document);
    Ok((request.data(Budget::default()), operations))
}

/// Runs a prepared request, not longer than it may take.
pub(super) async fn run(schema: &Schema, request: Request) -> Response {
    match tokio::time::timeout(RUN_MAX, schema.execute(request)).await {
        Ok(response) => coded(response),
        Err(_) => refusal(&Problem::deferred(
            "document-too-slow",
            format!("this took more than {} seconds: ask for less", RUN_MAX.as_secs()),
            format!("查询超过 {} 秒：请缩小查询范围", RUN_MAX.as_secs()),
        )),
    }
}

/// The response of a document that was not run.
pub(super) fn refusal(problem: &Problem) -> Response {
    let error = fault(problem).into_server_error(async_graphql::Pos::default());
    Response::from_errors(vec![ServerError { locations: vec![], ..error }])
}

/// Gives every error of the library a stable code as well.
pub(super) fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", "document-invalid");
            extensions.set("classification", OF_DOCUMENT);
        }
    }
    response
}

async fn answered(
    schema: &Schema,
    asked: Result<Request, Box<Response>>,
    headers: &HeaderMap,
) -> HttpResponse {
    let response = match asked {
        Ok(request) => run(schema, request).await,
        Err(response) => *response,
    };
    let was_run = response.data != Value::Null || response.errors.is_empty();
    let (media, status) = match (accepts(headers, GRAPHQL_RESPONSE), was_run) {
        (true, true) => (GRAPHQL_RESPONSE, StatusCode::OK),
        (true, false) => (GRAPHQL_RESPONSE, StatusCode::BAD_REQUEST),
        // Clients of this older type look into the answer, not at the status.
        (false, _) => ("application/json", StatusCode::OK),
    };
    let bytes = serde_json::to_vec(&response).unwrap_or_default();
    let mut answer = (status, bytes).into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    answer
}

/// The document in a link.
///
/// # Errors
/// A link without one.
pub(super) fn in_link(query: &str) -> Result<Request, ProblemResponse> {
    let asked = async_graphql::http::parse_query_string(query).map_err(|_| not_a_document())?;
    if asked.query.is_empty() { Err(not_a_document()) } else { Ok(asked) }
}

fn accepts(headers: &HeaderMap, media: &str) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains(media))
}

fn not_a_document() -> ProblemResponse {
    ProblemResponse(Problem::invalid(
        "query-invalid",
        "send a document as `query`, or post it as JSON; docs/graphql.md has examples",
        "请用 `query` 参数传递查询，或以 JSON 提交；示例见 docs/graphql.md",
    ))
}

fn post_mutations() -> Problem {
    Problem::invalid(
        "method-not-allowed",
        "a document that changes something is not linked to: post it",
        "会产生更改的操作不能用链接发送：请用 POST 提交",
    )
}
