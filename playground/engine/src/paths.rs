//! Paths of the States Language: `$…` into the data of a state, `$$…` into the context object, `$name…` into a variable,
//! and the three places (`InputPath`, `ResultPath`, `OutputPath`) where they decide what flows from state to state.

use std::borrow::Cow;
use std::fmt;

use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::{Map, Value, json};

use crate::context::Scope;
use crate::errors::{Failure, RESULT_PATH_MATCH_FAILURE};

/// With more, a path of a line finds more places than memory holds.
const DESCENTS_MAX: usize = 2;

/// A parsed path.
#[derive(Clone)]
pub(crate) struct Path {
    text: String,
    root: Root,
    query: Query,
}

#[derive(Clone, PartialEq)]
enum Root {
    Data,
    Context,
    Variable(String),
}

/// AWS answers with the value itself when a path can only match one, and with a list for every other path.
#[derive(Clone)]
enum Query {
    One(Vec<Step>),
    Many(JpQuery),
}

/// One step of a reference path.
#[derive(Clone)]
enum Step {
    Name(String),
    Index(i64),
}

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Path, String> {
        let (root, plain) = match (text.strip_prefix("$$"), variable_of(text)) {
            (Some(rest), _) => (Root::Context, Cow::Owned(format!("${rest}"))),
            (None, Some((name, rest))) => (Root::Variable(name.to_owned()), Cow::Owned(format!("${rest}"))),
            (None, None) => (Root::Data, Cow::Borrowed(text)),
        };
        if matches!(root, Root::Variable(_)) && plain[1..].contains('$') {
            return Err(format!("may not go back to $ in a path of a variable: {text}"));
        }
        let query = parse_json_path(&plain).map_err(|_| format!("is not a JSONPath: {text}"))?;
        let descents = query.segments.iter().filter(|segment| matches!(segment, Segment::Descendant(_))).count();
        if descents > DESCENTS_MAX {
            return Err(format!("has more than {DESCENTS_MAX} `..`, each of which multiplies what it finds: {text}"));
        }
        let query = match query.segments.iter().map(single_step).collect::<Option<Vec<_>>>() {
            Some(steps) => Query::One(steps),
            None => Query::Many(query),
        };
        Ok(Path { text: text.to_owned(), root, query })
    }

    /// A path that can only match one place.
    pub(crate) fn parse_reference(text: &str) -> Result<Path, String> {
        let path = Path::parse(text)?;
        match path.query {
            Query::One(_) => Ok(path),
            Query::Many(_) => Err(format!("must be a path that can only match one value, not {text}")),
        }
    }

    /// What the path finds; `None` when a path to one value finds nothing.
    pub(crate) fn find<'s>(&self, scope: &'s Scope<'_>) -> Option<Cow<'s, Value>> {
        let root = match &self.root {
            Root::Data => scope.data(),
            Root::Context => scope.context_object(),
            Root::Variable(name) => scope.variable(name)?,
        };
        match &self.query {
            Query::One(steps) => steps.iter().try_fold(root, |value, step| step.within(value)).map(Cow::Borrowed),
            Query::Many(query) => {
                let found = js_path_process(query, root).ok()?;
                Some(Cow::Owned(found.into_iter().map(|found| found.val().clone()).collect()))
            }
        }
    }

    /// For the fields of a state where a path without a result ends the execution.
    pub(crate) fn find_or_fail(&self, scope: &Scope<'_>) -> Result<Value, Failure> {
        self.find(scope)
            .map(Cow::into_owned)
            .ok_or_else(|| Failure::runtime(format!("Invalid path '{self}': No results for path: {self}")))
    }

    /// Whether evaluating this path can hand out `$$.Task.Token`.
    pub(crate) fn reads_task_token(&self) -> bool {
        self.root == Root::Context
            && match &self.query {
                Query::One(steps) => steps
                    .iter()
                    .zip(["Task", "Token"])
                    .all(|(step, expected)| matches!(step, Step::Name(name) if name == expected)),
                Query::Many(_) => false,
            }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The name of the variable that a path begins with, and the rest of the path.
fn variable_of(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('$').filter(|text| text.starts_with(|c: char| c.is_alphabetic() || c == '_'))?;
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    Some(text.split_at(end))
}

fn single_step(segment: &Segment) -> Option<Step> {
    match segment {
        Segment::Selector(Selector::Name(name)) => Some(Step::Name(name.clone())),
        Segment::Selector(Selector::Index(index)) => Some(Step::Index(*index)),
        _ => None,
    }
}

impl Step {
    fn within<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Step::Name(name) => value.as_object()?.get(name),
            Step::Index(index) => {
                let list = value.as_array()?;
                list.get(place_in_list(*index, list.len())?)
            }
        }
    }
}

/// Negative indexes count from the end.
fn place_in_list(index: i64, length: usize) -> Option<usize> {
    if index < 0 {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    } else {
        usize::try_from(index).ok()
    }
}

/// `InputPath` and `OutputPath`.
#[derive(Clone)]
pub(crate) enum Filter {
    /// `null`: the data is replaced by an empty object.
    Nothing,
    /// `$`, or no field at all.
    Everything,
    Path(Path),
}

impl Filter {
    pub(crate) fn apply(&self, scope: &Scope<'_>) -> Result<Value, Failure> {
        match self {
            Filter::Nothing => Ok(json!({})),
            Filter::Everything => Ok(scope.data().clone()),
            Filter::Path(path) => path.find_or_fail(scope),
        }
    }
}

/// `ResultPath`: where a result goes in the input of the state.
pub(crate) enum ResultPath {
    /// `null`: the result is dropped, the input goes on.
    Discard,
    /// `$`, or no field at all.
    Replace,
    At(Path),
}

impl ResultPath {
    pub(crate) fn parse(text: &str) -> Result<ResultPath, String> {
        let path = Path::parse_reference(text)?;
        match path.root {
            Root::Data => {}
            Root::Context => return Err("cannot write to the context object".to_owned()),
            Root::Variable(_) => return Err("cannot write to a variable: Assign does".to_owned()),
        }
        match &path.query {
            Query::One(steps) if steps.is_empty() => Ok(ResultPath::Replace),
            _ => Ok(ResultPath::At(path)),
        }
    }

    /// Puts `result` in its place of `input`, making the objects on the way.
    pub(crate) fn apply(&self, input: &Value, result: Value) -> Result<Value, Failure> {
        let path = match self {
            ResultPath::Discard => return Ok(input.clone()),
            ResultPath::Replace => return Ok(result),
            ResultPath::At(path) => path,
        };
        let mut output = input.clone();
        match &path.query {
            Query::One(steps) if put(&mut output, steps, result).is_some() => Ok(output),
            _ => {
                let cause = format!("Unable to apply ReferencePath {path} to input {input}");
                Err(Failure::new(RESULT_PATH_MATCH_FAILURE, cause))
            }
        }
    }
}

/// `None` when a value on the way is of the wrong kind.
fn put(target: &mut Value, steps: &[Step], result: Value) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        *target = result;
        return Some(());
    };
    let next = match step {
        Step::Name(name) => {
            if target.is_null() {
                *target = Value::Object(Map::new());
            }
            target.as_object_mut()?.entry(name.as_str()).or_insert(Value::Null)
        }
        Step::Index(index) => {
            let list = target.as_array_mut()?;
            let place = place_in_list(*index, list.len())?;
            list.get_mut(place)?
        }
    };
    put(next, rest, result)
}
