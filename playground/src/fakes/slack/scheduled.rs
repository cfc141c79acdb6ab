//! Messages for later. Whoever wants to know whether Slack would take a message schedules one and deletes it again, so
//! nothing here posts them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::workspace::{Refusal, Workspace, is_id};

/// A message cannot be scheduled for later than this: <https://docs.slack.dev/reference/methods/chat.scheduleMessage>.
const FARTHEST: SignedDuration = SignedDuration::from_hours(120 * 24);

impl Workspace {
    /// `chat.scheduleMessage`. A message for a person goes to the bot's conversation with them, and a channel may be called by
    /// its name.
    pub(super) fn schedule(&mut self, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
        let to = body["channel"].as_str().unwrap_or_default();
        let named = to.strip_prefix('#').and_then(|to| self.channels.iter().find(|(_, name)| **name == to));
        let channel = match named {
            Some((id, _)) => self.channel(&json!({ "channel": id }))?,
            None if is_id(to, &['U', 'W']) => to.replacen(['U', 'W'], "D", 1),
            None => self.channel(body)?,
        };
        let post_at = body["post_at"].as_i64().ok_or("invalid_time")?;
        if post_at <= now.as_second() {
            return Err("time_in_past".into());
        }
        if post_at > (now + FARTHEST).as_second() {
            return Err("time_too_far".into());
        }
        self.content(body)?;
        let id = format!("Q{:010}", self.next_id());
        self.scheduled.insert(id.clone(), channel.clone());
        Ok(json!({ "channel": channel, "scheduled_message_id": id, "post_at": post_at }))
    }

    /// `chat.deleteScheduledMessage`.
    pub(super) fn delete_scheduled(&mut self, body: &Value) -> Result<Value, Refusal> {
        let id = body["scheduled_message_id"].as_str().unwrap_or_default();
        let channel = body["channel"].as_str();
        if self.scheduled.get(id).map(String::as_str) != channel || channel.is_none() {
            return Err("invalid_scheduled_message_id".into());
        }
        self.scheduled.remove(id);
        Ok(json!({}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheduled(workspace: &mut Workspace, channel: &str, post_at: i64) -> Result<Value, &'static str> {
        let body = json!({ "channel": channel, "post_at": post_at, "text": "later" });
        workspace.schedule(&body, Timestamp::from_second(1000).unwrap()).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_message_for_later_is_taken_and_deleted_where_it_is() {
        let mut workspace = Workspace::default();
        workspace.channels.insert("C1".to_owned(), "finance".to_owned());
        for (to, conversation) in [("C1", "C1"), ("#finance", "C1"), ("U7", "D7")] {
            let message = scheduled(&mut workspace, to, 1001).unwrap();
            assert_eq!(message["channel"], conversation);
            let mut delete = json!({ "channel": "C9", "scheduled_message_id": message["scheduled_message_id"] });
            let elsewhere = workspace.delete_scheduled(&delete).unwrap_err();
            assert_eq!(elsewhere.code, "invalid_scheduled_message_id");
            delete["channel"] = json!(conversation);
            assert!(workspace.delete_scheduled(&delete).is_ok());
            assert_eq!(workspace.delete_scheduled(&delete).unwrap_err().code, "invalid_scheduled_message_id");
        }
        assert!(workspace.scheduled.is_empty());
    }

    #[test]
    fn what_cannot_be_posted_then_is_refused_now() {
        let mut workspace = Workspace::default();
        workspace.channels.insert("C1".to_owned(), "finance".to_owned());
        let too_far = 1000 + FARTHEST.as_secs() + 1;
        for (channel, post_at, code) in
            [("C2", 1001, "channel_not_found"), ("C1", 1000, "time_in_past"), ("C1", too_far, "time_too_far")]
        {
            assert_eq!(scheduled(&mut workspace, channel, post_at), Err(code));
        }
    }
}
