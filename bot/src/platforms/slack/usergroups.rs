//! The user groups of Slack: who is in one, and who that is.

use async_trait::async_trait;
use serde::Deserialize;

use super::client::Client;
use super::error::Error;
use crate::approval::members::Member;
use crate::approval::place::Platform;
use crate::net::deadline::Deadline;
use crate::ports::{UsergroupError, Usergroups};

/// Slack's own assistant, which `users.info` does not call a bot.
const SLACKBOT: &str = "USLACKBOT";

/// The user groups that a bot token may read.
pub struct SlackUsergroups(pub Client);

/// `usergroups.users.list`: <https://docs.slack.dev/reference/methods/usergroups.users.list>.
#[derive(Deserialize)]
struct Users {
    users: Vec<String>,
}

/// `users.info`: <https://docs.slack.dev/reference/methods/users.info>.
#[derive(Deserialize)]
struct Info {
    user: User,
}

#[derive(Deserialize)]
struct User {
    team_id: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    is_bot: bool,
    name: Option<String>,
    #[serde(default)]
    profile: Profile,
    enterprise_user: Option<EnterpriseUser>,
}

#[derive(Default, Deserialize)]
struct Profile {
    real_name: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct EnterpriseUser {
    enterprise_id: Option<String>,
}

#[async_trait]
impl Usergroups for SlackUsergroups {
    fn platform(&self) -> Platform {
        Platform::Slack
    }

    async fn users(&self, usergroup: &str, deadline: Deadline) -> Result<Vec<String>, UsergroupError> {
        // Of a group that was disabled Slack names nobody unless it is asked to.
        let found: Users =
            self.0.get("usergroups.users.list", &[("usergroup", Some(usergroup))], deadline).await.map_err(why)?;
        Ok(found.users)
    }

    async fn member(&self, user: &str, deadline: Deadline) -> Result<Option<Member>, UsergroupError> {
        let found: Info = self.0.get("users.info", &[("user", Some(user))], deadline).await.map_err(why)?;
        let User { team_id, deleted, is_bot, name, profile, enterprise_user } = found.user;
        if deleted || is_bot || user == SLACKBOT {
            return Ok(None);
        }
        let mut names = [profile.real_name, profile.display_name, name].into_iter().flatten();
        let enterprise = enterprise_user.and_then(|user| user.enterprise_id);
        Ok(Some(Member {
            user: user.to_owned(),
            places: team_id.into_iter().chain(enterprise).collect(),
            name: names.find(|name| !name.trim().is_empty()).unwrap_or_default(),
        }))
    }
}

/// Whether asking again may help: not where Slack refuses the group, the scope or the plan.
fn why(error: Error) -> UsergroupError {
    const PASSING: [&str; 4] = ["internal_error", "fatal_error", "service_unavailable", "request_timeout"];
    match &error {
        Error::Refused(code) if !PASSING.contains(&code.as_str()) => UsergroupError::Refused(error.to_string()),
        _ => UsergroupError::Unavailable(error.to_string()),
    }
}
