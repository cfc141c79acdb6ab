//! What the secrets hold, since when, and which rotation is half done. No value is looked at but by those who compare.

use std::fmt::Write as _;

use countersign_bot::messages::escape::one_line;
use countersign_bot::platforms::{email, slack, teams};
use countersign_bot::ports::SecretValues;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::kept::{Kept, problems};
use super::plan::{self, Shared};
use super::rotate::{next, stays};
use super::{Links, Rotated, Status};
use crate::aws::secret::Version;
use crate::ending::Ending;

/// What the secret of the reference workflow may hold.
const DOUBLE_KEYS: [&str; 2] = ["key", "key_previous"];

/// What is said of one secret.
pub(super) struct Shown {
    title: &'static str,
    id: String,
    since: Timestamp,
    /// Each name that a secret may have, and whether this one does.
    values: Vec<(String, bool)>,
    /// What else it has.
    unknown: Vec<String>,
    /// What the functions would refuse it for.
    problems: Vec<String>,
    half_done: Vec<HalfDone>,
}

/// A rotation that waits for its next step.
struct HalfDone {
    name: &'static str,
    what: &'static str,
    command: String,
    /// When that is due; none if the functions have to be asked for it.
    due: Option<Timestamp>,
}

impl Status {
    /// Prints it.
    pub(super) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let Links { longest } = self.links;
        let shown = status(&Kept::of(self.deployment).await?, longest).await?;
        let now = clock();
        let text: Vec<String> = shown.iter().map(|shown| shown.text(now)).collect();
        let is_well = shown.iter().all(|shown| shown.problems.is_empty());
        let secrets: Vec<Value> = shown.iter().map(|shown| shown.json(now)).collect();
        self.format.print(text.join("\n\n"), &json!({ "ok": is_well, "secrets": secrets }))?;
        Ok(Ending::well_if(is_well))
    }
}

/// Looks at both secrets.
pub(super) async fn status(kept: &Kept, longest: SignedDuration) -> anyhow::Result<Vec<Shown>> {
    let read = kept.bot.current().await?;
    let bot = [&slack::config::SECRET_KEYS[..], &teams::config::SECRET_KEYS, &email::config::SECRET_KEYS].concat();
    let has_previous = |name: &Rotated| read.values.contains_key(&plan::previous(name.key()));
    let half_done = [Rotated::SlackSigningSecret, Rotated::LinkKey].into_iter().filter(has_previous);
    let half_done = half_done.map(|name| HalfDone {
        name: name.key(),
        what: "the old one is still valid beside the new one",
        command: next(name, &kept.name, longest),
        due: Some(plan::after(read.since, stays(name, longest))),
    });
    let half_done = half_done.collect();
    let problems = problems(&read.values);
    let mut shown = vec![Shown::new("the bot's secret", &kept.bot.id, &read, &bot, problems, half_done)];
    if let Some(secret) = kept.double() {
        let (read, before) = (secret.current().await?, secret.previous().await?);
        let what = match plan::shared(&read.values, before.as_ref().map(|before| &before.values)) {
            Shared::Whole => None,
            Shared::Known => Some("the new one is known to those who check, and not used yet"),
            Shared::InUse => Some("the new one is in use, and the old one still valid"),
            Shared::Unclear => Some("there are two, and it cannot be told which is the new one"),
        };
        let command = next(Rotated::Key, &kept.name, longest);
        let half_done = what.map(|what| HalfDone { name: Rotated::Key.key(), what, command, due: None });
        let problems = double_problems(&read.values);
        let title = "the secret of the reference workflow";
        shown.push(Shown::new(title, &secret.id, &read, &DOUBLE_KEYS, problems, half_done.into_iter().collect()));
    }
    Ok(shown)
}

fn double_problems(values: &SecretValues) -> Vec<String> {
    if values.contains_key("key") { Vec::new() } else { vec!["it has no key: every calculation fails".to_owned()] }
}

impl Shown {
    fn new(
        title: &'static str,
        id: &str,
        read: &Version,
        known: &[&str],
        problems: Vec<String>,
        half_done: Vec<HalfDone>,
    ) -> Self {
        let is_known = |name: &&String| known.contains(&name.as_str());
        Self {
            title,
            id: id.to_owned(),
            since: read.since,
            values: known.iter().map(|name| ((*name).to_owned(), read.values.contains_key(*name))).collect(),
            unknown: read.values.keys().filter(|name| !is_known(name)).map(|name| one_line(name)).collect(),
            problems: problems.iter().map(|problem| one_line(problem)).collect(),
            half_done,
        }
    }

    /// A line for each name, and what is to be done.
    pub(super) fn text(&self, now: Timestamp) -> String {
        let mut text = format!("{} ({}), as it is since {:.0}", self.title, self.id, self.since);
        let unknown = self.unknown.iter().map(|name| (name, "there, and unknown to this version"));
        let known = self.values.iter().map(|(name, is_there)| (name, if *is_there { "there" } else { "-" }));
        for (name, said) in known.chain(unknown) {
            // Writing to a text does not fail.
            let _ = write!(text, "\n  {name:<30} {said}");
        }
        for HalfDone { name, what, command, due } in &self.half_done {
            let when = due.filter(|due| now < *due).map(|due| format!(", from {due:.0} on")).unwrap_or_default();
            let _ = write!(text, "\n  The rotation of {name} is half done: {what}. Next{when}: {command}");
        }
        for problem in &self.problems {
            let _ = write!(text, "\n  The functions refuse it: {problem}");
        }
        text
    }

    /// The same for scripts.
    pub(super) fn json(&self, now: Timestamp) -> Value {
        let values: Value = self.values.iter().map(|(name, is_there)| (name.clone(), json!(is_there))).collect();
        let half_done = self.half_done.iter().map(|HalfDone { name, what, command, due }| {
            json!({
                "name": name, "text": what, "command": command, "from": due.map(|due| format!("{due:.0}")),
                "isDue": due.is_none_or(|due| now >= due),
            })
        });
        json!({
            "id": self.id,
            "since": format!("{:.0}", self.since),
            "values": values,
            "unknown": self.unknown,
            "rotations": half_done.collect::<Vec<_>>(),
            "problems": self.problems,
        })
    }
}
