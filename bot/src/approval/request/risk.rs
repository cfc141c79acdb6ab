//! How much depends on a request, in the words of whoever asks.

use serde::{Deserialize, Serialize};

use super::object::Object;
use crate::approval::limits::Check;

/// What a request may be marked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Risk {
    /// Whoever approves has to confirm it.
    High,
}

/// Reads the mark; a request without one is an ordinary request.
pub(super) fn read(approval: &mut Object, check: &mut Check) -> Option<Risk> {
    match approval.optional::<String>("risk", check)?.as_str() {
        "high" => Some(Risk::High),
        _ => {
            check.note(approval.at("risk"), "must be high, or be left out");
            None
        }
    }
}
