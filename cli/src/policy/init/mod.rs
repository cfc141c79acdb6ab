//! `countersign policy init`: a first policy that can be read, for people who are named by their addresses.

mod asking;
mod draw_up;

#[cfg(test)]
mod tests;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use countersign_bot::approval::policy_file;
use jiff::Timestamp;
use serde_json::json;

use self::asking::{Known, Wanted, ask};
use self::draw_up::{First, draw_up};
use super::Init;
use super::versions::Versions;
use crate::aws::Aws;
use crate::deployment::TeamsService;
use crate::ending::Ending;
use crate::output::counted;
use crate::patience::waiting;
use crate::person::AtTerminal;

impl Init {
    /// Asks for what the command does not say, and writes the file.
    pub(super) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let Self { file, stack, login, emails, channel, slack_team, self_approval, yes, force, addresses, format } =
            self;
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
        // Before the secrets are there, Slack cannot be asked, and that is no mistake.
        let directory = match &versions {
            Some(versions) => Some(versions.directory((addresses, TeamsService::default()), clock).await?),
            None => None,
        };
        let slack = match directory.as_ref().and_then(|directory| directory.slack()) {
            Some(slack) => {
                let identity =
                    slack.identity().await.map_err(|why| anyhow!("Slack cannot be asked: auth.test: {why}"))?;
                Some((slack, identity))
            }
            None => None,
        };
        let known = Known {
            slack,
            sends_mail: versions.as_ref().is_none_or(Versions::sends_mail),
            has_calculation: versions.as_ref().is_none_or(|versions| versions.may_start("calculation")),
        };
        let can_ask = !yes && AtTerminal::is_there();
        let wanted = Wanted { emails, channel, team: slack_team, self_approval, can_ask };
        let first = ask(wanted, &known, &mut AtTerminal { agrees: yes }).await?;
        let text = draw_up(&first);
        policy_file::read(&text).map_err(|problems| anyhow!("no policy can be made of this:\n{problems}"))?;
        write(&file, &text, force)?;
        format.print(told(&file, &first, stack.as_deref()), &as_json(&file, &first))?;
        Ok(Ending::Well)
    }
}

/// Writes the file, and nothing over another one unless that is wanted.
fn write(file: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).create_new(!force);
    let written = options.open(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => anyhow!("somebody else has just made it"),
            _ => error.into(),
        })
        .with_context(|| format!("{} cannot be written", file.display()))
}

fn told(file: &Path, first: &First, stack: Option<&str>) -> String {
    let (file, people) = (file.display(), counted(first.people.len(), "person", "people"));
    let approver = first.people.first().map(|person| person.name.as_str()).unwrap_or_default();
    let invited = match &first.channel {
        Some(channel) => format!("Say `/invite @Countersign` in the channel {channel}.\n"),
        None => String::new(),
    };
    let look_up = if first.lacks_ids() { " --look-up-people" } else { "" };
    let stack = stack.unwrap_or("countersign");
    format!(
        "{file} is written: {people}, of whom {approver} may approve. Read it, and change what you like.\n{invited}Put it \
         in force with `countersign policy push {file} --stack {stack}{look_up}`."
    )
}

fn as_json(file: &Path, first: &First) -> serde_json::Value {
    let people = first.people.iter();
    let people = people.map(|person| json!({ "person": person.key, "name": person.name, "slack": person.slack }));
    json!({
        "ok": true, "file": file.display().to_string(), "people": people.collect::<Vec<_>>(),
        "slackTeam": first.team, "slackChannel": first.channel, "selfApproval": first.self_approval,
    })
}
