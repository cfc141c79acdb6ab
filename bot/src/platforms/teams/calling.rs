//! Mentions on a card: each is an entity of the card whose text stands in a `TextBlock` letter by letter, and whom it
//! names is told by their Entra object id.
//! <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format#user-mention-in-bots-with-adaptive-cards>

use serde_json::{Value, json};

use super::elements::{Look, ours};
use crate::approval::limits;
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::messages::calling::{self, NAME_MAX};
use crate::messages::escape;

/// The line that mentions people, and what the card says of it.
pub(super) struct Called {
    pub(super) line: Value,
    pub(super) entities: Vec<Value>,
}

impl Called {
    /// Mentions of as many as there is room for.
    pub(super) fn of(approval: &Approval, room: usize) -> Option<Self> {
        let mut mentions: Vec<Mention<'_>> = Vec::new();
        for person in calling::called(approval) {
            mentions.extend(Mention::of(person, &mentions));
        }
        let called = |count: usize| Self {
            line: ours(&format!("{}: {}", texts(&mentions[..count]), calling::WANTED), Look::Normal),
            entities: mentions[..count].iter().map(Mention::entity).collect(),
        };
        (1..=mentions.len()).rev().map(called).find(|called| called.size() <= room)
    }

    /// What it takes of a message, with the commas around it.
    pub(super) fn size(&self) -> usize {
        const AROUND: usize = r#","entities":[]"#.len() + 1;
        let parts = [&self.line].into_iter().chain(&self.entities);
        AROUND + parts.map(|part| part.to_string().encode_utf16().count() + 1).sum::<usize>()
    }
}

/// A person by their Entra object id, and what stands for them on the card.
struct Mention<'a> {
    id: &'a str,
    name: String,
}

impl<'a> Mention<'a> {
    /// A mention of a person who is in Teams. Two with one text would both be of the first of them.
    fn of(person: &'a Person, others: &[Self]) -> Option<Self> {
        let id = person.on(Platform::Teams)?.id.as_str();
        let name = escape::mention(&limits::excerpt(&person.name, NAME_MAX));
        let is_taken = others.iter().any(|other| other.name == name);
        let name = if is_taken { format!("{name} ({})", others.len() + 1) } else { name };
        Some(Self { id, name })
    }

    fn text(&self) -> String {
        format!("<at>{}</at>", self.name)
    }

    fn entity(&self) -> Value {
        json!({ "type": "mention", "text": self.text(), "mentioned": { "id": self.id, "name": self.name } })
    }
}

fn texts(mentions: &[Mention<'_>]) -> String {
    mentions.iter().map(Mention::text).collect::<Vec<_>>().join(", ")
}
