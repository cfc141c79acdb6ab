//! The limits of what stands inside blocks: buttons, inputs, choices and the dialog before a press.

use jiff::civil::Date;
use serde_json::Value;

use super::block_kit::{Check, ID_MAX};

const BUTTON_TEXT_MAX: usize = 75;
const BUTTON_VALUE_MAX: usize = 2_000;
const URL_MAX: usize = 3_000;
const PLACEHOLDER_MAX: usize = 150;
const INPUT_LENGTH_MAX: u64 = 3_000;
const INITIAL_VALUE_MAX: usize = 3_000;
const DATE_LENGTH: usize = "2026-11-23".len();
const CONFIRM_TITLE_MAX: usize = 100;
const CONFIRM_TEXT_MAX: usize = 300;
const CONFIRM_BUTTON_MAX: usize = 30;
const OPTIONS_MAX: usize = 100;
const CHECKBOXES_MAX: usize = 10;
const OVERFLOW_OPTIONS_MAX: usize = 5;
const OPTION_TEXT_MAX: usize = 75;
/// `@slack/types` says 75 and slack_sdk 150; what keeps to the smaller one is right either way.
const OPTION_VALUE_MAX: usize = 75;

impl Check {
    /// What may stand in an actions block or beside a section.
    pub(super) fn interactive_element(&mut self, element: &Value, at: &str) {
        self.action_id(&element["action_id"], at);
        match element["type"].as_str() {
            Some("button") => self.button(element, at),
            Some("static_select") => self.select(element, at),
            Some("overflow") => self.options(&element["options"], OVERFLOW_OPTIONS_MAX, at),
            Some(kind) => self.note(at, &format!("unsupported type: {kind}")),
            None => self.note(at, "missing required field: type"),
        }
        self.optional(&element["confirm"], |check, dialog| {
            check.confirm(dialog, &format!("{at}/confirm"));
        });
    }

    /// What may stand in an input block.
    pub(super) fn input_element(&mut self, element: &Value, at: &str) {
        self.action_id(&element["action_id"], at);
        self.placeholder(element, at);
        match element["type"].as_str() {
            Some("plain_text_input") => {
                self.bound(&element["max_length"], 1, &format!("{at}/max_length"));
                self.bound(&element["min_length"], 0, &format!("{at}/min_length"));
                let max = element["max_length"].as_u64().and_then(|max| usize::try_from(max).ok());
                let max = max.unwrap_or(INITIAL_VALUE_MAX);
                self.optional_string(&element["initial_value"], 1, max, &format!("{at}/initial_value"));
            }
            Some("number_input") => self.number(element, at),
            Some("static_select") => self.choice(element, at),
            Some("checkboxes") => self.boxes(element, at),
            Some("datepicker") => self.optional(&element["initial_date"], |check, date| {
                if date.as_str().is_none_or(|date| date.len() != DATE_LENGTH || date.parse::<Date>().is_err()) {
                    check.note(&format!("{at}/initial_date"), "must be a date in the format YYYY-MM-DD");
                }
            }),
            Some(kind) => self.note(at, &format!("unsupported type: {kind}")),
            None => self.note(at, "missing required field: type"),
        }
    }

    fn number(&mut self, element: &Value, at: &str) {
        if !element["is_decimal_allowed"].is_boolean() {
            self.note(at, "missing required field: is_decimal_allowed");
        }
        for name in ["initial_value", "min_value", "max_value"] {
            let is_number = |text: &str| match element["is_decimal_allowed"] == true {
                true => text.parse::<f64>().is_ok(),
                false => text.parse::<i128>().is_ok(),
            };
            if !element[name].is_null() && !element[name].as_str().is_some_and(is_number) {
                self.note(&format!("{at}/{name}"), "must be a number as a string");
            }
        }
    }

    /// A menu in a form, one of whose options may be chosen when it opens.
    fn choice(&mut self, select: &Value, at: &str) {
        self.options(&select["options"], OPTIONS_MAX, at);
        self.optional(&select["initial_option"], |check, chosen| {
            if !select["options"].as_array().is_some_and(|options| options.contains(chosen)) {
                check.note(&format!("{at}/initial_option"), "must be one of the options");
            }
        });
    }

    /// Boxes, some of which may be ticked when a form opens.
    fn boxes(&mut self, boxes: &Value, at: &str) {
        self.options(&boxes["options"], CHECKBOXES_MAX, at);
        self.optional(&boxes["initial_options"], |check, ticked| {
            let at = format!("{at}/initial_options");
            let known = |option: &Value| boxes["options"].as_array().is_some_and(|options| options.contains(option));
            if !check.items(ticked, CHECKBOXES_MAX, &at).iter().all(known) {
                check.note(&at, "must be some of the options");
            }
        });
    }

    fn action_id(&mut self, id: &Value, at: &str) {
        let at = format!("{at}/action_id");
        self.optional_string(id, 1, ID_MAX, &at);
        if let Some(id) = id.as_str()
            && !self.action_ids.insert(id.to_owned())
        {
            self.note(&at, "`action_id` already exists for another element of the block");
        }
    }

    fn button(&mut self, button: &Value, at: &str) {
        self.plain_text(&button["text"], BUTTON_TEXT_MAX, &format!("{at}/text"));
        self.optional_string(&button["value"], 0, BUTTON_VALUE_MAX, &format!("{at}/value"));
        self.optional_string(&button["url"], 1, URL_MAX, &format!("{at}/url"));
        self.optional_string(&button["accessibility_label"], 1, BUTTON_TEXT_MAX, &format!("{at}/accessibility_label"));
        self.style(&button["style"], at);
    }

    fn style(&mut self, style: &Value, at: &str) {
        if !style.is_null() && style != "primary" && style != "danger" {
            self.note(&format!("{at}/style"), "must be primary or danger");
        }
    }

    fn confirm(&mut self, dialog: &Value, at: &str) {
        self.plain_text(&dialog["title"], CONFIRM_TITLE_MAX, &format!("{at}/title"));
        self.text(&dialog["text"], CONFIRM_TEXT_MAX, &format!("{at}/text"));
        self.plain_text(&dialog["confirm"], CONFIRM_BUTTON_MAX, &format!("{at}/confirm"));
        self.plain_text(&dialog["deny"], CONFIRM_BUTTON_MAX, &format!("{at}/deny"));
        self.style(&dialog["style"], at);
    }

    fn select(&mut self, select: &Value, at: &str) {
        self.placeholder(select, at);
        self.options(&select["options"], OPTIONS_MAX, at);
    }

    fn options(&mut self, options: &Value, max: usize, at: &str) {
        let at = format!("{at}/options");
        for (index, option) in self.items(options, max, &at).iter().enumerate() {
            self.text(&option["text"], OPTION_TEXT_MAX, &format!("{at}/{index}/text"));
            self.string(&option["value"], 1, OPTION_VALUE_MAX, &format!("{at}/{index}/value"));
        }
    }

    fn placeholder(&mut self, element: &Value, at: &str) {
        self.optional(&element["placeholder"], |check, text| {
            check.plain_text(text, PLACEHOLDER_MAX, &format!("{at}/placeholder"));
        });
    }

    fn bound(&mut self, value: &Value, min: u64, at: &str) {
        self.optional(value, |check, value| match value.as_u64() {
            Some(value) if (min..=INPUT_LENGTH_MAX).contains(&value) => {}
            _ => check.note(at, &format!("must be between {min} and {INPUT_LENGTH_MAX}")),
        });
    }
}
