//! The program `countersign` against the deployed system, as an operator calls it on a machine without the AWS command
//! line.

use std::sync::Arc;

use anyhow::{Context, ensure};
use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::state::Status;
use countersign_bot::ports::Store;
use countersign_tests::cases;
use countersign_tests::patience::until;
use serde_json::{Value, json};

use crate::support::calculation::Calculation;
use crate::support::chats::{CHANNEL, CONVERSATION, Chats};
use crate::support::emulators::{Case, Emulators};
use crate::support::mail::Mail;
use crate::support::stack::{NAME, Stack};
use crate::support::step_functions::ended;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        the_doctor_finds_all_well,
        the_doctor_names_what_is_not_there,
        a_self_test_ends_decided_or_stopped,
        an_audit_trail_is_whole
    ]
}

/// What whoever calls says of a self-test in which Grace decides what is asked in Ada's name.
const SELF_TEST: [&str; 10] = [
    "doctor",
    "--stack",
    NAME,
    "--self-test",
    "--under",
    "calculation",
    "--decided-by",
    "grace",
    "--requested-by",
    "ada",
];

async fn the_doctor_finds_all_well(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let (report, code) = emulators.stack().await?.countersign(&emulators, &["doctor", "--stack", NAME]).await?;
    let checks = report["checks"].as_array().context("there is a report")?;
    let not_ok: Vec<&Value> = checks.iter().filter(|check| check["verdict"] != "ok").collect();
    assert!(not_ok.is_empty(), "{not_ok:#?}");
    assert_eq!((checks.len(), &report["ok"], code), (23, &Value::Bool(true), Some(0)), "{report:#}");
    Ok(())
}

async fn the_doctor_names_what_is_not_there(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let (report, code) = emulators.stack().await?.countersign(&emulators, &["doctor", "--stack", "nowhere"]).await?;
    assert_eq!((&report["checks"][0]["name"], &report["checks"][0]["verdict"]), (&"stack".into(), &"fail".into()));
    let text = report["checks"][0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("DescribeStacks") && text.contains("nowhere"), "{report:#}");
    assert_eq!(code, Some(1));
    Ok(())
}

/// One after the other, since two at once would mail the same people under the same subjects.
async fn a_self_test_ends_decided_or_stopped(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    a_self_test_is_decided_on_every_platform(emulators.clone()).await?;
    a_self_test_that_nobody_decides_leaves_nothing_open(emulators).await
}

/// Grace presses where she is told to, and the doctor has seen each step on every platform.
async fn a_self_test_is_decided_on_every_platform(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let arguments = [&SELF_TEST[..], &["--wait", "60s"]].concat();
    let doctor = stack.countersign(&emulators, &arguments);
    let people = async {
        let (grace, in_teams) = (Chats::slack_user("grace"), Chats::teams_user("grace"));
        let (card, _, _) = out_everywhere(stack, "in Slack").await?;
        until("the press in Slack is answered", async || {
            let pressed = stack.slack.press(&grace, CHANNEL, &card, "approve", None).await;
            Ok(matches!(pressed, Ok(200)).then_some(()))
        })
        .await?;
        let (_, card, _) = out_everywhere(stack, "in Teams").await?;
        until("the press in Teams is answered", async || {
            let pressed = stack.teams.press(&in_teams, &card, "approve", &[]).await;
            Ok(pressed.is_ok_and(|pressed| pressed.status == 200).then_some(()))
        })
        .await?;
        let (_, _, mail) = out_everywhere(stack, "by e-mail").await?;
        let link = mail.link().context("there is a link in the mail")?;
        ensure!(stack.answer_mail(&link, "reject", "not today").await?.status() == 200);
        anyhow::Ok(())
    };
    let (doctor, people) = tokio::join!(doctor, people);
    let (report, code) = doctor?;
    people.with_context(|| format!("{report:#}"))?;
    let approvals = report["selfTest"]["approvals"].as_array().context("there is a self-test")?;
    assert_eq!(
        (&report["ok"], &report["selfTest"]["ok"], code),
        (&Value::Bool(true), &Value::Bool(true), Some(0)),
        "{report:#}"
    );
    let decided: Vec<_> = approvals.iter().map(|it| (&it["decidedOn"], &it["verdict"], &it["decidedBy"])).collect();
    let [slack, teams, email, approve, reject, grace] =
        ["slack", "teams", "email", "approve", "reject", "grace"].map(Value::from);
    assert_eq!(
        decided,
        [(&slack, &approve, &grace), (&teams, &approve, &grace), (&email, &reject, &grace)],
        "{report:#}"
    );
    for approval in approvals {
        for step in ["outAfterMs", "closedAfterMs"] {
            let times = approval[step].as_object().context("each step has its times")?;
            assert!(["slack", "teams", "email"].iter().all(|platform| times.contains_key(*platform)), "{report:#}");
        }
        assert!(approval["decidedAfterMs"].as_i64().is_some_and(|took| took > 0), "{report:#}");
    }
    Ok(())
}

