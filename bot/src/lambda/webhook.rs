//! One request of the HTTP API: from Lambda's event to the router and back.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use tower::ServiceExt;

use super::live::Live;
use crate::net::caller::IamCaller;

/// Answers a request, if the secrets that say who comes can be trusted.
pub async fn answer(live: &Live<Router>, request: lambda_http::Request) -> Result<Response<Body>, Infallible> {
    let caller = iam_caller(&request);
    let (mut parts, body) = request.into_parts();
    parts.extensions.clear();
    caller.and_then(|caller| parts.extensions.insert(caller));
    match live.trusted().await {
        Some(router) => router.oneshot(Request::from_parts(parts, Body::from(body.to_vec()))).await,
        None => Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()),
    }
}

/// Whom API Gateway has authorised by IAM. The gateway writes the request context; no caller can.
fn iam_caller(request: &lambda_http::Request) -> Option<IamCaller> {
    let RequestContext::ApiGatewayV2(context) = request.request_context_ref()? else { return None };
    let iam = context.authorizer.as_ref()?.iam.as_ref()?;
    iam.user_arn.clone().filter(|arn| !arn.is_empty()).map(IamCaller)
}
