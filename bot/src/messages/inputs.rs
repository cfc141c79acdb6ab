//! What a request asks of whoever approves, and what somebody answered.

use crate::approval::entry;
use crate::approval::record::Vote;
use crate::approval::request::Request;

/// What somebody answered, each with the label of its input; what was left empty is not among it.
pub fn answers<'a>(request: &'a Request, vote: &'a Vote) -> impl Iterator<Item = (&'a str, String)> {
    request.fields().filter_map(|field| {
        let answer = vote.inputs.get(&field.name).filter(|answer| !answer.is_null())?;
        Some((field.label.as_str(), entry::typed(answer)))
    })
}

/// How much whoever approves is asked for. What it is called is in the words of whoever asked, and is not for a line of ours.
pub fn asked(request: &Request) -> Option<String> {
    match request.fields().count() {
        0 => None,
        1 => Some("Whoever approves is asked for 1 input".to_owned()),
        count => Some(format!("Whoever approves is asked for {count} inputs")),
    }
}

/// To what somebody answered, which is in the words of whoever asked.
pub fn answered(label: &str) -> String {
    format!("To “{label}”:")
}
