//! The mission on the deployed system: the template, the real zips, and Slack and mail as people use them.

use std::sync::Arc;

use serde_json::json;

use crate::support::calculation::Calculation;
use crate::support::case::{Case, cases};
use crate::support::emulators::Emulators;
use crate::support::step_functions::{self, ended};

pub(crate) fn cases() -> Vec<Case> {
    cases![approved_in_slack, approved_by_mail, rejected, expired, invalid_input, aborted, only_for_authorised_callers]
}

async fn approved_in_slack(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let calculation = Calculation::start(emulators.stack().await?, 125, 122).await?;
    assert_eq!(calculation.press("ada", "approve", None).await?, 200);
    assert_eq!(calculation.press("grace", "approve", None).await?, 200);
    let end = calculation.ended().await?;
    let output = end.output.unwrap_or_default();
    assert_eq!((end.status.as_str(), &output["result"]), ("SUCCEEDED", &json!(494)), "{output}");
    assert_eq!(output["approvedBy"][0]["person"], "grace", "{output}");
    let card = calculation.closed_card().await?;
    assert!(card.blocks.to_string().contains("Grace Hopper"), "{}", card.blocks);
    calculation.told("494").await
}

async fn approved_by_mail(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let calculation = Calculation::start(emulators.stack().await?, 7, 8).await?;
    let mail = calculation.stack.mail_to("grace@example.com", "Calculation 7 + 8").await?;
    let link = mail.link().expect("there is a link in the mail");
    for method in ["GET", "HEAD", "GET"] {
        let page = calculation.stack.browse(method, &link, "").await?;
        assert_eq!(page.status(), 200);
    }
    let page = calculation.stack.browse("POST", &link, "verdict=approve&comment=").await?;
    assert_eq!(page.status(), 200, "{}", String::from_utf8_lossy(page.body()));
    assert_eq!(calculation.ended().await?.output.unwrap_or_default()["result"], 30);
    calculation.closed_card().await?;
    calculation.stack.mail_to("grace@example.com", &format!("Re: {}", mail.subject)).await?;
    Ok(())
}

async fn rejected(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let calculation = Calculation::start(emulators.stack().await?, 1, 2).await?;
    calculation.press("grace", "reject", Some("not this month")).await?;
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

async fn aborted(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let calculation = Calculation::start(emulators.stack().await?, 3, 4).await?;
    calculation.stack.step_functions().stop_execution().execution_arn(&calculation.execution).send().await?;
    let card = calculation.closed_card().await?;
    assert!(card.blocks.to_string().contains("aborted"), "{}", card.blocks);
    assert_eq!(calculation.ended().await?.status.as_str(), "ABORTED");
    Ok(())
}

/// ministack ignores `TimeoutSecondsPath`, so the machine is deployed a second time with the time written into it.
async fn expired(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let machine = stack.machine_with_timeout("short", 3).await?;
    let input = json!({ "x": 5, "y": 6, "requestedBy": "ada" });
    let execution = step_functions::start(&stack.step_functions(), &machine, &input).await?;
    let calculation = Calculation::of(stack, 5, 6, execution).await?;
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
    for path in ["/slack/commands", "/slack/interactions", "/double", "/email/approvals/apr_1?k=1"] {
        let url = format!("{}{path}", stack.output("PublicUrl"));
        let status = stack.browse("POST", &url, "a=1").await?.status().as_u16();
        assert!(matches!(status, 401 | 404), "{path} answers {status}");
    }
    Ok(())
}
