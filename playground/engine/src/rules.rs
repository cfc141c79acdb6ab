//! Reads the rules of a `Choice` state.

use crate::choice::{Kind, Operand, Rule, Test, comparison_named};
use crate::fields::{Fields, text};
use crate::paths::Path;

/// Reads a rule; its `Next`, if it is a top-level one, is read by the caller.
pub(crate) fn parse_rule(fields: &Fields<'_>) -> Option<Rule> {
    let operators: Vec<_> =
        fields.names().filter(|name| !matches!(*name, "Assign" | "Comment" | "Next" | "Variable")).collect();
    let [operator] = operators[..] else {
        for field in operators.iter().copied().chain(["Variable"]) {
            fields.get(field);
        }
        fields.problem_here(format!("must have exactly one comparison, it has {}", operators.len()));
        return None;
    };
    match operator {
        "And" => inner_rules(fields, operator).map(Rule::And),
        "Or" => inner_rules(fields, operator).map(Rule::Or),
        "Not" => {
            let inner = fields.inner(operator, fields.get(operator)?)?;
            finished_rule(inner).map(|rule| Rule::Not(Box::new(rule)))
        }
        _ => {
            if !fields.has("Variable") {
                fields.problem("Variable", "is missing");
            }
            let test = parse_test(fields, operator);
            Some(Rule::Test { variable: fields.reference("Variable")?, test: test? })
        }
    }
}

fn inner_rules<'a>(fields: &Fields<'a>, operator: &'a str) -> Option<Vec<Rule>> {
    // All are read before the first bad one is given up on, so that every problem is noted.
    let rules: Vec<_> = fields.list(operator).into_iter().map(finished_rule).collect();
    rules.into_iter().collect()
}

fn finished_rule(fields: Fields<'_>) -> Option<Rule> {
    let rule = parse_rule(&fields);
    fields.finish();
    rule
}

fn parse_test<'a>(fields: &Fields<'a>, operator: &'a str) -> Option<Test> {
    let kind = match operator {
        "IsPresent" => return fields.boolean(operator).map(Test::IsPresent),
        "StringMatches" => {
            return fields.string(operator).map(|pattern| Test::StringMatches(pattern.to_owned()));
        }
        "IsBoolean" => Some(Kind::Boolean),
        "IsNull" => Some(Kind::Null),
        "IsNumeric" => Some(Kind::Numeric),
        "IsString" => Some(Kind::String),
        "IsTimestamp" => Some(Kind::Timestamp),
        _ => None,
    };
    if let Some(kind) = kind {
        return fields.boolean(operator).map(|expected| Test::Is(kind, expected));
    }
    // A name that is no comparison is left unread, so `finish` refuses it.
    let (kind, comparison, takes_path) = comparison_named(operator)?;
    let operand = fields.read(operator, |value| {
        if takes_path {
            return text(value).and_then(Path::parse_reference).map(Operand::Path);
        }
        if kind.admits(value) {
            return Ok(Operand::Literal(value.clone()));
        }
        Err(format!("must be a {kind:?} value, not {value}"))
    })?;
    Some(Test::Compare { kind, operator: comparison, operand })
}
