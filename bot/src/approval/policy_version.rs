//! A version of the policy as it is kept: its text as it was pushed, by whom, and when.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use super::audit::Hash;
use super::policy::{Policy, PolicySource};
use super::policy_file::{self, Problems};

/// The longest text of a policy, in bytes. DynamoDB takes 400 KB for an item, with everything in it:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.
pub const TEXT_MAX: usize = 380_000;

/// One version. A later one takes its place and changes nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Counted from 1.
    pub number: u32,
    /// The policy file as it was pushed.
    pub text: String,
    /// The hash of the text, as it was when it was pushed.
    pub hash: Hash,
    /// Who pushed it: the ARN that AWS knows the caller by.
    pub pushed_by: String,
    /// When.
    pub pushed_at: Timestamp,
}

/// Why a version is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// The text is not the one that was pushed.
    Altered,
    /// It is longer than `TEXT_MAX`, and has so many bytes.
    TooLong(usize),
    /// The parser refuses it.
    Invalid(Problems),
    /// Commands start state machines that are not known here: the names of both.
    UnknownMachines(Vec<(String, String)>),
}

impl PolicyVersion {
    /// The version that comes after the one of this number, which is 0 if there is none.
    pub fn after(number: u32, text: String, pushed_by: String, pushed_at: Timestamp) -> Self {
        let hash = Hash::of(&text);
        Self { number: number.saturating_add(1), text, hash, pushed_by, pushed_at }
    }

    /// The policy of this version, where these state machines can be started.
    pub fn policy(&self, state_machines: &BTreeSet<String>) -> Result<Policy, Unusable> {
        let Usable { policy, left_out } = self.usable(state_machines)?;
        if left_out.is_empty() { Ok(policy) } else { Err(Unusable::UnknownMachines(left_out)) }
    }

    /// The policy of this version as a function goes by it. Where a deployment does not know the machine of a command,
    /// nothing is started by it; who may decide is not what it was in an earlier version for that.
    pub fn usable(&self, state_machines: &BTreeSet<String>) -> Result<Usable, Unusable> {
        if Hash::of(&self.text) != self.hash {
            return Err(Unusable::Altered);
        }
        let mut policy = Policy { source: PolicySource::Version(self.number), ..read(&self.text)? };
        let left_out = unknown(&policy, state_machines);
        policy.commands.retain(|_, command| state_machines.contains(&command.state_machine));
        Ok(Usable { policy, left_out })
    }
}

/// A policy that can be used, be it without some of its commands.
#[derive(Debug, Clone)]
pub struct Usable {
    /// With those commands alone whose machines are known.
    pub policy: Policy,
    /// The names of the others and of their machines.
    pub left_out: Vec<(String, String)>,
}

fn read(text: &str) -> Result<Policy, Unusable> {
    if text.len() > TEXT_MAX {
        return Err(Unusable::TooLong(text.len()));
    }
    policy_file::read(text).map_err(Unusable::Invalid)
}

/// The commands that start machines which are not among these.
fn unknown(policy: &Policy, state_machines: &BTreeSet<String>) -> Vec<(String, String)> {
    let unknown = policy.commands.values().filter(|command| !state_machines.contains(&command.state_machine));
    unknown.map(|command| (command.name.clone(), command.state_machine.clone())).collect()
}

/// Reads the text of a policy and checks that it can be pushed to where these state machines can be started.
pub fn check(text: &str, state_machines: &BTreeSet<String>) -> Result<Policy, Unusable> {
    let policy = read(text)?;
    let unknown = unknown(&policy, state_machines);
    if unknown.is_empty() { Ok(policy) } else { Err(Unusable::UnknownMachines(unknown)) }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered => f.write_str("its text is not the one that was pushed"),
            Self::TooLong(bytes) => write!(f, "it has {bytes} bytes, and {TEXT_MAX} are the most"),
            Self::Invalid(problems) => problems.fmt(f),
            Self::UnknownMachines(unknown) => {
                let told = unknown.iter().map(|(command, machine)| {
                    format!("commands.{command} starts the state machine `{machine}`, which is not known here")
                });
                f.write_str(&told.collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

impl std::error::Error for Unusable {}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.p]\napprovers = [\"ada\"]\n\
                        [commands.run]\nstate_machine = \"calculation\"\npolicy = \"p\"\n";

    fn version(text: &str) -> PolicyVersion {
        let pushed_at = "2026-11-23T10:00:00Z".parse().unwrap();
        PolicyVersion::after(3, text.to_owned(), "arn:aws:iam::123456789012:user/ada".to_owned(), pushed_at)
    }

    fn machines(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_version_gives_a_policy_that_knows_its_number() {
        let policy = version(TEXT).policy(&machines(&["calculation"])).unwrap();
        assert_eq!(policy.source, PolicySource::Version(4));
        assert!(policy.rules.contains_key("p"));
    }

    #[test]
    fn a_command_whose_machine_is_not_known_is_left_out_and_the_rest_is_used() {
        let usable = version(TEXT).usable(&machines(&["release"])).unwrap();
        assert!(usable.policy.commands.is_empty() && usable.policy.rules.contains_key("p"));
        assert_eq!(usable.left_out, [("run".to_owned(), "calculation".to_owned())]);
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let why = |version: &PolicyVersion, known: &[&str]| version.policy(&machines(known)).unwrap_err().to_string();
        let unknown = why(&version(TEXT), &["release"]);
        assert_eq!(unknown, "commands.run starts the state machine `calculation`, which is not known here");
        let invalid = why(&version("[policies.p]\n"), &[]);
        assert!(invalid.starts_with("line 1: "), "{invalid}");
        let altered = PolicyVersion { text: TEXT.replace("Ada", "Eve"), ..version(TEXT) };
        assert_eq!(why(&altered, &["calculation"]), "its text is not the one that was pushed");
        let long = "#".repeat(TEXT_MAX + 1);
        assert_eq!(why(&version(&long), &[]), "it has 380001 bytes, and 380000 are the most");
    }
}
