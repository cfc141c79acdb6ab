//! The page behind a mail's link: plain HTML without script, which asks and confirms but never decides by itself.

use askama::Template;

use super::text::{Summary, render};
use crate::approval::entry;
use crate::approval::fields::{Field, Kind, LONG_TEXT_MAX, TEXT_MAX};
use crate::approval::filling::Entry;
use crate::approval::limits::COMMENT_MAX;
use crate::approval::policy::Rules;
use crate::approval::state::Verdict;
use crate::messages::risk::CONFIRMATION;

/// What the form sends for a box that somebody has ticked.
pub(super) const CONFIRMED: &str = "yes";

/// Before the name of an input in the form, so that none takes the place of what else is in it.
pub(super) const INPUT: &str = "input.";

/// What the page says above the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// Nothing special.
    None,
    /// The decision has been recorded, or was before.
    Done(String),
    /// What was submitted did not count.
    Problem(String),
    /// What was submitted did not count, and can be submitted again as long as the person may decide.
    Again(String),
}

/// The form of whoever may decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    /// The proof that this page was served, which comes back with the form.
    pub served: String,
    /// What was chosen on this page before, when that did not count. A page that is opened has nothing chosen.
    pub chosen: Option<Verdict>,
    /// Whether the request can be sent back.
    pub returns: bool,
    /// What was typed, when that did not count.
    pub comment: String,
    /// What whoever approves is asked for.
    pub inputs: Vec<Input>,
    /// Whether an approval needs the box that confirms it, which is never ticked when the page is served.
    pub needs_confirmation: bool,
}

/// One value that whoever approves is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    /// What the form calls it.
    pub name: String,
    /// What people know it as.
    pub label: String,
    /// Whether an approval needs it.
    pub required: bool,
    /// How it is filled in.
    pub control: Control,
    /// What stands in it.
    pub value: String,
    /// What is wrong with it, as a sentence.
    pub mistake: Option<String>,
}

/// How an input is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Control {
    /// By choosing one of these: the value and the words.
    Menu(Vec<(String, String)>),
    /// On one line of this type of HTML's.
    Line(&'static str),
    /// On several lines.
    Lines,
}

/// Everything on the page.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// The approval.
    pub summary: Summary,
    /// Whose link it is.
    pub name: String,
    /// What became of what was submitted.
    pub notice: Notice,
    /// What the form says of the comment.
    pub comment: &'static str,
    /// What to decide with, if the person may decide now.
    pub form: Option<Form>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct PageHtml<'a> {
    page: &'a Page,
    comment_max: usize,
    confirmed: &'static str,
    confirmation: &'static str,
    done: Option<&'a str>,
    problem: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedHtml<'a> {
    title: &'a str,
    advice: &'a str,
}

/// The page of an approval.
pub(super) fn page(page: &Page) -> String {
    let (done, problem) = match &page.notice {
        Notice::None => (None, None),
        Notice::Done(text) => (Some(text.as_str()), None),
        Notice::Problem(text) | Notice::Again(text) => (None, Some(text.as_str())),
    };
    render(&PageHtml {
        page,
        comment_max: COMMENT_MAX,
        confirmed: CONFIRMED,
        confirmation: CONFIRMATION,
        done,
        problem,
    })
}

impl Input {
    /// An input with what stands in it. HTML takes no other text than a day as one, so what was typed instead is text.
    pub(super) fn new((field, entry): (&Field, Entry)) -> Self {
        let (value, mistake) = match entry {
            Entry::Blank => (String::new(), None),
            Entry::Value(value) => (entry::typed(&value), None),
            Entry::Wrong { written, mistake } => (written, Some(format!("{} {mistake}.", field.label))),
        };
        let control = match (&field.kind, field.kind.menu()) {
            (_, Some(menu)) => Control::Menu(menu.into_iter().map(|(words, value)| (value, words)).collect()),
            (Kind::LongText(_), None) => Control::Lines,
            (Kind::Date(_), None) if value.is_empty() || entry::day(&value).is_some() => Control::Line("date"),
            (_, None) => Control::Line("text"),
        };
        let (name, label) = (format!("{INPUT}{}", field.name), field.label.clone());
        Self { name, label, required: field.required, control, value, mistake }
    }

    /// How long what is written into it may be.
    fn max(&self) -> usize {
        if self.control == Control::Lines { LONG_TEXT_MAX } else { TEXT_MAX }
    }
}

impl Form {
    /// The choices, always in this order: the value, the words, and whether it was chosen.
    fn choices(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let send_back = self.returns.then_some((Verdict::Return, "Send back for changes"));
        let choices = [(Verdict::Approve, "Approve"), (Verdict::Reject, "Reject")].into_iter().chain(send_back);
        choices.map(|(verdict, words)| (value(verdict), words, self.chosen == Some(verdict)))
    }
}

/// Which verdicts need a comment.
pub(super) fn comment(rules: &Rules) -> &'static str {
    match (rules.reason_on_reject, rules.returns) {
        (true, true) => "a rejection and sending it back need one",
        (true, false) => "a rejection needs one",
        (false, true) => "sending it back needs one",
        (false, false) => "optional",
    }
}

/// A verdict as the form sends it.
pub(super) fn value(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
        Verdict::Return => "return",
        // No form offers it, and none that has it is read.
        Verdict::BreakGlass => "break-glass",
    }
}

/// The page for a link that is not valid; it says nothing about any approval.
pub(super) fn refused() -> String {
    let advice = "It may have been cut off or changed on its way. Please open it from the original mail.";
    render(&RefusedHtml { title: "This link is not valid", advice })
}

/// The page for a link that was mailed to an address which is no longer that of the person.
pub(super) fn moved() -> String {
    let advice = "The mail went to an address that is not yours in the policy now, so its link opens nothing any more. Look for \
                  the request in chat, or have it asked again.";
    render(&RefusedHtml { title: "This link no longer counts", advice })
}

/// The page for an approval that cannot be read just now.
pub(super) fn unavailable() -> String {
    let advice = "Nothing was changed. Please open the link again in a moment.";
    render(&RefusedHtml { title: "The approval cannot be shown just now", advice })
}
