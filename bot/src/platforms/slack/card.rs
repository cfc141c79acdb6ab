//! The Slack card and the notes in its thread, as Block Kit.
//!
//! The lengths are Slack's, <https://docs.slack.dev/reference/block-kit/blocks>; everything is cut to them after
//! escaping.

use slack_morphism::SlackActionId;
use slack_morphism::blocks::{
    SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle, SlackBlockConfirmItem,
    SlackBlockMarkDownText, SlackBlockPlainText, SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly,
    SlackBlockText, SlackContextBlock, SlackHeaderBlock, SlackInputBlock, SlackSectionBlock,
};

use super::client::Message;
use crate::approval::notes::Note;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::approval::state::{Outcome, State};
use crate::approval::transitions::decide::COMMENT_MAX;
use crate::links::Links;
use crate::messages::answers;
use crate::messages::dialect::{SLACK, slack_time};
use crate::messages::escape::{clean, cut, mrkdwn, one_line, visible};
use crate::messages::{links, notes};

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
/// In a note that may address many.
const ADDRESSED_NAME_MAX: usize = 60;
/// More votes than this are counted, not listed: a message has room for 50 blocks.
const VOTES_LISTED: usize = 10;

/// The card as the record stands: with buttons while it waits, with the outcome once it has ended.
pub fn card(approval: &Approval, links: &Links) -> Message {
    let title = cut(&visible(one_line(&approval.request.title)), HEADER_MAX);
    let mut blocks: Vec<SlackBlock> = vec![SlackHeaderBlock::new(plain(&title)).into()];
    blocks.push(section(&format!("{} *{}*", sign(approval), headline(approval))));
    blocks.extend(links::to_successor(approval, SLACK).map(|pointer| section(&pointer)));
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
    let about = [requested(approval), answers::progress(approval, SLACK)].into_iter().chain(escalated(approval));
    blocks.push(context(&about.collect::<Vec<_>>()));
    let execution = links.execution_of(approval).map(|url| format!(" · <{url}|Open the execution>"));
    blocks.push(context(&[format!("`{}`{}", approval.id, execution.unwrap_or_default())]));
    Message { text: format!("{}: {}", mrkdwn(&title, FIELD_MAX), headline(approval)), blocks }
}

/// What is told in the thread of a card: reminders and the escalation to those who may decide, the ends to the requester.
pub fn note(approval: &Approval, note: &Note) -> Message {
    let text = match note {
        Note::Reminder { at } => notes::reminder(approval, *at, SLACK, address),
        Note::Escalation => notes::escalation(approval, SLACK, address),
        Note::Outcome => mention(approval) + &notes::outcome(approval, SLACK),
        Note::Result(end) => mention(approval) + &notes::result(approval, end, SLACK),
    };
    Message { text, blocks: Vec::new() }
}

fn mention(approval: &Approval) -> String {
    let user = approval.request.requester.as_ref().and_then(|person| person.slack.as_deref());
    user.map(|user| format!("<@{user}> ")).unwrap_or_default()
}

/// A mention, which notifies the person, or the name of a person without Slack.
fn address(person: &Person) -> String {
    let mention = person.slack.as_ref().map(|user| format!("<@{user}>"));
    mention.unwrap_or_else(|| SLACK.text(&person.name, ADDRESSED_NAME_MAX))
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
            Outcome::Superseded => ":arrow_right:",
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
        let (name, at) = (mrkdwn(&one_line(&vote.name), NAME_MAX), slack_time(vote.at));
        let comment = notes::comment(vote, SLACK).unwrap_or_default();
        format!("*{name}* {} {place}, {at}{comment}", answers::past(vote.verdict))
    });
    Some(section(&cut_lines(listed.collect(), SECTION_MAX)))
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
    let by = answers::requester(approval).map(|name| mrkdwn(&one_line(name), NAME_MAX));
    let by = by.unwrap_or_else(|| "a workflow".to_owned());
    format!("Requested by {by}, {}", slack_time(approval.request.raised_at))
}

fn escalated(approval: &Approval) -> Option<String> {
    let people = answers::escalated_to(approval)?;
    Some(format!("Escalated to {}", mrkdwn(&one_line(&people), 2 * NAME_MAX)))
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
