//! Who is called when a request goes out: the card names who may decide and mentions, once and in each chat, those whom the
//! policy has called.

use countersign_bot::approval::audit::What;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::ports::Store;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, policy, shown, texts};

/// The ids of the messages that have notified somebody: in Slack, and in Teams.
fn notified(harness: &Harness, who: &str) -> (Vec<String>, Vec<String>) {
    (harness.world.slack.notified(&harness.user(who).id), harness.world.teams.notified(&harness.teams_user(who)))
}

/// The ids of the cards in both chats, as a person would be notified of them.
fn cards(harness: &Harness, approval: &Approval) -> (Vec<String>, Vec<String>) {
    (vec![harness.card(approval).ts], vec![harness.teams_card(approval).id])
}

/// What the cards say in Slack and in Teams.
fn said(harness: &Harness, approval: &Approval) -> [String; 2] {
    [shown(&harness.card(approval)), texts(&harness.teams_card(approval).card.unwrap()).join("\n")]
}

const NOBODY: (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());

#[tokio::test]
async fn those_who_may_decide_are_named_and_called_once_in_each_chat() {
    let rules = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"finance\", \"linus\"]\nrequired = 2");
    let harness = Harness::with_rules(&rules).await;
    let approval = harness.ask().await;
    for card in said(&harness, &approval) {
        assert!(card.contains("May decide: Grace Hopper and Linus Pauling"), "{card}");
    }
    let called = cards(&harness, &approval);
    assert_eq!((notified(&harness, "grace"), notified(&harness, "linus")), (called.clone(), called.clone()));
    assert_eq!(notified(&harness, "ada"), NOBODY, "who asked may not decide");
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Pending).await;
    harness.press_in_teams("linus", &approval, "approve", &[]).await;
    harness.settled(&approval, Status::Approved).await;
    for card in said(&harness, &approval) {
        assert!(!card.contains("May decide") && !card.contains("your decision is wanted"), "{card}");
    }
    assert_eq!((notified(&harness, "grace"), notified(&harness, "linus")), (called.clone(), called));
}

