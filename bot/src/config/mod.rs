//! The configuration: read from the environment in this one place, with all problems in one error.

mod deployed;
mod teams;

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::app::Links;
use crate::approval::policy::is_address;
use crate::inbound::email::link::LinkKeys;
use crate::ports::SecretValues;
use crate::signature::{SigningKey, Verifier};
use crate::slack;

pub use deployed::Deployed;
pub use teams::TeamsConfig;

/// The address of Slack's Web API.
const SLACK_API_URL: &str = "https://slack.com/api";

/// Every mail carries a code made with this key, so it must be too long to be guessed from one.
const LINK_KEY_MIN: usize = 32;

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
}

/// What Slack needs.
#[derive(Debug, Clone)]
pub struct SlackConfig {
    signing_secret: SigningKey,
    previous_signing_secret: Option<SigningKey>,
    bot_token: SecretString,
    api_url: String,
}

/// What mail needs.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The sender's address, which SES must have verified.
    pub from: String,
    /// The SES configuration set that mails are sent with, if any.
    pub configuration_set: Option<String>,
    /// Sign and check the links.
    pub keys: LinkKeys,
}

/// Everything that is wrong with the configuration, a line each. `Debug` prints the same, because that is what is
/// seen of an error that `main` returns.
#[derive(Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl SlackConfig {
    /// Checks that requests are from Slack.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(self.signing_secret.clone(), self.previous_signing_secret.clone())
    }

    /// Calls Slack's Web API.
    pub fn client(&self) -> std::io::Result<slack::Client> {
        slack::Client::new(&self.api_url, &self.bot_token)
    }
}

impl Config {
    /// Reads the configuration from a lookup, so that tests and the local run go the same way.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut reader = Reader::new(lookup, None);
        let config = reader.config();
        reader.finish(config)
    }
}

/// Reads a variable of the process environment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

struct Reader<'a, L> {
    lookup: L,
    secret: Option<&'a SecretValues>,
    problems: Vec<String>,
}

/// The keys that a secret may have; `slack_bot_token` stands for `COUNTERSIGN_SLACK_BOT_TOKEN`, and so on.
const SECRET_KEYS: [&str; 8] = [
    "slack_signing_secret",
    "slack_signing_secret_previous",
    "slack_bot_token",
    "teams_app_id",
    "teams_app_password",
    "teams_tenant",
    "link_key",
    "link_key_previous",
];

fn variable(secret_key: &str) -> String {
    format!("COUNTERSIGN_{}", secret_key.to_ascii_uppercase())
}

impl<'a, L: Fn(&str) -> Option<String>> Reader<'a, L> {
    fn new(lookup: L, secret: Option<&'a SecretValues>) -> Self {
        let mut reader = Self { lookup, secret, problems: Vec::new() };
        for key in secret.into_iter().flat_map(BTreeMap::keys) {
            if !SECRET_KEYS.contains(&key.as_str()) {
                reader.problems.push(format!("the secret has a key that is not known: {key}"));
            } else if (reader.lookup)(&variable(key)).is_some() {
                reader.problems.push(format!("{} is set, and in the secret as {key} as well", variable(key)));
            }
        }
        reader
    }

    /// The configuration, or nothing if there is a problem that keeps it from being made.
    fn config(&mut self) -> Option<Config> {
        let slack = self.slack();
        let teams = self.teams();
        let mail = self.mail();
        let links = self.links();
        let state_machines = self.state_machines();
        Some(Config { slack, teams, mail, links: links?, state_machines })
    }

    /// What was read, if there is no problem with any of it.
    fn finish<T>(self, read: Option<T>) -> Result<T, Problems> {
        match read {
            Some(read) if self.problems.is_empty() => Ok(read),
            _ => Err(Problems(self.problems)),
        }
    }

