//! Checks what may be started: the names in it lead somewhere, and its fields can be filled in and fit a form.

use std::collections::{BTreeMap, BTreeSet};

use toml_span::{Error, Span, Spanned};

use super::known::Known;
use super::problem;
use super::raw::commands::{Plain, RawCommand, RawField};
use super::raw::{Name, Named};
use crate::approval::commands::{LaunchCommand, OWN_WORDS, TITLE_MAX};
use crate::approval::drafts::{Draft, Part, check_line};
use crate::approval::entry::{self, Mistake};
use crate::approval::fields::{FIELDS_MAX, FORM_MAX, Field, OPTIONS_MAX, form_cost, menu_cost};
use crate::approval::ids::PersonId;
use crate::approval::policy::Person;

/// Slack's limit on the name of a command, with its slash:
/// <https://docs.slack.dev/reference/app-manifest>.
const COMMAND_MAX: usize = 31;
/// More fit into no message that lists them.
const COMMANDS_MAX: usize = 50;
/// What the input of an execution has besides the fields.
const KEYS_OF_OURS: [&str; 2] = ["requestedBy", "correlation"];
/// What `type` may be.
const KINDS: [&str; 8] = ["text", "long_text", "integer", "number", "choice", "date", "boolean", "person"];

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
    if let Some(policy) = raw.policy.as_ref().filter(|policy| !policies.contains(&policy.text)) {
        errors.push(problem(format!("{of}: there is no policy `{}`", policy.text), policy.span));
    }
    let title = raw.title.map_or_else(|| name.clone(), |title| check_line_of(&of, "title", title, TITLE_MAX, errors));
    let allowed = raw.allowed.and_then(|list| check_allowed(&of, &list, known, errors));
    let fields = check_fields(&of, raw.fields, span, known.people, errors);
    let command = LaunchCommand {
        name: name.clone(),
        title,
        state_machine: raw.state_machine?,
        policy: raw.policy?.text,
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
    if OWN_WORDS.contains(&name) {
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
    for Name { text, span } in list.value.iter().filter(|name| known.live.contains_key(&name.text)) {
        let message = format!("{of}: allowed names `{text}`, whose members are known only when a request is raised");
        errors.push(problem(message, *span));
    }
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
    let RawField { name, kind, label, required, default, pattern, min, max, options, span } = raw;
    let is_number = matches!(kind.text.as_str(), "integer" | "number");
    let [default, min, max] = [("default", default), ("min", min), ("max", max)].map(|(key, value)| {
        let text = value.as_ref().filter(|value| is_number && value.value.is_text);
        let Some(text) = text else { return value };
        let message = format!("{of}: {key} is a text, and the field takes a number: write it without quotation marks");
        errors.push(problem(message, text.span));
        None
    });
    if KEYS_OF_OURS.iter().any(|key| key.eq_ignore_ascii_case(&name.text)) {
        errors.push(problem(format!("{of}: the bot says itself what `{}` is", name.text), name.span));
    }
    let place = |part: Part| match part {
        Part::Name => Some(name.span),
        Part::Type => Some(kind.span),
        Part::Label => label.as_ref().map(|label| label.span),
        Part::Pattern => pattern.as_ref().map(|pattern| pattern.span),
        Part::Min => min.as_ref().map(|min| min.span),
        Part::Max => max.as_ref().map(|max| max.span),
        Part::Options => options.as_ref().map(|options| options.span),
        Part::Option(index) => options.as_ref().and_then(|options| Some(options.value.get(index)?.span)),
    };
    let text = |name: &Option<Name>| name.as_ref().map(|name| name.text.clone());
    let typed = |end: &Option<Spanned<Plain>>| end.as_ref().map(|end| end.value.typed.clone());
    let draft = Draft {
        name: name.text.clone(),
        kind: kind.text.clone(),
        label: text(&label),
        required,
        pattern: text(&pattern),
        min: typed(&min),
        max: typed(&max),
        options: options.as_ref().map(|options| options.value.iter().map(|option| option.text.clone()).collect()),
    };
    let mut note = |part: Part, wrong: String| {
        let wrong = format!("{of}: {} {wrong}", part.key());
        errors.push(problem(wrong, place(part).unwrap_or(span)));
    };
    let mut field = draft.read(&KINDS, &mut note)?;
    if let Some(Spanned { value: Plain { typed: default, .. }, span }) = default {
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

/// A line that is shown as it is.
fn check_line_of(of: &str, key: &str, line: Name, max: usize, errors: &mut Vec<Error>) -> String {
    let Name { text, span } = line;
    check_line(&text, max, |wrong| errors.push(problem(format!("{of}: {key} {wrong}"), span)));
    text
}

#[cfg(test)]
mod tests;
