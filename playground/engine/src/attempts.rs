//! One visit to a `Task`, `Parallel` or `Map` state: attempts, retries, and the catch when none is left.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryFutureExt, TryStreamExt, stream};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::context::{Context, MapItem, Scope};
use crate::errors::{Failure, QUERY_EVALUATION_ERROR, RUNTIME};
use crate::exit::{Left, Output};
use crate::fields::MAX_SECONDS;
use crate::history::HistoryKind;
use crate::machine::{Items, Job, Limit, Map, Parallel, State, Work};
use crate::retry::Retries;
use crate::run::{Run, Step, Thread};

/// A state that is being visited.
pub(crate) struct Visit<'r, 't> {
    pub(crate) run: &'r Run,
    pub(crate) name: &'r str,
    pub(crate) state: &'r State,
    pub(crate) thread: &'t mut Thread,
    pub(crate) context: Context,
}

type Branch<'b> = BoxFuture<'b, Result<Value, Failure>>;

impl<'r> Visit<'r, '_> {
    /// Does the work of the state until it succeeds, is caught or fails for good.
    pub(crate) async fn work(&mut self, work: &'r Work, input: &Value) -> Result<Step<'r>, Failure> {
        let mut retries = Retries::new(&work.recovery);
        loop {
            self.context.retry_count = retries.count();
            let failure = match self.attempt(work, input).await {
                Ok(left) => return Ok((left, work.then.next())),
                Err(failure) => failure,
            };
            if let Some(delay) = retries.next_delay(&failure) {
                self.sleep(delay).await;
                continue;
            }
            let Some(catcher) = work.recovery.catcher(&failure) else {
                return Err(failure);
            };
            let left = catcher.exit.leave(input, failure.to_output(), &self.context)?;
            return Ok((left, Some(&catcher.next)));
        }
    }

    async fn attempt(&mut self, work: &'r Work, input: &Value) -> Result<Left, Failure> {
        let effective = self.state.input.apply(&self.scope(input))?;
        let result = match &work.job {
            Job::Task(task) => self.task(task, effective).await?,
            Job::Parallel(parallel) => self.parallel(parallel, effective).await?,
            Job::Map(map) => self.map(map, effective).await?,
        };
        self.state.exit.leave(input, result, &self.context)
    }

    pub(crate) fn scope<'s>(&'s self, data: &'s Value) -> Scope<'s> {
        Scope::new(data, &self.context)
    }

    pub(crate) fn record(&mut self, kind: HistoryKind, details: Value) -> Result<(), Failure> {
        self.run.record(self.thread, kind, Some(self.name), details)
    }

    async fn sleep(&self, delay: SignedDuration) {
        let end = self.run.shared.clock.now().checked_add(delay);
        self.run.sleep_until(end.ok()).await;
    }

    async fn parallel(&mut self, parallel: &'r Parallel, input: Value) -> Result<Value, Failure> {
        let input = match &parallel.parameters {
            Some(parameters) => parameters.evaluate(&self.scope(&input))?,
            None => input,
        };
        self.record(HistoryKind::ParallelStateStarted, json!({}))?;
        let run = self.run;
        let branches = parallel.branches.iter().map(|branch| run.flow(branch, input.clone(), self.thread.clone()));
        let results = all_or_first_failure(branches.collect(), 0).await;
        self.record_end(&results, HistoryKind::ParallelStateSucceeded, HistoryKind::ParallelStateFailed)?;
        results
    }

    async fn map(&mut self, map: &'r Map, input: Value) -> Result<Value, Failure> {
        let items = self.items(map, &input)?;
        let limit = match &map.max_concurrency {
            Limit::Fixed(limit) => *limit,
            Limit::Query(query) => query.whole(&self.scope(&input), 0, MAX_SECONDS)?,
        };
        self.record(HistoryKind::MapStateStarted, json!({ "length": items.len() }))?;
        let mut iterations: Vec<Branch<'_>> = Vec::with_capacity(items.len());
        for item in items {
            let item = Arc::new(item);
            let iteration =
                Iteration { run: self.run, name: self.name, map, context: self.context.clone(), input: &input };
            let thread = Thread { item: Some(Arc::clone(&item)), ..self.thread.clone() };
            iterations.push(Box::pin(iteration.go(item, thread)));
        }
        let results = all_or_first_failure(iterations, limit).await;
        self.record_end(&results, HistoryKind::MapStateSucceeded, HistoryKind::MapStateFailed)?;
        results
    }

    /// Of an object, each entry is an item.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html>
    fn items(&self, map: &Map, input: &Value) -> Result<Vec<MapItem>, Failure> {
        let items = match &map.items {
            Items::Input => input.clone(),
            Items::Path(path) => path.find_or_fail(&self.scope(input))?,
            Items::Template(template) => template.evaluate(&self.scope(input))?,
        };
        match items {
            Value::Array(items) => {
                Ok(items.into_iter().enumerate().map(|(index, value)| MapItem { index, key: None, value }).collect())
            }
            Value::Object(entries) => {
                let entries = entries.into_iter().enumerate();
                Ok(entries.map(|(index, (key, value))| MapItem { index, key: Some(key), value }).collect())
            }
            _ => {
                let cause = format!("The items of the Map state '{}' are no array and no object", self.name);
                let error = match self.state.exit.output {
                    Output::Paths { .. } => RUNTIME,
                    Output::Query { .. } => QUERY_EVALUATION_ERROR,
                };
                Err(Failure::new(error, cause))
            }
        }
    }

    fn record_end(
        &mut self,
        results: &Result<Value, Failure>,
        succeeded: HistoryKind,
        failed: HistoryKind,
    ) -> Result<(), Failure> {
        match results {
            Ok(_) => self.record(succeeded, json!({})),
            Err(failure) => self.record(failed, failure.to_details()),
        }
    }
}

