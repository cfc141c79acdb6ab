//! Which state machines may ask under a policy.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::ids::ExecutionArn;

/// What no name of a state machine holds, but for the asterisk, which has a meaning here:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>.
const NEVER_IN_NAMES: &str = "<>{}[]?\"#%\\^|~`$&,;:/";
/// Longer names do not exist.
const NAME_MAX: usize = 80;
/// How many digits the id of an AWS account has.
const ACCOUNT_DIGITS: usize = 12;

/// A pattern for the ARNs of state machines. An asterisk stands for any text within one part of the ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateMachinePattern(String);

/// Why text is no such pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPattern(&'static str);

impl fmt::Display for StateMachinePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StateMachinePattern {
    /// Reads `arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`, in which parts may hold asterisks.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "states", region, account, "stateMachine", name] = parts.as_slice() else {
            return Err(InvalidPattern(
                "a pattern is arn:aws:states:REGION:ACCOUNT:stateMachine:NAME, with * in its parts",
            ));
        };
        let is_plain = |part: &str| {
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '*');
            !part.is_empty() && part.chars().all(allowed)
        };
        if !is_plain(partition) || !is_plain(region) {
            return Err(InvalidPattern("the partition and the region are such as aws and eu-west-1, or *"));
        }
        let digits = account.chars().all(|c| c.is_ascii_digit() || c == '*');
        let length_is_right =
            account.len() == ACCOUNT_DIGITS || account.contains('*') && account.len() <= ACCOUNT_DIGITS;
        if !digits || !length_is_right {
            return Err(InvalidPattern("the account has 12 digits, or *"));
        }
        let is_name = |c: char| c.is_ascii_graphic() && !NEVER_IN_NAMES.contains(c);
        if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(is_name) {
            return Err(InvalidPattern("the name has 1 to 80 characters that a state machine's name may hold, or *"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether the state machine of this execution is one of those that the pattern stands for. A child of a Map state
    /// names the map after the machine: `execution:MACHINE/LABEL:NAME`.
    pub fn allows(&self, execution: &ExecutionArn) -> bool {
        let asked: Vec<&str> = execution.as_str().split(':').collect();
        let pattern: Vec<&str> = self.0.split(':').collect();
        let (["arn", ours @ .., "stateMachine", name], ["arn", theirs @ .., "execution", machine, _]) =
            (pattern.as_slice(), asked.as_slice())
        else {
            return false;
        };
        let machine = machine.split('/').next().unwrap_or_default();
        let are_alike =
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| matches(ours, theirs));
        are_alike && matches(name, machine)
    }
}

impl<'de> Deserialize<'de> for StateMachinePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Whether text has the pieces of a pattern in their order: the first at its start, the last at its end.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let text = text.strip_prefix(first).and_then(|text| text.strip_suffix(last));
    let after = |text: &'_ str, piece: &str| text.find(piece).map(|at| at + piece.len());
    text.is_some_and(|text| {
        let mut position = 0;
        between.split('*').all(|piece| {
            let found = after(&text[position..], piece);
            position += found.unwrap_or_default();
            found.is_some()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(pattern: &str, execution: &str) -> bool {
        StateMachinePattern::parse(pattern).unwrap().allows(&ExecutionArn::parse(execution).unwrap())
    }

    #[test]
    fn an_asterisk_stands_for_any_text_within_one_part() {
        let release = "arn:aws:states:*:*:stateMachine:release-*";
        let execution = |machine: &str| format!("arn:aws:states:eu-west-1:123456789012:execution:{machine}:run-1");
        for machine in ["release-web", "release-", "release-web/EachRegion"] {
            assert!(allows(release, &execution(machine)), "{machine}");
        }
        for machine in ["release", "prerelease-web", "Release-web", "x/release-web", "evil:release-web"] {
            let execution = execution(machine);
            assert!(!ExecutionArn::parse(&execution).is_ok_and(|_| allows(release, &execution)), "{machine}");
        }
        let own = "arn:aws:states:eu-west-1:123456789012:stateMachine:re*e-*b";
        assert!(allows(own, &execution("release-web")) && allows(own, &execution("ree-b")));
        assert!(!allows(own, &execution("re-b")) && !allows(own, &execution("release-web2")));
        let elsewhere = "arn:aws:states:eu-west-1:999999999999:stateMachine:*";
        assert!(!allows(elsewhere, &execution("release-web")));
        assert!(!allows("arn:aws-cn:states:*:*:stateMachine:*", &execution("release-web")));
        assert!(!allows("arn:aws:states:us-*:*:stateMachine:*", &execution("release-web")));
        assert!(allows("arn:*:states:*-west-*:1*2:stateMachine:**", &execution("release-web")));
    }

    /// The name of an execution is its caller's choice.
    #[test]
    fn the_name_of_the_execution_says_nothing() {
        let named = "arn:aws:states:eu-west-1:123456789012:execution:evil:release-web";
        assert!(!allows("arn:aws:states:*:*:stateMachine:release-*", named));
    }

    #[test]
    fn what_can_match_no_state_machine_is_no_pattern() {
        for text in [
            "",
            "*",
            "release-*",
            "arn:aws:states:*:*:stateMachine:",
            "arn:aws:states:*:*:execution:release:*",
            "arn:aws:states:*:*:stateMachine:release:1",
            "arn:aws:states:*:*:stateMachine:team/release",
            "arn:aws:states:*:*:stateMachine:release-?",
            "arn:aws:states::*:stateMachine:release",
            "arn:aws:states:*:1234:stateMachine:release",
            "arn:aws:lambda:*:*:stateMachine:release",
            " arn:aws:states:*:*:stateMachine:release",
        ] {
            assert!(StateMachinePattern::parse(text).is_err(), "{text}");
        }
    }
}
