//! Who has an address, and which channels there are.
//!
//! <https://docs.slack.dev/reference/methods/users.lookupByEmail> and
//! <https://docs.slack.dev/reference/methods/conversations.list>

use serde_json::{Value, json};

use super::FakeSlack;
use super::usergroups::Profile;
use super::workspace::{Refusal, Workspace};

/// What lists the channels that everybody of the workspace can see.
const CHANNELS: &str = "channels:read";
/// What lists the private ones that the bot is in.
const GROUPS: &str = "groups:read";
/// The longest page of a list, and the one that is given unasked.
const PAGES: (usize, usize) = (1_000, 100);

impl FakeSlack {
    /// The app is installed again with a scope that its manifest does not have.
    pub fn grant(&self, scope: &str) {
        self.workspace().granted.insert(scope.to_owned());
    }

    /// The app is installed again without a scope that its manifest has.
    pub fn withhold(&self, scope: &str) {
        self.workspace().withheld.insert(scope.to_owned());
    }
}

impl Workspace {
    /// `users.lookupByEmail`, which knows nobody who was deactivated.
    pub(super) fn user_of_address(&self, body: &Value, own_team: &str) -> Result<Value, Refusal> {
        self.check_scope("users:read.email")?;
        let asked = body["email"].as_str().unwrap_or_default();
        let has_it = |(id, profile): &(&String, &Profile)| {
            !asked.is_empty() && profile.email.eq_ignore_ascii_case(asked) && !self.deactivated.contains(*id)
        };
        let (id, _) = self.profiles.iter().find(has_it).ok_or("users_not_found")?;
        self.user_info(&json!({ "user": id }), own_team)
    }

    /// `conversations.list`: a page of the channels of these types, of which the cursor of the next one comes along. Archived
    /// ones are in it unless they are to be left out.
    pub(super) fn conversations(&self, body: &Value) -> Result<Value, Refusal> {
        let text = |key: &str, otherwise: &'static str| body[key].as_str().unwrap_or(otherwise).to_owned();
        let types = text("types", "public_channel");
        for wanted in types.split(',') {
            self.check_scope(match wanted {
                "public_channel" => CHANNELS,
                "private_channel" => GROUPS,
                _ => return Err("invalid_types".into()),
            })?;
        }
        let number = |key: &str, otherwise: usize| match body[key].as_str() {
            None | Some("") => Some(otherwise),
            Some(text) => text.parse::<usize>().ok(),
        };
        let limit = number("limit", PAGES.1).filter(|limit| (1..=PAGES.0).contains(limit)).ok_or("invalid_limit")?;
        let from = number("cursor", 0).ok_or("invalid_cursor")?;
        let kind = |id: &str| if id.starts_with('G') { "private_channel" } else { "public_channel" };
        let is_wanted = |(id, _): &(&String, &String)| {
            // The bot knows of a private channel only while it is in there.
            let is_seen = kind(id) == "public_channel" || !self.without_bot.contains(*id);
            let is_left_out = text("exclude_archived", "false") == "true" && self.archived.contains(*id);
            types.split(',').any(|wanted| wanted == kind(id)) && is_seen && !is_left_out
        };
        let wanted: Vec<_> = self.channels.iter().filter(is_wanted).collect();
        let channel = |(id, name): &(&String, &String)| {
            json!({
                "id": id, "name": name, "is_channel": true, "is_private": kind(id) == "private_channel",
                "is_archived": self.archived.contains(*id), "is_member": !self.without_bot.contains(*id),
            })
        };
        let page: Vec<Value> = wanted.iter().skip(from).take(limit).map(channel).collect();
        let next = from + page.len();
        let next = if next < wanted.len() { next.to_string() } else { String::new() };
        Ok(json!({ "channels": page, "response_metadata": { "next_cursor": next } }))
    }

    /// The scopes of the token: those of the manifest, as long as nobody has installed the app otherwise.
    pub(super) fn scopes(&self) -> Vec<&str> {
        let granted = super::SCOPES.split(',').chain(self.granted.iter().map(String::as_str));
        granted.filter(|scope| !self.withheld.contains(*scope)).collect()
    }

    fn check_scope(&self, needed: &str) -> Result<(), Refusal> {
        if self.scopes().contains(&needed) { Ok(()) } else { Err("missing_scope".into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(workspace: &Workspace, body: &Value) -> Result<(Vec<String>, String), &'static str> {
        let answer = workspace.conversations(body).map_err(|refusal| refusal.code)?;
        let names = answer["channels"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned());
        Ok((names.collect(), answer["response_metadata"]["next_cursor"].as_str().unwrap().to_owned()))
    }

    #[test]
    fn channels_come_in_pages_and_private_ones_only_where_the_bot_is() {
        let mut workspace = Workspace::default();
        for (id, name) in [("C1", "one"), ("C2", "two"), ("C3", "three"), ("G1", "secret"), ("G2", "elsewhere")] {
            workspace.channels.insert(id.to_owned(), name.to_owned());
        }
        assert_eq!(listed(&workspace, &json!({})), Err("missing_scope"));
        workspace.granted.insert(CHANNELS.to_owned());
        let both = json!({ "types": "public_channel,private_channel" });
        assert_eq!(listed(&workspace, &both), Err("missing_scope"));
        workspace.granted.insert(GROUPS.to_owned());
        workspace.without_bot.insert("G2".to_owned());
        workspace.archived.insert("C2".to_owned());
        let page = json!({ "types": "public_channel,private_channel", "limit": "2", "exclude_archived": "true" });
        let (first, cursor) = listed(&workspace, &page).unwrap();
        assert_eq!((first, cursor.as_str()), (vec!["one".to_owned(), "three".to_owned()], "2"));
        let mut rest = page.clone();
        rest["cursor"] = json!(cursor);
        assert_eq!(listed(&workspace, &rest).unwrap(), (vec!["secret".to_owned()], String::new()));
        assert_eq!(listed(&workspace, &json!({ "limit": "0" })), Err("invalid_limit"));
        assert_eq!(listed(&workspace, &json!({ "cursor": "x" })), Err("invalid_cursor"));
    }

    #[test]
    fn an_address_is_that_of_one_user_who_is_still_there() {
        let mut workspace = Workspace::default();
        let profile = Profile { email: "Ada@example.com".to_owned(), ..Profile::default() };
        workspace.profiles.insert("U1".to_owned(), profile);
        let user = |workspace: &Workspace, address: &str| {
            let found = workspace.user_of_address(&json!({ "email": address }), "T1");
            found.map(|answer| answer["user"]["id"].clone()).map_err(|refusal| refusal.code)
        };
        assert_eq!(user(&workspace, "ada@EXAMPLE.com"), Ok(json!("U1")));
        for unknown in ["", "grace@example.com"] {
            assert_eq!(user(&workspace, unknown), Err("users_not_found"));
        }
        workspace.deactivated.insert("U1".to_owned());
        assert_eq!(user(&workspace, "ada@example.com"), Err("users_not_found"));
        workspace.deactivated.clear();
        workspace.withheld.insert("users:read.email".to_owned());
        assert_eq!(user(&workspace, "ada@example.com"), Err("missing_scope"));
    }
}
