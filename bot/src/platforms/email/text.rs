//! The text of the mails: a request that leads to the page, a reminder of it, and the closing answer. Each as text and as HTML.

use askama::Template;
use textwrap::Options;

use crate::approval::policy::Person;
use crate::approval::record::{Approval, Vote};
use crate::approval::request::{Detail, Link};
use crate::approval::since::Since;
use crate::approval::state::{Outcome, State};
use crate::links::Links;
use crate::messages::answers::{self, Requester};
use crate::messages::dialect::{PLAIN, utc};
use crate::messages::escape::{lines, one_line};
use crate::messages::{away, break_glass, claims, inputs, risk, since};

/// A mail without its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// The recipient's name, on one line.
    pub recipient: String,
    /// The subject, on one line.
    pub subject: String,
    /// The plain text part, which says all that the other says.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// A name and a value, cleaned.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// What the value is.
    pub name: String,
    /// The value, on one line, or on a line for each item of a list.
    pub value: String,
}

/// A link of whoever asked.
#[derive(Debug, Clone)]
pub(super) struct Pointer {
    /// What it says, on one line.
    pub text: String,
    /// The host that it leads to.
    pub host: String,
    /// The address, in which there is no white space.
    pub url: String,
}

/// What there is to read beside the request.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    /// Its title, on one line.
    pub title: String,
    /// Its text, line by line, with what the lines begin with.
    pub lines: Vec<String>,
}

/// What one person said.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// Who said what, where and when.
    pub line: String,
    /// What they answered and wrote.
    pub words: Vec<Words>,
}

/// Something that somebody answered or wrote.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// To what they answered; empty before a comment.
    pub to: String,
    /// Their words, on one line.
    pub quoted: String,
}

/// What the mails and the page show of an approval.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    /// What is asked, on one line.
    pub title: String,
    /// More about it, line by line.
    pub lines: Vec<String>,
    /// The facts, which whoever asked has written like the title and the lines.
    pub facts: Vec<Row>,
    /// Where there is more to read, after whoever asked.
    pub links: Vec<Pointer>,
    /// What there is to read beside that, after whoever asked.
    pub details: Vec<Passage>,
    /// What whoever approves is asked for, by its labels.
    pub inputs: Vec<String>,
    /// How risky it is said to be, who asked, the deadline, the progress, who alone may decide and who was called in.
    pub rows: Vec<Row>,
    /// What one may do on the page.
    pub choices: &'static str,
    /// What each person said.
    pub votes: Vec<Said>,
    /// Where it stands, in one sentence.
    pub standing: String,
    /// The approval's id.
    pub id: String,
    /// The hash of what is asked, as people compare it.
    pub content: String,
    /// The execution's page.
    pub execution_url: Option<String>,
}

#[derive(Template)]
#[template(path = "request.html")]
struct RequestHtml<'a> {
    name: &'a str,
    summary: &'a Summary,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "request.txt")]
struct RequestText<'a> {
    name: &'a str,
    summary: &'a Summary,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "reminder.html")]
struct ReminderHtml<'a> {
    name: &'a str,
    summary: &'a Summary,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "reminder.txt")]
struct ReminderText<'a> {
    name: &'a str,
    summary: &'a Summary,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "glass.html")]
struct GlassHtml<'a> {
    name: &'a str,
    summary: &'a Summary,
}

#[derive(Template)]
#[template(path = "glass.txt")]
struct GlassText<'a> {
    name: &'a str,
    summary: &'a Summary,
}

#[derive(Template)]
#[template(path = "closing.html")]
struct ClosingHtml<'a> {
    summary: &'a Summary,
    status: &'a str,
    left: &'a str,
}

#[derive(Template)]
#[template(path = "closing.txt")]
struct ClosingText<'a> {
    summary: &'a Summary,
    left: &'a str,
}

/// How many columns a quotation has. A mail program breaks longer lines itself, without the mark on what follows.
const QUOTED_COLUMNS: usize = 72;

/// A line in the words of somebody else, which each line that it is broken into says.
fn quoted(line: impl AsRef<str>) -> String {
    if line.as_ref().trim().is_empty() {
        return ">".to_owned();
    }
    let options = Options::new(QUOTED_COLUMNS).initial_indent("> ").subsequent_indent("> ");
    textwrap::fill(line.as_ref(), options)
}

impl Row {
    fn quoted(&self) -> String {
        let between = if self.value.contains('\n') { '\n' } else { ' ' };
        quoted(format!("{}:{between}{}", self.name, self.value))
    }
}

impl Pointer {
    fn new(link: &Link) -> Self {
        Self { text: one_line(&link.text), host: link.url.host().to_owned(), url: link.url.as_str().to_owned() }
    }

    /// The address is on a line of its own, unbroken, so that mail programs find it whole.
    fn quoted(&self) -> String {
        format!("{}\n> {}", quoted(format!("{} ({})", self.text, self.host)), self.url)
    }
}

impl Passage {
    fn new(detail: &Detail) -> Self {
        let text = lines(&detail.text);
        Self { title: one_line(&detail.title), lines: text.trim_end().split('\n').map(str::to_owned).collect() }
    }
}

