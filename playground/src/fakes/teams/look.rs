//! What can be seen and arranged from outside: conversations, messages, calls, and what is to go wrong.

use serde_json::Value;

use super::tenant;
use super::{Call, FakeTeams, Fault, Notice, Operation, TeamsMessage, TeamsUser};

impl FakeTeams {
    /// Adds a channel or a group chat. Until the first is added, every id of the right form is one that exists.
    pub fn add_conversation(&self, id: &str, name: &str) {
        self.tenant().names.insert(id.to_owned(), name.to_owned());
    }

    /// Adds a person whom the bot may write to. Until the first is added, it may write to everybody.
    pub fn add_person(&self, user: &TeamsUser) {
        self.tenant().people.push(user.clone());
    }

    /// The name of a conversation; of one that was not added, its id.
    pub fn conversation_name(&self, id: &str) -> String {
        self.tenant().name_of(id)
    }

    /// The id of a person's chat with the bot, which exists from now on.
    pub fn chat_with(&self, user: &TeamsUser) -> String {
        self.tenant().chat_with(&user.mri)
    }

    /// The messages of a conversation with all replies, the oldest first.
    pub fn messages(&self, conversation: &str) -> Vec<TeamsMessage> {
        self.tenant().messages_of(conversation).cloned().collect()
    }

    /// The latest message of a conversation, which may be a reply; the others are not copied for it.
    pub fn latest_message(&self, conversation: &str) -> Option<TeamsMessage> {
        self.tenant().messages_of(conversation).next_back().cloned()
    }

    /// The messages of a person's chat with the bot, the oldest first.
    pub fn chat_messages(&self, user: &TeamsUser) -> Vec<TeamsMessage> {
        self.messages(&tenant::chat_id(&user.mri))
    }

    /// A message, wherever it is.
    pub fn message(&self, id: &str) -> Option<TeamsMessage> {
        self.tenant().message(id).cloned()
    }

    /// What people were told about their presses, the oldest first.
    pub fn notices(&self) -> Vec<Notice> {
        self.tenant().notices.clone()
    }

    /// The card that only this person sees in the place of a message's own.
    pub fn view(&self, user: &TeamsUser, message: &str) -> Option<Value> {
        self.tenant().views.get(&(user.object_id.clone(), message.to_owned())).cloned()
    }

    /// Every such card of a person, by the message.
    pub fn views(&self, user: &TeamsUser) -> Vec<(String, Value)> {
        let tenant = self.tenant();
        let own = tenant.views.iter().filter(|((person, _), _)| *person == user.object_id);
        own.map(|((_, message), card)| (message.clone(), card.clone())).collect()
    }

    /// The card that this person sees: the own one, or else the one that all see.
    pub fn card(&self, user: &TeamsUser, message: &str) -> Option<Value> {
        self.view(user, message).or_else(|| self.message(message)?.card)
    }

    /// Somebody deletes a message, as any owner of a team can.
    pub fn delete_message(&self, id: &str) {
        self.tenant().remove(id);
        self.shared.changes.note();
    }

    /// The latest calls (up to 10,000), the oldest first, refused ones too.
    pub fn calls(&self) -> Vec<Call> {
        self.tenant().calls.iter().cloned().collect()
    }

    /// The next call for this goes wrong. Several faults of one operation come one after the other.
    pub fn fail_next(&self, operation: Operation, fault: Fault) {
        self.tenant().faults.entry(operation).or_default().push_back(fault);
    }

    /// Every call for this goes wrong from now on, or with `None` no longer does.
    pub fn fail_always(&self, operation: Operation, fault: Option<Fault>) {
        let mut tenant = self.tenant();
        match fault {
            Some(fault) => tenant.lasting_faults.insert(operation, fault),
            None => tenant.lasting_faults.remove(&operation),
        };
    }

    /// Everything works again.
    pub fn recover(&self) {
        let mut tenant = self.tenant();
        tenant.faults.clear();
        tenant.lasting_faults.clear();
    }
}
