//! What people ask about one approval in a chat: how it stands and what they may do, and to take it back.

use countersign_bot::approval::audit::What;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::engine::ExecutionStatus;

use crate::support::faults::{Call, Fault, Faults};
use crate::support::{Harness, RULES, RULES_WITH_TEAMS, has_buttons, shown};

/// What Slack shows only this person after `/approvals` and this.
async fn approvals(harness: &Harness, who: &str, text: &str) -> String {
    let channel = harness.world.channel.clone();
    let answer = harness.world.slack.command(&harness.user(who), &channel, "/approvals", text).await;
    assert_eq!(answer.status, 200);
    answer.text.unwrap()
}

/// What the bot answers in the Teams channel.
async fn said(harness: &Harness, who: &str, text: &str) -> String {
    let channel = "19:finance@thread.tacv2";
    let teams = &harness.world.teams;
    assert_eq!(teams.say(&harness.teams_user(who), channel, text).await.unwrap(), 200);
    teams.messages(channel).pop().unwrap().text
}

async fn trail(harness: &Harness, approval: &Approval) -> Vec<What> {
    let entries = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    entries.into_iter().map(|entry| entry.what).collect()
}

#[tokio::test]
async fn show_says_how_it_stands_and_what_one_may_do() {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\nrequired = 2\nself_approval = true")).await;
    let approval = harness.ask().await;
    let show = format!("show {}", approval.id);
    let to_grace = approvals(&harness, "grace", &show).await;
    for text in [
        "*Calculation 125 + 122*",
        "0 of 2",
        "Policy: calculation",
        "Could still decide: Ada Lovelace and Grace Hopper",
        "You may approve",
    ] {
        assert!(to_grace.contains(text), "{text}: {to_grace}");
    }
    assert!(!to_grace.contains("cancel"), "{to_grace}");
    harness.press("grace", &approval, "approve", Some("fine *by me*")).await;
    let to_grace = said(&harness, "grace", &show).await;
    for text in [
        "1 of 2",
        "Grace Hopper approved in Slack",
        "You approved it",
        "may still reject",
        "Could still decide: Ada Lovelace",
    ] {
        assert!(to_grace.contains(text), "{text}: {to_grace}");
    }
    let to_ada = said(&harness, "ada", &show).await;
    assert!(to_ada.contains(&format!("`approvals cancel {}`", approval.id)), "{to_ada}");
    let to_linus = approvals(&harness, "linus", &show).await;
    assert!(
        to_linus.contains("You cannot decide on this request. It waits for Ada Lovelace or Grace Hopper."),
        "{to_linus}"
    );
    harness.press("ada", &approval, "reject", Some("no")).await;
    harness.settled(&approval, Status::Rejected).await;
    let afterwards = approvals(&harness, "grace", &show).await;
    assert!(afterwards.contains("Rejected by Ada Lovelace") && !afterwards.contains("Could still"), "{afterwards}");
}

#[tokio::test]
async fn whoever_asked_takes_it_back_and_the_workflow_answers_so() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let answer = approvals(&harness, "ada", &format!("cancel {}", approval.id)).await;
    assert!(answer.contains("It was cancelled by Ada Lovelace, who had asked for it."), "{answer}");
    harness.settled(&approval, Status::Cancelled).await;
    let ended = harness.ended().await;
    assert_eq!(
        (ended.status, ended.output.unwrap()["status"].as_str()),
        (ExecutionStatus::Succeeded, Some("cancelled"))
    );
    assert!(
        !has_buttons(&harness.card(&approval)) && shown(&harness.card(&approval)).contains("cancelled by Ada Lovelace")
    );
    assert!(harness.teams_card(&approval).card.unwrap().to_string().contains("cancelled by Ada Lovelace"));
    assert_eq!(harness.events("Approval Resolved")[0]["status"], "cancelled");
    let closing = harness.mails("grace").pop().unwrap();
    assert!(closing.subject.starts_with("Re: "), "{}", closing.subject);

    let page = harness.post(&harness.link("grace"), "approve", "").await;
    assert!(page.body.contains("This was cancelled"), "{}", page.body);
    let again = said(&harness, "ada", &format!("cancel {}", approval.id)).await;
    assert!(again.contains("This was cancelled"), "{again}");
    let trail = trail(&harness, &approval).await;
    assert!(trail.iter().any(|what| matches!(what, What::Cancelled { who, .. } if who.person.as_str() == "ada")));
}

