//! What a deployed function reads besides: the table and how long it keeps, the bus, the queue and the policy file.

use std::io;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use super::config::{Config, reader};
use crate::approval::policy::Policy;
use crate::approval::policy_file;
use crate::ports::{Kept, SecretValues};
use crate::reader::{Problems, Reader};

/// Where Lambda puts the zip of the function, and with it the policy.
const TASK_ROOT: &str = "LAMBDA_TASK_ROOT";
const POLICY_FILE: &str = "policy.toml";

/// Everything that a deployed function is told.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// What every run of the bot reads.
    pub config: Config,
    /// The policy file, read and found right.
    pub policy: Policy,
    /// The DynamoDB table of the approvals.
    pub table: String,
    /// How long what is recorded is kept.
    pub kept: Kept,
    /// The event bus that outcomes go on.
    pub bus: String,
    /// The address of the queue of deliveries.
    pub deliveries: String,
}

impl Deployed {
    /// The secret that the environment names, if it names one.
    pub fn secret_id(lookup: impl Fn(&str) -> Option<String>) -> Option<String> {
        lookup("COUNTERSIGN_SECRET_ID")
    }

    /// Reads the environment, the secret and the policy file; all problems with any of them come in one error.
    pub fn read(
        lookup: impl Fn(&str) -> Option<String>,
        secret: Option<&SecretValues>,
        read_file: impl Fn(&Path) -> io::Result<String>,
    ) -> Result<Self, Problems> {
        let mut reader = reader(lookup, secret);
        let config = Config::read(&mut reader);
        let table = reader.required("COUNTERSIGN_TABLE", "approvals are recorded in it");
        let bus = reader.required("COUNTERSIGN_BUS", "outcomes are broadcast on it");
        let deliveries = reader.required("COUNTERSIGN_DELIVERIES_URL", "messengers are told through it");
        let kept = kept(&mut reader);
        let policy = policy(&mut reader, read_file);
        let read = (|| {
            Some(Self { config: config?, policy: policy?, table: table?, kept, bus: bus?, deliveries: deliveries? })
        })();
        reader.finish(read)
    }

    /// Checks that every command of the policy starts a state machine that is known here. Only the function that
    /// takes commands is told of state machines.
    pub fn check_commands(self) -> Result<Self, Problems> {
        let unknown = self.policy.commands.iter().filter_map(|(name, command)| {
            let machine = &command.state_machine;
            let known = self.config.state_machines.contains_key(machine);
            (!known).then(|| format!("COUNTERSIGN_STATE_MACHINES has no `{machine}`, which commands.{name} starts"))
        });
        let problems: Vec<String> = unknown.collect();
        if problems.is_empty() { Ok(self) } else { Err(Problems(problems)) }
    }

