//! What Teams sends when people act, with every field that a real one has, so that the bot reads its few out of the
//! many.
//!
//! <https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability> and
//! <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference#activity-object>

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Map, Value, json};

use super::address::{Address, Kind};
use super::{BOT_NAME, TeamsUser};

/// A team has the id of its first channel.
const TEAM_ID: &str = "19:playground@thread.tacv2";

/// Who acts, where and when.
pub(super) struct Act<'a> {
    pub(super) user: &'a TeamsUser,
    pub(super) at: &'a Address,
    pub(super) bot_id: &'a str,
    pub(super) service_url: &'a str,
    /// The id of the activity.
    pub(super) id: &'a str,
    pub(super) now: Timestamp,
}

/// A message that somebody types. Outside of the chat with the bot it reaches the bot only with a mention.
pub(super) fn message(act: &Act<'_>, text: &str) -> Value {
    let mut activity = common("message", act);
    activity.insert("textFormat".to_owned(), json!("plain"));
    let (shown, html) = if act.kind() == Kind::Personal {
        (text.to_owned(), escape(text))
    } else {
        let mention = format!("<at>{BOT_NAME}</at>");
        let entity = json!({
            "type": "mention", "mentioned": { "id": act.bot_id, "name": BOT_NAME }, "text": mention,
        });
        if let Some(Value::Array(entities)) = activity.get_mut("entities") {
            entities.insert(0, entity);
        }
        let span = "<span itemscope=\"\" itemtype=\"http://schema.skype.com/Mention\" itemid=\"0\">";
        (format!("{mention} {text}"), format!("{span}{BOT_NAME}</span>&nbsp;{}", escape(text)))
    };
    activity.insert("text".to_owned(), json!(shown));
    let attachment = json!({ "contentType": "text/html", "content": format!("<p>{html}</p>") });
    activity.insert("attachments".to_owned(), json!([attachment]));
    Value::Object(activity)
}

/// A press of an Action.Execute of a message.
pub(super) fn invoke(act: &Act<'_>, message: &str, action: &Value, data: &Value) -> Value {
    let mut activity = common("invoke", act);
    let mut sent = json!({ "type": "Action.Execute", "verb": action["verb"], "data": data });
    for name in ["id", "title"] {
        if !action[name].is_null() {
            sent[name] = action[name].clone();
        }
    }
    activity.insert("name".to_owned(), json!("adaptiveCard/action"));
    activity.insert("value".to_owned(), json!({ "action": sent, "trigger": "manual" }));
    about(message, &mut activity);
    Value::Object(activity)
}

/// A press of an Action.Submit, which is what an older client makes of the same button: a message without text.
pub(super) fn submit(act: &Act<'_>, message: &str, data: &Value) -> Value {
    let mut activity = common("message", act);
    activity.insert("value".to_owned(), data.clone());
    about(message, &mut activity);
    Value::Object(activity)
}

/// Somebody adds the bot.
pub(super) fn installation(act: &Act<'_>) -> Value {
    members("membersAdded", "teamMemberAdded", act.bot_id, act)
}

/// What is none of the bot's business.
pub(super) fn unrelated(act: &Act<'_>) -> Vec<Value> {
    let mut reaction = common("messageReaction", act);
    reaction.insert("reactionsAdded".to_owned(), json!([{ "type": "like" }]));
    reaction.insert("replyToId".to_owned(), json!(act.id));
    let mut update = common("installationUpdate", act);
    update.insert("action".to_owned(), json!("add-upgrade"));
    vec![
        Value::Object(common("typing", act)),
        Value::Object(reaction),
        Value::Object(update),
        members("membersAdded", "teamMemberAdded", &act.user.mri, act),
        members("membersRemoved", "teamMemberRemoved", act.bot_id, act),
    ]
}

impl Act<'_> {
    fn kind(&self) -> Kind {
        Kind::of(&self.at.conversation).unwrap_or(Kind::Personal)
    }
}

fn common(kind: &str, act: &Act<'_>) -> Map<String, Value> {
    let user = act.user;
    let mut conversation = json!({
        "id": act.at.to_string(), "conversationType": act.kind().as_str(), "tenantId": user.tenant,
    });
    if act.kind() != Kind::Personal {
        conversation["isGroup"] = json!(true);
    }
    fields(json!({
        "type": kind, "id": act.id, "channelId": "msteams", "serviceUrl": act.service_url,
        "timestamp": act.now.to_string(), "localTimestamp": act.now.display_with_offset(Offset::UTC).to_string(),
        "localTimezone": "Europe/London", "locale": "en-GB",
        "from": { "id": user.mri, "name": user.name, "aadObjectId": user.object_id },
        "recipient": { "id": act.bot_id, "name": BOT_NAME },
        "conversation": conversation,
        "entities": [{
            "type": "clientInfo", "locale": "en-GB", "country": "GB", "platform": "Web", "timezone": "Europe/London",
        }],
        "channelData": channel_data(act),
    }))
}

fn channel_data(act: &Act<'_>) -> Value {
    let tenant = json!({ "id": act.user.tenant });
    let channel = &act.at.conversation;
    match act.kind() {
        Kind::Channel => json!({
            "teamsChannelId": channel, "teamsTeamId": TEAM_ID, "channel": { "id": channel },
            "team": { "id": TEAM_ID, "name": "Playground" }, "tenant": tenant,
        }),
        Kind::Group | Kind::Personal => json!({ "tenant": tenant }),
    }
}

/// What belongs to a press on this message.
fn about(message: &str, activity: &mut Map<String, Value>) {
    activity.insert("replyToId".to_owned(), json!(message));
    if let Some(data) = activity.get_mut("channelData") {
        data["source"] = json!({ "name": "message" });
        data["legacy"] = json!({ "replyToId": message });
    }
}

fn members(field: &str, event: &str, member: &str, act: &Act<'_>) -> Value {
    let mut activity = common("conversationUpdate", act);
    activity.insert(field.to_owned(), json!([{ "id": member }]));
    if act.kind() == Kind::Channel
        && let Some(data) = activity.get_mut("channelData")
    {
        data["eventType"] = json!(event);
    }
    Value::Object(activity)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
