//! What CloudWatch draws and alarms on, as log lines in its embedded metric format (CloudWatch user guide, embedded
//! metric format specification).

use std::io::{self, Write};

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::approval::record::Approval;
use crate::flow::app::App;
use crate::flow::reconcile::Pass;
use crate::ports::{Clock, SystemClock};
use crate::reader::environment;

/// The variable with the name of the table, by which the metrics of deployments are told apart.
const TABLE: &str = "COUNTERSIGN_TABLE";
/// The metric of how long an approval took.
pub const TIME_TO_DECISION: &str = "TimeToDecision";
/// What it is told apart by. CloudWatch charges for each combination that there is, so there are no others.
pub const DIMENSIONS_OF_AN_END: [&str; 3] = ["Table", "Policy", "Outcome"];
/// Escaped, so many characters are no more than the 1,024 that CloudWatch takes.
const DIMENSION_CHARS_MAX: usize = 100;

/// Prints that the newest version of the policy cannot be used.
pub fn print_unusable_policy() {
    print_once("UnusablePolicy");
}

/// Prints that the role of another account could not be assumed.
pub fn print_unreachable_account() {
    print_once("UnreachableAccount");
}

/// Counts one of something for an alarm.
fn print_once(name: &str) {
    let line = json!({
        "_aws": {
            "Timestamp": SystemClock.now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Countersign",
                "Dimensions": [["Table"]],
                "Metrics": [{ "Name": name, "Unit": "Count" }],
            }],
        },
        "Table": environment(TABLE),
        name: 1,
    });
    print_line(&line);
}

/// Prints how long an approval took that has just ended.
pub fn print_end(approval: &Approval) {
    if let Some(line) = end(approval, environment(TABLE)) {
        print_line(&line);
    }
}

/// How long an approval took, by its policy and by how it ended. What was shown to nobody, since nobody knows who asked, is
/// not counted.
fn end(approval: &Approval, table: Option<String>) -> Option<Value> {
    let (resolution, ended_at) = approval.resolution().zip(approval.ended_at())?;
    if approval.is_withheld() {
        return None;
    }
    let took = ended_at.duration_since(approval.request.raised_at).max(SignedDuration::ZERO);
    Some(json!({
        "_aws": {
            "Timestamp": resolution.at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Countersign",
                "Dimensions": [DIMENSIONS_OF_AN_END],
                "Metrics": [{ "Name": TIME_TO_DECISION, "Unit": "Seconds" }],
            }],
        },
        "Table": table,
        "Policy": dimension(&approval.rules.name),
        "Outcome": approval.status().as_str(),
        TIME_TO_DECISION: took.as_secs(),
    }))
}

/// A name as CloudWatch takes it, which is in ASCII and not too long:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>.
fn dimension(name: &str) -> String {
    let mut value = String::new();
    for c in name.chars().take(DIMENSION_CHARS_MAX) {
        match c {
            ' '..='~' => value.push(c),
            c => value.extend(c.escape_unicode()),
        }
    }
    value
}

fn print_line(line: &Value) {
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        tracing::error!(%error, "a metric could not be printed");
    }
}

/// Prints what a pass of the reconciler found.
pub fn print(app: &App, pass: Pass) -> io::Result<()> {
    let now = app.now();
    let age = pass.oldest_callback.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
    let metric = |name: &str, unit: &str| json!({ "Name": name, "Unit": unit });
    let counts = ["Due", "PutOff", "Parked"].map(|name| metric(name, "Count"));
    let metrics: Vec<_> = counts.into_iter().chain([metric("OldestCallbackAge", "Seconds")]).collect();
    let line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{ "Namespace": "Countersign", "Dimensions": [["Table"]], "Metrics": metrics }],
        },
        "Table": environment(TABLE),
        "Due": pass.due,
        "PutOff": pass.put_off,
        "Parked": pass.parked,
        "OldestCallbackAge": age.as_secs(),
    });
    writeln!(io::stdout(), "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::{after, approval};
    use crate::approval::state::Outcome;

    #[test]
    fn an_end_is_measured_by_policy_and_outcome_and_nothing_else() {
        let mut approval = approval("");
        assert_eq!(end(&approval, None), None, "it has not ended");
        approval.resolve(Outcome::Expired, after(660));
        let line = end(&approval, Some("approvals".to_owned())).unwrap();
        let metric = json!({ "Namespace": "Countersign", "Dimensions": [["Table", "Policy", "Outcome"]],
            "Metrics": [{ "Name": "TimeToDecision", "Unit": "Seconds" }] });
        assert_eq!(line["_aws"]["CloudWatchMetrics"], json!([metric]));
        assert_eq!(line["_aws"]["Timestamp"], after(660).as_millisecond());
        let values = ["Table", "Policy", "Outcome", "TimeToDecision"].map(|name| line[name].clone());
        assert_eq!(values, [json!("approvals"), json!("p"), json!("expired"), json!(600)]);
        assert_eq!(line.as_object().unwrap().len(), 5, "{line}");
        (approval.proven_first, approval.attempt) = (true, None);
        assert_eq!(end(&approval, None), None, "nobody was shown it");
    }

    #[test]
    fn every_name_is_one_that_cloudwatch_takes() {
        assert_eq!(dimension("deploy-2 \"EU\""), "deploy-2 \"EU\"");
        assert_eq!(dimension("Größe\n"), "Gr\\u{f6}\\u{df}e\\u{a}");
        let longest = dimension(&"\u{10ffff}".repeat(10_000));
        assert!(longest.is_ascii() && longest.len() <= 1_024, "{}", longest.len());
    }
}
