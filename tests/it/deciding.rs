//! Deciding on the card: who may, what is said to whom, and what everybody sees afterwards.

use countersign_bot::approval::state::Status;

use countersign_playground::fakes::Mail;
use serde_json::json;

use crate::support::{Harness, RULES, RULES_WITH_TEAMS, has_buttons, shown};

#[tokio::test]
async fn approving_on_the_card_finishes_the_workflow_and_closes_every_copy() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let open = harness.card(&approval);
    assert!(has_buttons(&open));
    for text in
        ["Calculation 125 + 122", "Result\n494", "Requested by Ada Lovelace", "0 of 1 approvals", approval.id.as_str()]
    {
        assert!(shown(&open).contains(text), "{text}");
    }
    assert!(shown(&open).contains("<!date^"), "the deadline is in the reader's own zone");
    assert_eq!(harness.press("grace", &approval, "approve", Some("Looks right")).await, 200);
    let ended = harness.ended().await;
    let output = ended.output.unwrap();
    assert_eq!((output["status"].as_str(), output["result"].as_i64()), (Some("approved"), Some(494)));
    assert_eq!(output["approvedBy"][0]["person"], "grace");
    assert_eq!(output["approvedBy"][0]["platform"], "slack");
    harness.settled(&approval, Status::Approved).await;
    let closed = harness.card(&approval);
    assert!(!has_buttons(&closed));
    for text in ["Approved by Grace Hopper", "Grace Hopper\n approved in Slack, ", "Looks right", "1 of 1 approvals"] {
        assert!(shown(&closed).contains(text), "{text}: {}", shown(&closed));
    }
    assert_eq!(harness.whispers("grace"), Vec::<String>::new(), "the card says it all");
}

/// What is over has no deadline any more, on whichever copy.
#[tokio::test]
async fn only_what_waits_speaks_of_a_deadline() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let copies = |mail: &Mail| {
        let (slack, teams) = (shown(&harness.card(&approval)), harness.teams_card(&approval).card.unwrap().to_string());
        [slack, teams, mail.text.clone(), mail.html.clone()].map(|copy| copy.to_lowercase().contains("decide by"))
    };
    let asked = harness.until("the mail is out", |_| harness.mails("grace").pop()).await;
    assert_eq!(copies(&asked), [true; 4]);
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let closing = harness.until("the mail that closes", |_| harness.mails("grace").into_iter().nth(1)).await;
    assert_eq!(copies(&closing), [false; 4]);
}

/// A comment that a rejection needs is not called optional beside it.
#[tokio::test]
async fn the_comment_is_optional_or_a_rejection_needs_it() {
    for (rules, label, is_optional) in [
        (RULES, "Comment (a rejection needs one)", false),
        ("approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"", "Comment", true),
    ] {
        let harness = Harness::with_rules(rules).await;
        let card = harness.card(&harness.ask().await);
        let input = card.blocks.as_array().unwrap().iter().find(|block| block["type"] == "input").unwrap();
        assert_eq!((&input["label"]["text"], &input["optional"]), (&json!(label), &json!(is_optional)));
    }
}

#[tokio::test]
async fn the_requester_hears_the_outcome_and_the_result_in_the_thread() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", Some("Fine <!here>")).await;
    let record = harness.until("the requester knows the result", |world| {
        world.store.all().into_iter().find(|approval| approval.execution_end.is_some() && !approval.is_unfinished())
    });
    record.await;
    let thread = harness.thread(&approval);
    assert_eq!(thread.len(), 2, "{thread:?}");
    assert!(thread[0].starts_with("<@U0ADA> Approved by Grace Hopper"), "{thread:?}");
    assert!(thread[0].contains("\n>Fine &lt;!here&gt;"), "{thread:?}");
    assert!(thread[1].starts_with("<@U0ADA> The workflow has ended: SUCCEEDED"), "{thread:?}");
    assert!(thread[1].contains("• result: 494") && thread[1].contains("• status: approved"), "{thread:?}");
}

#[tokio::test]
async fn a_rejection_needs_its_reason_and_never_reaches_finalize() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "reject", None).await;
    assert_eq!(
        harness.whispers("grace"),
        ["A rejection needs a reason: write it in the comment field, then press Reject."]
    );
    harness.press("grace", &approval, "reject", Some("Wrong invoice")).await;
    let output = harness.ended().await.output.unwrap();
    assert_eq!(output["status"], "rejected");
    assert_eq!(output["decision"]["decidedBy"][0]["comment"], "Wrong invoice");
    harness.settled(&approval, Status::Rejected).await;
    assert!(shown(&harness.card(&approval)).contains("Rejected by Grace Hopper"));
    let states: Vec<String> = harness
        .world
        .engine
        .history(approval.request.execution.as_str())
        .into_iter()
        .filter_map(|event| event.state)
        .collect();
    assert!(!states.contains(&"Finalize".to_owned()), "{states:?}");
}

