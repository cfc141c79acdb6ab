//! The notes in the thread of a card: how the approval ended and how the execution ended, said to the requester.
//! Each platform adds how it addresses a person.

use jiff::Timestamp;
use serde_json::Value;

use super::answers;
use super::dialect::Dialect;
use crate::approval::record::{Approval, ExecutionEnd, Vote};

/// Longer notes lose their comments, which the card has (Slack, length of a text object).
const NOTE_MAX: usize = 3_000;
const STATUS_MAX: usize = 150;
const COMMENT_MAX: usize = 1_000;
const FIELDS_MAX: usize = 10;
const FIELD_NAME_MAX: usize = 150;
const FIELD_VALUE_MAX: usize = 250;

/// How the approval ended, with what those who decided wrote.
pub fn outcome(approval: &Approval, dialect: Dialect) -> String {
    let standing = answers::standing(approval, dialect);
    let votes = approval.resolution().map(|_| approval.deciding_votes()).unwrap_or_default();
    let comments: String = votes.into_iter().filter_map(|vote| comment(vote, dialect)).collect();
    let fits = standing.len() + comments.len() <= NOTE_MAX;
    if fits { standing + &comments } else { standing }
}

/// How the execution ended, with the plain values of its output.
pub fn result(approval: &Approval, end: &ExecutionEnd, dialect: Dialect) -> String {
    let output = end.output.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let status = dialect.strong(&dialect.text(&end.status, STATUS_MAX));
    let fields = output.as_ref().and_then(Value::as_object).into_iter().flatten();
    let fields = fields.filter(|(_, value)| is_worth_showing(value, approval)).take(FIELDS_MAX);
    let lines = fields.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (name, value) = (dialect.text(name, FIELD_NAME_MAX), dialect.text(&value, FIELD_VALUE_MAX));
        format!("{}{}{name}: {value}", dialect.paragraph(), dialect.bullet())
    });
    format!("The workflow has ended: {status}{}", lines.collect::<String>())
}

/// What somebody wrote, in a paragraph of its own.
pub fn comment(vote: &Vote, dialect: Dialect) -> Option<String> {
    let comment = vote.comment.as_ref()?;
    Some(format!("{}{}", dialect.paragraph(), dialect.quotation(comment, COMMENT_MAX)))
}

/// A plain value that the thread does not say already, as it does the approval's id and its times.
fn is_worth_showing(value: &Value, approval: &Approval) -> bool {
    match value {
        Value::String(text) => text != approval.id.as_str() && text.parse::<Timestamp>().is_err(),
        Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}
