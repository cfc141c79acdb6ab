//! What CloudWatch draws and alarms on, as log lines in its embedded metric format (CloudWatch user guide, embedded
//! metric format specification).

use std::io::{self, Write};

use jiff::SignedDuration;
use serde_json::json;

use crate::flow::app::App;
use crate::flow::reconcile::Pass;
use crate::ports::{Clock, SystemClock};
use crate::reader::environment;

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
        "Table": environment("COUNTERSIGN_TABLE"),
        name: 1,
    });
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
        "Table": environment("COUNTERSIGN_TABLE"),
        "Due": pass.due,
        "PutOff": pass.put_off,
        "Parked": pass.parked,
        "OldestCallbackAge": age.as_secs(),
    });
    writeln!(io::stdout(), "{line}")
}
