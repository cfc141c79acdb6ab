//! What Step Functions says when it is asked about a task and its execution.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What Step Functions says about the task of one token in one execution.
#[derive(Debug, Clone, PartialEq)]
pub enum LookUp {
    /// The history of the execution holds the task.
    Found(FoundTask),
    /// The history does not hold it: it does not show yet, or the execution is not the one that waits. Nothing that is
    /// known of the execution may be believed of the approval.
    NotInHistory,
    /// The question is refused, and will be until somebody changes something: the execution is gone, or may not be read.
    Refused {
        /// The code of the refusal.
        code: String,
    },
}

/// A task that was found by its token, in the history of its execution.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTask {
    /// The attempt of its state that it is.
    pub attempt: Attempt,
    /// What became of it.
    pub fate: TaskFate,
    /// The end of the execution; none while it runs.
    pub end: Option<ExecutionEnd>,
}

/// One attempt of a state in an execution, by the ids of its events in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// With which the state was entered. All attempts of one visit share it; two branches or items that ask alike do not.
    pub entered: i64,
    /// With which the task was scheduled.
    pub scheduled: i64,
}

/// What became of the task of one token.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskFate {
    /// It waits.
    Open,
    /// It was completed with this output.
    Succeeded(Value),
    /// It was failed with this error and cause.
    Failed {
        /// The error's name.
        error: String,
        /// The cause, as it was sent.
        cause: String,
    },
    /// Its timeout, or its heartbeat's, has passed.
    TimedOut,
    /// The workflow went on without it, as when another branch has failed.
    Abandoned,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionEnd {
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// The output as JSON text; in a record, only what the policy shows of it.
    pub output: Option<String>,
}

impl LookUp {
    /// The task, if the history holds it.
    pub fn found(&self) -> Option<&FoundTask> {
        match self {
            Self::Found(task) => Some(task),
            Self::NotInHistory | Self::Refused { .. } => None,
        }
    }
}

impl Attempt {
    /// Whether this is a later attempt of the same visit.
    pub fn follows(&self, earlier: &Self) -> bool {
        self.entered == earlier.entered && self.scheduled > earlier.scheduled
    }
}

/// A longer value is not shown and not kept: the record has to stay within the size of an item of the store.
const SHOWN_BYTES: usize = 250;

impl ExecutionEnd {
    /// The same with these fields of the output, and nothing else of it, since an output may hold what is not for
    /// everybody who reads a card.
    pub(super) fn showing(&self, fields: &[String]) -> Self {
        let output: Option<Map<String, Value>> =
            self.output.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let named = |field: &String| {
            let value = output.as_ref()?.get(field)?;
            let fits = value.to_string().len() <= SHOWN_BYTES;
            Some((field.clone(), if fits { value.clone() } else { json!("(too long to be shown)") }))
        };
        let shown: Map<String, Value> = fields.iter().filter_map(named).collect();
        let output = (!shown.is_empty()).then(|| Value::Object(shown).to_string());
        Self { status: self.status.clone(), output }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(output: Option<Value>, fields: &[&str]) -> Option<Value> {
        let end = ExecutionEnd { status: "SUCCEEDED".to_owned(), output: output.map(|output| output.to_string()) };
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        end.showing(&fields).output.map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn only_the_fields_that_are_named_are_kept() {
        let output = || Some(json!({"status": "ok", "dbPassword": "hunter2", "salary": 5, "result": {"number": 494}}));
        assert_eq!(shown(output(), &[]), None);
        assert_eq!(shown(output(), &["total"]), None);
        assert_eq!(shown(output(), &["status", "total"]), Some(json!({"status": "ok"})));
        assert_eq!(shown(output(), &["result"]), Some(json!({"result": {"number": 494}})));
        for other in [None, Some(json!("hunter2")), Some(json!(["hunter2"])), Some(Value::Null)] {
            assert_eq!(shown(other, &["status"]), None);
        }
    }

    #[test]
    fn a_value_is_kept_whole_or_not_at_all() {
        let longest = "x".repeat(SHOWN_BYTES - 2);
        assert_eq!(shown(Some(json!({"a": longest})), &["a"]), Some(json!({"a": longest})));
        let longer = shown(Some(json!({"a": format!("{longest}x")})), &["a"]);
        assert_eq!(longer, Some(json!({"a": "(too long to be shown)"})));
    }
}
