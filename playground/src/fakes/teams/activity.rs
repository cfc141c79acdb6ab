//! Whether the connector would take what a bot sends (Bot Connector API, Activity object), read into what Teams shows.

use serde_json::Value;

use super::cards;
use super::mentions::{is_mention, mentioned};
use super::refusal::Refusal;

/// About 100 kB, counted as UTF-16:
/// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages>.
const SIZE_MAX: usize = 100_000;
const ADAPTIVE_CARD: &str = "application/vnd.microsoft.card.adaptive";

/// The fields that a bot may set; a wrong name would otherwise go unnoticed.
const FIELDS: [&str; 19] = [
    "type",
    "id",
    "text",
    "textFormat",
    "summary",
    "attachments",
    "attachmentLayout",
    "entities",
    "replyToId",
    "from",
    "recipient",
    "conversation",
    "channelId",
    "serviceUrl",
    "channelData",
    "locale",
    "importance",
    "inputHint",
    "timestamp",
];

/// What people see of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) text_format: String,
    pub(super) summary: Option<String>,
    pub(super) card: Option<Value>,
    pub(super) reply_to: Option<String>,
    /// Whom it notifies.
    pub(super) mentions: Vec<String>,
}

/// What an activity of the bot with this id says.
pub(super) fn content(activity: &Value, bot_id: &str) -> Result<Content, Refusal> {
    if activity.to_string().encode_utf16().count() * 2 > SIZE_MAX {
        return Err(Refusal::new(413, "MessageSizeTooBig", "Message size too large."));
    }
    let problems = problems(activity, bot_id);
    if !problems.is_empty() {
        return Err(Refusal::bad_syntax(&problems.join("; ")));
    }
    let text = |name: &str| activity[name].as_str().map(str::to_owned);
    Ok(Content {
        text: text("text").unwrap_or_default(),
        text_format: text("textFormat").unwrap_or_else(|| "markdown".to_owned()),
        summary: text("summary"),
        card: activity["attachments"].get(0).map(|attachment| attachment["content"].clone()),
        reply_to: text("replyToId"),
        mentions: mentioned(activity),
    })
}

fn problems(activity: &Value, bot_id: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut expect = |holds: bool, problem: &str| {
        if !holds {
            problems.push(problem.to_owned());
        }
    };
    let Some(fields) = activity.as_object() else {
        return vec!["the activity is not an object".to_owned()];
    };
    for name in fields.keys().filter(|name| !FIELDS.contains(&name.as_str())) {
        expect(false, &format!("{name} is not a field of an activity"));
    }
    expect(activity["type"] == "message", "type is not message");
    for name in ["text", "summary", "replyToId", "id", "locale"] {
        expect(is_text_or_absent(&activity[name]), &format!("{name} is not a string"));
    }
    expect(is_one_of(&activity["textFormat"], &["plain", "markdown", "xml"]), "textFormat is unknown");
    expect(is_one_of(&activity["attachmentLayout"], &["list", "carousel"]), "attachmentLayout is unknown");
    expect(is_one_of(&activity["importance"], &["low", "normal", "high"]), "importance is unknown");
    expect(activity["from"].is_null() || activity["from"]["id"] == bot_id, "from is somebody else than the bot");
    let attachments = list(&activity["attachments"]);
    expect(attachments.is_some(), "attachments is not an array");
    let attachments = attachments.unwrap_or_default();
    let has_text = activity["text"].as_str().is_some_and(|text| !text.trim().is_empty());
    expect(has_text || !attachments.is_empty(), "the activity has neither text nor attachments");
    expect(attachments.len() <= 1, "there is more than one attachment");
    problems.extend(attachments.iter().flat_map(attachment_problems));
    problems.extend(mention_problems(activity));
    problems
}

fn attachment_problems(attachment: &Value) -> Vec<String> {
    if attachment["contentType"] != ADAPTIVE_CARD {
        return vec![format!("contentType is not {ADAPTIVE_CARD}")];
    }
    let problems = cards::problems(&attachment["content"]).into_iter();
    problems.map(|problem| format!("the adaptive card is not valid: {problem}")).collect()
}

/// A mention that does not stand in the text is shown nowhere and notifies nobody.
fn mention_problems(activity: &Value) -> Vec<String> {
    let Some(entities) = list(&activity["entities"]) else {
        return vec!["entities is not an array".to_owned()];
    };
    let text = activity["text"].as_str().unwrap_or_default();
    let wrong = |entity: &&Value| {
        entity["type"] == "mention"
            && !(is_mention(entity) && text.contains(entity["text"].as_str().unwrap_or_default()))
    };
    let wrong = entities.iter().filter(wrong);
    wrong.map(|_| "a mention is not whole, or its text is not in the text".to_owned()).collect()
}

fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Null => Some(&[]),
        Value::Array(items) => Some(items),
        _ => None,
    }
}

fn is_text_or_absent(value: &Value) -> bool {
    value.is_null() || value.is_string()
}

fn is_one_of(value: &Value, words: &[&str]) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| words.contains(&text))
}
