//! From the text of a definition to a [`Machine`], or to everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use crate::fields::{Fields, Language};
use crate::limits::{ORIGIN, is_valid_name};
use crate::machine::{Flow, Machine};
use crate::problem::{Problem, Report};
use crate::setup::Setup;
use crate::states::parse_state;

/// Reads and checks a definition.
pub(crate) fn load(name: &str, definition: &str, setup: &Setup) -> Result<Machine, Vec<Problem>> {
    let report = Report::new(setup.clone());
    if !is_valid_name(name) {
        report.add(None, "", format!("{name:?} is not a valid name for a state machine"));
    }
    let mut definition: Value = match serde_json::from_str(definition) {
        Ok(definition) => definition,
        Err(error) => {
            report.add(None, "", format!("is not JSON: {error}"));
            return Err(report.into_problems());
        }
    };
    Substitution { report: &report }.machine(&mut definition);
    let (timeout_seconds, flow) = parse_machine(&report, &definition);
    let problems = report.into_problems();
    match flow {
        Some(flow) if problems.is_empty() => Ok(Machine {
            name: name.to_owned(),
            arn: format!("{ORIGIN}:stateMachine:{name}"),
            timeout_seconds,
            flow,
            definition,
        }),
        _ => Err(problems),
    }
}

fn parse_machine(report: &Report, definition: &Value) -> (Option<u32>, Option<Flow>) {
    let Some(fields) = Fields::new(report, None, String::new(), definition) else {
        return (None, None);
    };
    let fields = fields.with_language(Language::JsonPath);
    fields.read("Version", |value| match value.as_str() {
        Some("1.0") => Ok(()),
        _ => Err(format!("{value} is not supported, only \"1.0\"")),
    });
    let timeout_seconds = fields.whole("TimeoutSeconds", 1);
    let flow = parse_flow(&fields, fields.language());
    fields.finish();
    if let Some(flow) = &flow {
        check_unique_names(report, flow, &mut HashSet::new());
        check_assigned(report, flow, &HashSet::new());
        check_mocks(report, flow);
    }
    (timeout_seconds, flow)
}

/// Reads `StartAt` and `States` of an object and checks how its states are linked. Branches and iterations are in the
/// language of the machine, not in that of the state they are in.
pub(crate) fn parse_flow(fields: &Fields<'_>, of_machine: Language) -> Option<Flow> {
    let start_at = fields.required_string("StartAt");
    let objects = match fields.get("States") {
        Some(Value::Object(objects)) if !objects.is_empty() => objects,
        _ => {
            fields.problem("States", "must be an object with at least one state");
            return None;
        }
    };
    let mut states = BTreeMap::new();
    for (name, object) in objects {
        if name.chars().count() > 80 {
            fields.report().add(Some(name), "", "has a name of more than 80 characters");
        }
        if let Some(state) = parse_state(fields.report(), name, object, of_machine) {
            states.insert(name.clone(), state);
        }
    }
    let known: BTreeSet<&str> = objects.keys().map(String::as_str).collect();
    if let Some(missing) = start_at.filter(|start_at| !known.contains(start_at)) {
        fields.problem("StartAt", format!("names a state that does not exist: {missing}"));
    }
    let begins = start_at.is_some_and(|start_at| known.contains(start_at));
    // Links of a state that could not be read are not known, so nothing can be said about who is reachable.
    let complete = begins && states.len() == objects.len();
    let flow = Flow { start_at: start_at.unwrap_or_default().to_owned(), states };
    check_links(fields.report(), &flow, &known);
    if complete {
        check_reachable(fields.report(), &flow);
        return Some(flow);
    }
    None
}

fn check_links(report: &Report, flow: &Flow, known: &BTreeSet<&str>) {
    for (name, state) in &flow.states {
        for (field, next) in state.successors() {
            if !known.contains(next) {
                report.add(Some(name), field, format!("names a state that does not exist: {next}"));
            }
        }
    }
}

