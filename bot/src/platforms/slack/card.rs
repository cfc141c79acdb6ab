//! The Slack card and the notes in its thread, as Block Kit.
//!
//! What people typed is plain text or rich text in it, whole: `approval::limits` lets nobody ask what does not fit.

use slack_morphism::SlackActionId;
use slack_morphism::blocks::{
    SlackBlock, SlackBlockMarkDownText, SlackBlockPlainTextInputElement, SlackBlockText, SlackHeaderBlock,
    SlackInputBlock, SlackSectionBlock,
};

use super::client::Message;
use super::elements::{self, plain, typed};
pub use super::elements::{APPROVE, APPROVE_IN_FORM, REJECT, REJECT_IN_FORM, RETURN_IN_FORM};
use super::{buttons, rich_text};
use crate::approval::limits::COMMENT_MAX;
use crate::approval::limits::slack::{BLOCK_COST, FIELDS_MAX, MESSAGE_MAX};
use crate::approval::notes::Note;
use crate::approval::place::{MessageRef, Platform};
use crate::approval::policy::Person;
use crate::approval::record::{Approval, Vote};
use crate::approval::request::Risk;
use crate::approval::state::{Outcome, State};
use crate::links::Links;
use crate::messages::answers::{self, IN_THEIR_WORDS, Requester};
use crate::messages::dialect::{PLAIN, SLACK};
use crate::messages::escape::{lines, mrkdwn, one_line, visible};
use crate::messages::{away, break_glass, calling, claims, inputs, links, notes, risk, since};

/// The block and action of the comment input.
pub const COMMENT: &str = "comment";
/// Slack has no red text: this is what is red in it.
pub(super) const SIREN: &str = ":rotating_light:";

/// What is left for votes: how many there are, and the latest of them.
const VOTES_MIN: usize = 800;

/// What takes no more is that there are votes.
const VOTES_COUNTED: usize = 300;

/// In a note that may address many.
const ADDRESSED_NAME_MAX: usize = 60;

/// The card as the record stands: with buttons while it waits, with the outcome once it has ended. It mentions those whom
/// it calls.
pub fn card(approval: &Approval, links: &Links) -> Message {
    whole(approval, links, calling::called(approval))
}

/// The same for the own chat of somebody, where nobody else is to be mentioned.
pub fn own(approval: &Approval, links: &Links) -> Message {
    whole(approval, links, Vec::new())
}

fn whole(approval: &Approval, links: &Links, call: Vec<&Person>) -> Message {
    let bare = cost(&self::above(approval, None));
    let enough = self::below(approval, links, Room::Enough, &[]);
    let room_size = if bare + cost(&enough) + VOTES_MIN <= MESSAGE_MAX { Room::Enough } else { Room::Little };
    let mut below = self::below(approval, links, room_size, &[]);
    let for_votes = if approval.votes.is_empty() { 0 } else { VOTES_MIN };
    let room = MESSAGE_MAX.saturating_sub(bare + cost(&below) + for_votes);
    let above = above(approval, called(call, room));
    // Beside the longest request there is no room for who may decide and who stands in, which lists and answers say as well.
    let mut lines = Vec::new();
    for line in [calling::may_decide(approval), away::line(approval)].into_iter().flatten() {
        lines.push(SLACK.text(&line));
        let longer = self::below(approval, links, room_size, &lines);
        if cost(&above) + cost(&longer) + VOTES_MIN <= MESSAGE_MAX {
            below = longer;
        } else {
            lines.pop();
        }
    }
    let left = MESSAGE_MAX.saturating_sub(cost(&above) + cost(&below));
    let changed: Vec<SlackBlock> = changed(approval, left).into_iter().collect();
    let votes = votes(approval, left.saturating_sub(cost(&changed)));
    let title = visible(one_line(&approval.request.title));
    Message {
        text: mrkdwn(&format!("{title}: {}", answers::standing(approval, PLAIN))),
        blocks: above.into_iter().chain(changed).chain(votes).chain(below).collect(),
    }
}

