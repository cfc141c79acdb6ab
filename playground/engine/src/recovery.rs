//! Reads `Retry` and `Catch`.

use serde_json::Value;

use crate::errors;
use crate::exit::{Exit, Output};
use crate::fields::{Fields, Language};
use crate::jsonata::Offers;
use crate::paths::Filter;
use crate::retry::{Catcher, Jitter, Recovery, Retrier};

/// Reads both lists of a state; a state may have neither.
pub(crate) fn parse_recovery(fields: &Fields<'_>) -> Recovery {
    let retriers = entries(fields, "Retry").map(|(entry, errors)| finished(entry, |entry| retrier(entry, errors)));
    let retriers = retriers.collect();
    let catchers =
        entries(fields, "Catch").filter_map(|(entry, errors)| finished(entry, |entry| catcher(entry, errors)));
    Recovery { retriers, catchers: catchers.collect() }
}

fn finished<'a, T>(entry: Fields<'a>, read: impl FnOnce(&Fields<'a>) -> T) -> T {
    let value = read(&entry);
    entry.finish();
    value
}

/// The entries of a list with their checked `ErrorEquals`. An empty list is allowed here.
fn entries<'a>(fields: &Fields<'a>, field: &'a str) -> impl Iterator<Item = (Fields<'a>, Vec<String>)> {
    let empty = fields.get(field).and_then(Value::as_array).is_some_and(Vec::is_empty);
    let entries = if empty { Vec::new() } else { fields.list(field) };
    let last = entries.len().saturating_sub(1);
    entries.into_iter().enumerate().map(move |(index, entry)| {
        let errors = error_names(&entry, index == last);
        (entry, errors)
    })
}

fn error_names(entry: &Fields<'_>, is_last: bool) -> Vec<String> {
    if !entry.has("ErrorEquals") {
        entry.problem("ErrorEquals", "is missing");
    }
    let names = entry.read("ErrorEquals", |value| {
        let names: Option<Vec<_>> = value.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
        names.filter(|names| !names.is_empty()).ok_or_else(|| "must be a list of error names".to_owned())
    });
    let names = names.unwrap_or_default();
    for &name in &names {
        if name == errors::BRANCH_FAILED {
            let message = format!("{name} is not supported: the state fails with the error of its branch");
            entry.problem("ErrorEquals", message);
        } else if name.starts_with("States.") && !errors::KNOWN.contains(&name) {
            entry.problem("ErrorEquals", format!("names an error that does not exist: {name}"));
        } else if name == errors::ALL && names.len() > 1 {
            entry.problem("ErrorEquals", format!("must name {name} alone"));
        } else if name == errors::ALL && !is_last {
            entry.problem("ErrorEquals", format!("may name {name} in the last entry only"));
        }
    }
    names.into_iter().map(str::to_owned).collect()
}

fn retrier(entry: &Fields<'_>, errors: Vec<String>) -> Retrier {
    let interval_seconds = entry.whole("IntervalSeconds", 1).unwrap_or(1);
    let max_delay_seconds = entry.whole("MaxDelaySeconds", 1);
    if max_delay_seconds.is_some_and(|delay| delay <= interval_seconds) {
        entry.problem("MaxDelaySeconds", format!("must be greater than IntervalSeconds ({interval_seconds})"));
    }
    let backoff_rate = entry.read("BackoffRate", |rate| {
        rate.as_f64().filter(|rate| *rate >= 1.0).ok_or_else(|| "must be a number of at least 1.0".to_owned())
    });
    let jitter = entry.read("JitterStrategy", |strategy| match strategy.as_str() {
        Some("FULL") => Ok(Jitter::Full),
        Some("NONE") => Ok(Jitter::None),
        _ => Err(format!("must be FULL or NONE, not {strategy}")),
    });
    Retrier {
        errors,
        interval_seconds,
        max_attempts: entry.whole("MaxAttempts", 0).unwrap_or(3),
        backoff_rate: backoff_rate.unwrap_or(2.0),
        max_delay_seconds,
        jitter: jitter.unwrap_or(Jitter::None),
    }
}

fn catcher(entry: &Fields<'_>, errors: Vec<String>) -> Option<Catcher> {
    // AWS puts the error into the state's unfiltered input and leaves `OutputPath` out.
    let output = match entry.language() {
        Language::JsonPath => Output::Paths { selector: None, path: entry.result_path(), filter: Filter::Everything },
        Language::Jsonata => entry.output(Offers::ErrorOutput),
    };
    let exit = Exit { output, assign: entry.assign(Offers::ErrorOutput) };
    let next = entry.required_string("Next")?.to_owned();
    Some(Catcher { errors, exit, next })
}
