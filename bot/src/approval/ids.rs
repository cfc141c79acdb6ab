//! The names of things: an id is a type, made by `parse` or by a derivation, and a secret one does not print.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::encoding;

/// Step Functions accepts task tokens of at most this many characters:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html>.
pub const TASK_TOKEN_MAX: usize = 2048;

/// The capability to complete a paused task.
///
/// It lives in the store and in calls to Step Functions, and nowhere else: it does not serialize, and
/// `Debug` prints no part of it.
#[derive(Clone)]
pub struct TaskToken(SecretString);

impl TaskToken {
    /// Takes a token as Step Functions hands it out: 1 to 2048 characters.
    pub fn parse(token: &str) -> Result<Self, InvalidId> {
        if token.is_empty() || token.len() > TASK_TOKEN_MAX {
            return Err(InvalidId("a task token has 1 to 2048 characters"));
        }
        Ok(Self(token.into()))
    }

    /// The token itself, for the call that sends it back to Step Functions and for the store.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for TaskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskToken([redacted])")
    }
}

/// The public name of one approval: `apr_` and 26 characters, derived from the task token.
///
/// The derivation makes a repeated invocation of the notifier raise the same request, and a retried state
/// (which has a new token) a new one. The hash gives nothing of the token away.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ApprovalId(String);

impl ApprovalId {
    const PREFIX: &str = "apr_";
    const HASHED_BYTES: usize = 16;

    /// The id of the approval that waits on this token.
    pub fn of(token: &TaskToken) -> Self {
        let hash = Sha256::digest(token.expose().as_bytes());
        Self(format!("{}{}", Self::PREFIX, encoding::readable(&hash[..Self::HASHED_BYTES])))
    }

    /// Reads an id that came back from a client; anything that `of` cannot have made is refused.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let bytes = text.strip_prefix(Self::PREFIX).and_then(encoding::from_readable);
        match bytes {
            Some(bytes) if bytes.len() == Self::HASHED_BYTES => Ok(Self(text.to_owned())),
            _ if Self::looks_like_one(text) => Err(InvalidId("no approval has this id")),
            _ => Err(InvalidId("an approval id is apr_ and 26 lower-case letters and digits")),
        }
    }

    /// Whether a text has the form of an id, be it one that `of` cannot have made.
    pub fn looks_like_one(text: &str) -> bool {
        let is_sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        text.strip_prefix(Self::PREFIX).is_some_and(|rest| rest.len() == 26 && rest.chars().all(is_sign))
    }

    /// The id as text, for buttons, links and events.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for ApprovalId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The key of a person in the policy file: lower-case letters, digits, `-`, `_` and `.`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PersonId(String);

impl PersonId {
    /// Reads a person's key: 1 to 64 of the characters named above.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.len() > 64 || !text.chars().all(allowed) {
            return Err(InvalidId("a person's key has 1 to 64 of a-z, 0-9, '-', '_' and '.'"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for PersonId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The ARN of one execution of a Standard state machine.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ExecutionArn(String);

impl ExecutionArn {
    /// Reads `arn:PARTITION:states:REGION:ACCOUNT:execution:MACHINE:NAME`. A child of a distributed map has the label of
    /// the map behind a slash in the place of the machine.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let parts: Vec<&str> = text.split(':').collect();
        let machine_is_named = |machine: &str| match machine.split_once('/') {
            Some((machine, label)) => is_name(machine) && is_name(label),
            None => is_name(machine),
        };
        match parts.as_slice() {
            [_, _, _, _, _, "execution", machine, name] if machine_is_named(machine) && is_name(name) => {
                Origin::parse(&parts[..5].join(":"))?;
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidId("an execution ARN is arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME")),
        }
    }

    /// The execution of this name of a state machine. An alias or a version may follow the machine's name, which the
    /// execution's ARN does not have.
    pub fn named(state_machine_arn: &str, name: &str) -> Result<Self, InvalidId> {
        let machine = state_machine_arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":");
        Self::parse(&format!("{}:{name}", machine.replace(":stateMachine:", ":execution:")))
    }

    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The state machine that it is of, as the beginning of its ARN; a child of a distributed map is of the machine around it.
    pub fn state_machine(&self) -> &str {
        let machine = self.0.rsplit_once(':').map_or(self.0.as_str(), |(machine, _)| machine);
        machine.split_once('/').map_or(machine, |(machine, _)| machine)
    }

    /// The region, which the link to the console needs.
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }

    /// The Step Functions that the execution runs in.
    pub fn origin(&self) -> Origin {
        Origin(self.0.split(':').take(5).collect::<Vec<_>>().join(":"))
    }
}

impl<'de> Deserialize<'de> for ExecutionArn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Whether Step Functions gives such a name to machines and executions:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html#StepFunctions-StartExecution-request-name>.
/// Of those with other letters than ASCII's it says itself that they are of little use.
fn is_name(text: &str) -> bool {
    let banned = |c: char| !c.is_ascii_graphic() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    (1..=80).contains(&text.len()) && !text.contains(banned)
}

/// The Step Functions of one account in one region: `arn:PARTITION:states:REGION:ACCOUNT`, which the ARNs of its executions
/// begin with.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Reads `arn:PARTITION:states:REGION:ACCOUNT`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let is_word = |part: &str| {
            !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        };
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            ["arn", partition, "states", region, account]
                if is_word(partition)
                    && is_word(region)
                    && account.len() == 12
                    && account.bytes().all(|c| c.is_ascii_digit()) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidId("the Step Functions of an account are arn:aws:states:REGION:ACCOUNT")),
        }
    }

    /// The partition of AWS, such as `aws`.
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// The region.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The account.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    fn part(&self, number: usize) -> &str {
        self.0.split(':').nth(number).unwrap_or_default()
    }
}

macro_rules! shows_as_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

shows_as_text!(ApprovalId, PersonId, ExecutionArn, Origin);

/// Text that is not an id of the expected kind; the message says what one looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidId(&'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_id_is_derived_from_the_token_and_reads_back() {
        let token = TaskToken::parse("AQCEAAAAKgAAAAMAAA").unwrap();
        let id = ApprovalId::of(&token);
        assert_eq!(id, ApprovalId::of(&token));
        assert_eq!(id.as_str().len(), 30);
        assert_eq!(ApprovalId::parse(id.as_str()), Ok(id));
        assert_ne!(ApprovalId::of(&token), ApprovalId::of(&TaskToken::parse("AQCEAAAAKgAAAAMAAB").unwrap()));
    }

    #[test]
    fn text_that_is_no_approval_id_is_refused() {
        for text in ["", "apr_", "apr_abc", "apr_zzzzzzzzzzzzzzzzzzzzzzzzzz!", "APR_00000000000000000000000000"] {
            assert!(ApprovalId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_does_not_print() {
        let token = TaskToken::parse("secret-token").unwrap();
        assert_eq!(format!("{token:?}"), "TaskToken([redacted])");
        assert!(TaskToken::parse("").is_err());
        assert!(TaskToken::parse(&"a".repeat(2049)).is_err());
        assert!(TaskToken::parse(&"a".repeat(2048)).is_ok());
    }
}