/// Mentions of as many as there is room for, on every version of the card as long as it waits: Slack notifies those whom
/// a message mentions when it is posted, and nobody when it is changed.
fn called(people: Vec<&Person>, room: usize) -> Option<SlackBlock> {
    let mentions: Vec<String> = people.into_iter().filter_map(mention_of).collect();
    let block = |count: usize| ours(&format!("{}: {}", mentions[..count].join(", "), calling::WANTED));
    (1..=mentions.len()).rev().map(block).find(|block| cost(std::slice::from_ref(block)) <= room)
}

/// What is asked, and where it stands.
fn above(approval: &Approval, called: Option<SlackBlock>) -> Vec<SlackBlock> {
    let title = visible(one_line(&approval.request.title));
    let mut blocks: Vec<SlackBlock> = vec![SlackHeaderBlock::new(plain(&title)).into()];
    let standing = SLACK.strong(&answers::standing(approval, SLACK));
    let mark = approval.request.risk.map(|risk| format!("\n{}", marked(risk)));
    let claimed = claims::line(approval, SLACK).map(|line| format!("\n:eyes: {line}"));
    let beside = [mark, claimed].map(Option::unwrap_or_default).concat();
    blocks.push(rich_text::block(&format!("{} {standing}{beside}", sign(approval))));
    let broken = break_glass::mark(approval, SLACK);
    blocks.extend(broken.map(|mark| rich_text::block(&format!("{SIREN} {mark}"))));
    blocks.extend(links::to_successor(approval, SLACK).map(|pointer| ours(&pointer)));
    blocks.extend(called);
    blocks.extend(asked(approval));
    blocks
}

/// What is asked, in the words of whoever asked.
pub(super) fn asked(approval: &Approval) -> Vec<SlackBlock> {
    let theirs = approval.request.says_more().then(|| rich_text::context(&[IN_THEIR_WORDS.to_owned()]));
    let summary = lines(&approval.request.summary);
    let summary =
        (!summary.trim().is_empty()).then(|| elements::whole(SlackSectionBlock::new().with_text(typed(&summary))));
    theirs.into_iter().chain(summary).chain(facts(approval)).chain(asked_links(approval)).collect()
}

/// How much room there is for what is not part of the request.
#[derive(Clone, Copy)]
pub(super) enum Room {
    /// As much as it takes.
    Enough,
    /// As beside the longest request: names are shortened, and what lists and answers say as well is left to them.
    Little,
}

impl Room {
    /// Names are not longer than this.
    fn name_max(self) -> usize {
        match self {
            Self::Enough => answers::NAME_MAX,
            Self::Little => answers::SHORT_NAME_MAX,
        }
    }
}

/// The buttons, and what is to be known about it, with these lines where there is room for them.
fn below(approval: &Approval, links: &Links, room: Room, lines: &[String]) -> Vec<SlackBlock> {
    let mut blocks = Vec::new();
    if approval.state == State::Pending {
        blocks.push(comment_input(approval));
    }
    blocks.extend(buttons::of_card(approval));
    blocks.push(about(approval, room, lines));
    blocks.push(names(approval, links, room));
    blocks
}

/// Who asked, how far it is, and who else has to do with it.
pub(super) fn about(approval: &Approval, room: Room, lines: &[String]) -> SlackBlock {
    let about = [requested(approval, room), progress(approval, room)].into_iter();
    let about = about.chain(narrowed(approval, room)).chain(escalated(approval, room));
    let about = about.chain(lines.to_vec()).chain(asked_inputs(approval));
    rich_text::context(&about.collect::<Vec<_>>())
}

/// What it is called, and the way to its execution.
pub(super) fn names(approval: &Approval, links: &Links, room: Room) -> SlackBlock {
    let execution = links.execution_of(approval).filter(|_| matches!(room, Room::Enough));
    let execution = execution.map(|url| format!(" · {}", SLACK.link(&url, "Open the execution")));
    let (id, content) = (SLACK.code(approval.id.as_str()), SLACK.code(&approval.content_hash().short()));
    let execution = execution.unwrap_or_default();
    rich_text::context(&[format!("{id} · content {content}{execution}")])
}

