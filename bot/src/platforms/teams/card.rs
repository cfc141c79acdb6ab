//! The card, as an Adaptive Card 1.5, the version that Teams takes from bots.
//!
//! It has no `refresh`: everybody's card is changed by an update of the message, and a refresh would make the client of
//! every reader call the bot, each time they look, for the card that they have already. It names no language either,
//! because times are shown in the language of the card, and the reader's own is the better one.

use serde_json::{Value, json};

use super::activity::Press;
use super::calling::Called;
use super::elements::{Look, container, execute, input, ours, row, run, runs, time, with};
use super::words::{APPROVE, CHANGES, COMMENT, REASON, REJECT, RETURN};
use super::{approving, details, more};
use crate::approval::limits::teams::CARD_MAX;
use crate::approval::limits::{COMMENT_MAX, excerpt};
use crate::approval::record::{Approval, Vote};
use crate::approval::state::{Outcome, State};
use crate::links::Links;
use crate::messages::answers::{self, IN_THEIR_WORDS, Requester, TYPED_MAX};
use crate::messages::dialect::TEAMS;
use crate::messages::escape::{lines, one_line, visible};
use crate::messages::since::Piece;
use crate::messages::{away, calling, claims, inputs, links, notes, returning, risk, since};

/// What is left for votes beside the names of those who may decide, and what has changed.
const VOTES_MIN: usize = 800;

/// The card as the record stands: with buttons while it waits, with the outcome once it has ended.
pub fn card(approval: &Approval, links: &Links) -> Value {
    whole(approval, links, details::button(approval).as_ref(), None, false)
}

/// The same as it is posted, when it mentions those whom it calls. Whether Teams would call them again when a message with
/// mentions is changed is not documented, so no other card has any.
pub fn first(approval: &Approval, links: &Links) -> Value {
    whole(approval, links, details::button(approval).as_ref(), None, true)
}

/// The same for whoever has pressed Approve without all that the request asks for, with what they wrote. That is not
/// theirs to lose, so where both are too long, the details are only on the card that everybody else sees.
pub(super) fn again(approval: &Approval, links: &Links, tried: &Press) -> Value {
    let card = whole(approval, links, details::button(approval).as_ref(), Some(tried), false);
    if size(&card) <= CARD_MAX { card } else { whole(approval, links, None, Some(tried), false) }
}

/// What a card has as far as there is room for it.
#[derive(Default)]
struct Beside {
    called: Option<Called>,
    may_decide: Option<Value>,
    changed: Option<Value>,
    votes: Option<Value>,
}

fn whole(approval: &Approval, links: &Links, details: Option<&Value>, tried: Option<&Press>, calls: bool) -> Value {
    let bare = build(approval, links, details, tried, Beside::default());
    let mut left = CARD_MAX.saturating_sub(size(&bare));
    let changed = changed(approval, left.saturating_sub(VOTES_MIN));
    left = left.saturating_sub(changed.as_ref().map_or(0, |changed| size(changed) + 1));
    let called = Some(left).filter(|_| calls).and_then(|room| Called::of(approval, room));
    left -= called.as_ref().map_or(0, Called::size);
    let may_decide = calling::may_decide(approval).map(|people| small(&people));
    let may_decide = may_decide.filter(|people| size(people) + 1 + VOTES_MIN <= left);
    left -= may_decide.as_ref().map_or(0, |people| size(people) + 1);
    let votes = votes(approval, left);
    build(approval, links, details, tried, Beside { called, may_decide, changed, votes })
}

/// What a part of a card takes of a message, which is counted in UTF-16.
fn size(part: &Value) -> usize {
    part.to_string().encode_utf16().count()
}

