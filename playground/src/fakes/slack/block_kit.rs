//! The limits of Block Kit (<https://docs.slack.dev/reference/block-kit/blocks>; `@slack/types` 3.2.0), checked on
//! every nested object: what Slack would refuse must not pass here.

use std::collections::HashSet;

use serde_json::Value;

const MESSAGE_BLOCKS_MAX: usize = 50;
/// All blocks of a message together. Slack does not document it; what it refuses was measured by others: more than 13,297
/// characters in one block, and 125 less for a divider beside it (<https://github.com/slackapi/bolt-js/issues/2509>,
/// <https://github.com/slackapi/bolt-js/issues/2867>). Taken here for the worst that fits to it: all of the JSON, with
/// `&`, `<` and `>` as the entities that Slack keeps them as, and what a block costs beside.
const MESSAGE_MAX: usize = 13_297;
const BLOCK_COST: usize = 107;
pub(super) const VIEW_BLOCKS_MAX: usize = 100;
const HEADER_MAX: usize = 150;
const SECTION_TEXT_MAX: usize = 3_000;
const FIELD_MAX: usize = 2_000;
const FIELDS_MAX: usize = 10;
const CONTEXT_ELEMENTS_MAX: usize = 10;
const ACTIONS_ELEMENTS_MAX: usize = 25;
const LABEL_MAX: usize = 2_000;
const VIEW_TITLE_MAX: usize = 24;
pub(super) const PRIVATE_METADATA_MAX: usize = 3_000;
/// Action, block, callback and external ids are all bounded alike.
pub(super) const ID_MAX: usize = 255;
/// A text object of any kind.
const TEXT_OBJECT_MAX: usize = 3_000;

/// What is wrong with the blocks of a message, in the words of Slack's `response_metadata`.
pub(super) fn message_problems(blocks: &[Value]) -> Vec<String> {
    let mut check = Check::default();
    check.blocks(blocks, MESSAGE_BLOCKS_MAX, "/blocks");
    check.problems
}

/// Whether the blocks of a message are too long together, which Slack says without saying more.
pub(super) fn is_too_long(blocks: &[Value]) -> bool {
    let entities = |c: char| match c {
        '&' => "amp;".len(),
        '<' | '>' => "lt;".len(),
        _ => 0,
    };
    let json: String = blocks.iter().map(Value::to_string).collect();
    length(&json) + json.chars().map(entities).sum::<usize>() + BLOCK_COST * blocks.len() > MESSAGE_MAX
}

/// What is wrong with a modal.
pub(super) fn view_problems(view: &Value) -> Vec<String> {
    let mut check = Check::default();
    if view["type"] != "modal" {
        check.note("/view/type", "only modals can be opened");
    }
    check.plain_text(&view["title"], VIEW_TITLE_MAX, "/view/title");
    for name in ["submit", "close"] {
        check.optional(&view[name], |check, text| {
            check.plain_text(text, VIEW_TITLE_MAX, &format!("/view/{name}"));
        });
    }
    check.optional_string(&view["private_metadata"], 0, PRIVATE_METADATA_MAX, "/view/private_metadata");
    check.optional_string(&view["callback_id"], 0, ID_MAX, "/view/callback_id");
    check.optional_string(&view["external_id"], 0, ID_MAX, "/view/external_id");
    match view["blocks"].as_array() {
        Some(blocks) => {
            check.blocks(blocks, VIEW_BLOCKS_MAX, "/view/blocks");
            if view["submit"].is_null() && blocks.iter().any(|block| block["type"] == "input") {
                check.note("/view/submit", "missing required field: submit, since there are inputs");
            }
        }
        None => check.note("/view/blocks", "missing required field: blocks"),
    }
    check.problems
}

/// Slack does not say in what it counts; UTF-16 units are the largest count that it can mean.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Collects what is wrong, each with the place as a JSON pointer.
#[derive(Default)]
pub(super) struct Check {
    pub(super) problems: Vec<String>,
    block_ids: HashSet<String>,
    pub(super) action_ids: HashSet<String>,
}

impl Check {
    pub(super) fn note(&mut self, at: &str, problem: &str) {
        self.problems.push(format!("[ERROR] {problem} [json-pointer:{at}]"));
    }

    pub(super) fn optional(&mut self, value: &Value, check: impl FnOnce(&mut Self, &Value)) {
        if !value.is_null() {
            check(self, value);
        }
    }

