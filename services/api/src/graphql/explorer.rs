//! The explorer: one page of our own to write documents, run and follow them, and read what each
//! field means. It loads nothing from elsewhere.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

/// What the page may do: talk to the engine that served it, and nothing else.
const POLICY: &str = "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; \
                      script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The page.
pub(super) fn page() -> Response {
    let mut response = Html(include_str!("explorer.html")).into_response();
    let policy: HeaderName = header::CONTENT_SECURITY_POLICY;
    response.headers_mut().insert(policy, HeaderValue::from_static(POLICY));
    response
}
