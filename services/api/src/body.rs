//! Reading bodies: bounded, and with errors that name the field and say what to do.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header;
use runtime::Problem;
use serde::Deserialize;

/// The largest body that is read, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

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

/// The problem of JSON that cannot be read.
pub fn unreadable(path: &str, cause: &serde_json::Error) -> Problem {
    let syntax = cause.is_syntax() || cause.is_eof();
    if syntax {
        return Problem::invalid(
            "json-broken",
            format!("this is not JSON ({cause}): mend it and send it again"),
            format!("不是有效的 JSON（{cause}）：请修正后重发"),
        );
    }
    Problem::invalid(
        "field-invalid",
        format!("field `{path}` cannot be read ({cause}): mend it and send it under a new id"),
        format!("字段 `{path}` 无法识别（{cause}）：请修正后用新编号重发"),
    )
}

fn too_large() -> Problem {
    Problem::invalid(
        "body-too-large",
        format!("a body has at most {BODY_BYTES_MAX} bytes: send it in several parts"),
        format!("请求体至多 {BODY_BYTES_MAX} 字节：请分批发送"),
    )
}
