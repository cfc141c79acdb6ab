//! Who has an address: <https://docs.slack.dev/reference/methods/users.lookupByEmail>

use serde_json::{Value, json};

use super::FakeSlack;
use super::usergroups::Profile;
use super::workspace::{Refusal, Workspace};

impl FakeSlack {
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

    /// The scopes of the token: those of the manifest, as long as nobody has installed the app otherwise.
    pub(super) fn scopes(&self) -> Vec<&str> {
        super::SCOPES.split(',').filter(|scope| !self.withheld.contains(*scope)).collect()
    }

    fn check_scope(&self, needed: &str) -> Result<(), Refusal> {
        if self.scopes().contains(&needed) { Ok(()) } else { Err("missing_scope".into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
