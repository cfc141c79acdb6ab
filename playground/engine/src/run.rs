//! The interpreter: walks one execution from state to state. What can be retried and caught is in `attempts`.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::attempts::Visit;
use crate::choice::timestamp;
use crate::context::{Context, ExecutionContext, MapItem, Scope};
use crate::errors::{Failure, NO_CHOICE_MATCHED};
use crate::execution::End;
use crate::executions::{NewEvent, Shared, after};
use crate::exit::Left;
use crate::fields::MAX_SECONDS;
use crate::history::HistoryKind;
use crate::limits::within_data_limit;
use crate::machine::{Body, Choice, Condition, Flow, Job, Machine, Pass, State, Text, Until};
use crate::variables::Variables;

/// One execution on its way.
pub(crate) struct Run {
    pub(crate) shared: Arc<Shared>,
    pub(crate) execution: Arc<ExecutionContext>,
    pub(crate) deadline: Option<Timestamp>,
    machine: Arc<Machine>,
}

/// One line of states that follow each other: the execution itself, a branch or an iteration.
#[derive(Clone)]
pub(crate) struct Thread {
    /// The event that the next one follows from.
    pub(crate) previous: u64,
    pub(crate) item: Option<Arc<MapItem>>,
    /// Its variables and those around it. What a branch or an iteration assigns ends with it.
    pub(crate) variables: Arc<Variables>,
}

/// What a state leaves, and the state that is next if one is.
pub(crate) type Step<'r> = (Left, Option<&'r str>);

impl Run {
    pub(crate) fn new(
        shared: Arc<Shared>,
        machine: Arc<Machine>,
        execution: Arc<ExecutionContext>,
        deadline: Option<Timestamp>,
    ) -> Run {
        Run { shared, execution, deadline, machine }
    }

    /// Runs the execution to its end. Dropping this future ends whatever it was doing.
    pub(crate) async fn drive(self) {
        let thread = Thread { previous: 0, item: None, variables: Arc::default() };
        let end = tokio::select! {
            biased;
            () = self.sleep_until(self.deadline) => End::TimedOut,
            result = self.flow(&self.machine.flow, self.execution.input.clone(), thread) => match result {
                Ok(output) => End::Succeeded(output),
                Err(failure) => End::Failed(failure),
            },
        };
        if self.shared.finish(&self.execution.execution_arn, end).is_err() {
            tracing::error!(execution.name = self.execution.name, "an execution ended that the engine does not know");
        }
    }

    /// Sleeps on the engine's clock; forever without a deadline.
    pub(crate) async fn sleep_until(&self, deadline: Option<Timestamp>) {
        match deadline {
            Some(deadline) => self.shared.clock.sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// Runs the states of a flow, from its start to a state that ends it.
    pub(crate) fn flow<'r>(
        &'r self,
        flow: &'r Flow,
        input: Value,
        mut thread: Thread,
    ) -> BoxFuture<'r, Result<Value, Failure>> {
        Box::pin(async move {
            let mut data = input;
            let mut name = flow.start_at.as_str();
            loop {
                // States that wait for nothing may form a loop, which must not keep the others from running.
                tokio::task::yield_now().await;
                let state =
                    flow.states.get(name).ok_or_else(|| Failure::runtime(format!("There is no state {name}")))?;
                let (output, next) = self.state(name, state, data, &mut thread).await?;
                data = output;
                match next {
                    Some(next) => name = next,
                    None => return Ok(data),
                }
            }
        })
    }

