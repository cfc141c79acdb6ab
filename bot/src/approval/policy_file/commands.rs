//! Checks what may be started: the names in it lead somewhere, and its fields can be filled in and fit a form.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use toml_span::{Error, Span, Spanned};

use super::known::Known;
use super::problem;
use super::raw::commands::{Plain, RawCommand, RawField};
use super::raw::{Name, Named};
use crate::approval::commands::{LaunchCommand, TITLE_MAX};
use crate::approval::entry::{self, Mistake};
use crate::approval::fields::{
    FIELD_NAME_MAX, FIELDS_MAX, FORM_MAX, Field, Kind, LABEL_MAX, OPTION_MAX, OPTIONS_MAX, Pattern, Range, form_cost,
    menu_cost,
};
use crate::approval::ids::PersonId;
use crate::approval::limits::length;
use crate::approval::names::comparable;
use crate::approval::policy::Person;
use crate::visible;

/// Slack's limit on the name of a command, with its slash:
/// <https://docs.slack.dev/reference/app-manifest>.
const COMMAND_MAX: usize = 31;
/// More fit into no message that lists them.
const COMMANDS_MAX: usize = 50;
/// What one says to the bot for something else.
const RESERVED: [&str; 5] = ["help", "pending", "show", "cancel", "approvals"];
/// What the input of an execution has besides the fields.
const KEYS_OF_OURS: [&str; 2] = ["requestedBy", "correlation"];
/// What `type` may be.
const KINDS: &str = "text, long_text, integer, number, choice, date, boolean or person";

/// Reads every command; what is wrong with one goes on the list by its name and the name of the field.
pub(super) fn check(
    raw: Vec<Named<RawCommand>>,
    known: &Known<'_>,
    policies: &BTreeSet<String>,
    errors: &mut Vec<Error>,
) -> BTreeMap<String, LaunchCommand> {
    if let Some(entry) = raw.get(COMMANDS_MAX) {
        errors.push(problem(format!("{} commands, at most {COMMANDS_MAX}", raw.len()), entry.span));
    }
    let is_default = |entry: &&Named<RawCommand>| entry.value.as_ref().is_some_and(|raw| raw.is_default);
    let mut defaults = raw.iter().filter(is_default);
    if let (Some(first), Some(second)) = (defaults.next(), defaults.next()) {
        let message = format!("command `{}`: `{}` is the default already, and there is one", second.name, first.name);
        errors.push(problem(message, second.span));
    }
    raw.into_iter().filter_map(|entry| check_command(entry, known, policies, errors)).collect()
}

fn check_command(
    entry: Named<RawCommand>,
    known: &Known<'_>,
    policies: &BTreeSet<String>,
    errors: &mut Vec<Error>,
) -> Option<(String, LaunchCommand)> {
    let Named { name, value, span } = entry;
    check_name(&name, span, errors);
    let raw = value?;
    let of = format!("command `{name}`");
    if !policies.contains(&raw.policy.text) {
        errors.push(problem(format!("{of}: there is no policy `{}`", raw.policy.text), raw.policy.span));
    }
    let title = raw.title.map_or_else(|| name.clone(), |title| check_line(&of, "title", title, TITLE_MAX, errors));
    let allowed = raw.allowed.and_then(|list| check_allowed(&of, &list, known, errors));
    let fields = check_fields(&of, raw.fields, span, known.people, errors);
    let command = LaunchCommand {
        name: name.clone(),
        title,
        state_machine: raw.state_machine,
        policy: raw.policy.text,
        allowed,
        is_default: raw.is_default,
        fields,
    };
    Some((name, command))
}

fn check_name(name: &str, span: Span, errors: &mut Vec<Error>) {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if !(1..=COMMAND_MAX).contains(&name.len()) || !name.chars().all(is_name) {
        let wanted = format!("a command has 1 to {COMMAND_MAX} of a-z, 0-9, '-' and '_', and no slash");
        errors.push(problem(format!("command `{name}`: {wanted}"), span));
    }
    if RESERVED.contains(&name) {
        errors.push(problem(format!("command `{name}`: the bot understands `{name}` as something else"), span));
    }
    if name == "start" {
        let write = "`start` starts every command: name this one after what it starts, such as [commands.calculation], \
                     and say default = true, and in [[commands.calculation.fields]] what it asks for, which for the \
                     reference workflow are name = \"x\" and name = \"y\", each with type = \"integer\"";
        errors.push(problem(format!("command `start`: {write}"), span));
    }
}

