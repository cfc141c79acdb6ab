//! What the reader of TOML finds wrong, in the words of the file: of which policy, command or person, and what belongs there.

use toml_span::value::Value;
use toml_span::{Error, ErrorKind, Span};

/// A key is a misspelt one if it differs from another in no more letters than this, and in one of three at the most.
const MISSPELT_BY: usize = 2;
const OF_LETTERS: usize = 3;

/// Each value of a file with the keys that lead to it.
pub(super) struct Places(Vec<Place>);

struct Place {
    span: Span,
    /// The type of the value; a list of tables begins where its first table does.
    kind: &'static str,
    path: Vec<String>,
}

impl Places {
    /// Those of a text; none if it is no TOML, which is said of the whole.
    pub(super) fn of(text: &str) -> Self {
        let mut places = Vec::new();
        if let Ok(document) = toml_span::parse(text) {
            collect(&document, Vec::new(), &mut places);
        }
        Self(places)
    }

    /// What an error says, each part of it with its place.
    pub(super) fn told(&self, error: Error) -> Vec<(Span, String)> {
        let span = error.span;
        match error.kind {
            // The library reports the unknown keys of a table together; each has a place of its own.
            ErrorKind::UnexpectedKeys { keys, expected } => {
                let told = |(key, span): (String, Span)| {
                    let meant = misspelt(&key, &expected);
                    let meant = meant.map(|known| format!("did you mean `{known}`? ")).unwrap_or_default();
                    (span, format!("unknown key `{key}`; {meant}known here: {}", expected.join(", ")))
                };
                keys.into_iter().map(told).collect()
            }
            // What a value cannot be is said by the value alone.
            ErrorKind::Custom(message) if message.starts_with('`') || message.starts_with("an empty") => {
                vec![(span, format!("{}{message}", self.at(span, None, ": ")))]
            }
            ErrorKind::Custom(message) => vec![(span, message.into_owned())],
            ErrorKind::Wanted { expected, found } => {
                vec![(
                    span,
                    format!("{}must be {}, not {}", self.at(span, Some(found), " "), type_of(expected), type_of(found)),
                )]
            }
            ErrorKind::OutOfRange(_) => vec![(span, format!("{}is too small or too large", self.at(span, None, " ")))],
            ErrorKind::MissingField(key) => {
                vec![(span, format!("{}{key} is missing", self.at(span, Some("table"), ": ")))]
            }
            _ => vec![(span, error.to_string())],
        }
    }

    /// What stands there, before words about it; nothing for the file as a whole.
    fn at(&self, span: Span, kind: Option<&str>, between: &str) -> String {
        let is_here = |place: &&Place| place.span == span && kind.is_none_or(|kind| place.kind == kind);
        let path = self.0.iter().find(is_here).map(|place| place.path.as_slice()).unwrap_or_default();
        let place = match path {
            [] => return String::new(),
            [kind, name, inside @ ..] => match one_of(kind) {
                Some(kind) if inside.is_empty() => format!("{kind} `{name}`"),
                Some(kind) => format!("{kind} `{name}`: {}", joined(inside)),
                None => joined(path),
            },
            [key] => key.clone(),
        };
        place + between
    }
}

/// The key that this one is perhaps meant to be.
fn misspelt<'k>(key: &str, known: &'k [String]) -> Option<&'k str> {
    let distances = known.iter().map(|known| (strsim::osa_distance(known, key), known.as_str()));
    let nearest = distances.min().filter(|(distance, _)| *distance <= MISSPELT_BY.min(key.len() / OF_LETTERS));
    nearest.map(|(_, known)| known)
}

/// What one entry of a table is called elsewhere.
fn one_of(table: &str) -> Option<&'static str> {
    match table {
        "accounts" => Some("account"),
        "people" => Some("person"),
        "groups" => Some("group"),
        "policies" => Some("policy"),
        "commands" => Some("command"),
        _ => None,
    }
}

/// Keys as one writes them, and the places in lists in brackets.
fn joined(path: &[String]) -> String {
    path.iter().fold(String::new(), |joined, part| match joined.is_empty() || part.starts_with('[') {
        true => joined + part,
        false => joined + "." + part,
    })
}

fn collect(value: &Value<'_>, path: Vec<String>, places: &mut Vec<Place>) {
    let inner = |part: String| path.iter().cloned().chain([part]).collect();
    for (key, value) in value.as_table().into_iter().flatten() {
        collect(value, inner(key.name.to_string()), places);
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        collect(item, inner(format!("[{index}]")), places);
    }
    places.push(Place { span: value.span, kind: value.as_ref().type_str(), path });
}

/// A type of TOML, or what a key takes, as people call it.
fn type_of(name: &str) -> &str {
    match name {
        "string" | "a string" => "a text",
        "integer" | "usize" | "u64" | "i64" => "a whole number",
        "float" => "a decimal number",
        "boolean" | "a bool" => "true or false",
        "array" | "an array" => "a list",
        "table" => "a table",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;

    const ADA: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n";

    fn wrong(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_value_of_another_type_is_named_by_its_policy_and_key_with_what_belongs_there() {
        let lines = |rules: &str| wrong(&format!("{ADA}[policies.p]\n{rules}\n"));
        for (rules, expected) in [
            (
                "approvers = [\"ada\"]\nrequired = \"2\"",
                "line 6: policy `p`: required must be a whole number, not a text",
            ),
            ("approvers = [\"ada\"]\nrequired = -1", "line 6: policy `p`: required is too small or too large"),
            ("approvers = \"ada\"", "line 5: policy `p`: approvers must be a list, not a text"),
            ("approvers = [1]", "line 5: policy `p`: approvers[0] must be a text, not a whole number"),
            (
                "approvers = [\"ada\"]\nself_approval = \"no\"",
                "line 6: policy `p`: self_approval must be true or false, not a text",
            ),
            (
                "approvers = [\"ada\"]\nremind_after = [5]",
                "line 6: policy `p`: remind_after[0] must be a duration such as \"5m\", not a whole number",
            ),
            (
                "approvers = [\"ada\"]\ncallers = []",
                "line 6: policy `p`: callers: an empty list lets nobody in: leave the key out",
            ),
        ] {
            assert_eq!(lines(rules), expected);
        }
        assert_eq!(wrong("[[policies.p]]\n"), "line 1: policy `p` must be a table, not a list");
        assert_eq!(wrong("policies = 1\n"), "line 1: policies must be a table, not a whole number");
    }

    #[test]
    fn a_misspelt_key_is_told_with_the_one_that_is_meant() {
        let said = wrong(&format!("{ADA}[policies.p]\napprover = [\"ada\"]\n"));
        assert!(said.contains("line 4: policy `p`: approvers is missing"), "{said}");
        assert!(said.contains("line 5: unknown key `approver`; did you mean `approvers`? known here: "), "{said}");
        let said = wrong(&format!("{ADA}[policies.p]\napprovers = [\"ada\"]\ncolour = 1\n"));
        assert!(said.contains("line 6: unknown key `colour`; known here: "), "{said}");
    }
}
