//! Approving alone in an emergency: who may, what everybody is told, and who acknowledges it afterwards.

use countersign_bot::approval::audit::{Reason, What};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::ports::Store;
use serde_json::{Value, json};

use crate::support::said::{in_slack, in_teams};
use crate::support::{Harness, RULES_WITH_TEAMS, card_of, policy, shown, texts};

/// Ada asks, Ada and Grace approve, and Linus may approve alone; so may Ada, but for what she asked herself.
const GLASS: &str = "required = 2\nself_approval = true\nbreak_glass = { who = [\"linus\", \"ada\"] }";

async fn with(more: &str) -> Harness {
    let rules = policy(&format!("{RULES_WITH_TEAMS}\n{GLASS}\n{more}"));
    Harness::with_policy(&rules.replace("\"optional\"", "\"known\""), |ports| ports).await
}

async fn trail(harness: &Harness, approval: &Approval) -> Vec<What> {
    harness.world.store.history(&approval.id).await.unwrap().into_iter().map(|entry| entry.what).collect()
}

async fn later(harness: &Harness, approval: &Approval, seconds: i64) {
    harness.pass_time(seconds);
    harness.reconcile().await;
    harness.settled(approval, harness.record(&approval.id).status()).await;
}

#[tokio::test]
async fn one_person_approves_alone_and_everybody_is_told_until_another_acknowledges_it() {
    let harness = with("").await;
    let approval = harness.ask_for(&json!({ "policy": "calculation", "title": "Deploy", "requestedBy": "ada" })).await;
    harness.pass_time(5);
    harness.press("grace", &approval, "approve", Some("fine")).await;
    let offer = in_slack(&harness, "linus", &format!("show {}", approval.id)).await;
    assert!(offer.contains(&format!("/approvals break-glass {} REASON", approval.id)), "{offer}");
    assert!(offer.contains("You cannot decide on this request"), "{offer}");
    let typed = format!("break-glass {} The shop is <down> & burning", approval.id);
    let told = in_slack(&harness, "linus", &typed).await;
    assert!(
        told.contains("You have broken the glass, and all approvers are told. Approved by Linus Pauling"),
        "{told}"
    );
    harness.settled(&approval, Status::Approved).await;

    let output = json!(harness.ended().await.output);
    let by = json!({ "person": "linus", "name": "Linus Pauling", "reason": "The shop is <down> & burning" });
    assert_eq!((&output["breakGlass"], &output["decidedBy"][0]["person"]), (&by, &json!("linus")), "{output}");
    let resolved = harness.events("Approval Resolved").remove(0);
    assert_eq!((&resolved["breakGlass"], &resolved["decidedBy"][0]["person"]), (&by, &json!("linus")));
    assert_eq!(resolved["decidedBy"].as_array().unwrap().len(), 1, "Grace did not decide this");
    let broken = harness.events("Approval Glass Broken").remove(0);
    assert_eq!((&broken["vote"]["comment"], &broken["acknowledgers"]), (&by["reason"], &json!(["ada", "grace"])));
    assert_eq!((&broken["approvals"], &broken["required"]), (&json!(1), &json!(2)));

    let mark = "Glass broken: Linus Pauling approved this alone";
    let (slack, teams) =
        (shown(&harness.card(&approval)), texts(&harness.teams_card(&approval).card.unwrap()).concat());
    let wanted = format!("acknowledge {}", approval.id);
    assert!(slack.contains(mark) && slack.contains(&wanted), "{slack}");
    assert!(teams.contains(mark) && teams.contains(&wanted), "{teams}");
    let alarm = harness.teams_card(&approval).card.unwrap().to_string();
    assert!(alarm.contains("\"style\":\"attention\""), "it is red in Teams: {alarm}");
    let thread = harness.thread(&approval);
    assert!(thread[0].contains("<@U0ADA>, <@U0GRACE>: ") && thread[0].contains("burning"), "{thread:?}");
    assert!(thread[1].contains("Approved by Linus Pauling"), "{thread:?}");
    let thread = harness.teams_thread(&approval);
    assert!(
        thread.iter().any(|note| note.contains("Ada Lovelace, Grace Hopper: ") && note.contains("burning")),
        "{thread:?}"
    );
    let mail = &harness.mails("grace")[1];
    assert!(mail.text.contains(mark) && mail.text.contains("burning") && mail.link().is_none(), "{}", mail.text);
    let closing = &harness.mails("grace").pop().unwrap().text;
    assert!(closing.contains("Another approver has to acknowledge it."), "{closing}");
    let page = harness.browser.get(&harness.link("grace")).await.unwrap().body;
    assert!(page.contains(mark), "{page}");

    let waits = "The glass was broken, and waits for your acknowledgement:";
    for who in ["ada", "grace"] {
        let list = in_slack(&harness, who, "").await;
        assert!(list.contains(waits) && list.contains(mark), "{who}: {list}");
        assert!(in_teams(&harness, who, "").await.contains(waits));
    }
    assert!(!in_slack(&harness, "linus", "pending").await.contains(waits));
    let own = in_slack(&harness, "linus", &wanted).await;
    assert!(own.contains("You have broken the glass yourself"), "{own}");
    let thanks = in_teams(&harness, "grace", &wanted).await;
    assert!(thanks.contains("Acknowledged by Grace Hopper"), "{thanks}");
    let record = harness.settled(&approval, Status::Approved).await;
    assert!(!record.awaits_acknowledgement());
    let again = in_slack(&harness, "ada", &wanted).await;
    assert!(again.contains("Grace Hopper has acknowledged this"), "{again}");
    for card in [shown(&harness.card(&approval)), texts(&harness.teams_card(&approval).card.unwrap()).concat()] {
        assert!(card.contains("Acknowledged by Grace Hopper") && !card.contains(&wanted), "{card}");
    }
    assert!(!in_slack(&harness, "ada", "").await.contains(waits));
    assert!(harness.thread(&approval).last().unwrap().contains("Acknowledged by Grace Hopper"));
    let acknowledged = harness.events("Approval Acknowledged").remove(0);
    assert_eq!((&acknowledged["acknowledgedBy"], &acknowledged["brokenBy"]), (&json!("grace"), &json!("linus")));
    let trail = trail(&harness, &approval).await;
    assert!(trail.iter().any(|what| matches!(what, What::Acknowledged { who, .. } if who.person.as_str() == "grace")));
    assert!(trail.iter().any(|what| matches!(what, What::AcknowledgeRefused { reason: Reason::OwnGlass, .. })));
}

