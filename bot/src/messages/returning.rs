//! What is said of requests that people send back for changes.

use super::dialect::Dialect;
use crate::approval::limits::COMMENT_MAX;
use crate::approval::policy::Rules;
use crate::approval::transitions::decide::Refusal;

/// What sending a request back does, before it is done.
pub const SENDING_BACK: &str = "The workflow is told that this was sent back, with what you write. It can ask again once \
                                that is changed. Nobody can decide on this request any more.";
/// What whoever sends a request back is asked for.
pub const CHANGES: &str = "What is to be changed";
/// What the button says that opens the form.
pub const OPEN: &str = "Send back…";
/// What the button says that sends it back.
pub const SEND_BACK: &str = "Send back";

/// That nobody was told what is to be changed.
pub const UNEXPLAINED: &str = "Whoever sends a request back says what is to be changed.";

/// Why a request cannot be sent back.
pub(super) fn refusal(refusal: &Refusal, dialect: Dialect) -> String {
    match refusal {
        Refusal::ReturnNeedsReason if dialect == Dialect::Plain => {
            format!(
                "{UNEXPLAINED} Write it in the comment field, in at most {COMMENT_MAX} characters, then submit again."
            )
        }
        Refusal::ReturnNeedsReason => UNEXPLAINED.to_owned(),
        _ => "Requests of this policy cannot be sent back, so nothing was decided.".to_owned(),
    }
}

/// What somebody may do who may decide.
pub fn choices(rules: &Rules) -> &'static str {
    if rules.returns { "You may approve it, reject it or send it back." } else { "You may approve or reject it." }
}

/// What is left to whoever has approved.
pub fn choices_left(rules: &Rules) -> &'static str {
    if rules.returns { "may still reject it or send it back" } else { "may still reject it" }
}
