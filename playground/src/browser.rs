//! What a browser or a program sends: a small client over the bot's own HTTP stack.

use anyhow::Context;
use axum::body::Bytes;
use axum::http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde_json::Value;

use crate::markup::Markup;

/// Sends requests and reads the answers whole.
#[derive(Debug, Clone)]
pub struct Browser {
    client: Client<HttpConnector, Full<Bytes>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// A browser without cookies. It speaks plain HTTP, since everything it talks to is on this machine.
    pub fn new() -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()) }
    }

    /// Opens an address.
    pub async fn get(&self, url: &str) -> anyhow::Result<Answer> {
        self.send(Request::get(url).body(Full::default())?).await
    }

    /// Submits a form.
    pub async fn post_form(&self, url: &str, form: &impl Serialize) -> anyhow::Result<Answer> {
        let body = serde_urlencoded::to_string(form)?;
        let request = Request::post(url).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Full::from(body))?).await
    }

    /// Opens a page, answers its form as a person would, and submits it. A page without a form gets the answers alone.
    pub async fn answer(&self, url: &str, answers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let page = self.get(url).await?;
        let form = Markup::read(&page.body).forms.into_iter().next().unwrap_or_default();
        self.post_form(url, &form.answered(answers)).await
    }

    /// Posts JSON.
    pub async fn post_json(&self, url: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = Request::post(url).header("content-type", "application/json");
        self.send(request.body(Full::from(body.to_string()))?).await
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let response = self.client.request(request).await.context("no answer")?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.context("the answer broke off")?.to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}
