//! One place turns problems into `application/problem+json` (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use runtime::{Problem, ProblemKind};
use schemars::JsonSchema;
use serde::Serialize;

/// How long a client waits before it sends a deferred command again, in seconds.
const RETRY_AFTER_SECONDS: &str = "1";

/// A problem, as RFC 9457 has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProblemBody {
    /// The stable type: `urn:lastmeter:problem:` and the code.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// The code, to branch on.
    pub code: String,
    /// The HTTP status that it has, or would have if it stood alone.
    pub status: u16,
    /// What to do, in Chinese.
    pub title: String,
    /// What to do, in English.
    pub detail: String,
    /// Nothing was stored: the same command id may be sent again.
    pub retry: bool,
}

impl From<Problem> for ProblemBody {
    fn from(problem: Problem) -> Self {
        Self {
            problem_type: format!("urn:lastmeter:problem:{}", problem.code),
            status: status(&problem).as_u16(),
            retry: problem.is_deferred(),
            code: problem.code,
            title: problem.chinese,
            detail: problem.english,
        }
    }
}

/// A problem as a whole response.
#[derive(Debug)]
pub struct ProblemResponse(pub Problem);

impl From<Problem> for ProblemResponse {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let status = status(&self.0);
        let retry = self.0.is_deferred();
        let mut response = (status, Json(ProblemBody::from(self.0))).into_response();
        let headers = response.headers_mut();
        let problem_json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem_json);
        if retry {
            let seconds = HeaderValue::from_static(RETRY_AFTER_SECONDS);
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

fn status(problem: &Problem) -> StatusCode {
    match (problem.kind, problem.code.as_str()) {
        (ProblemKind::Invalid, "body-too-large" | "photo-too-large") => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        (ProblemKind::Invalid, "media-type") => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (ProblemKind::Invalid, "method-not-allowed") => StatusCode::METHOD_NOT_ALLOWED,
        (ProblemKind::Invalid, "version-needed") => StatusCode::PRECONDITION_REQUIRED,
        (ProblemKind::Invalid, _) => StatusCode::BAD_REQUEST,
        (ProblemKind::Refused | ProblemKind::Misuse, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (ProblemKind::Conflict, _) | (ProblemKind::Deferred, "command-running") => {
            StatusCode::CONFLICT
        }
        (ProblemKind::Deferred, "photos-full") => StatusCode::INSUFFICIENT_STORAGE,
        (ProblemKind::Deferred, "look-up-limit") => StatusCode::TOO_MANY_REQUESTS,
        (ProblemKind::NotFound, _) => StatusCode::NOT_FOUND,
        (ProblemKind::Deferred, _) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
