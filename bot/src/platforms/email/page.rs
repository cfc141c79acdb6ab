//! The page behind a mail's link: plain HTML without script, which asks and confirms but never decides by itself.

use askama::Template;

use super::text::{Summary, render};
use crate::approval::limits::COMMENT_MAX;
use crate::approval::state::Verdict;

/// What the page says above the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// Nothing special.
    None,
    /// The press of a button has been recorded, or was before.
    Done(String),
    /// The press of a button did not count.
    Problem(String),
}

/// Everything on the page.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// The approval.
    pub summary: Summary,
    /// Whose link it is.
    pub name: String,
    /// What happened to the last press.
    pub notice: Notice,
    /// Whether the person may decide now.
    pub may_decide: bool,
    /// Whether a rejection needs a comment.
    pub reason_on_reject: bool,
    /// The button that the mail's link named, which comes first.
    pub leaning: Option<Verdict>,
    /// What was typed, when the press did not count.
    pub comment: String,
}

#[derive(Template)]
#[template(path = "page.html")]
struct PageHtml<'a> {
    page: &'a Page,
    comment_max: usize,
    reject_first: bool,
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
        Notice::Problem(text) => (None, Some(text.as_str())),
    };
    let reject_first = page.leaning == Some(Verdict::Reject);
    render(&PageHtml { page, comment_max: COMMENT_MAX, reject_first, done, problem })
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
