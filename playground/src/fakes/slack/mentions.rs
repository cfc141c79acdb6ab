//! Whom a message notifies: those whom its blocks mention, or its text where it has none.
//!
//! Plain text mentions nobody: <https://docs.slack.dev/messaging/formatting-message-text#mentioning-users>.

use serde_json::Value;

/// The ids of those whom a message mentions, each as often as it does.
pub(super) fn mentioned(text: &str, blocks: &Value) -> Vec<String> {
    let mut users = Vec::new();
    match blocks.as_array().filter(|blocks| !blocks.is_empty()) {
        Some(blocks) => blocks.iter().for_each(|block| look_into(block, &mut users)),
        None => read(text, &mut users),
    }
    users
}

fn look_into(value: &Value, users: &mut Vec<String>) {
    match (value, value["type"].as_str()) {
        (Value::Object(_), Some("user")) => users.extend(value["user_id"].as_str().map(str::to_owned)),
        (Value::Object(_), Some("mrkdwn")) => read(value["text"].as_str().unwrap_or_default(), users),
        (Value::Object(fields), _) => fields.values().for_each(|value| look_into(value, users)),
        (Value::Array(items), _) => items.iter().for_each(|item| look_into(item, users)),
        _ => {}
    }
}

/// What stands between `<@` and `>` in mrkdwn.
fn read(text: &str, users: &mut Vec<String>) {
    let mentions = text.split("<@").skip(1).filter_map(|rest| rest.split_once('>'));
    users.extend(mentions.map(|(inside, _)| inside.split('|').next().unwrap_or_default().to_owned()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_text_mentions_nobody() {
        let rich = json!({ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": [
            { "type": "user", "user_id": "U1" }, { "type": "text", "text": "<@U2>" },
        ] }] });
        let section =
            |kind: &str| json!({ "type": "section", "text": { "type": kind, "text": "<@U3|ada> and <@U4>" } });
        assert_eq!(mentioned("<@U9>", &json!([rich, section("mrkdwn"), section("plain_text")])), ["U1", "U3", "U4"]);
        assert_eq!(mentioned("<@U9>", &json!([])), ["U9"]);
    }
}