async fn a_self_test_that_nobody_decides_leaves_nothing_open(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    // Under a policy of its own, so that its cards are told from those of the other case.
    let mut arguments = SELF_TEST.to_vec();
    arguments[5] = "agent";
    arguments.extend(["--wait", "15s"]);
    let (report, code) = stack.countersign(&emulators, &arguments).await?;
    assert_eq!((&report["selfTest"]["ok"], code), (&Value::Bool(false), Some(1)), "{report:#}");
    let approvals = report["selfTest"]["approvals"].as_array().context("there is a self-test")?;
    assert_eq!(approvals.len(), 3, "{report:#}");
    for approval in approvals {
        assert_eq!(
            (&approval["problem"], &approval["stopped"]),
            (&"nobody decided in time".into(), &Value::Bool(true)),
            "{report:#}"
        );
        let execution = approval["execution"].as_str().context("it was started")?;
        assert_eq!(ended(&stack.step_functions(), execution).await?.status.as_str(), "ABORTED");
        let id = ApprovalId::parse(approval["approval"].as_str().context("it is on record")?)?;
        until("its cards are closed", async || {
            stack.tick().await?;
            let record = stack.store().load(&id).await.ok().flatten();
            Ok(record.filter(|record| record.status() == Status::Cancelled && record.due_at().is_none()).map(|_| ()))
        })
        .await?;
    }
    Ok(())
}

/// What the title says of where it is to be decided.
fn self_test(place: &str) -> String {
    format!("Self-test of Countersign: decide {place}")
}

/// Waits until what is to be decided in this place is out in all of them: the cards in Slack and in Teams, and the mail.
async fn out_everywhere(stack: &Stack, place: &str) -> anyhow::Result<(String, String, Mail)> {
    let title = self_test(place);
    let slack = until("the card of the self-test is posted", async || {
        let mut messages = stack.slack.messages(CHANNEL).into_iter();
        Ok(messages.find(|message| message.blocks.to_string().contains(&title)).map(|message| message.ts))
    });
    let teams = until("the card of the self-test is posted in Teams", async || {
        let mut messages = stack.teams.messages(CONVERSATION).into_iter();
        let is_ours = |card: &Value| card.to_string().contains(&title);
        Ok(messages.find(|message| message.card.as_ref().is_some_and(is_ours)).map(|message| message.id))
    });
    tokio::try_join!(slack, teams, stack.mail_to("grace@example.com", &title))
}

async fn an_audit_trail_is_whole(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let calculation = Calculation::start(stack, 43, 2).await?;
    calculation.decide("grace", "approve", None).await?;
    calculation.ended().await?;
    let approval = calculation.finished(Status::Approved).await?;
    let id = approval.id.to_string();
    let (verified, code) = stack.countersign(&emulators, &["audit", "verify", &id, "--stack", NAME]).await?;
    assert_eq!((&verified["ok"], code), (&Value::Bool(true), Some(0)), "{verified:#}");
    let (shown, _) = stack.countersign(&emulators, &["audit", "show", &id, "--stack", NAME]).await?;
    let entries = shown["entries"].as_array().context("the entries are shown")?;
    assert_eq!(Some(entries.len()), shown["count"].as_u64().and_then(|count| usize::try_from(count).ok()));
    assert_eq!(entries, serde_json::to_value(calculation.history(&approval.id).await?)?.as_array().unwrap());
    let people = ["audit", "delegations", "ada", "grace", "--stack", NAME];
    let (said, code) = stack.countersign(&emulators, &people).await?;
    assert_eq!((&said["delegations"], code), (&json!([]), Some(0)), "the policy lets nobody stand in: {said:#}");
    Ok(())
}
