//! `Finalize`: the number, together with who approved it, where and when.

use countersign_bot::approval::ids::{ApprovalId, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::errors::Error;
use countersign_bot::input;

const APPROVED: &str = "approved";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskInput {
    number: i64,
    x: i64,
    y: i64,
    decision: Decision,
}

/// The output of the approval's task, as the notifier's contract has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Decision {
    approval_id: ApprovalId,
    status: String,
    content_hash: Option<String>,
    policy_version: Option<u32>,
    decided_by: Vec<DecidedBy>,
    decided_at: Timestamp,
    /// Who has approved alone in an emergency, and why.
    break_glass: Option<Map<String, Value>>,
}

#[derive(Serialize, Deserialize)]
struct DecidedBy {
    person: PersonId,
    name: String,
    platform: String,
    at: Timestamp,
    comment: Option<String>,
    /// For whom, on which seat and with which answers: what the policy and the request make of it is passed on.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Logs and returns the result; anything but an approval by somebody is an error, so that no mistake in a state
/// machine can present a rejected number as approved.
pub fn run(input: Value) -> Result<Value, Error> {
    let TaskInput { number, x, y, decision } = input::read(input).map_err(Error::InvalidTaskInput)?;
    if decision.status != APPROVED {
        return Err(Error::NotApproved(format!("the status of {} is not approved", decision.approval_id)));
    }
    if decision.decided_by.is_empty() {
        return Err(Error::NotApproved(format!("nobody approved {}", decision.approval_id)));
    }
    let people: Vec<&str> = decision.decided_by.iter().map(|person| person.person.as_str()).collect();
    let platforms: Vec<&str> = decision.decided_by.iter().map(|person| person.platform.as_str()).collect();
    tracing::info!(
        approval.id = %decision.approval_id,
        approval.people = people.join(","),
        approval.platforms = platforms.join(","),
        approval.at = %decision.decided_at,
        approval.content = decision.content_hash,
        approval.policy_version = decision.policy_version,
        x,
        y,
        number,
        "the number is approved"
    );
    let mut result = json!({
        "status": APPROVED,
        "result": number,
        "approvalId": decision.approval_id,
        "approvedBy": decision.decided_by,
        "approvedAt": decision.decided_at,
    });
    if let Some(broken) = decision.break_glass {
        result["breakGlass"] = Value::Object(broken);
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Value {
        json!({
            "number": 494, "x": 125, "y": 122,
            "decision": {
                "approvalId": "apr_00000000000000000000000000",
                "status": "approved",
                "contentHash": "0".repeat(64),
                "policyVersion": 3,
                "decidedBy": [{
                    "person": "ada", "name": "Ada Lovelace", "platform": "slack",
                    "at": "2026-11-23T10:00:00Z", "comment": null
                }],
                "decidedAt": "2026-11-23T10:00:01Z"
            }
        })
    }

    #[test]
    fn an_approved_number_comes_with_who_approved_it() {
        let result = run(good()).unwrap();
        let decision = &good()["decision"];
        assert_eq!(
            result,
            json!({
                "status": "approved",
                "result": 494,
                "approvalId": decision["approvalId"],
                "approvedBy": decision["decidedBy"],
                "approvedAt": decision["decidedAt"],
            })
        );
    }

    #[test]
    fn whoever_approved_alone_or_for_somebody_else_is_passed_on() {
        let mut input = good();
        let by = &mut input["decision"]["decidedBy"][0];
        by["for"] = json!({ "person": "grace", "name": "Grace Hopper" });
        by["seat"] = json!(["finance"]);
        by["inputs"] = json!({ "window": "tonight" });
        input["decision"]["breakGlass"] = json!({ "person": "ada", "name": "Ada Lovelace", "reason": "It burns" });
        let result = run(input.clone()).unwrap();
        assert_eq!(result["approvedBy"], input["decision"]["decidedBy"]);
        assert_eq!(result["breakGlass"], input["decision"]["breakGlass"]);
    }

    #[test]
    fn nothing_else_is_finalized() {
        let cases = [
            ("/decision/status", json!("rejected"), "NotApproved"),
            ("/decision/status", json!("Approved"), "NotApproved"),
            ("/decision/status", json!(""), "NotApproved"),
            ("/decision/decidedBy", json!([]), "NotApproved"),
            ("/decision/status", json!(true), "InvalidTaskInput"),
            ("/decision", json!({}), "InvalidTaskInput"),
            ("/decision/approvalId", json!("apr_"), "InvalidTaskInput"),
            ("/number", json!("494"), "InvalidTaskInput"),
            ("/number", json!(494.0), "InvalidTaskInput"),
        ];
        for (pointer, value, name) in cases {
            let mut input = good();
            *input.pointer_mut(pointer).unwrap() = value;
            assert_eq!(run(input).unwrap_err().as_str(), name, "{pointer}");
        }
    }
}
