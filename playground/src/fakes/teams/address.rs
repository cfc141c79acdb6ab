//! How conversations are addressed: a channel's id may go on with the thread (`19:…@thread.tacv2;messageid=1`).

/// Separates a channel from the message that begins the thread.
const THREAD: &str = ";messageid=";

/// What kind of conversation an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A channel of a team, whose messages have threads.
    Channel,
    /// A chat of several people.
    Group,
    /// The chat of one person with the bot.
    Personal,
}

impl Kind {
    /// The kind of a conversation by the form of its id, or nothing if it has none that Teams gives.
    pub(super) fn of(conversation: &str) -> Option<Self> {
        match (conversation.split_once(':')?, conversation.rsplit_once('@').map(|(_, place)| place)) {
            (("19", _), Some("thread.tacv2" | "thread.skype")) => Some(Self::Channel),
            (("19", _), Some("thread.v2" | "unq.gbl.spaces")) => Some(Self::Group),
            (("a", name), None) if !name.is_empty() => Some(Self::Personal),
            _ => None,
        }
    }

    /// The `conversationType` of activities.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Group => "groupChat",
            Self::Personal => "personal",
        }
    }
}

/// A conversation, and in a channel perhaps one of its threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The id without the thread.
    pub(super) conversation: String,
    /// The message that begins the thread.
    pub(super) root: Option<String>,
}

impl Address {
    pub(super) fn parse(id: &str) -> Self {
        match id.split_once(THREAD) {
            Some((conversation, root)) => Self::thread(conversation, root),
            None => Self { conversation: id.to_owned(), root: None },
        }
    }

    /// A thread of a channel.
    pub(super) fn thread(conversation: &str, root: &str) -> Self {
        Self { conversation: conversation.to_owned(), root: Some(root.to_owned()) }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.conversation)?;
        match &self.root {
            Some(root) => write!(f, "{THREAD}{root}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_kind_of_conversation_it_is() {
        let cases = [
            ("19:finance@thread.tacv2", Some(Kind::Channel)),
            ("19:old@thread.skype", Some(Kind::Channel)),
            ("19:group@thread.v2", Some(Kind::Group)),
            ("19:a_b@unq.gbl.spaces", Some(Kind::Group)),
            ("a:1abc", Some(Kind::Personal)),
            ("a:", None),
            ("C0FINANCE", None),
            ("19:finance@example.com", None),
            ("", None),
        ];
        for (id, kind) in cases {
            assert_eq!(Kind::of(id), kind, "{id}");
        }
    }

    #[test]
    fn a_thread_is_part_of_a_channels_address() {
        let thread = Address::parse("19:finance@thread.tacv2;messageid=1700000000001");
        assert_eq!(thread, Address::thread("19:finance@thread.tacv2", "1700000000001"));
        assert_eq!(thread.to_string(), "19:finance@thread.tacv2;messageid=1700000000001");
        assert_eq!(Address::parse("a:1").to_string(), "a:1");
    }
}
