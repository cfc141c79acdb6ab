//! Finds out what a first policy says: from the command, from Slack, and from whoever can be asked.

use std::collections::BTreeSet;

use anyhow::{anyhow, bail};
use countersign_bot::approval::identities::{CHATS, Chat, is_address};

use super::draw_up::{Entry, First};
use crate::directory::Account;
use crate::directory::slack::{Channel, channel, look_up, refusal};
use crate::person::Person;
use crate::vendors::slack::{Identity, Slack};

/// With a key behind it, such a name is as long as the policy takes one.
const NAME_MAX: usize = 56;
/// A key that is made of a longer address is cut, with room for a number behind it.
const KEY_MAX: usize = 16;
/// Slack, as the policy has it.
const SLACK: &Chat = &CHATS[0];

/// What the command says.
pub(super) struct Wanted {
    pub(super) emails: Vec<String>,
    pub(super) channel: Option<String>,
    pub(super) team: Option<String>,
    pub(super) self_approval: bool,
    /// Whether somebody can be asked for the rest.
    pub(super) can_ask: bool,
}

/// What is known of the deployment.
pub(super) struct Known<'a> {
    /// Slack, where the bot has a token for it.
    pub(super) slack: Option<(Slack<'a>, Identity)>,
    /// Whether the deployment sends mails.
    pub(super) sends_mail: bool,
    /// Whether the example is there.
    pub(super) has_calculation: bool,
}

/// Finds all of it out.
pub(super) async fn ask(wanted: Wanted, known: &Known<'_>, person: &mut impl Person) -> anyhow::Result<First> {
    let Wanted { emails, channel: named, team, self_approval, can_ask } = wanted;
    let (emails, self_approval) = people(emails, self_approval, can_ask, person)?;
    let channel = the_channel(named, known, can_ask, person).await?;
    if channel.is_none() && !known.sends_mail {
        bail!("nobody would be reached: name a channel, or deploy with the parameter MailFrom");
    }
    let team = match (&channel, &known.slack, team) {
        (None, _, _) => None,
        (Some(_), Some((_, identity)), None) => Some(identity.team.clone()),
        (Some(_), _, Some(team)) if (SLACK.place.is)(&team) => Some(team),
        (Some(_), _, Some(team)) => bail!("`{team}` is not {}", SLACK.place.looks),
        (Some(_), None, None) if can_ask => Some(id("Id of the Slack workspace, T…:", SLACK.place.is, person)?),
        (Some(_), None, None) => bail!("say with --slack-team whose members are let in: the id of the workspace, T…"),
    };
    let mut entries: Vec<Entry> = Vec::new();
    for email in emails {
        let (slack, name) = match (&known.slack, &team) {
            (Some((slack, _)), Some(team)) => found(slack, &email, team, person).await?,
            (None, Some(_)) if can_ask => (member_id(&email, person)?, None),
            _ => (None, None),
        };
        entries.push(entry(email, slack, name, &entries));
    }
    Ok(First { people: entries, team, channel, self_approval, has_calculation: known.has_calculation })
}

/// Who there is, each once, and whether they may approve what they asked for.
fn people(
    given: Vec<String>,
    mut self_approval: bool,
    can_ask: bool,
    person: &mut impl Person,
) -> anyhow::Result<(Vec<String>, bool)> {
    let mut emails: Vec<String> = Vec::new();
    for email in given {
        let email = email.to_lowercase();
        if emails.contains(&email) {
            bail!("--email names the same address twice");
        }
        emails.push(email);
    }
    if !can_ask && (emails.is_empty() || emails.len() == 1 && !self_approval) {
        bail!(
            "a policy needs two people, since nobody approves what they asked for: name each with --email, the one who may \
             approve first; or one, and say --self-approval"
        );
    }
    if can_ask && emails.is_empty() {
        emails = everybody(person)?;
    }
    while can_ask && emails.len() == 1 && !self_approval {
        self_approval = person.agrees("One person alone has nobody to ask. May they approve what they asked for?")?;
        if !self_approval {
            match person.answer("Address of somebody else:")?.to_lowercase() {
                email if !is_address(&email) || emails.contains(&email) => person.told("That is no other address.")?,
                email => emails.push(email),
            }
        }
    }
    Ok((emails, self_approval))
}

/// Asks for one after the other, until that is all.
fn everybody(person: &mut impl Person) -> anyhow::Result<Vec<String>> {
    let mut emails: Vec<String> = Vec::new();
    loop {
        let question = if emails.is_empty() {
            "Address of whoever may approve:"
        } else {
            "Address of somebody else, who may ask for it, or Enter if that is all:"
        };
        match person.answer(question)?.to_lowercase() {
            email if email.is_empty() && !emails.is_empty() => return Ok(emails),
            email if !is_address(&email) => person.told("That is no address.")?,
            email if emails.contains(&email) => person.told("That one is there.")?,
            email => emails.push(email),
        }
    }
}

