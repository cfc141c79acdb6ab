//! The Slack card and the notes in its thread, as Block Kit.
//!
//! The lengths are Slack's (docs.slack.dev, Block Kit reference); everything is cut to them after escaping.

use jiff::Timestamp;
use serde_json::Value;
use slack_morphism::SlackActionId;
use slack_morphism::blocks::{
    SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle, SlackBlockConfirmItem,
    SlackBlockMarkDownText, SlackBlockPlainText, SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly,
    SlackBlockText, SlackContextBlock, SlackHeaderBlock, SlackInputBlock, SlackSectionBlock,
};

use super::answers::{self, SLACK};
use super::escape::{clean, cut, mrkdwn, one_line};
use crate::app::Links;
use crate::approval::decide::COMMENT_MAX;
use crate::approval::record::{Approval, ExecutionEnd, Outcome, State, Vote};
use crate::slack::Message;

/// The block and action of the comment input.
pub const COMMENT: &str = "comment";
/// The action of the button that approves; its value is the approval id.
pub const APPROVE: &str = "approve";
/// The action of the button that rejects; its value is the approval id.
pub const REJECT: &str = "reject";

const HEADER_MAX: usize = 150;
const SECTION_MAX: usize = 3_000;
const FIELD_MAX: usize = 2_000;
const FIELDS_A_SECTION: usize = 10;
const FACT_NAME_MAX: usize = 200;
const CONTEXT_MAX: usize = 2_000;
const NAME_MAX: usize = 150;
const VOTE_COMMENT_MAX: usize = 1_000;
/// More votes than this are counted, not listed: a message has room for 50 blocks.
const VOTES_LISTED: usize = 10;
const RESULT_FIELDS: usize = 10;
const RESULT_VALUE_MAX: usize = 250;

/// The card as the record stands: with buttons while it waits, with the outcome once it has ended.
pub fn card(approval: &Approval, links: &Links) -> Message {
    let title = cut(&visible(one_line(&approval.request.title)), HEADER_MAX);
    let mut blocks: Vec<SlackBlock> = vec![SlackHeaderBlock::new(plain(&title)).into()];
    blocks.push(section(&format!("{} *{}*", sign(approval), headline(approval))));
    let summary = clean(&approval.request.summary);
    if !summary.trim().is_empty() {
        // Plain text: what a requester wrote cannot look like a vote or a heading of ours.
        let text = SlackBlockText::Plain(SlackBlockPlainText::new(cut(&summary, SECTION_MAX)).with_emoji(false));
        blocks.push(SlackSectionBlock::new().with_text(text).into());
    }
    blocks.extend(facts(approval));
    blocks.extend(votes(approval));
    if approval.state == State::Pending {
        blocks.push(comment_input(approval));
        blocks.push(buttons(approval));
    }
    blocks.push(context(&[requested(approval), progress(approval)]));
    blocks.push(context(&[format!(
        "`{}` · <{}|Open the execution>",
        approval.id,
        links.execution(&approval.request.execution)
    )]));
    Message { text: format!("{}: {}", mrkdwn(&title, FIELD_MAX), headline(approval)), blocks }
}

/// Tells the requester how the approval ended.
pub fn outcome_note(approval: &Approval) -> Message {
    let standing = format!("{}{}", mention(approval), answers::standing(approval, SLACK));
    let comments = approval.resolution().map(|_| approval.deciding_votes()).unwrap_or_default();
    let comments = comments.into_iter().filter_map(comment_line).collect::<String>();
    let fits = (standing.len() + comments.len()) <= SECTION_MAX;
    let text = if fits { standing + &comments } else { standing };
    Message { text, blocks: Vec::new() }
}

/// Tells the requester how the execution ended, with the plain values of its output.
pub fn result_note(approval: &Approval, end: &ExecutionEnd) -> Message {
    let output = end.output.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut text = format!("{}The workflow has ended: *{}*", mention(approval), mrkdwn(&end.status, NAME_MAX));
    let fields = output.as_ref().and_then(Value::as_object).into_iter().flatten();
    let shown = fields.filter(|(_, value)| is_worth_showing(value, approval));
    for (name, value) in shown.take(RESULT_FIELDS) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (name, value) = (mrkdwn(&one_line(name), NAME_MAX), mrkdwn(&one_line(&value), RESULT_VALUE_MAX));
        text.push_str(&format!("\n• {name}: {value}"));
    }
    Message { text, blocks: Vec::new() }
}

