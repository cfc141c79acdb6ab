//! Whoever asks something in a chat.

use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::messages::answers;
use crate::messages::dialect::Dialect;
use crate::net::deadline::{Deadline, Unavailable};

/// Who asks, where, and until when they want an answer.
pub(super) struct Asker<'a> {
    /// A person of the policy, or whoever may be in a group that it takes from the chat.
    pub(super) person: &'a Person,
    /// The chat they ask in.
    pub(super) platform: Platform,
    /// How that chat shows text.
    pub(super) dialect: Dialect,
    /// When the answer has to be there.
    pub(super) deadline: Deadline,
}

pub(super) fn not_looked_up(error: &Unavailable) -> String {
    tracing::error!(%error, "what somebody asked about could not be looked up");
    answers::not_looked_up()
}
