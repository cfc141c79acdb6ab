//! Looks the people of a policy up who are written with their address alone. What is found is put into the text as ids, so
//! that the strict reader, the difference and whoever confirms it see the same as the functions will.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use countersign_bot::approval::place::Platform;
use countersign_bot::messages::escape::one_line;
use serde_json::{Value, json};

use super::draft::{Draft, Gap};
use crate::directory::teams::Roster;
use crate::directory::{Account, Directory, slack};
use crate::vendors::slack::Slack;

/// What became of it.
pub(crate) struct LookedUp {
    /// The policy with the ids that were found.
    pub(crate) text: String,
    people: Vec<Found>,
}

/// One person in one chat.
struct Found {
    gap: Gap,
    account: Account,
}

/// Looks up whoever has no id for a chat that the policy uses, each of them once.
pub(crate) async fn look_up(draft: Draft, directory: &Directory) -> anyhow::Result<LookedUp> {
    let gaps = draft.gaps();
    let in_teams: BTreeSet<String> = gaps
        .iter()
        .filter(|gap| gap.chat.platform == Platform::Teams)
        .flat_map(|gap| draft.conversations(gap.chat))
        .collect();
    let in_slack = gaps.iter().any(|gap| gap.chat.platform == Platform::Slack);
    let roster = if in_teams.is_empty() { None } else { Some(directory.roster(&in_teams).await?) };
    let slack = if in_slack { Some(directory.needed_slack()?) } else { None };
    look_up_in(draft, slack.as_ref(), roster.as_ref()).await
}

/// The same in those chats alone that are given.
pub(crate) async fn look_up_in(
    mut draft: Draft,
    slack: Option<&Slack<'_>>,
    roster: Option<&Roster>,
) -> anyhow::Result<LookedUp> {
    let mut people = Vec::new();
    for gap in draft.gaps() {
        let let_in = draft.let_in(gap.chat);
        let account = match (gap.chat.platform, slack, roster) {
            (Platform::Slack, Some(slack), _) => {
                let found = slack::look_up(slack, &gap.email, &let_in).await;
                found.map_err(|why| anyhow!("{} ({}) cannot be looked up in Slack: {why}", gap.name, gap.person))?
            }
            (Platform::Teams, _, Some(roster)) => roster.look_up(&gap.email, &let_in),
            _ => continue,
        };
        people.push(Found { gap, account });
    }
    refuse_the_same(&draft, &mut people);
    for Found { gap, account } in &people {
        if let Account::Found { id, .. } = account {
            draft.set_id(&gap.person, gap.chat, id);
        }
    }
    Ok(LookedUp { text: draft.text(), people })
}

/// An account is one person's: neither of two who are found behind it gets it.
fn refuse_the_same(draft: &Draft, people: &mut [Found]) {
    let mut owners: BTreeMap<(Platform, String), BTreeSet<String>> = BTreeMap::new();
    for found in people.iter() {
        let Account::Found { id, .. } = &found.account else { continue };
        let owners = owners.entry((found.gap.chat.platform, id.clone())).or_default();
        owners.insert(found.gap.person.clone());
        // One that is written may be without its place.
        let bare = |id: &str| id.rsplit(':').next().unwrap_or_default().to_owned();
        let written = draft.ids(found.gap.chat).into_iter();
        owners.extend(written.filter(|(other, _)| bare(other) == bare(id)).map(|(_, person)| person));
    }
    for found in people {
        let Account::Found { id, .. } = &found.account else { continue };
        let owners = owners.get(&(found.gap.chat.platform, id.clone()));
        let others: Vec<&str> =
            owners.into_iter().flatten().filter(|owner| **owner != found.gap.person).map(String::as_str).collect();
        if !others.is_empty() {
            found.account = Account::Refused(format!("the account is also that of {}", others.join(", ")));
        }
    }
}

impl LookedUp {
    /// Whether nobody had to be looked up.
    pub(crate) fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Whether any id was found.
    pub(crate) fn has_found(&self) -> bool {
        self.people.iter().any(|found| matches!(found.account, Account::Found { .. }))
    }

    /// What the chats say of one of them, by their key.
    pub(crate) fn accounts(&self, person: &str) -> impl Iterator<Item = (Platform, &Account)> {
        let of_person = self.people.iter().filter(move |found| found.gap.person == person);
        of_person.map(|found| (found.gap.chat.platform, &found.account))
    }

    /// A line for each, without their addresses.
    pub(crate) fn text(&self) -> String {
        let line = |Found { gap, account }: &Found| {
            let (who, chat) = (one_line(&format!("{} ({})", gap.name, gap.person)), gap.chat.platform.name());
            match account {
                Account::Found { id, name: Some(name) } => {
                    format!("  {who} is {id} in {chat}, who is called {name} there")
                }
                Account::Found { id, name: None } => format!("  {who} is {id} in {chat}"),
                Account::Nobody => format!("  {who} is not known to {chat}{}", where_looked(gap)),
                Account::Refused(why) => format!("  {who} is not looked up in {chat}: {why}"),
            }
        };
        let lines: Vec<String> = self.people.iter().map(line).collect();
        format!("By their addresses:\n{}", lines.join("\n"))
    }

    /// The same for scripts.
    pub(crate) fn json(&self) -> Value {
        let person = |Found { gap, account }: &Found| {
            let mut json = json!({ "person": gap.person, "chat": gap.chat.platform.key() });
            match account {
                Account::Found { id, .. } => json["id"] = json!(id),
                Account::Nobody => json["problem"] = json!(format!("not known{}", where_looked(gap))),
                Account::Refused(why) => json["problem"] = json!(why),
            }
            json
        };
        self.people.iter().map(person).collect()
    }
}

/// Teams is asked of those alone who are there.
fn where_looked(gap: &Gap) -> &'static str {
    if gap.chat.platform == Platform::Teams { " among the people of the conversations" } else { "" }
}
