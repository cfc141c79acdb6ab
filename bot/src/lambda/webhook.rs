//! One request of the HTTP API: from Lambda's event to the router and back.

use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Request, Response};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use tower::ServiceExt;

use super::live::Live;
use crate::net::caller::IamCaller;
use crate::reader::MayBeStale;

/// Answers a request. One whose signature fails is checked once more if the secrets have changed since they were read.
pub async fn answer(live: &Live<Router>, request: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    let caller = iam_caller(&request);
    let (mut parts, body) = request.into_parts();
    parts.extensions.clear();
    caller.and_then(|caller| parts.extensions.insert(caller));
    let body = Bytes::from(body.to_vec());
    let response = route(live.value().await, parts.clone(), body.clone()).await?;
    if response.extensions().get::<MayBeStale>().is_none() {
        return Ok(response);
    }
    match live.after_refusal().await {
        Some(router) => route(router, parts, body).await,
        None => Ok(response),
    }
}

async fn route(router: Router, parts: Parts, body: Bytes) -> Result<Response<Body>, Infallible> {
    router.oneshot(Request::from_parts(parts, Body::from(body))).await
}

/// Whom API Gateway has authorised by IAM. The gateway writes the request context; no caller can.
fn iam_caller(request: &lambda_http::Request) -> Option<IamCaller> {
    let RequestContext::ApiGatewayV2(context) = request.request_context_ref()? else { return None };
    let iam = context.authorizer.as_ref()?.iam.as_ref()?;
    iam.user_arn.clone().filter(|arn| !arn.is_empty()).map(IamCaller)
}
