//! How each place shows times, people's own text, links and what stands out, and what one types there.

use jiff::Timestamp;

use super::escape;
use crate::approval::limits;
use crate::approval::place::{MessageRef, Platform};

/// In words for Slack, what people typed stands between these two: there is no escape for the marks of mrkdwn, so what
/// reads the words (`platforms::slack::rich_text`) must know what is not ours. Both are among the characters that Unicode
/// keeps for the inside of programs (<https://www.unicode.org/faq/private_use.html#nonchar1>), and typed text has none.
pub const TYPED: char = '\u{fdd0}';
/// Ends what people typed.
pub const OURS: char = '\u{fdd1}';

/// A place in which text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Slack's rich text, written as mrkdwn.
    Slack,
    /// The Markdown of a Teams message, which is also what the private answer to a pressed button is read as.
    Teams,
    /// Plain text, which a template escapes.
    Plain,
}

/// Slack's rich text, written as mrkdwn.
pub const SLACK: Dialect = Dialect::Slack;
/// The Markdown of a Teams message.
pub const TEAMS: Dialect = Dialect::Teams;
/// Plain text, which a template escapes.
pub const PLAIN: Dialect = Dialect::Plain;

impl Dialect {
    /// The chat that is written in this way; none for plain text.
    pub fn platform(self) -> Option<Platform> {
        match self {
            Self::Slack => Some(Platform::Slack),
            Self::Teams => Some(Platform::Teams),
            Self::Plain => None,
        }
    }

    /// A time: in the reader's own zone where the place knows it. A Teams message has no such function, only its
    /// cards have.
    pub fn when(self, at: Timestamp) -> String {
        match self {
            Self::Slack => slack_time(at),
            Self::Teams | Self::Plain => utc(at),
        }
    }

    /// What somebody typed, whole, on one line, such that it is shown as it is.
    pub fn text(self, text: &str) -> String {
        match self {
            Self::Slack => format!("{TYPED}{}{OURS}", escape::one_line(text)),
            Self::Teams => escape::markdown(text),
            Self::Plain => escape::one_line(text),
        }
    }

    /// The same of something that is not part of what is asked, such as a comment or a cause: in chat its beginning.
    pub fn excerpt(self, text: &str, max: usize) -> String {
        let text = escape::one_line(text);
        match self {
            Self::Slack => self.text(&limits::excerpt(&text, max)),
            Self::Teams => {
                let beginning = self.text(&limits::excerpt(&text, max));
                // Marks of Markdown are twice as long with their backslashes.
                let fits = limits::length(&beginning) <= max;
                if fits { beginning } else { self.text(&limits::excerpt(&text, max / 2)) }
            }
            Self::Plain => text,
        }
    }

    /// Text that stands out. It must be escaped or ours.
    pub fn strong(self, text: &str) -> String {
        match self {
            Self::Slack => format!("*{text}*"),
            Self::Teams => format!("**{text}**"),
            Self::Plain => text.to_owned(),
        }
    }

    /// An address behind a text, both ours.
    pub fn link(self, url: &str, text: &str) -> String {
        match self {
            Self::Slack => format!("<{url}|{text}>"),
            // A space or a closing parenthesis would end the address, and a semicolon an entity in it:
            // https://spec.commonmark.org/0.31.2/#link-destination.
            Self::Teams => {
                let pairs = [(' ', "%20"), ('(', "%28"), (')', "%29"), (';', "%3B")];
                let url = pairs.into_iter().fold(url.to_owned(), |url, (sign, code)| url.replace(sign, code));
                format!("[{text}]({url})")
            }
            Self::Plain => format!("{text}: {url}"),
        }
    }

    /// What ends a line so that the next begins a paragraph of its own.
    pub fn paragraph(self) -> &'static str {
        match self {
            Self::Teams => "\n\n",
            Self::Slack | Self::Plain => "\n",
        }
    }

    /// The beginning of what somebody typed as a quotation, which its own line breaks cannot leave.
    pub fn quotation(self, text: &str, max: usize) -> String {
        let text = self.excerpt(text, max);
        match self {
            Self::Slack => format!(">{text}"),
            Self::Teams => format!("> {text}"),
            Self::Plain => format!("“{text}”"),
        }
    }

    /// What begins an item of a list.
    pub fn bullet(self) -> &'static str {
        match self {
            Self::Teams => "- ",
            Self::Slack | Self::Plain => "• ",
        }
    }

    /// Text to be typed as it stands.
    pub fn code(self, text: &str) -> String {
        match self {
            Self::Slack | Self::Teams => format!("`{text}`"),
            Self::Plain => text.to_owned(),
        }
    }

    /// What one types to list approvals, and before `show` and `cancel`.
    pub fn approvals_command(self) -> &'static str {
        match self {
            Self::Slack | Self::Plain => "/approvals",
            Self::Teams => "approvals",
        }
    }

    /// What one types to start something.
    pub fn start_command(self) -> &'static str {
        match self {
            Self::Slack | Self::Plain => "/start",
            Self::Teams => "start",
        }
    }

    /// A conversation, as the place where something will appear. Teams has no way to point at one by its id.
    pub fn conversation(self, id: &str) -> String {
        match self {
            Self::Slack => format!("in <#{id}>"),
            Self::Teams | Self::Plain => "in the conversation of its policy".to_owned(),
        }
    }
}

/// The address of a card: Slack's permalink without the workspace, which Slack fills in for whoever is signed in
/// to one, and the deep link of Teams:
/// <https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/deep-link-teams>.
pub(super) fn address(message: &MessageRef) -> Option<String> {
    match message {
        MessageRef::Card { platform: Platform::Slack, conversation, message } => {
            Some(format!("https://slack.com/archives/{conversation}/p{}", message.replace('.', "")))
        }
        MessageRef::Card { platform: Platform::Teams, conversation, message } => {
            Some(format!("https://teams.microsoft.com/l/message/{conversation}/{message}"))
        }
        MessageRef::Card { platform: Platform::Email, .. } | MessageRef::Direct { .. } | MessageRef::Email { .. } => {
            None
        }
    }
}

/// A time as Slack shows it, in the reader's own zone.
pub fn slack_time(at: Timestamp) -> String {
    format!("<!date^{}^{{date_short_pretty}} at {{time}}|{}>", at.as_second(), utc(at))
}

/// A time for readers whose zone is not known.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M UTC").to_string()
}
