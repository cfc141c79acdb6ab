use serde_json::json;

use super::*;
use crate::approval::look_up::ExecutionEnd;
use crate::approval::notes::Note;
use crate::platforms::teams::words::{hello, help, note};

#[test]
fn the_requester_hears_who_decided_and_what_they_wrote() {
    let votes = vec![vote("Grace", Verdict::Approve, Some("Fine\nby me")), vote("Linus", Verdict::Approve, None)];
    let approval = ended("required = 2", Outcome::Approved, votes);
    assert_eq!(
        note(&approval, &Note::Outcome),
        "Ada: Approved by Grace and Linus, 23 Nov 2026, 10:01 UTC.\n\n**Grace**:\n\n> Fine by me"
    );
}

#[test]
fn a_note_about_a_request_of_nobody_names_nobody() {
    let mut approval = ended("", Outcome::Expired, Vec::new());
    approval.request.requester = None;
    assert_eq!(note(&approval, &Note::Outcome), "This expired without a decision, 23 Nov 2026, 10:01 UTC.");
}

#[test]
fn the_requester_hears_the_result() {
    let shown = "show_result = [\"result\", \"status\", \"nested\", \"none\"]";
    let approval = ended(shown, Outcome::Approved, vec![vote("Grace", Verdict::Approve, None)]);
    let output = json!({
        "result": 494, "status": "approved", "dbPassword": "hunter2", "salary": 5, "nested": {"a": 1},
    });
    let end = ExecutionEnd { status: "SUCCEEDED".to_owned(), output: Some(output.to_string()) };
    assert_eq!(
        note(&approval, &Note::Result(end.clone())),
        "Ada: The workflow has ended: SUCCEEDED\n\n- result: 494\n\n- status: approved\n\n- nested: \\{\"a\":1\\}"
    );
}

#[test]
fn typed_text_in_a_note_is_disarmed() {
    let votes =
        vec![vote("**Grace**", Verdict::Approve, Some("# Done\n\n- [x](https://evil.example) <at>all</at> {x}"))];
    let mut approval = ended("show_result = [\"*name*\"]", Outcome::Approved, votes);
    approval.request.requester = Some(Person { name: "> Ada".to_owned(), ..ada() });
    assert_eq!(
        note(&approval, &Note::Outcome),
        "&gt; Ada: Approved by \\*\\*Grace\\*\\*, 23 Nov 2026, 10:01 UTC.\n\n\
         > \\# Done - \\[x\\](https://evil.example) &lt;at&gt;all&lt;/at&gt; \\{x\\}"
    );
    let output = json!({"*name*": "_value_\n# heading"}).to_string();
    let end = ExecutionEnd { status: "FAILED".to_owned(), output: Some(output) };
    assert!(note(&approval, &Note::Result(end.clone())).ends_with("\n\n- \\*name\\*: \\_value\\_ # heading"));
}

#[test]
fn the_longest_note_is_short_enough() {
    let long = "*".repeat(2_000);
    let names: Vec<String> = (0..10).map(|n| format!("{n}{long}")).collect();
    let shown = format!("show_result = {names:?}");
    let mut approval = ended(&shown, Outcome::Approved, vec![vote(&long, Verdict::Approve, Some(&long)); 30]);
    approval.request.requester = Some(Person { name: long.clone(), ..ada() });
    let fields: serde_json::Map<String, Value> = names.into_iter().map(|name| (name, json!(long))).collect();
    let end = ExecutionEnd { status: long, output: Some(Value::Object(fields).to_string()) };
    for note in [note(&approval, &Note::Outcome), note(&approval, &Note::Result(end.clone()))] {
        assert!(note.encode_utf16().count() <= 5_000, "{}", note.len());
    }
}

#[test]
fn the_bot_says_how_to_get_cards_and_how_to_start() {
    let channel = "19:finance@thread.tacv2;messageid=1700000000001";
    for text in [hello(channel), help(channel)] {
        assert!(text.contains("`teams_conversation = \"19:finance@thread.tacv2\"`"), "{text}");
        assert!(text.contains("`start NAME` opens its form"), "{text}");
    }
}
