//! People and channels of Slack.

use countersign_bot::approval::identities::{CHATS, Chat};
use countersign_bot::approval::place::Platform;
use countersign_bot::messages::escape::one_line;
use serde::Deserialize;

use super::{Account, named, place_of, within};
use crate::person::Person;
use crate::vendors::slack::{Probe, Slack};

/// What the ids of Slack look like.
const SLACK: &Chat = &CHATS[0];
/// Slack's own assistant, which is not called a bot.
const SLACKBOT: &str = "USLACKBOT";
/// Slack's words for a channel that the bot is not in; a private one it does not know then.
const NOT_IN: [&str; 2] = ["not_in_channel", "channel_not_found"];

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

/// What Slack says of a channel that somebody has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The bot may post there, and this is its id.
    Found(String),
    /// The bot may not post there, in Slack's word or in what became of the call.
    Refused(String),
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
    if !(SLACK.user.is)(&id) {
        return refused("Slack answers with an id that is none");
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
            if places.is_empty() {
                "a workspace that Slack does not name".to_owned()
            } else {
                one_line(&places.join(" and "))
            }
        )),
    }
}

/// Which channel it is that somebody names, by its name with or without a `#` or by its id, and whether the bot may post
/// there. It takes no scope for reading channels, since a message is scheduled there and deleted at once; whoever has named
/// it is told if that one is left.
pub(crate) async fn channel(slack: &Slack<'_>, name: &str, person: &mut impl Person) -> anyhow::Result<Channel> {
    let place =
        if (SLACK.conversation.is)(name) { name.to_owned() } else { format!("#{}", name.trim_start_matches('#')) };
    let Probe { channel, at, left } = match slack.probe(&place).await {
        Ok(probe) => probe,
        Err(word) => return Ok(Channel::Refused(word)),
    };
    if let Some(why) = left {
        let what = "To see whether the bot may post there, a message was scheduled";
        person.told(&format!("{what} for {at:.0}, and could not be deleted again ({why})."))?;
    }
    Ok(if (SLACK.conversation.is)(&channel) {
        Channel::Found(channel)
    } else {
        Channel::Refused(format!("that its id is {channel}, which is none"))
    })
}

/// Whether Slack's word for a channel says no more than that the bot has to be invited, if it is the right one.
pub(crate) fn may_be_invited(word: &str) -> bool {
    NOT_IN.contains(&word)
}

/// What Slack's word for a channel means.
pub(crate) fn refusal(word: &str) -> String {
    match word {
        _ if may_be_invited(word) => format!(
            "Slack says {word}: the bot is not in that channel, so /invite it, or the channel is called otherwise. The id is \
             at the end of the channel's details."
        ),
        _ => format!("Slack says {word}."),
    }
}