    /// Checks that it is known whose executions may ask. Only the function that is asked is told.
    pub fn check_origins(self) -> Result<Self, Problems> {
        if self.config.origins.is_empty() {
            let problem = "COUNTERSIGN_EXECUTIONS_FROM is missing: no execution could ask for an approval";
            return Err(Problems(vec![problem.to_owned()]));
        }
        Ok(self)
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

fn policy<L: Fn(&str) -> Option<String>>(
    reader: &mut Reader<'_, L>,
    read_file: impl Fn(&Path) -> io::Result<String>,
) -> Option<Policy> {
    let file = reader.optional("COUNTERSIGN_POLICY").map(PathBuf::from);
    let file = file.or_else(|| reader.value(TASK_ROOT).map(|root| Path::new(&root).join(POLICY_FILE)));
    let Some(file) = file else {
        reader.complain(format!("COUNTERSIGN_POLICY is missing, and so is {TASK_ROOT}: nobody may decide"));
        return None;
    };
    let text = match read_file(&file) {
        Ok(text) => text,
        Err(error) => {
            reader.complain(format!("the policy {} cannot be read: {error}", file.display()));
            return None;
        }
    };
    match policy_file::read(&text) {
        Ok(policy) => Some(policy),
        Err(problems) => {
            let named =
                |problem: &policy_file::Problem| format!("{}:{}: {}", file.display(), problem.line, problem.message);
            problems.0.iter().map(named).for_each(|problem| reader.complain(problem));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.p]\napprovers = [\"ada\"]\n\
                          [commands.run]\nstate_machine = \"calculation\"\npolicy = \"p\"\n";

    const ENVIRONMENT: [(&str, &str); 6] = [
        ("COUNTERSIGN_TABLE", "approvals"),
        ("COUNTERSIGN_BUS", "countersign"),
        ("COUNTERSIGN_DELIVERIES_URL", "https://sqs.eu-west-1.amazonaws.com/1/deliveries.fifo"),
        ("COUNTERSIGN_PUBLIC_URL", "https://bot.example.com"),
        ("COUNTERSIGN_STATE_MACHINES", "calculation=arn:aws:states:eu-west-1:1:stateMachine:calculation"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
    ];

    fn read(changes: &[(&str, Option<&str>)], secret: &[(&str, &str)], policy: &str) -> Result<Deployed, Problems> {
        let lookup = |name: &str| match changes.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => value.map(str::to_owned),
            None => ENVIRONMENT.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
        };
        let secret = secret.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        let read_file = |path: &Path| match path.to_str() {
            Some("/var/task/policy.toml") => Ok(policy.to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        Deployed::read(lookup, Some(&secret), read_file)
    }

    #[test]
    fn the_secret_and_the_policy_beside_the_code_complete_the_environment() {
        let secret = [
            ("slack_signing_secret", "s"),
            ("slack_bot_token", "xoxb-1"),
            ("link_key", "a-link-key-of-enough-characters-1"),
        ];
        let deployed = read(&[], &secret, POLICY).unwrap().check_commands().unwrap();
        assert!(deployed.config.slack.is_some());
        assert!(deployed.config.mail.is_none(), "without a sender mail is off, although there is a link key");
        let with_mail = read(&[("COUNTERSIGN_MAIL_FROM", Some("bot@example.com"))], &secret, POLICY).unwrap();
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
        let problems = read(&changes, &secret, "[policies.p]\n").unwrap_err();
        assert_eq!(
            format!("{problems:?}").lines().collect::<Vec<_>>(),
            [
                "COUNTERSIGN_LINK_KEY is set, and in the secret as link_key as well",
                "the secret has a key that is not known: slack_token",
                "COUNTERSIGN_SLACK_SIGNING_SECRET is missing: requests from Slack cannot be verified without it",
                "COUNTERSIGN_SLACK_BOT_TOKEN is set and empty",
                "COUNTERSIGN_TABLE is missing: approvals are recorded in it",
                "COUNTERSIGN_BUS is set and empty",
                "/var/task/policy.toml:1: missing field 'approvers' in table",
            ]
        );
    }

    #[test]
    fn what_is_recorded_is_kept_for_as_long_as_is_said() {
        assert_eq!(read(&[], &[], POLICY).unwrap().kept, Kept::default());
        let said = [("COUNTERSIGN_RECORD_DAYS", Some("7")), ("COUNTERSIGN_TRAIL_DAYS", Some("400"))];
        let day = SignedDuration::from_hours(24);
        assert_eq!(read(&said, &[], POLICY).unwrap().kept, Kept { records: day * 7, trails: day * 400 });
        let wrong = [("COUNTERSIGN_RECORD_DAYS", Some("0")), ("COUNTERSIGN_TRAIL_DAYS", Some("89"))];
        assert_eq!(
            read(&wrong, &[], POLICY).unwrap_err().0,
            [
                "COUNTERSIGN_RECORD_DAYS is no number of days from 1 on",
                "COUNTERSIGN_TRAIL_DAYS is no number of days from 90 on"
            ]
        );
    }

    #[test]
    fn a_policy_that_is_not_there_is_a_problem() {
        let nowhere = read(&[("COUNTERSIGN_POLICY", Some("/elsewhere.toml"))], &[], POLICY).unwrap_err();
        assert!(nowhere.0[0].starts_with("the policy /elsewhere.toml cannot be read: "), "{nowhere}");
        let unnamed = read(&[("LAMBDA_TASK_ROOT", None)], &[], POLICY).unwrap_err();
        assert_eq!(unnamed.0, ["COUNTERSIGN_POLICY is missing, and so is LAMBDA_TASK_ROOT: nobody may decide"]);
    }

    #[test]
    fn whoever_is_asked_is_told_by_whom() {
        let problem = read(&[], &[], POLICY).unwrap().check_origins().unwrap_err();
        assert_eq!(problem.0, ["COUNTERSIGN_EXECUTIONS_FROM is missing: no execution could ask for an approval"]);
        let from = [("COUNTERSIGN_EXECUTIONS_FROM", Some("arn:aws:states:eu-west-1:123456789012"))];
        assert!(read(&from, &[], POLICY).unwrap().check_origins().is_ok());
    }

    #[test]
    fn a_command_needs_a_state_machine_to_start() {
        let deployed = read(&[("COUNTERSIGN_STATE_MACHINES", None)], &[], POLICY).unwrap();
        let problem = deployed.check_commands().unwrap_err();
        assert_eq!(problem.0, ["COUNTERSIGN_STATE_MACHINES has no `calculation`, which commands.run starts"]);
    }
}
