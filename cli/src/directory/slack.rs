//! People of Slack.

use countersign_bot::approval::place::Platform;
use serde::Deserialize;

use super::{Account, named, place_of, within};
use crate::vendors::slack::Slack;

/// Slack's own assistant, which is not called a bot.
const SLACKBOT: &str = "USLACKBOT";
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
    let User { id, team_id, deleted, is_bot, is_stranger, profile, enterprise_user } = user;
    let refused = |why: &str| Account::Refused(why.to_owned());
    if profile.email.as_ref().is_some_and(|other| !other.eq_ignore_ascii_case(email)) {
        return refused("Slack answers with somebody who has another address");
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
