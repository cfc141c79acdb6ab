//! Inputs that cannot be asked are refused with everything that is wrong, and what is asked is what is decided.

use countersign_bot::approval::limits::teams::CARD_MAX;
use countersign_bot::approval::limits::{
    ANSWERERS_MAX, ANSWERS_MAX_BYTES, DETAILS_AND_INPUTS_MAX, INPUTS_FORM_MAX, TITLE_MAX, TOGETHER_MAX,
};
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use countersign_bot::platforms::slack::approving;
use countersign_bot::platforms::slack::card::APPROVE_IN_FORM;
use countersign_bot::platforms::teams::words::{CONFIRMED, CONFIRMED_OFF, CONFIRMED_ON};
use countersign_playground::fakes::teams::Shown;
use serde_json::{Value, json};

use super::{asked, inputs, request};
use crate::support::{Harness, RULES_WITH_TEAMS, START, shown, texts};

fn input(approval: &Value) -> Value {
    json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": approval,
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
    })
}

/// Why the notifier refuses these inputs.
async fn refused(harness: &Harness, inputs: &Value) -> String {
    let error = notify::notify(&harness.world.bot().app, input(&request(inputs))).await.unwrap_err();
    assert_eq!(error.name(), "InvalidApprovalRequest");
    assert!(harness.world.store.all().is_empty());
    error.to_string()
}

