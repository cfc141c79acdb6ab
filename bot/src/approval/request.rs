//! What a workflow asks for: the request as it is shown and kept, and what is hashed of it. `reading` makes one from the
//! input of the notifier's task.

mod answers;
mod detail;
mod input;
mod link;
mod object;
mod reading;
mod risk;
mod value;
mod whom;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::answers::{Answers, Lacking, Written, WrongInput};
pub use self::detail::Detail;
pub use self::input::{Input, documented};
pub use self::link::{HttpsUrl, Link};
pub use self::reading::{execution, read, task_token};
pub use self::risk::Risk;
pub use self::value::{FactValue, Scalar};
use super::audit::Hash;
use super::ids::{ApprovalId, ExecutionArn, PersonId, TaskToken};
use super::limits::Problem;
use super::policy::{Person, Rules};

/// The request as the people who decide see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// One line that says what is asked.
    pub title: String,
    /// A few sentences more; may be empty.
    pub summary: String,
    /// Named values that a decision rests on.
    pub facts: Vec<Fact>,
    /// Where those who decide can read more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// What there is to read beside that, on demand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// What it is marked as; nothing where it is an ordinary request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// What whoever approves is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// Who alone may decide, of those whom the policy allows; nobody where that is not narrowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
    /// The earlier approval that it follows, as the workflow said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<ApprovalId>,
    /// Who asked, as the workflow said it.
    pub requested_by: Option<String>,
    /// Who asked, when that is a person of the policy.
    pub requester: Option<Person>,
    /// The caller's own ids; travels with every event and is not shown.
    pub correlation: Map<String, Value>,
    /// The execution that waits.
    pub execution: ExecutionArn,
    /// When the state was entered, or tried again.
    pub raised_at: Timestamp,
    /// When Step Functions ends the wait.
    pub deadline: Timestamp,
}

impl Request {
    /// Whether there is more than a title in the words of whoever asks.
    pub fn says_more(&self) -> bool {
        !self.summary.trim().is_empty() || !self.facts.is_empty() || !self.links.is_empty()
    }

    /// Whether an approval counts only from somebody who has confirmed it.
    pub fn needs_confirmation(&self) -> bool {
        self.risk == Some(Risk::High)
    }

    /// Whether it asks whoever approves for anything, so that an approval is more than a press.
    pub fn asks_approver(&self) -> bool {
        self.needs_confirmation() || !self.inputs.is_empty()
    }

    /// The hash of what people are shown of it: SHA-256 over the canonical form (RFC 8785,
    /// <https://www.rfc-editor.org/rfc/rfc8785>) of what was asked, as it was asked. `docs/your-workflow.md` shows how the
    /// next state can check it.
    pub fn content_hash(&self, policy: &str) -> Hash {
        let Self { title, summary, facts, links, details, risk, inputs, approvers, requested_by, .. } = self;
        let mut content = json!({
            "facts": facts, "policy": policy, "requestedBy": requested_by, "summary": summary, "title": title,
        });
        if !approvers.is_empty() {
            content["approvers"] = approvers.iter().map(|approver| approver.asked.as_str()).collect();
        }
        if !inputs.is_empty() {
            content["inputs"] = json!(inputs);
        }
        if !links.is_empty() {
            content["links"] = json!(links);
        }
        if !details.is_empty() {
            content["details"] = json!(details);
        }
        if let Some(risk) = risk {
            content["risk"] = json!(risk);
        }
        Hash::over(&content)
    }
}

/// One named value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What the value is.
    pub name: String,
    /// The value, of the type that it was given with.
    pub value: FactValue,
}

/// A person or a group that a request names to decide it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// The name as the request has it.
    pub asked: String,
    /// The name that people know: a person's, or that of a group.
    pub name: String,
}

/// Everything that a valid task input gives: the capability, what is asked, and the rules it is asked under.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The capability to complete the task.
    pub token: TaskToken,
    /// What is asked.
    pub request: Request,
    /// Under which rules.
    pub rules: Rules,
    /// Of which version of the policy, where it has versions.
    pub policy_version: Option<u32>,
    /// Who has approved in the same execution under a policy that the rules are kept apart from, and under which.
    pub apart: BTreeMap<PersonId, String>,
    /// Whether nothing is shown of it before the execution was seen to hold the task.
    pub proven_first: bool,
}

/// A task input that cannot be shown to anybody, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", told(.0))]
pub struct InvalidInput(pub Vec<Problem>);

/// More problems are counted: the text is the cause of a failed state, which has its own limit.
const TOLD_MAX: usize = 30;

fn told(problems: &[Problem]) -> String {
    let told: Vec<String> = problems.iter().take(TOLD_MAX).map(Problem::to_string).collect();
    match problems.len().saturating_sub(TOLD_MAX) {
        0 => told.join("; "),
        more => format!("{}; and {more} more", told.join("; ")),
    }
}

impl Asked {
    /// The same, of which nothing is shown before the execution was seen to hold the task.
    pub fn proven_first(self) -> Self {
        Self { proven_first: true, ..self }
    }
}

impl InvalidInput {
    /// One field whose value is not acceptable.
    pub fn field(field: impl Into<String>, problem: impl ToString) -> Self {
        Self(vec![Problem { field: field.into(), problem: problem.to_string() }])
    }
}

#[cfg(test)]
mod tests;
