//! `Task` states: calls a function and, where the resource says so, waits until somebody sends the task token back.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use crate::attempts::Visit;
use crate::errors::Failure;
use crate::executions::{Shared, after};
use crate::fields::MAX_SECONDS;
use crate::function::{FunctionError, plain_function_name, queue_name};
use crate::history::HistoryKind;
use crate::limits::within_data_limit;
use crate::machine::{Resource, Seconds, Task};
use crate::mocks::MockedResponse;
use crate::run::Run;
use crate::tokens::{Deadlines, Outcome, TaskFate, TokenError, new_token};

type Running = JoinHandle<Result<Value, FunctionError>>;

/// The events of a task, which AWS names after the way the function is called.
struct Events {
    scheduled: HistoryKind,
    started: HistoryKind,
    succeeded: HistoryKind,
    failed: HistoryKind,
    timed_out: HistoryKind,
}

const LAMBDA_EVENTS: Events = Events {
    scheduled: HistoryKind::LambdaFunctionScheduled,
    started: HistoryKind::LambdaFunctionStarted,
    succeeded: HistoryKind::LambdaFunctionSucceeded,
    failed: HistoryKind::LambdaFunctionFailed,
    timed_out: HistoryKind::LambdaFunctionTimedOut,
};

const TASK_EVENTS: Events = Events {
    scheduled: HistoryKind::TaskScheduled,
    started: HistoryKind::TaskStarted,
    succeeded: HistoryKind::TaskSucceeded,
    failed: HistoryKind::TaskFailed,
    timed_out: HistoryKind::TaskTimedOut,
};

/// A task that waits for its token. When this is dropped, because the task or all around it ended, the token is
/// closed.
struct OpenTask<'r> {
    shared: &'r Shared,
    token: Arc<str>,
}

impl Drop for OpenTask<'_> {
    fn drop(&mut self) {
        let now = self.shared.clock.now();
        self.shared.lock().tokens.close(&self.token, TaskFate::Aborted, now);
    }
}

