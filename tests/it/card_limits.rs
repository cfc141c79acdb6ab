//! What is asked is shown whole or refused by the name of its field: the longest request in every script, with the
//! longest votes, on every platform. The fakes refuse what the platforms would refuse.

use std::time::Duration;

use countersign_bot::approval::break_glass::BrokenGlass;
use countersign_bot::approval::claim::Claim;
use countersign_bot::approval::delegation::StandIn;
use countersign_bot::approval::limits::COMMENT_MAX;
use countersign_bot::approval::look_up::Attempt;
use countersign_bot::approval::place::{Destination, Platform};
use countersign_bot::approval::policy::Person;
use countersign_bot::approval::record::{Approval, Vote};
use countersign_bot::approval::request::{self, Request};
use countersign_bot::approval::since::Since;
use countersign_bot::approval::state::{Outcome, Resolution, State, Status, Verdict};
use countersign_bot::flow::notify;
use countersign_bot::net::deadline::Deadline;
use countersign_bot::platforms::slack::details::DETAILS;
use serde_json::{Map, Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, START, has_buttons, policy, shown, texts};

const VOTERS: usize = 100;

/// Text of one, two, three and four bytes, and characters that take more room than one where they are shown.
const SCRIPTS: [&str; 12] = ["x", "é", "א", "€", "漢", "😀", "&", "<", "\"", "\\", "{", "a b\n"];

fn input(approval: &Value) -> Value {
    json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": approval,
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
    })
}

/// A hundred people who approve.
fn many_approvers() -> String {
    let people = (0..VOTERS).map(|n| {
        format!(
            "[people.p{n}]\nname = \"P{n} {}\"\nslack = \"UP{n}\"\nteams = \"00000000-0000-4000-8000-{n:012}\"\n",
            "<&>😀".repeat(18)
        )
    });
    let people: String = people.collect();
    let approvers: Vec<String> = (0..VOTERS).map(|n| format!("\"p{n}\"")).collect();
    let rules = RULES_WITH_TEAMS.replace("\"finance\"", &approvers.join(", "));
    format!("{rules}\nreturns = true\nself_approval = true\nrequired = {VOTERS}\nemail = \"never\"\n{people}")
}

/// Eighty of them on as many kinds of seats with as many people as there may be, of groups with the longest names.
fn many_seats() -> String {
    let all: Vec<String> = (0..80).map(|n| format!("\"p{n}\"")).collect();
    let group = |kind: usize| format!("\"{}{kind}\"", "<&>😀".repeat(18));
    let members = |kind: usize| (0..30).map(|n| &*all[(16 * kind + n) % 80]).collect::<Vec<_>>().join(", ");
    let groups: String = (0..5).map(|kind| format!("{} = [{}]\n", group(kind), members(kind))).collect();
    let seats: Vec<String> =
        (0..5).map(|kind| format!("{{ from = [{}, \"p0\", \"p1\"], count = 16 }}", group(kind))).collect();
    let rules = many_approvers();
    let (first, rules) = rules.split_once('\n').unwrap();
    assert!(first.starts_with("approvers = "));
    let rules = rules.replace(&format!("required = {VOTERS}"), &format!("seats = [{}]", seats.join(", ")));
    policy(&rules).replace("board = [", &format!("all = [{}]\n{groups}board = [", all.join(", ")))
}

/// The same in a group, of which a request can name everybody at once.
fn with_a_group() -> String {
    let all: Vec<String> = (0..VOTERS).map(|n| format!("\"p{n}\"")).collect();
    policy(&many_approvers()).replace("board = [", &format!("all = [{}]\nboard = [", all.join(", ")))
}

