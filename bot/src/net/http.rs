//! The one HTTP client: hyper with rustls and ring, which the Slack client uses too.

use std::io;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use futures::future::{FutureExt, ready};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use tower::Service;
use url::{Host, Url};

use super::deadline::{Deadline, Unavailable};

/// An answer longer than this is not read.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;

/// A connection, TLS included, is given up after this, which is before whoever calls gives up the call: so it is known that
/// nothing was sent where nobody answers.
const CONNECTING: Duration = Duration::from_secs(3);

/// Opens connections over TLS, or plain ones.
pub type Connector = HttpsConnector<HttpConnector>;

/// A connector that trusts the certificates of the operating system. Plain HTTP is for services on this machine.
pub fn connector() -> io::Result<Connector> {
    Ok(HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build())
}

/// The one connector of the process. Reading the certificates costs more than anything else that a function does when it
/// starts.
static SHARED: OnceLock<Connector> = OnceLock::new();

/// A connector that all clients of the process share, made with the first connection: a webhook that takes a click calls
/// nobody through this.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConnectorOnDemand;

impl ConnectorOnDemand {
    fn connector(self) -> io::Result<Connector> {
        if let Some(connector) = SHARED.get() {
            return Ok(connector.clone());
        }
        let connector = connector()?;
        Ok(SHARED.get_or_init(|| connector).clone())
    }
}

impl Service<Uri> for ConnectorOnDemand {
    type Response = <Connector as Service<Uri>>::Response;
    type Error = <Connector as Service<Uri>>::Error;
    type Future = <Connector as Service<Uri>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // Like the connector itself, which has nothing to wait for before it resolves a name.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let mut connector = match self.connector() {
            Ok(connector) => connector,
            Err(error) => return ready(Err(error.into())).boxed(),
        };
        let connecting = connector.call(uri);
        async { tokio::time::timeout(CONNECTING, connecting).await.unwrap_or_else(|late| Err(late.into())) }.boxed()
    }
}

/// A client that keeps connections open between calls.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client<ConnectorOnDemand, Full<Bytes>>,
}

/// A request got no answer. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct NoAnswer {
    /// Whether the request went out, or may have: then nobody knows what it has done.
    pub is_sent: bool,
    problem: Unavailable,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build(ConnectorOnDemand) }
    }
}

impl HttpClient {
    /// Sends a request and returns the answer, whatever its status. A redirect is not followed.
    pub async fn send(&self, request: Request<Vec<u8>>, deadline: Deadline) -> Result<Response<Bytes>, NoAnswer> {
        let call = async {
            let response = self.client.request(request.map(Full::from)).await?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await;
            let body = body.map_err(|error| Unavailable::new("HTTP", error))?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        deadline.run("HTTP", call).await
    }

    /// Posts a JSON body and returns the status and the body of the answer.
    pub async fn post_json(
        &self,
        url: Uri,
        headers: HeaderMap,
        body: Vec<u8>,
        deadline: Deadline,
    ) -> Result<(StatusCode, Bytes), Unavailable> {
        let mut request = Request::post(url).body(body).map_err(|error| Unavailable::new("HTTP", error))?;
        *request.headers_mut() = headers;
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = self.send(request, deadline).await?;
        Ok((response.status(), response.into_body()))
    }
}

impl From<Error> for NoAnswer {
    fn from(error: Error) -> Self {
        Self { is_sent: !error.is_connect(), problem: Unavailable::new("HTTP", error) }
    }
}

impl From<Unavailable> for NoAnswer {
    fn from(problem: Unavailable) -> Self {
        Self { is_sent: true, problem }
    }
}

impl From<NoAnswer> for Unavailable {
    fn from(error: NoAnswer) -> Self {
        error.problem
    }
}

/// Tokens and link keys travel to these addresses, so beyond this machine only over TLS.
pub fn is_safe(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost" || name.ends_with(".localhost"),
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What takes connections and never shakes hands is known to have been sent nothing.
    #[tokio::test]
    async fn a_connection_that_does_not_come_about_sends_nothing() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let request = Request::get(format!("https://{}", silent.local_addr().unwrap())).body(Vec::new()).unwrap();
        let deadline = Deadline::after(2 * CONNECTING);
        let error = HttpClient::default().send(request, deadline).await.unwrap_err();
        assert!(!error.is_sent && !deadline.left().is_zero(), "{error}");
    }

    #[test]
    fn secrets_travel_over_tls_or_on_this_machine() {
        for safe in ["https://slack.com/api", "http://127.0.0.1:8420", "http://localhost/x", "http://[::1]:1"] {
            assert!(is_safe(&Url::parse(safe).unwrap()), "{safe}");
        }
        for unsafe_url in ["http://slack.com/api", "ftp://localhost", "http://localhost.evil.example", "file:///x"] {
            assert!(!is_safe(&Url::parse(unsafe_url).unwrap()), "{unsafe_url}");
        }
    }
}