/// What blocks take of a message. Slack keeps `&`, `<` and `>` as entities.
fn cost(blocks: &[SlackBlock]) -> usize {
    let json = serde_json::to_string(blocks).unwrap_or_default();
    let entities = |c: char| match c {
        '&' => 4,
        '<' | '>' => 3,
        _ => 0,
    };
    json.chars().map(|c| c.len_utf16() + entities(c)).sum::<usize>() + BLOCK_COST * blocks.len()
}

/// The mark of a risk, in words of ours.
pub(super) fn marked(risk: Risk) -> String {
    format!(":warning: {}", SLACK.strong(risk::mark(risk)))
}

/// What is told in the thread of a card: reminders and the escalation to those who may decide, the ends to the requester.
/// In the thread of a card of one's own only a mention notifies.
pub fn note(approval: &Approval, beside: &MessageRef, note: &Note) -> Message {
    let text = match note {
        Note::Reminder { .. } if !beside.is_shared() => {
            let mention = own_reader(approval, beside).and_then(mention_of);
            let mention = mention.map(|mention| format!("{mention}: ")).unwrap_or_default();
            mention + &notes::own_reminder(approval, SLACK)
        }
        Note::Reminder { at } => notes::reminder(approval, *at, SLACK, address),
        Note::Escalation => notes::escalation(approval, SLACK, address),
        Note::GlassBroken => format!("{SIREN} {}", break_glass::note(approval, SLACK, address)),
        Note::GlassReminder { .. } => format!("{SIREN} {}", break_glass::reminder(approval, SLACK, address)),
        Note::Acknowledged => break_glass::mark(approval, SLACK).unwrap_or_default(),
        Note::Outcome => mention(approval) + &notes::outcome(approval, SLACK),
        Note::Result(end) => mention(approval) + &notes::result(approval, end, SLACK),
    };
    Message::saying(&text)
}

/// In whose own chat this card is.
fn own_reader<'a>(approval: &'a Approval, message: &MessageRef) -> Option<&'a Person> {
    let MessageRef::Direct { person, .. } = message else { return None };
    approval.rules.person(person)
}

fn mention(approval: &Approval) -> String {
    let user = approval.request.requester.as_ref().and_then(|person| person.on(Platform::Slack));
    user.map(|user| format!("<@{}> ", user.id)).unwrap_or_default()
}

/// A mention, which notifies the person, or the name of a person without Slack.
fn address(person: &Person) -> String {
    mention_of(person).unwrap_or_else(|| SLACK.excerpt(&person.name, ADDRESSED_NAME_MAX))
}

/// A mention of a person in Slack: <https://docs.slack.dev/messaging/formatting-message-text#mentioning-users>.
fn mention_of(person: &Person) -> Option<String> {
    person.on(Platform::Slack).map(|user| format!("<@{}>", user.id))
}

fn sign(approval: &Approval) -> &'static str {
    match &approval.state {
        State::Pending => ":hourglass_flowing_sand:",
        State::Resolving(_) => ":arrows_counterclockwise:",
        State::Resolved(resolution) => match resolution.outcome {
            Outcome::Approved => ":white_check_mark:",
            Outcome::Rejected => ":x:",
            Outcome::Returned => ":leftwards_arrow_with_hook:",
            Outcome::Expired => ":alarm_clock:",
            Outcome::Cancelled { .. } | Outcome::Undeliverable { .. } => ":no_entry_sign:",
            Outcome::Superseded => ":arrow_right:",
        },
    }
}

/// A fact is a field of plain text, its name on the first line and the items of a list on those after it.
fn facts(approval: &Approval) -> Vec<SlackBlock> {
    let facts = approval.request.facts.iter();
    let fields: Vec<SlackBlockText> = facts
        .map(|fact| typed(&format!("{}\n{}", visible(one_line(&fact.name)), fact.value.shown(one_line))))
        .collect();
    let sections = fields.chunks(FIELDS_MAX);
    sections.map(|fields| elements::whole(SlackSectionBlock::new().with_fields(fields.to_vec()))).collect()
}

