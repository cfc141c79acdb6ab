//! Calls over HTTP, with the connections that the bot makes.

use std::io::{self, Cursor};
use std::time::Duration;

use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};

/// A whole exchange takes no longer than this.
const EXCHANGE_MAX: Duration = Duration::from_secs(20);
/// No answer that is looked at is longer than this.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;

/// When the other says that we ask too often it names a pause; a longer one than this is not waited for.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// So often a call that comes too often is made.
const TRIES_MAX: usize = 4;

/// A client that notes what time the others say it is.
pub(crate) struct Web {
    client: Client<HttpsConnector<HttpConnector>, Full<Cursor<Vec<u8>>>>,
    clock: fn() -> Timestamp,
}

/// An answer.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The whole body.
    pub(crate) body: Vec<u8>,
    /// How far the server's clock is ahead of ours.
    pub(crate) ahead: Option<SignedDuration>,
}

impl Web {
    /// A client on this clock.
    pub(crate) fn new(clock: fn() -> Timestamp) -> io::Result<Self> {
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(countersign_bot::net::http::connector()?),
            clock,
        })
    }

    /// The present moment of this machine.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Sends a request that may be sent twice, and sends it again after the pause that the other asks for.
    pub(crate) async fn send_patiently(&self, request: Request<Vec<u8>>) -> Result<Answer, String> {
        let mut answer = self.send(request.clone()).await?;
        for _ in 1..TRIES_MAX {
            let pause = answer.headers.get(header::RETRY_AFTER).and_then(|pause| pause.to_str().ok()?.parse().ok());
            let Some(pause) = pause.map(Duration::from_secs).filter(|pause| *pause <= PAUSE_MAX) else { break };
            tokio::time::sleep(pause).await;
            answer = self.send(request.clone()).await?;
        }
        Ok(answer)
    }

    /// Sends a request. The error says what went wrong without the address, which may hold a signature.
    pub(crate) async fn send(&self, request: Request<Vec<u8>>) -> Result<Answer, String> {
        let request = request.map(|body| Full::new(Cursor::new(body)));
        let exchange = async {
            let response = self.client.request(request).await.map_err(|_| "the connection failed")?;
            let now = self.now();
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await.map_err(|_| "the answer broke off")?;
            let ahead = date(&head.headers).map(|date| date.duration_since(now));
            Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes().to_vec(), ahead })
        };
        match tokio::time::timeout(EXCHANGE_MAX, exchange).await {
            Ok(answer) => answer.map_err(|problem: &str| problem.to_owned()),
            Err(_) => Err("there was no answer in time".to_owned()),
        }
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}
