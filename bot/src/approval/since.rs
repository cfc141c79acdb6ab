//! What a request says otherwise than the earlier one that it follows. It is told beside what is asked, which alone is decided:
//! so it may be told in part.

use serde::{Deserialize, Serialize};

use super::ids::ApprovalId;
use super::limits;
use super::request::{Request, Risk};
use crate::visible;

/// All of it has no more bytes than this, as JSON, since it is a part of the record.
const BYTES_MAX: usize = 3 * 1024;
/// What a part is called is told no longer than this.
const NAME_MAX: usize = 60;
/// A text that is longer is told around what is different in it.
const TEXT_MAX: usize = 100;
/// So much of what is the same is told before and after that.
const AROUND: usize = 15;

/// What is different since an earlier request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Since {
    /// The earlier one.
    pub earlier: ApprovalId,
    /// What is different, as far as there is room for it.
    pub changes: Vec<Change>,
    /// How much else is.
    #[serde(default)]
    pub more: usize,
}

/// One part of a request that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Which part.
    pub part: Part,
    /// What it said, on one line; nothing if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it says; nothing if it is gone. Where neither is there, both look the same on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// The title.
    Title,
    /// The summary.
    Summary,
    /// What it is marked as.
    Risk,
    /// The fact of this name.
    Fact(String),
    /// The link of this text.
    Link(String),
    /// The detail of this title.
    Detail(String),
}

impl Since {
    /// What this request says otherwise than an earlier one.
    pub fn between((earlier, asked): (&ApprovalId, &Request), request: &Request) -> Self {
        let mut before = parts(asked);
        let mut changes = Vec::new();
        for (part, after) in parts(request) {
            match before.iter().position(|(other, _)| *other == part) {
                None => changes.push(Change::new(part, None, Some(&after))),
                Some(index) => {
                    let (_, before) = before.remove(index);
                    if before != after {
                        changes.push(Change::new(part, Some(&before), Some(&after)));
                    }
                }
            }
        }
        changes.extend(before.into_iter().map(|(part, before)| Change::new(part, Some(&before), None)));
        let found = changes.len();
        let mut left = BYTES_MAX;
        let fits = |change: &Change| {
            let size = serde_json::to_string(change).unwrap_or_default().len();
            left.checked_sub(size).inspect(|rest| left = *rest).is_some()
        };
        let changes: Vec<Change> = changes.into_iter().take_while(fits).collect();
        Self { earlier: earlier.clone(), more: found - changes.len(), changes }
    }

    /// How many parts are different.
    pub fn count(&self) -> usize {
        self.changes.len() + self.more
    }
}