/// A link of whoever asked says where it leads.
fn asked_links(approval: &Approval) -> Option<SlackBlock> {
    let lines: Vec<String> = approval.request.links.iter().map(|link| links::of_request(link, SLACK)).collect();
    (!lines.is_empty()).then(|| rich_text::block(&lines.join("\n")))
}

/// What has changed since the request that it follows, as much as there is room for, as long as it waits.
fn changed(approval: &Approval, room: usize) -> Option<SlackBlock> {
    let since = approval.shown_since().filter(|_| approval.state == State::Pending)?;
    let block = |told: usize| rich_text::block(&since::lines(since, told, SLACK).join("\n"));
    // Beside the longest request there may be room for none, which answers and mails tell.
    let fits = |told: &usize| cost(&[block(*told)]) + if *told == 0 { VOTES_COUNTED } else { VOTES_MIN } <= room;
    (0..=since.changes.len()).rev().find(fits).map(block)
}

/// The latest votes that there is room for.
fn votes(approval: &Approval, room: usize) -> Option<SlackBlock> {
    let said = |vote: &Vote, comment_max| {
        let name = SLACK.strong(&SLACK.text(&answers::who(approval, vote)));
        let (what, place, at) = (answers::did(vote.verdict), vote.platform.as_place(), SLACK.when(vote.at));
        let words = notes::words(&approval.request, vote, comment_max, SLACK);
        format!("{name} {what} {place}, {at}{words}")
    };
    let block_of = |votes: &String| cost(&[rich_text::block(votes)]);
    let counted = notes::earlier(approval.votes.len()).map_or(0, |count| count.len());
    let latest = notes::latest(approval.votes.iter(), room.saturating_sub(counted), said, block_of);
    let earlier = notes::earlier(approval.votes.len() - latest.len());
    let words: Vec<String> = earlier.into_iter().chain(latest).collect();
    (!words.is_empty()).then(|| rich_text::block(&words.join("\n")))
}

fn comment_input(approval: &Approval) -> SlackBlock {
    let label = if approval.rules.reason_on_reject { "Comment (a rejection needs one)" } else { "Comment" };
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id(SlackActionId(COMMENT.to_owned()))
        .with_multiline(true)
        .with_max_length(COMMENT_MAX as u64);
    // What is optional says so, and nothing in a message is checked before it is sent:
    // https://docs.slack.dev/reference/block-kit/blocks/input-block.
    let input = SlackInputBlock::new(plain(label), input.into()).with_block_id(COMMENT.into());
    input.with_optional(!approval.rules.reason_on_reject).into()
}

fn requested(approval: &Approval, room: Room) -> String {
    let by = SLACK.text(&format!("Requested by {}", Requester::of(approval).line(str::to_owned)));
    match room {
        Room::Enough => format!("{by} · asked {}", SLACK.when(approval.request.raised_at)),
        Room::Little => by,
    }
}

/// How far it is; until when there is time says the line below the title as well.
fn progress(approval: &Approval, room: Room) -> String {
    match room {
        Room::Enough => answers::progress(approval, SLACK),
        Room::Little => SLACK.text(&answers::quorum(approval)),
    }
}

fn narrowed(approval: &Approval, room: Room) -> Option<String> {
    Some(SLACK.text(&format!("Only {} may decide", answers::narrowed_to(approval, room.name_max())?)))
}

fn escalated(approval: &Approval, room: Room) -> Option<String> {
    Some(SLACK.text(&format!("Escalated to {}", answers::escalated_to(approval, room.name_max())?)))
}

/// What the form of Approve asks for, as long as it can be pressed.
fn asked_inputs(approval: &Approval) -> Option<String> {
    inputs::asked(&approval.request).filter(|_| approval.state == State::Pending)
}

/// Words of ours alone.
fn ours(markup: &str) -> SlackBlock {
    let text = SlackBlockMarkDownText::new(markup.to_owned()).with_verbatim(true);
    elements::whole(SlackSectionBlock::new().with_text(SlackBlockText::MarkDown(text)))
}
