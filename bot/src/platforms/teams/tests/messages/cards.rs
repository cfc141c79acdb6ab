use serde_json::{Value, json};

use super::*;
use crate::approval::limits::COMMENT_MAX;
use crate::approval::request::Fact;
use crate::approval::state::{Ending, Intent};
use crate::platforms::teams::words::{APPROVE, CHANGES, COMMENT, REASON, REJECT, RETURN, TAKE_BACK, summary, written};

fn action<'a>(card: &'a Value, title: &str) -> &'a Value {
    card["actions"].as_array().unwrap().iter().find(|action| action["title"] == title).unwrap()
}

#[test]
fn an_open_card_says_what_is_asked_and_asks_it() {
    let mut approval = approval("required = 2");
    approval.request.summary = "Two invoices.\nDue today.".to_owned();
    approval.request.facts = vec![Fact { name: "Sum".to_owned(), value: "1,200 EUR".into() }];
    let card = card(&approval);
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.5")));
    assert_eq!(
        texts(&card, "TextRun"),
        [
            "Pay",
            "Two invoices.\nDue today.",
            "Sum",
            "1,200 EUR",
            "Requested by ",
            "Ada",
            "0 of 2 approvals",
            "May decide: Grace and Linus",
            &format!("{} · content {}", approval.id, approval.content_hash().short()),
        ]
    );
    assert_eq!(
        texts(&card, "TextBlock"),
        [
            "⏳ Waits for a decision until {{DATE(2026-11-23T10:10:00Z,SHORT)}} {{TIME(2026-11-23T10:10:00Z)}}.",
            "In the words of whoever asked:",
            "Asked {{DATE(2026-11-23T10:00:00Z,SHORT)}} {{TIME(2026-11-23T10:00:00Z)}} · \
             decide by {{DATE(2026-11-23T10:10:00Z,SHORT)}} {{TIME(2026-11-23T10:10:00Z)}}",
            "The workflow is told that this was rejected. This cannot be undone.",
            "The workflow is told that this was cancelled. Nobody can decide on it any more, and this cannot be undone.",
        ]
    );
    let execution = format!("https://countersign.example/executions/{}", approval.request.execution);
    assert_eq!(of_type(&card, "Action.OpenUrl")[0]["url"], json!(execution));
}

#[test]
fn both_decisions_carry_the_same_in_new_and_old_clients() {
    let approval = approval("");
    let card = card(&approval);
    let reject = action(&card, "Reject…");
    assert_eq!(reject["type"], "Action.ShowCard");
    let decisions = [
        (action(&card, "Approve"), APPROVE, "Approve", "positive"),
        (&reject["card"]["actions"][0], REJECT, "Reject", "destructive"),
    ];
    for (action, verb, title, style) in decisions {
        let data = json!({"approval": approval.id, "content": approval.content_hash(), "verb": verb});
        assert_eq!(
            action,
            &json!({
                "type": "Action.Execute", "verb": verb, "title": title, "style": style, "data": data,
                "fallback": {"type": "Action.Submit", "title": title, "style": style, "data": data},
            })
        );
    }
    assert_eq!(of_type(&card, "Action.Execute").len(), 4, "with those of the menu");
}

#[test]
fn taking_back_is_a_secondary_action_that_asks_first_and_takes_nothing_along() {
    let approval = approval("");
    let card = card(&approval);
    let more = action(&card, "Take back…");
    assert_eq!((&more["type"], &more["mode"]), (&json!("Action.ShowCard"), &json!("secondary")));
    let confirmed = &more["card"]["actions"][0];
    let data = json!({"approval": approval.id, "content": approval.content_hash(), "verb": TAKE_BACK});
    assert_eq!((&confirmed["verb"], &confirmed["data"]), (&json!(TAKE_BACK), &data));
    assert_eq!((&confirmed["fallback"]["type"], &confirmed["fallback"]["data"]), (&json!("Action.Submit"), &data));
    assert_eq!(confirmed["associatedInputs"], "none");
}