    /// A value of the environment or of the secret.
    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).or_else(|| {
            let mut entries = self.secret?.iter();
            entries.find(|(key, _)| variable(key) == name).map(|(_, value)| value.expose_secret().to_owned())
        })
    }

    /// A value that is set; set to nothing is a mistake that would otherwise turn a platform off unnoticed.
    fn optional(&mut self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        if value.trim().is_empty() {
            self.problems.push(format!("{name} is set and empty"));
            return None;
        }
        if value.trim() != value {
            self.problems.push(format!("{name} begins or ends with white space"));
        }
        Some(value)
    }

    fn required(&mut self, name: &str, why: &str) -> Option<String> {
        let value = self.optional(name);
        if value.is_none() && self.value(name).is_none() {
            self.problems.push(format!("{name} is missing: {why}"));
        }
        value
    }

    fn is_set(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.value(name).is_some())
    }

    fn url(&mut self, name: &str, value: String) -> Option<String> {
        match Url::parse(&value) {
            Ok(url) if is_safe(&url) => Some(value.trim_end_matches('/').to_owned()),
            _ => {
                self.problems.push(format!("{name} is no https address (http only for this machine)"));
                None
            }
        }
    }

    fn slack(&mut self) -> Option<SlackConfig> {
        const SECRET: &str = "COUNTERSIGN_SLACK_SIGNING_SECRET";
        const TOKEN: &str = "COUNTERSIGN_SLACK_BOT_TOKEN";
        if !self.is_set(&[SECRET, TOKEN]) {
            return None;
        }
        let signing_secret = self.required(SECRET, "requests from Slack cannot be verified without it");
        let bot_token = self.required(TOKEN, "Slack's Web API cannot be called without it");
        let previous = self.optional("COUNTERSIGN_SLACK_SIGNING_SECRET_PREVIOUS");
        let api_url = match self.optional("COUNTERSIGN_SLACK_API_URL") {
            Some(url) => self.url("COUNTERSIGN_SLACK_API_URL", url)?,
            None => SLACK_API_URL.to_owned(),
        };
        Some(SlackConfig {
            signing_secret: SigningKey::new(signing_secret?.into())?,
            previous_signing_secret: previous.and_then(|secret| SigningKey::new(secret.into())),
            bot_token: bot_token?.into(),
            api_url,
        })
    }

    fn mail(&mut self) -> Option<MailConfig> {
        const FROM: &str = "COUNTERSIGN_MAIL_FROM";
        const KEY: &str = "COUNTERSIGN_LINK_KEY";
        // A secret holds a link key from the beginning, so in there it is no sign that mail is wanted.
        if (self.lookup)(FROM).is_none() && (self.lookup)(KEY).is_none() {
            return None;
        }
        let from = self.required(FROM, "mail needs a sender");
        if from.as_deref().is_some_and(|from| !is_address(from)) {
            self.problems.push(format!("{FROM} is no plain address such as bot@example.com"));
        }
        let key = self.required(KEY, "links in mail cannot be signed without it");
        if key.as_ref().is_some_and(|key| key.len() < LINK_KEY_MIN) {
            self.problems
                .push(format!("{KEY} is shorter than {LINK_KEY_MIN} characters, so it could be found by search"));
        }
        let previous = self.optional("COUNTERSIGN_LINK_KEY_PREVIOUS");
        let previous = previous.and_then(|key| SigningKey::new(key.into()));
        let configuration_set = self.optional("COUNTERSIGN_MAIL_CONFIGURATION_SET");
        Some(MailConfig {
            from: from?,
            configuration_set,
            keys: LinkKeys::new(SigningKey::new(key?.into())?, previous),
        })
    }

    fn links(&mut self) -> Option<Links> {
        let public_url = self.required("COUNTERSIGN_PUBLIC_URL", "links in mail and messages start with it");
        let public_url = public_url.and_then(|url| self.url("COUNTERSIGN_PUBLIC_URL", url));
        let execution_url = self.optional("COUNTERSIGN_EXECUTION_URL");
        let execution_url = execution_url.and_then(|url| self.url("COUNTERSIGN_EXECUTION_URL", url));
        Some(Links { public_url: public_url?, execution_url })
    }

    fn state_machines(&mut self) -> BTreeMap<String, String> {
        let text = self.optional("COUNTERSIGN_STATE_MACHINES").unwrap_or_default();
        let mut machines = BTreeMap::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some((name, arn)) if !name.is_empty() && arn.starts_with("arn:") => {
                    machines.insert(name.to_owned(), arn.to_owned());
                }
                _ => self.problems.push(format!("COUNTERSIGN_STATE_MACHINES: `{pair}` is not name=arn")),
            }
        }
        machines
    }
}

/// Tokens and link keys travel to these addresses, so beyond this machine only over TLS.
pub fn is_safe(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost" || name.ends_with(".localhost"),
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("COUNTERSIGN_STATE_MACHINES", "calculation"),
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
            ]
        );
    }

    #[test]
    fn secrets_travel_over_tls_or_on_this_machine() {
        for safe in ["https://slack.com/api", "http://127.0.0.1:8420", "http://localhost/x", "http://[::1]:1"] {
            assert!(is_safe(&Url::parse(safe).unwrap()), "{safe}");
        }
        for unsafe_url in ["http://slack.com/api", "ftp://localhost", "http://localhost.evil.example", "file:///x"] {
            assert!(!is_safe(&Url::parse(unsafe_url).unwrap()), "{unsafe_url}");
        }
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
