//! `POST /v3/conversations`: a new thread in a channel, or the chat with one person.
//!
//! <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference> and
//! <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::activity;
use super::address::{Address, Kind};
use super::refusal::Refusal;
use super::tenant::Tenant;

const FIELDS: [&str; 7] = ["activity", "bot", "channelData", "isGroup", "members", "tenantId", "topicName"];

/// Who may create what.
pub(super) struct Creator<'a> {
    pub(super) app_id: &'a str,
    pub(super) tenant_id: &'a str,
}

impl Creator<'_> {
    /// Carries the call out, and returns the answer to it.
    pub(super) fn create(&self, tenant: &mut Tenant, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        self.check(body)?;
        match body["channelData"]["channel"]["id"].as_str() {
            Some(channel) => self.thread(tenant, channel, body, now),
            None => self.chat(tenant, body, now),
        }
    }

    fn check(&self, body: &Value) -> Result<(), Refusal> {
        let Some(fields) = body.as_object() else {
            return Err(Refusal::bad_syntax("The body is not an object."));
        };
        if let Some(name) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(Refusal::bad_syntax(&format!("{name} is not a field of a new conversation.")));
        }
        if !body["bot"].is_null() && body["bot"]["id"] != self.bot_id() {
            return Err(Refusal::bad_syntax("The bot is another than the one that has logged in."));
        }
        let named = [&body["tenantId"], &body["channelData"]["tenant"]["id"]];
        if named.iter().any(|tenant| !tenant.is_null() && *tenant != self.tenant_id) {
            return Err(Refusal::new(403, "Forbidden", "The bot is not part of the tenant."));
        }
        Ok(())
    }

    fn thread(&self, tenant: &mut Tenant, channel: &str, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        if body["isGroup"] != true || Kind::of(channel) != Some(Kind::Channel) {
            return Err(Refusal::bad_syntax("A thread needs isGroup and the id of a channel."));
        }
        let content = activity::content(&body["activity"], &self.bot_id())?;
        if !tenant.exists(channel) {
            return Err(Refusal::no_conversation());
        }
        tenant.limits.admit(&format!("create {channel}"), now).map_err(Refusal::throttled)?;
        let to = Address { conversation: channel.to_owned(), root: None };
        let id = tenant.send(&to, content, now)?;
        Ok(json!({ "id": Address::thread(channel, &id).to_string(), "activityId": id }))
    }

    fn chat(&self, tenant: &mut Tenant, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let members = body["members"].as_array().map(Vec::as_slice).unwrap_or_default();
        let [member] = members else {
            return Err(Refusal::bad_syntax("A bot begins chats with one person."));
        };
        if body["isGroup"] == true {
            return Err(Refusal::bad_syntax("A bot does not begin chats of several people."));
        }
        if body["tenantId"].is_null() && body["channelData"]["tenant"]["id"].is_null() {
            return Err(Refusal::bad_syntax("The tenant is not named."));
        }
        let Some(mri) = tenant.user(member["id"].as_str().unwrap_or_default()) else {
            let message = "The bot is not installed in the user's personal scope.";
            return Err(Refusal::new(403, "ForbiddenOperationException", message));
        };
        let first = match &body["activity"] {
            Value::Null => None,
            activity => Some(activity::content(activity, &self.bot_id())?),
        };
        let chat = tenant.chat_with(&mri);
        tenant.limits.admit(&format!("create {chat}"), now).map_err(Refusal::throttled)?;
        let mut answer = json!({ "id": chat });
        if let Some(content) = first {
            let to = Address { conversation: chat, root: None };
            answer["activityId"] = json!(tenant.send(&to, content, now)?);
        }
        Ok(answer)
    }

    fn bot_id(&self) -> String {
        format!("28:{}", self.app_id)
    }
}
