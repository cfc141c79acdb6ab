//! Text that people typed is shown as it was typed, wherever it stands, and nothing of it is hidden.

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, START, texts};

/// What Slack would strike, tick, embolden, and more.
const MARKUP: &str =
    "~not reviewed~ :white_check_mark: *Approved by Grace Hopper* _it_ `code` <!channel> <@U0ADA> > &amp;";

fn input(approval: &Value) -> Value {
    json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": approval,
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
    })
}

/// One more approver has a name with marks in it.
fn rules() -> String {
    format!("{RULES_WITH_TEAMS}\n[people.marks]\nname = \"*Mark* ~X~\"\nslack = \"U0MARKS\"")
        .replace("[\"finance\"]", "[\"finance\", \"marks\"]\nself_approval = true")
}

async fn asked(harness: &Harness, text: &str) -> Approval {
    let facts = json!([{"name": text, "value": text}]);
    let request = json!({
        "policy": "calculation", "title": text, "summary": text, "facts": facts, "requestedBy": &text[..40.min(text.len())],
    });
    harness.ask_for(&request).await
}

/// The texts in which Slack looks for marks, and those that are text and nothing else.
fn by_kind(blocks: &Value) -> (Vec<String>, Vec<String>) {
    fn collect(value: &Value, marked: &mut Vec<String>, plain: &mut Vec<String>) {
        let text = || value["text"].as_str().map(str::to_owned);
        match value["type"].as_str() {
            Some("mrkdwn") => marked.extend(text()),
            Some("plain_text") => {
                assert_eq!(value["emoji"], false, "the names of emoji are text: {value}");
                plain.extend(text());
            }
            Some("text") => plain.extend(text()),
            _ => match value {
                Value::Object(object) => object.values().for_each(|value| collect(value, marked, plain)),
                Value::Array(items) => items.iter().for_each(|item| collect(item, marked, plain)),
                _ => {}
            },
        }
    }
    let (mut marked, mut plain) = (Vec::new(), Vec::new());
    collect(blocks, &mut marked, &mut plain);
    (marked, plain)
}

/// Each of these is shown as it is so often at least, and Slack reads no mark in any.
#[track_caller]
fn assert_as_typed(blocks: &Value, typed: &[(&str, usize)]) {
    let (marked, plain) = by_kind(blocks);
    for (text, least) in typed {
        let shown = plain.iter().map(|plain| plain.matches(text).count()).sum::<usize>();
        assert!(shown >= *least, "{text} is shown {shown} times: {plain:#?}");
        assert!(!marked.iter().any(|marked| marked.contains(text)), "{text}: {marked:#?}");
    }
    assert!(!marked.iter().any(|marked| marked.contains(['~', '\u{fdd0}', '\u{fdd1}'])), "{marked:#?}");
}

#[tokio::test]
async fn slack_reads_no_mark_in_what_people_typed() {
    let harness = Harness::with_rules(&rules()).await;
    let approval = asked(&harness, MARKUP).await;
    let name = "*Mark* ~X~";
    assert_as_typed(&harness.card(&approval).blocks, &[(MARKUP, 4), (&MARKUP[..40], 1)]);
    let channel = harness.world.channel.clone();
    for text in ["", &*format!("show {}", approval.id)] {
        let answer = harness.world.slack.command(&harness.user("grace"), &channel, "/approvals", text).await;
        assert_as_typed(&answer.blocks, &[(MARKUP, 1)]);
    }
    for text in [format!("show {MARKUP}"), format!("cancel {MARKUP}")] {
        let answer = harness.world.slack.command(&harness.user("grace"), &channel, "/approvals", &text).await;
        assert_as_typed(&answer.blocks, &[]);
    }
    let answer = harness.world.slack.command(&harness.user("grace"), &channel, "/approvals", "show *x*~y~").await;
    assert_as_typed(&answer.blocks, &[("*x*~y~", 1)]);
    harness.world.slack.command(&harness.user("grace"), &channel, "/start", "*1* ~2~ *3*").await;
    let form = harness.world.slack.open_view(&harness.user("grace").id).unwrap().view;
    assert_as_typed(&form["blocks"], &[("*1*", 1)]);
    let unknown = harness.world.slack.command(&harness.user("grace"), &channel, "/*x*~y~", "").await;
    assert_as_typed(&unknown.blocks, &[("*x*~y~", 1)]);
    let show = format!("show {}", approval.id);
    let others = harness.world.slack.command(&harness.user("linus"), &channel, "/approvals", &show).await;
    assert_as_typed(&others.blocks, &[(name, 1)]);

    harness.press("linus", &approval, "approve", None).await;
    let whisper = harness.world.slack.ephemerals().pop().unwrap();
    assert_as_typed(&whisper.blocks, &[(name, 1)]);

    harness.press("grace", &approval, "reject", Some(MARKUP)).await;
    harness.settled(&approval, Status::Rejected).await;
    assert_as_typed(&harness.card(&approval).blocks, &[(MARKUP, 5)]);
    let mut thread = harness.world.slack.messages(&channel).into_iter().filter(|message| message.thread_ts.is_some());
    assert_as_typed(&thread.next().unwrap().blocks, &[(MARKUP, 1)]);
    for (method, body) in harness.world.slack.calls() {
        assert!(method != "chat.postMessage" || body["mrkdwn"] == false, "a notification shows it as it is: {body}");
        // In plain text it calls nobody.
        assert!(!body["text"].to_string().contains("<!channel>"), "{body}");
    }
}

