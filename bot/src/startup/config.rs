//! What every run of the bot is told: the platforms, the addresses, and what commands may start.

use std::collections::{BTreeMap, BTreeSet};

use crate::approval::accounts::is_external_id;
use crate::approval::ids::Origin;
use crate::links::Links;
use crate::platforms::email::config::{self as email, MailConfig};
use crate::platforms::slack::config::{self as slack, SlackConfig};
use crate::platforms::teams::config::{self as teams, TeamsConfig};
use crate::ports::SecretValues;
use crate::reader::{Problems, Reader};

/// What the environment says, found right.
#[derive(Debug, Clone)]
pub struct Config {
    /// Slack, when any of its secrets is set.
    pub slack: Option<SlackConfig>,
    /// Teams, when any of its secrets is set.
    pub teams: Option<TeamsConfig>,
    /// Mail, when the sender or the link key is set.
    pub mail: Option<MailConfig>,
    /// The addresses that messages point to.
    pub links: Links,
    /// The state machines that chat commands may start, by name.
    pub state_machines: BTreeMap<String, String>,
    /// The accounts and regions whose executions may ask for approvals; those of other accounts are in the policy.
    pub origins: Vec<Origin>,
    /// What the roles of other accounts want to be told.
    pub external_id: Option<String>,
}

impl Config {
    /// Reads the configuration from a lookup, so that tests and the local run go the same way.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut reader = reader(lookup, None);
        let config = Self::read(&mut reader);
        reader.finish(config)
    }

    /// The names of the state machines that chat commands may start, as far as they can be read.
    pub fn names_of_state_machines(lookup: impl Fn(&str) -> Option<String>) -> BTreeSet<String> {
        state_machines(&mut reader(lookup, None)).into_keys().collect()
    }

    /// The configuration, or nothing if there is a problem that keeps it from being made.
    pub(super) fn read<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> Option<Self> {
        let slack = SlackConfig::read(reader);
        let teams = TeamsConfig::read(reader);
        let mail = MailConfig::read(reader);
        let links = links(reader);
        let state_machines = state_machines(reader);
        let origins = origins(reader);
        let external_id = external_id(reader);
        Some(Self { slack, teams, mail, links: links?, state_machines, origins, external_id })
    }
}

/// A reader that knows what the secret may hold for each platform.
pub(super) fn reader<L: Fn(&str) -> Option<String>>(lookup: L, secret: Option<&SecretValues>) -> Reader<'_, L> {
    let known = [&slack::SECRET_KEYS[..], &teams::SECRET_KEYS, &email::SECRET_KEYS].concat();
    Reader::new(lookup, secret, &known)
}

fn links<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> Option<Links> {
    let public_url = reader.required("COUNTERSIGN_PUBLIC_URL", "links in mail and messages start with it");
    let public_url = public_url.and_then(|url| reader.url("COUNTERSIGN_PUBLIC_URL", url));
    let execution_url = reader.optional("COUNTERSIGN_EXECUTION_URL");
    let execution_url = execution_url.and_then(|url| reader.url("COUNTERSIGN_EXECUTION_URL", url));
    Some(Links { public_url: public_url?, execution_url })
}

fn state_machines<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> BTreeMap<String, String> {
    let text = reader.optional("COUNTERSIGN_STATE_MACHINES").unwrap_or_default();
    let mut machines = BTreeMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some((name, arn)) if !name.is_empty() && arn.starts_with("arn:") => {
                if machines.insert(name.to_owned(), arn.to_owned()).is_some() {
                    reader.complain(format!("COUNTERSIGN_STATE_MACHINES has `{name}` more than once"));
                }
            }
            _ => reader.complain(format!("COUNTERSIGN_STATE_MACHINES: `{pair}` is not name=arn")),
        }
    }
    machines
}

fn origins<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> Vec<Origin> {
    let text = reader.optional("COUNTERSIGN_EXECUTIONS_FROM").unwrap_or_default();
    let mut origins = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match Origin::parse(part) {
            Ok(origin) => origins.push(origin),
            Err(error) => reader.complain(format!("COUNTERSIGN_EXECUTIONS_FROM: `{part}`: {error}")),
        }
    }
    origins
}

fn external_id<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> Option<String> {
    let text = reader.optional("COUNTERSIGN_EXTERNAL_ID")?;
    if !is_external_id(&text) {
        let problem = "COUNTERSIGN_EXTERNAL_ID is no external id of 2 to 1224 letters, digits and +=,.@:/-_";
        reader.complain(problem.to_owned());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::Problems;

    fn read(values: &[(&str, &str)]) -> Result<Config, Problems> {
        Config::from_lookup(|name| {
            let found = values.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn all_problems_come_in_one_error() {
        let problems = read(&[
            ("COUNTERSIGN_SLACK_SIGNING_SECRET", ""),
            ("COUNTERSIGN_MAIL_FROM", "bot@example.com"),
            ("COUNTERSIGN_SLACK_BOT_TOKEN", "xoxb-1\n"),
            ("COUNTERSIGN_PUBLIC_URL", "ftp://x"),
            ("COUNTERSIGN_STATE_MACHINES", "calculation,a=arn:1,a=arn:2"),
            ("COUNTERSIGN_EXECUTIONS_FROM", "arn:aws:states:eu-west-1:123456789012, 123456789012"),
            ("COUNTERSIGN_EXTERNAL_ID", "not one"),
        ])
        .unwrap_err();
        assert_eq!(
            problems.0,
            [
                "COUNTERSIGN_SLACK_SIGNING_SECRET is set and empty",
                "COUNTERSIGN_SLACK_BOT_TOKEN begins or ends with white space",
                "COUNTERSIGN_LINK_KEY is missing: links in mail cannot be signed without it",
                "COUNTERSIGN_PUBLIC_URL is no https address (http only for this machine)",
                "COUNTERSIGN_STATE_MACHINES: `calculation` is not name=arn",
                "COUNTERSIGN_STATE_MACHINES has `a` more than once",
                "COUNTERSIGN_EXECUTIONS_FROM: `123456789012`: the Step Functions of an account are \
                 arn:aws:states:REGION:ACCOUNT",
                "COUNTERSIGN_EXTERNAL_ID is no external id of 2 to 1224 letters, digits and +=,.@:/-_",
            ]
        );
    }

    #[test]
    fn a_platform_without_configuration_is_off() {
        let config = read(&[("COUNTERSIGN_PUBLIC_URL", "https://bot.example.com/")]).unwrap();
        assert!(config.slack.is_none() && config.mail.is_none());
        assert_eq!(config.links.public_url, "https://bot.example.com");
    }

    #[test]
    fn secrets_do_not_print() {
        let config = read(&[
            ("COUNTERSIGN_PUBLIC_URL", "https://bot.example.com"),
            ("COUNTERSIGN_SLACK_SIGNING_SECRET", "hidden-1"),
            ("COUNTERSIGN_SLACK_BOT_TOKEN", "hidden-2"),
            ("COUNTERSIGN_MAIL_FROM", "bot@example.com"),
            ("COUNTERSIGN_LINK_KEY", "hidden-3-hidden-3-hidden-3-hidden-3"),
        ]);
        let printed = format!("{config:?}");
        assert!(printed.starts_with("Ok") && !printed.contains("hidden"), "{printed}");
    }
}
