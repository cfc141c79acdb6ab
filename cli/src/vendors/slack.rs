//! Asks Slack with the bot's own token and no further scopes than the bot has.

use std::collections::BTreeMap;

use http::request::Builder;
use http::{HeaderName, Request, header};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::said::Said;
use super::web::{Answer, Web};

/// The address of Slack's Web API.
const API_URL: &str = "https://slack.com/api";
/// What the bot's calls and the slash command need; what else the manifest asks for, only some policies need.
pub(crate) const NEEDED_SCOPES: [&str; 2] = ["chat:write", "commands"];
/// Slack names the scopes of the token in this header of every answer.
const SCOPES: HeaderName = HeaderName::from_static("x-oauth-scopes");
/// Slack takes messages for at most 120 days ahead: <https://docs.slack.dev/reference/methods/chat.scheduleMessage>.
const FAR_AHEAD: SignedDuration = SignedDuration::from_hours(100 * 24);

const PROBE: &str = "countersign scheduled this to see whether Countersign may post here, and could not delete it. \
                     Please ignore it.";

/// Slack's Web API with the bot's token.
pub(crate) struct Slack<'a> {
    web: &'a Web,
    api_url: &'a str,
    token: &'a SecretString,
}

/// Whom the token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The workspace's id.
    pub(crate) team: String,
    /// The workspace's name.
    pub(crate) team_name: String,
    /// The bot's name, which people invite.
    pub(crate) bot_name: String,
    /// What the token may do.
    pub(crate) scopes: Vec<String>,
    /// How far Slack's clock is ahead of ours.
    pub(crate) ahead: Option<SignedDuration>,
}

/// What Slack says to a message for a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Posting {
    /// It would be taken.
    Taken,
    /// It would not, for this reason: one of Slack's words, or what became of the call.
    Refused(String),
    /// It was taken, and could not be deleted again.
    Left {
        /// When it will be posted.
        at: Timestamp,
        /// Why it is still there.
        why: String,
    },
}

/// A message that Slack has taken for later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe {
    /// The id of the place.
    pub(crate) channel: String,
    /// When it would be posted.
    pub(crate) at: Timestamp,
    /// Why it is still there, if it could not be deleted.
    pub(crate) left: Option<String>,
}

/// What every answer says.
#[derive(Deserialize)]
struct Outcome {
    ok: bool,
    error: Option<Said>,
}

#[derive(Deserialize)]
struct AuthTest {
    team_id: Said,
    team: Said,
    user: Said,
}

#[derive(Deserialize)]
struct Scheduled {
    channel: Said,
    scheduled_message_id: String,
}

impl<'a> Slack<'a> {
    /// The API at this address, or at Slack's own.
    pub(crate) fn new(web: &'a Web, api_url: Option<&'a str>, token: &'a SecretString) -> Self {
        Self { web, api_url: api_url.unwrap_or(API_URL).trim_end_matches('/'), token }
    }

    /// `auth.test`: whom the token belongs to. The error is Slack's word for what is wrong.
    pub(crate) async fn identity(&self) -> Result<Identity, String> {
        let answer = self.call("auth.test", &json!({})).await?;
        let scopes = answer.headers.get(SCOPES).and_then(|scopes| scopes.to_str().ok()).unwrap_or_default();
        let scopes = scopes.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect();
        let AuthTest { team_id: Said(team), team: Said(team_name), user: Said(bot_name) } = read(&answer)?;
        Ok(Identity { team, team_name, bot_name, scopes, ahead: answer.ahead })
    }

    /// Whether a message would be taken for each of these channels and people.
    ///
    /// To look at a channel or a person takes scopes that the bot does not need. Slack checks a message that is
    /// scheduled as it checks one that is posted, so one is scheduled months ahead and deleted at once.
    pub(crate) async fn postings(&self, places: impl IntoIterator<Item = String>) -> BTreeMap<String, Posting> {
        let mut postings = BTreeMap::new();
        for place in places {
            let posting = self.posting(&place).await;
            postings.insert(place, posting);
        }
        postings
    }

    async fn posting(&self, place: &str) -> Posting {
        match self.probe(place).await {
            Err(why) => Posting::Refused(why),
            Ok(Probe { left: None, .. }) => Posting::Taken,
            Ok(Probe { at, left: Some(why), .. }) => Posting::Left { at, why },
        }
    }

    /// Has a message for a place scheduled and deletes it. A channel may be named by its name with a `#`, and Slack says
    /// which it is: <https://docs.slack.dev/reference/methods/chat.scheduleMessage>. The error is why it takes none.
    pub(crate) async fn probe(&self, place: &str) -> Result<Probe, String> {
        let at = self.web.now() + FAR_AHEAD;
        let message = json!({ "channel": place, "post_at": at.as_second(), "text": PROBE });
        let scheduled = self.call("chat.scheduleMessage", &message).await?;
        let Scheduled { channel: Said(channel), scheduled_message_id } = read(&scheduled)?;
        // A person's id has become the id of the conversation with the bot, which is what the deletion needs.
        let delete = json!({ "channel": channel, "scheduled_message_id": scheduled_message_id });
        let left = self.call("chat.deleteScheduledMessage", &delete).await.err();
        Ok(Probe { channel, at, left })
    }

    /// Calls a method. The error is Slack's word for what is wrong, or what became of the call.
    async fn call(&self, method: &str, arguments: &Value) -> Result<Answer, String> {
        let request = Request::post(format!("{}/{method}", self.api_url))
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8");
        self.send(request, arguments.to_string().into_bytes()).await
    }

    /// Calls a method that reads, which takes its arguments in the address. The error is that of `call`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, method: &str, arguments: &[(&str, &str)]) -> Result<T, String> {
        let arguments = serde_urlencoded::to_string(arguments).map_err(|_| "the request cannot be made")?;
        let request = Request::get(format!("{}/{method}?{arguments}", self.api_url));
        read(&self.send(request, Vec::new()).await?)
    }

    async fn send(&self, request: Builder, body: Vec<u8>) -> Result<Answer, String> {
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token.expose_secret()));
        let request = request.body(body).map_err(|_| "the request cannot be made")?;
        let answer = self.web.send_patiently(request).await?;
        match read::<Outcome>(&answer)? {
            Outcome { ok: true, .. } => Ok(answer),
            Outcome { error, .. } => Err(error.map_or_else(|| "it gave no reason".to_owned(), |Said(word)| word)),
        }
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, String> {
    serde_json::from_slice(&answer.body)
        .map_err(|_| format!("the answer, with status {}, is not Slack's", answer.status))
}
