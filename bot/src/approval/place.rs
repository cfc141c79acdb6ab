//! The places that an approval is shown at: the platforms, where on them a request is sent, and the messages that are there.

use serde::{Deserialize, Serialize};

use super::ids::PersonId;

/// Where a person pressed the button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// A Slack message.
    Slack,
    /// A card in Microsoft Teams.
    Teams,
    /// The page behind a mail's link.
    Email,
}

/// Where a request is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Destination {
    /// The Slack channel of the rules.
    Slack,
    /// The Teams conversation of the rules.
    Teams,
    /// The mail of one approver.
    Email(PersonId),
}

/// What is needed to change or answer a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MessageRef {
    /// A Slack message: channel id and timestamp.
    Slack {
        /// The channel id.
        channel: String,
        /// The message's `ts`.
        ts: String,
    },
    /// A card in Teams: conversation id and activity id.
    Teams {
        /// The conversation as the rules name it, without the thread.
        conversation: String,
        /// The activity that carries the card.
        activity: String,
    },
    /// A mail to one person.
    Email {
        /// Whom the link in it belongs to.
        person: PersonId,
    },
}

impl MessageRef {
    /// Whether this is a card in a chat, which can be changed and has a thread.
    pub fn is_card(&self) -> bool {
        match self {
            Self::Slack { .. } | Self::Teams { .. } => true,
            Self::Email { .. } => false,
        }
    }

    /// Whether this is the message that was sent there.
    pub fn is_at(&self, destination: &Destination) -> bool {
        match (self, destination) {
            (Self::Slack { .. }, Destination::Slack) | (Self::Teams { .. }, Destination::Teams) => true,
            (Self::Email { person }, Destination::Email(recipient)) => person == recipient,
            _ => false,
        }
    }
}

impl Destination {
    /// The platform's name, for people.
    pub fn platform(&self) -> &'static str {
        match self {
            Self::Slack => "Slack",
            Self::Teams => "Teams",
            Self::Email(_) => "e-mail",
        }
    }
}

impl Platform {
    /// Where somebody did something, as part of a sentence.
    pub fn as_place(self) -> &'static str {
        match self {
            Self::Slack => "in Slack",
            Self::Teams => "in Teams",
            Self::Email => "by e-mail",
        }
    }
}
