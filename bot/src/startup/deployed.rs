//! What a deployed function reads besides: the table and how long it keeps, the bus and the queue.

use jiff::SignedDuration;

use super::config::{Config, reader};
use crate::ports::{Kept, SecretValues};
use crate::reader::{Problems, Reader};

/// Everything that a deployed function is told.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// What every run of the bot reads.
    pub config: Config,
    /// The DynamoDB table of the approvals and of the policy.
    pub table: String,
    /// How long what is recorded is kept.
    pub kept: Kept,
    /// The event bus that outcomes go on.
    pub bus: String,
    /// The address of the queue of deliveries.
    pub deliveries: String,
    /// The address of the queue of requests, which only the function that is asked is told.
    pub requests: Option<String>,
}

/// The variable with the address of the queue of requests.
pub const REQUESTS_URL: &str = "COUNTERSIGN_REQUESTS_URL";

impl Deployed {
    /// The secret that the environment names, if it names one.
    pub fn secret_id(lookup: impl Fn(&str) -> Option<String>) -> Option<String> {
        lookup("COUNTERSIGN_SECRET_ID")
    }

    /// Reads the environment and the secret; all problems with any of them come in one error.
    pub fn read(lookup: impl Fn(&str) -> Option<String>, secret: Option<&SecretValues>) -> Result<Self, Problems> {
        let mut reader = reader(lookup, secret);
        let config = Config::read(&mut reader);
        let table = reader.required("COUNTERSIGN_TABLE", "approvals are recorded in it");
        let bus = reader.required("COUNTERSIGN_BUS", "outcomes are broadcast on it");
        let deliveries = reader.required("COUNTERSIGN_DELIVERIES_URL", "messengers are told through it");
        let requests = reader.optional(REQUESTS_URL);
        let kept = kept(&mut reader);
        let read =
            (|| Some(Self { config: config?, table: table?, kept, bus: bus?, deliveries: deliveries?, requests }))();
        reader.finish(read)
    }

    /// Checks that it is known whose executions may ask, and by which queue. Only the function that is asked is told.
    pub fn check_asked(self) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        if self.config.origins.is_empty() {
            problems.push("COUNTERSIGN_EXECUTIONS_FROM is missing: no execution could ask for an approval".to_owned());
        }
        if self.requests.is_none() {
            problems.push(format!("{REQUESTS_URL} is missing: what is asked through it could not be put off"));
        }
        if problems.is_empty() { Ok(self) } else { Err(Problems(problems)) }
    }
}

/// An approval may stay unfinished for so long after its deadline, and its trail has to outlive it.
const TRAIL_DAYS_MIN: u16 = 90;

fn kept<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> Kept {
    let default = Kept::default();
    let records = days(reader, "COUNTERSIGN_RECORD_DAYS", 1).unwrap_or(default.records);
    let trails = days(reader, "COUNTERSIGN_TRAIL_DAYS", TRAIL_DAYS_MIN).unwrap_or(default.trails);
    Kept { records, trails }
}

/// A number of days, if one is said.
fn days<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>, name: &str, min: u16) -> Option<SignedDuration> {
    let text = reader.optional(name)?;
    match text.parse::<u16>() {
        Ok(days) if days >= min => Some(SignedDuration::from_hours(24 * i64::from(days))),
        _ => {
            reader.complain(format!("{name} is no number of days from {min} on"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENVIRONMENT: [(&str, &str); 4] = [
        ("COUNTERSIGN_TABLE", "approvals"),
        ("COUNTERSIGN_BUS", "countersign"),
        ("COUNTERSIGN_DELIVERIES_URL", "https://sqs.eu-west-1.amazonaws.com/1/deliveries.fifo"),
        ("COUNTERSIGN_PUBLIC_URL", "https://bot.example.com"),
    ];

    fn read(changes: &[(&str, Option<&str>)], secret: &[(&str, &str)]) -> Result<Deployed, Problems> {
        let lookup = |name: &str| match changes.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => value.map(str::to_owned),
            None => ENVIRONMENT.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
        };
        let secret = secret.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        Deployed::read(lookup, Some(&secret))
    }

    #[test]
    fn the_secret_completes_the_environment() {
        let secret = [
            ("slack_signing_secret", "s"),
            ("slack_bot_token", "xoxb-1"),
            ("link_key", "a-link-key-of-enough-characters-1"),
        ];
        let deployed = read(&[], &secret).unwrap();
        assert!(deployed.config.slack.is_some());
        assert!(deployed.config.mail.is_none(), "without a sender mail is off, although there is a link key");
        let with_mail = read(&[("COUNTERSIGN_MAIL_FROM", Some("bot@example.com"))], &secret).unwrap();
        assert!(with_mail.config.mail.is_some());
    }

    #[test]
    fn everything_that_is_wrong_comes_in_one_message() {
        let changes = [
            ("COUNTERSIGN_TABLE", None),
            ("COUNTERSIGN_BUS", Some("")),
            ("COUNTERSIGN_MAIL_FROM", Some("bot@example.com")),
            ("COUNTERSIGN_LINK_KEY", Some("a-link-key-of-enough-characters-1")),
        ];
        let secret = [("slack_bot_token", ""), ("link_key", "x"), ("slack_token", "y")];
        let problems = read(&changes, &secret).unwrap_err();
        assert_eq!(
            format!("{problems:?}").lines().collect::<Vec<_>>(),
            [
                "COUNTERSIGN_LINK_KEY is set, and in the secret as link_key as well",
                "the secret has a key that is not known: slack_token",
                "COUNTERSIGN_SLACK_SIGNING_SECRET is missing: requests from Slack cannot be verified without it",
                "COUNTERSIGN_SLACK_BOT_TOKEN is set and empty",
                "COUNTERSIGN_TABLE is missing: approvals are recorded in it",
                "COUNTERSIGN_BUS is set and empty",
            ]
        );
    }

    #[test]
    fn what_is_recorded_is_kept_for_as_long_as_is_said() {
        assert_eq!(read(&[], &[]).unwrap().kept, Kept::default());
        let said = [("COUNTERSIGN_RECORD_DAYS", Some("7")), ("COUNTERSIGN_TRAIL_DAYS", Some("400"))];
        let day = SignedDuration::from_hours(24);
        assert_eq!(read(&said, &[]).unwrap().kept, Kept { records: day * 7, trails: day * 400 });
        let wrong = [("COUNTERSIGN_RECORD_DAYS", Some("0")), ("COUNTERSIGN_TRAIL_DAYS", Some("89"))];
        assert_eq!(
            read(&wrong, &[]).unwrap_err().0,
            [
                "COUNTERSIGN_RECORD_DAYS is no number of days from 1 on",
                "COUNTERSIGN_TRAIL_DAYS is no number of days from 90 on"
            ]
        );
    }

    #[test]
    fn whoever_is_asked_is_told_by_whom() {
        let problem = read(&[], &[]).unwrap().check_asked().unwrap_err();
        assert_eq!(
            problem.0,
            [
                "COUNTERSIGN_EXECUTIONS_FROM is missing: no execution could ask for an approval",
                "COUNTERSIGN_REQUESTS_URL is missing: what is asked through it could not be put off"
            ]
        );
        let told = [
            ("COUNTERSIGN_EXECUTIONS_FROM", Some("arn:aws:states:eu-west-1:123456789012")),
            ("COUNTERSIGN_REQUESTS_URL", Some("https://sqs.eu-west-1.amazonaws.com/1/requests")),
        ];
        assert!(read(&told, &[]).unwrap().check_asked().is_ok());
    }
}
