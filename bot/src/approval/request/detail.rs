//! What there is to read beside what everybody sees at once: the details of a request, which are shown on demand.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::object::{Object, at};
use crate::approval::limits::{self, Check};

/// One text with its title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// What the text is.
    pub title: String,
    /// The text, with its own line breaks.
    pub text: String,
}

/// Reads the details. They have a limit of their own, beside that of the texts which a card shows at once.
pub(super) fn read(approval: &mut Object, check: &mut Check) -> Vec<Detail> {
    let field = approval.at("details");
    let mut own = Check::default();
    let details = approval.optional::<Vec<Value>>("details", &mut own).unwrap_or_default();
    own.at_most(&field, details.len(), limits::DETAILS_MAX, "details");
    let read = |(index, value)| detail(&at(&field, index), value, &mut own);
    let details = details.into_iter().enumerate().filter_map(read).collect();
    own.together(&field, limits::DETAILS_TOGETHER_MAX);
    check.problems.append(&mut own.problems);
    details
}

/// What details take of a card.
pub(super) fn cost(details: &[Detail]) -> usize {
    details.iter().map(|detail| limits::cost(&detail.title) + limits::cost(&detail.text)).sum()
}

fn detail(path: &str, value: Value, check: &mut Check) -> Option<Detail> {
    let mut detail = Object::read(path, value, &["title", "text"], check)?;
    let title = detail.required::<String>("title", check);
    if let Some(title) = &title {
        check.name(&detail.at("title"), title, limits::DETAIL_TITLE_MAX);
    }
    let text = detail.required::<String>("text", check);
    if let Some(text) = &text {
        check.seen(&detail.at("text"), text);
        check.beside(text);
    }
    Some(Detail { title: title?, text: text? })
}