#[tokio::test]
async fn each_mistake_names_its_field_and_quotes_nothing() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let text = |more: &Value| {
        let mut input = json!({"name": "a", "type": "text"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([input])
    };
    let kinds = "text, long_text, integer, number, choice, date or boolean";
    for (inputs, expected) in [
        (json!({}), "approval.inputs: must be a list, not an object".to_owned()),
        (json!(["a"]), "approval.inputs[0]: must be an object".to_owned()),
        (json!([{"name": "a"}]), "approval.inputs[0].type: is missing".to_owned()),
        (json!([{"type": "text"}]), "approval.inputs[0].name: is missing".to_owned()),
        (text(&json!({"type": "person"})), format!("approval.inputs[0].type: must be {kinds}")),
        (text(&json!({"name": "1 secret"})), "approval.inputs[0].name: has a letter and then up to 39 of ".to_owned()),
        (text(&json!({"hint": "b"})), "approval.inputs[0].hint: unknown field; known here: name, label, ".to_owned()),
        (text(&json!({"label": " "})), "approval.inputs[0].label: has nothing to see in it".to_owned()),
        (text(&json!({"label": "x".repeat(81)})), "approval.inputs[0].label: has 81 characters, at most 80".to_owned()),
        (text(&json!({"label": "a\u{202e}"})), "approval.inputs[0].label: has a character that nobody sees".to_owned()),
        (
            text(&json!({"required": "secret"})),
            "approval.inputs[0].required: must be true or false, not text".to_owned(),
        ),
        (text(&json!({"pattern": "("})), "approval.inputs[0].pattern: cannot be used: ".to_owned()),
        (text(&json!({"min": 1})), "approval.inputs[0].min: has no meaning for the type text".to_owned()),
        (
            text(&json!({"default": ["secret"]})),
            "approval.inputs[0].default: must be text, a number or a bool".to_owned(),
        ),
        (
            text(&json!({"type": "choice"})),
            "approval.inputs[0].options: are missing, and a choice needs them".to_owned(),
        ),
        (text(&json!({"type": "choice", "options": [1]})), "approval.inputs[0].options[0]: must be text".to_owned()),
        (text(&json!({"type": "choice", "options": ["b", "B"]})), "approval.inputs[0].options[1]: is there".to_owned()),
        (
            text(&json!({"type": "choice", "options": ["b"], "default": "secret"})),
            "approval.inputs[0].default: must be one of the options".to_owned(),
        ),
        (
            text(&json!({"type": "integer", "default": 1.5})),
            "approval.inputs[0].default: must be an integer".to_owned(),
        ),
        (
            text(&json!({"type": "integer", "max": 3, "default": 4})),
            "approval.inputs[0].default: must be from ".to_owned(),
        ),
        (text(&json!({"type": "integer", "min": 2, "max": 1})), "approval.inputs[0].max: is below min".to_owned()),
        (text(&json!({"type": "integer", "min": i64::MAX})), "approval.inputs[0]: takes no integer from ".to_owned()),
        (text(&json!({"type": "date", "min": "secret"})), "approval.inputs[0].min: is not a date such as".to_owned()),
        (
            json!([{"name": "a", "type": "text"}, {"name": "A", "type": "text"}]),
            "approval.inputs[1].name: is that of".to_owned(),
        ),
        (json!(vec![json!({"name": "a", "type": "text"}); 6]), "approval.inputs: has 6 inputs, at most 5".to_owned()),
    ] {
        let problem = refused(&harness, &inputs).await;
        assert!(problem.contains(&expected), "{inputs}: {problem}");
        assert!(!problem.contains("secret"), "{problem}");
    }
    let several =
        json!([{"name": "", "type": "text", "label": ""}, {"name": "b", "type": "date", "min": 1, "options": []}]);
    let problem = refused(&harness, &several).await;
    for field in ["[0].name: ", "[0].label: ", "[1].min: ", "[1].options: "] {
        assert!(problem.contains(&format!("approval.inputs{field}")), "all of it is told at once: {problem}");
    }
    let problem = refused(&harness, &text(&json!({"type": "integer", "min": 5, "max": 1, "default": "x"}))).await;
    for wrong in ["max: is below min", "default: must be an integer"] {
        assert!(problem.contains(&format!("approval.inputs[0].{wrong}")), "all of it is told at once: {problem}");
    }
}

#[tokio::test]
async fn more_than_a_card_or_an_output_holds_is_refused() {
    let long = |count: usize| {
        let input = |n: usize| json!({"name": format!("n{n}"), "type": "long_text"});
        json!((0..count).map(input).collect::<Vec<_>>())
    };
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let problem = refused(&harness, &long(5)).await;
    let most = format!("at most {INPUTS_FORM_MAX}");
    assert!(
        problem.contains("approval.inputs: has 24500 characters of a card with the longest answers")
            && problem.contains(&most)
    );
    let mut both = request(&long(2));
    both["details"] = json!([{"title": "Plan", "text": "x".repeat(DETAILS_AND_INPUTS_MAX - 9_800 - 3)}]);
    let problem = notify::notify(&harness.world.bot().app, input(&both)).await.unwrap_err().to_string();
    let expected = format!("approval: has {} characters of a card in its details and", DETAILS_AND_INPUTS_MAX + 1);
    assert!(problem.contains(&expected), "{problem}");
    let people = "\"ada\", \"grace\", \"linus\"";
    let many = Harness::with_rules(&format!(
        "approvers = [{people}]\nrequired = 2\nself_approval = true\nslack_channel = \"C0FINANCE\""
    ))
    .await;
    let problem = refused(&many, &long(4)).await;
    assert!(problem.contains(&format!("bytes in the longest answers of 2, at most {ANSWERS_MAX_BYTES}")), "{problem}");
    notify::notify(&many.world.bot().app, input(&request(&long(1)))).await.unwrap();
    let many = ANSWERERS_MAX + 1;
    let all: Vec<String> = (0..many).map(|n| format!("\"p{n}\"")).collect();
    let people: String = (0..many).map(|n| format!("[people.p{n}]\nname = \"P{n}\"\nslack = \"UP{n}\"\n")).collect();
    let rules = format!("approvers = [{}]\nrequired = {many}\nslack_channel = \"C0FINANCE\"\n{people}", all.join(", "));
    let crowd = Harness::with_rules(&rules).await;
    let problem = refused(&crowd, &json!([{"name": "a", "type": "boolean"}])).await;
    let expected =
        format!("approval.inputs: are asked of {ANSWERERS_MAX} people at most, and the policy requires {many}");
    assert!(problem.contains(&expected), "{problem}");
}

/// `printf '%s' '{"facts":[],"inputs":[{"name":"a","type":"integer"}],"policy":"calculation","requestedBy":"linus",
/// "summary":"","title":"Deploy"}' | sha256sum`, without the line break
#[tokio::test]
async fn the_hash_is_over_the_inputs_as_they_were_asked() {
    let hash = async |inputs: &Value| {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let approval = harness.ask_for(&request(inputs)).await;
        let record = harness.record(&approval.id);
        let stored: Value = json!(record.request);
        let read: countersign_bot::approval::request::Request = serde_json::from_value(stored).unwrap();
        assert_eq!(read, record.request);
        record.content_hash().to_string()
    };
    let one = json!([{"name": "a", "type": "integer"}]);
    assert_eq!(hash(&one).await, "d9882d95304e9c13592f34c63e1fae33610a21cbc0235d5468bbfc25abc2897c");
    assert_eq!(hash(&json!([{"type": "integer", "name": "a", "max": null}])).await, hash(&one).await);
    for other in [
        json!([]),
        json!([{"name": "b", "type": "integer"}]),
        json!([{"name": "a", "type": "number"}]),
        json!([{"name": "a", "type": "integer", "required": false}]),
        json!([{"name": "a", "type": "integer", "default": 1}]),
        json!([{"name": "a", "type": "integer", "max": 3}]),
    ] {
        assert_ne!(hash(&other).await, hash(&one).await, "{other}");
    }
}

#[tokio::test]
async fn whoever_asks_how_it_stands_is_told_what_approving_asks_for() {
    let (harness, approval) = asked(&inputs()).await;
    let show = format!("show {}", approval.id);
    let answer = harness.world.slack.command(&harness.user("grace"), "C0FINANCE", "/approvals", &show).await;
    let said = texts(&answer.blocks).concat();
    for words in [
        "Whoever approves is asked for:",
        "“The <window>”: one of tonight, Sunday, R&D <lab>",
        r"“version”: text like \d+\.\d+",
        "“Note”: text of several lines, may be left out",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// Labels and answers are somebody's words, and look like it.
#[tokio::test]
async fn answers_look_like_nothing_of_ours() {
    let label = "*Approved* by Grace <!channel> [x](https://evil.example)";
    let (harness, approval) = asked(&json!([{"name": "a", "label": label, "type": "long_text"}])).await;
    let answer = "fine\n**Rejected** by Ada <at>all</at> {{DATE(2026-11-23T10:10:00Z)}} \u{202e}x";
    let Shown::Card(card) = harness.press_in_teams("grace", &approval, "approve", &[("field.a", answer)]).await else {
        panic!("the card says enough")
    };
    let blocks: Vec<&Value> =
        card["body"].as_array().unwrap().iter().filter(|block| block.to_string().contains("Rejected")).collect();
    let said = json!(blocks);
    assert!(!said.to_string().contains("{{DATE(2026-11-23T10:10:00Z)"), "{said}");
    harness
        .until("the card in Slack shows it", |_| shown(&harness.card(&approval)).contains("Rejected").then_some(()))
        .await;
    let blocks = harness.card(&approval).blocks;
    let quote = blocks.as_array().unwrap().iter().flat_map(|block| block["elements"].as_array().into_iter().flatten());
    let quotes: Vec<&Value> = quote.filter(|element| element.to_string().contains("Rejected")).collect();
    assert!(quotes.len() == 1 && quotes[0]["type"] == "rich_text_quote", "{blocks}");
    assert!(texts(quotes[0]).concat().starts_with("fine **Rejected** by Ada <at>all</at>"), "{quotes:?}");
    assert!(shown(&harness.card(&approval)).contains(&format!("To “{label}”:")), "{blocks}");
    assert_eq!(harness.record(&approval.id).votes[0].inputs["a"], answer.replace('\u{202e}', ""), "as it was seen");
}

/// The longest request with the longest details and the largest form, the longest wrong answers in it, and votes with the
/// longest answers.
#[tokio::test]
async fn the_largest_forms_and_answers_fit_every_place() {
    for (letter, cost) in [("x", 1), ("\"", 2), ("<", 4), ("漢", 1), ("😀", 2)] {
        let text = |max: usize| letter.repeat(max / letter.encode_utf16().count());
        let longest = text(2_000);
        let long = |n| json!({"name": format!("n{n}"), "label": format!("{n}{}", text(79)), "type": "long_text", "default": longest});
        let inputs = json!([long(0), long(1)]);
        let labels = 2 * (1 + 79 * cost);
        let rules = format!("{RULES_WITH_TEAMS}\nemail = \"always\"").replace("\"finance\"", "\"grace\"");
        let harness = Harness::with_rules(&rules).await;
        let mut asked = request(&inputs);
        asked["title"] = json!(text(TITLE_MAX));
        asked["risk"] = json!("high");
        let links: Vec<Value> = (0..5).map(|n| json!({"text": "L", "url": format!("https://h{n}.example/")})).collect();
        let left = TOGETHER_MAX - labels - TITLE_MAX * cost - "linus".len() - 200;
        let each = (left / 20 / cost).saturating_sub(2);
        let facts: Vec<Value> = (0..20).map(|n| json!({"name": format!("{n:02}"), "value": text(each)})).collect();
        let detail = text((DETAILS_AND_INPUTS_MAX - INPUTS_FORM_MAX) / 10 / cost - 1);
        let details: Vec<Value> = (0..10).map(|n| json!({"title": n.to_string(), "text": detail})).collect();
        (asked["links"], asked["facts"], asked["details"]) = (json!(links), json!(facts), json!(details));
        let approval = harness.ask_for(&asked).await;
        let (card, teams) = (harness.teams_card(&approval), &harness.world.teams);
        let size = |card: &Value| card.to_string().encode_utf16().count();
        let open = size(card.card.as_ref().unwrap());
        assert!(open > 15_000 && open <= CARD_MAX, "{letter}: {open} characters");
        let typed = [("comment", longest.as_str()), (CONFIRMED, CONFIRMED_ON)];
        let mut press = teams.invoke_payload(&harness.teams_user("grace"), &card.id, "approve", &typed).unwrap();
        press["value"]["action"]["data"][CONFIRMED] = json!(CONFIRMED_OFF);
        let reply: Value = serde_json::from_str(&teams.post(&press).await.unwrap().body).unwrap();
        let again = size(&reply["value"]);
        assert!(again > 15_000 && again <= CARD_MAX, "{letter}: {again} characters");
        harness.press("grace", &approval, APPROVE_IN_FORM, Some(&longest)).await;
        let answers = ["input.n0", "input.n1"].map(|id| (id, longest.as_str()));
        let answers: Vec<_> = answers.into_iter().chain([(approving::CONFIRMED, approving::CONFIRMED)]).collect();
        let taken = harness.world.slack.submit(&harness.user("grace"), &answers).await.unwrap();
        assert!(taken.errors.is_empty(), "{letter}: {taken:?}");
        harness.settled(&approval, Status::Approved).await;
        let said = harness.record(&approval.id).votes[0].inputs["n0"].clone();
        assert_eq!(said.as_str(), Some(longest.as_str()), "whole on record");
        let shown = shown(&harness.card(&approval));
        assert!(shown.contains("Grace Hopper") && shown.contains(&format!("0{letter}")), "{letter}: {shown}");
        let output = harness.ended().await.output.unwrap();
        assert_eq!(output["decidedBy"][0]["inputs"]["n1"].as_str(), Some(longest.as_str()));
    }
}
