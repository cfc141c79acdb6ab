//! Everybody in a conversation, page by page.
//!
//! <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context>

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::tenant::Tenant;
use super::{FakeTeams, TeamsUser};

/// The shortest page, the one that is given unasked, and the longest.
const PAGES: (usize, usize, usize) = (50, 200, 500);

impl FakeTeams {
    /// A person has this address, which a roster says.
    pub fn set_email(&self, user: &TeamsUser, email: &str) {
        self.tenant().addresses.insert(user.object_id.clone(), email.to_owned());
    }

    /// Somebody invites a person (by their entry in the tenant) as a guest.
    pub fn make_guest(&self, user: &TeamsUser) {
        self.tenant().guests.insert(user.object_id.clone());
    }
}

impl Tenant {
    /// A member as a conversation knows them.
    pub(super) fn account(&self, user: &TeamsUser) -> Value {
        let TeamsUser { object_id, mri, name, tenant } = user;
        let role = if self.guests.contains(object_id) { "guest" } else { "user" };
        let mut account =
            json!({ "id": mri, "name": name, "aadObjectId": object_id, "tenantId": tenant, "userRole": role });
        if let Some(address) = self.addresses.get(object_id) {
            account["email"] = json!(address);
            account["userPrincipalName"] = json!(address);
        }
        account
    }

    /// A page of a roster, and the token for the next one. A page is never shorter than the shortest.
    pub(super) fn roster(&self, conversation: &str, size: Option<&str>, token: Option<&str>) -> Result<Value, Refusal> {
        if !self.exists(conversation) {
            return Err(Refusal::not_in_roster());
        }
        let number = |text: &str| text.parse::<usize>().map_err(|_| Refusal::bad_syntax("That is no number."));
        let (shortest, unasked, longest) = PAGES;
        let size = size.map(number).transpose()?.unwrap_or(unasked).clamp(shortest, longest);
        let from = token.map(number).transpose()?.unwrap_or_default();
        let members: Vec<Value> = self.people.iter().skip(from).take(size).map(|user| self.account(user)).collect();
        let next = from + members.len();
        let mut page = json!({ "members": members });
        if next < self.people.len() {
            page["continuationToken"] = json!(next.to_string());
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONVERSATION: &str = "19:a@thread.tacv2";

    #[test]
    fn a_roster_comes_in_pages_of_fifty_at_least() {
        let mut tenant = Tenant::default();
        assert_eq!(tenant.roster("nowhere", None, None).unwrap_err().code, "BotNotInConversationRoster");
        for number in 0..60 {
            tenant.people.push(TeamsUser::new(&format!("{number}"), "Somebody", "t"));
        }
        let page = tenant.roster(CONVERSATION, Some("2"), None).unwrap();
        assert_eq!((page["members"].as_array().unwrap().len(), &page["continuationToken"]), (50, &json!("50")));
        let page = tenant.roster(CONVERSATION, Some("2"), Some("50")).unwrap();
        assert_eq!((page["members"].as_array().unwrap().len(), &page["continuationToken"]), (10, &Value::Null));
        assert_eq!(tenant.roster(CONVERSATION, Some("x"), None).unwrap_err().code, "BadSyntax");
    }

    #[test]
    fn a_guest_is_called_one() {
        let mut tenant = Tenant::default();
        let user = TeamsUser::new("1", "Eve", "t");
        tenant.addresses.insert("1".to_owned(), "eve@example.com".to_owned());
        assert_eq!(tenant.account(&user)["userRole"], "user");
        tenant.guests.insert("1".to_owned());
        let account = tenant.account(&user);
        assert_eq!((&account["userRole"], &account["email"]), (&json!("guest"), &json!("eve@example.com")));
    }
}