impl<'r> Visit<'r, '_> {
    /// One attempt of a task.
    pub(crate) async fn task(&mut self, task: &Task, input: Value) -> Outcome {
        let timeout = self.seconds(&task.timeout, &input)?;
        let heartbeat = self.seconds(&task.heartbeat, &input)?;
        if task.resource.waits_for_token() {
            // Each attempt gets a token of its own.
            self.context.token = Some(new_token());
        }
        let parameters = match &task.parameters {
            Some(parameters) => parameters.evaluate(&self.scope(&input))?,
            None => input,
        };
        within_data_limit(&parameters, &format!("input of the task '{}'", self.name))?;
        let scheduled = scheduled_details(task, (timeout, heartbeat), &parameters);
        let events = match task.resource {
            Resource::Function { .. } => LAMBDA_EVENTS,
            Resource::Invoke | Resource::InvokeAndWait | Resource::SendAndWait | Resource::Other { .. } => TASK_EVENTS,
        };
        if let Some(mock) = &task.mock {
            return self.mocked(task, mock, &events, scheduled);
        }
        let (function, payload) = match &task.resource {
            Resource::Function { arn } => (arn.clone(), parameters),
            Resource::Invoke | Resource::InvokeAndWait => function_and_payload(parameters)?,
            Resource::SendAndWait => queue_and_message(parameters)?,
            Resource::Other { resource } => return Err(Failure::runtime(format!("{resource} does not run here"))),
        };
        let deadline = timeout.and_then(|seconds| after(self.run.shared.clock.now(), seconds));
        self.record(events.scheduled, scheduled)?;
        let open = self.open_token(heartbeat, deadline);
        self.record(events.started, details_of(task))?;
        let outcome = match (self.run.shared.call(&function, payload), open) {
            (Err(failure), _) => Err(failure),
            (Ok(call), Some((open, outcome))) => self.called_back(task, call, outcome, &open.token).await?,
            (Ok(call), None) => self.returned(task, call, deadline).await,
        };
        let outcome = self.within_limit(outcome);
        self.record_outcome(task, &events, &outcome)?;
        outcome
    }

    /// One attempt of a task whose mock answers: what it would call is not called, and the rest is as ever.
    fn mocked(&mut self, task: &Task, mock: &MockedResponse, events: &Events, scheduled: Value) -> Outcome {
        self.record(events.scheduled, scheduled)?;
        self.record(events.started, details_of(task))?;
        let outcome = self.within_limit(mock.reply(self.name, self.context.retry_count));
        self.record_outcome(task, events, &outcome)?;
        outcome
    }

    fn within_limit(&self, outcome: Outcome) -> Outcome {
        let output = outcome?;
        within_data_limit(&output, &format!("result of the task '{}'", self.name))?;
        Ok(output)
    }

    fn seconds(&self, seconds: &Seconds, input: &Value) -> Result<Option<u32>, Failure> {
        let path = match seconds {
            Seconds::Never => return Ok(None),
            Seconds::Fixed(seconds) => return Ok(Some(*seconds)),
            Seconds::Query(query) => return query.whole(&self.scope(input), 1, MAX_SECONDS).map(Some),
            Seconds::Path(path) => path,
        };
        let seconds = path.find_or_fail(&self.scope(input))?.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
        match seconds {
            Some(seconds @ 1..=MAX_SECONDS) => Ok(Some(seconds)),
            _ => {
                let cause = format!("The TimeoutSecondsPath {path} does not give a number from 1 to {MAX_SECONDS}");
                Err(Failure::runtime(cause))
            }
        }
    }

    /// Puts the token of this attempt into the table, if the task has one.
    fn open_token(
        &self,
        heartbeat: Option<u32>,
        deadline: Option<Timestamp>,
    ) -> Option<(OpenTask<'r>, oneshot::Receiver<Outcome>)> {
        let token = self.context.token.as_ref()?;
        let heartbeat = heartbeat.map(|seconds| SignedDuration::from_secs(i64::from(seconds)));
        let deadlines = Deadlines { task: deadline, heartbeat, execution: self.run.deadline };
        let run: &'r Run = self.run;
        let shared = &*run.shared;
        let arn = &run.execution.execution_arn;
        let outcome = shared.lock().open_token(arn, (token, self.thread.previous), deadlines, shared.clock.now());
        Some((OpenTask { shared, token: Arc::clone(token) }, outcome))
    }

    /// Waits for the function.
    async fn returned(&self, task: &Task, mut call: Running, deadline: Option<Timestamp>) -> Outcome {
        let result = tokio::select! {
            biased;
            () = self.run.sleep_until(deadline) => return Err(Failure::timed_out()),
            joined = &mut call => function_result(joined),
        };
        // The timer of a real clock may be a moment late.
        if deadline.is_some_and(|deadline| deadline <= self.run.shared.clock.now()) {
            return Err(Failure::timed_out());
        }
        result.map(|output| match task.resource {
            Resource::Function { .. } => output,
            _ => invoke_result(output),
        })
    }

    /// Waits for the callback, or for the function to fail: AWS then fails the task at once. `Err` outside means that
    /// the history is full.
    async fn called_back(
        &mut self,
        task: &Task,
        mut call: Running,
        mut outcome: oneshot::Receiver<Outcome>,
        token: &str,
    ) -> Result<Outcome, Failure> {
        let run = self.run;
        let mut called = false;
        loop {
            let deadline = run.shared.expire(token);
            tokio::select! {
                biased;
                joined = &mut call, if !called => {
                    called = true;
                    match function_result(joined) {
                        Ok(output) => {
                            let mut details = details_of(task);
                            details["output"] = match task.resource {
                                Resource::SendAndWait => output,
                                _ => invoke_result(output),
                            };
                            self.record(HistoryKind::TaskSubmitted, details)?;
                        }
                        // Refused when the callback came first, which then counts.
                        Err(failure) => drop(run.shared.complete(token, Err(failure))),
                    }
                }
                received = &mut outcome => match received {
                    Ok(outcome) => return Ok(outcome),
                    // The whole execution has ended, and this future is about to be dropped.
                    Err(_) => std::future::pending().await,
                },
                () = run.sleep_until(deadline) => {}
            }
        }
    }

    fn record_outcome(&mut self, task: &Task, events: &Events, outcome: &Outcome) -> Result<(), Failure> {
        let mut details = details_of(task);
        let kind = match outcome {
            Ok(output) => {
                details["output"] = output.clone();
                events.succeeded
            }
            Err(failure) => {
                details["error"] = Value::from(failure.error.as_str());
                if let Some(cause) = &failure.cause {
                    details["cause"] = Value::from(cause.as_str());
                }
                if failure.is_timeout() { events.timed_out } else { events.failed }
            }
        };
        self.record(kind, details)
    }
}

