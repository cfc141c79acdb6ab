//! Reads the configuration from the environment and the secret, with all problems in one error. What there is to read
//! is said by whoever needs it.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::ExposeSecret;
use url::Url;

use crate::net::http::is_safe;
use crate::ports::SecretValues;

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

/// Reads a variable of the process environment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads values and gathers what is wrong with them.
pub(crate) struct Reader<'a, L> {
    lookup: L,
    secret: Option<&'a SecretValues>,
    problems: Vec<String>,
}

/// The variable that a key of the secret stands for: `slack_bot_token` for `COUNTERSIGN_SLACK_BOT_TOKEN`, and so on.
fn variable(secret_key: &str) -> String {
    format!("COUNTERSIGN_{}", secret_key.to_ascii_uppercase())
}

impl<'a, L: Fn(&str) -> Option<String>> Reader<'a, L> {
    /// A reader of these values. A key of the secret that is not among the known ones is a problem.
    pub(crate) fn new(lookup: L, secret: Option<&'a SecretValues>, known: &[&str]) -> Self {
        let mut reader = Self { lookup, secret, problems: Vec::new() };
        for key in secret.into_iter().flat_map(BTreeMap::keys) {
            if !known.contains(&key.as_str()) {
                reader.complain(format!("the secret has a key that is not known: {key}"));
            } else if (reader.lookup)(&variable(key)).is_some() {
                reader.complain(format!("{} is set, and in the secret as {key} as well", variable(key)));
            }
        }
        reader
    }

    /// Notes something that is wrong.
    pub(crate) fn complain(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// Whether the environment itself sets any of these.
    pub(crate) fn is_in_environment(&self, names: &[&str]) -> bool {
        names.iter().any(|name| (self.lookup)(name).is_some())
    }

    /// What was read, if there is no problem with any of it.
    pub(crate) fn finish<T>(self, read: Option<T>) -> Result<T, Problems> {
        match read {
            Some(read) if self.problems.is_empty() => Ok(read),
            _ => Err(Problems(self.problems)),
        }
    }

    /// A value of the environment or of the secret.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).or_else(|| {
            let mut entries = self.secret?.iter();
            entries.find(|(key, _)| variable(key) == name).map(|(_, value)| value.expose_secret().to_owned())
        })
    }

    /// A value that is set; set to nothing is a mistake that would otherwise turn a platform off unnoticed.
    pub(crate) fn optional(&mut self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        if value.trim().is_empty() {
            self.complain(format!("{name} is set and empty"));
            return None;
        }
        if value.trim() != value {
            self.complain(format!("{name} begins or ends with white space"));
        }
        Some(value)
    }

    /// A value that is needed; `why` ends the sentence that says that it is missing.
    pub(crate) fn required(&mut self, name: &str, why: &str) -> Option<String> {
        let value = self.optional(name);
        if value.is_none() && self.value(name).is_none() {
            self.complain(format!("{name} is missing: {why}"));
        }
        value
    }

    /// Whether any of these is set, be it to nothing.
    pub(crate) fn is_set(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.value(name).is_some())
    }

    /// An address that secrets may travel to, without a slash at the end.
    pub(crate) fn url(&mut self, name: &str, value: String) -> Option<String> {
        match Url::parse(&value) {
            Ok(url) if is_safe(&url) => Some(value.trim_end_matches('/').to_owned()),
            _ => {
                self.complain(format!("{name} is no https address (http only for this machine)"));
                None
            }
        }
    }

    /// An address that secrets may travel to, or else this one.
    pub(crate) fn url_or(&mut self, name: &str, default: &str) -> Option<String> {
        match self.optional(name) {
            Some(url) => self.url(name, url),
            None => Some(default.to_owned()),
        }
    }
}
