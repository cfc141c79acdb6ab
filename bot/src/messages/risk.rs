//! What is said about a request that is marked as risky. The mark is set by whoever asks, the words are ours.

use crate::approval::request::Risk;

/// What everybody who sees the request reads.
pub fn mark(risk: Risk) -> &'static str {
    match risk {
        Risk::High => "High risk: whoever approves has to confirm it a second time.",
    }
}

/// What stands beside the box that confirms. An option of Slack has 75 characters.
pub const CONFIRMATION: &str = "I have checked this high-risk request, and confirm my approval.";

/// Why an approval without the confirmation does not count.
pub fn unconfirmed() -> String {
    "This request is marked as high risk, so an approval counts only with its confirmation: tick its box, then approve."
        .to_owned()
}
