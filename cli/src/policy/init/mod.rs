//! `countersign policy init`: a first policy that can be read, for people who are named by their addresses.

mod asking;
mod chats;
mod draw_up;
mod people;

#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy_file;
use jiff::Timestamp;
use serde_json::json;

use self::asking::{Known, Wanted, ask};
use self::chats::Named;
use self::draw_up::{Asks, First, draw_up};
use super::Init;
use super::look_up::LookedUp;
use super::versions::Versions;
use crate::aws::Aws;
use crate::ending::Ending;
use crate::file;
use crate::output::counted;
use crate::patience::waiting;
use crate::person::AtTerminal;

impl Init {
    /// Asks for what the command does not say, and writes the file.
    pub(super) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let Self { file, stack, login, emails, self_approval, yes, force, addresses, service, format, .. } = self;
        let slack = Named { conversation: self.channel, place: self.slack_team };
        let teams = Named { conversation: self.teams_conversation, place: self.teams_tenant };
        if !force && file.exists() {
            bail!("{} is there already: name another file, or say --force", file.display());
        }
        let versions = match &stack {
            Some(stack) => {
                let aws = Aws::log_in(login).await?;
                Some(waiting(format!("Looking for {stack}"), Versions::at(aws, stack)).await?)
            }
            None => None,
        };
        let directory = match &versions {
            Some(versions) => Some(versions.directory((addresses, service), clock).await?),
            None => None,
        };
        let known = Known {
            directory: directory.as_ref(),
            sends_mail: versions.as_ref().is_none_or(Versions::sends_mail),
            has_calculation: versions.as_ref().is_none_or(|versions| versions.may_start("calculation")),
        };
        let can_ask = !yes && AtTerminal::is_there();
        let wanted = Wanted { emails, slack, teams, self_approval, can_ask };
        let first = ask(wanted, &known, &mut AtTerminal { agrees: yes }).await?;
        let text = draw_up(&first);
        policy_file::read(&text).map_err(|problems| anyhow!("no policy can be made of this:\n{problems}"))?;
        write(&file, &text, force)?;
        format.print(told(&file, &first, stack.as_deref()), &as_json(&file, &first))?;
        Ok(Ending::Well)
    }
}

/// Writes the file, and nothing over another one unless that is wanted.
fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let written = if force { file::write(path, text) } else { file::create(path, text) };
    written
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => anyhow!("somebody else has just made it"),
            _ => error.into(),
        })
        .with_context(|| format!("{} cannot be written", path.display()))
}

fn told(file: &Path, first: &First, stack: Option<&str>) -> String {
    let (file, people) = (file.display(), counted(first.people.len(), "person", "people"));
    let approver = first.people.first().map(|person| person.name.as_str()).unwrap_or_default();
    let mut lines = vec![format!(
        "{file} is written: {people}, of whom {approver} may approve. Read it, and change what you like."
    )];
    for Asks { chat, conversation, .. } in first.chats.iter().filter(|asks| !asks.is_there) {
        lines.push(match chat.platform {
            Platform::Teams => format!("Add the app to the Teams conversation {conversation}."),
            _ => format!("Say `/invite @Countersign` in the Slack channel {conversation}."),
        });
    }
    if first.chats.is_empty() {
        lines.push("People are asked by mail alone.".to_owned());
    }
    let lacking: Vec<String> =
        first.lacking().map(|(person, chat)| format!("{} {}", person.name, chat.as_place())).collect();
    let look_up = if lacking.is_empty() { "" } else { " --look-up-people" };
    if !lacking.is_empty() {
        lines.push(format!("These have no id yet, without which nobody decides in a chat: {}.", lacking.join(", ")));
    }
    let stack = stack.unwrap_or("countersign");
    lines.push(format!("Put it in force with `countersign policy push {file} --stack {stack}{look_up}`."));
    lines.join("\n")
}

fn as_json(file: &Path, first: &First) -> serde_json::Value {
    let people = first.people.iter().map(|person| {
        let id = |chat| person.ids.get(&chat);
        json!({
            "person": person.key, "name": person.name, "slack": id(Platform::Slack), "teams": id(Platform::Teams),
        })
    });
    let (slack, teams) = (first.asks(Platform::Slack), first.asks(Platform::Teams));
    json!({
        "ok": true, "file": file.display().to_string(), "people": people.collect::<Vec<_>>(),
        "slackTeam": slack.map(|asks| &asks.place), "slackChannel": slack.map(|asks| &asks.conversation),
        "slackIsThere": slack.map(|asks| asks.is_there), "teamsTenant": teams.map(|asks| &asks.place),
        "teamsConversation": teams.map(|asks| &asks.conversation), "teamsIsThere": teams.map(|asks| asks.is_there),
        "lookedUp": first.looked_up.as_ref().map(LookedUp::json),
        "selfApproval": first.self_approval,
    })
}