#[test]
fn a_rejection_has_a_field_of_its_own_which_the_policy_may_require() {
    for (rules, required) in [("", false), ("reason_on_reject = true", true)] {
        let card = card(&approval(rules));
        let inputs = of_type(&card, "Input.Text");
        let mut ids: Vec<&str> = inputs.iter().map(|input| input["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, [COMMENT, REASON], "{rules}");
        for input in inputs {
            assert_eq!((&input["isMultiline"], &input["maxLength"]), (&json!(true), &json!(COMMENT_MAX)));
            // An input that Approve does not carry must not keep anybody from approving.
            assert_eq!(input["isRequired"] == true, required && input["id"] == REASON, "{rules}");
        }
    }
}

#[test]
fn sending_back_is_offered_where_the_policy_has_it_with_a_field_that_is_required() {
    let approvable = approval("returns = true");
    let offered = card(&approvable);
    let opened = objects(&offered).into_iter().find(|object| object["title"] == "Send back…").unwrap();
    assert_eq!((&opened["type"], &opened["mode"]), (&json!("Action.ShowCard"), &Value::Null));
    let inputs = of_type(&opened["card"], "Input.Text");
    assert_eq!((inputs.len(), &inputs[0]["id"], &inputs[0]["isRequired"]), (1, &json!(CHANGES), &json!(true)));
    let data = json!({"approval": approvable.id, "content": approvable.content_hash(), "verb": RETURN});
    let sent = &opened["card"]["actions"][0];
    assert_eq!((&sent["verb"], &sent["data"], &sent["fallback"]["data"]), (&json!(RETURN), &data, &data));
    assert!(!card(&approval("")).to_string().contains(RETURN));
}

#[test]
fn what_was_written_is_kept_whole_whichever_field_it_is_in() {
    assert_eq!(written("", " \n"), None);
    assert_eq!(written("", " fine ").as_deref(), Some("fine"));
    assert_eq!(written("too much", "").as_deref(), Some("too much"));
    assert_eq!(written("too much", "ask Grace").as_deref(), Some("too much\nask Grace"));
}

#[test]
fn a_card_that_does_not_wait_has_no_inputs_and_only_a_link() {
    let mut resolving = approval("");
    resolving.votes = vec![vote("Grace", Verdict::Approve, None)];
    resolving.state = State::Resolving(Ending { intent: Intent::Approve, at: after(60) });
    let mut given_up = approval("");
    let intent = Intent::GiveUp { reason: "Slack is away".to_owned() };
    given_up.state = State::Resolving(Ending { intent, at: after(60) });
    let approved = ended("", Outcome::Approved, vec![vote("Grace", Verdict::Approve, Some("Fine"))]);
    let rejected = ended("", Outcome::Rejected, vec![vote("Grace", Verdict::Reject, None)]);
    let returned = ended("", Outcome::Returned, vec![vote("Grace", Verdict::Return, Some("Add it"))]);
    let cancelled = ended("", Outcome::Cancelled { reason: "It was aborted.".to_owned() }, Vec::new());
    let undeliverable = ended("", Outcome::Undeliverable { reason: "Slack is away".to_owned() }, Vec::new());
    let minute = "{{DATE(2026-11-23T10:01:00Z,SHORT)}} {{TIME(2026-11-23T10:01:00Z)}}";
    let later = "{{DATE(2026-11-23T10:01:05Z,SHORT)}} {{TIME(2026-11-23T10:01:05Z)}}";
    let cases = [
        (resolving, format!("🔄 Decided {minute}, waiting for Step Functions to confirm."), None),
        (given_up, format!("🔄 Given up {minute}, waiting for Step Functions to confirm."), None),
        (approved, format!("✅ This was approved, {minute}."), Some("By Grace")),
        (rejected, format!("❌ This was rejected, {minute}."), Some("By Grace")),
        (returned, format!("↩️ This was sent back for changes, {minute}."), Some("By Grace")),
        (ended("", Outcome::Expired, Vec::new()), format!("⏰ This expired without a decision, {later}."), None),
        (cancelled, format!("🚫 This was cancelled, {later}."), Some("It was aborted.")),
        (undeliverable, format!("🚫 This could not be delivered and was given up, {later}."), None),
    ];
    for (approval, headline, more) in cases {
        let card = card(&approval);
        let standing = card["body"][1]["items"].as_array().unwrap();
        assert_eq!(standing[0]["text"], json!(headline));
        let said = standing.get(1).map(|line| texts(line, "TextRun").concat());
        assert_eq!(said.as_deref(), more, "{headline}");
        assert!(of_type(&card, "Input.Text").is_empty(), "{headline}");
        let actions: Vec<&Value> = objects(&card)
            .into_iter()
            .filter(|object| object["type"].as_str().is_some_and(|kind| kind.starts_with("Action.")))
            .collect();
        assert_eq!(actions.len(), 1, "{headline}");
        assert_eq!(actions[0]["type"], "Action.OpenUrl");
    }
}

#[test]
fn votes_are_shown_with_their_comments_and_the_last_ones_when_there_are_many() {
    let mut approval = approval("required = 3\nself_approval = true");
    approval.votes = (1..=12).map(|n| vote(&format!("Person {n}"), Verdict::Approve, Some("Fine\nby me"))).collect();
    let runs = texts(&card(&approval), "TextRun");
    assert!(runs.contains(&"Person 1".to_owned()) && runs.contains(&"Person 12".to_owned()));
    assert_eq!(runs.iter().filter(|text| *text == "Fine by me").count(), 12);
    let line = "approved in Slack, {{DATE(2026-11-23T10:01:00Z,SHORT)}} {{TIME(2026-11-23T10:01:00Z)}}";
    assert_eq!(texts(&card(&approval), "TextBlock").iter().filter(|text| *text == line).count(), 12);
    assert!(
        runs.contains(&"12 of 3 approvals: Person 1, Person 2, Person 3, Person 4, Person 5 and 7 more".to_owned())
    );
    for vote in &mut approval.votes {
        vote.comment = Some("Fine".repeat(500));
    }
    approval.votes.extend(approval.votes.clone());
    let card = card(&approval);
    let whole = texts(&card, "TextRun").iter().filter(|text| **text == "Fine".repeat(500)).count();
    assert!((5..24).contains(&whole), "{whole}");
    let shown = texts(&card, "TextRun").iter().filter(|text| text.starts_with("Person ")).count();
    assert!(texts(&card, "TextBlock").contains(&format!("{} earlier votes are in the audit trail.", 24 - shown)));
}

#[test]
fn times_have_no_fraction_of_a_second_which_the_functions_do_not_take() {
    let mut approval = approval("");
    approval.request.raised_at = at("2026-11-23T10:00:00.987Z");
    approval.request.deadline = at("2026-11-23T10:10:00.987Z");
    let card = card(&approval);
    assert!(!card.to_string().contains("987"));
    assert!(card.to_string().contains("{{TIME(2026-11-23T10:00:00Z)}}"));
}

#[test]
fn nobody_is_left_without_a_requester() {
    let mut approval = approval("");
    approval.request.requester = None;
    approval.request.requested_by = Some("the night shift".to_owned());
    let said = "nobody of the policy; the workflow says “the night shift”".to_owned();
    assert!(texts(&card(&approval), "TextRun").contains(&said));
    approval.request.requested_by = None;
    assert!(texts(&card(&approval), "TextRun").contains(&"nobody of the policy".to_owned()));
}

#[test]
fn a_notification_and_a_client_without_cards_say_the_title_and_the_standing() {
    let mut approval = approval("");
    approval.request.title = "Pay *now*".to_owned();
    assert_eq!(summary(&approval), "Pay *now*: Waits for a decision until 23 Nov 2026, 10:10 UTC.");
    let fallback = r"Pay \*now\*: Waits for a decision until 23 Nov 2026, 10:10 UTC.";
    assert_eq!(card(&approval)["fallbackText"], json!(fallback));
}
