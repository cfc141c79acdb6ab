//! An activity of the Bot Framework, as far as it is read:
//! <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference#activity-object>.
//!
//! Lenient: what Teams leaves out in one kind of activity is optional, and what it adds is ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::client::ReplyTo;
use super::form::{INPUT, Submission};
use super::verified::Verified;
use super::words;
use crate::approval::entry::seen_lines;
use crate::approval::place::{MessageRef, Platform};
use crate::approval::policy::{Person, Stranger};
use crate::approval::request::Answers;
use crate::approval::state::Verdict;
use crate::approval::transitions::claim::Look;
use crate::flow::app::App;
use crate::platforms::press::Shown;

/// Between the id of a channel and the message that a thread in it starts with.
const THREAD: char = ';';

/// An activity.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Activity {
    /// `message`, `invoke`, `conversationUpdate` and others.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The name of an invoke.
    pub(super) name: Option<String>,
    /// The activity's own id.
    #[serde(default, deserialize_with = "null_as_none")]
    pub(super) id: String,
    /// The message that was pressed on, or answered.
    pub(super) reply_to_id: Option<String>,
    /// Who did it.
    pub(super) from: Option<Account>,
    /// The bot, under the id that it has in this conversation.
    pub(super) recipient: Option<Account>,
    /// Where it was done.
    pub(super) conversation: Account,
    /// Who was added to the conversation.
    #[serde(default, deserialize_with = "null_as_none")]
    pub(super) members_added: Vec<Account>,
    /// What was typed.
    pub(super) text: Option<String>,
    /// What the text mentions, among other things.
    #[serde(default)]
    entities: Value,
    /// The data of a press.
    pub(super) value: Option<Value>,
    channel_data: Option<ChannelData>,
}

/// What Teams adds of its own.
#[derive(Deserialize)]
struct ChannelData {
    settings: Option<Settings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    selected_channel: Option<Account>,
}

/// Somebody, or a conversation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    /// The id toward this bot.
    pub(super) id: String,
    /// The person's object id in Entra.
    aad_object_id: Option<String>,
}

/// A field that is `null` says the same as one that is not there.
fn null_as_none<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(field: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(field)?.unwrap_or_default())
}

/// How a mention begins and ends in a text:
/// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/channel-and-group-conversations>.
const MENTION: (&str, &str) = ("<at", "</at>");
/// What a text may hold of HTML, and what it stands for; the ampersand comes last, since it begins the others.
const ENTITIES: [(&str, &str); 8] = [
    ("&nbsp;", " "),
    ("&#160;", " "),
    ("&#xa0;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&amp;", "&"),
];

/// What `Action.Execute` sends:
/// <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/work-with-universal-actions-for-adaptive-cards>.
#[derive(Deserialize)]
struct Invoked {
    action: Action,
    trigger: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    data: Value,
}

/// The data of our buttons, with what was typed into the inputs of the card.
#[derive(Deserialize)]
struct Data {
    approval: String,
    content: Option<String>,
    verb: String,
    comment: Option<String>,
    reason: Option<String>,
    changes: Option<String>,
    confirmed: Option<Value>,
    /// The inputs, among whatever else there is.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// A press of one of our buttons.
pub(super) enum Pressed {
    /// One that decides.
    Decision(Press),
    /// The one of a form.
    Form(Submission),
    /// One that says that somebody is looking at it, or no longer is; nothing of the latter if what it stands on is none of
    /// ours.
    Look(Look, Option<Shown>),
    /// The one that takes a request back; nothing if what it stands on is none of ours.
    TakeBack(Option<Shown>),
}

/// A press that decides.
pub(super) struct Press {
    /// What the card shows, if it is one of ours.
    pub(super) shown: Option<Shown>,
    /// Which button.
    pub(super) verdict: Verdict,
    /// What was typed.
    pub(super) comment: Option<String>,
    /// What whoever approves is asked for.
    pub(super) answers: Answers,
}

impl Activity {
    /// The person of the policy who did it. Only the object id counts: names are for display, and other ids are not
    /// the same in every bot.
    pub(super) fn person<'a>(&self, app: &'a App, tenant: &str) -> Result<&'a Person, Stranger> {
        let object_id = self.from.as_ref().and_then(|from| from.aad_object_id.as_deref());
        let object_id = object_id.ok_or(Stranger::Unlisted)?.to_lowercase();
        app.policy.person(Platform::Teams, &[tenant], &object_id)
    }

    /// The conversation as the policy names it, without a thread.
    pub(super) fn conversation(&self) -> &str {
        self.conversation.id.split(THREAD).next().unwrap_or_default()
    }

    /// Where the bot was added. For a team, Teams names the first channel as the conversation, and beside it the channel
    /// that was chosen:
    /// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/subscribe-to-conversation-events>.
    pub(super) fn home(&self) -> &str {
        let settings = self.channel_data.as_ref().and_then(|data| data.settings.as_ref());
        let chosen = settings.and_then(|settings| settings.selected_channel.as_ref());
        chosen.map_or_else(|| self.conversation(), |channel| channel.id.as_str())
    }

    /// The card that was pressed on.
    pub(super) fn card(&self) -> Option<MessageRef> {
        let message = self.reply_to_id.clone()?;
        Some(MessageRef::Card { platform: Platform::Teams, conversation: self.conversation().to_owned(), message })
    }

    /// Where an answer to a press goes.
    pub(super) fn pressed_on(&self, verified: &Verified) -> ReplyTo {
        ReplyTo { message: self.reply_to_id.clone(), ..self.reply_to(verified) }
    }

    /// Where an answer to it goes.
    pub(super) fn reply_to(&self, verified: &Verified) -> ReplyTo {
        ReplyTo {
            service_url: verified.service_url().clone(),
            conversation: self.conversation.id.clone(),
            message: Some(self.id.clone()),
        }
    }

    /// Whether the bot itself is among those who were added.
    pub(super) fn adds_bot(&self) -> bool {
        let is_bot = |member: &Account| self.recipient.as_ref().is_some_and(|bot| bot.id == member.id);
        self.members_added.iter().any(is_bot)
    }

    /// What was typed, without the mention that brought it to the bot. One of somebody else is their name, as one value.
    pub(super) fn words(&self) -> String {
        let mentions = self.entities.as_array().into_iter().flatten().filter(|entity| entity["type"] == "mention");
        let is_bot = |id: &Value| self.recipient.as_ref().is_some_and(|bot| *id == *bot.id);
        let (ours, others): (Vec<_>, Vec<_>) = mentions.partition(|mention| is_bot(&mention["mentioned"]["id"]));
        let ours = ours.into_iter();
        let typed = self.text.clone().unwrap_or_default();
        let typed =
            others.iter().filter_map(|other| other["text"].as_str()).filter_map(name_in).fold(typed, |text, name| {
                let (element, value) = name;
                // One that stands before every word calls somebody to look, and is no value.
                match text.find(element) {
                    Some(at) if !without_elements(&text[..at]).trim().is_empty() => text.replacen(element, &value, 1),
                    _ => text,
                }
            });
        // A mention is an element of the text. What its entity says of it may be missing, or be without the element.
        let named = ours.filter_map(|mention| mention["text"].as_str()).filter(|text| !text.is_empty());
        let text = without_elements(&typed);
        let text = named.fold(text, |text, mention| text.replace(mention, " "));
        seen_lines(&ENTITIES.into_iter().fold(text, |text, (entity, sign)| text.replace(entity, sign)))
    }
}