fn check_allowed(
    of: &str,
    list: &Spanned<Vec<Name>>,
    known: &Known<'_>,
    errors: &mut Vec<Error>,
) -> Option<BTreeSet<PersonId>> {
    let people = known.resolve(of, "allowed", &list.value, errors)?;
    if people.is_empty() {
        let message =
            format!("{of}: allowed has nobody in it, so nobody could start it: leave it out to let in everybody");
        errors.push(problem(message, list.span));
    }
    Some(people.into_iter().map(|person| person.id).collect())
}

fn check_fields(
    of: &str,
    raw: Vec<RawField>,
    span: Span,
    people: &BTreeMap<PersonId, Person>,
    errors: &mut Vec<Error>,
) -> Vec<Field> {
    if raw.len() > FIELDS_MAX {
        errors.push(problem(format!("{of}: {} fields, at most {FIELDS_MAX}", raw.len()), span));
    }
    let mut fields: Vec<Field> = Vec::new();
    for field in raw {
        let (name, name_span) = (field.name.text.clone(), field.name.span);
        if fields.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            errors.push(problem(format!("{of}: field `{name}`: there is another of this name"), name_span));
        }
        fields.extend(check_field(&format!("{of}: field `{name}`"), field, people, errors));
    }
    let has_menu = people.len() <= OPTIONS_MAX;
    let menu = people.values().map(|person| (person.name.as_str(), person.id.as_str())).filter(|_| has_menu);
    let cost = form_cost(&fields, menu_cost(menu));
    if cost > FORM_MAX {
        let message =
            format!("{of}: its form could take {cost} characters of a card, at most {FORM_MAX}: ask for less");
        errors.push(problem(message, span));
    }
    fields
}

fn check_field(of: &str, raw: RawField, people: &BTreeMap<PersonId, Person>, errors: &mut Vec<Error>) -> Option<Field> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name = raw.name.text.clone();
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || name.len() > FIELD_NAME_MAX || !name.chars().all(is_name) {
        let wanted = format!("a name has a letter and then up to {} of a-z, A-Z, 0-9, '-' and '_'", FIELD_NAME_MAX - 1);
        errors.push(problem(format!("{of}: {wanted}"), raw.name.span));
    }
    if KEYS_OF_OURS.iter().any(|key| key.eq_ignore_ascii_case(&name)) {
        errors.push(problem(format!("{of}: the bot says itself what `{name}` is"), raw.name.span));
    }
    let required = raw.required;
    let label = match raw.label {
        Some(label) => check_line(of, "label", label, LABEL_MAX, errors),
        None => name.clone(),
    };
    let kind = check_kind(of, raw.kind, raw.pattern, raw.options, (raw.min, raw.max), raw.span, errors)?;
    let mut field = Field { name, label, kind, required, default: None };
    if let Some(Spanned { value: Plain(default), span }) = raw.default {
        let whom = |text: &str| match PersonId::parse(text).ok().filter(|id| people.contains_key(id)) {
            Some(id) => Ok(id),
            None => Err(Mistake::Nobody(Mistake::quoted(text))),
        };
        match entry::read(&field, &default, whom) {
            Ok(value) => field.default = Some(value),
            Err(mistake) => errors.push(problem(format!("{of}: default {mistake}"), span)),
        }
    }
    Some(field)
}

