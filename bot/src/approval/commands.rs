//! What people may start from a chat, and with which values.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::fields::Field;
use super::ids::PersonId;

/// What one says to the bot for something else, so that no command has such a name.
pub const OWN_WORDS: [&str; 9] =
    ["help", "approvals", "pending", "show", "cancel", "acknowledge", "break-glass", "away", "back"];

/// How long what a form is called may be, which is its head in Slack:
/// <https://docs.slack.dev/reference/views/modal-views>.
pub const TITLE_MAX: usize = 24;

/// One `[commands.NAME]`: what it starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LaunchCommand {
    /// What one types to start it.
    pub name: String,
    /// What it is called where there is room.
    pub title: String,
    /// A name of `COUNTERSIGN_STATE_MACHINES`.
    pub state_machine: String,
    /// The rules of the approval inside it, for the answer that says where the card will appear.
    pub policy: String,
    /// Who may start it; everybody of the policy if nobody is named.
    pub allowed: Option<BTreeSet<PersonId>>,
    /// Whether values without a name of a command start it.
    pub is_default: bool,
    /// What it asks for, in the order in which values are typed.
    pub fields: Vec<Field>,
}

impl LaunchCommand {
    /// The field of this name, however it is written.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Names the command as it is: a form that was made of another one starts nothing.
    pub fn version(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        HEXLOWER.encode(&Sha256::digest(json)[..8])
    }
}
