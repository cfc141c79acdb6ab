//! What a path or an expression can read: the data of the state, the context object and the variables.

use std::cell::OnceCell;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::jsonata::Offers;
use crate::variables::Variables;

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
    /// The key, where the items are those of an object.
    pub(crate) key: Option<String>,
    pub(crate) value: Value,
}

impl MapItem {
    /// What an iteration gets that asks for nothing else; an entry of an object comes with its key.
    pub(crate) fn to_input(&self) -> Value {
        match &self.key {
            Some(key) => json!({ "Key": key, "Value": self.value }),
            None => self.value.clone(),
        }
    }

    fn to_value(&self) -> Value {
        match &self.key {
            Some(key) => json!({ "Index": self.index, "Key": key, "Value": self.value }),
            None => json!({ "Index": self.index, "Value": self.value }),
        }
    }
}

/// What one visit to a state knows beside its data: the context object, and the variables as they were on entry.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) execution: Arc<ExecutionContext>,
    pub(crate) clock: Clock,
    pub(crate) variables: Arc<Variables>,
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
            object.insert("Map".to_owned(), json!({ "Item": item.to_value() }));
        }
        Value::Object(object)
    }
}

/// Timestamps in the context object have milliseconds, as on AWS.
fn timestamp_text(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Where paths and expressions start from. What only some of them ask for is built when one does.
pub(crate) struct Scope<'a> {
    data: &'a Value,
    context: &'a Context,
    offers: (Offers, &'a Value),
    context_object: OnceCell<Value>,
    states: OnceCell<Arc<Value>>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(data: &'a Value, context: &'a Context) -> Scope<'a> {
        Scope::offering(data, context, (Offers::Nothing, &Value::Null))
    }

    /// A scope in which `$states` has one thing more.
    pub(crate) fn offering(data: &'a Value, context: &'a Context, offers: (Offers, &'a Value)) -> Scope<'a> {
        Scope { data, context, offers, context_object: OnceCell::new(), states: OnceCell::new() }
    }

    pub(crate) fn data(&self) -> &Value {
        self.data
    }

    pub(crate) fn context_object(&self) -> &Value {
        self.context_object.get_or_init(|| self.context.to_value())
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&Value> {
        self.context.variables.get(name)
    }

    /// Those of the named variables that have a value.
    pub(crate) fn variables_named(&self, names: &[String]) -> Vec<(String, Value)> {
        names.iter().filter_map(|name| Some((name.clone(), self.variable(name)?.clone()))).collect()
    }

    /// The `$states` of JSONata.
    pub(crate) fn states(&self) -> Arc<Value> {
        let states = self.states.get_or_init(|| {
            let mut states = json!({ "input": self.data, "context": self.context_object() });
            let (offers, value) = self.offers;
            match offers {
                Offers::Nothing => {}
                Offers::Result => states["result"] = value.clone(),
                Offers::ErrorOutput => states["errorOutput"] = value.clone(),
            }
            Arc::new(states)
        });
        Arc::clone(states)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.context.clock.now()
    }
}