impl Shared {
    /// Completes a waiting task.
    pub(crate) fn complete(&self, token: &str, outcome: Outcome) -> Result<(), TokenError> {
        let mut world = self.lock();
        world.tokens.complete(token, outcome, self.clock.now())
    }

    /// Times a task out if it is due; otherwise says when to look again.
    fn expire(&self, token: &str) -> Option<Timestamp> {
        let mut world = self.lock();
        world.tokens.expire(token, self.clock.now())
    }

    /// Calls a function in a task of its own: like a Lambda function, it runs on when nobody waits for it any more.
    fn call(&self, function: &str, payload: Value) -> Result<Running, Failure> {
        let name = plain_function_name(function);
        let function =
            self.lock().functions.get(name).cloned().ok_or_else(|| {
                Failure::new("Lambda.ResourceNotFoundException", format!("Function not found: {name}"))
            })?;
        Ok(tokio::spawn(async move { function(payload).await }))
    }
}

fn function_and_payload(parameters: Value) -> Result<(String, Value), Failure> {
    let Value::Object(mut parameters) = parameters else {
        return Err(Failure::runtime("What lambda:invoke is called with is not an object"));
    };
    match parameters.remove("FunctionName") {
        Some(Value::String(name)) => Ok((name, parameters.remove("Payload").unwrap_or_else(|| json!({})))),
        _ => Err(Failure::runtime("The FunctionName of lambda:invoke is not a string")),
    }
}

/// The queue by its name, and the message as text: what is no text is sent as JSON.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html>
fn queue_and_message(parameters: Value) -> Result<(String, Value), Failure> {
    let Value::Object(mut parameters) = parameters else {
        return Err(Failure::runtime("What sqs:sendMessage is called with is not an object"));
    };
    let Some(Value::String(url)) = parameters.remove("QueueUrl") else {
        return Err(Failure::runtime("The QueueUrl of sqs:sendMessage is not a string"));
    };
    let body = match parameters.remove("MessageBody") {
        Some(Value::String(text)) => text,
        Some(body) => body.to_string(),
        None => return Err(Failure::runtime("There is no MessageBody for sqs:sendMessage")),
    };
    Ok((queue_name(&url).to_owned(), Value::String(body)))
}

/// What a function returned, or its failure in the form in which Lambda reports it.
fn function_result(joined: Result<Result<Value, FunctionError>, JoinError>) -> Outcome {
    match joined {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => {
            let cause = json!({ "errorMessage": error.message, "errorType": error.error_type });
            Err(Failure::new(error.error_type, cause.to_string()))
        }
        Err(_) => Err(Failure::new("Lambda.Unknown", "The function ended without a result")),
    }
}

/// What `lambda:invoke` makes of the result of a function.
pub(crate) fn invoke_result(output: Value) -> Value {
    json!({ "ExecutedVersion": "$LATEST", "Payload": output, "StatusCode": 200 })
}

/// What every event of a task tells.
fn details_of(task: &Task) -> Value {
    match &task.resource {
        Resource::Function { arn } => json!({ "resource": arn }),
        Resource::Invoke => json!({ "resourceType": "lambda", "resource": "invoke" }),
        Resource::InvokeAndWait => json!({ "resourceType": "lambda", "resource": "invoke.waitForTaskToken" }),
        Resource::SendAndWait => json!({ "resourceType": "sqs", "resource": "sendMessage.waitForTaskToken" }),
        Resource::Other { resource } => match resource.split_once(":::").and_then(|(_, rest)| rest.rsplit_once(':')) {
            Some((service, action)) => json!({ "resourceType": service, "resource": action }),
            None => json!({ "resource": resource }),
        },
    }
}

fn scheduled_details(task: &Task, (timeout, heartbeat): (Option<u32>, Option<u32>), parameters: &Value) -> Value {
    let mut details = details_of(task);
    let field = match task.resource {
        Resource::Function { .. } => "input",
        _ => "parameters",
    };
    details[field] = parameters.clone();
    if let Some(seconds) = timeout {
        details["timeoutInSeconds"] = Value::from(seconds);
    }
    if let Some(seconds) = heartbeat {
        details["heartbeatInSeconds"] = Value::from(seconds);
    }
    details
}
