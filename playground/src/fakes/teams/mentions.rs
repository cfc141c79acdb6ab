//! Mentions: what stands in the entities of a message or of a card, and in the text beside it.
//! <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format#mention-support-within-adaptive-cards>

use serde_json::Value;

const BEGINS: &str = "<at>";
const ENDS: &str = "</at>";

/// A mention as it stands in the entities of a message or of a card: with its text, and whom it names.
pub(super) fn is_mention(entity: &Value) -> bool {
    let text = entity["text"].as_str().unwrap_or_default();
    let name = text.strip_prefix(BEGINS).and_then(|text| text.strip_suffix(ENDS));
    entity["type"] == "mention"
        && name.is_some_and(|name| !name.trim().is_empty() && !name.contains(['<', '>']))
        && entity["mentioned"]["id"].as_str().is_some_and(is_somebody)
}

/// The id that a bot knows somebody by, an Entra object id, or a user principal name.
fn is_somebody(id: &str) -> bool {
    let is_guid = id.len() == 36 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    id.starts_with("29:") || id.starts_with("28:") || id.contains('@') || is_guid
}

/// What is wrong with the mentions of a card: one that stands in no text notifies nobody, one of two people with the same
/// text names the wrong one, and a text without its entity is shown with its marks.
pub(super) fn problems(card: &Value) -> Vec<String> {
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    look_into(card, &mut texts);
    let entities = card["msteams"]["entities"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known: Vec<&str> =
        entities.iter().filter(|entity| is_mention(entity)).filter_map(|entity| entity["text"].as_str()).collect();
    for (index, text) in known.iter().enumerate() {
        if !texts.iter().any(|shown| shown.contains(text)) {
            problems.push(format!("/msteams/entities/{index} has a text that stands in no TextBlock"));
        }
        if known[..index].contains(text) {
            problems.push(format!("/msteams/entities/{index} has the text of another mention"));
        }
    }
    for text in texts {
        let mut left = text;
        while let Some((_, rest)) = left.split_once(BEGINS) {
            let (name, after) = rest.split_once(ENDS).unwrap_or((rest, ""));
            if !known.contains(&format!("{BEGINS}{name}{ENDS}").as_str()) {
                problems.push(format!("{name} is mentioned in a text, and by no entity"));
            }
            left = after;
        }
    }
    problems
}

/// Mentions stand in text blocks and in the values of facts.
fn look_into<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::Object(fields) => {
            if value["type"] == "TextBlock" {
                texts.extend(value["text"].as_str());
            }
            fields.values().for_each(|value| look_into(value, texts));
        }
        Value::Array(items) => items.iter().for_each(|item| look_into(item, texts)),
        _ => {}
    }
}

/// Whom a message or its card mentions, by the ids that its entities have.
pub(super) fn mentioned(activity: &Value) -> Vec<String> {
    let of = |entities: &Value| {
        let entities = entities.as_array().into_iter().flatten().filter(|entity| is_mention(entity));
        entities.filter_map(|entity| entity["mentioned"]["id"].as_str()).map(str::to_owned).collect::<Vec<_>>()
    };
    let card = &activity["attachments"][0]["content"]["msteams"]["entities"];
    of(&activity["entities"]).into_iter().chain(of(card)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mention_stands_in_a_text_letter_by_letter() {
        let entity =
            |text: &str, id: &str| json!({ "type": "mention", "text": text, "mentioned": { "id": id, "name": "Ada" } });
        let card = |text: &str, entities: &[Value]| {
            json!({
                "body": [{ "type": "TextBlock", "text": text }], "msteams": { "entities": entities },
            })
        };
        let (ada, other) = (entity("<at>Ada</at>", "29:1"), entity("<at>Ada</at>", "29:2"));
        assert!(
            is_mention(&ada) && !is_mention(&entity("<at> </at>", "29:1")) && !is_mention(&entity("<at>A</at>", "ada"))
        );
        assert!(problems(&card("<at>Ada</at>: look", std::slice::from_ref(&ada))).is_empty());
        assert!(problems(&card("nobody", &[])).is_empty());
        for wrong in [
            card("<at>ada</at>: look", std::slice::from_ref(&ada)),
            card("look", std::slice::from_ref(&ada)),
            card("<at>Ada</at>: look", &[]),
            card("<at>Ada</at>", &[ada.clone(), other]),
        ] {
            assert!(!problems(&wrong).is_empty(), "{wrong}");
        }
        let run =
            json!({ "body": [{ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": "<at>x</at>" }] }] });
        assert!(problems(&run).is_empty(), "runs are shown as they are");
        assert_eq!(mentioned(&json!({ "attachments": [{ "content": card("", &[ada]) }] })), ["29:1"]);
    }
}
