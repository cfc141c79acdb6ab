//! The notes in the thread of a card: reminders and the escalation, said to those who may decide, and how the approval
//! and the execution ended, said to the requester. Each platform adds how it addresses a person.

use jiff::Timestamp;
use serde_json::Value;

use super::dialect::Dialect;
use super::names::addressed;
use super::{answers, inputs, links};
use crate::approval::limits;
use crate::approval::look_up::ExecutionEnd;
use crate::approval::policy::Person;
use crate::approval::record::{Approval, Vote};
use crate::approval::request::Request;

/// The comments of a note are those of the latest votes, as far as they cost no more than this.
const COMMENTS_MAX: usize = 2_400;
const STATUS_MAX: usize = 150;
/// A comment that does not fit whole is shortened to this, and if it still does not, to the shorter one.
const SHORT_COMMENTS_MAX: [usize; 2] = [200, 40];
const FIELD_NAME_MAX: usize = 100;
const FIELD_VALUE_MAX: usize = 250;

/// That a decision is still wanted, said to those who have said nothing. An escalation at the same time has a note of
/// its own for those whom it calls in.
pub fn reminder(approval: &Approval, at: Timestamp, dialect: Dialect, address: impl Fn(&Person) -> String) -> String {
    let called_in = approval.escalated().filter(|(escalated_at, _)| *escalated_at == at).map_or(&[][..], |(_, to)| to);
    let is_called_in = |person: &&Person| called_in.iter().any(|other| other.id == person.id);
    let people = approval.called().into_iter().filter(|person| !is_called_in(person)).map(address).collect();
    let progress = answers::progress(approval, dialect);
    format!("{}This still waits for a decision · {progress}", addressed(people))
}

/// The same in the own chat of one person.
pub fn own_reminder(approval: &Approval, dialect: Dialect) -> String {
    format!("This still waits for your decision · {}", answers::progress(approval, dialect))
}

/// That more people may decide, said to them.
pub fn escalation(approval: &Approval, dialect: Dialect, address: impl Fn(&Person) -> String) -> String {
    let people = approval.escalated().map(|(_, to)| to.iter().map(address).collect()).unwrap_or_default();
    let progress = answers::progress(approval, dialect);
    format!("{}This was escalated to you, because it still waits for a decision · {progress}", addressed(people))
}

/// How the approval ended, with what those who decided wrote.
pub fn outcome(approval: &Approval, dialect: Dialect) -> String {
    let pointer = links::to_successor(approval, dialect).map(|pointer| format!("{}{pointer}", dialect.paragraph()));
    let standing = answers::standing(approval, dialect) + &pointer.unwrap_or_default();
    let votes = approval.resolution().map(|_| approval.deciding_votes()).unwrap_or_default();
    let several = votes.len() > 1;
    let said = |vote: &Vote, max| match words(&approval.request, vote, max, dialect) {
        words if several && !words.is_empty() => {
            let who = dialect.strong(&dialect.text(&answers::who(approval, vote)));
            format!("{}{who}:{words}", dialect.paragraph())
        }
        words => words,
    };
    standing + &latest(votes.into_iter(), COMMENTS_MAX, said, |said| limits::cost(said)).concat()
}

/// How Step Functions says that an execution ended. That one has succeeded says nothing of what was decided in it, so
/// it is not what strikes the eye.
pub(super) fn execution_status(status: &str, dialect: Dialect) -> String {
    let text = dialect.excerpt(status, STATUS_MAX);
    if status == "SUCCEEDED" { text } else { dialect.strong(&text) }
}

/// How the execution ended, with the fields of its output that the policy shows.
pub fn result(approval: &Approval, end: &ExecutionEnd, dialect: Dialect) -> String {
    let output = end.output.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let status = execution_status(&end.status, dialect);
    let fields = approval.rules.show_result.iter();
    let fields = fields.filter_map(|field| Some((field, output.as_ref()?.get(field)?)));
    let lines = fields.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (name, value) = (dialect.excerpt(name, FIELD_NAME_MAX), dialect.excerpt(&value, FIELD_VALUE_MAX));
        format!("{}{}{name}: {value}", dialect.paragraph(), dialect.bullet())
    });
    format!("The workflow has ended: {status}{}", lines.collect::<String>())
}

/// The beginning of each thing that somebody answered or wrote, in paragraphs of their own.
pub fn words(request: &Request, vote: &Vote, max: usize, dialect: Dialect) -> String {
    let quoted = |words: &str| format!("{}{}", dialect.paragraph(), dialect.quotation(words, max));
    let answered = |(label, answer): (&str, String)| {
        format!("{}{}{}", dialect.paragraph(), dialect.excerpt(&inputs::answered(label), max), quoted(&answer))
    };
    inputs::answers(request, vote).map(answered).chain(vote.comment.as_deref().map(quoted)).collect()
}

/// The latest votes that cost no more than `max` together, in their order. `show` is told how long a comment may be: it
/// is whole if it fits, and else shortened. The votes are ours to leave out, and the audit trail has them whole.
pub fn latest<'a, T>(
    votes: impl DoubleEndedIterator<Item = &'a Vote>,
    max: usize,
    show: impl Fn(&'a Vote, usize) -> T,
    cost: impl Fn(&T) -> usize,
) -> Vec<T> {
    let mut left = max;
    let mut latest = Vec::new();
    for vote in votes.rev() {
        let lengths = [usize::MAX].into_iter().chain(SHORT_COMMENTS_MAX);
        let Some(shown) = lengths.map(|comment_max| show(vote, comment_max)).find(|shown| cost(shown) <= left) else {
            break;
        };
        left -= cost(&shown);
        latest.push(shown);
    }
    latest.reverse();
    latest
}

/// That there are votes which are not listed.
pub fn earlier(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 earlier vote is in the audit trail.".to_owned()),
        count => Some(format!("{count} earlier votes are in the audit trail.")),
    }
}
