//! The values of fields whose names end in `.$`, as they are written: paths and calls of intrinsic functions
//! (`States.Format(…)`), parsed and checked when the machine is loaded. What each function computes is in `intrinsics`.

use serde_json::{Number, Value};

use crate::context::Scope;
use crate::errors::Failure;
use crate::intrinsics::{self, Intrinsic};
use crate::paths::Path;

/// The value of a field whose name ends in `.$`: a path or a call.
pub(crate) enum Expression {
    Path(Path),
    Call(Call),
}

/// A call of an intrinsic function.
pub(crate) struct Call {
    function: Intrinsic,
    arguments: Vec<Argument>,
}

/// An argument of a call.
enum Argument {
    Literal(Value),
    Path(Path),
    Call(Call),
}

impl Expression {
    pub(crate) fn parse(text: &str) -> Result<Expression, String> {
        if text.starts_with('$') {
            return Path::parse(text).map(Expression::Path);
        }
        if !text.starts_with("States.") {
            return Err(format!("must be a path ($…) or an intrinsic (States.…), not {text}"));
        }
        let mut reader = Reader { text, rest: text };
        let call = reader.call()?;
        if reader.rest.trim().is_empty() { Ok(Expression::Call(call)) } else { Err(reader.malformed()) }
    }

    /// Computes the value; `missing` makes the failure for a path that finds nothing.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>, missing: &dyn Fn(&Path) -> Failure) -> Result<Value, Failure> {
        match self {
            Expression::Path(path) => find(path, scope, missing),
            Expression::Call(call) => call.evaluate(scope, missing),
        }
    }

    /// Whether the task token goes into the value.
    pub(crate) fn reads_task_token(&self) -> bool {
        match self {
            Expression::Path(path) => path.reads_task_token(),
            Expression::Call(call) => call.reads_task_token(),
        }
    }
}

impl Call {
    fn evaluate(&self, scope: &Scope<'_>, missing: &dyn Fn(&Path) -> Failure) -> Result<Value, Failure> {
        let arguments = self
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Literal(value) => Ok(value.clone()),
                Argument::Path(path) => find(path, scope, missing),
                Argument::Call(call) => call.evaluate(scope, missing),
            })
            .collect::<Result<Vec<_>, _>>()?;
        intrinsics::compute(self.function, &arguments)
    }

    fn reads_task_token(&self) -> bool {
        self.arguments.iter().any(|argument| match argument {
            Argument::Literal(_) => false,
            Argument::Path(path) => path.reads_task_token(),
            Argument::Call(call) => call.reads_task_token(),
        })
    }
}

fn find(path: &Path, scope: &Scope<'_>, missing: &dyn Fn(&Path) -> Failure) -> Result<Value, Failure> {
    path.find(scope).map(|found| found.into_owned()).ok_or_else(|| missing(path))
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn malformed(&self) -> String {
        format!("is not a well-formed intrinsic: {}", self.text)
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, expected: char) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes the first `length` bytes.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn call(&mut self) -> Result<Call, String> {
        let end = self.rest.find('(').ok_or_else(|| self.malformed())?;
        let name = self.take(end).trim();
        let function =
            Intrinsic::named(name).ok_or_else(|| format!("uses the intrinsic {name}, which is not supported"))?;
        let mut arguments = self.arguments()?;
        for (place, argument) in arguments.iter_mut().enumerate() {
            if let Argument::Literal(Value::String(text)) = argument
                && !(function == Intrinsic::Format && place == 0)
            {
                *text = intrinsics::unescape(text);
            }
        }
        let literals: Vec<_> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Literal(value) => Some(value),
                Argument::Path(_) | Argument::Call(_) => None,
            })
            .collect();
        intrinsics::check_arguments(function, &literals)?;
        Ok(Call { function, arguments })
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, String> {
        let mut arguments = Vec::new();
        if !self.eat('(') {
            return Err(self.malformed());
        }
        if self.eat(')') {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.argument()?);
            if self.eat(')') {
                return Ok(arguments);
            }
            if !self.eat(',') {
                return Err(self.malformed());
            }
        }
    }

    fn argument(&mut self) -> Result<Argument, String> {
        self.skip_blanks();
        if self.eat('\'') {
            return self.quoted().map(|text| Argument::Literal(Value::String(text)));
        }
        if self.rest.starts_with("States.") {
            return self.call().map(Argument::Call);
        }
        if self.rest.starts_with('$') {
            let length = length_of_path(self.rest);
            return Path::parse(self.take(length).trim_end()).map(Argument::Path);
        }
        let length = self.rest.find([',', ')']).unwrap_or(self.rest.len());
        let word = self.take(length).trim();
        match serde_json::from_str::<Value>(word) {
            Ok(value @ (Value::Null | Value::Bool(_))) => Ok(Argument::Literal(value)),
            Ok(Value::Number(number)) => Ok(Argument::Literal(Value::Number(normal(number)))),
            _ => Err(self.malformed()),
        }
    }

    /// The rest of a string in single quotes. `\'`, `\{`, `\}` and `\\` are the escapes; those for braces stay as
    /// they are, because only `States.Format` gives braces a meaning and it must see which were escaped.
    fn quoted(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((place, character)) = characters.next() {
            match character {
                '\'' => {
                    self.rest = &self.rest[place + 1..];
                    return Ok(text);
                }
                '\\' => match characters.next() {
                    Some((_, '\'')) => text.push('\''),
                    Some((_, escaped @ ('{' | '}' | '\\'))) => text.extend(['\\', escaped]),
                    _ => {
                        return Err(format!("has an escape that is none of \\' \\{{ \\}} \\\\: {}", self.text));
                    }
                },
                _ => text.push(character),
            }
        }
        Err(self.malformed())
    }
}

/// `1.0` means the whole number 1 wherever one is asked for.
fn normal(number: Number) -> Number {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => Number::from(float as i64),
        _ => number,
    }
}

/// A path ends at the first comma or bracket that is not inside its own brackets or quotes.
fn length_of_path(text: &str) -> usize {
    let mut depth = 0_u32;
    let mut quote = None;
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '[' | '(') => depth += 1,
            (None, ')' | ',') if depth == 0 => return place,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}
