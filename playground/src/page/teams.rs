//! The part of Teams: what people see there, and the acts of the chosen person.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_bot::approval::place::Platform;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{nobody, problem};
use super::state::conversations;
use crate::fakes::teams::{Author, Notice, TeamsMessage, TeamsUser};
use crate::world::{Actor, World};

const MESSAGES_MAX: usize = 120;
const PERSONAL_MAX: usize = 80;
const NOTICES_MAX: usize = 80;

#[derive(Deserialize)]
pub(super) struct Say {
    person: String,
    text: String,
    /// Whether it is said in the person's own chat with the bot.
    chat: bool,
}

/// `POST /playground/api/teams/say`: a message to the bot, in its chat or in the conversation of the approvals.
pub(super) async fn say(State(world): State<Arc<World>>, Json(say): Json<Say>) -> Response {
    let Some(user) = user(&world, &say.person) else {
        return nobody();
    };
    let place = if say.chat { world.teams.chat_with(&user) } else { world.teams_conversation.clone() };
    match world.teams.say(&user, &place, say.text.trim()).await {
        Ok(status) => Json(json!({ "status": status })).into_response(),
        Err(error) => problem(&format!("Not sent: {error}.")),
    }
}

#[derive(Deserialize)]
pub(super) struct Press {
    person: String,
    activity: String,
    verb: String,
    #[serde(default)]
    inputs: BTreeMap<String, String>,
}

/// `POST /playground/api/teams/press`: the button of this verb, with the values of the inputs by id.
pub(super) async fn press(State(world): State<Arc<World>>, Json(press): Json<Press>) -> Response {
    let Some(user) = user(&world, &press.person) else {
        return nobody();
    };
    let inputs: Vec<(&str, &str)> = press.inputs.iter().map(|(id, value)| (id.as_str(), value.as_str())).collect();
    match world.teams.press(&user, &press.activity, &press.verb, &inputs).await {
        Ok(pressed) => Json(json!({ "status": pressed.status })).into_response(),
        Err(error) => problem(&format!("Not sent: {error}.")),
    }
}

/// What a message in a person's own chat says: of a card what its notification does.
fn text(message: &TeamsMessage) -> &str {
    match (&*message.text, &message.summary) {
        ("", Some(summary)) => summary,
        (text, _) => text,
    }
}

/// What there is to see, with people by their keys; nothing where the policy has nothing to do with Teams.
pub(super) fn look(world: &World) -> Value {
    let has_people = world.bot().app.policy.people.values().any(|person| person.on(Platform::Teams).is_some());
    if world.teams_conversation.is_empty() && !has_people {
        return Value::Null;
    }
    let people = world.people();
    let users = users(&people);
    let conversations = conversations(world, Platform::Teams, &world.teams_conversation);
    let mut messages: Vec<_> = conversations.iter().flat_map(|id| world.teams.messages(id)).collect();
    messages.sort_by(|one, other| one.id.cmp(&other.id));
    let messages = newest(messages, MESSAGES_MAX);
    let mut personal: Vec<(&str, TeamsMessage)> = users
        .iter()
        .flat_map(|(key, user)| world.teams.chat_messages(user).into_iter().map(|message| (*key, message)))
        .collect();
    personal.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
    let views: Map<String, Value> = users
        .iter()
        .map(|(key, user)| ((*key).to_owned(), Value::Object(world.teams.views(user).into_iter().collect())))
        .collect();
    json!({
        "conversation": {
            "id": world.teams_conversation, "name": world.teams.conversation_name(&world.teams_conversation),
        },
        "messages": messages.iter().map(|message| message_view(message, &users)).collect::<Vec<_>>(),
        "personal": newest(personal, PERSONAL_MAX)
            .iter()
            .map(|(person, message)| {
                json!({
                    "person": person, "id": message.id, "from": author(message, &users), "text": text(message),
                    "at": message.at,
                })
            })
            .collect::<Vec<_>>(),
        "views": views,
        "notices": newest(world.teams.notices(), NOTICES_MAX)
            .iter()
            .map(|notice| notice_view(notice, &users))
            .collect::<Vec<_>>(),
    })
}

fn message_view(message: &TeamsMessage, users: &[(&str, &TeamsUser)]) -> Value {
    json!({
        "id": message.id, "conversation": message.conversation, "replyTo": message.reply_to,
        "from": author(message, users), "text": message.text, "textFormat": message.text_format,
        "card": message.card, "edits": message.edits, "at": message.at,
    })
}

fn notice_view(notice: &Notice, users: &[(&str, &TeamsUser)]) -> Value {
    json!({
        "person": key(&notice.person, users), "text": notice.text, "at": notice.at, "id": notice.id,
        "replyTo": notice.reply_to,
    })
}

fn author<'u>(message: &TeamsMessage, users: &[(&'u str, &TeamsUser)]) -> &'u str {
    match &message.from {
        Author::Bot => "bot",
        Author::Person(object_id) => key(object_id, users),
    }
}

fn users(people: &[Actor]) -> Vec<(&str, &TeamsUser)> {
    people.iter().filter_map(|actor| Some((actor.key.as_str(), actor.teams.as_ref()?))).collect()
}

fn key<'u>(object_id: &str, users: &[(&'u str, &TeamsUser)]) -> &'u str {
    users.iter().find(|(_, user)| user.object_id == object_id).map_or("", |(key, _)| key)
}

fn user(world: &World, key: &str) -> Option<TeamsUser> {
    world.actor(key)?.teams
}

/// The last of a list, in its order.
pub(super) fn newest<T>(mut list: Vec<T>, max: usize) -> Vec<T> {
    list.split_off(list.len().saturating_sub(max))
}
