//! Approvals for the tests of this crate, made the way the notifier makes them.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::look_up::Attempt;
use super::place::Platform;
use super::policy::Policy;
use super::record::Approval;
use super::request::Answers;
use super::state::Verdict;
use super::transitions::decide::Command;
use super::{policy_file, request};

/// When the sample requests were raised; they wait for ten minutes.
pub(crate) const RAISED_AT: &str = "2026-11-23T10:00:00Z";

/// Ada, Grace and Linus approve, unless there are seats; `rules` are further lines of the policy.
pub(crate) fn policy(rules: &str) -> Policy {
    let approvers = if rules.contains("seats = ") { "" } else { "approvers = [\"finance\", \"board\", \"linus\"]" };
    let text = format!(
        r#"
        [access]
        slack_teams = ["T1"]
        [people.ada]
        name = "Ada"
        slack = "U1"
        email = "ada@example.com"
        [people.grace]
        name = "Grace"
        email = "grace@example.com"
        [people.linus]
        name = "Linus"
        slack = "U3"
        [people.eve]
        name = "Eve"
        slack = "U4"
        [groups]
        finance = ["ada", "grace"]
        board = ["ada"]
        [policies.p]
        {approvers}
        {rules}
        "#
    );
    policy_file::read(&text).unwrap()
}

/// A request of Ada's under these rules, of which Step Functions has said that it waits.
pub(crate) fn approval(rules: &str) -> Approval {
    let input = json!({
        "taskToken": "AQCEAAAAKgAAAAMAAAAAAAAAAb",
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:calculation:run-1",
        "stateEnteredAt": RAISED_AT,
        "timeoutSeconds": 600,
        "approval": {"policy": "p", "title": "Pay", "requestedBy": "ada"}
    });
    let mut approval = Approval::raise(request::read(input, &policy(rules), after(0)).unwrap());
    approval.attempt = Some(Attempt { entered: 2, scheduled: 3 });
    approval
}

/// What this person of the policy wants, on Slack.
pub(crate) fn command(person: &str, verdict: Verdict, comment: Option<&str>) -> Command {
    let people = policy("").people;
    let person = people.into_values().find(|candidate| candidate.id.as_str() == person).unwrap();
    let comment = comment.map(str::to_owned);
    let (message, shown) = (None, None);
    let answers = Answers::default();
    Command { person, platform: Platform::Slack, verdict, comment, answers, message, shown }
}

/// So many seconds after the request was raised.
pub(crate) fn after(seconds: i64) -> Timestamp {
    let raised_at: Timestamp = RAISED_AT.parse().unwrap();
    raised_at + SignedDuration::from_secs(seconds)
}
