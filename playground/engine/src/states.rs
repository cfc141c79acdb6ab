//! Reads the states of a definition, each kind with exactly the fields that the engine supports.

use serde_json::Value;

use crate::choice::timestamp;
use crate::fields::{Fields, text};
use crate::load::parse_flow;
use crate::machine::{Body, Choice, Flow, Job, Map, Parallel, Pass, Results, State, Text, Transition, Until, Work};
use crate::paths::Filter;
use crate::problem::Report;
use crate::recovery::parse_recovery;
use crate::rules::parse_rule;
use crate::tasks::parse_task;

/// Reads one state. `None` when too little of it is readable to know where it leads.
pub(crate) fn parse_state(report: &Report, name: &str, object: &Value) -> Option<State> {
    let fields = Fields::new(report, Some(name), String::new(), object)?;
    let kind = fields.required_string("Type")?;
    fields.only_json_path();
    if kind == "Fail" {
        let body = fail(&fields);
        fields.finish();
        return Some(State { input: Filter::Everything, output: Filter::Everything, body });
    }
    let input = fields.filter("InputPath");
    let output = fields.filter("OutputPath");
    let body = match kind {
        "Task" => work(&fields, parse_task(&fields).map(Job::Task)),
        "Parallel" => work(&fields, Some(Job::Parallel(parallel(&fields)))),
        "Map" => work(&fields, map(&fields).map(Job::Map)),
        "Choice" => Some(Body::Choice(choice(&fields))),
        "Pass" => Some(Body::Pass(Box::new(pass(&fields)))),
        "Wait" => wait(&fields),
        "Succeed" => Some(Body::Succeed),
        _ => {
            fields.problem("Type", format!("{kind} is not supported"));
            return None;
        }
    };
    fields.finish();
    Some(State { input, output, body: body? })
}

/// What `Task`, `Parallel` and `Map` have in common; it is read, and so checked, even when the rest is not readable.
fn work(fields: &Fields<'_>, job: Option<Job>) -> Option<Body> {
    let results = Results { selector: fields.template("ResultSelector"), path: fields.result_path() };
    let recovery = parse_recovery(fields);
    let then = transition(fields);
    Some(Body::Work(Box::new(Work { job: job?, results, recovery, then })))
}

/// `Next` or `End`, of which there must be exactly one.
fn transition(fields: &Fields<'_>) -> Transition {
    match (fields.string("Next"), fields.boolean("End")) {
        (Some(next), None | Some(false)) => Transition::Next(next.to_owned()),
        (None, Some(true)) => Transition::End,
        (Some(_), Some(true)) => {
            fields.problem_here("has both Next and End");
            Transition::End
        }
        (None, None | Some(false)) => {
            fields.problem_here("has neither Next nor End");
            Transition::End
        }
    }
}

/// Notes when there is not exactly one of `choices`; gives back the one there is.
fn exactly_one(fields: &Fields<'_>, choices: &[&'static str]) -> Option<&'static str> {
    let there: Vec<_> = choices.iter().copied().filter(|choice| fields.has(choice)).collect();
    if let [one] = there[..] {
        return Some(one);
    }
    for choice in choices {
        fields.get(choice);
    }
    fields.problem_here(format!("must have exactly one of {}", choices.join(", ")));
    None
}

fn parallel(fields: &Fields<'_>) -> Parallel {
    if !fields.has("Branches") {
        fields.problem("Branches", "is missing");
    }
    let branches = fields.list("Branches");
    Parallel {
        branches: branches.into_iter().filter_map(finished_flow).collect(),
        parameters: fields.template("Parameters"),
    }
}

fn finished_flow(fields: Fields<'_>) -> Option<Flow> {
    let flow = parse_flow(&fields);
    fields.finish();
    flow
}

fn map(fields: &Fields<'_>) -> Option<Map> {
    if fields.has("ItemSelector") && fields.has("Parameters") {
        fields.problem("Parameters", "is the old name of ItemSelector, which is there too");
    }
    let processor = exactly_one(fields, &["ItemProcessor", "Iterator"])
        .and_then(|field| fields.inner(field, fields.get(field)?))
        .and_then(|inner| {
            processor_config(&inner);
            finished_flow(inner)
        });
    let selector = fields.template("ItemSelector");
    let parameters = fields.template("Parameters");
    Some(Map {
        items: fields.reference("ItemsPath"),
        item_selector: selector.or(parameters),
        max_concurrency: fields.whole("MaxConcurrency", 0).unwrap_or(0),
        processor: processor?,
    })
}

/// Only the inline mode runs here.
fn processor_config(fields: &Fields<'_>) {
    let config = fields.get("ProcessorConfig").and_then(|config| fields.inner("ProcessorConfig", config));
    if let Some(config) = config {
        config.read("Mode", |mode| match mode.as_str() {
            Some("INLINE") => Ok(()),
            _ => Err(format!("{mode} is not supported, only INLINE")),
        });
        config.finish();
    }
}

fn choice(fields: &Fields<'_>) -> Choice {
    if !fields.has("Choices") {
        fields.problem("Choices", "is missing");
    }
    let mut rules = Vec::new();
    for entry in fields.list("Choices") {
        let next = entry.required_string("Next");
        let rule = parse_rule(&entry);
        rules.extend(rule.zip(next.map(str::to_owned)));
        entry.finish();
    }
    Choice { rules, default: fields.string("Default").map(str::to_owned) }
}

fn pass(fields: &Fields<'_>) -> Pass {
    Pass {
        parameters: fields.template("Parameters"),
        result: fields.get("Result").cloned(),
        path: fields.result_path(),
        then: transition(fields),
    }
}

fn wait(fields: &Fields<'_>) -> Option<Body> {
    let until = match exactly_one(fields, &["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]) {
        Some("Seconds") => fields.whole("Seconds", 0).map(Until::Seconds),
        Some("SecondsPath") => fields.reference("SecondsPath").map(Until::SecondsPath),
        Some("Timestamp") => {
            let read = |value| timestamp(value).ok_or_else(|| "must be an RFC 3339 timestamp".to_owned());
            fields.read("Timestamp", read).map(Until::Timestamp)
        }
        Some(_) => fields.reference("TimestampPath").map(Until::TimestampPath),
        None => None,
    };
    let then = transition(fields);
    Some(Body::Wait { until: until?, then })
}

fn fail(fields: &Fields<'_>) -> Body {
    for (plain, path) in [("Error", "ErrorPath"), ("Cause", "CausePath")] {
        if fields.has(plain) && fields.has(path) {
            fields.problem(path, format!("is there beside {plain}"));
        }
    }
    let literal = |field| fields.read(field, text).map(|text| Text::Literal(text.to_owned()));
    let path = |field| fields.reference(field).map(Text::Path);
    let error = (literal("Error"), path("ErrorPath"));
    let cause = (literal("Cause"), path("CausePath"));
    Body::Fail { error: error.0.or(error.1), cause: cause.0.or(cause.1) }
}