/// One iteration of a `Map` state.
struct Iteration<'r> {
    run: &'r Run,
    name: &'r str,
    map: &'r Map,
    context: Context,
    input: &'r Value,
}

impl Iteration<'_> {
    async fn go(mut self, item: Arc<MapItem>, mut thread: Thread) -> Result<Value, Failure> {
        let details = json!({ "index": item.index });
        self.run.record(&mut thread, HistoryKind::MapIterationStarted, Some(self.name), details.clone())?;
        self.context.item = Some(Arc::clone(&item));
        let input = match &self.map.item_selector {
            Some(selector) => selector.evaluate(&Scope::new(self.input, &self.context)),
            None => Ok(item.to_input()),
        };
        let result = match input {
            Ok(input) => self.run.flow(&self.map.processor, input, thread.clone()).await,
            Err(failure) => Err(failure),
        };
        let kind = match &result {
            Ok(_) => HistoryKind::MapIterationSucceeded,
            Err(_) => HistoryKind::MapIterationFailed,
        };
        self.run.record(&mut thread, kind, Some(self.name), details)?;
        result
    }
}

/// Runs the branches side by side, at most `limit` at a time (0 is no limit), and gives their results in order. The
/// first failure drops the other branches, which closes the tasks they wait for.
async fn all_or_first_failure(branches: Vec<Branch<'_>>, limit: u32) -> Result<Value, Failure> {
    let limit = if limit == 0 { branches.len().max(1) } else { usize::try_from(limit).unwrap_or(usize::MAX) };
    let numbered: Vec<BoxFuture<'_, _>> = branches
        .into_iter()
        .enumerate()
        .map(|(place, branch)| branch.map_ok(move |result| (place, result)).boxed())
        .collect();
    let mut results: Vec<(usize, Value)> = stream::iter(numbered).buffer_unordered(limit).try_collect().await?;
    results.sort_by_key(|(place, _)| *place);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
