//! Reads the states of a definition, each kind with exactly the fields that the engine supports.

use serde_json::Value;

use crate::choice::timestamp;
use crate::exit::{Exit, Output};
use crate::fields::{Fields, Language, text};
use crate::jsonata::Offers;
use crate::load::parse_flow;
use crate::machine::{
    Alternative, Body, Choice, Condition, Flow, Items, Job, Limit, Map, Parallel, Pass, State, Text, Transition, Until,
    Work,
};
use crate::paths::{Filter, ResultPath};
use crate::problem::Report;
use crate::recovery::parse_recovery;
use crate::rules::parse_rule;
use crate::tasks::parse_task;
use crate::template::Template;

/// Reads one state of a machine in this language. `None` when too little of it is readable to know where it leads.
pub(crate) fn parse_state(report: &Report, name: &str, object: &Value, of_machine: Language) -> Option<State> {
    let fields = Fields::new(report, Some(name), String::new(), object)?.with_language(of_machine);
    let kind = fields.required_string("Type")?;
    let input = match fields.language() {
        Language::JsonPath if kind != "Fail" => fields.filter("InputPath"),
        _ => Filter::Everything,
    };
    let exit = exit(&fields, kind);
    let body = match kind {
        "Task" => work(&fields, parse_task(&fields).map(Job::Task)),
        "Parallel" => work(&fields, Some(Job::Parallel(parallel(&fields, of_machine)))),
        "Map" => work(&fields, map(&fields, of_machine).map(Job::Map)),
        "Choice" => Some(Body::Choice(choice(&fields, &exit))),
        "Pass" => Some(Body::Pass(Box::new(pass(&fields)))),
        "Wait" => wait(&fields),
        "Succeed" => Some(Body::Succeed),
        "Fail" => Some(fail(&fields)),
        _ => {
            fields.problem("Type", format!("{kind} is not supported"));
            return None;
        }
    };
    fields.finish();
    Some(State { input, body: body?, exit })
}

/// Reads how a state of this kind is left.
fn exit(fields: &Fields<'_>, kind: &str) -> Exit {
    let gives_result = matches!(kind, "Task" | "Parallel" | "Map");
    let offers = if gives_result { Offers::Result } else { Offers::Nothing };
    let output = match fields.language() {
        _ if kind == "Fail" => Output::Query { template: None, offers },
        Language::Jsonata => fields.output(offers),
        Language::JsonPath => Output::Paths {
            selector: if gives_result { fields.template("ResultSelector", offers) } else { None },
            path: if gives_result || kind == "Pass" { fields.result_path() } else { ResultPath::Replace },
            filter: fields.filter("OutputPath"),
        },
    };
    let assign = if matches!(kind, "Fail" | "Succeed") { None } else { fields.assign(offers) };
    Exit { output, assign }
}