/// A plain value that the thread does not say already, as it does the approval's id and its times.
fn is_worth_showing(value: &Value, approval: &Approval) -> bool {
    match value {
        Value::String(text) => text != approval.id.as_str() && text.parse::<Timestamp>().is_err(),
        Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Slack refuses text in which nothing is left to see.
fn visible(text: String) -> String {
    if text.is_empty() { "(no text)".to_owned() } else { text }
}

fn mention(approval: &Approval) -> String {
    let user = approval.request.requester.as_ref().and_then(|person| person.slack.as_deref());
    user.map(|user| format!("<@{user}> ")).unwrap_or_default()
}

fn sign(approval: &Approval) -> &'static str {
    match &approval.state {
        State::Pending => ":hourglass_flowing_sand:",
        State::Resolving(_) => ":arrows_counterclockwise:",
        State::Resolved(resolution) => match resolution.outcome {
            Outcome::Approved => ":white_check_mark:",
            Outcome::Rejected => ":x:",
            Outcome::Expired => ":alarm_clock:",
            Outcome::Cancelled { .. } | Outcome::Undeliverable { .. } => ":no_entry_sign:",
        },
    }
}

/// The sentence is ours, and the names in it are escaped.
fn headline(approval: &Approval) -> String {
    answers::standing(approval, SLACK)
}

fn facts(approval: &Approval) -> Vec<SlackBlock> {
    let fields: Vec<SlackBlockText> = approval
        .request
        .facts
        .iter()
        .map(|fact| {
            let name = mrkdwn(&visible(one_line(&fact.name)), FACT_NAME_MAX);
            let value = mrkdwn(&one_line(&fact.value), FIELD_MAX - FACT_NAME_MAX - 3);
            text(&format!("*{name}*\n{value}"))
        })
        .collect();
    let sections = fields.chunks(FIELDS_A_SECTION);
    sections.map(|fields| SlackSectionBlock::new().with_fields(fields.to_vec()).into()).collect()
}

fn votes(approval: &Approval) -> Option<SlackBlock> {
    if approval.votes.is_empty() {
        return None;
    }
    let listed = approval.votes.iter().rev().take(VOTES_LISTED).rev().map(|vote| {
        let place = vote.platform.as_place();
        let (name, at) = (mrkdwn(&one_line(&vote.name), NAME_MAX), answers::slack_time(vote.at));
        let comment = comment_line(vote).unwrap_or_default();
        format!("*{name}* {} {place}, {at}{comment}", answers::past(vote.verdict))
    });
    Some(section(&cut_lines(listed.collect(), SECTION_MAX)))
}

/// What somebody wrote, as a quotation that its own line breaks cannot leave.
fn comment_line(vote: &Vote) -> Option<String> {
    let comment = vote.comment.as_ref()?;
    Some(format!("\n>{}", mrkdwn(&one_line(comment), VOTE_COMMENT_MAX)))
}

/// As many of the last entries as fit whole.
fn cut_lines(mut entries: Vec<String>, max: usize) -> String {
    while entries.len() > 1 && entries.join("\n").encode_utf16().count() > max {
        entries.remove(0);
    }
    entries.join("\n")
}

fn comment_input(approval: &Approval) -> SlackBlock {
    let label = if approval.rules.reason_on_reject { "Comment (a rejection needs one)" } else { "Comment" };
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id(SlackActionId(COMMENT.to_owned()))
        .with_multiline(true)
        .with_max_length(COMMENT_MAX as u64);
    SlackInputBlock::new(plain(label), input.into()).with_block_id(COMMENT.into()).with_optional(true).into()
}

fn buttons(approval: &Approval) -> SlackBlock {
    let button = |action: &str, label: &str, style| {
        SlackBlockButtonElement::new(plain(label))
            .with_action_id(SlackActionId(action.to_owned()))
            .with_value(approval.id.as_str().to_owned())
            .with_style(style)
    };
    let confirm = SlackBlockConfirmItem::new(
        plain("Reject this request?"),
        SlackBlockText::Plain("The workflow is told that this was rejected. This cannot be undone.".into()),
        plain("Reject"),
        plain("Keep waiting"),
    );
    let confirm = confirm.with_style("danger".to_owned());
    let approve = button(APPROVE, "Approve", SlackBlockButtonStyle::Primary);
    let reject = button(REJECT, "Reject", SlackBlockButtonStyle::Danger).with_confirm(confirm);
    SlackActionsBlock::new(vec![approve.into(), reject.into()]).with_block_id("decision".into()).into()
}

fn requested(approval: &Approval) -> String {
    let request = &approval.request;
    let by = match (&request.requester, &request.requested_by) {
        (Some(person), _) => mrkdwn(&one_line(&person.name), NAME_MAX),
        (None, Some(text)) => mrkdwn(&one_line(text), NAME_MAX),
        (None, None) => "a workflow".to_owned(),
    };
    format!("Requested by {by}, {}", answers::slack_time(request.raised_at))
}

fn progress(approval: &Approval) -> String {
    let (given, required) = (approval.approvals(), approval.rules.required);
    format!("{given} of {required} approvals · decide by {}", answers::slack_time(approval.request.deadline))
}

fn section(markdown: &str) -> SlackBlock {
    SlackSectionBlock::new().with_text(text(markdown)).into()
}

fn context(elements: &[String]) -> SlackBlock {
    let texts = elements.iter().map(|element| {
        slack_morphism::blocks::SlackContextBlockElement::MarkDown(markdown(&cut(element, CONTEXT_MAX)))
    });
    SlackContextBlock::new(texts.collect()).into()
}

fn text(markdown_text: &str) -> SlackBlockText {
    SlackBlockText::MarkDown(markdown(markdown_text))
}

/// `verbatim` keeps Slack from making links and mentions of what people typed.
fn markdown(text: &str) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(text.to_owned()).with_verbatim(true)
}

fn plain(text: &str) -> SlackBlockPlainTextOnly {
    SlackBlockPlainText::new(text.to_owned()).with_emoji(false).into()
}