/// A request that is as long as it may be, in this script.
fn longest(script: &str) -> Value {
    let cycled = |max: usize| script.chars().cycle().take(max).collect::<String>();
    let cost = countersign_bot::approval::limits::cost(&cycled(100)).div_ceil(100);
    // A character outside of the basic plane counts as two everywhere.
    let wide = if script == "😀" { 2 } else { 1 };
    // Each ends in letters of its own, so that none is taken for a part of another.
    let text = |max: usize, end: &str| cycled(max - end.len()).trim_start().to_owned() + end;
    let facts: Vec<Value> = (0..20)
        .map(|n| json!({"name": text(100 / cost, &format!("N{n:02}")), "value": text(100 / cost, &format!("V{n:02}"))}))
        .collect();
    let links: Vec<Value> = (0..5)
        .map(|n| json!({"text": text(60 / cost, &format!("L{n}")), "url": format!("https://h{n}.example/{}", "u".repeat(80))}))
        .collect();
    let details: Vec<Value> = (0..10)
        .map(|n| json!({"title": text(100 / cost, &format!("D{n}")), "text": text(900 / cost, &format!("E{n}"))}))
        .collect();
    json!({
        "policy": "calculation", "title": text(150 / wide, "T"), "summary": text(700 / cost, "S"), "facts": facts,
        "requestedBy": text(100 / wide, "R"), "links": links, "details": details, "risk": "high",
    })
}

/// The same of the details.
fn assert_details(request: &Value, shown: &str, place: &str) {
    for detail in request["details"].as_array().unwrap() {
        for text in [&detail["title"], &detail["text"]].map(|text| text.as_str().unwrap()) {
            assert!(text.lines().all(|line| shown.contains(line.trim())), "{place}: {} of {text:?}", text.len());
        }
    }
}

fn said(index: usize, approval: &Approval, comment: &str) -> Vote {
    let person = &approval.rules.approvers[index];
    Vote {
        person: person.id.clone(),
        name: person.name.clone(),
        stands_for: Vec::new(),
        platform: Platform::Slack,
        verdict: Verdict::Approve,
        comment: Some(comment.to_owned()),
        inputs: Map::new(),
        at: START.parse().unwrap(),
        content: approval.content_hash(),
    }
}

/// Somebody stands in for more approvers than a card names.
fn stand_in(approval: &mut Approval) {
    let absent = approval.rules.approvers[1..5].iter().map(|person| person.id.clone());
    let (delegate, until) = (approval.rules.approvers[0].clone(), "2026-12-23T10:00:00Z".parse().unwrap());
    approval.stand_ins = absent.map(|absent| StandIn { absent, delegate: delegate.id.clone(), until }).collect();
    approval.rules.delegates = vec![delegate];
}

/// Somebody is looking at it.
fn claim(approval: &Approval) -> Claim {
    let Person { id: person, name, .. } = approval.rules.approvers[0].clone();
    Claim { person, name, since: START.parse().unwrap(), until: "2026-11-23T10:30:00Z".parse().unwrap() }
}

/// All of it has changed since an earlier request.
fn since(approval: &Approval) -> Since {
    let earlier = Request { facts: Vec::new(), title: "Another".to_owned(), ..approval.request.clone() };
    Since::between((&approval.id, &earlier), &approval.request)
}

/// Whether each text of the request is among these, as it was typed.
fn assert_whole(request: &Value, shown: &str, place: &str) {
    let facts = request["facts"].as_array().unwrap().iter().flat_map(|fact| [&fact["name"], &fact["value"]]);
    for link in request["links"].as_array().unwrap() {
        let host = link["url"].as_str().unwrap().split('/').nth(2).unwrap();
        let text = link["text"].as_str().unwrap();
        assert!(text.lines().all(|line| shown.contains(line.trim())) && shown.contains(host), "{place}: {link}");
    }
    for text in [&request["title"], &request["summary"], &request["requestedBy"]].into_iter().chain(facts) {
        let text = text.as_str().unwrap();
        let is_there = text.lines().all(|line| shown.contains(line.trim()));
        assert!(is_there, "{place}: {} of {text:?}", text.len());
    }
}

#[tokio::test]
async fn the_longest_request_is_taken_whole_and_its_card_closes_whatever_is_said_about_it() {
    for policy in [with_a_group(), many_seats()] {
        assert_longest_is_taken(&Harness::with_policy(&policy, |ports| ports).await).await;
    }
}