/// Reads what a field takes. A key that its type has no use for is a mistake, since it would be believed to hold.
fn check_kind(
    of: &str,
    kind: Name,
    pattern: Option<Name>,
    options: Option<Spanned<Vec<Name>>>,
    (min, max): (Option<Spanned<Plain>>, Option<Spanned<Plain>>),
    span: Span,
    errors: &mut Vec<Error>,
) -> Option<Kind> {
    let text = kind.text.as_str();
    let mut useless = |key: &str, at: Option<Span>| {
        let message = |at| problem(format!("{of}: {key} has no meaning for the type {text}"), at);
        errors.extend(at.map(message));
    };
    if !matches!(text, "text" | "long_text") {
        useless("pattern", pattern.as_ref().map(|pattern| pattern.span));
    }
    if !matches!(text, "integer" | "number" | "date") {
        useless("min", min.as_ref().map(|min| min.span));
        useless("max", max.as_ref().map(|max| max.span));
    }
    if text != "choice" {
        useless("options", options.as_ref().map(|options| options.span));
    }
    let pattern = || {
        let Name { text, span } = pattern?;
        let read = Pattern::parse(&text);
        read.map_err(|error| errors.push(problem(format!("{of}: pattern: {error}"), span))).ok()
    };
    match text {
        "text" => Some(Kind::Text(pattern())),
        "long_text" => Some(Kind::LongText(pattern())),
        "integer" => Some(Kind::Integer(range(of, "an integer", (min, max), integer, errors))),
        "number" => Some(Kind::Number(range(of, "a number", (min, max), number, errors))),
        "date" => Some(Kind::Date(range(of, "a date such as 2026-11-23", (min, max), entry::day, errors))),
        "boolean" => Some(Kind::Boolean),
        "person" => Some(Kind::Person),
        "choice" => check_options(of, options, span, errors).map(Kind::Choice),
        _ => {
            errors.push(problem(format!("{of}: type = \"{text}\" is not {KINDS}"), kind.span));
            None
        }
    }
}

fn integer(text: &str) -> Option<i64> {
    i64::from_str(text).ok()
}

fn number(text: &str) -> Option<f64> {
    f64::from_str(text).ok().filter(|number| number.is_finite())
}

fn range<T: PartialOrd + Display>(
    of: &str,
    what: &str,
    (min, max): (Option<Spanned<Plain>>, Option<Spanned<Plain>>),
    read: impl Fn(&str) -> Option<T>,
    errors: &mut Vec<Error>,
) -> Range<T> {
    let span = max.as_ref().map(|max| max.span);
    let mut end = |key: &str, end: Option<Spanned<Plain>>| {
        let Spanned { value: Plain(text), span } = end?;
        let read = read(&text);
        if read.is_none() {
            errors.push(problem(format!("{of}: {key}: `{text}` is not {what}"), span));
        }
        read
    };
    let range = Range { min: end("min", min), max: end("max", max) };
    if range.is_empty() {
        errors.push(problem(format!("{of}: max is below min, so nothing could be written"), span.unwrap_or_default()));
    }
    range
}

fn check_options(
    of: &str,
    options: Option<Spanned<Vec<Name>>>,
    span: Span,
    errors: &mut Vec<Error>,
) -> Option<Vec<String>> {
    let Some(Spanned { value: options, span }) = options else {
        errors.push(problem(format!("{of}: a choice needs its options, such as options = [\"yes\", \"no\"]"), span));
        return None;
    };
    if options.is_empty() || options.len() > OPTIONS_MAX {
        errors.push(problem(format!("{of}: {} options, from 1 to {OPTIONS_MAX}", options.len()), span));
    }
    let mut seen = BTreeSet::new();
    let mut checked = Vec::new();
    for option in options {
        if !seen.insert(comparable(&option.text)) {
            errors.push(problem(format!("{of}: option `{}` is there already", option.text), option.span));
        }
        checked.push(check_line(of, "option", option, OPTION_MAX, errors));
    }
    Some(checked)
}

/// A line that is shown as it is.
fn check_line(of: &str, key: &str, line: Name, max: usize, errors: &mut Vec<Error>) -> String {
    let Name { text, span } = line;
    let length = length(&text);
    let wrong = [
        (visible::is_blank(&text), "has nothing to see in it".to_owned()),
        (visible::first_hidden(&text).is_some(), "has a character that nobody sees".to_owned()),
        (
            text.chars().any(char::is_control) || text.trim() != text,
            "has white space where none can be seen".to_owned(),
        ),
        (length > max, format!("has {length} characters, at most {max}")),
    ];
    let wrong = wrong.into_iter().find_map(|(is_wrong, wrong)| is_wrong.then_some(wrong));
    errors.extend(wrong.map(|wrong| problem(format!("{of}: {key} {wrong}"), span)));
    text
}

#[cfg(test)]
mod tests;
