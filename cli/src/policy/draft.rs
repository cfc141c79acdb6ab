//! A policy file as it is written: what of it is needed to look people up, and their ids put in without touching the rest.
//! Whether it is right, the strict reader says.

use std::collections::BTreeSet;

use countersign_bot::approval::identities::{CHATS, Chat, is_address};
use toml_edit::{DocumentMut, Item, TableLike, value};

/// The text, which can be changed.
pub(crate) struct Draft {
    document: DocumentMut,
}

/// Somebody who has an address and no id for a chat that the policy uses.
#[derive(Clone)]
pub(crate) struct Gap {
    /// Their key.
    pub(crate) person: String,
    /// What the file calls them.
    pub(crate) name: String,
    /// Their address.
    pub(crate) email: String,
    /// The chat.
    pub(crate) chat: &'static Chat,
}

impl Draft {
    /// Reads the text; nothing that is no TOML.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Some(Self { document: text.parse().ok()? })
    }

    /// The text as it is now.
    pub(crate) fn text(&self) -> String {
        self.document.to_string()
    }

    /// Who has an address and no id, for each chat in which a policy has a conversation.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        let chats: &'static [Chat] = &CHATS;
        let used = chats.iter().filter(|chat| !self.conversations(chat).is_empty());
        let gaps = used.flat_map(|chat| {
            let people = self.table("people").into_iter().flat_map(|people| people.iter());
            people.filter_map(move |(key, person)| {
                let person = person.as_table_like()?;
                let text = |key: &str| person.get(key).and_then(Item::as_str);
                let email = text("email").filter(|email| is_address(&email.to_lowercase()))?;
                let lacks_id = !person.contains_key(chat.user.key);
                lacks_id.then(|| Gap {
                    person: key.to_owned(),
                    name: text("name").unwrap_or(key).to_owned(),
                    email: email.to_owned(),
                    chat,
                })
            })
        });
        gaps.collect()
    }

    /// The conversations of a chat that its policies name.
    pub(crate) fn conversations(&self, chat: &Chat) -> BTreeSet<String> {
        let policies = self.table("policies").into_iter().flat_map(|policies| policies.iter());
        let named = policies.filter_map(|(_, rules)| rules.as_table_like()?.get(chat.conversation.key)?.as_str());
        // What is none is refused by the strict reader, and no address is made of it.
        named.filter(|id| (chat.conversation.is)(id)).map(str::to_owned).collect()
    }

    /// The workspaces or tenants of a chat that it lets in.
    pub(crate) fn let_in(&self, chat: &Chat) -> Vec<String> {
        let places = self.table("access").and_then(|access| access.get(chat.place.key)?.as_array());
        places.into_iter().flatten().filter_map(|place| Some(chat.normal(place.as_str()?))).collect()
    }

    /// The ids that people have for a chat, each with the key of the person.
    pub(crate) fn ids(&self, chat: &Chat) -> Vec<(String, String)> {
        let people = self.table("people").into_iter().flat_map(|people| people.iter());
        let ids = people.filter_map(|(key, person)| {
            let id = person.as_table_like()?.get(chat.user.key)?.as_str()?;
            Some((chat.normal(id), key.to_owned()))
        });
        ids.collect()
    }

    /// Gives a person of the file an id.
    pub(crate) fn set_id(&mut self, person: &str, chat: &Chat, id: &str) {
        let people = self.document.get_mut("people").and_then(Item::as_table_like_mut);
        let Some(entry) = people.and_then(|people| people.get_mut(person)) else { return };
        if let Some(inline) = entry.as_inline_table_mut() {
            inline.insert(chat.user.key, id.into());
            // The space before the closing bracket would come before the comma.
            inline.fmt();
        } else if let Some(entry) = entry.as_table_like_mut() {
            entry.insert(chat.user.key, value(id));
        }
    }

    fn table(&self, key: &str) -> Option<&dyn TableLike> {
        self.document.get(key)?.as_table_like()
    }
}

#[cfg(test)]
mod tests {
    use countersign_bot::approval::policy_file;

    use super::*;

    const SLACK: &Chat = &CHATS[0];

    const WRITTEN: &str = r#"# Who decides.
[access]
slack_teams = ["T1"]   # ours

[people.ada]
name = "Ada Lovelace"   # the first
email = "ada@example.com"   # her own

# The second of them.
[people."grace.h"]
email = "Grace@example.com"
name = "Grace Hopper"

[people]
linus = { name = "Linus Pauling", slack = "U9" , email = "linus@example.com" }
emmy = { name = "Emmy Noether", email = "emmy@example.com" }

# What they decide.
[policies.pay]
approvers = ["ada"]
slack_channel = "C1"
"#;

    #[test]
    fn ids_are_put_in_and_nothing_else_is_touched() {
        let mut draft = Draft::read(WRITTEN).unwrap();
        assert_eq!(draft.text(), WRITTEN);
        let gaps: Vec<String> =
            draft.gaps().into_iter().map(|gap| format!("{} {}", gap.person, gap.chat.user.key)).collect();
        assert_eq!(gaps, ["ada slack", "grace.h slack", "emmy slack"]);
        draft.set_id("ada", SLACK, "U1");
        draft.set_id("grace.h", SLACK, "T1:U2");
        draft.set_id("emmy", SLACK, "U3");
        let expected = WRITTEN
            .replace("# her own\n", "# her own\nslack = \"U1\"\n")
            .replace("name = \"Grace Hopper\"\n", "name = \"Grace Hopper\"\nslack = \"T1:U2\"\n")
            .replace("email = \"emmy@example.com\" }", "email = \"emmy@example.com\", slack = \"U3\" }");
        assert_eq!(draft.text(), expected);
        let policy = policy_file::read(&draft.text()).unwrap();
        assert!(policy.people.values().all(|person| person.chats.len() == 1), "{:?}", policy.people);
        assert!(draft.gaps().is_empty());
    }

    #[test]
    fn nobody_is_looked_up_where_no_policy_is_asked_or_no_address_is_one() {
        let gaps = |text: &str| Draft::read(text).unwrap().gaps().len();
        assert_eq!(gaps(&WRITTEN.replace("slack_channel = \"C1\"", "teams_conversation = \"general\"")), 0);
        let wrong = WRITTEN.replace("\"ada@example.com\"", "\"ada@\"").replace("\"emmy@example.com\"", "7");
        assert_eq!(gaps(&wrong), 1);
        assert!(Draft::read("[people").is_none());
        for odd in ["people = 1", "people = [1]\npolicies = { a = 1 }", "[people]\nada = \"Ada\"\n[policies]\np = []"] {
            assert_eq!(gaps(odd), 0, "{odd}");
        }
    }

    #[test]
    fn both_chats_are_told_apart() {
        let text = WRITTEN
            .replace("slack_channel = \"C1\"", "slack_channel = \"C1\"\nteams_conversation = \"19:a@thread.v2\"");
        let gaps = Draft::read(&text).unwrap().gaps();
        assert_eq!(gaps.iter().filter(|gap| gap.chat.user.key == "teams").count(), 4);
        assert_eq!(gaps.len(), 7);
    }
}
