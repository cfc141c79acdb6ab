//! People and channels of Slack.

use countersign_bot::approval::place::Platform;
use serde::Deserialize;

use super::{Account, named, place_of, within};
use crate::vendors::slack::Slack;

/// Slack's own assistant, which is not called a bot.
const SLACKBOT: &str = "USLACKBOT";
/// Slack recommends pages of no more than this: <https://docs.slack.dev/apis/web-api/pagination>.
const PAGE: &str = "200";
/// A list that is longer than so many pages is not looked through.
const PAGES_MAX: usize = 100;
/// What lists the channels that everybody of the workspace can see.
const CHANNELS: &str = "channels:read";
/// What lists the private ones that the bot is in.
const PRIVATE_CHANNELS: &str = "groups:read";

/// `users.lookupByEmail`: <https://docs.slack.dev/reference/methods/users.lookupByEmail>.
#[derive(Deserialize)]
struct Found {
    user: User,
}

#[derive(Deserialize)]
struct User {
    id: String,
    team_id: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    is_stranger: bool,
    /// A guest of a few channels, or of a single one.
    #[serde(default)]
    is_restricted: bool,
    #[serde(default)]
    is_ultra_restricted: bool,
    /// Invited, and not there yet.
    #[serde(default)]
    is_invited_user: bool,
    /// Whether the account has shown that the address is theirs.
    is_email_confirmed: Option<bool>,
    #[serde(default)]
    profile: Profile,
    enterprise_user: Option<EnterpriseUser>,
}

#[derive(Default, Deserialize)]
struct Profile {
    real_name: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct EnterpriseUser {
    enterprise_id: Option<String>,
}

/// `conversations.list`: <https://docs.slack.dev/reference/methods/conversations.list>.
#[derive(Deserialize)]
struct Page {
    channels: Vec<Channel>,
    #[serde(default)]
    response_metadata: Metadata,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    name: Option<String>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    next_cursor: String,
}

/// What became of the search for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// It has this id.
    Found(String),
    /// The bot sees none of this name; it does not see private ones that it is not in.
    NotSeen,
    /// The app was not given the scope with which channels are listed.
    MayNotList,
}

/// Who has an address. The error says what is wrong with the question, or with the answer.
pub(crate) async fn look_up(slack: &Slack<'_>, email: &str, let_in: &[String]) -> Result<Account, String> {
    match slack.get::<Found>("users.lookupByEmail", &[("email", email)]).await {
        Ok(Found { user }) => Ok(judge(user, email, let_in)),
        Err(word) if word == "users_not_found" => Ok(Account::Nobody),
        Err(word) if word == "missing_scope" => Err(
            "the Slack app lacks users:read.email: update its manifest with `countersign manifests`, and install it again"
                .to_owned(),
        ),
        Err(why) => Err(format!("users.lookupByEmail: {why}")),
    }
}

fn judge(user: User, email: &str, let_in: &[String]) -> Account {
    let User { id, team_id, deleted, is_bot, is_stranger, profile, enterprise_user, .. } = user;
    let refused = |why: &str| Account::Refused(why.to_owned());
    if !profile.email.is_some_and(|its| its.eq_ignore_ascii_case(email)) {
        return refused("Slack answers with somebody of whom it does not say that they have this address");
    }
    if user.is_invited_user || user.is_email_confirmed == Some(false) {
        return refused("the account has not confirmed its address");
    }
    if user.is_restricted || user.is_ultra_restricted {
        return refused("the account is a guest's");
    }
    if deleted {
        return refused("the account is deactivated");
    }
    if is_bot || id == SLACKBOT {
        return refused("the account is a bot's");
    }
    if is_stranger {
        return refused("the account is of another company, and in no channel of this one");
    }
    let enterprise = enterprise_user.and_then(|user| user.enterprise_id);
    let places: Vec<&str> = team_id.as_deref().into_iter().chain(enterprise.as_deref()).collect();
    match place_of(&places, let_in, Platform::Slack) {
        Some(place) => Account::Found { id: within(place, &id), name: profile.real_name.and_then(|name| named(&name)) },
        None => Account::Refused(format!(
            "the account is a guest's of {}, which access.slack_teams does not let in",
            if places.is_empty() { "a workspace that Slack does not name".to_owned() } else { places.join(" and ") }
        )),
    }
}

/// Looks for the channel of this name, which may begin with `#`.
pub(crate) async fn channel(slack: &Slack<'_>, name: &str, scopes: &[String]) -> Result<Named, String> {
    let name = name.trim_start_matches('#');
    let has = |scope: &str| scopes.iter().any(|has| has == scope);
    let types = match (has(CHANNELS), has(PRIVATE_CHANNELS)) {
        (true, true) => "public_channel,private_channel",
        (true, false) => "public_channel",
        (false, true) => "private_channel",
        (false, false) => return Ok(Named::MayNotList),
    };
    let mut cursor = String::new();
    for _ in 0..PAGES_MAX {
        let page = [("types", types), ("exclude_archived", "true"), ("limit", PAGE), ("cursor", cursor.as_str())];
        let Page { channels, response_metadata } =
            slack.get("conversations.list", &page).await.map_err(|why| format!("conversations.list: {why}"))?;
        if let Some(found) = channels.into_iter().find(|channel| channel.name.as_deref() == Some(name)) {
            return Ok(Named::Found(found.id));
        }
        if response_metadata.next_cursor.is_empty() {
            return Ok(Named::NotSeen);
        }
        cursor = response_metadata.next_cursor;
    }
    Err(format!("there are more than {PAGES_MAX} pages of channels: name it by its id"))
}