fn check_reachable(report: &Report, flow: &Flow) {
    let mut reached = HashSet::new();
    let mut waiting = vec![flow.start_at.as_str()];
    while let Some(name) = waiting.pop() {
        if let Some(state) = flow.states.get(name)
            && reached.insert(name)
        {
            waiting.extend(state.successors().into_iter().map(|(_, next)| next));
        }
    }
    let mut unreached: Vec<_> = flow.states.keys().filter(|name| !reached.contains(name.as_str())).collect();
    unreached.sort();
    for name in unreached {
        report.add(Some(name), "", "cannot be reached from StartAt");
    }
}

/// The names of all states of a machine are one space, those inside `Parallel` and `Map` too.
fn check_unique_names<'f>(report: &Report, flow: &'f Flow, seen: &mut HashSet<&'f str>) {
    for (name, state) in &flow.states {
        if !seen.insert(name) {
            report.add(Some(name), "", "has a name that another state of the machine has too");
        }
        for inner in state.flows() {
            check_unique_names(report, inner, seen);
        }
    }
}

/// A flow inside a state reads the variables around it, and may neither assign nor hide them.
fn check_assigned<'f>(report: &Report, flow: &'f Flow, around: &HashSet<&'f str>) {
    let mut known = around.clone();
    for (name, state) in &flow.states {
        for (field, variable) in state.assigns() {
            if around.contains(variable) {
                let message = format!("assigns {variable}, which is a variable of the flow around this one");
                report.add(Some(name), &field, message);
            }
            known.insert(variable);
        }
    }
    for inner in flow.states.values().flat_map(|state| state.flows()) {
        check_assigned(report, inner, &known);
    }
}

/// A mock that stands in for nothing is a misspelt one.
fn check_mocks(report: &Report, flow: &Flow) {
    let mut tasks = HashSet::new();
    collect_tasks(flow, &mut tasks);
    for state in report.setup.mocks.states().filter(|state| !tasks.contains(state)) {
        report.add(Some(state), "", "has a mock and is no Task state of the machine");
    }
}

fn collect_tasks<'f>(flow: &'f Flow, tasks: &mut HashSet<&'f str>) {
    for (name, state) in &flow.states {
        if state.is_task() {
            tasks.insert(name);
        }
        for inner in state.flows() {
            collect_tasks(inner, tasks);
        }
    }
}

/// Puts the values of `DefinitionSubstitutions` into the strings of a definition, as SAM does on deployment.
struct Substitution<'a> {
    report: &'a Report,
}

impl Substitution<'_> {
    fn machine(&self, definition: &mut Value) {
        self.walk(definition, None, "");
    }

    fn walk(&self, value: &mut Value, state: Option<&str>, field: &str) {
        match value {
            Value::String(text) => {
                if text.contains("${") {
                    *text = self.replace(text, state, field);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.walk(item, state, &format!("{field}[{index}]"));
                }
            }
            Value::Object(object) => {
                for (key, child) in object {
                    match child {
                        Value::Object(states) if key == "States" => {
                            for (name, inner) in states {
                                self.walk(inner, Some(name), "");
                            }
                        }
                        _ if field.is_empty() => self.walk(child, state, key),
                        _ => self.walk(child, state, &format!("{field}.{key}")),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether the field stays without effect: a state with a mock calls nothing, and of one that lacks a mock it is
    /// said when the state is read.
    fn calls_nothing(&self, state: Option<&str>, field: &str) -> bool {
        let names_function = field == "Resource" || field.ends_with(".FunctionName");
        state.is_some_and(|state| self.report.mock(state).is_some())
            || (names_function && self.report.setup.functions.is_some())
    }

    fn replace(&self, text: &str, state: Option<&str>, field: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            replaced.push_str(before);
            let name = after.split_once('}').filter(|(name, _)| is_placeholder_name(name));
            match name.map(|(name, after)| (name, self.report.setup.substitutions.get(name), after)) {
                Some((_, Some(value), after)) => {
                    replaced.push_str(value);
                    rest = after;
                }
                unknown => {
                    if let Some((name, _, _)) = unknown.filter(|_| !self.calls_nothing(state, field)) {
                        self.report.add_placeholder(state, field, name);
                    }
                    replaced.push_str("${");
                    rest = after;
                }
            }
        }
        replaced.push_str(rest);
        replaced
    }
}

fn is_placeholder_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c))
}