    /// A string between two lengths.
    pub(super) fn string(&mut self, value: &Value, min: usize, max: usize, at: &str) {
        match value.as_str().map(length) {
            None => self.note(at, "must be a string"),
            Some(length) if length < min => self.note(at, &format!("must be more than {} characters", min - 1)),
            Some(length) if length > max => self.note(at, &format!("must be less than {} characters", max + 1)),
            Some(_) => {}
        }
    }

    pub(super) fn optional_string(&mut self, value: &Value, min: usize, max: usize, at: &str) {
        self.optional(value, |check, value| check.string(value, min, max, at));
    }

    /// The elements of an array with at least one and at most `max` of them.
    pub(super) fn items<'v>(&mut self, value: &'v Value, max: usize, at: &str) -> &'v [Value] {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if items.is_empty() {
            self.note(at, "must provide at least one item");
        } else if items.len() > max {
            self.note(at, &format!("no more than {max} items allowed"));
        }
        items
    }

    /// A text object of either kind.
    pub(super) fn text(&mut self, value: &Value, max: usize, at: &str) {
        match value["type"].as_str() {
            Some("plain_text") => self.unexpected(value, "verbatim", at),
            Some("mrkdwn") => self.unexpected(value, "emoji", at),
            _ => return self.note(at, "must be a text object of type plain_text or mrkdwn"),
        }
        self.string(&value["text"], 1, max.min(TEXT_OBJECT_MAX), &format!("{at}/text"));
    }

    /// A text object that shows no markup.
    pub(super) fn plain_text(&mut self, value: &Value, max: usize, at: &str) {
        if value["type"] == "plain_text" {
            self.text(value, max, at);
        } else {
            self.note(at, "must be a text object of type plain_text");
        }
    }

    fn unexpected(&mut self, value: &Value, name: &str, at: &str) {
        if !value[name].is_null() {
            self.note(at, &format!("invalid additional property: {name}"));
        }
    }

    pub(super) fn blocks(&mut self, blocks: &[Value], max: usize, at: &str) {
        if blocks.len() > max {
            self.note(at, &format!("no more than {max} items allowed"));
        }
        for (index, block) in blocks.iter().enumerate() {
            let at = format!("{at}/{index}");
            self.block_id(&block["block_id"], &format!("{at}/block_id"));
            self.action_ids.clear();
            self.block(block, &at);
        }
    }

    fn block_id(&mut self, id: &Value, at: &str) {
        self.optional_string(id, 1, ID_MAX, at);
        if let Some(id) = id.as_str()
            && !self.block_ids.insert(id.to_owned())
        {
            self.note(at, "`block_id` already exists for another block");
        }
    }

    fn block(&mut self, block: &Value, at: &str) {
        match block["type"].as_str() {
            Some("header") => self.plain_text(&block["text"], HEADER_MAX, &format!("{at}/text")),
            Some("section") => self.section(block, at),
            Some("context") => self.context(block, at),
            Some("actions") => {
                let elements = self.items(&block["elements"], ACTIONS_ELEMENTS_MAX, &format!("{at}/elements"));
                for (index, element) in elements.iter().enumerate() {
                    self.interactive_element(element, &format!("{at}/elements/{index}"));
                }
            }
            Some("input") => {
                self.plain_text(&block["label"], LABEL_MAX, &format!("{at}/label"));
                self.optional(&block["hint"], |check, hint| {
                    check.plain_text(hint, LABEL_MAX, &format!("{at}/hint"));
                });
                self.input_element(&block["element"], &format!("{at}/element"));
            }
            Some("rich_text") => self.rich_text(block, at),
            Some("divider") => {}
            Some(kind) => self.note(at, &format!("unsupported type: {kind}")),
            None => self.note(at, "missing required field: type"),
        }
    }

    fn section(&mut self, block: &Value, at: &str) {
        if block["text"].is_null() && block["fields"].is_null() {
            self.note(at, "missing required field: text or fields");
        }
        self.optional(&block["text"], |check, text| {
            check.text(text, SECTION_TEXT_MAX, &format!("{at}/text"));
        });
        self.optional(&block["fields"], |check, fields| {
            let fields = check.items(fields, FIELDS_MAX, &format!("{at}/fields"));
            for (index, field) in fields.iter().enumerate() {
                check.text(field, FIELD_MAX, &format!("{at}/fields/{index}"));
            }
        });
        self.optional(&block["accessory"], |check, element| {
            check.interactive_element(element, &format!("{at}/accessory"));
        });
    }

    fn context(&mut self, block: &Value, at: &str) {
        let elements = self.items(&block["elements"], CONTEXT_ELEMENTS_MAX, &format!("{at}/elements"));
        for (index, element) in elements.iter().enumerate() {
            self.text(element, TEXT_OBJECT_MAX, &format!("{at}/elements/{index}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The first may pass, the second must not.
    #[track_caller]
    fn check_edge(at_the_limit: Value, over_it: Value, problem: &str) {
        assert_eq!(message_problems(&[at_the_limit]), Vec::<String>::new());
        let problems = message_problems(&[over_it]);
        assert!(problems.iter().any(|found| found.contains(problem)), "{problems:?}");
    }

    fn plain(length: usize) -> Value {
        json!({ "type": "plain_text", "text": "x".repeat(length) })
    }

    fn mrkdwn(length: usize) -> Value {
        json!({ "type": "mrkdwn", "text": "x".repeat(length), "verbatim": true })
    }

    fn actions(button: Value) -> Value {
        json!({ "type": "actions", "elements": [button] })
    }

    #[test]
    fn texts_are_bounded_where_they_are() {
        let header = |length| json!({ "type": "header", "text": plain(length) });
        check_edge(header(150), header(151), "must be less than 151 characters [json-pointer:/blocks/0/text/text]");
        check_edge(header(1), header(0), "must be more than 0 characters");
        let section = |length| json!({ "type": "section", "text": mrkdwn(length) });
        check_edge(section(3_000), section(3_001), "must be less than 3001");
        let field = |length| json!({ "type": "section", "fields": [mrkdwn(length)] });
        check_edge(field(2_000), field(2_001), "json-pointer:/blocks/0/fields/0/text");
        let context = |length| json!({ "type": "context", "elements": [mrkdwn(length)] });
        check_edge(context(3_000), context(3_001), "must be less than 3001");
        let context = |length| json!({ "type": "context", "elements": [mrkdwn(length)] });
        check_edge(context(1), context(0), "must be more than 0");
    }

    #[test]
    fn what_is_counted_are_utf_16_units() {
        let emoji = |count: usize| json!({ "type": "plain_text", "text": "😀".repeat(count) });
        let header = |count| json!({ "type": "header", "text": emoji(count) });
        check_edge(header(75), header(76), "must be less than 151");
    }

    #[test]
    fn lists_are_bounded() {
        let fields = |count| json!({ "type": "section", "fields": vec![mrkdwn(1); count] });
        check_edge(fields(10), fields(11), "no more than 10 items");
        check_edge(fields(1), fields(0), "at least one item");
        let context = |count| json!({ "type": "context", "elements": vec![mrkdwn(1); count] });
        check_edge(context(10), context(11), "no more than 10 items");
        let button = |id: usize| json!({ "type": "button", "text": plain(1), "action_id": id.to_string() });
        let buttons = |count| json!({ "type": "actions", "elements": (0..count).map(button).collect::<Vec<_>>() });
        check_edge(buttons(25), buttons(26), "no more than 25 items");
        assert!(message_problems(&vec![json!({ "type": "divider" }); 50]).is_empty());
        assert!(!message_problems(&vec![json!({ "type": "divider" }); 51]).is_empty());
    }

    #[test]
    fn all_blocks_together_are_bounded() {
        let section = |length| json!({ "type": "section", "text": mrkdwn(length) });
        let fits = [section(3_000), section(3_000), section(3_000), section(3_000), section(400)];
        assert!(message_problems(&fits).is_empty() && !is_too_long(&fits));
        let divided = [&fits[..], &[json!({ "type": "divider" })]].concat();
        assert!(is_too_long(&divided), "a divider costs 125");
        let entities = json!({ "type": "section", "text": { "type": "plain_text", "text": "&".repeat(2_700) } });
        let entities = [entities];
        assert!(message_problems(&entities).is_empty() && is_too_long(&entities));
    }

    #[test]
    fn a_button_and_its_dialog_are_bounded() {
        let text = |length| actions(json!({ "type": "button", "text": plain(length) }));
        check_edge(text(75), text(76), "must be less than 76");
        let with = |name: &str, length: usize| {
            let mut button = json!({ "type": "button", "text": plain(1) });
            button[name] = json!("x".repeat(length));
            actions(button)
        };
        check_edge(with("value", 2_000), with("value", 2_001), "must be less than 2001");
        check_edge(with("action_id", 255), with("action_id", 256), "must be less than 256");
        let confirm = |title, text, confirm| {
            let dialog = json!({
                "title": plain(title), "text": plain(text), "confirm": plain(confirm), "deny": plain(1),
            });
            actions(json!({ "type": "button", "text": plain(1), "confirm": dialog }))
        };
        check_edge(confirm(100, 300, 30), confirm(101, 1, 1), "confirm/title");
        check_edge(confirm(1, 1, 1), confirm(1, 301, 1), "confirm/text");
        check_edge(confirm(1, 1, 1), confirm(1, 1, 31), "confirm/confirm");
        let style = |style: &str| actions(json!({ "type": "button", "text": plain(1), "style": style }));
        check_edge(style("danger"), style("loud"), "style");
    }

    #[test]
    fn ids_are_unique_where_slack_wants_it() {
        let divider = |id: &str| json!({ "type": "divider", "block_id": id });
        assert!(message_problems(&[divider("a"), divider("b")]).is_empty());
        assert!(message_problems(&[divider("a"), divider("a")])[0].contains("already exists"));
        let button = json!({ "type": "button", "text": plain(1), "action_id": "same" });
        let twice = json!({ "type": "actions", "elements": [button, button] });
        assert!(message_problems(&[twice])[0].contains("already exists"));
        let long = |length| json!({ "type": "divider", "block_id": "x".repeat(length) });
        check_edge(long(255), long(256), "block_id");
    }

    #[test]
    fn inputs_are_bounded_and_kinds_are_known() {
        let input = |max_length: u64| {
            let element = json!({ "type": "plain_text_input", "max_length": max_length });
            json!({ "type": "input", "label": plain(5), "element": element })
        };
        check_edge(input(3_000), input(3_001), "max_length");
        check_edge(input(1), input(0), "max_length");
        let emoji = json!({ "type": "mrkdwn", "text": "x", "emoji": true });
        check_edge(
            json!({ "type": "divider" }),
            json!({ "type": "section", "text": emoji }),
            "invalid additional property: emoji",
        );
        check_edge(json!({ "type": "divider" }), json!({ "type": "banner" }), "unsupported type: banner");
    }

    #[test]
    fn what_stands_in_an_input_when_it_opens_is_what_it_takes() {
        let input = |element| json!({ "type": "input", "label": plain(5), "hint": plain(2_000), "element": element });
        let text = |length: usize| {
            input(json!({ "type": "plain_text_input", "max_length": 5, "initial_value": "x".repeat(length) }))
        };
        check_edge(text(5), text(6), "initial_value");
        let number =
            |value| input(json!({ "type": "number_input", "is_decimal_allowed": false, "initial_value": value }));
        check_edge(number("-12"), number("1.5"), "must be a number as a string");
        let date = |value| input(json!({ "type": "datepicker", "initial_date": value }));
        check_edge(date("2026-11-23"), date("2026-11-31"), "must be a date in the format YYYY-MM-DD");
        let option = |value| json!({ "text": plain(75), "value": value });
        let menu = |chosen| {
            input(json!({ "type": "static_select", "options": [option("a")], "initial_option": option(chosen) }))
        };
        check_edge(menu("a"), menu("b"), "must be one of the options");
    }

    #[test]
    fn a_modal_is_bounded() {
        let number = json!({ "type": "number_input", "is_decimal_allowed": false });
        let input = json!({ "type": "input", "label": plain(1), "element": number });
        let view = |title, submit| {
            json!({
                "type": "modal", "title": plain(title), "submit": plain(submit), "close": plain(24), "blocks": [input],
            })
        };
        assert_eq!(view_problems(&view(24, 24)), Vec::<String>::new());
        assert!(view_problems(&view(25, 24))[0].contains("/view/title/text"));
        assert!(view_problems(&view(24, 25))[0].contains("/view/submit/text"));
        let mut without_submit = view(24, 24);
        without_submit["submit"] = Value::Null;
        assert!(view_problems(&without_submit)[0].contains("/view/submit"));
    }
}
