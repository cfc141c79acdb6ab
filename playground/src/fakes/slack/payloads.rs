//! What Slack sends when people act, with every field that a real one has, so that the bot reads its few out of the
//! many.
//!
//! <https://docs.slack.dev/interactivity/implementing-slash-commands> and
//! <https://docs.slack.dev/reference/interaction-payloads>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::workspace::{self, shown};
use super::{APP_ID, OpenView, SlackMessage, SlackUser, TEAM_DOMAIN, inputs};

/// Slack's own, deprecated proof of origin; it is sent and must not be used.
const VERIFICATION_TOKEN: &str = "deprecated-and-not-a-secret";

/// Where and by what right somebody acts.
pub(super) struct Act<'a> {
    pub(super) user: &'a SlackUser,
    pub(super) team_id: &'a str,
    pub(super) channel: &'a str,
    pub(super) channel_name: &'a str,
    pub(super) trigger_id: &'a str,
    pub(super) ts: &'a str,
}

/// The form of a slash command.
pub(super) fn command(act: &Act<'_>, command: &str, text: &str) -> Vec<(&'static str, String)> {
    let fields = [
        ("token", VERIFICATION_TOKEN),
        ("team_id", &act.user.team_id),
        ("team_domain", TEAM_DOMAIN),
        ("channel_id", act.channel),
        ("channel_name", act.channel_name),
        ("user_id", &act.user.id),
        ("user_name", &handle(act.user)),
        ("command", command),
        ("text", text),
        ("api_app_id", APP_ID),
        ("is_enterprise_install", "false"),
        ("response_url", &response_url("commands", act)),
        ("trigger_id", act.trigger_id),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    fields.into()
}

/// The payload of a press. `element` is the button as it stands in the message, or a menu with what was chosen in it.
pub(super) fn press(
    act: &Act<'_>,
    message: &SlackMessage,
    (block_id, element): (&str, &Value),
    comment: Option<&str>,
) -> Value {
    let action = action(act, block_id, element);
    let mut payload = common("block_actions", act);
    payload.extend(fields(json!({
        "container": {
            "type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": false,
        },
        "channel": { "id": act.channel, "name": act.channel_name },
        "message": shown(message),
        "state": { "values": values(&message.blocks, |_| comment.map(str::to_owned)) },
        "response_url": response_url("actions", act),
        "actions": [action],
    })));
    Value::Object(payload)
}

/// The payload of a press in the home of the app: it has a view, and no message and no channel.
pub(super) fn press_in_home(act: &Act<'_>, home: &OpenView, hash: &str, (block_id, element): (&str, &Value)) -> Value {
    let mut payload = common("block_actions", act);
    payload.extend(fields(json!({
        "container": { "type": "view", "view_id": home.id },
        "view": stateful(home, act.team_id, hash),
        "actions": [action(act, block_id, element)],
    })));
    Value::Object(payload)
}

fn action(act: &Act<'_>, block_id: &str, element: &Value) -> Value {
    let mut action = json!({
        "type": element["type"], "block_id": block_id, "action_id": element["action_id"], "action_ts": act.ts,
    });
    for name in ["text", "value", "style", "confirm", "selected_option"] {
        if !element[name].is_null() {
            action[name] = element[name].clone();
        }
    }
    action
}

/// What Slack tells when somebody opens a tab of the app: <https://docs.slack.dev/reference/events/app_home_opened>.
pub(super) fn home_opened(act: &Act<'_>, tab: &str, view: Option<&Value>) -> Value {
    let mut event = json!({
        "type": "app_home_opened", "user": act.user.id, "channel": workspace::direct(&act.user.id), "tab": tab,
        "event_ts": act.ts,
    });
    if let Some(view) = view {
        event["view"] = view.clone();
    }
    json!({
        "token": VERIFICATION_TOKEN, "team_id": act.user.team_id, "api_app_id": APP_ID, "event": event,
        "type": "event_callback", "event_id": format!("Ev{}", act.ts.replace('.', "")), "event_time": 0,
        "authorizations": [{
            "enterprise_id": null, "team_id": act.team_id, "user_id": super::BOT_USER, "is_bot": true,
            "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": false,
    })
}

/// A view with what Slack adds to it.
pub(super) fn stateful(open: &OpenView, team: &str, hash: &str) -> Value {
    let mut view = open.view.clone();
    let own = json!({
        "id": open.id, "team_id": team, "app_id": APP_ID, "bot_id": super::BOT_ID, "app_installed_team_id": team,
        "root_view_id": open.id, "previous_view_id": null, "hash": hash, "state": { "values": {} },
        "private_metadata": "", "callback_id": "", "external_id": "",
    });
    if let Some(view) = view.as_object_mut() {
        view.extend(fields(own));
    }
    view
}

/// The payload of a submitted form, in whose inputs this stands.
pub(super) fn submission(act: &Act<'_>, open: &OpenView, written: &BTreeMap<String, String>) -> Value {
    let mut view = open.view.clone();
    let values = values(&view["blocks"], |block| written.get(block).cloned());
    let own = json!({
        "id": open.id, "team_id": act.team_id, "app_id": APP_ID, "bot_id": super::BOT_ID, "root_view_id": open.id,
        "previous_view_id": null, "hash": format!("{}.view", act.ts), "state": { "values": values },
    });
    if let Some(view) = view.as_object_mut() {
        view.extend(fields(own));
    }
    let mut payload = common("view_submission", act);
    payload.extend(fields(json!({ "view": view, "response_urls": [] })));
    Value::Object(payload)
}

fn common(kind: &str, act: &Act<'_>) -> Map<String, Value> {
    let user = act.user;
    fields(json!({
        "type": kind, "token": VERIFICATION_TOKEN, "api_app_id": APP_ID, "trigger_id": act.trigger_id,
        "user": { "id": user.id, "username": handle(user), "name": handle(user), "team_id": user.team_id },
        "team": { "id": act.team_id, "domain": TEAM_DOMAIN },
        "enterprise": null, "is_enterprise_install": false,
    }))
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// What stands in the inputs of these blocks: block id, action id, value.
fn values(blocks: &Value, typed: impl Fn(&str) -> Option<String>) -> Value {
    let mut values = Map::new();
    let blocks = blocks.as_array().into_iter().flatten();
    for block in blocks.filter(|block| block["type"] == "input") {
        let (element, block_id) = (&block["element"], block["block_id"].as_str().unwrap_or_default());
        let action_id = element["action_id"].as_str().unwrap_or_default();
        let value = json!({ action_id: inputs::state(element, typed(block_id).as_deref()) });
        values.insert(block_id.to_owned(), value);
    }
    Value::Object(values)
}

/// The name in the form that Slack gives user names: `ada.lovelace`.
fn handle(user: &SlackUser) -> String {
    user.name.to_lowercase().replace(' ', ".")
}

fn response_url(kind: &str, act: &Act<'_>) -> String {
    let number = act.ts.replace('.', "");
    format!("https://hooks.slack.com/{kind}/{}/{number}/playground", act.team_id)
}
