//! The mission on the deployed system: the template, the packaged functions, and Slack and mail as people use them.

use std::sync::Arc;

use countersign_bot::approval::state::Status;
use countersign_playground::fakes::teams::Shown;
use countersign_tests::cases;
use countersign_tests::patience::until;
use serde_json::json;

use crate::support::calculation::{Calculation, arn_in};
use crate::support::chats::{CHANNEL, CONVERSATION, Chats};
use crate::support::emulators::{Case, Emulators};
use crate::support::step_functions::{self, ended};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        approved_in_slack,
        approved_in_teams,
        approved_by_mail,
        in_both_chats,
        rejected,
        expired,
        invalid_input,
        number_too_big,
        listed,
        aborted,
        only_for_authorised_callers
    ]
}

async fn approved_in_slack(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let calculation = Calculation::start(emulators.stack().await?, 125, 122).await?;
    assert_eq!(calculation.press("ada", "approve", None).await?, 200);
    calculation.decide("grace", "approve", None).await?;
    let end = calculation.ended().await?;
    let output = end.output.unwrap_or_default();
    assert_eq!((end.status.as_str(), &output["result"]), ("SUCCEEDED", &json!(494)), "{output}");
    assert_eq!(output["approvedBy"][0]["person"], "grace", "{output}");
    let approval = calculation.finished(Status::Approved).await?;
    assert!(approval.policy_version.is_some(), "it says under which version it was asked");
    let card = calculation.closed_card().await?;
    assert!(card.blocks.to_string().contains("Grace Hopper"), "{}", card.blocks);
    calculation.told("494").await
}

/// Started with a word to the bot, decided on the card, and every copy knows it.
async fn approved_in_teams(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    assert_eq!(stack.teams.say(&Chats::teams_user("ada"), CONVERSATION, "start 40 2").await?, 200);
    let said: Vec<String> = stack.teams.messages(CONVERSATION).into_iter().map(|message| message.text).collect();
    let started = said.iter().find(|text| text.starts_with("Started: ") && text.contains("arn:aws:states"));
    let execution = arn_in(started.expect("the bot says what it has started")).expect("it names the execution");
    let calculation = Calculation::of(stack, 40, 2, execution).await?;
    let card = calculation.teams_card().await?;
    let own = stack.teams.press(&Chats::teams_user("ada"), &card, "approve", &[]).await?;
    assert!(matches!(&own.shown, Shown::Message(text) if text.starts_with("You asked for this yourself")), "{own:?}");
    let pressed = stack.teams.press(&Chats::teams_user("grace"), &card, "approve", &[("comment", "fine")]).await?;
    assert!(matches!(&pressed.shown, Shown::Card(card) if !card.to_string().contains("Action.Execute")), "{pressed:?}");
    let output = calculation.ended().await?.output.unwrap_or_default();
    assert_eq!((&output["result"], &output["approvedBy"][0]["platform"]), (&json!(84), &json!("teams")), "{output}");
    assert!(calculation.closed_teams_card().await?.contains("fine"));
    calculation.closed_card().await?;
    stack.mail_to("grace@example.com", "Re: Approval needed: Calculation 40 + 2").await?;
    Ok(())
}

/// A decision in one chat closes the card in the other, and who presses in both counts once.
async fn in_both_chats(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let calculation = Calculation::run(stack, stack.output("StateMachineArn"), 41, 2).await?;
    let card = calculation.teams_card().await?;
    let grace = Chats::teams_user("grace");
    let late = stack.teams.invoke_payload(&grace, &card, "reject", &[("reason", "no")])?;
    calculation.decide("grace", "approve", None).await?;
    assert_eq!(calculation.ended().await?.output.unwrap_or_default()["result"], 86);
    assert!(calculation.closed_teams_card().await?.contains("Approved by Grace Hopper"));
    calculation.closed_card().await?;
    let reply = stack.teams.post(&late).await?;
    assert!(reply.status == 200 && reply.body.contains("This was approved by Grace Hopper"), "{}", reply.body);
    Ok(())
}

async fn approved_by_mail(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let calculation = Calculation::run(stack, stack.output("StateMachineArn"), 7, 8).await?;
    let mail = calculation.stack.mail_to("grace@example.com", "Calculation 7 + 8").await?;
    let link = mail.link().expect("there is a link in the mail");
    for method in ["GET", "HEAD", "GET"] {
        let page = calculation.stack.browse(method, &link, "").await?;
        assert_eq!(page.status(), 200);
    }
    // What a scanner sends that submits the form as it stands, and one that guesses what to send.
    for (guess, refused) in [("comment=", 403), ("verdict=approve&comment=", 403)] {
        assert_eq!(calculation.stack.browse("POST", &link, guess).await?.status(), refused);
    }
    let page = calculation.stack.answer_mail(&link, "approve", "").await?;
    assert_eq!(page.status(), 200, "{}", String::from_utf8_lossy(page.body()));
    assert_eq!(calculation.ended().await?.output.unwrap_or_default()["result"], 30);
    calculation.closed_card().await?;
    calculation.stack.mail_to("grace@example.com", &format!("Re: {}", mail.subject)).await?;
    Ok(())
}

