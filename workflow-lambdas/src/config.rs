//! The configuration of the functions that have any: read from the environment, and the secret it names, in this one
//! place, with all problems in one error.

use countersign_bot::aws::secrets_manager::SecretsManager;
use countersign_bot::net::http::is_safe;
use countersign_bot::net::signature::{SigningKey, Verifier};
use countersign_bot::ports::{SecretValues, Secrets};
use countersign_bot::reader::{Problems, environment};
use http::Uri;
use secrecy::ExposeSecret;
use url::Url;

const DOUBLE_SECRET_ID: &str = "COUNTERSIGN_DOUBLE_SECRET_ID";
const DOUBLE_URL: &str = "COUNTERSIGN_DOUBLE_URL";
const DOUBLE_KEY: &str = "COUNTERSIGN_DOUBLE_KEY";
const DOUBLE_KEY_PREVIOUS: &str = "COUNTERSIGN_DOUBLE_KEY_PREVIOUS";

/// What `calculate` needs.
#[derive(Debug, Clone)]
pub struct CalculateConfig {
    /// The address of the third party's `POST /double`.
    pub double_url: Uri,
    /// Signs the calls to it.
    pub key: SigningKey,
}

/// What `double` needs.
#[derive(Debug, Clone)]
pub struct DoubleConfig {
    /// Checks the calls to it.
    pub verifier: Verifier,
}

impl CalculateConfig {
    /// Reads the configuration from a lookup, so that tests can pass one in.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let double_url = required(&lookup, DOUBLE_URL, &mut problems).and_then(|value| url(&value, &mut problems));
        let key = required(&lookup, DOUBLE_KEY, &mut problems).and_then(|value| SigningKey::new(value.into()));
        match (double_url, key) {
            (Some(double_url), Some(key)) => Ok(Self { double_url, key }),
            _ => Err(Problems(problems)),
        }
    }
}

impl DoubleConfig {
    /// Reads the configuration from a lookup, so that tests can pass one in.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let current = required(&lookup, DOUBLE_KEY, &mut problems).and_then(|value| SigningKey::new(value.into()));
        let previous = optional(&lookup, DOUBLE_KEY_PREVIOUS, &mut problems);
        let previous = previous.and_then(|value| SigningKey::new(value.into()));
        match current {
            Some(current) if problems.is_empty() => Ok(Self { verifier: Verifier::new(current, previous) }),
            _ => Err(Problems(problems)),
        }
    }
}

/// The environment, and the secret that it names: its `key` stands for `COUNTERSIGN_DOUBLE_KEY`, its `key_previous`
/// for `COUNTERSIGN_DOUBLE_KEY_PREVIOUS`. A variable wins over the secret, so that a function can be run by hand.
pub async fn settings(aws: &aws_config::SdkConfig) -> Result<impl Fn(&str) -> Option<String>, Problems> {
    let secret = match environment(DOUBLE_SECRET_ID) {
        Some(id) => SecretsManager::new(aws, id).fetch().await.map_err(|error| {
            Problems(vec![format!("the secret that {DOUBLE_SECRET_ID} names cannot be read: {error}")])
        })?,
        None => SecretValues::new(),
    };
    Ok(move |name: &str| {
        let key = match name {
            DOUBLE_KEY => "key",
            DOUBLE_KEY_PREVIOUS => "key_previous",
            _ => return environment(name),
        };
        environment(name).or_else(|| secret.get(key).map(|value| value.expose_secret().to_owned()))
    })
}

fn required(lookup: impl Fn(&str) -> Option<String>, name: &str, problems: &mut Vec<String>) -> Option<String> {
    if lookup(name).is_none() {
        problems.push(format!("{name} is missing"));
    }
    optional(lookup, name, problems)
}

/// A value that is set; set to nothing is a mistake, and an empty key would be everybody's key.
fn optional(lookup: impl Fn(&str) -> Option<String>, name: &str, problems: &mut Vec<String>) -> Option<String> {
    let value = lookup(name)?;
    if value.trim().is_empty() {
        problems.push(format!("{name} is set and empty"));
        return None;
    }
    Some(value)
}

/// The task token travels to this address, so beyond this machine only over TLS.
fn url(value: &str, problems: &mut Vec<String>) -> Option<Uri> {
    let safe = Url::parse(value).ok().filter(is_safe);
    let url = safe.and_then(|url| url.as_str().parse::<Uri>().ok());
    if url.is_none() {
        problems.push(format!("{DOUBLE_URL} is no https address (http only for this machine)"));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(values: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn all_problems_come_in_one_error() {
        let problems = CalculateConfig::from_lookup(lookup(&[(DOUBLE_KEY, " ")])).unwrap_err();
        assert_eq!(problems.0, ["COUNTERSIGN_DOUBLE_URL is missing", "COUNTERSIGN_DOUBLE_KEY is set and empty"]);
        let problems = DoubleConfig::from_lookup(lookup(&[(DOUBLE_KEY_PREVIOUS, "")])).unwrap_err();
        assert_eq!(
            problems.0,
            ["COUNTERSIGN_DOUBLE_KEY is missing", "COUNTERSIGN_DOUBLE_KEY_PREVIOUS is set and empty"]
        );
    }

    #[test]
    fn the_token_is_sent_in_the_clear_only_to_this_machine() {
        let cases = [
            ("https://api.example.com/double", true),
            ("http://127.0.0.1:4580/double", true),
            ("http://[::1]:4580/double", true),
            ("http://abc.execute-api.localhost:4580/double", true),
            ("http://api.example.com/double", false),
            ("http://localhost.example.com/double", false),
            ("ftp://localhost/double", false),
            ("/double", false),
            ("not an address", false),
        ];
        for (address, is_good) in cases {
            let config = CalculateConfig::from_lookup(lookup(&[(DOUBLE_URL, address), (DOUBLE_KEY, "key")]));
            assert_eq!(config.is_ok(), is_good, "{address}");
        }
    }

    #[test]
    fn keys_do_not_print() {
        let values = [(DOUBLE_URL, "https://x.example/double"), (DOUBLE_KEY, "hid"), (DOUBLE_KEY_PREVIOUS, "hid")];
        let calculate = CalculateConfig::from_lookup(lookup(&values)).unwrap();
        let double = DoubleConfig::from_lookup(lookup(&values)).unwrap();
        let printed = format!("{calculate:?}{double:?}");
        assert!(!printed.contains("hid"), "{printed}");
    }
}
