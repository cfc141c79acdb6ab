//! `countersign policy push` and `rollback`: what is put in force, by whoever agrees to it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::draft::Draft;
use super::look_up::{LookedUp, look_up};
use super::versions::Versions;
use super::written::Pushed;
use super::{Push, Rollback, read};
use crate::directory::Directory;
use crate::ending::Ending;
use crate::file;
use crate::patience::waiting;
use crate::person::{AtTerminal, Person};

/// What a push is to do.
pub(super) struct Order {
    pub(super) file: PathBuf,
    /// Whether people are looked up without anybody being asked about it.
    pub(super) look_up: bool,
    /// Whether what is found is put into the file without anybody being asked about it.
    pub(super) save: bool,
    /// Whether somebody can be asked.
    pub(super) can_ask: bool,
}

/// What became of it.
pub(super) struct Outcome {
    pub(super) pushed: Pushed,
    pub(super) looked_up: Option<LookedUp>,
    /// Whether the file has the ids now, or why it could not get them.
    pub(super) saved: anyhow::Result<bool>,
}

impl Push {
    /// Pushes the file.
    pub(super) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let Self { file, look_up_people, save, how, addresses, service } = self;
        let mut person = AtTerminal { agrees: how.yes };
        let can_ask = !how.yes && AtTerminal::is_there();
        let order = Order { file, look_up: look_up_people, save, can_ask };
        // A file that cannot be read is said before anybody logs in.
        read(&order.file)?;
        let versions = Versions::of(how.deployment).await?;
        let directory = async || versions.directory((addresses, service), clock).await;
        let Outcome { pushed, looked_up, saved } = push(&order, &versions, directory, clock(), &mut person).await?;
        let mut json = pushed.json();
        if let Some(looked_up) = looked_up {
            json["lookedUp"] = looked_up.json();
            json["saved"] = saved.as_ref().is_ok_and(|saved| *saved).into();
        }
        how.format.print(pushed.text(), &json)?;
        saved?;
        Ok(Ending::well_if(pushed.is_well()))
    }
}

impl Rollback {
    /// Pushes the text of an earlier version.
    pub(super) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let mut person = AtTerminal { agrees: self.how.yes };
        let can_ask = !self.how.yes && AtTerminal::is_there();
        let versions = Versions::of(self.how.deployment).await?;
        let text = versions.version(self.version).await?.text;
        let pushed = versions.push(text, clock(), async |what| confirmed(&what, can_ask, &mut person)).await?;
        self.how.format.print(pushed.text(), &pushed.json())?;
        Ok(Ending::well_if(pushed.is_well()))
    }
}

/// Pushes a file, with the ids of those in it who are looked up.
pub(super) async fn push(
    order: &Order,
    versions: &Versions,
    directory: impl AsyncFnOnce() -> anyhow::Result<Directory>,
    now: Timestamp,
    person: &mut impl Person,
) -> anyhow::Result<Outcome> {
    let written = read(&order.file)?;
    let looked_up = match draft(&written, order, person)? {
        Some(draft) => {
            let directory = directory().await?;
            let looked_up = waiting("Looking people up".to_owned(), look_up(draft, &directory)).await?;
            person.told(&looked_up.text())?;
            Some(looked_up)
        }
        None => None,
    };
    let text = looked_up.as_ref().map_or(&written, |looked_up| &looked_up.text).clone();
    let pushed = versions.push(text, now, async |what| confirmed(&what, order.can_ask, person)).await?;
    let saved = match looked_up.as_ref().filter(|looked_up| pushed.is_well() && looked_up.has_found()) {
        Some(looked_up) => save(order, &written, &looked_up.text, person),
        None => Ok(false),
    };
    Ok(Outcome { pushed, looked_up, saved })
}

/// The file in which people are to be looked up; none where nobody is, or where that is not wanted.
fn draft(written: &str, order: &Order, person: &mut impl Person) -> anyhow::Result<Option<Draft>> {
    let Some(draft) = Draft::read(written) else { return Ok(None) };
    let gaps = draft.gaps();
    if gaps.is_empty() {
        if order.look_up {
            person.told(
                "Nobody has to be looked up: whoever has an address has an id for each chat that a policy uses.",
            )?;
        }
        return Ok(None);
    }
    let lacking: Vec<String> =
        gaps.iter().map(|gap| format!("{} ({}) in {}", gap.name, gap.person, gap.chat.platform.name())).collect();
    let lacking = format!("These have an address and no id: {}.", lacking.join(", "));
    let is_wanted = match (order.look_up, order.can_ask) {
        (true, _) => true,
        (false, true) => person.agrees(&format!("{lacking}\nLook them up by their addresses?"))?,
        (false, false) => {
            person.told(&format!("{lacking} --look-up-people looks them up."))?;
            false
        }
    };
    Ok(is_wanted.then_some(draft))
}

/// Whether whoever sits at the terminal, or wrote the command, agrees to what is shown.
fn confirmed(what: &str, can_ask: bool, person: &mut impl Person) -> anyhow::Result<bool> {
    if can_ask {
        person.told(what)?;
    }
    let agrees = person.agrees("Put it in force?");
    agrees.context("somebody has to agree: look at the changes with `countersign policy diff`, and say --yes")
}

/// Puts the ids into the file, if that is wanted.
fn save(order: &Order, before: &str, after: &str, person: &mut impl Person) -> anyhow::Result<bool> {
    let file = order.file.display();
    let is_wanted = match (order.save, order.can_ask) {
        (true, _) => true,
        (false, true) => person.agrees(&format!("Save the ids into {file}?"))?,
        (false, false) => {
            person.told(&format!("{file} has no ids yet: --save puts them there."))?;
            false
        }
    };
    if is_wanted {
        replace(&order.file, before, after).with_context(|| format!("the ids are in force, and not in {file}"))?;
    }
    Ok(is_wanted)
}

/// Replaces the file as long as it is what was read.
fn replace(file: &Path, before: &str, after: &str) -> anyhow::Result<()> {
    if fs::read_to_string(file)? != before {
        bail!("somebody has changed it meanwhile");
    }
    Ok(file::replace(file, after)?)
}

#[cfg(test)]
mod tests;