/// In both chats alike, also by buttons and forms that the bot does not offer.
#[tokio::test]
async fn nobody_else_breaks_the_glass_and_nobody_without_a_reason() {
    let harness = with("").await;
    let approval = harness.ask().await;
    let typed = format!("break-glass {} now", approval.id);
    for (who, words, why) in [
        ("grace", typed.as_str(), "The policy does not let you approve this alone."),
        ("ada", &typed, "You asked for this yourself"),
        ("linus", &format!("break-glass {}", approval.id), "Whoever breaks the glass says why"),
        ("linus", "break-glass apr_x now", "is not the id of an approval"),
        ("linus", "break-glass", "break-glass ID REASON"),
        ("grace", &format!("acknowledge {}", approval.id), "there is nothing to acknowledge"),
    ] {
        let (slack, teams) = (in_slack(&harness, who, words).await, in_teams(&harness, who, words).await);
        assert!(slack.contains(why) && teams.contains(why), "{who} {words}: {slack} {teams}");
    }
    let (channel, ts) = card_of(&approval);
    let slack = &harness.world.slack;
    let mut payload = slack.press_payload(&harness.user("linus"), &channel, &ts, "reject", Some("now")).unwrap();
    payload["actions"][0]["action_id"] = json!("break_glass");
    slack.press_raw(&payload).await.unwrap();
    let (card, linus) = (harness.teams_card(&approval), harness.teams_user("linus"));
    let _ = harness.world.teams.press(&linus, &card.id, "break_glass", &[("comment", "now")]).await;
    let by_mail = harness.post(&harness.link("grace"), "break-glass", "now").await;
    assert_eq!(by_mail.status, 422);
    let record = harness.record(&approval.id);
    assert!(record.status() == Status::Pending && record.votes.is_empty(), "{record:?}");
    let refused =
        |what: &What| matches!(what, What::Refused { reason: Reason::MayNotBreakGlass | Reason::OwnRequest, .. });
    assert_eq!(trail(&harness, &approval).await.iter().filter(|what| refused(what)).count(), 4);

    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let off = in_slack(&harness, "linus", &format!("break-glass {} now", approval.id)).await;
    assert!(off.contains("The policy does not let you approve this alone."), "off unless the policy says so: {off}");
}