fn build(
    approval: &Approval,
    links: &Links,
    details: Option<&Value>,
    tried: Option<&Press>,
    Beside { called, may_decide, changed, votes }: Beside,
) -> Value {
    let request = &approval.request;
    let (call, entities) = called.map(|Called { line, entities }| (line, entities)).unzip();
    let title = line(&request.title);
    let mut body = vec![runs([run(&title, Look::Title)]), standing(approval)];
    body.extend(broken_glass(approval));
    body.extend(call);
    let summary = lines(&request.summary);
    if request.says_more() {
        body.push(ours(IN_THEIR_WORDS, Look::Quiet));
    }
    if !summary.trim().is_empty() {
        body.push(runs([run(summary.trim(), Look::Normal)]));
    }
    body.extend(facts(approval));
    body.extend(asked_links(approval));
    body.extend(details.cloned());
    body.extend(changed.into_iter().chain(votes));
    body.push(with(container(about(approval, may_decide)), "separator", true));
    // Not beside the buttons that decide: where the card is narrow, three would cut each other's titles off.
    let execution = links.execution_of(approval).map(|url| ("Open the execution", url));
    let successor = links::of_successor(approval, TEAMS).map(|url| ("Open the later request", url));
    body.extend([execution, successor].into_iter().flatten().map(|(title, url)| {
        json!({ "type": "ActionSet", "actions": [{ "type": "Action.OpenUrl", "title": title, "url": url }] })
    }));
    let actions = if approval.state == State::Pending {
        let comment = input(COMMENT, "Comment", COMMENT_MAX);
        let approve = execute(approval, APPROVE, "Approve", "positive");
        let approve = match tried {
            Some(press) => {
                body.extend(approving::again(&approval.request, press));
                body.push(with(comment, "value", press.comment.as_deref().unwrap_or_default()));
                approve
            }
            None => {
                body.push(comment);
                approving::open(&approval.request, approve)
            }
        };
        // As above: beside the two others, and the menu, its title would be cut off where the card is narrow.
        body.extend(send_back(approval).map(|action| json!({ "type": "ActionSet", "actions": [action] })));
        [approve, reject(approval)].into_iter().chain(more::actions(approval)).collect()
    } else {
        Vec::new()
    };
    let ms_teams = json!({ "width": "Full" });
    json!({
        "type": "AdaptiveCard",
        "version": "1.5",
        "msteams": match entities {
            Some(entities) => with(ms_teams, "entities", entities),
            None => ms_teams,
        },
        "fallbackText": format!("{}: {}", TEAMS.text(&title), answers::standing(approval, TEAMS)),
        "body": body,
        "actions": actions,
    })
}

/// Where the approval stands. The words say it; the colour only repeats them.
fn standing(approval: &Approval) -> Value {
    let (sign, style) = match &approval.state {
        State::Pending => ("⏳", "emphasis"),
        State::Resolving(_) => ("🔄", "accent"),
        State::Resolved(resolution) => match resolution.outcome {
            Outcome::Approved => ("✅", "good"),
            Outcome::Rejected => ("❌", "attention"),
            Outcome::Returned => ("↩️", "warning"),
            Outcome::Expired => ("⏰", "warning"),
            Outcome::Cancelled { .. } | Outcome::Undeliverable { .. } => ("🚫", "warning"),
            Outcome::Superseded => ("➡️", "default"),
        },
    };
    let mut items = vec![ours(&format!("{sign} {}", answers::headline(approval, time)), Look::Strong)];
    items.extend(approval.request.risk.map(|risk| ours(&format!("⚠️ {}", risk::mark(risk)), Look::Strong)));
    items.extend(claimed(approval).into_iter().flatten());
    match approval.resolution().map(|resolution| &resolution.outcome) {
        Some(outcome) if outcome.is_decided() => {
            let by = run(&line(&answers::deciders(approval)), Look::Normal);
            items.push(with(runs([run("By ", Look::Normal), by]), "spacing", "Small"));
        }
        Some(Outcome::Cancelled { reason }) => {
            let reason = run(&excerpt(&line(reason), TYPED_MAX), Look::Normal);
            items.push(with(runs([reason]), "spacing", "Small"));
        }
        _ => {}
    }
    if approval.successor.is_some() {
        items.push(ours("The workflow asks again.", Look::Normal));
    }
    with(container(items), "style", style)
}

/// Who is looking at it, and until when.
fn claimed(approval: &Approval) -> Option<[Value; 2]> {
    let name = run(&line(&claims::who(approval)?), Look::Normal);
    let until = ours(&format!("until {}", time(approval.claimed()?.until)), Look::Quiet);
    let [before, after] = ["👀 ", " is looking at it"].map(|words| run(words, Look::Normal));
    Some([with(runs([before, name, after]), "spacing", "Small"), with(until, "spacing", "None")])
}

