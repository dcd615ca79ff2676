//! The screens: pages and what they load, compressed as the browser likes, kept as long as it may.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use web::Asset;

/// What is named after its content is kept for a year, the longest that caches know.
const KEPT_FOREVER: &str = "public, max-age=31536000, immutable";
/// Everything else is asked for again, with the tag of what is kept.
const ASKED_AGAIN: &str = "no-cache";
/// What a page may ask of the device.
const PERMISSIONS: &str = "camera=(self), microphone=(), geolocation=()";

/// A page or one of its files; `None` when there is nothing of ours at the path.
pub(crate) fn answer(request: &Request) -> Option<Response> {
    let head = request.method() == Method::HEAD;
    if !head && request.method() != Method::GET {
        return None;
    }
    let asset = web::asset(request.uri().path())?;
    let (bytes, encoding) = form(&asset, request.headers());
    let tag = format!("\"{}\"", &blake3::hash(bytes).to_hex()[..24]);
    let mut response = if holds(request.headers(), &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(if head { &[][..] } else { bytes }).into_response()
    };
    let headers = response.headers_mut();
    let mut put = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, asset.media_type);
    put(header::ETAG, &tag);
    put(header::CACHE_CONTROL, if asset.forever { KEPT_FOREVER } else { ASKED_AGAIN });
    put(header::VARY, "accept-encoding");
    put(header::CONTENT_SECURITY_POLICY, web::CONTENT_SECURITY_POLICY);
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::REFERRER_POLICY, "no-referrer");
    put(header::HeaderName::from_static("permissions-policy"), PERMISSIONS);
    if let Some(encoding) = encoding {
        put(header::CONTENT_ENCODING, encoding);
    }
    Some(response)
}

/// The smallest form that the browser takes.
fn form(asset: &Asset, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    match (asset.brotli, asset.gzip) {
        (Some(bytes), _) if takes(headers, "br") => (bytes, Some("br")),
        (_, Some(bytes)) if takes(headers, "gzip") => (bytes, Some("gzip")),
        (_, _) => (asset.plain, None),
    }
}

fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.unwrap_or_default().split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.trim().parse().is_ok_and(|weight: f32| weight <= 0.0));
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

fn holds(headers: &HeaderMap, tag: &str) -> bool {
    let held = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    held.unwrap_or_default().split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: Method, path: &str, headers: &[(header::HeaderName, &str)]) -> Option<Response> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        answer(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn a_page_comes_with_its_rules_and_its_tag() {
        let page = ask(Method::GET, "/", &[]).unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert_eq!(page.headers()[header::CACHE_CONTROL], ASKED_AGAIN);
        let tag = page.headers()[header::ETAG].to_str().unwrap().to_owned();
        let again = ask(Method::GET, "/", &[(header::IF_NONE_MATCH, &tag)]).unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = ask(Method::GET, "/", &[(header::IF_NONE_MATCH, "\"other\"")]).unwrap();
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[test]
    fn only_reading_finds_a_page() {
        assert!(ask(Method::POST, "/", &[]).is_none());
        assert!(ask(Method::GET, "/nothing", &[]).is_none());
        assert!(ask(Method::HEAD, "/", &[]).is_some());
    }

    #[test]
    fn a_browser_gets_the_smallest_form_that_it_takes() {
        let (plain, brotli, gzip) = (&b"plain"[..], &b"br"[..], &b"gz"[..]);
        let (brotli, gzip) = (Some(brotli), Some(gzip));
        let asset = Asset { media_type: "text/css", forever: true, plain, brotli, gzip };
        let chosen = |accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(accepted).unwrap());
            form(&asset, &headers).1
        };
        let cases = [
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip;q=1.0, br;q=0", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("identity", None),
            ("", None),
        ];
        for (accepted, encoding) in cases {
            assert_eq!(chosen(accepted), encoding, "{accepted}");
        }
    }
}
