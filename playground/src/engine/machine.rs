//! A state machine after it was read: only what the engine supports can be said with these types.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::choice::Rule;
use super::paths::{Filter, Path, ResultPath};
use super::retry::Recovery;
use super::template::Template;

/// A loaded machine, shared by all its executions.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) timeout_seconds: Option<u32>,
    pub(super) flow: Flow,
    /// The definition after substitution, for drawing.
    pub(super) definition: Value,
}

/// States with a start: the machine itself, a branch of a `Parallel` or the body of a `Map`.
pub(super) struct Flow {
    pub(super) start_at: String,
    pub(super) states: BTreeMap<String, State>,
}

/// One state.
pub(super) struct State {
    pub(super) input: Filter,
    pub(super) output: Filter,
    pub(super) body: Body,
}

/// What the state does.
pub(super) enum Body {
    Work(Box<Work>),
    Choice(Choice),
    Pass(Box<Pass>),
    Wait { until: Until, then: Transition },
    Succeed,
    Fail { error: Option<Text>, cause: Option<Text> },
}

/// Where the execution goes after a state.
pub(super) enum Transition {
    Next(String),
    End,
}

/// How the result of a state becomes its output.
pub(super) struct Results {
    pub(super) selector: Option<Template>,
    pub(super) path: ResultPath,
}

/// A state that can fail, and may be retried and caught.
pub(super) struct Work {
    pub(super) job: Job,
    pub(super) results: Results,
    pub(super) recovery: Recovery,
    pub(super) then: Transition,
}

/// What such a state does.
pub(super) enum Job {
    Task(Task),
    Parallel(Parallel),
    Map(Map),
}

/// A `Task` state.
pub(super) struct Task {
    pub(super) resource: Resource,
    pub(super) parameters: Option<Template>,
    pub(super) timeout: Timeout,
    pub(super) heartbeat_seconds: Option<u32>,
}

/// What a `Task` calls.
pub(super) enum Resource {
    /// A Lambda function by its ARN: the input is the payload, the result is what the function returns.
    Function { arn: String },
    /// `lambda:invoke`: the function and the payload are in the parameters.
    Invoke,
    /// `lambda:invoke.waitForTaskToken`: the result is what is sent with the token.
    InvokeAndWait,
}

/// `TimeoutSeconds` or `TimeoutSecondsPath`.
pub(super) enum Timeout {
    Never,
    Seconds(u32),
    Path(Path),
}

/// A `Parallel` state.
pub(super) struct Parallel {
    pub(super) branches: Vec<Flow>,
    pub(super) parameters: Option<Template>,
}

/// A `Map` state.
pub(super) struct Map {
    pub(super) items: Option<Path>,
    pub(super) item_selector: Option<Template>,
    pub(super) processor: Flow,
    /// 0 is no limit.
    pub(super) max_concurrency: u32,
}

/// A `Choice` state: the first rule that holds decides.
pub(super) struct Choice {
    pub(super) rules: Vec<(Rule, String)>,
    pub(super) default: Option<String>,
}

/// A `Pass` state.
pub(super) struct Pass {
    pub(super) parameters: Option<Template>,
    pub(super) result: Option<Value>,
    pub(super) path: ResultPath,
    pub(super) then: Transition,
}

/// When a `Wait` state goes on.
pub(super) enum Until {
    Seconds(u32),
    SecondsPath(Path),
    Timestamp(Timestamp),
    TimestampPath(Path),
}

/// A text that is written down or read from the input.
pub(super) enum Text {
    Literal(String),
    Path(Path),
}

impl State {
    /// Every state that may follow, with the field that names it.
    pub(super) fn successors(&self) -> Vec<(&'static str, &str)> {
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
    pub(super) fn flows(&self) -> &[Flow] {
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
    pub(super) fn next(&self) -> Option<&str> {
        match self {
            Transition::Next(next) => Some(next),
            Transition::End => None,
        }
    }
}
