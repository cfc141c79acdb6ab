//! Plain HTTP to this machine, for calls that no SDK client of ours knows.

use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(60);

/// A client that keeps connections open between calls.
#[derive(Clone)]
pub struct Http(Client<HttpConnector, Full<Bytes>>);

impl Default for Http {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Http {
    /// A client without any connection yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a request as it is and reads the whole answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Bytes>> {
        let answer = async {
            let (head, body) = self.0.request(request).await?.into_parts();
            anyhow::Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
        };
        tokio::time::timeout(TIMEOUT, answer).await.context("no answer in time")?
    }

    /// Posts JSON; an answer that is no success is an error with what it says.
    pub async fn post_json(&self, url: &str, body: &Value) -> anyhow::Result<Bytes> {
        let request = Request::post(url).header(http::header::CONTENT_TYPE, "application/json");
        let answer = self.send(request.body(Full::from(body.to_string()))?).await?;
        if !answer.status().is_success() {
            bail!("{url} answered {}: {}", answer.status(), String::from_utf8_lossy(answer.body()));
        }
        Ok(answer.into_body())
    }

    /// Whether something answers there with a success.
    pub async fn is_there(&self, url: &str) -> bool {
        let Ok(request) = Request::get(url).body(Full::default()) else { return false };
        self.send(request).await.is_ok_and(|answer| answer.status().is_success())
    }
}