/// The element of a mention with the name in it, as a command takes a value of several words.
fn name_in(element: &str) -> Option<(&str, String)> {
    let (_, name) = element.strip_suffix(MENTION.1)?.split_once('>')?;
    let is_name = element.starts_with(MENTION.0) && !name.trim().is_empty();
    is_name.then(|| (element, format!(" \"{}\" ", name.replace('"', " "))))
}

/// A text with a space in the place of each element of a mention.
fn without_elements(text: &str) -> String {
    let (start, end) = MENTION;
    let mut pieces = text.split(start);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| match piece.split_once(end) {
        // `<at>` and `<at id="0">` begin one, `<attention>` does not.
        Some((_, rest)) if piece.starts_with(['>', ' ']) => text + " " + rest,
        _ => text + start + piece,
    })
}

impl Pressed {
    /// Reads the value of an invoke. A client that asks by itself has not been pressed by anybody, so it is refused.
    pub(super) fn invoked(value: Option<&Value>) -> Result<Self, String> {
        let invoked = Invoked::deserialize(value.unwrap_or(&Value::Null)).map_err(|error| format!("value: {error}"))?;
        match invoked.trigger.as_deref() {
            None | Some("manual") => {
                Self::read(&invoked.action.data).map_err(|error| format!("value.action.data{error}"))
            }
            Some(_) => Err("value.trigger: only a person's press decides".to_owned()),
        }
    }

    /// Reads the value of a message, which is what `Action.Submit` of an older client sends.
    pub(super) fn submitted(value: &Value) -> Result<Self, String> {
        Self::read(value).map_err(|error| format!("value{error}"))
    }

    fn read(data: &Value) -> Result<Self, String> {
        match Submission::read(data) {
            Some(form) => form.map(Self::Form),
            None => {
                let data = Data::deserialize(data).map_err(|error| format!(": {error}"))?;
                match data.verb.as_str() {
                    words::CLAIM => Ok(Self::Look(Look::Begins, data.shown())),
                    words::LET_GO => Ok(Self::Look(Look::Ends, data.shown())),
                    words::TAKE_BACK => Ok(Self::TakeBack(data.shown())),
                    _ => Press::read(data).map(Self::Decision),
                }
            }
        }
    }
}

impl Data {
    /// What the button stands for, if it is one of ours.
    fn shown(&self) -> Option<Shown> {
        Shown::read(&self.approval, self.content.as_deref())
    }
}

impl Press {
    fn read(data: Data) -> Result<Self, String> {
        let shown = data.shown();
        let verdict = match data.verb.as_str() {
            words::APPROVE => Verdict::Approve,
            words::REJECT => Verdict::Reject,
            words::RETURN => Verdict::Return,
            _ => return Err(".verb: must be approve, reject, return, take_back, claim or let_go".to_owned()),
        };
        let typed = |input: Option<String>| input.unwrap_or_default();
        // Each form that opens has an input of its own, and what stands in the other is none of this verdict's.
        let form = if verdict == Verdict::Return { data.changes } else { data.reason };
        let comment = words::written(&typed(form), &typed(data.comment));
        let inputs = data.others.iter().filter_map(|(id, value)| {
            // Something that is no text is nothing.
            Some((id.strip_prefix(INPUT)?.to_owned(), value.as_str().unwrap_or_default().to_owned()))
        });
        let confirmed = data.confirmed.is_some_and(|value| value == words::CONFIRMED_ON);
        let answers = Answers { inputs: inputs.collect(), confirmed };
        Ok(Self { shown, verdict, comment, answers })
    }
}
