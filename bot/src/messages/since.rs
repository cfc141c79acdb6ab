//! What is said of what a request says otherwise than the earlier one that it follows.

use super::dialect::Dialect;
use crate::approval::since::{Change, Part, Since};

/// What stands in a line of it.
pub enum Piece {
    /// Words of ours.
    Ours(&'static str),
    /// What whoever asked has typed.
    Typed(String),
}

/// The line above the changes, or the one in their place.
pub fn head(since: &Since) -> String {
    match since.count() {
        0 => format!("Nothing has changed since {}.", since.earlier),
        _ => format!("Changed since {}:", since.earlier),
    }
}

/// The same where there is no room for any of them.
pub fn without_room(since: &Since, dialect: Dialect) -> String {
    let command = dialect.approvals_command();
    match since.count() {
        0 => head(since),
        1 => format!("1 part has changed since {}: {command} show ID tells which.", since.earlier),
        count => format!("{count} parts have changed since {}: {command} show ID tells which.", since.earlier),
    }
}

/// That there are more changes than the first of them.
pub fn more(since: &Since, told: usize) -> Option<String> {
    let more = since.count() - told;
    (told > 0 && more > 0).then(|| format!("and {more} more"))
}

/// The first changes, each on a line below the one that leads to them.
pub fn lines(since: &Since, told: usize, dialect: Dialect) -> Vec<String> {
    if told == 0 {
        return vec![without_room(since, dialect)];
    }
    let changes = since.changes.iter().take(told).map(|change| line(change, dialect));
    [head(since)].into_iter().chain(changes).chain(more(since, told)).collect()
}

/// One change, piece by piece. What was typed stands between marks that cannot be a part of it.
pub fn pieces(change: &Change) -> Vec<Piece> {
    let typed = |text: &str| Piece::Typed(text.replace(['“', '”', '„', '‟'], "\""));
    let mut pieces = match &change.part {
        Part::Title => vec![Piece::Ours("Title")],
        Part::Summary => vec![Piece::Ours("Summary")],
        Part::Risk => vec![Piece::Ours("Risk")],
        Part::Fact(name) => vec![Piece::Ours("Fact “"), typed(name), Piece::Ours("”")],
        Part::Link(text) => vec![Piece::Ours("Link “"), typed(text), Piece::Ours("”")],
        Part::Detail(title) => vec![Piece::Ours("Detail “"), typed(title), Piece::Ours("”")],
    };
    pieces.extend(match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            vec![Piece::Ours(": “"), typed(before), Piece::Ours("” → “"), typed(after), Piece::Ours("”")]
        }
        (None, Some(after)) => vec![Piece::Ours(" is new: “"), typed(after), Piece::Ours("”")],
        (Some(before), None) => vec![Piece::Ours(" is gone: “"), typed(before), Piece::Ours("”")],
        (None, None) => vec![Piece::Ours(" differs in its spaces and line breaks alone")],
    });
    pieces
}

/// The same as one line.
fn line(change: &Change, dialect: Dialect) -> String {
    let text = |piece| match piece {
        Piece::Ours(words) => words.to_owned(),
        Piece::Typed(text) => dialect.text(&text),
    };
    pieces(change).into_iter().map(text).collect()
}
