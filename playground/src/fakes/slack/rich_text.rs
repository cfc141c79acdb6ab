//! What rich text consists of: <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>.

use serde_json::Value;

use super::block_kit::Check;

const STYLES: [&str; 4] = ["bold", "code", "italic", "strike"];

impl Check {
    /// A block of rich text: sections, quotations, preformatted text, and lists of sections.
    pub(super) fn rich_text(&mut self, block: &Value, at: &str) {
        self.each(&block["elements"], &format!("{at}/elements"), |check, element, at| match element["type"].as_str() {
            Some("rich_text_section" | "rich_text_quote" | "rich_text_preformatted") => check.inlines(element, at),
            Some("rich_text_list") => {
                if element["style"] != "bullet" && element["style"] != "ordered" {
                    check.note(at, "must be a list of style bullet or ordered");
                }
                check.each(&element["elements"], &format!("{at}/elements"), |check, item, at| {
                    if item["type"] == "rich_text_section" {
                        check.inlines(item, at);
                    } else {
                        check.note(at, "must be a rich_text_section");
                    }
                });
            }
            Some(kind) => check.note(at, &format!("unsupported type: {kind}")),
            None => check.note(at, "missing required field: type"),
        });
    }

    fn inlines(&mut self, element: &Value, at: &str) {
        self.each(&element["elements"], &format!("{at}/elements"), |check, inline, at| {
            let required: &[&str] = match inline["type"].as_str() {
                Some("text") => &["text"],
                Some("link") => &["url"],
                Some("user") => &["user_id"],
                Some("channel") => &["channel_id"],
                Some("emoji") => &["name"],
                Some("date") => &["format"],
                _ => return check.note(at, "unsupported type of an element of rich text"),
            };
            for name in required {
                if inline[name].as_str().is_none_or(str::is_empty) {
                    check.note(&format!("{at}/{name}"), "must be more than 0 characters");
                }
            }
            if inline["type"] == "date" && !inline["timestamp"].is_i64() {
                check.note(&format!("{at}/timestamp"), "must be an integer");
            }
            for (name, value) in inline["style"].as_object().into_iter().flatten() {
                if !STYLES.contains(&name.as_str()) || !value.is_boolean() {
                    check.note(&format!("{at}/style/{name}"), "is not a style");
                }
            }
        });
    }

    fn each(&mut self, items: &Value, at: &str, check: impl Fn(&mut Self, &Value, &str)) {
        let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
        if items.is_empty() {
            self.note(at, "must provide at least one item");
        }
        for (index, item) in items.iter().enumerate() {
            check(self, item, &format!("{at}/{index}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::block_kit::message_problems;
    use super::*;

    fn problems(inline: &Value) -> Vec<String> {
        let section = json!({ "type": "rich_text_section", "elements": [inline] });
        message_problems(&[json!({ "type": "rich_text", "elements": [section] })])
    }

    #[test]
    fn what_slack_knows_is_taken_and_nothing_else() {
        for good in [
            json!({ "type": "text", "text": "*as it is*", "style": { "bold": true } }),
            json!({ "type": "link", "url": "https://example.com", "text": "there" }),
            json!({ "type": "user", "user_id": "U1" }),
            json!({ "type": "emoji", "name": "x" }),
            json!({ "type": "date", "timestamp": 1, "format": "{date}" }),
        ] {
            assert_eq!(problems(&good), Vec::<String>::new(), "{good}");
        }
        for bad in [
            json!({ "type": "text", "text": "" }),
            json!({ "type": "text", "text": "a", "style": { "loud": true } }),
            json!({ "type": "mrkdwn", "text": "a" }),
            json!({ "type": "date", "timestamp": "1", "format": "{date}" }),
            json!({ "type": "user" }),
        ] {
            assert_eq!(problems(&bad).len(), 1, "{bad}");
        }
        for bad in [json!([]), json!([{ "type": "rich_text_section", "elements": [] }]), json!([{ "type": "text" }])] {
            assert!(!message_problems(&[json!({ "type": "rich_text", "elements": bad })]).is_empty(), "{bad}");
        }
    }
}
