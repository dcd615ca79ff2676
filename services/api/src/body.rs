//! Reading bodies: bounded, and with errors that name the field and say what to do.

use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use runtime::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::guarded::crashed;

/// The largest body that is read, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The longest name of an unknown field that is told, in bytes.
const FIELD_NAME_BYTES_MAX: usize = 40;
/// What is said of a field whose name may be anything.
const UNKNOWN_FIELD: &str = "unknown field";

/// Reads a whole body.
///
/// # Errors
/// A problem when it is too large or breaks off.
pub async fn bytes(request: Request) -> Result<axum::body::Bytes, Problem> {
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    let body: Body = request.into_body();
    to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| too_large())
}

/// An answer as JSON, for those that are asked for most: it is written into one piece of memory of
/// about the right size.
pub fn answer(value: &impl Serialize, about_bytes: usize) -> Response {
    let mut written = Vec::with_capacity(about_bytes);
    match serde_json::to_writer(&mut written, value) {
        Ok(()) => {
            let json = HeaderValue::from_static("application/json");
            ([(header::CONTENT_TYPE, json)], written).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            crashed()
        }
    }
}

/// Reads a query of a known shape.
///
/// # Errors
/// A problem that says where its fields are told.
pub fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let read = Query::try_from_uri(uri).map(|Query(query)| query);
    read.map_err(|error| {
        let cause = error.body_text();
        Problem::invalid(
            "query-invalid",
            format!("{cause}: see /api/v1/openapi.json for the fields of this query"),
            format!("查询参数有误（{cause}）：可用参数见 /api/v1/openapi.json"),
        )
    })
}

/// Reads JSON of a known shape.
///
/// # Errors
/// A problem that names the field.
pub fn json<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).or_else(|_| {
        // Once more, slowly, to learn which field it was.
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let (path, cause) = (error.path().to_string(), error.into_inner());
            unreadable(&path, &cause)
        })
    })
}

/// The problem of JSON that cannot be read. It repeats nothing of the values that were sent: the
/// answer to a scan is kept in the log, where no name and no phone may lie in the clear.
pub fn unreadable(path: &str, cause: &serde_json::Error) -> Problem {
    let syntax = cause.is_syntax() || cause.is_eof();
    if syntax {
        return Problem::invalid(
            "json-broken",
            format!("this is not JSON ({cause}): mend it and send it again"),
            format!("不是有效的 JSON（{cause}）：请修正后重发"),
        );
    }
    let reason = reason(&cause.to_string());
    // The path of a field that is not told would tell it.
    let path = if reason == UNKNOWN_FIELD { "?" } else { path };
    Problem::invalid(
        "field-invalid",
        format!("field `{path}` cannot be read ({reason}): mend it and send it under a new id"),
        format!("字段 `{path}` 无法识别（{reason}）：请修正后用新编号重发"),
    )
}

/// The part of an error's words that is ours.
fn reason(words: &str) -> String {
    let (words, _) = words.rsplit_once(" at line ").unwrap_or((words, ""));
    if let Some((name, _)) = words.strip_prefix("unknown field `").and_then(|w| w.split_once('`')) {
        let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let told = plain && name.len() <= FIELD_NAME_BYTES_MAX;
        return if told { format!("unknown field `{name}`") } else { UNKNOWN_FIELD.to_owned() };
    }
    if let Some((_, expected)) = words.rsplit_once(", expected ") {
        return format!("expected {expected}");
    }
    let ours = ["missing field `", "it is ", "it has ", "it may "];
    if ours.iter().any(|beginning| words.starts_with(beginning)) {
        return words.to_owned();
    }
    "not of the shape that the contract asks for".to_owned()
}

fn too_large() -> Problem {
    Problem::invalid(
        "body-too-large",
        format!("a body has at most {BODY_BYTES_MAX} bytes: send it in several parts"),
        format!("请求体至多 {BODY_BYTES_MAX} 字节：请分批发送"),
    )
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn a_reason_names_the_shape_and_repeats_no_value() {
        let cases = [
            ("invalid type: string \"王小明\", expected u32 at line 1 column 9", "expected u32"),
            ("unknown field `colour`, expected `a` or `b` at line 1", "unknown field `colour`"),
            ("unknown field `王小明`, expected `a` at line 1 column 2", "unknown field"),
            ("missing field `kind` at line 1 column 2", "missing field `kind`"),
            ("it is empty at line 1 column 2", "it is empty"),
            ("no such time: 王小明", "not of the shape that the contract asks for"),
        ];
        for (words, told) in cases {
            assert_eq!(reason(words), told, "{words}");
        }
    }
}
