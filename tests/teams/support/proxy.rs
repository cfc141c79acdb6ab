//! Between the bot and the client: signs what the client sends, as Microsoft's service does, and keeps what the bot
//! sends and what the client has said to it.

use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use countersign_tests::http::Http;
use serde_json::Value;
use tokio::net::TcpListener;

/// Where the client sends activities to.
const MESSAGES: &str = "/api/messages";

/// Makes the token of an activity from its service URL.
pub(crate) type Sign = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// A call of the connector by the bot.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path behind the service URL, decoded, without the slash at its beginning.
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) authorization: Option<String>,
    pub(crate) status: StatusCode,
    pub(crate) answer: Value,
}

/// An address that is the bot for the client and the client for the bot.
#[derive(Clone)]
pub(crate) struct Proxy {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    ends: OnceLock<Ends>,
    calls: Mutex<Vec<Call>>,
}

/// What a proxy is between.
pub(crate) struct Ends {
    /// The client's address.
    pub(crate) client: String,
    /// Where the bot takes activities.
    pub(crate) bot: String,
    pub(crate) sign: Sign,
}

impl Proxy {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let proxy = Self { url: format!("http://{}", listener.local_addr()?), shared: Arc::default() };
        // The client asks with HEAD whether the bot is there.
        let router = Router::new()
            .route(MESSAGES, post(to_bot).head(async || StatusCode::OK))
            .route("/_connector/{*path}", any(to_client))
            .with_state((proxy.clone(), Http::new()));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(proxy)
    }

    /// From now on calls get through. Before this they fail.
    pub(crate) fn connect(&self, ends: Ends) {
        assert!(self.shared.ends.set(ends).is_ok(), "a proxy is between one bot and one client");
    }

    /// Where the client finds the bot.
    pub(crate) fn bot_url(&self) -> String {
        format!("{}{MESSAGES}", self.url)
    }

    /// Where the bot finds the connector, behind the same address as in the client.
    pub(crate) fn service_url(&self) -> String {
        format!("{}/_connector", self.url)
    }

    /// Its host and port.
    pub(crate) fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// What the bot has sent, the oldest first.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }
}

async fn to_bot(State((proxy, http)): State<(Proxy, Http)>, body: Bytes) -> Response {
    let pass_on = async {
        let ends = proxy.shared.ends.get()?;
        let activity: Value = serde_json::from_slice(&body).ok()?;
        let token = (ends.sign)(activity["serviceUrl"].as_str()?);
        let request = http::Request::post(&ends.bot)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        http.send(request.body(body.into()).ok()?).await.ok()
    };
    pass_on.await.map_or_else(|| StatusCode::BAD_GATEWAY.into_response(), |answer| answer.map(Body::from))
}

async fn to_client(
    State((proxy, http)): State<(Proxy, Http)>,
    Path(path): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (sent, pass_on) = (serde_json::from_slice(&body).unwrap_or_default(), async {
        let mut request = http::Request::new(body.into());
        (*request.method_mut(), *request.headers_mut()) = (method.clone(), headers);
        *request.uri_mut() = format!("{}{uri}", proxy.shared.ends.get()?.client).parse().ok()?;
        http.send(request).await.ok()
    });
    let Some(answer) = pass_on.await else { return StatusCode::BAD_GATEWAY.into_response() };
    proxy.shared.calls.lock().unwrap().push(Call {
        method,
        path,
        body: sent,
        authorization,
        status: answer.status(),
        answer: serde_json::from_slice(answer.body()).unwrap_or_default(),
    });
    answer.map(Body::from)
}
