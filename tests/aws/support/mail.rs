//! A mail as ministack keeps it.

use serde_json::Value;

/// What matters of a mail here.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Mail {
    /// Reads one entry of `/_ministack/ses/messages`.
    pub(crate) fn read(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        Self { to: entry["To"].to_string(), subject: text("Subject"), text: text("BodyText") }
    }

    /// The link to the page that decides.
    pub(crate) fn link(&self) -> Option<String> {
        let mut words = self.text.split_whitespace();
        words.find(|word| word.starts_with("http") && word.contains("/email/approvals/")).map(str::to_owned)
    }
}
