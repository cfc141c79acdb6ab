//! Whether Teams would take and show an Adaptive Card: what a client would drop or refuse must not pass here.

use std::collections::HashSet;

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::mentions::{self, is_mention};
use super::shapes::{self, Rule, Shape};

/// Bots may send cards up to this version, which is 1.5:
/// <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference>.
const MINOR_VERSION_MAX: u32 = 5;
/// Action.Execute and refresh came with 1.4: <https://adaptivecards.io/explorer/AdaptiveCard.html>.
const UNIVERSAL_ACTIONS_SINCE: u32 = 4;
/// Teams shows this many actions (`maxActions` of its host configuration).
const ACTIONS_MAX: usize = 6;
/// <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/user-specific-views>
const REFRESH_USERS_MAX: usize = 60;

/// What is wrong with a card, each with the place as a JSON pointer.
pub(super) fn problems(card: &Value) -> Vec<String> {
    let mut check = Check::default();
    check.minor_version = match version(&card["version"]) {
        Some(minor) if minor <= MINOR_VERSION_MAX => minor,
        Some(_) => {
            check.note("/version", "is later than 1.5, and clients would show the fallback text");
            MINOR_VERSION_MAX
        }
        None => {
            check.note("/version", "is missing or not of the form 1.5");
            MINOR_VERSION_MAX
        }
    };
    check.card(card, "");
    check.problems.extend(mentions::problems(card));
    check.problems
}

/// The number after the point of a version 1.x.
fn version(version: &Value) -> Option<u32> {
    version.as_str()?.strip_prefix("1.")?.parse().ok()
}

#[derive(Default)]
struct Check {
    problems: Vec<String>,
    minor_version: u32,
    ids: HashSet<String>,
    /// How deep inside of `fallback` this is, where an id may stand for the same thing a second time.
    fallbacks: usize,
}

impl Check {
    fn note(&mut self, at: &str, problem: &str) {
        self.problems.push(format!("{at} {problem}"));
    }

    fn card(&mut self, card: &Value, at: &str) {
        if card["type"] != "AdaptiveCard" {
            self.note(at, "is not of type AdaptiveCard");
        }
        self.object(card, &shapes::CARD, at);
    }

    fn element(&mut self, element: &Value, at: &str) {
        self.typed(element, shapes::element, "an element", at);
    }

    fn action(&mut self, action: &Value, at: &str) {
        self.typed(action, shapes::action, "an action", at);
        if action["type"] == "Action.Execute" && self.minor_version < UNIVERSAL_ACTIONS_SINCE {
            self.note(at, "needs a card of version 1.4");
        }
    }

    /// A piece of text may be a string alone.
    fn inline(&mut self, inline: &Value, at: &str) {
        if !inline.is_string() {
            self.typed(inline, |kind| (kind == "TextRun").then_some(shapes::TEXT_RUN), "a TextRun", at);
        }
    }

    fn typed(&mut self, value: &Value, shape: impl Fn(&str) -> Option<Shape>, what: &str, at: &str) {
        match value["type"].as_str().map(|kind| (kind, shape(kind))) {
            Some((_, Some(shape))) => self.object(value, &shape, at),
            Some((kind, None)) => self.note(at, &format!("has the unknown type {kind}")),
            None => self.note(at, &format!("has no type, and is to be {what}")),
        }
    }

    fn object(&mut self, value: &Value, shape: &Shape, at: &str) {
        let Some(fields) = value.as_object() else {
            return self.note(at, "must be an object");
        };
        self.id(fields, at);
        for (name, value) in fields.iter().filter(|(name, _)| *name != "type") {
            let at = format!("{at}/{name}");
            match shape.rule(name) {
                Some(rule) => self.value(rule, value, &at),
                None => self.note(&at, "is not a property here"),
            }
        }
        for name in shape.required.iter().filter(|name| !fields.contains_key(**name)) {
            self.note(at, &format!("is without {name}"));
        }
    }

    /// The clients of Windows and phones do not show a card in which two things have one id.
    fn id(&mut self, fields: &Map<String, Value>, at: &str) {
        if let Some(id) = fields.get("id").and_then(Value::as_str)
            && self.fallbacks == 0
            && !self.ids.insert(id.to_owned())
        {
            self.note(&format!("{at}/id"), "is the id of something else in the card as well");
        }
    }

