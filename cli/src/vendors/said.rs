//! What others have written into an answer.

use countersign_bot::messages::escape::one_line;
use serde::Deserialize;

/// A name, an id or a word of an answer, on one line and with nothing hidden in it, since it is shown at a terminal: names
/// are given by people, and a terminal obeys what it is shown.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(super) struct Said(pub(super) String);

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self(one_line(&text))
    }
}