/// That somebody has approved alone, in red. The words say it; the colour only repeats them.
fn broken_glass(approval: &Approval) -> Option<Value> {
    let vote = approval.glass_breaker()?;
    let name = |name: &str| run(&line(&answers::named(name)), Look::Strong);
    let [before, after] = ["🚨 Glass broken: ", " approved this alone."].map(|words| run(words, Look::Strong));
    let mut items = vec![runs([before, name(&vote.name), after]), ours(&time(vote.at), Look::Normal)];
    match approval.broken_glass.as_ref().and_then(|glass| glass.acknowledged.as_ref()) {
        Some(acknowledged) => {
            items.push(runs([run("Acknowledged by ", Look::Normal), name(&acknowledged.name)]));
            items.push(with(ours(&time(acknowledged.told.at), Look::Normal), "spacing", "None"));
        }
        None => {
            items.push(ours("Another approver has to acknowledge it, and says to the bot:", Look::Normal));
            let command = format!("{} acknowledge {}", TEAMS.approvals_command(), approval.id);
            items.push(with(runs([run(&command, Look::Code)]), "spacing", "None"));
        }
    }
    Some(with(container(items), "style", "attention"))
}

fn facts(approval: &Approval) -> Option<Value> {
    let rows = approval.request.facts.iter();
    let rows: Vec<Value> = rows
        .map(|fact| row(run(&line(&fact.name), Look::Strong), run(&fact.value.shown(line), Look::Normal)))
        .collect();
    (!rows.is_empty()).then(|| container(rows))
}

/// A link of whoever asked says where it leads. It is no button, whose title Teams would cut off.
fn asked_links(approval: &Approval) -> Option<Value> {
    let links = approval.request.links.iter().map(|link| {
        let open = json!({ "type": "Action.OpenUrl", "url": link.url.as_str() });
        let host = with(run(link.url.host(), Look::Normal), "selectAction", open);
        with(runs([run(&format!("{}: ", line(&link.text)), Look::Normal), host]), "spacing", "Small")
    });
    let links: Vec<Value> = links.collect();
    (!links.is_empty()).then(|| container(links))
}

/// What has changed since the request that it follows, as much as there is room for, as long as it waits.
fn changed(approval: &Approval, room: usize) -> Option<Value> {
    let since = approval.shown_since().filter(|_| approval.state == State::Pending)?;
    let text = |piece| match piece {
        Piece::Ours(words) => run(words, Look::Normal),
        Piece::Typed(text) => run(&text, Look::Normal),
    };
    let changed = |told: usize| {
        let head = if told == 0 { since::without_room(since, TEAMS) } else { since::head(since) };
        let lines = since.changes.iter().take(told).map(|change| runs(since::pieces(change).into_iter().map(text)));
        let more = since::more(since, told).map(|more| ours(&more, Look::Quiet));
        let lines = lines.chain(more).map(|line| with(line, "spacing", "Small"));
        container([runs([run(&head, Look::Strong)])].into_iter().chain(lines).collect())
    };
    let told = (0..=since.changes.len()).rev().find(|told| size(&changed(*told)) < room);
    Some(changed(told.unwrap_or(0)))
}

/// The latest votes that there is room for.
fn votes(approval: &Approval, room: usize) -> Option<Value> {
    let earlier = |count| notes::earlier(count).map(|count| ours(&count, Look::Quiet));
    let votes = |items: Vec<Value>| with(container(items), "separator", true);
    let around = size(&votes(earlier(approval.votes.len()).into_iter().collect()));
    // A comma follows each.
    let size = |said: &Vec<Value>| said.iter().map(|line| size(line) + 1).sum::<usize>();
    let said = |vote, max| said(approval, vote, max);
    let latest = notes::latest(approval.votes.iter(), room.saturating_sub(around), said, size);
    let items: Vec<Value> =
        earlier(approval.votes.len() - latest.len()).into_iter().chain(latest.into_iter().flatten()).collect();
    (!items.is_empty()).then(|| votes(items))
}