/// The id of the channel, of which Slack says whether the bot may post there. A name that it does not know is asked for
/// again; an id is taken, since the bot may be invited later.
async fn the_channel(
    mut named: Option<String>,
    known: &Known<'_>,
    can_ask: bool,
    person: &mut impl Person,
) -> anyhow::Result<Option<String>> {
    let question = match known.slack {
        Some(_) => "Slack channel, by its name or its id, or Enter for mail alone:",
        None => "Id of the Slack channel, C…, at the end of its details, or Enter for mail alone:",
    };
    loop {
        let name = match named.take() {
            Some(name) => name,
            None if can_ask => person.answer(question)?,
            None => String::new(),
        };
        let is_id = (SLACK.conversation.is)(&name);
        let problem = match &known.slack {
            _ if name.is_empty() => return Ok(None),
            None if is_id => return Ok(Some(name)),
            None => format!("Slack cannot be asked here for its name, and it is not {}.", SLACK.conversation.looks),
            Some((slack, _)) => match channel(slack, &name, person).await? {
                Channel::Found(id) => return Ok(Some(id)),
                Channel::Refused(word) => refusal(&word),
            },
        };
        if !is_id && !can_ask {
            bail!("--channel {name}: {problem}");
        }
        person.told(&problem)?;
        if is_id {
            return Ok(Some(name));
        }
    }
}

/// The id that Slack has for an address, and the name of the profile.
async fn found(
    slack: &Slack<'_>,
    email: &str,
    team: &str,
    person: &mut impl Person,
) -> anyhow::Result<(Option<String>, Option<String>)> {
    let whom = called(email);
    match look_up(slack, email, &[team.to_owned()]).await.map_err(|why| anyhow!("{whom} cannot be looked up: {why}"))? {
        Account::Found { id, name } => Ok((Some(id), name)),
        Account::Nobody => {
            person.told(&format!("{whom} is not known to Slack, and is asked by mail."))?;
            Ok((None, None))
        }
        Account::Refused(why) => {
            person.told(&format!("{whom} is not taken from Slack, since {why}, and is asked by mail."))?;
            Ok((None, None))
        }
    }
}

fn member_id(email: &str, person: &mut impl Person) -> anyhow::Result<Option<String>> {
    let question =
        format!("Member ID of {} in Slack, U…, or Enter to have a push look it up by the address:", called(email));
    loop {
        match person.answer(&question)? {
            id if id.is_empty() => return Ok(None),
            id if (SLACK.user.is)(&id) => return Ok(Some(id)),
            _ => person.told(&format!("That is not {}.", SLACK.user.looks))?,
        }
    }
}

fn id(question: &str, is: fn(&str) -> bool, person: &mut impl Person) -> anyhow::Result<String> {
    loop {
        match person.answer(question)? {
            id if is(&id) => return Ok(id),
            _ => person.told("That is no such id.")?,
        }
    }
}

/// An entry whose key and name nobody has yet.
fn entry(email: String, slack: Option<String>, name: Option<String>, others: &[Entry]) -> Entry {
    let local = email.split('@').next().unwrap_or_default();
    let letters: String =
        local.chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }).collect();
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).collect();
    let base: String = words.join("-").chars().take(KEY_MAX).collect();
    let base = base.trim_end_matches('-').to_owned();
    let base = if base.is_empty() { "person".to_owned() } else { base };
    let taken: BTreeSet<&str> = others.iter().map(|other| other.key.as_str()).collect();
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let key = std::iter::once(base.clone()).chain(numbered).find(|key| !taken.contains(key.as_str())).unwrap_or(base);
    let name = name.map_or_else(|| called(&email), |name| shown(&name));
    let is_taken = others.iter().any(|other| other.name.eq_ignore_ascii_case(&name));
    let name = if is_taken { format!("{name} ({key})") } else { name };
    Entry { key, name, slack, email }
}

/// What somebody is called of whom only the address is known: `ada.lovelace@example.com` is Ada Lovelace.
fn called(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let words = local.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    let name: String = words.map(capital).collect::<Vec<_>>().join(" ").chars().take(NAME_MAX).collect();
    if name.is_empty() { "Somebody".to_owned() } else { name }
}

/// The name of a profile, as a name of the policy may be.
fn shown(name: &str) -> String {
    name.replace("=?", "= ?").chars().take(NAME_MAX).collect()
}
