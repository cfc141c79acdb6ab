//! A state machine after it was read: only what the engine supports can be said with these types.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::choice::Rule;
use crate::exit::Exit;
use crate::jsonata::Query;
use crate::mocks::MockedResponse;
use crate::paths::{Filter, Path};
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
    pub(crate) body: Body,
    pub(crate) exit: Exit,
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

/// A state that can fail, and may be retried and caught.
pub(crate) struct Work {
    pub(crate) job: Job,
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
    /// `Parameters` or `Arguments`.
    pub(crate) parameters: Option<Template>,
    pub(crate) timeout: Seconds,
    pub(crate) heartbeat: Seconds,
    /// What answers in the place of what it calls.
    pub(crate) mock: Option<Arc<MockedResponse>>,
}

/// What a `Task` calls.
pub(crate) enum Resource {
    /// A Lambda function by its ARN: the input is the payload, the result is what the function returns.
    Function { arn: String },
    /// `lambda:invoke`: the function and the payload are in the parameters.
    Invoke,
    /// `lambda:invoke.waitForTaskToken`: the result is what is sent with the token.
    InvokeAndWait,
    /// `sqs:sendMessage.waitForTaskToken`: the address of the queue and the message are in the parameters, and the result
    /// is what is sent with the token.
    SendAndWait,
    /// Anything else, which does not run here: only a mock can answer.
    Other { resource: String },
}

impl Resource {
    /// Whether the task gets a token, and ends when that comes back.
    pub(crate) fn waits_for_token(&self) -> bool {
        match self {
            Resource::Function { .. } | Resource::Invoke => false,
            Resource::InvokeAndWait | Resource::SendAndWait => true,
            Resource::Other { resource } => resource.ends_with(".waitForTaskToken"),
        }
    }
}

/// `TimeoutSeconds`, `TimeoutSecondsPath` or `HeartbeatSeconds`.
pub(crate) enum Seconds {
    Never,
    Fixed(u32),
    Path(Path),
    Query(Query),
}

/// A `Parallel` state.
pub(crate) struct Parallel {
    pub(crate) branches: Vec<Flow>,
    /// `Parameters` or `Arguments`.
    pub(crate) parameters: Option<Template>,
}

/// A `Map` state.
pub(crate) struct Map {
    pub(crate) items: Items,
    pub(crate) item_selector: Option<Template>,
    pub(crate) processor: Flow,
    pub(crate) max_concurrency: Limit,
}

/// What a `Map` state iterates over.
pub(crate) enum Items {
    Input,
    /// `ItemsPath`.
    Path(Path),
    /// `Items`.
    Template(Template),
}

/// How much may happen at once; 0 is no limit.
pub(crate) enum Limit {
    Fixed(u32),
    Query(Query),
}

/// A `Choice` state: the first alternative that holds decides.
pub(crate) struct Choice {
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) default: Option<String>,
}

/// One of the `Choices`.
pub(crate) struct Alternative {
    pub(crate) condition: Condition,
    pub(crate) exit: Exit,
    pub(crate) next: String,
}

/// When an alternative is taken.
pub(crate) enum Condition {
    Rule(Rule),
    Query(Query),
}

/// A `Pass` state.
pub(crate) struct Pass {
    pub(crate) parameters: Option<Template>,
    pub(crate) result: Option<Value>,
    pub(crate) then: Transition,
}

/// When a `Wait` state goes on.
pub(crate) enum Until {
    Seconds(u32),
    SecondsPath(Path),
    SecondsQuery(Query),
    Timestamp(Timestamp),
    TimestampPath(Path),
    TimestampQuery(Query),
}

/// A text that is written down, read from the input or computed.
pub(crate) enum Text {
    Literal(String),
    Path(Path),
    Query(Query),
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
                successors.extend(choice.alternatives.iter().map(|one| ("Choices", one.next.as_str())));
                successors.extend(choice.default.iter().map(|next| ("Default", next.as_str())));
            }
            _ => {}
        }
        successors
    }

    /// The variables that this state may assign, with the field that does.
    pub(crate) fn assigns(&self) -> impl Iterator<Item = (String, &str)> {
        let own = ("Assign".to_owned(), &self.exit);
        let others: Vec<_> = match &self.body {
            Body::Work(work) => numbered("Catch", work.recovery.catchers.iter().map(|catcher| &catcher.exit)).collect(),
            Body::Choice(choice) => numbered("Choices", choice.alternatives.iter().map(|one| &one.exit)).collect(),
            _ => Vec::new(),
        };
        std::iter::once(own)
            .chain(others)
            .flat_map(|(field, exit)| exit.assigns().into_iter().map(move |name| (field.clone(), name)))
    }

    pub(crate) fn is_task(&self) -> bool {
        matches!(&self.body, Body::Work(work) if matches!(work.job, Job::Task(_)))
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

fn numbered<'e>(list: &str, exits: impl Iterator<Item = &'e Exit>) -> impl Iterator<Item = (String, &'e Exit)> {
    exits.enumerate().map(move |(index, exit)| (format!("{list}[{index}].Assign"), exit))
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
