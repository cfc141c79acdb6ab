//! What a workflow asks is shown alike on every platform, and what is wrong with it is told at once.

use countersign_bot::approval::record::Approval;
use countersign_bot::flow::notify;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, START, shown, texts};

fn request(fields: &Value) -> Value {
    let mut request = json!({"policy": "calculation", "title": "Deploy", "requestedBy": "linus"});
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    request
}

fn input(approval: &Value) -> Value {
    json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": approval,
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
    })
}

/// What people see of an approval, with one text on a line, by the place where they see it.
async fn places(harness: &Harness, approval: &Approval) -> [(&'static str, String); 7] {
    let show = format!("show {}", approval.id);
    let grace = harness.user("grace");
    let in_slack = harness.world.slack.command(&grace, &harness.world.channel, "/approvals", &show).await;
    let conversation = "19:finance@thread.tacv2";
    assert_eq!(harness.world.teams.say(&harness.teams_user("grace"), conversation, &show).await.unwrap(), 200);
    let in_teams = harness.world.teams.messages(conversation).pop().unwrap().text;
    let mail = harness.mails("grace").remove(0);
    let page = harness.browser.get(&harness.link("grace")).await.unwrap().body;
    [
        ("Slack", shown(&harness.card(approval))),
        ("Teams", texts(&harness.teams_card(approval).card.unwrap()).join("\n")),
        ("mail", mail.text.lines().map(|line| line.strip_prefix("> ").unwrap_or(line)).collect::<Vec<_>>().join("\n")),
        ("HTML mail", mail.html.replace("<br>", "\n")),
        ("page", page.replace("<br>", "\n")),
        ("show in Slack", texts(&in_slack.blocks).join("\n")),
        ("show in Teams", in_teams),
    ]
}

/// What of a text there is to read: its lines without what sets them off.
fn read(text: &str) -> Vec<String> {
    let is_mark = |c: char| c.is_whitespace() || matches!(c, '•' | '-');
    text.lines().map(|line| line.trim_matches(is_mark).to_owned()).collect()
}

#[tokio::test]
async fn a_value_of_every_type_is_shown_alike_everywhere() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let facts = json!([
        {"name": "Version", "value": "1.4.2"},
        {"name": "Replicas", "value": 12},
        {"name": "Share", "value": 0.25},
        {"name": "Rollback", "value": true},
        {"name": "Downtime", "value": false},
        {"name": "Regions", "value": ["eu, north", "us", 3, true, "two\nlines"]},
        {"name": "Tickets", "value": []},
    ]);
    let approval = harness.ask_for(&request(&json!({ "facts": facts }))).await;
    for (place, shown) in places(&harness, &approval).await {
        for (name, value) in [
            ("Version", "1.4.2"),
            ("Replicas", "12"),
            ("Share", "0.25"),
            ("Rollback", "yes"),
            ("Downtime", "no"),
            ("Tickets", "(empty list)"),
        ] {
            // Teams shows a mark behind a backslash as itself.
            let shown = shown.replace('\\', "");
            let after = shown.split_once(name).unwrap_or_else(|| panic!("{place}: {name}: {shown}")).1;
            let is_next = after.find(value).is_some_and(|at| !after[..at].contains("Version") && at < 200);
            assert!(is_next, "{place}: {name}: {shown}");
        }
        let lines = read(&shown);
        for item in ["us", "3", "two lines"] {
            let is_alone = lines.iter().any(|line| line == item || line.starts_with(&format!("{item}<")));
            assert!(is_alone, "{place}: {item}: {shown}");
        }
        assert!(lines.iter().any(|line| line.ends_with("eu, north")), "{place}: {shown}");
    }
    let stored = harness.record(&approval.id);
    assert_eq!(stored.content_hash(), approval.content_hash());
}

#[tokio::test]
async fn a_list_says_nothing_in_our_words_and_calls_nobody() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let item = "**Approved** by [Grace](https://evil.example) <!channel> *now* {{DATE(2026-11-23T10:10:00Z)}}";
    let facts = json!([{"name": "Notes", "value": [item, "", "\u{202e}x"]}]);
    let approval = harness.ask_for(&request(&json!({ "facts": facts }))).await;
    let [slack, teams, mail, html, page, show, said] = places(&harness, &approval).await.map(|(_, shown)| shown);
    for shown in [&slack, &mail.replace('\n', " "), &show] {
        assert!(shown.contains(item), "{shown}");
    }
    assert!(!teams.contains("{{DATE(2026-11-23T10:10:00Z)"), "{teams}");
    assert!(html.contains("&#60;!channel&#62;") && page.contains("&#60;!channel&#62;"), "{html} {page}");
    assert!(said.contains(r"\[Grace\]") && said.contains(r"\*\*Approved\*\*"), "{said}");
    for shown in [slack, teams, mail, html, page, show] {
        assert!(shown.contains("(no text)") && shown.contains("[U+202E]x"), "{shown}");
    }
}