    fn value(&mut self, rule: Rule, value: &Value, at: &str) {
        match rule {
            Rule::Text => self.expect(value.is_string(), at, "must be a string"),
            Rule::Version => {}
            Rule::Flag => self.expect(value.is_boolean(), at, "must be true or false"),
            Rule::Number => self.expect(value.is_number(), at, "must be a number"),
            Rule::Choice(words) => {
                let known = value.as_str().is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)));
                self.expect(known, at, &format!("must be one of {}", words.join(", ")));
            }
            Rule::Width => {
                let known = value.is_number() || value.as_str().is_some_and(is_width);
                self.expect(known, at, "must be auto, stretch, a weight or pixels");
            }
            Rule::Pixels => self.expect(value.as_str().is_some_and(is_pixels), at, "must be pixels, such as 50px"),
            Rule::Url => self.expect(value.as_str().is_some_and(is_web_address), at, "must be a web address"),
            Rule::Data => self.expect(value.is_object(), at, "must be an object"),
            Rule::Requires => {
                let versions = value.as_object().is_some_and(|names| names.values().all(Value::is_string));
                self.expect(versions, at, "must have a version for each feature");
            }
            Rule::Elements => self.each(value, at, Self::element),
            Rule::Columns => self.each(value, at, |check, column, at| check.object(column, &shapes::COLUMN, at)),
            Rule::Inlines => self.each(value, at, Self::inline),
            Rule::Facts => self.each(value, at, |check, fact, at| check.object(fact, &shapes::FACT, at)),
            Rule::Choices => self.choices(value, at),
            Rule::Date => {
                let is_day = value.as_str().is_some_and(|day| day.len() == 10 && day.parse::<Date>().is_ok());
                self.expect(is_day, at, "must be a day, such as 2026-11-23");
            }
            Rule::Actions => {
                let count = value.as_array().map_or(0, Vec::len);
                self.expect(count <= ACTIONS_MAX, at, "has more actions than Teams shows, which is 6");
                self.each(value, at, Self::action);
            }
            Rule::SelectAction => {
                self.expect(value["type"] != "Action.ShowCard", at, "cannot show a card");
                self.action(value, at);
            }
            Rule::OtherElement => self.fallback(value, at, Self::element),
            Rule::OtherAction => self.fallback(value, at, Self::action),
            Rule::Card => self.card(value, at),
            Rule::Refresh => self.refresh(value, at),
            Rule::MsTeams => self.ms_teams(value, at),
        }
    }

    /// Of two lines with one value nobody can tell which was chosen.
    fn choices(&mut self, value: &Value, at: &str) {
        self.each(value, at, |check, choice, at| check.object(choice, &shapes::CHOICE, at));
        let values: Vec<&str> =
            value.as_array().into_iter().flatten().filter_map(|one| one["value"].as_str()).collect();
        let distinct: HashSet<&&str> = values.iter().collect();
        self.expect(
            !values.is_empty() && distinct.len() == values.len(),
            at,
            "must have lines with values of their own",
        );
    }

    fn expect(&mut self, holds: bool, at: &str, problem: &str) {
        if !holds {
            self.note(at, problem);
        }
    }

    fn each(&mut self, value: &Value, at: &str, check: impl Fn(&mut Self, &Value, &str)) {
        let Some(items) = value.as_array() else {
            return self.note(at, "must be an array");
        };
        for (index, item) in items.iter().enumerate() {
            check(self, item, &format!("{at}/{index}"));
        }
    }

    fn fallback(&mut self, value: &Value, at: &str, check: impl Fn(&mut Self, &Value, &str)) {
        if value != "drop" {
            self.fallbacks += 1;
            check(self, value, at);
            self.fallbacks -= 1;
        }
    }

    fn refresh(&mut self, refresh: &Value, at: &str) {
        self.expect(self.minor_version >= UNIVERSAL_ACTIONS_SINCE, at, "needs a card of version 1.4");
        let Some(fields) = refresh.as_object() else {
            return self.note(at, "must be an object");
        };
        for name in fields.keys().filter(|name| !["type", "action", "userIds"].contains(&name.as_str())) {
            self.note(&format!("{at}/{name}"), "is not a property here");
        }
        if refresh["action"]["type"] == "Action.Execute" {
            self.action(&refresh["action"], &format!("{at}/action"));
        } else {
            self.note(at, "must have an Action.Execute");
        }
        if let Some(ids) = fields.get("userIds") {
            let at = format!("{at}/userIds");
            self.each(ids, &at, |check, id, at| {
                check.expect(id.as_str().is_some_and(|id| id.starts_with("29:")), at, "must be the id of a user");
            });
            let count = ids.as_array().map_or(0, Vec::len);
            self.expect(count <= REFRESH_USERS_MAX, &at, "has more than 60 users");
        }
    }

    fn ms_teams(&mut self, value: &Value, at: &str) {
        let Some(fields) = value.as_object() else {
            return self.note(at, "must be an object");
        };
        for (name, value) in fields {
            let at = format!("{at}/{name}");
            match name.as_str() {
                "width" => self.expect(value == "Full", &at, "must be Full"),
                "entities" => self.each(value, &at, |check, entity, at| {
                    check.expect(is_mention(entity), at, "must be a mention with its text and whom it names");
                }),
                _ => self.note(&at, "is not a property here"),
            }
        }
    }
}

fn is_width(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "auto" | "stretch") || is_pixels(text) || text.parse::<f64>().is_ok()
}

fn is_pixels(text: &str) -> bool {
    text.strip_suffix("px").is_some_and(|number| number.parse::<u32>().is_ok())
}

fn is_web_address(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !text.contains(char::is_whitespace))
}