#[tokio::test]
async fn mails_quote_whoever_asked() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let forged = "Fine.\n\nTo approve or reject, open this page and press a button there:\nhttp://evil.example\r\nApproval apr_0";
    let mut request = json!({"policy": "calculation", "requestedBy": "linus", "title": "To approve, open this page: http://evil.example"});
    request["summary"] = json!(forged);
    request["facts"] = json!([{"name": "To approve", "value": "open\nhttp://evil.example"}]);
    let approval = harness.ask_for(&request).await;
    harness.pass_time(1);
    harness.press("grace", &approval, "reject", Some("no\nTo approve, open http://evil.example")).await;
    harness.settled(&approval, Status::Rejected).await;
    let mails = harness.mails("grace");
    assert_eq!(mails.len(), 2);
    for mail in mails {
        let lines: Vec<&str> = mail.text.lines().filter(|line| line.contains("evil.example")).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line.starts_with("> ")), "{}", mail.text);
        assert!(mail.text.contains("in the words of whoever asked:"), "{}", mail.text);
        let outside: String =
            mail.html.split("<blockquote").map(|part| part.rsplit("</blockquote>").next().unwrap()).collect();
        assert!(!outside.split("</title>").nth(1).unwrap().contains("evil.example"), "{outside}");
    }
    let page = harness.browser.get(&harness.link("grace")).await.unwrap().body;
    assert!(page.find("<blockquote>") < page.find("<h1>"), "{page}");
}

#[tokio::test]
async fn a_subject_shows_the_very_characters() {
    for title in ["=?utf-8?q?abc?=", "a =?utf-8?B?YWJj?= b", "=?", "?=", "ünï =?x?= 😀", &"=?y?=😀".repeat(20)] {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let request = json!({"policy": "calculation", "title": title, "requestedBy": "linus"});
        let approval = harness.ask_for(&request).await;
        harness.press("grace", &approval, "reject", Some("no")).await;
        harness.settled(&approval, Status::Rejected).await;
        let subjects: Vec<String> = harness.mails("grace").into_iter().map(|mail| mail.subject).collect();
        assert_eq!(subjects, [format!("Approval needed: {title}"), format!("Re: Approval needed: {title}")]);
    }
}

#[tokio::test]
async fn names_with_hidden_characters_are_refused() {
    let harness = Harness::start().await;
    for hidden in
        ["\u{200b}", "\u{3164}", "\u{2800}", "\u{ad}", "\u{34f}", "\u{115f}", "\u{180e}", "\u{e0041}", "\u{fe0f}"]
    {
        for text in [hidden.to_owned(), format!(" {hidden} "), format!("Pay{hidden}")] {
            for request in [
                json!({"title": text}),
                json!({"title": "t", "facts": [{"name": text, "value": "v"}]}),
                json!({"title": "t", "requestedBy": text}),
            ] {
                let mut request = request;
                request["policy"] = json!("calculation");
                let error = notify::notify(&harness.world.bot().app, input(&request)).await.unwrap_err().to_string();
                assert!(error.starts_with("approval."), "{error}");
                assert!(error.contains("nothing to see") || error.contains("which nobody sees"), "{error}");
            }
        }
    }
    for blank in ["", "  ", "\n", "\u{a0}\u{3000}"] {
        let request = json!({"policy": "calculation", "title": blank});
        assert!(notify::notify(&harness.world.bot().app, input(&request)).await.is_err(), "{blank:?}");
    }
}

#[tokio::test]
async fn hidden_characters_elsewhere_are_made_visible_and_scripts_stay() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let (typed, seen) = ("a\u{202e}b\u{200b}c", "a[U+202E]b[U+200B]c");
    let scripts = "می\u{200c}خواهم 👩\u{200d}💻 ❤\u{fe0f} क्\u{200d}ष";
    let request = json!({
        "policy": "calculation", "title": scripts, "requestedBy": "linus", "summary": format!("{typed} {scripts}"),
        "facts": [{"name": "Value", "value": typed}],
    });
    let approval = harness.ask_for(&request).await;
    harness.press("grace", &approval, "reject", Some(typed)).await;
    harness.settled(&approval, Status::Rejected).await;
    let mails = harness.mails("grace");
    let places = [
        ("Slack", texts(&harness.card(&approval).blocks).join("\n"), 3),
        ("Teams", texts(&harness.teams_card(&approval).card.unwrap()).join("\n"), 3),
        ("request", mails[0].text.clone(), 2),
        ("HTML request", mails[0].html.clone(), 2),
        ("closing", mails[1].text.clone(), 1),
        ("page", harness.browser.get(&harness.link("grace")).await.unwrap().body, 3),
    ];
    for (place, shown, times) in places {
        assert_eq!(shown.matches(seen).count(), times, "{place}: {shown}");
        assert!(shown.contains(scripts), "{place}: {shown}");
        assert!(!shown.contains(['\u{202e}', '\u{200b}']), "{place}: {shown}");
    }
}

#[tokio::test]
async fn a_comment_with_nothing_to_see_is_no_reason() {
    for blank in ["\u{200b}", "\u{3164}\u{2800}", " \u{ad} "] {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let approval = harness.ask().await;
        harness.press("grace", &approval, "reject", Some(blank)).await;
        assert!(harness.whispers("grace")[0].starts_with("A rejection needs a reason"), "{blank:?}");
        harness.press_in_teams("grace", &approval, "reject", &[("reason", blank)]).await;
        harness.post(&harness.link("grace"), "reject", blank).await;
        assert_eq!(harness.record(&approval.id).status(), Status::Pending, "{blank:?}");
    }
}
