//! What an organisation's Teams remembers, and the changes that calls of the connector make to it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use super::activity::Content;
use super::address::{Address, Kind};
use super::keys::KeyRing;
use super::rate_limits::RateLimits;
use super::refusal::Refusal;
use super::{Author, Call, Fault, Notice, Operation, TeamsMessage, TeamsUser};

/// More calls than this are forgotten, the oldest first.
const CALLS_KEPT: usize = 10_000;

/// Conversations, messages, what single people see, and what is going to go wrong.
#[derive(Default)]
pub(super) struct Tenant {
    pub(super) names: BTreeMap<String, String>,
    pub(super) people: Vec<TeamsUser>,
    /// The addresses of people, by their object ids.
    pub(super) addresses: BTreeMap<String, String>,
    /// Those who are guests, by their object ids.
    pub(super) guests: BTreeSet<String>,
    pub(super) messages: BTreeMap<(String, String), TeamsMessage>,
    /// The card in the place of a message's own, by person and message.
    pub(super) views: BTreeMap<(String, String), Value>,
    pub(super) notices: Vec<Notice>,
    /// Who was notified, each with the message that did it.
    pub(super) notified: Vec<(String, String)>,
    /// Those who have not installed the app, by the ids that the bot knows them by.
    pub(super) without_app: BTreeSet<String>,
    /// The chats of people with the bot.
    chats: BTreeSet<String>,
    pub(super) keys: KeyRing,
    pub(super) key_fetches: usize,
    /// What the login gave out, with when it expires.
    pub(super) logins: HashMap<String, Timestamp>,
    pub(super) limits: RateLimits,
    pub(super) calls: VecDeque<Call>,
    pub(super) faults: HashMap<Operation, VecDeque<Fault>>,
    pub(super) lasting_faults: HashMap<Operation, Fault>,
    last_id: i64,
}

