//! An activity that Teams has sent. There is no other way to make one, so no handler can run without the checks.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::client::service_url::ServiceUrl;
use super::token::Unverified;
use super::{PATIENCE, Teams, TeamsState};
use crate::approval::place::Platform;
use crate::flow::app::App;
use crate::net::deadline::Deadline;
use crate::platforms::malformed::Malformed;

/// The raw body of an activity of an allowed tenant, or of any while there is no policy, that came with a good token from
/// an allowed address.
pub(super) struct Verified {
    body: Bytes,
    service_url: ServiceUrl,
    tenant: String,
    deadline: Deadline,
}

/// An activity, as far as the checks read it:
/// <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference#activity-object>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    service_url: String,
    channel_id: String,
    channel_data: Option<ChannelData>,
    conversation: Option<Conversation>,
}

/// What Teams adds to an activity.
#[derive(Deserialize)]
struct ChannelData {
    tenant: Option<Tenant>,
}

#[derive(Deserialize)]
struct Tenant {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conversation {
    tenant_id: Option<String>,
}

impl FromRequest<TeamsState> for Verified {
    type Rejection = Response;

    async fn from_request(request: Request, state: &TeamsState) -> Result<Self, Response> {
        // Counted from here, because the keys may have to be fetched first.
        let deadline = Deadline::after(PATIENCE);
        let Some(teams) = &state.teams else {
            return Err(StatusCode::NOT_FOUND.into_response());
        };
        let authorization = request.headers().get(header::AUTHORIZATION).map(|value| value.as_bytes().to_vec());
        let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        verify(&state.app, teams, authorization.as_deref(), body, deadline).await.map_err(IntoResponse::into_response)
    }
}

/// Why an activity does not reach a handler.
enum Rejection {
    Unverified(Unverified),
    Malformed(Malformed),
}

async fn verify(
    app: &App,
    teams: &Teams,
    authorization: Option<&[u8]>,
    body: Bytes,
    deadline: Deadline,
) -> Result<Verified, Rejection> {
    let token = teams.verifier.verify(authorization, app.now(), deadline).await?;
    let activity: Activity = read(&body)?;
    token.check_activity(&activity.service_url, &activity.channel_id)?;
    let service_url = teams.hosts.check(&activity.service_url).map_err(|_| Unverified::ForeignAddress)?;
    let tenant = activity.channel_data.and_then(|data| data.tenant).map(|tenant| tenant.id);
    let tenant = tenant.or_else(|| activity.conversation.and_then(|conversation| conversation.tenant_id));
    let tenant =
        tenant.ok_or_else(|| Malformed::new("channelData.tenant.id: missing, and so is conversation.tenantId"))?;
    let tenant = tenant.to_lowercase();
    // Without a policy nobody is let in, and whoever comes is told why.
    let is_let_in = app.policy.in_force().is_err() || app.policy.let_in.has(Platform::Teams, &tenant);
    if !is_let_in {
        return Err(Unverified::ForeignTenant(tenant).into());
    }
    Ok(Verified { body, service_url, tenant, deadline })
}

impl Verified {
    /// The address that the activity came from, where its answers go.
    pub(super) fn service_url(&self) -> &ServiceUrl {
        &self.service_url
    }

    /// The tenant that the activity is from, in lower case; it is on the access list of the policy, if there is one.
    pub(super) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// When Teams stops waiting for the answer.
    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Reads the activity; the answer to a malformed one names the field.
    pub(super) fn activity<T: DeserializeOwned>(&self) -> Result<T, Malformed> {
        read(&self.body)
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(Malformed::new)?;
    json.end().map_err(Malformed::new)?;
    Ok(value)
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let reason = match self {
            Self::Malformed(malformed) => return malformed.into_response(),
            Self::Unverified(reason) => reason,
        };
        tracing::warn!(%reason, "a request to the Teams route was refused");
        match reason {
            Unverified::NoKeys(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    }
}

impl From<Unverified> for Rejection {
    fn from(reason: Unverified) -> Self {
        Self::Unverified(reason)
    }
}

impl From<Malformed> for Rejection {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