async fn assert_longest_is_taken(harness: &Harness) {
    let app = &harness.world.bot().app;
    for script in SCRIPTS {
        let mut request = longest(script);
        request["approvers"] = json!(["all", "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"]);
        let asked = request::read(input(&request), &app.policy, START.parse().unwrap());
        let mut approval = Approval::raise(asked.unwrap_or_else(|error| panic!("{script:?}: {error}")));
        for platform in [Platform::Slack, Platform::Teams] {
            let messenger = &app.messengers[&platform];
            let soon = || Deadline::after(Duration::from_secs(5));
            approval.state = State::Pending;
            approval.votes.clear();
            stand_in(&mut approval);
            approval.claim = Some(claim(&approval));
            approval.since = Some(since(&approval));
            approval.attempt = Some(Attempt { entered: 2, scheduled: 3 });
            harness.pass_time(5);
            let sent = messenger.send(&approval, &Destination::Chat(platform), soon()).await;
            let message = sent.unwrap_or_else(|error| panic!("{script:?} in {platform:?}: {error:?}"));
            let called = match platform {
                Platform::Slack => harness.world.slack.notified("UP0"),
                _ => harness.world.teams.notified(&harness.teams_user("p0")),
            };
            assert!(!called.is_empty(), "{script:?} in {platform:?}: there is room for a mention");
            let comment: String = script.chars().cycle().take(COMMENT_MAX).collect();
            for voters in [1, approval.rules.approvers.len()] {
                approval.votes = (0..voters).map(|index| said(index, &approval, &comment)).collect();
                for outcome in [None, Some(Outcome::Approved), Some(Outcome::Cancelled { reason: comment.clone() })] {
                    let at = START.parse().unwrap();
                    // The last of them has approved alone.
                    let is_over = outcome.is_some();
                    approval.votes.last_mut().unwrap().verdict =
                        if is_over { Verdict::BreakGlass } else { Verdict::Approve };
                    approval.broken_glass = is_over.then(BrokenGlass::default);
                    approval.state =
                        outcome.map_or(State::Pending, |outcome| State::Resolved(Resolution { outcome, at }));
                    harness.pass_time(5);
                    let updated = messenger.update(&approval, &message, soon()).await;
                    updated.unwrap_or_else(|error| panic!("{script:?}, {voters} in {platform:?}: {error:?}"));
                }
            }
        }
        let slack = harness.world.slack.latest_message("C0FINANCE").unwrap();
        assert!(!slack.blocks.to_string().contains("\"reject\""), "only the details can still be pressed");
        assert_whole(&request, &shown(&slack), "Slack");
        assert!(shown(&slack).contains("earlier votes are in the audit trail."), "{}", shown(&slack));
        let teams = harness.world.teams.messages("19:finance@thread.tacv2").pop().unwrap().card.unwrap();
        // Braces are kept apart by a mark that nobody sees.
        let teams = texts(&teams).join("\n").replace('\u{2060}', "");
        assert_whole(&request, &teams, "Teams");
        assert_details(&request, &teams, "Teams");
        assert!(teams.contains("approved in Slack"), "there is room for votes: {teams}");
    }
}