#[tokio::test]
async fn a_link_is_shown_with_its_host_everywhere() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let url = "https://ci.example.com:8443/runs/7?a=1&b=(2)*_x_#'top'";
    let text = "https://bank.example **[Pay](x)** <a|b>";
    let links = json!([{"text": text, "url": url}, {"text": "The change", "url": "https://git.example.com/c/9"}]);
    let approval = harness.ask_for(&request(&json!({ "links": links }))).await;
    let places = places(&harness, &approval).await;
    for (place, shown) in &places {
        for words in ["ci.example.com:8443", "git.example.com", "The change"] {
            assert!(shown.contains(words), "{place}: {words}: {shown}");
        }
    }
    let [slack, teams, mail, html, page, show, said] = places.map(|(_, shown)| shown);
    for shown in [slack, teams, mail.replace('\n', " "), show] {
        assert!(shown.contains(text), "{shown}");
    }
    assert!(mail.lines().any(|line| line == url), "whole, on a line of its own: {mail}");
    let address = url.replace('&', "&#38;").replace('\'', "&#39;");
    for shown in [&html, &page] {
        assert!(shown.contains(&format!("href=\"{address}\"")), "{shown}");
        assert!(shown.contains("&#60;a|b&#62;: <a "), "{shown}");
    }
    assert_eq!(page.matches("<a href=").count(), page.matches("rel=\"noreferrer\"").count(), "{page}");
    let in_markdown = url.replace('(', "%28").replace(')', "%29");
    assert!(said.contains(&format!("[ci.example.com:8443]({in_markdown})")), "{said}");
    assert!(said.contains(r"\*\*\[Pay\](x)\*\*"), "{said}");
    for card in [harness.card(&approval).blocks, harness.teams_card(&approval).card.unwrap()] {
        assert!(card.to_string().contains(&format!("\"url\":\"{url}\"")), "{card}");
    }
    assert!(!harness.world.slack.calls().iter().any(|(_, body)| body["unfurl_links"] == true), "nobody looks it up");
}

#[tokio::test]
async fn links_that_could_lead_elsewhere_are_refused_by_their_field() {
    let harness = Harness::start().await;
    let link = |text: &str, url: &str| json!({"text": text, "url": url});
    let long = format!("https://example.com/{}", "x".repeat(1_000));
    for (links, expected) in [
        (json!([link("a", "http://example.com")]), "approval.links[0].url: must begin with https://"),
        (json!([link("a", "javascript:alert(1)")]), "approval.links[0].url: must begin with https://"),
        (json!([link("a", "https://bank.example@evil.example")]), "approval.links[0].url: must not have a user name"),
        (json!([link("a", "https://evil.example\\@bank.example")]), "approval.links[0].url: has a character"),
        (json!([link("a", "https://example.com/\n")]), "approval.links[0].url: has a character"),
        (json!([link("a", "https://ex\u{430}mple.com/")]), "approval.links[0].url: has a character"),
        (json!([link("", "https://example.com")]), "approval.links[0].text: must not be empty"),
        (json!([link("a\u{202e}", "https://example.com")]), "approval.links[0].text: has the character U+202E"),
        (json!([{"text": "a"}]), "approval.links[0].url: is missing"),
        (json!([link("a", &long)]), "approval.links[0].url: has 1020 characters, at most 1000"),
        (json!(vec![link("a", "https://example.com"); 6]), "approval.links: has 6 links, at most 5"),
        (
            json!([{"text": "a", "url": "https://example.com", "color": "red"}]),
            "approval.links[0].color: unknown field",
        ),
    ] {
        let request = request(&json!({ "links": links }));
        let told = notify::notify(&harness.world.bot().app, input(&request)).await.unwrap_err().to_string();
        assert!(told.starts_with(expected), "{expected}: {told}");
    }
    assert!(harness.world.store.all().is_empty());
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let harness = Harness::start().await;
    let wrong = json!({
        "taskToken": "", "executionArn": "arn:aws:states:eu-west-1:999999999999:execution:calculation:x",
        "stateEnteredAt": "yesterday", "timeoutSeconds": "600", "retries": 3,
        "approval": {
            "policy": "calculation", "title": 5, "summary": "x".repeat(3_001), "cc": "eve", "requestedBy": "hopper",
            "facts": [
                {"name": "", "value": null}, "Sum", {"name": "n"}, {"name": "n", "value": {"a": 1}, "unit": "EUR"},
                {"name": "n", "value": ["a", ["b"], null]}, {"name": "n", "value": 9_007_199_254_740_992_u64},
                {"name": "n", "value": 1e-9},
            ],
            "correlation": [],
        },
    });
    let told = notify::notify(&harness.world.bot().app, wrong).await.unwrap_err().to_string();
    for expected in [
        "executionArn: is of an account or a region that may not ask here",
        "retries: unknown field; known here: taskToken, ",
        "taskToken: a task token has 1 to 2048 characters",
        "stateEnteredAt: ",
        "timeoutSeconds: must be a whole number, not text",
        "approval.cc: unknown field; known here: policy, title, ",
        "approval.title: must be text, not a number",
        "approval.summary: has 3001 characters, at most 3000",
        "approval.facts[0].name: must not be empty",
        "approval.facts[0].value: is missing",
        "approval.facts[1]: must be an object",
        "approval.facts[2].value: is missing",
        "approval.facts[3].unit: unknown field; known here: name, value",
        "approval.facts[3].value: must be text, a number, a boolean or a list of these",
        "approval.facts[4].value[1]: must be text, a number or a boolean",
        "approval.facts[4].value[2]: must be text, a number or a boolean",
        "approval.facts[5].value: is a number that not every program reads and shows alike",
        "approval.facts[6].value: is a number that not every program reads and shows alike",
        "approval.correlation: must be an object, not",
        "approval.requestedBy: is nobody's name in the policy file, and a part of those of `grace`",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(harness.world.store.all().is_empty());
}

#[tokio::test]
async fn very_many_problems_are_counted() {
    let harness = Harness::start().await;
    let request = request(&json!({ "facts": vec![Value::Null; 5_000] }));
    let told = notify::notify(&harness.world.bot().app, input(&request)).await.unwrap_err().to_string();
    assert!(told.ends_with("; and 4971 more") && told.len() < 3_000, "{told}");
}
