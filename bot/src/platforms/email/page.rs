//! The page behind a mail's link: plain HTML without script, which asks and confirms but never decides by itself.

use askama::Template;

use super::text::{Summary, render};
use crate::approval::limits::COMMENT_MAX;
use crate::approval::state::Verdict;
use crate::messages::risk::CONFIRMATION;

/// What the form sends for a box that somebody has ticked.
pub(super) const CONFIRMED: &str = "yes";

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
    /// What was typed, when that did not count.
    pub comment: String,
    /// Whether an approval needs the box that confirms it, which is never ticked when the page is served.
    pub needs_confirmation: bool,
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
    /// Whether a rejection needs a comment.
    pub reason_on_reject: bool,
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

impl Form {
    /// The choices, always in this order: the value, the words, and whether it was chosen.
    fn choices(&self) -> [(&'static str, &'static str, bool); 2] {
        [(Verdict::Approve, "Approve"), (Verdict::Reject, "Reject")]
            .map(|(verdict, words)| (value(verdict), words, self.chosen == Some(verdict)))
    }
}

/// A verdict as the form sends it.
pub(super) fn value(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
    }
}

/// The page for a link that is not valid; it says nothing about any approval.
pub(super) fn refused() -> String {
    let advice = "It may have been cut off or changed on its way. Please open it from the original mail.";
    render(&RefusedHtml { title: "This link is not valid", advice })
}

/// The page for an approval that cannot be read just now.
pub(super) fn unavailable() -> String {
    let advice = "Nothing was changed. Please open the link again in a moment.";
    render(&RefusedHtml { title: "The approval cannot be shown just now", advice })
}
