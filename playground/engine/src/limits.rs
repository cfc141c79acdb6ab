//! The quotas of Step Functions that a workflow can run into, kept so that a local run fails where AWS would.

use std::io;

use serde_json::Value;

use crate::errors::{DATA_LIMIT_EXCEEDED, Failure};

/// What the ARNs of this engine begin with, up to their kind: its partition, its region and its account.
pub const ORIGIN: &str = "arn:aws:states:local:000000000000";

/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const MAX_DATA_BYTES: usize = 262_144;

/// All variables together.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
const MAX_VARIABLES_BYTES: usize = 10 << 20;

/// The most events one execution may have; it also ends a machine that loops forever.
pub(crate) const MAX_HISTORY_EVENTS: u64 = 25_000;

/// Checks a task's or state's data against the quota; `subject` is what the cause names.
pub(crate) fn within_data_limit(data: &Value, subject: &str) -> Result<(), Failure> {
    let mut size = ByteCount(0);
    if serde_json::to_writer(&mut size, data).is_ok() && size.0 <= MAX_DATA_BYTES {
        return Ok(());
    }
    let cause = format!("The {subject} has a size exceeding the maximum number of bytes service limit.");
    Err(Failure::new(DATA_LIMIT_EXCEEDED, cause))
}

/// Checks all variables that a state can read against the quota for them together.
pub(crate) fn within_variables_limit<'v>(
    variables: impl Iterator<Item = (&'v String, &'v Value)>,
) -> Result<(), Failure> {
    let mut size = ByteCount(0);
    for (name, value) in variables {
        size.0 = size.0.saturating_add(name.len());
        if serde_json::to_writer(&mut size, value).is_err() || size.0 > MAX_VARIABLES_BYTES {
            return Err(Failure::new(DATA_LIMIT_EXCEEDED, "The variables have more than 10 MiB together."));
        }
    }
    Ok(())
}

/// Counts instead of keeping, so that measuring costs no memory.
struct ByteCount(usize);

impl io::Write for ByteCount {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The rule for the names of state machines and executions.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
pub(crate) fn is_valid_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=80).contains(&length)
        && !name.chars().any(|c| {
            c.is_whitespace()
                || c.is_control()
                || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c)
                || ('\u{fffe}'..='\u{ffff}').contains(&c)
        })
}