#[tokio::test]
async fn who_may_acknowledge_is_reminded_day_after_day_and_for_two_weeks_at_most() {
    const DAY: i64 = 24 * 3_600;
    // 10:00 in UTC is 11:00 in Berlin in winter.
    let harness = with("quiet_hours = { from = \"10:00\", to = \"12:00\", time_zone = \"Europe/Berlin\" }").await;
    let approval = harness.ask().await;
    in_slack(&harness, "linus", &format!("break-glass {} down", approval.id)).await;
    harness.ended().await;
    harness.settled(&approval, Status::Approved).await;
    harness.until("the result is told", |_| harness.record(&approval.id).execution_end).await;
    harness.settled(&approval, Status::Approved).await;
    let (told, mailed) = (harness.thread(&approval).len(), harness.mails("grace").len());
    let reminders = || (harness.thread(&approval).len() - told, harness.mails("grace").len() - mailed);
    later(&harness, &approval, DAY - 1).await;
    assert_eq!(reminders(), (0, 0));
    later(&harness, &approval, 1).await;
    assert_eq!(reminders(), (0, 0), "not in quiet hours");
    later(&harness, &approval, 3_600).await;
    assert_eq!(reminders(), (1, 1));
    let last = harness.thread(&approval).pop().unwrap();
    assert!(last.contains("<@U0ADA>, <@U0GRACE>: ") && last.contains("Glass broken: "), "{last}");
    later(&harness, &approval, 3 * DAY).await;
    assert_eq!(reminders(), (2, 2), "those that were missed are one");
    for _ in 0..20 {
        later(&harness, &approval, DAY).await;
    }
    assert_eq!(reminders(), (14, 14));
    assert_eq!(harness.record(&approval.id).due_at(), None, "nobody looks at it any more");
    assert!(in_slack(&harness, "grace", "").await.contains("waits for your acknowledgement"), "and yet it is open");
}

#[tokio::test]
async fn what_is_asked_of_whoever_approves_is_answered_with_its_defaults_or_refused() {
    let input = |more: Value| {
        let mut input = json!({ "name": "window", "type": "choice", "options": ["tonight", "Sunday"] });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "policy": "calculation", "title": "Deploy", "requestedBy": "ada", "risk": "high", "inputs": [input] })
    };
    let harness = with("").await;
    let approval = harness.ask_for(&input(json!({ "default": "Sunday" }))).await;
    in_slack(&harness, "linus", &format!("break-glass {} down", approval.id)).await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert_eq!(record.votes[0].inputs["window"], "Sunday");

    let harness = with("").await;
    let approval = harness.ask_for(&input(json!({}))).await;
    let why = "You cannot approve this alone: whoever approves has to answer “window”, and no command takes an answer.";
    for typed in [format!("break-glass {} down", approval.id), format!("show {}", approval.id)] {
        for told in [in_slack(&harness, "linus", &typed).await, in_teams(&harness, "linus", &typed).await] {
            assert!(told.contains(why) && !told.contains("REASON"), "{typed}: {told}");
        }
    }
    let to_grace = in_slack(&harness, "grace", &format!("show {}", approval.id)).await;
    assert!(!to_grace.contains("alone"), "the policy lets her approve nothing alone: {to_grace}");
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
}