/// A vote is told by its shape: a name alone, our line under it, and each answer and the comment as a quotation on one
/// line.
fn said(approval: &Approval, vote: &Vote, comment_max: usize) -> Vec<Value> {
    let name = run(&line(&answers::who(approval, vote)), Look::Strong);
    let place = vote.platform.as_place();
    let said = format!("{} {place}, {}", answers::did(vote.verdict), time(vote.at));
    let mut items = vec![runs([name]), with(ours(&said, Look::Quiet), "spacing", "None")];
    let answers = inputs::answers(&approval.request, vote).map(|(label, answer)| (Some(label), answer));
    for (label, words) in answers.chain(vote.comment.clone().map(|comment| (None, comment))) {
        items.extend(label.map(|label| {
            let to = run(&excerpt(&line(&inputs::answered(label)), comment_max), Look::Quiet);
            with(runs([to]), "spacing", "Small")
        }));
        let words = run(&excerpt(&line(&words), comment_max), Look::Normal);
        items.push(with(runs([run("“", Look::Normal), words, run("”", Look::Normal)]), "spacing", "Small"));
    }
    items
}

/// Who asked and when, how far it is, who was called in, and the approval's id.
fn about(approval: &Approval, may_decide: Option<Value>) -> Vec<Value> {
    let request = &approval.request;
    let requested =
        ["Requested by ".to_owned(), Requester::of(approval).line(line)].map(|words| run(&words, Look::Quiet));
    let asked = format!("Asked {}", time(request.raised_at));
    let times = match approval.state {
        State::Pending => format!("{asked} · decide by {}", time(request.deadline)),
        State::Resolving(_) | State::Resolved(_) => asked,
    };
    let quorum = runs([run(&line(&answers::quorum(approval)), Look::Quiet)]);
    let narrowed = answers::narrowed_to(approval, answers::NAME_MAX).map(|people| {
        let people = run(&line(&people), Look::Quiet);
        let runs = runs([run("Only ", Look::Quiet), people, run(" may decide", Look::Quiet)]);
        with(runs, "spacing", "None")
    });
    let escalated = answers::escalated_to(approval, answers::NAME_MAX).map(|people| {
        let people = run(&line(&people), Look::Quiet);
        with(runs([run("Escalated to ", Look::Quiet), people]), "spacing", "None")
    });
    let stand_ins = away::line(approval).map(|stand_ins| small(&stand_ins));
    let id = format!("{} · content {}", approval.id, approval.content_hash().short());
    let id = with(runs([run(&id, Look::Code)]), "spacing", "None");
    let lines = [runs(requested), ours(&times, Look::Quiet), quorum];
    let lines =
        lines.into_iter().enumerate().map(|(index, line)| if index > 0 { with(line, "spacing", "None") } else { line });
    lines.chain(narrowed).chain(escalated).chain(may_decide).chain(stand_ins).chain([id]).collect()
}

/// A small line that follows another at once.
fn small(words: &str) -> Value {
    with(runs([run(&line(words), Look::Quiet)]), "spacing", "None")
}

/// What somebody typed, on one line on which there is something to see.
fn line(typed: &str) -> String {
    visible(one_line(typed))
}

/// Reject opens a form and does not reject yet: a slip of the finger ends no workflow, and a reason has its place.
fn reject(approval: &Approval) -> Value {
    let reason = if approval.rules.reason_on_reject {
        let reason = input(REASON, "Reason", COMMENT_MAX);
        with(with(reason, "isRequired", true), "errorMessage", "A rejection needs a reason.")
    } else {
        input(REASON, "Reason (optional)", COMMENT_MAX)
    };
    json!({ "type": "Action.ShowCard", "title": "Reject…", "style": "destructive", "card": {
        "type": "AdaptiveCard",
        "body": [ours(answers::REJECTING, Look::Normal), reason],
        "actions": [execute(approval, REJECT, "Reject", "destructive")],
    }})
}

/// Send back opens a form for what is to be changed, where the policy lets people send a request back.
fn send_back(approval: &Approval) -> Option<Value> {
    let changes = with(input(CHANGES, returning::CHANGES, COMMENT_MAX), "isRequired", true);
    let changes = with(changes, "errorMessage", returning::UNEXPLAINED);
    approval.rules.returns.then(|| {
        json!({ "type": "Action.ShowCard", "title": returning::OPEN, "card": {
            "type": "AdaptiveCard",
            "body": [ours(returning::SENDING_BACK, Look::Normal), changes],
            "actions": [execute(approval, RETURN, returning::SEND_BACK, "default")],
        }})
    })
}
