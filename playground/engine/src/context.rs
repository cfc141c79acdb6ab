//! What a path can read: the data of the state under `$` and the context object under `$$`.

use std::cell::OnceCell;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The role a local execution pretends to have.
pub(crate) const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/local";

/// The part of the context object that stays the same for a whole execution.
pub(crate) struct ExecutionContext {
    pub(crate) execution_arn: Arc<str>,
    pub(crate) name: String,
    pub(crate) input: Value,
    pub(crate) start_date: Timestamp,
    pub(crate) machine_arn: String,
    pub(crate) machine_name: String,
}

/// The item that one iteration of a `Map` state works on.
pub(crate) struct MapItem {
    pub(crate) index: usize,
    pub(crate) value: Value,
}

/// The context object of one visit to a state.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) execution: Arc<ExecutionContext>,
    pub(crate) state: String,
    pub(crate) entered: Timestamp,
    pub(crate) retry_count: u32,
    pub(crate) token: Option<Arc<str>>,
    pub(crate) item: Option<Arc<MapItem>>,
}

impl Context {
    fn to_value(&self) -> Value {
        let execution = &self.execution;
        let mut object = Map::new();
        object.insert(
            "Execution".to_owned(),
            json!({
                "Id": &*execution.execution_arn,
                "Input": execution.input,
                "Name": execution.name,
                "RoleArn": ROLE_ARN,
                "StartTime": timestamp_text(execution.start_date),
            }),
        );
        object
            .insert("StateMachine".to_owned(), json!({ "Id": execution.machine_arn, "Name": execution.machine_name }));
        object.insert(
            "State".to_owned(),
            json!({
                "Name": self.state,
                "EnteredTime": timestamp_text(self.entered),
                "RetryCount": self.retry_count,
            }),
        );
        // Outside of a task that waits for a token the field is there and null.
        let task = self.token.as_ref().map(|token| json!({ "Token": &**token }));
        object.insert("Task".to_owned(), task.unwrap_or_default());
        if let Some(item) = &self.item {
            object.insert("Map".to_owned(), json!({ "Item": { "Index": item.index, "Value": item.value } }));
        }
        Value::Object(object)
    }
}

/// Timestamps in the context object have milliseconds, as on AWS.
fn timestamp_text(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The two roots that paths start from. The context object is only built when a path asks for it.
pub(crate) struct Scope<'a> {
    data: &'a Value,
    context: &'a Context,
    built: OnceCell<Value>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(data: &'a Value, context: &'a Context) -> Scope<'a> {
        Scope { data, context, built: OnceCell::new() }
    }

    pub(crate) fn data(&self) -> &Value {
        self.data
    }

    pub(crate) fn context_object(&self) -> &Value {
        self.built.get_or_init(|| self.context.to_value())
    }
}