#[tokio::test]
async fn the_longest_request_is_whole_in_mails_lists_and_answers() {
    for script in ["x", "&", "😀"] {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let mut request = longest(script);
        request["requestedBy"] = json!("ada");
        for number in 0..20 {
            let mut input = input(&request);
            input["taskToken"] = json!(format!("token {number}"));
            harness.pass_time(2);
            notify::notify(&harness.world.bot().app, input).await.unwrap();
        }
        harness.deliver().await;
        request["requestedBy"] = json!("Ada Lovelace");
        let mail = harness.mails("grace").remove(0);
        let title = request["title"].as_str().unwrap();
        // A longer line of a quotation is broken, with the mark on each part.
        let unbroken = mail.text.replace("\r\n", "\n").replace("\n> ", "");
        assert_whole(&request, &unbroken, "text mail");
        assert_details(&request, &unbroken, "text mail");
        // But for an address, which has no white space to be broken at.
        let quoted = mail.text.lines().filter(|line| line.starts_with("> ") && !line.starts_with("> https://"));
        assert!(quoted.clone().all(|line| line.chars().count() <= 72), "{}", mail.text);
        assert_whole(&request, &mail.html.replace("&#38;", "&"), "HTML mail");
        assert_details(&request, &mail.html.replace("&#38;", "&"), "HTML mail");
        assert_eq!(mail.subject, format!("Approval needed: {title}"));
        let page = harness.browser.get(&harness.link("grace")).await.unwrap().body;
        assert_whole(&request, &page.replace("&#38;", "&"), "page");
        assert_details(&request, &page.replace("&#38;", "&"), "page");
        let approval = harness.world.store.all().remove(0);
        assert_eq!(harness.press("grace", &approval, DETAILS, None).await, 200);
        let view = harness.world.slack.open_view(&harness.user("grace").id).expect("Slack has taken the view");
        assert_details(&request, &texts(&view.view).join("\n"), "view in Slack");
        for (text, least) in [("", 5), (&*format!("show {}", harness.world.store.all()[0].id), 1)] {
            let answer = harness.world.slack.command(&harness.user("grace"), "C0FINANCE", "/approvals", text).await;
            let shown = texts(&answer.blocks).concat();
            assert!(shown.matches(title).count() >= least, "{text}: {shown}");
            assert!(!text.is_empty() || shown.contains("more") || shown.matches(title).count() == 20, "{shown}");
        }
        let said = harness.world.teams.say(&harness.teams_user("grace"), "19:finance@thread.tacv2", "pending").await;
        assert_eq!(said.unwrap(), 200);
        let list = harness.world.teams.messages("19:finance@thread.tacv2").pop().unwrap().text.replace("&amp;", "&");
        assert!(list.contains(title), "{list}");
    }
}

