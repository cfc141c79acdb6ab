//! In which chats people are asked, and where: from the command, from the chats themselves, and from whoever can be asked.

use std::collections::BTreeSet;

use anyhow::{anyhow, bail};
use countersign_bot::approval::identities::{CHATS, Chat};
use countersign_bot::messages::escape::one_line;

use super::draw_up::Asks;
use crate::directory::Directory;
use crate::directory::slack::{Channel, channel, may_be_invited, refusal};
use crate::directory::teams::Roster;
use crate::patience::waiting;
use crate::person::Person;
use crate::vendors::slack::Slack;

/// What the command says of a chat.
#[derive(Default)]
pub(super) struct Named {
    /// Where cards go.
    pub(super) conversation: Option<String>,
    /// Whose members are let in.
    pub(super) place: Option<String>,
}

impl Named {
    /// Whether the chat is used at all: the command says something of it, or somebody is asked.
    fn is_wanted(&self, asks: bool) -> bool {
        self.conversation.is_some() || self.place.is_some() || asks
    }
}

/// How a chat is asked about.
pub(super) struct Questions {
    chat: &'static Chat,
    /// Where cards go: the flag that says it, and the question.
    conversation: (&'static str, &'static str),
    /// Whose members are let in: the flag that says it, and the question.
    place: (&'static str, &'static str),
    /// What the id of a person is called where they find it.
    user: &'static str,
}

pub(super) const SLACK: Questions = Questions {
    chat: &CHATS[0],
    conversation: ("--channel", "Id of the Slack channel, C…, at the end of its details, or Enter for none:"),
    place: ("--slack-team", "Id of the Slack workspace, T…:"),
    user: "Member ID in Slack, U…",
};

pub(super) const TEAMS: Questions = Questions {
    chat: &CHATS[1],
    conversation: (
        "--teams-conversation",
        "Teams conversation, as the line that the bot says there, or Enter for none:",
    ),
    place: ("--teams-tenant", "Id of the Entra tenant, a GUID:"),
    user: "Object ID in Entra, a GUID",
};

/// The Slack channel, which Slack knows by its name where the deployment has a token for it.
pub(super) async fn in_slack(
    named: Named,
    directory: Option<&Directory>,
    can_ask: bool,
    person: &mut impl Person,
) -> anyhow::Result<Option<Asks>> {
    let slack = directory.and_then(Directory::slack);
    if !named.is_wanted(can_ask && (slack.is_some() || directory.is_none())) {
        return Ok(None);
    }
    let Some(slack) = slack else { return SLACK.by_id(named, can_ask, person) };
    let Some((conversation, is_there)) = the_channel(&slack, named.conversation, can_ask, person).await? else {
        return Ok(None);
    };
    let place = match named.place {
        Some(place) => place,
        None => slack.identity().await.map_err(|why| anyhow!("Slack cannot be asked: auth.test: {why}"))?.team,
    };
    let place = SLACK.place(Some(place), can_ask, person)?;
    Ok(Some(Asks { chat: SLACK.chat, place, conversation, is_there }))
}

/// The id of the channel, and whether the bot may post there. What Slack refuses is asked for again; an id is taken if the
/// bot is all that is missing there, since it may be invited later.
async fn the_channel(
    slack: &Slack<'_>,
    mut named: Option<String>,
    can_ask: bool,
    person: &mut impl Person,
) -> anyhow::Result<Option<(String, bool)>> {
    loop {
        let name = match named.take() {
            Some(name) => name,
            None => SLACK.asked("Slack channel, by its name or its id, or Enter for none:", can_ask, person)?,
        };
        if name.is_empty() {
            return Ok(None);
        }
        let id = id_in(&name, SLACK.chat);
        match channel(slack, id.unwrap_or(&name), person).await? {
            Channel::Found(id) => return Ok(Some((id, true))),
            Channel::Refused(word) => {
                let problem = refusal(&word);
                if let Some(id) = id.filter(|_| may_be_invited(&word)) {
                    person.told(&problem)?;
                    return Ok(Some((id.to_owned(), false)));
                }
                wrong(SLACK.conversation.0, &problem, can_ask, person)?;
            }
        }
    }
}

/// The Teams conversation, whose tenant is that of the deployment's app, where it has one.
pub(super) fn in_teams(
    named: Named,
    directory: Option<&Directory>,
    can_ask: bool,
    person: &mut impl Person,
) -> anyhow::Result<Option<Asks>> {
    let app = directory.and_then(Directory::teams_app);
    if !named.is_wanted(can_ask && (app.is_some() || directory.is_none())) {
        return Ok(None);
    }
    let place = named.place.or(app.map(|app| app.tenant));
    TEAMS.by_id(Named { place, ..named }, can_ask, person)
}

