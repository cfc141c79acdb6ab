//! Finds out what a first policy says: who there is, in which chats they are asked, and who they are there.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use countersign_bot::approval::place::Platform;

use super::chats::{self, Named, Questions};
use super::draw_up::{First, draw_up};
use super::people;
use crate::directory::teams::Roster;
use crate::directory::{Account, Directory};
use crate::patience::waiting;
use crate::person::Person;
use crate::policy::draft::Draft;
use crate::policy::look_up::{LookedUp, look_up_in};
use crate::vendors::slack::Slack;

/// What the command says.
pub(super) struct Wanted {
    pub(super) emails: Vec<String>,
    pub(super) slack: Named,
    pub(super) teams: Named,
    pub(super) self_approval: bool,
    /// Whether somebody can be asked for the rest.
    pub(super) can_ask: bool,
}

/// What is known of the deployment.
pub(super) struct Known<'a> {
    /// The chats of the stack, as far as it has what they are asked with; none if no stack is named.
    pub(super) directory: Option<&'a Directory>,
    /// Whether the deployment sends mails.
    pub(super) sends_mail: bool,
    /// Whether the example is there.
    pub(super) has_calculation: bool,
}

/// Finds all of it out.
pub(super) async fn ask(wanted: Wanted, known: &Known<'_>, person: &mut impl Person) -> anyhow::Result<First> {
    let Wanted { emails, slack, teams, self_approval, can_ask } = wanted;
    let Known { directory, sends_mail, has_calculation } = *known;
    let (emails, self_approval) = people::addresses(emails, self_approval, can_ask, person)?;
    let in_slack = chats::in_slack(slack, directory, can_ask, person).await?;
    let mut in_teams = chats::in_teams(teams, directory, can_ask, person)?;
    if in_slack.is_none() && in_teams.is_none() && !sends_mail {
        bail!(
            "nobody would be reached: name a Slack channel or a Teams conversation, once `countersign slack` or `countersign \
             teams` has set up its app, or deploy with the parameter MailFrom"
        );
    }
    let roster = match (&mut in_teams, directory) {
        (Some(asks), Some(directory)) => chats::roster(asks, directory, person).await?,
        _ => None,
    };
    let people = people::entries(emails);
    let chats = in_slack.into_iter().chain(in_teams).collect();
    let mut first = First { people, chats, self_approval, has_calculation, looked_up: None };
    let slack = directory.and_then(Directory::slack);
    first.looked_up = look_up(&mut first, slack.as_ref(), roster.as_ref(), person).await?;
    if can_ask && slack.is_none() {
        by_hand(&mut first, Platform::Slack, &chats::SLACK, person)?;
    }
    if can_ask && directory.and_then(Directory::teams_app).is_none() {
        by_hand(&mut first, Platform::Teams, &chats::TEAMS, person)?;
    }
    Ok(first)
}

/// Looks people up by their addresses, in the chats that can be asked, as a push would.
async fn look_up(
    first: &mut First,
    slack: Option<&Slack<'_>>,
    roster: Option<&Roster>,
    person: &mut impl Person,
) -> anyhow::Result<Option<LookedUp>> {
    let draft = Draft::read(&draw_up(first)).context("a first policy that cannot be read was drawn up")?;
    let looked_up = waiting("Looking people up".to_owned(), look_up_in(draft, slack, roster)).await?;
    if looked_up.is_empty() {
        return Ok(None);
    }
    person.told(&looked_up.text())?;
    let mut profiles = BTreeMap::new();
    for entry in &mut first.people {
        for (chat, account) in looked_up.accounts(&entry.key) {
            if let Account::Found { id, name } = account {
                entry.ids.insert(chat, id.clone());
                if let Some(name) = name {
                    profiles.entry(entry.key.clone()).or_insert_with(|| name.clone());
                }
            }
        }
    }
    people::rename(&mut first.people, &profiles);
    Ok(Some(looked_up))
}

/// Asks who people are in a chat that nobody else can be asked about: by what their addresses say, since
/// what a profile calls somebody is up to them.
fn by_hand(first: &mut First, chat: Platform, questions: &Questions, person: &mut impl Person) -> anyhow::Result<()> {
    if first.asks(chat).is_none() {
        return Ok(());
    }
    for entry in &mut first.people {
        if let Some(id) = questions.user(&people::known_as(entry), person)? {
            entry.ids.insert(chat, id);
        }
    }
    Ok(())
}
