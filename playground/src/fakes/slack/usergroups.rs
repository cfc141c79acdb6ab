//! User groups, and what a profile says of their members.
//!
//! <https://docs.slack.dev/reference/methods/usergroups.users.list> and <https://docs.slack.dev/reference/methods/users.info>

use serde_json::{Value, json};

use super::FakeSlack;
use super::workspace::{Refusal, Workspace};

/// A user as Slack knows them, beside the id.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// The name of the profile.
    pub real_name: String,
    /// The workspace that the user is of; that of the app if it is empty.
    pub team_id: String,
    /// The organisation of that workspace, if it has one.
    pub enterprise_id: Option<String>,
    /// Whether the user is no human being.
    pub is_bot: bool,
    /// Their address; none if it is empty.
    pub email: String,
    /// Whether the user is of another workspace and in no channel of this one.
    pub is_stranger: bool,
    /// Whether the user is a guest of some channels.
    pub is_restricted: bool,
    /// Whether they have not shown yet that the address is theirs.
    pub is_unconfirmed: bool,
}

/// A user group.
#[derive(Debug, Clone, Default)]
pub(super) struct Usergroup {
    users: Vec<String>,
    is_disabled: bool,
}

impl FakeSlack {
    /// A user group has these users from now on.
    pub fn set_usergroup(&self, id: &str, users: &[&str]) {
        let users = users.iter().map(|user| (*user).to_owned()).collect();
        self.workspace().usergroups.insert(id.to_owned(), Usergroup { users, is_disabled: false });
    }

    /// Somebody disables a user group.
    pub fn disable_usergroup(&self, id: &str) {
        self.workspace().usergroups.entry(id.to_owned()).or_default().is_disabled = true;
    }

    /// Slack knows a user (by user id) by this profile.
    pub fn set_profile(&self, user: &str, profile: Profile) {
        self.workspace().profiles.insert(user.to_owned(), profile);
    }
}

impl Workspace {
    /// `usergroups.users.list`, which names nobody of a group that was disabled.
    pub(super) fn usergroup_users(&self, body: &Value) -> Result<Value, Refusal> {
        let group = body["usergroup"].as_str().and_then(|id| self.usergroups.get(id)).ok_or("no_such_subteam")?;
        let users: &[String] = if group.is_disabled { &[] } else { &group.users };
        Ok(json!({ "users": users }))
    }

    /// `users.info`.
    pub(super) fn user_info(&self, body: &Value, own_team: &str) -> Result<Value, Refusal> {
        let id = body["user"].as_str().unwrap_or_default();
        let profile = self.profiles.get(id).ok_or("user_not_found")?;
        let Profile { real_name, team_id, enterprise_id, is_bot, email, is_stranger, is_restricted, is_unconfirmed } =
            profile;
        let team = if team_id.is_empty() { own_team } else { team_id };
        let mut user = json!({
            "id": id, "team_id": team, "name": id.to_lowercase(), "real_name": real_name, "is_bot": is_bot,
            "deleted": self.deactivated.contains(id), "is_stranger": is_stranger,
            "is_restricted": is_restricted, "is_ultra_restricted": false, "is_email_confirmed": !is_unconfirmed,
            "profile": { "real_name": real_name, "display_name": "" },
        });
        if !email.is_empty() && self.scopes().contains(&"users:read.email") {
            user["profile"]["email"] = json!(email);
        }
        if let Some(enterprise) = enterprise_id {
            user["enterprise_user"] = json!({ "id": id, "enterprise_id": enterprise, "teams": [team] });
        }
        Ok(json!({ "user": user }))
    }
}