/// Who is in the Teams conversation; nothing where that cannot be asked. The app may be added there later, so that is no
/// more than a warning.
pub(super) async fn roster(
    asks: &mut Asks,
    directory: &Directory,
    person: &mut impl Person,
) -> anyhow::Result<Option<Roster>> {
    if directory.teams_app().is_none() {
        return Ok(None);
    }
    let conversations = BTreeSet::from([asks.conversation.clone()]);
    match waiting("Looking who is in Teams".to_owned(), directory.roster(&conversations)).await {
        Ok(roster) => {
            asks.is_there = true;
            Ok(Some(roster))
        }
        Err(why) => {
            person.told(&format!("Those in Teams are left to a push: {why:#}."))?;
            Ok(None)
        }
    }
}

impl Questions {
    /// Where people are asked, by ids that the chat itself is not asked for.
    fn by_id(&self, named: Named, can_ask: bool, person: &mut impl Person) -> anyhow::Result<Option<Asks>> {
        let Some(conversation) = self.conversation(named.conversation, can_ask, person)? else { return Ok(None) };
        let place = self.place(named.place, can_ask, person)?;
        Ok(Some(Asks { chat: self.chat, place, conversation, is_there: false }))
    }

    fn conversation(
        &self,
        mut named: Option<String>,
        can_ask: bool,
        person: &mut impl Person,
    ) -> anyhow::Result<Option<String>> {
        let (flag, question) = self.conversation;
        loop {
            let text = match named.take() {
                Some(text) => text,
                None => self.asked(question, can_ask, person)?,
            };
            match id_in(&text, self.chat) {
                _ if text.is_empty() => return Ok(None),
                Some(id) => return Ok(Some(id.to_owned())),
                None => {
                    let looks = self.chat.conversation.looks;
                    wrong(
                        flag,
                        &format!("That is not {looks}, by which alone it can be named here."),
                        can_ask,
                        person,
                    )?;
                }
            }
        }
    }

    /// What somebody answers who is asked for the conversation.
    fn asked(&self, question: &str, can_ask: bool, person: &mut impl Person) -> anyhow::Result<String> {
        if !can_ask {
            bail!("{} without {}: say where cards go as well", self.place.0, self.conversation.0);
        }
        person.answer(question)
    }

    fn place(&self, mut named: Option<String>, can_ask: bool, person: &mut impl Person) -> anyhow::Result<String> {
        let ((flag, question), kind) = (self.place, &self.chat.place);
        loop {
            let text = match named.take() {
                Some(text) => text,
                None if can_ask => person.answer(question)?,
                None => bail!("say with {flag} whose members are let in: {}", kind.looks),
            };
            if (kind.is)(&text) {
                return Ok(self.chat.normal(&text));
            }
            wrong(flag, &format!("`{}` is not {}.", one_line(&text), kind.looks), can_ask, person)?;
        }
    }

    /// The id of somebody in the chat, if whoever is asked knows it.
    pub(super) fn user(&self, whom: &str, person: &mut impl Person) -> anyhow::Result<Option<String>> {
        let kind = &self.chat.user;
        let question = format!("{whom}'s {}, or Enter to have a push look it up by the address:", self.user);
        loop {
            match person.answer(&question)? {
                id if id.is_empty() => return Ok(None),
                id if (kind.is)(&id) => return Ok(Some(self.chat.normal(&id))),
                _ => person.told(&format!("That is not {}.", kind.looks))?,
            }
        }
    }
}

/// The id of a conversation in what somebody gives: the id itself, or a whole line of the policy, which is how the bot and
/// `countersign slack` tell it. Words around it are none of the two, and some of them look like ids.
fn id_in<'a>(text: &'a str, chat: &Chat) -> Option<&'a str> {
    let value = match text.split_once('=') {
        Some((key, value)) if key.trim() == chat.conversation.key => value.trim().trim_matches('"'),
        _ => text.trim(),
    };
    (chat.conversation.is)(value).then_some(value)
}

/// Tells whoever can be asked again what is wrong; nobody else can do anything but give another command.
fn wrong(flag: &str, problem: &str, can_ask: bool, person: &mut impl Person) -> anyhow::Result<()> {
    if !can_ask {
        bail!("{flag}: {problem}");
    }
    person.told(problem)
}
