//! What a workspace remembers, and the changes that calls of the Web API make to it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::block_kit;
use super::homes::{Home, Published};
use super::mentions::mentioned;
use super::rate_limit::RateLimit;
use super::usergroups::{Profile, Usergroup};
use super::{Ephemeral, Fault, OpenView, SlackMessage};

/// More calls than this are forgotten, the oldest first.
const CALLS_KEPT: usize = 10_000;
/// A longer text is refused by `chat.update`, and by everything else for the sake of it:
/// <https://docs.slack.dev/reference/methods/chat.update>.
const TEXT_MAX: usize = 4_000;
/// A trigger can be used within three seconds: <https://docs.slack.dev/reference/methods/views.open>.
const TRIGGER_LIFE: SignedDuration = SignedDuration::from_secs(3);
/// A view has at most 250 kB: <https://docs.slack.dev/reference/methods/views.open>.
pub(super) const VIEW_MAX_BYTES: usize = 250_000;
/// Slack's timestamps are unique in a channel; ours are in the whole workspace, this many microseconds apart.
const TS_STEP: i64 = 100;

/// Channels, messages, views, and what is going to go wrong.
#[derive(Default)]
pub(super) struct Workspace {
    pub(super) channels: BTreeMap<String, String>,
    /// The channels that the bot is not in.
    pub(super) without_bot: BTreeSet<String>,
    /// The scopes of the manifest that the token lacks.
    pub(super) withheld: BTreeSet<String>,
    /// The chats of people with the app that were begun.
    pub(super) chats: BTreeSet<String>,
    pub(super) usergroups: BTreeMap<String, Usergroup>,
    pub(super) profiles: BTreeMap<String, Profile>,
    /// Those who have left.
    pub(super) deactivated: BTreeSet<String>,
    pub(super) messages: BTreeMap<(String, String), SlackMessage>,
    pub(super) ephemerals: Vec<Ephemeral>,
    pub(super) views: HashMap<String, OpenView>,
    /// Who was notified, each with the message that did it.
    pub(super) notified: Vec<(String, String)>,
    pub(super) homes: HashMap<String, Home>,
    pub(super) published: Published,
    pub(super) has_no_home: bool,
    pub(super) calls: VecDeque<(String, Value)>,
    pub(super) faults: HashMap<String, VecDeque<Fault>>,
    pub(super) lasting_faults: HashMap<String, Fault>,
    pub(super) limit: RateLimit,
    pub(super) scheduled: BTreeMap<String, String>,
    triggers: HashMap<String, Trigger>,
    last_micros: i64,
    ids: u64,
}

/// The short right to open a form in front of somebody.
struct Trigger {
    user: String,
    expires: Timestamp,
    used: bool,
}

/// Why Slack does not do what a call asks for.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The `error` of the answer.
    pub(super) code: &'static str,
    /// The `response_metadata.messages` of the answer.
    pub(super) messages: Vec<String>,
}

impl From<&'static str> for Refusal {
    fn from(code: &'static str) -> Self {
        Self { code, messages: Vec::new() }
    }
}

impl Workspace {
    pub(super) fn note_call(&mut self, method: &str, body: Value) {
        if self.calls.len() == CALLS_KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back((method.to_owned(), body));
    }

    /// The fault of this call: those for the next calls come before the lasting one.
    pub(super) fn take_fault(&mut self, method: &str) -> Option<Fault> {
        let next = self.faults.get_mut(method).and_then(VecDeque::pop_front);
        next.or_else(|| self.lasting_faults.get(method).cloned())
    }