/// What `Task`, `Parallel` and `Map` have in common; it is read, and so checked, even when the rest is not readable.
fn work(fields: &Fields<'_>, job: Option<Job>) -> Option<Body> {
    let recovery = parse_recovery(fields);
    let then = transition(fields);
    Some(Body::Work(Box::new(Work { job: job?, recovery, then })))
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

fn parallel(fields: &Fields<'_>, of_machine: Language) -> Parallel {
    if !fields.has("Branches") {
        fields.problem("Branches", "is missing");
    }
    let branches = fields.list("Branches");
    Parallel {
        branches: branches.into_iter().filter_map(|branch| finished_flow(branch, of_machine)).collect(),
        parameters: fields.template(parameters(fields), Offers::Nothing),
    }
}

/// The name that the input of a state's work has in the language.
pub(crate) fn parameters(fields: &Fields<'_>) -> &'static str {
    match fields.language() {
        Language::JsonPath => "Parameters",
        Language::Jsonata => "Arguments",
    }
}

fn finished_flow(fields: Fields<'_>, of_machine: Language) -> Option<Flow> {
    let flow = parse_flow(&fields, of_machine);
    fields.finish();
    flow
}

fn map(fields: &Fields<'_>, of_machine: Language) -> Option<Map> {
    let processor = exactly_one(fields, &["ItemProcessor", "Iterator"])
        .and_then(|field| fields.inner(field, fields.get(field)?))
        .and_then(|inner| {
            processor_config(&inner);
            finished_flow(inner, of_machine)
        });
    let selector = fields.template("ItemSelector", Offers::Nothing);
    let (items, old_selector) = match fields.language() {
        Language::JsonPath => (fields.reference("ItemsPath").map(Items::Path), old_selector(fields)),
        Language::Jsonata => (items(fields), None),
    };
    Some(Map {
        items: items.unwrap_or(Items::Input),
        item_selector: selector.or(old_selector),
        max_concurrency: limit(fields),
        processor: processor?,
    })
}

fn old_selector(fields: &Fields<'_>) -> Option<Template> {
    if fields.has("ItemSelector") && fields.has("Parameters") {
        fields.problem("Parameters", "is the old name of ItemSelector, which is there too");
    }
    fields.template("Parameters", Offers::Nothing)
}

/// What is no list, no object and no expression can be neither of the first two.
fn items(fields: &Fields<'_>) -> Option<Items> {
    let template = fields.template("Items", Offers::Nothing)?;
    if let Template::Literal(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) = template {
        fields.problem("Items", "must be an array, an object or an expression that gives one");
    }
    Some(Items::Template(template))
}

fn limit(fields: &Fields<'_>) -> Limit {
    if fields.is_query("MaxConcurrency") {
        return fields.query("MaxConcurrency").map_or(Limit::Fixed(0), Limit::Query);
    }
    Limit::Fixed(fields.whole("MaxConcurrency", 0).unwrap_or(0))
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

fn choice(fields: &Fields<'_>, exit: &Exit) -> Choice {
    if !fields.has("Choices") {
        fields.problem("Choices", "is missing");
    }
    let mut alternatives = Vec::new();
    for entry in fields.list("Choices") {
        let next = entry.required_string("Next").map(str::to_owned);
        let output = match &exit.output {
            Output::Paths { filter, .. } => {
                Output::Paths { selector: None, path: ResultPath::Replace, filter: filter.clone() }
            }
            Output::Query { .. } => entry.output(Offers::Nothing),
        };
        let exit = Exit { output, assign: entry.assign(Offers::Nothing) };
        if let Some((condition, next)) = condition(&entry).zip(next) {
            alternatives.push(Alternative { condition, exit, next });
        }
        entry.finish();
    }
    Choice { alternatives, default: fields.string("Default").map(str::to_owned) }
}

fn condition(entry: &Fields<'_>) -> Option<Condition> {
    match entry.language() {
        Language::JsonPath => parse_rule(entry).map(Condition::Rule),
        Language::Jsonata => {
            if !entry.is_query("Condition") {
                entry.problem("Condition", "must be there as an expression that gives true or false");
            }
            entry.query("Condition").map(Condition::Query)
        }
    }
}

fn pass(fields: &Fields<'_>) -> Pass {
    let (parameters, result) = match fields.language() {
        Language::JsonPath => (fields.template("Parameters", Offers::Nothing), fields.get("Result").cloned()),
        Language::Jsonata => (None, None),
    };
    Pass { parameters, result, then: transition(fields) }
}

fn wait(fields: &Fields<'_>) -> Option<Body> {
    let names: &[_] = match fields.language() {
        Language::JsonPath => &["Seconds", "SecondsPath", "Timestamp", "TimestampPath"],
        Language::Jsonata => &["Seconds", "Timestamp"],
    };
    let until = match exactly_one(fields, names) {
        Some(field @ "Seconds") if fields.is_query(field) => fields.query(field).map(Until::SecondsQuery),
        Some(field @ "Timestamp") if fields.is_query(field) => fields.query(field).map(Until::TimestampQuery),
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
    Body::Fail { error: words(fields, "Error", "ErrorPath"), cause: words(fields, "Cause", "CausePath") }
}

fn words(fields: &Fields<'_>, plain: &'static str, path: &'static str) -> Option<Text> {
    if fields.is_query(plain) {
        return fields.query(plain).map(Text::Query);
    }
    let literal = fields.read(plain, text).map(|text| Text::Literal(text.to_owned()));
    if fields.language() == Language::Jsonata {
        return literal;
    }
    if fields.has(plain) && fields.has(path) {
        fields.problem(path, format!("is there beside {plain}"));
    }
    literal.or(fields.reference(path).map(Text::Path))
}