#[tokio::test]
async fn what_is_longer_is_refused_by_the_name_of_its_field() {
    let harness = Harness::start().await;
    let fact = |name: usize, value: usize| json!([{"name": "n".repeat(name), "value": "v".repeat(value)}]);
    let cases = [
        ("title", json!("x".repeat(151)), "approval.title: has 151 characters, at most 150"),
        ("title", json!("😀".repeat(76)), "approval.title: has 152 characters, at most 150"),
        ("summary", json!("x".repeat(3_001)), "approval.summary: has 3001 characters, at most 3000"),
        ("summary", json!("\u{202e}".repeat(400)), "approval.summary: has 3200 characters, at most 3000"),
        ("requestedBy", json!("x".repeat(101)), "approval.requestedBy: has 101 characters, at most 100"),
        ("facts", fact(101, 1), "approval.facts[0].name: has 101 characters, at most 100"),
        ("facts", fact(1, 1_801), "approval.facts[0].value: has 1801 characters, at most 1800"),
        ("facts", json!(vec![fact(1, 1)[0].clone(); 21]), "approval.facts: has 21 facts, at most 20"),
        ("facts", json!(vec![fact(1, 1_800)[0].clone(); 4]), "approval: its texts have 7210 characters together"),
        ("summary", json!("&".repeat(1_500)), "approval: its texts have 7506 characters together, at most 7000"),
        ("correlation", json!({"a": "x".repeat(8_192)}), "approval.correlation: has 8200 bytes, at most 8192"),
    ];
    for (field, value, expected) in cases {
        let mut request = json!({"policy": "calculation", "title": "t", "requestedBy": "linus"});
        request[field] = value;
        let error = notify::notify(&harness.world.bot().app, input(&request)).await.unwrap_err();
        assert_eq!(error.name(), "InvalidApprovalRequest");
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let request = json!({"policy": "calculation", "title": "", "summary": "x".repeat(3_001), "facts": fact(101, 1)});
    let error = notify::notify(&harness.world.bot().app, input(&request)).await.unwrap_err().to_string();
    for field in ["approval.title: ", "approval.summary: ", "approval.facts[0].name: "] {
        assert!(error.contains(field), "all of it is told at once: {error}");
    }
    assert!(harness.world.store.all().is_empty() && harness.world.slack.messages("C0FINANCE").is_empty());
}

#[tokio::test]
async fn a_title_that_says_something_else_at_its_end_is_not_cut() {
    let harness = Harness::start().await;
    let title = format!("{}AND 9,900,000.00 EUR to Mallory", "Pay 10 EUR to Ada ".repeat(9).split_at(150).0);
    let request = json!({"policy": "calculation", "title": title});
    let error = notify::notify(&harness.world.bot().app, input(&request)).await.unwrap_err();
    assert!(error.to_string().starts_with("approval.title: has 181 characters"), "{error}");
}

/// Gmail shows about the first 102 KB of a mail, and hides the rest behind a link.
#[tokio::test]
async fn a_request_of_many_lines_is_shown_whole_by_gmail_and_by_slack() {
    let harness = Harness::start().await;
    let facts: Vec<Value> = (0..20).map(|n| json!({"name": format!("Amount {n}"), "value": "1"})).collect();
    let request = json!({
        "policy": "calculation", "title": "Pay", "summary": "a\n".repeat(1_480), "facts": facts, "requestedBy": "linus",
    });
    let approval = harness.ask_for(&request).await;
    let mail = harness.mails("grace").remove(0);
    assert!(mail.html.len() < 60_000, "{} bytes", mail.html.len());
    let blocks = harness.card(&approval).blocks;
    let sections: Vec<&Value> = blocks.as_array().unwrap().iter().filter(|block| block["type"] == "section").collect();
    assert!(sections.len() >= 3 && sections.iter().all(|section| section["expand"] == true), "{sections:?}");
    let shown = shown(&harness.card(&approval));
    assert!(shown.find("In the words of whoever asked:") < shown.find("Amount 0"), "{shown}");
    let in_teams = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = in_teams.ask_for(&request).await;
    let card = texts(&in_teams.teams_card(&approval).card.unwrap()).join("\n");
    assert!(card.find("In the words of whoever asked:") < card.find("Amount 0"), "{card}");
}

#[tokio::test]
async fn the_longest_mail_is_shown_whole_by_gmail() {
    let harness = Harness::start().await;
    // In HTML each of them is five characters.
    let quotes = |count: usize| "'".repeat(count);
    let facts = json!([{"name": "a", "value": quotes(1_800)}, {"name": "b", "value": quotes(1_800)}]);
    let request = json!({
        "policy": "calculation", "title": "Pay", "summary": quotes(3_000), "facts": facts, "requestedBy": "linus",
        "risk": "high", "details": [{"title": "All of it", "text": quotes(9_991)}],
    });
    harness.ask_for(&request).await;
    let mail = harness.mails("grace").remove(0);
    assert!(mail.html.len() < 102_000, "{} bytes", mail.html.len());
}

#[tokio::test]
async fn a_closed_card_with_many_long_votes_is_taken_by_slack() {
    let harness = Harness::with_rules(&many_approvers().replace("required = 100", "required = 30")).await;
    let approval = harness.ask().await;
    for n in 0..30 {
        harness.press(&format!("p{n}"), &approval, "approve", Some(&"&".repeat(2_000))).await;
    }
    harness.settled(&approval, Status::Approved).await;
    assert!(shown(&harness.card(&approval)).contains("30 of 30 approvals"));
    assert!(!has_buttons(&harness.card(&approval)));
}

#[tokio::test]
async fn a_closed_card_with_the_longest_comment_is_taken_by_slack() {
    for comment in ["<".repeat(2_000), "😀".repeat(2_000), "line\n".repeat(400)] {
        let harness = Harness::start().await;
        let approval = harness.ask().await;
        harness.press("grace", &approval, "approve", Some(&comment)).await;
        harness
            .until("the requester knows the result", |world| {
                let approval = world.store.all().pop()?;
                (approval.execution_end.is_some() && !approval.is_unfinished()).then_some(())
            })
            .await;
        assert_eq!(harness.thread(&approval).len(), 2);
    }
}