    pub(super) fn channel_name(&self, id: &str) -> String {
        self.channels.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// The messages of a channel, the oldest first.
    pub(super) fn messages_of(&self, channel: &str) -> impl DoubleEndedIterator<Item = &SlackMessage> {
        // No channel can come between an id and the same id with a zero byte behind it.
        let (from, to) = (channel.to_owned(), format!("{channel}\0"));
        self.messages.range((from, String::new())..(to, String::new())).map(|(_, message)| message)
    }

    pub(super) fn message(&self, channel: &str, ts: &str) -> Option<&SlackMessage> {
        self.messages.get(&(channel.to_owned(), ts.to_owned()))
    }

    /// `chat.postMessage`.
    pub(super) fn post(&mut self, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let channel = match body["channel"].as_str().filter(|id| is_id(id, &['U', 'W'])) {
            // A user's id stands for their chat with the app.
            Some(user) => self.chat_with(user)?,
            None => self.channel(body)?,
        };
        let thread_ts = body["thread_ts"].as_str().map(str::to_owned);
        if let Some(parent) = &thread_ts
            && self.message(&channel, parent).is_none()
        {
            return Err("thread_not_found".into());
        }
        let (text, blocks) = self.content(body)?;
        let ts = self.next_ts(now);
        self.notified.extend(mentioned(&text, &blocks).into_iter().map(|user| (user, ts.clone())));
        let message = SlackMessage { channel: channel.clone(), ts: ts.clone(), thread_ts, text, blocks, edits: 0 };
        let shown = shown(&message);
        self.messages.insert((channel.clone(), ts.clone()), message);
        Ok(json!({ "channel": channel, "ts": ts, "message": shown }))
    }

    /// `chat.update`: text without blocks takes the blocks away.
    pub(super) fn update(&mut self, body: &Value) -> Result<Value, Refusal> {
        let channel = self.channel(body)?;
        let ts = body["ts"].as_str().unwrap_or_default().to_owned();
        let key = (channel.clone(), ts.clone());
        if !self.messages.contains_key(&key) {
            let is_ephemeral = self.ephemerals.iter().any(|message| message.ts == ts);
            return Err(if is_ephemeral { "cant_update_message" } else { "message_not_found" }.into());
        }
        let (text, blocks) = self.content(body)?;
        let message = self.messages.get_mut(&key).ok_or("message_not_found")?;
        message.text = text;
        message.blocks = blocks;
        message.edits += 1;
        Ok(json!({ "channel": channel, "ts": ts, "text": message.text, "message": shown(message) }))
    }

    /// `chat.postEphemeral`.
    pub(super) fn post_ephemeral(&mut self, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let channel = self.channel(body)?;
        let user = body["user"].as_str().filter(|user| is_id(user, &['U', 'W'])).ok_or("user_not_found")?;
        let content = self.content(body)?;
        let ts = self.show(&channel, user, content, now);
        Ok(json!({ "message_ts": ts }))
    }

    /// Shows a text and blocks to one person.
    pub(super) fn show(&mut self, channel: &str, user: &str, content: (String, Value), now: Timestamp) -> String {
        let (ts, (text, blocks)) = (self.next_ts(now), content);
        let (channel, user) = (channel.to_owned(), user.to_owned());
        self.ephemerals.push(Ephemeral { channel, user, text, blocks, ts: ts.clone() });
        ts
    }

    /// `views.open`, which uses the trigger up.
    pub(super) fn open(&mut self, body: &Value, team: &str, now: Timestamp) -> Result<Value, Refusal> {
        let id = body["trigger_id"].as_str().unwrap_or_default();
        let trigger = self.triggers.get_mut(id).ok_or("invalid_trigger_id")?;
        if trigger.used {
            return Err("exchanged_trigger_id".into());
        }
        if now > trigger.expires {
            return Err("expired_trigger_id".into());
        }
        let mut view = body["view"].clone();
        if view.to_string().len() > VIEW_MAX_BYTES {
            return Err("view_too_large".into());
        }
        let messages = block_kit::view_problems(&view);
        if !messages.is_empty() {
            return Err(Refusal { code: "invalid_arguments", messages });
        }
        trigger.used = true;
        let user = trigger.user.clone();
        self.name_blocks(&mut view["blocks"]);
        let id = format!("V{:010}", self.next_id());
        let open = OpenView { id: id.clone(), view: view.clone() };
        self.views.insert(user, open);
        let own = json!({
            "id": id, "team_id": team, "hash": format!("{}.view", now.as_second()), "root_view_id": id,
            "app_id": super::APP_ID, "bot_id": super::BOT_ID, "state": { "values": {} },
        });
        if let (Some(view), Value::Object(own)) = (view.as_object_mut(), own) {
            view.extend(own);
        }
        Ok(json!({ "view": view }))
    }

    /// Puts another view in the place of the one in front of a person, which keeps its id.
    pub(super) fn replace_view(&mut self, user: &str, view: &Value) -> Result<(), Refusal> {
        let messages = block_kit::view_problems(view);
        if !messages.is_empty() {
            return Err(Refusal { code: "invalid_arguments", messages });
        }
        let mut view = view.clone();
        self.name_blocks(&mut view["blocks"]);
        self.views.get_mut(user).ok_or("view_not_found")?.view = view;
        Ok(())
    }

    /// A trigger for what this person has just done.
    pub(super) fn new_trigger(&mut self, user: &str, now: Timestamp) -> String {
        let id = format!("{}.{:013}.{user}", now.as_millisecond(), self.next_id());
        let trigger = Trigger {
            user: user.to_owned(),
            expires: now.checked_add(TRIGGER_LIFE).unwrap_or(Timestamp::MAX),
            used: false,
        };
        self.triggers.insert(id.clone(), trigger);
        id
    }

    /// A timestamp like `1700000000.000100`: the time, or a little later if it is taken.
    pub(super) fn next_ts(&mut self, now: Timestamp) -> String {
        self.last_micros = now.as_microsecond().max(self.last_micros + TS_STEP);
        format!("{}.{:06}", self.last_micros / 1_000_000, self.last_micros % 1_000_000)
    }

    pub(super) fn channel(&self, body: &Value) -> Result<String, Refusal> {
        let id = body["channel"].as_str().unwrap_or_default();
        let exists = match is_id(id, &['D']) {
            true => self.chats.contains(id),
            false if self.channels.is_empty() => is_id(id, &['C', 'G']),
            false => self.channels.contains_key(id),
        };
        match exists {
            true if self.without_bot.contains(id) => Err("not_in_channel".into()),
            true => Ok(id.to_owned()),
            false => Err("channel_not_found".into()),
        }
    }

    /// Text and blocks, found right; blocks and inputs without an id get one, as in Slack.
    pub(super) fn content(&mut self, body: &Value) -> Result<(String, Value), Refusal> {
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        let mut blocks = match &body["blocks"] {
            Value::Null => json!([]),
            Value::Array(blocks) => json!(blocks),
            _ => return Err("invalid_blocks_format".into()),
        };
        let messages = block_kit::message_problems(blocks.as_array().map(Vec::as_slice).unwrap_or_default());
        if !messages.is_empty() {
            return Err(Refusal { code: "invalid_blocks", messages });
        }
        if blocks.as_array().is_some_and(|blocks| block_kit::is_too_long(blocks)) {
            return Err("msg_blocks_too_long".into());
        }
        if text.encode_utf16().count() > TEXT_MAX {
            return Err("msg_too_long".into());
        }
        if text.is_empty() && blocks == json!([]) {
            return Err("no_text".into());
        }
        self.name_blocks(&mut blocks);
        Ok((text, blocks))
    }

    pub(super) fn name_blocks(&mut self, blocks: &mut Value) {
        for block in blocks.as_array_mut().into_iter().flatten() {
            if block["block_id"].is_null() {
                block["block_id"] = json!(format!("b{}", self.next_id()));
            }
            let elements = match block["type"].as_str() {
                Some("actions") => block["elements"].as_array_mut().map(Vec::as_mut_slice),
                Some("input") => block.get_mut("element").map(std::slice::from_mut),
                _ => block.get_mut("accessory").map(std::slice::from_mut),
            };
            for element in elements.into_iter().flatten() {
                if element["action_id"].is_null() {
                    element["action_id"] = json!(format!("a{}", self.next_id()));
                }
            }
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }
}

/// A message as answers and payloads show it.
pub(super) fn shown(message: &SlackMessage) -> Value {
    let mut shown = json!({
        "type": "message", "user": super::BOT_USER, "bot_id": super::BOT_ID, "app_id": super::APP_ID,
        "ts": message.ts, "text": message.text, "blocks": message.blocks,
    });
    if let Some(thread_ts) = &message.thread_ts {
        shown["thread_ts"] = json!(thread_ts);
    }
    shown
}

/// The channel that is a user's chat with the app.
pub(super) fn direct(user: &str) -> String {
    format!("D{user}")
}

pub(super) fn is_id(text: &str, kinds: &[char]) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|kind| kinds.contains(&kind))
        && text.len() > 1
        && letters.all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn timestamps_are_unique_and_grow_while_the_clock_stands_still() {
        let mut workspace = Workspace::default();
        assert_eq!(workspace.next_ts(at(1_700_000_000)), "1700000000.000000");
        assert_eq!(workspace.next_ts(at(1_700_000_000)), "1700000000.000100");
        assert_eq!(workspace.next_ts(at(1_700_000_001)), "1700000001.000000");
        assert_eq!(workspace.next_ts(at(1_700_000_000)), "1700000001.000100");
    }

