//! The places that an approval is shown at: the platforms, where on them a request is sent, and the messages that are there.

use serde::{Deserialize, Serialize};

use super::ids::PersonId;

/// Where people read and decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// A chat with cards: Slack.
    Slack,
    /// A chat with cards: Microsoft Teams.
    Teams,
    /// A mail, and the page behind its link.
    Email,
}

/// Where a request is sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Destination {
    /// The conversation that the rules name for a chat.
    Chat(Platform),
    /// The own chat of one approver with the bot.
    Direct(Platform, PersonId),
    /// The mail of one approver.
    Email(PersonId),
}

/// What is needed to change or answer a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MessageRef {
    /// A card in a chat, which can be changed and has a thread.
    Card {
        /// The chat.
        platform: Platform,
        /// The conversation as the rules name it, without a thread.
        conversation: String,
        /// The platform's id of the message in it.
        message: String,
    },
    /// A card in the own chat of one person with the bot, which can be changed, and which nobody else sees.
    Direct {
        /// The chat.
        platform: Platform,
        /// Whose chat with the bot it is in.
        person: PersonId,
        /// The platform's id of that chat.
        conversation: String,
        /// The platform's id of the message in it.
        message: String,
    },
    /// A mail to one person.
    Email {
        /// Whom the link in it belongs to.
        person: PersonId,
    },
}

impl MessageRef {
    /// Whether this is a card in a chat, which can be changed.
    pub fn is_card(&self) -> bool {
        matches!(self, Self::Card { .. } | Self::Direct { .. })
    }

    /// Whether this is a card that all who are to see it see, and that has a thread.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Card { .. })
    }

    /// The platform that it is on.
    pub fn platform(&self) -> Platform {
        match self {
            Self::Card { platform, .. } | Self::Direct { platform, .. } => *platform,
            Self::Email { .. } => Platform::Email,
        }
    }

    /// Where it was sent.
    pub fn destination(&self) -> Destination {
        match self {
            Self::Card { platform, .. } => Destination::Chat(*platform),
            Self::Direct { platform, person, .. } => Destination::Direct(*platform, person.clone()),
            Self::Email { person } => Destination::Email(person.clone()),
        }
    }

    /// Whether this is the message that was sent there.
    pub fn is_at(&self, destination: &Destination) -> bool {
        self.destination() == *destination
    }

    /// The conversation and the id in it, if this is a card on this platform.
    pub fn on(&self, chat: Platform) -> Option<(&str, &str)> {
        match self {
            Self::Card { platform, conversation, message } | Self::Direct { platform, conversation, message, .. }
                if *platform == chat =>
            {
                Some((conversation, message))
            }
            Self::Card { .. } | Self::Direct { .. } | Self::Email { .. } => None,
        }
    }
}

impl Destination {
    /// The platform that it is on.
    pub fn platform(&self) -> Platform {
        match self {
            Self::Chat(platform) | Self::Direct(platform, _) => *platform,
            Self::Email(_) => Platform::Email,
        }
    }
}

impl Platform {
    /// Its name in what is stored.
    pub fn key(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Email => "email",
        }
    }

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slack => "Slack",
            Self::Teams => "Teams",
            Self::Email => "e-mail",
        }
    }

    /// Where somebody did something, as part of a sentence.
    pub fn as_place(self) -> &'static str {
        match self {
            Self::Slack => "in Slack",
            Self::Teams => "in Teams",
            Self::Email => "by e-mail",
        }
    }
}