async fn rejected(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let calculation = Calculation::run(stack, stack.output("StateMachineArn"), 1, 2).await?;
    calculation.decide("grace", "reject", Some("not this month")).await?;
    let end = calculation.ended().await?;
    let output = end.output.unwrap_or_default();
    assert_eq!((end.status.as_str(), &output["status"]), ("SUCCEEDED", &json!("rejected")), "{output}");
    assert!(output.to_string().contains("not this month"), "{output}");
    calculation.closed_card().await?;
    Ok(())
}

async fn invalid_input(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let input = json!({ "x": 1.5, "y": 2 });
    let machine = stack.output("StateMachineArn");
    let execution = step_functions::start(&stack.step_functions(), machine, &input).await?;
    let end = ended(&stack.step_functions(), &execution).await?;
    let output = end.output.unwrap_or_default();
    assert_eq!((end.status.as_str(), &output["status"]), ("SUCCEEDED", &json!("invalid_input")), "{output}");
    assert!(output["reason"].as_str().is_some_and(|reason| reason.contains('x')), "{output}");
    Ok(())
}

async fn number_too_big(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let machine = stack.output("StateMachineArn");
    let execution =
        step_functions::start(&stack.step_functions(), machine, &json!({ "x": 1_i64 << 62, "y": 0 })).await?;
    let end = ended(&stack.step_functions(), &execution).await?;
    assert_eq!((end.status.as_str(), end.error.as_deref()), ("FAILED", Some("NumberTooBig")), "{end:?}");
    Ok(())
}

/// What waits for a person, and what they have asked for.
async fn listed(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let calculation = Calculation::run(stack, stack.output("StateMachineArn"), 44, 3).await?;
    for who in ["grace", "ada"] {
        until("the approval is listed", async || {
            let answer = stack.slack.command(&Chats::slack_user(who), CHANNEL, "/approvals", "").await;
            let shown = format!("{}{}", answer.text.unwrap_or_default(), answer.blocks);
            Ok(shown.contains(&calculation.title).then_some(()))
        })
        .await?;
    }
    calculation.decide("grace", "approve", None).await?;
    assert_eq!(calculation.ended().await?.output.unwrap_or_default()["result"], 94);
    Ok(())
}

async fn aborted(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let calculation = Calculation::run(stack, stack.output("StateMachineArn"), 3, 4).await?;
    calculation.stack.step_functions().stop_execution().execution_arn(&calculation.execution).send().await?;
    let card = calculation.closed_card().await?;
    assert!(card.blocks.to_string().contains("aborted"), "{}", card.blocks);
    assert_eq!(calculation.ended().await?.status.as_str(), "ABORTED");
    Ok(())
}

/// ministack takes no expression as a timeout, so the machine is deployed a second time with the time written into it.
async fn expired(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    // Long enough for the card to have its turn, since other cases post into the same channel.
    let machine = stack.machine_with_timeout("short", 20).await?;
    let calculation = Calculation::run(stack, &machine, 5, 6).await?;
    let end = calculation.ended().await?;
    let output = end.output.unwrap_or_default();
    assert_eq!((end.status.as_str(), &output["status"]), ("SUCCEEDED", &json!("expired")), "{output}");
    let card = calculation.closed_card().await?;
    assert!(card.blocks.to_string().to_lowercase().contains("expired"), "{}", card.blocks);
    Ok(())
}

async fn only_for_authorised_callers(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let url = format!("{}/calculations", stack.output("PublicUrl"));
    assert_eq!(stack.browse("POST", &url, "{}").await?.status(), 403, "the gateway wants a signature of IAM");
    for path in [
        "/slack/commands",
        "/slack/interactions",
        "/slack/events",
        "/teams/messages",
        "/double",
        "/email/approvals/apr_1?k=1",
    ] {
        let url = format!("{}{path}", stack.output("PublicUrl"));
        let status = stack.browse("POST", &url, "a=1").await?.status().as_u16();
        assert!(matches!(status, 401 | 404), "{path} answers {status}");
    }
    Ok(())
}
