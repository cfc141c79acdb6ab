//! Keeps other web sites away from the page: a name that resolves to this machine is not this machine's name, and
//! a form of another site cannot send our header.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// A browser sends this only for a script of our own page: to others it would ask us first, and we do not answer.
const OWN_HEADER: &str = "x-playground";

/// Nothing is loaded from elsewhere and no inline code runs. A mail comes with a policy of its own.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Refuses what does not come from this machine's own page, and protects what goes out.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(is_loopback) {
        return (StatusCode::FORBIDDEN, "The playground answers only to localhost.").into_response();
    }
    let changes = request.method() != Method::GET && request.method() != Method::HEAD;
    if changes && request.headers().get(OWN_HEADER).is_none_or(|value| value != "1") {
        return (StatusCode::FORBIDDEN, "The header X-Playground is missing.").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether a `Host` header names this machine itself, with any port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in ["localhost", "localhost:8420", "127.0.0.1:1", "[::1]:8420", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "example.com", "localhost.example.com:8420", "127.0.0.1.nip.io", "localhost:x", "0.0.0.0"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
