//! A state machine after it was read: only what the engine supports can be said with these types.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::choice::Rule;
use crate::paths::{Filter, Path, ResultPath};
use crate::retry::Recovery;
use crate::template::Template;

/// A loaded machine, shared by all its executions.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) timeout_seconds: Option<u32>,
    pub(crate) flow: Flow,
    /// The definition after substitution, for drawing.
    pub(crate) definition: Value,
}

/// States with a start: the machine itself, a branch of a `Parallel` or the body of a `Map`.
pub(crate) struct Flow {
    pub(crate) start_at: String,
    pub(crate) states: BTreeMap<String, State>,
}

/// One state.
pub(crate) struct State {
    pub(crate) input: Filter,
    pub(crate) output: Filter,
    pub(crate) body: Body,
}

/// What the state does.
pub(crate) enum Body {
    Work(Box<Work>),
    Choice(Choice),
    Pass(Box<Pass>),
    Wait { until: Until, then: Transition },
    Succeed,
    Fail { error: Option<Text>, cause: Option<Text> },
}

/// Where the execution goes after a state.
pub(crate) enum Transition {
    Next(String),
    End,
}

/// How the result of a state becomes its output.
pub(crate) struct Results {
    pub(crate) selector: Option<Template>,
    pub(crate) path: ResultPath,
}

/// A state that can fail, and may be retried and caught.
pub(crate) struct Work {
    pub(crate) job: Job,
    pub(crate) results: Results,
    pub(crate) recovery: Recovery,
    pub(crate) then: Transition,
}

/// What such a state does.
pub(crate) enum Job {
    Task(Task),
    Parallel(Parallel),
    Map(Map),
}

/// A `Task` state.
pub(crate) struct Task {
    pub(crate) resource: Resource,
    pub(crate) parameters: Option<Template>,
    pub(crate) timeout: Timeout,
    pub(crate) heartbeat_seconds: Option<u32>,
}

/// What a `Task` calls.
pub(crate) enum Resource {
    /// A Lambda function by its ARN: the input is the payload, the result is what the function returns.
    Function { arn: String },
    /// `lambda:invoke`: the function and the payload are in the parameters.
    Invoke,
    /// `lambda:invoke.waitForTaskToken`: the result is what is sent with the token.
    InvokeAndWait,
}

/// `TimeoutSeconds` or `TimeoutSecondsPath`.
pub(crate) enum Timeout {
    Never,
    Seconds(u32),
    Path(Path),
}

/// A `Parallel` state.
pub(crate) struct Parallel {
    pub(crate) branches: Vec<Flow>,
    pub(crate) parameters: Option<Template>,
}

/// A `Map` state.
pub(crate) struct Map {
    pub(crate) items: Option<Path>,
    pub(crate) item_selector: Option<Template>,
    pub(crate) processor: Flow,
    /// 0 is no limit.
    pub(crate) max_concurrency: u32,
}

/// A `Choice` state: the first rule that holds decides.
pub(crate) struct Choice {
    pub(crate) rules: Vec<(Rule, String)>,
    pub(crate) default: Option<String>,
}

/// A `Pass` state.
pub(crate) struct Pass {
    pub(crate) parameters: Option<Template>,
    pub(crate) result: Option<Value>,
    pub(crate) path: ResultPath,
    pub(crate) then: Transition,
}

/// When a `Wait` state goes on.
pub(crate) enum Until {
    Seconds(u32),
    SecondsPath(Path),
    Timestamp(Timestamp),
    TimestampPath(Path),
}

/// A text that is written down or read from the input.
pub(crate) enum Text {
    Literal(String),
    Path(Path),
}

impl State {
    /// Every state that may follow, with the field that names it.
    pub(crate) fn successors(&self) -> Vec<(&'static str, &str)> {
        let mut successors = Vec::new();
        if let Some(next) = self.transition().and_then(Transition::next) {
            successors.push(("Next", next));
        }
        match &self.body {
            Body::Work(work) => {
                successors.extend(work.recovery.catchers.iter().map(|catcher| ("Catch", catcher.next.as_str())));
            }
            Body::Choice(choice) => {
                successors.extend(choice.rules.iter().map(|(_, next)| ("Choices", next.as_str())));
                successors.extend(choice.default.iter().map(|next| ("Default", next.as_str())));
            }
            _ => {}
        }
        successors
    }

    /// The flows inside this state.
    pub(crate) fn flows(&self) -> &[Flow] {
        let Body::Work(work) = &self.body else {
            return &[];
        };
        match &work.job {
            Job::Parallel(parallel) => &parallel.branches,
            Job::Map(map) => std::slice::from_ref(&map.processor),
            Job::Task(_) => &[],
        }
    }

    fn transition(&self) -> Option<&Transition> {
        match &self.body {
            Body::Work(work) => Some(&work.then),
            Body::Pass(pass) => Some(&pass.then),
            Body::Wait { then, .. } => Some(then),
            Body::Choice(_) | Body::Succeed | Body::Fail { .. } => None,
        }
    }
}

impl Transition {
    /// The state that follows, if one does.
    pub(crate) fn next(&self) -> Option<&str> {
        match self {
            Transition::Next(next) => Some(next),
            Transition::End => None,
        }
    }
}