    #[test]
    fn a_trigger_opens_one_form_within_three_seconds() {
        let mut workspace = Workspace::default();
        let view = json!({ "type": "modal", "title": { "type": "plain_text", "text": "Form" }, "blocks": [] });
        let mut open = |trigger: &str, second| {
            let body = json!({ "trigger_id": trigger, "view": view });
            workspace.open(&body, "T0", at(second)).map(|_| ()).map_err(|refusal| refusal.code)
        };
        assert_eq!(open("none", 0), Err("invalid_trigger_id"));
        let (in_time, late) = (workspace.new_trigger("U1", at(10)), workspace.new_trigger("U1", at(10)));
        let mut open = |trigger: &str, second| {
            let body = json!({ "trigger_id": trigger, "view": view });
            workspace.open(&body, "T0", at(second)).map(|_| ()).map_err(|refusal| refusal.code)
        };
        assert_eq!(open(&in_time, 13), Ok(()));
        assert_eq!(open(&in_time, 13), Err("exchanged_trigger_id"));
        assert_eq!(open(&late, 14), Err("expired_trigger_id"));
    }

    #[test]
    fn a_channel_has_its_own_messages_in_their_order() {
        let mut workspace = Workspace::default();
        for (channel, text) in [("C1", "first"), ("C0", "before"), ("C10", "behind"), ("C1", "last")] {
            workspace.post(&json!({ "channel": channel, "text": text }), at(1)).unwrap();
        }
        let texts: Vec<&str> = workspace.messages_of("C1").map(|message| message.text.as_str()).collect();
        assert_eq!(texts, ["first", "last"]);
        assert_eq!(workspace.messages_of("C1").next_back().map(|message| message.text.as_str()), Some("last"));
    }

