//! The text of a first policy.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use countersign_bot::approval::identities::{CHATS, Chat};
use countersign_bot::approval::place::Platform;

use crate::policy::look_up::LookedUp;

/// What a first policy says.
pub(super) struct First {
    /// The first is who may approve.
    pub(super) people: Vec<Entry>,
    /// The chats in which people are asked, each once.
    pub(super) chats: Vec<Asks>,
    /// Whether people may approve what they asked for.
    pub(super) self_approval: bool,
    /// Whether the example can be started.
    pub(super) has_calculation: bool,
    /// What the chats say of people, if any was asked.
    pub(super) looked_up: Option<LookedUp>,
}

/// A chat in which people are asked.
pub(super) struct Asks {
    pub(super) chat: &'static Chat,
    /// The workspace or tenant whose members are let in.
    pub(super) place: String,
    /// Where cards go.
    pub(super) conversation: String,
    /// Whether the bot was seen to be there.
    pub(super) is_there: bool,
}

/// A person.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) name: String,
    /// Who they are in the chats, as far as that is known.
    pub(super) ids: BTreeMap<Platform, String>,
    pub(super) email: String,
}

impl First {
    /// How people are asked in a chat.
    pub(super) fn asks(&self, chat: Platform) -> Option<&Asks> {
        self.chats.iter().find(|asks| asks.chat.platform == chat)
    }

    /// Whom a push has to look up, and in which chat.
    pub(super) fn lacking(&self) -> impl Iterator<Item = (&Entry, Platform)> {
        let of_chat = |chat: Platform| {
            self.people.iter().filter(move |person| !person.ids.contains_key(&chat)).map(move |person| (person, chat))
        };
        self.chats.iter().flat_map(move |asks| of_chat(asks.chat.platform))
    }
}

const HEAD: &str = "\
# Who may reach the bot, who is who, and who decides what: a first policy. docs/policy.md has every key with an example.
# `countersign policy check` reads it as the functions do, and `countersign policy push` puts it in force.
";

const COMMAND: &str = r#"
# `/start 125 122` in Slack, and `start 125 122` in Teams, start the example with these two numbers.
[commands.calculation]
title = "Calculation"
state_machine = "calculation"
policy = "calculation"
default = true

[[commands.calculation.fields]]
name = "x"
type = "integer"

[[commands.calculation.fields]]
name = "y"
type = "integer"
"#;

/// Draws it up.
pub(super) fn draw_up(first: &First) -> String {
    let mut text = HEAD.to_owned();
    // Writing to a text does not fail.
    if !first.chats.is_empty() {
        text.push_str("\n# Only members of these reach the bot.\n[access]\n");
    }
    for Asks { chat, place, .. } in &first.chats {
        let _ = writeln!(text, "{} = [{}]", chat.place.key, quoted(place));
    }
    text.push_str("\n# An entry a person, under the key by which lists, records and trails name them.\n");
    for (number, Entry { key, name, ids, email }) in first.people.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        let _ = writeln!(text, "{gap}[people.{key}]\nname = {}", quoted(name));
        for chat in &CHATS {
            if let Some(id) = ids.get(&chat.platform) {
                let _ = writeln!(text, "{} = {}", chat.user.key, quoted(id));
            }
        }
        let _ = writeln!(text, "email = {}", quoted(email));
    }
    let approver = first.people.first().map(|person| quoted(&person.key)).unwrap_or_default();
    let self_approval = if first.self_approval {
        "self_approval = true                  # whoever asks may decide as well; not by default"
    } else {
        "self_approval = false                 # nobody decides on what they asked for"
    };
    let _ = write!(
        text,
        "\n# A workflow names this policy in its request.\n[policies.calculation]\napprovers = [{approver}]   # who may \
         decide, by their keys; one of them is enough\n{self_approval}\nreason_on_reject = true               # a rejection \
         needs a comment\nshow_result = [\"status\", \"result\"]   # what of the result everybody in the channel may read\n"
    );
    for Asks { chat, conversation, .. } in &first.chats {
        let _ = writeln!(text, "{} = {}   # the bot has to be there", chat.conversation.key, quoted(conversation));
    }
    text.push_str("email = \"always\"                      # each approver is mailed; or \"fallback\", or \"never\"\n");
    if first.has_calculation {
        text.push_str(COMMAND);
    }
    text
}

/// A text as TOML has it, which takes what JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