impl Tenant {
    pub(super) fn note_call(&mut self, call: Call) {
        if self.calls.len() == CALLS_KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// The fault of this call: those for the next calls come before the lasting one.
    pub(super) fn take_fault(&mut self, operation: Operation) -> Option<Fault> {
        let next = self.faults.get_mut(&operation).and_then(VecDeque::pop_front);
        next.or_else(|| self.lasting_faults.get(&operation).cloned())
    }

    pub(super) fn name_of(&self, conversation: &str) -> String {
        self.names.get(conversation).cloned().unwrap_or_else(|| conversation.to_owned())
    }

    /// The messages of a conversation, the oldest first.
    pub(super) fn messages_of(&self, conversation: &str) -> impl DoubleEndedIterator<Item = &TeamsMessage> {
        // No conversation can come between an id and the same id with a zero byte behind it.
        let (from, to) = (conversation.to_owned(), format!("{conversation}\0"));
        self.messages.range((from, String::new())..(to, String::new())).map(|(_, message)| message)
    }

    /// A message by its id alone, which no two conversations share here.
    pub(super) fn message(&self, id: &str) -> Option<&TeamsMessage> {
        self.messages.values().find(|message| message.id == id)
    }

    /// Whether there is a conversation with this id. Channels and group chats of the right form all exist until the
    /// first is added.
    pub(super) fn exists(&self, conversation: &str) -> bool {
        match Kind::of(conversation) {
            _ if self.names.contains_key(conversation) => true,
            Some(Kind::Personal) => self.chats.contains(conversation),
            Some(Kind::Channel | Kind::Group) => self.names.is_empty(),
            None => false,
        }
    }

    /// By which id the bot knows a user whom it may write to, given that or the Entra object id. Until the first person is
    /// added, all are there.
    pub(super) fn user(&self, id: &str) -> Option<String> {
        let is_user = id.strip_prefix("29:").is_some_and(|name| !name.is_empty());
        let known = self.people.iter().find(|person| person.mri == id || person.object_id == id);
        let mri = known.map(|person| person.mri.clone());
        let mri = mri.or_else(|| (is_user && self.people.is_empty()).then(|| id.to_owned()))?;
        (!self.without_app.contains(&mri)).then_some(mri)
    }

    /// Who is in a conversation that the bot is in, by object id or by the id that the bot knows them by.
    pub(super) fn member(&self, conversation: &str, id: &str) -> Result<&TeamsUser, Refusal> {
        if !self.exists(conversation) {
            return Err(Refusal::not_in_roster());
        }
        let member = self.people.iter().find(|person| person.object_id == id || person.mri == id);
        member.ok_or_else(Refusal::no_member)
    }

    /// Begins the chat of this user with the bot, unless there is one.
    pub(super) fn chat_with(&mut self, mri: &str) -> String {
        let id = chat_id(mri);
        self.chats.insert(id.clone());
        id
    }

    /// The bot writes a message.
    pub(super) fn send(&mut self, to: &Address, content: Content, now: Timestamp) -> Result<String, Refusal> {
        self.check_address(to)?;
        let names_other = |id: &String| self.messages.contains_key(&(to.conversation.clone(), id.clone()));
        if content.reply_to.as_ref().is_some_and(|id| !names_other(id)) {
            return Err(Refusal::no_activity());
        }
        Ok(self.post(to, Author::Bot, content, now))
    }

    /// The bot writes another message in the place of one of its own, which takes all views of it away.
    pub(super) fn update(&mut self, to: &Address, id: &str, content: Content) -> Result<(), Refusal> {
        let Content { mentions, .. } = &content;
        let mentions: Vec<_> = mentions.iter().map(|who| (who.clone(), id.to_owned())).collect();
        let message = self.own_message(to, id)?;
        message.text = content.text;
        message.text_format = content.text_format;
        message.summary = content.summary;
        message.card = content.card;
        message.edits += 1;
        self.notified.extend(mentions);
        self.views.retain(|(_, of), _| of != id);
        Ok(())
    }

    /// The bot takes one of its messages away.
    pub(super) fn delete(&mut self, to: &Address, id: &str) -> Result<(), Refusal> {
        self.own_message(to, id)?;
        self.remove(id);
        Ok(())
    }

    /// Takes a message away, whoever wrote it.
    pub(super) fn remove(&mut self, id: &str) {
        self.messages.retain(|(_, of), _| of != id);
        self.views.retain(|(_, of), _| of != id);
    }

    /// Writes a message down, and returns its id.
    pub(super) fn post(&mut self, to: &Address, from: Author, content: Content, now: Timestamp) -> String {
        let id = self.next_id(now);
        self.notified.extend(content.mentions.into_iter().map(|who| (who, id.clone())));
        let message = TeamsMessage {
            id: id.clone(),
            conversation: to.conversation.clone(),
            reply_to: to.root.clone(),
            from,
            text: content.text,
            text_format: content.text_format,
            summary: content.summary,
            card: content.card,
            edits: 0,
            at: now,
        };
        self.messages.insert((to.conversation.clone(), id.clone()), message);
        id
    }

    /// An id like `1700000000001`: the time in milliseconds, or a little later if it is taken.
    pub(super) fn next_id(&mut self, now: Timestamp) -> String {
        self.last_id = now.as_millisecond().max(self.last_id + 1);
        self.last_id.to_string()
    }

    fn own_message(&mut self, to: &Address, id: &str) -> Result<&mut TeamsMessage, Refusal> {
        self.check_address(to)?;
        let key = (to.conversation.clone(), id.to_owned());
        let message = self.messages.get_mut(&key).ok_or_else(Refusal::no_activity)?;
        // A thread consists of the message that begins it and of the replies to that.
        let in_thread = |root: &str| message.id == root || message.reply_to.as_deref() == Some(root);
        if !to.root.as_deref().is_none_or(in_thread) {
            return Err(Refusal::no_activity());
        }
        match message.from {
            Author::Bot => Ok(message),
            Author::Person(_) => Err(Refusal::new(403, "NotEnoughPermissions", "The message is not the bot's.")),
        }
    }

    pub(super) fn check_address(&self, to: &Address) -> Result<(), Refusal> {
        if !self.exists(&to.conversation) {
            return Err(Refusal::no_conversation());
        }
        let Some(root) = &to.root else { return Ok(()) };
        if Kind::of(&to.conversation) != Some(Kind::Channel) {
            return Err(Refusal::bad_syntax("Bad format of conversation ID: only channels have threads."));
        }
        let begins = self.messages.get(&(to.conversation.clone(), root.clone()));
        match begins {
            Some(message) if message.reply_to.is_none() => Ok(()),
            _ => Err(Refusal::no_activity()),
        }
    }
}

/// The id that a user's chat with the bot has or would have.
pub(super) fn chat_id(mri: &str) -> String {
    format!("a:{}", mri.trim_start_matches("29:"))
}