    #[test]
    fn an_update_with_text_alone_takes_the_blocks_away() {
        let mut workspace = Workspace::default();
        let card = json!({ "channel": "C1", "text": "card", "blocks": [{ "type": "divider" }] });
        let posted = workspace.post(&card, at(1)).unwrap();
        let text = json!({ "channel": "C1", "ts": posted["ts"], "text": "closed" });
        workspace.update(&text).unwrap();
        let message = workspace.messages_of("C1").next().unwrap();
        assert_eq!((message.text.as_str(), &message.blocks, message.edits), ("closed", &json!([]), 1));
    }

    #[test]
    fn what_is_not_there_is_refused_by_slacks_code() {
        let mut workspace = Workspace::default();
        let section = json!({ "type": "section", "text": { "type": "plain_text", "text": "x".repeat(3_000) } });
        let cases = [
            (json!({ "channel": "nowhere", "text": "a" }), "channel_not_found"),
            (json!({ "channel": "C1", "text": "a", "thread_ts": "1.000000" }), "thread_not_found"),
            (json!({ "channel": "C1" }), "no_text"),
            (json!({ "channel": "C1", "text": "x".repeat(TEXT_MAX + 1) }), "msg_too_long"),
            (json!({ "channel": "C1", "text": "a", "blocks": [{ "type": "header" }] }), "invalid_blocks"),
            (json!({ "channel": "C1", "text": "a", "blocks": vec![section; 5] }), "msg_blocks_too_long"),
        ];
        for (body, code) in cases {
            assert_eq!(workspace.post(&body, at(1)).unwrap_err().code, code);
        }
        let update = json!({ "channel": "C1", "ts": "1.000000", "text": "a" });
        assert_eq!(workspace.update(&update).unwrap_err().code, "message_not_found");
        let ts = workspace.show("C1", "U1", ("only you".to_owned(), json!([])), at(1));
        let update = json!({ "channel": "C1", "ts": ts, "text": "a" });
        assert_eq!(workspace.update(&update).unwrap_err().code, "cant_update_message");
    }
}