impl Summary {
    /// What is shown of an approval as its record stands.
    pub(super) fn new(approval: &Approval, links: &Links) -> Self {
        let request = &approval.request;
        let row = |name: &str, value: String| Row { name: name.to_owned(), value };
        let facts = request.facts.iter().map(|fact| row(&one_line(&fact.name), fact.value.shown(one_line)));
        let mut rows: Vec<Row> =
            request.risk.map(|risk| row("Risk", risk::mark(risk).to_owned())).into_iter().collect();
        rows.push(row("Requested by", Requester::of(approval).line(one_line)));
        if approval.state == State::Pending {
            rows.push(row("Decide by", utc(request.deadline)));
        }
        rows.push(row("Decision", one_line(&answers::quorum(approval))));
        rows.extend(
            answers::narrowed_to(approval, answers::NAME_MAX)
                .map(|people| row("May decide", one_line(&format!("only {people}")))),
        );
        rows.extend(away::line(approval).map(|line| row("Away", one_line(&line))));
        rows.extend(claims::line(approval, PLAIN).map(|line| row("Claimed", one_line(&line))));
        rows.extend(break_glass::mark(approval, PLAIN).map(|mark| row("Break-glass", mark)));
        rows.extend(
            answers::escalated_to(approval, answers::NAME_MAX).map(|people| row("Escalated to", one_line(&people))),
        );
        rows.extend(approval.shown_since().map(|since| row("Changes", changes(since))));
        let summary = lines(&request.summary);
        Self {
            title: one_line(&request.title),
            lines: summary.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
            facts: facts.collect(),
            links: request.links.iter().map(Pointer::new).collect(),
            details: request.details.iter().map(Passage::new).collect(),
            inputs: request.fields().map(|field| one_line(&field.label)).collect(),
            rows,
            choices: if approval.rules.returns { "approve, reject or send it back" } else { "approve or reject" },
            votes: approval.votes.iter().map(|vote| said(approval, vote)).collect(),
            standing: answers::standing(approval, PLAIN),
            id: approval.id.to_string(),
            content: approval.content_hash().short(),
            execution_url: links.execution_of(approval),
        }
    }
}

/// All that has changed since an earlier request, on one line.
fn changes(since: &Since) -> String {
    since::lines(since, since.changes.len(), PLAIN).join("\n").replacen('\n', " ", 1).replace('\n', "; ")
}

fn said(approval: &Approval, vote: &Vote) -> Said {
    let (what, place) = (answers::did(vote.verdict), vote.platform.as_place());
    let line = format!("{} {what} {place}, {}", answers::who(approval, vote), utc(vote.at));
    let answers = inputs::answers(&approval.request, vote).map(|(label, answer)| (inputs::answered(label), answer));
    let comment = vote.comment.clone().map(|comment| (String::new(), comment));
    let words = answers.chain(comment).map(|(to, words)| Words { to: one_line(&to), quoted: one_line(&words) });
    Said { line, words: words.collect() }
}

/// The request to one approver. The link is theirs alone.
pub(super) fn request(approval: &Approval, person: &Person, link: &str, links: &Links) -> Text {
    let summary = Summary::new(approval, links);
    let name = one_line(&person.name);
    Text {
        subject: subject(&summary),
        text: render(&RequestText { name: &name, summary: &summary, link }),
        html: render(&RequestHtml { name: &name, summary: &summary, link }),
        recipient: name,
    }
}

/// The reminder in the same thread, with the same link.
pub(super) fn reminder(approval: &Approval, person: &Person, link: &str, links: &Links) -> Text {
    let summary = Summary::new(approval, links);
    let name = one_line(&person.name);
    Text {
        subject: format!("Re: {}", subject(&summary)),
        text: render(&ReminderText { name: &name, summary: &summary, link }),
        html: render(&ReminderHtml { name: &name, summary: &summary, link }),
        recipient: name,
    }
}

/// That somebody has approved alone in an emergency, and what there is to do about it. It leads to nothing that decides.
pub(super) fn glass(approval: &Approval, person: &Person, links: &Links) -> Text {
    let summary = Summary::new(approval, links);
    let name = one_line(&person.name);
    Text {
        // It is no answer among others: nobody may overlook it.
        subject: format!("Approved alone, in an emergency: {}", summary.title),
        text: render(&GlassText { name: &name, summary: &summary }),
        html: render(&GlassHtml { name: &name, summary: &summary }),
        recipient: name,
    }
}

/// The answer in the same thread once the approval has ended.
pub(super) fn closing(approval: &Approval, person: &Person, links: &Links) -> Text {
    let summary = Summary::new(approval, links);
    let status = match approval.resolution().map(|resolution| &resolution.outcome) {
        Some(Outcome::Approved) => "Approved",
        Some(Outcome::Rejected) => "Rejected",
        Some(Outcome::Returned) => "Sent back",
        Some(Outcome::Expired) => "Expired",
        Some(Outcome::Cancelled { .. }) => "Cancelled",
        Some(Outcome::Undeliverable { .. }) => "Undeliverable",
        Some(Outcome::Superseded) => "Superseded",
        None => "Open",
    };
    let left = if approval.awaits_acknowledgement() {
        "Another approver has to acknowledge it."
    } else {
        "Nothing is left to do."
    };
    Text {
        recipient: one_line(&person.name),
        subject: format!("Re: {}", subject(&summary)),
        text: render(&ClosingText { summary: &summary, left }),
        html: render(&ClosingHtml { summary: &summary, status, left }),
    }
}

fn subject(summary: &Summary) -> String {
    format!("Approval needed: {}", summary.title)
}

/// The templates only write strings into a string, which does not fail.
pub(super) fn render(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}
