//! People of the conversations in Teams: to look through the whole directory takes rights that the bot does not need.

use std::collections::{BTreeMap, BTreeSet};

use countersign_bot::approval::identities::is_guid;
use countersign_bot::approval::place::Platform;
use countersign_bot::messages::escape::one_line;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Account, named, place_of, within};
use crate::vendors::teams::Teams;

/// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context>: at most 500.
const PAGE: &str = "200";
/// A roster that is longer than so many pages is not looked through; a team has at most 25,000 members.
const PAGES_MAX: usize = 200;
/// The role of whoever is no guest, nobody who came by a link, and no bot.
const USER: &str = "user";

/// `GET v3/conversations/{id}/pagedmembers`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    members: Vec<Member>,
    continuation_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    aad_object_id: Option<String>,
    name: Option<String>,
    email: Option<String>,
    user_principal_name: Option<String>,
    tenant_id: Option<String>,
    user_role: Option<String>,
}

/// Everybody in some conversations, by their object ids.
#[derive(Debug, Default)]
pub(crate) struct Roster(BTreeMap<String, Member>);

impl Roster {
    /// Reads who is in these conversations. The error names the one that cannot be read.
    pub(crate) async fn read(
        teams: &Teams<'_>,
        token: &SecretString,
        conversations: &BTreeSet<String>,
    ) -> Result<Self, String> {
        let mut roster = Self::default();
        for conversation in conversations {
            let read = roster.add(teams, token, conversation).await;
            read.map_err(|why| format!("the people of the conversation {conversation} cannot be read: {why}"))?;
        }
        Ok(roster)
    }

    async fn add(&mut self, teams: &Teams<'_>, token: &SecretString, conversation: &str) -> Result<(), String> {
        let path = format!("v3/conversations/{conversation}/pagedmembers");
        let mut continuation = None;
        for _ in 0..PAGES_MAX {
            let mut query = vec![("pageSize", PAGE.to_owned())];
            query.extend(continuation.take().map(|token| ("continuationToken", token)));
            let Page { members, continuation_token } = teams.get(&path, &query, token).await?;
            for member in members {
                if let Some(id) = member.aad_object_id.as_ref().filter(|id| is_guid(id)) {
                    self.0.insert(id.to_lowercase(), member);
                }
            }
            match continuation_token.filter(|token| !token.is_empty()) {
                Some(token) => continuation = Some(token),
                None => return Ok(()),
            }
        }
        Err(format!("there are more than {PAGES_MAX} pages of them"))
    }

    /// Who of them has an address, be it as their mail or as the name by which they log in.
    pub(crate) fn look_up(&self, email: &str, let_in: &[String]) -> Account {
        let has_it = |(_, member): &(&String, &Member)| {
            let mut addresses = member.email.iter().chain(&member.user_principal_name);
            addresses.any(|address| address.eq_ignore_ascii_case(email))
        };
        let mut found = self.0.iter().filter(has_it);
        let Some((id, member)) = found.next() else { return Account::Nobody };
        if found.next().is_some() {
            return Account::Refused("two accounts have this address".to_owned());
        }
        let role = member.user_role.as_deref().unwrap_or("not said");
        if !role.eq_ignore_ascii_case(USER) {
            return Account::Refused(format!(
                "the account's role in the conversation is {}, not {USER}",
                one_line(role)
            ));
        }
        let Some(tenant) = member.tenant_id.as_ref().map(|tenant| tenant.to_lowercase()) else {
            return Account::Refused("Teams does not say of which tenant the account is".to_owned());
        };
        match place_of(&[&tenant], let_in, Platform::Teams) {
            Some(place) => Account::Found { id: within(place, id), name: member.name.as_deref().and_then(named) },
            None => Account::Refused(format!(
                "the account is of the tenant {}, which access.teams_tenants does not let in",
                one_line(&tenant)
            )),
        }
    }
}