    async fn state<'r>(
        &'r self,
        name: &'r str,
        state: &'r State,
        input: Value,
        thread: &mut Thread,
    ) -> Result<(Value, Option<&'r str>), Failure> {
        let (entered, exited) = event_kinds(&state.body);
        self.record(thread, entered, Some(name), json!({ "input": input }))?;
        let context = Context {
            execution: Arc::clone(&self.execution),
            clock: self.shared.clock.clone(),
            variables: Arc::clone(&thread.variables),
            state: name.to_owned(),
            entered: self.shared.clock.now(),
            retry_count: 0,
            token: None,
            item: thread.item.clone(),
        };
        let (left, next) = match &state.body {
            Body::Work(work) => {
                Visit { run: self, name, state, thread: &mut *thread, context }.work(work, &input).await?
            }
            Body::Choice(choice) => choose(choice, state, &input, &context)?,
            Body::Pass(pass) => (pass_on(pass, state, &input, &context)?, pass.then.next()),
            Body::Wait { until, then } => {
                let effective = state.input.apply(&Scope::new(&input, &context))?;
                let end = self.end_of_wait(until, &Scope::new(&effective, &context))?;
                self.sleep_until(Some(end)).await;
                (state.exit.leave(&input, effective, &context)?, then.next())
            }
            Body::Succeed => {
                let effective = state.input.apply(&Scope::new(&input, &context))?;
                (state.exit.leave(&input, effective, &context)?, None)
            }
            Body::Fail { error, cause } => return Err(failure_of(error.as_ref(), cause.as_ref(), &input, &context)),
        };
        let Left { output, assigned } = left;
        within_data_limit(&output, &format!("output of the state '{name}'"))?;
        if let Some(exited) = exited {
            let mut details = json!({ "output": output });
            if !assigned.is_empty() {
                details["assignedVariables"] = json!(assigned);
            }
            self.record(thread, exited, Some(name), details)?;
        }
        if !assigned.is_empty() {
            Arc::make_mut(&mut thread.variables).extend(assigned);
        }
        Ok((output, next))
    }

    /// Records an event of a thread, which the next one then follows from.
    pub(crate) fn record(
        &self,
        thread: &mut Thread,
        kind: HistoryKind,
        state: Option<&str>,
        details: Value,
    ) -> Result<(), Failure> {
        let event = NewEvent { previous: thread.previous, kind, state, details };
        thread.previous = self.shared.record(&self.execution.execution_arn, event)?;
        Ok(())
    }

    fn end_of_wait(&self, until: &Until, scope: &Scope<'_>) -> Result<Timestamp, Failure> {
        let in_seconds = |seconds| after(self.shared.clock.now(), seconds).unwrap_or(Timestamp::MAX);
        match until {
            Until::Seconds(seconds) => Ok(in_seconds(*seconds)),
            Until::SecondsQuery(query) => query.whole(scope, 0, MAX_SECONDS).map(in_seconds),
            Until::Timestamp(end) => Ok(*end),
            Until::TimestampQuery(query) => query.evaluate_to(scope, "an RFC 3339 timestamp", timestamp),
            Until::SecondsPath(path) => path
                .find_or_fail(scope)?
                .as_u64()
                .and_then(|seconds| u32::try_from(seconds).ok())
                .map(in_seconds)
                .ok_or_else(|| Failure::runtime(format!("The SecondsPath {path} does not give a number of seconds"))),
            Until::TimestampPath(path) => timestamp(&path.find_or_fail(scope)?)
                .ok_or_else(|| Failure::runtime(format!("The TimestampPath {path} does not give a timestamp"))),
        }
    }
}

fn event_kinds(body: &Body) -> (HistoryKind, Option<HistoryKind>) {
    let (entered, exited) = match body {
        Body::Work(work) => match &work.job {
            Job::Task(_) => (HistoryKind::TaskStateEntered, HistoryKind::TaskStateExited),
            Job::Parallel(_) => (HistoryKind::ParallelStateEntered, HistoryKind::ParallelStateExited),
            Job::Map(_) => (HistoryKind::MapStateEntered, HistoryKind::MapStateExited),
        },
        Body::Choice(_) => (HistoryKind::ChoiceStateEntered, HistoryKind::ChoiceStateExited),
        Body::Pass(_) => (HistoryKind::PassStateEntered, HistoryKind::PassStateExited),
        Body::Wait { .. } => (HistoryKind::WaitStateEntered, HistoryKind::WaitStateExited),
        Body::Succeed => (HistoryKind::SucceedStateEntered, HistoryKind::SucceedStateExited),
        Body::Fail { .. } => return (HistoryKind::FailStateEntered, None),
    };
    (entered, Some(exited))
}

fn choose<'r>(choice: &'r Choice, state: &State, input: &Value, context: &Context) -> Result<Step<'r>, Failure> {
    let effective = state.input.apply(&Scope::new(input, context))?;
    let scope = Scope::new(&effective, context);
    for alternative in &choice.alternatives {
        let holds = match &alternative.condition {
            Condition::Rule(rule) => rule.holds(&scope)?,
            Condition::Query(query) => query.evaluate_to(&scope, "true or false", Value::as_bool)?,
        };
        if holds {
            let left = alternative.exit.leave(input, effective.clone(), context)?;
            return Ok((left, Some(&alternative.next)));
        }
    }
    let Some(default) = &choice.default else {
        let cause = format!("The choice state '{}' has no rule that matches and no Default", context.state);
        return Err(Failure::new(NO_CHOICE_MATCHED, cause));
    };
    Ok((state.exit.leave(input, effective.clone(), context)?, Some(default)))
}

fn pass_on(pass: &Pass, state: &State, input: &Value, context: &Context) -> Result<Left, Failure> {
    let effective = state.input.apply(&Scope::new(input, context))?;
    let effective = match &pass.parameters {
        Some(parameters) => parameters.evaluate(&Scope::new(&effective, context))?,
        None => effective,
    };
    state.exit.leave(input, pass.result.clone().unwrap_or(effective), context)
}

/// The failure that a `Fail` state stands for; what gives no string is a failure of its own.
fn failure_of(error: Option<&Text>, cause: Option<&Text>, input: &Value, context: &Context) -> Failure {
    let scope = Scope::new(input, context);
    let read = |text: Option<&Text>| match text {
        None => Ok(None),
        Some(Text::Literal(text)) => Ok(Some(text.clone())),
        Some(Text::Path(path)) => match path.find_or_fail(&scope)? {
            Value::String(text) => Ok(Some(text)),
            _ => Err(Failure::runtime(format!("The path {path} of a Fail state does not give a string"))),
        },
        Some(Text::Query(query)) => {
            query.evaluate_to(&scope, "a string", |value| value.as_str().map(str::to_owned)).map(Some)
        }
    };
    match (read(error), read(cause)) {
        (Ok(error), Ok(cause)) => Failure::stated(error.unwrap_or_default(), cause),
        (Err(failure), _) | (_, Err(failure)) => failure,
    }
}