#[tokio::test]
async fn the_wrong_person_is_told_privately_and_nothing_changes() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    for action in ["approve", "reject"] {
        harness.press("ada", &approval, action, Some("mine")).await;
        harness.press("linus", &approval, action, Some("why not")).await;
        harness.press("outsider", &approval, action, Some("hm")).await;
    }
    let own = "You asked for this yourself, so somebody else has to decide.";
    assert_eq!(harness.whispers("ada")[1..], [own, own]);
    let not = "You cannot decide on this request. It waits for Grace Hopper.";
    assert_eq!(harness.whispers("linus"), [not, not]);
    assert!(harness.whispers("outsider")[0].starts_with("You are not listed in the policy"));
    let record = harness.record(&approval.id);
    assert_eq!((record.status(), record.votes.len()), (Status::Pending, 0));
}

#[tokio::test]
async fn the_second_click_hears_who_decided_and_when() {
    let harness =
        Harness::with_rules("approvers = [\"ada\", \"grace\", \"linus\"]\nslack_channel = \"C0FINANCE\"").await;
    let approval = harness.ask().await;
    let payload = |user: &str, action: &str| {
        serde_json::json!({
            "type": "block_actions", "user": {"id": user, "team_id": "T0LOCAL"}, "team": {"id": "T0LOCAL"},
            "channel": {"id": "C0FINANCE"}, "actions": [{"action_id": action, "value": approval.id}]
        })
    };
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    harness.world.slack.press_raw(&payload("U0LINUS", "reject")).await.unwrap();
    harness.world.slack.press_raw(&payload("U0GRACE", "approve")).await.unwrap();
    for who in ["linus", "grace"] {
        let whispers = harness.whispers(who);
        assert!(whispers[0].starts_with("This was approved by Grace Hopper, <!date^"), "{whispers:?}");
    }
    assert_eq!(harness.events("Approval Resolved").len(), 1);
}

#[tokio::test]
async fn a_quorum_of_two_is_two_people_and_each_vote_shows_on_the_card() {
    let rules = "approvers = [\"finance\", \"board\", \"linus\"]\nrequired = 2\nslack_channel = \"C0FINANCE\"";
    let harness = Harness::with_rules(rules).await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", None).await;
    harness.press("grace", &approval, "approve", None).await;
    let link = harness.link("grace");
    let page = harness.post(&link, "approve", "again, by mail").await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("You approved this already"), "{}", page.body);
    let voted = harness.settled(&approval, Status::Pending).await;
    assert_eq!(voted.approvals(), 1, "one person in two groups and on two platforms counts once");
    let card = harness.card(&approval);
    assert!(has_buttons(&card) && shown(&card).contains("1 of 2 approvals: Grace Hopper"), "{}", shown(&card));
    harness.press("linus", &approval, "approve", None).await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert_eq!(record.approvals(), 2);
    let resolved = &harness.events("Approval Resolved")[0];
    assert_eq!(resolved["decidedBy"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_click_one_tick_before_the_deadline_counts() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.pass_time(599);
    harness.press("grace", &approval, "approve", None).await;
    assert_eq!(harness.ended().await.output.unwrap()["status"], "approved");
}

#[tokio::test]
async fn a_click_at_the_deadline_does_not_count_and_everybody_sees_it_expired() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.pass_time(600);
    harness.press("grace", &approval, "approve", None).await;
    let output = harness.ended().await.output.unwrap();
    assert_eq!(output["status"], "expired");
    harness.settled(&approval, Status::Expired).await;
    let whispers = harness.whispers("grace");
    assert_eq!(whispers.len(), 1, "{whispers:?}");
    assert!(whispers[0].contains("expired") || whispers[0].contains("has passed"), "{whispers:?}");
    let card = harness.card(&approval);
    assert!(!has_buttons(&card) && shown(&card).contains("This expired without a decision"), "{}", shown(&card));
}

#[tokio::test]
async fn an_execution_that_is_aborted_in_the_console_closes_every_copy() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.world.engine.stop_execution(approval.request.execution.as_str(), "Stopped", "by hand").unwrap();
    harness.settled(&approval, Status::Cancelled).await;
    let card = harness.card(&approval);
    assert!(!has_buttons(&card) && shown(&card).contains("The execution was aborted."), "{}", shown(&card));
    let page = harness.post(&harness.link("grace"), "approve", "").await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("This was cancelled"), "{}", page.body);
    let closing = harness.mails("grace").pop().unwrap();
    assert!(closing.text.contains("This was cancelled"), "{}", closing.text);
}

#[tokio::test]
async fn the_policy_may_let_the_requester_count() {
    let harness = Harness::with_rules(&format!("{RULES}\nself_approval = true")).await;
    let approval = harness.ask().await;
    harness.press("ada", &approval, "approve", None).await;
    assert_eq!(harness.settled(&approval, Status::Approved).await.votes[0].person.as_str(), "ada");
}
