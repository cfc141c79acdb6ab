//! The chats of people with the app.

use serde_json::{Value, json};

use super::workspace::{Refusal, Workspace, direct, is_id};

impl Workspace {
    /// `conversations.open` with one person, whose chat with the app is one and the same.
    pub(super) fn open_chat(&mut self, body: &Value) -> Result<Value, Refusal> {
        let user = body["users"].as_str().filter(|user| is_id(user, &['U', 'W'])).ok_or("user_not_found")?;
        let already_open = self.chats.contains(&direct(user));
        let chat = self.chat_with(user)?;
        Ok(json!({ "channel": { "id": chat }, "already_open": already_open }))
    }

    /// The chat of a person with the app, which is begun if it was not.
    pub(super) fn chat_with(&mut self, user: &str) -> Result<String, Refusal> {
        if self.deactivated.contains(user) {
            return Err("user_disabled".into());
        }
        let chat = direct(user);
        self.chats.insert(chat.clone());
        Ok(chat)
    }
}