#[tokio::test]
async fn nobody_else_takes_it_back() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let answer = approvals(&harness, "grace", &format!("cancel {}", approval.id)).await;
    assert!(answer.contains("Only Ada Lovelace can cancel this request"), "{answer}");
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
    assert!(trail(&harness, &approval).await.iter().any(|what| matches!(what, What::CancelRefused { .. })));
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let late = approvals(&harness, "ada", &format!("cancel {}", approval.id)).await;
    assert!(late.contains("This was approved by Grace Hopper"), "{late}");
}

/// The callback of a cancellation is made up for like that of a decision.
#[tokio::test]
async fn a_cancellation_is_finished_when_step_functions_is_back() {
    let faults = Faults::default();
    let harness = Harness::with(RULES, |ports| faults.in_front_of(ports)).await;
    let approval = harness.ask().await;
    faults.always(Call::Callback, Some(Fault::Refused));
    let answer = approvals(&harness, "ada", &format!("cancel {}", approval.id)).await;
    assert!(answer.contains("Your cancellation is recorded."), "{answer}");
    assert_eq!(harness.record(&approval.id).status(), Status::Resolving);
    faults.always(Call::Callback, None);
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Cancelled).await;
}

/// The answer to the callback is lost; Step Functions says that the task failed by our own word.
#[tokio::test]
async fn a_cancellation_whose_answer_was_lost_is_found_in_the_history() {
    let faults = Faults::default();
    let harness = Harness::with(RULES, |ports| faults.in_front_of(ports)).await;
    let approval = harness.ask().await;
    faults.next(Call::Callback, Fault::AnswerLost);
    approvals(&harness, "ada", &format!("cancel {}", approval.id)).await;
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Cancelled).await;
    assert!(shown(&harness.card(&approval)).contains("cancelled by Ada Lovelace"));
}

#[tokio::test]
async fn what_is_no_approval_is_named_and_the_rest_is_explained() {
    let harness = Harness::start().await;
    let wrong = approvals(&harness, "ada", "show <!channel>").await;
    assert!(wrong.contains("“&lt;!channel&gt;” is not the id of an approval"), "{wrong}");
    assert!(approvals(&harness, "ada", "show a b").await.contains("“a b” is not the id of an approval"));
    // No token makes the second, whose form is that of an id all the same.
    for id in ["apr_00000000000000000000000000", "apr_zzzzzzzzzzzzzzzzzzzzzzzzzz", "apr_lllllllllllllllllllllllll1"] {
        for verb in ["show", "cancel"] {
            let unknown = approvals(&harness, "ada", &format!("{verb} {id}")).await;
            assert_eq!(unknown, "This approval is not known here.");
        }
    }
}

#[tokio::test]
async fn who_leaves_something_out_is_told_what_and_the_help_has_a_line_for_each_command() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    for (typed, expected) in [
        ("show", "Nothing was done: say which approval. `/approvals show ID` says how"),
        ("cancel", "Nothing was done: say which approval. `/approvals cancel ID` takes"),
        ("acknowledge", "Nothing was done: say which approval. `/approvals acknowledge ID` says"),
        ("break-glass", "Nothing was done: say which approval. `/approvals break-glass ID REASON` approves alone"),
        ("back home", "Nothing was done. `/approvals away until DATE for NAME`"),
        ("away until friday", "Nothing was changed: say until when, and who stands in for you. `/approvals away until"),
        ("delete it", "`/approvals` knows no “delete it”. What one can say about approvals:\n• `/approvals` lists"),
    ] {
        let told = approvals(&harness, "ada", typed).await;
        assert!(told.starts_with(expected), "{typed}: {told}");
        let told = said(&harness, "ada", &format!("approvals {typed}")).await;
        let in_teams = expected.replace("/approvals", "approvals").replace("\n• ", "\n\n- ");
        assert!(told.starts_with(&in_teams), "{typed}: {told}");
    }
    let help = [approvals(&harness, "ada", "help").await, said(&harness, "ada", "help").await];
    for (help, prefix) in help.into_iter().zip(["• `/", "- `"]) {
        for command in ["approvals", "approvals show ID", "approvals cancel ID", "approvals acknowledge ID"] {
            assert!(help.lines().any(|line| line.starts_with(&format!("{prefix}{command}` "))), "{command}: {help}");
        }
    }
}