impl Change {
    fn new(part: Part, before: Option<&str>, after: Option<&str>) -> Self {
        let line = |text: &str| visible::shown(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        let part = match part {
            Part::Title | Part::Summary | Part::Risk => part,
            Part::Fact(name) => Part::Fact(limits::excerpt(&line(&name), NAME_MAX)),
            Part::Link(text) => Part::Link(limits::excerpt(&line(&text), NAME_MAX)),
            Part::Detail(title) => Part::Detail(limits::excerpt(&line(&title), NAME_MAX)),
        };
        let (before, after) = match (before.map(line), after.map(line)) {
            (Some(before), Some(after)) if before == after => (None, None),
            (Some(before), Some(after)) => {
                let (before, after) = around_difference(&before, &after);
                (Some(before), Some(after))
            }
            (before, after) => (before, after),
        };
        let told = |text: String| limits::excerpt(&text, TEXT_MAX);
        Self { part, before: before.map(told), after: after.map(told) }
    }
}

/// Two texts, or of long ones what is different with a little of what is around it.
fn around_difference(before: &str, after: &str) -> (String, String) {
    if [before, after].iter().all(|text| limits::cost(text) <= TEXT_MAX) {
        return (before.to_owned(), after.to_owned());
    }
    let (before, after): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let tails = before[same..].iter().rev().zip(after[same..].iter().rev());
    let same_at_end = tails.take_while(|(one, other)| one == other).count();
    let part = |text: &[char]| {
        let start = same.saturating_sub(AROUND);
        let end = (text.len() - same_at_end + AROUND).min(text.len());
        let mark = |is_cut: bool| if is_cut { "…" } else { "" };
        let middle: String = text[start..end].iter().collect();
        format!("{}{middle}{}", mark(start > 0), mark(end < text.len()))
    };
    (part(&before), part(&after))
}

/// What can be different, each with its text as it is shown. What is empty is not there.
fn parts(request: &Request) -> Vec<(Part, String)> {
    let risk = request.risk.map(|Risk::High| (Part::Risk, "high".to_owned()));
    let summary = Some(&request.summary).filter(|summary| !visible::is_blank(summary));
    let facts = request.facts.iter().map(|fact| (Part::Fact(fact.name.clone()), fact.value.shown(str::to_owned)));
    let links = request.links.iter().map(|link| (Part::Link(link.text.clone()), link.url.as_str().to_owned()));
    let details = request.details.iter().map(|detail| (Part::Detail(detail.title.clone()), detail.text.clone()));
    let head = [(Part::Title, request.title.clone())].into_iter().chain(risk);
    head.chain(summary.map(|summary| (Part::Summary, summary.clone())))
        .chain(facts)
        .chain(links)
        .chain(details)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::approval::request;
    use crate::approval::sample::{RAISED_AT, after, policy};

    fn asked(mut approval: Value) -> Request {
        approval["policy"] = json!("p");
        approval["requestedBy"] = json!("ada");
        let input = json!({
            "taskToken": "AQCEAAAAKgAAAAMAAAAAAAAAAb", "stateEnteredAt": RAISED_AT, "timeoutSeconds": 600,
            "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:calculation:run-1", "approval": approval,
        });
        request::read(input, &policy(""), after(0)).unwrap().request
    }

    fn between(before: Value, after: Value) -> Since {
        Since::between((&ApprovalId::parse("apr_00000000000000000000000000").unwrap(), &asked(before)), &asked(after))
    }

    fn change(part: Part, before: Option<&str>, after: Option<&str>) -> Change {
        Change { part, before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    #[test]
    fn each_part_that_is_new_gone_or_different_is_told_and_no_other() {
        let before = json!({
            "title": "Release 1.4.2", "summary": "For all.", "risk": "high",
            "facts": [{"name": "Version", "value": "1.4.2"}, {"name": "Regions", "value": ["eu", "us"]},
                      {"name": "Old", "value": 1}, {"name": "Same", "value": true}],
            "links": [{"text": "The change", "url": "https://a.example/1"}],
            "details": [{"title": "Plan", "text": "a\nb"}],
        });
        let after = json!({
            "title": "Release 1.4.3",
            "facts": [{"name": "Same", "value": true}, {"name": "Version", "value": "1.4.3"},
                      {"name": "Regions", "value": ["eu"]}, {"name": "New", "value": 2}],
            "links": [{"text": "The change", "url": "https://b.example/1"}],
            "details": [{"title": "Plan", "text": "a\n\nb"}],
        });
        let since = between(before.clone(), after);
        let (fact, link) = (|name: &str| Part::Fact(name.to_owned()), Part::Link("The change".to_owned()));
        let expected = [
            change(Part::Title, Some("Release 1.4.2"), Some("Release 1.4.3")),
            change(fact("Version"), Some("1.4.2"), Some("1.4.3")),
            change(fact("Regions"), Some("• eu • us"), Some("• eu")),
            change(fact("New"), None, Some("2")),
            change(link, Some("https://a.example/1"), Some("https://b.example/1")),
            change(Part::Detail("Plan".to_owned()), None, None),
            change(Part::Risk, Some("high"), None),
            change(Part::Summary, Some("For all."), None),
            change(fact("Old"), Some("1"), None),
        ];
        assert_eq!((since.changes.as_slice(), since.more), (&expected[..], 0));
        assert_eq!(between(before.clone(), before).count(), 0);
    }

    #[test]
    fn facts_of_the_same_name_are_told_apart_by_their_order() {
        let facts = |values: &[u32]| -> Vec<Value> {
            values.iter().map(|value| json!({"name": "n", "value": value})).collect()
        };
        let since =
            between(json!({"title": "t", "facts": facts(&[1, 2])}), json!({"title": "t", "facts": facts(&[1, 3, 4])}));
        let fact = || Part::Fact("n".to_owned());
        assert_eq!(since.changes, [change(fact(), Some("2"), Some("3")), change(fact(), None, Some("4"))]);
    }

    #[test]
    fn of_long_texts_what_is_different_is_told() {
        let text = |middle: &str| format!("{} {middle} {}", "same ".repeat(100), "end ".repeat(100));
        let since =
            between(json!({"title": "t", "summary": text("old")}), json!({"title": "t", "summary": text("new")}));
        let [Change { before: Some(before), after: Some(after), .. }] = since.changes.as_slice() else {
            panic!("{since:?}")
        };
        assert!(before.starts_with('…') && before.ends_with('…') && before.contains("old"), "{before}");
        assert!(after.contains("new") && limits::cost(after) <= TEXT_MAX, "{after}");
    }

    #[test]
    fn what_is_hidden_is_shown_and_what_is_too_much_is_counted() {
        let since = between(json!({"title": "t"}), json!({"title": "t", "summary": "a\u{202e}b"}));
        assert_eq!(since.changes[0].after.as_deref(), Some("a[U+202E]b"));
        for letter in ["a", "あ", "😀", "\""] {
            let facts = |value: &str| -> Vec<Value> {
                (0..20).map(|n| json!({"name": format!("{n} {}", letter.repeat(20)), "value": value})).collect()
            };
            let (before, after) = (letter.repeat(100), letter.repeat(99) + "x");
            let since =
                between(json!({"title": "t", "facts": facts(&before)}), json!({"title": "t", "facts": facts(&after)}));
            assert_eq!(since.count(), 20, "{letter}");
            assert!(since.more > 0 && serde_json::to_string(&since).unwrap().len() < BYTES_MAX + 200, "{letter}");
        }
    }
}