#[tokio::test]
async fn the_policy_says_who_is_called_and_who_is_left_in_peace() {
    let rules = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"finance\", \"linus\"]");
    let rules = format!("{rules}\nnotify = [\"linus\"]\nsilent = [\"board\"]\nremind_after = [\"5m\"]");
    let harness = Harness::with_rules(&rules).await;
    let approval = harness.ask().await;
    let called = cards(&harness, &approval);
    assert_eq!((notified(&harness, "linus"), notified(&harness, "grace")), (called, NOBODY));
    assert!(harness.mails("grace").is_empty() && harness.mails("linus").len() == 1);
    harness.pass_time(300);
    harness.reconcile().await;
    harness.settled(&approval, Status::Pending).await;
    let thread = harness.thread(&approval);
    assert!(thread.len() == 1 && thread[0].starts_with("<@U0LINUS>: This still waits"), "{thread:?}");
    let thread = harness.teams_thread(&approval);
    assert!(thread.len() == 1 && thread[0].starts_with("Linus Pauling: This still waits"), "{thread:?}");
    assert_eq!(notified(&harness, "grace"), NOBODY);
    for card in said(&harness, &approval) {
        assert!(card.contains("May decide: Grace Hopper and Linus Pauling"), "who is silent is named: {card}");
    }
    let show = format!("show {}", approval.id);
    let told = harness.world.slack.command(&harness.user("grace"), "C0FINANCE", "/approvals", &show).await;
    let told = texts(&told.blocks).concat();
    for line in ["Called when it is asked: Linus Pauling", "May decide without being called: Grace Hopper"] {
        assert!(told.contains(line), "{told}");
    }
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn the_trail_says_who_was_reminded_and_not_who_was_left_in_peace() {
    let rules = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"finance\", \"linus\"]");
    let harness = Harness::with_rules(&format!("{rules}\nsilent = [\"board\"]\nremind_after = [\"5m\"]")).await;
    let approval = harness.ask().await;
    harness.pass_time(300);
    harness.reconcile().await;
    harness.settled(&approval, Status::Pending).await;
    let trail = harness.world.store.history(&approval.id).await.unwrap();
    let reminded = trail.iter().find_map(|entry| match &entry.what {
        What::Reminded { people } => Some(people.iter().map(ToString::to_string).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(reminded.as_deref(), Some(&["linus".to_owned()][..]), "{trail:?}");
}

#[tokio::test]
async fn an_empty_list_mentions_nobody_and_the_card_goes_out_all_the_same() {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\nnotify = []")).await;
    let approval = harness.ask().await;
    assert_eq!(notified(&harness, "grace"), NOBODY);
    assert_eq!(harness.mails("grace").len(), 1, "mails go by their own key");
    for card in said(&harness, &approval) {
        assert!(card.contains("May decide: Grace Hopper") && !card.contains("wanted"), "{card}");
    }
}

/// Eve is in neither chat, and Linus is not in Teams.
#[tokio::test]
async fn who_is_not_in_a_chat_is_named_there() {
    let eve = "[people.eve]\nname = \"Eve\"\nemail = \"eve@example.com\"\n[groups]";
    let rules = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"finance\", \"linus\", \"eve\"]");
    let policy = policy(&rules).replace("[groups]", eve);
    let policy = policy.replace("teams = \"c0117e45-1671-4000-8000-000000000003\"\n", "");
    let harness = Harness::with_policy(&policy, |ports| ports).await;
    let approval = harness.ask().await;
    for card in said(&harness, &approval) {
        assert!(card.contains("May decide: Grace Hopper, Linus Pauling and Eve"), "{card}");
    }
    let card = harness.teams_card(&approval).card.unwrap();
    let mentioned: Vec<&Value> = card["msteams"]["entities"].as_array().unwrap().iter().collect();
    assert_eq!(mentioned.len(), 1, "{mentioned:?}");
    assert_eq!(mentioned[0]["text"], "<at>Grace Hopper</at>");
    assert_eq!(harness.world.slack.notified("U0LINUS"), [harness.card(&approval).ts]);
}

#[tokio::test]
async fn of_many_the_first_are_named_and_called_and_the_others_counted() {
    let people: String = (0..27)
        .map(|n| {
            format!(
                "[people.p{n}]\nname = \"*P{n}*\"\nslack = \"UP{n}\"\nteams = \"00000000-0000-4000-8000-{n:012}\"\n"
            )
        })
        .collect();
    let keys: Vec<String> = (0..27).map(|n| format!("\"p{n}\"")).collect();
    let rules = RULES_WITH_TEAMS.replace("\"finance\"", &keys.join(", "));
    let harness = Harness::with_rules(&format!("{rules}\n{people}")).await;
    let approval = harness.ask().await;
    for card in said(&harness, &approval) {
        assert!(card.contains("*P18*, *P19* and 7 more") && !card.contains("*P20*"), "{card}");
    }
    let called = |n: usize| harness.world.slack.notified(&format!("UP{n}")).len();
    assert_eq!(((0..20).map(called).sum::<usize>(), (20..27).map(called).sum::<usize>()), (20, 0));
    let card = harness.teams_card(&approval).card.unwrap();
    assert_eq!(card["msteams"]["entities"].as_array().unwrap().len(), 20);
    assert_eq!(card["msteams"]["entities"][0]["text"], "<at>P0</at>", "no mark is left in a mention");
}

#[tokio::test]
async fn a_request_that_names_who_decides_calls_them() {
    let rules = format!("{RULES_WITH_TEAMS}\nself_approval = true\nnotify = [\"ada\"]");
    let harness = Harness::with_rules(&rules).await;
    let request = json!({"policy": "calculation", "title": "Deploy", "requestedBy": "linus", "approvers": ["grace"]});
    let approval = harness.ask_for(&request).await;
    let called = cards(&harness, &approval);
    assert_eq!((notified(&harness, "grace"), notified(&harness, "ada")), (called, NOBODY));
}

#[tokio::test]
async fn whoever_stands_in_is_called_with_whom_they_stand_in_for() {
    let rules = format!("{RULES_WITH_TEAMS}\ndelegates = [\"linus\"]");
    let harness = Harness::with_rules(&rules).await;
    let away = "away until tomorrow for Linus";
    harness.world.slack.command(&harness.user("grace"), "C0FINANCE", "/approvals", away).await;
    let approval = harness.ask().await;
    let called = cards(&harness, &approval);
    assert_eq!((notified(&harness, "grace"), notified(&harness, "linus")), (called.clone(), called));
}
